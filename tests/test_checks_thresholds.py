"Each check of lesson 06 takes the right answer and names the typical wrong ones."

import sys

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says, unlike
from sklearn import metrics as skm

from mlc_course.metrics import Predictions, confusion, evaluate, precision_recall_f1
from mlc_course.thresholds import (
    best_threshold,
    best_thresholds_per_label,
    reliability_curve,
    sweep,
)
from mlc_course.tools import checks
from mlc_course.tools.checks import _core


def f1(p, t, cut):
    pred = p > np.float32(cut)
    return 2 * np.sum(pred & t) / max(1, pred.sum() + t.sum())


def below(scores, s):
    "The next lower score, or 0: the threshold that lets `s` pass."
    lower = [o for o in scores if o < s]
    return max(lower) if lower else 0.0


def right_cut(p, t):
    return max([0.0, *p], key=lambda c: f1(p, t, c))


def right_choice(valid, test):
    cut = best_threshold(sweep(valid, score="macro_f1"))[0]
    return cut, skm.f1_score(test.targets, test.probs > cut, average="macro", zero_division=0)


def right_f_beta(p, r, beta):
    return (1 + beta**2) / (1 / p + beta**2 / r) if p > 0 and r > 0 else 0


def right_floor(p, t, floor):
    for cut in sorted([0.0, *p]):
        pred = p > np.float32(cut)
        if pred.any() and t[pred].mean() >= floor:
            return cut
    return 1.0


def right_error(p, t, n_bins=10):
    total = 0
    for b in range(n_bins):
        cells = [
            (x, y)
            for x, y in zip(p.ravel().tolist(), t.ravel().tolist())
            if min(int(x * n_bins), n_bins - 1) == b
        ]
        total += abs(sum(x - y for x, y in cells))
    return total / p.size


RIGHT = dict(
    best_cut=right_cut,
    choose_and_report=right_choice,
    f_beta=right_f_beta,
    precision_floor=right_floor,
    calibration_error=right_error,
)


@pytest.mark.parametrize("name", ["choose_and_report", "f_beta", "calibration_error"])
def test_every_mistake_differs_from_the_right_answer_and_from_the_others(name, monkeypatch):
    module = sys.modules[getattr(checks, name).__module__]
    mistakes_are_told_apart(module, name, RIGHT[name], monkeypatch)


@pytest.mark.parametrize("name", ["best_cut", "precision_floor"])
def test_every_mistake_reaches_something_else(name, monkeypatch):
    module = sys.modules[getattr(checks, name).__module__]
    seen, judge = [], module.judge

    def spy(answer, score, good, mistakes, cases, *args):
        given = [(m.says, [score(*c[:2], _core.call(m.gives, c)) for c in cases]) for m in mistakes]
        unlike(given)
        for m in mistakes:
            assert not all(good(*c, _core.call(m.gives, c)) for c in cases), m.says
        seen.extend(given)
        return judge(answer, score, good, mistakes, cases, *args)

    monkeypatch.setattr(module, "judge", spy)
    passes(getattr(module, name), RIGHT[name])
    assert len(seen) >= 4


@pytest.mark.parametrize("name", RIGHT)
def test_stub_exception_and_odd_answers(name):
    odd_answers_are_refused(getattr(checks, name))


@pytest.mark.parametrize("name", ["choose_and_report", "f_beta", "calibration_error"])
def test_an_odd_value_is_shown_beside_the_expected_one(name):
    says(getattr(checks, name), lambda *args: 42.0, "expected")


@pytest.mark.parametrize("name", ["best_cut", "precision_floor"])
def test_a_threshold_is_one_number_between_0_and_1(name):
    check = getattr(checks, name)
    says(check, lambda *args: 42.0, "has to lie in [0, 1]")
    says(check, lambda *args: float("nan"), "has to lie in [0, 1]")
    says(check, lambda *args: (0.3, 0.7), "should give back one threshold")
    says(check, lambda *args: "low", "should give back one threshold")
    says(check, lambda *args: 0.65, "isn't right yet: on probs")


