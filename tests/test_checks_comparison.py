"""Each check of the lesson on comparing losses takes the right answer and names the typical wrong
ones.
"""

import math
import statistics as st

import numpy as np
import pandas as pd
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says
from scipy import stats

from mlc_course.tools import checks
from mlc_course.tools.checks import comparison as module


def right_rates(table):
    scores = {}
    for row in table.itertuples():
        scores.setdefault(row.loss, {}).setdefault(row.rate, []).append(row.valid_mAP)
    return {
        loss: max(by_rate, key=lambda r: st.mean(by_rate[r])) for loss, by_rate in scores.items()
    }


def right_gap(a, b):
    "From the t statistic of the library."
    return stats.ttest_ind(a, b).statistic * math.sqrt(1 / len(a) + 1 / len(b))


def right_luck(valid, test):
    total = 0
    for v, t in zip(valid.tolist(), test.tolist()):
        total += max(t) - t[v.index(max(v))]
    return total / len(valid)


RIGHT = dict(best_rates=right_rates, gap_in_seeds=right_gap, luck_of_the_test=right_luck)


@pytest.mark.parametrize("name", RIGHT)
def test_every_mistake_differs_from_the_right_answer_and_from_the_others(name, monkeypatch):
    mistakes_are_told_apart(module, name, RIGHT[name], monkeypatch)


@pytest.mark.parametrize("name", RIGHT)
def test_stub_exception_and_odd_answers(name):
    odd_answers_are_refused(getattr(checks, name))


@pytest.mark.parametrize("name", ["gap_in_seeds", "luck_of_the_test"])
def test_an_odd_value_is_shown_beside_the_expected_one(name):
    says(getattr(checks, name), lambda *args: 42.0, "expected")
    says(getattr(checks, name), lambda *args: np.zeros((2, 2)), "shape (2, 2)")


def means(t, score="valid_mAP"):
    return t.pivot_table(index="loss", columns="rate", values=score)


def test_best_rates():
    for right in (
        right_rates,
        lambda t: means(t).idxmax(axis=1),
        lambda t: means(t).idxmax(axis=1).to_dict(),
    ):
        passes(checks.best_rates, right)
    per_loss = lambda f: lambda t: {loss: f(t[t.loss == loss]) for loss in set(t.loss)}
    says(
        checks.best_rates,
        lambda t: means(t, "test_mAP").idxmax(axis=1),
        "chosen by the test scores",
    )
    says(
        checks.best_rates,
        per_loss(lambda t: t.rate[t.test_mAP.idxmax()]),
        "chosen by the test scores",
    )
    says(
        checks.best_rates,
        per_loss(lambda t: t.sort_values("valid_mAP").rate.iloc[-1]),
        "of the single best run",
    )
    says(
        checks.best_rates,
        lambda t: dict.fromkeys(t.loss, means(t).mean().idxmax()),
        "all losses get the same rate",
    )
    says(
        checks.best_rates,
        lambda t: dict.fromkeys(t.loss, t.groupby("rate").valid_mAP.mean().idxmax()),
        "all losses get the same rate",
    )
    sums = lambda t: means(t) + means(t, "test_mAP")
    says(checks.best_rates, lambda t: sums(t).idxmax(axis=1).to_dict(), "have a say in yours")
    says(checks.best_rates, lambda t: means(t).idxmin(axis=1), "lowest mean")
    says(checks.best_rates, lambda t: means(t).max(axis=1), "asks for the rate itself")
    says(checks.best_rates, lambda t: t.groupby("loss").valid_mAP.max(), "asks for the rate itself")
    says(
        checks.best_rates,
        lambda t: dict(zip(means(t).index, means(t).to_numpy().argmax(1))),
        "aren't rates but places",
    )
    says(checks.best_rates, per_loss(lambda t: t.valid_mAP.idxmax()), "aren't rates but places")
    says(
        checks.best_rates,
        lambda t: means(t).stack().groupby("loss").idxmax(),
        "pairs of loss and rate",
    )
    says(
        checks.best_rates,
        per_loss(lambda t: list(dict.fromkeys(t.rate))[int(np.argmax(means(t)))]),
        "`groupby` sorts",
    )
    says(
        checks.best_rates,
        lambda t: dict(zip(means(t).index, t.rate.unique()[means(t).to_numpy().argmax(1)])),
        "`groupby` sorts",
    )
    by = lambda how: (
        lambda t: t.pivot_table(
            index="loss", columns="rate", values="valid_mAP", aggfunc=how
        ).idxmax(axis=1)
    )
    says(checks.best_rates, by("sum"), "add the scores up")
    says(checks.best_rates, by("median"), "take the median")
    says(checks.best_rates, by("min"), "by the worst run")

    def overwritten(t):
        last = {(o.loss, o.rate): o.valid_mAP for o in t.itertuples()}
        return {
            loss: max((r for name, r in last if name == loss), key=lambda r: last[loss, r])
            for loss in t.loss
        }

    says(checks.best_rates, overwritten, "only one run counts")
    says(
        checks.best_rates,
        lambda t: means(t.drop_duplicates(["loss", "rate"])).idxmax(axis=1),
        "only one run counts",
    )


