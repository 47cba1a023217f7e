"""Checks of lesson 08."""

from __future__ import annotations

import copy
import math

import numpy as np

from ._core import (
    Mistake,
    NotDone,
    Right,
    Wrong,
    attempt,
    diagnose,
    function,
    plain,
    same,
    show,
    torch_first,
)

# Exercise 1


def _pictures(folder):
    "Files of several kinds, their labels, and what decoding each gives: uint8 [H, W, 3]."
    from PIL import Image

    rng = np.random.default_rng(0)
    pixels = lambda *shape: rng.integers(0, 256, shape, dtype=np.uint8)
    clear = pixels(5, 7, 4)
    clear[..., 3] = 255
    images = {
        "colour.png": Image.fromarray(pixels(5, 7, 3)),
        "grey.png": Image.fromarray(pixels(5, 7)),
        "palette.png": Image.fromarray(pixels(5, 7, 3)).quantize(8),
        "alpha.png": Image.fromarray(clear),
        "dark.png": Image.fromarray(pixels(5, 7, 3) // 200),
    }
    for name, image in images.items():
        image.save(folder / name)
    return (
        [folder / n for n in images],
        [["sun", "boat"], ["sea"], [], ["boat"], ["sea", "sun"]],
        [np.asarray(i.convert("RGB")) for i in images.values()],
    )


def table_dataset(answer) -> Right:
    "Exercise 1: MyDataset(paths, labels, vocab), a Dataset of (float32 [3, H, W] in [0, 1], float32 [C])."
    torch_first()
    import tempfile
    from pathlib import Path

    function(answer, "MyDataset")
    with tempfile.TemporaryDirectory() as tmp:
        return _dataset(answer, Path(tmp))


def _dataset(answer, folder):
    import torch

    what, vocab = "MyDataset", ["sun", "boat", "sea"]  # not in the order of the alphabet
    paths, labels, pixels = _pictures(folder)
    kinds = [
        "a picture in colour",
        "a grey picture",
        "a picture with a palette",
        "a picture with transparency",
        "a dark picture",
    ]
    try:
        data = answer(list(paths), copy.deepcopy(labels), list(vocab))
    except Exception as e:
        raise Wrong(f"{what}(paths, labels, vocab) stopped with {type(e).__name__}: {e}.") from e
    if data is None or data is ...:
        raise NotDone(
            f"{what} isn't written yet: put your own code in place of the three dots, then run the check again."
        )
    if not hasattr(type(data), "__getitem__") or not hasattr(type(data), "__len__"):
        raise Wrong(
            f"{what} has to have the two methods that a DataLoader asks for, __len__ and __getitem__."
        )
    length = attempt(
        lambda: type(data).__len__(data), (), f"len({what}(...))", f"{len(paths)} paths"
    )
    if length != len(paths):
        raise Wrong(
            f"{what}: the length is {show(length)}, and there are {len(paths)} pictures, one of them without any label. It counts too."
        )
    for i, (kind, pic, names) in enumerate(zip(kinds, pixels, labels)):
        item = attempt(
            lambda i=i: data[i], (), f"{what}(...)[{i}]", f"{kind} with the labels {names}"
        )
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise Wrong(
                f"{what}: an item is a pair, the picture and its target; yours is {type(item).__name__}."
            )
        x, y = item
        _target(what, y, [float(v in names) for v in vocab], names, vocab)
        _pixels(what, x, pic, kind)
    loader = torch.utils.data.DataLoader(data, batch_size=len(paths))
    try:
        xb, yb = next(iter(loader))
    except Exception as e:
        raise Wrong(
            f"{what}: each item is right, but a DataLoader can't stack them: {type(e).__name__}: {str(e).splitlines()[0]}"
        ) from e
    assert xb.shape == (5, 3, 5, 7) and yb.shape == (5, 3)
    return Right(
        "Right: three channels first, from 0 to 1, and a target of floats in the order of the vocab."
    )


def _target(what, y, right, names, vocab):
    import torch

    if isinstance(y, (list, tuple)) and y and all(isinstance(v, str) for v in y):
        raise Wrong(
            f"{what}: the target is the list of names {list(y)}. The loss wants numbers: 1 where the label is there, 0 where it isn't."
        )
    if not isinstance(y, torch.Tensor) and not isinstance(y, np.ndarray):
        raise Wrong(
            f"{what}: the target is of type {type(y).__name__}. Make it a tensor of floats, which a DataLoader can stack."
        )
    got, given = np.asarray(plain(y)), f"For the labels {names} and the vocab {vocab}"
    if got.shape != (3,):
        if len(got.shape) == 1 and len(got) == len(names):
            raise Wrong(
                f"{what}: the target holds the numbers of the labels, {show(got)}. Pictures with one and with two labels then have targets of different lengths, which can't be stacked: give one number for each label of the vocab."
            )
        raise Wrong(
            f"{what}: {given[0].lower() + given[1:]} the target has shape {got.shape}, and it should have one number for each label, (3,)."
        )
    if not np.array_equal(got, right):
        if np.array_equal(got, [float(v in names) for v in sorted(vocab)]):
            raise Wrong(
                f"{what}: the labels are in the order of the alphabet. {given} the target is {show(np.array(right))}: the vocab says which output stands for which label, and its order is the caller's."
            )
        if np.array_equal(got, [1 - v for v in right]):
            raise Wrong(f"{what}: 0 and 1 are exchanged in the target.")
        if len(names) > 1 and got.sum() == 1:
            raise Wrong(
                f"{what}: only one of the labels {names} is in the target. A picture may have several, and each of them is a 1."
            )
        raise Wrong(
            f"{what}: {given[0].lower() + given[1:]} the target should be {show(np.array(right))}, and it is {show(got)}."
        )
    if got.dtype != np.float32:
        raise Wrong(
            f"{what}: the target is right, but its type is {got.dtype}. Binary cross-entropy multiplies it with float32"
            + (
                ", and in PyTorch it refuses anything but floats."
                if got.dtype.kind != "f"
                else "; make it float32 too."
            )
        )


def _pixels(what, x, pic, kind):
    import torch

    if not isinstance(x, (torch.Tensor, np.ndarray)):
        raise Wrong(
            f"{what}: the picture is of type {type(x).__name__}, which a DataLoader can't stack. Make it a tensor."
        )
    x, right = np.asarray(plain(x)), np.moveaxis(pic, 2, 0)
    h, w = pic.shape[:2]
    said = f"{what}: {kind} of {h} rows and {w} columns has the shape {x.shape}, and it should be (3, {h}, {w})."
    if x.shape != (3, h, w):
        if (
            x.ndim == 3
            and x.shape[0] == 4
            or x.ndim == 3
            and x.shape[2] == 4
            and x.shape[:2] == (h, w)
        ):
            raise Wrong(
                f"{said} It has a fourth channel, transparency. Convert every picture to RGB first."
            )
        if x.ndim == 2 or x.shape in ((1, h, w), (h, w, 1)):
            raise Wrong(
                f"{said} It has only one channel, so it can't be stacked with the others. Convert every picture to RGB first."
            )
        if x.shape == (h, w, 3):
            raise Wrong(f"{said} PyTorch wants the channels first: permute(2, 0, 1).")
        if x.shape == (3, w, h):
            raise Wrong(
                f"{said} Rows and columns have changed places: moving the channels to the front is permute(2, 0, 1), not a transposition of everything."
            )
        if sorted(x.shape) == sorted((3, h, w)):
            raise Wrong(f"{said} Channels, rows, columns is the order.")
        raise Wrong(f"{said} Leave the size as it is here.")
    wrong = lambda values: np.allclose(x.astype(float), values, atol=1e-6)
    if wrong(right / 255):
        if x.dtype != np.float32:
            raise Wrong(
                f"{what}: the pixels are right, but their type is {x.dtype}. The weights of a network are float32, and so must its input be."
            )
        return
    if wrong(right):
        raise Wrong(
            f"{what}: the pixels go from 0 to 255. The networks of this course take them from 0 to 1: divide by 255."
        )
    if wrong(right / 255 / 255):
        raise Wrong(
            f"{what}: the pixels are divided by 255 twice. ToDtype(scale=True) does it already, and so does to_tensor."
        )
    if wrong(right / 256):
        raise Wrong(f"{what}: the pixels are divided by 256. White is 255 and should become 1.")
    if wrong(right / max(right.max(), 1)):
        raise Wrong(
            f"{what}: each picture is divided by its own brightest pixel, so a dark picture becomes a bright one. Divide all by 255."
        )
    if wrong(right / 127.5 - 1):
        raise Wrong(
            f"{what}: the pixels go from -1 to 1. The networks of this course take them from 0 to 1."
        )
    if wrong(right[::-1] / 255):
        raise Wrong(f"{what}: red and blue are exchanged, as in a picture that OpenCV has read.")
    if np.array_equal(np.sort(x.ravel()), np.sort((right / 255).astype(x.dtype).ravel())):
        raise Wrong(
            f"{what}: the shape of {kind} is right, but the pixels are at other places. reshape and view only count them off anew; permute(2, 0, 1) moves the axes."
        )
    raise Wrong(
        f"{what}: the pixels of {kind} are wrong. The first is {show(x[:, 0, 0])}, and should be {show((right / 255)[:, 0, 0])}."
    )


# Exercises 2 and 3: the network after some steps tells which steps they were


def _net(norm):
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Linear(4, 6), *([nn.BatchNorm1d(6)] if norm else []), nn.ReLU(), nn.Linear(6, 3)
        )


