"""Checks of lesson 04."""

import math
import sys
from contextlib import contextmanager

import numpy as np

from ._core import (
    Mistake,
    Right,
    Wrong,
    answered,
    attempt,
    choices,
    diagnose,
    function,
    plain,
    same,
    show,
    torch_first,
)


def _torch():
    torch_first()
    import torch

    return torch


def three_labels(answer) -> Right:
    "Exercise 1: a number, the binary cross-entropy of logits 1.5, 0.7, 0.6 and targets 1, 0, 1, to three digits after the point."
    what, x, t = "my_loss", np.array([1.5, 0.7, 0.6]), np.array([1, 0, 1])
    answered(answer, what)
    if callable(answer):
        raise Wrong(
            f"{what} should be a number, and you gave a function: call it, and pass what comes out."
        )
    try:
        values = np.asarray(plain(answer), dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{what} should be a number, and you gave {show(answer)}.") from None
    if values.size != 1:
        raise Wrong(
            f"{what} should be one number, and you gave {values.size}: the loss is the mean over the labels."
        )
    got = values.item()
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    true = lambda p: np.where(t == 1, p, 1 - p)
    p, soft = sigmoid(x), np.exp(x) / np.exp(x).sum()
    cost = -np.log(true(p))
    right = cost.mean()
    if abs(got - right) < 6e-4:
        return Right(
            "Right: a sigmoid for each label, the probability of what is true, and the mean of minus the logarithms."
        )
    if math.isnan(got):
        raise Wrong(
            f"{what}: this is not a number. Was a logarithm taken of something negative? A logit is no probability: "
            "the sigmoid makes one of it."
        )
    competes = "the softmax lets the labels compete for one unit of probability. Here two of them are there at once: use a sigmoid for each."
    says = [
        (
            cost.sum(),
            "this is the sum over the three labels. The loss is their mean, so that it doesn't grow with the number of labels.",
        ),
        (
            cost.sum() / 2,
            "you divide by the number of labels that are there. An absent label costs something too, so it counts: divide by three.",
        ),
        (
            (cost * t).sum() / 2,
            "only the labels that are there are counted. An absent label with a high logit is a mistake as well: its cost is -log(1 - p).",
        ),
        ((cost * t).mean(), "the absent label costs nothing in yours. It should cost -log(1 - p)."),
        (
            (cost * (1 - t)).sum(),
            "only the absent label is counted. A label that is there costs -log(p).",
        ),
        (
            (cost * (1 - t)).mean(),
            "only the absent label costs something in yours. A label that is there costs -log(p).",
        ),
        (
            -np.log(1 - true(p)).mean(),
            "the branches are swapped: a label that is there costs -log(p), an absent one -log(1 - p). "
            "(The sigmoid with e to the power of x in place of -x gives the same number.)",
        ),
        (
            -right,
            "the minus is missing. A logarithm of a probability is negative, and a loss is not.",
        ),
        (
            right / math.log(2),
            "this logarithm has base 2. The loss is measured in nats: take the natural logarithm (np.log, torch.log, math.log).",
        ),
        (
            right / math.log(10),
            "this logarithm has base 10. The loss is measured in nats: take the natural logarithm (np.log, torch.log, math.log).",
        ),
        *(
            (v, competes)
            for v in (
                -(t * np.log(soft)).sum(),
                -(t * np.log(soft)).sum() / 2,
                -(t * np.log(soft)).mean(),
                -np.log(true(soft)).mean(),
            )
        ),
        (
            -np.log(true(x)).mean(),
            "the sigmoid is missing: you took the logarithm of logits. That these lie near the range of probabilities is an accident.",
        ),
        (
            -np.log(true(sigmoid(p))).mean(),
            "the sigmoid is applied twice. Once makes a probability of a logit; "
            "twice squeezes everything between 0.5 and 0.73.",
        ),
        (
            -np.log(true(p).mean()),
            "you take the mean first and the logarithm afterwards. Each label has its own cost: first the logarithms, then their mean.",
        ),
        (true(p).mean(), "this is the mean probability of what is true, without the logarithm."),
        (
            p.mean(),
            "this is the mean of the three probabilities, and what is true isn't asked. Take the probability of what is true about each label "
            "(of the absent one 1 - p), then minus the logarithm, then the mean.",
        ),
        (
            -np.log(np.where([1, 1, 0], p, 1 - p)).mean(),
            "the order of the logits is sun, cloud, boat, and the one that is absent is the cloud, "
            "in the middle: your targets are those of the sentence, in its order.",
        ),
    ]
    value, text = min(says, key=lambda o: abs(got - o[0]))
    if abs(got - value) < 2e-3:
        raise Wrong(f"{what}: {text}")
    if abs(got - right) < 6e-3:
        raise Wrong(
            f"{what}: {show(got)} is close, but not to three digits after the point. "
            "Keep more digits on the way, and round only at the end."
        )
    raise Wrong(
        f"{what} isn't right yet: you gave {show(got)}. Go in three steps: the probability of each label, the probability of what is true about it, "
        "and the mean of minus the logarithms."
    )


def _finite(x):
    return bool(np.all(np.isfinite(np.asarray(plain(x), dtype=float))))


def steady(cost, what: str):
    "Raise unless the loss of a single cell is right at large logits; `cost(logit, target)` gives it."
    for x, t in ((50, 0), (120, 0), (-50, 1), (-120, 1), (50, 1), (120, 1), (-50, 0), (-120, 0)):
        got, want = cost(x, t), abs(x) if (x > 0) != t else 0
        if same(got, want):
            continue
        where = f"{what}: on ordinary logits it is right. At a logit of {x} with target {t} the loss is {show(got)}, and should be {want}"
        if not _finite(got) and want == 50:
            raise Wrong(
                f"{where}. A sigmoid has rounded to exactly 0 or 1 there, and no logarithm afterwards brings back what is lost: "
                "take the logarithm on paper, and compute the loss from the logit."
            )
        if not _finite(got):
            raise Wrong(
                f"{where}. At about 88, float32 ends: exp(120) overflows, and sigmoid(-120) rounds to 0. Never raise e to a positive power, "
                "and never take the logarithm of a probability: exp(-|x|) can do no harm."
            )
        if want:
            raise Wrong(
                f"{where}. Something cuts the probability or its logarithm off: a clamp, a small epsilon, or what a library does about probabilities "
                "(BCELoss stops at 100). That hides the infinity, and the gradient behind the cut is 0, where it is needed most. "
                "Compute the loss from the logit."
            )
        raise Wrong(f"{where}.")


def smooth(slope, what: str):
    "Raise unless the gradient of a single cell is right where formulas break; `slope(logit, target)` gives it."
    for t in (0, 1):
        got, want = slope(0, t), 0.5 - t
        if not same(got, want):
            raise Wrong(
                f"{what}: every value is right. At a logit of exactly 0 with target {t} the gradient is {show(got)}, and should be {want}. "
                "|x| and max(x, 0) have a corner "
                "there, and the slopes that the framework chooses for the two don't fit together. "
                "Use one that does fit, or one function without a corner."
            )
    for x, t in ((120, 0), (-120, 1), (-120, 0), (120, 1)):
        got, want = slope(x, t), int(x > 0) - t
        if same(got, want):
            continue
        if not _finite(got):
            raise Wrong(
                f"{what}: every value is right. At a logit of {x} with target {t} the gradient is {show(got)}, and should be {want}. "
                "A `where` computes the branch that it "
                "doesn't take, too; if that one overflows, its gradient is 0 times infinity. Make the branches themselves safe: "
                "exp(-|x|) in place of exp(x)."
            )
        raise Wrong(
            f"{what}: every value is right. At a logit of {x} with target {t} the gradient is {show(got)}, and should be {want}: "
            "the more wrong a cell, the more it needs one. Is something clamped?"
        )


def _slope(answer, what: str):
    "A function that gives the gradient of `answer` at its first argument."
    torch = _torch()

    def f(x, *rest):
        x = x.clone().requires_grad_()
        y = answer(x, *rest)
        if y is None or y is ...:
            return y
        grad = (
            torch.autograd.grad(y.sum(), x, allow_unused=True)[0]
            if isinstance(y, torch.Tensor) and y.requires_grad
            else None
        )
        if grad is None:
            raise Wrong(
                f"{what}: the values are right, but no gradient reaches the logits, so nothing can be trained with it. "
                "Stay with torch from the logits to the loss: no .item(), .detach(), NumPy, or rounding on the way."
            )
        return grad

    return f


def _cell(f, what: str, *rest):
    "`f` for a single cell: a function (logit, target) that gives a number."
    torch = _torch()

    def g(x, t):
        return np.asarray(
            plain(
                attempt(f, (torch.tensor([[float(x)]]), torch.tensor([[float(t)]]), *rest), what)
            ),
            dtype=float,
        ).item()

    return g


def same_gradient(got, want, logits, what: str):
    if not same(got, want):
        raise Wrong(
            f"{what}: every value is right, but the gradient isn't. At {show(logits)} it is {show(got)}, and should be {show(want)}. "
            "Is something detached, rounded or clamped on the way?"
        )


def _trained(answer, right, cases, what: str):
    "Raise unless the gradient agrees with that of `right` on every case."
    slope, truth = _slope(answer, what), _slope(right, what)
    for args in cases:
        same_gradient(attempt(slope, args, what), truth(*args), args[0], what)


@contextmanager
def _only_by_hand(answer, what: str):
    """While it lasts, every ready-made loss raises Wrong; afterwards all is as it was.

    PyTorch's losses are replaced under every name that leads to them, and so is `_check_pair`, with which each loss of the lesson begins."""
    torch = _torch()

    def forbid(name):
        def called(*args, **kwargs):
            raise Wrong(
                f"{what}: {name} is a ready-made loss, and this exercise is about writing one. "
                "Write the loss yourself, from functions of a single number such as exponentials and logarithms."
            )

        return called

    shelves = [vars(torch), vars(torch.nn.functional)]
    ready = {
        id(v): (n, v)
        for shelf in shelves
        for n, v in shelf.items()
        if n[0] != "_" and ("_loss" in n or "cross_entropy" in n)
    }
    inner = getattr(answer, "func", answer)  # of a partial
    if id(inner) in ready:
        forbid(ready[id(inner)][0])()
    if getattr(inner, "__module__", None) == "torch.nn.modules.loss" and isinstance(inner, type):
        forbid(inner.__name__)()
    own = [vars(sys.modules[m]) for m in ("mlc_course.losses", "__main__") if m in sys.modules]
    own += [
        f.__globals__ for f in (inner, getattr(inner, "forward", None)) if hasattr(f, "__globals__")
    ]
    kept = {}
    try:
        for names in shelves + own:
            for n, v in list(names.items()):
                by = (
                    ready[id(v)][0]
                    if id(v) in ready
                    else "the lesson's own function"
                    if n == "_check_pair"
                    else None
                )
                if by and (id(names), n) not in kept:
                    kept[id(names), n], names[n] = (names, v), forbid(by)
        yield
    finally:
        for (_, n), (names, v) in kept.items():
            names[n] = v


def bce(answer) -> Right:
    "Exercise 2: f(inputs, targets) on torch tensors [N, C], logits and targets from 0 to 1: the mean binary cross-entropy, one number."
    torch = _torch()
    what, F = "my_bce", torch.nn.functional

    def cells(x, t):
        return t * F.softplus(-x) + (1 - t) * F.softplus(x)

    def of(p, t):
        return -(t * p.log() + (1 - t) * (1 - p).log())

    def right(x, t):
        return cells(x, t).mean()

    theirs = function(answer, what)

    def answer(x, t):
        with _only_by_hand(theirs, what):
            return theirs(x, t)

    x = torch.tensor([[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9]])
    hard = [
        (x, torch.tensor([[1.0, 0, 1], [0, 0, 1]])),
        (
            torch.tensor([[0.2, 0.9], [0.6, 0.4], [0.7, 0.1]]),
            torch.tensor([[1.0, 0], [0, 1], [1, 1]]),
        ),
    ]
    soft = [(x, torch.tensor([[0.9, 0.1, 0.8], [0.3, 1, 0]]))]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the branches are swapped: a label that is there should cost -log(p), an absent one -log(1 - p). "
                "Training with yours teaches the opposite of the labels.",
                lambda x, t: cells(x, 1 - t).mean(),
            ),
            Mistake(
                "the sigmoid is missing: the inputs are logits, and the logarithm is to be taken of probabilities.",
                lambda x, t: of(x, t).mean(),
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice squeezes everything between 0.5 and 0.73.",
                lambda x, t: right(x.sigmoid(), t),
            ),
            Mistake(
                "only the labels that are there cost something. An absent label with a high logit is a mistake as well: add the cost of a wrong yes.",
                lambda x, t: (t * F.softplus(-x)).mean(),
            ),
            Mistake(
                "only the absent labels cost something. Add the cost of a wrong no.",
                lambda x, t: ((1 - t) * F.softplus(x)).mean(),
            ),
            Mistake(
                "the minus is missing: logarithms of probabilities are negative, and training would make this number ever smaller by getting worse.",
                lambda x, t: -right(x, t),
            ),
            Mistake(
                "this is the sum over the cells. Take the mean, so that the loss (and the right learning rate) doesn't depend on the size of the batch.",
                lambda x, t: cells(x, t).sum(),
            ),
            Mistake(
                "you sum over the labels and take the mean over the images. Take the mean over every cell.",
                lambda x, t: cells(x, t).sum(1).mean(),
            ),
            Mistake(
                "you take the mean over the rows only, which gives one number per label. A loss is one number: the mean over every cell.",
                lambda x, t: cells(x, t).mean(0),
            ),
            Mistake(
                "you take the mean over the labels only, which gives one number per image. A loss is one number: the mean over every cell.",
                lambda x, t: cells(x, t).mean(1),
            ),
            Mistake(
                "this is a table with the cost of every cell. A loss is one number: their mean.",
                cells,
            ),
            Mistake(
                "this is softmax cross-entropy, in which the labels compete for one unit of probability. Each label is a question of its own: "
                "use the sigmoid.",
                lambda x, t: F.cross_entropy(x, t),
            ),
            Mistake(
                "the probabilities come from a softmax, so they compete with each other. Each label is a question of its own: use the sigmoid.",
                lambda x, t: of(x.softmax(1), t).mean(),
            ),
            Mistake(
                "inputs and targets are exchanged: the logits come first.", lambda x, t: right(t, x)
            ),
        ],
        hard,
        what,
    )
    share = "A target of 0.9 costs 0.9 of a yes and 0.1 of a no: weigh the two costs with the target, in place of choosing one of them."
    diagnose(
        answer,
        right,
        [
            Mistake(
                f"right for targets 0 and 1, but every other target is taken for a 0 (by `targets == 1`, or a conversion to integers). {share}",
                lambda x, t: right(x, (t == 1).float()),
            ),
            Mistake(
                f"right for targets 0 and 1, but every target above 0 is taken for a 1. {share}",
                lambda x, t: right(x, (t > 0).float()),
            ),
            Mistake(
                f"right for targets 0 and 1, but other targets are rounded. {share}",
                lambda x, t: right(x, t.round()),
            ),
        ],
        soft,
        what,
    )
    steady(_cell(answer, what), what)
    smooth(_cell(_slope(answer, what), what), what)
    _trained(answer, right, hard + soft, what)
    return Right(
        "Right: in value and in gradient, for soft targets, at a logit of exactly 0 and at 120."
    )


