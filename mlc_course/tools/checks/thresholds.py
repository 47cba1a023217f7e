"""Checks of lesson 06."""

from __future__ import annotations

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, call, diagnose, edge, function, plain, same, show


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


def best_cut(answer) -> Right:
    "Exercise 1: best_cut(probs, targets) -> a threshold in [0, 1] whose F1 (prob > thresh) no other beats, for one label: NumPy [N]."
    what = "best_cut"
    function(answer, what)
    best = lambda p, t: max(f1_at(p, t, c) for c in cuts(p))
    good = lambda p, t, cut: same(f1_at(p, t, cut), best(p, t))
    itself = lambda p, t: max(p, key=lambda s: f1_at(p, t, np.nextafter(s, np.float32(0))))
    told = lambda p, t, cut: (
        f"on probs {show(p)} and targets {show(t)} your threshold {cut:.6g} reaches F1 {f1_at(p, t, cut):.4f}, "
        f"and {best(p, t):.4f} can be reached."
    )
    judge(
        answer,
        f1_at,
        good,
        [
            Mistake(ON_GRID, best_by(f1_at, lambda p: GRID)),
            Mistake(ITSELF, itself),
            Mistake(
                "this threshold is the best for accuracy. Accuracy pays for rightly empty cells too, so it asks for a higher cut than F1 does.",
                best_by(lambda p, t, c: ((p > c) == t).mean()),
            ),
            Mistake(
                "this threshold has the highest precision. That is often the cut above which only the most probable image passes; "
                "F1 asks for recall as well.",
                best_by(lambda p, t, c: pr_at(p, t, c)[0]),
            ),
            Mistake(
                "your threshold is 0.5, whatever the images. A rare label seldom gets past it.",
                lambda p, t: 0.5,
            ),
            Mistake(
                "half of the best F1 is the best threshold of calibrated probabilities, on many images. Nobody promised either here, so search.",
                lambda p, t: best(p, t) / 2,
            ),
            Mistake(
                "your threshold lets every image pass: recall is 1, and precision pays for it.",
                lambda p, t: 0.0,
            ),
        ],
        [
            one(
                [0.193, 0.676, 0.022, 0.626, 0.256, 0.451, 0.134, 0.617, 0.251, 0.187],
                [1, 1, 0, 0, 1, 0, 0, 0, 0, 0],
            ),
            one(
                [0.664, 0.063, 0.418, 0.371, 0.643, 0.231, 0.183, 0.324, 0.074, 0.022],
                [1, 0, 0, 0, 0, 0, 1, 1, 1, 0],
            ),
            one(
                [0.293, 0.346, 0.488, 0.16, 0.124, 0.099, 0.043, 0.061, 0.068, 0.077],
                [0, 0, 1, 1, 0, 0, 0, 0, 0, 1],
            ),
            one(
                [0.82, 0.71, 0.64, 0.53, 0.44, 0.31, 0.27, 0.13, 0.09, 0.06],
                [1, 0, 1, 1, 0, 0, 1, 0, 0, 0],
            ),
        ],
        what,
        told,
    )

    def special(cases, says):
        judge(
            answer,
            f1_at,
            good,
            [],
            cases,
            what,
            lambda *args: f"{says} For instance, {told(*args)}",
        )

    special(
        [
            one([0.4, 0.9, 0.4, 0.4, 0.2, 0.4, 0.1], [1, 1, 0, 0, 1, 0, 0]),
            one([0.3, 0.6, 0.3, 0.8, 0.3, 0.1], [1, 0, 0, 1, 1, 0]),
        ],
        "images with equal probability can't be separated. They pass a threshold together or not at all, so count them together.",
    )
    special(
        [one([0.6, 0.2, 0.9, 0.4], [1, 1, 1, 1]), one([0.15, 0.35, 0.8], [1, 0, 1])],
        "the best that can be done here is to let every image pass, and no threshold that you try lies below the lowest probability. 0 is one that does.",
    )
    high = np.float32(0.3183099)
    special(
        [one([0.8, high, np.nextafter(high, np.float32(0)), 0.1], [1, 1, 0, 0])],
        "two of these probabilities are neighbours: no float32 lies between them, a grid steps over them, and half-way between them, "
        "computed in float32, rounds to the upper one. The lower one itself is a threshold that separates them.",
    )
    judge(answer, f1_at, good, [], [one([0.7, 0.2, 0.4], [0, 0, 0])], what, told)
    return Right(
        "Right: no threshold reaches a higher F1, with ties, with neighbours, and where everything has to pass."
    )


