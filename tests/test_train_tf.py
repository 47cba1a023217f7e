import errno
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from mlc_course import train_tf
from mlc_course.metrics import confusion, evaluate, load_run, precision_recall_f1
from mlc_course.safety import TrainingDiverged
from mlc_course.tables import decode_images
from mlc_course.train_tf import (
    EpochData,
    MacroF1,
    augment_batch,
    binary_cross_entropy_with_logits,
    fit_head,
    keras,
    load_model,
    make_data,
    make_model,
    pick_policy,
    predict,
    save_model,
    tf,
    train,
    train_step,
    training_copy,
)
from mlc_course.training import tf_loop, tf_step


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def quick(smoke):
    return replace(
        smoke, image_size=16, batch_size=24, epochs=2, learning_rate=5e-3, precision="fp32"
    )


def small_net(n_out, arch="pocket_resnet", pretrained=True, image_size=None, dropout=0.0):
    "A network that is traced in no time: what happens to a run doesn't depend on what is trained."
    x = inputs = keras.Input((image_size, image_size, 3), name="pixels")
    x = keras.layers.Conv2D(8, 3, 2, name="stem")(
        keras.layers.Rescaling(4.0, -2.0, name="centre")(x)
    )
    x = keras.layers.GlobalAveragePooling2D(name="mean")(
        keras.layers.ReLU(name="relu")(keras.layers.BatchNormalization(name="bn")(x))
    )
    return keras.Model(inputs, keras.layers.Dense(n_out, name="head")(x), name="small")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(train_tf, "create_model_tf", small_net)


@pytest.fixture(scope="module")
def whole(squares, quick):
    with pytest.MonkeyPatch.context() as m:
        m.setattr(train_tf, "create_model_tf", small_net)
        return train(squares, quick, progress=False)


def same_probs(a, b, atol=1e-5):
    for s in ("valid", "test"):
        np.testing.assert_allclose(a.predictions[s].probs, b.predictions[s].probs, atol=atol)


# Data


def test_augmenting_moves_pixels_and_invents_none(images):
    y = augment_batch(tf.constant(images), tf.constant([0, 1]), shift=3).numpy()
    assert y.shape == images.shape and y.dtype == np.uint8
    for a, b in zip(images, y):
        padded = np.pad(a, ((3, 3), (3, 3), (0, 0)), mode="reflect")
        windows = [padded[i : i + 16, j : j + 16] for i in range(7) for j in range(7)]
        assert any((b == w).all() or (b == w[:, ::-1]).all() for w in windows)
    assert (images != y).any()


def test_epochs_hold_every_picture_once_and_repeat(images):
    targets = np.arange(50)[:, None] == np.arange(50)
    data = EpochData(images, targets, 8, seed=3)
    epochs = [[(x.numpy(), y.numpy()) for x, y in data(e)] for e in (0, 0, 1)]
    orders = [np.concatenate([y.argmax(1) for _, y in e]) for e in epochs]
    for order in orders:
        assert sorted(order) == list(range(50)) and (order != np.arange(50)).any()
    for (x, _), (x2, _) in zip(epochs[0], epochs[1]):
        np.testing.assert_array_equal(x, x2)
    assert (orders[0] == orders[1]).all() and (orders[0] != orders[2]).any()
    assert len(data) == len(epochs[0]) == 7 and epochs[0][0][0].max() <= 1
    assert (
        orders[0]
        != np.concatenate(
            [y.numpy().argmax(1) for _, y in EpochData(images, targets, 8, seed=4)(0)]
        )
    ).any()


def test_validation_keeps_order_and_pixels(images, tmp_path):
    np.save(tmp_path / "p.npy", images)
    mapped = np.load(tmp_path / "p.npy", mmap_mode="c")
    data = EpochData(mapped, np.arange(50)[:, None] % 7 == np.arange(7), 8, train=False)
    for epoch in (0, 1):
        np.testing.assert_allclose(
            np.concatenate([x for x, _ in data(epoch)]), images / 255, atol=1e-6
        )


def test_pixels_are_those_of_the_decoder_in_the_tables_order(squares, tiny):
    data = make_data(squares, tiny)
    np.testing.assert_allclose(
        np.concatenate([x for x, _ in data["valid"](0)]),
        decode_images(squares.paths("valid"), 32) / 255,
        atol=1e-6,
    )
    np.testing.assert_array_equal(
        np.concatenate([y for _, y in data["valid"](0)]) > 0, squares.targets("valid")
    )
    assert data["train"].train and not data["valid"].train and not data["test"].train


