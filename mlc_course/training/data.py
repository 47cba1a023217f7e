"""From a table to what a trainer needs: pixels of every image, and the certainty that there is
something to learn."""

import warnings

from mlc_course.pixels import cached_pixels


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
        gone = before.fnames(split) if before is not None and split in before.splits else []
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
            "Training needs both train and valid: the best epoch is chosen on valid."
        )


def decode_for_training(
    table,  # an `ImageTable`
    size: int,  # side of the square, in pixels
    on_error: str = "stop",  # one that can't be decoded: "stop", or "skip" it with a warning
    progress: bool = False,  # show a bar while decoding
) -> tuple:  # the table without the rows that were left out, uint8 [N, S, S, 3]
    """Every image decoded, after making sure that there are training and validation images,
    before and after."""
    check_splits(table)
    kept, images = cached_pixels(table, size, on_error, progress=progress)
    check_splits(kept, table)
    return kept, images


def left_out(
    before,  # an `ImageTable`
    after,  # what is left of it
) -> list:  # file names
    "The images that could not be decoded."
    there = set(after.fnames())
    return [o for o in before.fnames() if o not in there]


def training_support(
    table,  # an `ImageTable` with training images
) -> dict:  # label -> number of training images that show it
    """What there is to learn from. ValueError where no training image has any label; a warning
    names the labels without one."""
    counts = table.targets("train").sum(0)
    support = {label: int(n) for label, n in zip(table.vocab, counts)}
    if not any(support.values()):
        n = len(table.fnames("train"))
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
