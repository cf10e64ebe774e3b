#!/usr/bin/env bash
# Images of any size from 1 x 1 to 64 x 64 pixels and any number of classes: training, testing, resuming,
# probing and comparing work as for MNIST's.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# resized HEIGHT WIDTH: makes the set HEIGHTxWIDTH of the small one: each pixel is the nearest of 28 x 28
resized() {
    python3 - "$work/small" "$1" "$2" <<'END' || wrong "no set"
import os, sys
source, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
target = f"{height}x{width}"
os.makedirs(target, exist_ok=True)
from_pixel = [int((y + .5) * 28 / height) * 28 + int((x + .5) * 28 / width)
              for y in range(height) for x in range(width)]
for name in os.listdir(source):
    data = open(os.path.join(source, name), "rb").read()
    if "images" in name:
        n = int.from_bytes(data[4:8], "big")
        pixels = b"".join(bytes(data[16 + k * 784 + p] for p in from_pixel) for k in range(n))
        data = data[:8] + height.to_bytes(4, "big") + width.to_bytes(4, "big") + pixels
    open(os.path.join(target, name), "wb").write(data)
END
}
some=(--neurons 20 --train-images 30 --label-images 30 --test-images 30 --json --quiet)

# whole HEIGHT WIDTH: everything that a run can do, and the same bits in every work-group
whole() {
    local data=$1x$2 wanted accuracy
    resized "$1" "$2"
    run 0 train --data "$data" "${some[@]}" --epochs 2 --checkpoint-every 7 --work-group 1 --out one
    wanted=$(sha)
    accuracy=$(json accuracy_all)
    run 0 train --data "$data" "${some[@]}" --epochs 2 --work-group 16 --out other
    [ "$(sha)" = "$wanted" ] || wrong "work-groups of 16 give another network"
    run 0 train --data "$data" "${some[@]}" --out part --work-group 16
    run 0 train --epochs 2 --json --quiet --out part --resume --work-group 1
    [ "$(sha)" = "$wanted" ] || wrong "another network after --resume"
    run 0 verify one --work-group 16
    run 0 eval one/model.npz --data "$data" --test-images 30 --json
    [ "$(json accuracy_all)" = "$accuracy" ] || wrong "eval: another accuracy"
    run 0 predict one/model.npz --data "$data" --test-images 30 --json --out p
    [ "$(json accuracy_all)" = "$accuracy" ] || wrong "predict: another accuracy"
    exist one/weights.png one/confusion.png p/mistakes.png
    with_numpy - $(($1 * $2)) <<'END' || wrong "model.npz"
import sys, numpy as n
w = n.load("one/model.npz")["w"]
assert w.shape == (int(sys.argv[1]), 20) and w.min() >= 0 and w.max() > 0, w.shape
END
}
groups=1 # work-groups that are tried; "whole" tries 16 too
[ -z "${TEST_WORK_GROUP:-}" ] || groups="1 16"