def test_refusals(squares, tiny, images):
    with pytest.raises(ValueError, match="no rows in split 'valid'"):
        make_data(squares.subset("train"), tiny)
    with pytest.raises(ValueError, match="out="):
        train(squares, tiny, resume=True)
    with pytest.raises(ValueError, match="vocab is empty"):
        make_model([], tiny)
    with pytest.raises(TypeError, match="uint8"):
        EpochData(images / 255, np.zeros((50, 1)), 8)
    with pytest.raises(ValueError, match="50 images and 3 rows"):
        EpochData(images, np.zeros((3, 1)), 8)
    with pytest.raises(ValueError, match="knows the labels"):
        predict(make_model(["a", "b"], tiny), squares)
    with pytest.raises(ValueError, match="no split 'final'"):
        predict(make_model(squares.vocab, tiny), squares, "final")
    with pytest.raises(FileNotFoundError, match="train_tf"):
        load_model("nowhere")
    with pytest.raises(ValueError, match="precision is 'fp8'"):
        pick_policy("fp8")
    if not tf.config.list_physical_devices("GPU"):
        with pytest.raises(ValueError, match="needs a graphics card"):
            pick_policy("fp16")


# What makes the step fast changes nothing


def test_precision_is_chosen_by_what_is_faster_here(monkeypatch):
    assert (pick_policy("fp32"), pick_policy("bf16")) == ("float32", "mixed_bfloat16")
    if tf.config.list_physical_devices("GPU"):
        return
    for slow, policy in (
        ("float32", "mixed_bfloat16"),
        ("bfloat16", "float32"),
    ):  # the second: a processor without bf16
        monkeypatch.setattr(tf_step, "conv_seconds", lambda dtype: 2.0 if dtype == slow else 1.0)
        assert pick_policy.__wrapped__("auto") == policy


