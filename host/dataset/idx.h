/* IDX files to and from memory, for dataset.c. Other code calls clsnn/dataset.h. */
#ifndef CLSNN_IDX_H
#define CLSNN_IDX_H

#include "clsnn/dataset.h"

#define CLSNN_MAX_IMAGES 1000000u /* the largest relative of MNIST, EMNIST's digits, has 240,000 */

#define CLSNN_MAX_PIXELS ((size_t)784000000) /* of all images of a set */

enum clsnn_idx_kind { CLSNN_IDX_ANY, CLSNN_IDX_PIXELS, CLSNN_IDX_LABELS };

/* Refuses images whose size or number is out of range. label names them in messages. Errors: CLSNN_E_DATA. */
enum clsnn_status clsnn_images_check(const char *label, uint64_t n_images, uint64_t height, uint64_t width);

/* Reads a file like clsnn_gzip_read. Also checks the IDX header (unless CLSNN_IDX_ANY) as soon as its bytes
 * are there, and refuses a file that exceeds its header's claim. clsnn_idx_parse refuses one that falls
 * short. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_read(const char *path, enum clsnn_idx_kind kind, size_t max_bytes,
                                 void **out_data, size_t *out_bytes);

/* Write the pixels or the labels of images as one gzip IDX file, atomically.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_FAILED from zlib. */
enum clsnn_status clsnn_idx_write_images(const char *path, const struct clsnn_images *m);
enum clsnn_status clsnn_idx_write_labels(const char *path, const struct clsnn_images *m);

/* Allocates n images with page-aligned pixels, and with labels if labelled. finish takes {0}.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_images_create(uint32_t n_images, uint32_t height, uint32_t width, bool labelled,
                                      struct clsnn_images *out);
void clsnn_images_finish(struct clsnn_images *m);

/* Turns two unpacked IDX files in memory into images; fuzzers drive this function. labels NULL: the images
 * have none. label names the files in messages. Errors: CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_parse(const void *images, size_t images_bytes, const void *labels,
                                  size_t labels_bytes, const char *label, struct clsnn_images *out);

/* Reads a file of at most max_bytes, unpacked. A file that begins with 1f 8b is gzip. *out_data is malloc'ed,
 * the caller's, never NULL. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_gzip_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes);

#endif
