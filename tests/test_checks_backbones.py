"Each check of lessons 89 and 91 takes the right answer and names the typical wrong ones."

import json
import warnings

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says

from mlc_course.tools import checks
from mlc_course.tools.checks import backbones as module


def right_block(n_in, n_out, stride):
    from mlc_course.backbones_torch import ResidualBlock

    return sum(p.numel() for p in ResidualBlock(n_in, n_out, stride).parameters())


def right_kernel(w):
    return np.moveaxis(w, (0, 1), (-1, -2)) if w.ndim == 4 else np.swapaxes(w, 0, 1)


def right_folded(kernel, gamma, beta, mean, var, eps=1e-5):
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    t = torch.from_numpy
    return tuple(
        p.detach().numpy()
        for p in fuse_conv_bn_weights(t(kernel), None, t(mean), t(var), eps, t(gamma), t(beta))
    )


def right_array(data, name):
    from safetensors.numpy import load

    return load(data)[name]


def right_scaled(train, test):
    from sklearn.preprocessing import StandardScaler

    s = StandardScaler().fit(train)
    return s.transform(train), s.transform(test)


RIGHT = dict(
    block_weights=right_block,
    keras_kernel=right_kernel,
    folded=right_folded,
    array_in_file=right_array,
    scaled_features=right_scaled,
)


@pytest.mark.parametrize("name", RIGHT)
def test_every_mistake_differs_from_the_right_answer_and_from_the_others(name, monkeypatch):
    mistakes_are_told_apart(module, name, RIGHT[name], monkeypatch)


@pytest.mark.parametrize("name", RIGHT)
def test_stub_exception_and_odd_answers(name):
    odd_answers_are_refused(getattr(checks, name))
    says(getattr(checks, name), lambda *args: 42.0, "expected")
    passes(getattr(checks, name), RIGHT[name])


def test_block_weights():
    changes = lambda i, o, s: s > 1 or i != o
    passes(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + (i * o + 2 * o) * changes(i, o, s),
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + i * o * changes(i, o, s),
        "BatchNorms are missing",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 8 * o + (i * o + 4 * o) * changes(i, o, s),
        "measured and not learnt",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 6 * o + (i * o + 3 * o) * changes(i, o, s),
        "no bias here",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o,
        "third convolution is missing. It brings",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + i * o + 2 * o,
        "counted always",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + (i * o + 2 * o) * (s > 1),
        "only the number of channels",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + (i * o + 2 * o) * (i != o),
        "only the stride",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + (9 * i * o + 2 * o) * changes(i, o, s),
        "1×1",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + i * o * changes(i, o, s),
        "a BatchNorm as well",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 18 * i * o + 4 * o + (i * o + 2 * o) * changes(i, o, s),
        "what the first one gives",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 4 * o + (i * o + 2 * o) * (s > 1 and i != o),
        "not `and`",
    )
    says(checks.block_weights, lambda i, o, s: right_block(o, i, s), "are exchanged")
    says(
        checks.block_weights,
        lambda i, o, s: 9 * i * o + 9 * o * o + 2 * i + 2 * o + (i * o + 2 * o) * changes(i, o, s),
        "n_out for each",
    )

    def everything(i, o, s):
        from mlc_course.backbones_torch import ResidualBlock

        return sum(v.numel() for v in ResidualBlock(i, o, s).state_dict().values())

    says(checks.block_weights, everything, "counter of batches")
    says(
        checks.block_weights,
        lambda i, o, s: 18 * o * o + 4 * o + (i * o + 2 * o) * changes(i, o, s),
        "n_out on both sides",
    )
    says(
        checks.block_weights,
        lambda i, o, s: 3 * i * o + 3 * o * o + 4 * o + (i * o + 2 * o) * changes(i, o, s),
        "nine weights",
    )


def test_keras_kernel():
    passes(
        checks.keras_kernel,
        lambda w: np.einsum("oihw->hwio", w) if w.ndim == 4 else np.einsum("oi->io", w),
    )
    passes(checks.keras_kernel, lambda w: w.transpose(*range(2, w.ndim), 1, 0))
    says(
        checks.keras_kernel,
        lambda w: w.reshape(*w.shape[2:], w.shape[1], w.shape[0]),
        "counts them off anew",
    )
    says(checks.keras_kernel, lambda w: w.T, "mirrored at its diagonal")
    says(checks.keras_kernel, lambda w: np.einsum("oihw->hwoi", w), "before the output channels")
    says(checks.keras_kernel, lambda w: w, "nothing has moved")
    says(checks.keras_kernel, lambda w: np.einsum("oihw->hwio", w)[::-1, ::-1], "upside down")
    says(checks.keras_kernel, lambda w: w.transpose(3, 2, 0, 1), "which old axis")
    says(
        checks.keras_kernel,
        lambda w: np.einsum("oihw->hwio", w) if w.ndim == 4 else w,
        "needs [in, out]",
    )
    says(
        checks.keras_kernel,
        lambda w: np.einsum("oihw->hwio", w) if w.ndim == 4 else w.reshape(w.shape[1], w.shape[0]),
        "exchanging the axes",
    )
    says(checks.keras_kernel, lambda w: w.transpose(2, 3, 1, 0), "stopped with ValueError")


