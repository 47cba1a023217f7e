"Exercise 1 of lesson 06: the best threshold of one label."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, function, same, show
from .._names import called
from .judging import GRID, ITSELF, ON_GRID, best_by, cuts, f1_at, judge, one, pr_at, threshold


def best_cut(answer) -> Right:
    "Exercise 1: best_cut(probs, targets) -> a threshold in [0, 1] whose F1 (prob > thresh) no other beats, for one label: NumPy [N]."
    what = called(answer, "my_best_cut")
    function(answer, what)
    best = lambda p, t: max(f1_at(p, t, c) for c in cuts(p))
    good = lambda p, t, cut: same(f1_at(p, t, cut), best(p, t))
    itself = lambda p, t: max(p, key=lambda s: f1_at(p, t, np.nextafter(s, np.float32(0))))
    told = lambda p, t, cut: (
        f"on probs {show(p)} and targets {show(t)} your threshold {cut:.6g} reaches F1 {f1_at(p, t, cut):.4f}, "
        f"and {best(p, t):.4f} can be reached."
    )
    cases = [
        one(
            [0.193, 0.676, 0.022, 0.626, 0.256, 0.451, 0.134, 0.617, 0.251, 0.187],
            [1, 1, 0, 0, 1, 0, 0, 0, 0, 0],
        ),
        one(
            [0.664, 0.063, 0.418, 0.371, 0.643, 0.231, 0.183, 0.324, 0.074, 0.022],
            [1, 0, 0, 0, 0, 0, 1, 1, 1, 0],
        ),
        one(
            [0.293, 0.346, 0.488, 0.16, 0.124, 0.099, 0.043, 0.061, 0.068, 0.077],
            [0, 0, 1, 1, 0, 0, 0, 0, 0, 1],
        ),
        one(
            [0.82, 0.71, 0.64, 0.53, 0.44, 0.31, 0.27, 0.13, 0.09, 0.06],
            [1, 0, 1, 1, 0, 0, 1, 0, 0, 0],
        ),
    ]
    mine = [threshold(answer, args, what) for args in cases]
    if all(same(cut, best(*args)) for args, cut in zip(cases, mine)):
        raise Wrong(
            f"{what} gives back the best F1 itself. Give back the threshold that reaches it."
        )
    judge(
        answer,
        f1_at,
        good,
        [
            Mistake(ON_GRID, best_by(f1_at, lambda p: GRID)),
            Mistake(ITSELF, itself),
            Mistake(
                "this threshold is the best for accuracy. Accuracy pays for rightly empty cells too, so it asks for a higher cut than F1 does.",
                best_by(lambda p, t, c: ((p > c) == t).mean()),
            ),
            Mistake(
                "this threshold has the highest precision. That is often the cut above which only the most probable image passes; "
                "F1 asks for recall as well.",
                best_by(lambda p, t, c: pr_at(p, t, c)[0]),
            ),
            Mistake(
                "your threshold is 0.5, whatever the images. A rare label seldom gets past it.",
                lambda p, t: 0.5,
            ),
            Mistake(
                "half of the best F1 is the best threshold of calibrated probabilities, on many images. Nobody promised either here, so search.",
                lambda p, t: best(p, t) / 2,
            ),
            Mistake(
                "your threshold lets every image pass: recall is 1, and precision pays for it.",
                lambda p, t: 0.0,
            ),
        ],
        cases,
        what,
        told,
    )

    def special(cases, says):
        judge(
            answer,
            f1_at,
            good,
            [],
            cases,
            what,
            lambda *args: f"{says} For instance, {told(*args)}",
        )

    special(
        [
            one([0.4, 0.9, 0.4, 0.4, 0.2, 0.4, 0.1], [1, 1, 0, 0, 1, 0, 0]),
            one([0.3, 0.6, 0.3, 0.8, 0.3, 0.1], [1, 0, 0, 1, 1, 0]),
        ],
        "images with equal probability can't be separated. They pass a threshold together or not at all, so count them together.",
    )
    special(
        [one([0.6, 0.2, 0.9, 0.4], [1, 1, 1, 1]), one([0.15, 0.35, 0.8], [1, 0, 1])],
        "the best that can be done here is to let every image pass, and no threshold that you try lies below the lowest probability. 0 is one that does.",
    )
    high = np.float32(0.3183099)
    special(
        [one([0.8, high, np.nextafter(high, np.float32(0)), 0.1], [1, 1, 0, 0])],
        "two of these probabilities are neighbours: no float32 lies between them, a grid steps over them, and half-way between them, "
        "computed in float32, rounds to the upper one. The lower one itself is a threshold that separates them.",
    )
    judge(answer, f1_at, good, [], [one([0.7, 0.2, 0.4], [0, 0, 0])], what, told)
    return Right(
        "Right: no threshold reaches a higher F1, with ties, with neighbours, and where everything has to pass."
    )
