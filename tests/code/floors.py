#!/usr/bin/env python3
"""Checks the tree's own rules on its text: which folder may include which (floors), which file may include a
dependency or use a call (doors), that no includes form a circle, and that meson.build lists every file. The
tables below hold the rules. Speaks TAP.

Usage: floors.py ROOT"""

import collections
import fnmatch
import os
import re
import sys

# A file includes its own folder and folders on lower floors. The public headers belong to the folder that
# implements them.
FLOORS = {
    "base": 0,
    "formats": 1, "model": 1,
    "dataset": 2, "device": 2,
    "options": 3, "experiment": 3,
    "plain": 4, "run": 4,
    "probe": 5, "sweep": 5,
    "reproduce": 6, "tune": 6,
    "commands": 7,
    ".": 8,  # main.c
}
PUBLIC = {
    "status.h": "base", "npz.h": "formats", "model.h": "model", "params.def": "model",
    "laws.def": "model", "presets.def": "model",
    "metrics.def": "experiment", "dataset.h": "dataset", "device.h": "device", "replay.h": "device",
    "readout.h": "experiment", "experiment.h": "experiment", "selftest.h": "plain", "checkpoint.h": "run",
    "clsnn.h": ".",
}
# Every floor may include the contract's headers. They include nothing of the host.
CONTRACT = {"abi.h", "laws.def", "params.def", "presets.def", "metrics.def"}

# An include that begins like a key stands only in the files of its list. A pattern matches the path below
# host/ (for a public header, clsnn/NAME) or the file's own name.
INCLUDE_DOORS = {
    "CL/": ["clsnn/device.h"],
    "clblast": ["readout.c"],
    "zlib.h": ["idx.c", "npy.c", "npz.c", "apng.c"],
    "archive": ["npz.c"],
    "png.h": ["canvas.c"],
    "cairo": ["canvas.h", "canvas.c", "mosaic.c", "curves.c", "confusion.c", "mistakes.c", "raster.c",
              "strip.c"],
    "argp.h": ["options*"],
    "curl/": ["download.c"],
    "openssl/": ["sha256.c"],
    "jansson.h": ["formats/json.h"],
    "Random123/": ["derive.c", "digits.c", "order.c", "draw.c", "plain/plain*"],
}
# A word, or a call if the key ends in "(", stands only in the files of its list.
WORD_DOORS = {
    "stdout": ["report.c", "cmd_*", "main.c"],
    "stderr": ["session.c", "cmd_*", "main.c"],
    "printf(": ["report.c", "cmd_*", "main.c"],
    "puts(": ["report.c", "cmd_*", "main.c"],
    "putchar(": ["report.c", "cmd_*", "main.c"],
    "perror(": ["main.c"],
    "exit(": ["main.c"],
    "_exit(": ["session.c", "guard.c", "main.c"],
    "_Exit(": ["main.c"],
    "quick_exit(": ["main.c"],
    "abort(": ["guard.c", "main.c"],
}

# program.cl includes kernels in the order of their floors, so no kernel calls a higher one. A law is an
# equation on scalars: it knows neither work-items nor barriers.
KERNELS = {
    "prelude.cl": 0,
    "laws/neuron.cl": 1, "laws/stdp.cl": 1,
    "network/encode.cl": 2, "network/layers.cl": 3, "network/meeting.cl": 3,
    "network/delays.cl": 4, "network/weights.cl": 4,
    "cpu/step.cl": 4, "cpu/window.cl": 5, "gpu/step.cl": 6,
    "presentation.cl": 6, "cpu/present.cl": 7, "cpu/share.cl": 7, "gpu/present.cl": 7,
    "launch/scratch.cl": 8, "launch/train.cl": 9, "launch/evaluate.cl": 9, "launch/replay.cl": 9,
    "launch/bare.cl": 9,
}
LAWS = ["laws/neuron.cl", "laws/stdp.cl"]
NOT_IN_LAWS = {"get_global_id", "get_local_id", "get_group_id", "barrier", "LID", "kernel", "__kernel"}

# Scripts of tests/ that meson does not run: coverage.sh measures by hand; others source the other two.
NO_TESTS = {"code/coverage.sh", "program/digits.sh", "program/lib.sh"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]*)', re.M)
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text, strings=True):
    """Returns the code without its comments; with strings=False strings and characters are empty too."""
    def blank(match):
        found = match.group()
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found if strings else found[0] * 2
    return TOKEN.sub(blank, text)


