/* The kernels against closed forms of the rules, against the reference and against recordings of Brian 2.
 * With given input spikes every spike must be equal, potentials must agree within rounding, and bits must not
 * depend on the work-group.
 * TEST_ORACLE (default TEST_SOURCE_ROOT/../shared/oracle) is a folder of larger recordings. */
#include <dirent.h>

#include "clsnn/abi.h"
#include "clsnn/npz.h"
#include "clsnn/replay.h"
#include "reference/collisions.h"
#include "reference/recorded_laws.h"
#include "device/device.h"
#include "device/network.h"
#include "device_fixture.h"

/* A CPU's compiler takes 13 s for each; it runs the same code for 64 and more. */
static const int work_groups[] = {1, 16, 64, 128, 256};
enum { MOST_ON_CPU = 64 };

/* float32 simulations of the model stay within 1e-4 mV of double precision: a few hundred roundings of 4e-6
 * at 65 mV, forgotten with the membrane's time constant. The bound is ten times that, the distance that
 * scenarios keep from thresholds. */
static const double v_tolerance_mv = SCENARIO_MARGIN_MV;
/* A volley adds up to 79 weights. Each sum rounds by at most 2^-24 of itself, often the same way, because
 * many weights are alike: 80 * 2^-24 = 4.8e-6 of the value. The weights themselves add 79 * 6e-8. */
static const double g_tolerance = 1e-5, g_relative = 4.8e-6;
/* A weight has under 100 changes, each rounded by 6e-8, and depression cut off below 4.5e-9 a spike. */
static const double w_tolerance = 1e-5;
/* theta rounds once a presentation and once a spike, by 2e-6 at 32 mV. */
static const double theta_tolerance_mv = 1e-4;

static void check_near(double found, double wanted, double tolerance, const char *who, const char *what,
                       size_t step, size_t index) {
    if (fabs(found - wanted) <= tolerance) return;
    fail_msg("%s: %s[%zu][%zu] = %.9g, wanted %.9g within %g", who, what, step, index, found, wanted,
             tolerance);
}

static double g_within(double g) {
    return g_tolerance + g_relative * fabs(g);
}

static void check_same_bits(const struct clsnn_replay_output *a, const struct clsnn_replay_output *b,
                            uint32_t n_post, const char *who) {
    const size_t n = (size_t)a->n_steps * a->n_probes * sizeof(float);
    const struct {
        const char *name;
        const void *a, *b;
        size_t n_bytes;
    } rows[] = {
        {"exc.step", a->exc.step, b->exc.step, a->exc.n * 4},
        {"exc.neuron", a->exc.neuron, b->exc.neuron, a->exc.n * 4},
        {"inh.step", a->inh.step, b->inh.step, a->inh.n * 4},
        {"inh.neuron", a->inh.neuron, b->inh.neuron, a->inh.n * 4},
        {"v_exc", a->v_exc, b->v_exc, n},
        {"g_exc", a->g_exc, b->g_exc, n},
        {"g_inh", a->g_inh, b->g_inh, n},
        {"v_inh", a->v_inh, b->v_inh, n},
        {"theta_mv", a->theta_mv, b->theta_mv, n},
        {"w_end", a->w_end, b->w_end, CLSNN_N_PRE * (size_t)n_post * 4},
        {"theta_end_mv", a->theta_end_mv, b->theta_end_mv, n_post * sizeof(float)},
    };
    assert_int_equal(a->n_steps, b->n_steps);
    assert_int_equal(a->n_probes, b->n_probes);
    assert_int_equal(a->exc.n, b->exc.n);
    assert_int_equal(a->inh.n, b->inh.n);
    for (size_t r = 0; r < COUNT(rows); r++)
        if (rows[r].n_bytes && memcmp(rows[r].a, rows[r].b, rows[r].n_bytes) != 0)
            fail_msg("%s: %s is not that of a work-group of 1, bit for bit", who, rows[r].name);
}

/* A scenario in the form that clsnn_replay takes. Owns its arrays. */
struct feed {
    struct clsnn_model model;
    struct clsnn_replay_input in;
    int32_t *step, *input;
    struct scenario_data data;
};

static struct feed make_feed(const struct scenario *s) {
    struct feed f = {0};
    assert_true(scenario_build(s, &f.data));
    f.step = malloc((f.data.n_events + 1) * sizeof *f.step);
    f.input = malloc((f.data.n_events + 1) * sizeof *f.input);
    assert_true(f.step && f.input);
    for (size_t e = 0; e < f.data.n_events; e++) {
        f.step[e] = f.data.events[e].step;
        f.input[e] = f.data.events[e].input;
    }
    clsnn_model_defaults(&f.model);
    f.model.refrac_exc_ms = s->refrac_exc_ms;
    f.in = (struct clsnn_replay_input){.label = s->name,
                                       .n_post = (uint32_t)s->n_post,
                                       .steps_on = (uint32_t)s->n_steps,
                                       .n_samples = (uint32_t)s->n_presentations,
                                       .n_events = f.data.n_events,
                                       .event_step = f.step,
                                       .event_input = f.input,
                                       .w0 = f.data.w,
                                       .theta0_mv = f.data.theta_mv,
                                       .learn = s->learn};
    return f;
}

static void drop_feed(struct feed *f) {
    scenario_data_finish(&f->data);
    free(f->step);
    free(f->input);
}

static void check_spikes(const struct clsnn_spike_list *found, const struct ref_spikes *wanted,
                         const char *who, const char *kind) {
    for (size_t k = 0; k < found->n && k < wanted->n; k++)
        if (found->step[k] != wanted->spikes[k].step || found->neuron[k] != wanted->spikes[k].neuron)
            fail_msg("%s: %s spike %zu is (step %d, neuron %d), wanted (%d, %d)", who, kind, k,
                     found->step[k], found->neuron[k], (int)wanted->spikes[k].step, wanted->spikes[k].neuron);
    if (found->n != wanted->n) fail_msg("%s: %zu %s spikes, wanted %zu", who, found->n, kind, wanted->n);
}

