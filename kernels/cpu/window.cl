/* Steps in windows, for work-groups of one. Neurons interact only at spikes, and the inputs of the next steps
 * are known. So a few blocks of neurons at a time are computed up to 16 steps ahead, with their state in
 * registers. The first spike ends the window for all blocks. A block that went beyond that step is computed
 * again up to it, from the state at the window's start. Blocks with traced neurons (marked) cannot be
 * computed again, because the pre rule changes their weights. So all marked blocks run together, once, after
 * the other blocks have found their first spike. If a marked block fires earlier, the others run again up to
 * its step. Each neuron and weight sees the operations of single steps in their order. So no bit depends on
 * where windows begin and end. */
#if CLSNN_WG == 1

#define AHEAD_STEPS  16  /* most steps of a window */
#define AHEAD_EVENTS 128 /* most input spikes of a window; a step with more is a single step */
/* One step too many is listed before the limit is seen; rows are read four at a time. */
#define MAX_EVENTS (AHEAD_EVENTS + CLSNN_N_PRE + 4)
/* Blocks computed together: as many as fit the registers. They hide each other's latency. */
#define SIDE_BY_SIDE 7
/* The same where no block is marked and weights come from beyond the first-level cache. */
#define SIDE_BY_SIDE_UNMARKED 4
#define MAX_BLOCKS            (CLSNN_MAX_POST / LANES)

/* Returns whether windows pay. They do where all blocks run together, and where a step's rows do not fit
 * the first-level cache. In between, calls and steps computed twice cost more than loading and storing the
 * state. */
INLINE int pays_ahead(int n) {
    return n <= SIDE_BY_SIDE * LANES || n > 1280;
}

/* The steps that a window may cover, and the order of its blocks. */
struct ahead {
    /* The inputs that spike in steps from .. until - 1: events[first[t - from]] and so on. */
    int from, until;
    int first[AHEAD_STEPS + 1];
    /* The first neurons of the blocks, marked blocks first. The last entry is repeated, so that runs can read
     * past it. */
    int n_marked, n_blocks, n_first; /* n_first: blocks of the run that has all marked ones */
    ushort order[MAX_BLOCKS + SIDE_BY_SIDE];
};

/* Lists the input spikes from step t on, for as many steps as fit a window. */
INLINE void list_ahead(struct ahead *a, struct encoding input, int n_bundles, int t, int n_on, int end_step,
                       __local ushort *events) {
    int n = 0, s = 0;
    a->first[0] = 0;
    while (s < AHEAD_STEPS && t + s < end_step) {
        if (t + s < n_on) n += list_events(input, n_bundles, t + s, events + n);
        if (n > AHEAD_EVENTS) break;
        a->first[++s] = n;
    }
    a->from = t;
    a->until = t + s;
}

/* Brings marked blocks to the front. A network of at most SIDE_BY_SIDE blocks needs no marks: it is one run.
 * With more than SIDE_BY_SIDE marked blocks, n_marked says so and the order is not used. */
INLINE void order_blocks(struct ahead *a, struct network net, int t, int *n_traced) {
    const int n_blocks = net.n / LANES;
    int n = 0;
    a->n_blocks = n_blocks;
    for (int r = 0; n_blocks > SIDE_BY_SIDE && r < *n_traced;) {
        const int j = net.traced[r], k = j / LANES * LANES;
        if (!is_traced(net, j, t)) {
            net.traced[r] = net.traced[--*n_traced];
            continue;
        }
        int m = 0;
        while (m < n && a->order[m] != k) m++;
        if (m == n) {
            if (n == SIDE_BY_SIDE) {
                a->n_marked = SIDE_BY_SIDE + 1;
                return;
            }
            a->order[n++] = (ushort)k;
        }
        r++;
    }
    a->n_marked = n;
    for (int k = 0; k < net.n; k += LANES) { /* no branch: marks cannot be predicted */
        int is_marked = 0;
        for (int m = 0; m < a->n_marked; m++) is_marked |= a->order[m] == k;
        a->order[n] = (ushort)k;
        n += !is_marked;
    }
    for (int k = n; k < n + SIDE_BY_SIDE; k++) a->order[k] = a->order[n - 1];
    a->n_first = min(n_blocks <= SIDE_BY_SIDE || a->n_marked > 4 ? SIDE_BY_SIDE
                     : a->n_marked > 2                           ? 4
                                                                 : 2,
                     n_blocks);
}

/* One block in registers. */
struct block {
    int k; /* its first neuron */
    real v, g_exc, g_inh, threshold;
};

INLINE struct block load_block(struct network net, int k) {
    const struct block b = {k, LOAD(net.v_exc, k), LOAD(net.g_exc, k), LOAD(net.g_inh, k),
                            LOAD(net.threshold, k)};
    return b;
}

INLINE void store_block(struct network net, struct block b) {
    STORE(b.v, net.ahead_v, b.k);
    STORE(b.g_exc, net.ahead_g_exc, b.k);
    STORE(b.g_inh, net.ahead_g_inh, b.k);
}

