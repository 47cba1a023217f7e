"""The figures of lesson 05 against scikit-learn, fastai, torchmetrics and plain loops."""

import json
import pickle
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as skm

from mlc_course.metrics import (
    Confusion,
    Predictions,
    TrainingRun,
    accuracy_multi,
    average_precision,
    confusion,
    epoch_scores,
    evaluate,
    load_run,
    mean_average_precision,
    precision_recall_f1,
    ranking_measures,
    simulate_predictions,
)
from mlc_course.scores.ranking import ranking_means

KINDS = ["random", "tied", "constant", "all positive", "no positive", "zeros and ones"]


def column(rng, kind, n):
    "Scores and targets of one label."
    probs, targets = rng.random(n), rng.random(n) < 0.3
    if kind == "tied":
        probs = rng.integers(0, 4, n) / 4
    if kind == "constant":
        probs = np.full(n, rng.random())
    if kind == "all positive":
        targets[:] = True
    if kind == "no positive":
        targets[:] = False
    if kind == "zeros and ones":
        probs = rng.integers(0, 2, n).astype(float)
    return probs, targets


@st.composite
def scored(draw, min_images=1):
    "Probabilities float32 [N, C] and targets bool [N, C], with every awkward kind of column."
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(min_images, 40))
    columns = [
        column(rng, kind, n)
        for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    ]
    return np.stack([p for p, _ in columns], 1).astype(np.float32), np.stack(
        [t for _, t in columns], 1
    )


def as_predictions(probs, targets):
    return Predictions(
        probs,
        targets,
        [f"label {i}" for i in range(probs.shape[1])],
        [f"{i}.jpg" for i in range(len(probs))],
    )


def quiet(f, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*args, **kwargs)


# --- counts and what is divided from them


@given(scored(), st.floats(0, 1, width=32))
@settings(max_examples=60, deadline=None)
def test_counts_and_nine_figures_equal_sklearn(data, thresh):
    probs, targets = data
    pred, counts = probs > np.float32(thresh), confusion(probs, targets, thresh)
    theirs = [
        skm.confusion_matrix(targets[:, i], pred[:, i], labels=[False, True]).ravel()
        for i in range(probs.shape[1])
    ]
    np.testing.assert_array_equal(np.stack([counts.tn, counts.fp, counts.fn, counts.tp], 1), theirs)
    assert counts.tp.dtype == np.int64 and counts.n == len(probs)
    if probs.shape[1] == 1:
        return  # scikit-learn reads one column as a binary problem
    for average in ("micro", "macro", "samples", None):
        expected = quiet(
            skm.precision_recall_fscore_support, targets, pred, average=average, zero_division=0
        )[:3]
        np.testing.assert_allclose(precision_recall_f1(counts, average), expected, atol=1e-12)


