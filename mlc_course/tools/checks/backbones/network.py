"Exercises: BatchNorm folded into a convolution, and scaled features."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, edge, quiet
from .._names import called


def folded(answer) -> Right:
    """Exercise 3: folded(kernel, gamma, beta, mean, var, eps=1e-5) -> (kernel, bias) of one
    convolution that does the work of convolution and BatchNorm.
    """
    rng = np.random.default_rng(1)

    def made(o, i, k, *eps):
        f = lambda *shape: rng.normal(size=shape).astype("float32")
        return (f(o, i, k, k), f(o), f(o), f(o), rng.uniform(0.01, 2, o).astype("float32"), *eps)

    cases = [made(3, 3, 1), made(4, 4, 3, 0.1), made(3, 3, 3, 1e-3), made(2, 2, 1)]
    cases[3][4][0] = 2e-5  # where even the default eps is felt
    wide = lambda s: s[:, None, None, None]

    def fold(
        kernel,
        gamma,
        beta,
        mean,
        var,
        eps=1e-5,
        *,
        scale=lambda g, v, e: g / np.sqrt(v + e),
        bias=lambda b, m, s: b - m * s,
        along=wide,
    ):
        s = scale(gamma, var, eps)
        return kernel * along(s), bias(beta, mean, s)

    def given(says, **kw):
        return Mistake(says, quiet(lambda *args: fold(*args, **kw)))

    return diagnose(
        answer,
        fold,
        [
            given(
                "eps is left out. It keeps a channel of hardly any variance from being blown "
                "up, and it stands under the root: sqrt(var + eps).",
                scale=lambda g, v, e: g / np.sqrt(v),
            ),
            given(
                "eps stands outside of the root. BatchNorm divides by sqrt(var + eps).",
                scale=lambda g, v, e: g / (np.sqrt(v) + e),
            ),
            given(
                "you divide by the variance. BatchNorm divides by its root, the standard "
                "deviation.",
                scale=lambda g, v, e: g / (v + e),
            ),
            given(
                "you multiply by the standard deviation. BatchNorm divides by it.",
                scale=lambda g, v, e: g * np.sqrt(v + e),
            ),
            given(
                "gamma is missing: after dividing, BatchNorm multiplies each channel by it.",
                scale=lambda g, v, e: 1 / np.sqrt(v + e),
            ),
            given(
                "the bias is beta alone. BatchNorm takes the mean away first, and a "
                "convolution without bias can't: the bias has to.",
                bias=lambda b, m, s: b,
            ),
            given("the mean is added. BatchNorm takes it away.", bias=lambda b, m, s: b + m * s),
            given(
                "the mean goes into the bias unscaled. BatchNorm subtracts it before it "
                "divides and multiplies, so it is scaled like the kernel.",
                bias=lambda b, m, s: b - m,
            ),
            given(
                "beta is scaled, too. BatchNorm adds it last, as it is.",
                bias=lambda b, m, s: (b - m) * s,
            ),
            given(
                "the bias is zero in yours. What BatchNorm takes away and adds has to go "
                "somewhere.",
                bias=lambda b, m, s: 0 * b,
            ),
            Mistake(
                "the mean is multiplied by gamma in the bias, and not divided by the standard "
                "deviation. It goes through the same factor as the kernel: gamma / sqrt(var + "
                "eps).",
                lambda k, g, b, m, v, eps=1e-5: (fold(k, g, b, m, v, eps)[0], b - m * g),
            ),
            Mistake(
                "eps is 1e-5 in yours, whatever is passed. That is only the default.",
                lambda k, g, b, m, v, eps=1e-5: fold(k, g, b, m, v),
            ),
            Mistake("kernel and bias come in the wrong order.", lambda *args: fold(*args)[::-1]),
            given("beta is missing in the bias.", bias=lambda b, m, s: -m * s),
            given(
                "the factors are laid along the input channels (axis 1). BatchNorm stands "
                "behind the convolution, so each factor belongs to an output channel: axis 0.",
                along=lambda s: s[None, :, None, None],
            ),
            Mistake(
                "the kernel comes back as it was; only the bias has changed. Dividing and "
                "multiplying are work for the kernel.",
                lambda k, *args: (k, fold(k, *args)[1]),
            ),
        ],
        cases,
        called(answer, "my_folded"),
        tol=1e-4,
        names=[
            f"a kernel of shape {c[0].shape}{f' and eps={c[5]}' if len(c) > 5 else ''}"
            for c in cases
        ],
        praise="Right: one factor a channel into the kernel, and what is left into the bias.",
    )