def choose_and_report(answer) -> Right:
    "Exercise 2: choose_and_report(valid, test) -> (threshold, macro F1 to report), from two `Predictions`."
    from mlc_course.metrics import Predictions, evaluate, simulate_predictions
    from mlc_course.thresholds import best_threshold, best_thresholds_per_label, sweep

    what = "choose_and_report"
    made = lambda a, b, s: (
        simulate_predictions(300, seed=a, sharpness=s),
        simulate_predictions(350, seed=b, sharpness=s),
    )
    cases, names = (
        [made(11, 12, 1.0), made(13, 14, 1.8)],
        ["simulated splits of 300 and 350 images", "two splits of a model too sure of itself"],
    )
    tuned = lambda p, score="macro_f1": best_threshold(sweep(p, score=score))[0]
    macro = lambda p, t: evaluate(p, t).macro_f1
    function(answer, what)
    as_good = {}
    for (v, t), name in zip(cases, names):
        try:
            cut = np.asarray(plain(attempt(answer, (v, t), what, name))[0], dtype=float)
        except (TypeError, ValueError, IndexError, KeyError):
            continue
        if cut.ndim == 0 and 0 <= cut <= 1 and macro(v, float(cut)) >= macro(v, tuned(v)) - 1e-9:
            as_good[v.probs.tobytes()] = float(cut)

    def choice(v):
        return as_good.get(
            v.probs.tobytes(), tuned(v)
        )  # from a grid of one's own, if it is no worse on valid

    def result(v, t):
        return choice(v), macro(t, choice(v))

    def pool(v, t):
        fnames = [f"v{o}" for o in v.fnames] + [f"t{o}" for o in t.fnames]
        return Predictions(
            np.concatenate([v.probs, t.probs]),
            np.concatenate([v.targets, t.targets]),
            v.vocab,
            fnames,
        )

    both = "you choose on valid and test together. Whatever is reported on test mustn't have been chosen with it."
    per_label = lambda v, t: (best_thresholds_per_label(v), macro(t, best_thresholds_per_label(v)))
    on_test = (
        "the threshold is chosen on test, and so the score is flattered: test isn't fresh any more once something has been fitted to it. "
        "Choose on valid, and use test once, to report."
    )
    return diagnose(
        answer,
        result,
        [
            Mistake(on_test, lambda v, t: (tuned(t), macro(t, tuned(t)))),
            Mistake(
                "the score is that of valid, where the threshold was chosen, so it is flattered. Report the score of test at that threshold.",
                lambda v, t: (choice(v), macro(v, choice(v))),
            ),
            Mistake(
                "the threshold is right, and the score is the best of the whole sweep on test. That one belongs to another threshold, chosen on test, "
                "and is flattered: report what your own threshold reaches there.",
                lambda v, t: (choice(v), macro(t, tuned(t))),
            ),
            Mistake(
                "the splits are exchanged: you choose on test and report on valid.",
                lambda v, t: (tuned(t), macro(v, tuned(t))),
            ),
            Mistake(both, lambda v, t: (tuned(pool(v, t)), macro(t, tuned(pool(v, t))))),
            Mistake(both, lambda v, t: (tuned(pool(v, t)), macro(pool(v, t), tuned(pool(v, t))))),
            Mistake(
                "the threshold is right, and the score is that of valid and test together. Report test alone: valid has been used for the choice.",
                lambda v, t: (choice(v), macro(pool(v, t), choice(v))),
            ),
            Mistake(
                "the threshold is tuned for accuracy, the default of `sweep`, and macro F1 pays for that. Tune for the score that you report.",
                lambda v, t: (tuned(v, "accuracy"), macro(t, tuned(v, "accuracy"))),
            ),
            Mistake(
                "the threshold is tuned for micro F1. Tune for the score that you report.",
                lambda v, t: (tuned(v, "micro_f1"), macro(t, tuned(v, "micro_f1"))),
            ),
            Mistake(
                "the threshold is right, and the score is micro F1. The exercise asks for macro F1.",
                lambda v, t: (choice(v), evaluate(t, choice(v)).micro_f1),
            ),
            Mistake(
                "the threshold is right, and the score is the accuracy. The exercise asks for macro F1.",
                lambda v, t: (choice(v), evaluate(t, choice(v)).accuracy),
            ),
            Mistake(
                "both numbers belong to the threshold 0.5. Choose one on valid first.",
                lambda v, t: (0.5, macro(t, 0.5)),
            ),
            Mistake(
                "the threshold is right, and the score is that of 0.5 on test: hand the chosen threshold on.",
                lambda v, t: (choice(v), macro(t, 0.5)),
            ),
            Mistake(
                "the two numbers are exchanged: the threshold comes first.",
                lambda v, t: result(v, t)[::-1],
            ),
            Mistake(
                "the exercise asks for one threshold for all labels, and you chose one per label.",
                per_label,
            ),
        ],
        cases,
        what,
        names=names,
        praise="Right: chosen on valid, reported on test, and the same score both times.",
    )


