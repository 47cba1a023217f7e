"Figures of the first lesson: a sheet of postcards, and what a network says about some of them."

import numpy as np

RIGHT, WRONG, OTHER = "#006BA4", "#C85200", "#898989"  # of the style tableau-colorblind10


def show_cards(
    cards,  # pairs (image, list of labels)
    title: str,  # above all
    ncols: int = 4,  # images in one row
):  # a matplotlib Figure
    "A sheet of images, each titled with its labels."
    import matplotlib.pyplot as plt

    nrows = -(-len(cards) // ncols)
    size = (1.9 * ncols, 2.2 * nrows + 0.4)
    fig, axes = plt.subplots(nrows, ncols, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (image, labels) in zip(axes.flat, cards):
        ax.imshow(image, interpolation="nearest")
        ax.set_title(", ".join(labels) or "(no label)", fontsize=9)
    fig.suptitle(title)
    return fig


def _named(mask, vocab):
    return ", ".join(vocab[k] for k in np.flatnonzero(mask)) or "nothing"


def _answer(probs, targets, vocab, thresh):
    "Two lines: the labels whose probability passes, with it; the labels that are there."
    passed = [k for k in np.argsort(-probs) if probs[k] > thresh]
    said = ", ".join(f"{vocab[k]} {probs[k]:.0%}" for k in passed) or "nothing"
    return f"says: {said}\nthere: {_named(targets, vocab)}"


def show_answers(
    images,  # images, one for each row of the predictions
    predictions,  # with probs [N, C], targets [N, C] and vocab
    thresh: float = 0.5,  # a label counts as predicted above it
):  # a matplotlib Figure
    "Images, each titled with what the network says and what is there; wrong answers in orange."
    cards: list = [(image, []) for image in images]
    fig = show_cards(cards, f"What the network says (labels above {thresh:.0%})")
    for ax, p, t in zip(fig.axes, predictions.probs, predictions.targets):
        right = ((p > thresh) == t).all()
        verdict = "right" if right else "WRONG"
        text = _answer(p, t, predictions.vocab, thresh)
        ax.set_title(f"{verdict}\n{text}", fontsize=7.5, color=RIGHT if right else WRONG)
    return fig


def plot_probabilities(
    images,  # a few images
    probs,  # [n, C]
    targets,  # bool [n, C]
    vocab,  # C names
    titles,  # one text for each image
    thresh: float = 0.5,  # drawn as a dashed line
    top: int = 5,  # labels shown for each image
):  # a matplotlib Figure
    "Each image above the bars of its most probable labels; labels that are there have blue bars."
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(2, len(images), figsize=(9, 5), layout="constrained")
    for (above, below), image, p, t, title in zip(axes.T, images, probs, targets, titles):
        above.imshow(image, interpolation="nearest")
        above.set_axis_off()
        above.set_title(f"{title}\nthere: {_named(t, vocab)}", fontsize=9)
        rows = np.argsort(-p)[:top][::-1]
        colors = [RIGHT if t[k] else OTHER for k in rows]
        below.barh([vocab[k] for k in rows], p[rows], color=colors)
        below.axvline(thresh, color="black", ls="--", lw=1)
        below.set(xlim=(0, 1), xlabel="probability")
    axes[1, 0].set_ylabel(f"the {top} most probable labels")
    fig.suptitle("Three answers: blue bars are labels that are there, grey bars aren't")
    return fig
