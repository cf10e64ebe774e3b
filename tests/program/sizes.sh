#!/usr/bin/env bash
# Images of any size from 1 x 1 to 64 x 64 pixels: training, testing, resuming and comparing work as for
# MNIST's.
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
on "14 x 14: the accuracy" learns
on "14 x 14: two work-groups a network" shares
on "5 x 7: .npz, validation, sweep, reproduce" as_npz
on "a network for other images" other_size
on "replay of 35 inputs" replays

run_cases small base
