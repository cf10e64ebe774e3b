/* Trains one network in plain C, presentation after presentation. plain/meson.build compiles this file once
 * for each instruction set, under another name each time. A step has the order that kernels/presentation.cl
 * states at its top. fmaf stands exactly where the kernels have fma, and contraction is off: the bits are the
 * kernels'. Compilers vectorise the loops over all neurons. All other work goes through short lists. */
#include <math.h>
#include <string.h>

#include "clsnn/abi.h"
#include "plain/plain_internal.h"

INLINE int lowest_bit(uint64_t word) {
    return __builtin_ctzll(word);
}

/* at_least and at_most return NaN for a NaN x, so that end_presentation finds the fault. */
INLINE float at_least(float x, float bound) {
    return x < bound ? bound : x;
}

INLINE float at_most(float x, float bound) {
    return x > bound ? bound : x;
}

/* Returns a / b as the kernels compute it (kernels/network/weights.cl). */
INLINE float divide(float a, float b) {
    uint32_t bits;
    float y;
    memcpy(&bits, &b, sizeof bits);
    bits = 0x7ef311c7u - bits;
    memcpy(&y, &bits, sizeof y);
    for (int step = 0; step < 4; step++) y = fmaf(y, fmaf(-b, y, 1.0f), y);
    const float q = a * y;
    return fmaf(fmaf(-b, q, a), y, q);
}

/* Rescales the columns that may have changed: the neuron fired in the last presentation or shortly before it,
 * or above_max is set. Goes row by row, so that columns which share a cache line are loaded together. */
static void normalise_changed(struct clsnn_plain *net) {
    const int n = net->n, reach = net->p.n_steps + net->p.cut_post1;
    const float w_norm = net->p.w_norm, w_max = net->p.w_max;
    int n_columns = 0;
    for (int j = 0; j < n; j++) {
        net->columns[n_columns] = (uint16_t)j;
        n_columns += 0 - net->last_exc[j] <= reach || net->above_max[j];
    }
    net->columns_rescaled += (uint64_t)n_columns;
    if (n_columns == 0) return;
    uint16_t *restrict columns = net->columns;
    float *restrict scale = net->sums + 4 * n;
    for (int k = 0; k < 4; k++) {
        float *restrict sum = net->sums + k * n;
        for (int c = 0; c < n_columns; c++) sum[c] = 0.0f;
        for (int i = k; i < net->n_pre; i += 4) {
            const float *restrict row = net->w + (size_t)i * (size_t)n;
            for (int c = 0; c < n_columns; c++) sum[c] += row[columns[c]];
        }
    }
    int n_scaled = 0;
    for (int c = 0; c < n_columns; c++) {
        const float sum = (net->sums[c] + net->sums[n + c]) + (net->sums[2 * n + c] + net->sums[3 * n + c]);
        net->above_max[columns[c]] = 0;
        if (sum < 0x1p-100f) continue; /* leaves a column of zeros as it is */
        scale[n_scaled] = w_norm > 0.0f ? divide(w_norm, sum) : 1.0f;
        columns[n_scaled++] = columns[c];
    }
    const float flush = w_norm > 0.0f ? CLSNN_W_FLUSH : 0.0f; /* w_norm 0: columns stay as they are */
    for (int i = 0; i < net->n_pre; i++) {
        float *restrict row = net->w + (size_t)i * (size_t)n;
        for (int c = 0; c < n_scaled; c++) {
            const float rescaled = row[columns[c]] * scale[c];
            row[columns[c]] = rescaled < flush ? 0.0f : rescaled;
            if (rescaled > w_max) net->above_max[columns[c]] = 1;
        }
    }
}

INLINE float integrate_inh(float v, float g, const struct clsnn_params *p) {
    return fmaf(fmaf(-p->gain_inh, g, p->leak_inh), v, p->drive_exc_inh * g);
}

INLINE int is_at_rest(float v) {
    return fabsf(v) < CLSNN_V_FLUSH;
}

