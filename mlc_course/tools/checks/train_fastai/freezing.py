"Exercises: frozen layers, and groups with a rate each."

from __future__ import annotations

import pickle

from .._core import (
    Mistake,
    NotDone,
    Right,
    Wrong,
    diagnose,
    function,
    show,
    torch_first,
)

_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def _nets():
    """Three networks of a body and a head: one with convolutions, one with BatchNorm of both kinds
    on both sides, one without any.
    """
    torch_first()
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        conv = lambda i, o: nn.Sequential(
            nn.Conv2d(i, o, 3, bias=False), nn.BatchNorm2d(o), nn.ReLU()
        )
        one = nn.Sequential(nn.Sequential(conv(3, 4), conv(4, 6)), nn.Linear(6, 5))
        two = nn.Sequential(
            nn.Sequential(
                nn.Sequential(conv(3, 8), nn.Conv2d(8, 4, 1)),
                nn.Flatten(),
                nn.Linear(4, 7),
                nn.BatchNorm1d(7),
            ),
            nn.Sequential(nn.BatchNorm1d(7), nn.Linear(7, 3)),
        )
        three = nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), nn.Linear(3, 2))
    return one, two, three


def _numbers(module, keep=lambda m: True, buffers=False):
    out = 0
    for m in module.modules():
        if keep(m):
            out += sum(p.numel() for p in m.parameters(recurse=False)) + (
                sum(b.numel() for b in m.buffers(recurse=False)) if buffers else 0
            )
    return out


def trainable_while_frozen(answer) -> Right:
    """Exercise 1: my_count(model) -> the number of parameters that fastai trains while the body of
    Sequential(body, head) is frozen.
    """
    norm = lambda m: type(m).__name__ in _NORMS
    names = [
        "a body with two convolutions and two BatchNorm2d, and a linear head",
        "a body that ends in a linear layer and a BatchNorm1d, and a head with a BatchNorm1d "
        "of its own",
        "a body without any BatchNorm",
    ]
    right = lambda m: _numbers(m[0], norm) + _numbers(m[1])
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "you count the head alone. fastai keeps the BatchNorm layers of the frozen "
                "body in training (train_bn=True), so their weights and biases count too.",
                lambda m: _numbers(m[1]),
            ),
            Mistake(
                "these are all parameters. While frozen, the convolutions and linear layers of "
                "the body stay as they are.",
                _numbers,
            ),
            Mistake(
                "you count the BatchNorm layers of the body alone. The head learns as a whole: "
                "it is what the frozen phase is for.",
                lambda m: _numbers(m[0], norm),
            ),
            Mistake(
                "only BatchNorm2d of the body counts in yours. A body may end in a linear "
                "layer with a BatchNorm1d, and fastai trains every kind.",
                lambda m: (
                    _numbers(m[0], lambda o: type(o).__name__ == "BatchNorm2d") + _numbers(m[1])
                ),
            ),
            Mistake(
                "you count BatchNorm in the whole model and nothing else. The head's other "
                "layers learn too.",
                lambda m: _numbers(m, norm),
            ),
            Mistake(
                "the BatchNorm layers of the head are counted twice: once with the head, and "
                "once among the BatchNorm layers of the whole model. Look for them in the body "
                "only.",
                lambda m: _numbers(m, norm) + _numbers(m[1]),
            ),
            Mistake(
                "you count tensors. Each has numel() numbers in it, and those are the parameters.",
                lambda m: (
                    sum(1 for o in m[0].modules() if norm(o) for _ in o.parameters(recurse=False))
                    + len(list(m[1].parameters()))
                ),
            ),
            Mistake(
                "you count BatchNorm's buffers as well. Its running mean and variance move "
                "while the network trains, but no gradient moves them, so they aren't "
                "parameters.",
                lambda m: _numbers(m[0], norm, True) + _numbers(m[1], buffers=True),
            ),
            Mistake(
                "you count BatchNorm's buffers as well. Its running mean and variance move "
                "while the network trains, but no gradient moves them, so they aren't "
                "parameters.",
                lambda m: _numbers(m[0], norm, True) + _numbers(m[1]),
            ),
            Mistake(
                "only the BatchNorm layers that stand directly in the body count in yours. "
                "Most stand deeper: `children()` shows the first level, `modules()` shows all.",
                lambda m: sum(_numbers(o) for o in m[0].children() if norm(o)) + _numbers(m[1]),
            ),
            Mistake(
                "half of what BatchNorm learns is missing: each has a weight and a bias for "
                "every channel.",
                lambda m: _numbers(m[0], norm) // 2 + _numbers(m[1]),
            ),
            Mistake(
                "you count all parameters of the body that have one axis. The biases of "
                "convolutions and linear layers are among them, and they stay frozen: ask for "
                "the kind of the layer.",
                lambda m: sum(p.numel() for p in m[0].parameters() if p.ndim == 1) + _numbers(m[1]),
            ),
            Mistake(
                "this is what stays frozen. Asked is the rest.", lambda m: _numbers(m) - right(m)
            ),
        ],
        [(o,) for o in _nets()],
        "my_count",
        names=names,
        praise="Right: the whole head, and every BatchNorm of the body.",
    )


