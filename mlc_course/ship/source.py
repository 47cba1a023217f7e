"Whatever `Predictor.save` is given (a run, its folder, a Learner, a torch module, a Keras model), as one thing."

import os
from dataclasses import dataclass

import numpy as np

from ..metrics import TrainingRun, load_run
from .recipe import MAX_SIZE, Recipe, whole


@dataclass
class Source:
    "A network, and what its user does before and after it."

    framework: str  # "torch" or "keras"
    model: object  # the network alone
    vocab: list  # label names, in the order of the outputs
    recipe: Recipe  # from a file to bytes
    scale: np.ndarray  # the network's input is byte*scale + shift
    shift: np.ndarray
    run: object = None  # the TrainingRun, if there is one
    learn: object = None  # the fastai Learner, if there is one
    reading: object = None  # what was read from its DataLoaders
    range_given: bool = False  # the caller said which numbers the network takes


def framework_of(model) -> str:  # "torch" or "keras"
    "Whose model it is, without importing either."
    homes = {c.__module__.partition(".")[0] for c in type(model).__mro__}
    for name in ("keras", "torch"):
        if name in homes:
            return name
    raise TypeError(
        f"A {type(model).__name__} can't be exported: give a torch module, a fastai Learner or a Keras model, "
        "as the trainers make them."
    )


def network_of(model):
    "The network inside a fastai Learner; anything else as it is."
    return model.model if hasattr(model, "dls") and hasattr(model, "model") else model


def check_vocab(vocab) -> list:
    "Label names as a list of different texts; ValueError or TypeError otherwise."
    if isinstance(vocab, str):
        raise TypeError(f"vocab is the text {vocab!r}; give a list of label names, one per output, in order.")
    vocab = [str(o) for o in vocab]
    twice = sorted({o for o in vocab if vocab.count(o) > 1})[:3] if len(set(vocab)) != len(vocab) else []
    if not vocab or twice or any(not o for o in vocab):
        why = f"names {', '.join(map(repr, twice))} twice" if twice else "has no names, or an empty one"
        raise ValueError(f"The vocab {why}; give one name per output, each once, in the order of the outputs.")
    return vocab


def vocab_of(model, given) -> list:
    "Labels that a model carries, or that were given; ValueError where the two differ or both are missing."
    kept = getattr(model, "vocab", None)
    kept = check_vocab(kept) if kept is not None and len(kept) else None
    given = check_vocab(given) if given is not None else None
    if kept and given and kept != given:
        raise ValueError(
            f"vocab= begins with {', '.join(given[:3])} and model.vocab with {', '.join(kept[:3])}, or the order differs. "
            "The order is that of the outputs: leave vocab= out, or correct model.vocab."
        )
    if not (kept or given):
        raise ValueError(
            f"This {type(model).__name__} doesn't say which labels its outputs are. Pass vocab= with one name per output, "
            "in order, or set model.vocab and model.image_size, as make_model does."
        )
    return given or kept


def size_of(model, framework, given) -> int:
    "Side of the images that a model takes; ValueError where nothing says it."
    kept = getattr(model, "image_size", None)
    if kept is None and framework == "keras":
        kept = keras_size(model)
    if given is not None and kept is not None and int(kept) != given:
        raise ValueError(f"image_size is {given!r}, and the model takes images of {kept} pixels. Leave image_size= out.")
    size = given if given is not None else kept
    if size is None:
        raise ValueError(
            f"This {type(model).__name__} doesn't say which size of image it takes. Pass image_size= with the side in "
            "pixels, or set model.vocab and model.image_size, as make_model does."
        )
    size = int(size) if isinstance(size, np.integer) else size
    if not whole(size) or not 1 <= size <= MAX_SIZE:
        raise ValueError(f"image_size is {size!r}; give the side in pixels, a whole number from 1 to {MAX_SIZE}.")
    return size


