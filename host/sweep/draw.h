/* Random points: values that --random draws from the axes of a sweep. */
#ifndef CLSNN_DRAW_H
#define CLSNN_DRAW_H

#include "sweep/axis.h"

/* Fills the lists of the axes whose zip is 1 with n_points different points. A point is a function of seed,
 * names of axes and the point's number: it stays if n_points grows, if another axis is added, and on every
 * machine. Values of an interval have four digits. centred: the first point is the middle of every range.
 * Errors: CLSNN_E_USAGE there are fewer points, or a value that the option refuses; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_draw_points(struct clsnn_axis *axes, size_t n_axes, uint64_t seed, size_t n_points,
                                    bool centred);

#endif
