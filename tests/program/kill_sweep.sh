#!/usr/bin/env bash
# Kills sweeps at random moments and starts them again. The tables must equal those of an undisturbed sweep,
# byte for byte, and no run may be done twice. Then many processes work in one directory at once.
# Usage: kill_sweep.sh CLSNN [--full] [SEED]
# Takes some 90 s. --full kills more often and has no limit of time.
# Speaks TAP. Exits 77 without an OpenCL device.
set -u
# shellcheck source=tests/program/digits.sh
. "$(dirname "$0")/digits.sh"
clsnn=$(realpath "${1:?usage: kill_sweep.sh CLSNN [--full] [SEED]}") || exit 1
shift
kills=20 deaths=2 workers=16 relays=6 limit=40
if [ "${1:-}" = --full ]; then
    kills=100 deaths=5 relays=30 limit=100000
    shift
fi
seed=${1:-$((SRANDOM % 100000))}
RANDOM=$seed
work=$(mktemp -d "${TMPDIR:-/tmp}/clsnn-kill-sweep.XXXXXX") || exit 1
trap 'kill -KILL $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
for name in ${!CLSNN_*} ${!SLURM_*}; do [ "$name" = CLSNN_DEVICE ] || unset "$name"; done
export LC_ALL=C XDG_CONFIG_HOME=$work/config POCL_CACHE_DIR=${POCL_CACHE_DIR:-$work/kernels}
mkdir -p "$POCL_CACHE_DIR"
cd "$work" || exit 1

code=0
"$clsnn" devices >devices 2>&1 || code=$?
if [ $code = 4 ]; then
    echo "1..0 # SKIP no OpenCL device"
    exit 77
fi
echo 1..4
echo "# seed $seed: the same moments again with: $0 $clsnn $([ $kills = 20 ] || echo --full) $seed"

: >why
n=0 failed=0
check() { # check NAME: prints a line of TAP; a case has failed if ./why is not empty
    n=$((n + 1))
    if [ ! -s why ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        sed 's/^/#   /' why | head -n 30
        failed=1
    fi
    : >why
}
wrong() { echo "$*" >>why; }
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
pause() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }

# The data set: the first of the built-in digits, which load in no time.
"$clsnn" data export digits digits >said 2>&1 || { cat said && exit 1; }
mkdir data
cut_set digits data train 300
cut_set digits data t10k 300
rm -r digits
brief=(--data data --label-images 60 --test-images 60 --quiet)

sweep() { # sweep FILE DIR ARGUMENT...
    "$clsnn" sweep "$1" "${brief[@]}" --out "${@:2}" </dev/null
}
tables=(results.csv results.jsonl summary.csv)
same_tables() { # same_tables A B
    for name in "${tables[@]}"; do
        cmp -s "$1/$name" "$2/$name" ||
            wrong "$1/$name and $2/$name differ: $(diff "$1/$name" "$2/$name" | head -n 4)"
    done
}
finished_in() { grep -l '"state": "finished"' "$1"/runs/*/run.json 2>/dev/null; }
# mark DIR: prints inode and time of run.json and model.npz of each finished run. No sweep touches them again.
mark() {
    finished_in "$1" | sed 's/run.json$//' | while read -r dir; do
        stat -c '%n %i %Y %y' "$dir/run.json" "$dir/model.npz"
    done
}
# once DIR: every run must have finished exactly once. A run that is done again moves what it finds to
# previous-K.
once() {
    local dir times
    for dir in "$1"/runs/*/; do
        times=$(grep -l '"state": "finished"' "$dir"run.json "$dir"previous-*/run.json 2>/dev/null | wc -l)
        [ "$times" = 1 ] || wrong "${dir}: finished $times times"
    done
    find "$1" -name '*.png' -size 0 -o -name run.json -size 0 |
        while read -r name; do wrong "$name is empty"; done
}
left_over() { find "$1" -name '.clsnn-*.tmp' | wc -l; }

# An undisturbed sweep.

printf 'train-images = 300\nneurons = 16, 24\nepochs = 3\neval-every = 1\nseed = 1..5\n' >a.ini
sweep a.ini straight >said 2>&1 || wrong "$(cat said)" # puts the kernels into the driver's cache
rm -rf straight
began=$(now_ms)
sweep a.ini straight >said 2>&1 || wrong "$(cat said)"
took=$(($(now_ms) - began))
once straight
check "an undisturbed sweep of 10 runs, $took ms"

# Sweeps that are killed again and again.

