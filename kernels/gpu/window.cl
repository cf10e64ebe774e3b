/* Steps in windows, for work-groups of many (a GPU). Neurons interact only at spikes, and the inputs of the
 * next steps are known. So every work-item computes its blocks up to 16 steps ahead, with their state in
 * registers and without a barrier. The first spike ends the window for all: the window is computed again up
 * to that step, from the state at its start. A window changes no weight. The pre rule's changes since the
 * window's start are computed where a weight is read, and stored when the window's end is known. Each neuron
 * and weight sees the operations of single steps in their order. So no bit depends on where windows begin and
 * end.
 *
 * Only excitatory spikes drive the inhibitory layer. At each one its partner's next spike is predicted;
 * inhibitory neurons are brought up to date when something happens to them. */
#if CLSNN_WG > 1

#define WINDOW_STEPS (RECORDS ? 1 : 16) /* most steps of a window; divides CLSNN_FLUSH_STEPS */
#define FOURS        288                /* most fours of input spikes in a window; one step has at most 196 */
#define STORED       4                  /* weights of a rule that a work-item loads at once */
#define NO_STEP      CLSNN_MAX_STEPS    /* later than every step */

/* An input spike of a window in 16 bits: the input, the step from the window's first, and whether it is
 * repeated. NO_INPUT pads a step's spikes to fours. */
#define EVENT(input, step, repeated) ((ushort)((input) | (step) << 10 | (repeated) << 14))
#define EVENT_INPUT(event)           ((int)((uint)(event) % 1024u))
#define EVENT_STEP(event)            ((int)(event) >> 10 & 15)
#define EVENT_REPEATED(event)        ((int)(event) >> 14 & 1)
#define NO_INPUT                     1023

/* The input spikes of steps from .. until - 1. */
struct window {
    int from, until;
    __local ushort4 *events; /* [FOURS] EVENT, by step, then by input */
    __local ushort *first;   /* [WINDOW_STEPS + 1] a step's first four */
    /* [784] the steps in which an input spikes, as bits; the lowest is the window's first step */
    __local ushort *when;
    /* [CLSNN_MAX_TRACE] a copy of struct clsnn_tables' depress up to its cut-off. A load from global memory
     * would wait for the weights that are being loaded. */
    __local const float *depress;
};

/* Returns eta_pre * y_post of a neuron at step t. */
INLINE float depression(struct network net, struct window w, int t, int last_exc) {
    const int since = t - last_exc;
    return since < net.p.cut_post1 ? w.depress[since] : 0.0f;
}

