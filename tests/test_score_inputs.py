"""What is given to metrics, thresholds, losses and splits by mistake is refused in a sentence,
never scored wrongly.
"""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from mlc_course.labels import cooccurrence, label_counts, multi_hot, shared_groups, stratified_split
from mlc_course.metrics import (
    Predictions,
    average_precision,
    confusion,
    evaluate,
    mean_average_precision,
    ranking_measures,
)
from mlc_course.tables import ImageTable
from mlc_course.thresholds import best_threshold, best_thresholds_per_label, sweep

VOCAB = ["b", "a", "d", "c"]


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    probs = rng.random((60, 4)).astype(np.float32)
    return probs, (rng.random((60, 4)) < probs).astype(int)


@pytest.fixture
def predictions(pair):
    return Predictions(*pair, VOCAB)


def test_masked_cells_are_not_scored(pair):
    probs, targets = pair
    with pytest.raises(ValueError, match="masked"):
        Predictions(probs, np.ma.masked_equal(targets, 0))
    with pytest.raises(ValueError, match="masked"):
        confusion(np.ma.masked_greater(probs, 0.5), targets)
    assert Predictions(probs, np.ma.array(targets)) == Predictions(probs, targets)


def test_scores_that_are_masked_or_no_scores_are_not_separated(predictions):
    pytest.importorskip("torch")
    from mlc_course.interpret import separation

    with pytest.raises(ValueError, match="masked"):
        separation(np.ma.masked_less([0.1, 0.9], 0.5), [0.3])
    with pytest.raises(TypeError, match="Predictions"):
        separation(predictions, predictions)
    with pytest.raises(IndexError, match="from 0 to 59"):
        predictions.subset([60])


@pytest.mark.parametrize("kind", ["csr_matrix", "coo_array"])
def test_sparse_targets_of_scikit_learn(pair, kind):
    sparse = pytest.importorskip("scipy.sparse")
    probs, targets = pair
    assert Predictions(probs, getattr(sparse, kind)(targets)) == Predictions(probs, targets)


def test_sparse_tensors(pair):
    torch = pytest.importorskip("torch")
    probs, targets = pair
    for dense in (torch.tensor(targets).to_sparse(), torch.tensor(targets).float().to_sparse_csr()):
        assert Predictions(probs, dense) == Predictions(probs, targets)


def test_rounding_beyond_one_is_not_taken_for_logits(pair):
    probs, targets = pair
    probs = np.where(probs > 0.9, np.float32(1.0000002), probs)
    assert Predictions(probs, targets).probs.max() == 1
    with pytest.raises(ValueError, match="logits"):
        Predictions(probs * 1.001, targets)
    with pytest.raises(ValueError, match="Divide percentages by 100"):
        Predictions(probs * 99, targets)


def test_names_without_order_are_refused_and_numbered_ones_put_in_order(pair):
    with pytest.raises(TypeError, match="no order"):
        Predictions(*pair, set(VOCAB))
    with pytest.raises(TypeError, match="no order"):
        multi_hot([["a"]], {"a", "b"})
    for numbered in (
        dict(b=0, a=1, d=2, c=3),
        dict(c=3, d=2, a=1, b=0),
        dict(enumerate(VOCAB)),
        {str(i): o for i, o in enumerate(VOCAB)},
    ):
        assert Predictions(*pair, numbered).vocab == VOCAB
    with pytest.raises(TypeError, match="number"):
        Predictions(*pair, dict(a=1, b=2, c=3, d=4))
    for missing in (None, np.nan, pd.NA):
        with pytest.raises(TypeError, match="expected a name"):
            Predictions(*pair, ["a", missing, "c", "d"])
    df = pd.DataFrame(dict(fname=["1.jpg"], labels=[["a"]], split="train"))
    assert ImageTable(df, ".", vocab=dict(a=1, b=0)).vocab == ["b", "a"]


