"Exercise 5: average precision of one label."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, diagnose, edge, same, show
from .._names import called


def ap_of_one(p, t):
    "Average precision of one label, ties together; NaN without positives."
    return np.mean([t[p >= s].mean() for s in p[t]]) if t.any() else np.nan


def average_precision(answer) -> Right:
    "Exercise 5: average_precision(probs, targets) of one label [N]; NaN without positives."
    what = called(answer, "my_average_precision")
    col = lambda p, t: (np.array(p, dtype="float32"), np.array(t, dtype=bool))
    down = lambda p: np.argsort(-p, kind="stable")
    steps = lambda t: t.cumsum() / np.arange(1, len(t) + 1)  # precision at each rank

    def trapezoid(p, t):
        t = t[down(p)]
        precision, recall = np.r_[1, steps(t)], np.r_[0, t.cumsum() / t.sum()]
        return (np.diff(recall) * (precision[1:] + precision[:-1]) / 2).sum()

    def late(p, t):
        t = t[down(p)]
        return (t.cumsum() / np.maximum(np.arange(len(t)), 1))[t].mean()

    def above(p, t, nothing):
        return np.mean([t[p > s].mean() if (p > s).any() else nothing for s in p[t]])

    at_hits = lambda p, t: steps(t[down(p)])[t[down(p)]]
    up = lambda p, t: at_hits(-p, t).mean()
    diagnose(
        answer,
        ap_of_one,
        [
            Mistake(
                "you walk up the list, from the least probable image. The most probable one comes "
                "first.",
                up,
            ),
            Mistake(
                "you take the mean of the precision over every rank. A note is taken only where "
                "an image has the label.",
                lambda p, t: steps(t[down(p)]).mean(),
            ),
            Mistake(
                "the notes are divided by the number of images. There is one note per image that "
                "has the label, so divide by the number of those.",
                lambda p, t: at_hits(p, t).sum() / len(t),
            ),
            Mistake(
                "this is the area by the trapezoid rule, as sklearn.metrics.auc gives it. It "
                "joins the points by straight lines, where no threshold lies; "
                "average precision is a sum of steps.",
                trapezoid,
            ),
            Mistake(
                "this is the area under the ROC curve: the share of pairs (image with, image "
                "without) in the right order. "
                "It looks good for any rare label; average precision looks at precision.",
                lambda p, t: (p[t][:, None] > p[~t]).mean(),
            ),
            Mistake(
                "you count the images that score higher than a positive, without the positive "
                "itself: p > score. Its own place counts: use >= there.",
                lambda p, t: above(p, t, np.nan),
            ),
            Mistake(
                "you count the images that score higher than a positive, without the positive "
                "itself: p > score. Its own place counts: use >= there.",
                lambda p, t: above(p, t, 0),
            ),
            Mistake(
                "you note the recall so far. Average precision notes the precision: found so far, "
                "divided by the rank.",
                lambda p, t: (t[down(p)].cumsum() / t.sum())[t[down(p)]].mean(),
            ),
            Mistake(
                "the ranks start at 0 in yours, so each precision is divided by one image too "
                "few. After the first image, one has been looked at.",
                late,
            ),
            Mistake(
                "the images are taken as they come. Sort them by probability first, the most "
                "probable one first.",
                lambda p, t: steps(t)[t].mean(),
            ),
        ],
        [
            col([0.3, 0.9, 0.6, 0.1, 0.8, 0.4, 0.2], [1, 0, 1, 0, 1, 0, 0]),
            col([0.2, 0.7, 0.5, 0.9, 0.1], [0, 1, 1, 0, 1]),
            col([0.1, 0.6, 0.4], [0, 0, 1]),
        ],
        what,
    )

    ties = [
        col([0.6, 0.6, 0.9, 0.6, 0.3], [1, 0, 1, 0, 1]),
        col([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 1]),
        col([0.8, 0.2, 0.8, 0.2, 0.8], [0, 1, 1, 0, 1]),
    ]
    for p, t in ties:
        one, other = (
            attempt(answer, (p, t), what),
            attempt(answer, (p[::-1].copy(), t[::-1].copy()), what),
        )
        if not same(one, other):
            raise Wrong(
                f"{what}: images with equal probability are taken one after the other, in the "
                f"order in which they stand: {show(one)} "
                f"for probs {show(p)} and targets {show(t)}, and {show(other)} for the same "
                "images listed from the end. "
                "Equal scores can't be ordered, so they have to enter together."
            )

    def listed(first):
        def f(p, t):
            o = np.lexsort((t != first, -p))
            return steps(t[o])[t[o]].mean()

        return f

    diagnose(
        answer,
        ap_of_one,
        [
            Mistake(
                "among images with equal probability you take those that have the label first. "
                "That flatters a model that gives many equal scores: "
                "let them enter together.",
                listed(True),
            ),
            Mistake(
                "among images with equal probability you take those without the label first. That "
                "is harder than it needs to be: "
                "let them enter together.",
                listed(False),
            ),
            Mistake(
                "images with equal probability enter together in yours, but leave a single note. "
                "Each image that has the label leaves one.",
                lambda p, t: np.mean([t[p >= s].mean() for s in np.unique(p[t])]),
            ),
        ],
        ties,
        what,
    )
    edge(
        answer,
        ap_of_one,
        [
            col([0.9012, 0.9013, 0.9014, 0.3], [1, 0, 1, 1]),
            col([0.2, 0.5003, 0.5001, 0.5002, 0.5004], [0, 0, 1, 1, 0]),
        ],
        what,
        "some of these probabilities differ in the fourth digit only, and they are different all "
        "the same. A grid of thresholds steps over them, "
        "and rounding makes them equal. The precision changes at the probabilities themselves: "
        "look there.",
    )
    high = np.float32(0.3183099)
    edge(
        answer,
        ap_of_one,
        [col([0.8, np.nextafter(high, np.float32(0)), high, 0.1], [0, 0, 1, 1])],
        what,
        "two of these probabilities are neighbours in float32. They look equal in print, and they "
        "are different all the same: "
        "no grid and no rounding tells them apart, a comparison does.",
    )
    edge(
        answer,
        ap_of_one,
        [col([0.3, 0.8], [0, 0])],
        what,
        "a label without positives has nothing to find, so neither a good nor a bad value would "
        "mean anything: give back float('nan').",
    )
    return Right("Right: from the top, ties together, one note per positive.")
