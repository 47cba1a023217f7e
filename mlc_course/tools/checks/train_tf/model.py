"Exercises: a metric of one's own, and a frozen body."

import numpy as np

from .._core import (
    NotDone,
    Right,
    Wrong,
    answered,
    attempt,
    function,
    same,
)
from .._names import called
from .common import tensorflow

# Exercise 4


def _ten_images():
    """Logits and targets of ten images with three labels, so that each mistake gives a share of its
    own. Seven are right, one of them with a logit between 0 and 0.5.
    """
    logits = [
        [0.3, -1.0, -1.0],
        [2.2, -1.8, 2.7],
        [2.4, 3.2, 2.0],
        [1.1, -2.6, 3.9],
        [-2.3, -2.6, -3.7],
        [-1.9, -3.1, -2.0],
        [2.2, -3.5, -1.8],
        [-2.7, 2.1, 3.5],
        [-3.2, -3.5, -2.3],
        [1.1, 1.0, 2.9],
    ]
    targets = (np.array(logits) > 0).astype("float32")
    targets[5, 0], targets[7], targets[9, 2] = 1, (1, 0, 0), 0
    return np.array(logits, dtype="float32"), targets


def _exact(targets, logits, thresh=0.0):
    "Of each image whether all of its labels are right."
    return ((np.asarray(logits) > thresh) == np.asarray(targets).astype(bool)).all(1)


def exact_match_metric(answer) -> Right:
    """Exercise 4: a subclass of keras.metrics.Metric that counts the share of images whose labels
    are all right, from logits.
    """
    tf = tensorflow()
    import keras

    what = called(answer, "MyExactMatch")
    answered(answer, what)
    if isinstance(answer, keras.metrics.Metric):
        raise Wrong(f"{what}: pass the class itself, without calling it.")
    if not (isinstance(answer, type) and issubclass(answer, keras.metrics.Metric)):
        raise Wrong(
            f"{what} should be a class made from keras.metrics.Metric. A plain function would "
            "be averaged over batches."
        )
    logits, targets = _ten_images()
    batches = [(targets[i : i + 4], logits[i : i + 4]) for i in (0, 4, 8)]
    sizes = "three batches of 4, 4 and 2 images"

    def run(of=lambda b: b):
        def go():
            try:
                metric = answer()
                for t, x in of(batches):
                    tf.function(metric.update_state, autograph=False)(
                        tf.constant(t), tf.constant(x)
                    )  # fit runs it in a graph
                got = metric.result()
                return metric, None if got is None else float(got)
            except NotImplementedError as e:
                raise Wrong(
                    f"{what}: {str(e).strip().splitlines()[0] if str(e) else 'a method'} isn't "
                    "written yet. A metric needs __init__, update_state and result."
                ) from None

        return attempt(go, (), what, sizes)

    metric, got = run()
    if got is None:
        raise Wrong(f"{what}: result() gives back None. Let it return the share.")
    whole = float(_exact(targets, logits).mean())
    if not same(got, whole):
        per_batch = [_exact(t, x) for t, x in batches]
        for value, says in (
            (
                np.mean([p.mean() for p in per_batch]),
                "this is the mean of the batches' shares, in which an image of the small last "
                "batch counts twice as much as another. Add up counts, and divide in result().",
            ),
            (
                per_batch[-1].mean(),
                "this is the last batch alone. update_state has to add to what is there: "
                "assign_add, not assign.",
            ),
            (
                sum(p.sum() for p in per_batch),
                "this is the number of images that are right. Count the images, too, and "
                "divide in result().",
            ),
            (
                sum(p.mean() for p in per_batch),
                "this is the sum of the batches' shares. Add up counts, and divide in result().",
            ),
            (
                _exact(targets, logits, 0.5).mean(),
                "the outputs are logits, and you compare them with 0.5: that is the "
                "probability 0.62. A probability above one half is a logit above 0.",
            ),
            (
                ((logits > 0) == (targets > 0)).mean(),
                "this is the share of right cells. An image counts only if all of its labels "
                "are right: reduce_all over the labels first.",
            ),
            (
                (logits.argmax(1) == targets.argmax(1)).mean(),
                "this compares the largest output with the first label, as for multi-class. "
                "Here each label is a yes or no of its own.",
            ),
            (1 - whole, "this is the share of images that are not right."),
            (
                np.mean([p.all() for p in per_batch]),
                "this is the share of batches without a mistake. reduce_all without an axis takes "
                "the whole batch together: reduce over the labels, axis 1.",
            ),
            (
                np.mean([((x > 0) == (t > 0)).all(0).mean() for t, x in batches]),
                "the images of a batch are reduced, and the labels are left. Each row is an image: "
                "reduce over axis 1.",
            ),
            (
                whole / logits.shape[1],
                "the right images are divided by the number of cells. Divide by the number of "
                "images, the first dimension of y_true.",
            ),
            (
                _exact(targets, 1 / (1 + np.exp(-logits))).mean(),
                "every label counts as predicted: a probability is always above 0. Compare the "
                "logits with 0, or the probabilities with 0.5.",
            ),
            (
                ((logits > 0) == (targets > 0)).any(1).mean(),
                "one right label is enough here. An image counts only if all of its labels are "
                "right: reduce_all instead of reduce_any.",
            ),
            (
                0,
                "no image is right. Are logits compared with targets directly? First turn them "
                "into yes or no: a label counts as predicted if its logit is above 0.",
            ),
        ):
            if same(got, float(value)):
                raise Wrong(f"{what}: {says}")
        raise Wrong(
            f"{what} isn't right yet. After {sizes} result() is "
            f"{got:.4g}, and {whole:.4g} of the images have all labels right."
        )
    metric.reset_state()
    metric.update_state(*map(tf.constant, batches[0]))
    again, first = float(metric.result()), float(_exact(*batches[0]).mean())
    if not same(again, first):
        raise Wrong(
            f"{what}: after reset_state() and a new batch result() is {again:.4g}, and {first:.4g} "
            "of its images are right. The old counts are still there, so the second epoch would "
            "contain the first. Keep them in variables made by self.add_weight(...): Keras sets "
            "those to 0."
        )
    return Right("Right: it counts images over the epoch, whatever the batches, and starts anew.")


