"Lesson 04, exercise 3: binary cross-entropy with weights."

from .._core import Mistake, Right, diagnose
from .cells import cell_of, slope_of, smooth, steady, torch_now, trained


def weighted_bce(answer) -> Right:
    "Exercise 3: f(inputs, targets, pos_weight) on torch tensors [N, C], 0/1: the mean over"
    "cells; a positive counts pos_weight times (a number or [C])."
    torch = torch_now()
    what, F = "my_weighted_bce", torch.nn.functional
    yes, no = (lambda x, t: t * F.softplus(-x)), (lambda x, t: (1 - t) * F.softplus(x))

    def right(x, t, w):
        return (w * yes(x, t) + no(x, t)).mean()

    def of(p, t, w):
        return -(w * t * p.log() + (1 - t) * (1 - p).log()).mean()

    def first(w):
        return w[0] if isinstance(w, torch.Tensor) and w.ndim else w

    def level(w):
        return w.mean() if isinstance(w, torch.Tensor) else w

    x = torch.tensor([[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9], [0.5, 1.6, -1.1], [0.1, -0.2, 2.0]])
    t = torch.tensor([[1.0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
    small = torch.tensor([[0.2, 0.9], [0.6, 0.4]]), torch.tensor([[1.0, 0], [0, 1]])
    cases = [(x, t, torch.tensor([9.0, 1.5, 3.0])), (x, t, 4.0), (*small, torch.tensor([2.0, 5.0]))]

    def wsum(x, t, w):
        return (w * t + (1 - t)).sum()

    diagnose(
        answer,
        right,
        [
            Mistake(
                "the weight has no effect: multiply the cost of the labels that are there by it.",
                lambda x, t, w: right(x, t, 1.0),
            ),
            Mistake(
                "the weight is on the absent labels. It is called pos_weight because the "
                "positives count more, the cells whose target is 1.",
                lambda x, t, w: (yes(x, t) + w * no(x, t)).mean(),
            ),
            Mistake(
                "the weight is on every cell, so positives and negatives keep their proportion. "
                "Multiply only the cost of the positives.",
                lambda x, t, w: (w * (yes(x, t) + no(x, t))).mean(),
            ),
            Mistake(
                "you divide by the sum of the weights. The mean is over the cells: a heavier "
                "positive then makes the loss larger, as in PyTorch.",
                lambda x, t, w: right(x, t, w) * x.numel() / wsum(x, t, w),
            ),
            Mistake(
                "you divide by the number of positives. The mean is over all cells.",
                lambda x, t, w: right(x, t, w) * x.numel() / t.sum(),
            ),
            Mistake(
                "there is one weight per label, and you use their mean for all. Column c of the "
                "targets belongs to pos_weight[c].",
                lambda x, t, w: right(x, t, level(w)),
            ),
            Mistake(
                "there is one weight per label, and you use the first for all. Column c of the "
                "targets belongs to pos_weight[c].",
                lambda x, t, w: right(x, t, first(w)),
            ),
            Mistake(
                "the branches are swapped: a label that is there should cost -log(p), an absent "
                "one -log(1 - p).",
                lambda x, t, w: (w * t * F.softplus(x) + (1 - t) * F.softplus(-x)).mean(),
            ),
            Mistake(
                "a positive counts 1 + pos_weight times in yours: the weight is added to the 1 "
                "that it should replace.",
                lambda x, t, w: ((1 + w * t) * (yes(x, t) + no(x, t))).mean(),
            ),
            Mistake(
                "a positive counts pos_weight - 1 times in yours.",
                lambda x, t, w: ((w - 1) * yes(x, t) + no(x, t)).mean(),
            ),
            Mistake(
                "the negatives are divided by the weight. That keeps the proportion, but a "
                "negative should go on counting once: multiply the positives.",
                lambda x, t, w: (yes(x, t) + no(x, t) / w).mean(),
            ),
            Mistake(
                "the positives are divided by the weight. Multiply: a larger weight makes a missed "
                "positive cost more.",
                lambda x, t, w: (yes(x, t) / w + no(x, t)).mean(),
            ),
            Mistake("the sigmoid is missing: the inputs are logits.", of),
            Mistake("the sigmoid is applied twice.", lambda x, t, w: right(x.sigmoid(), t, w)),
            Mistake(
                "the minus is missing: logarithms of probabilities are negative, and a loss is "
                "not.",
                lambda x, t, w: -right(x, t, w),
            ),
            Mistake(
                "the weight multiplies the logit (or the probability), not the cost. Weigh what "
                "a missed positive costs, after the logarithm.",
                lambda x, t, w: (t * F.softplus(-w * x) + no(x, t)).mean(),
            ),
            Mistake(
                "only the positives cost something. The absent labels count too, once each.",
                lambda x, t, w: (w * yes(x, t)).mean(),
            ),
            Mistake(
                "a positive pays for a wrong yes as well: the second cost is for absent labels, "
                "so multiply it by (1 - targets).",
                lambda x, t, w: (w * yes(x, t) + F.softplus(x)).mean(),
            ),
            Mistake(
                "this is the sum over the cells: take the mean.",
                lambda x, t, w: right(x, t, w) * x.numel(),
            ),
            Mistake(
                "you take the mean over the rows only, which gives one number per label. The "
                "loss is one number.",
                lambda x, t, w: (w * yes(x, t) + no(x, t)).mean(0),
            ),
            Mistake(
                "you take the mean over the labels only, which gives one number per image. The "
                "loss is one number.",
                lambda x, t, w: (w * yes(x, t) + no(x, t)).mean(1),
            ),
            Mistake(
                "this is a table with the cost of every cell. The loss is their mean.",
                lambda x, t, w: w * yes(x, t) + no(x, t),
            ),
        ],
        cases,
        what,
    )
    one = torch.ones(1)
    steady(cell_of(answer, what, one), what)
    smooth(cell_of(slope_of(answer, what), what, one), what)
    trained(answer, right, cases, what)
    return Right(
        "Right: the weight is on the positives alone, label by label, and the mean is over the "
        "cells."
    )
