"""Checks of lesson 00."""

import contextlib
import math
import os
import sys
import tempfile
from dataclasses import asdict, is_dataclass
from pathlib import Path

from ._core import Mistake, Right, Wrong, answered, attempt, diagnose, function, show
from ._names import called

CHANGES = dict(image_size=32, epochs=2)
OTHER_FILE = "[mlc_course]\nprofile = gpu\n[laptop]\nn_images = 700\nbatch_size = 16\n"


@contextlib.contextmanager
def _chosen(name):
    "Another profile is chosen."
    before = os.environ.get("MLC_PROFILE")
    os.environ["MLC_PROFILE"] = name
    try:
        yield
    finally:
        os.environ.pop("MLC_PROFILE")
        if before is not None:
            os.environ["MLC_PROFILE"] = before


@contextlib.contextmanager
def _another_file():
    "The working folder holds a settings.ini with another laptop profile."
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "settings.ini").write_text(OTHER_FILE, encoding="utf-8")
        with contextlib.chdir(folder):
            yield


def _need_profile(got, what):
    "Raise for what is no Profile."
    if isinstance(got, dict):
        raise Wrong(
            f"{what} gives a dict, which takes any field name and any value without a word. "
            "Make a Profile: it checks every field."
        )
    # a lesson may define a class Profile of its own
    if isinstance(got, type) or not is_dataclass(got) or type(got).__name__ != "Profile":
        raise Wrong(f"{what} should give a Profile, and it gave {show(got)}.")


def _refuse_a_change_in_place(profile, what):
    "Raise where the built-in laptop profile itself was changed."
    home = sys.modules.get(type(profile).__module__)
    if getattr(home, "BUILT_IN", {}).get("laptop") is profile:
        raise Wrong(
            f"{what}: you changed the built-in laptop profile itself, so every cell that asks for "
            "it now gets yours. Restart the kernel and make a new one."
        )


def _judge(got, what, where):
    "Raise where a profile isn't the laptop profile with the two changes."
    from mlc_course.settings import Profile, load_profile, profiles

    laptop = asdict(load_profile("laptop"))
    right = laptop | CHANGES
    if got == right:
        return
    if got == laptop:
        raise Wrong(
            f"{what}: this is the laptop profile as it was. A Profile is frozen: what makes a "
            "changed one gives it back and leaves the old one alone."
        )
    for p in profiles().values():
        theirs = asdict(p) | CHANGES | dict(name=got.get("name"))
        if p.name != "laptop" and got == theirs:
            raise Wrong(
                f"{what}: you started from the {p.name} profile, so all its other fields came "
                "along. A bare load_profile() gives whichever is chosen; ask for laptop by name."
            )
    if got == asdict(Profile()) | CHANGES:
        raise Wrong(
            f"{what}: you started from Profile(), the values built into the code, or from a "
            "profile that was loaded outside the function. A settings.ini can have other values "
            "for laptop; load_profile reads them, so call it inside."
        )
    off = [
        f"{k} is {got.get(k)!r} and should be {right[k]!r}" for k in right if got.get(k) != right[k]
    ]
    raise Wrong(
        f"{what}{where}: {', '.join(off)}. Only epochs and image_size differ from the laptop "
        "profile; every other field, the name too, stays."
    )


def laptop_at_32(answer) -> Right:
    "Exercise 1: a function that gives the laptop profile with 2 epochs at 32 px."
    what = called(answer, "my_laptop_at_32")
    answered(answer, what)
    if is_dataclass(answer) and not isinstance(answer, type):
        raise Wrong(
            f"{what} should be a function, and you gave a Profile: put the line that makes it "
            f"into `def {what}(): return ...`, so that it can be called under another profile."
        )
    if isinstance(answer, type):
        raise Wrong(f"{what} should be a function, and you gave the class {answer.__name__}.")
    function(answer, what)
    told = "no arguments"
    first = attempt(answer, (), what, told)
    _need_profile(first, what)
    places = (
        (_chosen("smoke"), ", while smoke is chosen"),
        (_another_file(), ", beside a settings.ini whose laptop has other values"),
    )
    _judge(asdict(first), what, "")
    _refuse_a_change_in_place(first, what)
    for place, where in places:
        with place:
            got = attempt(answer, (), what, told + where)
            _need_profile(got, what)
            _judge(asdict(got), what, where)
    return Right(
        "Right: a new Profile in which two fields differ, and the laptop profile is as it was."
    )


