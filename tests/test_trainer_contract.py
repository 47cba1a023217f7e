"One contract for the three trainers: verbs, keywords, refusals, resume, faults, own networks, losses and augmentation."

import inspect
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mlc_course import decode
from mlc_course.metrics import load_run
from mlc_course.safety import TrainingDiverged

TRAINERS = ("fastai", "torch", "tf")


class Kit:
    "A trainer, and what is said differently in its framework."

    def __init__(self, name):
        import importlib

        self.name, self.module = name, importlib.import_module(f"mlc_course.train_{name}")

    def train(self, *args, **kwargs):
        return self.module.train(*args, progress=False, **kwargs)

    def net(self, n=3, end=None):
        "A small network of one's own."
        if self.name == "tf":
            import keras

            keras.utils.set_random_seed(0)
            return keras.Sequential(
                [
                    keras.Input((16, 16, 3)),
                    keras.layers.Conv2D(6, 3, 2),
                    keras.layers.BatchNormalization(),
                    keras.layers.ReLU(),
                    keras.layers.GlobalAveragePooling2D(),
                    keras.layers.Dense(n, activation=end),
                ]
            )
        import torch
        from torch import nn

        torch.manual_seed(0)
        last = [nn.Sigmoid()] if end == "sigmoid" else []
        return nn.Sequential(
            nn.Conv2d(3, 6, 3, 2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, n),
            *last,
        )

    def loss(self, name, **kwargs):
        import importlib

        found = getattr(
            importlib.import_module(
                "mlc_course.losses_tf" if self.name == "tf" else "mlc_course.losses"
            ),
            name,
        )
        return partial(found, **kwargs) if kwargs else found


@pytest.fixture(params=TRAINERS, scope="module")
def kit(request):
    return Kit(request.param)


@pytest.fixture
def quick(tiny):
    return replace(tiny, image_size=16, epochs=2, freeze_epochs=0, batch_size=36)


@pytest.fixture(scope="module")
def data(squares):
    return decode(squares, 16)


def same(a, b, exact=True):
    for s in ("valid", "test"):
        np.testing.assert_allclose(
            a.predictions[s].probs, b.predictions[s].probs, atol=0 if exact else 1e-5
        )


# ---- verbs and keywords ------------------------------------------------------------------------


def test_the_verbs_and_their_keywords(kit):
    for name in ("make_data", "make_model", "train", "predict", "save_model", "load_model"):
        assert callable(getattr(kit.module, name)), name
    parameters = inspect.signature(kit.module.train).parameters
    assert (
        list(parameters)[:4] == ["table", "profile", "out", "resume"] and "progress" in parameters
    )
    for name, default in dict(model=None, loss=None, augment=None, on_error="stop").items():
        assert (
            parameters[name].default == default
            and parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        )
    assert {"on_error"} <= set(inspect.signature(kit.module.predict).parameters)
    assert {"on_error", "augment"} <= set(inspect.signature(kit.module.make_data).parameters)


def test_a_table_and_its_decoded_give_the_same_run(kit, squares, data, quick):
    a, b = (kit.train(o, quick, model=kit.net()) for o in (squares, data))
    same(a, b, kit.name != "tf")
    assert (
        b.decoded is data
        and a.data == b.data
        and list(a.history.columns)
        == ["epoch", "train_loss", "valid_loss", "valid_macro_f1", "valid_map", "seconds"]
    )


# ---- refusals ----------------------------------------------------------------------------------


