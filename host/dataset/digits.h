/* The built-in data set: handwritten-like 28x28 digits drawn from a seed, in MNIST's format, so that clsnn runs anywhere
 * without a download. Image k depends on (seed, set, k) alone. */
#ifndef CLSNN_DIGITS_H
#define CLSNN_DIGITS_H

#include <stdint.h>

#include "clsnn/status.h"

#define CLSNN_DIGITS_SEED  2015u /* the data set's own seed: the same digits whatever the seed of a run */
#define CLSNN_DIGITS_TRAIN 60000u
#define CLSNN_DIGITS_TEST  10000u

enum clsnn_digits_set { CLSNN_DIGITS_SET_TRAIN = 0, CLSNN_DIGITS_SET_TEST = 1 };

/* Draws images first .. first + n - 1 of a set.
 * pixels [n][784] u8, labels [n] u8: host, the caller's, overwritten. Pure function; no allocation; the same bytes on every
 * machine (its arithmetic is + - * / and sqrt in IEEE double or integers, no libm function whose last bit may differ). */
void clsnn_digits_draw(uint64_t seed, enum clsnn_digits_set set, uint32_t first, uint32_t n, uint8_t *pixels,
                       uint8_t *labels);

#endif
