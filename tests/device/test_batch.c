/* Experiments side by side in one batch. Each gives the result that it gives alone, whatever its neighbours
 * are and wherever it pauses. A saved experiment continues as if undisturbed, on another work-group too.
 * Also: the device memory of a slot. */
#include "device/evaluate.h"
#include "clsnn/experiment.h"
#include "device_fixture.h"

#include <unistd.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/network.h"
#include "device/program.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"

enum { N_TRAIN = 9, N_TEST = 6, N_PLANS = 5, NEURONS = 17 };

static void draw_data(struct clsnn_dataset *d) {
    struct clsnn_images *sets[] = {&d->train, &d->test};
    const uint32_t n[] = {N_TRAIN, N_TEST};
    *d = (struct clsnn_dataset){.name = "digits", .source = "test"};
    for (int k = 0; k < 2; k++) {
        sets[k]->n_images = n[k];
        sets[k]->height = sets[k]->width = CLSNN_IMAGE_SIDE;
        sets[k]->pixels = malloc((size_t)n[k] * PIXELS);
        sets[k]->labels = malloc(n[k]);
        assert_true(sets[k]->pixels && sets[k]->labels);
        clsnn_digits_draw(CLSNN_DIGITS_SEED, k ? CLSNN_DIGITS_SET_TEST : CLSNN_DIGITS_SET_TRAIN, 0, n[k],
                          sets[k]->pixels, sets[k]->labels);
    }
}

static void drop_data(struct clsnn_dataset *d) {
    free(d->train.pixels);
    free(d->train.labels);
    free(d->test.pixels);
    free(d->test.labels);
}

/* Returns plans that differ in everything a sweep may vary within one size. */
static struct clsnn_plan make_plan(int k) {
    struct clsnn_plan p = {
        .model = lively_model(), .seed = 40 + (uint64_t)k, .neurons = NEURONS, .epochs = 2};
    p.train_images = k == 1 ? 5 : N_TRAIN;
    p.epochs = k == 2 ? 3 : k == 4 ? 1 : 2;
    p.eval_every = k % 2 ? 1 : 0;
    p.shuffle = k == 3;
    p.label_images = k == 3 ? 4 : N_TRAIN;
    p.test_images = N_TEST;
    if (k == 2) p.model.theta_plus_mv = 0.5;
    if (k == 3) p.model.tau_m_exc_ms = 80;
    return p;
}

/* The parts of a result that must depend on nothing else: state, hash, and metrics without their times. */
struct result {
    struct snapshot state;
    struct clsnn_metrics metrics[4];
    uint32_t confusions[4][200];
    size_t n_metrics;
    char sha256[CLSNN_SHA256_HEX];
    uint64_t presentations;
};

static void keep_result(struct rig *rig, const struct clsnn_experiment *x, struct result *out) {
    struct clsnn_learned l;
    out->state = take_snapshot(rig, x->batch->net, x->slot);
    out->n_metrics = x->n_metrics;
    assert_true(x->n_metrics <= 4);
    for (size_t k = 0; k < x->n_metrics; k++) {
        out->metrics[k] = x->metrics[k];
        out->metrics[k].seconds = out->metrics[k].eval_seconds = out->metrics[k].images_per_second = 0;
        assert_int_equal(x->metrics[k].score.n_classes, 10);
        memcpy(out->confusions[k], x->metrics[k].score.confusion, sizeof out->confusions[k]);
        out->metrics[k].score.confusion = out->metrics[k].score.confusion_proportion = NULL;
    }
    out->presentations = clsnn_experiment_presentations(x);
    must(clsnn_experiment_learned(x, &l));
    memcpy(out->sha256, l.sha256, sizeof out->sha256);
    clsnn_learned_finish(&l);
}

/* Zeroes padding and counts, which may differ. Padding of a loaded network is at rest, of a trained one it
 * still relaxes; counts keep the last presentation. No later result depends on either. */
