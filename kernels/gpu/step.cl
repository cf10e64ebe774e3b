/* The parts of single steps, for work-groups of many (a GPU). A work-item owns CLSNN_BLOCKS blocks of four
 * neurons. It keeps their state, and that of their inhibitory partners, in registers for a whole
 * presentation. The next input spikes are known, so their weights are loaded early. At the presentation's end
 * memory holds what it would hold on a CPU. */
#if CLSNN_WG > 1

#ifndef CLSNN_BLOCKS
#error "CLSNN_BLOCKS, the blocks of a work-item, is set by program.c"
#endif
/* Loops over own blocks are unrolled where they are few: compilers keep only such arrays in registers. */
#if CLSNN_BLOCKS <= 4
#define FOR_BLOCKS(b) _Pragma("unroll") for (int b = 0; b < CLSNN_BLOCKS; b++)
#else
#define FOR_BLOCKS(b) for (int b = 0; b < CLSNN_BLOCKS; b++)
#endif
/* Fours of input spikes whose weights are loaded ahead, as registers allow. */
#if CLSNN_BLOCKS == 1
#define AHEAD 3
#elif CLSNN_BLOCKS == 2
#define AHEAD 2
#else
#define AHEAD 1
#endif

/* Most fours of input spikes in a stretch. One step has at most a quarter of the inputs. */
#define FOURS    (CLSNN_N_PRE <= 4 * 288 ? 288 : (CLSNN_N_PRE + 3) / 4)
#define STORED   4     /* weights of the post rule that a work-item loads at once */
#define NO_INPUT 65535 /* pads a step's input spikes to fours */
#define FOREVER  INT_MAX
/* Steps after a spike in which input spikes take the way of the pre rule: while y_post lasts, and for a
 * stretch more, which delivers weights that were loaded before the rule changed them. */
#define TRACED_STEPS(p) (HAS_DELAYS ? TRACED_AFTER(p) : (p).cut_post1 + (AHEAD > 1 ? CLSNN_FLUSH_STEPS : 0))

/* Steps from .. until - 1 and their input spikes: at most CLSNN_FLUSH_STEPS steps, as far as there is
 * room. */
struct stretch {
    int from, until;
    /* [AHEAD - 1 + FOURS] inputs, by step, then increasing; the first AHEAD - 1 fours are NO_INPUT */
    __local ushort4 *fours;
    __local ushort *first; /* [CLSNN_FLUSH_STEPS + 1] a step's first four */
};

/* The state of the own blocks in registers; [b] is block b. */
struct own {
    int k[CLSNN_BLOCKS]; /* first neuron; -1: beyond the last neuron, computes idly */
    real v[CLSNN_BLOCKS], g_exc[CLSNN_BLOCKS], g_inh[CLSNN_BLOCKS];
    real threshold[CLSNN_BLOCKS];                      /* the lowest until this presentation ends */
    real v_inh[CLSNN_BLOCKS], g_exc_inh[CLSNN_BLOCKS]; /* inhibitory partners, always up to date */
    flags last_exc[CLSNN_BLOCKS], last_inh[CLSNN_BLOCKS];
    int traced_until[CLSNN_BLOCKS]; /* from this step on no weight needs the pre rule, nor is loaded again */
    int is_busy[CLSNN_BLOCKS];      /* 0: all partners are at rest */
};

/* Weights of AHEAD fours of input spikes, which take turns. */
struct ahead {
    real w[AHEAD][4][CLSNN_BLOCKS];
};

#define PICK(x, q) ((q) == 0 ? (x).s0 : (q) == 1 ? (x).s1 : (q) == 2 ? (x).s2 : (x).s3)
/* Sets one component of a vector in registers. */
#define REPLACE(x, q, y)                                                                                     \
    ((q) == 0   ? (void)((x).s0 = (y))                                                                       \
     : (q) == 1 ? (void)((x).s1 = (y))                                                                       \
     : (q) == 2 ? (void)((x).s2 = (y))                                                                       \
                : (void)((x).s3 = (y)))

INLINE float largest(real x) {
    return fmax(fmax(x.s0, x.s1), fmax(x.s2, x.s3));
}

INLINE float smallest(real x) {
    return fmin(fmin(x.s0, x.s1), fmin(x.s2, x.s3));
}

