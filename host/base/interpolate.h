/* Places between two numbers. Square roots alone make them, so every machine computes the same bits; pow()
 * and log() differ between libraries. */
#ifndef CLSNN_INTERPOLATE_H
#define CLSNN_INTERPOLATE_H

#include <stdbool.h>

/* Returns the number at this share, in [0, 1), of the way from `from` to `to`. is_log: shares are of the
 * logarithm's way; both numbers are above 0. */
double clsnn_between(double from, double to, bool is_log, double share);
/* Returns the share of the logarithm's way from `from` to `to` at which value is. 0 < from <= value < to. */
double clsnn_log_share(double from, double to, double value);

#endif
