#!/usr/bin/env bash
# `clsnn verify`: it trains a run again and names every difference.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

verify_equal() { # verify_equal WORK_GROUP
    run 0 verify "$work/base" --json --work-group "$1"
    is_json "$work/out"
    [ "$(json equal)" = true ] || wrong "not equal"
    [ "$(json final_sha256)" = "$(cat "$work/final_sha256")" ] ||
        wrong "another final_sha256: $(json final_sha256)"
    [ -z "$(ls -A)" ] || wrong "verify has made files"
}
verify_text() {
    run 0 verify "$work/base" --quiet
    no_words
    prints "verdict        EQUAL: weights, thresholds, labels, model.npz and 1 evaluation, bit for bit"
}
verify_grown() { # a run that ended and went on has an evaluation at its first end
    make_two --epochs 1
    run 0 train "${two[@]}" --epochs 3 --eval-every 2 --out other
    run 0 train "${two[@]}" --epochs 3 --out out --resume
    run 0 verify out
    prints "2 evaluations, bit for bit"
    run 0 verify other
}
# verify_changed SCRIPT CODE TEXT: verifies a run whose run.json sed has changed by SCRIPT
verify_changed() {
    mkdir run && cp "$work/base/model.npz" run && sed -E "$1" "$work/base/run.json" >run/run.json
    ! cmp -s run/run.json "$work/base/run.json" || wrong "sed has changed nothing"
    run "$2" verify run
    says "$3"
}
# A known set is read where it was read before. Its name serves only where that place holds no data any more.
verify_known() {
    cp -r "$work/small" data
    run 0 train "${two[@]}" --data data --out out
    # as if fetched archives had been in it
    sed -i 's/"name": "custom"/"name": "kmnist"/' out/run.json
    run 0 verify out
    run 0 train --resume --epochs 3 --out out
    sed -i 's/"name": "custom"/"name": "kmnist"/' out/run.json
    mv data elsewhere
    refuses 3 "kmnist: found in none of: " verify out
    mkdir data
    refuses 3 "kmnist: found in none of: " verify out
    run 0 verify out --data elsewhere
}
verify_no_model() {
    mkdir run && cp "$work/base/run.json" run
    run 1 verify run
    says "run: trained again, 1 value differs, the first: model.npz"
}
verify_stopped() { # it tells of the whole run, though it trains to each evaluation in turn
    run 0 train "${small[@]}" --neurons 100 --train-images 600 --epochs 4 --eval-every 1 --out out
    begin "seed 1" verify out --chunk 1
    kill -INT "$pid"
    finish 75
    says "stopped in epoch 1 of 4 after "
    says "of 600 images; nothing is saved: start it again"
    [ ! -s "$work/out" ] || wrong "a verdict was printed"
    run 0 verify out
    says "training epoch 4/4 2400/2400 images"
    ! grep -E "epoch [1-4]/[1-3] " "$work/err" || wrong "progress is of a part of the run"
}
verify_other_model() { # model.npz is whole, but another run's
    run 0 train "${two[@]}" --seed 77 --out other
    mkdir run && cp "$work/base/run.json" other/model.npz run
    run 1 verify run
    says "values differ, the first: model.npz: "
}
verify_nothing() {
    refuses 8 "run: no such directory: name a finished run's directory" verify run
    mkdir run
    refuses 8 "run: no run.json in it: name a finished run's directory" verify run
    mkdir run/runs
    refuses 8 "run: no run.json in it: name a run of it, run/runs/NAME" verify run
    touch file
    refuses 8 "file: is a file: name a finished run's directory" verify file
}
verify_no_json() {
    mkdir run && echo "{" >run/run.json
    refuses 3 "run/run.json: is no JSON object" verify run
}
verify_eval() {
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 10 --out run
    refuses 3 "has no plan: only a run of clsnn train has one" verify run
}
verify_other_data() {
    cp -r "$work/base" run
    refuses 3 "was trained on other data: custom from" verify run --data digits
}

on "verify: equal, JSON" verify_equal 1
on "verify: equal in work-groups of 64" verify_equal 64
on "verify: equal, text" verify_text
on "verify: a run that went on for more epochs" verify_grown
on "verify: where a known set is found" verify_known
on "verify: another hash" \
    verify_changed 's/("final_sha256": ")./\1x/' 1 \
    "run: trained again, 1 value differs, the first: final_sha256"
on "verify: another accuracy" \
    verify_changed '/"metrics"/,/"result"/s/("accuracy_all": )[0-9.]*/\10.123/' 1 \
    "the first: evaluation 1: accuracy_all"
on "verify: times are no difference" verify_changed 's/("eval_seconds": )[0-9.]*/\10.123/' 0 ""
on "verify: without its weights" verify_no_model
on "verify: progress and SIGINT, of the whole run" verify_stopped
on "verify: another run's weights" verify_other_model
on "verify: not finished" \
    verify_changed 's/("state": )"finished"/\1"stopped"/' 3 \
    "state is stopped: only a finished run can be verified"
on "verify: a parameter out of its range" \
    verify_changed 's/("w_max": )[0-9.]+,?/\1-3,/' 3 \
    "parameter w_max is missing, no number, or out of its range"
on "verify: no such run" verify_nothing
on "verify: no JSON" verify_no_json
on "verify: a run of eval" verify_eval
on "verify: other data" verify_other_data
for name in --seed --out --set --preset; do
    any "verify: $name" usage "$name is an option of clsnn train, not of clsnn verify" verify run $name 1
done

run_cases small base
