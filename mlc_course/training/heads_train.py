"Train several heads, ask them, and take a finished run out of its folder."

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from mlc_course.data.decoded import decode_split
from mlc_course.data.heads import Heads
from mlc_course.data.rare import car_task
from mlc_course.data.table import ImageTable
from mlc_course.data.table_checks import require_split
from mlc_course.nets.arrays import get_arrays, set_arrays
from mlc_course.safety import ctrl_c, explain_memory
from mlc_course.scores.heads import majority_accuracy
from mlc_course.settings import Profile, pick_device, pick_precision, seed_everything
from mlc_course.training.data import check_splits
from mlc_course.training.heads_batches import HeadBatches
from mlc_course.training.heads_loop import HeadsKeeper, HeadsLoss, heads_data, heads_recipe
from mlc_course.training.heads_losses import UncertaintyWeights, head_losses
from mlc_course.training.heads_model import MultiHeadModel
from mlc_course.training.heads_run import HeadPredictions, MultiHeadRun, read_heads_run
from mlc_course.training.recipe import check_keywords
from mlc_course.training.runs import in_run_folder
from mlc_course.training.torch_loop import TrainingState, fit, forward


@torch.no_grad()
def _logits(model, batches, precision):
    "What the model says of all batches: head -> [N, C]."
    was_training = model.training
    model.eval()
    out = [forward(model, b["image"], precision) for b in batches]
    model.train(was_training)
    return {n: torch.cat([o[n] for o in out]) for n in model.heads.names}


def predict(
    model: MultiHeadModel,  # from `train`
    table: ImageTable,  # with a column for every head
    split: str = "test",  # "train", "valid" or "test"
    size: int | None = None,  # side of the images; None: `model.image_size`, which `train` sets
    pixels: np.ndarray | None = None,  # the split's images, if decoded: uint8 [N, S, S, 3]
    precision: str = "fp32",  # or "bf16", "fp16"
) -> HeadPredictions:  # in the table's order
    "What the model says of the images of one split."
    side: Any = size or getattr(model, "image_size", None)
    if pixels is None and side is None:
        raise ValueError("The model doesn't know its image size; pass size=.")
    require_split(table, split)
    targets = model.heads.encode(table.df[table.df["split"] == split])
    if pixels is None:
        pixels = decode_split(table, split, side).images
    batches = HeadBatches(pixels, targets, 256, device=next(model.parameters()).device)
    logits = _logits(model, batches, precision)
    probs = {n: z.softmax(1).cpu().numpy() for n, z in logits.items()}
    return HeadPredictions(probs, targets, model.heads, table.fnames(split))


def _check_weights(weights, class_weights):
    "ValueError for weights that are neither a dict nor the word that is known."
    known = (("weights", weights, "uncertainty"), ("class_weights", class_weights, "balanced"))
    for what, given, word in known:
        if not (given is None or given == word or isinstance(given, Mapping)):
            raise ValueError(f"{what} is {given!r}; give a dict, {word!r} or None.")


def _model(heads, body, profile, device):
    "The network where it trains; it carries its image size."
    model = MultiHeadModel(heads, body or profile.arch, pretrained=profile.pretrained)
    model.image_size = profile.image_size
    return model.to(device, memory_format=torch.channels_last)


def _batches(data, targets, split, profile, device):
    "The batches of one split; those of train are shuffled and augmented."
    place = (split == "train", profile.seed, device, data.rows(split))
    return HeadBatches(data.images, targets[split], profile.batch_size, *place)


def _loss(heads, weights, class_weights, profile, device):
    "The loss, and the groups of parameters that learn in it."
    weigh = UncertaintyWeights(heads.names) if weights == "uncertainty" else weights
    loss = HeadsLoss(heads.names, weigh, class_weights).to(device)
    if weights != "uncertainty":
        return loss, []
    rate = min(10 * profile.learning_rate, 0.1)  # few numbers, which may move faster
    return loss, [dict(params=loss.parameters(), weight_decay=0.0, max_lr=rate)]


def _judge(valid, targets, class_weights, loss):
    "What is done after each epoch: score the validation split, and turn the page."

    def judge(state, keeper):
        model = state.model
        logits = _logits(model, valid, state.precision)
        if not all(z.isfinite().all() for z in logits.values()):
            raise keeper.diverged(state.step_number - 1, state.epoch)
        device = next(model.parameters()).device
        numbers = {n: torch.from_numpy(t).to(device) for n, t in targets.items()}
        losses = head_losses(logits, numbers, class_weights)
        place = (loss.mean(), state.epoch, lambda: get_arrays(model))
        row = keeper.judge_heads(logits, targets, losses, *place)
        state.next_epoch()
        keeper.tell(row)

    return judge


