#!/usr/bin/env python3
"""Times a network in NEST that is as close to clsnn's as NEST's own models come. Prints a JSON line.

    nest_peer.py --data DIR --neurons 400 --images 30

The clocks run around nest.Simulate and the setting of rates, on one thread. Building the network and the
first images are not counted.

The same as in clsnn: layers and connections, equations of both layers, constants, adaptive threshold, steps
of 0.5 ms, rates, 350 ms with input and 150 ms without.

Different:
  neurons     gif_cond_exp draws its spikes at random. Delta_V = 0.01 mV makes that a threshold to within
              about 0.05 mV. Membranes are held at reset while refractory (clsnn's excitatory ones are not).
              An adaptive Runge-Kutta solver replaces Euler's steps.
  delays      are at least one step: inputs act one step later, inhibition three
  learning    stdp_triplet_synapse has clsnn's triplet rule, but its traces add up spikes, as in
              clsnn --pairing all
  rescaling   once, at the start. Reading a network's weights from Python takes longer than an image.
  inputs      a poisson_generator may spike twice in a step
  retries     none
"""
import contextlib
import json
import os
import sys

import common as c

INSTALL = "python3 -m venv DIR && DIR/bin/pip install nest-simulator; then PEERS_PYTHON=DIR/bin/python"


def build(nest, neurons, seed):
    """Returns the generators of input, and a recorder of the excitatory layer's spikes. Conductances are in
    units of the leak: g_L is 1 nS, and C_m / g_L is the time constant."""
    import numpy as np

    nest.set(resolution=c.DT_MS, local_num_threads=1, rng_seed=seed)
    exc = nest.Create("gif_cond_exp", neurons, {
        "C_m": 100.0, "g_L": 1.0, "E_L": -65.0, "V_reset": -65.0, "V_m": -105.0, "t_ref": 5.0,
        "E_ex": 0.0, "E_in": -100.0, "tau_syn_ex": 1.0, "tau_syn_in": 2.0,
        "V_T_star": -52.0, "q_sfa": [0.05], "tau_sfa": [1e7], "q_stc": [], "tau_stc": [],  # theta
        "Delta_V": 0.01, "lambda_0": 1000.0, "tau_minus": 20.0, "tau_minus_triplet": 40.0})
    inh = nest.Create("iaf_cond_exp", neurons, {
        "C_m": 10.0, "g_L": 1.0, "E_L": -60.0, "V_reset": -45.0, "V_m": -100.0, "V_th": -40.0, "t_ref": 2.0,
        "E_ex": 0.0, "E_in": -85.0, "tau_syn_ex": 1.0, "tau_syn_in": 2.0})
    # A generator sends each of its targets other spikes; behind a parrot all get the same.
    generators, inputs = nest.Create("poisson_generator", c.N_PRE), nest.Create("parrot_neuron", c.N_PRE)
    nest.Connect(generators, inputs, "one_to_one", {"delay": c.DT_MS})

    nest.CopyModel("stdp_triplet_synapse", "learning", {
        "delay": c.DT_MS, "Wmax": 1.0, "tau_plus": 20.0, "tau_plus_triplet": 40.0,
        "Aplus": 0.0, "Aplus_triplet": 0.01, "Aminus": 1e-4, "Aminus_triplet": 0.0})
    weights = c.initial_weights(neurons, np.random.default_rng(seed))[1]
    nest.Connect(inputs, exc, "all_to_all",
                 {"synapse_model": "learning", "weight": np.ascontiguousarray(weights.T)})
    nest.Connect(exc, inh, "one_to_one", {"weight": 10.4, "delay": c.DT_MS})
    nest.Connect(inh, exc, "all_to_all", {"weight": -17.0, "delay": c.DT_MS})
    nest.Disconnect(inh, exc, conn_spec="one_to_one", syn_spec={"synapse_model": "static_synapse"})

    recorder = nest.Create("spike_recorder")
    nest.Connect(exc, recorder)
    return generators, recorder


def main():
    args = c.parser(__doc__, images=30, warmup=3).parse_args()
    os.environ["PYNEST_QUIET"] = "1"
    with contextlib.redirect_stdout(sys.stderr):
        nest = c.need("nest", INSTALL)
        nest.verbosity = nest.VerbosityLevel.ERROR
    versions = c.about("NEST", "nest-simulator", "numpy")
    if args.probe:
        print(json.dumps(versions))
        return 0
    images = c.read_images(args.data, args.warmup + args.images)
    rates = c.rates_hz(images)
    generators, recorder = build(nest, args.neurons, args.seed)

    def present(image_rates):
        generators.rate = image_rates
        nest.Simulate(c.ON_MS)
        generators.rate = 0.0
        nest.Simulate(c.OFF_MS)

    for image in rates[:args.warmup]:
        present(image)
    before = recorder.n_events
    wall, cpu = c.time_images(present, rates[args.warmup:])
    c.print_row(versions, "triplet", args.neurons, args.images, wall, cpu,
                (recorder.n_events - before) / args.images, c.input_spikes_per_image(images[args.warmup:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
