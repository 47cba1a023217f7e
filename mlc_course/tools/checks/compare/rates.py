"Exercises: a rate for another batch size, and how much seeds explain."

from __future__ import annotations

from itertools import combinations

import numpy as np

from .._core import Mistake, Right, diagnose, edge, function, quiet
from .._names import called

# Exercise 1


def same_step_rate(answer) -> Right:
    """Exercise 1: f(rate, n_images, n_labels) -> the rate for a loss that sums over labels and
    averages over images, instead of averaging over all cells.
    """
    says = (
        "the loss that sums over labels is n_labels times as large, and so are its gradients: the "
        "same step needs a rate that is smaller by that factor."
    )
    return diagnose(
        answer,
        lambda rate, n, c: rate / c,
        [
            Mistake(f"you multiply where you should divide: {says}", lambda rate, n, c: rate * c),
            Mistake(f"you leave the rate as it is. But {says}", lambda rate, n, c: rate),
            Mistake(
                "you divide by the number of images. Both losses average over the images, so "
                "that number cancels; what differs is the labels.",
                lambda rate, n, c: rate / n,
            ),
            Mistake(
                "you multiply by the number of images. Both losses average over the images, so "
                "that number cancels; what differs is the labels.",
                lambda rate, n, c: rate * n,
            ),
            Mistake(
                "you divide by the number of cells. That would be right for a loss that sums "
                "over images as well; this one averages over them.",
                lambda rate, n, c: rate / (n * c),
            ),
            Mistake(
                f"you multiply by the number of cells. Both losses average over the images, and "
                f"{says}",
                lambda rate, n, c: rate * n * c,
            ),
            Mistake(
                "you give back the factor between the two rates and not the rate.",
                lambda rate, n, c: 1 / c,
            ),
            Mistake(
                "you give back the factor between the two losses. The question is for the rate.",
                lambda rate, n, c: c,
            ),
        ],
        [(0.1, 32, 20), (0.004, 8, 5), (1.0, 3, 1), (2.0, 1, 7)],
        called(answer, "my_rate"),
        praise="Right: a rate means something only beside the reduction of its loss.",
    )


# Exercise 4


def _chance(a, b, count=lambda d, seen: abs(d) >= abs(seen) - 1e-12):
    pooled, seen = np.concatenate([a, b]), np.mean(a) - np.mean(b)
    found = []
    for rows in combinations(range(len(pooled)), len(a)):
        mask = np.zeros(len(pooled), bool)
        mask[list(rows)] = True
        found.append(bool(count(pooled[mask].mean() - pooled[~mask].mean(), seen)))
    return float(np.mean(found))


def _by_value(a, b):
    "The deals when the rest is found by value: equal scores go together."
    pooled, seen = [*a, *b], abs(np.mean(a) - np.mean(b))
    deals = [(c, [v for v in pooled if v not in c]) for c in combinations(pooled, len(a))]
    apart = [abs(np.mean(c) - np.mean(rest)) if rest else np.nan for c, rest in deals]
    return float(np.mean([d >= seen - 1e-12 for d in apart]))


def _of_medians(a, b):
    "The share of deals whose medians lie at least as far apart."
    pooled, seen = np.array([*a, *b], float), abs(np.median(a) - np.median(b))
    deals = (list(rows) for rows in combinations(range(len(pooled)), len(a)))
    apart = [abs(np.median(pooled[c]) - np.median(np.delete(pooled, c))) for c in deals]
    return float(np.mean([d >= seen - 1e-12 for d in apart]))


