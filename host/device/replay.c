/* Launches of the replay kernel, one for each sample. */
#include "clsnn/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/network.h"
#include "device/program.h"

/* Returns the words of a sample's input spikes. */
static size_t mask_words(uint32_t n_pre) {
    return (size_t)CLSNN_BUNDLES(n_pre) * CLSNN_MAX_ON;
}

/* Returns the delays as the device keeps them in *out, NULL if there are none, and the longest in
 * *out_longest. The caller frees *out. */
static enum clsnn_status take_delays(const struct clsnn_replay_input *in, uint32_t n_pre, uint8_t **out,
                                     int32_t *out_longest) {
    const size_t n = (size_t)n_pre * in->n_post;
    const int32_t most = in->steps_off < CLSNN_MAX_DELAY ? (int32_t)in->steps_off : CLSNN_MAX_DELAY;
    int32_t longest = 0;
    *out = NULL;
    for (size_t k = 0; in->delay_steps && k < n; k++) {
        const int32_t steps = in->delay_steps[k];
        if (steps < 0 || steps > most)
            return clsnn_fail(
                CLSNN_E_DATA,
                "%s: delay_steps[%zu, %zu] = %d: must be in [0, %d], and every spike must arrive "
                "within the %u steps without input",
                in->label, k / in->n_post, k % in->n_post, steps, most, in->steps_off);
        if (steps > longest) longest = steps;
    }
    *out_longest = longest;
    if (longest == 0) return CLSNN_OK;
    *out = malloc(n);
    if (!*out) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for %zu delays", in->label, n);
    for (size_t k = 0; k < n; k++) (*out)[k] = (uint8_t)in->delay_steps[k];
    return CLSNN_OK;
}

static enum clsnn_status check_input(const struct clsnn_replay_input *in) {
    if (in->steps_on < 1 || in->steps_on > CLSNN_MAX_ON ||
        in->steps_on + (uint64_t)in->steps_off > CLSNN_MAX_STEPS) {
        return clsnn_fail(
            CLSNN_E_DATA,
            "%s: steps_on = %u, steps_off = %u: steps_on must be in [1, %d], their sum at most %d", in->label,
            in->steps_on, in->steps_off, CLSNN_MAX_ON, CLSNN_MAX_STEPS);
    }
    if (in->n_samples < 1 || in->n_samples > INT32_MAX / CLSNN_MAX_STEPS) {
        return clsnn_fail(CLSNN_E_DATA, "%s: n_samples = %u: must be in [1, %d]", in->label, in->n_samples,
                          INT32_MAX / CLSNN_MAX_STEPS);
    }
    return CLSNN_OK;
}

/* Sorts the events into samples by counting: sample s has events[first[s]] to events[first[s + 1] - 1]. Masks
 * of all samples, [n_samples][bundles][CLSNN_MAX_ON], would be large; fill_masks makes one
 * sample's. */
static enum clsnn_status sort_events(const struct clsnn_replay_input *in, uint32_t n_pre, size_t **out_first,
                                     size_t **out_events) {
    enum clsnn_status st = CLSNN_OK;
    const uint32_t n_steps = in->steps_on + in->steps_off;
    size_t *first = calloc((size_t)in->n_samples + 2, sizeof *first),
           *events = malloc((in->n_events ? in->n_events : 1) * sizeof *events);
    if (!first || !events) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for %zu events", in->label, in->n_events);
        goto fail;
    }
    for (size_t e = 0; e < in->n_events; e++) {
        const int32_t step = in->event_step[e], i = in->event_input[e];
        if (step < 0 || (uint32_t)step >= n_steps * in->n_samples || i < 0 || (uint32_t)i >= n_pre) {
            st = clsnn_fail(CLSNN_E_DATA, "%s: event %zu: step %d, input %d: must be in [0, %u) and [0, %u)",
                            in->label, e, step, i, n_steps * in->n_samples, n_pre);
            goto fail;
        }
        if ((uint32_t)step % n_steps >= in->steps_on) {
            st = clsnn_fail(
                CLSNN_E_DATA,
                "%s: event %zu: step %d is step %u of its sample, which has input in the first %u only",
                in->label, e, step, (uint32_t)step % n_steps, in->steps_on);
            goto fail;
        }
        first[(uint32_t)step / n_steps + 2]++;
    }
    for (uint32_t s = 2; s < in->n_samples + 2; s++) first[s] += first[s - 1];
    for (size_t e = 0; e < in->n_events; e++) events[first[(uint32_t)in->event_step[e] / n_steps + 1]++] = e;
    *out_first = first;
    *out_events = events;
    return CLSNN_OK;
