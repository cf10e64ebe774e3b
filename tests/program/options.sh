#!/usr/bin/env bash
# Command lines and config files that the program must refuse, and the texts that it prints about itself.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

set_bad() { refuses 2 "$1" train --set "$2"; }
config_line() { # config_line LINES TEXT: a file with these lines after a good one must be refused with TEXT
    printf 'seed = 2\n%s\n' "$1" >c.ini
    refuses 2 "$2" train --config c.ini
}
settings_of() { sed -n 's/ *;.*//; /=/p' "$1"; }
config_round_trip() {
    local given=(--neurons 33 --seed 12345678901234567890 --shuffle --set w_max=2 --set tau_theta_ms=2.5e6)
    run 0 train "${given[@]}" --out "a b" --print-config
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
    grep -q '^neurons = 55 .*command line' "$work/out" ||
        wrong "the command line does not win over the environment"
    rm c.ini d.ini c d
    [ -z "$(ls -A)" ] || wrong "--print-config has made files"
}
config_run_json() { # --config run.json repeats a run
    local some=(--data digits --neurons 9 --train-images 3 --label-images 3 --test-images 3) sha
    run 0 train "${some[@]}" --seed 7 --rule pair --set theta_plus_mv=0.0625 --out a --json
    sha=$(sha)
    run 0 train --config a/run.json --out b --json
    [ "$(sha)" = "$sha" ] || wrong "another result"
    [ "$(json final_sha256 a/run.json)" = "$sha" ] || wrong "a has changed"
    run 0 train --config a/run.json --seed 8 --print-config
    grep -q '^theta_plus_mv = 0.0625 .*a/run.json$' "$work/out" || wrong "no theta_plus_mv of the file"
    grep -q '^seed = 8 .*command line$' "$work/out" || wrong "the command line does not win"
    ! grep -q '^out = ' "$work/out" || wrong "the run would be written over"
    echo '{"a": 1}' >x.json
    refuses 2 "x.json: has no settings: must be name = value lines, or a run.json" train --config x.json
    head -c 300 a/run.json >x.json
    refuses 3 "x.json: begins with { but is no run.json" train --config x.json
    sed 's/"theta_plus_mv"/"theta_plus"/' a/run.json >x.json
    refuses 2 "unknown option or parameter theta_plus: did you mean theta_plus_mv?" train --config x.json
}
texts() { # texts ARGUMENT...: the program must print something on stdout and nothing on stderr
    run 0 "$@"
    [ -s "$work/out" ] || wrong "nothing was printed"
    no_words
}
on_terminal() { # on_terminal PATH: clsnn man on a terminal, with the programs of PATH
    python3 - "$clsnn" "$1" >"$work/out" 2>&1 <<'END'
import os, pty, sys
os.environ["PATH"] = sys.argv[2]
sys.exit(os.waitstatus_to_exitcode(pty.spawn([sys.argv[1], "man"], lambda fd: os.read(fd, 4096))))
END
}
man_on_terminal() { # man shows the page; without man there is a hint
    python3 -c 'import os; os.waitstatus_to_exitcode' 2>/dev/null || skip "no python3"
    mkdir bin none
    cat >bin/man <<'END'
#!/bin/sh
[ "$*" = "-l -" ] && echo "SHOWN: $(/usr/bin/head -n 1)" && /bin/cat >/dev/null
END
    chmod +x bin/man
    on_terminal "$PWD/bin" || wrong "exit code $?"
    prints 'SHOWN: .TH CLSNN 1'
    ! on_terminal "$PWD/none" || wrong "no man, and no error"
    prints 'no program man shows the page here: clsnn man >clsnn.1 writes it'
}
misspelt_variable() {
    local text="clsnn has no such variable"
    CLSNN_NEURON=17 refuses 2 "CLSNN_NEURON: $text: did you mean CLSNN_NEURONS?" train
    CLSNN_XYZZYQ=1 refuses 2 "CLSNN_XYZZYQ: $text: clsnn man lists them" devices
    CLSNN_DTA=x refuses 2 "did you mean CLSNN_DATA?" data list
    CLSNN_NEURON='' run 0 train --print-config
}
spaced_set() {
    run 0 train --set "theta_plus_mv = 0.1" --print-config
    grep -q '^theta_plus_mv = 0.1 .*command line' "$work/out" || wrong "the value was not taken"
}
sweep_help() { # both texts tell how FILE.ini is written
    local text
    for text in "FIRST..LAST or FIRST..LAST..STEP" "a list (100, 225, 400)" "zip = NAME, NAME"; do
        run 0 sweep --help
        tr '\n' ' ' <"$work/out" | grep -qF "$text" || wrong "sweep --help lacks: $text"
        run 0 man
        prints "$text"
    done
}
quickstart_word() { # quickstart_word WORD TEXT: refused before anything is installed or built
    local code=0
    bash "$here/../../quickstart" "$1" >"$work/out" 2>"$work/err" || code=$?
    ended 2 "$code" "(quickstart $1)"
    says "quickstart: $1: $2"
}
verbose_place() {
    run 3 train --data nowhere --verbose
    tail -n 1 "$work/err" | grep -qE '\([^ ]*\.c:[0-9]+\)$' ||
        wrong "no place in the source: $(tail -n 1 "$work/err")"
}

