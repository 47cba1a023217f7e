"The checks of lesson 12: right answers pass, each likely mistake is named."

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says

from mlc_course import interpret
from mlc_course.metrics import Predictions
from mlc_course.tools import checks
from mlc_course.tools.checks import interpret as module

# ---- 1


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
        (lambda *a: [o[::-1] for o in by_loop(*a)], "the picture first"),
        (lambda *a: 3.0, "result of shape"),
        (lambda p, t, k: [(0, 0)] * k, "isn't right yet"),
        (lambda *a: [], "worst_cells"),
        (lambda *a: "ab", "worst_cells"),
        (lambda *a: [[0, 1], [2]], "worst_cells"),
        (lambda *a: [("a", "b")], "worst_cells"),
        (lambda p, t, k: np.argsort(-bce(p, t).ravel())[:k], "worst_cells"),
    ]:
        says(checks.worst_cells, wrong, message)


# ---- 2


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
        (cam(column, weight=lambda g: g), "position by position"),
        (cam(column, weight=lambda g: g.sum((2, 3), keepdim=True)), "Take the mean"),
        (
            cam(column, weight=lambda g: g.relu().mean((2, 3), keepdim=True)),
            "negative weights are set to 0",
        ),
        (lambda A, z, c: A.sum(1), "aren't weighed"),
        (
            lambda A, z, c: (lambda m: m / m.max((1, 2), keepdims=True).clip(1e-12))(
                by_grad(A, z, c)
            ),
            "Leave the scale",
        ),
        (
            cam(column, weight=lambda g: g.mean((0, 2, 3), keepdim=True)),
            "averaged over the pictures",
        ),
        (cam(lambda z, c: z[:, c].mean()), "depends on the batch"),
        (lambda A, z, c: by_grad(A, z, c) / A.shape[1], "channels are averaged"),
        (lambda A, z, c: cam(column, relu=False)(A, z, c).abs(), "absolute value"),
        (lambda A, z, c: A.mean((1, 2, 3)), "result of shape"),
        (lambda A, z, c: 0.0, "result of shape"),
        (lambda A, z, c: by_grad(A, z, c)[:, None], "result of shape"),
        (lambda A, z, c: A.grad.mean(), "stopped with AttributeError"),
    ]:
        says(checks.grad_cam, wrong, message)


# ---- 3


def by_sklearn(x, y, parts, fit):
    from sklearn.model_selection import PredefinedSplit

    out = np.full(y.shape, np.nan)
    for train, test in PredefinedSplit(parts).split():
        out[test] = fit(x[train], y[train])(x[test])
    return out


def test_held_out():
    passes(checks.held_out, by_sklearn)

    def one_by_one(x, y, parts, fit):
        return [fit(x[parts != k], y[parts != k])(x[i : i + 1])[0] for i, k in enumerate(parts)]

    passes(checks.held_out, one_by_one)
    odd_answers_are_refused(checks.held_out)

    def loop(train, test):
        def f(x, y, parts, fit):
            out = np.zeros(y.shape)
            for k in sorted(set(parts)):
                out[test(parts, k)] = fit(x[train(parts, k)], y[train(parts, k)])(x[test(parts, k)])
            return out

        return f

    here, rest = lambda p, k: p == k, lambda p, k: p != k
    for wrong, message in [
        (lambda x, y, parts, fit: fit(x, y)(x), "itself included"),
        (loop(lambda p, k: p >= 0, here), "itself included"),
        (loop(here, here), "that same part"),
        (loop(here, rest), "the parts are exchanged"),
        (
            lambda x, y, parts, fit: np.concatenate(
                [fit(x[parts != k], y[parts != k])(x[parts == k]) for k in range(max(parts) + 1)]
            ),
            "order of the parts",
        ),
        (
            lambda x, y, parts, fit: np.where(parts[:, None] == 0, by_sklearn(x, y, parts, fit), 0),
            "only one part is predicted",
        ),
        (
            lambda x, y, parts, fit: (
                sum(fit(x[parts != k], y[parts != k])(x) for k in set(parts)) / len(set(parts))
            ),
            "by all models",
        ),
        (lambda x, y, parts, fit: by_sklearn(x, y, parts, fit)[:1], "result of shape"),
        (lambda x, y, parts, fit: y, "isn't right yet"),
        (lambda x, y, parts, fit: fit, "held_out"),
    ]:
        says(checks.held_out, wrong, message)


# ---- 4


def by_library(known, unknown):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(np.r_[np.ones(len(known)), np.zeros(len(unknown))], np.r_[known, unknown])


def by_ranks(known, unknown):
    from scipy.stats import mannwhitneyu

    return mannwhitneyu(known, unknown).statistic / (len(known) * len(unknown))


def test_auroc():
    for right in (by_library, by_ranks, interpret.separation):
        passes(checks.auroc, right)
    odd_answers_are_refused(checks.auroc)
    count = lambda k, u, over: sum(over(x, y) for x in k for y in u) / (len(k) * len(u))
    for wrong, message in [
        (lambda k, u: by_library(u, k), "the sign is swapped"),
        (lambda k, u: by_library(-k, -u), "the sign is swapped"),
        (
            lambda k, u: ((k > 0.5).sum() + (u <= 0.5).sum()) / (len(k) + len(u)),
            "accuracy at the threshold",
        ),
        (lambda k, u: sum(x > y for x in k for y in u), "number of pairs"),
        (lambda k, u: k.mean() - u.mean(), "difference of the two means"),
        (lambda k, u: max(by_library(k, u), by_library(u, k)), "larger of the value"),
        (lambda k, u: 2 * by_library(k, u) - 1, "Gini"),
        (lambda k, u: count(k, u, lambda x, y: x > y), "count nothing in yours"),
        (lambda k, u: count(k, u, lambda x, y: x >= y), "count in full"),
        (
            lambda k, u: sum(x > y for x in k for y in u) / sum(x != y for x in k for y in u),
            "left out of the division",
        ),
        (lambda k, u: 0.5, "isn't right yet"),
        (lambda k, u: k > u, "stopped with ValueError"),
        (lambda k, u: "good", "isn't right yet"),
        (lambda k, u: [by_library(k, u)], "auroc"),
    ]:
        says(checks.auroc, wrong, message)


# ---- 5


def by_torch(predict, x):
    import torch

    x = torch.from_numpy(x)
    return torch.stack(
        [torch.from_numpy(predict(v.numpy())).sigmoid() for v in (x, x.flip(2))]
    ).mean(0)


def test_mean_of_views():
    passes(checks.mean_of_views, by_torch)
    from scipy.special import expit

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
        (lambda f, x: 2 * by_torch(f, x), "added up"),
        (lambda f, x: np.maximum(expit(f(x)), expit(f(mirror(x)))), "larger probability"),
        (lambda f, x: expit(f(mirror(x))), "only the mirrored view"),
        (lambda f, x: expit(f(x)), "as it is was asked"),
        (
            lambda f, x: f(x.transpose(0, 3, 1, 2)),
            "stopped with ValueError: predict was given pictures of shape",
        ),
        (lambda f, x: 1.0, "result of shape"),
        (lambda f, x: x, "result of shape"),
    ]:
        says(checks.mean_of_views, wrong, message)


# ---- all


@pytest.mark.parametrize(
    "name, right",
    [
        ("worst_cells", by_loop),
        ("grad_cam", by_grad),
        ("held_out", by_sklearn),
        ("auroc", by_library),
        ("mean_of_views", by_torch),
    ],
)
def test_mistakes_are_told_apart(name, right, monkeypatch):
    mistakes_are_told_apart(module, name, right, monkeypatch)
