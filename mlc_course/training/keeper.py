"What every training does besides learning: history, best epoch, checkpoint, folder, Ctrl-C, NaN."

import math
import time
from pathlib import Path

import numpy as np
import pandas as pd

from mlc_course.metrics import epoch_scores
from mlc_course.safety import TrainingDiverged, progress_bar
from mlc_course.training.checkpoints import drop_checkpoint
from mlc_course.training.data import training_support
from mlc_course.training.identity import check_identity, note_rate, run_identity
from mlc_course.training.runs import TrainingRun, rank


class Keeper:
    "Keeps the books of one training. A trainer learns, and tells it how far it has come."

    WORST = -math.inf  # below the score of any epoch

    def __init__(
        self,
        framework: str,  # "fastai", "torch" or "tensorflow"
        data,  # a Decoded; None: the trainer judges by itself, and nothing is kept on disk
        profile,  # a `Profile`
        out=None,  # the run's folder; None: nothing is kept
        resume: bool = False,  # go on from the checkpoint in `out`, if there is one
        progress: bool = True,  # a bar or lines
        recipe=None,  # what else a resumed run must have in common: plain values by name
        checkpoint: str = "checkpoint.pt",  # its name in `out`
    ):
        if resume and out is None:
            raise ValueError("resume=True needs out=: the folder of the run to go on with.")
        self.framework, self.data, self.profile, self.progress = framework, data, profile, progress
        self.out = Path(out) if out is not None else None
        self.path = self.out / checkpoint if self.out is not None else None
        self.support = None if data is None else self.support_of(data)
        known = {} if data is None else run_identity(profile, data)
        self.identity = known | dict(recipe=recipe or {})
        self.resume = resume
        self.ours = False  # is the checkpoint that is there one of this run?
        self.rows: list = []
        self.arrays: dict | None = None
        self.best, self.best_epoch = self.WORST, None
        self.extra, self.stop, self.bar = 0.0, False, None
        self.precision: str | None = None  # where the loop keeps none itself
        self.rates = note_rate([], 0, profile.learning_rate)
        self.began = time.perf_counter()

    # ---- what multi_output does in another way -------------------------------------------------
    def support_of(self, data):
        "label -> number of training images that show it; ValueError where nothing can be learned."
        return training_support(data)

    def score(self, row: dict):
        "How good an epoch is: numbers that can be compared."
        return rank(row["valid_map"])

    def line(self, row: dict) -> tuple:
        "What is said of an epoch: in short beside the bar, and as a line."
        short = f"mAP {row['valid_map']:.3f}"
        return short, (
            f"epoch {row['epoch']:2d}  train loss {row['train_loss']:.4f}  "
            f"valid loss {row['valid_loss']:.4f}  macro F1 {row['valid_macro_f1']:.3f}  "
            f"{short}  {row['seconds']:.1f} s"
        )

    # ---- the checkpoint ------------------------------------------------------------------------
    @property
    def going_on(self) -> bool:
        "Is there a checkpoint to go on from?"
        return self.resume and self.path is not None and self.path.exists()

    @property
    def kept(self):
        "The last good checkpoint of this run, or None."
        return self.path if self.ours and self.path.exists() else None

    def facts(self) -> dict:
        "Its part of a checkpoint: plain values."
        return dict(
            rows=self.rows,
            best=self.best,
            best_epoch=self.best_epoch,
            extra=self.extra,
            rates=self.rates,
            identity=self.identity,
        )

    def go_back(
        self,
        facts: dict,  # as `facts` gave them
        epoch: int = 0,  # the epoch that comes next, from which a new rate counts
    ):
        "Take up a checkpoint's books; ValueError if it belongs to another run."
        check_identity(facts["identity"], self.identity, self.path or "")
        was, now = facts["identity"].get("recipe", {}), self.identity["recipe"]
        for k in {**was, **now}:
            if was.get(k) != now.get(k):
                raise ValueError(
                    f"{self.path} was trained with {k} = {was.get(k)!r}, and now it is "
                    f"{now.get(k)!r}. Resume with the same, or choose another folder."
                )
        self.rows, self.best, self.best_epoch = facts["rows"], facts["best"], facts["best_epoch"]
        self.extra, self.ours = facts["extra"], True
        rate = self.identity["profile"]["learning_rate"]
        self.rates = note_rate(facts["rates"], epoch, rate)

    def saved(self):
        "Told by the trainer that a checkpoint has been written."
        self.ours = True

    # ---- epochs --------------------------------------------------------------------------------
    def epoch_begins(self, spent: float = 0.0):
        "Start the clock; `spent` seconds of the epoch are over already."
        self.began = time.perf_counter() - spent

    @property
    def spent(self) -> float:
        "Seconds since the epoch began."
        return time.perf_counter() - self.began

    def diverged(self, step: int, epoch: int) -> TrainingDiverged:
        "The error about a loss that is no number."
        return TrainingDiverged(step, epoch, self.kept)

    def judge(
        self,
        probs,  # of valid, [N, C]
        train_loss: float,  # mean over the epoch
        epoch: int,
        step: int,  # the last step that was made
        arrays,  # a function that gives the weights, for the best epoch
        valid_loss: float | None = None,  # of a loss given by the user; None: cross-entropy
    ) -> dict:  # the new row of the history
        "Score the epoch that has ended, write it down, and keep its weights if they are the best."
        if not np.isfinite(probs).all():
            raise self.diverged(step, epoch)  # spoilt by the last step
        targets = self.data.targets[self.data.rows("valid")]
        usual, f1, mAP = epoch_scores(probs, targets)
        valid_loss = usual if valid_loss is None else valid_loss
        scores = dict(valid_loss=valid_loss, valid_macro_f1=f1, valid_map=mAP)
        return self.note(dict(epoch=epoch, train_loss=train_loss, **scores), arrays)

    def note(self, row, arrays) -> dict:
        "Write down an epoch's row, its seconds last."
        row = {**row, "seconds": self.spent}
        self.rows.append(row)
        if self.score(row) > self.best:
            self.best, self.best_epoch = self.score(row), row["epoch"]
            self.arrays = arrays()
        return row

    # ---- what is shown -------------------------------------------------------------------------
    def open_bar(self, steps: int, done: int):
        "A bar in a terminal, lines elsewhere."
        shown = None if self.progress else True
        self.bar = progress_bar(steps, initial=done, unit="step", disable=shown)
        return self.bar

    def tell(self, row):
        "One line an epoch, or a word beside the bar."
        short, line = self.line(row)
        self.bar.set_postfix_str(short)
        if self.progress and self.bar.disable:
            print(line)

    def say(self, text: str):
        "A line, if lines are wanted."
        if self.progress:
            print(text)

    # ---- the end -------------------------------------------------------------------------------
    def finish(
        self,
        model,  # with the weights of the best epoch
        probs,  # split -> probabilities [n, C]
        save_model,  # a function (model, folder)
    ) -> TrainingRun:
        "What the trainer gives back; in the folder, model and run take the checkpoint's place."
        predictions = {s: self.data.split(s).predictions(p) for s, p in probs.items()}
        run = TrainingRun(
            framework=self.framework,
            model=model,
            vocab=self.data.vocab,
            history=pd.DataFrame(self.rows),
            predictions=predictions,
            profile=self.profile,
            dataset=self.data.name,
            seconds=self.extra + sum(r["seconds"] for r in self.rows),
            out=self.out,
            support=self.support,
            learning_rates=self.rates,
            data=self.identity["data"],
            recipe=self.identity["recipe"],
            decoded=self.data,
        )
        if self.out is not None:
            save_model(model, self.out)
        return self.keep(run)

    def keep(self, run):
        "In the folder, a run takes the checkpoint's place. The run is given back."
        if self.out is not None:
            run.save(self.out)
            drop_checkpoint(self.path)
        return run
