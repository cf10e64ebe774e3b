/* One presentation: all its steps, by one work-group for one network.
 *
 * One step, in this order; another order is another model:
 *   1. state      v of both layers from the old values, then conductances; theta decays while learning
 *   2. threshold  on the new v
 *   3. synapses   exc spike -> its partner's g_exc; each input spike i, increasing: g_exc += w_i, then the pre rule;
 *                 inh spikes -> g_inh of every other neuron; then the post rule of each exc spike
 *   4. reset      exc v, theta; inh v
 * Parts 1 and 2 touch only a work-item's own neurons, so a step needs one barrier, and while learning two more in the few
 * steps in which an excitatory neuron fires. Steps of spikes are relative to the start of the presentation. */

/* One network's share of the buffers. n: neurons, padding included; they are [n] unless another shape is given. */
struct network {
    struct clsnn_params p;
    __global const struct clsnn_tables *tables;
    __global float *w;           /* [784][n] */
    __global float *theta;       /* as of the start of the presentation */
    __global const float *zeros; /* [n] a row of weights that adds nothing */
    /* scratch: lowest threshold of the rest of this presentation, relative to rest */
    __global float *threshold;
    /* scratch: the state at the end of a window of steps (work-groups of one) */
    __global float *ahead_v, *ahead_g_exc, *ahead_g_inh;
    __global float *v_exc, *g_exc, *g_inh; /* v relative to rest */
    __global int *last_exc;                /* step of the last spike; CLSNN_NEVER: none that matters */
    __global float *v_inh, *g_exc_inh;
    __global int *last_inh;
    __global int *seen_inh; /* step up to which v_inh and g_exc_inh are computed */
    __global int *last_pre; /* [784] step of an input's last spike */
    /* 1: the column may hold weights above w_max, left by rescaling; clipped as inputs spike */
    __global ushort *over;
    __global ushort *counts; /* spikes of this presentation while input is on */
    __global ushort *recent; /* scratch: neurons the pre rule concerns (work-groups of one) */
    __global ushort *hot;    /* scratch: inhibitory neurons followed step by step (work-groups of one) */
    int n;
};

/* Spikes of three steps in turn as bit masks in local memory: one being written, one read, one cleared for the next step. A work-group
 * of one uses the first alone. */
struct spikes {
    __local uint *exc, *inh;    /* [3][words] */
    __local int *n_exc, *n_inh; /* [3] */
    int words;                  /* n / 32, rounded up */
};

/* Visits the set bits of a spike mask as neuron j, increasing. */
#define FOR_SPIKES(j, mask, n_words)                                                                         \
    for (int word_ = 0; word_ < (n_words); word_++)                                                          \
        for (uint rest_ = (mask)[word_], j = 0u;                                                             \
             rest_ != 0u && (j = (uint)(32 * word_ + lowest_bit(rest_)), 1); rest_ &= rest_ - 1u)

#define OWNS(j) (CLSNN_WG == 1 || (int)(j) % CLSNN_WG == LID)

INLINE int is_hot(struct network net, int j, int t) {
    return is_hot_inh(net.g_exc_inh[j], t - net.last_inh[j], net.p);
}

#define CATCH_UP_STEPS 16

/* Brings an inhibitory neuron up to step t. It was not hot since seen_inh, so it was not refractory and did not fire. */
INLINE void catch_up_inh(struct network net, int j, int t) {
    float v = net.v_inh[j], g = net.g_exc_inh[j];
    int s = net.seen_inh[j] + 1;
    for (; s <= t && g != 0.0f; s++) {
        const float next = integrate_inh(v, g, net.p);
        v = is_at_rest(next) ? 0.0f : next;
        g = flush_conductance(g * net.p.keep_g_exc);
    }
    /* Without drive |v| falls all the way, and what has come to rest stays there: it is enough to look now and then. */
    for (; t - s >= CATCH_UP_STEPS && v != 0.0f; s += CATCH_UP_STEPS) {
#pragma unroll
        for (int k = 0; k < CATCH_UP_STEPS; k++) v = integrate_inh(v, 0.0f, net.p);
        if (is_at_rest(v)) v = 0.0f;
    }
    for (; s <= t && v != 0.0f; s++) {
        v = integrate_inh(v, 0.0f, net.p);
        if (is_at_rest(v)) v = 0.0f;
    }
    net.v_inh[j] = v;
    net.g_exc_inh[j] = g;
    net.seen_inh[j] = t;
}

