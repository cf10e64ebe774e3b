#!/usr/bin/env bash
# `clsnn train`: the files of a run, its words, and its bits, which do not depend on how it is run.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

run_files=(run.json metrics.jsonl metrics.csv model.npz weights.png accuracy.png confusion.png report.html)
# One image for training, labelling and testing each.
one_image=(--train-images 1 --label-images 1 --test-images 1)

# The files and words of a run.

train_json() {
    local line='\[([0-9]+,){9}[0-9]+\]'
    train --out out
    cp "$work/out" json
    [ "$(wc -l <json)" = 1 ] || wrong "not one line on stdout"
    grep -q '^{.*}$' json || wrong "not one object on stdout"
    for key in "${json_keys[@]}"; do prints "\"$key\":"; done
    grep -qE "\"confusion\":\[($line,){9}$line\]" json || wrong "confusion is not 10 x 10"
    [ "$(json neurons) $(json epochs) $(json seed)" = "20 1 1" ] || wrong "neurons, epochs or seed is wrong"
    sha >/dev/null
    is_json json
}
train_files() {
    cd "$work/base" || exit 1
    exist "${run_files[@]}"
    exist checkpoint/ckpt-000000000200.npz
    [ "$(find . -type f | wc -l)" = 9 ] || wrong "other files than the promised: $(ls -A)"
    is_json run.json
    for key in command state settings dataset opencl_device kernels_sha256 metrics result \
        "${json_keys[@]}"; do
        grep -q "\"$key\": " run.json || wrong "run.json lacks $key"
    done
    state_is finished run.json
    [ "$(json final_sha256 run.json)" = "$(cat ../final_sha256)" ] ||
        wrong "run.json has another final_sha256 than stdout"
    for picture in weights accuracy confusion; do
        [ "$(head -c 8 $picture.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] ||
            wrong "$picture.png is no PNG"
    done
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
    local few=(--neurons 20 --train-images 20 --label-images 20 --test-images 20)
    refuses 3 "choose the built-in set: --data digits" train "${few[@]}" --out out
    command -v script >/dev/null || skip "there is no script(1) here"
    script -qec true probe </dev/null >/dev/null 2>&1 || skip "script(1) gets no terminal here"
    rm -f probe
    script -qec "'$clsnn' train ${few[*]} --out out" log </dev/null >/dev/null 2>&1
    grep -q "WARNING: MNIST was not found, these are the built-in digits: 'clsnn data fetch mnist'" log ||
        wrong "no warning: $(cat log)"
    grep -q '"name": "digits"' out/run.json || wrong "run.json does not name the data set"
    grep -q '"name": "builtin_digits"' out/run.json || wrong "run.json does not hold the warning"
}
lines_are() { # lines_are N FILE
    [ "$(wc -l <"$2")" = "$1" ] || wrong "$2: $(wc -l <"$2") lines: must be $1"
}
every_epoch() { # every_epoch EPOCHS LINES
    train --epochs 3 --eval-every "$1" --out out
    lines_are "$2" out/metrics.jsonl
    lines_are $(($2 + 1)) out/metrics.csv
    for key in epoch images accuracy_all accuracy_proportion exc_spikes_per_image retries theta_mean_mv \
        seconds images_per_second; do
        head -n 1 out/metrics.csv | tr ',' '\n' | grep -qx "$key" || wrong "metrics.csv has no column $key"
        [ "$(grep -c "\"$key\":" out/metrics.jsonl)" = "$2" ] || wrong "metrics.jsonl lacks $key"
    done
    [ "$(tail -n 1 out/metrics.csv | cut -d, -f1,2)" = 3,600 ] || wrong "the last line is not that of epoch 3"
    [ "$(awk -F, '{print NF}' out/metrics.csv | sort -u | wc -l)" = 1 ] ||
        wrong "metrics.csv: lines of different lengths"
}
eval_every_never() {
    train --epochs 2 --eval-every 5 --out out
    says "--eval-every = 5: a run has 2 epochs: tests at its end only"
    lines_are 1 out/metrics.jsonl
    train --eval-every 2 --runs 2 --out runs
    says "--eval-every = 2: a run has 1 epoch: tests at its end only"
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
train_two() { # a directory has one run at a time: the second process fails and moves no file of the first
    begin "results go to out" train "${small[@]}" --neurons 100 --train-images 600 --epochs 1000 --out out
    run 2 train "${small[@]}" --out out
    says "out: another clsnn is at work there: wait for it, or choose another --out"
    exist out/run.json
    kill -INT "$pid"
    finish 75
    [ ! -e out/previous-1 ] || wrong "the second has moved the first's files"
}

# The same bits.

same_sha() { # same_sha ARGUMENT...: the result must be that of $work/base
    train --out out "$@"
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] ||
        wrong "final_sha256 is $(sha): must be the first run's, $(cat "$work/final_sha256")"
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
profiled() { # --profile waits for each command and launches phases apart; the bits stay the same
    train --out plain
    local sha
    sha=$(sha)
    train --out json --profile
    [ "$(sha)" = "$sha" ] || wrong "another final_sha256 with --profile"
    for key in normalise encode present rest label test transfers; do prints "\"$key\""; done
    run 0 train "${small[@]}" --out text --profile
    prints "$sha"
    prints "us a command   share   (on the device, by OpenCL events)"
    grep -q "^present  *[0-9.]*  *[1-9]" "$work/out" || wrong "no command of phase present"
}

# Unusual settings and surroundings.

config_run() {
    printf '%s\n' '[clsnn]' 'neurons = 20' 'train-images = 200 ; few' 'label-images = 300' \
        'test-images = 300' "data = $work/small" 'out = here' >c.ini
    run 0 train --config c.ini --json
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] || wrong "not the result that the same flags have"
    grep -q '"origin": "c.ini"' here/run.json || wrong "run.json does not name c.ini"
}
seed_large() {
    train --seed 18446744073709551615 --out out
    [ "$(json seed)" = 18446744073709551615 ] || wrong "seed is $(json seed)"
}
odd_names() { # names with spaces, with UTF-8 and with a byte that is no UTF-8
    train --out $'a b/\xc3\xa4\xe6\x95\xb0'
    is_json $'a b/\xc3\xa4\xe6\x95\xb0/run.json'
    cp -r "$work/small" $'\xe9'
    run 0 train "${small[@]}" --data $'\xe9' --json --out $'o\xe9'
    exist $'o\xe9/run.json'
    is_json $'o\xe9/run.json'
    run 0 eval $'o\xe9/model.npz' --data $'\xe9' --json --out $'p\xe9'
    is_json $'p\xe9/run.json'
}
tiny() { run 0 train --data "$work/small" --neurons 1 "${one_image[@]}" --json --out out; }
all_images() {
    local most
    for most in 100000 0; do # more than there are, and 0 = all
        run 0 train --data "$work/small" --neurons 5 --train-images $most --label-images 0 --test-images 0 \
            --json --out out
        [ "$(json train_images)/$(json label_images)/$(json test_images)" = 600/600/300 ] ||
            wrong "--train-images $most: not all images were used"
    done
}
too_many_images() { # train takes all images and warns; it does not warn of a default (10,000 to label with)
    run 0 train --data "$work/small" --neurons 20 --train-images 601 --json --out out
    says "WARNING: --train-images = 601: custom has 600 training images: those that are there are taken (f"
    ! grep -q -e --label-images -e --test-images "$work/err" ||
        wrong "a default is warned of: $(cat "$work/err")"
    [ "$(json train_images)" = 600 ] || wrong "train_images is $(json train_images), must be 600"
    CLSNN_TEST_IMAGES=301 run 0 eval out/model.npz --data "$work/small" --label-images 600
    says "WARNING: --test-images = 301: custom has 300 test images"
}
no_home() {
    unset HOME XDG_CONFIG_HOME
    run 0 train "${small[@]}" --out out
    refuses 2 "HOME, XDG_DATA_HOME and CLSNN_DATA are all unset: name one with --out DIR" data fetch mnist
}
on_terminal() { # on_terminal TERM
    local train="'$clsnn' train --data '$work/small' --neurons 100 --train-images 600 --epochs 8 --out out"
    command -v script >/dev/null || skip "there is no script(1) here"
    script -qec true probe </dev/null >/dev/null 2>&1 || skip "script(1) gets no terminal here"
    rm -f probe
    TERM=$1 script -qec "stty cols 80; $train" log </dev/null >/dev/null 2>&1
    grep -q "accuracy (vote all)" log || wrong "no result in a terminal"
    if [ "$1" = dumb ]; then
        ! grep -q $'\e' log || wrong "control sequences in a terminal that has none"
        return
    fi
    grep -q $'\e\[K' log || wrong "no bar is drawn"
    tr '\r' '\n' <log | grep $'\e\[K' | awk 'length($0) > 82 {long = 1} END {exit long}' ||
        wrong "the bar is wider than the terminal"
}
first_words() {
    local began words ended
    for k in 1 2 3; do # the quickest of three, because the machine may be busy
        began=$(now)
        exec 9< <("$clsnn" train --data digits --neurons 20 "${one_image[@]}" --out "out$k" 2>&1)
        read -r -u 9 _ || wrong "no words at all"
        ended=$(now)
        cat <&9 >/dev/null
        [ "${words:-999999999}" -lt $((ended - began)) ] || words=$((ended - began))
        [ "$words" -ge 100000 ] || break
    done
    note "first words on stderr after $((words / 1000)) ms" \
        "$([ "$words" -lt 100000 ] || echo '- WARNING: should be 100 ms')"
    [ "$words" -lt 1000000 ] || wrong "first words after $((words / 1000)) ms"
}
warm_start() {
    local began took
    began=$(now)
    run 0 train "${small[@]}" "${one_image[@]}" --quiet --out out
    took=$((($(now) - began) / 1000))
    note "warm start: a whole run of one image in $took ms (20 neurons, kernels in the driver's cache)"
}

# The list of cases.

on "train --json: one object with every key" train_json
on "train: the files of a run" train_files
on "train: words for people" train_text
on "train: the default directory" train_default_dir
on "train: digits for want of MNIST, loudly" train_auto
on "train: two in one directory" train_two
on "--eval-every 1: a line an epoch" every_epoch 1 3
on "--eval-every 2: and one at the end" every_epoch 2 2
on "--eval-every 5 of 2 epochs: a word" eval_every_never
on "the same hash in a second run" same_sha
on "the same hash with --work-group 1" same_sha --work-group 1
on "the same hash with --work-group 64" same_sha --work-group 64
for n in 1 7 1000; do on "the same hash with --chunk $n" same_sha --chunk $n; done
for n in 1 2; do on "the same hash on $n thread(s)" threads $n; done
on "another hash with --shuffle" other_sha --shuffle
on "another hash with --seed 2" other_sha --seed 2
on "another hash with --set" other_sha --set theta_plus_mv=0.06
on "train --profile: the same bits, and where the time goes" profiled
on "an earlier run is kept in previous-1" previous
on "--quiet: train" quiet train "${small[@]}" --out out
on "--config: a run from a file" config_run
on "--seed 2^64 - 1" seed_large
on "names with spaces, UTF-8 and neither" odd_names
on "one neuron, one image" tiny
on "all images" all_images
on "more images than there are" too_many_images
on "no HOME" no_home
on "a terminal" on_terminal xterm
on "a dumb terminal" on_terminal dumb
on "first words on stderr" first_words
on "warm start" warm_start

run_cases small base