def weighted_bce(answer) -> Right:
    "Exercise 3: f(inputs, targets, pos_weight) on torch tensors [N, C], 0/1: the mean over cells; a positive counts pos_weight times (a number or [C])."
    torch = _torch()
    what, F = "my_weighted_bce", torch.nn.functional
    yes, no = (lambda x, t: t * F.softplus(-x)), (lambda x, t: (1 - t) * F.softplus(x))

    def right(x, t, w):
        return (w * yes(x, t) + no(x, t)).mean()

    def of(p, t, w):
        return -(w * t * p.log() + (1 - t) * (1 - p).log()).mean()

    def first(w):
        return w[0] if isinstance(w, torch.Tensor) and w.ndim else w

    def level(w):
        return w.mean() if isinstance(w, torch.Tensor) else w

    x = torch.tensor([[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9], [0.5, 1.6, -1.1], [0.1, -0.2, 2.0]])
    t = torch.tensor([[1.0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
    small = torch.tensor([[0.2, 0.9], [0.6, 0.4]]), torch.tensor([[1.0, 0], [0, 1]])
    cases = [(x, t, torch.tensor([9.0, 1.5, 3.0])), (x, t, 4.0), (*small, torch.tensor([2.0, 5.0]))]
    wsum = lambda x, t, w: (w * t + (1 - t)).sum()
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the weight has no effect: multiply the cost of the labels that are there by it.",
                lambda x, t, w: right(x, t, 1.0),
            ),
            Mistake(
                "the weight is on the absent labels. It is called pos_weight because the positives count more, the cells whose target is 1.",
                lambda x, t, w: (yes(x, t) + w * no(x, t)).mean(),
            ),
            Mistake(
                "the weight is on every cell, so positives and negatives keep their proportion. Multiply only the cost of the positives.",
                lambda x, t, w: (w * (yes(x, t) + no(x, t))).mean(),
            ),
            Mistake(
                "you divide by the sum of the weights. The mean is over the cells: a heavier positive then makes the loss larger, as in PyTorch.",
                lambda x, t, w: right(x, t, w) * x.numel() / wsum(x, t, w),
            ),
            Mistake(
                "you divide by the number of positives. The mean is over all cells.",
                lambda x, t, w: right(x, t, w) * x.numel() / t.sum(),
            ),
            Mistake(
                "there is one weight per label, and you use their mean for all. Column c of the targets belongs to pos_weight[c].",
                lambda x, t, w: right(x, t, level(w)),
            ),
            Mistake(
                "there is one weight per label, and you use the first for all. Column c of the targets belongs to pos_weight[c].",
                lambda x, t, w: right(x, t, first(w)),
            ),
            Mistake(
                "the branches are swapped: a label that is there should cost -log(p), an absent one -log(1 - p).",
                lambda x, t, w: (w * t * F.softplus(x) + (1 - t) * F.softplus(-x)).mean(),
            ),
            Mistake("the sigmoid is missing: the inputs are logits.", of),
            Mistake("the sigmoid is applied twice.", lambda x, t, w: right(x.sigmoid(), t, w)),
            Mistake(
                "the minus is missing: logarithms of probabilities are negative, and a loss is not.",
                lambda x, t, w: -right(x, t, w),
            ),
            Mistake(
                "the weight multiplies the logit (or the probability), not the cost. Weigh what a missed positive costs, after the logarithm.",
                lambda x, t, w: (t * F.softplus(-w * x) + no(x, t)).mean(),
            ),
            Mistake(
                "only the positives cost something. The absent labels count too, once each.",
                lambda x, t, w: (w * yes(x, t)).mean(),
            ),
            Mistake(
                "this is the sum over the cells: take the mean.",
                lambda x, t, w: right(x, t, w) * x.numel(),
            ),
            Mistake(
                "you take the mean over the rows only, which gives one number per label. The loss is one number.",
                lambda x, t, w: (w * yes(x, t) + no(x, t)).mean(0),
            ),
            Mistake(
                "you take the mean over the labels only, which gives one number per image. The loss is one number.",
                lambda x, t, w: (w * yes(x, t) + no(x, t)).mean(1),
            ),
            Mistake(
                "this is a table with the cost of every cell. The loss is their mean.",
                lambda x, t, w: w * yes(x, t) + no(x, t),
            ),
        ],
        cases,
        what,
    )
    one = torch.ones(1)
    steady(_cell(answer, what, one), what)
    smooth(_cell(_slope(answer, what), what, one), what)
    _trained(answer, right, cases, what)
    return Right(
        "Right: the weight is on the positives alone, label by label, and the mean is over the cells."
    )


