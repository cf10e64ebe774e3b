#!/usr/bin/env python3
"""Runs the program's commands with one thing made to fail, and judges them. See tests/hostile/faults.sh.

The script needs only Python's standard library. A class of faults is a function that yields faults. Each
fault runs in a folder of its own. One set of rules judges all: no crash, no hang, a fitting exit code, one
readable line on stderr, no leak. Under each final name there must be the earlier file, a whole new one, or
none."""
import argparse
import collections
import concurrent.futures
import csv
import functools
import gzip
import io
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

HANG_SECONDS, LOST_SECONDS = 10, 5
KINDS = ("contexts", "queues", "programs", "kernels", "buffers", "events")
SEQUENCE, LIVE, NAME_BYTES = 1 << 17, 1 << 14, 64  # report.h
HEAD = struct.Struct("<QQ%dqQ%ds" % (2 * len(KINDS), NAME_BYTES))
REPORT_BYTES = HEAD.size + 8 * SEQUENCE + 24 * LIVE
CODES = {-6: "CL_OUT_OF_HOST_MEMORY", -5: "CL_OUT_OF_RESOURCES", -4: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
         -36: "CL_INVALID_COMMAND_QUEUE", -2: "CL_DEVICE_NOT_AVAILABLE", -11: "CL_BUILD_PROGRAM_FAILURE",
         -9999: "a vendor's code"}
LIBRARIES = "libjansson,libpng,libarchive,libz.,libcairo,libpixman,libcrypto"

# Without memory libarchive 3.6.2 leaks, crashes (in its list of zip members) or ends the program itself
# ("Fatal Internal Error in libarchive", exit 1), and libcrypto 3.0 crashes in its own initialisation. Such
# runs are counted apart, because clsnn cannot prevent them. Their files are judged like all others.
FRAGILE, ITS_END = ("libarchive", "libcrypto"), "Fatal Internal Error in libarchive"

# A new command is a line here.
#   args    the words after "clsnn"; the command reads {data}, {model}, {replay} and writes {out}
#   share   the command's part of a class's runs, relative to the other commands
#   opencl  the command uses OpenCL
# "resume" is a longer train, for the class "lost" only: after the device was lost, train --resume continues
# it.
SMALL = "-q --data {data} --neurons 16 --train-images 20 --label-images 20 --test-images 20"
Command = collections.namedtuple("Command", "name args share opencl")
COMMANDS = [
    Command("train", "train " + SMALL + " --out {out}", 50, True),
    Command("eval", "eval -q --json --data {data} {model} --label-images 20 --out {out}", 25, True),
    Command("replay", "replay -q {replay} {out}/record.npz", 15, True),
    Command("resume",
            "train " + SMALL + " --epochs 3 --eval-every 1 --chunk 2 --checkpoint-every 4 --out {out}",
            6, True),
    Command("bench", "bench -q --quick --json --data {data} --sizes 16 --networks 1 --out {out}",
            7, True),
    Command("runs", "train " + SMALL + " --runs 2 --out {out}", 6, True),
    Command("export", "data export digits {out} -q --json", 3, False),
    Command("list", "data list --json", 3, False),
]

# Checks of whole files. A check raises an exception for a damaged file.


def check_npy(data):
    if data[:6] != b"\x93NUMPY":
        raise ValueError("no .npy")
    n = struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:10 + n], {"__builtins__": {}}, {"False": False, "True": True})
    size = int(head["descr"][2:])
    for length in head["shape"]:
        size *= length
    if len(data) != 10 + n + size:
        raise ValueError("%d bytes of %d" % (len(data) - 10 - n, size))


