#!/usr/bin/env bash
# clsnn against Brian 2 on one core, in turn, in one run: prints medians, ratios and JSON lines.
#     CLSNN_DATA=DIR bench/peers/run.sh [--rounds 5] [--neurons 100,400,1600] [--json-out FILE] ...
# CLSNN names the program (default: build/host/clsnn), CORE the core (default: the last), PYTHON the interpreter that has Brian 2.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
clsnn=${CLSNN:-$here/../../build/host/clsnn}
python=${PYTHON:-/usr/bin/python3}
core=${CORE:-$(($(nproc --all) - 1))}

lacks=()
command -v taskset >/dev/null || lacks+=(util-linux)
command -v g++ >/dev/null || lacks+=(g++)
command -v make >/dev/null || lacks+=(make)
# Warnings of numpy's age are not errors here.
command -v "$python" >/dev/null && "$python" -W ignore -c 'import brian2' 2>/dev/null || lacks+=(python3-brian)
if [ ${#lacks[@]} -gt 0 ]; then
    echo "missing for this comparison: ${lacks[*]}" >&2
    echo "  Debian, Ubuntu: apt-get install --no-install-recommends ${lacks[*]}" >&2
    echo "  elsewhere: pip install brian2 (then PYTHON=the interpreter it is for), and taskset, g++ and make" >&2
    exit 2
fi
if [ ! -x "$clsnn" ]; then
    echo "$clsnn: not there; build it (meson setup build --buildtype=release && ninja -C build) or set CLSNN" >&2
    exit 2
fi
if [ ! -d "${CLSNN_DATA:-}" ]; then
    echo "CLSNN_DATA must name the directory with the four MNIST files; clsnn data tells how to get them" >&2
    exit 2
fi
data=$(cd "$CLSNN_DATA" && pwd)

# pocl: one thread; the device is the CPU, whatever else there is.
export POCL_MAX_PTHREAD_COUNT=1 OMP_NUM_THREADS=1
exec taskset -c "$core" "$python" -W ignore "$here/compare.py" --clsnn "$clsnn" --data "$data" "$@"
