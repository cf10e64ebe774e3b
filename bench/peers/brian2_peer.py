#!/usr/bin/env python3
"""Times clsnn's training network in Brian 2 (C++ standalone, one thread), on the first images of MNIST.

    brian2_peer.py --data DIR --neurons 400 --images 60 --form tuned --dir /tmp/brian
    brian2_peer.py --dir /tmp/brian --again            # runs the program built above once more
    brian2_peer.py --data DIR --form tuned --check build/host/clsnn

Prints one JSON line. Times are of Brian's simulation loop alone. Generating and compiling the code, reading
its arrays and connecting the synapses are not counted. The model is that of
tests/reference/oracle/make_oracle.py, and clsnn matches it spike for spike. --check repeats the comparison
for this script: Brian's network and clsnn replay get the same input spikes and must fire the same spikes.

The model has two forms:
  plain   follows Brian's documentation: a PoissonGroup with rates from a TimedArray, traces as event-driven
          equations of synapses
  tuned   is the fastest we found for Brian: input spikes drawn beforehand (SpikeGeneratorGroup: encoding
          costs Brian nothing), a neuron's traces in the neuron, an input's trace as the time of its last
          spike, so that an input spike evaluates no exponential. Denormal numbers are flushed to 0:
          traces of neurons that last fired 28 images ago slow every step otherwise
"""
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

import common as c
from common import DT_MS, N_PRE, NORM, STEPS_OFF, STEPS_ON

INSTALL = ("Debian, Ubuntu: apt-get install --no-install-recommends python3-brian g++ make\n"
           "  newest: python3.13 -m venv DIR && DIR/bin/pip install brian2; then PEERS_PYTHON=DIR/bin/python")
TIMES, ABOUT = "results/clsnn_peer.txt", "clsnn_peer.json"
INPUTS = {"plain": "poisson", "tuned": "generator"}  # the source of input spikes of each form

# C++ around Brian's simulation loop: clocks, and spikes counted in exc.fired.
BEFORE = """struct timespec _peer_w0, _peer_w1, _peer_c0, _peer_c1; double _peer_n0 = 0, _peer_n1 = 0;
for (int k = 0; k < %d; k++) _peer_n0 += _array_exc_fired[k];
clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &_peer_c0); clock_gettime(CLOCK_MONOTONIC, &_peer_w0);"""
AFTER = """clock_gettime(CLOCK_MONOTONIC, &_peer_w1); clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &_peer_c1);
for (int k = 0; k < %d; k++) _peer_n1 += _array_exc_fired[k];
{ std::ofstream f("%s"); f.precision(12);
  f << (_peer_w1.tv_sec - _peer_w0.tv_sec) + 1e-9 * (_peer_w1.tv_nsec - _peer_w0.tv_nsec) << " "
    << (_peer_c1.tv_sec - _peer_c0.tv_sec) + 1e-9 * (_peer_c1.tv_nsec - _peer_c0.tv_nsec) << " "
    << _peer_n1 - _peer_n0 << "\\n"; }"""


def draw_spikes(images, rng):
    import numpy as np

    steps, inputs = [], []
    for s, rates in enumerate(c.rates_hz(images)):
        t, i = np.nonzero(rng.random((STEPS_ON, N_PRE)) < rates * DT_MS * 1e-3)
        steps.append(t + s * (STEPS_ON + STEPS_OFF))
        inputs.append(i)
    return np.concatenate(steps).astype("<i4"), np.concatenate(inputs).astype("<i4")


