/* Presents images one by one. A first round finds each image's number of presentations and the neurons that
 * fire most; a second one records. Input spikes come from the plain C encoder, which draws the kernels'
 * bits. */
#include "probe/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/replay.h"
#include "model/derive.h"
#include "plain/plain_draw.h"

/* What both rounds share. */
struct round {
    const struct clsnn_probe_plan *plan;
    struct clsnn_params p;
    bool learns;
    struct clsnn_plain *encoder;
    int32_t *delay_steps; /* the network's, as replay takes them; NULL: none */
    uint32_t *input;      /* the input spikes of one presentation, as the replayer takes them */
    struct clsnn_replayer replayer;
    struct clsnn_probe *to;
};

static uint32_t intensity_of(const struct clsnn_params *p, uint32_t attempt) {
    const uint32_t wanted = (uint32_t)p->intensity_start + attempt * (uint32_t)p->intensity_step,
                   most = (uint32_t)p->intensity_max;
    return wanted < most ? wanted : most;
}

/* Presents an image for the attempt-th time, counted from 0. Appends spikes and values to r->to->out. counts:
 * [n_post], filled. */
static enum clsnn_status present(struct round *r, uint32_t image, uint32_t attempt, uint16_t *counts,
                                 struct clsnn_shown *out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_images *images = r->plan->images;
    const size_t n_pixels = (size_t)images->height * images->width;
    struct clsnn_replay_output *to = &r->to->out;
    const uint32_t intensity = intensity_of(&r->p, attempt);
    const int32_t begin = (int32_t)to->n_steps, end = begin + r->p.n_on;
    const size_t n_before = to->exc.n;
    clsnn_plain_draw(r->encoder, images->pixels + image * n_pixels, intensity, image, attempt << 20,
                     r->input);
    TRY(clsnn_replayer_show(&r->replayer, r->input, !r->learns, to));
    struct clsnn_shown shown = {(int32_t)image, (int32_t)attempt + 1, (int32_t)intensity, 0, 0};
    memset(counts, 0, r->to->n_post * sizeof *counts);
    for (size_t k = n_before; k < to->exc.n; k++) {
        if (to->exc.step[k] >= end) continue;
        counts[to->exc.neuron[k]]++;
        shown.n_exc++;
    }
    shown.accepted = shown.n_exc >= r->p.min_spikes || intensity >= (uint32_t)r->p.intensity_max ||
                     attempt + 1 >= CLSNN_MAX_ATTEMPT;
    *out = shown;
fail:
    return st;
}

/* Makes the network of a round, which records `neurons`. */
static enum clsnn_status begin(struct round *r, struct clsnn_device *dev, const struct clsnn_program *prog,
                               const int32_t *neurons, uint32_t n_neurons) {
    const struct clsnn_learned *l = r->plan->network;
    const struct clsnn_replay_input in = {.label = "probe",
                                          .n_post = l->n_post,
                                          .steps_on = (uint32_t)r->p.n_on,
                                          .steps_off = r->to->n_steps - (uint32_t)r->p.n_on,
                                          .w0 = l->w,
                                          .theta0_mv = l->theta_mv,
                                          .delay_steps = r->delay_steps,
                                          .from_rest = !r->learns,
                                          .learn = r->learns,
                                          .probed = neurons,
                                          .n_probed = n_neurons};
    clsnn_replayer_finish(&r->replayer);
    return clsnn_replayer_create(dev, prog, r->plan->model, &in, &r->replayer);
}

static bool tell(const struct clsnn_watcher *watch, double began, uint64_t done, uint64_t total) {
    struct clsnn_stage stage = {
        .kind = CLSNN_STAGE_TEST, .done = done, .total = total, .running_accuracy = -1.0};
    stage.seconds = clsnn_clock_seconds() - began;
    stage.images_per_second = stage.seconds > 0 ? (double)done / stage.seconds : 0;
    stage.eta_seconds = done ? stage.seconds / (double)done * (double)(total - done) : 0;
    return !watch || !watch->stage || watch->stage(watch->ctx, &stage);
}

