/* Lines with markers over two axes. Each call makes one PNG file, atomically. */
#ifndef CLSNN_CURVES_H
#define CLSNN_CURVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

struct clsnn_series {
    const char *name; /* legend */
    const double *x, *y;
    const double *y_err; /* half height of error bars, or NULL */
    size_t n;
};
/* Lines with markers over axes with units, ticks, grid and legend. A single point is drawn as a marker. */
enum clsnn_status clsnn_curves_draw(const char *path, const char *title, const char *x_label,
                                    const char *y_label, const struct clsnn_series *series, size_t n_series);

/* How a curve is drawn: series that are to be compared share a colour. */
struct clsnn_look {
    int colour; /* of a palette of 7 that all kinds of eyes tell apart; counted on from its start again */
    int marker; /* circle, square, triangle, diamond, ... */
    bool hollow, dashed;
};
/* The same with chosen looks [n_series]; NULL: each series has a colour and a marker of its own. */
enum clsnn_status clsnn_curves_draw_as(const char *path, const char *title, const char *x_label,
                                       const char *y_label, const struct clsnn_series *series,
                                       const struct clsnn_look *looks, size_t n_series);

#endif
