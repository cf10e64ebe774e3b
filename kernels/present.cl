/* One presentation: all its steps, by one work-group for one network.
 *
 * One step, in this order; another order is another model:
 *   1. state      v of both layers from the old values, then conductances; theta decays while learning
 *   2. threshold  on the new v
 *   3. synapses   exc spike -> its partner's g_exc; each input spike i, increasing: g_exc += w_i, then the pre rule;
 *                 inh spikes -> g_inh of every other neuron; then the post rule of each exc spike
 *   4. reset      exc v, theta; inh v
 * Parts 1 and 2 touch only a work-item's own neurons, so a step needs one barrier, and two more in the few steps in which
 * an excitatory neuron fires. Steps of spikes are relative to the start of the presentation. */

/* One network's share of the buffers. n: neurons, padding included; they are [n] unless another shape is given. */
struct network {
    struct clsnn_params p;
    __global const struct clsnn_tables *tables;
    __global float *w;           /* [784][n] */
    __global float *theta;       /* as of the start of the presentation */
    __global float *v_exc, *g_exc, *g_inh; /* v relative to rest */
    __global int *last_exc;      /* step of the last spike; CLSNN_NEVER: none that matters */
    __global float *v_inh, *g_exc_inh;
    __global int *last_inh;
    __global int *seen_inh;      /* step up to which v_inh and g_exc_inh are computed */
    __global int *last_pre;      /* [784] step of an input's last spike */
    __global ushort *over;       /* 1: the column may hold weights above w_max, left by rescaling; clipped as inputs spike */
    __global ushort *counts;     /* spikes of this presentation while input is on */
    __global ushort *recent;     /* scratch: neurons the pre rule concerns (work-groups of one) */
    __global ushort *hot;        /* scratch: inhibitory neurons followed step by step (work-groups of one) */
    int n;
};

/* Spikes of three steps in turn as bit masks in local memory: one being written, one read, one cleared for the next step. */
struct spikes {
    __local uint *exc, *inh;     /* [3][words] */
    __local int *n_exc, *n_inh;  /* [3] */
    int words;                   /* n / 32, rounded up */
};

/* Visits the set bits of a spike mask as neuron j, increasing. */
#define FOR_SPIKES(j, mask, n_words)                                                                        \
    for (int word_ = 0; word_ < (n_words); word_++)                                                         \
        for (uint rest_ = (mask)[word_], j = 0u; rest_ != 0u && (j = (uint)(32 * word_ + lowest_bit(rest_)), 1); \
             rest_ &= rest_ - 1u)

#define OWNS(j) (CLSNN_WG == 1 || (int)(j) % CLSNN_WG == LID)

/* Brings an inhibitory neuron up to step t. It was not hot since seen_inh, so it did not fire. */
static inline void catch_up_inh(struct network net, int j, int t) {
    float v = net.v_inh[j], g = net.g_exc_inh[j];
    const int last = net.last_inh[j];
    for (int s = net.seen_inh[j] + 1; s <= t && (v != 0.0f || g != 0.0f); s++) {
        v = integrate_inh(v, g, s - last, net.p);
        g = decay_conductance(g, net.p.keep_g_exc);
    }
    net.v_inh[j] = v;
    net.g_exc_inh[j] = g;
    net.seen_inh[j] = t;
}

/* One step of a hot inhibitory neuron: parts 1, 2 and 4. */
static inline void step_inh(struct network net, int j, int t, __local uint *fired, __local int *n_fired) {
    const int since = t - net.last_inh[j];
    const float g = net.g_exc_inh[j];
    float v = integrate_inh(net.v_inh[j], g, since, net.p);
    if (v > net.p.thresh_inh && since >= net.p.refrac_inh) {
        ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
        ATOMIC_INC(n_fired);
        net.last_inh[j] = t;
        v = net.p.reset_inh;
    }
    net.v_inh[j] = v;
    net.g_exc_inh[j] = decay_conductance(g, net.p.keep_g_exc);
    net.seen_inh[j] = t;
}

