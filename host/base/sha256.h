/* SHA-256, of one block or of many in a row. */
#ifndef CLSNN_SHA256_H
#define CLSNN_SHA256_H

#include <stddef.h>

#include "clsnn/status.h"

/* A hash under way: create, add any number of times, finish. Finish frees it and writes the digest in
 * hexadecimal; "", with the error recorded, if libcrypto failed. */
struct clsnn_sha256;
struct clsnn_sha256 *clsnn_sha256_create(void); /* NULL, with the error recorded, without memory */
void clsnn_sha256_add(struct clsnn_sha256 *h, const void *data, size_t n_bytes);
void clsnn_sha256_finish(struct clsnn_sha256 *h, char out_hex[CLSNN_SHA256_HEX]);
/* Hashes one block of memory. Errors: CLSNN_E_MEMORY; CLSNN_E_FAILED libcrypto failed. */
enum clsnn_status clsnn_sha256_hex(const void *data, size_t n_bytes, char out_hex[CLSNN_SHA256_HEX]);

#endif
