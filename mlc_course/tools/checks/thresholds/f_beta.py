"Exercise 3 of lesson 06: F-beta from precision and recall."

from __future__ import annotations

from .._core import Mistake, Right, diagnose, edge
from .._names import called


def f_beta(answer) -> Right:
    "Exercise 3: f_beta(precision, recall, beta) -> one number, from numbers; 0 where the division is 0 / 0."
    what = called(answer, "my_f_beta")

    def right(p, r, b):
        bottom = b**2 * p + r
        return (1 + b**2) * p * r / bottom if bottom else 0.0

    squared = "beta has to be squared wherever it stands: the weight of recall in the mean is beta * beta."
    diagnose(
        answer,
        right,
        [
            Mistake(squared, lambda p, r, b: (1 + b) * p * r / (b * p + r)),
            Mistake(squared, lambda p, r, b: (1 + b**2) * p * r / (b * p + r)),
            Mistake(squared, lambda p, r, b: (1 + b) * p * r / (b**2 * p + r)),
            Mistake(
                "precision and recall are exchanged: with beta above 1 it is recall that counts more, and with beta = 0 only precision is left.",
                lambda p, r, b: right(r, p, b),
            ),
            Mistake(
                "this is an arithmetic mean. F-beta is a harmonic one: when precision or recall is near 0, so is F-beta.",
                lambda p, r, b: (p + b**2 * r) / (1 + b**2),
            ),
            Mistake(
                "this is the plain arithmetic mean of precision and recall. F-beta is a weighted harmonic one.",
                lambda p, r, b: (p + r) / 2,
            ),
            Mistake("this is F1, whatever beta is.", lambda p, r, b: right(p, r, 1)),
            Mistake(
                "the factor in front is missing: with precision and recall both 1, F-beta has to be 1 for every beta.",
                lambda p, r, b: p * r / (b**2 * p + r),
            ),
            Mistake(
                "the factor in front is 2, which is right for beta = 1 only: with precision and recall both 1, F-beta has to be 1 for every beta.",
                lambda p, r, b: 2 * p * r / (b**2 * p + r),
            ),
        ],
        [(0.5, 1.0, 2), (0.8, 0.4, 0.5), (0.6, 0.3, 1), (0.9, 0.2, 0), (0.25, 0.75, 3)],
        what,
    )
    edge(
        answer,
        right,
        [(0.0, 0.0, 1), (0.0, 0.0, 0.5), (0.0, 0.5, 2)],
        what,
        "when nothing is found, precision and recall are 0, and F-beta is 0 by convention, like every 0 / 0 of the course.",
    )
    return Right("Right: beta squared weighs recall, and nothing found is 0.")
