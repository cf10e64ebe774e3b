/* Replay: shows given input spikes to one network once and records every step. The steps are those of
 * training or, without learning, of evaluation: present(). Built with CLSNN_RECORD. */

/* The given input spikes are in the state's row spikes: input i is bit i % 32 of bundle i / 32. Steps from
 * n_on on have none. Buffers are as in train, of one network. record_exc, record_inh, record_probes and
 * probed are those of struct recording. NDRange: (CLSNN_WG), local CLSNN_WG. */
KERNEL void replay(__global const struct clsnn_params *params, __global const struct clsnn_tables *tables,
                   __global float *w, __global float *theta, __global const float *zeros,
                   __global const uchar *delays, __global uint *state,
                   __global struct clsnn_progress *progress, __global uint *record_exc,
                   __global uint *record_inh, __global float *record_probes, __global const int *probed,
                   int n_probes, int n, int learn, __local uint *fired_exc, __local uint *fired_inh,
                   __local float *depress) {
    __local struct scratch scratch;
    struct network net = {.p = params[0], .tables = tables, .w = w, .theta = theta, .zeros = zeros, .n = n};
#if HAS_DELAYS
    net.delays = delays;
#endif
    use_slot(&net, state, 0);
    const struct encoding input = encoding_in(&scratch, net);
    const struct workspace space = workspace_in(&scratch, net, fired_exc, fired_inh, depress);
    const struct recording rec = {record_exc, record_inh, record_probes, probed, n_probes};
    FOR_OWN (i, CLSNN_N_PRE) scratch.active[i] = (ushort)i;
    if (LID == 0) scratch.fault = n;
    BARRIER_GLOBAL();
    int own_fault;
    if (learn) {
        normalise_changed(net, sums_in(&scratch));
        present(net, input, CLSNN_N_PRE, 0, net.p.n_steps, net.p.n_steps, space, 1, rec);
        own_fault = end_presentation(net, net.p.n_steps, 1);
    } else {
        present(net, input, CLSNN_N_PRE, 0, net.p.n_steps, net.p.n_steps, space, 0, rec);
        own_fault = end_presentation(net, net.p.n_steps, 0);
    }
    if (own_fault < n) ATOMIC_MIN(&scratch.fault, own_fault);
    BARRIER_LOCAL();
    if (LID == 0 && scratch.fault < n) progress[0].fault_neuron = scratch.fault;
}
