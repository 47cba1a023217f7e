"Exercises: what seeds and the choice of test images explain."

from __future__ import annotations

import numpy as np

from .._core import (
    Mistake,
    Right,
    diagnose,
    edge,
    quiet,
)
from .._names import called


def gap_in_seeds(answer) -> Right:
    """Exercise 2: gap_in_seeds(a, b) -> (mean of a - mean of b) / pooled standard deviation of one
    seed; the scores of two losses, at least 2 of each.
    """
    what, var = called(answer, "my_gap_in_seeds"), lambda x: np.var(x, ddof=1)
    gap = lambda a, b: np.mean(a) - np.mean(b)

    def over(spread):
        return lambda a, b: gap(a, b) / spread(a, b)

    def pooled(a, b):
        return np.sqrt(((len(a) - 1) * var(a) + (len(b) - 1) * var(b)) / (len(a) + len(b) - 2))

    right = over(pooled)
    ddof = (
        "the spread is too small: `np.std` and `np.var` divide by the number of scores, and a "
        "mean fitted to so few scores lies too close to them. Divide by one less (`ddof=1`)."
    )
    total = (
        "the spread is too small: the squared deviations are divided by the number of all scores. "
        "Each of the two means was fitted to them and takes one away: divide by "
        "`len(a) + len(b) - 2`. (With `np.var`, say `ddof=1`.)"
    )
    ends = (
        "you measure the spread as highest minus lowest, as the lesson does in one cell. It grows "
        "with the number of seeds: the exercise asks for the pooled standard deviation."
    )
    together = (
        "the spread is that of all scores thrown together. It contains the very gap that you "
        "want to measure, so the result can hardly get large: take the deviations from each "
        "loss's own mean."
    )
    error = (
        "you divide by the standard error of the means, which gives a t statistic. It grows "
        "with the number of seeds; the exercise asks for the gap in spreads of one seed."
    )
    unweighted = (
        "the two variances count the same in yours. Where the numbers of seeds differ, the "
        "longer list knows its variance better: weigh each by its number of scores less 1."
    )
    only = (
        "you measure the spread of one of the two losses only. Both may scatter: pool their "
        "variances."
    )
    stds = (
        "you take the mean of the two standard deviations. Pool the variances, each weighted by "
        "its number of scores less 1, and take the root after that."
    )
    cases = [
        (np.array(a), np.array(b))
        for a, b in [
            ([0.412, 0.405, 0.431, 0.398], [0.391, 0.402, 0.386]),
            ([0.352, 0.349], [0.371, 0.388, 0.362, 0.359, 0.381]),
            ([0.31, 0.334], [0.322, 0.305]),
            ([0.287, 0.301, 0.279, 0.294, 0.318, 0.29], [0.295, 0.296]),
        ]
    ]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the sign is lost: a negative gap says that the second loss is ahead. Leave "
                "`abs` out.",
                lambda a, b: abs(right(a, b)),
            ),
            Mistake(
                "the sign is turned round: you take b minus a. A positive gap should say that "
                "the first loss is ahead.",
                lambda a, b: right(b, a),
            ),
            Mistake(
                total,
                over(
                    lambda a, b: np.sqrt(
                        (len(a) * np.var(a) + len(b) * np.var(b)) / (len(a) + len(b))
                    )
                ),
            ),
            *(
                Mistake(ends, over(f))
                for f in (
                    lambda a, b: (np.ptp(a) + np.ptp(b)) / 2,
                    lambda a, b: max(np.ptp(a), np.ptp(b)),
                )
            ),
            *(
                Mistake(ddof, over(f))
                for f in (
                    lambda a, b: np.sqrt(
                        ((len(a) - 1) * np.var(a) + (len(b) - 1) * np.var(b))
                        / (len(a) + len(b) - 2)
                    ),
                    lambda a, b: np.sqrt((np.var(a) + np.var(b)) / 2),
                    lambda a, b: (np.std(a) + np.std(b)) / 2,
                )
            ),
            *(
                Mistake(together, over(lambda a, b, d=d: np.std(np.concatenate([a, b]), ddof=d)))
                for d in (0, 1)
            ),
            Mistake(error, over(lambda a, b: pooled(a, b) * np.sqrt(1 / len(a) + 1 / len(b)))),
            Mistake(error, over(lambda a, b: np.sqrt(var(a) / len(a) + var(b) / len(b)))),
            Mistake(error, over(lambda a, b: pooled(a, b) / np.sqrt(len(a) + len(b)))),
            Mistake(
                "you divide by the variance, which is in squared mAP. Take its root, so that "
                "the units cancel.",
                over(lambda a, b: pooled(a, b) ** 2),
            ),
            Mistake(stds, over(lambda a, b: (np.sqrt(var(a)) + np.sqrt(var(b))) / 2)),
            Mistake(
                stds,
                over(
                    lambda a, b: (
                        ((len(a) - 1) * np.sqrt(var(a)) + (len(b) - 1) * np.sqrt(var(b)))
                        / (len(a) + len(b) - 2)
                    )
                ),
            ),
            Mistake(unweighted, over(lambda a, b: np.sqrt((var(a) + var(b)) / 2))),
            Mistake(
                "each variance is weighted by its number of scores. Weigh it by that number "
                "less 1, its degrees of freedom.",
                over(lambda a, b: np.sqrt((len(a) * var(a) + len(b) * var(b)) / (len(a) + len(b)))),
            ),
            *(
                Mistake(only, over(f))
                for f in (
                    lambda a, b: np.sqrt(var(a)),
                    lambda a, b: np.sqrt(var(b)),
                    lambda a, b: np.std(a),
                    lambda a, b: np.std(b),
                )
            ),
            Mistake(
                "the two variances are added. That is the spread of the difference between two "
                "runs; the exercise asks for the spread of one run, so take their weighted mean.",
                over(lambda a, b: np.sqrt(var(a) + var(b))),
            ),
            Mistake(
                "this is the difference of the means, in mAP. Divide it by the spread of a seed.",
                gap,
            ),
        ],
        cases,
        what,
    )
    edge(
        answer,
        right,
        [([0.41, 0.4, 0.43], [0.38, 0.39])],
        what,
        "the scores may also come in lists, which have neither `-` nor `mean`: begin with "
        "`np.asarray`.",
    )
    return Right(
        "Right: the gap between the means, in spreads of one seed, and the sign says who is ahead."
    )


