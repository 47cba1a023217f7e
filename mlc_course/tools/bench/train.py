"""`mlc bench train`: images a second of each trainer, beside a plain recipe and beside data that is already in memory."""

# The plain recipe is how the source article on image tagging with PyTorch writes it: each picture decoded, resized and changed by Pillow in
# every epoch, float32, contiguous layout, a sigmoid before BCELoss, nine scikit-learn scores in every step.
# Needs torch, torchvision, NumPy and pandas; scikit-learn, fastai and TensorFlow are timed where they are installed.
# Without the command line's library:  python -m mlc_course.tools.bench.train
from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlc_course.extras import need
from mlc_course.machine import quiet_threads
from mlc_course.tools.bench.core import Report, Row, machine, once

PLAIN = "the plain recipe"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, as the article normalises


# ---- the plain recipe --------------------------------------------------------------------------
def plain_transform(size: int, strong: bool = False):
    "Pillow transforms of one picture, as the article has them: with its affine transform, or with flip and shift as our trainers."
    from torchvision import transforms as T

    mild = [
        T.RandomHorizontalFlip(),
        T.RandomCrop(size, padding=max(1, size // 16), padding_mode="reflect"),
    ]
    affine = [
        T.RandomHorizontalFlip(),
        T.ColorJitter(),
        T.RandomAffine(
            20, translate=(0.2, 0.2), scale=(0.5, 1.5), fill=tuple(int(255 * m) for m in MEAN)
        ),
    ]
    return T.Compose(
        [
            T.Resize((size, size)),
            *(affine if strong else mild),
            T.ToTensor(),
            T.Normalize(MEAN, STD),
        ]
    )


def plain_loader(table, split, size, batch_size, strong=False, train=True, workers=2):
    import torch
    from torchvision import transforms as T

    from mlc_course.train_torch import TableDataset

    still = T.Compose([T.Resize((size, size)), T.ToTensor(), T.Normalize(MEAN, STD)])
    data = TableDataset(table, split, plain_transform(size, strong) if train else still)
    return torch.utils.data.DataLoader(
        data, batch_size, shuffle=train, num_workers=workers, drop_last=train
    )


def _plain_model(vocab, profile):
    "The same network and weights as ours, in plain layout; it takes what Normalize gives."
    import torch
    from torch import nn

    from mlc_course.train_torch import make_model

    net = make_model(vocab, profile).to(memory_format=torch.contiguous_format)
    mean, std = (torch.tensor(o, device=_place(net)).view(3, 1, 1) for o in (MEAN, STD))

    class Undo(nn.Module):
        def forward(self, x):
            return x * std + mean

    return nn.Sequential(Undo(), net, nn.Sigmoid())


def _place(model):
    return next(model.parameters()).device


def _nine(probs, targets):
    try:
        from sklearn.metrics import f1_score, precision_score, recall_score
    except ImportError:
        return
    pred = probs > 0.5
    for average in ("micro", "macro", "samples"):
        for f in (precision_score, recall_score, f1_score):
            f(targets, pred, average=average, zero_division=0)


def plain_steps(model, optimiser, batches, schedule=None) -> int:
    "Train on batches as the article does; the number of pictures seen."
    from torch import nn

    seen, loss_f = 0, nn.BCELoss()
    model.train()
    for x, y in batches:
        optimiser.zero_grad()
        out = model(x.to(_place(model)))
        loss_f(out, y.to(out.device)).backward()
        optimiser.step()
        if schedule:
            schedule.step()
        _nine(out.detach().cpu().numpy(), y.numpy())
        seen += len(x)
    return seen


def _rate(loader, work, n):
    "Images a second of `work(batches)` over about n pictures, once the workers run and what they had prepared is used up."
    it, ready = (
        iter(loader),
        min(1 + loader.num_workers * (loader.prefetch_factor or 0), len(loader) - 1),
    )
    for _ in range(ready):
        next(it)
    batches = max(1, min(-(-n // loader.batch_size), len(loader) - ready))
    start = time.perf_counter()
    seen = work(b for _, b in zip(range(batches), it))
    return seen / (time.perf_counter() - start)


def _count(batches):
    return sum(len(x) for x, _ in batches)


def _plain_rates(table, profile, n):
    "Images a second of the plain recipe: input and training with our augmentation and with its own, and scoring."
    import torch

    size, batch = profile.image_size, profile.batch_size
    loaders = [plain_loader(table, "train", size, batch, strong) for strong in (False, True)]
    model = _plain_model(table.vocab, profile)
    optimiser = torch.optim.Adam(model.parameters(), 1e-4)
    rates = [_rate(o, _count, n) for o in loaders] + [
        _rate(o, lambda b: plain_steps(model, optimiser, b), n) for o in loaders
    ]
    return [
        *rates,
        _rate(
            plain_loader(table, "valid", size, batch, train=False),
            lambda b: _plain_scores(model, b),
            n,
        ),
    ]


# ---- ours --------------------------------------------------------------------------------------
class _Fixed:
    "One batch in memory, as often as an epoch has steps: the ceiling."

    def __init__(self, batches):
        self.device, self.sizes = (
            batches.device,
            [batches.batch_size] * (len(batches.rows) // batches.batch_size),
        )
        x, self.y = next(iter(batches))
        import torch

        self.x = x.contiguous(memory_format=torch.channels_last)

    def __iter__(self):
        return ((self.x, self.y) for _ in self.sizes)


def _state(vocab, profile, steps):
    from mlc_course.settings import pick_precision
    from mlc_course.train_torch import TrainingState, make_model

    return TrainingState(
        make_model(vocab, profile), profile, steps, precision=pick_precision(profile.precision)
    )


def _epoch(state, batches):
    "Images a second of one epoch of our loop."
    from mlc_course.training.torch_loop import one_epoch

    wait = _wait(batches.device)
    wait()
    start = time.perf_counter()
    state.batch = 0
    one_epoch(state, batches)
    wait()
    return sum(batches.sizes) / (time.perf_counter() - start)


def _wait(device):
    import torch

    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def _part(table, n_train, n_valid, seed=0):
    "So many training and validation rows of a table."
    rng, split = np.random.default_rng(seed), table.df["split"].to_numpy()
    pick = [
        rng.permutation(np.flatnonzero(split == s))[:n]
        for s, n in (("train", n_train), ("valid", n_valid))
    ]
    return table.subset(np.sort(np.concatenate(pick)))


# ---- the bench ---------------------------------------------------------------------------------
def bench_train(
    sizes=(64, 128),
    n: int = 1024,
    epochs: int = 10,
    batch_size: int = 32,
    rounds: int = 5,
    frameworks=("fastai", "tensorflow"),
    full: bool = False,
    dataset="postcards",
    profile="laptop",
    say: Callable = lambda text: None,
) -> Report:
    """Every trainer beside the plain recipe and beside the ceiling, at each size.

    `n` training pictures are timed; where a whole training of `epochs` epochs is compared, the times of its parts are added up, and `full`
    really trains both and compares their validation mAP."""
    need("torch", "torch", "torchvision")
    import torch

    from mlc_course.settings import load_profile, pick_precision
    from mlc_course.tables import open_dataset

    chosen = load_profile(profile)
    base = replace(
        chosen, batch_size=batch_size, epochs=epochs, precision=pick_precision(chosen.precision)
    )  # one precision for all, and the one that is reported
    whole = open_dataset(dataset, profile=chosen)
    if not {"train", "valid"} <= set(whole.splits):
        raise ValueError(
            f"{dataset} has the splits {', '.join(whole.splits)}; the bench needs train and valid."
        )
    n = min(n, whole.counts()["train"])
    if n < 4 * batch_size:
        raise ValueError(
            f"There are {n} training pictures; the bench needs four batches of {batch_size} at least."
        )
    table = _part(whole, n, max(batch_size, n // 4))
    report = Report(
        "mlc bench train",
        f"{table!r}, batches of {batch_size}; {torch.get_num_threads()} threads, {base.precision} on {_device()}; {machine()}",
    )
    for size in sizes:
        _bench_size(report, whole, table, replace(base, image_size=size), rounds, frameworks, say)
    if full:
        _bench_full(report, whole, replace(base, image_size=min(sizes)), say)
    if torch.cuda.is_available():
        _bench_card(report, say)
    return report


def _device():
    import torch

    from mlc_course.settings import pick_device

    device = pick_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _bench_size(report, whole, table, profile, rounds, frameworks, say):
    import torch

    from mlc_course.metrics import epoch_scores
    from mlc_course.tools.memory import keep_memory
    from mlc_course.training.torch_loop import probs_of
    from mlc_course.train_torch import ImageBatches, cached_features, fit_head, make_data

    size, vocab, n_train, n_all = (
        profile.image_size,
        table.vocab,
        table.counts()["train"],
        whole.counts()["train"],
    )
    at = f"{size} px"
    with tempfile.TemporaryDirectory() as tmp:
        from mlc_course.pixels import cached_pixels

        say(f"... {at}: cache")
        cache_s = once(lambda: cached_pixels(table, size, folder=tmp)) / len(
            table
        )  # seconds a picture, from nothing
    data = make_data(table, profile)
    batches = data["train"]

    say(f"... {at}: plain recipe")
    # in a process of its own, with the C library's memory as it comes; ours may ask it to keep freed blocks
    plain_input, strong_input, plain_train, strong_train, valid_rate = _in_child(
        "_plain_rates", table, profile, min(n_train, 1024)
    )

    say(f"... {at}: our loop and its ceiling, in turn")
    keep_memory()
    state = _state(vocab, profile, 10_000)
    fixed = _Fixed(batches)
    _epoch(state, fixed)
    pairs = np.array([(_epoch(state, batches), _epoch(state, fixed)) for _ in range(rounds)])
    ours, ceiling = np.median(pairs, axis=0)
    share = float(np.median(pairs[:, 0] / pairs[:, 1]))
    report.rows.append(
        Row(
            f"torch loop, {at}: {ours:,.0f} images/s",
            f"{PLAIN}: {plain_train:,.0f} images/s",
            1 / ours,
            1 / plain_train,
            note=f"same flip and shift in both, seconds an image; with the article's affine transform the plain recipe does {strong_train:,.0f} images/s.",
        )
    )
    report.rows.append(
        Row(
            f"torch loop, {at}",
            f"one batch in memory: {ceiling:,.0f} images/s",
            1 / ours,
            1 / ours * share,
            "95 % of it or more",
            share >= 0.95,
            f"{share:.1%}, the median of {rounds} pairs.",
        )
    )

    crops = ImageBatches(
        batches.images.cpu().numpy(),
        batches.targets.cpu().numpy(),
        profile.batch_size,
        train=True,
        rows=batches.rows.cpu().numpy(),
        min_scale=0.35,
        device=batches.device,
    )
    for b in (crops, batches):
        _count(b)
    crop_rate, shift_rate = (
        n_train / np.median([once(lambda b=b: _count(b)) for _ in range(rounds)])
        for b in (crops, batches)
    )
    report.rows.append(
        Row(
            f"input with a random resized crop each, {at}: {crop_rate:,.0f} images/s",
            f"input of {PLAIN}: {strong_input:,.0f} images/s",
            1 / crop_rate,
            1 / strong_input,
            "20 times or more",
            crop_rate / strong_input >= 20,
            f"beside the plain recipe with flip and shift ({plain_input:,.0f} images/s) {crop_rate / plain_input:.1f} times; our flip and shift {shift_rate:,.0f} images/s.",
        )
    )

    say(f"... {at}: the head on cached features")
    features, targets = cached_features(state.model, batches, state.precision)
    head = torch.nn.Linear(features.shape[1], len(vocab)).to(features.device)
    fit_head(head, features, targets, passes=5)
    start = time.perf_counter()
    passes = fit_head(head, features, targets, passes=100)
    head_rate = passes * len(features) / (time.perf_counter() - start)
    feature_s = once(lambda: cached_features(state.model, batches, state.precision)) / n_train
    report.rows.append(
        Row(
            f"a later pass of the head, {at}: {head_rate:,.0f} images/s",
            f"{PLAIN}: {plain_train:,.0f} images/s",
            1 / head_rate,
            1 / plain_train,
            "300 times or more",
            head_rate / plain_train >= 300,
        )
    )

    judge = lambda: probs_of(state.model, data["valid"], state.precision)
    probs = judge()
    valid_s = once(judge)
    scores_s = np.median(
        [once(lambda: epoch_scores(probs, table.targets("valid"))) for _ in range(rounds)]
    )
    steps = len(batches)
    overhead = scores_s / steps * ours / profile.batch_size
    report.rows.append(
        Row(
            f"scores of an epoch, a step's share, {at}",
            "a step",
            scores_s / steps,
            profile.batch_size / ours,
            "below 1 % of a step",
            overhead < 0.01,
            f"{overhead:.2%}: loss, macro F1 and mAP over the whole validation split, once an epoch.",
        )
    )

    per_epoch_valid = whole.counts()["valid"]
    e = profile.epochs
    plain_all = e * (n_all / plain_train + per_epoch_valid / valid_rate)
    ours_all = (
        len(whole) * cache_s
        + n_all * feature_s * 2
        + 100 * n_all / head_rate
        + e * (n_all / ours + per_epoch_valid * (valid_s + scores_s) / len(table.paths("valid")))
    )
    report.rows.append(
        Row(
            f"{e} epochs of {n_all:,} pictures, {at}, all included",
            PLAIN,
            ours_all,
            plain_all,
            "4 times or more",
            plain_all / ours_all >= 4,
            "decoding into the cache, the head first, all epochs and their scores; added up from the times above.",
        )
    )
    for framework in frameworks:
        _bench_other(report, framework, table, profile, plain_train, ceiling, say)


def _plain_scores(model, batches):
    import torch

    model.eval()
    probs, targets = [], []
    with torch.no_grad():
        for x, y in batches:
            probs.append(model(x.to(_place(model))).cpu())
            targets.append(y)
    if not probs:
        return 0
    _nine(torch.cat(probs).numpy(), torch.cat(targets).numpy())
    return sum(map(len, targets))


CHILD = """
import sys, json, pickle
from mlc_course.data.workers import end_with_parent
from mlc_course.tools.bench import train as bench
end_with_parent(int(sys.argv[2]))
name, args = pickle.load(open(sys.argv[1], "rb"))
print("RESULT", json.dumps(getattr(bench, name)(*args)))
"""


def _in_child(name, *args):
    "What a function of this module gives in a new process; RuntimeError with the last line of its complaint if it fails."
    import os
    import pickle

    with tempfile.NamedTemporaryFile(suffix=".pkl", delete=False) as f:
        pickle.dump((name, args), f)
    try:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, f.name, str(os.getpid())],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=quiet_threads(dict(os.environ)),
        )
    finally:
        os.unlink(f.name)
    try:
        return json.loads(done.stdout.rpartition("RESULT")[2])
    except ValueError:
        raise RuntimeError(
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no output"
        ) from None


def _epoch_seconds(framework, table, profile):
    "Seconds of the faster of epochs 2 and 3 of a trainer, scores included."
    import importlib

    from mlc_course.tools.memory import keep_memory

    keep_memory()
    trainer = importlib.import_module(
        f"mlc_course.train_{'tf' if framework == 'tensorflow' else framework}"
    )
    return min(
        trainer.train(table, replace(profile, epochs=3, freeze_epochs=0), progress=False).history[
            "seconds"
        ][1:]
    )


def _bench_other(report, framework, table, profile, plain_train, ceiling, say):
    "Images a second of the best of three epochs of another trainer, in a process of its own."
    size = profile.image_size
    if importlib.util.find_spec(framework) is None:
        report.rows.append(
            Row(f"{framework} trainer, {size} px", PLAIN, note=f"{framework} isn't installed.")
        )
        return
    say(f"... {size} px: {framework}")
    try:
        rate = table.counts()["train"] / _in_child("_epoch_seconds", framework, table, profile)
    except RuntimeError as e:
        report.rows.append(Row(f"{framework} trainer, {size} px", PLAIN, note=f"failed: {e}"))
        return
    report.rows.append(
        Row(
            f"{framework} trainer, {size} px: {rate:,.0f} images/s",
            f"{PLAIN}: {plain_train:,.0f} images/s",
            1 / rate,
            1 / plain_train,
            note=f"the best of epochs 2 and 3, scores included; {rate / ceiling:.0%} of the torch ceiling.",
        )
    )


def plain_training(table, profile, strong=False):
    "Train the plain recipe in full from the same weights with the same schedule; seconds and the highest validation mAP."
    import torch

    from mlc_course.metrics import epoch_scores
    from mlc_course.train_torch import TrainingState, head_first, make_data

    torch.manual_seed(profile.seed)
    start = time.perf_counter()
    model = _plain_model(table.vocab, profile)
    if profile.pretrained and profile.freeze_epochs:  # the same start
        state = TrainingState(model[1], profile, 2)
        head_first(state, make_data(table, profile))
        model[1].to(memory_format=torch.contiguous_format)
    loader, valid = (
        plain_loader(table, "train", profile.image_size, profile.batch_size, strong),
        plain_loader(table, "valid", profile.image_size, profile.batch_size, train=False),
    )
    optimiser = torch.optim.AdamW(
        model.parameters(), profile.learning_rate, weight_decay=profile.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, profile.learning_rate, total_steps=profile.epochs * len(loader), pct_start=0.25
    )
    best = 0.0
    for epoch in range(profile.epochs):
        plain_steps(model, optimiser, loader, schedule)
        model.eval()
        with torch.no_grad():
            probs = torch.cat([model(x.to(_place(model))) for x, _ in valid]).cpu().numpy()
        _nine(probs, table.targets("valid"))
        best = max(best, epoch_scores(probs, table.targets("valid"))[2])
    return time.perf_counter() - start, float(best)


def _bench_full(report, table, profile, say):
    "Both recipes trained in full, with our cache made anew."
    import os

    from mlc_course.train_torch import train

    say("... in full: ours")
    home = os.environ.get("MLC_HOME")
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["MLC_HOME"] = tmp  # so that the pictures are decoded in it, too
        try:
            start = time.perf_counter()
            run = train(table, profile, progress=False)
            ours_s = time.perf_counter() - start
        finally:
            if home is None:
                del os.environ["MLC_HOME"]
            else:
                os.environ["MLC_HOME"] = home
    ours_map = run.history.valid_map.max()
    for strong in (False, True):
        say(f"... in full: the plain recipe{', with its own affine transform' if strong else ''}")
        plain_s, plain_map = _in_child("plain_training", table, profile, strong)
        report.rows.append(
            Row(
                f"{profile.epochs} epochs at {profile.image_size} px, trained in full: mAP {ours_map:.3f}",
                f"{PLAIN}{' with its affine transform' if strong else ''}: mAP {plain_map:.3f}",
                ours_s,
                plain_s,
                "" if strong else "4 times or more, mAP at most 0.01 lower",
                None if strong else bool(plain_s / ours_s >= 4 and ours_map >= plain_map - 0.01),
                "the difference in mAP is that of the augmentation, not of speed."
                if strong
                else "same network, weights, schedule, epochs and augmentation strength; our time includes decoding and the predictions of every split.",
            )
        )


def _bench_card(
    report, say, archs=("resnet18", "resnet50"), size=224, batch_size=256, n=2048, rounds=5
):
    "Large networks on a graphics card: the loop with its augmentation beside a step on a fixed batch that lies in the card's memory."
    from mlc_course.settings import load_profile
    from mlc_course.train_torch import ImageBatches

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    targets = rng.random((n, 20)) < 0.075
    for arch in archs:
        say(f"... {arch} at {size} px")
        profile = replace(
            load_profile("gpu"), arch=arch, pretrained=False, image_size=size, batch_size=batch_size
        )
        state = _state([f"label {i}" for i in range(20)], profile, 100_000)
        for min_scale, what in ((None, "flip and shift"), (0.35, "random resized crop and flip")):
            batches = ImageBatches(images, targets, batch_size, train=True, min_scale=min_scale)
            fixed = _Fixed(batches)
            for b in (fixed, batches):
                _epoch(state, b)
            pairs = np.array(
                [(_epoch(state, batches), _epoch(state, fixed)) for _ in range(rounds)]
            )
            share = float(np.median(pairs[:, 0] / pairs[:, 1]))
            ours, ceiling = np.median(pairs, axis=0)
            report.rows.append(
                Row(
                    f"{arch}, {size} px, {what}: {ours:,.0f} images/s",
                    f"fixed batch on the card: {ceiling:,.0f} images/s",
                    1 / ours,
                    share / ours,
                    "90 % of it or more",
                    share >= 0.9,
                    f"{share:.1%}; batches of {batch_size}, {state.precision}.",
                )
            )


def main(args=None):
    import argparse

    p = argparse.ArgumentParser(
        prog="python -m mlc_course.tools.bench.train", description=__doc__.splitlines()[0]
    )
    p.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    p.add_argument("--images", type=int, default=1024)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument(
        "--full", action="store_true", help="train the plain recipe in full as well (minutes)"
    )
    p.add_argument("--json", action="store_true")
    a = p.parse_args(args)
    report = bench_train(
        tuple(a.sizes),
        a.images,
        a.epochs,
        full=a.full,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    print(json.dumps(report.to_dict(), indent=1, default=float) if a.json else report)
    return 1 if any(r.met is False for r in report.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