@given(scored(), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_counts_are_the_same_whatever_the_batching(data, size):
    probs, targets = data
    batches = [
        confusion(probs[i : i + size], targets[i : i + size]) for i in range(0, len(probs), size)
    ]
    whole = confusion(probs, targets)
    assert sum(batches) == whole == sum(reversed(batches))
    for average in ("micro", "macro", "samples"):
        assert precision_recall_f1(sum(batches), average) == precision_recall_f1(whole, average)


def test_thresholds_per_label_and_the_strict_comparison():
    probs, targets = np.array([[0.5, 0.5], [0.2, 0.2]]), np.ones((2, 2), bool)
    np.testing.assert_array_equal(confusion(probs, targets, 0.5).tp, [0, 0])  # 0.5 isn't above 0.5
    np.testing.assert_array_equal(confusion(probs, targets, [0.4, 0.1]).tp, [1, 2])
    tenth = np.full((1, 1), 0.1, np.float32)  # as a float64, it is a little more than 0.1
    assert confusion(tenth, [[1]], 0.1).tp[0] == 0


def test_counts_of_different_vocabularies_do_not_add_up():
    with pytest.raises(ValueError, match="same vocab"):
        confusion([[0.1]], [[1]]) + confusion([[0.1, 0.2]], [[1, 0]])
    with pytest.raises(ValueError, match="no counts per image"):
        precision_recall_f1(Confusion([1], [0], [0], [0]), "samples")
    with pytest.raises(ValueError, match="average is 'weighted'"):
        precision_recall_f1(Confusion([1], [0], [0], [0]), "weighted")


# --- average precision and ranking


@given(scored())
@settings(max_examples=60, deadline=None)
def test_average_precision_equals_sklearn(data):
    probs, targets = data
    ours = average_precision(probs, targets)
    assert ours.dtype == np.float64
    for i in range(probs.shape[1]):
        if targets[:, i].any():
            assert ours[i] == pytest.approx(
                skm.average_precision_score(targets[:, i], probs[:, i]), abs=1e-12
            )
        else:
            assert np.isnan(ours[i])
    known = ours[~np.isnan(ours)]
    assert (
        mean_average_precision(probs, targets) == pytest.approx(known.mean(), abs=1e-15)
        if len(known)
        else np.isnan(mean_average_precision(probs, targets))
    )


def test_average_precision_keeps_float64_order_and_minus_zero():
    close = np.array([[0.5], [0.5 + 1e-12]])  # equal in float32
    assert average_precision(close, [[0], [1]])[0] == 1
    assert average_precision(close.astype(np.float32), [[0], [1]])[0] == 0.5
    assert average_precision(np.array([[-0.0], [0.0]], np.float32), [[0], [1]])[0] == 0.5


@given(scored())
@settings(max_examples=40, deadline=None)
def test_average_precision_equals_torchmetrics(data):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    probs, targets = data
    if probs.shape[1] == 1:
        return  # torchmetrics wants at least two labels
    theirs = quiet(
        functional.multilabel_average_precision,
        torch.tensor(probs),
        torch.tensor(targets).int(),
        num_labels=probs.shape[1],
        average=None,
    )
    known = targets.any(0)
    np.testing.assert_allclose(
        average_precision(probs, targets)[known], np.atleast_1d(theirs.numpy())[known], atol=1e-5
    )


@given(scored())
@settings(max_examples=60, deadline=None)
def test_ranking_measures_equal_sklearn(data):
    probs, targets = data
    if probs.shape[1] == 1:
        return
    expected = (
        skm.coverage_error(targets, probs),
        skm.label_ranking_loss(targets, probs),
        skm.label_ranking_average_precision_score(targets, probs),
    )
    np.testing.assert_allclose(ranking_measures(probs, targets), expected, atol=1e-9)


@given(scored(min_images=2), st.floats(1 / 64, 63 / 64, width=32))
@settings(max_examples=40, deadline=None)
def test_figures_equal_torchmetrics(data, thresh):
    "Only where torchmetrics doesn't guess: with a value strictly inside [0, 1] nothing looks like a logit."
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.classification")
    probs, targets = data
    c = probs.shape[1]
    if c == 1:
        return
    p, t, counts = (
        torch.tensor(probs),
        torch.tensor(targets).int(),
        confusion(probs, targets, thresh),
    )
    theirs = tm.multilabel_stat_scores(
        p, t, num_labels=c, threshold=float(np.float32(thresh)), average=None
    ).numpy()
    np.testing.assert_array_equal(
        np.stack([counts.tp, counts.fp, counts.tn, counts.fn], 1), theirs[:, :4]
    )
    for average in ("micro", "macro", None):
        args = dict(
            num_labels=c, threshold=float(np.float32(thresh)), average=average, zero_division=0
        )
        expected = [
            getattr(tm, f"multilabel_{name}")(p, t, **args).numpy()
            for name in ("precision", "recall", "f1_score")
        ]
        np.testing.assert_allclose(precision_recall_f1(counts, average), expected, atol=1e-6)


@given(scored(min_images=2))
@settings(max_examples=40, deadline=None)
def test_sheet_equals_torchmetrics(data):
    torch = pytest.importorskip("torch")
    tm = pytest.importorskip("torchmetrics.functional.classification")
    probs, targets = data
    c = probs.shape[1]
    if c == 1:
        return
    p, t, s = (
        torch.tensor(probs),
        torch.tensor(targets).int(),
        evaluate(as_predictions(probs, targets)),
    )
    assert s.hamming_loss == pytest.approx(
        float(tm.multilabel_hamming_distance(p, t, num_labels=c, average="micro")), abs=1e-6
    )
    assert s.exact_match == pytest.approx(
        float(tm.multilabel_exact_match(p, t, num_labels=c)), abs=1e-6
    )
    spread = all(
        len(set(row)) == c for row in probs.tolist()
    )  # torchmetrics breaks ties within an image in another way
    if spread:
        assert s.coverage_error == pytest.approx(
            float(tm.multilabel_coverage_error(p, t, num_labels=c)), abs=1e-5
        )


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 25))
@settings(max_examples=40, deadline=None)
def test_average_precision_with_ties_by_definition(seed, levels, n):
    "Brute force over every distinct score, positives and negatives tied in all ways."
    rng = np.random.default_rng(seed)
    p, t = (rng.integers(0, levels, (n, 3)) / levels).astype(np.float32), rng.random((n, 3)) < 0.5
    for i, ours in enumerate(average_precision(p, t)):
        if not t[:, i].any():
            assert np.isnan(ours)
            continue
        notes = [(t[:, i] & (p[:, i] >= s)).sum() / (p[:, i] >= s).sum() for s in p[t[:, i], i]]
        assert ours == pytest.approx(np.mean(notes), abs=1e-12)


