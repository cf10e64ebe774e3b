#!/usr/bin/env bash
# `clsnn devices`, --device, several devices at once, and machines without a device.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

devices() {
    run 0 devices
    prints "--device           0:0"
    prints "(the default)"
    run 0 devices --json
    is_json "$work/out"
    for key in device name type platform driver compute_units global_memory_bytes available default; do
        prints "\"$key\":"
    done
    [ "$(json device)" = 0:0 ] || wrong "the first device is $(json device)"
    run 0 train "${small[@]}" --device "$(json device)" --json --out out
    local part # a part of the name, in upper case: --device ignores case
    part=$(json device | cut -c 4-9 | tr '[:lower:]' '[:upper:]')
    run 0 devices --device "$part"
}
no_platform() {
    mkdir vendors
    OCL_ICD_VENDORS=$PWD/vendors/ OCL_ICD_FILENAMES='' refuses 4 "no OpenCL platform found" "$@"
    grep -qi 'install' "$work/err" || wrong "nothing is said about how to get one: $(cat "$work/err")"
}
broken_icd() { # a driver whose library is missing: the loader skips it in silence
    mkdir vendors
    echo libnothere.so.1 >vendors/bad.icd
    : >vendors/empty.icd
    OCL_ICD_VENDORS=$PWD/vendors/ OCL_ICD_FILENAMES='' refuses 4 "bad.icd names libnothere.so.1" devices
    says "which does not load"
    says "empty.icd names no library"
}

# Several devices. pocl shows one CPU as two if it is asked to.

many=(--data "$work/small" --train-images 300 --label-images 100 --test-images 100)
both() { # two devices for the rest of the case
    local kind
    unset CLSNN_DEVICE
    for kind in pthread cpu; do
        export POCL_DEVICES="$kind $kind"
        run 0 devices --json
        [ "$(grep -c '"device": "0:' "$work/out")" = 2 ] && return
    done
    skip "this OpenCL driver does not show one CPU as two devices"
}
make_alone() { # makes $work/alone of $work/s.ini, a finished sweep on one device
    printf 'neurons = 16, 20\nseed = 1..4\n' >s.ini
    [ "$device" = yes ] || return 0
    run 0 sweep "$work/s.ini" "${many[@]}" --out "$work/alone"
}
sweep() { run "$1" sweep "$work/s.ini" "${many[@]}" --out out "${@:2}"; }
as_alone() { # out holds the tables and the networks of $work/alone
    local name
    for name in results.csv results.jsonl summary.csv accuracy-neurons.png; do
        same "out/$name" "$work/alone/$name"
    done
    for name in "$work"/alone/runs/*; do same "out/runs/${name##*/}/model.npz" "$name/model.npz"; done
}
lasting() { # prints the parts of a run.json that neither time nor device changes
    python3 - "$1" <<'END'
import json, sys
run = json.load(open(sys.argv[1]))
for key in ("started", "written", "opencl_device"):
    del run[key]
for key in ("device", "out"):
    run["settings"].pop(key, None)
for part in [run["result"]] + run["metrics"]:
    for key in [k for k in part if "second" in k or k == "device"]:
        del part[key]
print(json.dumps(run, sort_keys=True, indent=1))
END
}
sweep_spread() { # the runs go to both devices, and no result depends on that
    local name
    both
    sweep 0 --device all
    says "of them on 0:0 ("
    says "of them on 0:1 ("
    prints "8 of 8 finished"
    as_alone
    for name in "$work"/alone/runs/*; do
        same <(lasting "out/runs/${name##*/}/run.json") <(lasting "$name/run.json")
    done
    mv out first
    sweep 0 --device 0:1 # one of two
    ! grep -q "of them on" "$work/err" || wrong "one device is told like several: $(cat "$work/err")"
    as_alone
}
runs_spread() {
    both
    run 0 train "${many[@]}" --neurons 16 --runs 6 --device 0:1,0:0 --out two
    says "of them on 0:0 ("
    says "of them on 0:1 ("
    run 0 train "${many[@]}" --neurons 16 --runs 6 --out one
    same two/results.csv one/results.csv
}
reproduce_spread() {
    local sizes=(--sizes "16,20" --seeds 2 --epochs 2)
    both
    run 0 reproduce "${many[@]}" "${sizes[@]}" --device all --out two
    says "of them on 0:0 ("
    says "of them on 0:1 ("
    is_json two/reproduce.json
    [ "$(grep -c '<tr><td>device</td>' two/report.html)" = 2 ] || wrong "report.html lacks a device"
    run 0 reproduce "${many[@]}" "${sizes[@]}" --out one
    for name in table1.csv table1.md figure3.png figure4.png; do same two/$name one/$name; done
}
spread_stops() { # a signal stops all devices; the same command goes on, on another number of them
    both
    begin "on 0:1 (" sweep "$work/s.ini" "${many[@]}" --train-images 3000 --epochs 50 --out long --device all
    kill -TERM "$pid"
    finish 75
    says "of 8 runs are finished and in long/runs; the same command goes on"
    begin "on 0:1 (" sweep "$work/s.ini" "${many[@]}" --out out --device all
    kill -TERM "$pid"
    finish 75
    sweep 0
    as_alone
}
one_network() { # commands with one network take one device
    local text="runs one network, on one device: name one of those that clsnn devices lists"
    both
    cp -r "$work/base" base
    usage "--device = all: clsnn train $text" train "${small[@]}" --device all --out out
    usage "--device = 0:0,0:1: clsnn train $text" train "${small[@]}" --runs 1 --device 0:0,0:1 --out out
    usage "--device = 0:0,0:1: clsnn eval $text" eval base/model.npz --data "$work/small" --device 0:0,0:1
    usage "--device = all: clsnn verify $text" verify base --device all
    usage "--device = all: clsnn replay $text" replay "$oracle/learn_12.npz" out.npz --device all
    usage "--device = 0:1,0:1: device 0:1 stands there twice" \
        sweep "$work/s.ini" "${many[@]}" --device 0:1,0:1 --out out
    refuses 4 "no device matches --device 'xyzzyq'" \
        sweep "$work/s.ini" "${many[@]}" --device 0:1,xyzzyq --out out
    run 0 devices --device all
    [ "$(grep -c "(the default)" "$work/out")" = 2 ] || wrong "not both: $(cat "$work/out")"
    run 0 bench "${many[@]:0:2}" --quick --sizes 7 --networks 1 --device 0:1,0:0
    prints "opencl  0:0"
    prints "opencl  0:1"
}

