"""Checks of lesson 00."""

import math
import sys
from dataclasses import asdict, is_dataclass

from ._core import Mistake, Right, Wrong, answered, diagnose, show


def laptop_at_32(answer) -> Right:
    "Exercise 1: a Profile, made from the laptop profile, with 2 epochs at 32 px."
    from mlc_course.settings import Profile, load_profile, profiles

    what = "laptop_at_32"
    answered(answer, what)
    if isinstance(answer, dict):
        raise Wrong(
            f"{what}: you gave a dict, which takes any field name and any value without a word. Make a Profile: it checks every field."
        )
    if (
        isinstance(answer, type) or not is_dataclass(answer) or type(answer).__name__ != "Profile"
    ):  # lesson 00 has a class Profile of its own
        raise Wrong(f"{what} should be a Profile, and you gave {show(answer)}.")
    laptop, got = asdict(load_profile("laptop")), asdict(answer)
    changes = dict(image_size=32, epochs=2)
    right = laptop | changes
    if got == right:
        if (
            getattr(sys.modules.get(type(answer).__module__), "BUILT_IN", {}).get("laptop")
            is answer
        ):
            raise Wrong(
                f"{what}: you changed the built-in laptop profile itself, so every cell that asks for it now gets yours. "
                "Restart the kernel and make a new one."
            )
        return Right(
            "Right: a new Profile in which two fields differ, and the laptop profile is as it was."
        )
    if got == laptop:
        raise Wrong(
            f"{what}: this is the laptop profile as it was. A Profile is frozen: what makes a changed one gives it back and leaves the old one alone."
        )
    for p in profiles().values():
        if p.name != "laptop" and got == asdict(p) | changes | dict(name=got.get("name")):
            raise Wrong(
                f"{what}: you started from the {p.name} profile, so all its other fields came along. "
                "A bare load_profile() gives whichever is chosen; ask for laptop by name."
            )
    if got == asdict(Profile()) | changes:
        raise Wrong(
            f"{what}: you started from Profile(), the values built into the code. Your settings.ini has others for laptop; load_profile reads them."
        )
    off = [
        f"{k} is {got.get(k)!r} and should be {right[k]!r}" for k in right if got.get(k) != right[k]
    ]
    raise Wrong(
        f"{what}: {', '.join(off)}. Only epochs and image_size differ from the laptop profile; every other field, the name too, stays."
    )


def memory_mb(answer) -> Right:
    "Exercise 2: memory_mb(n_images, image_size, bytes_per_value=1) gives megabytes of 10**6 bytes."
    right = lambda n, side, b=1: n * side * side * 3 * b / 10**6
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "the side is there once. A square picture has image_size times image_size pixels, so twice the side is four times the memory.",
                lambda n, side, b=1: n * side * 3 * b / 10**6,
            ),
            Mistake(
                "the three channels are missing: in an RGB picture every pixel has three values, red, green and blue.",
                lambda n, side, b=1: n * side * side * b / 10**6,
            ),
            Mistake(
                "you divide by 1024**2, which gives mebibytes (MiB). A megabyte, as disks and data sheets count it, is 10**6 bytes.",
                lambda n, side, b=1: n * side * side * 3 * b / 1024**2,
            ),
            Mistake(
                "`bytes_per_value` has no effect. A value from 0 to 255 needs one byte, but as float32, which is what networks compute with, it takes four.",
                lambda n, side, b=1: n * side * side * 3 / 10**6,
            ),
            Mistake(
                "these are megabits: a byte is eight bits, and the question counts bytes, so nothing has to be multiplied by eight.",
                lambda n, side, b=1: n * side * side * 3 * b * 8 / 10**6,
            ),
            Mistake(
                "these are bytes. Divide by 10**6 for megabytes.",
                lambda n, side, b=1: n * side * side * 3 * b,
            ),
            Mistake(
                "these are kilobytes: a megabyte is a million bytes, not a thousand.",
                lambda n, side, b=1: n * side * side * 3 * b / 10**3,
            ),
            Mistake(
                "the result is rounded down to whole megabytes, so a small set seems to need nothing: use / in place of //.",
                lambda n, side, b=1: n * side * side * 3 * b // 10**6,
            ),
            Mistake(
                "this is the memory of one picture: `n_images` has no effect.",
                lambda n, side, b=1: side * side * 3 * b / 10**6,
            ),
        ],
        [(4000, 64), (1, 224, 4), (10, 100), (500, 32, 2)],
        "memory_mb",
        praise="Right: pixels grow with the square of the side, and every pixel has three values.",
    )


def steps_per_epoch(answer) -> Right:
    "Exercise 3: steps_per_epoch(n_images, batch_size) gives training steps, the last smaller batch included."
    return diagnose(
        answer,
        lambda n, b: math.ceil(n / b),
        [
            Mistake(
                "the last, smaller batch is dropped: // rounds down, so the images that are left over are never trained on.",
                lambda n, b: n // b,
            ),
            Mistake(
                "the result isn't a whole number. A smaller batch is still a step: there are no parts of steps.",
                lambda n, b: n / b,
            ),
            Mistake(
                "one step too many whenever the batches come out even: there is no batch left over to add then.",
                lambda n, b: n // b + 1,
            ),
            Mistake(
                "you round to the nearest, so a last batch that is less than half full is dropped, though it is a step like any other.",
                lambda n, b: round(n / b),
            ),
            Mistake(
                "you add the images that are left over, and they make one batch together.",
                lambda n, b: n // b + n % b,
            ),
            Mistake(
                "the arguments are exchanged: divide the images by the batch size.",
                lambda n, b: math.ceil(b / n),
            ),
        ],
        [(64, 32), (100, 32), (20, 32), (2400, 32), (65, 32), (7, 2)],
        "steps_per_epoch",
        praise="Right: a batch that is not full is a step too, and no step is left empty.",
    )
