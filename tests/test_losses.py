"""losses: value and gradient against PyTorch and torchvision, at ordinary and at extreme logits."""
import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from mlc_course import losses as L


def pair(n=16, c=5, scale=3.0, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = (torch.randn(n, c, generator=g, dtype=torch.float64)*scale).to(dtype)
    return x, (torch.rand(n, c, generator=g) < .3).to(dtype)


def value_and_grad(f, x, t):
    x = x.clone().requires_grad_()
    out = f(x, t)
    out.backward()
    return out.detach(), x.grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0., 1., 100., 1e4])
@pytest.mark.parametrize("ours,theirs", [
    (L.binary_cross_entropy, F.binary_cross_entropy_with_logits),
    (L.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits),
    (L.focal_loss, lambda x, t: sigmoid_focal_loss(x, t, reduction="mean")),
])
def test_equal_to_library(ours, theirs, scale, dtype):
    x, t = pair(scale=scale, dtype=dtype)
    for a, b in zip(value_and_grad(ours, x, t), value_and_grad(theirs, x, t)): torch.testing.assert_close(a, b)
