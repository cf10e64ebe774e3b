/* The plain C network against the kernels. The two share no line, and must leave the same bits in every
 * weight, threshold, potential and conductance, in work-groups of one (lists, vectors) and of many
 * (barriers). `clsnn bench` checks its rows against plain C, so a mistake in either shows here first. */
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"
#include "device_fixture.h"

#include "plain/plain.h"

/* Takes from a plain network the sections that take_snapshot takes from a device. */
static struct snapshot plain_snapshot(const struct clsnn_plain *c) {
    const size_t n = (size_t)c->n;
    const struct {
        const char *name;
        const void *data;
        size_t n_bytes;
    } rows[] = {
        {"w", c->w, CLSNN_N_PRE * n * 4},
        {"theta", c->theta, n * 4},
        {"v_exc", c->v_exc, n * 4},
        {"g_exc", c->g_exc, n * 4},
        {"g_inh", c->g_inh, n * 4},
        {"last_exc", c->last_exc, n * 4},
        {"v_inh", c->v_inh, n * 4},
        {"g_exc_inh", c->g_exc_inh, n * 4},
        {"last_inh", c->last_inh, n * 4},
        {"seen_inh", c->seen_inh, n * 4},
        {"above_max", c->above_max, n * 2},
        {"counts", c->counts, n * 2},
        {"last_pre", c->last_pre, CLSNN_N_PRE * 4},
        {"x_pre", c->x_pre, CLSNN_N_PRE * 4},
        {"y_post", c->y_post, n * 4},
        {"y2_post", c->y2_post, n * 4},
    };
    struct snapshot shot = {.n_sections = COUNT(rows)};
    for (size_t r = 0; r < COUNT(rows); r++) shot.n_bytes += rows[r].n_bytes;
    shot.bytes = malloc(shot.n_bytes);
    assert_non_null(shot.bytes);
    for (size_t r = 0, at = 0; r < COUNT(rows); at += rows[r++].n_bytes) {
        shot.names[r] = rows[r].name;
        shot.first[r] = at;
        memcpy(shot.bytes + at, rows[r].data, rows[r].n_bytes);
    }
    return shot;
}

struct trial {
    const char *name;
    int n_post, work_group;
    uint32_t n_images;
    bool retries; /* images must be hard enough to need some */
};

/* Ends the epoch. */
static void go_on(struct clsnn_trainer *tr, uint32_t n_images) {
    while (tr->progress[0].position < n_images) must(clsnn_trainer_run(tr, 64, n_images));
}

/* Saves the network as a checkpoint does, and loads it into a new one, in a work-group of one. */
static void resume(struct rig *rig, const struct trial *trial, const struct clsnn_model *model, uint64_t seed,
                   cl_mem images, struct clsnn_network **net, struct clsnn_trainer **tr) {
    struct clsnn_array saved[CLSNN_NETWORK_ARRAYS];
    const struct clsnn_npz file = {saved, (size_t)clsnn_network_n_arrays(&model->laws)};
    const struct clsnn_progress at = (*tr)->progress[0];
    const struct clsnn_totals totals = (*tr)->totals[0];
    must(clsnn_network_save(*net, 0, saved));
    clsnn_trainer_destroy(*tr);
    clsnn_network_destroy(*net);
    *net = make_network(rig, 1, model, seed, trial->n_post);
    if (model->laws.delay_max) { /* others than the saved ones, which the seed has drawn again */
        uint8_t *delays = calloc(CLSNN_N_PRE, (size_t)trial->n_post);
        assert_non_null(delays);
        must(clsnn_network_set_delays(*net, 0, delays));
        free(delays);
    }
    must(clsnn_network_load(*net, 0, &file, trial->name));
    clsnn_network_drop(saved);
    must(clsnn_trainer_create(*net, images, trial->n_images, 1, tr));
    clsnn_trainer_place(*tr, 0, at.epoch, at.position, at.attempt,
                        (struct clsnn_schedule){.n_images = trial->n_images});
    (*tr)->totals[0] = totals;
}

