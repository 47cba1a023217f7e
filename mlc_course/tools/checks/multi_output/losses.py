"Exercises: the losses of several heads in one."

from __future__ import annotations

import math

from .._core import (
    Mistake,
    Right,
    Wrong,
    attempt,
    diagnose,
    function,
    quiet,
    torch_first,
)
from .._names import called


def _stops_early(answer, args, what, given):
    "Wrong with a hint where an answer stops in one of the usual ways; anything else goes by."
    function(answer, what)
    try:
        attempt(answer, args, what, given)
    except Wrong as e:
        if "KeyError: 'brand'" in str(e):
            raise Wrong(
                f"{what} stopped with KeyError: `weights` doesn't name every head. A head that "
                "isn't in it counts 1: weights.get(head, 1)."
            ) from None
        if "'Long'" in str(e):
            raise Wrong(
                f"{what}: `cross_entropy` got class numbers where it wants logits. The logits come "
                "first, then the targets."
            ) from None
        raise


def summed_loss(answer) -> Right:
    "Exercise 3: loss(logits, targets, weights) -> one number, from dicts of torch tensors."
    torch_first()
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy as ce
    from torch.nn.functional import nll_loss

    g = torch.Generator().manual_seed(3)
    batch = lambda n, **heads: (
        {k: 2 * torch.randn(n, c, generator=g) for k, c in heads.items()},
        {k: torch.randint(c, (n,), generator=g) for k, c in heads.items()},
    )
    cases = [
        (*batch(4, brand=6, age=2), {"age": 3.0}),
        (*batch(3, brand=4, type=5, age=2), {"brand": 0.5, "type": 2.0, "age": 1.0}),
        (*batch(2, a=3), {}),
        (*batch(5, a=2, b=2, c=2, d=3), {"c": 0.0, "d": 1.5}),
    ]
    what = called(answer, "my_loss")
    w = lambda weights, n: weights.get(n, 1.0)
    each = lambda logits, t, f=ce: {n: f(logits[n], t[n]) for n in logits}

    def summed(f=ce, weight=w):
        return lambda logits, t, weights: sum(
            weight(weights, n) * v for n, v in each(logits, t, f).items()
        )

    name = [
        "two heads, one of them with a weight",
        "three heads with weights",
        "one head and no weights",
        "four heads, two with weights, one of these 0",
    ]
    _stops_early(answer, cases[0], what, name[0])
    done = diagnose(
        answer,
        summed(),
        [
            Mistake(
                "the heads without a weight are missing: a head that `weights` doesn't name "
                "counts 1.",
                summed(weight=lambda ws, n: ws.get(n, 0.0)),
            ),
            Mistake("the weights aren't used.", summed(weight=lambda ws, n: 1.0)),
            Mistake(
                "this is the mean over the heads. The loss is their sum; with a mean, every "
                "new head would make the others count less.",
                lambda logits, t, ws: summed()(logits, t, ws) / len(logits),
            ),
            Mistake(
                "you divide by the sum of the weights. A weight of 2 should double a head's "
                "pull and leave the others alone.",
                lambda logits, t, ws: summed()(logits, t, ws) / sum(w(ws, n) for n in logits),
            ),
            Mistake(
                "the softmax comes twice: `cross_entropy` takes logits and applies it itself.",
                summed(lambda z, t: ce(z.softmax(1), t)),
            ),
            Mistake(
                "the cross-entropies are summed over the batch. Take the mean over the "
                "images, so that the loss doesn't grow with the batch.",
                summed(lambda z, t: ce(z, t, reduction="sum")),
            ),
            Mistake(
                "a weight of 0 is taken for no weight. 0 leaves a head out; test with `in`, or "
                "use `get`.",
                summed(weight=lambda ws, n: ws.get(n) or 1.0),
            ),
            Mistake(
                "`nll_loss` wants the logarithms of probabilities. Use `cross_entropy`, which "
                "takes logits.",
                summed(nll_loss),
            ),
            Mistake(
                "only one head is left in the result: add each head's loss to the ones before.",
                lambda logits, t, ws: [w(ws, n) * v for n, v in each(logits, t).items()][-1],
            ),
            Mistake(
                "only the first head is in the result. Does `return` stand inside of the loop?",
                lambda logits, t, ws: [w(ws, n) * v for n, v in each(logits, t).items()][0],
            ),
            Mistake(
                "the weight of a head is handed to `cross_entropy`. Its `weight` is one number "
                "per class, and its mean divides by them again, so that equal ones cancel out. "
                "Multiply the head's loss by the weight.",
                lambda logits, t, ws: sum(
                    ce(z, t[n], torch.full(z.shape[1:], float(w(ws, n)))) for n, z in logits.items()
                ),
            ),
            Mistake(
                "this is binary cross-entropy, which asks about each class by itself. The classes "
                "of a head exclude each other: use `cross_entropy`.",
                summed(
                    lambda z, t: nn.functional.binary_cross_entropy_with_logits(
                        z, nn.functional.one_hot(t, z.shape[1]).float()
                    )
                ),
            ),
            Mistake(
                "the cross-entropies are multiplied. Add them up.",
                lambda logits, t, ws: math.prod(w(ws, n) * v for n, v in each(logits, t).items()),
            ),
        ],
        cases,
        what,
        names=name,
        praise="Right: one number for any number of heads, each with the weight that it was given.",
    )
    logits, targets, weights = cases[0]
    logits = {n: z.clone().requires_grad_() for n, z in logits.items()}
    try:
        answer(logits, targets, weights).backward()
    except Exception:
        pass
    if any(z.grad is None for z in logits.values()):
        raise Wrong(
            f"{what}: the number is right, but no gradient comes back to the logits, so nothing "
            "could be learnt from it. Give back the tensor itself, without item(), detach() or "
            "NumPy."
        )
    return done


