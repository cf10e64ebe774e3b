/* The time that a sweep or a search has left (sweep/eta.c), beside a simulated device: two cores that train
 * in launches, with costs measured on a CPU, slower first images, and tests that hold up the device. At half
 * time the estimate must be within 20 % of what is left. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fail.h"
#include "device/device.h"
#include "sweep/eta.h"
#include "sweep/pack.h"

enum { CORES = 2, SLOTS = 8, CHUNK = 100, MOST_RUNS = 64, MOST_NOTES = 200000 };

static double now_ms;
double __wrap_clsnn_clock_seconds(void);
double __wrap_clsnn_clock_seconds(void) {
    return now_ms * 1e-3;
}

/* No run starts. */
enum clsnn_status __wrap_clsnn_experiment_create(struct clsnn_batch *, int, const struct clsnn_plan *,
                                                 struct clsnn_experiment **);
enum clsnn_status __wrap_clsnn_experiment_create(struct clsnn_batch *batch, int slot,
                                                 const struct clsnn_plan *plan,
                                                 struct clsnn_experiment **out) {
    (void)batch;
    (void)slot;
    (void)plan;
    (void)out;
    return clsnn_fail(CLSNN_E_IO, "no room");
}

/* The state of the simulation over all sweeps of a search. */
static struct { double at, left; } notes[MOST_NOTES];
static size_t n_notes;
static double test_pace; /* of the sweep before */
static uint32_t random_state;

static double between(double low, double high) {
    random_state = random_state * 1664525 + 1013904223;
    return low + (high - low) * (double)(random_state >> 8) / (double)(1 << 24);
}

/* Milliseconds of a core for an image: user time of pocl on a Xeon, 2026-11-28. Small networks retry more. */
static double image_ms(uint32_t neurons) {
    static const double table[][2] = {{100, 0.085}, {225, 0.100}, {400, 0.134}, {1600, 0.517}};
    for (int k = 0; k < 3; k++)
        if (neurons <= table[k + 1][0])
            return table[k][1] + (neurons - table[k][0]) / (table[k + 1][0] - table[k][0]) *
                                     (table[k + 1][1] - table[k][1]);
    return table[3][1] * neurons / 1600;
}
static double test_ms(uint32_t neurons) {
    return image_ms(neurons) * (neurons == 400 ? 0.76 : neurons < 400 ? 1.1 : 0.96) / CORES;
}

struct sim {
    struct clsnn_device dev;
    struct clsnn_sweep_device on;
    struct clsnn_sweep sweep;
    struct clsnn_sweep_run runs[MOST_RUNS], *queue[MOST_RUNS];
    struct work w;
    struct worker k;
    struct slot slots[SLOTS];
    double left[SLOTS];
    uint64_t at[SLOTS]; /* images of each slot's run */
};

static void note(struct sim *s) {
    clsnn_eta_count(&s->k);
    assert_true(n_notes < MOST_NOTES);
    notes[n_notes].at = now_ms;
    notes[n_notes++].left = 1e3 * clsnn_eta(&s->w);
}

static uint64_t all_images(const struct clsnn_plan *p) {
    return (uint64_t)p->epochs * p->train_images;
}

/* Puts the next waiting run of the batch's size into slot b, or empties it. */
static void fill(struct sim *s, int b, uint32_t neurons) {
    s->slots[b].run = NULL;
    s->left[b] = 0;
    if (s->w.n_queue == 0 || s->queue[0]->plan.neurons != neurons) return;
    s->slots[b].run = s->queue[0];
    s->at[b] = s->queue[0]->images_there;
    memmove(s->queue, s->queue + 1, --s->w.n_queue * sizeof *s->queue);
    s->k.n_running++;
}

