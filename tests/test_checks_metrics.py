"Each check of lesson 05 takes the right answer and names the typical wrong ones."

import warnings

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says
from sklearn import metrics as skm

from mlc_course.metrics import average_precision, confusion, precision_recall_f1
from mlc_course.tools import checks
from mlc_course.tools.checks import metrics as module


def right_accuracy(inp, targ, thresh=0.5, sigmoid=True):
    import torch

    p = torch.sigmoid(inp) if sigmoid else inp
    return (targ.bool() == (p > thresh)).float().mean().item()


def right_counts(p, t, thresh=0.5):
    m = skm.multilabel_confusion_matrix(t, p > thresh)
    return m[:, 1, 1], m[:, 0, 1], m[:, 1, 0], m[:, 0, 0]


def right_macro(tp, fp, fn):
    return sum(2 * a / (2 * a + b + c) if a else 0 for a, b, c in zip(tp, fp, fn)) / len(tp)


def right_batches(batches):
    probs, targets = (np.concatenate(o) for o in zip(*batches))
    return skm.f1_score(targets, probs > 0.5, average="macro", zero_division=0)


def right_ap(p, t):
    return skm.average_precision_score(t, p) if t.any() else float("nan")


RIGHT = dict(
    accuracy=right_accuracy,
    counts=right_counts,
    macro_f1=right_macro,
    f1_over_batches=right_batches,
    average_precision=right_ap,
)


@pytest.mark.parametrize("name", RIGHT)
def test_every_mistake_differs_from_the_right_answer_and_from_the_others(name, monkeypatch):
    mistakes_are_told_apart(module, name, RIGHT[name], monkeypatch)


@pytest.mark.parametrize("name", RIGHT)
def test_stub_exception_and_odd_answers(name):
    odd_answers_are_refused(getattr(checks, name))
    says(getattr(checks, name), lambda *args: 42.0, "expected")


def test_accuracy():
    import torch

    p = lambda x, s: torch.sigmoid(x) if s else x
    cells = lambda x, t, h=0.5, s=True: (p(x, s) > h) == t.bool()
    passes(checks.accuracy, right_accuracy)
    passes(
        checks.accuracy,
        lambda x, t, thresh=0.5, sigmoid=True: np.asarray(cells(x, t, thresh, sigmoid)).mean(),
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: ((p(x, s) >= h) == t.bool()).float().mean(),
        "in place of >=",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: ((x > h) == t.bool()).float().mean(),
        "sigmoid is missing",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: ((torch.sigmoid(x) > h) == t.bool()).float().mean(),
        "probabilities already",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: (
            ((p(x.sigmoid() if s else x, s) > h) == t.bool()).float().mean()
        ),
        "applied twice",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: ((p(x, not s) > h) == t.bool()).float().mean(),
        "does the opposite",
    )
    says(checks.accuracy, lambda *a: cells(*a).float().mean(0), "mean over the rows")
    says(checks.accuracy, lambda *a: cells(*a).float().mean(1), "mean over the labels")
    says(checks.accuracy, lambda *a: cells(*a).all(1).float().mean(), "exact match")
    says(checks.accuracy, lambda *a: (~cells(*a)).float().mean(), "Hamming loss")
    says(checks.accuracy, lambda *a: cells(*a).sum(), "number of right cells")
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: (p(x, s) > h).float().mean(),
        "the target isn't asked",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: ((p(x, s) > h) * t).float().mean(),
        "rightly left empty",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: cells(x, t, 0.5, s).float().mean(),
        "fixed at 0.5",
    )