def test_the_pair_of_best_threshold_is_not_two_thresholds(pair):
    two = Predictions(pair[0][:, :2], pair[1][:, :2])
    best = best_threshold(sweep(two))
    thresh, score = best
    assert best == (thresh, score) and repr(best) == repr((thresh, score))
    with pytest.raises(TypeError, match=r"best_threshold\(...\)\[0\]"):
        evaluate(two, best)
    assert evaluate(two, thresh).accuracy == pytest.approx(score)


def test_a_sorted_column_of_thresholds_is_not_taken_by_position(predictions):
    scores = evaluate(predictions, [0.1, 0.2, 0.3, 0.4]).per_label
    assert evaluate(predictions, scores.thresh).per_label.thresh.tolist() == scores.thresh.tolist()
    mixed = scores.sort_values("label")
    with pytest.raises(ValueError, match="index 1, 0, 3, 2"):
        evaluate(predictions, mixed.thresh)
    by_label = mixed.set_index("label").thresh
    assert evaluate(predictions, by_label).per_label.thresh.tolist() == scores.thresh.tolist()
    with pytest.raises(ValueError, match="support is a Series"):
        best_thresholds_per_label(predictions, support=mixed.support)
    numbers = Predictions(predictions.probs, predictions.targets, [10, 20, 30, 40])
    series = pd.Series([0.4, 0.3, 0.2, 0.1], index=[40, 30, 20, 10])
    assert np.allclose(evaluate(numbers, series).per_label.thresh, [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("thresh", [True, False, "0.5", None, np.True_])
def test_thresholds_that_are_no_numbers(predictions, thresh):
    torch = pytest.importorskip("torch")
    from mlc_course.metrics import accuracy_multi

    with pytest.raises(TypeError, match="expected a number in"):
        evaluate(predictions, thresh)
    with pytest.raises(TypeError, match="expected a number in"):
        accuracy_multi(torch.zeros(2, 3), torch.zeros(2, 3), thresh)


@pytest.mark.parametrize(
    "f", [confusion, average_precision, mean_average_precision, ranking_measures]
)
def test_functions_of_arrays_say_what_to_pass_of_predictions(predictions, f):
    with pytest.raises(TypeError, match=r"predictions\.probs and predictions\.targets"):
        f(predictions)
    with pytest.raises(TypeError, match=r"pass predictions\.probs"):
        f(predictions, predictions.targets)


def test_functions_of_targets_say_what_to_pass(predictions):
    table = ImageTable(
        pd.DataFrame(dict(fname=["1.jpg", "2.jpg"], labels=[["a"], []], split="train")), "."
    )
    for f in (
        cooccurrence,
        lambda o: stratified_split(o, (0.5, 0.5)),
        lambda o: label_counts(o, VOCAB),
    ):
        with pytest.raises(TypeError, match=r"pass table\.targets\(\)"):
            f(table)
        with pytest.raises(TypeError, match=r"pass predictions\.targets"):
            f(predictions)
        with pytest.raises(TypeError, match=r"multi_hot\(labels, vocab\)"):
            f([["a", "b"], []])
    with pytest.raises(TypeError, match="ImageTable"):
        multi_hot(table, VOCAB)


def test_copies_are_read_only_too(predictions):
    counts = confusion(predictions.probs, predictions.targets)
    for again in (copy.deepcopy, copy.copy, lambda o: pickle.loads(pickle.dumps(o))):
        assert again(predictions) == predictions and again(counts) == counts
        assert not again(predictions).probs.flags.writeable
        assert not again(counts).tp.flags.writeable


def test_a_blank_is_no_group(pair):
    groups = [f"p{i // 4}" for i in range(60)]
    assert shared_groups(["", " ", "a", "a"], ["train", "test", "train", "test"]) == {
        "a": ["train", "test"]
    }
    with pytest.raises(ValueError, match="2 rows have no group"):
        stratified_split(pair[1], (0.5, 0.5), groups=["", " ", *groups[2:]])


def test_seeds_and_fractions_in_a_sentence(pair):
    for seed in (-1, 1.5, "x"):
        with pytest.raises(TypeError, match="seed is"):
            stratified_split(pair[1], (0.5, 0.5), seed)
    for fractions in ("80/20", dict(train=0.8, valid=0.2)):
        with pytest.raises(TypeError, match="fractions is"):
            stratified_split(pair[1], fractions)


def _losses(name):
    if name == "torch":
        torch = pytest.importorskip("torch")
        import mlc_course.losses as losses

        return losses, torch.tensor([[1.0, -2.0]]), torch.tensor([[1.0, 0.0]])
    losses = pytest.importorskip("mlc_course.losses_tf")
    return losses, losses.tf.constant([[1.0, -2.0]]), losses.tf.constant([[1.0, 0.0]])


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_losses_refuse_settings_that_make_them_nan_or_negative(framework):
    losses, x, t = _losses(framework)
    bce = losses.binary_cross_entropy_with_logits
    for weight in (-1.0, float("nan"), [1, float("inf")]):
        with pytest.raises(ValueError, match="pos_weight"):
            bce(x, t, weight)
    for weight in ({"a": 1, "b": 2}, "x"):
        with pytest.raises(TypeError, match="pos_weight"):
            bce(x, t, weight)
    for kw in (dict(gamma=float("nan")), dict(alpha=float("nan"))):
        with pytest.raises(ValueError, match=next(iter(kw))):
            losses.focal_loss(x, t, **kw)
    for kw in (dict(gamma="x"), dict(alpha=[0.1, 0.2])):
        with pytest.raises(TypeError, match=next(iter(kw))):
            losses.focal_loss(x, t, **kw)
    for kw in (dict(clip=None), dict(gamma_neg="x")):
        with pytest.raises(TypeError, match=next(iter(kw))):
            losses.asymmetric_loss(x, t, **kw)
    weights = losses.positive_weights(pd.DataFrame([[1, 0], [0, 0], [0, 1], [0, 1]]))
    assert np.allclose(np.asarray(weights), [3, 1])


def test_macro_f1_of_keras_looks_at_probabilities_after_logits_too():
    MacroF1 = pytest.importorskip("mlc_course.train_tf").MacroF1
    import keras

    rng = np.random.default_rng(0)
    logits = rng.normal(size=(64, 3)).astype(np.float32) * 3
    targets = (rng.random((64, 3)) < 0.4).astype(np.float32)
    metric = MacroF1(3)
    metric.update_state(targets, logits)
    metric.reset_state()
    with pytest.raises(ValueError, match="from_logits=False"):
        metric.update_state(targets, np.asarray(keras.ops.sigmoid(logits)))
    metric.reset_state()
    metric.update_state(targets[:1], np.full((1, 3), 0.9, np.float32))  # a last batch, by chance
    for n_labels in (["a", "b"], 2.5, "3", None, True):
        with pytest.raises(TypeError, match="len"):
            MacroF1(n_labels)
    with pytest.raises(ValueError, match="from 1"):
        MacroF1(0)


def test_settings_that_are_no_numbers_are_refused_in_a_sentence(predictions):
    pytest.importorskip("torch")
    from mlc_course.interpret import worst_losses
    from mlc_course.thresholds import apply_temperature, reliability_curve

    for wrong in ("x", [1, 2], {"a": 1}, np.ones(2)):
        for call in (
            lambda x: best_thresholds_per_label(predictions, x),
            lambda x: best_thresholds_per_label(predictions, min_precision=x),
            lambda x: apply_temperature(predictions, x),
            lambda x: reliability_curve(predictions, x),
            lambda x: worst_losses(predictions, x),
        ):
            with pytest.raises(TypeError, match="expected one (whole )?number"):
                call(wrong)
    assert len(worst_losses(predictions, np.int64(2))) == 2
    assert np.isfinite(best_thresholds_per_label(predictions, np.float32(2))).all()
