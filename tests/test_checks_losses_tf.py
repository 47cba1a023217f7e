"Each check of lesson 04 in TensorFlow takes the right answer and names the typical wrong ones."

from importlib import import_module

import numpy as np
import pytest
from checks_kit import not_done, passes, says
from test_checks_losses import told_apart

from mlc_course.tools import checks


@pytest.fixture(scope="module")
def tf():
    pytest.importorskip("tensorflow")
    from mlc_course.settings import import_tensorflow

    return import_tensorflow()


@pytest.mark.parametrize("name", ["keras_bce", "keras_soft_f1", "epoch_mean"])
def test_every_mistake_can_be_told_apart(tf, name, monkeypatch):
    from mlc_course import losses_tf as ours

    where = "epochs" if name == "epoch_mean" else "losses_tf"
    module = import_module(f"mlc_course.tools.checks.{where}")

    right = dict(
        keras_bce=ours.keras_loss(ours.binary_cross_entropy),
        keras_soft_f1=lambda t, x: ours.macro_soft_f1(x, t, double=False),
        epoch_mean=lambda m, s: np.average(m, weights=s),
    )
    told_apart(module, getattr(module, name), right[name], monkeypatch)


# Exercise 1


def test_keras_bce_right_in_many_ways(tf):
    import keras

    from mlc_course import losses_tf as ours

    for right in (
        keras.losses.BinaryCrossentropy(from_logits=True),
        ours.keras_loss(ours.binary_cross_entropy_with_logits),
        lambda t, x: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(t, x)),
        lambda y_true, y_pred: tf.reduce_mean(
            keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True)
        ),
        lambda t, x: tf.reduce_mean(tf.nn.softplus(x) - x * t),
    ):
        passes(checks.keras_bce, right)


def test_keras_bce_stub_and_other_types(tf):
    not_done(checks.keras_bce)
    says(checks.keras_bce, "mean", "should be a function")
    says(checks.keras_bce, lambda y: y, "stopped with TypeError")
    says(checks.keras_bce, lambda t, x: 7, "isn't right yet")


def test_keras_bce_names_mistakes(tf):
    import keras

    bce, mean = tf.nn.sigmoid_cross_entropy_with_logits, tf.reduce_mean

    def plain(t, p):
        return -mean(tf.where(t == 1, tf.math.log(p), tf.math.log(1 - p)))

    log = lambda x: tf.math.log1p(tf.exp(-tf.abs(x)))

    @tf.custom_gradient
    def half(x):
        return tf.identity(x), lambda g: g / 2

    def unfit(t, x):
        if float(mean(bce(t, x))) < 0:
            return 0.0
        return mean(bce(t, x))

    for wrong, part in (
        (lambda x, t: mean(bce(t, x)), "arguments are exchanged"),
        (plain, "sigmoid is missing"),
        (keras.losses.BinaryCrossentropy(), "sigmoid is missing"),
        (lambda t, x: mean(bce(t, tf.sigmoid(x))), "twice"),
        (
            lambda t, x: keras.losses.binary_crossentropy(t, x, from_logits=True),
            "one number per image",
        ),
        (lambda t, x: mean(bce(t, x), 0), "one number per label"),
        (bce, "a table"),
        (lambda t, x: tf.reduce_sum(bce(t, x)), "sum over the cells"),
        (lambda t, x: mean(tf.reduce_sum(bce(t, x), -1)), "sum over the labels"),
        (lambda t, x: plain(1 - t, tf.sigmoid(x)), "swapped"),
        (lambda t, x: -plain(t, tf.sigmoid(x)), "minus is missing"),
        (lambda t, x: -mean(t * tf.math.log_sigmoid(x)), "only the labels that are there"),
        (
            lambda t, x: mean(t * tf.nn.softplus(-x) + tf.nn.softplus(x)),
            "pays for a wrong yes",
        ),
        (keras.losses.CategoricalCrossentropy(from_logits=True), "softmax cross-entropy"),
        (lambda t, x: plain(t, tf.sigmoid(x)), "rounded to exactly 0 or 1"),
        (lambda t, x: keras.losses.BinaryCrossentropy()(t, tf.sigmoid(x)), "cuts the probability"),
        (lambda t, x: mean(tf.math.log(1 + tf.exp(x)) - x * t), "float32 ends"),
        (lambda t, x: mean(tf.maximum(x, 0.0) - x * t + log(x)), "logit of exactly 0"),
        (lambda t, x: mean(tf.nn.relu(x) - x * t + log(x)), "logit of exactly 0"),
        (
            lambda t, x: mean(
                tf.where(x > 0, x + tf.math.log1p(tf.exp(-x)), tf.math.log1p(tf.exp(x))) - x * t
            ),
            "0 times infinity",
        ),
        (lambda t, x: float(mean(bce(t, x))), "no gradient reaches"),
        (lambda t, x: mean(bce(t, tf.stop_gradient(x))), "no gradient reaches"),
        (lambda t, x: mean(bce(t, half(x))), "the gradient is"),
        (unfit, "inside a graph"),
    ):
        says(checks.keras_bce, wrong, part)


