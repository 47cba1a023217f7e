"The Learner of the course: network, metrics of the whole validation set, and half precision."

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import BCEWithLogitsLossFlat
from fastai.metrics import AccumMetric, ActivationType
from torch import nn

from mlc_course.backbones import create_model
from mlc_course.backbones_torch import layer_groups
from mlc_course.metrics import confusion, mean_average_precision, precision_recall_f1
from mlc_course.settings import Profile
from mlc_course.training.fastai_recipe import adamw
from mlc_course.training.options import require_labels


def make_model(
    vocab: list,  # label names, in output order
    profile: Profile,  # a `Profile`: arch, pretrained, image size and seed
) -> nn.Module:  # float pixels in [0, 1] [N, 3, H, W] -> logits [N, C]
    """The profile's network with a new head of one output per label.

    The same seed gives the same head. The model carries its `vocab` and `image_size`."""
    require_labels(vocab)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(profile.seed)
        model: Any = create_model(len(vocab), profile.arch, profile.pretrained)
    model.vocab, model.image_size = list(vocab), profile.image_size
    return model


def macro_f1(
    probs: np.ndarray,  # [N, C] in [0, 1]
    targets: np.ndarray,  # [N, C], 0 or 1
    thresh: float | np.ndarray = 0.5,  # a number, or one per label
) -> float:  # in [0, 1]
    "Macro F1 of NumPy arrays, from counts over all rows."
    return float(precision_recall_f1(confusion(probs, targets, thresh), "macro").f1)


def map_score(
    probs: np.ndarray,  # [N, C] in [0, 1]
    targets: np.ndarray,  # [N, C], 0 or 1
) -> float:  # in [0, 1]
    "Mean average precision of NumPy arrays."
    return float(mean_average_precision(probs, targets))


def epoch_metrics() -> list:  # fastai metrics
    "Macro F1 at 0.5 and mAP of the whole validation set, once per epoch."
    whole = dict(activation=ActivationType.Sigmoid, flatten=False, to_np=True)
    named = dict(valid_macro_f1=macro_f1, valid_map=map_score)
    return [AccumMetric(f, name=name, **whole) for name, f in named.items()]


@contextmanager
def low_precision(
    model: nn.Module,  # a torch module
    precision: str,  # "fp32" (nothing happens), "bf16" or "fp16"
    device_type: str = "cpu",  # where the model runs
) -> Iterator[nn.Module]:
    "While this context lasts, `model` computes in `precision` under autocast and gives float32."
    if precision == "fp32":
        yield model
        return
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    cast = torch.autocast(device_type, dtype)(model.forward)
    model.forward = lambda *args: cast(*args).float()
    try:
        yield model
    finally:
        del model.forward


def make_learner(
    dls: DataLoaders,  # from `make_data` or `multilabel_dataloaders`
    profile: Profile,  # a `Profile`: network, learning rate, weight decay, seed
    cbs: Iterable = (),  # more callbacks
    model: nn.Module | None = None,  # a torch module of your own; None: the profile's network
    **kwargs: object,  # for the Learner: `loss_func`, `opt_func`, `splitter`
) -> Learner:  # ready to `fit_one_cycle`; all layers learn until you `freeze()`
    """A Learner with three parameter groups, binary cross-entropy, AdamW and whole-set metrics.

    fastai's Adam decouples its weight decay, as AdamW does."""
    usual = dict(loss_func=BCEWithLogitsLossFlat(), opt_func=adamw, splitter=layer_groups)
    return Learner(
        dls,
        make_model(list(dls.vocab), profile) if model is None else model,
        lr=profile.learning_rate,
        wd=profile.weight_decay,
        metrics=epoch_metrics(),
        cbs=[ChannelsLast(), *cbs],
        model_dir=Path(tempfile.gettempdir()) / "mlc_course",
        **(usual | dict(wd_bn_bias=True) | kwargs),
    )
