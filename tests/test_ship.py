"""What can't be shipped is refused with the sentence that helps; what can is taken in whole; two
files change as one.
"""

import json
import os
import re
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pandas as pd
import predictor_kit as kit
import pytest
from PIL import Image
from predictor_kit import VOCAB, colour, edit, hand_made, seal

from mlc_course.metrics import Predictions, TrainingRun
from mlc_course.predictor import Predictor, export_onnx, framework_probs
from mlc_course.ship import decide, scan
from mlc_course.ship import folder as F
from mlc_course.ship.heads import keras_ending, torch_ending
from mlc_course.tables import ImageTable, square_pixels

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as Fn  # noqa: E402


class Does(nn.Module):
    "A linear network, and a function of its outputs."

    def __init__(self, f=lambda z: z, n=3):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.f = (
            nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, n)),
            f,
        )

    def forward(self, x):
        return self.f(self.body(x))


class Deep(nn.Module):
    "A network inside a network."

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x).reshape(len(x), -1).float()


class NoGrad(Does):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)


def half_and_half(z):
    return torch.cat([torch.sigmoid(z[:, :1]), z[:, 1:]], 1)


LOGITS = dict(
    plain=lambda z: z,
    scaled=lambda z: 3 * z - 1,
    residual=lambda z: z + torch.tanh(z),
    mish=lambda z: z * torch.tanh(z) - 2 * z,
    slices=lambda z: torch.stack([z[:, i] for i in range(3)], 1),
)
SIGMOIDS = dict(
    plain=torch.sigmoid,
    functional=Fn.sigmoid,
    method=lambda z: z.sigmoid(),
    viewed=lambda z: torch.sigmoid(z).view(-1, 3).clone(),
    cast=lambda z: torch.sigmoid(z.double()).float(),
    parts=lambda z: torch.cat([torch.sigmoid(z[:, :1]), torch.sigmoid(z[:, 1:])], 1),
    turned=lambda z: torch.sigmoid(z.t()).t(),
)
OTHERS = dict(
    softmax=(lambda z: z.softmax(1), "softmax.*compete"),
    log_softmax=(lambda z: z.log_softmax(1), "log-softmax.*compete"),
    viewed=(lambda z: Fn.softmax(z, -1).view(-1, 3), "softmax.*compete"),
    hard=(Fn.hardsigmoid, "plain sigmoid"),
    tanh=(torch.tanh, "plain sigmoid"),
    clamp=(lambda z: z.clamp(0, 1), "plain sigmoid"),
    relu=(torch.relu, "plain sigmoid"),
    log_sigmoid=(Fn.logsigmoid, "plain sigmoid"),
    by_hand=(lambda z: 1 / (1 + torch.exp(-z)), "plain sigmoid"),
    range=(lambda z: torch.sigmoid(z) * 8 - 4, "plain sigmoid"),
    mean=(lambda z: (torch.sigmoid(z) + torch.sigmoid(2 * z)) / 2, "plain sigmoid"),
    sign=(lambda z: z * z, "of one sign"),
    clipped=(lambda z: torch.sigmoid(z).clamp(1e-6, 1 - 1e-6), "plain sigmoid"),
    cosine=(lambda z: Fn.normalize(z, dim=1), "plain sigmoid"),
    softmax_by_hand=(lambda z: z.exp() / z.exp().sum(1, keepdim=True), "plain sigmoid"),
    mixed=(half_and_half, "Some outputs"),
)


def asked(net, pixels):
    with torch.no_grad():
        return net(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255).numpy()


def noise(n=5, size=16):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("wrap", [lambda n: n, Deep])
@pytest.mark.parametrize("name", LOGITS)
def test_logits_are_found(name, wrap):
    assert torch_ending(wrap(Does(LOGITS[name])), 16, VOCAB) == "logits"


@pytest.mark.parametrize("wrap", [lambda n: n, Deep])
@pytest.mark.parametrize("name", SIGMOIDS)
def test_sigmoids_are_found_by_the_graph(name, wrap):
    net = wrap(Does(SIGMOIDS[name])).train()
    for p in net.parameters():
        p.requires_grad_(False)  # frozen
    assert torch_ending(net, 16, VOCAB) == "sigmoid" and net.training


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_neither_is_refused(name):
    f, why = OTHERS[name]
    with pytest.raises(ValueError, match=why):
        torch_ending(Does(f), 16, VOCAB)


@pytest.mark.parametrize("name", ["plain", "cast", "parts"])
def test_no_second_sigmoid(name, tmp_path):
    net = Does(SIGMOIDS[name])
    ours = Predictor.save(tmp_path / "p", net, vocab=VOCAB, image_size=16)
    np.testing.assert_allclose(ours.probs(list(noise())), asked(net, noise()), atol=1e-5)
    np.testing.assert_allclose(framework_probs(net, noise()), asked(net, noise()), atol=1e-6)
    np.testing.assert_allclose(
        framework_probs(Does(), noise()),
        torch.sigmoid(torch.from_numpy(asked(Does(), noise()))),
        atol=1e-6,
    )


