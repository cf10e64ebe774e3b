/* The order of images in an epoch under --shuffle: a permutation, and a function of seed and epoch alone. */
#ifndef CLSNN_ORDER_H
#define CLSNN_ORDER_H

#include <stdint.h>

/* Fills order [n] with a uniformly drawn permutation of 0 .. n - 1 (Fisher and Yates, Philox4x32-10, purpose
 * CLSNN_RNG_ORDER, no modulo bias). Pure. */
void clsnn_order_shuffle(uint64_t seed, uint32_t epoch, uint32_t n, int32_t *order);

#endif
