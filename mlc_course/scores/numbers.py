"Looks at the numbers that losses are set with."

import math

from ..data.targets import as_array


def check_number(
    x,  # what was given
    name: str,  # what the caller calls it, for the message
    most=None,  # the largest that is allowed; None: any
    otherwise="",  # what else could be given
):
    "ValueError for a number that is negative, NaN, infinite or above `most`; TypeError for none."
    end = "" if not otherwise else f", {otherwise}"
    what = "0 or more" if most is None else f"a number in [0, {most}]"
    try:
        value = float(x)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} is {x!r}: expected {what}{end}.") from None
    if not (0 <= value < math.inf) or (most is not None and value > most):
        raise ValueError(f"{name} is {x}: expected {what}{end}.")


def need_number(
    x,  # what was given
    name: str,  # what the caller calls it, for the message
    whole: bool = False,  # only a whole number will do
):
    "TypeError for anything but one number."
    number = hasattr(x, "__float__") and not hasattr(x, "columns")
    fits = hasattr(x, "__index__") if whole else number
    if isinstance(x, (bool, str, dict)) or not fits or getattr(x, "ndim", False):
        raise TypeError(
            f"{name} is {' '.join(repr(x).split())[:80]}: expected one {'whole ' * whole}number."
        )


def check_pos_weight(
    pos_weight,  # a number, or one per label: list, array or tensor
):
    "Weights of the positives: finite and at least 0. A tensor on a GPU isn't waited for."
    if isinstance(pos_weight, dict):
        raise TypeError(
            "pos_weight is given by label, and tensors don't say which column is which "
            "label: pass [pos_weight[o] for o in vocab]."
        )
    if getattr(getattr(pos_weight, "device", None), "type", "cpu") != "cpu":
        return
    w = as_array(pos_weight, "pos_weight")
    if w.dtype.kind not in "biuf":
        raise TypeError(f"pos_weight is {pos_weight!r}: expected a number, or one per label.")
    if not ((w >= 0) & (w < math.inf)).all():
        raise ValueError(
            f"pos_weight is {pos_weight}: expected finite numbers of at least 0, such "
            "as positive_weights(targets) gives."
        )


def check_focal(
    gamma,  # how strongly easy cells are faded out
    alpha,  # weight of positives, or None
):
    "ValueError for settings that a focal loss can't have."
    check_number(gamma, "gamma")
    if alpha is not None:
        check_number(alpha, "alpha", most=1, otherwise="or None for no weighting")


def check_asymmetric(
    gamma_neg,  # fading of easy negatives
    gamma_pos,  # fading of easy positives
    clip,  # negatives below this probability cost nothing
):
    "ValueError for settings that an asymmetric loss can't have."
    check_number(gamma_neg, "gamma_neg")
    check_number(gamma_pos, "gamma_pos")
    check_number(clip, "clip", most=1)
    if not 0 <= clip < 1:
        raise ValueError(f"clip is {clip}: expected a probability, 0 or more and less than 1.")
