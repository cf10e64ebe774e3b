/* Checks the reference in three ways: closed forms, one law at a time; recordings of Brian 2, spike for
 * spike; and the scenarios of collisions.h. Each scenario must do what its name says before a kernel is
 * compared with it.
 *
 * TEST_SOURCE_ROOT (default ".") holds tests/reference/oracle. TEST_ORACLE (default
 * TEST_SOURCE_ROOT/../shared/oracle) is a folder of larger recordings; without it that test is skipped. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clsnn/npz.h"
#include "collisions.h"
#include "recorded_laws.h"
#include "reference.h"

/* Closed forms in double: a few hundred roundings of values up to 100. */
#define EXACT 1e-11

#define check_near(actual, expected, tolerance)                                                              \
    check_near_at((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)

static void check_near_at(double actual, double expected, double tolerance, const char *what,
                          const char *file, int line) {
    if (fabs(actual - expected) <= tolerance) return;
    print_error("%s = %.17g, expected %.17g within %g\n", what, actual, expected, tolerance);
    _fail(file, line);
}

static struct ref_net *make_net_with(const struct ref_params *params, int n_post, enum ref_start start) {
    struct ref_net *net = ref_create(params, REF_N_PRE, n_post, start);
    assert_non_null(net);
    return net;
}

static struct ref_net *make_net(int n_post) {
    struct ref_params params = ref_defaults();
    return make_net_with(&params, n_post, REF_START_REST);
}

static void idle(struct ref_net *net, int n_steps, bool learn) {
    for (int t = 0; t < n_steps; t++) ref_step(net, NULL, 0, learn);
}

/* Makes one step in which neuron j fires: its v is far above any threshold of these tests. */
static void fire(struct ref_net *net, int j, bool learn) {
    net->v_exc[j] = 0;
    ref_step(net, NULL, 0, learn);
    assert_int_equal(net->n_exc_fired, 1);
    assert_int_equal(net->exc_fired[0], j);
}

static void input(struct ref_net *net, int32_t i, bool learn) {
    ref_step(net, &i, 1, learn);
}

static double weight(const struct ref_net *net, int i, int j) {
    return net->w[(size_t)i * (size_t)net->n_post + (size_t)j];
}

static void set_weight(struct ref_net *net, int i, int j, double w) {
    net->w[(size_t)i * (size_t)net->n_post + (size_t)j] = w;
}

static void v_decays_to_rest(void **state) {
    (void)state;
    struct ref_params params = ref_defaults();
    struct ref_net *net = make_net_with(&params, 2, REF_START_TRAINING);
    assert_true(net->v_exc[0] == -105 && net->v_inh[1] == -100);
    for (int n = 1; n <= 400; n++) {
        idle(net, 1, false);
        check_near(net->v_exc[1], -65 - 40 * pow(1 - 0.5 / 100, n), EXACT);
        check_near(net->v_inh[1], -60 - 40 * pow(1 - 0.5 / 10, n), EXACT);
        /* Forward Euler against the differential equation: the local error 40 (dt / tau)^2 / 2 a step,
         * times up to tau / dt steps / e. This gives 40 * 0.005 / 2 / e and 40 * 0.05 / 2 / e, and the
         * next order. */
        check_near(net->v_exc[1], -65 - 40 * exp(-n * 0.5 / 100), 0.04);
        check_near(net->v_inh[1], -60 - 40 * exp(-n * 0.5 / 10), 0.4);
    }
    ref_destroy(net);
}

static void the_clamp_leaves_a_stable_trajectory_alone(void **state) {
    (void)state;
    struct ref_params off = ref_defaults(), on = ref_defaults();
    off.clamp = REF_CLAMP_OFF;
    struct ref_net *plain = make_net_with(&off, 3, REF_START_TRAINING),
                   *clamped = make_net_with(&on, 3, REF_START_TRAINING);
    struct ref_net *both[] = {plain, clamped};
    for (int n = 0; n < 200; n++) {
        for (int k = 0; k < 2; k++) {
            if (n % 50 == 20) both[k]->v_exc[n % 3] = 0; /* makes a spike now and then */
            idle(both[k], 1, true);
        }
        for (int j = 0; j < 3; j++) assert_true(plain->v_exc[j] == clamped->v_exc[j]);
    }
    ref_destroy(plain);
    ref_destroy(clamped);
}

static void the_clamp_stops_an_overshoot(void **state) {
    (void)state;
    /* 100 inhibitory spikes: -65 + 0.005 * 1700 * (-100 + 65) = -362.5 without a clamp. */
    const struct {
        enum ref_clamp clamp;
        double v_start_mv, v_after_mv;
    } rows[] = {
        {REF_CLAMP_OFF, -65, -362.5},         {REF_CLAMP_OVERSHOOT, -65, -100}, {REF_CLAMP_FLOOR, -65, -100},
        {REF_CLAMP_OVERSHOOT, -100, -99.825}, {REF_CLAMP_FLOOR, -110, -100},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct ref_params params = ref_defaults();
        params.clamp = rows[k].clamp;
        struct ref_net *net = make_net_with(&params, 1, REF_START_REST);
        net->v_exc[0] = rows[k].v_start_mv;
        net->gi_exc[0] = rows[k].v_start_mv < -105 ? 0 : 1700;
        idle(net, 1, false);
        check_near(net->v_exc[0], rows[k].v_after_mv, EXACT);
        ref_destroy(net);
    }
}

static void conductances_decay(void **state) {
    (void)state;
    struct ref_net *net = make_net(2);
    set_weight(net, 5, 0, 0.25);
    set_weight(net, 5, 1, 0.75);
    net->gi_exc[0] = 17;
    net->ge_inh[1] = 0.5; /* too little to fire */
    input(net, 5, false);
    for (int n = 0; n < 60; n++) {
        check_near(net->ge_exc[0], 0.25 * pow(0.5, n), EXACT);
        check_near(net->ge_exc[1], 0.75 * pow(0.5, n), EXACT);
        check_near(net->gi_exc[0], 17 * pow(0.75, n + 1), EXACT);
        check_near(net->ge_inh[1], 0.5 * pow(0.5, n + 1), EXACT);
        idle(net, 1, false);
    }
    ref_destroy(net);
}

static void an_input_acts_one_step_later(void **state) {
    (void)state;
    struct ref_net *net = make_net(1);
    set_weight(net, 783, 0, 1);
    input(net, 783, false);
    assert_true(net->v_exc[0] == -65);
    idle(net, 1, false);
    check_near(net->v_exc[0], -65 + 0.5 / 100 * 65, EXACT);
    check_near(net->ge_exc[0], 0.5, EXACT);
    ref_destroy(net);
}

static void theta_decays_only_while_learning(void **state) {
    (void)state;
    struct ref_net *net = make_net(1);
    idle(net, 1000, false);
    assert_true(net->theta_mv[0] == 20);
    fire(net, 0, false);
    assert_true(net->theta_mv[0] == 20);
    idle(net, 1000, true);
    /* 1,000 roundings of 20 mV by half an ulp: 1000 * 1.8e-15. Exponential and Euler factor differ by
     * 1e-12. */
    check_near(net->theta_mv[0], 20 * exp(1000 * log1p(-5e-8)), 5e-12);
    check_near(net->theta_mv[0], 20 * exp(-500 / 1e7), 5e-11);
    double before = net->theta_mv[0];
    fire(net, 0, true);
    check_near(net->theta_mv[0], before * (1 - 5e-8) + 0.05, EXACT);
    ref_destroy(net);
}

/* With g_exc held constant, v approaches -65 / (1 + g_exc) geometrically, so the spike time is a
 * logarithm. */
static void a_constant_drive_fires_at_the_closed_form_interval(void **state) {
    (void)state;
    const double drives[] = {0.26, 0.3, 0.5, 1, 3, 20};
    for (size_t k = 0; k < sizeof drives / sizeof *drives; k++) {
        double ge = drives[k], v_end_mv = -65 / (1 + ge), factor = 1 - 0.005 * (1 + ge);
        /* v > -52 for the first time: v_end - v_n = (v_end + 65) factor^n < v_end + 52 */
        int charge = (int)floor(log((v_end_mv + 52) / (v_end_mv + 65)) / log(factor)) + 1;
        int interval = charge > 10 ? charge : 10;
        struct ref_net *net = make_net(1);
        int previous = -1, n_spikes = 0;
        for (int n = 0; n_spikes < 4; n++) {
            assert_true(n < 4000);
            net->ge_exc[0] = ge;
            idle(net, 1, false);
            if (net->n_exc_fired == 0) continue;
            /* From the start, n steps of charging end in step n - 1; after a reset they take a whole
             * interval. */
            assert_int_equal(n - previous, n_spikes == 0 ? charge : interval);
            previous = n;
            n_spikes++;
        }
        ref_destroy(net);
    }
}

static void refractory_neurons_wait_and_only_inhibitory_v_is_held(void **state) {
    (void)state;
    struct ref_net *net = make_net(1);
    bool v_moved = false;
    int last_exc = -1, last_inh = -1, n_exc = 0, n_inh = 0;
    for (int n = 0; n < 200; n++) {
        net->ge_exc[0] = 60;
        net->ge_inh[0] = 60;
        idle(net, 1, false);
        if (net->n_exc_fired) {
            if (n_exc++) assert_int_equal(n - last_exc, 10);
            last_exc = n;
            assert_true(net->v_exc[0] == -65);
        } else {
            v_moved = v_moved || net->v_exc[0] > -40; /* above threshold while refractory */
        }
        if (net->n_inh_fired) {
            if (n_inh++) assert_int_equal(n - last_inh, 4);
            last_inh = n;
        }
        assert_true(net->v_inh[0] == -45);
    }
    assert_true(v_moved);
    assert_int_equal(n_exc, 20);
    assert_int_equal(n_inh, 50);
    ref_destroy(net);
}

static void an_input_after_a_spike_depresses(void **state) {
    (void)state;
    for (int lag = 0; lag < 200; lag += 7) {
        struct ref_net *net = make_net(2);
        set_weight(net, 3, 0, 0.5);
        set_weight(net, 3, 1, 0.5);
        set_weight(net, 4, 0, 0.5);
        fire(net, 0, true);
        idle(net, lag, true);
        input(net, 3, true);
        check_near(weight(net, 3, 0), 0.5 - 1e-4 * exp(-(lag + 1) * 0.5 / 20), EXACT);
        assert_true(weight(net, 3, 1) == 0.5); /* its neuron has not fired */
        assert_true(weight(net, 4, 0) == 0.5); /* its input has not spiked */
        ref_destroy(net);
    }
}

static void an_isolated_spike_never_potentiates(void **state) {
    (void)state;
    struct ref_net *net = make_net(1);
    set_weight(net, 3, 0, 0.5);
    input(net, 3, true);
    fire(net, 0, true);
    assert_true(weight(net, 3, 0) == 0.5);
    ref_destroy(net);
}

/* post, lag1, pre, lag2, post: the first pair depresses, the triplet potentiates. */
static void a_triplet_potentiates(void **state) {
    (void)state;
    for (int lag1 = 10; lag1 < 120; lag1 += 13)
        for (int lag2 = 1; lag2 < 120; lag2 += 11) {
            struct ref_net *net = make_net(1);
            set_weight(net, 3, 0, 0.5);
            fire(net, 0, true);
            idle(net, lag1 - 1, true);
            input(net, 3, true);
            idle(net, lag2 - 1, true);
            fire(net, 0, true);
            double ltd = 1e-4 * exp(-lag1 * 0.5 / 20);
            double ltp = 1e-2 * exp(-lag2 * 0.5 / 20) * exp(-(lag1 + lag2) * 0.5 / 40);
            check_near(weight(net, 3, 0), 0.5 - ltd + ltp, EXACT);
            ref_destroy(net);
        }
}

/* One neuron's spike and one input spike, `lag` steps apart: Kim & Kim (2020), Eq. 2. */
static void a_pair_changes_the_weight_by_the_window(void **state) {
    (void)state;
    struct ref_params params = ref_defaults();
    params.rule = REF_PAIR;
    for (int lag = -100; lag <= 100; lag += 9) {
        struct ref_net *net = make_net_with(&params, 1, REF_START_REST);
        set_weight(net, 3, 0, 0.5);
        if (lag > 0) { /* the input first */
            input(net, 3, true);
            idle(net, lag - 1, true);
            fire(net, 0, true);
            check_near(weight(net, 3, 0), 0.5 + 1e-2 * exp(-lag * 0.5 / 20), EXACT);
        } else {
            fire(net, 0, true);
            idle(net, -lag - 1, true);
            input(net, 3, true);
            check_near(weight(net, 3, 0), 0.5 - 1e-4 * exp(lag * 0.5 / 20), EXACT);
        }
        ref_destroy(net);
    }
}

/* A silent input, and one that spiked `lag` steps before the neuron, both of weight w. */
static void three_rules_change_every_weight(void **state) {
    (void)state;
    for (int rule = REF_POWERLAW; rule <= REF_EXPONENTIAL; rule++)
        for (int lag = 1; lag < 60; lag += 9)
            for (double w = 0.125; w < 1; w += 0.25) {
                struct ref_params params = ref_defaults();
                params.rule = (enum ref_rule)rule;
                params.mu = 2;
                struct ref_net *net = make_net_with(&params, 1, REF_START_REST);
                set_weight(net, 3, 0, w);
                set_weight(net, 4, 0, w);
                input(net, 3, true);
                idle(net, lag - 1, true);
                fire(net, 0, true);
                for (int i = 3; i <= 4; i++) {
                    const double x = i == 3 ? exp(-lag * 0.5 / 20) : 0;
                    const double up = rule == REF_EXPONENTIAL ? x * exp(-3 * w) - 0.4 * exp(-3 * (1 - w))
                                                              : (x - 0.4) * (1 - w) * (1 - w);
                    check_near(weight(net, i, 0), w + 1e-2 * up, EXACT);
                }
                const double before = weight(net, 4, 0);
                input(net, 4, true); /* one step later */
                const double down = rule == REF_SYMMETRIC ? 1e-4 * exp(-0.5 / 20) * before * before : 0;
                check_near(weight(net, 4, 0), before - down, EXACT);
                ref_destroy(net);
            }
}

/* With pairing all the window is a sum over every pair of spikes. */
static void all_pairs_add_up(void **state) {
    (void)state;
    struct ref_params params = ref_defaults();
    params.rule = REF_PAIR;
    params.pairing = REF_ALL;
    struct ref_net *net = make_net_with(&params, 1, REF_START_REST);
    set_weight(net, 3, 0, 0.5);
    for (int n = 0; n < 5; n++) input(net, 3, true);
    fire(net, 0, true);
    idle(net, 10, true);
    fire(net, 0, true);
    double ltp = 0;
    for (int n = 1; n <= 5; n++) ltp += 1e-2 * (exp(-n * 0.5 / 20) + exp(-(n + 11) * 0.5 / 20));
    check_near(weight(net, 3, 0), 0.5 + ltp, EXACT);
    input(net, 3, true);
    check_near(weight(net, 3, 0), 0.5 + ltp - 1e-4 * (exp(-0.5 / 20) + exp(-12 * 0.5 / 20)), EXACT);
    ref_destroy(net);
}

/* A spike sets its trace to 1 instead of adding 1, so only the nearest of many spikes counts. */
static void only_the_nearest_spike_counts(void **state) {
    (void)state;
    struct ref_net *net = make_net(1);
    set_weight(net, 3, 0, 0.5);
    for (int n = 0; n < 5; n++) {
        fire(net, 0, true);
        idle(net, 10, true);
    }
    assert_true(weight(net, 3, 0) == 0.5);
    for (int n = 0; n < 5; n++) input(net, 3, true);
    double ltd = 0, ltp = 1e-2 * exp(-0.5 / 20) * exp(-16 * 0.5 / 40);
    for (int n = 11; n <= 15; n++) ltd += 1e-4 * exp(-n * 0.5 / 20);
    check_near(weight(net, 3, 0), 0.5 - ltd, EXACT);
    fire(net, 0, true);
    check_near(weight(net, 3, 0), 0.5 - ltd + ltp, EXACT);
    ref_destroy(net);
}

static void nothing_is_learned_without_learning(void **state) {
    (void)state;
    struct ref_net *net = make_net(1);
    set_weight(net, 3, 0, 0.5);
    for (int n = 0; n < 5; n++) {
        fire(net, 0, false);
        idle(net, 10, false);
        input(net, 3, false);
    }
    assert_true(weight(net, 3, 0) == 0.5 && net->theta_mv[0] == 20 && net->post1[0] == 0 && net->pre[3] == 0);
    ref_destroy(net);
}

static void inhibition_spares_its_own_partner_and_takes_two_steps(void **state) {
    (void)state;
    struct ref_net *net = make_net(5);
    net->v_exc[1] = net->v_exc[3] = 0;
    idle(net, 1, true); /* step n */
    assert_int_equal(net->n_exc_fired, 2);
    assert_int_equal(net->n_inh_fired, 0);
    idle(net, 1, true); /* n + 1: the partners fire and g_inh rises; v does not yet see it */
    assert_int_equal(net->n_exc_fired, 0);
    assert_int_equal(net->n_inh_fired, 2);
    assert_int_equal(net->inh_fired[0], 1);
    assert_int_equal(net->inh_fired[1], 3);
    for (int j = 0; j < 5; j++) {
        check_near(net->gi_exc[j], j == 1 || j == 3 ? 17 : 34, EXACT);
        assert_true(net->v_exc[j] == -65);
    }
    idle(net, 1, true); /* n + 2 */
    for (int j = 0; j < 5; j++)
        check_near(net->v_exc[j], -65 - 0.005 * 35 * (j == 1 || j == 3 ? 17 : 34), EXACT);
    for (int n = 0; n < 40; n++) { /* each excitatory spike makes one inhibitory spike only */
        idle(net, 1, true);
        assert_int_equal(net->n_inh_fired, 0);
    }
    ref_destroy(net);
}

static void direct_inhibition_acts_in_the_step_of_the_spike(void **state) {
    (void)state;
    struct ref_params params = ref_defaults();
    params.inhibition = REF_DIRECT;
    struct ref_net *net = make_net_with(&params, 3, REF_START_REST);
    fire(net, 1, false);
    assert_true(net->gi_exc[0] == 17 && net->gi_exc[1] == 0 && net->gi_exc[2] == 17);
    idle(net, 1, false);
    check_near(net->v_exc[0], -65 + 0.005 * 17 * -35, EXACT);
    for (int t = 0; t < 20; t++) {
        idle(net, 1, false);
        assert_true(net->n_inh_fired == 0 && net->v_inh[1] == -60);
    }
    ref_destroy(net);
}

static void normalising_sets_the_sum_and_keeps_the_shape(void **state) {
    (void)state;
    struct ref_net *net = make_net(3);
    for (int i = 0; i < REF_N_PRE; i++) {
        set_weight(net, i, 0, 0.3 * (i % 7));
        set_weight(net, i, 1, i < 2 ? 0.5 + i : 0);
    }
    ref_normalise(net);
    double sum[3] = {0};
    for (int i = 0; i < REF_N_PRE; i++)
        for (int j = 0; j < 3; j++) sum[j] += weight(net, i, j);
    check_near(sum[0], 78, EXACT);
    check_near(sum[1], 78, EXACT);
    assert_true(sum[2] == 0); /* nothing to scale */
    check_near(weight(net, 6, 0) / weight(net, 1, 0), 6, EXACT);
    check_near(weight(net, 0, 1), 19.5, EXACT); /* not clipped */
    check_near(weight(net, 1, 1), 58.5, EXACT);
    ref_destroy(net);
}

static void the_margin_is_the_distance_to_the_nearest_threshold(void **state) {
    (void)state;
    struct ref_net *net = make_net(2);
    idle(net, 1, false);
    check_near(net->step_margin_mv, 13, EXACT);
    net->v_exc[1] = -52.25 / 0.995 + 0.325 / 0.995; /* -52.25 after the step */
    idle(net, 1, false);
    check_near(net->step_margin_mv, 0.25, EXACT);
    idle(net, 1, false);
    assert_true(net->step_margin_mv > 0.25);
    check_near(net->margin_mv, 0.25, EXACT);
    ref_destroy(net);
}

struct recording {
    int32_t steps_on, steps_off, n_samples, learn;
    float norm;
    const struct clsnn_array *event_step, *event_input, *w0, *theta0_mv;
    const struct clsnn_array *exc_step, *exc_neuron, *inh_step, *inh_neuron;
    const struct clsnn_array *v_exc, *ge_exc, *gi_exc, *v_inh, *w_end, *theta_end_mv;
};

static const struct clsnn_array *get(const struct clsnn_npz *npz, const char *file, const char *name,
                                     enum clsnn_dtype dtype, int n_dims, size_t rows, size_t columns) {
    const size_t shape[2] = {rows, columns};
    const struct clsnn_array *array = NULL;
    if (clsnn_npz_get(npz, file, name, dtype, n_dims, shape, &array) != CLSNN_OK)
        fail_msg("%s", clsnn_error_text());
    return array;
}

static int32_t get_i4(const struct clsnn_npz *npz, const char *file, const char *name) {
    return *(const int32_t *)get(npz, file, name, CLSNN_I4, 0, 0, 0)->data;
}

/* has_layer: the recorded network has inhibitory neurons. */
static struct recording read_recording(const struct clsnn_npz *npz, const char *file, bool has_layer) {
    struct recording r = {
        .steps_on = get_i4(npz, file, "steps_on"),
        .steps_off = get_i4(npz, file, "steps_off"),
        .n_samples = get_i4(npz, file, "n_samples"),
        .learn = get_i4(npz, file, "learn"),
        .norm = *(const float *)get(npz, file, "norm", CLSNN_F4, 0, 0, 0)->data,
        .event_step = get(npz, file, "event_step", CLSNN_I4, 1, 0, 0),
        .w0 = get(npz, file, "w0", CLSNN_F4, 2, REF_N_PRE, 0),
        .exc_step = get(npz, file, "exc_step", CLSNN_I4, 1, 0, 0),
        .inh_step = get(npz, file, "inh_step", CLSNN_I4, 1, 0, 0),
    };
    size_t n_post = r.w0->shape[1], n_steps = (size_t)(r.steps_on + r.steps_off) * (size_t)r.n_samples;
    r.event_input = get(npz, file, "event_input", CLSNN_I4, 1, r.event_step->shape[0], 0);
    r.exc_neuron = get(npz, file, "exc_neuron", CLSNN_I4, 1, r.exc_step->shape[0], 0);
    r.inh_neuron = get(npz, file, "inh_neuron", CLSNN_I4, 1, r.inh_step->shape[0], 0);
    r.theta0_mv = get(npz, file, "theta0_mv", CLSNN_F4, 1, n_post, 0);
    r.v_exc = get(npz, file, "v_exc", CLSNN_F8, 2, n_steps, 0);
    r.ge_exc = get(npz, file, "ge_exc", CLSNN_F8, 2, n_steps, r.v_exc->shape[1]);
    r.gi_exc = get(npz, file, "gi_exc", CLSNN_F8, 2, n_steps, r.v_exc->shape[1]);
    if (has_layer) r.v_inh = get(npz, file, "v_inh", CLSNN_F8, 2, n_steps, r.v_exc->shape[1]);
    r.w_end = get(npz, file, "w_end", CLSNN_F8, 2, REF_N_PRE, n_post);
    r.theta_end_mv = get(npz, file, "theta_end_mv", CLSNN_F8, 1, n_post, 0);
    return r;
}

/* A recording has no fixed order within a step, so both sides are compared as sets of (step, neuron). */
static int by_step_and_neuron(const void *left, const void *right) {
    const struct ref_spike *a = left, *b = right;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    return (a->neuron > b->neuron) - (a->neuron < b->neuron);
}

static void check_spikes(const char *file, const char *kind, const struct ref_spikes *spikes,
                         const struct clsnn_array *step, const struct clsnn_array *neuron) {
    size_t n = step->shape[0];
    struct ref_spike *want = calloc(n + 1, sizeof *want);
    assert_non_null(want);
    for (size_t k = 0; k < n; k++)
        want[k] = (struct ref_spike){((const int32_t *)step->data)[k], ((const int32_t *)neuron->data)[k]};
    qsort(want, n, sizeof *want, by_step_and_neuron);
    for (size_t k = 0; k < n && k < spikes->n; k++)
        if (by_step_and_neuron(&want[k], &spikes->spikes[k]) != 0)
            fail_msg("%s: %s spike %zu is (step %lld, neuron %d), recorded (%lld, %d)", file, kind, k,
                     (long long)spikes->spikes[k].step, spikes->spikes[k].neuron, (long long)want[k].step,
                     want[k].neuron);
    if (n != spikes->n) fail_msg("%s: %zu %s spikes, recorded %zu", file, spikes->n, kind, n);
    free(want);
}

/* Returns the largest difference of the first n values, or so_far; NaN counts as infinite. */
static double worst(double so_far, const double *a, const double *b, size_t n) {
    for (size_t k = 0; k < n; k++) {
        double difference = fabs(a[k] - b[k]);
        if (!(difference <= so_far)) so_far = isnan(difference) ? (double)INFINITY : difference;
    }
    return so_far;
}

/* float32_volts: the recorder rounded the starting theta to float32 in volts, 1e-6 mV from theta0_mv. */
static void check_recording(const char *path, bool float32_volts) {
    const char *file = strrchr(path, '/') + 1;
    struct clsnn_npz npz = {0};
    if (clsnn_npz_read(path, (size_t)64 << 20, &npz) != CLSNN_OK) fail_msg("%s", clsnn_error_text());
    struct clsnn_model model;
    if (!recorded_laws(path, &model)) fail_msg("%s: %s", path, clsnn_error_text());
    struct recording r = read_recording(&npz, file, model.laws.inhibition == CLSNN_INHIBITION_LAYER);
    size_t n_post = r.w0->shape[1], n_probe = r.v_exc->shape[1], n_events = r.event_step->shape[0];

    struct ref_params params = reference_of(&model);
    params.w_norm = (double)r.norm;
    struct ref_net *net = make_net_with(&params, (int)n_post, REF_START_REST);
    ref_set_weights(net, r.w0->data);
    ref_set_theta(net, r.theta0_mv->data);
    if (recorded_delays(&npz)) assert_true(ref_set_delays(net, recorded_delays(&npz)));
    for (size_t j = 0; j < n_post && float32_volts; j++)
        net->theta_mv[j] = 1e3 * (double)(((const float *)r.theta0_mv->data)[j] * 1e-3F);
    struct ref_event *events = calloc(n_events + 1, sizeof *events);
    assert_non_null(events);
    for (size_t k = 0; k < n_events; k++)
        events[k] = (struct ref_event){((const int32_t *)r.event_step->data)[k],
                                       ((const int32_t *)r.event_input->data)[k]};

    struct ref_spikes exc = {0}, inh = {0};
    double v_exc = 0, ge = 0, gi = 0, v_inh = 0;
    size_t row = 0;
    for (int s = 0; s < r.n_samples; s++) {
        if (r.learn) ref_normalise(net);
        for (int t = 0; t < r.steps_on + r.steps_off; t++, row += n_probe) {
            assert_true(ref_present(net, events, n_events, 1, r.learn != 0, &exc, &inh));
            v_exc = worst(v_exc, net->v_exc, (const double *)r.v_exc->data + row, n_probe);
            ge = worst(ge, net->ge_exc, (const double *)r.ge_exc->data + row, n_probe);
            gi = worst(gi, net->gi_exc, (const double *)r.gi_exc->data + row, n_probe);
            if (r.v_inh) v_inh = worst(v_inh, net->v_inh, (const double *)r.v_inh->data + row, n_probe);
        }
    }
    double w = worst(0, net->w, r.w_end->data, REF_N_PRE * n_post);
    double theta = worst(0, net->theta_mv, r.theta_end_mv->data, n_post);
    print_message(
        "# %s: %zu exc, %zu inh spikes, margin %.2g mV; max difference v_exc %.1e ge %.1e gi %.1e v_inh %.1e "
        "w %.1e theta %.1e\n",
        file, exc.n, inh.n, net->margin_mv, v_exc, ge, gi, v_inh, w, theta);

    check_spikes(file, "exc", &exc, r.exc_step, r.exc_neuron);
    check_spikes(file, "inh", &inh, r.inh_step, r.inh_neuron);
    /* Both sides are double precision: thousands of steps round at 1e-14, and nothing is chaotic between
     * spikes. */
    check_near(v_exc, 0, 1e-9);
    check_near(ge, 0, 1e-9);
    check_near(gi, 0, 1e-9);
    check_near(v_inh, 0, 1e-9);
    check_near(w, 0, 1e-9);
    check_near(theta, 0, 1e-9);

    free(events);
    ref_spikes_finish(&exc);
    ref_spikes_finish(&inh);
    ref_destroy(net);
    clsnn_npz_finish(&npz);
}

/* Checks every .npz of dir. Returns their number, or -1 without such a folder. */
static int check_folder(const char *dir, bool float32_volts) {
    struct dirent **entries = NULL;
    int n_entries = scandir(dir, &entries, NULL, alphasort), n_files = 0;
    for (int k = 0; k < n_entries; k++) {
        const char *end = strrchr(entries[k]->d_name, '.');
        if (end && strcmp(end, ".npz") == 0) {
            char path[4096];
            assert_true(snprintf(path, sizeof path, "%s/%s", dir, entries[k]->d_name) < (int)sizeof path);
            check_recording(path, float32_volts);
            n_files++;
        }
        free(entries[k]);
    }
    free(entries);
    return n_entries < 0 ? -1 : n_files;
}

static const char *source_root(void) {
    const char *root = getenv("TEST_SOURCE_ROOT");
    return root && *root ? root : ".";
}

static void equals_the_recordings_of_this_repository(void **state) {
    (void)state;
    char dir[2048];
    assert_true(snprintf(dir, sizeof dir, "%s/tests/reference/oracle", source_root()) < (int)sizeof dir);
    int n_files = check_folder(dir, false);
    if (n_files < 3)
        fail_msg("%s: %d recordings, expected 3 (TEST_SOURCE_ROOT names the source tree)", dir,
                 n_files < 0 ? 0 : n_files);
}

static void equals_the_recordings_of_the_laws(void **state) {
    (void)state;
    char dir[2048];
    const char *named = getenv("TEST_ORACLE");
    assert_true(snprintf(dir, sizeof dir, "%s/tests/reference/oracle/rules", source_root()) <
                (int)sizeof dir);
    assert_int_equal(check_folder(dir, false), 9);
    const int length = named && *named
                           ? snprintf(dir, sizeof dir, "%s/rules", named)
                           : snprintf(dir, sizeof dir, "%s/../shared/oracle/rules", source_root());
    assert_true(length < (int)sizeof dir);
    check_folder(dir, true);
}

static void equals_the_large_recordings(void **state) {
    (void)state;
    char dir[2048];
    const char *named = getenv("TEST_ORACLE");
    int length = named && *named ? snprintf(dir, sizeof dir, "%s", named)
                                 : snprintf(dir, sizeof dir, "%s/../shared/oracle", source_root());
    assert_true(length < (int)sizeof dir);
    if (check_folder(dir, true) > 0) return;
    print_error("SKIPPED: no recordings (*.npz) in %s; TEST_ORACLE names another folder\n", dir);
    skip();
}

/* One finished run of a scenario. */
struct run {
    const struct scenario *s;
    struct scenario_data data;
    struct ref_net *net;
    struct ref_spikes exc, inh;
};

static struct run run_scenario(const char *name, enum ref_clamp clamp) {
    struct run run = {.s = scenario_find(name)};
    if (!run.s) fail_msg("no scenario %s", name);
    assert_true(scenario_build(run.s, &run.data));
    run.net = scenario_reference(run.s, &run.data, clamp);
    assert_non_null(run.net);
    assert_true(scenario_run(run.s, &run.data, run.net, &run.exc, &run.inh));
    return run;
}

static void finish_run(struct run *run) {
    ref_spikes_finish(&run->exc);
    ref_spikes_finish(&run->inh);
    ref_destroy(run->net);
    scenario_data_finish(&run->data);
}

static bool fired(const struct ref_spikes *spikes, int64_t step, int32_t neuron) {
    for (size_t k = 0; k < spikes->n; k++)
        if (spikes->spikes[k].step == step && spikes->spikes[k].neuron == neuron) return true;
    return false;
}

static size_t fired_in(const struct ref_spikes *spikes, int64_t first_step, int64_t last_step) {
    size_t n = 0;
    for (size_t k = 0; k < spikes->n; k++)
        n += spikes->spikes[k].step >= first_step && spikes->spikes[k].step <= last_step;
    return n;
}

/* Checks the promises of every scenario in collisions.h, and those of the model. */
static void every_scenario_keeps_its_promises(void **state) {
    (void)state;
    for (size_t k = 0; k < n_scenarios; k++) {
        const struct scenario *s = &scenarios[k];
        struct run run = run_scenario(s->name, REF_CLAMP_OVERSHOOT);
        assert_ptr_equal(run.s, s); /* names are unique */
        print_message("# %s: %zu events, %zu exc, %zu inh spikes, margin %.3g mV\n", s->name,
                      run.data.n_events, run.exc.n, run.inh.n, run.net->margin_mv);
        assert_true(run.net->margin_mv > SCENARIO_MARGIN_MV);
        assert_int_equal(run.net->step, s->n_steps * s->n_presentations);
        assert_true(s->n_volleys == 0 || run.exc.n > 0);
        for (size_t e = 0; e < run.data.n_events; e++) {
            const struct ref_event *event = &run.data.events[e];
            assert_true(event->input >= 0 && event->input < s->n_used);
            assert_true(event->step >= 0 && event->step < s->n_steps * s->n_presentations);
            assert_true(e == 0 || event[-1].step < event->step ||
                        (event[-1].step == event->step && event[-1].input < event->input));
        }
        for (int j = 0; j < s->n_post; j++) {
            /* Every partial sum is exact, so rescaling by a float32 sum changes nothing either. */
            float sum = 0;
            for (int i = 0; i < REF_N_PRE; i++) {
                float w = run.data.w[i * s->n_post + j];
                assert_true(w >= 0 && w <= 1);
                sum += w;
            }
            assert_true((double)sum == s->column_sum);
            assert_true(isfinite(run.net->v_exc[j]) && run.net->v_exc[j] >= -100);
        }
        if (s->refrac_exc_ms == 5) { /* each excitatory spike gives one inhibitory spike, one step later */
            size_t n_last = fired_in(&run.exc, run.net->step - 1, run.net->step - 1);
            assert_int_equal(run.exc.n, run.inh.n + n_last);
            for (size_t e = 0; e < run.inh.n; e++)
                assert_true(fired(&run.exc, run.inh.spikes[e].step - 1, run.inh.spikes[e].neuron));
        }
        finish_run(&run);
    }
}

static void scenario_pre_with_post(void **state) {
    (void)state;
    struct run run = run_scenario("pre_with_post", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 2);
    assert_true(fired(&run.exc, 1, 0) && fired(&run.exc, 41, 0));
    /* Input 77, in the step of the spike: depressed by the trace of step 1, then potentiated with pre = 1.
     * Input 78, one step later: depressed by the fresh trace only. */
    check_near(weight(run.net, 77, 0), 0.5 - 1e-4 * exp(-40 * 0.5 / 20) + 1e-2 * exp(-40 * 0.5 / 40), EXACT);
    check_near(weight(run.net, 78, 0), 0.5 - 1e-4 * exp(-1 * 0.5 / 20), EXACT);
    finish_run(&run);
}

static void scenario_refractory_end(void **state) {
    (void)state;
    struct run run = run_scenario("refractory_end", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 6);
    for (int j = 0; j < 3; j++) assert_true(fired(&run.exc, 1, j));
    assert_true(fired(&run.exc, 11, 0)); /* input in step 10, the last refractory one */
    assert_true(fired(&run.exc, 12, 1)); /* input in step 11 */
    assert_true(fired(&run.exc, 11, 2)); /* input in step 9: over threshold in step 10, but refractory */
    finish_run(&run);

    /* Stopped after step 10, neuron 2 is over threshold and has not fired. */
    run = run_scenario("refractory_end", REF_CLAMP_OVERSHOOT);
    ref_destroy(run.net);
    run.net = scenario_reference(run.s, &run.data, REF_CLAMP_OVERSHOOT);
    ref_normalise(run.net);
    assert_true(ref_present(run.net, run.data.events, run.data.n_events, 11, true, NULL, NULL));
    assert_true(run.net->v_exc[2] > -51 && run.net->n_exc_fired == 0);
    finish_run(&run);
}

static void scenario_upper_bound(void **state) {
    (void)state;
    struct run run = run_scenario("upper_bound", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 2);
    double ltd = 1e-4 * exp(-39 * 0.5 / 20), ltp = 1e-2 * exp(-0.5 / 20) * exp(-40 * 0.5 / 40);
    assert_true(weight(run.net, 0, 0) == 1 && weight(run.net, 41, 0) == 1);
    assert_true(weight(run.net, 42, 0) == 1);
    check_near(weight(run.net, 43, 0), 1 - 1.0 / 64 - ltd + ltp, EXACT);
    assert_true(weight(run.net, 43, 0) < 1 && 1 - 1.0 / 256 - ltd + ltp > 1);
    finish_run(&run);
}

static void scenario_lower_bound(void **state) {
    (void)state;
    struct run run = run_scenario("lower_bound", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 1);
    double ltd = 1e-4 * exp(-0.5 / 20);
    assert_true(weight(run.net, 90, 0) == 0);
    assert_true(weight(run.net, 91, 0) == 0 && 1.0 / 16384 < ltd);
    check_near(weight(run.net, 92, 0), 1.0 / 64 - ltd, EXACT);
    finish_run(&run);
}

static void scenario_normalised_above_bound(void **state) {
    (void)state;
    struct run run = run_scenario("normalised_above_bound", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 1);
    assert_true(fired(&run.exc, 1, 0));
    /* Neuron 0 fired, so its whole column was clipped. Neuron 1 has never fired and its traces are 0. Even
     * so, weights of inputs that spiked are clipped; other weights are not. */
    for (int i = 0; i < 52; i++) check_near(weight(run.net, i, 0), 1, EXACT);
    for (int i = 20; i < 28; i++) check_near(weight(run.net, i, 1), 1, EXACT);
    for (int i = 28; i < 72; i++) check_near(weight(run.net, i, 1), 1.5, EXACT);
    finish_run(&run);
}

static void scenario_empty_image(void **state) {
    (void)state;
    struct run run = run_scenario("empty_image", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n + run.inh.n, 0);
    for (int j = 0; j < run.s->n_post; j++) {
        assert_true(run.net->v_exc[j] == -65 && run.net->v_inh[j] == -60);
        check_near(run.net->theta_mv[j], (double)run.data.theta_mv[j] * pow(1 - 5e-8, 600), EXACT);
        for (int i = 0; i < REF_N_PRE; i++)
            assert_true(weight(run.net, i, j) == (double)run.data.w[i * run.s->n_post + j]);
    }
    finish_run(&run);

    run = run_scenario("empty_image_training_start", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n + run.inh.n, 0);
    check_near(run.net->v_exc[2], -65 - 40 * pow(0.995, 300), EXACT);
    check_near(run.net->v_inh[2], -60 - 40 * pow(0.95, 300), EXACT);
    finish_run(&run);
}

static void scenario_two_together(void **state) {
    (void)state;
    struct run run = run_scenario("two_together", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 2);
    assert_true(fired(&run.exc, 1, 0) && fired(&run.exc, 1, 1) && fired(&run.inh, 2, 0) &&
                fired(&run.inh, 2, 1));
    for (int j = 0; j < 3; j++) check_near(run.net->gi_exc[j], 17 * (j < 2 ? 1 : 2) * pow(0.75, 27), EXACT);
    finish_run(&run);
}

static void scenario_runaway(void **state) {
    (void)state;
    struct run run = run_scenario("runaway", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.exc.n, 120);
    assert_int_equal(fired_in(&run.exc, 1, 1), 60);
    assert_int_equal(fired_in(&run.inh, 2, 2), 60);
    for (size_t e = 0; e < run.exc.n; e++) assert_true(run.exc.spikes[e].neuron < 60);
    finish_run(&run);

    /* Without the clamp the same input runs away: the other neurons fire, and firing goes on. */
    run = run_scenario("runaway", REF_CLAMP_OFF);
    print_message("# runaway without clamp: %zu exc spikes\n", run.exc.n);
    assert_true(run.exc.n > 3 * 120);
    finish_run(&run);
}

static void scenario_inhibitory_refractory(void **state) {
    (void)state;
    struct run run = run_scenario("inhibitory_refractory", REF_CLAMP_OVERSHOOT);
    for (int t = 1; t <= 5; t++) assert_true(fired(&run.exc, t, 0)); /* five steps in a row */
    assert_true(fired(&run.inh, 2, 0));
    assert_int_equal(fired_in(&run.inh, 3, 5), 0); /* driven in 3, 4 and 5, but refractory */
    assert_true(fired(&run.inh, 6, 0));            /* the rest of its g_exc suffices */
    assert_true(run.inh.n < run.exc.n);
    finish_run(&run);
}

static void scenario_presentation_boundary(void **state) {
    (void)state;
    struct run run = run_scenario("presentation_boundary", REF_CLAMP_OVERSHOOT);
    assert_int_equal(run.s->n_steps, 10);
    assert_true(fired(&run.exc, 9, 0) && fired(&run.inh, 10, 0));
    /* Over threshold from step 15 on, but refractory until 19: the period continues across the boundary. */
    assert_true(fired(&run.exc, 19, 0) && fired(&run.inh, 20, 0));
    assert_int_equal(fired_in(&run.exc, 10, 17), 0);
    assert_true(fired(&run.exc, 18, 1));
    finish_run(&run);
}

static void scenario_long_silence(void **state) {
    (void)state;
    struct run run = run_scenario("long_silence", REF_CLAMP_OVERSHOOT);
    assert_int_equal(fired_in(&run.exc, 40, 2650), 0);
    assert_true(fired_in(&run.exc, 0, 39) >= 4 && fired_in(&run.exc, 2651, 2699) >= 2);
    finish_run(&run);
}

static void scenario_competition(void **state) {
    (void)state;
    const int sizes[] = {1, 15, 16, 17, 33, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        char name[32];
        snprintf(name, sizeof name, "competition_%d", sizes[k]);
        struct run run = run_scenario(name, REF_CLAMP_OVERSHOOT);
        assert_int_equal(run.s->n_post, sizes[k]);
        int n_last = 0, n_neurons = 0, n_together = 0;
        for (int j = 0; j < sizes[k]; j++) {
            bool any = false;
            for (size_t e = 0; e < run.exc.n; e++) {
                any = any || run.exc.spikes[e].neuron == j;
                n_last += run.exc.spikes[e].neuron == j && j == sizes[k] - 1;
            }
            n_neurons += any;
        }
        for (size_t e = 1; e < run.exc.n; e++)
            n_together += run.exc.spikes[e].step == run.exc.spikes[e - 1].step;
        assert_true(n_last > 0);               /* the neuron beyond the last full work-group */
        assert_true(n_neurons > sizes[k] / 3); /* many neurons take part */
        if (sizes[k] > 1)
            assert_true(n_together > 0 && fired_in(&run.exc, 59, 59) > 0); /* last step of a presentation */
        if (sizes[k] > 16) assert_true(n_neurons < sizes[k]); /* some neurons are always silenced */
        finish_run(&run);
    }
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v_decays_to_rest),
        cmocka_unit_test(the_clamp_leaves_a_stable_trajectory_alone),
        cmocka_unit_test(the_clamp_stops_an_overshoot),
        cmocka_unit_test(conductances_decay),
        cmocka_unit_test(an_input_acts_one_step_later),
        cmocka_unit_test(theta_decays_only_while_learning),
        cmocka_unit_test(a_constant_drive_fires_at_the_closed_form_interval),
        cmocka_unit_test(refractory_neurons_wait_and_only_inhibitory_v_is_held),
        cmocka_unit_test(an_input_after_a_spike_depresses),
        cmocka_unit_test(an_isolated_spike_never_potentiates),
        cmocka_unit_test(a_triplet_potentiates),
        cmocka_unit_test(a_pair_changes_the_weight_by_the_window),
        cmocka_unit_test(three_rules_change_every_weight),
        cmocka_unit_test(all_pairs_add_up),
        cmocka_unit_test(only_the_nearest_spike_counts),
        cmocka_unit_test(nothing_is_learned_without_learning),
        cmocka_unit_test(inhibition_spares_its_own_partner_and_takes_two_steps),
        cmocka_unit_test(direct_inhibition_acts_in_the_step_of_the_spike),
        cmocka_unit_test(normalising_sets_the_sum_and_keeps_the_shape),
        cmocka_unit_test(the_margin_is_the_distance_to_the_nearest_threshold),
        cmocka_unit_test(equals_the_recordings_of_this_repository),
        cmocka_unit_test(equals_the_recordings_of_the_laws),
        cmocka_unit_test(equals_the_large_recordings),
        cmocka_unit_test(every_scenario_keeps_its_promises),
        cmocka_unit_test(scenario_pre_with_post),
        cmocka_unit_test(scenario_refractory_end),
        cmocka_unit_test(scenario_upper_bound),
        cmocka_unit_test(scenario_lower_bound),
        cmocka_unit_test(scenario_normalised_above_bound),
        cmocka_unit_test(scenario_empty_image),
        cmocka_unit_test(scenario_two_together),
        cmocka_unit_test(scenario_runaway),
        cmocka_unit_test(scenario_inhibitory_refractory),
        cmocka_unit_test(scenario_presentation_boundary),
        cmocka_unit_test(scenario_long_silence),
        cmocka_unit_test(scenario_competition),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