/* Returns the number of fours before step t. input.pending holds these sums while steps are computed. */
INLINE int fours_before(struct encoding input, int n_on, int t) {
    return t == 0 ? 0 : (int)input.pending[min(t, n_on) - 1];
}

/* Fills the sums for fours_before, which may be called after the next barrier. Uniform. */
INLINE void count_fours(struct encoding input, int n_bundles, int n_on) {
    const int share = (n_on + CLSNN_WG - 1) / CLSNN_WG, first = LID * share;
    int n_all, n = 0;
    for (int t = first; t < first + share; t++) {
        int n_spikes = 0;
        if (t >= n_on) break;
        for (int g = 0; g < n_bundles; g++) n_spikes += (int)popcount(input.spikes[g * CLSNN_MAX_ON + t]);
        n += (n_spikes + 3) / 4;
        input.pending[t] = (uint)n;
    }
    n = sum_before(input.counts, n, &n_all);
    for (int t = first; t < first + share; t++) {
        if (t < n_on) input.pending[t] += (uint)n;
    }
}

/* Lists the input spikes from step t on. x gives the memory. The list may be read after the next barrier. All
 * work-items call it. */
INLINE struct stretch list_inputs(struct stretch x, struct encoding input, int n_active, int t, int n_on,
                                  int end_step) {
    const int n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    const int n_before = fours_before(input, n_on, t);
    x.from = t;
    x.until = min((t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS, end_step);
    while (fours_before(input, n_on, x.until) - n_before > FOURS) x.until--;
    const int n_steps = min(x.until, n_on) - t; /* with input */
    FOR_OWN (s, x.until - t + 1) x.first[s] = (ushort)(fours_before(input, n_on, t + s) - n_before);
    FOR_OWN (x_s, CLSNN_FLUSH_STEPS * n_bundles) { /* one step of one bundle each */
        const int g = x_s / CLSNN_FLUSH_STEPS, s = x_s - g * CLSNN_FLUSH_STEPS;
        __local ushort *inputs = (__local ushort *)(x.fours + AHEAD - 1);
        uint rest = 0u;
        int at = 0;
        if (s < n_steps) {
            at = 4 * (fours_before(input, n_on, t + s) - n_before);
            rest = input.spikes[g * CLSNN_MAX_ON + t + s];
#pragma unroll 4
            for (int other = 0; other < g; other++)
                at += (int)popcount(input.spikes[other * CLSNN_MAX_ON + t + s]);
        }
        for (; rest != 0u; rest &= rest - 1u)
            inputs[at++] = input.active[g * CLSNN_BUNDLE + lowest_bit(rest)];
        if (g == n_bundles - 1) {
            for (; at % 4 != 0; at++) inputs[at] = NO_INPUT;
        }
    }
    return x;
}

/* Loads the weights of four number f of n from memory. */
INLINE void fetch_four(struct network net, const struct own *x, struct stretch from, int f, int n,
                       real w[4][CLSNN_BLOCKS]) {
    if (f >= n) return;
    const ushort4 four = from.fours[AHEAD - 1 + f];
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int i = PICK(four, q);
        FOR_BLOCKS(b) {
            const int k = x->k[b];
            w[q][b] = i < CLSNN_N_PRE && k >= 0 ? LOAD(net.w, i * ROW_LENGTH(net) + k) : (real)(0.0f);
        }
    }
}

/* Returns eta_pre * y_post of the block's neurons from k on at step t. */
INLINE real depression(struct network net, int k, __local const float *depress, flags last_exc, int t) {
    const flags since = t - last_exc;
    const int cut = net.p.cut_post1;
    const real y =
        (real)(since.s0 < cut ? depress[since.s0] : 0.0f, since.s1 < cut ? depress[since.s1] : 0.0f,
               since.s2 < cut ? depress[since.s2] : 0.0f, since.s3 < cut ? depress[since.s3] : 0.0f);
    return ADDS_UP ? net.p.eta_pre * (LOAD(net.y_post, k) * y) : y;
}

/* Part 3 of the four input spikes f of step t: adds their weights, then applies the pre rule. A weight may be
 * older than the pre rule of an earlier spike of the same input, in the AHEAD - 1 fours before. Then it is
 * loaded again. For a neuron that is
 * not traced the rule changes nothing: its depression is 0, and its weights are in [0, w_max]. */
