#!/usr/bin/env bash
# --figures: pictures as png, svg and pdf. Texts of svg and pdf are texts; images are kept pixel by pixel.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

formats=(--figures png,svg,pdf)
has_figures() { # has_figures DIR NAME...: each in all formats, none empty
    local dir=$1 name
    shift
    for name; do exist "$dir/$name".{png,svg,pdf}; done
}
# svg_has FILE TEXT...: the svg is well-formed, no text begins outside of it, and some of its texts hold TEXT
svg_has() {
    python3 - "$@" <<'END' || wrong "$1: $(tail -n 1 "$work/notes")"
import re, sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
left, top, wide, high = map(float, root.get("viewBox").split())
texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
for text in texts:
    x, y = map(float, re.match(r"translate\((\S+) (\S+)\)", text.get("transform")).groups())
    across, size = float(text.get("x")), float(text.get("textLength"))
    if "rotate" in text.get("transform"):
        assert 0 <= x <= wide and 0 <= y - across - size and y - across <= high, (text.text, x, y)
    else:
        assert 0 <= x + across and x + across + size <= wide and 0 <= y <= high, (text.text, x, y)
for word in sys.argv[2:]:
    assert any(word in (text.text or "") for text in texts), f"no text has: {word}"
for element in root.iter():
    for name, value in element.attrib.items():
        assert not name.endswith("href") or value[0] in "#d", value[:60]
END
}
pdf_has() { # pdf_has FILE TEXT...: the pdf is sound, of one page, and has these texts
    local file=$1 text
    shift
    { command -v qpdf && command -v pdftotext && command -v pdfinfo; } >/dev/null ||
        skip "qpdf, pdftotext or pdfinfo is not installed"
    qpdf --check "$file" >check 2>&1 || wrong "$file: $(tail -n 2 check)"
    pdfinfo "$file" | grep -qE '^Pages: +1$' || wrong "$file: not one page"
    pdftotext "$file" text
    for text; do grep -qF -- "$text" text || wrong "$file lacks: $text"; done
}
trained() { # train's pictures, those of snapshots, and the words that name them
    run 0 train "${small[@]}" "${formats[@]}" --snapshots 100i --out out
    has_figures out weights accuracy confusion weights-strip
    prints "out/accuracy.pdf" && prints "out/weights-strip.svg" && prints "out/weights.apng"
    prints "snapshots                   out/snapshots/"
    svg_has out/weights.svg "Input weights: N = 20, custom, 1 epoch, seed 1" 0.2 weight
    svg_has out/accuracy.svg "Accuracy on 300 test images" "N = 20, custom, 1 epoch, seed 1" "vote all"
    svg_has out/confusion.svg "N = 20, custom, 1 epoch, seed 1: " "predicted class"
    svg_has out/weights-strip.svg "seed 1" 200
    pdf_has out/weights.pdf "Input weights: N = 20, custom, 1 epoch, seed 1"
    pdf_has out/accuracy.pdf "vote proportion"
    pdf_has out/confusion.pdf "predicted class"
    pdf_has out/weights-strip.pdf "columns: images trained"
}
pixels() { # the images in weights.svg and weights.pdf are the pixels of weights.png
    run 0 train "${small[@]}" "${formats[@]}" --out out
    command -v pdfimages >/dev/null || skip "pdfimages is not installed"
    pdfimages -png out/weights.pdf from-pdf
    with_modules numpy,PIL - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import base64, io, re
import numpy as n
from PIL import Image
def pixels(file): return n.asarray(Image.open(file).convert("RGB")).astype(int)
whole, pdf = pixels("out/weights.png"), pixels("from-pdf-000.png")
data = max(re.findall(r"data:image/png;base64,([^\"]+)", open("out/weights.svg").read()), key=len)
svg = pixels(io.BytesIO(base64.b64decode(data)))
high, wide = svg.shape[:2]
places = [(y, x) for y in range(20, 120) for x in range(20, 120)
          if (whole[y, x:x + wide] == svg[0]).all() and (whole[y:y + high, x] == svg[:, 0]).all()]
assert len(places) == 1, places
y, x = places[0]
same = (whole[y:y + high, x:x + wide] == svg).all(2)
below = n.arange(high) % 169 > 84 # captions stand in the upper half of each tile
assert (high, wide) == (4 * 169 + 1, 5 * 169 + 1) and same[below].all() and same.mean() > 0.9, same.mean()
assert pdf.shape == svg.shape and abs(pdf - svg).max() <= 2, "the pdf's pixels" # png keeps every fourth grey
END
}
others() { # predict, probe, eval, sweep, reproduce
    local model=$work/base/model.npz
    run 0 predict "$model" --data "$work/small" --out p "${formats[@]}"
    has_figures p mistakes
    prints "mistakes.png, mistakes.svg, mistakes.pdf, run.json}"
    run 0 predict "$model" --data "$work/small" --out p --figures svg --json
    grep -oE '\{"image":[0-9]+,"label":[0-9]+,"prediction_all":[0-9]+' "$work/out" | head -n 100 |
        sed 's/[^0-9]*\([0-9]*\)[^0-9]*\([0-9]*\)[^0-9]*\([0-9]*\)/\2 as \3\nimage \1/' >wanted
    grep -oE '>([0-9]+ as [0-9]+|image [0-9]+)</text>' p/mistakes.svg | sed 's/>//; s/<.*//' |
        same wanted /dev/stdin
    svg_has p/mistakes.svg "wrong answers to 300 images of custom (N = 20, "
    pdf_has p/previous-1/mistakes.pdf "wrong answers to 300 images of custom"
    run 0 probe "$model" --data "$work/small" --image 3 --out q "${formats[@]}"
    has_figures q probe
    prints "{probe.npz, probe.png, probe.svg, probe.pdf}"
    svg_has q/probe.svg "test image 3: label " "time (ms)" "g_exc" "base/model.npz: 20 excitatory neurons"
    pdf_has q/probe.pdf "test image 3: label " "time (ms)"
    run 0 eval "$model" --data "$work/small" --out e "${formats[@]}"
    has_figures e weights confusion
    printf 'neurons = 5, 6\n' >s.ini
    run 0 sweep s.ini "${brief[@]}" --out s "${formats[@]}"
    has_figures s accuracy-neurons
    svg_has s/accuracy-neurons.svg "Accuracy on custom" "epochs: 1, training images: 20, seeds: 1" neurons
    run 0 sweep s.ini "${brief[@]}" --out s --figures svg
    [ "$(echo s/accuracy-*)" = s/accuracy-neurons.svg ] || wrong "old pictures are left: $(echo s/accuracy-*)"
    grep -q 'src="data:image/svg+xml;base64,' s/report.html || wrong "the page has no svg"
    run 0 reproduce "${brief[@]}" --sizes 5 --epochs 1 --seeds 1 --out r --figures svg,pdf
    exist r/figure3.{svg,pdf} r/figure4.{svg,pdf}
    [ ! -e r/figure3.png ] || wrong "a png, not asked for"
    prints "figure3.svg, figure3.pdf, figure4.svg, figure4.pdf}"
    svg_has r/figure4.svg "after 1 epoch" seed
    grep -q 'src="data:image/svg+xml;base64,' r/report.html || wrong "reproduce's page has no svg"
    run 0 reproduce "${brief[@]}" --sizes 5 --epochs 1 --seeds 1 --out r --figures png
    [ "$(cd r && echo *.svg *.pdf figure*)" = "*.svg *.pdf figure3.png figure4.png" ] ||
        wrong "old pictures are left: $(echo r/figure*)"
}
kept() { # a run that goes on keeps its formats; files of an earlier run move away in every format
    make_two --figures svg --sort-weights label
    grep -A 1 '"figures"' out/run.json | grep -q '"value": "svg"' || wrong "run.json lacks the formats"
    rm out/*.svg
    run 0 train --resume --epochs 3 --out out
    exist out/{weights,accuracy,confusion}.svg
    run 0 train --resume --epochs 4 --figures pdf --snapshots 400i --out out
    exist out/weights-strip.pdf
    run 0 train --resume --epochs 5 --figures svg --out out
    local found
    found=$(cd out && echo *.png *.pdf *.svg)
    [ "$found" = "*.png *.pdf accuracy.svg confusion.svg weights-strip.svg weights.svg" ] ||
        wrong "old pictures are left: $found"
    grep -A 1 '"sort-weights"' out/run.json | grep -q '"value": "label"' || wrong "the order is lost"
    [ ! -e out/weights.png ] || wrong "a png, not asked for"
    train --out out
    exist out/previous-1/{weights,accuracy,confusion}.svg out/weights.png
    [ ! -e out/weights.svg ] || wrong "an earlier run's picture is left"
    alike out/previous-1/model.npz
}
alike() { # the default is png alone, and the pictures change no bit
    run 0 train "${small[@]}" --out plain --json
    [ "$(sha)" = "$(cat "$work/final_sha256")" ] || wrong "formats change the result"
    [ "$(echo plain/weights.*)" = plain/weights.png ] || wrong "not png alone: $(echo plain/weights.*)"
}
times() { printf "$2%.0s" $(seq "$1"); } # times N TEXT
long_path() { # a title names a model whose path is long, in other letters, or no UTF-8
    local k dir name
    for k in 1 2; do # a cut at a fixed byte is inside a character for one of them
        dir=$(times $k x)/$(times 40 '\316\261\343\201\202')/$(times 60 '\316\262')
        name=$(times $k x)/$(times 3 '\316\261\343\201\202')
        mkdir -p "$dir"
        cp "$work/base/model.npz" "$dir"
        run 0 eval "$dir/model.npz" --data "$work/small" --test-images 30 --figures svg --out e$k
        svg_has e$k/weights.svg "Input weights: N = 20, custom, $name"
        svg_has e$k/confusion.svg "N = 20, custom, $name" " of 30 right, vote all"
        run 0 predict "$dir/model.npz" --data "$work/small" --test-images 30 --figures svg --out p$k
        svg_has p$k/mistakes.svg " images of custom (N = 20, $name"
        run 0 probe "$dir/model.npz" --data "$work/small" --image 3 --figures svg --out q$k
        svg_has q$k/probe.svg "$name" ": 20 excitatory neurons"
    done
    name=$(printf 'caf\351.npz')
    cp "$work/base/model.npz" "$name"
    run 0 eval "$name" --data "$work/small" --test-images 30 --figures svg --out latin
    svg_has latin/weights.svg "Input weights: N = 20, custom, caf?.npz"
}
bad_call() {
    local want="must be some of png|svg|pdf, with commas between them"
    usage "--figures = gif: $want" train --figures gif
    usage "--figures = png,: $want" train --figures png,
    usage "figures = svg,x: $want" probe "$work/base/model.npz" --figures svg,x
    usage "--figures is empty" train --figures=
    usage "--figures is an option of clsnn train, not of clsnn bench" bench --figures svg
}

on "train" trained
on "pixels of images" pixels
on "predict, probe, eval, sweep, reproduce" others
on "a run that goes on, or begins anew" kept
on "titles with long paths" long_path
on "mistakes in the call" bad_call

run_cases small base
