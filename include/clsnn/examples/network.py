#!/usr/bin/env python3
"""Trains a network, tests it and records one image step by step: the C library from Python, with numpy.

Usage: network.py [--data digits] [--device ''] [--neurons 100] [--images 2000] [--image 7] [--out model.npz]

Copy this file and change main(). A call that fails raises RuntimeError with the library's text. Arrays are
numpy's own copies, so they outlive the library's objects. Ctrl-C acts when a call returns. If the library is
not in a folder of the system, LD_LIBRARY_PATH names its folder."""
import argparse
import contextlib
import ctypes as c

import numpy as np

lib = c.CDLL("libclsnn.so.0")  # another number is another interface, with other structures than these
F32, I32, U32 = c.c_float, c.c_int32, c.c_uint32
P, HANDLE, HEX = c.POINTER, c.c_void_p, c.c_char * 65
PROGRAM_RUN, PROGRAM_REPLAY = 0, 2  # enum clsnn_program_kind


def struct(title, **fields):
    """Returns a structure of the headers: the same members in the same order."""
    return type(title, (c.Structure,), {"_fields_": list(fields.items())})


def table(symbol, count, **columns):
    """Returns the rows of one of the library's tables."""
    n = c.c_size_t.in_dll(lib, count).value
    return (struct(symbol, **columns) * n).in_dll(lib, symbol)


# The model's members come from the library's own tables, so a new parameter needs no change here.
S = c.c_char_p
laws = table("clsnn_laws_table", "clsnn_n_laws", name=S, default=S, choices=S, meaning=S,
             offset=c.c_size_t)
params = table("clsnn_params_table", "clsnn_n_params", name=S, unit=S, source=S, meaning=S,
               default=c.c_double, min=c.c_double, max=c.c_double, is_int=c.c_bool, offset=c.c_size_t)
Laws = struct("Laws", **{row.name.decode(): I32 for row in laws}, delay_min=I32, delay_max=I32)
Model = struct("Model", **{row.name.decode(): I32 if row.is_int else c.c_double for row in params}, laws=Laws)

Images = struct("Images", n_images=U32, pixels=P(c.c_uint8), labels=P(c.c_uint8), height=U32, width=U32)
Dataset = struct("Dataset", name=c.c_char * 32, source=c.c_char * 512, sha256=HEX, train=Images, test=Images,
                 n_validation=U32)
Plan = struct("Plan", model=Model, seed=c.c_uint64, neurons=U32, epochs=U32, train_images=U32,
              label_images=U32, test_images=U32, train_first=U32, label_first=U32, test_first=U32,
              validate=U32, eval_every=U32, pause_every=U32, pauses=P(c.c_uint64), n_pauses=c.c_size_t,
              shuffle=c.c_bool, from_sha256=HEX)
Labels = struct("Labels", n_post=U32, n_classes=U32, labels=P(I32), proportions=P(F32))
Learned = struct("Learned", n_pre=U32, n_post=U32, w=P(F32), theta_mv=P(F32), labels=Labels,
                 delay_steps=P(c.c_uint8), about=S, sha256=HEX)
Predictions = struct("Predictions", n_images=U32, n_post=U32, first=U32, counts=P(c.c_uint16), all=P(I32),
                     proportion=P(I32), likelihood=P(I32), attempts=P(I32))
ReplayInput = struct("ReplayInput", label=S, n_post=U32, steps_on=U32, steps_off=U32, n_samples=U32,
                     n_events=c.c_size_t, event_step=P(I32), event_input=P(I32), w0=P(F32), theta0_mv=P(F32),
                     delay_steps=P(I32), learn=c.c_bool, from_rest=c.c_bool, probed=P(I32), n_probed=U32)
Spikes = struct("Spikes", n=c.c_size_t, capacity=c.c_size_t, step=P(I32), neuron=P(I32))
ReplayOutput = struct("ReplayOutput", n_steps=U32, n_probes=U32, exc=Spikes, inh=Spikes, v_exc=P(F32),
                      g_exc=P(F32), g_inh=P(F32), v_inh=P(F32), theta_mv=P(F32), w_end=P(F32),
                      theta_end_mv=P(F32))


