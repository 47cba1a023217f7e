"Exercise: how many unknown images come through where most known ones do."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose, function
from .._names import called


def passed_unknown(answer) -> Right:
    """Exercise 4: passed_unknown(known, unknown, keep) -> the share of unknown scores above the cut
    that lets the share `keep` of the known ones through.
    """
    what = called(answer, "my_passed")
    function(answer, what)
    cases = []
    for seed, n, m, keep in ((0, 400, 50, 0.95), (1, 1000, 80, 0.9), (2, 600, 40, 0.8)):
        rng = np.random.default_rng(seed)
        known, unknown = rng.beta(4, 1, n), rng.beta(2, 2, m)
        cut = np.quantile(known, [1 - keep, keep])
        near = np.abs(unknown[:, None] - cut).min(1) < 0.01  # any way to interpolate gives the same
        cases.append((known, unknown[~near], keep))
    above = lambda scores, cut: float((scores > cut).mean())
    right = lambda known, unknown, keep: above(unknown, np.quantile(known, 1 - keep))
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "the cut is at the wrong end: yours lets only the highest known scores through. "
                "To let 95 % through, put it at the 5 % quantile.",
                lambda k, u, keep: above(u, np.quantile(k, keep)),
            ),
            Mistake(
                "this is the share of unknown images that are held back. Asked for are those "
                "that come through.",
                lambda k, u, keep: 1 - right(k, u, keep),
            ),
            Mistake(
                "the cut is chosen on the unknown scores, so the share that comes through is "
                "what you asked for, whatever the model. Choose it on the known ones.",
                lambda k, u, keep: above(u, np.quantile(u, 1 - keep)),
            ),
            Mistake(
                "the cut is right, and you count the known images above it. Count the unknown "
                "ones.",
                lambda k, u, keep: above(k, np.quantile(k, 1 - keep)),
            ),
            Mistake(
                "you take `keep` itself as the cut. It is a share of the known images: take the "
                "quantile of their scores.",
                lambda k, u, keep: above(u, keep),
            ),
            Mistake(
                "you take 1 - keep itself as the cut. It is a share of the known images: take "
                "the quantile of their scores.",
                lambda k, u, keep: above(u, 1 - keep),
            ),
            Mistake(
                "the cut is 0.5 in every case. It has to let the share `keep` of the known "
                "images through.",
                lambda k, u, keep: above(u, 0.5),
            ),
            Mistake(
                "the cut is the quantile of known and unknown scores together. Choose it on the "
                "known ones.",
                lambda k, u, keep: above(u, np.quantile(np.r_[k, u], 1 - keep)),
            ),
            Mistake(
                "this is the number of unknown images that come through. Divide by how many "
                "there are.",
                lambda k, u, keep: int((u > np.quantile(k, 1 - keep)).sum()),
            ),
            Mistake(
                "np.percentile counts from 0 to 100, so yours takes nearly the lowest known score "
                "as the cut: use np.quantile, or 100 * (1 - keep).",
                lambda k, u, keep: above(u, np.percentile(k, 1 - keep)),
            ),
            Mistake(
                "np.percentile counts from 0 to 100, and the cut belongs at the low end: use "
                "np.quantile with 1 - keep.",
                lambda k, u, keep: above(u, np.percentile(k, keep)),
            ),
            Mistake(
                "the right images are counted, and divided by the number of known ones. Divide by "
                "the number of unknown ones.",
                lambda k, u, keep: right(k, u, keep) * len(u) / len(k),
            ),
            Mistake(
                "this is the cut itself. What share of the unknown scores is above it?",
                lambda k, u, keep: np.quantile(k, 1 - keep),
            ),
            Mistake(
                "the cut lets 95 % of the known images through, whatever `keep` is. Use 1 - keep.",
                lambda k, u, keep: above(u, np.quantile(k, 0.05)),
            ),
            Mistake(
                "this is a percentage. Give the share, between 0 and 1.",
                lambda k, u, keep: 100 * right(k, u, keep),
            ),
        ],
        cases,
        what,
        names=[f"{len(k)} known and {len(u)} unknown scores, keep = {p}" for k, u, p in cases],
        praise="Right: the cut is chosen on the known images, and counted on the unknown ones.",
    )
