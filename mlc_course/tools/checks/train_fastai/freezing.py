"Exercises: frozen layers, and groups with a rate each."

from __future__ import annotations

from .._core import (
    Mistake,
    Right,
    diagnose,
    torch_first,
)
from .._names import called

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
                "body in training (train_bn=True), so their weights and biases count too. If you "
                "looked for them and found none: most stand deeper, and `modules()` finds them.",
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
                "the BatchNorm layers of the head are counted twice: once with the head, and once "
                "among the BatchNorm layers of the whole model. Look for them in the body only.",
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
                "you count BatchNorm's buffers as well. Its running mean and variance move while "
                "the network trains, but no gradient moves them, so they aren't parameters.",
                lambda m: _numbers(m[0], norm, True) + _numbers(m[1], buffers=True),
            ),
            Mistake(
                "you count BatchNorm's buffers as well. Its running mean and variance move while "
                "the network trains, but no gradient moves them, so they aren't parameters.",
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
                "only the convolutions of the body are left out. Its linear layers stay frozen "
                "as well: in the body, BatchNorm alone learns.",
                lambda m: (
                    _numbers(m[0], lambda o: not type(o).__name__.startswith("Conv"))
                    + _numbers(m[1])
                ),
            ),
            Mistake(
                "this is what stays frozen. Asked is the rest.", lambda m: _numbers(m) - right(m)
            ),
        ],
        [(o,) for o in _nets()],
        called(answer, "my_count"),
        names=names,
        praise="Right: the whole head, and every BatchNorm of the body.",
    )
