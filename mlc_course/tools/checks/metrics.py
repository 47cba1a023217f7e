"""Checks of lesson 05."""

from __future__ import annotations

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, diagnose, edge, quiet, same, show, torch_first


def accuracy(answer) -> Right:
    "Exercise 1: accuracy_multi(inp, targ, thresh=0.5, sigmoid=True) on torch tensors."
    torch_first()
    import torch

    logits = torch.tensor(
        [[2.0, -1.0, 0.3], [-2.0, 0.0, 0.8], [-0.4, -3.0, -0.2], [0.6, 1.0, -1.0]]
    )
    targ = torch.tensor([[1, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0]])
    tied = torch.tensor([[0.5, 0.2], [0.9, 0.5]])  # exactly at the threshold
    tied_targ = torch.tensor([[1, 0], [1, 0]])
    cases = [
        (logits, targ),
        (logits, targ, 0.3),
        (logits.sigmoid(), targ, 0.6, False),
        (tied, tied_targ, 0.5, False),
    ]
    p = lambda x, s: x.sigmoid() if s else x
    cells = lambda x, t, th=0.5, s=True: (p(x, s) > th) == t.bool()
    right = lambda *args: cells(*args).float().mean()
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "a cell exactly at the threshold counts as predicted in yours. Here, and everywhere in the course, "
                "a label is predicted when prob > thresh: use > in place of >=.",
                lambda x, t, th=0.5, s=True: ((p(x, s) >= th) == t.bool()).float().mean(),
            ),
            Mistake(
                "the sigmoid is missing: with sigmoid=True the numbers are logits, and have to become probabilities before they meet a threshold.",
                lambda x, t, th=0.5, s=True: ((x > th) == t.bool()).float().mean(),
            ),
            Mistake(
                "the sigmoid is applied although sigmoid=False says that these are probabilities already. "
                "A probability put through it again lands between 0.5 and 0.73.",
                lambda x, t, th=0.5, s=True: ((x.sigmoid() > th) == t.bool()).float().mean(),
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice squeezes everything between 0.5 and 0.73.",
                lambda x, t, th=0.5, s=True: (
                    ((x.sigmoid().sigmoid() if s else x) > th).eq(t.bool()).float().mean()
                ),
            ),
            Mistake(
                "the argument `sigmoid` does the opposite: True means that `inp` holds logits and still needs the sigmoid.",
                lambda x, t, th=0.5, s=True: ((p(x, not s) > th) == t.bool()).float().mean(),
            ),
            Mistake(
                "you take the mean over the rows only, which gives one number per label. Accuracy is one number: the mean over every cell.",
                lambda *args: cells(*args).float().mean(0),
            ),
            Mistake(
                "you take the mean over the labels only, which gives one number per image. Accuracy is one number: the mean over every cell.",
                lambda *args: cells(*args).float().mean(1),
            ),
            Mistake(
                "you count the images with every label right. That is exact match, the strictest figure; accuracy counts single cells.",
                lambda *args: cells(*args).all(1).float().mean(),
            ),
            Mistake(
                "this is the share of wrong cells, the Hamming loss. Accuracy is the share of right ones, 1 minus that.",
                lambda *args: 1 - cells(*args).float().mean(),
            ),
            Mistake(
                "you give the number of right cells. Accuracy is their share, a number between 0 and 1: divide by the number of cells.",
                lambda *args: cells(*args).float().sum(),
            ),
            Mistake(
                "this is the share of cells that are predicted; the target isn't asked. A cell is right when prediction and target agree, "
                "on no as well as on yes.",
                lambda x, t, th=0.5, s=True: (p(x, s) > th).float().mean(),
            ),
            Mistake(
                "only the cells that are predicted and there count as right in yours. A cell that is rightly left empty is right as well.",
                lambda x, t, th=0.5, s=True: ((p(x, s) > th) & t.bool()).float().mean(),
            ),
            Mistake(
                "the threshold is fixed at 0.5: use the argument `thresh`.",
                lambda x, t, th=0.5, s=True: cells(x, t, 0.5, s).float().mean(),
            ),
        ],
        cases,
        "accuracy_multi",
        praise="Right: one sigmoid at most, >, and the mean over every cell.",
    )


def _count(p, t, thresh=0.5):
    pred = p > thresh
    return np.stack(
        [(pred & t).sum(0), (pred & ~t).sum(0), (~pred & t).sum(0), (~pred & ~t).sum(0)]
    )


