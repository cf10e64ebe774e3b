#!/usr/bin/env bash
# File systems without locks: lock files keep two processes apart, and a dead process's lock is taken over.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

none=$(dirname "$clsnn")/../tests/libfault_nolocks.so # tests/hostile/faults/nolocks.c
long=(--data "$work/small" --neurons 100 --train-images 600 --epochs 1000)
few=(--data "$work/small" --neurons 20 --train-images 20 --label-images 20 --test-images 20)
without_locks() {
    [ -e "$none" ] || skip "$none is not built"
    export LD_PRELOAD=$none
}
errors() { # every error that such file systems give
    local code
    without_locks
    for code in 38 37 95 22; do # ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL
        FAULT_ERRNO=$code run 0 train "${few[@]}" --out "out-$code"
        says "(no_locks)"
        grep -q '"name": "no_locks"' "out-$code/run.json" || wrong "run.json lacks the warning"
        [ ! -e "out-$code/.locks" ] || wrong "lock files are left: $(ls "out-$code/.locks")"
    done
    FAULT_ERRNO=5 run 8 train "${few[@]}" --out refused
    says "refused: cannot be locked: Input/output error"
}
two_trains() {
    without_locks
    begin "training 100 neurons" train "${long[@]}" --out out
    local first=$pid
    run 2 train "${few[@]}" --out out
    says "another clsnn (process $first on "
    says "wait for it, or choose another --out"
    [ ! -e out/previous-1 ] || wrong "the first one's files were moved"
    pid=$first
    kill -INT "$pid"
    finish 75
    run 0 train "${few[@]}" --out out
}
two_sweeps() {
    without_locks
    printf 'neurons = 100\nseed = 1, 2\n' >s.ini
    begin "training 2 networks" sweep s.ini "${long[@]:0:2}" --train-images 600 --epochs 1000 --out out
    local first=$pid
    local same=("${long[@]:0:2}" --train-images 600 --epochs 1000 --out out)
    run 2 sweep s.ini "${same[@]}"
    says "another clsnn (process $first on "
    run 2 sweep s.ini "${same[@]}" --shard 2/2
    pid=$first
    kill -INT "$pid"
    finish 75
}
killed() {
    without_locks
    begin "training 100 neurons" train "${long[@]}" --out out
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    [ -e out/.locks/run ] || wrong "no lock file was there"
    run 0 train "${few[@]}" --out out
    [ ! -e out/.locks/run ] || wrong "a lock file is left"
}
other_host() { # another host's lock without life signs, and with them
    local beat
    without_locks
    mkdir -p out/.locks
    echo "elsewhere 1 life-elsewhere-1" >out/.locks/run
    echo 7 >out/.locks/life-elsewhere-1
    (for ((k = 0; k < 400; k++)); do echo $k >out/.locks/life-elsewhere-1 && sleep 0.3; done) &
    beat=$!
    run 2 train "${few[@]}" --out out
    says "another clsnn (process 1 on elsewhere) is at work"
    kill $beat
    wait $beat 2>/dev/null
    run 0 train "${few[@]}" --out out
}
half_written() { # by a process that was killed meanwhile
    without_locks
    mkdir -p out/.locks
    : >out/.locks/run
    run 0 train "${few[@]}" --out out
    [ ! -e out/.locks/run ] || wrong "a lock file is left"
}

on "errors of file systems without locks" errors
on "two trainings in one directory" two_trains
on "two sweeps in one directory" two_sweeps
on "a killed process's lock" killed
on "another host's lock" other_host
on "a lock file without its text" half_written
run_cases small
