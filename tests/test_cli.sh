#!/usr/bin/env bash
# The program as its users meet it: every mistake has its message, its exit code and leaves nothing behind; every promise of
# the command line is kept. Usage: test_cli.sh CLSNN [PATTERN]: only the cases whose name matches. Speaks TAP; exits 77 where there is no OpenCL device and nothing else
# failed. Every case runs in a directory of its own, which a case that fails leaves no trace of either: what went wrong stands
# in the lines after "not ok".
set -u
clsnn=$(realpath "${1:?usage: test_cli.sh CLSNN}") || exit 1
only=${2:-}
oracle=$(realpath "$(dirname "$0")")/reference/oracle
work=$(mktemp -d "${TMPDIR:-/tmp}/clsnn-cli.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# A user's own settings and data must not reach the cases. The device may be chosen.
for name in ${!CLSNN_*} ${!SLURM_*}; do [ "$name" = CLSNN_DEVICE ] || unset "$name"; done
unset XDG_DATA_HOME TERM NO_COLOR
export LC_ALL=C HOME=$work/home XDG_CONFIG_HOME=$work/home/config POCL_CACHE_DIR=${POCL_CACHE_DIR:-$work/kernels}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} # OpenCL drivers keep what they have until the end
mkdir -p "$HOME" "$POCL_CACHE_DIR"

# ---- what cases are made of ----

# Ends the case.
wrong() {
    echo "$*" >>"$work/why"
    exit 1
}

quote() { sed 's/^/    /' "$1" | cut -c 1-300 | tail -n 15 >>"$work/why"; }

# run CODE ARGUMENT...: the program must exit with CODE. Its words are in $work/out and $work/err. The limit leaves room for
# compilers of drivers, which may need minutes for a kernel that is not in their cache.
run() {
    local want=$1 code=0
    shift
    timeout -k 5 400 "$clsnn" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    ended "$want" "$code" "$*"
}

ended() {
    if grep -qE 'Sanitizer|runtime error:' "$work/err"; then
        grep -E 'Sanitizer|runtime error:' "$work/err" >>"$work/why"
        wrong "clsnn $3: the sanitizer has found something"
    fi
    [ "$1" = "$2" ] && return
    quote "$work/out"
    quote "$work/err"
    wrong "clsnn $3: exit code $2: must be $1"
}

# What the program must have said on stderr or printed on stdout.
says() {
    grep -qF -- "$1" "$work/err" && return
    quote "$work/err"
    wrong "stderr lacks: $1"
}
prints() {
    grep -qF -- "$1" "$work/out" && return
    quote "$work/out"
    wrong "stdout lacks: $1"
}

listing() { find . -type f -printf '%p %s %T@\n' -o -printf '%p %y\n' | sort; }

# refuses CODE TEXT ARGUMENT...: fails with CODE, names the reason in its last line on stderr, prints no result and leaves every
# file as it was.
refuses() {
    local code=$1 text=$2 before
    shift 2
    before=$(listing)
    run "$code" "$@"
    says "$text"
    tail -n 1 "$work/err" | grep -q '^clsnn' || wrong "the last line is not the error: $(tail -n 1 "$work/err")"
    [ ! -s "$work/out" ] || wrong "something was printed on stdout: $(head -c 200 "$work/out")"
    [ "$before" = "$(listing)" ] || wrong "files have changed:" "$(diff <(echo "$before") <(listing))"
}

same() { cmp -s "$1" "$2" || wrong "$1 and $2 differ"; }
differ() { ! cmp -s "$1" "$2" || wrong "$1 and $2 are the same"; }
exist() { for name in "$@"; do [ -s "$name" ] || wrong "$name is missing or empty"; done; }

# The value of a key in the JSON object that was printed: json KEY [FILE].
json() { grep -oE "\"$1\": ?(\"[^\"]*\"|[^,}]*)" "${2:-$work/out}" | head -n 1 | sed 's/^[^:]*: *//; s/"//g'; }

small=(--data "$work/small" --neurons 20 --train-images 200 --label-images 300 --test-images 300)
train() { run 0 train "${small[@]}" --json "$@"; }
sha() { json final_sha256 | grep -E '^[0-9a-f]{64}$' || wrong "no final_sha256 in: $(head -c 200 "$work/out")"; }

# ---- files to read ----

bytes() { # bytes N...: each as one byte
    local b
    for b in "$@"; do printf '%b' "\\x$(printf %02x "$b")"; done
}
be32() { bytes $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)); }
le32() { bytes $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
le16() { bytes $(($1 & 255)) $(($1 >> 8 & 255)); }
size() { stat -c %s "$1"; }
zeros() { head -c "$1" /dev/zero; }

# flip FILE OFFSET: the byte there changes in every bit; a negative offset counts from the end.
flip() {
    local at=$2 old
    [ "$at" -ge 0 ] || at=$(($(size "$1") + at))
    old=$(od -An -tu1 -j "$at" -N 1 "$1")
    bytes $((old ^ 255)) | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}

# Data sets of every run here: the first of the built-in digits, which load in no time.
make_small() {
    "$clsnn" data export digits "$work/digits" >"$work/out" 2>"$work/err" || return 1
    mkdir "$work/small" "$work/packed"
    cut_set train 600
    cut_set t10k 300
    for name in "$work"/small/*; do gzip -c "$name" >"$work/packed/${name##*/}.gz"; done
}
cut_set() {
    { be32 0x803 && be32 "$2" && be32 28 && be32 28 && gzip -dc "$work/digits/$1-images-idx3-ubyte.gz" | tail -c +17 | head -c $(($2 * 784)); } \
        >"$work/small/$1-images-idx3-ubyte"
    { be32 0x801 && be32 "$2" && gzip -dc "$work/digits/$1-labels-idx1-ubyte.gz" | tail -c +9 | head -c "$2"; } \
        >"$work/small/$1-labels-idx1-ubyte"
}

# npy DESCR SHAPE: an array's header; its data follow from whoever calls.
npy() {
    local dict="{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
    printf '\x93NUMPY\x01\x00'
    le16 118
    printf '%-117s\n' "$dict"
}

