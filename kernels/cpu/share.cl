/* The loop over a presentation's steps, for a work-group of one that shares its network with others. It is
 * the loop of present.cl without windows. Inhibitory spikes are told a step early, since they follow from
 * excitatory spikes of earlier steps. So shares seldom wait for each other. */
#if CLSNN_WG == 1 && defined(CLSNN_SHARES)

/* Computes step t of the followed inhibitory neurons. Returns how many fired, as the upper part of a word. */
INLINE uint step_all_inh(struct network net, int t, struct spikes s, int *n_followed) {
    if (*s.n_inh != 0) {
        for (int word = 0; word < s.words; word++) s.inh[word] = 0u;
        *s.n_inh = 0;
    }
    stop_following(net, t, n_followed);
    for (int h = 0; h < *n_followed; h++) step_inh(net, net.followed[h], t, s.inh, s.n_inh);
    return (uint)*s.n_inh << N_EXC_BITS;
}

/* See present.cl. */
INLINE uint present(struct network net, struct encoding input, int n_active, int first_step, int end_step,
                    int n_steps, struct workspace space, int learn, struct meeting *meeting) {
    const struct spikes s = space.fired;
    const int n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    uint n_spikes = 0u;
    int n_potentiable, n_traced, n_followed;
    const int below = begin_steps(net, input, n_active, first_step, n_steps, learn, space.potentiable,
                                  &n_potentiable, &n_traced, &n_followed);
    for (int word = 0; word < s.words; word++) s.exc[word] = s.inh[word] = 0u;
    *s.n_exc = *s.n_inh = 0;
    struct deferred deferred = {space.events, 0};
    uint told = step_all_inh(net, first_step, s, &n_followed);
    tell(meeting, told);

    for (int t = first_step; t < end_step; t++) {
        const int has_input = t < net.p.n_on, flushes = t % CLSNN_FLUSH_STEPS == 0;
        uint is_busy = 1u;

        /* 1, 2: state and threshold */
        if (flushes) {
            deliver_deferred(net, t - 1, learn, &deferred, &n_traced);
            flush_exc(net);
            if (!has_input) is_busy = n_followed != 0 || !is_quiet(net, t);
        }
        const int above = advance_all(net, t, below, learn, &deferred, &n_traced);
        hold_exc(net, t);
        if (above) find_spikes(net, t, learn ? net.tables->decay[t] : 1.0f, s.exc, s.n_exc);

        /* 3: synapses */
        const int n_exc = *s.n_exc;
        if (n_exc != 0)
            FOR_SPIKES (j, s.exc, s.words) excite_partner(net, (int)j, t, &n_followed);
        const uint heard = hear(meeting, told); /* of step t, and excitatory spikes of step t - 1 */
        const int n_inh = (int)(heard >> N_EXC_BITS);
        if (n_inh != 0) inhibit(net, s.inh, n_inh);
        if (t <= net.p.n_on) {
            n_spikes += heard & ((1u << N_EXC_BITS) - 1u);
        } else if (heard == 0u) { /* without input, shares tell whether they are busy */
            relax_exc(net, end_step - (t + 1));
            return n_spikes;
        }
        told = (has_input ? (uint)n_exc : is_busy);
        if (t + 1 < end_step) told |= step_all_inh(net, t + 1, s, &n_followed);
        tell(meeting, told);
        const int n_events = has_input ? list_events(input, n_bundles, t, space.events) : 0;
        if (n_exc == 0) {
            deferred.n = n_events;
            continue;
        }
        deliver_inputs(net, space.events, n_events);
        if (learn && n_events != 0) apply_pre_rule(net, t, space.events, n_events, &n_traced);
        FOR_SPIKES (j, s.exc, s.words) {
            if (learn) apply_post_rule(net, (int)j, t, space.potentiable, n_potentiable);
        }
        /* 4: reset; step_inh has reset the inhibitory neurons */
        FOR_SPIKES (j, s.exc, s.words) {
            reset_exc(net, (int)j, t, n_steps, learn);
            if (learn) list_traced(net, (int)j, &n_traced);
        }
        for (int word = 0; word < s.words; word++) s.exc[word] = 0u;
        *s.n_exc = 0;
    }
    deliver_deferred(net, end_step - 1, learn, &deferred, &n_traced);
    const uint heard = hear(meeting, told);
    if (end_step <= net.p.n_on) n_spikes += heard & ((1u << N_EXC_BITS) - 1u);
    return n_spikes;
}
#endif