def test_a_graph_without_gradients(tmp_path):
    "PyTorch keeps no record under no_grad; the exported graph tells."
    ours = Predictor.save(tmp_path / "p", NoGrad(torch.sigmoid), vocab=VOCAB, image_size=16)
    np.testing.assert_allclose(
        ours.probs(list(noise())), asked(NoGrad(torch.sigmoid), noise()), atol=1e-5
    )
    assert torch_ending(NoGrad(), 16) == "logits"


@pytest.mark.parametrize(
    "name",
    [
        "softmax",
        "log_softmax",
        "hard",
        "tanh",
        "log_sigmoid",
        "by_hand",
        "range",
        "cosine",
        "sign",
        "mixed",
    ],
)
def test_refused_by_save_as_well(name, tmp_path):
    f, why = OTHERS[name]
    Predictor.save(tmp_path / "p", Does(), vocab=VOCAB, image_size=16, thresholds=0.3)
    before = {o.name: o.read_bytes() for o in (tmp_path / "p").iterdir()}
    for where in ("p", "new/deep"):
        with pytest.raises(ValueError, match=why) as e:
            Predictor.save(tmp_path / where, Does(f), vocab=VOCAB, image_size=16)
        assert str(tmp_path) not in str(e.value) and "mlc export" not in str(e.value)
    assert {o.name: o.read_bytes() for o in (tmp_path / "p").iterdir()} == before and not (
        tmp_path / "new"
    ).exists()


# ---------------------------------------------------------------- what a model must say


class Two(Does):
    def forward(self, x):
        return super().forward(x), x


@pytest.mark.parametrize(
    "net, why",
    [
        (
            Does(n=4),
            r"gives 4 numbers for each image, and the vocab has 3 labels \(blue, green, red\)",
        ),
        (Does(n=1), "gives 1 number for each image, and the vocab has 3 labels"),
        (Two(), "a tuple with 2 parts"),
        (Does(lambda z: dict(a=z)), "a dict with 1 parts"),
        (Does(lambda z: (z > 0).long()), "int64.*floats"),
        (Does(lambda z: z[:, :, None, None]), r"shape \[2, 3, 1, 1\]"),
        (nn.Linear(3, 3), "doesn't take float images"),
        (Does(lambda z: z.mean(0)), r"shape \[3\]"),
    ],
)
def test_outputs_that_are_no_scores(net, why, tmp_path):
    with pytest.raises(ValueError, match=why) as e:
        Predictor.save(tmp_path / "p", net, vocab=VOCAB, image_size=16)
    assert (
        not (tmp_path / "p").exists()
        and "/tmp" not in str(e.value)
        and "Export the run again" not in str(e.value)
    )


@pytest.mark.parametrize(
    "kwargs, error, why",
    [
        ({}, ValueError, "Pass vocab="),
        (dict(vocab=VOCAB), ValueError, "Pass image_size="),
        (dict(image_size=16), ValueError, "Pass vocab="),
        (dict(vocab="blue", image_size=16), TypeError, "list of label names"),
        (dict(vocab=[], image_size=16), ValueError, "no names"),
        (dict(vocab=["a", "b", "a"], image_size=16), ValueError, "'a' twice"),
        (dict(vocab=VOCAB, image_size=0), ValueError, "image_size is 0"),
        (dict(vocab=VOCAB, image_size=16.0), ValueError, "image_size is 16.0"),
        (dict(vocab=VOCAB, image_size=5000), ValueError, "4096"),
        (dict(vocab=VOCAB, image_size=16, input_range=255), ValueError, "input_range is 255"),
        (dict(vocab=VOCAB, image_size=16, input_range=(1, 0)), ValueError, "input_range"),
        (dict(vocab=VOCAB, image_size=16, thresholds=[0.5]), ValueError, "3 labels"),
    ],
)
def test_what_is_missing_is_named(kwargs, error, why, tmp_path):
    with pytest.raises(error, match=why):
        Predictor.save(tmp_path / "p", Does(), **kwargs)
    assert not (tmp_path / "p").exists()


def test_a_vocab_that_differs_from_the_models_own(tmp_path, squares):
    net = Does()
    net.vocab, net.image_size = ["x", "y", "z"], 16
    with pytest.raises(ValueError, match="order is that of the outputs"):
        Predictor.save(tmp_path / "p", net, vocab=["y", "x", "z"])
    with pytest.raises(ValueError, match="image_size is 20"):
        Predictor.save(tmp_path / "p", net, image_size=20)
    with pytest.raises(ValueError, match="Give the table the model's vocab"):
        Predictor.save(tmp_path / "p", net, squares)
    assert Predictor.save(tmp_path / "p", net).vocab == ["x", "y", "z"]
    net.vocab = ["red", "blue", "green"]
    other = ImageTable(squares.df, squares.root, net.vocab)
    other.vocab = list(net.vocab)
    ours = Predictor.save(tmp_path / "p", net, other)
    assert ours.vocab == net.vocab and list(ours.predict(noise(1)[0])[0].scores) == net.vocab


