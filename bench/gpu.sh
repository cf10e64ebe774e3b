#!/usr/bin/env bash
# Checks and measures a GPU, in two halves because GPU machines are often bare:
#   bench/gpu.sh prepare KIT    where clsnn builds: packs program, libraries and reference hashes into KIT
#   bench/gpu.sh run KIT OUT    on the GPU machine: checks bits and measures; takes some minutes
# The GPU machine needs no compiler, packages or network. run takes the vendor's OpenCL from installed .icd
# files; if none leads to a device, run finds the driver's library and names it in OUT/icd.
# GPU_DEVICE (default: gpu) chooses the device; GPU_DEVICE=cpu tries the script with pocl.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

# A line is a case: name, options. The cases are small, so that pocl makes all hashes in a minute.
cases='
n400       --neurons 400 --train-images 300 --label-images 200 --test-images 200
n100       --neurons 100 --train-images 600 --label-images 200 --test-images 200 --seed 7
n17        --neurons 17 --train-images 200 --label-images 200 --test-images 200 --seed 3
n1600      --neurons 1600 --train-images 60 --label-images 50 --test-images 50
n6400      --neurons 6400 --train-images 20 --label-images 20 --test-images 20
shuffled   --neurons 225 --train-images 200 --label-images 100 --test-images 100 --epochs 2 --shuffle
'

# The test suites that tell something about a device and take seconds on a GPU too.
suites='replay readout checkpoint encode batch shares'

# Prints the final_sha256 of one case. 1: program, 2: device, 3...: options
hash_of() {
    local program=$1 device=$2 dir
    shift 2
    dir=$(mktemp -d)
    "$program" train --data digits --device "$device" --out "$dir" --json --quiet "$@" |
        sed -n 's/.*"final_sha256":"\([0-9a-f]*\)".*/\1/p'
    rm -rf "$dir"
}

# Prints what one excitatory spike costs: networks that differ in their thresholds alone.
# 1: program, 2: device
spike_cost() {
    local dir theta
    dir=$(mktemp -d)
    for theta in 20 10; do
        "$1" train --data digits --device "$2" --neurons 400 --train-images 2000 --label-images 20 \
            --test-images 20 --set theta_init_mv=$theta --set theta_plus_mv=0 --set min_spikes=0 \
            --out "$dir" --json --quiet | tr ',' '\n' |
            awk -F: '/"exc_spikes_per_image"/ {s = $2} /"train_seconds"/ {t = $2}
                END {print s, 1e6 * t / 2000}'
    done | awk 'NR == 1 {s = $1; t = $2}
        END {printf "one more spike in a presentation: %.2f us (%.1f spikes: %.0f us, %.1f: %.0f us)\n",
            ($2 - t) / ($1 - s), s, t, $1, $2}'
    rm -rf "$dir"
}

