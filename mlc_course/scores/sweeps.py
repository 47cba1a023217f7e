"Scores at many thresholds from one sort per label, and the best of them."

import numpy as np
import pandas as pd

from ..hints import Any, ArrayLike
from .checks import BestThreshold, check_grid, check_predictions, check_sweep
from .cuts import ratio, sorted_keys

SCORES = "'accuracy', 'micro_f1', 'macro_f1' or 'samples_f1'"


def counts_at(
    predictions: Any,  # Predictions: what a model said
    thresholds: np.ndarray,  # K numbers in [0, 1]
) -> tuple[np.ndarray, np.ndarray]:  # int64 [K, C] each
    "True positives and predictions at each threshold, per label, from one sort per label."
    rows = sorted_keys(predictions.probs, predictions.targets)
    # the highest key that isn't above the threshold
    bits: Any = thresholds.astype(predictions.probs.dtype).view(rows.dtype)
    at_least = (bits << 1) | 1
    tp, predicted = np.empty((2, len(thresholds), len(rows)), np.int64)
    for i, keys in enumerate(rows):
        cut = np.searchsorted(keys, at_least, side="right")
        positives = np.flatnonzero((keys & 1).astype(bool))
        predicted[:, i] = len(keys) - cut
        tp[:, i] = len(positives) - np.searchsorted(positives, cut)
    return tp, predicted


def _above(cells, m, k):
    "Of `m` images, how many of their `cells` pass each of `k` thresholds [m, k]."
    counts = np.bincount(cells, minlength=m * (k + 1)).reshape(m, k + 1)
    return counts[:, :0:-1].cumsum(1)[:, ::-1]


def samples_f1_at(
    predictions: Any,  # Predictions: what a model said
    thresholds: np.ndarray,  # K numbers in [0, 1], ascending
    max_cells: int = 2_000_000,  # images times thresholds that are looked at together
) -> np.ndarray:  # float64 [K]
    "Mean F1 of the images at each threshold, some images at a time."
    k, n, total = len(thresholds), len(predictions), np.zeros(len(thresholds))
    step = max(1, max_cells // (k + 1))
    grid = thresholds.astype(predictions.probs.dtype)
    for i in range(0, n, step):
        targets = predictions.targets[i : i + step]
        m = len(targets)
        passed = np.searchsorted(grid, predictions.probs[i : i + step])  # thresholds a cell passes
        cell = passed + np.arange(m)[:, None] * (k + 1)
        tp, predicted = _above(cell[targets], m, k), _above(cell.ravel(), m, k)
        total += ratio(2 * tp, predicted + targets.sum(1)[:, None]).sum(0)
    return total / n


def sweep(
    predictions: Any,  # Predictions: what a model said
    thresholds: "ArrayLike | None" = None,  # numbers in [0, 1]; None: 29 from 0.05 to 0.95
    score: str = "accuracy",  # "accuracy", "micro_f1", "macro_f1" or "samples_f1"
) -> pd.DataFrame:  # columns `threshold` (ascending) and the score's name
    "A score at every threshold, from one sort per label."
    check_predictions(predictions, "sweep")
    t = check_grid(thresholds)
    if score == "samples_f1":
        return pd.DataFrame({"threshold": t, score: samples_f1_at(predictions, t)})
    tp, predicted = counts_at(predictions, t)
    pos = predictions.targets.sum(0)
    if score == "accuracy":
        values = 1 - (predicted + pos - 2 * tp).sum(1) / predictions.probs.size
    elif score == "micro_f1":
        values = ratio(2 * tp.sum(1), predicted.sum(1) + pos.sum())
    elif score == "macro_f1":
        values = ratio(2 * tp, predicted + pos).mean(1)
    else:
        raise ValueError(f"score is {score!r}: expected {SCORES}.")
    return pd.DataFrame({"threshold": t, score: values})


def best_threshold(
    sweep_df: pd.DataFrame,  # what `sweep` gave
) -> BestThreshold:  # a pair: the threshold, and its score
    "The threshold with the highest score; among equals the one nearest to 0.5."
    check_sweep(sweep_df, "best_threshold")
    t, values = sweep_df.iloc[:, 0].to_numpy(), sweep_df.iloc[:, 1].to_numpy()
    if np.isnan(values).any():
        raise ValueError(
            "the scores of this sweep have NaN, so there is no best one: look at the predictions "
            "first."
        )
    best = np.flatnonzero(values >= values.max() - 1e-12)
    i = best[np.abs(t[best] - 0.5).argmin()]
    return BestThreshold(float(t[i]), float(values[i]))


def precision_recall_curves(
    predictions: Any,  # Predictions: what a model said
    label: str | None = None,  # one label of the vocab; None: all cells together (micro)
    thresholds: "ArrayLike | None" = None,  # numbers in [0, 1]; None: 29 from 0.05 to 0.95
) -> pd.DataFrame:  # columns threshold, precision, recall, f1
    "Precision, recall and F1 at every threshold."
    check_predictions(predictions, "precision_recall_curves")
    t = check_grid(thresholds)
    tp, predicted = counts_at(predictions, t)
    pos = predictions.targets.sum(0)
    if label is None:
        tp, predicted, there = tp.sum(1), predicted.sum(1), pos.sum()
    elif label in predictions.vocab:
        i = predictions.vocab.index(label)
        tp, predicted, there = tp[:, i], predicted[:, i], pos[i]
    else:
        names = ", ".join(predictions.vocab)
        raise ValueError(f"{label!r} isn't in the vocab: expected one of {names}.")
    recall = ratio(tp, np.full(len(t), there))
    f1 = ratio(2 * tp, predicted + there)
    return pd.DataFrame(
        {"threshold": t, "precision": ratio(tp, predicted), "recall": recall, "f1": f1}
    )


def f1_grid(
    predictions: Any,  # Predictions: what a model said
    thresholds: "ArrayLike | None" = None,  # numbers in [0, 1]; None: 29 from 0.05 to 0.95
) -> pd.DataFrame:  # one row per threshold, one column per label
    "F1 of every label at every threshold."
    check_predictions(predictions, "f1_grid")
    t = check_grid(thresholds)
    tp, predicted = counts_at(predictions, t)
    values = ratio(2 * tp, predicted + predictions.targets.sum(0))
    return pd.DataFrame(values, index=pd.Index(t, name="threshold"), columns=predictions.vocab)