class Bytes(Does):
    "A network that divides by itself."

    def forward(self, x):
        return super().forward(x / 255 * 4 - 1)


@pytest.mark.parametrize("given_, factor", [((0, 255), 1), ((0, 1), 1 / 255), ((-1, 1), None)])
def test_the_range_of_the_inputs_is_never_guessed(given_, factor, tmp_path):
    with pytest.raises(ValueError, match=r"dividing its input by 255.*input_range=\(0, 255\)"):
        Predictor.save(tmp_path / "p", Bytes(), vocab=VOCAB, image_size=16)
    ours = Predictor.save(tmp_path / "p", Bytes(), vocab=VOCAB, image_size=16, input_range=given_)
    x = noise().astype("float32") * factor if factor else noise().astype("float32") / 127.5 - 1
    with torch.no_grad():
        expected = torch.sigmoid(Bytes()(torch.from_numpy(x).permute(0, 3, 1, 2)))
    np.testing.assert_allclose(ours.probs(list(noise())), expected, atol=1e-5)


def test_dropout_that_stays_on_is_noticed(tmp_path):
    with pytest.raises(ValueError, match="differs from call to call"):
        Predictor.save(
            tmp_path / "p",
            Does(lambda z: z + Fn.dropout(torch.ones_like(z), 0.5, training=True)),
            vocab=VOCAB,
            image_size=16,
        )


# ---------------------------------------------------------------- Keras


def keras_net(end=None, size=16, n=3, first=None):
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((size, size, 3))
    if first:
        x = first(x)
    out = layers.Dense(n, kernel_initializer=keras.initializers.RandomNormal(0, 0.8))(
        layers.Flatten()(layers.AveragePooling2D(4)(x))
    )
    return keras.Model(inputs, end(out) if end else out)


def subclassed(end):
    import keras

    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.dense, self.end = (
                keras.layers.Flatten(),
                keras.layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(0, 0.3)),
                end,
            )

        def call(self, x, training=False):
            return self.end(self.dense(self.flat(x)))

    keras.utils.set_random_seed(0)
    return Mine()


def test_keras_endings():
    import keras
    from keras import layers, ops

    ends = dict(
        activation=layers.Activation("sigmoid"),
        ops=ops.sigmoid,
        reshaped=lambda z: layers.Reshape((3,))(ops.sigmoid(z)),
        cast=lambda z: layers.Activation("linear", dtype="float32")(ops.sigmoid(z)),
        parts=lambda z: layers.Concatenate()([ops.sigmoid(z[:, :1]), ops.sigmoid(z[:, 1:])]),
    )
    for name, end in ends.items():
        assert keras_ending(keras_net(end), 16, VOCAB) == "sigmoid", name
    for end in (None, lambda z: 3 * z - 1, layers.Activation("linear")):
        assert keras_ending(keras_net(end), 16, VOCAB) == "logits"
    assert (
        keras_ending(subclassed(ops.sigmoid), 16, VOCAB) == "sigmoid"
        and keras_ending(subclassed(lambda z: z), 16, VOCAB) == "logits"
    )
    dense = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Flatten(), layers.Dense(3, activation="sigmoid")]
    )
    assert keras_ending(dense, 16, VOCAB) == "sigmoid"
    for end, why in (
        (layers.Softmax(), "compete"),
        (layers.Activation("tanh"), "plain sigmoid"),
        (layers.Activation("hard_sigmoid"), "plain sigmoid"),
        (layers.ReLU(), "plain sigmoid"),
        (ops.log_sigmoid, "plain sigmoid|one sign"),
        (lambda z: 1 / (1 + ops.exp(-z)), "plain sigmoid"),
        (lambda z: ops.clip(z, 0, 1), "plain sigmoid"),
    ):
        net = keras_net(end)
        before = [w.numpy() for w in net.weights]
        with pytest.raises(ValueError, match=why):
            keras_ending(net, 16, VOCAB)
        for a, b in zip(before, net.weights):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="3 numbers.*4 labels"):
        keras_ending(keras_net(), 16, [*VOCAB, "pink"])


