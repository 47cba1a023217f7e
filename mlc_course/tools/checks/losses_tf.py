"""Checks of lesson 04, TensorFlow."""

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, diagnose, plain, same
from .losses.cells import same_gradient, smooth, steady, sure


def _tf():
    from mlc_course.settings import import_tensorflow

    return import_tensorflow()


def _slope(answer, what: str):
    "A function (y_true, y_pred) that gives the gradient of `answer` at the logits."
    tf = _tf()

    def f(y_true, y_pred):
        with tf.GradientTape() as tape:
            tape.watch(y_pred)
            y = answer(y_true, y_pred)
        if y is None or y is ...:
            return y
        grad = tape.gradient(y, y_pred) if tf.is_tensor(y) else None
        if grad is None:
            raise Wrong(
                f"{what}: the values are right, but no gradient reaches the logits, so nothing "
                "can be trained with it. "
                "Stay with TensorFlow from the logits to the loss: no .numpy(), NumPy, or "
                "rounding on the way."
            )
        return grad

    return f


def _cell(f, what: str):
    "`f` for a single cell: a function (logit, target) that gives a number."
    tf = _tf()

    def g(x, t):
        return np.asarray(
            plain(attempt(f, (tf.constant([[float(t)]]), tf.constant([[float(x)]])), what)),
            dtype=float,
        ).item()

    return g


def _trained(answer, right, cases, what: str):
    "Raise unless gradients agree with those of `right`, and the function also runs inside a"
    "compiled graph."
    tf = _tf()
    slope, truth = _slope(answer, what), _slope(right, what)
    for args in cases:
        same_gradient(attempt(slope, args, what), truth(*args), args[1], what)
        try:
            got = tf.function(answer, autograph=False)(*args)
        except Exception as e:
            raise Wrong(
                f"{what} is right when it is called, but not inside a graph, where model.compile "
                f"puts it; there it stopped with {type(e).__name__}. "
                "In a graph tensors have no values yet: use TensorFlow's functions, and no "
                ".numpy(), float() or bool()."
            ) from e
        if not same(got, right(*args)):
            raise Wrong(
                f"{what} gives another result inside a graph, where model.compile puts it. "
                "Does it keep something from an earlier call?"
            )


def keras_bce(answer) -> Right:
    "Exercise 1: f(y_true, y_pred) on TensorFlow tensors [N, C], 0/1 and logits: the mean binary"
    "cross-entropy, one number."
    tf = _tf()
    what, mean = "my_keras_bce", tf.reduce_mean

    def cells(t, x):
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=x)

    def right(t, x):
        return mean(cells(t, x))

    def of(t, p):
        return -mean(t * tf.math.log(p) + (1 - t) * tf.math.log(1 - p))

    x = tf.constant([[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9]])
    cases = [
        (tf.constant([[1.0, 0, 1], [0, 0, 1]]), x),
        (
            tf.constant([[1.0, 0], [0, 1], [1, 1]]),
            tf.constant([[0.2, 0.9], [0.6, 0.4], [0.7, 0.1]]),
        ),
    ]
    missing = (
        "the sigmoid is missing: y_pred holds logits, and yours reads them as probabilities. "
        "(Keras' own losses do so, too, unless from_logits=True.)"
    )
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the arguments are exchanged. Keras calls a loss with the targets first, "
                "loss(y_true, y_pred), the other way round than PyTorch and our "
                "own losses.",
                lambda t, x: right(x, t),
            ),
            Mistake(missing, of),
            Mistake(missing, lambda t, x: of(t, tf.clip_by_value(x, 1e-7, 1 - 1e-7))),
            Mistake(
                "the sigmoid is applied twice. With from_logits=True (and in functions named "
                "with_logits) it is inside already.",
                lambda t, x: right(t, tf.sigmoid(x)),
            ),
            Mistake(
                "this is one number per image. Inside compile Keras would take their mean, so "
                "training would not show it; everybody else expects one number: "
                "the mean over every cell.",
                lambda t, x: mean(cells(t, x), 1),
            ),
            Mistake(
                "this is one number per label. A loss is one number: the mean over every cell.",
                lambda t, x: mean(cells(t, x), 0),
            ),
            Mistake(
                "this is a table with the cost of every cell. A loss is one number: their mean.",
                cells,
            ),
            Mistake(
                "this is the sum over the cells. Take the mean, so that the loss doesn't depend "
                "on the size of the batch.",
                lambda t, x: tf.reduce_sum(cells(t, x)),
            ),
            Mistake(
                "you sum over the labels and take the mean over the images. Take the mean over "
                "every cell.",
                lambda t, x: mean(tf.reduce_sum(cells(t, x), 1)),
            ),
            Mistake(
                "the branches are swapped: a label that is there should cost -log(p), an absent "
                "one -log(1 - p).",
                lambda t, x: right(1 - t, x),
            ),
            Mistake(
                "the minus is missing: logarithms of probabilities are negative, and a loss is "
                "not.",
                lambda t, x: -right(t, x),
            ),
            Mistake(
                "only the labels that are there cost something. An absent label with a high "
                "logit is a mistake as well.",
                lambda t, x: mean(t * tf.nn.softplus(-x)),
            ),
            Mistake(
                "a label that is there pays for a wrong yes as well: the second cost is for "
                "absent labels, so multiply it by (1 - y_true).",
                lambda t, x: mean(t * tf.nn.softplus(-x) + tf.nn.softplus(x)),
            ),
            Mistake(
                "this is softmax cross-entropy, in which the labels compete. Each label is a "
                "question of its own: use the sigmoid.",
                lambda t, x: mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=x)),
            ),
        ],
        cases,
        what,
    )
    steady(_cell(answer, what), what)
    smooth(_cell(_slope(answer, what), what), what)
    _trained(answer, right, cases, what)
    return Right("Right: targets first, logits in, one mean out, and a gradient even at 120.")


