"A network of one's own in a trainer: checked, named, and ready to learn."

import numpy as np

from mlc_course.data.decoded import require_vocab
from mlc_course.training.options import refuse_sigmoid


def network_name(model) -> str:
    "What a checkpoint remembers of an own network: its class and its size."
    if hasattr(model, "parameters"):
        n = sum(p.numel() for p in model.parameters())
    elif hasattr(model, "trainable_variables"):
        n = sum(int(np.prod(v.shape)) for v in model.variables)
    else:
        return type(model).__qualname__  # refused later
    return f"{type(model).__qualname__} with {n:,} weights"


def check_labels(model, data):
    "Give a network the data's vocab, or refuse another that it has."
    kept = getattr(model, "vocab", None)
    if kept is not None and len(kept):
        require_vocab(kept, data)


def own_torch(
    model,  # a torch module: float [B, 3, S, S] in [0, 1] to logits [B, C]
    data,  # a Decoded
):  # the module, with `.vocab` and `.image_size`
    "A module of one's own; ValueError where its outputs aren't a logit for each label."
    import torch

    from mlc_course.ship.heads import torch_ending

    if not isinstance(model, torch.nn.Module):
        kind = type(model).__name__
        raise TypeError(f"model is a {kind}; give a torch module (torch.nn.Module).")
    check_labels(model, data)
    refuse_sigmoid(torch_ending(model, data.image_size, data.vocab))
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("No weight of the network can learn: requires_grad is False for all.")
    model.vocab, model.image_size = list(data.vocab), data.image_size
    return model


def own_keras(
    model,  # a Keras model: float [B, S, S, 3] in [0, 1] to logits [B, C]
    data,  # a Decoded
):  # the model, with `.vocab`
    "A Keras model of one's own; ValueError where its outputs aren't a logit for each label."
    import keras

    from mlc_course.ship.facts import keras_size
    from mlc_course.ship.heads import keras_ending

    if not isinstance(model, keras.Model):
        raise TypeError(f"model is a {type(model).__name__}; give a keras.Model.")
    check_labels(model, data)
    size = keras_size(model)
    if size not in (None, data.image_size):
        raise ValueError(
            f"The model takes images of {size} x {size} pixels, and the profile's are "
            f"{data.image_size}. Use dataclasses.replace(profile, image_size={size})."
        )
    refuse_sigmoid(keras_ending(model, data.image_size, data.vocab, from_unit=True))
    if not model.trainable_variables:
        raise ValueError("No weight of the network can learn: model.trainable_variables is empty.")
    model.vocab = tuple(data.vocab)
    return model


def has_head(model) -> bool:
    "Whether the head can be fitted alone: a linear layer `head` on what `features` gives."
    import torch

    return isinstance(getattr(model, "head", None), torch.nn.Linear) and callable(
        getattr(model, "features", None)
    )