static void clear_scratch(struct snapshot *shot, size_t n) {
    for (size_t r = 0; r < shot->n_sections; r++) {
        const size_t end = r + 1 < shot->n_sections ? shot->first[r + 1] : shot->n_bytes;
        const size_t size = end - shot->first[r], width = size / n;
        if (strcmp(shot->names[r], "last_pre") == 0 || strcmp(shot->names[r], "w") == 0) continue;
        const size_t kept = strcmp(shot->names[r], "counts") == 0 ? 0 : NEURONS * width;
        memset(shot->bytes + shot->first[r] + kept, 0, size - kept);
    }
}

static void check_result(struct result *found, const struct result *wanted, const char *what) {
    check_same_snapshot(&found->state, &wanted->state, what);
    assert_string_equal(found->sha256, wanted->sha256);
    assert_int_equal(found->n_metrics, wanted->n_metrics);
    assert_memory_equal(found->metrics, wanted->metrics, wanted->n_metrics * sizeof *wanted->metrics);
    assert_memory_equal(found->confusions, wanted->confusions,
                        wanted->n_metrics * sizeof *wanted->confusions);
    assert_int_equal(found->presentations, wanted->presentations);
    drop_snapshot(&found->state);
}

static void run_alone(struct rig *rig, const struct clsnn_dataset *data, const struct clsnn_plan *plan,
                      int work_group, uint32_t chunk, struct result *out) {
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x = NULL, *slot;
    must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, work_group), data, NEURONS,
                            &default_laws, 1, N_TRAIN, N_TEST, chunk, &batch));
    must(clsnn_experiment_create(batch, 0, plan, &x));
    slot = x;
    must(clsnn_experiments_run(batch, &slot, NULL));
    assert_null(slot);
    assert_true(clsnn_experiment_is_finished(x));
    keep_result(rig, x, out);
    clsnn_experiment_destroy(x);
    clsnn_batch_destroy(batch);
}

/* Gives each slot the next plan when its experiment is finished. */
struct queue {
    struct rig *rig;
    int next, n_paused;
    struct result results[N_PLANS];
    const struct clsnn_plan *plans;
};

static enum clsnn_status next_of_queue(void *ctx, struct clsnn_experiment **slot) {
    struct queue *q = ctx;
    struct clsnn_experiment *x = *slot;
    struct clsnn_batch *batch = x->batch;
    const int b = x->slot;
    keep_result(q->rig, x, &q->results[x->plan.seed - 40]);
    clsnn_experiment_destroy(x);
    *slot = NULL;
    return q->next < N_PLANS ? clsnn_experiment_create(batch, b, &q->plans[q->next++], slot) : CLSNN_OK;
}

static enum clsnn_status count_pause(void *ctx, const struct clsnn_experiment *x) {
    struct queue *q = ctx;
    q->n_paused++;
    assert_true(x->at.images % 4 == 0 || x->at.position == 0);
    return CLSNN_OK;
}

static void neighbours_change_nothing(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    struct clsnn_plan plans[N_PLANS];
    struct result alone[N_PLANS];
    draw_data(&data);
    for (int k = 0; k < N_PLANS; k++) {
        plans[k] = make_plan(k);
        run_alone(rig, &data, &plans[k], 1, 1000, &alone[k]);
    }
    for (int n_slots = 1; n_slots <= 3; n_slots++) {
        for (uint32_t pause = 0; pause <= 4; pause += 4) {
            struct queue q = {.rig = rig, .plans = plans};
            struct clsnn_batch *batch = NULL;
            struct clsnn_experiment *slots[3] = {NULL};
            const struct clsnn_watcher watch = {.paused = count_pause, .finished = next_of_queue, .ctx = &q};
            must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, NEURONS,
                                    &default_laws, n_slots, N_TRAIN, N_TEST, n_slots == 2 ? 3 : 0, &batch));
            for (int k = 0; k < N_PLANS; k++) plans[k].pause_every = pause;
            /* The last slot of three begins empty. */
            for (int b = 0; b < n_slots && b < 2; b++)
                must(clsnn_experiment_create(batch, b, &plans[q.next++], &slots[b]));
            must(clsnn_experiments_run(batch, slots, &watch));
            for (int k = 0; k < N_PLANS; k++) {
                char what[64];
                snprintf(what, sizeof what, "plan %d, %d slots, pauses every %u", k, n_slots, pause);
                check_result(&q.results[k], &alone[k], what);
            }
            assert_true(pause ? q.n_paused > 15 : q.n_paused == 10); /* 0: ends of epochs only */
            clsnn_batch_destroy(batch);
        }
    }
    for (int k = 0; k < N_PLANS; k++) drop_snapshot(&alone[k].state);
    drop_data(&data);
}

