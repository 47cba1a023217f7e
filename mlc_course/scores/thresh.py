"Thresholds as they may be given: a number, one a label, or a dict by label."

from typing import Any, NamedTuple

import numpy as np

from ..data.targets import as_array
from .kinds import kind


class BestThreshold(NamedTuple):
    "What `best_threshold` gives: a pair that isn't taken for the thresholds of two labels."

    threshold: float
    score: float

    def __repr__(self):
        return repr(tuple(self))


# ---- thresholds ----------------------------------------------------------------------------------
def in_vocab_order(
    values,  # a dict by label, or a pandas Series whose index holds labels
    vocab,  # label names, in column order; None: not known here
    name: str = "thresh",  # what the caller calls it, for the message
) -> list:  # one value per label
    "Values by label as a list in the order of the columns; every label once, and no other."
    values = dict(values.items())
    if vocab is None:
        raise TypeError(
            f"{name} is given by label, and arrays don't say which column is which label: pass "
            f"[{name}[o] for o in vocab], or score Predictions, which know their vocab."
        )
    known = set(vocab)
    unknown = [o for o in values if o not in known]
    missing = [o for o in vocab if o not in values]
    if unknown or missing:
        parts = [
            f"{what} {', '.join(map(repr, names[:5]))}" + (", ..." if len(names) > 5 else "")
            for what, names in (("lacks", missing), ("has the unknown", unknown))
            if names
        ]
        raise ValueError(
            f"{name} {' and '.join(parts)}: give one number for each of the {len(vocab)} labels "
            f"{', '.join(map(repr, vocab[:5]))}{', ...' if len(vocab) > 5 else ''}."
        )
    return [values[o] for o in vocab]


def by_label(
    x,  # what was given as a threshold
) -> bool:  # a dict, or a Series whose index isn't just 0, 1, 2, ...
    "Whether values come with label names."
    if isinstance(x, dict):
        return True
    index: Any = getattr(x, "index", None)
    return hasattr(x, "items") and not callable(index) and any(isinstance(o, str) for o in index)


def _refuse_odd(thresh):
    "TypeError for what NumPy would turn into thresholds that nobody meant."
    if isinstance(thresh, BestThreshold):
        raise TypeError(
            f"thresh is {thresh}, a threshold and its score: pass the first of the "
            "two, best_threshold(...)[0]."
        )
    if isinstance(thresh, (bool, np.bool_, str)):
        raise TypeError(
            f"thresh is {thresh!r}: expected a number in [0, 1], one number per label, "
            "or a dict by label."
        )


def _by_position(x, vocab, name):
    """`x`, or a dict by label for a Series whose index is the labels; any index but 0, 1, 2, ...
    fails.
    """
    index = getattr(x, "index", None)
    if not hasattr(x, "items") or callable(index) or isinstance(x, dict):
        return x
    names = list(map(str, index))
    if names == list(map(str, range(len(names)))):
        return x
    if vocab is not None and set(names) == set(vocab):
        return dict(zip(names, x))
    raise ValueError(
        f"{name} is a Series with the index {', '.join(names[:5])}"
        f"{', ...' if len(names) > 5 else ''}, which is neither 0, 1, 2, ... nor the "
        "labels, so it isn't certain whose number each is: set_index the labels, "
        "or pass .to_numpy() if it is in the order of the columns."
    )


def _short(x, most=80):
    "What was given, in one line."
    text = " ".join(repr(x).split())
    return text if len(text) <= most else kind(x)


def check_thresh(
    thresh,  # a number, one number per label, or a dict (or Series) by label
    n_labels: int,  # how many there are
    dtype=np.float32,  # that of the probabilities, so that both are compared as they are
    vocab=None,  # label names, in column order; a dict needs them
) -> np.ndarray:  # [] or [C]
    "Thresholds in [0, 1], ready for `probs > thresh`."
    if not by_label(thresh):
        _refuse_odd(thresh)
        thresh = _by_position(thresh, None if vocab is None else list(vocab), "thresh")
    if by_label(thresh):
        thresh = in_vocab_order(thresh, None if vocab is None else list(vocab))
    try:
        t = np.asarray(as_array(thresh, "thresh"), dtype=dtype)
    except (TypeError, ValueError):
        raise TypeError(
            f"thresh is {_short(thresh)}: expected a number in [0, 1], one number per "
            "label, or a dict by label."
        ) from None
    if t.ndim > 1 or (t.ndim == 1 and len(t) != n_labels):
        hint = (
            " best_threshold gives a threshold and its score: pass best_threshold(...)[0]."
            if isinstance(thresh, tuple) and len(thresh) == 2
            else ""
        )
        raise ValueError(
            f"thresh has shape {t.shape}: give one number, or one number per label: "
            f"one number for each of the {n_labels} labels.{hint}"
        )
    if not ((t >= 0) & (t <= 1)).all():
        raise ValueError(
            f"thresh is {thresh}: a threshold is compared with probabilities, so it "
            "must lie in [0, 1]."
        )
    return t


def check_grid(
    thresholds,  # numbers in [0, 1] to try, the same for all labels; None: 29 from 0.05 to 0.95
) -> np.ndarray:  # float64 [K], ascending
    "The thresholds of a sweep."
    if by_label(thresholds):
        raise TypeError(
            "thresholds is given by label, and a sweep tries every number on all labels: give a "
            "list of numbers, or score your thresholds with evaluate(predictions, thresh)."
        )
    if thresholds is None:
        return np.linspace(0.05, 0.95, 29)
    try:
        t = np.sort(np.atleast_1d(np.asarray(as_array(thresholds, "thresholds"), dtype=float)))
    except (TypeError, ValueError):
        raise TypeError(
            f"thresholds is {_short(thresholds)}: give a list of numbers in [0, 1]."
            + (f" To choose a score, score={thresholds!r}." if isinstance(thresholds, str) else "")
        ) from None
    if t.ndim != 1 or not len(t):
        raise ValueError(
            f"thresholds has shape {t.shape}: give a list of at least one number in [0, 1]."
        )
    return check_thresh(t, len(t), float)


def label_numbers(
    values,  # one number per label: a list, an array, a dict or a Series by label
    vocab: list,  # label names, in column order
    name: str,  # what the caller calls them, for the message
) -> np.ndarray:  # float64 [C]
    "Numbers of the labels in the order of the columns, at least 0."
    values = values if by_label(values) else _by_position(values, vocab, name)
    if by_label(values):
        values = in_vocab_order(values, vocab, name)
    try:
        a = np.asarray(as_array(values, name), dtype=np.float64)
    except (TypeError, ValueError):
        a = np.array(np.nan)
    if a.shape != (len(vocab),) or not (np.isfinite(a) & (a >= 0)).all():
        raise ValueError(
            f"{name} is {values!r}: give one number of at least 0 for each of the "
            f"{len(vocab)} labels, or a dict by label."
        )
    return a