/* Trains every run up to CHUNK images further, in turns on the cores; the launch ends when the last does. */
static void launch(struct sim *s) {
    double free_at[CORES] = {0}, last = 0;
    for (int b = 0; b < s->k.n_slots; b++) {
        const struct clsnn_sweep_run *run = s->slots[b].run;
        if (!run) continue;
        const uint64_t in_epoch = run->plan.train_images - s->at[b] % run->plan.train_images;
        const uint64_t n = in_epoch < CHUNK ? in_epoch : CHUNK;
        int core = 0;
        for (int c = 1; c < CORES; c++)
            if (free_at[c] < free_at[core]) core = c;
        free_at[core] +=
            (double)n * image_ms(run->plan.neurons) * (s->at[b] < 2000 ? 1.3 : 1) * between(0.9, 1.1);
        if (free_at[core] > last) last = free_at[core];
        s->at[b] += n;
        s->k.images += n;
        s->k.done += clsnn_pack_work(&run->plan, n);
        s->left[b] = clsnn_pack_work(&run->plan, all_images(&run->plan) - s->at[b]);
    }
    now_ms += last + 0.2;
}

/* Tests the runs that are at an epoch's end, and replaces those that have ended. */
static void test_and_refill(struct sim *s, uint32_t neurons) {
    for (int b = 0; b < s->k.n_slots; b++) {
        const struct clsnn_sweep_run *run = s->slots[b].run;
        if (!run || s->at[b] % run->plan.train_images != 0) continue;
        const struct clsnn_plan *p = &run->plan;
        const bool ended = s->at[b] == all_images(p);
        if (ended || (p->eval_every && s->at[b] / p->train_images % p->eval_every == 0)) {
            const double took =
                (p->label_images + p->test_images) * test_ms(p->neurons) * between(0.9, 1.1) +
                (test_pace == 0 && s->k.n_tests == 0 ? 500 : 0); /* the first one loads CLBlast */
            now_ms += took;
            clsnn_eta_tested(&s->k, p, took * 1e-3);
        }
        if (!ended) continue;
        s->k.n_running--;
        fill(s, b, neurons);
    }
    clsnn_eta_skip(&s->k);
}

/* Trains plans, in the queue's order, and notes estimates. there: images of every run's checkpoint. */
static void train(const struct clsnn_plan *plans, size_t n, uint64_t there,
                  const struct clsnn_sweep_later *later, size_t n_later) {
    struct sim *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->dev.info.type = CL_DEVICE_TYPE_CPU;
    s->dev.info.compute_units = CORES;
    s->on.dev = &s->dev;
    s->sweep = (struct clsnn_sweep){
        .n_devices = 1, .runs = s->runs, .later = later, .n_later = n_later, .test_pace = test_pace};
    s->w = (struct work){.sweep = &s->sweep, .workers = &s->k, .queue = s->queue, .n_queue = n};
    s->w.began = now_ms * 1e-3;
    s->k = (struct worker){.work = &s->w, .on = &s->on, .slots = s->slots};
    for (size_t k = 0; k < n; k++) {
        s->runs[k] = (struct clsnn_sweep_run){.plan = plans[k], .images_there = there};
        s->queue[k] = &s->runs[k];
        s->w.to_test += clsnn_eta_waiting_tests(&s->runs[k]);
    }
    now_ms += 300;             /* loading and buffers */
    while (s->w.n_queue > 0) { /* a batch */
        const uint32_t neurons = s->queue[0]->plan.neurons;
        size_t alike = 0;
        while (alike < s->w.n_queue && s->queue[alike]->plan.neurons == neurons) alike++;
        s->k.n_slots = alike < SLOTS ? (int)alike : SLOTS;
        s->k.left = s->left;
        for (int b = 0; b < s->k.n_slots; b++) fill(s, b, neurons);
        clsnn_eta_skip(&s->k);
        while (s->k.n_running > 0) {
            launch(s);
            note(s);
            test_and_refill(s, neurons);
        }
        s->k.left = NULL;
    }
    test_pace = clsnn_eta_test_pace(&s->w);
    free(s);
}

static void begin(void) {
    now_ms = test_pace = 0;
    n_notes = 0;
    random_state = 1;
}