def per_label(p, t, **kwargs):
    return best_thresholds_per_label(
        Predictions(p[:, None], t[:, None], ["cat"], [str(i) for i in range(len(p))]), **kwargs
    )


def test_best_cut():
    for right in (right_cut, lambda p, t: per_label(p, t)[0], per_label):
        passes(checks.best_cut, right)

    def curve(p, t):
        if not t.any():
            return 0.5
        precision, recall, scores = skm.precision_recall_curve(t, p)
        s = scores[
            np.argmax([2 * a * b / (a + b) if a + b else 0 for a, b in zip(precision, recall)][:-1])
        ]
        return np.nextafter(s, np.float32(0))

    passes(checks.best_cut, curve)
    says(
        checks.best_cut,
        lambda p, t: max(np.linspace(0.05, 0.95, 29), key=lambda c: f1(p, t, c)),
        "a grid of thresholds",
    )
    says(
        checks.best_cut,
        lambda p, t: max(np.linspace(0.95, 0.05, 29), key=lambda c: f1(p, t, c)),
        "a grid of thresholds",
    )
    says(
        checks.best_cut,
        lambda p, t: max(p, key=lambda c: skm.f1_score(t, p >= c, zero_division=0)),
        "leaves that very image out",
    )
    says(
        checks.best_cut,
        lambda p, t: max([0.0, *p], key=lambda c: ((p > c) == t).mean()),
        "best for accuracy",
    )

    def precision(p, t, c):
        return t[p > c].mean() if (p > c).any() else 0

    for way in (np.unique, lambda p: -np.sort(-p)):
        says(
            checks.best_cut,
            lambda p, t: max(way(p), key=lambda c: precision(p, t, c)),
            "highest precision",
        )
    says(checks.best_cut, lambda p, t: 0.5, "0.5, whatever the images")
    says(checks.best_cut, lambda p, t: f1(p, t, right_cut(p, t)) / 2, "half of the best F1")
    says(checks.best_cut, lambda p, t: 0.0, "lets every image pass")


def test_best_cut_with_ties_neighbours_and_no_lower_score():
    def rank_by_rank(p, t):
        order = np.argsort(-p, kind="stable")
        scores, best, cut = [*p[order].tolist(), 0.0], -1, 0.5
        for k in range(1, len(p) + 1):
            f = 2 * t[order][:k].sum() / (k + t.sum()) if t.any() else 0
            if f > best:
                best, cut = f, scores[k]
        return cut

    says(checks.best_cut, rank_by_rank, "equal probability")
    says(checks.best_cut, lambda p, t: max(p, key=lambda c: f1(p, t, c)), "let every image pass")

    def halfway(p, t, dtype):
        scores = np.unique(p).astype(dtype)
        return max(
            np.r_[dtype(0), (scores[1:] + scores[:-1]) / 2],
            key=lambda c: skm.f1_score(t, p > c, zero_division=0),
        )

    says(checks.best_cut, lambda p, t: halfway(p, t, np.float32), "neighbours")
    passes(checks.best_cut, lambda p, t: halfway(p, t, np.float64))  # p > c compares exactly there
    says(
        checks.best_cut,
        lambda p, t: max(
            np.linspace(0, 1, 1001),
            key=lambda c: 2 * (t & (p > c)).sum() / max(1, (p > c).sum() + t.sum()),
        ),
        "neighbours",
    )
    says(
        checks.best_cut,
        lambda p, t: max(np.linspace(0, 1, 1001), key=lambda c: f1(p, t, c)),
        "neighbours",
    )

    def no_guard(p, t):
        return right_cut(p, t) if t.any() else 1 / int(t.sum())

    says(checks.best_cut, no_guard, "ZeroDivisionError")


