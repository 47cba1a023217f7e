"The checks of lesson 12, look inside: right answers pass, each likely mistake is named."

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says

from mlc_course import interpret
from mlc_course.metrics import Predictions
from mlc_course.tools import checks
from mlc_course.tools.checks import look_inside as module


def by_loop(probs, targets, k):
    "Each cell by itself, by PyTorch's loss."
    import torch

    loss = torch.nn.functional.binary_cross_entropy(
        torch.tensor(probs), torch.tensor(targets).double(), reduction="none"
    )
    cost = {(r, c): loss[r, c].item() for r in range(len(probs)) for c in range(probs.shape[1])}
    return sorted(cost, key=cost.get, reverse=True)[:k]


def by_course(probs, targets, k):
    vocab, fnames = [str(c) for c in range(probs.shape[1])], [str(r) for r in range(len(probs))]
    worst = interpret.worst_losses(Predictions(probs, targets, vocab, fnames), k)
    return worst[["fname", "label"]].astype(int).to_numpy()


def test_worst_cells():
    for right in (by_loop, by_course, lambda *a: [np.array(o) for o in by_loop(*a)]):
        passes(checks.worst_cells, right)
    odd_answers_are_refused(checks.worst_cells)

    def picked(score):
        def f(p, t, k):
            return [divmod(int(i), p.shape[1]) for i in np.argsort(-score(p, t).ravel())[:k]]

        return f

    bce = lambda p, t: -(t * np.log(p) + (1 - t) * np.log1p(-p))
    for wrong, message in [
        (picked(lambda p, t: -bce(p, t)), "with the lowest loss"),
        (lambda *a: by_loop(*a)[::-1], "rising order"),
        (
            picked(lambda p, t: bce(p, t) * (p > 0.5) - (p <= 0.5)),
            "A label that is there and was given a probability near 0",
        ),
        (picked(lambda p, t: np.where(t, bce(p, t), -1)), "only labels that are there"),
        (picked(lambda p, t: np.where(t, -1, bce(p, t))), "only labels that aren't there"),
        (picked(lambda p, t: bce(p, 1 - t)), "branches of the loss are exchanged"),
        (picked(lambda p, t: p), "the target isn't asked"),
        (picked(lambda p, t: p * (1 - p)), "least sure"),
        (lambda *a: [o[::-1] for o in by_loop(*a)], "the image first"),
        (
            lambda p, t, k: [divmod(int(i), len(p)) for i in np.argsort(-bce(p, t).ravel())[:k]],
            "number of images",
        ),
        (lambda p, t, k: np.argsort(-bce(p, t).ravel())[:k], "positions in the flattened array"),
        (
            lambda p, t, k: np.unravel_index(np.argsort(-bce(p, t).ravel())[:k], p.shape),
            "all rows come first",
        ),
        (lambda *a: 3.0, "result of shape"),
        (lambda p, t, k: [(0, 0)] * k, "isn't right yet"),
        (lambda *a: [], "my_worst"),
        (lambda *a: "ab", "my_worst"),
        (lambda *a: [[0, 1], [2]], "my_worst"),
        (lambda *a: [("a", "b")], "my_worst"),
    ]:
        says(checks.worst_cells, wrong, message)


def with_backward(A, logits, c):
    "By `backward`, picture by picture."
    import torch

    logits[:, c].sum().backward()
    return torch.stack(
        [torch.relu((A.grad[n].mean((1, 2))[:, None, None] * A[n]).sum(0)) for n in range(len(A))]
    )


def by_grad(A, logits, c):
    import torch

    (gradient,) = torch.autograd.grad(logits[:, c].sum(), A)
    return torch.einsum("nk,nkhw->nhw", gradient.mean((2, 3)), A).clamp(min=0).detach().numpy()