INLINE float flush_conductance(float g) {
    return g < CLSNN_G_FLUSH ? 0.0f : g;
}

INLINE int must_follow_inh(const struct clsnn_plain *net, int j, int t) {
    return net->g_exc_inh[j] >= net->p.follow_g_inh || t - net->last_inh[j] < net->p.refrac_inh;
}

/* Computes the steps of inhibitory neuron j after seen_inh, up to t. The neuron was not followed in them, so
 * it was not refractory and did not fire. */
static void catch_up_inh(struct clsnn_plain *net, int j, int t) {
    float v = net->v_inh[j], g = net->g_exc_inh[j];
    int s = net->seen_inh[j] + 1;
    for (; s <= t && g != 0.0f; s++) {
        const float next = integrate_inh(v, g, &net->p);
        v = is_at_rest(next) ? 0.0f : next;
        g = flush_conductance(g * net->p.keep_g_exc);
    }
    for (; s <= t && v != 0.0f; s++) {
        v = integrate_inh(v, 0.0f, &net->p);
        if (is_at_rest(v)) v = 0.0f;
    }
    net->v_inh[j] = v;
    net->g_exc_inh[j] = g;
    net->seen_inh[j] = t;
}

/* Computes step t of every followed inhibitory neuron, and drops neurons that no longer need it. */
static void step_followed(struct clsnn_plain *net, struct clsnn_plain_work *s, int t) {
    for (int h = 0; h < s->n_followed;) {
        const int j = net->followed[h];
        if (!must_follow_inh(net, j, t)) {
            net->followed[h] = net->followed[--s->n_followed];
            continue;
        }
        const float g = net->g_exc_inh[j];
        float v = net->v_inh[j];
        if (t - net->last_inh[j] >= net->p.refrac_inh) {
            v = integrate_inh(v, g, &net->p);
            if (is_at_rest(v)) v = 0.0f;
            if (v > net->p.thresh_inh) {
                net->fired_inh[j / 32] |= 1u << (j % 32);
                s->n_inh++;
                net->last_inh[j] = t;
                v = net->p.reset_inh;
            }
        }
        net->v_inh[j] = v;
        net->g_exc_inh[j] = flush_conductance(g * net->p.keep_g_exc);
        net->seen_inh[j] = t;
        h++;
    }
}

static void excite_partner(struct clsnn_plain *net, struct clsnn_plain_work *s, int j, int t) {
    catch_up_inh(net, j, t);
    net->g_exc_inh[j] += net->p.w_exc_inh;
    for (int h = 0; h < s->n_followed; h++) {
        if (net->followed[h] == j) return;
    }
    net->followed[s->n_followed++] = (uint16_t)j;
}

/* Adds w_inh_exc to every g_inh for each spike in fired_inh but the neuron's own. Clears fired_inh. */
static void inhibit(struct clsnn_plain *net, int n_inh) {
    const int n = WHOLE_ROWS(net->n);
    const float w = net->p.w_inh_exc;
    float *restrict g_inh = ALIGNED(net->g_inh);
    const uint32_t *restrict fired = net->fired_inh;
    for (int k = 0; k < n; k += 16) {
        const uint32_t half = fired[k / 32] >> (k % 32);
        for (int b = 0; b < 16; b++)
            g_inh[k + b] = fmaf(w, (float)(n_inh - (int)(half >> b & 1u)), g_inh[k + b]);
    }
    for (int word = 0; word < (n + 31) / 32; word++) net->fired_inh[word] = 0u;
}

/* Computes one step of every membrane and conductance. below: some v may lie below the inhibitory reversal
 * potential, and such a v falls no further. Returns whether some v is above its lowest threshold in this
 * presentation. */