/* Part 1 of a step. Returns which neurons are above their lowest threshold. */
INLINE flags advance_block(struct block *b, const int inhibited, real reversal, struct clsnn_params p) {
    b->v = inhibited ? integrate_exc(b->v, b->g_exc, b->g_inh, reversal, p)
                     : integrate_exc_alone(b->v, b->g_exc, reversal, p);
    b->g_exc = b->g_exc * p.keep_g_exc;
    if (inhibited) b->g_inh = b->g_inh * p.keep_g_inh;
    return b->v > b->threshold;
}

/* Computes `width` blocks (2, 4 or 7) from step t on. Stops before step end, or after the first step in
 * which one may fire. k: their first neurons. It does part 1 and, of part 3, what input spikes do; the pre
 * rule only if n_traced is given. inhibited: some g_inh may not be 0. The new state goes to net.ahead_v,
 * ahead_g_exc and ahead_g_inh. Sets *has_fired if a neuron may fire; returns the step after the last one.
 * Callers pass const arguments as constants. Blocks have names, because compilers keep no array in
 * registers. */
INLINE int run_blocks(const struct ahead *ahead, struct network net, __local const ushort *events,
                      const ushort *k, const int width, const int inhibited, int t, int end, const int learn,
                      int *const n_traced, int *has_fired) {
    const struct clsnn_params p = net.p;
    const real reversal = (real)(p.floor_exc);
    const int *until = ahead->first + (t - ahead->from);
    struct block a = load_block(net, k[0]), b = load_block(net, k[1]), c, d, e, f, g;
    if (width >= 4) {
        c = load_block(net, k[2]);
        d = load_block(net, k[3]);
    }
    if (width >= 7) {
        e = load_block(net, k[4]);
        f = load_block(net, k[5]);
        g = load_block(net, k[6]);
    }
    int fired = 0;
    for (; t < end && !fired; t++) {
        flags above = advance_block(&a, inhibited, reversal, p) | advance_block(&b, inhibited, reversal, p);
        if (width >= 4)
            above |= advance_block(&c, inhibited, reversal, p) | advance_block(&d, inhibited, reversal, p);
        if (width >= 7)
            above |= advance_block(&e, inhibited, reversal, p) | advance_block(&f, inhibited, reversal, p) |
                     advance_block(&g, inhibited, reversal, p);
        fired = any_of(above);
        const int first = *until++, n_events = *until - first;
        for (int i = 0; i < n_events; i++) {
            __global const float *row = net.w + (int)events[first + i] * ROW_LENGTH(net);
            a.g_exc += LOAD(row, a.k);
            b.g_exc += LOAD(row, b.k);
            if (width >= 4) {
                c.g_exc += LOAD(row, c.k);
                d.g_exc += LOAD(row, d.k);
            }
            if (width >= 7) {
                e.g_exc += LOAD(row, e.k);
                f.g_exc += LOAD(row, f.k);
                g.g_exc += LOAD(row, g.k);
            }
        }
        if (learn && n_traced && n_events != 0) apply_pre_rule(net, t, events + first, n_events, n_traced);
    }
    store_block(net, a);
    store_block(net, b);
    if (width >= 4) {
        store_block(net, c);
        store_block(net, d);
    }
    if (width >= 7) {
        store_block(net, e);
        store_block(net, f);
        store_block(net, g);
    }
    *has_fired |= fired;
    return t;
}

/* Computes every excitatory neuron from step t up to end - 1 or the first spike. inhibited: some g_inh may
 * not be 0. Sets *has_fired; returns the step after the last one. */
INLINE int run_window(const struct ahead *a, struct network net, __local const ushort *events, int t, int end,
                      int inhibited, const int learn, int *n_traced, int *has_fired) {
    *has_fired = 0;
#define RUN(o, width, n_traced)                                                                              \
    (inhibited ? run_blocks(a, net, events, a->order + (o), width, 1, t, end, learn, n_traced, has_fired)    \
               : run_blocks(a, net, events, a->order + (o), width, 0, t, end, learn, n_traced, has_fired))
    int o = a->n_first, last = a->n_blocks, redo = 0, is_second = 0;
    for (;;) {
        if (o < last) {
            const int now = RUN(o, SIDE_BY_SIDE_UNMARKED, 0);
            if (now < end) redo = o;
            end = now;
            o += SIDE_BY_SIDE_UNMARKED;
            continue;
        }
        if (is_second) return end;
        /* The marked blocks run after the others. Then the blocks that went beyond a spike run again. */
        const int now = a->n_first > 4   ? RUN(0, 7, n_traced)
                        : a->n_first > 2 ? RUN(0, 4, n_traced)
                                         : RUN(0, 2, n_traced);
        last = now < end ? a->n_blocks : redo;
        end = now;
        o = a->n_first;
        is_second = 1;
    }
#undef RUN
}
#endif
