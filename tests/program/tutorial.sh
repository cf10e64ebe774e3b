#!/usr/bin/env bash
# clsnn-tutorial(7): runs every command and every block of numpy on the page, in order, in one directory, as a
# reader would, on fewer images. A case is a section of the page.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

page=$(realpath "$here/../../host/commands/clsnn-tutorial.7")
PATH=$(dirname "$clsnn"):$PATH
export CLSNN_TRAIN_IMAGES=300 CLSNN_LABEL_IMAGES=200 CLSNN_TEST_IMAGES=100
for python in python3 /usr/bin/python3 none; do
    "$python" -c 'import numpy' 2>/dev/null && break
done

# make_blocks cuts the page into files: SECTION-BLOCK.sh for lines after a dollar sign, SECTION-BLOCK.py for
# numpy.
make_blocks() {
    mkdir "$work/blocks" "$work/day"
    awk -v to="$work/blocks/" '
        /^\.SH [0-9]/ { section = $2 + 0 }
        /^\.EX/ { file = ""; n++; next }
        /^\.EE/ { close(file); inside = 0; next }
        { was = $0 }
        n && !done[n] && section {
            file = sprintf("%s%d-%02d.%s", to, section, n, /^\$/ ? "sh" : "py"); done[n] = inside = 1
        }
        inside { gsub(/\\-/, "-"); sub(/\\e$/, "\\"); sub(/^\$ /, ""); print > file }
    ' "$page"
}

section() { # section N: runs all blocks of the section
    local block code=0
    cd "$work/day" || wrong "no directory"
    ls "$work/blocks/$1"-*.sh >/dev/null 2>&1 || wrong "section $1 has no command"
    ls "$work/blocks/$1"-*.py >/dev/null 2>&1 || wrong "section $1 has no numpy"
    for block in "$work/blocks/$1"-*; do
        case $block in
        *.sh) sh -e "$block" >"$work/out" 2>"$work/err" </dev/null || code=$? ;;
        *.py)
            [ "$python" != none ] || skip "numpy is not installed: blocks of numpy are not tried"
            "$python" -W error "$block" >"$work/out" 2>"$work/err" </dev/null || code=$?
            ;;
        esac
        [ $code = 0 ] || { quote "$block" && quote "$work/err" && wrong "${block##*/}: exit code $code"; }
    done
    note "$(tail -n 1 "$work/out")"
}

while read -r number title; do
    on "section $number $title" section "${number%.}"
done < <(sed -n 's/^\.SH \([0-9]\)/\1/p' "$page")
run_cases blocks