# The list of cases.

for n in 0 -1 1e9 16385 99999999999999999999 -0x10 1.5 abc ' ' 4OO; do
    any "--neurons '$n'" usage "--neurons = $n: " train --neurons "$n"
done
any "--neurons ''" usage "--neurons is empty: must be a whole number in [1, 16384]" train --neurons=
any "--rule ''" usage "--rule is empty: must be one of triplet" train --rule ''
any "--shuffle=" usage "--shuffle is empty: must be yes or no" train --shuffle=
any "--set of nothing" usage "w_max is empty: must be in [0.001, 1000]" train --set w_max=
any "--neurons: the range is named" usage "[1, 16384]" train --neurons 0
any "--neurons without a value" usage "--neurons needs a value: --neurons N" train --neurons
any "--neurns: the nearest is named" usage "unknown option --neurns: did you mean --neurons?" train --neurns 5
any "an option that resembles none" \
    usage "unknown option --xyzzyq: clsnn train --help lists them" train --xyzzyq
any "a misspelt variable" misspelt_variable
any "an option of another command" \
    usage "--neurons is an option of clsnn train, not of clsnn eval" eval m.npz --neurons 5
any "devices --seed" usage "--seed is an option of clsnn train, not of clsnn devices" devices --seed 1
any "data --set" usage "--set is an option of clsnn train, not of clsnn data" data list --set w_max=2
any "verify -o" usage "-o is an option of clsnn train, not of clsnn verify" verify run -o x
any "a parameter as an option" usage "it is a model parameter, write --set w_max=VALUE" train --w_max 2
any "an unknown short option" usage "unknown option -z: clsnn train --help lists them" train -z
any "trian: the nearest is named" usage "unknown command trian: did you mean train?" trian
any "a command that resembles none" usage "unknown command xyzzyq: clsnn --help lists them" xyzzyq
any "an option before the command" usage "stands before the command" --seed 1 train
any "train with an operand" usage 'unexpected operand "model.npz"' train model.npz
any "eval without its operand" usage "MODEL.npz is missing: usage: clsnn eval [OPTION]... MODEL.npz" eval
any "replay with one operand" \
    usage "OUT.npz is missing: usage: clsnn replay [OPTION]... IN.npz OUT.npz" replay in.npz
any "data without a word" usage "the operand is missing: usage: clsnn data" data
any "data with another word" \
    usage "data frobnicate: must be list, fetch mnist, fetch fashion-mnist, fetch kmnist, or" data frobnicate
