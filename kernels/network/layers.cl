/* The parts of one step on one network's part of the buffers. A work-item computes the neurons that it owns.
 * presentation.cl gives the order of the parts. */

/* One network's part of the buffers. n counts neurons, padding included. With CLSNN_SHARES it is the share of
 * one work-group: n counts its neurons, and every pointer to a row of neurons is at the first of them. */
struct network {
    struct clsnn_params p;
    __global const struct clsnn_tables *tables;
    __global float *w;           /* [784][ROW_LENGTH] */
    __global float *theta;       /* [n] theta at step t is theta * decay[t] */
    __global const float *zeros; /* [n] a row of zero weights: adding it changes nothing */
#if HAS_DELAYS
    __global const uchar *delays; /* [784][ROW_LENGTH] steps from an input's spike to its arrival */
#endif
    int n;
#ifdef CLSNN_SHARES
    int first, row_length; /* the share's first neuron; all neurons of the network, padding included */
#define ROW_LENGTH(net) ((net).row_length)
#else
#define ROW_LENGTH(net) ((net).n)
#endif
#define ROW(type, name, elements) __global type *name;
    CLSNN_STATE_ROWS(ROW, n, CLSNN_N_PRE, CLSNN_DELAY) /* abi.h */
#undef ROW
};

/* Points the network's rows into one slot of the state. */
INLINE void use_slot(struct network *net, __global uint *state, size_t slot) {
    __global uint *row = state + slot * (size_t)CLSNN_SLOT_WORDS(net->n, CLSNN_N_PRE, CLSNN_DELAY);
#define ROW(type, name, elements)                                                                            \
    net->name = (__global type *)row;                                                                        \
    row += CLSNN_ROW_WORDS(type, elements);
    CLSNN_STATE_ROWS(ROW, net->n, CLSNN_N_PRE, CLSNN_DELAY)
#undef ROW
}

#ifdef CLSNN_SHARES
/* Points the rows to the share's neurons in the network's slot. The rows of inputs are the share's own:
 * `inputs` is a slot of 0 neurons. */
INLINE void use_share(struct network *net, __global uint *slot, __global uint *inputs) {
    struct network whole, own;
    whole.n = net->row_length;
    own.n = 0;
    use_slot(&whole, slot, 0);
    use_slot(&own, inputs, 0);
#define ROW(type, name, elements) net->name = whole.name + net->first;
    CLSNN_STATE_ROWS(ROW, whole.n, CLSNN_N_PRE, CLSNN_DELAY)
#undef ROW
    net->last_pre = own.last_pre;
    net->pending = own.pending;
    net->spikes = own.spikes;
}
#endif
/* Returns the trace of input i, `since` steps after its last spike. */
INLINE float x_pre_at(struct network net, int i, int since) {
    const float x = trace(net.tables->pre, since, net.p.cut_pre);
    return ADDS_UP ? net.x_pre[i] * x : x;
}

/* Returns eta_pre * y_post of neuron j, `since` steps after its last spike. */
INLINE float depression_at(struct network net, int j, int since) {
    const float y = trace(net.tables->depress, since, net.p.cut_post1);
    return ADDS_UP ? net.p.eta_pre * (net.y_post[j] * y) : y;
}

/* Returns what multiplies x_pre at a spike of neuron j, `since` steps after its last spike. */
INLINE float potentiation_at(struct network net, int j, int since) {
#if READS_Y2
    const float y = trace(net.tables->potentiate, since, net.p.cut_post2);
    return ADDS_UP ? net.p.eta_post * (net.y2_post[j] * y) : y;
#else
    return net.p.eta_post;
#endif
}

/* Raises the traces of input i, or of neuron j, at a spike, `since` steps after the last one. With pairing
 * nearest no value is kept: it is 1. */
INLINE void raise_x_pre(struct network net, int i, int since) {
    if (ADDS_UP) net.x_pre[i] = fma(net.x_pre[i], trace(net.tables->pre, since, net.p.cut_pre), 1.0f);
}

