#!/usr/bin/env bash
# `clsnn tune`. The same command gives the same files, however often it was stopped or killed and into how
# many shards it was divided. A point that went on from checkpoints equals one that clsnn train made in one
# go.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

files=(best.ini tune.csv report.html)
few=(--data "$work/small" --neurons 16 --train-images 100 --label-images 100)
tune() { run 0 tune "$work/s.ini" "${few[@]}" --random 6 "$@"; }
same_files() { # same_files A B
    for name in "${files[@]}"; do same "$1/$name" "$2/$name"; done
}
column() { # column NAME FILE: the values of a column of a .csv file
    awk -F, -v name="$1" 'NR == 1 { for (k = 1; k <= NF; k++) if ($k == name) c = k; next } { print $c }' "$2"
}

make_tuned() { # makes $work/tuned of $work/s.ini, a finished search; cases read it and leave it alone
    printf 'epochs = 4\nw_norm = 40..90\neta_pre = 1e-4 ; in place of its range\n' >s.ini
    [ "$device" = no ] || tune --out "$work/tuned"
}

tune_base() {
    tune --out out --json
    is_json "$work/out"
    prints '{"points":6,"validation_images":100,"epochs":4,"images":2500,"best":{"w_norm":"'
    says "6 points, 100 validation images; results go to out"
    same_files out "$work/tuned"
    # Halving: 6 points have 1 epoch, 3 have 2, 2 have 4.
    [ "$(column epochs out/tune.csv | tr '\n' ' ')" = "4 4 2 1 1 1 " ] || wrong "$(cat out/tune.csv)"
    [ "$(column state out/tune.csv | sort | uniq -c | tr -s ' \n' ' ')" = " 2 finished 4 stopped " ] ||
        wrong "$(cat out/tune.csv)"
    for e in 1 2 4; do
        column accuracy_proportion out/tune.csv | paste - <(column epochs out/tune.csv) |
            awk -v e=$e '$2 == e { print $1 }' >of_stage
        sort -gr of_stage | same of_stage /dev/stdin # each stage's best stand first
    done
    [ "$(head -n 1 out/tune.csv | cut -d, -f 1-8)" = \
        rank,point,w_norm,theta_plus_mv,eta_post,w_inh_exc,tau_post2_ms,tau_pre_ms ] ||
        wrong "not these parameters: $(head -n 1 out/tune.csv)"
    [ "$(echo out/best/runs/*)" = "out/best/runs/seed-2 out/best/runs/seed-3 out/best/runs/seed-4" ] ||
        wrong "not three other seeds: $(ls out/best/runs)"
    tune --out out --json # nothing is left to do
    prints '"images":0,'
    same_files out "$work/tuned"
}
tune_best() { # best.ini serves clsnn train; with the seed and validation of the search it gives its network
    local run
    local best=(--config "$work/tuned/best.ini" --data "$work/small")
    run 0 train "${best[@]}" --validate 100 --eval-every 1 --json --out out
    run=$(ls -d "$work"/tuned/epochs-4/runs/"w_norm-$(column w_norm "$work/tuned/tune.csv" | head -n 1)"_*)
    grep -qF "\"final_sha256\": \"$(sha)\"" "$run/run.json" ||
        wrong "$run is not what clsnn train makes of it"
    grep -q '"resumed_from": "checkpoint/ckpt-000000000200.npz"' "$run/run.json" ||
        wrong "$run began anew"
    run 0 train "${best[@]}" --out last # on the test set
    prints "300 test images"
    for line in "eta_pre = 0.0001" "delays = none" "rule = triplet" "neurons = 16" "epochs = 4"; do
        grep -qxF "$line" "$work/tuned/best.ini" || wrong "$line is not in best.ini"
    done
    ! grep -qE '^(seed|validate|data|eval-every|test-images)' "$work/tuned/best.ini" ||
        wrong "the user's own settings are in best.ini"
}
tune_page() { # one file that needs no other, with a point for each point and parameter
    local page=$work/tuned/report.html
    # links are followed by hand only
    ! sed 's/<a href="[^"]*">//g' "$page" | grep -qE '(src|href)=|https?://|@import|<script' ||
        wrong "the page fetches something"
    grep -q 'prefers-color-scheme:dark' "$page" || wrong "the page has no dark colours"
    [ "$(grep -c '<title>point ' "$page")" = 36 ] || wrong "not 6 points for each of 6 parameters"
    [ "$(grep -c '<polyline' "$page")" = 6 ] || wrong "not a line for each point"
    grep -q '&plusmn;' "$page" || wrong "three seeds have no interval"
    tune --out two --seeds 2
    ! grep -q '&plusmn;' two/report.html || wrong "two seeds have an interval"
    same two/tune.csv "$work/tuned/tune.csv"
    python3 - "$page" <<'END' || wrong "$page is not well-formed"
import html.parser, sys
class Check(html.parser.HTMLParser):
    stack = []
    def handle_starttag(self, tag, attrs):
        if tag not in ("meta",):
            self.stack.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag
check = Check()
check.feed(open(sys.argv[1]).read())
check.close()
assert not check.stack, check.stack
END
}
tune_killed() { # killed at random instants, then once stopped softly
    local n began took
    began=$(now)
    tune --out straight
    took=$((($(now) - began) / 1000))
    for ((n = 0; n < 6; n++)); do
        "$clsnn" tune "$work/s.ini" "${few[@]}" --random 6 --out out >/dev/null 2>&1 </dev/null &
        pid=$!
        sleep "$(awk -v t=$((RANDOM % took)) 'BEGIN { print t / 1000 }')"
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    tune --out out
    same_files out "$work/tuned"
    for name in out/epochs-*/runs/*/run.json; do state_is finished "$name"; done
}
tune_stopped() {
    begin "train for 1 of" tune "$work/s.ini" "${few[@]}" --random 6 --epochs 400 --out out
    kill -INT "$pid"
    finish 75
    says "stopped; what is done is in out: the same command goes on"
    [ ! -s "$work/out" ] || wrong "a result was printed"
    run 0 tune "$work/s.ini" "${few[@]}" --random 6 --epochs 4 --out out
    same_files out "$work/tuned"
}
tune_shards() { # two processes in turns; each stage waits for both
    local k round left=2
    for ((round = 0; round < 12 && left; round++)); do
        left=0
        for k in 1 2; do
            "$clsnn" tune "$work/s.ini" "${few[@]}" --random 6 --out out --shard $k/2 \
                >"$work/out" 2>"$work/err" </dev/null
            case $? in
            0) ;;
            75)
                says "runs of other shards are not finished: start this command again when they are"
                left=$((left + 1))
                ;;
            *) quote "$work/err" && wrong "shard $k/2 failed" ;;
            esac
        done
    done
    [ $left = 0 ] || wrong "the shards do not come to an end"
    same_files out "$work/tuned"
}
tune_others() { # the directory holds another search: nothing is done, and a difference is named
    local end="nothing was changed: choose another --out, or move"
    cp -a "$work/tuned" out
    untouched out >before
    printf 'epochs = 4\nw_norm = 40..95\neta_pre = 1e-4\n' >o.ini
    refuses_tune() { refuses 2 "$1; $end" tune "$2" "${few[@]}" --random 6 --out out "${@:3}"; }
    refuses_tune "is none of these 6 runs: the file or --random gives other values" o.ini
    refuses_tune "is none of these 6 runs: its seed is 1, 2 asked" "$work/s.ini" --seed 2
    refuses_tune "is none of these 6 runs: its test_images is 100, 90 asked" "$work/s.ini" --validate 90
    refuses_tune "is none of these 6 runs: its label_images is 100, 50 asked" "$work/s.ini" --label-images 50
    refuses_tune "is none of these 5 runs: the file or --random gives other values" "$work/s.ini" --random 5
    untouched out | same before /dev/stdin
    tune --out out --random 7 # a search may grow
    tune --out seven --random 7
    same_files out seven
}
tune_words() { # one point, fewer tested images than set aside, warnings of points and of the best one's seeds
    tune --out out --random 1 --epochs 1 --test-images 50 --set min_spikes=500000 --set intensity_max=3
    says "1 point, 50 validation images of 100 that are set aside; results go to out"
    prints "the best of 1 point:"
    prints "of 50 validation images, 1 epoch"
    prints "warnings      3 of its 3 runs: out/best/results.csv names them"
    grep -q "^; the best of 1 point on 50 validation images" out/best.ini || wrong "$(head -n 1 out/best.ini)"
    grep -q "<h1>Search of 1 point: 16 neurons" out/report.html || wrong "the page's title"
    grep -q "Every number is of 50 validation images. The last 100 training images" out/report.html ||
        wrong "the page's number of images: $(grep 'Every number' out/report.html)"
    column warnings out/tune.csv | grep -q "given_up" || wrong "tune.csv: $(cat out/tune.csv)"
    tune --out out --random 1 --epochs 1 --test-images 50 --set min_spikes=500000 --set intensity_max=3 --json
    prints '"warned":3}'
    same <(column warnings "$work/tuned/tune.csv" | head -n 2 | sort) \
        <(column warnings "$work/tuned/epochs-4/results.csv" | sort) # a point's are its run's
}
tune_config() { # --print-config shows tune's own defaults
    run 0 tune --print-config
    grep -qE '^epochs = 3 +; default' "$work/out" || wrong "$(grep epochs "$work/out")"
    grep -qE '^validate = 10000 +; default' "$work/out" || wrong "$(grep validate "$work/out")"
}
tune_few() { # the own ranges are for many images
    : >empty.ini
    run 0 tune empty.ini "${few[@]}" --random 2 --epochs 1 --seeds 1 --out own
    says "the range of theta_plus_mv is for epochs of 20000 images and more: with "
    run 0 train "${few[@]}" --preset tuned --print-config # the first point is the best known
    awk '$1 == "theta_plus_mv" { print $3 }' "$work/out" >best_known
    awk -F, '$2 == 1 { print $3 }' own/tune.csv | same best_known /dev/stdin
    echo 'theta_plus_mv = log(0.01..0.2, 8)' >given.ini
    run 0 tune given.ini "${few[@]}" --random 2 --epochs 1 --seeds 1 --out given
    ! grep -q "the range of theta_plus_mv" "$work/err" || wrong "a note about a range that was given"
}
tune_table() { # the points of a table
    printf 'w_norm,eta_post\n60,0.01\n80,0.02\n70,0.005\n' >t.csv
    run 0 tune t.csv "${few[@]}" --seeds 1 --out out
    [ "$(column epochs out/tune.csv | tr '\n' ' ')" = "3 2 1 " ] || wrong "$(cat out/tune.csv)"
}
tuned_preset() { # preset tuned: says where its values come from, and the run can be made again
    local some=("${few[@]}" --train-images 20 --preset tuned)
    run 0 train "${some[@]}" --neurons 150 --out out
    says "preset tuned: values between those of 100 and 225 neurons, by logarithms"
    says "preset tuned is for 20000 images and more: with 20 --preset kim-2020 may be better"
    tr '\n' ' ' <out/run.json | grep -qE '"preset": \{[^}]*"tuned"' || wrong "run.json does not name it"
    run 0 verify out
    run 0 train "${some[@]}" --neurons 16 --out small
    says "preset tuned: values of 100 neurons, the nearest size of its table"
}
bad() { # bad TEXT LINES ARGUMENT...
    printf '%b' "$2" >bad.ini
    refuses 2 "$1" tune bad.ini "${@:3}"
}

on "tune: twice the same, and every stage" tune_base
on "tune: best.ini, and the best point beside clsnn train" tune_best
on "tune: the page" tune_page
on "tune: killed and resumed" tune_killed
on "tune: SIGINT, and another number of epochs" tune_stopped
on "tune: shards" tune_shards
on "tune: another search in the same place" tune_others
on "tune: its words about one point and about warnings" tune_words
any "tune --print-config" tune_config
on "tune: a table of points" tune_table
on "tune: few images" tune_few
on "--preset tuned" tuned_preset
any "--preset tuned without a size" \
    usage "preset = tuned: its values depend on --neurons, which clsnn eval does not have" \
    eval model.npz --preset tuned
any "tune: a list of seeds" bad "bad.ini:1: seed takes one value in a search" 'seed = 1, 2\n'
any "tune: two sizes" bad "bad.ini:1: neurons takes one value in a search" 'neurons = 16, 20\n'
any "tune: a list of epochs" bad "bad.ini:1: epochs takes one value in a search" 'epochs = 1..3\n'
any "tune: --eval-every" bad "--eval-every is an option of clsnn train, not of clsnn tune" '' --eval-every 2
any "tune: eval-every in the file" \
    bad "eval-every = 2: points are tested after every epoch" 'eval-every = 2\n'
any "tune: no file" usage "FILE is missing: usage: clsnn tune" tune

run_cases small tuned
