"""What users really have: Learners from load_learner, wrapped modules, vocabs as dicts, images of
other kinds.
"""

import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from predictor_kit import VOCAB, colour, hand_made

from mlc_course.predictor import Predictor, export_onnx, framework_probs
from mlc_course.ship.facts import check_vocab, size_of
from mlc_course.ship.parity import draw_images

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as Fn  # noqa: E402


def net(*end):
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 3), *end)


def get_y(path):
    return ["red"]


def as_path(path):
    return Path(str(path))


def inverted(path):
    return Image.fromarray(255 - np.asarray(Image.open(path).convert("RGB")))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return draw_images(tmp_path_factory.mktemp("own"), 24)


def learner(files, loss, network=None, get_x=None, splitter=None):
    vision = pytest.importorskip("fastai.vision.all")
    block = vision.DataBlock(
        (vision.ImageBlock, vision.MultiCategoryBlock(vocab=VOCAB)),
        get_x=get_x,
        get_y=get_y,
        item_tfms=vision.Resize(16),
        splitter=splitter or vision.IndexSplitter([0, 1, 2]),
        batch_tfms=vision.Normalize.from_stats(*vision.imagenet_stats),
    )
    dls = block.dataloaders(files, bs=4, num_workers=0)
    return vision.Learner(dls, network or net(), loss_func=loss)


def theirs(learn, files):
    with learn.no_bar(), learn.no_logging():
        return learn.get_preds(dl=learn.dls.test_dl(list(files), num_workers=0))[0]


@pytest.mark.parametrize("get_x", [None, as_path])
def test_a_learner_from_load_learner(get_x, files, tmp_path):
    from fastai.learner import load_learner
    from fastai.losses import BCEWithLogitsLossFlat

    learn = learner(files, BCEWithLogitsLossFlat(), get_x=get_x)
    learn.export(tmp_path / "learner.pkl")
    loaded = load_learner(tmp_path / "learner.pkl")
    p = Predictor.save(tmp_path / "p", loaded)
    np.testing.assert_allclose(p.probs(files), theirs(learn, files), atol=1e-4)


def test_an_exported_learner_whose_get_x_makes_images_is_refused(files, tmp_path):
    from fastai.learner import load_learner
    from fastai.losses import BCEWithLogitsLossFlat

    learner(files, BCEWithLogitsLossFlat(), get_x=inverted).export(tmp_path / "learner.pkl")
    with pytest.raises(ValueError, match="inverted.*makes or changes the image"):
        Predictor.save(tmp_path / "p", load_learner(tmp_path / "learner.pkl"))


def test_a_learner_without_validation_images(files, tmp_path):
    from fastai.data.transforms import IndexSplitter
    from fastai.losses import BCEWithLogitsLossFlat

    learn = learner(files, BCEWithLogitsLossFlat(), splitter=IndexSplitter([]))
    np.testing.assert_allclose(
        Predictor.save(tmp_path / "p", learn).probs(files), theirs(learn, files), atol=1e-4
    )


@pytest.mark.parametrize(
    "loss",
    [
        nn.BCEWithLogitsLoss(),
        nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)),
        Fn.binary_cross_entropy_with_logits,
        partial(Fn.binary_cross_entropy_with_logits, reduction="sum"),
        nn.MultiLabelSoftMarginLoss(),
    ],
)
def test_a_loss_of_logits_without_an_activation(loss, files, tmp_path):
    learn = learner(files, loss)
    p = Predictor.save(tmp_path / "p", learn)
    np.testing.assert_allclose(p.probs(files), torch.sigmoid(theirs(learn, files)), atol=1e-4)
    assert p.spec["parity"]["against"] == "the sigmoid of learn.get_preds"


def test_the_advice_for_an_unknown_loss_works(files, tmp_path):
    learn = learner(files, lambda p, t: Fn.binary_cross_entropy_with_logits(p, t))
    with pytest.raises(ValueError, match="learn.loss_func.activation = torch.sigmoid"):
        Predictor.save(tmp_path / "p", learn)
    learn.loss_func.activation = torch.sigmoid
    np.testing.assert_allclose(
        Predictor.save(tmp_path / "p", learn).probs(files), theirs(learn, files), atol=1e-4
    )


def test_a_loss_for_one_label_is_refused(files, tmp_path):
    with pytest.raises(ValueError, match="CrossEntropyLoss.*compete"):
        Predictor.save(tmp_path / "p", learner(files, nn.CrossEntropyLoss()))


@pytest.mark.parametrize("wrap", [nn.DataParallel, partial(torch.compile, backend="eager")])
def test_wrapped_modules(wrap, tmp_path):
    p = Predictor.save(tmp_path / "p", wrap(net(nn.Sigmoid())), vocab=VOCAB, image_size=16)
    x = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    with torch.no_grad():
        expected = net(nn.Sigmoid())(torch.from_numpy(x).permute(0, 3, 1, 2) / 255)
    np.testing.assert_allclose(p.probs(x), expected, atol=1e-4)


