/* The bits stay the same however the work is cut: work-groups, chunks, batches, slots, threads. Also the
 * protocol of retries, which decides which presentations are computed. Counts are small: on CPUs a work-group
 * of many is slow. */
#include <unistd.h>

#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"
#include "device_fixture.h"

static const uint64_t seed = UINT64_C(0x5eed000000000007);

enum { N_IMAGES = 4, N_EPOCHS = 2 };

struct outcome {
    struct snapshot state;
    uint16_t *counts; /* [N_EPOCHS][N_IMAGES][n] */
    size_t n_counts;
    uint64_t presentations, given_up, spikes;
};

static struct outcome train_on(struct rig *rig, const uint8_t *digits, const struct clsnn_model *model,
                               uint64_t run_seed, int n_post, int work_group, uint32_t chunk,
                               bool evaluate_between) {
    struct outcome out = {0};
    cl_mem pixels = upload_pixels(rig, digits, N_IMAGES);
    struct clsnn_network *net = make_network(rig, work_group, model, run_seed, n_post);
    struct clsnn_trainer *tr = NULL;
    must(clsnn_trainer_create(net, pixels, N_IMAGES, 1, &tr));
    const size_t row = (size_t)N_IMAGES * (size_t)net->n;
    out.n_counts = N_EPOCHS * row;
    out.counts = malloc(out.n_counts * sizeof *out.counts);
    assert_non_null(out.counts);
    for (uint32_t epoch = 0; epoch < N_EPOCHS; epoch++) {
        finish_epoch(tr, epoch, chunk);
        memcpy(out.counts + epoch * row, tr->host_counts, row * sizeof *out.counts);
        if (!evaluate_between) continue;
        uint16_t *counts = malloc(N_IMAGES * (size_t)n_post * sizeof *counts);
        struct clsnn_evaluation sum;
        struct snapshot before = take_snapshot(rig, net, 0), after;
        assert_non_null(counts);
        must(clsnn_evaluate(net, 0, pixels, 0, N_IMAGES, CLSNN_RNG_LABEL, NULL, NULL, counts, NULL, &sum));
        after = take_snapshot(rig, net, 0);
        check_same_snapshot(&after, &before, "after an evaluation");
        drop_snapshot(&before);
        drop_snapshot(&after);
        free(counts);
    }
    out.state = take_snapshot(rig, net, 0);
    out.presentations = tr->totals[0].presentations;
    out.given_up = tr->totals[0].given_up;
    out.spikes = tr->totals[0].spikes;
    /* Counts and spikes both cover the steps with input, not the rest. */
    uint64_t in_counts = 0;
    for (size_t at = 0; at < out.n_counts; at++) in_counts += out.counts[at];
    assert_int_equal(in_counts, out.spikes);
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig->dev, &pixels);
    return out;
}

static struct outcome train_once(struct rig *rig, const struct clsnn_model *model, uint64_t run_seed,
                                 int n_post, int work_group, uint32_t chunk, bool evaluate_between) {
    uint8_t *digits = draw_digits(N_IMAGES);
    struct outcome out = train_on(rig, digits, model, run_seed, n_post, work_group, chunk, evaluate_between);
    free(digits);
    return out;
}

static void drop_outcome(struct outcome *o) {
    free(o->counts);
    drop_snapshot(&o->state);
}

static void check_same_outcome(struct outcome *found, const struct outcome *wanted, const char *what) {
    check_same_snapshot(&found->state, &wanted->state, what);
    assert_int_equal(found->n_counts, wanted->n_counts);
    if (!found->counts || !wanted->counts ||
        memcmp(found->counts, wanted->counts, found->n_counts * sizeof *found->counts) != 0)
        fail_msg("%s: counts differ", what);
    if (found->presentations != wanted->presentations || found->given_up != wanted->given_up ||
        found->spikes != wanted->spikes)
        fail_msg("%s: %llu presentations, %llu given up, %llu spikes; wanted %llu, %llu, %llu", what,
                 (unsigned long long)found->presentations, (unsigned long long)found->given_up,
                 (unsigned long long)found->spikes, (unsigned long long)wanted->presentations,
                 (unsigned long long)wanted->given_up, (unsigned long long)wanted->spikes);
    drop_outcome(found);
}