/* Runs the reference one step at a time beside the recorded output. */
static void check_against_reference(const struct scenario *s, const struct feed *f,
                                    const struct clsnn_replay_output *out) {
    const struct ref_params params = reference_of(&f->model);
    /* A replay begins at rest, whatever the scenario; a_training_starts_below_rest tests the other start. */
    struct ref_net *net = ref_create(&params, REF_N_PRE, s->n_post, REF_START_REST);
    assert_non_null(net);
    ref_set_weights(net, f->data.w);
    ref_set_theta(net, f->data.theta_mv);
    if (f->in.delay_steps) assert_true(ref_set_delays(net, f->in.delay_steps));
    struct ref_spikes exc = {0}, inh = {0};
    size_t row = 0, n_probes = out->n_probes, step = 0;
    assert_int_equal(out->n_steps, s->n_steps * s->n_presentations);
    for (int k = 0; k < s->n_presentations; k++) {
        if (s->learn) ref_normalise(net);
        for (int t = 0; t < s->n_steps; t++, row += n_probes, step++) {
            assert_true(ref_present(net, f->data.events, f->data.n_events, 1, s->learn, &exc, &inh));
            for (size_t j = 0; j < n_probes; j++) {
                check_near((double)out->v_exc[row + j], net->v_exc[j], v_tolerance_mv, f->in.label, "v_exc",
                           step, j);
                check_near((double)out->v_inh[row + j], net->v_inh[j], v_tolerance_mv, f->in.label, "v_inh",
                           step, j);
                check_near((double)out->g_exc[row + j], net->ge_exc[j], g_within(net->ge_exc[j]), f->in.label,
                           "g_exc", step, j);
                check_near((double)out->g_inh[row + j], net->gi_exc[j], g_within(net->gi_exc[j]), f->in.label,
                           "g_inh", step, j);
                check_near((double)out->theta_mv[row + j], net->theta_mv[j], theta_tolerance_mv, f->in.label,
                           "theta_mv", step, j);
            }
        }
    }
    if (!(net->margin_mv > v_tolerance_mv)) /* else a spike may differ by rounding alone */
        fail_msg("%s: the reference comes within %.1e mV of a threshold", f->in.label, net->margin_mv);
    check_spikes(&out->exc, &exc, f->in.label, "exc");
    check_spikes(&out->inh, &inh, f->in.label, "inh");
    for (size_t i = 0; i < REF_N_PRE; i++)
        for (size_t j = 0; j < (size_t)s->n_post; j++)
            check_near((double)out->w_end[i * (size_t)s->n_post + j], net->w[i * (size_t)s->n_post + j],
                       w_tolerance, f->in.label, "w_end", i, j);
    for (size_t j = 0; j < (size_t)s->n_post; j++)
        check_near((double)out->theta_end_mv[j], net->theta_mv[j], theta_tolerance_mv, f->in.label,
                   "theta_end_mv", 0, j);
    ref_spikes_finish(&exc);
    ref_spikes_finish(&inh);
    ref_destroy(net);
}

static void every_scenario_equals_the_reference(void **state) {
    struct rig *rig = *state;
    for (size_t k = 0; k < n_scenarios; k++) {
        const struct scenario *s = &scenarios[k];
        struct feed f = make_feed(s);
        struct clsnn_replay_output first = {0};
        for (size_t g = 0; g < COUNT(work_groups); g++) {
            if (rig->dev->info.type & CL_DEVICE_TYPE_CPU && work_groups[g] > MOST_ON_CPU) continue;
            /* identity tries several blocks a work-item; kernels for them take a CPU long to compile */
            if (work_groups[g] == 16 && s->n_post > 64) continue;
            const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, work_groups[g]);
            struct clsnn_replay_output out = {0};
            char who[96];
            if (!prog) continue;
            snprintf(who, sizeof who, "%s, work-group %d", s->name, work_groups[g]);
            must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &out));
            if (g == 0) {
                check_against_reference(s, &f, &out);
                first = out;
                continue;
            }
            check_same_bits(&out, &first, f.in.n_post, who);
            clsnn_replay_finish(&out);
        }
        clsnn_replay_finish(&first);
        drop_feed(&f);
    }
}

/* Laws that differ from the default. */
static const struct law {
    const char *name;
    struct choice choices[5];
} laws[] = {
    {"pair", {{"rule", "pair"}, {"eta_pre", "0.003"}}},
    {"powerlaw", {{"rule", "powerlaw"}, {"mu", "3"}}},
    {"symmetric", {{"rule", "symmetric"}, {"eta_pre", "0.01"}, {"mu", "2"}, {"x_tar", "0.1"}}},
    {"exponential", {{"rule", "exponential"}}},
    {"all pairs", {{"pairing", "all"}}},
    {"all pairs, pair", {{"pairing", "all"}, {"rule", "pair"}, {"eta_pre", "0.003"}}},
    {"all pairs, symmetric", {{"pairing", "all"}, {"rule", "symmetric"}, {"eta_pre", "0.003"}}},
    {"direct", {{"inhibition", "direct"}}},
    {"no rescaling", {{"w_norm", "0"}}},
};

/* Returns the largest work-group in which laws are tried. */
static int most_tried(const struct clsnn_laws *l) {
    const char *most = getenv("TEST_WORK_GROUP");
    return most ? atoi(most) : is_tried_in_groups(l) ? 16 : 1;
}

