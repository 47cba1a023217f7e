"Exercise: which fault made two answers differ."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, diagnose
from .._names import called

FAULTS = (
    "none",
    "sigmoid twice",
    "sigmoid never",
    "labels in another order",
    "images in another order",
    "something else",
)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _matched(a, b, tol=1e-3):
    "Whether the columns of b are those of a, in whatever order."
    near = np.abs(a[:, :, None] - b[:, None, :]).max(0) < tol
    return bool(near.any(0).all() and near.any(1).all())


def _fault(right, served, tol=1e-3, swap=(), twice=None, never=None, columns=_matched, rows=None):
    close = lambda a, b: np.abs(a - b).max() <= tol
    found = (
        "none"
        if close(served, right)
        else "sigmoid twice"
        if (twice(right, served) if twice else close(served, _sigmoid(right)))
        else "sigmoid never"
        if (never(served) if never else close(_sigmoid(served), right))
        else "labels in another order"
        if columns(right, served)
        else "images in another order"
        if (rows(right, served) if rows else columns(right.T, served.T))
        else "something else"
    )
    return dict([*zip(swap, swap[::-1])]).get(found, found)


def _in_range(right, served):
    "Takes whatever lies between sigmoid(0) and sigmoid(1) for a sigmoid of probabilities."
    return served.min() >= 0.5 and served.max() < 0.7311


def _outside(served):
    "Takes whatever leaves [0, 1] for logits."
    return served.min() < 0 or served.max() > 1


def _sorted_rows(a, b):
    return bool(np.abs(np.sort(a, 1) - np.sort(b, 1)).max() < 1e-3)


def _same_pot(a, b):
    return bool(np.abs(np.sort(a.ravel()) - np.sort(b.ravel())).max() < 1e-3)


def which_fault(answer) -> Right:
    "Exercise 3: `my_diagnosis(right, served)`, one of the six names; both are float [N, C]."
    what, rng = called(answer, "my_diagnosis"), np.random.default_rng(13)
    probs = lambda n=9, c=5: _sigmoid(rng.normal(0, 2, (n, c)))
    noise = lambda x: x + rng.uniform(-1, 1, x.shape) * 2e-5
    p, inner = [probs() for _ in range(11)], rng.uniform(0.05, 0.95, (9, 5))
    order = [2, 0, 3, 1, 4], [1, 0, 4, 3, 2, 8, 7, 6, 5]
    each = np.stack([rng.permutation(o) for o in p[8]])
    cases = [
        (p[0], noise(p[0])),
        (p[1], noise(_sigmoid(p[1]))),
        (p[2], noise(np.log(p[2] / (1 - p[2])))),
        (p[3], noise(p[3][:, order[0]])),
        (p[4], noise(p[4][order[1]])),
        (p[5], probs()),
        (p[6], 0.5 + 0.23 * rng.random(p[6].shape)),
        (p[7], 1 - p[7]),
        (p[8], each),
        (p[9], rng.permutation(p[9], axis=1)[::-1]),
        (p[10], rng.normal(0, 2, p[10].shape)),
        (inner, inner + rng.choice([-0.01, 0.01], inner.shape)),
    ]
    names = [
        "the right scores, up to rounding",
        "scores that went through the sigmoid twice",
        "logits",
        "the right scores, their columns in another order",
        "the right scores, their rows in another order",
        "scores of other pixels",
        "unrelated scores between 0.5 and 0.73",
        "1 minus the right scores",
        "the right scores, each row shuffled for itself",
        "the right scores, rows and columns in another order",
        "logits of other images",
        "the right scores, each 0.01 too high or too low",
    ]

    def checked(*args):
        got = answer(*args)
        if isinstance(got, str) and got not in FAULTS:
            raise Wrong(
                f"{what}: {got!r} isn't one of the names; they are {', '.join(map(repr, FAULTS))}."
            )
        return got

    no_cells = lambda a, b: False
    return diagnose(
        checked if callable(answer) else answer,
        _fault,
        [
            Mistake(
                "you compare exactly, or nearly so. The service computes in another library, so "
                "the last digits differ: allow a difference of 0.001.",
                lambda a, b: _fault(a, b, tol=0, columns=lambda x, y: _matched(x, y, 0)),
            ),
            Mistake(
                "you ignore a difference of 0.01. Other digits than the last come from a fault: "
                "ignore at most 0.001.",
                lambda a, b: _fault(a, b, tol=0.02, columns=lambda x, y: _matched(x, y, 0.02)),
            ),
            Mistake(
                "'twice' and 'never' are exchanged. With the sigmoid twice, everything lies "
                "between 0.5 and 0.73; never leaves logits, below 0 and above 1.",
                lambda a, b: _fault(a, b, swap=("sigmoid twice", "sigmoid never")),
            ),
            Mistake(
                "rows and columns are exchanged: a row is an image, a column is a label.",
                lambda a, b: _fault(
                    a, b, swap=("labels in another order", "images in another order")
                ),
            ),
            Mistake(
                "you look at the range alone. Scores between 0.5 and 0.73 can have other "
                "causes: compare with the sigmoid of the right scores.",
                lambda a, b: _fault(a, b, twice=_in_range),
            ),
            Mistake(
                "you look at the ranges alone. Other scores may lie between 0.5 and 0.73, and "
                "other logits outside 0 to 1: compare with what each fault makes of the right "
                "scores.",
                lambda a, b: _fault(a, b, twice=_in_range, never=_outside),
            ),
            Mistake(
                "you look for numbers outside 0 to 1. They may be other logits: compare "
                "their sigmoid with the right scores.",
                lambda a, b: _fault(a, b, never=_outside),
            ),
            Mistake(
                "it isn't enough that each row has the right numbers in some order: it has to "
                "be one order of the labels for all images. Look for each column of one "
                "array among the columns of the other.",
                lambda a, b: _fault(
                    a, b, columns=_sorted_rows, rows=lambda x, y: _matched(x.T, y.T)
                ),
            ),
            Mistake(
                "it isn't enough that both arrays hold the same numbers: rows and columns may "
                "both be shuffled, or each row for itself. Look for each column of one array "
                "among the columns of the other.",
                lambda a, b: _fault(a, b, columns=lambda x, y: _matched(x, y), rows=_same_pot),
            ),
            Mistake(
                "another order isn't recognised, and any may occur. Look for each column of "
                "one array among the columns of the other, then the same for rows.",
                lambda a, b: _fault(a, b, columns=no_cells, rows=no_cells),
            ),
        ],
        cases,
        what,
        names=names,
        praise="Right: a service can run this diagnosis on itself.",
    )
