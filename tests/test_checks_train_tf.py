"Each check of lesson 09 takes the right answer and names the typical wrong ones."

import numpy as np
import pytest
from checks_kit import (
    mistakes_are_told_apart,
    not_done,
    odd_answers_are_refused,
    passes,
    raises,
    says,
)

from mlc_course.tools import checks


@pytest.fixture(scope="module")
def tf():
    pytest.importorskip("tensorflow")
    from mlc_course.settings import import_tensorflow

    return import_tensorflow()


@pytest.mark.parametrize(
    "name, right",
    [
        ("unit_range", lambda x: np.asarray(x, "float32") * 2 / 255 - 1),
        ("shuffle_reach", lambda n, buffer, batch: min(n - 1, buffer + batch - 2)),
    ],
)
def test_every_mistake_can_be_told_apart(name, right, monkeypatch):
    from mlc_course.tools.checks import train_tf as module

    mistakes_are_told_apart(module, name, right, monkeypatch)


# Exercise 1


def pipeline(
    tf,
    *,
    order=None,
    scale=lambda x: tf_cast(x) / 255,
    target="float32",
    batch=lambda d, k: d.batch(k),
    last=lambda d: d,
    slices=None,
):
    def f(images, targets, k):
        t = targets.astype(target)
        d = tf.data.Dataset.from_tensor_slices(slices(images, t) if slices else (images, t))
        if order:
            d = order(d, len(images))
        return last(batch(d.map(lambda x, y: (scale(x), y)), k))

    return f


def tf_cast(x):
    import tensorflow as tf

    return tf.cast(x, tf.float32)


def loose(tf, images, targets):
    "A `map` that may change the order."
    made = tf.data.Dataset.from_tensor_slices((images, targets.astype("float32")))
    scaled = lambda x, y: (tf_cast(x) / 255, y)
    return made.map(scaled, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False)


def unordered(tf):
    options = tf.data.Options()
    options.deterministic = False
    return options


def test_valid_pipeline_right_in_many_ways(tf):
    from mlc_course.train_tf import EpochData

    for right in (
        pipeline(tf),
        pipeline(tf, last=lambda d: d.prefetch(tf.data.AUTOTUNE)),
        pipeline(tf, order=lambda d, n: d.cache()),
        lambda x, y, k: EpochData(x, y, k, train=False)(),
        pipeline(tf, scale=lambda x: tf.image.convert_image_dtype(x, tf.float32)),
        lambda x, y, k: tf.data.Dataset.from_tensor_slices(
            (x / np.float32(255), y.astype("float32"))
        ).batch(k),
    ):
        passes(checks.valid_pipeline, right)


def test_valid_pipeline_odd_answers(tf):
    odd_answers_are_refused(checks.valid_pipeline)
    says(checks.valid_pipeline, lambda x, y, k: [(x / 255, y)], "tf.data.Dataset")
    says(
        checks.valid_pipeline,
        lambda x, y, k: tf.data.Dataset.from_tensor_slices(x).batch(k),
        "a pair",
    )
    says(
        checks.valid_pipeline,
        lambda x, y, k: tf.data.Dataset.from_tensor_slices((x, y)).batch(k).take(0),
        "is empty",
    )
    says(
        checks.valid_pipeline,
        pipeline(tf, scale=lambda x: tf.numpy_function(lambda a: 1 / 0, [x], tf.float32)),
        "going through it stopped with",
    )
    says(
        checks.valid_pipeline,
        pipeline(tf, scale=lambda x: tf.zeros((2, 2, 3)) + tf_cast(x)[:2, :2]),
        "it should be [B, 3, 3, 3]",
    )