# npz FILE NAME...: an archive, stored, of the files NAME.npy. The CRC comes from gzip's trailer.
npz() {
    local to=$1 at=0 directory=$1.directory n=0 name crc bytes
    : >"$to"
    : >"$directory"
    shift
    for name in "$@"; do
        bytes=$(size "$name.npy")
        crc=$(gzip -c "$name.npy" | tail -c 8 | od -An -tu4 -N 4)
        {
            printf 'PK\x03\x04' && le16 20 && le16 0 && le16 0 && le32 0x210000 && le32 "$crc" && le32 "$bytes" && le32 "$bytes"
            le16 $((${#name} + 4)) && le16 0 && printf %s "$name.npy" && cat "$name.npy"
        } >>"$to"
        {
            printf 'PK\x01\x02' && le16 20 && le16 20 && le16 0 && le16 0 && le32 0x210000 && le32 "$crc" && le32 "$bytes" && le32 "$bytes"
            le16 $((${#name} + 4)) && le16 0 && le16 0 && le16 0 && le16 0 && le32 0 && le32 "$at" && printf %s "$name.npy"
        } >>"$directory"
        at=$(size "$to")
        n=$((n + 1))
    done
    { cat "$directory" && printf 'PK\x05\x06' && le16 0 && le16 0 && le16 $n && le16 $n && le32 "$(size "$directory")" && le32 "$at" && le16 0; } >>"$to"
    rm "$directory" "${@/%/.npy}"
}

# ---- data that cannot be used ----

data_absent() { refuses 3 "$1" train --neurons 20 --data "$2"; }
data_is_file() { echo 1 >file && refuses 3 "no such directory" train --data file; }
data_empty() { mkdir empty && refuses 3 "none of the files is in it" train --data empty; }
data_lacks() {
    cp -r "$work/small" set && rm "set/$1"
    refuses 3 "$1[.gz] is missing: the directory must hold all four IDX files" train --data set
}
data_variable() { CLSNN_DATA=nowhere refuses 3 "CLSNN_DATA = nowhere: no such directory" train --data auto; }

# A packed data set, one file of which SCRIPT damages: packed TEXT FILE SCRIPT...
packed() {
    local text=$1 file=set/$2.gz
    shift 2
    cp -r "$work/packed" set
    "$@" "$file"
    refuses 3 "$text" train --data set
    tail -n 1 "$work/err" | grep -q '^clsnn train: set' || wrong "the message does not name the set: $(tail -n 1 "$work/err")"
}
cut_to() { truncate -s "$1" "$2"; }
cut_half() { truncate -s $(($(size "$1") / 2)) "$1"; }
flip_at() { flip "$2" "$1"; }
flip_half() { flip "$1" $(($(size "$1") / 2)); }
follow() { echo "$1" >>"$2"; }
become() { cp "$1" "$2"; }

# A plain one: plain TEXT FILE SCRIPT...
plain() {
    local text=$1 file=set/$2
    shift 2
    cp -r "$work/small" set
    "$@" "$file"
    refuses 3 "$text" train --data set
}
put() { # put OFFSET BYTE... FILE
    local at=$1 file=${*: -1}
    shift
    bytes "${@:1:$#-1}" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
}
side_27() { { be32 0x803 && be32 600 && be32 27 && be32 27 && zeros $((600 * 27 * 27)); } >"$1"; }
labels_for() { { be32 0x801 && be32 "$1" && zeros "$1"; } >"$2"; }

# ---- command lines that make no sense ----

usage() { refuses 2 "$@"; }
set_bad() { refuses 2 "$1" train --set "$2"; }
no_platform() {
    mkdir vendors
    OCL_ICD_VENDORS=$PWD/vendors/ OCL_ICD_FILENAMES='' refuses 4 "no OpenCL platform found" "$@"
    grep -qi 'install' "$work/err" || wrong "nothing is said about how to get one: $(cat "$work/err")"
}
config_line() {
    printf 'seed = 2\n%s\n' "$1" >c.ini
    refuses 2 "$2" train --config c.ini
}

# ---- places that cannot be written ----

out_is_file() { echo mine >out && refuses 8 "out: is a file: must be a folder" train "${small[@]}" --out out; }
# refuses_early CODE TEXT ARGUMENT...: refuses, before anything is compiled.
refuses_early() {
    refuses "$@"
    ! grep -q 'compiling' "$work/err" || wrong "kernels were compiled before"
}
out_early() {
    local long=new/new/$(printf 'x%.0s' {1..300})
    printf 'seed = 1, 2\n' >s.ini
    echo mine >file
    local command
    for command in "train ${small[*]}" "train ${small[*]} --runs 2" "sweep s.ini ${brief[*]}" "reproduce --data $work/small" "bench --quick" "eval $work/base/model.npz --data $work/small"; do
        # shellcheck disable=SC2086 # words
        refuses_early 8 "file: is a file: must be a folder" $command --out file/x
        # shellcheck disable=SC2086
        refuses_early 8 "File name too long" $command --out "$long"
    done
    refuses_early 8 "nowhere/out.npz: its folder cannot be opened" replay "$oracle/learn_12.npz" nowhere/out.npz
    refuses_early 9 "nowhere: holds no checkpoint" train "${small[@]}" --resume --out nowhere
    refuses_early 3 "no such directory" bench --quick --data nowhere --out new # which is not left behind
}
out_below() { refuses 8 "${1%/*}" train "${small[@]}" --out "$1"; }
out_read_only() {
    mkdir -p there/out
    in_mount 'mount --bind there there && mount -o remount,bind,ro there' refuses 8 "Read-only file system" train "${small[@]}" --out there/out
}
out_taken() { # a directory stands where a file should be: its earlier owner is kept
    mkdir -p out/run.json
    train --out out
    [ -d out/previous-1/run.json ] || wrong "what was in the way was not kept"
}

# Runs the rest in a mount namespace of its own, where the first argument is evaluated before.
in_mount() {
    local script=$1
    shift
    # shellcheck disable=SC2016 # the inner shell expands them
    unshare -rm bash -c "$script" 2>/dev/null || skip "mounting is not allowed here"
    export -f run ended says prints refuses listing wrong quote in_full in_full_early in_full_said in_full_again exist json
    export work clsnn
    unshare -rm bash -c "$script"' && "$@"' mounting "$@"
}
skip() {
    echo "$*" >"$work/skip"
    exit 0
}

# The disk is full when the weights are written: the result is printed, what fits is kept, and run.json knows.
in_full() {
    run 8 train --out full "$@"
    says "No space left on device"
    says "model.npz"
    grep -qE '"final_sha256":"[0-9a-f]{64}"' "$work/out" || wrong "no result on stdout: $(head -c 200 "$work/out")"
    [ "$(json state full/run.json)" = failed ] || wrong "state in run.json is $(json state full/run.json)"
    grep -qF '"error": "full/model.npz: ' full/run.json || wrong "run.json does not say why"
    [ ! -e full/model.npz ] || wrong "a part of model.npz was left"
    exist full/metrics.csv full/metrics.jsonl
    ! find full -name '*.tmp' | grep . || wrong "a temporary file was left"
}
disk_fills() { mkdir full && in_mount 'mount -t tmpfs -o size=36k none full' in_full "${small[@]}" --json; }
# Full at the first evaluation already: training goes on, for the disk may be cleared meanwhile.
in_full_early() {
    run 8 train --out full "$@" --epochs 3 --eval-every 1
    says "WARNING: full/metrics"
    says "training goes on"
    says "after epoch 3"
    prints '"final_sha256":"'
    ! find full -name '*.tmp' | grep . || wrong "a temporary file was left"
}
# What is not there is not told of; the result is.
in_full_said() {
    run 8 train --out full "$@"
    prints "final_sha256"
    ! grep -q "written to" "$work/out" || wrong "files are named that are not there: $(grep "written to" "$work/out")"
}
disk_fills_said() { mkdir full && in_mount 'mount -t tmpfs -o size=36k none full' in_full_said "${small[@]}"; }
disk_fills_early() { mkdir full && in_mount 'mount -t tmpfs -o size=16k none full' in_full_early "${small[@]}" --json; }
disk_is_full() {
    mkdir full
    in_mount 'mount -t tmpfs -o size=32k none full && { cat /dev/zero >full/filler || :; }' \
        refuses 8 "No space left on device" train "${small[@]}" --out full
}
replay_disk_full() {
    mkdir full
    in_mount 'mount -t tmpfs -o size=8k none full' refuses 8 "full/out.npz" replay "$oracle/learn_12.npz" full/out.npz
}

# stdout_is PLACE ARGUMENT...: results that arrive nowhere are a failure.
stdout_is() {
    local place=$1 code=0
    shift
    case $place in
        closed) "$clsnn" "$@" >&- 2>"$work/err" || code=$? ;;
        full) "$clsnn" "$@" >/dev/full 2>"$work/err" || code=$? ;;
        broken)
            mkfifo pipe
            (exec <pipe && sleep 0.1) & # a reader that goes away
            { sleep 0.3 && "$clsnn" "$@" 2>"$work/err"; } >pipe || code=$?
            wait
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

# ---- models that cannot be used ----

eval_small() { refuses "$1" "$2" eval "$3" --data "$work/small" --out e; }
model_shape() { # w's shape, theta's shape, text
    { npy '<f4' "$1" && zeros $((4 * ($4))); } >w.npy
    { npy '<f4' "$2" && zeros $((4 * ($5))); } >theta_mv.npy
    npz m.npz w theta_mv
    eval_small 3 "$3" m.npz
}
model_lacks() {
    { npy '<f4' '(784, 2)' && zeros 6272; } >w.npy
    npz m.npz w
    eval_small 3 "array 'theta_mv' is missing" m.npz
}
model_doubles() {
    { npy '<f8' '(784, 2)' && zeros 12544; } >w.npy
    { npy '<f4' '(2,)' && zeros 8; } >theta_mv.npy
    npz m.npz w theta_mv
    eval_small 3 "array 'w'" m.npz
}
model_nan() {
    { npy '<f4' '(784, 2)' && zeros 6268 && printf '\x00\x00\xc0\x7f'; } >w.npy
    { npy '<f4' '(2,)' && zeros 8; } >theta_mv.npy
    npz m.npz w theta_mv
    eval_small 3 "w[783, 1] = nan: must be finite" m.npz
}
model_label_10() {
    { npy '<f4' '(784, 1)' && zeros 3136; } >w.npy
    { npy '<f4' '(1,)' && zeros 4; } >theta_mv.npy
    { npy '<i4' '(1,)' && le32 10; } >labels.npy
    { npy '<f4' '(1, 10)' && zeros 40; } >proportions.npy
    npz m.npz w theta_mv labels proportions
    eval_small 3 "labels[0] = 10: must be in [-1, 9]" m.npz
}
model_unlabelled() { # what this file's own npz writes is a model: the mistakes above are the named ones
    { npy '<f4' '(784, 2)' && zeros 6272; } >w.npy
    { npy '<f4' '(2,)' && zeros 8; } >theta_mv.npy
    npz m.npz w theta_mv
    run 0 eval m.npz --data "$work/small" --json --label-images 20 --test-images 10
    says "no labels yet"
    [ "$(json neurons)" = 2 ] || wrong "neurons: $(json neurons)"
}
model_flipped() {
    cp "$work/base/model.npz" m.npz
    flip m.npz "$1"
    eval_small 3 "m.npz" m.npz
}
model_cut() {
    head -c "$1" "$work/base/model.npz" >m.npz
    eval_small 3 "m.npz" m.npz
}
model_no_zip() { echo "w = 1" >m.npz && eval_small 3 "is damaged, or no zip archive of arrays" m.npz; }
model_empty() { : >m.npz && eval_small 3 "m.npz" m.npz; }
model_absent() { eval_small 8 "m.npz: cannot be opened for reading: No such file or directory" m.npz; }
model_directory() { mkdir m.npz && eval_small 8 "m.npz: is a directory: must be a regular file" m.npz; }
model_picture() { cp "$work/base/weights.png" m.npz && eval_small 3 "m.npz" m.npz; }
model_pipe() { mkfifo m.npz && eval_small 8 "m.npz: is a pipe" m.npz; }
eval_bad_data() { # an earlier run in --out stays where it is when eval cannot even start
    mkdir e && echo '{}' >e/run.json
    refuses 3 "no such directory" eval "$work/base/model.npz" --data nowhere --out e
}
eval_with_params() { # the model's own parameters, unless others are asked for; other data than the model's is told
    run 0 train "${small[@]}" --set time_on_ms=100 --set w_norm=120 --out out --json
    local trained
    trained=$(json accuracy_all)/$(json test_spikes_per_image)
    run 0 eval out/model.npz "${small[@]:0:2}" --label-images 300 --test-images 300 --json
    [ "$(json accuracy_all)/$(json test_spikes_per_image)" = "$trained" ] || wrong "eval did not use the model's parameters"
    run 0 eval out/model.npz "${small[@]:0:2}" --label-images 300 --test-images 300 --json --set time_on_ms=350
    [ "$(json test_spikes_per_image)" != "${trained#*/}" ] || wrong "--set was ignored"
    run 0 eval out/model.npz --data digits --test-images 10 --quiet
    says "WARNING: out/model.npz was trained on other data"
}
eval_bad_seed() { # eval_bad_seed ABOUT TEXT: a model of one neuron that says this of itself
    { npy '<f4' '(784, 1)' && head -c 3136 /dev/zero; } >w.npy
    { npy '<f4' '(1,)' && head -c 4 /dev/zero; } >theta_mv.npy
    { npy '|u1' "(${#1},)" && printf %s "$1"; } >about.npy
    npz bad.npz w theta_mv about
    refuses 3 "$2" eval bad.npz --data "$work/small"
}
eval_seed() { # the model's own, so that the same images give the same spikes again; unless another is asked for
    run 0 train "${small[@]}" --seed 7 --out out --json
    local trained
    trained=$(json accuracy_all)/$(json test_spikes_per_image)
    run 0 eval out/model.npz "${small[@]:0:2}" --label-images 300 --test-images 300 --json
    [ "$(json accuracy_all)/$(json test_spikes_per_image)" = "$trained" ] || wrong "eval did not use the model's seed"
    [ "$(json seed)" = 7 ] || wrong "eval says seed $(json seed), must be 7"
    run 0 eval out/model.npz "${small[@]:0:2}" --label-images 300 --test-images 300 --json --seed 1
    [ "$(json seed)" = 1 ] || wrong "eval says seed $(json seed), must be 1"
    [ "$(json test_spikes_per_image)" != "${trained#*/}" ] || wrong "--seed was ignored"
    run 0 eval out/model.npz "${small[@]:0:2}" --label-images 300 --test-images 300 --out e
    grep -A 2 '"seed": {' e/run.json | grep -q '"origin": "model"' || wrong "run.json does not say that the seed is the model's"
}
replay_onto_itself() {
    cp "$oracle/learn_12.npz" in.npz && ln -s in.npz other.npz
    refuses 2 "in.npz: is the file to replay, and would be lost" replay in.npz in.npz
    refuses 2 "./in.npz: is the file to replay, and would be lost" replay other.npz ./in.npz
}
too_many_images() { # all there are, and that is said; what is a default (10,000 to label with) is not
    run 0 train --data "$work/small" --neurons 20 --train-images 601 --json --out out
    says "WARNING: --train-images = 601: custom has 600 training images; all of them are taken"
    ! grep -q -e --label-images -e --test-images "$work/err" || wrong "a default is warned of: $(cat "$work/err")"
    [ "$(json train_images)" = 600 ] || wrong "train_images is $(json train_images), must be 600"
    CLSNN_TEST_IMAGES=301 run 0 eval out/model.npz --data "$work/small" --label-images 600
    says "WARNING: --test-images = 301: custom has 300 test images"
}
eval_own_dir() {
    cp -r "$work/base" base
    refuses 2 "--out base: is where base/model.npz is" eval base/model.npz --data "$work/small" --out base
}

# ---- signals ----

# begin TEXT ARGUMENT...: starts the program and waits until it has said TEXT. Its process is $pid.
begin() {
    local text=$1 k
    shift
    : >"$work/err" # what an earlier run said does not count
    "$clsnn" "$@" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    for ((k = 0; k < 1200; k++)); do
        grep -qF "$text" "$work/err" && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null
    quote "$work/err"
    wrong "clsnn $*: never said: $text"
}
finish() { # finish CODE
    local code=0
    { (sleep 60 && kill -KILL "$pid") & } 2>/dev/null
    local guard=$!
    wait "$pid" || code=$?
    kill "$guard" 2>/dev/null
    ended "$1" "$code" "(after a signal)"
}
long=(--data "$work/small" --neurons 100 --train-images 600 --epochs 1000)
stopped_by() {
    begin "training 100 neurons" train "${long[@]}" --out out
    sleep 0.3
    kill -"$1" "$pid"
    finish 75
    says "stopped in epoch"
    says "Go on with the same command and --resume"
    [ "$(json state out/run.json)" = stopped ] || wrong "state in run.json is $(json state out/run.json)"
    [ ! -s "$work/out" ] || wrong "a result was printed"
    run 0 eval "out/checkpoint/$(ls out/checkpoint | tail -n 1)" --data "$work/small" --json --label-images 100 --test-images 50
    says "no labels yet"
}
# The bits of a run that was stopped wherever it happened to be, and went on, are those of one that was not.
stopped_and_resumed() {
    local with=(--data "$work/small" --neurons 100 --train-images 600 --epochs 3 --eval-every 1 --label-images 300 --test-images 300 --shuffle)
    local code=75 n=0
    run 0 train "${with[@]}" --out whole --json
    local wanted
    wanted=$(sha)
    set -- train "${with[@]}" --out out --json --checkpoint-every 200
    while [ $code = 75 ]; do
        begin "results go to out" "$@"
        sleep "$((n / 10)).$((n % 10))" # longer each time: an evaluation that is broken off begins anew
        kill -TERM "$pid"
        code=0
        wait "$pid" || code=$?
        n=$((n + 1))
        [ $code = 75 ] || [ $code = 0 ] || ended 0 $code "(after a signal)"
        [ $n -lt 100 ] || wrong "no end"
        [ "${*: -1}" = --resume ] || set -- "$@" --resume
    done
    [ "$(sha)" = "$wanted" ] || wrong "final_sha256 is $(sha): must be that of the run that was not stopped, $wanted"
    no_times whole/metrics.jsonl >a && no_times out/metrics.jsonl >b
    same a b
    grep -q '"resumed_from": "checkpoint/ckpt-' out/run.json || wrong "run.json does not say where it went on"
    note "stopped and resumed $((n - 1)) times"
}
no_times() { sed -E 's/"(seconds|eval_seconds|images_per_second)":[^,}]*//g' "$1"; }
stopped_early() {
    begin "loading data" train --data digits --neurons 20 --epochs 100 --out out
    kill -INT "$pid"
    finish 75
    exist out/checkpoint/*.npz
    [ "$(json state out/run.json)" = stopped ] || wrong "state in run.json is $(json state out/run.json)"
}
stopped_labelling() {
    begin "training 1/1 images" train --data digits --neurons 2000 --train-images 1 --label-images 0 --out out
    sleep 0.2
    kill -TERM "$pid"
    finish 75
    says "stopped while evaluating"
    says "; the training is saved in out/checkpoint/ckpt-000000000001.npz, labelling and testing begin again. Go on"
    exist out/checkpoint/ckpt-000000000001.npz
    [ "$(json state out/run.json)" = stopped ] || wrong "state in run.json is $(json state out/run.json)"
}
stopped_eval() {
    begin "testing" eval "$work/base/model.npz" --data "$work/digits" --chunk 1
    kill -INT "$pid"
    finish 75
    says "stopped while evaluating"
    [ ! -s "$work/out" ] || wrong "a result was printed"
}
stopped_twice() { # a launch of seconds, so that the second comes before the first is answered
    begin "training 4096 neurons" train --data "$work/small" --neurons 4096 --epochs 100 --chunk 1000 --out out
    sleep 0.2
    kill -INT "$pid"
    sleep 0.2
    kill -INT "$pid" 2>/dev/null || wrong "the first signal had ended it already"
    finish 130
    ! find out -name '*.tmp' | grep . || wrong "a temporary file was left"
}

# ---- checkpoints ----

# two epochs of 200 images, a checkpoint every 50: resumable in $PWD/out
two=("${small[@]}" --epochs 2 --checkpoint-every 50 --json)
make_two() { run 0 train "${two[@]}" --out out "$@"; }
checkpoints_kept() { # checkpoints_kept WANTED ARGUMENT...
    local wanted=$1
    shift
    make_two "$@"
    [ "$(cd out/checkpoint && echo *)" = "$wanted" ] || wrong "checkpoint/ holds $(cd out/checkpoint && echo *)"
}
resume_finished() { # its result once more, and nothing is trained
    make_two
    cp "$work/out" first && cp out/metrics.jsonl metrics && cp out/checkpoint/ckpt-000000000400.npz ckpt
    run 0 train "${two[@]}" --out out --resume
    same "$work/out" first
    same out/metrics.jsonl metrics
    same out/checkpoint/ckpt-000000000400.npz ckpt
    says "going on from out/checkpoint/ckpt-000000000400.npz: 400 images, epoch 2 of 2"
    [ "$(json state out/run.json)" = finished ] || wrong "state is $(json state out/run.json)"
    [ ! -e out/previous-1 ] || wrong "files were moved"
}
resume_longer() {
    make_two
    run 0 train "${two[@]}" --epochs 3 --out out --resume --work-group 64 --chunk 7
    local longer
    longer=$(sha)
    run 0 train "${two[@]}" --epochs 3 --out whole
    [ "$(sha)" = "$longer" ] || wrong "three epochs in one are not two and one"
}
resume_nothing() { refuses 9 "out: holds no checkpoint to go on from: name a run's directory with --out, or begin without --resume" train "${two[@]}" --out out --resume; }
resume_empty() { mkdir out && resume_nothing; }
resume_other() {
    make_two
    local before
    before=$(listing)
    run 9 train "${two[@]}" --out out --resume --neurons 21 --set w_max=0.9
    says "belongs to another configuration"
    says "  neurons: 20 in the checkpoint, 21 asked"
    says "  w_max: 1.0 in the checkpoint, 0.9"
    [ "$before" = "$(listing)" ] || wrong "files have changed"
}
resume_damaged() {
    make_two
    cp "$work/out" first
    flip out/checkpoint/ckpt-000000000400.npz 5000
    run 0 train "${two[@]}" --out out --resume
    says "WARNING: out/checkpoint/ckpt-000000000400.npz: is damaged: its SHA-256"
    says "going on from out/checkpoint/ckpt-000000000350.npz"
    [ "$(sha)" = "$(json final_sha256 first)" ] || wrong "another result"
    for name in out/checkpoint/*; do : >"$name"; done
    refuses 9 "none of its 3 files can be used" train "${two[@]}" --out out --resume
}
resume_kept() { # without --resume checkpoints move away with the rest
    make_two
    make_two --seed 2
    says "out/previous-1"
    exist out/previous-1/checkpoint/ckpt-000000000400.npz out/checkpoint/ckpt-000000000400.npz
    differ out/previous-1/checkpoint/ckpt-000000000400.npz out/checkpoint/ckpt-000000000400.npz
}

train_two() { # a directory has one run at a time: neither loses its files to the other
    begin "results go to out" train --data "$work/small" --train-images 600 --epochs 1000 --neurons 100 --label-images 10 --test-images 10 --out out
    run 2 train "${small[@]}" --out out
    says "out: another clsnn is at work there: wait for it, or choose another --out"
    exist out/run.json
    kill -INT "$pid"
    finish 75
    [ ! -e out/previous-1 ] || wrong "the second has moved the first's files"
}

# ---- verify ----

verify_equal() { # on another work-group
    run 0 verify "$work/base" --json --work-group "$1"
    is_json "$work/out"
    [ "$(json equal)" = true ] || wrong "not equal"
    [ "$(json final_sha256)" = "$(cat "$work/final_sha256")" ] || wrong "another final_sha256: $(json final_sha256)"
    [ -z "$(ls -A)" ] || wrong "verify has made files"
}
verify_text() {
    run 0 verify "$work/base" --quiet
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
    prints "verdict        EQUAL: weights, thresholds, labels, model.npz and 1 evaluation, bit for bit"
}
verify_grown() { # a run that once ended and went on has an evaluation where it ended
    make_two --epochs 1
    run 0 train "${two[@]}" --epochs 3 --eval-every 2 --out other
    run 0 train "${two[@]}" --epochs 3 --out out --resume
    run 0 verify out
    prints "2 evaluations, bit for bit"
    run 0 verify other
}
# verify_changed SCRIPT CODE TEXT: of a run whose run.json sed has changed
verify_changed() {
    mkdir run && cp "$work/base/model.npz" run && sed -E "$1" "$work/base/run.json" >run/run.json
    ! cmp -s run/run.json "$work/base/run.json" || wrong "sed has changed nothing"
    run "$2" verify run
    says "$3"
}
verify_no_model() {
    mkdir run && cp "$work/base/run.json" run
    run 1 verify run
    says "run: trained again, 1 values differ, the first: model.npz"
}
verify_other_model() { # a whole file, of another run
    run 0 train "${two[@]}" --seed 77 --out other
    mkdir run && cp "$work/base/run.json" other/model.npz run
    run 1 verify run
    says "values differ, the first: model.npz: "
}
verify_nothing() { refuses 8 "run/run.json: cannot be opened for reading: No such file or directory" verify run; }
verify_no_json() { mkdir run && echo "{" >run/run.json && refuses 3 "run/run.json: is no JSON object" verify run; }
verify_eval() {
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 10 --out run
    refuses 3 "has no plan: only training has one" verify run
}
verify_other_data() {
    cp -r "$work/base" run
    refuses 3 "was trained on other data: custom from" verify run --data digits
}

# ---- promises ----

run_files=(run.json metrics.jsonl metrics.csv model.npz weights.png accuracy.png confusion.png)
json_keys=(neurons epochs seed data device accuracy_all accuracy_proportion confusion presentations train_seconds eval_seconds
    images_per_second final_sha256)

is_json() { # is_json FILE: with whatever reads JSON here
    if python3 -c '' 2>/dev/null; then
        python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" 2>>"$work/why" || wrong "$1 is no JSON"
    elif jq --version >/dev/null 2>&1; then
        jq -e . "$1" >/dev/null 2>>"$work/why" || wrong "$1 is no JSON"
    fi
}
train_json() {
    cd "$work" || exit 1 # this run's directory is what many cases read
    rm -rf base
    train --out base
    cp out base.json
    [ "$(wc -l <out)" = 1 ] || wrong "not one line on stdout"
    grep -q '^{.*}$' out || wrong "not one object on stdout"
    for key in "${json_keys[@]}"; do prints "\"$key\":"; done
    grep -qE '"confusion":\[(\[([0-9]+,){9}[0-9]+\],){9}\[([0-9]+,){9}[0-9]+\]\]' out || wrong "confusion is not 10 x 10"
    [ "$(json neurons) $(json epochs) $(json seed)" = "20 1 1" ] || wrong "neurons, epochs or seed is wrong"
    sha >final_sha256
    is_json out
}
train_files() {
    cd "$work/base" || exit 1
    exist "${run_files[@]}"
    exist checkpoint/ckpt-000000000200.npz
    [ "$(find . -type f | wc -l)" = 8 ] || wrong "other files than the promised: $(ls -A)"
    is_json run.json
    for key in command state settings dataset opencl_device kernels_sha256 metrics result "${json_keys[@]}"; do
        grep -q "\"$key\": " run.json || wrong "run.json lacks $key"
    done
    [ "$(json state run.json)" = finished ] || wrong "state is $(json state run.json)"
    [ "$(json final_sha256 run.json)" = "$(cat ../final_sha256)" ] || wrong "run.json has another final_sha256 than stdout"
    for picture in weights accuracy confusion; do [ "$(head -c 8 $picture.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || wrong "$picture.png is no PNG"; done
    [ "$(head -c 4 model.npz)" = "$(printf 'PK\x03\x04')" ] || wrong "model.npz is no zip"
}
train_text() {
    run 0 train "${small[@]}" --out out
    prints "accuracy (vote all)"
    prints "final_sha256                $(cat "$work/final_sha256")"
    prints "out/{run.json"
    says "data: custom ("
    says "compiling kernels for"
    says "training 20 neurons on 200 images, 1 epoch, seed 1"
    says "after epoch 1: accuracy"
    ! grep -q $'[\r\e]' "$work/err" || wrong "control characters where there is no terminal"
}
train_default_dir() {
    train
    exist run-custom-n20-e1-s1/model.npz
}
train_auto() {
    run 0 train --neurons 20 --train-images 20 --label-images 20 --test-images 20 --json --out out
    says "MNIST WAS NOT FOUND, these are the built-in digits; 'clsnn data fetch mnist' gets MNIST"
    [ "$(json data)" = digits ] || wrong "data is $(json data)"
    grep -q '"name": "digits"' out/run.json || wrong "run.json does not name the data set"
}
every_epoch() {
    train --epochs 3 --eval-every "$1" --out out
    [ "$(wc -l <out/metrics.jsonl)" = "$2" ] || wrong "metrics.jsonl: $(wc -l <out/metrics.jsonl) lines: must be $2"
    [ "$(wc -l <out/metrics.csv)" = $(($2 + 1)) ] || wrong "metrics.csv: $(wc -l <out/metrics.csv) lines: must be $(($2 + 1))"
    for key in epoch images accuracy_all accuracy_proportion exc_spikes_per_image retries theta_mean_mv seconds images_per_second; do
        head -n 1 out/metrics.csv | tr ',' '\n' | grep -qx "$key" || wrong "metrics.csv has no column $key"
        [ "$(grep -c "\"$key\":" out/metrics.jsonl)" = "$2" ] || wrong "metrics.jsonl lacks $key"
    done
    [ "$(tail -n 1 out/metrics.csv | cut -d, -f1,2)" = 3,600 ] || wrong "the last line is not that of epoch 3"
    [ "$(awk -F, '{print NF}' out/metrics.csv | sort -u | wc -l)" = 1 ] || wrong "metrics.csv: lines of different lengths"
}
eval_again() {
    run 0 eval "$work/base/model.npz" --json --data "$work/small" --label-images 300 --test-images 300 --out out
    for key in accuracy_all accuracy_proportion final_sha256 confusion; do
        [ "$(json $key)" = "$(json $key "$work/base.json")" ] || wrong "$key is $(json $key), training had $(json $key "$work/base.json")"
    done
    exist out/run.json out/metrics.csv out/metrics.jsonl out/weights.png out/confusion.png
    for key in "${json_keys[@]}"; do prints "\"$key\":"; done
    [ "$(json command out/run.json)" = eval ] || wrong "run.json is not eval's"
    is_json "$work/out"
}
eval_no_out() {
    before=$(listing)
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 10
    prints "accuracy (vote all)"
    [ "$before" = "$(listing)" ] || wrong "eval without --out has written files"
}
# same_sha ARGUMENT...: the result is the first run's.
same_sha() {
    train --out out "$@"
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] || wrong "final_sha256 is $(sha): must be the first run's, $(cat "$work/final_sha256")"
    same out/model.npz "$work/base/model.npz"
}
other_sha() {
    train --out out "$@"
    [ "$(sha)" != "$(cat "$work/final_sha256")" ] || wrong "final_sha256 is the same as without $*"
}
threads() {
    export POCL_MAX_PTHREAD_COUNT=$1
    same_sha --chunk 16
}
previous() {
    train --out out
    cp -r out first
    train --out out --seed 2
    says "out held an earlier run: its files are now in out/previous-1"
    for name in "${run_files[@]}"; do same "out/previous-1/$name" "first/$name"; done
    differ out/model.npz first/model.npz
    train --out out --seed 3
    says "out/previous-2"
    same out/previous-1/model.npz first/model.npz
    exist "${run_files[@]/#/out/}" "${run_files[@]/#/out/previous-2/}"
}
quiet() {
    run 0 "$@" --quiet
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
    [ -s "$work/out" ] || wrong "no result on stdout"
}
settings_of() { sed -n 's/ *;.*//; /=/p' "$1"; }
config_round_trip() {
    run 0 train --neurons 33 --seed 12345678901234567890 --shuffle --set w_max=2 --set tau_theta_ms=2.5e6 --out "a b" --print-config
    grep -q '^neurons = 33 .*command line' "$work/out" || wrong "no origin beside neurons"
    cp "$work/out" c.ini
    run 0 train --config c.ini --print-config
    grep -q '^neurons = 33 .*c.ini' "$work/out" || wrong "c.ini is not named as the origin of neurons"
    cp "$work/out" d.ini
    settings_of c.ini >c && settings_of d.ini >d
    same c d
    [ "$(wc -l <c)" -gt 40 ] || wrong "only $(wc -l <c) settings"
    CLSNN_NEURONS=44 run 0 train --config c.ini --print-config
    grep -q '^neurons = 44 .*environment' "$work/out" || wrong "the environment does not win over the file"
    CLSNN_NEURONS=44 run 0 train --config c.ini --neurons 55 --print-config
    grep -q '^neurons = 55 .*command line' "$work/out" || wrong "the command line does not win over the environment"
    rm c.ini d.ini c d
    [ -z "$(ls -A)" ] || wrong "--print-config has made files"
}
config_run() {
    printf '[clsnn]\nneurons = 20\ntrain-images = 200 ; few\nlabel-images = 300\ntest-images = 300\ndata = %s\nout = here\n' "$work/small" >c.ini
    run 0 train --config c.ini --json
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] || wrong "not the result that the same flags have"
    grep -q '"origin": "c.ini"' here/run.json || wrong "run.json does not name c.ini"
}
seed_large() {
    train --seed 18446744073709551615 --out out
    [ "$(json seed)" = 18446744073709551615 ] || wrong "seed is $(json seed)"
}
odd_names() { # spaces, UTF-8, and a byte that is none
    train --out $'a b/\xc3\xa4\xe6\x95\xb0'
    is_json $'a b/\xc3\xa4\xe6\x95\xb0/run.json'
    cp -r "$work/small" $'\xe9'
    run 0 train "${small[@]}" --data $'\xe9' --json --out $'o\xe9'
    exist $'o\xe9/run.json'
    is_json $'o\xe9/run.json'
    run 0 eval $'o\xe9/model.npz' --data $'\xe9' --json --out $'p\xe9'
    is_json $'p\xe9/run.json'
}
tiny() { run 0 train --data "$work/small" --neurons 1 --train-images 1 --label-images 1 --test-images 1 --json --out out; }
all_images() {
    run 0 train --data "$work/small" --neurons 5 --train-images 100000 --label-images 0 --test-images 0 --json --out out
    [ "$(json train_images)/$(json label_images)/$(json test_images)" = 600/600/300 ] || wrong "not all images were used"
}
no_home() {
    unset HOME XDG_CONFIG_HOME
    run 0 train "${small[@]}" --out out
    refuses 2 "HOME, XDG_DATA_HOME and CLSNN_DATA are all unset: name one with --out DIR" data fetch mnist
}
on_terminal() { # TERM, what must be in the log
    command -v script >/dev/null || skip "there is no script(1) here"
    script -qec true probe </dev/null >/dev/null 2>&1 || skip "script(1) gets no terminal here"
    rm -f probe
    TERM=$1 script -qec "stty cols 80; '$clsnn' train --data '$work/small' --neurons 100 --train-images 600 --epochs 8 --out out" log </dev/null >/dev/null 2>&1
    grep -q "accuracy (vote all)" log || wrong "no result in a terminal"
    if [ "$1" = dumb ]; then
        ! grep -q $'\e' log || wrong "control sequences in a terminal that has none"
        return
    fi
    grep -q $'\e\[K' log || wrong "no bar is drawn"
    tr '\r' '\n' <log | grep $'\e\[K' | awk 'length($0) > 82 {long = 1} END {exit long}' || wrong "the bar is wider than the terminal"
}
replay_oracle() {
    run 0 replay "$oracle/$1.npz" out.npz
    prints "excitatory and"
    prints "in out.npz"
    for array in exc_step exc_neuron inh_step inh_neuron v_exc ge_exc gi_exc v_inh w_end theta_end_mv; do
        grep -qF "$array.npy" out.npz || wrong "out.npz lacks $array"
    done
    run 0 replay "$oracle/$1.npz" again.npz --work-group 64 --json --quiet
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
    for key in neurons steps exc_spikes inh_spikes; do prints "\"$key\":"; done
    is_json "$work/out"
    same out.npz again.npz
}
replay_to() { refuses 8 "$1" replay "$oracle/learn_12.npz" "$1"; }
replay_model() { refuses 3 "array 'steps_on' is missing" replay "$work/base/model.npz" out.npz; }
replay_cut() {
    head -c 1000 "$oracle/learn_12.npz" >in.npz
    refuses 3 "in.npz" replay in.npz out.npz
}
# Three rows, each checked; the files hold the same ones.
bench_quick() {
    run 0 bench --data "$work/small" --quick --sizes 20 --networks 2 --json --quiet --out bench
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
    is_json "$work/out"
    for key in path device neurons networks images_per_second network_steps_per_second synaptic_events_per_second realtime_factor seconds checked; do
        [ "$(grep -cF "\"$key\":" "$work/out")" = 3 ] || wrong "$key does not stand in three rows: $(cat "$work/out")"
    done
    [ "$(grep -c '"checked": true' "$work/out")" = 3 ] || wrong "a row is not checked: $(cat "$work/out")"
    exist bench/bench.json bench/bench.csv bench/bench.png
    same "$work/out" <(cat bench/bench.json && echo)
    [ "$(wc -l <bench/bench.csv)" = 4 ] || wrong "bench.csv: $(cat bench/bench.csv)"
}
bench_table() {
    run 0 bench --data "$work/small" --quick --sizes 7,20 --networks 1
    prints "images/s"
    says "20 neurons, 1 network on"
}
# ---- reproduce ----

# shellcheck disable=SC2054 # the sizes are one word
again=(reproduce --data "$work/small" --sizes 16,20 --train-images 30 --label-images 40 --test-images 30 --epochs 3 --seeds 2)
is_page() { # well-formed: every element is closed, nothing is fetched from elsewhere
    head -n 1 "$1" | grep -q '^<!DOCTYPE html>' || wrong "$1 does not begin as a page"
    tail -n 1 "$1" | grep -q '^</html>' || wrong "$1 does not end as a page"
    ! grep -oE '(src|href)="?[^d"][^"]{0,20}' "$1" | grep . || wrong "$1 fetches something"
    [ "$(grep -c 'src="data:image/png;base64,' "$1")" = 2 ] || wrong "$1 does not hold two pictures"
    python3 -c '' 2>/dev/null || return 0
    python3 - "$1" <<'EOF' 2>>"$work/why" || wrong "$1 is not well-formed"
import base64, html.parser, re, sys
class Page(html.parser.HTMLParser):
    open = []
    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"): self.open.append(tag)
        for name, value in attrs:
            if name == "src": assert base64.b64decode(value.split(",")[1], validate=True)[:4] == b"\x89PNG"
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"
page = Page(convert_charrefs=False)
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
assert not page.open, page.open
EOF
}
reproduce_files() {
    run 0 "${again[@]}" --out out
    prints "| 16 | vote all |"
    prints "mean ± sample standard deviation, n = 2"
    prints "written to out/{report.html"
    says "training 2 networks of 16 neurons, 2 side by side"
    says "N = 20, seed 2: "
    exist out/{report.html,reproduce.json,table1.md,table1.csv,figure3.png,figure4.png} out/runs/n{16,20}-s{1,2}/{run.json,metrics.csv,model.npz}
    exist out/runs/n16-s1/epoch-{1,3}.npz
    for run in out/runs/*; do [ "$(json state "$run/run.json")" = finished ] || wrong "$run is $(json state "$run/run.json")"; done
    is_page out/report.html
    is_json out/reproduce.json
    same <(head -n 12 "$work/out") <(head -n 12 out/table1.md)
    # sizes x epochs, as many columns everywhere; the mean lies between its ends
    [ "$(wc -l <out/table1.csv)" = 7 ] || wrong "table1.csv: $(cat out/table1.csv)"
    awk -F, 'NF != 15 || (NR > 1 && !($5 >= $7 && $5 <= $8 && $6 >= 0 && $4 == 2)) {bad = 1} END {exit bad}' out/table1.csv || wrong "table1.csv: $(cat out/table1.csv)"
    grep -q '^20,3,90,2,' out/table1.csv || wrong "table1.csv lacks a row: $(cat out/table1.csv)"
    run 0 train --data "$work/small" --neurons 20 --train-images 30 --label-images 40 --test-images 30 --epochs 3 --seed 2 --eval-every 1 --json --out alone
    [ "$(sha)" = "$(json final_sha256 out/runs/n20-s2/run.json)" ] || wrong "another network than train makes"
    differ out/runs/n20-s1/model.npz out/runs/n20-s2/model.npz
}
reproduce_two() { # the last epoch stands in the table also where it is none of the paper's; the words fit what is there
    run 0 "${again[@]}" --epochs 2 --out out
    prints "| N | | 1 epoch | 2 epochs |"
    prints "The paper prints no number of these sizes and epochs: nothing is compared."
    grep -q '<th>2 epochs</th>' out/report.html || wrong "the page lacks the last epoch"
    ! grep -qE "not the paper's data|Hollow markers" out/report.html "$work/out" || wrong "it speaks of numbers that are not there"
    run 0 reproduce --data "$work/small" --sizes 100 --train-images 20 --label-images 20 --test-images 20 --epochs 2 --seeds 1 --out paper
    prints "| | Kim & Kim (2020) | 72.58 | – |"
    prints "These are not the paper's data (custom, 20 training and 20 test images; the paper's are MNIST's 60000 and 10000): its numbers stand beside ours"
    prints "one seed has no spread"
}
reproduce_again() { # what is finished is not trained again; what does not fit is, and the earlier files are kept
    run 0 "${again[@]}" --out out
    cp out/table1.csv first.csv
    cp -r out/runs runs
    run 0 "${again[@]}" --out out
    says "4 of 4 runs are finished already in out/runs and are not trained again"
    ! grep -q "side by side" "$work/err" || wrong "something was trained again"
    same out/table1.csv first.csv
    [ -z "$(diff -r out/runs runs)" ] || wrong "files of runs have changed: $(diff -rq out/runs runs)"
    grep -q "4 of them found finished" out/report.html || wrong "the page does not say so"
    run 0 "${again[@]}" --out out --seeds 3 --json
    says "4 of 6 runs are finished already"
    is_json "$work/out"
    [ "$(grep -o '"kept":true' "$work/out" | wc -l)" = 4 ] || wrong "not 4 runs are kept"
    flip out/runs/n16-s2/model.npz 5000
    rm out/runs/n16-s1/epoch-1.npz out/runs/n20-s1/model.npz
    echo '{' >out/runs/n20-s2/run.json
    run 0 "${again[@]}" --out out
    for name in n16-s1 n16-s2 n20-s1 n20-s2; do
        says "out/runs/$name is made again: "
        exist out/runs/$name/previous-1/run.json
    done
    same out/table1.csv first.csv
    run 0 "${again[@]}" --out out --set theta_plus_mv=0.06
    says "out/runs/n16-s1 is made again: its theta_plus_mv is another"
    same out/runs/n20-s1/previous-2/model.npz runs/n20-s1/model.npz
    same out/runs/n16-s1/previous-2/epoch-3.npz runs/n16-s1/epoch-3.npz
    run 0 "${again[@]}" --out out --set theta_plus_mv=0.06 --train-images 29
    says "its train_images is another"
}
reproduce_json() {
    run 0 "${again[@]}" --json --quiet
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
    [ "$(wc -l <"$work/out")" = 1 ] || wrong "not one line on stdout"
    is_json "$work/out"
    exist reproduce-custom/report.html
    for key in cells runs figures comparable data_sha256 kernels_sha256 report vote_all vote_proportion paper difference below mean sd min max n final_sha256; do
        prints "\"$key\":"
    done
    [ "$(json comparable)" = false ] || wrong "comparable is $(json comparable)"
    [ "$(grep -o '"below":' "$work/out" | wc -l)" = 6 ] || wrong "not a cell for each size and epoch"
}
reproduce_one() { # a single seed has no spread; a paper's number stands beside, and is not compared
    run 0 reproduce --data "$work/small" --sizes 100 --train-images 20 --label-images 20 --test-images 20 --epochs 1 --seeds 1 --seed 18446744073709551615 --json --out 'a <b>&"c'
    is_json "$work/out"
    prints '"sd":null'
    prints '"paper":72.58,"difference":null'
    is_page 'a <b>&"c/report.html'
    grep -qF -- "--out &#39;a" 'a <b>&"c/report.html' || grep -qF -- "--out 'a &lt;b&gt;&amp;&quot;c'" 'a <b>&"c/report.html' || wrong "the command is not quoted"
}
reproduce_stopped() {
    begin "training 3 networks" reproduce --data "$work/small" --sizes 100 --train-images 600 --epochs 200 --out out
    sleep 0.5
    kill -INT "$pid"
    finish 75
    says "stopped: 0 of 3 runs are finished in out/runs; the same command keeps them and trains the others"
    [ ! -s "$work/out" ] || wrong "a result was printed"
    for k in 1 2 3; do [ "$(json state out/runs/n100-s$k/run.json)" = stopped ] || wrong "seed $k is $(json state out/runs/n100-s$k/run.json)"; done
    [ ! -e out/report.html ] || wrong "there is a page"
}
in_full_again() {
    run 8 "$@" --out full
    says "WARNING: n16-s1: full/"
    says "No space left on device"
    prints "| 16 | vote all |"
    [ "$(json state full/runs/n16-s1/run.json)" = failed ] || wrong "state in run.json is $(json state full/runs/n16-s1/run.json)"
    ! find full -name '*.tmp' | grep . || wrong "a temporary file was left"
}
reproduce_two_at_once() { # the second waits for nothing, moves nothing away, and says who is there
    begin "training 3 networks" reproduce --data "$work/small" --sizes 100 --train-images 600 --epochs 200 --out out
    local first=$pid before k
    for ((k = 0; k < 400; k++)); do [ -e out/runs/n100-s3/run.json ] && break || sleep 0.05; done
    before=$(listing)
    run 2 reproduce --data "$work/small" --sizes 100,20 --train-images 600 --epochs 200 --out out
    says "out: another clsnn (process $first) is at work on runs there"
    [ "$before" = "$(listing)" ] || wrong "files have changed:" "$(diff <(echo "$before") <(listing))"
    pid=$first
    kill -INT "$pid"
    finish 75
    for k in 1 2 3; do [ ! -e out/runs/n100-s$k/previous-1 ] || wrong "seed $k was moved away"; done
}
reproduce_full() { mkdir full && in_mount 'mount -t tmpfs -o size=100k none full' in_full_again "${again[@]}" --sizes 16; }

profiled() { # each command is waited for then, and phases are launched apart: the same bits
    train --out plain
    local sha
    sha=$(sha)
    train --out json --profile
    [ "$(sha)" = "$sha" ] || wrong "another final_sha256 with --profile"
    for key in normalise encode present rest label test transfers; do prints "\"$key\""; done
    run 0 train "${small[@]}" --out text --profile
    prints "$sha"
    prints "us a command   share   (on the device, by its events)"
    grep -q "^present  *[0-9.]*  *[1-9]" "$work/out" || wrong "no command of phase present"
}
devices() {
    run 0 devices
    prints "--device           0:0"
    prints "(the default)"
    run 0 devices --json
    is_json "$work/out"
    for key in device name type platform driver compute_units global_memory_bytes available default; do prints "\"$key\":"; done
    [ "$(json device)" = 0:0 ] || wrong "the first device is $(json device)"
    run 0 train "${small[@]}" --device "$(json device)" --json --out out
    run 0 devices --device "$(json device | cut -c 4-9 | tr '[:lower:]' '[:upper:]')" # a part of the name, in any case
}
data_list() {
    run 0 data list
    prints "not found   to get it: clsnn data fetch mnist"
    prints "60000 training, 10000 test, 28 x 28"
    run 0 data list --json
    is_json "$work/out"
    prints '"name": "digits"'
    prints '"searched"'
    [ -z "$(ls -A)" ] || wrong "data list has made files"
}
data_list_found() { # what is MNIST is test_download.c's affair
    export CLSNN_DATA=$work/small
    run 3 data list
    prints "searched    $work/small (\$CLSNN_DATA): has MNIST's file names"
    prints "unusable    see the error"
    says "MNIST's is"
    mkdir empty damaged
    head -c 100 "$work/small/train-images-idx3-ubyte" >damaged/train-images-idx3-ubyte
    CLSNN_DATA=$PWD/empty run 0 data list
    prints "no MNIST files in it"
    export CLSNN_DATA=$PWD/damaged
    run 3 data list
    prints "unusable    see the error"
    says "damaged: train-labels-idx1-ubyte"
    run 3 data list --json
    is_json "$work/out"
    prints '"found": false'
    export CLSNN_DATA=$PWD/gone
    run 3 data list
    says "gone"
}
data_export() {
    run 0 data export digits "$PWD/x y" --json --quiet
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
    is_json "$work/out"
    prints '"train": 60000'
    [ "$(find "x y" -type f -name '*-ubyte.gz' | wc -l)" = 4 ] || wrong "not the four files: $(ls -A "x y")"
    gzip -t "x y"/*.gz || wrong "not gzip"
    for name in "x y"/*.gz; do same "$name" "$work/digits/${name##*/}"; done
}
data_export_hidden() { refuses 8 "is there already and would be read instead" data export digits "$work/small"; }
data_export_to() { refuses 8 "${1%/*}: is a device: must be a folder" data export digits "$1"; }
offline=(http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 ALL_PROXY=http://127.0.0.1:9 no_proxy= NO_PROXY=)
data_fetch_offline() { # a proxy where nobody listens is as good as no network
    export "${offline[@]}"
    run 8 data fetch mnist --out mnist
    says "MNIST could not be fetched into mnist"
    says "curl -fLO"
    says "sha256sum -c"
    says "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609  train-images-idx3-ubyte.gz"
    [ ! -s "$work/out" ] || wrong "something was printed on stdout"
    [ -z "$(ls -A mnist)" ] || wrong "files were left: $(ls -A mnist)"
}
data_fetch_wrong() { # a mirror that has something else under MNIST's names
    "$clsnn" data fetch mnist --out probe 2>&1 | grep -q "built without libcurl" && skip "built without libcurl"
    rm -rf probe
    export "${offline[@]}" CLSNN_MNIST_MIRROR="file://$work/digits"
    run 8 data fetch mnist --out mnist
    says "must be 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    [ -z "$(ls -A mnist)" ] || wrong "files were left: $(ls -A mnist)"
}
texts() {
    run 0 "$@"
    [ -s "$work/out" ] || wrong "nothing was printed"
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
}
verbose_place() {
    run 3 train --data nowhere --verbose
    tail -n 1 "$work/err" | grep -qE '\([^ ]*\.c:[0-9]+\)$' || wrong "no place in the source: $(tail -n 1 "$work/err")"
}

# Microseconds. Machines that run tests are noisy: only what no noise explains fails.
now() { echo "${EPOCHREALTIME/[.,]/}"; }
first_words() {
    local began words ended
    for k in 1 2 3; do # the quickest, should the machine be busy
        began=$(now)
        exec 9< <("$clsnn" train --data digits --neurons 20 --train-images 1 --label-images 1 --test-images 1 --out "out$k" 2>&1)
        read -r -u 9 _ || wrong "no words at all"
        ended=$(now)
        cat <&9 >/dev/null
        [ "${words:-999999999}" -lt $((ended - began)) ] || words=$((ended - began))
        [ "$words" -ge 100000 ] || break
    done
    note "first words on stderr after $((words / 1000)) ms$([ "$words" -lt 100000 ] || echo ' - WARNING: should be 100 ms')"
    [ "$words" -lt 1000000 ] || wrong "first words after $((words / 1000)) ms"
}
warm_start() {
    local began
    began=$(now)
    run 0 train "${small[@]}" --train-images 1 --label-images 1 --test-images 1 --quiet --out out
    note "warm start: a whole run of one image in $((($(now) - began) / 1000)) ms (20 neurons, kernels in the driver's cache)"
}
note() { echo "# $*" >>"$work/notes"; }

# ---- sweeps ----

tables=(results.csv results.jsonl summary.csv accuracy-neurons.png)
brief=(--data "$work/small" --train-images 20 --label-images 40 --test-images 30)
sweep() { run 0 sweep "$work/s.ini" "${brief[@]}" "$@"; }
same_tables() { # same_tables A B
    for name in "${tables[@]}"; do same "$1/$name" "$2/$name"; done
}
untouched() { find "$@" -type f -printf '%p %s %i %T@\n' | sort; }

sweep_base() { # what many cases read
    rm -rf "$work/swept"
    printf 'neurons = 16, 20\nseed = 1..3\n' >"$work/s.ini"
    sweep --out "$work/swept"
    prints "6 of 6 finished"
    prints "written to    $work/swept/{results.csv, results.jsonl, summary.csv, accuracy-neurons.png, runs/}"
    prints "mean +- half width of its 95 % interval"
    says "6 runs, 0 of them finished before"
    cd "$work/swept" || exit 1
    exist "${tables[@]}"
    [ "$(find . -maxdepth 1 -type f | wc -l)" = 5 ] || wrong "other files than the tables, a picture and the lock: $(ls -A)"
    [ "$(ls runs | tr '\n' ' ')" = "neurons-16_seed-1 neurons-16_seed-2 neurons-16_seed-3 neurons-20_seed-1 neurons-20_seed-2 neurons-20_seed-3 " ] ||
        wrong "runs: $(ls runs)"
    exist runs/*/{run.json,model.npz,metrics.csv,metrics.jsonl}
    [ "$(cut -d, -f 1-4 results.csv | tr '\n' ' ')" = "run,neurons,seed,state neurons-16_seed-1,16,1,finished neurons-16_seed-2,16,2,finished \
neurons-16_seed-3,16,3,finished neurons-20_seed-1,20,1,finished neurons-20_seed-2,20,2,finished neurons-20_seed-3,20,3,finished " ] ||
        wrong "results.csv: $(cat results.csv)"
    [ "$(awk -F, '{print NF}' results.csv | sort -u | wc -l)" = 1 ] || wrong "results.csv: lines of different lengths"
    [ "$(wc -l <results.jsonl) $(wc -l <summary.csv)" = "6 3" ] || wrong "results.jsonl or summary.csv: $(cat results.jsonl summary.csv)"
    local k
    for k in 1 2 3 4 5 6; do sed -n ${k}p results.jsonl >../line && is_json ../line; done
    ! grep -rqE 'seconds|driver|written' "${tables[@]:0:3}" || wrong "a table holds times or machines"
}
sweep_alone() { # every run is what clsnn train makes of the same settings
    local n s
    for n in 16 20; do
        for s in 1 2 3; do
            run 0 train "${brief[@]}" --neurons $n --seed $s --json --out out-$n-$s
            grep -q "^neurons-${n}_seed-$s,.*,$(sha)\$" "$work/swept/results.csv" || wrong "$n neurons, seed $s: alone it is $(sha): $(cat "$work/swept/results.csv")"
            same out-$n-$s/model.npz "$work/swept/runs/neurons-${n}_seed-$s/model.npz"
        done
    done
}
sweep_again() {
    cp -a "$work/swept" swept
    untouched swept/runs >before
    sweep --out swept --json
    says "6 runs, 6 of them finished before"
    [ "$(json images)/$(json finished)/$(json failed)/$(json runs)" = 0/6/0/6 ] || wrong "something was done: $(cat "$work/out")"
    untouched swept/runs | same before /dev/stdin
    same_tables swept "$work/swept"
}
# Everything that can happen to a run's files, one run each; all in one start, and each is told.
sweep_damaged() {
    cp -a "$work/swept" swept
    local r=swept/runs/neurons
    flip ${r}-16_seed-1/model.npz 9000
    truncate -s 2000 ${r}-16_seed-2/model.npz
    rm ${r}-16_seed-3/model.npz
    truncate -s 700 ${r}-20_seed-1/run.json
    sed -i 's/"final_sha256": "....../"final_sha256": "000000/' ${r}-20_seed-2/run.json
    untouched ${r}-20_seed-3 >before
    sweep --out swept
    says "6 runs, 1 of them finished before"
    says "${r}-16_seed-1 is made again: ${r}-16_seed-1/model.npz"
    says "${r}-16_seed-2 is made again: ${r}-16_seed-2/model.npz"
    says "${r}-16_seed-3 is made again: ${r}-16_seed-3/model.npz: cannot be opened"
    says "${r}-20_seed-1 is made again: ${r}-20_seed-1/run.json: is no JSON object"
    says "${r}-20_seed-2 is made again: model.npz does not have the hash that run.json tells"
    [ "$(grep -c "is made again" "$work/err")" = 5 ] || wrong "not five runs were made again"
    untouched ${r}-20_seed-3 | same before /dev/stdin
    same_tables swept "$work/swept"
    exist ${r}-16_seed-1/previous-1/model.npz # what was found there is kept
    ! find swept -path '*neurons-20_seed-3/previous*' | grep . || wrong "a finished run was moved"
}
sweep_damaged_more() {
    cp -a "$work/swept" swept
    local r=swept/runs/neurons
    : >${r}-16_seed-1/run.json
    rm ${r}-16_seed-2/run.json
    rm ${r}-16_seed-3/run.json && mkdir ${r}-16_seed-3/run.json
    echo '{"state": "finished"}' >${r}-20_seed-1/run.json
    sed -i 's/"state": "finished"/"state": "running"/' ${r}-20_seed-2/run.json
    rm -r ${r}-20_seed-3
    sweep --out swept
    says "6 runs, 0 of them finished before"
    says "${r}-16_seed-1 is made again: ${r}-16_seed-1/run.json: is no JSON object"
    says "${r}-16_seed-3 is made again: ${r}-16_seed-3/run.json: is a directory"
    says "${r}-20_seed-1 is made again: ${r}-20_seed-1/run.json: is of no format"
    same_tables swept "$work/swept"
}
sweep_other_settings() { # runs of other settings in the same place are done anew, and the earlier ones kept
    cp -a "$work/swept" swept
    run 1 sweep "$work/s.ini" "${brief[@]}" --test-images 29 --out swept --collect
    says "6 of 6 runs are not finished"
    grep -q '^neurons-16_seed-1,16,1,of other settings,' swept/results.csv || wrong "results.csv: $(cat swept/results.csv)"
    printf 'neurons = 16\nseed = 1, 2\n' >two.ini
    printf 'neurons = 16, 17\nseed = 1\n' >three.ini
    run 0 sweep three.ini "${brief[@]}" --test-images 29 --out swept
    [ "$(find swept/runs -name previous-1 | wc -l)" = 0 ] || wrong "another sweep has moved runs of other names"
}
sweep_extended() { # more values: what is finished stays, wherever the new ones stand
    cp -a "$work/swept" swept
    untouched swept/runs >before
    printf 'neurons = 18, 16, 20\nseed = 1..4\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --out swept
    says "12 runs, 6 of them finished before"
    prints "12 of 12 finished"
    untouched swept/runs | grep -E '/neurons-(16|20)_seed-[1-3]/' | same before /dev/stdin
    grep -E '^neurons-(16|20)_seed-[1-3],' swept/results.csv | same /dev/stdin <(tail -n +2 "$work/swept/results.csv")
    sweep --out swept # and fewer again
    same_tables swept "$work/swept"
}
sweep_others() { # another sweep's runs in the same place: told, left alone; its picture goes, somebody's own stay
    cp -a "$work/swept" swept
    echo mine >swept/accuracy-mine.png
    echo mine >swept/accuracy-neurons.png.old
    untouched swept/runs >before
    printf 'w_norm = 70, 80\n' >o.ini
    run 0 sweep o.ini "${brief[@]}" --neurons 16 --out swept
    says "swept/runs holds 6 finished runs that are not of this sweep: left alone, and not in its tables"
    untouched swept/runs/neurons-* | same before /dev/stdin
    exist swept/accuracy-w_norm.png swept/accuracy-mine.png swept/accuracy-neurons.png.old
    [ ! -e swept/accuracy-neurons.png ] || wrong "a picture of another sweep has stayed"
    [ "$(wc -l <swept/results.csv)" = 3 ] || wrong "results.csv: $(cat swept/results.csv)"
    sweep --out swept --collect
    says "swept/runs holds 2 finished runs that are not of this sweep"
    same_tables swept "$work/swept"
}
sweep_shards() {
    local k
    for k in 2 1; do
        sweep --out parts --shard $k/3
        says "6 runs in all shards"
        [ ! -e parts/results.csv ] || wrong "a shard has written the table of all"
    done
    prints "--collect"
    run 1 sweep "$work/s.ini" "${brief[@]}" --out parts --collect
    says "2 of 6 runs are not finished; parts/results.csv tells which"
    [ "$(grep -c ',missing,' parts/results.csv)" = 2 ] || wrong "results.csv: $(cat parts/results.csv)"
    SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_STEP=2 run 0 sweep "$work/s.ini" "${brief[@]}" --out parts --json
    says "Slurm array task: shard 3/3"
    [ "$(json shard)" = 3/3 ] || wrong "shard: $(json shard)"
    sweep --out parts --collect
    same_tables parts "$work/swept"
    mkdir vendors
    OCL_ICD_VENDORS=$PWD/vendors/ OCL_ICD_FILENAMES='' sweep --out parts --collect --quiet # on a machine without a device too
    [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"
}
sweep_json() {
    sweep --out swept --json
    is_json "$work/out"
    [ "$(wc -l <"$work/out")" = 1 ] || wrong "not one line on stdout"
    [ "$(json runs)/$(json finished)/$(json failed)/$(json images)/$(json shard)" = 6/6/0/120/1/1 ] || wrong "stdout: $(cat "$work/out")"
    prints '"summary":[{"neurons":16,"runs":3,"all":{"n":3,"mean_percent":'
    same_tables swept "$work/swept"
}
long_sweep=(--data "$work/small" --train-images 600 --epochs 1000 --neurons 100 --label-images 10 --test-images 10)
sweep_two() { # of one run only one process is at work; other runs are nobody else's business
    echo "seed = 1..4" >l.ini
    begin "results go to out" sweep l.ini "${long_sweep[@]}" --out out --shard 1/2
    local first=$pid code=0 before k
    for ((k = 0; k < 400; k++)); do [ -e out/runs/seed-3/run.json ] && break || sleep 0.05; done
    before=$(listing)
    cp "$work/err" first.err && mv first.err ..
    run 2 sweep l.ini "${long_sweep[@]}" --out out
    says "out: another clsnn (process $first) is at work on runs there"
    run 2 sweep l.ini "${long_sweep[@]}" --out out --shard 1/2
    says "process $first"
    [ "$before" = "$(listing)" ] || wrong "files have changed:" "$(diff <(echo "$before") <(listing))"
    printf 'seed = 4, 3\n' >m.ini # another file, which has a run in common
    run 2 sweep m.ini "${long_sweep[@]}" --out out
    says "process $first"
    begin "results go to out" sweep l.ini "${long_sweep[@]}" --out out --shard 2/2
    for ((k = 0; k < 400; k++)); do [ -e out/runs/seed-4/run.json ] && break || sleep 0.05; done
    exist out/runs/seed-{1,2,3,4}/run.json
    kill -INT "$pid" "$first"
    finish 75
    pid=$first
    finish 75
    run 0 sweep l.ini "${long_sweep[@]}" --epochs 1 --train-images 5 --out out --quiet # the locks went with their processes
}
sweep_fault() { # one that blows up is marked, the others go on
    printf 'seed = 1, 2\nw_norm = 78, 700000\n' >f.ini
    local unstable=(--neurons 16 --set w_max=1000 --set tau_g_exc_ms=100 --set tau_m_exc_ms=1 --set theta_init_mv=1000 --set time_off_ms=0)
    run 1 sweep f.ini "${brief[@]}" "${unstable[@]}" --out out --json
    says "run seed-1_w_norm-700000 failed: network"
    says "is not a number or beyond 1e+06 mV"
    says "clsnn sweep: 2 of 4 runs failed; out/results.csv tells which, their run.json why"
    is_json "$work/out"
    [ "$(json finished)/$(json failed)" = 2/2 ] || wrong "stdout: $(cat "$work/out")"
    [ "$(cut -d, -f 1,4 out/results.csv | tr '\n' ' ')" = "run,state seed-1_w_norm-78,finished seed-1_w_norm-700000,failed seed-2_w_norm-78,finished seed-2_w_norm-700000,failed " ] ||
        wrong "results.csv: $(cat out/results.csv)"
    [ "$(json state out/runs/seed-2_w_norm-700000/run.json)" = failed ] || wrong "run.json: $(cat out/runs/seed-2_w_norm-700000/run.json)"
    grep -q '"error": "network ' out/runs/seed-2_w_norm-700000/run.json || wrong "run.json does not say why"
    [ ! -e out/runs/seed-2_w_norm-700000/model.npz ] || wrong "a failed run has a model"
    run 10 train "${brief[@]}" "${unstable[@]}" --set w_norm=700000 --out alone # as it does alone
}
# sweep_bad CODE TEXT LINES ARGUMENT...: a file of these lines is refused.
sweep_bad() {
    local code=$1 text=$2
    printf '%b' "$3" >bad.ini
    refuses "$code" "$text" sweep bad.ini "${@:4}"
}
sweep_read_only() {
    mkdir -p there/out
    in_mount 'mount --bind there there && mount -o remount,bind,ro there' refuses 8 "Read-only file system" sweep "$work/s.ini" "${brief[@]}" --out there/out
}
sweep_in_the_way() { # a file where a run's directory goes
    mkdir -p out/runs && echo mine >out/runs/neurons-20_seed-1
    run 8 sweep "$work/s.ini" "${brief[@]}" --out out
    says "out/runs/neurons-20_seed-1"
    [ "$(cat out/runs/neurons-20_seed-1)" = mine ] || wrong "somebody's file was lost"
}
sweep_memory() { # oclgrind's device has 128 MiB
    local icd=/usr/lib/oclgrind/liboclgrind-rt-icd.so
    [ -e $icd ] || skip "oclgrind, a device with little memory, is not installed"
    printf 'neurons = 20, 16384\n' >big.ini
    export OCL_ICD_VENDORS=$icd
    unset CLSNN_DEVICE
    "$clsnn" devices 2>/dev/null | grep -q Oclgrind || skip "the loader does not take oclgrind's device"
    refuses 6 "a network of 16384 neurons takes" sweep big.ini --data "$work/digits" --out out
}
sweep_stopped() {
    printf 'seed = 1..6\n' >l.ini
    local some=(--data "$work/small" --train-images 600 --epochs 6 --neurons 100 --label-images 10 --test-images 10)
    begin "results go to out" sweep l.ini "${some[@]}" --out out
    sleep "$1"
    kill -INT "$pid"
    finish 75
    says "stopped: "
    says "of 6 runs are finished and in out/runs; the same command goes on with the others"
    [ ! -s "$work/out" ] || wrong "a result was printed"
    [ ! -e out/results.csv ] || wrong "a table was written"
    untouched $(grep -l '"state": "finished"' out/runs/*/run.json | xargs -r dirname) /dev/null >before
    run 0 sweep l.ini "${some[@]}" --out out
    untouched $(awk '{print $1}' before | xargs -r dirname | sort -u) /dev/null | same before /dev/stdin
    run 0 sweep l.ini "${some[@]}" --out straight
    for name in results.csv results.jsonl summary.csv; do same out/$name straight/$name; done
}
train_runs() {
    run 0 train "${brief[@]}" --neurons 16 --runs 3 --json
    is_json "$work/out"
    prints '"summary":[{"runs":3,"all":{"n":3,"mean_percent":'
    exist runs-n16-e1-s1-r3/{results.csv,summary.csv,results.jsonl}
    [ "$(ls runs-n16-e1-s1-r3/runs | tr '\n' ' ')" = "seed-1 seed-2 seed-3 " ] || wrong "runs: $(ls runs-*/runs)"
    cmp -s <(cut -d, -f 3- runs-n16-e1-s1-r3/results.csv) <(sed 4q "$work/swept/results.csv" | cut -d, -f 4-) ||
        wrong "not what the sweep has: $(cat runs-n16-e1-s1-r3/results.csv)"
    run 0 train "${brief[@]}" --neurons 16 --runs 2 --seed 18446744073709551614 --out large
    prints "written to    large/{results.csv, results.jsonl, summary.csv, runs/}"
    ! ls large/*.png 2>/dev/null || wrong "there is a picture after all"
    tail -n 1 large/results.csv | grep -q '^seed-18446744073709551615,18446744073709551615,finished' || wrong "results.csv: $(cat large/results.csv)"
    tail -n 1 large/results.jsonl >line && is_json line
    refuses 2 "--runs = 3 from --seed 18446744073709551614 on: seeds end at 2^64 - 1" train --runs 3 --seed 18446744073709551614
    refuses 2 "--runs = 0: must be in [1, 10000]" train --runs 0
    refuses 2 "--runs = 10001: must be in [1, 10000]" train --runs 10001
}

# ---- the list ----

names=() bodies=() needs=()
add() { # add NEED NAME COMMAND...: NEED is device or nothing
    [ ${#names[@]} = 0 ] || [[ $2 =~ $only ]] || return 0
    needs+=("$1") names+=("$2")
    shift 2
    bodies+=("$(printf '%q ' "$@")")
}
on() { add device "$@"; }
any() { add nothing "$@"; }

on "train --json: one object with every key" train_json
on "train: the files of a run" train_files
on "train: words for people" train_text

on "data mnist is nowhere" data_absent "mnist: found in none of" mnist
on "data mnist is nowhere: how to get it" data_absent "clsnn data fetch mnist" mnist
on "data DIR does not exist" data_absent "data = nowhere: no such directory: must be auto, mnist, digits or a directory" nowhere
on "data DIR is a file" data_is_file
on "data DIR is empty" data_empty
on "CLSNN_DATA does not exist" data_variable
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
    on "data DIR lacks $name" data_lacks $name
done
images=train-images-idx3-ubyte labels=t10k-labels-idx1-ubyte
for n in 0 1 2 3 9 10 11 18 100; do on "gzip truncated to $n bytes" packed "trunca" $images cut_to $n; done
on "gzip truncated to half, images" packed "truncated gzip data: ends after" $images cut_half
on "gzip truncated to half, labels" packed "truncated gzip data: ends after" $labels cut_half
on "gzip lacks its last byte" packed "truncated gzip data" $images cut_to -1
on "gzip lacks its trailer" packed "truncated gzip data" $labels cut_to -8
on "gzip: method damaged" packed "corrupt gzip data" $images flip_at 2
on "gzip: middle damaged, images" packed "$images" $images flip_half
on "gzip: middle damaged, labels" packed "$labels" $labels flip_half
on "gzip: checksum damaged" packed "corrupt gzip data" $images flip_at -8
on "gzip: length damaged" packed "corrupt gzip data" $labels flip_at -1
on "gzip: magic damaged" packed "" $images flip_at 0
on "gzip: something follows" packed "something follows the gzip data" $images follow rubbish
on "gzip of something else" packed "magic number" $images become "$work/something.gz"
on "gzip of nothing" packed "trunca" $images become "$work/nothing.gz"
on "plain images truncated" plain "the file is truncated" $images cut_to 10000
on "plain images truncated in the header" plain "the file is truncated" $images cut_to 15
on "plain images empty" plain "the file is truncated" $images cut_to 0
on "plain labels: something follows" plain "t10k-labels-idx1-ubyte: holds more than 308 bytes, which is what its header claims" $labels follow rubbish
on "images: wrong magic" plain "magic number of the images 0x00000804: must be 0x00000803" $images put 3 4
on "images: labels in their place" plain "images and labels are swapped" $images become "$work/small/$labels"
on "labels: wrong magic" plain "magic number of the labels 0xff000801: must be 0x00000801" $labels put 0 255
on "images of 27 x 27 pixels" plain "images of 27 x 27 pixels: must be 28 x 28" $images side_27
on "fewer labels than images" plain "600 images but 599 labels: must be as many" train-labels-idx1-ubyte labels_for 599
on "more labels than images" plain "300 images but 301 labels: must be as many" $labels labels_for 301
on "label 10" plain "label of image 7 = 10: must be in [0, 9]" train-labels-idx1-ubyte put 15 10
on "label 255 in the test set" plain "label of image 299 = 255: must be in [0, 9]" $labels put 307 255
on "no images at all" plain "header claims 0" $images put 4 0 0 0 0
on "4294967295 images claimed" plain "header claims 4294967295" $images put 4 255 255 255 255

for n in 0 -1 1e9 16385 99999999999999999999 -0x10 1.5 abc '' ' ' 4OO; do
    any "--neurons '$n'" usage "--neurons = $n: " train --neurons "$n"
done
any "--neurons: the range is named" usage "[1, 16384]" train --neurons 0
any "--neurons without a value" usage "--neurons needs a value: --neurons N" train --neurons
any "--neurns: the nearest is named" usage "unknown option --neurns: did you mean --neurons?" train --neurns 5
any "an option that resembles none" usage "unknown option --xyzzyq: clsnn train --help lists them" train --xyzzyq
any "an option of another command" usage "--neurons is an option of clsnn train, not of clsnn eval" eval m.npz --neurons 5
any "a parameter as an option" usage "it is a model parameter, write --set w_max=VALUE" train --w_max 2
any "an unknown short option" usage "unknown option -z" train -z
any "trian: the nearest is named" usage "unknown command trian: did you mean train?" trian
any "a command that resembles none" usage "unknown command xyzzyq: clsnn --help lists them" xyzzyq
any "an option before the command" usage "stands before the command" --seed 1 train
any "train with an operand" usage 'unexpected operand "model.npz"' train model.npz
any "eval without its operand" usage "the operand missing: usage: clsnn eval [OPTION]... MODEL.npz" eval
any "replay with one operand" usage "operand missing: usage: clsnn replay [OPTION]... IN.npz OUT.npz" replay in.npz
any "data without a word" usage "operand missing: usage: clsnn data" data
any "data with another word" usage "data frobnicate: must be list, fetch mnist, or export digits DIR" data frobnicate
any "--work-group 3" usage "--work-group = 3: must be 0 or a power of two up to 1024" train --work-group 3
any "--work-group 2048" usage "--work-group = 2048: must be in [0, 1024]" train --work-group 2048
any "--epochs 0" usage "--epochs = 0: must be in [1, 1000]" train --epochs 0
any "--seed -1" usage "--seed = -1: must be in [0, 18446744073709551615]" train --seed -1
any "--rule hebb" usage "--rule = hebb: " train --rule hebb
any "--preset none" usage "--preset = none: must be one of" train --preset none
any "--shuffle=maybe" usage "--shuffle = maybe: must be yes or no" train --shuffle=maybe
any "--out ''" usage "--out is empty" train --out ''
any "--set without a value" usage "--set w_max: write --set NAME=VALUE" train --set w_max
any "--set of nothing known" set_bad "unknown parameter w_mx: did you mean w_max?" w_mx=1
any "--set out of range" set_bad "w_max = 0: must be in [0.001, 1000]" w_max=0
any "--set nan" set_bad "w_max = nan: not a number" w_max=nan
any "--set of two that disagree" set_bad "v_thresh_exc_mv = -65 must be above v_rest_exc_mv = -65" v_thresh_exc_mv=-65
any "--set of a time that is no whole step" set_bad "refrac_exc_ms = 0.3: must be a multiple of 0.5 ms" refrac_exc_ms=0.3
any "--config FILE that does not exist" refuses 8 "nowhere.ini: No such file or directory" train --config nowhere.ini
any "--config: unknown key" config_line "neurns = 5" "c.ini:2: unknown option or parameter neurns: did you mean neurons?"
any "--config: value out of range" config_line "neurons = 0" "c.ini:2: neurons = 0: must be in [1, 16384]"
any "--config: no key at all" config_line "neurons" "c.ini:2: neither name = value nor [clsnn]"
any "--config: another section" config_line "$(printf '[other]\nx = 1')" "unknown section [other]"
on "--device that does not exist" refuses 4 "no device matches --device 'xyzzyq': there is 0:0 (" train --device xyzzyq
on "--device 7:7" refuses 4 "no device matches --device '7:7'" devices --device 7:7
any "no OpenCL platform: devices" no_platform devices
any "no OpenCL platform: train" no_platform train "${small[@]}" --out out
on "no OpenCL platform: eval" no_platform eval "$work/base/model.npz" --data "$work/small" --out out
any "no OpenCL platform: replay" no_platform replay "$oracle/learn_12.npz" out.npz

on "--out is a file" out_is_file
on "--out is tried before anything is compiled" out_early
on "--out below a device" out_below /dev/null/x
on "--out in /proc" out_below /proc/clsnn
on "--out on a read-only file system" out_read_only
on "--out with a directory where run.json goes" out_taken
on "the disk is full at the start" disk_is_full
on "the disk is full at the end: the result is printed" disk_fills
on "the disk is full at the end: no file is named" disk_fills_said
on "the disk is full at the first evaluation: training goes on" disk_fills_early
on "the disk is full: replay" replay_disk_full
for place in closed full broken; do
    on "standard output is $place: devices" stdout_is $place devices
    on "standard output is $place: train --json" stdout_is $place train "${small[@]}" --json --out out
    any "standard output is $place: train --print-config" stdout_is $place train --print-config
    any "standard output is $place: --help" stdout_is $place --help
done
any "standard output is full: data list" stdout_is full data list
on "standard error and input are closed" stderr_closed

on "model: w (784, 3), theta of 2" model_shape '(784, 3)' '(2,)' "array 'theta_mv': f4 [2]: must be f4 [3]" 784*3 2
on "model: w (10, 10)" model_shape '(10, 10)' '(10,)' "array 'w': f4 [10, 10]: must be f4 [784, " 100 10
on "model: w (784,)" model_shape '(784,)' '(1,)' "array 'w'" 784 1
on "model: w (784, 0)" model_shape '(784, 0)' '(0,)' "m.npz" 0 0
on "model: w (784, 16385)" model_shape '(784, 16385)' '(16385,)' "w has 16385 columns: must be in [1, 16384] neurons" 784*16385 16385
on "model: w of doubles" model_doubles
on "model: w holds a NaN" model_nan
on "model: no theta" model_lacks
on "model: label 10" model_label_10
on "model: without labels" model_unlabelled
for at in 0 14 30 100 1000 10000 30000 50000 -400 -300 -22 -10; do on "model: byte $at flipped" model_flipped $at; done
for n in 1 100 30000 -1 -22 -200; do on "model: $n bytes of it" model_cut $n; done
on "model: a text" model_no_zip
on "model: a picture" model_picture
on "model: an empty file" model_empty
on "model: no file" model_absent
on "model: a directory" model_directory
on "model: a pipe" model_pipe
on "eval: an earlier run is left alone when data are missing" eval_bad_data
on "eval: --out where the model is" eval_own_dir
on "eval: seed of the model" eval_seed
on "eval: a model's seed below 0" eval_bad_seed '{"seed":-3}' "bad.npz: about: seed = -3: must be"
on "eval: a model's seed that is no number" eval_bad_seed '{"seed":"x"}' "bad.npz: about: seed = x: not a number; must be"
on "eval: a model's seed twice" eval_bad_seed '{"seed":7,"seed":8}' "bad.npz: about is no JSON: duplicate object key"
on "replay: onto its own file" replay_onto_itself
on "more images than there are" too_many_images
on "eval: parameters and data of the model" eval_with_params

on "SIGINT: stopped and saved" stopped_by INT
on "SIGTERM: stopped and saved" stopped_by TERM
on "SIGUSR1: stopped and saved" stopped_by USR1
on "SIGINT before training" stopped_early
on "SIGTERM while labelling" stopped_labelling
on "SIGINT in eval" stopped_eval
on "SIGINT twice" stopped_twice
on "SIGTERM and --resume, again and again" stopped_and_resumed

on "--checkpoint-every 50: the newest three are kept" checkpoints_kept "ckpt-000000000300.npz ckpt-000000000350.npz ckpt-000000000400.npz"
on "--checkpoint-every 0: after epochs only" checkpoints_kept "ckpt-000000000200.npz ckpt-000000000400.npz" --checkpoint-every 0
on "--keep-checkpoints 1" checkpoints_kept "ckpt-000000000400.npz" --keep-checkpoints 1
on "--resume: a finished run" resume_finished
on "--resume: more epochs" resume_longer
on "--resume: no such directory" resume_nothing
on "--resume: an empty directory" resume_empty
on "--resume: another configuration" resume_other
on "--resume: a damaged checkpoint" resume_damaged
on "checkpoints of an earlier run are kept" resume_kept

on "train: two in one directory" train_two
on "verify: equal, JSON" verify_equal 1
on "verify: equal in work-groups of 64" verify_equal 64
on "verify: equal, text" verify_text
on "verify: a run that went on for more epochs" verify_grown
on "verify: another hash" verify_changed 's/("final_sha256": ")./\1x/' 1 "run: trained again, 1 values differ, the first: final_sha256"
on "verify: another accuracy" verify_changed '/"metrics"/,/"result"/s/("accuracy_all": )[0-9.]*/\10.123/' 1 "the first: evaluation 1: accuracy_all"
on "verify: times are no difference" verify_changed 's/("eval_seconds": )[0-9.]*/\10.123/' 0 ""
on "verify: without its weights" verify_no_model
on "verify: another run's weights" verify_other_model
on "verify: not finished" verify_changed 's/("state": )"finished"/\1"stopped"/' 3 "state is stopped: only a finished run can be verified"
on "verify: a parameter out of its range" verify_changed 's/("w_max": )[0-9.]+,?/\1-3,/' 3 "parameter w_max is missing, no number, or out of its range"
on "verify: no such run" verify_nothing
on "verify: no JSON" verify_no_json
on "verify: a run of eval" verify_eval
on "verify: other data" verify_other_data
any "verify: --seed" refuses 2 "seed: verify takes it from the run's run.json" verify run --seed 3
any "verify: --set" refuses 2 "w_max: verify takes it from the run's run.json" verify run --set w_max=2

on "train: the default directory" train_default_dir
on "train: digits for want of MNIST, loudly" train_auto
on "--eval-every 1: a line an epoch" every_epoch 1 3
on "--eval-every 2: and one at the end" every_epoch 2 2
on "eval: accuracy and hash of training" eval_again
on "eval: no files without --out" eval_no_out
on "the same hash in a second run" same_sha
on "the same hash with --work-group 1" same_sha --work-group 1
on "the same hash with --work-group 64" same_sha --work-group 64
for n in 1 7 1000; do on "the same hash with --chunk $n" same_sha --chunk $n; done
for n in 1 2; do on "the same hash on $n thread(s)" threads $n; done
on "another hash with --shuffle" other_sha --shuffle
on "another hash with --seed 2" other_sha --seed 2
on "another hash with --set" other_sha --set theta_plus_mv=0.06
on "an earlier run is kept in previous-1" previous
on "--quiet: train" quiet train "${small[@]}" --out out
on "--quiet: eval" quiet eval "$work/base/model.npz" --data "$work/small" --test-images 10
on "--quiet: replay" quiet replay "$oracle/learn_12.npz" out.npz
any "--print-config, --config: there and back" config_round_trip
on "--config: a run from a file" config_run
on "--seed 2^64 - 1" seed_large
on "names with spaces, UTF-8 and neither" odd_names
on "one neuron, one image" tiny
on "all images" all_images
on "no HOME" no_home
on "a terminal" on_terminal xterm
on "a dumb terminal" on_terminal dumb
for name in "$oracle"/*.npz; do
    name=${name##*/}
    on "replay $name" replay_oracle "${name%.npz}"
done
on "replay to a directory that does not exist" replay_to nowhere/out.npz
on "replay to a device" replay_to /dev/null
on "replay of a model" replay_model
on "replay of half a file" replay_cut
on "devices" devices
on "sweep: tables, pictures and runs" sweep_base
on "sweep: every run is what clsnn train makes of it" sweep_alone
on "sweep: a second start does nothing" sweep_again
on "sweep: damaged weights and hashes are found, told, done anew" sweep_damaged
on "sweep: damaged run.json and lost directories" sweep_damaged_more
on "sweep: runs of other settings" sweep_other_settings
on "sweep: a file with more values keeps what is finished" sweep_extended
on "sweep: another sweep's runs in the same place" sweep_others
on "sweep: shards, --collect: the same bytes" sweep_shards
on "sweep --json" sweep_json
on "sweep: two at once" sweep_two
on "sweep: a run that blows up" sweep_fault
on "sweep: SIGINT at once, and again" sweep_stopped 0
on "sweep: SIGINT later, and again" sweep_stopped 0.7
on "sweep: --out is read-only" sweep_read_only
on "sweep: a file where a run goes" sweep_in_the_way
any "sweep: more neurons than the device has memory for" sweep_memory
on "sweep: --out is a file" sweep_bad 8 "bad.ini: is a file: must be a folder" 'seed = 1..2' "${brief[@]}" --out bad.ini
on "sweep: --out below a device" sweep_bad 8 /dev/null 'seed = 1..2' "${brief[@]}" --out /dev/null/x
on "sweep --collect: no such directory" sweep_bad 8 nowhere 'seed = 1..2' "${brief[@]}" --out nowhere --collect
on "sweep: data that are nowhere" sweep_bad 3 "no such directory" 'seed = 1..2\ndata = nowhere'
any "sweep without its file" usage "operand missing: usage: clsnn sweep" sweep
any "sweep of two files" usage 'unexpected operand "b.ini"' sweep a.ini b.ini
any "sweep: no such file" refuses 8 "nowhere.ini: No such file or directory" sweep nowhere.ini
any "sweep: a directory" refuses 8 "Is a directory" sweep /
any "sweep: a NUL byte" sweep_bad 2 "bad.ini:2: a NUL byte" 'seed = 1..2\nneurons = 1\0, 2\n'
any "sweep: an unknown key" sweep_bad 2 "bad.ini:2: unknown option or parameter neurns: did you mean neurons?" 'seed = 1..2\nneurns = 100, 200\n'
any "sweep: no key at all" sweep_bad 2 "bad.ini:1: neither name = value" 'neurons 100 200\n'
any "sweep: an empty range" sweep_bad 2 "bad.ini:1: neurons: the range 5..4 is empty: its first value is above its last" 'neurons = 5..4\n'
any "sweep: an empty place" sweep_bad 2 "bad.ini:1: neurons: an empty place in its list" 'neurons = 5,,4\n'
any "sweep: a range without a step" sweep_bad 2 "needs a step: 0.1..0.5..STEP" 'w_max = 0.1..0.5\n'
any "sweep: a step of 0" sweep_bad 2 "the step 0 must be above 0" 'w_max = 1..2.5..0\n'
any "sweep: a value out of range" sweep_bad 2 "bad.ini:1: neurons = 16385: must be in [1, 16384]" 'neurons = 100, 16385\n'
any "sweep: a value that is none" sweep_bad 2 "bad.ini:1: neurons = many: not a number" 'neurons = 100, many\n'
any "sweep: a value twice" sweep_bad 2 "bad.ini:1: neurons: 100 stands there twice" 'neurons = 100, 1e2\n'
any "sweep: parameters that disagree" sweep_bad 2 "v_thresh_exc_mv = -65 must be above v_rest_exc_mv = -65" 'v_thresh_exc_mv = -52, -65\n'
any "sweep: more than 10000 runs" sweep_bad 2 "bad.ini:2: epochs: with it the sweep has more than 10000 runs" 'seed = 1..5001\nepochs = 1, 2\n'
any "sweep: a range too long" sweep_bad 2 "has more than 10000 values" 'seed = 0..18446744073709551615\n'
any "sweep: unequal lists zipped" sweep_bad 2 "zip: neurons has 2 values, seed has 3: they must be as many" 'neurons = 1, 2\nseed = 1..3\nzip = neurons, seed\n'
any "sweep: zip of what is not swept" sweep_bad 2 "epochs is not swept: give it a list" 'neurons = 1, 2\nzip = neurons, epochs\n'
any "sweep: what cannot be swept" sweep_bad 2 "bad.ini:1: work-group: all runs of a sweep share it: give it one value" 'work-group = 1, 64\n'
any "sweep: swept and on the command line" sweep_bad 2 "is swept here and given on the command line too: leave one out" 'seed = 1..2\n' --seed 3
any "sweep: swept twice" sweep_bad 2 "bad.ini:2: seed: was swept before" 'seed = 1..2\nseed = 3..4\n'
any "sweep: --neurns" sweep_bad 2 "unknown option --neurns: did you mean --neurons?" 'seed = 1..2\n' --neurns 3
any "sweep: --resum of nothing known" sweep_bad 2 "unknown option --xyzzyq" 'seed = 1..2\n' --xyzzyq
for text in 5/4 0/4 4 a/b 1/ /2 -1/2 1/2/3; do on "sweep --shard $text" sweep_bad 2 "--shard = $text: must be I/N with I in [1, N]" 'seed = 1..2\n' --shard=$text; done
on "train --runs 3" train_runs
on "train --profile: the same bits, and where the time goes" profiled
on "bench: rows are checked, JSON, CSV and picture" bench_quick
on "bench: table" bench_table
on "bench: --sizes 20,x" refuses 2 "--sizes" bench --sizes 20,x
on "bench: --sizes with an end missing" refuses 2 "--sizes" bench --sizes 20,
on "reproduce: page, tables, figures, runs" reproduce_files
on "reproduce: a second start trains what is not finished" reproduce_again
on "reproduce: an epoch that the paper has not" reproduce_two
on "reproduce --json" reproduce_json
on "reproduce: one seed, odd names" reproduce_one
on "reproduce: SIGINT" reproduce_stopped
on "reproduce: the disk fills" reproduce_full
on "reproduce: two at once" reproduce_two_at_once
on "reproduce: --out is a file" refuses 8 "$work/something.gz: is a file: must be a folder" reproduce --data "$work/small" --out "$work/something.gz"
on "reproduce: --out in /proc" refuses 8 "/proc" reproduce --data "$work/small" --out /proc/clsnn
any "reproduce --seeds 0" usage "--seeds = 0: must be in [1, 1000]" reproduce --seeds 0
any "reproduce --sizes 0" usage "--sizes = 0: must be in [1, 16384] neurons" reproduce --sizes 0
any "reproduce --sizes 16,16" usage "16 stands twice" reproduce --sizes 16,16
any "reproduce --sizes with nothing in it" usage "--sizes = : not a number" reproduce --sizes 16,,20
any "reproduce --seeds beyond the last seed" usage "with --seeds 3 must be at most 18446744073709551613" reproduce --seed 18446744073709551615
any "reproduce --neurons" usage "--neurons is an option of clsnn train, not of clsnn reproduce" reproduce --neurons 5
any "data list" data_list
any "data list of what is another set, empty, damaged and gone" data_list_found
any "data export digits" data_export
any "data export: plain files in the way" data_export_hidden
any "data export below a device" data_export_to /dev/null/x
any "data fetch mnist without network: what to run elsewhere" data_fetch_offline
any "data fetch mnist from a wrong mirror" data_fetch_wrong
for name in train eval sweep reproduce replay devices data bench verify; do any "$name --help" texts $name --help; done
any "no arguments" texts
any "--version" texts --version
any "man" texts man
any "completion" texts completion
any "help train" texts help train
any "help" texts help
any "-h" texts -h
any "-V" texts -V
any "train --version" texts train --version
any "help of no command" usage "unknown command trian: did you mean train?" help trian
any "help of two commands" usage 'help: unexpected operand "eval"' help train eval
any "man with an operand" usage 'man: unexpected operand "page"' man page
any "completion with an operand" usage 'completion: unexpected operand "zsh"' completion zsh
on "--verbose: errors name their place" verbose_place
on "first words on stderr" first_words
on "warm start" warm_start

# ---- running it ----

for k in "${!names[@]}"; do
    [[ ${names[k]} =~ ${2:-} ]] || unset "names[k]" "bodies[k]" "needs[k]"
done
names=("${names[@]}") bodies=("${bodies[@]}") needs=("${needs[@]}")
[ ${#names[@]} -gt 0 ] || { echo "Bail out! no case is called ${2:-}" && exit 1; }
echo "1..${#names[@]}"
began=$(now)
if ! make_small; then
    sed 's/^/# /' "$work/err"
    echo "Bail out! clsnn data export digits fails"
    exit 1
fi
echo "nothing that anybody took for images" | gzip >"$work/something.gz"
gzip </dev/null >"$work/nothing.gz"
code=0
"$clsnn" devices >/dev/null 2>"$work/err" || code=$?
[ $code = 0 ] || sed 's/^/# no device: /' "$work/err"
failed=0 skipped=0
for ((k = 0; k < ${#names[@]}; k++)); do
    title="$((k + 1)) - ${names[k]}"
    if [ "${needs[k]}" = device ] && [ $code = 4 ]; then
        echo "ok $title # SKIP no OpenCL device"
        continue
    fi
    rm -f "$work/why" "$work/skip" "$work/notes" "$work/out" "$work/err"
    mkdir "$work/case"
    (cd "$work/case" && eval "${bodies[k]}") >>"$work/notes" 2>&1
    status=$?
    if [ $status = 0 ] && left=$(find "$work/case" -name '.clsnn-*.tmp' | grep .); then
        echo "temporary files are left: $left" >>"$work/why"
        status=1
    fi
    grep '^#' "$work/notes"
    if [ -e "$work/skip" ]; then
        skipped=$((skipped + 1))
        echo "ok $title # SKIP $(cat "$work/skip")"
    elif [ $status = 0 ]; then
        echo "ok $title"
    else
        failed=$((failed + 1))
        echo "not ok $title"
        cat "$work/why" "$work/notes" 2>/dev/null | sed 's/^/#   /'
    fi
    rm -rf "$work/case"
done
echo "# ${#names[@]} cases, $failed failed, $skipped skipped, $((($(now) - began) / 1000000)) s"
[ $failed = 0 ] || exit 1
[ $code != 4 ] || exit 77