def keras_soft_f1(answer) -> Right:
    "Exercise 2: f(y_true, y_pred) on TensorFlow tensors [N, C], 0/1 and logits: 1 - soft F1 per"
    "label over the batch, averaged over the labels."
    tf = _tf()
    what, total, mean = "my_keras_soft_f1", tf.reduce_sum, tf.reduce_mean

    def f1(t, p, axis=0):
        return 2 * total(p * t, axis) / (total(p, axis) + total(t, axis) + 1e-16)

    def of(t, p):
        return 1 - mean(f1(t, p))

    def right(t, x):
        return of(t, tf.sigmoid(x))

    def by_ratios(t, p):
        precision, recall = total(p * t, 0) / total(p, 0), total(p * t, 0) / total(t, 0)
        return 2 * precision * recall / (precision + recall)

    def jaccard(t, x):
        p = tf.sigmoid(x)
        return 1 - mean(total(p * t, 0) / (total(p, 0) + total(t, 0) - total(p * t, 0)))

    x = tf.constant(
        [[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9], [0.5, 1.6, -1.1], [0.1, -0.2, 2.0], [-0.7, 0.8, 0.4]]
    )
    t = tf.constant([[1.0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    cases = [
        (t, x),
        (tf.constant([[1.0, 0], [1, 0]]), tf.constant([[2.0, -1.0], [-0.5, 0.4]])),
    ]  # in the second, no image has the second label
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the arguments are exchanged. Keras calls a loss with the targets first: "
                "loss(y_true, y_pred).",
                lambda t, x: right(x, t),
            ),
            Mistake(
                "the counts are made per image, along the wrong axis. F1 belongs to a label: "
                "sum over axis 0, the rows of the batch, then take the mean over the labels.",
                lambda t, x: 1 - mean(f1(t, tf.sigmoid(x), 1)),
            ),
            Mistake(
                "the counts of all labels are added up before F1 is taken. That is micro F1, in "
                "which frequent labels drown the rare ones; "
                "macro takes F1 per label, then the mean. "
                "(tf.reduce_sum without an axis sums everything.)",
                lambda t, x: 1 - f1(t, tf.sigmoid(x), None),
            ),
            Mistake(
                "this is soft F1 itself. Keras makes a loss smaller, and F1 should grow: return "
                "1 minus it.",
                lambda t, x: mean(f1(t, tf.sigmoid(x))),
            ),
            Mistake(
                "the sigmoid is missing: y_pred holds logits, and the counts are sums of "
                "probabilities.",
                of,
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice "
                "squeezes everything between 0.5 and 0.73.",
                lambda t, x: right(t, tf.sigmoid(x)),
            ),
            Mistake(
                "the probabilities are rounded to yes and no. Then this is plain F1, which is "
                "flat nearly everywhere: it has no gradient. "
                "Leave them as they are.",
                lambda t, x: of(t, tf.cast(x > 0, tf.float32)),
            ),
            Mistake(
                "the probabilities come from a softmax, so the labels compete with each other. "
                "Use the sigmoid.",
                lambda t, x: of(t, tf.nn.softmax(x)),
            ),
            Mistake(
                "this is the double variant, with the F1 of the zeros as well. Here only the "
                "plain one is asked for.",
                lambda t, x: (right(t, x) + of(1 - t, tf.sigmoid(-x))) / 2,
            ),
            Mistake(
                "this is tp/(tp + fp + fn), the Jaccard index. In F1 the true positives count "
                "twice, above and below.",
                jaccard,
            ),
            Mistake(
                "precision and recall are 0/0 where a label is in no image (or certainly in none), "
                "and the nan spreads to the mean. Count tp, fp and fn instead: "
                "2 tp/(2 tp + fp + fn).",
                lambda t, x: 1 - mean(by_ratios(t, tf.sigmoid(x))),
            ),
            Mistake(
                "this is one number per label. The loss is one number: their mean.",
                lambda t, x: 1 - f1(t, tf.sigmoid(x)),
            ),
            Mistake(
                "this is the sum over the labels. Take their mean.",
                lambda t, x: total(1 - f1(t, tf.sigmoid(x))),
            ),
            Mistake(
                "a 1 is added to the denominator. That lowers every F1, most of all for few "
                "images: a tiny number, such as 1e-7, is enough to avoid 0/0.",
                lambda t, x: (
                    1 - mean(2 * total(tf.sigmoid(x) * t, 0) / (total(tf.sigmoid(x) + t, 0) + 1))
                ),
            ),
        ],
        cases,
        what,
    )

    def at(f):
        return lambda x, t: attempt(f, (tf.constant(t), tf.constant(x)), what)

    sure(at(answer), at(_slope(answer, what)), what)
    _trained(answer, right, cases, what)
    return Right(
        "Right: targets first, one soft F1 per label over the batch, and 1 minus their mean."
    )
