/* The order of a sweep's runs, and how many of them share a device at once. sweep.c fills the slots. */
#ifndef CLSNN_PACK_H
#define CLSNN_PACK_H

#include "clsnn/experiment.h"

/* Returns the rough cost of n_images images at the plan's network size, for estimates of the time left. */
double clsnn_pack_work(const struct clsnn_plan *plan, uint64_t n_images);
/* Returns whether networks of both plans fit one batch: they have one size and the same laws. */
bool clsnn_pack_together(const struct clsnn_plan *a, const struct clsnn_plan *b);
/* Compares for qsort; negative: plan a runs before b, 0: equal size and length. Large networks run first, and
 * long runs first among networks that fit one batch, so that little is left on the device at the end. */
int clsnn_pack_compare(const struct clsnn_plan *a, const struct clsnn_plan *b);
/* Returns the share of n_runs runs that a device of this capacity (device.h) begins with, beside others: at
 * least one. all: the sum of the capacities of every device, at least `capacity`. */
size_t clsnn_pack_share(size_t n_runs, uint64_t capacity, uint64_t all);
/* Returns whether a network of plan `like` fits on the device beside all images of data. */
bool clsnn_pack_fits(const struct clsnn_device *dev, const struct clsnn_dataset *data,
                     const struct clsnn_plan *like);
/* Writes how many of n_runs networks of plan `like` to hold on the device at once, beside all images of data.
 * Errors: CLSNN_E_DEVICE_MEMORY not even one fits. */
enum clsnn_status clsnn_pack_slots(const struct clsnn_device *dev, const struct clsnn_dataset *data,
                                   const struct clsnn_plan *like, size_t n_runs, int *out);

#endif
