#!/usr/bin/env bash
# Compiled kernels in $XDG_CACHE_HOME/clsnn, for drivers that keep none: who uses them, who does not, and that
# nothing that is wrong with them stops a run. tests/hostile/faults/foreign.c poses as such a driver.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

foreign=$(dirname "$clsnn")/../tests/libfault_foreign.so
few=(--data "$work/small" --neurons 20 --train-images 20 --label-images 20 --test-images 20 --json)
# The driver that keeps none, and a cache of its own for the case.
without_cache() {
    [ -e "$foreign" ] || skip "$foreign is not built"
    export LD_PRELOAD=$foreign FAULT_LOG=$PWD/log XDG_CACHE_HOME=$PWD/cache
}
kept() { find "$1" -type f -name '*.kernels' 2>/dev/null | wc -l; }
# made SOURCES BINARIES: so many programs were made from each since the last call
made() {
    local found
    found="$(grep -c source log) $(grep -c binary log)"
    rm -f log
    [ "$found" = "$1 $2" ] || wrong "programs from source and from binaries: $found: must be $1 $2"
}
# trains ARGUMENT...: trains, with the bits of the base
trains() {
    run 0 train "${few[@]}" "$@"
    sha >now
    [ ! -e first ] || same now first
    mv now first
}

warm() {
    trains --out before # the bits without a cache: pocl keeps its kernels itself
    [ "$(kept .)" = 0 ] || wrong "kernels are kept for a driver that keeps them itself"
    without_cache
    trains --out cold
    made 2 0 # clsnn's kernels and CLBlast's
    [ "$(kept cache/clsnn)" = 2 ] || wrong "$(kept cache/clsnn) files are kept: must be 2"
    trains --out warm
    made 0 2
    trains --out other --work-group 16
    made 1 1
    trains --out none --no-kernel-cache
    made 2 0
    CLSNN_NO_KERNEL_CACHE=yes trains --out variable
    made 2 0
    trains --out again
    made 0 2
}
no_cache() {
    without_cache
    trains --out out --no-kernel-cache
    made 2 0
    [ ! -e cache ] || wrong "--no-kernel-cache made $(find cache)"
}
commands() { # every command that opens a device
    without_cache
    trains --out model
    made 2 0
    run 0 eval model/model.npz --data "$work/small" --out eval
    made 0 2
    run 0 verify model --data "$work/small"
    made 0 2
    printf 'seed = 1, 2\n' >s.ini
    run 0 sweep s.ini "${few[@]}" --out sweep
    made 0 2
    run 0 replay "$oracle/learn_12.npz" out.npz
    made 1 0
    run 0 replay "$oracle/learn_12.npz" out.npz
    made 0 1
    run 0 bench --quick --sizes 20 --networks 1 --data "$work/small" # its bare steps are a program more
    made 1 1
}
places() {
    without_cache
    export HOME=$PWD/home XDG_CACHE_HOME=relative
    mkdir home
    trains --out a
    [ ! -e relative ] || wrong "a relative XDG_CACHE_HOME was used"
    [ "$(kept home/.cache/clsnn)" = 2 ] || wrong "nothing is in ~/.cache/clsnn"
    XDG_CACHE_HOME='' trains --out b
    [ "$(kept home/.cache/clsnn)" = 2 ] || wrong "an empty XDG_CACHE_HOME counts"
    made 2 2
    unset HOME XDG_CACHE_HOME
    trains --out c
    made 2 0
}
bad_places() {
    without_cache
    : >file
    local place
    for place in "$PWD/file" /proc/nothing /dev/null; do
        XDG_CACHE_HOME=$place trains --out out
        made 2 0
    done
    ln -s "$PWD/nothing/at/all" link
    XDG_CACHE_HOME=$PWD/link trains --out out
    mkdir read_only
    in_mount "mount -t tmpfs -o ro none '$PWD/read_only'" \
        env XDG_CACHE_HOME="$PWD/read_only" "$clsnn" train "${few[@]}" --out out >"$work/out" 2>"$work/err" ||
        wrong "a read-only file system: $(cat "$work/err")"
}
damage() {
    without_cache
    trains --out out
    made 2 0
    local file offset
    for offset in 3 20 90 -5; do # magic, hash, key, binary
        for file in cache/clsnn/*; do flip "$file" $offset; done
        trains --out out
        made 2 0
    done
    for file in cache/clsnn/*; do truncate -s -1 "$file"; done
    trains --out out
    made 2 0
    for file in cache/clsnn/*; do : >"$file"; done
    trains --out out
    made 2 0
    trains --out out
    made 0 2
    for file in cache/clsnn/*; do rm "$file" && mkdir "$file"; done
    trains --out out
    made 2 0
    trains --out out
    made 0 2
}
at_once() { # eight processes with an empty cache
    local k pids=() code=0
    trains --out before
    without_cache
    for k in 1 2 3 4 5 6 7 8; do
        # pocl's own cache races, so each process has one of its own
        cp -r "$POCL_CACHE_DIR" "pocl-$k"
        POCL_CACHE_DIR=$PWD/pocl-$k "$clsnn" train "${few[@]}" --out "out-$k" >"said-$k" 2>"err-$k" &
        pids+=($!)
    done
    for k in "${pids[@]}"; do wait "$k" || code=$?; done
    [ $code = 0 ] || wrong "one ended with $code: $(tail -qn 1 err-*)"
    for k in 1 2 3 4 5 6 7 8; do
        cp "said-$k" "$work/out"
        sha >now
        same now first
    done
    [ "$(kept cache/clsnn)" = 2 ] || wrong "$(kept cache/clsnn) files are kept: must be 2"
    [ "$(find cache -type f | wc -l)" = 2 ] || wrong "temporary files are left: $(find cache)"
    rm -f log
    trains --out after
    made 0 2
}

on "kernels are compiled once" warm
on "--no-kernel-cache" no_cache
on "every command" commands
on "XDG_CACHE_HOME and HOME" places
on "places that cannot be written" bad_places
on "damaged files" damage
on "eight processes at once" at_once
run_cases small