def three_groups(answer) -> Right:
    """Exercise 4: my_splitter(model) -> [parameters of body[:2], parameters of body[2:], parameters
    of the head] of Sequential(body, head).
    """
    torch_first()
    import torch
    from torch import nn

    function(answer, "my_splitter")
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
            raise NotDone("my_splitter isn't written yet.") from None
        except Exception as e:
            raise Wrong(
                f"my_splitter stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was "
                f"called with {given}."
            ) from e
        if got is None or got is ...:
            raise NotDone(
                f"my_splitter gave back {got!r}. If it isn't written yet, write it and run the "
                "check again; if it is, does it end in `return`?"
            )
        if isinstance(got, torch.Tensor) or not hasattr(got, "__iter__"):
            raise Wrong(
                "my_splitter should give back a list of three lists of parameters, and gave "
                f"{type(got).__name__}."
            )
        if isinstance(got, dict):
            raise Wrong(
                "my_splitter gives a dict. Give a list of three lists of parameters: their "
                "order says which group is which."
            )
        got = list(got)
        if any(isinstance(g, dict) for g in got):
            raise Wrong(
                "my_splitter gives dicts. fastai makes its groups from lists: three lists of "
                "parameters in a list."
            )
        if any(isinstance(g, nn.Module) for g in got):
            raise Wrong(
                "my_splitter gives modules. An optimiser wants their parameters: "
                "list(module.parameters()), or fastai's params(module)."
            )
        if any(isinstance(g, nn.Parameter) for g in got):
            raise Wrong(
                "my_splitter gives one flat list of parameters. Which of them share a rate is "
                "what a splitter has to say: three lists in a list."
            )
        if odd := [g for g in got if not hasattr(g, "__iter__")]:
            raise Wrong(
                "my_splitter: each group should be a list of parameters, and one of yours is "
                f"{show(odd[0])}."
            )
        groups = [list(g) for g in got]
        flat = [p for g in groups for p in g]
        if any(isinstance(p, (str, tuple)) for p in flat):
            raise Wrong(
                "my_splitter gives names. The optimiser needs the parameters themselves: "
                "parameters() in place of named_parameters()."
            )
        if odd := [p for p in flat if id(p) not in name]:
            raise Wrong(
                f"my_splitter: a group holds {type(odd[0]).__name__} {show(odd[0], 50)}, which "
                "isn't a parameter of the model. The optimiser has to change the model's own "
                "tensors; clone(), detach(), .data and state_dict() give others."
            )
        seen = [name[id(p)] for p in flat]
        if twice := [k for k in seen if seen.count(k) > 1]:
            raise Wrong(
                f"my_splitter: {twice[0]} is in two groups (or twice in one), so it would be "
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
                f"my_splitter: {left[0]} is in no group, so the optimiser would never change "
                f"it, without any error.{hint}"
            )
        if len(groups) != 3:
            raise Wrong(
                f"my_splitter gives {len(groups)} group{'s' if len(groups) != 1 else ''}, and "
                "three were asked for: the body's first two parts, the rest of the body, the "
                "head."
            )
        sets = [{id(p) for p in g} for g in groups]
        right = [{id(p) for p in g} for g in want]
        if sets == right:
            continue
        if sets == right[::-1]:
            raise Wrong(
                "my_splitter: the groups are in the reverse order. The head comes last: "
                "freeze() freezes everything but the last group, and a slice gives the last "
                "group the highest rate."
            )
        if sorted(map(sorted, sets)) == sorted(map(sorted, right)):
            raise Wrong(
                "my_splitter: the groups are right, their order isn't. From the pixels to the "
                "labels: early body, late body, head."
            )
        if sets[2] != right[2]:
            raise Wrong(
                "my_splitter: the last group should be the head, all of it and nothing else; "
                "freeze() leaves exactly the last group open."
            )
        raise Wrong(
            "my_splitter: the head is right; the body is cut in another place. Its first two "
            "parts, body[:2], are the first group."
        )
    try:
        pickle.dumps(answer)
    except Exception:
        if getattr(answer, "__name__", "") == "<lambda>":
            raise Wrong(
                "my_splitter: the groups are right, but a lambda has no name that pickle could "
                "store. Write it with def."
            ) from None
    return Right("Right: every parameter once, the head last.")