/* Compares the last estimate before half time with what was left then. */
static void within_20_percent(const char *what) {
    size_t k = 0;
    while (k + 1 < n_notes && notes[k + 1].at < now_ms / 2) k++;
    const double left = now_ms - notes[k].at, off = notes[k].left / left - 1;
    print_message("# %s: %.0f s in all; at half time %.0f s left, %.0f s estimated: %+.0f %%\n", what,
                  now_ms * 1e-3, left * 1e-3, notes[k].left * 1e-3, 100 * off);
    if (off > 0.2 || off < -0.2) fail_msg("%s: %+.0f %%: must be within 20 %%", what, 100 * off);
}

static struct clsnn_plan plan_of(uint32_t neurons, uint32_t epochs, uint32_t images, uint32_t eval_every) {
    return (struct clsnn_plan){.neurons = neurons,
                               .epochs = epochs,
                               .train_images = images,
                               .eval_every = eval_every,
                               .label_images = 10000,
                               .test_images = 10000};
}

/* n runs of one size: fewer than cores, an odd number, more than slots; tested at the end or every epoch. */
static void runs_of_one_size(void **state) {
    (void)state;
    static const struct {
        size_t n;
        uint32_t neurons, epochs, images, eval_every;
    } rows[] = {{1, 400, 1, 60000, 0},  {2, 100, 1, 60000, 0},  {3, 400, 1, 60000, 0}, {3, 1600, 1, 20000, 0},
                {5, 100, 2, 20000, 0},  {7, 400, 3, 10000, 1},  {8, 100, 1, 60000, 0}, {9, 400, 1, 60000, 0},
                {20, 225, 1, 10000, 1}, {40, 100, 3, 10000, 0}, {64, 100, 1, 5000, 0}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct clsnn_plan plans[MOST_RUNS];
        char what[96];
        begin();
        for (size_t k = 0; k < rows[r].n; k++)
            plans[k] = plan_of(rows[r].neurons, rows[r].epochs, rows[r].images, rows[r].eval_every);
        train(plans, rows[r].n, 0, NULL, 0);
        snprintf(what, sizeof what, "%zu runs, N = %u, %u x %u images, tests every %u", rows[r].n,
                 rows[r].neurons, rows[r].epochs, rows[r].images, rows[r].eval_every);
        within_20_percent(what);
    }
}

/* Sizes and lengths differ: large networks come first, then small ones, whose speed nobody knows yet. */
static void runs_of_many_sizes(void **state) {
    (void)state;
    struct clsnn_plan plans[MOST_RUNS];
    static const uint32_t sizes[] = {1600, 400, 225, 100};
    for (int seeds = 1; seeds <= 5; seeds += 2) {
        size_t n = 0;
        char what[64];
        begin();
        for (int k = 0; k < 4; k++)
            for (int seed = 0; seed < seeds; seed++) plans[n++] = plan_of(sizes[k], 1, 60000, 0);
        train(plans, n, 0, NULL, 0);
        snprintf(what, sizeof what, "four sizes, %d seeds", seeds);
        within_20_percent(what);
    }
    size_t n = 0;
    begin();
    for (uint32_t epochs = 5; epochs >= 1; epochs--)
        for (int seed = 0; seed < 3; seed++) plans[n++] = plan_of(400, epochs, 20000, 1);
    train(plans, n, 0, NULL, 0);
    within_20_percent("1 to 5 epochs, three seeds");
}

/* Runs that go on from checkpoints have only the rest to train, also while they wait. */
static void runs_that_go_on(void **state) {
    (void)state;
    struct clsnn_plan plans[MOST_RUNS];
    begin();
    for (size_t k = 0; k < 24; k++) plans[k] = plan_of(400, 4, 10000, 0);
    train(plans, 24, 30000, NULL, 0);
    within_20_percent("24 runs at epoch 3 of 4");
}

