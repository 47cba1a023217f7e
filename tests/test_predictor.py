"""The predictor: the framework's own answers without the framework, the same pixels as in training,
and a clear word for whatever is wrong with a picture or a folder.
"""

import copy
import json
import math
import os
import pickle
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from dataclasses import replace

import numpy as np
import onnxruntime
import pandas as pd
import predictor_kit as kit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from predictor_kit import VOCAB, colour, edit, hand_made, seal

from mlc_course.metrics import Predictions, TrainingRun, evaluate, load_run
from mlc_course.pixels import cached_pixels
from mlc_course.predictor import LabelScores, Predictor, data_checksum, framework_probs
from mlc_course.ship import folder as F
from mlc_course.ship import make, parity, recipe
from mlc_course.tables import ImageTable, load_image, square_pixels
from mlc_course.thresholds import best_thresholds_per_label

FRAMEWORKS = ["torch", "fastai", "tensorflow"]
HEAVY = (
    "torch",
    "tensorflow",
    "keras",
    "fastai",
    "onnx",
    "onnxscript",
    "tf2onnx",
    "sklearn",
    "scipy",
    "matplotlib",
    "IPython",
    "jax",
)


def python(code, *args):
    "Run a program of its own; what it printed."
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def noise(n, size=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def differ(head, seed):
    "Weights of a head whose scores differ from picture to picture."
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.3, o.shape).astype(np.float32) for o in head]


# ---------------------------------------------------------------- three frameworks


def make_run(framework, table, profile, out):
    """What a trainer gives back, without the training: the shipped body, a random head, its
    predictions, all saved.
    """
    if framework == "tensorflow":
        from mlc_course import train_tf as trainer

        model = trainer.make_model(table.vocab, profile)
        head = model.get_layer("head")
        head.set_weights(differ(head.get_weights(), 0))
        trainer.save_model(model, out)
    else:
        import torch

        from mlc_course.backbones import save_model

        if framework == "torch":
            from mlc_course import train_torch as trainer

            model = trainer.make_model(table.vocab, profile, dropout=0.5)
        else:
            from mlc_course import train_fastai as trainer

            learn = trainer.make_learner(trainer.make_data(table, profile), profile)
            model = learn.model
        with torch.no_grad():
            for p, v in zip(
                model.head.parameters(), differ([p.numpy() for p in model.head.parameters()], 1)
            ):
                p.copy_(torch.from_numpy(v))
        save_model(model, out)
        model.train()  # the export has to see to it that nothing of this is left
    run = TrainingRun(
        framework,
        learn if framework == "fastai" else model,
        table.vocab,
        pd.DataFrame(dict(epoch=[0])),
        {s: trainer.predict(model, table, s) for s in ("valid", "test")},
        profile,
        table.name,
        1.5,
        out,
    )
    run.save(out)
    return run


@pytest.fixture(scope="module")
def runs(squares, smoke, tmp_path_factory):
    "Make a run and its predictor, once for each framework."
    made, profile = {}, replace(smoke, image_size=32, precision="fp32")

    def get(framework):
        if framework not in made:
            out = tmp_path_factory.mktemp(framework)
            run = make_run(framework, squares, profile, out)
            made[framework] = run, Predictor.save(out, run, squares)
        return made[framework]

    return get


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_answer_is_the_frameworks_own(framework, runs, squares):
    run, ours = runs(framework)
    paths, expected = squares.paths("test"), run.predictions["test"].probs
    assert expected.std() > 0.1  # or every model would pass

    def probs(answers):
        return np.array([list(o.scores.values()) for o in answers])

    given_as = dict(
        paths=paths,
        names=list(map(str, paths)),
        images=[Image.open(p) for p in paths],
        arrays=[np.asarray(Image.open(p).convert("RGB")) for p in paths],
    )
    for what, images in given_as.items():
        answers = ours.predict(images)
        np.testing.assert_allclose(probs(answers), expected, atol=1e-4, rtol=0, err_msg=what)
        assert [o.fname for o in answers] == (
            [str(p) for p in paths] if what in ("paths", "names") else [""] * len(paths)
        )
    for batch_size in (1, 3, 8, 300):
        np.testing.assert_allclose(
            probs(ours.stream(paths, batch_size=batch_size, workers=2)), expected, atol=1e-4, rtol=0
        )
    alone = [ours.predict(p)[0] for p in paths]
    np.testing.assert_allclose(probs(alone), expected, atol=1e-4, rtol=0)
    assert all(
        list(o.scores) == squares.vocab and all(type(v) is float for v in o.scores.values())
        for o in alone
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_folder_says_what_it_is(framework, runs, squares):
    run, ours = runs(framework)
    d = json.loads(
        (ours.folder / "predictor.json").read_text(encoding="utf-8"),
        parse_constant=lambda c: pytest.fail(f"{c} is no JSON"),
    )
    assert (
        d == ours.spec
        and d["vocab"] == squares.vocab
        and d["preprocessing"]["image_size"] == 32
        and d["format"] == 1
    )
    assert (
        d["model"]["outputs"] == ["probs", "maps"]
        and d["model"]["bytes"] == (ours.folder / "model.onnx").stat().st_size
    )
    assert (
        d["trained"]["framework"] == framework
        and d["trained"]["arch"] == "pocket_resnet"
        and d["trained"]["profile"]["image_size"] == 32
    )
    assert (
        d["trained"]["data_sha256"] == data_checksum(squares, "train")
        and d["trained"]["images"] == 72
    )
    assert (
        d["parity"]["images"] == 24
        and d["parity"]["largest_difference"] <= 1e-4
        and "test" in d["parity"]["what"]
    )
    assert d["versions"]["onnxruntime"] and framework in repr(ours)
    session = onnxruntime.InferenceSession(str(ours.folder / "model.onnx"))
    assert [(o.name, o.type, o.shape[1:]) for o in session.get_inputs()] == [
        ("pixels", "tensor(uint8)", [32, 32, 3])
    ] and json.loads(session.get_modelmeta().custom_metadata_map["vocab"]) == squares.vocab
    assert not list(ours.folder.glob("*.data"))  # no weights in a second file that could get lost
    thresholds = best_thresholds_per_label(run.predictions["valid"])
    np.testing.assert_array_equal(
        [d["thresholds"][o] for o in squares.vocab], thresholds.astype(np.float32)
    )
    assert "highest F1" in d["thresholds_chosen"] and "24 images of valid" in d["thresholds_chosen"]
    scores = evaluate(run.predictions["test"], thresholds)
    for k in ("mAP", "macro_f1", "micro_f1", "samples_f1", "exact_match"):
        assert d["scores"][k] == getattr(scores, k)
    assert (
        d["scores"]["f1"] == dict(zip(scores.per_label.label, scores.per_label.f1))
        and d["scores"]["split"] == "test"
    )
    again = ours.predictions(squares, "test")
    assert (
        again.fnames == squares.fnames("test")
        and again.vocab == squares.vocab
        and evaluate(again, ours.thresholds).exact_match == scores.exact_match
    )


def grad_cam(model, pixels):
    """By the book: the gradients of a logit, averaged over the picture, weigh the activations
    (Selvaraju et al. 2017, arXiv 1610.02391).
    """
    import torch

    model, out = copy.deepcopy(model).eval(), []
    a = model.feature_map(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255)
    logits = model.head(torch.cat([a.mean((2, 3)), a.amax((2, 3))], 1))
    for c in range(logits.shape[1]):
        weights = torch.autograd.grad(logits[:, c].sum(), a, retain_graph=True)[0].mean(
            (2, 3), keepdim=True
        )
        out.append(torch.relu((weights * a).sum(1)))
    return torch.stack(out, 1).detach().numpy()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_maps_are_grad_cam(framework, runs, squares):
    run, ours = runs(framework)
    net = run.model.model if framework == "fastai" else run.model
    if framework == "tensorflow":
        from mlc_course.backbones import get_arrays, pocket_resnet, set_arrays

        net = set_arrays(pocket_resnet(False, 3), get_arrays(run.model))
    paths = squares.paths("test")[:5]
    expected, maps = (
        grad_cam(net, np.stack([square_pixels(p, 32) for p in paths])),
        ours.maps(paths),
    )
    assert maps.shape == (5, 3, 2, 2) and maps.max() > 0.01 and maps.min() >= 0
    np.testing.assert_allclose(maps, expected, atol=1e-5)
    np.testing.assert_allclose(ours.maps(paths[0]), expected[:1], atol=1e-5)


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])  # fastai's folder is as torch's
def test_saving_from_the_folder_of_a_run(framework, runs, tmp_path, monkeypatch):
    """The file made before is put in the place of a new one: the parity says whether the model that
    is read from the folder is the one that was in memory.
    """
    run, ours = runs(framework)
    seen = []
    monkeypatch.setattr(
        make,
        "onnx_bytes",
        lambda source: (
            seen.append(source.model) or ((ours.folder / "model.onnx").read_bytes(), True)
        ),
    )
    again = Predictor.save(
        tmp_path / "a", run.out if framework == "torch" else load_run(run.out)
    )  # a path, or what load_run gives
    assert seen[0] is not run.model and list(seen[0].vocab) == ours.vocab
    assert (
        "images drawn for it" in again.spec["parity"]["what"]
        and "data_sha256" not in again.spec["trained"]
    )
    for k in ("vocab", "thresholds", "scores", "preprocessing"):
        assert again.spec[k] == ours.spec[k]


