#!/usr/bin/env bash
# `clsnn probe`: what it shows is what evaluation saw and what training does, bit for bit.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

probe() { run 0 probe "$work/base/model.npz" --data "$work/small" --json "$@"; }

same_as_predict() { # same_as_predict MODEL IMAGES ARGUMENT...: every image's spikes, attempts and answers
    local model=$1 images=$2
    shift 2
    run 0 predict "$model" "$@" --json --out answers
    run 0 probe "$model" "$@" --image "0..$images" --record spikes --json --out seen
    with_numpy - "$images" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import sys, numpy as n
images, p, a = int(sys.argv[1]), n.load("seen/probe.npz"), n.load("answers/predictions.npz")
steps, accepted = int(p["steps_on"]) + int(p["steps_off"]), p["accepted"] == 1
assert accepted.sum() == images and (p["image"][accepted] == range(images)).all()
counts = n.zeros((len(accepted), a["counts"].shape[1]), int)
n.add.at(counts, (p["exc_step"] // steps, p["exc_neuron"]), 1)
assert (counts[accepted] == a["counts"][:images]).all(), "counts"
assert (counts.sum(1) == p["exc_spikes"]).all(), "exc_spikes"
assert (p["attempt"][accepted] == a["attempts"][:images]).all(), "attempts"
for name in ("prediction_all", "prediction_proportion", "prediction_likelihood", "label"):
    assert (p[name][accepted] == a[name][:images]).all(), name
first = n.r_[True, p["image"][1:] != p["image"][:-1]]
assert (first == accepted).all(), "the accepted presentation is not the first"
assert "v" not in p.files
END
}
every_image() { # takes a minute and 900 MiB
    local data=${TEST_PROBE_MNIST:-}
    [ -n "$data" ] || skip "TEST_PROBE_MNIST does not name the directory of MNIST"
    run 0 train --data "$data" --neurons 64 --out n64
    same_as_predict n64/model.npz 10000 --data "$data"
}
every_law() { # the laws of the model are those of the probe; images of any size
    train --out direct --inhibition direct --rule symmetric
    same_as_predict direct/model.npz 60 --data "$work/small"
    rm -r answers seen
    train --out delayed --preset brian2-port --delays 0:5
    same_as_predict delayed/model.npz 60 --data "$work/small"
    rm -r answers seen
    replayed delayed/model.npz
    rm -r seen
    replayed delayed/model.npz --train
    with_numpy - <<'END' || wrong "no images"
import numpy as n
random = n.random.default_rng(1)
n.savez("wide.npz", x_train=random.integers(0, 256, (60, 9, 21), "u1"), y_train=n.arange(60) % 3,
        x_test=random.integers(0, 256, (60, 9, 21), "u1"), y_test=n.arange(60) % 3)
END
    run 0 train --data wide.npz --neurons 12 --pairing all --out wide --json
    same_as_predict wide/model.npz 60 --data wide.npz
}
replayed() { # replayed MODEL ARGUMENT...: the input spikes, fed to replay, give the same spikes and values
    local model=$1
    shift
    run 0 probe "$model" --data "$work/small" --image 3..6 --neurons 1,19,7 --out seen --json "$@"
    with_numpy - "$model" <<'END' || wrong "no input for replay"
import sys, numpy as n
p, m = n.load("seen/probe.npz"), n.load(sys.argv[1])
same = {k: p[k] for k in ("steps_on", "steps_off", "n_samples", "learn", "norm", "from_rest", "neurons")}
if "delay_steps" in m.files:
    same["delay_steps"] = m["delay_steps"].astype("i4")
n.savez("in.npz", event_step=p["input_step"], event_input=p["input_index"], w0=m["w"],
        theta0_mv=m["theta_mv"], **same)
END
    local preset=kim-2020
    [[ $model != delayed/* ]] || preset=brian2-port
    run 0 replay in.npz out.npz --work-group 16 --preset $preset
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
p, r = n.load("seen/probe.npz"), n.load("out.npz")
names = {"exc_step": "exc_step", "exc_neuron": "exc_neuron", "inh_step": "inh_step",
         "inh_neuron": "inh_neuron", "v": "v_exc", "g_exc": "ge_exc", "g_inh": "gi_exc", "theta": "theta_mv",
         "v_inh": "v_inh"}
assert len(p["exc_step"]) > 0 and p["v"].shape[1] == 3
for ours, theirs in names.items():
    assert p[ours].dtype == r[theirs].dtype and n.array_equal(p[ours], r[theirs]), ours
if p["learn"]:
    chosen = p["neurons"]
    assert n.array_equal(p["w_after"], r["w_end"][:, chosen]), "w_after"
    assert not n.array_equal(p["w_after"], p["w_before"]), "nothing learned"
END
}
learns() { # a probe that learns does what training does, from the same start
    local start=("${small[@]}" --set v_start_offset_mv=0)
    run 0 train "${start[@]}" --set eta_pre=0 --set eta_post=0 --set theta_plus_mv=0 --set w_norm=0 \
        --train-images 1 --out fresh --json
    run 0 train "${start[@]}" --train-images 5 --out trained --json
    # the probe's parameters are those of the trained model
    with_numpy - <<'END' || wrong "no model"
import numpy as n
fresh, trained = n.load("fresh/model.npz"), n.load("trained/model.npz")
n.savez("model.npz", w=fresh["w"], theta_mv=n.full(20, 20, "f4"), about=trained["about"])
END
    run 0 probe model.npz --data "$work/small" --train --image 0..5 --neurons "$(seq -s, 0 19)" --json
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
p, trained = n.load("probe/probe.npz"), n.load("trained/model.npz")
assert n.array_equal(p["w_after"], trained["w"]), "weights"
assert (p["image"] == sorted(p["image"])).all() and p["accepted"].sum() == 5
assert p["accepted"][-1] == 1 and int(p["steps_off"]) == 300
assert abs(p["theta"][-1] - trained["theta_mv"]).max() < 1e-5, "theta"
END
}
labelling() { # --images-of train shows what labelling saw: the neurons' labels follow
    run 0 probe "$work/base/model.npz" --data "$work/small" --images-of train --image 0..300 \
        --record spikes --json
    with_numpy - "$work/base/model.npz" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import sys, numpy as n
m, p = n.load(sys.argv[1]), n.load("probe/probe.npz")
steps, accepted = int(p["steps_on"]), p["accepted"] == 1
counts = n.zeros((len(accepted), 20))
n.add.at(counts, (p["exc_step"] // steps, p["exc_neuron"]), 1)
means = n.stack([counts[accepted & (p["label"] == c)].mean(0) for c in range(10)], 1)
assert n.allclose(means.max(1), means[range(20), m["labels"].clip(0)]), "labels"
END
}
chosen() { # the neurons that fire most, and chosen ones; any work-group
    probe --image 7 --out a
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
p = n.load("a/probe.npz")
totals = n.bincount(p["exc_neuron"], minlength=20)
assert list(p["neurons"]) == list(n.argsort(-totals, kind="stable")[:4]), p["neurons"]
END
    exist a/probe.png
    probe --image 7 --neurons 3,19 --record v,theta --out b
    probe --image 7 --neurons 3,19 --record v,theta --work-group 16 --out c
    same b/probe.npz c/probe.npz
    same b/probe.png c/probe.png
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
b = n.load("b/probe.npz")
assert "exc_step" not in b.files and "g_exc" not in b.files and list(b["neurons"]) == [3, 19]
assert b["v"].shape == b["theta"].shape == (700 * len(b["image"]), 2)
END
}
bare_images() { # images without labels, and a model without labels
    mkdir images && cp "$work/small/t10k-images-idx3-ubyte" images
    with_numpy - "$work/base/model.npz" <<'END' || wrong "no model"
import sys, numpy as n
m = n.load(sys.argv[1])
n.savez("bare.npz", w=m["w"], theta_mv=m["theta_mv"])
END
    run 0 probe bare.npz --data images --image 2
    prints "test image 2: "
    ! grep -qE "label|answer" "$work/out" || wrong "an answer without labels"
    prints "written to probe/{probe.npz, probe.png}"
    run 0 probe bare.npz --data images --image 2
    says "probe held an earlier run: its files are now in probe/previous-1"
    exist probe/probe.png probe/previous-1/probe.png
    refuses 2 "--image: image 0: custom has 0 training images" probe bare.npz --data images --train --out t
}
bad_call() {
    usage "MODEL.npz is missing" probe
    usage "--image = 5..5: A in A..B must be below B" probe m.npz --image 5..5
    usage "--record = v,volts: must be some of spikes, v, g_exc, g_inh, theta, v_inh" \
        probe m.npz --record v,volts
    usage "--neurons needs a value: --neurons LIST" probe m.npz --neurons
    usage "--epochs is an option of clsnn train, not of clsnn probe" probe m.npz --epochs 2
    refuses 2 "--neurons = 20" probe "$work/base/model.npz" --data "$work/small" --neurons 20
    refuses 2 "--neurons = 3,1,3: 3 stands there twice" probe "$work/base/model.npz" --data "$work/small" \
        --neurons 3,1,3
    run 0 probe "$work/base/model.npz" --data "$work/small" --image 0 --set min_spikes=1000 --out none
    prints " in the last: given up"
    refuses 2 "--image: image 300: custom has 300 test images, counted from 0" \
        probe "$work/base/model.npz" --data "$work/small" --image 300
    cp -r "$work/base" base
    refuses 2 "--out base: is where base/model.npz is" probe base/model.npz --data "$work/small" --out base
}
settings() { # neurons in a file is train's option, --neurons LIST is not
    echo "neurons = 100" >c.ini
    probe --config c.ini --image 1 --out a
    run 0 probe "$work/base/model.npz" --print-config
    ! grep -q "^neurons" "$work/out" || wrong "--print-config names neurons"
}

on "the spikes and answers of predict" same_as_predict "$work/base/model.npz" 300 --data "$work/small"
on "every test image of MNIST, N = 64" every_image
on "other laws and sizes of images" every_law
on "replay of the input spikes" replayed "$work/base/model.npz"
on "replay of a probe that learns" replayed "$work/base/model.npz" --train
on "--train does what training does" learns
on "--images-of train: what labelling saw" labelling
on "chosen neurons and quantities" chosen
on "images and models without labels" bare_images
on "mistakes in the call" bad_call
on "--neurons belongs to the line" settings
on "--quiet" quiet probe "$work/base/model.npz" --data "$work/small"

run_cases small base