def test_the_training_copy_is_the_same_network(images, quick):
    model = make_model(["a", "b", "c"], quick)
    x, y = (
        tf.constant(images[:24].astype("float32") / 255),
        tf.constant(np.arange(24)[:, None] % 3 == np.arange(3), tf.float32),
    )
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    learners = dict(
        plain=plain, fused=training_copy(model), bf16=training_copy(model, "mixed_bfloat16")
    )
    assert (
        sum(isinstance(o, train_tf.FusedBatchNorm) for o in learners["fused"].layers)
        == sum(isinstance(o, keras.layers.BatchNormalization) for o in plain.layers)
        > 5
    )
    losses = {
        k: [
            float(f(x, y))
            for f in [train_step(m, keras.optimizers.SGD(0.1), binary_cross_entropy_with_logits)]
            for _ in range(4)
        ]
        for k, m in learners.items()
    }
    np.testing.assert_allclose(losses["fused"], losses["plain"], rtol=1e-3)
    np.testing.assert_allclose(losses["bf16"], losses["plain"], rtol=0.05)
    for a, b in zip(learners["fused"].get_weights(), plain.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=2e-3)
    assert (
        all(v.dtype == "float32" for v in learners["bf16"].weights if "float" in v.dtype)
        and losses["plain"][-1] < losses["plain"][0]
    )
    before = make_model(["a"], quick)
    learner = training_copy(before)
    for o in learner.layers:
        o.trainable = False
    learner(x, training=True)
    for a, b in zip(learner.get_weights(), before.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_the_step_is_traced_once(quick):
    model, traces = make_model(["a"], quick), []

    def loss(inputs, targets):
        traces.append(1)
        return binary_cross_entropy_with_logits(inputs, targets)

    step = train_step(model, keras.optimizers.SGD(0.1), loss)
    for n in (4, 4, 3, 2):
        step(tf.zeros((n, 16, 16, 3)), tf.zeros((n, 1)))
    assert len(traces) == 1


def test_the_head_learns_and_the_body_does_not(squares, quick):
    data, model = make_data(squares, quick), make_model(squares.vocab, quick)
    before, first = (
        model.get_weights(),
        binary_cross_entropy_with_logits(
            model(data["train"].images / np.float32(255)), data["train"].targets
        ),
    )
    fit_head(model, data["train"].images, squares.targets("train"))
    changed = [(a != b).any() for a, b in zip(before, model.get_weights())]
    assert changed == [False] * (len(before) - 2) + [True] * 2
    assert (
        binary_cross_entropy_with_logits(
            model(data["train"].images / np.float32(255)), data["train"].targets
        )
        < first
    )


def test_macro_f1_counts_over_the_epoch():
    rng = np.random.default_rng(0)
    targets, logits = rng.random((70, 6)) < 0.2, rng.normal(0, 2, (70, 6)).astype("float32")
    targets[:, 5] = False
    logits[:, 5] = -9  # nothing to count: scores 0, as in `metrics`
    for thresh in (0.3, 0.5):
        metric = MacroF1(6, thresh)
        for _ in range(2):
            metric.reset_state()
            for i in range(0, 70, 16):
                metric.update_state(targets[i : i + 16], logits[i : i + 16])
            assert float(metric.result()) == pytest.approx(
                precision_recall_f1(
                    confusion(1 / (1 + np.exp(-logits)), targets, thresh), "macro"
                ).f1,
                abs=1e-6,
            )
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert (again.n_labels, again.thresh) == (6, 0.3 if thresh == 0.3 else 0.5)


def scored(n=64, c=5, seed=0):
    rng = np.random.default_rng(seed)
    return (
        (rng.random((n, c)) < 0.3).astype("float32"),
        rng.normal(0, 2, (n, c)).astype("float32"),
        rng.random(n),
    )


@pytest.mark.parametrize(
    "shape",
    [
        lambda w: w,
        lambda w: w[:, None],
        lambda w: np.repeat(w[:, None], 5, 1),
        lambda w: w.astype("float16").astype("float32"),
    ],
)
@pytest.mark.parametrize("thresh", [0.5, [0.1, 0.3, 0.5, 0.7, 0.9]])
def test_macro_f1_honours_sample_weight(shape, thresh):
    t, logits, w = scored()
    w = shape(w)
    metric = MacroF1(5, thresh)
    for i in range(0, 64, 10):
        metric.update_state(t[i : i + 10], logits[i : i + 10], sample_weight=w[i : i + 10])
    expected = f1_score(
        t,
        1 / (1 + np.exp(-logits)) > thresh,
        average="macro",
        sample_weight=w if w.ndim == 1 else w[:, 0],
        zero_division=0,
    )
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_macro_f1_weighs_single_cells():
    metric = MacroF1(2)
    metric.update_state(
        [[1, 1], [1, 0]], [[3.0, -3.0], [-3.0, 3.0]], sample_weight=[[1.0, 2.0], [3.0, 4.0]]
    )
    assert float(metric.result()) == pytest.approx(
        (2 / (2 + 3)) / 2
    )  # label 0: tp 1, fn 3; label 1: fn 2, fp 4


@pytest.mark.parametrize(
    "w, sentence",
    [
        (np.ones(3), "sample_weight has shape"),
        (np.ones((64, 2)), "sample_weight has shape"),
        (-np.ones(64), "at least 0"),
        (np.full(64, np.nan), "finite"),
    ],
)
def test_macro_f1_refuses_other_weights(w, sentence):
    t, logits, _ = scored()
    with pytest.raises(ValueError, match=sentence):
        MacroF1(5).update_state(t, logits, sample_weight=w)


def test_macro_f1_of_probabilities():
    t, logits, _ = scored()
    probs = 1 / (1 + np.exp(-logits))
    for what in (
        probs,
        keras.ops.convert_to_tensor(probs),
        keras.activations.sigmoid(keras.ops.convert_to_tensor(logits)),
    ):
        metric = MacroF1(5)
        with pytest.raises(ValueError, match="from_logits=False"):
            metric.update_state(t, what)
        assert float(metric.result()) == 0  # nothing was counted
    told = MacroF1(5, from_logits=False)
    told.update_state(t, probs)
    assert float(told.result()) == pytest.approx(
        f1_score(t, probs > 0.5, average="macro"), abs=1e-6
    )
    told.reset_state()
    told.update_state(t, t)
    assert float(told.result()) == 1  # a perfect answer
    with pytest.raises(ValueError, match="outside"):
        told.update_state(t, logits)
    with pytest.raises(ValueError, match="sigmoid or softmax"):
        MacroF1(5, from_logits=True).update_state(
            t, keras.activations.sigmoid(keras.ops.convert_to_tensor(logits))
        )


def test_macro_f1_takes_logits_that_lie_between_0_and_1_by_chance():
    small = np.float32([[0.2, 0.9]])
    MacroF1(2, from_logits=True).update_state([[1, 0]], small)
    MacroF1(2).update_state([[1, 0]], np.zeros((1, 2)))  # both readings say the same
    metric = MacroF1(2)
    metric.update_state([[1, 0]], [[3.0, -3.0]])
    metric.reset_state()
    metric.update_state([[1, 0]], small)  # this model has given logits before
    assert float(metric.result()) == 0.5


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda t, z: (t * 2 - 1, z), "0 or 1"),
        (lambda t, z: (t * 0.9 + 0.05, z), "0 or 1"),
        (lambda t, z: (t * np.nan, z), "0 or 1"),
        (lambda t, z: (t * 3, z), "0 or 1"),
        (lambda t, z: (t, z * np.nan), "diverged"),
        (lambda t, z: (t, z / 0), "diverged"),
        (lambda t, z: (t[:, :3], z), "expected .B, 5."),
        (lambda t, z: (t[:9], z), "one multi-hot row"),
    ],
)
def test_macro_f1_looks_at_values(change, sentence):
    t, logits, _ = scored()
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=sentence):
        MacroF1(5).update_state(*change(t, logits))


