/* The local memory of a work-group. Every kernel that shows images declares one of these. Spike masks are
 * arguments, because they grow with the network. */
struct scratch {
    ushort active[CLSNN_N_PRE];
    int fault; /* first neuron at fault, or n */
    int n_exc, n_inh;
#if CLSNN_WG == 1
    ushort events[MAX_EVENTS], potentiable[CLSNN_N_PRE];
#else
    uint digits[CLSNN_MAX_BUNDLES * CLSNN_BUNDLE], planes[CLSNN_MAX_BUNDLES * N_DIGITS];
    int counts[CLSNN_WG];
    float parts[4 * COLUMNS];
    int is_above_max[COLUMNS], n_changed;
    ushort4 events[FOURS];
    ushort first[WINDOW_STEPS + 1], when[CLSNN_N_PRE];
    float depress[CLSNN_MAX_TRACE];
    __global float *w;
    __global uint *slot;
    int first_exc, next_inh, n_traced;
#endif
};

INLINE struct encoding encoding_in(__local struct scratch *s, struct network net) {
    const struct encoding e = {
        .active = s->active,
        .spikes = net.spikes,
        .pending = net.pending,
#if CLSNN_WG > 1
        .digits = s->digits,
        .planes = s->planes,
        .counts = s->counts,
#endif
    };
    return e;
}

INLINE struct sums sums_in(__local struct scratch *s) {
#if CLSNN_WG == 1
    (void)s;
    const struct sums sums = {0, 0, 0};
#else
    const struct sums sums = {s->parts, s->is_above_max, &s->n_changed};
#endif
    return sums;
}

/* Makes the workspace; it may be read after the next barrier. fired_exc: [CLSNN_EXC_MASKS][words], fired_inh:
 * [CLSNN_INH_MASKS][words], words = n / 32, rounded up. */
INLINE struct workspace workspace_in(__local struct scratch *s, struct network net, __local uint *fired_exc,
                                     __local uint *fired_inh) {
    const int words = (net.n + 31) / 32;
#if CLSNN_WG == 1
    const struct workspace space = {.fired = {fired_exc, fired_inh, &s->n_exc, &s->n_inh, words},
                                    .events = s->events,
                                    .potentiable = s->potentiable};
#else
    const struct workspace space = {.fired = {fired_exc, fired_inh, &s->n_exc, &s->n_inh, words},
                                    .events = s->events,
                                    .first = s->first,
                                    .when = s->when,
                                    .first_exc = &s->first_exc,
                                    .next_inh = &s->next_inh,
                                    .n_traced = &s->n_traced,
                                    .depress = s->depress,
                                    .w = &s->w,
                                    .slot = &s->slot};
    if (LID == 0) {
        s->w = net.w;
        s->slot = (__global uint *)net.v_exc; /* the first row */
    }
    FOR_OWN (k, net.p.cut_post1) s->depress[k] = net.tables->depress[k];
#endif
    return space;
}