def f_beta(answer) -> Right:
    "Exercise 3: f_beta(precision, recall, beta) -> one number, from numbers; 0 where the division is 0 / 0."
    what = "f_beta"

    def right(p, r, b):
        bottom = b**2 * p + r
        return (1 + b**2) * p * r / bottom if bottom else 0.0

    squared = "beta has to be squared wherever it stands: the weight of recall in the mean is beta * beta."
    diagnose(
        answer,
        right,
        [
            Mistake(squared, lambda p, r, b: (1 + b) * p * r / (b * p + r)),
            Mistake(squared, lambda p, r, b: (1 + b**2) * p * r / (b * p + r)),
            Mistake(squared, lambda p, r, b: (1 + b) * p * r / (b**2 * p + r)),
            Mistake(
                "precision and recall are exchanged: with beta above 1 it is recall that counts more, and with beta = 0 only precision is left.",
                lambda p, r, b: right(r, p, b),
            ),
            Mistake(
                "this is an arithmetic mean. F-beta is a harmonic one: when precision or recall is near 0, so is F-beta.",
                lambda p, r, b: (p + b**2 * r) / (1 + b**2),
            ),
            Mistake(
                "this is the plain arithmetic mean of precision and recall. F-beta is a weighted harmonic one.",
                lambda p, r, b: (p + r) / 2,
            ),
            Mistake("this is F1, whatever beta is.", lambda p, r, b: right(p, r, 1)),
            Mistake(
                "the factor in front is missing: with precision and recall both 1, F-beta has to be 1 for every beta.",
                lambda p, r, b: p * r / (b**2 * p + r),
            ),
            Mistake(
                "the factor in front is 2, which is right for beta = 1 only: with precision and recall both 1, F-beta has to be 1 for every beta.",
                lambda p, r, b: 2 * p * r / (b**2 * p + r),
            ),
        ],
        [(0.5, 1.0, 2), (0.8, 0.4, 0.5), (0.6, 0.3, 1), (0.9, 0.2, 0), (0.25, 0.75, 3)],
        what,
    )
    edge(
        answer,
        right,
        [(0.0, 0.0, 1), (0.0, 0.0, 0.5), (0.0, 0.5, 2)],
        what,
        "when nothing is found, precision and recall are 0, and F-beta is 0 by convention, like every 0 / 0 of the course.",
    )
    return Right("Right: beta squared weighs recall, and nothing found is 0.")


