"The fastai trainer: the head on a frozen body, then everything in one cycle; the best epoch stays."

import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from fastai.callback.fp16 import MixedPrecision
from fastai.callback.schedule import Learner
from fastai.torch_core import trainable_params
from torch import nn

from mlc_course.backbones import save_model, set_arrays
from mlc_course.data.decoded import Decoded
from mlc_course.data.table import ImageTable
from mlc_course.metrics import Predictions, TrainingRun
from mlc_course.safety import ctrl_c, explain_memory
from mlc_course.settings import (
    Profile,
    load_profile,
    pick_device,
    pick_precision,
    seed_everything,
)
from mlc_course.ship.learner import learner_predictions
from mlc_course.training import torch_trainer
from mlc_course.training.data import decode_for_training
from mlc_course.training.fastai_data import loaders_of
from mlc_course.training.fastai_learner import low_precision, make_learner
from mlc_course.training.fastai_loop import (
    KeepBest,
    fastai_loss,
    own_learner,
    precision_of,
    rates_of,
)
from mlc_course.training.fastai_recipe import CYCLE, MOMENTUM
from mlc_course.training.keeper import Keeper
from mlc_course.training.own import has_head, own_torch
from mlc_course.training.recipe import check_keywords, recipe
from mlc_course.training.runs import in_run_folder
from mlc_course.training.torch_batches import ImageBatches
from mlc_course.training.torch_loop import probs_of


def predict(
    model: nn.Module | Learner,  # from `make_model`, `train` or `load_model`, or a Learner
    table: ImageTable | Decoded,  # an `ImageTable` with the model's vocab
    split: str = "test",  # "train", "valid" or "test"
    on_error: str = "stop",  # an image that can't be decoded: "stop", or "skip" it with a warning
) -> Predictions:  # in the table's order
    """Probabilities for one split, in fp32: never shuffled, never augmented, one sigmoid.

    Of a Learner they are what `get_preds` gives, whatever its DataLoaders do."""
    if isinstance(model, Learner):
        return learner_predictions(model, table, split, on_error)
    return torch_trainer.predict(model, table, split, on_error=on_error)


def can_draw() -> bool:
    "Whether a moving bar makes sense: in a notebook or a terminal, but not in a log file."
    from fastcore.imports import IN_NOTEBOOK

    return IN_NOTEBOOK or sys.stdout.isatty()


def learner_for(
    data: Decoded,
    profile: Profile,
    model: nn.Module | Learner | None,
    loss: Callable | None,
    augment: str | Callable | None,
    cbs: Iterable,
) -> Learner:
    "A Learner around the profile's network, a module, or the network of a Learner."
    given, more = isinstance(model, Learner), {}
    net = model if not given else own_learner(model, data.image_size, loss is None)
    if given:
        taken = ("loss_func", "opt_func", "splitter")
        more = {name: getattr(model, name) for name in taken}
    elif model is not None and not has_head(model):
        more = dict(splitter=trainable_params)
    if loss is not None:
        more["loss_func"] = fastai_loss(loss)
    if net is not None:
        net = own_torch(net, data)
    return make_learner(loaders_of(data, profile, augment), profile, cbs, net, **more)


def fit(
    learn: Learner,
    keeper: Keeper,
    given: bool,  # a Learner of the user's own, whose head is left alone
    cbs: Iterable,  # more fastai callbacks
) -> None:
    "Head, then everything, from wherever the keeper's checkpoint stands."
    profile = keeper.profile
    headed = has_head(learn.model) and not given
    first = profile.pretrained and profile.freeze_epochs > 0
    if first and not headed:
        keeper.say(
            "This network has no linear layer `head` behind `features`, so all of it learns "
            "from the start."
        )
    with ctrl_c() as stop:
        keep = KeepBest(keeper, stop)
        learn.unfreeze()
        start = keep.begin(learn, head=first and headed)
        learn.fit_one_cycle(
            profile.epochs,
            rates_of(learn, profile),
            **CYCLE,
            moms=None if given else MOMENTUM,
            wd=profile.weight_decay,
            cbs=[keep, *cbs],
            start_epoch=start,
        )
    if keep.error is not None:
        raise keep.error
    if keeper.arrays is None:
        raise RuntimeError(
            "The training was cancelled before its first epoch was over, so there is no model "
            "to keep."
        )


@in_run_folder
def train(
    table: ImageTable | Decoded,  # an `ImageTable` with training and validation rows
    profile: Profile | None = None,  # a `Profile`; the chosen one if left out
    out: str | Path | None = None,  # folder for model, history and predictions; None: no files
    resume: bool = False,  # go on from the last finished epoch in `out`, if there is one
    progress: bool = True,  # fastai's bar and table
    cbs: Iterable = (),  # more fastai callbacks
    *,
    model: nn.Module | Learner | None = None,  # a torch module (float [B, 3, S, S] in [0, 1]
    # to logits [B, C]), or a Learner, whose network, loss and optimiser are taken; trained in place
    loss: Callable | None = None,  # a loss of fastai, or a function of (logits, targets) that
    # gives one number; None: binary cross-entropy
    augment: str | Callable | None = None,  # None: flips and shifts; "none"; a torchvision v2 or
    # albumentations transform, or a function of uint8 [B, S, S, 3]
    on_error: str = "stop",  # an image that can't be decoded: "stop" with its name, or "skip" it
) -> TrainingRun:  # with the model of the best epoch
    """Fit the head to the frozen body's features, then train everything in one cycle.

    Keeps the epoch with the highest validation mAP, and predicts every split but train.
    `train_loss` in the history is the mean over the epoch's images, `valid_loss` the same loss of
    all validation images at once: `loss`, or binary cross-entropy."""
    profile = profile or load_profile()
    check_keywords(resume, out, loss, augment)
    device = pick_device()
    precision = pick_precision(profile.precision, device)
    drawing = progress and can_draw()
    data = decode_for_training(table, profile.image_size, on_error, progress=drawing)
    told = recipe(profile, loss, augment, model)
    keeper = Keeper("fastai", data, profile, out, resume, progress, told)
    precision = precision_of(keeper, precision, device)
    scaled = device.type == "cuda" and precision != "fp32"
    seed_everything(profile.seed)
    amp = [MixedPrecision(amp_mode=precision)] if scaled else []
    learn = learner_for(data, profile, model, loss, augment, amp)
    with ExitStack() as during:
        during.enter_context(explain_memory(profile))
        cast = low_precision(learn.model, "fp32" if scaled else precision, device.type)
        during.enter_context(cast)
        if not drawing:
            during.enter_context(learn.no_bar())
        if not progress:
            during.enter_context(learn.no_logging())
        fit(learn, keeper, isinstance(model, Learner), cbs)
    set_arrays(learn.model, keeper.arrays or {})
    net = learn.model.eval()
    judged = {s: data.split(s) for s in data.splits if s != "train"}
    batches = {s: ImageBatches(o.images, o.targets, 256, device=device) for s, o in judged.items()}
    return keeper.finish(net, {s: probs_of(net, o) for s, o in batches.items()}, save_model)
