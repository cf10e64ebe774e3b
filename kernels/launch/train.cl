/* Training: one work-group shows many images to one network in one launch, without the host in between. For
 * each presentation it rescales the changed columns, encodes the image, shows it, and decides whether to show
 * it again. */

/* Shows the images of this epoch from progress.position on, until progress.stop is reached or n_presentations
 * are done. Results do not depend on how an epoch is cut into launches.
 *
 * params, tables  [n_networks]
 * zeros           [n]
 * w               [n_networks][784][n]
 * theta           [n_networks][n]
 * state           [n_networks][CLSNN_SLOT_WORDS(n)]
 * networks        [work-groups] the network of each work-group
 * any_done        [1] for work-groups of one: 0, then 1 when a network is done. The other networks stop after
 *                 their current presentation, so that no core waits. CLSNN_DONE_IGNORED: nobody stops.
 * pixels          [n_images][784]
 * order           [n_networks][n_order] the images from the launch's first position on
 * counts_out      [n_watched][n_counts][n] the first networks' spikes; of position k in row k % n_counts
 * kept_active     [n_networks][784] inputs with ink, kept between launches of single phases
 * fired_exc, fired_inh  local: see workspace_in
 *
 * program.cl includes this file once for each kernel: TRAIN_KERNEL is its name, TRAIN_PHASES what it does.
 * Phases are macros, because some compilers double the code behind a barrier in a branch.
 * NDRange: (CLSNN_WG * networks with something to do), local CLSNN_WG. Each work-group touches only its own
 * network. */
KERNEL void TRAIN_KERNEL(__global const struct clsnn_params *params,
                         __global const struct clsnn_tables *tables, __global float *w, __global float *theta,
                         __global const float *zeros, __global uint *state,
                         __global struct clsnn_progress *progress, __global const int *networks,
                         __global int *any_done, __global const uchar *pixels, __global const int *order,
                         int n_order, __global ushort *counts_out, int n_counts, int n_watched,
                         __global ushort *kept_active, int n, int n_presentations, __local uint *fired_exc,
                         __local uint *fired_inh, __local float *depress) {
    __local struct scratch scratch;
    const size_t b = (size_t)networks[get_group_id(0)], at = b * (size_t)n;
    struct network net = {.p = params[b],
                          .tables = tables + b,
                          .w = w + at * CLSNN_N_PRE,
                          .theta = theta + at,
                          .zeros = zeros,
                          .n = n};
    use_slot(&net, state, b);
    const struct encoding input = encoding_in(&scratch, net);
    const struct workspace space = workspace_in(&scratch, net, fired_exc, fired_inh, depress);

    /* Every work-item keeps its own copy of the network's progress. All copies agree. */
    struct clsnn_progress now = progress[b];
    const uint first = now.position;
    ulong n_spikes_all = 0;
    now.presentations = now.given_up = 0u;
    if (LID == 0) scratch.fault = n;
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
        now.n_spikes = present(net, input, (int)now.n_active, 0, net.p.n_steps, net.p.n_steps, space, 1);
#elif TRAIN_PHASES & CLSNN_PHASE_PRESENT
        now.n_spikes = present(net, input, (int)now.n_active, 0, net.p.n_on, net.p.n_steps, space, 1);
#elif TRAIN_PHASES & CLSNN_PHASE_REST
        present(net, input, (int)now.n_active, net.p.n_on, net.p.n_steps, net.p.n_steps, space, 1);
#endif
#if TRAIN_PHASES & CLSNN_PHASE_REST
        const int own_fault = end_presentation(net, net.p.n_steps, 1);
        if (own_fault < n) ATOMIC_MIN(&scratch.fault, own_fault);
        BARRIER_LOCAL();
        now.presentations++;
        if (scratch.fault < n) {
            now.fault_neuron = scratch.fault;
            continue;
        }

        const int enough = now.n_spikes >= (uint)net.p.min_spikes;
        const int last_try = intensity >= (uint)net.p.intensity_max || now.attempt + 1u >= CLSNN_MAX_ATTEMPT;
        if (!enough && !last_try) {
            now.attempt++;
            continue;
        }
        if (b < (size_t)n_watched) {
            __global ushort *out =
                counts_out + (b * (size_t)n_counts + now.position % (uint)n_counts) * (size_t)n;
            FOR_OWN (j, n) out[j] = net.counts[j];
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
    if (LID == 0) progress[b] = now;
}
