"Each check of lesson 00 takes the right answer and names the typical wrong ones."

import itertools
import math
import os
from dataclasses import asdict, fields, make_dataclass, replace

import pytest
from checks_kit import not_done, passes, says

from mlc_course import settings
from mlc_course.settings import Profile, load_profile
from mlc_course.tools import checks
from mlc_course.tools.checks import NotDone, _core, start


def mistakes_differ(check, module, monkeypatch):
    "Every mistake differs from the right answer and from every mistake with another message, on at least one case."
    seen = []
    monkeypatch.setattr(
        module,
        "diagnose",
        lambda answer, right, mistakes, cases, *a, **k: seen.append((right, mistakes, cases)),
    )
    check(lambda *a: None)
    for right, mistakes, cases in seen:
        results = [(m.says, [_core.call(m.gives, c) for c in cases]) for m in mistakes] + [
            ("right", [_core.call(right, c) for c in cases])
        ]
        for (one, a), (other, b) in itertools.combinations(results, 2):
            assert one == other or not _core.same(a, b), (
                f"no case tells these apart:\n{one}\n{other}"
            )
    assert seen


@pytest.mark.parametrize("name", ["memory_mb", "steps_per_epoch"])
def test_mistakes_differ(name, monkeypatch):
    mistakes_differ(getattr(start, name), start, monkeypatch)


