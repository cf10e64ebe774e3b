/* A confusion matrix as a PNG file. */
#ifndef CLSNN_CONFUSION_H
#define CLSNN_CONFUSION_H

#include <stdint.h>

#include "clsnn/status.h"

/* Confusion matrix: rows true class, columns predicted, counts in the cells, shade by share of the row. */
enum clsnn_status clsnn_confusion_draw(const char *path, const char *title, const uint32_t counts[10][10]);

#endif
