"Figures of the lesson that sets the frameworks side by side."

import numpy as np
import pandas as pd

from ..data.text import plain_text
from ..hints import Figure
from ..training.side_by_side import check_runs

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too
COLOURS, MARKS, STYLES = (BLUE, ORANGE, GREY), "os^", ("-", "--", ":")
PANELS = {
    "macro_f1": "macro F1 (test)",
    "mAP": "mAP (test)",
    "epoch_seconds": "seconds an epoch",
    "peak_mb": "peak memory (MB)",
}


def marks(ax, outputs, title):
    "One mark for each label and framework; later ones are smaller, so that none is hidden."
    for (name, z), mark, colour, size in zip(outputs.items(), MARKS, COLOURS, (10, 7, 4)):
        ax.plot(np.asarray(z), mark, color=colour, label=name, ms=size)
    n = len(next(iter(outputs.values())))
    ax.set(title=title, xlabel="label (number in the vocab)", xticks=range(0, n, 5))


def two_starts(
    image,  # uint8 [S, S, 3]
    names,  # labels of the image
    seeded,  # {framework: logits [C]} of networks with the same seed
    carried,  # {framework: logits [C]} of networks with the same weights
):
    "An image, and what each framework's network says of it: same seed, then same weights."
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), width_ratios=(1, 2, 2), layout="constrained")
    axes[0].imshow(image)
    axes[0].set_axis_off()
    axes[0].set_title(plain_text(", ".join(names) or "(no label)"))
    marks(axes[1], seeded, "same network, same seed")
    marks(axes[2], carried, "same weights")
    axes[2].sharey(axes[1])
    axes[1].set_ylabel("logit")
    handles, words = axes[1].get_legend_handles_labels()
    fig.legend(handles, words, loc="outside lower center", ncols=3)
    return fig


def first_steps(
    gradient,  # sizes of gradients [N]
    shares,  # {framework: first step / learning rate [N]}
    typical,  # (from, to): where 8 of 10 gradients of the network lie
):
    "How large the first step of AdamW is, against the size of the gradient."
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
    ax.axvspan(*typical, color="0.9", label="8 of 10 gradients of our network")
    for (name, share), style, colour in zip(shares.items(), STYLES, COLOURS):
        ax.plot(gradient, share, style, lw=2.5, color=colour, label=f"{name}, its own epsilon")
    ax.set(xscale="log", xlabel="size of the gradient", ylabel="first step / learning rate")
    ax.set_title("The same step of AdamW, three epsilons")
    ax.legend(fontsize=8)
    return fig


def drifts(
    apart,  # {words: largest difference of a weight after each step}
):
    "How far two trainings are apart after n steps, on a logarithmic scale."
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
    looks = ((s, c) for c in (BLUE, ORANGE) for s in ("-", "--"))
    for (name, d), (style, colour) in zip(apart.items(), looks):
        steps = range(1, len(d) + 1)
        ax.plot(steps, np.maximum(d, 1e-9), style, lw=2, color=colour, label=name)
    ax.set(yscale="log", xlabel="step", ylabel="largest difference of a weight")
    ax.set_title("Equal batches, equal start: how far apart after n steps")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


def plot_comparison(
    runs: pd.DataFrame,  # from `compare_frameworks`
    title: str = "",  # above the panels
) -> "Figure":  # a matplotlib Figure; as the last line of a cell it is shown
    "Four panels with a dot for each training: macro F1, mAP, seconds an epoch, peak memory."
    import matplotlib.pyplot as plt

    check_runs(runs, "plot_comparison")
    names = list(dict.fromkeys(runs.framework))
    size = (11, 1.3 + 0.5 * len(names))
    fig, axes = plt.subplots(1, 4, figsize=size, sharey=True, layout="constrained")
    for ax, (column, words) in zip(axes, PANELS.items()):
        for i, name in enumerate(names):
            rows, look = runs[runs.framework == name], dict(color=COLOURS[i % 3])
            v = rows[column].to_numpy()
            if column == "peak_mb":
                v = v[:1]  # the memory of the first training is clean
                ax.barh(i, rows.imported_mb.median(), height=0.5, color="0.85", zorder=0)
            ax.plot(v, [i] * len(v), MARKS[i % 3], alpha=0.8, **look)
            ax.plot([v.mean()] * 2, [i - 0.3, i + 0.3], lw=2, **look)
        ax.set(xlabel=words, yticks=range(len(names)), yticklabels=names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        if column in ("epoch_seconds", "peak_mb"):
            ax.set_xlim(left=0)
    if title:
        fig.suptitle(plain_text(title))
    plt.close(fig)  # the notebook would show it a second time
    return fig