@in_run_folder
def train(
    table: ImageTable,  # needs "train" and "valid"; "test" is predicted once, at the end, if there
    profile: Profile,  # image size, epochs, learning rate, precision, seed ...
    heads: Heads | None = None,  # a column for each; None: cars, made ready by `car_task`
    weights: Mapping | str | None = None,  # head -> number, "uncertainty" to learn them; None: 1
    class_weights: Mapping | str | None = None,  # head -> [C], or "balanced" for the training rows'
    body: nn.Module | None = None,  # trained in place; None: the network that the profile names
    pixels: dict | None = None,  # split -> uint8 [N, S, S, 3], to decode once for several trainings
    progress: bool = True,  # a bar in a terminal, a line an epoch elsewhere
    *,
    out: str | Path | None = None,  # a folder for model, history and predictions
    resume: bool = False,  # go on from the checkpoint in `out`, if there is one
) -> MultiHeadRun:  # model of the best epoch, history, predictions, baseline
    """Train one model for all heads; keep the epoch with the highest mean accuracy on the
    validation split. Ctrl-C saves, then raises KeyboardInterrupt."""
    check_keywords(resume, out, None, None)
    if heads is None:
        table, heads = car_task(table)
    check_splits(table)
    _check_weights(weights, class_weights)
    device, precision = pick_device(), pick_precision(profile.precision)
    seed_everything(profile.seed)
    with explain_memory(profile), ctrl_c() as stop:
        data = heads_data(table, profile.image_size, pixels)
        df = data.frame()
        targets = {s: heads.encode(df.iloc[data.rows(s)]) for s in data.splits}
        if class_weights == "balanced":
            class_weights = heads.class_weights(df.iloc[data.rows("train")])
        told = heads_recipe(heads, targets, weights, class_weights, body or profile.arch)
        keeper = HeadsKeeper("torch", data, profile, out, resume, progress, told)
        model = _model(heads, body, profile, device)
        batches, valid = (_batches(data, targets, s, profile, device) for s in ("train", "valid"))
        loss, more = _loss(heads, weights, class_weights, profile, device)
        steps = profile.epochs * len(batches)
        state = TrainingState(model, profile, steps, precision=precision, more=more)
        state.beside = loss
        if keeper.going_on and keeper.path:
            state.load(keeper.path, keeper)
        judge = _judge(valid, targets["valid"], class_weights, loss)
        fit(state, keeper, batches.batches, judge, loss=loss, stop=stop)
        set_arrays(model, keeper.arrays or {})
        return _finish(keeper, model.eval(), table, targets, weights, loss, precision)


def _finish(keeper, model, table, targets, weights, loss, precision):
    "Predict every split but train; in the folder, the run takes the checkpoint's place."
    data, heads, others = keeper.data, model.heads, [s for s in targets if s != "train"]
    ask = lambda s: predict(model, table, s, data.image_size, data.split(s).images, precision)
    final = {n: float(weights[n]) if isinstance(weights, Mapping) else 1.0 for n in heads.names}
    run = MultiHeadRun(
        model=model,
        heads=heads,
        history=pd.DataFrame(keeper.rows),
        best_epoch=keeper.best_epoch,
        predictions={s: ask(s) for s in others},
        baseline={s: majority_accuracy(targets["train"], targets[s]) for s in others},
        weights=loss.weights.weights if weights == "uncertainty" else final,
        profile=keeper.profile,
        dataset=table.name,
        seconds=sum(r["seconds"] for r in keeper.rows),
        out=keeper.out,
        recipe=keeper.identity["recipe"],
    )
    return keeper.keep(run)


def load_run(
    folder: str | Path,  # that `train` wrote
    body: nn.Module | None = None,  # the network that was given to `train`, if one was
) -> MultiHeadRun:  # with its model, ready to predict
    "A finished training, from its folder."
    run, arrays, size = read_heads_run(folder)
    own = run.recipe["body"] != run.profile.arch
    if own and body is None:
        raise ValueError(
            f"{folder} holds a network of your own ({run.recipe['body']}): give one that is built "
            f"the same, load_run({str(folder)!r}, body=...)."
        )
    network = body if own and body is not None else run.profile.arch
    model = MultiHeadModel(run.heads, network, pretrained=False)
    with torch.no_grad():
        set_arrays(model, arrays)
    model.image_size = size
    model = model.to(pick_device()).to(memory_format=torch.channels_last)
    return replace(run, model=model.eval())
