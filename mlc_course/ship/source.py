"Whatever `Predictor.save` is given (a run, a Learner, a module, a Keras model) as one thing."

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..metrics import TrainingRun, load_run
from .facts import check_vocab, framework_of, network_of, scaling, size_of, vocab_of
from .recipe import Recipe


@dataclass
class Source:
    "A network, and what its user does before and after it."

    framework: str  # "torch" or "keras"
    model: object  # the network alone
    vocab: list  # label names, in the order of the outputs
    recipe: Recipe  # from a file to bytes
    scale: np.ndarray  # the network's input is byte*scale + shift
    shift: np.ndarray
    run: Any = None  # the TrainingRun, if there is one
    learn: Any = None  # the fastai Learner, if there is one
    reading: Any = None  # what was read from its DataLoaders
    range_given: bool = False  # the caller said which numbers the network takes


def open_source(
    trained,  # a TrainingRun, the folder of one, a Learner, a torch module or a Keras model
    vocab=None,  # label names, where the model doesn't carry them
    image_size=None,  # side in pixels, where the model doesn't say it
    input_range=None,  # what black and white are for the network; None: (0, 1)
) -> Source:
    "Find out everything that has to be known; ValueError or TypeError with what to change."
    if isinstance(trained, (str, os.PathLike)):
        need_run(trained)
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
    return Source(
        framework,
        model,
        labels,
        Recipe(size),
        scale,
        shift,
        run,
        range_given=input_range is not None,
    )


def need_run(path):
    "ValueError, with how to load it, for the path of a model that isn't one of our runs."
    path = Path(path)
    loads = {
        ".keras": "keras.models.load_model(path)",
        ".h5": "keras.models.load_model(path)",
        ".pkl": "fastai's load_learner(path), which runs what is in it",
        ".pt": "your network's class and torch.load(path, weights_only=True)",
        ".pth": "your network's class and torch.load(path, weights_only=True)",
    }
    saved_model = (path / "saved_model.pb").is_file()
    how = "keras.models.load_model, from a .keras file" if saved_model else loads.get(path.suffix)
    if how is not None and not (path / "run.json").is_file():
        raise ValueError(
            f"{path.name} isn't a training run of the course. Load the model first, with {how}, "
            "and pass the model itself, with vocab= and image_size= where it doesn't say them."
        )


def model_of(run):
    "The model of a run, read from its folder if it isn't in memory."
    if run.model is not None:
        return run.model
    if run.out is None:
        raise ValueError(
            "This TrainingRun has neither a model nor a folder, so there is nothing to export."
        )
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
        raise ValueError(
            f"image_size is {image_size!r}, and the Learner's DataLoaders make images of "
            f"{reading.recipe.size} pixels."
        )
    if input_range is not None:
        raise ValueError(
            "input_range= is for networks alone: what a Learner's network takes is read from its "
            "DataLoaders."
        )
    network = network_of(learn)
    labels = check_vocab(reading.vocab)
    return Source(
        framework_of(network),
        network,
        labels,
        reading.recipe,
        reading.scale,
        reading.shift,
        run,
        learn,
        reading,
        True,
    )


def needs_sigmoid(
    source: Source,
    ending: str,  # "sigmoid" or "logits": what the network ends in
) -> bool:
    "Whether a sigmoid has to follow the network; ValueError where its user gets no probability."
    from .pipeline import takes_logits

    if source.reading is None or source.run is not None and source.reading.activation == "none":
        return ending == "logits"
    if source.reading.activation == "sigmoid" and ending == "sigmoid":
        raise ValueError(
            "This Learner's network ends in a sigmoid and learn.get_preds applies another (its "
            "loss is for logits), so its scores lie between 0.5 and 0.73. Take the sigmoid out of "
            "the network, or use BCELossFlat()."
        )
    if source.reading.activation == "none" and ending == "logits":
        if takes_logits(source.learn.loss_func):
            return True  # its user puts a sigmoid behind get_preds
        loss = getattr(source.learn.loss_func, "func", source.learn.loss_func)
        name = getattr(loss, "__name__", type(loss).__name__)
        raise ValueError(
            f"learn.get_preds gives logits and no probabilities, for the loss {name} has no "
            "activation. If it is a loss of logits, say so, learn.loss_func.activation = "
            "torch.sigmoid, or use BCEWithLogitsLossFlat()."
        )
    return ending == "logits"
