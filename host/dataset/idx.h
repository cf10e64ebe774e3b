/* Between idx.c and dataset.c: IDX files to and from memory. dataset.h has what others may call. */
#ifndef CLSNN_IDX_H
#define CLSNN_IDX_H

#include "clsnn/dataset.h"

#define CLSNN_MAX_IMAGES 1000000u /* 784 MB; the largest relative of MNIST, EMNIST's digits, has 240,000 */

enum clsnn_idx_kind { CLSNN_IDX_ANY, CLSNN_IDX_PIXELS, CLSNN_IDX_LABELS };

/* clsnn_gzip_read that also checks an IDX header (unless CLSNN_IDX_ANY) as soon as its bytes are there, and
 * refuses what exceeds the header's claim. A file that ends before its header's claim is left to
 * clsnn_idx_parse. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_read(const char *path, enum clsnn_idx_kind kind, size_t max_bytes,
                                 void **out_data, size_t *out_bytes);

/* Writes one gzip IDX file, atomically. data: [n_items][784] or [n_items]. Errors: CLSNN_E_IO,
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_write(const char *path, enum clsnn_idx_kind kind, const uint8_t *data,
                                  uint32_t n_items);

/* Room for n images, page-aligned; finish takes {0}. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_images_create(uint32_t n_images, struct clsnn_images *out);
void clsnn_images_finish(struct clsnn_images *m);

/* IDX in memory to images; the layer that fuzzers drive. label names the origin in messages.
 * images_bytes / labels_bytes are the unpacked files. Errors: CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_parse(const void *images, size_t images_bytes, const void *labels,
                                  size_t labels_bytes, const char *label, struct clsnn_images *out);
/* Reads a file, unpacking gzip when it begins with 1f 8b; at most max_bytes unpacked. Errors: CLSNN_E_IO, CLSNN_E_DATA. */
enum clsnn_status clsnn_gzip_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes);

#endif
