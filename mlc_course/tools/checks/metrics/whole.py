"Exercise 4: macro F1 of everything, from batches."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, quiet
from .._names import called
from .common import count_boxes, f1_of_labels


def f1_over_batches(answer) -> Right:
    "Exercise 4: f1_over_batches(batches) -> macro F1 of all images at 0.5."
    rng = np.random.default_rng(5)

    def batches(n_labels, *sizes):
        made = []
        for n in sizes:
            targets = rng.random((n, n_labels)) < np.linspace(0.7, 0.25, n_labels)
            made.append(
                (
                    (np.clip(0.35 * targets + 0.65 * rng.random((n, n_labels)), 0, 1) * 16)
                    .round()
                    .astype("float32")
                    / 16,
                    targets,
                )
            )
        return made

    cases, names = (
        [(batches(3, 4, 4, 2),), (batches(4, 8, 8, 8, 3),), (batches(2, 6),)],
        [
            "3 batches of 4, 4 and 2 images with 3 labels",
            "4 batches of 8, 8, 8 and 3 images with 4 labels",
            "1 batch of 6 images with 2 labels",
        ],
    )
    count = lambda p, t: count_boxes(p, t)[:3]
    each = lambda b: np.array([f1_of_labels(*count(p, t)).mean() for p, t in b])
    total = lambda b: sum(count(p, t) for p, t in b)

    def where_there(b):
        f, seen = (
            np.array([f1_of_labels(*count(p, t)) for p, t in b]),
            np.array([t.any(0) for _, t in b]),
        )
        return ((f * seen).sum(0) / np.maximum(seen.sum(0), 1)).mean()

    what = called(answer, "my_f1_over_batches")
    right = lambda b: f1_of_labels(*total(b)).mean()
    diagnose(
        answer,
        right,
        [
            Mistake(
                "this is the mean of the batches' macro F1. A label that doesn't occur in a batch "
                "scores 0 there, "
                "so the number depends on the batch size: add up counts, divide once.",
                lambda b: each(b).mean(),
            ),
            Mistake(
                "this is the mean of the batches' macro F1, weighted by their size. The weights "
                "don't help: a label that doesn't occur in a batch "
                "still scores 0 there. Add up counts, divide once.",
                lambda b: np.average(each(b), weights=[len(t) for _, t in b]),
            ),
            Mistake(
                "each label's F1 is averaged over the batches in which it occurs. A batch with "
                "one such image then weighs as much as a batch with ten: "
                "add up counts, divide once.",
                where_there,
            ),
            Mistake(
                "only the last batch counts. Is the sum started anew in each turn of the loop?",
                lambda b: each(b)[-1],
            ),
            Mistake(
                "only the first batch counts. Does `return` stand inside the loop?",
                lambda b: each(b)[0],
            ),
            Mistake(
                "the last, smaller batch is missing. An evaluation counts every image, so no "
                "batch may be dropped.",
                lambda b: f1_of_labels(
                    *total(b[:-1] if len(b) > 1 and len(b[-1][1]) < len(b[0][1]) else b)
                ).mean(),
            ),
            Mistake(
                "this is micro F1: the labels are added up as well. Add up over the batches only, "
                "divide for each label, then take the mean.",
                lambda b: f1_of_labels(*total(b).sum(1)),
            ),
            Mistake(
                "this is one F1 per label. Macro F1 is their mean.",
                lambda b: f1_of_labels(*total(b)),
            ),
            Mistake(
                "an image exactly at 0.5 counts as predicted in yours. A label is predicted when "
                "prob > thresh: use > in place of >=.",
                lambda b: f1_of_labels(
                    *sum(
                        count_boxes(p, t, np.nextafter(np.float32(0.5), np.float32(0)))[:3]
                        for p, t in b
                    )
                ).mean(),
            ),
        ],
        cases,
        what,
        names=names,
    )

    def emptied(b, *, predicted):
        "The same batches with a second label that no image has, predicted once or never."
        for k, (p, t) in enumerate(b):
            p[:, 1], t[:, 1] = 0, False
            if predicted and not k:
                p[0, 1] = 0.75
        return b

    absent = [
        (emptied(batches(3, 4, 3), predicted=False),),
        (emptied(batches(2, 3, 3, 2), predicted=True),),
    ]

    def by_formula(b):
        tp, fp, fn = total(b)
        return 2 * tp / (2 * tp + fp + fn)

    def there(b):
        tp, fp, fn = total(b)
        return f1_of_labels(tp, fp, fn)[tp + fn > 0].mean()

    left_out = (
        "a label that no image has is left out of your mean. It scores 0 here (scikit-learn's "
        "zero_division=0): otherwise two evaluations "
        "would be means over different labels, and couldn't be compared."
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(left_out, quiet(lambda b: np.nanmean(by_formula(b)))),
            Mistake(left_out, there),
            Mistake(
                "one label that is neither there nor predicted makes the whole mean NaN. Where a "
                "division is 0 / 0 the course says 0.",
                quiet(lambda b: by_formula(b).mean()),
            ),
            Mistake(
                "a label that is neither there nor predicted scores 1 in yours. The course says "
                "0, as scikit-learn does with zero_division=0.",
                quiet(lambda b: np.nan_to_num(by_formula(b), nan=1.0).mean()),
            ),
        ],
        absent,
        what,
        names=[
            "2 batches with a label that is neither there nor predicted",
            "3 batches with a label that is predicted and never there",
        ],
        praise="Right: the counts add up, and there is one division, whatever the batch size.",
    )
