"Nine figures at one threshold, and the loss by hand, beside the field's."

from __future__ import annotations

from mlc_course.tools.bench.core import Row, agree, in_turn, scores_like


def bench_figures(report, p, k, repeats):
    "nine figures of one batch"
    from sklearn.metrics import f1_score, precision_score, recall_score

    from mlc_course.metrics import confusion, precision_recall_f1

    b = scores_like(64, 20, seed=1)

    def ours():
        c = confusion(b.probs, b.targets)
        return [precision_recall_f1(c, a) for a in ("micro", "macro", "samples")]

    def theirs():
        pred = b.probs > 0.5
        return [
            [
                f(b.targets, pred, average=a, zero_division=0)
                for f in (precision_score, recall_score, f1_score)
            ]
            for a in ("micro", "macro", "samples")
        ]

    agree("the nine figures", ours(), theirs())
    o, t = in_turn(ours, theirs, repeats=repeats * 2)
    report.rows.append(
        Row(
            "nine P/R/F1 figures, 64 x 20",
            "nine scikit-learn calls",
            o,
            t,
            "50 times or more",
            t / o >= 50,
        )
    )


def bench_loss(report, p, k, repeats):
    "binary cross-entropy by hand"
    import torch
    import torch.nn.functional as F

    from mlc_course.losses import binary_cross_entropy, binary_cross_entropy_with_logits

    for rows, cols in ((64, 20), (4096, 81)):
        g = torch.Generator().manual_seed(0)
        x, t = (
            (torch.randn(rows, cols, generator=g) * 5).requires_grad_(),
            (torch.rand(rows, cols, generator=g) < 0.07).float(),
        )

        def step(f, **kwargs):
            x.grad = None
            loss = f(x, t, **kwargs)
            loss.backward()
            return [loss.item(), *x.grad.flatten()[:50].tolist()]

        run = lambda f, **kwargs: lambda: step(f, **kwargs)
        w = torch.full((cols,), 3.0)
        for name, ours, theirs in (
            (
                "binary_cross_entropy",
                run(binary_cross_entropy),
                run(F.binary_cross_entropy_with_logits),
            ),
            (
                "the same with pos_weight",
                run(binary_cross_entropy_with_logits, pos_weight=w),
                run(F.binary_cross_entropy_with_logits, pos_weight=w),
            ),
        ):
            agree(name, ours(), theirs(), 1e-5)
            o, s = in_turn(ours, theirs, repeats=repeats * 2)
            report.rows.append(
                Row(
                    f"{name}, {rows:,} x {cols}",
                    "PyTorch",
                    o,
                    s,
                    "ours within 3 times",
                    o / s <= 3,
                    ""
                    if name != "binary_cross_entropy" or rows > 64
                    else "forward and backward; loss and gradient compared.",
                )
            )
