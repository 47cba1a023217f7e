"Each check of the appendices takes the right answer, and names the typical wrong ones."

import base64
import contextlib
import hashlib
import os
import shutil
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, not_done, odd_answers_are_refused, passes, says

from mlc_course.tools import checks
from mlc_course.tools.checks import appendices


# ---- 87: safe_write ----------------------------------------------------------------------------
def beside(path, write):
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def in_a_folder_beside(path, write):
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as f:
        part = Path(f.name)
    try:
        write(part)
    except BaseException:
        os.unlink(part)
        raise
    part.rename(path)


def in_a_folder_within(path, write):
    with tempfile.TemporaryDirectory(dir=path.parent) as tmp:
        write(Path(tmp) / "part")
        os.replace(src=Path(tmp) / "part", dst=path)


def test_right_ways_to_write():
    for right in (beside, in_a_folder_beside, in_a_folder_within):
        passes(checks.safe_write, right)
    odd_answers_are_refused(checks.safe_write)


def directly(path, write):
    write(path)


def deleted_first(path, write):
    path.unlink()
    beside(path, write)


def elsewhere(path, write):
    with tempfile.TemporaryDirectory() as tmp:
        write(Path(tmp) / "part")
        shutil.move(Path(tmp) / "part", path)


def copied(path, write):
    part = path.with_name("part")
    write(part)
    shutil.copy(part, path)


def never_renamed(path, write):
    write(path.with_name("part"))


def leaves_a_half(path, write):
    part = path.with_name("part")
    write(part)
    os.replace(part, path)


def no_thought_of_ctrl_c(path, write):
    part = path.with_name("part")
    try:
        write(part)
    except Exception:
        part.unlink()
        raise
    os.replace(part, path)


def swallows(path, write):
    with contextlib.suppress(RuntimeError):
        beside(path, write)


def renames_in_finally(path, write):
    part = path.with_name("part")
    try:
        write(part)
    finally:
        os.replace(part, path)


def twice(path, write):
    write(path.with_name("a"))
    beside(path, write)


def keeps_a_copy(path, write):
    shutil.copy(path, path.with_name("old"))
    write(path)


def needs_the_old(path, write):
    path.stat()
    beside(path, write)


def copied_back(path, write):
    part = path.with_name("part")
    try:
        write(part)
        shutil.copy(part, path)
    finally:
        part.unlink(missing_ok=True)


def bytes_copied_back(path, write):
    part = path.with_name("part")
    try:
        write(part)
        path.write_bytes(part.read_bytes())
    finally:
        part.unlink(missing_ok=True)


def deleted_late(path, write):
    def and_delete(part):
        write(part)
        path.unlink(missing_ok=True)

    beside(path, and_delete)


def set_aside(path, write):
    def and_set_aside(part):
        write(part)
        if path.exists():
            os.rename(path, path.with_name("old"))

    beside(path, and_set_aside)
    path.with_name("old").unlink(missing_ok=True)


def another_exception(path, write):
    try:
        beside(path, write)
    except BaseException as e:
        raise RuntimeError("could not write") from e


@pytest.mark.parametrize(
    "wrong, message",
    [
        (copied_back, "copies the new contents into the old file"),
        (bytes_copied_back, "copies the new contents into the old file"),
        (deleted_late, "takes the old file away before"),
        (set_aside, "takes the old file away before"),
        (another_exception, "in place of the Broken"),
        (directly, "fill the final file itself"),
        (keeps_a_copy, "fill the final file itself"),
        (deleted_first, "the old one was gone already"),
        (elsewhere, "stands in another folder"),
        (copied, "'part' is left beside the file"),
        (never_renamed, "afterwards the file holds 'epoch 1, whole'"),
        (leaves_a_half, "after a failure, 'part' stays in the folder. Remove"),
        (no_thought_of_ctrl_c, "doesn't see Ctrl-C"),
        (swallows, "swallows the Broken"),
        (renames_in_finally, "the old file didn't stay: it holds 'epoch 2'"),
        (twice, "called write 2 times"),
        (needs_the_old, "stopped with FileNotFoundError"),
    ],
)
def test_wrong_ways_to_write(wrong, message):
    says(checks.safe_write, wrong, message)
    says(checks.safe_write, wrong, wrong.__name__)


# ---- 88: cache_name ----------------------------------------------------------------------------
def digest(data):
    return hashlib.sha256(data).hexdigest()