MEMORY = [
    (
        "the side is there once. A square image has image_size times image_size pixels, so twice "
        "the side is four times the memory.",
        lambda n, side, b=1: n * side * 3 * b / 10**6,
    ),
    (
        "the three channels are missing: in an RGB image every pixel has three values, red, green "
        "and blue.",
        lambda n, side, b=1: n * side * side * b / 10**6,
    ),
    (
        "an image has three channels, red, green and blue; four is the count of RGBA, which has "
        "transparency too.",
        lambda n, side, b=1: n * side * side * 4 * b / 10**6,
    ),
    (
        "you divide by 1024**2, which gives mebibytes (MiB). A megabyte, as disks and data sheets "
        "count it, is 10**6 bytes.",
        lambda n, side, b=1: n * side * side * 3 * b / 1024**2,
    ),
    (
        "`bytes_per_value` has no effect. A value from 0 to 255 needs one byte, but as float32, "
        "which is what networks compute with, it takes four.",
        lambda n, side, b=1: n * side * side * 3 / 10**6,
    ),
    (
        "these are megabits: a byte is eight bits, and the question counts bytes, so nothing has "
        "to be multiplied by eight.",
        lambda n, side, b=1: n * side * side * 3 * b * 8 / 10**6,
    ),
    (
        "where `bytes_per_value` is left out it should be 1, as in the example; yours takes "
        "another number.",
        lambda n, side, b=4: n * side * side * 3 * b / 10**6,
    ),
    (
        "the side is there three times. Three is the number of values in a pixel: multiply by 3, "
        "and by the side only twice.",
        lambda n, side, b=1: n * side**3 * b / 10**6,
    ),
    (
        "you divide by eight, as if bits had been counted; `bytes_per_value` counts bytes.",
        lambda n, side, b=1: n * side * side * 3 * b / 8 / 10**6,
    ),
    (
        "these are bytes. Divide by 10**6 for megabytes.",
        lambda n, side, b=1: n * side * side * 3 * b,
    ),
    (
        "these are kilobytes: a megabyte is a million bytes, not a thousand.",
        lambda n, side, b=1: n * side * side * 3 * b / 10**3,
    ),
    (
        "these are gigabytes: a megabyte is 10**6 bytes, not 10**9.",
        lambda n, side, b=1: n * side * side * 3 * b / 10**9,
    ),
    (
        "you divide by `bytes_per_value`: a value that takes four bytes takes more memory, not "
        "less, so multiply.",
        lambda n, side, b=1: n * side * side * 3 / b / 10**6,
    ),
    (
        "the result is rounded down to whole megabytes, so a small set seems to need nothing: use "
        "/ in place of //.",
        lambda n, side, b=1: n * side * side * 3 * b // 10**6,
    ),
    (
        "the result is rounded to whole megabytes, so a small set seems to need nothing: give the "
        "number as it is.",
        lambda n, side, b=1: round(n * side * side * 3 * b / 10**6),
    ),
    (
        "this is the memory of one image: `n_images` has no effect.",
        lambda n, side, b=1: side * side * 3 * b / 10**6,
    ),
]


def memory_mb(answer) -> Right:
    "Exercise 2: memory_mb(n_images, image_size, bytes_per_value=1) gives megabytes (10**6 bytes)."
    return diagnose(
        answer,
        lambda n, side, b=1: n * side * side * 3 * b / 10**6,
        [Mistake(*o) for o in MEMORY],
        [(4000, 64), (1, 224, 4), (10, 100), (500, 32, 2)],
        called(answer, "my_memory_mb"),
        praise="Right: pixels grow with the square of the side, and every pixel has three values.",
    )


STEPS = [
    (
        "the last, smaller batch is dropped: // rounds down, so the images that are left over are "
        "never trained on.",
        lambda n, b: n // b,
    ),
    (
        "the result isn't a whole number. A smaller batch is still a step: there are no parts of "
        "steps.",
        lambda n, b: n / b,
    ),
    (
        "one step too many whenever the batches come out even: there is no batch left over to add "
        "then.",
        lambda n, b: n // b + 1,
    ),
    (
        "you round to the nearest, so a last batch that is less than half full is dropped, though "
        "it is a step like any other.",
        lambda n, b: round(n / b),
    ),
    (
        "you add the images that are left over, and they make one batch together.",
        lambda n, b: n // b + n % b,
    ),
    (
        "there is always at least one step, and yours rounds down above that: a last batch that "
        "isn't full is a step as well.",
        lambda n, b: max(1, n // b),
    ),
    (
        "the arguments are exchanged: divide the images by the batch size.",
        lambda n, b: math.ceil(b / n),
    ),
]


def steps_per_epoch(answer) -> Right:
    "Exercise 3: steps_per_epoch(n_images, batch_size): the last smaller batch is a step too."
    return diagnose(
        answer,
        lambda n, b: math.ceil(n / b),
        [Mistake(*o) for o in STEPS],
        [(64, 32), (100, 32), (20, 32), (2400, 32), (65, 32), (7, 2)],
        called(answer, "my_steps_per_epoch"),
        praise="Right: a batch that is not full is a step too, and no step is left empty.",
    )
