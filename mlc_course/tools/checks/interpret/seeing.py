"Exercises: where a network looks, and the mean of several views."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, function, torch_first


def _network():
    """A small network with a head that isn't linear, so that a channel's weight differs from
    picture to picture.
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

    what = "grad_cam"
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

    def maps(score, relu=True, pool="mean", positive=False, mul=True):
        def f(A, logits, c):
            (g,) = torch.autograd.grad(score(logits, c), A, retain_graph=True)
            if positive:
                g = torch.relu(g)
            w = (
                g.mean((2, 3), keepdim=True)
                if pool == "mean"
                else g.sum((2, 3), keepdim=True)
                if pool == "sum"
                else g.mean((0, 2, 3), keepdim=True)
                if pool == "all"
                else g
            )
            m = (w * A).sum(1) if mul else w.sum(1).expand_as(A[:, 0])
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
                "each picture. The question is asked for label c, whatever the model predicts.",
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
                "the gradient is averaged over the pictures as well. Each picture has its own "
                "weights: average over the positions only.",
                ran(maps(one, pool="all")),
            ),
            Mistake(
                "you differentiate the mean over the pictures, so every map is smaller by "
                "their number, and depends on the batch. Take the sum: pictures don't mix.",
                ran(maps(lambda z, c: z[:, c].mean())),
            ),
            Mistake(
                "the channels are averaged. Add them up.",
                ran(lambda A, z, c: maps(one)(A, z, c) / A.shape[1]),
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
        names=[f"{n} pictures, label {c}" for _, n, c, _ in cases],
        praise="Right: the gradient of one logit, one weight for each channel, and a relu at the "
        "end.",
    )


def mean_of_views(answer) -> Right:
    """Exercise 5: mean_of_views(predict, x) -> probabilities [N, C] over x and x mirrored; x is [N,
    H, W, 3], `predict` gives logits [N, C].
    """
    what = "mean_of_views"
    function(answer, what)
    rng = np.random.default_rng(9)
    cases = [(rng.random((n, h, w, 3)),) for n, h, w in ((3, 4, 5), (2, 6, 3), (5, 3, 3))]
    maps = {s: rng.normal(size=(s[0] * s[1] * 3, 2)) * 3 for s in ((4, 5), (6, 3), (3, 3))}

    def predict(x):
        x = np.asarray(x)
        if x.ndim != 4 or x.shape[1:3] not in maps or x.shape[3] != 3:
            raise ValueError(
                f"predict was given pictures of shape {x.shape}: it wants [N, H, W, 3], in "
                "their own size"
            )
        return (x - 0.5).reshape(len(x), -1) @ maps[x.shape[1:3]]

    sig = lambda z: 1 / (1 + np.exp(-z))
    right = lambda x: (sig(predict(x)) + sig(predict(x[:, :, ::-1]))) / 2
    both = lambda x, other: (sig(predict(x)) + sig(predict(other))) / 2
    return diagnose(
        lambda x: answer(predict, x),
        right,
        [
            Mistake(
                "the second view stands upside down: the axes are [N, H, W, 3], so left and "
                "right are exchanged by turning round axis 2, x[:, :, ::-1].",
                lambda x: both(x, x[:, ::-1]),
            ),
            Mistake(
                "the second view has its colours exchanged, red for blue: axis 3 holds the "
                "channels, and the width is axis 2.",
                lambda x: both(x, x[..., ::-1]),
            ),
            Mistake(
                "the second view is turned by 180 degrees: only axis 2, the width, may be "
                "turned round.",
                lambda x: both(x, x[:, ::-1, ::-1]),
            ),
            Mistake(
                "the pictures of the second view are in reverse order, so each is averaged "
                "with another picture: axis 0 counts the pictures, axis 2 is the width.",
                lambda x: both(x, x[::-1]),
            ),
            Mistake(
                "the logits are averaged, and the sigmoid comes after it. Here the mean of the "
                "probabilities is wanted: one view that is very sure outvotes the other "
                "otherwise.",
                lambda x: sig((predict(x) + predict(x[:, :, ::-1])) / 2),
            ),
            Mistake(
                "each view is cut at a threshold first, and then yes and no are averaged. That "
                "leaves 0, 0.5 and 1; average the probabilities.",
                lambda x: ((predict(x) > 0) * 1.0 + (predict(x[:, :, ::-1]) > 0)) / 2,
            ),
            Mistake(
                "the mean is cut at a threshold. Give the probabilities; the threshold is "
                "somebody else's job.",
                lambda x: (right(x) > 0.5) * 1.0,
            ),
            Mistake(
                "these are logits: `predict` gives logits, and each view needs the sigmoid.",
                lambda x: (predict(x) + predict(x[:, :, ::-1])) / 2,
            ),
            Mistake("the two views are added up. Divide by their number.", lambda x: 2 * right(x)),
            Mistake(
                "the larger probability of the two views is taken, which makes everything "
                "likelier. Take the mean.",
                lambda x: np.maximum(sig(predict(x)), sig(predict(x[:, :, ::-1]))),
            ),
            Mistake(
                "only the mirrored view is asked. Average it with the picture as it is.",
                lambda x: sig(predict(x[:, :, ::-1])),
            ),
            Mistake(
                "only the picture as it is was asked. Where is the mirrored view?",
                lambda x: sig(predict(x)),
            ),
        ],
        cases,
        what,
        names=[f"{len(c[0])} pictures of {c[0].shape[1]} x {c[0].shape[2]} pixels" for c in cases],
        praise="Right: mirrored along the width, a sigmoid for each view, then the mean.",
    )