INLINE void raise_y_post(struct network net, int j, int since) {
    if (!ADDS_UP) return;
    net.y_post[j] = fma(net.y_post[j], trace(net.tables->depress, since, net.p.cut_post1), 1.0f);
    net.y2_post[j] = fma(net.y2_post[j], trace(net.tables->potentiate, since, net.p.cut_post2), 1.0f);
}

/* Whether the list of traced neurons is needed; for how many steps a neuron is traced after its spike. */
#define LISTS_TRACED    (HAS_PRE_RULE || HAS_DELAYS)
#define TRACED_AFTER(p) ((HAS_PRE_RULE ? (p).cut_post1 : 1) + CLSNN_DELAY)

/* The spikes of a step as bit masks in local memory. */
struct spikes {
    __local uint *exc, *inh; /* [words] */
    __local int *n_exc, *n_inh;
    int words; /* n / 32, rounded up */
};

/* Visits the set bits of a spike mask as neuron j, in increasing order. */
#define FOR_SPIKES(j, mask, n_words)                                                                         \
    for (int word_ = 0; word_ < (n_words); word_++)                                                          \
        for (uint rest_ = (mask)[word_], j = 0u;                                                             \
             rest_ != 0u && (j = (uint)(32 * word_ + lowest_bit(rest_)), 1); rest_ &= rest_ - 1u)

INLINE int is_followed(struct network net, int j, int t) {
    return must_follow_inh(net.g_exc_inh[j], t - net.last_inh[j], net.p);
}

#define CATCH_UP_STEPS 16

/* Computes steps s to t of an inhibitory neuron that is not followed. */
INLINE void relax_inh(float *out_v, float *out_g, int s, int t, struct clsnn_params p) {
    float v = *out_v, g = *out_g;
    for (; s <= t && g != 0.0f; s++) step_unfollowed_inh(&v, &g, p);
    /* Without drive |v| only falls, and a neuron at rest stays there. So a test every CATCH_UP_STEPS steps is
     * enough. */
    for (; t - s >= CATCH_UP_STEPS && v != 0.0f; s += CATCH_UP_STEPS) {
#pragma unroll
        for (int k = 0; k < CATCH_UP_STEPS; k++) v = integrate_inh(v, 0.0f, p);
        if (is_at_rest(v)) v = 0.0f;
    }
    for (; s <= t && v != 0.0f; s++) step_unfollowed_inh(&v, &g, p);
    *out_v = v;
    *out_g = g;
}

/* Brings an inhibitory neuron up to step t. The neuron was not followed since seen_inh: it was not refractory
 * and did not fire. */
INLINE void catch_up_inh(struct network net, int j, int t) {
    float v = net.v_inh[j], g = net.g_exc_inh[j];
    relax_inh(&v, &g, net.seen_inh[j] + 1, t, net.p);
    net.v_inh[j] = v;
    net.g_exc_inh[j] = g;
    net.seen_inh[j] = t;
}

/* Computes an inhibitory neuron's steps up to step t, for as long as it has to be followed. It does not fire
 * before step t. Returns whether it fires then. */
INLINE int follow_inh(struct network net, int j, int t) {
    float v = net.v_inh[j], g = net.g_exc_inh[j];
    int s = net.seen_inh[j] + 1, last = net.last_inh[j], fired = 0;
    for (; s <= t && must_follow_inh(g, s - last, net.p); s++) {
        if (step_followed_inh(&v, &g, s - last, net.p)) {
            last = s;
            fired = 1;
        }
    }
    net.v_inh[j] = v;
    net.g_exc_inh[j] = g;
    net.last_inh[j] = last;
    net.seen_inh[j] = s - 1;
    return fired;
}

/* Returns the first step in [t, end) in which followed inhibitory neuron j fires, or end. */
INLINE int next_spike_inh(struct network net, int j, int t, int end) {
    float v = net.v_inh[j], g = net.g_exc_inh[j];
    for (; t < end && must_follow_inh(g, t - net.last_inh[j], net.p); t++) {
        if (step_followed_inh(&v, &g, t - net.last_inh[j], net.p)) return t;
    }
    return end;
}