INLINE void deliver_four(struct network net, struct own *x, struct stretch from, int f, int t,
                         __local const float *depress, real w[4][CLSNN_BLOCKS], const int learn) {
    FOR_BLOCKS(b) {
        if (learn && HAS_PRE_RULE && t < x->traced_until[b]) {
            const real d = depression(net, x->k[b], depress, x->last_exc[b], t);
            const ushort4 four = from.fours[AHEAD - 1 + f];
#pragma unroll
            for (int q = 0; q < 4; q++) {
                const int i = PICK(four, q);
                if (i >= CLSNN_N_PRE) continue;
                int again = 0;
#pragma unroll
                for (int r = 1; r < AHEAD; r++) {
                    const ushort4 before = from.fours[AHEAD - 1 + f - r];
                    again |= before.s0 == i || before.s1 == i || before.s2 == i || before.s3 == i;
                }
                if (again) w[q][b] = LOAD(net.w, i * ROW_LENGTH(net) + x->k[b]);
                STORE(depress_weights(w[q][b], d, net.p), net.w, i * ROW_LENGTH(net) + x->k[b]);
            }
        }
        x->g_exc[b] = (((x->g_exc[b] + w[0][b]) + w[1][b]) + w[2][b]) + w[3][b];
    }
}

#if HAS_DELAYS
/* Adds the weights of fours first .. end - 1 of step t to the sums of the steps in which they arrive. */
INLINE void send_fours(struct network net, const struct own *x, struct stretch from, int first, int end,
                       int t) {
    __local const ushort *inputs = (__local const ushort *)(from.fours + AHEAD - 1);
    for (int e = 4 * first; e < 4 * end; e++) {
        const int i = inputs[e];
        if (i >= CLSNN_N_PRE) continue;
        FOR_BLOCKS(b) {
            const int k = x->k[b];
            if (k < 0) continue;
            const real w = LOAD(net.w, i * ROW_LENGTH(net) + k);
            const uchar4 delay = *(__global const uchar4 *)(net.delays + i * ROW_LENGTH(net) + k);
            arrivals_at(net, t, delay.s0)[k] += w.s0;
            arrivals_at(net, t, delay.s1)[k + 1] += w.s1;
            arrivals_at(net, t, delay.s2)[k + 2] += w.s2;
            arrivals_at(net, t, delay.s3)[k + 3] += w.s3;
        }
    }
}

/* Returns the sums of the weights that arrive at a traced block in step t, and applies the pre rule to them.
 * Weights outside the arrivals stay as they are. */
INLINE real receive_traced(struct network net, struct encoding input, int n_bundles, int k, flags last_exc,
                           int t, __local const float *depress) {
    const real d = HAS_PRE_RULE ? depression(net, k, depress, last_exc, t) : (real)(0.0f);
    real sum = (real)(0.0f);
    for (int s = max(t - CLSNN_DELAY, 0); s <= min(t, net.p.n_on - 1); s++) {
        for (int g = 0; g < n_bundles; g++) {
            for (uint rest = input.spikes[g * CLSNN_MAX_ON + s]; rest != 0u; rest &= rest - 1u) {
                const int at = input.active[g * CLSNN_BUNDLE + lowest_bit(rest)] * ROW_LENGTH(net) + k;
                const flags arrives = convert_int4(*(__global const uchar4 *)(net.delays + at)) == t - s;
                if (!any_of(arrives)) continue;
                const real w = LOAD(net.w, at);
                sum = arrives != 0 ? sum + w : sum;
                if (HAS_PRE_RULE) STORE(arrives != 0 ? depress_weights(w, d, net.p) : w, net.w, at);
            }
        }
    }
    return sum;
}

/* Adds what arrives at the own blocks in step t to g_exc. */
INLINE void receive(struct network net, struct own *x, struct encoding input, int n_bundles, int t,
                    __local const float *depress, const int learn) {
    FOR_BLOCKS(b) {
        const int k = x->k[b];
        if (k < 0) continue;
        x->g_exc[b] += learn && t < x->traced_until[b]
                           ? receive_traced(net, input, n_bundles, k, x->last_exc[b], t, depress)
                           : LOAD(arrivals_at(net, t, 0), k);
    }
}
#endif