INLINE int advance_exc(struct clsnn_plain *net, int below) {
    const int n = WHOLE_ROWS(net->n);
    const float gain = net->p.gain_exc, leak = net->p.leak_exc, drive_exc = net->p.drive_exc,
                drive_inh = net->p.drive_inh;
    const float reversal = net->p.floor_exc, keep_exc = net->p.keep_g_exc, keep_inh = net->p.keep_g_inh;
    float *restrict v_exc = ALIGNED(net->v_exc), *restrict g_exc = ALIGNED(net->g_exc),
                    *restrict g_inh = ALIGNED(net->g_inh);
    const float *restrict threshold = ALIGNED(net->threshold);
    int above = 0;
    for (int k = 0; k < n; k++) {
        const float v = v_exc[k], ge = g_exc[k], gi = g_inh[k];
        const float keep = fmaf(-gain, gi, fmaf(-gain, ge, leak));
        const float next = fmaf(keep, v, fmaf(drive_exc, ge, drive_inh * gi));
        const float kept = at_least(next, below && v < reversal ? v : reversal);
        v_exc[k] = kept;
        g_exc[k] = ge * keep_exc;
        g_inh[k] = gi * keep_inh;
        above |= kept > threshold[k];
    }
    return above;
}

/* Holds v at reset where a neuron fired less than hold_exc steps ago. */
static void hold_exc(struct clsnn_plain *net, int t) {
    for (int j = 0; j < net->n; j++)
        if (t - net->last_exc[j] < net->p.hold_exc) net->v_exc[j] = net->p.reset_exc;
}

INLINE float threshold_exc(const struct clsnn_plain *net, int j, float decay_t) {
    return fmaf(net->theta[j], decay_t, net->p.thresh_exc);
}

static void find_spikes(struct clsnn_plain *net, struct clsnn_plain_work *s, int t) {
    for (int j = 0; j < net->n; j++) {
        if (net->v_exc[j] > net->threshold[j] &&
            net->v_exc[j] > threshold_exc(net, j, net->tables->decay[t]) &&
            t - net->last_exc[j] >= net->p.refrac_exc) {
            s->exc[s->n_exc++] = (uint16_t)j;
        }
    }
}

static void set_threshold(struct clsnn_plain *net, int j, int t) {
    const float now = threshold_exc(net, j, net->tables->decay[t]),
                last = threshold_exc(net, j, net->tables->decay[net->p.n_steps - 1]);
    net->threshold[j] = last < now ? last : now;
}

static void flush_exc(struct clsnn_plain *net) {
    const int n = WHOLE_ROWS(net->n);
    float *restrict g_exc = ALIGNED(net->g_exc), *restrict g_inh = ALIGNED(net->g_inh);
    for (int k = 0; k < n; k++) {
        g_exc[k] = flush_conductance(g_exc[k]);
        g_inh[k] = flush_conductance(g_inh[k]);
    }
}

/* Returns whether only the leak is left to compute from step t on: no conductance, no v that is held or can
 * reach a threshold. */
static int is_quiet(const struct clsnn_plain *net, int t) {
    const int n = WHOLE_ROWS(net->n);
    const float *restrict g_exc = ALIGNED(net->g_exc), *restrict g_inh = ALIGNED(net->g_inh),
                          *restrict v_exc = ALIGNED(net->v_exc);
    const float *restrict threshold = ALIGNED(net->threshold);
    int busy = 0;
    for (int k = 0; k < n; k++)
        busy |= (g_exc[k] != 0.0f) | (g_inh[k] != 0.0f) | (threshold[k] < 0.0f) | !(v_exc[k] <= threshold[k]);
    for (int k = 0; k < n; k++) busy |= t - net->last_exc[k] < net->p.hold_exc;
    return !busy;
}

/* Computes n_steps of the leak alone. AT_ONCE neurons at a time hide the latency of the multiplication. */
static void relax_exc(struct clsnn_plain *net, int n_steps) {
    enum { AT_ONCE = 128 };
    const float leak = net->p.leak_exc;
    for (int k = 0; k < net->n; k += AT_ONCE) {
        float v[AT_ONCE] = {0};
        const int m = net->n - k < AT_ONCE ? net->n - k : AT_ONCE;
        for (int b = 0; b < m; b++) v[b] = net->v_exc[k + b];
        for (int s = 0; s < n_steps; s++) {
            for (int b = 0; b < AT_ONCE; b++) v[b] = fmaf(leak, v[b], 0.0f);
        }
        for (int b = 0; b < m; b++) net->v_exc[k + b] = v[b];
    }
}

