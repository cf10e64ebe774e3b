/* Curves with markers over two axes. Each call writes one PNG file, atomically. */
#ifndef CLSNN_CURVES_H
#define CLSNN_CURVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

/* One curve. Points that are not finite leave a gap. */
struct clsnn_series {
    const char *name; /* in the legend */
    const double *x, *y;
    const double *y_err; /* half the height of the error bars, or NULL */
    size_t n;
};
/* Draws curves [n_series] with axes, ticks, grid and legend. A single point is a marker.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_IO; CLSNN_E_FAILED too many curves for the legend, values beyond 1e300, or
 * cairo or libpng failed. */
enum clsnn_status clsnn_curves_draw(const char *path, const char *title, const char *x_label,
                                    const char *y_label, const struct clsnn_series *series, size_t n_series);

/* The look of a curve. Series that readers compare can share a colour. */
struct clsnn_look {
    int colour; /* one of 7 that colour-blind people can tell apart; 7 is the first again */
    int marker; /* 0 circle, 1 square, 2 triangle, 3 diamond; 4 is the first again */
    bool hollow, dashed;
};
/* Draws curves with the given looks [n_series]. With looks NULL, each series has its own colour and marker.
 * Errors: as of clsnn_curves_draw. */
enum clsnn_status clsnn_curves_draw_as(const char *path, const char *title, const char *x_label,
                                       const char *y_label, const struct clsnn_series *series,
                                       const struct clsnn_look *looks, size_t n_series);

#endif
