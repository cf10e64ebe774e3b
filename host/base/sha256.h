/* SHA-256. */
#ifndef CLSNN_SHA256_H
#define CLSNN_SHA256_H

#include <stddef.h>

#include "clsnn/status.h"

/* Incremental SHA-256. Create, add any number of times, finish (which also frees the context). */
struct clsnn_sha256;
struct clsnn_sha256 *clsnn_sha256_create(void); /* NULL (and the error recorded) without memory */
void clsnn_sha256_add(struct clsnn_sha256 *h, const void *data, size_t n_bytes);
void clsnn_sha256_finish(struct clsnn_sha256 *h, char out_hex[CLSNN_SHA256_HEX]);
/* One call for one block of memory. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sha256_hex(const void *data, size_t n_bytes, char out_hex[CLSNN_SHA256_HEX]);

#endif