def test_keras_models_of_ones_own(tmp_path):
    from keras import layers, ops

    x = noise() / np.float32(255)
    for net in (keras_net(ops.sigmoid), subclassed(ops.sigmoid)):
        ours = Predictor.save(tmp_path / "p", net, vocab=VOCAB, image_size=16)
        np.testing.assert_allclose(ours.probs(list(noise())), net.predict(x, verbose=0), atol=1e-5)
        assert ours.spec["parity"]["against"] == "model.predict"
    for net, why in (
        (keras_net(layers.Softmax()), "compete"),
        (keras_net(n=4), "4 numbers"),
        (keras_net(layers.Activation("hard_sigmoid")), "plain sigmoid"),
        (subclassed(lambda z: (z, z)), "2 parts"),
    ):
        with pytest.raises(ValueError, match=why):
            Predictor.save(tmp_path / "q", net, vocab=VOCAB, image_size=16)
    with pytest.raises(ValueError, match="Pass image_size="):
        Predictor.save(tmp_path / "q", subclassed(ops.sigmoid), vocab=VOCAB)
    bytes_in = keras_net(first=layers.Rescaling(1 / 255))
    with pytest.raises(ValueError, match="dividing its input by 255"):
        Predictor.save(tmp_path / "q", bytes_in, vocab=VOCAB)
    with pytest.raises(ValueError, match="trained on numbers from 0 to 255"):
        keras_ending(bytes_in, 16, VOCAB, from_unit=True)
    ours = Predictor.save(tmp_path / "q", bytes_in, vocab=VOCAB, input_range=(0, 255))
    np.testing.assert_allclose(
        ours.probs(list(noise())),
        1 / (1 + np.exp(-bytes_in.predict(noise().astype("float32"), verbose=0))),
        atol=1e-5,
    )
    import keras

    for shape, why in (((16, 20, 3), "16 x 20"), ((16, 16, 1), "red, green and blue last")):
        i = keras.Input(shape)
        with pytest.raises(ValueError, match=why):
            Predictor.save(
                tmp_path / "r", keras.Model(i, layers.Dense(3)(layers.Flatten()(i))), vocab=VOCAB
            )
    assert not (tmp_path / "r").exists()


def test_the_verbs_put_no_second_sigmoid(squares):
    from keras import layers, ops

    from mlc_course import train_fastai, train_tf, train_torch

    pixels = np.stack([square_pixels(o, 16) for o in squares.paths("test")])
    net, logits, wrong = Does(torch.sigmoid), Does(), Does(lambda z: z.softmax(1))
    for o in (net, logits, wrong):
        o.vocab, o.image_size = list(VOCAB), 16
    for verb in (train_torch.predict, train_fastai.predict):
        np.testing.assert_allclose(verb(net, squares, "test").probs, asked(net, pixels), atol=1e-5)
        np.testing.assert_allclose(
            verb(logits, squares, "test").probs, 1 / (1 + np.exp(-asked(logits, pixels))), atol=1e-5
        )
        with pytest.raises(ValueError, match="compete"):
            verb(wrong, squares, "test")
        with pytest.raises(ValueError, match="model.vocab"):
            verb(Does(), squares, "test")
    for end in (ops.sigmoid, None):
        model = keras_net(end)
        model.vocab = list(VOCAB)
        own = model.predict(pixels / np.float32(255), verbose=0)
        np.testing.assert_allclose(
            train_tf.predict(model, squares, "test").probs,
            own if end else 1 / (1 + np.exp(-own)),
            atol=1e-5,
        )
    model = keras_net(layers.Softmax())
    model.vocab = list(VOCAB)
    with pytest.raises(ValueError, match="compete"):
        train_tf.predict(model, squares, "test")
    with pytest.raises(ValueError, match="model.vocab"):
        train_tf.predict(keras_net(), squares, "test")


# ---------------------------------------------------------------- a Learner


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    "Files of several shapes: a folder and its table."
    root, rng = tmp_path_factory.mktemp("shapes"), np.random.default_rng(0)
    for i in range(8):
        Image.fromarray(rng.integers(0, 256, (20 + 9 * i, 60 - 5 * i, 3), dtype=np.uint8)).save(
            root / f"{i}.png"
        )
    return root, pd.DataFrame(
        dict(
            fname=[f"{i}.png" for i in range(8)],
            labels=["blue", "green", "red", "blue red"] * 2,
            is_valid=[False] * 4 + [True] * 4,
        )
    )


def learner(shapes, item=None, batch=None, net=None, loss=None, **kwargs):
    from fastai.learner import Learner
    from fastai.losses import BCEWithLogitsLossFlat
    from fastai.vision.augment import Resize
    from fastai.vision.data import ImageDataLoaders

    root, df = shapes
    dls = ImageDataLoaders.from_df(
        df,
        root,
        label_delim=" ",
        valid_col="is_valid",
        item_tfms=Resize(16) if item is None else item,
        batch_tfms=batch,
        num_workers=0,
        bs=4,
        device="cpu",
        **kwargs,
    )
    return Learner(dls, Does() if net is None else net, loss_func=loss or BCEWithLogitsLossFlat())


