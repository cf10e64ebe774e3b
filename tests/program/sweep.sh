#!/usr/bin/env bash
# `clsnn sweep` and `clsnn train --runs`. Every run equals that of `train`, a second start does nothing, a
# damaged run is found and made again, and the tables do not depend on how processes shared the runs.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

tables=(results.csv results.jsonl summary.csv accuracy-neurons.png)
sweep() { run 0 sweep "$work/s.ini" "${brief[@]}" "$@"; }
same_tables() { # same_tables A B
    for name in "${tables[@]}"; do same "$1/$name" "$2/$name"; done
}
# table_is FIELDS FILE LINE...: these columns of a .csv file must hold these lines
table_is() {
    [ "$(cut -d, -f "$1" "$2")" = "$(printf '%s\n' "${@:3}")" ] || wrong "$2: $(cat "$2")"
}
runs_are() { # runs_are DIR NAME...: DIR must hold these runs; names in alphabetic order
    [ "$(cd "$1/runs" && echo *)" = "${*:2}" ] || wrong "runs: $(ls "$1/runs")"
}
tally() { echo "$(json runs)/$(json finished)/$(json failed)/$(json images)"; }

make_swept() { # makes $work/swept of $work/s.ini, a finished sweep; cases read it and leave it alone
    printf 'neurons = 16, 20\nseed = 1..3\n' >s.ini
    [ "$device" = no ] || sweep --out "$work/swept"
}

# The files of a sweep.