def test_valid_pipeline_names_mistakes(tf):
    for wrong, part in (
        (pipeline(tf, order=lambda d, n: d.shuffle(n, seed=1)), "another order"),
        (pipeline(tf, order=lambda d, n: d.shuffle(n)), "in another order each time"),
        (
            pipeline(tf, order=lambda d, n: d.shuffle(n, seed=1, reshuffle_each_iteration=False)),
            "always in the same one",
        ),
        (pipeline(tf, last=lambda d: d.shuffle(9, seed=3)), "another order"),
        (pipeline(tf, last=lambda d: d.repeat()), "doesn't end"),
        (pipeline(tf, order=lambda d, n: d.repeat(2)), "22 images go in and 44 come out"),
        (pipeline(tf, batch=lambda d, k: d.batch(k, drop_remainder=True)), "no drop_remainder"),
        (pipeline(tf, order=lambda d, n: d.take(11)), "has to be scored"),
        (pipeline(tf, order=lambda d, n: d.take(11).repeat(2)), "more than once"),
        (pipeline(tf, batch=lambda d, k: d), "single images"),
        (pipeline(tf, batch=lambda d, k: d.batch(2 * k)), "the batches hold"),
        (pipeline(tf, scale=lambda x: x), "come out as uint8"),
        (pipeline(tf, scale=tf_cast), "go up to 231"),
        (pipeline(tf, scale=lambda x: tf_cast(x) / 127.5 - 1), "go down to -1"),
        (pipeline(tf, scale=lambda x: tf_cast(x) / 255 / 255), "divided by 255 twice"),
        (pipeline(tf, scale=lambda x: x // 255), "come out as uint8"),
        (pipeline(tf, scale=lambda x: tf_cast(x // 255)), "with //"),
        (pipeline(tf, scale=lambda x: tf_cast(x) / 256), "divided by 256"),
        (pipeline(tf, scale=lambda x: tf.image.flip_left_right(tf_cast(x) / 255)), "are changed"),
        (
            pipeline(tf, scale=lambda x: tf_cast(x) / 255 * tf.constant([1.0, 0.5, 1.0])),
            "are changed",
        ),
        (pipeline(tf, target="bool"), "targets come out as bool"),
        (pipeline(tf, target="float64"), "targets come out as float64"),
        (lambda x, y, k: loose(tf, x, y).batch(k), "deterministic=False"),
        (
            lambda x, y, k: pipeline(tf)(x, y, k).with_options(unordered(tf)),
            "deterministic=False",
        ),
        (
            pipeline(tf, scale=lambda x: tf.image.per_image_standardization(tf_cast(x))),
            "centred on its own mean",
        ),
        (pipeline(tf, slices=lambda x, y: (x, y[::-1])), "don't belong to them"),
    ):
        says(checks.valid_pipeline, wrong, part)


# Exercise 2


def test_unit_range_right_in_many_ways(tf):
    import keras

    for right in (
        lambda x: x.astype("float32") / 127.5 - 1,
        lambda x: tf.cast(x, tf.float32) / 127.5 - 1,
        lambda x: keras.layers.Rescaling(1 / 127.5, -1)(x),
        lambda x: keras.applications.mobilenet_v2.preprocess_input(x.astype("float32")),
        lambda x: np.float32(x) / 255 * 2 - 1,
    ):
        passes(checks.unit_range, right)


def test_unit_range_odd_answers():
    odd_answers_are_refused(checks.unit_range)
    says(checks.unit_range, lambda x: x.astype("float32").mean(), "shape")
    says(checks.unit_range, lambda x: x.astype("float32") / 7, "isn't right yet")


def test_unit_range_names_mistakes():
    f = np.float32
    for wrong, part in (
        (lambda x: x / 255, "half of the range"),
        (lambda x: x / 127.5, "1 has yet"),
        (f, "as they came"),
        (lambda x: f(x) / 255 - 0.5, "-0.5 and 0.5"),
        (
            lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
            "torchvision's networks",
        ),
        (lambda x: 4 * f(x) / 255 - 2, "pocket ResNet"),
        (lambda x: f(x) / 128 - 1, "127.5"),
        (lambda x: f(x) / 127 - 1, "1.008"),
        (lambda x: 2 * (x - f(x.min())) / (x.max() - f(x.min())) - 1, "stretched"),
        (lambda x: x.astype("float16") / np.float16(127.5) - 1, "16 bits"),
        (lambda x: (2 * x) / 255 - 1, "twice 200 is 144"),
        (lambda x: (x - np.uint8(128)) / 127.5, "100 minus 128 is 228"),
        (lambda x: 1 - x / 127.5, "turned round"),
        (lambda x: f(x) - 128, "black is -128"),
        (lambda x: f(x) - 127.5, "black is -127.5"),
    ):
        says(checks.unit_range, wrong, part)


# Exercise 3


def reach_by_trying(tf, tries=60):
    "What a shuffle of TensorFlow does, over many seeds."
    return lambda n, buffer, batch: max(
        int(next(iter(tf.data.Dataset.range(n).shuffle(buffer, seed=s).batch(batch))).numpy().max())
        for s in range(tries)
    )


def test_shuffle_reach_is_what_tensorflow_does(tf):
    try_it = reach_by_trying(tf)
    for n, b, k in ((10, 4, 2), (20, 6, 3), (7, 3, 32), (8, 1, 5), (6, 6, 2)):
        assert try_it(n, b, k) == min(n, b + k - 1) - 1
    passes(checks.shuffle_reach, lambda n, buffer, batch: min(n, buffer + batch - 1) - 1)


def test_shuffle_reach_odd_answers():
    odd_answers_are_refused(checks.shuffle_reach)
    says(checks.shuffle_reach, lambda n, b, k: 3, "isn't right yet")
    says(checks.shuffle_reach, lambda n, b, k: [1, 2], "shape")


def test_shuffle_reach_names_mistakes():
    for wrong, part in (
        (lambda n, b, k: min(b, n) - 1, "filled up again"),
        (lambda n, b, k: min(n, b + k - 1), "counted from 0"),
        (lambda n, b, k: min(n - 1, b + k - 1), "batch - 1 times"),
        (lambda n, b, k: min(n, b + k - 2) - 1, "one less"),
        (lambda n, b, k: b + k - 2, "only n rows"),
        (lambda n, b, k: n - 1, "sees its buffer"),
        (lambda n, b, k: min(n, k) - 1, "decides how far"),
        (lambda n, b, k: min(n, b * k) - 1, "counts rows, not batches"),
        (lambda n, b, k: b + k - 1, "and there are only n rows"),
        (lambda n, b, k: min(n, b + k), "Write down which rows"),
        (lambda n, b, k: b, "in the buffer at the start"),
    ):
        says(checks.shuffle_reach, wrong, part)


# Exercise 4


def metric(
    tf,
    update=lambda ok: (tf_sum(ok), float(ok.shape[0])),
    result=lambda a, b: a / b,
    ok=lambda t, x: (x > 0) == (t > 0.5),
    each=None,
    assign=False,
    own=True,
):
    import keras

    class M(keras.metrics.Metric):
        def __init__(self, name="m", **kw):
            super().__init__(name=name, **kw)
            make = (
                (lambda n: self.add_weight(shape=(), initializer="zeros", name=n))
                if own
                else (lambda n: tf.Variable(0.0, name=n))
            )
            self.a, self.b = make("a"), make("b")

        def update_state(self, y_true, y_pred, sample_weight=None):
            right = ok(y_true, y_pred)
            right = tf.cast(
                each(right)
                if each
                else tf.reduce_all(right, 1)
                if right.shape.rank == 2
                else right,
                tf.float32,
            )
            for v, value in zip((self.a, self.b), update(right)):
                (v.assign if assign else v.assign_add)(value)

        def result(self):
            return result(self.a, self.b)

        def reset_state(self):
            if own:
                super().reset_state()

    return M


def tf_sum(x):
    import tensorflow as tf

    return tf.reduce_sum(x)


def test_exact_match_right_in_many_ways(tf):
    import keras

    class Mean(keras.metrics.Mean):
        def update_state(self, y_true, y_pred, sample_weight=None):
            return super().update_state(
                tf.cast(tf.reduce_all((y_pred > 0) == (y_true > 0), axis=1), tf.float32)
            )

    for right in (
        metric(tf),
        Mean,
        metric(tf, ok=lambda t, x: tf.equal(tf.round(tf.sigmoid(x)), t)),
    ):
        passes(checks.exact_match_metric, right)


def test_exact_match_odd_answers(tf):
    import keras

    for answer in (..., None):
        says(checks.exact_match_metric, answer, "written", kind=checks.NotDone)
    says(checks.exact_match_metric, raises, "made from keras.metrics.Metric")
    says(checks.exact_match_metric, metric(tf)(), "without calling it")

    class Empty(keras.metrics.Metric): ...

    says(checks.exact_match_metric, Empty, "isn't written yet")

    class Needs(keras.metrics.Metric):
        def __init__(self, n):
            super().__init__()

    says(checks.exact_match_metric, Needs, "stopped with TypeError")
    says(
        checks.exact_match_metric, metric(tf, result=lambda a, b: a * 0 + 0.123), "isn't right yet"
    )


def test_exact_match_names_mistakes(tf):
    mean = lambda x: tf.reduce_mean(x)
    for wrong, part in (
        (metric(tf, update=lambda ok: (mean(ok), 1.0)), "mean of the batches' shares"),
        (metric(tf, assign=True), "last batch alone"),
        (metric(tf, result=lambda a, b: a), "number of images that are right"),
        (
            metric(tf, update=lambda ok: (mean(ok), 1.0), result=lambda a, b: a),
            "sum of the batches' shares",
        ),
        (metric(tf, ok=lambda t, x: (x > 0.5) == (t > 0.5)), "0.62"),
        (
            metric(tf, each=lambda r: tf.reduce_mean(tf.cast(r, tf.float32), 1)),
            "share of right cells",
        ),
        (metric(tf, ok=lambda t, x: tf.argmax(t, 1) == tf.argmax(x, 1)), "multi-class"),
        (metric(tf, result=lambda a, b: 1 - a / b), "not right"),
        (metric(tf, each=lambda r: tf.reduce_any(r, 1)), "one right label"),
        (metric(tf, each=lambda r: tf.reduce_all(r, 0)), "reduce over axis 1"),
        (metric(tf, ok=lambda t, x: x == t), "no image is right"),
        (metric(tf, ok=lambda t, x: (tf.sigmoid(x) > 0) == (t > 0.5)), "always above 0"),
        (metric(tf, result=lambda a, b: a / b / 3), "number of cells"),
        (metric(tf, result=lambda a, b: None), "gives back None"),
        (
            metric(tf, each=lambda r: tf.reduce_all(r)[None], update=lambda ok: (tf_sum(ok), 1.0)),
            "batches without a mistake",
        ),
        (metric(tf, own=False), "reset_state"),
    ):
        says(checks.exact_match_metric, wrong, part)


# Exercise 5


def freeze(learns, whole=None):
    def f(model):
        for layer in model.layers:
            layer.trainable = learns(layer)
        if whole is not None:
            whole(model)

    return f


def norm(layer):
    return "BatchNorm" in type(layer).__name__


def last(layer):
    return layer.name.startswith("stages_3")


def head(layer):
    return layer.name == "head"


def test_freeze_body_right_in_many_ways(tf):
    def by_name(model):
        model.trainable = False
        model.trainable = True
        for layer in model.layers:
            layer.trainable = False
        for name in ("stages_3_conv1", "stages_3_conv2", "stages_3_conv3", "head"):
            model.get_layer(name).trainable = True

    for right in (freeze(lambda o: head(o) or last(o) and not norm(o)), by_name):
        passes(checks.freeze_body, right)


def test_messages_use_the_learners_own_name(tf):
    def of_mine(*args):
        raise KeyError("cat")

    class OfMine(metric(tf, assign=True)): ...

    for check in (checks.valid_pipeline, checks.unit_range, checks.shuffle_reach):
        says(check, of_mine, "of_mine stopped")
    says(checks.freeze_body, of_mine, "of_mine stopped")
    says(checks.exact_match_metric, OfMine, "OfMine: this is the last batch alone")


def test_freeze_body_odd_answers(tf):
    not_done(checks.freeze_body)
    says(checks.freeze_body, 0.5, "should be a function")
    says(checks.freeze_body, raises, "stopped with KeyError: 'cat'")
    says(
        checks.freeze_body,
        lambda model: setattr(
            model.get_layer("stem"), "trainable", not model.get_layer("stem").trainable
        ),
        "the head is frozen",
    )


def test_freeze_body_names_mistakes(tf):
    def model_off(model):
        model.trainable = False

    def flag_only(model):
        freeze(lambda o: head(o) or last(o) and not norm(o))(model)
        object.__setattr__(model, "_trainable", False)

    for wrong, part in (
        (model_off, "nothing is trainable"),
        (flag_only, "overrules its layers"),
        (freeze(lambda o: True), "everything is trainable"),
        (freeze(head), "only the head"),
        (freeze(lambda o: last(o) and not norm(o)), "the head is frozen"),
        (freeze(lambda o: last(o) or head(o)), "BatchNorm learns in"),
        (
            freeze(lambda o: (last(o) or head(o) or o.name.startswith("stages_2")) and not norm(o)),
            "belongs to the body",
        ),
        (
            freeze(lambda o: head(o) or o.name == "stages_3_conv2"),
            "is frozen, and it belongs to the last stage",
        ),
    ):
        says(checks.freeze_body, wrong, part)