def check(status, function, _):
    """Raises the text of a failure."""
    if status:
        text = lib.clsnn_error_text().decode()
        lib.clsnn_error_clear()
        raise RuntimeError(f"{function.__name__}: {text}")


def declare(name, *arguments):
    """Declares a function that returns a status. ctypes then refuses wrong arguments."""
    function = getattr(lib, name)
    function.argtypes, function.errcheck = arguments, check


lib.clsnn_error_text.restype = S
declare("clsnn_model_set", P(Model), S, S)
declare("clsnn_model_check", P(Model))
declare("clsnn_dataset_load", S, P(Dataset))
declare("clsnn_device_open", S, P(HANDLE))
declare("clsnn_program_create_for", HANDLE, c.c_int, c.c_int, U32, P(HANDLE))
declare("clsnn_selftest", HANDLE, HANDLE)
declare("clsnn_batch_create", HANDLE, HANDLE, P(Dataset), U32, P(Laws), c.c_int, U32, U32, U32, P(HANDLE))
declare("clsnn_experiment_create", HANDLE, c.c_int, P(Plan), P(HANDLE))
declare("clsnn_experiments_run", HANDLE, P(HANDLE), HANDLE)
declare("clsnn_experiment_predict", HANDLE, HANDLE, P(Predictions))
declare("clsnn_experiment_learned", HANDLE, P(Learned))
declare("clsnn_learned_write", P(Learned), S)
declare("clsnn_replay", HANDLE, HANDLE, P(Model), P(ReplayInput), P(ReplayOutput))


def array(start, *shape):
    """Copies an array of the library."""
    return np.ctypeslib.as_array(start, shape).copy() if np.prod(shape) else np.zeros(shape, start._type_)


def given(values, kind):
    """Returns values as an array of C. A structure that has it as a member keeps it alive."""
    return np.ctypeslib.as_ctypes(np.ascontiguousarray(values, kind).ravel())


def own(frees, create, free, *arguments, out=None):
    """Creates an object of the library by a call. frees frees it, the latest first."""
    out = HANDLE() if out is None else out
    getattr(lib, create)(*arguments, c.byref(out))
    getattr(lib, free).restype = None
    frees.callback(getattr(lib, free), out if isinstance(out, HANDLE) else c.byref(out))
    return out


def train(frees, device, data, plan):
    """Trains a network. Returns what it learned, and its answers to the test images."""
    n_pre = data.test.height * data.test.width
    program = own(frees, "clsnn_program_create_for", "clsnn_program_destroy", device, PROGRAM_RUN, 0, n_pre)
    lib.clsnn_selftest(device, program)
    batch = own(frees, "clsnn_batch_create", "clsnn_batch_destroy", device, program, c.byref(data),
                plan.neurons, c.byref(plan.model.laws), 1, 0, 0, 0)
    x = own(frees, "clsnn_experiment_create", "clsnn_experiment_destroy", batch, 0, c.byref(plan))
    lib.clsnn_experiments_run(batch, (HANDLE * 1)(x), None)
    learned = own(frees, "clsnn_experiment_learned", "clsnn_learned_finish", x, out=Learned())
    answers = own(frees, "clsnn_experiment_predict", "clsnn_predictions_finish", x, None, out=Predictions())
    return learned, answers


def poisson(model, image, attempt, random):
    """Draws the input spikes of one presentation of an image, in steps of 0.5 ms."""
    intensity = model.intensity_start + (attempt - 1) * model.intensity_step
    rate_hz = image.ravel() / model.rate_divisor * intensity
    return np.nonzero(random.random((int(model.time_on_ms / 0.5), rate_hz.size)) < rate_hz * 0.5e-3)