def test_choose_and_report():
    passes(checks.choose_and_report, right_choice)
    tuned = lambda p, score="macro_f1": best_threshold(sweep(p, score=score))[0]
    macro = lambda p, t: precision_recall_f1(confusion(p.probs, p.targets, t), "macro").f1
    passes(checks.choose_and_report, lambda v, t: [tuned(v), evaluate(t, tuned(v)).macro_f1])
    says(checks.choose_and_report, lambda v, t: (tuned(t), macro(t, tuned(t))), "chosen on test")
    says(
        checks.choose_and_report,
        lambda v, t: best_threshold(sweep(v, score="macro_f1")),
        "that of valid",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(t), macro(v, tuned(t))),
        "splits are exchanged",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v), best_threshold(sweep(t, score="macro_f1"))[1]),
        "best of the whole sweep on test",
    )

    def both(v, t):
        return Predictions(
            np.r_[v.probs, t.probs],
            np.r_[v.targets, t.targets],
            v.vocab,
            [str(i) for i in range(len(v) + len(t))],
        )

    says(
        checks.choose_and_report,
        lambda v, t: (tuned(both(v, t)), macro(t, tuned(both(v, t)))),
        "you choose on valid and test together",
    )
    says(
        checks.choose_and_report,
        lambda v, t: best_threshold(sweep(both(v, t), score="macro_f1")),
        "you choose on valid and test together",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v), macro(both(v, t), tuned(v))),
        "the score is that of valid and test together",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v, "accuracy"), macro(t, tuned(v, "accuracy"))),
        "tuned for accuracy",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v, "micro_f1"), macro(t, tuned(v, "micro_f1"))),
        "tuned for micro F1",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v), evaluate(t, tuned(v)).micro_f1),
        "the score is micro F1",
    )
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v), evaluate(t, tuned(v)).accuracy),
        "the score is the accuracy",
    )
    says(checks.choose_and_report, lambda v, t: (0.5, macro(t, 0.5)), "belong to the threshold 0.5")
    says(
        checks.choose_and_report,
        lambda v, t: (tuned(v), macro(t, 0.5)),
        "hand the chosen threshold on",
    )
    says(
        checks.choose_and_report, lambda v, t: right_choice(v, t)[::-1], "the threshold comes first"
    )
    says(
        checks.choose_and_report,
        lambda v, t: (best_thresholds_per_label(v), macro(t, best_thresholds_per_label(v))),
        "one per label",
    )


def test_choose_and_report_on_a_grid_of_ones_own():
    def macro(p, c):
        pred = p.probs > c
        return (
            2 * (pred & p.targets).sum(0) / np.maximum(1, pred.sum(0) + p.targets.sum(0))
        ).mean()

    for n in (113, 91):  # with the 29 thresholds of the lesson between others, and without them
        grid = np.linspace(0.05, 0.95, n)
        own = lambda p: max(grid, key=lambda c: macro(p, c))
        passes(checks.choose_and_report, lambda v, t: (own(v), macro(t, own(v))))
        passes(checks.choose_and_report, lambda v, t: (float(own(v)), evaluate(t, own(v)).macro_f1))
        says(checks.choose_and_report, lambda v, t: (own(v), macro(v, own(v))), "that of valid")
        says(
            checks.choose_and_report,
            lambda v, t: (own(v), evaluate(t, own(v)).accuracy),
            "the score is the accuracy",
        )
        says(
            checks.choose_and_report,
            lambda v, t: (own(v), best_threshold(sweep(t, score="macro_f1"))[1]),
            "best of the whole sweep on test",
        )
    by_sweep = lambda p: best_threshold(sweep(p, np.linspace(0, 1, 1001), "macro_f1"))[0]
    passes(checks.choose_and_report, lambda v, t: (by_sweep(v), macro(t, by_sweep(v))))
    says(
        checks.choose_and_report, lambda v, t: (0.4, macro(t, 0.4)), "expected"
    )  # worse on valid: not accepted
    says(checks.choose_and_report, lambda v, t: (own(v), 0.5), "expected")