/* Lists the inputs that spike in step t in s->events, increasing. Returns their number. */
static int list_events(const struct clsnn_plain *net, struct clsnn_plain_work *s, int t) {
    const int n_bundles = (s->n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    int n = 0;
    for (int g = 0; g < n_bundles; g += 2) {
        uint64_t rest = net->spikes[g * CLSNN_MAX_ON + t];
        if (g + 1 < n_bundles) rest |= (uint64_t)net->spikes[(g + 1) * CLSNN_MAX_ON + t] << 32;
        for (; rest != 0u; rest &= rest - 1u) s->events[n++] = s->active[g * CLSNN_BUNDLE + lowest_bit(rest)];
    }
    return n;
}

INLINE const float *row_of(const struct clsnn_plain *net, int i) {
    return ALIGNED(net->w + (size_t)i * (size_t)net->n);
}

/* Adds the weights of the inputs in events to g_exc, in order. Four rows a pass save loads and stores. */
static void deliver_inputs(struct clsnn_plain *net, const uint16_t *events, int n_events) {
    const int n = WHOLE_ROWS(net->n);
    float *restrict g = ALIGNED(net->g_exc);
    int e = 0;
    for (; e + 4 <= n_events; e += 4) {
        const float *restrict w0 = row_of(net, events[e]), *restrict w1 = row_of(net, events[e + 1]);
        const float *restrict w2 = row_of(net, events[e + 2]), *restrict w3 = row_of(net, events[e + 3]);
        for (int k = 0; k < n; k++) g[k] = (((g[k] + w0[k]) + w1[k]) + w2[k]) + w3[k];
    }
    if (n_events - e == 3) {
        const float *restrict w0 = row_of(net, events[e]), *restrict w1 = row_of(net, events[e + 1]),
                              *restrict w2 = row_of(net, events[e + 2]);
        for (int k = 0; k < n; k++) g[k] = ((g[k] + w0[k]) + w1[k]) + w2[k];
    } else if (n_events - e == 2) {
        const float *restrict w0 = row_of(net, events[e]), *restrict w1 = row_of(net, events[e + 1]);
        for (int k = 0; k < n; k++) g[k] = (g[k] + w0[k]) + w1[k];
    } else if (n_events - e == 1) {
        const float *restrict w0 = row_of(net, events[e]);
        for (int k = 0; k < n; k++) g[k] += w0[k];
    }
}

INLINE float trace(const float *table, int k, int cut) {
    return k < cut ? table[k] : 0.0f;
}

/* The rules that change weights at an input spike, and those that change weights of silent inputs. */
INLINE int has_pre_rule(const struct clsnn_plain *net) {
    return net->laws.rule != CLSNN_RULE_POWERLAW && net->laws.rule != CLSNN_RULE_EXPONENTIAL;
}

INLINE int changes_silent(const struct clsnn_plain *net) {
    return net->laws.rule >= CLSNN_RULE_POWERLAW;
}

INLINE int adds_up(const struct clsnn_plain *net) {
    return net->laws.pairing == CLSNN_PAIRING_ALL;
}

INLINE int has_delays(const struct clsnn_plain *net) {
    return net->laws.delay_max > 0;
}

/* Returns whether an input spike at step t may change neuron j's weights. */
INLINE int is_traced(const struct clsnn_plain *net, int j, int t) {
    if (!has_pre_rule(net)) return 0;
    return t - net->last_exc[j] < net->p.cut_post1 || net->above_max[j];
}

/* Returns base^mu. */
INLINE float power(float base, int mu) {
    float y = mu > 0 ? base : 1.0f;
    for (int k = 1; k < mu; k++) y *= base;
    return y;
}

/* Returns exp(x) as the kernels compute it (kernels/laws/stdp.cl). */
INLINE float exponential(float x) {
    const float bounded = x < -80.0f ? -80.0f : x > 80.0f ? 80.0f : x;
    const float shifted = fmaf(bounded, 0x1.715476p+0f, 0x1.8p+23f), n = shifted - 0x1.8p+23f;
    const float r = fmaf(n, -0x1.7f7d1cp-20f, fmaf(n, -0x1.62e4p-1f, bounded));
    static const float coefficients[] = {
        0x1.a01a02p-13f, 0x1.6c16c2p-10f, 0x1.111112p-7f, 0x1.555556p-5f, 0x1.555556p-3f, 0.5f, 1.0f, 1.0f};
    float y = coefficients[0], scale;
    uint32_t bits;
    for (size_t k = 1; k < sizeof coefficients / sizeof *coefficients; k++) y = fmaf(y, r, coefficients[k]);
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    memcpy(&scale, &bits, sizeof scale);
    return y * scale;
}

INLINE float raised(float trace_then, float decay) {
    return fmaf(trace_then, decay, 1.0f);
}

/* Applies the pre rule at step t to the weights of the inputs in s->events; with delays only to those whose
 * delay is `age`. */
static void apply_pre_rule(struct clsnn_plain *net, struct clsnn_plain_work *s, int t, int n_events,
                           int age) {
    const int n = net->n;
    const float w_max = net->p.w_max, per_w_max = net->p.per_w_max;
    const int symmetric = net->laws.rule == CLSNN_RULE_SYMMETRIC;
    for (int r = 0; r < s->n_traced;) {
        const int j = net->traced[r];
        if (!is_traced(net, j, t)) {
            net->traced[r] = net->traced[--s->n_traced];
            continue;
        }
        float depress = trace(net->tables->depress, t - net->last_exc[j], net->p.cut_post1);
        if (adds_up(net)) depress = net->p.eta_pre * (net->y_post[j] * depress);
        float *column = net->w + j;
        for (int e = 0; e < n_events; e++) {
            float *w = column + s->events[e] * n;
            if (has_delays(net) && net->delays[s->events[e] * n + j] != age) continue;
            const float lower =
                symmetric ? fmaf(-depress, power(*w * per_w_max, net->p.mu), *w) : *w - depress;
            *w = at_most(at_least(lower, 0.0f), w_max);
        }
        r++;
    }
    for (int e = 0; e < n_events && !has_delays(net); e++) {
        const int i = s->events[e];
        if (adds_up(net))
            net->x_pre[i] =
                raised(net->x_pre[i], trace(net->tables->pre, t - net->last_pre[i], net->p.cut_pre));
        net->last_pre[i] = t;
    }
}

/* Returns whether input i spikes at step t, by the masks of the presentation. rank: its place in s->active.
 * */
INLINE int has_spiked(const struct clsnn_plain *net, int rank, int t) {
    return net->spikes[rank / CLSNN_BUNDLE * CLSNN_MAX_ON + t] >> rank % CLSNN_BUNDLE & 1;
}

/* Returns the trace of input i at step t of the presentation, from the trace at its start and all its spikes
 * since: what a synapse sees a delay later. */
static float traced_until(const struct clsnn_plain *net, const struct clsnn_plain_work *s, int i, int t) {
    int rank = 0, last = net->last_before[i], step;
    float x = adds_up(net) ? net->x_pre[i] : 1.0f;
    while (rank < s->n_active && s->active[rank] != i) rank++;
    for (step = adds_up(net) ? 0 : t; rank < s->n_active && step >= 0 && step <= t;
         step += adds_up(net) ? 1 : -1) {
        if (step >= net->p.n_on || !has_spiked(net, rank, step)) continue;
        if (adds_up(net)) x = raised(x, trace(net->tables->pre, step - last, net->p.cut_pre));
        last = step;
        if (!adds_up(net)) break;
    }
    const float decay = trace(net->tables->pre, t - last, net->p.cut_pre);
    return adds_up(net) ? x * decay : decay;
}

/* Returns x_pre of the synapse from input i onto neuron j at step t. */
INLINE float x_pre_onto(const struct clsnn_plain *net, const struct clsnn_plain_work *s, int i, int j,
                        int t) {
    if (has_delays(net)) return traced_until(net, s, i, t - net->delays[i * net->n + j]);
    const float x = trace(net->tables->pre, t - net->last_pre[i], net->p.cut_pre);
    return adds_up(net) ? net->x_pre[i] * x : x;
}

/* Adds to g_exc what arrives in step t, and applies the pre rule to it: a delay after the spikes of the steps
 * before, in their order. The kernels add at the spike; here every spike under way is compared. */
static void deliver_arrivals(struct clsnn_plain *net, struct clsnn_plain_work *s, int t) {
    const int n = WHOLE_ROWS(net->n), first = t - net->laws.delay_max;
    float *restrict sum = ALIGNED(net->arriving), *restrict g = ALIGNED(net->g_exc);
    for (int k = 0; k < n; k++) sum[k] = 0.0f;
    for (int step = first > 0 ? first : 0; step <= t && step < net->p.n_on; step++) {
        const int n_events = list_events(net, s, step), age = t - step;
        for (int e = 0; e < n_events; e++) {
            const float *restrict w = row_of(net, s->events[e]);
            const uint8_t *restrict delay = net->delays + (size_t)s->events[e] * (size_t)n;
            for (int k = 0; k < n; k++) sum[k] += delay[k] == age ? w[k] : 0.0f;
        }
    }
    for (int k = 0; k < n; k++) g[k] += sum[k];
    for (int step = first > 0 ? first : 0; step <= t && step < net->p.n_on; step++)
        apply_pre_rule(net, s, t, list_events(net, s, step), t - step);
    if (t >= net->p.n_on) return;
    const int n_events = list_events(net, s, t);
    for (int e = 0; e < n_events; e++) net->last_pre[s->events[e]] = t;
}

/* Begins or ends the traces of a presentation with delays. */
static void turn_traces(struct clsnn_plain *net, const struct clsnn_plain_work *s, int ends) {
    for (int i = 0; has_delays(net) && i < net->n_pre; i++) {
        if (ends && adds_up(net)) net->x_pre[i] = traced_until(net, s, i, net->last_pre[i]);
        if (!ends) net->last_before[i] = net->last_pre[i];
    }
}

/* Applies the post rule of neuron j to all its weights, for rules that change weights of silent inputs. */
static void potentiate_column(struct clsnn_plain *net, const struct clsnn_plain_work *s, int j, int t) {
    const struct clsnn_params *p = &net->p;
    for (int i = 0; i < net->n_pre; i++) {
        float *w = net->w + (size_t)i * (size_t)net->n + j;
        const float pre = x_pre_onto(net, s, i, j, t), u = *w * p->per_w_max, rest = 1.0f - u;
        float change;
        if (net->laws.rule == CLSNN_RULE_EXPONENTIAL) {
            const float target = p->x_tar * exponential(-p->beta * rest);
            change = fmaf(pre, exponential(-p->beta * u), -target);
        } else {
            change = (pre - p->x_tar) * power(rest, p->mu);
        }
        *w = at_most(at_least(fmaf(p->eta_post, change, *w), 0.0f), p->w_max);
    }
}

INLINE void potentiate_synapse(struct clsnn_plain *net, const struct clsnn_plain_work *s, int i, int j, int t,
                               float potentiate) {
    const float pre = x_pre_onto(net, s, i, j, t);
    float *w = net->w + (size_t)i * (size_t)net->n + j;
    *w = at_most(at_least(fmaf(pre, potentiate, *w), 0.0f), net->p.w_max);
}

static void apply_post_rule(struct clsnn_plain *net, const struct clsnn_plain_work *s, int j, int t) {
    if (changes_silent(net)) {
        potentiate_column(net, s, j, t);
        return;
    }
    float potentiate = trace(net->tables->potentiate, t - net->last_exc[j], net->p.cut_post2);
    if (adds_up(net)) potentiate = net->p.eta_post * (net->y2_post[j] * potentiate);
    if (net->laws.rule == CLSNN_RULE_PAIR) potentiate = net->p.eta_post;
    if (net->above_max[j]) {
        for (int i = 0; i < net->n_pre; i++) potentiate_synapse(net, s, i, j, t, potentiate);
    } else if (potentiate != 0.0f) {
        for (int c = 0; c < s->n_potentiable; c++) {
            const int i = s->potentiable[c];
            if (t - net->last_pre[i] < net->p.cut_pre + net->laws.delay_max)
                potentiate_synapse(net, s, i, j, t, potentiate);
        }
    }
}

static void reset_exc(struct clsnn_plain *net, struct clsnn_plain_work *s, int j, int t) {
    int r = 0;
    net->v_exc[j] = net->p.reset_exc;
    net->theta[j] += net->tables->theta_plus[t];
    set_threshold(net, j, t);
    if (t < net->p.n_on) net->counts[j]++;
    while (r < s->n_traced && net->traced[r] != j) r++;
    if (has_pre_rule(net) && r == s->n_traced) net->traced[s->n_traced++] = (uint16_t)j;
    if (adds_up(net)) {
        const int since = t - net->last_exc[j];
        net->y_post[j] = raised(net->y_post[j], trace(net->tables->depress, since, net->p.cut_post1));
        net->y2_post[j] = raised(net->y2_post[j], trace(net->tables->potentiate, since, net->p.cut_post2));
    }
    net->last_exc[j] = t;
}

/* Sets thresholds, clears counts, and fills the lists from the state that the presentation before has left.
 * Returns whether some v_exc lies below the inhibitory reversal potential. */
static int begin_presentation(struct clsnn_plain *net, struct clsnn_plain_work *s) {
    int below = 0;
    s->n_potentiable = s->n_traced = s->n_followed = s->n_exc = s->n_inh = 0;
    for (int j = 0; j < net->n; j++) {
        set_threshold(net, j, 0);
        net->counts[j] = 0;
        below |= net->v_exc[j] < net->p.floor_exc;
        if (is_traced(net, j, 0)) net->traced[s->n_traced++] = (uint16_t)j;
        if (must_follow_inh(net, j, 0)) net->followed[s->n_followed++] = (uint16_t)j;
    }
    for (int i = 0, a = 0; i < net->n_pre; i++) {
        const int has_ink = a < s->n_active && s->active[a] == i;
        if (has_ink || 0 - net->last_pre[i] < net->p.cut_pre + net->laws.delay_max)
            s->potentiable[s->n_potentiable++] = (uint16_t)i;
        a += has_ink;
    }
    return below;
}

/* Computes all steps of one presentation. Returns the number of excitatory spikes while input was on. */
static uint32_t present(struct clsnn_plain *net, struct clsnn_plain_work *s) {
    const int n_steps = net->p.n_steps, n_on = net->p.n_on;
    const int below = begin_presentation(net, s);
    uint32_t n_spikes = 0u;
    for (int t = 0; t < n_steps; t++) {
        if (t % CLSNN_FLUSH_STEPS == 0) {
            flush_exc(net);
            if (t >= n_on + net->laws.delay_max && s->n_followed == 0 && is_quiet(net, t)) {
                relax_exc(net, n_steps - t);
                break;
            }
        }
        /* 1, 2: state and threshold */
        const int above = below ? advance_exc(net, 1) : advance_exc(net, 0);
        if (net->p.hold_exc > 0) hold_exc(net, t);
        if (above) find_spikes(net, s, t);
        if (s->n_followed != 0) step_followed(net, s, t);
        /* 3: synapses */
        for (int k = 0; k < s->n_exc; k++) {
            const int j = s->exc[k];
            if (net->laws.inhibition == CLSNN_INHIBITION_DIRECT) {
                net->fired_inh[j / 32] |= 1u << (j % 32);
                s->n_inh++;
            } else {
                excite_partner(net, s, j, t);
            }
        }
        const int n_events = t < n_on ? list_events(net, s, t) : 0;
        net->input_spikes += (uint64_t)n_events;
        if (has_delays(net)) {
            if (t < n_on + net->laws.delay_max) deliver_arrivals(net, s, t);
        } else if (n_events != 0) {
            deliver_inputs(net, s->events, n_events);
            apply_pre_rule(net, s, t, n_events, 0);
        }
        if (s->n_inh != 0) inhibit(net, s->n_inh);
        if (s->n_exc != 0) {
            if (t < n_on) n_spikes += (uint32_t)s->n_exc;
            for (int k = 0; k < s->n_exc; k++) apply_post_rule(net, s, s->exc[k], t);
            /* 4: reset; step_followed has already reset the inhibitory neurons */
            for (int k = 0; k < s->n_exc; k++) reset_exc(net, s, s->exc[k], t);
        }
        s->n_exc = s->n_inh = 0;
    }
    return n_spikes;
}

INLINE int32_t saturate(int32_t step) {
    return step < CLSNN_NEVER ? CLSNN_NEVER : step;
}

/* Flushes v_exc, decays theta, and makes all steps count from the next presentation's start. Returns the
 * first neuron with a potential beyond CLSNN_V_LIMIT, or n. */
static int end_presentation(struct clsnn_plain *net) {
    const int n_steps = net->p.n_steps;
    const float decay = n_steps > 0 ? net->tables->decay[n_steps - 1] : 1.0f;
    int fault = net->n;
    for (int j = 0; j < net->n; j++) {
        const float v = net->v_exc[j];
        if (!(fabsf(v) < CLSNN_V_LIMIT && fabsf(net->v_inh[j]) < CLSNN_V_LIMIT) && j < fault) fault = j;
        net->v_exc[j] = fabsf(v) < CLSNN_V_FLUSH ? 0.0f : v;
        net->theta[j] *= decay;
        if (net->seen_inh[j] < CLSNN_NEVER / 2) catch_up_inh(net, j, n_steps - 1);
        net->seen_inh[j] -= n_steps;
        net->last_inh[j] = saturate(net->last_inh[j] - n_steps);
        net->last_exc[j] = saturate(net->last_exc[j] - n_steps);
    }
    for (int i = 0; i < net->n_pre; i++) net->last_pre[i] = saturate(net->last_pre[i] - n_steps);
    return fault;
}

void PLAIN_NAME(clsnn_plain_run)(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                                 uint32_t stop) {
    struct clsnn_plain_work s = {.n_active = 0};
    struct clsnn_progress now = net->progress;
    uint64_t n_spikes_all = 0;
    now.presentations = now.given_up = 0u;
    while (now.presentations < n_presentations && now.position < stop && now.fault_neuron < 0) {
        const uint32_t wanted =
            (uint32_t)net->p.intensity_start + now.attempt * (uint32_t)net->p.intensity_step;
        const uint32_t most = (uint32_t)net->p.intensity_max, intensity = wanted < most ? wanted : most;
        normalise_changed(net);
        PLAIN_NAME(clsnn_plain_encode)
        (net, &s, pixels + (size_t)now.position * (size_t)net->n_pre, intensity, now.position,
         now.epoch | now.attempt << 20);
        turn_traces(net, &s, 0);
        const uint32_t n_spikes = present(net, &s);
        turn_traces(net, &s, 1);
        const int fault = end_presentation(net);
        if (fault < net->n) now.fault_neuron = fault;
        now.presentations++;

        const int enough = n_spikes >= (uint32_t)net->p.min_spikes;
        if (!enough && intensity < most && now.attempt + 1u < CLSNN_MAX_ATTEMPT) {
            now.attempt++;
            continue;
        }
        n_spikes_all += n_spikes;
        now.given_up += enough ? 0u : 1u;
        now.attempt = 0u;
        now.position++;
    }
    now.spikes_lo = (uint32_t)n_spikes_all;
    now.spikes_hi = (uint32_t)(n_spikes_all >> 32);
    net->progress = now;
}