def replay(frees, device, model, w, theta_mv, step, index, neurons):
    """Drives a network at rest by spikes of inputs `index` at times `step`; records chosen neurons."""
    program = own(frees, "clsnn_program_create_for", "clsnn_program_destroy", device, PROGRAM_REPLAY, 0,
                  w.shape[0])
    inputs = ReplayInput(
        label=b"drawn spikes", n_post=w.shape[1], steps_on=int(model.time_on_ms / 0.5),
        steps_off=int(model.time_off_ms / 0.5), n_samples=1, n_events=len(step),
        event_step=given(step, I32), event_input=given(index, I32), w0=given(w, F32),
        theta0_mv=given(theta_mv, F32), learn=False, from_rest=True, probed=given(neurons, I32),
        n_probed=len(neurons))
    return own(frees, "clsnn_replay", "clsnn_replay_finish", device, program, c.byref(model), c.byref(inputs),
               out=ReplayOutput())


def main():
    options = argparse.ArgumentParser(description="Trains a network and looks inside.")
    options.add_argument("--data", default="digits", help="digits, mnist, a folder or an .npz file")
    options.add_argument("--device", default="", help="as clsnn devices lists it")
    options.add_argument("--neurons", type=int, default=100)
    options.add_argument("--images", type=int, default=2000, help="for training, labelling and testing each")
    options.add_argument("--image", type=int, default=7, help="the test image that is recorded")
    options.add_argument("--out", help="a model.npz for clsnn eval and clsnn probe")
    o = options.parse_args()
    if not 0 <= o.image < o.images:
        options.error(f"--image = {o.image}: must be in [0, {o.images}), an image of the test")

    plan = Plan(neurons=o.neurons, epochs=1, seed=1, train_images=o.images, label_images=o.images,
                test_images=o.images)
    lib.clsnn_model_defaults(c.byref(plan.model))
    lib.clsnn_model_set(plan.model, b"theta_plus_mv", b"0.05")  # any parameter of params.def
    lib.clsnn_model_check(plan.model)
    with contextlib.ExitStack() as frees:
        data = own(frees, "clsnn_dataset_load", "clsnn_dataset_finish", o.data.encode(), out=Dataset())
        device = own(frees, "clsnn_device_open", "clsnn_device_close", o.device.encode())

        # Train and test.
        learned, answers = train(frees, device, data, plan)
        n = answers.n_images
        classes = array(data.test.labels, data.test.n_images)[:n]
        right = array(answers.all, n) == classes
        print(f"{o.neurons} neurons, {data.name.decode()}: {100 * right.mean():.1f} % of {n} images right")

        # Weights.
        w = array(learned.w, learned.n_pre, learned.n_post)
        theta_mv = array(learned.theta_mv, learned.n_post)
        labels = array(learned.labels.labels, learned.n_post)
        print("neurons of each class:", np.bincount(labels[labels >= 0], minlength=10))
        print(f"w: mean {w.mean():.3f}, largest {w.max():.3f}; theta: mean {theta_mv.mean():.2f} mV")
        if o.out:
            lib.clsnn_learned_write(learned, o.out.encode())

        # One image: the neurons that answered it most, step by step, with input spikes of our own.
        counts = array(answers.counts, n, answers.n_post)[o.image]
        attempt = array(answers.attempts, n)[o.image]
        pixels = array(data.test.pixels, data.test.n_images, data.test.height, data.test.width)[o.image]
        neurons = np.argsort(-counts.astype(int), kind="stable")[:3]
        step, index = poisson(plan.model, pixels, attempt, np.random.default_rng(1))
        r = replay(frees, device, plan.model, w, theta_mv, step, index, neurons)
        v_mv = array(r.v_exc, r.n_steps, r.n_probes)
        spike_ms, spike_neuron = array(r.exc.step, r.exc.n) * 0.5, array(r.exc.neuron, r.exc.n)
        print(f"image {o.image}: class {classes[o.image]}, answer {array(answers.all, n)[o.image]}, "
              f"{counts.sum()} spikes in the test, {len(spike_ms)} with the input drawn here")
        for j, v in zip(neurons, v_mv.T):
            print(f"neuron {j} (label {labels[j]}): {v.min():.1f} to {v.max():.1f} mV, "
                  f"spikes at {spike_ms[spike_neuron == j]} ms")


if __name__ == "__main__":
    main()
