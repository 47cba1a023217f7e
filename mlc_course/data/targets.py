"Multi-hot targets as arrays: what every function of the course that takes targets looks at first."

import numpy as np


def _instead(x, name):
    """What to pass in place of an object of the course that holds such arrays; None for anything
    else.
    """
    if all(hasattr(x, o) for o in ("probs", "targets", "vocab", "fnames")):
        return (
            f"{name} is Predictions: pass predictions.{name}"
            if name in ("probs", "targets")
            else f"{name} is Predictions: pass one of its arrays, predictions.probs or .targets"
        )
    if hasattr(x, "splits") and hasattr(x, "df"):
        return (
            f"{name} is an ImageTable: pass table.targets(), or table.targets('train') for one "
            "split, and table.vocab where names are asked for"
        )
    if isinstance(getattr(x, "predictions", x), dict) and x:
        return f"{name} is {type(x).__name__}: pass an array [N, C], such as that of one split"
    return None


def refuse_tables(
    x,  # what was given
    name: str,  # what the caller calls it, for the message
):
    "TypeError that says what to pass, for an object of the course that holds such arrays."
    if name == "labels" and hasattr(x, "splits") and hasattr(x, "df"):
        raise TypeError(
            "labels is an ImageTable: pass list(table.df['labels']), or take "
            "table.targets(), which is multi-hot already."
        )
    if instead := _instead(x, name):
        raise TypeError(f"{instead}.")


def _refuse_names(x, name):
    "TypeError for rows of label names, which have to become multi-hot first."
    rows = x[:100] if isinstance(x, (list, tuple)) else ()
    if any(isinstance(o, str) for row in rows if isinstance(row, (list, tuple, set)) for o in row):
        raise TypeError(
            f"{name} holds lists of label names, and a multi-hot row for each is "
            "expected: multi_hot(labels, vocab) makes them."
        )


def _dense(x, name):
    "Sparse arrays in full; masked ones only where nothing is masked."
    if isinstance(x, np.ma.MaskedArray):
        if np.ma.is_masked(x):
            raise ValueError(
                f"{name} has {int(np.ma.count_masked(x))} masked cells: a missing "
                "value has to be decided, or its row left out."
            )
        return x.data
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        return x.toarray()
    return x


def as_array(
    x,  # an array, nested lists, a DataFrame, a sparse matrix, or a tensor of PyTorch or TensorFlow
    name: str,  # what the caller calls it, for the message
) -> np.ndarray:  # its values; bfloat16 becomes float32
    "`x` as a NumPy array, or a TypeError that says how to get one; ValueError for masked cells."
    if type(x) is np.ndarray and x.dtype.kind in "biuf":
        return x
    refuse_tables(x, name)
    x = _dense(x, name)
    _refuse_names(x, name)
    try:
        if hasattr(x, "detach"):
            x = x.detach().cpu()
            sparse = str(getattr(x, "layout", "torch.strided")) != "torch.strided"
            x = x.to_dense() if sparse else x
            x = x.float() if str(x.dtype) == "torch.bfloat16" else x
        elif hasattr(x, "to_numpy") and hasattr(x, "dtypes") and hasattr(x, "columns"):
            numbers = all(getattr(o, "kind", "O") in "biuf" for o in x.dtypes)
            x = x.to_numpy(dtype=float, na_value=np.nan) if numbers and len(x.columns) else x
        a = np.asarray(x)
    except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError) as e:
        raise TypeError(
            f"{name} can't be read as a NumPy array ({e}): pass an array [N, C], a DataFrame, or "
            "a torch or TensorFlow tensor that holds values; rows of different lengths are none."
        ) from None
    if a.dtype == object and not a.ndim:
        said = "None" if x is None else f"of the type {type(x).__name__}"
        raise TypeError(
            f"{name} is {said}: pass an array [N, C], a DataFrame, or a torch or TensorFlow tensor."
        )
    return a.astype(np.float32) if a.dtype.name == "bfloat16" else a


def ordered_names(
    names,  # names in column order; or {name: column}, or {column: name}
    what: str = "vocab",  # what the caller calls them, for the message
) -> list:  # the names, in column order
    "Names whose order is known. TypeError for a set, whose order is chance, and for other dicts."
    if isinstance(names, (set, frozenset)):
        raise TypeError(
            f"{what} is a set, and a set has no order: give a list of names in the "
            f"order of the columns, such as sorted({what}) if that is it."
        )
    if not isinstance(names, dict):
        return list(names)
    columns = list(range(len(names)))
    for by_column in (
        {v: k for k, v in names.items() if not isinstance(v, (dict, list, set))},
        names,
    ):
        if sorted(map(str, by_column)) == sorted(map(str, columns)):
            return [by_column.get(i, by_column.get(str(i))) for i in columns]
    raise TypeError(
        f"{what} is a dict that doesn't number its names from 0 to {len(names) - 1}: "
        "give a list of names in the order of the columns."
    )


def hint_for_target(
    value,  # a target that is neither 0 nor 1
) -> str:  # what it probably is, and what to do
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
    targets,  # [N, C], 0 or 1: bool, integer or float
    name: str = "targets",  # what the caller calls it, for the message
) -> np.ndarray:  # bool [N, C]
    "Targets as a bool array; ValueError for any value but 0 and 1, TypeError for no numbers."
    t = as_array(targets, name)
    if t.ndim != 2:
        raise ValueError(
            f"{name} has shape {t.shape}: expected [N, C], one row per image and one column per "
            "label, as multi_hot makes them."
        )
    if t.dtype == bool:
        return t
    if t.dtype.kind not in "iuf":
        raise TypeError(
            f"{name} holds {t.dtype}, expected a multi-hot array of 0 and 1 [N, C]: "
            "multi_hot(labels, vocab) makes one from lists of label names."
        )
    ok = (t == 0) | (t == 1)
    if not ok.all():
        row, col = np.argwhere(~ok)[0]
        raise ValueError(
            f"{name} must be 0 or 1 (a multi-hot row per image), but row {row}, column {col} is "
            f"{t[row, col]}: {hint_for_target(t[row, col])}."
        )
    return t.astype(bool)
