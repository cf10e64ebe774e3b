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
import argparse
import gzip
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings

INSTALL = ("Debian, Ubuntu: apt-get install --no-install-recommends python3-brian g++ make; "
           "elsewhere: pip install brian2, and g++ and make")
N_PRE, STEPS_ON, STEPS_OFF, DT_MS, NORM = 784, 700, 300, 0.5, 78.0
TIMES = "results/clsnn_peer.txt"

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


def read_images(folder, n):
    import numpy as np

    path = os.path.join(folder, "train-images-idx3-ubyte")
    if os.path.exists(path):
        stream = open(path, "rb")
    elif os.path.exists(path + ".gz"):
        stream = gzip.open(path + ".gz", "rb")
    else:
        sys.exit(f"{path}[.gz]: not found: "
                 "name the directory of the four MNIST files with --data or CLSNN_DATA")
    with stream:
        head = np.frombuffer(stream.read(16), ">u4")
        if len(head) != 4 or head[0] != 0x803 or head[1] < n or head[2] * head[3] != N_PRE:
            sys.exit(f"{stream.name}: header {head.tolist()}: must be IDX, at least {n} images of 28 x 28")
        pixels = stream.read(n * N_PRE)
    if len(pixels) != n * N_PRE:
        sys.exit(f"{stream.name}: ends after {len(pixels)} bytes of pixels: {n} images are {n * N_PRE}")
    return np.frombuffer(pixels, np.uint8).reshape(n, N_PRE)


def rates_hz(images):
    """Returns each input's rate: pixel / 8 * intensity Hz, at the first intensity, 2 (kernels/README.md)."""
    return images / 8.0 * 2.0


def draw_spikes(images, rng):
    import numpy as np

    steps, inputs = [], []
    for s, rates in enumerate(rates_hz(images)):
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
    warnings.filterwarnings("ignore")
    try:
        import brian2
    except ImportError as e:
        print(f"{sys.executable} has no Brian 2 ({e}).\n{INSTALL}", file=sys.stderr)
        sys.exit(2)
    return brian2


def initial_weights(n_post, rng):
    import numpy as np

    w = (0.3 * (rng.random((N_PRE, n_post)) + 0.01)).astype("<f4").astype("f8")
    return w, w * (NORM / w.sum(0)).astype(np.float64)


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
    images = read_images(args.data, n_images)
    rng = np.random.default_rng(args.seed)
    b.seed(args.seed)
    w0 = initial_weights(args.neurons, rng)[1]
    if args.input == "generator":
        steps, inputs = draw_spikes(images, rng)
        source = b.SpikeGeneratorGroup(N_PRE, inputs, steps * DT_MS * b.ms, name="source")
        namespace = {}
    else:
        blocks = np.zeros((n_images, 10, N_PRE))  # of 50 ms: 7 with input, 3 without
        blocks[:, :7] = rates_hz(images)[:, None]
        namespace = {"stimulus": b.TimedArray(blocks.reshape(-1, N_PRE) * b.Hz, dt=50 * b.ms)}
        source = b.PoissonGroup(N_PRE, rates="stimulus(t,i)", name="source", namespace=namespace)
    net, _, _ = build_network(b, args.form, args.neurons, w0, source, -105, -100)
    image_ms = (STEPS_ON + STEPS_OFF) * DT_MS * b.ms
    if args.warmup:
        net.run(args.warmup * image_ms, namespace=namespace)
    b.device.insert_code("before_network_run", BEFORE % args.neurons)
    b.device.insert_code("after_network_run", AFTER % (args.neurons, TIMES))
    net.run(args.images * image_ms, namespace=namespace)
    b.device.build(directory=args.dir, compile=True, run=False, debug=False)
    spikes_per_image = float(rates_hz(images[args.warmup:]).sum(1).mean() * STEPS_ON * DT_MS * 1e-3)
    about = {"program": "brian2", "version": b.__version__, "form": args.form, "input": args.input,
             "neurons": args.neurons, "images": args.images, "presentations": args.images,
             "simulated_seconds": args.images * (STEPS_ON + STEPS_OFF) * DT_MS * 1e-3,
             "input_spikes_per_image": round(spikes_per_image, 1)}
    with open(os.path.join(args.dir, "clsnn_peer.json"), "w") as f:
        json.dump(about, f)


def run_once(folder):
    """Runs the compiled program. Returns a row ready for JSON."""
    with open(os.path.join(folder, "clsnn_peer.json")) as f:
        row = json.load(f)
    subprocess.run(["./main"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, TIMES)) as f:
        wall, cpu, fired = map(float, f.read().split())
    row.update(wall_seconds=wall, cpu_seconds=cpu, ms_per_image=1e3 * wall / row["images"],
               exc_spikes_per_image=fired / row["images"])
    return row


def check(args):
    """Compares Brian's network with clsnn replay. Both start from rest with columns rescaled once, get the
    same input spikes, and learn. Spikes must be equal. theta and weights must agree within float32's rounding
    of some thousand changes: clsnn computes in float32, Brian in double. Returns the exit status."""
    b = import_brian()
    import numpy as np

    start_standalone(b, args.form)
    n_images = 2  # one sample of clsnn replay holds 2000 steps with input
    rng = np.random.default_rng(args.seed)
    steps, inputs = draw_spikes(read_images(args.data, n_images), rng)
    raw, w0 = initial_weights(args.neurons, rng)
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
    print(json.dumps({"check": "brian2 against clsnn replay", "form": args.form, "neurons": args.neurons,
                      "images": n_images, "exc_spikes": len(theirs), "same_spikes": same,
                      "largest_weight_change": moved, "w_error": w_error, "theta_error_mv": theta_error}))
    return 0 if same and len(theirs) > 0 and w_error < 1e-5 and theta_error < 1e-4 else 1


def main():
    p = argparse.ArgumentParser(
        description="Times Brian 2's C++ standalone simulation of clsnn's training network.")
    p.add_argument("--data", default=os.environ.get("CLSNN_DATA", ""),
                   help="directory of the MNIST files, gzip or plain (default: CLSNN_DATA)")
    p.add_argument("--neurons", type=int, default=400)
    p.add_argument("--images", type=int, default=60, help="images that are timed")
    p.add_argument("--warmup", type=int, default=3, help="images before the timed ones")
    p.add_argument("--form", choices=("plain", "tuned"), default="tuned")
    p.add_argument("--input", choices=("generator", "poisson"),
                   help="source of input spikes (default: poisson for plain, generator for tuned)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--dir", help="where the C++ project is built (default: a temporary directory)")
    p.add_argument("--again", action="store_true", help="run the program built in --dir; build nothing")
    p.add_argument("--build-only", action="store_true", help="build in --dir, run nothing")
    p.add_argument("--check", metavar="CLSNN",
                   help="compare spikes, weights and theta with this clsnn program's replay")
    args = p.parse_args()
    args.input = args.input or ("poisson" if args.form == "plain" else "generator")
    if (args.again or args.build_only) and not args.dir:
        p.error("--again and --build-only need --dir")
    if args.check:
        return check(args)
    if args.again:
        print(json.dumps(run_once(args.dir)))
        return 0
    with tempfile.TemporaryDirectory(prefix="clsnn-peer-") as folder:
        args.dir = args.dir or folder
        build(args)
        if not args.build_only:
            print(json.dumps(run_once(args.dir)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
