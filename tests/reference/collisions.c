/* The scenarios of collisions.h. They make a spike as follows. v rests 13 mV below threshold (theta is 20
 * mV). 42 inputs of weight 1 in step n lift v by 0.005 * 42 * 65 = 13.65 mV in step n + 1, where the neuron
 * fires. The rest of g_exc then brings v close to threshold again without reaching it. */
#include "collisions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SUM      78 /* rescaling leaves a column of this sum as it is */
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void set_rows(float *w, int n_post, int j, int first, int end, float value) {
    for (int i = first; i < end; i++) w[(size_t)i * (size_t)n_post + (size_t)j] = value;
}

/* Neuron j has weight 1 from inputs 78 j .. 78 j + 77. */
static void fill_blocks(int n_post, float *w, float *theta_mv) {
    (void)theta_mv;
    for (int j = 0; j < n_post; j++) set_rows(w, n_post, j, SUM * j, SUM * (j + 1), 1.0F);
}

/* Inputs 0 .. 76 have weight 1; two have 1/2, with room for change either way. */
static void fill_pre_with_post(int n_post, float *w, float *theta_mv) {
    (void)theta_mv;
    set_rows(w, n_post, 0, 0, 77, 1.0F);
    set_rows(w, n_post, 0, 77, 79, 0.5F);
}

/* Inputs 0 .. 41 are at the upper bound, 42 within one potentiation of it, 43 further away. */
static void fill_upper_bound(int n_post, float *w, float *theta_mv) {
    (void)theta_mv;
    set_rows(w, n_post, 0, 0, 78, 1.0F);
    set_rows(w, n_post, 0, 42, 43, 1.0F - 1.0F / 256);
    set_rows(w, n_post, 0, 43, 44, 1.0F - 1.0F / 64);
    set_rows(w, n_post, 0, 78, 79, 5.0F / 256);
}

/* Input 90 is at the lower bound, 91 within one depression of it, 92 further away. */
static void fill_lower_bound(int n_post, float *w, float *theta_mv) {
    (void)theta_mv;
    set_rows(w, n_post, 0, 0, 77, 1.0F);
    set_rows(w, n_post, 0, 91, 92, 1.0F / 16384);
    set_rows(w, n_post, 0, 92, 93, 1.0F / 64);
    set_rows(w, n_post, 0, 93, 94, 1.0F - 1.0F / 64 - 1.0F / 16384);
}

/* 52 inputs of weight 1, which rescaling makes 1.5. Neuron 1 shares inputs 20 .. 27 with the volley that
 * fires neuron 0. */
static void fill_above_bound(int n_post, float *w, float *theta_mv) {
    (void)theta_mv;
    set_rows(w, n_post, 0, 0, 52, 1.0F);
    set_rows(w, n_post, 1, 20, 72, 1.0F);
}

/* Neurons 0 .. 59 are alike; the inputs of neurons 60 and up stay silent. */
static void fill_runaway(int n_post, float *w, float *theta_mv) {
    (void)theta_mv;
    for (int j = 0; j < n_post; j++) set_rows(w, n_post, j, j < 60 ? 0 : SUM, j < 60 ? SUM : 2 * SUM, 1.0F);
}

static uint32_t hash(uint32_t i, uint32_t j) {
    uint32_t h = i * UINT32_C(2654435761) + j * UINT32_C(2246822519) + 1;
    h = (h ^ (h >> 15)) * UINT32_C(3266489917);
    h = (h ^ (h >> 13)) * UINT32_C(668265263);
    return h ^ (h >> 16);
}

/* Neuron j prefers inputs i with i % 10 == j % 10. All weights and thetas differ. A volley of every tenth
 * input fires some of the n_post / 10 neurons that prefer it at once, and others later; the first ones
 * silence the rest. The last neuron has the lowest threshold, so that it is not silenced. Weights are
 * multiples of 1/64. Inputs 380 .. 399 also take up the difference to a column sum of 78. */
static void fill_competition(int n_post, float *w, float *theta_mv) {
    const int unit = 64, spare = 380, spare_end = 400;
    for (int j = 0; j < n_post; j++) {
        int missing = SUM * unit;
        for (int i = 0; i < REF_N_PRE; i++) {
            uint32_t h = hash((uint32_t)i, (uint32_t)j);
            int q = i % 10 == j % 10 ? 36 + (int)(h % 8) : (int)(h % 4);
            missing -= q;
            set_rows(w, n_post, j, i, i + 1, (float)q / (float)unit);
        }
        for (int i = spare; i < spare_end; i++) {
            float *at = &w[(size_t)i * (size_t)n_post + (size_t)j];
            int room = unit - (int)(*at * (float)unit);
            int more = missing < room ? missing : room;
            *at += (float)more / (float)unit;
            missing -= more;
        }
        assert(missing == 0);
        theta_mv[j] = 20.0F + (float)(hash((uint32_t)j, 1000003) % (j < 10 ? 32 : 192)) / 16;
    }
    theta_mv[n_post - 1] = 20.0F;
}

