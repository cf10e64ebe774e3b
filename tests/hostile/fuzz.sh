#!/bin/bash
# Fuzzes every reader of outside data, under address, leak and undefined-behaviour sanitizers. Tries the same
# inputs in the same order each time. After a finding it exits with 1; the input stays in BUILD/findings.
# Usage: fuzz.sh [--runs N] [--build DIR] [--jobs N] [TARGET...]
# The default is 40000 runs a target. --runs 1000000 is thorough.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
runs=40000 build=$root/build-fuzz jobs=$(nproc) targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --runs) runs=$2 && shift 2 ;;
    --build) build=$2 && shift 2 ;;
    --jobs) jobs=$2 && shift 2 ;;
    -*) echo "fuzz.sh: unknown option $1: must be --runs N, --build DIR or --jobs N" >&2 && exit 2 ;;
    *) targets+=("$1") && shift ;;
    esac
done

skip() {
    echo "1..0 # SKIP $*: NOTHING WAS FUZZED"
    exit 77
}
compiler=
for name in "${CLANG:-clang}" clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do
    command -v "$name" >/dev/null && compiler=$name && break
done
[ -n "$compiler" ] || skip "clang is not installed (Debian and Ubuntu: apt install clang)"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 8 ? 0 : 0; }' \
    >"$work/try.c"
"$compiler" -fsanitize=fuzzer,address,undefined "$work/try.c" -o "$work/try" 2>"$work/log" ||
    skip "$compiler has no libFuzzer or sanitizers (Debian and Ubuntu: apt install libclang-rt-dev)"

if [ ! -f "$build/build.ninja" ]; then
    CC=$compiler meson setup "$build" "$root" -Dfuzz=true -Dtests=disabled -Dcurl=disabled \
        >"$work/log" 2>&1 || {
        rm -rf "$build"
        cat "$work/log"
        exit 1
    }
fi
ninja -C "$build" -j "$jobs" fuzz >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
if [ ${#targets[@]} = 0 ]; then
    for program in "$build"/tests/hostile/fuzz/fuzz_*; do
        [ -x "$program" ] && [ -f "$program" ] && targets+=("$(basename "$program" | sed 's/^fuzz_//')")
    done
fi

# The user's environment must not change what runs.
unset DISPLAY "${!CLSNN_@}"
export HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent
asan=detect_leaks=1:quarantine_size_mb=16:allocator_release_to_os_interval_ms=-1
export ASAN_OPTIONS=$asan:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
mkdir -p "$build/findings"

fuzz() {
    local target=$1 more=()
    mkdir -p "$work/$target" "$root/tests/hostile/corpus/$target"
    [ -f "$root/tests/hostile/fuzz/$target.dict" ] && more+=("-dict=$root/tests/hostile/fuzz/$target.dict")
    "$build/tests/hostile/fuzz/fuzz_$target" -seed=1 -runs="$runs" -timeout=5 -rss_limit_mb=256 \
        -malloc_limit_mb=64 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$target-" "${more[@]}" \
        "$work/$target" "$root/tests/hostile/corpus/$target" </dev/null >"$work/$target.log" 2>&1
    echo $? >"$work/$target.status"
}

echo "1..${#targets[@]}"
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    fuzz "$target" &
done
wait
n=0 failed=0
for target in "${targets[@]}"; do
    n=$((n + 1)) log=$work/$target.log
    said=$(sed -n -e 's/^stat::number_of_executed_units: */runs /p' \
        -e 's/^stat::average_exec_per_sec: */runs a second /p' \
        -e 's/^stat::peak_rss_mb: */MiB at most /p' "$log" | paste -sd, | sed 's/,/, /g')
    found=$(sed -n 's/.*\(cov: [0-9]* ft: [0-9]* corp: [0-9]*\).*/\1/p' "$log" | tail -n 1)
    if [ "$(cat "$work/$target.status")" = 0 ]; then
        echo "ok $n - $target"
        echo "# $target: $said, $found"
    else
        echo "not ok $n - $target"
        tail -n 60 "$log" | sed 's/^/# /'
        failed=1
    fi
done
[ $failed = 0 ] || echo "# inputs that show it: $build/findings"
exit $failed
