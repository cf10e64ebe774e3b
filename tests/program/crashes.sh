#!/usr/bin/env bash
# OpenCL drivers that abort or crash: clsnn ends with a line that says what to do, and an exit code.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

few=(--data "$work/small" --neurons 20 --train-images 20 --label-images 20 --test-images 20)
filled() { # a cache of its own, filled
    whole=$POCL_CACHE_DIR
    cp -r "$whole" cache
    export POCL_CACHE_DIR=$PWD/cache
    run 0 train "${few[@]}" --out before
    find cache -name '*.so' | grep -q . || skip "this driver has no cache of pocl's kind"
}
damaged_cache() {
    filled
    find cache -name '*.so' -exec truncate -s 0 {} +
    run 5 train "${few[@]}" --out out
    says "clsnn train: SIGABRT inside the OpenCL driver"
    says "POCL_CACHE_DIR = $PWD/cache"
    says "remove it, or set POCL_CACHE_DIR to another directory"
    export POCL_CACHE_DIR=$whole # the cure
    run 0 train "${few[@]}" --out out
}
noexec_cache() {
    filled
    in_mount "mount -t tmpfs -o noexec none '$PWD/cache'" "$clsnn" train "${few[@]}" --out out \
        >"$work/out" 2>"$work/err" && skip "the driver needs no executable cache"
    says "mounted noexec"
}
read_only_cache() {
    filled
    runuser -u nobody -- "$clsnn" --version >/dev/null 2>&1 || skip "no other user can run the program here"
    chmod -R a+rX,a-w cache
    chmod -R a+rX "$work" && mkdir w && chmod 777 w
    runuser -u nobody -- env POCL_CACHE_DIR="$PWD/cache" HOME=/nonexistent "$clsnn" train "${few[@]}" \
        --out w/out >"$work/out" 2>"$work/err" && return
    says "its cache cannot be written: set POCL_CACHE_DIR to a writable directory"
}
address_space() { # job systems that limit the address space
    local size code
    run 0 train "${few[@]}" --out before
    for size in 300000 450000 550000 650000 800000; do
        code=0
        (ulimit -v $size && exec "$clsnn" train "${few[@]}" --out "out-$size") >"$work/out" 2>"$work/err" ||
            code=$?
        [ $code -lt 128 ] || wrong "ulimit -v $size: exit code $code"
        [ $code = 0 ] || [ -s "$work/err" ] || wrong "ulimit -v $size: no word"
        [ ! -e "out-$size/run.json" ] || run 0 train "${few[@]}" --out "out-$size" # nothing stands in the way
    done
}

on "a damaged cache" damaged_cache
on "a cache that is mounted noexec" noexec_cache
on "a cache that cannot be written" read_only_cache
on "a limited address space" address_space
run_cases small
