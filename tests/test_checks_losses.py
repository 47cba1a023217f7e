"Each check of lesson 04 takes the right answer and names the typical wrong ones."

import math
from functools import partial
from importlib import import_module

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from checks_kit import not_done, passes, says
from torch.nn.functional import (
    binary_cross_entropy_with_logits as held_bce,
)
from torch.nn.functional import (
    multilabel_soft_margin_loss as held_margin,
)

from mlc_course import losses
from mlc_course.losses import binary_cross_entropy as lesson_bce
from mlc_course.scores.torch_losses import cross_entropy_cells
from mlc_course.tools import checks
from mlc_course.tools.checks import NotDone, Wrong

X, T = [1.5, 0.7, 0.6], [1, 0, 1]


def costs():
    "The three costs, in plain Python."
    p = [1 / (1 + math.exp(-x)) for x in X]
    return [-math.log(q if t else 1 - q) for q, t in zip(p, T)]


def told_apart(module, check, answer, monkeypatch):
    "Every mistake of the check differs from the right answer and from the others on at least one case."
    from mlc_course.tools.checks import _core

    calls = []

    def record(answer, right, mistakes, cases, *args, **kwargs):
        calls.append((right, mistakes, cases))
        return _core.diagnose(answer, right, mistakes, cases, *args, **kwargs)

    monkeypatch.setattr(module, "diagnose", record)
    passes(check, answer)
    for right, mistakes, cases in calls:
        results = [("the right answer", [_core.call(right, c) for c in cases])] + [
            (m.says, [_core.call(m.gives, c) for c in cases]) for m in mistakes
        ]
        for i, (a, x) in enumerate(results):
            for b, y in results[:i]:
                assert a == b or not all(_core.same(u, v) for u, v in zip(x, y)), f"{a} | {b}"
    assert calls


@pytest.mark.parametrize("name", ["bce", "weighted_bce", "soft_f1"])
def test_every_mistake_can_be_told_apart(name, monkeypatch):
    where = dict(bce="cross_entropy", weighted_bce="weighted", soft_f1="soft")[name]
    module = import_module(f"mlc_course.tools.checks.losses.{where}")
    right = dict(
        bce=lambda x, t: (F.softplus(x) - x * t).mean(),
        weighted_bce=losses.binary_cross_entropy_with_logits,
        soft_f1=lambda x, t: losses.macro_soft_f1(x, t, double=False),
    )
    told_apart(module, getattr(module, name), right[name], monkeypatch)


# Exercise 1


def test_three_labels_takes_any_number():
    library = F.binary_cross_entropy_with_logits(torch.tensor(X), torch.tensor(T).float())
    right = sum(costs()) / 3
    for answer in (
        library,
        library.item(),
        right,
        round(right, 3),
        f"{right:.3f}",
        np.float32(right),
        [right],
    ):
        passes(checks.three_labels, answer)


def test_three_labels_stub_and_other_types():
    for stub in (..., None):
        says(checks.three_labels, stub, "written", kind=NotDone)
    says(checks.three_labels, lambda: 0.6, "a number, and you gave a function")
    says(checks.three_labels, "a lot", "should be a number")
    says(checks.three_labels, {"sun": 1}, "should be a number")
    says(checks.three_labels, costs(), "you gave 3: the loss is the mean")