died=0 rounds=0 temporary=0 end=$(($(now_ms) + 1000 * limit))
while [ $died -lt $kills ] && [ ! -s why ]; do
    rounds=$((rounds + 1))
    rm -rf out
    : >marks
    while :; do
        "$clsnn" sweep a.ini "${brief[@]}" --out out >said 2>&1 </dev/null &
        pid=$!
        pause $((RANDOM % (took + 50)))
        kill -KILL $pid 2>/dev/null
        code=0
        wait $pid 2>/dev/null || code=$?
        mark out >marks.now
        grep -vxFf marks.now marks >lost && wrong "after kill $died: finished runs were touched: $(cat lost)"
        mv marks.now marks
        [ $code = 0 ] && break
        [ $code = 137 ] || { wrong "exit code $code: $(cat said)" && break; }
        died=$((died + 1))
        if [ $died -ge $kills ] || { [ "$(now_ms)" -gt $end ] && [ $died -ge 10 ]; }; then
            code=0
            sweep a.ini out >said 2>&1 || wrong "the last start: $(cat said)"
            break
        fi
    done
    same_tables straight out
    once out
    temporary=$((temporary + $(left_over out)))
    [ "$(now_ms)" -le $end ] || [ $died -lt 10 ] || break
done
[ $died -ge 10 ] || wrong "killed $died times only"
name="killed $died times in $rounds sweeps"
check "$name: each has the undisturbed table, and what was finished was left alone"
[ $temporary = 0 ] || echo "# $temporary temporary files (.clsnn-*.tmp) of killed processes were left"

# Many processes at once, each killed and started again.

printf 'train-images = 300\nneurons = 16\nepochs = 2\nseed = 1..48\n' >b.ini
began=$(now_ms)
sweep b.ini one >said 2>&1 || wrong "$(cat said)"
span=$(($(now_ms) - began)) # the time of one process for all runs; a shard among $workers takes no less
worker() { # worker K: kills its shard $deaths times, then lets it end
    local k died=0 code pid
    RANDOM=$((seed + $1))
    while :; do
        "$clsnn" sweep b.ini "${brief[@]}" --out many --shard "$1/$workers" >"said.$1" 2>&1 </dev/null &
        pid=$!
        if [ $died -lt $deaths ]; then
            pause $((RANDOM % span))
            kill -KILL $pid 2>/dev/null
        fi
        code=0
        wait $pid 2>/dev/null || code=$?
        [ $code = 137 ] || break
        died=$((died + 1))
        echo "$1" >>deaths
    done
    [ $code = 0 ] || wrong "worker $1: exit code $code: $(cat "said.$1")"
}
: >deaths
for ((k = 1; k <= workers; k++)); do worker $k & pids[k]=$!; done
wait "${pids[@]}"
once many
[ "$(finished_in many | wc -l)" = 48 ] || wrong "$(finished_in many | wc -l) of 48 runs are finished"
sweep b.ini many --collect >said 2>&1 || wrong "--collect: $(cat said)"
same_tables one many
[ "$(wc -l <deaths)" -ge $((workers * deaths / 2)) ] || wrong "only $(wc -l <deaths) deaths"
name="$workers shards at once, $(wc -l <deaths) deaths"
check "$name: 48 runs, each finished once, the table of one process"

# Several processes that want the same runs.

# A process that comes second is refused and tries again. With many runs it takes a while to look at the
# directory, so a rival often looks while another finishes the last run.
printf 'neurons = 100\nseed = 1..24\ntrain-images = 5\n' >c.ini
rival() {
    local code=2
    RANDOM=$((seed + $1))
    while [ $code = 2 ]; do
        code=0
        sweep c.ini wanted >"said.$1" 2>&1 || code=$?
        [ $code != 2 ] || echo refused >>refusals
        pause $((RANDOM % 30))
    done
    [ $code = 0 ] || wrong "rival $1: exit code $code: $(cat "said.$1")"
}
: >refusals
sweep c.ini alone >said 2>&1 || wrong "$(cat said)"
for ((round = 0; round < relays; round++)); do
    rm -rf wanted
    for k in 1 2 3 4; do rival $((10 * round + k)) & pids[k]=$!; done
    wait "${pids[1]}" "${pids[2]}" "${pids[3]}" "${pids[4]}"
    once wanted
    same_tables alone wanted
done
check "4 processes for the same 24 runs, $relays times, $(wc -l <refusals) refusals: each run finished once"
exit $failed
