"""The thresholds of lesson 06 against brute force, scikit-learn and SciPy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as skm
from sklearn.calibration import calibration_curve

from mlc_course.metrics import (
    Predictions,
    average_precision,
    confusion,
    evaluate,
    precision_recall_f1,
    simulate_predictions,
)
from mlc_course.thresholds import (
    apply_temperature,
    best_threshold,
    best_thresholds_per_label,
    brier_score,
    f1_grid,
    fit_temperature,
    plot_predictions,
    plot_sweep,
    precision_recall_curves,
    reliability_curve,
    sweep,
    threshold_slider,
    thresholds_and_average_precision,
)

SCORES = ["accuracy", "micro_f1", "macro_f1", "samples_f1"]


def as_predictions(probs, targets):
    return Predictions(
        probs,
        targets,
        [f"label {i}" for i in range(probs.shape[1])],
        [f"{i}.jpg" for i in range(len(probs))],
    )


@st.composite
def predictions(draw):
    "Random, tied, constant, neighbouring and extreme scores; labels with all, some or no positives."
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, columns, truth = draw(st.integers(1, 30)), [], []
    for kind in draw(
        st.lists(
            st.sampled_from(["random", "tied", "constant", "neighbours", "zeros and ones", "tiny"]),
            min_size=1,
            max_size=4,
        )
    ):
        columns.append(
            {
                "random": rng.random(n),
                "tied": rng.integers(0, 4, n) / 4,
                "constant": np.full(n, rng.random()),
                "neighbours": (
                    np.float32(0.3).view(np.uint32) + rng.integers(0, 3, n).astype(np.uint32)
                ).view(np.float32),
                "zeros and ones": rng.integers(0, 2, n),
                "tiny": rng.integers(0, 4, n).astype(np.uint32).view(np.float32),
            }[kind].astype(np.float32)
        )
        truth.append(rng.random(n) < draw(st.sampled_from([0.0, 0.2, 0.5, 1.0])))
    return as_predictions(np.stack(columns, 1), np.stack(truth, 1))


# --- sweeps


@given(predictions(), st.lists(st.floats(0, 1), min_size=1, max_size=8), st.sampled_from(SCORES))
@settings(max_examples=60, deadline=None)
def test_a_sweep_is_evaluate_at_every_threshold(p, thresholds, score):
    df = sweep(p, thresholds, score)
    assert list(df.columns) == ["threshold", score] and list(df["threshold"]) == sorted(thresholds)
    for t, value in df.itertuples(index=False):
        assert value == pytest.approx(getattr(evaluate(p, t), score), abs=1e-12)


def test_a_sweep_equals_sklearn():
    p = simulate_predictions(300)
    for score in ("micro_f1", "macro_f1", "samples_f1"):
        expected = [
            skm.f1_score(p.targets, p.probs > np.float32(t), average=score[:-3], zero_division=0)
            for t in np.linspace(0.05, 0.95, 29)
        ]
        np.testing.assert_allclose(sweep(p, score=score)[score], expected, atol=1e-12)


def test_samples_f1_in_pieces():
    from mlc_course.scores.sweeps import samples_f1_at

    p, t = simulate_predictions(101), np.linspace(0, 1, 7)
    np.testing.assert_allclose(samples_f1_at(p, t, max_cells=80), samples_f1_at(p, t), atol=1e-12)


@given(predictions())
@settings(max_examples=40, deadline=None)
def test_recall_can_only_fall_and_curves_agree_with_counts(p):
    thresholds = np.linspace(0, 1, 9)
    for label in (None, p.vocab[0]):
        df = precision_recall_curves(p, label, thresholds)
        assert (np.diff(df["recall"]) <= 0).all()
        for row in df.itertuples():
            counts = confusion(p.probs, p.targets, row.threshold)
            expected = (
                precision_recall_f1(counts, "micro")
                if label is None
                else [o[0] for o in precision_recall_f1(counts, None)]
            )
            np.testing.assert_allclose([row.precision, row.recall, row.f1], expected, atol=1e-12)
    np.testing.assert_allclose(f1_grid(p, thresholds)[p.vocab[0]], df["f1"])


def test_best_threshold_takes_the_one_nearest_to_a_half():
    table = lambda values: pd.DataFrame(dict(threshold=[0.1, 0.3, 0.6, 0.9], accuracy=values))
    assert best_threshold(table([1, 1, 1, 1])) == (0.6, 1)
    assert best_threshold(table([0.8, 0.8, 0.1, 0.8])) == (0.3, 0.8)
    assert best_threshold(table([0.1, 0.2, 0.3, 0.4])) == (0.9, 0.4)
    with pytest.raises(ValueError, match="NaN"):
        best_threshold(table([np.nan] * 4))
    with pytest.raises(ValueError, match="from `sweep`"):
        best_threshold(pd.DataFrame(dict(a=[1])))


def test_plot_sweep_marks_the_best_point():
    import matplotlib

    matplotlib.use("Agg")
    df = sweep(simulate_predictions(300), score="macro_f1")
    t, best = best_threshold(df)
    ax = plot_sweep(df)
    np.testing.assert_allclose(ax.collections[0].get_offsets()[0], [t, best])
    assert (
        f"{best:.4f}" in ax.texts[0].get_text()
        and ax.get_xlabel()
        and ax.get_title() == "macro F1 against threshold"
    )
    assert plot_sweep(df, ax) is ax


# --- the exact optimum


def every_cut(p, label, beta):
    "F-beta and precision at every threshold that could matter: 0 and each score."
    target, out = p.targets[:, label], []
    for t in np.unique(np.r_[np.float32(0), p.probs[:, label]]):
        pred = p.probs[:, label] > t
        tp, fp, fn = (pred & target).sum(), (pred & ~target).sum(), (~pred & target).sum()
        f = (1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp) if tp else 0.0
        out.append((f, tp / max(tp + fp, 1)))
    return np.array(out)


@given(predictions(), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([None, 0.0, 0.4, 0.9, 1.0]))
@settings(max_examples=150, deadline=None)
def test_thresholds_per_label_are_the_best_of_every_cut(p, beta, floor):
    chosen = best_thresholds_per_label(p, beta, floor)
    assert chosen.dtype == np.float64 and ((chosen >= 0) & (chosen <= 1)).all()
    np.testing.assert_array_equal(
        chosen, chosen.astype(np.float32)
    )  # so float32 and float64 comparisons agree
    for i in range(len(p.vocab)):
        f, precision = every_cut(p, i, beta).T
        if floor is not None:
            f = f[precision >= floor]
        pred = p.probs[:, i] > chosen[i]
        ours = skm.fbeta_score(p.targets[:, i], pred, beta=beta, zero_division=0)
        assert ours == pytest.approx(max(f, default=0.0), abs=1e-12)
        if floor is not None and pred.any() and p.targets[:, i].any():
            assert skm.precision_score(p.targets[:, i], pred, zero_division=0) >= floor


@given(predictions(), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([None, 0.4]))
@settings(max_examples=40, deadline=None)
def test_both_from_one_sort_are_the_same_as_each_alone(p, beta, floor):
    thresh, ap = thresholds_and_average_precision(p, beta, floor)
    np.testing.assert_array_equal(thresh, best_thresholds_per_label(p, beta, floor))
    np.testing.assert_array_equal(ap, average_precision(p.probs, p.targets))


@given(predictions())
@settings(max_examples=40, deadline=None)
def test_counts_at_thresholds_that_are_scores(p):
    "A threshold equal to a score does not let it through."
    from mlc_course.thresholds import counts_at

    grid = np.unique(np.r_[0.0, 1.0, p.probs.ravel().astype(float)])
    tp, predicted = counts_at(p, grid)
    for k, t in enumerate(grid):
        c = confusion(p.probs, p.targets, t)
        np.testing.assert_array_equal(tp[k], c.tp)
        np.testing.assert_array_equal(predicted[k], c.tp + c.fp)


def test_where_the_threshold_lies():
    column = lambda scores, truth: best_thresholds_per_label(
        as_predictions(np.array(scores, np.float32)[:, None], np.array(truth, bool)[:, None])
    )[0]
    assert column([0.2, 0.4, 0.8], [0, 0, 1]) == pytest.approx(0.6)  # half-way
    assert column([0.2, 0.4, 0.8], [1, 1, 1]) == pytest.approx(0.1)  # below the lowest
    assert column([0.2, 0.4, 0.8], [0, 0, 0]) == 0.5  # nothing to learn from
    assert column([0, 0, 0], [1, 1, 1]) == 0.5  # no threshold in [0, 1] predicts a 0
    assert (
        best_thresholds_per_label(
            as_predictions(np.array([[0.9], [0.5]]), np.array([[False], [True]])), min_precision=0.9
        )[0]
        == 1
    )  # never predicted


def test_neighbouring_floats_stay_apart():
    high = np.float32(0.3)
    low = np.nextafter(high, np.float32(0))
    p = as_predictions(np.array([[low], [high]]), np.array([[False], [True]]))
    t = best_thresholds_per_label(p)
    assert precision_recall_f1(confusion(p.probs, p.targets, t), None).f1[0] == 1


@pytest.mark.parametrize(
    "kwargs, sentence",
    [
        (dict(beta=-1), "beta is -1"),
        (dict(beta=float("nan")), "beta is nan"),
        (dict(min_precision=90), r"lies in \[0, 1\]"),
    ],
)
def test_bad_wishes_are_refused(kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        best_thresholds_per_label(simulate_predictions(10), **kwargs)


def test_bad_input_is_refused():
    p = simulate_predictions(10)
    empty = p.subset([])
    for f in (
        sweep,
        best_thresholds_per_label,
        fit_temperature,
        brier_score,
        reliability_curve,
        f1_grid,
        precision_recall_curves,
    ):
        with pytest.raises(ValueError, match="nothing to score"):
            f(empty)
    with pytest.raises(ValueError, match="score is 'f1'"):
        sweep(p, score="f1")
    with pytest.raises(ValueError, match="must lie in"):
        sweep(p, [0.5, 5])
    with pytest.raises(ValueError, match="at least one number"):
        sweep(p, [])
    with pytest.raises(ValueError, match="isn't in the vocab"):
        precision_recall_curves(p, "unicorn")


# --- calibration


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 1.8, 3.0])
def test_temperature_finds_the_sharpness(sharpness):
    assert fit_temperature(
        simulate_predictions(20_000, seed=7, sharpness=sharpness)
    ) == pytest.approx(sharpness, rel=0.05)


def test_temperature_minimises_the_loss():
    from scipy.optimize import minimize_scalar

    p = simulate_predictions(500, sharpness=2)
    loss = lambda log_t: skm.log_loss(
        p.targets.ravel(), apply_temperature(p, np.exp(log_t)).probs.ravel().astype(float)
    )
    assert fit_temperature(p) == pytest.approx(
        np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x), rel=1e-2
    )


def test_temperature_at_its_limits():
    perfect = as_predictions(np.array([[0.4], [0.6]]), np.array([[False], [True]]))
    assert fit_temperature(perfect) == pytest.approx(0.05, rel=1e-3)
    backwards = as_predictions(np.array([[0.4], [0.6]]), np.array([[True], [False]]))
    assert fit_temperature(backwards) == pytest.approx(20, rel=1e-3)
    certain = as_predictions(np.array([[0.0], [1.0]]), np.array([[False], [True]]))
    assert np.isfinite(apply_temperature(certain, 2).probs).all()
    with pytest.raises(ValueError, match="above 0"):
        apply_temperature(perfect, 0)


@given(st.integers(0, 1000), st.floats(0.3, 3))
@settings(max_examples=20, deadline=None)
def test_temperature_keeps_the_order(seed, temperature):
    p = simulate_predictions(50, seed=seed)
    warm = apply_temperature(p, temperature)
    for i in range(20):
        assert (np.diff(warm.probs[p.probs[:, i].argsort(), i]) >= 0).all()
    assert warm.fnames == p.fnames and warm.vocab == p.vocab


@given(predictions(), st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_brier_and_reliability_equal_sklearn(p, n_bins):
    truth, probs = p.targets.ravel(), p.probs.ravel().astype(float)
    assert brier_score(p) == pytest.approx(np.mean((probs - truth) ** 2), abs=1e-12)
    df = reliability_curve(p, n_bins)
    frequency, mean_prob = calibration_curve(truth, probs, n_bins=n_bins)
    np.testing.assert_allclose(df["frequency"], frequency, atol=1e-12)
    np.testing.assert_allclose(df["mean_prob"], mean_prob, atol=1e-12)
    assert df["count"].sum() == truth.size


def test_half_of_the_best_f1():
    "Lipton et al. 2014, on calibrated scores: F*/2 does as well as the threshold that was searched."
    chosen_on, fresh = simulate_predictions(50_000, seed=1), simulate_predictions(50_000, seed=2)
    exact = best_thresholds_per_label(chosen_on)
    f_star = precision_recall_f1(confusion(chosen_on.probs, chosen_on.targets, exact), None).f1
    macro = lambda t: precision_recall_f1(confusion(fresh.probs, fresh.targets, t), "macro").f1
    assert abs(macro(exact) - macro(f_star / 2)) < 0.004


# --- pictures


def sheet():
    "Three pictures: one all right, one with a false alarm and a miss, one without labels."
    p = Predictions(
        [[0.9, 0.1, 0.6], [0.2, 0.8, 0.05], [0.1, 0.1, 0.1]],
        [[1, 0, 1], [1, 0, 0], [0, 0, 0]],
        ["boat", "moon", "sea gull"],
        ["a.jpg", "b.jpg", "c.jpg"],
    )
    return np.zeros((3, 8, 8, 3), np.uint8), p


def titles(fig):
    return [ax.get_title(loc="left") for ax in fig.axes[:3]]


def test_pictures_say_what_a_threshold_makes_of_them():
    import matplotlib

    matplotlib.use("Agg")
    images, p = sheet()
    assert titles(plot_predictions(images, p, 0.5)) == [
        "✓ boat 0.90\n✓ sea gull 0.60",
        "✗ moon 0.80\n○ boat 0.20",
        "nothing, rightly",
    ]
    assert (
        titles(plot_predictions(images, p, [0.95, 0.9, 0.5]))[0] == "✓ sea gull 0.60\n○ boat 0.90"
    )
    many = Predictions(np.full((1, 6), 0.7), np.zeros((1, 6)), list("abcdef"), ["a.jpg"])
    assert plot_predictions(images[:1], many).axes[0].get_title(loc="left").endswith("and 3 more")
    with pytest.raises(ValueError, match="2 images and 3 rows"):
        plot_predictions(images[:2], p)
    with pytest.raises(ValueError, match="must lie in"):
        plot_predictions(images, p, 7)


def test_the_slider_redraws_its_sheet():
    import matplotlib

    matplotlib.use("Agg")
    images, p = sheet()
    box = threshold_slider(images, p, 0.5)
    picture = lambda: bytes(box.sheet.value)
    before = picture()
    assert before.startswith(b"\x89PNG") and "3 images" in repr(box)
    box.slider.value = 0.95
    assert picture().startswith(b"\x89PNG") and picture() != before
    box.slider.value = 0.5
    assert picture() == before and not matplotlib.pyplot.get_fignums()


# ---- labels that were not in training, and what is given


def test_labels_without_a_training_image_are_never_predicted():
    p = simulate_predictions(500, seed=3)
    plain = best_thresholds_per_label(p)
    support = {o: 100 for o in p.vocab} | {"fox": 0, "car": 0}
    for given_ in (
        support,
        pd.Series(support),
        [support[o] for o in p.vocab],
        np.array([support[o] for o in p.vocab]),
    ):
        thresh, ap = thresholds_and_average_precision(p, support=given_)
        np.testing.assert_array_equal(best_thresholds_per_label(p, support=given_), thresh)
        for i, o in enumerate(p.vocab):
            assert thresh[i] == (1.0 if o in ("fox", "car") else plain[i])
        np.testing.assert_array_equal(ap, thresholds_and_average_precision(p)[1])
    assert not (p.probs > thresh)[:, p.vocab.index("fox")].any()
    never = Predictions(p.probs, np.zeros_like(p.targets), p.vocab)
    assert (best_thresholds_per_label(never) == 0.5).all()  # nothing to go by: no tiny number
    for wrong, sentence in (
        ([1, 2], "each of the 20 labels"),
        ({"fox": 0}, "lacks"),
        ([-1] * 20, "at least 0"),
        ([np.nan] * 20, "at least 0"),
        ("many", "at least 0"),
    ):
        with pytest.raises(ValueError, match=sentence):
            best_thresholds_per_label(p, support=wrong)


def test_a_sweep_tries_numbers_not_labels():
    p = simulate_predictions(50)
    for f in (sweep, f1_grid, lambda p, t: precision_recall_curves(p, None, t)):
        with pytest.raises(TypeError, match="given by label"):
            f(p, {o: 0.5 for o in p.vocab})
        with pytest.raises(TypeError, match="list of numbers"):
            f(p, "all")
        with pytest.raises(ValueError, match="must lie in"):
            f(p, [0.1, 1.2])


def test_best_threshold_of_predictions_says_how():
    p = simulate_predictions(50)
    for f in (best_threshold, plot_sweep):
        with pytest.raises(TypeError, match=r"\(sweep\(predictions\)\)"):
            f(p)
    with pytest.raises(TypeError, match="best_threshold or plot_sweep"):
        sweep(sweep(p))


def test_a_sheet_with_thresholds_by_label_is_the_sheet_with_those_numbers():
    p = simulate_predictions(4)
    images = np.zeros((4, 8, 8, 3), np.uint8)
    numbers = np.linspace(0.1, 0.9, 20)

    titles = lambda fig: [ax.get_title(loc="left") for ax in fig.axes]
    assert (
        titles(plot_predictions(images, p, dict(zip(p.vocab, numbers))))
        == titles(plot_predictions(images, p, numbers))
        != titles(plot_predictions(images, p, 0.0))
    )
    with pytest.raises(TypeError, match="one number for all labels"):
        threshold_slider(images, p, dict.fromkeys(p.vocab, 0.5))
