"Names of the columns and rows of Predictions: given, read from a DataFrame, or made up."

from collections import Counter
from pathlib import PurePath

from ..data.targets import ordered_names


def _list(names, what):
    if isinstance(names, (str, bytes)):
        raise TypeError(
            f"{what} is the string {names!r}: expected a list of names, such as [{names!r}]."
        )
    names = ordered_names(names, what)
    for i, o in enumerate(names):
        if str(o) in ("None", "nan", "<NA>", "NaT") and not isinstance(o, str):
            raise TypeError(f"{what}[{i}] is {o}: expected a name.")
    return [o.as_posix() if isinstance(o, PurePath) else str(o) for o in names]


def _axis(x, axis):
    "The names that a DataFrame has along an axis, or None where it only counts 0, 1, 2, ..."
    if not (hasattr(x, "columns") and hasattr(x, "index")):
        return None
    names = list(x.columns if axis else x.index)
    if names == list(range(len(names))):
        return None
    made_up = not axis and all(isinstance(o, int) or hasattr(o, "__index__") for o in names)
    return [f"row {o}" for o in names] if made_up else _list(names, "columns" if axis else "index")


def _agreed(what, axis, given, probs, targets):
    "One list of names, from up to three places that must not contradict each other."
    found = {"probs": _axis(probs, axis), "targets": _axis(targets, axis)}
    if given is not None:
        found = {what: _list(given, what), **found}
    found = {k: v for k, v in found.items() if v is not None}
    (first, names), *others = found.items() if found else [(None, None)]
    for other, its in others:
        if its == names:
            continue
        i = next((i for i, (a, b) in enumerate(zip(names, its)) if a != b), None)
        said = (
            f"{len(names)} and {len(its)} names"
            if i is None
            else f"number {i} is {names[i]!r} in {first} and {its[i]!r} in {other}"
        )
        how = "targets.loc[probs.index, probs.columns]"
        raise ValueError(
            f"{first} and {other} name the {'columns' if axis else 'rows'} differently ({said}): "
            f"bring both into one order first, for example {how}, or pass .to_numpy() if only the "
            "names differ."
        )
    return names


def names_for(
    probs,  # array or DataFrame [N, C]
    targets,  # array or DataFrame [N, C]
    shape: tuple,  # (N, C)
    vocab=None,  # C label names; None: the DataFrame's columns, or "label 0", "label 1", ...
    fnames=None,  # N file names; None: the DataFrame's index, or "row 0", "row 1", ...
) -> tuple[list, list]:  # vocab and fnames
    "Names for every column and row, each once; ValueError where numbers or names don't fit."
    n, c = shape
    vocab = _agreed("vocab", 1, vocab, probs, targets)
    fnames = _agreed("fnames", 0, fnames, probs, targets)
    vocab = [f"label {i}" for i in range(c)] if vocab is None else vocab
    fnames = [f"row {i}" for i in range(n)] if fnames is None else fnames
    if len(vocab) != c or len(set(vocab)) != len(vocab):
        raise ValueError(
            f"vocab has {len(vocab)} names ({len(set(vocab))} different) and probs "
            f"has {c} columns: expected one name per column, each once."
        )
    if len(fnames) != n:
        raise ValueError(
            f"fnames has {len(fnames)} names and probs has {n} rows: expected one "
            "file name per row."
        )
    if len(set(fnames)) != len(fnames):
        twice = next(o for o, times in Counter(fnames).items() if times > 1)
        raise ValueError(
            f"fnames names {twice!r} more than once: every image is scored once, so "
            "drop the extra rows."
        )
    return vocab, fnames