/* Part 1 of the excitatory layer. Returns whether a neuron is above its lowest threshold. One test finds both
 * a potential above threshold and one below the reversal. fmax and fmin pass over NaN, as comparisons do. */
INLINE int advance_exc(struct own *x, struct clsnn_params p) {
    int above = 0;
    FOR_BLOCKS(b) {
        const real before = x->v[b];
        real v = integrate_freely(before, x->g_exc[b], x->g_inh[b], p);
        if (fmax(largest(v - x->threshold[b]), p.floor_exc - smallest(v)) > 0.0f) {
            const real reversal = (real)(p.floor_exc);
            v = stop_at(v, before < reversal ? before : reversal);
            above |= any_of(v > x->threshold[b]);
        }
        x->v[b] = v;
        x->g_exc[b] = x->g_exc[b] * p.keep_g_exc;
        x->g_inh[b] = x->g_inh[b] * p.keep_g_inh;
    }
    return above;
}

/* Holds v at reset where a neuron fired less than hold_exc steps ago. */
INLINE void hold_own(struct own *x, int t, struct clsnn_params p) {
    FOR_BLOCKS(b) {
        x->v[b] = t - x->last_exc[b] < p.hold_exc ? (real)(p.reset_exc) : x->v[b];
    }
}

INLINE void flush_own(struct own *x) {
    FOR_BLOCKS(b) {
        x->g_exc[b] = flush_conductances(x->g_exc[b]);
        x->g_inh[b] = flush_conductances(x->g_inh[b]);
    }
}

/* Part 2 of the excitatory layer, where a neuron is above its lowest threshold. fired: a bit for each neuron.
 * Returns the number of own spikes. */
INLINE int find_own_spikes(struct network net, const struct own *x, int t, float decay_t,
                           __local uint *fired) {
    int n_fired = 0;
    FOR_BLOCKS(b) {
        if (!any_of(x->v[b] > x->threshold[b])) continue;
#pragma unroll
        for (int q = 0; q < LANES; q++) {
            const int j = x->k[b] + q;
            if (PICK(x->v[b], q) > threshold_exc(net.theta[j], decay_t, net.p) &&
                t - PICK(x->last_exc[b], q) >= net.p.refrac_exc) {
                ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
                n_fired++;
            }
        }
    }
    return n_fired;
}

/* Writes a partner's state to memory, as of step t. Memory holds the last step in which the neuron was
 * followed or driven, as on a CPU; registers hold every step. */
INLINE void keep_inh(struct network net, int j, float v, float g, int last, int t) {
    net.v_inh[j] = v;
    net.g_exc_inh[j] = g;
    net.last_inh[j] = last;
    net.seen_inh[j] = t;
}

/* Computes step t of the partners that are not at rest. Returns the number of own spikes. */
INLINE int advance_inh(struct network net, struct own *x, int t) {
    const struct clsnn_params p = net.p;
    int n_fired = 0;
    FOR_BLOCKS(b) {
        if (!x->is_busy[b]) continue;
        int busy = 0;
#pragma unroll
        for (int q = 0; q < LANES; q++) {
            float v = PICK(x->v_inh[b], q), g = PICK(x->g_exc_inh[b], q);
            const int last = PICK(x->last_inh[b], q);
            int fires = 0;
            if (must_follow_inh(g, t - last, p)) {
                fires = step_followed_inh(&v, &g, t - last, p);
                if (!must_follow_inh(g, fires ? 1 : t + 1 - last, p))
                    keep_inh(net, x->k[b] + q, v, g, fires ? t : last, t);
                busy = 1;
            } else if (v != 0.0f || g != 0.0f) {
                step_unfollowed_inh(&v, &g, p);
                busy = 1;
            }
            REPLACE(x->v_inh[b], q, v);
            REPLACE(x->g_exc_inh[b], q, g);
            if (fires) REPLACE(x->last_inh[b], q, t);
            n_fired += fires;
        }
        x->is_busy[b] = busy;
    }
    return n_fired;
}