sweep_base() {
    local n s rows=("run,neurons,seed,state") names=()
    for n in 16 20; do
        for s in 1 2 3; do names+=("neurons-${n}_seed-$s") rows+=("neurons-${n}_seed-$s,$n,$s,finished"); done
    done
    sweep --out out
    prints "6 of 6 finished"
    prints "written to    out/{report.html, results.csv, results.jsonl, summary.csv, accuracy-neurons.png, "
    prints "mean +- half width of its 95 % interval"
    says "6 runs, 0 of them finished before"
    same_tables out "$work/swept"
    cd out || exit 1
    exist "${tables[@]}"
    [ "$(find . -maxdepth 1 -type f | wc -l)" = 6 ] ||
        wrong "other files than the page, the tables, a picture and the lock: $(ls -A)"
    runs_are . "${names[@]}"
    exist runs/*/{run.json,model.npz,metrics.csv,metrics.jsonl,report.html}
    table_is 1-4 results.csv "${rows[@]}"
    [ "$(awk -F, '{print NF}' results.csv | sort -u | wc -l)" = 1 ] ||
        wrong "results.csv: lines of different lengths"
    [ "$(wc -l <results.jsonl) $(wc -l <summary.csv)" = "6 3" ] ||
        wrong "results.jsonl or summary.csv: $(cat results.jsonl summary.csv)"
    for n in 1 2 3 4 5 6; do sed -n ${n}p results.jsonl >../line && is_json ../line; done
    ! grep -rqE 'seconds|driver|written' "${tables[@]:0:3}" || wrong "a table holds times or machines"
}
sweep_alone() { # clsnn train with the settings of a run gives the same run
    local n s
    for n in 16 20; do
        for s in 1 2 3; do
            run 0 train "${brief[@]}" --neurons $n --seed $s --json --out out-$n-$s
            grep -q "^neurons-${n}_seed-$s,.*,$(sha),\$" "$work/swept/results.csv" ||
                wrong "$n neurons, seed $s: alone it is $(sha): $(cat "$work/swept/results.csv")"
            same out-$n-$s/model.npz "$work/swept/runs/neurons-${n}_seed-$s/model.npz"
        done
    done
}
sweep_zipped() { # lists that vary together, with a picture for each
    printf 'neurons = 16, 20\nw_norm = 70, 80\nzip = neurons, w_norm\nseed = 1, 2\n' >z.ini
    run 0 sweep z.ini "${brief[@]}" --out out
    prints "4 of 4 finished"
    exist out/accuracy-neurons.png out/accuracy-w_norm.png
    differ out/accuracy-neurons.png out/accuracy-w_norm.png
}
sweep_points() { # random points, and a table of runs that gives the same ones
    printf 'w_norm = 60..90\ntheta_plus_mv = log(0.01..0.1)\nneurons = 16\n' >r.ini
    run 0 sweep r.ini "${brief[@]}" --random 3 --out drawn
    prints "3 of 3 finished"
    exist drawn/accuracy-w_norm.png drawn/accuracy-theta_plus_mv.png
    tail -n +2 drawn/results.csv | awk -F, 'BEGIN { print "theta_plus_mv,w_norm" } { print $3 "," $2 }' >t.csv
    run 0 sweep t.csv "${brief[@]}" --neurons 16 --out told
    for column in final_sha256 theta_plus_mv; do
        same <(field $column drawn/results.csv) <(field $column told/results.csv)
    done
    run 0 sweep r.ini "${brief[@]}" --random 4 --out drawn # one more point, and the earlier ones stay
    says "4 runs, 3 of them finished before"
}
sweep_dry() { # the plan, without a trace on the disk
    printf 'neurons = 20, 16\nseed = 1..3\n' >d.ini
    run 0 sweep d.ini "${brief[@]}" --epochs 3 --eval-every 2 --out out --dry-run
    prints "6 runs to train, 0 of 6 finished"
    grep -qE '^ +20 +3 +3 +[0-9.]+ +180 +420 ' "$work/out" || wrong "$(cat "$work/out")"
    [ ! -e out ] || wrong "something was written"
    run 0 sweep "$work/s.ini" "${brief[@]}" --out "$work/swept" --dry-run --json
    is_json "$work/out"
    prints '{"runs":6,"finished":6,"to_train":0,"seconds":0,"groups":[]}'
    usage "--collect and --dry-run both train nothing" sweep d.ini --collect --dry-run
}
sweep_line() { # the line on a terminal: runs, speed, time left, spikes, images given up, warnings
    local goes_on='^./6 runs done, . running.*images/s  ETA [0-9].* spikes an image  [0-9]+ given up'
    TERM=xterm python3 - "$clsnn" sweep "$work/s.ini" "${brief[@]}" --train-images 600 --epochs 3 \
        --set min_spikes=500000 --set intensity_max=3 --out out >shown <<'END'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
shown = b""
try:
    while part := os.read(fd, 4096):
        shown += part
except OSError:
    pass
sys.stdout.buffer.write(shown)
assert os.waitpid(pid, 0)[1] == 0
END
    tr '\r' '\n' <shown >lines
    grep -qE "$goes_on" lines || wrong "no line of a sweep under way: $(grep ETA lines | tail -n 3)"
    grep -qE '^6/6 runs done, 0 running.*  took [0-9].*  10800 given up  6 with warnings' lines ||
        wrong "not the last line: $(grep '^6/6' lines)"
}
field() { # field NAME FILE: the values of a column of a .csv file
    awk -F, -v name="$1" 'NR == 1 { for (k = 1; k <= NF; k++) if ($k == name) c = k } { print $c }' "$2"
}
sweep_json() {
    sweep --out swept --json
    is_json "$work/out"
    [ "$(wc -l <"$work/out")" = 1 ] || wrong "not one line on stdout"
    [ "$(tally)/$(json shard)" = 6/6/0/120/1/1 ] || wrong "stdout: $(cat "$work/out")"
    prints '"summary":[{"neurons":16,"runs":3,"all":{"n":3,"mean_percent":'
    same_tables swept "$work/swept"
}
train_runs() {
    local dir=runs-n16-e1-s1-r3 before_last=18446744073709551614 last=18446744073709551615
    # Variables of a job array change nothing: each task may train its own seeds.
    export SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=10 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=1
    run 0 train "${brief[@]}" --neurons 16 --runs 3 --json
    unset "${!SLURM_@}"
    is_json "$work/out"
    prints '"summary":[{"runs":3,"all":{"n":3,"mean_percent":'
    exist $dir/{results.csv,summary.csv,results.jsonl}
    runs_are $dir seed-1 seed-2 seed-3
    cmp -s <(cut -d, -f 3- $dir/results.csv) <(sed 4q "$work/swept/results.csv" | cut -d, -f 4-) ||
        wrong "not what the sweep has: $(cat $dir/results.csv)"
    run 0 train "${brief[@]}" --neurons 16 --runs 2 --seed $before_last --out large
    prints "written to    large/{report.html, results.csv, results.jsonl, summary.csv, runs/}"
    ! ls large/*.png 2>/dev/null || wrong "there is a picture after all"
    tail -n 1 large/results.csv | grep -q "^seed-$last,$last,finished" ||
        wrong "results.csv: $(cat large/results.csv)"
    tail -n 1 large/results.jsonl >line && is_json line
    usage "--runs = 3 from --seed $before_last on: seeds end at 2^64 - 1" train --runs 3 --seed $before_last
    usage "--runs = 0: must be in [1, 10000]" train --runs 0
    usage "--runs = 10001: must be in [1, 10000]" train --runs 10001
}

# Second starts.

sweep_again() {
    cp -a "$work/swept" swept
    untouched swept/runs >before
    sweep --out swept --json
    says "6 runs, 6 of them finished before"
    [ "$(tally)" = 6/6/0/0 ] || wrong "something was done: $(cat "$work/out")"
    untouched swept/runs | same before /dev/stdin
    same_tables swept "$work/swept"
}
# Five runs are damaged, each in another way. One start must find, report and repair all of them.
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
    says "${r}-20_seed-2 is made again: model.npz does not have the final_sha256 of run.json"
    [ "$(grep -c "is made again" "$work/err")" = 5 ] || wrong "not five runs were made again"
    untouched ${r}-20_seed-3 | same before /dev/stdin
    same_tables swept "$work/swept"
    exist ${r}-16_seed-1/previous-1/model.npz # the damaged files are kept
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
# refuses_sweep TEXT FILE ARGUMENT...: a sweep of `swept` is refused, with --collect and --dry-run too
refuses_sweep() {
    local extra name=${1%%:*}
    for extra in "" --collect --dry-run; do
        refuses 2 "$1; nothing was changed: choose another --out, or move ${name##*/} out of runs/" \
            sweep "$2" "${brief[@]}" --out swept "${@:3}" $extra
    done
}
sweep_other_settings() { # the directory holds another sweep: nothing is done, and a difference is named
    local all="is none of these 6 runs" two="is none of these 2 runs" text small_sha
    local name=swept/runs/neurons-16_seed-1
    cp -a "$work/swept" swept
    printf 'neurons = 16, 20\nseed = 1, 2\n' >fewer.ini
    printf 'w_norm = 70, 80\n' >o.ini
    untouched swept >before
    small_sha=$(json sha256 swept/runs/neurons-16_seed-1/run.json | head -c 8)
    refuses_sweep "$name: $all: its test_images is 30, 29 asked" "$work/s.ini" --test-images 29
    refuses_sweep "$name: $all: its w_norm is 78, 70 asked" "$work/s.ini" --set w_norm=70
    refuses_sweep "$name: $all: its data set is custom (SHA-256 $small_sha...), digits (ba831c92...) asked" \
        "$work/s.ini" --data digits
    refuses_sweep "$name: $all: its epochs is 1, 2 asked" "$work/s.ini" --epochs 2
    text="swept/runs/neurons-16_seed-3: is none of these 4 runs: the file or --random gives other values"
    refuses_sweep "$text" fewer.ini
    refuses_sweep "$name: $two: its neurons is 16, 400 asked" o.ini
    refuses_sweep "$name: $two: its seed is 1, 5 asked" o.ini --neurons 16 --seed 5
    untouched swept | same before /dev/stdin
    printf 'w_norm = 60..90\nneurons = 16\n' >r.ini
    run 0 sweep r.ini "${brief[@]}" --random 2 --out drawn
    refuses 2 "is none of these 2 runs: its seed is 1, 2 asked" \
        sweep r.ini "${brief[@]}" --random 2 --out drawn --seed 2
    # A run that did not finish counts as well.
    sed -i 's/"state": "finished"/"state": "stopped"/' swept/runs/*/run.json
    refuses_sweep "$name: $all: its test_images is 30, 29 asked" "$work/s.ini" --test-images 29
    mkdir swept/runs/mine # no run
    sweep --out swept
    same_tables swept "$work/swept"
}
sweep_renamed() { # the same data under another name: every run is found
    cp -a "$work/swept" swept
    sweep --out swept --data-name other
    says "6 runs, 6 of them finished before"
    same swept/results.csv "$work/swept/results.csv"
}
# A sweep, a search or several runs would overwrite the page of another result.
sweep_others() {
    local end="whose report.html would be lost; nothing was changed: choose another --out" extra
    local some=(--data "$work/small" --neurons 16 --random 2 --train-images 60 --label-images 60
        --validate 60 --seeds 1 --epochs 1)
    echo 'w_norm = 60..90' >t.ini
    run 0 train "${brief[@]}" --neurons 16 --out run
    run 0 train "${brief[@]}" --neurons 16 --runs 2 --out two
    run 0 tune t.ini "${some[@]}" --out search
    cp -a search begun && rm begun/best.ini
    for extra in "" --collect --dry-run; do
        refuses 2 "run: holds a run (run.json), $end" sweep "$work/s.ini" "${brief[@]}" --out run $extra
        refuses 2 "search: holds a search (best.ini), $end" \
            sweep "$work/s.ini" "${brief[@]}" --out search $extra
    done
    refuses 2 "begun: holds a search (epochs-1), $end" sweep "$work/s.ini" "${brief[@]}" --out begun
    refuses 2 "run: holds a run (run.json), $end" train "${brief[@]}" --neurons 16 --runs 2 --out run
    refuses 2 "search: holds a search (best.ini), $end" train "${brief[@]}" --neurons 16 --runs 2 --out search
    refuses 2 "run: holds a run (run.json), $end" tune t.ini "${some[@]}" --out run
    refuses 2 "two: holds a sweep (runs), $end" tune t.ini "${some[@]}" --out two
    refuses 2 "run: holds a run (run.json), $end" reproduce "${brief[@]}" --out run
    refuses 2 "search: holds a search (best.ini), $end" reproduce "${brief[@]}" --out search
}
sweep_unreadable() { # runs/ or a run's directory cannot be read: nobody knows whose runs are there
    mkdir -p a b/runs
    ln -s runs a/runs
    ln -s mine b/runs/mine
    refuses 8 "a/runs: cannot be read: Too many levels" sweep "$work/s.ini" "${brief[@]}" --out a --dry-run
    refuses 8 "b/runs/mine: cannot be read: Too many levels" \
        sweep "$work/s.ini" "${brief[@]}" --out b --dry-run
}
sweep_extended() { # more values: finished runs stay, wherever the new values stand in the lists
    cp -a "$work/swept" swept
    untouched swept/runs >before
    printf 'neurons = 18, 16, 20\nseed = 1..4\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --out swept
    says "12 runs, 6 of them finished before"
    prints "12 of 12 finished"
    untouched swept/runs | grep -E '/neurons-(16|20)_seed-[1-3]/' | same before /dev/stdin
    grep -E '^neurons-(16|20)_seed-[1-3],' swept/results.csv >rows
    same rows <(tail -n +2 "$work/swept/results.csv")
}
sweep_stopped() { # sweep_stopped SECONDS
    printf 'seed = 1..6\n' >l.ini
    local some=("${long[@]}" --epochs 6)
    begin "results go to out" sweep l.ini "${some[@]}" --out out
    sleep "$1"
    kill -INT "$pid"
    finish 75
    says "stopped: "
    says "of 6 runs are finished and in out/runs; the same command goes on with the others"
    [ ! -s "$work/out" ] || wrong "a result was printed"
    [ ! -e out/results.csv ] || wrong "a table was written"
    mapfile -t finished < <(grep -l '"state": "finished"' out/runs/*/run.json | xargs -r dirname)
    untouched "${finished[@]}" /dev/null >before
    run 0 sweep l.ini "${some[@]}" --out out
    untouched "${finished[@]}" /dev/null | same before /dev/stdin
    run 0 sweep l.ini "${some[@]}" --out straight
    for name in results.csv results.jsonl summary.csv; do same out/$name straight/$name; done
}

