#!/usr/bin/env bash
# `clsnn reproduce`: the page, its tables, figures and runs. A second start trains only unfinished runs.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

few=(--train-images 30 --label-images 40 --test-images 30)
# shellcheck disable=SC2054 # the sizes are one word
again=(reproduce --data "$work/small" --sizes 16,20 "${few[@]}" --epochs 3 --seeds 2)
# One network of a size of Kim & Kim (2020).
paper=(reproduce --data "$work/small" --sizes 100 --seeds 1)
paper+=(--train-images 20 --label-images 20 --test-images 20)
# Three networks that train for minutes.
long=(reproduce --data "$work/small" --sizes 100 --train-images 600 --epochs 200)

# The page and its files.

is_page() { # is_page FILE: it closes every element and fetches nothing from elsewhere
    head -n 1 "$1" | grep -q '^<!DOCTYPE html>' || wrong "$1 does not begin as a page"
    tail -n 1 "$1" | grep -q '^</html>' || wrong "$1 does not end as a page"
    ! grep -oE '(src|href)="?[^d"][^"]{0,20}' "$1" | grep . || wrong "$1 fetches something"
    ! grep -nE '&($|[^a-z#])' "$1" >>"$work/why" || wrong "$1 holds an & that is not escaped"
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
    exist out/{report.html,reproduce.json,table1.md,table1.csv,figure3.png,figure4.png}
    exist out/runs/n{16,20}-s{1,2}/{run.json,metrics.csv,model.npz}
    exist out/runs/n16-s1/epoch-{1,3}.npz
    for run in out/runs/*; do state_is finished "$run/run.json"; done
    is_page out/report.html
    grep -q 'epochs shown: 1, 3"' out/report.html || wrong "the page does not name the epochs of Figure 4"
    is_json out/reproduce.json
    same <(head -n 12 "$work/out") <(head -n 12 out/table1.md)
    # A row a size and epoch, each with 15 columns; the mean lies between min and max.
    [ "$(wc -l <out/table1.csv)" = 7 ] || wrong "table1.csv: $(cat out/table1.csv)"
    awk -F, 'NF != 15 || (NR > 1 && !($5 >= $7 && $5 <= $8 && $6 >= 0 && $4 == 2)) {bad = 1}
        END {exit bad}' out/table1.csv || wrong "table1.csv: $(cat out/table1.csv)"
    grep -q '^20,3,90,2,' out/table1.csv || wrong "table1.csv lacks a row: $(cat out/table1.csv)"
    run 0 train --data "$work/small" --neurons 20 "${few[@]}" --epochs 3 --seed 2 --eval-every 1 --json \
        --out alone
    [ "$(sha)" = "$(json final_sha256 out/runs/n20-s2/run.json)" ] ||
        wrong "another network than train makes"
    differ out/runs/n20-s1/model.npz out/runs/n20-s2/model.npz
}
# The table always holds the last epoch, also where Kim & Kim (2020) have no number. The page speaks only of
# numbers that it shows.
reproduce_two() {
    run 0 "${again[@]}" --epochs 2 --out out
    prints "| N | | 1 epoch | 2 epochs |"
    prints "Kim & Kim (2020) print no numbers for these sizes and epochs: nothing is compared."
    grep -q '<th>2 epochs</th>' out/report.html || wrong "the page lacks the last epoch"
    ! grep -qE "do not use MNIST|Hollow markers" out/report.html "$work/out" ||
        wrong "it speaks of numbers that are not there"
    run 0 "${paper[@]}" --epochs 2 --out paper
    prints "| | Kim & Kim (2020) | 72.58 | – |"
    prints "These runs do not use MNIST (custom, 20 training and 20 test images; Kim & Kim (2020) used\
 MNIST's 60000 and 10000): their numbers stand beside ours"
    prints "one seed has no spread"
}
reproduce_json() {
    run 0 "${again[@]}" --json --quiet
    no_words
    [ "$(wc -l <"$work/out")" = 1 ] || wrong "not one line on stdout"
    is_json "$work/out"
    exist reproduce-custom/report.html
    for key in cells runs figures comparable data_sha256 kernels_sha256 report vote_all vote_proportion \
        paper difference below mean sd min max n final_sha256; do
        prints "\"$key\":"
    done
    [ "$(json comparable)" = false ] || wrong "comparable is $(json comparable)"
    [ "$(grep -o '"below":' "$work/out" | wc -l)" = 6 ] || wrong "not a cell for each size and epoch"
}
reproduce_one() { # one seed has no spread; Kim & Kim's number stands beside the run's and is not compared
    local dir='a <b>&"c'
    run 0 "${paper[@]}" --epochs 1 --seed 18446744073709551615 --json --out "$dir"
    is_json "$work/out"
    prints '"sd":null'
    prints '"paper":72.58,"difference":null'
    is_page "$dir/report.html"
    ! grep -E "cell is marked|Hollow markers|over seeds as bars" "$dir/report.html" ||
        wrong "the page explains what it does not show"
    grep -qF -e "--out &#39;a" -e "--out 'a &lt;b&gt;&amp;&quot;c'" "$dir/report.html" ||
        wrong "the command is not quoted"
}

# Second starts, stops, and two processes at once.

# A second start does not train finished runs again. It trains damaged runs and runs of other settings again,
# and keeps their earlier files.
reproduce_again() {
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
    says "out/runs/n16-s1 is made again: its theta_plus_mv is 0.05, 0.06 asked"
    same out/runs/n20-s1/previous-2/model.npz runs/n20-s1/model.npz
    same out/runs/n16-s1/previous-2/epoch-3.npz runs/n16-s1/epoch-3.npz
    run 0 "${again[@]}" --out out --set theta_plus_mv=0.06 --train-images 29
    says "its train_images is "
}
reproduce_stopped() {
    begin "training 3 networks" "${long[@]}" --out out
    sleep 0.5
    kill -INT "$pid"
    finish 75
    says "stopped: 0 of 3 runs are finished in out/runs; the same command keeps them and trains the others"
    [ ! -s "$work/out" ] || wrong "a result was printed"
    for k in 1 2 3; do state_is stopped out/runs/n100-s$k/run.json; done
    [ ! -e out/report.html ] || wrong "there is a page"
}
reproduce_two_at_once() { # the second process fails at once, moves nothing and names the first
    begin "training 3 networks" "${long[@]}" --out out
    local first=$pid k
    until_there out/runs/n100-s3/run.json
    run 2 "${long[@]}" --sizes 100,20 --out out
    says "out: another clsnn (process $first) is at work on runs there"
    [ ! -e out/runs/n20-s1 ] || wrong "the second process has begun a run"
    pid=$first
    kill -INT "$pid"
    finish 75
    for k in 1 2 3; do [ ! -e out/runs/n100-s$k/previous-1 ] || wrong "seed $k was moved away"; done
}
in_full_again() {
    run 8 "$@" --out full
    says "WARNING: n16-s1: full/"
    says "No space left on device"
    prints "| 16 | vote all |"
    state_is failed full/runs/n16-s1/run.json
    ! find full -name '*.tmp' | grep . || wrong "a temporary file was left"
}
reproduce_full() {
    mkdir full
    in_mount 'mount -t tmpfs -o size=128k none full' in_full_again "${again[@]}" --sizes 16
}
reproduce_out_file() {
    echo mine >file
    refuses 8 "file: is a file: must be a folder" reproduce --data "$work/small" --out file
}

# The list of cases.

on "reproduce: page, tables, figures, runs" reproduce_files
on "reproduce: a second start trains what is not finished" reproduce_again
on "reproduce: an epoch that Kim and Kim have not" reproduce_two
on "reproduce --json" reproduce_json
on "reproduce: one seed, odd names" reproduce_one
on "reproduce: SIGINT" reproduce_stopped
on "reproduce: the disk fills" reproduce_full
on "reproduce: two at once" reproduce_two_at_once
on "reproduce: --out is a file" reproduce_out_file
on "reproduce: --out in /proc" refuses 8 "/proc" reproduce --data "$work/small" --out /proc/clsnn
any "reproduce --seeds 0" usage "--seeds = 0: must be in [1, 1000]" reproduce --seeds 0
any "reproduce --sizes 0" usage "--sizes = 0: must be in [1, 16384] neurons" reproduce --sizes 0
any "reproduce --sizes 16,16" usage "16 stands twice" reproduce --sizes 16,16
any "reproduce --sizes with nothing in it" \
    usage "--sizes = 16,,20: must be up to 16 numbers with commas between them" reproduce --sizes 16,,20
any "reproduce --seeds beyond the last seed" \
    usage "with --seeds 3 must be at most 18446744073709551613" reproduce --seed 18446744073709551615
any "reproduce --neurons" \
    usage "--neurons is an option of clsnn train, not of clsnn reproduce" reproduce --neurons 5

run_cases small
