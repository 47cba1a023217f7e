"What a fastai training keeps: the Keeper as a callback of fit_one_cycle, resumable by epochs."

import io
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.learner import Learner
from fastai.losses import BaseLoss
from fastcore.foundation import L

from mlc_course.backbones import get_arrays
from mlc_course.safety import StopRequest, write_whole
from mlc_course.training.checkpoints import read_torch, seal
from mlc_course.training.frozen import fit_frozen
from mlc_course.training.keeper import Keeper
from mlc_course.training.options import check_one_number
from mlc_course.training.rates import factors_of

PARTS = ("epoch", "done", "precision", "books", "arrays", "model", "opt", "rng")


class KeepBest(Callback):
    "Tell a `Keeper` of every epoch, write its checkpoint, and end a training that can't go on."

    order = 60  # after the Recorder

    def __init__(
        self,
        keeper: Keeper,  # a `Keeper`
        stop: StopRequest | bool = False,  # the `StopRequest` of `ctrl_c`
    ) -> None:
        self.keeper, self.stop = keeper, stop
        self.start, self.done = 0, 0
        self.error: BaseException | None = None

    def give_up(
        self,
        error: BaseException,  # what `train` raises afterwards
    ) -> None:
        "End the fit; if the error were raised here, fastai would rewrite its message."
        self.error = error
        raise CancelFitException

    def before_epoch(self) -> None:
        self.keeper.epoch_begins()
        self.judged: list = []
        self.losses, self.seen = 0.0, 0

    def diverged(self) -> None:
        "End the fit: a number isn't finite."
        self.give_up(self.keeper.diverged(self.done, self.epoch))

    def after_pred(self) -> None:
        if isinstance(self.loss_func, OwnLoss) and not torch.isfinite(self.pred).all():
            self.diverged()
        if isinstance(self.loss_func, OwnLoss) and not self.training:
            self.judged.append((self.pred.detach(), self.y.detach()))

    def after_loss(self) -> None:
        if not torch.isfinite(self.loss):
            self.diverged()

    def after_batch(self) -> None:
        if not self.training:
            return
        n = len(self.xb[0])
        self.done, self.seen = self.done + 1, self.seen + n
        self.losses += n * self.loss.item()
        self.look_for_ctrl_c()

    def after_epoch(self) -> None:
        if self.epoch < self.start:
            return  # done before the run was resumed
        self.keep_row()
        if self.keeper.path is not None:
            try:
                write_whole(self.keeper.path, self.save)
                self.keeper.saved()
            except OSError as e:
                self.give_up(e)
        self.look_for_ctrl_c()

    def look_for_ctrl_c(self) -> None:
        if not self.stop:
            return
        kept = self.keeper.kept
        more = f" The last finished epoch is in {kept}; go on with resume=True." if kept else ""
        self.give_up(KeyboardInterrupt(f"Stopped after {self.done} steps.{more}"))

    def keep_row(self) -> None:
        now = dict(zip(self.recorder.metric_names[1:-1], self.recorder.values[-1]))
        scores = {k: float(now[k]) for k in ("valid_loss", "valid_macro_f1", "valid_map")}
        if self.judged:  # fastai's is the mean over batches, which for some losses is another
            logits, targets = (torch.cat(o) for o in zip(*self.judged))
            scores["valid_loss"] = float(self.loss_func(logits, targets))
        row = {"epoch": self.epoch, "train_loss": self.losses / self.seen, **scores}
        self.keeper.note(row, lambda: get_arrays(self.model))

    def save(
        self,
        path: Path,  # the file to write
    ) -> None:
        "Everything that the next epoch depends on."
        kept = {k: torch.from_numpy(v) for k, v in (self.keeper.arrays or {}).items()}
        place = dict(epoch=self.epoch + 1, done=self.done, precision=self.keeper.precision)
        nets = dict(model=self.model.state_dict(), opt=plain(self.opt.state_dict()))
        books = plain(self.keeper.facts())
        buffer = io.BytesIO()  # first, so that a full disk is an OSError of Python's
        state = {**place, **nets, "books": books, "arrays": kept, "rng": rng_of(self.dls)}
        torch.save(state, buffer)
        path.write_bytes(buffer.getbuffer())
        seal(path)

    def begin(
        self,
        learn: Learner,  # all its layers learn
        head: bool = True,  # may the head be fitted first?
    ) -> int:  # the epoch to start with
        "Go on from where the last checkpoint stands, or let the head learn first."
        self.start = 0
        if not self.keeper.going_on:
            if head:
                self.fit_head(learn)
            return 0
        d = read_torch(self.keeper.path or Path(), PARTS, learn.dls.device)
        self.keeper.go_back(d["books"], d["epoch"])
        self.keeper.arrays = {k: v.cpu().numpy() for k, v in d["arrays"].items()} or None
        learn.model.load_state_dict(d["model"])
        learn.model.to(learn.dls.device)
        learn.opt.load_state_dict(d["opt"])
        set_rng(learn.dls, d["rng"])
        self.start, self.done = d["epoch"], d["done"]
        return self.start

    def fit_head(
        self,
        learn: Learner,  # its head is fitted in place
    ) -> None:
        "Fit the head to features of the frozen body, computed once."
        keeper = self.keeper
        keeper.epoch_begins()
        train = keeper.data.split("train")
        said = fit_frozen(learn.model, train.images, train.targets)
        keeper.extra = keeper.spent
        keeper.say(f"{said}, {keeper.extra:.1f} s")