#if HAS_LAYER
/* Part 3 of n_inh inhibitory spikes at step t: g_inh rises for each but the own partner's. */
INLINE void inhibit_own(struct own *x, int t, int n_inh, struct clsnn_params p) {
    FOR_BLOCKS(b) {
        const real by = x->last_inh[b] == t ? (real)((float)(n_inh - 1)) : (real)((float)n_inh);
        x->g_inh[b] = fma((real)(p.w_inh_exc), by, x->g_inh[b]);
    }
}
#else
/* Part 3 of n_exc excitatory spikes at step t, after their resets: g_inh rises for each but the own. */
INLINE void inhibit_own(struct own *x, int t, int n_exc, struct clsnn_params p) {
    FOR_BLOCKS(b) {
        const real by = x->last_exc[b] == t ? (real)((float)(n_exc - 1)) : (real)((float)n_exc);
        x->g_inh[b] = fma((real)(p.w_inh_exc), by, x->g_inh[b]);
    }
}
#endif

/* Parts 3 and 4 for own neuron j, which fires at step t: drives its partner if there is one, resets v, raises
 * theta. */
INLINE void fire_own(struct network net, struct own *x, int j, int t, int n_steps, const int learn) {
    float theta = net.theta[j];
    if (learn) {
        theta += net.tables->theta_plus[t];
        net.theta[j] = theta;
    }
    const float threshold = lowest_threshold(net, theta, t, n_steps, learn);
    if (t < net.p.n_on) net.counts[j]++;
    FOR_BLOCKS(b) {
        if (j / LANES / CLSNN_WG != b) continue;
        const int q = j % LANES;
        REPLACE(x->v[b], q, net.p.reset_exc);
        if (learn) REPLACE(x->threshold[b], q, threshold);
        REPLACE(x->last_exc[b], q, t);
        x->traced_until[b] = max(x->traced_until[b], t + TRACED_STEPS(net.p));
#if HAS_LAYER
        const float g = PICK(x->g_exc_inh[b], q) + net.p.w_exc_inh;
        REPLACE(x->g_exc_inh[b], q, g);
        x->is_busy[b] = 1;
        keep_inh(net, j, PICK(x->v_inh[b], q), g, PICK(x->last_inh[b], q), t);
#endif
    }
}

/* Returns the step of input i's last spike. last_pre: [784] of all inputs, without delays. */
INLINE int last_spike(struct network net, __local const short *last_pre, int i) {
    return HAS_DELAYS ? net.last_pre[i] : last_pre[i];
}

/* Returns x_pre of the synapse from input i onto neuron j at step t. */
INLINE float x_pre_onto(struct network net, __local const short *last_pre, int i, int j, int t) {
#if HAS_DELAYS
    (void)last_pre;
    return delayed_x_pre(net, i, j, t);
#else
    (void)j;
    return x_pre_at(net, i, t - last_pre[i]);
#endif
}

#if CHANGES_SILENT
/* Applies the post rule of neuron j at step t to all its weights. All work-items share the column, LANES
 * inputs at a time. Lanes past the last input compute and store what its lane does. */
INLINE void apply_post_rule(struct network net, __local const short *last_pre, int j, int t) {
#define X_PRE(i) x_pre_onto(net, last_pre, i, j, t)
    for (int i = LID * LANES; i < CLSNN_N_PRE; i += LANES * CLSNN_WG) {
        const int last = CLSNN_N_PRE - 1, i1 = min(i + 1, last), i2 = min(i + 2, last), i3 = min(i + 3, last);
        __global float *w0 = net.w + i * ROW_LENGTH(net) + j, *w1 = net.w + i1 * ROW_LENGTH(net) + j,
                       *w2 = net.w + i2 * ROW_LENGTH(net) + j, *w3 = net.w + i3 * ROW_LENGTH(net) + j;
        const real pre = (real)(X_PRE(i), X_PRE(i1), X_PRE(i2), X_PRE(i3));
        const real w = potentiate_weights((real)(*w0, *w1, *w2, *w3), pre, net.p);
        *w0 = w.s0;
        *w1 = w.s1;
        *w2 = w.s2;
        *w3 = w.s3;
    }
#undef X_PRE
}
#else
/* The post rule's change from input i onto neuron j. at: index into net.w, or -1 for no change. */
struct potentiation {
    int at;
    float weight, pre;
};