def test_three_labels_names_mistakes():
    c, x, t = costs(), torch.tensor(X), torch.tensor(T).float()
    p, soft = x.sigmoid(), x.softmax(0)
    true, bce = (lambda p: torch.where(t == 1, p, 1 - p)), F.binary_cross_entropy_with_logits
    right = sum(c) / 3
    for wrong, part in (
        (sum(c), "sum over the three"),
        (0.680, "the lesson's logits"),
        (sum(c) / 2, "number of labels that are there"),
        ((c[0] + c[2]) / 2, "only the labels that are there"),
        ((c[0] + c[2]) / 3, "absent label costs nothing"),
        (c[1], "only the absent label is counted"),
        (c[1] / 3, "only the absent label costs"),
        (F.binary_cross_entropy(1 - p, t), "swapped"),
        (-right, "minus is missing"),
        (
            torch.where(t == 1, 1 / (1 + x.exp()), 1 - 1 / (1 + x.exp())).log().mean().neg(),
            "swapped",
        ),
        (-true(p).log2().mean(), "base 2"),
        (-true(p).log10().mean(), "base 10"),
        (F.cross_entropy(x, t), "compete"),
        (F.cross_entropy(x, t) / 2, "compete"),
        (-(x.log_softmax(0) * t).mean(), "compete"),
        (F.binary_cross_entropy(soft, t), "compete"),
        (F.binary_cross_entropy_with_logits(p, t), "twice"),
        (-true(x).log().mean(), "sigmoid is missing"),
        (float("nan"), "not a number"),
        (-true(p).mean().log(), "mean first"),
        (true(p).mean(), "without the logarithm"),
        (right + 0.004, "not to three digits"),
        (p.mean(), "mean of the three probabilities"),
        (-p.log().mean(), "The cloud isn't there"),
        (((p - t) ** 2).mean(), "distance between probability and target"),
        ((p - t).abs().mean(), "distance between probability and target"),
        (bce(x, torch.tensor([1.0, 1, 0])), "order of the logits is sun, cloud, boat"),
        (5.5, "isn't right yet"),
    ):
        says(checks.three_labels, wrong, part)
        says(checks.three_labels, round(float(wrong), 3) if wrong == wrong else wrong, part)


# Exercise 2


def test_bce_right_in_many_ways():
    for right in (
        lambda x, t: -(t * F.logsigmoid(x) + (1 - t) * F.logsigmoid(-x)).mean(),
        lambda inputs, targets: (
            torch.logaddexp(inputs, torch.zeros(())) - inputs * targets
        ).mean(),
        lambda x, t: (
            (torch.maximum(x, torch.zeros_like(x)) - x * t + torch.log1p(torch.exp(-x.abs()))).sum()
            / x.numel()
        ),
        lambda x, t: (
            torch.where(t > 0, t * F.softplus(-x), 0).mean() + ((1 - t) * F.softplus(x)).mean()
        ),
        lambda x, t: (
            -(t * losses.sigmoid(x).clamp_min(1e-37).log() + (1 - t) * F.logsigmoid(-x)).mean()
            if x.abs().max() < 50
            else F.softplus(torch.where(t == 1, -x, x)).mean()
        ),
        lambda x, t: (F.softplus(x) - x * t).mean().double(),
    ):
        passes(checks.bce, right)


def shelf():
    return {(m.__name__, n): v for m in (torch, F, losses) for n, v in vars(m).items()}


def test_bce_refuses_ready_made_losses_and_puts_them_back():
    before, mine, held = shelf(), globals().copy(), F.multilabel_soft_margin_loss

    class Own(torch.nn.Module):
        def forward(self, x, t):
            return F.binary_cross_entropy_with_logits(x, t)

    two = lambda x, t: F.cross_entropy(torch.stack([x, 0 * x], 1), torch.stack([t, 1 - t], 1))
    for wrong in (
        lambda x, t: F.binary_cross_entropy_with_logits(x, t),
        F.binary_cross_entropy_with_logits,
        torch.nn.BCEWithLogitsLoss(),
        lambda x, t: torch.nn.BCEWithLogitsLoss()(x, t),
        torch.nn.BCEWithLogitsLoss,
        lambda x, t: held_bce(x, t),
        partial(held_bce),
        Own(),
        lambda x, t: torch.binary_cross_entropy_with_logits(x, t).mean(),
        held,
        partial(held),
        torch.nn.MultiLabelSoftMarginLoss(),
        lambda x, t: F.multilabel_soft_margin_loss(x, t),
        lambda x, t: held_margin(x, t),
        two,
        losses.binary_cross_entropy,
        losses.binary_cross_entropy_with_logits,
        lambda x, t: losses.binary_cross_entropy(x, t),
        lambda x, t: losses.binary_cross_entropy_with_logits(x, t, pos_weight=1.0),
        lambda x, t: lesson_bce(x, t),
        lambda x, t: losses.focal_loss(x, t, gamma=0, alpha=None),
        lambda x, t: F.binary_cross_entropy(x.sigmoid(), t),
    ):
        says(checks.bce, wrong, "is a ready-made loss")

    def broken(x, t):
        raise KeyError("cat")

    says(checks.bce, broken, "stopped with KeyError")
    after = shelf()
    assert before.keys() == after.keys() and all(v is after[k] for k, v in before.items())
    assert all(v is globals()[k] for k, v in mine.items())


