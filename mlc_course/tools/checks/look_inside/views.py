"Exercise: the mean of several views."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, function
from .._names import called


def mean_of_views(answer) -> Right:
    """Exercise 3: mean_of_views(predict, x) -> probabilities [N, C] over x and x mirrored; x is [N,
    H, W, 3], `predict` gives logits [N, C].
    """
    what = called(answer, "my_views")
    function(answer, what)
    rng = np.random.default_rng(9)
    cases = [(rng.random((n, h, w, 3)),) for n, h, w in ((3, 4, 5), (2, 6, 3), (5, 3, 3))]
    maps = {s: rng.normal(size=(s[0] * s[1] * 3, 2)) * 3 for s in ((4, 5), (6, 3), (3, 3))}

    def predict(x):
        x = np.asarray(x)
        if x.ndim != 4 or x.shape[1:3] not in maps or x.shape[3] != 3:
            raise ValueError(
                f"predict was given images of shape {x.shape}: it wants [N, H, W, 3], in "
                "their own size"
            )
        return 4 * np.tanh((x - 0.5).reshape(len(x), -1) @ maps[x.shape[1:3]] / 3)

    sig = lambda z: 1 / (1 + np.exp(-z))
    soft = lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)
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
                "the images of the second view are in reverse order, so each is averaged "
                "with another image: axis 0 counts the images, axis 2 is the width.",
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
            Mistake(
                "each view goes through a softmax, which shares 1 among the labels. Here several "
                "labels may be there: use the sigmoid.",
                lambda x: (soft(predict(x)) + soft(predict(x[:, :, ::-1]))) / 2,
            ),
            Mistake(
                "the pixels of the two views are averaged, and the model is asked once. Ask it "
                "about each view, and average the probabilities.",
                lambda x: sig(predict((x + x[:, :, ::-1]) / 2)),
            ),
            Mistake(
                "the sigmoid is applied twice: to each view, and to the mean. Once is enough.",
                lambda x: sig(right(x)),
            ),
            Mistake("the two views are added up. Divide by their number.", lambda x: 2 * right(x)),
            Mistake(
                "the larger probability of the two views is taken, which makes everything "
                "likelier. Take the mean.",
                lambda x: np.maximum(sig(predict(x)), sig(predict(x[:, :, ::-1]))),
            ),
            Mistake(
                "only the mirrored view is asked. Average it with the image as it is.",
                lambda x: sig(predict(x[:, :, ::-1])),
            ),
            Mistake(
                "only the image as it is was asked. Where is the mirrored view?",
                lambda x: sig(predict(x)),
            ),
        ],
        cases,
        what,
        names=[f"{len(c[0])} images of {c[0].shape[1]} x {c[0].shape[2]} pixels" for c in cases],
        praise="Right: mirrored along the width, a sigmoid for each view, then the mean.",
    )
