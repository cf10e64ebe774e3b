/* Launches of the replay kernel, one for each sample. */
#include "device/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
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
    /* from rest nothing is under way: what has not arrived at a sample's end is lost */
    const uint32_t room = in->from_rest ? CLSNN_MAX_DELAY : in->steps_off;
    const int32_t most = room < CLSNN_MAX_DELAY ? (int32_t)room : CLSNN_MAX_DELAY;
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

/* Enlarges *array to n floats. */
static bool grow(float **array, size_t n) {
    float *grown = realloc(*array, (n ? n : 1) * sizeof *grown);
    if (grown) *array = grown;
    return grown != NULL;
}

/* Appends one sample's values, [n_steps][CLSNN_RECORDED][n_probes], to the output's arrays. */
static enum clsnn_status append_rows(const struct clsnn_replayer *r, struct clsnn_replay_output *out) {
    const size_t width = r->n_probes, n = (size_t)(out->n_steps + r->n_steps) * width;
    if (!grow(&out->v_exc, n) || !grow(&out->g_exc, n) || !grow(&out->g_inh, n) || !grow(&out->v_inh, n) ||
        !grow(&out->theta_mv, n))
        return clsnn_fail(CLSNN_E_MEMORY, "replay: no memory for %u steps of %u neurons",
                          out->n_steps + r->n_steps, r->n_probes);
    for (size_t t = 0; t < r->n_steps; t++) {
        const float *row = r->rows + t * CLSNN_RECORDED * width;
        const size_t at = (out->n_steps + t) * width;
        for (size_t k = 0; k < width; k++) {
            out->v_exc[at + k] = (float)((double)row[k] + r->model.v_rest_exc_mv);
            out->g_exc[at + k] = row[width + k];
            out->g_inh[at + k] = row[2 * width + k];
            out->v_inh[at + k] = (float)((double)row[3 * width + k] + r->model.v_rest_inh_mv);
            out->theta_mv[at + k] = row[4 * width + k];
        }
    }
    return CLSNN_OK;
}

static enum clsnn_status check_probed(const struct clsnn_replay_input *in) {
    for (uint32_t k = 0; in->probed && k < in->n_probed; k++) {
        if (in->probed[k] < 0 || (uint32_t)in->probed[k] >= in->n_post)
            return clsnn_fail(CLSNN_E_DATA, "%s: neuron %d is to be recorded: must be in [0, %u)", in->label,
                              in->probed[k], in->n_post);
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_replayer_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                        const struct clsnn_model *model, const struct clsnn_replay_input *in,
                                        struct clsnn_replayer *out) {
    enum clsnn_status st = CLSNN_OK;
    const uint64_t no_seed = 0; /* clsnn_network_set replaces the weights that it draws */
    static const int32_t first_neurons[CLSNN_PROBE] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32_t n_first = in->n_post < CLSNN_PROBE ? in->n_post : CLSNN_PROBE;
    struct clsnn_replayer r = {.model = *model, .n_steps = in->steps_on + in->steps_off, .learn = in->learn};
    uint8_t *delays = NULL;
    r.model.time_on_ms = in->steps_on * CLSNN_DT_MS;
    r.model.time_off_ms = in->steps_off * CLSNN_DT_MS;
    r.n_probes = in->probed ? in->n_probed : n_first;
    TRY(check_probed(in));
    TRY(take_delays(in, prog->n_pre, &delays, &r.model.laws.delay_max));
    r.model.laws.delay_min = 0;
    TRY(clsnn_network_create(dev, prog, &r.model, &no_seed, 1, (int)in->n_post, &r.net));
    TRY(clsnn_network_set(r.net, 0, in->w0, in->theta0_mv));
    if (delays) TRY(clsnn_network_set_delays(r.net, 0, delays));
    TRY(clsnn_network_rest(r.net));
    r.words = ((size_t)r.net->n + 31) / 32;
    r.mask_bytes = r.n_steps * r.words * sizeof(uint32_t);
    r.probe_bytes = (size_t)r.n_steps * CLSNN_RECORDED * r.n_probes * sizeof(float);
    r.masks = malloc(r.mask_bytes);
    r.rows = malloc(r.probe_bytes ? r.probe_bytes : 1);
    if (!r.masks || !r.rows) {
        st = clsnn_fail(CLSNN_E_MEMORY, "replay: no memory for the record of %u steps", r.n_steps);
        goto fail;
    }
    TRY(clsnn_buffer_create(dev, "record of excitatory spikes", r.mask_bytes, NULL, false, &r.exc));
    TRY(clsnn_buffer_create(dev, "record of inhibitory spikes", r.mask_bytes, NULL, false, &r.inh));
    TRY(clsnn_buffer_create(dev, "record of potentials", r.probe_bytes, NULL, false, &r.probes));
    TRY(clsnn_buffer_create(dev, "recorded neurons", r.n_probes * sizeof(int32_t),
                            in->probed ? in->probed : first_neurons, false, &r.probed));
    *out = r;
    free(delays);
    return CLSNN_OK;
fail:
    free(delays);
    clsnn_replayer_finish(&r);
    return st;
}

void clsnn_replayer_finish(struct clsnn_replayer *r) {
    if (r->net) {
        cl_mem *buffers[] = {&r->exc, &r->inh, &r->probes, &r->probed};
        for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++)
            clsnn_buffer_release(r->net->dev, buffers[k]);
    }
    clsnn_network_destroy(r->net);
    free(r->masks);
    free(r->rows);
    *r = (struct clsnn_replayer){.net = NULL};
}