def test_best_rates_of_odd_form():
    says(
        checks.best_rates,
        lambda t: 42.0,
        "should give back a dict from the name of a loss to its rate, and it gave 42",
    )
    says(checks.best_rates, lambda t: means(t).stack().idxmax(), "should give back a dict")
    says(
        checks.best_rates,
        lambda t: {"cat": 0.1},
        "the keys should be the losses of the table, ['cross-entropy', 'soft F1'], and yours "
        "are ['cat']",
    )
    says(
        checks.best_rates,
        lambda t: t.groupby(["loss", "rate"]).valid_mAP.mean(),
        "the keys should be the losses",
    )
    says(
        checks.best_rates,
        lambda t: dict.fromkeys(t.loss, 0.5),
        "isn't right yet. Given runs with these valid_mAP: ",
    )
    says(
        checks.best_rates,
        lambda t: dict.fromkeys(t.loss, np.float64(0.5)),
        "got {'soft F1': 0.5, 'cross-entropy': 0.5}",
    )


def test_best_rates_where_a_loss_was_not_tried_at_every_rate():
    def first_nan(t):
        return {loss: row.index[np.argmax(row.to_numpy())] for loss, row in means(t).iterrows()}

    says(checks.best_rates, first_nan, "not every loss was tried at every rate")

    def empty(t):
        return {
            loss: max(
                t.rate.unique(),
                key=lambda r: st.mean(t.valid_mAP[(t.loss == loss) & (t.rate == r)]),
            )
            for loss in t.loss
        }

    says(checks.best_rates, empty, "stopped with StatisticsError")


def test_the_tables_of_runs_have_no_ties(monkeypatch):
    tables = []

    def spy(t):
        tables.append(t)
        return right_rates(t)

    passes(checks.best_rates, spy)
    for t in tables:
        assert (
            list(t.columns) == ["loss", "rate", "valid_mAP", "test_mAP"]
            and not t.rate.is_monotonic_increasing
            and t.valid_mAP.between(0, 1).all()
        )
        top = means(t).apply(lambda row: row.nlargest(2).diff().abs().iloc[-1], axis=1)
        assert (top > 1e-3).all()


