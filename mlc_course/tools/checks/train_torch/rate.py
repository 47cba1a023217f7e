"Exercise: the learning rate of one cycle."

from __future__ import annotations

import math

import numpy as np

from .._core import (
    Mistake,
    Right,
    diagnose,
    function,
    plain,
)
from .._names import called

# Exercise 4


def one_cycle_rate(answer) -> Right:
    """Exercise 4: my_rate(t, steps, top) -> the rate at step t of OneCycleLR(top,
    total_steps=steps, pct_start=.25).
    """
    what = called(answer, "my_rate")
    wave = lambda a, b, share: b + (a - b) * (1 + math.cos(math.pi * share)) / 2

    def cycle(
        t,
        steps,
        top,
        first=25,
        last=25e4,
        peak=lambda steps: 0.25 * steps - 1,
        end=lambda steps: steps - 1,
        up=wave,
        down=wave,
    ):
        p, e = peak(steps), end(steps)
        return up(top / first, top, t / p) if t <= p else down(top, top / last, (t - p) / (e - p))

    line = lambda a, b, share: a + (b - a) * share
    cases = [
        (t, steps, top)
        for steps, top in ((40, 0.01), (100, 2.0), (400, 0.004))
        for t in (
            0,
            1,
            3,
            steps // 8,
            steps // 4 - 1,
            steps // 4,
            steps // 4 + 1,
            steps // 2,
            steps - 2,
            steps - 1,
        )
    ]
    wrong = lambda **kw: lambda t, steps, top: cycle(t, steps, top, **kw)

    def swapped(a, b, share):
        return wave(b, a, share)

    def rising(a, b, share):
        return a + (b - a) * math.sin(math.pi / 2 * share)

    def falling(a, b, share):
        return b + (a - b) * math.cos(math.pi / 2 * share)

    scaled = lambda f: (
        lambda t, steps, top: f(t, steps, 1e4)
    )  # tolerances are absolute below 1, and the last rate is small
    function(answer, what)
    return diagnose(
        lambda t, steps, top: _per_top(answer, t, steps, top),
        scaled(cycle),
        [
            Mistake(
                "the rate rises in a straight line. In the exercise, as in OneCycleLR, both "
                "ways are half a cosine.",
                scaled(wrong(up=line)),
            ),
            Mistake(
                "both ways are straight lines. In the exercise, as in OneCycleLR, they are "
                "half a cosine each.",
                scaled(wrong(up=line, down=line)),
            ),
            Mistake(
                "the rate falls in a straight line. In the exercise, as in OneCycleLR, both "
                "ways are half a cosine.",
                scaled(wrong(down=line)),
            ),
            Mistake(
                "each way is a quarter of a wave, flat at one end only. Half a cosine, from 0 to "
                "pi, is flat at both.",
                scaled(wrong(up=rising, down=falling)),
            ),
            Mistake(
                "the top comes one step too late: counted from 0, it is step 0.25 * steps - 1.",
                scaled(wrong(peak=lambda s: 0.25 * s)),
            ),
            Mistake(
                "the fall ends one step too late: counted from 0, the last step is steps - 1.",
                scaled(wrong(end=lambda s: s)),
            ),
            Mistake(
                "steps count from 0 here. Top and end are both one step too late in yours.",
                scaled(wrong(peak=lambda s: 0.25 * s, end=lambda s: s)),
            ),
            Mistake(
                "the warm-up starts at 0. It starts at a 25th of the top, so that the first "
                "step isn't wasted.",
                scaled(wrong(first=math.inf)),
            ),
            Mistake(
                "the rate ends at 0. It ends at a 10,000th of the first rate, not of nothing.",
                scaled(wrong(last=math.inf)),
            ),
            Mistake(
                "the last rate is a 10,000th of the top. It is a 10,000th of the first rate, "
                "which is a 25th of the top.",
                scaled(wrong(last=1e4)),
            ),
            Mistake(
                "it falls back to the rate of the start only. The end is a 10,000th of that.",
                scaled(wrong(last=25)),
            ),
            Mistake(
                "the top comes after 30 % of the steps, OneCycleLR's default. The lesson's "
                "comes after 25 %.",
                scaled(wrong(peak=lambda s: 0.3 * s - 1)),
            ),
            Mistake(
                "the two ends of each way are exchanged: it falls where it should rise.",
                scaled(wrong(up=swapped, down=swapped)),
            ),
            Mistake(
                "there is no warm-up: the cosine falls from the first step on.",
                scaled(lambda t, steps, top: wave(top, top / 25e4, t / (steps - 1))),
            ),
        ],
        cases,
        what,
        praise="Right: warm-up, top and fall are OneCycleLR's, step for step.",
        names=[
            f"t={t}, steps={s}, top={top} (rates in ten-thousandths of the top)"
            for t, s, top in cases
        ],
    )


def _per_top(answer, t, steps, top):
    got = answer(t, steps, top)
    if got is None or got is ...:
        return got
    value = plain(got)
    if (
        isinstance(value, str)
        or np.shape(value) != ()
        or not np.issubdtype(np.asarray(value).dtype, np.number)
    ):
        return got
    return float(value) / top * 1e4
