/* Frozen presentations: spike counts of every neuron for every image. Weights and theta stay as they are. */
#ifndef CLSNN_EVALUATE_H
#define CLSNN_EVALUATE_H

#include "device/network.h"

/* Called between launches with the number of images done. Returning false stops with CLSNN_STOPPED. */
typedef bool clsnn_evaluate_progress(void *ctx, uint32_t n_done);

struct clsnn_evaluation {
    uint64_t presentations; /* retries included */
    uint64_t given_up;      /* images that stayed below min_spikes at the highest intensity */
    uint64_t spikes;        /* excitatory, of accepted presentations, while input is on */
};

/* Shows images first .. first + n_images - 1 of pixels to network b, each from rest and in one work-group.
 *
 * pixels      u8 [at least first + n_images][n_pre], device, borrowed until the call returns
 * first       an image's number in pixels selects its random numbers, so that its counts do not depend on the
 *             range
 * purpose     CLSNN_RNG_LABEL or CLSNN_RNG_TEST: selects the random numbers
 * out_counts  [n_images][n_post] u16, the caller's: spikes of the accepted presentation while input is on
 * out_attempts  [n_images], the caller's: presentations that the image took; NULL: not wanted
 * Leaves the network's training state untouched. Blocks.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY, CLSNN_STOPPED; CLSNN_E_SELFTEST a potential
 * left its limits.
 * Source: Diehl & Cook 2015. Departs from it: each image starts from rest, so images are independent. */
enum clsnn_status clsnn_evaluate(struct clsnn_network *net, int b, cl_mem pixels, uint32_t first,
                                 uint32_t n_images, enum clsnn_purpose purpose,
                                 clsnn_evaluate_progress *progress, void *ctx, uint16_t *out_counts,
                                 int32_t *out_attempts, struct clsnn_evaluation *out);

/* Returns the bytes of device memory that an evaluation takes while it runs. */
size_t clsnn_evaluate_bytes(const struct clsnn_device *dev, int n_pre, int n_post, int delay);

#endif