def sure(loss, slope, what: str):
    "Raise unless a soft F1 and its gradient hold where the network is certain, with 0/0 and without; `loss` and `slope` take inputs and targets as lists."
    far = [[-120.0, 120.0], [1.0, -1.0]], [[0.0, 1.0], [1.0, 0.0]]
    for f, name in ((loss, "loss"), (slope, "gradient")):
        if _finite(got := f(*far)):
            continue
        raise Wrong(
            f"{what}: on ordinary logits it is right. At the logits {show(far[0])} the {name} is {show(got)}, and nothing is 0/0 there: "
            "a sigmoid written with exp overflows, since exp(120) is more than float32 holds. Use the sigmoid of the framework or of the lesson."
        )
    certain = [[120.0, -120.0], [120.0, -120.0]], [[1.0, 0.0], [1.0, 0.0]]
    got = loss(*certain)
    if not _finite(got):
        raise Wrong(
            f"{what}: when no image has a label, and the network says so with certainty, tp, fp and fn are all 0, and 0/0 is nan: "
            "one such batch ruins every weight. "
            "Keep the denominator above 0."
        )
    if not same(got, 0.5):
        raise Wrong(
            f"{what}: with {show(certain[0])} and {show(certain[1])} the loss should be 0.5, and is {show(got)}. "
            "The second label has tp = fp = fn = 0, and its F1 counts as 0."
        )
    if not _finite(got := slope(*certain)):
        raise Wrong(
            f"{what}: every value is right. When tp, fp and fn of a label are all 0, the gradient is {show(got)}, and one such batch ruins "
            "every weight. where() (and nan_to_num()) hides the nan from the value, not from the gradient: guard the denominator."
        )


