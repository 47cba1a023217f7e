"Figures of the lesson on TensorFlow. Each function takes arrays and returns the Figure."

import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too
LOOKS = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREY, ":", "^"))  # colour, line, marker


def compare_runs(
    runs,  # {what to write in the legend: macro F1 after each epoch}
):
    "One curve for each run, by epoch from 1."
    fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
    for (name, values), (colour, line, marker) in zip(runs.items(), LOOKS):
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, line, marker=marker, color=colour, label=name)
    ax.set_xticks(epochs)
    ax.set(xlabel="epoch", ylabel="macro F1 at 0.5", title="Three ways to train all layers")
    ax.legend(loc="lower right")
    plt.close(fig)
    return fig


def learning_curves(
    history,  # DataFrame with epoch, train_loss, valid_loss, valid_map, valid_macro_f1
):
    "Losses on the left, scores on the right, by epoch from 1."
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    epoch = history.epoch + 1
    left.plot(epoch, history.train_loss, "-", color=BLUE, label="training")
    left.plot(epoch, history.valid_loss, "--", color=ORANGE, label="validation")
    left.set(title="Loss", xlabel="epoch", ylabel="cross-entropy per cell", ylim=(0, None))
    right.plot(epoch, history.valid_map, "-", color=BLUE, label="mAP")
    right.plot(epoch, history.valid_macro_f1, "--", color=ORANGE, label="macro F1 at 0.5")
    right.set(title="Scores on the validation images", xlabel="epoch", ylabel="score", ylim=(0, 1))
    for ax in (left, right):
        ax.legend()
    plt.close(fig)
    return fig


def range_bars(
    scores,  # {how it was trained: {range of the pixels: validation mAP}}
):
    "Groups of bars, one for each range of the pixels; in a group one for each way of training."
    fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    ranges, width = list(next(iter(scores.values()))), 0.8 / len(scores)
    for i, (name, by_range) in enumerate(scores.items()):
        at = np.arange(len(ranges)) + (i - (len(scores) - 1) / 2) * width
        bars = ax.bar(at, list(by_range.values()), 0.92 * width, color=LOOKS[i][0], label=name)
        ax.bar_label(bars, fmt="%.2f", padding=2)
    ax.set_xticks(range(len(ranges)), ranges)
    title = "A body that expects pixels from -1 to 1"
    ax.set(xlabel="range of the pixels that it is fed", ylabel="validation mAP", ylim=(0, 1.1))
    ax.set_title(title)
    ax.legend(loc="upper right")
    plt.close(fig)
    return fig
