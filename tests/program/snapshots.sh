#!/usr/bin/env bash
# `clsnn train --snapshots`: the networks that it keeps, the pictures of them, and that bits do not change.
# shellcheck source=tests/program/lib.sh
. "$(dirname "$0")/lib.sh"

names() { ls "${1:-out}/snapshots" | tr '\n' ' '; }
kept() { # kept SPEC IMAGES...: the snapshots of two epochs of 200 images
    local want="" k spec=$1
    shift
    for k; do want+="$(printf 'model-%09d.npz ' "$k")"; done
    make_two --snapshots "$spec"
    [ "$(names)" = "$want" ] || wrong "kept $(names): must be $want"
    exist out/weights.apng out/weights-strip.png
}
same_bits() { # snapshots change no bit of the run, and are what shorter runs end with
    run 0 train "${two[@]}" --out plain
    local plain
    plain=$(sha)
    make_two --snapshots 70i
    [ "$(sha)" = "$plain" ] || wrong "snapshots change the result"
    run 0 train "${small[@]}" --train-images 140 --out short --json
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import numpy as n
a, b = n.load("out/snapshots/model-000000140.npz"), n.load("short/model.npz")
assert n.array_equal(a["w"], b["w"]) and n.array_equal(a["theta_mv"], b["theta_mv"])
first, last = n.load("out/snapshots/model-000000000.npz"), n.load("out/snapshots/model-000000400.npz")
assert n.array_equal(last["w"], n.load("out/model.npz")["w"])
assert (first["theta_mv"] == 20).all() and first["w"].max() < 0.31
END
    run 0 eval out/snapshots/model-000000140.npz --data "$work/small" --label-images 300 --json
    [ "$(ls out/checkpoint)" = "$(ls plain/checkpoint)" ] || wrong "other checkpoints: $(ls out/checkpoint)"
}
moving_picture() { # every frame of weights.apng shows the weights of its snapshot
    make_two --snapshots 100i
    with_numpy - <<'END' || wrong "$(tail -n 1 "$work/notes")"
import struct, zlib, numpy as n
data, at, chunks = open("out/weights.apng", "rb").read(), 8, []
assert data[:8] == b"\x89PNG\r\n\x1a\n"
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    body, crc = data[at + 8:at + 8 + size], struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
    assert zlib.crc32(kind + body) == crc, kind
    chunks.append((kind, body))
    at += size + 12
kinds = [kind for kind, _ in chunks]
assert kinds == [b"IHDR", b"acTL", b"PLTE", b"fcTL", b"IDAT"] + 4 * [b"fcTL", b"fdAT"] + [b"IEND"], kinds
width, height = struct.unpack(">II", chunks[0][1][:8])
assert struct.unpack(">II", chunks[1][1]) == (5, 0)
sequence = [struct.unpack(">I", body[:4])[0] for kind, body in chunks if kind in (b"fcTL", b"fdAT")]
assert sequence == list(range(9)), sequence
frames = [body if kind == b"IDAT" else body[4:] for kind, body in chunks if kind in (b"IDAT", b"fdAT")]
for k, frame in enumerate(frames):
    pixels = n.frombuffer(zlib.decompress(frame), "u1").reshape(height, width + 1)[:, 1:]
    w = n.load(f"out/snapshots/model-{100 * k:09d}.npz")["w"]
    for j in range(20):
        y, x = j // 5 * 29 + 1, j % 5 * 29 + 1
        want = n.minimum(n.floor(w[:, j] * 48 + 0.5), 48).reshape(28, 28)
        found = pixels[y:y + 28, x:x + 28]
        assert abs(found - want).max() <= 1 and (found == want).mean() > 0.99, (k, j)
    assert (pixels[-4] == 51).mean() - k / 4 < 0.01, "the bar of progress"
END
}
resumed() { # a run that goes on keeps its snapshots and makes the others
    make_two --snapshots 1
    rm -r out
    begin "training " train "${two[@]}" --data "$work/digits" --train-images 20000 --checkpoint-every 500 \
        --snapshots 1000i --out out
    until_there out/snapshots/model-000002000.npz
    kill -TERM "$pid"
    finish 75
    run 0 train --resume --out out --json
    [ "$(ls out/snapshots | wc -l)" = 41 ] || wrong "kept $(names)"
    exist out/weights.apng
    run 0 train "${small[@]}" --out out --json
    exist out/previous-1/snapshots/model-000040000.npz out/previous-1/weights.apng
    [ ! -e out/snapshots ] || wrong "an earlier run's snapshots are left"
}
strip() { # the strip shows neurons from all of the network
    run 0 train "${small[@]}" --neurons 40 --train-images 20 --snapshots 1 --out out --figures svg
    [ "$(grep -oE '>[0-9]+</text>' out/weights-strip.svg | tr -dc '0-9\n' | tail -n 16 | tr '\n' ' ')" = \
        "0 2 5 7 10 12 15 17 20 22 25 27 30 32 35 37 " ] || wrong "not these neurons"
}
bad_call() {
    usage "--snapshots = 0: must be in [1, 1] epochs" train --data "$work/small" --snapshots 0
    usage "--snapshots = 2: must be in [1, 1] epochs" train --data "$work/small" --snapshots 2
    usage "--snapshots = 1001i: must be in [1, 600] images" train --data "$work/small" --snapshots 1001i
    usage "--snapshots = 2: must be in [0, 1] epochs" train --data "$work/small" --snapshots 0,2
    usage "would keep more than 10000 snapshots" train --data "$work/digits" --epochs 2 --snapshots 1i
    usage "--snapshots = x: not a number" train --data "$work/small" --snapshots 1,x
    usage "--snapshots keeps the weights of one run" train --data "$work/small" --snapshots 1 --runs 2
}

on "after every epoch" kept 1 0 200 400
on "after every 150 images" kept 150i 0 150 300 400
on "at chosen moments" kept 2,0,250i 0 250 400
on "the bits of a run without snapshots" same_bits
on "weights.apng" moving_picture
on "weights-strip" strip
on "a run that goes on" resumed
on "mistakes in the call" bad_call

run_cases small
