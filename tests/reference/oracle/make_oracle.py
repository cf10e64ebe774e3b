#!/usr/bin/env python3
"""Records the model in small networks, spike for spike, by Brian 2 in double precision.

tests/reference/test_reference.c and tests/device/test_replay.c read the recordings. Needs Brian 2 and numpy
(Debian: python3-brian). Writes every recording of RECORDINGS beside this script:

    /usr/bin/python3 tests/reference/oracle/make_oracle.py

The script draws the input spikes, stores and replays them, so the simulator under test needs no random
numbers. Every array is little-endian and C-ordered:

  inputs    steps_on, steps_off, n_samples   i4 scalars: a sample is steps_on steps with input, steps_off
                                             without
            event_step, event_input          i4 [E]: global step (from 0) and input of each input spike
            w0 f4 [784, N], theta0_mv f4 [N] state at step 0; v at rest, conductances and traces 0
            learn i4 scalar, norm f4 scalar  column sum set before each sample if learn is 1; nothing else
                                             changes between samples
  outputs   exc_step, exc_neuron, inh_step, inh_neuron   i4: every spike
            v_exc, ge_exc, gi_exc, v_inh     f8 [n_steps, N_probe]: neurons 0 .. N_probe - 1, AFTER each step
            w_end f8 [784, N], theta_end_mv f8 [N]
"""
import os
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import brian2 as b
from brian2 import ms, mV

STEPS_ON, STEPS_OFF, NORM, DT_MS = 120, 60, 78.0, 0.5
#            file                  N   samples  learn  probes  intensity  theta spread (mV)  seed
RECORDINGS = [
    ("learn_12.npz", 12, 2, True, 3, 8.0, 6.0, 1),
    ("learn_37.npz", 37, 1, True, 4, 6.0, 20.0, 2),
    ("frozen_37.npz", 37, 2, False, 3, 8.0, 20.0, 4),
]


def draw(n_post, n_samples, intensity, theta_spread_mv, rng):
    """Draws input spikes, weights and thetas.

    Images are soft blobs in the middle 12 x 12 pixels. Only these pixels have weights: the files stay small,
    and weights near their upper bound are common. Weights are multiples of 1/64 and thetas of 1/16 mV, which
    float32 holds exactly."""
    yy, xx = np.mgrid[0:28, 0:28]
    middle = (yy >= 8) & (yy < 20) & (xx >= 8) & (xx < 20)
    steps, inputs = [], []
    for s in range(n_samples):
        blobs = sum(
            np.exp(-((yy - rng.uniform(10, 18)) ** 2 + (xx - rng.uniform(10, 18)) ** 2) / (2 * 2.2**2))
            for _ in range(3))
        image = np.clip(blobs * 200, 0, 255).astype(np.uint8) * middle
        p = image.ravel() / 8.0 * intensity * DT_MS * 1e-3
        t, i = np.nonzero(rng.random((STEPS_ON, 784)) < p)
        steps.append(t + s * (STEPS_ON + STEPS_OFF))
        inputs.append(i)
    w0 = np.zeros((784, n_post), "<f4")
    w0[middle.ravel()] = rng.integers(0, 65, (144, n_post)) / 64
    theta0_mv = (20 + np.floor(16 * theta_spread_mv * rng.random(n_post)) / 16).astype("<f4")
    return np.concatenate(steps).astype("<i4"), np.concatenate(inputs).astype("<i4"), w0, theta0_mv


