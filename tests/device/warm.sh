#!/bin/sh
# Compiles the kernels and draws the built-in digits once for all tests. Without it each test would do both,
# which is most of its time.
# Every test gets a cache of its own, and so do the two processes here: pocl's cache races when several write
# it. Exits 77 where nothing compiles.
# Usage: warm.sh CLSNN CACHE_DIR TEST...    fills CACHE_DIR/digits, and CACHE_DIR/TEST for each TEST
clsnn=$1 caches=$2
shift 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
replay=${TEST_SOURCE_ROOT:-.}/tests/reference/oracle/learn_12.npz
small='-q --data digits --neurons 16 --train-images 2 --label-images 2 --test-images 2'
run() {
    if "$clsnn" "$@" >/dev/null 2>"$work/error-$half"; then
        : >"$work/compiled"
    else
        echo "warm: clsnn $*: $(tail -n 1 "$work/error-$half"); its suites compile for themselves" >&2
    fi
}
use_cache() { # use_cache HALF
    half=$1
    POCL_CACHE_DIR=$caches/warm-$half
    export POCL_CACHE_DIR
    mkdir -p "$POCL_CACHE_DIR" || exit 1
}
train() { # train WORK_GROUP OPTION...
    # shellcheck disable=SC2086 # options are words
    run train $small --out "$work/train-$half-$#-$1" --work-group "$@"
}
replay() { # replay WORK_GROUP
    run replay -q "$replay" "$work/replay-$1.npz" --work-group "$1"
}
# The halves take equally long.
(
    use_cache a
    train 1
    replay 1
    train 64
    replay 64
    train 1 --profile
    rm -rf "$caches/digits"
    run data export digits "$caches/digits"
) &
use_cache b
train 16
replay 16
train 256
wait
if [ ! -e "$work/compiled" ]; then
    echo "1..0 # SKIP no kernel could be compiled: the suites do without"
    exit 77
fi
for suite in "$@"; do
    mkdir -p "$caches/$suite" && cp -Rpu "$caches/warm-a/." "$caches/warm-b/." "$caches/$suite/" || exit 1
done
exit 0