/* Parts 1 and 2 of the excitatory layer. */
static inline void step_exc(struct network net, int t, float decay_t, __local uint *fired, __local int *n_fired) {
    __global float *restrict v = net.v_exc;
    __global float *restrict g_exc = net.g_exc;
    __global float *restrict g_inh = net.g_inh;
    __global const float *restrict theta = net.theta;
    const struct clsnn_params p = net.p;
    int above = 0;
    FOR_OWN(j, net.n) {
        const float ge = g_exc[j], gi = g_inh[j];
        const float next = integrate_exc(v[j], ge, gi, p);
        v[j] = next;
        g_exc[j] = decay_conductance(ge, p.keep_g_exc);
        g_inh[j] = decay_conductance(gi, p.keep_g_inh);
        above |= next > threshold_exc(theta[j], decay_t, p);
    }
    if (!above) return;
    FOR_OWN(j, net.n) {
        if (v[j] > threshold_exc(theta[j], decay_t, p) && t - net.last_exc[j] >= p.refrac_exc) {
            ATOMIC_OR(&fired[j / 32], 1u << (j % 32));
            ATOMIC_INC(n_fired);
        }
    }
}

/* g_exc of every neuron += the weights of the n_events inputs, in increasing order of inputs. */
static inline void deliver_inputs(struct network net, __local const ushort *events, int n_events) {
    __global float *restrict g = net.g_exc;
    int e = 0;
    for (; e + 4 <= n_events; e += 4) {
        __global const float *restrict w0 = net.w + (int)events[e] * net.n;
        __global const float *restrict w1 = net.w + (int)events[e + 1] * net.n;
        __global const float *restrict w2 = net.w + (int)events[e + 2] * net.n;
        __global const float *restrict w3 = net.w + (int)events[e + 3] * net.n;
        FOR_OWN(j, net.n) g[j] = (((g[j] + w0[j]) + w1[j]) + w2[j]) + w3[j];
    }
    for (; e + 2 <= n_events; e += 2) {
        __global const float *restrict w0 = net.w + (int)events[e] * net.n;
        __global const float *restrict w1 = net.w + (int)events[e + 1] * net.n;
        FOR_OWN(j, net.n) g[j] = (g[j] + w0[j]) + w1[j];
    }
    if (e < n_events) {
        __global const float *restrict w0 = net.w + (int)events[e] * net.n;
        FOR_OWN(j, net.n) g[j] += w0[j];
    }
}

/* Whether an input spike changes neuron j's weights at step t: its post1 is above the cut-off, or there is something to clip. */
static inline int is_recent(struct network net, int j, int t) {
    return t - net.last_exc[j] < net.p.cut_post1 || net.over[j];
}

/* The pre rule of n_events inputs at step t, for one neuron. */
static inline void depress_column(struct network net, int j, int t, __local const ushort *events, int n_events) {
    const float depress = trace(net.tables->depress, t - net.last_exc[j], net.p.cut_post1);
    for (int e = 0; e < n_events; e++) {
        __global float *w = net.w + (int)events[e] * net.n + j;
        *w = depress_weight(*w, depress, net.p.w_max);
    }
}

static inline void apply_pre_rule(struct network net, int t, __local const ushort *events, int n_events, int *n_recent) {
#if CLSNN_WG == 1
    for (int r = 0; r < *n_recent;) {
        const int j = net.recent[r];
        if (is_recent(net, j, t)) {
            depress_column(net, j, t, events, n_events);
            r++;
        } else {
            net.recent[r] = net.recent[--*n_recent];
        }
    }
#else
    FOR_OWN(j, net.n) {
        if (is_recent(net, j, t)) depress_column(net, j, t, events, n_events);
    }
#endif
    for (int e = 0; e < n_events; e++) {
        if (OWNS(events[e])) net.last_pre[events[e]] = t;
    }
}

/* The post rule of neuron j at step t: its weights from every input that spiked lately, and clipping of all. */
static inline void apply_post_rule(struct network net, int j, int t) {
    const float potentiate = trace(net.tables->potentiate, t - net.last_exc[j], net.p.cut_post2);
    const int clip_all = net.over[j];
    if (potentiate == 0.0f && !clip_all) return;
    FOR_OWN(i, CLSNN_N_PRE) {
        const int k = t - net.last_pre[i];
        if (k < net.p.cut_pre || clip_all) {
            __global float *w = net.w + i * net.n + j;
            *w = potentiate_weight(*w, trace(net.tables->pre, k, net.p.cut_pre), potentiate, net.p.w_max);
        }
    }
}

