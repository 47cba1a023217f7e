"Exercise: how well unknown images are told from known ones."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, function
from .._names import called


def auroc(answer) -> Right:
    """Exercise 3: auroc(known, unknown) -> the chance that a known score is higher than an unknown
    one, ties counted half.
    """
    what, a = called(answer, "my_auroc"), lambda *v: np.array(v, dtype=float)
    clear = [
        (a(0.9, 0.7, 0.4), a(0.6, 0.1)),
        (a(0.8, 0.3, 0.2, 0.65), a(0.5, 0.1, 0.7, 0.25, 0.45)),
        (a(0.35), a(0.2, 0.6, 0.9)),
    ]
    tied = [(a(0.9, 0.5, 0.5, 0.5), a(0.5, 0.1, 0.5)), (a(1, 1, 0.2), a(1, 0.2))]
    pairs = lambda k, u: k[:, None] - u[None]
    right = lambda k, u: (pairs(k, u) > 0).mean() + (pairs(k, u) == 0).mean() / 2

    def trapezoid(k, u, flip=False):
        s, y = np.r_[k, u], np.r_[np.ones(len(k)), np.zeros(len(u))]
        y = y[np.argsort(-s, kind="stable")]
        return float((np.cumsum(y) * (1 - y)).sum() / (len(k) * len(u)))

    function(answer, what)
    wrong_way = (
        "the sign is swapped: yours is the chance that the unknown image scores higher. 1 has to "
        "mean perfect separation, so count where the known one is above."
    )
    diagnose(
        answer,
        right,
        [
            Mistake(wrong_way, lambda k, u: 1 - right(k, u)),
            Mistake(
                "this is accuracy at the threshold 0.5. AUROC has no threshold: compare every "
                "known score with every unknown one.",
                lambda k, u: np.r_[k > 0.5, u <= 0.5].mean(),
            ),
            Mistake(
                "you compare only those that stand in the same place of the two lists. Every "
                "known score meets every unknown one.",
                lambda k, u: float(np.mean([x > y for x, y in zip(k, u)])),
            ),
            Mistake(
                "this is the number of pairs. Their share is wanted: divide by the number of "
                "known times the number of unknown ones.",
                lambda k, u: (pairs(k, u) > 0).sum(),
            ),
            Mistake(
                "this is the difference of the two means. Only the order counts, so that any "
                "scale of scores can be compared.",
                lambda k, u: k.mean() - u.mean(),
            ),
            Mistake(
                "the larger of the value and 1 minus it is taken. Then a score that is the "
                "wrong way round can't be told from a good one.",
                lambda k, u: max(right(k, u), 1 - right(k, u)),
            ),
            Mistake(
                "divide by the number of pairs, known times unknown; yours divides by the "
                "square of the number of all images, or of one group.",
                lambda k, u: (pairs(k, u) > 0).sum() / len(k) ** 2,
            ),
            Mistake(
                "this is 2 * AUROC - 1, the Gini coefficient: 0 instead of 0.5 where there is "
                "no separation.",
                lambda k, u: 2 * right(k, u) - 1,
            ),
        ],
        clear,
        what,
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "pairs with equal scores count nothing in yours. They count half: scores that "
                "are all the same separate nothing, which is 0.5.",
                lambda k, u: (pairs(k, u) > 0).mean(),
            ),
            Mistake(
                "pairs with equal scores count in full in yours. They count half: scores that "
                "are all the same separate nothing, which is 0.5.",
                lambda k, u: (pairs(k, u) >= 0).mean(),
            ),
            Mistake(
                "pairs with equal scores are left out of the division. They count half, and "
                "stay among the pairs.",
                lambda k, u: (pairs(k, u) > 0).sum() / max((pairs(k, u) != 0).sum(), 1),
            ),
        ],
        tied,
        what,
        praise="Right: every known score against every unknown one, and a tie is half.",
    )