def _data(*sizes):
    import torch

    g = torch.Generator().manual_seed(1)
    return [
        (torch.randn(n, 4, generator=g), (torch.rand(n, 3, generator=g) < 0.4).float())
        for n in sizes
    ]


def _optimiser(model):
    import torch

    return torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)


def _state(model):
    return {k: v.clone() for k, v in model.state_dict().items()}


def _played(step, model, batches, prepare=lambda model: None):
    "The losses that `step` gives and the network after them; `prepare` comes before each step."
    model, losses = copy.deepcopy(model), []
    optimiser = _optimiser(model)
    for args in batches:
        prepare(model)
        losses.append(step(model, optimiser, *args))
    return losses, _state(model), model


def training_step(answer) -> Right:
    "Exercise 2: my_step(model, optimiser, x, y) -> the loss as a Python number; one step is done."
    torch_first()
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    what, nets, batches = "my_step", [_net(False), _net(True)], _data(8, 8, 8, 5)
    function(answer, what)
    bce, given = (
        binary_cross_entropy_with_logits,
        "a small network, an SGD optimiser, x of shape (8, 4) and targets of shape (8, 3)",
    )

    def step(loss=lambda m, x, y: bce(m(x), y), zero="first", order="back", mode=True, times=1):
        def f(m, o, x, y):
            if mode is not None:
                m.train(mode)
            if order == "start":
                o.step()
            if zero == "first":
                o.zero_grad()
            for _ in range(times):
                out = loss(m, x, y)
            if order == "step":
                o.step()
            out.backward()
            if order == "back":
                o.step()
            if zero == "last":
                o.zero_grad()
            return out.item()

        return f

    def play(f, net):
        return _played(f, net, batches, lambda m: m.eval())  # as validation leaves it

    def safely(m, o, x, y):
        try:
            got = answer(m, o, x, y)
        except Exception as e:
            if "modified by an inplace operation" in str(e):
                raise Wrong(
                    f'{what}: step comes before backward. It changes the weights that backward still needs, and torch says so: "{str(e)[:79]}".'
                ) from e
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}. It was called with {given}."
            ) from e
        return got

    mine = [play(safely, net) for net in nets]
    moved = any(
        not same(mine[k][1][n], v)
        for k, net in enumerate(nets)
        for n, v in net.state_dict().items()
    )
    losses = [o for m in mine for o in m[0]]
    if all(o is None or o is ... for o in losses):
        if not moved:
            raise NotDone(
                f"{what} isn't written yet: put your own code in place of the three dots, then run the check again."
            )
        raise Wrong(
            f"{what}: the network has changed, but nothing comes back. Give back the loss, so that the loop can add it up."
        )
    if any(getattr(o, "requires_grad", False) for o in losses):
        raise Wrong(
            f"{what}: the loss that you give back still hangs on its graph. Whoever collects such losses keeps all that backward needs, for every batch, and runs out of memory: give back loss.item()."
        )
    equal = lambda f, only=None: all(
        same(a[1], b[1], 1e-4) for k, (a, b) in enumerate(zip(mine, f)) if only is None or k == only
    )
    right = [play(step(), net) for net in nets]
    if not moved:
        raise Wrong(
            f"{what}: the network is the same as before. Is step called, and between backward and the next zero_grad? It takes backward for the gradients, and then step for the weights."
        )
    if not equal(right):
        for says, f in [
            (
                "the gradients of the batches before are still in it. backward adds to what is there; before the next one, zero_grad has to clear it.",
                step(zero=None),
            ),
            (
                "step comes before backward, so each step goes by the gradients of the batches before, and the first by none.",
                step(zero=None, order="start"),
            ),
            (
                "step comes before backward, so each step goes by the gradient of the batch before, and the first by none.",
                step(order="start"),
            ),
            (
                "the optimiser never sees a gradient of the batch: step comes before backward, or zero_grad comes between the two. The order is zero_grad, backward, step.",
                step(zero="last", order="step"),
            ),
            (
                "the network is in evaluation mode. Validation has left it there, so BatchNorm uses its fixed statistics and doesn't learn, and dropout is off: call model.train() first.",
                step(mode=None),
            ),
            (
                "the network is put into evaluation mode. Then BatchNorm uses its fixed statistics and doesn't learn: a training step needs model.train().",
                step(mode=False),
            ),
            (
                "the sigmoid is applied twice. The model gives logits, and the loss that takes logits has the sigmoid in it.",
                step(lambda m, x, y: bce(m(x).sigmoid(), y)),
            ),
            (
                "this is softmax cross-entropy, which lets the labels compete. Each label has its own yes or no: binary cross-entropy.",
                step(lambda m, x, y: cross_entropy(m(x), y)),
            ),
            (
                "the loss is a sum. A mean keeps the rate's meaning when the last batch is smaller.",
                step(lambda m, x, y: bce(m(x), y, reduction="sum")),
            ),
            (
                "the loss is a sum over the labels and a mean over the pictures. The course takes the mean over every cell.",
                step(lambda m, x, y: bce(m(x), y, reduction="sum") / len(x)),
            ),
            (
                "this is mean squared error. The loss of the lesson is binary cross-entropy.",
                step(lambda m, x, y: (m(x).sigmoid() - y).square().mean()),
            ),
            (
                "the batch goes through the network twice. The gradient is right, but BatchNorm counts the batch twice in its statistics, and each pass costs: keep the logits.",
                step(times=2),
            ),
            (
                "targets and logits have changed places in the loss.",
                step(lambda m, x, y: bce(y, m(x))),
            ),
        ]:
            try:
                theirs = [play(f, net) for net in nets]
            except Exception:
                continue
            if equal(theirs):
                raise Wrong(f"{what}: {says}")
        if equal(right, 0):
            raise Wrong(
                f"{what}: a network without BatchNorm is right after four steps, one with BatchNorm isn't. In which mode is it, and how often does each batch go through it?"
            )
        raise Wrong(
            f"{what}: after four steps the weights aren't what one forward pass, the mean of binary cross-entropy, backward and one step make of them."
        )
    for got, want in zip(mine, right):
        if same(got[0], want[0], 1e-4):
            continue
        x, y = batches[-1]
        if same(got[0][-1], bce(got[2](x), y).item(), 1e-4):
            raise Wrong(
                f"{what}: the weights are right, but the loss that you give back is computed again after the step. That costs a pass more; give back the one that you have."
            )
        raise Wrong(
            f"{what}: the weights are right, but the loss of the first batch is {want[0][0]:.4f}, and you gave {show(got[0][0])}."
        )
    return Right("Right: train, clear, compare, differentiate, step, and a number comes back.")


