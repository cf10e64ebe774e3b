#!/usr/bin/env bash
# `clsnn predict`: its counts and answers are those of `clsnn eval`, whatever part of the images it is shown.
mnist=$(realpath -m "${CLSNN_DATA:-$(dirname "$0")/../../../shared/data/mnist}")
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

predict() { run 0 predict "$work/base/model.npz" --data "$work/small" --json "$@"; }

whole_set() { # every image of a whole test set: MNIST's if it is there, else the digits'
    local data=$work/digits
    [ ! -e "$mnist/t10k-images-idx3-ubyte.gz" ] || data=$mnist
    note "on $data"
    same_as_eval "$data" 10000
}
same_as_eval() { # same_as_eval DATA N: the answers sum up to those of eval, and follow from counts, labels
    run 0 eval "$work/base/model.npz" --data "$1" --json
    cp "$work/out" eval.json
    run 0 predict "$work/base/model.npz" --data "$1" --json --out p
    exist p/predictions.npz p/mistakes.png p/run.json p/report.html
    [ "$(json command p/run.json)" = predict ] || wrong "run.json is not predict's"
    cp "$work/out" out.json
    with_numpy - "$2" "$work/base/model.npz" eval.json out.json <<'END' || wrong "$(tail -n 1 "$work/notes")"
import json, sys, numpy as n
images, model = int(sys.argv[1]), n.load(sys.argv[2])
evaluated, result = (json.load(open(name)) for name in sys.argv[3:])
p = n.load("p/predictions.npz")
types = {name: (p[name].dtype.str, p[name].shape) for name in p.files}
one = ("<i4", (images,))
assert types == {"image": one, "label": one, "prediction_all": one, "prediction_proportion": one,
                 "prediction_likelihood": one, "attempts": one, "counts": ("<u2", (images, 20))}, types
assert (p["image"] == n.arange(images)).all()
for vote, name in (("prediction_all", "confusion"), ("prediction_proportion", "confusion_proportion")):
    confusion = n.zeros((10, 10), int)
    n.add.at(confusion, (p["label"], p[vote]), 1)
    assert (confusion == evaluated[name]).all(), name
for name in ("accuracy_all", "accuracy_proportion", "accuracy_likelihood", "test_spikes_per_image",
             "presentations", "final_sha256"):
    assert result[name] == evaluated[name], name
assert p["counts"].sum() / images == evaluated["test_spikes_per_image"]
assert p["attempts"].min() >= 1 and p["attempts"].sum() == evaluated["presentations"]
labels, counts = model["labels"], p["counts"].astype(float)
means = n.stack([counts[:, labels == c].mean(1) if (labels == c).any() else n.zeros(images)
                 for c in range(10)], 1)
best = means.max(1)
assert n.allclose(means[n.arange(images), p["prediction_all"]], best), "vote all"
assert (p["prediction_likelihood"] == p["label"]).mean() == result["accuracy_likelihood"]
chance = model["proportions"].astype(float) + 2**-10
likelihood = counts[:, labels >= 0] @ n.log2(chance / chance.sum(0))[labels >= 0]
found = likelihood[n.arange(images), p["prediction_likelihood"]]
slack = counts.sum(1) / 2**11 # a logarithm is rounded to a multiple of 2^-11
assert (found >= likelihood.max(1) - slack).all(), "vote likelihood"
assert (likelihood.argmax(1) == p["prediction_likelihood"]).mean() > 0.9
wrong = n.nonzero(p["prediction_all"] != p["label"])[0]
assert len(wrong) > 0 and [w["image"] for w in result["wrong"]] == list(wrong)
for w in result["wrong"]:
    for name in ("label", "prediction_all", "prediction_proportion", "prediction_likelihood"):
        assert w[name] == p[name][w["image"]], name
END
}
parts() { # an image's row does not depend on the range, the work-group or the chunk
    predict --out whole
    predict --test-images 40..60 --work-group 16 --chunk 7 --out part
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
whole, part = n.load("whole/predictions.npz"), n.load("part/predictions.npz")
for name in whole.files:
    assert n.array_equal(whole[name][40:60], part[name]), name
END
}
without_labels() {
    predict --out known
    mkdir images && cp "$work/small/t10k-images-idx3-ubyte" images
    run 0 predict "$work/base/model.npz" --data images --json --out unknown
    ! grep -qE '"(accuracy_all|confusion|wrong)"' "$work/out" || wrong "an accuracy without labels"
    [ ! -e unknown/mistakes.png ] || wrong "mistakes without labels"
    python3 - "$work/out" <<'END' || wrong "--json lacks the answers"
import collections, json, sys
answers = json.load(open(sys.argv[1]))["answers"]
assert len(answers) == 300
names = [f"{n} x class {c}" for c, n in sorted(collections.Counter(answers).items())]
open("answers", "w").write("300 images without labels: " + " ".join(names) + "\n")
END
    run 0 predict "$work/base/model.npz" --data images --out again
    prints "answers (vote all)          $(cat answers)"
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
x = n.frombuffer(open("images/t10k-images-idx3-ubyte", "rb").read()[16:], "u1").reshape(-1, 28, 28)
n.savez("bare.npz", x_test=x / 255)
known, unknown = n.load("known/predictions.npz"), n.load("unknown/predictions.npz")
assert (unknown["label"] == -1).all()
for name in known.files:
    assert name == "label" or n.array_equal(known[name], unknown[name]), name
END
    run 0 predict "$work/base/model.npz" --data bare.npz
    prints "written to                  predictions/{report.html, predictions.npz, run.json}"
    same_answers unknown predictions
}
same_answers() { # same_answers DIR DIR: the arrays are the same
    with_numpy - "$1" "$2" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import sys, numpy as n
a, b = (n.load(d + "/predictions.npz") for d in sys.argv[1:])
assert a.files == b.files and all(n.array_equal(a[k], b[k]) for k in a.files)
END
}
unlabelled_model() { # labels it first, as eval does
    with_numpy - "$work/base/model.npz" <<'END' || wrong "no model"
import sys, numpy as n
m = n.load(sys.argv[1])
n.savez("bare.npz", w=m["w"], theta_mv=m["theta_mv"], about=m["about"])
END
    run 0 predict bare.npz --data "$work/small" --label-images 300 --out a
    says "no labels yet"
    prints "accuracy (vote all)"
    predict --out b
    same_answers a b
    mkdir images && cp "$work/small/t10k-images-idx3-ubyte" images
    refuses 3 "bare.npz: has no labels, and images no training images" predict bare.npz --data images
}
bad_labels() { # labels that are not needed do no harm; without training there are no numbers of it
    with_numpy - "$work/small" <<'END' || wrong "no images"
import sys, numpy as n
read = lambda name, head: n.frombuffer(open(sys.argv[1] + "/" + name, "rb").read()[head:], "u1")
x = read("t10k-images-idx3-ubyte", 16).reshape(-1, 28, 28)
n.savez("bad.npz", x_train=x[:5], y_train=n.arange(6), x_test=x, y_test=n.arange(300) + 1000)
n.savez("bare.npz", x_test=x)
END
    run 0 predict "$work/base/model.npz" --data bad.npz --json --out bad
    says "bad.npz: array 'y_train': i8 [6]: must be whole numbers, [5] or [5, 1], one for each image: left "
    run 0 predict "$work/base/model.npz" --data bare.npz --out bare
    same_answers bad bare
    refuses 3 "'y_train': i8 [6]: must be whole numbers" eval "$work/base/model.npz" --data bad.npz
    predict --out nothing
    for name in epochs train_images train_seconds images_per_second label_images; do
        [ "$(json $name)" = null ] || wrong "$name is $(json $name)"
    done
}
odd_images() { # images that mean nothing are named, without labels too; own images are no other data
    with_numpy - <<'END' || wrong "no images"
import numpy as n
n.savez("black.npz", x_test=n.zeros((20, 28, 28), "u1"))
n.savez("bright.npz", x_test=n.full((20, 28, 28), 200, "u1"))
END
    run 0 predict "$work/base/model.npz" --data black.npz --out black
    says "(dim_pixels)"
    says "no neuron fired for any of 20 images"
    ! grep -q other_data "$work/err" || wrong "own images are other data"
    run 0 predict "$work/base/model.npz" --data bright.npz --out bright
    says "(bright_pixels)"
    run 3 predict "$work/base/model.npz" --data black.npz --out strict --strict
}
kept() { # earlier answers are moved, never overwritten
    predict
    predict --test-images 5
    says "predictions held an earlier run: its files are now in predictions/previous-1"
    exist predictions/predictions.npz predictions/mistakes.png predictions/previous-1/predictions.npz \
        predictions/previous-1/mistakes.png
    differ predictions/predictions.npz predictions/previous-1/predictions.npz
}
own_dir() {
    cp -r "$work/base" base
    refuses 2 "--out base: is where base/model.npz is: clsnn predict would move that run away" \
        predict base/model.npz --data "$work/small" --out base
}
bad_call() {
    usage "MODEL.npz is missing" predict
    refuses 8 "no.npz: cannot be opened" predict no.npz --data "$work/small"
    usage "--neurons is an option of clsnn train, not of clsnn predict" predict m.npz --neurons 5
    echo x >file
    refuses 8 "--out = file: is a file" predict "$work/base/model.npz" --data "$work/small" --out file
}

on "the counts and answers of eval" same_as_eval "$work/small" 300
on "the counts and answers of eval, 10,000 images" whole_set
on "a part of the images" parts
on "images without labels" without_labels
on "images with bad labels" bad_labels
on "images without ink" odd_images
on "a model without labels" unlabelled_model
on "earlier answers are kept" kept
on "--out where the model is" own_dir
on "mistakes in the call" bad_call
on "--quiet" quiet predict "$work/base/model.npz" --data "$work/small" --test-images 10

run_cases small base