static void every_law_equals_the_reference(void **state) {
    static const char *const names[] = {"pre_with_post",          "upper_bound",           "lower_bound",
                                        "normalised_above_bound", "presentation_boundary", "competition_17",
                                        "competition_33",         "long_silence"};
    struct rig *rig = *state;
    for (size_t k = 0; k < COUNT(laws) * COUNT(names); k++) {
        const struct law *law = &laws[k / COUNT(names)];
        const struct scenario *s = scenario_find(names[k % COUNT(names)]);
        struct clsnn_replay_output out, first = {0};
        char who[96];
        assert_non_null(s);
        struct feed f = make_feed(s);
        choose(&f.model, law->choices, COUNT(law->choices));
        snprintf(who, sizeof who, "%s, %s", law->name, s->name);
        f.in.label = who;
        for (int work_group = 1; work_group <= most_tried(&f.model.laws);
             work_group *= work_group == 1 ? 16 : 4) {
            const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, work_group);
            if (!prog) continue;
            must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &out));
            if (work_group == 1) {
                check_against_reference(s, &f, &out);
                first = out;
                continue;
            }
            check_same_bits(&out, &first, f.in.n_post, who);
            clsnn_replay_finish(&out);
        }
        clsnn_replay_finish(&first);
        drop_feed(&f);
    }
}

/* What neuron 0 of two is shown: it fires when it is told to, and other inputs spike around it. Inputs 0 to
 * DRIVES - 1 make it fire; it is refractory in between. No column is rescaled. */
enum { DRIVES = 42, TRIED = 100, PLAY_STEPS = 200 };
struct play {
    struct clsnn_model model;
    float w[CLSNN_N_PRE * 2];
    int32_t step[128], input[128];
    size_t n_events;
    int fires[2], n_fires;
};

static void start_play(struct play *p, const struct choice *choices, size_t n_choices) {
    *p = (struct play){.n_events = 0};
    clsnn_model_defaults(&p->model);
    choose(&p->model, choices, n_choices);
    p->model.w_norm = 0;
    for (int i = 0; i < DRIVES; i++) p->w[2 * i] = 1;
}

static void add_input(struct play *p, int step, int input) {
    assert_true(p->n_events < COUNT(p->step));
    p->step[p->n_events] = step;
    p->input[p->n_events++] = input;
}

static void add_firing(struct play *p, int step) {
    for (int i = 0; i < DRIVES; i++) add_input(p, step - 1, i);
    p->fires[p->n_fires++] = step;
}

/* Plays in a work-group. The neuron has fired when it was told to. */
static struct clsnn_replay_output play(struct rig *rig, int work_group, const struct play *p) {
    static const float theta[2] = {20, 1000};
    const struct clsnn_replay_input in = {.n_post = 2,
                                          .steps_on = PLAY_STEPS,
                                          .n_samples = 1,
                                          .n_events = p->n_events,
                                          .event_step = p->step,
                                          .event_input = p->input,
                                          .w0 = p->w,
                                          .theta0_mv = theta,
                                          .learn = true};
    struct clsnn_replay_output out;
    must(clsnn_replay(rig->dev, rig_program(rig, CLSNN_PROGRAM_REPLAY, work_group), &p->model, &in, &out));
    assert_int_equal(out.exc.n, p->n_fires);
    for (int k = 0; k < p->n_fires; k++)
        assert_true(out.exc.step[k] == p->fires[k] && out.exc.neuron[k] == 0);
    return out;
}

/* Rule pair has the window of Kim & Kim (2020), Eq. 2: an input's spike and one of the neuron, `lag` steps
 * later, change the weight by eta_post exp(-lag dt / tau_pre), or by -eta_pre exp(lag dt / tau_post1) for
 * lag < 0. The spike that comes first has another one 12 steps before it: with pairing all that pair counts
 * too. */
static void the_pair_window_is_the_closed_form(void **state) {
    static const int lags[] = {0,  1,  2,  3,  5,  8,   13,  20,  30,  40,  50,
                               -1, -2, -3, -5, -8, -13, -20, -40, -80, -110};
    static const char *const pairings[] = {"nearest", "all"};
    enum { FIRED = 75, BEFORE = 12 };
    for (size_t k = 0; k < COUNT(lags) * COUNT(pairings); k++) {
        const int lag = lags[k / COUNT(pairings)];
        const char *pairing = pairings[k % COUNT(pairings)];
        struct play p;
        start_play(&p, (const struct choice[]){{"rule", "pair"}, {"eta_pre", "0.01"}, {"pairing", pairing}},
                   3);
        p.w[2 * TRIED] = p.w[2 * TRIED + 2] = 1.0f / 32; /* too weak to move the spike */
        double wanted = lag < 0 ? -0.01 * exp(lag * 0.5 / 20) : 0.01 * exp(-lag * 0.5 / 20);
        if (k % COUNT(pairings) == 1) wanted *= 1 + exp(-BEFORE * 0.5 / 20);
        if (lag < 0) add_firing(&p, FIRED - BEFORE);
        add_firing(&p, FIRED);
        if (lag >= 0) add_input(&p, FIRED - lag - BEFORE, TRIED);
        add_input(&p, FIRED - lag, TRIED);
        for (int work_group = 1; work_group <= most_tried(&p.model.laws);
             work_group *= work_group == 1 ? 16 : 4) {
            if (!rig_program(*state, CLSNN_PROGRAM_REPLAY, work_group)) continue;
            struct clsnn_replay_output out = play(*state, work_group, &p);
            const double found = (double)out.w_end[2 * TRIED] - 1.0 / 32;
            if (!(fabs(found - wanted) <= 1e-6))
                fail_msg("pairing %s, work-group %d, lag %d: changes by %.9g, wanted %.9g", pairing,
                         work_group, lag, found, wanted);
            assert_true(out.w_end[2 * TRIED + 2] == 1.0f / 32); /* its input was silent */
            clsnn_replay_finish(&out);
        }
    }
}

