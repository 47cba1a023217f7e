"Exercise: the worst cells."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, converted, diagnose, function, plain
from .._names import called


def _loss(p, t):
    return -np.where(t, np.log(p), np.log(1 - p))


def worst_cells(answer) -> Right:
    """Exercise 1: worst_cells(probs, targets, k) -> list of k pairs (row, column), the highest
    binary cross-entropy first.
    """
    what = called(answer, "my_worst")
    rng = np.random.default_rng(3)

    def case(n, c, k):
        t = rng.random((n, c)) < 0.35
        p = np.linspace(0.02, 0.97, n * c)
        rng.shuffle(p)
        return p.reshape(n, c), t, k

    few = np.array([[0.9, 0.55], [0.05, 0.4]]), np.array([[False, True], [True, False]])
    cases = [case(5, 3, 4), case(8, 4, 6), case(3, 6, 1), (*few, 2)]

    def pairs(order):
        def f(p, t, k):
            s = order(p, t)
            return [
                [int(i) // p.shape[1], int(i) % p.shape[1]]
                for i in np.argsort(-s.ravel(), kind="stable")[:k]
            ]

        return f

    right = pairs(_loss)
    as_pairs = lambda got: (
        [[int(v) for v in o] for o in plain(got)]
        if not isinstance(plain(got), (str, dict)) and np.ndim(plain(got)) == 2
        else got
    )
    return diagnose(
        converted(function(answer, what), as_pairs),
        right,
        [
            Mistake(
                "these are the cells with the lowest loss. Either the sorting is the wrong way "
                "round, or the two branches of the loss are exchanged: a cell costs -log(p) "
                "where the label is there, and -log(1 - p) where it isn't.",
                pairs(lambda p, t: -_loss(p, t)),
            ),
            Mistake(
                "the cells are right, and in rising order: the worst comes first.",
                lambda p, t, k: right(p, t, k)[::-1],
            ),
            Mistake(
                "only labels that the model predicts (above 0.5) are in your list. A label "
                "that is there and was given a probability near 0 costs as much as a false "
                "alarm, and is missing.",
                pairs(lambda p, t: np.where(p > 0.5, _loss(p, t), -1)),
            ),
            Mistake(
                "only labels that are there are in your list. A label that isn't there and was "
                "given a high probability costs just as much.",
                pairs(lambda p, t: np.where(t, _loss(p, t), -1)),
            ),
            Mistake(
                "only labels that aren't there are in your list. A label that is there and was "
                "given a low probability costs just as much.",
                pairs(lambda p, t: np.where(t, -1, _loss(p, t))),
            ),
            Mistake(
                "these are the cells with the highest probability; the target isn't asked. A "
                "high probability is a mistake only where the label isn't there.",
                pairs(lambda p, t: p),
            ),
            Mistake(
                "these are the cells of which the model is least sure. A probability near 0.5 "
                "costs little; the highest loss is where it was sure and wrong.",
                pairs(lambda p, t: -abs(p - 0.5)),
            ),
            Mistake(
                "rows and columns are exchanged: each pair is (row, column), the image first.",
                lambda p, t, k: [o[::-1] for o in right(p, t, k)],
            ),
            Mistake(
                "these are positions in the flattened array. divmod(i, probs.shape[1]) makes a "
                "pair (row, column) of each.",
                lambda p, t, k: [r * p.shape[1] + c for r, c in right(p, t, k)],
            ),
            Mistake(
                "all rows come first, then all columns, as np.unravel_index gives them. Make "
                "pairs: list(zip(rows, columns)).",
                lambda p, t, k: np.transpose(right(p, t, k)).tolist(),
            ),
            Mistake(
                "a position in the flattened array is divided by the number of images. Each row "
                "has as many cells as there are labels: divmod(i, probs.shape[1]).",
                lambda p, t, k: [
                    list(divmod(r * p.shape[1] + c, len(p))) for r, c in right(p, t, k)
                ],
            ),
            Mistake(
                "each image appears once, with its worst label. Two cells of one image may "
                "both be among the worst.",
                lambda p, t, k: [
                    [int(i), int(_loss(p, t)[i].argmax())]
                    for i in np.argsort(-_loss(p, t).max(1), kind="stable")[:k]
                ],
            ),
        ],
        cases,
        what,
        names=[f"{p.shape[0]} images, {p.shape[1]} labels, k = {k}" for p, _, k in cases],
        praise="Right: every cell by its own loss, the worst first, whether it is a miss or a "
        "false alarm.",
    )