def includes(text):
    return INCLUDE.findall(without_comments(text))


def passes(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(os.path.basename(path), pattern)
               for pattern in patterns)


def folder_of(path):
    """Returns the folder of a path below host/, or of clsnn/NAME; None if no table names it."""
    base, head = os.path.basename(path), os.path.dirname(path)
    if head == "clsnn" and base in PUBLIC:
        return PUBLIC[base]
    if head in FLOORS and head:
        return head
    return "." if path == "main.c" else None


def check_source(path, text):
    """Lists the breaches of one host file or header."""
    found, base = [], os.path.basename(path)
    own = folder_of(path)
    if own is None and base not in CONTRACT:
        found.append(f"{path} is in no table of tests/code/floors.py")
    for mark, name in includes(text):
        for door, files in INCLUDE_DOORS.items():
            if name.startswith(door) and not passes(path, files):
                found.append(f"{path} includes {name}: not its door")
        if path.startswith("clsnn/") and mark == '"' and not name.startswith("clsnn/"):
            found.append(f'{path} includes "{name}": a public header includes public headers alone')
        if mark == "<" or os.path.basename(name) in CONTRACT:
            continue
        to = folder_of(name if "/" in name else os.path.join(os.path.dirname(path), name))
        if to is None:
            found.append(f'{path} includes "{name}", which is in no table of tests/code/floors.py')
        elif base in CONTRACT:
            found.append(f'{path} includes "{name}": the contract knows nobody')
        elif own is not None and own != to and FLOORS[to] >= FLOORS[own]:
            found.append(f"{path} ({own}, floor {FLOORS[own]}) includes {name} ({to}, floor {FLOORS[to]}): "
                         "only lower floors")
    code = without_comments(text, strings=False)
    for word, files in WORD_DOORS.items():
        call = r"\s*\(" if word.endswith("(") else r"\b"
        if re.search(r"\b" + re.escape(word.rstrip("(")) + call, code) and not passes(path, files):
            found.append(f"{path} uses {word.rstrip('(')}: not its door")
    return found


def files_below(root, folder, endings):
    """Yields the files of root/folder with one of the endings, as paths relative to it."""
    top = os.path.join(root, folder)
    for where, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if name.endswith(endings) and "__pycache__" not in where:
                yield os.path.relpath(os.path.join(where, name), top)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def host_files(root):
    """Yields (path as the rules name it, path in the tree) for each file of host/ and include/."""
    for path in files_below(root, "host", (".c", ".h")):
        yield path, os.path.join("host", path)
    for path in files_below(root, "include", (".h", ".def")):
        yield path, os.path.join("include", path)


def test_host(root):
    found, n = [], 0
    for path, file in host_files(root):
        found += check_source(path, read(root, file))
        n += 1
    return found if n > 20 else ["no host files are found"]


def circle_in(graph):
    """Returns the names of one circle in the graph, or None."""
    done, trail = set(), []

    def visit(name):
        if name in trail:
            return trail[trail.index(name):] + [name]
        if name in done:
            return None
        trail.append(name)
        for to in sorted(graph.get(name, ())):
            circle = visit(to)
            if circle:
                return circle
        trail.pop()
        done.add(name)
        return None

    for name in sorted(graph):
        circle = visit(name)
        if circle:
            return circle
    return None


def module_of(path):
    """Returns a file's module: a .c and the header beside it are one, a public header is its own."""
    base, head = os.path.splitext(os.path.basename(path))[0], os.path.dirname(path)
    public = head == "clsnn" and os.path.basename(path) in PUBLIC
    return f"{'clsnn' if public else folder_of(path)}/{base}"


def test_circles(root):
    graph = collections.defaultdict(set)
    for path, file in host_files(root):
        for mark, name in includes(read(root, file)):
            if mark == "<" or os.path.basename(name) in CONTRACT:
                continue
            to = module_of(name if "/" in name else os.path.join(os.path.dirname(path), name))
            if to != module_of(path):
                graph[module_of(path)].add(to)
    circle = circle_in(graph)
    return [f"a circle: {' -> '.join(circle)}"] if circle else []


