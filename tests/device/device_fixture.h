/* For all device suites: a device, its programs by work-group, runs of training, and a network's whole state
 * as bytes. CLSNN_DEVICE picks the device. Without a device a suite exits with 77, which Meson reports as
 * skipped. */
#ifndef CLSNN_TEST_DEVICE_FIXTURE_H
#define CLSNN_TEST_DEVICE_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clsnn/abi.h"
#include "dataset/digits.h"
#include "device/device.h"
#include "device/network.h"
#include "device/train.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Makes a call that must succeed. A failure shows the recorded text. */
#define must(call)                                                                                           \
    do {                                                                                                     \
        if ((call) != CLSNN_OK) fail_msg("%s: %s (%s)", #call, clsnn_error_text(), clsnn_error_place());     \
    } while (0)

enum { MAX_PROGRAMS = 16, PIXELS = CLSNN_N_PRE };

/* Triplet and its like: the kernels that most tests need. */
static const struct clsnn_laws default_laws;

/* The device of a suite; cmocka hands it to every test as *state. */
struct rig {
    struct clsnn_device *dev;
    struct clsnn_program *programs[MAX_PROGRAMS];
    enum clsnn_program_kind kinds[MAX_PROGRAMS];
    size_t n_programs;
};

static inline int rig_open(void **state) {
    struct rig *rig = calloc(1, sizeof *rig);
    *state = rig;
    if (rig && clsnn_device_open(getenv("CLSNN_DEVICE"), &rig->dev) == CLSNN_OK &&
        clsnn_device_cache(rig->dev, getenv("TEST_KERNEL_CACHE")) == CLSNN_OK)
        return 0;
    print_error("%s\n", clsnn_error_text());
    return -1;
}

static inline int rig_close(void **state) {
    struct rig *rig = *state;
    for (size_t k = 0; rig && k < rig->n_programs; k++) clsnn_program_destroy(rig->programs[k]);
    if (rig) clsnn_device_close(rig->dev);
    free(rig);
    return 0;
}

/* Returns the program of this kind and work-group, built once. Returns NULL if the device cannot run the
 * work-group, or if it is larger than TEST_WORK_GROUP: a CPU takes half a minute to build one. */
static inline const struct clsnn_program *rig_program(struct rig *rig, enum clsnn_program_kind kind,
                                                      int work_group) {
    for (size_t k = 0; k < rig->n_programs; k++)
        if (rig->kinds[k] == kind && rig->programs[k]->work_group == work_group) return rig->programs[k];
    const char *most = getenv("TEST_WORK_GROUP");
    if (most && work_group > atoi(most)) return NULL;
    if ((size_t)work_group > rig->dev->info.max_work_group) {
        print_message("# %s runs no work-group of %d\n", rig->dev->info.name, work_group);
        return NULL;
    }
    assert_true(rig->n_programs < MAX_PROGRAMS);
    must(clsnn_program_create(rig->dev, kind, work_group, &rig->programs[rig->n_programs]));
    rig->kinds[rig->n_programs] = kind;
    return rig->programs[rig->n_programs++];
}

/* Returns whether a law is tried in work-groups of many. A CPU takes half a minute to compile each for them,
 * so by default few are; TEST_WORK_GROUP asks for all. */
static inline bool is_tried_in_groups(const struct clsnn_laws *l) {
    if (getenv("TEST_WORK_GROUP") || memcmp(l, &default_laws, sizeof *l) == 0) return true;
    if (l->delay_max) return l->rule == CLSNN_RULE_TRIPLET && l->pairing == CLSNN_PAIRING_NEAREST;
    if (l->inhibition == CLSNN_INHIBITION_DIRECT) return l->rule == CLSNN_RULE_TRIPLET;
    return l->rule == CLSNN_RULE_SYMMETRIC && l->pairing == CLSNN_PAIRING_ALL;
}

/* main of a suite: runs the tests with the rig as state, or returns 77 without a device. TEST_FILTER, a
 * pattern with * and ?, picks the tests. */
#define run_device_suite(name, tests)                                                                        \
    (rig_is_missing(name)                                                                                    \
         ? 77                                                                                                \
         : (cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_set_test_filter(getenv("TEST_FILTER")),         \
            cmocka_run_group_tests_name(name, tests, rig_open, rig_close)))

static inline bool rig_is_missing(const char *name) {
    struct clsnn_device_info *list = NULL;
    size_t n = 0;
    const bool missing = clsnn_devices_list(&list, &n) != CLSNN_OK;
    if (missing) printf("1..0 # SKIP %s: %s\n", name, clsnn_error_text());
    free(list);
    clsnn_error_clear();
    return missing;
}

/* Returns constants with thresholds low enough that the first images fire, and times short enough to try many
 * work-groups. */
static inline struct clsnn_model lively_model(void) {
    struct clsnn_model m;
    clsnn_model_defaults(&m);
    m.theta_init_mv = 11;
    m.time_on_ms = 150;
    m.time_off_ms = 60;
    m.intensity_start = 3;
    m.intensity_max = 8;
    return m;
}

/* A law or a parameter that differs from its default. */
struct choice {
    const char *name, *value;
};

/* Sets n choices, as many as have a name. */
static inline void choose(struct clsnn_model *m, const struct choice *choices, size_t n) {
    for (size_t k = 0; k < n && choices[k].name; k++) {
        const struct clsnn_law_info *law = NULL;
        for (size_t l = 0; l < clsnn_n_laws; l++)
            if (strcmp(clsnn_laws_table[l].name, choices[k].name) == 0) law = &clsnn_laws_table[l];
        if (law)
            must(clsnn_law_set(&m->laws, law, choices[k].value));
        else if (strcmp(choices[k].name, "delays") == 0)
            must(clsnn_delays_set(&m->laws, choices[k].value, "delays"));
        else
            must(clsnn_model_set(m, choices[k].name, choices[k].value));
    }
    must(clsnn_model_check(m));
}

/* Makes one network of n_post neurons. The caller destroys it. */
static inline struct clsnn_network *make_network(struct rig *rig, int work_group,
                                                 const struct clsnn_model *model, uint64_t seed, int n_post) {
    struct clsnn_network *net = NULL;
    const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, work_group);
    assert_non_null(prog);
    must(clsnn_network_create(rig->dev, prog, model, &seed, 1, n_post, &net));
    return net;
}