# Devices that fail. The layer of tests/hostile/faults takes a device away; the queues of a command have the
# order of its devices.
layer=$(dirname "$clsnn")/../tests/libfault_layer.so
lose() { # lose QUEUE CALL CODE COMMAND...: the device of that queue goes away at its CALL-th command
    OPENCL_LAYERS=$layer FAULT_LOST=1 FAULT_QUEUE=$1 FAULT_AT=$2 FAULT_CODE=$3 "${@:4}"
}
faulty() {
    both
    [ -e "$layer" ] || skip "$layer is missing: no device can be made to fail"
    lose 0 1 -36 "$clsnn" train "${small[@]}" --out probe >"$work/out" 2>"$work/err" &&
        skip "this OpenCL loader knows no layers (OPENCL_LAYERS): no device can be made to fail"
    rm -rf probe
}
device_lost() {
    local at codes=(-36 -2 -5)
    faulty
    for at in 450 300 200 150; do # the self-test takes as many commands as the kernels ask for
        rm -rf out
        lose 2 $at "${codes[at / 50 % 3]}" sweep 0 --device all
        grep -q "^WARNING: 0:1 (.*) is lost: .*unfinished run.* again on the device that is left$" \
            "$work/err" && break
    done
    says "is lost: "
    [ "$(grep -c "is lost" "$work/err")" = 1 ] || wrong "not one line: $(cat "$work/err")"
    says "of them on 0:0 ("
    prints "8 of 8 finished"
    as_alone
    note "lost at command $at"
    rm -rf out
    lose 0 $((3 * at / 2)) -36 sweep 7 --device all
    says "clsnn sweep: no device is left; the last one, 0:"
    sweep 0 --device all # the same command goes on
    as_alone
}
device_left_out() { # a device that fails the self-test
    faulty
    lose 1 3 -36 sweep 0 --device all
    says "WARNING: 0:0 ("
    says "is left out: "
    prints "8 of 8 finished"
    as_alone
    rm -rf out
    lose 0 3 -36 sweep 7 --device all
    [ ! -e out ] || wrong "a folder is left: $(ls -R out)"
    lose 2 3 -36 run 0 bench "${many[@]:0:2}" --quick --sizes 7 --networks 1
    says "is left out: "
    prints "opencl  0:0"
}
two_drivers() { # pocl and oclgrind, whose device counts as a GPU, for the rest of the case
    local lib=/usr/lib/oclgrind/liboclgrind-rt-icd.so
    [ -e $lib ] || skip "oclgrind is not installed ($lib): no second driver"
    both
    unset POCL_DEVICES
    mkdir vendors
    cp /etc/OpenCL/vendors/pocl.icd vendors/a.icd 2>/dev/null || skip "there is no pocl.icd"
    echo $lib >vendors/b.icd
    export OCL_ICD_VENDORS=$PWD/vendors/
    run 0 devices
    prints "Oclgrind"
    prints "Portable Computing Language"
}
tiny=(--train-images 2 --label-images 2 --test-images 1 --neurons 4)
beside_oclgrind() { # a second driver, whose devices compute the same bits
    two_drivers
    # of fewer runs pocl's share, rounded up, might be all
    run 0 train --data "$work/small" "${tiny[@]}" --runs 20 --out two --device all
    says "of them on 0:0 ("
    says "of them on 1:0 ("
    [ "$(sed -n '/"opencl_device"/,/}/s/.*"platform"//p' two/runs/*/run.json | sort -u | wc -l)" = 2 ] ||
        wrong "not both drivers: $(grep -h '"platform"' two/runs/*/run.json)"
    unset OCL_ICD_VENDORS
    run 0 train --data "$work/small" "${tiny[@]}" --runs 20 --out one
    same two/results.csv one/results.csv
}
faster_device() { # without --device: a CPU for one network, a GPU for more than its cores serve
    local units
    two_drivers
    prints "(the default for one network)"
    prints "(the default for many networks)"
    run 0 train --data "$work/small" "${tiny[@]}" --json --out out
    says "the faster one for this work; --device gpu takes the GPU"
    [ "$(json device)" != "Oclgrind Simulator" ] || wrong "one network: $(json device)"
    run 0 eval out/model.npz --data "$work/small" --json
    says "--device gpu takes the GPU"
    run 0 train --data "$work/small" "${tiny[@]}" --json --out gpu --device gpu
    ! grep -q "the faster one" "$work/err" || wrong "a choice of the user is explained: $(cat "$work/err")"
    [ "$(json device)" = "Oclgrind Simulator" ] || wrong "--device gpu: $(json device)"
    same gpu/model.npz out/model.npz
    run 0 devices --json --device cpu
    units=$(grep -A 99 '"platform": "Portable' "$work/out" | grep -m 1 -oP '"compute_units": \K[0-9]+')
    begin "cpu takes the CPU" train --data "$work/small" "${tiny[@]}" --out many \
        --runs $((4 * units + 1))
    kill -TERM "$pid"
    finish 75
    says "taking"
    says "(Oclgrind Simulator), the faster one for this work"
}

on "devices" devices
on "--device that does not exist" \
    refuses 4 "no device matches --device 'xyzzyq': there is 0:0 (" train "${small[@]}" --device xyzzyq
on "--device 7:7" refuses 4 "no device matches --device '7:7'" devices --device 7:7
any "no OpenCL platform: devices" no_platform devices
any "no OpenCL platform: train" no_platform train "${small[@]}" --out out
on "no OpenCL platform: eval" no_platform eval "$work/base/model.npz" --data "$work/small" --out out
on "no OpenCL platform: replay" no_platform replay "$oracle/learn_12.npz" out.npz
any "a driver that does not load" broken_icd
on "several devices: a sweep" sweep_spread
on "several devices: train --runs" runs_spread
on "several devices: reproduce" reproduce_spread
on "several devices: a signal" spread_stops
on "several devices: one network" one_network
on "several devices: one is lost" device_lost
on "several devices: one is left out" device_left_out
on "several devices: two drivers" beside_oclgrind
on "the default device suits the work" faster_device

run_cases small base alone
