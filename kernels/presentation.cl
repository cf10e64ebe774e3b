/* One work-group computes all steps of one presentation of one network.
 *
 * One step, in this order; another order is another model:
 *   1. state      v of both layers from the old values, then conductances; theta decays while learning
 *   2. threshold  on the new v
 *   3. synapses   exc spike -> its partner's g_exc
 *                 each input spike i, increasing: g_exc += w_i, then the pre rule
 *                 inh spikes -> g_inh of every other neuron; then the post rule of each exc spike
 *                 (direct inhibition: exc spikes -> g_inh of every other neuron; no inh spikes)
 *   4. reset      exc v, theta; inh v
 * Steps of spikes count from the start of the presentation. cpu/present.cl (a work-group of one) and
 * gpu/present.cl (a work-group of many) compute the same steps in the way that suits them. */

#ifdef CLSNN_RECORD
/* The record of every step that a replay keeps. words: n / 32, rounded up. */
struct recording {
    __global uint *exc, *inh; /* [n_steps][words] spike masks */
    /* [n_steps][CLSNN_RECORDED][n_probes] v_exc, g_exc, g_inh, v_inh, theta after each step */
    __global float *probes;
    __global const int *probed; /* [n_probes] neurons */
    int n_probes;
};

#if CLSNN_WG == 1
INLINE void record_step(struct network net, int t, int learn, struct spikes s, struct recording rec) {
    FOR_OWN (word, s.words) {
        rec.exc[t * s.words + word] = s.exc[word];
        rec.inh[t * s.words + word] = s.inh[word];
    }
    FOR_OWN (k, rec.n_probes) {
        const int j = rec.probed[k];
        __global float *row = rec.probes + t * CLSNN_RECORDED * rec.n_probes + k;
        follow_inh(net, j, t);
        catch_up_inh(net, j, t);
        row[0] = net.v_exc[j];
        row[rec.n_probes] = net.g_exc[j];
        row[2 * rec.n_probes] = net.g_inh[j];
        row[3 * rec.n_probes] = net.v_inh[j];
        row[4 * rec.n_probes] = net.theta[j] * (learn ? net.tables->decay[t] : 1.0f);
    }
}
#endif
#endif

#if CLSNN_WG > 1
/* What does not change during a launch. present() reads it anew in every step: kept in registers, it would
 * leave too few for the neurons. */
struct known {
    struct clsnn_params p;
    __global float *w;
    __global uint *slot;
#ifdef CLSNN_SHARES
    __global uint *inputs;
#endif
};
#endif

/* The local memory of a presentation. */
struct workspace {
    struct spikes fired;
#if CLSNN_WG == 1
    __local ushort *events;      /* [MAX_EVENTS] inputs that spike in one step, or in the steps of a window */
    __local ushort *potentiable; /* [784] inputs that the post rule reads */
#else
    __local ushort4 *fours; /* see struct stretch; the next alike */
    __local ushort *first;
    __local uint *reports;        /* [REPORTS] */
    __local short *last_pre;      /* [784] steps of the inputs' last spikes */
    __local const float *depress; /* [CLSNN_MAX_TRACE] struct clsnn_tables' depress up to its cut-off */
    __local struct known *known;
#endif
};

#if CLSNN_WG > 1
INLINE void recall(struct network *net, struct workspace space) {
    net->p = space.known->p;
    net->w = space.known->w;
#ifdef CLSNN_SHARES
    use_share(net, space.known->slot, space.known->inputs);
#else
    use_slot(net, space.known->slot, 0);
#endif
}
#endif

/* Moves the origin of all steps to the start of the next presentation, anchors theta there, flushes v_exc,
 * and looks for faults: a potential that is NaN or beyond CLSNN_V_LIMIT, a theta that is NaN or below
 * -CLSNN_V_LIMIT. Padding neurons have an infinite theta, which is no fault. Returns the first own neuron at
 * fault, or n. Uniform. */
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
        /* a neuron is brought up to date long before the step of its last spike saturates */
        if (net.seen_inh[j] < CLSNN_NEVER / 2) catch_up_inh(net, j, n_steps - 1);
        net.seen_inh[j] -= n_steps;
        net.last_inh[j] = max(net.last_inh[j] - n_steps, CLSNN_NEVER);
        net.last_exc[j] = max(net.last_exc[j] - n_steps, CLSNN_NEVER);
    }
#if HAS_DELAYS
    if (learn) end_delays(net);
#endif
    FOR_OWN (i, CLSNN_N_PRE) net.last_pre[i] = max(net.last_pre[i] - n_steps, CLSNN_NEVER);
    BARRIER_GLOBAL();
    return fault;
}
