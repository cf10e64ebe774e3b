#!/usr/bin/env bash
# `clsnn devices`, --device, and machines without a device.
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

on "devices" devices
on "--device that does not exist" \
    refuses 4 "no device matches --device 'xyzzyq': there is 0:0 (" train "${small[@]}" --device xyzzyq
on "--device 7:7" refuses 4 "no device matches --device '7:7'" devices --device 7:7
any "no OpenCL platform: devices" no_platform devices
any "no OpenCL platform: train" no_platform train "${small[@]}" --out out
on "no OpenCL platform: eval" no_platform eval "$work/base/model.npz" --data "$work/small" --out out
on "no OpenCL platform: replay" no_platform replay "$oracle/learn_12.npz" out.npz
any "a driver that does not load" broken_icd

run_cases small base