static enum clsnn_status keep_slot(void *ctx, struct clsnn_experiment **slot) {
    int *n = ctx;
    (void)slot;
    ++*n;
    return CLSNN_OK;
}

/* A watcher that leaves a finished experiment in its slot would be told for ever. */
static void a_finished_experiment_has_to_leave_its_slot(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    struct clsnn_plan plan = make_plan(4);
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x = NULL, *slot;
    int n = 0;
    draw_data(&data);
    must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, NEURONS, &default_laws,
                            1, N_TRAIN, N_TEST, 0, &batch));
    must(clsnn_experiment_create(batch, 0, &plan, &x));
    slot = x;
    const struct clsnn_watcher watch = {.finished = keep_slot, .ctx = &n};
    assert_int_equal(clsnn_experiments_run(batch, &slot, &watch), CLSNN_E_USAGE);
    assert_int_equal(n, 1);
    clsnn_error_clear();
    clsnn_experiment_destroy(x);
    clsnn_batch_destroy(batch);
    drop_data(&data);
}

static enum clsnn_status empty_slot(void *ctx, struct clsnn_experiment **slot) {
    int *n = ctx;
    ++*n;
    clsnn_experiment_destroy(*slot);
    *slot = NULL;
    return CLSNN_OK;
}

static bool stop_at_once(void *ctx, const struct clsnn_stage *stage) {
    (void)ctx, (void)stage;
    return false;
}

/* A stop asked for in the launch in which the only network fails finds no network left. */
static void a_stop_after_the_last_failure_is_a_stop(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    struct clsnn_plan plan = make_plan(4);
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *slot = NULL;
    float *w = malloc(PIXELS * NEURONS * sizeof *w), theta[NEURONS];
    int n = 0;
    assert_non_null(w);
    for (size_t k = 0; k < PIXELS * NEURONS; k++) w[k] = NAN;
    for (int j = 0; j < NEURONS; j++) theta[j] = 20;
    draw_data(&data);
    must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, NEURONS, &default_laws,
                            1, N_TRAIN, N_TEST, 0, &batch));
    must(clsnn_experiment_create(batch, 0, &plan, &slot));
    must(clsnn_network_set(batch->net, 0, w, theta));
    const struct clsnn_watcher watch = {.failed = empty_slot, .stage = stop_at_once, .ctx = &n};
    assert_int_equal(clsnn_experiments_run(batch, &slot, &watch), CLSNN_STOPPED);
    assert_int_equal(n, 1);
    assert_null(slot);
    clsnn_error_clear();
    clsnn_batch_destroy(batch);
    drop_data(&data);
    free(w);
}

/* Presentations of each network up to the last launch. */
struct turns {
    const struct clsnn_batch *batch;
    uint64_t images[3], launches;
    int most_at_once;
};