def test_what_a_learner_has_is_refused_by_name(shapes, tmp_path):
    from fastai.losses import BCELossFlat, CrossEntropyLossFlat
    from fastai.torch_core import TensorImage
    from fastai.vision import augment as A

    def brighter(x: TensorImage):
        return x * 1.5

    def my_crop(x: Image.Image):
        return x.crop((0, 0, 16, 16))

    for made, why in [
        (dict(item=[A.Resize(16), my_crop]), "my_crop"),
        (dict(item=A.Resize((16, 20))), "20 x 16 pixels"),
        (dict(item=A.RatioResize(16)), "RatioResize"),
        (dict(item=A.Resize(16, p=0.5)), "by chance"),
        (dict(batch=[brighter]), "brighter"),
        (dict(batch=A.aug_transforms(size=(12, 10))), "not to a square"),
        (dict(loss=CrossEntropyLossFlat()), "softmax"),
        (dict(loss=BCELossFlat()), "gives logits.*BCELoss"),
        (dict(net=Does(torch.sigmoid)), "another"),
        (dict(net=Does(lambda z: z.softmax(1)), loss=BCELossFlat()), "compete"),
        (dict(net=Does(n=4)), "4 numbers"),
        (dict(net=Bytes()), None),
    ]:
        learn = learner(shapes, **made)
        if why is None:
            assert Predictor.save(tmp_path / "ok", learn)  # its DataLoaders say what it is given
            continue
        with pytest.raises(ValueError, match=why):
            Predictor.save(tmp_path / "p", learn)
    assert not (tmp_path / "p").exists()
    loss = nn.BCEWithLogitsLoss()
    loss.activation = torch.sigmoid  # as the sentence says
    assert (
        Predictor.save(tmp_path / "p", learner(shapes, loss=loss)).spec["trained"]["framework"]
        == "fastai"
    )
    for kwargs, why in (
        (dict(vocab=["red", "green", "blue"]), "or another order"),
        (dict(image_size=20), "image_size is 20"),
        (dict(input_range=(0, 255)), "networks alone"),
    ):
        with pytest.raises(ValueError, match=why):
            Predictor.save(tmp_path / "q", learner(shapes), **kwargs)
    assert not (tmp_path / "q").exists()


@pytest.mark.parametrize(
    "small, kwargs",
    [
        (12, {}),
        (24, {}),
        (7, {}),
        (12, dict(min_scale=0.75)),
        (10, dict(align_corners=False)),
        (10, dict(mode="nearest")),
    ],
)
def test_presizing_is_taken_in(small, kwargs, shapes, squares, tmp_path):
    "fastai's usual recipe: items of one size, batches of another, in validation too."
    from fastai.data.transforms import Normalize
    from fastai.vision.augment import Resize, aug_transforms
    from fastai.vision.core import imagenet_stats

    from mlc_course import train_fastai

    root, df = shapes
    learn = learner(
        shapes,
        Resize(22),
        [*aug_transforms(size=small, **kwargs), Normalize.from_stats(*imagenet_stats, cuda=False)],
        net=nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), Does(n=3).body[0], nn.Flatten(), nn.Linear(64, 3)
        ),
    )
    ours, paths = Predictor.save(tmp_path / "p", learn), [root / o for o in df.fname]
    with learn.no_bar():
        theirs = learn.get_preds(dl=learn.dls.test_dl(paths, num_workers=0))[0].numpy()
    np.testing.assert_allclose(ours.probs(paths), theirs, atol=1e-4)
    assert ours.image_size == 22 and theirs.std() > 1e-3
    table = ImageTable(
        pd.DataFrame(dict(fname=df.fname, labels=df.labels.str.split(), split="test")),
        root,
        list(learn.dls.vocab),
    )
    np.testing.assert_allclose(train_fastai.predict(learn, table, "test").probs, theirs, atol=1e-4)
    ours = Predictor.save(tmp_path / "p", learn, table)
    assert (
        ours.spec["parity"]["what"].startswith("every image of test")
        and ours.spec["parity"]["against"] == "learn.get_preds"
    )


def test_the_files_of_a_learner_are_read_as_it_reads_them(shapes, tmp_path):
    "fastai's own PILImage.create neither turns an image as EXIF says nor lays it on white."
    learn, odd = learner(shapes), tmp_path / "odd"
    odd.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 20, 3), dtype=np.uint8)).save(
        odd / "turned.jpg", exif=exif
    )
    for mode, channels in (("RGBA", 4), ("LA", 2)):
        Image.fromarray(rng.integers(0, 256, (24, 40, channels), dtype=np.uint8), mode).save(
            odd / f"{mode}.png"
        )
    Image.fromarray(rng.integers(0, 256, (24, 40), dtype=np.uint8)).convert("P").save(
        odd / "palette.png", transparency=3
    )
    ours, paths = Predictor.save(tmp_path / "p", learn), sorted(odd.iterdir())
    with learn.no_bar():
        theirs = learn.get_preds(dl=learn.dls.test_dl(paths, num_workers=0))[0].numpy()
    np.testing.assert_allclose(ours.probs(paths), theirs, atol=1e-5)
    assert ours.spec["preprocessing"]["decode"] == "plain" and ours.spec["format"] == 2
    cut = tmp_path / "cut.jpg"
    cut.write_bytes((odd / "turned.jpg").read_bytes()[:900])
    with pytest.raises(ValueError, match="cut off|can't be decoded"):
        ours.predict(cut)