def test_counts():
    def by_loop(probs, targets, thresh=0.5):
        thresh, res = (
            np.broadcast_to(thresh, probs.shape[1]),
            [[0] * probs.shape[1] for _ in range(4)],
        )
        for p, t in zip(probs, targets):
            for i in range(len(p)):
                res[
                    {(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[bool(p[i] > thresh[i]), bool(t[i])]
                ][i] += 1
        return res

    def with_confusion(p, t, thresh=0.5):
        c = confusion(p, t, thresh)
        return np.stack([c.tp, c.fp, c.fn, c.tn])

    for right in (right_counts, by_loop, with_confusion):
        passes(checks.counts, right)
    tp, fp, fn, tn = range(4)
    for order, message in (
        ((tp, fn, fp, tn), "exchanged"),
        ((tn, fp, fn, tp), "scikit-learn's order"),
        ((tp, tn, fp, fn), "in the order tp, tn, fp, fn"),
    ):
        says(checks.counts, lambda *a: [right_counts(*a)[i] for i in order], message)

    def per_image(p, t, thresh=0.5):
        m = skm.multilabel_confusion_matrix(t, p > thresh, samplewise=True)
        return m[:, 1, 1], m[:, 0, 1], m[:, 1, 0], m[:, 0, 0]

    says(checks.counts, per_image, "every image gets its own")
    says(
        checks.counts,
        lambda p, t, thresh=0.5: right_counts(p + (p == thresh), t, thresh),
        "use > in place of >=",
    )
    says(checks.counts, lambda *a: [int(sum(o)) for o in right_counts(*a)], "one pot")
    says(
        checks.counts,
        lambda p, t, thresh=0.5: (
            ((p > thresh) & t).sum(0),
            (p > thresh).sum(0),
            t.sum(0),
            right_counts(p, t, thresh)[3],
        ),
        "still contain",
    )
    says(
        checks.counts,
        lambda p, t, thresh=0.5: [o / len(p) for o in right_counts(p, t, thresh)],
        "shares of the images",
    )
    says(checks.counts, lambda p, t, thresh=0.5: right_counts(p, t), "fixed at 0.5")


def test_macro_f1():
    from mlc_course.metrics import Confusion

    passes(checks.macro_f1, right_macro)
    passes(
        checks.macro_f1,
        lambda tp, fp, fn: precision_recall_f1(Confusion(tp, fp, fn, 0 * tp), "macro").f1,
    )
    div = lambda a, b: np.divide(a, b, out=np.zeros(len(a)), where=b > 0)

    def harmonic(p, r):
        return 2 * p * r / (p + r) if p + r else 0.0

    says(
        checks.macro_f1,
        lambda tp, fp, fn: right_macro([tp.sum()], [fp.sum()], [fn.sum()]),
        "micro F1",
    )
    says(
        checks.macro_f1,
        lambda tp, fp, fn: harmonic(div(tp, tp + fp).mean(), div(tp, tp + fn).mean()),
        "F1 of macro precision and macro recall",
    )
    says(
        checks.macro_f1,
        lambda tp, fp, fn: np.mean([div(tp, tp + fp), div(tp, tp + fn)]),
        "arithmetic mean",
    )
    says(checks.macro_f1, lambda tp, fp, fn: div(2 * tp, 2 * tp + fp + fn), "one F1 per label")
    says(checks.macro_f1, lambda tp, fp, fn: div(tp, tp + fp + fn).mean(), "Jaccard")
    says(checks.macro_f1, lambda tp, fp, fn: div(tp, tp + fp).mean(), "macro precision")
    says(checks.macro_f1, lambda tp, fp, fn: div(tp, tp + fn).mean(), "macro recall")
    says(
        checks.macro_f1,
        lambda tp, fp, fn: (
            (div(2 * tp, 2 * tp + fp + fn) * (tp + fn)).sum() / max(1, (tp + fn).sum())
        ),
        "weighted by how often",
    )


def test_macro_f1_of_labels_with_nothing_to_count():
    def ratios(tp, fp, fn, mean):
        with np.errstate(all="ignore"):
            p, r = tp / (tp + fp), tp / (tp + fn)
            return mean(2 * p * r / (p + r))

    def formula(tp, fp, fn, mean):
        with np.errstate(all="ignore"):
            return mean(2 * tp / (2 * tp + fp + fn))

    def known(x):
        x = [v for v in x if v == v]
        return sum(x) / max(len(x), 1)

    for f in (ratios, formula):
        says(checks.macro_f1, lambda *c: f(*c, np.mean), "makes the whole mean NaN")
        says(checks.macro_f1, lambda *c: f(*c, known), "left out of your mean")

    def nanmean(x):
        with warnings.catch_warnings(action="ignore"):
            return np.nanmean(x)

    for f in (ratios, formula):
        says(checks.macro_f1, lambda *c: f(*c, nanmean), "left out of your mean")

    def seen_or_nan(tp, fp, fn):
        return nanmean(np.where(tp + fn > 0, 2 * tp / np.maximum(2 * tp + fp + fn, 1), np.nan))

    says(checks.macro_f1, seen_or_nan, "left out of your mean")

    def seen_only(tp, fp, fn):
        return right_macro(*(o[tp + fn > 0] for o in (tp, fp, fn))) if (tp + fn).any() else 0

    says(checks.macro_f1, seen_only, "left out of your mean")
    says(
        checks.macro_f1,
        lambda tp, fp, fn: np.mean(
            [2 * a / (2 * a + b + c) if a + b + c else 1 for a, b, c in zip(tp, fp, fn)]
        ),
        "scores 1 in yours",
    )
    says(
        checks.macro_f1,
        lambda tp, fp, fn: (
            sum(2 * int(a) / (2 * int(a) + int(b) + int(c)) for a, b, c in zip(tp, fp, fn))
            / len(tp)
        ),
        "ZeroDivisionError",
    )


def test_f1_over_batches():
    passes(checks.f1_over_batches, right_batches)
    passes(
        checks.f1_over_batches,
        lambda bs: precision_recall_f1(sum(confusion(p, t) for p, t in bs), "macro").f1,
    )
    f1 = lambda p, t, average="macro": skm.f1_score(t, p > 0.5, average=average, zero_division=0)
    says(
        checks.f1_over_batches,
        lambda bs: np.mean([f1(*b) for b in bs]),
        "mean of the batches' macro F1. A label",
    )
    says(
        checks.f1_over_batches,
        lambda bs: sum(f1(p, t) * len(p) for p, t in bs) / sum(len(p) for p, _ in bs),
        "weighted by their size",
    )

    def where_it_occurs(bs):
        n = bs[0][1].shape[1]
        return np.mean(
            [np.mean([f1(p, t, None)[i] for p, t in bs if t[:, i].any()] or [0]) for i in range(n)]
        )

    says(checks.f1_over_batches, where_it_occurs, "batches in which it occurs")
    says(checks.f1_over_batches, lambda bs: f1(*bs[-1]), "only the last batch")
    says(checks.f1_over_batches, lambda bs: f1(*bs[0]), "only the first batch")
    says(
        checks.f1_over_batches,
        lambda bs: right_batches([b for b in bs if len(b[0]) == len(bs[0][0])]),
        "no batch may be dropped",
    )
    says(
        checks.f1_over_batches,
        lambda bs: f1(*(np.concatenate(o) for o in zip(*bs)), "micro"),
        "micro F1",
    )
    says(
        checks.f1_over_batches,
        lambda bs: f1(*(np.concatenate(o) for o in zip(*bs)), None),
        "one F1 per label",
    )
    says(
        checks.f1_over_batches,
        lambda bs: right_batches([(p + (p == 0.5), t) for p, t in bs]),
        "use > in place of >=",
    )
    says(checks.f1_over_batches, lambda bs: 42, "3 batches of 4, 4 and 2 images")


def test_f1_over_batches_with_a_label_that_no_image_has():
    def f1(bs, average="macro", zero_division=np.nan):
        p, t = (np.concatenate(o) for o in zip(*bs))
        return skm.f1_score(t, p > 0.5, average=average, zero_division=zero_division)

    says(checks.f1_over_batches, f1, "left out of your mean")
    says(
        checks.f1_over_batches,
        lambda bs: np.mean([f for f in f1(bs, None) if f == f]),
        "left out of your mean",
    )
    there = lambda bs: np.concatenate([t for _, t in bs]).any(0)
    says(
        checks.f1_over_batches,
        lambda bs: f1(bs, None, 0)[there(bs)].mean(),
        "left out of your mean",
    )
    says(checks.f1_over_batches, lambda bs: f1(bs, None).mean(), "makes the whole mean NaN")
    says(checks.f1_over_batches, lambda bs: f1(bs, zero_division=1), "scores 1 in yours")
    says(
        checks.f1_over_batches,
        lambda bs: right_batches(bs) + 0.1 * (not there(bs).all()),
        "a label that is neither there nor predicted, expected",
    )


def walk(p, t, order=lambda p, t: np.argsort(-p, kind="stable")):
    found, notes = 0, []
    for rank, i in enumerate(order(p, t), start=1):
        if t[i]:
            found += 1
            notes.append(found / rank)
    return sum(notes) / len(notes)


def test_average_precision():
    passes(checks.average_precision, right_ap)
    passes(checks.average_precision, lambda p, t: average_precision(p[:, None], t[:, None])[0])
    says(
        checks.average_precision,
        lambda p, t: average_precision(p[:, None], t[:, None]),
        "result of shape (1,)",
    )

    def notes(p, t, every=False):
        t = t[np.argsort(-p, kind="stable")]
        steps = [t[: k + 1].mean() for k in range(len(t))]
        return steps if every else [s for s, there in zip(steps, t) if there]

    says(
        checks.average_precision,
        lambda p, t: walk(p, t, lambda p, t: np.argsort(p)),
        "walk up the list",
    )
    says(checks.average_precision, lambda p, t: np.mean(notes(p, t, every=True)), "over every rank")
    says(
        checks.average_precision,
        lambda p, t: np.sum(notes(p, t)) / len(p),
        "divided by the number of images",
    )

    def trapezoid(p, t):
        precision, recall, _ = skm.precision_recall_curve(t, p)
        return skm.auc(recall, precision)

    says(checks.average_precision, trapezoid, "trapezoid rule")
    says(checks.average_precision, lambda p, t: skm.roc_auc_score(t, p), "ROC curve")
    says(
        checks.average_precision,
        lambda p, t: np.mean(np.arange(1, t.sum() + 1) / t.sum()),
        "you note the recall",
    )
    says(
        checks.average_precision,
        lambda p, t: walk(p, t, lambda p, t: range(len(p))),
        "Sort them by probability first",
    )

    def from_zero(p, t):
        found, out = 0, []
        for rank, i in enumerate(np.argsort(-p)):
            found += t[i]
            if t[i]:
                out.append(found / max(rank, 1))
        return np.mean(out)

    says(checks.average_precision, from_zero, "ranks start at 0")


def test_average_precision_of_close_probabilities():
    def on_grid(grid):
        def ap(p, t):
            if not t.any():
                return float("nan")
            res, seen = 0.0, 0.0
            for s in np.sort(grid)[::-1]:
                kept = p >= s
                if kept.any():
                    res, seen = (
                        res + (t[kept].sum() / t.sum() - seen) * t[kept].mean(),
                        t[kept].sum() / t.sum(),
                    )
            return res

        return ap

    col = (
        np.array([0.3, 0.9, 0.6, 0.1, 0.8, 0.4, 0.2], dtype="float32"),
        np.array([1, 0, 1, 0, 1, 0, 0], dtype=bool),
    )
    for n in (102, 1002):
        assert on_grid(np.linspace(0, 1, n))(*col) == pytest.approx(right_ap(*col))
    says(
        checks.average_precision, on_grid(np.linspace(0, 1, 102)), "differ in the fourth digit only"
    )
    says(
        checks.average_precision,
        lambda p, t: right_ap(p.round(3), t),
        "differ in the fourth digit only",
    )
    says(checks.average_precision, on_grid(np.linspace(0, 1, 20002)), "neighbours in float32")
    says(checks.average_precision, lambda p, t: right_ap(p.round(6), t), "neighbours in float32")
    passes(checks.average_precision, lambda p, t: on_grid(np.unique(p))(p, t))


def test_average_precision_with_ties_and_without_positives():
    says(checks.average_precision, walk, "in the order in which they stand")
    says(
        checks.average_precision,
        lambda p, t: walk(p, t, lambda p, t: np.lexsort((~t, -p))),
        "have the label first",
    )
    says(
        checks.average_precision,
        lambda p, t: walk(p, t, lambda p, t: np.lexsort((t, -p))),
        "without the label first",
    )
    says(
        checks.average_precision,
        lambda p, t: np.mean([t[p >= s].mean() for s in set(p[t])]),
        "a single note",
    )
    says(checks.average_precision, lambda p, t: right_ap(p, t) if t.any() else 0.0, "float('nan')")

    def no_guard(p, t):
        return sum(t[p >= s].mean() for s in p[t]) / int(t.sum())

    says(checks.average_precision, no_guard, "yours stopped with ZeroDivisionError")


def test_accuracy_of_the_most_probable_label_and_of_a_softmax():
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: (x.argmax(1) == t.argmax(1)).float().mean(),
        "arg-max",
    )
    says(
        checks.accuracy,
        lambda x, t, h=0.5, s=True: (((x.softmax(1) if s else x) > h) == t.bool()).float().mean(),
        "softmax",
    )


def test_counts_with_and_in_place_of_the_ampersand():
    def with_and(probs, targets, thresh=0.5):
        pred = probs > thresh
        return (pred and targets).sum(0), 0, 0, 0

    def with_if(probs, targets, thresh=0.5):
        return 1 if targets else 0

    for wrong in (with_and, with_if):
        says(checks.counts, wrong, "write & for and")
        says(checks.counts, wrong, wrong.__name__)


def test_average_precision_without_the_image_itself():
    def above(nothing):
        return lambda p, t: np.mean([t[p > s].mean() if (p > s).any() else nothing for s in p[t]])

    says(checks.average_precision, above(0.0), "use >= there")
    says(checks.average_precision, above(float("nan")), "use >= there")


@pytest.mark.parametrize("name", RIGHT)
def test_messages_use_the_learners_own_name(name):
    def my_own_function(*args):
        return -7.0

    says(getattr(checks, name), my_own_function, "my_own_function")


def other_accuracy(inp, targ, thresh=0.5, sigmoid=True):
    import torch

    p = torch.special.expit(inp) if sigmoid else inp
    wrong = (p > torch.as_tensor(thresh)).int() ^ targ.int()
    return 1 - wrong.double().mean()


def other_counts(probs, targets, thresh=0.5):
    code = 2 * (probs > thresh) + targets
    return tuple((code == k).sum(axis=0) for k in (3, 2, 1, 0))


def other_macro(tp, fp, fn):
    return np.nan_to_num(tp / np.maximum(tp + (fp + fn) / 2, 0.5)).mean()


def other_batches(batches):
    hit = sum(((p > 0.5) & t).sum(0) for p, t in batches)
    both = sum((p > 0.5).sum(0) + t.sum(0) for p, t in batches)
    return float(np.mean([2 * h / b if b else 0 for h, b in zip(hit, both)]))


def other_ap(probs, targets):
    if not targets.sum():
        return np.nan
    precision, recall, _ = skm.precision_recall_curve(targets, probs)
    return -(np.diff(recall) * precision[:-1]).sum()


@pytest.mark.parametrize(
    "name, answer",
    [
        ("accuracy", other_accuracy),
        ("counts", other_counts),
        ("macro_f1", other_macro),
        ("f1_over_batches", other_batches),
        ("average_precision", other_ap),
    ],
)
def test_right_answers_written_another_way(name, answer):
    passes(getattr(checks, name), answer)