def lengths(files, size):
    h = hashlib.blake2b(f"{size};".encode())
    for o in files:
        h.update(f"{len(o)} ".encode() + o)
    return h.hexdigest()


def test_right_names():
    passes(checks.cache_name, lengths)
    passes(checks.cache_name, lambda files, size: digest(repr((files, size)).encode()))
    passes(checks.cache_name, lambda f, s: digest("".join(map(digest, f)).encode()) + f"-{s}")
    passes(checks.cache_name, lambda f, s: f"{zlib.crc32(repr(f).encode())}_{s}.npy")
    odd_answers_are_refused(checks.cache_name)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda f, s: digest(b"".join(f) + f" {s}".encode()), "put end to end"),
        (lambda f, s: digest(b"".join(f)), "doesn't depend on the size"),
        (lambda f, s: f"{len(f)}-{s}", "contents of a file change"),
        (lambda f, s: digest(repr([len(o) for o in f] + [s]).encode()), "contents of a file"),
        (lambda f, s: lengths(sorted(f), s), "the order of the files changes"),
        (lambda f, s: lengths(dict.fromkeys(f), s), "two equal files count once"),
        (lambda f, s: lengths(set(f), s), ""),
        (lambda f, s: lengths([o for o in f if o], s), "an empty file leaves no trace"),
        (lambda f, s: lengths([o[:1000] for o in f], s), "only the beginning"),
        (lambda f, s: lengths([o[-1000:] for o in f], s), "only the end"),
        (lambda f, s: digest(b"|".join(f) + str(s).encode()), "run on into the contents"),
        (lambda f, s: digest(str(s).encode() + b"|".join(f)), "b'1sun'"),
        (lambda f, s: f"{time.time_ns()}-{s}", "two names for equal contents"),
        (lambda f, s: hashlib.sha256(repr((f, s)).encode()).digest(), ".hexdigest()"),
        (lambda f, s: hash((tuple(f), s)), "gives a int"),
        (lambda f, s: str(hash((tuple(f), s))), "other numbers for the same bytes"),
        (lambda f, s: "-".join(o.hex() for o in f) + f"_{s}", "make a digest"),
        (lambda f, s: base64.b64encode(b"/\xff" + repr((f, s)).encode()[:9]).decode(), ""),
        (lambda f, s: digest(b"\0".join(f) + f"\0{s}".encode()), "can also be b'\\x00'"),
        (lambda f, s: digest(f"{s}--".encode() + b"--".join(f)), "can also be b'--'"),
        (lambda f, s: f"{s}/{lengths(f, s)}", "'/', which a file name can't have"),
    ],
)
def test_wrong_names(wrong, message):
    says(checks.cache_name, wrong, message)


# ---- 89: residual_sum --------------------------------------------------------------------------
torch = pytest.importorskip("torch")


def residual(x, change, shortcut=None):
    y = change(x)
    return (y + (shortcut(x) if shortcut else x)).clamp(min=0)


def by_shape(x, change, shortcut=None):
    y = change(x)
    return torch.relu(y + (x if y.shape == x.shape else shortcut(x)))


def in_place(x, change, shortcut=None):
    y = change(x)
    x += y
    return torch.relu(x)


def test_right_sums():
    passes(checks.residual_sum, residual)
    relu, zero = torch.nn.ReLU(), torch.nn.Identity()
    passes(checks.residual_sum, lambda x, c, s=None: relu((s or zero)(x) + c(x)))
    passes(checks.residual_sum, by_shape)
    odd_answers_are_refused(checks.residual_sum)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda x, c, s=None: torch.relu(c(x)), "the input isn't added"),
        (lambda x, c, s=None: c(x) + (s(x) if s else x), "the last ReLU is missing"),
        (lambda x, c, s=None: c(x).relu() + (s(x) if s else x), "the change alone"),
        (lambda x, c, s=None: c(x) + (s(x) if s else x).relu(), "the input alone"),
        (lambda x, c, s=None: c(x).relu() + (s(x) if s else x).relu(), "two ReLUs"),
        (lambda x, c, s=None: (c(x).relu() + (s(x) if s else x)).relu(), "once more to the sum"),
        (lambda x, c, s=None: (c(x) - (s(x) if s else x)).relu(), "taken away"),
        (lambda x, c, s=None: (c(x) * (s(x) if s else x)).relu(), "multiplied"),
        (lambda x, c, s=None: ((c(x) + (s(x) if s else x)) / 2).relu(), "the mean"),
        (lambda x, c, s=None: torch.cat([c(x), s(x) if s else x], 1).relu(), "side by side"),
        (lambda x, c, s=None: (c(x) + x).relu(), "also where a shortcut is given"),
        (lambda x, c, s=None: (c(x) + s(x)).relu(), "stopped with TypeError"),
        (lambda x, c, s=None: (c(x) + 2 * (s(x) if s else x)).relu(), "isn't right yet"),
        (in_place, "changes its input x in place"),
    ],
)
def test_wrong_sums(wrong, message):
    says(checks.residual_sum, wrong, message)


