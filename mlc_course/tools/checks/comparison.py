"""Checks of lesson 06, which loss."""

from __future__ import annotations

import numpy as np

from ._core import (
    Mistake,
    Right,
    Wrong,
    attempt,
    converted,
    diagnose,
    edge,
    function,
    plain,
    same,
    show,
)


class Rates:
    "A dict of rates, whatever kinds of number are in it: compared and shown as one value."

    def __init__(self, x):
        self.x = plain(x.to_dict() if hasattr(x, "to_dict") else x)

    def __eq__(self, other):
        return isinstance(other, Rates) and same(self.x, other.x)

    def __repr__(self):
        return (
            repr({k: v.item() if isinstance(v, np.generic) else v for k, v in self.x.items()})
            if isinstance(self.x, dict)
            else show(self.x)
        )


def rated(f):
    return converted(f, Rates)


def table_of_runs(rng, losses, rates, seeds, without=()):
    "A table of runs in mixed order, `seeds` runs (from, to) for each loss and rate."
    import pandas as pd

    rows = []
    for i, loss in enumerate(losses):
        for j, rate in enumerate(rates):
            if (loss, rate) in without:
                continue
            level = 0.4 - 0.015 * (j - (i + 1) % len(rates)) ** 2
            for _ in range(rng.integers(*seeds, endpoint=True)):
                valid, test = (level + rng.normal(0, 0.02, 2)).round(4)
                rows.append(dict(loss=loss, rate=rate, valid_mAP=valid, test_mAP=test))
    table = pd.DataFrame(rows)
    return table.iloc[rng.permutation(len(table))]


def told(table) -> str:
    "The part of a table of runs that decides, in one line."
    of = lambda loss, t: (
        f"{loss} "
        + ", ".join(
            f"at {rate:g}: {' '.join(f'{o:.4f}' for o in g)}"
            for rate, g in t.groupby("rate").valid_mAP
        )
    )
    return "runs with these valid_mAP: " + "; ".join(
        of(loss, t) for loss, t in table.groupby("loss", sort=False)
    )


