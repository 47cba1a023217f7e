"Figures of the lesson on shipping: one network asked in two ways, and what mistakes cost."

import textwrap

import numpy as np

BLUE, ORANGE = "#006BA4", "#C85200"  # told apart by colour-blind readers, too


def names_of(
    row,  # bool [C]
    vocab,  # C names
) -> str:
    "The labels of an image in words."
    return ", ".join(vocab[k] for k in np.flatnonzero(row)) or "nothing"


def two_answers(
    images,  # N images
    vocab,  # C names
    rows,  # {what to write in front: bool [N, C]}; the last two are compared
    shown: int = 4,  # how many images
):  # a matplotlib Figure
    "The first images about which the last two disagree, with what each says below the image."
    import matplotlib.pyplot as plt

    *_, one, other = rows.values()
    chosen = np.argsort(~(one != other).any(1), kind="stable")[:shown]
    size = (2.5 * len(chosen), 3.5)
    fig, axes = plt.subplots(1, len(chosen), figsize=size, squeeze=False, layout="constrained")
    for ax, i in zip(axes[0], chosen):
        ax.imshow(images[i], interpolation="nearest")
        ax.set_axis_off()
        lines = [f"{name}: {names_of(row[i], vocab)}" for name, row in rows.items()]
        text = "\n".join(textwrap.fill(o, 30, subsequent_indent="    ") for o in lines)
        ax.set_title(text, fontsize=9, loc="left", y=-0.03, va="top")
    fig.suptitle("One network, one image, two answers")
    return fig


def mistake_bars(
    cost,  # a DataFrame: a row for each mistake, columns "mAP" and "macro F1"
):  # the Axes
    "Two bars for each mistake, the costliest at the bottom."
    import matplotlib.pyplot as plt

    shown = cost.sort_values("macro F1", kind="stable")
    at = np.arange(len(shown))
    ax = plt.subplots(figsize=(7, 4.2), layout="constrained")[1]
    ax.barh(at + 0.2, shown["mAP"], 0.4, color=BLUE, label="mAP")
    ax.barh(at - 0.2, shown["macro F1"], 0.4, color=ORANGE, label="macro F1")
    ax.set_yticks(at, shown.index)
    ax.set(xlabel="score on test (0 to 1)", ylabel="mistake", xlim=(0, 1))
    ax.set_title("What a mistake before or after the network costs")
    ax.legend(loc="lower right", fontsize=8)
    return ax
