"The checks of lesson 08: right answers pass, each likely mistake is named."

import copy
import math

import numpy as np
import pytest
from checks_kit import (
    mistakes_are_told_apart,
    not_done,
    odd_answers_are_refused,
    passes,
    raises,
    says,
)

from mlc_course.tools import checks
from mlc_course.tools.checks import NotDone
from mlc_course.tools.checks import train_torch as module


@pytest.fixture(scope="module", autouse=True)
def torch():
    import torch

    return torch


# ---- 1


def dataset(picture=None, target=None, length=len):
    "A Dataset of the learner's, with one thing done in another way."
    import torch
    from PIL import Image
    from torchvision.transforms.v2 import functional as tvf

    picture = picture or (
        lambda p: tvf.to_dtype(
            tvf.pil_to_tensor(Image.open(p).convert("RGB")), torch.float32, scale=True
        )
    )
    target = target or (
        lambda names, vocab: torch.tensor([1.0 if v in names else 0.0 for v in vocab])
    )

    class Mine(torch.utils.data.Dataset):
        def __init__(self, paths, labels, vocab):
            self.paths, self.labels, self.vocab = paths, labels, vocab

        def __len__(self):
            return length(self.paths)

        def __getitem__(self, i):
            return picture(self.paths[i]), target(self.labels[i], self.vocab)

    return Mine


def test_table_dataset(torch, squares, tmp_path):
    from PIL import Image

    from mlc_course.labels import multi_hot
    from mlc_course.tables import load_image

    passes(checks.table_dataset, dataset())
    passes(
        checks.table_dataset,
        dataset(
            lambda p: torch.from_numpy(np.array(load_image(p))).permute(2, 0, 1).float() / 255,
            lambda names, vocab: torch.from_numpy(multi_hot([names], vocab)[0]).float(),
        ),
    )
    passes(
        checks.table_dataset,
        dataset(
            lambda p: np.asarray(load_image(p), np.float32).transpose(2, 0, 1) / 255,
            lambda names, vocab: np.isin(vocab, names).astype("float32"),
        ),
    )
    says(
        checks.table_dataset,
        type("Mine", (torch.utils.data.Dataset,), {}),
        "Mine has no methods yet",
        kind=NotDone,
    )
    array = lambda p: torch.from_numpy(np.array(Image.open(p).convert("RGB")))
    raw = lambda p: torch.from_numpy(np.array(Image.open(p)))
    as_rows = lambda t: t.permute(2, 0, 1) if t.ndim == 3 else t[None]
    hot = lambda names, vocab: torch.tensor([float(v in names) for v in vocab])
    half = lambda p: array(p).permute(2, 0, 1).float() / 255
    for wrong, message in [
        (
            dict(picture=lambda p: as_rows(raw(p)) / 255),
            "a grey image of 5 rows and 7 columns has the shape (1, 5, 7), and it should be "
            "(3, 5, 7). It has only one channel",
        ),
        (
            dict(picture=lambda p: as_rows(raw(p) if raw(p).ndim == 3 else array(p)) / 255),
            "a fourth channel, transparency",
        ),
        (dict(picture=lambda p: array(p) / 255), "channels first: permute"),
        (
            dict(picture=lambda p: array(p).permute(2, 1, 0) / 255),
            "Rows and columns have changed places",
        ),
        (
            dict(picture=lambda p: array(p).permute(1, 0, 2) / 255),
            "Channels, rows, columns is the order",
        ),
        (
            dict(picture=lambda p: array(p).reshape(3, 5, 7) / 255),
            "reshape and view only count them off anew",
        ),
        (dict(picture=lambda p: array(p).permute(2, 0, 1)), "divide by 255"),
        (dict(picture=lambda p: array(p).permute(2, 0, 1).float()), "divide by 255"),
        (dict(picture=lambda p: half(p) / 255), "divided by 255 twice"),
        (dict(picture=lambda p: half(p) * 255 / 256), "divided by 256"),
        (dict(picture=lambda p: half(p) / half(p).max()), "its own brightest pixel"),
        (dict(picture=lambda p: half(p) * 2 - 1), "from -1 to 1"),
        (dict(picture=lambda p: half(p).flip(0)), "red and blue are exchanged"),
        (dict(picture=lambda p: half(p).double()), "their type is float64"),
        (dict(picture=lambda p: half(p) / 2), "are wrong. The first is"),
        (
            dict(picture=lambda p: torch.nn.functional.interpolate(half(p)[None], (8, 8))[0]),
            "Leave the size as it is here",
        ),
        (dict(picture=lambda p: Image.open(p).convert("RGB")), "a DataLoader can't stack"),
        (dict(target=lambda n, v: hot(n, v).bool()), "its type is bool"),
        (dict(target=lambda n, v: hot(n, v).long()), "its type is int64"),
        (dict(target=lambda n, v: hot(n, v).double()), "make it float32 too"),
        (dict(target=lambda n, v: hot(n, sorted(v))), "order of the alphabet"),
        (dict(target=lambda n, v: torch.tensor([v.index(o) for o in n])), "numbers of the labels"),
        (
            dict(target=lambda n, v: torch.eye(3)[v.index(n[0])] if n else torch.zeros(3)),
            "only one of the labels",
        ),
        (dict(target=lambda n, v: n), "list of names"),
        (dict(target=lambda n, v: hot(n, v).tolist()), "of type list"),
        (dict(target=lambda n, v: 1 - hot(n, v)), "0 and 1 are exchanged"),
        (dict(target=lambda n, v: hot(n, v).flip(0) * 2), "the target should be"),
        (dict(target=lambda n, v: hot(n, v)[None]), "should have one number for each label, (3,)"),
        (dict(length=lambda p: 4), "the length is 4, and there are 5"),
        (dict(target=raises), "stopped with"),
    ]:
        says(checks.table_dataset, dataset(**wrong), message)


