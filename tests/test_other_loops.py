"Our batches in the loops of other libraries: Accelerate, Lightning; and transforms of albumentations."

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="PyTorch isn't installed: pip install mlc_course[torch]"
)
from torch import nn

from mlc_course import train_torch
from mlc_course.losses import binary_cross_entropy_with_logits


@pytest.fixture
def quick(tiny):
    return replace(tiny, image_size=16, epochs=2, freeze_epochs=0, batch_size=20)


@pytest.fixture
def on_cpu(monkeypatch):
    monkeypatch.setenv("MLC_DEVICE", "cpu")


def small_net(n=3):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(8, n))


def needs(library):
    why = f"{library} isn't installed, so what it takes of ours is not tried: pip install {library}"
    return pytest.importorskip(library, reason=why)


def whole(batches):
    return tuple(torch.cat(o) for o in zip(*batches))


def test_accelerate_prepares_our_batches(squares, quick, on_cpu):
    accelerate = needs("accelerate")
    data = train_torch.make_data(squares, quick)
    accelerator = accelerate.Accelerator(cpu=True)
    net = small_net()
    optimiser = torch.optim.AdamW(net.parameters(), 1e-2)
    net, optimiser, train, valid = accelerator.prepare(net, optimiser, data["train"], data["valid"])
    before = [p.detach().clone() for p in net.parameters()]
    seen, orders = 0, []
    for _ in range(2):
        orders.append([])
        for x, y in train:
            assert x.shape[1:] == (3, 16, 16) and 0 <= x.min() and x.max() <= 1
            accelerator.backward(binary_cross_entropy_with_logits(net(x), y))
            optimiser.step()
            optimiser.zero_grad()
            seen += len(x)
            orders[-1].append(y)
    assert seen == 2 * len(squares.paths("train"))
    assert not torch.equal(torch.cat(orders[0]), torch.cat(orders[1]))  # shuffled anew
    assert any(not torch.equal(a, b) for a, b in zip(before, net.parameters()))
    x, y = whole(valid)
    a, b = whole(data["valid"])
    assert torch.equal(x, a) and torch.equal(y, b)


def test_lightning_fits_and_predicts_with_our_batches(squares, quick, on_cpu, tmp_path):
    lightning = needs("pytorch_lightning")
    data = train_torch.make_data(squares, quick)

    class Lit(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.seen = small_net(), 0

        def training_step(self, batch, i):
            x, y = batch
            self.seen += len(x)
            return binary_cross_entropy_with_logits(self.net(x), y)

        def validation_step(self, batch, i):
            loss = binary_cross_entropy_with_logits(self.net(batch[0]), batch[1])
            self.log("valid_loss", loss, batch_size=len(batch[0]))

        def predict_step(self, batch, i):
            return self.net(batch[0]).sigmoid()

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), 1e-2)

    off = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False)
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        default_root_dir=tmp_path,
        enable_model_summary=False,
        **off,
    )
    lit = Lit()
    trainer.fit(lit, data["train"], data["valid"])
    assert lit.seen == 2 * len(squares.paths("train"))
    assert torch.isfinite(trainer.callback_metrics["valid_loss"])
    probs = torch.cat(trainer.predict(lit, data["valid"]))
    lit.net.vocab, lit.net.image_size = list(squares.vocab), 16
    ours = train_torch.predict(lit.net.eval(), squares, "valid")
    np.testing.assert_allclose(probs.numpy(), ours.probs, atol=1e-6)


@pytest.mark.parametrize("name", ["torch", "fastai"])
def test_a_transform_of_albumentations_is_repeatable(squares, quick, on_cpu, name):
    A = needs("albumentations")
    import importlib

    trainer = importlib.import_module(f"mlc_course.train_{name}")
    changed = A.Compose([A.HorizontalFlip(p=0.5), A.RandomBrightnessContrast(p=0.9)])
    runs = [
        trainer.train(squares, quick, model=small_net(), augment=o, progress=False)
        for o in (changed, changed, "none")
    ]
    losses = [r.history.train_loss.to_numpy() for r in runs]
    np.testing.assert_array_equal(losses[0], losses[1])
    assert not np.allclose(losses[0], losses[2])
    assert "RandomBrightnessContrast" in runs[0].recipe["augment"]


def test_albumentations_resumed_is_albumentations_in_one_go(squares, quick, on_cpu, tmp_path):
    A = needs("albumentations")
    import signal

    changed = lambda: A.Compose([A.HorizontalFlip(p=0.5), A.RandomBrightnessContrast(p=0.9)])
    go = lambda **more: train_torch.train(
        squares, quick, model=small_net(), augment=changed(), progress=False, **more
    )
    press = lambda row, model: row["epoch"] == 0 and signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        go(out=tmp_path, on_epoch=press)
    a, b = go(out=tmp_path, resume=True), go()
    np.testing.assert_array_equal(a.predictions["test"].probs, b.predictions["test"].probs)
