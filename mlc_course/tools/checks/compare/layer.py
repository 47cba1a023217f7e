"Exercise: the weights of a first layer, from PyTorch to Keras."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, diagnose, function
from .._names import called

# Exercise 5


def _by_isclose(ours, theirs, tol):
    "The first layer that differs by more than NumPy's relative tolerance and `tol` together."
    for name, a in ours.items():
        b = theirs[name].transpose(0, 3, 1, 2) if theirs[name].ndim == 4 else theirs[name]
        if not np.allclose(a, b, atol=tol):
            return name
    return "none"


def _furthest(right, ours, theirs, tol):
    "The layer with the largest difference, if that isn't within `tol`."
    size = lambda k: np.abs(
        ours[k] - (theirs[k].transpose(0, 3, 1, 2) if theirs[k].ndim == 4 else theirs[k])
    ).max()
    name = max(ours, key=size)
    return right({name: ours[name]}, theirs, tol)


def _grown(ours, theirs):
    "A case in which a later layer differs by more than the first that differs."
    theirs["block"] += 0.01
    theirs["head"] += 0.5
    return ours, theirs, 1e-3


def _large(ours, theirs):
    "A case in which one large value differs by more than tol."
    ours["block"][0, 1, 1, 1] = theirs["block"][0, 1, 1, 1] = 1000
    theirs["block"][0, 1, 1, 1] += 3e-3
    return ours, theirs, 1e-3


def first_layer(answer) -> Right:
    """Exercise 5: f(ours, theirs, tol) with dicts from layer name to activations, PyTorch's [N, C,
    H, W] and Keras' [N, H, W, C] ([N, F] in both): the first name that differs, or 'none'.
    """
    what = called(answer, "my_first")
    function(answer, what)
    rng = np.random.default_rng(7)

    def nets(n=2, c=3, h=3, w=3):
        ours = {
            "stem": rng.normal(size=(n, c, h, w)),
            "block": rng.normal(size=(n, c, h, w)),
            "pool": rng.normal(size=(n, c)),
            "head": rng.normal(size=(n, 4)),
        }
        return ours, {
            k: (np.moveaxis(v, 1, -1) if v.ndim == 4 else v).copy() for k, v in ours.items()
        }

    def right(
        ours,
        theirs,
        tol,
        move=(0, 3, 1, 2),
        how=np.max,
        nan=True,
        size=np.abs,
        last=False,
        relative=False,
    ):
        found = []
        for k, a in ours.items():
            b = theirs[k]
            if b.ndim == 4 and move:
                b = b.transpose(move)
            d = how(size(a - b)) / (np.abs(a).max() if relative else 1)
            if (not d <= tol) if nan else d > tol:
                found.append(k)
        return (found[-1] if last else found[0]) if found else "none"

    cases = []
    for changed, by, where in (
        ({}, 0, 0),
        ({"block"}, 0.3, (0, 1, 2, 0)),
        ({"block", "head"}, -0.5, 0),
        ({"pool"}, np.nan, (1, 1)),
        ({"stem"}, 6e-3, (0, 0, 0, 0)),
        ({"head"}, 0.2, (1, 2)),
        ({"pool", "head"}, 0.04, 0),
    ):
        ours, theirs = nets(h=3, w=3)
        for k in changed:
            if where:
                theirs[k][where] += by
            else:
                theirs[k] += by
        cases.append((ours, theirs, 1e-3))
    ours, theirs = nets()
    theirs["head"][0, 0] += 0.04
    cases.append((ours, theirs, 0.05))
    ours, theirs = nets(c=3, h=3, w=3)
    ours["block"] *= 10
    theirs["block"] *= 10
    theirs["block"][0, 1, 1, 1] += 3e-3
    cases.append((ours, theirs, 1e-3))
    cases.append(_large(*nets(c=3, h=3, w=3)))
    cases.append(_grown(*nets(c=3, h=3, w=3)))
    ours, _ = nets()
    for k in ("stem", "block"):
        ours[k] = ours[k] + ours[k].swapaxes(2, 3)  # the same with rows and columns exchanged
    cases.append(
        (
            ours,
            {k: (np.moveaxis(v, 1, -1) if v.ndim == 4 else v).copy() for k, v in ours.items()},
            1e-3,
        )
    )
    names = [
        f"layers stem, block, pool, head; differences in {d}; tol {c[2]}"
        for d, c in zip(
            (
                "none",
                "one cell of block",
                "block and head",
                "pool, which has a NaN",
                "one cell of stem",
                "one cell of head",
                "pool and head",
                "head, by less than tol",
                "one cell of block",
                "one large cell of block",
                "block and, more, head",
                "none",
            ),
            cases,
        )
    ]
    function(answer, what)
    attempt(
        answer, cases[1], what, names[1]
    )  # the stub; what is left of None below is a forgotten 'none'
    try:
        return diagnose(
            answer,
            right,
            [
                Mistake(
                    "you compare PyTorch's [N, C, H, W] with Keras' [N, H, W, C] as they are. "
                    "With as many channels as rows that gives no error, only differences, and "
                    "`reshape` doesn't move the axes either: transpose(0, 3, 1, 2) first.",
                    lambda *a: right(*a, move=None),
                ),
                Mistake(
                    "rows and columns are exchanged: [N, H, W, C] becomes [N, C, H, W] with "
                    "transpose(0, 3, 1, 2).",
                    lambda *a: right(*a, move=(0, 3, 2, 1)),
                ),
                Mistake(
                    "a NaN went through. Every comparison with NaN is false, also `difference "
                    "> tol`; ask for `not difference <= tol`.",
                    lambda *a: right(*a, nan=False),
                ),
                Mistake(
                    "you take the mean of the differences: one cell that is far off disappears "
                    "among many that agree. Take the largest.",
                    lambda *a: right(*a, how=np.mean),
                ),
                Mistake(
                    "differences below zero go through: take absolute values before the largest.",
                    lambda *a: right(*a, size=lambda d: d),
                ),
                Mistake(
                    "differences below zero go through: take absolute values before the largest.",
                    lambda *a: right(*a, size=lambda d: -d),
                ),
                Mistake(
                    "you give the last layer that differs. What comes later inherits its "
                    "inputs; the first one is where to look.",
                    lambda *a: right(*a, last=True),
                ),
                Mistake(
                    "you give the layer with the largest difference. Differences may grow on their "
                    "way through the network; the first one is where to look.",
                    lambda *a: _furthest(right, *a),
                ),
                Mistake(
                    "you look at the first layer only: `return` inside the loop ends it. Say "
                    "'none' after the loop.",
                    lambda a, b, t: right({k: a[k] for k in [*a][:1]}, b, t),
                ),
                Mistake(
                    "tol isn't used: layers that differ by less than it agree.",
                    lambda a, b, t: right(a, b, 0.0),
                ),
                Mistake(
                    "you divide by the largest value first. The tolerance is meant for the "
                    "absolute difference.",
                    lambda *a: right(*a, relative=True),
                ),
                Mistake(
                    "`np.allclose` and `np.isclose` allow a relative difference beside the "
                    "absolute one. Say rtol=0.",
                    _by_isclose,
                ),
                Mistake(
                    "you look at the outputs of the last layer only.",
                    lambda a, b, t: "head" if right(a, b, t) != "none" else "none",
                ),
            ],
            cases,
            what,
            names=names,
            praise="Right: the first layer that differs is where the cause is, or just in front "
            "of it.",
        )
    except Wrong as e:
        if "gave back None" in str(e):
            raise Wrong(
                f"{what} gave back None. Where nothing differs, give back the string 'none'."
            ) from None
        raise
