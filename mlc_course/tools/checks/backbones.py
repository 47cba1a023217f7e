"""Checks of lessons 89 and 91."""

from __future__ import annotations

import json

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, diagnose, edge, quiet


def block_weights(answer) -> Right:
    "Exercise 1: block_weights(n_in, n_out, stride) -> how many weights learn in a ResidualBlock."
    cases = [(16, 16, 1), (16, 48, 2), (48, 48, 2), (8, 24, 1), (1, 5, 1)]

    def count(
        i,
        o,
        stride,
        *,
        first=9,
        second=None,
        side=lambda i, o, s: i * o,
        project=lambda i, o, s: s != 1 or i != o,
        bn=2,
        side_bn=None,
        bias=0,
    ):
        n = first * i * o + 9 * (second or o) * o + 2 * (bn + bias) * o
        return n + (
            side(i, o, stride) + ((bn if side_bn is None else side_bn) + bias) * o
            if project(i, o, stride)
            else 0
        )

    def given(says, **kw):
        return Mistake(says, lambda *args: count(*args, **kw))

    return diagnose(
        answer,
        count,
        [
            given(
                "the BatchNorms are missing. Each has two weights for every channel: a factor and a summand.",
                bn=0,
            ),
            given(
                "you count four numbers a channel for each BatchNorm. Two of them, the running mean and variance, are measured and not learnt: they are buffers, "
                "and model.parameters() doesn't give them.",
                bn=4,
            ),
            given(
                "each BatchNorm has two weights a channel in the block, a factor and a summand; yours counts one.",
                bn=1,
            ),
            given(
                "the convolutions have no bias here (bias=False): the BatchNorm behind each brings its own.",
                bias=1,
            ),
            given(
                "the third convolution is missing. It brings the input to the new shape wherever the stride or the number of channels changes.",
                project=lambda *a: False,
            ),
            given(
                "the third convolution is counted always. A block that changes neither side nor channels adds its input as it is.",
                project=lambda *a: True,
            ),
            given(
                "the third convolution is missing where only the number of channels changes: a sum needs equal channels, too.",
                project=lambda i, o, s: s != 1,
            ),
            given(
                "the third convolution is missing where only the stride isn't 1: a sum needs equal sides, too.",
                project=lambda i, o, s: i != o,
            ),
            given(
                "the third convolution is counted as 3×3. It looks at one place at a time: 1×1, so it has n_in × n_out weights.",
                side=lambda i, o, s: 9 * i * o,
            ),
            given("the third convolution has a BatchNorm as well.", side_bn=0),
            Mistake(
                "the second convolution gets what the first one gives: n_out channels, not n_in.",
                lambda i, o, s: count(i, o, s) - 9 * o * o + 9 * i * o,
            ),
            Mistake(
                "the first convolution gets n_in channels and gives n_out; yours has n_out on both sides.",
                lambda i, o, s: count(i, o, s) - 9 * i * o + 9 * o * o,
            ),
            given(
                "the third convolution is missing where only one of stride and channels changes: it takes `or`, not `and`.",
                project=lambda i, o, s: s != 1 and i != o,
            ),
            Mistake("channels in and channels out are exchanged.", lambda i, o, s: count(o, i, s)),
            Mistake(
                "a BatchNorm has as many channels as the convolution in front of it gives: n_out for each, also for the first.",
                lambda i, o, s: count(i, o, s) + 2 * i - 2 * o,
            ),
            Mistake(
                "you count everything in `state_dict()`. BatchNorm's running mean, its variance and its counter of batches are buffers: they are kept, but they don't learn.",
                lambda i, o, s: count(i, o, s, bn=4) + (3 if s != 1 or i != o else 2),
            ),
            Mistake(
                "you count 3 for a 3×3 kernel. It has nine weights for every pair of channels.",
                lambda i, o, s: count(i, o, s) - 6 * i * o - 6 * o * o,
            ),
            Mistake(
                "the stride doesn't change the number of weights: a kernel that takes larger steps is the same kernel.",
                lambda i, o, s: count(i, o, s) // s**2,
            ),
        ],
        cases,
        "block_weights",
        names=[f"n_in={i}, n_out={o}, stride={s}" for i, o, s in cases],
        praise="Right: two 3×3 convolutions, a third 1×1 where the shape changes, and a BatchNorm behind each.",
    )


