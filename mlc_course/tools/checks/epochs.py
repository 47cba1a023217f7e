"Lesson 04 in TensorFlow, exercise 3: one number for an epoch."

import numpy as np

from ._core import Mistake, Right, diagnose


def epoch_mean(answer) -> Right:
    "Exercise 3: f(batch_means, batch_sizes) on two lists of numbers: the mean over all images"
    "of the epoch."
    what = "my_epoch_mean"

    def arrays(f):
        return lambda m, s: f(np.asarray(m, dtype=float), np.asarray(s, dtype=float))

    cases = [
        ([0.5, 0.7, 1.9], [64, 64, 16]),
        ([1.0, 4.0], [3, 1]),
        ([0.9, 0.1, 0.5, 0.3], [10, 20, 30, 5]),
        ([0.25], [8]),
    ]
    return diagnose(
        answer,
        arrays(lambda m, s: (m * s).sum() / s.sum()),
        [
            Mistake(
                "this is the mean of the means, in which an image of the small last batch counts "
                "more than the others. "
                "Give each batch the weight of its images.",
                arrays(lambda m, s: m.mean()),
            ),
            Mistake(
                "this is the sum over all images. Divide it by their number.",
                arrays(lambda m, s: (m * s).sum()),
            ),
            Mistake("this is the sum of the batch means.", arrays(lambda m, s: m.sum())),
            Mistake(
                "each batch has the weight of its images, but then you divide by the number of "
                "batches. Divide by the sum of the weights: "
                "the number of images.",
                arrays(lambda m, s: (m * s).mean()),
            ),
            Mistake(
                "the weights are shares of the largest batch, and then you divide by the number "
                "of batches. The weights have to sum to 1: "
                "divide the sizes by their sum.",
                arrays(lambda m, s: (m * s / s.max()).mean()),
            ),
            Mistake(
                "the weights are shares of the largest batch, and don't sum to 1. Divide the "
                "sizes by their sum.",
                arrays(lambda m, s: (m * s / s.max()).sum()),
            ),
            Mistake(
                "the arguments are exchanged: you weigh the sizes with the means.",
                arrays(lambda m, s: (m * s).sum() / m.sum()),
            ),
            Mistake(
                "the last batch is left out. It is smaller, but its images count as much as the "
                "others.",
                lambda m, s: np.average(m[:-1] or m, weights=s[:-1] or s),
            ),
            Mistake("this is the mean of the last batch alone.", lambda m, s: m[-1]),
        ],
        cases,
        what,
        praise="Right: every image counts once, whichever batch it is in.",
    )