/* Returns weight w after one spike of its input, when the neuron's trace is y (kernels/README.md). */
static double after_input(const struct clsnn_model *m, double w, double y) {
    switch (m->laws.rule) {
    case CLSNN_RULE_TRIPLET:
    case CLSNN_RULE_PAIR: return fmax(w - m->eta_pre * y, 0);
    case CLSNN_RULE_SYMMETRIC: return fmax(w - m->w_max * m->eta_pre * y * pow(w / m->w_max, m->mu), 0);
    default: return w;
    }
}

/* Returns weight w after one spike of its neuron, when the traces are x and y2. */
static double after_firing(const struct clsnn_model *m, double w, double x, double y2) {
    const double u = w / m->w_max;
    switch (m->laws.rule) {
    case CLSNN_RULE_TRIPLET: w += m->eta_post * x * y2; break;
    case CLSNN_RULE_PAIR: w += m->eta_post * x; break;
    case CLSNN_RULE_POWERLAW:
    case CLSNN_RULE_SYMMETRIC: w += m->w_max * m->eta_post * (x - m->x_tar) * pow(1 - u, m->mu); break;
    default: w += m->w_max * m->eta_post * (x * exp(-m->beta * u) - m->x_tar * exp(-m->beta * (1 - u)));
    }
    return fmin(fmax(w, 0), m->w_max);
}

/* One step of each rule at weights of 0, w_max / 2 and w_max, from inputs that spike and from silent ones. A
 * spike of the neuron is tried with eta_pre 0, one of the inputs with eta_post 0. Rule triplet needs a spike
 * of the neuron before. */
static void every_rules_step_is_the_closed_form(void **state) {
    static const char *const rules[] = {"triplet", "pair", "powerlaw", "symmetric", "exponential"};
    enum { FIRED = 60, GAP = 45, EARLIER = 5, LATER = 8, TRIES = 3, MOST_MU = 4, KINDS = 2 };
    for (int k = 0; k < (int)COUNT(rules) * (MOST_MU + 1) * 2 * KINDS; k++) {
        const bool by_firing = k % KINDS == 0;
        const char *rule = rules[k / KINDS / 2 / (MOST_MU + 1)];
        struct play p;
        start_play(&p, &(const struct choice){"rule", rule}, 1);
        struct clsnn_model *m = &p.model;
        m->mu = k / KINDS / 2 % (MOST_MU + 1);
        m->w_max = k / KINDS % 2 ? 2 : 1;
        m->eta_pre = by_firing ? 0 : 0.01;
        m->eta_post = by_firing ? 0.02 : 0;
        m->x_tar = 0.3;
        m->refrac_exc_ms = GAP * CLSNN_DT_MS;
        const bool is_triplet = m->laws.rule == CLSNN_RULE_TRIPLET;
        if (by_firing && is_triplet) add_firing(&p, FIRED - GAP);
        add_firing(&p, FIRED);
        for (int i = 0; i < TRIES; i++) {
            p.w[2 * (TRIED + i)] = p.w[2 * (TRIED + TRIES + i)] = (float)(i * m->w_max / 2);
            add_input(&p, by_firing ? FIRED - EARLIER : FIRED + LATER, TRIED + i);
        }
        const double x = exp(-EARLIER * 0.5 / 20), y = exp(-LATER * 0.5 / 20), y2 = exp(-GAP * 0.5 / 40);
        for (int work_group = 1; work_group <= most_tried(&m->laws); work_group *= work_group == 1 ? 16 : 4) {
            if (!rig_program(*state, CLSNN_PROGRAM_REPLAY, work_group)) continue;
            struct clsnn_replay_output out = play(*state, work_group, &p);
            for (int i = 0; i < 2 * TRIES; i++) {
                const double w = (double)p.w[2 * (TRIED + i)], found = (double)out.w_end[2 * (TRIED + i)];
                const bool is_silent = i >= TRIES;
                const double wanted = by_firing   ? after_firing(m, w, is_silent ? 0 : x, y2)
                                      : is_silent ? w
                                                  : after_input(m, w, y);
                if (!(fabs(found - wanted) <= 1e-6))
                    fail_msg("rule %s, mu %d, work-group %d, %s %s: w = %g becomes %.9g, wanted %.9g", rule,
                             m->mu, work_group, is_silent ? "silent input," : "input,",
                             by_firing ? "neuron fires" : "spikes", w, found, wanted);
            }
            clsnn_replay_finish(&out);
        }
    }
}

/* Random input spikes, weights and delays for a small network. */
enum { DELAYED_ON = 120, DELAYED_OFF = 64, DELAYED_USED = 160, DELAYED_POST = 6 };
static const struct scenario delayed = {.name = "delays",
                                        .n_post = DELAYED_POST,
                                        .n_steps = DELAYED_ON + DELAYED_OFF,
                                        .n_presentations = 2,
                                        .refrac_exc_ms = 5,
                                        .learn = true};

static struct feed make_delayed_feed(uint64_t seed, int least, int most, int32_t *delays) {
    struct feed f = {.data = {.w = calloc(REF_N_PRE * DELAYED_POST, sizeof(float)),
                              .theta_mv = calloc(DELAYED_POST, sizeof(float)),
                              .events = calloc(2 * DELAYED_ON * DELAYED_USED, sizeof(struct ref_event))}};
    assert_true(f.data.w && f.data.theta_mv && f.data.events);
    for (int i = 0; i < DELAYED_USED * DELAYED_POST; i++)
        f.data.w[i] = (float)(next_random(&seed) % 48 + 8) / 64.0f;
    for (int j = 0; j < DELAYED_POST; j++) f.data.theta_mv[j] = 20.0f;
    for (int i = 0; i < REF_N_PRE * DELAYED_POST; i++)
        delays[i] = least + (int)(next_random(&seed) % (uint64_t)(most - least + 1));
    f.step = calloc(2 * DELAYED_ON * DELAYED_USED, sizeof *f.step);
    f.input = calloc(2 * DELAYED_ON * DELAYED_USED, sizeof *f.input);
    assert_true(f.step && f.input);
    for (int t = 0; t < 2 * DELAYED_ON; t++)
        for (int i = 0; i < DELAYED_USED; i++) {
            if (next_random(&seed) % 50 != 0) continue;
            const int32_t step = t / DELAYED_ON * DELAYED_OFF + t;
            f.step[f.data.n_events] = step;
            f.input[f.data.n_events] = i;
            f.data.events[f.data.n_events++] = (struct ref_event){.step = step, .input = i};
        }
    clsnn_model_defaults(&f.model);
    f.in = (struct clsnn_replay_input){.label = delayed.name,
                                       .n_post = DELAYED_POST,
                                       .steps_on = DELAYED_ON,
                                       .steps_off = DELAYED_OFF,
                                       .n_samples = 2,
                                       .n_events = f.data.n_events,
                                       .event_step = f.step,
                                       .event_input = f.input,
                                       .w0 = f.data.w,
                                       .theta0_mv = f.data.theta_mv,
                                       .delay_steps = delays,
                                       .learn = true};
    return f;
}

