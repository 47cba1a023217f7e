"Figures of the lesson on real data."

import numpy as np

from ..data.text import plain_text

COLOURS = ("#006BA4", "#FF800E", "#595959", "#A2C8EC")  # told apart by the colour-blind


def against_nothing(
    curves,  # name -> (thresholds, accuracies)
    nothing,  # accuracy of predicting nothing
    title,  # of the figure
    ax=None,  # matplotlib axes; None: a new figure
):  # the axes
    "Accuracy against the threshold, beside what predicting nothing scores."
    import matplotlib.pyplot as plt

    own = ax is None
    if own:
        ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")[1]
    for (name, (x, y)), style, colour in zip(curves.items(), ("o-", "s--", "^:"), COLOURS):
        ax.plot(x, y, style, label=plain_text(name), markersize=4, color=colour)
    ax.axhline(nothing, color="black", linewidth=1.5, linestyle="-.", label="predicting nothing")
    ax.set(xlabel="threshold (probability)", ylabel="accuracy (share of cells)", title=title)
    if own:
        ax.figure.legend(loc="outside lower center", ncols=3)
    else:
        ax.legend()
    ax.grid(alpha=0.3)
    return ax


def bars_beside(
    table,  # DataFrame: a row a group of bars, a column a bar
    title,  # of the figure
    ylabel,  # of the axis
):  # the axes
    "Groups of bars, with their numbers on top."
    import matplotlib.pyplot as plt

    ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")[1]
    width, at = 0.8 / len(table.columns), np.arange(len(table))
    for i, (column, hatch) in enumerate(zip(table.columns, ("", "//", "..", "xx"))):
        x = at + (i - (len(table.columns) - 1) / 2) * width
        bars = ax.bar(
            x, table[column], width, label=plain_text(column), hatch=hatch, color=COLOURS[i]
        )
        ax.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    ax.set_xticks(at, [plain_text(o) for o in table.index])
    ax.set(title=title, ylabel=ylabel, ylim=(0, 1.35 * np.nanmax(table.to_numpy())))
    ax.legend(loc="upper center", ncols=len(table.columns))
    return ax