static inline cl_mem upload_pixels(struct rig *rig, const uint8_t *pixels, uint32_t n_images) {
    cl_mem buffer = NULL;
    must(clsnn_buffer_create(rig->dev, "pixels", (size_t)n_images * PIXELS, pixels, false, &buffer));
    return buffer;
}

/* Returns the first n built-in digits; the caller frees them. */
static inline uint8_t *draw_digits(uint32_t n) {
    uint8_t *pixels = malloc((size_t)n * PIXELS), *labels = malloc(n);
    assert_true(pixels && labels);
    clsnn_digits_draw(CLSNN_DIGITS_SEED, CLSNN_DIGITS_SET_TRAIN, 0, n, pixels, labels);
    free(labels);
    return pixels;
}

/* Runs the trainer's epoch to its end, chunk presentations a launch. */
static inline void finish_epoch(struct clsnn_trainer *tr, uint32_t epoch, uint32_t chunk) {
    clsnn_trainer_begin_epoch(tr, epoch, NULL);
    for (bool done = false; !done;) {
        must(clsnn_trainer_run(tr, chunk, tr->n_images));
        done = true;
        for (int b = 0; b < tr->net->n_networks; b++) done = done && tr->progress[b].position == tr->n_images;
    }
}

/* Shows one image once, learning, as the first of an epoch. Returns the launch's progress. */
static inline struct clsnn_progress show_once(struct clsnn_network *net, cl_mem pixels, uint32_t epoch) {
    struct clsnn_trainer *tr = NULL;
    must(clsnn_trainer_create(net, pixels, 1, 1, &tr));
    clsnn_trainer_begin_epoch(tr, epoch, NULL);
    must(clsnn_trainer_run(tr, 1, 1));
    const struct clsnn_progress progress = tr->progress[0];
    clsnn_trainer_destroy(tr);
    return progress;
}

