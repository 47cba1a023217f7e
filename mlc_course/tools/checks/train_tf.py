"""Checks of lesson 09, TensorFlow: a validation pipeline, a range of pixels, the reach of a shuffle, a metric, a frozen body."""

import numpy as np

from ._core import (
    Mistake,
    NotDone,
    Right,
    Wrong,
    answered,
    attempt,
    diagnose,
    function,
    plain,
    same,
)


def _tf():
    from mlc_course.settings import import_tensorflow

    return import_tensorflow()


# Exercise 1


def _batches(dataset, what, limit):
    "The batches of a dataset as pairs of arrays; no more than `limit`."
    tf = _tf()
    if not isinstance(dataset, tf.data.Dataset):
        raise Wrong(
            f"{what} should give back a tf.data.Dataset, and it gave {type(dataset).__name__}. Begin with tf.data.Dataset.from_tensor_slices."
        )
    out = []
    try:
        for batch in dataset.take(limit):
            if not isinstance(batch, tuple) or len(batch) != 2:
                raise Wrong(f"{what}: each element should be a pair of pictures and targets.")
            out.append(tuple(plain(o) for o in batch))
    except Wrong:
        raise
    except Exception as e:
        raise Wrong(
            f"{what}: the dataset was made, but going through it stopped with {type(e).__name__}: {str(e).strip().splitlines()[0][:160]}"
        ) from e
    return out


