"Multi-hot targets as arrays: what every function of the course that takes targets looks at first."
import numpy as np


def as_array(
    x, # an array, nested lists, a DataFrame, or a tensor of PyTorch or TensorFlow, on any device
    name:str, # what the caller calls it, for the message
) -> np.ndarray: # its values; bfloat16 becomes float32
    "`x` as a NumPy array, or a TypeError that says how to get one."
    try:
        if hasattr(x, "detach"):
            x = x.detach().cpu()
            x = x.float() if str(x.dtype) == "torch.bfloat16" else x
        elif hasattr(x, "to_numpy") and hasattr(x, "dtypes") and hasattr(x, "columns"):
            numbers = all(getattr(o, "kind", "O") in "biuf" for o in x.dtypes)
            x = x.to_numpy(dtype=float, na_value=np.nan) if numbers and len(x.columns) else x
        a = np.asarray(x)
    except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError) as e:
        raise TypeError(
            f"{name} can't be read as a NumPy array ({e}): pass an array [N, C], a DataFrame, or a "
            "torch or TensorFlow tensor that holds values; rows of different lengths "
            "are none.") from None
    return a.astype(np.float32) if a.dtype.name == "bfloat16" else a


def hint_for_target(
    value, # a target that is neither 0 nor 1
) -> str: # what it probably is, and what to do
    "The second half of a refusal."
    value = float(value)
    if np.isnan(value):
        return "a missing label has to be decided, or its row left out"
    if value == -1:
        return "where -1 means no, pass (targets == 1); where it means unknown, leave the row out"
    if 0 < value < 1:
        return "smoothed targets and probabilities have to pass a threshold first, (targets > 0.5)"
    return "class numbers have to become multi-hot rows first; multi_hot(labels, vocab) makes them"


def check_targets(
    targets, # [N, C], 0 or 1: bool, integer or float
    name:str="targets", # what the caller calls it, for the message
) -> np.ndarray: # bool [N, C]
    "Targets as a bool array; ValueError for any value but 0 and 1, TypeError for no numbers."
    t = as_array(targets, name)
    if t.ndim != 2:
        raise ValueError(
            f"{name} has shape {t.shape}: expected [N, C], one row per image and one column per "
            "label, as multi_hot makes them.")
    if t.dtype == bool:
        return t
    if t.dtype.kind not in "iuf":
        raise TypeError(
            f"{name} holds {t.dtype}, expected a multi-hot array of 0 and 1 [N, C]: "
            "multi_hot(labels, vocab) makes one from lists of label names.")
    ok = (t == 0) | (t == 1)
    if not ok.all():
        row, col = np.argwhere(~ok)[0]
        raise ValueError(
            f"{name} must be 0 or 1 (a multi-hot row per image), but row {row}, column {col} is "
            f"{t[row, col]}: {hint_for_target(t[row, col])}.")
    return t.astype(bool)
