#!/usr/bin/env bash
# The Python examples of include/clsnn/examples, as a reader runs them. network.py gets the program's bits
# from the shared library; figures.py draws the numbers of a run.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

examples=$(realpath "$here/../../include/clsnn/examples")
LD_LIBRARY_PATH=$(dirname "$clsnn")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH PYTHONPATH=$examples PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$work/matplotlib

network() { with_numpy -W error "$examples/network.py" "$@" >"$work/out" 2>"$work/err"; }
figures() { with_modules "numpy, matplotlib" "$examples/figures.py" "$@" >"$work/out" 2>"$work/err"; }
# works COMMAND...: the example must succeed; fails CODE TEXT COMMAND...: it must exit with CODE, say TEXT and
# leave no file
works() {
    local code=0
    "$@" || code=$?
    ended 0 "$code" "$*"
}
fails() {
    local code=0 want=$1 text=$2
    shift 2
    "$@" || code=$?
    ended "$want" "$code" "$*"
    says "$text"
    [ -z "$(find . -type f)" ] || wrong "$*: files are left: $(find . -type f)"
}

same_network() { # the weights, labels and accuracy are those of clsnn train
    works network --data "$work/small" --neurons 20 --images 200 --out mine.npz
    cp "$work/out" said
    run 0 train --data "$work/small" --neurons 20 --train-images 200 --label-images 200 --test-images 200 \
        --out run --json
    grep -qF "$(json accuracy_all | awk '{printf "%.1f %% of 200 images right", 100 * $1}')" said ||
        wrong "the accuracy is not $(json accuracy_all): $(head -n 1 said)"
    grep -q '^neuron [0-9]* (label' said || wrong "no neuron is recorded: $(tail -n 1 said)"
    with_numpy - <<'END' || wrong "mine.npz is not model.npz of clsnn train"
import numpy as n
a, b = n.load("mine.npz"), n.load("run/model.npz")
for name in "w", "theta_mv", "labels", "proportions":
    assert a[name].tobytes() == b[name].tobytes(), name
END
}
same_record() { # clsnn replay records the same spikes and values from the same input spikes
    with_numpy -W error - "$work/base/model.npz" <<'END' || wrong "the network cannot be replayed"
import contextlib, sys
import numpy as n
import network as c
m, random = n.load(sys.argv[1]), n.random.default_rng(5)
model = c.Model()
c.lib.clsnn_model_defaults(c.c.byref(model))
image = random.integers(0, 256, (28, 28))
step, index = c.poisson(model, image, 3, random)
mean = image.sum() / 8 * 4 * 0.35 # the third presentation has intensity 4
assert abs(len(step) - mean) < 6 * mean**0.5, (len(step), mean)
with contextlib.ExitStack() as frees:
    device = c.own(frees, "clsnn_device_open", "clsnn_device_close", b"")
    r = c.replay(frees, device, model, m["w"], m["theta_mv"], step, index, [3, 17])
    n.savez("mine.npz", exc_step=c.array(r.exc.step, r.exc.n), exc_neuron=c.array(r.exc.neuron, r.exc.n),
            inh_step=c.array(r.inh.step, r.inh.n), v_exc=c.array(r.v_exc, r.n_steps, 2),
            v_inh=c.array(r.v_inh, r.n_steps, 2), theta_end_mv=c.array(r.theta_end_mv, 20))
n.savez("in.npz", steps_on=n.int32(700), steps_off=n.int32(300), n_samples=n.int32(1), learn=n.int32(0),
        norm=n.float32(78), from_rest=n.int32(1), neurons=n.int32([3, 17]), event_step=step.astype("i4"),
        event_input=index.astype("i4"), w0=m["w"], theta0_mv=m["theta_mv"])
END
    run 0 replay in.npz out.npz
    with_numpy - <<'END' || wrong "clsnn replay records something else"
import numpy as n
a, b = n.load("mine.npz"), n.load("out.npz")
assert len(a["exc_step"]) > 0, "no spike"
for name in a.files:
    assert a[name].tobytes() == b[name].tobytes(), name
END
}
network_mistakes() { # the library's text reaches the user
    fails 1 "clsnn_dataset_load: data = nowhere: no such directory" network --data nowhere
    fails 1 "clsnn_device_open: " network --data "$work/small" --device no-such-device
    fails 2 "--image = 300: must be in [0, 200)" network --image 300 --images 200
}

drawn() { # each format is written; the svg files hold the run's numbers
    local ending
    for ending in png svg pdf; do
        works figures "$work/base" "paper.$ending"
        no_words
        exist paper-{weights,accuracy,confusion,spikes}."$ending"
    done
    head -c 4 paper-weights.png | grep -q PNG || wrong "paper-weights.png is no PNG"
    head -c 5 paper-weights.pdf | grep -q '%PDF-' || wrong "paper-weights.pdf is no PDF"
    works figures "$work/base" sorted.svg --sort
    with_numpy - "$work/base" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import json, sys
import xml.etree.ElementTree as tree
import numpy as n
run, labels = json.load(open(sys.argv[1] + "/run.json")), n.load(sys.argv[1] + "/model.npz")["labels"]
def texts(name):
    return [e.text for e in tree.parse(name + ".svg").iter() if e.tag.endswith("}text")]
def has_row(name, row): # these texts stand in this order
    found = texts(name)
    assert any(found[k:k + len(row)] == row for k in range(len(found))), (name, found, row)
for name in "weights", "accuracy", "confusion", "spikes":
    has_row("paper-" + name, ["N = 20, custom, 1 epoch of 200 images, seed 1"])
sign = lambda label: str(label) if label >= 0 else "\u2013"
has_row("paper-weights", [sign(l) for l in labels])
has_row("sorted-weights", [sign(l) for l in sorted(labels, key=lambda l: l if l >= 0 else 256)])
has_row("paper-confusion", [str(k) for k in n.ravel(run["result"]["confusion"])])
has_row("paper-accuracy", ["Accuracy on 300 test images"])
END
}
figures_mistakes() {
    fails 2 "x.gif: the ending must be one of png, svg, pdf" figures "$work/base" x.gif
    fails 1 "run.json: No such file or directory: RUN must be a directory of clsnn train" \
        figures "$work" x.svg
    mkdir -p "$work/stopped"
    sed 's/"state": "finished"/"state": "stopped"/' "$work/base/run.json" >"$work/stopped/run.json"
    fails 1 "clsnn train, stopped: must be clsnn train, finished" figures "$work/stopped" x.svg
}

on "network.py trains the network of clsnn train" same_network
on "network.py records what clsnn replay records" same_record
on "network.py: mistakes" network_mistakes
on "figures.py draws the run's numbers in every format" drawn
on "figures.py: mistakes" figures_mistakes

run_cases small base
