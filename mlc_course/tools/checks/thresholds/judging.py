"What the checks of lesson 06 share: thresholds are judged by what they reach, not by their value."

from __future__ import annotations

import numpy as np

from .._core import Wrong, attempt, call, plain, same, show


def one(scores, there):
    "Arguments for one label: probabilities float32 [N], targets bool [N]."
    return np.array(scores, dtype="float32"), np.array(there, dtype=bool)


def reached(probs, targets, cut):
    "Right predictions, predictions, and images with the label at `prob > cut`, compared exactly."
    pred = probs.astype(float) > float(cut)
    return int((pred & targets).sum()), int(pred.sum()), int(targets.sum())


def f1_at(probs, targets, cut, *_):
    tp, predicted, there = reached(probs, targets, cut)
    return 2 * tp / (predicted + there) if predicted + there else 0.0


def pr_at(probs, targets, cut, *_):
    tp, predicted, there = reached(probs, targets, cut)
    return tp / predicted if predicted else 0.0, tp / there if there else 0.0


def cuts(probs):
    "Every threshold that makes a difference."
    return np.unique(np.r_[np.float32(0), probs])


def threshold(answer, args, what) -> float:
    "The answer's result as a number in [0, 1], or a diagnosis."
    got = plain(attempt(answer, args, what))
    try:
        cut = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        cut = np.zeros(0)
    if cut.size != 1:
        raise Wrong(
            f"{what} should give back one threshold, a number in [0, 1], and it gave {show(got)}."
        )
    cut = float(cut.reshape(()))
    if not 0 <= cut <= 1:
        raise Wrong(
            f"{what} gave the threshold {cut:.6g}: a threshold is compared with probabilities, so it has to lie in [0, 1]."
        )
    return cut


def judge(answer, score, good, mistakes, cases, what, told):
    """Judge thresholds by what they reach (`score`), not by their value.

    Nothing happens if all are `good`, as they stand or rounded to float32, in which the course compares; otherwise Wrong with the first
    mistake that reaches the same on every case, or with what `told` says."""
    mine = [threshold(answer, args, what) for args in cases]
    bad = [
        (args, cut)
        for args, cut in zip(cases, mine)
        if not good(*args, cut) and not good(*args, float(np.float32(cut)))
    ]
    if not bad:
        return
    at = lambda args, cut: score(*args[:2], cut)
    for m in mistakes:
        if all(
            same(at(args, cut), at(args, call(m.gives, args))) for args, cut in zip(cases, mine)
        ):
            raise Wrong(f"{what}: {m.says}")
    raise Wrong(f"{what} isn't right yet: {told(*bad[0][0], bad[0][1])}")


GRID = np.linspace(0.05, 0.95, 29)
ON_GRID = (
    "you try a grid of thresholds, and the best cut of these images lies between two of its points. "
    "The result changes only where an image enters or leaves: try those places."
)
ITSELF = (
    "your threshold is the probability of the last image that should pass, and prob > thresh leaves that very image out. "
    "That cut is made by a threshold below it, for example by the next lower probability."
)


def best_by(key, among=cuts):
    "The threshold with the highest `key(probs, targets, threshold)`; among equals the first."
    return lambda p, t, *_: max(among(p), key=lambda c: key(p, t, c))