def test_modules_that_cannot_be_written(tmp_path):
    for model, why in (
        (torch.jit.script(net()), "scripted or traced from"),
        (net().to("meta"), "can't be copied"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), "lazy"),
    ):
        with pytest.raises(ValueError, match=why):
            Predictor.save(tmp_path / "p", model, vocab=VOCAB, image_size=16)
    for name, why in (
        ("m.keras", "load_model"),
        ("m.pth", "weights_only=True"),
        ("m.pkl", "load_learner"),
    ):
        (tmp_path / name).touch()
        with pytest.raises(ValueError, match=why):
            Predictor.save(tmp_path / "p", tmp_path / name)
    assert not (tmp_path / "p").exists()


def test_vocabs_have_an_order():
    assert (
        check_vocab({"c": 2, "a": 0, "b": 1})
        == check_vocab({2: "c", 0: "a", 1: "b"})
        == check_vocab({"2": "c", "0": "a", "1": "b"})
        == list("abc")
    )
    for odd, error in (
        ({"a", "b"}, TypeError),
        ({"a": 1, "b": 2}, ValueError),
        (3, TypeError),
        ([None, "a"], TypeError),
        ([b"a"], TypeError),
        (["\ud800"], ValueError),
    ):
        with pytest.raises(error, match="vocab|label"):
            check_vocab(odd)
    assert size_of(nn.Identity(), "torch", (32, 32)) == 32


def test_framework_probs_takes_bytes_of_a_network(files):
    from fastai.losses import BCEWithLogitsLossFlat

    x = np.zeros((2, 16, 16, 3), np.uint8)
    for odd, error in (
        (x / 255.0, ValueError),
        (x[0], ValueError),
        (x.transpose(0, 3, 1, 2), ValueError),
        (files, TypeError),
    ):
        with pytest.raises(error, match="pixels"):
            framework_probs(net(), odd)
    with pytest.raises(ValueError, match="Normalize"):
        framework_probs(learner(files, BCEWithLogitsLossFlat()), x)


def test_images_of_other_kinds(tmp_path):
    p, file = Predictor.load(hand_made(tmp_path / "p")), colour(tmp_path / "a.png", 255)
    content = file.read_bytes()
    for odd, error, why in (
        (torch.rand(3, 8, 8), TypeError, "Tensor.*channels last"),
        (content, TypeError, "PIL.Image.open"),
        (io.BytesIO(content), TypeError, "PIL.Image.open"),
        (None, TypeError, "NoneType"),
        ("https://example.com/a.png", ValueError, "download"),
        (Image.new("RGB", (0, 5)), ValueError, "empty"),
        (np.zeros((4, 4), np.uint8), ValueError, r"\(4, 4\)"),
    ):
        with pytest.raises(error, match=why):
            p.predict(odd)
    answers = list(p.stream([file, None, content, file]))
    assert [isinstance(o, TypeError) for o in answers] == [False, True, True, False]
    assert len(list(p.stream(str(file)))) == 1
    assert Predictor.load(tmp_path / "p" / "model.onnx").vocab == p.vocab
    for odd in (None, "folder", {}):
        with pytest.raises(TypeError, match="ImageTable"):
            p.predictions(odd)


def test_export_onnx_never_replaces_a_folder(tmp_path):
    colour(tmp_path / "kept.png", 255)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        export_onnx(net(), tmp_path, vocab=VOCAB, image_size=16)
    assert [o.name for o in tmp_path.iterdir()] == ["kept.png"]


def test_keras_layers_for_training_are_left_out(tmp_path):
    keras = pytest.importorskip("keras")
    layers = keras.layers

    def build(**kwargs):
        keras.utils.set_random_seed(0)
        return keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                layers.RandomFlip(),
                layers.RandomRotation(0.3),
                layers.RandomContrast(0.5),
                layers.Conv2D(4, 3),
                layers.GlobalAveragePooling2D(),
                layers.Dense(3, activation="sigmoid", **kwargs),
            ]
        )

    x = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    model = build()
    np.testing.assert_allclose(
        Predictor.save(tmp_path / "p", model, vocab=VOCAB).probs(x),
        model.predict(x.astype("float32") / 255, verbose=0),
        atol=1e-4,
    )
    half = build(dtype="mixed_float16")
    with pytest.raises(ValueError, match="float16.*set_weights"):
        Predictor.save(tmp_path / "q", half, vocab=VOCAB)
    model.set_weights(half.get_weights())
    Predictor.save(tmp_path / "q", model, vocab=VOCAB)
    first = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Rescaling(1 / 255), *build().layers[3:]]
    )
    with pytest.raises(ValueError, match="0 to 255"):
        framework_probs(first, x)
    with pytest.raises(ValueError, match="0 to 255"):
        Predictor.save(tmp_path / "r", first, vocab=VOCAB)
