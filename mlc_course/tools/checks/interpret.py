"""Checks of lesson 12."""

from __future__ import annotations

import numpy as np

from ._core import Mistake, Right, converted, diagnose, function, plain, torch_first


def _loss(p, t):
    return -np.where(t, np.log(p), np.log(1 - p))


def worst_cells(answer) -> Right:
    "Exercise 1: worst_cells(probs, targets, k) -> list of k pairs (row, column), the highest binary cross-entropy first."
    rng = np.random.default_rng(3)

    def case(n, c, k):
        t = rng.random((n, c)) < 0.35
        p = np.linspace(0.02, 0.97, n * c)
        rng.shuffle(p)
        return p.reshape(n, c), t, k

    few = np.array([[0.9, 0.55], [0.05, 0.4]]), np.array([[False, True], [True, False]])
    cases = [case(5, 3, 4), case(8, 4, 6), case(3, 6, 1), (*few, 2)]

    def pairs(order):
        def f(p, t, k):
            s = order(p, t)
            return [
                [int(i) // p.shape[1], int(i) % p.shape[1]]
                for i in np.argsort(-s.ravel(), kind="stable")[:k]
            ]

        return f

    right = pairs(_loss)
    as_pairs = lambda got: (
        [[int(v) for v in o] for o in plain(got)]
        if not isinstance(plain(got), (str, dict)) and np.ndim(plain(got)) == 2
        else got
    )
    return diagnose(
        converted(function(answer, "worst_cells"), as_pairs),
        right,
        [
            Mistake(
                "these are the cells with the lowest loss. Either the sorting is the wrong way round, or the two branches of the loss are exchanged: "
                "a cell costs -log(p) where the label is there, and -log(1 - p) where it isn't.",
                pairs(lambda p, t: -_loss(p, t)),
            ),
            Mistake(
                "the cells are right, and in rising order: the worst comes first.",
                lambda p, t, k: right(p, t, k)[::-1],
            ),
            Mistake(
                "only labels that the model predicts (above 0.5) are in your list. A label that is there and was given a probability near 0 "
                "costs as much as a false alarm, and is missing.",
                pairs(lambda p, t: np.where(p > 0.5, _loss(p, t), -1)),
            ),
            Mistake(
                "only labels that are there are in your list. A label that isn't there and was given a high probability costs just as much.",
                pairs(lambda p, t: np.where(t, _loss(p, t), -1)),
            ),
            Mistake(
                "only labels that aren't there are in your list. A label that is there and was given a low probability costs just as much.",
                pairs(lambda p, t: np.where(t, -1, _loss(p, t))),
            ),
            Mistake(
                "these are the cells with the highest probability; the target isn't asked. A high probability is a mistake only where the label isn't there.",
                pairs(lambda p, t: p),
            ),
            Mistake(
                "these are the cells of which the model is least sure. A probability near 0.5 costs little; the highest loss is where it was sure and wrong.",
                pairs(lambda p, t: -abs(p - 0.5)),
            ),
            Mistake(
                "rows and columns are exchanged: each pair is (row, column), the picture first.",
                lambda p, t, k: [o[::-1] for o in right(p, t, k)],
            ),
            Mistake(
                "each picture appears once, with its worst label. Two cells of one picture may both be among the worst.",
                lambda p, t, k: [
                    [int(i), int(_loss(p, t)[i].argmax())]
                    for i in np.argsort(-_loss(p, t).max(1), kind="stable")[:k]
                ],
            ),
        ],
        cases,
        "worst_cells",
        names=[f"{p.shape[0]} pictures, {p.shape[1]} labels, k = {k}" for p, _, k in cases],
        praise="Right: every cell by its own loss, the worst first, whether it is a miss or a false alarm.",
    )


def _network():
    "A small network with a head that isn't linear, so that a channel's weight differs from picture to picture."
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
    "Exercise 2: grad_cam(A, logits, c) -> maps [N, h, w]; `A` [N, K, h, w] carries gradients, `logits` [N, C] come from it."
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
                "the negative parts are still there. Grad-CAM ends in a relu: what speaks against the label isn't part of its map.",
                ran(maps(one, relu=False)),
            ),
            Mistake(
                "the gradient is that of the probability. It carries the factor p(1 - p), which nearly vanishes where the model is sure: differentiate the logit.",
                ran(maps(lambda z, c: z[:, c].sigmoid().sum())),
            ),
            Mistake(
                "the gradient is that of all logits together. The map of label c needs the gradient of column c alone.",
                ran(maps(lambda z, c: z.sum())),
            ),
            Mistake(
                "the gradient is that of another label: of the one with the highest logit in each picture. The question is asked for label c, whatever the model predicts.",
                ran(maps(lambda z, c: z.max(1).values.sum())),
            ),
            Mistake(
                "the gradient is that of the first label in every case. Use the argument `c`.",
                ran(maps(lambda z, c: z[:, 0].sum())),
            ),
            Mistake(
                "you take row c of the logits; the labels are the columns: logits[:, c].",
                ran(maps(lambda z, c: z[min(c, len(z) - 1)].sum())),
            ),
            Mistake(
                "the gradient is multiplied with the activation position by position. Grad-CAM averages it over the positions first, so that each channel has one weight.",
                ran(maps(one, pool="none")),
            ),
            Mistake(
                "the gradient is added up over the positions. Take the mean, so that a larger map doesn't give a hotter one.",
                ran(maps(one, pool="sum")),
            ),
            Mistake(
                "negative weights are set to 0 before the sum, so a channel that speaks against the label can't take anything away. The relu comes at the end only.",
                ran(maps(one, positive=True)),
            ),
            Mistake(
                "the gradient is averaged over the pictures as well. Each picture has its own weights: average over the positions only.",
                ran(maps(one, pool="all")),
            ),
            Mistake(
                "you differentiate the mean over the pictures, so every map is smaller by their number, and depends on the batch. Take the sum: pictures don't mix.",
                ran(maps(lambda z, c: z[:, c].mean())),
            ),
            Mistake(
                "the channels are averaged. Add them up.",
                ran(lambda A, z, c: maps(one)(A, z, c) / A.shape[1]),
            ),
            Mistake(
                "the absolute value is taken at the end. What speaks against the label then looks as if it spoke for it: use a relu.",
                ran(lambda A, z, c: abs(maps(one, relu=False)(A, z, c))),
            ),
            Mistake(
                "these are the pooled gradients alone. They weigh the activations: multiply by A before you add up the channels.",
                ran(maps(one, mul=False)),
            ),
            Mistake(
                "the channels aren't weighed: this is the sum of the activations, the same for every label.",
                ran(lambda A, z, c: A.sum(1).detach().numpy()),
            ),
            Mistake(
                "each map is divided by its own maximum. Leave the scale: otherwise the map of an absent label looks as hot as any other.",
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
        praise="Right: the gradient of one logit, one weight for each channel, and a relu at the end.",
    )