def check_npz(data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        if z.testzip() is not None or not z.namelist():
            raise ValueError("a damaged member")
        for name in z.namelist():
            check_npy(z.read(name))


def check_png(data):
    at, kinds = 8, []
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG")
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if struct.unpack(">I", data[at + 8 + n:at + 12 + n])[0] != zlib.crc32(kind + body):
            raise ValueError("a chunk's sum")
        kinds.append(kind)
        at += 12 + n
    if kinds[-1] != b"IEND":
        raise ValueError("no end")


def check_lines(data):
    text = data.decode()
    if text and not text.endswith("\n"):
        raise ValueError("a cut line")
    return text.splitlines()


def check_idx(data):
    data = gzip.decompress(data)
    n_dims = data[3]
    size = 1
    for length in struct.unpack(">%dI" % n_dims, data[4:4 + 4 * n_dims]):
        size *= length
    if len(data) != 4 + 4 * n_dims + size:
        raise ValueError("%d bytes of %d" % (len(data), size))


def check_csv(data):
    if len({len(row) for row in csv.reader(check_lines(data))}) > 1:
        raise ValueError("rows of different lengths")


def check_html(data):
    if not data.rstrip().endswith(b"</html>"):
        raise ValueError("no end")


CHECKS = {".html": check_html, ".apng": check_png, ".json": lambda d: json.loads(d),
          ".jsonl": lambda d: [json.loads(x) for x in check_lines(d)],
          ".csv": check_csv, ".npz": check_npz, ".png": check_png, ".gz": check_idx}


def read(path):
    with open(path, "rb") as f:
        return f.read()


def files_of(folder):
    """Maps the relative name of each file below to its bytes; leaves out the empty lock of a sweep."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            if name == "lock":
                continue
            path = os.path.join(at, name)
            found[os.path.relpath(path, folder)] = read(path)
    return found


def is_litter(name):
    """Tells whether a file is the leftover of an interrupted save. Leftovers are judged apart."""
    return os.path.basename(name).startswith(".")


def results_of(folder):
    return {n: d for n, d in files_of(folder).items() if not is_litter(n)}


def damage(folder, before):
    """Returns (partial files, leftovers, lost earlier files) of a folder that held the files before."""
    partial, litter = [], []
    now = files_of(folder)
    known = set(before.values())
    for name, data in sorted(now.items()):
        if is_litter(name):
            litter.append(name)
        elif data not in known:
            try:
                CHECKS[os.path.splitext(name)[1]](data)
            except Exception as error:  # a parser may raise anything for a cut file
                partial.append("%s (%s)" % (name, error))
    kept = collections.Counter(os.path.basename(n) for n in now)
    gone = [n for n, d in before.items() if d not in now.values() and not kept[os.path.basename(n)]]
    return partial, litter, gone


# Running the program.

Ran = collections.namedtuple("Ran", "rc out err seconds report hung")


class Report:
    """The report of a fault library (report.h)."""

    def __init__(self, data):
        fields = HEAD.unpack_from(data)
        self.calls, self.injected = fields[:2]
        n = len(KINDS)
        self.live_objects = [fields[2 + k] - fields[2 + n + k] for k in range(n)]
        self.lost = fields[2 + 2 * n]
        self.name = fields[3 + 2 * n].rstrip(b"\0").decode()
        self.data = data

    def sequence(self):
        return struct.unpack_from("<%dQ" % min(self.calls, SEQUENCE), self.data, HEAD.size)

    def live_sites(self):
        sites = collections.Counter()
        table = self.data[HEAD.size + 8 * SEQUENCE:]
        if any(table):
            for pointer, site, _ in struct.iter_unpack("<QQQ", table):
                if pointer > 1:
                    sites[site] += 1
        return sites


def patience():
    """Returns the factor by which other programs on the cores slow everything down."""
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


class Bench:
    """The inputs and folders of the runs, and the way to run a command there."""

    def __init__(self, options, root):
        self.options, self.root = options, root
        self.program = os.path.abspath(options.program)
        self.layer, self.alloc = (os.path.abspath(p) for p in (options.layer, options.alloc))
        self.data, self.model = os.path.join(root, "data"), os.path.join(root, "model.npz")
        self.replay = os.path.join(root, "replay.npz")
        self.baselines = {}
        self.gone_on = collections.Counter()
        self.n = 0
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("CLSNN_", "FAULT_"))}
        self.env.update(XDG_CONFIG_HOME=os.path.join(root, "config"), MALLOC_PERTURB_="165")

    def folder(self):
        self.n += 1
        path = os.path.join(self.root, "run-%d" % self.n)
        os.mkdir(path)
        return path

    def argv(self, command, out):
        words = command.args.format(data=self.data, model=self.model, replay=self.replay, out=out)
        return [self.program] + words.split()

    def run(self, argv, folder, env=None, seconds=HANG_SECONDS):
        """Runs argv in folder. Its streams go to files there, which strace then shows as files of ours."""
        report = os.path.join(folder, "report")
        with open(report, "wb") as f:
            f.truncate(REPORT_BYTES)
        full = dict(self.env, FAULT_REPORT=report, FAULT_PROGRAM=os.path.basename(self.program),
                    **(env or {}))
        began = time.monotonic()
        hung = False
        with open(os.path.join(folder, "stdout"), "wb") as out, \
                open(os.path.join(folder, "stderr"), "wb") as err:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=full,
                                     cwd=folder, start_new_session=True)
            try:
                rc = child.wait(timeout=seconds * patience())
            except subprocess.TimeoutExpired:
                hung = True
                os.killpg(child.pid, signal.SIGKILL)
                rc = child.wait()
        took = time.monotonic() - began
        return Ran(rc, read(os.path.join(folder, "stdout")).decode(errors="replace"),
                   read(os.path.join(folder, "stderr")).decode(errors="replace"),
                   took, Report(read(report)), hung)


# Judging a run.

TROUBLES = ("crashes", "hangs", "codes", "messages", "leaks", "partial", "litter", "wrong", "fragile")


def answer(command, out, folder):
    """Returns the result of a run. A run that exits with 0 must have the result of an unfailed run."""
    if command.name in ("train", "eval", "resume"):
        sha = re.search(r"[0-9a-f]{64}", out)
        return sha and sha.group(), sorted(n for n in results_of(folder) if "previous" not in n)
    if command.name == "replay":
        return sorted((n, zlib.crc32(d)) for n, d in results_of(folder).items())
    if command.name == "runs":  # the tables hold no times, so they have the same bytes in every run
        return sorted((n, zlib.crc32(d) if n.startswith(("results.", "summary.")) else 0)
                      for n, d in results_of(folder).items())
    if command.name == "bench":
        rows = json.loads(out)
        checked = [(r["path"], r["checked"], r["images_per_second"] > 0) for r in rows]
        return checked, sorted(results_of(folder))
    if command.name == "list":
        return out
    return sorted((n, len(d)) for n, d in results_of(folder).items())


def message_trouble(command, err):
    """Returns the fault of stderr after a failure, or "". stderr must hold one readable line of ours."""
    lines = [x for x in err.splitlines() if x.startswith(("clsnn ", "clsnn:"))]
    if len(lines) != 1:
        return "%d lines of ours" % len(lines)
    text = lines[0]
    if "without a reason" in text or "(null)" in text or len(text) < 20 or not text.isprintable():
        return "unreadable"
    return ""


def judge(bench, command, ran, out_dir, before, allowed, baseline, words=(), may_litter=False, in_library=""):
    """Lists the troubles of a run as (kind, text). allowed: exit codes beside 0; 0 needs the right answer."""
    found = []
    if ITS_END in ran.err or (in_library in FRAGILE and (ran.rc < 0 or "SIGSEGV" in ran.err)):
        partial, _, gone = damage(out_dir, before)
        return [("partial", p) for p in partial + gone] + [("fragile", "a library ended the program")]
    if ran.hung:
        return [("hangs", "still running after %.0f s" % ran.seconds)]
    if ran.rc < 0 or ran.rc >= 128:
        return [("crashes", "ended by signal %d" % (-ran.rc if ran.rc < 0 else ran.rc - 128))]
    if ran.rc == 0:
        try:
            right = answer(command, ran.out, out_dir) == baseline.answer
        except Exception as error:
            right = False
            found.append(("wrong", str(error)))
        if not right:
            found.append(("wrong", "exit 0, but the result is not that of an unfailed run"))
    else:
        if ran.rc not in allowed:
            found.append(("codes", "exit %d, wanted one of %s" % (ran.rc, sorted(allowed))))
        trouble = message_trouble(command, ran.err)
        if not trouble and words and not any(w in ran.err for w in words):
            trouble = "names none of %s" % (list(words),)
        if trouble:
            found.append(("messages", trouble))
    for kind, now, then in zip(KINDS, ran.report.live_objects, baseline.live_objects):
        if now > then:
            found.append(("leaks", "%d %s, %d in an unfailed run" % (now, kind, then)))
    for site, n in ran.report.live_sites().items():
        if n > baseline.live_sites[site] and place(bench, site) not in FRAGILE:
            found.append(("leaks", "%d blocks of %s, %d in an unfailed run"
                          % (n, place(bench, site), baseline.live_sites[site])))
    partial, litter, gone = damage(out_dir, before)
    found += [("partial", p) for p in partial + ["%s of before is gone" % g for g in gone]]
    if litter and not may_litter:
        found.append(("litter", ", ".join(litter)))
    return found


@functools.lru_cache(maxsize=None)
def place(bench, site):
    """Returns function and file:line of a call in the program, or the library's name."""
    object_number, offset = site >> 48, site & (1 << 48) - 1
    if object_number:
        return LIBRARIES.split(",")[object_number - 1]
    if not shutil.which("addr2line"):
        return "0x%x" % offset
    said = subprocess.run(["addr2line", "-s", "-f", "-e", bench.program, hex(offset - 1)],
                          stdout=subprocess.PIPE, text=True).stdout
    return " ".join(said.split())


Baseline = collections.namedtuple("Baseline", "answer live_objects live_sites calls sequence before seconds")


def prepare_out(bench, command, folder):
    """Makes the folder {out}, with the files of an earlier run if there are any. Returns (path, files)."""
    out = os.path.join(folder, "out")
    earlier = os.path.join(bench.root, "earlier-" + command.name)
    if os.path.isdir(earlier):
        shutil.copytree(earlier, out)
    else:
        os.mkdir(out)
    return out, files_of(out)


def layer_env(bench, **more):
    return dict({"OPENCL_LAYERS": bench.layer}, **{k: str(v) for k, v in more.items()})


def alloc_env(bench, **more):
    return dict({"LD_PRELOAD": bench.alloc}, **{k: str(v) for k, v in more.items()})


def baseline(bench, command, key, env):
    """Returns the Baseline of an unfailed run under the same library. Runs twice; the first fills caches."""
    if (command.name, key) in bench.baselines:
        return bench.baselines[command.name, key]
    ran = None
    for warm in (False, True):
        folder = bench.folder()
        out, before = prepare_out(bench, command, folder)
        ran = bench.run(bench.argv(command, out), folder, env, seconds=300 if not warm else 60)
        if ran.rc != 0:
            sys.exit("faults: clsnn %s fails without any fault: exit %d: %s"
                     % (command.name, ran.rc, ran.err))
        found = answer(command, ran.out, out)
        shutil.rmtree(folder)
    if ran.report.lost:
        sys.exit("faults: clsnn %s: the report of %s is too small (report.h)" % (command.name, key))
    for kind, n in zip(KINDS, ran.report.live_objects):
        if n:
            sys.exit("faults: clsnn %s leaves %d %s without any fault" % (command.name, n, kind))
    # The program's own code may leave blocks: the C library reads the time zone on its behalf.
    for site, n in ran.report.live_sites().items():
        if site >> 48 == 0:
            print("# clsnn %s without any fault leaves %d blocks of %s"
                  % (command.name, n, place(bench, site)))
    made = Baseline(found, ran.report.live_objects, ran.report.live_sites(), ran.report.calls,
                    ran.report.sequence(), before, ran.seconds)
    bench.baselines[command.name, key] = made
    return made


# The classes of faults.


def choose(sequence, most):
    """Chooses at most `most` of 1..len(sequence): each kind's first and last call, then an even spread."""
    first, last = {}, {}
    for n, what in enumerate(sequence, 1):
        first.setdefault(what, n)
        last[what] = n
    picked = []
    for n in sorted(first.values()) + sorted(last.values()):
        if n not in picked:
            picked.append(n)
    if len(picked) > most:  # an even choice, so that early kinds do not take all places
        picked = [picked[k * len(picked) // most] for k in range(most)]
    spread = max(0, most - len(picked))
    picked += [1 + k * len(sequence) // spread for k in range(spread)]
    return sorted(set(picked))


class Fault:
    """One run: the fault and its description, the command, and the facts by which it is judged."""

    def __init__(self, text, command, argv=None, env=None, **judged):
        self.text, self.command, self.argv, self.env, self.judged = text, command, argv, env, judged


def fitting(code, name):
    """Returns the exit codes that fit an OpenCL code of a call. 4 fits a call that looks for devices."""
    generic = {-6: 1, -5: 6, -4: 6, -11: 5}.get(code, 7)
    if name in ("clGetPlatformIDs", "clGetDeviceIDs", "clGetDeviceInfo", "clGetPlatformInfo"):
        return {generic, 4}
    if name == "clGetMemObjectInfo":  # CLBlast calls any failure of it an invalid matrix
        return {generic, 7}
    return {generic}


def opencl_faults(bench, command, most):
    base = baseline(bench, command, "layer", layer_env(bench))
    codes = [c for c in CODES if c != -9999]
    for forever in (0, 1):
        for k, code in enumerate(codes):
            # A sample deals the chosen calls out to the codes. So each chosen call fails, and every code
            # comes early and late.
            points = range(1, base.calls + 1) if most is None else choose(base.sequence, most // 2)
            points = points if bench.options.full else points[k::len(codes)]
            for n in points:
                yield Fault("call %d = %s %s" % (n, CODES[code], "for ever" if forever else "once"), command,
                            env=layer_env(bench, FAULT_AT=n, FAULT_CODE=code, FAULT_FOREVER=forever),
                            base=base, code=code, forever=forever)


def lost_faults(bench, command, most):
    base = baseline(bench, command, "lost", layer_env(bench, FAULT_LOST=1))
    points = range(1, base.calls + 1) if most is None else choose(base.sequence, most)
    for k, n in enumerate(points):
        code = (-36, -9999, -2)[k % 3]
        yield Fault("device lost at command %d, %s" % (n, CODES[code]), command,
                    env=layer_env(bench, FAULT_AT=n, FAULT_CODE=code, FAULT_LOST=1), base=base, code=code,
                    forever=1, lost=True)


def memory_faults(bench, command, most, libraries=""):
    env = alloc_env(bench, FAULT_FROM=libraries)
    base = baseline(bench, command, "alloc " + libraries, env)
    for forever in (0, 1):
        points = range(1, base.calls + 1) if most is None else choose(base.sequence, most // 2)
        for n in points:
            site = place(bench, base.sequence[n - 1])
            yield Fault("allocation %d, %s, of %s" % (n, "for ever" if forever else "once", site), command,
                        env=alloc_env(bench, FAULT_AT=n, FAULT_FOREVER=forever, FAULT_FROM=libraries),
                        base=base, memory=True, site=site)


def library_faults(bench, command, most):
    return memory_faults(bench, command, most, LIBRARIES)


ERRORS = ("EIO", "ENOSPC", "EACCES", "EMFILE", "EINTR")
INTERRUPTED = ("openat", "read", "write", "fsync", "rename", "renameat", "mkdir", "close")
SYSCALLS = ("openat", "read", "write", "fsync", "rename", "renameat", "mkdir", "close", "unlinkat",
            "newfstatat", "lseek", "access")
NOWHERE = re.compile("AT_FDCWD<[^>]*>")  # strace -y adds the working directory to every path
TRACE = ["strace", "-qq", "-y", "-a", "1", "-s", "0", "-e", "signal=none"]


def system_calls(bench, command):
    """Lists (system call, its number among calls of its name, strace's line) for calls that touch our files.
    Without -f strace shows only the main thread. No other thread reads or writes our files."""
    folder = bench.folder()
    out, _ = prepare_out(bench, command, folder)
    log = os.path.join(folder, "trace")
    ran = bench.run(TRACE + ["-o", log, "-e", "trace=" + ",".join(SYSCALLS)] + bench.argv(command, out),
                    folder, seconds=60)
    if ran.rc != 0:
        sys.exit("faults: clsnn %s under strace: exit %d: %s" % (command.name, ran.rc, ran.err))
    counts, found = collections.Counter(), []
    for line in read(log).decode(errors="replace").splitlines():
        name = line.split("(")[0]
        counts[name] += 1
        line = NOWHERE.sub("AT_FDCWD", line)
        if bench.root in line:
            found.append((name, counts[name], line.replace(folder, "").replace(bench.root, "")))
    shutil.rmtree(folder)
    return found


def file_faults(bench, command, most):
    if not shutil.which("strace"):
        return
    base = baseline(bench, command, "plain", {})
    calls = system_calls(bench, command)
    points = [(c, e) for c in calls for e in ERRORS if e != "EINTR" or c[0] in INTERRUPTED]
    if most is not None:
        # A kind is the system call, its arguments without numbers, and the error.
        kinds = [(re.sub(r"\d+", "", c[2].split(" = ")[0]), e) for c, e in points]
        points = [points[n - 1] for n in choose(kinds, most)]
    for (name, n, line), error in points:
        yield Fault("%s %d = %s: %s" % (name, n, error, line), command,
                    argv=TRACE + ["-o", "{folder}/trace", "-e", "trace=" + name, "-e",
                                  "inject=%s:error=%s:when=%d" % (name, error, n)],
                    base=base, line=line, error=error, system_call=name)


def can_mount():
    return shutil.which("unshare") and subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def disk_faults(bench, command, most):
    """Yields disks of several sizes in KiB, on which writes stop half-way."""
    base = baseline(bench, command, "plain", {})
    for k in range(24 if most is None else most):
        size = 4 + 4 * k if most is None else 4 + 92 * k // most // 4 * 4
        yield Fault("a disk of %d KiB" % size, command, argv=["{tmpfs}", str(size)], base=base, disk=True)


CLASSES = collections.OrderedDict([("memory", memory_faults), ("libraries", library_faults),
                                   ("opencl", opencl_faults), ("lost", lost_faults), ("files", file_faults),
                                   ("disk", disk_faults)])
# The runs of each class in the bounded suite.
BUDGET = {"memory": 100, "libraries": 70, "opencl": 150, "lost": 60, "files": 120, "disk": 20}


def mount_argv(size, out):
    return ["unshare", "-rm", "sh", "-c",
            'earlier=$1; shift; '
            'cp -a "$2" "$earlier" && mount -t tmpfs -o size="$1"k none "$2" || exit 99; out=$2; shift 2; '
            'cp -a "$earlier"/. "$out" 2>/dev/null || exit 98; '
            '"$@"; rc=$?; mkdir kept && cp -a "$out"/. kept && exit $rc',
            "sh", out + "-earlier", str(size), out]


def go_on(bench, command, folder, out, base):
    """Lists the troubles of the same command with --resume, with the device back. Without a checkpoint the
    program must say so, and the run begins anew."""
    saved = sorted(n for n in files_of(out) if n.startswith("checkpoint/ckpt-"))
    again = bench.run(bench.argv(command, out) + ["--resume"], folder)
    if not saved:
        if again.rc != 9 or "holds no checkpoint" not in again.err:
            return [("codes", "--resume without a checkpoint: exit %d: %s" % (again.rc, again.err[:200]))]
        again = bench.run(bench.argv(command, out), folder)
    bench.gone_on["anew" if not saved else "resumed"] += 1
    if again.rc != 0:
        return [("codes", "gone on with %s: exit %d: %s" % (saved, again.rc, again.err[:200]))]
    if answer(command, again.out, out) != base.answer:
        return [("wrong", "gone on with %s: the result is not that of an undisturbed run" % saved)]
    return []


def run_fault(bench, fault):
    """Runs and judges a fault. Returns (Ran, troubles, True if the fault happened)."""
    judged, command, base = fault.judged, fault.command, fault.judged["base"]
    folder = bench.folder()
    try:
        out, before = prepare_out(bench, command, folder)
        argv = bench.argv(command, out)
        if fault.argv and fault.argv[0] == "{tmpfs}":
            shutil.rmtree(out)  # the disk is too small for earlier files
            os.mkdir(out)
            before = {}
            argv = mount_argv(fault.argv[1], out) + argv
        elif fault.argv:
            argv = [a.format(folder=folder) for a in fault.argv] + argv
        ran = bench.run(argv, folder, fault.env)
        happened, allowed, words, may_litter = True, {1}, (), False
        if "code" in judged:
            happened = ran.report.injected > 0
            allowed = fitting(judged["code"], ran.report.name)
            if judged["forever"]:
                allowed = allowed | fitting(judged["code"], "")
        elif judged.get("memory"):
            happened = ran.report.injected > 0
            if "Cannot allocate memory" in ran.err:
                allowed = {1, 8}
        elif "line" in judged:
            trace = ""
            if os.path.exists(folder + "/trace"):
                trace = read(os.path.join(folder, "trace")).decode(errors="replace")
            hit = [x for x in trace.splitlines() if "INJECTED" in x]
            happened = any(bench.root in NOWHERE.sub("", x) for x in hit)
            line = judged["line"]
            given = any(x in line for x in ("/data", "/model.npz", "/replay.npz"))
            allowed = {3, 8} if given else {2, 8} if "/config" in line else {8}
            words = ("standard output",) if "/stdout" in line else (bench.root,)
            may_litter = judged["system_call"] == "unlinkat"
            # After EINTR stdio gives up. Elsewhere the program must restart the call.
            if judged["error"] == "EINTR" and "/stdout" not in line:
                allowed = set()
        elif judged.get("disk"):
            allowed = {8}
            words = (bench.root, "standard output")
            kept = os.path.join(folder, "kept")
            out = kept if os.path.isdir(kept) else out
        found = judge(bench, command, ran, out, before, allowed, base, words, may_litter,
                      judged.get("site", ""))
        if command.name == "resume" and ran.rc == 7:
            found += go_on(bench, command, folder, out, base)
        if judged.get("lost") and ran.seconds > LOST_SECONDS * patience() and not ran.hung:
            found.append(("hangs", "%.1f s to say that the device is lost" % ran.seconds))
        return ran, found, happened
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# The whole run.


def make_workplace(bench, source):
    """Makes small inputs (80 of the built-in digits, a model, a replay) and the files of earlier runs."""
    full, small = os.path.join(bench.root, "full"), bench.data
    os.makedirs(bench.env["XDG_CONFIG_HOME"])
    quiet = dict(env=bench.env, stdout=subprocess.DEVNULL)
    subprocess.run([bench.program, "data", "export", "digits", full, "-q"], check=True, **quiet)
    os.mkdir(small)
    for name, n in (("train-images-idx3-ubyte", 60), ("train-labels-idx1-ubyte", 60),
                    ("t10k-images-idx3-ubyte", 20), ("t10k-labels-idx1-ubyte", 20)):
        with gzip.open(os.path.join(full, name + ".gz")) as f:
            head, each = (16, 784) if "images" in name else (8, 1)
            data = f.read(head + n * each)
        with open(os.path.join(small, name), "wb") as f:
            f.write(data[:4] + struct.pack(">I", n) + data[8:])
    shutil.rmtree(full)
    shutil.copy(os.path.join(source, "tests/reference/oracle/learn_12.npz"), bench.replay)
    earlier = os.path.join(bench.root, "earlier-train")
    argv = bench.argv(COMMANDS[0], earlier) + ["--seed", "2"]
    subprocess.run(argv, check=True, **quiet)
    shutil.copy(os.path.join(earlier, "model.npz"), bench.model)
    shutil.copytree(earlier, os.path.join(bench.root, "earlier-eval"))
    os.mkdir(os.path.join(bench.root, "earlier-replay"))
    shutil.copy(os.path.join(earlier, "model.npz"), os.path.join(bench.root, "earlier-replay/record.npz"))


def run_class(bench, name, commands, most, jobs):
    tally, codes, slowest, runs, happened = collections.Counter(), collections.Counter(), 0.0, 0, 0
    began = time.monotonic()
    shares = sum(c.share for c in commands)
    faults = []
    for command in commands:
        limit = None if most is None else max(4, most * command.share // shares)
        if command.name == "export":  # a run takes seconds
            limit = 60 if most is None else 2
        if command.name == "resume" and most is None:  # a fault takes up to three runs
            limit = 120
        faults += CLASSES[name](bench, command, limit)
    shown = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for fault, (ran, found, did) in zip(faults, pool.map(lambda f: run_fault(bench, f), faults)):
            runs += 1
            happened += did
            codes[ran.rc] += 1
            slowest = max(slowest, ran.seconds)
            for kind in {k for k, _ in found}:
                tally[kind] += 1
            found = [f for f in found if f[0] != "fragile"]
            if found and (bench.options.verbose or shown[fault.command.name] < 12):
                shown[fault.command.name] += 1
                print("# %s, %s: %s: exit %d" % (name, fault.command.name, fault.text, ran.rc))
                for kind, text in found:
                    print("#     %s: %s" % (kind, text))
                for line in ran.err.splitlines()[:3]:
                    print("#     said: %s" % line[:300])
    if bench.gone_on:
        print("# %s: afterwards %d runs resumed, %d begun anew"
              % (name, bench.gone_on["resumed"], bench.gone_on["anew"]))
        bench.gone_on.clear()
    for key in [k for k in bench.baselines if k[1] == name]:
        del bench.baselines[key]
    troubles = sum(n for kind, n in tally.items() if kind != "fragile")
    print("%s %s: %d runs, %d injected; exit %s; %s; slowest %.1f s; %.0f s" %
          ("not ok" if troubles else "ok", name, runs, happened,
           ", ".join("%d x%d" % (c, n) for c, n in sorted(codes.items())),
           ", ".join("%s %d" % (t, tally[t]) for t in TROUBLES if t != "fragile" or tally[t]),
           slowest, time.monotonic() - began), flush=True)
    if runs and happened < runs * 9 // 10:
        print("# %s: only %d of %d faults happened: the suite is not testing what it says"
              % (name, happened, runs))
        troubles += 1
    return troubles


def main():
    parser = argparse.ArgumentParser(prog="tests/hostile/faults.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--layer", required=True)
    parser.add_argument("--alloc", required=True)
    parser.add_argument("--full", action="store_true",
                        help="fail every call, allocation and system call, instead of a sample")
    parser.add_argument("--every", action="store_true",
                        help="as --full, but OpenCL's codes take turns: a sixth of the runs")
    parser.add_argument("--runs", type=int, metavar="N", help="a sample of about N runs a class")
    parser.add_argument("--class", dest="classes", default=",".join(CLASSES),
                        help="some of " + ",".join(CLASSES))
    parser.add_argument("--command", dest="commands", default=",".join(c.name for c in COMMANDS))
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--verbose", action="store_true",
                        help="print every finding, not the first twelve of a command")
    options = parser.parse_args()
    source = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
    commands = [c for c in COMMANDS if c.name in options.commands.split(",")]
    wanted = [k for k in CLASSES if k in options.classes.split(",")]
    skipped = []
    if "files" in wanted and not shutil.which("strace"):
        print("# SKIP files: strace is not installed (Debian and Ubuntu: apt install strace): "
              "system calls are NOT made to fail")
        wanted.remove("files")
        skipped.append("files")
    if "disk" in wanted and not can_mount():
        print("# SKIP disk: no file system can be mounted here (unshare -rm): disks are NOT full")
        wanted.remove("disk")
        skipped.append("disk")
    root = tempfile.mkdtemp(prefix="clsnn-faults-")
    try:
        bench = Bench(options, root)
        make_workplace(bench, source)
        if (any(k in wanted for k in ("opencl", "lost"))
                and baseline(bench, COMMANDS[0], "layer", layer_env(bench)).calls == 0):
            print("# SKIP opencl, lost: this OpenCL loader knows no layers (OPENCL_LAYERS): "
                  "OpenCL calls are NOT made to fail")
            wanted = [k for k in wanted if k not in ("opencl", "lost")]
            skipped.append("opencl")
        troubles = 0
        for name in wanted:
            these = [c for c in commands if c.opencl or name not in ("opencl", "lost")]
            these = [c for c in these if c.name != "resume" or name == "lost"]
            most = None if options.full or options.every else options.runs or BUDGET[name]
            troubles += run_class(bench, name, these, most, options.jobs)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    sys.exit(1 if troubles else 77 if skipped else 0)


if __name__ == "__main__":
    main()
