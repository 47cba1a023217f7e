"What the installed libraries decide if you say nothing: the defaults that a comparison trips over."

import inspect

import numpy as np
import pandas as pd

from mlc_course.settings import import_tensorflow, require_torch_first

AS_TORCH = "as PyTorch"  # fastai's layers are PyTorch's
ADAMW = {  # what fastai, PyTorch and Keras call a setting
    "epsilon": ("eps", "eps", "epsilon"),
    "weight decay": ("wd", "weight_decay", "weight_decay"),
    "decay of the second moment": ("sqr_mom", "betas", "beta_2"),
}


def default(
    f,  # a function or a class
    name: str,  # of a parameter
):
    "What a parameter is if nobody says it."
    return inspect.signature(f).parameters[name].default


def of_adamw():
    "AdamW's settings in fastai, PyTorch and Keras."
    import torch
    from fastai.optimizer import Adam  # before Keras: torchvision can't follow TensorFlow

    import_tensorflow()
    import keras

    kinds = (Adam, torch.optim.AdamW, keras.optimizers.AdamW)
    found = {k: [default(*o) for o in zip(kinds, words)] for k, words in ADAMW.items()}
    found["decay of the second moment"][1] = found["decay of the second moment"][1][1]
    return {f"AdamW: {k}": values for k, values in found.items()}


def of_batchnorm():
    "BatchNorm's settings, and what its momentum means."
    import keras
    import torch

    norm, other = torch.nn.BatchNorm2d, keras.layers.BatchNormalization
    momentum, stays = default(norm, "momentum"), default(other, "momentum")
    return {
        "BatchNorm: epsilon": [AS_TORCH, default(norm, "eps"), default(other, "epsilon")],
        "BatchNorm: momentum": [AS_TORCH, momentum, stays],
        "share of the old statistics that stays": [AS_TORCH, 1 - momentum, stays],
    }


def of_layers():
    "How new layers begin, and in which order their axes lie."
    import keras
    import torch

    linear, dense = torch.nn.Linear(320, 20), keras.layers.Dense(20)
    conv, other = torch.nn.Conv2d(2, 5, 3), keras.layers.Conv2D(5, 3)
    dense.build((None, 320))
    other.build((None, 8, 8, 2))
    weights = linear.weight.detach().numpy(), dense.kernel.numpy()
    biases = linear.bias.detach().numpy(), dense.bias.numpy()
    shapes = tuple(conv.weight.shape), tuple(other.kernel.shape)
    return {
        "spread of a new linear layer, 320 to 20": [AS_TORCH, *(f"{w.std():.3f}" for w in weights)],
        "its bias": [AS_TORCH, *("random" if np.abs(b).max() > 0 else "zeros" for b in biases)],
        "kernel of a convolution, 2 to 5 channels": [AS_TORCH, *shapes],
    }


def of_batches(loader):
    "Order and end of the training data, and what the cross-entropy takes."
    import keras
    import torch

    plain = torch.utils.data.DataLoader
    shuffled = [loader.shuffle, default(plain, "shuffle"), default(keras.Model.fit, "shuffle")]
    dropped = [loader.drop_last, default(plain, "drop_last"), False]
    of_logits = default(keras.losses.BinaryCrossentropy, "from_logits")
    return {
        "training data: shuffled": ["yes" if o else "no" for o in shuffled],
        "training data: last, smaller batch": ["dropped" if o else "kept" for o in dropped],
        "cross-entropy takes": ["logits", "logits", "logits" if of_logits else "probabilities"],
    }


def library_defaults(
    loader,  # fastai's DataLoader of the training data, such as `make_data(...).train`
) -> pd.DataFrame:  # a row for each default, columns fastai, PyTorch and Keras
    "The defaults of the installed fastai, PyTorch and Keras, side by side."
    require_torch_first()
    found = of_adamw() | of_batchnorm() | of_layers() | of_batches(loader)
    df = pd.DataFrame(found, index=["fastai", "PyTorch", "Keras"]).T
    return df.map(lambda o: f"{o:g}" if isinstance(o, float) else o)