def held_out(answer) -> Right:
    "Exercise 3: held_out(x, y, parts, fit) -> probabilities [N, C]; `fit(x, y)` gives a function from x to probabilities."
    what = "held_out"
    function(answer, what)

    class Model:
        "Its prediction tells on which rows it was fitted, and whether it is asked about them."

        def __init__(self, x, y):
            self.mean, self.n, self.rows = y.mean(0), len(x), {float(v) for v in x[:, 0]}

        def __call__(self, x):
            known = np.array([float(v) in self.rows for v in x[:, 0]])
            return np.where(
                known[:, None],
                0.9 * self.mean + 0.05,
                0.5 * self.mean + 0.2 + 0.1 * np.sin(x[:, :1] + self.n),
            )

    cases = []
    for seed, n, c, k in ((0, 12, 2, 3), (1, 10, 3, 4), (2, 6, 1, 2)):
        rng = np.random.default_rng(seed)
        cases.append(
            (
                rng.permutation(n)[:, None].astype(float),
                (rng.random((n, c)) < 0.5).astype(float),
                rng.permutation(np.arange(n) % k),
            )
        )

    def right(x, y, parts):
        out = np.empty(y.shape)
        for k in np.unique(parts):
            out[parts == k] = Model(x[parts != k], y[parts != k])(x[parts == k])
        return out

    def swapped(x, y, parts):
        out = np.empty(y.shape)
        for k in np.unique(parts):
            out[parts != k] = Model(x[parts == k], y[parts == k])(x[parts != k])
        return out

    def in_order(x, y, parts):
        return np.concatenate(
            [Model(x[parts != k], y[parts != k])(x[parts == k]) for k in np.unique(parts)]
        )

    def same_part(x, y, parts):
        out = np.empty(y.shape)
        for k in np.unique(parts):
            out[parts == k] = Model(x[parts == k], y[parts == k])(x[parts == k])
        return out

    def first_only(x, y, parts):
        out = np.zeros(y.shape)
        out[parts == 0] = Model(x[parts != 0], y[parts != 0])(x[parts == 0])
        return out

    return diagnose(
        lambda x, y, parts: answer(x, y, parts, Model),
        right,
        [
            Mistake(
                "every picture is predicted by a model that was fitted to all of them, itself included. Such a model may have learned its wrong label by heart: "
                "fit to the other parts only.",
                lambda x, y, parts: Model(x, y)(x),
            ),
            Mistake(
                "each part is predicted by a model that was fitted to that same part. It has seen exactly these labels: fit to the other parts.",
                same_part,
            ),
            Mistake(
                "the parts are exchanged: you fit to one part and predict the others, so most of what is learned from is missing, and later parts overwrite earlier ones. "
                "Fit to all other parts, and predict the one.",
                swapped,
            ),
            Mistake(
                "the predictions come out in the order of the parts. Put each into the rows of its pictures, out[parts == k], or they are compared with the labels of other pictures.",
                in_order,
            ),
            Mistake(
                "only one part is predicted; the rest is empty. Does the loop go over all parts, and does `return` stand after it?",
                first_only,
            ),
            Mistake(
                "every picture is predicted by all models and the mean is taken; all but one of them have seen its label. Take only the model that hasn't.",
                lambda x, y, parts: np.mean(
                    [Model(x[parts != k], y[parts != k])(x) for k in np.unique(parts)], 0
                ),
            ),
        ],
        cases,
        what,
        names=[f"{len(x)} pictures, {y.shape[1]} labels, parts {p.tolist()}" for x, y, p in cases],
        praise="Right: every picture is judged by a model that hasn't seen its labels, and stays in its row.",
    )


