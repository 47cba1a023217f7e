"The fastai trainer: right pixels, right order, one sigmoid, whole-set metrics, and a run that survives what ends trainings."

import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from fastai.learner import Learner, load_learner
from sklearn.metrics import average_precision_score, f1_score

from mlc_course import train_fastai as tf
from mlc_course.backbones import load_weights
from mlc_course.backbones_torch import layer_groups
from mlc_course.datablocks import multilabel_dataloaders
from mlc_course.metrics import evaluate, load_run
from mlc_course.safety import TrainingDiverged
from mlc_course.tables import ImageTable, decode_images

ROWS = np.random.default_rng(0).permutation(400)


@pytest.fixture(scope="module")
def few(postcards):
    return postcards.subset(ROWS[:100])


@pytest.fixture(scope="module")
def tiny(smoke):
    return replace(
        smoke, epochs=3, batch_size=16, learning_rate=2e-3, image_size=32, precision="fp32"
    )


@pytest.fixture(scope="module")
def run(few, tiny, tmp_path_factory):
    return tf.train(few, tiny, out=tmp_path_factory.mktemp("run"), progress=False)


@pytest.fixture
def learn(few, tiny):
    return tf.make_learner(tf.make_data(few, tiny), tiny)


class StopAfter(Callback):
    "Ends the process' training after so many epochs of either phase, as rudely as a second Ctrl-C."

    order = 80

    def __init__(self, n):
        self.left = n

    def after_epoch(self):
        if self.epoch >= self.learn.keep_best.start:
            self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


# ---- data


def test_memory_loader_equals_the_plain_one(few, tiny):
    fast, plain = tf.make_data(few, tiny), multilabel_dataloaders(few, tiny)
    assert list(fast.vocab) == list(plain.vocab) == few.vocab and len(fast.train) == len(
        plain.train
    )
    for (x, y), (px, py) in zip(fast.valid, plain.valid, strict=True):
        assert (
            type(x) is type(px)
            and type(y) is type(py)
            and x.dtype == px.dtype
            and y.dtype == py.dtype
        )
        assert (x - px).abs().max() < 1e-5 and torch.equal(y, py)
    test = few.subset("test")
    x, y = (torch.cat(o) for o in zip(*fast.test_dl(test.df, with_labels=True)))
    assert np.allclose(
        x.permute(0, 2, 3, 1).cpu().numpy(),
        decode_images(test.paths(), tiny.image_size) / 255,
        atol=1e-5,
    )
    assert np.array_equal(y.cpu().numpy(), few.targets("test").astype(float))


def test_training_batches_are_the_training_rows_once_shuffled_by_the_seed(few, tiny):
    dls = tf.make_data(few, tiny)
    order = [o for o in dls.train.dataset.items.fname]
    assert set(dls.train.dataset.items.split) == {"train"}
    idxs = dls.train.get_idxs()
    assert sorted(idxs) == list(range(len(order))) and idxs != sorted(idxs)
    torch.manual_seed(1)
    a = tf.make_data(few, tiny).one_batch()
    torch.manual_seed(1)
    b = tf.make_data(few, tiny).one_batch()
    assert torch.equal(a[1], b[1])


def test_rows_that_were_not_decoded_are_read_from_disk(few, tiny, postcards):
    dls = tf.make_data(few, tiny)
    other = postcards.subset(ROWS[100:120])
    (x,) = dls.test_dl(other.df, bs=20).one_batch()
    assert np.allclose(
        x.permute(0, 2, 3, 1).cpu().numpy(),
        decode_images(other.paths(), tiny.image_size) / 255,
        atol=1e-5,
    )


def test_pickled_pixels_carry_no_images(few, tiny):
    p = tf.Pixels(few, decode_images(few.paths(), tiny.image_size))
    assert len(pickle.dumps(p)) < 4000 + 20 * len(few.vocab) < p.images.numel()


def test_table_without_validation_rows_is_refused(few, tiny):
    with pytest.raises(ValueError, match="'valid'"):
        tf.make_data(few.subset("train"), tiny)


# ---- model and precision


def test_same_seed_same_model_and_the_global_generator_is_left_alone(few, tiny):
    state = torch.get_rng_state()
    a, b, c = (tf.make_model(few.vocab, replace(tiny, seed=s)).state_dict() for s in (1, 1, 2))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a[k], b[k]) for k in a) and not all(torch.equal(a[k], c[k]) for k in a)