# sweep_checkpoints HOW: a sweep that is stopped or killed goes on from checkpoints, and more epochs do too
sweep_checkpoints() {
    echo "seed = 1..2" >c.ini
    local some=("${long[@]}" --neurons 900 --train-images 400 --eval-every 1 --checkpoint-every 100)
    begin "results go to out" sweep c.ini "${some[@]}" --epochs 6 --out out
    until_there out/runs/seed-1/checkpoint
    for _ in {1..500}; do # each has a complete one
        compgen -G "out/runs/seed-1/checkpoint/*.npz" &&
            compgen -G "out/runs/seed-2/checkpoint/*.npz" && break
        sleep 0.01
    done >"$work/none"
    kill -"$1" "$pid"
    [ "$1" = KILL ] && finish 137 || finish 75
    [ -e out/runs/seed-1/checkpoint ] || wrong "there is no checkpoint: $(find out)"
    run 0 sweep c.ini "${some[@]}" --epochs 6 --out out
    says "runs go on from their checkpoints"
    grep -q '"resumed_from": "checkpoint/ckpt-' out/runs/seed-2/run.json || wrong "the run began anew"
    [ "$(find out/runs/seed-2/checkpoint -name '*.npz' | wc -l)" = 1 ] || wrong "not one checkpoint is kept"
    run 0 sweep c.ini "${some[@]}" --epochs 6 --out straight --checkpoint-every 0
    [ ! -e straight/runs/seed-1/checkpoint ] || wrong "checkpoints that nobody asked for"
    for name in results.csv summary.csv; do same out/$name straight/$name; done
    run 0 sweep c.ini "${some[@]}" --epochs 7 --out out --json
    [ "$(json images)" = 800 ] || wrong "not one epoch of 400 images for each run: $(json images)"
    [ ! -e out/runs/seed-1/previous-1 ] || wrong "a run began anew"
    refuses 2 "straight/runs/seed-1: is none of these 2 runs: its epochs is 6, 7 asked" \
        sweep c.ini "${some[@]}" --epochs 7 --out straight # without checkpoints nothing goes on
    refuses 2 "out/runs/seed-1: is none of these 2 runs: its epochs is 7, 6 asked" \
        sweep c.ini "${some[@]}" --epochs 6 --out out
    run 0 sweep c.ini "${some[@]}" --epochs 7 --out straight7 --checkpoint-every 0
    same out/results.csv straight7/results.csv
    flip out/runs/seed-1/checkpoint/ckpt-000000002800.npz 9000 # no use: the run begins, and ends the same
    rm out/runs/seed-1/run.json
    run 0 sweep c.ini "${some[@]}" --epochs 7 --out out
    says "; the run begins anew"
    same out/results.csv straight7/results.csv
}