static void work_groups_and_chunks_change_nothing(void **state) {
    struct rig *rig = *state;
    const int sizes[] = {1, 15, 16, 17, 33, 100}, work_groups[] = {1, 16, 64, 256};
    const uint32_t chunks[] = {1000, 1, 7};
    const struct clsnn_model model = lively_model();
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct outcome first = train_once(rig, &model, seed, sizes[s], 1, 1000, false);
        print_message("# %d neurons: %llu presentations, %llu given up, %llu spikes, state %016llx\n",
                      sizes[s], (unsigned long long)first.presentations, (unsigned long long)first.given_up,
                      (unsigned long long)first.spikes, snapshot_hash(&first.state));
        assert_true(first.spikes > 5);
        for (size_t g = 0; g < COUNT(work_groups); g++)
            for (size_t c = 0; c < COUNT(chunks); c++) {
                char what[80];
                if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_groups[g])) continue;
                if (work_groups[g] > 1 && chunks[c] < 1000 && sizes[s] != 17) continue;
                snprintf(what, sizeof what, "%d neurons, work-group %d, chunk %u", sizes[s], work_groups[g],
                         chunks[c]);
                struct outcome other =
                    train_once(rig, &model, seed, sizes[s], work_groups[g], chunks[c], false);
                check_same_outcome(&other, &first, what);
            }
        drop_outcome(&first);
    }
}

/* The published times, whose rest is long enough for all activity to end. */
static void the_published_protocol_too(void **state) {
    struct rig *rig = *state;
    const int work_groups[] = {1, 64};
    struct clsnn_model model;
    struct outcome first = {0};
    clsnn_model_defaults(&model);
    for (size_t g = 0; g < COUNT(work_groups); g++) {
        if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_groups[g])) continue;
        struct outcome o = train_once(rig, &model, seed, 50, work_groups[g], 7, false);
        if (g == 0)
            first = o;
        else
            check_same_outcome(&o, &first, "work-group 64");
    }
    print_message("# published times: %llu presentations, %llu spikes\n",
                  (unsigned long long)first.presentations, (unsigned long long)first.spikes);
    assert_true(first.presentations > N_EPOCHS * N_IMAGES); /* some images are repeated */
    drop_outcome(&first);
}

/* Shortcuts that hold for the published constants must hold for others. Each row changes what one shortcut
 * relies on. */
static void odd_parameters_too(void **state) {
    struct rig *rig = *state;
    enum { N_ODD = 10 };
    struct clsnn_model odd[N_ODD];
    for (int k = 0; k < N_ODD; k++) odd[k] = lively_model();
    odd[0].refrac_exc_ms = odd[0].refrac_inh_ms = 0; /* spikes in every step */
    odd[1].tau_g_exc_ms = 40;                        /* conductances outlast the rest */
    odd[1].tau_g_inh_ms = 100;
    odd[2].theta_init_mv = 5; /* a threshold below rest: neurons fire without input */
    odd[3].w_max = 0.15;      /* rescaling leaves many weights above w_max */
    odd[3].w_init_max = 0.14;
    odd[3].eta_post = 0.5;
    /* Traces last across presentations. */
    odd[4].tau_pre_ms = odd[4].tau_post1_ms = odd[4].tau_post2_ms = 100;
    odd[4].eta_pre = 0.01;
    odd[5].tau_m_exc_ms = 1; /* potentials reach rest within a presentation */
    odd[5].time_off_ms = 300;
    odd[5].w_norm = 30;
    odd[6].w_exc_inh = 100; /* inhibitory neurons fire again and again */
    odd[6].tau_m_inh_ms = 1;
    odd[6].w_inh_exc = 1;
    odd[7].tau_theta_ms = 1000; /* theta falls within a presentation */
    odd[7].theta_plus_mv = 3;
    odd[7].time_off_ms = 0;
    odd[8].w_norm = 0.001; /* rescaling takes weights below CLSNN_W_FLUSH */
    odd[8].eta_post = 1;
    odd[8].theta_init_mv = 0;
    odd[9].eta_pre = 1; /* a trace that ends with a large step, among inputs that spike again and again */
    odd[9].tau_post1_ms = 0.5;
    odd[9].rate_divisor = 2;
    odd[9].w_norm = 20;
    for (int k = 0; k < N_ODD; k++) {
        char what[48];
        must(clsnn_model_check(&odd[k]));
        struct outcome first = train_once(rig, &odd[k], seed, 33, 1, 1000, false);
        print_message("# odd parameters %d: %llu presentations, %llu spikes\n", k,
                      (unsigned long long)first.presentations, (unsigned long long)first.spikes);
        assert_true(first.spikes > 0);
        for (int work_group = 16; work_group <= 64; work_group *= 4) {
            if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_group)) continue;
            struct outcome other = train_once(rig, &odd[k], seed, 33, work_group, 7, false);
            snprintf(what, sizeof what, "odd parameters %d, work-group %d", k, work_group);
            check_same_outcome(&other, &first, what);
        }
        drop_outcome(&first);
    }
}

