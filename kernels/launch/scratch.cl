/* The local memory of a work-group. Every kernel that shows images declares one of these. Spike masks are
 * arguments, because they grow with the network. */
struct scratch {
    ushort active[CLSNN_N_PRE];
    int fault; /* first neuron at fault, or n */
    int n_exc, n_inh;
#if CLSNN_WG == 1
    ushort events[MAX_EVENTS], potentiable[CLSNN_N_PRE];
#else
    int counts[CLSNN_WG];
    struct known known;
#ifdef CLSNN_SHARES
    uint sums[3]; /* struct meeting */
#endif
    union {       /* the phases of a presentation follow each other */
        struct {
            float parts[4 * COLUMNS];
            int is_above_max[COLUMNS], n_changed;
        } normalise;
        struct {
            uint digits[CLSNN_MAX_BUNDLES * CLSNN_BUNDLE], planes[CLSNN_MAX_BUNDLES * N_DIGITS];
        } encode;
        struct {
            ushort4 fours[AHEAD - 1 + FOURS];
            ushort first[CLSNN_FLUSH_STEPS + 1];
            short last_pre[CLSNN_N_PRE];
            uint reports[REPORTS];
        } steps;
    } of;
#endif
};

INLINE struct encoding encoding_in(__local struct scratch *s, struct network net) {
    const struct encoding e = {
        .active = s->active,
        .spikes = net.spikes,
        .pending = net.pending,
#if CLSNN_WG > 1
        .digits = s->of.encode.digits,
        .planes = s->of.encode.planes,
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
    const struct sums sums = {s->of.normalise.parts, s->of.normalise.is_above_max,
                              &s->of.normalise.n_changed};
#endif
    return sums;
}

/* Makes the workspace; it may be read after the next barrier. fired_exc: [CLSNN_EXC_MASKS][words], fired_inh:
 * [CLSNN_INH_MASKS][words], words = n / 32, rounded up. */
INLINE struct workspace workspace_in(__local struct scratch *s, struct network net, __local uint *fired_exc,
                                     __local uint *fired_inh, __local float *depress) {
    const int words = (net.n + 31) / 32;
#if CLSNN_WG == 1
    (void)depress;
    const struct workspace space = {.fired = {fired_exc, fired_inh, &s->n_exc, &s->n_inh, words},
                                    .events = s->events,
                                    .potentiable = s->potentiable};
#else
    const struct workspace space = {.fired = {fired_exc, fired_inh, &s->n_exc, &s->n_inh, words},
                                    .fours = s->of.steps.fours,
                                    .first = s->of.steps.first,
                                    .reports = s->of.steps.reports,
                                    .last_pre = s->of.steps.last_pre,
                                    .depress = depress,
                                    .known = &s->known};
    if (LID == 0) {
        s->known.p = net.p;
        s->known.w = net.w;
        s->known.slot = (__global uint *)net.v_exc; /* the first row */
#ifdef CLSNN_SHARES
        s->known.slot -= net.first;
        s->known.inputs = (__global uint *)net.last_pre; /* the first row of a slot of 0 neurons */
#endif
    }
    FOR_OWN (k, net.p.cut_post1) depress[k] = net.tables->depress[k];
#endif
    return space;
}