def test_odd_datasets(torch):
    class Stub(torch.utils.data.Dataset):
        def __init__(self, paths, labels, vocab): ...
        def __len__(self): ...
        def __getitem__(self, i): ...

    says(checks.table_dataset, Stub, "isn't written yet, write it", kind=NotDone)

    class Half(Stub):
        def __len__(self):
            return 5

    says(checks.table_dataset, Half, "does it end in `return`", kind=NotDone)
    says(checks.table_dataset, raises, "stopped with KeyError")
    not_done(checks.table_dataset)
    says(checks.table_dataset, lambda *a: object(), "__len__ and __getitem__")
    says(checks.table_dataset, 7, "should be a function")

    class Alone(dataset()):
        def __getitem__(self, i):
            return super().__getitem__(i)[0]

    says(checks.table_dataset, Alone, "an item is a pair")

    class Swapped(dataset()):
        def __getitem__(self, i):
            return super().__getitem__(i)[::-1]

    says(checks.table_dataset, Swapped, "image and target have changed places")


# ---- 2


def bce(logits, y):
    import torch

    return (logits.clamp(min=0) - logits * y + torch.log1p(torch.exp(-logits.abs()))).mean()


def step(*order, loss=lambda m, x, y: bce(m(x), y), back=lambda out: out.item()):
    "A training step made of the named actions."

    def f(model, optimiser, x, y):
        out = None
        for do in order or ("train", "zero", "forward", "backward", "step"):
            if do == "train":
                model.train()
            elif do == "eval":
                model.eval()
            elif do == "zero":
                optimiser.zero_grad()
            elif do == "forward":
                out = loss(model, x, y)
            elif do == "backward":
                out.backward()
            elif do == "step":
                optimiser.step()
        return back(out)

    return f