def test_bce_knows_the_losses_of_the_notebook(monkeypatch):
    import __main__

    source = (
        "def checked_pair(x, t): return x, t\n"
        "def binary_cross_entropy(x, t):\n    x, t = checked_pair(x, t)\n    return (torch.logaddexp(x, 0*x) - x*t).mean()"
    )
    made = dict(torch=torch)
    exec(source, made)
    says(checks.bce, made["binary_cross_entropy"], "the lesson's own function is a ready-made loss")
    for name in ("checked_pair", "binary_cross_entropy"):
        monkeypatch.setattr(__main__, name, made[name], raising=False)
    passes(checks.bce, lambda x, t: (torch.logaddexp(x, 0 * x) - x * t).mean())
    assert __main__.checked_pair is made["checked_pair"]


def test_bce_knows_what_the_losses_of_the_lesson_are_made_of(monkeypatch):
    import __main__

    made = {"cross_entropy_cells": cross_entropy_cells}
    exec("def f(x, t): return cross_entropy_cells(x, t).mean()", made)

    def stable_bce(x, t):
        return (F.softplus(x) - x * t).mean()

    passes(checks.bce, stable_bce)
    monkeypatch.setattr(__main__, "stable_bce", stable_bce, raising=False)
    for answer in (
        lambda x, t: __main__.stable_bce(x, t),
        losses.binary_cross_entropy,
        losses.binary_cross_entropy_with_logits,
        lambda x, t: losses.focal_loss(x, t, 0, None),
        made["f"],
    ):
        says(checks.bce, answer, "ready-made loss")
    assert losses.binary_cross_entropy(torch.zeros(1, 1), torch.zeros(1, 1)).item() > 0.69


def test_bce_stub_and_other_types():
    not_done(checks.bce)
    says(checks.bce, 0.68, "should be a function")
    says(checks.bce, lambda x: x, "stopped with TypeError")
    says(checks.bce, lambda x, t: x.sqrt(t), "stopped with TypeError")
    says(checks.bce, lambda x, t: 3.0, "isn't right yet")
    says(checks.bce, lambda x, t: x[0], "shape")


def plain_bce(p, t):
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def test_bce_names_mistakes_in_the_value():
    table = lambda x, t: F.softplus(x) - x * t
    bce = lambda x, t: table(x, t).mean()
    where = lambda a, b: (
        lambda x, t: -torch.where(t == 1, a(x.sigmoid()), b(x.sigmoid())).log().mean()
    )
    for wrong, part in (
        (where(lambda p: 1 - p, lambda p: p), "swapped"),
        (lambda x, t: bce(x, 1 - t), "swapped"),
        (plain_bce, "sigmoid is missing"),
        (lambda x, t: -torch.where(t == 1, x, 1 - x).log().mean(), "sigmoid is missing"),
        (lambda x, t: bce(x.sigmoid(), t), "twice"),
        (lambda x, t: -(t * x.sigmoid().log()).mean(), "only the labels that are there"),
        (lambda x, t: -((1 - t) * (-x).sigmoid().log()).mean(), "only the absent labels"),
        (lambda x, t: -plain_bce(x.sigmoid(), t), "minus is missing"),
        (lambda x, t: (t * F.softplus(-x) + F.softplus(x)).mean(), "pays for a wrong yes"),
        (lambda x, t: table(x, t).sum(), "sum over the cells"),
        (lambda x, t: table(x, t).sum(-1).mean(), "sum over the labels"),
        (lambda x, t: table(x, t).mean(0), "over the rows only"),
        (lambda x, t: table(x, t).mean(1), "over the labels only"),
        (table, "a table"),
        (lambda x, t: -(t * x.log_softmax(1)).sum(1).mean(), "softmax cross-entropy"),
        (lambda x, t: plain_bce(x.softmax(-1), t), "come from a softmax"),
        (lambda x, t: bce(t, x), "exchanged"),
        (where(lambda p: p, lambda p: 1 - p), "taken for a 0"),
        (lambda x, t: bce(x, t.long().float()), "taken for a 0"),
        (lambda x, t: bce(x, t.bool().float()), "taken for a 1"),
        (lambda x, t: bce(x, (t > 0.5).float()), "rounded"),
        (lambda x, t: F.softplus((1 - 2 * t) * x).mean(), "turns the sign"),
    ):
        says(checks.bce, wrong, part)


