"Which loss?, exercise 4: macro soft F1 as a loss."

from .._core import Mistake, Right, attempt, diagnose
from .._names import called
from .cells import slope_of, sure, torch_now, trained


def soft_f1(answer) -> Right:
    "Exercise 4: f(inputs, targets) on torch tensors [N, C], logits and 0/1: 1 - soft F1 per"
    "label over the batch, averaged over the labels."
    torch = torch_now()
    what = called(answer, "my_soft_f1")

    def f1(p, t, dim=0):
        return 2 * (p * t).sum(dim) / (p.sum(dim) + t.sum(dim) + 1e-16)

    def of(p, t):
        return 1 - f1(p, t).mean()

    def right(x, t):
        return of(x.sigmoid(), t)

    def tp_fp_fn(x, t):
        return (x.sigmoid() * t).sum(0), (x.sigmoid() * (1 - t)).sum(0), ((-x).sigmoid() * t).sum(0)

    def by_ratios(p, t):
        precision, recall = (p * t).sum(0) / p.sum(0), (p * t).sum(0) / t.sum(0)
        return 2 * precision * recall / (precision + recall)

    def jaccard(x, t):
        tp, fp, fn = tp_fp_fn(x, t)
        return 1 - (tp / (tp + fp + fn)).mean()

    def one_two(x, t):
        tp, fp, fn = tp_fp_fn(x, t)
        return 1 - (2 * tp / (tp + fp + fn)).mean()

    def of_means(x, t):
        tp, p = (x.sigmoid() * t).sum(0), x.sigmoid()
        precision = (tp / (p.sum(0) + 1e-16)).mean()
        recall = (tp / (t.sum(0) + 1e-16)).mean()
        return 1 - 2 * precision * recall / (precision + recall)

    x = torch.tensor(
        [[1.2, -0.4, 0.7], [-2.0, 0.3, -0.9], [0.5, 1.6, -1.1], [0.1, -0.2, 2.0], [-0.7, 0.8, 0.4]]
    )
    t = torch.tensor([[1.0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    rare = (
        torch.tensor([[2.0, -1.0], [-0.5, 0.4]]),
        torch.tensor([[1.0, 0], [1, 0]]),
    )  # no image has the second label
    cases = [(x, t), rare]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the counts are made per image, along the wrong axis. F1 belongs to a label: "
                "sum over the rows of the batch, then take the mean over the labels.",
                lambda x, t: 1 - f1(x.sigmoid(), t, 1).mean(),
            ),
            Mistake(
                "the counts of all labels are added up before F1 is taken. That is micro F1, in "
                "which frequent labels drown the rare ones; "
                "macro takes F1 per label, then the mean.",
                lambda x, t: 1 - f1(x.sigmoid().flatten(), t.flatten()),
            ),
            Mistake(
                "this is soft F1 itself. Training makes a loss smaller, and F1 should grow: "
                "return 1 minus it.",
                lambda x, t: f1(x.sigmoid(), t).mean(),
            ),
            Mistake(
                "the probabilities are rounded to yes and no. Then this is plain F1, which is "
                "flat nearly everywhere: it has no gradient. "
                "Leave them as they are.",
                lambda x, t: of((x > 0).float(), t),
            ),
            Mistake(
                "the sigmoid is missing: the inputs are logits, and the counts are sums of "
                "probabilities.",
                of,
            ),
            Mistake(
                "the sigmoid is applied twice. Once makes a probability of a logit; twice "
                "squeezes everything between 0.5 and 0.73.",
                lambda x, t: right(x.sigmoid(), t),
            ),
            Mistake(
                "the probabilities come from a softmax, so the labels compete with each other. "
                "Each label is a question of its own: use the sigmoid.",
                lambda x, t: of(x.softmax(1), t),
            ),
            Mistake(
                "you add 1 above and below, as a smoothing. With small batches that moves the loss "
                "a lot: add something tiny, and to the denominator only.",
                lambda x, t: (
                    1 - ((2 * (x.sigmoid() * t).sum(0) + 1) / ((x.sigmoid() + t).sum(0) + 1)).mean()
                ),
            ),
            Mistake(
                "this is the F1 of the mean precision and the mean recall. Macro takes the F1 of "
                "each label first, then the mean.",
                of_means,
            ),
            Mistake(
                "this is the double variant, with the F1 of the zeros as well. Here only the "
                "plain one is asked for.",
                lambda x, t: (right(x, t) + of((-x).sigmoid(), 1 - t)) / 2,
            ),
            Mistake(
                "this is tp/(tp + fp + fn), the Jaccard index. In F1 the true positives count "
                "twice, above and below.",
                jaccard,
            ),
            Mistake(
                "2 tp stands above, but only one tp below: F1 is 2 tp/(2 tp + fp + fn), and "
                "yours can exceed 1.",
                one_two,
            ),
            Mistake(
                "precision and recall are 0/0 where a label is in no image (or certainly in none), "
                "and the nan spreads to the mean. Count tp, fp and fn instead: "
                "2 tp/(2 tp + fp + fn).",
                lambda x, t: 1 - by_ratios(x.sigmoid(), t).mean(),
            ),
            Mistake(
                "this is one number per label. The loss is one number: their mean.",
                lambda x, t: 1 - f1(x.sigmoid(), t),
            ),
            Mistake(
                "this is the sum over the labels: take the mean.",
                lambda x, t: (1 - f1(x.sigmoid(), t)).sum(),
            ),
        ],
        cases,
        what,
    )

    def at(f):
        return lambda x, t: attempt(f, (torch.tensor(x), torch.tensor(t)), what)

    sure(at(answer), at(slope_of(answer, what)), what)
    trained(answer, right, cases, what)
    return Right(
        "Right: probabilities as counts, one F1 per label over the batch, and 1 minus their mean."
    )