/* More input spikes than a window has room for, so that later windows begin at odd steps; then a rest in
 * which all activity ends. */
static void crowded_inputs_too(void **state) {
    struct rig *rig = *state;
    enum { N_POST = 17 };
    uint8_t white[N_IMAGES * CLSNN_N_PRE];
    struct clsnn_model model = lively_model();
    memset(white, 255, sizeof white);
    model.time_on_ms = 30;
    model.time_off_ms = 60;
    model.intensity_start = model.intensity_max = 20; /* an input spikes in a third of the steps */
    must(clsnn_model_check(&model));
    struct outcome first = train_on(rig, white, &model, seed, N_POST, 1, 1000, false);
    print_message("# crowded inputs: %llu spikes\n", (unsigned long long)first.spikes);
    assert_true(first.spikes > 0);
    for (int work_group = 16; work_group <= 64; work_group *= 4) {
        char what[48];
        if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_group)) continue;
        struct outcome other = train_on(rig, white, &model, seed, N_POST, work_group, 1000, false);
        snprintf(what, sizeof what, "crowded inputs, work-group %d", work_group);
        check_same_outcome(&other, &first, what);
    }
    drop_outcome(&first);
}

static void seeds_differ(void **state) {
    const struct clsnn_model model = lively_model();
    struct outcome a = train_once(*state, &model, 1, 16, 1, 1000, false),
                   b = train_once(*state, &model, 2, 16, 1, 1000, false);
    assert_true(snapshot_hash(&a.state) != snapshot_hash(&b.state));
    drop_outcome(&a);
    drop_outcome(&b);
}

static void an_evaluation_in_between_changes_nothing(void **state) {
    const struct clsnn_model model = lively_model();
    struct outcome without = train_once(*state, &model, seed, 33, 1, 1000, false);
    struct outcome with = train_once(*state, &model, seed, 33, 1, 1000, true);
    check_same_outcome(&with, &without, "with evaluations");
    drop_outcome(&without);
}

