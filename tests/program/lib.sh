# shellcheck shell=bash
# shellcheck disable=SC2034 # scripts that source this file use its variables
# The shared half of this folder's scripts. A script tests one command or subject of the program as users meet
# it. Every mistake must have its message and exit code and leave nothing behind; every promise must hold.
#
# A script sources this file, defines its cases as functions, lists them with `on` (the case needs an OpenCL
# device) and `any`, and ends with run_cases. Usage of every script: SCRIPT.sh CLSNN [PATTERN]. Only cases
# whose name matches the regular expression PATTERN run. Scripts speak TAP. They exit with 77 if there is no
# OpenCL device and nothing failed. Each case runs in a directory of its own, which is removed afterwards. The
# lines after "not ok" say what went wrong.
set -u
# Under nohup SIGHUP is ignored, also by programs that are started. Cases need the usual answer to it.
[ $((0x$(sed -n 's/^SigIgn:\t//p' /proc/self/status) & 1)) = 0 ] ||
    exec env --default-signal=HUP bash "$0" "$@"
clsnn=$(realpath "${1:?usage: $(basename "$0") CLSNN [PATTERN]}") || exit 1
only=${2:-}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
# shellcheck source=tests/program/digits.sh
. "$here/digits.sh"
oracle=$(realpath "$here/../reference/oracle")
work=$(mktemp -d "${TMPDIR:-/tmp}/clsnn-$(basename "$0" .sh).XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# A user's own settings and data must not reach the cases. CLSNN_DEVICE may choose the device.
for name in ${!CLSNN_*} ${!SLURM_*}; do [ "$name" = CLSNN_DEVICE ] || unset "$name"; done
unset XDG_DATA_HOME TERM NO_COLOR
export LC_ALL=C HOME=$work/home XDG_CONFIG_HOME=$work/home/config
export POCL_CACHE_DIR=${POCL_CACHE_DIR:-$work/kernels}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} # OpenCL drivers keep their memory until the end
mkdir -p "$HOME" "$POCL_CACHE_DIR"
POCL_CACHE_DIR=$(realpath "$POCL_CACHE_DIR") # cases run elsewhere

# Cases are made of the following functions.

# wrong TEXT...: the case fails and ends
wrong() {
    echo "$*" >>"$work/why"
    exit 1
}
# skip REASON: the case ends without a verdict
skip() {
    echo "$*" >"$work/skip"
    exit 0
}
note() { echo "# $*" >>"$work/notes"; }
quote() { sed 's/^/    /' "$1" | cut -c 1-300 | tail -n 15 >>"$work/why"; }

# run CODE ARGUMENT...: runs the program, which must exit with CODE. Its words go to $work/out and $work/err.
# Both are new files, because a process in the background (see begin) may still write into the earlier ones.
# The limit leaves room for a driver's compiler, which may need minutes for a kernel that is not in its cache.
run() {
    local want=$1 code=0
    shift
    rm -f "$work/out" "$work/err"
    timeout -k 5 400 "$clsnn" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    ended "$want" "$code" "$*"
}
ended() { # ended WANTED CODE COMMAND
    if grep -qE 'Sanitizer|runtime error:' "$work/err"; then
        grep -E 'Sanitizer|runtime error:' "$work/err" >>"$work/why"
        wrong "clsnn $3: the sanitizer has found something"
    fi
    [ "$1" = "$2" ] && return
    quote "$work/out"
    quote "$work/err"
    wrong "clsnn $3: exit code $2: must be $1"
}

# says TEXT: stderr must hold TEXT; prints TEXT: stdout must
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

# refuses CODE TEXT ARGUMENT...: the program must exit with CODE, say TEXT, end stderr with its error line,
# print no result and leave every file as it was
refuses() {
    local code=$1 text=$2 before
    shift 2
    before=$(listing)
    run "$code" "$@"
    says "$text"
    tail -n 1 "$work/err" | grep -q '^clsnn' ||
        wrong "the last line is not the error: $(tail -n 1 "$work/err")"
    [ ! -s "$work/out" ] || wrong "something was printed on stdout: $(head -c 200 "$work/out")"
    [ "$before" = "$(listing)" ] || wrong "files have changed:" "$(diff <(echo "$before") <(listing))"
}
usage() { refuses 2 "$@"; }

