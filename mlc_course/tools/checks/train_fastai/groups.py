"Exercise: groups of layers, with a rate each."

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial

from .._core import (
    NotDone,
    Right,
    Wrong,
    function,
    show,
    torch_first,
)
from .._names import called


def three_groups(answer) -> Right:  # noqa: C901  (a ladder of diagnoses)
    """Exercise 4: my_splitter(model) -> [parameters of body[:2], parameters of body[2:], parameters
    of the head] of Sequential(body, head).
    """
    torch_first()
    import torch
    from torch import nn

    what = called(answer, "my_splitter")
    function(answer, what)
    conv = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, bias=False), nn.BatchNorm2d(o), nn.ReLU())
    with torch.random.fork_rng(devices=[]):
        nets = [
            nn.Sequential(
                nn.Sequential(conv(3, 4), conv(4, 4), conv(4, 6), conv(6, 6)),
                nn.Sequential(nn.Flatten(), nn.Linear(6, 5)),
            ),
            nn.Sequential(
                nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4)),
                nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2)),
            ),
            nn.Sequential(
                nn.Sequential(
                    conv(3, 4), conv(4, 4), conv(4, 4), conv(4, 4), nn.ReLU(), nn.Flatten()
                ),
                nn.Linear(4, 2),
            ),
        ]
    for net in nets:
        want = [list(o.parameters()) for o in (net[0][:2], net[0][2:], net[1])]
        name = {id(p): k for k, p in net.named_parameters()}
        given = "a body of {} parts and a head".format(len(net[0]))
        try:
            got = answer(net)
        except NotImplementedError:
            raise NotDone(f"{what} isn't written yet.") from None
        except Exception as e:
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was "
                f"called with {given}."
            ) from e
        if got is None or got is ...:
            raise NotDone(
                f"{what} gave back {got!r}. If it isn't written yet, write it and run the "
                "check again; if it is, does it end in `return`?"
            )
        if isinstance(got, torch.Tensor) or not hasattr(got, "__iter__"):
            raise Wrong(
                f"{what} should give back a list of three lists of parameters, and gave "
                f"{type(got).__name__}."
            )
        if isinstance(got, dict):
            raise Wrong(
                f"{what} gives a dict. Give a list of three lists of parameters: their "
                "order says which group is which."
            )
        got = list(got)
        if any(isinstance(g, dict) for g in got):
            raise Wrong(
                f"{what} gives dicts. fastai makes its groups from lists: three lists of "
                "parameters in a list."
            )
        if any(isinstance(g, nn.Module) for g in got):
            raise Wrong(
                f"{what} gives modules. An optimiser wants their parameters: "
                "list(module.parameters()), or fastai's params(module)."
            )
        if any(isinstance(g, nn.Parameter) for g in got):
            raise Wrong(
                f"{what} gives one flat list of parameters. Which of them share a rate is "
                "what a splitter has to say: three lists in a list."
            )
        if odd := [g for g in got if not hasattr(g, "__iter__")]:
            raise Wrong(
                f"{what}: each group should be a list of parameters, and one of yours is "
                f"{show(odd[0])}."
            )
        if any(isinstance(g, Iterator) for g in got):
            raise Wrong(
                f"{what}: a group is a generator, as model.parameters() gives. fastai takes it "
                "for one parameter, and makes one group of all: put list(...) round each."
            )
        groups = [list(g) for g in got]
        flat = [p for g in groups for p in g]
        if any(isinstance(p, (str, tuple)) for p in flat):
            raise Wrong(
                f"{what} gives names. The optimiser needs the parameters themselves: "
                "parameters() in place of named_parameters()."
            )
        if odd := [g for g in got if isinstance(g, (tuple, set, frozenset))]:
            raise Wrong(
                f"{what}: a group is a {type(odd[0]).__name__}. fastai takes it for one parameter, "
                "and makes one group of all: make each group a list."
            )
        if any(isinstance(p, list) for p in flat):
            raise Wrong(
                f"{what}: a group holds lists. It should be one flat list of parameters; "
                "a + b joins two lists."
            )
        if odd := [p for p in flat if id(p) not in name]:
            raise Wrong(
                f"{what}: a group holds {type(odd[0]).__name__} {show(odd[0], 50)}, which "
                "isn't a parameter of the model. The optimiser has to change the model's own "
                "tensors; clone(), detach(), .data and state_dict() give others."
            )
        seen = [name[id(p)] for p in flat]
        if twice := [k for k in seen if seen.count(k) > 1]:
            raise Wrong(
                f"{what}: {twice[0]} is in two groups (or twice in one), so it would be "
                "changed twice in a step. Each parameter belongs to one group."
            )
        if left := [k for k in name.values() if k not in seen]:
            hint = (
                " BatchNorm's weights and biases need a group too."
                if all(
                    isinstance(
                        net.get_submodule(k.rpartition(".")[0]), nn.modules.batchnorm._BatchNorm
                    )
                    for k in left
                )
                else ""
            )
            raise Wrong(
                f"{what}: {left[0]} is in no group, so the optimiser would never change "
                f"it, without any error.{hint}"
            )
        if len(groups) != 3:
            raise Wrong(
                f"{what} gives {len(groups)} group{'s' if len(groups) != 1 else ''}, and "
                "three were asked for: the body's first two parts, the rest of the body, the head."
            )
        sets = [{id(p) for p in g} for g in groups]
        right = [{id(p) for p in g} for g in want]
        if sets == right:
            continue
        if sets == right[::-1]:
            raise Wrong(
                f"{what}: the groups are in the reverse order. The head comes last: "
                "freeze() freezes everything but the last group, and a slice gives the last "
                "group the highest rate."
            )
        if sorted(map(sorted, sets)) == sorted(map(sorted, right)):
            raise Wrong(
                f"{what}: the groups are right, their order isn't. From the pixels to the "
                "labels: early body, late body, head."
            )
        if sets[2] != right[2]:
            raise Wrong(
                f"{what}: the last group should be the head, all of it and nothing else; "
                "freeze() leaves exactly the last group open."
            )
        raise Wrong(
            f"{what}: the head is right; the body is cut in another place. Its first two "
            "parts, body[:2], are the first group."
        )
    try:
        pickle.dumps(answer)
    except Exception:
        if getattr(answer, "__name__", "") == "<lambda>":
            raise Wrong(
                f"{what}: the groups are right, but a lambda has no name that pickle could "
                "store. Write it with def."
            ) from None
        if isinstance(answer, partial):
            raise Wrong(
                f"{what}: the groups are right, but this is a partial of something that pickle "
                "can't store. Write a named function with def."
            ) from None
        if "<locals>" in getattr(answer, "__qualname__", ""):
            raise Wrong(
                f"{what}: the groups are right, but plain pickle can't store a function that is "
                "defined within another function. Write it at the start of a line."
            ) from None
    return Right("Right: every parameter once, the head last.")
