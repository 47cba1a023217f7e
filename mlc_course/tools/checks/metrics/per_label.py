"Exercise 3: macro F1 from counts."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, quiet
from .._names import called
from .common import f1_of_labels


def macro_f1(answer) -> Right:
    "Exercise 3: macro_f1(tp, fp, fn) -> one number, from int arrays [C]; 0 for 0 / 0."
    what = called(answer, "my_macro_f1")
    a = lambda *rows: tuple(np.array(o) for o in rows)
    right = lambda *c: f1_of_labels(*c).mean()
    cases = [a([3, 1, 8], [1, 2, 0], [0, 3, 4]), a([40, 2], [5, 6], [10, 1]), a([6], [2], [1])]
    ratio = lambda tp, other: tp / (tp + other)

    def of_means(tp, fp, fn):
        p, r = ratio(tp, fp).mean(), ratio(tp, fn).mean()
        return 2 * p * r / (p + r)

    diagnose(
        answer,
        right,
        [
            Mistake(
                "this is micro F1: the counts are added up over the labels before the division, "
                "so common labels decide. "
                "Divide for each label, then take the mean.",
                lambda *c: f1_of_labels(*(o.sum() for o in c)),
            ),
            Mistake(
                "this is the F1 of macro precision and macro recall. F1 isn't linear, so that is "
                "another number: take the F1 of each label first, "
                "then the mean.",
                of_means,
            ),
            Mistake(
                "this is the arithmetic mean of precision and recall. F1 is their harmonic mean, "
                "which is high only if both are.",
                lambda tp, fp, fn: ((ratio(tp, fp) + ratio(tp, fn)) / 2).mean(),
            ),
            Mistake("this is one F1 per label. Macro F1 is their mean.", f1_of_labels),
            Mistake(
                "this is the mean of tp / (tp + fp + fn), the Jaccard index. In F1 a true "
                "positive counts twice, above and below the fraction line.",
                lambda tp, fp, fn: (tp / (tp + fp + fn)).mean(),
            ),
            Mistake(
                "this is macro precision: the misses, fn, don't enter. F1 needs both kinds of "
                "error.",
                lambda tp, fp, fn: ratio(tp, fp).mean(),
            ),
            Mistake(
                "this is macro recall: the false alarms, fp, don't enter. F1 needs both kinds of "
                "error.",
                lambda tp, fp, fn: ratio(tp, fn).mean(),
            ),
            Mistake(
                "each label is weighted by how often it occurs. Macro means that every label "
                "counts the same, the rare ones too.",
                lambda tp, fp, fn: np.average(f1_of_labels(tp, fp, fn), weights=tp + fn),
            ),
        ],
        cases,
        what,
    )

    absent = [
        a([3, 0, 2], [1, 0, 1], [0, 0, 3]),
        a([5, 0], [2, 0], [1, 4]),
        a([5, 0], [2, 3], [1, 0]),
        a([0, 0], [0, 0], [0, 0]),
    ]
    by_formula = lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn)
    by_ratios = lambda tp, fp, fn: (
        2 * ratio(tp, fp) * ratio(tp, fn) / (ratio(tp, fp) + ratio(tp, fn))
    )
    mean = lambda f, nothing: (
        f.mean() if len(f) else nothing
    )  # np.nanmean([]) is NaN, sum([]) / max(0, 1) is 0
    known = lambda f, nothing=0.0: mean(f[~np.isnan(f)], nothing)
    there = lambda tp, fp, fn, nothing=0.0: mean(f1_of_labels(tp, fp, fn)[tp + fn > 0], nothing)
    nan = (
        "one label without anything to count makes the whole mean NaN. Where a division is 0 / 0 "
        "the course says 0, "
        "as scikit-learn does with zero_division=0."
    )
    left_out = (
        "a label whose division is 0 / 0 is left out of your mean. It counts as 0 here: otherwise "
        "two evaluations would be means "
        "over different labels, and couldn't be compared."
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(nan, quiet(lambda *c: by_formula(*c).mean())),
            Mistake(nan, quiet(lambda *c: by_ratios(*c).mean())),
            Mistake(left_out, quiet(lambda *c: known(by_formula(*c)))),
            Mistake(left_out, quiet(lambda *c: known(by_ratios(*c)))),
            Mistake(left_out, quiet(lambda *c: known(by_formula(*c), np.nan))),
            Mistake(left_out, quiet(lambda *c: known(by_ratios(*c), np.nan))),
            Mistake(left_out, there),
            Mistake(left_out, lambda *c: there(*c, np.nan)),
            Mistake(
                "a label without anything to count scores 1 in yours. The course says 0, as "
                "scikit-learn does with zero_division=0.",
                quiet(lambda *c: np.nan_to_num(by_formula(*c), nan=1.0).mean()),
            ),
        ],
        absent,
        what,
        praise="Right: divide per label, 0 where there is nothing to divide, then the mean.",
    )
