#!/usr/bin/env bash
# Files of earlier versions: runs, models, checkpoints and tables stay usable and still give the same bits.
# v0.1/README.md tells how the files were made.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

old=$here/v0.1
images=(--data digits --label-images 20 --test-images 20)
settings=("${images[@]}" --neurons 2 --train-images 12 --seed 7)
old_sha() { json final_sha256 "$old/run/run.json"; }

no_nan() { # no_nan PAGE: where version 0.1 has no number, the page has none
    exist "$1"
    ! grep -n '\bnan\b' "$1" || wrong "$1 has nan: $(grep -c '\bnan\b' "$1") lines"
}

verified() {
    cp -r "$old/run" run
    run 0 verify run
    prints "EQUAL: weights, thresholds, labels, model.npz and 2 evaluations, bit for bit"
    prints "$(old_sha)"
}
evaluated() {
    run 0 eval "$old/run/model.npz" "${images[@]}" --json
    [ "$(sha)" = "$(old_sha)" ] || wrong "final_sha256 is $(sha): must be $(old_sha)"
    ! grep -q "no labels yet" "$work/err" || wrong "the labels of the model are not used"
}
evaluated_checkpoint() {
    run 0 eval "$old/stopped/checkpoint/ckpt-000000000015.npz" "${images[@]}" --json
    says "no labels yet"
    [ "$(json neurons)/$(json seed)" = 2/7 ] || wrong "neurons/seed: $(json neurons)/$(json seed)"
    sha >/dev/null
}
resumed() {
    cp -r "$old/stopped" stopped
    run 0 train "${settings[@]}" --epochs 2 --eval-every 1 --checkpoint-every 5 --resume --out stopped --json
    says "going on from stopped/checkpoint/ckpt-000000000015.npz: 15 images, epoch 2 of 2"
    [ "$(sha)" = "$(old_sha)" ] || wrong "final_sha256 is $(sha): must be $(old_sha)"
    state_is finished stopped/run.json
    no_nan stopped/report.html
    run 0 verify stopped # verify hashes the arrays of model.npz
    prints "$(old_sha)"
}
found_finished() {
    cp -r "$old/runs" runs
    untouched runs/runs >before
    run 0 train "${settings[@]}" --epochs 1 --runs 2 --out runs
    says "2 runs, 2 of them finished before"
    untouched runs/runs | same before /dev/stdin
    # version 0.1 had neither vote likelihood nor warnings
    cut -d, -f 1-12,14-15 runs/results.csv | same "$old/runs/results.csv" /dev/stdin
    [ "$(cut -d, -f 13 runs/results.csv | sort -u | tr "\n" ,)" = accuracy_likelihood,nan, ] ||
        wrong "$(cat runs/results.csv)"
    no_nan runs/report.html
}

on "version 0.1: verify a run" verified
on "version 0.1: eval of a model" evaluated
on "version 0.1: eval of a checkpoint" evaluated_checkpoint
on "version 0.1: --resume from a checkpoint" resumed
on "version 0.1: train --runs finds finished runs, and makes the same table" found_finished

# shellcheck disable=SC2119 # no fixtures
run_cases