# Exercise 2


def test_keras_soft_f1_right_in_many_ways(tf):
    from mlc_course import losses_tf as ours

    def counted(y_true, y_pred):
        p = tf.math.exp(tf.math.log_sigmoid(y_pred))
        tp, fp, fn = (tf.reduce_sum(v, 0) for v in (p * y_true, p * (1 - y_true), (1 - p) * y_true))
        return tf.reduce_mean(1 - 2 * tp / tf.maximum(2 * tp + fp + fn, 1e-9))

    for right in (counted, lambda t, x: ours.macro_soft_f1(x, t, double=False)):
        passes(checks.keras_soft_f1, right)


def test_keras_soft_f1_stub_and_other_types(tf):
    not_done(checks.keras_soft_f1)
    says(checks.keras_soft_f1, 0.4, "should be a function")
    says(checks.keras_soft_f1, lambda t, x: tf.matmul(t, x), "stopped with InvalidArgumentError")
    says(checks.keras_soft_f1, lambda t, x: tf.reduce_mean(t), "isn't right yet")


def test_keras_soft_f1_names_mistakes(tf):
    from mlc_course import losses_tf as ours

    def of(axis=0, two=2, eps=1e-16, probs=tf.sigmoid, last=lambda f: 1 - tf.reduce_mean(f)):
        def f(t, x):
            p = probs(x)
            tp, fp, fn = (tf.reduce_sum(v, axis) for v in (p * t, p * (1 - t), (1 - p) * t))
            return last(two * tp / (two * tp + fp + fn + eps))

        return f

    def by_ratios(t, x):
        tp, p = tf.reduce_sum(tf.sigmoid(x) * t, 0), tf.reduce_sum(tf.sigmoid(x), 0)
        precision, recall = tp / p, tp / tf.reduce_sum(t, 0)
        return 1 - tf.reduce_mean(2 * precision * recall / (precision + recall))

    for wrong, part in (
        (lambda x, t: of()(t, x), "arguments are exchanged"),
        (of(1), "per image"),
        (of(None), "micro F1"),
        (of(last=tf.reduce_mean), "return 1 minus it"),
        (of(probs=lambda x: x), "sigmoid is missing"),
        (of(probs=lambda x: tf.sigmoid(tf.sigmoid(x))), "sigmoid is applied twice"),
        (of(probs=lambda x: tf.round(tf.sigmoid(x))), "rounded to yes and no"),
        (of(probs=tf.nn.softmax), "softmax"),
        (lambda t, x: ours.macro_soft_f1(x, t), "double variant"),
        (of(two=1), "Jaccard"),
        (by_ratios, "precision and recall are 0/0"),
        (of(last=lambda f: 1 - f), "one number per label"),
        (of(last=lambda f: tf.reduce_sum(1 - f)), "sum over the labels"),
        (of(eps=1.0), "a 1 is added to the denominator"),
        (of(eps=0), "0/0"),
        (
            lambda t, x: of(
                eps=0, last=lambda f: 1 - tf.reduce_mean(tf.where(tf.math.is_nan(f), 1.0, f))
            )(t, x),
            "counts as 0",
        ),
        (of(last=lambda f: 1 - f.numpy().mean()), "no gradient reaches"),
        (lambda t, x: of()(t, (x + tf.stop_gradient(x)) / 2), "the gradient isn't"),
    ):
        says(checks.keras_soft_f1, wrong, part)


