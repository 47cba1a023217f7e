"Exercise 5 of lesson 06: the expected calibration error."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, edge
from .._names import called


def calibration_error(answer) -> Right:
    "Exercise 5: calibration_error(probs, targets, n_bins=10) -> the expected calibration error of all cells: NumPy [N, C]."
    what, equal = called(answer, "my_calibration_error"), lambda n: np.linspace(0, 1, n + 1)

    def bins(p, t, edges):
        p, t = p.ravel().astype("float64"), t.ravel()
        which = np.digitize(p, edges[1:-1])
        return [
            ((which == b).mean(), p[which == b], t[which == b], (edges[b] + edges[b + 1]) / 2)
            for b in range(len(edges) - 1)
            if (which == b).any()
        ]

    def ece(
        p,
        t,
        n=10,
        edges=equal,
        gap=lambda p, t, mid: abs(p.mean() - t.mean()),
        total=lambda w, g: (w * g).sum(),
    ):
        rows = bins(p, t, edges(n))
        return total(np.array([o[0] for o in rows]), np.array([gap(*o[1:]) for o in rows]))

    right = lambda p, t, n=10: ece(p, t, n)
    other = lambda **kwargs: lambda p, t, n=10: ece(p, t, n, **kwargs)
    signed = lambda p, t, mid: t.mean() - p.mean()

    def sure(p, t, n=10):
        q = np.maximum(p, 1 - p)
        return ece(q, (p > 0.5) == t, n)

    cancel = "the differences keep their signs, so bins that say too much and bins that say too little cancel. Take the absolute difference in each bin."
    answers = (
        "you compare the probability with the accuracy of the thresholded answers. Calibration compares it with the share of cells that are true: "
        "of all cells with probability 0.1, a tenth should be true, and those are the wrong answers."
    )
    spread = (
        "the bins aren't of equal width over [0, 1]: yours depend on the probabilities that happen to occur, "
        "so two models would be measured with different rulers."
    )
    rng = np.random.default_rng(6)

    def cells(n, c):
        t = rng.random((n, c)) < 0.4
        p = np.clip(0.35 * t + 0.55 * rng.random((n, c)) + 0.04, 0.02, 0.98)
        return ((np.floor(p * 20) + 0.5) / 20).astype("float32"), t  # never at the edge of a bin

    general = [(*cells(20, 3), 4), (*cells(40, 2), 5), (*cells(12, 4), 2), (*cells(80, 3),)]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "every bin counts the same in yours, a bin of two cells as much as one of a thousand. Weight each difference by the bin's share of the cells.",
                other(total=lambda w, g: g.mean()),
            ),
            Mistake(cancel, other(gap=signed)),
            Mistake(cancel, other(gap=lambda *o: -signed(*o))),
            Mistake(cancel, other(gap=signed, total=lambda w, g: abs((w * g).sum()))),
            Mistake(cancel, other(gap=signed, total=lambda w, g: g.mean())),
            Mistake(cancel, other(gap=lambda *o: -signed(*o), total=lambda w, g: g.mean())),
            Mistake(
                "this is the largest difference of all bins, the maximum calibration error. The expected one is their weighted mean.",
                other(total=lambda w, g: g.max()),
            ),
            Mistake(answers, other(gap=lambda p, t, mid: abs(p.mean() - ((p > 0.5) == t).mean()))),
            Mistake(answers, sure),
            Mistake(
                "the differences are squared. The calibration error takes their absolute values.",
                other(total=lambda w, g: (w * g**2).sum()),
            ),
            Mistake(
                "you compare with the middle of the bin. The cells needn't lie there: use the mean of their probabilities.",
                other(gap=lambda p, t, mid: abs(mid - t.mean())),
            ),
            Mistake(
                "each label has bins of its own and you take the mean of the labels' errors. Put the cells of all labels into the same bins.",
                lambda p, t, n=10: np.mean([ece(p[:, i], t[:, i], n) for i in range(p.shape[1])]),
            ),
            Mistake(
                "the number of bins is fixed at 10: use the argument `n_bins`.",
                lambda p, t, n=10: ece(p, t),
            ),
            Mistake(
                spread,
                lambda p, t, n=10: ece(
                    p, t, n, edges=lambda n: np.linspace(p.min(), p.max(), n + 1)
                ),
            ),
            Mistake(
                spread,
                lambda p, t, n=10: ece(
                    p,
                    t,
                    n,
                    edges=lambda n: np.quantile(p.astype("float64"), np.linspace(0, 1, n + 1)),
                ),
            ),
            Mistake(
                "this is the Brier score, cell by cell. It also punishes honest doubt; the calibration error compares bins.",
                lambda p, t, n=10: ((p - t) ** 2).mean(),
            ),
            Mistake(
                "this compares each cell with its own 0 or 1, and a probability is never right about a single cell. Compare means over a bin.",
                lambda p, t, n=10: abs(p - t).mean(),
            ),
        ],
        general,
        what,
        names=[
            f"{len(p)} images, {p.shape[1]} labels and {n[0] if n else 10} bins"
            for p, t, *n in general
        ],
    )
    few = (
        np.array([[0.05, 0.95], [0.15, 0.85], [0.05, 0.95]], dtype="float32"),
        np.array([[0, 1], [1, 1], [0, 0]], dtype=bool),
    )
    edge(
        answer,
        right,
        [few, (*few, 25)],
        what,
        "some bins are empty here. There is nothing to compare in them, so they should weigh nothing: skip them.",
    )
    ends = (
        np.array([[0.0, 1.0], [0.25, 1.0], [0.0, 0.65]], dtype="float32"),
        np.array([[0, 1], [1, 0], [1, 1]], dtype=bool),
    )
    edge(
        answer,
        right,
        [ends],
        what,
        "a probability of exactly 0 or 1 has to fall into the first or the last bin. A network that is sure of itself gives many of them.",
    )
    return Right("Right: per bin the absolute difference, weighted by its share of the cells.")
