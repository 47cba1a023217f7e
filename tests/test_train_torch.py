import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.transforms.v2 import functional as tvf

from mlc_course import train_torch
from mlc_course.backbones import get_arrays
from mlc_course.metrics import evaluate, load_run
from mlc_course.safety import TrainingDiverged
from mlc_course.tables import decode_images
from mlc_course.train_torch import (
    ImageBatches,
    TableDataset,
    TrainingState,
    adapt_batchnorm,
    augment_batch,
    cached_features,
    fit_head,
    load_model,
    make_data,
    make_model,
    predict,
    random_resized_crop,
    train,
)
from mlc_course.training import keeper, torch_augment, torch_loop

CPU = torch.device("cpu")


def same_run(a, b):
    "The two runs are equal to the last bit."
    x, y = get_arrays(a.model), get_arrays(b.model)
    assert x.keys() == y.keys()
    for name in x:
        np.testing.assert_array_equal(x[name], y[name])
    np.testing.assert_array_equal(
        a.history.drop(columns="seconds"), b.history.drop(columns="seconds")
    )
    for split in a.predictions:
        np.testing.assert_array_equal(a.predictions[split].probs, b.predictions[split].probs)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)


def test_augmenting_moves_pixels_and_invents_none(images):
    x = torch.from_numpy(images)
    y = augment_batch(x, torch.Generator().manual_seed(0), shift=3)
    assert y.shape == x.shape and y.dtype == torch.uint8
    for a, b in zip(images, y.numpy()):
        padded = np.pad(a, ((3, 3), (3, 3), (0, 0)), mode="reflect")
        windows = [padded[i : i + 16, j : j + 16] for i in range(7) for j in range(7)]
        assert any((b == w).all() or (b == w[:, ::-1]).all() for w in windows)
    assert any((a != b).any() for a, b in zip(images, y.numpy()))


def test_batches_hold_every_picture_once(images):
    targets = np.arange(50)[:, None] % 7 == np.arange(7)
    for train_ in (True, False):
        batches = ImageBatches(images, targets, 8, train=train_, device=torch.device("cpu"))
        seen = torch.cat([y for _, y in batches]).numpy()
        np.testing.assert_array_equal(seen.sum(0), targets.sum(0))
        if not train_:
            np.testing.assert_array_equal(seen > 0, targets)
    assert len(batches) == len([*batches]) == 7


def test_order_depends_on_seed_and_epoch_alone(images):
    make = lambda seed: ImageBatches(
        images, np.zeros((50, 2)), 16, train=True, seed=seed, device=torch.device("cpu")
    )
    a, b = make(1), make(1)
    first, again = [x for x, _ in a], [x for x, _ in b]
    assert all(torch.equal(p, q) for p, q in zip(first, again))
    second = [x for x, _ in a]  # a's epoch 1
    assert not torch.equal(first[0], second[0])
    b.epoch = 1
    assert torch.equal(second[0], next(iter(b))[0])


def test_pixels_are_those_of_the_decoder(squares, tiny):
    data = make_data(squares, tiny)
    got = torch.cat([x for x, _ in data["valid"]]).cpu().permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(got, decode_images(squares.paths("valid"), 32) / 255, atol=1e-6)


def test_last_batch_of_one_is_left_out_of_training(images):
    batches = ImageBatches(
        images[:33], np.zeros((33, 1)), 32, train=True, device=torch.device("cpu")
    )
    assert [len(x) for x, _ in batches] == [32]


def test_refusals(squares, tiny, images):
    with pytest.raises(ValueError, match="no rows in split 'valid'"):
        make_data(squares.subset("train"), tiny)
    with pytest.raises(ValueError, match="out="):
        train(squares, tiny, resume=True)
    with pytest.raises(ValueError, match="vocab is empty"):
        make_model([], tiny)
    with pytest.raises(TypeError, match="uint8"):
        ImageBatches(images / 255, np.zeros((50, 1)), 8)
    with pytest.raises(ValueError, match="same number"):
        ImageBatches(images, np.zeros((49, 1)), 8)
    model = make_model(["a", "b"], tiny)
    with pytest.raises(ValueError, match="knows the labels"):
        predict(model, squares)
    with pytest.raises(ValueError, match="no split 'final'"):
        predict(make_model(squares.vocab, tiny), squares, "final")
    with pytest.raises(FileNotFoundError, match="train_torch.train"):
        load_model("nowhere")


