"Exercises: what BatchNorm keeps, in PyTorch and in Keras."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, converted, diagnose, function, show
from .._names import called

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


def _over_everything(old, x, momentum):
    "One variance of all numbers, not one for each channel."
    return tuple((1 - momentum) * old + momentum * x.var(ddof=d) for d in (1, 0))


def _corrected_twice(old, x, momentum):
    "n / (n - 1) times a variance that was divided by n - 1."
    n = x[..., 0].size
    torchs = (1 - momentum) * old + momentum * x.var((0, 1, 2), ddof=1) * n / (n - 1)
    return torchs, _variances(old, x, momentum)[1]


def _pair(out):
    "A pair, also when it comes as a list or as one array of two rows."
    return tuple(np.asarray(o, float) for o in out)


def running_variances(answer) -> Right:
    """Exercise 2: f(old, x, momentum) with old [C], x [N, H, W, C] and PyTorch's momentum: the
    running variances after the batch, PyTorch's and Keras', each [C].
    """
    what = called(answer, "my_variances")
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
            f"{what} should give back two arrays, PyTorch's variance and Keras', and it gave "
            f"{show(got)}."
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
                    "the two are exchanged. PyTorch divides by n - 1, so its variance is the "
                    "larger one.",
                    v(swap=True),
                ),
                (
                    "the momentum is applied the wrong way round. PyTorch's is the share of "
                    "the new statistics: (1 - momentum) * old + momentum * new.",
                    v(flip=True),
                ),
                (
                    "Keras' variance takes the momentum as the share of the old. That is how "
                    "Keras' own argument works, but here both get PyTorch's: the share of the "
                    "new. Keras would be given 1 - momentum.",
                    lambda old, x, m: (
                        _variances(old, x, m)[0],
                        _variances(old, x, m, flip=True)[1],
                    ),
                ),
                (
                    "the two exchanged, and the momentum the wrong way round: PyTorch divides "
                    "by n - 1, and its momentum is the share of the new.",
                    v(flip=True, swap=True),
                ),
                (
                    "both are divided by n. PyTorch divides by n - 1 for the variance that it "
                    "keeps.",
                    v(torch_n=0),
                ),
                ("both are divided by n - 1. Keras divides by n.", v(keras_n=-1)),
                (
                    "your n for PyTorch is the number of images. Every pixel counts: n is N "
                    "* H * W.",
                    lambda old, x, m: _variances(old, x, m, n=len(x)) if len(x) > 1 else 1 / 0,
                ),
                (
                    "the variance goes over the images only. BatchNorm takes one variance "
                    "for each channel, over images, rows and columns: axis=(0, 1, 2).",
                    lambda old, x, m: tuple(
                        o.mean((0, 1)) for o in _variances(old, x, m, axes=(0,))
                    ),
                ),
                (
                    "there is one variance for everything. BatchNorm takes one for each channel: "
                    "leave the last axis out, axis=(0, 1, 2).",
                    _over_everything,
                ),
                (
                    "PyTorch's variance is corrected twice: `ddof=1` divides by n - 1 already.",
                    _corrected_twice,
                ),
                (
                    "your n counts the channels, too. Each channel has its own variance: n is N "
                    "* H * W.",
                    lambda old, x, m: _variances(old, x, m, n=x.size),
                ),
                (
                    "these are the variances of the batch alone. A running one is (1 - momentum) "
                    "* old + momentum * new.",
                    lambda old, x, m: _variances(old * 0, x, 1),
                ),
                (
                    "the old variance is missing: a running one keeps the share (1 - momentum) "
                    "of it.",
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
    """Exercise 3: f(eps, beta2, step) -> the epsilon that makes Keras' step number `step` (from 1)
    that of PyTorch with eps.
    """
    r = lambda f: lambda eps, b, t: eps * f(b, t)
    return diagnose(
        answer,
        r(lambda b, t: np.sqrt(1 - b**t)),
        [
            Mistake(
                "you multiply where you should divide, or the other way round: Keras' epsilon "
                "counts 1/sqrt(1 - beta2**step) times as much, so it has to be given smaller "
                "by that factor.",
                r(lambda b, t: 1 / np.sqrt(1 - b**t)),
            ),
            Mistake(
                "the step is missing, and you divide where you should multiply. In step t the "
                "factor is sqrt(1 - beta2**t).",
                r(lambda b, t: 1 / np.sqrt(1 - b)),
            ),
            Mistake(
                "the root is missing, and you divide where you should multiply: the factor is "
                "sqrt(1 - beta2**step).",
                r(lambda b, t: 1 / (1 - b**t)),
            ),
            Mistake(
                "the root is missing. Epsilon stands beside the root of the second moment, so "
                "its correction is the root of 1 - beta2**step.",
                r(lambda b, t: 1 - b**t),
            ),
            Mistake(
                "the step is missing: that is the factor of the first step only. In step t it "
                "is sqrt(1 - beta2**t).",
                r(lambda b, t: np.sqrt(1 - b)),
            ),
            Mistake(
                "the step is a factor in yours; it is an exponent: beta2**step.",
                r(lambda b, t: np.sqrt(abs(1 - b * t))),
            ),
            Mistake(
                "you raise 1 - beta2 to the power of the step. It is beta2 that is raised: 1 - "
                "beta2**step.",
                r(lambda b, t: np.sqrt((1 - b) ** t)),
            ),
            Mistake(
                "you count steps from 0. The first one is number 1, and its correction is "
                "sqrt(1 - beta2).",
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
                "beta2**step is what is left to correct; the correction divides by 1 - "
                "beta2**step.",
                r(lambda b, t: np.sqrt(b**t)),
            ),
        ],
        [(1.0, 0.999, 1), (1e-2, 0.99, 2), (2.0, 0.9, 10), (0.5, 0.75, 3)],
        called(answer, "my_epsilon"),
        tol=1e-7,
        praise="Right: and as it changes with every step, no single number makes the two "
        "optimisers equal.",
    )
