"EfficientNet-Lite in PyTorch, as public functions; fastai's `vision_learner` takes them as well."

import importlib

from ..extras import is_here
from ..hints import Module
from ..settings import require_torch_first
from .arrays import set_arrays
from .lite_plan import N_IMAGENET
from .lite_weights import body_and_head, lite_arrays

require_torch_first()


def lite(
    arch: str,  # "efficientnet_lite0", 1 or 2
    pretrained: bool = True,  # ImageNet's weights, from the package of the extra `imagenet`
    n_out: int | None = N_IMAGENET,  # as in `efficientnet_lite0`
    dropout: float = 0.0,  # in front of the head
    new_head: bool = False,  # a fresh head even for 1000 outputs
):  # a torch module with .features(x), .feature_map(x), .n_features, .head, .arch
    "The network in PyTorch, with ImageNet's weights if asked for."
    from .lite_torch import EfficientNetLite

    arrays = lite_arrays(arch) if pretrained else None
    model = EfficientNetLite(arch, n_out, dropout)
    if arrays is None:
        return model
    model.keeps_statistics = True
    model.train()
    keep = n_out == N_IMAGENET and not new_head
    return set_arrays(model, body_and_head(arrays, keep), skip_head=not keep)


def efficientnet_lite0(
    pretrained: bool = True,  # ImageNet's weights; False: random ones
    n_out: int | None = N_IMAGENET,  # 1000: ImageNet's classes; None: the 1280 features
    dropout: float = 0.0,  # in front of the head
) -> "Module":  # a torch module
    """EfficientNet-Lite0 in PyTorch: float pixels in [0, 1], [N, 3, H, W], to logits [N, n_out].

    A number of outputs other than 1000 gets a fresh head. ModuleNotFoundError, a sentence with the
    pip line, where the weights' package isn't installed; ValueError where its file is damaged."""
    return lite("efficientnet_lite0", pretrained, n_out, dropout)


def efficientnet_lite1(
    pretrained: bool = True,  # ImageNet's weights; False: random ones
    n_out: int | None = N_IMAGENET,  # 1000: ImageNet's classes; None: the 1280 features
    dropout: float = 0.0,  # in front of the head
) -> "Module":  # a torch module
    "EfficientNet-Lite1 in PyTorch: as `efficientnet_lite0`, deeper."
    return lite("efficientnet_lite1", pretrained, n_out, dropout)


def efficientnet_lite2(
    pretrained: bool = True,  # ImageNet's weights; False: random ones
    n_out: int | None = N_IMAGENET,  # 1000: ImageNet's classes; None: the 1280 features
    dropout: float = 0.0,  # in front of the head
) -> "Module":  # a torch module
    "EfficientNet-Lite2 in PyTorch: as `efficientnet_lite0`, deeper and wider."
    return lite("efficientnet_lite2", pretrained, n_out, dropout)


def tell_fastai():
    """Where fastai is installed, say where to cut these networks and how to group their layers.

    `vision_learner` looks before it calls the function, so this can't wait for the call."""
    if not is_here("fastai"):
        return
    from .lite_torch import fastai_groups

    known = importlib.import_module("fastai.vision.learner").model_meta
    for function in (efficientnet_lite0, efficientnet_lite1, efficientnet_lite2):
        known[function] = dict(cut=-3, split=fastai_groups)


tell_fastai()