def counts(answer) -> Right:
    "Exercise 2: counts(probs, targets, thresh=0.5) -> (tp, fp, fn, tn), each int [C], from NumPy arrays [N, C]."
    probs = np.array(
        [
            [0.875, 0.25, 0.5],
            [0.375, 0.75, 0.125],
            [0.5, 0.875, 0.25],
            [0.25, 0.125, 0.625],
            [0.75, 0.5, 0.875],
        ],
        dtype="float32",
    )
    targets = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]], dtype=bool)
    cases = [
        (probs, targets),
        (probs, targets, 0.25),
        (probs[:4, :2], targets[:4, :2], 0.75),
        (probs, targets, np.array([0.25, 0.5, 0.75])),
    ]

    def per_image(p, t, thresh=0.5):
        pred = p > thresh
        return np.stack(
            [(pred & t).sum(1), (pred & ~t).sum(1), (~pred & t).sum(1), (~pred & ~t).sum(1)]
        )

    def at_least(p, t, thresh=0.5):
        pred = p >= thresh
        return np.stack(
            [(pred & t).sum(0), (pred & ~t).sum(0), (~pred & t).sum(0), (~pred & ~t).sum(0)]
        )

    order = lambda *rows: lambda *args: _count(*args)[list(rows)]

    def marginals(p, t, thresh=0.5):
        tp, fp, fn, tn = _count(p, t, thresh)
        return np.stack([tp, tp + fp, tp + fn, tn])

    return diagnose(
        answer,
        _count,
        [
            Mistake(
                "fp and fn are exchanged. A false positive was predicted and isn't there; a false negative is there and wasn't predicted.",
                order(0, 2, 1, 3),
            ),
            Mistake(
                "the numbers are right, in scikit-learn's order (tn, fp, fn, tp). Give back tp, fp, fn, tn.",
                order(3, 1, 2, 0),
            ),
            Mistake(
                "the numbers are right, in the order tp, tn, fp, fn. Give back tp, fp, fn, tn.",
                order(0, 3, 1, 2),
            ),
            Mistake(
                "you add up over the labels, so every image gets its own counts. Count over the images (axis 0): one number per label.",
                per_image,
            ),
            Mistake(
                "an image exactly at the threshold counts as predicted in yours. A label is predicted when prob > thresh: use > in place of >=.",
                at_least,
            ),
            Mistake(
                "all labels went into one pot. That is enough for micro averages, but macro F1 needs counts per label: add up over the images only.",
                lambda *args: _count(*args).sum(1),
            ),
            Mistake(
                "your fp holds everything that was predicted, and your fn everything that was there; both still contain the true positives.",
                marginals,
            ),
            Mistake(
                "these are shares of the images. Keep whole numbers: they add up over batches without loss, shares don't.",
                lambda p, t, thresh=0.5: _count(p, t, thresh) / len(p),
            ),
            Mistake(
                "the threshold is fixed at 0.5: use the argument `thresh`.",
                lambda p, t, thresh=0.5: _count(p, t),
            ),
        ],
        cases,
        "counts",
        praise="Right: four whole numbers per label, and they add up to the number of images.",
    )


def _f1(tp, fp, fn):
    bottom = 2 * tp + fp + fn
    return np.where(bottom > 0, 2 * tp / np.maximum(bottom, 1), 0.0)