def precision_of(
    keeper: Keeper,  # a `Keeper`
    precision: str,  # what a new run computes in
    device: torch.device,
) -> str:
    "What this run computes in: as before the stop, where it goes on."
    if keeper.going_on:
        precision = read_torch(keeper.path or Path(), PARTS, device)["precision"]
    keeper.precision = precision
    return precision


class OwnLoss:
    "A loss of (logits, targets) for a Learner: it gets plain tensors."

    def __init__(self, f):
        self.f = f

    def __call__(self, pred, target):
        value = self.f(pred.as_subclass(torch.Tensor), target.as_subclass(torch.Tensor).float())
        check_one_number(value)
        return value


def fastai_loss(
    loss,  # a loss of fastai, a module or a function of (logits, targets)
):
    "What the Learner is given."
    return loss if isinstance(loss, BaseLoss) else OwnLoss(loss)


def rng_of(dls):
    "The generators that a fastai epoch draws from: torch's, Python's, and the one that shuffles."
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    shuffle = dls.train.rng.getstate()
    return dict(torch=torch.get_rng_state(), cuda=cuda, python=random.getstate(), shuffle=shuffle)


def set_rng(dls, d):
    "Put the generators back."
    torch.set_rng_state(d["torch"].cpu())
    if d["cuda"] and torch.cuda.device_count() == len(d["cuda"]):
        torch.cuda.set_rng_state_all([o.cpu() for o in d["cuda"]])
    random.setstate(as_tuples(d["python"]))
    dls.train.rng.setstate(as_tuples(d["shuffle"]))


def plain(o):
    "fastai's lists and NumPy's numbers as Python's: the file can be read without running code."
    if isinstance(o, Mapping):
        return {k: plain(v) for k, v in o.items()}
    if isinstance(o, (list, tuple, L)):
        return [plain(v) for v in o]
    return o.item() if isinstance(o, np.generic) else o


def as_tuples(o):
    "Lists as tuples, as Python's generators want their states."
    return tuple(as_tuples(x) for x in o) if isinstance(o, (list, tuple)) else o


def own_learner(
    given,  # a Learner
    size: int,  # side of the images
    own_loss: bool = True,  # will it be trained with its own loss?
):  # its network
    "The network of a Learner; ValueError where its DataLoaders do what a trainer's don't."
    from mlc_course.ship.pipeline import read_activation, read_batches

    if own_loss:
        read_activation(given.loss_func)  # refuses what lets labels compete
    found = read_batches(given.dls.valid.after_batch, size)
    if not (np.allclose(found[0], 1 / 255, rtol=1e-5) and np.allclose(found[1], 0)):
        raise ValueError(
            "This Learner's DataLoaders normalise the images, and the trainer gives its network "
            "pixels from 0 to 1. Put the normalising into the network, as its first layer "
            "(Normalize off: vision_learner(..., normalize=False))."
        )
    return given.model


def rates_of(
    learn,  # a Learner
    profile,  # a `Profile`
):  # a number, or a list with one for each of the three layer groups
    "The highest learning rates, as fastai takes them."
    factors = factors_of(getattr(learn.model, "arch", ""))
    if set(factors) == {1.0} or len(learn.opt.param_lists if learn.opt else factors) != 3:
        return profile.learning_rate
    return [profile.learning_rate * f for f in factors]
