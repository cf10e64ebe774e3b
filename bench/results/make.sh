#!/bin/sh
# Makes the README's pictures and the table of Kim & Kim (2020) again with the program, from MNIST.
# Usage: bench/results/make.sh [CLSNN]    20 to 40 minutes on two cores. Needs $CLSNN_DATA.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
clsnn=${1:-$here/../../build/host/clsnn}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$clsnn" train --data mnist --neurons 400 --out "$work/train"
"$clsnn" bench --data mnist --device cpu --out "$work/bench"
"$clsnn" reproduce --data mnist --seeds 3 --out "$work/reproduce"
cp "$work/train/weights.png" "$work/bench/bench.png" "$work/reproduce/figure3.png" "$here"
cp "$work/reproduce/table1.md" "$here"