def macro_f1(answer) -> Right:
    "Exercise 3: macro_f1(tp, fp, fn) -> one number, from int arrays [C]; 0 where a division is 0 / 0."
    what, a = "macro_f1", lambda *rows: tuple(np.array(o) for o in rows)
    right = lambda *c: _f1(*c).mean()
    cases = [a([3, 1, 8], [1, 2, 0], [0, 3, 4]), a([40, 2], [5, 6], [10, 1]), a([6], [2], [1])]
    ratio = lambda tp, other: tp / (tp + other)

    def of_means(tp, fp, fn):
        p, r = ratio(tp, fp).mean(), ratio(tp, fn).mean()
        return 2 * p * r / (p + r)

    diagnose(
        answer,
        right,
        [
            Mistake(
                "this is micro F1: the counts are added up over the labels before the division, so common labels decide. "
                "Divide for each label, then take the mean.",
                lambda *c: _f1(*(o.sum() for o in c)),
            ),
            Mistake(
                "this is the F1 of macro precision and macro recall. F1 isn't linear, so that is another number: take the F1 of each label first, "
                "then the mean.",
                of_means,
            ),
            Mistake(
                "this is the arithmetic mean of precision and recall. F1 is their harmonic mean, which is high only if both are.",
                lambda tp, fp, fn: ((ratio(tp, fp) + ratio(tp, fn)) / 2).mean(),
            ),
            Mistake("this is one F1 per label. Macro F1 is their mean.", _f1),
            Mistake(
                "this is the mean of tp / (tp + fp + fn), the Jaccard index. In F1 a true positive counts twice, above and below the fraction line.",
                lambda tp, fp, fn: (tp / (tp + fp + fn)).mean(),
            ),
            Mistake(
                "this is macro precision: the misses, fn, don't enter. F1 needs both kinds of error.",
                lambda tp, fp, fn: ratio(tp, fp).mean(),
            ),
            Mistake(
                "this is macro recall: the false alarms, fp, don't enter. F1 needs both kinds of error.",
                lambda tp, fp, fn: ratio(tp, fn).mean(),
            ),
            Mistake(
                "each label is weighted by how often it occurs. Macro means that every label counts the same, the rare ones too.",
                lambda tp, fp, fn: np.average(_f1(tp, fp, fn), weights=tp + fn),
            ),
        ],
        cases,
        what,
    )

    absent = [
        a([3, 0, 2], [1, 0, 1], [0, 0, 3]),
        a([5, 0], [2, 0], [1, 4]),
        a([5, 0], [2, 3], [1, 0]),
        a([0, 0], [0, 0], [0, 0]),
    ]
    by_formula = lambda tp, fp, fn: 2 * tp / (2 * tp + fp + fn)
    by_ratios = lambda tp, fp, fn: (
        2 * ratio(tp, fp) * ratio(tp, fn) / (ratio(tp, fp) + ratio(tp, fn))
    )
    mean = lambda f, nothing: (
        f.mean() if len(f) else nothing
    )  # np.nanmean([]) is NaN, sum([]) / max(0, 1) is 0
    known = lambda f, nothing=0.0: mean(f[~np.isnan(f)], nothing)
    there = lambda tp, fp, fn, nothing=0.0: mean(_f1(tp, fp, fn)[tp + fn > 0], nothing)
    nan = (
        "one label without anything to count makes the whole mean NaN. Where a division is 0 / 0 the course says 0, "
        "as scikit-learn does with zero_division=0."
    )
    left_out = (
        "a label whose division is 0 / 0 is left out of your mean. It counts as 0 here: otherwise two evaluations would be means "
        "over different labels, and couldn't be compared."
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(nan, quiet(lambda *c: by_formula(*c).mean())),
            Mistake(nan, quiet(lambda *c: by_ratios(*c).mean())),
            Mistake(left_out, quiet(lambda *c: known(by_formula(*c)))),
            Mistake(left_out, quiet(lambda *c: known(by_ratios(*c)))),
            Mistake(left_out, quiet(lambda *c: known(by_formula(*c), np.nan))),
            Mistake(left_out, quiet(lambda *c: known(by_ratios(*c), np.nan))),
            Mistake(left_out, there),
            Mistake(left_out, lambda *c: there(*c, np.nan)),
            Mistake(
                "a label without anything to count scores 1 in yours. The course says 0, as scikit-learn does with zero_division=0.",
                quiet(lambda *c: np.nan_to_num(by_formula(*c), nan=1.0).mean()),
            ),
        ],
        absent,
        what,
        praise="Right: divide per label, 0 where there is nothing to divide, then the mean.",
    )