def test_f_beta():
    passes(checks.f_beta, right_f_beta)

    def from_counts(
        precision, recall, beta
    ):  # scikit-learn, on counts that have this precision and recall
        if not precision or not recall:
            return 0.0
        tp = 1000
        fp, fn = round(tp / precision) - tp, round(tp / recall) - tp
        y, pred = np.repeat([1, 0, 1], [tp, fp, fn]), np.repeat([1, 1, 0], [tp, fp, fn])
        return round(skm.fbeta_score(y, pred, beta=beta), 3)

    for args in ((0.5, 1.0, 2), (0.8, 0.4, 0.5), (0.9, 0.2, 0)):
        assert right_f_beta(*args) == pytest.approx(from_counts(*args), abs=2e-3)
    says(checks.f_beta, lambda p, r, b: (1 + b) * p * r / (b * p + r), "beta has to be squared")
    says(checks.f_beta, lambda p, r, b: (1 + b * b) * p * r / (b * p + r), "beta has to be squared")
    says(checks.f_beta, lambda p, r, b: (1 + b) * p * r / (b * b * p + r), "beta has to be squared")
    says(checks.f_beta, lambda p, r, b: (1 + b * b) * p * r / (p + b * b * r), "exchanged")
    says(checks.f_beta, lambda p, r, b: (p + b * b * r) / (1 + b * b), "an arithmetic mean")
    says(checks.f_beta, lambda p, r, b: np.mean([p, r]), "plain arithmetic mean")
    says(checks.f_beta, lambda p, r, b: 2 / (1 / p + 1 / r), "F1, whatever beta is")
    says(checks.f_beta, lambda p, r, b: p * r / (b * b * p + r), "factor in front is missing")
    says(checks.f_beta, lambda p, r, b: 2 * p * r / (b * b * p + r), "factor in front is 2")
    says(
        checks.f_beta,
        lambda p, r, b: (1 + b * b) * p * r / (b * b * p + r),
        "yours stopped with ZeroDivisionError",
    )
    says(
        checks.f_beta,
        lambda p, r, b: (1 + b * b) / (1 / p + b * b / r),
        "yours stopped with ZeroDivisionError",
    )
    says(
        checks.f_beta,
        lambda p, r, b: right_f_beta(p, r, b) if p else float("nan"),
        "yours gave nan",
    )


def pr(p, t, cut):
    pred = p > np.float32(cut)
    return np.sum(pred & t) / max(1, pred.sum()), np.sum(pred & t) / max(1, t.sum())


def test_precision_floor():
    passes(checks.precision_floor, right_floor)

    def from_curve(p, t, floor):
        if not t.any():
            return 1
        precision, _, scores = skm.precision_recall_curve(t, p)
        kept = scores[precision[:-1] >= floor]
        return below(p, kept.min()) if len(kept) else 1

    passes(checks.precision_floor, from_curve)
    ok = lambda p, t, floor: [c for c in sorted([0.0, *p]) if pr(p, t, c)[0] >= floor]

    def stops(p, t, floor):
        last = 1.0
        for s in sorted(p, reverse=True):
            if t[p >= s].mean() < floor:
                break
            last = below(p, s)
        return last

    says(checks.precision_floor, stops, "Precision isn't monotone")
    says(
        checks.precision_floor,
        lambda p, t, floor: right_floor(p, t, floor + 1e-6),
        "exactly at the floor",
    )
    says(
        checks.precision_floor,
        lambda p, t, floor: min((s for s in p if t[p >= s].mean() >= floor), default=1.0),
        "leaves that very image out",
    )
    says(
        checks.precision_floor,
        lambda p, t, floor: max(ok(p, t, floor), default=1.0),
        "take the lowest",
    )
    says(
        checks.precision_floor,
        lambda p, t, floor: max([0.0, *p], key=lambda c: pr(p, t, c)[0]),
        "with the highest precision",
    )

    def on_recall(p, t, floor):
        return max(
            (c for c in [0.0, *p] if pr(p, t, c)[1] >= floor),
            key=lambda c: pr(p, t, c)[0],
            default=1.0,
        )

    says(checks.precision_floor, on_recall, "floor is put on recall")
    says(
        checks.precision_floor,
        lambda p, t, floor: per_label(p, t, min_precision=floor),
        "with the highest F1, as the lesson's",
    )
    says(checks.precision_floor, lambda p, t, floor: right_cut(p, t), "the floor plays no part")

    def on_grid(p, t, floor):
        return min((c for c in np.linspace(0.05, 0.95, 29) if pr(p, t, c)[0] >= floor), default=1.0)

    says(checks.precision_floor, on_grid, "a grid of thresholds")
    says(checks.precision_floor, lambda p, t, floor: 0.0, "lets every image pass")


