/* The bare steps of `clsnn bench`: excitatory neurons without input, spikes and learning. Nothing is read or
 * written between the first step and the last. What a row of bench takes beyond this, it takes for
 * synapses. Built with CLSNN_BARE. */

/* A block of neurons at rest. */
struct bare {
    real v, g_exc, g_inh;
};

/* Computes a step of one block: parts 1 and 2. Returns whether a neuron is above its threshold. */
INLINE int step_bare(struct bare *x, real threshold, struct clsnn_params p) {
    x->v = integrate_exc(x->v, x->g_exc, x->g_inh, (real)(p.floor_exc), p);
    x->g_exc = x->g_exc * p.keep_g_exc;
    x->g_inh = x->g_inh * p.keep_g_inh;
    return any_of(x->v > threshold);
}

#if CLSNN_WG == 1
/* Computes n_steps steps of the blocks k, k + LANES, ... Their number is a constant, so registers hold
 * them. */
INLINE int step_blocks(__global float *v, int k, const int n_blocks, int n_steps, struct clsnn_params p) {
    struct bare x[4];
    const real threshold = (real)(p.thresh_exc + p.theta_init);
    int n_above = 0;
    for (int b = 0; b < n_blocks; b++) {
        x[b].v = x[b].g_exc = x[b].g_inh = LOAD(v, k + b * LANES);
    }
    for (int t = 0; t < n_steps; t++) {
        for (int b = 0; b < n_blocks; b++) n_above += step_bare(&x[b], threshold, p);
    }
    for (int b = 0; b < n_blocks; b++) STORE(x[b].v + x[b].g_exc + x[b].g_inh, v, k + b * LANES);
    return n_above;
}
#endif

/* params   [1]
 * v        [work-groups][n] 0: potentials and conductances. The last ones are stored there.
 * n_above  [work-groups] becomes the number of reports of a neuron above its threshold
 * NDRange: (CLSNN_WG * work-groups), local CLSNN_WG. Each work-group is a network of n neurons, or a share.
 * Work-groups of many have one barrier a step, at which all learn whether a neuron is above. */
KERNEL void bare(__global const struct clsnn_params *params, __global float *v, __global int *n_above, int n,
                 int n_steps) {
    const struct clsnn_params p = params[0];
    int above = 0;
    v += get_group_id(0) * (size_t)n;
#if CLSNN_WG == 1
    int k = 0;
    for (; k + 4 * LANES <= n; k += 4 * LANES) above += step_blocks(v, k, 4, n_steps, p);
    for (; k < n; k += LANES) above += step_blocks(v, k, 1, n_steps, p);
#else
    __local int reports[REPORTS];
    struct bare x[CLSNN_BLOCKS];
    for (int b = 0; b < CLSNN_BLOCKS; b++) {
        const int k = (b * CLSNN_WG + LID) * LANES;
        x[b].v = x[b].g_exc = x[b].g_inh = k < n ? LOAD(v, k) : (real)(0.0f);
    }
    FOR_OWN (r, REPORTS) reports[r] = 0;
    BARRIER_LOCAL();
    int now = 0;
    for (int t = 0; t < n_steps; t++) {
        const int next = now == REPORTS - 1 ? 0 : now + 1;
        int own = 0;
        for (int b = 0; b < CLSNN_BLOCKS; b++)
            own |= step_bare(&x[b], (real)(p.thresh_exc + p.theta_init), p);
        if (own) atomic_add(&reports[now], 1);
        if (LID == 0) reports[next] = 0;
        BARRIER_LOCAL();
        above += reports[now];
        now = next;
    }
    for (int b = 0; b < CLSNN_BLOCKS; b++) {
        const int k = (b * CLSNN_WG + LID) * LANES;
        if (k < n) STORE(x[b].v + x[b].g_exc + x[b].g_inh, v, k);
    }
#endif
    if (LID == 0) n_above[get_group_id(0)] = above;
}