def test_empty_vocab(tiny):
    with pytest.raises(ValueError, match="vocab is empty"):
        tf.make_model([], tiny)


def test_low_precision_is_undone_even_by_an_error(few, tiny):
    model = tf.make_model(few.vocab, tiny).eval()
    x = torch.rand(2, 3, 32, 32)
    want = model(x)
    with tf.low_precision(model, "bf16"):
        got = model(x)
        assert got.dtype == torch.float32 and not torch.equal(got, want)
        assert torch.allclose(got, want, atol=0.05)
    with pytest.raises(KeyboardInterrupt):
        with tf.low_precision(model, "bf16"):
            raise KeyboardInterrupt
    assert torch.equal(model(x), want) and not torch.is_autocast_enabled("cpu")
    with tf.low_precision(model, "fp32"):
        assert torch.equal(model(x), want)


def test_to_bf16_does_nothing_on_a_cpu_and_low_precision_does(learn):
    seen = []
    learn.model.stem.register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    x = torch.rand(2, 3, 32, 32)
    with learn.no_bar():
        learn.to_bf16().get_preds(dl=[(x, torch.zeros(2, len(learn.dls.vocab)))])
    with tf.low_precision(learn.model, "bf16"):
        learn.model(x)
    if learn.dls.device.type == "cpu":
        assert seen == [torch.float32, torch.bfloat16]


# ---- metrics and predictions


def test_epoch_metrics_are_those_of_the_whole_set(learn, few):
    with learn.no_bar():
        torch.nn.init.normal_(learn.model.head.weight, std=0.5)
        _, f1, mAP = learn.validate()
        probs, targs = (o.as_subclass(torch.Tensor).numpy() for o in learn.get_preds())
    assert f1 == pytest.approx(
        f1_score(targs, probs > 0.5, average="macro", zero_division=0), abs=1e-6
    )
    there = targs.sum(0) > 0
    assert mAP == pytest.approx(
        average_precision_score(targs[:, there], probs[:, there], average="macro"), abs=1e-6
    )


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_learner_and_module_predict_alike_in_the_tables_order(learn, few, split):
    a, b = tf.predict(learn, few, split), tf.predict(learn.model, few, split)
    assert a.fnames == b.fnames == few.fnames(split)
    assert np.array_equal(a.targets, few.targets(split)) and np.allclose(
        a.probs, b.probs, atol=1e-5
    )
    backwards = few.subset(np.arange(len(few))[::-1])
    assert np.allclose(
        tf.predict(learn.model, backwards, split).align(a.fnames).probs, a.probs, atol=1e-5
    )


@pytest.mark.parametrize("loss", [torch.nn.BCEWithLogitsLoss(), None])
def test_sigmoid_is_applied_once_whatever_the_loss(learn, few, loss):
    with torch.no_grad():
        learn.model.head.bias.fill_(-6.0)
    other = Learner(learn.dls, learn.model, loss_func=loss)
    assert tf.predict(other, few, "valid").probs.max() < 0.1


def test_predict_leaves_the_mode_of_the_model(learn, few):
    for mode in (True, False):
        learn.model.train(mode)
        tf.predict(learn.model, few, "valid")
        assert learn.model.training == mode


def test_predict_refuses(learn, few, tiny):
    other = ImageTable(few.df, few.root, [*few.vocab, "zebra"])
    for model in (learn, learn.model):
        with pytest.raises(ValueError, match="21"):
            tf.predict(model, other, "valid")
        with pytest.raises(ValueError, match="no split"):
            tf.predict(model, few.subset("train"), "test")
    with pytest.raises(ValueError, match="model.vocab"):
        tf.predict(torch.nn.Linear(2, 2), few, "valid")


# ---- train


def test_run_has_everything(run, few, tiny):
    assert run.framework == "fastai" and run.vocab == few.vocab and run.dataset == few.name
    assert list(run.history) == [
        "epoch",
        "train_loss",
        "valid_loss",
        "valid_macro_f1",
        "valid_map",
        "seconds",
    ]
    assert run.history.epoch.tolist() == [0, 1, 2] and np.isfinite(run.history.to_numpy()).all()
    assert list(run.predictions) == ["valid", "test"] and not run.model.training
    for split, p in run.predictions.items():
        assert p.fnames == few.fnames(split)