/* Chooses the neurons with the highest totals, the lowest numbers first among equals. */
static void choose_neurons(const uint64_t *totals, uint32_t n_post, int32_t *out, uint32_t n) {
    for (uint32_t k = 0; k < n; k++) {
        int32_t best = -1;
        for (uint32_t j = 0; j < n_post; j++) {
            bool taken = false;
            for (uint32_t o = 0; o < k && !taken; o++) taken = out[o] == (int32_t)j;
            if (!taken && (best < 0 || totals[j] > totals[best])) best = (int32_t)j;
        }
        out[k] = best;
    }
}

/* The first round. n_shown: [n], each image's presentations. totals: [n_post], zero at first, each neuron's
 * spikes in all of them. */
static enum clsnn_status count(struct round *r, const struct clsnn_watcher *watch, uint32_t *n_shown,
                               uint64_t *totals) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_probe_plan *plan = r->plan;
    const double began = clsnn_clock_seconds();
    const uint32_t n_post = r->to->n_post;
    uint16_t *counts = malloc(n_post * sizeof *counts);
    if (!counts) return clsnn_no_memory("probe");
    for (uint32_t k = 0; k < plan->n; k++) {
        struct clsnn_shown shown = {.accepted = 0};
        for (n_shown[k] = 0; !shown.accepted; n_shown[k]++) {
            TRY(present(r, plan->first + k, n_shown[k], counts, &shown));
            for (uint32_t j = 0; j < n_post; j++) totals[j] += counts[j];
            clsnn_replay_finish(&r->to->out);
        }
        if (!tell(watch, began, (k + 1) / 2, plan->n)) {
            st = clsnn_fail(CLSNN_STOPPED, "stopped while probing, after %u of %u images", k + 1, plan->n);
            goto fail;
        }
    }
fail:
    free(counts);
    return st;
}

/* Appends the input spikes of the presentation that begins at step `begin`. */
static enum clsnn_status keep_input(const struct round *r, int32_t begin, struct clsnn_spike_list *to) {
    const uint32_t n_bundles = CLSNN_BUNDLES(r->plan->network->n_pre);
    size_t n = 0;
    for (uint32_t g = 0; g < n_bundles; g++)
        for (int t = 0; t < r->p.n_on; t++)
            n += (size_t)__builtin_popcount(r->input[g * CLSNN_MAX_ON + (uint32_t)t]);
    if (to->n + n > to->capacity) {
        const size_t capacity = 2 * (to->n + n);
        int32_t *steps = realloc(to->step, capacity * sizeof *steps);
        if (steps) to->step = steps;
        int32_t *inputs = realloc(to->neuron, capacity * sizeof *inputs);
        if (inputs) to->neuron = inputs;
        if (!steps || !inputs)
            return clsnn_fail(CLSNN_E_MEMORY, "probe: no memory for %zu input spikes", capacity);
        to->capacity = capacity;
    }
    for (int32_t t = 0; t < r->p.n_on; t++) {
        for (uint32_t g = 0; g < n_bundles; g++) {
            for (uint32_t rest = r->input[g * CLSNN_MAX_ON + (uint32_t)t]; rest; rest &= rest - 1) {
                to->step[to->n] = begin + t;
                to->neuron[to->n++] = (int32_t)(g * CLSNN_BUNDLE) + __builtin_ctz(rest);
            }
        }
    }
    return CLSNN_OK;
}

/* The second round: records every presentation. */
static enum clsnn_status record(struct round *r, const struct clsnn_watcher *watch, const uint32_t *n_shown) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_probe_plan *plan = r->plan;
    struct clsnn_probe *p = r->to;
    const double began = clsnn_clock_seconds();
    for (uint32_t k = 0; k < plan->n; k++) {
        for (uint32_t a = 0; a < n_shown[k]; a++) {
            const uint32_t attempt = r->learns ? a : (a + n_shown[k] - 1) % n_shown[k];
            const int32_t begin = (int32_t)p->out.n_steps;
            TRY(present(r, plan->first + k, attempt, p->counts + p->n_shown * p->n_post,
                        &p->shown[p->n_shown]));
            TRY(keep_input(r, begin, &p->input));
            p->n_shown++;
        }
        if (!tell(watch, began, ((uint64_t)plan->n + k + 2) / 2, plan->n)) {
            st = clsnn_fail(CLSNN_STOPPED, "stopped while probing, after recording %u of %u images", k + 1,
                            plan->n);
            goto fail;
        }
    }
    TRY(clsnn_replayer_end(&r->replayer, &p->out));