def torch_net(vocab, size=32, arch="pocket_resnet", scale=0.3):
    import torch

    from mlc_course.backbones import create_model

    torch.manual_seed(0)
    model = create_model(len(vocab), arch, pretrained=False)
    torch.nn.init.normal_(model.head.weight, 0, scale)
    for name, b in model.named_buffers():
        if name.endswith("running_var"):
            b.uniform_(0.5, 2)  # statistics that a batch doesn't have
        if name.endswith("running_mean"):
            b.normal_(0, 0.1)
    model.vocab, model.image_size = list(vocab), size
    return model


def test_another_network_of_torchvision(tmp_path):
    "With one label, in half precision, and left in training mode."
    import torch

    model = torch_net(["only"], 64, "resnet18", 0.05).half().train()
    ours = Predictor.save(tmp_path, model)
    pixels = noise(5, 64)
    expected = (
        torch.sigmoid(
            copy.deepcopy(model).float().eval()(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
        )
        .detach()
        .numpy()
    )
    assert (
        expected.shape == (5, 1)
        and expected.std() > 0.001
        and model.training
        and next(model.parameters()).dtype == torch.float16
    )
    np.testing.assert_allclose(ours._run(pixels), expected, atol=1e-4)
    assert (
        not ours.has_maps
        and ours.spec["model"]["outputs"] == ["probs"]
        and ours.spec["trained"]["arch"] == "resnet18"
    )
    assert list(ours.predict([pixels[0]])[0].scores) == ["only"]
    with pytest.raises(ValueError, match="no maps"):
        ours.maps([pixels[0]])


def test_another_network_of_keras(tmp_path):
    import keras

    from mlc_course.backbones import create_model_tf

    model = create_model_tf(2, "MobileNet", pretrained=False, image_size=32)
    model.vocab = ("a", "b")
    head = model.get_layer("head")
    head.set_weights(differ(head.get_weights(), 0))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(
                np.linspace(0.5, 1.5, layer.moving_variance.shape[0], dtype="float32")
            )
    ours = Predictor.save(tmp_path, model)
    pixels = noise(5)
    expected = 1 / (1 + np.exp(-model(pixels.astype("float32") / 255, training=False).numpy()))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(ours._run(pixels), expected, atol=1e-4)
    assert not ours.has_maps and ours.vocab == ["a", "b"]


ODD = [
    "a,b",
    'say "cheese"',
    "x|y",
    "two\nlines",
    "Müller 日本 🙂",
    "\u202eright to left",
    "'",
    "\\",
    "<b>",
    "={1+1}",
    " ",
]


def test_three_hundred_odd_labels_in_bf16(tmp_path):
    import torch

    vocab = ODD + [f"label {i}" for i in range(289)]
    model = torch_net(vocab).to(torch.bfloat16, memory_format=torch.channels_last).train()
    ours = Predictor.save(tmp_path / "p", model, thresholds=0.4)
    assert model.training and next(model.parameters()).dtype == torch.bfloat16
    expected = framework_probs(copy.deepcopy(model).float().eval(), noise(4))
    np.testing.assert_allclose(ours._run(noise(4)), expected, atol=1e-4)
    answer = Predictor.load(tmp_path / "p").predict([noise(4)[0]])[0]
    assert (
        ours.vocab == vocab
        and list(answer.scores) == vocab
        and ours.maps(noise(2)).shape == (2, len(vocab), 2, 2)
    )
    np.testing.assert_allclose(list(answer.scores.values()), expected[0], atol=1e-4)
    assert json.loads(json.dumps(answer.to_dict())) == dict(
        file="", labels=list(answer.labels), scores=answer.scores
    )


@pytest.mark.parametrize("what", ["no vocab", "no size", "no network", "a string"])
def test_a_model_that_does_not_say_enough(what, tmp_path):
    model = torch_net(VOCAB)
    if what == "no vocab":
        del model.vocab
    if what == "no size":
        del model.image_size
    if what == "no network":
        model = object()
    error, match = {
        "no network": (TypeError, "torch module"),
        "a string": (FileNotFoundError, "no finished run"),
    }.get(what, (ValueError, "model.vocab and model.image_size"))
    with pytest.raises(error, match=match):
        Predictor.save(tmp_path / "p", str(tmp_path) if what == "a string" else model)
    assert not (tmp_path / "p").exists() or not list((tmp_path / "p").iterdir())


def test_a_missing_exporter_is_named(monkeypatch, tmp_path):
    model = torch_net(VOCAB)
    for name in ("onnx", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        ImportError,
        match=r"needs onnx and onnxscript, which aren\'t installed here: pip install "
        r'"mlc_course\[export\]"',
    ):
        Predictor.save(tmp_path, model)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- nothing but onnxruntime


def test_no_framework_and_no_pickle(runs, squares):
    run, ours = runs("torch")
    out = python(
        f"import sys, json\nfor name in {HEAVY!r}: sys.modules[name] = None\nfrom "
        "mlc_course.predictor import Predictor\ndef hook(event, args):\n    if event == "
        "'pickle.find_class': raise SystemExit(f'{event} {args}')\nsys.addaudithook(hook)\np = "
        "Predictor.load(sys.argv[1])\nanswers = p.predict(sys.argv[2:])\n"
        "print(json.dumps([list(o.scores.values()) for o in answers]), "
        f"p.maps(sys.argv[2:3]).shape)\nprint(*[o for o in {HEAVY!r} if sys.modules.get(o) is "
        "not None])",
        ours.folder,
        *squares.paths("test"),
    ).splitlines()
    np.testing.assert_allclose(
        json.loads(out[0].removesuffix(" (1, 3, 2, 2)")), run.predictions["test"].probs, atol=1e-4
    )
    assert out[1].strip() == ""


def test_plain_import_loads_nothing_heavy(tmp_path):
    folder = hand_made(tmp_path / "p")
    out = python(
        "import sys\nfrom mlc_course.predictor import "
        "Predictor\nPredictor.load(sys.argv[1]).predict([sys.argv[2]])\nprint(*[o for o in "
        f"{HEAVY!r} if o in sys.modules])",
        folder,
        colour(tmp_path / "a.png", 255),
    )
    assert out.strip() == ""


def test_no_pickled_code_runs(monkeypatch, tmp_path):
    folder = hand_made(tmp_path / "p")
    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, lambda *a, **k: pytest.fail("pickle"))
    assert Predictor.load(folder).predict([np.full((4, 4, 3), (255, 0, 0), np.uint8)])[
        0
    ].labels == ("red",)


