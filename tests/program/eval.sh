#!/usr/bin/env bash
# `clsnn eval`: it refuses unusable models and repeats the result of training.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# Functions that make models.

le32() { bytes $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
le16() { bytes $(($1 & 255)) $(($1 >> 8 & 255)); }

# npy DESCR SHAPE: prints an array's header; the caller adds the data
npy() {
    local dict="{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
    printf '\x93NUMPY\x01\x00'
    le16 118
    printf '%-117s\n' "$dict"
}
# zero NAME DESCR SHAPE N_BYTES: writes NAME.npy, all zeros
zero() { { npy "$2" "$3" && zeros "$4"; } >"$1.npy"; }

# npz FILE NAME...: moves the files NAME.npy into a stored archive. The CRC comes from gzip's trailer.
npz() {
    local to=$1 at=0 directory=$1.directory n=0 name crc bytes
    : >"$to"
    : >"$directory"
    shift
    for name in "$@"; do
        bytes=$(size "$name.npy")
        crc=$(gzip -c "$name.npy" | tail -c 8 | od -An -tu4 -N 4)
        {
            printf 'PK\x03\x04' && le16 20
            entry
            printf %s "$name.npy" && cat "$name.npy"
        } >>"$to"
        {
            printf 'PK\x01\x02' && le16 20 && le16 20
            entry
            le16 0 && le16 0 && le16 0 && le32 0 && le32 "$at" && printf %s "$name.npy"
        } >>"$directory"
        at=$(size "$to")
        n=$((n + 1))
    done
    cat "$directory" >>"$to"
    {
        printf 'PK\x05\x06' && le16 0 && le16 0 && le16 $n && le16 $n
        le32 "$(size "$directory")" && le32 "$at" && le16 0
    } >>"$to"
    rm "$directory" "${@/%/.npy}"
}
entry() { # prints the fields that a member's header and its directory entry share
    le16 0 && le16 0 && le32 0x210000 && le32 "$crc" && le32 "$bytes" && le32 "$bytes"
    le16 $((${#name} + 4)) && le16 0
}

# Unusable models.

# eval_small CODE TEXT MODEL: eval must refuse the model
eval_small() { refuses "$1" "$2" eval "$3" --data "$work/small" --out e; }
model_shape() { # model_shape W_SHAPE THETA_SHAPE TEXT W_VALUES THETA_VALUES
    zero w '<f4' "$1" $((4 * ($4)))
    zero theta_mv '<f4' "$2" $((4 * ($5)))
    npz m.npz w theta_mv
    eval_small 3 "$3" m.npz
}
model_lacks() {
    zero w '<f4' '(784, 2)' 6272
    npz m.npz w
    eval_small 3 "array 'theta_mv' is missing" m.npz
}
model_doubles() {
    zero w '<f8' '(784, 2)' 12544
    zero theta_mv '<f4' '(2,)' 8
    npz m.npz w theta_mv
    eval_small 3 "array 'w'" m.npz
}
model_nan() {
    { npy '<f4' '(784, 2)' && zeros 6268 && printf '\x00\x00\xc0\x7f'; } >w.npy
    zero theta_mv '<f4' '(2,)' 8
    npz m.npz w theta_mv
    eval_small 3 "w[783, 1] = nan: must be finite" m.npz
}
model_label_10() {
    zero w '<f4' '(784, 1)' 3136
    zero theta_mv '<f4' '(1,)' 4
    { npy '<i4' '(1,)' && le32 10; } >labels.npy
    zero proportions '<f4' '(1, 10)' 40
    npz m.npz w theta_mv labels proportions
    eval_small 3 "labels[0] = 10: must be in [-1, 9]" m.npz
}
model_array() { # weights alone are for clsnn import
    with_numpy -c 'import numpy as n; n.save("w.npy", n.ones((784, 4), "f4"))' || wrong "no w.npy"
    for name in eval predict; do
        refuses 3 "w.npy: is one array, no model: clsnn import w.npy [THETA] MODEL.npz makes a model of" \
            $name w.npy --data "$work/small"
    done
    refuses 3 "w.npy: is one array" train --data "$work/small" --from w.npy
}
model_unlabelled() { # an archive made by npz is a model, so only the named mistakes make the others unusable
    zero w '<f4' '(784, 2)' 6272
    zero theta_mv '<f4' '(2,)' 8
    npz m.npz w theta_mv
    run 0 eval m.npz --data "$work/small" --json --label-images 20 --test-images 10
    says "no labels yet"
    [ "$(json neurons)" = 2 ] || wrong "neurons: $(json neurons)"
}
model_flipped() {
    cp "$work/base/model.npz" m.npz
    flip m.npz "$1"
    eval_small 3 "m.npz" m.npz
}
model_cut() {
    head -c "$1" "$work/base/model.npz" >m.npz
    eval_small 3 "m.npz" m.npz
}
model_no_zip() {
    echo "w = 1" >m.npz
    eval_small 3 "is damaged, or no zip archive of arrays" m.npz
    says ": must be the model.npz or a checkpoint of clsnn train"
}
model_empty() { : >m.npz && eval_small 3 "m.npz" m.npz; }
model_absent() { eval_small 8 "m.npz: cannot be opened for reading: No such file or directory" m.npz; }
model_unfinished() { # a run that was stopped has no model.npz yet, but may have checkpoints
    mkdir -p run/checkpoint
    sed 's/"state": "finished"/"state": "stopped"/' "$work/base/run.json" >run/run.json
    local text="run: this run is stopped and has no model.npz: clsnn train --resume finishes it"
    eval_small 8 "$text; clsnn eval tests a checkpoint of run/checkpoint" run/model.npz
    eval_small 8 "$text; clsnn eval tests a checkpoint of run/checkpoint" run
    rmdir run/checkpoint
    eval_small 8 "$text" run/model.npz
    rm run/run.json && mkdir run/checkpoint
    eval_small 8 "run: this run is unfinished and has no model.npz" run/model.npz
    (cd run && eval_small 8 ".: this run is unfinished" model.npz)
}
model_of_directory() {
    cp -r "$work/base" base
    eval_small 8 "base: is a directory: did you mean base/model.npz?" base
    eval_small 8 "base/: is a directory: did you mean base/model.npz?" base/
}
model_directory() { mkdir m.npz && eval_small 8 "m.npz: is a directory: must be a regular file" m.npz; }
model_picture() { cp "$work/base/weights.png" m.npz && eval_small 3 "m.npz" m.npz; }
model_pipe() { mkfifo m.npz && eval_small 8 "m.npz: is a pipe" m.npz; }
eval_bad_seed() { # eval_bad_seed ABOUT TEXT: eval must refuse a model of one neuron with this about
    zero w '<f4' '(784, 1)' 3136
    zero theta_mv '<f4' '(1,)' 4
    { npy '|u1' "(${#1},)" && printf %s "$1"; } >about.npy
    npz bad.npz w theta_mv about
    refuses 3 "$2" eval bad.npz --data "$work/small"
}

# What eval does.

eval_all() { # eval_all MODEL ARGUMENT...: labels and tests the model as `train` did
    run 0 eval "$1" --data "$work/small" --label-images 300 --test-images 300 "${@:2}"
}
score() { echo "$(json accuracy_all)/$(json test_spikes_per_image)"; }
eval_again() {
    eval_all "$work/base/model.npz" --json --out out
    for key in accuracy_all accuracy_proportion accuracy_likelihood final_sha256 confusion; do
        [ "$(json $key)" = "$(json $key "$work/base.json")" ] ||
            wrong "$key is $(json $key), training had $(json $key "$work/base.json")"
    done
    exist out/run.json out/metrics.csv out/metrics.jsonl out/weights.png out/confusion.png
    for key in "${json_keys[@]}"; do prints "\"$key\":"; done
    [ "$(json command out/run.json)" = eval ] || wrong "run.json is not eval's"
    is_json "$work/out"
}
settings_of_model() { # --print-config of each command that takes a model shows what it will use
    train --out run --seed 5 --inhibition direct --set theta_plus_mv=0.0625 --set eta_pre=0
    local command
    for command in eval predict probe; do
        run 0 $command run/model.npz --set eta_pre=0.0005 --print-config
        grep -q '^theta_plus_mv = 0.0625 .*model$' "$work/out" || wrong "$command: theta_plus_mv"
        grep -q '^eta_pre = 0.0005 .*command line$' "$work/out" || wrong "$command: eta_pre"
        grep -q '^eta_post = 0.01 .*model$' "$work/out" || wrong "$command: eta_post"
        grep -q '^inhibition = direct ' "$work/out" || wrong "$command: inhibition"
        grep -q '^seed = 5 ' "$work/out" || wrong "$command: seed"
        refuses 8 "none.npz: cannot be opened" $command none.npz --print-config
    done
    run 0 eval --print-config
}
eval_no_out() {
    before=$(listing)
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 10
    prints "accuracy (vote all)"
    [ "$before" = "$(listing)" ] || wrong "eval without --out has written files"
}
eval_bad_data() { # an earlier run in --out stays in its place if eval cannot start
    mkdir e && echo '{}' >e/run.json
    refuses 3 "no such directory" eval "$work/base/model.npz" --data nowhere --out e
}
eval_own_dir() {
    cp -r "$work/base" base
    refuses 2 "--out base: is where base/model.npz is" eval base/model.npz --data "$work/small" --out base
}
# eval takes the model's parameters unless --set gives others, and warns if its data are not the model's.
eval_with_params() {
    train --set time_on_ms=100 --set w_norm=120 --out out
    local trained
    trained=$(score)
    eval_all out/model.npz --json
    [ "$(score)" = "$trained" ] || wrong "eval did not use the model's parameters"
    eval_all out/model.npz --json --set time_on_ms=350
    [ "$(json test_spikes_per_image)" != "${trained#*/}" ] || wrong "--set was ignored"
    says "given parameters replace those of out/model.npz: time_on_ms = 350, 100 in the file"
    says "--label-images is not used: out/model.npz has labels, and keeps them"
    run 0 eval out/model.npz --data "$work/small" --test-images 10 --set w_norm=120
    ! grep -E "given parameters|label-images" "$work/err" || wrong "a word about nothing"
    run 0 eval out/model.npz --data digits --test-images 10 --quiet
    says "WARNING: out/model.npz was trained on other data"
}
# eval takes the model's seed unless --seed gives another, so that the same images give the same spikes again.
eval_seed() {
    train --seed 7 --out out
    local trained
    trained=$(score)
    eval_all out/model.npz --json
    [ "$(score)" = "$trained" ] || wrong "eval did not use the model's seed"
    [ "$(json seed)" = 7 ] || wrong "eval says seed $(json seed), must be 7"
    eval_all out/model.npz --json --seed 1
    [ "$(json seed)" = 1 ] || wrong "eval says seed $(json seed), must be 1"
    [ "$(json test_spikes_per_image)" != "${trained#*/}" ] || wrong "--seed was ignored"
    eval_all out/model.npz --out e
    grep -A 2 '"seed": {' e/run.json | grep -q '"origin": "model"' ||
        wrong "run.json does not say that the seed is the model's"
}

# The list of cases.

on "model: w (784, 3), theta of 2" \
    model_shape '(784, 3)' '(2,)' "array 'theta_mv': f4 [2]: must be f4 [3]" 784*3 2
on "model: w (10, 10)" \
    model_shape '(10, 10)' '(10,)' "a network of 10 inputs, but images of 28 x 28 pixels in" 100 10
on "model: w (4097, 1)" \
    model_shape '(4097, 1)' '(1,)' "w has 4097 rows: must be in [1, 4096] inputs" 4097 1
on "model: w (784,)" model_shape '(784,)' '(1,)' "array 'w'" 784 1
on "model: w (784, 0)" model_shape '(784, 0)' '(0,)' "m.npz" 0 0
on "model: w (784, 16385)" \
    model_shape '(784, 16385)' '(16385,)' "w has 16385 columns: must be in [1, 16384] neurons" 784*16385 16385
on "model: w of doubles" model_doubles
on "model: w holds a NaN" model_nan
on "model: no theta" model_lacks
on "model: label 10" model_label_10
on "model: without labels" model_unlabelled
on "model: one array" model_array
for at in 0 14 30 100 1000 10000 30000 50000 -400 -300 -22 -10; do
    on "model: byte $at flipped" model_flipped $at
done
for n in 1 100 30000 -1 -22 -200; do on "model: $n bytes of it" model_cut $n; done
on "model: a text" model_no_zip
on "model: a picture" model_picture
on "model: an empty file" model_empty
on "model: no file" model_absent
on "model: a directory" model_directory
on "model: a run's directory" model_of_directory
on "model: of a run that is not finished" model_unfinished
on "model: a pipe" model_pipe
on "eval: accuracy and hash of training" eval_again
on "eval: no files without --out" eval_no_out
on "--print-config: the settings of the model" settings_of_model
on "eval: an earlier run is left alone when data are missing" eval_bad_data
on "eval: --out where the model is" eval_own_dir
on "eval: seed of the model" eval_seed
on "eval: a model's seed below 0" eval_bad_seed '{"seed":-3}' "bad.npz: about: seed = -3: must be"
on "eval: a model's seed that is no number" \
    eval_bad_seed '{"seed":"x"}' "bad.npz: about: seed = x: not a number; must be"
on "eval: a model's seed twice" \
    eval_bad_seed '{"seed":7,"seed":8}' "bad.npz: about is no JSON: duplicate object key"
on "eval: parameters and data of the model" eval_with_params
on "--quiet: eval" quiet eval "$work/base/model.npz" --data "$work/small" --test-images 10

run_cases small base
