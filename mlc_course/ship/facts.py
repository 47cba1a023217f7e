"What a network says about itself: whose it is, its labels, the size of its images."

import numpy as np

from .recipe import MAX_SIZE, whole


def framework_of(model) -> str:  # "torch" or "keras"
    "Whose model it is, without importing either."
    homes = {c.__module__.partition(".")[0] for c in type(model).__mro__}
    for name in ("keras", "torch"):
        if name in homes:
            return name
    raise TypeError(
        f"A {type(model).__name__} can't be exported: give a torch module, a fastai Learner or a "
        "Keras model, "
        "as the trainers make them."
    )


def network_of(model):
    "The network inside a fastai Learner; anything else as it is."
    return model.model if hasattr(model, "dls") and hasattr(model, "model") else model


def check_vocab(vocab) -> list:
    "Label names as a list of different texts; ValueError or TypeError otherwise."
    if isinstance(vocab, str):
        raise TypeError(
            f"vocab is the text {vocab!r}; give a list of label names, one per output, in order."
        )
    vocab = [str(o) for o in vocab]
    twice = (
        sorted({o for o in vocab if vocab.count(o) > 1})[:3]
        if len(set(vocab)) != len(vocab)
        else []
    )
    if not vocab or twice or any(not o for o in vocab):
        why = (
            f"names {', '.join(map(repr, twice))} twice"
            if twice
            else "has no names, or an empty one"
        )
        raise ValueError(
            f"The vocab {why}; give one name per output, each once, in the order of the outputs."
        )
    return vocab


def vocab_of(model, given=None) -> list:
    "Labels that a model carries or that were given; ValueError where they differ or are missing."
    kept = getattr(model, "vocab", None)
    kept = check_vocab(kept) if kept is not None and len(kept) else None
    given = check_vocab(given) if given is not None else None
    if kept and given and kept != given:
        raise ValueError(
            f"vocab= begins with {', '.join(given[:3])} and model.vocab with "
            f"{', '.join(kept[:3])}, or the order differs. "
            "The order is that of the outputs: leave vocab= out, or correct model.vocab."
        )
    if not (kept or given):
        raise ValueError(
            f"This {type(model).__name__} doesn't say which labels its outputs are. Pass vocab= "
            "with one name per output, "
            "in order, or set model.vocab and model.image_size, as make_model does."
        )
    return given or kept


def size_of(model, framework, given=None) -> int:
    "Side of the images that a model takes; ValueError where nothing says it."
    kept = getattr(model, "image_size", None)
    if kept is None and framework == "keras":
        kept = keras_size(model)
    if given is not None and kept is not None and int(kept) != given:
        raise ValueError(
            f"image_size is {given!r}, and the model takes images of {kept} pixels. Leave "
            "image_size= out."
        )
    size = given if given is not None else kept
    if size is None:
        raise ValueError(
            f"This {type(model).__name__} doesn't say which size of image it takes. Pass "
            "image_size= with the side in "
            "pixels, or set model.vocab and model.image_size, as make_model does."
        )
    size = int(size) if isinstance(size, np.integer) else size
    if not whole(size) or not 1 <= size <= MAX_SIZE:
        raise ValueError(
            f"image_size is {size!r}; give the side in pixels, a whole number from 1 to {MAX_SIZE}."
        )
    return size


def keras_size(model):
    "The side of a Keras model's input, if known; ValueError unless it is a square of 3 channels."
    try:
        shape = model.input_shape
    except Exception:
        return None  # a subclassed model, which can take any size
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (3, None):
        raise ValueError(
            f"The model takes {shape}, and a predictor gives it images [N, S, S, 3]: one batch, "
            "red, green and blue last. "
            "Put what differs into the model."
        )
    if shape[1] != shape[2]:
        raise ValueError(
            f"The model takes images of {shape[1]} x {shape[2]} pixels; a predictor's are square."
        )
    return shape[1]


def scaling(input_range):
    "(scale, shift) from bytes to the numbers that a network takes; (0, 1) unless told otherwise."
    if input_range is None:
        return np.full(3, 1 / 255), np.zeros(3)
    try:
        low, high = (float(o) for o in input_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high or not np.isfinite([low, high]).all():
        raise ValueError(
            f"input_range is {input_range!r}; give what black and white are, such as (0, 1), (0, "
            "255) or (-1, 1)."
        )
    return np.full(3, (high - low) / 255), np.full(3, low)