static bool watch_turns(void *ctx, const struct clsnn_stage *stage) {
    struct turns *t = ctx;
    uint64_t low = UINT64_MAX, high = 0;
    int moved = 0;
    if (stage->kind != CLSNN_STAGE_TRAIN) return true;
    for (int b = 0; b < 3; b++) {
        const uint64_t n = t->batch->trainer->totals[b].presentations;
        moved += n != t->images[b];
        t->images[b] = n;
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    t->launches++;
    if (moved > t->most_at_once) t->most_at_once = moved;
    /* While all networks have images left, none waits longer than one turn. */
    if (t->launches <= 6) assert_true(high - low <= 1);
    return true;
}

static void three_on_two_cores(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    struct clsnn_plan plans[3];
    struct result alone[3], found[3];
    struct turns t = {0};
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x[3], *slots[3];
    const cl_uint cores = rig->dev->info.compute_units;
    const bool cpu = (rig->dev->info.type & CL_DEVICE_TYPE_CPU) != 0;
    draw_data(&data);
    for (int k = 0; k < 3; k++) {
        plans[k] = make_plan(0);
        plans[k].seed = 70 + (uint64_t)k;
        run_alone(rig, &data, &plans[k], 1, 1000, &alone[k]);
    }
    rig->dev->info.compute_units = 2;
    must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, NEURONS, &default_laws,
                            3, N_TRAIN, N_TEST, 1, &batch));
    t.batch = batch;
    for (int k = 0; k < 3; k++) {
        must(clsnn_experiment_create(batch, k, &plans[k], &x[k]));
        slots[k] = x[k];
    }
    must(clsnn_experiments_run(batch, slots, &(struct clsnn_watcher){.stage = watch_turns, .ctx = &t}));
    if (cpu) assert_int_equal(t.most_at_once, 2);
    for (int k = 0; k < 3; k++) {
        keep_result(rig, x[k], &found[k]);
        check_result(&found[k], &alone[k], "one of three, in turns");
        drop_snapshot(&alone[k].state);
        clsnn_experiment_destroy(x[k]);
    }
    clsnn_batch_destroy(batch);
    rig->dev->info.compute_units = cores;
    drop_data(&data);
}

/* Saves everything at pause number `at`, then stops. */
struct saver {
    int at, n;
    struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS];
    struct clsnn_standing standing;
    struct clsnn_metrics *metrics;
    size_t n_metrics;
    struct clsnn_labels labels;
    bool has_labels;
};

static enum clsnn_status save_and_stop(void *ctx, const struct clsnn_experiment *x) {
    struct saver *s = ctx;
    if (s->n++ != s->at) return CLSNN_OK;
    must(clsnn_network_save(x->batch->net, x->slot, s->arrays));
    s->standing = x->at;
    s->has_labels = x->has_labels;
    memcpy(s->labels.labels, x->labels.labels, NEURONS * sizeof *s->labels.labels);
    memcpy(s->labels.proportions, x->labels.proportions, NEURONS * 10 * sizeof *s->labels.proportions);
    s->n_metrics = x->n_metrics;
    must(clsnn_metrics_copy(x->metrics, x->n_metrics, &s->metrics));
    return clsnn_fail(CLSNN_STOPPED, "stopped by the test");
}

/* Returns the work-group's program, or that of a work-group of one if larger ones are not tried. */
static const struct clsnn_program *program_of(struct rig *rig, int work_group) {
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, work_group);
    return prog ? prog : rig_program(rig, CLSNN_PROGRAM_RUN, 1);
}

