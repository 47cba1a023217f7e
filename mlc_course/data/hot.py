"Multi-hot targets: made from label lists, read back, and counted."

from difflib import get_close_matches

import numpy as np

from .targets import as_array, check_targets, ordered_names, refuse_tables


def check_vocab(
    vocab,  # what was given as the list of label names
) -> list:  # distinct, non-empty strings
    "The vocab as a list, or a sentence that says what is wrong with it."
    if isinstance(vocab, (str, bytes)):
        raise TypeError(
            f"vocab is the string {vocab!r}: expected a list of label names. "
            f"Write [{vocab!r}] if there is one label only."
        )
    vocab = ordered_names(vocab)
    if not vocab:
        raise ValueError(
            "vocab is empty: give the list of label names, in the order that the columns shall "
            "have."
        )
    for i, name in enumerate(vocab):
        _check_name(f"vocab[{i}]", name)
    if len(set(vocab)) < len(vocab):
        twice = next(o for i, o in enumerate(vocab) if o in vocab[:i])
        raise ValueError(
            f"vocab names {twice!r} more than once: every label has one column, so give each name "
            "once."
        )
    return vocab


def _check_name(where, name):
    if not isinstance(name, str):
        said = f"{where} is {name!r} ({type(name).__name__})"
        raise TypeError(f"{said}: label names must be strings.")
    if not name.strip():
        raise ValueError(
            f"{where} is {name!r}: a label needs a name. An image without labels has an empty "
            f"list, not a label called {name!r}."
        )


def _row_of_names(i, row):
    "One row of label lists as a list; TypeError for a string and for what is no list."
    if isinstance(row, (str, bytes)):
        raise TypeError(
            f"row {i} of labels is the string {row!r}, not a list: a string would be read letter "
            f"by letter. Write [{row!r}], or {row!r}.split() if it holds several labels."
        )
    try:
        return list(row)
    except TypeError:
        raise TypeError(
            f"row {i} of labels is {row!r} ({type(row).__name__}): expected a list of label "
            "names; an image without labels has an empty list."
        ) from None


def _refuse_name(i, name, index):
    "Raise the error that describes a name that isn't in the vocab."
    where = f"row {i} of labels holds"
    if not isinstance(name, str):
        said = f"{where} {name!r} ({type(name).__name__})"
        raise TypeError(f"{said}: label names must be strings.")
    if not name.strip():
        raise ValueError(
            f"{where} the empty label {name!r}. It often comes from ''.split(' '), which is [''] "
            "and not []: use ''.split(), or an empty list for an image without labels."
        )
    stripped = name.strip()
    near = [stripped] if stripped in index else get_close_matches(name, list(index), n=1)
    first = ", ".join(map(repr, list(index)[:3]))
    hint = (
        f"Did you mean {near[0]!r}?"
        if near
        else f"The vocab has {len(index)} labels, starting with {first}."
    )
    raise ValueError(
        f"{where} {name!r}, which is not in the vocab. {hint} "
        "Correct the row, or add the label to the vocab."
    )


def _explain_labels(labels, index):
    "Raise the error that describes the first bad label."
    for i, row in enumerate(labels):
        for name in _row_of_names(i, row):
            if not isinstance(name, str) or name not in index:
                _refuse_name(i, name, index)


def multi_hot(
    labels,  # one list of label names per image; an empty list for an image without labels
    vocab,  # C label names, in column order
) -> np.ndarray:  # bool [N, C], True where the image has the label
    "Multi-hot targets: one row per image, one column per label."
    index = {name: i for i, name in enumerate(check_vocab(vocab))}
    refuse_tables(labels, "labels")
    if isinstance(labels, (str, bytes)):
        raise TypeError(
            f"labels is the string {labels!r}: expected a list with one list of label names per "
            f"image, for example [[{labels!r}], []]."
        )
    labels = list(labels)
    if any(issubclass(t, (str, bytes)) for t in set(map(type, labels))):
        _explain_labels(labels, index)
    try:
        cols = np.array([index[name] for row in labels for name in row], dtype=np.intp)
        rows = np.repeat(np.arange(len(labels)), np.array([len(r) for r in labels], dtype=np.intp))
    except (KeyError, TypeError):
        _explain_labels(labels, index)
        raise
    targets = np.zeros((len(labels), len(index)), dtype=bool)
    targets[rows, cols] = True
    return targets


def label_names(
    row,  # one multi-hot row [C]: bool, or 0 and 1
    vocab,  # C label names, in column order
) -> list:  # the names whose column is on, in vocab order
    "Read a multi-hot row back as label names."
    vocab, row = ordered_names(vocab), as_array(row, "row")
    if row.shape != (len(vocab),):
        raise ValueError(
            f"row has shape {row.shape} and the vocab has {len(vocab)} labels: give one row, with "
            "one number per label."
        )
    return [vocab[i] for i in np.flatnonzero(check_targets(row[None], "row")[0])]


def label_counts(
    targets,  # multi-hot [N, C]
    vocab,  # C label names, in column order
):  # pd.Series: images per label, the most frequent first
    "How many images have each label."
    import pandas as pd

    targets, vocab = check_targets(targets), check_vocab(vocab)
    if targets.shape[1] != len(vocab):
        raise ValueError(
            f"targets has {targets.shape[1]} columns and the vocab has {len(vocab)} labels: they "
            "must be the same."
        )
    counts = pd.Series(targets.sum(0), index=pd.Index(vocab, name="label"), name="images")
    return counts.sort_values(ascending=False, kind="stable")


def cooccurrence(
    targets,  # multi-hot [N, C]
) -> np.ndarray:  # int64 [C, C]: images that have both labels; the diagonal holds the counts
    "How often two labels are in the same image."
    targets = check_targets(targets)
    total = np.zeros((targets.shape[1],) * 2, dtype=np.int64)
    for i in range(0, len(targets), 65536):  # float32 counts exactly up to 2**24, and is fast
        block = targets[i : i + 65536].astype(np.float32)
        total += (block.T @ block).astype(np.int64)
    return total


def pairs_and_chance(
    targets,  # multi-hot [N, C]
    vocab,  # C label names, in column order
):  # pd.DataFrame: one, other, together (images), chance (images expected), times (their ratio)
    "Each pair of labels: in how many images they meet, and in how many they would by chance."
    import pandas as pd

    pairs, names = cooccurrence(targets), np.array(check_vocab(vocab))
    i, j = np.tril_indices(len(names), -1)
    counts = np.diag(pairs)
    together, chance = pairs[i, j], counts[i] * counts[j] / max(len(targets), 1)
    times = np.where(chance > 0, together / np.maximum(chance, 1e-9), np.nan)
    columns = dict(one=names[i], other=names[j], together=together, chance=chance, times=times)
    return pd.DataFrame(columns)


def cardinality(
    targets,  # multi-hot [N, C]
) -> float:  # labels per image, on average
    "The average number of labels of an image."
    targets = check_targets(targets)
    if not len(targets):
        raise ValueError(
            "targets has no rows: the average number of labels of no images is not defined."
        )
    return targets.sum() / len(targets)


def density(
    targets,  # multi-hot [N, C]
) -> float:  # share of cells that are on, in [0, 1]
    "Cardinality divided by the number of labels in the vocab."
    return cardinality(targets) / np.shape(targets)[1]
