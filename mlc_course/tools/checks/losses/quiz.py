"Lesson 04, exercise 4: which of PyTorch's four losses."

from .._core import Right, Wrong, choices

NAMES = ["BCELoss", "BCEWithLogitsLoss", "NLLLoss", "CrossEntropyLoss"]


_QUIZ = {
    "flower": (
        "CrossEntropyLoss",
        {
            "BCEWithLogitsLoss": "a flower has exactly one species. This loss asks ten "
            "unconnected questions, and lets the network answer none of them, or "
            "several, with yes.",
            "BCELoss": "a flower has exactly one species, and this loss asks ten unconnected "
            "questions. "
            "It also takes probabilities, and the network gives logits.",
            "NLLLoss": "it takes log-probabilities, and the network gives logits: without "
            "log_softmax the numbers run and mean nothing.",
        },
    ),
    "street": (
        "BCEWithLogitsLoss",
        {
            "CrossEntropyLoss": "any number of things may be in a street scene. A softmax can't "
            "give two of them more than one half each, and an empty "
            "street teaches it nothing.",
            "NLLLoss": "any number of things may be in a street scene, and this loss knows one "
            "class per image. "
            "It also takes log-probabilities, and the network gives logits.",
            "BCELoss": "the questions are the right ones, but it takes probabilities, and the "
            "network gives logits. "
            "Putting a sigmoid between costs the gradient of the worst mistakes.",
        },
    ),
    "x_ray": (
        "BCELoss",
        {
            "BCEWithLogitsLoss": "the network gives probabilities already, and this loss would "
            "put them through a sigmoid again: "
            "even a perfect 1 would count as 0.73.",
            "CrossEntropyLoss": "several findings can be there at once, or none, and this loss "
            "lets them compete for one unit of probability. "
            "It also takes logits.",
            "NLLLoss": "several findings can be there at once, or none, and this loss knows one "
            "class per image. It also takes log-probabilities.",
        },
    ),
    "digit": (
        "NLLLoss",
        {
            "CrossEntropyLoss": "it applies log_softmax itself, and this network has done so "
            "already. "
            "(A second time changes nothing, so the number would be right by luck; there is a "
            "loss for log-probabilities.)",
            "BCEWithLogitsLoss": "a digit is exactly one of ten, and this loss asks ten "
            "unconnected questions. "
            "It also takes logits, and the network gives log-probabilities.",
            "BCELoss": "a digit is exactly one of ten, and this loss asks ten unconnected "
            "questions. It also takes probabilities; "
            "log-probabilities lie below 0, and it would stop with an error.",
        },
    ),
    "belt": (
        "BCEWithLogitsLoss",
        {
            "CrossEntropyLoss": "each training image has one label, but a softmax has no way to "
            'say "none of them": some label always gets at least 1/C. '
            "With a sigmoid per label the network can say no to all.",
            "NLLLoss": "log-probabilities of a softmax have no way to say "
            '"none of them": some label always gets at least 1/C. '
            "The network gives logits, besides.",
            "BCELoss": "a yes or no for each label is the right question, but the network gives "
            "logits, and this loss takes probabilities.",
        },
    ),
    "own": (
        "BCEWithLogitsLoss",
        {
            "BCELoss": "it fits the network as it stands, but in float32 the sigmoid rounds to 1 "
            "from 17 on, and the worst mistakes get no gradient. "
            "You may change the network: take its sigmoid away.",
            "CrossEntropyLoss": "any number of labels may be there, and this loss lets them "
            "compete for one unit of probability.",
            "NLLLoss": "any number of labels may be there, and this loss knows one class per "
            "image.",
        },
    ),
}


def which_loss(answer) -> Right:
    "Exercise 4: a dict that gives each of the six cases of the lesson the name of one of"
    "PyTorch's four losses."
    what = "my_choices"
    known, chosen = {n.lower(): n for n in NAMES}, {}
    for k, v in choices(answer, _QUIZ, what).items():
        v = v if isinstance(v, str) else getattr(v, "__name__", type(v).__name__)
        chosen[k] = known.get(v.split(".")[-1].strip("() ").lower())
        if chosen[k] is None:
            raise Wrong(
                f"{what}: {v!r} for {k} isn't one of the four names. Choose from "
                f"{', '.join(NAMES)}."
            )
    wrong = [k for k, (right, _) in _QUIZ.items() if chosen[k] != right]
    if not wrong:
        return Right(
            "Right, all six: one class or any number of labels, and what the network ends in, "
            "decide."
        )
    k = wrong[0]
    raise Wrong(
        f"{what}: {len(_QUIZ) - len(wrong)} of {len(_QUIZ)} are right. {k}, {chosen[k]}: "
        f"{_QUIZ[k][1][chosen[k]]}"
    )
