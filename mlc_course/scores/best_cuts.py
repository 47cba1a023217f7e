"The exact best threshold of each label: over every cut that a threshold can make."

import numpy as np

from ..hints import Any, Thresh
from .checks import check_predictions, label_numbers
from .cuts import cuts, precision_at_positives, sorted_keys
from .numbers import need_number


def between(
    low,  # a float32
    high,  # a float32 above it
):  # a float32 in [low, high)
    "A threshold that separates two scores, in the middle where there is room."
    mid = np.float32((np.float64(low) + np.float64(high)) / 2)
    return mid if mid < high else low


def _best_cut(keys, found, beta, min_precision):
    "The best threshold of one label from its sorted keys and their `cuts`."
    scores, tp, predicted = found
    ok = scores > 0  # `0 > thresh` is never true
    if min_precision is not None:
        ok &= tp / predicted >= min_precision
    if not ok.any():
        return 0.5 if min_precision is None else 1.0
    f = np.where(ok, (1 + beta**2) * tp / (beta**2 * len(tp) + predicted), -1)
    best = len(f) - 1 - f[::-1].argmax()
    below = np.searchsorted(keys, keys.dtype.type(int(scores[best].view(keys.dtype)) << 1))
    if not below:
        return between(scores.dtype.type(0), scores[best])
    return between((keys[below - 1] >> keys.dtype.type(1)).view(scores.dtype), scores[best])


def _check_wishes(beta, min_precision):
    need_number(beta, "beta")
    if not (np.isfinite(beta) and beta >= 0):
        raise ValueError(
            f"beta is {beta}: expected a number of at least 0, such as 1 (F1), 2 (recall first) "
            "or 0.5 (precision first)."
        )
    if min_precision is not None:
        need_number(min_precision, "min_precision")
        if not 0 <= min_precision <= 1:
            raise ValueError(f"min_precision is {min_precision}: a precision lies in [0, 1].")


def thresholds_and_average_precision(
    predictions: Any,  # Predictions of a split that you don't report
    beta: float = 1.0,  # recall counts `beta` times as much as precision
    min_precision: float | None = None,  # only cuts with at least this precision count
    support: "Thresh | None" = None,  # training images by label; none: never predicted
) -> tuple[np.ndarray, np.ndarray]:  # thresholds and average precision, float64 [C] each
    "What `best_thresholds_per_label` and `average_precision` give, from one sort for both."
    check_predictions(predictions, "thresholds_and_average_precision")
    _check_wishes(beta, min_precision)
    p, (thresh, ap) = predictions.probs, np.empty((2, len(predictions.vocab)))
    for i, keys in enumerate(sorted_keys(p, predictions.targets)):
        found = cuts(keys, p.dtype)
        thresh[i] = _best_cut(keys, found, beta, min_precision)
        ap[i] = precision_at_positives(found)
    if support is not None:
        thresh[label_numbers(support, predictions.vocab, "support") == 0] = 1.0
    return thresh, ap


def best_thresholds_per_label(
    predictions: Any,  # Predictions of a split that you don't report
    beta: float = 1.0,  # recall counts `beta` times as much as precision
    min_precision: float | None = None,  # only cuts with at least this precision count
    support: "Thresh | None" = None,  # training images by label; none: never predicted
) -> np.ndarray:  # float64 [C]
    """The threshold with the highest F-beta for each label, exact over every cut in [0, 1].

    It lies half-way to the next lower score; among equal cuts the highest wins. A label without
    positives gets 0.5; if no cut reaches `min_precision`, or `support` says that nothing was learnt
    about it, the threshold is 1.0 and the label is never predicted."""
    check_predictions(predictions, "best_thresholds_per_label")
    return thresholds_and_average_precision(predictions, beta, min_precision, support)[0]
