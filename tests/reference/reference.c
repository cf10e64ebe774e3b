/* The reference network. It reads like "Equations" and "The order of one step" in kernels/README.md, so that
 * it can be checked by eye. No lists, no tables, no cut-offs; see reference.h. */
#include "reference.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Longer ago than any refractory period. */
#define LONG_AGO INT64_C(-1000000000)

struct ref_params ref_defaults(void) {
    return (struct ref_params){
        .dt_ms = 0.5,
        .v_rest_exc_mv = -65,
        .v_reset_exc_mv = -65,
        .v_thresh_exc_mv = -52,
        .refrac_exc_ms = 5,
        .tau_m_exc_ms = 100,
        .e_exc_exc_mv = 0,
        .e_inh_exc_mv = -100,
        .v_rest_inh_mv = -60,
        .v_reset_inh_mv = -45,
        .v_thresh_inh_mv = -40,
        .refrac_inh_ms = 2,
        .tau_m_inh_ms = 10,
        .e_exc_inh_mv = 0,
        .tau_g_exc_ms = 1,
        .tau_g_inh_ms = 2,
        .w_exc_inh = 10.4,
        .w_inh_exc = 17.0,
        .theta_init_mv = 20,
        .theta_plus_mv = 0.05,
        .theta_offset_mv = 20,
        .tau_theta_ms = 1e7,
        .w_max = 1,
        .w_norm = 78,
        .tau_pre_ms = 20,
        .tau_post1_ms = 20,
        .tau_post2_ms = 40,
        .eta_pre = 1e-4,
        .eta_post = 1e-2,
        .x_tar = 0.4,
        .mu = 1,
        .beta = 3,
        .v_start_offset_mv = -40,
        .clamp = REF_CLAMP_OVERSHOOT,
    };
}

struct ref_net *ref_create(const struct ref_params *params, int n_pre, int n_post, enum ref_start start) {
    struct ref_net *net = calloc(1, sizeof *net);
    if (!net) return NULL;
    net->p = *params;
    net->n_pre = n_pre;
    net->n_post = n_post;
    net->refrac_exc_steps = (int)lround(params->refrac_exc_ms / params->dt_ms);
    net->hold_exc_steps = (int)lround(params->hold_exc_ms / params->dt_ms);
    net->refrac_inh_steps = (int)lround(params->refrac_inh_ms / params->dt_ms);
    net->step_margin_mv = net->margin_mv = (double)INFINITY;

    size_t n = (size_t)n_post;
    double **per_neuron[] = {&net->v_exc,  &net->ge_exc,   &net->gi_exc, &net->v_inh,
                             &net->ge_inh, &net->theta_mv, &net->post1,  &net->post2};
    for (size_t k = 0; k < sizeof per_neuron / sizeof *per_neuron; k++)
        if (!(*per_neuron[k] = calloc(n, sizeof(double)))) goto fail;
    if (!(net->w = calloc((size_t)n_pre * n, sizeof(double)))) goto fail;
    if (!(net->pre = calloc((size_t)n_pre, sizeof(double)))) goto fail;
    if (!(net->last_exc = calloc(n, sizeof(int64_t)))) goto fail;
    if (!(net->last_inh = calloc(n, sizeof(int64_t)))) goto fail;
    if (!(net->exc_fired = calloc(n, sizeof(int)))) goto fail;
    if (!(net->inh_fired = calloc(n, sizeof(int)))) goto fail;

    double offset_mv = start == REF_START_TRAINING ? params->v_start_offset_mv : 0;
    for (int j = 0; j < n_post; j++) {
        net->v_exc[j] = params->v_rest_exc_mv + offset_mv;
        net->v_inh[j] = params->v_rest_inh_mv + offset_mv;
        net->theta_mv[j] = params->theta_init_mv;
        net->last_exc[j] = net->last_inh[j] = LONG_AGO;
    }
    return net;
fail:
    ref_destroy(net);
    return NULL;
}

void ref_destroy(struct ref_net *net) {
    if (!net) return;
    free(net->v_exc);
    free(net->ge_exc);
    free(net->gi_exc);
    free(net->v_inh);
    free(net->ge_inh);
    free(net->theta_mv);
    free(net->w);
    free(net->pre);
    free(net->delay_steps);
    free(net->under_way);
    free(net->post1);
    free(net->post2);
    free(net->last_exc);
    free(net->last_inh);
    free(net->exc_fired);
    free(net->inh_fired);
    free(net);
}