# Shards, and several processes.

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
    export SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_STEP=2
    sweep --out parts --shard slurm --json
    says "shard 3/3"
    [ "$(json shard)" = 3/3 ] || wrong "shard: $(json shard)"
    cp -a "$work/swept" whole
    sweep --out whole
    says "6 runs, 6 of them finished before"
    says "--shard slurm trains the task's part"
    unset "${!SLURM_@}"
    sweep --out parts --collect
    same_tables parts "$work/swept"
    mkdir vendors # --collect works on a machine without a device too
    OCL_ICD_VENDORS=$PWD/vendors/ OCL_ICD_FILENAMES='' sweep --out parts --collect --quiet
    no_words
}
long=(--data "$work/small" --train-images 600 --epochs 1000 --neurons 100 --label-images 10 --test-images 10)
sweep_two() { # two processes may share a directory but no run
    echo "seed = 1..4" >l.ini
    begin "results go to out" sweep l.ini "${long[@]}" --out out --shard 1/2
    local first=$pid before
    until_there out/runs/seed-3/run.json
    before=$(listing)
    run 2 sweep l.ini "${long[@]}" --out out
    says "out: another clsnn (process $first) is at work on runs there"
    run 2 sweep l.ini "${long[@]}" --out out --shard 1/2
    says "process $first"
    [ "$before" = "$(listing)" ] || wrong "files have changed:" "$(diff <(echo "$before") <(listing))"
    printf 'seed = 5, 4, 3, 2, 1\n' >m.ini # another file, which has runs in common
    run 2 sweep m.ini "${long[@]}" --out out
    says "process $first"
    begin "results go to out" sweep l.ini "${long[@]}" --out out --shard 2/2
    until_there out/runs/seed-4/run.json
    exist out/runs/seed-{1,2,3,4}/run.json
    kill -INT "$pid" "$first"
    finish 75
    pid=$first
    finish 75
    # A process takes its locks with it, so the next one starts.
    begin "results go to out" sweep l.ini "${long[@]}" --out out
    kill -INT "$pid"
    finish 75
}