def test_a_callback_that_changes_the_answers_is_noticed(shapes, tmp_path):
    from fastai.callback.core import Callback

    class Darker(Callback):
        def before_batch(self):
            self.learn.xb = (self.xb[0] * 0.5,)

    learn = learner(shapes)
    learn.add_cb(Darker())
    with pytest.raises(ValueError, match="doesn't answer as learn.get_preds does"):
        Predictor.save(tmp_path / "p", learn)
    assert not (tmp_path / "p").exists()


def test_the_learner_stays_as_it_was(shapes, tmp_path):
    from fastai.data.transforms import Normalize

    learn = learner(shapes, batch=[Normalize.from_stats([0.1] * 3, [0.2] * 3, cuda=False)])
    learn.model.train()
    before, cbs = [p.clone() for p in learn.model.parameters()], [type(o) for o in learn.cbs]
    Predictor.save(tmp_path / "p", learn)
    assert (
        learn.model.training
        and [type(o) for o in learn.cbs] == cbs
        and all(torch.equal(a, b) for a, b in zip(before, learn.model.parameters()))
    )


def test_export_onnx_of_a_learner_normalises(shapes, tmp_path):
    import onnxruntime
    from fastai.data.transforms import Normalize

    learn = learner(shapes, batch=[Normalize.from_stats([0.4] * 3, [0.2] * 3, cuda=False)])
    session = onnxruntime.InferenceSession(str(export_onnx(learn, tmp_path / "a.onnx")))
    with torch.no_grad():
        expected = torch.sigmoid(
            learn.model((torch.from_numpy(noise()).permute(0, 3, 1, 2) / 255 - 0.4) / 0.2)
        ).numpy()
    np.testing.assert_allclose(session.run(["probs"], {"pixels": noise()})[0], expected, atol=1e-5)


# ---------------------------------------------------------------- thresholds


def a_run(probs, targets, **more):
    names = [f"{i}.png" for i in range(len(probs))]
    run = TrainingRun(
        "torch",
        None,
        VOCAB,
        pd.DataFrame(dict(epoch=[0])),
        dict(valid=Predictions(probs, targets, VOCAB, names)),
        None,
        "x",
        1.0,
    )
    for k, v in more.items():
        object.__setattr__(run, k, v)
    return run


def test_no_threshold_for_what_was_never_learnt():
    rng = np.random.default_rng(0)
    targets = rng.random((50, 3)) < 0.4
    probs = np.clip(targets * 0.5 + rng.random((50, 3)) * 0.4, 0, 1).astype(np.float32)
    probs[:, 2] = 1e-7 * (1 + rng.random(50))  # no training image had it
    t, how = decide.best_thresholds(a_run(probs, targets), None, VOCAB)
    assert t["red"] == 1 and 0 < t["blue"] < 1 and "never said" in how and "red" in how
    t, how = decide.best_thresholds(
        a_run(probs, targets, support=dict(blue=20, green=0, red=0)), None, VOCAB
    )
    assert t["red"] == t["green"] == 1 and "2 without a training image: green, red" in how
    t, how = decide.best_thresholds(
        a_run(probs, targets, support=None),
        types.SimpleNamespace(
            splits=["train"], vocab=VOCAB, targets=lambda s: np.array([[True, False, True]])
        ),
        VOCAB,
    )
    assert t["green"] == 1 and t["red"] == 1 and "1 without a training image: green" in how


# ---------------------------------------------------------------- folders


def test_a_load_at_any_instant_succeeds(tmp_path):
    "A writer in another process, as fast as it can; whatever is loaded is of one piece."
    code = (
        "import sys, json; sys.path[:0] = [sys.argv[2]]; import predictor_kit as kit, numpy as "
        "np; from mlc_course.ship import folder as F\nspec = "
        "json.loads((kit.Path(sys.argv[1])/'predictor.json').read_text())\nkinds = "
        "[kit.content(kit.WEIGHTS*np.float32(k)) for k in (1, .5, .25)]\nprint('ready', "
        "flush=True); i = 0\nwhile True:\n    data = kinds[i % 3]; spec['model']['sha256'] = "
        "F.sha256(data); spec['thresholds']['red'] = (1, .5, .25)[i % 3]\n    "
        "F.put(sys.argv[1], data, spec); i += 1\n"
    )
    folder = hand_made(tmp_path / "p", thresh=1)
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout.readline().strip() == "ready"
        image, seen = np.full((8, 8, 3), 255, np.uint8), set()
        for _ in range(600):
            ours = Predictor.load(folder)
            assert abs(ours.probs(image)[0, 2] - ours.spec["thresholds"]["red"]) < 1e-6
            seen.add(ours.spec["thresholds"]["red"])
        assert len(seen) == 3
    finally:
        writer.kill()
        writer.wait()
    assert Predictor.load(folder)  # and after a kill at any point
    assert (
        F.put(
            folder,
            kit.content(),
            json.loads((folder / "predictor.json").read_text())
            | dict(model=dict(sha256=F.sha256(kit.content()))),
        )
        is None
    )
    assert sorted(o.name for o in folder.iterdir()) == ["model.onnx", "predictor.json"]