void ref_set_weights(struct ref_net *net, const float *w) {
    size_t n = (size_t)net->n_pre * (size_t)net->n_post;
    for (size_t k = 0; k < n; k++) net->w[k] = (double)w[k];
}

void ref_set_theta(struct ref_net *net, const float *theta_mv) {
    for (int j = 0; j < net->n_post; j++) net->theta_mv[j] = (double)theta_mv[j];
}

bool ref_set_delays(struct ref_net *net, const int32_t *delay_steps) {
    size_t n = (size_t)net->n_pre * (size_t)net->n_post;
    free(net->pre);
    net->pre = calloc(n, sizeof *net->pre);
    net->delay_steps = calloc(n, sizeof *net->delay_steps);
    net->under_way = calloc(REF_DELAYS, (size_t)net->n_pre);
    if (!net->pre || !net->delay_steps || !net->under_way) return false;
    for (size_t k = 0; k < n; k++) {
        assert(delay_steps[k] >= 0 && delay_steps[k] < REF_DELAYS);
        net->delay_steps[k] = delay_steps[k];
    }
    return true;
}

static double *weight(struct ref_net *net, int i, int j) {
    return &net->w[(size_t)i * (size_t)net->n_post + (size_t)j];
}

static double clip(double w, double w_max) {
    return w < 0 ? 0 : w > w_max ? w_max : w;
}

void ref_normalise(struct ref_net *net) {
    for (int j = 0; net->p.w_norm > 0 && j < net->n_post; j++) {
        double sum = 0;
        for (int i = 0; i < net->n_pre; i++) sum += *weight(net, i, j);
        if (sum == 0) continue;
        double factor = net->p.w_norm / sum;
        for (int i = 0; i < net->n_pre; i++) *weight(net, i, j) *= factor;
    }
}

/* Part 1 of a step: decay and the membrane equations, from the old values. */
static void update_state(struct ref_net *net, bool learn) {
    const struct ref_params *p = &net->p;
    for (int j = 0; j < net->n_post; j++) {
        double v = net->v_exc[j], ge = net->ge_exc[j], gi = net->gi_exc[j];
        double dv_dt = ((p->v_rest_exc_mv - v) + ge * (p->e_exc_exc_mv - v) + gi * (p->e_inh_exc_mv - v)) /
                       p->tau_m_exc_ms;
        double v_new = v + p->dt_ms * dv_dt;
        double floor_mv = p->e_inh_exc_mv;
        if (p->clamp == REF_CLAMP_OVERSHOOT) floor_mv = fmin(v, p->e_inh_exc_mv);
        if (p->clamp == REF_CLAMP_OFF) floor_mv = v_new;
        if (net->step - net->last_exc[j] >= net->hold_exc_steps) /* v moves while refractory too */
            net->v_exc[j] = v_new < floor_mv ? floor_mv : v_new;
        net->ge_exc[j] = ge - p->dt_ms * ge / p->tau_g_exc_ms;
        net->gi_exc[j] = gi - p->dt_ms * gi / p->tau_g_inh_ms;
        if (learn) net->theta_mv[j] -= p->dt_ms * net->theta_mv[j] / p->tau_theta_ms;
    }
    for (int j = 0; j < net->n_post; j++) {
        double v = net->v_inh[j], ge = net->ge_inh[j];
        double dv_dt = ((p->v_rest_inh_mv - v) + ge * (p->e_exc_inh_mv - v)) / p->tau_m_inh_ms;
        if (net->step - net->last_inh[j] >= net->refrac_inh_steps) net->v_inh[j] = v + p->dt_ms * dv_dt;
        net->ge_inh[j] = ge - p->dt_ms * ge / p->tau_g_exc_ms;
    }
    int n_traces = net->delay_steps ? net->n_pre * net->n_post : net->n_pre;
    for (int i = 0; i < n_traces; i++) net->pre[i] *= exp(-p->dt_ms / p->tau_pre_ms);
    for (int j = 0; j < net->n_post; j++) net->post1[j] *= exp(-p->dt_ms / p->tau_post1_ms);
    for (int j = 0; j < net->n_post; j++) net->post2[j] *= exp(-p->dt_ms / p->tau_post2_ms);
}