def f1_over_batches(answer) -> Right:
    "Exercise 4: f1_over_batches(batches) -> macro F1 of all images at 0.5; `batches` is a list of (probs, targets), NumPy [n, C]."
    rng = np.random.default_rng(5)

    def batches(n_labels, *sizes):
        made = []
        for n in sizes:
            targets = rng.random((n, n_labels)) < np.linspace(0.7, 0.25, n_labels)
            made.append(
                (
                    (np.clip(0.35 * targets + 0.65 * rng.random((n, n_labels)), 0, 1) * 16)
                    .round()
                    .astype("float32")
                    / 16,
                    targets,
                )
            )
        return made

    cases, names = (
        [(batches(3, 4, 4, 2),), (batches(4, 8, 8, 8, 3),), (batches(2, 6),)],
        [
            "3 batches of 4, 4 and 2 images with 3 labels",
            "4 batches of 8, 8, 8 and 3 images with 4 labels",
            "1 batch of 6 images with 2 labels",
        ],
    )
    count = lambda p, t: _count(p, t)[:3]
    each = lambda b: np.array([_f1(*count(p, t)).mean() for p, t in b])
    total = lambda b: sum(count(p, t) for p, t in b)

    def where_there(b):
        f, seen = np.array([_f1(*count(p, t)) for p, t in b]), np.array([t.any(0) for _, t in b])
        return ((f * seen).sum(0) / np.maximum(seen.sum(0), 1)).mean()

    what, right = "f1_over_batches", lambda b: _f1(*total(b)).mean()
    diagnose(
        answer,
        right,
        [
            Mistake(
                "this is the mean of the batches' macro F1. A label that doesn't occur in a batch scores 0 there, "
                "so the number depends on the batch size: add up counts, divide once.",
                lambda b: each(b).mean(),
            ),
            Mistake(
                "this is the mean of the batches' macro F1, weighted by their size. The weights don't help: a label that doesn't occur in a batch "
                "still scores 0 there. Add up counts, divide once.",
                lambda b: np.average(each(b), weights=[len(t) for _, t in b]),
            ),
            Mistake(
                "each label's F1 is averaged over the batches in which it occurs. A batch with one such image then weighs as much as a batch with ten: "
                "add up counts, divide once.",
                where_there,
            ),
            Mistake(
                "only the last batch counts. Is the sum started anew in each turn of the loop?",
                lambda b: each(b)[-1],
            ),
            Mistake(
                "only the first batch counts. Does `return` stand inside the loop?",
                lambda b: each(b)[0],
            ),
            Mistake(
                "the last, smaller batch is missing. An evaluation counts every image, so no batch may be dropped.",
                lambda b: _f1(
                    *total(b[:-1] if len(b) > 1 and len(b[-1][1]) < len(b[0][1]) else b)
                ).mean(),
            ),
            Mistake(
                "this is micro F1: the labels are added up as well. Add up over the batches only, divide for each label, then take the mean.",
                lambda b: _f1(*total(b).sum(1)),
            ),
            Mistake("this is one F1 per label. Macro F1 is their mean.", lambda b: _f1(*total(b))),
            Mistake(
                "an image exactly at 0.5 counts as predicted in yours. A label is predicted when prob > thresh: use > in place of >=.",
                lambda b: _f1(
                    *sum(
                        _count(p, t, np.nextafter(np.float32(0.5), np.float32(0)))[:3] for p, t in b
                    )
                ).mean(),
            ),
        ],
        cases,
        what,
        names=names,
    )

    def emptied(b, *, predicted):
        "The same batches with a second label that no image has, predicted once or never."
        for k, (p, t) in enumerate(b):
            p[:, 1], t[:, 1] = 0, False
            if predicted and not k:
                p[0, 1] = 0.75
        return b

    absent = [
        (emptied(batches(3, 4, 3), predicted=False),),
        (emptied(batches(2, 3, 3, 2), predicted=True),),
    ]

    def by_formula(b):
        tp, fp, fn = total(b)
        return 2 * tp / (2 * tp + fp + fn)

    def there(b):
        tp, fp, fn = total(b)
        return _f1(tp, fp, fn)[tp + fn > 0].mean()

    left_out = (
        "a label that no image has is left out of your mean. It scores 0 here (scikit-learn's zero_division=0): otherwise two evaluations "
        "would be means over different labels, and couldn't be compared."
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(left_out, quiet(lambda b: np.nanmean(by_formula(b)))),
            Mistake(left_out, there),
            Mistake(
                "one label that is neither there nor predicted makes the whole mean NaN. Where a division is 0 / 0 the course says 0.",
                quiet(lambda b: by_formula(b).mean()),
            ),
            Mistake(
                "a label that is neither there nor predicted scores 1 in yours. The course says 0, as scikit-learn does with zero_division=0.",
                quiet(lambda b: np.nan_to_num(by_formula(b), nan=1.0).mean()),
            ),
        ],
        absent,
        what,
        names=[
            "2 batches with a label that is neither there nor predicted",
            "3 batches with a label that is predicted and never there",
        ],
        praise="Right: the counts add up, and there is one division at the end, whatever the batch size.",
    )


def _ap(p, t):
    return np.mean([t[p >= s].mean() for s in p[t]]) if t.any() else np.nan