size_t clsnn_replayer_input_words(const struct clsnn_replayer *r) {
    return mask_words((uint32_t)r->net->n_pre);
}

static enum clsnn_status launch(const struct clsnn_replayer *r) {
    const struct clsnn_network *net = r->net;
    const cl_int probes = (cl_int)r->n_probes, learning = r->learn;
    const struct clsnn_arg args[] = {
        CLSNN_NETWORK_ARGS(net), CLSNN_ARG(net->state.slots), CLSNN_ARG(net->progress), CLSNN_ARG(r->exc),
        CLSNN_ARG(r->inh),       CLSNN_ARG(r->probes),        CLSNN_ARG(r->probed),     CLSNN_ARG(probes),
        CLSNN_ARG(net->n),       CLSNN_ARG(learning),         CLSNN_LOCAL_ARGS(net),
    };
    const size_t local = (size_t)net->kernels->work_group;
    return clsnn_kernel_run(net->dev, CLSNN_TIME_OTHER, net->kernels->replay, args,
                            sizeof args / sizeof *args, 1, &local, &local);
}

enum clsnn_status clsnn_replayer_show(struct clsnn_replayer *r, const uint32_t *input, bool from_rest,
                                      struct clsnn_replay_output *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_progress progress;
    struct clsnn_network *net = r->net;
    const int32_t first_step = (int32_t)out->n_steps;
    const struct clsnn_span spikes = clsnn_state_row(&net->state, 0, CLSNN_ROW_spikes);
    out->n_probes = r->n_probes;
    if (from_rest) TRY(clsnn_network_rest(net));
    TRY(clsnn_buffer_write(net->dev, net->state.slots, spikes.offset, spikes.n_bytes, input));
    TRY(launch(r));
    TRY(clsnn_buffer_read(net->dev, net->progress, 0, sizeof progress, &progress));
    TRY(clsnn_network_check(net, &progress));
    TRY(clsnn_buffer_read(net->dev, r->exc, 0, r->mask_bytes, r->masks));
    TRY(append_masks(&out->exc, r->masks, r->n_steps, r->words, first_step));
    TRY(clsnn_buffer_read(net->dev, r->inh, 0, r->mask_bytes, r->masks));
    TRY(append_masks(&out->inh, r->masks, r->n_steps, r->words, first_step));
    if (r->n_probes) TRY(clsnn_buffer_read(net->dev, r->probes, 0, r->probe_bytes, r->rows));
    TRY(append_rows(r, out));
    out->n_steps += r->n_steps;
fail:
    return st;
}

enum clsnn_status clsnn_replayer_end(const struct clsnn_replayer *r, struct clsnn_replay_output *out) {
    const size_t n_post = (size_t)r->net->n_post, n_pre = (size_t)r->net->n_pre;
    if (!grow(&out->w_end, n_pre * n_post) || !grow(&out->theta_end_mv, n_post))
        return clsnn_fail(CLSNN_E_MEMORY, "replay: no memory for the weights of %zu neurons", n_post);
    return clsnn_network_get(r->net, 0, out->w_end, out->theta_end_mv);
}

enum clsnn_status clsnn_replay(struct clsnn_device *dev, const struct clsnn_program *prog,
                               const struct clsnn_model *model, const struct clsnn_replay_input *in,
                               struct clsnn_replay_output *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_replay_output result = {0};
    struct clsnn_replayer r = {.net = NULL};
    size_t *first = NULL, *events = NULL;
    uint32_t *input = NULL;
    TRY(check_input(in));
    TRY(sort_events(in, prog->n_pre, &first, &events));
    TRY(clsnn_replayer_create(dev, prog, model, in, &r));
    input = malloc(clsnn_replayer_input_words(&r) * sizeof *input);
    if (!input) {
        st = clsnn_no_memory("replay");
        goto fail;
    }
    for (uint32_t s = 0; s < in->n_samples; s++) {
        const size_t begin = s ? first[s] : 0;
        TRY(fill_masks(in, prog->n_pre, events + begin, first[s + 1] - begin, input));
        TRY(clsnn_replayer_show(&r, input, in->from_rest, &result));
    }
    TRY(clsnn_replayer_end(&r, &result));
    *out = result;
    result = (struct clsnn_replay_output){0};
fail:
    clsnn_replayer_finish(&r);
    clsnn_replay_finish(&result);
    free(first);
    free(events);
    free(input);
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
    free(out->theta_mv);
    free(out->w_end);
    free(out->theta_end_mv);
    *out = (struct clsnn_replay_output){0};
}
