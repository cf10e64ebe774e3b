#!/bin/sh
# Makes one thing at a time fail in a command (train of one network and of two, eval, replay, bench, data
# export) and judges how the program ends. Classes of faults:
#   memory      allocation n of the program's own code fails, once or for ever (faults/alloc.c)
#   libraries   the same for jansson, libpng, libarchive, zlib, cairo, pixman and libcrypto
#   opencl      OpenCL call n fails with each of six codes, once or for ever (faults/layer.c)
#   lost        the device goes away at command n; train --resume must then end as if it had not
#   files       system call n on a file of ours fails: EIO, ENOSPC, EACCES, EMFILE, EINTR (strace)
#   disk        the disk is full
# Runs a sample, always the same: about N runs a class with --runs N. --full runs every n, which takes hours;
# --every runs every n with one OpenCL code each. Prints a line a class. A new command is a line in
# faults/faults.py.
# Usage: faults.sh [--build DIR] [--runs N | --full | --every] [--class A,B] [--command A,B] [--jobs N]
#                  [--verbose]
here=$(cd "$(dirname "$0")" && pwd) || exit 1
build=build
[ "$1" = --build ] && build=$2 && shift 2
if ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP python3 is not installed: nothing is made to fail"
    exit 77
fi
for file in host/clsnn tests/libfault_layer.so tests/libfault_alloc.so; do
    [ -e "$build/$file" ] && continue
    echo "$build/$file is missing: ninja -C $build, or name the build folder with --build DIR" >&2
    exit 1
done
# All runs share one cache of compiled kernels. Other tests do not write into it.
: "${POCL_CACHE_DIR=$build/tests/kernel-cache/faults}"
mkdir -p "$POCL_CACHE_DIR" || exit 1
POCL_CACHE_DIR=$(cd "$POCL_CACHE_DIR" && pwd) || exit 1
export POCL_CACHE_DIR
exec python3 "$here/faults/faults.py" --program "$build/host/clsnn" --layer "$build/tests/libfault_layer.so" \
    --alloc "$build/tests/libfault_alloc.so" "$@"