static void a_saved_state_goes_on_as_if_nothing_had_happened(void **state) {
    struct rig *rig = *state;
    const int groups[] = {1, 1, 16};
    struct clsnn_dataset data;
    struct clsnn_plan plan = make_plan(3);
    struct result wanted;
    int n_cuts = 0;
    draw_data(&data);
    run_alone(rig, &data, &plan, 1, 1000, &wanted);
    clear_scratch(&wanted.state, (NEURONS + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN);
    plan.pause_every = 4;
    for (int at = 0;; at++) {
        struct saver s = {.at = at};
        const struct clsnn_watcher watch = {.paused = save_and_stop, .ctx = &s};
        struct clsnn_batch *batch = NULL;
        struct clsnn_experiment *x = NULL, *slot;
        must(clsnn_batch_create(rig->dev, program_of(rig, groups[at % 3]), &data, NEURONS, &default_laws, 1,
                                N_TRAIN, N_TEST, 0, &batch));
        must(clsnn_experiment_create(batch, 0, &plan, &x));
        slot = x;
        must(clsnn_labels_create(NEURONS, 10, &s.labels));
        const enum clsnn_status st = clsnn_experiments_run(batch, &slot, &watch);
        clsnn_error_clear();
        clsnn_experiment_destroy(x);
        clsnn_batch_destroy(batch);
        if (st == CLSNN_OK) { /* there is no pause number `at` */
            clsnn_labels_finish(&s.labels);
            break;
        }
        assert_int_equal(st, CLSNN_STOPPED);
        n_cuts++;
        /* The state continues in another batch, in another slot, on another work-group. */
        const struct clsnn_npz saved = {s.arrays, (size_t)clsnn_network_n_arrays(&default_laws)};
        struct clsnn_experiment *slots[2] = {NULL};
        struct result found;
        must(clsnn_batch_create(rig->dev, program_of(rig, groups[(at + 1) % 3]), &data, NEURONS,
                                &default_laws, 2, N_TRAIN, N_TEST, 0, &batch));
        must(clsnn_experiment_create(batch, 1, &plan, &x));
        must(clsnn_network_load(batch->net, 1, &saved, "saved"));
        must(
            clsnn_experiment_resume(x, &s.standing, s.metrics, s.n_metrics, s.has_labels ? &s.labels : NULL));
        slots[1] = x;
        must(clsnn_experiments_run(batch, slots, NULL));
        keep_result(rig, x, &found);
        clear_scratch(&found.state, (size_t)batch->net->n);
        check_result(&found, &wanted, "resumed");
        clsnn_experiment_destroy(x);
        clsnn_batch_destroy(batch);
        clsnn_network_drop(s.arrays);
        clsnn_labels_finish(&s.labels);
        clsnn_metrics_free(s.metrics, s.n_metrics);
    }
    assert_int_equal(n_cuts, 6); /* pauses at 4, 8, epoch, 12, 16, epoch: 18 images in two epochs */
    drop_snapshot(&wanted.state);
    drop_data(&data);
}

static void a_load_checks_before_it_writes(void **state) {
    struct rig *rig = *state;
    struct clsnn_model model = lively_model();
    struct clsnn_network *net = make_network(rig, 1, &model, 3, NEURONS);
    struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS];
    must(clsnn_network_save(net, 0, arrays));
    struct snapshot before = take_snapshot(rig, net, 0);
    const int n_arrays = clsnn_network_n_arrays(&default_laws);
    for (int r = 0; r < n_arrays; r++) {
        const struct clsnn_npz npz = {arrays, (size_t)n_arrays};
        const struct clsnn_array good = arrays[r];
        ((float *)arrays[0].data)[5] = 0.25f;
        for (int wrong = 0; wrong < 3; wrong++) {
            if (wrong == 0) arrays[r].shape[arrays[r].n_dims - 1]--;
            if (wrong == 1) arrays[r].dtype = arrays[r].dtype == CLSNN_F4 ? CLSNN_I4 : CLSNN_F4;
            if (wrong == 2) strcpy(arrays[r].name, "other");
            assert_int_equal(clsnn_network_load(net, 0, &npz, "file"), CLSNN_E_DATA);
            assert_non_null(strstr(clsnn_error_text(), good.name));
            assert_non_null(strstr(clsnn_error_text(), "file"));
            clsnn_error_clear();
            arrays[r] = good;
        }
        struct snapshot after = take_snapshot(rig, net, 0);
        check_same_snapshot(&after, &before, "after a refused load");
        drop_snapshot(&after);
    }
    drop_snapshot(&before);
    clsnn_network_drop(arrays);
    clsnn_network_destroy(net);
}

/* A slot takes the bytes that clsnn_batch_slot_bytes promises, measured as the growth of all buffers. At 400
 * neurons they are at most 1.6 MB. */
static void a_slot_takes_what_it_says(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    draw_data(&data);
    const uint32_t sizes[] = {1, 100, 400, 1600};
    for (size_t k = 0; k < COUNT(sizes); k++) {
        size_t bytes[2];
        const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, 1);
        for (int more = 0; more < 2; more++) {
            struct clsnn_batch *batch = NULL;
            const size_t before = rig->dev->allocated_bytes;
            must(clsnn_batch_create(rig->dev, prog, &data, sizes[k], &default_laws, 2 + more, N_TRAIN, N_TEST,
                                    0, &batch));
            bytes[more] = rig->dev->allocated_bytes - before;
            clsnn_batch_destroy(batch);
            assert_int_equal(rig->dev->allocated_bytes, before);
        }
        print_message("# a network of %u neurons: %zu bytes on the device\n", sizes[k], bytes[1] - bytes[0]);
        assert_int_equal(bytes[1] - bytes[0], clsnn_batch_slot_bytes(784, sizes[k], &default_laws));
        if (sizes[k] == 400) assert_true(bytes[1] - bytes[0] <= 1600000);
    }
    drop_data(&data);
}

