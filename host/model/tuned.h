/* The best known parameters for a number of neurons, found by searches on validation images of MNIST. */
#ifndef CLSNN_TUNED_H
#define CLSNN_TUNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLSNN_N_TUNED = 10 };
enum { CLSNN_TUNED_IMAGES = 20000 }; /* with fewer training images kim-2020 was better (tuned.md) */
extern const char *const clsnn_tuned_names[CLSNN_N_TUNED]; /* parameters, as in params.def */

/* Writes the tuned values for a rule, by its number in laws.def, and this number of neurons, of four digits.
 * Between two sizes of the table they are interpolated, both values and sizes by their logarithms; beyond its
 * ends the ends' values hold. A parameter that the rule does not read is NAN.
 * below, above  the sizes that the values come from; equal if the table has the size */
void clsnn_tuned_values(int32_t rule, uint32_t neurons, double out[CLSNN_N_TUNED], uint32_t *out_below,
                        uint32_t *out_above);

#endif
