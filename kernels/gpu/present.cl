/* The loop over a presentation's windows, for a work-group of many: four barriers a pass. */
#if CLSNN_WG > 1

/* See cpu/present.cl. */
INLINE uint present(struct network net, struct encoding input, int n_active, int first_step, int end_step,
                    int n_steps, struct workspace space, int learn
#ifdef CLSNN_RECORD
                    ,
                    struct recording rec
#endif
) {
    net.w = *space.w;
    use_slot(&net, *space.slot, 0);
    const int words = space.fired.words, n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    const struct spikes s = space.fired;
    __local uint *listed = s.exc + words; /* bits: neurons in net.traced */
    __global float *const own_v = net.v_exc;
    uint n_spikes = 0u;

    FOR_OWN (word, words) s.exc[word] = s.inh[word] = listed[word] = 0u;
    if (LID == 0) {
        *s.n_exc = *s.n_inh = *space.n_traced = 0;
        *space.first_exc = *space.next_inh = NO_STEP;
    }
    BARRIER_GLOBAL();
    begin_steps(net, first_step, n_steps, learn, listed, space.n_traced);
    find_next_inh(net, space.next_inh);
    count_fours(input, n_bundles, net.p.n_on);
    BARRIER_GLOBAL();

    int next_inh = *space.next_inh, n_exc = 0, n_inh = 0;
    int limit = end_step; /* a window that went beyond a spike ends here when it is computed again */
    struct window w = {.until = first_step,
                       .events = space.events,
                       .first = space.first,
                       .when = space.when,
                       .depress = space.depress};
    /* Each pass computes one window. If a neuron fires before the window's end, the next pass computes the
     * window again up to that step. All barriers of the steps are in this one loop: some compilers double the
     * code behind a barrier in a branch or an inner loop. */
    for (int t = first_step; t < end_step;) {
        if (t >= w.until) w = open_window(w, input, n_active, t, net.p.n_on, end_step);
        BARRIER_GLOBAL(); /* the window's input spikes, and the state and weights at its start */

        /* 1, 2 and the input spikes of 3, up to the first step with a spike */
        const int end = min(min(w.until, next_inh + 1), limit);
        if (LID == 0) *space.next_inh = NO_STEP;
        if (n_exc + n_inh != 0) {
            FOR_OWN (word, words) s.exc[word] = s.inh[word] = 0u;
        }
        const int candidate = run_window(net, w, t, end, learn);
        if (candidate < end) ATOMIC_MIN(space.first_exc, candidate);
        BARRIER_GLOBAL(); /* all have read the weights before any is stored */

        const int first_exc = *space.first_exc, n_traced = *space.n_traced;
        const int last = end - 1; /* the only step that may have spikes */
        const int is_done = first_exc >= last, may_fire = first_exc == last,
                  inhibits = is_done && next_inh == last;
        if (is_done) {
            swap_state(&net);
            if (learn) store_pre_rule(net, w, t, end, n_traced);
        }
        if (may_fire) find_spikes(net, last, learn ? net.tables->decay[last] : 1.0f, s.exc, s.n_exc);
        if (inhibits) fire_inh(net, last, s.inh, s.n_inh);
        BARRIER_GLOBAL(); /* the pre rule of all neurons comes before any post rule */

        /* the rest of 3: synapses */
        n_exc = *s.n_exc;
        n_inh = *s.n_inh;
        if (LID == 0) *space.first_exc = NO_STEP;
        if (n_exc != 0) {
            FOR_SPIKES (j, s.exc, words) {
                if (OWNS(j)) excite_partner(net, (int)j, last);
                if (learn) apply_post_rule(net, (int)j, last);
            }
        }
        if (n_inh != 0) inhibit(net, s.inh, n_inh);
        if (may_fire || inhibits) find_next_inh(net, space.next_inh);
        BARRIER_GLOBAL(); /* the post rule reads last_exc, which the reset sets */

        /* 4: reset; fire_inh has reset the inhibitory neurons */
        if (n_exc != 0) {
            FOR_SPIKES (j, s.exc, words) {
                if (!OWNS(j)) continue;
                reset_exc(net, (int)j, last, n_steps, learn);
                if (learn) list_traced(net, (int)j, listed, space.n_traced);
            }
            if (last < net.p.n_on) n_spikes += (uint)n_exc;
        }
#ifdef CLSNN_RECORD
        BARRIER_GLOBAL();
        if (is_done) record_step(net, last, s, rec);
#endif
        if (may_fire || inhibits) next_inh = *space.next_inh;
        if (LID == 0) *s.n_exc = *s.n_inh = 0;
        limit = is_done ? end_step : first_exc + 1;
        t = is_done ? end : t;
    }
    BARRIER_GLOBAL();
    end_steps(net, end_step - 1);
    if (net.v_exc != own_v) keep_state(net);
    BARRIER_GLOBAL();
    return n_spikes;
}
#endif
