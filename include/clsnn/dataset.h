/* Labelled images of 28 x 28 pixels in host memory: MNIST's four IDX files (gzip or plain), or the built-in digits. */
#ifndef CLSNN_DATASET_H
#define CLSNN_DATASET_H

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

#define CLSNN_IMAGE_PIXELS 784
#define CLSNN_CLASSES      10

struct clsnn_images {
    uint32_t n_images;
    uint8_t *pixels; /* [n_images][784], row by row, 0 background, 255 ink; page-aligned */
    uint8_t *labels; /* [n_images], 0 to 9 */
};

struct clsnn_dataset {
    char name[16];    /* "mnist", "digits", or "custom": a directory whose bytes are not MNIST's */
    char source[512]; /* the directory it was read from, or "built in, seed S" */
    /* of the training pixels and labels, then the test pixels and labels */
    char sha256[CLSNN_SHA256_HEX];
    struct clsnn_images train, test; /* owned */
};

/* Loads what spec names: "mnist", "digits", "auto" or a directory.
 * - "mnist" is looked for in $CLSNN_DATA, $XDG_DATA_HOME/clsnn/mnist (or ~/.local/share/clsnn/mnist) and
 *   /usr/share/clsnn/mnist, in that order.
 * - "auto" is mnist; where nothing is found it is digits, and out->name says so. Something found damaged is an error.
 * - A directory holds train-images-idx3-ubyte[.gz] and its three sisters.
 * Errors: CLSNN_E_DATA files are missing (lists every place searched, and what to do), truncated, corrupt, not of 28 x 28
 * pixels, with a label over 9, or with other counts of labels than of images; CLSNN_E_IO; CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_dataset_load(const char *spec, struct clsnn_dataset *out);
CLSNN_API void clsnn_dataset_finish(struct clsnn_dataset *d); /* takes NULL and {0} */

/* Writes the four IDX files, gzip, into dir, which is made where it is missing. Equal data give equal bytes.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_dataset_export(const struct clsnn_dataset *d, const char *dir);

CLSNN_END_DECLS

#endif
