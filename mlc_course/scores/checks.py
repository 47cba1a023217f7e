"Looks at what is to be scored: probabilities, targets, thresholds, and whether it is Predictions."

import numpy as np

from ..data.targets import as_array, check_targets
from .kinds import kind
from .thresh import BestThreshold, by_label, check_grid, check_thresh, in_vocab_order, label_numbers

__all__ = [
    "BestThreshold",
    "FrameCopies",
    "ROUNDING",
    "by_label",
    "check_counts",
    "check_grid",
    "check_pair",
    "check_predictions",
    "check_probs",
    "check_sweep",
    "check_thresh",
    "frozen",
    "in_vocab_order",
    "label_numbers",
    "made_anew",
]


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
    fits = a.dtype.kind in "bi" or (whole and float(a.max(initial=0)) < 2.0**63)
    if not (whole and fits and a.min(initial=0) >= 0):
        raise ValueError(f"{name} must hold counts, whole numbers of at least 0: got {x!r}.")
    counts = a.astype(np.int64)  # a copy
    counts.flags.writeable = False
    return counts


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
