/* The loop over a presentation's steps, for a work-group of many: one barrier a step. */
#if CLSNN_WG > 1

/* What the work-group does until the next barrier. The loop has only one barrier: some compilers double the
 * code behind a barrier in a branch or an inner loop. */
enum stage {
    LIST, /* lists the input spikes of the next steps */
    STEP, /* parts 1 and 2, input spikes, inhibitory resets; inhibition follows its barrier */
    FIRE  /* what excitatory spikes do: drive partners, post rule, reset */
};

/* What neurons report in a step, in one word: excitatory spikes, a flag, inhibitory spikes. */
#define N_EXC(report) ((int)((report)&0x7fffu))
#define IS_ACTIVE     0x8000u /* of steps that ask: more than the leak is left to compute */
#define N_INH(report) ((int)((report) >> 16))
#define ONE_INH       0x10000u
#define REPORTS       3 /* this step's; the next, cleared meanwhile; the last, which some may still read */

/* Delivers four input spikes and loads four others into their place. */
#define DELIVER(turn)                                                                                        \
    case (turn):                                                                                             \
        deliver_four(net, &x, now, f, t, space.depress, ahead.w[(turn)], learn);                             \
        fetch_four(net, &x, now, f + AHEAD, n_fours, ahead.w[(turn)]);                                       \
        break;

