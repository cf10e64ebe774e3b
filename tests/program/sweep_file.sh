#!/usr/bin/env bash
# Files and command lines that `clsnn sweep` must refuse, before a run begins.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# sweep_bad CODE TEXT LINES ARGUMENT...: sweep must refuse a file of these lines
sweep_bad() {
    local code=$1 text=$2
    printf '%b' "$3" >bad.ini
    refuses "$code" "$text" sweep bad.ini "${@:4}"
}

replaced() { # a value of the file that the command line replaces is named, once
    printf 'seed = 1..2\nneurons = 20\nepochs = 3\nrule = triplet, exponential\nw_norm = 70\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --epochs 1 --set w_norm=60 --neurons 20 --out s
    says "the command line replaces values of the file: epochs = 3 by 1; w_norm = 70 by 60"
    [ "$(grep -c "command line replaces" "$work/err")" = 1 ] || wrong "said more than once"
    # columns are as wide as their values
    prints "       rule  runs    vote all (%)"
    prints "    triplet     2  "
    prints "exponential     2  "
    run 0 sweep s.ini "${brief[@]}" --epochs 3 --neurons 20 --set w_norm=70 --out t
    ! grep -q "command line replaces" "$work/err" || wrong "equal values replace nothing"
}

on "sweep: values that the command line replaces" replaced
on "sweep: --out is a file" \
    sweep_bad 8 "--out = bad.ini: is a file: must be a folder" 'seed = 1..2' "${brief[@]}" --out bad.ini
on "sweep: --out below a device" sweep_bad 8 /dev/null 'seed = 1..2' "${brief[@]}" --out /dev/null/x
on "sweep --collect: no such directory" \
    sweep_bad 8 "nowhere: no such directory: name the sweep's with --out" \
    'seed = 1..2' "${brief[@]}" --out nowhere --collect
on "sweep: data that are nowhere" sweep_bad 3 "no such directory" 'seed = 1..2\ndata = nowhere'
any "sweep without its file" usage "FILE is missing: usage: clsnn sweep" sweep
any "sweep of two files" usage 'unexpected operand "b.ini"' sweep a.ini b.ini
any "sweep: no such file" refuses 8 "sweep file nowhere.ini: not found" sweep nowhere.ini
any "sweep: a directory" refuses 8 "sweep file /: is a directory: must be a text file" sweep /
any "sweep: a NUL byte" sweep_bad 2 "bad.ini:2: a NUL byte" 'seed = 1..2\nneurons = 1\0, 2\n'
any "sweep: an unknown key" \
    sweep_bad 2 "bad.ini:2: unknown option or parameter neurns: did you mean neurons?" \
    'seed = 1..2\nneurns = 100, 200\n'
any "sweep: no key at all" \
    sweep_bad 2 'bad.ini:1: "neurons 100 200": must be name = value' 'neurons 100 200\n'
any "sweep: an empty file" sweep_bad 2 "sweep file bad.ini: lists nothing" '\n; seed = 1..2\n'
any "sweep: a section in place of keys" \
    sweep_bad 2 "bad.ini:2: unknown section [model]" 'seed = 1..2\n[model]\n'
any "sweep: a comment by #" \
    sweep_bad 2 'a comment behind a value begins with " ;"' 'neurons = 10, 20 # note\n'
any "sweep: an empty range" \
    sweep_bad 2 "bad.ini:1: neurons: the range 5..4 is empty: its first value is above its last" \
    'neurons = 5..4\n'
any "sweep: an empty place" sweep_bad 2 "bad.ini:1: neurons: an empty place in its list" 'neurons = 5,,4\n'
any "sweep: a range without a step" sweep_bad 2 "needs a step: 0.1..0.5..STEP" 'w_max = 0.1..0.5\n'
any "sweep: a step of 0" \
    sweep_bad 2 "bad.ini:1: neurons: step 0 of 10..20..0: must be above 0" 'neurons = 10..20..0\n'
