#!/usr/bin/env bash
# Kills runs (kill -9) at random instants and at every system call of one save, and stops them by signals at
# random instants. --resume must continue from what is left and end with the bits of an undisturbed run. A
# damaged checkpoint is a failure too, even if the checkpoint before it is whole.
# Usage: kill.sh CLSNN [--full] [SEED]
# Takes about a minute. --full: 200 kills, every system call, 300 signals of each kind, and signals
# to 6400 neurons, for half an hour.
# Speaks TAP. Exits 77 without an OpenCL device.
set -u
# shellcheck source=tests/program/digits.sh
. "$(dirname "$0")/digits.sh"
clsnn=$(realpath "${1:?usage: kill.sh CLSNN [--full] [SEED]}") || exit 1
shift
full=false
[ "${1:-}" != --full ] || { full=true && shift; }
RANDOM=${1:-$((EPOCHSECONDS % 32768))}
seed=${1:-$RANDOM}
RANDOM=$seed
n_kills=14 n_signals=3 every=6 n_large=0
! $full || n_kills=200 n_signals=300 every=1 n_large=12
limit_ms=2000

work=$(mktemp -d "${TMPDIR:-/tmp}/clsnn-kill.XXXXXX") || exit 1
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
for name in ${!CLSNN_*}; do [ "$name" = CLSNN_DEVICE ] || unset "$name"; done
export LC_ALL=C HOME=$work/home XDG_CONFIG_HOME=$work/home POCL_CACHE_DIR=${POCL_CACHE_DIR:-$work/kernels}
mkdir -p "$HOME" "$POCL_CACHE_DIR"
cd "$work" || exit 1

n=0 failed=0
check() { # check NAME REASON: prints one line of TAP; an empty REASON means ok
    n=$((n + 1))
    [ -n "$2" ] || { echo "ok $n - $1" && return; }
    echo "not ok $n - $1"
    echo "# $2"
    failed=$((failed + 1))
}
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
# sleep_random MS: sleeps for a random time in [0, MS)
sleep_random() {
    local us=$(((RANDOM * 32768 + RANDOM) % ($1 * 1000)))
    sleep "$((us / 1000000)).$(printf %06d $((us % 1000000)))"
}

"$clsnn" devices >/dev/null 2>err || { echo "1..0 # SKIP $(head -n 1 err)" && exit 77; }
"$clsnn" data export digits digits >/dev/null 2>err || { cat err && exit 1; }
mkdir small && cut_set digits small train 400 && cut_set digits small t10k 200 && rm -r digits

settings=(train --data small --neurons 40 --train-images 400 --epochs 3 --eval-every 1 --label-images 200
    --test-images 200 --shuffle --checkpoint-every 60 --keep-checkpoints 2 --json)
no_times() { sed -E 's/"(seconds|eval_seconds|images_per_second)":[^,}]*//g' "$1"; }
sha() { grep -oE '"final_sha256": ?"[0-9a-f]{64}"' "$1"; }

"$clsnn" "${settings[@]}" --out whole >whole.json 2>err || { cat err && exit 1; } # fills the kernel cache
rm -r whole
began=$(now_ms)
"$clsnn" "${settings[@]}" --out whole >whole.json 2>err || { cat err && exit 1; }
whole_ms=$(($(now_ms) - began))
no_times whole/metrics.jsonl >whole.metrics
echo "# seed $seed; a run takes $whole_ms ms"

# go_on: sets args for the next process, with --resume if there is a checkpoint
go_on() {
    args=("${settings[@]}" --out out)
    local there=(out/checkpoint/ckpt-*.npz)
    [ ! -e "${there[0]}" ] || args+=(--resume)
}
# wrong_result: prints how a finished run differs from the undisturbed one
wrong_result() {
    [ "$(sha out.json)" = "$(sha whole.json)" ] || echo "final_sha256 differs: $(sha out.json)"
    no_times out/metrics.jsonl | cmp -s - whole.metrics || echo "metrics.jsonl differs"
    [ -z "$(find out -name '.clsnn-*')" ] || echo "unfinished files were left"
    grep -q '"state": "finished"' out/run.json || echo "run.json is not that of a finished run"
}
# wrong_words: prints a warning, which no process may give
wrong_words() { grep -h WARNING err | head -n 1; }

# kill -9 at random instants.