@pytest.mark.parametrize("kind", [bool, "int64", "float32", "float16"])
def test_macro_f1_takes_targets_of_any_kind(kind):
    t, logits, _ = scored()
    metric = MacroF1(5)
    metric.update_state(t.astype(kind), logits)
    assert float(metric.result()) == pytest.approx(
        f1_score(t, logits > 0, average="macro"), abs=1e-6
    )


def fitted(activation, jit, targets=None, **options):
    t, _, w = scored()
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(1).normal(size=(64, 8)).astype("float32")
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(5, activation=activation)])
    model.compile(
        "sgd",
        keras.losses.BinaryCrossentropy(from_logits=activation is None),
        weighted_metrics=[MacroF1(5, **options)],
        jit_compile=jit,
    )
    fit = model.fit(
        x, t if targets is None else targets(t), sample_weight=w, batch_size=16, verbose=0
    )
    return (
        fit.history["macro_f1"][-1],
        model.evaluate(x, t, sample_weight=w, verbose=0)[-1],
        f1_score(
            t,
            model.predict(x, verbose=0) > (0 if activation is None else 0.5),
            average="macro",
            sample_weight=w,
        ),
    )


@pytest.mark.parametrize("jit", [False, True])
def test_macro_f1_inside_fit(jit):
    with pytest.raises(ValueError, match="sigmoid or softmax"):
        fitted("sigmoid", jit)
    with pytest.raises(ValueError, match="sigmoid or softmax"):
        fitted("softmax", jit, from_logits=True)
    for activation, options in ((None, {}), ("sigmoid", dict(from_logits=False))):
        _, evaluated, theirs = fitted(activation, jit, **options)
        assert evaluated == pytest.approx(theirs, abs=1e-6)
    wrong = [(None, dict(targets=lambda t: t * 2 - 1)), (None, dict(from_logits=False))]
    for activation, options in wrong:
        if jit:
            assert np.isnan(
                fitted(activation, jit, **options)[0]
            )  # a compiled graph can't raise: no number, rather than a wrong one
        else:
            with pytest.raises(Exception, match="0 or 1|outside"):
                fitted(activation, jit, **options)


