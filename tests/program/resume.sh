#!/usr/bin/env bash
# Signals, checkpoints and --resume: a stopped run loses nothing and ends with the bits of an undisturbed run.
# kill.sh and kill_sweep.sh do the same at random instants and with kill -9.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# Signals.

long=(--data "$work/small" --neurons 100 --train-images 600 --epochs 1000)
stopped_by() {
    begin "training 100 neurons" train "${long[@]}" --out out
    sleep 0.3
    kill -"$1" "$pid"
    finish 75
    says "stopped in epoch"
    says "Go on with the same command and --resume (clsnn eval out/checkpoint/ckpt-"
    state_is stopped out/run.json
    [ ! -s "$work/out" ] || wrong "a result was printed"
    local newest
    newest=$(find out/checkpoint -name '*.npz' | sort | tail -n 1)
    run 0 eval "$newest" --data "$work/small" --json --label-images 100 --test-images 50
    says "no labels yet"
}
# A run that is stopped at many places and resumed ends with the bits of an undisturbed run.
stopped_and_resumed() {
    local with=("${long[@]}" --epochs 3 --eval-every 1 --label-images 300 --test-images 300 --shuffle)
    local code=75 n=0
    run 0 train "${with[@]}" --out whole --json
    local wanted
    wanted=$(sha)
    set -- train "${with[@]}" --out out --json --checkpoint-every 200
    while [ $code = 75 ]; do
        begin "results go to out" "$@"
        sleep "$((n / 10)).$((n % 10))" # longer each time: an interrupted evaluation begins anew
        kill -TERM "$pid"
        code=0
        wait "$pid" || code=$?
        n=$((n + 1))
        [ $code = 75 ] || [ $code = 0 ] || ended 0 $code "(after a signal)"
        [ $n -lt 100 ] || wrong "no end"
        [ "${*: -1}" = --resume ] || set -- "$@" --resume
    done
    [ "$(sha)" = "$wanted" ] || wrong "final_sha256 is $(sha): must be that of the undisturbed run, $wanted"
    no_times whole/metrics.jsonl >a && no_times out/metrics.jsonl >b
    same a b
    grep -q '"resumed_from": "checkpoint/ckpt-' out/run.json || wrong "run.json does not say where it went on"
    note "stopped and resumed $((n - 1)) times"
}
no_times() { sed -E 's/"(seconds|eval_seconds|images_per_second)":[^,}]*//g' "$1"; }
stopped_early() {
    begin "loading data" train --data digits --neurons 20 --epochs 100 --out out
    kill -INT "$pid"
    finish 75
    if [ -e out ]; then
        exist out/checkpoint/*.npz
        state_is stopped out/run.json
    else
        says "before any work: run the same command again"
    fi
}
# Compilers may run for a minute. Nothing is lost if a signal ends the process meanwhile.
stopped_compiling() {
    mkdir empty
    POCL_CACHE_DIR=$PWD/empty begin "compiling kernels" train "${long[@]}" --out out
    sleep 0.5
    kill -TERM "$pid"
    finish 75
    says "stopped while kernels compiled, before any work: run the same command again"
    [ ! -e out ] || wrong "files were made: $(find out)"
}
stopped_labelling() {
    begin "training 1/1 images" \
        train --data digits --neurons 2000 --train-images 1 --label-images 0 --out out
    sleep 0.2
    kill -TERM "$pid"
    finish 75
    says "stopped while evaluating"
    local saved=out/checkpoint/ckpt-000000000001.npz
    says "; the training is saved in $saved, labelling and testing begin again. Go on"
    exist $saved
    state_is stopped out/run.json
}
stopped_eval() {
    begin "testing" eval "$work/base/model.npz" --data "$work/digits" --chunk 1
    kill -INT "$pid"
    finish 75
    says "stopped while evaluating; nothing is saved: start it again"
    [ ! -s "$work/out" ] || wrong "a result was printed"
}
stopped_twice() { # a launch takes seconds, so the second signal comes before the program answers the first
    begin "training 12000 neurons" \
        train --data "$work/small" --neurons 12000 --epochs 100 --chunk 1000 --split 1 --out out
    sleep 0.2
    kill -INT "$pid"
    sleep 1.2
    kill -INT "$pid" 2>/dev/null || wrong "the first signal had ended it already"
    finish 130
    ! find out -name '*.tmp' | grep . || wrong "a temporary file was left"
}

stopped_doubly() { # timeout(1) signals its child and then its group: two signals are one
    begin "training 100 neurons" train "${long[@]}" --out out
    sleep 0.3
    kill -TERM "$pid"
    kill -TERM "$pid"
    kill -INT "$pid" 2>/dev/null
    finish 75
    state_is stopped out/run.json
}
under_nohup() { # SIGHUP is ignored there
    (
        trap '' HUP
        exec "$clsnn" train "${long[@]}" --epochs 20 --out out --json
    ) >"$work/out" 2>"$work/err" &
    pid=$!
    until_there out/run.json
    kill -HUP "$pid"
    finish 0
    state_is finished out/run.json
}

# Checkpoints.

checkpoints_kept() { # checkpoints_kept WANTED ARGUMENT...
    local wanted=$1
    shift
    make_two "$@"
    [ "$(cd out/checkpoint && echo *)" = "$wanted" ] ||
        wrong "checkpoint/ holds $(cd out/checkpoint && echo *)"
}
last=out/checkpoint/ckpt-000000000400.npz
resume_finished() { # prints the result again and trains nothing
    make_two
    cp "$work/out" first && cp out/metrics.jsonl metrics && cp $last ckpt
    run 0 train "${two[@]}" --out out --resume
    same "$work/out" first
    same out/metrics.jsonl metrics
    same $last ckpt
    says "going on from $last: 400 images, epoch 2 of 2"
    says "out is finished: nothing to train"
    ! grep -q "training 20 neurons" "$work/err" || wrong "it says that it trains"
    state_is finished out/run.json
    [ ! -e out/previous-1 ] || wrong "files were moved"
}
resume_longer() {
    make_two
    run 0 train "${two[@]}" --epochs 3 --out out --resume --work-group 64 --chunk 7
    local longer
    longer=$(sha)
    run 0 train "${two[@]}" --epochs 3 --out whole
    [ "$(sha)" = "$longer" ] || wrong "three epochs in one are not two and one"
}
resume_nothing() { # one command for the first start and for every other
    run 0 train "${two[@]}" --out whole --json
    local wanted
    wanted=$(sha)
    run 0 train "${two[@]}" --out out --resume --json
    says "out: holds no checkpoint to go on from: the run begins"
    [ "$(sha)" = "$wanted" ] || wrong "another result"
    run 0 train "${two[@]}" --out out --resume=auto --json
    [ "$(sha)" = "$wanted" ] || wrong "another result after a second start"
    [ ! -e out/previous-1 ] || wrong "files were moved"
}
resume_own_settings() { # all settings come from the run
    local odd=(--neurons 21 --shuffle --eval-every 1 --set w_max=0.9 --seed 18446744073709551615)
    run 0 train "${two[@]}" "${odd[@]}" --epochs 3 --out whole --json
    local wanted
    wanted=$(sha)
    run 0 train "${two[@]}" "${odd[@]}" --epochs 2 --out out --json
    run 0 train --resume --epochs 3 --out out --json
    [ "$(sha)" = "$wanted" ] || wrong "another result"
    grep -q '"origin": "run.json"' out/run.json || wrong "run.json does not name the origin"
    run 9 train --resume --seed 2 --out out
    says 'seed: "18446744073709551615" in the checkpoint, 2 asked'
    rm out/run.json # the checkpoint's plan still guards the run
    run 9 train --resume --data "$work/small" --out out
    says "neurons: 21 in the checkpoint, 400 asked"
}
resume_file() {
    mkdir r1 && echo >r1/model.npz
    refuses 8 "r1/model.npz: is a file: must be a run's directory" \
        train "${two[@]}" --out r1/model.npz --resume
    echo >r1/checkpoint
    refuses 8 "r1/checkpoint: is a file: must be a folder of checkpoints" train "${two[@]}" --out r1 --resume
}
resume_empty() { mkdir out && resume_nothing; }
resume_other() {
    make_two
    local before
    before=$(listing)
    run 9 train "${two[@]}" --out out --resume --neurons 21 --set w_max=0.9
    says "belongs to another configuration"
    says "  neurons: 20 in the checkpoint, 21 asked"
    says "  w_max: 1.0 in the checkpoint, 0.9"
    [ "$before" = "$(listing)" ] || wrong "files have changed"
}
resume_renamed() { # the name of the data may change, the data may not
    make_two --data-name before
    run 0 train "${two[@]}" --data-name after --epochs 3 --out out --resume
    [ "$(json data)" = after ] || wrong "data is $(json data)"
    run 9 train "${two[@]}" --data digits --epochs 3 --out out --resume
    says "  sha256: "
}
resume_damaged() {
    make_two
    cp "$work/out" first
    flip $last 5000
    run 0 train "${two[@]}" --out out --resume
    says "WARNING: $last: is damaged: its SHA-256"
    says "going on from out/checkpoint/ckpt-000000000350.npz"
    [ "$(sha)" = "$(json final_sha256 first)" ] || wrong "another result"
    for name in out/checkpoint/*; do : >"$name"; done
    refuses 9 "none of its 3 files can be used" train "${two[@]}" --out out --resume
}
resume_kept() { # without --resume a new run moves the earlier checkpoints to previous-1 too
    make_two
    make_two --seed 2
    says "out/previous-1"
    exist out/previous-1/${last#out/} $last
    differ out/previous-1/${last#out/} $last
}

# The list of cases.

on "SIGINT: stopped and saved" stopped_by INT
on "SIGTERM: stopped and saved" stopped_by TERM
for name in USR1 USR2 HUP XCPU; do on "SIG$name: stopped and saved" stopped_by $name; done
on "SIGTERM while kernels compile" stopped_compiling
on "two signals within a second" stopped_doubly
on "nohup" under_nohup
on "SIGINT before training" stopped_early
on "SIGTERM while labelling" stopped_labelling
on "SIGINT in eval" stopped_eval
on "SIGINT twice" stopped_twice
on "SIGTERM and --resume, again and again" stopped_and_resumed
on "--checkpoint-every 50: the newest three are kept" \
    checkpoints_kept "ckpt-000000000300.npz ckpt-000000000350.npz ckpt-000000000400.npz"
on "--checkpoint-every 0: after epochs only" \
    checkpoints_kept "ckpt-000000000200.npz ckpt-000000000400.npz" --checkpoint-every 0
on "--keep-checkpoints 1" checkpoints_kept "ckpt-000000000400.npz" --keep-checkpoints 1
on "--resume: a finished run" resume_finished
on "--resume: more epochs" resume_longer
on "--resume: no such directory" resume_nothing
on "--resume: a file" resume_file
on "--resume: an empty directory" resume_empty
on "--resume: with the run's own settings" resume_own_settings
on "--resume: another configuration" resume_other
on "--resume: another name of the same data" resume_renamed
on "--resume: a damaged checkpoint" resume_damaged
on "checkpoints of an earlier run are kept" resume_kept

run_cases small base