def average_precision(answer) -> Right:
    "Exercise 5: average_precision(probs, targets) -> one number, for one label: NumPy [N]; NaN without positives."
    what = "average_precision"
    col = lambda p, t: (np.array(p, dtype="float32"), np.array(t, dtype=bool))
    down = lambda p: np.argsort(-p, kind="stable")
    steps = lambda t: t.cumsum() / np.arange(1, len(t) + 1)  # precision at each rank

    def trapezoid(p, t):
        t = t[down(p)]
        precision, recall = np.r_[1, steps(t)], np.r_[0, t.cumsum() / t.sum()]
        return (np.diff(recall) * (precision[1:] + precision[:-1]) / 2).sum()

    def late(p, t):
        t = t[down(p)]
        return (t.cumsum() / np.maximum(np.arange(len(t)), 1))[t].mean()

    at_hits = lambda p, t: steps(t[down(p)])[t[down(p)]]
    up = lambda p, t: at_hits(-p, t).mean()
    diagnose(
        answer,
        _ap,
        [
            Mistake(
                "you walk up the list, from the least probable image. The most probable one comes first.",
                up,
            ),
            Mistake(
                "you take the mean of the precision over every rank. A note is taken only where an image has the label.",
                lambda p, t: steps(t[down(p)]).mean(),
            ),
            Mistake(
                "the notes are divided by the number of images. There is one note per image that has the label, so divide by the number of those.",
                lambda p, t: at_hits(p, t).sum() / len(t),
            ),
            Mistake(
                "this is the area by the trapezoid rule, as sklearn.metrics.auc gives it. It joins the points by straight lines, where no threshold lies; "
                "average precision is a sum of steps.",
                trapezoid,
            ),
            Mistake(
                "this is the area under the ROC curve: the share of pairs (image with, image without) in the right order. "
                "It looks good for any rare label; average precision looks at precision.",
                lambda p, t: (p[t][:, None] > p[~t]).mean(),
            ),
            Mistake(
                "you note the recall so far. Average precision notes the precision: found so far, divided by the rank.",
                lambda p, t: (t[down(p)].cumsum() / t.sum())[t[down(p)]].mean(),
            ),
            Mistake(
                "the ranks start at 0 in yours, so each precision is divided by one image too few. After the first image, one has been looked at.",
                late,
            ),
            Mistake(
                "the images are taken as they come. Sort them by probability first, the most probable one first.",
                lambda p, t: steps(t)[t].mean(),
            ),
        ],
        [
            col([0.3, 0.9, 0.6, 0.1, 0.8, 0.4, 0.2], [1, 0, 1, 0, 1, 0, 0]),
            col([0.2, 0.7, 0.5, 0.9, 0.1], [0, 1, 1, 0, 1]),
            col([0.1, 0.6, 0.4], [0, 0, 1]),
        ],
        what,
    )

    ties = [
        col([0.6, 0.6, 0.9, 0.6, 0.3], [1, 0, 1, 0, 1]),
        col([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 1]),
        col([0.8, 0.2, 0.8, 0.2, 0.8], [0, 1, 1, 0, 1]),
    ]
    for p, t in ties:
        one, other = (
            attempt(answer, (p, t), what),
            attempt(answer, (p[::-1].copy(), t[::-1].copy()), what),
        )
        if not same(one, other):
            raise Wrong(
                f"{what}: images with equal probability are taken one after the other, in the order in which they stand: {show(one)} "
                f"for probs {show(p)} and targets {show(t)}, and {show(other)} for the same images listed from the end. "
                "Equal scores can't be ordered, so they have to enter together."
            )

    def listed(first):
        def f(p, t):
            o = np.lexsort((t != first, -p))
            return steps(t[o])[t[o]].mean()

        return f

    diagnose(
        answer,
        _ap,
        [
            Mistake(
                "among images with equal probability you take those that have the label first. That flatters a model that gives many equal scores: "
                "let them enter together.",
                listed(True),
            ),
            Mistake(
                "among images with equal probability you take those without the label first. That is harder than it needs to be: "
                "let them enter together.",
                listed(False),
            ),
            Mistake(
                "images with equal probability enter together in yours, but leave a single note. Each image that has the label leaves one.",
                lambda p, t: np.mean([t[p >= s].mean() for s in np.unique(p[t])]),
            ),
        ],
        ties,
        what,
    )
    edge(
        answer,
        _ap,
        [
            col([0.9012, 0.9013, 0.9014, 0.3], [1, 0, 1, 1]),
            col([0.2, 0.5003, 0.5001, 0.5002, 0.5004], [0, 0, 1, 1, 0]),
        ],
        what,
        "some of these probabilities differ in the fourth digit only, and they are different all the same. A grid of thresholds steps over them, "
        "and rounding makes them equal. The precision changes at the probabilities themselves: look there.",
    )
    high = np.float32(0.3183099)
    edge(
        answer,
        _ap,
        [col([0.8, np.nextafter(high, np.float32(0)), high, 0.1], [0, 0, 1, 1])],
        what,
        "two of these probabilities are neighbours in float32. They look equal in print, and they are different all the same: "
        "no grid and no rounding tells them apart, a comparison does.",
    )
    edge(
        answer,
        _ap,
        [col([0.3, 0.8], [0, 0])],
        what,
        "a label without positives has nothing to find, so neither a good nor a bad value would mean anything: give back float('nan').",
    )
    return Right("Right: from the top, ties together, one note per positive.")
