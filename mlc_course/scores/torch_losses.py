"What the losses in PyTorch share: a look at what comes in, the cost of a cell, the mean."

from ..settings import require_torch_first

require_torch_first()

import torch  # noqa: E402
from torch import Tensor  # noqa: E402


def _plain(x, name):
    "A tensor without subclass; half precision becomes float32, as PyTorch's autocast does too."
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name} is a {type(x).__name__}: expected a torch tensor. "
            f"torch.as_tensor({name}) makes one."
        )
    if type(x) is not Tensor:
        x = x.as_subclass(Tensor)
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _check_shapes(inputs, targets):
    "An error unless there is one target for each logit, and at least one."
    if not inputs.is_floating_point():
        raise TypeError(
            f"inputs holds {inputs.dtype}: expected logits, the floating-point numbers that the "
            "model puts out."
        )
    if inputs.shape != targets.shape:
        classes = targets.ndim == inputs.ndim - 1
        hint = (
            "targets looks like class numbers: turn them into multi-hot rows first."
            if classes
            else "Check that both come from the same batch and the same vocab."
        )
        raise ValueError(
            f"inputs has shape {tuple(inputs.shape)} and targets has shape "
            f"{tuple(targets.shape)}: expected one target for each logit. {hint}"
        )
    if not inputs.numel():
        raise ValueError(
            f"inputs is empty, with shape {tuple(inputs.shape)}: a mean over nothing is not "
            "defined (PyTorch returns nan). Skip empty batches."
        )


def _check_values(inputs, targets):
    "An error unless the targets lie in [0, 1] and the logits are finite. On a GPU this waits."
    low, high = targets.detach().aminmax() if targets.dtype != torch.bool else (0, 1)
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"targets goes from {float(low):.4g} to {float(high):.4g}: expected 0 or 1 (or a share "
            "between them) for each label. Were inputs and targets swapped?"
        )
    low, high = inputs.detach().aminmax()
    if not (low > -torch.inf and high < torch.inf):
        raise ValueError(
            "inputs has NaN or infinite logits: the model has diverged. Lower the learning rate, "
            "or look for NaN in the images."
        )


def checked_pair(
    inputs,  # logits
    targets,  # as many targets: bool, integer or float
    check: bool | None = None,  # look at the values, too; None: only on the CPU
) -> tuple:  # both as plain tensors of the same floating-point dtype
    "Logits and targets ready for arithmetic, or an error. Shapes and dtypes are always looked at."
    inputs, targets = _plain(inputs, "inputs"), _plain(targets, "targets")
    _check_shapes(inputs, targets)
    if check is None:
        check = inputs.device.type == "cpu" and not torch.compiler.is_compiling()
    if check:
        _check_values(inputs, targets)
    return inputs, targets.to(inputs.dtype)


def softplus(
    x: Tensor,  # logits
) -> Tensor:
    "log(1 + exp(x)) without overflow; -softplus(-x) is log(sigmoid(x))."
    return torch.logaddexp(x, x.new_zeros(()))


def reduced(
    cells: Tensor,  # what each cell costs
    reduction: str,  # "mean", "sum" or "none"
) -> Tensor:  # one number, or the cells
    "The mean or the sum of the cells, or the cells as they are."
    if reduction == "none":
        return cells
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}: choose 'mean', 'sum' or 'none'.")
    return cells.mean() if reduction == "mean" else cells.sum()


class _CrossEntropy(torch.autograd.Function):
    "max(x, 0) - x*t + log(1 + exp(-|x|)) for every cell, and its derivative sigmoid(x) - t."

    @staticmethod
    def forward(ctx, x, t):
        ctx.save_for_backward(x, t)
        start = torch.addcmul(x.clamp_min(0), x, t, value=-1)
        return start.add_(x.abs().neg_().exp_().log1p_())

    @staticmethod
    def backward(ctx, grad):
        x, t = ctx.saved_tensors
        return grad * (x.sigmoid() - t), -grad * x if ctx.needs_input_grad[1] else None


def cross_entropy_cells(
    x: Tensor,  # logits
    t: Tensor,  # targets in [0, 1], of the same shape and dtype
) -> Tensor:  # nats, of the same shape
    """The binary cross-entropy of every cell, right at every logit.

    PyTorch would record eight operations and walk back through each; the derivative written here
    needs one sigmoid, and is right at a logit of exactly 0 as well."""
    return _CrossEntropy.apply(x, t)


class _WeightedCrossEntropy(torch.autograd.Function):
    "w*t*log(1 + exp(-x)) + (1 - t)*log(1 + exp(x)) for every cell, and its derivatives."

    @staticmethod
    def forward(ctx, x, t, w):
        positive, negative = w * t, 1 - t
        both = positive + negative
        ctx.save_for_backward(x, t, w, positive, both)
        cells = x.abs().neg_().exp_().log1p_().mul_(both)
        cells.addcmul_(positive, x.neg().clamp_min_(0))
        return cells.addcmul_(negative, x.clamp_min(0))

    @staticmethod
    def backward(ctx, grad):
        x, t, w, positive, both = ctx.saved_tensors
        of_x = x.sigmoid().mul_(both).sub_(positive).mul_(grad)
        of_t = of_w = None
        if ctx.needs_input_grad[1]:
            of_t = grad * (w * softplus(-x) - softplus(x))
        if ctx.needs_input_grad[2]:
            of_w = (grad * t * softplus(-x)).sum_to_size(w.shape)
        return of_x, of_t, of_w


def weighted_cells(
    x: Tensor,  # logits
    t: Tensor,  # targets in [0, 1], of the same shape and dtype
    w: Tensor,  # what a positive counts; of a shape that broadcasts to theirs
) -> Tensor:  # nats, of the shape of x
    "The binary cross-entropy of every cell with a weight for the positives."
    return _WeightedCrossEntropy.apply(x, t, w)