/* Part 2 of a step: finds the neurons that fire, on the new v. */
static void find_spikes(struct ref_net *net) {
    const struct ref_params *p = &net->p;
    net->n_exc_fired = net->n_inh_fired = 0;
    net->step_margin_mv = (double)INFINITY;
    for (int j = 0; j < net->n_post; j++) {
        double above_mv = net->v_exc[j] - (net->theta_mv[j] - p->theta_offset_mv + p->v_thresh_exc_mv);
        if (net->step - net->last_exc[j] < net->refrac_exc_steps) continue;
        net->step_margin_mv = fmin(net->step_margin_mv, fabs(above_mv));
        if (above_mv > 0) net->exc_fired[net->n_exc_fired++] = j;
    }
    for (int j = 0; j < net->n_post; j++) {
        double above_mv = net->v_inh[j] - p->v_thresh_inh_mv;
        if (net->step - net->last_inh[j] < net->refrac_inh_steps) continue;
        net->step_margin_mv = fmin(net->step_margin_mv, fabs(above_mv));
        if (above_mv > 0) net->inh_fired[net->n_inh_fired++] = j;
    }
    net->margin_mv = fmin(net->margin_mv, net->step_margin_mv);
    for (int k = 0; k < net->n_exc_fired; k++) net->last_exc[net->exc_fired[k]] = net->step;
    for (int k = 0; k < net->n_inh_fired; k++) net->last_inh[net->inh_fired[k]] = net->step;
}

/* Sets a trace to 1, or adds 1, at a spike. */
static void raise_trace(const struct ref_net *net, double *trace) {
    *trace = net->p.pairing == REF_ALL ? *trace + 1 : 1;
}

/* Returns what an input spike takes off weight w to a neuron with trace post1. */
static double depression(const struct ref_params *p, double w, double post1) {
    switch (p->rule) {
    case REF_TRIPLET:
    case REF_PAIR: return p->eta_pre * post1;
    case REF_SYMMETRIC: return p->w_max * p->eta_pre * post1 * pow(w / p->w_max, p->mu);
    case REF_POWERLAW:
    case REF_EXPONENTIAL: return 0;
    }
    return (double)NAN;
}

/* Returns the trace of the synapse from input i onto neuron j. */
static double *trace_of(struct ref_net *net, int i, int j) {
    return &net->pre[net->delay_steps ? i * net->n_post + j : i];
}

/* Applies an input spike to the weight onto neuron j. Rules without a pre rule do not even clip it. */
static void depress(struct ref_net *net, int i, int j) {
    double *w = weight(net, i, j);
    if (net->p.rule == REF_POWERLAW || net->p.rule == REF_EXPONENTIAL) return;
    *w = clip(*w - depression(&net->p, *w, net->post1[j]), net->p.w_max);
}

/* Does what an input spike does at every neuron in the same step. */
static void deliver(struct ref_net *net, int i, bool learn) {
    for (int j = 0; j < net->n_post; j++) net->ge_exc[j] += *weight(net, i, j);
    if (!learn) return;
    raise_trace(net, &net->pre[i]);
    for (int j = 0; j < net->n_post; j++) depress(net, i, j);
}

/* Does what input spikes do at the synapses at which they arrive in this step. */
static void deliver_arrivals(struct ref_net *net, const int32_t *inputs, size_t n_inputs, bool learn) {
    unsigned char *now = net->under_way + net->step % REF_DELAYS * net->n_pre;
    for (int i = 0; i < net->n_pre; i++) now[i] = 0;
    for (size_t k = 0; k < n_inputs; k++) now[inputs[k]] = 1;
    for (int i = 0; i < net->n_pre; i++)
        for (int j = 0; j < net->n_post; j++) {
            int64_t sent = net->step - net->delay_steps[i * net->n_post + j];
            if (sent < 0 || !net->under_way[sent % REF_DELAYS * net->n_pre + i]) continue;
            net->ge_exc[j] += *weight(net, i, j);
            if (!learn) continue;
            raise_trace(net, trace_of(net, i, j));
            depress(net, i, j);
        }
}

/* Returns the change of weight w, from an input with trace pre, at the spike of a neuron with trace post2. */
static double potentiation(const struct ref_params *p, double w, double pre, double post2) {
    const double u = w / p->w_max;
    switch (p->rule) {
    case REF_TRIPLET: return p->eta_post * pre * post2;
    case REF_PAIR: return p->eta_post * pre;
    case REF_POWERLAW:
    case REF_SYMMETRIC: return p->w_max * p->eta_post * (pre - p->x_tar) * pow(1 - u, p->mu);
    case REF_EXPONENTIAL:
        return p->w_max * p->eta_post * (pre * exp(-p->beta * u) - p->x_tar * exp(-p->beta * (1 - u)));
    }
    return (double)NAN;
}