def test_breaches(_):
    """Tests the rules themselves: they find each breach and take no lookalike for one."""
    cases = [
        ("device/network.c", '#include "experiment/batch.h"\n', 1),      # upwards
        ("dataset/idx.c", '#include "device/network.h"\n', 1),           # sideways
        ("device/train.c", '#include "device/network.h"\n', 0),          # its own folder
        ("device/network.h", '#include "clsnn/npz.h"\n', 0),             # downwards, a public header
        ("base/status.c", '#include "clsnn/abi.h"\n', 0),                # the contract
        ("clsnn/abi.h", '#include "clsnn/status.h"\n', 1),               # the contract includes a header
        ("device/train.c", '#include "clsnn/nobody.h"\n', 1),            # unknown header
        ("nowhere/nobody.c", "int x;\n", 1),                             # unknown folder
        ("clsnn/device.h", '#include "base/fail.h"\n', 1),               # internal, in a public header
        ("device/train.c", "#include <CL/cl.h>\n", 1),                   # a door
        ("commands/cmd_eval.c", "#include <zlib.h>\n", 1),               # a door
        ("dataset/idx.c", "  #  include <zlib.h>\n", 0),                 # its door
        ("device/train.c", "/* #include <CL/cl.h>\n stdout */ // exit(1)\n", 0),
        ("device/train.c", 'char *s = "exit(\\"1\\") stdout"; int c = \'"\';\n', 0),
        ("device/train.c", "int c = '\"'; exit(1); fprintf(stdout, \"\");\n", 2),
        ("device/train.c", 'printf(""); snprintf(s, n, ""); at_exit(); int exit_code;\n', 1),
        ("clsnn/status.h", "__attribute__((format(printf, 2, 3)))\n", 0),
    ]
    found = []
    for path, text, n in cases:
        said = check_source(path, text)
        if len(said) != n:
            found.append(f"{path} with {text!r}: {len(said)} breaches, not {n}: {said}")
    if circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}) is None or circle_in({"a": {"b", "c"}, "b": {"c"}}):
        found.append("circles are not told from trees")
    return found


def test_kernels(root):
    found, last, seen = [], 0, set()
    for path in files_below(root, "kernels", (".cl",)):
        if path == "program.cl":
            continue
        if path not in KERNELS:
            found.append(f"kernels/{path} is in no table of tests/code/floors.py")
            continue
        text = read(root, os.path.join("kernels", path))
        if KERNELS[path] > 0 and includes(text):
            found.append(f"kernels/{path} includes: only program.cl and prelude.cl do")
        for word in sorted(NOT_IN_LAWS) if path in LAWS else ():
            if re.search(rf"\b{word}\b", without_comments(text)):
                found.append(f"kernels/{path}, a law, uses {word}")
    for _, name in includes(read(root, "kernels/program.cl")):
        if name not in KERNELS:
            found.append(f"program.cl includes {name}, which is in no table of tests/code/floors.py")
            continue
        if KERNELS[name] < last:
            found.append(f"program.cl includes {name} (floor {KERNELS[name]}) after floor {last}")
        last = max(last, KERNELS[name])
        seen.add(name)
    return found + [f"program.cl does not include {name}" for name in KERNELS if name not in seen]


def test_lists(root):
    """Compares meson.build's lists, which are written by hand, with the tree: a forgotten test never runs."""
    found = []

    def must_list(folder, path):
        """The meson.build of the file's own folder, or of one above, must list it."""
        at = folder
        for part in [""] + path.split("/")[:-1]:
            at = os.path.join(at, part) if part else at
            meson = os.path.join(at, "meson.build")
            below = os.path.relpath(os.path.join(folder, path), at)
            if os.path.exists(os.path.join(root, meson)) and f"'{below}'" in read(root, meson):
                return
        found.append(f"no meson.build lists {folder}/{path}")

    for folder, endings in (("host", (".c",)), ("include/clsnn", (".h", ".def")), ("kernels", (".cl",))):
        for path in files_below(root, folder, endings):
            must_list(folder, path)
    tests = list(files_below(root, "tests", (".c", ".sh")))
    for path in tests:
        if os.path.basename(path).startswith("test_") or path.endswith(".sh") and path not in NO_TESTS:
            must_list("tests", path)
    return found if len(tests) > 10 else ["no tests are found"]


TESTS = [test_breaches, test_host, test_circles, test_kernels, test_lists]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failed = 0
    print(f"1..{len(TESTS)}")
    for n, test in enumerate(TESTS, 1):
        found = test(sys.argv[1])
        for line in found:
            print(f"# {line}")
        print(f"{'not ok' if found else 'ok'} {n} - {test.__name__[5:]}")
        failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