any "--work-group 3" usage "--work-group = 3: must be 0 or a power of two up to 1024" train --work-group 3
any "--work-group 2048" usage "--work-group = 2048: must be in [0, 1024]" train --work-group 2048
any "--epochs 0" usage "--epochs = 0: must be in [1, 1000]" train --epochs 0
any "--seed -1" usage "--seed = -1: must be in [0, 18446744073709551615]" train --seed -1
any "--rule hebb" usage "--rule = hebb: " train --rule hebb
any "--preset none" usage "--preset = none: must be one of" train --preset none
any "--shuffle=maybe" usage "--shuffle = maybe: must be yes or no" train --shuffle=maybe
any "--out ''" usage "--out is empty: give it a value, or leave it out" train --out ''
any "--set without a value" usage "--set w_max: write --set NAME=VALUE" train --set w_max
any "--set of nothing known" set_bad "unknown parameter w_mx: did you mean w_max?" w_mx=1
any "--set of another name, with blanks" \
    set_bad "unknown parameter theta_plus_v: did you mean theta_plus_mv?" "theta_plus_v = 0.1"
any "--set with blanks" spaced_set
any "--set out of range" set_bad "w_max = 0: must be in [0.001, 1000]" w_max=0
any "--set nan" set_bad "w_max = nan: not a number" w_max=nan
any "--set of two that disagree" \
    set_bad "v_thresh_exc_mv = -65 must be above v_rest_exc_mv = -65" v_thresh_exc_mv=-65
any "--set of a time that is no whole step" \
    set_bad "refrac_exc_ms = 0.3: must be a multiple of 0.5 ms" refrac_exc_ms=0.3
any "--config FILE that does not exist" \
    refuses 8 "--config nowhere.ini: not found" train --config nowhere.ini
any "--config: unknown key" \
    config_line "neurns = 5" "c.ini:2: unknown option or parameter neurns: did you mean neurons?"
any "--config: value out of range" config_line "neurons = 0" "c.ini:2: neurons = 0: must be in [1, 16384]"
any "--config: no key at all" config_line "neurons" "c.ini:2: \"neurons\": must be name = value"
any "--config: another section" config_line "$(printf '[other]\nx = 1')" "c.ini:2: unknown section [other]"
any "--config: a section without keys" config_line "[model]" "c.ini:2: unknown section [model]"
any "--config: a comment by #" config_line "neurons = 10 # note" 'a comment behind a value begins with " ;"'
any "--print-config, --config: there and back" config_round_trip
on "--config run.json" config_run_json
for name in train eval predict import export sweep reproduce replay devices data bench verify; do
    any "$name --help" texts $name --help
done
any "sweep --help, man: lists, ranges, zip" sweep_help
any "quickstart --test" quickstart_word --test "did you mean ./quickstart test?"
any "quickstart train" quickstart_word train "must be test, or options of clsnn train"
any "no arguments" texts
any "--version" texts --version
any "man" texts man
any "man train" texts man train
any "completion" texts completion
for name in bash zsh fish; do
    any "completion $name" texts completion $name
done
for name in help man completion; do
    any "$name --help" texts $name --help
    any "help $name" texts help $name
done
any "man on a terminal" man_on_terminal
any "help train" texts help train
any "help" texts help
any "-h" texts -h
any "-V" texts -V
any "train --version" texts train --version
any "help of no command" usage "unknown command trian: did you mean train?" help trian
any "help of two commands" usage 'help: unexpected operand "eval"' help train eval
any "man of no command" usage "unknown command trian: did you mean train?" man trian
any "man of two commands" usage 'man: unexpected operand "eval"' man train eval
any "completion of no shell" usage "completion: shell csh: must be one of bash|zsh|fish" completion csh
any "completion of two shells" usage 'completion: unexpected operand "zsh"' completion bash zsh
on "--verbose: errors name their place" verbose_place

# shellcheck disable=SC2119 # no fixtures
run_cases
