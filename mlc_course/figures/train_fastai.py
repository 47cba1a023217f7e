"Figures of the lesson on fastai. Each function takes numbers and returns the Axes or the Figure."

import numpy as np

BLUE, ORANGE = "#006BA4", "#C85200"  # told apart by colour-blind readers, too


def rates_tried(
    ax,  # the axes that `lr_find` has drawn on
):
    "Title and axis labels for the plot of `lr_find`."
    ax.set(title="Training loss while the learning rate grows")
    ax.set(xlabel="learning rate (log scale)", ylabel="loss (running mean)")
    return ax


def schedule(
    rates,  # learning rate of every training step
    momentum,  # momentum of every training step
):
    "Learning rate and momentum, step by step, side by side."
    import matplotlib.pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    left.plot(rates, color=BLUE)
    left.set(title="One cycle of the learning rate", xlabel="training step", ylabel="learning rate")
    right.plot(momentum, color=ORANGE)
    right.set(title="Momentum in the same steps", xlabel="training step", ylabel="momentum")
    return fig


def ways(
    scores,  # a DataFrame: one row per way of training, one column per seed
):
    "One line per way, one mark per seed."
    import matplotlib.pyplot as plt

    ax = plt.subplots(figsize=(7, 2.6), layout="constrained")[1]
    places = np.arange(len(scores))
    for (name, values), marker, colour in zip(scores.items(), "os", (BLUE, ORANGE)):
        ax.plot(values, places, marker, color=colour, label=name)
    ax.set(xlim=(0, 1.25 * scores.to_numpy().max()), ylim=(len(scores) - 0.5, -0.5))
    ax.set(yticks=places, yticklabels=scores.index, ylabel="start")
    ax.set(xlabel="mAP on the validation images", title="Five epochs, spent in different ways")
    ax.legend(loc="center right")
    return ax