/* One step of a hot inhibitory neuron: parts 1, 2 and 4. */
INLINE void step_inh(struct network net, int j, int t, __local uint *fired, __local int *n_fired) {
    const float g = net.g_exc_inh[j];
    float v = net.v_inh[j];
    if (t - net.last_inh[j] >= net.p.refrac_inh) {
        v = integrate_inh(v, g, net.p);
        if (is_at_rest(v)) v = 0.0f;
        if (v > net.p.thresh_inh) {
            ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
            ATOMIC_INC(n_fired);
            net.last_inh[j] = t;
            v = net.p.reset_inh;
        }
    }
    net.v_inh[j] = v;
    net.g_exc_inh[j] = flush_conductance(g * net.p.keep_g_exc);
    net.seen_inh[j] = t;
}

#if CLSNN_WG == 1
/* Inhibitory neurons that need not be followed any more leave the list. */
INLINE void cool_down(struct network net, int t, int *n_hot) {
    for (int h = 0; h < *n_hot;) {
        if (is_hot(net, net.hot[h], t))
            h++;
        else
            net.hot[h] = net.hot[--*n_hot];
    }
}
#endif

/* Part 1 of the excitatory layer. below: some v may lie under the inhibitory reversal, as at the protocol's start; a constant
 * where this is called. Returns whether a neuron of this work-item is above the lowest threshold it may have. */
INLINE int advance_exc(struct network net, int below) {
    const struct clsnn_params p = net.p;
    const real reversal = (real)(p.floor_exc);
    flags above = (flags)(0);
    FOR_STORED_LANES (k, net.n) {
        const real v = LOAD(net.v_exc, k), g_exc = LOAD(net.g_exc, k), g_inh = LOAD(net.g_inh, k);
        const real next = integrate_exc(v, g_exc, g_inh, below ? (v < reversal ? v : reversal) : reversal, p);
        STORE(next, net.v_exc, k);
        STORE(g_exc * p.keep_g_exc, net.g_exc, k);
        STORE(g_inh * p.keep_g_inh, net.g_inh, k);
        above |= next > LOAD(net.threshold, k);
    }
    return any_of(above);
}

/* Part 2 of the excitatory layer, for the few steps in which advance_exc saw something. */
INLINE void find_spikes(struct network net, int t, float decay_t, __local uint *fired, __local int *n_fired) {
    FOR_STORED_LANES (k, net.n) {
        if (!any_of(LOAD(net.v_exc, k) > LOAD(net.threshold, k))) continue;
        for (int j = k; j < k + LANES; j++) {
            if (net.v_exc[j] > threshold_exc(net.theta[j], decay_t, net.p) &&
                t - net.last_exc[j] >= net.p.refrac_exc) {
                ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
                ATOMIC_INC(n_fired);
            }
        }
    }
}

INLINE void set_threshold(struct network net, int j, int t, int n_steps, int learn) {
    const float now = threshold_exc(net.theta[j], learn ? net.tables->decay[t] : 1.0f, net.p);
    const float last = threshold_exc(net.theta[j], learn ? net.tables->decay[n_steps - 1] : 1.0f, net.p);
    net.threshold[j] = last < now ? last : now;
}

/* Returns whether an own neuron is still inhibited. */
INLINE int flush_exc(struct network net) {
    flags inhibited = (flags)(0);
    FOR_STORED_LANES (k, net.n) {
        const real zero = (real)(0.0f), least = (real)(CLSNN_G_FLUSH);
        const real g_exc = LOAD(net.g_exc, k), g_inh = LOAD(net.g_inh, k);
        STORE(g_exc < least ? zero : g_exc, net.g_exc, k);
        STORE(g_inh < least ? zero : g_inh, net.g_inh, k);
        inhibited |= !(g_inh < least);
    }
    return any_of(inhibited);
}