fail:
    return st;
}

enum clsnn_status clsnn_probe_run(struct clsnn_device *dev, const struct clsnn_program *prog,
                                  const struct clsnn_probe_plan *plan, const struct clsnn_watcher *watch,
                                  struct clsnn_probe *out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_learned *l = plan->network;
    struct clsnn_probe p = {.n_post = l->n_post, .n_neurons = plan->n_neurons};
    struct round r = {.plan = plan, .learns = plan->purpose == CLSNN_RNG_TRAIN, .to = &p};
    uint32_t *n_shown = calloc((size_t)plan->n + 1, sizeof *n_shown);
    uint64_t *totals = calloc(l->n_post, sizeof *totals), n_all = 0;
    p.neurons = calloc((size_t)plan->n_neurons + 1, sizeof *p.neurons);
    r.input = malloc((size_t)CLSNN_BUNDLES(l->n_pre) * CLSNN_MAX_ON * sizeof *r.input);
    if (!n_shown || !totals || !p.neurons || !r.input) {
        st = clsnn_no_memory("probe");
        goto fail;
    }
    if (l->delay_steps) {
        const size_t n = (size_t)l->n_pre * l->n_post;
        r.delay_steps = malloc(n * sizeof *r.delay_steps);
        if (!r.delay_steps) {
            st = clsnn_no_memory("probe");
            goto fail;
        }
        for (size_t k = 0; k < n; k++) r.delay_steps[k] = l->delay_steps[k];
    }
    clsnn_params_derive(plan->model, plan->seed, &r.p);
    p.steps_on = (uint32_t)r.p.n_on;
    p.n_steps = (uint32_t)(r.learns ? r.p.n_steps : r.p.n_on); /* evaluation has no rest after an image */
    TRY(clsnn_plain_create(plan->model, plan->seed, (int)l->n_pre, 1, &r.encoder));
    r.encoder->purpose = (uint32_t)plan->purpose;
    TRY(begin(&r, dev, prog, p.neurons, 0));
    TRY(count(&r, watch, n_shown, totals));
    if (plan->neurons)
        memcpy(p.neurons, plan->neurons, plan->n_neurons * sizeof *p.neurons);
    else
        choose_neurons(totals, l->n_post, p.neurons, plan->n_neurons);
    for (uint32_t k = 0; k < plan->n; k++) n_all += n_shown[k];
    if (n_all * p.n_steps > INT32_MAX) {
        st = clsnn_fail(CLSNN_E_USAGE,
                        "--image: %u images take %llu presentations, and their steps pass %d: "
                        "choose fewer",
                        plan->n, (unsigned long long)n_all, INT32_MAX);
        goto fail;
    }
    p.shown = malloc((n_all + 1) * sizeof *p.shown);
    p.counts = malloc((n_all + 1) * l->n_post * sizeof *p.counts);
    if (!p.shown || !p.counts) {
        st = clsnn_no_memory("probe");
        goto fail;
    }
    TRY(begin(&r, dev, prog, p.neurons, p.n_neurons));
    TRY(record(&r, watch, n_shown));
    *out = p;
    p = (struct clsnn_probe){.n_post = 0};
fail:
    clsnn_replayer_finish(&r.replayer);
    clsnn_plain_destroy(r.encoder);
    clsnn_probe_finish(&p);
    free(r.input);
    free(r.delay_steps);
    free(n_shown);
    free(totals);
    return st;
}

void clsnn_probe_finish(struct clsnn_probe *p) {
    if (!p) return;
    free(p->shown);
    free(p->neurons);
    free(p->counts);
    free(p->input.step);
    free(p->input.neuron);
    clsnn_replay_finish(&p->out);
    *p = (struct clsnn_probe){.n_post = 0};
}
