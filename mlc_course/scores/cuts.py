"One sort per label: what average precision, sweeps and the exact best threshold are counted from."

from typing import Any

import numpy as np


def ratio(
    a,  # numbers
    b,  # as many numbers
) -> np.ndarray:  # float64
    "`a / b`, and 0 where `b` is 0."
    return np.divide(a, b, out=np.zeros(np.shape(b)), where=np.asarray(b) != 0)


def sorted_keys(
    probs: np.ndarray,  # float32 or float64 [N, C], in [0, 1]
    targets: np.ndarray,  # bool [N, C]
) -> np.ndarray:  # uint32 or uint64 [C, N]
    "Scores with the target in the lowest bit, sorted per label."
    p = np.ascontiguousarray(probs)
    # floats >= 0 sort like their bits; the sign bit falls out, so -0.0 becomes 0.0
    bits: Any = p.view(np.uint32 if p.dtype == np.float32 else np.uint64)
    keys = bits << 1
    keys |= targets
    rows = np.empty(keys.shape[::-1], keys.dtype)
    for i in range(0, len(keys), 1024):
        rows[:, i : i + 1024] = keys[i : i + 1024].T
    rows.sort(axis=1)
    return rows


def cuts(
    keys: np.ndarray,  # one label's row of `sorted_keys` [N]
    dtype,  # that of the probabilities
) -> tuple:  # scores of its positives (ascending), and two counts for each
    "How many positives, and how many images, score at least as high as each positive."
    one = keys.dtype.type(1)
    at = np.flatnonzero((keys & one).astype(bool))  # where the positives are
    pos, tp = keys[at], np.arange(len(at), 0, -1)
    # those with an equal score just below: count from the first of that score
    tied = np.flatnonzero(keys[at - 1] | one == pos)
    if len(tied):
        tp[tied] = len(pos) - np.searchsorted(pos, pos[tied])
        at[tied] = np.searchsorted(keys, pos[tied] - one)
    return (pos >> one).view(dtype), tp, len(keys) - at


def precision_at_positives(
    label_cuts: tuple,  # what `cuts` gave
) -> float:  # NaN without a positive
    "Average precision of one label."
    _, tp, predicted = label_cuts
    return (tp / predicted).mean() if len(tp) else np.nan
