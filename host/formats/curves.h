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

/* The look of a curve. Series that readers compare can share a colour. */
struct clsnn_look {
    int colour; /* one of 7 that colour-blind people can tell apart; 7 is the first again */
    int marker; /* 0 circle, 1 square, 2 triangle, 3 diamond, 4 triangle upside down, 5 cross; then again */
    bool hollow, dashed;
    bool level; /* a horizontal line across the plot at each y, without markers */
};

/* What stands around the curves, and how they are drawn. */
struct clsnn_chart {
    const char *title, *note;       /* note: a line below the title; NULL: none */
    const char *x_label, *y_label;  /* a logarithmic x axis adds "(log)"; a % limits the y axis to 100 */
    const struct clsnn_look *looks; /* [n_series]; NULL: each series has its own colour and marker */
    bool from_zero;                 /* the y axis begins at 0 */
    bool points_only;               /* no lines join the points */
};
/* Draws curves [n_series] with axes, ticks, grid and legend. A single point is a marker. Curves with error
 * bars stand a little beside their x, so that no bar hides another.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_IO; CLSNN_E_FAILED too many curves for the legend, values beyond 1e300, or
 * cairo or libpng failed. */
enum clsnn_status clsnn_curves_draw(const char *path, const struct clsnn_chart *chart,
                                    const struct clsnn_series *series, size_t n_series);

#endif
