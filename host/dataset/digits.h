/* The built-in data set: 28 x 28 images like handwritten digits, drawn from a seed, in MNIST's format. With
 * this set clsnn runs anywhere without a download. Image k depends on (seed, set, k) alone. */
#ifndef CLSNN_DIGITS_H
#define CLSNN_DIGITS_H

#include <stdint.h>

#include "clsnn/status.h"

#define CLSNN_DIGITS_SEED  2015u /* the data set's own seed: a run's seed does not change the digits */
#define CLSNN_DIGITS_TRAIN 60000u
#define CLSNN_DIGITS_TEST  10000u

enum clsnn_digits_set { CLSNN_DIGITS_SET_TRAIN = 0, CLSNN_DIGITS_SET_TEST = 1 };

/* Draws images first .. first + n - 1 of a set.
 * pixels [n][784] u8, labels [n] u8: host, the caller's, overwritten. Pure function; no allocation.
 * The bytes are the same on every machine: the arithmetic is integers, and + - * / sqrt in IEEE double. The
 * function calls nothing from libm whose last bit may differ. */
void clsnn_digits_draw(uint64_t seed, enum clsnn_digits_set set, uint32_t first, uint32_t n, uint8_t *pixels,
                       uint8_t *labels);

#endif