def best_rates(answer) -> Right:
    "Exercise 1: best_rates(table) -> a dict from loss to its rate with the highest mean valid_mAP; DataFrame of loss, rate, valid_mAP, test_mAP."
    what = "best_rates"
    function(answer, what)

    def each(choose):
        return lambda t: {loss: choose(rows) for loss, rows in t.groupby("loss")}

    def per_rate(how="mean", score="valid_mAP"):
        return lambda t: t.groupby("rate")[score].agg(how)

    def highest(how="mean", score="valid_mAP"):
        return each(lambda t: float(per_rate(how, score)(t).idxmax()))

    def for_all(choose):
        return lambda t: dict.fromkeys(t.loss, choose(t))

    fair_mean = lambda t: t.groupby(["loss", "rate"]).valid_mAP.mean().groupby("rate").mean()

    def from_list(t):
        rates = t.rate.unique()
        return {loss: rates[per_rate()(o).to_numpy().argmax()] for loss, o in t.groupby("loss")}

    def pair(t):
        return t.groupby(["loss", "rate"]).valid_mAP.mean().groupby("loss").idxmax().to_dict()

    right = highest()
    on_test = (
        "the rate is chosen by the test scores. Then the test score that is reported is the luckiest of several, and flattered: "
        "choose by `valid_mAP`."
    )
    single = (
        "you take the rate of the single best run. Where a rate scatters much, its luckiest run wins over a rate that is better on average: "
        "take the mean over the seeds first, and the highest after that."
    )
    alike = (
        "all losses get the same rate, the best on average over the losses. That is the unfair comparison that the lesson took apart: "
        "search for each loss on its own."
    )
    score = (
        "you give back the mAP that the best rate reaches. The exercise asks for the rate itself."
    )
    place = "the values aren't rates but places: numbers of rows or of columns. Give back the rate that stands there."
    order = (
        "the means are sorted by rate, and the list of rates from which you pick isn't: `unique` keeps the order of the rows, `groupby` sorts. "
        "Take the rate from the index of the means, with `idxmax`."
    )
    one_run = "for every loss and rate only one run counts in yours, the others are dropped or overwritten. Take the mean over the seeds."
    mistakes = [
        Mistake(on_test, highest(score="test_mAP")),
        Mistake(on_test, highest("max", "test_mAP")),
        Mistake(single, highest("max")),
        Mistake(alike, for_all(lambda t: per_rate()(t).idxmax())),
        Mistake(alike, for_all(lambda t: fair_mean(t).idxmax())),
        Mistake(
            "these are the rates with the lowest mean. A higher mAP is better.",
            each(lambda t: per_rate()(t).idxmin()),
        ),
        Mistake(score, each(lambda t: per_rate()(t).max())),
        Mistake(score, each(lambda t: t.valid_mAP.max())),
        Mistake(
            "the values are pairs of loss and rate, which is what the index of the means holds. Keep the rate only.",
            pair,
        ),
        Mistake(place, each(lambda t: int(per_rate()(t).to_numpy().argmax()))),
        Mistake(place, each(lambda t: t.valid_mAP.idxmax())),
        Mistake(order, from_list),
        Mistake(order, each(lambda t: t.rate.unique()[per_rate()(t).to_numpy().argmax()])),
        Mistake(
            "you add the scores up over the seeds. A rate that was tried with more seeds wins by their number: take the mean.",
            highest("sum"),
        ),
        Mistake(
            "you take the median over the seeds. The exercise asks for the mean.", highest("median")
        ),
        Mistake(
            "you choose by the worst run of each rate. That is a cautious rule; the exercise asks for the mean.",
            highest("min"),
        ),
        Mistake(one_run, highest("first")),
        Mistake(one_run, highest("last")),
    ]
    rng = np.random.default_rng(1)
    cases = [
        (table_of_runs(rng, ("cross-entropy", "soft F1"), (2e-3, 7e-3, 2.5e-2), (3, 4)),),
        (
            table_of_runs(
                rng, ("focal", "asymmetric", "cross-entropy"), (1e-3, 3e-3, 1e-2, 3e-2), (1, 5)
            ),
        ),
        (
            table_of_runs(
                rng, ("soft F1", "pos_weight", "focal", "asymmetric"), (5e-3, 1.5e-2, 5e-2), (3, 5)
            ),
        ),
    ]
    names = [told(t) for (t,) in cases]
    for (table,), name in zip(cases, names):
        got, losses = Rates(attempt(answer, (table,), what, name)), set(table.loss)
        if not isinstance(got.x, dict):
            raise Wrong(
                f"{what} should give back a dict from the name of a loss to its rate, and it gave {got!r}."
            )
        if set(got.x) != losses:
            raise Wrong(
                f"{what}: the keys should be the losses of the table, {sorted(losses)}, and yours are {show(list(got.x))}."
            )
    ask = lambda mistakes, cases, names: diagnose(
        rated(answer),
        rated(right),
        [Mistake(m.says, rated(m.gives)) for m in mistakes],
        cases,
        what,
        names=names,
    )
    ask(mistakes, cases, names)
    sparse = table_of_runs(
        rng,
        ("cross-entropy", "focal"),
        (2e-3, 7e-3, 2.5e-2),
        (2, 3),
        without=[("focal", 2e-3), ("cross-entropy", 2.5e-2)],
    )
    ask(
        [],
        [(sparse,)],
        [
            f"a table in which not every loss was tried at every rate (no runs have no mean: NaN, or nothing at all), {told(sparse)}"
        ],
    )
    return Right(
        "Right: the mean over the seeds first, then the best rate of each loss, and test wasn't asked."
    )


