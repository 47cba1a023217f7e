"Losses for rare positives, in PyTorch: weighted, focal, asymmetric, soft F1."

import torch
from torch import Tensor

from ..data.targets import as_array
from ..hints import ArrayLike
from .numbers import check_asymmetric, check_focal, check_pos_weight
from .torch_losses import checked_pair, cross_entropy_cells, reduced, softplus, weighted_cells


def _fitting_weight(pos_weight, x, check):
    "The weight as a tensor of the logits' dtype and device; ValueError where it doesn't fit."
    if check is not False and not torch.compiler.is_compiling():
        check_pos_weight(pos_weight)
    w = torch.as_tensor(pos_weight, dtype=x.dtype, device=x.device)
    try:
        fits = torch.broadcast_shapes(w.shape, x.shape) == x.shape
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"pos_weight has shape {tuple(w.shape)} and inputs has shape {tuple(x.shape)}: give "
            "one number, or one number per label."
        )
    return w


def _zero_one_rows(targets):
    "Targets that can be counted; ValueError where a value is neither 0 nor 1."
    t = targets if isinstance(targets, Tensor) else torch.as_tensor(as_array(targets, "targets"))
    if t.ndim != 2 or not t.numel():
        raise ValueError(
            f"targets has shape {tuple(t.shape)}: expected [N, C] with at least one row and one "
            "label."
        )
    if not ((t == 0) | (t == 1)).all():
        raise ValueError(
            "targets must be 0 or 1: weights count rows, and a share of a row can't be counted."
        )
    return t.bool()


def _check_two_axes(x):
    "ValueError unless there are rows and labels."
    if x.ndim != 2:
        raise ValueError(
            f"inputs has shape {tuple(x.shape)}: F1 is counted per label over the rows, so "
            "expected [N, C]."
        )


def positive_weights(
    targets: "ArrayLike",  # multi-hot [N, C]: tensor or NumPy array
) -> Tensor:  # float32 [C], for `pos_weight`
    """Negatives per positive, for each label.

    A label without positives (or without negatives) is counted as if it had one. ValueError where
    a target is neither 0 nor 1."""
    t = _zero_one_rows(targets)
    positives = t.sum(0)
    return ((len(t) - positives).clamp_min(1) / positives.clamp_min(1)).float()


def binary_cross_entropy_with_logits(
    inputs: Tensor,  # logits [N, C]
    targets: Tensor,  # 0 or 1 (or a share between) [N, C]; bool, integer or float
    pos_weight: "ArrayLike | None" = None,  # what a positive counts: one number, or [C]
    *,
    reduction: str = "mean",  # "mean", "sum" or "none"
    check: bool | None = None,  # look at values, too; None: only on the CPU, without waiting
) -> Tensor:  # the loss, in nats per cell
    "Binary cross-entropy with a weight for the positives, equal to torch.nn.BCEWithLogitsLoss."
    x, t = checked_pair(inputs, targets, check)
    if pos_weight is None:
        return reduced(cross_entropy_cells(x, t), reduction)
    w = _fitting_weight(pos_weight, x, check)
    return reduced(weighted_cells(x, t, w), reduction)


def focal_loss(
    inputs: Tensor,  # logits [N, C]
    targets: Tensor,  # 0 or 1 [N, C]
    gamma: float = 2.0,  # how strongly well-predicted cells are faded out; 0 fades none
    alpha: float = 0.25,  # weight of positives, in [0, 1]; negatives get 1 - alpha; None: neither
    *,
    reduction: str = "mean",  # "mean", "sum" or "none"
    check: bool | None = None,  # look at values, too; None: only on the CPU, without waiting
) -> Tensor:  # the loss
    """Binary cross-entropy times (1 - p_t)**gamma (Lin et al. 2017).

    Equal to torchvision.ops.sigmoid_focal_loss; alpha=None is -1 there."""
    check_focal(gamma, alpha)
    x, t = checked_pair(inputs, targets, check)
    wrong = x.sigmoid() * (1 - t) + (-x).sigmoid() * t  # 1 - p_t: given to what is not true
    cells = t * softplus(-x) + (1 - t) * softplus(x)
    cells = cells * wrong.clamp_min(torch.finfo(x.dtype).tiny) ** gamma  # a root has no slope at 0
    if alpha is not None:
        cells = cells * (alpha * t + (1 - alpha) * (1 - t))
    return reduced(cells, reduction)


def asymmetric_loss(
    inputs: Tensor,  # logits [N, C]
    targets: Tensor,  # 0 or 1 [N, C]
    gamma_neg: float = 4.0,  # fading of easy negatives
    gamma_pos: float = 0.0,  # fading of easy positives
    clip: float = 0.05,  # negatives below this probability cost nothing
    *,
    reduction: str = "mean",  # "mean", "sum" or "none"; the paper's code sums
    check: bool | None = None,  # look at values, too; None: only on the CPU, without waiting
) -> Tensor:  # the loss
    "Focal loss with a gamma for each side and a margin for negatives (Ridnik et al. 2021)."
    check_asymmetric(gamma_neg, gamma_pos, clip)
    x, t = checked_pair(inputs, targets, check)
    tiny = torch.finfo(x.dtype).tiny
    p = (x.sigmoid() - clip).clamp_min(tiny)  # the shifted probability of the negatives
    yes, no = softplus(-x), softplus(x) if clip == 0 else -torch.log1p(-p)
    if gamma_neg:
        no = no * p**gamma_neg
    if gamma_pos:
        yes = yes * (-x).sigmoid().clamp_min(tiny) ** gamma_pos
    return reduced(t * yes + (1 - t) * no, reduction)


def _soft_f1(p, q, t):
    "F1 per label [C], with probabilities in place of counts; `q` is 1 - p."
    tp, fp, fn = (p * t).sum(0), (p * (1 - t)).sum(0), (q * t).sum(0)
    return 2 * tp / (2 * tp + fp + fn + 1e-16)


def macro_soft_f1(
    inputs: Tensor,  # logits [N, C]
    targets: Tensor,  # 0 or 1 [N, C]
    double: bool = True,  # also the F1 of the negatives, half and half
    *,
    check: bool | None = None,  # look at values, too; None: only on the CPU, without waiting
) -> Tensor:  # 1 - soft F1, averaged over the labels, in [0, 1]
    "F1 with probabilities in place of yes and no, per label over the batch, made into a loss."
    x, t = checked_pair(inputs, targets, check)
    _check_two_axes(x)
    p, q = x.sigmoid(), (-x).sigmoid()
    f1 = _soft_f1(p, q, t)
    if double:
        f1 = (f1 + _soft_f1(q, p, 1 - t)) / 2
    return 1 - f1.mean()