def record(path, n_post, n_samples, learn, n_probe, intensity, theta_spread_mv, seed):
    steps, inputs, w0, theta0_mv = draw(n_post, n_samples, intensity, theta_spread_mv,
                                        np.random.default_rng(seed))

    b.start_scope()
    b.defaultclock.dt = DT_MS * ms
    exc = b.NeuronGroup(n_post, """dv/dt=((-65*mV-v)+ge*(0*mV-v)+gi*(-100*mV-v))/(100*ms) : volt
        dge/dt=-ge/(1*ms) : 1
        dgi/dt=-gi/(2*ms) : 1
        """ + ("dtheta/dt=-theta/(1e7*ms) : volt" if learn else "theta : volt"),
        threshold="v>theta-72*mV", reset="v=-65*mV" + (";theta+=0.05*mV" if learn else ""),
        refractory=5 * ms, method="euler")
    inh = b.NeuronGroup(n_post, """dv/dt=((-60*mV-v)+ge*(0*mV-v))/(10*ms) : volt (unless refractory)
        dge/dt=-ge/(1*ms) : 1""", threshold="v>-40*mV", reset="v=-45*mV", refractory=2 * ms, method="euler")
    exc.v, exc.theta, inh.v = -65 * mV, theta0_mv.astype("f8") * mV, -60 * mV
    source = b.SpikeGeneratorGroup(784, inputs, steps * DT_MS * ms)
    if learn:
        syn = b.Synapses(source, exc, """w : 1
            dpre/dt=-pre/(20*ms) : 1 (event-driven)
            dpost1/dt=-post1/(20*ms) : 1 (event-driven)
            dpost2/dt=-post2/(40*ms) : 1 (event-driven)""",
            on_pre="ge_post+=w; pre=1.; w=clip(w-0.0001*post1,0,1)",
            on_post="w=clip(w+0.01*pre*post2,0,1); post1=1.; post2=1.")
    else:
        syn = b.Synapses(source, exc, "w : 1", on_pre="ge_post+=w")
    syn.connect()
    syn.w = w0.astype("f8").ravel()
    exc_inh = b.Synapses(exc, inh, on_pre="ge_post+=10.4")
    exc_inh.connect(j="i")
    inh_exc = b.Synapses(inh, exc, on_pre="gi_post+=17.0")
    inh_exc.connect("i!=j")
    spikes_exc, spikes_inh = b.SpikeMonitor(exc), b.SpikeMonitor(inh)
    state_exc = b.StateMonitor(exc, ["v", "ge", "gi"], record=True, when="end")
    state_inh = b.StateMonitor(inh, "v", record=True, when="end")
    net = b.Network(exc, inh, source, syn, exc_inh, inh_exc, spikes_exc, spikes_inh, state_exc, state_inh)
    for _ in range(n_samples):
        if learn:
            before = np.array(syn.w[:]).reshape(784, n_post)
            syn.w = (before * (NORM / before.sum(0))).ravel()
        net.run((STEPS_ON + STEPS_OFF) * DT_MS * ms)

    def step_of(monitor):
        return np.rint(np.asarray(monitor.t / (DT_MS * ms))).astype("<i4")

    def probe(values):
        return np.ascontiguousarray(np.asarray(values).T[:, :n_probe], "<f8")

    exc_step, inh_step = step_of(spikes_exc), step_of(spikes_inh)
    together = np.bincount(exc_step)
    w_end = np.array(syn.w[:]).reshape(784, n_post)

    # Each recording must contain the events that it is made for.
    assert len(exc_step) >= 10 and len(set(np.asarray(spikes_exc.i))) >= 5, "few spikes, or of few neurons"
    assert together.max() >= 2, "no two neurons fire in one step"
    assert together.max() <= 20 and np.asarray(state_exc.v / mV).min() > -100, \
        "forward Euler overshoots: lower the input"
    assert np.isin(exc_step, steps).any(), "no input spike and excitatory spike in one step"
    assert not learn or (w_end == 1).any(), "no weight at its upper bound"

    np.savez_compressed(path,
        steps_on=np.int32(STEPS_ON), steps_off=np.int32(STEPS_OFF), n_samples=np.int32(n_samples),
        event_step=steps, event_input=inputs, w0=w0, theta0_mv=theta0_mv,
        learn=np.int32(learn), norm=np.float32(NORM),
        exc_step=exc_step, exc_neuron=np.asarray(spikes_exc.i).astype("<i4"),
        inh_step=inh_step, inh_neuron=np.asarray(spikes_inh.i).astype("<i4"),
        v_exc=probe(state_exc.v / mV), ge_exc=probe(state_exc.ge), gi_exc=probe(state_exc.gi),
        v_inh=probe(state_inh.v / mV),
        w_end=w_end, theta_end_mv=np.asarray(exc.theta / mV))
    print(f"{os.path.basename(path)}: {os.path.getsize(path)} bytes, {len(steps)} input spikes, "
          f"{len(exc_step)} exc, {len(inh_step)} inh, "
          f"{len(set(np.asarray(spikes_exc.i)))} neurons fired, at most {together.max()} in one step")


if __name__ == "__main__":
    b.prefs.codegen.target = "numpy"
    for name, *arguments in RECORDINGS:
        record(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), *arguments)
