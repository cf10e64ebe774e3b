#!/usr/bin/env bash
# report.html: what it says of running, finished, stopped and failed runs, and that it stands alone. Where
# Chromium is installed, pages are also laid out at 400 and 1400 pixels.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

page_has() { # page_has FILE TEXT...
    local file=$1 text
    shift
    for text in "$@"; do grep -qF -- "$text" "$file" || wrong "$file lacks: $text"; done
}
alone() { # alone FILE: the page needs no script and fetches nothing
    local fetched='<script|<link|<iframe|@import|javascript:|(src|href)="[^d#"].{9}'
    ! grep -qiE "$fetched" "$1" || wrong "$1 is not self-contained: $(grep -oiE "$fetched" "$1")"
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
laid_out() { # nothing is wider than the window, and the page makes no request
    local browser='' name k
    for name in chromium chromium-browser google-chrome; do
        [ -n "$browser" ] || browser=$(command -v "$name" || true)
    done
    [ -n "$browser" ] || skip "Chromium is not installed"
    cp "$work/base/report.html" a.html
    [ ! -e "$work/wide.html" ] || cp "$work/wide.html" b.html
    for name in a b; do
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
on "a run with warnings" warned
on "a run under way, then stopped" under_way
on "a failed run" failed
on "eval and predict" tested
on "other images" sizes
on "layout in Chromium" laid_out

run_cases small base
