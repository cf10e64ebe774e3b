/* Pictures of confusion matrices. */
#ifndef CLSNN_CONFUSION_H
#define CLSNN_CONFUSION_H

#include <stdint.h>

#include "clsnn/status.h"

/* Draws a confusion matrix to a PNG file at path, atomically. Cells show counts, shaded by their share of the
 * row. Classes without an image and without a prediction are left out at the end, and above 10 classes
 * everywhere; cells shrink then.
 * counts  [n_classes true][n_classes predicted]; n_classes is 10 to 256
 * Errors: CLSNN_E_MEMORY, CLSNN_E_IO, CLSNN_E_FAILED. */
enum clsnn_status clsnn_confusion_draw(const char *path, const char *title, const uint32_t *counts,
                                       uint32_t n_classes);

#endif
