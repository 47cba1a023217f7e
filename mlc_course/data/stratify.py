"Splits in which every part has its share of every label."

from heapq import heapify, heappop, heapreplace

import numpy as np

from ..hints import Any, ArrayLike, Sequence
from .folds import check_folds, deal_groups, generator
from .targets import check_targets


def part_sizes(
    n: int,  # rows
    fractions,  # share of the rows for each part, with sum 1
) -> np.ndarray:  # int64, one size per part
    "Whole numbers that sum to `n`, nearest to `n*fractions`: the largest remainders go up."
    example = "for example (0.6, 0.2, 0.2)"
    try:
        f = np.asarray(fractions, dtype=np.float64)
    except (TypeError, ValueError):
        said = f"fractions is {fractions!r}: give one number per part"
        raise TypeError(f"{said}, {example}.") from None
    if f.ndim != 1 or len(f) < 2:
        said = f"fractions is {fractions!r}: give at least two numbers, one per part"
        raise ValueError(f"{said}, {example}.")
    if not (np.isfinite(f).all() and (f > 0).all() and abs(f.sum() - 1) < 1e-6):
        said = f"fractions is {fractions!r}, with sum {f.sum():.6g}"
        raise ValueError(f"{said}: give one positive number per part, with sum 1.")
    exact = n * f / f.sum()
    sizes = np.floor(exact + 1e-9).astype(np.int64)
    sizes[np.argsort(sizes - exact, kind="stable")[: n - sizes.sum()]] += 1
    return sizes


def _deal_label(need, room, n, rng):
    """The part of each of `n` rows with one label, and what room is left.

    Which part is next depends only on how many rows of the label each has got, not on which: a
    heap has the part that needs the label most on top, and of equals the one with most room."""
    ties = rng.random(n).tolist()
    heap = [(-need[p], -int(r), rng.random(), p) for p, r in enumerate(room) if r]
    heapify(heap)
    dealt = []
    for tie in ties:
        short, space, _, p = heap[0]
        dealt.append(p)
        if space == -1:
            heappop(heap)
        else:
            heapreplace(heap, (short + 1, space + 1, tie, p))
    return dealt


def stratified_split(
    targets: "ArrayLike",  # multi-hot [N, C]
    fractions: Sequence[float],  # share of the rows for each part, with sum 1
    seed: int = 42,  # the same seed, the same split
    groups: "Sequence[Any] | ArrayLike | None" = None,  # a value a row, such as a patient
) -> np.ndarray:  # int64 [N]: the part, 0 to len(fractions) - 1, of every row
    """Deal rows into parts so that every part has its share of every label, the rarest label
    first (Sechidis et al. 2011)."""
    targets = check_targets(targets)
    n, c = targets.shape
    room = part_sizes(n, fractions)
    rng = generator(seed)
    if groups is not None:
        return deal_groups(targets, fractions, groups, rng)
    parts = np.full(n, -1, dtype=np.int64)
    left = targets.sum(0)  # rows that wait, per label
    need = left * (room / max(n, 1))[:, None]  # [parts, C]: rows that each part should still get
    columns = np.ascontiguousarray(targets.T)
    order = rng.permutation(c)  # breaks ties between equally rare labels
    while left.any():
        label = order[np.argmin(np.where(left[order] > 0, left[order], n + 1))]
        rows = rng.permutation(np.flatnonzero(columns[label] & (parts < 0)))
        parts[rows] = dealt = _deal_label(need[:, label], room, len(rows), rng)
        for p in range(len(room)):
            got = targets[rows[parts[rows] == p]].sum(0)
            need[p] -= got
            left -= got
        room = room - np.bincount(dealt, minlength=len(room))
    rest = np.flatnonzero(parts < 0)  # rows without a label fill what room is left
    parts[rest] = rng.permutation(np.repeat(np.arange(len(room)), room))
    return parts


def stratified_folds(
    targets: "ArrayLike",  # multi-hot [N, C]
    k: int,  # how many folds, at least 2
    seed: int = 42,  # the same seed, the same folds
    groups: "Sequence[Any] | ArrayLike | None" = None,  # a value a row: they stay whole
) -> np.ndarray:  # int64 [N]: the fold, 0 to k - 1, of every row
    "Deal rows into `k` folds of nearly equal size, each with its share of every label."
    k = check_folds(k, len(targets))  # type: ignore[arg-type]
    return stratified_split(targets, [1 / k] * k, seed, groups)
