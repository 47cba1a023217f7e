"""From a table to what a trainer needs: pixels of every image, and the certainty that there is
something to learn."""

import warnings

from mlc_course.data.decoded import Decoded, decode


def some(
    names,  # of files or labels
    n: int = 3,  # how many are told
) -> str:  # "a, b, c, and 22 more"
    "The first names, and how many more there are."
    names = [str(o) for o in names]
    return ", ".join(names[:n]) + (f", and {len(names) - n} more" if len(names) > n else "")


def check_splits(
    table,  # an `ImageTable`
    before=None,  # the table before images were left out
):
    "ValueError where training or validation images are missing, or none of them could be decoded."
    for split in ("train", "valid"):
        if split in table.splits:
            continue
        gone = names_of(before, split) if before is not None and split in before.splits else []
        if gone:
            raise ValueError(
                f"None of the {len(gone)} images in split {split!r} can be decoded "
                f"({some(gone)}), so leaving them out leaves no rows in split {split!r}. "
                "Training needs both train and valid: put whole files in their place, or "
                "split the table anew."
            )
        raise ValueError(
            f"The table {table.name!r} has no rows in split {split!r} (it has "
            f"{', '.join(table.splits)}). "
            "Training needs both train and valid: the best epoch is chosen on valid, never on test."
        )


def decode_for_training(
    table,  # an `ImageTable`, or a `Decoded`
    size: int,  # side of the square, in pixels
    on_error: str = "stop",  # one that can't be decoded: "stop", or "skip" it with a warning
    progress: bool = False,  # show a bar while decoding
) -> Decoded:  # without the rows that were left out
    """Every image decoded, after making sure that there are training and validation images,
    before and after."""
    check_on_error(on_error)
    check_splits(table)
    data = decode(table, size, on_error, progress)
    check_splits(data, table)
    return data


def check_on_error(on_error):
    "ValueError unless it is a word that the decoder knows."
    if on_error not in ("stop", "skip"):
        raise ValueError(
            f"on_error is {on_error!r}; choose 'stop' (an error names the bad file) or 'skip' "
            "(leave it out with a warning)."
        )


def left_out(
    before,  # an `ImageTable`
    after,  # what is left of it
) -> list:  # file names
    "The images that could not be decoded."
    there = set(names_of(after))
    return [o for o in names_of(before) if o not in there]


def names_of(
    data,  # an `ImageTable` or a Decoded
    split=None,  # one split, or all
) -> list:
    "File names, in order."
    if isinstance(data, Decoded):
        return (data if split is None else data.split(split)).fnames
    return data.fnames(split)


def targets_of(
    data,  # an `ImageTable` or a Decoded
    split,  # "train", "valid" or "test"
):  # bool [N, C]
    "Multi-hot rows of a split."
    return data.targets[data.rows(split)] if isinstance(data, Decoded) else data.targets(split)


def training_support(
    table,  # an `ImageTable` or a `Decoded`, with training images
) -> dict:  # label -> number of training images that show it
    """What there is to learn from. ValueError where no training image has any label; a warning
    names the labels without one."""
    targets = targets_of(table, "train")
    counts = targets.sum(0)
    support = {label: int(n) for label, n in zip(table.vocab, counts)}
    if not any(support.values()):
        n = len(targets)
        raise ValueError(
            f"There is nothing to learn: no training image of {table.name!r} has a label "
            f"({n} images, {len(support)} labels in the vocab). "
            "Look at its label column and its splits (mlc data shows both)."
        )
    note = without_training_image(support)
    if note:
        warnings.warn(note, stacklevel=4)
    return support


def without_training_image(
    support: dict,  # label -> number of training images that show it
) -> str:  # a sentence, or "" where each label has one
    "Names the labels that can't be learned."
    none = [label for label, n in support.items() if n == 0]
    if not none:
        return ""
    return (
        f"No training image shows: {some(none, 8)}. What the network says about "
        f"{'this label' if len(none) == 1 else 'these labels'} means nothing."
    )