/* Returns whether the reference fires often and keeps away from thresholds, where rounding would decide. */
static bool is_decisive(const struct feed *f) {
    const struct ref_params params = reference_of(&f->model);
    struct ref_net *net = ref_create(&params, REF_N_PRE, DELAYED_POST, REF_START_REST);
    struct ref_spikes exc = {0};
    assert_non_null(net);
    ref_set_weights(net, f->data.w);
    ref_set_theta(net, f->data.theta_mv);
    assert_true(ref_set_delays(net, f->in.delay_steps));
    for (int k = 0; k < 2; k++) {
        ref_normalise(net);
        assert_true(ref_present(net, f->data.events, f->data.n_events, delayed.n_steps, true, &exc, NULL));
    }
    const bool is = net->margin_mv > 2 * v_tolerance_mv && exc.n >= 8;
    ref_spikes_finish(&exc);
    ref_destroy(net);
    return is;
}

static void delays_equal_the_reference(void **state) {
    static const struct {
        const char *name;
        int least, most, work_group;
        struct choice choices[4];
    } cases[] = {
        {"delays", 0, 20, 16, {{"eta_pre", "0.003"}}},
        {"delays of one step", 1, 1, 1, {{"eta_pre", "0.003"}}},
        {"the longest delays, all pairs, symmetric",
         3,
         63,
         1,
         {{"pairing", "all"}, {"rule", "symmetric"}, {"eta_pre", "0.01"}}},
        {"delays, powerlaw, direct", 0, 20, 1, {{"rule", "powerlaw"}, {"inhibition", "direct"}}},
    };
    static int32_t delays[REF_N_PRE * DELAYED_POST];
    struct rig *rig = *state;
    for (size_t k = 0; k < COUNT(cases); k++) {
        struct feed f = {.step = NULL};
        struct clsnn_replay_output out, first = {0};
        bool found = false;
        for (uint64_t seed = 1; !found && seed < 1000; seed++) {
            drop_feed(&f);
            f = make_delayed_feed(seed, cases[k].least, cases[k].most, delays);
            choose(&f.model, cases[k].choices, COUNT(cases[k].choices));
            found = is_decisive(&f);
        }
        assert_true(found);
        f.in.label = cases[k].name;
        for (int work_group = 1; work_group <= cases[k].work_group; work_group *= 16) {
            const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, work_group);
            if (!prog) continue;
            must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &out));
            if (work_group == 1) {
                check_against_reference(&delayed, &f, &out);
                first = out;
                continue;
            }
            check_same_bits(&out, &first, f.in.n_post, cases[k].name);
            clsnn_replay_finish(&out);
        }
        clsnn_replay_finish(&first);
        drop_feed(&f);
    }
}

/* The first image of a training starts 40 mV below rest; a replay cannot. One presentation without ink, cut
 * short after some steps, shows v. */
static void a_training_starts_below_rest(void **state) {
    struct rig *rig = *state;
    const struct scenario *s = scenario_find("empty_image_training_start");
    struct scenario_data data;
    const uint8_t blank[PIXELS] = {0};
    assert_non_null(s);
    assert_true(scenario_build(s, &data));
    cl_mem pixels = upload_pixels(rig, blank, 1);
    const int after[] = {1, 2, 3, 50, 300};
    for (size_t k = 0; k < COUNT(after); k++) {
        struct clsnn_model model;
        clsnn_model_defaults(&model);
        model.time_on_ms = after[k] * CLSNN_DT_MS;
        model.time_off_ms = 0;
        struct clsnn_network *net = make_network(rig, 1, &model, 1, s->n_post);
        must(clsnn_network_set(net, 0, data.w, data.theta_mv));
        show_once(net, pixels, 0);
        float *v = read_row(rig, net, CLSNN_ROW_v_exc);
        struct ref_net *ref = scenario_reference(s, &data, REF_CLAMP_OVERSHOOT);
        assert_non_null(ref);
        ref_normalise(ref);
        assert_true(ref_present(ref, NULL, 0, after[k], true, NULL, NULL));
        for (size_t j = 0; j < (size_t)s->n_post; j++)
            check_near((double)v[j] + model.v_rest_exc_mv, ref->v_exc[j], v_tolerance_mv, s->name, "v_exc",
                       (size_t)after[k], j);
        ref_destroy(ref);
        free(v);
        clsnn_network_destroy(net);
    }
    clsnn_buffer_release(rig->dev, &pixels);
    scenario_data_finish(&data);
}

static const struct clsnn_array *get(const struct clsnn_npz *npz, const char *file, const char *name,
                                     enum clsnn_dtype dtype, int n_dims) {
    const struct clsnn_array *array = NULL;
    must(clsnn_npz_get(npz, file, name, dtype, n_dims, (const size_t[]){0, 0}, &array));
    return array;
}

