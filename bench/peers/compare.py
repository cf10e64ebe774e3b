#!/usr/bin/env python3
"""Times clsnn train and other simulators in turn, and prints medians and ratios.

run.sh starts it on one core. It needs no package itself. Each simulator runs in a process of its own, in the
interpreter that has it. One whose package is missing is skipped; standard error says how to install it."""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

IMAGE_S = 0.5
# Images of the small run. Its processor time (start, kernels, labelling, testing) is subtracted from that of
# the large run.
WARM_IMAGES = 20
EVALUATED = 20  # images for labels, and for the test
HERE = os.path.dirname(os.path.abspath(__file__))
# A peer's forms: options of its script.
PEERS = {
    "brian2": [["--form", "plain"], ["--form", "tuned"]],
    "nest": [[]],
    "bindsnet": [["--dt", "0.5"], ["--dt", "1"]],
}
SCRIPT = {peer: os.path.join(HERE, f"{peer}_peer.py") for peer in PEERS}


def last_json(command):
    """Runs a command and returns the last line that it prints, parsed. Ends the comparison if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"{' '.join(command)}: exit status {done.returncode}", file=sys.stderr)
        sys.exit(1)
    return json.loads(done.stdout.splitlines()[-1])


def processor_seconds():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


class Clsnn:
    def __init__(self, args, folder):
        self.args, self.folder, self.versions = args, folder, {}

    def train(self, n, images):
        """Runs clsnn train once. Returns its results, presentations, and processor seconds of the process."""
        out = os.path.join(self.folder, f"clsnn-{n}")
        before = processor_seconds()
        result = last_json([self.args.clsnn, "train", "--neurons", str(n), "--train-images", str(images),
                            "--label-images", str(EVALUATED), "--test-images", str(EVALUATED),
                            "--data", self.args.data, "--device", self.args.device, "--json", "--quiet",
                            "--out", out])
        cpu = processor_seconds() - before
        with open(os.path.join(out, "metrics.jsonl")) as f:
            metrics = [json.loads(line) for line in f][-1]
        return result, metrics, images + metrics["retries"], cpu

    def prepare(self, n):
        self.train(n, WARM_IMAGES)  # compiles the kernels into the cache
        with open(os.path.join(self.folder, f"clsnn-{n}", "run.json")) as f:
            self.versions = {"program": "clsnn", "version": json.load(f)["clsnn_version"]}

    def measure(self, n):
        images = self.args.images or (5000 if n <= 1000 else 2000)
        _, _, few, cpu_few = self.train(n, WARM_IMAGES)
        result, metrics, many, cpu_many = self.train(n, images)
        return {**self.versions, "form": "train", "device": result["device"], "neurons": n, "images": images,
                "presentations": many, "simulated_seconds": many * IMAGE_S,
                "wall_seconds": result["train_seconds"],
                "ms_per_presentation": 1e3 * result["train_seconds"] / many,
                "cpu_ms_per_presentation": 1e3 * (cpu_many - cpu_few) / (many - few),
                "exc_spikes_per_image": metrics["exc_spikes_per_image"],
                "final_sha256": result["final_sha256"]}


class Peer:
    def __init__(self, args, folder, peer, python, form):
        self.command = [python, "-W", "ignore", SCRIPT[peer]]
        self.build = peer == "brian2"
        self.options = ["--data", args.data, *form]
        if args.peer_images:
            self.options += ["--images", str(args.peer_images)]
        # Brian's program of each size and form has a folder of its own.
        self.place = os.path.join(folder, "-".join([python, *form]).replace("/", "-"))

    def prepare(self, n):
        if self.build:
            print(f"N = {n}: building {self.place.rsplit('/', 1)[-1]}", file=sys.stderr)
            if subprocess.run([*self.command, *self.options, "--neurons", str(n), "--dir",
                               f"{self.place}-{n}", "--build-only"], stdout=subprocess.DEVNULL).returncode:
                sys.exit(1)

    def measure(self, n):
        if self.build:
            return last_json([*self.command, "--dir", f"{self.place}-{n}", "--again"])
        return last_json([*self.command, *self.options, "--neurons", str(n)])


def find_peers(args, folder):
    """Returns the peers that are there, their versions, and the peers that are missing. Each missing one has
    said why on standard error."""
    found, versions, skipped = [], [], []
    for peer in args.peers:
        for python in (args.brian_python if peer == "brian2" else [args.peers_python]):
            try:
                probe = subprocess.run([python, "-W", "ignore", SCRIPT[peer], "--probe"],
                                       stdout=subprocess.PIPE, text=True)
            except OSError as e:
                print(f"{python}: {e.strerror}", file=sys.stderr)
                probe = None
            if probe is None or probe.returncode:
                print(f"SKIPPED: {peer} in {python}", file=sys.stderr)
                skipped.append(f"{peer} in {python}")
                continue
            row = json.loads(probe.stdout.splitlines()[-1])
            if row not in versions:
                versions.append(row)
                found += [Peer(args, folder, peer, python, form) for form in PEERS[peer]]
    return found, versions, skipped


def name(row):
    return f"{row['program']} {row['version']}"


def summarize(n, rounds):
    """Returns a summary of each contender of a size. rounds: for each contender its rows; clsnn is first.
    A ratio is the median of those within a round: other load on the machine disturbs neighbours alike."""
    summaries = []
    for rows in rounds:
        def of(key):
            return [row[key] for row in rows]

        def ratios(key):
            return [row[key] / base[key] for row, base in zip(rows, rounds[0])]

        wall, cpu = median(of("ms_per_presentation")), median(of("cpu_ms_per_presentation"))
        ratio, ratio_cpu = ratios("ms_per_presentation"), ratios("cpu_ms_per_presentation")
        summaries.append({
            "summary": True, **{k: rows[0][k] for k in ("program", "version", "form")}, "neurons": n,
            "rounds": len(rows), "ms_per_presentation": round(wall, 4),
            "cpu_ms_per_presentation": round(cpu, 4), "sim_s_per_s": round(1e3 * IMAGE_S / wall, 2),
            "ratio": round(median(ratio), 2), "ratio_min": round(min(ratio), 2),
            "ratio_max": round(max(ratio), 2), "ratio_cpu": round(median(ratio_cpu), 2),
            "exc_spikes_per_image": round(median(of("exc_spikes_per_image")), 1),
            "core_share": round(cpu / wall, 3)})
    return summaries


def print_table(summaries):
    print("Medians; ms of wall clock a presentation of 0.5 s, and its ratio to clsnn in turns "
          "(in brackets: of processor time)\n")
    print(f"{'N':>5}  {'program':<16} {'form':<10} {'ms':>19}  {'ratio to clsnn':>20}  "
          f"{'model s/s':>9}  exc spikes an image")
    for s in summaries:
        ms, cpu = s["ms_per_presentation"], s["cpu_ms_per_presentation"]
        cell = f"{ms:.3f} ({cpu:.3f})" if ms < 1 else f"{ms:.1f} ({cpu:.1f})"
        print(f"{s['neurons']:>5}  {name(s):<16} {s['form']:<10} {cell:>19}  "
              f"{'%.1f (%.1f)' % (s['ratio'], s['ratio_cpu']):>20}  {s['sim_s_per_s']:>9.1f}  "
              f"{s['exc_spikes_per_image']:.1f}")


def words(text, known, what, p):
    chosen = text.split(",")
    for word in chosen:
        if word not in known:
            p.error(f"{word}: no such {what}: must be of {', '.join(known)}")
    return chosen


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--clsnn", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--device", default="cpu")
    p.add_argument("--peers", default=",".join(PEERS), help=f"which simulators ({','.join(PEERS)})")
    p.add_argument("--brian-python", default="/usr/bin/python3", metavar="PATH[:PATH]...",
                   help="interpreters that have Brian 2")
    p.add_argument("--peers-python", default="python3", metavar="PATH",
                   help="interpreter that has NEST and BindsNET")
    p.add_argument("--neurons", default="100,400,1600")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--images", type=int, default=0,
                   help="images clsnn trains on (default 5000; 2000 above 1000 neurons)")
    p.add_argument("--peer-images", type=int, default=0,
                   help="images that each peer times (default: 60 for Brian, 30 for NEST, 10 for BindsNET)")
    p.add_argument("--json-out", default="", help="also append every JSON line to this file")
    args = p.parse_args()
    args.peers = words(args.peers, PEERS, "peer", p)
    args.brian_python = args.brian_python.split(":")
    if not all(k.isdecimal() and int(k) for k in args.neurons.split(",")) or args.rounds < 1:
        p.error("--neurons must list whole numbers, such as 100,400; --rounds must be 1 or more")
    lines, table = [], []

    with tempfile.TemporaryDirectory(prefix="clsnn-peers-") as folder:
        peers, versions, skipped = find_peers(args, folder)
        if not peers:
            print("no simulator to compare with", file=sys.stderr)
            return 2
        contenders = [Clsnn(args, folder), *peers]
        for n in (int(k) for k in args.neurons.split(",")):
            for contender in contenders:
                contender.prepare(n)
            rounds = [[] for _ in contenders]
            for r in range(args.rounds):
                print(f"N = {n}: round {r + 1} of {args.rounds}", file=sys.stderr)
                for rows, contender in zip(rounds, contenders):
                    rows.append(contender.measure(n))
                    lines.append(json.dumps({"round": r + 1, **rows[-1]}))
            summaries = summarize(n, rounds)
            lines += map(json.dumps, summaries)
            table += summaries

    device = rounds[0][0]["device"]
    print_table(table)
    print()
    for row in versions:
        print(f"{name(row)}: " + ", ".join(f"{k} {row[k]}" for k in row if k not in ("program", "version")))
    print(f"clsnn's device: {device}")
    busy = [f"{name(s)} {s['form']}, N = {s['neurons']}" for s in table if s["core_share"] < 0.95]
    if busy:
        print(f"\nOther programs shared the core with {len(busy)} of {len(table)} rows (least share "
              f"{min(s['core_share'] for s in table):.2f}): {'; '.join(busy)}.\n"
              "Trust the ratios of processor time there, or repeat on a quiet machine.")
    for what in skipped:
        print(f"\nSKIPPED: {what} (standard error says why and how to install it)")
    lines += (json.dumps({"skipped": what}) for what in skipped)
    print(f"\n{time.strftime('%Y-%m-%d')}, core {sorted(os.sched_getaffinity(0))}, "
          f"load {os.getloadavg()[0]:.1f}\n")
    print("\n".join(lines))
    if args.json_out:
        with open(args.json_out, "a") as f:
            f.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
