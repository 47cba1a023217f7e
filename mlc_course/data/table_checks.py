"""What a row and a vocab must be to stand in an ImageTable."""

import re
from difflib import get_close_matches

import numpy as np
import pandas as pd

from .pictures import row_sources
from .targets import ordered_names

SPLITS = ("train", "valid", "test")
NOT_LABELS = {
    "id", "index", "level_0", "unnamed: 0", "group", "fold", "width", "height", "is_valid",
    "is_val", "is_test", "is_train", "split",
}  # fmt: skip


def safe_name(fname, source):
    "A file name as a posix path below the root; a path that leaves the root is refused."
    name = str(fname).strip().replace("\\", "/")
    if not name:
        raise ValueError(f"{source}: the file name is empty. Fill it in, or remove the row.")
    parts = [o for o in name.split("/") if o not in ("", ".")]
    if (
        not parts
        or name.startswith("/")
        or re.match("[A-Za-z]:", name)
        or ".." in parts
        or "\0" in name
    ):
        raise ValueError(
            f"{source}: {fname!r} points outside the folder of the images. Give a path relative to"
            f" that folder, without '..'."
        )
    return "/".join(parts)


def check_vocab(vocab):
    "The label names as a list, in the order given (a set is sorted); a name twice is refused."
    names = sorted(vocab) if isinstance(vocab, (set, frozenset)) else ordered_names(vocab)
    for i, o in enumerate(names):
        if not isinstance(o, str) or not o.strip():
            raise ValueError(f"vocab[{i}] is {o!r}; every label needs a name.")
    if len(set(names)) < len(names):
        twice = next(o for i, o in enumerate(names) if o in names[:i])
        raise ValueError(f"vocab names {twice!r} twice: a label has one column. Take one out.")
    return [str(o) for o in names]


def _may_be_label(cells):
    "Does a column hold 0 and 1, also with gaps, -1, text or shares among them?"
    known = cells[cells.notna()]
    if not len(known):
        return False
    numbers = pd.to_numeric(known, errors="coerce")
    share = ((numbers >= 0) & (numbers <= 1) | (numbers == -1)).mean()
    return bool(numbers.isin((0, 1)).any()) and share > 0.5 or bool((share == 1) and len(known) > 1)


def find_label_columns(df, taken):
    "The columns that hold 0 and 1, in order; one with other values too is refused by `ones`."
    rest = [c for c in df.columns if c not in taken and str(c).lower() not in NOT_LABELS]
    splits = [c for c in df.columns if str(c).lower() in ("is_valid", "is_val", "is_test")]
    if splits and "split" not in map(str, taken):
        raise ValueError(
            f"The column {splits[0]!r} says the split and is no label: write a column split of"
            " train, valid and test, or name the labels in label_columns."
        )
    found = [c for c in rest if _may_be_label(df[c])]
    if not found:
        raise ValueError("No column holds 0 and 1 only; name them in label_columns.")
    return found


def check_columns(df, wanted, label_columns):
    "Raise for a column that isn't there, or twice."
    twice = df.columns[df.columns.duplicated()]
    if len(twice):
        raise ValueError(f"The column {twice[0]!r} is there twice. Rename or remove one.")
    if isinstance(label_columns, str):
        raise TypeError(f"label_columns is the text {label_columns!r}; give a list of columns.")
    for c in wanted:
        if c not in df.columns:
            raise ValueError(
                f"There is no column {c!r}; the table has {', '.join(map(str, df.columns))}. Give"
                " the names of its columns: fname_column, split_column, label_columns."
            )


def row_numbers(which, n):
    "Row numbers as int64 [k]; one that no row has is refused."
    which = np.asarray(which)
    if which.ndim != 1:
        raise TypeError(f"which is {which!r}; give a list of row numbers, such as [0, 5].")
    which = which.astype(np.int64)
    if len(which) and not -n <= which.min() <= which.max() < n:
        odd = which.max() if which.max() >= n else which.min()
        raise IndexError(f"There is no row {odd}; the table has {n} rows, 0 to {n - 1}.")
    return which