def test_gap_in_seeds():
    def pooled(a, b):
        return math.sqrt(
            ((len(a) - 1) * st.variance(a) + (len(b) - 1) * st.variance(b)) / (len(a) + len(b) - 2)
        )

    over = lambda spread: (
        lambda a, b: (st.mean(a) - st.mean(b)) / spread([*map(float, a)], [*map(float, b)])
    )
    for right in (right_gap, over(pooled), lambda a, b: [over(pooled)(a, b)][0]):
        passes(checks.gap_in_seeds, right)
    says(checks.gap_in_seeds, lambda a, b: abs(right_gap(a, b)), "sign is lost")
    says(checks.gap_in_seeds, lambda a, b: right_gap(b, a), "sign is turned round")
    centred = lambda a, b: np.std(np.r_[a - np.mean(a), b - np.mean(b)])
    says(
        checks.gap_in_seeds,
        over(lambda a, b: centred(np.array(a), np.array(b))),
        "the spread is too small",
    )
    says(
        checks.gap_in_seeds,
        over(lambda a, b: math.sqrt((np.var(a) + np.var(b)) / 2)),
        "the spread is too small",
    )
    says(
        checks.gap_in_seeds,
        over(lambda a, b: np.mean([st.pstdev(a), st.pstdev(b)])),
        "the spread is too small",
    )
    says(
        checks.gap_in_seeds,
        over(
            lambda a, b: math.sqrt(
                np.average([np.var(a), np.var(b)], weights=[len(a) - 1, len(b) - 1])
            )
        ),
        "the spread is too small",
    )
    for sd in (st.stdev, st.pstdev):
        says(checks.gap_in_seeds, over(lambda a, b: sd(a + b)), "thrown together")
    says(checks.gap_in_seeds, lambda a, b: stats.ttest_ind(a, b).statistic, "standard error")
    says(
        checks.gap_in_seeds,
        lambda a, b: stats.ttest_ind(a, b, equal_var=False).statistic,
        "standard error",
    )
    says(
        checks.gap_in_seeds,
        over(lambda a, b: pooled(a, b) / math.sqrt(len(a + b))),
        "standard error",
    )
    says(checks.gap_in_seeds, over(lambda a, b: pooled(a, b) ** 2), "by the variance")
    says(
        checks.gap_in_seeds,
        over(lambda a, b: (st.stdev(a) + st.stdev(b)) / 2),
        "mean of the two standard deviations",
    )
    says(
        checks.gap_in_seeds,
        over(lambda a, b: math.sqrt((st.variance(a) + st.variance(b)) / 2)),
        "count the same",
    )
    says(
        checks.gap_in_seeds,
        over(
            lambda a, b: math.sqrt(
                np.average([st.variance(a), st.variance(b)], weights=[len(a), len(b)])
            )
        ),
        "less 1, its degrees",
    )
    says(
        checks.gap_in_seeds,
        over(lambda a, b: math.hypot(st.stdev(a), st.stdev(b))),
        "variances are added",
    )
    for sd in (st.stdev, st.pstdev):
        says(checks.gap_in_seeds, over(lambda a, b: sd(a)), "one of the two losses only")
        says(checks.gap_in_seeds, over(lambda a, b: sd(b)), "one of the two losses only")
    says(checks.gap_in_seeds, lambda a, b: np.mean(a) - np.mean(b), "in mAP. Divide it")


