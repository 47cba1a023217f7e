"Figures of the lesson on thresholds: curves against the threshold, sheets, maps, reliability."

import numpy as np
import pandas as pd

from ..data.text import plain_text
from ..hints import Any, ArrayLike, Axes, Figure, Sequence
from ..scores.calibration import brier_score, reliability_curve
from ..scores.checks import check_sweep
from ..scores.sweeps import best_threshold
from .sheets import plot_predictions

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too


def plot_sweep(
    sweep_df: pd.DataFrame,  # what `sweep` gave
    ax: "Axes | None" = None,  # matplotlib axes; None: a new figure
    label: str | None = None,  # name of the curve in a legend
) -> "Axes":  # the axes
    "Score against threshold, with the best point marked."
    from matplotlib import pyplot as plt

    t, best = best_threshold(check_sweep(sweep_df, "plot_sweep"))
    name = sweep_df.columns[1]
    if ax is None:
        ax = plt.subplots(figsize=(6, 3.5))[1]
    shown = label and plain_text(label)
    (line,) = ax.plot(sweep_df["threshold"], sweep_df[name], marker=".", label=shown)
    ax.scatter([t], [best], s=70, color=line.get_color(), edgecolor="black", zorder=3)
    ax.margins(y=0.2)
    ax.annotate(
        f"best: {best:.4f} at {t:.2f}",
        (t, best),
        xytext=(0, 8),
        textcoords="offset points",
        va="bottom",
        ha="left" if t < 0.25 else "right" if t > 0.75 else "center",
    )
    nice = name.replace("_", " ").replace("f1", "F1")
    ax.set(xlabel="threshold (probability)", ylabel=nice, title=f"{nice} against threshold")
    return ax


# ---- figures of the lesson alone -----------------------------------------------------------------
def plot_published(
    scores: dict,  # {threshold: accuracy}
    nothing: float,  # the accuracy of predicting nothing
) -> "Axes":
    "Published accuracies of one model against the threshold."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(6, 3.2), layout="constrained")[1]
    ax.plot(list(scores), list(scores.values()), "o-", color=BLUE, label="published accuracy")
    ax.axhline(nothing, color=ORANGE, ls="--", label="predicting nothing")
    ax.set(xlabel="threshold (probability)", ylabel="accuracy (share of cells)")
    ax.set_title("One model, six thresholds: which is right?")
    ax.legend(loc="center")
    return ax


def mark_nothing(
    ax: "Axes",  # what `plot_sweep` gave
    nothing: float,  # the accuracy of predicting nothing
) -> "Axes":
    "A dashed line in a plot of accuracy, where predicting nothing lies."
    ax.axhline(nothing, color=ORANGE, ls="--", label="predicting nothing")
    ax.legend(loc="lower right")
    return ax


def plot_precision_recall(
    curves: pd.DataFrame,  # what `precision_recall_curves` gave
) -> "Axes":
    "Precision, recall and F1 against the threshold."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(6, 3.5), layout="constrained")[1]
    for name, ls, color in (("precision", "-", BLUE), ("recall", "--", ORANGE), ("f1", "-.", GREY)):
        ax.plot(
            curves["threshold"], curves[name], ls=ls, color=color, label=name.replace("f1", "F1")
        )
    ax.set(xlabel="threshold (probability)", ylabel="score, all cells together")
    ax.set_title("Low thresholds find more, high ones claim less")
    ax.legend()
    return ax


def plot_sheets(
    images: "Sequence[ArrayLike]",  # n images
    predictions: Any,  # Predictions: n rows
    thresholds: "Sequence[float]",  # a row of the sheet for each
) -> "Figure":
    "The same images once for each threshold, one threshold a row."
    from matplotlib import pyplot as plt

    n, k = len(images), len(thresholds)
    fig, axes = plt.subplots(
        k, n, figsize=(1.8 * n, 2.5 * k), layout="constrained", squeeze=False, dpi=84
    )
    for row, thresh in zip(axes, thresholds):
        plot_predictions(images, predictions, thresh, axes=row)
        where = {"xycoords": "axes fraction", "rotation": 90, "va": "center", "ha": "right"}
        row[0].annotate(f"threshold {thresh}", (-0.08, 0.5), **where)
    fig.suptitle("A low threshold invents, a high one misses")
    return fig


