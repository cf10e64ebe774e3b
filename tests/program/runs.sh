#!/usr/bin/env bash
# `clsnn runs` and `clsnn diff`: tables of runs, whatever their state.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

make_runs() { # three finished runs, one that failed, one damaged, one moved to previous-1
    mkdir -p all/deep
    cp -r "$work/base" all/base
    train --out all/deep/b --seed 2 --set eta_post=0.02
    train --out all/c --neurons 7
    train --out all/c --neurons 9
    cp -r all/c all/failed
    sed -i 's/"state": "finished"/"state": "failed"/' all/failed/run.json
    mkdir all/damaged && echo '{' >all/damaged/run.json
}
listed() {
    make_runs
    run 0 runs all
    no_words
    [ "$(head -n 1 "$work/out" | tr -s ' ')" = \
        "run state neurons seed eta_post accuracy_all accuracy_proportion accuracy_likelihood" ] ||
        wrong "the columns are: $(head -n 1 "$work/out")"
    [ "$(cut -d' ' -f1 "$work/out" | tr '\n' ' ')" = "run base c damaged deep/b failed " ] ||
        wrong "the runs are: $(cut -d' ' -f1 "$work/out" | tr '\n' ' ')"
    grep -qE '^damaged +unreadable( +-){6}$' "$work/out" || wrong "no line of the damaged run"
    grep -qE '^deep/b +finished +20 +2 +0.02( +[0-9.]+){3}$' "$work/out" || wrong "no line of deep/b"
    grep -qE '^failed +failed +9 ' "$work/out" || wrong "no line of the failed run"
    ! grep -q ' $' "$work/out" || wrong "blanks at the ends of lines"
    run 0 runs all/deep/b
    prints "all/deep/b  finished"
}
sorted() {
    make_runs
    run 0 runs all --sort accuracy_all --json
    is_json "$work/out"
    with_numpy - "$work/out" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import json, sys
runs = json.load(open(sys.argv[1]))
found = [r["accuracy_all"] for r in runs]
assert found[:4] == sorted(found[:4], reverse=True) and found[4] is None, found
b = next(r for r in runs if r["run"] == "deep/b")
assert b["settings"] == {"neurons": 20, "seed": 2, "eta_post": 0.02}, b
assert b["state"] == "finished" and b["path"] == "all/deep/b", b
END
    run 0 runs all --sort neurons
    [ "$(awk 'NR > 1 { print $3 }' "$work/out" | tr '\n' ' ')" = "9 9 20 20 - " ] || wrong "not by neurons"
    run 0 runs all --sort accuracy_all # the best first, in percent
    awk 'NR > 1 { print $6 }' "$work/out" >found
    same found <(sort -gr found)
    run 0 runs all --sort theta_mean_mv # shown, since it sorts
    [ "$(head -n 1 "$work/out" | awk '{ print $NF }')" = theta_mean_mv ] || wrong "$(cat "$work/out")"
    awk 'NR > 1 && $NF != "-" { print $NF }' "$work/out" >found
    [ "$(wc -l <found)" = 4 ] || wrong "not four runs have it: $(cat "$work/out")"
    same found <(sort -g found)
    run 0 runs all --sort preset --json
    is_json "$work/out"
    prints '"preset":"kim-2020"'
}
different() {
    make_runs
    run 0 diff all/base all/deep/b/model.npz
    grep -qE '^seed +1 +2$' "$work/out" && grep -qE '^eta_post +0.01 +0.02$' "$work/out" ||
        wrong "not the settings: $(cat "$work/out")"
    awk '/^accuracy_all/ { print $2 }' "$work/out" >found # as clsnn runs has it
    run 0 runs all/base
    [ "$(awk 'NR == 2 { print $(NF - 2) }' "$work/out")" = "$(cat found)" ] ||
        wrong "$(cat found "$work/out")"
    run 0 diff all/base all/deep/b/model.npz
    [ "$(grep -cE '^(accuracy_likelihood|theta_mean_mv) ' "$work/out")" = 2 ] || wrong "no results"
    grep -qE '^final_sha256 +[0-9a-f]{16}\.\.\. +[0-9a-f]{16}\.\.\.$' "$work/out" || wrong "no hashes"
    ! grep -qE '^(neurons|out|kernels) ' "$work/out" || wrong "something that does not differ"
    run 0 diff all/base all/deep/b/run.json --json
    is_json "$work/out"
    prints '"settings":{"seed":[1,2],"eta_post":[0.01,0.02]}'
    run 0 diff all/base all/base
    prints "no setting differs"
}
bad_call() {
    mkdir empty
    refuses 8 "empty: there is no run below it" runs empty
    refuses 8 "nowhere: No such file or directory" runs nowhere
    usage "operand" runs a b
    usage "B is missing" diff a
    refuses 8 "nowhere/run.json" diff "$work/base" nowhere
    refuses 2 "--sort = none: no run has it" runs "$work/base" --sort none
    usage "--device is an option of clsnn train, not of clsnn runs" runs --device cpu
}

on "runs: a table" listed
on "runs: sorted, as JSON" sorted
on "diff" different
on "mistakes in the call" bad_call

run_cases small base