def test_keras_kernel_is_what_keras_uses():
    "The right answer, in a Keras layer, gives what torch gives."
    import torch

    from mlc_course.settings import import_tensorflow

    tf = import_tensorflow()
    w, x = torch.randn(5, 4, 3, 2), torch.rand(2, 4, 9, 9)
    a = torch.nn.functional.conv2d(x, w).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(
        tf.nn.conv2d(x.permute(0, 2, 3, 1).numpy(), right_kernel(w.numpy()), 1, "VALID"),
        a,
        atol=1e-4,
    )


def test_folded():
    def fold(k, g, b, m, v, eps=1e-5):
        s = g * (v + eps) ** -0.5
        return np.einsum("oihw,o->oihw", k, s), b - m * s

    passes(checks.folded, fold)
    wide = lambda s: s.reshape(-1, 1, 1, 1)
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (k * wide(g / v**0.5), b - m * g / v**0.5),
        "eps is left out",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (k * wide(g / (v**0.5 + eps)), b - m * g / (v**0.5 + eps)),
        "outside of the root",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (k * wide(g / (v + eps)), b - m * g / (v + eps)),
        "divide by the variance",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (k * wide((v + eps) ** -0.5), b - m * (v + eps) ** -0.5),
        "gamma is missing",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (fold(k, g, b, m, v, eps)[0], b),
        "beta alone",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (fold(k, g, b, m, v, eps)[0], b - m),
        "unscaled",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (fold(k, g, b, m, v, eps)[0], b + m * g / (v + eps) ** 0.5),
        "the mean is added",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (
            fold(k, g, b, m, v, eps)[0],
            (b - m) * g / (v + eps) ** 0.5,
        ),
        "beta is scaled",
    )
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (
            k * (g / (v + eps) ** 0.5).reshape(1, -1, 1, 1),
            fold(k, g, b, m, v, eps)[1],
        ),
        "axis 0",
    )
    says(
        checks.folded, lambda k, g, b, m, v, eps=1e-5: (k, fold(k, g, b, m, v, eps)[1]), "as it was"
    )
    says(checks.folded, lambda k, g, b, m, v, eps=1e-5: fold(k, g, b, m, v), "only the default")
    says(checks.folded, lambda *args: fold(*args)[::-1], "in the wrong order")
    says(
        checks.folded,
        lambda k, g, b, m, v, eps=1e-5: (fold(k, g, b, m, v, eps)[0], b - m * g),
        "divided by the standard deviation",
    )
    says(checks.folded, lambda *args: (fold(*args)[0], np.zeros(len(args[1]))), "zero in yours")
    says(
        checks.folded,
        lambda *args: (fold(*args)[0], fold(*args)[1][:, None]),
        "result 2 of 2 should be",
    )
    says(checks.folded, lambda *args: fold(*args)[0], "should give 2 results")
    says(
        checks.folded,
        lambda *args: dict(kernel=fold(*args)[0], bias=fold(*args)[1]),
        "should give 2 results",
    )
    says(checks.folded, lambda k, g, b, m, v: fold(k, g, b, m, v), "stopped with TypeError")