def test_it_learns(run):
    assert run.history.train_loss.iloc[-1] < run.history.train_loss.iloc[0] < 0.8


def test_model_is_that_of_the_best_epoch(run):
    assert evaluate(run.predictions["valid"]).mAP == pytest.approx(
        run.history.valid_map.max(), abs=1e-4
    )


def test_folder_holds_the_run_and_the_model(run, few):
    assert {
        "run.json",
        "history.csv",
        "model.safetensors",
        "model.json",
        "predictions-valid.npz",
        "predictions-test.npz",
    } == {o.name for o in run.out.iterdir()}
    saved = load_run(run.out)
    assert np.array_equal(
        saved.predictions["test"].probs, run.predictions["test"].probs
    ) and saved.history.equals(run.history)
    model = tf.load_model(run.out)
    assert model.vocab == few.vocab and model.image_size == 32
    assert np.allclose(
        tf.predict(model, few, "test").probs, run.predictions["test"].probs, atol=1e-5
    )


def test_load_model_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="model.safetensors"):
        tf.load_model(tmp_path)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(1, "float32")}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="vocab"):
        tf.load_model(tmp_path)


def test_same_seed_same_run(run, few, tiny):
    again = tf.train(few, tiny, progress=False)
    assert np.array_equal(again.predictions["valid"].probs, run.predictions["valid"].probs)


def same_run(a, b):
    assert np.array_equal(
        a.predictions["valid"].probs, b.predictions["valid"].probs
    ) and np.array_equal(a.predictions["test"].probs, b.predictions["test"].probs)
    columns = [c for c in a.history if c != "seconds"]
    assert a.history[columns].equals(b.history[columns])


@pytest.mark.parametrize("n", [1, 2, 3], ids=["first", "second", "last"])
def test_resumed_run_equals_one_that_was_never_cut_off(run, few, tiny, tmp_path, n):
    with pytest.raises(KeyboardInterrupt):
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[StopAfter(n)])
    assert (tmp_path / "checkpoint.pt").is_file() and not (tmp_path / "run.json").exists()
    same_run(tf.train(few, tiny, out=tmp_path, resume=True, progress=False), run)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_resumed_run_computes_as_before_it_was_cut_off(few, tiny, tmp_path, monkeypatch):
    from mlc_course.training import fastai_train

    auto, computed = replace(tiny, precision="auto"), []
    own = fastai_train.low_precision

    def noted(model, precision, device_type):
        computed.append(precision)
        return own(model, precision, device_type)

    monkeypatch.setattr(fastai_train, "low_precision", noted)
    for found, resume in (("bf16", False), ("fp32", True)):  # a clock that thinks otherwise now
        monkeypatch.setattr(fastai_train, "pick_precision", lambda *a, found=found: found)
        cbs = [] if resume else [StopAfter(1)]
        try:
            tf.train(few, auto, out=tmp_path, resume=resume, progress=False, cbs=cbs)
        except KeyboardInterrupt:
            pass
    assert computed == ["bf16", "bf16"]


def test_resume_refuses_another_run(few, tiny, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[StopAfter(1)])
    for change, name in (
        (dict(learning_rate=1e-3), "learning_rate"),
        (dict(pretrained=False), "pretrained"),
    ):
        with pytest.raises(ValueError, match=name):
            tf.train(few, replace(tiny, **change), out=tmp_path, resume=True, progress=False)
    with pytest.raises(ValueError, match="other data"):
        tf.train(few.subset(np.arange(80)), tiny, out=tmp_path, resume=True, progress=False)
    with pytest.raises(ValueError, match="out="):
        tf.train(few, tiny, resume=True)


# ---- where it starts from


def test_frozen_means_all_but_head_and_batch_norm(few, tiny):
    learn = tf.make_learner(tf.make_data(few, tiny), tiny)
    learn.freeze()
    open_ = {k for k, p in learn.model.named_parameters() if p.requires_grad}
    norms = {
        f"{n}.{k}"
        for n, m in learn.model.named_modules()
        if isinstance(m, torch.nn.BatchNorm2d)
        for k, _ in m.named_parameters()
    }
    assert open_ == norms | {"head.weight", "head.bias"}
    assert [len(g) for g in layer_groups(learn.model)] == [len(g) for g in learn.opt.param_lists]