prepare() {
    local kit=$1 name options lib
    mkdir -p "$kit/lib"
    if [ ! -f "$root/build-gpu/build.ninja" ]; then
        meson setup "$root/build-gpu" "$root" -Dbuildtype=release -Dtests=enabled -Dcurl=disabled
    fi
    ninja -C "$root/build-gpu"
    cp "$root/build-gpu/host/clsnn" "$kit/clsnn"
    cp "$root/bench/gpu.sh" "$kit/gpu.sh"
    mkdir -p "$kit/tests/reference/oracle"
    for name in $suites; do cp "$root/build-gpu/tests/test_$name" "$kit/tests/"; done
    cp "$root"/tests/reference/oracle/*.npz "$kit/tests/reference/oracle/"
    # The kit leaves out the C library's own files: these must be the GPU machine's.
    ldd "$kit/clsnn" "$kit/tests/test_replay" | awk '$3 ~ /^\// {print $3}' |
        grep -Ev '/(libc|libm|libpthread|libdl|librt|ld-linux[^/]*)\.so' |
        while read -r lib; do cp -L "$lib" "$kit/lib/"; done
    : >"$kit/expected"
    while read -r name options; do
        [ -n "$name" ] || continue
        # shellcheck disable=SC2086 # options are words
        echo "$name $(hash_of "$kit/clsnn" cpu $options)" >>"$kit/expected"
    done <<<"$cases"
    cat "$kit/expected"
    du -sh "$kit"
}

# Makes an OpenCL driver available. 1: folder for an .icd file of our own; 2: clsnn. Without a driver: 4.
find_driver() {
    local found
    if [ -n "${OCL_ICD_VENDORS:-}" ] || "$2" devices >/dev/null 2>&1; then return 0; fi
    found=$(find / -xdev \( -name 'libnvidia-opencl.so*' -o -name 'libamdocl64.so*' -o \
        -name 'libigdrcl.so*' \) -print 2>/dev/null | sort | tail -n 1)
    found=${found:-$(find /usr /opt /lib -name 'libnvidia-opencl.so*' -print 2>/dev/null | sort | tail -n 1)}
    if [ -z "$found" ]; then
        echo "no OpenCL driver: this machine has no .icd file that leads to a device, and no" \
            "libnvidia-opencl.so, libamdocl64.so or libigdrcl.so: install the vendor's driver" >&2
        return 4
    fi
    mkdir -p "$1"
    echo "$found" >"$1/gpu.icd"
    export OCL_ICD_VENDORS=$1
    LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(dirname "$found")
}

run() {
    local kit out device=${GPU_DEVICE:-gpu} name hash options got
    kit=$(cd "$1" && pwd)
    mkdir -p "$2"
    out=$(cd "$2" && pwd)
    export LD_LIBRARY_PATH=$kit/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    find_driver "$out/icd" "$kit/clsnn"
    "$kit/clsnn" devices | tee "$out/devices.txt"
    "$kit/clsnn" devices --json >"$out/devices.json"
    while read -r name options; do
        [ -n "$name" ] || continue
        hash=$(sed -n "s/^$name //p" "$kit/expected")
        # shellcheck disable=SC2086
        got=$(hash_of "$kit/clsnn" "$device" $options) || got=failed
        if [ "$got" = "$hash" ]; then
            echo "ok $name: bits equal to pocl's"
        else
            echo "NOT ok $name: $got, pocl has $hash"
        fi
    done <<<"$cases" | tee "$out/bits.txt"
    "$kit/clsnn" train --data digits --device "$device" --neurons 400 --train-images 3000 --label-images 100 \
        --test-images 100 --profile --out "$out/profile" --quiet | tee "$out/profile.txt"
    "$kit/clsnn" bench --data digits --device "$device" --sizes 100,400,1600 --networks 512 --quick \
        --out "$out/bench" | tee "$out/bench.txt"
    spike_cost "$kit/clsnn" "$device" | tee "$out/spike.txt"
    for name in 1 0; do # one work-group, and as many as the size asks for
        echo "--split $name"
        "$kit/clsnn" bench --data digits --device "$device" --sizes 6400 --networks 1 --quick --split $name \
            --out "$out/bench-6400-$name"
    done | tee "$out/bench-6400.txt"
    for name in $suites; do
        if CLSNN_DEVICE=$device TEST_SOURCE_ROOT=$kit TEST_BINARY=$kit/clsnn \
            timeout 120 "$kit/tests/test_$name" >"$out/test_$name.txt" 2>&1; then
            echo "ok test_$name: $(grep -c '^ok' "$out/test_$name.txt") cases"
        else
            echo "NOT ok test_$name: see $out/test_$name.txt"
        fi
    done | tee -a "$out/bits.txt"
    ! grep -q '^NOT' "$out/bits.txt"
}

case "${1:-} $#" in
'prepare 2') prepare "$2" ;;
'run 3') run "$2" "$3" ;;
*)
    sed -n '2,7p' "$0" >&2
    exit 2
    ;;
esac
