"Exercise: probabilities from models that haven't seen the label."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, function
from .._names import called


def held_out(answer) -> Right:
    """Exercise 1: held_out(x, y, parts, fit) -> probabilities [N, C]; `fit(x, y)` gives a function
    from x to probabilities.
    """
    what = called(answer, "my_held_out")
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
    for seed, n, c, k in ((0, 12, 2, 3), (1, 10, 3, 4), (2, 6, 1, 2), (3, 14, 2, 7)):
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
                "every image is predicted by a model that was fitted to all of them, itself "
                "included. Such a model may have learned its wrong label by heart: fit to the "
                "other parts only.",
                lambda x, y, parts: Model(x, y)(x),
            ),
            Mistake(
                "each part is predicted by a model that was fitted to that same part. It has "
                "seen exactly these labels: fit to the other parts.",
                same_part,
            ),
            Mistake(
                "the parts are exchanged: you fit to one part and predict the others, so most "
                "of what is learned from is missing, and later parts overwrite earlier ones. "
                "Fit to all other parts, and predict the one.",
                swapped,
            ),
            Mistake(
                "the predictions come out in the order of the parts. Put each into the rows of "
                "its images, out[parts == k], or they are compared with the labels of other "
                "images.",
                in_order,
            ),
            Mistake(
                "only one part is predicted; the rest is empty. Does the loop go over all "
                "parts, and does `return` stand after it?",
                first_only,
            ),
            Mistake(
                "part 0 is left out. The parts are numbered from 0: np.unique(parts) gives all.",
                lambda x, y, parts: np.where(parts[:, None] == 0, 0, right(x, y, parts)),
            ),
            Mistake(
                "the last part is left out. range(parts.max()) stops before it: np.unique(parts) "
                "gives all.",
                lambda x, y, parts: np.where(parts[:, None] == parts.max(), 0, right(x, y, parts)),
            ),
            Mistake(
                "every image is predicted by the model of the last part, which has seen the labels "
                "of all other parts. Predict each part inside the loop.",
                lambda x, y, parts: Model(x[parts != parts.max()], y[parts != parts.max()])(x),
            ),
            Mistake(
                "the probabilities are cut at a threshold. A search needs them as they are: how "
                "improbable a label is decides how suspicious it is.",
                lambda x, y, parts: (right(x, y, parts) > 0.5) * 1.0,
            ),
            Mistake(
                "every image is predicted by all models and the mean is taken; all but one "
                "of them have seen its label. Take only the model that hasn't.",
                lambda x, y, parts: np.mean(
                    [Model(x[parts != k], y[parts != k])(x) for k in np.unique(parts)], 0
                ),
            ),
        ],
        cases,
        what,
        names=[f"{len(x)} images, {y.shape[1]} labels, parts {p.tolist()}" for x, y, p in cases],
        praise="Right: every image is judged by a model that hasn't seen its labels, and stays "
        "in its row.",
    )