def one_large_step(answer) -> Right:
    "Exercise 3: my_large_step(model, optimiser, parts) with parts a list of (x, y): one step with the gradient of all parts together."
    torch_first()
    from torch.nn.functional import binary_cross_entropy_with_logits as bce

    what, net = "my_large_step", _net(False)
    function(answer, what)
    cases = [(_data(6, 6, 2),), (_data(3, 8),), (_data(5),), (_data(4, 4, 4, 1),)]
    names = "parts of 6, 6 and 2 pictures"

    def step(weigh, start=True, between=False, each=False, only=None, once=False):
        def f(m, o, parts):
            n = sum(len(x) for x, _ in parts)
            if start or once:
                o.zero_grad()
            for k, (x, y) in enumerate(parts if only is None else [parts[only]]):
                if between:
                    o.zero_grad()
                (bce(m(x), y) * weigh(len(x), n, parts)).backward()
                if each:
                    o.step()
                if each and start:
                    o.zero_grad()
            if not each:
                o.step()

        return f

    seen, counting = [], []

    def watch(f):
        def g(m, o, parts):
            log = []
            hooks = [
                m.register_forward_hook(
                    lambda m, i, out: (
                        log.append(("forward", len(out))),
                        out.register_hook(lambda grad: log.append(("backward", len(grad))))
                        if out.requires_grad
                        else None,
                        None,
                    )[-1]
                )
            ]
            stepped = []
            real = o.step
            o.step = lambda *a, **k: (stepped.append(1), real(*a, **k))[1]
            try:
                f(m, o, parts)
            except Exception as e:
                raise Wrong(
                    f"{what} stopped with {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}. It was called with a small network, an SGD optimiser and {names}."
                ) from e
            finally:
                o.step = real
                for h in hooks:
                    h.remove()
            seen.append(log)
            counting.append(len(stepped))

        return g

    play = lambda f: _played(f, net, cases)[1]
    mine = play(watch(answer))
    if same(mine, _state(net)):
        if not any(seen):
            raise NotDone(
                f"{what} isn't written yet: put your own code in place of the three dots, then run the check again."
            )
        raise Wrong(f"{what}: the network is the same as before. After the last part comes step.")
    share = lambda k, n, parts: k / n
    if not same(mine, play(step(share)), 1e-4):
        for says, f in [
            (
                "the parts are added up without a division, so the step is as many times too large as there are parts. Each part's loss is a mean; weigh it with its share of the pictures.",
                step(lambda k, n, p: 1.0),
            ),
            (
                "each part counts the same, also one with fewer pictures. A mean of means is the mean only if all parts are equally large: weigh each with its share of the pictures.",
                step(lambda k, n, p: 1 / len(p)),
            ),
            (
                "you step after each part. These are several small steps; one large one adds up the gradients of all parts, then steps once.",
                step(share, each=True),
            ),
            (
                "you step after each part. These are several small steps; one large one adds up the gradients of all parts, then steps once.",
                step(lambda k, n, p: 1 / len(p), each=True),
            ),
            (
                "you step after each part. These are several small steps; one large one adds up the gradients of all parts, then steps once.",
                step(lambda k, n, p: 1.0, each=True),
            ),
            (
                "you step after each part, with gradients that still hold those of the parts before.",
                step(share, start=False, each=True),
            ),
            (
                "you step after each part, and the gradients of the parts before are still in each step. One large step adds up the gradients of all parts, then steps once.",
                step(share, start=False, each=True, once=True),
            ),
            (
                "the gradients are cleared before each part, so only the last part is left. They have to add up: clear once.",
                step(share, between=True),
            ),
            (
                "the gradients are cleared before each part, so only the last part is left. They have to add up: clear once.",
                step(lambda k, n, p: 1 / len(p), between=True),
            ),
            (
                "the gradients are cleared before each part, so only the last part is left. They have to add up: clear once.",
                step(lambda k, n, p: 1.0, between=True),
            ),
            (
                "the gradients of the large step before are still in it. Clear them once for each large step.",
                step(share, start=False),
            ),
            (
                "each part counts the same, and the gradients of the large step before are still in it.",
                step(lambda k, n, p: 1 / len(p), start=False),
            ),
            (
                "each part is weighed with its share of the first part's size. Its share of all pictures is asked for.",
                step(lambda k, n, p: k / len(p[0][0]) / len(p)),
            ),
            (
                "the gradient is divided by the number of pictures, though each loss is a mean over its pictures already.",
                step(lambda k, n, p: 1 / n),
            ),
            (
                "each part's mean is multiplied by its number of pictures, and nothing is divided by the number of all.",
                step(lambda k, n, p: float(k)),
            ),
            ("only the first part counts.", step(lambda k, n, p: 1.0, only=0)),
        ]:
            if same(mine, play(f), 1e-4):
                raise Wrong(f"{what}: {says}")
        raise Wrong(
            f"{what}: after {len(cases)} large steps the weights aren't what steps with all pictures at once would make of them."
        )
    if any(n != 1 for n in counting):
        raise Wrong(
            f"{what}: step is called {counting[0]} times for {names}. Once is enough; momentum and the schedule count every call."
        )
    log = seen[0]
    largest = max(n for kind, n in log if kind == "forward")
    if largest > 6:
        raise Wrong(
            f"{what}: the weights are right, but {largest} pictures go through the network at once. They don't fit, that is why they come in parts: one part at a time."
        )
    if [k for k, _ in log][:2] == ["forward", "forward"]:
        raise Wrong(
            f"{what}: the weights are right, but every part goes through the network before the first backward, so what backward needs is kept for all of them, and the memory is that of the large batch. "
            "Call backward after each part: gradients add up by themselves."
        )
    return Right("Right: the memory of one part, the gradient of all.")