def test_precision_floor_with_ties_and_where_nothing_keeps_it():
    def rank_by_rank(p, t, floor):
        order, best = np.argsort(-p, kind="stable"), 1.0
        scores = [*p[order], 0.0]
        for k in range(1, len(p) + 1):
            if t[order][:k].mean() >= floor:
                best = scores[k]
        return best

    says(checks.precision_floor, rank_by_rank, "equal probability")
    says(
        checks.precision_floor,
        lambda p, t, floor: right_floor(p, t, floor) if right_floor(p, t, floor) < 1 else 0.5,
        "should be 1.0",
    )
    says(
        checks.precision_floor,
        lambda p, t, floor: right_floor(p, t, floor) if right_floor(p, t, floor) < 1 else p.max(),
        "should be 1.0",
    )

    def not_below(p, t, floor):
        return min(
            [c for c in p.tolist() if (p > c).any() and t[p > c].mean() >= floor], default=1.0
        )

    says(
        checks.precision_floor,
        not_below,
        "when every image passes, and no threshold that you try lies below the lowest probability",
    )

    def no_default(p, t, floor):
        return min(c for c in [0.0, *p] if pr(p, t, c)[0] >= floor)

    says(checks.precision_floor, no_default, "stopped with ValueError")


def test_calibration_error():
    passes(checks.calibration_error, right_error)

    def table(p, t, n_bins=10):
        return reliability_curve(
            Predictions(p, t, [str(i) for i in range(p.shape[1])], [str(i) for i in range(len(p))]),
            n_bins,
        )

    def gaps(*args):
        return (table(*args)["mean_prob"] - table(*args)["frequency"]).to_numpy()

    def weights(*args):
        return (table(*args)["count"] / table(*args)["count"].sum()).to_numpy()

    passes(checks.calibration_error, lambda *a: (abs(gaps(*a)) * weights(*a)).sum())
    says(checks.calibration_error, lambda *a: abs(gaps(*a)).mean(), "Weight each difference")
    for sign in (1, -1):
        says(checks.calibration_error, lambda *a: sign * (gaps(*a) * weights(*a)).sum(), "cancel")
        says(checks.calibration_error, lambda *a: sign * gaps(*a).mean(), "cancel")
    says(checks.calibration_error, lambda p, t, n_bins=10: abs(p.mean() - t.mean()), "cancel")
    says(checks.calibration_error, lambda *a: abs(gaps(*a)).max(), "maximum calibration error")
    says(checks.calibration_error, lambda *a: (gaps(*a) ** 2 * weights(*a)).sum(), "squared")

    def middle(*a):
        return (
            abs((table(*a)["low"] + table(*a)["high"]) / 2 - table(*a)["frequency"]) * weights(*a)
        ).sum()

    says(checks.calibration_error, middle, "middle of the bin")
    says(
        checks.calibration_error,
        lambda p, t, n_bins=10: right_error(p, (p > 0.5) == t, n_bins),
        "accuracy of the thresholded answers",
    )

    def sure(p, t, n_bins=10):
        return right_error(np.where(p > 0.5, p, 1 - p), (p > 0.5) == t, n_bins)

    says(checks.calibration_error, sure, "accuracy of the thresholded answers")
    says(
        checks.calibration_error,
        lambda p, t, n_bins=10: np.mean(
            [right_error(p[:, i], t[:, i], n_bins) for i in range(p.shape[1])]
        ),
        "bins of its own",
    )
    says(
        checks.calibration_error,
        lambda p, t, n_bins=10: right_error(p, t),
        "use the argument `n_bins`",
    )
    says(
        checks.calibration_error,
        lambda p, t, n_bins=10: skm.brier_score_loss(t.ravel(), p.ravel()),
        "Brier score",
    )
    says(checks.calibration_error, lambda p, t, n_bins=10: abs(p - t).mean(), "its own 0 or 1")

    def by_edges(p, t, edges):
        which = np.clip(np.searchsorted(edges, p.ravel(), side="right") - 1, 0, len(edges) - 2)
        return sum(abs((p.ravel() - t.ravel())[which == b].sum()) for b in set(which)) / p.size

    says(
        checks.calibration_error,
        lambda p, t, n_bins=10: by_edges(p, t, np.histogram_bin_edges(p, n_bins)),
        "aren't of equal width",
    )
    says(
        checks.calibration_error,
        lambda p, t, n_bins=10: by_edges(p, t, np.quantile(p, np.linspace(0, 1, n_bins + 1))),
        "aren't of equal width",
    )


