"What a network may end in, and what its outputs must be."

# A bounded output that the graph doesn't name (a sigmoid written by hand, a cosine) is found by
# trying other weights.

import re

import numpy as np

TORCH_ENDS = dict(
    Sigmoid="sigmoid",
    Softmax="softmax",
    LogSoftmax="log-softmax",
    Hardsigmoid="hard sigmoid",
    Tanh="tanh",
    Hardtanh="clamp",
    Clamp="clamp",
    ClampMin="clamp",
    ClampMax="clamp",
    Relu="ReLU",
    Softplus="softplus",
    LogSigmoid="log-sigmoid",
    Exp="exp",
    Abs="abs",
    Sqrt="sqrt",
    Erf="erf",
    Sin="sin",
    Cos="cos",
)


KERAS_ENDS = dict(
    Sigmoid="sigmoid",
    Softmax="softmax",
    LogSoftmax="log-softmax",
    Tanh="tanh",
    Relu="ReLU",
    Relu6="clamp",
    ClipByValue="clamp",
    Softplus="softplus",
    Softsign="softsign",
    Exp="exp",
    Abs="abs",
    Sqrt="sqrt",
    Erf="erf",
    Sin="sin",
    Cos="cos",
)


COMPETING = ("softmax", "log-softmax", "hardmax")


def judge(
    found: set,  # the last operations: "sigmoid", "linear", ...
    bounds,  # a function that gives (lowest, highest, largest) output with other weights
) -> str:  # "sigmoid" or "logits"
    "What the outputs are; ValueError for what isn't one independent score for each label."
    rest = found - {"sigmoid", "linear"}
    if found == {"sigmoid"}:
        return "sigmoid"
    if found & set(COMPETING):
        raise ValueError(
            f"The network ends in a {sorted(found & set(COMPETING))[0]}, so its labels compete: "
            "the scores of an image add up to 1, and two labels can't both be likely. Take that "
            "layer off, train with a binary cross-entropy (of logits), and ship the result."
        )
    if found == {"linear"}:
        return "logits"
    if "sigmoid" in found:
        raise ValueError(
            "Some outputs of the network end in a sigmoid and others don't, so it can't be told "
            "which are probabilities. Let all of them be logits, or put all through a sigmoid."
        )
    named = sorted(
        rest & (set(TORCH_ENDS.values()) | set(KERAS_ENDS.values()) | {"hardmax", "normalisation"})
    )
    if named:
        raise ValueError(unfit(f"The network ends in {named[0]}"))
    low, high, largest = bounds()
    if largest <= 100 or low >= 0 or high <= 0:
        span = f"from {low:.3g} to {high:.3g}" if largest <= 100 else "of one sign only"
        raise ValueError(unfit(f"Whatever its weights, the network gives numbers {span}"))
    return "logits"


def unfit(fact):
    "The sentence about an output that is neither a logit nor a plain sigmoid."
    return (
        f"{fact}: that is neither a logit, which can be any number, nor a probability from a "
        "plain sigmoid. Let the network end in its last linear layer, or in a sigmoid alone."
    )


def check_output(
    out,  # what the network gave for some images
    n: int,  # how many images
    vocab,  # label names; None: any number of outputs will do
    call: str,  # how it was called, for the sentence
):
    "ValueError, with what to do, unless `out` is one float per image and label."
    shape, dtype = getattr(out, "shape", None), getattr(out, "dtype", None)
    if shape is None or dtype is None or isinstance(out, np.ndarray):
        parts = f" with {len(out)} parts" if hasattr(out, "__len__") and shape is None else ""
        raise ValueError(
            f"For {call} the model gives a {type(out).__name__}{parts}, and a predictor needs one "
            "tensor [N, labels]. Wrap the model so that it gives the label scores alone."
        )
    shape, wanted = list(map(int, shape)), len(vocab) if vocab is not None else None
    if len(shape) != 2 or shape[0] != n:
        raise ValueError(
            f"For {call} the model gives numbers of shape {shape}, and a predictor needs [{n}, "
            "labels], one number per image and label."
        )
    if wanted is not None and shape[1] != wanted:
        raise ValueError(
            f"The model gives {shape[1]} number{'s' * (shape[1] != 1)} for each image, and the "
            f"vocab has {wanted} label{'s' * (wanted != 1)} "
            f"({', '.join(map(str, list(vocab)[:3]))}{', ...' * (wanted > 3)}). Give the vocab "
            "that the model was trained with, in the order of its outputs."
        )
    if "float" not in str(dtype):
        raise ValueError(
            f"The model gives numbers of the kind {dtype}, and scores are floats (logits or "
            "probabilities)."
        )


def first_line(e):
    "The first line of an error's text, shortened."
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(e)).strip()
    return (text.splitlines() or [type(e).__name__])[0][:200]


FACTORS = (0.5, 1, 1, 2, 2, 30, 30, 1000)  # how much larger than now weights are tried


def spread(
    parts,  # outputs, as arrays
    varied,  # were there weights to change? If not (inputs were), above 1 counts as large
):
    "(lowest, highest, largest) of arrays; what isn't finite counts as large."
    a = np.nan_to_num(np.concatenate(parts).astype("float64"), nan=0.0, posinf=1e30, neginf=-1e30)
    return float(a.min()), float(a.max()), float(np.abs(a).max()) * (1 if varied else 99)