def test_refusals(kit, squares, data, quick):
    for kwargs, sentence in (
        (dict(resume=True), "out="),
        (dict(on_error="ignore"), "on_error is 'ignore'"),
        (dict(loss="bce"), "loss is 'bce'"),
        (dict(augment="flip"), "augment is 'flip'"),
        (dict(model=kit.net(4)), "4 numbers for each image"),
        (dict(model=kit.net(end="sigmoid")), "ends in a sigmoid"),
        (dict(model=7), "model is a int"),
    ):
        with pytest.raises((ValueError, TypeError), match=sentence):
            kit.train(squares, quick, **kwargs)
    with pytest.raises(ValueError, match="no rows in split 'valid'"):
        kit.train(squares.subset("train"), quick)
    with pytest.raises(ValueError, match="decoded at 16 pixels, and 32"):
        kit.train(data, replace(quick, image_size=32))
    with pytest.raises(ValueError, match="vocab is empty"):
        kit.module.make_model([], quick)
    model = kit.net()
    model.vocab = list(squares.vocab)
    if kit.name != "tf":
        model.image_size = 16
    with pytest.raises(ValueError, match="no split 'final'"):
        kit.module.predict(model, squares, "final")
    with pytest.raises(ValueError, match="knows the labels"):
        kit.train(squares, quick, model=_with_vocab(kit.net(), ["a", "b", "c"]))


def _with_vocab(model, vocab):
    model.vocab = vocab
    return model


# ---- own losses and augmentation ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name, kwargs",
    [("focal_loss", dict(gamma=1.0)), ("asymmetric_loss", {})],
    ids=["focal", "asymmetric"],
)
def test_the_losses_of_lesson_04(kit, data, quick, name, kwargs):
    plain, run = (
        kit.train(data, quick, model=kit.net()),
        kit.train(data, quick, model=kit.net(), loss=kit.loss(name, **kwargs)),
    )
    assert np.isfinite(run.history.train_loss).all() and not np.allclose(
        run.history.train_loss, plain.history.train_loss
    )
    assert not np.array_equal(run.predictions["test"].probs, plain.predictions["test"].probs)


class Counted:
    "A loss with a parameter, whose value depends on how many images it gets at once."

    def __init__(self, kit, gamma):
        self.focal, self.gamma, self._seen = kit.loss("focal_loss", gamma=gamma), gamma, set()

    def __call__(self, logits, targets):
        self._seen.add(logits.shape[0])
        return self.focal(logits, targets) * float(logits.shape[0] or 1)


def test_valid_loss_is_the_given_loss_of_all_validation_images_at_once(kit, data, quick):
    "In all three frameworks; without a loss it is the binary cross-entropy."
    valid = data.split("valid")
    if kit.name == "tf":  # the step is a graph that knows no number of images
        loss = kit.loss("macro_soft_f1")
    else:
        loss = Counted(kit, 1.5)
    one = replace(quick, epochs=1, batch_size=7)
    run = kit.train(data, one, model=kit.net(), loss=loss)
    z = np.log(run.predictions["valid"].probs.astype("float64"))
    z = (z - np.log1p(-run.predictions["valid"].probs.astype("float64"))).astype("float32")
    y = valid.targets.astype("float32")
    if kit.name == "tf":
        import tensorflow as tf

        expected = float(loss(tf.constant(z), tf.constant(y)))
    else:
        import torch

        expected = float(loss(torch.from_numpy(z), torch.from_numpy(y)))
        assert len(valid) in loss._seen
    assert run.history.valid_loss[0] == pytest.approx(expected, rel=1e-4)
    plain = kit.train(data, one, model=kit.net())
    p = plain.predictions["valid"].probs.astype("float64").clip(1e-7, 1 - 1e-7)
    bce = -np.where(valid.targets, np.log(p), np.log1p(-p)).mean()
    assert plain.history.valid_loss[0] == pytest.approx(bce, rel=1e-4)


def test_run_json_names_loss_augmentation_and_network(kit, data, quick, tmp_path):
    import json

    one = replace(quick, epochs=1)
    loss = kit.loss("focal_loss", gamma=1.0)
    kit.train(data, one, out=tmp_path / "own", model=kit.net(), loss=loss, augment="none")
    told = json.loads((tmp_path / "own" / "run.json").read_text())["recipe"]
    assert told["loss"] == "focal_loss(gamma=1.0)" and told["augment"] == "none"
    assert "Sequential with" in told["model"] and load_run(tmp_path / "own").recipe == told
    run = kit.train(data, one, out=tmp_path / "usual")
    told = load_run(tmp_path / "usual").recipe
    assert told["loss"] == "binary_cross_entropy_with_logits" and told["model"] == one.arch
    assert "flips" in told["augment"] and run.recipe == told