INLINE struct potentiation find_potentiation(struct network net, __local const short *last_pre, int i, int j,
                                             int t, int is_above_max) {
    struct potentiation x = {-1, 0.0f, 0.0f};
    if (i < CLSNN_N_PRE) {
        const int since = t - last_spike(net, last_pre, i);
        x.pre = x_pre_onto(net, last_pre, i, j, t);
        if (is_above_max || since < net.p.cut_pre + CLSNN_DELAY) x.at = i * ROW_LENGTH(net) + j;
    }
    return x;
}

/* Applies the post rule of neuron j at step t to its weights from inputs within their trace. If weights need
 * clipping, all are visited. All work-items share the column. */
INLINE void apply_post_rule(struct network net, __local const short *last_pre, int j, int t) {
    const float potentiate = potentiation_at(net, j, t - net.last_exc[j]);
    const int is_above_max = net.above_max[j];
    if (!is_above_max && potentiate == 0.0f) return;
    for (int i = LID; i < CLSNN_N_PRE; i += STORED * CLSNN_WG) {
        struct potentiation a = find_potentiation(net, last_pre, i, j, t, is_above_max),
                            b = find_potentiation(net, last_pre, i + CLSNN_WG, j, t, is_above_max),
                            c = find_potentiation(net, last_pre, i + 2 * CLSNN_WG, j, t, is_above_max),
                            d = find_potentiation(net, last_pre, i + 3 * CLSNN_WG, j, t, is_above_max);
        if (a.at >= 0) a.weight = net.w[a.at]; /* four loads at once */
        if (b.at >= 0) b.weight = net.w[b.at];
        if (c.at >= 0) c.weight = net.w[c.at];
        if (d.at >= 0) d.weight = net.w[d.at];
        if (a.at >= 0) net.w[a.at] = potentiate_weight(a.weight, a.pre, potentiate, net.p.w_max);
        if (b.at >= 0) net.w[b.at] = potentiate_weight(b.weight, b.pre, potentiate, net.p.w_max);
        if (c.at >= 0) net.w[c.at] = potentiate_weight(c.weight, c.pre, potentiate, net.p.w_max);
        if (d.at >= 0) net.w[d.at] = potentiate_weight(d.weight, d.pre, potentiate, net.p.w_max);
    }
}
#endif

/* Returns whether more than the leak is left to compute: a conductance is above zero, or a potential is held,
 * is above its lowest threshold or can relax above it, or a partner may fire. */
INLINE int is_active(const struct own *x, int t, struct clsnn_params p) {
    int active = 0;
    FOR_BLOCKS(b) {
        const real threshold = x->threshold[b];
        active |= any_of((x->g_exc[b] != 0.0f) | (x->g_inh[b] != 0.0f) | (threshold < 0.0f) |
                         !(x->v[b] <= threshold) | (t - x->last_exc[b] < p.hold_exc));
        if (!x->is_busy[b]) continue;
#pragma unroll
        for (int q = 0; q < LANES; q++)
            active |= must_follow_inh(PICK(x->g_exc_inh[b], q), t - PICK(x->last_inh[b], q), p);
    }
    return active;
}

/* Computes n steps of integrate_freely without conductances. */
INLINE void relax_own(struct own *x, int n, struct clsnn_params p) {
    const real leak = (real)(p.leak_exc);
    FOR_BLOCKS(b) {
        for (int s = 0; s < n; s++) x->v[b] = fma(leak, x->v[b], (real)(0.0f));
    }
}

