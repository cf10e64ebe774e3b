/* Training: one work-group shows many images to one network in one launch, without the host in between. For
 * each presentation it rescales the changed columns, encodes the image, shows it, and decides whether to show
 * it again. */

/* Shows the images of this epoch from progress.position on, until progress.stop is reached or n_presentations
 * are done. Results do not depend on how an epoch is cut into launches.
 *
 * params, tables  [n_networks]
 * zeros           [n]
 * delays          [n_networks][CLSNN_N_PRE][n] steps, where HAS_DELAYS
 * w               [n_networks][CLSNN_N_PRE][n]
 * theta           [n_networks][n]
 * state           [n_networks][slot words]
 * networks        [work-groups / n_shares] the network of each work-group
 * inputs, board   with CLSNN_SHARES: [n_networks * n_shares] slots of 0 neurons, and struct meeting's for
 *                 each network. n_shares work-groups train a network, each CLSNN_SHARE_LENGTH neurons of it.
 *                 They wait for each other, 2^patience looks at most.
 * any_done        [1] for work-groups of one: 0, then 1 when a network is done. The other networks stop after
 *                 their current presentation, so that no core waits. CLSNN_DONE_IGNORED: nobody stops.
 * pixels          [n_images][CLSNN_N_PRE]
 * order           [n_networks][n_order] the images from the launch's first position on
 * counts_out      [n_watched][n_counts][n] the first networks' spikes; of position k in row k % n_counts
 * kept_active     [n_networks][CLSNN_N_PRE] inputs with ink, kept between launches of single phases
 * fired_exc, fired_inh  local: see workspace_in
 *
 * program.cl includes this file once for each kernel: TRAIN_KERNEL is its name, TRAIN_PHASES what it does.
 * Phases are macros, because some compilers double the code behind a barrier in a branch.
 * NDRange: (CLSNN_WG * n_shares * networks with something to do), local CLSNN_WG. Each work-group touches
 * only its own network, or its own neurons and the board. n_shares is 1 without CLSNN_SHARES. */