def test_a_loss_that_gives_no_single_number_is_refused(kit, data, quick):
    with pytest.raises(ValueError, match="one number for a batch"):
        kit.train(data, quick, model=kit.net(), loss=lambda z, y: (z - y) ** 2)


def test_a_loss_that_is_no_number_stops_the_training(kit, data, quick):
    with pytest.raises(TrainingDiverged):
        kit.train(
            data,
            quick,
            model=kit.net(),
            loss=lambda z, y: (
                (z * float("nan")).mean() if kit.name != "tf" else _mean(z * float("nan"))
            ),
        )


def _mean(x):
    import tensorflow as tf

    return tf.reduce_mean(x)


class Seen:
    "A function of a batch that remembers what it got, and draws from NumPy's global generator."

    def __init__(self):
        self.batches, self.flips = [], []

    def __call__(self, x):
        assert x.dtype == np.uint8 and x.shape[1:] == (16, 16, 3)
        flip = np.random.random(len(x)) < 0.5
        self.batches.append(len(x))
        self.flips.append(flip)
        return np.where(flip[:, None, None, None], x[:, :, ::-1], x)


def test_augmentation_of_ones_own(kit, data, quick):
    seen, again = Seen(), Seen()
    a, b = (
        kit.train(data, quick, model=kit.net(), augment=seen),
        kit.train(data, quick, model=kit.net(), augment=again),
    )
    none = kit.train(data, quick, model=kit.net(), augment="none")
    assert sum(seen.batches) >= quick.epochs * len(data.rows("train"))
    assert (
        sorted(map(bytes, seen.flips)) == sorted(map(bytes, again.flips))
        and len({bytes(o) for o in seen.flips}) > 1
    )
    same(a, b, kit.name != "tf")
    assert not np.allclose(a.history.train_loss, none.history.train_loss)
    same(none, kit.train(data, quick, model=kit.net(), augment=False), kit.name != "tf")


def test_transforms_of_torchvision(kit, data, quick):
    v2 = pytest.importorskip("torchvision.transforms.v2")
    transform = v2.Compose([v2.RandomHorizontalFlip(), v2.ColorJitter(0.2)])
    a, b = (
        kit.train(data, replace(quick, epochs=1), model=kit.net(), augment=transform)
        for _ in range(2)
    )
    same(a, b, kit.name != "tf")


def test_augmentation_that_changes_the_shape_is_refused(kit, data, quick):
    with pytest.raises(Exception, match="it must give the same shape"):
        kit.train(data, quick, model=kit.net(), augment=lambda x: x[:, ::2])
    with pytest.raises(Exception, match="take 0 to 1"):
        kit.train(data, quick, model=kit.net(), augment=lambda x: x.astype("float32"))


# ---- stop and resume ---------------------------------------------------------------------------


class Press:
    "Augmentation that leaves the images as they are, and presses Ctrl-C at one call."

    def __init__(self, at):
        self._left = at

    def __call__(self, x):
        self._left -= 1
        if self._left == 0:
            signal.raise_signal(signal.SIGINT)
        return x


def press(kit, data, quick, out, at=4, **kwargs):
    with pytest.raises(KeyboardInterrupt):
        kit.train(data, quick, out=out, model=kit.net(), augment=Press(at), **kwargs)