def auroc(answer) -> Right:
    "Exercise 4: auroc(known, unknown) -> the chance that a known score is higher than an unknown one, ties counted half."
    what, a = "auroc", lambda *v: np.array(v, dtype=float)
    clear = [
        (a(0.9, 0.7, 0.4), a(0.6, 0.1)),
        (a(0.8, 0.3, 0.2, 0.65), a(0.5, 0.1, 0.7, 0.25, 0.45)),
        (a(0.35), a(0.2, 0.6, 0.9)),
    ]
    tied = [(a(0.9, 0.5, 0.5, 0.5), a(0.5, 0.1, 0.5)), (a(1, 1, 0.2), a(1, 0.2))]
    pairs = lambda k, u: k[:, None] - u[None]
    right = lambda k, u: (pairs(k, u) > 0).mean() + (pairs(k, u) == 0).mean() / 2

    def trapezoid(k, u, flip=False):
        s, y = np.r_[k, u], np.r_[np.ones(len(k)), np.zeros(len(u))]
        y = y[np.argsort(-s, kind="stable")]
        return float((np.cumsum(y) * (1 - y)).sum() / (len(k) * len(u)))

    function(answer, what)
    wrong_way = "the sign is swapped: yours is the chance that the unknown picture scores higher. 1 has to mean perfect separation, so count where the known one is above."
    diagnose(
        answer,
        right,
        [
            Mistake(wrong_way, lambda k, u: 1 - right(k, u)),
            Mistake(
                "this is accuracy at the threshold 0.5. AUROC has no threshold: compare every known score with every unknown one.",
                lambda k, u: np.r_[k > 0.5, u <= 0.5].mean(),
            ),
            Mistake(
                "you compare only those that stand in the same place of the two lists. Every known score meets every unknown one.",
                lambda k, u: float(np.mean([x > y for x, y in zip(k, u)])),
            ),
            Mistake(
                "this is the number of pairs. Their share is wanted: divide by the number of known times the number of unknown ones.",
                lambda k, u: (pairs(k, u) > 0).sum(),
            ),
            Mistake(
                "this is the difference of the two means. Only the order counts, so that any scale of scores can be compared.",
                lambda k, u: k.mean() - u.mean(),
            ),
            Mistake(
                "the larger of the value and 1 minus it is taken. Then a score that is the wrong way round can't be told from a good one.",
                lambda k, u: max(right(k, u), 1 - right(k, u)),
            ),
            Mistake(
                "divide by the number of pairs, known times unknown; yours divides by the square of the number of all pictures, or of one group.",
                lambda k, u: (pairs(k, u) > 0).sum() / len(k) ** 2,
            ),
            Mistake(
                "this is 2 * AUROC - 1, the Gini coefficient: 0 instead of 0.5 where there is no separation.",
                lambda k, u: 2 * right(k, u) - 1,
            ),
        ],
        clear,
        what,
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "pairs with equal scores count nothing in yours. They count half: scores that are all the same separate nothing, which is 0.5.",
                lambda k, u: (pairs(k, u) > 0).mean(),
            ),
            Mistake(
                "pairs with equal scores count in full in yours. They count half: scores that are all the same separate nothing, which is 0.5.",
                lambda k, u: (pairs(k, u) >= 0).mean(),
            ),
            Mistake(
                "pairs with equal scores are left out of the division. They count half, and stay among the pairs.",
                lambda k, u: (pairs(k, u) > 0).sum() / max((pairs(k, u) != 0).sum(), 1),
            ),
        ],
        tied,
        what,
        praise="Right: every known score against every unknown one, and a tie is half.",
    )


