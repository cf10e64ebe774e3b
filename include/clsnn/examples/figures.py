#!/usr/bin/env python3
"""Makes four figures of a finished run: weights with labels, accuracy, confusion, spikes an image.

Usage: figures.py RUN NAME.ENDING [--sort]

RUN is a directory of clsnn train. The files are NAME-weights.ENDING, NAME-accuracy.ENDING and so on. ENDING
is png, svg or pdf. Needs numpy and matplotlib (Debian: python3-matplotlib)."""
import argparse
import json
import pathlib
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")  # writes files, needs no screen
import matplotlib.pyplot as plt

ENDINGS = "png", "svg", "pdf"
BLUE, ORANGE, NAVY = "#0072b2", "#d55e00", "#002060"  # the colour-blind tell them apart
# Text stays text in svg and pdf: journals can edit it.
plt.rcParams.update({"svg.fonttype": "none", "pdf.fonttype": 42, "savefig.dpi": 150,
                     "figure.constrained_layout.use": True})


def weights(run, model, sort):
    """Draws each neuron's weights as a tile, its label in the corner."""
    w, labels = model["w"], model["labels"]
    height, width = run["dataset"]["height"], run["dataset"]["width"]
    keys = np.where(labels < 0, labels.max() + 1, labels) if sort else 0 * labels  # without a label: last
    order = np.argsort(keys, kind="stable")
    columns = int(np.ceil(np.sqrt(labels.size)))
    rows = -(-labels.size // columns)
    tiles = np.full((rows * columns, height + 1, width + 1), np.nan)  # the lines between tiles have no weight
    tiles[:labels.size, 1:, 1:] = w.T[order].reshape(-1, height, width)
    picture = tiles.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    picture = picture.reshape(rows * (height + 1), columns * (width + 1))
    colours = plt.get_cmap("hot_r").copy()  # that of Kim & Kim's Figure 4
    colours.set_bad("0.7")
    inches = min(max(0.42 * columns, 6), 24)
    figure, axes = plt.subplots(figsize=(inches + 1, inches * picture.shape[0] / picture.shape[1] + 0.8))
    drawn = axes.imshow(picture, cmap=colours, vmin=0, vmax=w.max(), interpolation="none")
    points = 72 * inches / columns / 4  # a quarter of a tile
    for place, label in enumerate(labels[order]):
        axes.text(place % columns * (width + 1) + 1, place // columns * (height + 1) + 1,
                  label if label >= 0 else "\N{EN DASH}", va="top", fontsize=points, color=NAVY,
                  bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": points / 10})
    axes.set(xticks=[], yticks=[])
    title = "Input weights and labels" + (", sorted by label" if sort else "")
    axes.set_title(title, fontsize=max(12, inches))
    figure.colorbar(drawn, label="weight", shrink=0.6, pad=0.01)
    return figure


def lines(run, title, unit, scale, members):
    """Draws numbers of all evaluations against the images trained on. members: name and legend of each."""
    figure, axes = plt.subplots(figsize=(6, 4))
    images = [m["images"] for m in run["metrics"]]
    for (name, legend), colour, mark in zip(members, (BLUE, ORANGE), "os"):
        axes.plot(images, [scale * m[name] for m in run["metrics"]], mark + "-", color=colour, label=legend)
    axes.set(title=title, xlabel="images trained on", ylabel=unit, xlim=(0, 1.05 * max(images)))
    axes.set_ylim(0, 100 if scale == 100 else 1.1 * axes.get_ylim()[1])
    axes.grid(color="0.9")
    axes.legend(loc="best")
    return figure


def confusion(run, kind):
    """Draws the answers to the images of each class: vote all."""
    counts = np.array(run["result"]["confusion"])
    n = len(counts)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    inches = min(max(0.5 * n, 5), 16)
    figure, axes = plt.subplots(figsize=(inches + 1, inches))
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    if n <= 30:  # more would not be readable
        for (row, column), count in np.ndenumerate(counts):
            axes.text(column, row, count, ha="center", va="center", fontsize=8,
                      color="white" if shares[row, column] > 50 else "black")
        axes.set(xticks=range(n), yticks=range(n))
    axes.set(title=f"Confusion on {kind} images", xlabel="answer (vote all)", ylabel="class")
    figure.colorbar(drawn, label="% of the class", shrink=0.8)
    return figure


def main():
    options = argparse.ArgumentParser(description="Makes four figures of a finished run.")
    options.add_argument("run", type=pathlib.Path, help="a directory of clsnn train")
    options.add_argument("name", type=pathlib.Path, metavar="NAME.ENDING", help="ending: png, svg or pdf")
    options.add_argument("--sort", action="store_true", help="sort the weights by label")
    o = options.parse_args()
    if o.name.suffix[1:] not in ENDINGS:
        options.error(f"{o.name}: the ending must be one of {', '.join(ENDINGS)}")
    try:
        run = json.loads((o.run / "run.json").read_text())
        if (run["command"], run["state"]) != ("train", "finished"):
            sys.exit(f"{o.run}: clsnn {run['command']}, {run['state']}: must be clsnn train, finished")
        model = np.load(o.run / "model.npz")
    except OSError as e:
        sys.exit(f"{e.filename}: {e.strerror}: RUN must be a directory of clsnn train")

    r, plan = run["result"], run["plan"]
    kind = "validation" if plan.get("validate") else "test"
    epochs = f"{r['epochs']} epoch{'s' * (r['epochs'] != 1)}"
    caption = f"N = {r['neurons']}, {r['data']}, {epochs} of {plan['train_images']} images, seed {r['seed']}"
    figures = {
        "weights": weights(run, model, o.sort),
        "accuracy": lines(run, f"Accuracy on {plan['test_images']} {kind} images", "%", 100,
                          [("accuracy_all", "vote all"), ("accuracy_proportion", "vote proportion")]),
        "confusion": confusion(run, kind),
        "spikes": lines(run, "Excitatory spikes an image", "spikes an image", 1,
                        [("exc_spikes_per_image", "training, since the last evaluation"),
                         (kind + "_spikes_per_image", kind)]),
    }
    for name, figure in figures.items():
        figure.supxlabel(caption, fontsize=max(9, figure.get_figwidth()))  # large figures are seen small
        path = o.name.with_name(f"{o.name.stem}-{name}{o.name.suffix}")
        figure.savefig(path)
        print(path)


if __name__ == "__main__":
    main()