def test_grad_cam():
    import torch

    passes(checks.grad_cam, with_backward)
    passes(checks.grad_cam, by_grad)
    odd_answers_are_refused(checks.grad_cam)

    def cam(score, relu=True, weight=lambda g: g.mean((2, 3), keepdim=True)):
        def f(A, z, c):
            m = (weight(torch.autograd.grad(score(z, c), A)[0]) * A).sum(1)
            return m.relu() if relu else m

        return f

    column = lambda z, c: z[:, c].sum()
    for wrong, message in [
        (cam(column, relu=False), "ends in a relu"),
        (cam(lambda z, c: z.sigmoid()[:, c].sum()), "gradient is that of the probability"),
        (cam(lambda z, c: z.sum()), "all logits together"),
        (cam(lambda z, c: z.amax(1).sum()), "highest logit"),
        (cam(lambda z, c: z[:, 0].sum()), "Use the argument `c`"),
        (cam(lambda z, c: z[0, c]), "that of the first image alone"),
        (cam(column, weight=lambda g: g), "position by position"),
        (cam(column, weight=lambda g: g.sum((2, 3), keepdim=True)), "Take the mean"),
        (
            cam(column, weight=lambda g: g.relu().mean((2, 3), keepdim=True)),
            "negative weights are set to 0",
        ),
        (lambda A, z, c: A.sum(1), "aren't weighed"),
        (cam(lambda z, c: z.softmax(1)[:, c].sum()), "that of a softmax"),
        (
            lambda A, z, c: (
                (torch.autograd.grad(z[:, c].sum(), A)[0].mean((2, 3), keepdim=True) * A)
                .relu()
                .sum(1)
            ),
            "relu before the sum",
        ),
        (
            lambda A, z, c: (lambda m: m / m.max((1, 2), keepdims=True).clip(1e-12))(
                by_grad(A, z, c)
            ),
            "Leave the scale",
        ),
        (
            cam(column, weight=lambda g: g.mean((0, 2, 3), keepdim=True)),
            "averaged over the images",
        ),
        (cam(lambda z, c: z[:, c].mean()), "depends on the batch"),
        (cam(lambda z, c: -z[:, c].sum()), "what speaks against the label"),
        (cam(column, weight=lambda g: g.amax((2, 3), keepdim=True)), "the largest gradient"),
        (lambda A, z, c: (lambda m: m / m.max())(by_grad(A, z, c)), "the other images"),
        (lambda A, z, c: by_grad(A, z, c) / A.shape[1], "channels are averaged"),
        (lambda A, z, c: cam(column, relu=False)(A, z, c).abs(), "absolute value"),
        (lambda A, z, c: A.mean((1, 2, 3)), "result of shape"),
        (lambda A, z, c: 0.0, "result of shape"),
        (lambda A, z, c: by_grad(A, z, c)[:, None], "result of shape"),
        (lambda A, z, c: A.grad.mean(), "stopped with AttributeError"),
    ]:
        says(checks.grad_cam, wrong, message)


def by_torch(predict, x):
    import torch

    x = torch.from_numpy(x)
    return torch.stack(
        [torch.from_numpy(predict(v.numpy())).sigmoid() for v in (x, x.flip(2))]
    ).mean(0)


def test_mean_of_views():
    passes(checks.mean_of_views, by_torch)
    from scipy.special import expit, softmax

    passes(
        checks.mean_of_views,
        lambda predict, x: np.mean(
            [expit(predict(o)) for o in (x, np.stack([np.fliplr(i) for i in x]))], 0
        ),
    )
    odd_answers_are_refused(checks.mean_of_views)
    two = lambda view: lambda predict, x: (expit(predict(x)) + expit(predict(view(x)))) / 2
    mirror = lambda x: np.flip(x, 2)
    for wrong, message in [
        (two(lambda x: np.flip(x, 1)), "upside down"),
        (two(np.fliplr), "upside down"),
        (two(lambda x: np.flip(x, 3)), "colours exchanged"),
        (two(lambda x: np.flip(x, (1, 2))), "180 degrees"),
        (two(np.flipud), "reverse order"),
        (lambda f, x: expit((f(x) + f(mirror(x))) / 2), "logits are averaged"),
        (lambda f, x: ((f(x) > 0) * 1 + (f(mirror(x)) > 0)) / 2, "cut at a threshold first"),
        (lambda f, x: by_torch(f, x) > 0.5, "the mean is cut"),
        (lambda f, x: (f(x) + f(mirror(x))) / 2, "these are logits"),
        (
            lambda f, x: (softmax(f(x), axis=1) + softmax(f(mirror(x)), axis=1)) / 2,
            "goes through a softmax",
        ),
        (lambda f, x: expit(f((x + mirror(x)) / 2)), "pixels of the two views are averaged"),
        (lambda f, x: expit(by_torch(f, x)), "applied twice"),
        (lambda f, x: 2 * by_torch(f, x), "added up"),
        (lambda f, x: np.maximum(expit(f(x)), expit(f(mirror(x)))), "larger probability"),
        (lambda f, x: expit(f(mirror(x))), "only the mirrored view"),
        (lambda f, x: expit(f(x)), "as it is was asked"),
        (
            lambda f, x: f(x.transpose(0, 3, 1, 2)),
            "stopped with ValueError: predict was given images of shape",
        ),
        (lambda f, x: 1.0, "result of shape"),
        (lambda f, x: x, "result of shape"),
    ]:
        says(checks.mean_of_views, wrong, message)


@pytest.mark.parametrize(
    "name, right",
    [
        ("worst_cells", by_loop),
        ("grad_cam", by_grad),
        ("mean_of_views", by_torch),
    ],
)
def test_mistakes_are_told_apart(name, right, monkeypatch):
    mistakes_are_told_apart(module, name, right, monkeypatch)


def test_messages_use_the_learners_own_name():
    def find_the_worst(probs, targets, k):
        return by_loop(probs, targets, k)[::-1]

    says(checks.worst_cells, find_the_worst, "find_the_worst: the cells are right")
