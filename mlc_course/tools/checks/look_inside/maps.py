"Exercise: where a network looks."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, function, torch_first
from .._names import called


def _network():
    """A small network with a head that isn't linear, so that a channel's weight differs from
    image to image.
    """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            g = torch.Generator().manual_seed(5)
            self.weight = torch.nn.Parameter(
                torch.randn(4, 3, 2, 2, generator=g, dtype=torch.float64)
            )
            self.hidden = torch.nn.Parameter(
                torch.randn(6, 8, generator=g, dtype=torch.float64) * 0.6
            )
            self.head = torch.nn.Parameter(torch.randn(3, 6, generator=g, dtype=torch.float64) * 2)

        def feature_map(self, x):
            return torch.relu(torch.nn.functional.conv2d(x, self.weight))

        def logits(self, A):
            return (
                torch.tanh(torch.cat([A.mean((2, 3)), A.amax((2, 3))], 1) @ self.hidden.T)
                @ self.head.T
            )

        def forward(self, x):
            return self.logits(self.feature_map(x))

    return Net()


def grad_cam(answer) -> Right:
    """Exercise 2: grad_cam(A, logits, c) -> maps [N, h, w]; `A` [N, K, h, w] carries gradients,
    `logits` [N, C] come from it.
    """
    torch_first()
    import torch

    what = called(answer, "my_grad_cam")
    function(answer, what)
    net = _network()

    def of(f, seed=0, n=3, c=1, side=4):
        "The result of `f` on a fresh graph."
        x = torch.randn(
            n, 3, side, side + 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        A = net.feature_map(x).detach().requires_grad_(True)
        return f(A, net.logits(A), c)

    cases = [(0, 3, 1, 4), (1, 2, 0, 5), (2, 4, 2, 4)]
    ran = lambda f: lambda seed, n, c, side: of(f, seed, n, c, side)

    def maps(score, relu=True, pool="mean", positive=False, mul=True, each=False):
        def f(A, logits, c):
            (g,) = torch.autograd.grad(score(logits, c), A, retain_graph=True)
            if positive:
                g = torch.relu(g)
            w = (
                g.mean((2, 3), keepdim=True)
                if pool == "mean"
                else g.sum((2, 3), keepdim=True)
                if pool == "sum"
                else g.amax((2, 3), keepdim=True)
                if pool == "max"
                else g.mean((0, 2, 3), keepdim=True)
                if pool == "all"
                else g
            )
            m = (w * A).sum(1) if mul else w.sum(1).expand_as(A[:, 0])
            if each:
                m = torch.relu(w * A).sum(1)
            return (torch.relu(m) if relu else m).detach().numpy()

        return f

    one = lambda logits, c: logits[:, c].sum()

    def detached(*args):
        got = answer(*args)
        return got.detach().cpu().numpy() if hasattr(got, "detach") else got

    return diagnose(
        ran(detached),
        ran(maps(one)),
        [
            Mistake(
                "the negative parts are still there. Grad-CAM ends in a relu: what speaks "
                "against the label isn't part of its map.",
                ran(maps(one, relu=False)),
            ),
            Mistake(
                "the gradient is that of the probability. It carries the factor p(1 - p), "
                "which nearly vanishes where the model is sure: differentiate the logit.",
                ran(maps(lambda z, c: z[:, c].sigmoid().sum())),
            ),
            Mistake(
                "the gradient is that of all logits together. The map of label c needs the "
                "gradient of column c alone.",
                ran(maps(lambda z, c: z.sum())),
            ),
            Mistake(
                "the gradient is that of another label: of the one with the highest logit in "
                "each image. The question is asked for label c, whatever the model predicts.",
                ran(maps(lambda z, c: z.max(1).values.sum())),
            ),
            Mistake(
                "the gradient is that of the first label in every case. Use the argument `c`.",
                ran(maps(lambda z, c: z[:, 0].sum())),
            ),
            Mistake(
                "the gradient is that of the first image alone, so the maps of the others are "
                "empty. Add up column c over the images: logits[:, c].sum().",
                ran(maps(lambda z, c: z[0, c])),
            ),
            Mistake(
                "you take row c of the logits; the labels are the columns: logits[:, c].",
                ran(maps(lambda z, c: z[min(c, len(z) - 1)].sum())),
            ),
            Mistake(
                "the gradient is multiplied with the activation position by position. Grad-CAM "
                "averages it over the positions first, so that each channel has one weight.",
                ran(maps(one, pool="none")),
            ),
            Mistake(
                "the gradient is added up over the positions. Take the mean, so that a larger "
                "map doesn't give a hotter one.",
                ran(maps(one, pool="sum")),
            ),
            Mistake(
                "negative weights are set to 0 before the sum, so a channel that speaks "
                "against the label can't take anything away. The relu comes at the end only.",
                ran(maps(one, positive=True)),
            ),
            Mistake(
                "the gradient is averaged over the images as well. Each image has its own "
                "weights: average over the positions only.",
                ran(maps(one, pool="all")),
            ),
            Mistake(
                "you differentiate the mean over the images, so every map is smaller by "
                "their number, and depends on the batch. Take the sum: images don't mix.",
                ran(maps(lambda z, c: z[:, c].mean())),
            ),
            Mistake(
                "the channels are averaged. Add them up.",
                ran(lambda A, z, c: maps(one)(A, z, c) / A.shape[1]),
            ),
            Mistake(
                "each channel goes through the relu before the sum, so a channel that speaks "
                "against the label can't take anything away. Add up first, then the relu.",
                ran(maps(one, each=True)),
            ),
            Mistake(
                "the gradient is that of a softmax. These labels don't exclude each other, and the "
                "score to differentiate is the logit itself.",
                ran(maps(lambda z, c: z.softmax(1)[:, c].sum())),
            ),
            Mistake(
                "the absolute value is taken at the end. What speaks against the label then "
                "looks as if it spoke for it: use a relu.",
                ran(lambda A, z, c: abs(maps(one, relu=False)(A, z, c))),
            ),
            Mistake(
                "these are the pooled gradients alone. They weigh the activations: multiply by "
                "A before you add up the channels.",
                ran(maps(one, mul=False)),
            ),
            Mistake(
                "the channels aren't weighed: this is the sum of the activations, the same for "
                "every label.",
                ran(lambda A, z, c: A.sum(1).detach().numpy()),
            ),
            Mistake(
                "the maps are divided by the highest value of all of them. Leave the scale: a map "
                "must not depend on the other images.",
                ran(lambda A, z, c: maps(one)(A, z, c) / maps(one)(A, z, c).max()),
            ),
            Mistake(
                "the sign is the wrong way round: these maps show what speaks against the label.",
                ran(maps(lambda z, c: -z[:, c].sum())),
            ),
            Mistake(
                "each channel's weight is the largest gradient. Take the mean over the positions.",
                ran(maps(one, pool="max")),
            ),
            Mistake(
                "each map is divided by its own maximum. Leave the scale: otherwise the map of "
                "an absent label looks as hot as any other.",
                ran(
                    lambda A, z, c: (lambda m: m / np.maximum(m.max((1, 2), keepdims=True), 1e-12))(
                        maps(one)(A, z, c)
                    )
                ),
            ),
        ],
        cases,
        what,
        names=[f"{n} images, label {c}" for _, n, c, _ in cases],
        praise="Right: the gradient of one logit, one weight for each channel, and a relu at the "
        "end.",
    )
