/* The model again, slowly: a scalar, dense, double-precision network, written from the equations alone (now
 * in kernels/README.md). It shares no arithmetic with kernels/. Tests compare device code with
 * it. test_reference.c compares it with closed forms and with recordings of Brian 2 (oracle/README.md).
 *
 * The network is an open struct: a test reads and writes any state between two steps.
 *
 *     struct ref_params p = ref_defaults();
 *     struct ref_net *net = ref_create(&p, REF_N_PRE, n_post, REF_START_REST);
 *     ref_set_weights(net, w);                   then, as a replay with learning, for each sample:
 *     ref_normalise(net);
 *     ref_present(net, events, n_events, n_steps, learn, &exc_spikes, &inh_spikes);
 *     ref_destroy(net);
 *
 * Names differ from the kernels': ge (g_exc), gi (g_inh), pre (x_pre), post1 (y_post), post2 (y2_post).
 * Indices: i input, j neuron (an excitatory neuron and its inhibitory partner share j), step from 0. */
#ifndef CLSNN_TESTS_REFERENCE_H
#define CLSNN_TESTS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REF_N_PRE  784
#define REF_DELAYS 64 /* delays are below this many steps */

/* The clamp that keeps forward Euler from overshooting the inhibitory reversal potential (kernels/README.md,
 * "Departures from the original"). */
enum ref_clamp {
    /* Plain Euler, as Brian computes it. */
    REF_CLAMP_OFF,
    /* The default: a v at or above e_inh does not fall below it. A v that starts below (rest - 40 mV) rises
     * as without a clamp. So the trajectory is Euler's wherever Euler is stable. */
    REF_CLAMP_OVERSHOOT,
    /* v = max(v, e_inh) at every step, which also lifts a start of -105 mV to -100 mV in the first step. */
    REF_CLAMP_FLOOR,
};

/* The plasticity rules, what a spike does to a trace, and the path of inhibition (kernels/README.md,
 * "Equations"). */
enum ref_rule { REF_TRIPLET, REF_PAIR, REF_POWERLAW, REF_SYMMETRIC, REF_EXPONENTIAL };
enum ref_pairing { REF_NEAREST, REF_ALL };
enum ref_inhibition { REF_LAYER, REF_DIRECT };

/* The starting potentials. All other state starts at 0, except theta. */
enum ref_start {
    REF_START_REST,     /* both kinds at rest: replay, evaluation */
    REF_START_TRAINING, /* both kinds at rest - 40 mV: the first image of a training */
};

/* The model's constants. ref_create rounds times to steps of dt_ms, once. */
struct ref_params {
    double dt_ms;
    double v_rest_exc_mv, v_reset_exc_mv, v_thresh_exc_mv, refrac_exc_ms, hold_exc_ms, tau_m_exc_ms,
        e_exc_exc_mv, e_inh_exc_mv;
    double v_rest_inh_mv, v_reset_inh_mv, v_thresh_inh_mv, refrac_inh_ms, tau_m_inh_ms, e_exc_inh_mv;
    double tau_g_exc_ms, tau_g_inh_ms, w_exc_inh, w_inh_exc;
    double theta_init_mv, theta_plus_mv, theta_offset_mv, tau_theta_ms;
    double w_max, w_norm;
    double tau_pre_ms, tau_post1_ms, tau_post2_ms, eta_pre, eta_post;
    double v_start_offset_mv; /* REF_START_TRAINING, relative to rest */
    double x_tar, beta;
    int mu;
    enum ref_rule rule;
    enum ref_pairing pairing;
    enum ref_inhibition inhibition;
    enum ref_clamp clamp;
};

/* Input `input` spikes in step `step`. */
struct ref_event {
    int32_t step, input;
};

/* Neuron `neuron` fires in step `step`. */
struct ref_spike {
    int64_t step;
    int32_t neuron;
};

