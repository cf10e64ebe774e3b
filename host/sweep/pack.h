/* How many runs share a device. */
#ifndef CLSNN_PACK_H
#define CLSNN_PACK_H

#include "clsnn/experiment.h"

/* What a number of images costs by the size of its network, roughly: for the order of runs and the time that is left. */
double clsnn_pack_work(const struct clsnn_plan *plan, uint64_t n_images);
/* Negative where plan a is to be done before b: large networks first, and among equals the long runs, so that little is
 * left at the end. 0 where they cost the same. */
int clsnn_pack_compare(const struct clsnn_plan *a, const struct clsnn_plan *b);
/* How many of n_runs networks of that size to hold at once beside all images of data.
 * Errors: CLSNN_E_DEVICE_MEMORY not even one fits. */
enum clsnn_status clsnn_pack_slots(const struct clsnn_device *dev, const struct clsnn_dataset *data,
                                   uint32_t neurons, size_t n_runs, int *out);

#endif
