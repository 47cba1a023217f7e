"Intervals for every figure: the bootstrap over images (Efron 1979), by resampling counts."

# A resample draws each image 0, 1, 2 ... times. Drawing the number from a Poisson distribution of
# mean 1 for each image by itself (Chamandy et al. 2012) gives the same intervals as drawing N
# images, and all resamples become one product of matrices: (draws x images) by (images x what each
# image adds to a count or a mean). Average precision isn't a count. It is followed to first order:
# what it changes by if an image counts a little more (its influence function, Hampel 1974).

import math

import numpy as np
import pandas as pd

from .cuts import ratio
from .ranking import ranking_rows

AT_ONCE = 8_000_000  # draws that are held at once: 32 MB
SUMS = ("precision", "recall", "f1")


def check_draws(
    draws: int,  # resamples
    level: float,  # share of intervals that hold the true figure
):
    "ValueError for numbers that give no interval."
    if isinstance(draws, bool) or int(draws) != draws or draws < 100:
        raise ValueError(
            f"bootstrap is {draws!r}: give a number of resamples of at least 100 (2,000 are "
            "usual), or 0 for no intervals."
        )
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}: give a share between 0 and 1, such as 0.95.")


def poisson_table() -> np.ndarray:  # float32 [65536]
    "The number that each 16-bit number stands for: Poisson of mean 1, by its inverse."
    found, total, k = np.zeros(65536, "float32"), 0.0, 0
    while total < 1 - 2**-17:
        start = round(65536 * total)
        total += math.exp(-1) / math.factorial(k)
        found[start : round(65536 * total)] = k
        k += 1
    return found


def influence_of_ap(
    probs: np.ndarray,  # one label's [N]
    targets: np.ndarray,  # bool [N], with a positive at least
) -> np.ndarray:  # float64 [N]; sums to 0
    "What average precision changes by if an image counts more: its derivative by the weight."
    order = np.argsort(-probs, kind="stable")
    p, t = probs[order], targets[order]
    change = np.flatnonzero(np.diff(p)) + 1
    start = np.r_[0, change]  # of each group of equal scores
    size = np.diff(np.r_[start, len(p)])
    start = np.repeat(start, size)
    end = start + np.repeat(size, size) - 1
    seen, hits = end + 1, t.cumsum()[end]  # that score at least as high
    share, n = hits / seen, t.sum()
    later = [
        np.r_[np.where(t, o, 0)[::-1].cumsum()[::-1], 0][start] for o in (1 / seen, share / seen)
    ]
    found = np.empty(len(p))
    found[order] = (t * (share - share[t].mean() + later[0]) - later[1]) / n
    return found


def of_each_image(
    p: np.ndarray,  # probabilities [N, C]
    t: np.ndarray,  # truth, bool [N, C]
    pred: np.ndarray,  # decisions, bool [N, C]
) -> dict:  # figure -> [N], whose mean it is
    "Figures that are means over the images."
    hit, n_pred, n_true = (pred & t).sum(1), pred.sum(1), t.sum(1)
    found = dict(
        samples_precision=ratio(hit, n_pred),
        samples_recall=ratio(hit, n_true),
        samples_f1=ratio(2 * hit, n_pred + n_true),
        exact_match=(pred == t).all(1),
        jaccard=ratio(hit, n_pred + n_true - hit),
        accuracy=(pred == t).mean(1),
        hamming_loss=(pred != t).mean(1),
        all_negative_accuracy=1 - t.mean(1),
    )
    names = ("coverage_error", "ranking_loss", "lrap")
    return found | dict(zip(names, ranking_rows(p, t)))


def resample(
    adds: np.ndarray,  # what each image adds, float32 [N, K]
    draws: int,  # resamples
    seed: int,
) -> np.ndarray:  # float32 [draws, K + 1]; the last column is how many images were drawn
    "Sums over each resample."
    rng, table = np.random.default_rng(seed), poisson_table()
    adds = np.concatenate([adds, np.ones((len(adds), 1), "float32")], axis=1)
    step = max(1, AT_ONCE // max(1, len(adds)))
    parts = []
    for i in range(0, draws, step):
        shape = min(step, draws - i), len(adds)
        times = table[rng.integers(0, 65536, shape, dtype=np.uint16)]
        parts.append(times @ adds)
    return np.concatenate(parts)


def prf_of(hit, predicted, true) -> dict:  # figure -> [draws, ...]
    "Precision, recall and F1 of counts."
    pairs = ((hit, predicted), (hit, true), (2 * hit, predicted + true))
    return {k: ratio(a, b) for k, (a, b) in zip(SUMS, pairs)}


def resampled_figures(
    p: np.ndarray,  # probabilities [N, C]
    t: np.ndarray,  # truth, bool [N, C]
    pred: np.ndarray,  # decisions, bool [N, C]
    ap: np.ndarray,  # average precision [C], NaN without a positive
    draws: int,  # resamples
    seed: int,
) -> tuple:  # figure -> [draws], figure -> [draws, C]
    "Every figure in every resample: those of all labels, and those of each."
    c, each = t.shape[1], of_each_image(p, t, pred)
    known = np.flatnonzero(~np.isnan(ap))
    slopes = [influence_of_ap(p[:, i], t[:, i]) for i in known]
    parts = [pred & t, pred, t, *(o[:, None] for o in slopes), *(o[:, None] for o in each.values())]
    sums = resample(np.concatenate([o.astype("float32") for o in parts], axis=1), draws, seed)
    sums = sums.astype("float64")
    hit, predicted, true = (sums[:, i * c : (i + 1) * c] for i in range(3))
    rest = sums[:, 3 * c :]
    aps = np.full((draws, c), np.nan)
    aps[:, known] = np.clip(ap[known] + rest[:, : len(known)], 0, 1)
    means = rest[:, len(known) : -1] / np.maximum(sums[:, -1:], 1)
    labels = prf_of(hit, predicted, true)
    whole = dict(mAP=aps[:, known].mean(1) if len(known) else np.full(draws, np.nan))
    micro = prf_of(hit.sum(1), predicted.sum(1), true.sum(1))
    whole |= {f"micro_{k}": v for k, v in micro.items()}
    whole |= {f"macro_{k}": v.mean(1) for k, v in labels.items()}
    return whole | dict(zip(each, means.T)), labels | dict(ap=aps)


def bootstrap_intervals(
    p: np.ndarray,  # probabilities [N, C]
    t: np.ndarray,  # truth, bool [N, C]
    pred: np.ndarray,  # decisions, bool [N, C]
    ap: np.ndarray,  # average precision [C], NaN without a positive
    draws: int = 2000,  # resamples
    level: float = 0.95,  # share of such intervals that hold the true figure
    seed: int = 0,
) -> tuple:  # two frames: low and high of each figure, and of each label's
    "The middle part of what the figures are in the resamples."
    check_draws(draws, level)
    ends = [(1 - level) / 2, (1 + level) / 2]
    whole, labels = resampled_figures(p, t, pred, ap, draws, seed)
    found = pd.DataFrame({k: np.quantile(v, ends) for k, v in whole.items()}, ["low", "high"]).T
    columns: dict = {}
    for name, values in labels.items():
        low, high = np.quantile(values, ends, axis=0)
        columns |= {f"{name}_low": low, f"{name}_high": high}
    return found, pd.DataFrame(columns)
