/* Frozen presentations: spike counts of every neuron for every image, weights and theta as they are. */
#ifndef CLSNN_EVALUATE_H
#define CLSNN_EVALUATE_H

#include "device/network.h"

/* Called between launches with images done; returning false stops the evaluation with CLSNN_STOPPED. */
typedef bool clsnn_evaluate_progress(void *ctx, uint32_t n_done);

struct clsnn_evaluation {
    uint64_t presentations; /* retries included */
    uint64_t given_up;      /* images that stayed under min_spikes at the highest intensity */
    uint64_t spikes;        /* excitatory spikes of the accepted presentations */
};

/* Shows images 0 .. n_images - 1 of pixels to network b, each from rest, one work-group an image.
 *
 * pixels      u8 [at least n_images][784], device, borrowed until the call returns
 * purpose     CLSNN_RNG_LABEL or CLSNN_RNG_TEST: which random numbers
 * out_counts  [n_images][n_post] u16, the caller's, overwritten: spikes of the accepted presentation while input is on
 * The network's state of training is untouched. Blocks. Errors: CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY, CLSNN_STOPPED.
 * Source: Diehl & Cook 2015. Departs from it: each image starts from rest, so images are independent. */
enum clsnn_status clsnn_evaluate(struct clsnn_network *net, int b, cl_mem pixels, uint32_t n_images,
                                 enum clsnn_purpose purpose, clsnn_evaluate_progress *progress, void *ctx,
                                 uint16_t *out_counts, struct clsnn_evaluation *out);

/* Device memory an evaluation takes while it runs. */
size_t clsnn_evaluate_bytes(const struct clsnn_device *dev, int n_post);

#endif