#if CLSNN_WG == 1
/* Whether nothing but the leak is left to compute: no conductance, no potential above its lowest threshold, and none that could
 * relax through it towards rest. */
INLINE int is_quiet(struct network net) {
    flags busy = (flags)(0);
    FOR_OWN_LANES (k, net.n) {
        const real threshold = LOAD(net.threshold, k);
        busy |= (LOAD(net.g_exc, k) != 0.0f) | (LOAD(net.g_inh, k) != 0.0f) | (threshold < 0.0f) |
                !(LOAD(net.v_exc, k) <= threshold);
    }
    return !any_of(busy);
}

/* n steps of integrate_exc without conductances. */
INLINE void relax_exc(struct network net, int n) {
    const real leak = (real)(net.p.leak_exc);
    int k = 0;
    for (; k + 4 * LANES <= net.n; k += 4 * LANES) { /* four at once hide the latency of the multiplication */
        real a = LOAD(net.v_exc, k), b = LOAD(net.v_exc, k + LANES), c = LOAD(net.v_exc, k + 2 * LANES),
             d = LOAD(net.v_exc, k + 3 * LANES);
        for (int s = 0; s < n; s++) {
            a = fma(leak, a, (real)(0.0f));
            b = fma(leak, b, (real)(0.0f));
            c = fma(leak, c, (real)(0.0f));
            d = fma(leak, d, (real)(0.0f));
        }
        STORE(a, net.v_exc, k);
        STORE(b, net.v_exc, k + LANES);
        STORE(c, net.v_exc, k + 2 * LANES);
        STORE(d, net.v_exc, k + 3 * LANES);
    }
    for (; k < net.n; k += LANES) {
        real v = LOAD(net.v_exc, k);
        for (int s = 0; s < n; s++) v = fma(leak, v, (real)(0.0f));
        STORE(v, net.v_exc, k);
    }
}
#endif

/* The weights of event e, or a row of zeros behind the last event: adding it changes nothing. */
INLINE __global const float *event_row(struct network net, __local const ushort *events, int n_events,
                                       int e) {
    const int offset = (int)events[e] * net.n; /* read in any case, so that this is no branch */
    return e < n_events ? net.w + offset : net.zeros;
}

/* g_exc of every neuron += the weights of the n_events inputs, in increasing order of inputs. Rows of zeros fill up four, for a branch on
 * the number of events is guessed wrong in most steps; long rows cost more than that, and fill up two. */
#define LONG_ROW 256
INLINE void deliver_inputs(struct network net, __local const ushort *events, int n_events) {
    int e = 0;
    for (; e + (net.n < LONG_ROW ? 0 : 2) < n_events; e += 4) {
        __global const float *w0 = event_row(net, events, n_events, e),
                             *w1 = event_row(net, events, n_events, e + 1);
        __global const float *w2 = event_row(net, events, n_events, e + 2),
                             *w3 = event_row(net, events, n_events, e + 3);
        FOR_STORED_LANES (k, net.n)
            STORE((((LOAD(net.g_exc, k) + LOAD(w0, k)) + LOAD(w1, k)) + LOAD(w2, k)) + LOAD(w3, k), net.g_exc,
                  k);
    }
    if (e < n_events) {
        __global const float *w0 = event_row(net, events, n_events, e),
                             *w1 = event_row(net, events, n_events, e + 1);
        FOR_STORED_LANES (k, net.n) STORE((LOAD(net.g_exc, k) + LOAD(w0, k)) + LOAD(w1, k), net.g_exc, k);
    }
}

/* g_inh of every neuron += w_inh_exc for each of the n_inh inhibitory spikes but its own partner's. */
INLINE void inhibit(struct network net, __local const uint *fired_inh, int n_inh) {
    const real all = (real)((float)n_inh);
    FOR_STORED_LANES (k, net.n) {
        const uint own = fired_inh[k / 32] >> (k % 32) & (uint)((1ul << LANES) - 1ul);
        if (own == 0u) {
            STORE(fma((real)(net.p.w_inh_exc), all, LOAD(net.g_inh, k)), net.g_inh, k);
        } else {
            for (int b = 0; b < LANES; b++)
                net.g_inh[k + b] =
                    fma(net.p.w_inh_exc, (float)(n_inh - (int)(own >> b & 1u)), net.g_inh[k + b]);
        }
    }
}

