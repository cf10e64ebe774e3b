/* Replay: given input spikes through a given network, every step recorded, by the same laws as training. */
#ifndef CLSNN_REPLAY_H
#define CLSNN_REPLAY_H

#include "clsnn/abi.h"
#include "clsnn/device.h"
#include "clsnn/model.h"

CLSNN_BEGIN_DECLS

/* What is fed in. All arrays are borrowed. Samples follow each other; nothing is reset between them. */
struct clsnn_replay_input {
    const char *label; /* names the input in messages: its file */
    uint32_t n_post;
    uint32_t steps_on, steps_off, n_samples; /* a sample is steps_on steps with input, steps_off without */
    size_t n_events;
    const int32_t *event_step;  /* [n_events] steps from the start of the replay */
    const int32_t *event_input; /* [n_events] 0 to 783; at most one spike of an input in a step */
    const float *w0;            /* [784][n_post] */
    const float *theta0_mv;     /* [n_post] */
    bool learn;                 /* plasticity, theta, and rescaling of columns before each sample */
};

/* Spikes in order of step, then neuron. */
struct clsnn_spike_list {
    size_t n, capacity;
    int32_t *step, *neuron; /* [n], owned */
};

struct clsnn_replay_output {
    uint32_t n_steps, n_probes; /* probes: neurons 0 to n_probes - 1, at most CLSNN_PROBE */
    struct clsnn_spike_list exc, inh;
    float *v_exc, *g_exc, *g_inh, *v_inh; /* [n_steps][n_probes] after each step; v in mV */
    float *w_end;                         /* [784][n_post] */
    float *theta_end_mv;                  /* [n_post] */
};

/* Runs in on dev with prog, a program of kind CLSNN_PROGRAM_REPLAY. model gives the constants; its times are in's.
 * Errors: CLSNN_E_DATA an event out of range, twice, or in a step without input; a sample over 2000 steps with input or 4000
 * altogether; CLSNN_E_MEMORY, CLSNN_E_DEVICE_MEMORY, CLSNN_E_DEVICE, CLSNN_E_SELFTEST. */
CLSNN_API enum clsnn_status clsnn_replay(struct clsnn_device *dev, const struct clsnn_program *prog,
                                         const struct clsnn_model *model, const struct clsnn_replay_input *in,
                                         struct clsnn_replay_output *out);
CLSNN_API void clsnn_replay_finish(struct clsnn_replay_output *out); /* takes {0} */

CLSNN_END_DECLS

#endif
