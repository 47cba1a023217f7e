"Looks at what is to be scored: probabilities, targets, thresholds, and whether it is Predictions at all."
import sys

import numpy as np

from ..data.targets import as_array, check_targets, hint_for_target


# ---- arrays --------------------------------------------------------------------------------------
def check_probs(
    probs, # [N, C]: anything that `as_array` takes
    name:str="probs", # what the caller calls it, for the message
) -> np.ndarray: # float32 or float64 [N, C], finite, in [0, 1]
    "Probabilities as a float array; ValueError for NaN, infinite values and logits."
    p = as_array(probs, name)
    if p.dtype.kind not in "biuf":
        raise TypeError(f"{name} holds {p.dtype}, expected numbers: "
                        "pass a float array [N, C] of probabilities.")
    if p.dtype not in (np.float32, np.float64):
        p = p.astype(np.float32)
    if p.ndim != 2:
        raise ValueError(f"{name} has shape {p.shape}: expected [N, C], one row per image and one "
                         "column per label.")
    low, high = (p.min(), p.max()) if p.size else (0, 1)
    if low >= 0 and high <= 1:
        return p
    if not (np.isfinite(low) and np.isfinite(high)):
        row, col = np.argwhere(~np.isfinite(p))[0]
        raise ValueError(
            f"{name} has NaN or infinite values, the first in row {row}, column {col}: a model that "
            "gives such scores has diverged, so look at its loss (and its learning rate) first.")
    raise ValueError(
        f"{name} goes from {low:.3g} to {high:.3g}, outside [0, 1]: these look like logits. "
        "Apply the sigmoid first, for example 1 / (1 + np.exp(-logits)).")


def check_pair(
    probs, # [N, C], in [0, 1]
    targets, # [N, C], 0 or 1
) -> tuple[np.ndarray, np.ndarray]: # float [N, C] and bool [N, C]
    "Both, with equal shapes."
    p, t = check_probs(probs), check_targets(targets)
    if p.shape != t.shape:
        raise ValueError(
            f"probs has shape {p.shape} and targets has shape {t.shape}: both must be [N, C], with "
            "the images in the same order and the labels in the order of the same vocab.")
    return p, t


def frozen(
    x, # an array
) -> np.ndarray: # a read-only array with the same values
    "A copy that nobody can write into; `x` itself where nobody could."
    if type(x) is np.ndarray and x.base is None and not x.flags.writeable:
        return x
    x = np.array(x)
    x.flags.writeable = False
    return x


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


# ---- thresholds ----------------------------------------------------------------------------------
def in_vocab_order(
    values, # a dict by label, or a pandas Series whose index holds labels
    vocab, # label names, in column order; None: not known here
    name:str="thresh", # what the caller calls it, for the message
) -> list: # one value per label
    "Values by label as a list in the order of the columns; every label once, and no other."
    values = dict(values.items())
    if vocab is None:
        raise TypeError(
            f"{name} is given by label, and arrays don't say which column is which label: pass "
            f"[{name}[o] for o in vocab], or score Predictions, which know their vocab.")
    unknown = [o for o in values if o not in set(vocab)]
    missing = [o for o in vocab if o not in values]
    if unknown or missing:
        parts = [f"{what} {', '.join(map(repr, names[:5]))}" + (", ..." if len(names) > 5 else "")
                 for what, names in (("lacks", missing), ("has the unknown", unknown)) if names]
        raise ValueError(f"{name} {' and '.join(parts)}: give one number for each of the "
                         f"{len(vocab)} labels {', '.join(map(repr, vocab[:5]))}"
                         f"{', ...' if len(vocab) > 5 else ''}.")
    return [values[o] for o in vocab]


def by_label(
    x, # what was given as a threshold
) -> bool: # a dict, or a Series whose index isn't just 0, 1, 2, ...
    "Whether values come with label names."
    if isinstance(x, dict):
        return True
    index = getattr(x, "index", None)
    return hasattr(x, "items") and not callable(index) and any(isinstance(o, str) for o in index)


def check_thresh(
    thresh, # a number, one number per label, or a dict (or Series) by label
    n_labels:int, # how many there are
    dtype=np.float32, # that of the probabilities, so that both are compared as they are
    vocab=None, # label names, in column order; a dict needs them
) -> np.ndarray: # [] or [C]
    "Thresholds in [0, 1], ready for `probs > thresh`."
    if by_label(thresh):
        thresh = in_vocab_order(thresh, None if vocab is None else list(vocab))
    try:
        t = np.asarray(as_array(thresh, "thresh"), dtype=dtype)
    except (TypeError, ValueError):
        raise TypeError(f"thresh is {thresh!r}: expected a number in [0, 1], one number per label, "
                        "or a dict by label.") from None
    if t.ndim > 1 or (t.ndim == 1 and len(t) != n_labels):
        hint = (" best_threshold gives a threshold and its score: pass best_threshold(...)[0]."
                if isinstance(thresh, tuple) and len(thresh) == 2 else "")
        raise ValueError(f"thresh has shape {t.shape}: give one number, or one number for each of "
                         f"the {n_labels} labels.{hint}")
    if not ((t >= 0) & (t <= 1)).all():
        raise ValueError(f"thresh is {thresh}: a threshold is compared with probabilities, so it "
                         "must lie in [0, 1].")
    return t


# ---- objects -------------------------------------------------------------------------------------
def _is_predictions(x):
    return all(hasattr(x, o) for o in ("probs", "targets", "vocab", "fnames"))


