/* A strip: how the weights of some neurons developed, a row a neuron, a column a moment. */
#ifndef CLSNN_STRIP_H
#define CLSNN_STRIP_H

#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

#define CLSNN_STRIP_COLUMNS 16 /* most moments */

/* One moment. */
struct clsnn_strip_column {
    char name[32];
    const float *w; /* [height * width][n_post] */
};

/* Draws the neurons [n_rows], of n_post, at n_columns moments. Colours are those of mosaics.
 * Errors: CLSNN_E_FAILED over CLSNN_STRIP_COLUMNS moments, or cairo or libpng failed; CLSNN_E_MEMORY;
 * CLSNN_E_IO. */
enum clsnn_status clsnn_strip_draw(const char *path, const char *title,
                                   const struct clsnn_strip_column *columns, size_t n_columns,
                                   uint32_t n_post, const uint32_t *neurons, uint32_t n_rows, float w_max,
                                   int width, int height);

#endif
