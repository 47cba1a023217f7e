"""`mlc bench metrics`: what the course's own functions cost beside the field's.

Both run in turns, and their results are compared first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlc_course.extras import need
from mlc_course.tools.bench.core import Report, Row, agree, in_turn, machine, once, scores_like

from .figures import bench_figures, bench_loss


def bench_metrics(
    n: int = 40_000,
    n_labels: int = 81,
    n_thresholds: int = 1000,
    repeats: int = 5,
    say: Callable = lambda text: None,
) -> Report:
    """Counts, optimum, average precision, ranking, nine figures and the loss, beside the field's.

    The others are NumPy, scikit-learn, torchmetrics and PyTorch. Where a reference would take many
    minutes it is timed on a part that the note states, and its time is scaled up.
    """
    need("bench", "sklearn")
    need("torch", "torch")
    report = Report("mlc bench metrics", f"{n:,} images, {n_labels} labels; {machine()}")
    p = scores_like(n, n_labels)
    for part in (_bench_sweep, _bench_sort, _bench_ranking, bench_figures, bench_loss):
        say(f"... {part.__doc__}")
        part(report, p, n_thresholds, repeats)
    return report


def _torchmetrics(name):
    try:
        import torchmetrics.classification as tm
    except ImportError:
        return None
    return getattr(tm, name)


def _missing(report, name, goal):
    report.rows.append(
        Row(
            name,
            "torchmetrics",
            goal=goal,
            note="torchmetrics isn't installed: " + 'pip install "mlc_course[bench]"',
        )
    )


def _bench_sweep(report, p, k, repeats):
    "counts at many thresholds"
    from mlc_course.metrics import confusion
    from mlc_course.thresholds import counts_at

    grid = np.linspace(0, 1, k)
    tp, predicted = counts_at(p, grid)
    for i in range(0, k, max(1, k // 7)):
        c = confusion(p.probs, p.targets, grid[i])
        if not ((tp[i] == c.tp).all() and (predicted[i] == c.tp + c.fp).all()):
            raise AssertionError(f"the counts at threshold {grid[i]:.3f} differ from `confusion`")
    name = f"counts at {k:,} thresholds"
    (ours,) = in_turn(lambda: counts_at(p, grid), repeats=repeats)
    _sweep_sklearn(report, p, k, name, ours)
    _sweep_torchmetrics(report, p, grid, name, ours)


def _sweep_sklearn(report, p, k, name, ours):
    "f1_score in a loop, timed at a few thresholds."
    from sklearn.metrics import f1_score

    from mlc_course.thresholds import sweep

    f1 = lambda t: f1_score(p.targets, p.probs > np.float32(t), average="macro", zero_division=0)
    some = np.linspace(0.1, 0.9, 5)
    agree("macro F1", sweep(p, some, "macro_f1")["macro_f1"], [f1(t) for t in some])
    sk = np.median([once(lambda t=t: f1(t)) for t in some])
    report.rows.append(
        Row(
            name,
            "scikit-learn f1_score in a loop",
            ours,
            sk * k,
            "1,000 times or more",
            sk * k / ours >= 1000,
            f"timed at {len(some)} thresholds from 0.1 to 0.9 (macro F1, results equal), "
            f"median times {k:,}.",
        )
    )


def _sweep_torchmetrics(report, p, grid, name, ours):
    "The curve of torchmetrics at the same thresholds, timed on a part of the rows."
    k = len(grid)
    curve = _torchmetrics("MultilabelPrecisionRecallCurve")
    if curve is None:
        return _missing(report, name, "50 times or more")
    import torch

    metric = curve(
        num_labels=p.targets.shape[1],
        thresholds=torch.tensor(grid, dtype=torch.float32),
        validate_args=False,
    )
    batch, part = 256, min(len(p), 2048)
    probs, targets = torch.tensor(p.probs[:part]), torch.tensor(p.targets[:part]).long()

    def theirs():
        metric.reset()
        for i in range(0, part, batch):
            metric.update(probs[i : i + batch], targets[i : i + batch])
        return metric.compute()

    # torchmetrics counts prob >= threshold
    recall = np.stack([np.asarray(r) for r in theirs()[1]])[:, :-1]
    at_least = np.stack(
        [
            [
                ((p.probs[:part, j] >= t) & p.targets[:part, j]).sum()
                for t in grid[::100].astype(np.float32)
            ]
            for j in range(len(recall))
        ]
    )
    agree("recall", at_least / p.targets[:part].sum(0)[:, None], recall[:, ::100], 1e-5)
    t = min(once(theirs) for _ in range(2)) * len(p) / part
    report.rows.append(
        Row(
            name,
            "torchmetrics MultilabelPrecisionRecallCurve",
            ours,
            t,
            "50 times or more",
            t / ours >= 50,
            f"fed in batches of {batch} (its table for all {len(p):,} rows at once needs "
            f"{len(p) * p.targets.shape[1] * k * 8 / 1e9:.0f} GB); timed on {part:,} rows, the "
            "faster of two runs, scaled up.",
        )
    )


def _bench_sort(report, p, k, repeats):
    "exact optimum and average precision"
    from mlc_course.thresholds import thresholds_and_average_precision

    name = "best thresholds and average precision"
    both = lambda: thresholds_and_average_precision(p)
    ours, plain, columns = in_turn(
        both, lambda: np.sort(p.probs, axis=None), lambda: np.sort(p.probs, axis=0), repeats=repeats
    )
    report.rows.append(
        Row(
            name,
            "one np.sort of the scores (flat)",
            ours,
            plain,
            "ours within 2 times",
            ours / plain <= 2,
        )
    )
    report.rows.append(
        Row(
            name,
            "one np.sort of the scores (axis=0)",
            ours,
            columns,
            "ours within 2 times",
            ours / columns <= 2,
        )
    )
    thresh, ap = both()
    _sort_sklearn(report, p, name, ours, thresh, ap, repeats)
    _sort_torchmetrics(report, p, name, ours, ap, repeats)


def _sort_sklearn(report, p, name, ours, thresh, ap, repeats):
    "precision_recall_curve and average_precision_score of a few labels."
    from sklearn.metrics import average_precision_score, precision_recall_curve

    from mlc_course.metrics import confusion, precision_recall_f1

    c = p.targets.shape[1]
    some = np.unique(np.linspace(0, c - 1, min(c, 9)).astype(int))

    def sk(i):
        y, s = p.targets[:, i], p.probs[:, i]
        pr, rc, th = precision_recall_curve(y, s)
        f1 = np.divide(2 * pr * rc, pr + rc, out=np.zeros_like(pr), where=pr + rc > 0)
        return f1.max(), average_precision_score(y, s)

    best = precision_recall_f1(confusion(p.probs, p.targets, thresh), None).f1
    agree("best F1 and average precision", np.stack([best, ap], 1)[some], [sk(i) for i in some])
    t = (
        float(np.median([once(lambda: [sk(i) for i in some]) for _ in range(max(2, repeats // 2))]))
        * c
        / len(some)
    )
    report.rows.append(
        Row(
            name,
            "scikit-learn",
            ours,
            t,
            "6 times or more",
            t / ours >= 6,
            f"precision_recall_curve and average_precision_score of {len(some)} labels, scaled "
            f"to {c}; results equal.",
        )
    )


def _sort_torchmetrics(report, p, name, ours, ap, repeats):
    "Average precision alone."
    c = p.targets.shape[1]
    metric = _torchmetrics("MultilabelAveragePrecision")
    if metric is None:
        return _missing(report, name, "3 times or more")
    import torch
    from torchmetrics.functional.classification import multilabel_average_precision

    probs, targets = torch.tensor(p.probs), torch.tensor(p.targets).long()
    theirs = lambda: multilabel_average_precision(
        probs, targets, num_labels=c, average=None, validate_args=False
    )
    agree("average precision", ap, theirs(), 1e-4)
    (t,) = in_turn(theirs, repeats=max(2, repeats // 2))
    report.rows.append(
        Row(
            name,
            "torchmetrics",
            ours,
            t,
            "3 times or more",
            t / ours >= 3,
            "multilabel_average_precision alone, without the best thresholds that ours includes.",
        )
    )


def _three_rankings(p):
    "scikit-learn's three ranking measures"
    from sklearn.metrics import (
        coverage_error,
        label_ranking_average_precision_score,
        label_ranking_loss,
    )

    return [
        f(p.targets, p.probs)
        for f in (coverage_error, label_ranking_loss, label_ranking_average_precision_score)
    ]


def _bench_ranking(report, p, k, repeats):
    "ranks of the labels within each image"
    from mlc_course.metrics import evaluate, ranking_measures

    many = scores_like(*((10_000, 2_000) if len(p) >= 10_000 else (len(p), 200)))
    for q in (p, many):
        size = f"{len(q):,} x {len(q.vocab):,}"
        agree(
            f"ranking measures, {size}",
            ranking_measures(q.probs, q.targets),
            _three_rankings(q),
            1e-9,
        )
        theirs = float(
            np.median([once(lambda q=q: _three_rankings(q)) for _ in range(max(1, repeats // 2))])
        )
        (ours,) = in_turn(lambda q=q: ranking_measures(q.probs, q.targets), repeats=repeats)
        report.rows.append(
            Row(
                f"ranking measures, {size}",
                "scikit-learn's three",
                ours,
                theirs,
                "ours no slower",
                ours <= theirs,
            )
        )
        (whole,) = in_turn(lambda q=q: evaluate(q), repeats=max(1, repeats // 2))
        report.rows.append(
            Row(
                f"evaluate, {size}",
                "scikit-learn's three ranking measures",
                whole,
                theirs,
                "ours no slower",
                whole <= theirs,
                "every figure of the sheet, ranking among them.",
            )
        )