/* Spikes in order of (step, neuron). {0} is empty; ref_spikes_finish frees. */
struct ref_spikes {
    struct ref_spike *spikes;
    size_t n, capacity;
};

struct ref_net {
    struct ref_params p;
    int n_pre, n_post;
    int refrac_exc_steps, refrac_inh_steps, hold_exc_steps;
    int64_t step; /* number of steps done, which is the index of the next one */

    double *v_exc, *ge_exc, *gi_exc; /* [n_post] */
    double *v_inh, *ge_inh;          /* [n_post] */
    double *theta_mv;                /* [n_post] */
    double *w;                       /* [n_pre][n_post] */
    double *pre;                     /* [n_pre] trace; with delays [n_pre][n_post], of each synapse */
    int *delay_steps;             /* [n_pre][n_post] steps from an input spike to its arrival; NULL: none */
    unsigned char *under_way;     /* [REF_DELAYS][n_pre] 1: the input spiked in step s, row s % REF_DELAYS */
    double *post1, *post2;        /* [n_post] traces */
    int64_t *last_exc, *last_inh; /* [n_post] step of the last spike; long ago at the start */

    /* The neurons that fired in the last step, in increasing order. With direct inhibition no inhibitory
     * neuron does. */
    int *exc_fired, *inh_fired; /* [n_post], of which the first n_.._fired are valid */
    int n_exc_fired, n_inh_fired;

    /* Smallest |v - threshold| in mV over all neurons, of both kinds, that were free to fire: in the last
     * step, and since ref_create or since the test set it to INFINITY. A simulator whose v is within tol of
     * this one must fire the same spikes while margin > tol. A different spike can come from rounding only at
     * a step with a smaller margin. */
    double step_margin_mv, margin_mv;
};

struct ref_params ref_defaults(void);

/* Returns a network with all weights 0, theta at its initial value, traces and conductances 0; NULL without
 * memory. */
struct ref_net *ref_create(const struct ref_params *params, int n_pre, int n_post, enum ref_start start);
void ref_destroy(struct ref_net *net); /* accepts NULL and half-built networks */

void ref_set_weights(struct ref_net *net, const float *w);      /* [n_pre][n_post] */
void ref_set_theta(struct ref_net *net, const float *theta_mv); /* [n_post] */
/* Gives every synapse from an input a delay, [n_pre][n_post] whole steps, before the first step. Everything
 * that the synapse does at an input spike it does when the spike arrives. Returns false without memory. */
bool ref_set_delays(struct ref_net *net, const int32_t *delay_steps);

/* Rescales every column (the input weights of one neuron) to the sum w_norm. A column of sum 0 stays; with
 * w_norm 0 every column does. A weight may end above w_max: the next rule applied to it clips it. */
void ref_normalise(struct ref_net *net);

/* Computes one dt in the order of kernels/README.md, "The order of one step".
 *
 * inputs  [n_inputs] inputs that spike in this step, strictly increasing; may be NULL when n_inputs is 0
 * learn   plasticity and theta's change; without it traces only decay, and w and theta are constant */
void ref_step(struct ref_net *net, const int32_t *inputs, size_t n_inputs, bool learn);

/* Computes n_steps steps with the events of steps net->step .. net->step + n_steps - 1. Other events are
 * ignored, so one list can serve many presentations. events is sorted by (step, input), without repetition.
 * The spikes are appended to out_exc and out_inh, either of which may be NULL. Does not rescale. Returns
 * false without memory. */
bool ref_present(struct ref_net *net, const struct ref_event *events, size_t n_events, int n_steps,
                 bool learn, struct ref_spikes *out_exc, struct ref_spikes *out_inh);

/* Appends the spikes of the last step, for tests that call ref_step themselves. Returns false without
 * memory. */
bool ref_append_fired(const struct ref_net *net, struct ref_spikes *out_exc, struct ref_spikes *out_inh);
void ref_spikes_finish(struct ref_spikes *spikes); /* accepts NULL and {0} */

#endif
