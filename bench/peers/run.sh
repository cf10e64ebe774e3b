#!/usr/bin/env bash
# Times clsnn, Brian 2, NEST and BindsNET in turn on one core; prints medians, ratios and JSON lines.
#     CLSNN_DATA=DIR bench/peers/run.sh [--peers brian2,nest,bindsnet] [--rounds 5] [--json-out FILE] ...
# CLSNN names the program (default: build/host/clsnn), CORE the core (default: the last).
# PEERS_PYTHON names the interpreter that has NEST, BindsNET and PyPI's Brian 2 (default: python3).
# BRIAN_PYTHON lists interpreters that have Brian 2, separated by colons (default: /usr/bin/python3 for
# Debian's, and PEERS_PYTHON). A simulator whose package is missing is skipped; a message says how to get it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
case " $* " in
*" -h "* | *" --help "*)
    sed -n '2,7s/^# //p' "$0"
    exec python3 "$here/compare.py" --help
    ;;
esac
clsnn=${CLSNN:-$here/../../build/host/clsnn}
core=${CORE:-$(($(nproc --all) - 1))}
peers_python=${PEERS_PYTHON:-python3}
brian_python=${BRIAN_PYTHON:-/usr/bin/python3${PEERS_PYTHON:+:$PEERS_PYTHON}}

if ! command -v taskset >/dev/null; then
    echo "taskset is missing: apt-get install util-linux" >&2
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

# One thread for each. compare.py picks the CPU as the device, whatever else there is.
export POCL_MAX_PTHREAD_COUNT=1 OMP_NUM_THREADS=1
exec taskset -c "$core" python3 "$here/compare.py" --clsnn "$clsnn" --data "$data" \
    --brian-python "$brian_python" --peers-python "$peers_python" "$@"