/* Shows the images to the frozen networks, several in each slot. Spikes and retries are equal. */
static void compare_evaluation(const struct trial *trial, struct clsnn_network *net, struct clsnn_plain *c,
                               cl_mem images, const uint8_t *pixels) {
    const size_t n_post = (size_t)trial->n_post;
    uint16_t *counts = malloc(trial->n_images * n_post * sizeof *counts);
    struct clsnn_evaluation sum;
    uint64_t shown = 0;
    assert_non_null(counts);
    must(clsnn_evaluate(net, 0, images, 0, trial->n_images, CLSNN_RNG_TEST, NULL, NULL, counts, NULL, &sum));
    clsnn_plain_freeze(c, CLSNN_RNG_TEST);
    for (uint32_t k = 0; k < trial->n_images; k++) {
        uint32_t n = 0;
        must(clsnn_plain_show(c, pixels, k, &n));
        shown += n;
        for (size_t j = 0; j < n_post; j++)
            if (counts[k * n_post + j] != c->counts[j])
                fail_msg("%s: neuron %zu fired %d times at test image %u, not %d times", trial->name, j,
                         counts[k * n_post + j], k, c->counts[j]);
    }
    assert_int_equal(sum.presentations, shown);
    free(counts);
}

/* Clears the state of padding, which no checkpoint holds. */
static void clear_padding(struct snapshot *shot, size_t n_post, size_t n) {
    for (size_t r = 1; r < shot->n_sections; r++) { /* section 0 is w, whose padding is 0 */
        const size_t end = r + 1 < shot->n_sections ? shot->first[r + 1] : shot->n_bytes,
                     size = (end - shot->first[r]) / n;
        if (strcmp(shot->names[r], "last_pre") == 0 || strcmp(shot->names[r], "x_pre") == 0) continue;
        memset(shot->bytes + shot->first[r] + n_post * size, 0, (n - n_post) * size);
    }
}

/* Two epochs of the built-in digits: launches of 64 presentations on the device, runs of 37 in C. The device
 * stops in the middle of the second one and resumes. */
static void compare(struct rig *rig, const struct trial *trial, const struct clsnn_model *model) {
    const uint64_t seed = UINT64_C(0x1234567890) + (uint64_t)trial->n_post;
    if (!rig_program(rig, CLSNN_PROGRAM_RUN, trial->work_group)) return;
    uint8_t *pixels = draw_digits(trial->n_images);
    cl_mem buffer = upload_pixels(rig, pixels, trial->n_images);
    struct clsnn_network *net = make_network(rig, trial->work_group, model, seed, trial->n_post);
    struct clsnn_trainer *tr = NULL;
    struct clsnn_plain *c = NULL;
    must(clsnn_trainer_create(net, buffer, trial->n_images, 1, &tr));
    must(clsnn_plain_create(model, seed, 784, trial->n_post, &c));
    struct snapshot wanted = plain_snapshot(c), found = take_snapshot(rig, net, 0);
    memset(found.bytes + found.first[11], 0, (size_t)c->n * 2); /* the device has not yet written counts */
    check_same_snapshot(&found, &wanted, "before the first image");
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        uint64_t presentations = 0, spikes = 0;
        clsnn_trainer_begin_epoch(tr, epoch, NULL);
        if (epoch == 1) {
            must(clsnn_trainer_run(tr, trial->n_images / 2, trial->n_images));
            resume(rig, trial, model, seed, buffer, &net, &tr);
        }
        go_on(tr, trial->n_images);
        clsnn_plain_begin_epoch(c, epoch);
        while (c->progress.position < trial->n_images) {
            must(clsnn_plain_run(c, pixels, trial->n_images, 37, trial->n_images));
            presentations += c->progress.presentations;
            spikes += (uint64_t)c->progress.spikes_hi << 32 | c->progress.spikes_lo;
        }
        drop_snapshot(&wanted);
        drop_snapshot(&found);
        wanted = plain_snapshot(c);
        found = take_snapshot(rig, net, 0);
        if (epoch == 1) {
            clear_padding(&wanted, (size_t)trial->n_post, (size_t)c->n);
            clear_padding(&found, (size_t)trial->n_post, (size_t)c->n);
        }
        check_same_snapshot(&found, &wanted, trial->name);
        assert_true(spikes > 0 && presentations >= trial->n_images);
    }
    assert_int_equal(tr->totals[0].presentations, c->presentations);
    if (trial->retries) assert_true(c->presentations > 2 * (uint64_t)trial->n_images);
    assert_true(c->input_spikes > 100 * c->presentations);
    if (model->laws.delay_max > 0 || model->hold_exc_ms > 0)
        compare_evaluation(trial, net, c, buffer, pixels);
    print_message("# %s: %llu presentations of %u images, build %s\n", trial->name,
                  (unsigned long long)c->presentations, 2 * trial->n_images, c->variant);
    drop_snapshot(&wanted);
    drop_snapshot(&found);
    clsnn_plain_destroy(c);
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig->dev, &buffer);
    free(pixels);
}