def test_bce_names_what_breaks_at_large_logits():
    def eps(e):
        return lambda x, t: (
            -(t * (x.sigmoid() + e).log() + (1 - t) * (1 - x.sigmoid() + e).log()).mean()
        )

    def clamped(x, t):
        return plain_bce(x.sigmoid().clamp(1e-7, 1 - 1e-7), t)

    for wrong, part in (
        (lambda x, t: plain_bce(x.sigmoid(), t), "rounded to exactly 0 or 1"),
        (
            lambda x, t: -(t * x.sigmoid().log() + (1 - t) * (-x).sigmoid().log()).mean(),
            "float32 ends",
        ),
        (lambda x, t: (torch.log(1 + x.exp()) - x * t).mean(), "float32 ends"),
        (lambda x, t: (x - x * t + torch.log(1 + torch.exp(-x))).mean(), "float32 ends"),
        (
            lambda x, t: (
                -(
                    t * x.sigmoid().log().clamp(min=-100)
                    + (1 - t) * (1 - x.sigmoid()).log().clamp(min=-100)
                ).mean()
            ),
            "BCELoss stops",
        ),
        (eps(1e-7), "cuts the probability"),
        (eps(1e-6), "cuts the probability"),
        (clamped, "cuts the probability"),
        (
            lambda x, t: (F.softplus(x.clamp(-100, 100)) - x.clamp(-100, 100) * t).mean(),
            "cuts the probability",
        ),
    ):
        says(checks.bce, wrong, part)


def test_bce_names_mistakes_in_the_gradient():
    bce = lambda x, t: (F.softplus(x) - x * t).mean()

    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return g / 2

    class Dead(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return torch.where(ctx.saved_tensors[0].abs() < 100, g, 0)

    log = lambda x: torch.log1p(torch.exp(-x.abs()))
    for wrong, part in (
        (lambda x, t: (x.relu() - x * t + log(x)).mean(), "gradient is 0, and should be 0.5"),
        (lambda x, t: (x.clamp(min=0) - x * t + log(x)).mean(), "logit of exactly 0"),
        (
            lambda x, t: torch.where(
                x > 0, x - x * t + torch.log1p(torch.exp(-x)), torch.log1p(torch.exp(x)) - x * t
            ).mean(),
            "0 times infinity",
        ),
        (lambda x, t: bce(x.detach(), t), "no gradient reaches"),
        (lambda x, t: bce(x, t).item(), "no gradient reaches"),
        (lambda x, t: bce(x.detach(), t.clone().requires_grad_()), "no gradient reaches"),
        (lambda x, t: bce(Half.apply(x), t), "the gradient is"),
        (lambda x, t: bce(Dead.apply(x), t), "more wrong a cell"),
        (lambda x, t: bce(x if x.numel() == 1 else Half.apply(x), t), "the gradient isn't"),
    ):
        says(checks.bce, wrong, part)


# Exercise 3


def test_weighted_bce_right_in_many_ways():
    def where(x, t, w):
        return torch.where(t == 1, -F.logsigmoid(x) * w, -F.logsigmoid(-x)).mean()

    for right in (
        losses.binary_cross_entropy_with_logits,
        where,
        lambda x, t, pos_weight: F.binary_cross_entropy_with_logits(
            x, t, pos_weight=torch.as_tensor(pos_weight)
        ),
        lambda x, t, w: (
            F.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 + (w - 1) * t)
        ).mean(),
    ):
        passes(checks.weighted_bce, right)


