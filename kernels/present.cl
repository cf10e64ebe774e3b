/* One presentation: all its steps, by one work-group for one network.
 *
 * One step, in this order; another order is another model:
 *   1. state      v of both layers from the old values, then conductances; theta decays while learning
 *   2. threshold  on the new v
 *   3. synapses   exc spike -> its partner's g_exc; each input spike i, increasing: g_exc += w_i, then the pre rule;
 *                 inh spikes -> g_inh of every other neuron; then the post rule of each exc spike
 *   4. reset      exc v, theta; inh v
 * Parts 1 and 2 touch only a work-item's own neurons, so a step needs one barrier, and while learning two more in the few
 * steps in which an excitatory neuron fires. Steps of spikes are relative to the start of the presentation. */

#ifdef CLSNN_RECORD
/* What a replay keeps of every step. words: n / 32, rounded up. */
struct recording {
    __global uint *exc, *inh; /* [n_steps][words] spike masks */
    __global float *probes;   /* [n_steps][4][CLSNN_PROBE] v_exc, g_exc, g_inh, v_inh after each step */
    int n_probes;
};

INLINE void record_step(struct network net, int t, struct spikes s, int turn, struct recording rec) {
    FOR_OWN (word, s.words) {
        rec.exc[t * s.words + word] = s.exc[turn * s.words + word];
        rec.inh[t * s.words + word] = s.inh[turn * s.words + word];
    }
    FOR_OWN (j, rec.n_probes) {
        __global float *row = rec.probes + t * 4 * CLSNN_PROBE + j;
        catch_up_inh(net, j, t);
        row[0] = net.v_exc[j];
        row[CLSNN_PROBE] = net.g_exc[j];
        row[2 * CLSNN_PROBE] = net.g_inh[j];
        row[3 * CLSNN_PROBE] = net.v_inh[j];
    }
}
#endif

#ifdef CLSNN_RECORD
#define RECORDS 1
#else
#define RECORDS 0
#endif

/* Local memory of a presentation. */
struct workspace {
    struct spikes fired;
    /* [3][784] inputs that spike in a step, three steps in turn, or room behind the last */
    __local ushort *events;
    __local ushort *likely; /* [784] inputs that the post rule may concern */
};

/* Steps first_step .. end_step - 1 of a presentation of n_steps with the encoded input. learn is a constant where this is called.
 * Uniform. Returns the number of excitatory spikes while input was on. All state is left at the end of the last step. */