static void test_sizes(void **state) {
    static const struct trial trials[] = {
        {"N = 16", 16, 1, 80, true},
        {"N = 100", 100, 1, 150, true},
        {"N = 400", 400, 1, 50, false},
        {"N = 33, padded", 33, 1, 40, true},
        {"N = 600", 600, 1, 20, false},
        {"N = 1600, windows of several runs of blocks", 1600, 1, 40, false},
        {"N = 1, nobody to inhibit", 1, 1, 10, true},
        {"N = 20 in work-groups of 64", 20, 64, 2, false},
    };
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    for (size_t k = 0; k < COUNT(trials); k++) compare(*state, &trials[k], &model);
}

/* Models in which shortcuts could fail: weights above w_max, thresholds that fall, a rest that never gets
 * quiet, and others, as each case's name says. */
static void test_other_models(void **state) {
    static const struct {
        const char *name, *set[3][2];
    } cases[] = {
        {"weights above w_max", {{"w_norm", "300"}, {"w_max", "0.5"}}},
        {"theta forgotten within an image", {{"tau_theta_ms", "1000"}, {"theta_plus_mv", "2"}}},
        {"slow conductances", {{"tau_g_exc_ms", "20"}, {"tau_g_inh_ms", "50"}}},
        {"thresholds below rest", {{"theta_offset_mv", "40"}, {"theta_init_mv", "20"}, {"time_on_ms", "50"}}},
        {"weights driven to zero", {{"eta_pre", "1"}, {"w_norm", "0.01"}, {"theta_init_mv", "0"}}},
        {"weights that shrink below the flush",
         {{"w_norm", "0.001"}, {"eta_post", "1"}, {"theta_init_mv", "0"}}},
        {"depression up to its cut-off, of weights to be clipped",
         {{"w_norm", "300"}, {"w_max", "0.5"}, {"eta_pre", "1"}}},
        {"inhibitory neurons held long after their drive is gone", {{"refrac_inh_ms", "20"}}},
        {"no rest", {{"time_off_ms", "0"}}},
        {"steps with more inputs than a window has room for, then silence",
         {{"intensity_start", "20"}, {"intensity_max", "20"}, {"time_on_ms", "33"}}},
        {"long rests, strong learning", {{"time_off_ms", "700"}, {"eta_post", "0.2"}, {"eta_pre", "0.01"}}},
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        struct clsnn_model model;
        clsnn_model_defaults(&model);
        for (size_t s = 0; s < 3 && cases[k].set[s][0]; s++)
            must(clsnn_model_set(&model, cases[k].set[s][0], cases[k].set[s][1]));
        /* Sizes for windows of one run of blocks, single steps, and windows of several runs (pays_ahead). */
        const struct trial small = {cases[k].name, 48, 1, 20, false},
                           middle = {cases[k].name, 520, 1, 3, false},
                           large = {cases[k].name, 1300, 1, 3, false};
        compare(*state, &small, &model);
        compare(*state, &middle, &model);
        compare(*state, &large, &model);
    }
}

