#!/usr/bin/env python3
"""Times clsnn train and Brian 2 in turn, and prints medians and ratios. run.sh starts it on one core."""
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
PEER = os.path.join(HERE, "brian2_peer.py")


def processor_seconds():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def train(args, n, images, folder):
    """Runs clsnn train once. Returns wall seconds and presentations of the training, processor seconds of the
    process, spikes an image."""
    out = os.path.join(folder, f"clsnn-{n}")
    before = processor_seconds()
    done = subprocess.run([args.clsnn, "train", "--neurons", str(n), "--train-images", str(images),
                           "--label-images", str(EVALUATED), "--test-images", str(EVALUATED),
                           "--data", args.data, "--device", args.device, "--json", "--quiet", "--out", out],
                          check=True, stdout=subprocess.PIPE, text=True)
    cpu = processor_seconds() - before
    result = json.loads(done.stdout)
    with open(os.path.join(out, "metrics.jsonl")) as f:
        metrics = [json.loads(line) for line in f][-1]
    return {"wall": result["train_seconds"], "cpu": cpu, "presentations": images + metrics["retries"],
            "device": result["device"], "exc_spikes": metrics["exc_spikes_per_image"],
            "sha256": result["final_sha256"]}


def clsnn_row(args, n, images, folder):
    small, big = train(args, n, WARM_IMAGES, folder), train(args, n, images, folder)
    extra = big["presentations"] - small["presentations"]
    simulated = big["presentations"] * IMAGE_S
    return {"program": "clsnn", "form": "train", "device": big["device"], "neurons": n, "images": images,
            "presentations": big["presentations"], "simulated_seconds": simulated,
            "wall_seconds": big["wall"],
            "ms_per_presentation": 1e3 * big["wall"] / big["presentations"],
            "cpu_ms_per_presentation": 1e3 * (big["cpu"] - small["cpu"]) / extra,
            "exc_spikes_per_image": big["exc_spikes"], "final_sha256": big["sha256"]}


def brian_row(folder):
    row = json.loads(subprocess.run([sys.executable, PEER, "--dir", folder, "--again"], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout)
    row["ms_per_presentation"] = row.pop("ms_per_image")
    row["cpu_ms_per_presentation"] = 1e3 * row["cpu_seconds"] / row["presentations"]
    return row


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--clsnn", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--device", default="cpu")
    p.add_argument("--neurons", default="100,400,1600")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--images", type=int, default=0,
                   help="images clsnn trains on (default 5000; 2000 above 1000 neurons)")
    p.add_argument("--brian-images", type=int, default=60)
    p.add_argument("--json-out", default="", help="also append every JSON line to this file")
    args = p.parse_args()
    forms, lines, table = ("plain", "tuned"), [], []

    def emit(row):
        lines.append(json.dumps(row))

    with tempfile.TemporaryDirectory(prefix="clsnn-peers-") as folder:
        for n in (int(k) for k in args.neurons.split(",")):
            images = args.images or (5000 if n <= 1000 else 2000)
            for form in forms:
                print(f"N = {n}: building Brian's program ({form})", file=sys.stderr)
                subprocess.run([sys.executable, PEER, "--data", args.data, "--neurons", str(n),
                                "--images", str(args.brian_images), "--form", form,
                                "--dir", os.path.join(folder, f"{form}-{n}"), "--build-only"],
                               check=True, stdout=subprocess.DEVNULL)
            train(args, n, WARM_IMAGES, folder)  # compiles the kernels into the cache
            rows = {"clsnn": [], **{f: [] for f in forms}}
            for r in range(args.rounds):
                print(f"N = {n}: round {r + 1} of {args.rounds}", file=sys.stderr)
                rows["clsnn"].append(clsnn_row(args, n, images, folder))
                for form in forms:
                    rows[form].append(brian_row(os.path.join(folder, f"{form}-{n}")))
                for name in rows:
                    emit({"round": r + 1, **rows[name][-1]})

            def of(name, key):
                return median(row[key] for row in rows[name])

            wall = {k: of(k, "ms_per_presentation") for k in rows}
            cpu = {k: of(k, "cpu_ms_per_presentation") for k in rows}
            # The median of ratios of one round: other load on the machine disturbs neighbouring runs alike.
            per_round = {f: median(b["ms_per_presentation"] / c["ms_per_presentation"]
                                   for b, c in zip(rows[f], rows["clsnn"])) for f in forms}
            share = min(cpu[k] / wall[k] for k in rows)
            summary = {"summary": True, "neurons": n, "rounds": args.rounds, "core_share": round(share, 3)}
            for k in rows:
                name = k if k == "clsnn" else f"brian2_{k}"
                summary[f"{name}_ms"], summary[f"{name}_cpu_ms"] = round(wall[k], 4), round(cpu[k], 4)
                summary[f"{name}_sim_s_per_s"] = round(1e3 * IMAGE_S / wall[k], 1)
            for f in forms:
                summary[f"ratio_{f}"] = round(per_round[f], 2)
                summary[f"ratio_{f}_cpu"] = round(cpu[f] / cpu["clsnn"], 2)
            emit(summary)
            table.append((n, wall, cpu, per_round, share, {k: of(k, "exc_spikes_per_image") for k in rows}))

    print("Medians; ms of wall clock a presentation of 0.5 s (in brackets: of processor time)\n")
    print(f"{'N':>5}  {'clsnn':>17}  {'Brian 2 plain':>19}  {'Brian 2 tuned':>19}  {'plain/clsnn':>16}  "
          f"{'tuned/clsnn':>16}  exc spikes an image")
    for n, wall, cpu, ratio, share, spikes in table:
        cells = [f"{wall['clsnn']:8.3f} ({cpu['clsnn']:.3f})".rjust(17)]
        cells += [f"{wall[f]:9.2f} ({cpu[f]:.2f})".rjust(19) for f in forms]
        cells += [f"{ratio[f]:7.1f} ({cpu[f] / cpu['clsnn']:.1f})".rjust(16) for f in forms]
        print(f"{n:>5}  " + "  ".join(cells) + "  " + " / ".join(f"{spikes[k]:.1f}" for k in spikes))
    print("\nSimulated seconds a second")
    for n, wall, *_ in table:
        print(f"{n:>5}  " + ", ".join(f"{'clsnn' if k == 'clsnn' else 'Brian 2 ' + k} "
                                      f"{1e3 * IMAGE_S / wall[k]:.0f}" for k in wall))
    busy = [str(row[0]) for row in table if row[4] < 0.95]
    if busy:
        print(f"\nThe core was shared with other programs at N = {', '.join(busy)} "
              f"(least share {min(row[4] for row in table):.2f}): "
              "trust the ratios of processor time there, or repeat on a quiet machine.")
    print(f"\n{time.strftime('%Y-%m-%d')}, core {sorted(os.sched_getaffinity(0))}, "
          f"load {os.getloadavg()[0]:.1f}\n")
    print("\n".join(lines))
    if args.json_out:
        with open(args.json_out, "a") as f:
            f.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
