"Exercise 5: does a loss ignore a shift of all logits?"

from __future__ import annotations

from .._core import (
    Right,
    Wrong,
    attempt,
    call,
    function,
    show,
    torch_first,
)
from .._names import called


def _cases():
    torch_first()
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x = torch.randn(6, 4, generator=g) * 2
    hot = torch.tensor(
        [[1.0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]]
    )
    one = torch.tensor([0, 2, 1, 3, 0, 1])
    bce, ce = nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()
    focal_softmax = lambda i, t: (lambda loss: ((1 - torch.exp(-loss)) ** 2 * loss).mean())(
        nn.functional.cross_entropy(i, t, reduction="none")
    )
    margin = lambda i, t: nn.functional.multi_margin_loss(i, t)
    faint = lambda i, t: 1e-3 * bce(i, t)  # changes by little, but it changes
    without = lambda k: lambda i, t: bce(i[:, k], t[:, k])
    cosine = lambda i, t: 1 - nn.functional.cosine_similarity(i, t - 0.5).mean()
    return [
        ("binary cross-entropy with logits", bce, x, hot),
        ("softmax cross-entropy with a class number", ce, x, one),
        ("softmax cross-entropy with multi-hot targets", ce, x, hot),
        ("a focal loss on top of softmax", focal_softmax, x, one),
        ("a margin loss, which compares logits with each other", margin, x, one),
        ("a thousandth of binary cross-entropy", faint, x, hot),
        ("the cosine between logits and targets", cosine, x, hot),
        ("binary cross-entropy where every label is there", bce, x, torch.ones(6, 4)),
        ("binary cross-entropy without the first label", without(slice(1, None)), x, hot),
        ("binary cross-entropy without the last label", without(slice(None, -1)), x, hot),
    ]


def ignores_a_shift(answer) -> Right:
    """Exercise 5: my_test(loss_func, logits, targets) -> True if adding the same number to every
    logit leaves the loss as it is (up to rounding).
    """
    import numpy as np

    what = called(answer, "my_test")
    function(answer, what)
    named = [(n, (f, x, t)) for n, f, x, t in _cases()]

    def moved(f, x, t, by=5.0):
        return abs(float(f(x + by, t)) - float(f(x, t)))

    def one_only(k):
        def test(f, x, t):
            y = x.clone()
            y[:, k] += 5
            return abs(float(f(y, t)) - float(f(x, t))) < 1e-5

        return test

    one_label = (
        "you add the number to one label only. Then softmax changes as well; it's the same number "
        "on *every* logit that softmax can't see."
    )
    right = lambda f, x, t: moved(f, x, t) < 1e-5
    for n, args in named:
        got = attempt(
            lambda *a: answer(*a), args, what, f"{n}, logits of shape (6, 4) and their targets"
        )
        if not isinstance(got, (bool, np.bool_)) and not (
            hasattr(got, "dtype") and "bool" in str(got.dtype) and got.numel() == 1
        ):
            raise Wrong(f"{what} should say True or False, and for {n} it gave {show(got)}.")
    wrong = lambda f: [bool(call(f, a)) for _, a in named]
    ours, true = wrong(answer), wrong(right)
    if ours == true:
        return Right("Right. One line, and no loss can deceive you about being multi-label.")
    for says, f in [
        (
            "it says the opposite: True where the loss does change. Asked is whether it "
            "ignores the shift.",
            lambda *a: not right(*a),
        ),
        (
            "you compare two losses with ==. Adding and subtracting rounds, so even softmax "
            "cross-entropy changes in the last digit: allow a small difference, such as 1e-5.",
            lambda *a: moved(*a) == 0,
        ),
        (one_label, one_only(0)),
        (one_label, one_only(-1)),
        (
            "your tolerance is so wide that a loss which changes by little passes for one that "
            "doesn't change. What rounding does is of the order of 1e-7; 1e-5 is wide enough.",
            lambda *a: moved(*a) < 1e-2,
        ),
        *[
            (
                "a loss that becomes smaller passes for one that doesn't change: take the "
                "absolute value of the difference.",
                lambda f, x, t, by=by: float(f(x + by, t)) - float(f(x, t)) < 1e-5,
            )
            for by in (5.0, -5.0)
        ],
        (
            "you multiply the logits. Softmax ignores what is added to all of them, not what "
            "they are multiplied with.",
            lambda f, x, t: abs(float(f(x * 5, t)) - float(f(x, t))) < 1e-5,
        ),
        (
            "every loss ignores the shift in yours. Do you hand the shifted logits to the "
            "loss, and the others as they were? (`+=` changes the logits themselves.)",
            lambda *a: True,
        ),
        (
            "no loss ignores the shift in yours. Softmax cross-entropy does, up to rounding: add "
            "one number to every logit, leave the targets alone, and compare with a tolerance.",
            lambda *a: False,
        ),
    ]:
        try:
            theirs = wrong(f)
        except Exception:
            continue
        if ours == theirs:
            raise Wrong(f"{what}: {says}")
    i = next(i for i, (o, t) in enumerate(zip(ours, true)) if o != t)
    raise Wrong(
        f"{what} isn't right yet. For {named[i][0]} it says {ours[i]}; with 5 more on every "
        f"logit that loss changes by {moved(*named[i][1]):.1e}."
    )
