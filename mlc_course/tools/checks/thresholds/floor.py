"Exercise 4 of lesson 06: the highest recall above a floor of precision."

from __future__ import annotations

from .._core import Mistake, Right, function, same, show
from .._names import called
from .judging import GRID, ITSELF, ON_GRID, best_by, cuts, f1_at, judge, one, pr_at


def precision_floor(answer) -> Right:
    "Exercise 4: precision_floor(probs, targets, floor) -> the threshold with the highest recall at precision >= floor, 1.0 if there is none; NumPy [N]."
    what = called(answer, "my_precision_floor")
    function(answer, what)
    precision, recall = (lambda p, t, c: pr_at(p, t, c)[0]), (lambda p, t, c: pr_at(p, t, c)[1])
    keeps = lambda p, t, floor, among=None: [
        c for c in (cuts(p) if among is None else among) if precision(p, t, c) >= floor
    ]
    best = lambda p, t, floor: max((recall(p, t, c) for c in keeps(p, t, floor)), default=0.0)

    def good(p, t, floor, cut):
        if not keeps(p, t, floor):
            return cut == 1
        return precision(p, t, cut) >= floor and same(recall(p, t, cut), best(p, t, floor))

    def told(p, t, floor, cut):
        at = f"on probs {show(p)} and targets {show(t)} with the floor {floor:g} your threshold {cut:.6g} has precision {precision(p, t, cut):.4f}"
        if precision(p, t, cut) < floor:
            return f"{at}, which is below the floor."
        return f"{at} and recall {recall(p, t, cut):.4f}. A recall of {best(p, t, floor):.4f} can be had without breaking the floor."

    def stops(p, t, floor):
        last = 1.0
        for c in cuts(p)[-2::-1]:
            if precision(p, t, c) < floor:
                break
            last = c
        return last

    def itself(p, t, floor):
        return p[p > min(keeps(p, t, floor))].min()

    def on_recall(p, t, floor):
        return max(
            (c for c in cuts(p) if recall(p, t, c) >= floor), key=lambda c: precision(p, t, c)
        )

    judge(
        answer,
        pr_at,
        good,
        [
            Mistake(
                "you walk down from the top and stop at the first cut that breaks the floor. Precision isn't monotone: it may recover further down, "
                "so look at every cut.",
                stops,
            ),
            Mistake(
                "a precision exactly at the floor is refused in yours. At least means >=.",
                lambda p, t, floor: min(
                    (c for c in cuts(p) if precision(p, t, c) > floor), default=1.0
                ),
            ),
            Mistake(
                "a precision exactly at the floor is refused in yours. At least means >=.",
                lambda p, t, floor: max(
                    (c for c in cuts(p) if precision(p, t, c) > floor),
                    key=lambda c: (recall(p, t, c), c),
                    default=1.0,
                ),
            ),
            Mistake(ITSELF, itself),
            Mistake(
                "you take the highest threshold that keeps the floor. Recall grows as the threshold falls: take the lowest.",
                lambda p, t, floor: max(keeps(p, t, floor)),
            ),
            Mistake(
                "you take the threshold with the highest precision. The floor is a condition; what is to be as high as possible is recall.",
                best_by(precision),
            ),
            Mistake(
                "the floor is put on recall, and precision is made as high as possible. It is the other way round.",
                on_recall,
            ),
            Mistake(
                "of the cuts that keep the floor you take the one with the highest F1, as the lesson's `min_precision` does. "
                "Here the highest recall is asked for.",
                lambda p, t, floor: max(keeps(p, t, floor), key=lambda c: f1_at(p, t, c)),
            ),
            Mistake(
                "you take the threshold with the highest F1, and the floor plays no part.",
                best_by(f1_at),
            ),
            Mistake(ON_GRID, lambda p, t, floor: min(keeps(p, t, floor, GRID), default=1.0)),
            Mistake(
                "your threshold lets every image pass: recall is 1, and the floor is broken.",
                lambda p, t, floor: 0.0,
            ),
        ],
        [
            (
                *one(
                    [0.037, 0.401, 0.257, 0.654, 0.128, 0.102, 0.236, 0.047, 0.056, 0.02],
                    [0, 1, 1, 0, 0, 0, 1, 1, 0, 0],
                ),
                0.5,
            ),
            (
                *one(
                    [0.723, 0.51, 0.34, 0.353, 0.159, 0.07, 0.04, 0.056, 0.035, 0.026],
                    [1, 0, 1, 1, 0, 0, 1, 0, 0, 0],
                ),
                0.5,
            ),
            (
                *one(
                    [0.88, 0.12, 0.64, 0.41, 0.52, 0.3, 0.22, 0.08, 0.05, 0.71],
                    [1, 0, 1, 1, 1, 0, 1, 0, 0, 0],
                ),
                0.75,
            ),
            (
                *one(
                    [0.359, 0.786, 0.33, 0.471, 0.253, 0.02, 0.201, 0.079, 0.045, 0.025, 0.011],
                    [1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0],
                ),
                0.6,
            ),
            (
                *one([0.91, 0.78, 0.66, 0.57, 0.43, 0.38, 0.29, 0.12], [0, 1, 1, 0, 0, 0, 1, 0]),
                0.4,
            ),
        ],
        what,
        told,
    )

    def special(cases, says):
        judge(
            answer,
            pr_at,
            good,
            [],
            cases,
            what,
            lambda *args: f"{says} For instance, {told(*args)}",
        )

    special(
        [
            (*one([0.8, 0.5, 0.9, 0.5, 0.5, 0.2, 0.5], [0, 1, 1, 1, 0, 0, 0]), 0.6),
            (*one([0.3, 0.9, 0.3, 0.3, 0.1], [0, 1, 1, 1, 0]), 0.75),
        ],
        "images with equal probability pass a threshold together or not at all, so count them together.",
    )
    special(
        [(*one([0.4, 0.9, 0.7], [1, 0, 0]), 0.9), (*one([0.4, 0.2], [0, 0]), 0.5)],
        "no cut of these images keeps the floor, and then the threshold should be 1.0: the label is never predicted, on fresh images either.",
    )
    special(
        [
            (*one([0.6, 0.2, 0.9, 0.4], [1, 1, 1, 1]), 0.5),
            (*one([0.15, 0.35, 0.8], [1, 0, 1]), 0.6),
        ],
        "the highest recall is reached here when every image passes, and no threshold that you try lies below the lowest probability. 0 is one that does.",
    )
    return Right("Right: every cut is looked at, and the lowest that keeps the floor wins.")
