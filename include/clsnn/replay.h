/* Replay: given input spikes drive a given network; every step is recorded. The laws are training's. */
#ifndef CLSNN_REPLAY_H
#define CLSNN_REPLAY_H

#include "clsnn/abi.h"
#include "clsnn/device.h"
#include "clsnn/model.h"

CLSNN_BEGIN_DECLS

#define CLSNN_PROBE 8 /* neurons that are recorded if none are chosen */

/* The network and its input spikes. All arrays are borrowed during the call. The network starts at rest.
 * Samples follow each other without a reset, unless each starts from rest. */
struct clsnn_replay_input {
    const char *label; /* names the input in messages, such as its file */
    uint32_t n_post;
    uint32_t steps_on, steps_off, n_samples; /* a sample: steps_on with input, then steps_off without */
    size_t n_events;
    const int32_t *event_step;  /* [n_events] in any order; steps from the start of the replay */
    const int32_t *event_input; /* [n_events] from 0 on; an input spikes at most once a step */
    const float *w0;            /* [n_pre][n_post] */
    const float *theta0_mv;     /* [n_post] */
    const int32_t *delay_steps; /* [n_pre][n_post] steps from a spike to its arrival; NULL: no delays */
    bool learn;                 /* weights and theta change; each sample begins with rescaling */
    bool from_rest;             /* each sample starts from rest, as in evaluation */
    const int32_t *probed;      /* [n_probed] neurons to record; NULL: the first CLSNN_PROBE */
    uint32_t n_probed;
};

/* Recorded spikes, in order of step, then neuron. */
struct clsnn_spike_list {
    size_t n, capacity;
    int32_t *step, *neuron; /* [n], owned */
};

/* The record of a replay. All arrays are owned. */
struct clsnn_replay_output {
    uint32_t n_steps, n_probes; /* n_probes neurons are recorded */
    struct clsnn_spike_list exc, inh;
    /* [n_steps][n_probes] values after each step; v in mV */
    float *v_exc, *g_exc, *g_inh, *v_inh, *theta_mv;
    float *w_end;        /* [n_pre][n_post] */
    float *theta_end_mv; /* [n_post] */
};

/* Replays `in` on dev.
 * prog   of kind CLSNN_PROGRAM_REPLAY, for n_pre inputs
 * model  the constants; in->steps_on and in->steps_off replace its times, in->delay_steps its delays
 * out    filled on success; the caller frees it with clsnn_replay_finish
 * Errors: CLSNN_E_DATA an event is out of range, comes twice, or falls in a step without input; or a sample
 * has over 2000 steps with input, or over 4000 altogether; or a delay is above 63 steps or steps_off.
 * CLSNN_E_SELFTEST a potential left its limits. CLSNN_E_MEMORY, CLSNN_E_DEVICE_MEMORY, CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_replay(struct clsnn_device *dev, const struct clsnn_program *prog,
                                         const struct clsnn_model *model, const struct clsnn_replay_input *in,
                                         struct clsnn_replay_output *out);
CLSNN_API void clsnn_replay_finish(struct clsnn_replay_output *out); /* takes NULL and {0} */

CLSNN_END_DECLS

#endif