/* Laws that need other kernels: every pair of rule, pairing, inhibition and delays is in a row. in_groups:
 * also in work-groups of many, whose kernels take a CPU long to compile. These rows have every pair of
 * pairing, inhibition and delays. */
static const struct law {
    const char *name;
    bool in_groups;
    struct choice choices[8];
} laws[] = {
    {"triplet", true, {{"eta_pre", "0.001"}}},
    {"triplet, delays", true, {{"delays", "0:10"}, {"eta_pre", "0.001"}}},
    {"triplet, all pairs, direct, the longest delays",
     false,
     {{"pairing", "all"}, {"inhibition", "direct"}, {"delays", "2:31.5"}, {"eta_pre", "0.001"}}},
    {"pair, direct", true, {{"rule", "pair"}, {"inhibition", "direct"}}},
    {"pair, all pairs, delays",
     false,
     {{"rule", "pair"}, {"pairing", "all"}, {"delays", "0:10"}, {"eta_pre", "0.001"}}},
    {"powerlaw, delays", false, {{"rule", "powerlaw"}, {"delays", "0:10"}, {"mu", "3"}}},
    {"powerlaw, all pairs, direct",
     false,
     {{"rule", "powerlaw"}, {"pairing", "all"}, {"inhibition", "direct"}, {"eta_post", "0.05"}}},
    {"symmetric, direct, delays",
     false,
     {{"rule", "symmetric"}, {"inhibition", "direct"}, {"delays", "0:10"}, {"mu", "0"}}},
    {"symmetric, all pairs",
     true,
     {{"rule", "symmetric"}, {"pairing", "all"}, {"eta_pre", "0.01"}, {"mu", "2"}, {"x_tar", "0.1"}}},
    {"exponential", false, {{"rule", "exponential"}, {"eta_post", "0.05"}, {"beta", "20"}}},
    {"exponential, all pairs, direct, delays",
     true,
     {{"rule", "exponential"}, {"pairing", "all"}, {"inhibition", "direct"}, {"delays", "0:10"}}},
};

/* Parameters that concern every law. */
static const struct law settings[] = {
    {"as published", true, {{NULL, NULL}}},
    {"v held after a spike",
     true,
     {{"refrac_exc_ms", "50"}, {"hold_exc_ms", "5"}, {"v_reset_exc_mv", "-67"}}},
    {"no rescaling", true, {{"w_norm", "0"}, {"theta_init_mv", "10"}}},
    {"weights above w_max", false, {{"w_norm", "300"}, {"w_max", "0.5"}, {"eta_pre", "0.01"}}},
};

static struct clsnn_model model_of(const struct law *law, const struct law *setting) {
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    choose(&model, law->choices, COUNT(law->choices));
    choose(&model, setting->choices, COUNT(setting->choices));
    return model;
}

static void compare_law(struct rig *rig, const char *name, const struct clsnn_model *model, bool in_groups) {
    const struct trial small = {name, 48, 1, 20, false}, middle = {name, 520, 1, 3, false},
                       large = {name, 1300, 1, 3, false};
    compare(rig, &small, model);
    compare(rig, &middle, model);
    if (in_groups) compare(rig, &large, model);
    for (int work_group = 16; work_group <= (getenv("TEST_WORK_GROUP") ? 256 : 16); work_group *= 4) {
        const struct trial grouped = {name, 20, work_group, 12, false};
        if (in_groups || getenv("TEST_WORK_GROUP")) compare(rig, &grouped, model);
    }
}

