"Ranks of the labels within each image: one sort per row, whatever the number of labels."

import numpy as np


def _sorted_rows(probs, targets):
    "Scores with the target in the lowest bit, sorted within each row: unsigned integers [N, C]."
    p = np.ascontiguousarray(probs)
    keys = p.view(np.uint32 if p.dtype == np.float32 else np.uint64) << 1
    keys |= targets
    keys.sort(axis=1)
    return keys


def _first_of_score(keys, rows, at):
    "For cells of `keys` (row numbers and places), the place of the first cell with an equal score."
    which, inverse = np.unique(rows, return_inverse=True)
    scores = keys[which] >> keys.dtype.type(1)
    place = np.broadcast_to(np.arange(keys.shape[1]), scores.shape).copy()
    place[:, 1:][scores[:, 1:] == scores[:, :-1]] = 0
    return np.maximum.accumulate(place, axis=1)[inverse, at]


def _ranks(keys):
    """For each true label, row by row: its row, and how many labels and how many true labels of
    the image score at least as high."""
    one = keys.dtype.type(1)
    rows, at = np.divmod(np.flatnonzero((keys & one).astype(bool)), keys.shape[1])
    mine = keys[rows, at]
    number = np.arange(len(rows))
    fresh = np.ones(len(rows), bool)  # the first true label of its score
    fresh[1:] = (rows[1:] != rows[:-1]) | (mine[1:] != mine[:-1])
    tied = np.flatnonzero((at > 0) & (keys[rows, at - 1] | one == mine))
    if len(tied):
        at[tied] = _first_of_score(keys, rows[tied], at[tied])
    end = np.bincount(rows, minlength=len(keys)).cumsum()
    hits = end[rows] - np.maximum.accumulate(np.where(fresh, number, 0))
    return rows, keys.shape[1] - at, hits


def _rows(probs, targets):
    "Coverage, ranking loss and label ranking average precision of each image."
    rows, rank, hits = _ranks(_sorted_rows(probs, targets))
    n, n_labels = targets.shape
    n_true = np.bincount(rows, minlength=n)
    pairs = n_true * (n_labels - n_true)
    wrong = np.bincount(rows, weights=rank - hits, minlength=n)
    precision = np.bincount(rows, weights=hits / rank, minlength=n)
    coverage = np.zeros(n, np.int64)
    np.maximum.at(coverage, rows, rank)
    some = pairs > 0
    loss, lrap = np.zeros(n), np.ones(n)
    loss[some] = wrong[some] / pairs[some]
    lrap[some] = precision[some] / n_true[some]
    return coverage, loss, lrap


def _blocks(probs, targets, max_cells):
    step = max(1, max_cells // max(1, probs.shape[1]))
    for i in range(0, len(probs), step):
        yield _rows(probs[i : i + step], targets[i : i + step])


def ranking_rows(
    probs: np.ndarray,  # float32 or float64 [N, C], in [0, 1]
    targets: np.ndarray,  # bool [N, C]
    max_cells: int = 4_000_000,  # looked at at once, which bounds the memory
) -> tuple:  # three arrays [N]
    "Coverage error, ranking loss and label ranking average precision of each image."
    return tuple(np.concatenate(o) for o in zip(*_blocks(probs, targets, max_cells)))


def ranking_means(
    probs: np.ndarray,  # float32 or float64 [N, C], in [0, 1]
    targets: np.ndarray,  # bool [N, C]
    max_cells: int = 4_000_000,  # looked at at once, which bounds the memory
) -> tuple[float, float, float]:  # coverage error, label ranking loss, label ranking AP
    """Means over the images, equal to scikit-learn's three functions, ties included.

    O(N C log C). An image with no label, or with all, counts 0 for the loss and 1 for the last."""
    total = np.zeros(3)
    for parts in _blocks(probs, targets, max_cells):
        total += [o.sum() for o in parts]
    return tuple((total / len(probs)).tolist())