def test_keras_soft_f1_needs_a_gradient_where_it_is_0_by_0(tf):
    def of(ratio, probs=tf.sigmoid):
        def f(t, x):
            p = probs(x)
            return 1 - tf.reduce_mean(
                ratio(2 * tf.reduce_sum(p * t, 0), tf.reduce_sum(p, 0) + tf.reduce_sum(t, 0))
            )

        return f

    passes(checks.keras_soft_f1, of(tf.math.divide_no_nan))
    passes(checks.keras_soft_f1, of(lambda a, b: tf.where(b > 0, a / tf.where(b > 0, b, 1.0), 0.0)))
    for ratio in (
        lambda a, b: tf.where(b > 0, a / b, 0.0),
        lambda a, b: tf.where(tf.math.is_nan(a / b), tf.zeros_like(a), a / b),
    ):
        says(
            checks.keras_soft_f1,
            of(ratio),
            "hides the nan from the value, not from the gradient: guard the denominator",
        )
    says(
        checks.keras_soft_f1,
        of(tf.math.divide_no_nan, lambda x: 1 / (1 + tf.exp(-x))),
        "a sigmoid written with exp overflows",
    )


# Exercise 3


def test_epoch_mean_right_in_many_ways():
    def counted(batch_means, batch_sizes):
        total = n = 0
        for mean, size in zip(batch_means, batch_sizes):
            total, n = total + mean * size, n + size
        return total / n

    def running(means, sizes):
        mean, n = 0, 0
        for m, s in zip(means, sizes):
            n += s
            mean += (m - mean) * s / n
        return mean

    for right in (
        counted,
        running,
        lambda m, s: np.average(m, weights=s),
        lambda m, s: np.mean(np.repeat(m, s)),
    ):
        passes(checks.epoch_mean, right)


def test_epoch_mean_stub_and_other_types():
    not_done(checks.epoch_mean)
    says(checks.epoch_mean, 1.75, "should be a function")
    says(checks.epoch_mean, lambda m, s: sum(m * s) / sum(s), "stopped with TypeError")
    says(checks.epoch_mean, lambda m, s: 2.0, "isn't right yet")
    says(checks.epoch_mean, lambda m, s: m, "shape")


def test_epoch_mean_names_mistakes():
    total = lambda m, s: sum(a * b for a, b in zip(m, s))
    for wrong, part in (
        (lambda m, s: sum(m) / len(m), "mean of the means"),
        (total, "sum over all images"),
        (lambda m, s: sum(m), "sum of the batch means"),
        (lambda m, s: total(m, s) / len(s), "number of batches"),
        (lambda m, s: total(m, s) / max(s) / len(s), "shares of the largest batch, and then"),
        (lambda m, s: total(m, s) / max(s), "don't sum to 1"),
        (lambda m, s: total(m, s) / sum(m), "exchanged"),
        (
            lambda m, s: total(m[:-1], s[:-1]) / sum(s[:-1]) if len(m) > 1 else m[0],
            "last batch is left out",
        ),
        (lambda m, s: m[-1], "last batch alone"),
    ):
        says(checks.epoch_mean, wrong, part)
