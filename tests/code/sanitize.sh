#!/bin/sh
# Builds the tree with gcc's sanitizers and runs tests that need no large device under them. The first finding
# ends a test.
# Usage: sanitize.sh [--scratch DIR] [address] [thread] [-- MESON_SETUP_ARGUMENT...]
# DIR keeps the builds.
#
# address  finds bad addresses, leaks and undefined behaviour, in the host suite and, where there is an OpenCL
#          device, in the program's quick scripts. The device's own code is not instrumented; the buffers that
#          it returns are.
# thread   finds data races in the host suite. The library's own threads only draw the built-in digits, so
#          another race would mean state that host code shares through a library's thread. oclgrind.sh checks
#          the kernels, which run on threads of a CPU device.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
scratch='' modes=''
while [ $# -gt 0 ]; do
    case $1 in
    --scratch) scratch=${2:?--scratch DIR} && shift ;;
    address | thread) modes="$modes $1" ;;
    --) shift && break ;;
    *) echo "sanitize.sh: $1: must be --scratch DIR, address, thread or --" >&2 && exit 2 ;;
    esac
    shift
done
[ -n "$scratch" ] || {
    scratch=$(mktemp -d) || exit 1
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
}
mkdir -p "$scratch" || exit 1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# cairo takes the locks of its fonts in either order. That is no deadlock: there is only one thread.
printf 'deadlock:libcairo\n' >"$scratch/locks"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$scratch/locks:print_suppressions=0"
# The OpenCL loader, its driver, cairo and its fontconfig keep memory until the end. None of it is clsnn's.
printf 'leak:libOpenCL\nleak:libpocl\nleak:libLLVM\nleak:libfontconfig\nleak:libcairo\n' >"$scratch/leaks"
export LSAN_OPTIONS="suppressions=$scratch/leaks:print_suppressions=0"

failed=0 n=0
# check NAME COMMAND...: prints one line of TAP, after the command's words if it failed
check() {
    name=$1
    shift
    n=$((n + 1))
    if "$@" >"$scratch/log" 2>&1; then
        echo "ok $n - $name"
    else
        grep -E 'ERROR: |WARNING: |SUMMARY: |runtime error:|^not ok|FAIL' "$scratch/log" | sort -u |
            head -n 40 | sed 's/^/# /'
        tail -n 30 "$scratch/log" | sed 's/^/# /'
        echo "not ok $n - $name"
        failed=1
    fi
}

for mode in ${modes:-address thread}; do
    build=$scratch/$mode kinds=$mode
    [ $mode = thread ] || kinds=address,undefined
    # -fno-sanitize-recover makes a finding a failure, not a line in a log. -Dwerror=false: warnings about
    # instrumented code are no errors.
    [ -e "$build/build.ninja" ] || meson setup "$build" "$root" "-Db_sanitize=$kinds" -Db_lundef=false \
        -Dwerror=false -Dc_args=-fno-sanitize-recover=all "$@" >"$scratch/log" 2>&1 || {
        cat "$scratch/log"
        exit 1
    }
    check "$mode: builds" ninja -C "$build"
    check "$mode: host suite" \
        meson test -C "$build" --no-rebuild --suite host --timeout-multiplier 10 --print-errorlogs
    if [ $mode = address ] && "$build/host/clsnn" devices >/dev/null 2>&1; then
        # The list below picks cases that read outside data and end before a kernel is built, and a few whole
        # runs. lib.sh looks for the sanitizer's words in every case.
        while read -r script pattern; do
            check "$mode: tests/program/$script" env "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" \
                "$root/tests/program/$script" "$build/host/clsnn" "$pattern" </dev/null
        done <<'END'
data.sh .
options.sh .
sweep_file.sh .
devices.sh ^no OpenCL
eval.sh ^model:
train.sh ^(train --json|train: the files|an |more |no |a |--config)
END
    fi
done
echo "1..$n"
exit $failed