def valid_pipeline(answer) -> Right:
    "Exercise 1: f(images, targets, batch_size) with uint8 [N, S, S, 3] and bool [N, C]: a tf.data.Dataset for validation."
    what = "my_valid_data"
    function(answer, what)
    n, size, k = 22, 3, 4
    images = (
        np.full((n, size, size, 3), 0, np.uint8)
        + (np.arange(n) * 11).astype(np.uint8)[:, None, None, None]
    )
    targets = np.array([[i % 2, i % 3 == 0, i > 9] for i in range(n)], dtype=bool)
    dataset = attempt(
        answer, (images, targets, k), what, f"{n} pictures, their targets, and the batch size {k}"
    )
    full = _batches(dataset, what, 2 * n + 4)
    if not full:
        raise Wrong(f"{what}: the dataset is empty.")
    x0, y0 = np.asarray(full[0][0]), np.asarray(full[0][1])
    if x0.shape == (size, size, 3):
        raise Wrong(
            f"{what}: the elements are single pictures. Put them together with batch(batch_size)."
        )
    if x0.ndim != 4 or x0.shape[1:] != (size, size, 3):
        raise Wrong(
            f"{what}: a batch of pictures has shape {x0.shape}, and it should be [B, {size}, {size}, 3]."
        )
    if y0.ndim != 2 or y0.shape[1] != 3:
        raise Wrong(f"{what}: a batch of targets has shape {y0.shape}, and it should be [B, 3].")
    x, y = (
        np.concatenate([np.asarray(a) for a, _ in full]),
        np.concatenate([np.asarray(b) for _, b in full]),
    )
    if len(x) > n:
        if len(full) == 2 * n + 4:
            raise Wrong(
                f"{what}: the dataset doesn't end. A validation pass goes through the pictures once: leave repeat() out."
            )
        raise Wrong(
            f"{what}: {n} pictures go in and {len(x)} come out. A validation pass shows each picture once."
        )
    if x.dtype.kind != "f":
        raise Wrong(
            f"{what}: the pictures come out as {x.dtype}. The model takes floating-point numbers in [0, 1]: cast to float32, then divide by 255."
        )
    if x.max() > 1.001:
        raise Wrong(
            f"{what}: the pixels go up to {x.max():g}. The model takes them in [0, 1]: divide by 255."
        )
    if x.min() < -0.001:
        raise Wrong(
            f"{what}: the pixels go down to {x.min():g}. The model of this course takes them in [0, 1], and converts them to what its body wants itself."
        )
    if x.max() < 0.1:
        raise Wrong(
            f"{what}: the largest pixel is {x.max():g}, and it should be {images.max() / 255:.2f}. Are they divided by 255 twice?"
        )
    if len(x) < n:
        lost = n - len(x)
        raise Wrong(
            f"{what}: {n} pictures go in and {len(x)} come out. "
            + (
                "The last batch is smaller, and it counts like the others: no drop_remainder."
                if lost == n % k
                else "Every picture of the split has to be scored."
            )
        )
    level = np.rint(x[:, 0, 0, 0] * 255 / 11).astype(int)
    if sorted(level) != list(range(n)):
        raise Wrong(
            f"{what}: some pictures come more than once and others not at all. Each comes once, as it is; augmentation is for training."
        )
    again = np.rint(
        np.concatenate([np.asarray(a) for a, _ in _batches(dataset, what, 2 * n + 4)])[:, 0, 0, 0]
        * 255
        / 11
    ).astype(int)  # once can be luck
    if (level != np.arange(n)).any() or (again != np.arange(n)).any():
        moved = (
            "always in the same one" if (again == level).all() else "and in another order each time"
        )
        raise Wrong(
            f"{what}: the pictures come in another order than they went in, {moved}. Predictions would then meet the wrong file names: no shuffle() in validation."
        )
    if not np.allclose(x, images / 255, atol=2e-3):
        raise Wrong(
            f"{what}: the pictures are changed. Validation shows them as they are; augmentation is for training."
        )
    if (np.asarray(y, dtype=float) != targets).any():
        raise Wrong(
            f"{what}: the pictures are in order, but the targets don't belong to them. Slice both in one from_tensor_slices((images, targets))."
        )
    if y.dtype.kind != "f":
        raise Wrong(
            f"{what}: the targets come out as {y.dtype}. The loss multiplies with them: cast them to float32."
        )
    sizes = [len(a) for a, _ in full]
    if sizes != [k] * (n // k) + [n % k]:
        raise Wrong(
            f"{what}: the batches hold {sizes} pictures, and with batch_size={k} they should hold {[k] * (n // k) + [n % k]}."
        )
    return Right("Right: every picture once, as it is, in its order.")


# Exercise 2


def unit_range(answer) -> Right:
    "Exercise 2: f(images) with uint8 [N, H, W, 3]: float32 pixels as MobileNetV2 wants them."
    rng = np.random.default_rng(0)
    cases = [
        (np.array([[[[0, 128, 255], [51, 204, 1]]]], dtype=np.uint8),),
        (rng.integers(0, 256, (2, 3, 4, 3), dtype=np.uint8),),
    ]
    f = lambda g: lambda x: g(np.asarray(x, dtype="float64"))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

    def right(x):
        return x / 127.5 - 1

    diagnose(
        answer,
        f(right),
        [
            Mistake(
                "these are pixels in [0, 1]. That is what the article feeds to MobileNetV2, and half of the range that it was trained with: go from -1 to 1.",
                f(lambda x: x / 255),
            ),
            Mistake(
                "these are pixels from 0 to 2: 1 has yet to be taken off.", f(lambda x: x / 127.5)
            ),
            Mistake("these are the pixels as they came, from 0 to 255.", f(lambda x: x)),
            Mistake(
                "the middle lies at 0, but the ends at -0.5 and 0.5. MobileNetV2 was trained with -1 to 1.",
                f(lambda x: x / 255 - 0.5),
            ),
            Mistake(
                "this is normalised with the mean and standard deviation of ImageNet, as torchvision's networks want it. Each body has its own range: that of MobileNetV2 in Keras is -1 to 1.",
                f(lambda x: (x / 255 - mean) / std),
            ),
            Mistake(
                "this is the range of the pocket ResNet's body, -2 to 2. MobileNetV2 was trained with -1 to 1.",
                f(lambda x: 4 * x / 255 - 2),
            ),
            Mistake(
                "white becomes 0.992 instead of 1: there are 256 levels, but the largest is 255, so the half of it is 127.5.",
                f(lambda x: x / 128 - 1),
            ),
            Mistake(
                "bytes overflow: in uint8, twice 200 is 144. Turn the pixels into float32 first.",
                lambda x: (x * np.uint8(2)) / np.float64(255) - 1,
            ),
            Mistake(
                "bytes overflow: in uint8, 100 minus 128 is 228. Turn the pixels into float32 first.",
                lambda x: (x - np.uint8(128)) / 127.5,
            ),
            Mistake(
                "the signs are turned round: black should be -1 and white 1.",
                f(lambda x: 1 - x / 127.5),
            ),
        ],
        cases,
        "my_unit_range",
    )
    got = attempt(answer, cases[0], "my_unit_range")
    kind = np.asarray(plain(got)).dtype
    if kind.kind != "f":
        raise Wrong(
            f"my_unit_range: the values are right, but their type is {kind}; a model takes float32."
        )
    return Right("Right: black is -1, white is 1, and nothing overflowed on the way.")


# Exercise 3


def shuffle_reach(answer) -> Right:
    "Exercise 3: f(n, buffer, batch): the highest row number that the first batch can hold."
    cases = [
        (10, 4, 2),
        (4000, 1024, 256),
        (100, 100, 8),
        (50, 1, 5),
        (20, 18, 6),
        (7, 3, 32),
        (40000, 1024, 1),
    ]
    return diagnose(
        answer,
        lambda n, b, k: min(n, b + k - 1) - 1,
        [
            Mistake(
                "the buffer is filled up again while the batch is drawn: after each row that leaves it, the next one of the file comes in.",
                lambda n, b, k: min(n, b) - 1,
            ),
            Mistake(
                "rows are counted from 0, so the last of m rows is m - 1.",
                lambda n, b, k: min(n, b + k - 1),
            ),
            Mistake(
                "the last row of the batch leaves the buffer before another comes in, so the buffer is refilled batch - 1 times while it is drawn.",
                lambda n, b, k: min(n, b + k) - 1,
            ),
            Mistake(
                "one less: before the first row is drawn the buffer holds `buffer` rows, and each further row of the batch lets in one more.",
                lambda n, b, k: min(n, b + k - 2) - 1,
            ),
            Mistake(
                "there are only n rows: a buffer or a batch can be longer than the data.",
                lambda n, b, k: b + k - 2,
            ),
            Mistake(
                "a shuffle sees its buffer, not everything: only a buffer as long as the data lets the last row come first.",
                lambda n, b, k: n - 1,
            ),
            Mistake(
                "the batch isn't drawn from the rows that it holds itself; it is the buffer that decides how far a draw can reach.",
                lambda n, b, k: min(n, k) - 1,
            ),
            Mistake(
                "the buffer counts rows, not batches: shuffle stands before batch.",
                lambda n, b, k: min(n, b * k) - 1,
            ),
        ],
        cases,
        "my_reach",
        praise="Right: buffer + batch - 1 rows have been read by then, and the first batch can hold no other.",
    )


# Exercise 4


def _exact(targets, logits, thresh=0.0):
    return ((np.asarray(logits) > thresh) == np.asarray(targets).astype(bool)).all(1)


def exact_match_metric(answer) -> Right:
    "Exercise 4: a subclass of keras.metrics.Metric that counts the share of pictures whose labels are all right, from logits."
    tf = _tf()
    import keras

    what = "MyExactMatch"
    answered(answer, what)
    if isinstance(answer, keras.metrics.Metric):
        raise Wrong(f"{what}: pass the class itself, without calling it.")
    if not (isinstance(answer, type) and issubclass(answer, keras.metrics.Metric)):
        raise Wrong(
            f"{what} should be a class made from keras.metrics.Metric. A plain function would be averaged over batches."
        )
    rng = np.random.default_rng(1)
    logits = (rng.choice([-1, 1], (9, 3)) * rng.uniform(1, 4, (9, 3))).astype("float32")
    targets = (logits > 0).astype("float32")
    targets[[0, 1, 8, 0], [1, 1, 1, 2]] = (
        1 - targets[[0, 1, 8, 0], [1, 1, 1, 2]]
    )  # three pictures that aren't right; the last is alone in its batch
    logits[2], targets[2] = (0.3, -1, -1), (1, 0, 0)  # a probability above, a logit below one half
    batches = [(targets[i : i + 4], logits[i : i + 4]) for i in (0, 4, 8)]

    def run(of=lambda b: b):
        def go():
            try:
                metric = answer()
                for t, x in of(batches):
                    tf.function(metric.update_state, autograph=False)(
                        tf.constant(t), tf.constant(x)
                    )  # fit runs it in a graph
                return metric, float(metric.result())
            except NotImplementedError as e:
                raise Wrong(
                    f"{what}: {str(e).strip().splitlines()[0] if str(e) else 'a method'} isn't written yet. A metric needs __init__, update_state and result."
                ) from None

        return attempt(go, (), what, "three batches of 4, 4 and 1 pictures")

    metric, got = run()
    whole = float(_exact(targets, logits).mean())
    if not same(got, whole):
        per_batch = [_exact(t, x) for t, x in batches]
        for value, says in (
            (
                np.mean([p.mean() for p in per_batch]),
                "this is the mean of the batches' shares, in which the one picture of the last batch counts as much as four others. Add up counts, and divide in result().",
            ),
            (
                per_batch[-1].mean(),
                "this is the last batch alone. update_state has to add to what is there: assign_add, not assign.",
            ),
            (
                sum(p.sum() for p in per_batch),
                "this is the number of pictures that are right. Count the pictures, too, and divide in result().",
            ),
            (
                sum(p.mean() for p in per_batch),
                "this is the sum of the batches' shares. Add up counts, and divide in result().",
            ),
            (
                _exact(targets, logits, 0.5).mean(),
                "the outputs are logits, and you compare them with 0.5: that is the probability 0.62. A probability above one half is a logit above 0.",
            ),
            (
                ((logits > 0) == (targets > 0)).mean(),
                "this is the share of right cells. A picture counts only if all of its labels are right: reduce_all over the labels first.",
            ),
            (
                (logits.argmax(1) == targets.argmax(1)).mean(),
                "this compares the largest output with the first label, as for multi-class. Here each label is a yes or no of its own.",
            ),
            (1 - whole, "this is the share of pictures that are not right."),
        ):
            if same(got, float(value)):
                raise Wrong(f"{what}: {says}")
        raise Wrong(
            f"{what} isn't right yet. After three batches of 4, 4 and 1 pictures result() is {got:.4g}, and {whole:.4g} of the pictures have all labels right."
        )
    metric.reset_state()
    for t, x in batches[:1]:
        metric.update_state(tf.constant(t), tf.constant(x))
    if not same(float(metric.result()), float(_exact(*batches[0]).mean())):
        raise Wrong(
            f"{what}: after reset_state() the old counts are still there, so the second epoch would contain the first. Keep them in variables made by self.add_weight(...): Keras sets those to 0."
        )
    return Right("Right: it counts pictures over the epoch, whatever the batches, and starts anew.")


# Exercise 5


def freeze_body(answer) -> Right:
    "Exercise 5: f(model) that makes a pocket ResNet's last stage and head trainable, and nothing else; BatchNorm stays frozen."
    _tf()
    import keras
    from mlc_course.backbones import pocket_resnet_tf

    what = "my_freeze"
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
            f"{what} isn't written yet: the model's layers are as trainable as they were."
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
                f"{what}: model.trainable is False, which overrules its layers: nothing learns. Leave the model's own flag True, and set it for each layer."
            )
        raise Wrong(
            f"{what}: nothing is trainable, and of a network without anything to learn no training makes a better one. Did you write to layer.trainable?"
        )
    if got == {layer.name for layer in weighty}:
        raise Wrong(
            f"{what}: everything is trainable. Go through model.layers and set layer.trainable."
        )
    if got == {"head"}:
        raise Wrong(
            f"{what}: only the head is trainable; the last stage, whose layers' names begin with 'stages_3', should be as well."
        )
    if "head" not in got:
        raise Wrong(f"{what}: the head is frozen. It is the new layer, and has to learn.")
    extra = [layer for layer in weighty if layer.name in got - wanted]
    if extra and all(map(norm, extra)):
        raise Wrong(
            f"{what}: BatchNorm learns in {', '.join(layer.name for layer in extra[:3])}. With trainable = True its running statistics move with every batch, too, so leave BatchNormalization frozen."
        )
    if extra:
        raise Wrong(
            f"{what}: {extra[0].name} is trainable, and it belongs to the body in front of the last stage. The model may come with any flags: set each layer to True or False."
        )
    missing = sorted(wanted - got)
    raise Wrong(
        f"{what}: {missing[0]} is frozen, and it belongs to the last stage. The model may come with any flags: set each layer to True or False."
    )