@pytest.mark.parametrize("stop", range(1, 5))
def test_a_kill_between_any_two_renames(stop, tmp_path, monkeypatch):
    folder = hand_made(tmp_path / "p")
    spec, new = (
        json.loads((folder / "predictor.json").read_text()),
        kit.content(kit.WEIGHTS * np.float32(0.5)),
    )
    spec["model"]["sha256"], spec["note"] = F.sha256(new), "new"
    calls, real = [], os.replace

    class Killed(BaseException):
        pass

    def replace_(a, b):
        calls.append(1)
        if len(calls) == stop:
            raise Killed
        return real(a, b)

    with monkeypatch.context() as m:
        m.setattr(F.os, "replace", replace_)
        m.setattr(Path, "unlink", lambda self, missing_ok=False: None)  # nobody tidies up
        if stop < 4:
            with pytest.raises(Killed):
                F.put(folder, new, spec)
        else:
            F.put(folder, new, spec)
    ours = Predictor.load(folder)
    assert (ours.spec.get("note") == "new") == (stop > 2) and abs(
        ours.probs(np.full((8, 8, 3), 255, np.uint8)).max() - (0.5 if stop > 2 else 1)
    ) < 1e-6
    (folder / ".export-abc").mkdir()
    (folder / ".export-abc" / "model.onnx").write_bytes(b"x")
    (folder / ".export-mine").mkdir()
    (folder / ".export-mine" / "thesis.txt").write_text("x")
    (folder / "model-of-mine.onnx").write_bytes(b"x")
    F.put(folder, new, spec)
    assert sorted(o.name for o in folder.iterdir()) == [
        ".export-mine",
        "model-of-mine.onnx",
        "model.onnx",
        "predictor.json",
    ] and Predictor.load(folder)