def precision_floor(answer) -> Right:
    "Exercise 4: precision_floor(probs, targets, floor) -> the threshold with the highest recall at precision >= floor, 1.0 if there is none; NumPy [N]."
    what = "precision_floor"
    function(answer, what)
    precision, recall = (lambda p, t, c: pr_at(p, t, c)[0]), (lambda p, t, c: pr_at(p, t, c)[1])
    keeps = lambda p, t, floor, among=None: [
        c for c in (cuts(p) if among is None else among) if precision(p, t, c) >= floor
    ]
    best = lambda p, t, floor: max((recall(p, t, c) for c in keeps(p, t, floor)), default=0.0)

    def good(p, t, floor, cut):
        if not keeps(p, t, floor):
            return cut == 1
        return precision(p, t, cut) >= floor and same(recall(p, t, cut), best(p, t, floor))

    def told(p, t, floor, cut):
        at = f"on probs {show(p)} and targets {show(t)} with the floor {floor:g} your threshold {cut:.6g} has precision {precision(p, t, cut):.4f}"
        if precision(p, t, cut) < floor:
            return f"{at}, which is below the floor."
        return f"{at} and recall {recall(p, t, cut):.4f}. A recall of {best(p, t, floor):.4f} can be had without breaking the floor."

    def stops(p, t, floor):
        last = 1.0
        for c in cuts(p)[-2::-1]:
            if precision(p, t, c) < floor:
                break
            last = c
        return last

    def itself(p, t, floor):
        return p[p > min(keeps(p, t, floor))].min()

    def on_recall(p, t, floor):
        return max(
            (c for c in cuts(p) if recall(p, t, c) >= floor), key=lambda c: precision(p, t, c)
        )

    judge(
        answer,
        pr_at,
        good,
        [
            Mistake(
                "you walk down from the top and stop at the first cut that breaks the floor. Precision isn't monotone: it may recover further down, "
                "so look at every cut.",
                stops,
            ),
            Mistake(
                "a precision exactly at the floor is refused in yours. At least means >=.",
                lambda p, t, floor: min(
                    (c for c in cuts(p) if precision(p, t, c) > floor), default=1.0
                ),
            ),
            Mistake(ITSELF, itself),
            Mistake(
                "you take the highest threshold that keeps the floor. Recall grows as the threshold falls: take the lowest.",
                lambda p, t, floor: max(keeps(p, t, floor)),
            ),
            Mistake(
                "you take the threshold with the highest precision. The floor is a condition; what is to be as high as possible is recall.",
                best_by(precision),
            ),
            Mistake(
                "the floor is put on recall, and precision is made as high as possible. It is the other way round.",
                on_recall,
            ),
            Mistake(
                "of the cuts that keep the floor you take the one with the highest F1, as the lesson's `min_precision` does. "
                "Here the highest recall is asked for.",
                lambda p, t, floor: max(keeps(p, t, floor), key=lambda c: f1_at(p, t, c)),
            ),
            Mistake(
                "you take the threshold with the highest F1, and the floor plays no part.",
                best_by(f1_at),
            ),
            Mistake(ON_GRID, lambda p, t, floor: min(keeps(p, t, floor, GRID), default=1.0)),
            Mistake(
                "your threshold lets every image pass: recall is 1, and the floor is broken.",
                lambda p, t, floor: 0.0,
            ),
        ],
        [
            (
                *one(
                    [0.037, 0.401, 0.257, 0.654, 0.128, 0.102, 0.236, 0.047, 0.056, 0.02],
                    [0, 1, 1, 0, 0, 0, 1, 1, 0, 0],
                ),
                0.5,
            ),
            (
                *one(
                    [0.723, 0.51, 0.34, 0.353, 0.159, 0.07, 0.04, 0.056, 0.035, 0.026],
                    [1, 0, 1, 1, 0, 0, 1, 0, 0, 0],
                ),
                0.5,
            ),
            (
                *one(
                    [0.88, 0.12, 0.64, 0.41, 0.52, 0.3, 0.22, 0.08, 0.05, 0.71],
                    [1, 0, 1, 1, 1, 0, 1, 0, 0, 0],
                ),
                0.75,
            ),
            (
                *one(
                    [0.359, 0.786, 0.33, 0.471, 0.253, 0.02, 0.201, 0.079, 0.045, 0.025, 0.011],
                    [1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0],
                ),
                0.6,
            ),
        ],
        what,
        told,
    )

    def special(cases, says):
        judge(
            answer,
            pr_at,
            good,
            [],
            cases,
            what,
            lambda *args: f"{says} For instance, {told(*args)}",
        )

    special(
        [
            (*one([0.8, 0.5, 0.9, 0.5, 0.5, 0.2, 0.5], [0, 1, 1, 1, 0, 0, 0]), 0.6),
            (*one([0.3, 0.9, 0.3, 0.3, 0.1], [0, 1, 1, 1, 0]), 0.75),
        ],
        "images with equal probability pass a threshold together or not at all, so count them together.",
    )
    special(
        [(*one([0.4, 0.9, 0.7], [1, 0, 0]), 0.9), (*one([0.4, 0.2], [0, 0]), 0.5)],
        "no cut of these images keeps the floor, and then the threshold should be 1.0: the label is never predicted, on fresh images either.",
    )
    special(
        [
            (*one([0.6, 0.2, 0.9, 0.4], [1, 1, 1, 1]), 0.5),
            (*one([0.15, 0.35, 0.8], [1, 0, 1]), 0.6),
        ],
        "the highest recall is reached here when every image passes, and no threshold that you try lies below the lowest probability. 0 is one that does.",
    )
    return Right("Right: every cut is looked at, and the lowest that keeps the floor wins.")


def calibration_error(answer) -> Right:
    "Exercise 5: calibration_error(probs, targets, n_bins=10) -> the expected calibration error of all cells: NumPy [N, C]."
    what, equal = "calibration_error", lambda n: np.linspace(0, 1, n + 1)

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