def test_weighted_bce_stub_and_other_types():
    not_done(checks.weighted_bce)
    says(checks.weighted_bce, {}, "should be a function")
    says(checks.weighted_bce, lambda x, t: 0, "stopped with TypeError")
    says(
        checks.weighted_bce,
        lambda x, t, w: F.binary_cross_entropy_with_logits(x, t, pos_weight=w),
        "argument 'pos_weight'",
    )
    says(checks.weighted_bce, lambda x, t, w: x.mean(), "isn't right yet")


def test_weighted_bce_names_mistakes():
    table = lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none")
    cells = lambda x, t, w: torch.where(t == 1, w * table(x, t), table(x, t))
    weights = lambda t, w: torch.where(t == 1, torch.as_tensor(w).expand_as(t), 1.0)
    for wrong, part in (
        (lambda x, t, w: table(x, t).mean(), "no effect"),
        (
            lambda x, t, w: torch.where(t == 0, w * table(x, t), table(x, t)).mean(),
            "on the absent labels",
        ),
        (lambda x, t, w: (w * table(x, t)).mean(), "on every cell"),
        (lambda x, t, w: ((1 + w * t) * table(x, t)).mean(), "1 + pos_weight times"),
        (lambda x, t, w: cells(x, t, w - 1).mean(), "pos_weight - 1 times"),
        (lambda x, t, w: torch.where(t == 1, table(x, t), table(x, t) / w).mean(), "negatives are"),
        (lambda x, t, w: cells(x, t, 1 / w).mean(), "positives are divided"),
        (lambda x, t, w: cells(x, t, w).sum() / weights(t, w).sum(), "sum of the weights"),
        (
            lambda x, t, w: (table(x, t) * weights(t, w) / weights(t, w).sum()).sum(),
            "sum of the weights",
        ),
        (lambda x, t, w: cells(x, t, w).sum() / t.sum(), "number of positives"),
        (lambda x, t, w: cells(x, t, torch.as_tensor(w).mean()).mean(), "use their mean"),
        (lambda x, t, w: cells(x, t, torch.as_tensor(w).flatten()[0]).mean(), "use the first"),
        (lambda x, t, w: cells(-x, t, w).mean(), "swapped"),
        (lambda x, t, w: -(w * t * x.log() + (1 - t) * (1 - x).log()).mean(), "sigmoid is missing"),
        (lambda x, t, w: cells(x.sigmoid(), t, w).mean(), "twice"),
        (lambda x, t, w: -cells(x, t, w).mean(), "minus is missing"),
        (
            lambda x, t, w: torch.where(t == 1, table(w * x, t), table(x, t)).mean(),
            "multiplies the logit",
        ),
        (lambda x, t, w: (t * cells(x, t, w)).mean(), "only the positives"),
        (lambda x, t, w: (w * t * table(x, t) + table(x, 0 * t)).mean(), "pays for a wrong yes"),
        (lambda x, t, w: cells(x, t, w).sum(), "sum over the cells"),
        (lambda x, t, w: cells(x, t, w).mean(0), "rows only"),
        (lambda x, t, w: cells(x, t, w).mean(1), "labels only"),
        (cells, "a table"),
        (
            lambda x, t, w: -(w * t * x.sigmoid().log() + (1 - t) * (1 - x.sigmoid()).log()).mean(),
            "rounded to exactly 0 or 1",
        ),
        (
            lambda x, t, w: (
                (1 - t) * x + (1 + (w - 1) * t) * (torch.log1p(torch.exp(-x.abs())) + (-x).relu())
            ).mean(),
            "logit of exactly 0",
        ),
        (lambda x, t, w: cells(x, t, w).mean().item(), "no gradient reaches"),
    ):
        says(checks.weighted_bce, wrong, part)


# Exercise 4


def sums(x, t, dim=0):
    p = x.sigmoid()
    return (p * t).sum(dim), (p * (1 - t)).sum(dim), ((1 - p) * t).sum(dim)


def test_soft_f1_right_in_many_ways():
    def counted(x, t):
        tp, fp, fn = sums(x, t)
        return 1 - (2 * tp / (2 * tp + fp + fn).clamp_min(1e-12)).mean()

    def harmonic(x, t):
        tp, fp, fn = sums(x, t)
        precision, recall = tp / (tp + fp + 1e-12), tp / (tp + fn + 1e-12)
        return (1 - 2 * precision * recall / (precision + recall + 1e-12)).mean()

    for right in (
        lambda inputs, targets: losses.macro_soft_f1(inputs, targets, double=False),
        counted,
        harmonic,
    ):
        passes(checks.soft_f1, right)