def _instead(x, call):
    "What to pass in place of `x`, which isn't Predictions; `call` writes the right call."
    splits = getattr(x, "predictions", x)
    if isinstance(splits, dict) and splits and all(map(_is_predictions, splits.values())):
        name = "run.predictions" if splits is not x else "predictions"
        split = "test" if "test" in splits else next(iter(splits))
        return (f"it holds one for each split ({', '.join(map(str, splits))}), so choose: "
                f"{call(f'{name}[{split!r}]')}")
    if hasattr(x, "splits") and hasattr(x, "df"):
        return ("a table says what is true, and no model has been asked yet: pass what a trainer "
                f"says, {call('predict(model, table, split)')}")
    if isinstance(x, str) or hasattr(x, "__fspath__"):
        return (f"read the file first, {call('Predictions.load(path)')}, or a run's folder, "
                + call("load_run(folder).predictions['test']"))
    if "threshold" in getattr(x, "columns", ()):
        return "a table of `sweep` goes into best_threshold or plot_sweep"
    if isinstance(x, (list, tuple)) or hasattr(x, "shape"):
        return f"wrap probabilities and targets, {call('Predictions(probs, targets)')}"
    return f"make them from arrays, {call('Predictions(probs, targets)')}"


def check_predictions(
    x, # what was given
    who:str="evaluate", # the function that was called, for the message
    some:bool=True, # refuse Predictions without images or labels
):
    "`x` if it is Predictions; otherwise a TypeError that says what to pass."
    if not _is_predictions(x):
        said = _instead(x, lambda inner: f"{who}({inner})")
        raise TypeError(f"{who} was given {_kind(x)}, and it takes Predictions: {said}.")
    if some and not x.probs.size:
        raise ValueError(f"there is nothing to score: {x!r} has no images or no labels.")
    return x


def _kind(x):
    if isinstance(x, str):
        return f"the string {x!r}"
    name = type(x).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def check_sweep(
    x, # what was given
    who:str, # the function that was called, for the message
):
    "`x` if it is a table of `sweep`; otherwise a TypeError or ValueError that says what to pass."
    if _is_predictions(x):
        raise TypeError(f"{who} was given Predictions, and it takes a table of scores: "
                        f"{who}(sweep(predictions)).")
    if not hasattr(x, "columns"):
        said = _instead(x, lambda inner: f"{who}(sweep({inner}))")
        raise TypeError(f"{who} was given {_kind(x)}, and it takes a table from `sweep`: {said}.")
    if list(x.columns)[:1] != ["threshold"] or x.shape[1] != 2 or not len(x):
        raise ValueError(f"expected a table from `sweep` (columns threshold and one score), not one "
                         f"with the columns {list(x.columns)} and {len(x)} rows.")
    return x


# ---- torch tensors -------------------------------------------------------------------------------
def _plain(x, name):
    "A torch tensor without subclass; half precision becomes float32."
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(x, torch.Tensor):
        raise TypeError(
            f"{name} is {_kind(x)}: expected a torch tensor, so pass torch.as_tensor({name}). "
            "For NumPy arrays of probabilities there is evaluate(Predictions(probs, targets)).")
    x = x.detach().as_subclass(torch.Tensor)
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def check_cells(
    inp, # logits, or probabilities with `sigmoid=False`: a torch tensor
    targ, # 0 or 1: a torch tensor of the same shape
    sigmoid:bool, # whether `inp` holds logits
): # two plain tensors: float, and bool
    "The two arguments of `accuracy_multi`, looked at."
    inp, targ = _plain(inp, "inp"), _plain(targ, "targ")
    if inp.shape != targ.shape:
        raise ValueError(
            f"inp has shape {tuple(inp.shape)} and targ has shape {tuple(targ.shape)}: accuracy_multi "
            "compares cell by cell and needs one multi-hot target per prediction, so give both the "
            "same shape [N, C].")
    if not inp.numel():
        raise ValueError(f"inp is empty, with shape {tuple(inp.shape)}: the share of right cells "
                         "among none is not defined.")
    if sigmoid and not inp.is_floating_point():
        raise TypeError(f"inp holds {inp.dtype}: expected logits, the floating-point numbers that "
                        "the model puts out. For decisions of 0 and 1 pass sigmoid=False.")
    return _finite_or_share(inp, sigmoid), _zero_or_one(targ)


def _finite_or_share(inp, sigmoid):
    if sigmoid and not bool(inp.isfinite().all()):
        raise ValueError("inp has NaN or infinite logits: the network has diverged. Lower the "
                         "learning rate, or look for NaN in the images.")
    if not sigmoid and not bool(((inp >= 0) & (inp <= 1)).all()):
        raise ValueError(
            "inp has values outside [0, 1] (or NaN), so it doesn't hold probabilities: leave out "
            "sigmoid=False, and accuracy_multi applies the sigmoid to your logits.")
    return inp if inp.is_floating_point() else inp.float()


def _zero_or_one(targ):
    if str(targ.dtype) == "torch.bool":
        return targ
    ok = (targ == 0) | (targ == 1)
    if not bool(ok.all()):
        value = targ[~ok][0].item()
        raise ValueError(f"targ must be 0 or 1 in every cell, but one is {value:.6g}: "
                         f"{hint_for_target(value).replace('targets', 'targ')}.")
    return targ.bool()


def check_cell_thresh(
    thresh, # a number, or one number per label: list, array or tensor
    inp, # the tensor that it will be compared with
): # a number or a tensor [C], where `inp` is
    "The threshold of `accuracy_multi`, looked at."
    if by_label(thresh):
        in_vocab_order(thresh, None)
    t = check_thresh(thresh, inp.shape[-1], np.float64)
    return inp.new_tensor(t) if t.ndim else float(t)
