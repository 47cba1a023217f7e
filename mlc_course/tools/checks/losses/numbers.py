"Lesson 04, exercise 1: a loss worked out with a calculator."

import math

import numpy as np

from .._core import Right, Wrong, answered, plain, show


def three_labels(answer) -> Right:
    "Exercise 1: a number, the binary cross-entropy of logits 1.5, 0.7, 0.6 and targets 1, 0, 1,"
    "to three digits after the point."
    what, x, t = "my_loss", np.array([1.5, 0.7, 0.6]), np.array([1, 0, 1])
    answered(answer, what)
    if callable(answer):
        raise Wrong(
            f"{what} should be a number, and you gave a function: call it, and pass what comes out."
        )
    try:
        values = np.asarray(plain(answer), dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{what} should be a number, and you gave {show(answer)}.") from None
    if values.size != 1:
        raise Wrong(
            f"{what} should be one number, and you gave {values.size}: the loss is the mean over "
            "the labels."
        )
    got = values.item()

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    def true(p):
        return np.where(t == 1, p, 1 - p)

    p, soft = sigmoid(x), np.exp(x) / np.exp(x).sum()
    cost = -np.log(true(p))
    right = cost.mean()
    if abs(got - right) < 6e-4:
        return Right(
            "Right: a sigmoid for each label, the probability of what is true, and the mean of "
            "minus the logarithms."
        )
    if math.isnan(got):
        raise Wrong(
            f"{what}: this is not a number. Was a logarithm taken of something negative? A logit "
            "is no probability: "
            "the sigmoid makes one of it."
        )
    competes = (
        "the softmax lets the labels compete for one unit of probability. Here two of them are "
        "there at once: use a sigmoid for each."
    )
    example = np.log1p(np.exp(np.array([-2.2, 0.9, 0.0]))).mean()
    says = [
        (
            example,
            "this is the loss of the lesson's logits, 2.2, 0.9 and 0.0. Here they are 1.5, 0.7 and "
            "0.6, and the same labels are there.",
        ),
        (
            cost.sum(),
            "this is the sum over the three labels. The loss is their mean, so that it doesn't "
            "grow with the number of labels.",
        ),
        (
            cost.sum() / 2,
            "you divide by the number of labels that are there. An absent label costs something "
            "too, so it counts: divide by three.",
        ),
        (
            (cost * t).sum() / 2,
            "only the labels that are there are counted. An absent label with a high logit is a "
            "mistake as well: its cost is -log(1 - p).",
        ),
        ((cost * t).mean(), "the absent label costs nothing in yours. It should cost -log(1 - p)."),
        (
            (cost * (1 - t)).sum(),
            "only the absent label is counted. A label that is there costs -log(p).",
        ),
        (
            (cost * (1 - t)).mean(),
            "only the absent label costs something in yours. A label that is there costs -log(p).",
        ),
        (
            -np.log(1 - true(p)).mean(),
            "the branches are swapped: a label that is there costs -log(p), an absent one -log(1 "
            "- p). "
            "(The sigmoid with e to the power of x in place of -x gives the same number.)",
        ),
        (
            -right,
            "the minus is missing. A logarithm of a probability is negative, and a loss is not.",
        ),
        (
            right / math.log(2),
            "this logarithm has base 2. The loss is measured in nats: take the natural logarithm "
            "(np.log, torch.log, math.log).",
        ),
        (
            right / math.log(10),
            "this logarithm has base 10. The loss is measured in nats: take the natural "
            "logarithm (np.log, torch.log, math.log).",
        ),
        *(
            (v, competes)
            for v in (
                -(t * np.log(soft)).sum(),
                -(t * np.log(soft)).sum() / 2,
                -(t * np.log(soft)).mean(),
                -np.log(true(soft)).mean(),
            )
        ),
        (
            -np.log(true(x)).mean(),
            "the sigmoid is missing: you took the logarithm of logits. That these lie near the "
            "range of probabilities is an accident.",
        ),
        (
            -np.log(true(sigmoid(p))).mean(),
            "the sigmoid is applied twice. Once makes a probability of a logit; "
            "twice squeezes everything between 0.5 and 0.73.",
        ),
        (
            -np.log(true(p).mean()),
            "you take the mean first and the logarithm afterwards. Each label has its own cost: "
            "first the logarithms, then their mean.",
        ),
        (true(p).mean(), "this is the mean probability of what is true, without the logarithm."),
        (
            p.mean(),
            "this is the mean of the three probabilities, and what is true isn't asked. Take the "
            "probability of what is true about each label "
            "(of the absent one 1 - p), then minus the logarithm, then the mean.",
        ),
        (
            -np.log(p).mean(),
            "you take -log(p) for all three. The cloud isn't there, so what is true about it has "
            "the probability 1 - p, and it costs -log(1 - p).",
        ),
        *(
            (
                v,
                "the distance between probability and target isn't what is asked. A label costs "
                "minus the logarithm of the probability of what is true.",
            )
            for v in (((p - t) ** 2).mean(), abs(p - t).mean())
        ),
        (
            -np.log(np.where([1, 1, 0], p, 1 - p)).mean(),
            "the order of the logits is sun, cloud, boat, and the one that is absent is the cloud, "
            "in the middle: your targets are those of the sentence, in its order.",
        ),
    ]
    value, text = min(says, key=lambda o: abs(got - o[0]))
    if abs(got - value) < 2e-3:
        raise Wrong(f"{what}: {text}")
    if abs(got - right) < 6e-3:
        raise Wrong(
            f"{what}: {show(got)} is close, but not to three digits after the point. "
            "Keep more digits on the way, and round only at the end."
        )
    raise Wrong(
        f"{what} isn't right yet: you gave {show(got)}. Go in three steps: the probability of "
        "each label, the probability of what is true about it, "
        "and the mean of minus the logarithms."
    )