# --- the score sheet


@given(scored())
@settings(max_examples=30, deadline=None)
def test_evaluate_equals_sklearn(data):
    probs, targets = data
    if probs.shape[1] == 1:
        return
    scores, pred = evaluate(as_predictions(probs, targets), 0.5), probs > 0.5
    expected = dict(
        hamming_loss=skm.hamming_loss(targets, pred),
        exact_match=skm.accuracy_score(targets, pred),
        jaccard=quiet(skm.jaccard_score, targets, pred, average="samples", zero_division=0),
        accuracy=(pred == targets).mean(),
        all_negative_accuracy=(~targets).mean(),
    )
    for name, value in expected.items():
        assert getattr(scores, name) == pytest.approx(value, abs=1e-12), name
    np.testing.assert_array_equal(scores.per_label["support"], targets.sum(0))
    json.dumps(scores.to_dict(), allow_nan=False)  # plain values, no NaN


def test_scores_can_be_read_everywhere():
    predictions = simulate_predictions(200)
    scores = evaluate(predictions, np.linspace(0.2, 0.4, 20))
    assert "predicting nothing" in str(scores) and "macro" in repr(scores)
    assert "<table" in scores._repr_html_()
    np.testing.assert_allclose(scores.per_label["thresh"], np.linspace(0.2, 0.4, 20), atol=1e-7)
    with pytest.raises(ValueError, match="nothing to score"):
        evaluate(predictions.subset(np.zeros(200, bool)))


def test_label_names_cannot_put_markup_into_the_page():
    scores = evaluate(Predictions([[0.1]], [[1]], ["<script>"], ["a.jpg"]))
    assert "<script>" not in scores._repr_html_()


# --- refusals

OK = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0, 1], [1, 0]])


@pytest.mark.parametrize(
    "probs, targets, sentence",
    [
        (OK[0] * 10, OK[1], "look like logits"),
        (OK[0] - 0.2, OK[1], "look like logits"),
        (OK[0] * np.nan, OK[1], "NaN or infinite"),
        (np.array([[np.inf, 0], [0, 0]]), OK[1], "row 0, column 0"),
        (OK[0], OK[1] * 2, "must be 0 or 1"),
        (OK[0], OK[1] * np.nan, "must be 0 or 1"),
        (OK[0], OK[1][:1], "same vocab"),
        (OK[0][0], OK[1][0], r"expected \[N, C\]"),
        (OK[0].T[:1], OK[1], "must be"),
    ],
)
@pytest.mark.parametrize(
    "function", [confusion, average_precision, mean_average_precision, ranking_measures]
)
def test_bad_input_is_refused_with_a_sentence(function, probs, targets, sentence):
    with pytest.raises(ValueError, match=sentence):
        function(probs, targets)


def test_words_are_refused():
    with pytest.raises(TypeError, match="expected numbers"):
        confusion(np.array([["a"]]), [[1]])
    with pytest.raises(TypeError, match="multi_hot"):
        confusion([[0.5]], np.array([["cat"]]))


@pytest.mark.parametrize(
    "thresh, sentence",
    [
        ([0.1, 0.2, 0.3], "each of the 2 labels"),
        (1.5, "must lie in"),
        (float("nan"), "must lie in"),
        ([[0.1, 0.2]], "one number"),
    ],
)
def test_bad_thresholds_are_refused(thresh, sentence):
    with pytest.raises(ValueError, match=sentence):
        confusion(*OK, thresh)


# --- accuracy_multi


def test_accuracy_multi_equals_fastai_and_numpy():
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("fastai.metrics").accuracy_multi
    generator = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn(64, 20, generator=generator) * 3,
        (torch.rand(64, 20, generator=generator) < 0.1),
    )
    for thresh in (0, 0.1, 0.5, 0.99):
        for target in (y, y.float(), y.long()):
            assert accuracy_multi(x, target, thresh) == theirs(x, target, thresh)
            assert accuracy_multi(x.sigmoid(), target, thresh, sigmoid=False) == theirs(
                x, target, thresh
            )
            assert accuracy_multi(x.flatten(), target.flatten(), thresh) == theirs(
                x, target, thresh
            )
    each = np.linspace(0.1, 0.9, 20)
    expected = ((x.sigmoid().numpy() > each.astype(np.float32)) == y.numpy()).mean()
    for thresh in (each, list(each), torch.tensor(each, dtype=torch.float32)):
        assert accuracy_multi(x, y, thresh).item() == pytest.approx(expected, abs=1e-6)