static void a_network_of_a_batch_is_the_network_alone(void **state) {
    struct rig *rig = *state;
    enum { BATCH = 3, SIZE = 33 };
    struct clsnn_model models[BATCH] = {lively_model(), lively_model(), lively_model()};
    const uint64_t seeds[BATCH] = {11, UINT64_C(0xffffffff00000001), 13};
    models[0].theta_plus_mv = 0.1;
    models[1].time_on_ms = 80;
    models[1].intensity_step = 2;
    models[1].v_start_offset_mv = -10;
    models[1].min_spikes = 9;
    models[2].w_norm = 90;
    models[2].theta_init_mv = 14;
    models[2].eta_post = 0.03;
    models[2].refrac_exc_ms = 2.5;
    uint8_t *digits = draw_digits(N_IMAGES);
    cl_mem pixels = upload_pixels(rig, digits, N_IMAGES);
    for (int work_group = 1; work_group <= 16; work_group *= 16) {
        const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, work_group);
        struct clsnn_network *batch = NULL;
        struct clsnn_trainer *tr = NULL;
        if (!prog) continue;
        must(clsnn_network_create(rig->dev, prog, models, seeds, BATCH, SIZE, &batch));
        must(clsnn_trainer_create(batch, pixels, N_IMAGES, BATCH, &tr));
        for (uint32_t epoch = 0; epoch < N_EPOCHS; epoch++) finish_epoch(tr, epoch, 3);
        for (int b = 0; b < BATCH; b++) {
            char what[64];
            struct outcome alone = train_once(rig, &models[b], seeds[b], SIZE, 1, 1000, false);
            struct snapshot together = take_snapshot(rig, batch, b);
            snprintf(what, sizeof what, "network %d of a batch, work-group %d", b, work_group);
            check_same_snapshot(&together, &alone.state, what);
            drop_snapshot(&together);
            /* The last epoch's counts of each image. */
            const size_t row = (size_t)N_IMAGES * (size_t)batch->n * sizeof(uint16_t);
            uint16_t *counts = read_buffer(
                rig, tr->counts, (size_t)b * CLSNN_MAX_CHUNK * (size_t)batch->n * sizeof *counts, row);
            assert_memory_equal(counts, alone.counts + (N_EPOCHS - 1) * (size_t)N_IMAGES * (size_t)batch->n,
                                row);
            free(counts);
            assert_int_equal(tr->totals[b].spikes, alone.spikes);
            assert_int_equal(tr->totals[b].presentations, alone.presentations);
            assert_int_equal(tr->totals[b].given_up, alone.given_up);
            drop_outcome(&alone);
        }
        clsnn_trainer_destroy(tr);
        clsnn_network_destroy(batch);
    }
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
}

static bool stop_at_once(void *ctx, uint32_t n_done) {
    *(uint32_t *)ctx = n_done;
    return false;
}

/* The number of slots follows from the device's compute units, so the test sets other numbers of units. */
static void evaluation_does_not_depend_on_slots_or_work_group(void **state) {
    struct rig *rig = *state;
    enum { N_SHOWN = 13, SIZE = 33 };
    const cl_uint units[] = {2, 1, 3, 100};
    const int work_groups[] = {1, 16, 64};
    struct clsnn_model model = lively_model();
    model.theta_init_mv = 16;
    model.intensity_start = 2;
    model.min_spikes = 40;
    /* The drive of inhibitory neurons outlasts an image. It must not reach the next image. */
    model.tau_g_exc_ms = 5;
    uint8_t *digits = draw_digits(N_SHOWN);
    cl_mem pixels = upload_pixels(rig, digits, N_SHOWN);
    uint16_t first[N_SHOWN * SIZE], label[N_SHOWN * SIZE], found[N_SHOWN * SIZE];
    struct clsnn_evaluation wanted = {0}, sum;
    const cl_uint own_units = rig->dev->info.compute_units;
    for (size_t g = 0; g < COUNT(work_groups); g++) {
        const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, work_groups[g]);
        struct clsnn_network *net = NULL;
        if (!prog) continue;
        /* Network 1 of 2 has offsets other than 0. */
        must(clsnn_network_create(rig->dev, prog, (const struct clsnn_model[]){model, model},
                                  (const uint64_t[]){1, seed}, 2, SIZE, &net));
        for (size_t u = 0; u < COUNT(units); u++) {
            rig->dev->info.compute_units = units[u];
            must(clsnn_evaluate(net, 1, pixels, 0, N_SHOWN, CLSNN_RNG_TEST, NULL, NULL, found, NULL, &sum));
            if (g == 0 && u == 0) {
                memcpy(first, found, sizeof first);
                wanted = sum;
                print_message("# evaluation: %llu presentations, %llu given up, %llu spikes\n",
                              (unsigned long long)sum.presentations, (unsigned long long)sum.given_up,
                              (unsigned long long)sum.spikes);
                assert_true(sum.spikes > 100 && sum.presentations > N_SHOWN);
            }
            assert_memory_equal(found, first, sizeof first);
            assert_int_equal(sum.presentations, wanted.presentations);
            assert_int_equal(sum.given_up, wanted.given_up);
            assert_int_equal(sum.spikes, wanted.spikes);
        }
        rig->dev->info.compute_units = own_units;
        /* Fewer images give the same counts for these images. Another purpose gives other draws. */
        memset(found, 0xee, sizeof found);
        must(clsnn_evaluate(net, 1, pixels, 0, 5, CLSNN_RNG_TEST, NULL, NULL, found, NULL, &sum));
        assert_memory_equal(found, first, 5 * SIZE * sizeof *found);
        assert_int_equal(found[5 * SIZE], 0xeeee);
        must(clsnn_evaluate(net, 1, pixels, 0, N_SHOWN, CLSNN_RNG_LABEL, NULL, NULL, label, NULL, &sum));
        assert_memory_not_equal(label, first, sizeof first);
        must(clsnn_evaluate(net, 1, pixels, 0, 0, CLSNN_RNG_LABEL, NULL, NULL, label, NULL, &sum));
        assert_int_equal(sum.presentations, 0);
        uint32_t n_done = 0;
        assert_int_equal(
            clsnn_evaluate(net, 1, pixels, 0, 5, CLSNN_RNG_LABEL, stop_at_once, &n_done, label, NULL, &sum),
            CLSNN_STOPPED);
        assert_int_equal(n_done, 5);
        clsnn_error_clear();
        clsnn_network_destroy(net);
    }
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
}