no_words() { [ ! -s "$work/err" ] || wrong "stderr: $(head -c 200 "$work/err")"; }
quiet() { # quiet ARGUMENT...
    run 0 "$@" --quiet
    no_words
    [ -s "$work/out" ] || wrong "no result on stdout"
}

same() { cmp -s "$1" "$2" || wrong "$1 and $2 differ"; }
differ() { ! cmp -s "$1" "$2" || wrong "$1 and $2 are the same"; }
exist() {
    local name
    for name in "$@"; do [ -s "$name" ] || wrong "$name is missing or empty"; done
}
# until_there FILE: waits for a file, 20 s at most
until_there() {
    local k
    for ((k = 0; k < 400; k++)); do
        [ ! -e "$1" ] || return 0
        sleep 0.05
    done
}
untouched() { find "$@" -type f -printf '%p %s %i %T@\n' | sort; }
# The time in microseconds. Machines that run tests are noisy: a case may fail only on times that no noise
# explains.
now() { echo "${EPOCHREALTIME/[.,]/}"; }

# json KEY [FILE]: prints the key's value in a JSON object, by default the program's stdout
json() {
    grep -oE "\"$1\": ?(\"[^\"]*\"|[^,}]*)" "${2:-$work/out}" | head -n 1 | sed 's/^[^:]*: *//; s/"//g'
}
state_is() { # state_is STATE FILE: of a run.json
    [ "$(json state "$2")" = "$1" ] || wrong "state in $2 is $(json state "$2"): must be $1"
}
# idx DIR PIXEL [LABEL]: copies the small data set; the expressions replace every pixel p and label p
idx() {
    python3 - "$work/small" "$1" "$2" "${3:-p}" <<'END'
import gzip, os, sys
source, target, pixel, label = sys.argv[1:]
os.makedirs(target)
pixels, labels = (bytes(eval(text) for p in range(256)) for text in (pixel, label))
for name in os.listdir(source):
    data = open(os.path.join(source, name), "rb").read()
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    head, table = (16, pixels) if "images" in name else (8, labels)
    data = data[:head] + data[head:].translate(table)
    open(os.path.join(target, name.removesuffix(".gz")), "wb").write(data)
END
}
# with_modules NAMES ARGUMENT...: runs a python that has these modules; without one the case is skipped
with_modules() {
    local python names=$1
    shift
    for python in python3 /usr/bin/python3; do
        "$python" -c "import $names" 2>/dev/null || continue
        "$python" "$@"
        return
    done
    skip "no python3 has $names"
}
with_numpy() { with_modules numpy "$@"; }
is_json() { # is_json FILE: python3 or jq must read it; without both nothing is tested
    if python3 -c '' 2>/dev/null; then
        python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" 2>>"$work/why" ||
            wrong "$1 is no JSON"
    elif jq --version >/dev/null 2>&1; then
        jq -e . "$1" >/dev/null 2>>"$work/why" || wrong "$1 is no JSON"
    fi
}
json_keys=(neurons epochs seed data device accuracy_all accuracy_proportion accuracy_likelihood confusion
    presentations train_seconds eval_seconds images_per_second final_sha256)

small=(--data "$work/small" --neurons 20 --train-images 200 --label-images 300 --test-images 300)
train() { run 0 train "${small[@]}" --json "$@"; }
sha() {
    json final_sha256 | grep -E '^[0-9a-f]{64}$' || wrong "no final_sha256 in: $(head -c 200 "$work/out")"
}
# Two epochs of 200 images with a checkpoint every 50. make_two runs them; the run is in $PWD/out and can be
# resumed.
two=("${small[@]}" --epochs 2 --checkpoint-every 50 --json)
make_two() { run 0 train "${two[@]}" --out out "$@"; }
# Settings of a sweep.
brief=(--data "$work/small" --train-images 20 --label-images 40 --test-images 30)

# Processes beside the case.

# begin TEXT ARGUMENT...: starts the program as process $pid and waits until it has said TEXT
begin() {
    local text=$1 k
    shift
    rm -f "$work/out" "$work/err" # the words of an earlier run do not count
    "$clsnn" "$@" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    for ((k = 0; k < 1200; k++)); do
        grep -qF "$text" "$work/err" 2>/dev/null && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null
    quote "$work/err"
    wrong "clsnn $*: never said: $text"
}
finish() { # finish CODE: waits for $pid, which must exit with CODE
    local code=0
    { (sleep 60 && kill -KILL "$pid") & } 2>/dev/null
    local guard=$!
    wait "$pid" || code=$?
    kill "$guard" 2>/dev/null
    ended "$1" "$code" "(after a signal)"
}