fail:
    free(first);
    free(events);
    return st;
}

static enum clsnn_status fill_masks(const struct clsnn_replay_input *in, uint32_t n_pre, const size_t *events,
                                    size_t n, uint32_t *masks) {
    const uint32_t n_steps = in->steps_on + in->steps_off;
    memset(masks, 0, mask_words(n_pre) * sizeof *masks);
    for (size_t k = 0; k < n; k++) {
        const uint32_t t = (uint32_t)in->event_step[events[k]] % n_steps,
                       i = (uint32_t)in->event_input[events[k]];
        uint32_t *word = &masks[i / CLSNN_BUNDLE * CLSNN_MAX_ON + t];
        const uint32_t bit = UINT32_C(1) << i % CLSNN_BUNDLE;
        if (*word & bit) {
            return clsnn_fail(CLSNN_E_DATA,
                              "%s: event %zu: input %u spikes twice in step %d: at most once a step",
                              in->label, events[k], i, in->event_step[events[k]]);
        }
        *word |= bit;
    }
    return CLSNN_OK;
}

static enum clsnn_status append_spike(struct clsnn_spike_list *list, int32_t step, int32_t neuron) {
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 256;
        int32_t *steps = realloc(list->step, capacity * sizeof *steps);
        if (steps) list->step = steps;
        int32_t *neurons = realloc(list->neuron, capacity * sizeof *neurons);
        if (neurons) list->neuron = neurons;
        if (!steps || !neurons)
            return clsnn_fail(CLSNN_E_MEMORY, "replay: no memory for %zu spikes", capacity);
        list->capacity = capacity;
    }
    list->step[list->n] = step;
    list->neuron[list->n++] = neuron;
    return CLSNN_OK;
}

static enum clsnn_status append_masks(struct clsnn_spike_list *list, const uint32_t *masks, uint32_t n_steps,
                                      size_t words, int32_t first_step) {
    enum clsnn_status st = CLSNN_OK;
    for (size_t at = 0; at < n_steps * words; at++) {
        for (int32_t bit = 0; masks[at] >> bit != 0; bit++) {
            if (masks[at] >> bit & 1u)
                TRY(append_spike(list, first_step + (int32_t)(at / words), (int32_t)(at % words) * 32 + bit));
            if (bit == 31) break;
        }
    }
fail:
    return st;
}

/* Copies one sample's probes, [n_steps][4][CLSNN_PROBE], into the output's arrays from step first on. */
static void copy_probes(const float *probes, uint32_t n_steps, uint32_t first,
                        const struct clsnn_model *model, struct clsnn_replay_output *out) {
    for (uint32_t t = 0; t < n_steps; t++) {
        const float *row = probes + (size_t)t * 4 * CLSNN_PROBE;
        for (uint32_t j = 0; j < out->n_probes; j++) {
            const size_t at = (size_t)(first + t) * out->n_probes + j;
            out->v_exc[at] = (float)((double)row[j] + model->v_rest_exc_mv);
            out->g_exc[at] = row[CLSNN_PROBE + j];
            out->g_inh[at] = row[2 * CLSNN_PROBE + j];
            out->v_inh[at] = (float)((double)row[3 * CLSNN_PROBE + j] + model->v_rest_inh_mv);
        }
    }
}

