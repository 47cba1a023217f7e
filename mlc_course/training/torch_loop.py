"The one training loop in PyTorch: any model, any loss, stopped after any step and taken up again."

import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from mlc_course.losses import binary_cross_entropy_with_logits
from mlc_course.safety import TrainingDiverged, write_whole
from mlc_course.settings import Profile
from mlc_course.training.checkpoints import read_torch, seal
from mlc_course.training.cycle import BETAS, EPSILON, WARM_UP
from mlc_course.training.keeper import Keeper
from mlc_course.training.options import check_one_number
from mlc_course.training.rates import torch_groups


def autocast(x, precision):
    "The context in which convolutions on the device of `x` compute in `precision`."
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return torch.autocast(x.device.type, dtype, enabled=dtype is not None)


def forward(model, x, precision):
    "Logits as float32, computed in `precision`; of several heads a dict of them."
    with autocast(x, precision):
        out = model(x)
    return {k: v.float() for k, v in out.items()} if isinstance(out, dict) else out.float()


@torch.no_grad()
def probs_of(
    model,  # a torch module
    batches,  # of (x, targets)
    precision="fp32",  # to compute in
    act=torch.sigmoid,  # from its outputs to probabilities
):  # NumPy [N, C]
    "What a network says of every image."
    was_training = model.training
    model.eval()
    out = [act(forward(model, x, precision)) for x, _ in batches]
    model.train(was_training)
    return torch.cat(out).cpu().numpy()


class TrainingState:
    """Everything that the next step depends on; `save` and `load` make a training resumable in the
    middle of an epoch."""

    def __init__(
        self,
        model: nn.Module,  # in the layout and on the device where it trains
        profile: Profile,  # a `Profile`: learning rate, weight decay
        steps: int,  # optimiser steps of the whole training
        ema: float = 0.0,  # decay of the moving average of the weights; 0: none
        precision: str = "fp32",  # fp16 needs a scaler
        more: Iterable[dict] = (),  # more groups: params, weight_decay and max_lr
        warm_up: float = WARM_UP,  # share of the steps in which the rate rises
    ) -> None:
        rate, decay = profile.learning_rate, profile.weight_decay
        own = [dict(params=g["params"], max_lr=rate * g["factor"]) for g in torch_groups(model)]
        groups = [*own, *({**g} for g in more)]
        rates = [g.pop("max_lr", rate) for g in groups]
        device = next(model.parameters()).device
        self.model, self.precision, optim = model, precision, torch.optim
        self.optimiser = optim.AdamW(groups, rate, BETAS, EPSILON, decay)
        self.schedule = optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            rates if len(rates) > 1 else rate,
            total_steps=max(steps, 5),
            pct_start=warm_up,
            cycle_momentum=False,
        )  # with 4 it divides by zero
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        averaging = optim.swa_utils
        how = averaging.get_ema_multi_avg_fn(ema)
        self.average = (
            averaging.AveragedModel(model, multi_avg_fn=how, use_buffers=True) if ema else None
        )
        self.epoch = self.batch = self.step_number = self.seen = 0  # where the training is
        self.total = torch.zeros((), device=device)  # sum of the losses of this epoch
        self.bad = torch.full((), -1, device=device)  # the first step whose loss wasn't finite
        self.seconds = 0.0  # of this epoch, up to the last stop
        self.beside = None  # a module that learns or counts beside the network: of the loss

    def step(self) -> None:
        "One step of optimiser, schedule and moving average."
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad()
        self.schedule.step()
        if self.average:
            self.average.update_parameters(self.model)
        self.step_number += 1

    @property
    def judged(self) -> nn.Module:
        "The network whose scores count: the average, if there is one."
        return self.average.module if self.average else self.model

    def mean_loss(self) -> float:
        "Of the images of this epoch so far."
        return self.total.item() / max(self.seen, 1)

    def next_epoch(self) -> None:
        "Turn the page."
        self.epoch, self.batch, self.seen, self.seconds = self.epoch + 1, 0, 0, 0.0
        self.total.zero_()

    _PARTS = ("model", "optimiser", "schedule", "scaler", "average", "beside")
    _PLACE = ("epoch", "batch", "step_number", "seen", "seconds", "precision")

    def save(
        self,
        path: Path,  # the checkpoint
        keeper: Keeper,  # a `Keeper`: its books go with it
    ) -> None:
        "Write all of it, as a whole or not at all."
        parts = {k: getattr(self, k) for k in self._PARTS}
        parts = {k: v.state_dict() for k, v in parts.items() if v is not None}
        place = {k: getattr(self, k) for k in self._PLACE}
        kept = keeper.arrays
        arrays = None if kept is None else {k: torch.from_numpy(v) for k, v in kept.items()}
        rng = [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if self.total.is_cuda else [])]
        state = dict(parts=parts, place=place, arrays=arrays, total=self.total, rng=rng)
        state["books"] = keeper.facts()

        def write(part):
            torch.save(state, part)
            seal(part)

        write_whole(path, write)
        keeper.saved()

    def load(
        self,
        path: Path,  # the checkpoint
        keeper: Keeper,  # a `Keeper`, which takes up its books
    ) -> None:
        "Go back to what `save` wrote; ValueError if it belongs to another run."
        saved = read_torch(path, ("parts", "place", "arrays", "total", "rng", "books"))
        keeper.go_back(saved["books"], saved["place"]["epoch"])
        for k, v in saved["parts"].items():
            getattr(self, k).load_state_dict(v)
        for k, v in saved["place"].items():
            setattr(self, k, v)
        arrays = saved["arrays"]
        keeper.arrays = None if arrays is None else {k: v.numpy() for k, v in arrays.items()}
        self.total.copy_(saved["total"])
        torch.set_rng_state(saved["rng"][0])
        if self.total.is_cuda and len(saved["rng"]) > 1:
            torch.cuda.set_rng_state(saved["rng"][1])
        was = saved["books"]["rates"][-1]["learning_rate"]
        self._change_rate(keeper.rates[-1]["learning_rate"] / was)

    def _change_rate(self, factor):
        "Go on with another learning rate, as after a loss that was no number; same schedule."
        if factor == 1:
            return
        for group in self.optimiser.param_groups:
            for k in ("lr", "initial_lr", "max_lr", "min_lr"):
                group[k] *= factor