def luck_of_the_test(answer) -> Right:
    """Exercise 3: luck_of_the_test(valid, test) -> mean gain in test score by choosing the rate on
    test in place of valid; NumPy [repetitions, rates].
    """
    rows = lambda x: np.arange(len(x))
    best = lambda test: test.max(1)
    honest = lambda valid, test: test[rows(test), valid.argmax(1)]
    luck = lambda valid, test: best(test) - honest(valid, test)
    right = lambda valid, test: luck(valid, test).mean()

    def on_mean(valid, test):
        return test.mean(0).max() - test.mean(0)[valid.mean(0).argmax()]

    axis = (
        "the choice goes along the wrong axis: for each rate you look for its best repetition. "
        "The rates are the columns, so choose along axis 1, once for each repetition."
    )
    once = (
        "one rate is chosen for all repetitions, by its mean over them. Each repetition stands "
        "for somebody who has only that one row: choose in each, and take the mean after that."
    )
    whole = (
        "`max` or `argmax` without an axis looks at the whole array and finds one run of one "
        "repetition. Choose along axis 1, once for each repetition."
    )
    valid_score = (
        "the second term is the validation score of the chosen rate. Both choices have to be "
        "compared by what they show on test: take the test score at the rate that valid chose."
    )
    rng = np.random.default_rng(3)

    def made(s, r):
        level = 0.4 + 0.02 * rng.normal(size=(1, r))
        return [(level + 0.01 * bias + 0.02 * rng.normal(size=(s, r))).round(4) for bias in (1, 0)]

    cases = [made(4, 3), made(5, 5), made(3, 6)]
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "the sign is turned round: it is a gain, so it is the score of the test's "
                "choice minus the score of valid's choice, and never negative.",
                lambda v, t: -right(v, t),
            ),
            Mistake(axis, lambda v, t: (t.max(0) - t[v.argmax(0), np.arange(t.shape[1])]).mean()),
            Mistake(valid_score, lambda v, t: (t.max(1) - v.max(1)).mean()),
            Mistake(
                "you subtract in the order valid minus test, and take the validation score of "
                "the chosen rate. Compare two test scores: at the rate that test chose, and at "
                "the rate that valid chose.",
                lambda v, t: (v.max(1) - t.max(1)).mean(),
            ),
            Mistake(
                "this is how much the validation score flatters the rate that was chosen by it. "
                "Asked is what the test score gains when test chooses: compare two test scores.",
                lambda v, t: (v.max(1) - honest(v, t)).mean(),
            ),
            Mistake(once, on_mean),
            Mistake(once, lambda v, t: (t.max(1) - t[:, v.mean(0).argmax()]).mean()),
            Mistake(whole, lambda v, t: t.max() - t.ravel()[v.argmax()]),
            Mistake(whole, lambda v, t: t.max() - honest(v, t).mean()),
            Mistake(
                "valid and test are exchanged: this is what the validation score gains when "
                "valid chooses in place of test.",
                lambda v, t: right(t, v),
            ),
            Mistake(
                "`test[:, choice]` takes every chosen column for every repetition. Pair them: "
                "`test[np.arange(len(test)), choice]`, or `np.take_along_axis`.",
                lambda v, t: (t.max(1)[:, None] - t[:, v.argmax(1)]).mean(),
            ),
            Mistake(
                "yours is 0 always: both terms are chosen by the same scores. One rate has to "
                "be chosen by valid.",
                lambda v, t: 0.0,
            ),
            Mistake(
                "this is only what valid's choice reaches on test. Subtract it from what test's "
                "own choice reaches.",
                lambda v, t: honest(v, t).mean(),
            ),
            Mistake(
                "this is only what test's own choice reaches. Subtract the test score of the rate "
                "that valid chose.",
                lambda v, t: best(t).mean(),
            ),
            Mistake(
                "the mean goes only over the repetitions in which the choices differ. The others "
                "count as well: they gain 0.",
                quiet(lambda v, t: luck(v, t)[t.argmax(1) != v.argmax(1)].mean()),
            ),
            Mistake(
                "you take the median over the repetitions. The exercise asks for the mean.",
                lambda v, t: np.median(luck(v, t)),
            ),
            Mistake("you give one number per repetition. Take their mean.", luck),
            Mistake(
                "you add up over the repetitions. Take the mean.", lambda v, t: luck(v, t).sum()
            ),
            Mistake(
                "this is the share of repetitions in which the two choices differ. Asked is by "
                "how much the test score differs.",
                lambda v, t: (t.argmax(1) != v.argmax(1)).mean(),
            ),
        ],
        cases,
        called(answer, "my_luck_of_the_test"),
        praise="Right: each repetition chooses twice, both choices are paid in test scores, and "
        "the mean comes last.",
    )
