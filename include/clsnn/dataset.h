/* Labelled images of one size in host memory, from MNIST's four IDX files (gzip or plain), an .npz file
 * or the built-in digits. */
#ifndef CLSNN_DATASET_H
#define CLSNN_DATASET_H

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

#define CLSNN_IMAGE_SIDE   28
#define CLSNN_IMAGE_PIXELS 784 /* CLSNN_IMAGE_SIDE squared: MNIST's and the built-in digits' */
#define CLSNN_MAX_SIDE     64  /* most pixels of an image's side */
#define CLSNN_MIN_CLASSES  10  /* arrays have a place for the classes 0 to 9 at least */
#define CLSNN_MAX_CLASSES  256

struct clsnn_images {
    uint32_t n_images;
    uint8_t *pixels;        /* [n_images][height][width], row by row, 0 background, 255 ink; page-aligned */
    uint8_t *labels;        /* [n_images], the class of each image; NULL: unknown */
    uint32_t height, width; /* of each image, in pixels: 1 to 64 */
};

#define CLSNN_DATA_NAME 32 /* bytes of a data set's name with its final zero */
struct clsnn_dataset {
    char name[CLSNN_DATA_NAME]; /* "mnist", "fashion-mnist", "kmnist", "digits", or "custom": other images */
    char source[512];           /* the directory or file that was read, or "built in, seed S" */
    /* SHA-256 of the training pixels, training labels, test pixels and test labels, in that order. Height and
     * width come first, in 4 bytes each, high byte first, unless images have 28 x 28 pixels. */
    char sha256[CLSNN_SHA256_HEX];
    struct clsnn_images train, test; /* owned */
    /* test holds the last n_validation images of the training set, and train no longer has them; 0: test is
     * the test set */
    uint32_t n_validation;
};

/* Loads the data set that spec names: "mnist", "fashion-mnist", "kmnist", "digits", "auto", a directory or a
 * file of .npz.
 * - "mnist" is looked for in $CLSNN_DATA, $XDG_DATA_HOME/clsnn/mnist (or ~/.local/share/clsnn/mnist) and
 *   /usr/share/clsnn/mnist, in that order; the other two alike, but not in $CLSNN_DATA.
 * - "auto" is mnist, or digits if no place holds MNIST's files; out->name tells which. Damaged files are an
 *   error.
 * - A directory holds four IDX files, itself or in raw or MNIST/raw. Names are train-images-idx3-ubyte and
 *   its sisters, also with a dot before idx3, with a prefix, with test for t10k, and with .gz.
 * - FILE.npz holds x_train, y_train, x_test and y_test as Keras has them: x_* u1, or f4 or f8 in [0, 1], of
 *   shape [n, height, width] or [n, height, width, 1]; y_* whole numbers from 0 to 255 of any type, [n] or
 *   [n, 1].
 * - With a test set alone, out->train.n_images is 0. It may lack labels: out->test.labels is then NULL, and
 *   no experiment can be evaluated on it.
 * out  filled on success; the caller frees it with clsnn_dataset_finish
 * Errors: CLSNN_E_DATA files or arrays are missing (the text lists every place searched, and what to do),
 * truncated or corrupt, or hold other types, shapes or values; images are not of one size, or have 0 or more
 * than 64 pixels on a side; images and
 * labels differ in number; or a known set's place has other files. CLSNN_E_IO;
 * CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_dataset_load(const char *spec, struct clsnn_dataset *out);
#define CLSNN_LEFT_OUT 512
/* Loads a data set of which only the test images are needed. Of an .npz file it leaves out labels and
 * training images that are not as above; why receives the reason, or "". Errors: as above. */
CLSNN_API enum clsnn_status clsnn_dataset_load_images(const char *spec, struct clsnn_dataset *out,
                                                      char why[CLSNN_LEFT_OUT]);
CLSNN_API void clsnn_dataset_finish(struct clsnn_dataset *d); /* takes NULL and {0} */

/* Splits the training set: its last n images take the test set's place. sha256 remains that of the whole set.
 * Errors: CLSNN_E_USAGE n is 0 or leaves no training image; CLSNN_E_MEMORY. d is then as before. */
CLSNN_API enum clsnn_status clsnn_dataset_validate(struct clsnn_dataset *d, uint32_t n);
/* Returns what results call the images of d->test: "validation" or "test". */
CLSNN_API const char *clsnn_dataset_test_name(const struct clsnn_dataset *d);

/* Returns the pixels of an image of d. */
CLSNN_API uint32_t clsnn_dataset_pixels(const struct clsnn_dataset *d);

/* Returns how many classes arrays have a place for: one more than the largest label of d, at least 10. */
CLSNN_API uint32_t clsnn_dataset_classes(const struct clsnn_dataset *d);

/* Writes the four IDX files, gzip, into dir, which is made if it is missing. Equal data give equal bytes.
 * Errors: CLSNN_E_DATA a set has no images or no labels; CLSNN_E_IO a file cannot be written, or dir holds a
 * plain IDX file, which loading would prefer; CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_dataset_export(const struct clsnn_dataset *d, const char *dir);

CLSNN_END_DECLS

#endif