n_runs=0 n_resumed=0 why=
for ((k = 0; k < n_kills && ${#why} == 0; )); do
    go_on
    [ "${args[*]: -1}" != --resume ] || n_resumed=$((n_resumed + 1))
    "$clsnn" "${args[@]}" >out.json 2>err &
    pid=$!
    sleep_random $((whole_ms + whole_ms / 8))
    if kill -KILL $pid 2>/dev/null; then
        code=0
        wait $pid 2>/dev/null || code=$?
    else
        wait $pid
        code=$?
    fi
    pid=
    why=$(wrong_words)
    if [ $code = 137 ]; then
        k=$((k + 1))
    elif [ $code = 0 ]; then
        n_runs=$((n_runs + 1))
        why+=$(wrong_result)
        rm -rf out
    else
        why+="exit code $code: $(tail -n 1 err)"
    fi
done
if [ -z "$why" ]; then
    go_on
    "$clsnn" "${args[@]}" >out.json 2>err || why="exit code $?: $(tail -n 1 err)"
    why+=$(wrong_words)$(wrong_result)
fi
name="kill -9 at $n_kills random instants"
check "$name: $n_resumed resumes, $((n_runs + 1)) runs finished with the same bits" "$why"

# kill -9 at every system call of one save.

if strace -o /dev/null true 2>/dev/null; then
    small_settings=(train --data small --neurons 10 --train-images 60 --label-images 60 --test-images 60
        --checkpoint-every 20 --keep-checkpoints 1 --json --quiet)
    "$clsnn" "${small_settings[@]}" --out one >one.json 2>err || { cat err && exit 1; }
    # Lists the system calls of the second save, which also removes the first checkpoint. A call's number
    # counts calls of its name. The first access to the folder looks for an earlier run. futex calls, in which
    # threads wait, have no fixed number and are left out.
    strace -f -o trace "$clsnn" "${small_settings[@]}" --out traced >/dev/null 2>&1
    awk 'NR == 1 { main = $1 }
         $1 != main { next }
         { call = $2; sub(/\(.*/, "", call) }
         call !~ /^[a-z0-9_]+$/ || call == "futex" { next }
         { n[call]++ }
         /access\("traced\/checkpoint"/ { looked++ }
         looked == 3 { print call, n[call]; if (call == "unlink") exit }' trace >calls
    n_calls=$(wc -l <calls) n_hit=0 n_missed=0 k=0 why=
    [ "$n_calls" -gt 10 ] || why="only $n_calls system calls were found in a save"
    while read -r call number && [ -z "$why" ]; do
        k=$((k + 1))
        [ $((k % every)) = 0 ] || continue
        rm -rf out
        code=0
        strace -f -o killed -e trace="$call" -e inject="$call:signal=KILL:when=$number" \
            "$clsnn" "${small_settings[@]}" --out out >out.json 2>err || code=$?
        # Another thread may reach that number of the call first, or no thread may. A process that was not
        # killed counts as missed. The checks below hold for every process.
        if [ $code = 137 ]; then n_hit=$((n_hit + 1)); else n_missed=$((n_missed + 1)); fi
        here=(out/checkpoint/ckpt-*.npz)
        resume=()
        [ ! -e "${here[0]}" ] || resume=(--resume)
        "$clsnn" "${small_settings[@]}" --out out "${resume[@]}" >out.json 2>err ||
            why="call $k ($call): exit code $?: $(tail -n 1 err)"
        [ "$(sha out.json)" = "$(sha one.json)" ] || why+="call $k ($call): another final_sha256"
        [ ! -s err ] || why+="call $k ($call): $(head -n 1 err)"
        [ -n "${resume[*]:-}" ] || why+="call $k ($call): the first checkpoint was lost"
    done <calls
    [ $n_hit -gt 0 ] || why+="none was killed"
    name="kill -9 at system calls of a save"
    check "$name: $n_hit of its $n_calls killed there, $n_missed not reached" "$why"
else
    n=$((n + 1))
    echo "ok $n - kill -9 at every system call of a save # SKIP strace is not installed or not allowed"
fi

# Signals at random instants. Each kind comes while kernels compile (in every third process, whose cache is
# empty), while the run trains, labels, reads out and saves.

kinds=(TERM USR2 XCPU "TERM TERM" INT USR1)
# nohup makes SIGHUP ignored for this script and what it starts
[ $((0x$(sed -n 's/^SigIgn:\t//p' /proc/self/status) & 1)) = 1 ] || kinds+=(HUP)
# stop KIND MS: sends $pid the signals of KIND within MS and waits for its end; sets code, and took in ms. A
# second signal follows within half a second, as timeout, srun and systemd send it to groups of processes.
stop() {
    local sent name
    # The program catches signals from its first words on.
    while [ ! -s err ] && kill -0 $pid 2>/dev/null; do sleep 0.01; done
    sleep_random "$2"
    sent=$(now_ms)
    for name in $1; do
        [ "$(now_ms)" -lt $((sent + 20)) ] || sleep_random 500
        kill -"$name" $pid 2>/dev/null
    done
    code=0
    wait $pid || code=$?
    pid=
    took=$(($(now_ms) - sent))
}
# stage_of: the stage in which the process was stopped, by its words
stage_of() {
    case $(grep -v '^data\|^results' err | tail -n 1) in
    *"while kernels compiled"*) echo compiling ;;
    *"of 200 images"* | *"while evaluating"*) echo evaluating ;;
    *"before the evaluation"*) echo readout ;;
    *) echo training ;;
    esac
}
rm -rf out
POCL_CACHE_DIR=$work/cold "$clsnn" "${settings[@]}" --out cold >/dev/null 2>err || { cat err && exit 1; }
for kind in "${kinds[@]}"; do
    worst=0 n_runs=0 n_late=0 n_cold=0 why=
    declare -A stages=()
    for ((k = 0; k < n_signals && ${#why} == 0; )); do
        go_on
        : >err
        cache=$POCL_CACHE_DIR within=$whole_ms
        if [ $((k % 3)) = 2 ]; then
            rm -rf cold
            cache=$work/cold within=1500
        fi
        POCL_CACHE_DIR=$cache "$clsnn" "${args[@]}" >out.json 2>err &
        pid=$!
        stop "$kind" $within
        why=$(wrong_words)
        if [ $code = 75 ]; then
            k=$((k + 1))
            stages[$(stage_of)]=$((${stages[$(stage_of)]:-0} + 1))
            [ $took -le $worst ] || worst=$took
            [ $took -le $limit_ms ] || n_late=$((n_late + 1))
            grep -q -- '--resume\|run the same command again' err || why+="no cure: $(tail -n 1 err)"
        elif [ $code = 0 ]; then
            n_runs=$((n_runs + 1))
            why+=$(wrong_result)
            rm -rf out
        else
            why+="exit code $code: $(grep . err | tail -n 3 | tr '\n' '|')"
        fi
    done
    if [ -z "$why" ]; then
        go_on
        "$clsnn" "${args[@]}" >out.json 2>err || why="exit code $?: $(tail -n 1 err)"
        why+=$(wrong_words)$(wrong_result)
    fi
    [ $n_late = 0 ] || why+="$n_late later than $limit_ms ms"
    name="$kind at $n_signals random instants: exit code 75 after at most $worst ms"
    check "$name, $((n_runs + 1)) runs finished with the same bits" "$why"
    for stage in "${!stages[@]}"; do echo "# stopped while $stage: ${stages[$stage]}"; done
done

# SIGHUP under nohup changes nothing, even while kernels compile.
why=
for ((k = 0; k < n_signals / 3 && ${#why} == 0; k++)); do
    rm -rf cold out err
    (trap '' HUP && POCL_CACHE_DIR=$work/cold exec "$clsnn" "${settings[@]}" --out out >out.json 2>err) &
    pid=$!
    until [ -s err ]; do sleep 0.01; done
    while kill -HUP $pid 2>/dev/null; do sleep 0.02; done
    code=0
    wait $pid || code=$?
    pid=
    [ $code = 0 ] || why="exit code $code: $(grep . err | tail -n 3 | tr '\n' '|')"
    why+=$(wrong_result)
done
check "HUP every 20 ms under nohup: $((n_signals / 3)) runs finished with the same bits" "$why"

if [ $n_large -gt 0 ]; then
    worst=0 n_done=0 why=
    for ((k = 0; k < n_large && ${#why} == 0; k++)); do
        rm -rf out
        : >err
        # The signal comes by turns during training, and during the evaluation after a single image.
        "$clsnn" train --data small --neurons 6400 --train-images $((k % 2 ? 400 : 1)) --label-images 400 \
            --out out >out.json 2>err &
        pid=$!
        while ! grep -q 'results go to' err && kill -0 $pid 2>/dev/null; do sleep 0.05; done
        stop TERM 3000
        [ $took -le $worst ] || worst=$took
        [ $code != 75 ] || n_done=$((n_done + 1))
        [ $code = 75 ] || [ $code = 0 ] || why="exit code $code: $(tail -n 1 err)"
    done
    [ $worst -le $limit_ms ] || why+="$worst ms"
    check "signals to 6400 neurons: exit code 75 after at most $worst ms, $n_done times" "$why"
fi
echo "1..$n"
[ $failed = 0 ]
