"""What the peers share: MNIST's images, rates, weights, command lines, clocks, and their JSON line."""
import argparse
import gzip
import importlib
import json
import os
import platform
import sys
import time
import warnings

N_PRE, STEPS_ON, STEPS_OFF, DT_MS, NORM = 784, 700, 300, 0.5, 78.0
ON_MS, OFF_MS = STEPS_ON * DT_MS, STEPS_OFF * DT_MS
IMAGE_S = (ON_MS + OFF_MS) * 1e-3
# Exit statuses: a package, a file or an argument is missing or wrong; a file is no MNIST.
MISSING, BAD_DATA = 2, 3


def fail(status, message):
    print(message, file=sys.stderr)
    sys.exit(status)


def need(module, install):
    """Imports a module. Without it, prints how to install it and exits."""
    warnings.filterwarnings("ignore")
    try:
        return importlib.import_module(module)
    except ImportError as e:
        fail(MISSING, f"{sys.executable} (Python {platform.python_version()}) cannot import {module}: {e}\n"
                      f"  {install}")


def about(program, package, *others):
    """Returns the first columns of a row: the simulator, its version, and those of Python and packages."""
    from importlib.metadata import version  # slow: not for --help

    return {"program": program, "version": version(package), "python": platform.python_version(),
            **{name: version(name) for name in others}}


def read_images(folder, n):
    """Returns the first n training images of MNIST, a row of 784 bytes each."""
    import numpy as np

    path = os.path.join(folder, "train-images-idx3-ubyte")
    if os.path.exists(path):
        stream = open(path, "rb")
    elif os.path.exists(path + ".gz"):
        stream = gzip.open(path + ".gz", "rb")
    else:
        fail(MISSING, f"{path}[.gz]: not found: name the directory of the four MNIST files with --data or "
                      "CLSNN_DATA; clsnn data fetch mnist gets them")
    try:
        with stream:
            head = np.frombuffer(stream.read(16), ">u4")
            pixels = stream.read(n * N_PRE)
    except (OSError, EOFError, ValueError) as e:
        fail(BAD_DATA, f"{stream.name}: cannot be read: {e}")
    if len(head) != 4 or head[0] != 0x803 or head[1] < n or head[2] * head[3] != N_PRE:
        fail(BAD_DATA, f"{stream.name}: header {head.tolist()}: must be IDX, at least {n} images of 28 x 28")
    if len(pixels) != n * N_PRE:
        fail(BAD_DATA, f"{stream.name}: ends after {len(pixels)} bytes of pixels: {n} images are {n * N_PRE}")
    return np.frombuffer(pixels, np.uint8).reshape(n, N_PRE)


def rates_hz(images):
    """Returns each input's rate: pixel / 8 * intensity Hz, at the first intensity, 2 (kernels/README.md)."""
    return images / 8.0 * 2.0


def input_spikes_per_image(images):
    return round(float(rates_hz(images).sum(1).mean() * ON_MS * 1e-3), 1)


def initial_weights(n_post, rng):
    """Returns weights [input, neuron] as drawn, and with each neuron's sum rescaled to NORM."""
    import numpy as np

    w = (0.3 * (rng.random((N_PRE, n_post)) + 0.01)).astype("<f4").astype("f8")
    return w, w * (NORM / w.sum(0)).astype(np.float64)


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 1 on")
    return int(text)


def parser(description, images, warmup):
    p = argparse.ArgumentParser(description=description.split("\n\n")[0].replace("\n", " "))
    p.add_argument("--data", default=os.environ.get("CLSNN_DATA", ""),
                   help="directory of the MNIST files, gzip or plain (default: CLSNN_DATA)")
    p.add_argument("--neurons", type=positive, default=400)
    p.add_argument("--images", type=positive, default=images, help=f"images that are timed ({images})")
    p.add_argument("--warmup", type=positive, default=warmup, help=f"images before the timed ones ({warmup})")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--probe", action="store_true", help="print versions as JSON and run nothing")
    return p


def time_images(present, images):
    """Calls present for every row of images. Returns wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    for image in images:
        present(image)
    return time.perf_counter() - wall, time.process_time() - cpu


def print_row(versions, form, neurons, images, wall, cpu, exc_spikes, input_spikes):
    """Prints the JSON line of a timed run. Spikes are those of an image."""
    print(json.dumps({**versions, "form": form, "neurons": neurons, "images": images, "presentations": images,
                      "simulated_seconds": images * IMAGE_S, "wall_seconds": wall, "cpu_seconds": cpu,
                      "ms_per_presentation": 1e3 * wall / images,
                      "cpu_ms_per_presentation": 1e3 * cpu / images,
                      "exc_spikes_per_image": exc_spikes, "input_spikes_per_image": input_spikes}))
