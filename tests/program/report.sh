#!/usr/bin/env bash
# report.html: what it says of running, finished, stopped and failed runs and sweeps, and that it stands
# alone. Where Chromium is installed, pages are also laid out at 400 and 1400 pixels.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

page_has() { # page_has FILE TEXT...
    local file=$1 text
    shift
    for text in "$@"; do grep -qF -- "$text" "$file" || wrong "$file lacks: $text"; done
}
alone() { # alone FILE: the page needs no script and fetches nothing
    local fetched='<script|<link|<iframe|@import|javascript:|(src|href)="[^d#"].{9}' text
    text=$(sed 's/<a href="[^"]*">//g' "$1") # links are followed by hand only
    ! grep -qiE "$fetched" <<<"$text" || wrong "$1 is not self-contained: $(grep -oiE "$fetched" <<<"$text")"
    with_numpy - "$1" <<'END' || wrong "$(tail -n 1 "$work/notes")"
import html.parser, sys
class Reader(html.parser.HTMLParser):
    open = []
    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "br"): self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another element"
reader = Reader()
reader.feed(open(sys.argv[1], encoding="utf-8").read())
assert not reader.open, f"never closed: {reader.open}"
END
}
finished() {
    train --out out --set theta_plus_mv=0.06
    alone out/report.html
    page_has out/report.html "<h1>custom: 20 neurons, 1 epoch, seed 1</h1>" \
        "<td>theta_plus_mv</td><td class=\"any\"><code>0.06</code></td><td class=\"any\">command line</td>" \
        "Confusion" "Mistakes" ">neuron 19, " "$(sha)" "prefers-color-scheme:dark" "@media print"
    page_has out/report.html "$(python3 -c "print('%.2f' % (100 * $(json accuracy_all)))") %"
    ! grep -q 'http-equiv="refresh"' out/report.html || wrong "a finished run's page reloads itself"
    ! grep -q "Kim &amp; Kim" out/report.html || wrong "other data are compared with Kim & Kim"
}
by_label() { # --sort-weights label: tiles of page and picture; those without a label last
    local order='s/.*>neuron \([0-9]*\), label \([0-9]*\), .*/\2 \1/p'
    order+='; s/.*>neuron \([0-9]*\), no label, .*/99 \1/p'
    train --label-images 5 --out out --sort-weights label --figures svg
    sed -n "$order" out/report.html >found
    sort -k 1n -k 2n found | same found /dev/stdin
    [ "$(wc -l <found)" = 20 ] || wrong "$(wc -l <found) neurons: must be 20"
    differ found <(sort -k 2n found)
    grep -oE '>[0-9-]+</text>' out/weights.svg | tr -dc '0-9\n-' | head -n 40 | paste -d ' ' - - |
        sed 's/^-/99/' | same found /dev/stdin
    train --label-images 5 --out out # by number
    sed -n "$order" out/report.html | same <(sort -k 2n found) /dev/stdin
}
running() { # accuracy within the epoch, while the run is under way and after it
    run 0 train --data "$work/digits" --neurons 20 --train-images 600 --label-images 20 --test-images 20 \
        --out out
    page_has out/report.html "Running: the share of the last 1000 training images" ">running</text>" \
        ">0.2</text>"
    ! grep -qF "Running: the share" "$work/base/report.html" || wrong "a curve of fewer than 250 images"
}
warned() { # warnings stand above the result
    run 0 train "${small[@]}" --train-images 5 --label-images 15 --test-images 30 --out out
    [ "$(grep -nF "(class_without_images)" out/report.html | cut -d: -f1)" -lt \
        "$(grep -nF 'class="big"' out/report.html | cut -d: -f1)" ] || wrong "the warning is not on top"
    alone out/report.html
}
under_way() { # the page of a run that runs says so and reloads itself; after a stop it does not
    begin "training " train --data "$work/digits" --neurons 400 --epochs 30 --checkpoint-every 2000 --out out
    until_there out/report.html
    page_has out/report.html 'http-equiv="refresh"' "This run is under way."
    local k
    for ((k = 0; k < 600; k++)); do
        grep -q ">Weights<" out/report.html && break
        sleep 0.05
    done
    alone out/report.html
    page_has out/report.html ">Weights<" " images trained, " "images/s, about "
    kill -TERM "$pid"
    finish 75
    page_has out/report.html "This run was stopped"
    ! grep -q 'http-equiv="refresh"' out/report.html || wrong "a stopped run's page reloads itself"
}
failed() {
    local unstable=(--neurons 16 --set w_norm=700000) name
    for name in w_max=1000 tau_g_exc_ms=100 tau_m_exc_ms=1 theta_init_mv=1000 time_off_ms=0; do
        unstable+=(--set "$name")
    done
    run 10 train "${small[@]}" "${unstable[@]}" --out out
    page_has out/report.html "This run has failed." "is not a number or beyond"
    ! grep -q 'http-equiv="refresh"' out/report.html || wrong "a failed run's page reloads itself"
    alone out/report.html
}
tested() { # eval and predict; texts from outside are escaped
    run 0 eval "$work/base/model.npz" --data "$work/small" --out e
    alone e/report.html
    page_has e/report.html "Confusion" "model.npz</code>"
    mkdir '<b>&"' && cp "$work/base/model.npz" '<b>&"/'
    run 0 predict '<b>&"/model.npz' --data "$work/small" --out p
    alone p/report.html
    page_has p/report.html "&lt;b&gt;&amp;&quot;/model.npz" "Mistakes"
    run 0 eval "$work/base/model.npz" --data "$work/small" --test-images 20 --out e
    exist e/previous-1/report.html
}
sizes() { # images of other sizes, many classes
    with_numpy - <<'END' || wrong "no images"
import numpy as n
random = n.random.default_rng(1)
n.savez("wide.npz", x_train=random.integers(0, 256, (90, 3, 40), "u1"), y_train=n.arange(90) % 30,
        x_test=random.integers(0, 256, (90, 3, 40), "u1"), y_test=n.arange(90) % 30)
END
    run 0 train --data wide.npz --neurons 7 --out out
    alone out/report.html
    cp out/report.html "$work/wide.html"
}
empty_figure() { tr -d '\n' <"$1" | grep -q '<figure></figure>'; }
# links PAGE: every link of a page leads to a page below its directory; prints their number
links() {
    local link n=0
    for link in $(grep -oE '<a href="[^"]*"' "$1" | cut -d'"' -f2); do
        link=$(printf %b "${link//%/\\x}")
        [ -s "$(dirname "$1")/$link" ] || wrong "$1: a link leads nowhere: $link"
        n=$((n + 1))
    done
    echo $n
}
swept() { # a sweep's page: its runs with links to their pages, means, warnings on top
    printf 'neurons = 5, 6\nseed = 1..3\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --label-images 5 --out s --set theta_plus_mv=0.06
    alone s/report.html
    page_has s/report.html "<h1>custom: a sweep of 6 runs</h1>" "6 of 6 runs are finished" " &plusmn; " \
        "Accuracy against neurons" ">theta_plus_mv</td>" \
        '<td title="neurons-6_seed-2"><a href="runs/neurons-6_'
    [ "$(links s/report.html)" = 6 ] || wrong "not six links"
    ! grep -q 'http-equiv="refresh"' s/report.html || wrong "a finished sweep's page reloads itself"
    [ "$(grep -nF "Warning: class_without_images." s/report.html | cut -d: -f1)" -lt \
        "$(grep -nF "Means over seeds" s/report.html | cut -d: -f1)" ] || wrong "the warnings are not on top"
    alone s/runs/neurons-5_seed-1/report.html
    page_has s/runs/neurons-5_seed-1/report.html "<h1>custom: 5 neurons, 1 epoch, seed 1</h1>" ">Weights<"
    page_has s/report.html "$(awk -F, '/^neurons-6_seed-3/ {
        printf "<td>%.2f</td><td>%.2f</td>", 100 * $5, 100 * $6 }' s/results.csv)"
    cp s/report.html "$work/swept.html"
    # what another directory would show: one run failed, one was never made
    sed -i 's/"state": "finished"/"state": "failed"/' s/runs/neurons-5_seed-1/run.json
    rm -r s/runs/neurons-5_seed-2
    run 1 sweep s.ini "${brief[@]}" --label-images 5 --out s --set theta_plus_mv=0.06 --collect
    page_has s/report.html "<strong>1 run failed.</strong>" "4 of 6 runs are finished" "it failed" ">missing<"
    [ "$(links s/report.html)" = 5 ] || wrong "not five links"
}
named() { # values that are names have no picture
    printf 'rule = pair, triplet\nw_norm = 70, 80\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --neurons 5 --out s
    alone s/report.html
    page_has s/report.html "Accuracy against w_norm"
    ! empty_figure s/report.html || wrong "a figure is empty"
}
over() { # over PAGE: it says that something has failed, and does not load itself again
    page_has "$1" "has failed.</strong>"
    ! grep -q 'http-equiv="refresh"' "$1" || wrong "$1 of something that has failed reloads itself"
}
sweep_lost() { # files of a run, then a table, cannot be written
    printf 'seed = 1..3\n' >s.ini
    mkdir -p s/runs t/results.csv/x && echo mine >s/runs/seed-2
    run 8 sweep s.ini "${brief[@]}" --neurons 5 --out s
    over s/report.html
    page_has s/report.html "files of 1 run could not be written: s/runs/seed-2"
    run 8 sweep s.ini "${brief[@]}" --neurons 5 --out t
    over t/report.html
    page_has t/report.html "t/results.csv" "3 of 3 runs are finished"
}
search_lost() { # a table of a stage, then that of the search, cannot be written
    local some=(--data "$work/small" --neurons 6 --random 2 --train-images 60 --label-images 60
        --validate 60 --seeds 1 --epochs 1)
    echo 'w_norm = 60..90' >t.ini
    mkdir -p s/epochs-1/summary.csv/x t/tune.csv/x
    run 8 tune t.ini "${some[@]}" --out s
    over s/epochs-1/report.html
    over s/report.html
    run 8 tune t.ini "${some[@]}" --out t
    over t/report.html
}
seeds() { # the page of train --runs; an interval only from three seeds on
    train --runs 3 --out r --epochs 2 --eval-every 1
    alone r/report.html
    page_has r/report.html "<h1>custom: 20 neurons, 2 epochs, 3 seeds</h1>" " &plusmn; " "bars: 95 % interval"
    [ "$(links r/report.html)" = 3 ] || wrong "not three links"
    cp r/report.html "$work/seeds.html"
    train --runs 2 --out two
    page_has two/report.html "Means over seeds"
    ! grep -qF "&plusmn;" two/report.html || wrong "two seeds have an interval"
}
sweep_under_way() {
    begin "side by side" sweep <(printf 'seed = 1..400\n') --data "$work/digits" --neurons 100 --out s
    until_there s/report.html
    page_has s/report.html 'http-equiv="refresh"' "This sweep is under way." "0 of 400 runs are finished" \
        ">waiting<"
    alone s/report.html
    kill -TERM "$pid"
    finish 75
    page_has s/report.html "This sweep was stopped."
    ! grep -q 'http-equiv="refresh"' s/report.html || wrong "a stopped sweep's page reloads itself"
    # A run that failed in an earlier start is not failed while it is trained again, nor after a stop.
    local made
    made=$(grep -l '"state": "stopped"' s/runs/*/run.json | head -n 1) || wrong "no run was stopped"
    sed -i 's/"state": "stopped"/"state": "failed"/' "$made"
    rm -rf s/report.html "$(dirname "$made")/checkpoint"
    begin "side by side" sweep <(printf 'seed = 1..400\n') --data "$work/digits" --neurons 100 --out s
    until_there s/report.html
    cp s/report.html again.html
    kill -TERM "$pid"
    finish 75
    page_has again.html "This sweep is under way." ">waiting<"
    for name in again.html s/report.html; do
        ! grep -qE 'run failed|>failed<' $name || wrong "$name: a run that is made again counts as failed"
    done
}
searched() { # a search's page: stages and points lead to pages
    echo 'w_norm = 60..90' >t.ini
    run 0 tune t.ini --data "$work/small" --neurons 6 --random 4 --train-images 60 --label-images 60 \
        --validate 60 --seeds 3 --out t
    alone t/report.html
    [ "$(links t/report.html)" = 8 ] || wrong "$(links t/report.html) links: must be 4 stages and 4 points"
    page_has t/report.html "The best point" " &plusmn; " ">w_norm</text>"
    ! grep -q 'http-equiv="refresh"' t/report.html || wrong "a finished search's page reloads itself"
    [ "$(links t/epochs-1/report.html)" = 4 ] || wrong "the stage has no page of its four points"
    cp t/report.html "$work/searched.html"
    begin "points train for 1" tune t.ini --data "$work/digits" --neurons 100 --random 4 --out u
    until_there u/report.html
    page_has u/report.html 'http-equiv="refresh"' "This search is under way." \
        'Stages: 1 epoch (<a href="epochs-1/report.html">page</a>), 2 epochs, 3 epochs.'
    alone u/report.html
    kill -TERM "$pid"
    finish 75
    page_has u/report.html "This search was stopped."
}
laid_out() { # nothing is wider than the window, and the page makes no request
    local browser='' name k
    for name in chromium chromium-browser google-chrome; do
        [ -n "$browser" ] || browser=$(command -v "$name" || true)
    done
    [ -n "$browser" ] || skip "Chromium is not installed"
    cp "$work/base/report.html" base.html
    cp "$work"/*.html . 2>/dev/null # those of the cases before
    for name in base wide swept seeds searched; do
        [ -e $name.html ] || continue
        with_numpy - $name.html <<'END' || wrong "no page"
import sys
page = open(sys.argv[1], encoding="utf-8").read()
script = """<script>onload = () => parent.postMessage("RESULT " + innerWidth + " " +
    document.documentElement.scrollWidth + " " + performance.getEntriesByType("resource").length + "; ", "*")
    </script>"""
open(sys.argv[1], "w", encoding="utf-8").write(page.replace("</body>", script + "</body>"))
END
        cat >frame.html <<END
<!DOCTYPE html><body><iframe src="$name.html" width="400" height="900" style="border:0"></iframe>
<iframe src="$name.html" width="1400" height="900" style="border:0"></iframe>
<script>onmessage = e => document.body.append(e.data)</script></body>
END
        timeout 120 "$browser" --headless --no-sandbox --disable-gpu --allow-file-access-from-files \
            --user-data-dir="$work/case/browser" --virtual-time-budget=4000 --window-size=1500,1000 \
            --dump-dom "file://$PWD/frame.html" >dom 2>browser.log || skip "Chromium does not start here"
        for k in 400 1400; do
            grep -oE "RESULT $k [0-9]+ [0-9]+" dom >found ||
                wrong "no result at $k pixels: $(tail -n 3 browser.log)"
            read -r _ _ wide requests <found
            [ "$wide" -le $k ] || wrong "$name.html is $wide pixels wide at $k"
            [ "$requests" = 0 ] || wrong "$name.html makes $requests requests"
        done
    done
}

on "a finished run" finished
on "weights by label" by_label
on "accuracy within an epoch" running
on "a run with warnings" warned
on "a run under way, then stopped" under_way
on "a failed run" failed
on "eval and predict" tested
on "other images" sizes
on "a sweep" swept
on "a sweep over names" named
on "a sweep that cannot write its files" sweep_lost
on "a search that cannot write its files" search_lost
on "train --runs" seeds
on "a sweep under way, then stopped" sweep_under_way
on "a search" searched
on "layout in Chromium" laid_out

run_cases small base