def test_training_step(torch):
    nn = torch.nn
    from mlc_course.losses import binary_cross_entropy_with_logits

    passes(checks.training_step, step())
    passes(
        checks.training_step,
        step(
            "train",
            "forward",
            "backward",
            "step",
            "zero",
            loss=lambda m, x, y: binary_cross_entropy_with_logits(m(x), y),
        ),
    )
    passes(
        checks.training_step,
        step(
            "zero",
            "train",
            "forward",
            "backward",
            "step",
            loss=lambda m, x, y: nn.BCEWithLogitsLoss()(m(x), y),
            back=lambda o: o.detach(),
        ),
    )
    says(
        checks.training_step,
        step(loss=lambda m, x, y: nn.functional.binary_cross_entropy(m(x).sigmoid(), y)),
        "lose large logits",
    )
    not_done(checks.training_step)
    says(checks.training_step, 0.5, "should be a function")
    says(checks.training_step, raises, "stopped with KeyError")
    with_logits = nn.functional.binary_cross_entropy_with_logits

    def loss_again(m, o, x, y):
        step()(m, o, x, y)
        with torch.no_grad():
            m.eval()
            return bce(m(x), y).item()

    def in_bf16(m, x, y):
        with torch.autocast("cpu", torch.bfloat16):
            return with_logits(m(x).float(), y)

    def own_optimiser(m, o, x, y):
        return step()(m, torch.optim.AdamW(m.parameters(), 1e-3), x, y)

    def times_the_images(m, o, x, y):
        return step()(m, o, x, y) * len(x)

    def by_sum(m, x, y):
        return with_logits(m(x), y, reduction="sum")

    for wrong, message in [
        (
            step("train", "forward", "backward", "step"),
            "gradients of the batches before are still in it",
        ),
        (step("train", "zero", "forward", "step", "backward"), "never sees a gradient"),
        (step("train", "forward", "backward", "zero", "step"), "never sees a gradient"),
        (step("train", "forward", "step", "backward", "zero"), "never sees a gradient"),
        (
            step("train", "step", "forward", "backward"),
            "goes by the gradients of the batches before",
        ),
        (
            step("train", "step", "zero", "forward", "backward"),
            "goes by the gradient of the batch before",
        ),
        (
            step("train", "forward", "step", "backward"),
            "It changes the weights that backward still needs",
        ),
        (
            step("train", "forward", "step", "zero", "backward"),
            "It changes the weights that backward still needs",
        ),
        (step("zero", "forward", "backward", "step"), "Validation has left it there"),
        (step("eval", "zero", "forward", "backward", "step"), "evaluation mode"),
        (
            step("train", "zero", "forward", "forward", "backward", "step"),
            "goes through the network twice",
        ),
        (step(loss=lambda m, x, y: with_logits(m(x).sigmoid(), y)), "sigmoid is applied twice"),
        (step(loss=lambda m, x, y: nn.CrossEntropyLoss()(m(x), y)), "lets the labels compete"),
        (step(loss=by_sum), "the loss is a sum. A mean"),
        (
            step(loss=lambda m, x, y: by_sum(m, x, y) / len(y)),
            "a sum over the labels and a mean over the images",
        ),
        (step(loss=lambda m, x, y: nn.MSELoss()(m(x).sigmoid(), y)), "mean squared error"),
        (step(loss=lambda m, x, y: with_logits(y, m(x))), "have changed places"),
        (step(back=lambda o: o), "give back loss.item()"),
        (step(back=lambda o: None), "nothing comes back"),
        (step("eval", "forward"), "the same as before"),
        (
            step(back=lambda o: 3 * o.item()),
            "the weights are right, but the loss of the first batch",
        ),
        (step(back=lambda o: o.item() + 1), "the weights are right, but the loss"),
        (step("train", "zero", "forward", "backward"), "step is never called"),
        (step("train", "zero", "forward", "step"), "backward is missing"),
        (step(loss=in_bf16), "computes in bf16"),
        (own_optimiser, "not by a step of the optimiser that was given"),
        (times_the_images, "the loss is multiplied by the number of images"),
        (
            step("train", "zero", "forward", "backward", "step", "step"),
            "aren't what one forward pass",
        ),
        (loss_again, "computed again after the step"),
    ]:
        says(checks.training_step, wrong, message)

    def twice_for_the_loss(m, o, x, y):
        step()(m, o, x, y)
        return bce(m(x), y).item()

    says(checks.training_step, twice_for_the_loss, "how often does each batch go through it")


# ---- 3


def large(
    weigh=lambda k, n, parts: k / n, before=(), per_part=(), after=("step",), start=("zero",)
):
    def f(model, optimiser, parts):
        def run(actions):
            for a in actions:
                optimiser.zero_grad() if a == "zero" else optimiser.step()

        n = sum(len(y) for _, y in parts)
        run(start)
        for x, y in parts:
            run(before)
            (bce(model(x), y) * weigh(len(y), n, parts)).backward()
            run(per_part)
        run(after)

    return f


