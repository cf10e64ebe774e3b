/* The loop over a presentation's steps, for a work-group of one. */
#if CLSNN_WG == 1 && !defined(CLSNN_SHARES)

/* Computes steps first_step .. end_step - 1 of a presentation of n_steps with the encoded input. Callers pass
 * learn as a constant. Returns the number of excitatory spikes while input was on. Leaves the state at the
 * end of the last step; inhibitory neurons that are not followed stay at seen_inh. Uniform. */
INLINE uint present(struct network net, struct encoding input, int n_active, int first_step, int end_step,
                    int n_steps, struct workspace space, int learn
#ifdef CLSNN_RECORD
                    ,
                    struct recording rec
#endif
) {
    const struct spikes s = space.fired;
    const int n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    uint n_spikes = 0u;
    int n_potentiable, n_traced, n_followed;
    const int below = begin_steps(net, input, n_active, first_step, n_steps, learn, space.potentiable,
                                  &n_potentiable, &n_traced, &n_followed);
    for (int word = 0; word < s.words; word++) s.exc[word] = s.inh[word] = 0u;
    *s.n_exc = *s.n_inh = 0;
    struct ahead ahead;
    ahead.from = ahead.until = first_step;
    /* Windows are for training only, where v runs on after a spike and nothing is under way. Replay records
     * every step. Evaluation is short, and more code takes long to compile. */
    const int goes_ahead =
        RECORDS || HAS_DELAYS ? 0 : learn && !below && net.p.hold_exc == 0 && pays_ahead(net.n);
    const int fits_one_run = net.n <= SIDE_BY_SIDE * LANES;
    int is_out_of_order = 1;
    int inhibited = 1; /* some g_inh may not be 0 */
    const int leaves_inputs =
        RECORDS || HAS_DELAYS ? 0 : !goes_ahead; /* input spikes wait for the next step */
    struct deferred deferred = {space.events, 0};
    __global float *const own_v = net.v_exc;
#if HAS_DELAYS
    struct under_way way = {0, 0, {0}};
    if (first_step == 0) begin_delays(net);
    for (int s = max(first_step - CLSNN_DELAY, 0); learn && s < min(first_step, net.p.n_on); s++)
        queue_spikes(net, &way, s, space.events, list_events(input, n_bundles, s, space.events));
    for (int r = 0; r < n_traced; r++) note_all_due(net, &way, net.traced[r], first_step - 1);
#endif

    for (int t = first_step; t < end_step; t++) {
        /* advance_all delivers the deferred events of step t - 1 first */
        __local ushort *events = space.events;
        int n_events = 0;

        /* 1, 2: state and threshold */
        stop_following(net, t, &n_followed);
        if (t % CLSNN_FLUSH_STEPS == 0) {
            deliver_deferred(net, t - 1, learn, &deferred, &n_traced);
            inhibited = flush_exc(net);
#if HAS_DELAYS
            if (t > 0) turn_arrivals(net);
            turn_queue(net, &way);
#endif
            if (!RECORDS && t >= net.p.n_on + CLSNN_DELAY && n_followed == 0 && is_quiet(net, t)) {
                relax_exc(net, end_step - t);
                break;
            }
            is_out_of_order |= !fits_one_run; /* neurons leave the traced list */
        }
        if (goes_ahead && t >= ahead.until)
            list_ahead(&ahead, input, n_bundles, t, net.p.n_on, end_step, space.events);
        if (goes_ahead && is_out_of_order) {
            order_blocks(&ahead, net, t, &n_traced);
            is_out_of_order = 0;
        }
        if (goes_ahead && ahead.until > t && ahead.n_marked <= SIDE_BY_SIDE) {
            const int start = t;
            int has_fired, end = min(ahead.until, (t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS);
            for (int h = 0; h < n_followed; h++) /* an inhibitory spike ends the window */
                end = min(end, next_spike_inh(net, net.followed[h], t, end) + 1);
            t = run_window(&ahead, net, space.events, t, end, inhibited, learn, &n_traced, &has_fired) - 1;
            swap_state(&net);
            for (int h = 0; h < n_followed; h++) {
                for (int step = start; step <= t && is_followed(net, net.followed[h], step); step++)
                    step_inh(net, net.followed[h], step, s.inh, s.n_inh);
            }
            if (has_fired) find_spikes(net, t, learn ? net.tables->decay[t] : 1.0f, s.exc, s.n_exc);
            if (*s.n_exc + *s.n_inh == 0) continue;
        } else {
            const float decay_t = learn ? net.tables->decay[t] : 1.0f;
            const int above = advance_all(net, t, below, learn, &deferred, &n_traced);
            hold_exc(net, t);
            if (above) find_spikes(net, t, decay_t, s.exc, s.n_exc);
            for (int h = 0; h < n_followed; h++) step_inh(net, net.followed[h], t, s.inh, s.n_inh);
            if (goes_ahead && t < ahead.until) {
                events = space.events + ahead.first[t - ahead.from];
                n_events = ahead.first[t + 1 - ahead.from] - ahead.first[t - ahead.from];
            } else if (t < net.p.n_on) {
                n_events = list_events(input, n_bundles, t, events);
            }
        }

        /* 3: synapses */
        const int n_exc = *s.n_exc, n_inh = *s.n_inh;
        if (n_exc != 0) {
            if (HAS_LAYER) {
                FOR_SPIKES (j, s.exc, s.words) excite_partner(net, (int)j, t, &n_followed);
            } else {
                inhibit(net, s.exc, n_exc);
                inhibited = 1;
            }
            if (t < net.p.n_on) n_spikes += (uint)n_exc;
        }
#if HAS_DELAYS
        if (t < net.p.n_on + CLSNN_DELAY) {
            send_and_receive(net, &way, t, events, n_events, learn, &n_traced);
            deferred.n = 1;
            if (RECORDS) deliver_deferred(net, t, learn, &deferred, &n_traced);
        }
        n_events = 0;
#endif
        if (leaves_inputs && n_exc == 0) {
            deferred.events = events;
            deferred.n = n_events;
            n_events = 0;
        }
        if (n_events != 0) {
            deliver_inputs(net, events, n_events);
            if (learn) apply_pre_rule(net, t, events, n_events, &n_traced);
        }
        if (n_inh != 0) {
            inhibit(net, s.inh, n_inh);
            inhibited = 1;
        }
        if (n_exc != 0) {
            if (learn) {
                FOR_SPIKES (j, s.exc, s.words)
                    apply_post_rule(net, (int)j, t, space.potentiable, n_potentiable);
            }
            /* 4: reset; step_inh has reset the inhibitory neurons */
            FOR_SPIKES (j, s.exc, s.words) {
                reset_exc(net, (int)j, t, n_steps, learn);
                const int is_new = learn && LISTS_TRACED ? list_traced(net, (int)j, &n_traced) : 0;
#if HAS_DELAYS
                if (is_new) note_all_due(net, &way, (int)j, t);
#else
                (void)is_new;
#endif
                is_out_of_order |= !fits_one_run;
            }
        }
#ifdef CLSNN_RECORD
        record_step(net, t, learn, s, rec);
#endif
        if (n_exc + n_inh != 0) {
            for (int word = 0; word < s.words; word++) s.exc[word] = s.inh[word] = 0u;
            *s.n_exc = *s.n_inh = 0;
        }
    }
    deliver_deferred(net, end_step - 1, learn, &deferred, &n_traced);
    if (net.v_exc != own_v) keep_state(net);
    return n_spikes;
}
#endif