/* Whether an input spike changes neuron j's weights at step t: its post1 is above the cut-off, or there is something to clip. */
INLINE int is_recent(struct network net, int j, int t) {
    return t - net.last_exc[j] < net.p.cut_post1 || net.over[j];
}

/* The pre rule of n_events inputs at step t. */
#if CLSNN_WG == 1
/* A few recent neurons at a time: their number is the same in most steps, and so the end of the inner loop is guessed right. */
#define RECENT_AT_ONCE 16
INLINE void apply_pre_rule(struct network net, int t, __local const ushort *events, int n_events,
                           int *n_recent) {
    int next = 0;
    do {
        int column[RECENT_AT_ONCE], n_columns = 0;
        float depress[RECENT_AT_ONCE];
        while (next < *n_recent && n_columns < RECENT_AT_ONCE) {
            const int j = net.recent[next];
            if (is_recent(net, j, t)) {
                column[n_columns] = j;
                depress[n_columns++] = trace(net.tables->depress, t - net.last_exc[j], net.p.cut_post1);
                next++;
            } else {
                net.recent[next] = net.recent[--*n_recent];
            }
        }
        for (int e = 0; e < n_events; e++) {
            __global float *row = net.w + (int)events[e] * net.n;
            net.last_pre[events[e]] = t;
            for (int c = 0; c < n_columns; c++)
                row[column[c]] = depress_weight(row[column[c]], depress[c], net.p.w_max);
        }
    } while (next < *n_recent);
}
#else
INLINE void apply_pre_rule(struct network net, int t, __local const ushort *events, int n_events,
                           int *n_recent) {
    (void)n_recent;
    FOR_STORED (j, net.n) {
        if (!is_recent(net, j, t)) continue;
        const float depress = trace(net.tables->depress, t - net.last_exc[j], net.p.cut_post1);
        for (int e = 0; e < n_events; e++) {
            __global float *w = net.w + (int)events[e] * net.n + j;
            *w = depress_weight(*w, depress, net.p.w_max);
        }
    }
    for (int e = 0; e < n_events; e++) {
        if (OWNS(events[e])) net.last_pre[events[e]] = t;
    }
}
#endif

/* The post rule from input i onto neuron j at step t. */
INLINE void potentiate_synapse(struct network net, int i, int j, int t, float potentiate) {
    const float pre = trace(net.tables->pre, t - net.last_pre[i], net.p.cut_pre);
    __global float *w = net.w + i * net.n + j;
    *w = potentiate_weight(*w, pre, potentiate, net.p.w_max);
}

/* The post rule of neuron j at step t: its weights from every input that spiked lately (likely: [n_likely] inputs with ink now or
 * spikes not long ago, for work-groups of one), and clipping of all. */
