"Training several heads: the Keeper's books for them, and their loss, for the one loop."

import hashlib
import math

import numpy as np
import torch
from torch import nn

from mlc_course.data.decoded import Decoded, decode
from mlc_course.scores.heads import per_head_accuracy
from mlc_course.training.keeper import Keeper
from mlc_course.training.options import value_of
from mlc_course.training.own import network_name


class HeadsLoss(nn.Module):
    "The loss of a batch; it also counts the sum of the heads' losses before they are weighed."

    def __init__(
        self,
        names: list,  # of the heads
        losses,  # (logits, targets, class_weights), dicts by head -> losses by head
        combine,  # (losses by head, weights) -> one number
        weights=None,  # head -> number, a module that learns them, or None
        class_weights: dict | None = None,  # head -> [C]
    ):
        super().__init__()
        self.names, self.losses, self.combine = names, losses, combine
        self.weights, self.class_weights = weights, class_weights
        self.total: torch.Tensor
        self.seen: torch.Tensor
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))

    def forward(
        self,
        logits: dict,  # head -> [B, C]
        classes: torch.Tensor,  # class numbers, float [B, heads]
    ) -> torch.Tensor:  # one number
        targets = dict(zip(self.names, classes.long().unbind(1)))
        each = self.losses(logits, targets, self.class_weights)
        self.total += torch.stack(list(each.values())).sum().detach() * len(classes)
        self.seen += len(classes)
        return self.combine(each, self.weights)

    def mean(self) -> float:
        "The mean over the images since it was asked last."
        value = self.total.item() / max(self.seen.item(), 1)
        self.total.zero_()
        self.seen.zero_()
        return value


class HeadsKeeper(Keeper):
    "A Keeper whose epochs are scored head by head."

    WORST = (-math.inf, -math.inf)  # type: ignore[assignment]

    def support_of(self, data):
        "Every image answers every question, so there is something to learn."
        return {}

    def score(self, row: dict) -> tuple:
        "Of equally accurate epochs, the one with the smaller loss."
        return row["valid_mean"], -row["valid_loss"]

    def line(self, row: dict) -> tuple:
        "What is said of an epoch: in short beside the bar, and as a line."
        heads = [k for k in row if k.startswith("valid_") and k != "valid_loss"]
        said = "  ".join(f"{k[6:].replace('_', ' ')} {row[k]:.3f}" for k in heads)
        return f"mean {row['valid_mean']:.3f}", (
            f"epoch {row['epoch']:2d}  train loss {row['train_loss']:.3f}  "
            f"valid loss {row['valid_loss']:.3f}  {said}  {row['seconds']:.1f} s"
        )

    def judge_heads(
        self,
        logits: dict,  # of valid: head -> tensor [N, C]
        targets: dict,  # head -> class numbers, int64 [N]
        losses: dict,  # head -> the loss of all these images
        train_loss: float,  # mean over the epoch
        epoch: int,
        arrays,  # a function that gives the weights, for the best epoch
    ) -> dict:  # the new row of the history
        "Score the epoch that has ended, write it down, and keep its weights if they are the best."
        found = per_head_accuracy(logits, targets)
        row = dict(epoch=epoch, train_loss=train_loss, valid_loss=sum(losses.values()).item())
        row |= {f"valid_{n}": v for n, v in found.heads.items()}
        row |= dict(valid_mean=found.mean, valid_all_right=found.all_right)
        return self.note(row, arrays)


def heads_data(
    table,  # an `ImageTable`
    size: int,  # side of the square, in pixels
    pixels: dict | None = None,  # split -> uint8 [N, S, S, 3], if they are decoded already
) -> Decoded:
    "The images of a table, with all its columns."
    if pixels is None:
        return decode(table, size)
    split_of = table.df["split"].to_numpy(object)
    rows = np.concatenate([np.flatnonzero(split_of == s) for s in table.splits])
    for s in table.splits:
        n = int((split_of == s).sum())
        if s not in pixels or len(pixels[s]) != n:
            given = len(pixels[s]) if s in pixels else "no"
            raise ValueError(
                f"pixels has {given} images of split {s!r}, and the table has {n}. Give each "
                "split's images in the table's order, as decode_images(table.paths(split), size)."
            )
    images = np.concatenate([pixels[s] for s in table.splits])
    names = [table.fnames()[i] for i in rows]
    df = table.df.iloc[rows].reset_index(drop=True)
    place = (list(table.vocab), split_of[rows], table.name, table.root)
    return Decoded(images, table.targets()[rows], names, *place, df=df)


def heads_recipe(
    heads,  # `Heads`
    targets: dict,  # split -> head -> class numbers
    weights,  # as for `train`
    class_weights,  # as for `train`
    body,  # a name or a module
) -> dict:  # plain values by name
    "What a run of several heads and the one that goes on from it must have in common."
    h = hashlib.sha256()
    for s in sorted(targets):
        for name in heads.names:
            h.update(targets[s][name].tobytes())
    return dict(
        heads={n: list(c) for n, c in heads.classes.items()},
        answers=h.hexdigest(),
        weights=value_of(weights),
        class_weights=value_of(class_weights),
        body=body if isinstance(body, str) else network_name(body),
    )
