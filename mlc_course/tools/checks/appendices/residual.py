"Appendix 89: what a residual block does with its change."

from __future__ import annotations

from .._core import Mistake, Right, Wrong, attempt, diagnose, function, torch_first
from .._names import called


def _cases():
    "(x, change, shortcut): a block that keeps its shape, one that doesn't, and one that says 0."
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 4, 4, generator=g)
    w, v = (torch.randn(o, 3, generator=g) for o in (3, 5))
    same = lambda a: torch.einsum("oi,nihw->nohw", w, a)
    half = lambda a: torch.einsum("oi,nihw->nohw", v, a[:, :, ::2, ::2])
    side = lambda a: 0.5 * torch.einsum("oi,nihw->nohw", v.flip(0), a[:, :, ::2, ::2])
    nothing = lambda a: torch.zeros_like(a)
    mean, lowest = lambda a: a.mean((2, 3), keepdim=True), lambda a: a.amin((2, 3), keepdim=True)
    return [(x, same, None), (x, half, side), (x, nothing, None), (x, mean, lowest)]


NAMES = [
    "x [2, 3, 4, 4], a change of the same shape, and shortcut=None",
    "x [2, 3, 4, 4], a change that gives [2, 5, 2, 2], and a shortcut to that shape",
    "x [2, 3, 4, 4], a change that gives zeros, and shortcut=None",
    "x [2, 3, 4, 4], a change that gives [2, 3, 1, 1], and a shortcut to that shape",
]


def _mistakes():
    import torch

    relu = torch.relu
    way = lambda x, shortcut: x if shortcut is None else shortcut(x)
    return [
        Mistake(
            "the input isn't added. Without it, this is a plain layer: change(x) has to be "
            "added to x, or to shortcut(x).",
            lambda x, change, shortcut=None: relu(change(x)),
        ),
        Mistake(
            "the last ReLU is missing: the block gives relu(change(x) + input).",
            lambda x, change, shortcut=None: change(x) + way(x, shortcut),
        ),
        Mistake(
            "the ReLU is applied to the change alone, before the sum. Then a block can only "
            "add, never take away. The ReLU comes after the sum.",
            lambda x, change, shortcut=None: relu(change(x)) + way(x, shortcut),
        ),
        Mistake(
            "the ReLU is applied to the input alone. It comes after the sum.",
            lambda x, change, shortcut=None: change(x) + relu(way(x, shortcut)),
        ),
        Mistake(
            "there are two ReLUs, one for each part. A change can't take anything away then: "
            "there is one ReLU, after the sum.",
            lambda x, change, shortcut=None: relu(change(x)) + relu(way(x, shortcut)),
        ),
        Mistake(
            "the ReLU is applied to the change, and once more to the sum. Then a block can only "
            "add, never take away: once, after the sum.",
            lambda x, change, shortcut=None: relu(relu(change(x)) + way(x, shortcut)),
        ),
        Mistake(
            "x is taken away from the change. A residual block adds it.",
            lambda x, change, shortcut=None: relu(change(x) - way(x, shortcut)),
        ),
        Mistake(
            "the two are multiplied. That is a gate; a residual block adds.",
            lambda x, change, shortcut=None: relu(change(x) * way(x, shortcut)),
        ),
        Mistake(
            "the mean of change and input is taken. A residual block adds them.",
            lambda x, change, shortcut=None: relu((change(x) + way(x, shortcut)) / 2),
        ),
        Mistake(
            "the two are put side by side (torch.cat), which doubles the channels. A residual "
            "block adds them.",
            lambda x, change, shortcut=None: relu(torch.cat([change(x), way(x, shortcut)], 1)),
        ),
    ]


def _ignores_shortcut(answer, cases, what):
    "Raise for an answer that adds x where a shortcut is given."
    import torch

    x, change, shortcut = cases[3]
    got = attempt(answer, (x, change, shortcut), what, NAMES[3])
    plain = torch.relu(change(x) + x)
    if torch.is_tensor(got) and got.shape == plain.shape and torch.allclose(got, plain):
        raise Wrong(
            f"{what}: x is added as it is, also where a shortcut is given. Add shortcut(x) then: "
            "the shapes may differ, as in a block with stride 2."
        )


def residual_sum(answer) -> Right:
    """Exercise: residual_sum(x, change, shortcut=None) -> relu(change(x) + x), or with
    shortcut(x) in place of x.
    """
    what = called(answer, "my_residual")
    function(answer, what)
    torch_first()
    import torch

    cases = _cases()
    right = lambda x, change, shortcut=None: torch.relu(
        change(x) + (x if shortcut is None else shortcut(x))
    )
    x, change, _ = cases[0]
    given = x.clone()
    attempt(lambda *args: answer(given, change, None), (0,), what, NAMES[0])
    if not torch.equal(given, x):
        raise Wrong(
            f"{what} changes its input x in place (as x += ... or relu_ do). The layer before "
            "still needs it for its gradient: write x + ... and torch.relu(...)."
        )
    _ignores_shortcut(answer, cases, what)
    return diagnose(
        answer,
        right,
        _mistakes(),
        cases,
        what,
        names=NAMES,
        praise="Right: the change, plus what came in, and one ReLU after the sum.",
    )
