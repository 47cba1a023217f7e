"Intervals of `evaluate(..., bootstrap=)`: beside a bootstrap that draws images; coverage."

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mlc_course.metrics import Predictions, evaluate
from mlc_course.scores.intervals import influence_of_ap, poisson_table, resample

FIGURES = """mAP micro_precision micro_recall micro_f1 macro_precision macro_recall macro_f1
samples_precision samples_recall samples_f1 exact_match jaccard accuracy hamming_loss
all_negative_accuracy coverage_error ranking_loss lrap""".split()


def drawn(n, c, seed=0, digits=None):
    "Predictions of a model that knows something; scores with ties if digits are given."
    rng = np.random.default_rng(seed)
    targets = rng.random((n, c)) < np.linspace(0.08, 0.4, c)
    probs = 1 / (1 + np.exp(-(targets * 2.0 - 1.2 + rng.normal(size=(n, c)))))
    return Predictions(probs if digits is None else probs.round(digits), targets)


def rows_of(found, rows):
    return Predictions(found.probs[rows], found.targets[rows])


def test_the_draws_are_poisson():
    table = poisson_table()
    assert table.mean() == pytest.approx(1, abs=2e-4)
    assert table.var() == pytest.approx(1, abs=1e-3)
    assert (table == 0).mean() == pytest.approx(np.exp(-1), abs=2e-5)
    sums = resample(np.eye(300, dtype="float32"), 500, seed=1)
    assert sums.shape == (500, 301)
    np.testing.assert_array_equal(sums[:, :-1].sum(1), sums[:, -1])
    assert sums[:, :-1].mean() == pytest.approx(1, abs=0.02)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 60), st.sampled_from([0, 1, 8]))
def test_influence_is_the_derivative_by_the_weight(seed, n, digits):
    rng = np.random.default_rng(seed)
    probs, targets = rng.random(n).round(digits), rng.random(n) < 0.4
    targets[rng.integers(n)] = True
    slope = influence_of_ap(probs, targets)
    assert slope.sum() == pytest.approx(0, abs=1e-9)
    i, step = rng.integers(n), 1e-6
    values = []
    for change in (step, -step):
        weight = np.ones(n)
        weight[i] += change
        values.append(average_precision_score(targets, probs, sample_weight=weight))
    assert slope[i] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("digits", [None, 1])
def test_intervals_are_those_of_drawing_images(digits):
    found, rng = drawn(600, 6, digits=digits), np.random.default_rng(5)
    ours = evaluate(found, 0.4, bootstrap=4000)
    each = [evaluate(rows_of(found, rng.integers(0, 600, 600)), 0.4) for _ in range(1500)]
    for name in FIGURES:
        theirs = np.array([getattr(o, name) for o in each])
        low, high = ours.intervals.loc[name]
        width = np.diff(np.quantile(theirs, [0.025, 0.975]))[0]
        assert high - low == pytest.approx(width, rel=0.1), name
        # resampled mAP is a little too high (scores repeat): its influence function has no bias
        assert (low + high) / 2 == pytest.approx(np.median(theirs), abs=0.25 * width), name
    for name in ("precision", "recall", "f1", "ap"):
        theirs = np.array([o.per_label[name] for o in each])
        width = np.diff(np.quantile(theirs, [0.025, 0.975], axis=0), axis=0)[0]
        wide = ours.per_label[f"{name}_high"] - ours.per_label[f"{name}_low"]
        np.testing.assert_allclose(wide, width, rtol=0.15, err_msg=name)


def test_95_of_100_intervals_hold_the_truth():
    "In 1,000 simulated test sets; the truth is a set a thousand times as large."
    truth = evaluate(drawn(400_000, 5, seed=1))
    names = ["mAP", "macro_f1", "micro_f1", "samples_f1", "exact_match", "accuracy", "lrap"]
    held = np.zeros(len(names))
    for seed in range(1000):
        ends = evaluate(drawn(400, 5, seed=seed + 2), bootstrap=500, seed=seed).intervals
        exact = np.array([getattr(truth, o) for o in names])
        held += (ends.low[names].to_numpy() <= exact) & (exact <= ends.high[names].to_numpy())
    share = dict(zip(names, held / 1000))
    assert all(0.93 <= o <= 0.97 for o in share.values()), share


def test_the_sheet_shows_them_and_the_figures_stay():
    found = drawn(300, 4)
    plain, scores = evaluate(found), evaluate(found, bootstrap=200, level=0.8)
    for name in FIGURES:
        assert getattr(scores, name) == getattr(plain, name)
        low, high = scores.intervals.loc[name]
        assert low <= getattr(scores, name) <= high
    assert plain.intervals.empty and "f1_low" not in plain.per_label
    text = str(scores)
    assert f"{scores.mAP:.4f} ({scores.intervals.low.mAP:.4f} to" in text
    assert " to " not in str(plain) and " to " in scores._repr_html_()
    kept = scores.to_dict()["intervals"]["macro_f1"]
    assert kept == scores.intervals.loc["macro_f1"].tolist()
    wide = evaluate(found, bootstrap=200, level=0.99).intervals
    assert (wide.high - wide.low).mAP > (scores.intervals.high - scores.intervals.low).mAP
    again = evaluate(found, bootstrap=200, level=0.8)
    assert again.intervals.equals(scores.intervals)


def test_labels_that_nobody_has_get_no_interval():
    found = drawn(200, 3)
    targets = found.targets.copy()
    targets[:, 1] = False
    scores = evaluate(Predictions(found.probs, targets), bootstrap=200)
    assert np.isnan(scores.per_label.ap_low[1]) and scores.per_label.f1_low[1] == 0
    assert np.isfinite(scores.intervals.loc["mAP"]).all()


@pytest.mark.parametrize("draws", [5, 99, -3, 2.5, True])
def test_too_few_resamples_are_refused(draws):
    with pytest.raises(ValueError, match="at least 100"):
        evaluate(drawn(50, 3), bootstrap=draws)


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        evaluate(drawn(50, 3), bootstrap=200, level=level)