def test_training_learns_and_leaves_a_complete_folder(squares, tiny, tmp_path):
    run = train(squares, replace(tiny, epochs=12), out=tmp_path, progress=False)
    assert run.history.valid_map.max() > 0.8  # chance is about .45
    assert {p.name for p in tmp_path.iterdir()} == {
        "model.json",
        "model.safetensors",
        "run.json",
        "history.csv",
        "predictions-valid.npz",
        "predictions-test.npz",
    }
    again = load_run(tmp_path)
    test = run.predictions["test"]
    np.testing.assert_array_equal(again.predictions["test"].probs, test.probs)
    assert list(test.fnames) == squares.fnames("test")
    np.testing.assert_allclose(
        predict(load_model(tmp_path), squares, "test").probs, test.probs, atol=1e-6
    )
    assert evaluate(run.predictions["valid"]).mAP == pytest.approx(
        run.history.valid_map.max(), abs=1e-6
    )  # the best epoch's weights


def test_a_checkpoint_of_another_run_is_refused(squares, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(
        keeper,
        "epoch_scores",
        lambda *a: (
            (_ for _ in ()).throw(KeyboardInterrupt)
            if (tmp_path / "checkpoint.pt").exists()
            else (1.0, 0.5, 0.5)
        ),
    )
    with pytest.raises(KeyboardInterrupt):
        train(squares, tiny, out=tmp_path, progress=False)
    with pytest.raises(ValueError, match="learning_rate"):
        train(squares, replace(tiny, learning_rate=1e-4), out=tmp_path, resume=True, progress=False)
    with pytest.raises(ValueError, match="other data"):
        train(
            squares.subset(np.arange(len(squares)) < 100),
            tiny,
            out=tmp_path,
            resume=True,
            progress=False,
        )


# ---- augmentation: both ways, and the library ---------------------------------------------------
@settings(max_examples=30, deadline=None)
@given(side=st.integers(9, 40), seed=st.integers(0, 999))
def test_the_processors_way_gives_the_pixels_of_the_cards_way(side, seed):
    images = np.random.default_rng(seed).integers(0, 256, (7, side, side, 3), dtype=np.uint8)
    g = lambda: torch.Generator().manual_seed(seed)
    shift = side // 3
    flip, dy, dx = torch_augment.draw_moves(7, side, shift, g())
    np.testing.assert_array_equal(
        torch_augment.moved(torch.from_numpy(images.copy()), flip, dy, dx),
        (augment_batch(torch.from_numpy(images), g(), shift).float() / 255).numpy(),
    )


@settings(max_examples=30, deadline=None)
@given(side=st.integers(5, 100), seed=st.integers(0, 999), low=st.floats(0.05, 1))
def test_crops_are_torchvisions(side, seed, low):
    for cv2 in {torch_augment.cv2, None}:
        check_crops(side, seed, low, cv2)


def check_crops(side, seed, low, cv2):
    images = torch.from_numpy(
        np.random.default_rng(seed).integers(0, 256, (5, side, side, 3), dtype=np.uint8)
    )
    boxes = torch_augment.draw_boxes(5, side, low, torch.Generator().manual_seed(seed))
    flip, top, left, h, w = boxes
    assert (
        (top >= 0).all()
        and (left >= 0).all()
        and (top + h <= side).all()
        and (left + w <= side).all()
        and (h >= 1).all()
        and (w >= 1).all()
    )
    theirs = []
    for i in range(5):
        x = tvf.resized_crop(
            images[i].permute(2, 0, 1),
            int(top[i]),
            int(left[i]),
            int(h[i]),
            int(w[i]),
            [side, side],
            antialias=False,
        )
        theirs.append(x.flip(2) if flip[i] else x)
    theirs = torch.stack(theirs).float() / 255
    batches = ImageBatches(
        images.numpy(), np.zeros((5, 1)), 5, train=True, min_scale=low, device=CPU
    )
    with pytest.MonkeyPatch.context() as m:
        m.setattr(torch_augment, "cv2", cv2)
        ours = batches._on_cpu(torch.arange(5), boxes)
    torch.testing.assert_close(
        ours, theirs, atol=1.001 / 255 if cv2 else 0, rtol=0
    )  # OpenCV rounds on its own
    at_once = random_resized_crop(images, torch.Generator().manual_seed(seed), low)
    torch.testing.assert_close(
        at_once, theirs, atol=1 / 255 + 1e-5, rtol=0
    )  # the library rounds to bytes


def test_crops_keep_their_share_of_the_area():
    _, top, left, h, w = torch_augment.draw_boxes(5000, 128, 0.35, torch.Generator().manual_seed(0))
    share = (h * w) / 128**2
    assert 0.3 < share.min() and share.max() <= 1 and 0.6 < share.float().mean() < 0.72
    with pytest.raises(ValueError, match="min_scale is 2"):
        random_resized_crop(torch.zeros(1, 8, 8, 3, dtype=torch.uint8), torch.Generator(), 2)


@pytest.mark.parametrize("min_scale", [None, 0.4])
def test_any_batch_of_any_epoch_can_be_made_again(images, min_scale):
    make = lambda: ImageBatches(
        images,
        np.arange(100).reshape(50, 2) % 2,
        8,
        train=True,
        seed=3,
        device=CPU,
        min_scale=min_scale,
    )
    a, b = make(), make()
    a.epoch = b.epoch = 4
    whole = list(a)
    b.start = 5
    for (x, y), (u, v) in zip(whole[5:], b, strict=True):
        assert torch.equal(x, u) and torch.equal(y, v)
    assert b.start == 0 and b.epoch == 5


@pytest.mark.parametrize("min_scale", [None, 0.4])
def test_the_way_on_a_card_gives_the_same_batches(images, min_scale, monkeypatch):
    make = lambda: ImageBatches(
        images,
        np.arange(100).reshape(50, 2) % 2,
        8,
        train=True,
        seed=3,
        device=CPU,
        min_scale=min_scale,
    )
    here, there = make(), make()
    monkeypatch.setattr(there, "_on_cpu", there._on_gpu)
    for (x, y), (u, v) in zip(here, there, strict=True):
        assert torch.equal(y, v)
        torch.testing.assert_close(x, u, atol=0 if min_scale is None else 1 / 255 + 1e-5, rtol=0)


def test_rows_choose_among_the_images(images):
    rows = np.array([3, 7, 11])
    x, y = next(iter(ImageBatches(images, np.eye(3), 8, device=CPU, rows=rows)))
    np.testing.assert_array_equal((x.permute(0, 2, 3, 1) * 255).round().numpy(), images[rows])


def test_the_dataset_serves_pictures_and_targets(squares):
    data = TableDataset(squares, "valid", lambda image: torch.from_numpy(np.array(image)))
    assert len(data) == len(squares.paths("valid")) and data[0][0].shape == (40, 40, 3)
    np.testing.assert_array_equal(
        torch.stack([y for _, y in data]).bool().numpy(), squares.targets("valid")
    )


# ---- the head alone ----------------------------------------------------------------------------
def test_the_head_is_scikit_learns_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    f = rng.normal(size=(300, 12)).astype("float32") * rng.uniform(0.1, 5, 12).astype("float32") + 3
    y = (f @ rng.normal(size=(12, 4)) + rng.normal(size=(300, 4)) > rng.normal(size=4)).astype(
        "float32"
    )
    head = nn.Linear(12, 4)
    fit_head(head, torch.from_numpy(f), torch.from_numpy(y), passes=2000, C=0.3)
    z = (f - f.mean(0)) / (f.std(0) + 1e-3)
    for j in range(4):
        theirs = (
            LogisticRegression(C=0.3, tol=1e-8, max_iter=5000)
            .fit(z, y[:, j])
            .predict_proba(z)[:, 1]
        )
        np.testing.assert_allclose(
            torch.sigmoid(head(torch.from_numpy(f)))[:, j].detach(), theirs, atol=2e-3
        )


def test_the_frozen_phase_moves_no_weight_of_the_body(squares, tiny):
    model, data = make_model(squares.vocab, tiny), make_data(squares, tiny)
    before = get_arrays(model)
    adapt_batchnorm(model, data["train"])
    assert data["train"].epoch == 0
    features, targets = cached_features(model, data["train"])
    fit_head(model.head, features, targets)
    np.testing.assert_array_equal(targets.bool().numpy(), squares.targets("train"))
    after = get_arrays(model)
    changed = {k for k in before if not np.array_equal(before[k], after[k])}
    assert {k.rpartition(".")[2] for k in changed} >= {"running_mean", "running_var"}
    assert all("running" in k or k.startswith("head") for k in changed)


# ---- the loop ----------------------------------------------------------------------------------
def test_accumulated_gradients_are_those_of_the_large_batch(squares, tiny, monkeypatch):
    steps = []

    def train_one(batch_size, accumulate):
        profile = replace(tiny, batch_size=batch_size, epochs=1, freeze_epochs=0)
        model, data = make_model(squares.vocab, profile), make_data(squares, profile)
        monkeypatch.setattr(
            model, "train", lambda mode=True: nn.Module.train(model, False)
        )  # BatchNorm must not see the parts
        state = TrainingState(model, profile, 9)
        seen = []
        monkeypatch.setattr(
            state, "step", lambda: (seen.append(model.head.weight.grad.clone()), model.zero_grad())
        )
        assert torch_loop.one_epoch(state, data["train"], accumulate)
        steps.append(seen)

    train_one(36, 1)
    train_one(12, 3)
    assert len(steps[0]) == len(steps[1]) >= 2
    for a, b in zip(*steps):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_the_moving_average_is_what_is_kept(squares, tiny):
    judged = []
    run = train(
        squares, tiny, progress=False, ema=0.9, on_epoch=lambda row, m: judged.append(get_arrays(m))
    )
    best = int(run.history.valid_map.idxmax())
    kept = get_arrays(run.model)
    for k in kept:
        np.testing.assert_array_equal(kept[k], judged[best][k])
    other = get_arrays(train(squares, tiny, progress=False).model)
    assert any(not np.array_equal(kept[k], other[k]) for k in kept)


def test_tensorboard_gets_every_epoch(squares, tiny, tmp_path):
    pytest.importorskip("tensorboard")
    run = train(squares, tiny, progress=False, log_dir=tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    seen = EventAccumulator(str(tmp_path)).Reload()
    np.testing.assert_allclose(
        [e.value for e in seen.Scalars("score/mAP")], run.history.valid_map, rtol=1e-6
    )
    np.testing.assert_allclose(
        [e.value for e in seen.Scalars("loss/train")], run.history.train_loss, rtol=1e-6
    )
    assert seen.Tags()["images"] == ["train/batch"]


def test_other_networks_train_and_come_back(squares, tiny, tmp_path):
    run = train(
        squares,
        replace(tiny, arch="resnet18", pretrained=False, epochs=1),
        out=tmp_path,
        progress=False,
        dropout=0.2,
    )
    np.testing.assert_allclose(
        predict(load_model(tmp_path), squares, "test").probs,
        run.predictions["test"].probs,
        atol=1e-5,
    )


def test_a_random_start_has_no_frozen_phase(squares, tiny, monkeypatch):
    monkeypatch.setattr(train_torch, "head_first", lambda *a: pytest.fail("the body is random"))
    train(squares, replace(tiny, pretrained=False, epochs=1), progress=False)
    train(squares, replace(tiny, freeze_epochs=0, epochs=1), progress=False)


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_a_training_of_a_few_steps_has_a_rate(squares, tiny, epochs):
    run = train(
        squares, replace(tiny, epochs=epochs, batch_size=72, freeze_epochs=0), progress=False
    )  # one step an epoch
    assert len(run.history) == epochs and np.isfinite(run.history.train_loss).all()


def test_odd_settings_are_refused(squares, tiny):
    with pytest.raises(ValueError, match="accumulate is 0"):
        train(squares, tiny, accumulate=0)
    with pytest.raises(ValueError, match="ema is 1"):
        train(squares, tiny, ema=1.0)
    with pytest.raises(ValueError, match="on_error is 'ignore'"):
        train(squares, tiny, on_error="ignore")
    with pytest.raises(ValueError, match="min_scale is 1.5"):
        train(squares, tiny, min_scale=1.5)


@pytest.mark.parametrize(
    "change",
    [dict(accumulate=2), dict(ema=0.9), dict(dropout=0.1), dict(min_scale=0.5)],
    ids=lambda o: next(iter(o)),
)
def test_a_checkpoint_of_another_recipe_is_refused(squares, tiny, tmp_path, change):
    press = lambda row, model: signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(squares, tiny, out=tmp_path, progress=False, on_epoch=press)
    with pytest.raises(ValueError, match=f"trained with {next(iter(change))} = "):
        train(squares, tiny, out=tmp_path, resume=True, progress=False, **change)


def test_a_resumed_run_computes_in_the_precision_that_it_began_with(
    squares, tiny, tmp_path, monkeypatch
):
    press = lambda row, model: signal.raise_signal(signal.SIGINT)
    auto = replace(tiny, precision="auto", epochs=2)
    monkeypatch.setattr(train_torch, "pick_precision", lambda precision: "bf16")
    whole = train(squares, auto, progress=False)
    with pytest.raises(KeyboardInterrupt):
        train(squares, auto, out=tmp_path, progress=False, on_epoch=press)
    monkeypatch.setattr(train_torch, "pick_precision", lambda precision: "fp32")
    same_run(whole, train(squares, auto, out=tmp_path, resume=True, progress=False))


# ---- faults ------------------------------------------------------------------------------------
class _PressedAt:
    def __init__(self, looks):
        self.left = looks

    def __bool__(self):
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("looks", [0, 1, 2, 4, 7])
@pytest.mark.parametrize(
    "more", [{}, dict(accumulate=2, ema=0.9, dropout=0.3)], ids=["plain", "all options"]
)
def test_stopped_after_any_step_it_resumes_bit_for_bit(
    squares, tiny, tmp_path, monkeypatch, looks, more
):
    import contextlib

    whole = train(squares, tiny, progress=False, **more)
    monkeypatch.setattr(train_torch, "ctrl_c", lambda: contextlib.nullcontext(_PressedAt(looks)))
    with pytest.raises(KeyboardInterrupt):
        train(squares, tiny, out=tmp_path, progress=False, **more)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
    monkeypatch.undo()
    same_run(whole, train(squares, tiny, out=tmp_path, resume=True, progress=False, **more))


def test_a_real_ctrl_c_saves_and_leaves(squares, tiny, tmp_path):
    press = lambda row, model: signal.raise_signal(signal.SIGINT) if row["epoch"] == 0 else None
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(squares, tiny, out=tmp_path, progress=False, on_epoch=press)
    assert signal.getsignal(signal.SIGINT) is before and (tmp_path / "checkpoint.pt").is_file()
    same_run(
        train(squares, tiny, progress=False),
        train(squares, tiny, out=tmp_path, resume=True, progress=False),
    )


VICTIM = """
import sys, pickle
from mlc_course.train_torch import train
import torch; torch.set_num_threads(1)
table, profile, out = pickle.load(open(sys.argv[1], "rb"))
train(table, profile, out=out, progress=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.12])
def test_killed_at_any_moment_it_resumes_bit_for_bit(squares, tiny, tmp_path, delay):
    import pickle

    profile, out, threads = replace(tiny, epochs=8), tmp_path / "run", torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = train(squares, profile, progress=False)
    finally:
        torch.set_num_threads(threads)
    with open(tmp_path / "job", "wb") as f:
        pickle.dump((squares, profile, out), f)
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(tmp_path / "job")], stderr=subprocess.PIPE
    )
    end = time.monotonic() + 120
    while (
        not (out / "checkpoint.pt").is_file() and victim.poll() is None and time.monotonic() < end
    ):
        time.sleep(0.002)
    time.sleep(delay)
    victim.kill()
    error = victim.communicate()[1].decode()
    assert victim.returncode == -signal.SIGKILL, error
    torch.set_num_threads(1)
    try:
        same_run(whole, train(squares, profile, out=out, resume=True, progress=False))
    finally:
        torch.set_num_threads(threads)
    assert not list(out.glob("*.part"))


def test_the_plain_dataset_meets_a_broken_image_in_the_middle_of_an_epoch(with_a_broken_image):
    table, path = with_a_broken_image
    loader = torch.utils.data.DataLoader(
        TableDataset(table, "train", lambda o: torch.from_numpy(np.array(o))), 16
    )
    with pytest.raises(ValueError, match=path.name):
        list(loader)


FULL = """
import sys, pickle, signal, resource
from mlc_course.train_torch import train
table, profile, out = pickle.load(open(sys.argv[1], "rb"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def fill(row, model):
    if row["epoch"] == 1: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))      # the disk "is full" from here on
try: train(table, profile, out=out, progress=False, on_epoch=fill)
except OSError as e: print("OSError:", e.strerror)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_leaves_the_last_checkpoint_good(squares, tiny, tmp_path):
    import pickle

    out = tmp_path / "run"
    with open(tmp_path / "job", "wb") as f:
        pickle.dump((squares, tiny, out), f)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "job")], capture_output=True, text=True
    )
    assert "OSError: There is no room for checkpoint.pt" in done.stdout, done.stdout + done.stderr
    assert [p.name for p in out.iterdir()] == ["checkpoint.pt"]
    assert torch.load(out / "checkpoint.pt", weights_only=True)["place"]["epoch"] == 1
    assert len(train(squares, tiny, out=out, resume=True, progress=False).history) == tiny.epochs


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(squares, tiny, tmp_path):
    def spoil(row, model):
        if row["epoch"] == 1:
            model.head.weight.data[0, 0] = float("nan")

    n = len(make_data(squares, tiny)["train"])
    with pytest.raises(
        TrainingDiverged,
        match=rf"step {2 * n} \(epoch 2\).*checkpoint\.pt.*still good.*learning_rate",
    ) as e:
        train(squares, tiny, out=tmp_path, progress=False, on_epoch=spoil)
    assert e.value.step == 2 * n


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        ),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        MemoryError(),
    ],
)
def test_out_of_memory_says_what_to_lower(squares, tiny, monkeypatch, error):
    def forward(*args):
        raise error

    monkeypatch.setattr(torch_loop, "forward", forward)
    with pytest.raises(
        MemoryError,
        match=f"Lower batch_size first, for example to {tiny.batch_size // 2}.*image_size",
    ):
        train(squares, tiny, progress=False)


# ---- where little is installed -----------------------------------------------------------------
BARE = """
import sys
no = set("fastai fastcore fasttransform tensorflow keras sklearn onnx nbdev IPython gradio".split())
class Without:
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, *args, **kwargs): return None if name.partition(".")[0] in no else self.finder.find_spec(name, *args, **kwargs)
    def __getattr__(self, name): return getattr(self.finder, name)
sys.meta_path[:] = [Without(f) for f in sys.meta_path]
import pickle
from mlc_course.train_torch import train
from mlc_course.metrics import evaluate
table, profile, out = pickle.load(open(sys.argv[1], "rb"))
run = train(table, profile, out=out)
print(evaluate(run.predictions["test"]).mAP >= 0, sorted(p.name for p in out.iterdir()))
import mlc_course.tools.bench
"""


def test_it_trains_with_the_extra_torch_alone(squares, tiny, tmp_path):
    import pickle

    with open(tmp_path / "job", "wb") as f:
        pickle.dump((squares, replace(tiny, epochs=1), tmp_path / "out"), f)
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(tmp_path / "job")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "True" in done.stdout and "model.safetensors" in done.stdout