# ---------------------------------------------------------------- one preprocessing


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(path, side=30_000):
    "A PNG of a few bytes that says it has side x side pixels."
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
    return path


def odd_pictures(root):
    """Whatever a phone, a scanner or a joker produces: names of files, and the label that each
    shows.
    """
    rng = np.random.default_rng(0)
    red = np.zeros((30, 50, 3), np.uint8)
    red[..., 0] = 255
    image, out = Image.fromarray(red), {}

    def save(name, picture, shows="red", **kwargs):
        picture.save(root / name, **kwargs)
        out[name] = shows

    for orientation in (3, 5, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(
            f"exif{orientation}.jpg",
            Image.fromarray(rng.integers(0, 256, (30, 50, 3), dtype=np.uint8)),
            None,
            exif=exif.tobytes(),
            quality=95,
        )
    wide = rng.integers(0, 65536, (20, 30)).astype(np.uint16)
    save("sixteen.png", Image.fromarray(wide), None)
    save("sixteen.tif", Image.fromarray(wide.astype(">u2")), None)
    for mode, name in [
        ("CMYK", "cmyk.jpg"),
        ("P", "palette.png"),
        ("RGBA", "alpha.png"),
        ("YCbCr", "ycc.jpg"),
    ]:
        save(name, image.convert(mode))
    for mode, name in [
        ("L", "grey.jpg"),
        ("LA", "grey_alpha.png"),
        ("1", "one_bit.png"),
        ("I", "int.png"),
    ]:
        save(
            name,
            Image.fromarray(rng.integers(0, 256, (20, 30), dtype=np.uint8)).convert(mode),
            None,
        )
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    save("clear_palette.png", palette, None, transparency=0)
    clear = rng.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    save("veil.png", Image.fromarray(clear), None)
    save("veil.webp", Image.fromarray(clear), None, lossless=True)
    frames = [Image.new("RGB", (20, 16), c) for c in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    for name in ("moving.gif", "moving.png", "moving.webp"):
        save(name, frames[0], save_all=True, append_images=frames[1:], duration=50, loop=0)
    save("dot.png", Image.new("RGB", (1, 1), (255, 0, 0)))
    save("wide.png", Image.fromarray(rng.integers(0, 256, (10, 10_000, 3), dtype=np.uint8)), None)
    save("tall.jpg", Image.fromarray(rng.integers(0, 256, (10_000, 10, 3), dtype=np.uint8)), None)
    save("really a png.jpg", image, format="PNG")
    return out


def seen_by(ours, images):
    "The pixels that reach the model."
    seen, run = [], ours._run
    ours._run = lambda pixels, *a: (seen.append(pixels.copy()), run(pixels, *a))[1]
    try:
        list(ours.stream(images, batch_size=4, workers=1))
    finally:
        del ours._run
    return np.concatenate(seen)


def test_training_and_predicting_see_the_same_bytes(tmp_path):
    root = tmp_path / "pictures"
    root.mkdir()
    shows = odd_pictures(root)
    table = ImageTable(
        pd.DataFrame(dict(fname=list(shows), labels=[[] for _ in shows], split="train")),
        root,
        VOCAB,
    )
    ours = Predictor.load(hand_made(tmp_path / "p", size=24))
    trained_on = cached_pixels(table, 24, folder=tmp_path / "cache")[1]
    assert len(np.unique(trained_on.reshape(len(table), -1), axis=0)) > 15
    np.testing.assert_array_equal(seen_by(ours, table.paths()), trained_on)
    np.testing.assert_array_equal(seen_by(ours, map(str, table.paths())), trained_on)
    np.testing.assert_array_equal(seen_by(ours, [Image.open(p) for p in table.paths()]), trained_on)
    np.testing.assert_array_equal(
        seen_by(ours, [np.asarray(load_image(p)) for p in table.paths()]), trained_on
    )
    for answer, (name, label) in zip(ours.predict(table.paths()), shows.items()):
        if label:
            assert answer.labels == (label,) and answer.scores[label] > 0.98, (
                name
            )  # of an animation, the first picture
    upright = {
        name: ours.predict(root / name)[0].scores for name in shows if name.startswith("clear")
    }
    assert all(v > 0.99 for o in upright.values() for v in o.values())  # nothing but paper: white


def test_orientation_reaches_the_model(tmp_path):
    half = np.zeros((16, 32, 3), np.uint8)
    half[:8, :, 0] = 255  # red above; turned by 90 degrees, red at one side
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(half).save(tmp_path / "a.jpg", exif=exif.tobytes(), quality=100)
    seen = seen_by(Predictor.load(hand_made(tmp_path / "p")), [tmp_path / "a.jpg"])[0]
    assert seen[:, 6:, 0].min() > 200 and seen[:, :2, 0].max() < 60


# ---------------------------------------------------------------- bad pictures


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    return Predictor.load(hand_made(tmp_path_factory.mktemp("hand")))


@pytest.fixture
def bad(tmp_path):
    "Files that are no pictures: path and what is said of it."
    good = tmp_path / "good.jpg"
    Image.fromarray(noise(1, 80)[0]).save(good)
    raw = good.read_bytes()
    Image.new("1", (12_000, 12_000)).save(tmp_path / "one_bit.png")
    Image.fromarray(np.zeros((3, 3), np.float32)).save(tmp_path / "float.tif")
    (tmp_path / "folder.jpg").mkdir()
    for name, data in [
        ("zero.jpg", b""),
        ("cut.jpg", raw[: len(raw) // 2]),
        ("head.jpg", raw[:30]),
        ("text.jpg", b"<html>404</html>"),
    ]:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    out = {
        "zero.jpg": "empty",
        "cut.jpg": "cut off",
        "head.jpg": "",
        "text.jpg": "web page|not an image",
        "folder.jpg": "no image file",
        "missing.jpg": "no image file",
        "loop.jpg": "",
        "float.tif": "white",
        "bomb.png": "pixels",
        "one_bit.png": "12000 x 12000",
    }
    bomb(tmp_path / "bomb.png")
    if os.geteuid() != 0:
        good.with_name("secret.jpg").write_bytes(raw)
        good.with_name("secret.jpg").chmod(0)
        out["secret.jpg"] = "ermission"
    return {tmp_path / k: v for k, v in out.items()}


def test_bad_pictures_are_named(bad, hand, recwarn):
    for path, why in bad.items():
        with pytest.raises((ValueError, OSError), match=why) as e:
            hand.predict([path])
        assert path.name in str(e.value), (path, e.value)
        with pytest.raises((ValueError, OSError)) as e:
            hand.predict([colour(path.with_name("fine.png"), 255), path])
        assert path.name in str(e.value)
    for path in ("a\0b.jpg", "x" * 300 + ".jpg"):
        with pytest.raises((ValueError, OSError)):
            hand.predict([path])


@pytest.mark.filterwarnings("ignore:Image size")
def test_the_stream_goes_on(bad, hand, tmp_path):
    fine = [colour(tmp_path / f"{i}.png", 10 * i) for i in range(20)]
    mixed = [o for pair in zip(fine, [*bad, *bad]) for o in pair]
    for batch_size, workers in [(1, 1), (3, 2), (8, 4), (300, None)]:
        answers = list(hand.stream(iter(mixed), batch_size=batch_size, workers=workers))
        assert len(answers) == len(mixed)
        for path, o in zip(mixed, answers):
            if path in bad:
                assert isinstance(o, (ValueError, OSError)) and path.name in str(o)
            else:
                assert (
                    isinstance(o, LabelScores)
                    and o.fname == str(path)
                    and abs(o.scores["red"] - 10 * int(path.stem) / 255) < 1e-6
                )


@pytest.mark.skipif(sys.platform != "linux", reason="counts in kilobytes on Linux only")
def test_bombs_need_no_memory(tmp_path):
    folder, a = hand_made(tmp_path / "p"), bomb(tmp_path / "a.png")
    Image.new("1", (12_000, 12_000)).save(tmp_path / "b.png")
    Image.new("L", (20_000, 20_000)).save(tmp_path / "c.png", compress_level=1)
    out = python(
        "import sys, resource, warnings\nfrom mlc_course.predictor import Predictor\nmb = "
        "lambda: "
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024\nwarnings.simplefilter('ignore')\n"
        "p = Predictor.load(sys.argv[1]); p.predict([sys.argv[2]]); before = mb()\n"
        "print([type(o).__name__ for o in p.stream(sys.argv[3:]*3)], mb() - before)",
        folder,
        colour(tmp_path / "d.png", 1),
        a,
        tmp_path / "b.png",
        tmp_path / "c.png",
    )
    kinds, grown = out.rsplit(" ", 1)
    assert kinds == str(["ValueError"] * 9) and float(grown) < 60, out


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((5, 5, 3), np.float32),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((3, 5, 5), np.uint8),
    ],
)
def test_arrays_that_are_no_pictures(image, hand):
    with pytest.raises(ValueError, match="array"):
        hand.predict([image])
    answers = list(hand.stream([image, np.zeros((5, 5, 3), np.uint8)]))
    assert isinstance(answers[0], ValueError) and isinstance(answers[1], LabelScores)


# ---------------------------------------------------------------- the stream


def test_stream_looks_ahead_a_little_only(hand):
    taken = 0

    def pictures():
        nonlocal taken
        for i in range(3000):
            taken += 1
            yield np.full((2, 2, 3), i % 256, np.uint8)

    answers = hand.stream(pictures(), batch_size=4, workers=3)
    assert taken == 0
    first = next(answers)
    assert taken == 1 and first.scores["red"] == 0
    for i, o in enumerate(answers, 1):
        assert abs(o.scores["red"] - (i % 256) / 255) < 1e-6
        assert taken - i <= 2 * 3 * 4, i
    assert taken == 3000


def test_stream_of_nothing(hand):
    assert list(hand.stream([])) == [] == hand.predict([]) and list(hand.stream(iter(()))) == []


def test_stream_without_end(hand):
    "Closing it stops its threads; nothing is waited for but the batches in work."

    def forever():
        while True:
            yield np.zeros((2, 2, 3), np.uint8)

    before = threading.active_count()
    answers = hand.stream(forever(), batch_size=2, workers=4)
    for _ in range(50):
        next(answers)
    assert threading.active_count() > before
    answers.close()
    assert threading.active_count() == before
    with pytest.raises(StopIteration):
        next(answers)


@pytest.mark.parametrize("fault", [KeyError("a bug"), TypeError("a bug"), RuntimeError("a bug")])
@pytest.mark.parametrize("at", [0, 17])
def test_what_is_no_fault_of_the_picture_is_raised(fault, at, hand, monkeypatch):
    def faulty(image, size):
        if image == str(at):
            raise fault
        return np.zeros((size, size, 3), np.uint8)

    monkeypatch.setattr(recipe, "square_pixels", faulty)
    before, answers = threading.active_count(), []
    with pytest.raises(type(fault)):
        for o in hand.stream(map(str, range(200)), batch_size=4, workers=2):
            answers.append(o)
    assert len(answers) <= at and threading.active_count() == before


def test_a_source_that_fails(hand):
    def pictures():
        for _ in range(10):
            yield np.zeros((2, 2, 3), np.uint8)
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(hand.stream(pictures(), batch_size=2, workers=1))
    assert threading.active_count() == before


def test_odd_batches_are_refused(hand):
    for n in (0, -1):
        with pytest.raises(ValueError, match="batch_size"):
            list(hand.stream([np.zeros((2, 2, 3), np.uint8)] * 5, batch_size=n))


# ---------------------------------------------------------------- labels

GRID = [0.0, 1e-30, 0.1, 0.3, 0.5, float(np.nextafter(np.float32(0.5), np.float32(1))), 0.7, 1.0]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            *[
                st.lists(
                    st.one_of(st.sampled_from(GRID), st.floats(0, 1, width=32)),
                    min_size=n,
                    max_size=n,
                )
                for _ in range(2)
            ]
        )
    )
)
def test_labels_are_those_above_their_thresholds(both):
    probs, thresh = both
    vocab = [f"l{i}" for i in range(len(probs))]

    class Session:
        def get_outputs(self):
            return []

    ours = Predictor(
        Session(),
        dict(vocab=vocab, thresholds=dict(zip(vocab, thresh)), preprocessing=dict(image_size=8)),
    )
    p, t = np.array(probs, np.float32), np.array(thresh, np.float32)
    o = ours._scores("a.jpg", p)
    assert set(o.labels) == {label for label, a, b in zip(vocab, p, t) if a > b}
    assert [o.scores[label] for label in o.labels] == sorted(
        (o.scores[label] for label in o.labels), reverse=True
    )
    assert list(o.labels) == sorted(
        o.labels, key=lambda label: (-o.scores[label], vocab.index(label))
    )  # equal scores: as in the vocab
    assert list(o.scores) == vocab and list(o.scores.values()) == p.tolist()
    assert (
        str(o)
        == (", ".join(f"{label} {o.scores[label]:.2f}" for label in o.labels) or "no predictions")
        and o.to_dict()["file"] == "a.jpg"
    )