def test_two_writers_at_once(tmp_path):
    folder = hand_made(tmp_path / "p")
    spec, errors = json.loads((folder / "predictor.json").read_text()), []

    def write(k):
        try:
            for i in range(25):
                data = kit.content(kit.WEIGHTS * np.float32(1 / k))
                F.put(folder, data, spec | dict(model=dict(sha256=F.sha256(data))))
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=write, args=(k,)) for k in (1, 2, 4)]
    for o in threads:
        o.start()
    while any(o.is_alive() for o in threads):
        Predictor.load(folder)
    assert (
        not errors
        and Predictor.load(folder)
        and sorted(o.name for o in folder.iterdir()) == ["model.onnx", "predictor.json"]
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_folder_whose_name_is_no_text(tmp_path):
    name = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"))
    try:
        name.mkdir()
    except OSError:
        pytest.skip("this file system wants text")
    assert Predictor.load(hand_made(name)).predict(np.full((8, 8, 3), (255, 0, 0), np.uint8))[
        0
    ].labels == ("red",)


def test_folders_of_format_1_still_load_and_steps_are_checked(tmp_path):
    folder = hand_made(tmp_path / "p")
    assert Predictor.load(folder).recipe.plain_square
    pad = dict(do="resize", method="pad", size=[8, 8], resample="bilinear", pad_mode="zeros")
    edit(
        folder,
        lambda d: d.update(
            format=2, preprocessing=dict(image_size=8, decode="upright", steps=[pad])
        ),
    )
    ours, image = Predictor.load(folder), np.full((8, 16, 3), 255, np.uint8)
    np.testing.assert_allclose(
        ours.probs(image)[0], 0.5, atol=0.01
    )  # half of it is the black border
    np.testing.assert_array_equal(ours.pixels(image)[0], 0)
    for wrong in (
        dict(image_size=9000),
        dict(image_size=8, decode="eval"),
        dict(image_size=8, steps="x"),
        dict(image_size=8, steps=[dict(do="rm")]),
        dict(image_size=8, steps=[pad | dict(method="x")]),
        dict(image_size=8, steps=[pad | dict(size=[8])]),
        dict(image_size=8, steps=[pad | dict(size=[8, 10**9])]),
        dict(image_size=8, steps=[pad | dict(pad_mode="wrap")]),
        dict(image_size=8, steps=[pad] * 50),
    ):
        with pytest.raises(ValueError, match="predictor.json can't be used"):
            Predictor.load(edit(folder, lambda d: d.update(preprocessing=wrong)))


def test_weights_in_a_second_file_and_loops_are_refused(tmp_path):
    import onnx
    from onnx import TensorProto
    from onnx import helper as h

    folder = hand_made(tmp_path / "p")
    model = onnx.load(folder / "model.onnx")
    onnx.save(
        model,
        folder / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    assert (folder / "weights.bin").exists()
    with pytest.raises(ValueError, match="second file"):
        Predictor.load(seal(folder))
    for op in ("Loop", "If", "Scan"):
        inner = h.make_graph(
            [h.make_node(op, ["c"], ["o"], body=h.make_graph([], "g", [], []))],
            "deep",
            [],
            [h.make_tensor_value_info("o", TensorProto.FLOAT, [1])],
        )
        outer = h.make_graph([h.make_node("Thing", ["x"], ["y"], then=inner)], "outer", [], [])
        (folder / "model.onnx").write_bytes(h.make_model(outer).SerializeToString())
        with pytest.raises(ValueError, match=f"operation {op}"):
            Predictor.load(seal(folder))
    scan.check_graph(kit.content())
    for data in (
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x3a\x7f",
        b"\x0b",
        b"\x3a",
    ):
        with pytest.raises(ValueError, match="isn't an ONNX"):
            scan.check_graph(data)


def test_memory_that_does_not_suffice(tmp_path, monkeypatch):
    "In the network: image after image; what still fails is named, and the others go on."
    ours, run = Predictor.load(hand_made(tmp_path / "p")), Predictor._run

    def small(self, pixels, output="probs"):
        if len(pixels) > 1 or pixels.max() == 200:
            raise RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc")
        return run(self, pixels, output)

    monkeypatch.setattr(Predictor, "_run", small)
    paths = [colour(tmp_path / f"{v}.png", v) for v in (10, 200, 30, 40)]
    answers = list(ours.stream(paths, batch_size=4))
    assert [type(o).__name__ for o in answers] == [
        "LabelScores",
        "MemoryError",
        "LabelScores",
        "LabelScores",
    ] and "200.png" in str(answers[1])
    with pytest.raises(MemoryError, match="200.png"):
        ours.predict(paths)


# ---------------------------------------------------------------- the command's CSV


def test_columns_and_labels_of_csv_can_be_told_apart(capsys):
    import csv
    import io

    from mlc_course.predictor import LabelScores
    from mlc_course.tools.predict import _Csv

    vocab = ["error", "labels", "file", "a|b", "a", "b", "c\\", "error (label)"]
    out = io.StringIO()
    write = _Csv(out, vocab, [])
    write("x.png", LabelScores("x.png", dict(zip(vocab, [0.9] * 8)), ("a|b", "c\\", "a")), "")
    head, row = csv.reader(io.StringIO(out.getvalue()))
    assert (
        len(set(head)) == len(head) == 11
        and head[0] == "file"
        and head[1] == "labels"
        and head[-1] == "error"
        and [o for o in head[2:-1] if o in vocab] == ["a|b", "a", "b", "c\\", "error (label)"]
    )
    assert [
        o.replace("\\|", "|").replace("\\\\", "\\") for o in re.split(r"(?<!\\)(?:\\\\)*\|", row[1])
    ][0] == "a|b" and row[1] == "a\\|b|c\\\\|a"
    out = io.StringIO()
    _Csv(out, ["cat", "dog"], [])
    assert out.getvalue() == "file,labels,cat,dog,error\n"


# ---------------------------------------------------------------- the page


def test_the_page_prepares_an_image_as_the_folder_says(tmp_path):
    pytest.importorskip("gradio")
    from mlc_course.tools.demo.reading import look

    pad = dict(do="resize", method="pad", size=[8, 8], resample="bilinear", pad_mode="zeros")
    zoom = [
        dict(do="resize", method="squish", size=[16, 16], resample="bilinear"),
        dict(do="crop_pad", size=[8, 8], pad_mode="zeros"),
    ]
    y, x = np.mgrid[0:30, 0:60]
    Image.fromarray(np.stack([4 * x, 8 * y, x * 0 + 200], -1).astype("uint8")).save(
        tmp_path / "a.png"
    )
    for steps in ([pad], zoom, []):
        folder = edit(
            hand_made(tmp_path / "p"),
            lambda d: d.update(
                format=2, preprocessing=dict(image_size=8, decode="upright", steps=steps)
            ),
        )
        ours = Predictor.load(folder)
        assert look(ours, tmp_path / "a.png").scores == pytest.approx(
            ours.predict(tmp_path / "a.png")[0].scores, abs=1e-6
        )


@pytest.mark.parametrize(
    "name, text",
    [
        ("model.onnx", "a network of the reader's own"),
        ("predictor.json", '{"app": 1}'),
        ("predictor.json", "[1]"),
    ],
)
def test_files_of_others_are_not_overwritten_by_an_export(tmp_path, name, text):
    from mlc_course.ship.folder import put

    (tmp_path / name).write_text(text)
    with pytest.raises(
        ValueError,
        match=f"{name} was not written by an export of this course.*--out.*Nothing was changed",
    ):
        put(tmp_path, b"network", dict(format=1))
    assert [p.name for p in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == text


@pytest.mark.parametrize("damaged", ["", "{", '{"format": 1, "model": {}}'])
def test_a_damaged_predictor_can_be_exported_again(tmp_path, damaged):
    from mlc_course.ship.folder import put

    (tmp_path / "predictor.json").write_text(damaged)
    (tmp_path / "model.onnx").write_bytes(b"old")
    put(tmp_path, b"network", dict(format=1))
    assert (tmp_path / "model.onnx").read_bytes() == b"network" and sorted(
        p.name for p in tmp_path.iterdir()
    ) == ["model.onnx", "predictor.json"]
