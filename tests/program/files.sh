#!/usr/bin/env bash
# `clsnn man files`: it names every file that commands leave, and every array of an .npz with its type.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

make_all() { # leaves files of every command that leaves some
    local model=one/model.npz formats=(--figures png,svg,pdf)
    printf 'neurons = 5, 6\n' >s.ini
    echo 'w_norm = 60..90' >t.ini
    run 0 train "${small[@]}" "${formats[@]}" --epochs 2 --eval-every 1 --snapshots 1 --delays 0:5 \
        --pairing all --out one
    run 0 predict $model --data "$work/small" "${formats[@]}" --out answers
    run 0 probe $model --data "$work/small" "${formats[@]}" --out seen
    run 0 probe $model --data "$work/small" --train --out taught
    run 0 sweep s.ini "${brief[@]}" "${formats[@]}" --out swept
    run 0 tune t.ini --data "$work/small" --neurons 6 --random 2 --train-images 60 --label-images 60 \
        --validate 60 --epochs 1 --out tuned
    run 0 reproduce "${brief[@]}" --sizes 5 --epochs 1 --seeds 1 "${formats[@]}" --out again
    run 0 replay "$oracle/learn_12.npz" OUT.npz
}
complete() {
    make_all
    run 0 man files
    with_numpy - "$work/out" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import collections, glob, os, re, sys
import numpy as n
page = open(sys.argv[1]).read().replace("\\-", "-")
patterns, arrays, name = [], collections.defaultdict(dict), None
for line in page.split("\n"):
    found = re.match(r"\\fI(.+?)\\fR(, \\fI.svg.*)?$", line)
    if found:
        name = found.group(1)
        endings = (".png", ".svg", ".pdf") if found.group(2) else ("",)
        for ending in endings:
            one = re.escape(name.removesuffix(".png") + ending if ending else name)
            patterns.append(re.sub("K|IMAGES|N(?=-s)|SEED", "[0-9]+", one).replace("NAME", "[^/]+"))
    found = re.match(r"\\fB(.+?)\\fR (.*)$", line)
    if found and name:
        arrays[name][found.group(1)] = found.group(2)
tops = ("one", "answers", "seen", "taught", "swept", "tuned", "again")
found_arrays, n_files = collections.defaultdict(set), 0
for path in sorted(p for top in tops for p in glob.glob(top + "/**", recursive=True) if os.path.isfile(p)):
    n_files += 1
    below = path.split("/", 1)[1]
    folder = re.sub(r"^(epochs-\d+|best)/", "", below)
    inner = re.sub(r"^runs/[^/]+/", "", folder)
    assert any(re.fullmatch(pattern, inner) for pattern in patterns), f"the page lacks {path}"
    if path.endswith(".npz"):
        key = re.sub("[0-9]{3,}", "IMAGES", inner)
        key = "model.npz" if re.match("epoch|snap", key) else key
        for array, value in n.load(path).items():
            assert array in arrays[key], f"the page lacks {array} of {key}"
            kind = arrays[key][array]
            assert value.dtype.str[1:] == kind[:2], (key, array, value.dtype, kind)
            n_dims = kind.count(",") + 1 if "[" in kind else 0
            assert value.ndim == n_dims or array == "about", (key, array, kind)
            found_arrays[key].add(array)
for array in n.load("OUT.npz").files:
    assert array in arrays["OUT.npz"], f"the page lacks {array} of OUT.npz"
    found_arrays["OUT.npz"].add(array)
for key in ("model.npz", "checkpoint/ckpt-IMAGES.npz", "predictions.npz", "probe.npz", "OUT.npz"):
    assert found_arrays[key] == set(arrays[key]), (key, set(arrays[key]) - found_arrays[key])
assert n_files > 80, n_files
END
}
written_well() { # the page is troff without a warning
    command -v groff >/dev/null || skip "groff is not installed"
    run 0 man files
    groff -man -Tutf8 -P-c -ww "$work/out" | col -b >page 2>warnings || wrong "groff fails"
    [ ! -s warnings ] || wrong "$(head -n 3 warnings)"
    grep -q "checkpoint/ckpt-IMAGES.npz" page || wrong "no checkpoints in: $(head -n 5 page)"
}

on "every file and every array" complete
any "groff" written_well
any "unknown pages" usage "unknown command fils" man fils

run_cases small