def test_pretrained_starts_from_the_shipped_weights_and_random_does_not(few, tiny):
    shipped = load_weights()
    body = lambda pretrained: {
        k: v
        for k, v in tf.make_model(few.vocab, replace(tiny, pretrained=pretrained))
        .state_dict()
        .items()
        if k in shipped
    }
    assert all(np.array_equal(v, shipped[k]) for k, v in body(True).items())
    assert not np.array_equal(body(False)["stem.weight"], shipped["stem.weight"])


class Phases(Callback):
    "Which layers learn at the start of each epoch, and the rate of each group at the end."

    order = 70

    def __init__(self):
        self.seen = []

    def after_epoch(self):
        self.seen.append(
            (self.model.stem.weight.requires_grad, self.epoch, max(self.opt.hypers.attrgot("lr")))
        )


def test_all_layers_learn_in_every_epoch(few, tiny):
    p, both, one = replace(tiny, image_size=16, epochs=2), Phases(), Phases()
    run = tf.train(few, p, progress=False, cbs=[both])
    assert (
        [o[:2] for o in both.seen] == [(True, 0), (True, 1)]
        and len(run.history) == 2
        and run.seconds > run.history.seconds.sum()
    )
    tf.train(few, replace(p, pretrained=False), progress=False, cbs=[one])
    assert [o[:2] for o in one.seen] == [(True, 0), (True, 1)]


def test_networks_of_torchvision_train_too(few, tiny, tmp_path):
    few, p = (
        few.subset(np.arange(60)),
        replace(tiny, arch="resnet18", pretrained=False, epochs=1, image_size=16),
    )
    run = tf.train(few, p, out=tmp_path, progress=False)
    model = tf.load_model(tmp_path)
    assert model.arch == "resnet18" and len(run.history) == 1
    assert np.allclose(tf.predict(model, few).probs, run.predictions["test"].probs, atol=1e-5)
    learn = tf.make_learner(tf.make_data(few, p), p)
    learn.freeze()
    assert (
        not learn.model.body.conv1.weight.requires_grad
        and learn.model.body.bn1.weight.requires_grad
        and learn.model.head.weight.requires_grad
    )


def test_an_unknown_network_is_refused_before_training(few, tiny):
    with pytest.raises(ValueError, match="no network called 'resnet19'"):
        tf.train(few, replace(tiny, arch="resnet19"), progress=False)


# ---- what ends trainings


class At(Callback):
    "Does something after `n` training steps, counted over both phases."

    order = 55  # before KeepBest looks

    def __init__(self, n, do):
        self.left, self.do = n, do

    def after_batch(self):
        if not self.training:
            return
        self.left -= 1
        if self.left == 0:
            self.do(self.learn)


def steps(few, profile):
    return (
        len(few.subset("train")) // profile.batch_size
    )  # fastai leaves out a last batch that isn't full