/* The promised number of slots fits, evaluation included, and falls as the device shrinks. */
static void as_many_slots_as_promised_fit(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    const struct clsnn_device_info whole = rig->dev->info;
    draw_data(&data);
    for (cl_ulong mb = 12; mb <= 48; mb *= 2) {
        struct clsnn_batch *batch = NULL;
        struct clsnn_experiment *x = NULL;
        struct clsnn_plan plan = make_plan(4);
        rig->dev->info.global_bytes = mb << 20;
        rig->dev->info.compute_units = 2; /* more units would need more memory for evaluation alone */
        const uint64_t most = clsnn_batch_most_slots(rig->dev, 784, NEURONS, &default_laws, N_TRAIN + N_TEST);
        assert_true(most > 0 && most < mb * 4);
        must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, NEURONS,
                                &default_laws, (int)most, N_TRAIN, N_TEST, 0, &batch));
        must(clsnn_experiment_create(batch, (int)most - 1, &plan, &x));
        uint16_t *counts = malloc((size_t)N_TEST * NEURONS * sizeof *counts);
        struct clsnn_evaluation sum;
        assert_non_null(counts);
        must(clsnn_evaluate(batch->net, (int)most - 1, batch->test_pixels, 0, N_TEST, CLSNN_RNG_TEST, NULL,
                            NULL, counts, NULL, &sum));
        free(counts);
        clsnn_experiment_destroy(x);
        clsnn_batch_destroy(batch);
        batch = NULL;
        /* A quarter more slots do not fit. */
        assert_int_equal(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, NEURONS,
                                            &default_laws, (int)(most + most / 4 + 8), N_TRAIN, N_TEST, 0,
                                            &batch),
                         CLSNN_E_DEVICE_MEMORY);
        clsnn_error_clear();
    }
    rig->dev->info = whole;
    drop_data(&data);
}

static void too_little_local_memory_is_said_before_a_launch(void **state) {
    struct rig *rig = *state;
    const struct clsnn_device_info whole = rig->dev->info;
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, 1);
    const struct clsnn_model model = lively_model();
    struct clsnn_network *net = NULL;
    const struct clsnn_build *kernels = NULL;
    must(clsnn_program_build(prog, 17, &default_laws, &kernels));
    /* pocl 6.0 answers 0 for the local memory of a kernel. */
    if (kernels->local_bytes == 0)
        print_message("# SKIPPED: this driver does not tell a kernel's local memory\n");
    if (kernels->local_bytes > 0)
        assert_in_range(kernels->local_bytes, 2 * CLSNN_N_PRE + 1, whole.local_bytes);
    const size_t masks = CLSNN_EXC_MASKS + CLSNN_INH_MASKS;
    /* 17 neurons: one word a mask, and one word for the table of depressions */
    rig->dev->info.local_bytes = kernels->local_bytes + (masks + 1) * 4 - 1;
    assert_int_equal(clsnn_network_create(rig->dev, prog, &model, &(uint64_t){1}, 1, 17, &net),
                     CLSNN_E_DEVICE_MEMORY);
    assert_non_null(strstr(clsnn_error_text(), "local memory: 17 neurons in work-groups of 1 need "));
    clsnn_error_clear();
    rig->dev->info.local_bytes++;
    must(clsnn_network_create(rig->dev, prog, &model, &(uint64_t){1}, 1, 17, &net));
    clsnn_network_destroy(net);
    rig->dev->info = whole;
}

/* A stop waits for the end of a launch. So the slowest network sets the length of a launch, however fast its
 * neighbours are. */
