"""What a row and a vocab must be to stand in an ImageTable."""

import re
from difflib import get_close_matches

import numpy as np

from .pictures import row_sources
from .targets import ordered_names

SPLITS = ("train", "valid", "test")


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
    return names


def ones(df, columns):
    "Columns of 0 and 1 as bool [N, C]; anything else is refused as unknown."
    on = np.zeros((len(df), len(columns)), dtype=bool)
    for i, c in enumerate(columns):
        known = df[c].isin((0, 1))
        if not known.all():
            row = int(np.flatnonzero(~known)[0])
            raise ValueError(
                f"{row_sources(df)[row]}, column {c}: {df[c].iloc[row]!r} is neither 0 nor 1, so"
                f" it is"
                " unknown whether the image has the label. Drop such rows, or fill the cells in."
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
