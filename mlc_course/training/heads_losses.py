"The losses of several heads: one by one, and as the one number that a step needs."

from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from mlc_course.data.heads import require_known


def _check_heads(logits, targets):
    "Raise unless both are dicts with the same heads and fitting shapes."
    for what, d in (("logits", logits), ("targets", targets)):
        if not isinstance(d, Mapping):
            raise TypeError(
                f"{what} is a {type(d).__name__}; give a dict with one tensor per head."
            )
    require_known(targets, list(logits), all_of=True)
    for n, z in logits.items():
        t = targets[n]
        if z.ndim != 2 or t.ndim != 1 or len(z) != len(t):
            raise ValueError(
                f"Head {n!r}: the logits have shape {tuple(z.shape)} and the targets "
                f"{tuple(t.shape)}; expected [B, C] and [B], one class number per image."
            )
        if t.dtype != torch.int64:
            raise TypeError(
                f"Head {n!r}: the targets are {t.dtype}; expected class numbers as int64. "
                "Heads.encode makes them."
            )


def head_losses(
    logits: dict,  # head -> [B, C]
    targets: dict,  # head -> class numbers, int64 [B]
    class_weights: dict | None = None,  # head -> [C]; heads that it doesn't name have none
) -> dict:  # head -> cross-entropy, a tensor with one number
    "The cross-entropy of every head, the mean over the batch."
    _check_heads(logits, targets)
    weights = class_weights or {}
    require_known(weights, list(logits))
    return {
        n: cross_entropy(z, targets[n], weights[n].to(z) if n in weights else None)
        for n, z in logits.items()
    }


class UncertaintyWeights(nn.Module):
    """A learnt weight for every head, exp(-s), with s/2 added so that it doesn't pay to forget a
    head: Kendall, Gal and Cipolla 2018, arXiv:1705.07115."""

    def __init__(
        self,
        names: Iterable,  # of the heads
    ) -> None:
        super().__init__()
        self.names = list(names)
        self.log_var = nn.Parameter(torch.zeros(len(self.names)))  # s, the log of the variance

    def forward(
        self,
        losses: Mapping,  # head -> loss
    ) -> torch.Tensor:  # one number
        "The weighted sum."
        require_known(losses, self.names, all_of=True)
        return sum(losses[n] * (-s).exp() + s / 2 for n, s in zip(self.names, self.log_var))

    @property
    def weights(self) -> dict:
        "head -> exp(-s), a number."
        return dict(zip(self.names, (-self.log_var.detach()).exp().tolist()))


def combined(
    losses: dict,  # head -> a tensor with one number
    weights: Mapping | nn.Module | None = None,  # as for `multi_head_loss`
) -> torch.Tensor:  # one number
    "The sum of the heads' losses, weighted if `weights` are given."
    if weights is None:
        return sum(losses.values())
    if isinstance(weights, nn.Module):
        return weights(losses)
    require_known(weights, list(losses), all_of=True)
    bad = [n for n, w in weights.items() if not w >= 0]
    if bad:
        raise ValueError(
            f"The weight of head {bad[0]!r} is {weights[bad[0]]}; a weight can't be negative, "
            "and 0 leaves a head out."
        )
    return sum(loss * weights[n] for n, loss in losses.items())


def multi_head_loss(
    logits: dict,  # head -> [B, C]
    targets: dict,  # head -> class numbers, int64 [B]
    weights: Mapping
    | nn.Module
    | None = None,  # head -> number, or UncertaintyWeights; None: all heads count 1
    class_weights: dict | None = None,  # head -> [C]
) -> torch.Tensor:  # one number
    "The sum of the heads' cross-entropies, weighted if `weights` are given."
    return combined(head_losses(logits, targets, class_weights), weights)