def test_accuracy_multi_as_a_fastai_metric():
    torch = pytest.importorskip("torch")
    pytest.importorskip("fastai.torch_core")
    from fastai.learner import AvgMetric
    from fastai.torch_core import TensorImage, TensorMultiCategory

    x, y = torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0, 1.0]])
    metric = AvgMetric(partial(accuracy_multi, thresh=0.2))
    metric.reset()

    class Learn:
        pred, yb, xb = TensorImage(x), (TensorMultiCategory(y),), (x,)

    Learn.to_detach = staticmethod(lambda value: value.detach().cpu())
    metric.accumulate(Learn)
    assert float(metric.value) == 1.0


def test_accuracy_multi_refuses():
    torch = pytest.importorskip("torch")
    x = torch.tensor([[3.0, -1.0]])
    with pytest.raises(ValueError, match="same shape"):
        accuracy_multi(x, torch.tensor([1]))
    with pytest.raises(ValueError, match="outside"):
        accuracy_multi(x, torch.tensor([[1, 0]]), sigmoid=False)
    with pytest.raises(ValueError, match="one number per label"):
        accuracy_multi(x, torch.tensor([[1, 0]]), thresh=[0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    "change, error, sentence",
    [
        (lambda x, t: (x * float("nan"), t), ValueError, "diverged"),
        (lambda x, t: (x / 0, t), ValueError, "diverged"),
        (lambda x, t: (x, t * 2 - 1), ValueError, "must be 0 or 1.*-1.*means no"),
        (lambda x, t: (x, t * 0.9 + 0.05), ValueError, "must be 0 or 1.*smoothed"),
        (lambda x, t: (x, t * 0.1), ValueError, "must be 0 or 1"),
        (lambda x, t: (x, t * 7), ValueError, "class numbers"),
        (lambda x, t: (x, t * float("nan")), ValueError, "missing"),
        (lambda x, t: (x[:0], t[:0]), ValueError, "empty"),
        (lambda x, t: (x.numpy(), t), TypeError, "inp is an ndarray"),
        (lambda x, t: (x, t.numpy()), TypeError, "targ is an ndarray"),
        (lambda x, t: (x > 0, t), TypeError, "sigmoid=False"),
        (lambda x, t: (x.round().long(), t), TypeError, "logits"),
    ],
)
@pytest.mark.parametrize("half", [False, True])
def test_accuracy_multi_looks_at_values(change, error, sentence, half):
    torch = pytest.importorskip("torch")
    x, t = torch.tensor([[3.0, -1.0], [0.5, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(error, match=sentence):
        accuracy_multi(*change(x.half() if half and error is ValueError else x, t))


def test_accuracy_multi_takes_targets_of_any_kind_and_half_precision():
    torch = pytest.importorskip("torch")
    x, t = (
        torch.randn(50, 7, generator=torch.Generator().manual_seed(0)),
        torch.rand(50, 7, generator=torch.Generator().manual_seed(1)) < 0.3,
    )
    expected = ((x > 0) == t).float().mean()
    for kind in (
        torch.bool,
        torch.uint8,
        torch.int32,
        torch.int64,
        torch.float16,
        torch.float32,
        torch.float64,
    ):
        for logits in (x, x.bfloat16().float(), x.double(), x.clone().requires_grad_()):
            assert abs(accuracy_multi(logits, t.to(kind)) - expected) < 1e-6
    for kind in (torch.float16, torch.bfloat16):
        assert accuracy_multi(x.to(kind), t) == expected
    assert (
        accuracy_multi(x > 0, t, sigmoid=False)
        == accuracy_multi((x > 0).long(), t, sigmoid=False)
        == expected
    )


@pytest.mark.parametrize(
    "thresh, error, sentence",
    [
        ({"a": 0.5, "b": 0.2}, TypeError, "by label.*for o in vocab"),
        (1.5, ValueError, "must lie in"),
        (float("nan"), ValueError, "must lie in"),
        ("half", TypeError, "expected a number"),
        ([[0.1, 0.2]], ValueError, "one number per label"),
    ],
)
def test_accuracy_multi_looks_at_thresholds(thresh, error, sentence):
    torch = pytest.importorskip("torch")
    with pytest.raises(error, match=sentence):
        accuracy_multi(torch.zeros(1, 2), torch.zeros(1, 2), thresh)


@pytest.mark.parametrize(
    "targets",
    [[[-1, 1], [1, -1]], [[0.1, 0.9], [0.9, 0.1]], [[np.nan, 1], [0, 1]], [[2, 0], [0, 1]]],
)
def test_every_function_that_takes_targets_looks_at_them(targets):
    pytest.importorskip("fastai.metrics")
    from mlc_course import interpret, train_fastai

    p, t = OK[0], np.array(targets, float)
    for f in (
        confusion,
        average_precision,
        mean_average_precision,
        ranking_measures,
        epoch_scores,
        Predictions,
        train_fastai.macro_f1,
        train_fastai.map_score,
        lambda p, t: interpret.find_label_issues(t, p),
        lambda p, t: interpret.flip_labels(t),
        lambda p, t: interpret.finding_scores(t, p > 2),
        lambda p, t: interpret.out_of_sample_probs(p, t, 2),
    ):
        with pytest.raises(ValueError, match="must be 0 or 1"):
            f(p, t)


def test_epoch_scores_of_no_positive_and_of_nothing():
    loss, f1, mAP = epoch_scores(OK[0], np.zeros((2, 2)))
    assert np.isnan(mAP) and f1 == 0 and loss == pytest.approx(-np.log1p(-OK[0]).mean())
    with pytest.raises(ValueError, match="nothing to score"):
        epoch_scores(np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(ValueError, match="diverged"):
        epoch_scores(OK[0] * np.nan, OK[1])


# --- ranking, whatever the ties


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 25),
    st.integers(2, 30),
    st.integers(1, 6),
    st.sampled_from(["float32", "float64"]),
    st.integers(1, 300),
)
@settings(max_examples=150, deadline=None)
def test_ranking_equals_sklearn_with_many_ties(seed, n, c, levels, dtype, cells):
    rng = np.random.default_rng(seed)
    p = (rng.integers(0, levels + 1, (n, c)) / levels).astype(dtype)
    p[rng.random((n, c)) < 0.1] = -0.0  # equal to 0
    t = rng.random((n, c)) < rng.random((n, 1))  # rows without a label, and with all
    t[0] = seed % 2
    expected = (
        skm.coverage_error(t, p),
        skm.label_ranking_loss(t, p),
        skm.label_ranking_average_precision_score(t, p),
    )
    np.testing.assert_allclose(ranking_measures(p, t), expected, atol=1e-12, rtol=1e-12)
    np.testing.assert_allclose(
        ranking_means(p, t, max_cells=cells), expected, atol=1e-12, rtol=1e-12
    )


def test_ranking_of_many_labels_equals_sklearn():
    rng = np.random.default_rng(0)
    p, t = rng.random((300, 1500), dtype=np.float32).round(3), rng.random((300, 1500)) < 0.01
    expected = (
        skm.coverage_error(t, p),
        skm.label_ranking_loss(t, p),
        skm.label_ranking_average_precision_score(t, p),
    )
    np.testing.assert_allclose(ranking_measures(p, t), expected, atol=1e-12, rtol=1e-12)
    for empty in (p[:0], p[:, :0]):
        with pytest.raises(ValueError, match="no images or no labels"):
            ranking_measures(empty, np.zeros(empty.shape))


# --- what is given


def scored_by(vocab, n=60, seed=0):
    rng = np.random.default_rng(seed)
    return Predictions(rng.random((n, len(vocab))), rng.random((n, len(vocab))) < 0.4, vocab)


def not_predictions():
    p = scored_by(["a", "b"])
    run = TrainingRun(
        "torch", None, ["a", "b"], pd.DataFrame(), {"valid": p, "test": p}, None, "tiny", 1.0
    )

    class Table:
        splits, df, vocab, targets = ["train"], None, ["a"], (lambda self, split: None)

    return [
        (run, r"run.predictions\['test'\]"),
        (run.predictions, r"predictions\['test'\]"),
        (p.probs, r"Predictions\(probs, targets\)"),
        ([[0.1]], r"Predictions\(probs, targets\)"),
        ("x", "the string 'x'.*load"),
        (None, "NoneType"),
        (Table(), r"predict\(model, table, split\)"),
    ]


def takers():
    from mlc_course import interpret as i
    from mlc_course import thresholds as t

    return [
        evaluate,
        t.sweep,
        t.best_thresholds_per_label,
        t.thresholds_and_average_precision,
        t.precision_recall_curves,
        t.f1_grid,
        t.fit_temperature,
        t.brier_score,
        t.reliability_curve,
        lambda o: t.apply_temperature(o, 2.0),
        lambda o: t.plot_predictions([], o),
        lambda o: t.threshold_slider([], o),
        lambda o: t.best_threshold(o),
        lambda o: t.plot_sweep(o),
        i.predicted_labels,
        i.cell_losses,
        i.worst_losses,
        i.mistakes,
        i.plot_probability_histograms,
        i.f1_by_frequency,
        i.cooccurrence_learned,
    ]


@pytest.mark.parametrize("k", range(7))
def test_what_is_no_predictions_is_answered_with_what_to_pass(k):
    for f in takers():
        given_, sentence = not_predictions()[k]
        with pytest.raises(TypeError, match=sentence):
            f(given_)


def test_scoring_two_arrays_says_how():
    with pytest.raises(TypeError, match=r"evaluate\(Predictions\(probs, targets\)\)"):
        evaluate(*OK)
    with pytest.raises(TypeError, match=r"precision_recall_f1\(confusion"):
        precision_recall_f1(scored_by(["a"]))


@given(
    st.permutations(["cat", "dog", "bird", "fox"]),
    st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4),
)
@settings(max_examples=30, deadline=None)
def test_thresholds_by_label_in_any_order_equal_those_by_column(order, values):
    from mlc_course import interpret as i

    p = scored_by(["dog", "cat", "fox", "bird"])
    by_name = dict(zip(p.vocab, values))
    shuffled = {o: by_name[o] for o in order}
    for given_ in (
        shuffled,
        pd.Series(shuffled),
        list(values),
        tuple(values),
        np.array(values, np.float32),
    ):
        assert evaluate(p, given_).to_dict() == evaluate(p, values).to_dict()
        assert i.predicted_labels(p, given_).equals(i.predicted_labels(p, values)) and i.mistakes(
            p, given_
        ).equals(i.mistakes(p, values))
        assert i.cooccurrence_learned(p, given_).equals(
            i.cooccurrence_learned(p, values)
        ) and i.f1_by_frequency(p, given_).equals(i.f1_by_frequency(p, values))


@pytest.mark.parametrize(
    "thresh, sentence",
    [
        ({"a": 0.5}, "lacks 'b'"),
        ({"a": 0.5, "b": 0.5, "c": 0.1}, "unknown 'c'"),
        ({"A": 0.5, "b": 0.5}, "lacks 'a' and has the unknown 'A'"),
        ({"a": 0.5, "b": 1.5}, "must lie in"),
        ((0.4, 0.9, 0.1), "each of the 2 labels"),
        (pd.Series({"a": 0.1}), "lacks 'b'"),
    ],
)
def test_thresholds_by_label_name_what_is_wrong(thresh, sentence):
    from mlc_course import interpret as i
    from mlc_course import thresholds as t

    p = scored_by(["a", "b"])
    for f in (
        evaluate,
        i.predicted_labels,
        i.mistakes,
        i.plot_probability_histograms,
        i.f1_by_frequency,
        i.cooccurrence_learned,
        lambda p, o: t.plot_predictions([0] * len(p), p, o),
    ):
        with pytest.raises(ValueError, match=sentence):
            f(p, thresh)


def test_thresholds_by_label_need_labels():
    with pytest.raises(TypeError, match="for o in vocab"):
        confusion(*OK, {"a": 0.5, "b": 0.5})
    with pytest.raises(TypeError, match=r"best_threshold\(\.\.\.\)\[0\]|one number"):
        evaluate(scored_by(["a"]), "half")
    with pytest.raises(ValueError, match=r"best_threshold\(\.\.\.\)\[0\]"):
        evaluate(scored_by(["a", "b", "c"]), (0.4, 0.9))


# --- the traps that the lesson tells of


def test_torchmetrics_guesses_per_batch():
    "What lesson 05 says of torchmetrics: the sigmoid is applied if any value of the batch is outside [0, 1]."
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    predicted = lambda logits: functional.multilabel_stat_scores(
        torch.tensor(logits),
        torch.ones(len(logits), 2, dtype=torch.int),
        num_labels=2,
        average=None,
    )[:, 0].tolist()
    assert predicted([[0.3, 0.3]]) == [0, 0]  # taken for probabilities, below 0.5
    assert predicted([[0.3, 0.3], [2.0, 2.0]]) == [2, 2]  # both images now count, also the first


def test_shuffled_rows_give_the_law_of_the_frequencies():
    predictions = simulate_predictions(4000)
    shuffled = predictions.targets[np.random.default_rng(1).permutation(4000)]
    p = predictions.targets.mean(0)
    best = np.max(
        [
            precision_recall_f1(confusion(predictions.probs, shuffled, t), None).f1
            for t in np.r_[0, np.geomspace(1e-6, 0.9, 60)]
        ],
        0,
    )
    assert np.corrcoef(best, p)[0, 1] > 0.98 and np.abs(best - 2 * p / (1 + p)).max() < 0.06


def test_simulated_predictions_are_what_they_say():
    predictions = simulate_predictions(50_000, seed=5)
    frequency = predictions.targets.mean(0)
    assert abs(frequency.max() - 0.25) < 0.01 and abs(frequency.min() - 0.01) < 0.002
    assert abs((~predictions.targets.any(1)).mean() - 0.047) < 0.01
    np.testing.assert_allclose(predictions.probs.mean(0), frequency, atol=0.004)  # calibrated
    assert simulate_predictions(10, seed=5) == simulate_predictions(10, seed=5)


# --- Predictions and TrainingRun


def small():
    return Predictions(
        [[0.1, 0.9], [0.5, 0]], [[0, 1], [1, 0]], ["café", "猫"], ["été/1.jpg", "2.jpg"]
    )


def test_predictions_are_validated():
    p = small()
    assert p.probs.dtype == np.float32 and p.targets.dtype == bool and len(p) == 2
    for change, sentence in (
        (dict(vocab=["a"]), "one name per column"),
        (dict(vocab=["a", "a"]), "each once"),
        (dict(fnames=["a"]), "one file name per row"),
        (dict(fnames=["a", "a"]), "more than once"),
        (dict(probs=p.probs * 9), "logits"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Predictions(
                **(dict(probs=p.probs, targets=p.targets, vocab=p.vocab, fnames=p.fnames) | change)
            )
    with pytest.raises(AttributeError):
        p.probs = 0
    for rows in ([0.7], ["2.jpg"]):
        with pytest.raises(TypeError, match="align"):
            p.subset(rows)


def test_predictions_round_trip(tmp_path):
    p = small()
    path = p.save(tmp_path / "deep" / "p.npz")
    assert Predictions.load(path) == p and list(path.parent.iterdir()) == [path]
    with np.load(path, allow_pickle=False) as z:
        assert set(z) == {"probs", "targets", "vocab", "fnames"}
    with pytest.raises(FileNotFoundError, match="no predictions"):
        Predictions.load(tmp_path / "none.npz")
    path.write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match="write it again"):
        Predictions.load(path)
    empty = p.subset([])
    assert Predictions.load(empty.save(tmp_path / "empty.npz")) == empty


def test_subset_and_align():
    p = small()
    assert (
        p.subset(np.array([False, True])).fnames == ["2.jpg"]
        and p.subset([1, 0]).align(p.fnames) == p
    )
    with pytest.raises(ValueError, match="mask"):
        p.subset(np.array([True]))
    with pytest.raises(ValueError, match="x.jpg"):
        p.align(["x.jpg"])


def test_training_run_round_trip(tmp_path):
    from mlc_course.settings import Profile

    history = pd.DataFrame(
        dict(
            epoch=[0, 1],
            train_loss=[0.1 + 0.2, np.nan],
            valid_loss=[1 / 3, 2.0],
            valid_macro_f1=[0.0, 1.0],
            valid_map=[0.5, 0.25],
            seconds=[1.0, 2.0],
        )
    )
    run = TrainingRun(
        "torch",
        object(),
        small().vocab,
        history,
        {"valid": small(), "test": small().subset([0])},
        Profile(name="smoke"),
        "tiny",
        3.5,
    )
    again = load_run(run.save(tmp_path / "run"))
    assert (
        again.model is None
        and again.vocab == run.vocab
        and again.profile == run.profile
        and again.out == tmp_path / "run"
    )
    assert again.predictions == run.predictions and (
        again.framework,
        again.dataset,
        again.seconds,
    ) == ("torch", "tiny", 3.5)
    pd.testing.assert_frame_equal(again.history, history, check_exact=True)
    assert (
        "numpy"
        in json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["versions"]
    )
    with pytest.raises(FileNotFoundError, match="no finished run"):
        load_run(tmp_path)


def test_no_framework_is_loaded():
    code = "import sys, mlc_course.metrics, mlc_course.thresholds; print([m for m in ('torch', 'fastai', 'tensorflow', 'keras', 'matplotlib', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- names, and what can't be written


def test_names_are_made_up_where_none_are_given():
    p = Predictions([[0.1, 0.9], [0.5, 0]], [[0, 1], [1, 0]])
    assert p.vocab == ["label 0", "label 1"] and p.fnames == ["row 0", "row 1"]
    assert (
        evaluate(p).macro_f1
        == evaluate(Predictions(p.probs, p.targets, ["a", "b"], ["x", "y"])).macro_f1
    )
    assert Predictions(p.probs, p.targets, ["z", "a"]).vocab == [
        "z",
        "a",
    ]  # the order that was given
    assert p.subset([1]).fnames == ["row 1"] and p.align(["row 1", "row 0"]).fnames == [
        "row 1",
        "row 0",
    ]


def test_frames_bring_their_names():
    probs = pd.DataFrame([[0.1, 0.9], [0.5, 0]], columns=["dog", "cat"], index=["b.jpg", "a.jpg"])
    truth = pd.DataFrame([[0, 1], [1, 0]], columns=["dog", "cat"], index=["b.jpg", "a.jpg"])
    p = Predictions(probs, truth)
    assert (
        p.vocab == ["dog", "cat"]
        and p.fnames == ["b.jpg", "a.jpg"]
        and p == Predictions(probs, truth.to_numpy()) == Predictions(probs.to_numpy(), truth)
    )
    assert Predictions(probs.reset_index(drop=True), truth.to_numpy()).fnames == ["row 0", "row 1"]
    assert Predictions(probs.set_axis([7, 3]), truth.to_numpy()).fnames == ["row 7", "row 3"]
    for other in (truth[["cat", "dog"]], truth.loc[["a.jpg", "b.jpg"]]):
        with pytest.raises(ValueError, match="differently.*loc"):
            Predictions(probs, other)
    with pytest.raises(ValueError, match="differently"):
        Predictions(probs, truth.to_numpy(), vocab=["cat", "dog"])
    mixed = truth.astype({"dog": bool, "cat": float})
    assert Predictions(probs, mixed) == p
    with pytest.raises(ValueError, match="missing label"):
        Predictions(probs, truth.astype("Int64").where(truth == 1))
    with pytest.raises(TypeError, match="multi_hot"):
        Predictions(probs, truth.astype(str))


def test_names_that_are_a_string_are_refused():
    for wrong in (dict(vocab="ab"), dict(fnames="ab")):
        with pytest.raises(TypeError, match="the string 'ab'"):
            Predictions([[0.1, 0.9], [0.5, 0]], [[0, 1], [1, 0]], **wrong)


def test_tensors_are_taken():
    torch = pytest.importorskip("torch")
    expected = Predictions([[0.25, 0.75]], [[0, 1]])
    for probs in (
        torch.tensor([[0.25, 0.75]], requires_grad=True),
        torch.tensor([[0.25, 0.75]]).bfloat16(),
        torch.tensor([[0.25, 0.75]]).half(),
        torch.tensor([[0.25, 0.75]]).double(),
    ):
        for targets in (
            torch.tensor([[0, 1]]),
            torch.tensor([[False, True]]),
            torch.tensor([[0.0, 1.0]]),
        ):
            assert Predictions(probs, targets) == expected
    with pytest.raises(TypeError, match="different lengths"):
        Predictions([[0.1], [0.2, 0.3]], [[0, 1]])


def test_tensors_of_tensorflow_are_taken():
    tf = pytest.importorskip("tensorflow")
    expected = Predictions([[0.25, 0.75]], [[0, 1]])
    for dtype in (tf.float32, tf.bfloat16, tf.float16):
        assert Predictions(tf.constant([[0.25, 0.75]], dtype), tf.constant([[0, 1]])) == expected


def test_results_are_read_only_and_nobody_elses_array_is_touched():
    probs, targets = (
        np.array([[0.1, 0.9], [0.6, 0]], np.float32),
        np.array([[False, True], [True, False]]),
    )
    p = Predictions(probs, targets)
    for o in (p, p.subset([0, 1]), p.align(p.fnames)):
        for a in (o.probs, o.targets):
            with pytest.raises(ValueError, match="read-only"):
                a[0, 0] = 1
    probs[0, 0], targets[0, 0] = 0.7, True  # the caller's own, still writable
    assert p.probs[0, 0] == np.float32(0.1) and not p.targets[0, 0]
    tp = np.array([3, 4])
    c = confusion(p.probs, p.targets) + Confusion(tp, [1, 1], [0, 0], [2, 1], np.zeros((4, 5), int))
    tp[0] = 9
    for name in ("tp", "fp", "fn", "tn", "samples"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(c, name)[0] = 1
    assert c.tp.tolist() == [4, 5]
    scores = evaluate(p)
    frame = scores.per_label
    frame["f1"] = 0.0
    assert (scores.per_label["f1"] == 1).all() and scores.to_dict()["per_label"][0]["f1"] == 1
    with pytest.raises(AttributeError):
        scores.per_label = frame
    assert pickle.loads(pickle.dumps(scores)).to_dict() == scores.to_dict()


@pytest.mark.parametrize("counts", [[0.5, 1], [-1, 1], [np.nan, 1], ["a", "b"]])
def test_counts_are_whole_numbers(counts):
    with pytest.raises(ValueError, match="tp must hold counts"):
        Confusion(counts, [1, 1], [1, 1], [1, 1])