def chosen_rows(which, n):
    "Row numbers int64 [k] of n rows, from a bool mask or row numbers."
    which = np.asarray(which)
    if which.dtype == bool and which.shape != (n,):
        raise ValueError(
            f"The mask has shape {which.shape}; the table has {n} rows, and needs one True or"
            " False for each."
        )
    if which.dtype.kind not in "biu" and which.size:
        raise TypeError(f"which holds {which.dtype}; give a split, a bool mask or row numbers.")
    return row_numbers(np.flatnonzero(which) if which.dtype == bool else which, n)


def ones(df, columns):
    "Columns of 0 and 1 as bool [N, C]; anything else is refused as unknown."
    on = np.zeros((len(df), len(columns)), dtype=bool)
    for i, c in enumerate(columns):
        known = df[c].isin((0, 1))
        if not known.all():
            row = int(np.flatnonzero(~known)[0])
            raise ValueError(
                f"{row_sources(df)[row]}, column {c}: {df[c].iloc[row]!r} is neither 0 nor 1, so "
                "it is unknown whether the image has the label. Drop such rows, or fill the cells "
                "in; if this column is no label, name those that are in label_columns."
            )
        on[:, i] = df[c].isin((1,))
    return on


def check_rows(df, vocab):
    "Raise for the first row that can't be a row of an ImageTable."
    known = None if vocab is None else set(vocab)
    seen = {}
    for fname, labels, split, source in zip(
        df["fname"], df["labels"], df["split"], row_sources(df)
    ):
        if not isinstance(labels, (list, tuple)):
            raise TypeError(
                f"{source}: labels is {labels!r}; expected a list of names, such as ['boat',"
                f" 'sun'], and [] for an image without labels."
            )
        for label in labels:
            if not isinstance(label, str) or not label.strip():
                raise ValueError(
                    f"{source}: {label!r} is not a label name. An image without labels has an"
                    f" empty list; ''.split(' ') gives [''], ''.split() gives []."
                )
            if known is not None and label not in known:
                near = get_close_matches(label, sorted(known), n=1)
                raise ValueError(
                    f"{source}: the label {label!r} of {fname} is not in the vocab."
                    + (f" Did you mean {near[0]!r}?" if near else "")
                    + " Correct it, or add it to the vocab."
                )
        if split not in SPLITS:
            raise ValueError(
                f"{source}: the split of {fname} is {split!r}; it must be one of"
                f" {', '.join(SPLITS)}."
            )
        if fname in seen:
            raise ValueError(
                f"{source} names {fname}, and so does {seen[fname]}. Each image has one row: merge"
                f" or remove one of the two."
            )
        seen[fname] = source


def require_split(
    data,  # an ImageTable or a Decoded
    split: str,  # "train", "valid" or "test"
):
    "The one sentence about a split that isn't there."
    if split not in data.splits:
        have = ", ".join(data.splits) or "no rows"
        can = split == "valid" and "train" in data.splits
        more = " table.hold_out() makes a valid split." * can
        raise ValueError(f"The table {data.name!r} has no split {split!r}; it has {have}.{more}")


def require_vocab(
    vocab,  # the labels of a model, in the order of its outputs
    data,  # an ImageTable or a Decoded
):
    "The one sentence about labels that aren't a model's, or in another order."
    if list(vocab) == list(data.vocab):
        return
    mine, theirs = (", ".join(list(o)[:3]) + ", ..." * (len(o) > 3) for o in (vocab, data.vocab))
    alone = next((o for o in data.vocab if o not in set(vocab)), None)
    lacking = next((o for o in vocab if o not in set(data.vocab)), None)
    odd = "" if alone is None else f" Only the table has {alone!r}."
    odd += "" if lacking is None else f" Only the model has {lacking!r}."
    raise ValueError(
        f"The model knows the labels {mine} ({len(vocab)}) and the table has {theirs} "
        f"({len(data.vocab)}), or in another order.{odd} Give the table the model's vocab: "
        "ImageTable(..., vocab=list(model.vocab))."
    )