# Exercise 4


def one_cycle_rate(answer) -> Right:
    "Exercise 4: my_rate(t, steps, top) -> the rate at step t of OneCycleLR(top, total_steps=steps, pct_start=.25)."
    what = "my_rate"
    wave = lambda a, b, share: b + (a - b) * (1 + math.cos(math.pi * share)) / 2

    def cycle(
        t,
        steps,
        top,
        first=25,
        last=25e4,
        peak=lambda steps: 0.25 * steps - 1,
        end=lambda steps: steps - 1,
        up=wave,
        down=wave,
    ):
        p, e = peak(steps), end(steps)
        return up(top / first, top, t / p) if t <= p else down(top, top / last, (t - p) / (e - p))

    line = lambda a, b, share: a + (b - a) * share
    cases = [
        (t, steps, top)
        for steps, top in ((40, 0.01), (100, 2.0), (400, 0.004))
        for t in (
            0,
            1,
            3,
            steps // 8,
            steps // 4 - 1,
            steps // 4,
            steps // 4 + 1,
            steps // 2,
            steps - 2,
            steps - 1,
        )
    ]
    wrong = lambda **kw: lambda t, steps, top: cycle(t, steps, top, **kw)

    def swapped(a, b, share):
        return wave(b, a, share)

    scaled = lambda f: (
        lambda t, steps, top: f(t, steps, 1e4)
    )  # tolerances are absolute below 1, and the last rate is small
    function(answer, what)
    return diagnose(
        lambda t, steps, top: _per_top(answer, t, steps, top),
        scaled(cycle),
        [
            Mistake(
                "the rate rises in a straight line. In the exercise, as in OneCycleLR, both ways are half a cosine.",
                scaled(wrong(up=line)),
            ),
            Mistake(
                "both ways are straight lines. In the exercise, as in OneCycleLR, they are half a cosine each.",
                scaled(wrong(up=line, down=line)),
            ),
            Mistake(
                "the rate falls in a straight line. In the exercise, as in OneCycleLR, both ways are half a cosine.",
                scaled(wrong(down=line)),
            ),
            Mistake(
                "the top comes one step too late: counted from 0, it is step 0.25 * steps - 1.",
                scaled(wrong(peak=lambda s: 0.25 * s)),
            ),
            Mistake(
                "the fall ends one step too late: counted from 0, the last step is steps - 1.",
                scaled(wrong(end=lambda s: s)),
            ),
            Mistake(
                "steps count from 0 here. Top and end are both one step too late in yours.",
                scaled(wrong(peak=lambda s: 0.25 * s, end=lambda s: s)),
            ),
            Mistake(
                "the warm-up starts at 0. It starts at a 25th of the top, so that the first step isn't wasted.",
                scaled(wrong(first=math.inf)),
            ),
            Mistake(
                "the rate ends at 0. It ends at a 10,000th of the first rate, not of nothing.",
                scaled(wrong(last=math.inf)),
            ),
            Mistake(
                "the last rate is a 10,000th of the top. It is a 10,000th of the first rate, which is a 25th of the top.",
                scaled(wrong(last=1e4)),
            ),
            Mistake(
                "it falls back to the rate of the start only. The end is a 10,000th of that.",
                scaled(wrong(last=25)),
            ),
            Mistake(
                "the top comes after 30 % of the steps, OneCycleLR's default. The lesson's comes after 25 %.",
                scaled(wrong(peak=lambda s: 0.3 * s - 1)),
            ),
            Mistake(
                "the two ends of each way are exchanged: it falls where it should rise.",
                scaled(wrong(up=swapped, down=swapped)),
            ),
            Mistake(
                "there is no warm-up: the cosine falls from the first step on.",
                scaled(lambda t, steps, top: wave(top, top / 25e4, t / (steps - 1))),
            ),
        ],
        cases,
        what,
        praise="Right: warm-up, top and fall are OneCycleLR's, step for step.",
        names=[
            f"t={t}, steps={s}, top={top} (rates in ten-thousandths of the top)"
            for t, s, top in cases
        ],
    )