def test_gap_in_seeds_of_lists():
    def of_arrays(a, b):
        v = (((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / (len(a) + len(b) - 2)
        return (a.mean() - b.mean()) / v**0.5

    says(checks.gap_in_seeds, of_arrays, "may also come in lists")
    passes(checks.gap_in_seeds, lambda a, b: of_arrays(np.array(a), np.array(b)))
    passes(checks.gap_in_seeds, lambda a, b: of_arrays(pd.Series(a), pd.Series(b)))


def test_luck_of_the_test():
    chosen = lambda by, of, axis=1: np.take_along_axis(
        of, np.expand_dims(by.argmax(axis), axis), axis
    )
    for right in (right_luck, lambda v, t: (chosen(t, t) - chosen(v, t)).mean()):
        passes(checks.luck_of_the_test, right)
    says(checks.luck_of_the_test, lambda v, t: -right_luck(v, t), "sign is turned round")
    says(
        checks.luck_of_the_test,
        lambda v, t: (chosen(t, t, 0) - chosen(v, t, 0)).mean(),
        "along the wrong axis",
    )
    says(checks.luck_of_the_test, lambda v, t: right_luck(v.T, t.T), "along the wrong axis")
    says(
        checks.luck_of_the_test,
        lambda v, t: (chosen(t, t) - chosen(v, v)).mean(),
        "validation score of the chosen rate",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: (chosen(v, v) - chosen(t, t)).mean(),
        "in the order valid minus test",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: (chosen(v, v) - chosen(v, t)).mean(),
        "flatters the rate that was chosen by it",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: right_luck(v.mean(0, keepdims=True), t.mean(0, keepdims=True)),
        "one rate is chosen for all repetitions",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: np.mean([max(row) for row in t]) - t.mean(0)[v.mean(0).argmax()],
        "one rate is chosen for all repetitions",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: right_luck(v.reshape(1, -1), t.reshape(1, -1)),
        "without an axis",
    )
    says(checks.luck_of_the_test, lambda v, t: t.max() - chosen(v, t).mean(), "without an axis")
    says(checks.luck_of_the_test, lambda v, t: (v.max(1) - chosen(t, v)[:, 0]).mean(), "exchanged")
    says(
        checks.luck_of_the_test,
        lambda v, t: t.max(1).mean() - t[:, v.argmax(1)].mean(),
        "for every repetition. Pair them",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: (t.max(1) - t[np.arange(len(t)), t.argmax(1)]).mean(),
        "0 always",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: (chosen(t, t) - chosen(v, t))[:, 0],
        "one number per repetition",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: (chosen(t, t) - chosen(v, t)).sum(),
        "add up over the repetitions",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: np.mean(v.argmax(1) != t.argmax(1)),
        "share of repetitions",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: (t.max(1) - t[np.arange(len(t)), v.argmax(0)]).mean(),
        "stopped with IndexError",
    )


def test_no_repetition_has_a_tie():
    def spy(v, t):
        for x in (v, t):
            assert (np.diff(np.sort(x, 1), axis=1)[:, -1] > 0).all()
        return right_luck(v, t)

    passes(checks.luck_of_the_test, spy)


def test_gap_in_seeds_with_another_spread():
    over = lambda spread: lambda a, b: (np.mean(a) - np.mean(b)) / spread(a, b)
    n = lambda a, b: len(a) + len(b)
    squares = lambda x: np.square(np.asarray(x) - np.mean(x)).sum()
    by_all = over(lambda a, b: ((squares(a) + squares(b)) / n(a, b)) ** 0.5)
    says(checks.gap_in_seeds, by_all, "divide by `len(a) + len(b) - 2`")
    says(
        checks.gap_in_seeds,
        over(lambda a, b: (max(a) - min(a) + max(b) - min(b)) / 2),
        "highest minus lowest",
    )
    free = lambda x: len(x) - 1
    weighed = lambda a, b: (free(a) * st.stdev(a) + free(b) * st.stdev(b)) / (n(a, b) - 2)
    says(checks.gap_in_seeds, over(weighed), "mean of the two standard deviations")


def test_luck_of_the_test_with_a_part_missing():
    rows = lambda v, t: [(max(b), b[int(np.argmax(a))]) for a, b in zip(v.tolist(), t.tolist())]
    mean = lambda f: lambda v, t: st.mean(f(*o) for o in rows(v, t))
    says(checks.luck_of_the_test, mean(lambda best, fair: fair), "only what valid's choice")
    says(checks.luck_of_the_test, mean(lambda best, fair: best), "only what test's own choice")
    says(
        checks.luck_of_the_test,
        lambda v, t: st.mean(x - y for x, y in rows(v, t) if x > y),
        "The others count as well",
    )
    says(
        checks.luck_of_the_test,
        lambda v, t: st.median(x - y for x, y in rows(v, t)),
        "take the median",
    )
