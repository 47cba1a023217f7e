"Exercise: scores as the line that a reader sees."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose
from .._names import called


def _said(
    pick=lambda p, t: p > t,
    order=lambda p, t: -p,
    nothing="no predictions",
    one=lambda v, p: f"{v} {p:.2f}",
    limit=None,
    join=", ".join,
):
    def f(probs, thresholds, vocab):
        rows = sorted(
            (order(float(p), float(t)), k)
            for k, (p, t) in enumerate(zip(probs, thresholds))
            if pick(p, t)
        )
        out = [one(vocab[k], float(probs[k])) for _, k in rows[:limit]]
        if not out:
            return nothing(probs, vocab) if callable(nothing) else nothing
        return join(out)

    return f


def what_is_said(answer) -> Right:
    "Exercise 2: `my_line(probs, thresholds, vocab)`, such as 'moon 0.93' or 'no predictions'."
    vocab = ["sun", "boat", "moon", "car"]
    a = lambda *o: np.array(o, "float32")
    cases = [
        (a(0.61, 0.02, 0.93, 0.4), a(0.5, 0.5, 0.5, 0.3), vocab),
        (a(0.1, 0.31, 0.02, 0.22), a(0.5, 0.25, 0.5, 0.1), vocab),
        (a(0.3, 0.1, 0.45, 0.2), a(0.6, 0.6, 0.6, 0.6), vocab),
        (a(0.5, 0.25, 0.7, 0.1), a(0.5, 0.25, 0.6, 0.05), vocab),
        (a(0.8, 0.7, 0.72, 0.9), a(0.9, 0.1, 0.5, 0.85), vocab),
    ]
    top = lambda probs, vocab: f"{vocab[int(np.argmax(probs))]} {float(np.max(probs)):.2f}"
    return diagnose(
        answer,
        _said(),
        [
            Mistake(
                "where nothing passes, yours names the likeliest label all the same. That is "
                "what a single-label classifier does to a building: say 'no predictions'.",
                _said(nothing=top),
            ),
            Mistake(
                "where nothing passes, yours says nothing at all, and a reader can't tell that "
                "from an error. Say 'no predictions'.",
                _said(nothing=""),
            ),
            Mistake(
                "a label exactly at its threshold is named in yours. A label counts as "
                "predicted when prob > thresh: use > in place of >=.",
                _said(lambda p, t: p >= t),
            ),
            Mistake(
                "all labels are compared with 0.5. Each has a threshold of its own, chosen on "
                "the validation images.",
                _said(lambda p, t: p > 0.5),
            ),
            Mistake(
                "the labels stand in the order of the vocab. Name the most probable first.",
                _said(order=lambda p, t: 0),
            ),
            Mistake(
                "the least probable label comes first. Sort the other way round.",
                _said(order=lambda p, t: p),
            ),
            Mistake(
                "the labels are sorted by how far they are above their thresholds. Sort by the "
                "probability: that is the number beside the name.",
                _said(order=lambda p, t: t - p),
            ),
            Mistake(
                "only the likeliest label is named. An image can have several: name all that pass.",
                _said(limit=1),
            ),
            Mistake(
                "every label is named. Only those above their thresholds are predictions.",
                _said(lambda p, t: True),
            ),
            Mistake(
                "the scores are missing. Put each probability behind its label, with two digits.",
                _said(one=lambda v, p: v),
            ),
            Mistake(
                "the probabilities have one digit. Write two: f'{p:.2f}'.",
                _said(one=lambda v, p: f"{v} {p:.1f}"),
            ),
            Mistake(
                "round() drops a last zero, so 0.40 becomes 0.4. Write two digits: f'{p:.2f}'.",
                _said(one=lambda v, p: f"{v} {round(p, 2)}"),
            ),
            Mistake(
                "the labels are joined by a comma alone. A space comes after it, for the reader.",
                _said(join=",".join),
            ),
            Mistake(
                "you give a list. Join its entries with a comma and a space.", _said(join=list)
            ),
        ],
        cases,
        called(answer, "my_line"),
        praise="Right: all that pass, the most probable first, and plain words where nothing does.",
    )
