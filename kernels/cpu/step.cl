/* The parts of single steps, for work-groups of one: plain loops over vectors, and short lists of the few
 * neurons that need work. presentation.cl gives the order of the parts. */
#if CLSNN_WG == 1

/* Computes step t of a followed inhibitory neuron. */
INLINE void step_inh(struct network net, int j, int t, __local uint *fired, __local int *n_fired) {
    float v = net.v_inh[j], g = net.g_exc_inh[j];
    if (step_followed_inh(&v, &g, t - net.last_inh[j], net.p)) {
        fired[j / 32] |= 1u << (j % 32);
        ++*n_fired;
        net.last_inh[j] = t;
    }
    net.v_inh[j] = v;
    net.g_exc_inh[j] = g;
    net.seen_inh[j] = t;
}

/* Takes off the list the inhibitory neurons that need no following any more. */
INLINE void stop_following(struct network net, int t, int *n_followed) {
    for (int h = 0; h < *n_followed;) {
        if (is_followed(net, net.followed[h], t))
            h++;
        else
            net.followed[h] = net.followed[--*n_followed];
    }
}

/* Four rows of weights. */
struct rows {
    __global const float *w0, *w1, *w2, *w3;
};

/* Returns the weights of event e, or a row of zeros past the last event: adding it changes nothing. */
INLINE __global const float *event_row(struct network net, __local const ushort *events, int n_events,
                                       int e) {
    /* read even past the last event, so that the line below needs no branch */
    const int offset = (int)events[e] * ROW_LENGTH(net);
    return e < n_events ? net.w + offset : net.zeros;
}

/* Returns the rows of events e to e + 3. */
INLINE struct rows event_rows(struct network net, __local const ushort *events, int n_events, int e) {
    const struct rows r = {event_row(net, events, n_events, e), event_row(net, events, n_events, e + 1),
                           event_row(net, events, n_events, e + 2), event_row(net, events, n_events, e + 3)};
    return r;
}

/* Adds the weights of n_events inputs to g_exc of every neuron, in increasing order of inputs. Rows of zeros
 * pad the events to four, because a branch on their number is mispredicted in most steps. Long rows cost more
 * than such a branch and are padded to two. */
#define LONG_ROW 256
INLINE void deliver_inputs(struct network net, __local const ushort *events, int n_events) {
    int e = 0;
    for (; e + (net.n < LONG_ROW ? 0 : 2) < n_events; e += 4) {
        const struct rows r = event_rows(net, events, n_events, e);
        FOR_OWN_LANES (k, net.n)
            STORE((((LOAD(net.g_exc, k) + LOAD(r.w0, k)) + LOAD(r.w1, k)) + LOAD(r.w2, k)) + LOAD(r.w3, k),
                  net.g_exc, k);
    }
    if (e < n_events) {
        __global const float *w0 = event_row(net, events, n_events, e),
                             *w1 = event_row(net, events, n_events, e + 1);
        FOR_OWN_LANES (k, net.n) STORE((LOAD(net.g_exc, k) + LOAD(w0, k)) + LOAD(w1, k), net.g_exc, k);
    }
}

/* Part 1 of the excitatory layer. First adds n_deferred rows of the step before: the weights of inputs, 0, 2
 * or 4 rows, padded with zeros; with delays 0 or 1 row, the arrivals. below: some v may lie under the
 * inhibitory reversal, as at the protocol's start. Callers pass below and n_deferred as constants. Returns
 * whether a neuron is above its lowest threshold. */
INLINE int advance_exc(struct network net, const int below, const int n_deferred,
                       const struct rows deferred) {
    const struct clsnn_params p = net.p;
    const real reversal = (real)(p.floor_exc);
    flags above = (flags)(0);
    FOR_OWN_LANES (k, net.n) {
        const real v = LOAD(net.v_exc, k), g_inh = LOAD(net.g_inh, k);
        real g_exc = LOAD(net.g_exc, k);
        if (n_deferred == 1) g_exc = g_exc + LOAD(deferred.w0, k);
        if (n_deferred > 1) g_exc = (g_exc + LOAD(deferred.w0, k)) + LOAD(deferred.w1, k);
        if (n_deferred > 2) g_exc = (g_exc + LOAD(deferred.w2, k)) + LOAD(deferred.w3, k);
        const real next = integrate_exc(v, g_exc, g_inh, below ? (v < reversal ? v : reversal) : reversal, p);
        STORE(next, net.v_exc, k);
        STORE(g_exc * p.keep_g_exc, net.g_exc, k);
        STORE(g_inh * p.keep_g_inh, net.g_inh, k);
        above |= next > LOAD(net.threshold, k);
    }
    return any_of(above);
}

