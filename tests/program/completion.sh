#!/usr/bin/env bash
# Completion in bash, zsh and fish: each shell reads the script that clsnn completion prints, and completes
# the same words. Cases of a shell that is not installed are skipped.
# shellcheck disable=SC2016 # the shells expand these texts
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

# in_SHELL LINE: prints what the shell offers for the last word of LINE.
in_bash() {
    bash -c '. ./script; COMP_WORDS=($1) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _clsnn
        printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}
in_fish() { fish -N -c 'source script; complete -C "$argv[1]"' "$1" | cut -f 1; }
# zsh completes only what someone types: LINE, a tab and a return. clsnn is a function that keeps its last
# word. A word that stays as it was typed is no offer.
in_zsh() {
    zsh -f -c '
        zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "autoload -U compinit; compinit -D -u; . ./script"
        zpty -w z "clsnn() { print -r -- \${@[-1]} >typed; exit; }"
        zpty -w -n z "$1"$'"'\\t\\n'"'
        for ((k = 0; k < 300; k++)) { [[ -s typed ]] && break; sleep 0.1 }
        zpty -d z' zsh "$1" </dev/null
    grep -vxF -e "${1##* }" typed
}

# offers SHELL LINE [WORD]: the shell offers WORD alone, or nothing. Shells differ in the = or / behind it.
offers() {
    run 0 completion "$1"
    cp "$work/out" script
    touch model.npz results.csv
    mkdir results
    "in_$1" "$2" 2>"$work/err" | sed 's,[=/]$,,; /^$/d' | sort -u >offered
    [ "$(cat offered)" = "${3:-}" ] && return
    quote offered
    quote "$work/err"
    wrong "$1: \"$2\": offers the words above: must be \"${3:-}\""
}

# A program in clsnn's place lists the devices here under another name, so that one name is offered.
offers_device() {
    run 0 devices --json
    sed 's/"device": ".*"/"device": "7:3"/' "$work/out" >devices.json
    mkdir bin
    printf '#!/bin/sh\ncat "%s"\n' "$PWD/devices.json" >bin/clsnn
    chmod +x bin/clsnn
    PATH=$PWD/bin:$PATH offers "$1" "clsnn train --device 7" 7:3
}

for shell in bash zsh fish; do
    command -v $shell >/dev/null || {
        any "$shell" skip "$shell is not installed"
        continue
    }
    any "$shell: a command" offers $shell "clsnn tra" train
    any "$shell: an option" offers $shell "clsnn train --neu" --neurons
    any "$shell: an option of other commands" offers $shell "clsnn devices --neu"
    any "$shell: a choice" offers $shell "clsnn train --preset die" diehl-cook-2015
    any "$shell: a parameter" offers $shell "clsnn train --set theta_pl" theta_plus_mv
    any "$shell: a data set" offers $shell "clsnn eval model.npz --data mn" mnist
    any "$shell: a directory" offers $shell "clsnn train --out res" results
    any "$shell: a file" offers $shell "clsnn eval mode" model.npz
    any "$shell: no file" offers $shell "clsnn train mode"
    any "$shell: a set to fetch" offers $shell "clsnn data fetch kmn" kmnist
    any "$shell: a word of data" offers $shell "clsnn data fet" fetch
    any "$shell: a shell" offers $shell "clsnn completion zs" zsh
    any "$shell: a command to help with" offers $shell "clsnn help swe" sweep
    any "$shell: a kind of device" offers $shell "clsnn train --device gp" gpu
    on "$shell: a device" offers_device $shell
done

# shellcheck disable=SC2119 # no fixtures
run_cases