static void test_laws(void **state) {
    for (size_t k = 0; k < COUNT(laws) * COUNT(settings); k++) {
        const struct law *law = &laws[k / COUNT(settings)], *setting = &settings[k % COUNT(settings)];
        char name[96];
        snprintf(name, sizeof name, "%s; %s", law->name, setting->name);
        const struct clsnn_model model = model_of(law, setting);
        compare_law(*state, name, &model, law->in_groups && setting->in_groups);
    }
}

/* Parameters at their bounds, for one neuron and for an odd number. */
static void test_extremes(void **state) {
    static const struct law extremes[] = {
        {"traces of one step",
         false,
         {{"tau_pre_ms", "0.5"},
          {"tau_post1_ms", "0.5"},
          {"tau_post2_ms", "0.5"},
          {"theta_init_mv", "10"},
          {"x_tar", "0"},
          {"mu", "0"},
          {"beta", "0"}}},
        {"the longest traces",
         false,
         {{"tau_pre_ms", "100"},
          {"tau_post1_ms", "100"},
          {"tau_post2_ms", "100"},
          {"x_tar", "1"},
          {"mu", "4"},
          {"theta_init_mv", "10"},
          {"refrac_exc_ms", "0"}}},
    };
    for (size_t k = 0; k < COUNT(laws) * COUNT(extremes); k++) {
        const struct law *law = &laws[k / COUNT(extremes)], *extreme = &extremes[k % COUNT(extremes)];
        char name[96];
        snprintf(name, sizeof name, "%s; %s", law->name, extreme->name);
        const struct clsnn_model model = model_of(law, extreme);
        compare(*state, &(const struct trial){name, 1, 1, 10, false}, &model);
        compare(*state, &(const struct trial){name, 17, 1, 10, false}, &model);
        if (law->in_groups) compare(*state, &(const struct trial){name, 17, 16, 4, false}, &model);
    }
}

/* Rests so short that traces and delays reach into the next image. */
static void test_short_rests(void **state) {
    static const struct law cases[] = {
        {"powerlaw, all pairs, direct, short rests",
         false,
         {{"rule", "powerlaw"}, {"pairing", "all"}, {"inhibition", "direct"}, {"time_off_ms", "20"}}},
        {"delays that outlast traces", /* inputs of the image before still raise weights */
         true,
         {{"delays", "0:10"}, {"tau_pre_ms", "0.5"}, {"time_off_ms", "10"}, {"intensity_start", "32"}}},
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        const struct clsnn_model model = model_of(&cases[k], &settings[0]);
        compare_law(*state, cases[k].name, &model, cases[k].in_groups);
    }
}

/* The best build of the loops for this processor gives the bits of the generic build. */
static void test_builds(void **state) {
    (void)state;
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    uint8_t *pixels = draw_digits(8);
    struct clsnn_plain *best = NULL, *plainest = NULL;
    must(clsnn_plain_create(&model, 5, 784, 40, &best));
    must(clsnn_plain_create(&model, 5, 784, 40, &plainest));
    plainest->run = clsnn_plain_run_generic;
    must(clsnn_plain_run(best, pixels, 8, 100, 8));
    must(clsnn_plain_run(plainest, pixels, 8, 100, 8));
    struct snapshot wanted = plain_snapshot(plainest), found = plain_snapshot(best);
    check_same_snapshot(&found, &wanted, best->variant);
    assert_int_equal(best->input_spikes, plainest->input_spikes);
    drop_snapshot(&wanted);
    drop_snapshot(&found);
    clsnn_plain_destroy(best);
    clsnn_plain_destroy(plainest);
    free(pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_other_models), cmocka_unit_test(test_laws),
        cmocka_unit_test(test_extremes), cmocka_unit_test(test_short_rests),  cmocka_unit_test(test_builds),
    };
    return run_device_suite("plain", tests);
}