def plot_label_probs(
    probs: np.ndarray,  # of one label [N]
    there: np.ndarray,  # bool [N]
    name: str,  # of the label
) -> "Axes":
    "Where the probabilities of one label lie, on images with it and without it (log scale)."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(6, 3.2), layout="constrained")[1]
    bins = list(np.linspace(0, 1, 21))
    ax.hist(probs[~there], bins=bins, color=BLUE, alpha=0.6, label=f"no {name}")
    ax.hist(probs[there], bins=bins, histtype="step", color=ORANGE, lw=2, label=name)
    ax.set(yscale="log", xlabel=f"probability of '{name}'", ylabel="images (log scale)")
    ax.set_title(f"'{name}' on {there.sum()} images with it and {(~there).sum()} without")
    ax.legend()
    return ax


def plot_f1_grid(
    grid: pd.DataFrame,  # what `f1_grid` gave, its columns from common to rare
) -> "Axes":
    "A map of the F1 of every label at every threshold, the best one of each label marked."
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(7, 4.8), layout="constrained")
    rows = range(grid.shape[1])
    shown = ax.pcolormesh(grid.index, rows, grid.T, cmap="cividis", vmin=0, vmax=1)
    ax.plot(grid.idxmax(), rows, "o", color="white", markeredgecolor="black")
    ax.set(yticks=rows, yticklabels=grid.columns, ylabel="label, common to rare")
    ax.set(
        xlabel="threshold (probability)",
        title="F1 of every label at every threshold; dots: the best",
    )
    ax.invert_yaxis()
    fig.colorbar(shown, label="F1")
    return ax


def plot_optimism(
    draws: pd.DataFrame,  # columns choice, tuned_on, held_out: a row for each draw and choice
) -> "Axes":
    "Box plots in pairs: the score where a threshold was chosen, and on fresh images."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")[1]
    names = list(draws["choice"].unique())
    for offset, column, color in ((-0.18, "tuned_on", ORANGE), (0.18, "held_out", BLUE)):
        ax.boxplot(
            [draws.loc[draws["choice"] == name, column] for name in names],
            positions=np.arange(len(names)) + offset,
            widths=0.3,
            patch_artist=True,
            boxprops={"facecolor": color},
            medianprops={"color": "white"},
            flierprops={"markersize": 3},
            label={"tuned_on": "where it was chosen", "held_out": "on fresh images"}[column],
        )
    ax.set(xticks=range(len(names)), xticklabels=names, xlabel="threshold", ylabel="macro F1")
    ax.set_title("The more is chosen, the more the score flatters")
    ax.legend(loc="upper left")
    return ax


def plot_sizes(
    scores: pd.DataFrame,  # index: images to choose on; a column of macro F1 for each choice
) -> "Axes":
    "Macro F1 on fresh images against the number of images that thresholds were chosen on."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(6, 3.5), layout="constrained")[1]
    styles = zip(scores, ("-", ":", "--o", "-s"), (GREY, GREY, BLUE, ORANGE))
    for name, style, color in styles:
        ax.plot(scores.index, scores[name], style, color=color, label=name)
    ax.set_xscale("log")
    ax.set_xticks(scores.index, scores.index)
    ax.minorticks_off()
    ax.set(xlabel="images to choose on (log scale)", ylabel="macro F1 on fresh images")
    ax.set_title("Thresholds per label need images")
    ax.legend()
    return ax


def plot_half_rule(
    f_star: np.ndarray,  # best F1 of each label [C]
    thresholds: dict,  # {name: best threshold of each label [C]}
) -> "Axes":
    "The best threshold of each label against half of its best F1, for several models."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(5, 4), layout="constrained")[1]
    for (name, t), marker, color in zip(thresholds.items(), "os", (BLUE, ORANGE)):
        ax.plot(f_star / 2, t, marker, color=color, label=name)
    ends = [f_star.min() / 2, f_star.max() / 2]
    ax.plot(ends, ends, "--", color="black", label="threshold = F*/2")
    ax.set(xlabel="half of the label's best F1", ylabel="best threshold (exact)")
    ax.set_title("The F*/2 rule needs calibrated probabilities")
    ax.legend()
    return ax


def plot_reliability(
    models: dict,  # {name: Predictions}
    title: str = "Reliability on the test set",
) -> "Axes":
    "Share of true cells against mean probability, bin by bin, a curve for each model."
    from matplotlib import pyplot as plt

    ax = plt.subplots(figsize=(5, 4), layout="constrained")[1]
    for (name, p), style, color in zip(models.items(), ("o-", "s--", "^:"), (ORANGE, BLUE, GREY)):
        curve, text = reliability_curve(p), f"{name}: Brier {brier_score(p):.4f}"
        ax.plot(curve["mean_prob"], curve["frequency"], style, color=color, label=text)
    ax.plot([0, 1], [0, 1], "--", color="black", lw=1, label="perfectly calibrated")
    ax.set(xlabel="mean probability in the bin", ylabel="share of cells that are true", title=title)
    ax.legend(fontsize="small")
    return ax