def test_thresholds_elsewhere(hand):
    picture = np.full((4, 4, 3), (255, 127, 51), np.uint8)  # red 1, green .498, blue .2
    labels = lambda p: p.predict(picture)[0].labels
    assert labels(hand) == ("red",)
    assert (
        labels(hand.with_thresholds(0.1)) == ("red", "green", "blue")
        and labels(hand.with_thresholds(1)) == ()
        and labels(hand.with_thresholds(0)) == ("red", "green", "blue")
    )
    assert labels(hand.with_thresholds([0.1, 0.9, 0.9])) == ("red", "blue")
    assert labels(hand.with_thresholds(dict(red=1, green=0.4, blue=0.4))) == ("green",)
    assert labels(hand) == ("red",) and hand.with_thresholds(0.1).folder == hand.folder
    black = np.zeros((4, 4, 3), np.uint8)
    assert (
        hand.with_thresholds(0).predict(black)[0].labels == ()
        and str(hand.with_thresholds(0).predict(black)[0]) == "no predictions"
    )
    for wrong in (
        -0.1,
        1.1,
        math.nan,
        [0.5],
        [0.5] * 4,
        [[0.5] * 3],
        "high",
        {"red": 0.5},
        dict(red=1, green=0.4, blue=0.4, pink=0.1),
        None,
    ):
        with pytest.raises((ValueError, TypeError), match="hreshold|float"):
            hand.with_thresholds(wrong)
    with pytest.raises(ValueError, match="'pink'"):
        hand.with_thresholds(dict(red=1, green=0.4, blue=0.4, pink=0.1))


