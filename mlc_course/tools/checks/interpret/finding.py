"Exercises: worst cells, answers of folds, and how well the unknown is told apart."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, converted, diagnose, function, plain


def _loss(p, t):
    return -np.where(t, np.log(p), np.log(1 - p))


def worst_cells(answer) -> Right:
    """Exercise 1: worst_cells(probs, targets, k) -> list of k pairs (row, column), the highest
    binary cross-entropy first.
    """
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
                "these are the cells with the lowest loss. Either the sorting is the wrong way "
                "round, or the two branches of the loss are exchanged: a cell costs -log(p) "
                "where the label is there, and -log(1 - p) where it isn't.",
                pairs(lambda p, t: -_loss(p, t)),
            ),
            Mistake(
                "the cells are right, and in rising order: the worst comes first.",
                lambda p, t, k: right(p, t, k)[::-1],
            ),
            Mistake(
                "only labels that the model predicts (above 0.5) are in your list. A label "
                "that is there and was given a probability near 0 costs as much as a false "
                "alarm, and is missing.",
                pairs(lambda p, t: np.where(p > 0.5, _loss(p, t), -1)),
            ),
            Mistake(
                "only labels that are there are in your list. A label that isn't there and was "
                "given a high probability costs just as much.",
                pairs(lambda p, t: np.where(t, _loss(p, t), -1)),
            ),
            Mistake(
                "only labels that aren't there are in your list. A label that is there and was "
                "given a low probability costs just as much.",
                pairs(lambda p, t: np.where(t, -1, _loss(p, t))),
            ),
            Mistake(
                "these are the cells with the highest probability; the target isn't asked. A "
                "high probability is a mistake only where the label isn't there.",
                pairs(lambda p, t: p),
            ),
            Mistake(
                "these are the cells of which the model is least sure. A probability near 0.5 "
                "costs little; the highest loss is where it was sure and wrong.",
                pairs(lambda p, t: -abs(p - 0.5)),
            ),
            Mistake(
                "rows and columns are exchanged: each pair is (row, column), the picture first.",
                lambda p, t, k: [o[::-1] for o in right(p, t, k)],
            ),
            Mistake(
                "each picture appears once, with its worst label. Two cells of one picture may "
                "both be among the worst.",
                lambda p, t, k: [
                    [int(i), int(_loss(p, t)[i].argmax())]
                    for i in np.argsort(-_loss(p, t).max(1), kind="stable")[:k]
                ],
            ),
        ],
        cases,
        "worst_cells",
        names=[f"{p.shape[0]} pictures, {p.shape[1]} labels, k = {k}" for p, _, k in cases],
        praise="Right: every cell by its own loss, the worst first, whether it is a miss or a "
        "false alarm.",
    )


def held_out(answer) -> Right:
    """Exercise 3: held_out(x, y, parts, fit) -> probabilities [N, C]; `fit(x, y)` gives a function
    from x to probabilities.
    """
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
                "every picture is predicted by a model that was fitted to all of them, itself "
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
                "its pictures, out[parts == k], or they are compared with the labels of other "
                "pictures.",
                in_order,
            ),
            Mistake(
                "only one part is predicted; the rest is empty. Does the loop go over all "
                "parts, and does `return` stand after it?",
                first_only,
            ),
            Mistake(
                "every picture is predicted by all models and the mean is taken; all but one "
                "of them have seen its label. Take only the model that hasn't.",
                lambda x, y, parts: np.mean(
                    [Model(x[parts != k], y[parts != k])(x) for k in np.unique(parts)], 0
                ),
            ),
        ],
        cases,
        what,
        names=[f"{len(x)} pictures, {y.shape[1]} labels, parts {p.tolist()}" for x, y, p in cases],
        praise="Right: every picture is judged by a model that hasn't seen its labels, and stays "
        "in its row.",
    )
