"""losses: value and gradient against PyTorch and torchvision, at ordinary and at extreme logits."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score
from torchvision.ops import sigmoid_focal_loss

from mlc_course import losses as L

CELLWISE = [
    L.binary_cross_entropy,
    L.binary_cross_entropy_with_logits,
    L.focal_loss,
    L.asymmetric_loss,
]
ALL = CELLWISE + [L.macro_soft_f1]
DTYPES = [torch.float32, torch.float64]
by_name = lambda f: f.__name__


def pair(n=16, c=5, scale=3.0, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = (torch.randn(n, c, generator=g, dtype=torch.float64) * scale).to(dtype)
    return x, (torch.rand(n, c, generator=g) < 0.3).to(dtype)


def value_and_grad(f, x, t):
    x = x.clone().requires_grad_()
    out = f(x, t)
    return out.detach(), torch.autograd.grad(out.sum(), x)[0]


def same(ours, theirs, x, t, **kw):
    for a, b in zip(value_and_grad(ours, x, t), value_and_grad(theirs, x, t)):
        torch.testing.assert_close(a, b, **kw)


torchs_focal = lambda x, t: sigmoid_focal_loss(x, t, reduction="mean")
REFERENCES = [
    (L.binary_cross_entropy, F.binary_cross_entropy_with_logits),
    (L.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits),
    (L.focal_loss, torchs_focal),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 1e4])
@pytest.mark.parametrize("ours,theirs", REFERENCES)
def test_equal_to_library(ours, theirs, scale, dtype):
    same(ours, theirs, *pair(scale=scale, dtype=dtype))


@st.composite
def batches(draw, soft=False, limit=1e4):
    np_dtype, dtype, width = draw(
        st.sampled_from([(np.float32, torch.float32, 32), (np.float64, torch.float64, 64)])
    )
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 6)))
    # logits near 0, at 0, where float32 rounds the sigmoid, and far out
    number = st.one_of(
        st.floats(-limit, limit, width=width),
        st.floats(-20, 20, width=width),
        st.sampled_from([0.0, -0.0, 17.0, -17.0, 88.75, -88.75, 104.0, -104.0]),
    )
    x = draw(arrays(np_dtype, shape, elements=number))
    t = draw(
        arrays(
            np_dtype,
            shape,
            elements=st.floats(0, 1, width=width) if soft else st.sampled_from([0.0, 1.0]),
        )
    )
    return torch.tensor(x, dtype=dtype), torch.tensor(t, dtype=dtype)


@settings(max_examples=60, deadline=None)
@given(batches(soft=True))
def test_cross_entropy_any_logits_any_target(batch):
    for f in (L.binary_cross_entropy, L.binary_cross_entropy_with_logits):
        same(f, F.binary_cross_entropy_with_logits, *batch)


@settings(max_examples=40, deadline=None)
@given(
    batches(soft=True), st.sampled_from(["number", "labels", "cells", "column"]), st.integers(0, 99)
)
def test_pos_weight(batch, kind, seed):
    x, t = batch
    shape = {"number": (), "labels": x.shape[1:], "cells": x.shape, "column": (len(x), 1)}[kind]
    w = torch.rand(shape, generator=torch.Generator().manual_seed(seed)).to(x.dtype) * 50
    same(
        lambda x, t: L.binary_cross_entropy_with_logits(x, t, w),
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=w),
        x,
        t,
    )


def test_pos_weight_as_number_list_array():
    x, t = pair()
    for w in (3, [3.0] * 5, np.full(5, 3.0)):
        torch.testing.assert_close(
            L.binary_cross_entropy_with_logits(x, t, w),
            F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(3.0)),
        )
    for w in (torch.ones(4), torch.ones(2, 16, 5)):
        with pytest.raises(ValueError, match="pos_weight has shape"):
            L.binary_cross_entropy_with_logits(x, t, w)


@settings(max_examples=40, deadline=None)
@given(
    batches(), st.sampled_from([0.0, 1.0, 2.0, 5.0]), st.sampled_from([None, 0.0, 0.25, 0.75, 1.0])
)
def test_focal(batch, gamma, alpha):
    theirs = lambda x, t: sigmoid_focal_loss(
        x, t, -1 if alpha is None else alpha, gamma, reduction="mean"
    )
    same(lambda x, t: L.focal_loss(x, t, gamma, alpha), theirs, *batch)


def plain_asymmetric(x, t, gamma_neg=4, gamma_pos=0, clip=0.05):
    "The formula of the paper, without care for large logits."
    p = x.sigmoid()
    pm = (p - clip).clamp(min=0)
    return torch.where(
        t == 1, -((1 - p) ** gamma_pos) * torch.log(p), -(pm**gamma_neg) * torch.log(1 - pm)
    ).mean()


@pytest.mark.parametrize(
    "args", [(4, 0, 0.05), (4, 1, 0.05), (2, 2, 0.0), (1, 0, 0.2), (0, 0, 0.05), (0, 0, 0.0)]
)
def test_asymmetric(args):
    x, t = pair(scale=3, dtype=torch.float64)
    same(
        lambda x, t: L.asymmetric_loss(x, t, *args),
        lambda x, t: plain_asymmetric(x, t, *args),
        x,
        t,
    )


def test_special_cases_meet():
    x, t = pair(scale=20, dtype=torch.float64)
    bce = L.binary_cross_entropy(x, t)
    torch.testing.assert_close(L.focal_loss(x, t, 0, None), bce)
    torch.testing.assert_close(L.asymmetric_loss(x, t, 0, 0, 0), bce)
    torch.testing.assert_close(L.asymmetric_loss(x, t, 2, 2, 0), L.focal_loss(x, t, 2, None))
    torch.testing.assert_close(L.binary_cross_entropy_with_logits(x, t, 1.0), bce)


def plain_soft_f1(x, t, double):
    p = x.sigmoid()
    tp, fp, fn, tn = (
        (p * t).sum(0),
        (p * (1 - t)).sum(0),
        ((1 - p) * t).sum(0),
        ((1 - p) * (1 - t)).sum(0),
    )
    f1 = 2 * tp / (2 * tp + fn + fp + 1e-16)
    if double:
        f1 = (f1 + 2 * tn / (2 * tn + fn + fp + 1e-16)) / 2
    return (1 - f1).mean()


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0])
def test_soft_f1(scale, double):
    same(
        lambda x, t: L.macro_soft_f1(x, t, double),
        lambda x, t: plain_soft_f1(x, t, double),
        *pair(scale=scale, dtype=torch.float64),
    )


def test_soft_f1_of_certain_answers_is_f1():
    g = np.random.default_rng(0)
    t, hard = g.random((300, 7)) < 0.2, g.random((300, 7)) < 0.3
    t[:, 0] = False
    hard[:, 1] = False  # labels without a positive, without a yes
    x, y = torch.tensor(hard) * 400.0 - 200, torch.tensor(t)
    assert L.macro_soft_f1(x, y, double=False).item() == pytest.approx(
        1 - f1_score(t, hard, average="macro", zero_division=0), abs=1e-6
    )


@settings(max_examples=40, deadline=None)
@given(batches())
def test_finite_value_and_gradient_everywhere(batch):
    extra = [lambda x, t, g=g: L.focal_loss(x, t, gamma=g) for g in (0.5, 3.5)] + [
        lambda x, t, a=a: L.asymmetric_loss(x, t, *a)
        for a in ((0.5, 0.5, 0.05), (4, 1, 0.0), (0.5, 0.5, 0.0))
    ]
    for f in ALL + extra:
        value, grad = value_and_grad(f, *batch)
        assert torch.isfinite(value) and torch.isfinite(grad).all() and value >= 0


@pytest.mark.parametrize("f", ALL, ids=by_name)
def test_gradient_against_finite_differences(f):
    x, t = pair(4, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: f(x, t), x.requires_grad_())


@pytest.mark.parametrize(
    "f",
    [
        L.binary_cross_entropy,
        L.binary_cross_entropy_with_logits,
        lambda x, t: L.binary_cross_entropy_with_logits(x, t, 1.0),
    ],
)
def test_gradient_at_exactly_zero(f):
    "relu and abs have slopes at 0 that don't fit together; a head initialised with zeros meets this at its first step."
    t = torch.tensor([[0.0, 1.0, 0.3]])
    torch.testing.assert_close(value_and_grad(f, torch.zeros(1, 3), t)[1] * 3, 0.5 - t)


@pytest.mark.parametrize("f", CELLWISE, ids=by_name)
def test_better_predictions_cost_less(f):
    "The swapped-branches trap: moving a logit towards its target lowers the loss."
    x = torch.linspace(-6, 6, 49)
    up, down = (f(x, torch.full_like(x, t), reduction="none") for t in (1.0, 0.0))
    assert (up.diff() <= 0).all() and (down.diff() >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_and_softmax(dtype):
    x = torch.cat(
        [torch.linspace(-1e4, 1e4, 401), torch.linspace(-110, 110, 881), torch.tensor([0.0, -0.0])]
    ).to(dtype)
    value, slope = value_and_grad(lambda x, _: L.sigmoid(x), x, None)
    torch.testing.assert_close(value, x.sigmoid(), rtol=1e-5, atol=1e-30)
    torch.testing.assert_close(
        slope, x.sigmoid() * (-x).sigmoid(), rtol=1e-5, atol=1e-30
    )  # PyTorch's own rounds 1 - p here
    grid = torch.randn(6, 7, generator=torch.Generator().manual_seed(0)).to(dtype) * 1e3
    for dim in (0, 1, -1):
        w = torch.arange(42.0).reshape(6, 7).to(dtype)
        same(lambda x, _: L.softmax(x, dim) * w, lambda x, _: x.softmax(dim) * w, grid, None)
    assert L.sigmoid(torch.tensor([-math.inf, math.inf])).tolist() == [0, 1]
    torch.testing.assert_close(
        L.softmax(torch.tensor([-math.inf, 0.0, 0.0])), torch.tensor([0.0, 0.5, 0.5])
    )
    assert L.sigmoid(torch.tensor([0])).item() == 0.5 and L.softmax(
        torch.tensor([3, 3])
    ).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("f", ALL, ids=by_name)
def test_target_dtypes_and_subclasses(f):
    x, t = pair()
    expected = f(x, t)

    class Row(torch.Tensor):
        pass

    class Picture(torch.Tensor):
        pass

    for other in (t.bool(), t.long(), t.to(torch.uint8), t.double(), t.half(), t.as_subclass(Row)):
        torch.testing.assert_close(f(x, other), expected)
    out = f(x.as_subclass(Picture), t.as_subclass(Row))
    assert type(out) is torch.Tensor and out == expected


def test_fastai_tensors():
    from fastai.torch_core import TensorImage, TensorMultiCategory

    x, t = pair()
    x = x.requires_grad_()
    for f in ALL:
        loss = f(x.as_subclass(TensorImage), t.as_subclass(TensorMultiCategory))
        assert torch.isfinite(torch.autograd.grad(loss, x)[0]).all()


@pytest.mark.parametrize("f", ALL, ids=by_name)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(f, dtype):
    x, t = pair(scale=10, dtype=dtype)
    out = f(x, t)
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, f(x.float(), t))
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(f(x, t), out)


def test_large_logit_keeps_its_gradient_under_autocast():
    x = torch.full((1, 1), 120.0).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        loss = L.binary_cross_entropy_with_logits(x.bfloat16(), torch.zeros(1, 1))
    loss.backward()
    assert (loss.item(), x.grad.item()) == (120, 1)


@pytest.mark.parametrize("f", CELLWISE, ids=by_name)
def test_reductions(f):
    x, t = pair()
    cells = f(x, t, reduction="none")
    assert cells.shape == x.shape
    torch.testing.assert_close(f(x, t, reduction="sum"), cells.sum())
    torch.testing.assert_close(f(x, t), cells.mean())
    with pytest.raises(ValueError, match="reduction"):
        f(x, t, reduction="batchmean")


@pytest.mark.parametrize("f", ALL, ids=by_name)
def test_refusals(f):
    x, t = pair()
    for bad, part in [
        ((x, t[:, :1]), "shape"),
        ((x, t.T), "shape"),
        ((x, torch.arange(16)), "class numbers"),
        ((x[:0], t[:0]), "empty"),
        ((x, t * 255), "255"),
        ((x, t - 1), "goes from -1"),
        ((x, t * math.nan), "nan"),
        ((t, x), "swapped"),
    ]:
        with pytest.raises(ValueError, match=part):
            f(*bad)
    for bad in [(x.long(), t), (x.numpy(), t), (x, t.tolist())]:
        with pytest.raises(TypeError):
            f(*bad)


@pytest.mark.parametrize("f", ALL, ids=by_name)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_logits_that_are_not_finite(f, bad):
    "Refused on the CPU, or where asked; without the check NaN goes through and stays visible, as in PyTorch."
    x, t = pair()
    x[0, 0] = bad
    for check in (None, True):
        with pytest.raises(ValueError, match="diverged"):
            f(x, t, check=check)
    if math.isnan(bad):
        assert f(x, t, check=False).isnan()


def test_check_can_be_left_out():
    x, t = pair()
    torch.testing.assert_close(
        L.binary_cross_entropy_with_logits(x, t * 255, check=False),
        F.binary_cross_entropy_with_logits(x, t * 255),
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda x, t: L.focal_loss(x, t, gamma=-1),
        lambda x, t: L.focal_loss(x, t, alpha=-1),
        lambda x, t: L.asymmetric_loss(x, t, clip=1),
        lambda x, t: L.asymmetric_loss(x, t, gamma_neg=-1),
        lambda x, t: L.macro_soft_f1(x[0], t[0]),
    ],
)
def test_bad_settings(call):
    with pytest.raises(ValueError):
        call(*pair())


def test_positive_weights():
    t = np.zeros((10, 4), bool)
    t[:2, 0] = True
    t[:5, 1] = True
    t[:, 3] = True
    for targets in (t, torch.tensor(t), t.astype(float), t.astype(np.int64)):
        w = L.positive_weights(targets)
        assert w.dtype == torch.float32
        torch.testing.assert_close(w, torch.tensor([4.0, 1.0, 10.0, 0.1]))
    for bad in (t * 0.5, t[0], t[:0], t * 2):
        with pytest.raises(ValueError):
            L.positive_weights(bad)


# ---- against Keras, through NumPy ---------------------------------------------------------------
@pytest.fixture(scope="module")
def keras():
    from mlc_course.settings import import_tensorflow

    import_tensorflow()
    import keras

    return keras


@settings(max_examples=25, deadline=None)
@given(batch=batches(soft=True))
def test_cross_entropy_equals_keras(keras, batch):
    x, t = batch
    theirs = float(
        keras.losses.BinaryCrossentropy(from_logits=True, dtype=str(x.dtype)[6:])(
            t.numpy(), x.numpy()
        )
    )
    for f in (L.binary_cross_entropy, L.binary_cross_entropy_with_logits):
        assert f(x, t).item() == pytest.approx(theirs, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("gamma, alpha", [(2.0, 0.25), (0.0, 0.5), (5.0, 0.9)])
def test_focal_equals_keras(keras, gamma, alpha):
    x, t = pair(scale=3)
    theirs = keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=True, alpha=alpha, gamma=gamma, from_logits=True
    )(t.numpy(), x.numpy())
    assert L.focal_loss(x, t, gamma, alpha).item() == pytest.approx(float(theirs), rel=1e-4)


def test_an_empty_batch_is_refused_where_pytorch_gives_nan():
    x = torch.zeros(0, 3)
    assert F.binary_cross_entropy_with_logits(x, x).isnan()
    for f in ALL:
        with pytest.raises(ValueError, match="empty"):
            f(x, x)


def test_second_derivative_of_the_derivative_by_hand():
    x, t = pair(5, 3, dtype=torch.float64)
    f = lambda x, t: L.binary_cross_entropy(x, t, check=False)
    assert torch.autograd.gradgradcheck(
        f, (x.requires_grad_(), t.mul(0.8).add(0.1).requires_grad_())
    )


def test_in_a_compiled_function():
    "Values can't be looked at while PyTorch traces; the result is the same."
    x, t = pair()
    graph = torch.compile(L.binary_cross_entropy, backend="eager")
    torch.testing.assert_close(graph(x, t), L.binary_cross_entropy(x, t))


def exact_cost(x, t):
    "The definition, in arithmetic of 120 digits, where even the naive formula is exact."
    p = 1 / (1 + Decimal(-x).exp())
    return float(-(p if t else 1 - p).ln())


@pytest.mark.parametrize("x", [-100.0, -17.0, -1.0, 0.0, 0.5, 16.5, 40.0, 120.0])
def test_cross_entropy_is_right_not_only_equal_to_a_library(x):
    logit = torch.tensor([x], dtype=torch.float64)
    with localcontext() as context:
        context.prec = 120
        for t in (0, 1):
            for f in (L.binary_cross_entropy, L.binary_cross_entropy_with_logits):
                assert f(logit, torch.tensor([t])).item() == pytest.approx(
                    exact_cost(x, t), rel=1e-12
                )


def test_the_lesson_and_the_package_name_one_thing():
    import mlc_course

    for name in ("focal_loss", "asymmetric_loss", "macro_soft_f1", "positive_weights"):
        assert getattr(mlc_course, name) is getattr(L, name)
        assert name in L.__all__


def test_weighted_derivatives_are_those_of_the_formula():
    "In float64, for logits, targets and weights, by finite differences and beside PyTorch."
    import torch

    from mlc_course.scores.torch_losses import weighted_cells

    gen = torch.Generator().manual_seed(0)
    x, t = (torch.randn(5, 3, generator=gen, dtype=torch.double) * o for o in (20, 0))
    t += torch.rand(5, 3, generator=gen, dtype=torch.double)
    w = torch.rand(3, generator=gen, dtype=torch.double) * 7
    every = [o.clone().requires_grad_() for o in (x, t, w)]
    assert torch.autograd.gradcheck(weighted_cells, every)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        x, t, pos_weight=w, reduction="none"
    )
    torch.testing.assert_close(weighted_cells(x, t, w), theirs)
    far = torch.tensor([[-200.0, 0.0, 200.0]], requires_grad=True)
    weighted_cells(far, torch.tensor([[1.0, 1.0, 1.0]]), w.float()).sum().backward()
    torch.testing.assert_close(far.grad[0, 0], -w[0].float())
    torch.testing.assert_close(far.grad[0, 1], -w[1].float() / 2)
    assert far.grad[0, 2] == 0 or abs(float(far.grad[0, 2])) < 1e-30
