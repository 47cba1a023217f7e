"Exercise: the range of the pixels."

import numpy as np

from .._core import (
    Mistake,
    Right,
    Wrong,
    attempt,
    diagnose,
    function,
    plain,
)
from .._names import called

# Exercise 2


def unit_range(answer) -> Right:
    "Exercise 2: f(images) with uint8 [N, H, W, 3]: float32 pixels as MobileNetV2 wants them."
    what = called(answer, "my_unit_range")
    function(answer, what)
    rng = np.random.default_rng(0)
    cases = [
        (np.array([[[[0, 128, 255], [51, 204, 1]]]], dtype=np.uint8),),
        (rng.integers(0, 256, (2, 3, 4, 3), dtype=np.uint8),),
    ]
    f = lambda g: lambda x: g(np.asarray(x, dtype="float64"))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

    def right(x):
        return x / 127.5 - 1

    first = attempt(answer, cases[0], what)
    if first is not None and "float16" in str(getattr(first, "dtype", "")):
        raise Wrong(
            f"{what}: the values come out with 16 bits, which rounds them; a model takes float32."
        )
    diagnose(
        answer,
        f(right),
        [
            Mistake(
                "these are pixels in [0, 1]. That is what many texts feed to MobileNetV2, "
                "and half of the range that it was trained with: go from -1 to 1.",
                f(lambda x: x / 255),
            ),
            Mistake(
                "these are pixels from 0 to 2: 1 has yet to be taken off.", f(lambda x: x / 127.5)
            ),
            Mistake("these are the pixels as they came, from 0 to 255.", f(lambda x: x)),
            Mistake(
                "the middle lies at 0, but the ends at -0.5 and 0.5. MobileNetV2 was trained "
                "with -1 to 1.",
                f(lambda x: x / 255 - 0.5),
            ),
            Mistake(
                "this is normalised with the mean and standard deviation of ImageNet, as "
                "torchvision's networks want it. Each body has its own range: that of "
                "MobileNetV2 in Keras is -1 to 1.",
                f(lambda x: (x / 255 - mean) / std),
            ),
            Mistake(
                "this is the range of the pocket ResNet's body, -2 to 2. MobileNetV2 was "
                "trained with -1 to 1.",
                f(lambda x: 4 * x / 255 - 2),
            ),
            Mistake(
                "white becomes 0.992 instead of 1: there are 256 levels, but the largest is "
                "255, so the half of it is 127.5.",
                f(lambda x: x / 128 - 1),
            ),
            Mistake(
                "white becomes 1.008 instead of 1: 127 is not the half of 255.",
                f(lambda x: x / 127 - 1),
            ),
            Mistake(
                "each image is stretched to its own darkest and brightest pixel. Black and white "
                "are 0 and 255 in every image.",
                f(lambda x: 2 * (x - x.min()) / (x.max() - x.min()) - 1),
            ),
            Mistake(
                "bytes overflow: in uint8, twice 200 is 144. Turn the pixels into float32 first.",
                lambda x: (x * np.uint8(2)) / np.float64(255) - 1,
            ),
            Mistake(
                "bytes overflow: in uint8, 100 minus 128 is 228. Turn the pixels into float32 "
                "first.",
                lambda x: (x - np.uint8(128)) / 127.5,
            ),
            Mistake(
                "this is the distance from the middle, not divided by it: black is -128. Divide "
                "by 127.5 first, then take off 1.",
                f(lambda x: x - 128),
            ),
            Mistake(
                "this is the distance from the middle, not divided by it: black is -127.5. Divide "
                "by 127.5.",
                f(lambda x: x - 127.5),
            ),
            Mistake(
                "the signs are turned round: black should be -1 and white 1.",
                f(lambda x: 1 - x / 127.5),
            ),
        ],
        cases,
        what,
    )
    got = attempt(answer, cases[0], what)
    kind = np.asarray(plain(got)).dtype
    if kind != np.float32:
        raise Wrong(
            f"{what}: the values are right, but their type is {kind}; a model takes float32."
        )
    return Right("Right: black is -1, white is 1, and nothing overflowed on the way.")
