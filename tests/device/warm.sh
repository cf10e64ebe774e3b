#!/bin/sh
# Compiles the kernels and draws the built-in digits once for all tests. Without it each test would do both,
# which is most of its time.
# Every test gets a cache of its own, and so do the two processes here: pocl's cache races when several write
# it. Exits 77 where nothing compiles.
# Usage: warm.sh CLSNN CACHE_DIR TEST...    fills CACHE_DIR/digits, and CACHE_DIR/TEST for each TEST
clsnn=$1 caches=$2 half=digits
shift 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
replay=${CLSNN_SOURCE_ROOT:-.}/tests/reference/oracle/learn_12.npz
small='-q --data digits --neurons 16 --train-images 2 --label-images 2 --test-images 2'
run() {
    # shellcheck disable=SC2086 # options are words
    if "$clsnn" "$@" >/dev/null 2>"$work/error-$half"; then
        : >"$work/compiled"
    else
        echo "warm: clsnn $*: $(tail -n 1 "$work/error-$half"); its suites compile for themselves" >&2
    fi
}
one_by_one() { # one_by_one HALF WORK_GROUP...: compiles for these work-groups, in the cache warm-HALF
    half=$1
    shift
    POCL_CACHE_DIR=$caches/warm-$half
    export POCL_CACHE_DIR
    mkdir -p "$POCL_CACHE_DIR" || exit 1
    for work_group in "$@"; do
        run train $small --work-group "$work_group" --out "$work/train-$work_group"
        run replay -q "$replay" "$work/replay-$work_group.npz" --work-group "$work_group"
    done
}
(
    one_by_one a 1 64
) &
rm -rf "$caches/digits"
run data export digits "$caches/digits"
one_by_one b 16 256
run train $small --profile --work-group 1 --out "$work/profile"
wait
if [ ! -e "$work/compiled" ]; then
    echo "1..0 # SKIP no kernel could be compiled: the suites do without"
    exit 77
fi
for suite in "$@"; do
    mkdir -p "$caches/$suite" && cp -Rpu "$caches/warm-a/." "$caches/warm-b/." "$caches/$suite/" || exit 1
done
exit 0