# Exercise 5


def freeze_body(answer) -> Right:
    """Exercise 5: f(model) that makes a pocket ResNet's last stage and head trainable, and nothing
    else; BatchNorm stays frozen.
    """
    tensorflow()
    import keras

    from mlc_course.backbones import pocket_resnet_tf

    what = called(answer, "my_freeze")
    function(answer, what)
    model = pocket_resnet_tf(pretrained=False, n_out=3, image_size=32)
    for layer in model.layers[::2]:
        layer.trainable = False  # whatever was before
    before = [layer.trainable for layer in (model, *model.layers)]
    try:
        answer(model)
    except Exception as e:
        raise Wrong(f"{what} stopped with {type(e).__name__}: {str(e).rstrip('.')}") from e
    if [layer.trainable for layer in (model, *model.layers)] == before:
        raise NotDone(
            f"{what} isn't written yet: the model's layers are as trainable as they were. Keras' "
            "flag is layer.trainable, and the model is changed in place."
        )
    norm = lambda layer: isinstance(layer, keras.layers.BatchNormalization)
    last = lambda layer: layer.name.startswith("stages_3") and bool(layer.weights)
    learns = {v.path for v in model.trainable_variables}
    on = lambda layer: any(v.path in learns for v in layer.weights)
    weighty = [layer for layer in model.layers if layer.weights]
    wanted = {
        layer.name for layer in weighty if layer.name == "head" or last(layer) and not norm(layer)
    }
    got = {layer.name for layer in weighty if on(layer)}
    if got == wanted:
        return Right(
            "Right: the last stage's convolutions and the head learn, and no statistics move."
        )
    if not learns:
        flags = {layer.name for layer in weighty if layer.trainable}
        if flags >= wanted:
            raise Wrong(
                f"{what}: model.trainable is False, which overrules its layers: nothing "
                "learns. Leave the model's own flag True, and set it for each layer."
            )
        raise Wrong(
            f"{what}: nothing is trainable, so training would change nothing. Set layer.trainable "
            "to True for the layers that should learn."
        )
    if got == {layer.name for layer in weighty}:
        raise Wrong(
            f"{what}: everything is trainable. Go through model.layers and set layer.trainable."
        )
    if got == {"head"}:
        raise Wrong(
            f"{what}: only the head is trainable; the last stage, whose layers' names begin "
            "with 'stages_3', should be as well."
        )
    if "head" not in got:
        raise Wrong(
            f"{what}: the head is frozen. It is the new layer, and has to learn. "
            "The model may come with any flags: set each layer to True or False."
        )
    extra = [layer for layer in weighty if layer.name in got - wanted]
    if extra and all(map(norm, extra)):
        raise Wrong(
            f"{what}: BatchNorm learns in {', '.join(layer.name for layer in extra[:3])}. With "
            "trainable = True its running statistics move with every batch, too, so leave "
            "BatchNormalization frozen."
        )
    if extra:
        raise Wrong(
            f"{what}: {extra[0].name} is trainable, and it belongs to the body in front of the "
            "last stage. The model may come with any flags: set each layer to True or False."
        )
    missing = sorted(wanted - got)
    raise Wrong(
        f"{what}: {missing[0]} is frozen, and it belongs to the last stage. The model may come "
        "with any flags: set each layer to True or False."
    )