def keras_kernel(answer) -> Right:
    "Exercise 2: keras_kernel(w) -> a weight of torch in Keras' axis order: NumPy [out, in, H, W] -> [H, W, in, out], or [out, in] -> [in, out]."
    what, rng = "keras_kernel", np.random.default_rng(0)
    made = lambda *shape: (rng.normal(size=shape).astype("float32").round(2),)
    right = lambda w: w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T
    four = [made(4, 3, 2, 5), made(3, 3, 3, 3)]
    names = ["a weight of shape (4, 3, 2, 5)", "a weight of shape (3, 3, 3, 3)"]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the shape fits and the numbers are in the wrong places: reshape leaves them in their old order and only counts them off anew. Axes are moved by transpose.",
                lambda w: w.reshape(w.shape[2], w.shape[3], w.shape[1], w.shape[0]),
            ),
            Mistake(
                "height and width are exchanged, so every kernel is mirrored at its diagonal. That is .T, which turns the order of all four axes round; "
                "height stays in front of width.",
                lambda w: w.T,
            ),
            Mistake(
                "[H, W, out, in] has the last two axes exchanged: in Keras the input channels stand before the output channels.",
                lambda w: w.transpose(2, 3, 0, 1),
            ),
            Mistake(
                "this is [H, W] moved to the wrong end. Keras wants the order H, W, in, out.",
                lambda w: w.transpose(1, 0, 2, 3),
            ),
            Mistake(
                "the kernel is turned upside down. Neither framework flips it: what both call a convolution is a correlation, so only axes move.",
                lambda w: right(w)[::-1, ::-1],
            ),
            Mistake(
                "transpose(3, 2, 0, 1) says where each axis goes. NumPy reads it the other way round: which old axis stands at each new place.",
                lambda w: w.transpose(3, 2, 0, 1),
            ),
            Mistake("nothing has moved: the axes are still out, in, H, W.", lambda w: w),
        ],
        four,
        what,
        names=names,
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "a Dense layer's kernel [out, in] comes back as it was. Keras multiplies from the other side, so it needs [in, out].",
                lambda w: w,
            ),
            Mistake(
                "a matrix [out, in] is turned into [in, out] by exchanging the axes; reshape gives the shape and leaves the numbers in their old order.",
                lambda w: w.reshape(w.shape[::-1]),
            ),
        ],
        [made(2, 3), made(3, 3)],
        what,
        names=["a weight of shape (2, 3)", "a weight of shape (3, 3)"],
        praise="Right: H, W, in, out, and no number changed.",
    )


def folded(answer) -> Right:
    "Exercise 3: folded(kernel, gamma, beta, mean, var, eps=1e-5) -> (kernel, bias) of one convolution that does the work of convolution and BatchNorm."
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
                "eps is left out. It keeps a channel of hardly any variance from being blown up, and it stands under the root: sqrt(var + eps).",
                scale=lambda g, v, e: g / np.sqrt(v),
            ),
            given(
                "eps stands outside of the root. BatchNorm divides by sqrt(var + eps).",
                scale=lambda g, v, e: g / (np.sqrt(v) + e),
            ),
            given(
                "you divide by the variance. BatchNorm divides by its root, the standard deviation.",
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
                "the bias is beta alone. BatchNorm takes the mean away first, and a convolution without bias can't: the bias has to.",
                bias=lambda b, m, s: b,
            ),
            given("the mean is added. BatchNorm takes it away.", bias=lambda b, m, s: b + m * s),
            given(
                "the mean goes into the bias unscaled. BatchNorm subtracts it before it divides and multiplies, so it is scaled like the kernel.",
                bias=lambda b, m, s: b - m,
            ),
            given(
                "beta is scaled, too. BatchNorm adds it last, as it is.",
                bias=lambda b, m, s: (b - m) * s,
            ),
            given(
                "the bias is zero in yours. What BatchNorm takes away and adds has to go somewhere.",
                bias=lambda b, m, s: 0 * b,
            ),
            Mistake(
                "the mean is multiplied by gamma in the bias, and not divided by the standard deviation. It goes through the same factor as the kernel: gamma / sqrt(var + eps).",
                lambda k, g, b, m, v, eps=1e-5: (fold(k, g, b, m, v, eps)[0], b - m * g),
            ),
            Mistake(
                "eps is 1e-5 in yours, whatever is passed. That is only the default.",
                lambda k, g, b, m, v, eps=1e-5: fold(k, g, b, m, v),
            ),
            Mistake("kernel and bias come in the wrong order.", lambda *args: fold(*args)[::-1]),
            given("beta is missing in the bias.", bias=lambda b, m, s: -m * s),
            given(
                "the factors are laid along the input channels (axis 1). BatchNorm stands behind the convolution, so each factor belongs to an output channel: axis 0.",
                along=lambda s: s[None, :, None, None],
            ),
            Mistake(
                "the kernel comes back as it was; only the bias has changed. Dividing and multiplying are work for the kernel.",
                lambda k, *args: (k, fold(k, *args)[1]),
            ),
        ],
        cases,
        "folded",
        tol=1e-4,
        names=[
            f"a kernel of shape {c[0].shape}{f' and eps={c[5]}' if len(c) > 5 else ''}"
            for c in cases
        ],
        praise="Right: one factor a channel into the kernel, and what is left into the bias.",
    )