def build_network(b, form, n_post, w0, source, v_exc_mv, v_inh_mv):
    """Builds kernels/README.md's network. Euler at rate (1 - exp(-dt / tau)) / dt decays traces exactly."""
    from brian2 import mV, ms

    equations = """dv/dt=((-65*mV-v)+ge*(0*mV-v)+gi*(-100*mV-v))/(100*ms) : volt
        dge/dt=-ge/(1*ms) : 1
        dgi/dt=-gi/(2*ms) : 1
        dtheta/dt=-theta/(1e7*ms) : volt
        fired : 1
        """
    reset = "v=-65*mV; theta+=0.05*mV; fired+=1"
    if form == "tuned":
        equations += "".join(f"dpost{k}/dt=-post{k}*{(1 - math.exp(-DT_MS / tau)) / DT_MS!r}/ms : 1\n"
                             for k, tau in ((1, 20.0), (2, 40.0)))
        # Resets come after synapses, so the post rule reads post2 before it is set.
        reset += "; post1=1; post2=1"
    exc = b.NeuronGroup(n_post, equations, threshold="v>theta-72*mV", reset=reset, refractory=5 * ms,
                        method="euler", name="exc")
    inh = b.NeuronGroup(n_post, """dv/dt=((-60*mV-v)+ge*(0*mV-v))/(10*ms) : volt (unless refractory)
        dge/dt=-ge/(1*ms) : 1""", threshold="v>-40*mV", reset="v=-45*mV", refractory=2 * ms, method="euler",
                        name="inh")
    exc.v, exc.theta, inh.v = v_exc_mv * mV, 20 * mV, v_inh_mv * mV
    if form == "tuned":
        syn = b.Synapses(source, exc, """w : 1
            last : second""",
            on_pre="ge_post+=w; last=t; w=clip(w-0.0001*post1_post,0,1)",
            on_post="w=clip(w+0.01*exp((last-t)/(20*ms))*post2_post,0,1)", name="syn")
    else:
        syn = b.Synapses(source, exc, """w : 1
            dpre/dt=-pre/(20*ms) : 1 (event-driven)
            dpost1/dt=-post1/(20*ms) : 1 (event-driven)
            dpost2/dt=-post2/(40*ms) : 1 (event-driven)""",
            on_pre="ge_post+=w; pre=1.; w=clip(w-0.0001*post1,0,1)",
            on_post="w=clip(w+0.01*pre*post2,0,1); post1=1.; post2=1.", name="syn")
    syn.connect()
    syn.w = w0.ravel()
    if form == "tuned":
        syn.last = -10 * b.second  # no spike yet: exp(-500) is 0 in effect
    exc_inh = b.Synapses(exc, inh, on_pre="ge_post+=10.4", name="exc_inh")
    exc_inh.connect(j="i")
    inh_exc = b.Synapses(inh, exc, on_pre="gi_post+=17.0", name="inh_exc")
    inh_exc.connect("i!=j")
    return b.Network(exc, inh, source, syn, exc_inh, inh_exc), exc, syn


def import_brian():
    b = c.need("brian2", INSTALL)
    lacks = [tool for tool in ("g++", "make") if not shutil.which(tool)]
    if lacks:
        c.fail(c.MISSING, f"Brian 2 compiles programs and lacks: {' '.join(lacks)}\n  {INSTALL}")
    return b


def start_standalone(b, form):
    b.set_device("cpp_standalone", build_on_run=False)
    b.prefs.devices.cpp_standalone.openmp_threads = 0  # one thread, without OpenMP's locks
    b.prefs.logging.console_log_level = "ERROR"
    if form == "tuned":  # as an option of the linker it makes the processor flush denormal numbers
        b.prefs.codegen.cpp.extra_link_args = [*b.prefs.codegen.cpp.extra_link_args, "-ffast-math"]
    b.defaultclock.dt = DT_MS * b.ms


def build(args):
    """Builds the timed program in args.dir with Brian's own compiler flags: -O3 -ffast-math
    -fno-finite-math-only -march=native. -Ofast, unrolling and LTO gained nothing."""
    b = import_brian()
    import numpy as np

    start_standalone(b, args.form)
    n_images = args.warmup + args.images
    images = c.read_images(args.data, n_images)
    rng = np.random.default_rng(args.seed)
    b.seed(args.seed)
    w0 = c.initial_weights(args.neurons, rng)[1]
    if args.input == "generator":
        steps, inputs = draw_spikes(images, rng)
        source = b.SpikeGeneratorGroup(N_PRE, inputs, steps * DT_MS * b.ms, name="source")
        namespace = {}
    else:
        blocks = np.zeros((n_images, 10, N_PRE))  # of 50 ms: 7 with input, 3 without
        blocks[:, :7] = c.rates_hz(images)[:, None]
        namespace = {"stimulus": b.TimedArray(blocks.reshape(-1, N_PRE) * b.Hz, dt=50 * b.ms)}
        source = b.PoissonGroup(N_PRE, rates="stimulus(t,i)", name="source", namespace=namespace)
    net, _, _ = build_network(b, args.form, args.neurons, w0, source, -105, -100)
    image_ms = (STEPS_ON + STEPS_OFF) * DT_MS * b.ms
    net.run(args.warmup * image_ms, namespace=namespace)
    b.device.insert_code("before_network_run", BEFORE % args.neurons)
    b.device.insert_code("after_network_run", AFTER % (args.neurons, TIMES))
    net.run(args.images * image_ms, namespace=namespace)
    b.device.build(directory=args.dir, compile=True, run=False, debug=False)
    form = args.form if args.input == INPUTS[args.form] else f"{args.form}, {args.input}"
    with open(os.path.join(args.dir, ABOUT), "w") as f:
        json.dump({"versions": c.about("Brian", "brian2", "numpy"), "form": form, "neurons": args.neurons,
                   "images": args.images, "input_spikes": c.input_spikes_per_image(images[args.warmup:])}, f)