/* Returns the lowest threshold of a neuron from step t to the presentation's end, since theta only decays. */
INLINE float lowest_threshold(struct network net, float theta, int t, int n_steps, int learn) {
    const float now = threshold_exc(theta, learn ? net.tables->decay[t] : 1.0f, net.p);
    const float last = threshold_exc(theta, learn ? net.tables->decay[n_steps - 1] : 1.0f, net.p);
    return last < now ? last : now;
}

#if CLSNN_WG == 1
/* Part 2 of the excitatory layer. It runs only in the few steps in which some neuron is above its lowest
 * threshold. */
INLINE void find_spikes(struct network net, int t, float decay_t, __local uint *fired, __local int *n_fired) {
    FOR_OWN_LANES (k, net.n) {
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
    net.threshold[j] = lowest_threshold(net, net.theta[j], t, n_steps, learn);
}

/* Part 3: g_inh of every neuron rises by w_inh_exc for each of the n_inh spikes, its own excepted: those of
 * inhibitory partners, or with direct inhibition of excitatory neurons. */
INLINE void inhibit(struct network net, __local const uint *fired, int n_inh) {
    const real all = (real)((float)n_inh);
    FOR_OWN_LANES (k, net.n) {
        const uint own = fired[k / 32] >> (k % 32) & (uint)((1ul << LANES) - 1ul);
        if (own == 0u) {
            STORE(fma((real)(net.p.w_inh_exc), all, LOAD(net.g_inh, k)), net.g_inh, k);
        } else {
            for (int b = 0; b < LANES; b++)
                net.g_inh[k + b] =
                    fma(net.p.w_inh_exc, (float)(n_inh - (int)(own >> b & 1u)), net.g_inh[k + b]);
        }
    }
}

/* Returns whether an input spike may change neuron j's weights at step t: y_post has not ended, or weights
 * need clipping. With delays also whether a weight under way may have changed since its spike. */
INLINE int is_traced(struct network net, int j, int t) {
    if (LISTS_TRACED && t - net.last_exc[j] < TRACED_AFTER(net.p)) return 1;
    return HAS_PRE_RULE && net.above_max[j];
}

/* Part 4 for one excitatory neuron. Its owner calls this. */
INLINE void reset_exc(struct network net, int j, int t, int n_steps, int learn) {
    net.v_exc[j] = net.p.reset_exc;
    if (learn) {
        net.theta[j] += net.tables->theta_plus[t];
        set_threshold(net, j, t, n_steps, learn);
        raise_y_post(net, j, t - net.last_exc[j]);
    }
    if (t < net.p.n_on) net.counts[j]++;
    net.last_exc[j] = t;
}

/* Prepares neuron j for step t: sets its threshold; at t = 0 also its spike count to 0. */
INLINE void begin_exc(struct network net, int j, int t, int n_steps, int learn) {
    set_threshold(net, j, t, n_steps, learn);
    if (t == 0) net.counts[j] = 0;
}

/* Makes the state at the end of a window the state. */
INLINE void swap_state(struct network *net) {
    __global float *const v = net->v_exc, *const g_exc = net->g_exc, *const g_inh = net->g_inh;
    net->v_exc = net->ahead_v;
    net->g_exc = net->ahead_g_exc;
    net->g_inh = net->ahead_g_inh;
    net->ahead_v = v;
    net->ahead_g_exc = g_exc;
    net->ahead_g_inh = g_inh;
}

/* Copies the state back into its own buffers after an odd number of swaps. */
INLINE void keep_state(struct network net) {
    FOR_OWN_LANES (k, net.n) {
        STORE(LOAD(net.v_exc, k), net.ahead_v, k);
        STORE(LOAD(net.g_exc, k), net.ahead_g_exc, k);
        STORE(LOAD(net.g_inh, k), net.ahead_g_inh, k);
    }
}
#endif