def _file(**arrays):
    "Bytes of a safetensors file, the arrays in the order given."
    codes, header, at = (
        {"float32": "F32", "float16": "F16", "int32": "I32", "int64": "I64"},
        {"__metadata__": {"made": "for a check"}},
        0,
    )
    for k, a in arrays.items():
        header[k] = dict(dtype=codes[a.dtype.name], shape=a.shape, data_offsets=(at, at + a.nbytes))
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for a in arrays.values())


def array_in_file(answer) -> Right:
    "Exercise 4: array_in_file(data, name) -> the NumPy array called `name` in the bytes of a safetensors file (F32, F16, I32, I64)."
    what, rng = "array_in_file", np.random.default_rng(2)
    f = lambda *shape: rng.normal(size=shape).astype("float32")
    count = np.arange(4).reshape(2, 2)
    one, two = (
        _file(a=f(2, 3), b=f(3, 2), c=f(4)),
        _file(
            small=f(2, 2).astype("float16"),
            short=count.astype("int32"),
            long=count.astype("int64"),
            kernel=f(2, 1, 3, 3),
        ),
    )
    kinds = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I64": "<i8"}

    def read(
        data, name, *, start=lambda n: 8 + n, dtype=kinds.get, order="C", first=None, raw=False
    ):
        n = int.from_bytes(data[:8], "little")
        a = json.loads(data[8 : 8 + n])[name]
        begin, end = a["data_offsets"]
        begin, end = (0, end - begin) if first else (begin, end)
        flat = np.frombuffer(data[start(n) + begin : start(n) + end], dtype(a["dtype"]))
        return flat if raw else flat.reshape(a["shape"], order=order)

    def given(says, **kw):
        return Mistake(says, lambda *args: read(*args, **kw))

    diagnose(
        answer,
        read,
        [
            given(
                "the offsets are counted from the start of the file. They count from the end of the header: 8 bytes of length and the header itself come first.",
                start=lambda n: 0,
            ),
            given(
                "the offsets are counted from the end of the header text in yours, but the eight bytes before it are forgotten: the numbers begin at 8 + its length.",
                start=lambda n: n,
            ),
            given(
                "the numbers are looked for right behind the first eight bytes, where the header stands. They begin at 8 + its length.",
                start=lambda n: 8,
            ),
            given(
                "you read the first array of the file, whichever is asked for: add the array's own begin, data_offsets[0].",
                first=True,
            ),
            given(
                "the numbers come as one row: give them the shape that the header states.", raw=True
            ),
            given(
                "the numbers are filled in column by column. Safetensors stores the last axis running fastest, which is NumPy's own order.",
                order="F",
            ),
            given(
                "the bytes are read with the highest first. They are stored lowest first: '<f4', not '>f4'.",
                dtype=lambda d: kinds[d].replace("<", ">"),
            ),
        ],
        [(one, "a"), (one, "b"), (one, "c")],
        what,
        names=[f"a file with three float32 arrays, and name={n!r}" for n in "abc"],
    )
    mixed = lambda *names: (
        [(two, n) for n in names],
        [f"a file with arrays of float16, int32, int64 and float32, and name={n!r}" for n in names],
    )
    cases, names = mixed("kernel", "short")
    diagnose(
        answer,
        read,
        [
            given(
                "you read every array as float32. The header says of each what it is: F32, F16, I32 and I64 are '<f4', '<f2', '<i4' and '<i8'.",
                dtype=lambda d: "<f4",
            ),
        ],
        cases,
        what,
        names=names,
    )
    cases, names = mixed("small", "long")
    diagnose(answer, read, [], cases, what, names=names)
    for n in ("small", "short", "long", "kernel"):
        got, kind = (
            attempt(answer, (two, n), what, f"the same file, and name={n!r}"),
            read(two, n).dtype.name,
        )
        if kind not in str(getattr(got, "dtype", kind)):
            raise Wrong(
                f"{what}: the numbers of {n!r} are right, but they come as {got.dtype}, and the file has {kind}. Leave the dtype as it is."
            )
    return Right("Right: eight bytes, a header, and the numbers where it says.")


