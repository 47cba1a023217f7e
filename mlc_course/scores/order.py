"Measures of order, which need no threshold: of images for a label, of labels in an image."

from typing import NamedTuple

import numpy as np

from mlc_course.hints import ArrayLike

from .checks import check_pair
from .counts import confusion, precision_recall_f1
from .cuts import cuts, precision_at_positives, sorted_keys
from .ranking import ranking_means


def average_precision(
    probs: "ArrayLike",  # probabilities [N, C], in [0, 1]
    targets: "ArrayLike | None" = None,  # truth [N, C], 0 or 1; TypeError without
) -> np.ndarray:  # float64 [C]; NaN where a label has no positive
    """The mean, over the images that have a label, of the precision among the images scored at
    least as high."""
    p, t = check_pair(probs, targets)
    return np.array([precision_at_positives(cuts(keys, p.dtype)) for keys in sorted_keys(p, t)])


def mean_known(
    x: np.ndarray,  # float [C], NaN where unknown
) -> float:  # NaN if all is
    "The mean of what isn't NaN."
    x = x[~np.isnan(x)]
    return float(x.mean()) if len(x) else float("nan")


def mean_average_precision(
    probs: "ArrayLike",  # probabilities [N, C], in [0, 1]
    targets: "ArrayLike | None" = None,  # truth [N, C], 0 or 1; TypeError without
) -> float:  # mAP, over the labels that have a positive; NaN if none has
    "The mean of the labels' average precision."
    return mean_known(average_precision(probs, targets))


class Ranking(NamedTuple):
    "Measures of the order of the labels within each image."

    coverage_error: float  # how far down the list you go to have every true label
    ranking_loss: float  # share of (true, false) label pairs in the wrong order
    lrap: float  # mean precision at each true label's rank


def ranking_measures(
    probs: "ArrayLike",  # probabilities [N, C], in [0, 1]
    targets: "ArrayLike | None" = None,  # truth [N, C], 0 or 1; TypeError without
) -> Ranking:  # means over the images
    """Coverage error, label ranking loss and label ranking average precision.

    Equal to scikit-learn's; one sort per image. ValueError where there is nothing to rank."""
    p, t = check_pair(probs, targets)
    if not p.size:
        raise ValueError(f"there are no images or no labels to rank: probs has shape {p.shape}.")
    return Ranking(*ranking_means(p, t))


def epoch_scores(
    probs: "ArrayLike",  # [N, C] in [0, 1]
    targets: "ArrayLike",  # [N, C], 0 or 1
) -> tuple[float, float, float]:  # binary cross-entropy (nats per cell), macro F1 at 0.5, mAP
    "What a trainer writes down about a whole split after an epoch."
    probs, targets = check_pair(probs, targets)
    if not probs.size:
        raise ValueError(f"there is nothing to score: probs has shape {probs.shape}.")
    p = np.clip(np.asarray(probs, "float64"), 1e-7, 1 - 1e-7)
    loss = -np.where(targets, np.log(p), np.log1p(-p)).mean()
    f1 = precision_recall_f1(confusion(probs, targets), "macro").f1
    return float(loss), float(f1), float(mean_average_precision(probs, targets))
