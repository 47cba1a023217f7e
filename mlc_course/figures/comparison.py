"Figures of the lesson that compares losses. Each function takes numbers and returns the Figure."

import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too
LOOKS = list(zip(("-", "--", "-.", ":", "-"), "os^Dv", (BLUE, ORANGE, GREY, "#5F9ED1", "black")))


def published(
    scores,  # {name of a loss: macro F1}
):
    "Two bars: what an article reports."
    ax = plt.subplots(figsize=(4.5, 3), layout="constrained")[1]
    ax.bar_label(ax.bar(list(scores), list(scores.values()), width=0.6, color=BLUE), fmt="%.2f")
    ax.margins(y=0.15)
    ax.set(xlabel="loss", ylabel="validation macro F1 at 0.5")
    ax.set_title("Is the right loss nearly twice as good?")
    return ax


def by_rate(
    scores,  # DataFrame: a row for each loss, a column for each learning rate
    title,
    ylabel="validation mAP",
):
    "A score against the learning rate, a line for each loss."
    fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for (name, row), (style, mark, colour) in zip(scores.iterrows(), LOOKS):
        ax.plot(row.index, row, style, marker=mark, color=colour, label=name)
    ax.set(xscale="log", xlabel="learning rate", ylabel=ylabel, title=title)
    ax.set_xticks(list(scores.columns), [f"{o:g}" for o in scores.columns])
    ax.minorticks_off()
    ax.margins(y=0.1)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def seeds_and_cuts(
    runs,  # DataFrame with a row for each training: loss, epochs, and the columns of `cuts`
    losses,  # names, from top to bottom
    cuts,  # {column of runs: what to call it}
    title,
):
    "A panel for each budget and way to choose thresholds: a dot for each seed, a bar at the mean."
    budgets = sorted(set(runs.epochs))
    shape, size = (len(budgets), len(cuts)), (3.2 * len(cuts), 2.7 * len(budgets))
    fig, axes = plt.subplots(
        *shape, figsize=size, sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for row, epochs in zip(axes, budgets):
        for ax, (column, words) in zip(row, cuts.items()):
            for i, name in enumerate(losses):
                v = runs[(runs.loss == name) & (runs.epochs == epochs)][column].to_numpy()
                ax.plot(v, np.full(len(v), i), "o", alpha=0.7, color=BLUE, label="one seed")
                ax.plot(v.mean(), i, "|", ms=18, mew=2, color=ORANGE, label="mean")
            ax.set_title(f"{epochs} epoch{'s' * (epochs > 1)}, {words}")
    for ax in axes[-1]:
        ax.set_xlabel("test macro F1")
    axes[0, 0].set(yticks=range(len(losses)), yticklabels=losses)
    axes[0, 0].set_ylim(len(losses) - 0.5, -0.5)
    axes[0, 0].margins(x=0.08)
    handles, words = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles[:2], words[:2], loc="outside lower center", ncols=2)
    fig.supylabel("loss")
    fig.suptitle(title)
    return fig
