"Figures of the lessons on losses. Each function takes numbers and returns the Figure."

import matplotlib.pyplot as plt
import numpy as np

STYLES = ("-", "--", ":", "-.")
COLOURS = ("#006BA4", "#C85200", "#595959", "#5F9ED1")  # told apart by colour-blind readers, too


def _bars(ax, names, values, title, ylabel, **axes):
    ax.bar_label(ax.bar(names, values, color=COLOURS[0]), fmt="%.2f")
    ax.margins(y=0.15)
    ax.set(title=title, xlabel="label", ylabel=ylabel, **axes)


def readings(
    names,  # labels [C]
    logits,  # [C]
    softmax,  # the logits through a softmax [C]
    sigmoid,  # the logits through a sigmoid [C]
):
    "The same logits three times: as they are, as shares of one, and on the sigmoid's curve."
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
    _bars(left, names, logits, "logits", "logit")
    _bars(middle, names, softmax, "softmax", "probability", ylim=(0, 1.1))
    x = np.linspace(-6, 6, 121)
    right.plot(x, 1 / (1 + np.exp(-x)), color=COLOURS[3])
    right.plot(logits, sigmoid, "o", color=COLOURS[1])
    for name, logit, p in zip(names, logits, sigmoid):
        right.annotate(
            f"{name} {p:.2f}", (float(logit) + 0.5, float(p)), va="top", fontsize="small"
        )
    right.set(title="sigmoid", xlabel="logit", ylabel="probability", ylim=(0, 1.1))
    return fig


def costs_of_an_image(
    image,  # [S, S, 3], bytes or numbers in [0, 1]
    names,  # labels [C]
    targets,  # 0 or 1 [C]
    probs,  # [C]
    costs,  # nats [C]
    most=6,  # labels shown
):
    "An image, and the labels that cost most on it, the costliest on top."
    names, targets, probs, costs = (np.asarray(o) for o in (names, targets, probs, costs))
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3), width_ratios=(1, 2.2), layout="constrained"
    )
    left.imshow(image)
    left.set_axis_off()
    left.set_title("there: " + (", ".join(names[targets == 1]) or "nothing"))
    order = np.argsort(-costs)[:most]
    for truth, colour, word in ((1, COLOURS[1], "there"), (0, COLOURS[0], "not there")):
        here = [i for i in range(len(order)) if targets[order[i]] == truth]
        bars = right.barh(here, costs[order[here]], color=colour, label=word)
        right.bar_label(bars, [f"p = {probs[i]:.2f}" for i in order[here]], padding=3)
    right.set(title="What each label costs", xlabel="-log(probability of the truth), nats")
    right.set_yticks(range(len(order)), names[order])
    right.invert_yaxis()
    right.margins(x=0.2)
    right.legend(title="the label is", loc="lower right")
    return fig


def curves(
    x,  # [N]
    ys: dict,  # name: values [N]
    title,
    xlabel,
    ylabel,
    level=None,  # (value, words): a dotted line across
    **axes,  # anything else that `Axes.set` takes
):
    "Some curves over one axis, told apart by line style as well as by colour."
    fig, ax = plt.subplots(figsize=(7, 3.3), layout="constrained")
    for (name, y), style, colour in zip(ys.items(), STYLES, COLOURS):
        ax.plot(x, y, style, color=colour, lw=2, label=name)
    if level:
        ax.axhline(level[0], color="dimgrey", lw=0.8, ls=(0, (1, 3)))
        ax.text(x[0], level[0], level[1], va="bottom", color="dimgrey")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel, **axes)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


def pushes(
    probs,  # [N]
    absent: dict,  # name of the loss: size of the gradient where the label is absent [N]
    present: dict,  # the same where it is there
):
    "How hard each loss pushes on a logit, for an absent label and for one that is there."
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True, layout="constrained")
    titles = ("Absent label: push down", "Present label: push up")
    for ax, gradients, title in zip(axes, (absent, present), titles):
        for (name, g), style, colour in zip(gradients.items(), STYLES, COLOURS):
            ax.plot(probs, g, style, color=colour, lw=2, label=name)
        ax.set(title=title, xlabel="probability that the network gives")
    axes[0].set_ylabel("size of the gradient")
    axes[0].legend(fontsize=8)
    return fig


def two_kinds(
    grid,  # probabilities [G]
    losses: dict,  # name: loss [G, G]; row: the second kind's probability, column: the first's
):
    "Maps of losses over the probabilities given to two kinds of images; a dot marks the smallest."
    fig, axes = plt.subplots(1, len(losses), figsize=(9, 3.7), sharey=True, layout="constrained")
    for ax, (name, z) in zip(axes, losses.items()):
        row, col = np.unravel_index(np.argmin(z), np.shape(z))
        fig.colorbar(ax.contourf(grid, grid, z, 20, cmap="cividis"), ax=ax, label="loss")
        dot = dict(ms=11, mfc="white", mec="black", clip_on=False, zorder=5)
        ax.plot(grid[col], grid[row], "o", **dot)
        ax.set_title(f"{name}: smallest at ({grid[col]:.2f}, {grid[row]:.2f})", fontsize=11, pad=9)
        ax.set_xlabel("probability for the kind with 10 in 100")
    axes[0].set_ylabel("probability for the kind with 50 in 100")
    return fig


def steps(
    losses: dict,  # name of the model: (loss, how far the weight moved)
):
    "Two bars a model: the loss of a bad mistake, and how far one step moves the weight."
    fig, axes = plt.subplots(1, 2, figsize=(9, 2.6), sharey=True, layout="constrained")
    titles = ("Loss of the worst mistake", "What one step changes")
    for i, (ax, title, unit) in enumerate(zip(axes, titles, ("nats", "change of the weight"))):
        values = [v[i] for v in losses.values()]
        ax.bar_label(ax.barh(list(losses), values, color=COLOURS[i]), fmt="%.1f", padding=3)
        ax.set(title=title, xlabel=unit)
        ax.margins(x=0.18)
    axes[0].invert_yaxis()
    return fig