def uncertain_loss(answer) -> Right:
    "Exercise 5: loss(losses, log_vars) -> one number, from dicts of tensors with one number."
    torch_first()
    import torch

    what = called(answer, "my_uncertain_loss")
    t = lambda **k: {n: torch.tensor(float(v)) for n, v in k.items()}
    cases = [
        (t(a=2), t(a=0)),
        (t(a=2), t(a=math.log(4))),
        (t(brand=1.5, type=0.4, age=0.05), t(brand=0.5, type=-1, age=-2)),
        (t(x=0.3, y=0), t(x=-0.7, y=1.2)),
    ]

    def total(f):
        return lambda losses, s: sum(f(losses[n], s[n]) for n in losses)

    right = total(lambda loss, s: loss * (-s).exp() + s / 2)
    done = diagnose(
        answer,
        right,
        [
            Mistake(
                "s/2 is missing. Without it the loss falls as every s grows, and all weights "
                "run to zero.",
                total(lambda loss, s: loss * (-s).exp()),
            ),
            Mistake(
                "s is added whole. It is the logarithm of the variance, and the formula asks "
                "for that of the standard deviation, which is half of it.",
                total(lambda loss, s: loss * (-s).exp() + s),
            ),
            Mistake(
                "the weight is exp(s) in yours, so the noisiest head counts most. It is exp(-s).",
                total(lambda loss, s: loss * s.exp() + s / 2),
            ),
            Mistake(
                "the loss is halved as well. That is the formula for squared errors; for "
                "cross-entropy the weight is exp(-s).",
                total(lambda loss, s: loss * (-s).exp() / 2 + s / 2),
            ),
            Mistake(
                "the weight is exp(-s/2) in yours, one over the standard deviation. One over "
                "the variance is exp(-s).",
                total(lambda loss, s: loss * (-s / 2).exp() + s / 2),
            ),
            Mistake(
                "s is taken for the variance itself. It is its logarithm, so the weight is "
                "exp(-s).",
                quiet(total(lambda loss, s: loss / s + s.log() / 2)),
            ),
            Mistake(
                "s/2 is multiplied by the weight, too. It stands by itself.",
                total(lambda loss, s: (loss + s / 2) * (-s).exp()),
            ),
            Mistake(
                "this is the mean over the heads. Their shares are added up.",
                lambda loss, s: right(loss, s) / len(loss),
            ),
            Mistake(
                "only the last head is left in the result: add each head's share to the ones "
                "before.",
                lambda loss, s: [right({n: loss[n]}, s) for n in loss][-1],
            ),
            Mistake(
                "only the first head is in the result. Does `return` stand inside of the loop?",
                lambda loss, s: [right({n: loss[n]}, s) for n in loss][0],
            ),
            Mistake(
                "you take the logarithm of s. It is a logarithm already: what is added is s/2.",
                total(lambda loss, s: loss * (-s).exp() + s.log() / 2),
            ),
            Mistake(
                "the weight is -exp(s) in yours: the minus belongs inside, exp(-s).",
                total(lambda loss, s: -loss * s.exp() + s / 2),
            ),
            Mistake(
                "s is taken for the logarithm of the standard deviation. It is that of the "
                "variance: the weight is exp(-s), and s/2 is added.",
                total(lambda loss, s: loss * (-2 * s).exp() + s),
            ),
            Mistake(
                "s/2 is taken away. It has to be added: it is the price of a small weight.",
                total(lambda loss, s: loss * (-s).exp() - s / 2),
            ),
        ],
        cases,
        what,
        praise="Right: a noisy head counts less, and pays s/2 for it.",
    )
    loss, s = torch.tensor(1.0, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    try:
        answer({"a": loss}, {"a": s}).backward()
    except Exception:
        pass
    stay = (
        "Stay with tensors: s.exp() or torch.exp(s) instead of math.exp(s) or item(), and no "
        "detach()."
    )
    if s.grad is None:
        raise Wrong(f"{what}: no gradient comes back to s, so it could not be learnt. {stay}")
    if loss.grad is None:
        raise Wrong(
            f"{what}: no gradient comes back to the losses, so the heads could not learn. {stay}"
        )
    if (
        abs(s.grad.item() - (0.5 - math.exp(-0.5))) > 1e-5
        or abs(loss.grad.item() - math.exp(-0.5)) > 1e-5
    ):
        raise Wrong(
            f"{what}: the number is right, but only a part of the gradient comes back to s, "
            f"because a part of the formula is computed outside of torch. {stay}"
        )
    return done