def test_mistakes_of_the_sum_are_told_apart(monkeypatch):
    mistakes_are_told_apart(appendices, "residual_sum", residual, monkeypatch)


def test_the_sum_is_that_of_the_package_s_block():
    from mlc_course.backbones_torch import ResidualBlock

    x = torch.rand(2, 3, 8, 8)
    for block in (ResidualBlock(3, 3).eval(), ResidualBlock(3, 5, 2).eval()):
        change = lambda x: block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x)))))
        shortcut = (lambda x: block.bn3(block.conv3(x))) if block.project else None
        torch.testing.assert_close(residual(x, change, shortcut), block(x))


# ---- 90: cards_by_number -----------------------------------------------------------------------
def numbered(draw, seed, numbers):
    return [draw(np.random.default_rng([seed, i])) for i in numbers]


def spawned(draw, seed, numbers):
    return [
        draw(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,)))) for i in numbers
    ]


def one_generator(draw, seed, numbers):
    rng = np.random.default_rng(seed)
    return [draw(rng) for _ in numbers]


def all_before(draw, seed, numbers):
    rng = np.random.default_rng(seed)
    cards = [draw(rng) for _ in range(max(numbers) + 1)]
    return [cards[i] for i in numbers]


def each(make):
    return lambda draw, seed, numbers: [draw(make(seed, i)) for i in numbers]


def global_state(draw, seed, numbers):
    np.random.seed(seed)
    return numbered(draw, seed, numbers)


rng_of = np.random.default_rng


def test_right_cards():
    for right in (numbered, spawned, each(lambda s, i: rng_of((i, s)))):
        passes(checks.cards_by_number, right)
    passes(checks.cards_by_number, lambda d, s, n: tuple(numbered(d, s, n)))
    passes(checks.cards_by_number, lambda d, s, n: np.array(numbered(d, s, n)))
    odd_answers_are_refused(checks.cards_by_number)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (one_generator, "when it is drawn alone"),
        (lambda d, s, n: numbered(d, s, range(len(n))), "its place in the list"),
        (lambda d, s, n: list(map(d, rng_of(s).spawn(len(n)))), "its place in the list"),
        (lambda d, s, n: numbered(d, s, n[:1])[0], "does `return` stand inside the loop"),
        (all_before, "called `draw` 10 times"),
        (each(lambda s, i: rng_of(s)), "made from the seed alone"),
        (each(lambda s, i: rng_of(i)), "the seed doesn't matter"),
        (each(lambda s, i: rng_of(s + i)), "made into one number"),
        (each(lambda s, i: rng_of(s * i)), "made into one number"),
        (each(lambda s, i: rng_of(int(f"{s}{i}"))), "made into one number"),
        (each(lambda s, i: rng_of(1000 * s + i)), "made into one number"),
        (each(lambda s, i: rng_of()), "other cards the second time"),
        (each(lambda s, i: np.random.RandomState(s)), "hands `draw` a RandomState"),
        (each(lambda s, i: [s, i]), "hands `draw` a list"),
        (lambda d, s, n: numbered(d, s, n)[0], "should give a list"),
        (lambda d, s, n: dict(zip(n, numbered(d, s, n))), "gave a dict"),
        (lambda d, s, n: numbered(d, s, sorted(n)), "in another order"),
        (lambda d, s, n: [rng_of([s, i]).random() for i in n], "never calls `draw`"),
        (lambda d, s, n: [rng_of([s, i]) for i in n], "never calls `draw`"),
        (global_state, "changes NumPy's global random state"),
    ],
)
def test_wrong_cards(wrong, message):
    says(checks.cards_by_number, wrong, message)


def test_stubs():
    for name in appendices.__all__:
        not_done(getattr(checks, name))
