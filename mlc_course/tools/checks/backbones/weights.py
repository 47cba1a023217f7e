"Exercises: weights of a block, and a kernel as Keras has it."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, diagnose
from .._names import called


def block_weights(answer) -> Right:
    "Exercise 1: block_weights(n_in, n_out, stride) -> how many weights learn in a ResidualBlock."
    cases = [(16, 16, 1), (16, 48, 2), (48, 48, 2), (8, 24, 1), (1, 5, 1)]

    def count(
        i,
        o,
        stride,
        *,
        first=9,
        second=None,
        side=lambda i, o, s: i * o,
        project=lambda i, o, s: s != 1 or i != o,
        bn=2,
        side_bn=None,
        bias=0,
    ):
        n = first * i * o + 9 * (second or o) * o + 2 * (bn + bias) * o
        return n + (
            side(i, o, stride) + ((bn if side_bn is None else side_bn) + bias) * o
            if project(i, o, stride)
            else 0
        )

    def given(says, **kw):
        return Mistake(says, lambda *args: count(*args, **kw))

    return diagnose(
        answer,
        count,
        [
            given(
                "the BatchNorms are missing. Each has two weights for every channel: a factor "
                "and a summand.",
                bn=0,
            ),
            given(
                "the BatchNorms are missing, and so is the convolution at the side of a block that "
                "changes size. Each BatchNorm has two weights for every channel.",
                bn=0,
                project=lambda *a: False,
            ),
            given(
                "you count four numbers a channel for each BatchNorm. Two of them, the running "
                "mean and variance, are measured and not learnt: they are buffers, and "
                "model.parameters() doesn't give them.",
                bn=4,
            ),
            given(
                "each BatchNorm has two weights a channel in the block, a factor and a "
                "summand; yours counts one.",
                bn=1,
            ),
            given(
                "the convolutions have no bias here (bias=False): the BatchNorm behind each "
                "brings its own.",
                bias=1,
            ),
            given(
                "the third convolution is missing. It brings the input to the new shape "
                "wherever the stride or the number of channels changes.",
                project=lambda *a: False,
            ),
            given(
                "the third convolution is counted always. A block that changes neither side "
                "nor channels adds its input as it is.",
                project=lambda *a: True,
            ),
            given(
                "the third convolution is missing where only the number of channels changes: a "
                "sum needs equal channels, too.",
                project=lambda i, o, s: s != 1,
            ),
            given(
                "the third convolution is missing where only the stride isn't 1: a sum needs "
                "equal sides, too.",
                project=lambda i, o, s: i != o,
            ),
            given(
                "the third convolution is counted as 3×3. It looks at one place at a time: "
                "1×1, so it has n_in × n_out weights.",
                side=lambda i, o, s: 9 * i * o,
            ),
            given("the third convolution has a BatchNorm as well.", side_bn=0),
            Mistake(
                "the second convolution gets what the first one gives: n_out channels, not n_in.",
                lambda i, o, s: count(i, o, s) - 9 * o * o + 9 * i * o,
            ),
            Mistake(
                "the first convolution gets n_in channels and gives n_out; yours has n_out on "
                "both sides.",
                lambda i, o, s: count(i, o, s) - 9 * i * o + 9 * o * o,
            ),
            given(
                "the third convolution is missing where only one of stride and channels "
                "changes: it takes `or`, not `and`.",
                project=lambda i, o, s: s != 1 and i != o,
            ),
            Mistake("channels in and channels out are exchanged.", lambda i, o, s: count(o, i, s)),
            Mistake(
                "a BatchNorm has as many channels as the convolution in front of it gives: "
                "n_out for each, also for the first.",
                lambda i, o, s: count(i, o, s) + 2 * i - 2 * o,
            ),
            Mistake(
                "you count everything in `state_dict()`. BatchNorm's running mean, its variance "
                "and its counter of batches are buffers: they are kept, but they don't learn.",
                lambda i, o, s: count(i, o, s, bn=4) + (3 if s != 1 or i != o else 2),
            ),
            Mistake(
                "you count 3 for a 3×3 kernel. It has nine weights for every pair of channels.",
                lambda i, o, s: count(i, o, s) - 6 * i * o - 6 * o * o,
            ),
            Mistake(
                "the stride doesn't change the number of weights: a kernel that takes larger "
                "steps is the same kernel.",
                lambda i, o, s: count(i, o, s) // s**2,
            ),
        ],
        cases,
        called(answer, "my_block_weights"),
        names=[f"n_in={i}, n_out={o}, stride={s}" for i, o, s in cases],
        praise="Right: two 3×3 convolutions, a third 1×1 where the shape changes, and a BatchNorm "
        "behind each.",
    )


def keras_kernel(answer) -> Right:
    """Exercise 2: keras_kernel(w) -> a weight of torch in Keras' axis order: NumPy [out, in, H, W]
    -> [H, W, in, out], or [out, in] -> [in, out].
    """
    what, rng = called(answer, "my_keras_kernel"), np.random.default_rng(0)
    made = lambda *shape: (rng.normal(size=shape).astype("float32").round(2),)
    right = lambda w: w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T
    four = [made(4, 3, 2, 5), made(3, 3, 3, 3)]
    names = ["a weight of shape (4, 3, 2, 5)", "a weight of shape (3, 3, 3, 3)"]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the shape fits and the numbers are in the wrong places: reshape leaves them "
                "in their old order and only counts them off anew. Axes are moved by transpose.",
                lambda w: w.reshape(w.shape[2], w.shape[3], w.shape[1], w.shape[0]),
            ),
            Mistake(
                "height and width are exchanged, so every kernel is mirrored at its diagonal. "
                "That is .T, which turns the order of all four axes round; height stays in "
                "front of width.",
                lambda w: w.T,
            ),
            Mistake(
                "[H, W, out, in] has the last two axes exchanged: in Keras the input channels "
                "stand before the output channels.",
                lambda w: w.transpose(2, 3, 0, 1),
            ),
            Mistake(
                "this is [H, W] moved to the wrong end. Keras wants the order H, W, in, out.",
                lambda w: w.transpose(1, 0, 2, 3),
            ),
            Mistake(
                "the kernel is turned upside down. Neither framework flips it: what both call "
                "a convolution is a correlation, so only axes move.",
                lambda w: right(w)[::-1, ::-1],
            ),
            Mistake(
                "transpose(3, 2, 0, 1) says where each axis goes. NumPy reads it the other way "
                "round: which old axis stands at each new place.",
                lambda w: w.transpose(3, 2, 0, 1),
            ),
            Mistake("nothing has moved: the axes are still out, in, H, W.", lambda w: w),
        ],
        four,
        what,
        names=names,
    )
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "a Dense layer's kernel [out, in] comes back as it was. Keras multiplies from "
                "the other side, so it needs [in, out].",
                lambda w: w,
            ),
            Mistake(
                "a matrix [out, in] is turned into [in, out] by exchanging the axes; reshape "
                "gives the shape and leaves the numbers in their old order.",
                lambda w: w.reshape(w.shape[::-1]),
            ),
        ],
        [made(2, 3), made(3, 3)],
        what,
        names=["a weight of shape (2, 3)", "a weight of shape (3, 3)"],
        praise="Right: H, W, in, out, and no number changed.",
    )