def chance_of_seeds(answer) -> Right:
    """Exercise 4: f(a, b) with two short lists of scores: the share of all ways to deal them out
    again whose means lie at least as far apart.
    """
    what = called(answer, "my_chance")
    function(answer, what)
    right = lambda a, b: _chance(np.asarray(a, float), np.asarray(b, float))
    one = lambda sign: (
        lambda a, b: _chance(
            np.asarray(a, float),
            np.asarray(b, float),
            lambda d, seen: sign * d >= sign * seen - 1e-12,
        )
    )
    cases = [
        ([0.875, 0.75, 0.625], [0.25, 0.125, 0.375]),
        ([0.125, 0.5], [0.375, 0.25, 0.875, 0.75]),
        ([0.5, 0.625, 0.375], [0.5625, 0.3125, 0.4375]),
        ([0.25, 0.375], [0.75, 0.875, 0.6875, 0.625]),
        ([0.5, 0.375], [0.25, 0.5]),
    ]  # exact in binary
    strict = lambda a, b: _chance(
        np.asarray(a, float), np.asarray(b, float), lambda d, seen: abs(d) > abs(seen) + 1e-12
    )
    got = diagnose(
        answer,
        right,
        [
            Mistake(
                "you count only one direction. Before you looked you didn't know which one "
                "would be ahead, so a difference as large the other way counts as well: take "
                "absolute values.",
                one(1),
            ),
            Mistake(
                "you count only one direction. Before you looked you didn't know which one "
                "would be ahead, so a difference as large the other way counts as well: take "
                "absolute values.",
                one(-1),
            ),
            Mistake(
                "you count only one direction. Before you looked you didn't know which one "
                "would be ahead, so a difference as large the other way counts as well: take "
                "absolute values.",
                lambda a, b: one(1 if np.mean(a) >= np.mean(b) else -1)(a, b),
            ),
            Mistake(
                "the difference of a deal has a sign in yours, and the one that was seen has none. "
                "Take the absolute value of both.",
                lambda a, b: _chance(
                    np.asarray(a, float),
                    np.asarray(b, float),
                    lambda d, seen: d >= abs(seen) - 1e-12,
                ),
            ),
            Mistake(
                "you count the deals that are further apart, and leave out those that are as "
                "far. What happened is one of the possible deals, so the share can't be 0.",
                strict,
            ),
            Mistake(
                "that is the share of deals that are less far apart. The chance is the rest.",
                lambda a, b: 1 - right(a, b),
            ),
            Mistake(
                "that is the number of deals. Divide by how many there are.",
                lambda a, b: right(a, b) * len(list(combinations(range(len(a) + len(b)), len(a)))),
            ),
            Mistake(
                "you compare sums. Where one list is longer than the other, its sum is larger "
                "for that alone: compare means.",
                lambda a, b: np.mean(
                    [
                        abs(2 * sum(c) - sum(a) - sum(b)) >= abs(sum(a) - sum(b)) - 1e-12
                        for c in combinations([*a, *b], len(a))
                    ]
                ),
            ),
            Mistake(
                "you choose among the values. Where two scores are equal, taking out one by its "
                "value takes out the other as well. Choose positions: "
                "combinations(range(len(pooled)), len(a)).",
                quiet(_by_value),
            ),
            Mistake(
                "you count one direction and double it. With lists of different lengths the two "
                "directions needn't have equal shares: count both, with absolute values.",
                lambda a, b: min(1.0, 2 * min(one(1)(a, b), one(-1)(a, b))),
            ),
            Mistake("you compare medians. The exercise asks for the means.", quiet(_of_medians)),
            Mistake(
                "that is in percent. Give back the share, a number from 0 to 1.",
                lambda a, b: 100 * right(a, b),
            ),
            Mistake(
                "that is the difference of the means itself. The exercise asks how often "
                "chance alone makes one as large.",
                lambda a, b: abs(np.mean(a) - np.mean(b)),
            ),
        ],
        cases,
        what,
        tol=1e-6,
    )
    edge(
        answer,
        right,
        [([0.75, 0.82, 0.61], [0.67, 0.88, 0.69]), ([0.76, 0.51, 0.66], [0.33, 0.51, 0.31])],
        what,
        "rounding decides in yours: two differences that are equal on paper may differ in the "
        "last digit. Compare with a small allowance such as 1e-12.",
    )
    return (
        Right(
            "Right: and with three seeds against three the smallest chance there is is 2 in "
            "20, or 10 %. Three seeds can't show more."
        )
        if got
        else got
    )