@pytest.fixture
def no_file(tmp_path, monkeypatch):
    "A working folder without a settings.ini of ours, and no profile chosen."
    monkeypatch.delenv("MLC_PROFILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(of="laptop", **changes):
    return lambda: replace(load_profile(of), **(dict(epochs=2, image_size=32) | changes))


def other_file():
    return load_profile("laptop").batch_size == 16


def test_laptop_at_32(no_file):
    laptop = load_profile("laptop")
    check = checks.laptop_at_32
    passes(check, made())

    def of_two_steps():
        p = load_profile(name="laptop")
        p = replace(p, epochs=2)
        return replace(p, image_size=32)

    passes(check, of_two_steps)
    passes(
        check, lambda: Profile(**(asdict(load_profile("laptop")) | dict(epochs=2, image_size=32)))
    )
    passes(check, lambda p=None: made()())
    assert load_profile("laptop") == laptop
    for answer in (..., None, lambda: None, lambda: ...):
        says(check, answer, "written", kind=NotDone)
    says(check, lambda: dict(epochs=2, image_size=32), "gives a dict")
    says(check, made(epochs=12, image_size=64), "as it was")
    says(check, made("smoke"), "started from the smoke profile")
    says(check, made("gpu", name="laptop"), "started from the gpu profile")
    says(check, made(name="quick"), "name is 'quick' and should be 'laptop'")
    says(check, made(batch_size=64), "batch_size is 64 and should be 32")
    says(check, made(image_size=64), "image_size is 64 and should be 32")
    says(check, made(epochs=32, image_size=2), "image_size is 2; it must lie between 8 and 4096")


def test_laptop_at_32_is_asked_under_other_settings(no_file):
    "What is right by chance, because laptop is chosen and nobody changed it, is told."
    check = checks.laptop_at_32
    passes(check, made())
    says(check, lambda: Profile(epochs=2, image_size=32), "started from Profile()")
    once = replace(load_profile("laptop"), epochs=2, image_size=32)
    says(check, lambda: once, "loaded outside the function")
    says(check, made(None), "ask for laptop by name")

    def mine():
        return replace(load_profile(), epochs=2, image_size=32, name="laptop")

    says(check, mine, "mine: you started from the smoke profile")


def test_laptop_at_32_leaves_folder_and_variable_as_they_were(no_file, monkeypatch):
    for chosen in (None, "gpu"):
        if chosen:
            monkeypatch.setenv("MLC_PROFILE", chosen)
        passes(checks.laptop_at_32, made())
        says(checks.laptop_at_32, lambda: 1 / 0 if other_file() else made()(), "ZeroDivision")
        assert os.environ.get("MLC_PROFILE") == chosen
        assert os.path.samefile(os.getcwd(), no_file)


def test_laptop_at_32_odd(no_file):
    check = checks.laptop_at_32
    says(check, load_profile("laptop"), "you gave a Profile: put the line")
    says(check, Profile, "you gave the class Profile")
    for odd in (32, "laptop"):
        says(check, odd, "should be a function")
        says(check, lambda: odd, "should give a Profile")
    says(check, lambda: Profile, "should give a Profile")
    says(check, lambda: load_profile, "should give a Profile")
    short = make_dataclass("Profile", [("size", int)])(32)
    says(check, lambda: short, "epochs is None and should be 2")
    says(check, lambda: Profile(n_images=7, seed=1), "every other field")
    says(check, lambda name: made()(), "stopped with TypeError")


def test_laptop_at_32_takes_a_class_of_the_same_name(no_file):
    theirs = make_dataclass("Profile", [(f.name, f.type) for f in fields(Profile)], frozen=True)
    passes(checks.laptop_at_32, lambda: theirs(**asdict(made()())))


def test_laptop_at_32_reads_settings(no_file):
    (no_file / "settings.ini").write_text(
        "[mlc_course]\n[laptop]\nbatch_size = 8\n[evening]\nn_images = 50\n", encoding="utf-8"
    )
    passes(checks.laptop_at_32, made())
    says(checks.laptop_at_32, lambda: Profile(epochs=2, image_size=32), "from Profile()")
    says(checks.laptop_at_32, made("evening"), "the evening profile")


def test_laptop_at_32_changed_in_place(no_file, monkeypatch):
    monkeypatch.setitem(settings.BUILT_IN, "laptop", Profile("laptop"))

    def in_place():
        laptop = load_profile("laptop")
        object.__setattr__(laptop, "epochs", 2)
        object.__setattr__(laptop, "image_size", 32)
        return laptop

    says(checks.laptop_at_32, in_place, "changed the built-in laptop profile itself")


@pytest.mark.parametrize("check", [checks.memory_mb, checks.steps_per_epoch])
def test_messages_call_a_function_by_the_learners_name(check):
    def how_many(*a):
        return -7

    says(check, how_many, "how_many isn't right yet")
    says(check, lambda *a: -7, "my_")


def test_memory_mb():
    import numpy as np

    def right(n_images, image_size, bytes_per_value=1):
        dtype = {1: np.uint8, 2: np.float16, 4: np.float32}[bytes_per_value]
        return n_images * np.empty((image_size, image_size, 3), dtype).nbytes / 1_000_000

    check = checks.memory_mb
    passes(check, right)
    not_done(check)
    says(check, lambda n, s, b=1: n * s * 3 * b / 1e6, "side is there once")
    says(check, lambda n, s, b=1: n * s**2 * b / 1e6, "three channels are missing")
    says(check, lambda n, s, b=1: n * s**2 * 3 * b / 2**20, "mebibytes")
    says(check, lambda n, s, b=1: n * s**2 * 3 / 1e6, "`bytes_per_value` has no effect")
    says(check, lambda n, s, b=1: n * s**2 * 24 * b / 1e6, "megabits")
    says(check, lambda n, s, b=1: n * s**2 * 3 * b, "these are bytes")
    says(check, lambda n, s, b=1: n * s**2 * 3 * b / 1e3, "kilobytes")
    says(check, lambda n, s, b=1: math.floor(n * s**2 * 3 * b / 1e6), "rounded down")
    says(check, lambda n, s, b=1: s**2 * 3 * b / 1e6, "memory of one image")
    says(check, lambda n, s, b=1: n * s**2 * 4 * b / 1e6, "RGBA")
    says(check, lambda n, s, b=4: n * s**2 * 3 * b / 1e6, "left out it should be 1")
    says(check, lambda n, s, b=1: n * s**3 * b / 1e6, "the side is there three times")
    says(check, lambda n, s, b=1: n * s**2 * 3 * b / 8e6, "divide by eight")
    says(check, lambda n, s, b=1: n * s**2 * 3 * b / 1e9, "gigabytes")
    says(check, lambda n, s, b=1: n * s**2 * 3 / b / 1e6, "multiply")
    says(check, lambda n, s, b=1: round(n * s**2 * 3 * b / 1e6), "rounded to whole")
    passes(
        check,
        lambda n_images, image_size, bytes_per_value=1: sum(
            3 * bytes_per_value * image_size**2 / 1e6 for _ in range(n_images)
        ),
    )


def test_steps_per_epoch():
    from torch.utils.data import DataLoader

    check = checks.steps_per_epoch
    passes(check, lambda n_images, batch_size: len(DataLoader(range(n_images), batch_size)))
    passes(check, lambda n, b: float(-(-n // b)))
    passes(check, lambda n, b: n // b + (n % b > 0))
    passes(check, lambda n, b: (n + b - 1) // b)
    says(check, lambda n, b: max(1, n // b), "always at least one step")
    not_done(check)
    says(
        check,
        lambda n, b: len(DataLoader(range(n), b, drop_last=True)),
        "last, smaller batch is dropped",
    )
    says(check, lambda n, b: n / b, "isn't a whole number")
    says(check, lambda n, b: int(n / b) + 1, "one step too many")
    says(check, lambda n, b: round(n / b), "round to the nearest")
    says(
        check, lambda n, b: sum(divmod(n, b)), "images that are left over, and they make one batch"
    )
    says(check, lambda n, b: math.ceil(b / n), "arguments are exchanged")


@pytest.mark.parametrize("check", [checks.memory_mb, checks.steps_per_epoch])
def test_odd_answers(check):
    says(check, lambda *a: -7, "isn't right yet. Given")
    says(check, lambda *a: [1, 2], "expected")
    says(check, 12, "should be a function")
    says(
        check,
        lambda *a: 1 / 0,
        "stopped with ZeroDivisionError: division by zero. It was called with",
    )
    says(check, lambda: 1, "stopped with TypeError")