static enum clsnn_status allocate_output(const struct clsnn_replay_input *in, uint32_t n_pre,
                                         struct clsnn_replay_output *out) {
    const uint32_t n_steps = (in->steps_on + in->steps_off) * in->n_samples;
    out->n_steps = n_steps;
    out->n_probes = in->n_post < CLSNN_PROBE ? in->n_post : CLSNN_PROBE;
    const size_t n = (size_t)n_steps * out->n_probes;
    out->v_exc = malloc(n * sizeof(float));
    out->g_exc = malloc(n * sizeof(float));
    out->g_inh = malloc(n * sizeof(float));
    out->v_inh = malloc(n * sizeof(float));
    out->w_end = malloc(n_pre * (size_t)in->n_post * sizeof(float));
    out->theta_end_mv = malloc(in->n_post * sizeof(float));
    if (out->v_exc && out->g_exc && out->g_inh && out->v_inh && out->w_end && out->theta_end_mv)
        return CLSNN_OK;
    return clsnn_fail(CLSNN_E_MEMORY, "replay: no memory for %u steps of %u neurons", n_steps, in->n_post);
}

/* The record of one sample, on the device and on the host. */
struct record {
    cl_mem exc, inh, probes;
    size_t words, mask_bytes, probe_bytes;
    uint32_t *masks; /* host: [n_steps][words], or an input's masks */
    float *rows;     /* host: [n_steps][4][CLSNN_PROBE] */
};

static enum clsnn_status record_create(struct clsnn_device *dev, uint32_t n_steps, size_t n, uint32_t n_pre,
                                       struct record *r) {
    enum clsnn_status st = CLSNN_OK;
    r->words = (n + 31) / 32;
    r->mask_bytes = n_steps * r->words * sizeof(uint32_t);
    r->probe_bytes = (size_t)n_steps * 4 * CLSNN_PROBE * sizeof(float);
    const size_t input_bytes = mask_words(n_pre) * sizeof(uint32_t);
    r->masks = malloc(r->mask_bytes > input_bytes ? r->mask_bytes : input_bytes);
    r->rows = malloc(r->probe_bytes);
    if (!r->masks || !r->rows)
        return clsnn_fail(CLSNN_E_MEMORY, "replay: no memory for the record of %u steps", n_steps);
    TRY(clsnn_buffer_create(dev, "record of excitatory spikes", r->mask_bytes, NULL, false, &r->exc));
    TRY(clsnn_buffer_create(dev, "record of inhibitory spikes", r->mask_bytes, NULL, false, &r->inh));
    TRY(clsnn_buffer_create(dev, "record of potentials", r->probe_bytes, NULL, false, &r->probes));
fail:
    return st;
}

static void record_finish(struct clsnn_device *dev, struct record *r) {
    clsnn_buffer_release(dev, &r->exc);
    clsnn_buffer_release(dev, &r->inh);
    clsnn_buffer_release(dev, &r->probes);
    free(r->masks);
    free(r->rows);
}

static enum clsnn_status launch(struct clsnn_network *net, const struct record *r, uint32_t n_probes,
                                bool learn) {
    const cl_int probes = (cl_int)n_probes, learning = learn;
    const struct clsnn_arg args[] = {
        CLSNN_NETWORK_ARGS(net), CLSNN_ARG(net->state.slots), CLSNN_ARG(net->progress), CLSNN_ARG(r->exc),
        CLSNN_ARG(r->inh),       CLSNN_ARG(r->probes),        CLSNN_ARG(probes),        CLSNN_ARG(net->n),
        CLSNN_ARG(learning),     CLSNN_LOCAL_ARGS(net),
    };
    const size_t local = (size_t)net->kernels->work_group;
    return clsnn_kernel_run(net->dev, CLSNN_TIME_OTHER, net->kernels->replay, args,
                            sizeof args / sizeof *args, 1, &local, &local);
}