static uint32_t sum_counts(struct rig *rig, const struct clsnn_network *net) {
    uint16_t *counts = read_row(rig, net, CLSNN_ROW_counts);
    uint32_t sum = 0;
    for (int j = 0; j < net->n; j++) sum += counts[j];
    free(counts);
    return sum;
}

/* The last presentation's input spikes must be within 6 standard deviations of the number that its intensity
 * gives. */
static void check_intensity(struct rig *rig, const struct clsnn_network *net, const uint8_t *image,
                            const struct clsnn_params *p, int intensity) {
    uint32_t *words = read_row(rig, net, CLSNN_ROW_spikes);
    double mean = 0, n_spikes = 0;
    int n_active = 0;
    for (int i = 0; i < PIXELS; i++) {
        mean += (double)image[i] * intensity / p->rate_denominator * p->n_on;
        n_active += image[i] != 0;
    }
    for (int g = 0; g < (n_active + 31) / 32; g++)
        for (int t = 0; t < p->n_on; t++)
            for (uint32_t rest = words[g * CLSNN_MAX_ON + t]; rest; rest &= rest - 1) n_spikes++;
    free(words);
    if (fabs(n_spikes - mean) > 6 * sqrt(mean) + 1)
        fail_msg("intensity %d: %g input spikes, expected %g", intensity, n_spikes, mean);
}

/* One presentation a launch; the test repeats every decision from the counts. The images: a dark digit, one
 * weak pixel on black, a bright digit, black. */