def test_soft_f1_stub_and_other_types():
    not_done(checks.soft_f1)
    says(checks.soft_f1, 1, "should be a function")
    says(checks.soft_f1, lambda x, t: x @ t, "stopped with RuntimeError")
    says(checks.soft_f1, lambda x, t: t.mean(), "isn't right yet")


def test_soft_f1_names_mistakes():
    from sklearn.metrics import f1_score

    def of(dim, last=lambda f: 1 - f.mean(), two=2, below=2):
        def f(x, t):
            tp, fp, fn = sums(x, t, dim)
            return last(two * tp / (below * tp + fp + fn + 1e-16))

        return f

    def given(probs):
        def f(x, t):
            p = probs(x)
            return (1 - 2 * (p * t).sum(0) / (p.sum(0) + t.sum(0) + 1e-16)).mean()

        return f

    def by_ratios(x, t):
        tp, p = (x.sigmoid() * t).sum(0), x.sigmoid().sum(0)
        precision, recall = tp / p, tp / t.sum(0)
        return 1 - (2 * precision * recall / (precision + recall)).mean()

    for wrong, part in (
        (of(1), "per image"),
        (of((0, 1)), "micro F1"),
        (of(0, lambda f: f.mean()), "return 1 minus it"),
        (given(lambda x: x.sigmoid().sigmoid()), "sigmoid is applied twice"),
        (given(lambda x: x.sigmoid().round()), "no gradient"),
        (
            lambda x, t: (
                1
                - f1_score(
                    t.detach().int(),
                    (x.detach().sigmoid() > 0.5).int(),
                    average="macro",
                    zero_division=0,
                )
            ),
            "no gradient",
        ),
        (given(lambda x: x), "sigmoid is missing"),
        (given(lambda x: x.softmax(-1)), "softmax"),
        (losses.macro_soft_f1, "double variant"),
        (of(0, two=1, below=1), "Jaccard"),
        (by_ratios, "precision and recall are 0/0"),
        (of(0, below=1), "can exceed 1"),
        (of(0, lambda f: 1 - f), "one number per label"),
        (of(0, lambda f: (1 - f).sum()), "sum over the labels"),
        (
            lambda x, t: (
                1 - (2 * sums(x, t)[0] / (2 * sums(x, t)[0] + sums(x, t)[1] + sums(x, t)[2])).mean()
            ),
            "0/0",
        ),
        (
            lambda x, t: (
                1
                - (2 * sums(x, t)[0] / (2 * sums(x, t)[0] + sums(x, t)[1] + sums(x, t)[2]))
                .nan_to_num(1.0)
                .mean()
            ),
            "counts as 0",
        ),
        (lambda x, t: of(0)(x.detach(), t), "no gradient reaches"),
        (lambda x, t: of(0)((x + x.detach()) / 2, t), "the gradient isn't"),
    ):
        says(checks.soft_f1, wrong, part)


def test_soft_f1_needs_a_gradient_where_it_is_0_by_0():
    def of(ratio, probs=torch.sigmoid):
        def f(x, t):
            p = probs(x)
            return 1 - ratio(2 * (p * t).sum(0), p.sum(0) + t.sum(0)).mean()

        return f

    passes(checks.soft_f1, of(lambda a, b: torch.where(b > 0, a / torch.where(b > 0, b, 1.0), 0.0)))
    passes(checks.soft_f1, of(lambda a, b: a / b.clamp(min=1e-8), losses.sigmoid))
    for ratio in (
        lambda a, b: torch.where(b > 0, a / b, 0.0),
        lambda a, b: (a / b).nan_to_num(),
        lambda a, b: torch.where((a / b).isnan(), torch.zeros(()), a / b),
    ):
        says(
            checks.soft_f1,
            of(ratio),
            "hides the nan from the value, not from the gradient: guard the denominator",
        )
    guarded = lambda a, b: a / (b + 1e-16)
    says(
        checks.soft_f1,
        of(guarded, lambda x: 1 / (1 + torch.exp(-x))),
        "a sigmoid written with exp overflows",
    )
    says(
        checks.soft_f1,
        of(guarded, lambda x: x.exp() / (1 + x.exp())),
        "a sigmoid written with exp overflows",
    )