/* See cpu/present.cl. */
INLINE uint present(struct network net, struct encoding input, int n_active, int first_step, int end_step,
                    int n_steps, struct workspace space, int learn
#ifdef CLSNN_RECORD
                    ,
                    struct recording rec
#endif
#ifdef CLSNN_SHARES
                    ,
                    struct meeting *meeting
#endif
) {
    recall(&net, space);
    const int words = space.fired.words, n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
    struct stretch now = {
        .from = first_step, .until = first_step, .fours = space.fours, .first = space.first};
    struct own x;
    struct ahead ahead;
    uint n_spikes = 0u;

    FOR_OWN (word, CLSNN_EXC_MASKS * words) space.fired.exc[word] = 0u;
    FOR_OWN (i, CLSNN_N_PRE) space.last_pre[i] = (short)net.last_pre[i];
    FOR_OWN (f, AHEAD - 1) now.fours[f] = (ushort4)(NO_INPUT);
    FOR_OWN (r, REPORTS) space.reports[r] = 0u;
#ifdef CLSNN_RECORD
    FOR_OWN (word, (end_step - first_step) * words)
        rec.exc[first_step * words + word] = rec.inh[first_step * words + word] = 0u;
#endif
    BARRIER_GLOBAL(); /* the state, which others may have written */
    load_own(net, &x, first_step, n_steps, learn);
#if HAS_DELAYS
    if (first_step == 0) begin_delays(net);
#endif
    count_fours(input, n_bundles, net.p.n_on);
    BARRIER_GLOBAL();

    enum stage stage = LIST;
    int t = first_step, f = 0, n_fours = 0, turn = 0, loads_anew = 0, report_now = 0, mask_now = 0;
    int n_inhibiting = 0; /* spikes of the step that raise g_inh */
    while (t < end_step) {
        recall(&net, space);
        const struct clsnn_params p = net.p;
        const int report_next = report_now == REPORTS - 1 ? 0 : report_now + 1;
        const int asks = !RECORDS && t >= p.n_on + CLSNN_DELAY && t % CLSNN_FLUSH_STEPS == 0;
        __local uint *const fired = space.fired.exc + mask_now * words;
        if (stage == LIST) {
            now = list_inputs(now, input, n_active, t, p.n_on, end_step);
        } else if (stage == STEP) {
            uint report = 0u;
            if (loads_anew) {
                turn = 0;
#pragma unroll
                for (int r = 0; !HAS_DELAYS && r < AHEAD; r++)
                    fetch_four(net, &x, now, f + r, n_fours, ahead.w[r]);
                /* FIRE reads last_exc from memory; nobody does in this stage */
                if (learn) store_last_exc(net, &x, learn);
            }
            if (t % CLSNN_FLUSH_STEPS == 0) flush_own(&x);
            if (asks && is_active(&x, t, p)) report |= IS_ACTIVE;
            const int above = advance_exc(&x, p);
            if (p.hold_exc != 0) hold_own(&x, t, p);
            report += (uint)advance_inh(net, &x, t) * ONE_INH;
            if (above)
                report += (uint)find_own_spikes(net, &x, t, learn ? net.tables->decay[t] : 1.0f, fired);
            if (report & IS_ACTIVE) {
                atomic_or(&space.reports[report_now], IS_ACTIVE);
                report -= IS_ACTIVE;
            }
            if (report != 0u) atomic_add(&space.reports[report_now], report);
            if (LID == 0) space.reports[report_next] = 0u;
            const int first = f, end = now.first[t + 1 - now.from];
#if HAS_DELAYS
            if (t > 0 && t % CLSNN_FLUSH_STEPS == 0) turn_arrivals(net);
            if (t < p.n_on + CLSNN_DELAY) {
                send_fours(net, &x, now, first, end, t);
                receive(net, &x, input, n_bundles, t, space.depress, learn);
            }
            f = end;
#endif
            for (; f < end; f++) {
                switch (turn) {
                    DELIVER(0)
#if AHEAD > 1
                    DELIVER(1)
#endif
#if AHEAD > 2
                    DELIVER(2)
#endif
                }
                turn = turn == AHEAD - 1 ? 0 : turn + 1;
            }
            if (learn) {
                FOR_OWN (e, 4 * (end - first)) {
                    const int i = ((__local const ushort *)(now.fours + AHEAD - 1 + first))[e];
                    if (i >= CLSNN_N_PRE) continue;
#if HAS_DELAYS
                    note_spike(net, i, t);
#else
                    raise_x_pre(net, i, t - space.last_pre[i]);
                    space.last_pre[i] = (short)t;
#endif
                }
            }
        } else {
            FOR_SPIKES (j, fired, words) {
                if (learn) apply_post_rule(net, space.last_pre, (int)j, t);
                if (OWNS(j)) fire_own(net, &x, (int)j, t, n_steps, learn);
            }
            /* the other mask is in use from the next step on */
            FOR_OWN (word, words) space.fired.exc[(1 - mask_now) * words + word] = 0u;
        }
        BARRIER_GLOBAL();

        int ends_step = stage == FIRE;
        loads_anew = stage == LIST || (stage == FIRE && learn);
        if (stage == LIST) {
            n_fours = now.first[now.until - now.from];
            f = 0;
            stage = STEP;
        } else if (stage == STEP) {
            const uint report = space.reports[report_now];
            const int n_exc = N_EXC(report);
            int n_inh = N_INH(report), n_exc_all = n_exc, busy = n_inh != 0 || (report & IS_ACTIVE) != 0u;
#ifdef CLSNN_SHARES
            /* a share that is asked tells whether it is busy; spikes are no longer counted then */
            const uint word = asks ? (uint)(busy || n_exc != 0) : (uint)n_exc;
            const uint all = meet(meeting, word | (uint)n_inh << N_EXC_BITS);
            n_inh = (int)(all >> N_EXC_BITS);
            n_exc_all = (int)(all & ((1u << N_EXC_BITS) - 1u));
            busy = all != 0u;
#endif
            n_inhibiting = HAS_LAYER ? n_inh : n_exc;
            if (HAS_LAYER && n_inhibiting != 0) inhibit_own(&x, t, n_inhibiting, p);
            report_now = report_next;
            if (t < p.n_on) n_spikes += (uint)n_exc_all;
            if (n_exc != 0) {
                stage = FIRE;
            } else if (asks && !busy) {
                relax_own(&x, end_step - (t + 1), p);
                t = end_step;
            } else {
                ends_step = 1;
            }
        } else {
            if (!HAS_LAYER) inhibit_own(&x, t, n_inhibiting, p);
            mask_now = 1 - mask_now;
        }
        if (ends_step) {
#ifdef CLSNN_RECORD
            record_own(net, &x, t, learn, rec);
#endif
            t++;
            stage = t < now.until ? STEP : LIST;
        }
    }
    store_own(net, &x, end_step, learn);
#if !HAS_DELAYS
    if (learn) {
        FOR_OWN (i, CLSNN_N_PRE) net.last_pre[i] = space.last_pre[i];
    }
#endif
    BARRIER_GLOBAL();
    return n_spikes;
}
#endif