/* Holds v at reset where a neuron fired less than hold_exc steps ago. */
INLINE void hold_exc(struct network net, int t) {
    if (net.p.hold_exc == 0) return;
    FOR_OWN_LANES (k, net.n) {
        const flags is_held = t - *(__global const flags *)(net.last_exc + k) < net.p.hold_exc;
        STORE(is_held != 0 ? (real)(net.p.reset_exc) : LOAD(net.v_exc, k), net.v_exc, k);
    }
}

/* Flushes conductances. Returns whether a neuron is still inhibited. */
INLINE int flush_exc(struct network net) {
    flags inhibited = (flags)(0);
    FOR_OWN_LANES (k, net.n) {
        const real g_inh = flush_conductances(LOAD(net.g_inh, k));
        STORE(flush_conductances(LOAD(net.g_exc, k)), net.g_exc, k);
        STORE(g_inh, net.g_inh, k);
        inhibited |= g_inh != 0.0f;
    }
    return any_of(inhibited);
}

/* Returns whether only the leak is left to compute from step t on. Then no conductance is above zero, no
 * potential is held, and none is, or can relax, above its lowest threshold. */
INLINE int is_quiet(struct network net, int t) {
    flags busy = (flags)(0);
    FOR_OWN_LANES (k, net.n) {
        const real threshold = LOAD(net.threshold, k);
        busy |= (LOAD(net.g_exc, k) != 0.0f) | (LOAD(net.g_inh, k) != 0.0f) | (threshold < 0.0f) |
                !(LOAD(net.v_exc, k) <= threshold) |
                (t - *(__global const flags *)(net.last_exc + k) < net.p.hold_exc);
    }
    return !any_of(busy);
}