def test_macro_f1_keeps_its_settings(tmp_path):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(5)])
    model.compile(
        "sgd", "mse", metrics=[MacroF1(5, [0.1, 0.2, 0.3, 0.4, 0.5], from_logits=True, name="f1")]
    )
    t, _, _ = scored()
    model.fit(np.ones((64, 8)), t, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    again.evaluate(np.ones((64, 8)), t, verbose=0)
    config = again.metrics[-1].metrics[0].get_config()
    assert (
        config["thresh"] == [0.1, 0.2, 0.3, 0.4, 0.5]
        and config["from_logits"] is True
        and config["name"] == "f1"
    )
    with pytest.raises(TypeError, match="by label"):
        MacroF1(2, dict(a=0.5, b=0.5))
    with pytest.raises(ValueError, match="must lie in"):
        MacroF1(2, 1.5)
    with pytest.raises(TypeError, match="choose True, False or None"):
        MacroF1(2, from_logits="yes")
    assert MacroF1(2, 0.5, "mine").name == "mine"


# Training


def test_training_learns_and_leaves_a_complete_folder(squares, tiny, tmp_path):
    run = train(squares, replace(tiny, epochs=8), out=tmp_path, progress=False)
    assert run.history.valid_map.max() > 0.8 and len(run.history) == 8  # chance is about .45
    assert run.seconds > run.history.seconds.sum()  # the head's share
    assert {p.name for p in tmp_path.iterdir()} == {
        "model.keras",
        "vocab.json",
        "run.json",
        "history.csv",
        "predictions-valid.npz",
        "predictions-test.npz",
    }
    test = run.predictions["test"]
    np.testing.assert_array_equal(load_run(tmp_path).predictions["test"].probs, test.probs)
    assert list(test.fnames) == squares.fnames("test")
    np.testing.assert_allclose(
        predict(load_model(tmp_path), squares, "test").probs, test.probs, atol=1e-5
    )
    assert evaluate(run.predictions["valid"]).mAP == pytest.approx(
        run.history.valid_map.max(), abs=1e-6
    )


def test_from_random_weights_there_is_no_first_phase(squares, quick, small, monkeypatch):
    monkeypatch.setattr(train_tf, "fit_head", lambda *a: pytest.fail("no head first"))
    assert (
        len(train(squares, replace(quick, pretrained=False, epochs=1), progress=False).history) == 1
    )


def test_bf16_and_other_losses_train(squares, quick):
    from mlc_course.losses_tf import macro_soft_f1

    run = train(
        squares,
        replace(quick, precision="bf16", epochs=1, freeze_epochs=0),
        progress=False,
        loss=macro_soft_f1,
    )
    assert np.isfinite(run.predictions["test"].probs).all() and 0 < run.history.train_loss[0] < 1
    assert {v.dtype for v in run.model.weights if "seed" not in v.path} == {
        "float32"
    } and run.model.layers[3].compute_dtype == "float32"


# Faults

CHILD = """
import sys, os, signal
from dataclasses import replace
import pandas as pd
from mlc_course.settings import Profile
from mlc_course.tables import ImageTable
from mlc_course.train_tf import EpochData, train
root, out, fault, profile = sys.argv[1], sys.argv[2], sys.argv[3], eval(sys.argv[4])
if fault == "ctrl-c":
    import mlc_course.train_tf as train_tf
    sys.path.insert(0, sys.argv[5])
    from test_train_tf import small_net
    train_tf.create_model_tf = small_net
table = ImageTable(pd.read_pickle(os.path.join(root, "table.pkl")), root, vocab=["blue", "green", "red"], name="squares")
original = EpochData.__call__
def faulty(self, epoch=0):
    for i, batch in enumerate(original(self, epoch)):
        if epoch == 1 and i == 1: os.kill(os.getpid(), signal.SIGKILL) if fault == "kill" else signal.raise_signal(signal.SIGINT)
        yield batch
EpochData.__call__ = faulty
try: train(table, profile, out=out, progress=False)
except KeyboardInterrupt as e: print("LEFT CLEANLY", e)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
@pytest.mark.parametrize("fault", ["kill", "ctrl-c"])
def test_killed_or_stopped_in_the_middle_of_an_epoch_it_resumes(
    squares, quick, request, tmp_path, fault
):
    if fault == "kill":
        whole = train(squares, quick, progress=False)  # the pocket ResNet itself
    else:
        whole, _ = request.getfixturevalue("whole"), request.getfixturevalue("small")
    squares.df.to_pickle(squares.root / "table.pkl")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            CHILD,
            str(squares.root),
            str(tmp_path),
            fault,
            repr(quick),
            str(Path(__file__).parent),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if fault == "kill":
        assert done.returncode == -signal.SIGKILL
    else:
        assert (
            done.returncode == 0
            and "LEFT CLEANLY Stopped; 1 of 2 epochs are in" in done.stdout
            and "resume=True" in done.stdout
        ), done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
    run = train(squares, quick, out=tmp_path, resume=True, progress=False)
    same_probs(run, whole)
    np.testing.assert_allclose(
        run.history.drop(columns="seconds"), whole.history.drop(columns="seconds"), atol=1e-5
    )
    assert not (tmp_path / "checkpoint").exists()


def stop_before_epoch_1(monkeypatch):
    original = EpochData.__call__

    def failing(self, epoch=0):
        if epoch == 1:
            raise OSError("stopped here")
        return original(self, epoch)

    monkeypatch.setattr(EpochData, "__call__", failing)


def test_resume_refuses_another_run(squares, quick, small, whole, tmp_path, monkeypatch):
    from mlc_course.losses_tf import macro_soft_f1

    with monkeypatch.context() as m:
        stop_before_epoch_1(m)
        with pytest.raises(OSError, match="stopped here"):
            train(squares, quick, out=tmp_path, progress=False)
    again = lambda profile=quick, table=squares, **kw: train(
        table, profile, out=tmp_path, resume=True, progress=False, **kw
    )
    for change in (dict(learning_rate=1e-4), dict(arch="MobileNetV2"), dict(pretrained=False)):
        with pytest.raises(ValueError, match=next(iter(change))):
            again(
                replace(quick, **({**change, "pretrained": False} if "arch" in change else change))
            )
    with pytest.raises(ValueError, match="other data"):
        again(table=squares.subset(np.arange(100)))
    with pytest.raises(ValueError, match="trained with loss = 'binary_cross"):
        again(loss=macro_soft_f1)
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")  # killed between the two renames
    same_probs(again(), whole)


def test_a_full_disk_leaves_the_last_checkpoint_good(
    squares, quick, small, whole, tmp_path, monkeypatch
):
    written = tf_loop.write_safetensors

    def full(arrays, path, *args):
        full.calls += 1
        if full.calls > 4:  # the second checkpoint, in the middle of its second file
            Path(path).write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(arrays, path, *args)

    full.calls = 0
    with monkeypatch.context() as m:
        m.setattr(tf_loop, "write_safetensors", full)
        with pytest.raises(OSError, match="no room for checkpoint.*resume=True") as e:
            train(squares, quick, out=tmp_path, progress=False)
    assert e.value.errno == errno.ENOSPC and [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
    same_probs(train(squares, quick, out=tmp_path, resume=True, progress=False), whole)


def test_a_full_disk_at_the_end_loses_nothing(squares, quick, small, whole, tmp_path, monkeypatch):
    def full(self, path, *args, **kwargs):
        Path(path).write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(keras.Model, "save", full)
        with pytest.raises(OSError, match="no room for model.keras"):
            train(squares, quick, out=tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
    same_probs(train(squares, quick, out=tmp_path, resume=True, progress=False), whole)
    assert (tmp_path / "run.json").is_file()


def test_a_loss_that_is_no_number_stops_at_its_step(
    squares, quick, small, whole, tmp_path, monkeypatch
):
    made = train_tf.train_step

    def poisoned(model, *args):
        step, n = made(model, *args), [0]

        def f(x, y):
            n[0] += 1
            if n[0] == 5:
                model.layers[-1].kernel.assign(model.layers[-1].kernel * np.nan)
            return step(x, y)

        return f

    with monkeypatch.context() as m:
        m.setattr(train_tf, "train_step", poisoned)
        with pytest.raises(TrainingDiverged, match="step 4 .epoch 1.*checkpoint") as e:
            train(squares, quick, out=tmp_path, progress=False)
        assert (e.value.step, e.value.epoch) == (4, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
    same_probs(train(squares, quick, out=tmp_path, resume=True, progress=False), whole)


def test_weights_spoilt_by_the_last_step_are_not_kept(squares, quick, small, tmp_path, monkeypatch):
    made = train_tf.train_step

    def poisoned(model, *args):
        step, n = made(model, *args), [0]

        def f(x, y):
            n[0] += 1
            value = step(x, y)
            if n[0] == 6:
                model.layers[-1].kernel.assign(model.layers[-1].kernel * np.nan)
            return value

        return f

    monkeypatch.setattr(train_tf, "train_step", poisoned)
    with pytest.raises(TrainingDiverged, match="step 5 .epoch 1"):
        train(squares, quick, out=tmp_path, progress=False)


def test_out_of_memory_says_what_to_lower(squares, quick, small, monkeypatch):
    def exhausted(*args):
        return lambda x, y: (_ for _ in ()).throw(
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        )

    monkeypatch.setattr(train_tf, "train_step", exhausted)
    with pytest.raises(
        MemoryError, match="Lower batch_size first, for example to 12.*image_size .now 16"
    ):
        train(squares, replace(quick, freeze_epochs=0), progress=False)


def test_saving_is_whole_or_not_at_all(quick, tmp_path):
    model = make_model(["a", "é"], quick)
    save_model(model, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "model.keras",
        "vocab.json",
    ] and load_model(tmp_path).vocab == ("a", "é")
    assert train_tf.FusedBatchNorm.__name__ not in (tmp_path / "model.keras").read_bytes().decode(
        "latin1"
    )


def test_nothing_is_said_and_nothing_warned(squares, quick, small, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(squares, replace(quick, epochs=1), progress=False)
    assert capfd.readouterr().out == ""