def test_stopped_it_resumes_and_gives_the_same(kit, data, quick, tmp_path):
    long = replace(quick, epochs=3)
    whole = kit.train(data, long, model=kit.net(), augment=Press(-1))
    before = signal.getsignal(signal.SIGINT)
    press(kit, data, long, tmp_path)
    assert signal.getsignal(signal.SIGINT) is before and [p.name for p in tmp_path.iterdir()] == [
        "checkpoint" if kit.name == "tf" else "checkpoint.pt"
    ]
    run = kit.train(data, long, out=tmp_path, resume=True, model=kit.net(), augment=Press(-1))
    same(run, whole, kit.name != "tf")
    assert len(run.history) == 3 and not any(
        p.name.startswith("checkpoint") for p in tmp_path.iterdir()
    )
    np.testing.assert_array_equal(
        load_run(tmp_path).predictions["test"].probs, run.predictions["test"].probs
    )


def test_a_checkpoint_of_another_run_is_refused(kit, squares, data, quick, tmp_path):
    long = replace(quick, epochs=3)
    press(kit, data, long, tmp_path, loss=kit.loss("focal_loss", gamma=1.0))
    again = lambda table=data, profile=long, loss=kit.loss("focal_loss", gamma=1.0), **kwargs: (
        kit.train(
            table,
            profile,
            out=tmp_path,
            resume=True,
            loss=loss,
            **(dict(model=kit.net(), augment=Press(-1)) | kwargs),
        )
    )
    for kwargs, sentence in (
        (dict(loss=None), "trained with loss"),
        (
            dict(loss=kit.loss("focal_loss", gamma=2.0)),
            r"trained with loss = 'focal_loss\(gamma=1.0\)'",
        ),
        (dict(augment="none"), "trained with augment"),
        (dict(model=kit.net_of_another_size()), "trained with model"),
        (dict(profile=replace(long, learning_rate=1e-4)), "learning_rate"),
        (dict(table=squares.subset(np.arange(100))), "other data"),
    ):
        with pytest.raises(ValueError, match=sentence):
            again(**kwargs)
    assert len(again().history) == 3


def _wider(self):
    if self.name == "tf":
        import keras

        return keras.Sequential(
            [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
        )
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(768, 3))


Kit.net_of_another_size = _wider


def test_a_broken_image_is_named_or_skipped(kit, with_a_broken_image, quick, tmp_path):
    table, name = with_a_broken_image[0], with_a_broken_image[1].name
    with pytest.raises(ValueError, match=name):
        kit.train(table, quick, out=tmp_path / "out", model=kit.net())
    with pytest.warns(UserWarning, match=f"1 of 120 .*{name}"):
        run = kit.train(table, replace(quick, epochs=1), model=kit.net(), on_error="skip")
    assert list(run.predictions["test"].fnames) == table.fnames("test")
    with pytest.raises(ValueError, match=name):
        kit.module.predict(run.model, table, "train")
    with pytest.warns(UserWarning, match=name):
        found = kit.module.predict(run.model, table, "train", on_error="skip")
    assert name not in found.fnames and len(found.fnames) == len(table.fnames("train")) - 1
    with pytest.warns(UserWarning, match=name):
        made = kit.module.make_data(table, quick, on_error="skip")
    if kit.name == "fastai":
        train = made.train.items
    else:
        train = made["train"].rows if kit.name == "torch" else made["train"].images
    assert len(train) == len(table.fnames("train")) - 1


def test_the_name_of_a_loss_says_what_it_closes_over():
    import numpy

    from mlc_course.training.options import name_of, value_of

    def make(module, gamma):
        def loss(logits, targets):
            return module.mean(gamma * (logits - targets))

        return loss

    assert value_of(numpy) == "numpy" and value_of(dict) == "dict"
    assert name_of(make(numpy, 1.0)) == name_of(make(numpy, 1.0))
    assert name_of(make(numpy, 1.0)) != name_of(make(numpy, 2.0))
    torch = pytest.importorskip("torch")  # a module that has functions called detach and numpy
    assert name_of(make(torch, 1.0)).split()[-1] == "torch"