/* Computes n steps of integrate_exc without conductances. */
INLINE void relax_exc(struct network net, int n) {
    const real leak = (real)(net.p.leak_exc);
    int k = 0;
    /* four blocks at once hide the latency of the multiplication */
    for (; k + 4 * LANES <= net.n; k += 4 * LANES) {
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

/* Applies the pre rule of n_events inputs at step t. It takes up to TRACED_AT_ONCE traced neurons at a time.
 * Their number rarely changes between steps, so the inner loop's end is predicted. */
#define TRACED_AT_ONCE 16
INLINE void apply_pre_rule(struct network net, int t, __local const ushort *events, int n_events,
                           int *n_traced) {
    int next = 0;
    for (int e = 0; ADDS_UP && e < n_events; e++) raise_x_pre(net, events[e], t - net.last_pre[events[e]]);
    do {
        int column[TRACED_AT_ONCE], n_columns = 0;
        float depress[TRACED_AT_ONCE];
        while (next < *n_traced && n_columns < TRACED_AT_ONCE) {
            const int j = net.traced[next];
            if (is_traced(net, j, t)) {
                column[n_columns] = j;
                depress[n_columns++] = depression_at(net, j, t - net.last_exc[j]);
                next++;
            } else {
                net.traced[next] = net.traced[--*n_traced];
            }
        }
        for (int e = 0; e < n_events; e++) {
            __global float *row = net.w + (int)events[e] * ROW_LENGTH(net);
            net.last_pre[events[e]] = t;
            for (int c = 0; c < n_columns; c++)
                row[column[c]] = depress_weight(row[column[c]], depress[c], net.p);
        }
    } while (next < *n_traced);
}

/* Input spikes left to the next step, with their pre rule: that step reads and writes g_exc anyway. Only a
 * step without excitatory spikes leaves any. Nothing touches g_exc, weights or traces in between. With delays
 * every step leaves its arrivals, n = 1, because their sums no longer change. */
struct deferred {
    __local const ushort *events;
    int n;
};

#if HAS_DELAYS
/* What is under way. Input spikes, by step, then increasing: entries first .. end - 1 of net.under_way, step
 * << 16 | input. And for each of the next steps what arrives at traced neurons: n_due[step % CLSNN_DUE_STEPS]
 * entries of net.due, input << 16 | neuron, in the order of the spikes. A longer list has no entries after
 * CLSNN_DUE, and is not used. */
struct under_way {
    int first, end;
    int n_due[CLSNN_DUE_STEPS];
};

#define DUE_AT(step) ((step) % CLSNN_DUE_STEPS)
#define NOTHING_DUE  (~0u) /* an entry that was taken back */

/* Appends the input spikes of step t, drops those that have arrived everywhere. */
INLINE void queue_spikes(struct network net, struct under_way *way, int t, __local const ushort *events,
                         int n_events) {
    for (int e = 0; e < n_events; e++) net.under_way[way->end++] = (uint)t << 16 | events[e];
    while (way->first < way->end && (int)(net.under_way[way->first] >> 16) < t - CLSNN_DELAY) way->first++;
}

/* Moves the queue to the front of its memory. */
INLINE void turn_queue(struct network net, struct under_way *way) {
    for (int q = way->first; q < way->end; q++) net.under_way[q - way->first] = net.under_way[q];
    way->end -= way->first;
    way->first = 0;
}

/* Notes that a spike of input i arrives at neuron j in a step. */
INLINE void note_due(struct network net, struct under_way *way, int i, int j, int step) {
    const int n = way->n_due[DUE_AT(step)]++;
    if (n < CLSNN_DUE) net.due[DUE_AT(step) * CLSNN_DUE + n] = (uint)i << 16 | (uint)j;
}

/* Notes what is under way to neuron j, which is traced from now on, and arrives after step t. */
INLINE void note_all_due(struct network net, struct under_way *way, int j, int t) {
    for (int q = way->first; q < way->end; q++) {
        const int i = (int)(net.under_way[q] & 0xffffu);
        const int step = (int)(net.under_way[q] >> 16) + net.delays[i * ROW_LENGTH(net) + j];
        if (step > t) note_due(net, way, i, j, step);
    }
}

/* Takes back what is noted for neuron j, which is traced no more, from step t on. */
INLINE void forget_due(struct network net, struct under_way *way, int j, int t) {
    for (int step = t; step < t + CLSNN_DELAY; step++) {
        const int n = min(way->n_due[DUE_AT(step)], CLSNN_DUE);
        __global uint *due = net.due + DUE_AT(step) * CLSNN_DUE;
        for (int k = 0; k < n; k++) due[k] = (due[k] & 0xffffu) == (uint)j ? NOTHING_DUE : due[k];
    }
}

/* Adds the weights of input i to the sums of the steps in which its spike at step t arrives. */
INLINE void send_spike(struct network net, int i, int t) {
    __global const float *w = net.w + i * ROW_LENGTH(net);
    __global const uchar *delay = net.delays + i * ROW_LENGTH(net);
    __global float *sums = arrivals_at(net, t, 0);
    const size_t n = (size_t)net.n;
    for (int k = 0; k < net.n; k += LANES, w += LANES, delay += LANES, sums += LANES) {
#pragma unroll
        for (int b = 0; b < LANES; b++) sums[delay[b] * n + (size_t)b] += w[b];
    }
}

/* Adds a weight that arrives at traced neuron j in step t to its sum, and applies the pre rule to it. at: the
 * weight's index. */
INLINE void receive_weight(struct network net, int at, int j, int t) {
    arrivals_at(net, t, 0)[j] += net.w[at];
    if (HAS_PRE_RULE)
        net.w[at] = depress_weight(net.w[at], depression_at(net, j, t - net.last_exc[j]), net.p);
}

/* Does for every traced neuron what its arrivals do in step t. */
INLINE void receive_traced(struct network net, struct under_way *way, int t, int n_traced) {
    const int n = way->n_due[DUE_AT(t)];
    way->n_due[DUE_AT(t)] = 0;
    for (int r = 0; r < n_traced; r++) arrivals_at(net, t, 0)[net.traced[r]] = 0.0f;
    for (int k = 0; k < n && n <= CLSNN_DUE; k++) {
        const uint due = net.due[DUE_AT(t) * CLSNN_DUE + k];
        const int j = (int)(due & 0xffffu);
        if (due != NOTHING_DUE) receive_weight(net, (int)(due >> 16) * ROW_LENGTH(net) + j, j, t);
    }
    for (int r = 0; r < n_traced && n > CLSNN_DUE; r++) { /* too many: looks at every spike under way */
        const int j = net.traced[r];
        for (int q = way->first; q < way->end; q++) {
            const int at = (int)(net.under_way[q] & 0xffffu) * ROW_LENGTH(net) + j;
            if (t - (int)(net.under_way[q] >> 16) == (int)net.delays[at]) receive_weight(net, at, j, t);
        }
    }
}

/* Part 3 of the input spikes of step t, and of what arrives in it. */
INLINE void send_and_receive(struct network net, struct under_way *way, int t, __local const ushort *events,
                             int n_events, const int learn, int *n_traced) {
    for (int e = 0; e < n_events; e++) send_spike(net, events[e], t);
    if (!learn) return;
    for (int r = 0; r < *n_traced;) {
        const int j = net.traced[r];
        if (is_traced(net, j, t)) {
            r++;
        } else {
            forget_due(net, way, j, t);
            net.traced[r] = net.traced[--*n_traced];
        }
    }
    queue_spikes(net, way, t, events, n_events);
    for (int e = 0; e < n_events; e++) {
        __global const uchar *delay = net.delays + events[e] * ROW_LENGTH(net);
        note_spike(net, events[e], t);
        for (int r = 0; r < *n_traced; r++)
            note_due(net, way, events[e], net.traced[r], t + delay[net.traced[r]]);
    }
    receive_traced(net, way, t, *n_traced);
}

/* Adds the arrivals of step t - 1 and computes part 1 of step t. Returns as advance_exc. */
INLINE int advance_all(struct network net, int t, int below, const int learn, struct deferred *deferred,
                       int *n_traced) {
    const int is_due = deferred->n;
    const struct rows rows = {is_due ? arrivals_at(net, t - 1, 0) : net.zeros, 0, 0, 0};
    (void)learn, (void)n_traced;
    deferred->n = 0;
    if (below) return advance_exc(net, 1, 1, rows); /* rare, so one form is enough */
    return is_due ? advance_exc(net, 0, 1, rows) : advance_exc(net, 0, 0, rows);
}

/* Adds the arrivals of step t before a flush and after the last step. */
INLINE void deliver_deferred(struct network net, int t, const int learn, struct deferred *deferred,
                             int *n_traced) {
    (void)learn, (void)n_traced;
    if (deferred->n == 0) return;
    FOR_OWN_LANES (k, net.n) STORE(LOAD(net.g_exc, k) + LOAD(arrivals_at(net, t, 0), k), net.g_exc, k);
    deferred->n = 0;
}
#else

/* Delivers the deferred events of step t - 1 and computes part 1 of step t. Returns as advance_exc. */
INLINE int advance_all(struct network net, int t, int below, const int learn, struct deferred *deferred,
                       int *n_traced) {
    const int n = deferred->n, n_first = max(n - 4, 0); /* more than four are rare */
    const struct rows rows = event_rows(net, deferred->events, n, n_first);
    int above;
    if (n_first > 0) deliver_inputs(net, deferred->events, n_first);
    if (below) /* rare, so one form is enough */
        above = advance_exc(net, 1, 4, rows);
    else if (n == 0)
        above = advance_exc(net, 0, 0, rows);
    else if (n <= 2)
        above = advance_exc(net, 0, 2, rows);
    else
        above = advance_exc(net, 0, 4, rows);
    if (learn && n != 0) apply_pre_rule(net, t - 1, deferred->events, n, n_traced);
    deferred->n = 0;
    return above;
}

/* Delivers the deferred events of step t before a flush and after the last step. */
INLINE void deliver_deferred(struct network net, int t, const int learn, struct deferred *deferred,
                             int *n_traced) {
    deliver_inputs(net, deferred->events, deferred->n);
    if (learn && deferred->n != 0) apply_pre_rule(net, t, deferred->events, deferred->n, n_traced);
    deferred->n = 0;
}
#endif

/* Returns x_pre of the synapse from input i onto neuron j at step t. */
INLINE float x_pre_onto(struct network net, int i, int j, int t) {
#if HAS_DELAYS
    return delayed_x_pre(net, i, j, t);
#else
    (void)j;
    return x_pre_at(net, i, t - net.last_pre[i]);
#endif
}

#if CHANGES_SILENT
/* Whether i is an input. The last block of inputs may be incomplete. */
#define IS_INPUT(i) (CLSNN_N_PRE % LANES == 0 || (i) < CLSNN_N_PRE)

/* Applies the post rule of neuron j at step t to all its weights, a block of inputs at a time. potentiable:
 * as below; the x_pre of other inputs is 0. */
INLINE void apply_post_rule(struct network net, int j, int t, __local const ushort *potentiable,
                            int n_potentiable) {
    real pre[(CLSNN_N_PRE + LANES - 1) / LANES];
    float *x_pre = (float *)pre;
    for (int i = 0; i < CLSNN_N_PRE; i += LANES) pre[i / LANES] = (real)(0.0f);
    for (int c = 0; c < n_potentiable; c++) {
        const int i = potentiable[c];
        x_pre[i] = x_pre_onto(net, i, j, t);
    }
    for (int i = 0; i < CLSNN_N_PRE; i += LANES) {
        __global float *column = net.w + i * ROW_LENGTH(net) + j;
        float w[LANES];
        for (int b = 0; b < LANES; b++) w[b] = IS_INPUT(i + b) ? column[b * ROW_LENGTH(net)] : 0.0f;
        vstore16(potentiate_weights(vload16(0, w), pre[i / LANES], net.p), 0, w);
        for (int b = 0; b < LANES; b++)
            if (IS_INPUT(i + b)) column[b * ROW_LENGTH(net)] = w[b];
    }
}
#else
/* Applies the post rule from input i onto neuron j at step t. */
INLINE void potentiate_synapse(struct network net, int i, int j, int t, float potentiate) {
    const float pre = x_pre_onto(net, i, j, t);
    __global float *w = net.w + i * ROW_LENGTH(net) + j;
    *w = potentiate_weight(*w, pre, potentiate, net.p.w_max);
}

/* Applies the post rule of neuron j at step t. potentiable: [n_potentiable] inputs that have ink now or
 * spiked within the trace. If weights need clipping, all are visited. */
INLINE void apply_post_rule(struct network net, int j, int t, __local const ushort *potentiable,
                            int n_potentiable) {
    const float potentiate = potentiation_at(net, j, t - net.last_exc[j]);
    if (net.above_max[j]) {
        FOR_OWN (i, CLSNN_N_PRE) potentiate_synapse(net, i, j, t, potentiate);
    } else if (potentiate != 0.0f) {
        for (int c = 0; c < n_potentiable; c++) {
            const int i = potentiable[c];
            if (t - net.last_pre[i] < net.p.cut_pre + CLSNN_DELAY)
                potentiate_synapse(net, i, j, t, potentiate);
        }
    }
}
#endif

/* Lists the inputs that spike in step t, in increasing order, two bundles at a time. Always writes four
 * entries a pair: cheaper than a mispredicted branch. Entries past the count are overwritten by the next
 * pair, or never used. */
#define LISTED_AT_ONCE 4
INLINE int list_events(struct encoding input, int n_bundles, int t, __local ushort *events) {
    int n = 0;
    for (int g = 0; g < n_bundles; g += 2) {
        __local const ushort *inputs = input.active + g * CLSNN_BUNDLE;
        ulong word = input.spikes[g * CLSNN_MAX_ON + t];
        if (g + 1 < n_bundles) word |= (ulong)input.spikes[(g + 1) * CLSNN_MAX_ON + t] << 32;
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

/* Adds an excitatory spike's drive to the neuron's inhibitory partner and puts the partner on the list of
 * followed neurons. */
INLINE void excite_partner(struct network net, int j, int t, int *n_followed) {
    catch_up_inh(net, j, t);
    net.g_exc_inh[j] += net.p.w_exc_inh;
    for (int h = 0; h < *n_followed; h++) {
        if (net.followed[h] == j) return;
    }
    net.followed[(*n_followed)++] = (ushort)j;
}

/* Puts neuron j on the list of traced neurons. Returns whether it was not there. */
INLINE int list_traced(struct network net, int j, int *n_traced) {
    int r = 0;
    while (r < *n_traced && net.traced[r] != j) r++;
    if (r < *n_traced) return 0;
    net.traced[(*n_traced)++] = (ushort)j;
    return 1;
}

/* Prepares the steps from t on: sets thresholds and rebuilds the lists from the state. Returns whether a
 * potential lies below the inhibitory reversal. */
INLINE int begin_steps(struct network net, struct encoding input, int n_active, int t, int n_steps, int learn,
                       __local ushort *potentiable, int *n_potentiable, int *n_traced, int *n_followed) {
    int below = 0;
    *n_potentiable = *n_traced = *n_followed = 0;
    for (int j = 0; j < net.n; j++) {
        begin_exc(net, j, t, n_steps, learn);
        below |= net.v_exc[j] < net.p.floor_exc;
    }
    for (int j = 0; j < net.n; j++) {
        if (learn && is_traced(net, j, t)) net.traced[(*n_traced)++] = (ushort)j;
        if (is_followed(net, j, t)) net.followed[(*n_followed)++] = (ushort)j;
    }
    if (learn) { /* flags first, then their list in the same place: no branch, no search */
        for (int i = 0; i < CLSNN_N_PRE; i++)
            potentiable[i] = t - net.last_pre[i] < net.p.cut_pre + CLSNN_DELAY;
        for (int a = 0; a < n_active; a++) potentiable[input.active[a]] = 1;
        for (int i = 0; i < CLSNN_N_PRE; i++) {
            const int is_potentiable = potentiable[i];
            potentiable[*n_potentiable] = (ushort)i;
            *n_potentiable += is_potentiable;
        }
    }
    return below;
}
#endif
