"The checks of lesson 12, wrong labels: right answers pass, each likely mistake is named."

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says

from mlc_course import interpret
from mlc_course.metrics import Predictions
from mlc_course.tools import checks
from mlc_course.tools.checks import wrong_labels as module


def by_sklearn(x, y, parts, fit):
    from sklearn.model_selection import PredefinedSplit

    out = np.full(y.shape, np.nan)
    for train, test in PredefinedSplit(parts).split():
        out[test] = fit(x[train], y[train])(x[test])
    return out


def test_held_out():
    passes(checks.held_out, by_sklearn)

    def one_by_one(x, y, parts, fit):
        return [fit(x[parts != k], y[parts != k])(x[i : i + 1])[0] for i, k in enumerate(parts)]

    passes(checks.held_out, one_by_one)
    odd_answers_are_refused(checks.held_out)

    def loop(train, test):
        def f(x, y, parts, fit):
            out = np.zeros(y.shape)
            for k in sorted(set(parts)):
                out[test(parts, k)] = fit(x[train(parts, k)], y[train(parts, k)])(x[test(parts, k)])
            return out

        return f

    here, rest = lambda p, k: p == k, lambda p, k: p != k
    for wrong, message in [
        (lambda x, y, parts, fit: fit(x, y)(x), "itself included"),
        (loop(lambda p, k: p >= 0, here), "itself included"),
        (loop(here, here), "that same part"),
        (loop(here, rest), "the parts are exchanged"),
        (
            lambda x, y, parts, fit: np.concatenate(
                [fit(x[parts != k], y[parts != k])(x[parts == k]) for k in range(max(parts) + 1)]
            ),
            "order of the parts",
        ),
        (
            lambda x, y, parts, fit: np.where(parts[:, None] == 0, by_sklearn(x, y, parts, fit), 0),
            "only one part is predicted",
        ),
        (
            lambda x, y, parts, fit: (
                sum(fit(x[parts != k], y[parts != k])(x) for k in set(parts)) / len(set(parts))
            ),
            "by all models",
        ),
        (
            lambda x, y, parts, fit: np.where(
                parts[:, None] < max(parts), by_sklearn(x, y, parts, fit), 0
            ),
            "the last part is left out",
        ),
        (
            lambda x, y, parts, fit: fit(x[parts < max(parts)], y[parts < max(parts)])(x),
            "by the model of the last part",
        ),
        (
            lambda x, y, parts, fit: np.where(parts[:, None] < 5, by_sklearn(x, y, parts, fit), 0),
            "isn't right yet",
        ),
        (lambda x, y, parts, fit: by_sklearn(x, y, parts, fit)[:1], "result of shape"),
        (lambda *a: by_sklearn(*a) > 0.5, "cut at a threshold"),
        (lambda *a: by_sklearn(*a) * (a[2][:, None] > 0), "part 0 is left out"),
        (lambda x, y, parts, fit: y, "isn't right yet"),
        (lambda x, y, parts, fit: fit, "my_held_out"),
    ]:
        says(checks.held_out, wrong, message)


def ranked(targets, probs, found, k):
    "By the cross-entropy of the given label, which puts the cells in the same order."
    loss = -np.where(targets, np.log(probs), np.log1p(-probs))
    cells = sorted(zip(*np.nonzero(found)), key=lambda o: loss[o], reverse=True)
    return cells[:k]


def by_table(targets, probs, found, k):
    "With the course's own function."
    n, c = targets.shape
    p = Predictions(probs, targets, [str(i) for i in range(c)], [str(i) for i in range(n)])
    return interpret.rank_label_issues(p, found).head(k)[["fname", "label"]].astype(int).to_numpy()


def test_ranked_finds():
    for right in (ranked, by_table, lambda *a: [np.array(o) for o in ranked(*a)]):
        passes(checks.ranked_finds, right)
    odd_answers_are_refused(checks.ranked_finds)

    def by(score):
        def f(t, p, found, k):
            cells = sorted(zip(*np.nonzero(found)), key=lambda o: score(t, p)[o], reverse=True)
            return cells[:k]

        return f

    everything = lambda t, p, found, k: ranked(t, p, np.ones_like(found), k)
    for wrong, message in [
        (everything, "that the search didn't find"),
        (by(lambda t, p: np.where(t, p, 1 - p)), "sorted the wrong way round"),
        (lambda *a: ranked(*a)[::-1], "in rising order"),
        (by(lambda t, p: p), "use 1 - p there"),
        (by(lambda t, p: 1 - p), "use p there"),
        (lambda t, p, f, k: ranked(t, p, f & t, k), "only labels that are given"),
        (lambda t, p, f, k: ranked(t, p, f & ~t, k), "only labels that aren't given"),
        (lambda t, p, f, k: np.argwhere(f)[:k], "unsorted"),
        (lambda *a: [o[::-1] for o in ranked(*a)], "the image first"),
        (lambda t, p, f, k: ranked(t, p, f, 999), "Only the first k"),
        (lambda t, p, f, k: [(0, 0)] * k, "isn't right yet"),
        (by(lambda t, p: abs(p - 0.5)), "the distance from 0.5"),
        (lambda t, p, f, k: [r * t.shape[1] + c for r, c in ranked(t, p, f, k)], "flattened"),
        (lambda *a: np.transpose(ranked(*a)), "all rows come first"),
        (
            lambda t, p, f, k: [divmod(r * t.shape[1] + c, len(t)) for r, c in ranked(t, p, f, k)],
            "divided by the number of images",
        ),
        (
            lambda t, p, f, k: np.argsort(-np.where(t, 1 - p, p)[f])[:k],
            "these are positions among the found cells. ",
        ),
        (
            lambda t, p, f, k: [
                divmod(i, t.shape[1]) for i in np.argsort(-np.where(t, 1 - p, p)[f])[:k]
            ],
            "as if they were positions in the whole array",
        ),
        (lambda t, p, f, k: [o for o in everything(t, p, f, k) if f[o]], "Keep the found cells"),
        (lambda *a: sorted(ranked(*a)), "in the order of the rows. Leave"),
        (lambda t, p, f, k: f, "my_ranked"),
        (lambda *a: [("a", "b")], "my_ranked"),
        (lambda *a: iter(ranked(*a)), "Make a list"),
    ]:
        says(checks.ranked_finds, wrong, message)


