/* Pictures: drawn with cairo, written as PNG with libpng, atomically. Each call makes one file. */
#ifndef CLSNN_FIGURE_H
#define CLSNN_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

/* The weights of every excitatory neuron as a mosaic of 28x28 tiles (Figure 4 of the seed paper): white 0, yellow, red,
 * black w_max, with a colour bar. Any n_post: ceil(sqrt) columns, empty places light grey. Tiles are drawn pixel-exact,
 * w [784][stride] f32 (column j is neuron j); scale 0 picks tile pixels so that the picture stays under ~4000 px. */
enum clsnn_status clsnn_figure_weights(const char *path, const float *w, size_t stride, uint32_t n_post,
                                       float w_max);

/* Mosaics of networks of one size side by side, two in a row, each under its name, with one colour bar. */
struct clsnn_panel {
    const char *name;
    const float *w; /* [784][n_post] */
};
enum clsnn_status clsnn_figure_weight_panels(const char *path, const char *title,
                                             const struct clsnn_panel *panels, size_t n_panels,
                                             uint32_t n_post, float w_max);

struct clsnn_series {
    const char *name; /* legend */
    const double *x, *y;
    const double *y_err; /* half height of error bars, or NULL */
    size_t n;
};
/* Lines with markers over axes with units, ticks, grid and legend. A single point is drawn as a marker. */
enum clsnn_status clsnn_figure_curves(const char *path, const char *title, const char *x_label,
                                      const char *y_label, const struct clsnn_series *series,
                                      size_t n_series);

/* How a curve is drawn: series that are to be compared share a colour. */
struct clsnn_look {
    int colour; /* of a palette of 7 that all kinds of eyes tell apart; counted on from its start again */
    int marker; /* circle, square, triangle, diamond, ... */
    bool hollow, dashed;
};
/* The same with chosen looks [n_series]; NULL: each series has a colour and a marker of its own. */
enum clsnn_status clsnn_figure_curves_as(const char *path, const char *title, const char *x_label,
                                         const char *y_label, const struct clsnn_series *series,
                                         const struct clsnn_look *looks, size_t n_series);

/* Confusion matrix: rows true class, columns predicted, counts in the cells, shade by share of the row. */
enum clsnn_status clsnn_figure_confusion(const char *path, const char *title, const uint32_t counts[10][10]);

#endif
