"The fastai trainer: right pixels, right order, one sigmoid, whole-set metrics, and a run that can be cut off."
import io
import pickle
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from fastai.learner import Learner, load_learner
from sklearn.metrics import average_precision_score, f1_score

from mlc_course import train_fastai as tf
from mlc_course.datablocks import multilabel_dataloaders
from mlc_course.metrics import evaluate, load_run
from mlc_course.tables import ImageTable, decode_images


ROWS = np.random.default_rng(0).permutation(400)


@pytest.fixture(scope="module")
def few(postcards): return postcards.subset(ROWS[:100])


@pytest.fixture(scope="module")
def tiny(smoke): return replace(smoke, epochs=3, batch_size=16, learning_rate=2e-3)


@pytest.fixture(scope="module")
def run(few, tiny, tmp_path_factory): return tf.train(few, tiny, out=tmp_path_factory.mktemp("run"), progress=False)


@pytest.fixture
def learn(few, tiny): return tf.make_learner(tf.make_data(few, tiny), tiny)


class StopAfter(Callback):
    order = 80
    def __init__(self, epoch): self.last = epoch
    def after_epoch(self):
        if self.epoch == self.last: raise KeyboardInterrupt


# ---- data

def test_memory_loader_equals_the_plain_one(few, tiny):
    fast, plain = tf.make_data(few, tiny), multilabel_dataloaders(few, tiny)
    assert list(fast.vocab) == list(plain.vocab) == few.vocab and len(fast.train) == len(plain.train)
    for (x, y), (px, py) in zip(fast.valid, plain.valid, strict=True):
        assert type(x) is type(px) and type(y) is type(py) and x.dtype == px.dtype and y.dtype == py.dtype
        assert (x - px).abs().max() < 1e-5 and torch.equal(y, py)
    test = few.subset("test")
    x, y = (torch.cat(o) for o in zip(*fast.test_dl(test.df, with_labels=True)))
    assert np.allclose(x.permute(0, 2, 3, 1).cpu().numpy(), decode_images(test.paths(), tiny.image_size)/255, atol=1e-5)
    assert np.array_equal(y.cpu().numpy(), few.targets("test").astype(float))


def test_training_batches_are_the_training_rows_once_shuffled_by_the_seed(few, tiny):
    dls = tf.make_data(few, tiny)
    order = [o for o in dls.train.dataset.items.fname]
    assert set(dls.train.dataset.items.split) == {"train"}
    idxs = dls.train.get_idxs()
    assert sorted(idxs) == list(range(len(order))) and idxs != sorted(idxs)
    torch.manual_seed(1); a = tf.make_data(few, tiny).one_batch()
    torch.manual_seed(1); b = tf.make_data(few, tiny).one_batch()
    assert torch.equal(a[1], b[1])


def test_rows_that_were_not_decoded_are_read_from_disk(few, tiny, postcards):
    dls = tf.make_data(few, tiny)
    other = postcards.subset(ROWS[100:120])
    x, = dls.test_dl(other.df, bs=20).one_batch()
    assert np.allclose(x.permute(0, 2, 3, 1).cpu().numpy(), decode_images(other.paths(), tiny.image_size)/255, atol=1e-5)


def test_pickled_pixels_carry_no_pictures(few, tiny):
    p = tf.Pixels(few, tiny.image_size)
    assert len(pickle.dumps(p)) < 4000 + 20*len(few.vocab) < p.images.numel()


def test_table_without_validation_rows_is_refused(few, tiny):
    with pytest.raises(ValueError, match="'valid'"): tf.make_data(few.subset("train"), tiny)


# ---- model and precision

def test_same_seed_same_model_and_the_global_generator_is_left_alone(few, tiny):
    state = torch.get_rng_state()
    a, b, c = (tf.make_model(few.vocab, replace(tiny, seed=s)).state_dict() for s in (1, 1, 2))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a[k], b[k]) for k in a) and not all(torch.equal(a[k], c[k]) for k in a)


def test_empty_vocab(tiny):
    with pytest.raises(ValueError, match="vocab is empty"): tf.make_model([], tiny)


def test_low_precision_is_undone_even_by_an_error(few, tiny):
    model = tf.make_model(few.vocab, tiny).eval()
    x = torch.rand(2, 3, 32, 32)
    want = model(x)
    with tf.low_precision(model, "bf16"):
        got = model(x)
        assert got.dtype == torch.float32 and not torch.equal(got, want)
        assert torch.allclose(got, want, atol=0.05)
    with pytest.raises(KeyboardInterrupt):
        with tf.low_precision(model, "bf16"): raise KeyboardInterrupt
    assert torch.equal(model(x), want) and not torch.is_autocast_enabled("cpu")
    with tf.low_precision(model, "fp32"): assert torch.equal(model(x), want)


# ---- metrics and predictions

def test_epoch_metrics_are_those_of_the_whole_set(learn, few):
    with learn.no_bar():
        torch.nn.init.normal_(learn.model.head.weight, std=.5)
        _, f1, mAP = learn.validate()
        probs, targs = (o.as_subclass(torch.Tensor).numpy() for o in learn.get_preds())
    assert f1 == pytest.approx(f1_score(targs, probs > .5, average="macro", zero_division=0), abs=1e-6)
    there = targs.sum(0) > 0
    assert mAP == pytest.approx(average_precision_score(targs[:, there], probs[:, there], average="macro"), abs=1e-6)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_learner_and_module_predict_alike_in_the_tables_order(learn, few, split):
    a, b = tf.predict(learn, few, split), tf.predict(learn.model, few, split)
    assert a.fnames == b.fnames == few.fnames(split)
    assert np.array_equal(a.targets, few.targets(split)) and np.allclose(a.probs, b.probs, atol=1e-5)
    backwards = few.subset(np.arange(len(few))[::-1])
    assert np.allclose(tf.predict(learn.model, backwards, split).align(a.fnames).probs, a.probs, atol=1e-5)


