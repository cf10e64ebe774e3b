/* IDX files to and from memory, for dataset.c. Other code calls clsnn/dataset.h. */
#ifndef CLSNN_IDX_H
#define CLSNN_IDX_H

#include "clsnn/dataset.h"

#define CLSNN_MAX_IMAGES 1000000u /* 784 MB; the largest relative of MNIST, EMNIST's digits, has 240,000 */

enum clsnn_idx_kind { CLSNN_IDX_ANY, CLSNN_IDX_PIXELS, CLSNN_IDX_LABELS };

/* Reads a file like clsnn_gzip_read. Also checks the IDX header (unless CLSNN_IDX_ANY) as soon as its bytes
 * are there, and refuses a file that exceeds its header's claim. clsnn_idx_parse refuses one that falls
 * short. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_read(const char *path, enum clsnn_idx_kind kind, size_t max_bytes,
                                 void **out_data, size_t *out_bytes);

/* Writes one gzip IDX file, atomically. data: [n_items][784] or [n_items] u8.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_FAILED from zlib. */
enum clsnn_status clsnn_idx_write(const char *path, enum clsnn_idx_kind kind, const uint8_t *data,
                                  uint32_t n_items);

/* Allocates n images with page-aligned pixels, and with labels if labelled. finish takes {0}.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_images_create(uint32_t n_images, bool labelled, struct clsnn_images *out);
void clsnn_images_finish(struct clsnn_images *m);

/* Turns two unpacked IDX files in memory into images; fuzzers drive this function. labels NULL: the images
 * have none. label names the files in messages. Errors: CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_parse(const void *images, size_t images_bytes, const void *labels,
                                  size_t labels_bytes, const char *label, struct clsnn_images *out);

/* Reads a file of at most max_bytes, unpacked. A file that begins with 1f 8b is gzip. *out_data is malloc'ed,
 * the caller's, never NULL. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_gzip_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes);

#endif
