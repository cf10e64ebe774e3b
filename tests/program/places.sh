#!/usr/bin/env bash
# The places of results, of every command. The program refuses an unwritable place before it computes
# anything. A disk that fills during a run must cost as little as possible.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# --out.

out_is_file() {
    echo mine >out
    refuses 8 "--out = out: is a file: must be a folder" train "${small[@]}" --out out
}
# refuses_early CODE TEXT ARGUMENT...: refuses, and compiles no kernel before
refuses_early() {
    refuses "$@"
    ! grep -q 'compiling' "$work/err" || wrong "kernels were compiled before"
}
early() { # early ARGUMENT...: the command must refuse two places, below a file and with too long a name
    refuses_early 8 "--out = file/x: file: is a file: must be a folder" "$@" --out file/x
    refuses_early 8 "File name too long" "$@" --out "new/new/$(printf 'x%.0s' {1..300})"
}
out_early() {
    printf 'seed = 1, 2\n' >s.ini
    echo mine >file
    early train "${small[@]}"
    early train "${small[@]}" --runs 2
    early sweep s.ini "${brief[@]}"
    early reproduce --data "$work/small"
    early bench --quick
    early eval "$work/base/model.npz" --data "$work/small"
    refuses_early 8 "nowhere/out.npz: its folder cannot be opened" \
        replay "$oracle/learn_12.npz" nowhere/out.npz
    refuses_early 3 "no such directory" bench --quick --data nowhere --out new # leaves no new/ behind
}
out_below() { refuses 8 "${1%/*}" train "${small[@]}" --out "$1"; }
out_read_only() {
    mkdir -p there/out
    in_mount 'mount --bind there there && mount -o remount,bind,ro there' \
        refuses 8 "Read-only file system" train "${small[@]}" --out there/out
}
out_taken() { # a directory stands in the place of run.json: train keeps it in previous-1
    mkdir -p out/run.json
    train --out out
    [ -d out/previous-1/run.json ] || wrong "what was in the way was not kept"
}

# Full disks: ./full has few KiB.

no_temporary() { ! find full -name '*.tmp' | grep . || wrong "a temporary file was left"; }
# The disk is full when train writes the weights. train prints the result, keeps the files that fit, and notes
# the failure in run.json.
in_full() {
    run 8 train --out full "$@"
    says "No space left on device"
    says "model.npz"
    grep -qE '"final_sha256":"[0-9a-f]{64}"' "$work/out" ||
        wrong "no result on stdout: $(head -c 200 "$work/out")"
    state_is failed full/run.json
    grep -qF '"error": "full/model.npz: ' full/run.json || wrong "run.json does not say why"
    [ ! -e full/model.npz ] || wrong "a part of model.npz was left"
    exist full/metrics.csv full/metrics.jsonl
    no_temporary
}
# The disk is full at the first evaluation. Training goes on, because somebody may clear the disk meanwhile.
in_full_early() {
    run 8 train --out full "$@" --epochs 3 --eval-every 1
    says "WARNING: full/metrics"
    says "training goes on"
    says "after epoch 3"
    prints '"final_sha256":"'
    no_temporary
}
# train prints the result and names no file that is not there.
in_full_said() {
    run 8 train --out full "$@"
    prints "final_sha256"
    ! grep -q "written to" "$work/out" ||
        wrong "files are named that are not there: $(grep "written to" "$work/out")"
}
full_of() { # full_of SIZE COMMAND...
    mkdir full
    in_mount "mount -t tmpfs -o size=$1 none full" "${@:2}"
}
disk_is_full() {
    mkdir full
    in_mount 'mount -t tmpfs -o size=32k none full && { cat /dev/zero >full/filler || :; }' \
        refuses 8 "No space left on device" train "${small[@]}" --out full
}

# stdout and stderr.

# stdout_is PLACE ARGUMENT...: the command must fail if its results cannot be printed
stdout_is() {
    local place=$1 code=0
    shift
    case $place in
        closed) "$clsnn" "$@" >&- 2>"$work/err" || code=$? ;;
        full) "$clsnn" "$@" >/dev/full 2>"$work/err" || code=$? ;;
        broken)
            mkfifo pipe
            (exec <pipe && sleep 0.1) & # the reader goes away
            { sleep 0.3 && "$clsnn" "$@" 2>"$work/err"; } >pipe || code=$?
            wait
            ;;
    esac
    case "$place ${*: -1}" in
        "broken --help" | "broken man" | "broken completion" | "broken --print-config")
            ended 0 "$code" "$*" # the reader of a text about the program may leave when it has seen enough
            no_words
            return
            ;;
    esac
    ended 8 "$code" "$*"
    says "standard output"
    [ "$place $1 ${*: -1}" != "full train out" ] || exist out/model.npz out/run.json
}
stderr_closed() {
    local code=0
    "$clsnn" train "${small[@]}" --json --out out >"$work/out" 2>&- <&- || code=$?
    : >"$work/err"
    ended 0 "$code" "train with stderr and stdin closed"
    sha >/dev/null
    exist out/model.npz
}

# The list of cases.

on "--out is a file" out_is_file
on "--out is tried before anything is compiled" out_early
on "--out below a device" out_below /dev/null/x
on "--out in /proc" out_below /proc/clsnn
on "--out on a read-only file system" out_read_only
on "--out with a directory where run.json goes" out_taken
on "the disk is full at the start" disk_is_full
on "the disk is full at the end: the result is printed" full_of 56k in_full "${small[@]}" --json
on "the disk is full at the end: no file is named" full_of 56k in_full_said "${small[@]}"
on "the disk is full at the first evaluation: training goes on" \
    full_of 16k in_full_early "${small[@]}" --json
on "the disk is full: replay" \
    full_of 8k refuses 8 "full/out.npz" replay "$oracle/learn_12.npz" full/out.npz
for place in closed full broken; do
    on "standard output is $place: devices" stdout_is $place devices
    on "standard output is $place: train --json" stdout_is $place train "${small[@]}" --json --out out
    any "standard output is $place: train --print-config" stdout_is $place train --print-config
    for text in --help man completion; do
        any "standard output is $place: $text" stdout_is $place $text
    done
done
any "standard output is full: data list" stdout_is full data list
on "standard error and input are closed" stderr_closed

run_cases small base
