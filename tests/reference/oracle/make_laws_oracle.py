#!/usr/bin/env python3
"""Makes rules/*.npz: small networks under every law, recorded by Brian 2 in double precision.

    /usr/bin/python3 tests/reference/oracle/make_laws_oracle.py [NAME]...

NAME.json beside NAME.npz holds the options of clsnn replay. make_oracle.py describes the arrays. Inputs from
160 on are silent and have weight 0; no rule moves a weight off 0 without a trace. Weights are multiples of
1/64. No step may come within 2e-3 mV of a threshold, so that float32 fires the same spikes. delay_steps are
whole steps from an input spike to its arrival at a synapse."""
import itertools
import json
import pathlib
import sys
import warnings

warnings.filterwarnings('ignore')
import numpy as np  # noqa: E402
from brian2 import (Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, StateMonitor,  # noqa: E402
                    Synapses, defaultclock, ms, mV, prefs)

N, USED, ON, OFF, SAMPLES, PROBABILITY = 4, 160, 120, 40, 2, 0.02
UP = {'triplet': 'eta_post*pre*post2', 'pair': 'eta_post*pre',
      'powerlaw': 'eta_post*(pre-x_tar)*(1-w)**mu', 'symmetric': 'eta_post*(pre-x_tar)*(1-w)**mu',
      'exponential': 'eta_post*(pre*exp(-beta*w)-x_tar*exp(-beta*(1-w)))'}
DOWN = {'triplet': 'eta_pre*post1', 'pair': 'eta_pre*post1', 'symmetric': 'eta_pre*post1*w**mu'}
DEFAULTS = dict(eta_pre=1e-4, eta_post=1e-2, x_tar=0.4, mu=1, beta=3.0)
# name: rule, pairing, inhibition, sum of a neuron's weights, constants. The constant delays is the longest
# delay in steps.
RECORDINGS = {
    'pair_nearest': ('pair', 'nearest', 'layer', 78, dict(eta_pre=1e-3)),
    'triplet_all': ('triplet', 'all', 'layer', 78, dict(eta_pre=1e-3)),
    'pair_all': ('pair', 'all', 'layer', 78, dict(eta_pre=2e-3, eta_post=4e-3)),
    'powerlaw': ('powerlaw', 'all', 'layer', 0, dict(eta_post=2e-2, mu=3)),
    'symmetric': ('symmetric', 'nearest', 'layer', 0, dict(eta_pre=1e-2, eta_post=2e-2, x_tar=0.2, mu=2)),
    'exponential': ('exponential', 'nearest', 'layer', 0, dict(eta_post=2e-2)),
    'direct': ('triplet', 'nearest', 'direct', 78, {}),
    'delays_all': ('symmetric', 'all', 'layer', 78, dict(eta_pre=1e-2, x_tar=0.2, delays=35)),
    'held': ('triplet', 'nearest', 'layer', 78, dict(hold_exc_ms=5, refrac_exc_ms=20)),
}