def mean_of_views(answer) -> Right:
    "Exercise 5: mean_of_views(predict, x) -> probabilities [N, C] over x and x mirrored; x is [N, H, W, 3], `predict` gives logits [N, C]."
    what = "mean_of_views"
    function(answer, what)
    rng = np.random.default_rng(9)
    cases = [(rng.random((n, h, w, 3)),) for n, h, w in ((3, 4, 5), (2, 6, 3), (5, 3, 3))]
    maps = {s: rng.normal(size=(s[0] * s[1] * 3, 2)) * 3 for s in ((4, 5), (6, 3), (3, 3))}

    def predict(x):
        x = np.asarray(x)
        if x.ndim != 4 or x.shape[1:3] not in maps or x.shape[3] != 3:
            raise ValueError(
                f"predict was given pictures of shape {x.shape}: it wants [N, H, W, 3], in their own size"
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
                "the second view stands upside down: the axes are [N, H, W, 3], so left and right are exchanged by turning round axis 2, x[:, :, ::-1].",
                lambda x: both(x, x[:, ::-1]),
            ),
            Mistake(
                "the second view has its colours exchanged, red for blue: axis 3 holds the channels, and the width is axis 2.",
                lambda x: both(x, x[..., ::-1]),
            ),
            Mistake(
                "the second view is turned by 180 degrees: only axis 2, the width, may be turned round.",
                lambda x: both(x, x[:, ::-1, ::-1]),
            ),
            Mistake(
                "the pictures of the second view are in reverse order, so each is averaged with another picture: axis 0 counts the pictures, axis 2 is the width.",
                lambda x: both(x, x[::-1]),
            ),
            Mistake(
                "the logits are averaged, and the sigmoid comes after it. Here the mean of the probabilities is wanted: one view that is very sure outvotes the other otherwise.",
                lambda x: sig((predict(x) + predict(x[:, :, ::-1])) / 2),
            ),
            Mistake(
                "each view is cut at a threshold first, and then yes and no are averaged. That leaves 0, 0.5 and 1; average the probabilities.",
                lambda x: ((predict(x) > 0) * 1.0 + (predict(x[:, :, ::-1]) > 0)) / 2,
            ),
            Mistake(
                "the mean is cut at a threshold. Give the probabilities; the threshold is somebody else's job.",
                lambda x: (right(x) > 0.5) * 1.0,
            ),
            Mistake(
                "these are logits: `predict` gives logits, and each view needs the sigmoid.",
                lambda x: (predict(x) + predict(x[:, :, ::-1])) / 2,
            ),
            Mistake("the two views are added up. Divide by their number.", lambda x: 2 * right(x)),
            Mistake(
                "the larger probability of the two views is taken, which makes everything likelier. Take the mean.",
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