def run_once(folder):
    """Runs the compiled program and prints its row."""
    try:
        with open(os.path.join(folder, ABOUT)) as f:
            about = json.load(f)
    except FileNotFoundError:
        c.fail(c.MISSING, f"{folder}: holds no program: build one with --build-only")
    subprocess.run(["./main"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, TIMES)) as f:
        wall, cpu, fired = map(float, f.read().split())
    c.print_row(**about, wall=wall, cpu=cpu, exc_spikes=fired / about["images"])


def check(args):
    """Compares Brian's network with clsnn replay. Both start from rest with columns rescaled once, get the
    same input spikes, and learn. Spikes must be equal. theta and weights must agree within float32's rounding
    of some thousand changes: clsnn computes in float32, Brian in double. Returns the exit status."""
    b = import_brian()
    import numpy as np

    start_standalone(b, args.form)
    n_images = 2  # one sample of clsnn replay holds 2000 steps with input
    rng = np.random.default_rng(args.seed)
    steps, inputs = draw_spikes(c.read_images(args.data, n_images), rng)
    raw, w0 = c.initial_weights(args.neurons, rng)
    source = b.SpikeGeneratorGroup(N_PRE, inputs, steps * DT_MS * b.ms, name="source")
    net, exc, syn = build_network(b, args.form, args.neurons, w0, source, -65, -60)
    spikes = b.SpikeMonitor(exc)
    net.add(spikes)
    net.run(n_images * (STEPS_ON + STEPS_OFF) * DT_MS * b.ms)
    with tempfile.TemporaryDirectory(prefix="clsnn-peer-") as folder:
        b.device.build(directory=os.path.join(folder, "brian"), compile=True, run=True, debug=False)
        given, got = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
        np.savez(given, steps_on=np.int32(n_images * (STEPS_ON + STEPS_OFF) - STEPS_OFF),
                 steps_off=np.int32(STEPS_OFF), n_samples=np.int32(1), event_step=steps, event_input=inputs,
                 w0=raw.astype("<f4"), theta0_mv=np.full(args.neurons, 20, "<f4"), learn=np.int32(1),
                 norm=np.float32(NORM))
        subprocess.run([args.check, "replay", "-q", given, got], check=True, stdout=subprocess.DEVNULL)
        ours = np.load(got)
        theirs = sorted(zip(np.rint(np.asarray(spikes.t / (DT_MS * b.ms))).astype(int).tolist(),
                            np.asarray(spikes.i).tolist()))
        same = theirs == sorted(zip(ours["exc_step"].tolist(), ours["exc_neuron"].tolist()))
        w_error = float(np.abs(np.asarray(syn.w[:]).reshape(N_PRE, -1) - ours["w_end"]).max())
        theta_error = float(np.abs(np.asarray(exc.theta / b.mV) - ours["theta_end_mv"]).max())
        moved = float(np.abs(np.asarray(syn.w[:]).reshape(N_PRE, -1) - w0).max())
    print(json.dumps({"check": "Brian against clsnn replay", **c.about("Brian", "brian2", "numpy"),
                      "form": args.form, "neurons": args.neurons,
                      "images": n_images, "exc_spikes": len(theirs), "same_spikes": same,
                      "largest_weight_change": moved, "w_error": w_error, "theta_error_mv": theta_error}))
    return 0 if same and len(theirs) > 0 and w_error < 1e-5 and theta_error < 1e-4 else 1


def main():
    p = c.parser(__doc__, images=60, warmup=3)
    p.add_argument("--form", choices=("plain", "tuned"), default="tuned")
    p.add_argument("--input", choices=("generator", "poisson"),
                   help="source of input spikes (default: poisson for plain, generator for tuned)")
    p.add_argument("--dir", help="where the C++ project is built (default: a temporary directory)")
    p.add_argument("--again", action="store_true", help="run the program built in --dir; build nothing")
    p.add_argument("--build-only", action="store_true", help="build in --dir, run nothing")
    p.add_argument("--check", metavar="CLSNN",
                   help="compare spikes, weights and theta with this clsnn program's replay")
    args = p.parse_args()
    args.input = args.input or INPUTS[args.form]
    if (args.again or args.build_only) and not args.dir:
        p.error("--again and --build-only need --dir")
    if args.probe:
        import_brian()
        print(json.dumps(c.about("Brian", "brian2", "numpy")))
        return 0
    if args.check:
        if not shutil.which(args.check):
            p.error(f"{args.check}: no such program")
        return check(args)
    if args.again:
        run_once(args.dir)
        return 0
    with tempfile.TemporaryDirectory(prefix="clsnn-peer-") as folder:
        args.dir = args.dir or folder
        build(args)
        if not args.build_only:
            run_once(args.dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