# Failures.

sweep_fault() { # a run that blows up is marked as failed, the others go on
    printf 'seed = 1, 2\nw_norm = 78, 700000\n' >f.ini
    local unstable=(--neurons 16) name
    for name in w_max=1000 tau_g_exc_ms=100 tau_m_exc_ms=1 theta_init_mv=1000 time_off_ms=0; do
        unstable+=(--set "$name")
    done
    run 1 sweep f.ini "${brief[@]}" "${unstable[@]}" --out out --json
    says "run seed-1_w_norm-700000 failed: network"
    says "is not a number or beyond 1e+06 mV"
    says "clsnn sweep: 2 of 4 runs failed; out/results.csv tells which, their run.json why"
    is_json "$work/out"
    [ "$(json finished)/$(json failed)" = 2/2 ] || wrong "stdout: $(cat "$work/out")"
    table_is 1,4 out/results.csv run,state seed-1_w_norm-78,finished seed-1_w_norm-700000,failed \
        seed-2_w_norm-78,finished seed-2_w_norm-700000,failed
    state_is failed out/runs/seed-2_w_norm-700000/run.json
    grep -q '"error": "network ' out/runs/seed-2_w_norm-700000/run.json || wrong "run.json does not say why"
    [ ! -e out/runs/seed-2_w_norm-700000/model.npz ] || wrong "a failed run has a model"
    run 10 train "${brief[@]}" "${unstable[@]}" --set w_norm=700000 --out alone # train fails alike
}
sweep_read_only() {
    mkdir -p there/out
    in_mount 'mount --bind there there && mount -o remount,bind,ro there' \
        refuses 8 "Read-only file system" sweep "$work/s.ini" "${brief[@]}" --out there/out
}
sweep_in_the_way() { # a file stands in the place of a run's directory
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

# The list of cases.

on "sweep: tables, pictures and runs" sweep_base
on "sweep: every run is what clsnn train makes of it" sweep_alone
on "sweep: a second start does nothing" sweep_again
on "sweep: damaged weights and hashes are found, told, done anew" sweep_damaged
on "sweep: damaged run.json and lost directories" sweep_damaged_more
on "sweep: runs of other settings" sweep_other_settings
on "sweep: another name of the same data" sweep_renamed
on "sweep: another result in the same place" sweep_others
on "sweep: runs that cannot be read" sweep_unreadable
on "sweep: a file with more values keeps what is finished" sweep_extended
on "sweep: shards, --collect: the same bytes" sweep_shards
on "sweep --json" sweep_json
on "sweep: zipped lists" sweep_zipped
on "sweep: random points, a table of runs" sweep_points
on "sweep: its line on a terminal" sweep_line
on "sweep --dry-run" sweep_dry
on "sweep: two at once" sweep_two
on "sweep: a run that blows up" sweep_fault
on "sweep: SIGINT at once, and again" sweep_stopped 0
on "sweep: SIGINT later, and again" sweep_stopped 0.7
on "sweep: checkpoints after SIGINT" sweep_checkpoints INT
on "sweep: checkpoints after SIGKILL" sweep_checkpoints KILL
on "sweep: --out is read-only" sweep_read_only
on "sweep: a file where a run goes" sweep_in_the_way
any "sweep: more neurons than the device has memory for" sweep_memory
on "train --runs 3" train_runs

run_cases small swept