static void dark_images_are_shown_again_and_stronger(void **state) {
    struct rig *rig = *state;
    enum { N = 4 };
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    model.theta_init_mv = 13;
    model.intensity_max = 9;
    uint8_t *images = draw_digits(N);
    for (int i = 0; i < PIXELS; i++) images[i] = (uint8_t)(images[i] / 5);
    memset(images + PIXELS, 0, PIXELS);
    memset(images + 3 * PIXELS, 0, PIXELS);
    images[PIXELS + 400] = 3;
    cl_mem pixels = upload_pixels(rig, images, N);
    for (int work_group = 1; work_group <= 16; work_group *= 16) {
        if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_group)) continue;
        struct clsnn_network *net = make_network(rig, work_group, &model, 4, 20);
        struct clsnn_trainer *tr = NULL;
        must(clsnn_trainer_create(net, pixels, N, 1, &tr));
        clsnn_trainer_begin_epoch(tr, 0, NULL);
        uint32_t position = 0, attempt = 0, n_given_up = 0, n_shown = 0, tries[N] = {0};
        uint64_t n_spikes = 0;
        while (position < N) {
            const int intensity = model.intensity_start + (int)attempt * model.intensity_step;
            assert_true(intensity <= model.intensity_max);
            must(clsnn_trainer_run(tr, 1, N));
            const struct clsnn_progress *now = &tr->progress[0];
            const uint32_t sum = sum_counts(rig, net);
            check_intensity(rig, net, images + position * PIXELS, net->host_params, intensity);
            n_shown++;
            tries[position]++;
            assert_int_equal(now->presentations, 1);
            const bool enough = sum >= (uint32_t)model.min_spikes, last = intensity == model.intensity_max;
            assert_int_equal(now->given_up, !enough && last);
            if (enough || last) {
                /* The accepted counts are the image's. */
                uint32_t kept = 0;
                for (int j = 0; j < net->n; j++)
                    kept += tr->host_counts[position * (uint32_t)net->n + (uint32_t)j];
                assert_int_equal(kept, sum);
                n_spikes += sum;
                n_given_up += !enough;
                position++;
                attempt = 0;
            } else {
                attempt++;
                assert_int_equal(now->spikes_lo, 0);
            }
            assert_int_equal(now->position, position);
            assert_int_equal(now->attempt, attempt);
        }
        print_message("# work-group %d: %u, %u, %u, %u presentations, %u given up\n", work_group, tries[0],
                      tries[1], tries[2], tries[3], n_given_up);
        assert_true(tries[0] > 1 && tries[0] < 8); /* of the 8 intensities 2 to 9 */
        assert_int_equal(tries[1], 8);
        assert_int_equal(tries[3], 8);
        assert_int_equal(n_given_up, 2);
        assert_int_equal(tr->totals[0].presentations, n_shown);
        assert_int_equal(tr->totals[0].given_up, n_given_up);
        assert_int_equal(tr->totals[0].spikes, n_spikes);
        /* With no image left, a launch shows none and reports none. */
        must(clsnn_trainer_run(tr, 5, N));
        assert_int_equal(tr->progress[0].presentations, 0);
        assert_int_equal(tr->totals[0].presentations, n_shown);
        clsnn_trainer_destroy(tr);
        clsnn_network_destroy(net);
    }
    clsnn_buffer_release(rig->dev, &pixels);
    free(images);
}

/* With an intensity step of 0, an image that never fires gets CLSNN_MAX_ATTEMPT attempts and is given up. */
static void attempts_are_bounded_without_a_step(void **state) {
    struct rig *rig = *state;
    const uint8_t black[PIXELS] = {0};
    struct clsnn_model model = lively_model();
    model.intensity_step = 0;
    model.time_on_ms = 1;
    model.time_off_ms = 0;
    cl_mem pixels = upload_pixels(rig, black, 1);
    struct clsnn_network *net = make_network(rig, 1, &model, 4, 1);
    struct clsnn_trainer *tr = NULL;
    struct clsnn_evaluation sum;
    uint16_t counts[1];
    must(clsnn_trainer_create(net, pixels, 1, 1, &tr));
    finish_epoch(tr, 0, 100);
    assert_int_equal(tr->totals[0].presentations, CLSNN_MAX_ATTEMPT);
    assert_int_equal(tr->totals[0].given_up, 1);
    must(clsnn_evaluate(net, 0, pixels, 0, 1, CLSNN_RNG_TEST, NULL, NULL, counts, NULL, &sum));
    assert_int_equal(sum.presentations, CLSNN_MAX_ATTEMPT);
    assert_int_equal(sum.given_up, 1);
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig->dev, &pixels);
}

