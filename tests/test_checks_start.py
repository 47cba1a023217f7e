"Each check of lesson 00 takes the right answer and names the typical wrong ones."

import itertools
import math
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


def test_laptop_at_32(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no settings.ini here, so the numbers below are the built-in ones
    laptop = load_profile("laptop")
    check = checks.laptop_at_32
    passes(check, replace(laptop, epochs=2, image_size=32))
    assert load_profile("laptop") == laptop
    for answer in (..., None):
        says(check, answer, "written", kind=NotDone)
    says(check, dict(epochs=2, image_size=32), "gave a dict")
    says(check, laptop, "as it was")
    with pytest.raises(ValueError, match="image_size is 2; it must lie between 8 and 4096"):
        replace(laptop, epochs=32, image_size=2)  # exchanged
    says(
        check,
        replace(load_profile("smoke"), epochs=2, image_size=32),
        "started from the smoke profile",
    )
    says(
        check,
        replace(load_profile("gpu"), epochs=2, image_size=32, name="laptop"),
        "started from the gpu profile",
    )
    says(
        check,
        replace(laptop, epochs=2, image_size=32, name="quick"),
        "name is 'quick' and should be 'laptop'",
    )
    says(
        check,
        replace(laptop, epochs=2, image_size=32, batch_size=64),
        "batch_size is 64 and should be 32",
    )
    says(check, replace(laptop, epochs=2), "image_size is 64 and should be 32")


def test_laptop_at_32_odd():
    for odd in (Profile, 32, "laptop", lambda: load_profile("laptop")):
        says(checks.laptop_at_32, odd, "should be a Profile")
    says(
        checks.laptop_at_32,
        make_dataclass("Profile", [("size", int)])(32),
        "epochs is None and should be 2",
    )
    says(checks.laptop_at_32, Profile(n_images=7, seed=1), "every other field")


def test_laptop_at_32_takes_the_profile_of_the_lesson():
    "Lesson 00 defines Profile itself, so its class isn't the package's."
    theirs = make_dataclass("Profile", [(f.name, f.type) for f in fields(Profile)], frozen=True)
    passes(
        checks.laptop_at_32,
        theirs(**asdict(replace(load_profile("laptop"), epochs=2, image_size=32))),
    )


def test_laptop_at_32_reads_settings(tmp_path, monkeypatch):
    (tmp_path / "settings.ini").write_text(
        "[mlc_course]\n[laptop]\nbatch_size = 16\n[evening]\nn_images = 50\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    passes(checks.laptop_at_32, replace(load_profile("laptop"), epochs=2, image_size=32))
    says(checks.laptop_at_32, replace(Profile(), epochs=2, image_size=32), "started from Profile()")
    says(
        checks.laptop_at_32,
        replace(load_profile("evening"), epochs=2, image_size=32),
        "the evening profile",
    )


def test_laptop_at_32_changed_in_place(tmp_path, monkeypatch):
    monkeypatch.chdir(
        tmp_path
    )  # no settings.ini here: load_profile gives the built-in value itself
    monkeypatch.setitem(settings.BUILT_IN, "laptop", Profile("laptop"))
    laptop = load_profile("laptop")
    object.__setattr__(laptop, "epochs", 2)
    object.__setattr__(laptop, "image_size", 32)
    says(checks.laptop_at_32, laptop, "changed the built-in laptop profile itself")


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
    says(check, lambda n, s, b=1: s**2 * 3 * b / 1e6, "memory of one picture")


def test_steps_per_epoch():
    from torch.utils.data import DataLoader

    check = checks.steps_per_epoch
    passes(check, lambda n_images, batch_size: len(DataLoader(range(n_images), batch_size)))
    passes(check, lambda n, b: float(-(-n // b)))
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
