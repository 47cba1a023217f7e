"Exercise 1: the share of right cells."

from __future__ import annotations

from .._core import Mistake, Right, diagnose, torch_first
from .._names import called


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
    what = called(answer, "my_accuracy")
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
                "a cell exactly at the threshold counts as predicted in yours. Here, and "
                "everywhere in the course, "
                "a label is predicted when prob > thresh: use > in place of >=.",
                lambda x, t, th=0.5, s=True: ((p(x, s) >= th) == t.bool()).float().mean(),
            ),
            Mistake(
                "you compare the most probable label of each image. The arg-max can't say two "
                "labels, or none: compare every cell with the threshold.",
                lambda x, t, th=0.5, s=True: (x.argmax(1) == t.argmax(1)).float().mean(),
            ),
            Mistake(
                "you use a softmax, which makes the labels of an image compete for a sum of 1. "
                "Each label is a question of its own: use the sigmoid.",
                lambda x, t, th=0.5, s=True: (
                    (((x.softmax(1) if s else x) > th) == t.bool()).float().mean()
                ),
            ),
            Mistake(
                "the sigmoid is missing: with sigmoid=True the numbers are logits, and have to "
                "become probabilities before they meet a threshold.",
                lambda x, t, th=0.5, s=True: ((x > th) == t.bool()).float().mean(),
            ),
            Mistake(
                "the sigmoid is applied although sigmoid=False says that these are probabilities "
                "already. "
                "A probability put through it again lands between 0.5 and 0.73.",
                lambda x, t, th=0.5, s=True: ((x.sigmoid() > th) == t.bool()).float().mean(),
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice "
                "squeezes everything between 0.5 and 0.73.",
                lambda x, t, th=0.5, s=True: (
                    ((x.sigmoid().sigmoid() if s else x) > th).eq(t.bool()).float().mean()
                ),
            ),
            Mistake(
                "the argument `sigmoid` does the opposite: True means that `inp` holds logits and "
                "still needs the sigmoid.",
                lambda x, t, th=0.5, s=True: ((p(x, not s) > th) == t.bool()).float().mean(),
            ),
            Mistake(
                "you take the mean over the rows only, which gives one number per label. Accuracy "
                "is one number: the mean over every cell.",
                lambda *args: cells(*args).float().mean(0),
            ),
            Mistake(
                "you take the mean over the labels only, which gives one number per image. "
                "Accuracy is one number: the mean over every cell.",
                lambda *args: cells(*args).float().mean(1),
            ),
            Mistake(
                "you count the images with every label right. That is exact match, the strictest "
                "figure; accuracy counts single cells.",
                lambda *args: cells(*args).all(1).float().mean(),
            ),
            Mistake(
                "this is the share of wrong cells, the Hamming loss. Accuracy is the share of "
                "right ones, 1 minus that.",
                lambda *args: 1 - cells(*args).float().mean(),
            ),
            Mistake(
                "you give the number of right cells. Accuracy is their share, a number between 0 "
                "and 1: divide by the number of cells.",
                lambda *args: cells(*args).float().sum(),
            ),
            Mistake(
                "this is the share of cells that are predicted; the target isn't asked. A cell is "
                "right when prediction and target agree, "
                "on no as well as on yes.",
                lambda x, t, th=0.5, s=True: (p(x, s) > th).float().mean(),
            ),
            Mistake(
                "only the cells that are predicted and there count as right in yours. A cell that "
                "is rightly left empty is right as well.",
                lambda x, t, th=0.5, s=True: ((p(x, s) > th) & t.bool()).float().mean(),
            ),
            Mistake(
                "the threshold is fixed at 0.5: use the argument `thresh`.",
                lambda x, t, th=0.5, s=True: cells(x, t, 0.5, s).float().mean(),
            ),
        ],
        cases,
        what,
        praise="Right: one sigmoid at most, >, and the mean over every cell.",
    )