def test_one_large_step(torch):  # noqa: C901  (many wrong answers)
    def by_sums(model, optimiser, parts):
        n = sum(y.numel() for _, y in parts)
        for x, y in parts:
            (
                torch.nn.functional.binary_cross_entropy_with_logits(model(x), y, reduction="sum")
                / n
            ).backward()
        optimiser.step()
        optimiser.zero_grad()

    def at_once(model, optimiser, parts):
        x, y = (torch.cat(o) for o in zip(*parts))
        optimiser.zero_grad()
        bce(model(x), y).backward()
        optimiser.step()

    def kept(model, optimiser, parts):
        n = sum(len(y) for _, y in parts)
        loss = sum(bce(model(x), y) * len(y) / n for x, y in parts)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def by_hand(model, optimiser, parts):
        "Gradients are added by hand, then put in their place."
        n, grads = sum(len(y) for _, y in parts), [torch.zeros_like(p) for p in model.parameters()]
        for x, y in parts:
            for g, d in zip(
                grads, torch.autograd.grad(bce(model(x), y) * len(y) / n, list(model.parameters()))
            ):
                g += d
        for p, g in zip(model.parameters(), grads):
            p.grad = g
        optimiser.step()

    for right in (large(), by_sums, by_hand):
        passes(checks.one_large_step, right)
    not_done(checks.one_large_step)
    says(checks.one_large_step, raises, "stopped with KeyError")
    says(checks.one_large_step, "x", "should be a function")
    mean, one = (lambda k, n, p: 1 / len(p)), (lambda k, n, p: 1)
    for wrong, message in [
        (large(one), "added up without a division"),
        (large(mean), "A mean of means"),
        (large(per_part=["step", "zero"], after=()), "step after each part. These"),
        (large(mean, before=["zero"], per_part=["step"], after=()), "step after each part. These"),
        (large(one, before=["zero"], per_part=["step"], after=()), "step after each part. These"),
        (large(start=(), per_part=["step"], after=()), "still hold those of the parts before"),
        (large(per_part=["step"], after=()), "are still in each step"),
        (large(before=["zero"]), "only the last part is left"),
        (large(mean, before=["zero"]), "only the last part is left"),
        (large(one, before=["zero"]), "only the last part is left"),
        (large(start=()), "of the large step before are still in it. Clear"),
        (large(mean, start=()), "each part counts the same, and the gradients"),
        (large(lambda k, n, p: 1 / n), "though each loss is a mean"),
        (large(lambda k, n, p: k), "nothing is divided by the number of all"),
        (lambda m, o, p: large()(m, o, p[:1]), "only the first part counts"),
        (large(lambda k, n, p: p[0][1].shape[1] * k / n), "The mean goes over every cell"),
        (large(after=()), "After the last part comes step"),
        (at_once, "the weights are right, but 14 images go through the network at once"),
        (kept, "every part goes through the network before the first backward"),
        (large(lambda k, n, p: -k / n), "aren't what steps with all images at once"),
        (large(lambda k, n, p: k / len(p[0][1]) / len(p)), "share of the first part's size"),
    ]:
        says(checks.one_large_step, wrong, message)

    def idle(model, optimiser, parts):
        "A step of size 0 after the real one."
        large()(model, optimiser, parts)
        rate, optimiser.param_groups[0]["lr"] = optimiser.param_groups[0]["lr"], 0
        buffers = copy.deepcopy(optimiser.state_dict()["state"])
        optimiser.step()
        for p, s in zip(model.parameters(), buffers.values()):
            optimiser.state[p]["momentum_buffer"] = s["momentum_buffer"]
        optimiser.param_groups[0]["lr"] = rate

    says(checks.one_large_step, idle, "step is called 2 times")


# ---- 4


def by_torch(t, steps, top):
    import torch

    o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    s = torch.optim.lr_scheduler.OneCycleLR(o, top, total_steps=steps, pct_start=0.25)
    for _ in range(t):
        o.step()
        s.step()
    return s.get_last_lr()[0]


def rate(
    t, steps, top, start=1 / 25, end=4e-6, peak=-1, last=-1, rise="cos", fall="cos", share=0.25
):
    ease = dict(cos=lambda u: (1 - np.cos(np.pi * u)) / 2, line=lambda u: u)
    ease |= {"sin": lambda u: np.sin(np.pi / 2 * u), "1 - cos": lambda u: 1 - np.cos(np.pi / 2 * u)}
    p, e = share * steps + peak, steps + last
    return (
        top * (start + (1 - start) * ease[rise](t / p))
        if t <= p
        else top * (1 + (end - 1) * ease[fall]((t - p) / (e - p)))
    )


