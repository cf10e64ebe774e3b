/* Delays of the synapses from inputs to excitatory neurons. A synapse does at the arrival of a spike what it
 * would do at the spike, with the weight of that moment: it drives g_exc, then the pre rule changes it. The
 * weights that arrive at a neuron in a step are summed from 0 in the order of their spikes: by step, then by
 * input. g_exc then rises by the sum.
 *
 * An input spike adds its weights to the sums of the steps in which they arrive (send_spike). Such a sum is
 * right unless a weight changes before it arrives. Weights change only at a neuron's own spikes and, by the
 * pre rule, while it is traced. Therefore the sums of these neurons are computed at the arrival itself.
 * is_traced and TRACED_STEPS say for how long. Every spike arrives before its presentation ends, because no
 * delay is longer than the rest (clsnn_model_check). So nothing is under way between presentations.
 *
 * A trace x_pre belongs to a synapse. It is the trace of its input, as it was a delay ago. */
#if HAS_DELAYS

/* Returns the sums of the weights that arrive in step t, or, with a delay, after it: a row of n. */
INLINE __global float *arrivals_at(struct network net, int t, int delay) {
    return net.arrivals + (t % CLSNN_FLUSH_STEPS + delay) * net.n;
}

/* Prepares a presentation: nothing is under way, and no input has spiked in it. */
INLINE void begin_delays(struct network net) {
    FOR_OWN_LANES (k, net.n) {
        for (int row = 0; row < CLSNN_ARRIVALS(CLSNN_DELAY); row++)
            STORE((real)(0.0f), net.arrivals + row * net.n, k);
    }
    FOR_OWN (i, CLSNN_N_PRE) {
        net.recent[i] = 0ul;
        net.last_before[i] = net.last_pre[i];
    }
}

/* Moves the sums of later steps to the front. Called before each step that is a multiple of
 * CLSNN_FLUSH_STEPS, except the first. */
INLINE void turn_arrivals(struct network net) {
    FOR_OWN_LANES (k, net.n) {
        for (int row = 0; row < CLSNN_DELAY; row++)
            STORE(LOAD(net.arrivals + (CLSNN_FLUSH_STEPS + row) * net.n, k), net.arrivals + row * net.n, k);
        for (int row = CLSNN_DELAY; row < CLSNN_ARRIVALS(CLSNN_DELAY); row++)
            STORE((real)(0.0f), net.arrivals + row * net.n, k);
    }
}

/* Carries a trace x, right after its spike at step `last`, over later spikes. Bit k of `spikes` is a spike at
 * step newest - k. *last becomes the latest of them. */
INLINE float raise_over(struct network net, float x, int *last, ulong spikes, int newest) {
    while (spikes != 0ul) {
        const int k = 63 - (int)clz(spikes), step = newest - k;
        x = fma(x, trace(net.tables->pre, step - *last, net.p.cut_pre), 1.0f);
        *last = step;
        spikes &= ~(1ul << k);
    }
    return x;
}

/* Remembers that input i spikes at step t. Bit k of recent is a spike at step last_pre - k. Older spikes of
 * this presentation leave last_before and, with pairing all, x_pre, which is the trace right after that
 * spike. */
INLINE void note_spike(struct network net, int i, int t) {
    const int last = net.last_pre[i], since = t - last;
    const ulong recent = net.recent[i], gone = since < 64 ? recent >> (64 - since) : recent;
    if (gone != 0ul) {
        const int newest = since < 64 ? t - 64 : last;
        int before = net.last_before[i];
        if (ADDS_UP) net.x_pre[i] = raise_over(net, net.x_pre[i], &before, gone, newest);
        net.last_before[i] = newest - lowest_bit(gone);
    }
    net.recent[i] = (since < 64 ? recent << since : 0ul) | 1ul;
    net.last_pre[i] = t;
}

/* Returns x_pre of the synapse from input i onto neuron j at step t. */
INLINE float delayed_x_pre(struct network net, int i, int j, int t) {
    const int until = t - (int)net.delays[i * ROW_LENGTH(net) + j], newest = min(net.last_pre[i], until);
    int last = newest; /* the step of the last spike that has arrived, or is about to */
    float x = 1.0f;
    if (ADDS_UP || newest < net.last_pre[i]) {
        const ulong arrived = net.recent[i] >> (net.last_pre[i] - newest);
        last = net.last_before[i];
        if (ADDS_UP)
            x = raise_over(net, net.x_pre[i], &last, arrived, newest);
        else if (arrived != 0ul)
            last = newest - lowest_bit(arrived);
    }
    const float decay = trace(net.tables->pre, until - last, net.p.cut_pre);
    return ADDS_UP ? x * decay : decay;
}

/* Ends a presentation: all its spikes have arrived, so that last_pre and x_pre hold the traces. */
INLINE void end_delays(struct network net) {
    FOR_OWN (i, CLSNN_N_PRE) {
        int before = net.last_before[i];
        if (ADDS_UP) net.x_pre[i] = raise_over(net, net.x_pre[i], &before, net.recent[i], net.last_pre[i]);
    }
}
#endif
