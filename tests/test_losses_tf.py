"""The TensorFlow losses against the torch ones (which tests/test_losses.py proves against PyTorch), and against Keras."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlc_course import losses, losses_tf  # PyTorch's side first

tf = losses_tf.tf
import keras

NAMES = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "focal_loss",
    "asymmetric_loss",
    "macro_soft_f1",
]


def both(name, x, t, **kw):
    v = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = getattr(losses_tf, name)(v, t, **kw)
    w = torch.tensor(x, requires_grad=True)
    other = getattr(losses, name)(
        w,
        torch.tensor(t),
        **{k: torch.tensor(a) if isinstance(a, np.ndarray) else a for k, a in kw.items()},
    )
    other.backward()
    return (value.numpy(), tape.gradient(value, v).numpy()), (other.item(), w.grad.numpy())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_value_and_gradient_equal_torch(name, data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    n, c = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    big = data.draw(st.sampled_from([5.0, 100.0, 1e4]))
    x = data.draw(arrays(dtype, (n, c), elements=st.floats(-big, big, width=32)))
    t = data.draw(arrays(bool, (n, c)))
    (v, g), (w, h) = both(name, x, t)
    assert np.isfinite(v) and np.isfinite(g).all()
    np.testing.assert_allclose(v, w, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(g, h, rtol=2e-4, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(x=arrays(np.float32, (4, 3), elements=st.floats(-50, 50, width=32)), t=arrays(bool, (4, 3)))
def test_keras_agrees(x, t):
    t = t.astype("float32")
    np.testing.assert_allclose(
        losses_tf.binary_cross_entropy_with_logits(x, t),
        keras.losses.BinaryCrossentropy(from_logits=True)(t, x),
        rtol=1e-5,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        losses_tf.binary_cross_entropy(x, t),
        keras.losses.BinaryCrossentropy(from_logits=True)(t, x),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("w", [3.0, np.float32([0.5, 1, 7])])
def test_pos_weight(w):
    rng = np.random.default_rng(0)
    x, t = rng.normal(0, 3, (9, 3)).astype("float32"), rng.random((9, 3)) < 0.4
    ours = losses_tf.binary_cross_entropy_with_logits(x, t, pos_weight=w)
    np.testing.assert_allclose(
        ours,
        tf.reduce_mean(
            tf.nn.weighted_cross_entropy_with_logits(t.astype("float32"), x, np.float32(w))
        ),
        rtol=1e-5,
    )
    np.testing.assert_allclose(losses_tf.positive_weights(t), losses.positive_weights(t), rtol=1e-6)


def test_refusals():
    x, t = np.zeros((4, 3), "float32"), np.zeros((4, 3), bool)
    for name in NAMES:
        loss = getattr(losses_tf, name)
        with pytest.raises(ValueError, match="one target for each logit"):
            loss(x, t[:, 0])
        with pytest.raises(ValueError, match="one target for each logit"):
            loss(x[:, :1], t)
        with pytest.raises(ValueError, match="swapped"):
            loss(x, x + 3)
        with pytest.raises(ValueError, match="empty"):
            loss(x[:0], t[:0])
        with pytest.raises(TypeError, match="logits"):
            loss(t, t)
        for bad in (np.nan, np.inf, -np.inf):
            with pytest.raises(ValueError, match="diverged"):
                loss(np.where(np.eye(4, 3), np.float32(bad), x), t)
    with pytest.raises(ValueError, match="pos_weight"):
        losses_tf.binary_cross_entropy_with_logits(x, t, pos_weight=np.ones(2, "float32"))


def test_in_a_graph():
    x, t = np.float32([[1, -2]]), np.float32([[1, 0]])
    np.testing.assert_allclose(
        tf.function(losses_tf.binary_cross_entropy_with_logits)(x, t),
        losses_tf.binary_cross_entropy_with_logits(x, t),
    )