any "sweep: a range without its last value" \
    sweep_bad 2 "bad.ini:1: neurons = 4..: last value missing: write FIRST..LAST" 'neurons = 4..\n'
any "sweep: a range with three dots" \
    sweep_bad 2 "bad.ini:1: neurons = 4...8: three dots: write 4..8" 'neurons = 4...8\n'
any "sweep: a range of four numbers" \
    sweep_bad 2 "neurons = 4..8..2..1: four numbers: at most FIRST..LAST..STEP" 'neurons = 4..8..2..1\n'
any "sweep: a range that misses its last value" \
    sweep_bad 2 "neurons = 10..21..5: steps lead to 20 and 25, not to 21" 'neurons = 10..21..5\n'
any "sweep: a value out of range" \
    sweep_bad 2 "bad.ini:1: neurons = 16385: must be in [1, 16384]" 'neurons = 100, 16385\n'
any "sweep: a value that is none" \
    sweep_bad 2 "bad.ini:1: neurons = many: not a number" 'neurons = 100, many\n'
any "sweep: a value twice" sweep_bad 2 "bad.ini:1: neurons: 100 stands there twice" 'neurons = 100, 1e2\n'
any "sweep: parameters that disagree" \
    sweep_bad 2 "v_thresh_exc_mv = -65 must be above v_rest_exc_mv = -65" 'v_thresh_exc_mv = -52, -65\n'
any "sweep: more than 10000 runs" \
    sweep_bad 2 "bad.ini:2: epochs: with it the sweep has more than 10000 runs" \
    'seed = 1..5001\nepochs = 1, 2\n'
any "sweep: a range too long" \
    sweep_bad 2 "has more than 10000 values" 'seed = 0..18446744073709551615\n'
any "sweep: unequal lists zipped" \
    sweep_bad 2 "zip: neurons has 2 values, seed has 3: zipped lists must be equally long" \
    'neurons = 1, 2\nseed = 1..3\nzip = neurons, seed\n'
any "sweep: one name zipped" \
    sweep_bad 2 "zip = neurons: neurons stands alone: name two or more" 'neurons = 1, 2\n' --zip neurons
any "sweep: zip of what is not swept" \
    sweep_bad 2 "epochs is not swept: give it a list" 'neurons = 1, 2\nzip = neurons, epochs\n'
any "sweep: what cannot be swept" \
    sweep_bad 2 "bad.ini:1: work-group takes one value in a sweep, not 1, 64: all runs share it" \
    'work-group = 1, 64\n'
any "sweep: two data sets" \
    sweep_bad 2 "bad.ini:2: data takes one value in a sweep, not digits, mnist" \
    'seed = 1..2\ndata = digits, mnist\n'
any "sweep: swept and on the command line" \
    sweep_bad 2 "is swept here and given on the command line too: leave one out" 'seed = 1..2\n' --seed 3
any "sweep: swept twice" \
    sweep_bad 2 "bad.ini:2: seed: stands there twice (bad.ini:1: seed)" 'seed = 1..2\nseed = 3..4\n'
any "sweep: two single values" \
    sweep_bad 2 "bad.ini:2: epochs: stands there twice (bad.ini:1: epochs)" 'epochs = 1\nepochs = 2\n'
any "sweep: --neurns" \
    sweep_bad 2 "unknown option --neurns: did you mean --neurons?" 'seed = 1..2\n' --neurns 3
any "sweep: --resum of nothing known" sweep_bad 2 "unknown option --xyzzyq" 'seed = 1..2\n' --xyzzyq
for text in 5/4 0/4 4 a/b 1/ /2 -1/2 1/2/3; do
    on "sweep --shard $text" \
        sweep_bad 2 "--shard = $text: must be slurm, or I/N with I in [1, N]" 'seed = 1..2\n' --shard=$text
done

run_cases small