def soft_f1(answer) -> Right:
    "Exercise 4: f(inputs, targets) on torch tensors [N, C], logits and 0/1: 1 - soft F1 per label over the batch, averaged over the labels."
    torch = _torch()
    what = "my_soft_f1"

    def f1(p, t, dim=0):
        return 2 * (p * t).sum(dim) / (p.sum(dim) + t.sum(dim) + 1e-16)

    def of(p, t):
        return 1 - f1(p, t).mean()

    def right(x, t):
        return of(x.sigmoid(), t)

    def tp_fp_fn(x, t):
        return (x.sigmoid() * t).sum(0), (x.sigmoid() * (1 - t)).sum(0), ((-x).sigmoid() * t).sum(0)

    def jaccard(x, t):
        tp, fp, fn = tp_fp_fn(x, t)
        return 1 - (tp / (tp + fp + fn)).mean()

    def one_two(x, t):
        tp, fp, fn = tp_fp_fn(x, t)
        return 1 - (2 * tp / (tp + fp + fn)).mean()

    x = torch.tensor(
        [[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9], [0.5, 1.6, -1.1], [0.1, -0.2, 2.0], [-0.7, 0.8, 0.4]]
    )
    t = torch.tensor([[1.0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    rare = (
        torch.tensor([[2.0, -1.0], [-0.5, 0.4]]),
        torch.tensor([[1.0, 0], [1, 0]]),
    )  # no image has the second label
    cases = [(x, t), rare]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the counts are made per image, along the wrong axis. F1 belongs to a label: "
                "sum over the rows of the batch, then take the mean over the labels.",
                lambda x, t: 1 - f1(x.sigmoid(), t, 1).mean(),
            ),
            Mistake(
                "the counts of all labels are added up before F1 is taken. That is micro F1, in which frequent labels drown the rare ones; "
                "macro takes F1 per label, then the mean.",
                lambda x, t: 1 - f1(x.sigmoid().flatten(), t.flatten()),
            ),
            Mistake(
                "this is soft F1 itself. Training makes a loss smaller, and F1 should grow: return 1 minus it.",
                lambda x, t: f1(x.sigmoid(), t).mean(),
            ),
            Mistake(
                "the probabilities are rounded to yes and no. Then this is plain F1, which is flat nearly everywhere: it has no gradient. "
                "Leave them as they are.",
                lambda x, t: of((x > 0).float(), t),
            ),
            Mistake(
                "the sigmoid is missing: the inputs are logits, and the counts are sums of probabilities.",
                of,
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice squeezes everything between 0.5 and 0.73.",
                lambda x, t: right(x.sigmoid(), t),
            ),
            Mistake(
                "the probabilities come from a softmax, so the labels compete with each other. Each label is a question of its own: use the sigmoid.",
                lambda x, t: of(x.softmax(1), t),
            ),
            Mistake(
                "this is the double variant, with the F1 of the zeros as well. Here only the plain one is asked for.",
                lambda x, t: (right(x, t) + of((-x).sigmoid(), 1 - t)) / 2,
            ),
            Mistake(
                "this is tp/(tp + fp + fn), the Jaccard index. In F1 the true positives count twice, above and below.",
                jaccard,
            ),
            Mistake(
                "2 tp stands above, but only one tp below: F1 is 2 tp/(2 tp + fp + fn), and yours can exceed 1.",
                one_two,
            ),
            Mistake(
                "this is one number per label. The loss is one number: their mean.",
                lambda x, t: 1 - f1(x.sigmoid(), t),
            ),
            Mistake(
                "this is the sum over the labels: take the mean.",
                lambda x, t: (1 - f1(x.sigmoid(), t)).sum(),
            ),
        ],
        cases,
        what,
    )
    at = lambda f: lambda x, t: attempt(f, (torch.tensor(x), torch.tensor(t)), what)
    sure(at(answer), at(_slope(answer, what)), what)
    _trained(answer, right, cases, what)
    return Right(
        "Right: probabilities as counts, one F1 per label over the batch, and 1 minus their mean."
    )