@pytest.fixture(scope="module")
def killed(few, tiny, tmp_path_factory):
    "Another process trains twice: first until it may write no more large files, then until it is killed. Its two folders, and what it printed."
    if sys.platform == "win32":
        pytest.skip("no SIGKILL and no limit on file sizes there")
    program = textwrap.dedent("""
        import os, resource, signal, sys, warnings
        warnings.simplefilter("ignore")
        import numpy as np
        from dataclasses import replace
        from fastai.callback.core import Callback
        from mlc_course import train_fastai as tf
        from mlc_course.settings import load_profile
        from mlc_course.tables import open_dataset
        class At(Callback):
            order = 55
            def __init__(self, n, do): self.left, self.do = n, do
            def after_batch(self):
                self.left -= bool(self.training)
                if self.training and self.left == 0: self.do()
        full, cut, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
        smoke = load_profile("smoke")
        few = open_dataset("postcards", profile=smoke).subset(np.random.default_rng(0).permutation(400)[:100])
        p = replace(smoke, epochs=3, batch_size=16, learning_rate=2e-3, image_size=32, precision="fp32")
        _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
        try: tf.train(few, p, out=full, progress=False, cbs=[At(n + 1, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, most)))])
        except OSError as e: print(e.errno, e.strerror, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        tf.train(few, p, out=cut, progress=False, cbs=[At(2*n + 2, lambda: os.kill(os.getpid(), signal.SIGKILL))])
        """)
    full, cut = (tmp_path_factory.mktemp(o) for o in ("full", "cut"))
    done = subprocess.run(
        [sys.executable, "-c", program, full, cut, str(steps(few, tiny))],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return full, cut, done.stdout


def test_killed_run_goes_on_and_gives_the_same(killed, run, few, tiny):
    _, cut, _ = killed
    assert [o.name for o in cut.iterdir()] == ["checkpoint.pt"]
    same_run(tf.train(few, tiny, out=cut, resume=True, progress=False), run)


def test_file_size_limit_while_a_checkpoint_is_written(killed, run, few, tiny):
    full, _, said = killed
    assert said.startswith("28 There is no room for checkpoint.pt")
    assert [o.name for o in full.iterdir()] == ["checkpoint.pt"] and torch.load(
        full / "checkpoint.pt", weights_only=True
    )["epoch"] == 1
    same_run(tf.train(few, tiny, out=full, resume=True, progress=False), run)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals arrive in the main thread",
)
@pytest.mark.parametrize("after", [2, None], ids=["in an epoch", "in validation"])
def test_ctrl_c_keeps_the_last_epoch_and_leaves_between_two_steps(run, few, tiny, tmp_path, after):
    n, through, before = steps(few, tiny), [], signal.getsignal(signal.SIGINT)

    def press(learn):
        signal.raise_signal(signal.SIGINT)
        through.append(learn.training)  # what was going on goes on

    class InValidation(Callback):
        def after_validate(self):
            if self.epoch == 0:
                press(self.learn)

    cb = At(n + after, press) if after else InValidation()
    with pytest.raises(
        KeyboardInterrupt, match=f"Stopped after {n + (after or 0)} steps.*resume=True"
    ):
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[cb])
    assert len(through) == 1 and signal.getsignal(signal.SIGINT) is before
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["epoch"] == 1
    same_run(tf.train(few, tiny, out=tmp_path, resume=True, progress=False), run)


def test_full_disk_while_a_checkpoint_is_written(run, few, tiny, tmp_path, monkeypatch):
    write, written = tf.KeepBest.save, []

    def full(self, path):
        written.append(path)
        if len(written) > 2:
            path.write_bytes(b"half of it")
            raise OSError(28, "No space left on device")
        write(self, path)

    monkeypatch.setattr(tf.KeepBest, "save", full)
    with pytest.raises(OSError, match="no room for checkpoint.pt.*resume=True") as e:
        tf.train(few, tiny, out=tmp_path, progress=False)
    assert e.value.errno == 28 and len(written) == 3
    assert [o.name for o in tmp_path.iterdir()] == ["checkpoint.pt"]
    monkeypatch.undo()
    same_run(tf.train(few, tiny, out=tmp_path, resume=True, progress=False), run)


def spoil(learn):
    learn.model.head.bias.data.fill_(float("nan"))


def test_nan_loss_stops_at_its_step_and_keeps_the_checkpoint(run, few, tiny, tmp_path):
    n = steps(few, tiny)
    with pytest.raises(TrainingDiverged, match="checkpoint.pt is from before that") as e:
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[At(n + 1, spoil)])
    assert (e.value.step, e.value.epoch) == (n + 1, 1)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["epoch"] == 1 and all(
        torch.isfinite(v).all() for v in [*kept["model"].values(), *kept["arrays"].values()]
    )
    same_run(tf.train(few, tiny, out=tmp_path, resume=True, progress=False), run)


def test_nan_after_the_last_step_of_an_epoch_is_seen_in_validation(few, tiny, tmp_path):
    n = steps(few, tiny)
    with pytest.raises(TrainingDiverged) as e:
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[At(n, spoil)])
    assert e.value.step == n and not list(tmp_path.iterdir()) and "still good" not in str(e.value)


def test_the_checkpoint_of_an_older_run_is_not_called_good(few, tiny, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[StopAfter(1)])
    with pytest.raises(TrainingDiverged) as e:
        tf.train(few, tiny, out=tmp_path, progress=False, cbs=[At(1, spoil)])
    assert "still good" not in str(e.value)
    with pytest.raises(TrainingDiverged, match="still good"):
        tf.train(few, tiny, out=tmp_path, progress=False, resume=True, cbs=[At(1, spoil)])