def test_calibration_error_with_empty_bins_and_certain_cells():
    def means(p, t, n_bins=10, keep=lambda m: True, last=True):
        p, t, out = p.ravel(), t.ravel(), 0.0
        with np.errstate(all="ignore"):
            for b in range(n_bins):
                m = np.floor(p * n_bins) == b
                if last and b == n_bins - 1:
                    m |= p == 1
                if keep(m):
                    out += m.mean() * abs(
                        np.divide(p[m].sum(), m.sum()) - np.divide(t[m].sum(), m.sum())
                    )
        return out

    passes(checks.calibration_error, lambda *a: means(*a, keep=np.any))
    says(checks.calibration_error, means, "some bins are empty here")
    says(checks.calibration_error, lambda *a: means(*a, keep=np.any, last=False), "exactly 0 or 1")

    def left_open(p, t, n_bins=10):
        return means(p + 2 * (p == 0), t, n_bins, keep=np.any)

    says(checks.calibration_error, left_open, "exactly 0 or 1")

    def table(p, t, n_bins=10):
        sums = np.zeros((n_bins, 2))
        for x, y in zip(p.ravel().tolist(), t.ravel()):
            sums[int(x * n_bins)] += x, y
        return abs(sums[:, 0] - sums[:, 1]).sum() / p.size

    says(checks.calibration_error, table, "stopped with IndexError")


# ---- answers that used to be misjudged


def test_a_message_calls_the_function_as_the_learner_does():
    def highest_first(probs, targets):
        return 0.5

    says(checks.best_cut, highest_first, "highest_first: your threshold is 0.5")
    says(checks.best_cut, lambda p, t: 0.5, "my_best_cut: your threshold is 0.5")


def test_the_best_f1_instead_of_its_threshold():
    says(checks.best_cut, lambda p, t: f1(p, t, right_cut(p, t)), "gives back the best F1 itself")


def test_all_the_scores_instead_of_one():
    def everything(valid, test):
        cut = best_threshold(sweep(valid, score="macro_f1"))[0]
        return cut, evaluate(test, cut)

    says(checks.choose_and_report, everything, "gives back all the scores")


def strictly(p, t, floor, pick):
    kept = [c for c in np.unique(np.r_[0.0, p]) if pr(p, t, c)[0] > floor]
    most = max((pr(p, t, c)[1] for c in kept), default=0)
    return pick((c for c in kept if pr(p, t, c)[1] == most), default=1.0)


@pytest.mark.parametrize("pick", [min, max])
def test_a_strict_floor_is_named_whichever_of_equal_recalls_is_taken(pick):
    says(
        checks.precision_floor,
        lambda p, t, floor: strictly(p, t, floor, pick),
        "exactly at the floor is refused",
    )


@pytest.mark.parametrize("pick", [min, max])
def test_any_threshold_with_the_highest_recall_passes(pick):
    def answer(p, t, floor):
        kept = [c for c in np.unique(np.r_[0.0, p]) if pr(p, t, c)[0] >= floor]
        most = max((pr(p, t, c)[1] for c in kept), default=0)
        return pick((c for c in kept if pr(p, t, c)[1] == most and most), default=1.0)

    passes(checks.precision_floor, answer)


@pytest.mark.parametrize("pick", [list, tuple, np.array])
def test_two_numbers_in_any_container(pick):
    passes(checks.choose_and_report, lambda v, t: pick(right_choice(v, t)))
