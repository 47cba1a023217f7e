"Exercise 4 of lesson 01: which labels also?"

import numpy as np

from .._core import Mistake, Right, diagnose
from .._names import called


def share_that_also(answer) -> Right:
    "Exercise 4: share_that_also(targets) gives [C, C]: the share of the images with label i that also have label j."
    what = called(answer, "my_share_that_also")

    def shares(t, per=None, dtype=int):
        t = t.astype(dtype) if dtype else t
        pairs = t.T @ t
        with np.errstate(all="ignore"):
            return pairs / (np.diag(pairs)[:, None] if per is None else per(t, pairs))

    def diagonal(x, value):
        np.fill_diagonal(x, value)
        return x

    summed = lambda t, pairs: t.sum(0)[:, None]
    boolean = "the counts aren't counts: the product of two boolean arrays is boolean. Turn the targets into numbers first."
    wraps = "the counts start again at 0 after 255: an 8-bit integer holds no more. Turn the targets into a larger type before you multiply."
    columns = "you divide by the column's count, so cell (i, j) says which share of the images with j has i. Each row has to be divided by its own count."
    rng = np.random.default_rng(3)
    common = rng.random((12, 4)) < [0.8, 0.3, 0.5, 0.6]
    many = (rng.random((300, 3)) < [0.95, 0.5, 0.9]).astype(np.uint8)
    absent = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 0]], dtype=bool)
    diagnose(
        answer,
        shares,
        [
            Mistake(columns, lambda t: shares(t, lambda t, pairs: np.diag(pairs))),
            Mistake(
                "you divide by the number of all images. The question is about the images with label i only, so divide by how many there are of these.",
                lambda t: shares(t, lambda t, pairs: len(t)),
            ),
            Mistake(
                "these are counts, not shares: divide every row by the number of images with its label.",
                lambda t: shares(t, lambda t, pairs: 1),
            ),
            Mistake(
                "you divide by the row's sum, which counts an image once for each of its labels. Divide by the number of images with label i.",
                lambda t: shares(t, lambda t, pairs: pairs.sum(1, keepdims=True)),
            ),
            Mistake(
                "the diagonal is empty. That is for the map in the lesson; here it is 1, as every image with label i has label i.",
                lambda t: diagonal(shares(t), np.nan),
            ),
            Mistake(
                "the diagonal is 0, and should be 1, as every image with label i has label i.",
                lambda t: diagonal(shares(t), 0),
            ),
            *(
                Mistake(says, lambda t, per=per, dtype=dtype: shares(t, per, dtype))
                for dtype, says in ((None, boolean), (np.uint8, wraps))
                for per in (None, summed)
            ),
        ],
        [(common,), (many,)],
        what,
        names=[
            "a boolean table of 12 images and 4 labels",
            "a uint8 table of 300 images and 3 labels",
        ],
    )
    right = lambda t: np.nan_to_num(shares(t))
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "a label that no image has gives NaN, from 0 divided by 0. Its row should be 0: one NaN would spoil every mean and maximum taken later.",
                shares,
            ),
            Mistake(
                "the diagonal is 1 even for a label that no image has: its whole row should be 0.",
                lambda t: diagonal(right(t), 1),
            ),
        ],
        [(absent,)],
        what,
        praise="Right: every row is divided by its own count, and a label that nobody has stays at 0.",
    )
