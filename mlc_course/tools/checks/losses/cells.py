"What the checks of the loss lessons share: a loss and its gradient, one cell at a time."

import numpy as np

from .._core import Wrong, attempt, plain, same, show, torch_first


def torch_now():
    torch_first()
    import torch

    return torch


def finite(x):
    return bool(np.all(np.isfinite(np.asarray(plain(x), dtype=float))))


def steady(cost, what: str):
    "Raise unless the loss of a single cell is right at large logits; `cost(logit, target)`"
    "gives it."
    for x, t in ((50, 0), (120, 0), (-50, 1), (-120, 1), (50, 1), (120, 1), (-50, 0), (-120, 0)):
        got, want = cost(x, t), abs(x) if (x > 0) != t else 0
        if same(got, want):
            continue
        where = (
            f"{what}: on ordinary logits it is right. At a logit of {x} with target {t} the loss "
            f"is {show(got)}, and should be {want}"
        )
        if not finite(got) and want == 50:
            raise Wrong(
                f"{where}. A sigmoid has rounded to exactly 0 or 1 there, and no logarithm "
                "afterwards brings back what is lost: "
                "take the logarithm on paper, and compute the loss from the logit."
            )
        if not finite(got):
            raise Wrong(
                f"{where}. At about 88, float32 ends: exp(120) overflows, and sigmoid(-120) "
                "rounds to 0. Never raise e to a positive power, "
                "and never take the logarithm of a probability: exp(-|x|) can do no harm."
            )
        if want:
            raise Wrong(
                f"{where}. Something cuts the probability or its logarithm off: a clamp, a small "
                "epsilon, or what a library does about probabilities "
                "(BCELoss stops at 100). That hides the infinity, and the gradient behind the "
                "cut is 0, where it is needed most. "
                "Compute the loss from the logit."
            )
        raise Wrong(f"{where}.")


def smooth(slope, what: str):
    "Raise unless the gradient of a single cell is right where formulas break; `slope(logit,"
    "target)` gives it."
    for t in (0, 1):
        got, want = slope(0, t), 0.5 - t
        if not same(got, want):
            raise Wrong(
                f"{what}: every value is right. At a logit of exactly 0 with target {t} the "
                f"gradient is {show(got)}, and should be {want}. "
                "|x| and max(x, 0) have a corner "
                "there, and the slopes that the framework chooses for the two don't fit together. "
                "Use one that does fit, or one function without a corner."
            )
    for x, t in ((120, 0), (-120, 1), (-120, 0), (120, 1)):
        got, want = slope(x, t), int(x > 0) - t
        if same(got, want):
            continue
        if not finite(got):
            raise Wrong(
                f"{what}: every value is right. At a logit of {x} with target {t} the gradient "
                f"is {show(got)}, and should be {want}. "
                "A `where` computes the branch that it "
                "doesn't take, too; if that one overflows, its gradient is 0 times infinity. "
                "Make the branches themselves safe: "
                "exp(-|x|) in place of exp(x)."
            )
        raise Wrong(
            f"{what}: every value is right. At a logit of {x} with target {t} the gradient is "
            f"{show(got)}, and should be {want}: "
            "the more wrong a cell, the more it needs one. Is something clamped?"
        )


def slope_of(answer, what: str):
    "A function that gives the gradient of `answer` at its first argument."
    torch = torch_now()

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
                f"{what}: the values are right, but no gradient reaches the logits, so nothing "
                "can be trained with it. "
                "Stay with torch from the logits to the loss: no .item(), .detach(), NumPy, or "
                "rounding on the way."
            )
        return grad

    return f


def cell_of(f, what: str, *rest):
    "`f` for a single cell: a function (logit, target) that gives a number."
    torch = torch_now()

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
            f"{what}: every value is right, but the gradient isn't. At {show(logits)} it is "
            f"{show(got)}, and should be {show(want)}. "
            "Is something detached, rounded or clamped on the way?"
        )


def trained(answer, right, cases, what: str):
    "Raise unless the gradient agrees with that of `right` on every case."
    slope, truth = slope_of(answer, what), slope_of(right, what)
    for args in cases:
        same_gradient(attempt(slope, args, what), truth(*args), args[0], what)


def sure(loss, slope, what: str):
    "Raise unless a soft F1 and its gradient hold where the network is certain, with 0/0 and"
    "without; `loss` and `slope` take inputs and targets as lists."
    far = [[-120.0, 120.0], [1.0, -1.0]], [[0.0, 1.0], [1.0, 0.0]]
    for f, name in ((loss, "loss"), (slope, "gradient")):
        if finite(got := f(*far)):
            continue
        raise Wrong(
            f"{what}: on ordinary logits it is right. At the logits {show(far[0])} the {name} is "
            f"{show(got)}, and nothing is 0/0 there: "
            "a sigmoid written with exp overflows, since exp(120) is more than float32 holds. "
            "Use the sigmoid of the framework or of the lesson."
        )
    certain = [[120.0, -120.0], [120.0, -120.0]], [[1.0, 0.0], [1.0, 0.0]]
    got = loss(*certain)
    if not finite(got):
        raise Wrong(
            f"{what}: when no image has a label, and the network says so with certainty, tp, fp "
            "and fn are all 0, and 0/0 is nan: "
            "one such batch ruins every weight. "
            "Keep the denominator above 0."
        )
    if not same(got, 0.5):
        raise Wrong(
            f"{what}: with {show(certain[0])} and {show(certain[1])} the loss should be 0.5, and "
            f"is {show(got)}. "
            "The second label has tp = fp = fn = 0, and its F1 counts as 0."
        )
    if not finite(got := slope(*certain)):
        raise Wrong(
            f"{what}: every value is right. When tp, fp and fn of a label are all 0, the "
            f"gradient is {show(got)}, and one such batch ruins "
            "every weight. where() (and nan_to_num()) hides the nan from the value, not from the "
            "gradient: guard the denominator."
        )