static enum clsnn_status replay_sample(struct clsnn_network *net, const struct clsnn_model *model,
                                       const struct clsnn_replay_input *in, uint32_t sample,
                                       const size_t *events, size_t n_events, struct record *r,
                                       struct clsnn_replay_output *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_progress progress;
    const uint32_t n_steps = in->steps_on + in->steps_off, first_step = sample * n_steps;
    const struct clsnn_span spikes = clsnn_state_row(&net->state, 0, CLSNN_ROW_spikes);
    TRY(fill_masks(in, (uint32_t)net->n_pre, events, n_events, r->masks));
    TRY(clsnn_buffer_write(net->dev, net->state.slots, spikes.offset, spikes.n_bytes, r->masks));
    TRY(launch(net, r, out->n_probes, in->learn));
    TRY(clsnn_buffer_read(net->dev, net->progress, 0, sizeof progress, &progress));
    TRY(clsnn_network_check(net, &progress));
    TRY(clsnn_buffer_read(net->dev, r->exc, 0, r->mask_bytes, r->masks));
    TRY(append_masks(&out->exc, r->masks, n_steps, r->words, (int32_t)first_step));
    TRY(clsnn_buffer_read(net->dev, r->inh, 0, r->mask_bytes, r->masks));
    TRY(append_masks(&out->inh, r->masks, n_steps, r->words, (int32_t)first_step));
    TRY(clsnn_buffer_read(net->dev, r->probes, 0, r->probe_bytes, r->rows));
    copy_probes(r->rows, n_steps, first_step, model, out);
fail:
    return st;
}

enum clsnn_status clsnn_replay(struct clsnn_device *dev, const struct clsnn_program *prog,
                               const struct clsnn_model *model, const struct clsnn_replay_input *in,
                               struct clsnn_replay_output *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_network *net = NULL;
    struct clsnn_replay_output result = {0};
    struct record record = {0};
    size_t *first = NULL, *events = NULL;
    uint8_t *delays = NULL;
    const uint64_t no_seed = 0; /* clsnn_network_set replaces the weights that it draws */
    struct clsnn_model timed = *model;
    timed.time_on_ms = in->steps_on * CLSNN_DT_MS;
    timed.time_off_ms = in->steps_off * CLSNN_DT_MS;
    TRY(check_input(in));
    TRY(take_delays(in, prog->n_pre, &delays, &timed.laws.delay_max));
    timed.laws.delay_min = 0;
    TRY(sort_events(in, prog->n_pre, &first, &events));
    TRY(clsnn_network_create(dev, prog, &timed, &no_seed, 1, (int)in->n_post, &net));
    TRY(clsnn_network_set(net, 0, in->w0, in->theta0_mv));
    if (delays) TRY(clsnn_network_set_delays(net, 0, delays));
    TRY(clsnn_network_rest(net));
    TRY(record_create(dev, in->steps_on + in->steps_off, (size_t)net->n, prog->n_pre, &record));
    TRY(allocate_output(in, prog->n_pre, &result));
    for (uint32_t s = 0; s < in->n_samples; s++) {
        TRY(replay_sample(net, model, in, s, events + (s ? first[s] : 0), first[s + 1] - (s ? first[s] : 0),
                          &record, &result));
    }
    TRY(clsnn_network_get(net, 0, result.w_end, result.theta_end_mv));
    *out = result;
    result = (struct clsnn_replay_output){0};
fail:
    record_finish(dev, &record);
    clsnn_replay_finish(&result);
    clsnn_network_destroy(net);
    free(delays);
    free(first);
    free(events);
    return st;
}

void clsnn_replay_finish(struct clsnn_replay_output *out) {
    if (!out) return;
    free(out->exc.step);
    free(out->exc.neuron);
    free(out->inh.step);
    free(out->inh.neuron);
    free(out->v_exc);
    free(out->g_exc);
    free(out->g_inh);
    free(out->v_inh);
    free(out->w_end);
    free(out->theta_end_mv);
    *out = (struct clsnn_replay_output){0};
}