def test_array_in_file():
    from mlc_course.backbones import read_safetensors

    passes(checks.array_in_file, lambda data, name: read_safetensors(data)[0][name])
    kinds = {"F32": np.float32, "F16": np.float16, "I32": np.int32, "I64": np.int64}

    def read(data, name, skip=8, dtype=lambda d: kinds[d], own=True):
        n = int.from_bytes(data[:8], "little")
        a = json.loads(data[8 : 8 + n])[name]
        count = (a["data_offsets"][1] - a["data_offsets"][0]) // np.dtype(
            dtype(a["dtype"])
        ).itemsize
        return np.frombuffer(
            data,
            dtype(a["dtype"]),
            count,
            (n + skip if skip is not None else 0) + (a["data_offsets"][0] if own else 0),
        ), a["shape"]

    passes(checks.array_in_file, lambda data, name: (lambda a, s: a.reshape(s))(*read(data, name)))
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s))(*read(data, name, None)),
        "from the end of the header",
    )
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s))(*read(data, name, 0)),
        "eight bytes before it are forgotten",
    )
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s))(*read(data, name, own=False)),
        "first array",
    )
    says(checks.array_in_file, lambda data, name: read(data, name)[0], "as one row")
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s[::-1]).T)(*read(data, name)),
        "column by column",
    )
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s))(*read(data, name, dtype=lambda d: ">f4")),
        "lowest first",
    )
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s))(*read(data, name, dtype=lambda d: "<f4")),
        "as float32",
    )
    says(
        checks.array_in_file,
        lambda data, name: (lambda a, s: a.reshape(s))(
            *read(data, name, dtype=lambda d: kinds[d] if d != "F16" else "<i2")
        ),
        "isn't right yet",
    )
    says(checks.array_in_file, lambda data, name: json.loads(data)[name], "stopped with")
    says(
        checks.array_in_file,
        lambda data, name: right_array(data, name).astype("float32"),
        "come as float32, and the file has float16",
    )

    def behind_the_length(data, name):
        n = int.from_bytes(data[:8], "little")
        a = json.loads(data[8 : 8 + n])[name]
        begin, end = a["data_offsets"]
        return np.frombuffer(data[8 + begin : 8 + end], kinds[a["dtype"]]).reshape(a["shape"])

    says(checks.array_in_file, behind_the_length, "where the header stands")
    says(checks.array_in_file, lambda *args: right_array(*args).tolist(), "come as a list")

    def numbers_for_bytes(data, name):
        n = int.from_bytes(data[:8], "little")
        a = json.loads(data[8 : 8 + n])[name]
        begin, end = a["data_offsets"]
        return np.frombuffer(data[8 + n :], kinds[a["dtype"]])[begin:end].reshape(a["shape"])

    says(checks.array_in_file, numbers_for_bytes, "count bytes")

    def one_after_the_other(data, name):
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        for key in header:
            if key == name:
                a = header[name]
                count = int(np.prod(a["shape"]))
                return np.frombuffer(data, kinds[a["dtype"]], count, start).reshape(a["shape"])
            if key != "__metadata__":
                begin, end = header[key]["data_offsets"]
                start += end - begin

    says(checks.array_in_file, one_after_the_other, "in another order")
    passes(
        checks.array_in_file,
        lambda data, name: __import__("safetensors.torch").torch.load(data)[name],
    )


def test_scaled_features():
    std = lambda a: np.where(a.std(0) > 0, a.std(0), 1)
    passes(checks.scaled_features, lambda a, b: [(x - a.mean(0)) / std(a) for x in (a, b)])
    says(
        checks.scaled_features,
        lambda a, b: [(x - x.mean(0)) / std(x) for x in (a, b)],
        "their own mean and spread",
    )

    def together(a, b):
        c = np.concatenate([a, b])
        return [(x - c.mean(0)) / std(c) for x in (a, b)]

    says(checks.scaled_features, together, "both splits together")
    says(
        checks.scaled_features,
        lambda a, b: [(x - b.mean(0)) / std(b) for x in (a, b)],
        "from the test split",
    )
    says(
        checks.scaled_features,
        lambda a, b: [(x - a.mean()) / a.std() for x in (a, b)],
        "for all features",
    )
    says(
        checks.scaled_features,
        lambda a, b: [(x - x.mean(1)[:, None]) / x.std(1)[:, None] for x in (a, b)],
        "each image (row)",
    )
    says(
        checks.scaled_features,
        lambda a, b: [(x - a.mean(0)) / np.where(a.var(0) > 0, a.var(0), 1) for x in (a, b)],
        "by the variance",
    )
    says(
        checks.scaled_features,
        lambda a, b: ((a - a.mean(0)) / std(a), b),
        "only the training features",
    )
    says(
        checks.scaled_features,
        lambda a, b: [(x - a.mean(0)) / a.std(0, ddof=1) for x in (a, b)],
        "n - 1",
    )
    says(checks.scaled_features, lambda a, b: [x - a.mean(0) for x in (a, b)], "only the mean")
    says(
        checks.scaled_features,
        lambda a, b: [(x - a.min(0)) / np.ptp(a, 0) for x in (a, b)],
        "range 0 to 1",
    )

    def in_place(a, b):
        a -= a.mean(0)
        b -= a.mean(0)
        return a / std(a), b / std(a)

    says(checks.scaled_features, in_place, "measured after train was changed")

    def again(a, b):
        a = (a - a.mean(0)) / std(a)
        return a, (b - a.mean(0)) / std(a)

    says(checks.scaled_features, again, "measured again, after train was changed")
    says(checks.scaled_features, lambda a, b: right_scaled(a, b)[::-1], "in the wrong order")
    for tiny in (1e-8, 1e-5):
        passes(
            checks.scaled_features,
            lambda a, b, tiny=tiny: [(x - a.mean(0)) / (a.std(0) + tiny) for x in (a, b)],
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        says(
            checks.scaled_features,
            lambda a, b: [(x - a.mean(0)) / a.std(0) for x in (a, b)],
            "never lights up",
        )