static int32_t get_i4(const struct clsnn_npz *npz, const char *file, const char *name) {
    return *(const int32_t *)get(npz, file, name, CLSNN_I4, 0)->data;
}

static int by_step_and_neuron(const void *left, const void *right) {
    const struct ref_spike *a = left, *b = right;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    return (a->neuron > b->neuron) - (a->neuron < b->neuron);
}

/* Compares recorded spikes after sorting: a recording has no fixed order within a step. */
static void check_recorded_spikes(const struct clsnn_spike_list *found, const struct clsnn_array *step,
                                  const struct clsnn_array *neuron, const char *file, const char *kind) {
    struct ref_spikes wanted = {.n = step->shape[0],
                                .spikes = calloc(step->shape[0] + 1, sizeof *wanted.spikes)};
    assert_non_null(wanted.spikes);
    assert_int_equal(neuron->shape[0], wanted.n);
    for (size_t k = 0; k < wanted.n; k++)
        wanted.spikes[k] =
            (struct ref_spike){((const int32_t *)step->data)[k], ((const int32_t *)neuron->data)[k]};
    qsort(wanted.spikes, wanted.n, sizeof *wanted.spikes, by_step_and_neuron);
    check_spikes(found, &wanted, file, kind);
    free(wanted.spikes);
}

/* Returns the largest difference over the columns that both have; NaN counts as infinite. */
static double worst_difference(const float *found, size_t n_rows, size_t n_found,
                               const struct clsnn_array *wanted) {
    const size_t n_columns = n_found < wanted->shape[1] ? n_found : wanted->shape[1];
    double worst = 0;
    assert_true(n_columns > 0 && wanted->shape[0] == n_rows);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t c = 0; c < n_columns; c++) {
            const double d = fabs((double)found[r * n_found + c] -
                                  ((const double *)wanted->data)[r * wanted->shape[1] + c]);
            if (!(d <= worst)) worst = isnan(d) ? (double)INFINITY : d;
        }
    return worst;
}

static void check_recording(struct rig *rig, const char *path) {
    const char *file = strrchr(path, '/') + 1;
    struct clsnn_npz npz = {0};
    struct clsnn_model model;
    must(clsnn_npz_read(path, (size_t)64 << 20, &npz));
    if (!recorded_laws(path, &model)) fail_msg("%s: %s", path, clsnn_error_text());
    const bool has_layer = model.laws.inhibition == CLSNN_INHIBITION_LAYER;
    const struct clsnn_array *w0 = get(&npz, file, "w0", CLSNN_F4, 2);
    const struct clsnn_replay_input in = {.label = file,
                                          .n_post = (uint32_t)w0->shape[1],
                                          .steps_on = (uint32_t)get_i4(&npz, file, "steps_on"),
                                          .steps_off = (uint32_t)get_i4(&npz, file, "steps_off"),
                                          .n_samples = (uint32_t)get_i4(&npz, file, "n_samples"),
                                          .n_events = get(&npz, file, "event_step", CLSNN_I4, 1)->shape[0],
                                          .event_step = get(&npz, file, "event_step", CLSNN_I4, 1)->data,
                                          .event_input = get(&npz, file, "event_input", CLSNN_I4, 1)->data,
                                          .w0 = w0->data,
                                          .theta0_mv = get(&npz, file, "theta0_mv", CLSNN_F4, 1)->data,
                                          .delay_steps = recorded_delays(&npz),
                                          .learn = get_i4(&npz, file, "learn") != 0};
    if (in.learn) model.w_norm = (double)*(const float *)get(&npz, file, "norm", CLSNN_F4, 0)->data;
    struct clsnn_replay_output first = {0};
    if (in.delay_steps) model.laws.delay_max = 1; /* the replay takes the longest of the recording */
    const bool is_default = memcmp(&model.laws, &default_laws, sizeof default_laws) == 0;
    const bool skips_16 = is_default && !getenv("TEST_WORK_GROUP");
    const int most = skips_16 ? 64 : most_tried(&model.laws);
    for (int work_group = 1; work_group <= most; work_group *= work_group == 1 ? 16 : 4) {
        if (skips_16 && work_group == 16) continue;
        const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, work_group);
        struct clsnn_replay_output out = {0};
        if (!prog) continue;
        must(clsnn_replay(rig->dev, prog, &model, &in, &out));
        if (work_group > 1) {
            check_same_bits(&out, &first, in.n_post, file);
            clsnn_replay_finish(&out);
            continue;
        }
        first = out;
        check_recorded_spikes(&out.exc, get(&npz, file, "exc_step", CLSNN_I4, 1),
                              get(&npz, file, "exc_neuron", CLSNN_I4, 1), file, "exc");
        check_recorded_spikes(&out.inh, get(&npz, file, "inh_step", CLSNN_I4, 1),
                              get(&npz, file, "inh_neuron", CLSNN_I4, 1), file, "inh");
        const double v =
            worst_difference(out.v_exc, out.n_steps, out.n_probes, get(&npz, file, "v_exc", CLSNN_F8, 2));
        const double ge =
            worst_difference(out.g_exc, out.n_steps, out.n_probes, get(&npz, file, "ge_exc", CLSNN_F8, 2));
        const double gi =
            worst_difference(out.g_inh, out.n_steps, out.n_probes, get(&npz, file, "gi_exc", CLSNN_F8, 2));
        const double v_inh = has_layer ? worst_difference(out.v_inh, out.n_steps, out.n_probes,
                                                          get(&npz, file, "v_inh", CLSNN_F8, 2))
                                       : 0;
        const double w =
            worst_difference(out.w_end, CLSNN_N_PRE, in.n_post, get(&npz, file, "w_end", CLSNN_F8, 2));
        double theta = 0;
        const double *theta_end = get(&npz, file, "theta_end_mv", CLSNN_F8, 1)->data;
        for (uint32_t j = 0; j < in.n_post; j++)
            theta = fmax(theta, fabs((double)out.theta_end_mv[j] - theta_end[j]));
        print_message(
            "# %s: %zu exc, %zu inh spikes; worst v_exc %.1e ge %.1e gi %.1e v_inh %.1e w %.1e theta %.1e\n",
            file, out.exc.n, out.inh.n, v, ge, gi, v_inh, w, theta);
        assert_true(v <= v_tolerance_mv);
        assert_true(v_inh <= v_tolerance_mv);
        assert_true(ge <= g_within(10)); /* the largest values that occur */
        assert_true(gi <= g_within(100));
        assert_true(w <= w_tolerance);
        assert_true(theta <= theta_tolerance_mv);
    }
    clsnn_replay_finish(&first);
    clsnn_npz_finish(&npz);
}

