#!/usr/bin/env bash
# Times clsnn and Brian 2 in turn on one core, and prints medians, ratios and JSON lines.
#     CLSNN_DATA=DIR bench/peers/run.sh [--rounds 5] [--neurons 100,400,1600] [--json-out FILE] ...
# CLSNN names the program (default: build/host/clsnn), CORE the core (default: the last), PYTHON the
# interpreter that has Brian 2 (default: /usr/bin/python3).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
clsnn=${CLSNN:-$here/../../build/host/clsnn}
python=${PYTHON:-/usr/bin/python3}
core=${CORE:-$(($(nproc --all) - 1))}

lacks=()
command -v taskset >/dev/null || lacks+=(util-linux)
command -v g++ >/dev/null || lacks+=(g++)
command -v make >/dev/null || lacks+=(make)
# -W ignore: warnings about an old numpy are no errors here.
command -v "$python" >/dev/null && "$python" -W ignore -c 'import brian2' 2>/dev/null ||
    lacks+=(python3-brian)
if [ ${#lacks[@]} -gt 0 ]; then
    echo "this comparison lacks: ${lacks[*]}" >&2
    echo "  Debian, Ubuntu: apt-get install --no-install-recommends ${lacks[*]}" >&2
    echo "  elsewhere: taskset, g++, make, and pip install brian2 (PYTHON names its interpreter)" >&2
    exit 2
fi
if [ ! -x "$clsnn" ]; then
    echo "$clsnn: no such program: build it or set CLSNN" >&2
    echo "  meson setup build --buildtype=release && ninja -C build" >&2
    exit 2
fi
if [ ! -d "${CLSNN_DATA:-}" ]; then
    echo "CLSNN_DATA must name the directory with the four MNIST files; clsnn data fetch mnist gets them" >&2
    exit 2
fi
data=$(cd "$CLSNN_DATA" && pwd)

# One thread for pocl. compare.py picks the CPU as the device, whatever else there is.
export POCL_MAX_PTHREAD_COUNT=1 OMP_NUM_THREADS=1
exec taskset -c "$core" "$python" -W ignore "$here/compare.py" --clsnn "$clsnn" --data "$data" "$@"
