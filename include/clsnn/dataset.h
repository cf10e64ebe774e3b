/* Labelled 28x28 images in host memory: MNIST's four IDX files (gzip or plain), or the built-in digits. */
#ifndef CLSNN_DATASET_H
#define CLSNN_DATASET_H

#include <stdint.h>

#include "base/sha256.h"
#include "clsnn/status.h"

#define CLSNN_IMAGE_PIXELS 784
#define CLSNN_CLASSES      10

struct clsnn_images {
    uint32_t n_images;
    uint8_t *pixels; /* [n_images][784], row by row, 0 background, 255 ink; page-aligned */
    uint8_t *labels; /* [n_images], 0 to 9 */
};

struct clsnn_dataset {
    char name[16];    /* "mnist", "digits" or "custom" (a DIR whose bytes are not MNIST's) */
    char source[512]; /* directory it was read from, or "built in, seed S" */
    /* of train pixels, train labels, test pixels, test labels, in that order */
    char sha256[CLSNN_SHA256_HEX];
    struct clsnn_images train, test;
};

/* spec: "auto", "mnist", "digits" or a directory (CLI.md, --data). "auto" falls back to digits; out->name says which.
 * mnist is looked for in $CLSNN_DATA, $XDG_DATA_HOME/clsnn/mnist (or ~/.local/share/clsnn/mnist),
 * /usr/share/clsnn/mnist, in that order. A directory holds train-images-idx3-ubyte[.gz] and its three sisters.
 * auto falls back only when nothing was found, never when something found is damaged.
 * Errors: CLSNN_E_DATA: missing (lists every place searched and what to do: clsnn data fetch mnist), truncated or corrupt
 * gzip, wrong magic, not 28x28, counts of images and labels differ, label over 9, no images; CLSNN_E_IO; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_dataset_load(const char *spec, struct clsnn_dataset *out);
void clsnn_dataset_finish(struct clsnn_dataset *d); /* takes NULL and {0} */

/* IDX in memory to images; the layer that fuzzers drive. label names the origin in messages.
 * images_bytes / labels_bytes are the unpacked files. Errors: CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_idx_parse(const void *images, size_t images_bytes, const void *labels,
                                  size_t labels_bytes, const char *label, struct clsnn_images *out);
/* Reads a file, unpacking gzip when it begins with 1f 8b; at most max_bytes unpacked. Errors: CLSNN_E_IO, CLSNN_E_DATA. */
enum clsnn_status clsnn_gzip_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes);
/* Writes the four IDX files, gzip, byte-reproducible, into dir (created). Errors: CLSNN_E_IO. */
enum clsnn_status clsnn_dataset_export(const struct clsnn_dataset *d, const char *dir);

#endif