def test_one_cycle_rate(torch):
    passes(checks.one_cycle_rate, by_torch)
    passes(checks.one_cycle_rate, rate)
    passes(checks.one_cycle_rate, lambda *a: torch.tensor(rate(*a)))
    assert (
        [rate(t, 40, 1) for t in (0, 9, 39)]
        == pytest.approx([0.04, 1, 4e-6])
        == [by_torch(t, 40, 1) for t in (0, 9, 39)]
    )  # the exercise's example
    odd_answers_are_refused(checks.one_cycle_rate)
    for wrong, message in [
        (dict(rise="line"), "rises in a straight line"),
        (dict(fall="line"), "falls in a straight line"),
        (dict(rise="line", fall="line"), "both ways are straight"),
        (dict(rise="sin", fall="1 - cos"), "a quarter of a wave"),
        (dict(peak=0), "top comes one step too late"),
        (dict(last=0), "fall ends one step too late"),
        (dict(peak=0, last=0), "both one step too late"),
        (dict(start=0), "starts at 0"),
        (dict(end=0), "ends at 0"),
        (dict(end=1e-4), "a 10,000th of the top"),
        (dict(end=1 / 25), "rate of the start only"),
        (dict(share=0.3), "after 30 %"),
        (dict(start=0.1), "isn't right yet. Given t=0, steps=40"),
    ]:
        says(checks.one_cycle_rate, lambda *a: rate(*a, **wrong), message)
    says(
        checks.one_cycle_rate,
        lambda t, steps, top: (
            top * (4e-6 + (1 - 4e-6) * (1 + math.cos(math.pi * t / (steps - 1))) / 2)
        ),
        "there is no warm-up",
    )
    says(checks.one_cycle_rate, lambda t, steps, top: rate(t, steps, 1), "isn't right yet")

    def falls(t, steps, top):
        p = 0.25 * steps - 1
        return (
            top * (1 + (1 / 25 - 1) * (1 - math.cos(math.pi * t / p)) / 2)
            if t <= p
            else top * (4e-6 + (1 - 4e-6) * (1 - math.cos(math.pi * (t - p) / (steps - 1 - p))) / 2)
        )

    says(checks.one_cycle_rate, falls, "it falls where it should rise")
    says(checks.one_cycle_rate, lambda *a: [rate(*a)], "shape (1,)")


def test_mistakes_of_exercise_4_are_told_apart(monkeypatch):
    mistakes_are_told_apart(module, "one_cycle_rate", rate, monkeypatch)


# ---- 5


def fit(
    better=lambda s, best: s > best,
    copied=copy.deepcopy,
    load=True,
    split="valid",
    start=-1.0,
    back=lambda m, score, best: score(m, "test"),
):
    def f(model, one_epoch, score, epochs):
        best, kept = start, None
        for _ in range(epochs):
            one_epoch(model)
            s = score(model, split)
            if best is None or better(s, best):
                best, kept = s, copied(model.state_dict())
        if load:
            model.load_state_dict(kept)
        return back(model, score, best)

    return f


