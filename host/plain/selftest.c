/* Runs a small network on the device and in plain C (plain/plain.h), and compares the whole state bit for
 * bit. The plain C code shares no line with the kernels. */
#include "clsnn/selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "dataset/digits.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"
#include "device/program.h"
#include "device/train.h"
#include "plain/plain.h"

/* 20 neurons are padded to 32: two blocks of 16, the second partly padding. The steps are few, yet they
 * hold spikes, retries and rests. */
enum { NEURONS = 20, N_TRAINED = 3, N_TESTED = 2, N_IMAGES = N_TRAINED + N_TESTED };
static const uint64_t seed = UINT64_C(0x5e1f7e57);

static void make_model(struct clsnn_model *m) {
    clsnn_model_defaults(m);
    m->theta_init_mv = 12;
    m->theta_plus_mv = 0.5;
    m->time_on_ms = 100;
    m->time_off_ms = 40;
    m->intensity_start = 2;
    m->intensity_max = 8;
    m->min_spikes = 14;
    m->refrac_exc_ms = 25; /* long enough to suppress some spikes */
}

struct trial {
    struct clsnn_device *dev;
    uint8_t pixels[N_IMAGES * CLSNN_MAX_PRE];
    cl_mem images;
    struct clsnn_network *net;
    struct clsnn_trainer *tr;
    struct clsnn_plain *plain;
};

static enum clsnn_status differs(const struct trial *t, const char *kernels, const char *what) {
    const struct clsnn_device_info *d = &t->dev->info;
    return clsnn_fail(
        CLSNN_E_SELFTEST,
        "self-test: %s computes wrongly on %s (%s, driver %s): %s. No result of this device can be trusted: "
        "update the driver, or choose another device with --device (clsnn devices lists them)",
        kernels, d->name, d->platform_name, d->driver, what);
}

/* Returns the element at `at`, of the type of array a, for a message. */
static double value_of(const struct clsnn_array *a, const void *at) {
    int32_t whole;
    float real;
    if (a->dtype == CLSNN_U1) return *(const uint8_t *)at;
    memcpy(&whole, at, sizeof whole);
    memcpy(&real, at, sizeof real);
    return a->dtype == CLSNN_F4 ? (double)real : whole;
}

/* Compares the network's whole state on the device with plain C's, bit for bit. */
static enum clsnn_status compare_state(const struct trial *t, const char *kernels) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_plain *c = t->plain;
    struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS];
    uint8_t above_max[NEURONS];
    for (int j = 0; j < NEURONS; j++) above_max[j] = c->above_max[j] != 0;
    /* in the order of clsnn_network_save */
    const void *wanted[CLSNN_NETWORK_ARRAYS] = {
        c->w,        c->theta,    c->v_exc,  c->g_exc,    c->g_inh, c->last_exc, c->v_inh,  c->g_exc_inh,
        c->last_inh, c->seen_inh, above_max, c->last_pre, c->x_pre, c->y_post,   c->y2_post};
    if (c->laws.delay_max) wanted[clsnn_network_n_arrays(&c->laws) - 1] = c->delays;
    TRY(clsnn_network_save(t->net, 0, arrays));
    for (int r = 0; st == CLSNN_OK && r < clsnn_network_n_arrays(&c->laws); r++) {
        const struct clsnn_array *a = &arrays[r];
        const size_t size = clsnn_dtype_bytes(a->dtype), rows = a->n_dims == 2 ? a->shape[0] : 1,
                     columns = a->shape[a->n_dims - 1], stride = (size_t)c->n;
        for (size_t k = 0; st == CLSNN_OK && k < rows * columns; k++) {
            const size_t i = k / columns, j = k % columns;
            const char *found = (const char *)a->data + k * size,
                       *right = (const char *)wanted[r] + (i * stride + j) * size;
            if (memcmp(found, right, size) == 0) continue;
            char what[160];
            snprintf(what, sizeof what, "after %u images %s[%zu] is %.9g, must be %.9g", c->progress.position,
                     a->name, k, value_of(a, found), value_of(a, right));
            st = differs(t, kernels, what);
        }
    }
    clsnn_network_drop(arrays);
fail:
    return st;
}

/* Turns a fault that the run itself found (a potential beyond its limits) into the self-test's message. */
static enum clsnn_status explain(const struct trial *t, const char *kernels, enum clsnn_status st) {
    char what[512];
    if (st != CLSNN_E_SELFTEST) return st;
    snprintf(what, sizeof what, "%s", clsnn_error_text());
    clsnn_error_clear();
    return differs(t, kernels, what);
}