/* A search: halving stages that go on from checkpoints, then three seeds of the best point. */
static void searches(void **state) {
    (void)state;
    static const uint32_t points[] = {8, 32, 64}, most[] = {3, 4, 8};
    for (int k = 0; k < 3; k++) {
        struct clsnn_plan plans[MOST_RUNS];
        struct clsnn_sweep_later later[8];
        uint32_t n[8], epochs[8], n_stages = 0;
        char what[64];
        begin();
        for (uint32_t e = 1, p = points[k];; p = (p + 1) / 2, e = 2 * e < most[k] ? 2 * e : most[k]) {
            n[n_stages] = p;
            epochs[n_stages++] = e;
            if (e == most[k]) break;
        }
        n[n_stages] = 3; /* seeds */
        epochs[n_stages++] = most[k];
        for (uint32_t stage = 0; stage < n_stages; stage++) {
            const bool is_best = stage + 1 == n_stages;
            size_t n_later = 0;
            for (uint32_t l = stage + 1; l < n_stages; l++) {
                const uint32_t more = epochs[l] - (l + 1 == n_stages ? 0 : epochs[l - 1]);
                later[n_later++] = (struct clsnn_sweep_later){n[l], more * 10000ull, more * 20000ull};
            }
            const uint32_t before = stage && !is_best ? epochs[stage - 1] : 0;
            for (uint32_t r = 0; r < n[stage]; r++) plans[r] = plan_of(400, epochs[stage], 10000, 1);
            train(plans, n[stage], before * 10000ull, later, n_later);
        }
        snprintf(what, sizeof what, "a search of %u points, %u epochs", points[k], most[k]);
        within_20_percent(what);
    }
}

/* Tests that a run no longer needs are not waited for: it has failed, or its start has. Those of a run that
 * goes back into the queue are. */
static void runs_that_fail(void **state) {
    (void)state;
    struct clsnn_sweep_run runs[4], *queue[4];
    struct clsnn_sweep sweep = {.n_devices = 1, .runs = runs};
    struct slot slots[1];
    struct work w = {.sweep = &sweep, .queue = queue, .n_queue = 4, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct worker k = {.work = &w, .slots = slots, .n_slots = 1, .like = &runs[0].plan};
    struct clsnn_experiment *x;
    for (size_t r = 0; r < 4; r++) {
        runs[r] = (struct clsnn_sweep_run){
            .plan = plan_of(400, 4, 20000, 1), .name = (char *)"run", .dir = (char *)"/nowhere"};
        queue[r] = &runs[r];
        w.to_test += clsnn_eta_waiting_tests(&runs[r]);
    }
    const double one = w.to_test / 4, a_test = one / 4;
    assert_int_equal(clsnn_slot_fill(&k, NULL, 0, &x), CLSNN_OK); /* every start fails */
    assert_null(x);
    assert_int_equal(w.stage.n_failed, 4);
    assert_true(fabs(w.to_test) < 1e-6 * one);
    /* A run that has had one of its four tests fails; another one goes back. */
    for (int fails = 0; fails < 2; fails++) {
        w.to_test = one;
        k.tested = 0;
        slots[0] = (struct slot){.run = &runs[0], .to_test = one};
        struct clsnn_experiment tested = {.plan = runs[0].plan};
        const struct clsnn_metrics m = {.epoch = 4};
        assert_int_equal(clsnn_slot_evaluated(&k, &tested, &m), CLSNN_OK);
        assert_true(fabs(k.tested - a_test) < 1e-6 * one);
        clsnn_slot_drop(&k, 0, fails, "lost");
        assert_true(fabs(w.to_test - k.tested - (fails ? 0 : one)) < 1e-6 * one);
    }
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_one_size), cmocka_unit_test(runs_of_many_sizes),
        cmocka_unit_test(runs_that_go_on), cmocka_unit_test(searches), cmocka_unit_test(runs_that_fail)};
    return cmocka_run_group_tests_name("eta", tests, NULL, NULL);
}
