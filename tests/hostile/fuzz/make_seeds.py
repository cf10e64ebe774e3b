#!/usr/bin/env python3
"""Writes the seeds of tests/hostile/corpus. Files called finding-* are the fuzzer's; no script makes them."""
import gzip, hashlib, io, json, os, struct, zipfile

corpus = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpus")


def put(target, name, data):
    os.makedirs(os.path.join(corpus, target), exist_ok=True)
    with open(os.path.join(corpus, target, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def images(n):
    pixels = bytes((7 * k) % 256 if k % 5 == 0 else 0 for k in range(784 * n))
    return struct.pack(">4I", 0x803, n, 28, 28) + pixels


def labels(n):
    return struct.pack(">2I", 0x801, n) + bytes(k % 10 for k in range(n))


def pair(a, b):
    return struct.pack("<H", len(b)) + b + a


def npy(descr, shape, data, version=1, extra=""):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }%s\n" % (descr, shape, extra)
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data


def packed(data, level=9):
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", level, out, mtime=0) as f:
        f.write(data)
    return out.getvalue()


def archive(arrays, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in arrays:
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()


# A record of fuzz_archive() in fuzz.c: number of the name, flags, length, data.
def record(name, flags, data):
    return struct.pack("<BBH", name, flags, len(data)) + data


# A record with flag 2: fuzz.c makes the array of type, dimensions, extents and data.
def made(name, dtype, shape, data=b"", flags=2):
    return record(name, flags, struct.pack("<BB%dH" % len(shape), dtype, len(shape), *shape) + data)


U1, I4, U4, I8, U8, F4, F8 = range(7)

put("idx", "one", pair(images(1), labels(1)))
put("idx", "three", pair(images(3), labels(3)))
put("idx", "counts-differ", pair(images(1), labels(2)))
put("idx", "swapped", pair(labels(20), images(1)))
put("idx", "short", pair(images(1)[:-1], labels(1)))
put("idx", "label-10", pair(images(1), labels(1)[:-1] + b"\x0a"))

put("gzip", "images", packed(images(2)))
put("gzip", "labels", packed(labels(300)))
put("gzip", "stored", packed(labels(30), 0))
put("gzip", "two-members", packed(images(1)[:100]) + packed(images(1)[100:]))
put("gzip", "nothing", packed(b""))
put("gzip", "all-fields", b"\x1f\x8b\x08\x1f\0\0\0\0\0\xff" + b"\x04\0abcd" + b"name\0" + b"comment\0"
    + b"\0\0" + packed(b"x")[10:])
put("gzip", "made-images", b"\x01" + images(1))
put("gzip", "made-labels", b"\x05" + labels(40))
put("gzip", "made-any", b"\x06some bytes")

put("npy", "f4", npy("<f4", "(3, 2)", bytes(24)))
put("npy", "u1", npy("|u1", "(5,)", b"hello", extra="   "))
put("npy", "scalar", npy("<i8", "()", bytes(8)))
put("npy", "four", npy("<i4", "(1, 2, 1, 2)", bytes(16), 2))
put("npy", "empty", npy("<f8", "(784, 0)", b""))
put("npy", "object", npy("|O", "(1,)", b"\x80\x04K*."))
put("npy", "fortran", npy("<f4", "(3, 2)", bytes(24)).replace(b"False", b"True "))
put("npy", "overflow", npy("<f4", "(4294967296, 4294967296)", b""))

about = (b'{"params": {"w_max": 1.0, "tau_m_exc_ms": 100}, "dataset": {"name": "digits", "sha256": "00ff"}, '
         b'"seed": 1}')
w = made(0, F4, (784, 1), struct.pack("<3f", 0.5, 1, 0))
theta = made(1, F4, (1,), struct.pack("<f", 20))
label = made(2, I4, (1,), struct.pack("<i", 7))
proportions = made(3, F4, (1, 10), struct.pack("<2f", 0.25, 0.75), 3)
put("model", "bare", w + theta)
put("model", "whole", w + theta + label + proportions + made(4, U1, (len(about),), about, 3))
put("model", "about", w + theta + made(4, U1, (len(about),), about))
for name, text in (
        ("about-escape", b'{"dataset": {"name": "\\u001b[31m", "sha256": "0"}}'),
        ("about-broken", b'{"a": "\x1b[31m\r\n'),
        ("about-nested", b"[" * 3000),
        ("about-huge", b'{"params": {"w_max": 1e999, "rate_divisor": -0.0, "intensity_max": 1e308}}')):
    put("model", name, w + theta + made(4, U1, (len(text),), text))
put("model", "two", made(0, F4, (784, 2)) + made(1, F4, (2,)) + made(2, I4, (2,)) + made(3, F4, (2, 10)))
put("model", "images",
    record(0, 0, npy("<f4", "(3, 2)", bytes(24))) + record(1, 1, npy("<f4", "(3,)", bytes(12))))
put("model", "zip-deflated", archive([("w.npy", npy("<f4", "(784, 1)", bytes(3136))),
                                      ("theta_mv.npy", npy("<f4", "(1,)", bytes(4)))]))
put("model", "zip-stored", archive([("theta_mv.npy", npy("<f4", "(1,)", bytes(4))),
                                    ("other.npy", npy("|u1", "(2,)", b"ab"))], zipfile.ZIP_STORED))
put("model", "zip-empty", archive([]))


def replay(steps_on, steps_off, samples, learn, norm, steps, inputs):
    scalar = lambda name, value: made(name, I4, (), struct.pack("<i", value))
    n = len(steps)
    return (scalar(0, steps_on) + scalar(1, steps_off) + scalar(2, samples) + scalar(3, learn)
            + made(4, F4, (), struct.pack("<f", norm)) + made(5, I4, (n,), struct.pack("<%di" % n, *steps))
            + made(6, I4, (n,), struct.pack("<%di" % n, *inputs)) + made(7, F4, (784, 1)) + made(8, F4, (1,)))


ONES = 6  # flags of a record: missing data are all ones, which is -1


# An archive with its checksum, as a checkpoint has it.
def sealed(data):
    data = data[:-2] + b"\x40\0"
    return data + hashlib.sha256(data).hexdigest().encode()


# A checkpoint of checkpoint.c's run: two neurons, 3 epochs of 10 images, 5 test images. fuzz.c puts the run's
# plan in place of an @.
def checkpoint(standing, metrics=0, labels=False, plan="@", more=b"", about=None):
    floats, steps, row = {1: (2,), 2: (2,), 3: (2,), 4: (2,), 6: (2,), 7: (2,)}, (5, 8, 9), (2,)
    at = {"epoch": 1, "position": 3, "attempt": 2, "images": 13,
          "trained_presentations": 20, "trained_given_up": 1, "trained_spikes": 90,
          "presentations": 40, "given_up_evaluating": 0, "train_seconds": 1.5, "eval_seconds": 0.25,
          "images_then": 10, "presentations_then": 12, "given_up_then": 1, "spikes_then": 60,
          "seconds_then": 1.0}
    at.update(standing)
    lines = [{"epoch": k + 1, "images": 10 * (k + 1), "accuracy_all": 0.6, "accuracy_proportion": 0.4,
              "exc_spikes_per_image": 6.5, "test_spikes_per_image": 7.0, "retries": 2, "given_up": 1,
              "theta_mean_mv": 20.5, "unlabelled_neurons": 1, "seconds": 1.0,
              "eval_seconds": 0.25, "images_per_second": 10.0} for k in range(metrics)]
    confusion = [
        [[3 if t == p == 0 else 2 if t == 1 and p == 0 else 0 for p in range(10)] for t in range(10)],
        [[2 if t == p == 0 else 3 if t == 9 and p == 5 else 0 for p in range(10)] for t in range(10)]]
    scores = [{"n_images": 5, "correct_all": 3, "correct_proportion": 2,
               "confusion": confusion[0], "confusion_proportion": confusion[1]}] * metrics
    if about is None:
        about = json.dumps({"format": 1, "clsnn_version": "0.1.0", "kernels_sha256": "", "plan": 0,
                            "standing": at, "metrics": lines, "scores": scores}, separators=(",", ":"))
        about = about.replace('"plan":0', '"plan":' + plan).encode()
    return (made(0, F4, (784, 2), struct.pack("<2f", 0.5, 1))
            + b"".join(made(k, F4, shape) for k, shape in floats.items())
            + b"".join(made(k, I4, row, flags=ONES) for k in steps)
            + made(10, U1, row, b"\1\0")
            + made(11, I4, (784,), struct.pack("<i", -30000), ONES)
            + (made(12, I4, row, struct.pack("<2i", 7, -1))
               + made(13, F4, (2, 10), struct.pack("<2f", 0.25, 0.75)) if labels else b"")
            + record(14, 8, about) + more)


start = dict(epoch=0, position=0, attempt=0, images=0, images_then=0, presentations_then=0, given_up_then=0,
             spikes_then=0, seconds_then=0)
put("checkpoint", "start", checkpoint(start))
put("checkpoint", "labelled", checkpoint({}, 1, True))
put("checkpoint", "end", checkpoint(dict(epoch=3, position=0, attempt=0, images=30), 3, True))
put("checkpoint", "more-evaluations", checkpoint({}, 2, True))
put("checkpoint", "other-plan",
    checkpoint({}, plan='{"neurons":3,"epochs":4,"params":{"w_max":2},"\\u001b\\n":[]}'))
put("checkpoint", "newer", checkpoint({}, about=b'{"format":2,"clsnn_version":"9\\u001b[0m","plan":@}'))
put("checkpoint", "no-json", checkpoint({}, about=b'{"a": "\x1b[31m\r\n'))
put("checkpoint", "lines", checkpoint({}, about=b'{"a": \n\nb'))
put("checkpoint", "twice", checkpoint({}, about=b'{"\\n\\n":1,"\\n\\n":2}'))
put("checkpoint", "large", checkpoint(dict(trained_presentations="18446744073709551615",
                                           presentations="18446744073709551616"), 1))
put("checkpoint", "two-of-one-name", checkpoint({}, 0, False, more=made(0, F4, (784, 2))))
put("checkpoint", "zip", sealed(archive([("w.npy", npy("<f4", "(2,)", bytes(8))),
                                         ("about.npy", npy("|u1", "(2,)", b"{}"))], zipfile.ZIP_STORED)))
put("checkpoint", "empty", sealed(archive([])))
put("checkpoint", "cut", b"PK")
put("checkpoint", "seal-of-escapes",
    b"PK" + bytes(30) + b"PK\5\6" + bytes(16) + b"\x40\0" + b"\n\x1b[0m\n" * 10 + b"1234")

put("replay", "frozen", replay(700, 300, 1, 0, 0, [0, 5, 699], [0, 783, 3]))
put("replay", "learning", replay(10, 2, 3, 1, 78, [0, 13, 33], [1, 1, 700]))
put("replay", "no-events", replay(1, 0, 1, 1, 1, [], []))
put("replay", "event-in-rest", replay(10, 5, 2, 0, 0, [12], [1]))
put("replay", "event-beyond", replay(10, 5, 2, 0, 0, [30], [784]))
put("replay", "most-samples", replay(2000, 2000, 536870, 0, 0, [2147483647], [0]))
put("replay", "zip", archive([("steps_on.npy", npy("<i4", "()", struct.pack("<i", 5))),
                              ("learn.npy", npy("<i4", "()", bytes(4)))]))

put("config", "plain", "neurons = 100\nseed = 7\ndevice = cpu\n")
put("config", "section", "; a comment\n# another\n[clsnn]\nepochs=3\n  w_max = 2 ; inline\nshuffle = yes\n")
put("config", "preset", "preset = seed\ntau_m_exc_ms: 50\nintensity_max = 32\nout = a folder\n")
put("config", "disagree", "v_thresh_exc_mv = -65\n")
put("config", "bad", "neurns = 5\n")
put("config", "no-key", "neurons\n")
put("config", "other-section", "[other]\nx = 1\n")
put("config", "long-line", "out = " + "x" * 300 + "\n")
put("config", "bom", b"\xef\xbb\xbfneurons = 3\r\nseed = 18446744073709551615\r\n")

put("table", "plain", "neurons,seed\n100,1\n100,2\n")
put("table", "quoted", b'\xef\xbb\xbf"neurons" , seed\r\n"1""0","a,\nb"\r\n\r\n1,2')
put("table", "uneven", "neurons,seed\n100\n")
put("table", "open-quote", 'neurons\n"5\n')
put("table", "nul", b"neurons\n1\0,2\n")
put("table", "blank", " \n\n")

for k, text in enumerate(["", "gpu", "cpu", "accelerator", "0:1", "1:2", "9999:9999", "00001:1", "0:1x",
                          "tesla", "%s%n", "-1:0", "\x1b[0m", "Ger\u00e4t", "N" * 400, "all", "gpu,0:0",
                          "0:1, tesla", "0:0,0:0", "x,"]):
    put("device", "%02d" % k, text)

for k, words in enumerate([
        ["train"],
        ["train", "--neurons", "100", "--epochs=3", "--out", "d"],
        ["eval", "m.npz", "--json", "-q"],
        ["replay", "a.npz", "b.npz", "--set", "w_max=2"],
        ["data", "export", "digits", "d"],
        ["bench", "--sizes=100,225", "--quick"],
        ["devices", "--device=0:0", "--verbose"],
        ["train", "-hV"],
        ["train", "--print-config", "--preset", "seed"],
        ["train", "--", "-x"],
        ["train", "--neurns", "5"],
        ["train", "-o"],
        ["train", "-od", "-qv"],
        ["train", "--config", "nowhere.ini"],
        ["train", "--shuffle=no", "--shuffle", "--seed=1e3"],
        ["eval", "--", "--help"],
        ["train", "--set", "tau_m_exc_ms=1e1", "--set=seed=1"],
        ["train", ""],
        ["train", "--work-group", "1024", "--chunk", "0", "--profile", "--rule", "triplet"]]):
    put("options", "%02d" % k, "\n".join(words))

# Weights of other programs: a first byte of 0 and a .npy, or of 1 and an archive.
pairs = [(i, j, 0.25 * (i + j)) for i in range(3) for j in range(2)]
f8 = lambda values: struct.pack("<%dd" % len(values), *values)
for name, rows in (("list", pairs), ("unlisted", pairs[:-1]), ("twice", pairs[:-1] + pairs[:1]),
                   ("index", pairs + [(0.5, 0, 1)]), ("nan", pairs[:-1] + [(2, 1, float("nan"))])):
    put("exchange", name, b"\0" + npy("<f8", "(%d, 3)" % len(rows), f8([v for row in rows for v in row])))
put("exchange", "plain", b"\0" + npy("<f4", "(4, 2)", struct.pack("<8f", *range(8))))
put("exchange", "transposed", b"\0" + npy("<f8", "(2, 784)", f8([0.5] * 1568)))
put("exchange", "empty", b"\0" + npy("<f8", "(0, 3)", b""))
w, volts, mv = (made(0, F8, (3, 2), f8([0.5] * 6)), made(1, F8, (2,), f8([0.02, 0.04])),
                made(2, F4, (2,), struct.pack("<2f", 20, 40)))
for name, arrays in (("npz-volts", w + volts), ("npz-mv", w + mv), ("npz-both", w + volts + mv),
                     ("npz-w", w), ("npz-theta", volts), ("npz-other", w + made(3, I4, (2,)))):
    put("exchange", name, b"\1" + arrays)
