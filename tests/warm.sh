#!/bin/sh
# Compiles the kernels once for the suites that follow, which would each do it again: most of their time. A cache for each suite,
# because pocl's races when several programs write it at once.
# Usage: warm.sh CLSNN CACHE_DIR SUITE...    (fills CACHE_DIR/SUITE for each)
clsnn=$1 caches=$2
shift 2
mkdir -p "$caches/warm" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
POCL_CACHE_DIR=$caches/warm
export POCL_CACHE_DIR
replay=${CLSNN_SOURCE_ROOT:-.}/tests/oracle/learn_12.npz
small='-q --data digits --neurons 16 --train-images 2 --label-images 2 --test-images 2 --device cpu'
run() {
    # shellcheck disable=SC2086 # options are words
    "$clsnn" "$@" >/dev/null 2>>"$work/errors" || echo "warm: clsnn $* failed; its suites compile for themselves" >&2
}
one_by_one() {
    for work_group in "$@"; do
        run train $small --work-group "$work_group" --out "$work/train-$work_group"
        run replay -q "$replay" "$work/replay-$work_group.npz" --work-group "$work_group" --device cpu
    done
}
one_by_one 1 64 &
one_by_one 16 256
run train $small --profile --work-group 1 --out "$work/profile"
wait
for suite in "$@"; do
    mkdir -p "$caches/$suite" && cp -Rpu "$caches/warm/." "$caches/$suite/" || exit 1
done
exit 0
