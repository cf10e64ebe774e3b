#!/usr/bin/env bash
# Numbers that may mean nothing come with a warning: on stderr, in run.json, in results.csv; and --strict
# refuses them. Each case makes one condition of host/base/warnings.def.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

few=(--neurons 20 --train-images 200 --label-images 200 --test-images 200)
# warns NAME ARGUMENT...: clsnn must exit with 0, warn of NAME, and fail with --strict
warns() {
    local name=$1
    shift
    run 0 "$@" --out out
    says "($name)"
    grep -q "\"name\": \"$name\"" out/run.json || wrong "run.json lacks $name"
    run 3 "$@" --out strict --strict
    says "--strict makes this warning an error"
}
no_warning() {
    run 0 train --data "$work/small" --neurons 20 --train-images 600 --label-images 600 --out out
    ! grep -q WARNING "$work/err" || wrong "$(grep WARNING "$work/err")"
    grep -q '"warnings": \[\]' out/run.json || wrong "run.json has warnings"
    run 0 train --data "$work/small" "${few[@]}" --strict --out strict
}
dim() {
    idx dim "p // 255"
    warns dim_pixels train --data dim "${few[@]}"
    warns silent train --data dim "${few[@]}"
}
dim_before_work() { # --strict refuses odd data before any file is made
    idx dim "p // 16"
    refuses 3 "dim_pixels" train --data dim "${few[@]}" --strict --out out
}
bright() {
    idx bright "255 - p"
    warns bright_pixels train --data bright "${few[@]}"
}
one_class() {
    idx one p 4
    warns one_class train --data one "${few[@]}"
}
no_class() { warns class_without_images train --data "$work/small" "${few[@]}" --label-images 3; }
large_sum() { warns large_sum train --data "$work/small" "${few[@]}" --set w_norm=400; }
low() { warns low_threshold train --data "$work/small" "${few[@]}" --set theta_init_mv=2; }
more() { warns fewer_images train --data "$work/small" "${few[@]}" --test-images 301; }
change() { # change EXPRESSION FILE: copies base/model.npz, with numpy changing the dict m
    with_numpy -c "
import numpy, sys
m = dict(numpy.load('$work/base/model.npz')); $1; numpy.savez('$2', **m)"
}
odd_theta() {
    change "m['theta_mv'] = m['theta_mv'] / numpy.float32(1000)" volts.npz
    warns odd_theta eval volts.npz --data "$work/small"
    says "multiply volts by 1000"
}
odd_weights() {
    change "m['w'] = m['w'] / numpy.float32(100)" small.npz
    warns odd_weights eval small.npz --data "$work/small"
    says "as training leaves it: w *= w_norm / w.sum(axis=0)"
}
other_data() {
    idx half "p // 2"
    warns other_data eval "$work/base/model.npz" --data half
}
chance() { # labels that belong to other images
    idx shifted p "(p + 1) % 10"
    warns chance eval "$work/base/model.npz" --data shifted
}
given_up() { warns given_up train --data "$work/small" "${few[@]}" --set min_spikes=100; }
few_labels() { warns few_labels train --data "$work/small" "${few[@]}" --neurons 400 --label-images 20; }
in_sweeps() {
    idx dim "p // 255"
    printf 'neurons = 20\nseed = 1, 2\n' >s.ini
    run 0 sweep s.ini --data dim --train-images 20 --label-images 20 --test-images 20 --out o
    says "(dim_pixels)"
    says "run seed-1: no neuron fired"
    [ "$(grep -c '(silent)' "$work/err")" = 1 ] || wrong "a warning is told twice"
    prints "warnings      2 of them"
    [ "$(grep -c 'dim_pixels.*+silent' o/results.csv)" = 2 ] || wrong "results.csv: $(cat o/results.csv)"
    cp o/results.csv before
    run 0 sweep s.ini --data dim --train-images 20 --label-images 20 --test-images 20 --out o
    same before o/results.csv
    run 3 sweep s.ini --data dim --train-images 20 --label-images 20 --test-images 20 --out o --strict
}

on "no warning without a reason" no_warning
on "dim pixels" dim
any "dim pixels: --strict refuses before any work" dim_before_work
on "bright pixels" bright
on "a class without labelling images" no_class
on "one class only" one_class
on "a sum that weights can hardly reach" large_sum
on "a threshold below rest" low
on "more images than there are" more
on "theta in volts" odd_theta
on "weights of another scale" odd_weights
on "other data than in training" other_data
on "no better than chance" chance
on "images given up" given_up
on "neurons without labels" few_labels
on "warnings in a sweep" in_sweeps
run_cases small base
