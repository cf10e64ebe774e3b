/* A data set in one .npz file, for dataset.c. */
#ifndef CLSNN_NPZ_SET_H
#define CLSNN_NPZ_SET_H

#include "clsnn/dataset.h"

/* Reads x_test and, where the file has them, x_train, y_train and y_test.
 * x_*   [n][height][width] or [n][height][width][1]: u1, or f4 or f8 in [0, 1], which become 0 to 255; also
 *       squares in rows, [n][side * side], and one square, [side][side], unless it may be either
 * y_*   [n] or [n][1]: whole numbers of any type, 0 to 255
 * The caller frees both sets; train has 0 images, and test->labels is NULL, if the file has none.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA an array is missing or not as above; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_npz_set_load(const char *path, struct clsnn_images *train, struct clsnn_images *test);
/* Reads x_test as above, and y_test and the training set if they are as above. why receives the reason why
 * one of them is left out, or "". */
enum clsnn_status clsnn_npz_set_load_images(const char *path, struct clsnn_images *train,
                                            struct clsnn_images *test, char why[CLSNN_LEFT_OUT]);

#endif
