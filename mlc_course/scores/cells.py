"Looks at the torch tensors that a metric is given, batch by batch."

import sys

import numpy as np

from ..data.targets import hint_for_target
from .checks import by_label, check_thresh, in_vocab_order, kind


def _plain(x, name):
    "A torch tensor without subclass; half precision becomes float32."
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(x, torch.Tensor):
        raise TypeError(
            f"{name} is {kind(x)}: expected a torch tensor, so pass torch.as_tensor({name}). "
            "For NumPy arrays of probabilities there is evaluate(Predictions(probs, targets))."
        )
    x = x.detach().as_subclass(torch.Tensor)
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def check_cells(
    inp,  # logits, or probabilities with `sigmoid=False`: a torch tensor
    targ,  # 0 or 1: a torch tensor of the same shape
    sigmoid: bool,  # whether `inp` holds logits
):  # two plain tensors: float, and bool
    "The two arguments of `accuracy_multi`, looked at."
    inp, targ = _plain(inp, "inp"), _plain(targ, "targ")
    if inp.shape != targ.shape:
        raise ValueError(
            f"inp has shape {tuple(inp.shape)} and targ has shape {tuple(targ.shape)}: "
            "accuracy_multi compares cell by cell and needs one multi-hot target per prediction, "
            "so give both the same shape [N, C]."
        )
    if not inp.numel():
        raise ValueError(
            f"inp is empty, with shape {tuple(inp.shape)}: the share of right cells "
            "among none is not defined."
        )
    if sigmoid and not inp.is_floating_point():
        raise TypeError(
            f"inp holds {inp.dtype}: expected logits, the floating-point numbers that "
            "the model puts out. For decisions of 0 and 1 pass sigmoid=False."
        )
    return _finite_or_share(inp, sigmoid), _zero_or_one(targ)


def _finite_or_share(inp, sigmoid):
    if sigmoid and not bool(inp.isfinite().all()):
        raise ValueError(
            "inp has NaN or infinite logits: the network has diverged. Lower the "
            "learning rate, or look for NaN in the images."
        )
    if not sigmoid and not bool(((inp >= 0) & (inp <= 1)).all()):
        raise ValueError(
            "inp has values outside [0, 1] (or NaN), so it doesn't hold probabilities: leave out "
            "sigmoid=False, and accuracy_multi applies the sigmoid to your logits."
        )
    return inp if inp.is_floating_point() else inp.float()


def _zero_or_one(targ):
    if str(targ.dtype) == "torch.bool":
        return targ
    ok = (targ == 0) | (targ == 1)
    if not bool(ok.all()):
        value = targ[~ok][0].item()
        raise ValueError(
            f"targ must be 0 or 1 in every cell, but one is {value:.6g}: "
            f"{hint_for_target(value).replace('(targets ', '(targ ')}."
        )
    return targ.bool()


def check_cell_thresh(
    thresh,  # a number, or one number per label: list, array or tensor
    inp,  # the tensor that it will be compared with
):  # a number or a tensor [C], where `inp` is
    "The threshold of `accuracy_multi`, looked at."
    if by_label(thresh):
        in_vocab_order(thresh, None)
    t = check_thresh(thresh, inp.shape[-1], np.float64)
    return inp.new_tensor(t) if t.ndim else float(t)
