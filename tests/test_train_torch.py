from dataclasses import replace

import numpy as np
import pytest
import torch

from mlc_course import train_torch
from mlc_course.backbones import get_arrays
from mlc_course.metrics import evaluate, load_run
from mlc_course.tables import decode_images
from mlc_course.train_torch import ImageBatches, augment_batch, load_model, make_data, make_model, predict, train


@pytest.fixture(scope="module")
def images(): return np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)


def test_augmenting_moves_pixels_and_invents_none(images):
    x = torch.from_numpy(images)
    y = augment_batch(x, torch.Generator().manual_seed(0), shift=3)
    assert y.shape == x.shape and y.dtype == torch.uint8
    for a, b in zip(images, y.numpy()):
        padded = np.pad(a, ((3, 3), (3, 3), (0, 0)), mode="reflect")
        windows = [padded[i:i + 16, j:j + 16] for i in range(7) for j in range(7)]
        assert any((b == w).all() or (b == w[:, ::-1]).all() for w in windows)
    assert any((a != b).any() for a, b in zip(images, y.numpy()))


def test_batches_hold_every_picture_once(images):
    targets = np.arange(50)[:, None] % 7 == np.arange(7)
    for train_ in (True, False):
        batches = ImageBatches(images, targets, 8, train=train_, device=torch.device("cpu"))
        seen = torch.cat([y for _, y in batches]).numpy()
        np.testing.assert_array_equal(seen.sum(0), targets.sum(0))
        if not train_: np.testing.assert_array_equal(seen > 0, targets)
    assert len(batches) == len([*batches]) == 7


def test_order_depends_on_seed_and_epoch_alone(images):
    make = lambda seed: ImageBatches(images, np.zeros((50, 2)), 16, train=True, seed=seed, device=torch.device("cpu"))
    a, b = make(1), make(1)
    first, again = [x for x, _ in a], [x for x, _ in b]
    assert all(torch.equal(p, q) for p, q in zip(first, again))
    second = [x for x, _ in a]                                   # a's epoch 1
    assert not torch.equal(first[0], second[0])
    b.epoch = 1
    assert torch.equal(second[0], next(iter(b))[0])


def test_pixels_are_those_of_the_decoder(squares, tiny):
    data = make_data(squares, tiny)
    got = torch.cat([x for x, _ in data["valid"]]).cpu().permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(got, decode_images(squares.paths("valid"), 32)/255, atol=1e-6)


def test_last_batch_of_one_is_left_out_of_training(images):
    batches = ImageBatches(images[:33], np.zeros((33, 1)), 32, train=True, device=torch.device("cpu"))
    assert [len(x) for x, _ in batches] == [32]


def test_refusals(squares, tiny, images):
    with pytest.raises(ValueError, match="no rows in split 'valid'"): make_data(squares.subset("train"), tiny)
    with pytest.raises(ValueError, match="out="): train(squares, tiny, resume=True)
    with pytest.raises(ValueError, match="vocab is empty"): make_model([], tiny)
    with pytest.raises(TypeError, match="uint8"): ImageBatches(images/255, np.zeros((50, 1)), 8)
    with pytest.raises(ValueError, match="same number"): ImageBatches(images, np.zeros((49, 1)), 8)
    model = make_model(["a", "b"], tiny)
    with pytest.raises(ValueError, match="knows the labels"): predict(model, squares)
    with pytest.raises(ValueError, match="no split 'final'"): predict(make_model(squares.vocab, tiny), squares, "final")
    with pytest.raises(FileNotFoundError, match="train_torch.train"): load_model("nowhere")


def test_training_learns_and_leaves_a_complete_folder(squares, tiny, tmp_path):
    run = train(squares, replace(tiny, epochs=12), out=tmp_path, progress=False)
    assert run.history.valid_map.max() > .8                      # chance is about .45
    assert {p.name for p in tmp_path.iterdir()} == {"model.safetensors", "run.json", "history.csv", "predictions-valid.npz", "predictions-test.npz"}
    again = load_run(tmp_path)
    test = run.predictions["test"]
    np.testing.assert_array_equal(again.predictions["test"].probs, test.probs)
    assert list(test.fnames) == squares.fnames("test")
    np.testing.assert_allclose(predict(load_model(tmp_path), squares, "test").probs, test.probs, atol=1e-6)
    assert evaluate(run.predictions["valid"]).mAP == pytest.approx(run.history.valid_map.max(), abs=1e-6)     # the best epoch's weights


@pytest.mark.parametrize("stop_at", [(1, 0), (1, 2), (2, 0)])
def test_stopped_anywhere_it_resumes_bit_for_bit(squares, tiny, tmp_path, monkeypatch, stop_at):
    whole = train(squares, tiny, progress=False)
    original = ImageBatches.__iter__
    def failing(self):
        for i, batch in enumerate(original(self)):
            if self.train and (self.epoch, i) == stop_at: raise KeyboardInterrupt
            yield batch
    monkeypatch.setattr(ImageBatches, "__iter__", failing)
    with pytest.raises(KeyboardInterrupt): train(squares, tiny, out=tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
    monkeypatch.setattr(ImageBatches, "__iter__", original)
    run = train(squares, tiny, out=tmp_path, resume=True, progress=False)
    a, b = get_arrays(whole.model), get_arrays(run.model)
    for name in a: np.testing.assert_array_equal(a[name], b[name])
    np.testing.assert_array_equal(whole.history.drop(columns="seconds"), run.history.drop(columns="seconds"))


def test_a_checkpoint_of_another_run_is_refused(squares, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(train_torch, "epoch_scores", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt) if (tmp_path/"checkpoint.pt").exists() else (1., .5, .5))
    with pytest.raises(KeyboardInterrupt): train(squares, tiny, out=tmp_path, progress=False)
    with pytest.raises(ValueError, match="learning_rate"): train(squares, replace(tiny, learning_rate=1e-4), out=tmp_path, resume=True, progress=False)
    with pytest.raises(ValueError, match="other data"): train(squares.subset(np.arange(len(squares)) < 100), tiny, out=tmp_path, resume=True, progress=False)