def is_finite(out):
    "Whether logits are numbers."
    parts = out.values() if isinstance(out, dict) else [out]
    return all(torch.isfinite(o).all().item() for o in parts)


def loss_of(loss, out, y, state, kept):
    "The loss of a batch; TrainingDiverged where logits aren't finite and the loss says so."
    try:
        value = loss(out, y)
    except ValueError as e:
        if is_finite(out):
            raise
        raise TrainingDiverged(state.step_number, state.epoch, kept) from e
    check_one_number(value)
    return value


def one_epoch(
    state,  # a TrainingState
    batches,  # with `.sizes` and `.device`; of (x, targets), from batch `state.batch` on
    accumulate=1,  # batches in one optimiser step
    stop=False,  # true after Ctrl-C
    kept=None,  # the last good checkpoint
    on_step=lambda: None,  # called after each step
    loss=binary_cross_entropy_with_logits,  # of (logits, targets), one number
):
    "Every batch of an epoch that is still to come. False if Ctrl-C ended it early."
    on_cpu, sizes = batches.device.type == "cpu", batches.sizes
    state.model.train()
    for k, (x, y) in enumerate(batches, state.batch):
        first = k - k % accumulate
        value = loss_of(loss, forward(state.model, x, state.precision), y, state, kept)
        if on_cpu and not math.isfinite(value.item()):
            raise TrainingDiverged(state.step_number, state.epoch, kept)
        if not on_cpu:  # to look would be to wait
            bad = (state.bad < 0) & ~torch.isfinite(value)
            state.bad = torch.where(bad, state.step_number, state.bad)
        share = 1 if accumulate == 1 else len(x) / sum(sizes[first : first + accumulate])
        state.scaler.scale(value if accumulate == 1 else value * share).backward()
        state.total += value.detach() * len(x)
        state.seen += len(x)
        if k + 1 == len(sizes) or (k + 1) % accumulate == 0:
            state.step()
            state.batch = k + 1
            on_step()
            if stop:
                break
    if not on_cpu and state.bad.item() >= 0:
        raise TrainingDiverged(state.bad.item(), state.epoch, kept)
    return state.batch == len(sizes)


def fit(
    state,  # a TrainingState
    keeper,  # a `Keeper`
    batches,  # of train: `.sizes`, `.device`, `.epoch`, `.start`
    judge,  # called after an epoch with (state, keeper): gives a row of the history
    accumulate=1,  # batches in one optimiser step
    loss=binary_cross_entropy_with_logits,  # of (logits, targets), one number
    stop=False,  # true after Ctrl-C
):
    "All epochs that are still to come. Ctrl-C saves, then raises KeyboardInterrupt."
    epochs, steps = keeper.profile.epochs, -(-len(batches) // accumulate)
    bar = keeper.open_bar(epochs * steps, state.step_number)
    while state.epoch < epochs:
        batches.epoch, batches.start = state.epoch, state.batch
        keeper.epoch_begins(state.seconds)
        whole = one_epoch(state, batches, accumulate, stop, keeper.kept, bar.update, loss)
        state.seconds = keeper.spent
        if whole:
            judge(state, keeper)
        if keeper.path:
            state.save(keeper.path, keeper)
        if stop:
            raise KeyboardInterrupt
    bar.close()


def judge_labels(
    state,  # a TrainingState
    keeper,  # a `Keeper`
    valid,  # batches of valid
    arrays,  # a function from a network to its weights, for the best epoch
    board=None,  # a writer for TensorBoard
    on_epoch=None,  # called with (row of the history, model)
    loss=None,  # given by the user: of (logits, targets), over all images at once; None: the usual
):
    "Score the epoch that has ended, and turn the page."
    rate, epoch, last = state.schedule.get_last_lr()[0], state.epoch, state.step_number - 1
    probs, valid_loss = judged_by(loss, state, valid)
    row = keeper.judge(
        probs, state.mean_loss(), epoch, last, partial(arrays, state.judged), valid_loss
    )
    state.next_epoch()
    if board:
        names = {"loss/train": "train_loss", "loss/valid": "valid_loss"}
        names |= {"score/macro F1": "valid_macro_f1", "score/mAP": "valid_map"}
        for name, key in names.items():
            board.add_scalar(name, row[key], state.step_number)
        board.add_scalar("learning rate", rate, state.step_number)
        board.flush()
    keeper.tell(row)
    if on_epoch:
        on_epoch(row, state.judged)


def judged_by(loss, state, valid):
    "Probabilities of valid, and what a loss given by the user says of all its images at once."
    if loss is None:
        return probs_of(state.judged, valid, state.precision), None
    logits = torch.from_numpy(probs_of(state.judged, valid, state.precision, lambda z: z))
    if not is_finite(logits):
        return logits.numpy(), None  # the Keeper refuses them
    with torch.no_grad():
        value = loss(logits.to(valid.targets.device), valid.targets)
    return torch.sigmoid(logits).numpy(), float(value)