def test_predictions_of_a_table(hand, squares):
    got = hand.predictions(squares, "valid")
    assert (
        isinstance(got, Predictions)
        and got.fnames == squares.fnames("valid")
        and got.probs.dtype == np.float32
    )
    np.testing.assert_array_equal(got.targets, squares.targets("valid"))
    np.testing.assert_allclose(
        got.probs,
        [np.asarray(Image.open(p)).mean((0, 1))[::-1] / 255 for p in squares.paths("valid")],
        atol=0.01,
    )
    with pytest.raises(ValueError, match="no split 'dev'"):
        hand.predictions(squares, "dev")
    other = ImageTable(squares.df, squares.root, [*VOCAB, "pink"])
    with pytest.raises(ValueError, match="pink"):
        hand.predictions(other)


# ---------------------------------------------------------------- bad folders


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder.*mlc export"):
        Predictor.load(tmp_path / "no")
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(FileNotFoundError, match="no folder"):
        Predictor.load(file)
    with pytest.raises(FileNotFoundError, match="no model.onnx and no predictor.json"):
        Predictor.load(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=f"training run.*mlc export {tmp_path}"):
        Predictor.load(tmp_path)
    for gone, stays in [("model.onnx", "predictor.json"), ("predictor.json", "model.onnx")]:
        folder = hand_made(tmp_path / gone)
        (folder / gone).unlink()
        with pytest.raises(FileNotFoundError, match=f"no {gone}, so"):
            Predictor.load(folder)
        (folder / gone).mkdir()
        with pytest.raises(FileNotFoundError, match=f"no {gone}"):
            Predictor.load(folder)


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("nonsense", "JSON"),
        ("[]", "no format"),
        ("{}", "no format"),
        ("null", "no format"),
        ('"x"', "no format"),
        ("1", "no format"),
        ('{"format": "1"}', "no format"),
        ('{"format": true}', "no format"),
        ('{"format": null}', "no format"),
        ('{"format": 1.5}', "no format"),
        ('{"format": 1}', "vocab"),
        ("[" * 100_000, "JSON"),
        (b"\xff\xfe\x00", "JSON"),
        (b"\0" * 50, "JSON"),
    ],
)
def test_a_spec_that_is_none(text, why, tmp_path):
    folder = hand_made(tmp_path / "p")
    (folder / "predictor.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=f"predictor.json can't be used.*{why}.*mlc export"):
        Predictor.load(folder)


@pytest.mark.parametrize(
    "change, why",
    [
        (dict(vocab={}), "vocab"),
        (dict(vocab=[]), "vocab"),
        (dict(vocab=None), "vocab"),
        (dict(vocab=["blue", "green", 3]), "different label names"),
        (dict(vocab=["blue", "green", "green"]), "different label names"),
        (dict(vocab="blue"), "vocab"),
        (dict(vocab=["blue", "green"]), "'red'"),
        (dict(vocab=["blue", "green", "red", "pink"]), "'pink'"),
        (dict(thresholds=[0.5]), "thresholds"),
        (dict(thresholds=None), "thresholds"),
        (dict(thresholds=dict(blue=0.5, green=0.5)), "'red'"),
        (dict(thresholds=dict(blue=0.5, green=0.5, red=0.5, pink=0.5)), "'pink'"),
        *[
            (dict(thresholds=dict(blue=0.5, green=0.5, red=v)), "threshold of 'red'")
            for v in (math.nan, math.inf, 1.01, -1, "high", None, True, [0.5], 10**400)
        ],
        (dict(preprocessing=None), "preprocessing"),
        (dict(preprocessing={}), "image_size"),
        *[
            (dict(preprocessing=dict(image_size=v)), "image_size")
            for v in (0, -8, "8", 8.5, True, None)
        ],
        (dict(preprocessing=dict(image_size=16)), "16"),
        (dict(model=None), "model"),
        (dict(model={}), "SHA-256"),
        (dict(model=dict(sha256=None)), "SHA-256"),
        (dict(model=dict(sha256="0" * 64)), "SHA-256"),
        (dict(trained=3), "trained"),
        (dict(vocab=["green", "blue", "red"]), "another order"),
        (
            dict(vocab=["blue", "green", "rot"], thresholds=dict(blue=0.5, green=0.5, rot=0.5)),
            "rot",
        ),
        (dict(vocab=["blue", "green"], thresholds=dict(blue=0.5, green=0.5)), "labels"),
    ],
)
def test_a_spec_that_was_changed(change, why, tmp_path):
    folder = edit(hand_made(tmp_path / "p"), lambda d: d.update(change))
    with pytest.raises(ValueError, match=why) as e:
        Predictor.load(folder)
    assert str(folder) in str(e.value) and "can't be used" in str(e.value)


def test_a_newer_format(tmp_path):
    folder = edit(
        hand_made(tmp_path / "p"),
        lambda d: d.update(
            format=3, versions=dict(mlc_course="9.8.7"), vocab="whatever it means then"
        ),
    )
    with pytest.raises(ValueError, match=r"format 3.*up to format 2.*9\.8\.7.*Install a newer"):
        Predictor.load(folder)
    edit(folder, lambda d: d.update(versions=None))
    with pytest.raises(ValueError, match="newer"):
        Predictor.load(folder)


def test_a_threshold_changed_by_hand(tmp_path):
    folder = hand_made(tmp_path / "p")
    picture = np.full((4, 4, 3), (102, 0, 0), np.uint8)
    assert Predictor.load(folder).predict(picture)[0].labels == ()
    edit(folder, lambda d: d["thresholds"].update(red=0.3))
    assert Predictor.load(folder).predict(picture)[0].labels == ("red",)
    text = (folder / "predictor.json").read_text()
    (folder / "predictor.json").write_text(
        "\ufeff" + text.replace(", ", ",\r\n  "), encoding="utf-8"
    )  # as an editor on Windows saves it
    assert Predictor.load(folder).predict(picture)[0].labels == ("red",)
    edit(
        folder, lambda d: d.update(note="kept", thresholds=dict(blue=1, green=0, red=1))
    )  # whole numbers, and something new
    assert (
        Predictor.load(folder).predict(picture)[0].labels == ()
        and Predictor.load(folder).thresholds.dtype == np.float32
    )


def test_another_model(tmp_path):
    folder = hand_made(tmp_path / "p")
    whole = (folder / "model.onnx").read_bytes()
    for data in (
        whole[: len(whole) // 2],
        b"",
        b"<html>",
        hand_made(tmp_path / "q", weights=kit.WEIGHTS[::-1].copy())
        .joinpath("model.onnx")
        .read_bytes(),
    ):
        (folder / "model.onnx").write_bytes(data)
        with pytest.raises(ValueError, match="model.onnx can't be used.*SHA-256"):
            Predictor.load(folder)
    for data in (whole[: len(whole) // 2], b"", b"<html>"):
        (folder / "model.onnx").write_bytes(data)
        with pytest.raises(ValueError, match="model.onnx can't be used.*isn't an ONNX model"):
            Predictor.load(seal(folder))


@pytest.mark.parametrize(
    "made, why",
    [
        (dict(names=("image", "probs")), "'image'"),
        (dict(names=("pixels", "logits")), "'logits'"),
        (dict(n=1), "bytes"),
        (dict(n=2), "bytes"),
        (dict(n=7), "bytes"),
        (dict(kind="FLOAT"), "bytes"),
        (dict(kind="INT8"), "bytes"),
        (dict(weights=np.ones((2, 3))), "labels"),
        (dict(weights=np.ones((4, 3))), "labels"),
        (dict(weights=np.ones((1, 3))), "labels"),
        (dict(weights=-np.eye(3)), "no probabilities"),
        (dict(scale=1.0), "no probabilities"),
        (dict(weights=np.full((3, 3), np.nan)), "no probabilities"),
    ],
)
@pytest.mark.parametrize("facts", [True, False])
def test_a_model_with_other_habits(made, why, facts, tmp_path):
    "The checksum is right and the model isn't."
    folder = hand_made(tmp_path / "p", **made, **({} if facts else dict(facts={})))
    with pytest.raises(ValueError, match=f"can't be used.*{why}"):
        Predictor.load(folder)


def test_a_model_of_another_size(tmp_path):
    folder = hand_made(tmp_path / "p", facts={})
    edit(folder, lambda d: d["preprocessing"].update(image_size=16))
    with pytest.raises(ValueError, match="16, 16"):
        Predictor.load(folder)


def test_a_model_with_strange_facts(tmp_path):
    for facts in (
        dict(vocab="not json"),
        dict(vocab="3"),
        dict(vocab="null"),
        dict(vocab='["blue"]'),
        dict(image_size="large"),
    ):
        with pytest.raises(ValueError, match="model.onnx can't be used"):
            Predictor.load(hand_made(tmp_path / "p", facts=facts))


# ---------------------------------------------------------------- saving


@pytest.fixture
def mean_run(squares, smoke, monkeypatch):
    """A run whose model is the mean colour, so that the ONNX file can be made by hand and nothing
    waits for the exporter.
    """
    import torch

    class Mean(torch.nn.Module):
        arch, vocab, image_size = "mean", list(VOCAB), 8

        def __init__(self):
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            return torch.logit(x.mean((2, 3)).flip(1) * self.gain, 1e-7)

    monkeypatch.setattr(make, "onnx_bytes", lambda source: (kit.content(), True))
    model = Mean()

    def one(split):
        return Predictions(
            framework_probs(model, np.stack([square_pixels(p, 8) for p in squares.paths(split)])),
            squares.targets(split),
            VOCAB,
            squares.fnames(split),
        )

    return TrainingRun(
        "torch",
        model,
        VOCAB,
        pd.DataFrame(dict(epoch=[0])),
        {s: one(s) for s in ("valid", "test")},
        smoke,
        "squares",
        1.0,
    )


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_saving_twice(mean_run, squares, tmp_path):
    (tmp_path / "history.csv").write_text("mine")
    Predictor.save(tmp_path, mean_run, squares, 0.3)
    again = Predictor.save(tmp_path, mean_run, squares, 0.4)
    assert (
        sorted(content(tmp_path)) == ["history.csv", "model.onnx", "predictor.json"]
        and (tmp_path / "history.csv").read_text() == "mine"
    )
    assert (
        set(again.spec["thresholds"].values()) == {float(np.float32(0.4))}
        and again.spec["thresholds_chosen"] == "given"
    )
    assert again.folder == tmp_path


@pytest.mark.parametrize(
    "given_, expected",
    [
        (0.3, [0.3] * 3),
        (1, [1] * 3),
        ([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        (np.array([0.1, 0.2, 0.3]), [0.1, 0.2, 0.3]),
        (dict(red=0.3, blue=0.1, green=0.2), [0.1, 0.2, 0.3]),
    ],
)
def test_thresholds_given(given_, expected, mean_run, tmp_path):
    ours = Predictor.save(tmp_path, mean_run, thresholds=given_)
    np.testing.assert_array_equal(ours.thresholds, np.float32(expected))
    assert (
        list(ours.spec["thresholds"]) == VOCAB
        and ours.spec["scores"]["macro_f1"]
        == evaluate(mean_run.predictions["test"], expected).macro_f1
    )
    assert (
        Predictor.save(tmp_path, mean_run, thresholds=given_, chosen="by my boss").spec[
            "thresholds_chosen"
        ]
        == "by my boss"
    )


@pytest.mark.parametrize(
    "wrong, why",
    [
        ([0.5], "3 labels"),
        ([0.5] * 4, "3 labels"),
        (1.5, "0, 1"),
        (math.nan, "0, 1"),
        (dict(red=0.5, green=0.5), "'blue'"),
        (dict(red=0.5, green=0.5, blue=0.5, pink=0.5), "'pink'"),
    ],
)
def test_thresholds_refused(wrong, why, mean_run, tmp_path):
    with pytest.raises(ValueError, match=why):
        Predictor.save(tmp_path / "p", mean_run, thresholds=wrong)
    assert not (tmp_path / "p").exists()


def test_thresholds_of_labels_that_validation_lacks(mean_run, squares, tmp_path):
    valid, test = mean_run.predictions["valid"], mean_run.predictions["test"]
    targets, none = valid.targets.copy(), test.targets.copy()
    targets[:, 1] = False
    none[:, 1:] = False
    run = replace(
        mean_run,
        predictions=dict(
            valid=Predictions(valid.probs, targets, VOCAB, valid.fnames),
            test=Predictions(test.probs, none, VOCAB, test.fnames),
        ),
    )
    ours = Predictor.save(tmp_path, run)
    assert (
        ours.spec["thresholds"]["green"] == 0.5
        and "0.5 for 1 without" in ours.spec["thresholds_chosen"]
    )
    text = (tmp_path / "predictor.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda c: pytest.fail(f"{c} is no JSON"))
    without = replace(
        mean_run,
        predictions=dict(test=Predictions(test.probs, np.zeros_like(none), VOCAB, test.fnames)),
    )
    ours = Predictor.save(tmp_path, without)
    json.loads(
        (tmp_path / "predictor.json").read_text(encoding="utf-8"),
        parse_constant=lambda c: pytest.fail(f"{c} is no JSON"),
    )
    assert ours.spec["scores"]["mAP"] is None and set(ours.spec["thresholds"].values()) == {0.5}
    for bare in (replace(mean_run, predictions={}), mean_run.model):
        ours = Predictor.save(tmp_path / "deep" / "er", bare, squares)
        assert (
            ours.spec["scores"] is None
            and set(ours.spec["thresholds"].values()) == {0.5}
            and "0.5 for every label" in ours.spec["thresholds_chosen"]
        )


@pytest.mark.parametrize("table", [True, False])
def test_an_export_that_answers_otherwise_is_not_kept(
    table, mean_run, squares, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        make, "onnx_bytes", lambda source: (kit.content(kit.WEIGHTS * np.float32(0.999)), True)
    )
    with pytest.raises(
        ValueError,
        match="doesn't answer as the (module|trainer's).* does: for .*'(blue|green|red)' it says "
        "0.* instead of 0.*Nothing was written",
    ):
        Predictor.save(tmp_path / "p", mean_run, squares if table else None)
    assert not (tmp_path / "p").exists()
    Predictor.save(tmp_path / "p", mean_run, squares if table else None, tolerance=0.01)
    before = content(tmp_path / "p")
    with pytest.raises(ValueError, match="Nothing was written"):
        Predictor.save(tmp_path / "p", mean_run, squares if table else None)
    assert content(tmp_path / "p") == before


def test_one_wrong_picture_is_enough(mean_run, squares, tmp_path):
    "The parity is over every picture, and with what the trainer wrote down."
    kept = mean_run.predictions["test"]
    probs = kept.probs.copy()
    probs[17, 2] += 0.0005
    run = replace(
        mean_run,
        predictions=mean_run.predictions
        | dict(test=Predictions(probs, kept.targets, VOCAB, kept.fnames)),
    )
    with pytest.raises(ValueError, match=f"for {kept.fnames[17]}, 'red'"):
        Predictor.save(tmp_path, run, squares)


@pytest.mark.parametrize("fault", ["framework_probs", "NaN"])
def test_a_framework_that_disagrees(fault, mean_run, squares, tmp_path, monkeypatch):
    wrong = {
        "framework_probs": lambda m, x, **k: np.full((len(x), 3), 0.5, np.float32),
        "NaN": lambda m, x, **k: np.full((len(x), 3), np.nan, np.float32),
    }[fault]
    monkeypatch.setattr(parity, "framework_probs", wrong)
    with pytest.raises(ValueError, match="doesn't answer as"):
        Predictor.save(tmp_path, replace(mean_run, predictions={}), squares)
    with pytest.raises(ValueError, match="doesn't answer as"):
        Predictor.save(tmp_path, mean_run)
    assert not list(tmp_path.iterdir())


def fail(*args, **kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("where", ["export", "spec", "rename", "parity", "Ctrl-C"])
def test_a_failure_leaves_the_old_pair(where, mean_run, squares, tmp_path, monkeypatch):
    Predictor.save(tmp_path, mean_run, squares, 0.3)
    before, error = content(tmp_path), OSError
    if where == "export":
        monkeypatch.setattr(make, "onnx_bytes", fail)
    if where == "spec":
        monkeypatch.setattr(F.json, "dumps", fail)
    if where == "rename":
        monkeypatch.setattr(F.os, "replace", fail)
    if where == "parity":
        monkeypatch.setattr(make, "measure", fail)
    if where == "Ctrl-C":
        error = KeyboardInterrupt

        def press(*args):
            raise KeyboardInterrupt

        monkeypatch.setattr(F, "write", press)
    with pytest.raises(error):
        Predictor.save(tmp_path, mean_run, squares, 0.4)
    monkeypatch.undo()
    assert content(tmp_path) == before and set(
        Predictor.load(tmp_path).spec["thresholds"].values()
    ) == {float(np.float32(0.3))}


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
@pytest.mark.parametrize("room", [100, 1200, None])
def test_a_full_disk_leaves_the_old_pair(room, mean_run, squares, tmp_path, monkeypatch):
    """A file that may not grow behaves as a full disk does: in the model, in the spec, and in the
    last byte of the pair.
    """
    import resource

    Predictor.save(tmp_path, mean_run, squares, 0.3)
    before = content(tmp_path)
    room = room or len(before["predictor.json"]) - 40
    with pytest.raises(ValueError):
        F.check_model(tmp_path, b"<")  # whatever is imported first is imported now
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            Predictor.save(tmp_path, mean_run, squares, 0.4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content(tmp_path) == before and Predictor.load(tmp_path).predict(
        np.zeros((3, 3, 3), np.uint8)
    )


def test_checksum(squares, tmp_path):
    whole = data_checksum(squares)
    shutil.copytree(squares.root, tmp_path / "moved")
    moved = ImageTable(squares.df, tmp_path / "moved", squares.vocab, "another name")
    assert (
        data_checksum(moved) == whole
        and len(whole) == 64
        and data_checksum(squares, "train") != whole != data_checksum(squares, "test")
    )
    assert data_checksum(squares.subset("train"), "train") == data_checksum(squares, "train")
    other = moved.df.copy()
    other.at[0, "labels"] = [o for o in VOCAB if o not in other.at[0, "labels"]]
    assert data_checksum(ImageTable(other, moved.root, VOCAB)) != whole
    assert data_checksum(moved.subset(np.arange(len(moved))[::-1])) != whole
    assert data_checksum(ImageTable(moved.df, moved.root, [*VOCAB, "pink"])) != whole
    path = moved.paths()[5]
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    assert data_checksum(moved) != whole