def _per_top(answer, t, steps, top):
    got = answer(t, steps, top)
    if got is None or got is ...:
        return got
    value = plain(got)
    if (
        isinstance(value, str)
        or np.shape(value) != ()
        or not np.issubdtype(np.asarray(value).dtype, np.number)
    ):
        return got
    return float(value) / top * 1e4


# Exercise 5


def _epochs():
    "Scores on valid and test by epoch, for several trainings."
    nan = float("nan")
    return {
        "the best epoch is the third of five": (
            [0.31, 0.52, 0.71, 0.64, 0.70],
            [0.30, 0.55, 0.66, 0.69, 0.62],
        ),
        "two epochs share the highest score": ([0.40, 0.61, 0.61, 0.58], [0.41, 0.57, 0.63, 0.60]),
        "the first epoch stays the best": ([0.55, 0.50, 0.54], [0.50, 0.56, 0.52]),
        "the last epoch is the best": ([0.1, 0.2, 0.3], [0.35, 0.2, 0.25]),
        "one epoch's score is NaN": ([0.20, nan, 0.35, 0.30], [0.25, 0.50, 0.33, 0.40]),
        "the score of the first epoch is NaN": ([nan, 0.42, 0.38], [0.60, 0.40, 0.45]),
        "the epoch after the best has NaN": ([0.30, 0.60, nan, 0.40], [0.35, 0.55, 0.60, 0.50]),
        "every score is 0": ([0.0, 0.0, 0.0], [0.3, 0.1, 0.15]),
    }