/* Loads the own blocks and prepares them for the steps from t on. */
INLINE void load_own(struct network net, struct own *x, int t, int n_steps, const int learn) {
    FOR_BLOCKS(b) {
        const int k = (b * CLSNN_WG + LID) * LANES;
        const real none = (real)(0.0f);
        x->k[b] = k < net.n ? k : -1;
        x->v[b] = x->g_exc[b] = x->g_inh[b] = x->v_inh[b] = x->g_exc_inh[b] = none;
        x->threshold[b] = (real)(INFINITY);
        x->last_exc[b] = x->last_inh[b] = (flags)(CLSNN_NEVER);
        x->traced_until[b] = CLSNN_NEVER;
        x->is_busy[b] = 0;
        if (k >= net.n) continue;
        x->v[b] = LOAD(net.v_exc, k);
        x->g_exc[b] = LOAD(net.g_exc, k);
        x->g_inh[b] = LOAD(net.g_inh, k);
        x->v_inh[b] = LOAD(net.v_inh, k);
        x->g_exc_inh[b] = LOAD(net.g_exc_inh, k);
        x->last_exc[b] = *(__global const flags *)(net.last_exc + k);
        x->last_inh[b] = *(__global const flags *)(net.last_inh + k);
        const flags last = x->last_exc[b];
        x->traced_until[b] = max(max(last.s0, last.s1), max(last.s2, last.s3)) + TRACED_STEPS(net.p);
        if (any_of(LOAD_SHORTS(net.above_max, k) != 0)) x->traced_until[b] = FOREVER;
        x->is_busy[b] = 1;
#pragma unroll
        for (int q = 0; q < LANES; q++) {
            const int j = k + q;
            REPLACE(x->threshold[b], q, lowest_threshold(net, net.theta[j], t, n_steps, learn));
            if (t == 0) net.counts[j] = 0;
            float v = PICK(x->v_inh[b], q), g = PICK(x->g_exc_inh[b], q);
            relax_inh(&v, &g, net.seen_inh[j] + 1, t - 1, net.p);
            REPLACE(x->v_inh[b], q, v);
            REPLACE(x->g_exc_inh[b], q, g);
        }
    }
}

/* Writes the steps of the last spikes to memory. With pairing all it raises the traces of the neurons that
 * have fired since the last call; a neuron fires at most once in between. */
INLINE void store_last_exc(struct network net, const struct own *x, const int learn) {
    FOR_BLOCKS(b) {
        const int k = (b * CLSNN_WG + LID) * LANES;
        if (k >= net.n) continue;
        if (ADDS_UP && learn) {
            for (int q = 0; q < LANES; q++) {
                const int since = PICK(x->last_exc[b], q) - net.last_exc[k + q];
                if (since != 0) raise_y_post(net, k + q, since);
            }
        }
        *(__global flags *)(net.last_exc + k) = x->last_exc[b];
    }
}

/* Writes the own blocks to memory after step t - 1. */
INLINE void store_own(struct network net, const struct own *x, int t, const int learn) {
    store_last_exc(net, x, learn);
    FOR_BLOCKS(b) {
        const int k = (b * CLSNN_WG + LID) * LANES;
        if (k >= net.n) continue;
        STORE(x->v[b], net.v_exc, k);
        STORE(x->g_exc[b], net.g_exc, k);
        STORE(x->g_inh[b], net.g_inh, k);
#pragma unroll
        for (int q = 0; q < LANES; q++) {
            const float g = PICK(x->g_exc_inh[b], q);
            const int last = PICK(x->last_inh[b], q);
            if (must_follow_inh(g, t - last, net.p))
                keep_inh(net, k + q, PICK(x->v_inh[b], q), g, last, t - 1);
        }
    }
}

#ifdef CLSNN_RECORD
/* Records what the own neurons do in step t: their spikes, and potentials and conductances of the probes. */
INLINE void record_own(struct network net, const struct own *x, int t, int learn, struct recording rec) {
    const int n = net.n, words = (n + 31) / 32;
    FOR_BLOCKS(b) {
        const int k = (b * CLSNN_WG + LID) * LANES;
        if (k >= n) continue;
#pragma unroll
        for (int q = 0; q < LANES; q++) {
            const int j = k + q;
            if (PICK(x->last_exc[b], q) == t) atomic_or(&rec.exc[t * words + j / 32], 1u << (j % 32));
            if (PICK(x->last_inh[b], q) == t) atomic_or(&rec.inh[t * words + j / 32], 1u << (j % 32));
        }
    }
    for (int k = 0; k < rec.n_probes; k++) {
        const int j = rec.probed[k], q = j % LANES;
        __global float *row = rec.probes + t * CLSNN_RECORDED * rec.n_probes + k;
        if (!OWNS(j)) continue;
        FOR_BLOCKS(b) {
            if (j / LANES / CLSNN_WG != b) continue;
            row[0] = PICK(x->v[b], q);
            row[rec.n_probes] = PICK(x->g_exc[b], q);
            row[2 * rec.n_probes] = PICK(x->g_inh[b], q);
            row[3 * rec.n_probes] = PICK(x->v_inh[b], q);
        }
        row[4 * rec.n_probes] = net.theta[j] * (learn ? net.tables->decay[t] : 1.0f);
    }
}
#endif
#endif