# Exercise 5

CHOICES = dict(
    flower="CrossEntropyLoss",
    street="BCEWithLogitsLoss",
    x_ray="BCELoss",
    digit="NLLLoss",
    belt="BCEWithLogitsLoss",
    own="BCEWithLogitsLoss",
)


def test_which_loss_takes_names_and_classes():
    passes(checks.which_loss, CHOICES)
    passes(checks.which_loss, {k: f"nn.{v}" for k, v in CHOICES.items()})
    passes(checks.which_loss, {k: getattr(torch.nn, v) for k, v in CHOICES.items()})
    passes(checks.which_loss, {k: getattr(torch.nn, v)() for k, v in CHOICES.items()})
    passes(checks.which_loss, {k: f"torch.nn.{v}()".lower() for k, v in CHOICES.items()})


def test_which_loss_stub_and_other_types():
    for stub in (..., None, {k: ... for k in CHOICES}, {}, CHOICES | {"belt": ...}):
        says(checks.which_loss, stub, "written", kind=NotDone)
    says(checks.which_loss, list(CHOICES.values()), "should be a dict")
    says(checks.which_loss, CHOICES | {"cat": "BCELoss"}, "isn't one of the cases")
    says(checks.which_loss, CHOICES | {"belt": "MSELoss"}, "isn't one of the four names")
    says(checks.which_loss, CHOICES | {"belt": 3}, "isn't one of the four names")


def test_which_loss_explains_every_wrong_choice():
    for wrong, part in (
        ({"flower": "BCEWithLogitsLoss"}, "exactly one species"),
        ({"street": "CrossEntropyLoss"}, "empty street"),
        ({"x_ray": "BCEWithLogitsLoss"}, "0.73"),
        ({"digit": "CrossEntropyLoss"}, "log_softmax itself"),
        ({"belt": "CrossEntropyLoss"}, "none of them"),
        ({"own": "BCELoss"}, "take its sigmoid away"),
    ):
        says(checks.which_loss, CHOICES | wrong, part)
        says(checks.which_loss, CHOICES | wrong, "5 of 6")
    seen = set()
    for case, right in CHOICES.items():
        for name in set(CHOICES.values()) - {right}:
            with pytest.raises(Wrong) as e:
                checks.which_loss(CHOICES | {case: name})
            assert f"{case}, {name}: " in str(e.value)
            seen.add(str(e.value))
    assert len(seen) == 18


@pytest.mark.parametrize("case", ["flower", "digit"])
def test_what_the_quiz_says_about_pytorch_is_true(case):
    torch.manual_seed(0)
    x, number = torch.randn(4, 10), torch.randint(10, (4,))
    if case == "digit":
        assert torch.allclose(
            F.cross_entropy(x.log_softmax(1), number), F.nll_loss(x.log_softmax(1), number)
        )  # twice changes nothing
        with pytest.raises(RuntimeError):
            F.binary_cross_entropy(x.log_softmax(1), F.one_hot(number, 10).float())
    else:
        assert torch.allclose(
            F.nll_loss(x, number), -x[torch.arange(4), number].mean()
        )  # runs, and is no loss


def test_soft_f1_smoothed_or_of_mean_precision_and_recall():
    def smoothed(x, t):
        p = x.sigmoid()
        return 1 - ((2 * (p * t).sum(0) + 1) / (p.sum(0) + t.sum(0) + 1)).mean()

    def of_means(x, t):
        p = x.sigmoid()
        tp = (p * t).sum(0)
        precision, recall = (tp / p.sum(0)).mean(), (tp / t.sum(0).clamp(min=1e-9)).mean()
        return 1 - 2 * precision * recall / (precision + recall)

    says(checks.soft_f1, smoothed, "you add 1 above and below")
    says(checks.soft_f1, of_means, "mean precision and the mean recall")
