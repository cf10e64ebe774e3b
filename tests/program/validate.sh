#!/usr/bin/env bash
# `--validate K`: the last K training images take the test set's place, in train, sweep and reproduce, and
# results say so.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

some=(--neurons 20 --label-images 0 --json)

# no_test FILE: nothing in a file of results is called a test, but for the names of settings and the plan
no_test() {
    local found
    found=$(grep -oiE '.{0,20}\btest.{0,20}' "$1" | grep -vE '"test-images"|"test_images": ')
    [ -z "$found" ] || wrong "$1 speaks of a test: $found"
}
by_hand() { # the same as a set whose files were cut by hand
    python3 - "$work/small" <<'END' || wrong "no set"
import os, sys
os.mkdir("cut")
for kind, item in (("images-idx3", 784), ("labels-idx1", 1)):
    data = open(f"{sys.argv[1]}/train-{kind}-ubyte", "rb").read()
    head = 16 if item > 1 else 8
    for name, items in (("train", data[head:head + 500 * item]), ("t10k", data[head + 500 * item:])):
        n = (len(items) // item).to_bytes(4, "big")
        open(f"cut/{name}-{kind}-ubyte", "wb").write(data[:4] + n + data[8:head] + items)
END
    run 0 train --data cut "${some[@]}" --out cut-out
    local wanted
    wanted="$(sha) $(json accuracy_all) $(json accuracy_proportion)"
    prints '"test_images":100'
    run 0 train --data "$work/small" --validate 100 "${some[@]}" --out out
    [ "$(sha) $(json accuracy_all) $(json accuracy_proportion)" = "$wanted" ] || wrong "another result"
    prints '"validation_images":100'
    prints '"train_images":500'
    says "500 training and 100 validation images"
    no_test "$work/out"
    for name in out/run.json out/metrics.jsonl out/metrics.csv; do no_test "$name"; done
    grep -q '"n_validation": 100' out/run.json || wrong "run.json has no n_validation"
    grep -q 'validation_spikes_per_image' out/metrics.csv || wrong "no such column"
    run 0 train --data "$work/small" --validate 100 --neurons 20 --out words
    prints " of 100 validation images of custom)"
    no_test "$work/out"
}
goes_on() { # resumed and verified without giving the option again
    run 0 train --data "$work/small" --validate 100 "${some[@]}" --epochs 2 --out whole
    local wanted
    wanted=$(sha)
    run 0 train --data "$work/small" --validate 100 "${some[@]}" --out out
    run 0 train --epochs 2 --json --out out --resume
    [ "$(sha)" = "$wanted" ] || wrong "another network"
    prints '"validation_images":100'
    run 0 verify out
    run 9 train --epochs 2 --validate 90 --json --out out --resume
    says "validate: 100 in the checkpoint, 90 asked"
    run 0 eval out/model.npz --data "$work/small" --json
    prints '"test_images":300'
    ! grep -q other_data "$work/err" || wrong "the test set of the same data are other data"
}
sweep() {
    printf 'seed = 1, 2\nneurons = 16\ntrain-images = 20\nlabel-images = 40\nvalidate = 50\n' >f.ini
    run 0 sweep f.ini --data "$work/small" --out s
    for name in s/results.csv s/results.jsonl s/summary.csv s/runs/*/run.json; do no_test "$name"; done
    [ "$(grep -c finished s/results.csv)" = 2 ] || wrong "not two runs"
    grep -q '"validation_images": 50' s/runs/seed-2/run.json || wrong "the file's validate was ignored"
    run 0 sweep f.ini --data "$work/small" --out s
    says "2 of them finished before"
    sed -i 's/validate = 50/validate = 60/' f.ini
    refuses 2 "its test_images is 50, 60 asked" sweep f.ini --data "$work/small" --out s
    sed -i 's/validate = 60/validate = 60, 70/' f.ini
    refuses 2 "validate takes one value in a sweep" sweep f.ini --data "$work/small" --out t
}
reproduces() {
    run 0 reproduce --data "$work/small" --validate 60 --sizes 16 --train-images 30 --label-images 40 \
        --epochs 1 --seeds 1 --out r
    prints "Validation accuracy in percent on custom (60 validation images)"
    no_test "$work/out"
    for name in r/table1.md r/table1.csv r/reproduce.json; do no_test "$name"; done
    sed 's/<[^>]*>//g' r/report.html >page
    grep -q "60 validation images" page || wrong "the page does not speak of validation"
    ! grep -iE '\btest (image|accuracy|set)' page >>"$work/why" || wrong "the page speaks of a test"
}
counts() { # of the images that are left
    run 0 train --data "$work/small" --validate 100 "${some[@]}" --train-images 550
    says "--train-images = 550: custom has 500 training images beside the 100 of --validate: those that are"
    refuses 2 "has 500 training images beside the 100 of --validate, so A must be below 500" \
        train --data "$work/small" --validate 100 --train-images 500..550
    refuses 2 "clsnn train: --validate = 600: custom has 600 training images: must be in [1, 599]" \
        train --data "$work/small" --validate 600
}
bad() {
    refuses 2 "validate = 600: custom has 600 training images: must be in [1, 599]" \
        train --data "$work/small" --validate 600
    usage "--validate = -1: must be in [0, " train --validate -1
    usage "--validate is an option of clsnn train, not of clsnn eval" eval m.npz --validate 5
}

on "the same as files cut by hand" by_hand
on "resume, verify, and the test set at the end" goes_on
on "a sweep" sweep
on "reproduce" reproduces
on "numbers of images" counts
on "mistakes" bad

run_cases small