# in_mount SCRIPT COMMAND...: evaluates SCRIPT in a mount namespace of its own, then runs COMMAND there
in_mount() {
    local script=$1
    shift
    # shellcheck disable=SC2016 # the inner shell expands them
    unshare -rm bash -c "$script" 2>/dev/null || skip "mounting is not allowed here"
    # shellcheck disable=SC2046 # names are words
    export -f $(compgen -A function)
    export work clsnn
    unshare -rm bash -c "$script"' && "$@"' mounting "$@"
}

# Files.

size() { stat -c %s "$1"; }
zeros() { head -c "$1" /dev/zero; }

# flip FILE OFFSET: inverts every bit of the byte there; a negative offset counts from the end
flip() {
    local at=$2 old
    [ "$at" -ge 0 ] || at=$(($(size "$1") + at))
    old=$(od -An -tu1 -j "$at" -N 1 "$1")
    bytes $((old ^ 255)) | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}

# Fixtures. run_cases makes the fixtures that a script names.

# make_small makes $work/small, the data set of every run here: the first of the built-in digits, which load
# in no time. All built-in digits are in $work/digits.
make_small() {
    if [ -d "${TEST_DIGITS:-}" ]; then
        cp -r "$TEST_DIGITS" "$work/digits"
    else
        run 0 data export digits "$work/digits"
    fi
    mkdir "$work/small"
    cut_set "$work/digits" "$work/small" train 600
    cut_set "$work/digits" "$work/small" t10k 300
}
# make_base makes $work/base, a finished run of `train`. Cases read it and leave it alone. $work/base.json is
# the line that it printed, $work/final_sha256 its hash.
make_base() {
    [ "$device" = yes ] || return 0
    train --out "$work/base"
    cp "$work/out" "$work/base.json"
    sha >"$work/final_sha256"
}

# The list of cases, and running it.

names=() bodies=() needs=()
add() { # add NEED NAME COMMAND...: NEED is device or nothing
    [[ $2 =~ $only ]] || return 0
    needs+=("$1") names+=("$2")
    shift 2
    bodies+=("$(printf '%q ' "$@")")
}
on() { add device "$@"; }
any() { add nothing "$@"; }

show_why() { cat "$work/why" "$work/notes" 2>/dev/null | sed "s/^/$1/"; }

# run_cases FIXTURE...: makes the fixtures by make_FIXTURE, then runs every case of the list
run_cases() {
    local began code=0 failed=0 skipped=0 k title status left fixture
    [ ${#names[@]} -gt 0 ] || { echo "Bail out! no case is called $only" && exit 1; }
    echo "1..${#names[@]}"
    began=$(now)
    device=yes
    "$clsnn" devices >/dev/null 2>"$work/err" || code=$?
    [ $code = 0 ] || sed 's/^/# no device: /' "$work/err"
    [ $code != 4 ] || device=no
    for fixture in "$@"; do
        (cd "$work" && "make_$fixture") && continue
        show_why '# '
        echo "Bail out! the fixture '$fixture' cannot be made"
        exit 1
    done
    for ((k = 0; k < ${#names[@]}; k++)); do
        title="$((k + 1)) - ${names[k]}"
        if [ "${needs[k]}" = device ] && [ $device = no ]; then
            echo "ok $title # SKIP no OpenCL device"
            continue
        fi
        rm -f "$work/why" "$work/skip" "$work/notes" "$work/out" "$work/err"
        mkdir "$work/case"
        (cd "$work/case" && eval "${bodies[k]}") >>"$work/notes" 2>&1
        status=$?
        [ ! -s "$work/why" ] || status=1 # `wrong` in a pipeline ends only its own part of the pipeline
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
            show_why '#   '
        fi
        rm -rf "$work/case"
    done
    echo "# ${#names[@]} cases, $failed failed, $skipped skipped, $((($(now) - began) / 1000000)) s"
    [ $failed = 0 ] || exit 1
    [ $device = yes ] || exit 77
}
