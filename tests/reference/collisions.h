/* Small hand-written networks in which events collide: spikes in one step, bounds, ends of refractory
 * periods, ends of presentations, sizes that are no multiple of a work-group. The host suite runs them
 * through reference.c and asserts that each does what its name says. The device suites run the same networks
 * through the kernels.
 *
 * Every scenario keeps v at least SCENARIO_MARGIN_MV away from the threshold of every neuron free to fire. So
 * a float32 simulator must produce the reference's spikes exactly. Every initial value is exact in float32.
 *
 * A run is n_presentations presentations of n_steps steps each. With learn, columns are rescaled to 78 before
 * each presentation; initial columns sum to exactly 78 unless column_sum differs. Nothing is reset in
 * between. */
#ifndef CLSNN_TESTS_COLLISIONS_H
#define CLSNN_TESTS_COLLISIONS_H

#include "reference.h"

/* Ten times the 1e-4 mV by which a float32 simulation of the model strays from a double one. */
#define SCENARIO_MARGIN_MV 1e-3

/* `count` inputs, first, first + stride and so on, all in step `step`. */
struct scenario_volley {
    int32_t step, first, count, stride;
};

struct scenario {
    const char *name;
    int n_post;
    int n_used; /* events use inputs 0 .. n_used - 1 of REF_N_PRE; higher inputs only hold weight */
    int n_steps, n_presentations;
    bool learn;
    enum ref_start start;
    double refrac_exc_ms; /* 5, or the value that the scenario is about */
    double column_sum;    /* sum of each column of the initial weights */
    /* Writes w [REF_N_PRE][n_post] and theta_mv [n_post], which come filled with 0 and 20. */
    void (*fill)(int n_post, float *w, float *theta_mv);
    const struct scenario_volley *volleys; /* [n_volleys], by step; volleys of one step share no input */
    size_t n_volleys;
};

/* The arrays of one scenario, owned. */
struct scenario_data {
    float *w;        /* [REF_N_PRE][n_post] */
    float *theta_mv; /* [n_post] */
    /* [n_events], by (step, input); steps count from the start of the first presentation */
    struct ref_event *events;
    size_t n_events;
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

const struct scenario *scenario_find(const char *name); /* returns NULL if there is none */

/* Returns false without memory; *out is then {0}. */
bool scenario_build(const struct scenario *s, struct scenario_data *out);
void scenario_data_finish(struct scenario_data *data); /* takes NULL and {0} */

/* Returns a scenario's reference network at step 0, with this clamp, or NULL without memory. */
struct ref_net *scenario_reference(const struct scenario *s, const struct scenario_data *data,
                                   enum ref_clamp clamp);

/* Runs all presentations through the reference and appends to the lists. Returns false without memory. */
bool scenario_run(const struct scenario *s, const struct scenario_data *data, struct ref_net *net,
                  struct ref_spikes *out_exc, struct ref_spikes *out_inh);

#endif