NAMES = ["BCELoss", "BCEWithLogitsLoss", "NLLLoss", "CrossEntropyLoss"]

# one wrong option each: what is wrong with it there
_QUIZ = {
    "flower": (
        "CrossEntropyLoss",
        {
            "BCEWithLogitsLoss": "a flower has exactly one species. This loss asks ten unconnected questions, and lets the network answer none of them, or "
            "several, with yes.",
            "BCELoss": "a flower has exactly one species, and this loss asks ten unconnected questions. "
            "It also takes probabilities, and the network gives logits.",
            "NLLLoss": "it takes log-probabilities, and the network gives logits: without log_softmax the numbers run and mean nothing.",
        },
    ),
    "street": (
        "BCEWithLogitsLoss",
        {
            "CrossEntropyLoss": "any number of things may be in a street scene. A softmax can't give two of them more than one half each, and an empty "
            "street teaches it nothing.",
            "NLLLoss": "any number of things may be in a street scene, and this loss knows one class per picture. "
            "It also takes log-probabilities, and the network gives logits.",
            "BCELoss": "the questions are the right ones, but it takes probabilities, and the network gives logits. "
            "Putting a sigmoid between costs the gradient of the worst mistakes.",
        },
    ),
    "x_ray": (
        "BCELoss",
        {
            "BCEWithLogitsLoss": "the network gives probabilities already, and this loss would put them through a sigmoid again: "
            "even a perfect 1 would count as 0.73.",
            "CrossEntropyLoss": "several findings can be there at once, or none, and this loss lets them compete for one unit of probability. "
            "It also takes logits.",
            "NLLLoss": "several findings can be there at once, or none, and this loss knows one class per picture. It also takes log-probabilities.",
        },
    ),
    "digit": (
        "NLLLoss",
        {
            "CrossEntropyLoss": "it applies log_softmax itself, and this network has done so already. "
            "(A second time changes nothing, so the number would be right by luck; there is a loss for log-probabilities.)",
            "BCEWithLogitsLoss": "a digit is exactly one of ten, and this loss asks ten unconnected questions. "
            "It also takes logits, and the network gives log-probabilities.",
            "BCELoss": "a digit is exactly one of ten, and this loss asks ten unconnected questions. It also takes probabilities; "
            "log-probabilities lie below 0, and it would stop with an error.",
        },
    ),
    "belt": (
        "BCEWithLogitsLoss",
        {
            "CrossEntropyLoss": 'each training picture has one label, but a softmax has no way to say "none of them": some label always gets at least 1/C. '
            "With a sigmoid per label the network can say no to all.",
            "NLLLoss": 'log-probabilities of a softmax have no way to say "none of them": some label always gets at least 1/C. '
            "The network gives logits, besides.",
            "BCELoss": "a yes or no for each label is the right question, but the network gives logits, and this loss takes probabilities.",
        },
    ),
    "own": (
        "BCEWithLogitsLoss",
        {
            "BCELoss": "it fits the network as it stands, but in float32 the sigmoid rounds to 1 from 17 on, and the worst mistakes get no gradient. "
            "You may change the network: take its sigmoid away.",
            "CrossEntropyLoss": "any number of labels may be there, and this loss lets them compete for one unit of probability.",
            "NLLLoss": "any number of labels may be there, and this loss knows one class per picture.",
        },
    ),
}


def which_loss(answer) -> Right:
    "Exercise 5: a dict that gives each of the six cases of the lesson the name of one of PyTorch's four losses."
    what = "my_choices"
    known, chosen = {n.lower(): n for n in NAMES}, {}
    for k, v in choices(answer, _QUIZ, what).items():
        v = v if isinstance(v, str) else getattr(v, "__name__", type(v).__name__)
        chosen[k] = known.get(v.split(".")[-1].strip("() ").lower())
        if chosen[k] is None:
            raise Wrong(
                f"{what}: {v!r} for {k} isn't one of the four names. Choose from {', '.join(NAMES)}."
            )
    wrong = [k for k, (right, _) in _QUIZ.items() if chosen[k] != right]
    if not wrong:
        return Right(
            "Right, all six: one class or any number of labels, and what the network ends in, decide."
        )
    k = wrong[0]
    raise Wrong(
        f"{what}: {len(_QUIZ) - len(wrong)} of {len(_QUIZ)} are right. {k}, {chosen[k]}: {_QUIZ[k][1][chosen[k]]}"
    )