static inline void *read_buffer(struct rig *rig, cl_mem buffer, size_t offset, size_t n_bytes) {
    void *bytes = malloc(n_bytes);
    assert_non_null(bytes);
    must(clsnn_buffer_read(rig->dev, buffer, offset, n_bytes, bytes));
    return bytes;
}

/* Returns a row of network 0's state; the caller frees it. */
static inline void *read_row(struct rig *rig, const struct clsnn_network *net, enum clsnn_row row) {
    const struct clsnn_span span = clsnn_state_row(&net->state, 0, row);
    return read_buffer(rig, net->state.slots, span.offset, span.n_bytes);
}

/* All state of network b that later presentations depend on, byte for byte. Scratch rows are left out. */
struct snapshot {
    size_t n_sections, n_bytes, first[16];
    const char *names[16];
    uint8_t *bytes;
};

static inline struct snapshot take_snapshot(struct rig *rig, const struct clsnn_network *net, int b) {
    const size_t n = (size_t)net->n, at = (size_t)b;
#define STATE_ROW(name)                                                                                      \
    { #name, net->state.slots, clsnn_state_row(&net->state, at, CLSNN_ROW_##name) }
    const struct {
        const char *name;
        cl_mem buffer;
        struct clsnn_span span;
    } rows[] = {
        {"w", net->w, {at * CLSNN_N_PRE * n * 4, CLSNN_N_PRE * n * 4}},
        {"theta", net->theta, {at * n * 4, n * 4}},
        STATE_ROW(v_exc),
        STATE_ROW(g_exc),
        STATE_ROW(g_inh),
        STATE_ROW(last_exc),
        STATE_ROW(v_inh),
        STATE_ROW(g_exc_inh),
        STATE_ROW(last_inh),
        STATE_ROW(seen_inh),
        STATE_ROW(above_max),
        STATE_ROW(counts),
        STATE_ROW(last_pre),
        STATE_ROW(x_pre),
        STATE_ROW(y_post),
        STATE_ROW(y2_post),
    };
#undef STATE_ROW
    struct snapshot shot = {.n_sections = COUNT(rows)};
    for (size_t r = 0; r < COUNT(rows); r++) shot.n_bytes += rows[r].span.n_bytes;
    shot.bytes = malloc(shot.n_bytes);
    assert_non_null(shot.bytes);
    for (size_t r = 0, to = 0; r < COUNT(rows); to += rows[r++].span.n_bytes) {
        shot.names[r] = rows[r].name;
        shot.first[r] = to;
        must(clsnn_buffer_read(rig->dev, rows[r].buffer, rows[r].span.offset, rows[r].span.n_bytes,
                               shot.bytes + to));
    }
    return shot;
}

static inline void check_same_snapshot(const struct snapshot *found, const struct snapshot *wanted,
                                       const char *what) {
    assert_int_equal(found->n_bytes, wanted->n_bytes);
    for (size_t k = 0; k < found->n_bytes; k++) {
        if (found->bytes[k] == wanted->bytes[k]) continue;
        size_t r = found->n_sections - 1;
        while (found->first[r] > k) r--;
        fail_msg("%s: %s differs at byte %zu: 0x%02x, not 0x%02x", what, found->names[r], k - found->first[r],
                 found->bytes[k], wanted->bytes[k]);
    }
}

static inline void drop_snapshot(struct snapshot *shot) {
    free(shot->bytes);
    *shot = (struct snapshot){0};
}

/* Returns a hash (FNV-1a) to print, so that runs can be compared by eye. */
static inline unsigned long long snapshot_hash(const struct snapshot *shot) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t k = 0; k < shot->n_bytes; k++) h = (h ^ shot->bytes[k]) * UINT64_C(1099511628211);
    return h;
}

/* splitmix64: the tests' own random numbers, seeded and unrelated to the Philox under test. */
static inline uint64_t next_random(uint64_t *s) {
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