/* The only neuron fires at 1 and 41. Inputs 77 and 78 (weight 1/2) spike in the step of the second spike and
 * one step later. */
static const struct scenario_volley pre_with_post[] = {
    {0, 0, 42, 1}, {40, 0, 42, 1}, {41, 77, 1, 1}, {42, 78, 1, 1}};

/* All three neurons fire at 1, so 10 is the last refractory step and 11 the first free one. Neuron 2's input
 * lifts v over threshold while refractory. Neuron 0's input comes in the last refractory step, neuron 1's one
 * step later. */
static const struct scenario_volley refractory_end[] = {
    {0, 0, 42, 1}, {0, 78, 42, 1}, {0, 156, 42, 1}, {9, 156, 78, 1}, {10, 0, 78, 1}, {11, 78, 78, 1},
};

static const struct scenario_volley upper_bound[] = {{0, 0, 42, 1}, {40, 0, 44, 1}};
static const struct scenario_volley lower_bound[] = {{0, 0, 42, 1}, {2, 90, 3, 1}, {10, 90, 1, 1}};
static const struct scenario_volley above_bound[] = {{0, 0, 28, 1}};
static const struct scenario_volley two_together[] = {{0, 0, 42, 1}, {0, 78, 42, 1}};
/* 60 neurons fire at 1. In step 3 forward Euler would throw the 70 others to -65 - 0.005 * 1020 * 35 = -243.5
 * mV, and in step 4 to +300 mV. They would all fire, and throw the 60 in turn. */
static const struct scenario_volley runaway[] = {{0, 0, 42, 1}, {30, 0, 78, 1}};
static const struct scenario_volley inhibitory_refractory[] = {
    {0, 0, 78, 1}, {1, 0, 78, 1}, {2, 0, 78, 1}, {3, 0, 78, 1}};

/* Neuron 0 fires in the last step (9) of a presentation of 10 steps, its partner in the first step of the
 * next. The refractory period and the traces continue. */
static const struct scenario_volley presentation_boundary[] = {
    {8, 0, 42, 1}, {14, 0, 42, 1}, {17, 78, 78, 1}};

static const struct scenario_volley long_silence[] = {{0, 0, 79, 10},  {2, 1, 79, 10},    {20, 2, 79, 10},
                                                      {24, 0, 79, 10}, {2650, 3, 79, 10}, {2670, 0, 79, 10}};

/* Presentations of 60 steps. The volleys at 57 and 58 make spikes in the last steps of the first
 * presentation, whose partners fire in the next. From the second volley on, volleys come in pairs, to
 * overcome the inhibition that earlier ones left in v. */
static const struct scenario_volley competition[] = {
    {0, 0, 79, 10},  {12, 4, 78, 10}, {13, 4, 78, 10}, {24, 5, 78, 10}, {25, 5, 78, 10}, {36, 6, 78, 10},
    {37, 6, 78, 10}, {46, 2, 79, 10}, {47, 2, 79, 10}, {57, 0, 79, 10}, {58, 0, 79, 10}, {75, 9, 78, 10},
    {76, 9, 78, 10}, {90, 0, 79, 10}, {91, 4, 78, 10}, {92, 4, 78, 10},
};

#define ROW(volleys_) .volleys = (volleys_), .n_volleys = COUNT(volleys_)
#define REST          .start = REF_START_REST, .refrac_exc_ms = 5, .column_sum = SUM
#define COMPETITION(name_, n_)                                                                               \
    {                                                                                                        \
        .name = (name_), .n_post = (n_), .n_used = 784, .n_steps = 60, .n_presentations = 2, .learn = true,  \
        REST, .fill = fill_competition, ROW(competition)                                                     \
    }

