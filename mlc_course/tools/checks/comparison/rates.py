"Exercise: the best learning rate of each loss."

from __future__ import annotations

import numpy as np

from .._core import (
    Mistake,
    Right,
    Wrong,
    attempt,
    converted,
    diagnose,
    function,
    plain,
    same,
    show,
)
from .._names import called


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
    """Exercise 1: best_rates(table) -> a dict from loss to its rate with the highest mean
    valid_mAP; DataFrame of loss, rate, valid_mAP, test_mAP.
    """
    import pandas as pd

    what = called(answer, "my_best_rates")
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

    def by_both(t):
        return highest(score="both")(t.assign(both=t.valid_mAP + t.test_mAP))

    def from_list(t):
        rates = t.rate.unique()
        return {loss: rates[per_rate()(o).to_numpy().argmax()] for loss, o in t.groupby("loss")}

    def pair(t):
        return t.groupby(["loss", "rate"]).valid_mAP.mean().groupby("loss").idxmax().to_dict()

    right = highest()
    on_test = (
        "the rate is chosen by the test scores. Then the test score that is reported is the "
        "luckiest of several, and flattered: choose by `valid_mAP`."
    )
    both = (
        "the test scores have a say in yours, beside those of valid. Whatever chooses can't be "
        "reported afterwards: choose by `valid_mAP` alone."
    )
    single = (
        "you take the rate of the single best run. Where a rate scatters much, its luckiest "
        "run wins over a rate that is better on average: take the mean over the seeds first, "
        "and the highest after that."
    )
    alike = (
        "all losses get the same rate, the best on average over the losses. That is the unfair "
        "comparison that the lesson took apart: search for each loss on its own."
    )
    score = (
        "you give back the mAP that the best rate reaches. The exercise asks for the rate itself."
    )
    place = (
        "the values aren't rates but places: numbers of rows or of columns. Give back the rate "
        "that stands there."
    )
    order = (
        "the means are sorted by rate, and the list of rates from which you pick isn't: "
        "`unique` keeps the order of the rows, `groupby` sorts. Take the rate from the index "
        "of the means, with `idxmax`."
    )
    one_run = (
        "for every loss and rate only one run counts in yours, the others are dropped or "
        "overwritten. Take the mean over the seeds."
    )
    mistakes = [
        Mistake(on_test, highest(score="test_mAP")),
        Mistake(on_test, highest("max", "test_mAP")),
        Mistake(single, highest("max")),
        Mistake(both, by_both),
        Mistake(alike, for_all(lambda t: per_rate()(t).idxmax())),
        Mistake(alike, for_all(lambda t: fair_mean(t).idxmax())),
        Mistake(
            "these are the rates with the lowest mean. A higher mAP is better.",
            each(lambda t: per_rate()(t).idxmin()),
        ),
        Mistake(score, each(lambda t: per_rate()(t).max())),
        Mistake(score, each(lambda t: t.valid_mAP.max())),
        Mistake(
            "the values are pairs of loss and rate, which is what the index of the means "
            "holds. Keep the rate only.",
            pair,
        ),
        Mistake(place, each(lambda t: int(per_rate()(t).to_numpy().argmax()))),
        Mistake(place, each(lambda t: t.valid_mAP.idxmax())),
        Mistake(order, from_list),
        Mistake(order, each(lambda t: t.rate.unique()[per_rate()(t).to_numpy().argmax()])),
        Mistake(
            "you add the scores up over the seeds. A rate that was tried with more seeds wins "
            "by their number: take the mean.",
            highest("sum"),
        ),
        Mistake(
            "you take the median over the seeds. The exercise asks for the mean.", highest("median")
        ),
        Mistake(
            "you choose by the worst run of each rate. That is a cautious rule; the exercise "
            "asks for the mean.",
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
    torn = dict(loss="focal", rate=[0.01, 0.03] * 2, valid_mAP=[0.4, 0.38, 0.41, 0.37])
    torn = pd.DataFrame(torn | dict(test_mAP=[0.3, 0.45, 0.31, 0.46]))
    cases.append((torn,))
    names = [told(t) for (t,) in cases]
    for (table,), name in zip(cases, names):
        got, losses = Rates(attempt(answer, (table,), what, name)), set(table.loss)
        if not isinstance(got.x, dict):
            raise Wrong(
                f"{what} should give back a dict from the name of a loss to its rate, and it "
                f"gave {got!r}."
            )
        if set(got.x) != losses:
            raise Wrong(
                f"{what}: the keys should be the losses of the table, {sorted(losses)}, and "
                f"yours are {show(list(got.x))}."
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
            "a table in which not every loss was tried at every rate (no runs have no mean: "
            f"NaN, or nothing at all), {told(sparse)}"
        ],
    )
    return Right(
        "Right: the mean over the seeds first, then the best rate of each loss, and test "
        "wasn't asked."
    )
