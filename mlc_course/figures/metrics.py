"Figures of the lesson on metrics. Each function takes arrays and returns the Axes."

import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too


def accuracy_bars(
    accuracies,  # {name of a model: share of right cells}
):
    "One bar per model, with its accuracy above it."
    ax = plt.subplots(figsize=(6, 3), layout="constrained")[1]
    bars = ax.bar(list(accuracies), list(accuracies.values()), color=BLUE, width=0.6)
    ax.bar_label(bars, [f"{v:.1%}" for v in accuracies.values()], padding=3)
    title = "Which of these models looks at the image?"
    ax.set(ylim=(0, 1.15), xlabel="model", ylabel="accuracy (share of cells)", title=title)
    return ax


def label_frequencies(
    vocab,  # label names [C]
    targets,  # bool [N, C]
):
    "How many of the images have each label, the most frequent on top."
    frequency = targets.mean(0)
    order = np.argsort(frequency, kind="stable")
    ax = plt.subplots(figsize=(6, 4), layout="constrained")[1]
    ax.barh([vocab[i] for i in order], 100 * frequency[order], color=BLUE)
    ax.set(xlabel="images with the label (%)", ylabel="label", title="Labels: a long tail")
    return ax


def two_by_two(
    tp,  # images predicted and there
    fp,  # predicted, not there
    fn,  # there, not predicted
    tn,  # neither
    label,  # name, for the title
):
    "The four counts of one label as a shaded table."
    box = np.array([[tp, fn], [fp, tn]])
    ax = plt.subplots(figsize=(4, 3.2), layout="constrained")[1]
    ax.imshow(box, cmap="Blues", vmin=0)
    for (row, column), name in zip(np.ndindex(2, 2), ("tp", "fn", "fp", "tn")):
        colour = "white" if box[row, column] > box.max() / 2 else "black"
        said = f"{name}\n{box[row, column]}"
        ax.text(column, row, said, ha="center", va="center", color=colour)
    ax.set(xticks=[0, 1], xticklabels=["yes", "no"], yticks=[0, 1], yticklabels=["yes", "no"])
    ax.set(xlabel="predicted", ylabel="there", title=f"Images, label '{label}'")
    return ax


def batch_curve(
    sizes,  # images in a batch
    averaged,  # the mean of the batches' macro F1, for each size
    whole,  # macro F1 of all images
):
    "The mean of the batches' macro F1 by batch size, and the value of the whole."
    ax = plt.subplots(figsize=(6, 3.5), layout="constrained")[1]
    ax.semilogx(sizes, averaged, "o-", color=BLUE, label="mean of the batches' macro F1")
    ax.axhline(whole, color=ORANGE, ls="--", label=f"macro F1 of the whole: {whole:.3f}")
    ax.set_xticks(sizes, [str(o) for o in sizes])
    ax.minorticks_off()
    title = "The same predictions, averaged over batches"
    ax.set(xlabel="batch size (images)", ylabel="macro F1", ylim=(0, 1), title=title)
    ax.legend(loc="lower right")
    return ax


def precision_recall_curves(
    curves,  # {what to write in the legend: (precision, recall)}
):
    "One stepped curve per label."
    ax = plt.subplots(figsize=(6, 4), layout="constrained")[1]
    styles = zip((BLUE, ORANGE, GREY), ("-", "--", ":"))
    for (name, (precision, recall)), (colour, style) in zip(curves.items(), styles):
        ax.step(recall, precision, style, where="post", color=colour, label=name)
    title = "Average precision is the area under this curve"
    ax.set(xlabel="recall", ylabel="precision", ylim=(0, 1.05), title=title)
    ax.legend(loc="lower left")
    return ax


def f1_by_frequency(
    frequency,  # share of the images that have the label [C]
    right,  # best F1 of each label, rows in the right order [C]
    wrong,  # the same with the rows shuffled [C]
):
    "Best F1 against the label's frequency, and the curve of a model that knows nothing."
    grid = np.linspace(0, 1.1 * max(frequency), 50)
    ax = plt.subplots(figsize=(6, 4), layout="constrained")[1]
    ax.plot(frequency, right, "o", color=BLUE, label="rows in the right order")
    ax.plot(frequency, wrong, "s", color=ORANGE, label="rows shuffled")
    ax.plot(grid, 2 * grid / (1 + grid), "--", color="black", label="2p / (1 + p)")
    title = "A model that looks blind, and a law that isn't one"
    ax.set(xlabel="frequency p of the label (share of images)", ylabel="best F1 of the label")
    ax.set(ylim=(0, 1.05), title=title)
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.62))  # between the points and the curve
    return ax