const struct scenario scenarios[] = {
    {.name = "pre_with_post",
     .n_post = 1,
     .n_used = 79,
     .n_steps = 60,
     .n_presentations = 1,
     .learn = true,
     REST,
     .fill = fill_pre_with_post,
     ROW(pre_with_post)},
    {.name = "refractory_end",
     .n_post = 3,
     .n_used = 234,
     .n_steps = 20,
     .n_presentations = 1,
     .learn = true,
     REST,
     .fill = fill_blocks,
     ROW(refractory_end)},
    {.name = "upper_bound",
     .n_post = 1,
     .n_used = 44,
     .n_steps = 60,
     .n_presentations = 1,
     .learn = true,
     REST,
     .fill = fill_upper_bound,
     ROW(upper_bound)},
    {.name = "lower_bound",
     .n_post = 1,
     .n_used = 93,
     .n_steps = 30,
     .n_presentations = 1,
     .learn = true,
     REST,
     .fill = fill_lower_bound,
     ROW(lower_bound)},
    {.name = "normalised_above_bound",
     .n_post = 2,
     .n_used = 28,
     .n_steps = 8,
     .n_presentations = 1,
     .learn = true,
     .start = REF_START_REST,
     .refrac_exc_ms = 5,
     .column_sum = 52,
     .fill = fill_above_bound,
     ROW(above_bound)},
    {.name = "empty_image",
     .n_post = 17,
     .n_used = 0,
     .n_steps = 300,
     .n_presentations = 2,
     .learn = true,
     REST,
     .fill = fill_competition},
    {.name = "empty_image_training_start",
     .n_post = 3,
     .n_used = 0,
     .n_steps = 300,
     .n_presentations = 1,
     .learn = true,
     .start = REF_START_TRAINING,
     .refrac_exc_ms = 5,
     .column_sum = SUM,
     .fill = fill_blocks},
    {.name = "two_together",
     .n_post = 3,
     .n_used = 120,
     .n_steps = 30,
     .n_presentations = 1,
     .learn = false,
     REST,
     .fill = fill_blocks,
     ROW(two_together)},
    {.name = "runaway",
     .n_post = 130,
     .n_used = 78,
     .n_steps = 120,
     .n_presentations = 1,
     .learn = true,
     REST,
     .fill = fill_runaway,
     ROW(runaway)},
    {.name = "inhibitory_refractory",
     .n_post = 2,
     .n_used = 78,
     .n_steps = 20,
     .n_presentations = 1,
     .learn = false,
     .start = REF_START_REST,
     .refrac_exc_ms = 0.5,
     .column_sum = SUM,
     .fill = fill_blocks,
     ROW(inhibitory_refractory)},
    {.name = "presentation_boundary",
     .n_post = 2,
     .n_used = 156,
     .n_steps = 10,
     .n_presentations = 3,
     .learn = true,
     REST,
     .fill = fill_blocks,
     ROW(presentation_boundary)},
    {.name = "long_silence",
     .n_post = 17,
     .n_used = 784,
     .n_steps = 900,
     .n_presentations = 3,
     .learn = true,
     REST,
     .fill = fill_competition,
     ROW(long_silence)},
    COMPETITION("competition_1", 1),
    COMPETITION("competition_15", 15),
    COMPETITION("competition_16", 16),
    COMPETITION("competition_17", 17),
    COMPETITION("competition_33", 33),
    COMPETITION("competition_100", 100),
};
const size_t n_scenarios = COUNT(scenarios);

const struct scenario *scenario_find(const char *name) {
    for (size_t k = 0; k < n_scenarios; k++)
        if (strcmp(scenarios[k].name, name) == 0) return &scenarios[k];
    return NULL;
}

static int by_step_and_input(const void *left, const void *right) {
    const struct ref_event *a = left, *b = right;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    return (a->input > b->input) - (a->input < b->input);
}

bool scenario_build(const struct scenario *s, struct scenario_data *out) {
    size_t n_post = (size_t)s->n_post, n_events = 0;
    for (size_t k = 0; k < s->n_volleys; k++) n_events += (size_t)s->volleys[k].count;
    struct scenario_data data = {
        .w = calloc(REF_N_PRE * n_post, sizeof *data.w),
        .theta_mv = calloc(n_post, sizeof *data.theta_mv),
        .events = calloc(n_events + 1, sizeof *data.events), /* + 1: never asks for 0 bytes */
        .n_events = n_events,
    };
    *out = (struct scenario_data){0};
    if (!data.w || !data.theta_mv || !data.events) {
        scenario_data_finish(&data);
        return false;
    }
    for (size_t j = 0; j < n_post; j++) data.theta_mv[j] = 20.0F;
    s->fill(s->n_post, data.w, data.theta_mv);

    size_t e = 0;
    for (size_t k = 0; k < s->n_volleys; k++)
        for (int32_t c = 0; c < s->volleys[k].count; c++) {
            int32_t input = s->volleys[k].first + c * s->volleys[k].stride;
            assert(input < s->n_used);
            data.events[e++] = (struct ref_event){.step = s->volleys[k].step, .input = input};
        }
    qsort(data.events, n_events, sizeof *data.events, by_step_and_input);
    *out = data;
    return true;
}

void scenario_data_finish(struct scenario_data *data) {
    if (!data) return;
    free(data->w);
    free(data->theta_mv);
    free(data->events);
    *data = (struct scenario_data){0};
}

struct ref_net *scenario_reference(const struct scenario *s, const struct scenario_data *data,
                                   enum ref_clamp clamp) {
    struct ref_params params = ref_defaults();
    params.refrac_exc_ms = s->refrac_exc_ms;
    params.clamp = clamp;
    struct ref_net *net = ref_create(&params, REF_N_PRE, s->n_post, s->start);
    if (!net) return NULL;
    ref_set_weights(net, data->w);
    ref_set_theta(net, data->theta_mv);
    return net;
}

bool scenario_run(const struct scenario *s, const struct scenario_data *data, struct ref_net *net,
                  struct ref_spikes *out_exc, struct ref_spikes *out_inh) {
    for (int k = 0; k < s->n_presentations; k++) {
        if (s->learn) ref_normalise(net);
        if (!ref_present(net, data->events, data->n_events, s->n_steps, s->learn, out_exc, out_inh))
            return false;
    }
    return true;
}
