"Figures of the lesson on wrong labels and unknown images."

import numpy as np

from .look_inside import BLUE, GREY, ORANGE, sheet


def two_rows(
    above,  # pairs (image, text)
    below,  # as many pairs
    suptitle: str,  # above all
):  # a matplotlib Figure
    "Two rows of images with a text above each."
    pairs = [*above, *below]
    return sheet([o for o, _ in pairs], [t for _, t in pairs], len(above), suptitle, 1.75)


def show_suspects(
    cells,  # a table from `rank_label_issues`
    root,  # the folder that the file names start from
    wrong,  # one truth value per row: whether the given label is really wrong
    suptitle: str = "",  # above all
):  # a matplotlib Figure
    "The image of each suspicious cell: the given label, the probability, and what is true."
    from mlc_course.tables import load_image

    titles = [
        f"given: {'' if o.target else 'no '}{o.label}\np = {o.prob:.3f}\n"
        + ("really wrong" if bad else "the label is right")
        for o, bad in zip(cells.itertuples(), wrong)
    ]
    return sheet([load_image(root / f) for f in cells["fname"]], titles, 6, suptitle)


def plot_searches(
    search,  # a table: index the searches, columns precision and recall
    base_rate: float,  # the precision of drawing cells at random
):  # matplotlib Axes
    "Precision and recall of each search as dots, and the precision of drawing at random."
    import matplotlib.pyplot as plt

    size = (6.8, 0.36 * len(search) + 1.1)
    ax = plt.subplots(figsize=size, layout="constrained")[1]
    at = np.arange(len(search))[::-1]
    ax.hlines(at, 0, 1, color="0.9", zorder=0)
    ax.plot(search["precision"], at, "o", color=BLUE, label="precision")
    ax.plot(search["recall"], at, "s", color=ORANGE, label="recall")
    ax.axvline(base_rate, color="black", ls="--", lw=1, label="precision of drawing at random")
    ax.set(yticks=at, yticklabels=list(search.index), xlim=(0, 1), xlabel="share")
    ax.set_title("How well each search finds the wrong labels", fontsize=10)
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.3, -0.22), ncols=3, frameon=False)
    return ax


def plot_known_unknown(
    known,  # the highest probability of each known image
    unknown,  # the same of each unknown image
    auroc: float,  # for the title
):  # matplotlib Axes
    "Where the highest probability lies, on known images and on unknown ones."
    import matplotlib.pyplot as plt

    ax = plt.subplots(figsize=(6, 2.8), layout="constrained")[1]
    edges = list(np.linspace(0, 1, 26))
    share = [np.full(len(o), 1 / len(o)) for o in (known, unknown)]
    ax.hist(known, edges, weights=share[0], color=GREY, label="known: test images with a label")
    ax.hist(
        unknown, edges, weights=share[1], label="unknown", histtype="step", color=ORANGE, lw=1.8
    )
    ax.set(xlabel="highest probability of the image", ylabel="share of the images")
    ax.set_title(f"Known and unknown images: AUROC {auroc:.3f}", fontsize=10)
    ax.legend(fontsize=8, loc="upper center")
    return ax


def plot_seeds(
    runs,  # a table: columns model, passes; a row for each resample
    title: str,  # above the plot
):  # matplotlib Axes
    "The share of unknown images that come through, a dot for each resample of each model."
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(runs["model"]))
    ax = plt.subplots(figsize=(6.5, 0.5 * len(names) + 1.1), layout="constrained")[1]
    for i, (name, colour) in enumerate(zip(names, (BLUE, ORANGE, GREY))):
        x = 100 * runs.loc[runs["model"] == name, "passes"]
        ax.plot(x, np.full(len(x), len(names) - 1 - i), "o", color=colour, alpha=0.8)
    ax.set(yticks=range(len(names)), yticklabels=names[::-1], ylim=(-0.6, len(names) - 0.4))
    ax.set_xlabel("unknown images that come through with 95 % of the known ones (%)")
    ax.set_ylabel("model")
    ax.set_xlim(0, 100)
    ax.set_title(title, fontsize=10)
    return ax