static int check_folder(struct rig *rig, const char *dir) {
    struct dirent **entries = NULL;
    const int n_entries = scandir(dir, &entries, NULL, alphasort);
    int n_files = 0;
    for (int k = 0; k < n_entries; k++) {
        const char *end = strrchr(entries[k]->d_name, '.');
        if (end && strcmp(end, ".npz") == 0) {
            char path[4096];
            assert_true(snprintf(path, sizeof path, "%s/%s", dir, entries[k]->d_name) < (int)sizeof path);
            check_recording(rig, path);
            n_files++;
        }
        free(entries[k]);
    }
    free(entries);
    return n_files;
}

static const char *source_root(void) {
    const char *root = getenv("TEST_SOURCE_ROOT");
    return root && *root ? root : ".";
}

static void equals_the_recordings_of_this_repository(void **state) {
    char dir[2048];
    assert_true(snprintf(dir, sizeof dir, "%s/tests/reference/oracle", source_root()) < (int)sizeof dir);
    assert_int_equal(check_folder(*state, dir), 3);
}

static void equals_the_large_recordings(void **state) {
    char dir[2048];
    const char *named = getenv("TEST_ORACLE");
    const int length = named && *named ? snprintf(dir, sizeof dir, "%s", named)
                                       : snprintf(dir, sizeof dir, "%s/../shared/oracle", source_root());
    assert_true(length < (int)sizeof dir);
    if (check_folder(*state, dir) > 0) return;
    print_error("SKIPPED: no recordings (*.npz) in %s; TEST_ORACLE names another folder\n", dir);
    skip();
}

/* Brian 2's recordings of every law: rules/ beside the others. */
static void equals_the_recordings_of_the_laws(void **state) {
    char dir[2048];
    const char *named = getenv("TEST_ORACLE");
    assert_true(snprintf(dir, sizeof dir, "%s/tests/reference/oracle/rules", source_root()) <
                (int)sizeof dir);
    assert_int_equal(check_folder(*state, dir), 9);
    const int length = named && *named
                           ? snprintf(dir, sizeof dir, "%s/rules", named)
                           : snprintf(dir, sizeof dir, "%s/../shared/oracle/rules", source_root());
    assert_true(length < (int)sizeof dir);
    check_folder(*state, dir);
}

static void refuses_bad_input(void **state) {
    struct rig *rig = *state;
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, 1);
    struct clsnn_model model;
    static float w[CLSNN_N_PRE], theta[1] = {20};
    clsnn_model_defaults(&model);
    const struct {
        const char *what, *part;
        uint32_t on, off, samples;
        int32_t step[2], input[2];
    } rows[] = {
        {"step beyond the end", "event 1", 10, 10, 2, {0, 40}, {0, 0}},
        {"step below 0", "event 1", 10, 10, 2, {0, -1}, {0, 0}},
        {"the lowest step there is", "event 0", 10, 10, 2, {INT32_MIN, 0}, {0, 0}},
        {"input 784", "event 1", 10, 10, 2, {0, 1}, {0, 784}},
        {"input -1", "event 0", 10, 10, 2, {0, 1}, {-1, 0}},
        {"twice in a step", "twice", 10, 10, 2, {25, 25}, {783, 783}},
        {"first step of the rest", "event 1", 10, 10, 2, {9, 10}, {0, 0}},
        {"last step of the second rest", "event 1", 10, 10, 2, {29, 39}, {0, 0}},
        {"no steps", "steps_on", 0, 10, 1, {0, 1}, {0, 1}},
        {"too many steps with input", "steps_on", CLSNN_MAX_ON + 1, 0, 1, {0, 1}, {0, 1}},
        {"too many steps", "steps_off", CLSNN_MAX_ON, CLSNN_MAX_STEPS - CLSNN_MAX_ON + 1, 1, {0, 1}, {0, 1}},
        {"steps that overflow", "steps_off", 1, UINT32_MAX, 1, {0, 1}, {0, 1}},
        {"no samples", "n_samples", 10, 0, 0, {0, 1}, {0, 1}},
        {"samples that overflow", "n_samples", 10, 0, UINT32_MAX, {0, 1}, {0, 1}},
    };
    for (size_t k = 0; k < COUNT(rows); k++) {
        const struct clsnn_replay_input in = {.label = "in.npz",
                                              .n_post = 1,
                                              .steps_on = rows[k].on,
                                              .steps_off = rows[k].off,
                                              .n_samples = rows[k].samples,
                                              .n_events = 2,
                                              .event_step = rows[k].step,
                                              .event_input = rows[k].input,
                                              .w0 = w,
                                              .theta0_mv = theta,
                                              .learn = true};
        struct clsnn_replay_output out, before;
        memset(&out, 0x5a, sizeof out);
        memcpy(&before, &out, sizeof out);
        const size_t allocated = rig->dev->allocated_bytes;
        const enum clsnn_status st = clsnn_replay(rig->dev, prog, &model, &in, &out);
        if (st != CLSNN_E_DATA || !strstr(clsnn_error_text(), rows[k].part))
            fail_msg("%s: status %d, text: %s", rows[k].what, (int)st, clsnn_error_text());
        assert_memory_equal(&out, &before, sizeof out); /* a failed replay writes nothing */
        assert_int_equal(rig->dev->allocated_bytes, allocated);
        clsnn_error_clear();
    }
}