def keep_the_best(answer) -> Right:
    "Exercise 5: my_fit(model, one_epoch, score, epochs) -> score(model, 'test') of the epoch with the highest score(model, 'valid'), whose weights are in the model at the end."
    torch_first()
    what = "my_fit"
    function(answer, what)
    for name, (valid, test) in _epochs().items():
        _one_fit(what, answer, name, valid, test)
    return Right(
        "Right: a copy of the best epoch's weights, chosen on valid, and one look at test."
    )


def _one_fit(what, answer, name, valid, test):
    import torch
    from torch import nn

    model = nn.BatchNorm1d(1)
    nn.init.zeros_(
        model.weight
    )  # from here on it says which epoch it is, and so does the running mean
    asked, trained = [], []

    def epoch_of(m):
        return round(m.weight.item()) - 1

    def one_epoch(m):
        if len(trained) >= len(valid):
            raise Wrong(
                f"{what}: one_epoch is called more than {len(valid)} times, for {len(valid)} epochs."
            )
        trained.append(1)
        with torch.no_grad():
            m.weight.fill_(len(trained))
            m.running_mean.fill_(10.0 * len(trained))

    def score(m, split):
        if split not in ("valid", "test"):
            raise Wrong(
                f"{what}: score is asked for the split {split!r}; there are 'valid' and 'test'."
            )
        k = epoch_of(m)
        asked.append((split, k, len(trained)))
        if not 0 <= k < len(valid):
            raise Wrong(
                f"{what}: score is asked before the first epoch, when there is nothing to keep yet."
            )
        return (valid if split == "valid" else test)[k]

    try:
        got = answer(model, one_epoch, score, len(valid))
    except Wrong:
        raise
    except Exception as e:
        raise Wrong(
            f"{what} stopped with {type(e).__name__}: {e}. It was called for {len(valid)} epochs; {name}."
        ) from e
    if not trained and (got is None or got is ...):
        raise NotDone(
            f"{what} isn't written yet: put your own code in place of the three dots, then run the check again."
        )
    where = f"Where {name} (valid {show(valid)}),"
    if len(trained) != len(valid):
        raise Wrong(f"{what}: one_epoch is called {len(trained)} times, for {len(valid)} epochs.")
    known = [v for v in valid if not math.isnan(v)]
    best, last = valid.index(max(known)), len(valid) - 1
    kept, mean = epoch_of(model), round(model.running_mean.item() / 10) - 1
    looks = [o for o in asked if o[0] == "test"]
    early = [o for o in looks if o[2] < len(valid)]
    if early or len(looks) > 1:
        chosen = (
            " The epoch is even chosen by it: the highest of several noisy scores is too high by luck alone."
            if kept == int(np.argmax(test)) != best
            else ""
        )
        raise Wrong(
            f"{what}: test is asked {len(looks)} times. Its score is honest only if nothing was chosen with it: choose on valid, and look at test once, at the end.{chosen}"
        )
    if [k for s, k, _ in asked if s == "valid"][: len(valid)] != list(range(len(valid))):
        raise Wrong(
            f"{what}: valid should be scored once after each epoch; it is scored for the epochs {[k + 1 for s, k, _ in asked if s == 'valid']} (counted from 1)."
        )
    if kept != mean:
        raise Wrong(
            f"{what}: the weights are those of epoch {kept + 1}, and BatchNorm's running mean is that of epoch {mean + 1}. Buffers belong to the network too: state_dict() has both, parameters() only the weights."
        )
    if kept != best:
        if kept == last:
            hint = "The last epoch's weights are in the model at the end. If you kept the best ones: state_dict() gives references to the model's own tensors, and training goes on to change them. Copy them (copy.deepcopy, or clone each), and load the copy at the end."
            if max(known) == 0:
                hint = "A best score that starts at 0 isn't beaten by 0: start below every score, so that the first epoch is kept."
            elif len(known) < len(valid):
                hint = "Every comparison with NaN is False, so a NaN that was ever taken for the best lets anything follow it: take an epoch only if its score is greater."
            raise Wrong(
                f"{what}: {where[0].lower() + where[1:]} epoch {best + 1} should be in the model, and it is epoch {kept + 1}. {hint}"
            )
        if math.isnan(valid[kept]):
            raise Wrong(
                f"{what}: {where[0].lower() + where[1:]} the epoch with NaN is kept. Every comparison with NaN is False, and argmax takes NaN for the largest: an epoch without a score is never the best."
            )
        if valid[kept] == valid[best]:
            raise Wrong(
                f"{what}: {where[0].lower() + where[1:]} the later of two equal epochs is kept. The earlier one has trained less for the same score: replace it only by a higher one."
            )
        if valid[kept] == min(known):
            raise Wrong(
                f"{what}: {where[0].lower() + where[1:]} the epoch with the lowest score is kept. For a loss that would be right; for mAP, higher is better."
            )
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} epoch {best + 1} should be in the model at the end, and it is epoch {kept + 1}."
        )
    if got is None or got is ...:
        raise Wrong(
            f"{what}: the right weights are in the model, but nothing comes back. Give back its score on test."
        )
    if not looks:
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} {show(got)} comes back, and test was never asked. Give back score(model, 'test') of the kept weights."
        )
    if looks[0][1] != best:
        raise Wrong(
            f"{what}: test is scored with the weights of epoch {looks[0][1] + 1}, before those of the best epoch, {best + 1}, are back in the model."
        )
    if not same(got, test[best]):
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} the score on test is {test[best]}, and {show(got)} comes back."
        )