def by_library(known, unknown):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(np.r_[np.ones(len(known)), np.zeros(len(unknown))], np.r_[known, unknown])


def by_ranks(known, unknown):
    from scipy.stats import mannwhitneyu

    return mannwhitneyu(known, unknown).statistic / (len(known) * len(unknown))


def test_auroc():
    for right in (by_library, by_ranks, interpret.separation):
        passes(checks.auroc, right)
    odd_answers_are_refused(checks.auroc)
    count = lambda k, u, over: sum(over(x, y) for x in k for y in u) / (len(k) * len(u))
    for wrong, message in [
        (lambda k, u: by_library(u, k), "the sign is swapped"),
        (lambda k, u: by_library(-k, -u), "the sign is swapped"),
        (
            lambda k, u: ((k > 0.5).sum() + (u <= 0.5).sum()) / (len(k) + len(u)),
            "accuracy at the threshold",
        ),
        (lambda k, u: sum(x > y for x in k for y in u), "number of pairs"),
        (lambda k, u: k.mean() - u.mean(), "difference of the two means"),
        (lambda k, u: max(by_library(k, u), by_library(u, k)), "larger of the value"),
        (lambda k, u: 2 * by_library(k, u) - 1, "Gini"),
        (lambda k, u: count(k, u, lambda x, y: x > y), "count nothing in yours"),
        (lambda k, u: count(k, u, lambda x, y: x >= y), "count in full"),
        (
            lambda k, u: sum(x > y for x in k for y in u) / sum(x != y for x in k for y in u),
            "left out of the division",
        ),
        (lambda k, u: 0.5, "isn't right yet"),
        (lambda k, u: k > u, "stopped with ValueError"),
        (lambda k, u: "good", "isn't right yet"),
        (lambda k, u: [by_library(k, u)], "my_auroc"),
    ]:
        says(checks.auroc, wrong, message)


def by_sorting(known, unknown, keep):
    cut = sorted(known)[round((1 - keep) * len(known))]
    return sum(u > cut for u in unknown) / len(unknown)


def by_quantile(known, unknown, keep):
    return (unknown >= np.quantile(known, 1 - keep, method="lower")).mean()


def test_passed_unknown():
    passes(checks.passed_unknown, by_sorting)
    passes(checks.passed_unknown, by_quantile)
    passes(
        checks.passed_unknown, lambda k, u, keep: np.mean(u > np.percentile(k, 100 - 100 * keep))
    )
    odd_answers_are_refused(checks.passed_unknown)
    q = np.quantile
    for wrong, message in [
        (lambda k, u, keep: (u > q(k, keep)).mean(), "at the wrong end"),
        (lambda k, u, keep: (u < q(k, 1 - keep)).mean(), "held back"),
        (lambda k, u, keep: (u > q(u, 1 - keep)).mean(), "chosen on the unknown scores"),
        (lambda k, u, keep: (k > q(k, 1 - keep)).mean(), "you count the known images"),
        (lambda k, u, keep: (u > keep).mean(), "take `keep` itself"),
        (lambda k, u, keep: (u > 1 - keep).mean(), "take 1 - keep itself"),
        (lambda k, u, keep: (u > 0.5).mean(), "the cut is 0.5"),
        (lambda k, u, keep: (u > q([*k, *u], 1 - keep)).mean(), "together"),
        (lambda k, u, keep: (u > q(k, 1 - keep)).sum(), "Divide by how many"),
        (lambda k, u, keep: 100 * by_sorting(k, u, keep), "a percentage"),
        (lambda k, u, keep: (u > np.percentile(k, 1 - keep)).mean(), "counts from 0 to 100"),
        (lambda k, u, keep: (u > q(k, 0.05)).mean(), "whatever `keep` is"),
        (lambda k, u, keep: (u > np.percentile(k, keep)).mean(), "use np.quantile with 1 - keep"),
        (lambda k, u, keep: (u > q(k, 1 - keep)).sum() / len(k), "the number of unknown ones"),
        (lambda k, u, keep: q(k, 1 - keep), "this is the cut itself"),
        (lambda k, u, keep: interpret.separation(k, u), "isn't right yet"),
        (lambda k, u, keep: u > q(k, 1 - keep), "result of shape"),
    ]:
        says(checks.passed_unknown, wrong, message)


@pytest.mark.parametrize(
    "name, right",
    [
        ("held_out", by_sklearn),
        ("ranked_finds", ranked),
        ("auroc", by_library),
        ("passed_unknown", by_sorting),
    ],
)
def test_mistakes_are_told_apart(name, right, monkeypatch):
    mistakes_are_told_apart(module, name, right, monkeypatch)