def gap_in_seeds(answer) -> Right:
    "Exercise 2: gap_in_seeds(a, b) -> (mean of a - mean of b) / pooled standard deviation of one seed; the scores of two losses, at least 2 of each."
    what, var = "gap_in_seeds", lambda x: np.var(x, ddof=1)
    gap = lambda a, b: np.mean(a) - np.mean(b)

    def over(spread):
        return lambda a, b: gap(a, b) / spread(a, b)

    def pooled(a, b):
        return np.sqrt(((len(a) - 1) * var(a) + (len(b) - 1) * var(b)) / (len(a) + len(b) - 2))

    right = over(pooled)
    ddof = (
        "the spread is too small: `np.std` and `np.var` divide by the number of scores, and a mean fitted to so few scores lies too close to them. "
        "Divide by one less (`ddof=1`)."
    )
    together = (
        "the spread is that of all scores thrown together. It contains the very gap that you want to measure, so the result can hardly get large: "
        "take the deviations from each loss's own mean."
    )
    error = (
        "you divide by the standard error of the means, which gives a t statistic. It grows with the number of seeds; "
        "the exercise asks for the gap in spreads of one seed."
    )
    unweighted = (
        "the two variances count the same in yours. Where the numbers of seeds differ, the longer list knows its variance better: "
        "weigh each by its number of scores less 1."
    )
    only = "you measure the spread of one of the two losses only. Both may scatter: pool their variances."
    stds = "you take the mean of the two standard deviations. Pool the variances, each weighted by its number of scores less 1, and take the root after that."
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
                "the sign is lost: a negative gap says that the second loss is ahead. Leave `abs` out.",
                lambda a, b: abs(right(a, b)),
            ),
            Mistake(
                "the sign is turned round: you take b minus a. A positive gap should say that the first loss is ahead.",
                lambda a, b: right(b, a),
            ),
            *(
                Mistake(ddof, over(f))
                for f in (
                    lambda a, b: np.sqrt(
                        (len(a) * np.var(a) + len(b) * np.var(b)) / (len(a) + len(b))
                    ),
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
                "you divide by the variance, which is in squared mAP. Take its root, so that the units cancel.",
                over(lambda a, b: pooled(a, b) ** 2),
            ),
            Mistake(stds, over(lambda a, b: (np.sqrt(var(a)) + np.sqrt(var(b))) / 2)),
            Mistake(unweighted, over(lambda a, b: np.sqrt((var(a) + var(b)) / 2))),
            Mistake(
                "each variance is weighted by its number of scores. Weigh it by that number less 1, its degrees of freedom.",
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
                "the two variances are added. That is the spread of the difference between two runs; the exercise asks for the spread of one run, "
                "so take their weighted mean.",
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
        "the scores may also come in lists, which have neither `-` nor `mean`: begin with `np.asarray`.",
    )
    return Right(
        "Right: the gap between the means, in spreads of one seed, and the sign says who is ahead."
    )


def luck_of_the_test(answer) -> Right:
    "Exercise 3: luck_of_the_test(valid, test) -> mean gain in test score by choosing the rate on test in place of valid; NumPy [repetitions, rates]."
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
        "one rate is chosen for all repetitions, by its mean over them. Each repetition stands for somebody who has only that one row: "
        "choose in each, and take the mean after that."
    )
    whole = "`max` or `argmax` without an axis looks at the whole array and finds one run of one repetition. Choose along axis 1, once for each repetition."
    valid_score = (
        "the second term is the validation score of the chosen rate. Both choices have to be compared by what they show on test: "
        "take the test score at the rate that valid chose."
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
                "the sign is turned round: it is a gain, so it is the score of the test's choice minus the score of valid's choice, and never negative.",
                lambda v, t: -right(v, t),
            ),
            Mistake(axis, lambda v, t: (t.max(0) - t[v.argmax(0), np.arange(t.shape[1])]).mean()),
            Mistake(valid_score, lambda v, t: (t.max(1) - v.max(1)).mean()),
            Mistake(
                "you subtract in the order valid minus test, and take the validation score of the chosen rate. "
                "Compare two test scores: at the rate that test chose, and at the rate that valid chose.",
                lambda v, t: (v.max(1) - t.max(1)).mean(),
            ),
            Mistake(
                "this is how much the validation score flatters the rate that was chosen by it. Asked is what the test score gains when test chooses: "
                "compare two test scores.",
                lambda v, t: (v.max(1) - honest(v, t)).mean(),
            ),
            Mistake(once, on_mean),
            Mistake(once, lambda v, t: (t.max(1) - t[:, v.mean(0).argmax()]).mean()),
            Mistake(whole, lambda v, t: t.max() - t.ravel()[v.argmax()]),
            Mistake(whole, lambda v, t: t.max() - honest(v, t).mean()),
            Mistake(
                "valid and test are exchanged: this is what the validation score gains when valid chooses in place of test.",
                lambda v, t: right(t, v),
            ),
            Mistake(
                "`test[:, choice]` takes every chosen column for every repetition. Pair them: `test[np.arange(len(test)), choice]`, "
                "or `np.take_along_axis`.",
                lambda v, t: (t.max(1)[:, None] - t[:, v.argmax(1)]).mean(),
            ),
            Mistake(
                "yours is 0 always: both terms are chosen by the same scores. One rate has to be chosen by valid.",
                lambda v, t: 0.0,
            ),
            Mistake("you give one number per repetition. Take their mean.", luck),
            Mistake(
                "you add up over the repetitions. Take the mean.", lambda v, t: luck(v, t).sum()
            ),
            Mistake(
                "this is the share of repetitions in which the two choices differ. Asked is by how much the test score differs.",
                lambda v, t: (t.argmax(1) != v.argmax(1)).mean(),
            ),
        ],
        cases,
        "luck_of_the_test",
        praise="Right: each repetition chooses twice, both choices are paid in test scores, and the mean comes last.",
    )
