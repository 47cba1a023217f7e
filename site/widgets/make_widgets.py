"""The widgets' data and static images, from a run on Postcards.

mlc train postcards --framework torch --out RUN
python site/widgets/make_widgets.py RUN
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from mlc_course.metrics import confusion, load_run, precision_recall_f1
from mlc_course.tables import open_dataset

HERE = Path(__file__).parent
COLUMNS, N, SIDE = 6, 24, 96
COLOURS = ("#0072b2", "#a33c00", "#a02a6e")
ALTS = {
    "sigmoid-softmax": "Bars for the labels sun, house and boat with logits 2, 1.5 and -2: sigmoid "
    "gives 0.88, 0.82 and 0.12, so it says sun and house; softmax gives 0.62, 0.37 and 0.01, so it "
    "says sun alone.",
    "threshold-sweep": "Curves of precision, recall and F1 on 24 postcards for every threshold "
    "from 0 to 1: precision rises with the threshold until nothing is said, recall falls, and F1 "
    "is highest between.",
}


def nudged(probs):
    "Four decimals, and none that a step of the slider hits exactly."
    whole = np.rint(probs * 1e4).astype(int)
    return (whole + (whole % 100 == 0) * np.where(whole < 5000, 1, -1)) / 1e4


def sheet(paths):
    "The postcards in rows of COLUMNS."
    out = Image.new("RGB", (COLUMNS * SIDE, -(-len(paths) // COLUMNS) * SIDE))
    for i, path in enumerate(paths):
        image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        out.paste(image, (i % COLUMNS * SIDE, i // COLUMNS * SIDE))
    return out


def sweep_image(probs, targets):
    "The curves as an SVG, for a page without scripts."
    steps = np.arange(101) / 100
    rows = np.array([precision_recall_f1(confusion(probs, targets, t), "micro") for t in steps])
    fig, ax = plt.subplots(figsize=(6.4, 3))
    for k, (name, style) in enumerate(zip(("precision", "recall", "F1"), ("-", "--", ":"))):
        ax.plot(steps, rows[:, k], style, color=COLOURS[k], label=name)
    ax.set(xlabel="threshold", ylabel="share", title=f"{N} postcards, one threshold for all labels")
    ax.legend()
    return fig


def softmax_image():
    "Three logits and what becomes of them."
    x = np.array([2, 1.5, -2])
    both = {"sigmoid": 1 / (1 + np.exp(-x)), "softmax": np.exp(x) / np.exp(x).sum()}
    fig, axes = plt.subplots(1, 2, figsize=(6.4, 2.4), sharey=True)
    for ax, (name, p) in zip(axes, both.items()):
        yes = p > 0.5 if name == "sigmoid" else p == p.max()
        names = [f"{o} ({v:g})" for o, v in zip(("sun", "house", "boat"), x)]
        bars = ax.barh(names, p, color=[COLOURS[0] if o else "#c9ced6" for o in yes])
        ax.bar_label(bars, fmt="%.2f", padding=3)
        ax.set(title=name, xlim=(0, 1.2), xlabel="probability")
        ax.invert_yaxis() if name == "sigmoid" else None
    return fig


def main(run):
    "Write data, sheet and images into this folder."
    found = load_run(run)
    test = found.predictions["test"]
    rng = np.random.default_rng(3)
    chosen = np.sort(rng.permutation(len(test.probs))[:N])
    probs, targets = nudged(test.probs[chosen]), np.asarray(test.targets)[chosen]
    root = open_dataset("postcards", profile=found.profile).root
    sheet([root / test.fnames[i] for i in chosen]).save(HERE / "postcards.jpg", quality=85)
    data = dict(
        sheet="postcards.jpg",
        columns=COLUMNS,
        vocab=list(test.vocab),
        probs=probs.tolist(),
        labels=[np.flatnonzero(o).tolist() for o in targets],
    )
    (HERE / "threshold-sweep.json").write_text(json.dumps(data, separators=(",", ":")))
    (HERE / "alts.json").write_text(json.dumps(ALTS, indent=1))
    plt.rcParams["svg.hashsalt"] = "widgets"
    figures = {"sigmoid-softmax": softmax_image(), "threshold-sweep": sweep_image(probs, targets)}
    for name, fig in figures.items():
        fig.tight_layout()
        fig.savefig(HERE / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(sys.argv[1])
