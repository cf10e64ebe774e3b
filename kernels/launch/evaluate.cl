/* Frozen presentations: each starts from rest, and neither weights nor theta change. So images are
 * independent of each other. A work-group takes every n_slots-th image; its state is scratch. The rest after
 * an image is skipped, because nothing follows it. */

/* Shows images first .. first + n_images - 1 to network b.
 *
 * params, tables, w, theta, delays  as in train, read only
 * state                     [n_slots][slot words], overwritten
 * pixels                    [...][CLSNN_N_PRE]
 * counts_out                [n_images][n] spikes of each neuron
 * shown                     [n_images] presentations that the image took, and CLSNN_SHOWN_ flags
 * NDRange: (CLSNN_WG * n_slots), local CLSNN_WG. A work-group writes only its own slot and the rows of its
 * images. */
KERNEL void evaluate(__global const struct clsnn_params *params, __global const struct clsnn_tables *tables,
                     __global float *w, __global float *theta, __global const float *zeros,
                     __global const uchar *delays, __global uint *state, __global const uchar *pixels,
                     __global ushort *counts_out, __global uint *shown, int n, int b, int first, int n_images,
                     uint purpose, __local uint *fired_exc, __local uint *fired_inh, __local float *depress) {
    __local struct scratch scratch;
    const size_t n_slots = get_num_groups(0), slot = get_group_id(0);
    struct network net = {
        .p = params[b],
        .tables = tables + b,
        .w = w + (size_t)b * CLSNN_N_PRE * (size_t)n,
        .theta = theta + (size_t)b * (size_t)n,
        .zeros = zeros,
#if HAS_DELAYS
        .delays = delays + (size_t)b * CLSNN_N_PRE * (size_t)n,
#endif
        .n = n
    };
    use_slot(&net, state, slot);
    const struct encoding input = encoding_in(&scratch, net);
    const struct workspace space = workspace_in(&scratch, net, fired_exc, fired_inh, depress);

    for (int k = (int)slot; k < n_images; k += (int)n_slots) {
        const uint image = (uint)(first + k);
        if (LID == 0) scratch.fault = n; /* encode has the next barriers */
        for (uint attempt = 0u;; attempt++) {
            const uint intensity = min((uint)net.p.intensity_start + attempt * (uint)net.p.intensity_step,
                                       (uint)net.p.intensity_max);
            const struct draw d = {net.p.seed_lo, net.p.seed_hi, image, attempt << 20, purpose << 24};
            const int n_active = encode(input, pixels + (size_t)image * CLSNN_N_PRE, intensity,
                                        net.p.rate_denominator, net.p.n_on, d);
            FOR_OWN (j, n) {
                net.v_exc[j] = net.g_exc[j] = net.g_inh[j] = net.v_inh[j] = net.g_exc_inh[j] = 0.0f;
                net.last_exc[j] = net.last_inh[j] = CLSNN_NEVER;
                net.seen_inh[j] = -1;
            }
            const uint n_spikes = present(net, input, n_active, 0, net.p.n_on, net.p.n_on, space, 0);
            FOR_OWN (j, n) {
                if (!(fabs(net.v_exc[j]) < CLSNN_V_LIMIT && fabs(net.v_inh[j]) < CLSNN_V_LIMIT))
                    ATOMIC_MIN(&scratch.fault, j);
            }
            BARRIER_LOCAL();
            const int enough = n_spikes >= (uint)net.p.min_spikes;
            if (!enough && intensity < (uint)net.p.intensity_max && attempt + 1u < CLSNN_MAX_ATTEMPT)
                continue;
            FOR_OWN (j, n) counts_out[(size_t)k * (size_t)n + (size_t)j] = net.counts[j];
            if (LID == 0)
                shown[k] = scratch.fault < n ? (uint)scratch.fault | CLSNN_SHOWN_FAULT
                                             : (attempt + 1u) | (enough ? 0u : CLSNN_SHOWN_GIVEN_UP);
            BARRIER_LOCAL();
            break;
        }
    }
}
