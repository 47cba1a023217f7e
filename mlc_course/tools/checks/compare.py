"""Checks of lesson 11, side by side: a rate for another reduction, BatchNorm's statistics, Keras' epsilon, chance between seeds, the first layer that differs."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, converted, diagnose, edge, function, show

# Exercise 1


def same_step_rate(answer) -> Right:
    "Exercise 1: f(rate, n_images, n_labels) -> the rate for a loss that sums over labels and averages over images, instead of averaging over all cells."
    says = "the loss that sums over labels is n_labels times as large, and so are its gradients: the same step needs a rate that is smaller by that factor."
    return diagnose(
        answer,
        lambda rate, n, c: rate / c,
        [
            Mistake(f"you multiply where you should divide: {says}", lambda rate, n, c: rate * c),
            Mistake(f"you leave the rate as it is. But {says}", lambda rate, n, c: rate),
            Mistake(
                "you divide by the number of images. Both losses average over the images, so that number cancels; what differs is the labels.",
                lambda rate, n, c: rate / n,
            ),
            Mistake(
                "you multiply by the number of images. Both losses average over the images, so that number cancels; what differs is the labels.",
                lambda rate, n, c: rate * n,
            ),
            Mistake(
                "you divide by the number of cells. That would be right for a loss that sums over images as well; this one averages over them.",
                lambda rate, n, c: rate / (n * c),
            ),
            Mistake(
                "you give back the factor between the two rates and not the rate.",
                lambda rate, n, c: 1 / c,
            ),
            Mistake(
                "you give back the factor between the two losses. The question is for the rate.",
                lambda rate, n, c: c,
            ),
        ],
        [(0.1, 32, 20), (0.004, 8, 5), (1.0, 3, 1), (2.0, 1, 7)],
        "my_rate",
        praise="Right: a rate means something only beside the reduction of its loss.",
    )


# Exercise 2


def _variances(
    old,
    x,
    momentum,
    torch_n=-1,
    keras_n=0,
    flip=False,
    axes=(0, 1, 2),
    swap=False,
    n=None,
    old_share=True,
    mean_of=None,
):
    if flip:
        momentum = 1 - momentum
    new = x.var(axes) if mean_of is None else mean_of(x)
    n = n or np.prod([x.shape[a] for a in axes])
    out = tuple(
        (1 - momentum) * old * old_share + momentum * new * (n / (n + k) if n + k else np.nan)
        for k in (torch_n, keras_n)
    )
    return out[::-1] if swap else out


def _pair(out):
    "A pair, also when it comes as a list or as one array of two rows."
    return tuple(np.asarray(o, float) for o in out)


def running_variances(answer) -> Right:
    "Exercise 2: f(old, x, momentum) with old [C], x [N, H, W, C] and PyTorch's momentum: the running variances after the batch, PyTorch's and Keras', each [C]."
    what = "my_variances"
    function(answer, what)
    rng = np.random.default_rng(3)
    cases = [
        (rng.uniform(0.5, 2, 3), rng.normal(1, 2, (2, 2, 3, 3)), 0.1),
        (rng.uniform(0.5, 2, 2), rng.normal(-3, 0.5, (4, 1, 1, 2)), 0.25),
        (np.ones(1), rng.normal(5, 1, (2, 3, 1, 1)), 0.01),
    ]
    names = [
        f"old of shape {o.shape}, x of shape {x.shape} and the momentum {m}" for o, x, m in cases
    ]
    got = attempt(answer, cases[0], what, names[0])
    try:
        two = len(got) == 2
    except TypeError:
        two = False
    if not two:
        raise Wrong(
            f"{what} should give back two arrays, PyTorch's variance and Keras', and it gave {show(got)}."
        )
    v = lambda **kw: lambda old, x, m: _variances(old, x, m, **kw)
    of = lambda f: converted(f, _pair)
    return diagnose(
        of(answer),
        of(v()),
        [
            Mistake(s, of(g))
            for s, g in (
                (
                    "the two are exchanged. PyTorch divides by n - 1, so its variance is the larger one.",
                    v(swap=True),
                ),
                (
                    "the momentum is applied the wrong way round. PyTorch's is the share of the new statistics: (1 - momentum) * old + momentum * new.",
                    v(flip=True),
                ),
                (
                    "the two exchanged, and the momentum the wrong way round: PyTorch divides by n - 1, and its momentum is the share of the new.",
                    v(flip=True, swap=True),
                ),
                (
                    "both are divided by n. PyTorch divides by n - 1 for the variance that it keeps.",
                    v(torch_n=0),
                ),
                ("both are divided by n - 1. Keras divides by n.", v(keras_n=-1)),
                (
                    "your n for PyTorch is the number of pictures. Every pixel counts: n is N * H * W.",
                    lambda old, x, m: _variances(old, x, m, n=len(x)) if len(x) > 1 else 1 / 0,
                ),
                (
                    "the variance goes over the pictures only. BatchNorm takes one variance for each channel, over pictures, rows and columns: axis=(0, 1, 2).",
                    lambda old, x, m: tuple(
                        o.mean((0, 1)) for o in _variances(old, x, m, axes=(0,))
                    ),
                ),
                (
                    "the old variance is missing: a running one keeps the share (1 - momentum) of it.",
                    v(old_share=0),
                ),
                (
                    "these are standard deviations. A running variance isn't put under a root.",
                    v(mean_of=lambda x: x.std((0, 1, 2))),
                ),
                (
                    "you take the mean square, without subtracting the mean first.",
                    v(mean_of=lambda x: (x**2).mean((0, 1, 2))),
                ),
                (
                    "these are running means. The exercise asks for the variances.",
                    v(mean_of=lambda x: x.mean((0, 1, 2)), torch_n=0),
                ),
            )
        ],
        cases,
        what,
        names=names,
        praise="Right: the same batch, the same outputs, and two things to remember of it.",
    )


# Exercise 3


def keras_epsilon(answer) -> Right:
    "Exercise 3: f(eps, beta2, step) -> the epsilon that makes Keras' step number `step` (from 1) that of PyTorch with eps."
    r = lambda f: lambda eps, b, t: eps * f(b, t)
    return diagnose(
        answer,
        r(lambda b, t: np.sqrt(1 - b**t)),
        [
            Mistake(
                "you multiply where you should divide, or the other way round: Keras' epsilon counts 1/sqrt(1 - beta2**step) times as much, so it has to be given smaller by that factor.",
                r(lambda b, t: 1 / np.sqrt(1 - b**t)),
            ),
            Mistake(
                "the root is missing. Epsilon stands beside the root of the second moment, so its correction is the root of 1 - beta2**step.",
                r(lambda b, t: 1 - b**t),
            ),
            Mistake(
                "the step is missing: that is the factor of the first step only. In step t it is sqrt(1 - beta2**t).",
                r(lambda b, t: np.sqrt(1 - b)),
            ),
            Mistake(
                "the step is a factor in yours; it is an exponent: beta2**step.",
                r(lambda b, t: np.sqrt(abs(1 - b * t))),
            ),
            Mistake(
                "you raise 1 - beta2 to the power of the step. It is beta2 that is raised: 1 - beta2**step.",
                r(lambda b, t: np.sqrt((1 - b) ** t)),
            ),
            Mistake(
                "you count steps from 0. The first one is number 1, and its correction is sqrt(1 - beta2).",
                r(lambda b, t: np.sqrt(1 - b ** (t - 1))),
            ),
            Mistake(
                "you count one step too far: step t has been corrected by beta2**t.",
                r(lambda b, t: np.sqrt(1 - b ** (t + 1))),
            ),
            Mistake(
                "the epsilon stays as it is in yours. The libraries add it in different places.",
                r(lambda b, t: 1.0),
            ),
            Mistake(
                "that is the factor between the two. Multiply it with eps.",
                lambda eps, b, t: np.sqrt(1 - b**t),
            ),
            Mistake(
                "beta2**step is what is left to correct; the correction divides by 1 - beta2**step.",
                r(lambda b, t: np.sqrt(b**t)),
            ),
        ],
        [(1.0, 0.999, 1), (1e-2, 0.99, 2), (2.0, 0.9, 10), (0.5, 0.75, 3)],
        "my_epsilon",
        tol=1e-7,
        praise="Right: and as it changes with every step, no single number makes the two optimisers equal.",
    )


# Exercise 4


def _chance(a, b, count=lambda d, seen: abs(d) >= abs(seen) - 1e-12):
    pooled, seen = np.concatenate([a, b]), np.mean(a) - np.mean(b)
    found = []
    for rows in combinations(range(len(pooled)), len(a)):
        mask = np.zeros(len(pooled), bool)
        mask[list(rows)] = True
        found.append(bool(count(pooled[mask].mean() - pooled[~mask].mean(), seen)))
    return float(np.mean(found))


def chance_of_seeds(answer) -> Right:
    "Exercise 4: f(a, b) with two short lists of scores: the share of all ways to deal them out again whose means lie at least as far apart."
    what = "my_chance"
    function(answer, what)
    right = lambda a, b: _chance(np.asarray(a, float), np.asarray(b, float))
    one = lambda sign: (
        lambda a, b: _chance(
            np.asarray(a, float),
            np.asarray(b, float),
            lambda d, seen: sign * d >= sign * seen - 1e-12,
        )
    )
    cases = [
        ([0.875, 0.75, 0.625], [0.25, 0.125, 0.375]),
        ([0.125, 0.5], [0.375, 0.25, 0.875, 0.75]),
        ([0.5, 0.625, 0.375], [0.5625, 0.3125, 0.4375]),
        ([0.25, 0.375], [0.75, 0.875, 0.6875, 0.625]),
        ([0.5, 0.375], [0.25, 0.5]),
    ]  # exact in binary
    strict = lambda a, b: _chance(
        np.asarray(a, float), np.asarray(b, float), lambda d, seen: abs(d) > abs(seen) + 1e-12
    )
    got = diagnose(
        answer,
        right,
        [
            Mistake(
                "you count only one direction. Before you looked you didn't know which one would be ahead, so a difference as large the other way counts as well: take absolute values.",
                one(1),
            ),
            Mistake(
                "you count only one direction. Before you looked you didn't know which one would be ahead, so a difference as large the other way counts as well: take absolute values.",
                one(-1),
            ),
            Mistake(
                "you count only one direction. Before you looked you didn't know which one would be ahead, so a difference as large the other way counts as well: take absolute values.",
                lambda a, b: one(1 if np.mean(a) >= np.mean(b) else -1)(a, b),
            ),
            Mistake(
                "you count the deals that are further apart, and leave out those that are as far. What happened is one of the possible deals, so the share can't be 0.",
                strict,
            ),
            Mistake(
                "that is the share of deals that are less far apart. The chance is the rest.",
                lambda a, b: 1 - right(a, b),
            ),
            Mistake(
                "that is the number of deals. Divide by how many there are.",
                lambda a, b: right(a, b) * len(list(combinations(range(len(a) + len(b)), len(a)))),
            ),
            Mistake(
                "you compare sums. Where one list is longer than the other, its sum is larger for that alone: compare means.",
                lambda a, b: np.mean(
                    [
                        abs(2 * sum(c) - sum(a) - sum(b)) >= abs(sum(a) - sum(b)) - 1e-12
                        for c in combinations([*a, *b], len(a))
                    ]
                ),
            ),
            Mistake(
                "that is the difference of the means itself. The exercise asks how often chance alone makes one as large.",
                lambda a, b: abs(np.mean(a) - np.mean(b)),
            ),
        ],
        cases,
        what,
        tol=1e-6,
    )
    edge(
        answer,
        right,
        [([0.75, 0.82, 0.61], [0.67, 0.88, 0.69]), ([0.76, 0.51, 0.66], [0.33, 0.51, 0.31])],
        what,
        "rounding decides in yours: two differences that are equal on paper may differ in the last digit. Compare with a small allowance such as 1e-12.",
    )
    return (
        Right(
            "Right: and with three seeds against three the smallest chance there is is 2 in 20, or 10 %. Three seeds can't show more."
        )
        if got
        else got
    )


# Exercise 5


def first_layer(answer) -> Right:
    "Exercise 5: f(ours, theirs, tol) with dicts from layer name to activations, PyTorch's [N, C, H, W] and Keras' [N, H, W, C] ([N, F] in both): the first name that differs, or 'none'."
    what = "my_first"
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
                    "you compare PyTorch's [N, C, H, W] with Keras' [N, H, W, C] as they are. With as many channels as rows that gives no error, only differences: transpose(0, 3, 1, 2) first.",
                    lambda *a: right(*a, move=None),
                ),
                Mistake(
                    "rows and columns are exchanged: [N, H, W, C] becomes [N, C, H, W] with transpose(0, 3, 1, 2).",
                    lambda *a: right(*a, move=(0, 3, 2, 1)),
                ),
                Mistake(
                    "a NaN went through. Every comparison with NaN is false, also `difference > tol`; ask for `not difference <= tol`.",
                    lambda *a: right(*a, nan=False),
                ),
                Mistake(
                    "you take the mean of the differences: one cell that is far off disappears among many that agree. Take the largest.",
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
                    "you give the last layer that differs. What comes later inherits its inputs; the first one is where to look.",
                    lambda *a: right(*a, last=True),
                ),
                Mistake(
                    "tol isn't used: layers that differ by less than it agree.",
                    lambda a, b, t: right(a, b, 0.0),
                ),
                Mistake(
                    "you divide by the largest value first. The tolerance is meant for the absolute difference.",
                    lambda *a: right(*a, relative=True),
                ),
                Mistake(
                    "you look at the outputs of the last layer only.",
                    lambda a, b, t: "head" if right(a, b, t) != "none" else "none",
                ),
            ],
            cases,
            what,
            names=names,
            praise="Right: the first layer that differs is where the cause is, or just in front of it.",
        )
    except Wrong as e:
        if "gave back None" in str(e):
            raise Wrong(
                f"{what} gave back None. Where nothing differs, give back the string 'none'."
            ) from None
        raise