KERNEL void TRAIN_KERNEL(__global const struct clsnn_params *params,
                         __global const struct clsnn_tables *tables, __global float *w, __global float *theta,
                         __global const float *zeros, __global const uchar *delays, __global uint *state,
                         __global struct clsnn_progress *progress, __global const int *networks,
                         __global int *any_done, __global const uchar *pixels, __global const int *order,
                         int n_order, __global ushort *counts_out, int n_counts, int n_watched,
                         __global ushort *kept_active, int n, int n_presentations, __global uint *inputs,
                         __global uint *board, int n_shares, int patience, __local uint *fired_exc,
                         __local uint *fired_inh, __local float *depress) {
    __local struct scratch scratch;
    const size_t group = get_group_id(0) / (size_t)n_shares, b = (size_t)networks[group], at = b * (size_t)n;
    struct network net = {
        .p = params[b],
        .tables = tables + b,
        .w = w + at * CLSNN_N_PRE,
        .theta = theta + at,
        .zeros = zeros,
#if HAS_DELAYS
        .delays = delays + at * CLSNN_N_PRE,
#endif
        .n = n
    };
#ifdef CLSNN_SHARES
    const int share = (int)(get_group_id(0) % (size_t)n_shares);
    __global uint *const slot = state + b * (size_t)CLSNN_SLOT_WORDS(n, CLSNN_N_PRE, CLSNN_DELAY);
    struct meeting meeting = {
        .board = board + group * (size_t)(2 * n_shares * CLSNN_BOARD_WORDS),
        .n_shares = n_shares,
        .share = share,
        .patience = 1ul << patience,
#if CLSNN_WG > 1
        .sums = scratch.sums
#endif
    };
    volatile __global uint *const fault = (volatile __global uint *)&progress[b].fault_neuron;
    use_slot(&net, state, b);
    __global int *const last_pre = net.last_pre; /* the network's */
    net.row_length = n;
    net.first = share * CLSNN_SHARE_LENGTH(n, n_shares);
    net.n = min(CLSNN_SHARE_LENGTH(n, n_shares), n - net.first);
    net.w += net.first;
    net.theta += net.first;
    use_share(&net, slot, inputs + get_group_id(0) * (size_t)CLSNN_SLOT_WORDS(0, CLSNN_N_PRE, CLSNN_DELAY));
    FOR_OWN (i, CLSNN_N_PRE) net.last_pre[i] = last_pre[i];
#if CLSNN_WG > 1
    FOR_OWN (k, 3) scratch.sums[k] = 0u;
#endif
#else
    (void)inputs;
    (void)board;
    (void)patience;
    use_slot(&net, state, b);
#endif
    const struct encoding input = encoding_in(&scratch, net);
    const struct workspace space = workspace_in(&scratch, net, fired_exc, fired_inh, depress);

    /* Every work-item keeps its own copy of the network's progress. All copies agree. */
    struct clsnn_progress now = progress[b];
    const uint first = now.position;
    ulong n_spikes_all = 0;
    now.presentations = now.given_up = 0u;
    if (LID == 0) scratch.fault = net.n;
    BARRIER_GLOBAL();

    for (int shown = 0; shown < n_presentations && now.position < now.stop && now.fault_neuron < 0; shown++) {
        if (CLSNN_WG == 1 && shown > 0 && atomic_or(any_done, 0) == 1) break;
        const uint image = (uint)order[b * (size_t)n_order + (now.position - first)];
        const uint intensity = min((uint)net.p.intensity_start + now.attempt * (uint)net.p.intensity_step,
                                   (uint)net.p.intensity_max);
        const struct draw d = {net.p.seed_lo, net.p.seed_hi, image, now.epoch | now.attempt << 20,
                               (uint)CLSNN_RNG_TRAIN << 24};
#if TRAIN_PHASES & CLSNN_PHASE_NORMALISE
        normalise_changed(net, sums_in(&scratch));
#endif
#if TRAIN_PHASES & CLSNN_PHASE_ENCODE
        now.n_active = (uint)encode(input, pixels + (size_t)image * CLSNN_N_PRE, intensity,
                                    net.p.rate_denominator, net.p.n_on, d);
#endif
#if TRAIN_PHASES != CLSNN_PHASE_ALL
        /* the next launch reads the list of inputs */
        FOR_OWN (a, (int)now.n_active) {
            if (TRAIN_PHASES & CLSNN_PHASE_ENCODE)
                kept_active[b * CLSNN_N_PRE + (size_t)a] = scratch.active[a];
            else
                scratch.active[a] = kept_active[b * CLSNN_N_PRE + (size_t)a];
        }
        BARRIER_GLOBAL();
#endif
#if TRAIN_PHASES == CLSNN_PHASE_ALL
        now.n_spikes = present(net, input, (int)now.n_active, 0, net.p.n_steps, net.p.n_steps, space, 1
#ifdef CLSNN_SHARES
                               ,
                               &meeting
#endif
        );
#elif TRAIN_PHASES & CLSNN_PHASE_PRESENT
        now.n_spikes = present(net, input, (int)now.n_active, 0, net.p.n_on, net.p.n_steps, space, 1);
#elif TRAIN_PHASES & CLSNN_PHASE_REST
        present(net, input, (int)now.n_active, net.p.n_on, net.p.n_steps, net.p.n_steps, space, 1);
#endif
#if TRAIN_PHASES & CLSNN_PHASE_REST
        const int own_fault = end_presentation(net, net.p.n_steps, 1);
        if (own_fault < net.n) ATOMIC_MIN(&scratch.fault, own_fault);
        BARRIER_LOCAL();
        now.presentations++;
#ifdef CLSNN_SHARES
        /* the first neuron at fault of all shares; LOST and "none" are larger as words */
        if (LID == 0 && scratch.fault < net.n && !meeting.is_lost)
            atomic_min(fault, (uint)(net.first + scratch.fault));
        if (meet(&meeting, scratch.fault < net.n) != 0u || meeting.is_lost) break;
#else
        if (scratch.fault < net.n) now.fault_neuron = scratch.fault;
#endif
        if (now.fault_neuron >= 0) continue;

        const int enough = now.n_spikes >= (uint)net.p.min_spikes;
        const int last_try = intensity >= (uint)net.p.intensity_max || now.attempt + 1u >= CLSNN_MAX_ATTEMPT;
        if (!enough && !last_try) {
            now.attempt++;
            continue;
        }
        if (b < (size_t)n_watched) {
            __global ushort *out =
                counts_out + (b * (size_t)n_counts + now.position % (uint)n_counts) * (size_t)n;
#ifdef CLSNN_SHARES
            out += net.first;
#endif
            FOR_OWN (j, net.n) out[j] = net.counts[j];
        }
        n_spikes_all += now.n_spikes;
        now.given_up += enough ? 0u : 1u;
        now.attempt = 0u;
        now.position++;
#endif
    }
    if (CLSNN_WG == 1) atomic_cmpxchg(any_done, 0, 1);
    now.spikes_lo = (uint)n_spikes_all;
    now.spikes_hi = (uint)(n_spikes_all >> 32);
#ifdef CLSNN_SHARES
    if (LID == 0 && meeting.is_lost) atomic_min(fault, (uint)CLSNN_LOST);
    if (share > 0) return;
    FOR_OWN (i, CLSNN_N_PRE) last_pre[i] = net.last_pre[i];
    if (LID == 0) { /* all that has changed but the fault, which another share may still write */
        progress[b].position = now.position;
        progress[b].attempt = now.attempt;
        progress[b].presentations = now.presentations;
        progress[b].given_up = now.given_up;
        progress[b].spikes_lo = now.spikes_lo;
        progress[b].spikes_hi = now.spikes_hi;
    }
#else
    if (LID == 0) progress[b] = now;
#endif
}
