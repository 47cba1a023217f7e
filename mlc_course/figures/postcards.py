"Figures of the appendix on how the postcards are drawn. Each function gives the Axes or Figure."

import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too


def label_shares(
    vocab,  # label names [C]
    shares,  # of the images that have the label, 0 to 1 [C]
):
    "How often each label occurs, the most frequent on top."
    order = np.argsort(shares, kind="stable")
    ax = plt.subplots(figsize=(6.5, 4.4), layout="constrained")[1]
    bars = ax.barh([vocab[i] for i in order], 100 * np.asarray(shares)[order], color=BLUE)
    ax.bar_label(bars, fmt="%.1f", fontsize=8, padding=2)
    ax.set(xlabel="share of images (%)", ylabel="label", xlim=(0, 112 * max(shares)))
    ax.set_title("How often each label occurs: a long tail")
    return ax


def labels_per_image(
    counts,  # labels in each image, int [N]
):
    "How many labels an image has."
    n, times = np.unique(counts, return_counts=True)
    ax = plt.subplots(figsize=(5, 2.6), layout="constrained")[1]
    bars = ax.bar(n, 100 * times / len(counts), color=BLUE)
    ax.bar_label(bars, fmt="%.1f", fontsize=8)
    ax.set(xlabel="labels in one image", ylabel="share of images (%)", xticks=n)
    ax.set(title="Most postcards have one label", ylim=(0, 115 * max(times) / len(counts)))
    return ax


def meetings(
    lift,  # how many times as often as by chance two labels meet [C, C]
    vocab,  # label names [C]
):
    "A square of labels by labels."
    fig, ax = plt.subplots(figsize=(6.6, 5.6), layout="constrained")
    shown = ax.imshow(lift, cmap="PuOr", vmin=0, vmax=2)
    fig.colorbar(shown, label="times as often as by chance (2 or more: darkest violet)")
    ax.set_xticks(range(len(vocab)), vocab, rotation=90)
    ax.set_yticks(range(len(vocab)), vocab)
    ax.set(title="Which labels meet", xlabel="label", ylabel="label")
    return ax


def side_by_side(
    images,  # arrays or PIL images
    titles,  # one text for each
    suptitle,  # above all
    width=2.4,  # of one image, in inches
):
    "Images in one row, with their pixels counted along the axes."
    size = (width * len(images), width + 0.8)
    fig, axes = plt.subplots(1, len(images), figsize=size, squeeze=False, layout="constrained")
    for ax, image, title in zip(axes.flat, images, titles):
        ax.imshow(image, interpolation="nearest")
        ax.set_title(title, fontsize=9)
        ax.set(xlabel="column (px)", ylabel="row (px)")
    fig.suptitle(suptitle, fontsize=11)
    return fig


def outlines_that_change(
    shares,  # {label: share of its seeds whose outline isn't the same at night}
):
    "One dot for each label."
    names = sorted(shares, key=shares.get)
    ax = plt.subplots(figsize=(6, 4.2), layout="constrained")[1]
    ax.plot([100 * shares[k] for k in names], names, "o", color=BLUE)
    ax.grid(axis="x", alpha=0.4)
    ax.set(xlabel="seeds whose outline isn't the same at night (%)", ylabel="label", xlim=(-3, 103))
    ax.set_title("Does the hour change the shape?")
    return ax


def f1_by_label(
    f1,  # of each label [C]
    shares,  # of the images that have the label [C]
    vocab,  # label names [C]
):
    "One dot for each label, the highest F1 on top, with its frequency beside it."
    order = np.argsort(f1, kind="stable")
    names = [f"{vocab[i]} ({shares[i]:.1%})" for i in order]
    ax = plt.subplots(figsize=(6.5, 4.6), layout="constrained")[1]
    ax.plot(np.asarray(f1)[order], names, "o", color=BLUE)
    ax.grid(axis="x", alpha=0.4)
    ax.set(xlabel="F1 on the test images", ylabel="label (share of test images)", xlim=(-0.03, 1))
    ax.set_title("Logistic regression on the pixels")
    return ax
