"Exercise: a network with any heads."

from __future__ import annotations

from .._core import (
    NotDone,
    Right,
    Wrong,
    function,
    show,
    torch_first,
)
from .._names import called


def any_heads(answer) -> Right:  # noqa: C901  (a ladder of diagnoses)
    "Exercise 2: model(body, n_features, sizes) -> nn.Module that gives {head: logits}."
    torch_first()
    import torch
    from torch import nn

    what = called(answer, "my_model")
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
                    f"{what}: nn.ModuleDict refuses the head {said.split(chr(39))[1]!r}: its "
                    "names become attributes, and a module has one of that name. Keep the "
                    "layers in an nn.ModuleList, and the names beside it."
                ) from None
            if "can't contain" in said:
                raise Wrong(
                    f"{what}: a module's layer can't have a name with a dot, and names of heads "
                    "come from data. Keep the layers in an nn.ModuleList, and the names beside it."
                ) from None
            raise Wrong(f"{what} stopped with KeyError: {e}. The heads were {show(heads)}.") from e
        except NotImplementedError:
            raise NotDone(f"{what} isn't written yet.") from None
        except Exception as e:
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was called "
                f"with a body of 7 features and the heads {show(heads)}."
            ) from e
        if model is None or model is ...:
            raise NotDone(
                f"{what} gave back {model!r}. If it isn't written yet, write it and run the "
                "check again; if it is, does it end in `return`?"
            )
        if not isinstance(model, nn.Module):
            raise Wrong(
                f"{what} should give back an nn.Module, and yours gives {show(model)}: define "
                "a class that inherits from nn.Module, and return one of it."
            )
        if "_modules" not in vars(model):
            raise Wrong(
                f"{what}: the module isn't set up, so it can hold no layers: begin its "
                "__init__ with super().__init__()."
            )
        if clash := [k for k in heads if k in model._modules and hasattr(nn.Module, k)]:
            raise Wrong(
                f"{what}: a layer of the model is called {clash[0]!r} as its head is, and every "
                "module has a method of that name, which is found in its place. Names of heads "
                "come from data: keep the layers in an nn.ModuleList, and the names beside it."
            )
        out = _batch(what, model, torch.randn(5, 4), heads, runs)
        rows = [z.detach().exp().sum(1) for z in out.values()] + [
            z.detach().sum(1) for z in out.values()
        ]
        if any(torch.allclose(r, torch.ones(5), atol=1e-5) for r in rows):
            raise Wrong(
                f"{what}: the outputs have gone through a softmax. Give the logits; "
                "cross-entropy applies the softmax itself."
            )
        if not runs:
            raise Wrong(f"{what}: the model doesn't call the body.")
        if len(runs) > 1:
            raise Wrong(
                f"{what}: the body runs {len(runs)} times for one batch. Run it once, and give "
                "its features to every head; that is what makes one model cheap."
            )
        x = torch.randn(40, 4)
        first, z = (_batch(what, model.eval(), x, heads, runs) for _ in "12")
        if any(not torch.equal(first[n], z[n]) for n in heads):
            raise Wrong(
                f"{what}: the same images give other logits each time, so the layers of the "
                "heads are made anew in `forward`, and nothing that they learn is kept. Make "
                "them once, in __init__."
            )
        known, own, wanted = (
            sum(p.numel() for p in model.parameters()),
            sum(p.numel() for p in body.parameters()),
            sum(8 * c for c in heads.values()),
        )
        if known == own:
            raise Wrong(
                f"{what}: `model.parameters()` lists nothing of the heads, so an optimiser would "
                "never train them. A plain dict or list hides layers; nn.ModuleList shows them."
            )
        if known == wanted:
            raise Wrong(
                f"{what}: `model.parameters()` lists nothing of the body. Keep it as an "
                "attribute of the module, such as self.body."
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
                    f"{what}: no gradient reaches the body from head {n!r}. It has to learn from "
                    "all heads, so leave out detach(), no_grad() and requires_grad = False."
                )
        if known != own + wanted:
            raise Wrong(
                f"{what}: the model has {known} weights, and {own + wanted} were expected: the "
                f"body's {own}, and a Linear with bias for each head. Does each head have a "
                "layer of its own?"
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
                f"{what}: what head {n!r} gives isn't what a linear layer makes of the body's "
                f"features.{hint} Give the logits as they come out of nn.Linear."
            )
    return Right("Right: one body that runs once, and heads that any name will do for.")


def _batch(what, model, x, heads, runs):
    """What the model gives for one batch: a dict of tensors [B, C]; `runs` then has what the body
    gave.
    """
    import torch

    runs.clear()
    try:
        out = model(x)
    except Exception as e:
        raise Wrong(
            f"{what}: calling the model stopped with {type(e).__name__}: {str(e).rstrip('.')}. "
            f"It was given a batch of {len(x)} and the heads {show(heads)}."
        ) from e
    if out is None or out is ...:
        raise Wrong(
            f"{what}: the model gives back {out!r} for a batch. Does its `forward` end in `return`?"
        )
    if not isinstance(out, dict):
        raise Wrong(
            f"{what}: the model should give a dict from the name of a head to its logits, and "
            f"gives {type(out).__name__}."
        )
    if set(out) != set(heads):
        raise Wrong(
            f"{what}: the heads should be {show(list(heads))}, and the model gives "
            f"{show(list(out))}."
        )
    for n, z in out.items():
        if not isinstance(z, torch.Tensor):
            raise Wrong(
                f"{what}: head {n!r} gives {type(z).__name__}. Give the tensor that comes out "
                "of its layer, or no gradient can flow back."
            )
        if tuple(z.shape) != (len(x), heads[n]):
            raise Wrong(
                f"{what}: head {n!r} should give {[len(x), heads[n]]} for a batch of {len(x)}, "
                f"and gives {list(z.shape)}."
            )
    return out
