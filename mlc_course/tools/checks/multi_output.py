"""Checks of lesson 10."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from ._core import (
    Mistake,
    NotDone,
    Right,
    Wrong,
    converted,
    diagnose,
    function,
    quiet,
    show,
    torch_first,
)


def merge_by_train(answer) -> Right:
    "Exercise 1: merge(train, test, min_count) -> (train, test), lists of names."
    train = ["Audi"] * 3 + ["BMW"] * 2 + ["Ford"] + ["Dodge"] * 3 + ["Other"]
    test = ["BMW", "Geo", "Geo", "Geo", "Ford", "Audi", "Ford", "Ford", "Dodge"]
    cases = [
        (train, test, 3),
        (train, test, 2),
        (["a", "b", "a"], ["b", "b", "a", "c"], 2),
        (["a", "a"], [], 1),
    ]

    def merged(count, over=lambda n, least: n >= least):
        def f(train, test, least):
            keeps = [
                {k for k, n in Counter(c).items() if over(n, least)} for c in count(train, test)
            ]
            return tuple(
                [o if o in keep else "Other" for o in names]
                for names, keep in zip((train, test), keeps)
            )

        return f

    train_only = lambda a, b: (a, a)

    def test_untouched(train, test, least):
        return merged(train_only)(train, test, least)[0], list(test)

    def any_in_train(train, test, least):
        return [
            merged(train_only)(train, test, least)[0],
            [o if o in train else "Other" for o in test],
        ]

    def removed(train, test, least):
        return [
            [o for o in names if o in {k for k, n in Counter(train).items() if n >= least}]
            for names in (train, test)
        ]

    return diagnose(
        answer,
        merged(train_only),
        [
            Mistake(
                "you count both lists together. Then pictures of the test split decide which classes there are; count in `train` alone.",
                merged(lambda a, b: (a + b, a + b)),
            ),
            Mistake(
                'each list is counted by itself, so that a brand may be a class in one and "Other" in the other. What is kept in `train` is kept in `test`, and nothing else.',
                merged(lambda a, b: (a, b)),
            ),
            Mistake(
                "a name that occurs exactly `min_count` times stays: compare with >=.",
                merged(train_only, lambda n, least: n > least),
            ),
            Mistake(
                'the frequent names become "Other" and the rare ones stay in yours: it is the other way round.',
                merged(train_only, lambda n, least: n < least),
            ),
            Mistake(
                'the test list comes back as it was. The model has no output for a brand that isn\'t a class, so it has to become "Other" there as well.',
                test_untouched,
            ),
            Mistake(
                'rare names are left out, so the lists no longer match their pictures. Put "Other" in their place.',
                removed,
            ),
            Mistake(
                "you count in `test`. At training time only `train` is known.",
                merged(lambda a, b: (b, b)),
            ),
            Mistake(
                'in the test list a name stays if it occurs in `train` at all. A rare name of `train` is "Other" there, so it has to be "Other" in `test` too.',
                any_in_train,
            ),
            Mistake(
                'the training list comes back as it was. A rare name becomes "Other" in both lists.',
                lambda a, b, least: [list(a), merged(train_only)(a, b, least)[1]],
            ),
            Mistake(
                "the two lists come in the wrong order: `train` is the first.",
                lambda a, b, least: merged(train_only)(a, b, least)[::-1],
            ),
        ],
        cases,
        "merge",
        praise="Right: the training pictures decide, and both lists keep their length.",
    )


def any_heads(answer) -> Right:
    "Exercise 2: model(body, n_features, sizes) -> nn.Module that gives {head: logits}."
    torch_first()
    import torch
    from torch import nn

    what = "model"
    function(answer, what)
    sizes = {"brand": 6, "type": 5, "year": 2, "a.b": 3}
    torch.manual_seed(0)
    runs = []

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(4, 7)

        def forward(self, x):
            runs.append(self.lin(x).relu())
            return runs[-1]

    for heads in ({"brand": 6, "year": 2}, sizes, {"only": 3}):
        body = Body()
        try:
            model = answer(body, 7, dict(heads))
        except KeyError as e:
            said = str(e.args[0]) if e.args else ""
            if "already exists" in said:
                raise Wrong(
                    f"{what}: nn.ModuleDict refuses the head {said.split(chr(39))[1]!r}: its names become attributes, and a module has one of that name. "
                    "Keep the layers in an nn.ModuleList, and the names beside it."
                ) from None
            if "can't contain" in said:
                raise Wrong(
                    f"{what}: a module's layer can't have a name with a dot, and names of heads come from data. Keep the layers in an nn.ModuleList, and the names beside it."
                ) from None
            raise Wrong(f"{what} stopped with KeyError: {e}. The heads were {show(heads)}.") from e
        except NotImplementedError:
            raise NotDone(f"{what} isn't written yet.") from None
        except Exception as e:
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was called with a body of 7 features and the heads {show(heads)}."
            ) from e
        if model is None or model is ...:
            raise NotDone(
                f"{what} gave back {model!r}. If it isn't written yet, write it and run the check again; if it is, does it end in `return`?"
            )
        if not isinstance(model, nn.Module):
            raise Wrong(
                f"{what} should give back an nn.Module, and yours gives {show(model)}: define a class that inherits from nn.Module, and return one of it."
            )
        if "_modules" not in vars(model):
            raise Wrong(
                f"{what}: the module isn't set up, so it can hold no layers: begin its __init__ with super().__init__()."
            )
        if clash := [k for k in heads if k in model._modules and hasattr(nn.Module, k)]:
            raise Wrong(
                f"{what}: a layer of the model is called {clash[0]!r} as its head is, and every module has a method of that name, which is found in its place. "
                "Names of heads come from data: keep the layers in an nn.ModuleList, and the names beside it."
            )
        out = _batch(what, model, torch.randn(5, 4), heads, runs)
        rows = [z.detach().exp().sum(1) for z in out.values()] + [
            z.detach().sum(1) for z in out.values()
        ]
        if any(torch.allclose(r, torch.ones(5), atol=1e-5) for r in rows):
            raise Wrong(
                f"{what}: the outputs have gone through a softmax. Give the logits; cross-entropy applies the softmax itself."
            )
        if not runs:
            raise Wrong(f"{what}: the model doesn't call the body.")
        if len(runs) > 1:
            raise Wrong(
                f"{what}: the body runs {len(runs)} times for one batch. Run it once, and give its features to every head; that is what makes one model cheap."
            )
        x = torch.randn(40, 4)
        first, z = (_batch(what, model.eval(), x, heads, runs) for _ in "12")
        if any(not torch.equal(first[n], z[n]) for n in heads):
            raise Wrong(
                f"{what}: the same pictures give other logits each time, so the layers of the heads are made anew in `forward`, and nothing that they learn is kept. Make them once, in __init__."
            )
        known, own, wanted = (
            sum(p.numel() for p in model.parameters()),
            sum(p.numel() for p in body.parameters()),
            sum(8 * c for c in heads.values()),
        )
        if known == own:
            raise Wrong(
                f"{what}: `model.parameters()` lists nothing of the heads, so an optimiser would never train them. A plain dict or list hides layers; nn.ModuleList shows them."
            )
        if known == wanted:
            raise Wrong(
                f"{what}: `model.parameters()` lists nothing of the body. Keep it as an attribute of the module, such as self.body."
            )
        if not {id(p) for p in body.parameters()} <= {id(p) for p in model.parameters()}:
            raise Wrong(f"{what}: the model has a copy of the body. Use the one that was given.")
        for n in heads:
            reached = (
                z[n].requires_grad
                and body.lin.weight.requires_grad
                and torch.autograd.grad(
                    z[n].square().sum(), body.lin.weight, retain_graph=True, allow_unused=True
                )[0]
                is not None
            )
            if not reached:
                raise Wrong(
                    f"{what}: no gradient reaches the body from head {n!r}. It has to learn from all heads, so leave out detach(), no_grad() and requires_grad = False."
                )
        if known != own + wanted:
            raise Wrong(
                f"{what}: the model has {known} weights, and {own + wanted} were expected: the body's {own}, and a Linear with bias for each head. Does each head have a layer of its own?"
            )
        features = torch.cat([runs[-1].detach(), torch.ones(40, 1)], 1).double()
        for n in heads:
            logits = z[n].detach().double()
            if (
                features @ torch.linalg.lstsq(features, logits, driver="gelsd").solution - logits
            ).abs().max() < 1e-4:
                continue
            hint = (
                " They lie between 0 and 1, as after a sigmoid."
                if logits.min() > 0
                and logits.max() < 1
                and not torch.allclose(logits.sum(0), torch.ones(heads[n]).double())
                else " None is below 0, as after a ReLU."
                if logits.min() == 0
                else " They have gone through a softmax."
                if logits.min() > 0
                else ""
            )
            raise Wrong(
                f"{what}: what head {n!r} gives isn't what a linear layer makes of the body's features.{hint} Give the logits as they come out of nn.Linear."
            )
    return Right("Right: one body that runs once, and heads that any name will do for.")


def _batch(what, model, x, heads, runs):
    "What the model gives for one batch: a dict of tensors [B, C]; `runs` then has what the body gave."
    import torch

    runs.clear()
    try:
        out = model(x)
    except Exception as e:
        raise Wrong(
            f"{what}: calling the model stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was given a batch of {len(x)} and the heads {show(heads)}."
        ) from e
    if out is None or out is ...:
        raise Wrong(
            f"{what}: the model gives back {out!r} for a batch. Does its `forward` end in `return`?"
        )
    if not isinstance(out, dict):
        raise Wrong(
            f"{what}: the model should give a dict from the name of a head to its logits, and gives {type(out).__name__}."
        )
    if set(out) != set(heads):
        raise Wrong(
            f"{what}: the heads should be {show(list(heads))}, and the model gives {show(list(out))}."
        )
    for n, z in out.items():
        if not isinstance(z, torch.Tensor):
            raise Wrong(
                f"{what}: head {n!r} gives {type(z).__name__}. Give the tensor that comes out of its layer, or no gradient can flow back."
            )
        if tuple(z.shape) != (len(x), heads[n]):
            raise Wrong(
                f"{what}: head {n!r} should give {[len(x), heads[n]]} for a batch of {len(x)}, and gives {list(z.shape)}."
            )
    return out


def summed_loss(answer) -> Right:
    "Exercise 3: loss(logits, targets, weights) -> one number, from dicts of torch tensors."
    torch_first()
    import torch
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
    w = lambda weights, n: weights.get(n, 1.0)
    each = lambda l, t, f=ce: {n: f(l[n], t[n]) for n in l}

    def summed(f=ce, weight=w):
        return lambda l, t, weights: sum(weight(weights, n) * v for n, v in each(l, t, f).items())

    name = [
        "two heads, one of them with a weight",
        "three heads with weights",
        "one head and no weights",
        "four heads, two with weights, one of these 0",
    ]
    done = diagnose(
        answer,
        summed(),
        [
            Mistake(
                "the heads without a weight are missing: a head that `weights` doesn't name counts 1.",
                summed(weight=lambda ws, n: ws.get(n, 0.0)),
            ),
            Mistake("the weights aren't used.", summed(weight=lambda ws, n: 1.0)),
            Mistake(
                "this is the mean over the heads. The loss is their sum; with a mean, every new head would make the others count less.",
                lambda l, t, ws: summed()(l, t, ws) / len(l),
            ),
            Mistake(
                "you divide by the sum of the weights. A weight of 2 should double a head's pull and leave the others alone.",
                lambda l, t, ws: summed()(l, t, ws) / sum(w(ws, n) for n in l),
            ),
            Mistake(
                "the softmax comes twice: `cross_entropy` takes logits and applies it itself.",
                summed(lambda z, t: ce(z.softmax(1), t)),
            ),
            Mistake(
                "the cross-entropies are summed over the batch. Take the mean over the pictures, so that the loss doesn't grow with the batch.",
                summed(lambda z, t: ce(z, t, reduction="sum")),
            ),
            Mistake(
                "a weight of 0 is taken for no weight. 0 leaves a head out; test with `in`, or use `get`.",
                summed(weight=lambda ws, n: ws.get(n) or 1.0),
            ),
            Mistake(
                "`nll_loss` wants the logarithms of probabilities. Use `cross_entropy`, which takes logits.",
                summed(nll_loss),
            ),
            Mistake(
                "only one head is left in the result: add each head's loss to the ones before.",
                lambda l, t, ws: [w(ws, n) * v for n, v in each(l, t).items()][-1],
            ),
            Mistake(
                "only the first head is in the result. Does `return` stand inside of the loop?",
                lambda l, t, ws: [w(ws, n) * v for n, v in each(l, t).items()][0],
            ),
            Mistake(
                "the weight of a head is handed to `cross_entropy`. Its `weight` is one number per class, and its mean divides by them again, so that equal ones cancel out. "
                "Multiply the head's loss by the weight.",
                lambda l, t, ws: sum(
                    ce(z, t[n], torch.full(z.shape[1:], float(w(ws, n)))) for n, z in l.items()
                ),
            ),
            Mistake(
                "the cross-entropies are multiplied. Add them up.",
                lambda l, t, ws: math.prod(w(ws, n) * v for n, v in each(l, t).items()),
            ),
        ],
        cases,
        "loss",
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
            "loss: the number is right, but no gradient comes back to the logits, so nothing could be learnt from it. Give back the tensor itself, without item(), detach() or NumPy."
        )
    return done


def heads_right(answer) -> Right:
    "Exercise 4: scores(preds, targets) -> {head: accuracy, ..., 'all right': share}, from dicts of int arrays."
    rng = np.random.default_rng(10)

    def made(n, **heads):
        t = {k: rng.integers(0, c, n) for k, c in heads.items()}
        return {k: np.where(rng.random(n) < 0.7, v, (v + 1) % heads[k]) for k, v in t.items()}, t

    sure = made(6, sure=3, other=4)
    cases = [
        made(10, brand=4, type=3),
        made(9, brand=6, type=5, age=2),
        made(5, only=3),
        ({**sure[0], "sure": sure[1]["sure"]}, sure[1]),
        (
            {"a": np.array([0, 1]), "b": np.array([1, 1])},
            {"a": np.array([0, 0]), "b": np.array([0, 1])},
        ),
    ]

    def scored(total, swap=lambda p, t: (p, t)):
        def f(p, t):
            right = {n: p[n] == t[n] for n in t}
            acc = {n: r.mean() for n, r in right.items()}
            return {
                **acc,
                "all right": total(np.array(list(right.values())), np.array(list(acc.values()))),
            }

        return f

    right = scored(lambda r, a: r.all(0).mean())

    def reordered(p, t):
        out = right(p, t)
        return {**{n: out["all right"] for n in t}, "all right": out["all right"]}

    function(answer, "scores")

    def a_dict(got):
        if not isinstance(got, dict):
            raise Wrong(
                f"scores should give back a dict from the name of a head to its accuracy, and gives {type(got).__name__}: {show(got)}."
            )
        return got

    return diagnose(
        converted(answer, a_dict),
        right,
        [
            Mistake(
                '"all right" is the product of the accuracies in yours. That would be true if the heads failed independently; count the pictures where all are right.',
                scored(lambda r, a: a.prod()),
            ),
            Mistake(
                '"all right" is the mean of the accuracies in yours. It is the share of pictures where every head is right at once.',
                scored(lambda r, a: a.mean()),
            ),
            Mistake(
                '"all right" is the accuracy of the worst head in yours. That is only the most that it can be.',
                scored(lambda r, a: a.min()),
            ),
            Mistake(
                "you count the pictures where at least one head is right. Every head has to be.",
                scored(lambda r, a: r.any(0).mean()),
            ),
            Mistake(
                '"all right" is a number of pictures. Give their share: divide by the number of pictures.',
                scored(lambda r, a: r.all(0).sum()),
            ),
            Mistake(
                "these are shares of mistakes. Accuracy is the share that is right.",
                lambda p, t: {k: 1 - v for k, v in right(p, t).items()},
            ),
            Mistake(
                'every head has the share of "all right" in yours. A head\'s accuracy asks for that head alone.',
                reordered,
            ),
            Mistake(
                "these are numbers of pictures. Give shares: divide by the number of pictures.",
                lambda p, t: {k: v * len(next(iter(t.values()))) for k, v in right(p, t).items()},
            ),
            Mistake(
                "the heads have numbers of pictures. Give shares: divide by the number of pictures.",
                lambda p, t: {
                    k: v * (1 if k == "all right" else len(t[k])) for k, v in right(p, t).items()
                },
            ),
            Mistake(
                "these are percentages. Give shares, from 0 to 1.",
                lambda p, t: {k: 100 * v for k, v in right(p, t).items()},
            ),
            Mistake(
                '"all right" is the accuracy of the last head in yours. Keep what you know of the heads before: a picture counts if all of them are right.',
                scored(lambda r, a: a[-1]),
            ),
            Mistake(
                '"all right" is the share of heads that are right on every picture: `all` went along the wrong axis. Asked is the share of pictures on which every head is right.',
                scored(lambda r, a: r.all(1).mean()),
            ),
            Mistake(
                '"all right" is missing from the dict.',
                lambda p, t: {k: v for k, v in right(p, t).items() if k != "all right"},
            ),
            Mistake(
                '"all right" is 1 only if each head is right on every picture: `all()` went over everything. Take it over the heads, picture by picture, then the mean.',
                scored(lambda r, a: float(r.all())),
            ),
        ],
        cases,
        "scores",
        praise='Right: and "all right" never exceeds the worst head.',
    )


def uncertain_loss(answer) -> Right:
    "Exercise 5: loss(losses, log_vars) -> one number, from dicts of tensors with one number."
    torch_first()
    import torch

    t = lambda **k: {n: torch.tensor(float(v)) for n, v in k.items()}
    cases = [
        (t(a=2), t(a=0)),
        (t(a=2), t(a=math.log(4))),
        (t(brand=1.5, type=0.4, age=0.05), t(brand=0.5, type=-1, age=-2)),
        (t(x=0.3, y=0), t(x=-0.7, y=1.2)),
    ]

    def total(f):
        return lambda losses, s: sum(f(losses[n], s[n]) for n in losses)

    right = total(lambda l, s: l * (-s).exp() + s / 2)
    done = diagnose(
        answer,
        right,
        [
            Mistake(
                "s/2 is missing. Without it the loss falls as every s grows, and all weights run to zero.",
                total(lambda l, s: l * (-s).exp()),
            ),
            Mistake(
                "s is added whole. It is the logarithm of the variance, and the formula asks for that of the standard deviation, which is half of it.",
                total(lambda l, s: l * (-s).exp() + s),
            ),
            Mistake(
                "the weight is exp(s) in yours, so the noisiest head counts most. It is exp(-s).",
                total(lambda l, s: l * s.exp() + s / 2),
            ),
            Mistake(
                "the loss is halved as well. That is the formula for squared errors; for cross-entropy the weight is exp(-s).",
                total(lambda l, s: l * (-s).exp() / 2 + s / 2),
            ),
            Mistake(
                "the weight is exp(-s/2) in yours, one over the standard deviation. One over the variance is exp(-s).",
                total(lambda l, s: l * (-s / 2).exp() + s / 2),
            ),
            Mistake(
                "s is taken for the variance itself. It is its logarithm, so the weight is exp(-s).",
                quiet(total(lambda l, s: l / s + s.log() / 2)),
            ),
            Mistake(
                "s/2 is multiplied by the weight, too. It stands by itself.",
                total(lambda l, s: (l + s / 2) * (-s).exp()),
            ),
            Mistake(
                "this is the mean over the heads. Their shares are added up.",
                lambda l, s: right(l, s) / len(l),
            ),
            Mistake(
                "only the last head is left in the result: add each head's share to the ones before.",
                lambda l, s: [right({n: l[n]}, s) for n in l][-1],
            ),
            Mistake(
                "only the first head is in the result. Does `return` stand inside of the loop?",
                lambda l, s: [right({n: l[n]}, s) for n in l][0],
            ),
            Mistake(
                "you take the logarithm of s. It is a logarithm already: what is added is s/2.",
                total(lambda l, s: l * (-s).exp() + s.log() / 2),
            ),
            Mistake(
                "s/2 is taken away. It has to be added: it is the price of a small weight.",
                total(lambda l, s: l * (-s).exp() - s / 2),
            ),
        ],
        cases,
        "loss",
        praise="Right: a noisy head counts less, and pays s/2 for it.",
    )
    l, s = torch.tensor(1.0, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    try:
        answer({"a": l}, {"a": s}).backward()
    except Exception:
        pass
    stay = "Stay with tensors: s.exp() or torch.exp(s) instead of math.exp(s) or item(), and no detach()."
    if s.grad is None:
        raise Wrong(f"loss: no gradient comes back to s, so it could not be learnt. {stay}")
    if l.grad is None:
        raise Wrong(
            f"loss: no gradient comes back to the losses, so the heads could not learn. {stay}"
        )
    if (
        abs(s.grad.item() - (0.5 - math.exp(-0.5))) > 1e-5
        or abs(l.grad.item() - math.exp(-0.5)) > 1e-5
    ):
        raise Wrong(
            f"loss: the number is right, but only a part of the gradient comes back to s, because a part of the formula is computed outside of torch. {stay}"
        )
    return done