def test_a_rate_that_is_far_too_high(few, tiny):
    wild = replace(tiny, image_size=16, learning_rate=9.0)
    object.__setattr__(wild, "weight_decay", 1e9)  # past the profile's own limit
    with pytest.raises(TrainingDiverged, match="Lower learning_rate"):
        with np.errstate(all="ignore"):
            tf.train(few, wild, progress=False)


def test_out_of_memory_says_what_to_lower(few, tiny, monkeypatch):
    def no_memory(learn):
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9000000000 bytes"
        )

    with pytest.raises(
        MemoryError, match="batches of 16 .* Lower batch_size first, for example to 8"
    ):
        tf.train(few, tiny, progress=False, cbs=[At(2, no_memory)])


@pytest.fixture
def broken(few, tmp_path):
    import shutil

    root = tmp_path / "pictures"
    root.mkdir()
    for p in few.paths():
        shutil.copy(p, root)
    table = ImageTable(
        few.df.assign(fname=[p.name for p in few.paths()]), root, few.vocab, "broken"
    )
    bad = table.paths("train")[5]
    bad.write_bytes(bad.read_bytes()[:300])
    return table, bad.name


def test_a_corrupt_picture_is_skipped_with_a_warning(broken, tiny, tmp_path):
    table, name = broken
    p = replace(tiny, image_size=16, epochs=1)
    with pytest.warns(UserWarning, match=f"1 of 100 pictures can't be decoded.*{name}"):
        run = tf.train(table, p, on_error="skip", progress=False)
    assert run.predictions["test"].fnames == table.fnames("test")
    with pytest.warns(UserWarning, match=name):
        probs = tf.predict(run.model, table, "train", on_error="skip")
    assert name not in probs.fnames and len(probs.fnames) == len(table.fnames("train")) - 1
    with pytest.warns(UserWarning, match=name):
        dls = tf.make_data(table, p, on_error="skip")
    assert name not in set(dls.train.items.fname)
    clean = table.subset(table.df.fname.to_numpy() != name)
    assert np.array_equal(
        tf.train(clean, p, progress=False).predictions["test"].probs, run.predictions["test"].probs
    )


# ---- the network of vision_learner


def test_a_learner_of_vision_learner_trains_and_predicts(few, tiny, tmp_path):
    from fastai.vision.learner import vision_learner

    from mlc_course.backbones import pocket_resnet

    dls = tf.make_data(few, tiny)
    learn = vision_learner(dls, pocket_resnet, metrics=tf.epoch_metrics(), path=tmp_path)
    with learn.no_bar(), learn.no_logging():
        learn.fine_tune(1, 1e-3)
        probs, targs = learn.get_preds(dl=dls.test_dl(few.subset("test").df, with_labels=True))
    test = tf.predict(learn, few, "test")
    assert np.array_equal(targs.numpy() == 1, test.targets)
    assert np.allclose(probs.numpy(), test.probs, atol=1e-5)
    run = tf.train(few, replace(tiny, epochs=1), model=learn, progress=False)
    assert run.model is learn.model and len(run.history) == 1


# ---- the rest


def test_learner_exports_and_loads(learn, few, tmp_path):
    learn.metrics = partial(tf.macro_f1, thresh=0.2)
    learn.export(tmp_path / "learner.pkl")
    with pytest.warns(UserWarning, match="insecure pickle"):
        back = load_learner(tmp_path / "learner.pkl")
    with back.no_bar():
        _, _, probs = back.predict(few.paths("test")[0])
    assert np.allclose(probs.numpy(), tf.predict(learn, few, "test").probs[0], atol=1e-4)


def test_quiet_without_progress(few, tiny, capsys):
    tf.train(few, replace(tiny, epochs=1), progress=False)
    assert capsys.readouterr().out == ""


def test_a_set_opened_by_a_relative_path(squares, tiny, monkeypatch):
    import os

    from mlc_course.tables import ImageTable

    monkeypatch.chdir(squares.root.parent)
    table = ImageTable(squares.df, os.path.relpath(squares.root), vocab=squares.vocab)
    run = tf.train(table, replace(tiny, epochs=1, image_size=16), progress=False)
    assert run.predictions["test"].fnames == tf.predict(run.model, table, "test").fnames
