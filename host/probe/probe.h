/* Shows chosen images to a trained network and records every step. The input spikes are those that evaluation
 * or training draws; the replay kernel computes the steps. */
#ifndef CLSNN_PROBE_H
#define CLSNN_PROBE_H

#include "clsnn/experiment.h"
#include "clsnn/replay.h"

/* The task of a probe. Everything is borrowed. */
struct clsnn_probe_plan {
    const struct clsnn_model *model;
    uint64_t seed;
    const struct clsnn_learned *network;
    const struct clsnn_images *images;
    uint32_t first, n; /* images first .. first + n - 1 */
    /* CLSNN_RNG_TRAIN: the network learns, from one image to the next, as in the first epoch of a training;
     * CLSNN_RNG_LABEL, CLSNN_RNG_TEST: it is frozen, as in labelling and testing. Selects random numbers. */
    int purpose;
    const int32_t *neurons; /* [n_neurons] to record; NULL: the n_neurons that fire most */
    uint32_t n_neurons;
};

/* One presentation. A retry is a presentation of its own. */
struct clsnn_shown {
    int32_t image, attempt; /* attempt counts the image's presentations from 1 */
    int32_t intensity;
    int32_t n_exc;    /* excitatory spikes while input is on */
    int32_t accepted; /* 1: the image's last presentation, whose spikes count */
};

/* The record. All arrays are owned. Presentation k has steps k * n_steps to (k + 1) * n_steps - 1. A frozen
 * network's presentations are independent, and an image's accepted one comes first. */
struct clsnn_probe {
    uint32_t n_post, n_neurons;
    uint32_t steps_on, n_steps; /* steps with input, and all steps, of a presentation */
    struct clsnn_shown *shown;  /* [n_shown] */
    size_t n_shown;
    int32_t *neurons;              /* [n_neurons] */
    struct clsnn_spike_list input; /* input spikes */
    struct clsnn_replay_output out;
    uint16_t *counts; /* [n_shown][n_post] spikes while input is on */
};

/* Probes on dev. watch hears of CLSNN_STAGE_TEST; it may be NULL.
 * prog  of kind CLSNN_PROGRAM_REPLAY, for the images' pixels
 * out   filled on success; the caller frees it with clsnn_probe_finish
 * Errors: CLSNN_STOPPED the watcher returned false; CLSNN_E_SELFTEST a potential left its limits; those of
 * clsnn_replay. */
enum clsnn_status clsnn_probe_run(struct clsnn_device *dev, const struct clsnn_program *prog,
                                  const struct clsnn_probe_plan *plan, const struct clsnn_watcher *watch,
                                  struct clsnn_probe *out);
void clsnn_probe_finish(struct clsnn_probe *p); /* takes NULL and {0} */

#endif