/* A launch follows the epoch's order, stops at the given position, and the next launch continues there. */
static void positions_follow_the_order_and_stop_where_told(void **state) {
    struct rig *rig = *state;
    const int32_t order[N_IMAGES] = {2, 0, 3, 1};
    const struct clsnn_model model = lively_model();
    uint8_t *digits = draw_digits(N_IMAGES), *sorted = malloc((size_t)N_IMAGES * PIXELS);
    assert_non_null(sorted);
    cl_mem pixels = upload_pixels(rig, digits, N_IMAGES);
    struct snapshot shots[2];
    for (int way = 0; way < 2; way++) {
        struct clsnn_network *net = make_network(rig, 1, &model, seed, 16);
        struct clsnn_trainer *tr = NULL;
        must(clsnn_trainer_create(net, pixels, N_IMAGES, 1, &tr));
        clsnn_trainer_begin_epoch(tr, 0, order);
        for (uint32_t stop = 1; way == 0 && stop <= N_IMAGES; stop++) {
            must(clsnn_trainer_run(tr, CLSNN_MAX_CHUNK, stop));
            assert_int_equal(tr->progress[0].position, stop);
        }
        if (way == 1) must(clsnn_trainer_run(tr, CLSNN_MAX_CHUNK, N_IMAGES + 100));
        assert_int_equal(tr->progress[0].position, N_IMAGES);
        shots[way] = take_snapshot(rig, net, 0);
        clsnn_trainer_destroy(tr);
        clsnn_network_destroy(net);
    }
    check_same_snapshot(&shots[1], &shots[0], "in one go");
    struct outcome in_order = train_once(rig, &model, seed, 16, 1, 1000, false);
    assert_true(snapshot_hash(&in_order.state) != snapshot_hash(&shots[0]));
    drop_outcome(&in_order);
    drop_snapshot(&shots[0]);
    drop_snapshot(&shots[1]);
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
    free(sorted);
}

/* On a CPU with a core for each network, a launch with ends_together ends soon after the shorter schedule. No
 * bit changes. */
static void launches_end_together(void **state) {
    enum { LONG = 400, SHORT = 2, BOTH = 2 };
    struct rig *rig = *state;
    struct clsnn_model models[BOTH] = {lively_model(), lively_model()};
    const uint64_t seeds[BOTH] = {seed, seed + 1};
    const bool is_heard = rig->dev->info.type & CL_DEVICE_TYPE_CPU && rig->dev->info.compute_units >= BOTH;
    /* Network 1 takes about 0.1 s for its images; network 0 takes a thousandth of it. */
    models[1].time_on_ms = models[1].time_off_ms = 1000;
    models[1].min_spikes = 0;
    uint8_t *digits = draw_digits(LONG);
    cl_mem pixels = upload_pixels(rig, digits, LONG);
    struct snapshot shots[2][BOTH];
    for (int together = 0; together < 2; together++) {
        struct clsnn_network *net = NULL;
        struct clsnn_trainer *tr = NULL;
        must(clsnn_network_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, 1), models, seeds, BOTH, 100,
                                  &net));
        must(clsnn_trainer_create(net, pixels, LONG, 0, &tr));
        clsnn_trainer_begin_epoch(tr, 0, NULL);
        tr->schedules[0].n_images = SHORT;
        tr->ends_together = together;
        uint32_t n_launches = 0;
        for (; tr->progress[1].position < LONG; n_launches++) {
            const uint32_t before = tr->progress[1].position;
            must(clsnn_trainer_run(tr, CLSNN_MAX_CHUNK, LONG));
            assert_int_equal(tr->progress[0].position, SHORT);
            assert_true(tr->progress[1].position > before);
        }
        if (!together) assert_int_equal(n_launches, 1);
        if (together && is_heard) assert_true(n_launches > 1);
        for (int b = 0; b < BOTH; b++) shots[together][b] = take_snapshot(rig, net, b);
        clsnn_trainer_destroy(tr);
        clsnn_network_destroy(net);
    }
    if (!is_heard) print_message("# SKIPPED: launches that end early need a CPU with two cores\n");
    for (int b = 0; b < BOTH; b++) {
        check_same_snapshot(&shots[1][b], &shots[0][b], "ending together");
        drop_snapshot(&shots[0][b]);
        drop_snapshot(&shots[1][b]);
    }
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
}

/* Prints the hash of a training, and that of an evaluation if asked for one:
 * `test_identity --hash WORK_GROUP [evaluate]`. */