def test_keep_the_best(torch):  # noqa: C901  (many wrong answers)
    passes(checks.keep_the_best, fit())
    passes(
        checks.keep_the_best,
        fit(start=-math.inf, copied=lambda d: {k: v.clone() for k, v in d.items()}),
    )

    def all_kept(model, one_epoch, score, epochs):
        kept, scores = [], []
        for _ in range(epochs):
            one_epoch(model)
            kept.append(copy.deepcopy(model))
            scores.append(score(model, "valid"))
        model.load_state_dict(kept[int(np.nanargmax(scores))].state_dict())
        return score(model, "test")

    passes(checks.keep_the_best, all_kept)

    def on_disk(model, one_epoch, score, epochs, path="best.pt"):
        import io

        best = -1
        for _ in range(epochs):
            one_epoch(model)
            if (s := score(model, "valid")) > best:
                best, file = s, io.BytesIO()
                torch.save(model.state_dict(), file)
        file.seek(0)
        model.load_state_dict(torch.load(file))
        return score(model, "test")

    passes(checks.keep_the_best, on_disk)
    not_done(checks.keep_the_best)
    says(checks.keep_the_best, raises, "stopped with KeyError")
    says(checks.keep_the_best, [1], "should be a function")

    def weights_only(model, one_epoch, score, epochs):
        best = -1
        for _ in range(epochs):
            one_epoch(model)
            if (s := score(model, "valid")) > best:
                best, kept = s, [p.detach().clone() for p in model.parameters()]
        for p, k in zip(model.parameters(), kept):
            p.data = k
        return score(model, "test")

    def argmax(model, one_epoch, score, epochs):
        kept, scores = [], []
        for _ in range(epochs):
            one_epoch(model)
            kept.append(copy.deepcopy(model.state_dict()))
            scores.append(score(model, "valid"))
        model.load_state_dict(kept[int(np.argmax(scores))])
        return score(model, "test")

    def too_early(model, one_epoch, score, epochs):
        first = score(model, "valid")
        return fit(start=first)(model, one_epoch, score, epochs)

    def loaded_late(model, one_epoch, score, epochs):
        best = -1
        for _ in range(epochs):
            one_epoch(model)
            if (s := score(model, "valid")) > best:
                best, kept = s, copy.deepcopy(model.state_dict())
        value = score(model, "test")
        model.load_state_dict(kept)
        return value

    def another_object(model, one_epoch, score, epochs):
        best = -1
        for _ in range(epochs):
            one_epoch(model)
            if (s := score(model, "valid")) > best:
                best, kept = s, copy.deepcopy(model)
        model = kept
        return score(model, "test")

    def scored_twice(model, one_epoch, score, epochs):
        best = -1
        for _ in range(epochs):
            one_epoch(model)
            if score(model, "valid") > best:
                best, kept = score(model, "valid"), copy.deepcopy(model.state_dict())
        model.load_state_dict(kept)
        return score(model, "test")

    def longer(model, one_epoch, score, epochs):
        return fit()(model, one_epoch, score, epochs + 1)

    def shorter(model, one_epoch, score, epochs):
        return fit()(model, one_epoch, score, epochs - 1)

    for wrong, message in [
        (fit(copied=lambda d: d), "state_dict() gives references"),
        (fit(copied=dict), "state_dict() gives references"),
        (fit(load=False), "The last epoch's weights are in the model"),
        (fit(split="test"), "The epoch is even chosen by it"),
        (fit(lambda s, best: s >= best), "later of two equal epochs"),
        (fit(lambda s, best: s < best, start=9.0), "for mAP, higher is better"),
        (fit(lambda s, best: not s <= best), "lets anything follow it"),
        (fit(start=None), "the epoch with NaN is kept"),
        (argmax, "argmax takes NaN for the largest"),
        (fit(start=0.0), "every score is 0. Was no epoch kept?"),
        (weights_only, "BatchNorm's running mean is that of epoch"),
        (fit(back=lambda m, score, best: best), "test was never asked"),
        (fit(back=lambda m, score, best: None), "nothing comes back"),
        (fit(back=lambda m, score, best: score(m, "test") + 1), "the score on test is"),
        (
            fit(back=lambda m, score, best: max(score(m, "test"), score(m, "test"))),
            "test is asked 2 times",
        ),
        (loaded_late, "test is scored with the weights of epoch 5, before"),
        (too_early, "before the first epoch"),
        (another_object, "only gives the name to another network"),
        (scored_twice, "keep it under a name"),
        (longer, "more than 5 times"),
        (shorter, "is called 4 times, for 5 epochs"),
        (fit(split="train"), "there are 'valid' and 'test'"),
    ]:
        says(checks.keep_the_best, wrong, message)

    def keep_last_if_none(model, one_epoch, score, epochs):
        best, kept = 0.0, None
        for _ in range(epochs):
            one_epoch(model)
            if (s := score(model, "valid")) > best:
                best, kept = s, copy.deepcopy(model.state_dict())
        if kept:
            model.load_state_dict(kept)
        return score(model, "test")

    says(checks.keep_the_best, keep_last_if_none, "isn't beaten by 0")

    def only_at_the_end(model, one_epoch, score, epochs):
        for _ in range(epochs):
            one_epoch(model)
        score(model, "valid")
        return score(model, "test")

    says(checks.keep_the_best, only_at_the_end, "valid should be scored once after each epoch")