@pytest.mark.parametrize("loss", [torch.nn.BCEWithLogitsLoss(), None])
def test_sigmoid_is_applied_once_whatever_the_loss(learn, few, loss):
    with torch.no_grad(): learn.model.head.bias.fill_(-6.)
    other = Learner(learn.dls, learn.model, loss_func=loss)
    assert tf.predict(other, few, "valid").probs.max() < .1


def test_predict_leaves_the_mode_of_the_model(learn, few):
    for mode in (True, False):
        learn.model.train(mode); tf.predict(learn.model, few, "valid")
        assert learn.model.training == mode


def test_predict_refuses(learn, few, tiny):
    other = ImageTable(few.df, few.root, [*few.vocab, "zebra"])
    for model in (learn, learn.model):
        with pytest.raises(ValueError, match="21"): tf.predict(model, other, "valid")
        with pytest.raises(ValueError, match="no split"): tf.predict(model, few.subset("train"), "test")
    with pytest.raises(ValueError, match="model.vocab"): tf.predict(torch.nn.Linear(2, 2), few, "valid")


# ---- train

def test_run_has_everything(run, few, tiny):
    assert run.framework == "fastai" and run.vocab == few.vocab and run.dataset == few.name
    assert list(run.history) == ["epoch", "train_loss", "valid_loss", "valid_macro_f1", "valid_map", "seconds"]
    assert run.history.epoch.tolist() == [0, 1, 2] and np.isfinite(run.history.to_numpy()).all()
    assert list(run.predictions) == ["valid", "test"] and not run.model.training
    for split, p in run.predictions.items(): assert p.fnames == few.fnames(split)


def test_it_learns(run): assert run.history.train_loss.iloc[-1] < run.history.train_loss.iloc[0] < .8


def test_model_is_that_of_the_best_epoch(run):
    assert evaluate(run.predictions["valid"]).mAP == pytest.approx(run.history.valid_map.max(), abs=1e-4)


def test_folder_holds_the_run_and_the_model(run, few):
    assert {"run.json", "history.csv", "model.safetensors", "predictions-valid.npz", "predictions-test.npz"} == {o.name for o in run.out.iterdir()}
    saved = load_run(run.out)
    assert np.array_equal(saved.predictions["test"].probs, run.predictions["test"].probs) and saved.history.equals(run.history)
    model = tf.load_model(run.out)
    assert model.vocab == few.vocab and model.image_size == 32
    assert np.allclose(tf.predict(model, few, "test").probs, run.predictions["test"].probs, atol=1e-5)


def test_load_model_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="model.safetensors"): tf.load_model(tmp_path)
    from safetensors.numpy import save_file
    save_file({"a": np.zeros(1, "float32")}, tmp_path/"model.safetensors")
    with pytest.raises(ValueError, match="vocab"): tf.load_model(tmp_path)


def test_same_seed_same_run(run, few, tiny):
    again = tf.train(few, tiny, progress=False)
    assert np.allclose(again.predictions["valid"].probs, run.predictions["valid"].probs, atol=1e-4)


@pytest.mark.parametrize("last", [0, 1])
def test_resumed_run_equals_one_that_was_never_cut_off(run, few, tiny, tmp_path, last):
    with pytest.raises(KeyboardInterrupt): tf.train(few, tiny, out=tmp_path, progress=False, cbs=[StopAfter(last)])
    assert (tmp_path/"checkpoint.pt").is_file() and not (tmp_path/"run.json").exists()
    rest = tf.train(few, tiny, out=tmp_path, resume=True, progress=False)
    assert np.allclose(rest.predictions["valid"].probs, run.predictions["valid"].probs, atol=1e-4)
    cols = ["epoch", "valid_loss", "valid_macro_f1", "valid_map"]        # fastai's smoothed training loss starts anew
    assert np.allclose(rest.history[cols], run.history[cols], atol=1e-4)
    assert not (tmp_path/"checkpoint.pt").exists()


def test_resume_refuses_another_run(few, tiny, tmp_path):
    with pytest.raises(KeyboardInterrupt): tf.train(few, tiny, out=tmp_path, progress=False, cbs=[StopAfter(0)])
    with pytest.raises(ValueError, match="learning_rate"): tf.train(few, replace(tiny, learning_rate=1e-3), out=tmp_path, resume=True, progress=False)
    with pytest.raises(ValueError, match="another run"): tf.train(few.subset(np.arange(80)), tiny, out=tmp_path, resume=True, progress=False)
    with pytest.raises(ValueError, match="out="): tf.train(few, tiny, resume=True)


def test_learner_exports_and_loads(learn, few, tmp_path):
    learn.metrics = partial(tf.macro_f1, thresh=.2)
    learn.export(tmp_path/"learner.pkl")
    back = load_learner(tmp_path/"learner.pkl")
    with back.no_bar(): _, _, probs = back.predict(few.paths("test")[0])
    assert np.allclose(probs.numpy(), tf.predict(learn, few, "test").probs[0], atol=1e-4)


def test_quiet_without_progress(few, tiny, capsys):
    tf.train(few, replace(tiny, epochs=1), progress=False)
    assert capsys.readouterr().out == ""


def test_a_set_opened_by_a_relative_path(squares, tiny, monkeypatch):
    import os
    from mlc_course.tables import ImageTable
    monkeypatch.chdir(squares.root.parent)
    table = ImageTable(squares.df, os.path.relpath(squares.root), vocab=squares.vocab)
    run = tf.train(table, replace(tiny, epochs=1), progress=False)
    assert run.predictions["test"].fnames == tf.predict(run.model, table, "test").fnames