INLINE uint present(struct network net, struct encoding input, int n_active, int first_step, int end_step,
                    int n_steps, struct workspace space, int learn
#ifdef CLSNN_RECORD
                    ,
                    struct recording rec
#endif
) {
    const struct spikes s = space.fired;
    const int n_groups = (n_active + CLSNN_GROUP - 1) / CLSNN_GROUP;
    uint n_spikes = 0u;
    int n_likely, n_recent, n_hot;
    const int below = begin_steps(net, input, n_active, first_step, n_steps, learn, space.likely, &n_likely,
                                  &n_recent, &n_hot);
    FOR_OWN (word, 3 * s.words) {
        s.exc[word] = 0u;
        s.inh[word] = 0u;
    }
    FOR_OWN (turn, 3) {
        s.n_exc[turn] = 0;
        s.n_inh[turn] = 0;
    }
#if CLSNN_WG == 1
    struct ahead ahead;
    ahead.from = ahead.until = first_step;
    /* not in replay, which tells of every step, nor in evaluation, which is short: more code takes long to compile */
    const int goes_ahead = !RECORDS && learn && !below && pays_ahead(net.n);
    const int is_one_group = net.n <= TOGETHER * LANES;
    int is_out_of_order = 1;
    int inhibited = 1; /* some g_inh may not be 0 */
    const int leaves_inputs = RECORDS ? 0 : !goes_ahead; /* to the next step */
    struct late late = {space.events, 0};
    __global float *const own_v = net.v_exc;
#else
    struct own own[RESIDENT];
    uint hot, over;
    load_own(net, first_step, learn, own, &hot, &over);
    __local ushort *const first_events = space.events + first_step % 3 * CLSNN_N_PRE;
    int n_next = first_step < net.p.n_on ? list_events(input, n_groups, first_step, first_events) : 0;
    const struct rows no_rows = {net.zeros, net.zeros, net.zeros, net.zeros};
    BARRIER_GLOBAL();
    fetch_own(net, own, first_events, n_next);
#endif

    for (int t = first_step; t < end_step; t++) {
        const int turn = CLSNN_WG > 1 ? t % 3 : 0;
        __local uint *fired = s.exc + turn * s.words, *fired_inh = s.inh + turn * s.words;
        /* in turns: one is written, one fetched from, and of one another work-item may still read */
        __local ushort *events = space.events + t % 3 * CLSNN_N_PRE;
        int n_events = 0;

        /* 1, 2: state and threshold */
#if CLSNN_WG == 1
        cool_down(net, t, &n_hot);
#endif
        if (t % CLSNN_FLUSH_STEPS == 0) {
#if CLSNN_WG == 1
            deliver_late(net, t - 1, learn, &late, &n_recent);
#endif
            const int is_inhibited = flush_exc(net);
#if CLSNN_WG == 1
            inhibited = is_inhibited;
            if (!RECORDS && t >= net.p.n_on && n_hot == 0 && is_quiet(net)) {
                relax_exc(net, end_step - t);
                break;
            }
            is_out_of_order |= !is_one_group; /* neurons are not recent for ever */
#else
            (void)is_inhibited;
            flush_own(net, own);
#endif
        }
#if CLSNN_WG == 1
        if (goes_ahead && t >= ahead.until)
            list_ahead(&ahead, input, n_groups, t, net.p.n_on, end_step, space.events);
        if (goes_ahead && is_out_of_order) {
            order_blocks(&ahead, net, t, &n_recent);
            is_out_of_order = 0;
        }
        if (goes_ahead && ahead.until > t && ahead.n_marked <= TOGETHER) {
            const int start = t;
            int has_fired, end = min(ahead.until, (t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS);
            for (int h = 0; h < n_hot; h++) /* nothing inhibits before the last step */
                end = min(end, next_spike_inh(net, net.hot[h], t, end) + 1);
            t = run_window(&ahead, net, space.events, t, end, inhibited, learn, &n_recent, &has_fired) - 1;
            swap_state(&net);
            for (int h = 0; h < n_hot; h++) {
                for (int step = start; step <= t && is_hot(net, net.hot[h], step); step++)
                    step_inh(net, net.hot[h], step, fired_inh, &s.n_inh[turn]);
            }
            if (has_fired) find_spikes(net, t, learn ? net.tables->decay[t] : 1.0f, fired, &s.n_exc[turn]);
            if (s.n_exc[turn] + s.n_inh[turn] == 0) continue;
        } else
#endif
        {
            const float decay_t = learn ? net.tables->decay[t] : 1.0f;
#if CLSNN_WG == 1
            if (advance_all(net, t, below, learn, &late, &n_recent))
                find_spikes(net, t, decay_t, fired, &s.n_exc[turn]);
            for (int h = 0; h < n_hot; h++) step_inh(net, net.hot[h], t, fired_inh, &s.n_inh[turn]);
#else
            if (below ? advance_exc(net, 1, 0, no_rows) : advance_exc(net, 0, 0, no_rows))
                find_spikes(net, t, decay_t, fired, &s.n_exc[turn]);
            if (advance_own(net, own, below)) find_own(net, own, t, decay_t, fired, &s.n_exc[turn]);
            step_own_inh(net, t, &hot, fired_inh, &s.n_inh[turn]);
            FOR_STORED (j, net.n) {
                if (is_hot(net, j, t)) step_inh(net, j, t, fired_inh, &s.n_inh[turn]);
            }
#endif
#if CLSNN_WG == 1
            if (goes_ahead && t < ahead.until) {
                events = space.events + ahead.first[t - ahead.from];
                n_events = ahead.first[t + 1 - ahead.from] - ahead.first[t - ahead.from];
            } else if (t < net.p.n_on) {
                n_events = list_events(input, n_groups, t, events);
            }
#else
            n_events = n_next;
#endif
        }
#if CLSNN_WG > 1
        __local ushort *const next_events = space.events + (t + 1) % 3 * CLSNN_N_PRE;
        n_next = t + 1 < min(net.p.n_on, end_step) ? list_events(input, n_groups, t + 1, next_events) : 0;
#endif
        BARRIER_LOCAL();

        /* 3: synapses */
        const int n_exc = s.n_exc[turn], n_inh = s.n_inh[turn];
        if (n_exc != 0) {
            FOR_SPIKES (j, fired, s.words) {
                if (!OWNS(j)) continue;
                excite_partner(net, (int)j, t, &n_hot);
#if CLSNN_WG > 1
                if (j < RESIDENT * CLSNN_WG) hot |= 1u << (j / CLSNN_WG);
#endif
            }
            if (t < net.p.n_on) n_spikes += (uint)n_exc;
        }
#if CLSNN_WG == 1
        if (leaves_inputs && n_exc == 0) {
            late.events = events;
            late.n = n_events;
            n_events = 0;
        }
#endif
        if (n_events != 0) {
            deliver_inputs(net, events, n_events);
#if CLSNN_WG > 1
            deliver_own(net, own, t, events, n_events, over, learn);
#endif
            if (learn) apply_pre_rule(net, t, events, n_events, &n_recent);
        }
        if (n_inh != 0) {
            inhibit(net, fired_inh, n_inh);
#if CLSNN_WG > 1
            inhibit_own(net, own, fired_inh, n_inh);
#else
            inhibited = 1;
#endif
        }
        if (n_exc != 0) {
            if (learn) {
                BARRIER_GLOBAL(); /* the pre rule of all neurons comes before any post rule */
                FOR_SPIKES (j, fired, s.words) apply_post_rule(net, (int)j, t, space.likely, n_likely);
                BARRIER_GLOBAL(); /* the post rule reads the previous spike's step, and rows it shares with their owners */
            }
            /* 4: reset; the inhibitory neurons did theirs in step_inh */
            FOR_SPIKES (j, fired, s.words) {
                if (!OWNS(j)) continue;
                reset_exc(net, (int)j, t, n_steps, learn, &n_recent);
#if CLSNN_WG > 1
                reset_own(net, own, (int)j, t);
#else
                is_out_of_order |= !is_one_group;
#endif
            }
        }
#if CLSNN_WG > 1
        fetch_own(net, own, next_events, n_next);
#endif
#ifdef CLSNN_RECORD
#if CLSNN_WG > 1
        store_own(net, own);
#endif
        record_step(net, t, s, turn, rec);
#endif
#if CLSNN_WG == 1
        if (n_exc + n_inh != 0) {
            for (int word = 0; word < s.words; word++) s.exc[word] = s.inh[word] = 0u;
            s.n_exc[0] = s.n_inh[0] = 0;
        }
#else
        /* last read in the step before, next written in the step after next */
        const int after_next = (t + 2) % 3;
        FOR_OWN (word, s.words) {
            s.exc[after_next * s.words + word] = 0u;
            s.inh[after_next * s.words + word] = 0u;
        }
        if (LID == 0) {
            s.n_exc[after_next] = 0;
            s.n_inh[after_next] = 0;
        }
#endif
    }
#if CLSNN_WG > 1
    store_own(net, own);
#else
    deliver_late(net, end_step - 1, learn, &late, &n_recent);
    if (net.v_exc != own_v) keep_state(net);
#endif
    return n_spikes;
}

/* Moves the origin of all steps to the start of the next presentation, anchors theta there, and looks for faults.
 * Returns the first own neuron whose potential or theta is no number or left CLSNN_V_LIMIT (padding has an infinite theta), or n. */
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
        /* brings a neuron up to date long before the step of its last spike saturates */
        if (net.seen_inh[j] < CLSNN_NEVER / 2) catch_up_inh(net, j, n_steps - 1);
        net.seen_inh[j] -= n_steps;
        net.last_inh[j] = max(net.last_inh[j] - n_steps, CLSNN_NEVER);
        net.last_exc[j] = max(net.last_exc[j] - n_steps, CLSNN_NEVER);
    }
    FOR_OWN (i, CLSNN_N_PRE) net.last_pre[i] = max(net.last_pre[i] - n_steps, CLSNN_NEVER);
    BARRIER_GLOBAL();
    return fault;
}
