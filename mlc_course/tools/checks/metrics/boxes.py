"Exercise 2: the four counts of each label."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, diagnose, function
from .._names import called
from .common import count_boxes


def with_bitwise_and(answer, args, what):
    "Wrong for an answer that asks a whole array for one truth value; anything else goes by."
    function(answer, what)
    try:
        attempt(answer, args, what)
    except Wrong as e:
        if "truth value" not in str(e):
            raise
        raise Wrong(
            f"{what}: `and`, `or`, `not` and `if` ask a whole array for one True or False, and it "
            "has many. Cell by cell, write & for and, | for or, ~ for not, with comparisons in "
            "parentheses."
        ) from None


def counts(answer) -> Right:
    "Exercise 2: counts(probs, targets, thresh=0.5) -> (tp, fp, fn, tn), each int [C]."
    probs = np.array(
        [
            [0.875, 0.25, 0.5],
            [0.375, 0.75, 0.125],
            [0.5, 0.875, 0.25],
            [0.25, 0.125, 0.625],
            [0.75, 0.5, 0.875],
        ],
        dtype="float32",
    )
    targets = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]], dtype=bool)
    what = called(answer, "my_counts")
    cases = [
        (probs, targets),
        (probs, targets, 0.25),
        (probs[:4, :2], targets[:4, :2], 0.75),
        (probs, targets, np.array([0.25, 0.5, 0.75])),
    ]

    def per_image(p, t, thresh=0.5):
        pred = p > thresh
        return np.stack(
            [(pred & t).sum(1), (pred & ~t).sum(1), (~pred & t).sum(1), (~pred & ~t).sum(1)]
        )

    def at_least(p, t, thresh=0.5):
        pred = p >= thresh
        return np.stack(
            [(pred & t).sum(0), (pred & ~t).sum(0), (~pred & t).sum(0), (~pred & ~t).sum(0)]
        )

    order = lambda *rows: lambda *args: count_boxes(*args)[list(rows)]

    def marginals(p, t, thresh=0.5):
        tp, fp, fn, tn = count_boxes(p, t, thresh)
        return np.stack([tp, tp + fp, tp + fn, tn])

    with_bitwise_and(answer, cases[0], what)
    return diagnose(
        answer,
        count_boxes,
        [
            Mistake(
                "fp and fn are exchanged. A false positive was predicted and isn't there; a false "
                "negative is there and wasn't predicted.",
                order(0, 2, 1, 3),
            ),
            Mistake(
                "the numbers are right, in scikit-learn's order (tn, fp, fn, tp). Give back tp, "
                "fp, fn, tn.",
                order(3, 1, 2, 0),
            ),
            Mistake(
                "the numbers are right, in the order tp, tn, fp, fn. Give back tp, fp, fn, tn.",
                order(0, 3, 1, 2),
            ),
            Mistake(
                "you add up over the labels, so every image gets its own counts. Count over the "
                "images (axis 0): one number per label.",
                per_image,
            ),
            Mistake(
                "an image exactly at the threshold counts as predicted in yours. A label is "
                "predicted when prob > thresh: use > in place of >=.",
                at_least,
            ),
            Mistake(
                "all labels went into one pot. That is enough for micro averages, but macro F1 "
                "needs counts per label: add up over the images only.",
                lambda *args: count_boxes(*args).sum(1),
            ),
            Mistake(
                "your fp holds everything that was predicted, and your fn everything that was "
                "there; both still contain the true positives.",
                marginals,
            ),
            Mistake(
                "these are shares of the images. Keep whole numbers: they add up over batches "
                "without loss, shares don't.",
                lambda p, t, thresh=0.5: count_boxes(p, t, thresh) / len(p),
            ),
            Mistake(
                "the threshold is fixed at 0.5: use the argument `thresh`.",
                lambda p, t, thresh=0.5: count_boxes(p, t),
            ),
        ],
        cases,
        what,
        praise="Right: four whole numbers per label, and they add up to the number of images.",
    )
