"Lesson 04, exercise 2: binary cross-entropy, right everywhere."

from .._core import Mistake, Right, diagnose, function
from .cells import cell_of, slope_of, smooth, steady, torch_now, trained
from .ready_made import only_by_hand


def bce(answer) -> Right:
    "Exercise 2: f(inputs, targets) on torch tensors [N, C], logits and targets from 0 to 1: the"
    "mean binary cross-entropy, one number."
    torch = torch_now()
    what, F = "my_bce", torch.nn.functional

    def cells(x, t):
        return t * F.softplus(-x) + (1 - t) * F.softplus(x)

    def of(p, t):
        return -(t * p.log() + (1 - t) * (1 - p).log())

    def right(x, t):
        return cells(x, t).mean()

    theirs = function(answer, what)

    def answer(x, t):
        with only_by_hand(theirs, what):
            return theirs(x, t)

    x = torch.tensor([[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9]])
    hard = [
        (x, torch.tensor([[1.0, 0, 1], [0, 0, 1]])),
        (
            torch.tensor([[0.2, 0.9], [0.6, 0.4], [0.7, 0.1]]),
            torch.tensor([[1.0, 0], [0, 1], [1, 1]]),
        ),
    ]
    soft = [(x, torch.tensor([[0.9, 0.1, 0.8], [0.3, 1, 0]]))]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the branches are swapped: a label that is there should cost -log(p), an absent "
                "one -log(1 - p). "
                "Training with yours teaches the opposite of the labels.",
                lambda x, t: cells(x, 1 - t).mean(),
            ),
            Mistake(
                "the sigmoid is missing: the inputs are logits, and the logarithm is to be taken "
                "of probabilities.",
                lambda x, t: of(x, t).mean(),
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice "
                "squeezes everything between 0.5 and 0.73.",
                lambda x, t: right(x.sigmoid(), t),
            ),
            Mistake(
                "only the labels that are there cost something. An absent label with a high "
                "logit is a mistake as well: add the cost of a wrong yes.",
                lambda x, t: (t * F.softplus(-x)).mean(),
            ),
            Mistake(
                "only the absent labels cost something. Add the cost of a wrong no.",
                lambda x, t: ((1 - t) * F.softplus(x)).mean(),
            ),
            Mistake(
                "a label that is there pays for a wrong yes as well: the second cost is for "
                "absent labels, so multiply it by (1 - targets).",
                lambda x, t: (t * F.softplus(-x) + F.softplus(x)).mean(),
            ),
            Mistake(
                "the minus is missing: logarithms of probabilities are negative, and training "
                "would make this number ever smaller by getting worse.",
                lambda x, t: -right(x, t),
            ),
            Mistake(
                "this is the sum over the cells. Take the mean, so that the loss (and the right "
                "learning rate) doesn't depend on the size of the batch.",
                lambda x, t: cells(x, t).sum(),
            ),
            Mistake(
                "you sum over the labels and take the mean over the images. Take the mean over "
                "every cell.",
                lambda x, t: cells(x, t).sum(1).mean(),
            ),
            Mistake(
                "you take the mean over the rows only, which gives one number per label. A loss "
                "is one number: the mean over every cell.",
                lambda x, t: cells(x, t).mean(0),
            ),
            Mistake(
                "you take the mean over the labels only, which gives one number per image. A "
                "loss is one number: the mean over every cell.",
                lambda x, t: cells(x, t).mean(1),
            ),
            Mistake(
                "this is a table with the cost of every cell. A loss is one number: their mean.",
                cells,
            ),
            Mistake(
                "this is softmax cross-entropy, in which the labels compete for one unit of "
                "probability. Each label is a question of its own: "
                "use the sigmoid.",
                lambda x, t: F.cross_entropy(x, t),
            ),
            Mistake(
                "the probabilities come from a softmax, so they compete with each other. Each "
                "label is a question of its own: use the sigmoid.",
                lambda x, t: of(x.softmax(1), t).mean(),
            ),
            Mistake(
                "inputs and targets are exchanged: the logits come first.", lambda x, t: right(t, x)
            ),
        ],
        hard,
        what,
    )
    share = (
        "A target of 0.9 costs 0.9 of a yes and 0.1 of a no: weigh the two costs with the target, "
        "in place of choosing one of them."
    )
    diagnose(
        answer,
        right,
        [
            Mistake(
                "right for targets 0 and 1, but every other target is taken for a 0 (by "
                f"`targets == 1`, or a conversion to integers). {share}",
                lambda x, t: right(x, (t == 1).float()),
            ),
            Mistake(
                f"right for targets 0 and 1, but every target above 0 is taken for a 1. {share}",
                lambda x, t: right(x, (t > 0).float()),
            ),
            Mistake(
                f"right for targets 0 and 1, but other targets are rounded. {share}",
                lambda x, t: right(x, t.round()),
            ),
            Mistake(
                "right for targets 0 and 1: (2t - 1)x turns the sign of the logit where the target "
                f"is 0. With other targets it shrinks the logit instead. {share}",
                lambda x, t: F.softplus((1 - 2 * t) * x).mean(),
            ),
        ],
        soft,
        what,
    )
    steady(cell_of(answer, what), what)
    smooth(cell_of(slope_of(answer, what), what), what)
    trained(answer, right, hard + soft, what)
    return Right(
        "Right: in value and in gradient, for soft targets, at a logit of exactly 0 and at 120."
    )