/* Drive from an excitatory spike onto its partner, which is followed step by step from here on. */
static inline void excite_partner(struct network net, int j, int t, int *n_hot) {
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
static inline void reset_exc(struct network net, int j, int t, int learn, int *n_recent) {
    net.v_exc[j] = net.p.reset_exc;
    if (learn) net.theta[j] += net.tables->theta_plus[t];
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

/* Sets up the lists of a work-group of one from the state left by the presentation before. */
static inline void begin_lists(struct network net, int learn, int *n_recent, int *n_hot) {
    *n_recent = 0;
    *n_hot = 0;
#if CLSNN_WG == 1
    for (int j = 0; j < net.n; j++) {
        if (learn && is_recent(net, j, 0)) net.recent[(*n_recent)++] = (ushort)j;
        if (is_hot_inh(net.g_exc_inh[j], 0 - net.last_inh[j], net.p)) net.hot[(*n_hot)++] = (ushort)j;
    }
#endif
}

#ifdef CLSNN_RECORD
/* What a replay keeps of every step. words: n / 32, rounded up. */
struct recording {
    __global uint *exc, *inh; /* [n_steps][words] spike masks */
    __global float *probes;   /* [n_steps][4][CLSNN_PROBE] v_exc, g_exc, g_inh, v_inh after the step; v relative to rest */
    int n_probes;
};

static inline void record_step(struct network net, int t, struct spikes s, int turn, struct recording rec) {
    FOR_OWN(word, s.words) {
        rec.exc[t * s.words + word] = s.exc[turn * s.words + word];
        rec.inh[t * s.words + word] = s.inh[turn * s.words + word];
    }
    FOR_OWN(j, rec.n_probes) {
        __global float *row = rec.probes + t * 4 * CLSNN_PROBE + j;
        catch_up_inh(net, j, t);
        row[0] = net.v_exc[j];
        row[CLSNN_PROBE] = net.g_exc[j];
        row[2 * CLSNN_PROBE] = net.g_inh[j];
        row[3 * CLSNN_PROBE] = net.v_inh[j];
    }
}
#endif

/* Shows the encoded input for n_steps steps. learn is a constant where this is called. Uniform. Returns the number of
 * excitatory spikes while input was on. All state is left at the end of the last step. */
static inline uint present(struct network net, struct encoding input, int n_groups, int n_steps, struct spikes s, __local ushort *events, int learn
#ifdef CLSNN_RECORD
                           , struct recording rec
#endif
) {
    uint n_spikes = 0u;
    int n_recent, n_hot;
    begin_lists(net, learn, &n_recent, &n_hot);
    FOR_OWN(j, net.n) net.counts[j] = 0;
    FOR_OWN(word, 3 * s.words) {
        s.exc[word] = 0u;
        s.inh[word] = 0u;
    }
    FOR_OWN(turn, 3) {
        s.n_exc[turn] = 0;
        s.n_inh[turn] = 0;
    }
    BARRIER_GLOBAL();

    for (int t = 0; t < n_steps; t++) {
        const int turn = t % 3, after_next = (t + 2) % 3;
        __local uint *fired = s.exc + turn * s.words, *fired_inh = s.inh + turn * s.words;

        /* 1, 2: state and threshold */
        step_exc(net, t, learn ? net.tables->decay[t] : 1.0f, fired, &s.n_exc[turn]);
#if CLSNN_WG == 1
        for (int h = 0; h < n_hot;) {
            const int j = net.hot[h];
            if (is_hot_inh(net.g_exc_inh[j], t - net.last_inh[j], net.p)) {
                step_inh(net, j, t, fired_inh, &s.n_inh[turn]);
                h++;
            } else {
                net.hot[h] = net.hot[--n_hot];
            }
        }
#else
        FOR_OWN(j, net.n) {
            if (is_hot_inh(net.g_exc_inh[j], t - net.last_inh[j], net.p)) step_inh(net, j, t, fired_inh, &s.n_inh[turn]);
        }
#endif
        /* the inputs of this step, listed once: every work-item would find the same */
        int n_events = 0;
        if (t < net.p.n_on) {
            for (int g = 0; g < n_groups; g++) {
                for (uint rest = input.spikes[g * CLSNN_MAX_ON + t]; rest != 0u; rest &= rest - 1u) {
                    const ushort i = input.active[g * CLSNN_GROUP + lowest_bit(rest)];
                    if (OWNS(n_events)) events[(t % 2) * CLSNN_N_PRE + n_events] = i;
                    n_events++;
                }
            }
        }
        BARRIER_LOCAL();

        /* 3: synapses */
        __local const ushort *now = events + (t % 2) * CLSNN_N_PRE;
        const int n_exc = s.n_exc[turn], n_inh = s.n_inh[turn];
        if (n_exc != 0) {
            FOR_SPIKES(j, fired, s.words) {
                if (OWNS(j)) excite_partner(net, (int)j, t, &n_hot);
            }
            if (t < net.p.n_on) n_spikes += (uint)n_exc;
        }
        if (n_events != 0) {
            deliver_inputs(net, now, n_events);
            if (learn) apply_pre_rule(net, t, now, n_events, &n_recent);
        }
        if (n_inh != 0) {
            FOR_OWN(j, net.n) {
                const int own = (int)(fired_inh[j / 32] >> (j % 32) & 1u);
                net.g_inh[j] = fma(net.p.w_inh_exc, (float)(n_inh - own), net.g_inh[j]);
            }
        }
        if (n_exc != 0) {
            if (learn) {
                BARRIER_GLOBAL(); /* the pre rule of all neurons comes before any post rule */
                FOR_SPIKES(j, fired, s.words) apply_post_rule(net, (int)j, t);
                BARRIER_GLOBAL(); /* the post rule reads the previous spike's step, and rows it shares with their owners */
            }
            /* 4: reset; the inhibitory neurons did theirs in step_inh */
            FOR_SPIKES(j, fired, s.words) {
                if (OWNS(j)) reset_exc(net, (int)j, t, learn, &n_recent);
            }
        }
#ifdef CLSNN_RECORD
        record_step(net, t, s, turn, rec);
#endif
        /* last read in the step before, next written in the step after next */
        FOR_OWN(word, s.words) {
            s.exc[after_next * s.words + word] = 0u;
            s.inh[after_next * s.words + word] = 0u;
        }
        if (LID == 0) {
            s.n_exc[after_next] = 0;
            s.n_inh[after_next] = 0;
        }
    }
    return n_spikes;
}

/* Moves the origin of all steps to the start of the next presentation, anchors theta there, and looks for faults.
 * Returns the first own neuron whose potential left CLSNN_V_LIMIT, or n. */
static inline int end_presentation(struct network net, int n_steps, int learn) {
    const float decay = learn && n_steps > 0 ? net.tables->decay[n_steps - 1] : 1.0f;
    int fault = net.n;
    BARRIER_GLOBAL();
    FOR_OWN(j, net.n) {
        const float v = net.v_exc[j];
        if (!(fabs(v) < CLSNN_V_LIMIT && fabs(net.v_inh[j]) < CLSNN_V_LIMIT)) fault = min(fault, j);
        net.v_exc[j] = fabs(v) < CLSNN_V_FLUSH ? 0.0f : v;
        net.theta[j] *= decay;
        /* brings a neuron up to date long before the step of its last spike saturates */
        if (net.seen_inh[j] < CLSNN_NEVER / 2) catch_up_inh(net, j, n_steps - 1);
        net.seen_inh[j] -= n_steps;
        net.last_inh[j] = max(net.last_inh[j] - n_steps, CLSNN_NEVER);
        net.last_exc[j] = max(net.last_exc[j] - n_steps, CLSNN_NEVER);
    }
    FOR_OWN(i, CLSNN_N_PRE) net.last_pre[i] = max(net.last_pre[i] - n_steps, CLSNN_NEVER);
    BARRIER_GLOBAL();
    return fault;
}