static enum clsnn_status learn(struct trial *t) {
    enum clsnn_status st = CLSNN_OK;
    const char *kernels = t->net->kernels->train
                              ? "kernel train"
                              : "one of the kernels train_normalise, _encode, _present, _rest";
    clsnn_trainer_begin_epoch(t->tr, 0, NULL);
    while (t->tr->progress[0].position < N_TRAINED)
        TRY(explain(t, kernels, clsnn_trainer_run(t->tr, 2, N_TRAINED)));
    TRY(clsnn_plain_run(t->plain, t->pixels, N_IMAGES, UINT32_MAX, N_TRAINED));
    TRY(compare_state(t, kernels));
    if (t->tr->totals[0].presentations != t->plain->presentations)
        return differs(t, kernels, "the number of presentations differs from plain C's");
fail:
    return st;
}

static enum clsnn_status test(struct trial *t) {
    enum clsnn_status st = CLSNN_OK;
    uint16_t counts[N_IMAGES * NEURONS];
    struct clsnn_evaluation sum;
    uint64_t shown = 0;
    TRY(explain(
        t, "kernel evaluate",
        clsnn_evaluate(t->net, 0, t->images, 0, N_IMAGES, CLSNN_RNG_TEST, NULL, NULL, counts, NULL, &sum)));
    TRY(compare_state(t, "kernel evaluate")); /* evaluation must leave the state alone */
    clsnn_plain_freeze(t->plain, CLSNN_RNG_TEST);
    for (uint32_t image = 0; image < N_IMAGES; image++) {
        uint32_t n;
        TRY(clsnn_plain_show(t->plain, t->pixels, image, &n));
        shown += n;
        for (uint32_t j = 0; j < NEURONS; j++) {
            const uint16_t found = counts[image * NEURONS + j], right = t->plain->counts[j];
            if (found == right) continue;
            char what[96];
            snprintf(what, sizeof what, "neuron %u fired %u times at image %u, must be %u times", j, found,
                     image, right);
            return differs(t, "kernel evaluate", what);
        }
    }
    if (sum.presentations != shown)
        return differs(t, "kernel evaluate", "the number of presentations differs from plain C's");
fail:
    return st;
}

/* Makes images of n_pre pixels of those of CLSNN_N_PRE in pixels: pieces of them, repeated. */
static void fit_pixels(uint8_t *pixels, size_t n_pre) {
    uint8_t digits[N_IMAGES * CLSNN_N_PRE];
    if (n_pre == CLSNN_N_PRE) return;
    memcpy(digits, pixels, sizeof digits);
    for (size_t k = 0; k < N_IMAGES * n_pre; k++)
        pixels[k] = digits[(k / n_pre * CLSNN_N_PRE + 300 + k % n_pre * 7) % sizeof digits];
}

/* Tests one build of the program's kernels. A build for shares trains; `kernels` does the rest. If its
 * work-groups do not run at the same time, it is not used. */
static enum clsnn_status test_build(struct clsnn_device *dev, const struct clsnn_build *kernels,
                                    struct clsnn_build *shared) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_model model;
    uint8_t labels[N_IMAGES];
    struct trial *t = calloc(1, sizeof *t);
    if (!t) return clsnn_no_memory("self-test");
    t->dev = dev;
    make_model(&model);
    model.laws = kernels->laws;
    clsnn_digits_draw(CLSNN_DIGITS_SEED, CLSNN_DIGITS_SET_TRAIN, 0, N_IMAGES, t->pixels, labels);
    fit_pixels(t->pixels, kernels->n_pre);
    TRY(clsnn_buffer_create(dev, "images of the self-test", N_IMAGES * kernels->n_pre, t->pixels, false,
                            &t->images));
    TRY(clsnn_network_create_with(dev, kernels, shared, shared ? 2 : 1, &model, &seed, 1, NEURONS, &t->net));
    if (shared) t->net->patience -= 3; /* about a second */
    TRY(clsnn_trainer_create(t->net, t->images, N_IMAGES, 0, &t->tr));
    TRY(clsnn_plain_create(&model, seed, (int)kernels->n_pre, NEURONS, &t->plain));
    TRY(compare_state(t, "kernel init_weights"));
    st = learn(t);
    if (shared && t->tr->progress[0].fault_neuron == CLSNN_LOST) {
        clsnn_error_clear();
        st = CLSNN_OK;
        goto fail;
    }
    if (st != CLSNN_OK) goto fail;
    if (shared)
        shared->has_met = true;
    else
        TRY(test(t));
fail:
    clsnn_plain_destroy(t->plain);
    clsnn_trainer_destroy(t->tr);
    clsnn_network_destroy(t->net);
    clsnn_buffer_release(dev, &t->images);
    free(t);
    return st;
}

enum clsnn_status clsnn_selftest(struct clsnn_device *dev, const struct clsnn_program *prog) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_laws laws = {0};
    if (!*prog->builds) TRY(clsnn_program_prepare(prog, NEURONS, &laws));
    for (struct clsnn_build *b = *prog->builds; b; b = b->next) {
        const struct clsnn_build *whole = b;
        if (b->is_shared) TRY(clsnn_program_build(prog, NEURONS, &b->laws, &whole));
        TRY(test_build(dev, whole, b->is_shared ? b : NULL));
    }
fail:
    return st;
}