static int print_hash(int work_group, bool evaluates) {
    void *state = NULL;
    const struct clsnn_model model = lively_model();
    uint64_t h = 0;
    if (rig_open(&state) != 0) return 1;
    struct rig *rig = state;
    if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_group)) work_group = 1;
    struct outcome o = train_once(rig, &model, seed, 33, work_group, 1000, false);
    if (evaluates) {
        uint16_t counts[N_IMAGES * 33];
        struct clsnn_evaluation sum;
        uint8_t *digits = draw_digits(N_IMAGES);
        cl_mem pixels = upload_pixels(rig, digits, N_IMAGES);
        struct clsnn_network *net = make_network(rig, work_group, &model, seed, 33);
        must(clsnn_evaluate(net, 0, pixels, 0, N_IMAGES, CLSNN_RNG_TEST, NULL, NULL, counts, NULL, &sum));
        for (size_t k = 0; k < COUNT(counts); k++) h = h * 31 + counts[k];
        clsnn_network_destroy(net);
        clsnn_buffer_release(rig->dev, &pixels);
        free(digits);
    }
    printf("hash %016llx %016llx\n", snapshot_hash(&o.state), (unsigned long long)h);
    drop_outcome(&o);
    return rig_close(&state);
}

/* pocl's numbers of threads, and its other method to compile a work-group: "loopvec" is its default, and
 * "loops" takes a minute for both kernels, so there only the training is compiled. On other platforms the
 * variables mean nothing, and the runs are equal. */
static void threads_and_compilers_ways_change_nothing(void **state) {
    (void)state;
    static const struct {
        const char *variables, *work_group;
        bool evaluates;
    } ways[] = {
        {"", "1", true},
        {"", "16", true},
        {"POCL_MAX_PTHREAD_COUNT=1", "1", true},
        {"POCL_MAX_PTHREAD_COUNT=2", "16", true},
        {"POCL_MAX_PTHREAD_COUNT=3", "1", true},
        {"POCL_MAX_PTHREAD_COUNT=4", "16", true},
        {"POCL_KERNEL_CACHE=0 POCL_WORK_GROUP_METHOD=loops", "16", false},
    };
    char self[1024], first[128] = "";
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) {
        print_message("# SKIPPED: runs under other settings need /proc/self/exe\n");
        return;
    }
    self[length] = '\0';
    for (size_t k = 0; k < COUNT(ways); k++) {
        char command[2048], line[128], found[128] = "";
        snprintf(command, sizeof command, "env %s '%s' --hash %s %s", ways[k].variables, self,
                 ways[k].work_group, ways[k].evaluates ? "evaluate" : "");
        FILE *p = popen(command, "r");
        assert_non_null(p);
        while (fgets(line, sizeof line, p))
            if (strncmp(line, "hash ", 5) == 0) snprintf(found, sizeof found, "%s", line);
        if (pclose(p) != 0 || !*found) fail_msg("%s: failed", command);
        if (k == 0) snprintf(first, sizeof first, "%s", found);
        /* "hash " and the training's 16 digits, or the evaluation's too */
        if (strncmp(found, first, ways[k].evaluates ? sizeof first : 21) != 0)
            fail_msg("%s: %s, not %s", command, found, first);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_groups_and_chunks_change_nothing),
        cmocka_unit_test(the_published_protocol_too),
        cmocka_unit_test(odd_parameters_too),
        cmocka_unit_test(crowded_inputs_too),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(an_evaluation_in_between_changes_nothing),
        cmocka_unit_test(a_network_of_a_batch_is_the_network_alone),
        cmocka_unit_test(evaluation_does_not_depend_on_slots_or_work_group),
        cmocka_unit_test(dark_images_are_shown_again_and_stronger),
        cmocka_unit_test(attempts_are_bounded_without_a_step),
        cmocka_unit_test(positions_follow_the_order_and_stop_where_told),
        cmocka_unit_test(launches_end_together),
        cmocka_unit_test(threads_and_compilers_ways_change_nothing),
    };
    if (argc >= 3 && strcmp(argv[1], "--hash") == 0) return print_hash(atoi(argv[2]), argc > 3);
    return run_device_suite("identity", tests);
}
