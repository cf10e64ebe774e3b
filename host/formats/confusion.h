/* Pictures of confusion matrices. */
#ifndef CLSNN_CONFUSION_H
#define CLSNN_CONFUSION_H

#include <stdint.h>

#include "clsnn/status.h"

/* Draws a confusion matrix to a PNG file at path, atomically. Cells show counts, shaded by their share of the
 * row.
 * counts  [true class][predicted class]
 * Errors: CLSNN_E_MEMORY, CLSNN_E_IO, CLSNN_E_FAILED. */
enum clsnn_status clsnn_confusion_draw(const char *path, const char *title, const uint32_t counts[10][10]);

#endif
