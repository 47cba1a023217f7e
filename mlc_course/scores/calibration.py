"Whether probabilities are right, and one number that mends them: Brier score, bins, temperature."

import numpy as np
import pandas as pd

from ..hints import Any
from .checks import check_predictions
from .cuts import ratio
from .numbers import need_number


def _logits(probs):
    "Logits in float64; a float32 0 or 1 becomes the nearest number that has one."
    p = np.clip(probs.astype(np.float64), 1e-38, 1 - 2**-25)
    return np.log(p) - np.log1p(-p)


def fit_temperature(
    predictions: Any,  # Predictions of a split that wasn't trained on
) -> float:  # T, between 0.05 and 20; above 1 the model was too sure of itself
    "The T for which sigmoid(logit / T) has the lowest binary cross-entropy (Guo et al. 2017)."
    z = _logits(check_predictions(predictions, "fit_temperature").probs)

    def slope(log_t):  # falls as T grows: the loss is convex in 1 / T
        return np.sum(z * (1 / (1 + np.exp(-z * np.exp(-log_t))) - predictions.targets))

    low, high = np.log(0.05), np.log(20.0)
    for _ in range(40):
        mid = (low + high) / 2
        low, high = (mid, high) if slope(mid) > 0 else (low, mid)
    return float(np.exp((low + high) / 2))


def apply_temperature(
    predictions: Any,  # Predictions: what a model said
    temperature: float,  # what `fit_temperature` gave
) -> Any:  # Predictions of the same rows, with sigmoid(logit / T) as probabilities
    "Cool (T > 1) or sharpen (T < 1) every probability; their order stays."
    check_predictions(predictions, "apply_temperature", some=False)
    need_number(temperature, "temperature")
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature}: expected a number above 0.")
    p = 1 / (1 + np.exp(-_logits(predictions.probs) / temperature))
    made = type(predictions)
    return made(p.astype(np.float32), predictions.targets, predictions.vocab, predictions.fnames)


def brier_score(
    predictions: Any,  # Predictions: what a model said
) -> float:  # 0 is perfect; p (1 - p) is what always saying the frequency p scores
    "The mean squared difference between probability and truth (Brier 1950)."
    check_predictions(predictions, "brier_score")
    return float(np.square(predictions.probs.astype(np.float64) - predictions.targets).mean())


def reliability_curve(
    predictions: Any,  # Predictions: what a model said
    n_bins: int = 10,  # bins of equal width over [0, 1]
) -> pd.DataFrame:  # per bin with cells in it: low, high, count, mean_prob, frequency
    "How often cells with about this probability turned out true."
    need_number(n_bins, "n_bins", whole=True)
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}: expected at least 1.")
    p = check_predictions(predictions, "reliability_curve").probs.astype(np.float64).ravel()
    edges = np.linspace(0, 1, n_bins + 1)
    which = np.searchsorted(edges[1:-1], p)
    count = np.bincount(which, minlength=n_bins)
    mean_prob = ratio(np.bincount(which, weights=p, minlength=n_bins), count)
    true = np.bincount(which, weights=predictions.targets.ravel(), minlength=n_bins)
    df = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": count})
    df = df.assign(mean_prob=mean_prob, frequency=ratio(true, count))
    return df[df["count"] > 0].reset_index(drop=True)