# lettered DIR CLASSES FIRST STEP: 14 x 14 pixels, capital letters of a 5 x 7 font at some column and of some
# brightness; their labels are FIRST, FIRST + STEP, ...
lettered() {
    python3 - "$@" <<'END' || wrong "no letters"
import os, random, sys
font = ("7e1111117e 7f49494936 3e41414122 7f4141221c 7f49494941 7f09090901 3e4149497a 7f0808087f 00417f4100 "
        "2040413f01 7f08142241 7f40404040 7f020c027f 7f0408107f 3e4141413e 7f09090906 3e4151215e 7f09192946 "
        "4649494931 01017f0101 3f4040403f 1f2040201f 3f4038403f 6314081463 0708700807 6151494543").split()
target, n_classes, first, step = sys.argv[1], *map(int, sys.argv[2:])
os.mkdir(target)
random.seed(1)
for name, n in (("train", 520), ("t10k", 130)):
    pixels, labels = bytearray(), bytearray()
    for k in range(n):
        columns, left = bytes.fromhex(font[k % n_classes]), random.randrange(5)
        for y in range(14):
            for x in range(-left, 14 - left):
                ink = 0 <= x < 10 and columns[x // 2] >> y // 2 & 1
                pixels.append(ink * random.randrange(150, 256))
        labels.append(first + step * (k % n_classes))
    size = n.to_bytes(4, "big")
    open(f"{target}/{name}-images-idx3-ubyte", "wb").write(
        bytes([0, 0, 8, 3]) + size + bytes([0, 0, 0, 14] * 2) + pixels)
    open(f"{target}/{name}-labels-idx1-ubyte", "wb").write(bytes([0, 0, 8, 1]) + size + labels)
END
}

# all_commands DATA ARGUMENT...: trains in one go and in two, verifies, tests, predicts and probes; all must
# agree
all_commands() {
    local data=$1 wanted right
    shift
    run 0 train --data "$data" "$@" --epochs 2 --json --quiet --out one
    wanted=$(sha)
    run 0 train --data "$data" "$@" --json --quiet --out part
    run 0 train --epochs 2 --json --quiet --out part --resume
    [ "$(sha)" = "$wanted" ] || wrong "another network after --resume"
    run 0 verify one
    run 0 eval one/model.npz --data "$data" --test-images 30 --json
    right=$(json accuracy_all)
    run 0 predict one/model.npz --data "$data" --test-images 30 --json --out p
    [ "$(json accuracy_all)" = "$right" ] || wrong "predict: another accuracy"
    run 0 probe one/model.npz --data "$data" --image 3..6 --out q
    exist one/weights.png one/confusion.png one/report.html q/probe.png
    with_numpy - "$data" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import sys, numpy as n
bytes_of = lambda file, skip: n.frombuffer(open(f"{sys.argv[1]}/t10k-{file}-ubyte", "rb").read()[skip:], "u1")
labels = bytes_of("labels-idx1", 8)
images = bytes_of("images-idx3", 16).reshape(len(labels), -1)
p, q, w = n.load("p/predictions.npz"), n.load("q/probe.npz"), n.load("one/model.npz")["w"]
assert w.shape[0] == images.shape[1] and w.min() >= 0 and w.max() > 0, w.shape
assert (p["label"] == labels[:30]).all()
votes = ["prediction_all", "prediction_proportion", "prediction_likelihood"]
for vote in votes: # an image without a spike is answered with 0
    assert set(p[vote]) <= set(labels) | {0}, vote
last = q["accepted"] == 1
for name in ["label"] + votes: # the probe agrees with predict
    assert (q[name][last] == p[name][3:6]).all(), name
assert (q["exc_spikes"][last] == p["counts"][3:6].sum(1)).all(), "spikes"
assert set(q["input_index"]) <= set(n.nonzero(images[3:6].max(0))[0]), "a spike of a dark pixel"
END
}
classes() { # classes N FIRST STEP LEAST: N classes of letters; accuracy must be at least LEAST
    lettered letters "$1" "$2" "$3"
    all_commands letters --neurons 40
    run 0 eval one/model.npz --data letters --json
    python3 - "$work/out" "$@" <<'END' || wrong "accuracy or confusion: $(head -c 300 "$work/out")"
import json, sys
result, (n, first, step) = json.load(open(sys.argv[1])), map(int, sys.argv[2:5])
confusion = result["confusion"]
size = max(10, first + step * (n - 1) + 1)
assert len(confusion) == size and all(len(row) == size for row in confusion)
assert [k for k in range(size) if sum(confusion[k])] == [first + step * k for k in range(n)]
assert result["accuracy_all"] >= float(sys.argv[5]), result["accuracy_all"]
END
}
letters() { # EMNIST's classes, at 14 x 14 beside plain C too
    classes 26 1 1 0.2
    run 0 bench --quick --sizes 40 --networks 1 --data letters --json --quiet
    prints '"checked": true'
}
large() { # large SIDE
    resized "$1" "$1"
    all_commands "$1x$1" --neurons 20 --train-images 12 --label-images 30 --test-images 30
}

plain_c() { # plain_c HEIGHT WIDTH: bench compares every network with plain C, bit for bit
    resized "$1" "$2"
    local group
    for group in $groups; do
        run 0 bench --quick --sizes 20 --networks 2 --data "$1x$2" --work-group "$group" --json --quiet
        prints '"checked": true'
        ! grep -q '"checked": false' "$work/out" || wrong "not checked"
    done
}
silent_inputs() { # laws that change weights of silent inputs, and add up traces
    local wanted group
    resized 5 7
    run 0 train --data 5x7 "${some[@]}" --rule symmetric --pairing all --work-group 1 --out one
    wanted=$(sha)
    for group in ${groups#1}; do
        run 0 train --data 5x7 "${some[@]}" --rule symmetric --pairing all --work-group "$group" --out other
        [ "$(sha)" = "$wanted" ] || wrong "work-groups of $group give another network"
    done
    run 0 eval one/model.npz --data 5x7 --test-images 30 --json
}
shares() { # two work-groups train one network, 16 of its neurons each
    local wanted few=(--neurons 32 --train-images 9 --label-images 9 --test-images 9 --json --quiet)
    resized 14 14
    run 0 train --data 14x14 "${few[@]}" --work-group 1 --split 1 --out one
    wanted=$(sha)
    run 0 train --data 14x14 "${few[@]}" --work-group 1 --split 2 --out other
    [ "$(sha)" = "$wanted" ] || wrong "two work-groups give another network"
}
smallest() { # one pixel: one input, one weight a neuron
    resized 1 1
    run 0 train --data 1x1 "${some[@]}" --out out
    exist out/weights.png
    run 0 verify out
}
learns() { # 14 x 14 pixels are enough to tell digits apart
    resized 14 14
    run 0 train --data 14x14 --neurons 50 --json --quiet --out out
    python3 -c 'import json, sys
assert json.load(open(sys.argv[1]))["accuracy_all"] > 0.3' "$work/out" 2>/dev/null ||
        wrong "accuracy is $(json accuracy_all)"
}
as_npz() {
    resized 5 7
    with_numpy - <<'END' || wrong "no set.npz"
import numpy as n
a = {}
for name, file in (("train", "train"), ("test", "t10k")):
    pixels = open(f"5x7/{file}-images-idx3-ubyte", "rb").read()[16:]
    a["x_" + name] = n.frombuffer(pixels, "u1").reshape(-1, 5, 7)
    a["y_" + name] = n.frombuffer(open(f"5x7/{file}-labels-idx1-ubyte", "rb").read()[8:], "u1")
n.savez("set.npz", **a)
END
    run 0 train --data 5x7 "${some[@]}" --out a
    local wanted
    wanted=$(sha)
    run 0 train --data set.npz "${some[@]}" --validate 0 --out b
    [ "$(sha)" = "$wanted" ] || wrong "another network from an .npz file"
    run 0 train --data set.npz "${some[@]}" --validate 40 --out c
    run 0 sweep <(printf 'seed = 1, 2\nneurons = 9\ntrain-images = 9\n') --data set.npz --out s --quiet
    run 0 reproduce --data 5x7 --sizes 9 --train-images 9 --label-images 9 --test-images 9 --epochs 1 \
        --seeds 1 --out r --quiet
    exist r/report.html
}
other_size() { # a network of other images
    resized 14 14
    refuses 3 "a network of 784 inputs, but images of 14 x 14 pixels in 14x14: must be as many" \
        eval "$work/base/model.npz" --data 14x14
    run 0 train --data 14x14 "${some[@]}" --out out
    refuses 3 "a network of 196 inputs, but images of 28 x 28 pixels" \
        predict out/model.npz --data "$work/small"
    cp "$work/small"/t10k* 14x14
    refuses 3 "training images of 14 x 14 pixels, test images of 28 x 28: must be of one size" \
        train --data 14x14
}
replays() { # recorded spikes of few inputs, in every work-group
    local group
    with_numpy - <<'END' || wrong "no in.npz"
import numpy as n
r = n.random.default_rng(1)
events = sorted((t, i) for t in range(100) for i in range(35) if r.random() < .1)
n.savez("in.npz", steps_on=n.int32(100), steps_off=n.int32(20), n_samples=n.int32(1), learn=n.int32(1),
        norm=n.float32(78), event_step=n.array([t for t, i in events], "i4"),
        event_input=n.array([i for t, i in events], "i4"), w0=r.random((35, 5)).astype("f4") * 5,
        theta0_mv=n.full(5, 20, "f4"))
END
    run 0 replay in.npz one.npz --work-group 1
    for group in ${groups#1}; do
        run 0 replay in.npz many.npz --work-group "$group"
        same one.npz many.npz
    done
    with_numpy -c 'import numpy as n
r = n.load("one.npz")
assert r["w_end"].shape == (35, 5) and len(r["exc_step"])' ||
        wrong "no spike, or another shape"
}

# Each size, work-group and rule is a program of its own. Compilers take most of the time.
on "5 x 7: a remainder of three inputs" whole 5 7
on "5 x 7: silent inputs" silent_inputs
on "1 x 1" smallest
on "5 x 7 beside plain C" plain_c 5 7
on "64 x 64 beside plain C" plain_c 64 64
on "64 x 64: every command" large 64
on "32 x 32: every command" large 32
on "26 classes, labels from 1" letters
on "2 classes, labels 3 and 203" classes 2 3 200 0.9
on "14 x 14: the accuracy" learns
on "14 x 14: two work-groups a network" shares
on "5 x 7: .npz, validation, sweep, reproduce" as_npz
on "a network for other images" other_size
on "replay of 35 inputs" replays

run_cases small base
