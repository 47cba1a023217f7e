"Exercise: the found cells, the most suspicious first."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, converted, diagnose, function, plain
from .._names import called


def _case(seed, n, c):
    "Targets, probabilities without ties, found cells of both kinds, and how many are wanted: most."
    rng = np.random.default_rng(seed)
    t = rng.random((n, c)) < 0.4
    p = np.linspace(0.03, 0.97, n * c) + np.linspace(0, 0.004, n * c) ** 2
    rng.shuffle(p)
    p = p.reshape(n, c)
    found = (t != (p > 0.5)) & (rng.random((n, c)) < 0.75) | (rng.random((n, c)) < 0.12)
    return t, p, found, int(found.sum()) - 2


def _pairs(score):
    "The k cells with the highest score, as pairs (row, column)."

    def f(t, p, found, k):
        s = score(t, p, found)
        order = np.argsort(-s.ravel(), kind="stable")[:k]
        return [list(divmod(int(i), p.shape[1])) for i in order if np.isfinite(s.ravel()[i])]

    return f


def _as_pairs(got):
    "Pairs of whole numbers, whatever container they come in."
    rows = plain(got)
    if isinstance(rows, (str, dict)) or np.ndim(rows) != 2:
        return got
    return [[int(v) for v in o] for o in rows]


def ranked_finds(answer) -> Right:
    """Exercise 2: ranked_finds(targets, probs, found, k) -> the k most suspicious found cells as
    pairs (row, column), the most suspicious first.
    """
    what = called(answer, "my_ranked")
    doubt = lambda t, p: np.where(t, 1 - p, p)  # the probability that the given label is wrong
    among = lambda t, p, found, k: np.argsort(-doubt(t, p)[found])[:k].tolist()
    only = lambda s, found: np.where(found, s, -np.inf)
    cases = [_case(*o) for o in ((0, 9, 4), (1, 8, 5), (2, 12, 3))]
    right = _pairs(lambda t, p, found: only(doubt(t, p), found))
    return diagnose(
        converted(function(answer, what), _as_pairs),
        right,
        [
            Mistake(
                "cells that the search didn't find are in your list. Use `found`: rank only the "
                "cells where it is True.",
                _pairs(lambda t, p, found: doubt(t, p)),
            ),
            Mistake(
                "the cells are sorted the wrong way round: yours begins with those of which the "
                "model is least sure. The most suspicious is the cell whose given label has the "
                "lowest probability.",
                _pairs(lambda t, p, found: only(-doubt(t, p), found)),
            ),
            Mistake(
                "the cells are right, in rising order: the most suspicious comes first.",
                lambda *a: right(*a)[::-1],
            ),
            Mistake(
                "you rank by the probability of the label. That is right where the label isn't "
                "given; where it is given, a *low* probability is suspicious: use 1 - p there.",
                _pairs(lambda t, p, found: only(p, found)),
            ),
            Mistake(
                "you rank by 1 - p everywhere. That is right where the label is given; where it "
                "isn't, a *high* probability is suspicious: use p there.",
                _pairs(lambda t, p, found: only(1 - p, found)),
            ),
            Mistake(
                "only labels that are given are in your list. A label that is missing and has a "
                "high probability is as suspicious.",
                _pairs(lambda t, p, found: only(doubt(t, p), found & t)),
            ),
            Mistake(
                "only labels that aren't given are in your list. A label that is given and has "
                "a low probability is as suspicious.",
                _pairs(lambda t, p, found: only(doubt(t, p), found & ~t)),
            ),
            Mistake(
                "the cells come in the order of the rows, unsorted. Sort them by how improbable "
                "the given label is.",
                lambda t, p, found, k: np.argwhere(found)[:k].tolist(),
            ),
            Mistake(
                "rows and columns are exchanged: each pair is (row, column), the image first.",
                lambda *a: [o[::-1] for o in right(*a)],
            ),
            Mistake(
                "you rank by the distance from 0.5. Where the model agrees with the given label, "
                "that is the wrong way round: rank by the probability that what is given is wrong.",
                _pairs(lambda t, p, found: only(abs(p - 0.5), found)),
            ),
            Mistake(
                "these are positions in the flattened array. divmod(i, number of labels) makes a "
                "pair (row, column) of each.",
                lambda *a: [r * a[1].shape[1] + c for r, c in right(*a)],
            ),
            Mistake(
                "all rows come first, then all columns, as np.unravel_index gives them. Make "
                "pairs: list(zip(rows, columns)).",
                lambda *a: np.transpose(right(*a)).tolist(),
            ),
            Mistake(
                "a position in the flattened array is divided by the number of images. Each row "
                "has as many cells as there are labels: divmod(i, probs.shape[1]).",
                lambda *a: [list(divmod(r * a[1].shape[1] + c, len(a[1]))) for r, c in right(*a)],
            ),
            Mistake(
                "these are positions among the found cells. np.argwhere(found)[position] is the "
                "pair (row, column) of each.",
                among,
            ),
            Mistake(
                "these are positions among the found cells, divided as if they were positions in "
                "the whole array. np.argwhere(found)[position] is the pair (row, column) of each.",
                lambda *a: [list(divmod(i, a[1].shape[1])) for i in among(*a)],
            ),
            Mistake(
                "the first k of all cells are taken, and then those kept that were found, so found "
                "cells are missing. Keep the found cells first, and then take k.",
                lambda t, p, found, k: [
                    o
                    for o in _pairs(lambda t, p, _: doubt(t, p))(t, p, found, k)
                    if found[tuple(o)]
                ],
            ),
            Mistake(
                "these are the right cells in the order of the rows. Leave them in the order of "
                "suspicion.",
                lambda *a: sorted(right(*a)),
            ),
            Mistake(
                "all found cells are in your list. Only the first k are wanted.",
                lambda t, p, found, k: right(t, p, found, int(found.sum())),
            ),
        ],
        cases,
        what,
        names=[f"{t.shape[0]} images, {t.shape[1]} labels, k = {k}" for t, _, _, k in cases],
        praise="Right: found cells of both kinds, by the probability of what is given.",
    )
