"One cycle of the learning rate (Smith and Topin 2017, arXiv 1708.07120), the same in all trainers."

import math

WARM_UP = 0.25  # share of the steps in which the rate rises
START, END = 25, 250_000  # the rate begins and ends at its highest divided by these
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of AdamW; they stay as they are


def rate_at(
    step: int,  # from 0
    steps: int,  # of the whole training
    top: float,  # the highest rate
    warm_up: float = WARM_UP,
) -> float:
    """The learning rate: a cosine up, then a cosine down; torch's OneCycleLR in plain Python."""
    steps = max(steps, 5)
    up = warm_up * steps - 1
    if step <= up:
        return between(top / START, top, step / up)
    return between(top, top / END, (step - up) / (steps - 1 - up))


def between(low, high, share):
    "From low to high along a cosine."
    return high + (low - high) * (1 + math.cos(math.pi * share)) / 2