def keras_size(model):
    "The side of a Keras model's input, if its shape says it; ValueError for an input that is no square of three channels."
    try:
        shape = model.input_shape
    except Exception:
        return None  # a subclassed model, which can take any size
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (3, None):
        raise ValueError(
            f"The model takes {shape}, and a predictor gives it images [N, S, S, 3]: one batch, red, green and blue last. "
            "Put what differs into the model."
        )
    if shape[1] != shape[2]:
        raise ValueError(f"The model takes images of {shape[1]} x {shape[2]} pixels; a predictor's are square.")
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
        raise ValueError(f"input_range is {input_range!r}; give what black and white are, such as (0, 1), (0, 255) or (-1, 1).")
    return np.full(3, (high - low) / 255), np.full(3, low)


def open_source(
    trained,  # a TrainingRun, the folder of one, a Learner, a torch module or a Keras model
    vocab=None,  # label names, where the model doesn't carry them
    image_size=None,  # side in pixels, where the model doesn't say it
    input_range=None,  # what black and white are for the network; None: (0, 1)
) -> Source:
    "Find out everything that has to be known; ValueError or TypeError with what to change."
    if isinstance(trained, (str, os.PathLike)):
        trained = load_run(trained)
    run = trained if isinstance(trained, TrainingRun) else None
    model = model_of(run) if run is not None else trained
    if hasattr(model, "dls") and hasattr(model, "get_preds"):
        return learner_source(model, run, vocab, image_size, input_range)
    model = network_of(model)
    framework = framework_of(model)
    labels = vocab_of(model, vocab)
    size = size_of(model, framework, image_size)
    scale, shift = scaling(input_range)
    return Source(framework, model, labels, Recipe(size), scale, shift, run, range_given=input_range is not None)


def model_of(run):
    "The model of a run, read from its folder if it isn't in memory."
    if run.model is not None:
        return run.model
    if run.out is None:
        raise ValueError("This TrainingRun has neither a model nor a folder, so there is nothing to export.")
    if run.framework == "tensorflow":
        from ..train_tf import load_model
    else:
        from ..backbones import load_model
    return load_model(run.out)


def learner_source(learn, run, vocab, image_size, input_range):
    "A Learner, with the whole pipeline of its validation DataLoader."
    from .pipeline import read_learner

    reading = read_learner(learn, check_vocab(vocab) if vocab is not None else None)
    if image_size is not None and image_size != reading.recipe.size:
        raise ValueError(f"image_size is {image_size!r}, and the Learner's DataLoaders make images of {reading.recipe.size} pixels.")
    if input_range is not None:
        raise ValueError("input_range= is for networks alone: what a Learner's network takes is read from its DataLoaders.")
    network = network_of(learn)
    labels = check_vocab(reading.vocab)
    return Source(
        framework_of(network), network, labels, reading.recipe, reading.scale, reading.shift, run, learn, reading, True
    )


def needs_sigmoid(
    source: Source,
    ending: str,  # "sigmoid" or "logits": what the network ends in
) -> bool:
    "Whether a sigmoid has to follow the network so that it gives what its user gets; ValueError where that is no probability."
    if source.reading is None or source.run is not None and source.reading.activation == "none":
        return ending == "logits"
    if source.reading.activation == "sigmoid" and ending == "sigmoid":
        raise ValueError(
            "This Learner's network ends in a sigmoid and learn.get_preds applies another (its loss is for logits), so its "
            "scores lie between 0.5 and 0.73. Take the sigmoid out of the network, or use BCELossFlat()."
        )
    if source.reading.activation == "none" and ending == "logits":
        loss = getattr(source.learn.loss_func, "func", source.learn.loss_func)
        name = getattr(loss, "__name__", type(loss).__name__)
        raise ValueError(
            f"learn.get_preds gives logits and no probabilities, for the loss {name} has no activation. If it is a loss of "
            "logits, say so, learn.loss_func.activation = torch.sigmoid, or use BCEWithLogitsLossFlat()."
        )
    return ending == "logits"


def need(*packages):
    "ImportError that says how to install what is missing."
    from importlib.util import find_spec

    missing = []
    for name in packages:
        try:
            found = find_spec(name) is not None
        except ValueError:  # switched off in sys.modules
            found = False
        missing += [] if found else [name]
    if missing:
        raise ImportError(f"This needs {' and '.join(missing)}: pip install {' '.join(missing)}")