/* Returns steps t .. end - 1 as bits, as in struct window's when. */
INLINE uint steps_between(struct window w, int t, int end) {
    return (1u << (end - w.from)) - (1u << (t - w.from));
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

/* Opens the window from step t on, with as many steps as there is room for. w: its memory. Its spikes may be
 * read after the next barrier. */
INLINE struct window open_window(struct window w, struct encoding input, int n_active, int t, int n_on,
                                 int end_step) {
    const int n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    const int most = min(t + WINDOW_STEPS, (t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS);
    const int n_before = fours_before(input, n_on, t);
    w.from = t;
    w.until = min(most, end_step);
    while (fours_before(input, n_on, w.until) - n_before > FOURS) w.until--;
    const int n_steps = min(w.until, n_on) - t; /* with input */
    FOR_OWN (s, w.until - t + 1) w.first[s] = (ushort)(fours_before(input, n_on, t + s) - n_before);
    if (n_steps <= 0) return w;
    FOR_OWN (x, WINDOW_STEPS * n_bundles) { /* one step of one bundle each */
        const int g = x / WINDOW_STEPS, s = x - g * WINDOW_STEPS;
        __global const uint *steps = input.spikes + g * CLSNN_MAX_ON + t;
        __local ushort *events = (__local ushort *)w.events;
        uint word = 0u, before = 0u;
        int at = 0;
        if (s < n_steps) {
            word = steps[s];
            at = 4 * (fours_before(input, n_on, t + s) - n_before);
#pragma unroll 4
            for (int other = 0; other < g; other++)
                at += (int)popcount(input.spikes[other * CLSNN_MAX_ON + t + s]);
#pragma unroll
            for (int other = 0; other < WINDOW_STEPS - 1; other++) before |= other < s ? steps[other] : 0u;
        }
        for (uint rest = word; rest != 0u; rest &= rest - 1u) {
            const int b = lowest_bit(rest);
            events[at++] = EVENT(input.active[g * CLSNN_BUNDLE + b], s, before >> b & 1u);
        }
        if (g == n_bundles - 1) {
            for (; at % 4 != 0; at++) events[at] = EVENT(NO_INPUT, s, 0);
        }
    }
    FOR_OWN (a, n_active) {
        const int g = a / CLSNN_BUNDLE, b = a - g * CLSNN_BUNDLE;
        __global const uint *steps = input.spikes + g * CLSNN_MAX_ON + t;
        uint bits = 0u;
#pragma unroll
        for (int s = 0; s < WINDOW_STEPS; s++) bits |= (s < n_steps ? steps[s] >> b & 1u : 0u) << s;
        w.when[input.active[a]] = (ushort)bits;
    }
    return w;
}

INLINE float largest(real x) {
    return fmax(fmax(x.s0, x.s1), fmax(x.s2, x.s3));
}

INLINE float smallest(real x) {
    return fmin(fmin(x.s0, x.s1), fmin(x.s2, x.s3));
}

/* One block in registers. */
struct block {
    real v, g_exc, g_inh, threshold;
};

/* Part 1 of step t. *candidate is the first step in which a neuron is above its lowest threshold. One test
 * finds both a potential above threshold and one below the reversal. fmax and fmin pass over NaN, as
 * comparisons do. */
INLINE void advance_block(struct block *x, int t, int *candidate, struct clsnn_params p) {
    const real before = x->v;
    x->v = integrate_freely(x->v, x->g_exc, x->g_inh, p);
    if (fmax(largest(x->v - x->threshold), p.floor_exc - smallest(x->v)) > 0.0f) {
        const real reversal = (real)(p.floor_exc);
        x->v = stop_at(x->v, before < reversal ? before : reversal);
        if (any_of(x->v > x->threshold)) *candidate = min(*candidate, t);
    }
    x->g_exc = x->g_exc * p.keep_g_exc;
    x->g_inh = x->g_inh * p.keep_g_inh;
}

/* Loads a block's weights from the input of an event. */
INLINE real fetch(struct network net, int event, int k) {
    const int i = EVENT_INPUT(event);
    return i < CLSNN_N_PRE ? LOAD(net.w, i * net.n + k) : (real)(0.0f);
}

/* Picks one component of a vector in registers by an index. */
#define PICK(x, q) ((q) == 0 ? (x).s0 : (q) == 1 ? (x).s1 : (q) == 2 ? (x).s2 : (x).s3)
#define REPLACE(x, q, y)                                                                                     \
    ((real)((q) == 0 ? (y) : (x).s0, (q) == 1 ? (y) : (x).s1, (q) == 2 ? (y) : (x).s2,                       \
            (q) == 3 ? (y) : (x).s3))

/* Returns a block's weights after the pre rule at the steps in bits, in increasing order. traced: a bit for
 * each neuron of the block that the rule changes. */
INLINE real depressed(struct network net, struct window w, real weights, uint bits, flags last_exc,
                      uint traced) {
    for (; traced != 0u; traced &= traced - 1u) {
        const int q = lowest_bit(traced), last = PICK(last_exc, q);
        float weight = PICK(weights, q);
        for (uint rest = bits; rest != 0u; rest &= rest - 1u) {
            const float depress = depression(net, w, w.from + lowest_bit(rest), last);
            weight = depress_weight(weight, depress, net.p.w_max);
        }
        weights = REPLACE(weights, q, weight);
    }
    return weights;
}

/* Loads the weights of four number e. Past the last four it loads that one again, so that no branch waits for
 * it. Registers have names, because compilers keep no array in them. */
#define FETCH_FOUR(f, e)                                                                                     \
    f##_events = w.events[min((e), last - 1)];                                                               \
    f##0 = fetch(net, f##_events.s0, k);                                                                     \
    f##1 = fetch(net, f##_events.s1, k);                                                                     \
    f##2 = fetch(net, f##_events.s2, k);                                                                     \
    f##3 = fetch(net, f##_events.s3, k);

/* Part 3 of the four events f: brings the block to their step and adds their weights. */
#define DELIVER_FOUR(f)                                                                                      \
    for (const int until = w.from + EVENT_STEP(f##_events.s0); s <= until; s++)                              \
        advance_block(&x, s, &candidate, p);                                                                 \
    for (uint repeated = REPEATED_OF(f##_events) & concerned; repeated != 0u; repeated &= repeated - 1u) {   \
        const int q = lowest_bit(repeated), event = PICK(f##_events, q);                                     \
        const real before = q == 0 ? f##0 : q == 1 ? f##1 : q == 2 ? f##2 : f##3;                            \
        const uint bits = w.when[EVENT_INPUT(event)] & steps_between(w, t, w.from + EVENT_STEP(event));      \
        const real now = depressed(net, w, before, bits, last_exc, traced);                                  \
        f##0 = q == 0 ? now : f##0;                                                                          \
        f##1 = q == 1 ? now : f##1;                                                                          \
        f##2 = q == 2 ? now : f##2;                                                                          \
        f##3 = q == 3 ? now : f##3;                                                                          \
    }                                                                                                        \
    x.g_exc = (((x.g_exc + f##0) + f##1) + f##2) + f##3;

/* EVENT_REPEATED of four events, as bits. */
#define REPEATED_OF(events)                                                                                  \
    (uint)(EVENT_REPEATED((events).s0) | EVENT_REPEATED((events).s1) << 1 |                                  \
           EVENT_REPEATED((events).s2) << 2 | EVENT_REPEATED((events).s3) << 3)

/* Computes every own block from step t up to end - 1: part 1 and, of part 3, what input spikes add. The new
 * state goes to net.ahead_v, ahead_g_exc and ahead_g_inh. Returns the first step in which a neuron may fire,
 * or end. Callers pass learn as a constant. */
INLINE int run_window(struct network net, struct window w, int t, int end, const int learn) {
    const struct clsnn_params p = net.p;
    const int first = w.first[t - w.from], last = w.first[end - w.from];
    int candidate = end;
    FOR_OWN_LANES (k, net.n) {
        struct block x = {LOAD(net.v_exc, k), LOAD(net.g_exc, k), LOAD(net.g_inh, k), LOAD(net.threshold, k)};
        const flags last_exc = *(__global const flags *)(net.last_exc + k);
        uint traced = 0u; /* lanes of traced neurons, as bits */
        /* all ones if a lane is traced: a mask, because a branch would split the loop in two */
        uint concerned = 0u;
        int s = t;
        if (learn) {
            const flags are = (t - last_exc < p.cut_post1) | (LOAD_SHORTS(net.above_max, k) != 0);
            traced = (are.s0 ? 1u : 0u) | (are.s1 ? 2u : 0u) | (are.s2 ? 4u : 0u) | (are.s3 ? 8u : 0u);
            concerned = any_of(are) ? ~0u : 0u;
        }
        if (t % CLSNN_FLUSH_STEPS == 0) {
            x.g_exc = flush_conductances(x.g_exc);
            x.g_inh = flush_conductances(x.g_inh);
        }
        if (first < last) {
            /* Four fours take turns: two are delivered while two are being loaded. */
            ushort4 a_events, b_events, c_events, d_events;
            real a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3;
            FETCH_FOUR(a, first)
            FETCH_FOUR(b, first + 1)
            for (int e = first;; e += 4) {
                DELIVER_FOUR(a)
                FETCH_FOUR(c, e + 2)
                FETCH_FOUR(d, e + 3)
                if (e + 1 >= last) break;
                DELIVER_FOUR(b)
                if (e + 2 >= last) break;
                DELIVER_FOUR(c)
                FETCH_FOUR(a, e + 4)
                FETCH_FOUR(b, e + 5)
                if (e + 3 >= last) break;
                DELIVER_FOUR(d)
                if (e + 4 >= last) break;
            }
        }
        for (; s < end; s++) advance_block(&x, s, &candidate, p);
        STORE(x.v, net.ahead_v, k);
        STORE(x.g_exc, net.ahead_g_exc, k);
        STORE(x.g_inh, net.ahead_g_inh, k);
    }
    return candidate;
}

/* The pre rule's change of one weight in a window. */
struct change {
    int at; /* index into net.w; -1: no change */
    float weight;
    int last_exc;
    uint bits; /* steps of the input's spikes */
};

/* Finds the change of pair p of n events and n_traced neurons. Only the input's first event within `steps`
 * yields a change. */
INLINE struct change find_change(struct network net, struct window w, __local const ushort *events, int n,
                                 int n_traced, int t, uint steps, int p) {
    struct change c = {-1, 0.0f, 0, 0u};
    const int r = p / n, e = p - r * n;
    if (r < n_traced && EVENT_INPUT(events[e]) != NO_INPUT) {
        const int i = EVENT_INPUT(events[e]), j = net.traced[r];
        c.bits = w.when[i] & steps;
        c.last_exc = net.last_exc[j];
        if ((c.bits & ((1u << EVENT_STEP(events[e])) - 1u)) == 0u &&
            (t - c.last_exc < net.p.cut_post1 || net.above_max[j]))
            c.at = i * net.n + j;
    }
    return c;
}

INLINE void store_change(struct network net, struct window w, struct change c) {
    if (c.at < 0) return;
    for (; c.bits != 0u; c.bits &= c.bits - 1u) {
        const float depress = depression(net, w, w.from + lowest_bit(c.bits), c.last_exc);
        c.weight = depress_weight(c.weight, depress, net.p.w_max);
    }
    net.w[c.at] = c.weight;
}

/* Applies the pre rule of the input spikes in steps t .. end - 1. One work-item takes one weight: of a traced
 * neuron, from an input, through all the input's spikes in order. */
INLINE void store_pre_rule(struct network net, struct window w, int t, int end, int n_traced) {
    const int first = 4 * w.first[t - w.from], n = 4 * w.first[end - w.from] - first;
    const uint steps = steps_between(w, t, end);
    __local const ushort *events = (__local const ushort *)w.events + first;
    FOR_OWN (e, n) { /* the last spike of an input sets last_pre */
        const int i = EVENT_INPUT(events[e]), s = EVENT_STEP(events[e]);
        if (i != NO_INPUT && (w.when[i] & steps) >> s == 1u) net.last_pre[i] = w.from + s;
    }
    for (int round = 0; round < n * n_traced; round += STORED * CLSNN_WG) {
        const int p = round + LID;
        struct change a = find_change(net, w, events, n, n_traced, t, steps, p),
                      b = find_change(net, w, events, n, n_traced, t, steps, p + CLSNN_WG),
                      c = find_change(net, w, events, n, n_traced, t, steps, p + 2 * CLSNN_WG),
                      d = find_change(net, w, events, n, n_traced, t, steps, p + 3 * CLSNN_WG);
        if (a.at >= 0) a.weight = net.w[a.at]; /* four loads at once */
        if (b.at >= 0) b.weight = net.w[b.at];
        if (c.at >= 0) c.weight = net.w[c.at];
        if (d.at >= 0) d.weight = net.w[d.at];
        store_change(net, w, a);
        store_change(net, w, b);
        store_change(net, w, c);
        store_change(net, w, d);
    }
}

/* The post rule's change from input i onto neuron j. at: index into net.w, or -1 for no change. */
struct potentiation {
    int at;
    float weight, pre;
};

INLINE struct potentiation find_potentiation(struct network net, int i, int j, int t, int is_above_max) {
    struct potentiation x = {-1, 0.0f, 0.0f};
    if (i < CLSNN_N_PRE) {
        const int since = t - net.last_pre[i];
        x.pre = trace(net.tables->pre, since, net.p.cut_pre);
        if (is_above_max || since < net.p.cut_pre) x.at = i * net.n + j;
    }
    return x;
}

/* Applies the post rule of neuron j at step t to its weights from inputs within their trace. If weights need
 * clipping, all 784 are visited. */
INLINE void apply_post_rule(struct network net, int j, int t) {
    const float potentiate = trace(net.tables->potentiate, t - net.last_exc[j], net.p.cut_post2);
    const int is_above_max = net.above_max[j];
    if (!is_above_max && potentiate == 0.0f) return;
    for (int i = LID; i < CLSNN_N_PRE; i += STORED * CLSNN_WG) {
        struct potentiation a = find_potentiation(net, i, j, t, is_above_max),
                            b = find_potentiation(net, i + CLSNN_WG, j, t, is_above_max),
                            c = find_potentiation(net, i + 2 * CLSNN_WG, j, t, is_above_max),
                            d = find_potentiation(net, i + 3 * CLSNN_WG, j, t, is_above_max);
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

/* Predicts the next spike of inhibitory neuron j, which is at the end of step t or is not followed. */
INLINE void foretell_inh(struct network net, int j, int t) {
    net.next_inh[j] = next_spike_inh(net, j, t + 1, NO_STEP);
}

/* Fires the own inhibitory neurons that are due in step t. */
INLINE void fire_inh(struct network net, int t, __local uint *fired, __local int *n_fired) {
    FOR_OWN_LANES (k, net.n) {
        for (int j = k; j < k + LANES; j++) {
            if (net.next_inh[j] != t) continue;
            if (follow_inh(net, j, t)) {
                ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
                ATOMIC_INC(n_fired);
            }
            foretell_inh(net, j, t);
        }
    }
}

/* Adds an excitatory spike's drive to the neuron's inhibitory partner. */
INLINE void excite_partner(struct network net, int j, int t) {
    follow_inh(net, j, t);
    catch_up_inh(net, j, t);
    net.g_exc_inh[j] += net.p.w_exc_inh;
    foretell_inh(net, j, t);
}

/* Sets *next to the first step in which an inhibitory neuron fires. The caller has set it to NO_STEP. */
INLINE void find_next_inh(struct network net, __local int *next) {
    int own = NO_STEP;
    FOR_OWN_LANES (k, net.n) {
        for (int j = k; j < k + LANES; j++) own = min(own, net.next_inh[j]);
    }
    if (own < NO_STEP) ATOMIC_MIN(next, own);
}

/* Puts neuron j on the list of traced neurons. listed: a bit for each neuron in net.traced. */
INLINE void list_traced(struct network net, int j, __local uint *listed, __local int *n_traced) {
    const uint bit = 1u << (j % 32);
    if ((ATOMIC_OR(&listed[j / 32], bit) & bit) == 0u) net.traced[ATOMIC_INC(n_traced)] = (ushort)j;
}

/* Prepares the own blocks for the steps from t on. */
INLINE void begin_steps(struct network net, int t, int n_steps, int learn, __local uint *listed,
                        __local int *n_traced) {
    FOR_OWN_LANES (k, net.n) {
        for (int j = k; j < k + LANES; j++) {
            begin_exc(net, j, t, n_steps, learn);
            if (learn && is_traced(net, j, t)) list_traced(net, j, listed, n_traced);
            foretell_inh(net, j, t - 1);
        }
    }
}

/* Brings the own inhibitory neurons that are followed, or were, to where single steps leave them at the end
 * of step t. */
INLINE void end_steps(struct network net, int t) {
    FOR_OWN_LANES (k, net.n) {
        for (int j = k; j < k + LANES; j++) follow_inh(net, j, t);
    }
}
#endif