def scaled_features(answer) -> Right:
    "Exercise 5: scaled_features(train, test) -> both, each feature brought to mean 0 and standard deviation 1; NumPy [n, F] and [m, F]."
    rng, what = np.random.default_rng(3), "scaled_features"

    def made(n, m, f):
        return tuple(
            (rng.normal(size=(k, f)) * np.linspace(0.5, 20, f) + shift).astype("float32")
            for k, shift in ((n, 3), (m, 5))
        )

    cases, names = (
        [made(6, 4, 4), made(5, 5, 5)],
        ["6 and 4 pictures with 4 features", "5 and 5 pictures with 5 features"],
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
                "the test pictures are scaled by their own mean and spread. The head then meets features that mean something else than in training, and a single picture "
                "would always be 0: use what the training pictures gave.",
                seen=lambda a, b: (a, b),
            ),
            given(
                "mean and spread come from both splits together, so the training has seen the test pictures. Measure on train alone.",
                seen=both,
            ),
            given(
                "mean and spread come from the test split, which nothing may be fitted to. Measure on train alone.",
                seen=lambda a, b: (b, b),
            ),
            given(
                "there is one mean and one spread for all features. Each feature (column) has its own: a large one would drown the small ones.",
                mean=lambda a: a.mean(),
                std=lambda a: a.std(),
            ),
            given(
                "each picture (row) is scaled by itself. Each feature (column) should be: mean and spread along axis 0.",
                mean=lambda a: a.mean(1, keepdims=True),
                std=lambda a: a.std(1, keepdims=True),
                seen=lambda a, b: (a, b),
            ),
            given(
                "you divide by the variance. The standard deviation, its root, has the feature's own unit.",
                std=lambda a: a.var(0),
            ),
            given(
                "you divide by the spread before the mean is taken away from anything: (x - mean) / std.",
                mean=lambda a: 0,
            ),
            given(
                "only the mean is taken away; the features still have very different spreads.",
                std=lambda a: np.ones(a.shape[1]),
            ),
            given(
                "the spread is computed with n - 1 (ddof=1, the default of pandas and torch). Nothing breaks by it; StandardScaler, whose result this should be, divides by n.",
                std=lambda a: a.std(0, ddof=1),
            ),
            Mistake(
                "only the training features are scaled. The head was fitted to scaled features, so the test's have to go through the same. "
                "(If you do scale them: are mean and spread measured again, after train was changed?)",
                lambda a, b: (scale(a, b)[0], b),
            ),
            Mistake(
                "the mean isn't taken away from the test features. If you do it: was it measured after train was changed? Its mean is 0 then. Measure mean and spread first.",
                quiet(lambda a, b: (scale(a, b)[0], b / a.std(0))),
            ),
            Mistake("train and test come back in the wrong order.", lambda a, b: scale(a, b)[::-1]),
            given(
                "this brings each feature to the range 0 to 1. Asked for are mean 0 and standard deviation 1.",
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
        "a feature that is the same for every training picture, such as a channel that never lights up, has a spread of 0, and you divide by it. Divide by 1 there, as StandardScaler does.",
        1e-3,
    )
    return Right("Right: measured on train, used on both, and a dead feature stays harmless.")
