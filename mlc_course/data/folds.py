"Dealing groups of rows (a patient, a film) into parts that share none, and finding shared ones."

import numpy as np

from ..hints import Any, ArrayLike, Sequence


def _is_missing(x):
    "None, blanks, NaN, NaT and pd.NA: the last three don't equal themselves for certain."
    try:
        return x is None or (isinstance(x, str) and not x.strip()) or not bool(x == x)  # noqa: PLR0124
    except (TypeError, ValueError):
        return True


def _values(x, name, n=None):
    "A list with one value per row."
    if isinstance(x, (str, bytes, dict, set)):
        raise TypeError(
            f"{name} is {x if isinstance(x, str) else type(x).__name__!r}: expected a "
            "list with one value per row, in the order of the rows."
        )
    shape = getattr(x, "shape", None)
    if shape is not None and len(shape) != 1:
        raise ValueError(f"{name} has shape {tuple(shape)}: expected one value per row, [N].")
    values = x.tolist() if hasattr(x, "tolist") else list(x)
    if n is not None and len(values) != n:
        raise ValueError(
            f"{name} has {len(values)} values and targets has {n} rows: expected one "
            "group per row, in the order of the rows."
        )
    return values


def group_numbers(
    groups,  # one hashable value per row: a patient, a film, a place
    n: int,  # rows
) -> tuple[np.ndarray, list]:  # int64 [N], numbered by first appearance, and the groups' names
    "Groups as numbers; names only tell groups apart, so other names give the same numbers."
    values = _values(groups, "groups", n)
    missing = [i for i, o in enumerate(values) if _is_missing(o)]
    if missing:
        raise ValueError(
            f"{len(missing)} rows have no group, the first is row {missing[0]}: give each a group "
            "of its own if it belongs to nobody else, or leave these rows out."
        )
    index: dict = {}
    try:
        numbers = [index.setdefault(o, len(index)) for o in values]
    except TypeError:
        raise TypeError(
            "groups holds values that can't be compared as a whole (lists, dicts): "
            "give strings, numbers or tuples."
        ) from None
    return np.array(numbers, dtype=np.int64), list(index)


def generator(
    seed,  # a whole number of at least 0; None: another split each time
) -> np.random.Generator:
    "NumPy's random numbers from a seed, or a sentence."
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise TypeError(f"seed is {seed!r}: expected a whole number of at least 0.") from None


def check_folds(
    k,  # what was given as the number of folds
    n: int,  # rows
) -> int:  # `k`, from 2 to `n`
    "The number of folds, or a sentence."
    if isinstance(k, bool) or not hasattr(k, "__index__"):
        raise TypeError(f"k is {k!r}: expected a whole number of folds, such as 5.")
    if k < 2:
        raise ValueError(f"k is {k}: ask for at least 2 folds, so that one can be left out.")
    if k > n:
        raise ValueError(f"k is {k} and there are {n} rows: ask for at most one fold per row.")
    return int(k)


def _refuse_what_cannot_fit(sizes, room, names):
    if len(sizes) < len(room):
        remedy = f"ask for at most {len(sizes)} parts, or " if len(sizes) > 1 else ""
        raise ValueError(
            f"there are {len(sizes)} groups for {len(room)} parts, and a group stays "
            f"whole: {remedy}split without groups=."
        )
    big = int(sizes.argmax()) if len(sizes) else 0
    if len(sizes) and sizes[big] > room.max():
        raise ValueError(
            f"the group {names[big]!r} has {sizes[big]} of the {sizes.sum()} rows, and the largest "
            f"part should have {room.max():.0f}: a group stays whole, so ask for larger or fewer "
            "parts, or leave rows of that group out."
        )


def _group_sums(targets, number, n_groups):
    "Rows of each label, and in the last column all rows, per group: float64 [G, C + 1]."
    sums = np.zeros((n_groups, targets.shape[1] + 1))
    rows, cols = np.nonzero(targets)
    np.add.at(sums, (number[rows], cols), 1)
    sums[:, -1] = np.bincount(number, minlength=n_groups)
    return sums


def deal_groups(
    targets: np.ndarray,  # bool [N, C]
    fractions,  # share of the rows for each part, with sum 1
    groups,  # one hashable value per row
    rng: np.random.Generator,  # breaks ties
) -> np.ndarray:  # int64 [N]: the part of every row, the same for all rows of a group
    """Stratified dealing of whole groups, those that weigh most first: each goes where it brings
    the shares of its labels, and of all rows, nearest to what they should be (squared error)."""
    number, names = group_numbers(groups, len(targets))
    if not len(number):
        return number
    sums = _group_sums(targets, number, len(names))
    share = np.asarray(fractions, dtype=np.float64)
    share = share / share.sum()
    _refuse_what_cannot_fit(sums[:, -1].astype(np.int64), np.ceil(share * len(number)), names)
    weight = 1 / np.maximum(sums.sum(0), 1) ** 2
    weight[-1] *= max(targets.shape[1], 1)  # the number of rows counts as much as all labels
    weighted = sums * weight
    norm = (sums * weighted).sum(1)
    order = rng.permutation(len(sums))
    order = order[np.argsort(-norm[order], kind="stable")]
    need = share[:, None] * sums.sum(0)  # [P, C + 1]: what each part should still get
    parts, empty = np.full(len(sums), -1, dtype=np.int64), np.ones(len(share), bool)
    for left, g in zip(range(len(order), 0, -1), order.tolist()):
        gain = (2 * (need @ weighted[g]) - norm[g]) / share
        if empty.sum() >= left:  # no part stays without a group
            gain[~empty] = -np.inf
        p = int(gain.argmax())
        parts[g], empty[p] = p, False
        need[p] -= sums[g]
    return parts[number]


def shared_groups(
    groups: "Sequence[Any] | ArrayLike",  # one hashable value per row; None, NaN: no group
    split: "ArrayLike",  # the split of each row
) -> dict:  # group -> list of its splits, only where there is more than one; by first appearance
    "Groups that stand in more than one split, so that a model is tested on what it was trained on."
    splits = _values(split, "split")
    values = _values(groups, "groups")
    if len(values) != len(splits):
        raise ValueError(
            f"groups has {len(values)} values and split has {len(splits)}: expected "
            "one of each per row, in the same order."
        )
    seen: dict = {}
    for g, s in zip(values, splits):
        if not _is_missing(g):
            seen.setdefault(g, {})[s] = True
    return {g: list(s) for g, s in seen.items() if len(s) > 1}
