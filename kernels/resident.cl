/* For work-groups of many (a GPU): the first RESIDENT neurons of each work-item keep their state in registers during a presentation, and
 * what the next step's input spikes add is fetched before the barrier, so that memory's latency is waited for once. Neurons beyond
 * them are stored in memory and computed by the same loops as in a work-group of one. Spikes are rare: what only they concern (theta,
 * the inhibitory partner) stays in memory. */
#if CLSNN_WG > 1

#define FETCHED 4 /* weights fetched ahead; 3.3 inputs spike in a step on average */

struct own {
    float v, g_exc, g_inh, threshold;
    int last_exc;
    float w[FETCHED]; /* from the inputs that spike next; 0 behind the last */
};

#define FOR_RESIDENT(q, j)                                                                                   \
    for (int q = 0, j = LID; q < RESIDENT; q++, j += CLSNN_WG)                                               \
        if (j < net.n)

/* Bit q of *hot: the inhibitory partner of resident neuron q is followed step by step; of *over: there may be something to clip. */
INLINE void load_own(struct network net, int t, int learn, struct own own[RESIDENT], uint *hot, uint *over) {
    *hot = *over = 0u;
#pragma unroll
    FOR_RESIDENT (q, j) {
        own[q].v = net.v_exc[j];
        own[q].g_exc = net.g_exc[j];
        own[q].g_inh = net.g_inh[j];
        own[q].threshold = net.threshold[j];
        own[q].last_exc = net.last_exc[j];
        *hot |= (is_hot(net, j, t) ? 1u : 0u) << q;
        *over |= (learn && net.over[j] ? 1u : 0u) << q;
    }
}

INLINE void store_own(struct network net, const struct own own[RESIDENT]) {
#pragma unroll
    FOR_RESIDENT (q, j) {
        net.v_exc[j] = own[q].v;
        net.g_exc[j] = own[q].g_exc;
        net.g_inh[j] = own[q].g_inh;
    }
}

INLINE void flush_own(struct network net, struct own own[RESIDENT]) {
#pragma unroll
    FOR_RESIDENT (q, j) {
        own[q].g_exc = flush_conductance(own[q].g_exc);
        own[q].g_inh = flush_conductance(own[q].g_inh);
    }
}

/* The weights of the next step's inputs. After everything that this step does to weights. */
INLINE void fetch_own(struct network net, struct own own[RESIDENT], __local const ushort *events,
                      int n_events) {
#pragma unroll
    FOR_RESIDENT (q, j) {
#pragma unroll
        for (int e = 0; e < FETCHED; e++)
            own[q].w[e] = e < n_events ? net.w[(int)events[e] * net.n + j] : 0.0f;
    }
}

/* Part 1. Returns whether a neuron is above the lowest threshold it may have. */
INLINE int advance_own(struct network net, struct own own[RESIDENT], int below) {
    const struct clsnn_params p = net.p;
    int above = 0;
#pragma unroll
    FOR_RESIDENT (q, j) {
        const float v = own[q].v;
        own[q].v =
            integrate_exc(v, own[q].g_exc, own[q].g_inh, below && v < p.floor_exc ? v : p.floor_exc, p);
        own[q].g_exc *= p.keep_g_exc;
        own[q].g_inh *= p.keep_g_inh;
        above |= own[q].v > own[q].threshold;
    }
    return above;
}

/* Part 2. */
INLINE void find_own(struct network net, const struct own own[RESIDENT], int t, float decay_t,
                     __local uint *fired, __local int *n_fired) {
#pragma unroll
    FOR_RESIDENT (q, j) {
        if (own[q].v > own[q].threshold && own[q].v > threshold_exc(net.theta[j], decay_t, net.p) &&
            t - own[q].last_exc >= net.p.refrac_exc) {
            ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
            ATOMIC_INC(n_fired);
        }
    }
}

/* Parts 1, 2 and 4 of the partners that are hot. */
INLINE void step_own_inh(struct network net, int t, uint *hot, __local uint *fired, __local int *n_fired) {
    for (uint rest = *hot; rest != 0u; rest &= rest - 1u) {
        const int q = lowest_bit(rest), j = LID + q * CLSNN_WG;
        if (is_hot(net, j, t))
            step_inh(net, j, t, fired, n_fired);
        else
            *hot &= ~(1u << q);
    }
}

/* Part 3: what the input spikes add, in increasing order of inputs, and their pre rule. */
INLINE void deliver_own(struct network net, struct own own[RESIDENT], int t, __local const ushort *events,
                        int n_events, uint over, int learn) {
#pragma unroll
    FOR_RESIDENT (q, j) {
        float g = own[q].g_exc;
#pragma unroll
        for (int e = 0; e < FETCHED; e++) g += own[q].w[e];
        for (int e = FETCHED; e < n_events; e++) g += net.w[(int)events[e] * net.n + j];
        own[q].g_exc = g;
        const int since = t - own[q].last_exc;
        if (!learn || !(since < net.p.cut_post1 || (over >> q & 1u))) continue;
        const float depress = trace(net.tables->depress, since, net.p.cut_post1);
#pragma unroll
        for (int e = 0; e < FETCHED; e++) {
            if (e < n_events)
                net.w[(int)events[e] * net.n + j] = depress_weight(own[q].w[e], depress, net.p.w_max);
        }
        for (int e = FETCHED; e < n_events; e++) {
            __global float *w = net.w + (int)events[e] * net.n + j;
            *w = depress_weight(*w, depress, net.p.w_max);
        }
    }
}

INLINE void inhibit_own(struct network net, struct own own[RESIDENT], __local const uint *fired_inh,
                        int n_inh) {
#pragma unroll
    FOR_RESIDENT (q, j) {
        const int partner = (int)(fired_inh[j / 32] >> (j % 32) & 1u);
        own[q].g_inh = fma(net.p.w_inh_exc, (float)(n_inh - partner), own[q].g_inh);
    }
}

/* Part 4 for neuron j, after reset_exc. (A loop, for registers have no index.) */
INLINE void reset_own(struct network net, struct own own[RESIDENT], int fired, int t) {
#pragma unroll
    FOR_RESIDENT (q, j) {
        if (j != fired) continue;
        own[q].v = net.p.reset_exc;
        own[q].threshold = net.threshold[j];
        own[q].last_exc = t;
    }
}
#endif