/* Applies an excitatory spike to its neuron's weights. It reads post2 before it sets post2. */
static void post_rule(struct ref_net *net, int j) {
    for (int i = 0; i < net->n_pre; i++) {
        double *w = weight(net, i, j);
        *w = clip(*w + potentiation(&net->p, *w, *trace_of(net, i, j), net->post2[j]), net->p.w_max);
    }
    raise_trace(net, &net->post1[j]);
    raise_trace(net, &net->post2[j]);
}

void ref_step(struct ref_net *net, const int32_t *inputs, size_t n_inputs, bool learn) {
    const struct ref_params *p = &net->p;

    /* 1. state */
    update_state(net, learn);

    /* 2. threshold */
    find_spikes(net);

    /* 3. synapses: excitatory neurons to their partners, or with direct inhibition to all others; inputs to
     * excitatory neurons, each followed by its rule, with delays at the arrival; inhibitory neurons to all
     * but their partners; post rule */
    for (int k = 0; k < net->n_exc_fired; k++) {
        if (p->inhibition == REF_LAYER) net->ge_inh[net->exc_fired[k]] += p->w_exc_inh;
        for (int j = 0; p->inhibition == REF_DIRECT && j < net->n_post; j++)
            if (j != net->exc_fired[k]) net->gi_exc[j] += p->w_inh_exc;
    }
    for (size_t k = 0; k < n_inputs; k++)
        assert(inputs[k] >= 0 && inputs[k] < net->n_pre && (k == 0 || inputs[k - 1] < inputs[k]));
    if (net->delay_steps)
        deliver_arrivals(net, inputs, n_inputs, learn);
    else
        for (size_t k = 0; k < n_inputs; k++) deliver(net, inputs[k], learn);
    for (int k = 0; k < net->n_inh_fired; k++)
        for (int j = 0; j < net->n_post; j++)
            if (j != net->inh_fired[k]) net->gi_exc[j] += p->w_inh_exc;
    if (learn)
        for (int k = 0; k < net->n_exc_fired; k++) post_rule(net, net->exc_fired[k]);

    /* 4. reset */
    for (int k = 0; k < net->n_exc_fired; k++) {
        net->v_exc[net->exc_fired[k]] = p->v_reset_exc_mv;
        if (learn) net->theta_mv[net->exc_fired[k]] += p->theta_plus_mv;
    }
    for (int k = 0; k < net->n_inh_fired; k++) net->v_inh[net->inh_fired[k]] = p->v_reset_inh_mv;

    net->step++;
}

static bool append(struct ref_spikes *list, int64_t step, int neuron) {
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct ref_spike *spikes = realloc(list->spikes, capacity * sizeof *spikes);
        if (!spikes) return false;
        list->spikes = spikes;
        list->capacity = capacity;
    }
    list->spikes[list->n++] = (struct ref_spike){.step = step, .neuron = neuron};
    return true;
}

bool ref_append_fired(const struct ref_net *net, struct ref_spikes *out_exc, struct ref_spikes *out_inh) {
    for (int k = 0; out_exc && k < net->n_exc_fired; k++)
        if (!append(out_exc, net->step - 1, net->exc_fired[k])) return false;
    for (int k = 0; out_inh && k < net->n_inh_fired; k++)
        if (!append(out_inh, net->step - 1, net->inh_fired[k])) return false;
    return true;
}

bool ref_present(struct ref_net *net, const struct ref_event *events, size_t n_events, int n_steps,
                 bool learn, struct ref_spikes *out_exc, struct ref_spikes *out_inh) {
    int32_t *inputs = malloc((size_t)net->n_pre * sizeof *inputs);
    if (!inputs) return false;
    bool complete = true;
    size_t k = 0;
    while (k < n_events && events[k].step < net->step) k++;
    for (int t = 0; t < n_steps && complete; t++) {
        size_t n_inputs = 0;
        for (; k < n_events && events[k].step == net->step; k++) {
            assert(n_inputs < (size_t)net->n_pre);
            inputs[n_inputs++] = events[k].input;
        }
        assert(k == n_events || events[k].step > net->step);
        ref_step(net, inputs, n_inputs, learn);
        complete = ref_append_fired(net, out_exc, out_inh);
    }
    free(inputs);
    return complete;
}

void ref_spikes_finish(struct ref_spikes *spikes) {
    if (!spikes) return;
    free(spikes->spikes);
    *spikes = (struct ref_spikes){0};
}