INLINE void apply_post_rule(struct network net, int j, int t, __local const ushort *likely, int n_likely) {
    const float potentiate = trace(net.tables->potentiate, t - net.last_exc[j], net.p.cut_post2);
    if (net.over[j]) {
        FOR_OWN (i, CLSNN_N_PRE) potentiate_synapse(net, i, j, t, potentiate);
    } else if (potentiate != 0.0f) {
#if CLSNN_WG == 1
        for (int c = 0; c < n_likely; c++) {
            const int i = likely[c];
#else
        FOR_OWN (i, CLSNN_N_PRE) {
#endif
            if (t - net.last_pre[i] < net.p.cut_pre) potentiate_synapse(net, i, j, t, potentiate);
        }
    }
}

/* Drive from an excitatory spike onto its partner, which is followed step by step from here on. */
INLINE void excite_partner(struct network net, int j, int t, int *n_hot) {
    catch_up_inh(net, j, t);
    net.g_exc_inh[j] += net.p.w_exc_inh;
#if CLSNN_WG == 1
    for (int h = 0; h < *n_hot; h++) {
        if (net.hot[h] == j) return;
    }
    net.hot[(*n_hot)++] = (ushort)j;
#endif
}

/* Part 4 for one excitatory neuron, by its owner. */
INLINE void reset_exc(struct network net, int j, int t, int n_steps, int learn, int *n_recent) {
    net.v_exc[j] = net.p.reset_exc;
    if (learn) {
        net.theta[j] += net.tables->theta_plus[t];
        set_threshold(net, j, t, n_steps, learn);
    }
    if (t < net.p.n_on) net.counts[j]++;
#if CLSNN_WG == 1
    if (learn) {
        int r = 0;
        while (r < *n_recent && net.recent[r] != j) r++;
        if (r == *n_recent) net.recent[(*n_recent)++] = (ushort)j;
    }
#endif
    net.last_exc[j] = t;
}

/* What the steps from t on start with: thresholds, no spikes counted at t = 0, and for work-groups of one the lists that stand
 * for the state left before. Returns whether a potential lies below the inhibitory reversal. */
INLINE int begin_steps(struct network net, struct encoding input, int n_active, int t, int n_steps, int learn,
                       __local ushort *likely, int *n_likely, int *n_recent, int *n_hot) {
    int below = 0;
    *n_likely = *n_recent = *n_hot = 0;
    FOR_OWN (j, net.n) {
        set_threshold(net, j, t, n_steps, learn);
        if (t == 0) net.counts[j] = 0;
        below |= net.v_exc[j] < net.p.floor_exc;
    }
#if CLSNN_WG == 1
    for (int j = 0; j < net.n; j++) {
        if (learn && is_recent(net, j, t)) net.recent[(*n_recent)++] = (ushort)j;
        if (is_hot(net, j, t)) net.hot[(*n_hot)++] = (ushort)j;
    }
    if (learn) { /* flags first, then their list in the same place: no branch, no search */
        for (int i = 0; i < CLSNN_N_PRE; i++) likely[i] = t - net.last_pre[i] < net.p.cut_pre;
        for (int a = 0; a < n_active; a++) likely[input.active[a]] = 1;
        for (int i = 0; i < CLSNN_N_PRE; i++) {
            const int is_likely = likely[i];
            likely[*n_likely] = (ushort)i;
            *n_likely += is_likely;
        }
    }
#endif
    return below;
}

/* Lists the inputs that spike in step t, increasing. */
#if CLSNN_WG == 1
/* How many events two groups have cannot be guessed, so four are listed whether they are there or not: what stands behind the last is
 * overwritten, or not looked at. Seldom are there more. */
#define LISTED_AT_ONCE 4
INLINE int list_events(struct encoding input, int n_groups, int t, __local ushort *events) {
    int n = 0;
    for (int g = 0; g < n_groups; g += 2) {
        __local const ushort *inputs = input.active + g * CLSNN_GROUP;
        ulong word = input.spikes[g * CLSNN_MAX_ON + t];
        if (g + 1 < n_groups) word |= (ulong)input.spikes[(g + 1) * CLSNN_MAX_ON + t] << 32;
        const int end = n + (int)popcount(word);
#pragma unroll
        for (int k = 0; k < LISTED_AT_ONCE; k++) {
            events[n + k] = inputs[lowest_bit_or_0(word)];
            word &= word - 1ul;
        }
        for (n += LISTED_AT_ONCE; n < end; n++) {
            events[n] = inputs[lowest_bit_or_0(word)];
            word &= word - 1ul;
        }
        n = end;
    }
    return n;
}
#else
/* Every work-item finds the same, each writes its share. */
INLINE int list_events(struct encoding input, int n_groups, int t, __local ushort *events) {
    int n = 0;
    for (int g = 0; g < n_groups; g++) {
        for (uint rest = input.spikes[g * CLSNN_MAX_ON + t]; rest != 0u; rest &= rest - 1u, n++) {
            if (OWNS(n)) events[n] = input.active[g * CLSNN_GROUP + lowest_bit(rest)];
        }
    }
    return n;
}
#endif

#if CLSNN_WG == 1 && !defined(CLSNN_RECORD) /* a replay tells of every step */
#define CLSNN_AHEAD
#include "ahead.cl"
#endif

#if CLSNN_WG > 1
#include "resident.cl"
#endif

#ifdef CLSNN_RECORD
/* What a replay keeps of every step. words: n / 32, rounded up. */
struct recording {
    __global uint *exc, *inh; /* [n_steps][words] spike masks */
    __global float *probes;   /* [n_steps][4][CLSNN_PROBE] v_exc, g_exc, g_inh, v_inh after each step */
    int n_probes;
};

INLINE void record_step(struct network net, int t, struct spikes s, int turn, struct recording rec) {
    FOR_OWN (word, s.words) {
        rec.exc[t * s.words + word] = s.exc[turn * s.words + word];
        rec.inh[t * s.words + word] = s.inh[turn * s.words + word];
    }
    FOR_OWN (j, rec.n_probes) {
        __global float *row = rec.probes + t * 4 * CLSNN_PROBE + j;
        catch_up_inh(net, j, t);
        row[0] = net.v_exc[j];
        row[CLSNN_PROBE] = net.g_exc[j];
        row[2 * CLSNN_PROBE] = net.g_inh[j];
        row[3 * CLSNN_PROBE] = net.v_inh[j];
    }
}
#endif

/* Local memory of a presentation. */
struct workspace {
    struct spikes fired;
    /* [3][784] inputs that spike in a step, three steps in turn, or room behind the last */
    __local ushort *events;
    __local ushort *likely; /* [784] inputs that the post rule may concern */
};

/* Steps first_step .. end_step - 1 of a presentation of n_steps with the encoded input. learn is a constant where this is called.
 * Uniform. Returns the number of excitatory spikes while input was on. All state is left at the end of the last step. */
INLINE uint present(struct network net, struct encoding input, int n_active, int first_step, int end_step,
                    int n_steps, struct workspace space, int learn
#ifdef CLSNN_RECORD
                    ,
                    struct recording rec
#endif
) {
    const struct spikes s = space.fired;
    const int n_groups = (n_active + CLSNN_GROUP - 1) / CLSNN_GROUP;
    uint n_spikes = 0u;
    int n_likely, n_recent, n_hot;
    const int below = begin_steps(net, input, n_active, first_step, n_steps, learn, space.likely, &n_likely,
                                  &n_recent, &n_hot);
    FOR_OWN (word, 3 * s.words) {
        s.exc[word] = 0u;
        s.inh[word] = 0u;
    }
    FOR_OWN (turn, 3) {
        s.n_exc[turn] = 0;
        s.n_inh[turn] = 0;
    }
#if CLSNN_WG > 1
    struct own own[RESIDENT];
    uint hot, over;
    load_own(net, first_step, learn, own, &hot, &over);
    __local ushort *const first_events = space.events + first_step % 3 * CLSNN_N_PRE;
    int n_next = first_step < net.p.n_on ? list_events(input, n_groups, first_step, first_events) : 0;
#endif
    BARRIER_GLOBAL();
#if CLSNN_WG > 1
    fetch_own(net, own, first_events, n_next);
#endif

#ifdef CLSNN_AHEAD
    struct ahead ahead;
    ahead.from = ahead.until = first_step;
    /* not in tests, which are short: more code takes long to compile */
    const int goes_ahead = learn && !below && pays_ahead(net.n);
    int is_out_of_order = 1;
    int inhibited = 1; /* some g_inh may not be 0 */
    __global float *const own_v = net.v_exc;
#endif
    for (int t = first_step; t < end_step; t++) {
        const int turn = CLSNN_WG > 1 ? t % 3 : 0;
        __local uint *fired = s.exc + turn * s.words, *fired_inh = s.inh + turn * s.words;
        /* in turns: one is written, one fetched from, and of one another work-item may still read */
        __local ushort *events = space.events + turn * CLSNN_N_PRE;
        int n_events = 0;

        /* 1, 2: state and threshold */
#if CLSNN_WG == 1
        cool_down(net, t, &n_hot);
#endif
        if (t % CLSNN_FLUSH_STEPS == 0) {
            const int is_inhibited = flush_exc(net);
#ifdef CLSNN_AHEAD
            inhibited = is_inhibited;
            if (t >= net.p.n_on && n_hot == 0 && is_quiet(net)) {
                relax_exc(net, end_step - t);
                break;
            }
            is_out_of_order = 1; /* neurons are not recent for ever */
#else
            (void)is_inhibited;
#endif
#if CLSNN_WG > 1
            flush_own(net, own);
#endif
        }
#ifdef CLSNN_AHEAD
        if (goes_ahead && t >= ahead.until)
            list_ahead(&ahead, input, n_groups, t, net.p.n_on, end_step, events);
        if (goes_ahead && is_out_of_order) {
            order_blocks(&ahead, net, t, &n_recent);
            is_out_of_order = 0;
        }
        if (goes_ahead && ahead.until > t && ahead.n_marked <= TOGETHER) {
            const int start = t;
            int has_fired, end = min(ahead.until, (t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS);
            for (int h = 0; h < n_hot; h++) /* nothing inhibits before the last step */
                end = min(end, next_spike_inh(net, net.hot[h], t, end) + 1);
            t = run_window(&ahead, net, events, t, end, inhibited, learn, &n_recent, &has_fired) - 1;
            swap_state(&net);
            for (int h = 0; h < n_hot; h++) {
                for (int step = start; step <= t && is_hot(net, net.hot[h], step); step++)
                    step_inh(net, net.hot[h], step, fired_inh, &s.n_inh[turn]);
            }
            if (has_fired) find_spikes(net, t, learn ? net.tables->decay[t] : 1.0f, fired, &s.n_exc[turn]);
            if (s.n_exc[turn] + s.n_inh[turn] == 0) continue;
        } else
#endif
        {
            const float decay_t = learn ? net.tables->decay[t] : 1.0f;
            if (below ? advance_exc(net, 1) : advance_exc(net, 0))
                find_spikes(net, t, decay_t, fired, &s.n_exc[turn]);
#if CLSNN_WG == 1
            for (int h = 0; h < n_hot; h++) step_inh(net, net.hot[h], t, fired_inh, &s.n_inh[turn]);
#else
            if (advance_own(net, own, below)) find_own(net, own, t, decay_t, fired, &s.n_exc[turn]);
            step_own_inh(net, t, &hot, fired_inh, &s.n_inh[turn]);
            FOR_STORED (j, net.n) {
                if (is_hot(net, j, t)) step_inh(net, j, t, fired_inh, &s.n_inh[turn]);
            }
#endif
#if CLSNN_WG > 1
            n_events = n_next;
#elif defined(CLSNN_AHEAD)
            if (goes_ahead && t < ahead.until) {
                events += ahead.first[t - ahead.from];
                n_events = ahead.first[t + 1 - ahead.from] - ahead.first[t - ahead.from];
            } else if (t < net.p.n_on) {
                n_events = list_events(input, n_groups, t, events);
            }
#else
            if (t < net.p.n_on) n_events = list_events(input, n_groups, t, events);
#endif
        }
#if CLSNN_WG > 1
        __local ushort *const next_events = space.events + (t + 1) % 3 * CLSNN_N_PRE;
        n_next = t + 1 < min(net.p.n_on, end_step) ? list_events(input, n_groups, t + 1, next_events) : 0;
#endif
        BARRIER_LOCAL();

        /* 3: synapses */
        const int n_exc = s.n_exc[turn], n_inh = s.n_inh[turn];
        if (n_exc != 0) {
            FOR_SPIKES (j, fired, s.words) {
                if (!OWNS(j)) continue;
                excite_partner(net, (int)j, t, &n_hot);
#if CLSNN_WG > 1
                if (j < RESIDENT * CLSNN_WG) hot |= 1u << (j / CLSNN_WG);
#endif
            }
            if (t < net.p.n_on) n_spikes += (uint)n_exc;
        }
        if (n_events != 0) {
            deliver_inputs(net, events, n_events);
#if CLSNN_WG > 1
            deliver_own(net, own, t, events, n_events, over, learn);
#endif
            if (learn) apply_pre_rule(net, t, events, n_events, &n_recent);
        }
        if (n_inh != 0) {
            inhibit(net, fired_inh, n_inh);
#if CLSNN_WG > 1
            inhibit_own(net, own, fired_inh, n_inh);
#elif defined(CLSNN_AHEAD)
            inhibited = 1;
#endif
        }
        if (n_exc != 0) {
            if (learn) {
                BARRIER_GLOBAL(); /* the pre rule of all neurons comes before any post rule */
                FOR_SPIKES (j, fired, s.words) apply_post_rule(net, (int)j, t, space.likely, n_likely);
                BARRIER_GLOBAL(); /* the post rule reads the previous spike's step, and rows it shares with their owners */
            }
            /* 4: reset; the inhibitory neurons did theirs in step_inh */
            FOR_SPIKES (j, fired, s.words) {
                if (!OWNS(j)) continue;
                reset_exc(net, (int)j, t, n_steps, learn, &n_recent);
#if CLSNN_WG > 1
                reset_own(net, own, (int)j, t);
#elif defined(CLSNN_AHEAD)
                is_out_of_order = 1;
#endif
            }
        }
#if CLSNN_WG > 1
        fetch_own(net, own, next_events, n_next);
#endif
#ifdef CLSNN_RECORD
#if CLSNN_WG > 1
        store_own(net, own);
#endif
        record_step(net, t, s, turn, rec);
#endif
#if CLSNN_WG == 1
        if (n_exc + n_inh != 0) {
            for (int word = 0; word < s.words; word++) s.exc[word] = s.inh[word] = 0u;
            s.n_exc[0] = s.n_inh[0] = 0;
        }
#else
        /* last read in the step before, next written in the step after next */
        const int after_next = (t + 2) % 3;
        FOR_OWN (word, s.words) {
            s.exc[after_next * s.words + word] = 0u;
            s.inh[after_next * s.words + word] = 0u;
        }
        if (LID == 0) {
            s.n_exc[after_next] = 0;
            s.n_inh[after_next] = 0;
        }
#endif
    }
#if CLSNN_WG > 1
    store_own(net, own);
#elif defined(CLSNN_AHEAD)
    if (net.v_exc != own_v) keep_state(net);
#endif
    return n_spikes;
}

/* Moves the origin of all steps to the start of the next presentation, anchors theta there, and looks for faults.
 * Returns the first own neuron whose potential or theta is no number or left CLSNN_V_LIMIT (padding has an infinite theta), or n. */
INLINE int end_presentation(struct network net, int n_steps, int learn) {
    const float decay = learn && n_steps > 0 ? net.tables->decay[n_steps - 1] : 1.0f;
    int fault = net.n;
    BARRIER_GLOBAL();
    FOR_OWN (j, net.n) {
        const float v = net.v_exc[j];
        if (!(fabs(v) < CLSNN_V_LIMIT && fabs(net.v_inh[j]) < CLSNN_V_LIMIT && net.theta[j] > -CLSNN_V_LIMIT))
            fault = min(fault, j);
        net.v_exc[j] = fabs(v) < CLSNN_V_FLUSH ? 0.0f : v;
        net.theta[j] *= decay;
        /* brings a neuron up to date long before the step of its last spike saturates */
        if (net.seen_inh[j] < CLSNN_NEVER / 2) catch_up_inh(net, j, n_steps - 1);
        net.seen_inh[j] -= n_steps;
        net.last_inh[j] = max(net.last_inh[j] - n_steps, CLSNN_NEVER);
        net.last_exc[j] = max(net.last_exc[j] - n_steps, CLSNN_NEVER);
    }
    FOR_OWN (i, CLSNN_N_PRE) net.last_pre[i] = max(net.last_pre[i] - n_steps, CLSNN_NEVER);
    BARRIER_GLOBAL();
    return fault;
}
