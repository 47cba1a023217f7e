"Looks at what is to be scored: probabilities, targets, thresholds, and whether it is Predictions."

from typing import Any, NamedTuple

import numpy as np

from ..data.targets import as_array, check_targets

ROUNDING = 1e-6  # by so much a mean or a softmax in float32 may miss [0, 1]


# ---- arrays --------------------------------------------------------------------------------------
def check_probs(
    probs,  # [N, C]: anything that `as_array` takes
    name: str = "probs",  # what the caller calls it, for the message
) -> np.ndarray:  # float32 or float64 [N, C], finite, in [0, 1]
    "Probabilities as a float array; ValueError for NaN, infinite values and logits."
    p = as_array(probs, name)
    if p.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} holds {p.dtype}, expected numbers: pass a float array [N, C] of probabilities."
        )
    if p.dtype not in (np.float32, np.float64):
        p = p.astype(np.float32)
    if p.ndim != 2:
        raise ValueError(
            f"{name} has shape {p.shape}: expected [N, C], one row per image and one "
            "column per label."
        )
    low, high = (p.min(), p.max()) if p.size else (0, 1)
    if low >= 0 and high <= 1:
        return p
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        return p.clip(0, 1)
    if not (np.isfinite(low) and np.isfinite(high)):
        row, col = np.argwhere(~np.isfinite(p))[0]
        raise ValueError(
            f"{name} has NaN or infinite values, the first in row {row}, column {col}: a model "
            "that gives such scores has diverged, so look at its loss (and its learning rate) "
            "first."
        )
    raise ValueError(
        f"{name} goes from {low:.3g} to {high:.3g}, outside [0, 1]: these look like logits. "
        "Apply the sigmoid first, for example 1 / (1 + np.exp(-logits))."
        + (" Divide percentages by 100." if low >= 0 and 1 < high <= 100 else "")
    )


def check_pair(
    probs,  # [N, C], in [0, 1]
    targets,  # [N, C], 0 or 1
) -> tuple[np.ndarray, np.ndarray]:  # float [N, C] and bool [N, C]
    "Both, with equal shapes."
    if targets is None:
        raise TypeError(
            "two arrays are needed, probs and targets: for Predictions, pass "
            "predictions.probs and predictions.targets."
        )
    p, t = check_probs(probs), check_targets(targets)
    if p.shape != t.shape:
        raise ValueError(
            f"probs has shape {p.shape} and targets has shape {t.shape}: both must be [N, C], with "
            "the images in the same order and the labels in the order of the same vocab."
        )
    return p, t


def frozen(
    x,  # an array
) -> np.ndarray:  # a read-only array with the same values
    "A copy that nobody can write into; `x` itself where nobody could."
    if type(x) is np.ndarray and x.base is None and not x.flags.writeable:
        return x
    x = np.array(x)
    x.flags.writeable = False
    return x


def made_anew(obj):
    "For `__reduce__` of a dataclass: a copy or an unpickled one is made by its checks, read-only."
    return type(obj), tuple(getattr(obj, o) for o in obj.__dataclass_fields__)


def check_counts(
    x,  # counts, one per label
    name: str,  # what the caller calls them, for the message
) -> np.ndarray:  # int64, read-only, at least one-dimensional
    "Whole numbers of at least 0, as an array."
    a = np.atleast_1d(as_array(x, name))
    whole = a.dtype.kind in "biu" or (a.dtype.kind == "f" and (a == np.floor(a)).all())
    if not (whole and a.min(initial=0) >= 0 and float(a.max(initial=0)) < 2.0**63):
        raise ValueError(f"{name} must hold counts, whole numbers of at least 0: got {x!r}.")
    return frozen(a.astype(np.int64))


class FrameCopies:
    "A dataclass field that keeps a DataFrame: what is put in and what is taken out are copies."

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, owner=None):
        if obj is None:
            raise AttributeError(self.name)  # so that the dataclass sees no default
        return obj.__dict__[self.name].copy()

    def __set__(self, obj, frame):
        obj.__dict__[self.name] = frame.copy()


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
            f"{name} {' and '.join(parts)}: give one number for each of the "
            f"{len(vocab)} labels {', '.join(map(repr, vocab[:5]))}"
            f"{', ...' if len(vocab) > 5 else ''}."
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
    "`x`, or a dict by label for a Series whose index is the labels; any index but 0, 1, 2, ... fails."
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
            "thresholds is given by label, and a sweep tries every number on all "
            "labels: give a list of numbers, or score your thresholds with "
            "evaluate(predictions, thresh)."
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


# ---- objects -------------------------------------------------------------------------------------
def _is_predictions(x):
    return all(hasattr(x, o) for o in ("probs", "targets", "vocab", "fnames"))


def _instead(x, call):
    "What to pass in place of `x`, which isn't Predictions; `call` writes the right call."
    splits = getattr(x, "predictions", x)
    if isinstance(splits, dict) and splits and all(map(_is_predictions, splits.values())):
        name = "run.predictions" if splits is not x else "predictions"
        split = "test" if "test" in splits else next(iter(splits))
        return (
            f"it holds one for each split ({', '.join(map(str, splits))}), so choose: "
            f"{call(f'{name}[{split!r}]')}"
        )
    if hasattr(x, "splits") and hasattr(x, "df"):
        return (
            "a table says what is true, and no model has been asked yet: pass what a trainer "
            f"says, {call('predict(model, table, split)')}"
        )
    if isinstance(x, str) or hasattr(x, "__fspath__"):
        return f"read the file first, {call('Predictions.load(path)')}, or a run's folder, " + call(
            "load_run(folder).predictions['test']"
        )
    if "threshold" in getattr(x, "columns", ()):
        return "a table of `sweep` goes into best_threshold or plot_sweep"
    if isinstance(x, (list, tuple)) or hasattr(x, "shape"):
        return f"wrap probabilities and targets, {call('Predictions(probs, targets)')}"
    return f"make them from arrays, {call('Predictions(probs, targets)')}"


def check_predictions(
    x,  # what was given
    who: str = "evaluate",  # the function that was called, for the message
    some: bool = True,  # refuse Predictions without images or labels
):
    "`x` if it is Predictions; otherwise a TypeError that says what to pass."
    if not _is_predictions(x):
        said = _instead(x, lambda inner: f"{who}({inner})")
        raise TypeError(f"{who} was given {kind(x)}, and it takes Predictions: {said}.")
    if some and not x.probs.size:
        raise ValueError(f"there is nothing to score: {x!r} has no images or no labels.")
    return x


def kind(
    x,  # what was given
) -> str:  # "a Tensor", "the string 'x'"
    "What it is, for a message."
    if isinstance(x, str):
        return f"the string {x!r}"
    name = type(x).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"


def check_sweep(
    x,  # what was given
    who: str,  # the function that was called, for the message
):
    "`x` if it is a table of `sweep`; otherwise a TypeError or ValueError that says what to pass."
    if _is_predictions(x):
        raise TypeError(
            f"{who} was given Predictions, and it takes a table of scores: "
            f"{who}(sweep(predictions))."
        )
    if not hasattr(x, "columns"):
        said = _instead(x, lambda inner: f"{who}(sweep({inner}))")
        raise TypeError(f"{who} was given {kind(x)}, and it takes a table from `sweep`: {said}.")
    if list(x.columns)[:1] != ["threshold"] or x.shape[1] != 2 or not len(x):
        raise ValueError(
            f"expected a table from `sweep` (columns threshold and one score), not "
            f"one with the columns {list(x.columns)} and {len(x)} rows."
        )
    return x