def record(seed, rule, pairing, inhibition, norm, constants):
    """Returns the arrays of one recording, or None if it shows too little or comes near a threshold."""
    random = np.random.default_rng(seed)
    step, event = np.nonzero(random.random((SAMPLES * ON, USED)) < PROBABILITY)
    step += step // ON * OFF
    w0 = np.zeros((784, N), 'f4')
    w0[:USED] = random.integers(8, 56, (USED, N)) / 64
    delays = random.integers(0, constants.get('delays', 0) + 1, (784, N)).astype('i4')
    held = '(unless refractory)' if 'hold_exc_ms' in constants else ''
    block = constants.get('refrac_exc_ms', 5)
    exc = NeuronGroup(N, f'''dv/dt=((-65*mV-v)+ge*(0*mV-v)+gi*(-100*mV-v))/(100*ms) : volt {held}
        dge/dt=-ge/(1*ms) : 1
        dgi/dt=-gi/(2*ms) : 1
        dtheta/dt=-theta/(1e7*ms) : volt''', reset='v=-65*mV; theta+=0.05*mV',
                      threshold=f'v>theta-72*mV and t-lastspike>{block - 0.25}*ms',
                      refractory=5*ms, method='euler')
    exc.v, exc.theta = -65*mV, 20*mV
    inputs = SpikeGeneratorGroup(784, event, step*0.5*ms)
    rise = {'nearest': '=1.', 'all': '+=1.'}[pairing]
    down = f'; w=clip(w-{DOWN[rule]},0,1)' if rule in DOWN else ''
    synapses = Synapses(inputs, exc, '''w : 1
        dpre/dt=-pre/(20*ms) : 1 (event-driven)
        dpost1/dt=-post1/(20*ms) : 1 (event-driven)
        dpost2/dt=-post2/(40*ms) : 1 (event-driven)''', on_pre=f'ge_post+=w; pre{rise}{down}',
                        on_post=f'w=clip(w+{UP[rule]},0,1); post1{rise}; post2{rise}', namespace=constants)
    synapses.connect()
    synapses.w = w0.astype('f8').ravel()
    if 'delays' in constants:
        synapses.pre.delay = delays.ravel()*0.5*ms
    spikes = SpikeMonitor(exc)
    trace = StateMonitor(exc, ['v', 'ge', 'gi', 'theta'], record=True, when='end')
    parts = [exc, inputs, synapses, spikes, trace]
    if inhibition == 'layer':
        inh = NeuronGroup(N, '''dv/dt=((-60*mV-v)+ge*(0*mV-v))/(10*ms) : volt (unless refractory)
            dge/dt=-ge/(1*ms) : 1''', threshold='v>-40*mV', reset='v=-45*mV', refractory=2*ms, method='euler')
        inh.v = -60*mV
        to_partner = Synapses(exc, inh, on_pre='ge_post+=10.4')
        to_partner.connect(j='i')
        to_others = Synapses(inh, exc, on_pre='gi_post+=17.')
        to_others.connect('i!=j')
        inh_spikes, inh_trace = SpikeMonitor(inh), StateMonitor(inh, 'v', record=True, when='end')
        parts += [inh, to_partner, to_others, inh_spikes, inh_trace]
    else:
        to_others = Synapses(exc, exc, on_pre='gi_post+=17.')
        to_others.connect('i!=j')
        parts += [to_others]
    network = Network(parts)
    for _ in range(SAMPLES):
        if norm:
            w = np.array(synapses.w).reshape(784, N)
            synapses.w = (w * (norm / w.sum(0))).ravel()
        network.run((ON + OFF)*0.5*ms)

    def steps(monitor):
        return np.rint(np.asarray(monitor.t / (0.5*ms))).astype('i4')

    def neurons(monitor):
        return np.asarray(monitor.i).astype('i4')

    v = np.asarray(trace.v / mV).T
    none = np.zeros(0, 'i4')
    found = dict(steps_on=np.int32(ON), steps_off=np.int32(OFF), n_samples=np.int32(SAMPLES),
                 learn=np.int32(1), norm=np.float32(norm), event_step=step.astype('i4'),
                 event_input=event.astype('i4'), w0=w0, theta0_mv=np.full(N, 20, 'f4'),
                 exc_step=steps(spikes), exc_neuron=neurons(spikes), inh_step=none, inh_neuron=none,
                 v_exc=v, ge_exc=np.asarray(trace.ge).T, gi_exc=np.asarray(trace.gi).T,
                 w_end=np.array(synapses.w).reshape(784, N), theta_end_mv=np.asarray(exc.theta / mV))
    if inhibition == 'layer':
        found.update(inh_step=steps(inh_spikes), inh_neuron=neurons(inh_spikes),
                     v_inh=np.asarray(inh_trace.v / mV).T)
    if 'delays' in constants:
        found['delay_steps'] = delays
    margin = np.abs(v - (np.asarray(trace.theta / mV).T - 72)).min()
    often = np.bincount(found['exc_neuron'], minlength=N)
    return found if margin > 2e-3 and (often >= 2).sum() >= 2 else None


def main():
    prefs.codegen.target = 'numpy'
    defaultclock.dt = 0.5*ms
    folder = pathlib.Path(__file__).parent / 'rules'
    folder.mkdir(exist_ok=True)
    for name in sys.argv[1:] or RECORDINGS:
        rule, pairing, inhibition, norm, changed = RECORDINGS[name]
        constants = {**DEFAULTS, **changed}
        found = next(filter(None, (record(seed, rule, pairing, inhibition, norm, constants)
                                   for seed in itertools.count(1))))
        np.savez_compressed(folder / f'{name}.npz', **found)
        args = ['--rule', rule, '--pairing', pairing, '--inhibition', inhibition]
        for key, value in constants.items():
            if key == 'delays':  # in the recording itself
                continue
            args += ['--set', f'{key}={value:g}']
        (folder / f'{name}.json').write_text(json.dumps({'args': args}, indent=1) + '\n')
        print(name, len(found['exc_step']), 'excitatory spikes, weights in',
              [found['w_end'].min(), found['w_end'][:USED].min(), found['w_end'].max()])


if __name__ == '__main__':
    main()
