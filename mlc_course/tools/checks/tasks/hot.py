"Exercise 3 of lesson 01: multi-hot targets."

import numpy as np

from .._core import Mistake, Right, Wrong, call, diagnose, show
from .._names import called


def to_multi_hot(answer) -> Right:
    "Exercise 3: to_multi_hot(labels, vocab) gives [N, C], and raises ValueError for a label that isn't in the vocab."
    what, vocab = called(answer, "my_to_multi_hot"), ["stars", "boat", "starship", "moon"]
    right = lambda labels, vocab: np.array([[name in row for name in vocab] for row in labels])
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the columns are in alphabetical order. They have to follow the vocab as it was given, or every number is read under another label's name.",
                lambda labels, vocab: right(labels, sorted(vocab)),
            ),
            Mistake(
                "'star' counts as found where the label is 'starship': `in` on a string looks for a part of it. Compare whole labels, in a list.",
                lambda labels, vocab: np.array(
                    [[name in " ".join(row) for name in vocab] for row in labels]
                ),
            ),
            Mistake(
                "a label that is named twice gives a 2. A target is yes or no, so set the cell, don't add to it.",
                lambda labels, vocab: np.array(
                    [[list(row).count(name) for name in vocab] for row in labels]
                ),
            ),
            Mistake(
                "the rows of images without labels are missing, so all later rows belong to the wrong image. Such an image has a row of zeros.",
                lambda labels, vocab: right([row for row in labels if row], vocab),
            ),
            Mistake(
                "the table lies on its side: one row per image, one column per label.",
                lambda labels, vocab: right(labels, vocab).T,
            ),
            Mistake(
                "all rows are the same. `[[0] * C] * N` makes one row and repeats it, so what you set in one is set in all: make a new row for each image.",
                lambda labels, vocab: [
                    [any(name in row for row in labels) for name in vocab] for _ in labels
                ],
            ),
            Mistake(
                "these are column numbers. A multi-hot row has one yes or no for every label of the vocab, so that all rows are equally long.",
                lambda labels, vocab: [[vocab.index(name) for name in row] for row in labels],
            ),
        ],
        [
            ([["moon", "boat"], [], ["stars"]], ["stars", "boat", "moon"]),
            ([["starship"], ["star", "boat"]], ["starship", "star", "boat"]),
            ([["moon", "moon"], [], ["boat", "stars", "starship"], ["stars"], []], vocab),
        ],
        what,
    )
    for labels, bad in (
        ([["moon"], ["mooon"]], "mooon"),
        ([["boat", "star"]], "star"),
        ([[""], ["boat"]], ""),
    ):
        given = f"It was called with {show(labels)} and the vocab {show(vocab)}."
        try:
            got = call(answer, (labels, vocab))
        except ValueError as e:
            if bad not in str(e):
                raise Wrong(
                    f"{what}: it raises a ValueError, as it should, but the message, {str(e)!r}, doesn't name the unknown label. {given}"
                ) from e
        except Exception as e:
            raise Wrong(
                f"{what}: an unknown label is refused, but with {type(e).__name__}: {e}. "
                f"Raise a ValueError that says which label isn't in the vocab. {given}"
            ) from e
        else:
            raise Wrong(
                f"{what}: the unknown label {bad!r} is dropped without a word, and its image becomes an example of not having it. "
                f"Raise a ValueError that names it. {given} Your result was {show(got)}."
            )
    return Right(
        "Right: a row for every image, a column for every label, and no label lost in silence."
    )