/* Events may come in any order: the output keeps its bits. */
static void takes_events_in_any_order(void **state) {
    struct rig *rig = *state;
    const struct scenario *s = scenario_find("competition_16");
    struct feed f = make_feed(s);
    struct clsnn_replay_output sorted = {0}, shuffled = {0};
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, 1);
    uint64_t seed = 7;
    must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &sorted));
    for (size_t e = f.in.n_events; e > 1; e--) {
        const size_t other = next_random(&seed) % e;
        const int32_t step = f.step[e - 1], input = f.input[e - 1];
        f.step[e - 1] = f.step[other];
        f.input[e - 1] = f.input[other];
        f.step[other] = step;
        f.input[other] = input;
    }
    must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &shuffled));
    check_same_bits(&shuffled, &sorted, f.in.n_post, "events in another order");
    clsnn_replay_finish(&sorted);
    clsnn_replay_finish(&shuffled);
    drop_feed(&f);
}

/* Chosen neurons, in any order and twice, have the values that a record of all neurons has. */
static void records_chosen_neurons(void **state) {
    static const int32_t chosen[] = {30, 2, 9, 30, 0};
    struct rig *rig = *state;
    struct feed f = make_feed(scenario_find("competition_33"));
    int32_t all[33];
    for (int32_t j = 0; j < 33; j++) all[j] = j;
    for (int work_group = 1; work_group <= 16; work_group *= 16) {
        const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, work_group);
        struct clsnn_replay_output some, whole;
        if (!prog) continue;
        f.in.probed = all;
        f.in.n_probed = 33;
        must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &whole));
        f.in.probed = chosen;
        f.in.n_probed = COUNT(chosen);
        must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &some));
        assert_int_equal(some.n_probes, COUNT(chosen));
        const float *const found[] = {some.v_exc, some.g_exc, some.g_inh, some.v_inh, some.theta_mv},
                           *const wanted[] = {whole.v_exc, whole.g_exc, whole.g_inh, whole.v_inh,
                                              whole.theta_mv};
        for (size_t r = 0; r < COUNT(found); r++)
            for (size_t t = 0; t < some.n_steps; t++)
                for (size_t k = 0; k < COUNT(chosen); k++)
                    assert_memory_equal(&found[r][t * COUNT(chosen) + k],
                                        &wanted[r][t * 33 + (size_t)chosen[k]], sizeof(float));
        clsnn_replay_finish(&some);
        clsnn_replay_finish(&whole);
    }
    f.in.probed = (const int32_t[]){33};
    f.in.n_probed = 1;
    struct clsnn_replay_output none;
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, 1);
    assert_int_equal(clsnn_replay(rig->dev, prog, &f.model, &f.in, &none), CLSNN_E_DATA);
    assert_non_null(strstr(clsnn_error_text(), "neuron 33 is to be recorded: must be in [0, 33)"));
    clsnn_error_clear();
    drop_feed(&f);
}

/* With from_rest each sample does what the first does. */
static void samples_may_start_from_rest(void **state) {
    struct rig *rig = *state;
    const struct scenario *s = scenario_find("competition_16");
    struct feed f = make_feed(s);
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_REPLAY, 1);
    const size_t n = f.in.n_events;
    int32_t *step = malloc(2 * n * sizeof *step), *input = malloc(2 * n * sizeof *input);
    struct clsnn_replay_output once, twice;
    assert_true(step && input);
    for (size_t e = 0; e < n; e++) {
        step[e] = f.step[e] % s->n_steps;
        step[n + e] = step[e] + s->n_steps;
        input[e] = input[n + e] = f.input[e];
    }
    size_t n_first = 0; /* events of the first sample alone */
    while (n_first < n && f.step[n_first] < s->n_steps) n_first++;
    memmove(step + n_first, step + n, n_first * sizeof *step);
    memmove(input + n_first, input + n, n_first * sizeof *input);
    f.in.event_step = step;
    f.in.event_input = input;
    f.in.learn = false;
    f.in.from_rest = true;
    f.in.n_events = n_first;
    f.in.n_samples = 1;
    must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &once));
    f.in.n_events = 2 * n_first;
    f.in.n_samples = 2;
    must(clsnn_replay(rig->dev, prog, &f.model, &f.in, &twice));
    assert_true(once.exc.n > 0);
    assert_int_equal(twice.exc.n, 2 * once.exc.n);
    const size_t values = (size_t)once.n_steps * once.n_probes;
    assert_memory_equal(twice.v_exc, once.v_exc, values * sizeof(float));
    assert_memory_equal(twice.v_exc + values, once.v_exc, values * sizeof(float));
    assert_memory_equal(twice.g_inh + values, once.g_inh, values * sizeof(float));
    clsnn_replay_finish(&once);
    clsnn_replay_finish(&twice);
    free(step);
    free(input);
    drop_feed(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_equals_the_reference),
        cmocka_unit_test(every_law_equals_the_reference),
        cmocka_unit_test(the_pair_window_is_the_closed_form),
        cmocka_unit_test(every_rules_step_is_the_closed_form),
        cmocka_unit_test(delays_equal_the_reference),
        cmocka_unit_test(a_training_starts_below_rest),
        cmocka_unit_test(equals_the_recordings_of_this_repository),
        cmocka_unit_test(equals_the_large_recordings),
        cmocka_unit_test(equals_the_recordings_of_the_laws),
        cmocka_unit_test(refuses_bad_input),
        cmocka_unit_test(takes_events_in_any_order),
        cmocka_unit_test(records_chosen_neurons),
        cmocka_unit_test(samples_may_start_from_rest),
    };
    return run_device_suite("replay", tests);
}
