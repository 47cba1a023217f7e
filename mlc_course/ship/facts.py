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
        "Keras model, as the trainers make them."
    )


def network_of(model):
    "The network inside a Learner, torch.compile or a module for several GPUs; others as they are."
    if hasattr(model, "dls") and hasattr(model, "model"):
        model = model.model
    while (inner := wrapped(model)) is not None:
        for name in ("vocab", "image_size"):
            if not hasattr(inner, name) and hasattr(model, name):
                setattr(inner, name, getattr(model, name))
        model = inner
    return model


def wrapped(model):
    "What DataParallel, DistributedDataParallel or torch.compile was put around; None otherwise."
    kind = type(model)
    if not kind.__module__.startswith("torch."):
        return None
    if kind.__name__ == "OptimizedModule":
        return model._orig_mod
    return model.module if kind.__name__ in ("DataParallel", "DistributedDataParallel") else None


def in_order(vocab) -> list:
    "Label names in the order of the outputs, of a list or of a dict with their numbers."
    if isinstance(vocab, dict):
        for names, numbers in ((vocab.values(), vocab), (vocab, vocab.values())):
            places = [int(o) if str(o).isdecimal() else -1 for o in numbers]
            if sorted(places) == list(range(len(vocab))):
                return [name for _, name in sorted(zip(places, names), key=lambda o: o[0])]
        raise ValueError(
            "The vocab is a dict, and it doesn't number its labels from 0 on; give a list of label "
            "names, one per output, in order."
        )
    if isinstance(vocab, (set, frozenset)):
        raise TypeError(
            "The vocab is a set, which has no order; give a list of label names, in the order of "
            "the outputs."
        )
    if not hasattr(vocab, "__iter__"):
        raise TypeError(
            f"The vocab is {vocab!r}; give a list of label names, one per output, in order."
        )
    return list(vocab)


def check_name(label):
    "The label as text; TypeError for what is no name."
    if label is None or isinstance(label, (bytes, float, list, tuple, dict)):
        raise TypeError(f"The vocab has {label!r} among its label names; give texts.")
    label = str(label)
    if any("\ud800" <= o <= "\udfff" for o in label):
        raise ValueError(f"The label {label!r} holds half a character and can't be written.")
    return label


def check_vocab(vocab) -> list:
    "Label names as a list of different texts; ValueError or TypeError otherwise."
    if isinstance(vocab, (str, bytes)):
        raise TypeError(
            f"vocab is the text {vocab!r}; give a list of label names, one per output, in order."
        )
    vocab = [check_name(o) for o in in_order(vocab)]
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
    kept = getattr(network_of(model), "vocab", None)
    empty = kept is None or hasattr(kept, "__len__") and not len(kept)
    kept = None if empty else check_vocab(kept)
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
    return given or kept or []


def size_of(model, framework, given=None) -> int:
    "Side of the images that a model takes; ValueError where nothing says it."
    model = network_of(model)
    kept = getattr(model, "image_size", None)
    if kept is None and framework == "keras":
        kept = keras_size(model)
    kept, given = side(kept), side(given)
    if given is not None and kept is not None and kept != given:
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


def side(size):
    "The side of a square that was given as (S, S); anything else as it is."
    pair = isinstance(size, (tuple, list)) and len(size) == 2 and size[0] == size[1]
    return size[0] if pair else size


def keras_size(model):
    "The side of a Keras model's input, if known; ValueError unless it is a square of 3 channels."
    try:
        shape = model.input_shape
    except Exception:
        return None  # a subclassed model, which can take any size
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (3, None):
        raise ValueError(
            f"The model takes {shape}, and a predictor gives it images [N, S, S, 3]: one batch, "
            "red, green and blue last. Put what differs into the model."
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


def need_table(table):
    "TypeError unless this is an ImageTable."
    from ..data.decoded import Decoded
    from ..data.table import ImageTable

    if not isinstance(table, (ImageTable, Decoded)):
        raise TypeError(
            f"The table is a {type(table).__name__}; give an ImageTable (mlc_course.open_dataset "
            "gives one)."
        )
