"Figures of the lesson on several outputs. Each function takes arrays or tables, and draws."

import matplotlib.pyplot as plt
import numpy as np

from ..data.pictures import load_image
from .tables import show_images

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too


def car_sheet(
    root,  # the folder of the images
    cars,  # DataFrame with columns fname, brand, type and year
):  # a matplotlib Figure
    "Cars in a row, each titled with the three facts about it."
    titles = [f"{car.brand}\n{car.type}, {car.year}" for car in cars.itertuples()]
    images = [load_image(root / fname) for fname in cars["fname"]]
    return show_images(images, titles, suptitle="Which brand? Which type? How old?")


def class_counts(
    counts,  # {head: Series, class -> images}
    title: str,  # above all
):  # the Axes, one per head
    "A bar for each class of each head, with its number of images above it."
    widths = [len(series) for series in counts.values()]
    fig, axes = plt.subplots(
        1, len(counts), figsize=(9.5, 3), width_ratios=widths, layout="constrained", squeeze=False
    )
    for ax, (head, series) in zip(axes[0], counts.items()):
        ax.bar_label(ax.bar(list(series.index), series.to_numpy(), color=BLUE), fontsize=8)
        ax.margins(y=0.15)
        ax.tick_params("x", rotation=60, labelsize=8)
        ax.set(title=head, xlabel="class")
    axes[0, 0].set_ylabel("images (number)")
    fig.suptitle(title)
    return axes[0]


def accuracy_curves(
    curves,  # {name: mean accuracy of the heads after each epoch}
    majority: float,  # what answering without looking reaches
):
    "The mean accuracy of the heads by epoch, one line per training."
    ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")[1]
    styles = zip((GREY, BLUE, ORANGE), ("^:", "s--", "o-"))
    for (name, values), (colour, style) in zip(curves.items(), styles):
        ax.plot(range(len(values)), values, style, color=colour, label=name)
    ax.axhline(majority, color="black", lw=1, label="majority, without looking")
    ax.set(xlabel="epoch", ylabel="accuracy, mean of the heads", ylim=(0, 1.03))
    ax.set_title("Validation accuracy")
    ax.set_xticks(range(max(map(len, curves.values()), default=0)))
    ax.legend(loc="lower right")
    return ax


def confusion_table(
    matrix,  # counts [C, C]: a row for each true class, a column for each answer
    names,  # C class names
    title: str,  # above it
):
    "Counts of answers by true class; a row is shaded by its shares."
    ax = plt.subplots(figsize=(5.4, 4.8), layout="constrained")[1]
    ax.imshow(matrix / matrix.sum(1, keepdims=True).clip(1), cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(matrix):
        if n:
            dark = n > 0.5 * matrix[i].sum()
            ax.text(j, i, n, ha="center", va="center", color="white" if dark else "black")
    ax.set_xticks(range(len(names)), names, rotation=60)
    ax.set_yticks(range(len(names)), names)
    ax.set(title=title, xlabel="the model says", ylabel="truth")
    return ax


def _line(said, true):
    return f"right: {said}" if said == true else f"WRONG: {said} (truth: {true})"


def answers(
    images,  # N images
    said,  # DataFrame, a column per head, N rows
    truth,  # the same
    ncols: int = 3,  # images in a row
):  # a matplotlib Figure
    "Each image above its answers, a line per head, with the truth beside a wrong one."
    nrows = -(-len(images) // ncols)
    size = (3 * ncols, 2.75 * nrows)
    fig, axes = plt.subplots(nrows, ncols, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    rows = zip(axes.flat, images, said.to_numpy(), truth.to_numpy())
    for ax, image, row, true in rows:
        ax.imshow(image, interpolation="nearest")
        wrong = (row != true).any()
        lines = "\n".join(_line(s, t) for s, t in zip(row, true))
        ax.set_title(lines, fontsize=8, loc="left", color=ORANGE if wrong else BLUE)
    return fig


def mistakes(
    results,  # DataFrame with columns kind, seed, and one for each of `figures`: shares right
    figures,  # names of the columns to draw
    majority,  # {column: share right without looking}
):
    "The share of wrong answers per head, one mark per training, on a logarithmic axis."
    ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")[1]
    place = np.arange(len(figures))
    kinds = results["kind"].unique()
    for k, (kind, mark, colour) in enumerate(zip(kinds, "osD", (BLUE, ORANGE, GREY))):
        for i, (_, row) in enumerate(results[results["kind"] == kind].iterrows()):
            wrong = 1 - row[list(figures)].to_numpy(float)
            label = kind if i == 0 else None
            ax.plot(wrong, place + 0.2 * (k - 1), mark, color=colour, alpha=0.8, label=label)
    blind = [1 - majority[f] for f in figures]
    ax.plot(blind, place, "|", color="black", ms=16, label="majority, without looking")
    ax.set_xscale("log")
    ax.set_yticks(place, figures)
    ax.set(ylim=(len(figures) - 0.5, -0.5), ylabel="head")
    ax.set(xlabel="share wrong (logarithmic; left is better)", title="Mistakes on the test images")
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), labelspacing=1, borderpad=1)
    return ax


def _field(ax, y, head, name, prob, sure):
    "One line of a form: what is asked, a box with the answer, and how sure the network is."
    colour = BLUE if sure else ORANGE
    ax.text(0, y, head, va="center", fontsize=10)
    ax.add_patch(plt.Rectangle((0.2, y - 0.1), 0.45, 0.2, fill=False, ec=colour, lw=1.5))
    if sure:
        ax.text(0.23, y, name, va="center", fontsize=10)
    else:
        ax.text(0.23, y, f"{name}?", va="center", fontsize=10, style="italic", color=GREY)
    percent = f"{prob:.0%}" if prob < 0.995 else "over 99%"
    note = percent if sure else f"{percent}, please check"
    ax.text(0.68, y, note, va="center", fontsize=9, color=colour)


def forms(
    images,  # N images
    said,  # DataFrame, a column of class names per head, N rows
    probs,  # the same with their probabilities
    thresh: float,  # a field is filled in above it
):  # a matplotlib Figure
    "Each image beside a form: fields filled in where the network is sure, else a question."
    fig, axes = plt.subplots(
        len(images), 2, figsize=(8.5, 2.2 * len(images)), squeeze=False, layout="constrained"
    )
    heights = np.linspace(0.8, 0.2, said.shape[1])
    for (left, right), image, names, sure in zip(axes, images, said.values, probs.values):
        left.imshow(image, interpolation="nearest")
        left.set_axis_off()
        right.set_axis_off()
        right.set(xlim=(0, 1.05), ylim=(0, 1))
        for y, head, name, prob in zip(heights, said.columns, names, sure):
            _field(right, y, head, name, prob, prob > thresh)
    fig.suptitle(f"Sell your car: fields filled in above {thresh:.0%}")
    return fig