static void launches_fit_the_slowest_network(void **state) {
    enum { FAST, SLOW, BOTH, N = 600 };
    struct rig *rig = *state;
    struct clsnn_dataset data;
    struct clsnn_batch *batch = NULL;
    struct clsnn_model models[BOTH];
    int32_t order[N];
    double took = 0;
    draw_data(&data);
    for (int k = 0; k < N; k++) order[k] = k % N_TRAIN;
    for (int b = 0; b < BOTH; b++) {
        clsnn_model_defaults(&models[b]);
        models[b].min_spikes = 0;
        models[b].time_on_ms = b == SLOW ? 1000 : 1;
        models[b].time_off_ms = b == SLOW ? 1000 : 0;
    }
    must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), &data, 1600, &default_laws,
                            BOTH, N_TRAIN, N_TEST, 0, &batch));
    for (int b = 0; b < BOTH; b++) {
        must(clsnn_batch_start(batch, b, &models[b], 1));
        assert_int_equal(batch->chunks[b], 1);
    }
    const struct clsnn_schedule schedule = {.order = order, .n_images = N};
    for (int b = 0; b < BOTH; b++) clsnn_trainer_place(batch->trainer, b, 0, 0, 0, schedule);
    for (uint32_t epoch = 0; epoch < 20; epoch++) { /* the fast network's epochs, which are short */
        clsnn_trainer_place(batch->trainer, FAST, epoch, 0, 0, schedule);
        while (batch->trainer->progress[FAST].position < N) must(clsnn_batch_launch(batch, &took));
    }
    print_message("# chunks of a fast and a slow network: %u, %u\n", batch->chunks[FAST],
                  batch->chunks[SLOW]);
    assert_true(batch->trainer->progress[SLOW].position < N && batch->chunks[SLOW] < CLSNN_MAX_CHUNK / 2);
    /* The slow network, now alone, keeps its own length of launch. */
    clsnn_trainer_place(batch->trainer, FAST, 0, 0, 0, (struct clsnn_schedule){0});
    const uint32_t most = batch->chunks[SLOW];
    must(clsnn_batch_launch(batch, &took));
    assert_true(batch->trainer->progress[SLOW].presentations <= most);
    assert_true(took < 2); /* a launch aims at a third of a second */
    must(clsnn_batch_start(batch, SLOW, &models[SLOW], 1));
    assert_int_equal(batch->chunks[SLOW], 1);
    clsnn_batch_destroy(batch);
    drop_data(&data);
}

static size_t resident_kb(void) {
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long pages = 0, resident = 0;
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &pages, &resident), 2);
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* The process's memory grows neither with trained images, nor with evaluations, nor with runs. */
static void memory_does_not_grow(void **state) {
    struct rig *rig = *state;
    struct clsnn_dataset data;
    const struct clsnn_plan plan = make_plan(0);
    size_t kb[2] = {0};
    draw_data(&data);
    for (int round = 0; round < 12; round++) {
        struct result r;
        run_alone(rig, &data,
                  &(struct clsnn_plan){.model = plan.model,
                                       .seed = plan.seed,
                                       .neurons = NEURONS,
                                       .epochs = round < 2 ? 2 : 4,
                                       .train_images = N_TRAIN,
                                       .label_images = N_TRAIN,
                                       .test_images = N_TEST,
                                       .eval_every = 1},
                  1, 0, &r);
        drop_snapshot(&r.state);
        if (round == 1) kb[0] = resident_kb(); /* the driver's caches are filled by now */
    }
    kb[1] = resident_kb();
    print_message("# resident: %zu kB after 36 images, %zu kB after 396\n", kb[0], kb[1]);
    assert_true(kb[1] < kb[0] + 1024);
    drop_data(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_on_two_cores),
        cmocka_unit_test(neighbours_change_nothing),
        cmocka_unit_test(a_finished_experiment_has_to_leave_its_slot),
        cmocka_unit_test(a_stop_after_the_last_failure_is_a_stop),
        cmocka_unit_test(a_saved_state_goes_on_as_if_nothing_had_happened),
        cmocka_unit_test(a_load_checks_before_it_writes),
        cmocka_unit_test(a_slot_takes_what_it_says),
        cmocka_unit_test(as_many_slots_as_promised_fit),
        cmocka_unit_test(too_little_local_memory_is_said_before_a_launch),
        cmocka_unit_test(launches_fit_the_slowest_network),
        cmocka_unit_test(memory_does_not_grow),
    };
    return run_device_suite("batch", tests);
}