def scaled_features(answer) -> Right:
    """Exercise 5: scaled_features(train, test) -> both, each feature brought to mean 0 and standard
    deviation 1; NumPy [n, F] and [m, F].
    """
    rng, what = np.random.default_rng(3), called(answer, "my_scaled_features")

    def made(n, m, f):
        return tuple(
            (rng.normal(size=(k, f)) * np.linspace(0.5, 20, f) + shift).astype("float32")
            for k, shift in ((n, 3), (m, 5))
        )

    cases, names = (
        [made(6, 4, 4), made(5, 5, 5)],
        ["6 and 4 images with 4 features", "5 and 5 images with 5 features"],
    )

    def scale(
        train, test, *, seen=lambda a, b: (a, a), mean=lambda a: a.mean(0), std=lambda a: a.std(0)
    ):
        safe = lambda s: np.where(s == 0, 1, s)
        return tuple((x - mean(y)) / safe(std(y)) for x, y in zip((train, test), seen(train, test)))

    def given(says, **kw):
        return Mistake(says, quiet(lambda *args: scale(*args, **kw)))

    both = lambda a, b: (np.concatenate([a, b]),) * 2
    diagnose(
        answer,
        scale,
        [
            given(
                "the test images are scaled by their own mean and spread. The head then "
                "meets features that mean something else than in training, and a single "
                "image would always be 0: use what the training images gave.",
                seen=lambda a, b: (a, b),
            ),
            given(
                "mean and spread come from both splits together, so the training has seen the "
                "test images. Measure on train alone.",
                seen=both,
            ),
            given(
                "mean and spread come from the test split, which nothing may be fitted to. "
                "Measure on train alone.",
                seen=lambda a, b: (b, b),
            ),
            given(
                "there is one mean and one spread for all features. Each feature (column) has "
                "its own: a large one would drown the small ones.",
                mean=lambda a: a.mean(),
                std=lambda a: a.std(),
            ),
            given(
                "each image (row) is scaled by itself. Each feature (column) should be: mean "
                "and spread along axis 0.",
                mean=lambda a: a.mean(1, keepdims=True),
                std=lambda a: a.std(1, keepdims=True),
                seen=lambda a, b: (a, b),
            ),
            given(
                "you divide by the variance. The standard deviation, its root, has the "
                "feature's own unit.",
                std=lambda a: a.var(0),
            ),
            given(
                "you divide by the spread before the mean is taken away from anything: (x - "
                "mean) / std.",
                mean=lambda a: 0,
            ),
            given(
                "only the mean is taken away; the features still have very different spreads.",
                std=lambda a: np.ones(a.shape[1]),
            ),
            given(
                "the spread is computed with n - 1 (ddof=1, the default of pandas and torch). "
                "Nothing breaks by it; StandardScaler, whose result this should be, divides by n.",
                std=lambda a: a.std(0, ddof=1),
            ),
            Mistake(
                "only the training features are scaled. The head was fitted to scaled "
                "features, so the test's have to go through the same. (If you do scale them: "
                "are mean and spread measured again, after train was changed?)",
                lambda a, b: (scale(a, b)[0], b),
            ),
            Mistake(
                "the mean isn't taken away from the test features. If you do it: was it measured "
                "after train was changed? Its mean is 0 then. Measure mean and spread first.",
                quiet(lambda a, b: (scale(a, b)[0], b / a.std(0))),
            ),
            Mistake("train and test come back in the wrong order.", lambda a, b: scale(a, b)[::-1]),
            given(
                "this brings each feature to the range 0 to 1. Asked for are mean 0 and "
                "standard deviation 1.",
                mean=lambda a: a.min(0),
                std=lambda a: np.ptp(a, 0),
            ),
        ],
        cases,
        what,
        tol=1e-3,
        names=names,
    )
    dead, other = made(4, 3, 3)
    dead[:, 1] = other[:, 1] = 0
    edge(
        answer,
        scale,
        [(dead, other)],
        what,
        "a feature that is the same for every training image, such as a channel that never "
        "lights up, has a spread of 0, and you divide by it. Divide by 1 there, as "
        "StandardScaler does.",
        1e-3,
    )
    return Right("Right: measured on train, used on both, and a dead feature stays harmless.")
