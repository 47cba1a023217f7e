from dataclasses import replace

import numpy as np
import pytest

from mlc_course.metrics import evaluate, load_run
from mlc_course.tables import decode_images
from mlc_course.train_tf import EpochData, augment_batch, load_model, make_data, make_model, predict, tf, train


@pytest.fixture(scope="module")
def images(): return np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)


def test_augmenting_moves_pixels_and_invents_none(images):
    y = augment_batch(tf.constant(images), tf.constant([0, 1]), shift=3).numpy()
    assert y.shape == images.shape and y.dtype == np.uint8
    for a, b in zip(images, y):
        padded = np.pad(a, ((3, 3), (3, 3), (0, 0)), mode="reflect")
        windows = [padded[i:i + 16, j:j + 16] for i in range(7) for j in range(7)]
        assert any((b == w).all() or (b == w[:, ::-1]).all() for w in windows)
    assert (images != y).any()


def test_epochs_hold_every_picture_once_and_repeat(images):
    targets = np.arange(50)[:, None] % 7 == np.arange(7)
    data = EpochData(images, targets, 8, seed=3)
    epochs = [[(x.numpy(), y.numpy()) for x, y in data(e)] for e in (0, 0, 1)]
    for epoch in epochs: np.testing.assert_array_equal(sum(y.sum(0) for _, y in epoch), targets.sum(0))
    for (x, _), (x2, _) in zip(epochs[0], epochs[1]): np.testing.assert_array_equal(x, x2)
    assert (epochs[0][0][0] != epochs[2][0][0]).any()


def test_pixels_are_those_of_the_decoder_in_the_tables_order(squares, tiny):
    data = make_data(squares, tiny)
    np.testing.assert_allclose(np.concatenate([x for x, _ in data["valid"]]), decode_images(squares.paths("valid"), 32)/255, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate([y for _, y in data["valid"]]) > 0, squares.targets("valid"))


def test_refusals(squares, tiny, images):
    with pytest.raises(ValueError, match="no rows in split 'valid'"): make_data(squares.subset("train"), tiny)
    with pytest.raises(ValueError, match="out="): train(squares, tiny, resume=True)
    with pytest.raises(ValueError, match="vocab is empty"): make_model([], tiny)
    with pytest.raises(TypeError, match="uint8"): EpochData(images/255, np.zeros((50, 1)), 8)
    with pytest.raises(ValueError, match="knows the labels"): predict(make_model(["a", "b"], tiny), squares)
    with pytest.raises(ValueError, match="no split 'final'"): predict(make_model(squares.vocab, tiny), squares, "final")
    with pytest.raises(FileNotFoundError, match="train_tf"): load_model("nowhere")


def test_training_learns_and_leaves_a_complete_folder(squares, tiny, tmp_path):
    run = train(squares, replace(tiny, epochs=12), out=tmp_path, progress=False)
    assert run.history.valid_map.max() > .8                      # chance is about .45
    assert {p.name for p in tmp_path.iterdir()} == {"model.keras", "vocab.json", "run.json", "history.csv", "predictions-valid.npz", "predictions-test.npz"}
    test = run.predictions["test"]
    np.testing.assert_array_equal(load_run(tmp_path).predictions["test"].probs, test.probs)
    assert list(test.fnames) == squares.fnames("test")
    np.testing.assert_allclose(predict(load_model(tmp_path), squares, "test").probs, test.probs, atol=1e-5)
    assert evaluate(run.predictions["valid"]).mAP == pytest.approx(run.history.valid_map.max(), abs=1e-6)


def test_stopped_between_epochs_it_resumes(squares, tiny, tmp_path, monkeypatch):
    whole = train(squares, tiny, progress=False)
    original = EpochData.__call__
    def failing(self, epoch=0):
        if epoch == 2: raise KeyboardInterrupt
        return original(self, epoch)
    monkeypatch.setattr(EpochData, "__call__", failing)
    with pytest.raises(KeyboardInterrupt): train(squares, tiny, out=tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
    monkeypatch.setattr(EpochData, "__call__", original)
    with pytest.raises(ValueError, match="learning_rate"): train(squares, replace(tiny, learning_rate=1e-4), out=tmp_path, resume=True, progress=False)
    run = train(squares, tiny, out=tmp_path, resume=True, progress=False)
    np.testing.assert_allclose(run.predictions["valid"].probs, whole.predictions["valid"].probs, atol=1e-3)
    assert len(run.history) == 3 and not (tmp_path/"checkpoint").exists()
