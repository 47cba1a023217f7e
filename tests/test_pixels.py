"The cache of decoded pictures: equal to decoding, never out of date, whole or not there."

import contextlib
import errno
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course import atomic
from mlc_course.data import one_open, opening, pixel_files, pixels
from mlc_course.pixels import cached_pixels, content_key
from mlc_course.tables import ImageTable, decode_images


def noise(path, size=(24, 18), seed=0, mode="RGB", **kwargs):
    Image.fromarray(
        np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    ).convert(mode).save(path, **kwargs)
    return path


def table_of(root, names=None, **more):
    names = sorted(p.name for p in Path(root).iterdir()) if names is None else names
    return ImageTable(
        pd.DataFrame(
            dict(
                fname=names,
                labels=[["x"] if i % 2 else [] for i in range(len(names))],
                split=["train", "valid", "test"] * (len(names) // 3) + ["train"] * (len(names) % 3),
                **more,
            )
        ),
        root,
        vocab=["x"],
        name="some",
    )


@pytest.fixture
def root(tmp_path):
    "A folder with seven noisy pictures."
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(7):
        noise(folder / f"{i}.png", seed=i, size=(20 + i, 30 - i))
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def no_warning_unseen():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def files(cache, suffix=".npy"):
    return sorted(p for p in cache.iterdir() if p.suffix == suffix)


def no_decoding(monkeypatch):
    monkeypatch.setattr(
        pixels, "decode_each", lambda *a, **k: pytest.fail("it should be in the cache")
    )


# ---- the same pixels ---------------------------------------------------------------------------


def test_every_kind_of_file_gives_the_pixels_of_decode_images(tmp_path, cache, monkeypatch):
    root = tmp_path / "pictures"
    root.mkdir()
    for name, mode in [
        ("rgb.png", "RGB"),
        ("rgb.jpg", "RGB"),
        ("grey.png", "L"),
        ("grey.jpg", "L"),
        ("palette.png", "P"),
        ("bits.png", "1"),
        ("cmyk.jpg", "CMYK"),
        ("web.webp", "RGB"),
        ("b.bmp", "RGB"),
        ("g.gif", "P"),
    ]:
        noise(root / name, mode=mode, seed=len(name))
    veil = np.random.default_rng(1).integers(0, 256, (12, 17, 4), dtype=np.uint8)
    Image.fromarray(veil, "RGBA").save(root / "alpha.png")
    Image.fromarray(veil[..., 0]).save(root / "clear.png", transparency=int(veil[0, 0, 0]))
    Image.fromarray(np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)).save(
        root / "sixteen.png"
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(root / "rotated.jpg", size=(40, 10), exif=exif.tobytes())
    noise(root / "one.png", size=(1, 1))
    noise(root / "thin.png", size=(1, 60))
    noise(root / "wide.png", size=(300, 2))
    noise(root / "ümläut 图.png")
    table = table_of(root)
    for size in (1, 7, 32):
        expected = decode_images(table.paths(), size)
        same, first = cached_pixels(table, size, folder=cache)
        assert same is table
        np.testing.assert_array_equal(first, expected)
        with monkeypatch.context() as m:
            no_decoding(m)
            same, again = cached_pixels(table, size, folder=cache)
        assert (
            same is table and again.dtype == np.uint8 and again.shape == (len(table), size, size, 3)
        )
        np.testing.assert_array_equal(again, expected)


def test_it_is_mapped_and_not_loaded(root, cache):
    for _ in range(2):
        _, images = cached_pixels(table_of(root), 16, folder=cache)
        assert (
            isinstance(images, np.memmap)
            and images.mode == "c"
            and images.flags.c_contiguous
            and images.flags.writeable
        )
        assert Path(images.filename) == files(cache)[0]
    assert files(cache)[0].stat().st_size == images.nbytes + images.offset and [
        p.suffix for p in files(cache, ".json")
    ] == [".json"]


def test_what_is_written_is_an_ordinary_npy_file(root, cache):
    table = table_of(root)
    cached_pixels(table, 16, folder=cache)
    np.testing.assert_array_equal(np.load(files(cache)[0]), decode_images(table, 16))


@pytest.mark.parametrize("n", [511, 512, 513, 1025])
def test_tables_of_several_chunks(tmp_path, cache, n):
    root = tmp_path / "many"
    root.mkdir()
    for i in range(n):
        Image.new("RGB", (2, 2), (i % 256, i // 256, 7)).save(
            root / f"{i:04}.png", compress_level=0
        )
    _, images = cached_pixels(table_of(root), 2, folder=cache)
    np.testing.assert_array_equal(images[:, 0, 0], [(i % 256, i // 256, 7) for i in range(n)])


def test_changing_the_array_never_changes_the_file(root, cache):
    table = table_of(root)
    before = decode_images(table, 16)
    _, first = cached_pixels(table, 16, folder=cache)
    raw = files(cache)[0].read_bytes()
    first[:] = 0
    first.flush()
    _, second = cached_pixels(table, 16, folder=cache)
    np.testing.assert_array_equal(second, before)
    del first
    assert files(cache)[0].read_bytes() == raw


def test_the_default_folder_is_in_the_data_home(root, tmp_path, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    cached_pixels(table_of(root), 8)
    assert len(files(tmp_path / "home" / "pixels")) == 1


def test_a_size_of_numpy_is_the_same_size(root, cache):
    table = table_of(root)
    cached_pixels(table, 16, folder=cache)
    _, images = cached_pixels(table, np.int64(16), folder=str(cache))
    assert images.shape == (7, 16, 16, 3) and len(files(cache)) == 1


def test_a_bar_is_shown_where_that_is_asked_for(root, cache, capsys):
    cached_pixels(table_of(root), 8, folder=cache)
    assert capsys.readouterr() == ("", "")
    cached_pixels(table_of(root), 9, folder=cache, progress=True)
    assert "decode" in capsys.readouterr().err


# ---- the key -----------------------------------------------------------------------------------


def test_the_key_is_made_of_contents_order_and_size(root, tmp_path):
    table = table_of(root)
    key = content_key(table, 16)
    assert (
        len(key) == 32
        and int(key, 16) >= 0
        and key == content_key(table, 16) == content_key(table_of(root), 16)
    )
    assert key != content_key(table, 17)
    assert key != content_key(table.subset(np.arange(7)[::-1]), 16)
    assert key != content_key(table.subset(np.arange(6)), 16)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for i in range(7):
        (elsewhere / f"other {i}.png").write_bytes((root / f"{i}.png").read_bytes())
    assert key == content_key(table_of(elsewhere), 16)  # neither names nor folders
    for p in table.paths():
        os.utime(p, (1, 1))
    assert key == content_key(table, 16)  # nor dates
    relabelled = ImageTable(table.df.assign(labels=[["y"]] * 7, split="train"), root)
    assert key == content_key(relabelled, 16)  # nor labels and splits
    stamp = table.paths()[3].stat()
    noise(root / "3.png", seed=99, size=(23, 27))
    os.utime(root / "3.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert key != content_key(table, 16)  # contents, whatever the date says


def test_the_key_knows_the_decoder(root, monkeypatch):
    import PIL

    table = table_of(root)
    keys = {content_key(table, 8)}
    monkeypatch.setattr(pixels, "DECODER", pixels.DECODER + 1)
    keys.add(content_key(table, 8))
    monkeypatch.setattr(PIL, "__version__", "0.1")
    keys.add(content_key(table, 8))
    assert len(keys) == 3


def test_two_that_change_places_have_another_key(root):
    key = content_key(table_of(root), 8)
    a, b = (root / "1.png").read_bytes(), (root / "2.png").read_bytes()
    (root / "1.png").write_bytes(b)
    (root / "2.png").write_bytes(a)
    assert key != content_key(table_of(root), 8)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.one_of(st.none(), st.binary(max_size=40)), min_size=1, max_size=5),
    st.lists(st.one_of(st.none(), st.binary(max_size=40)), min_size=1, max_size=5),
    st.integers(1, 300),
    st.integers(1, 300),
)
def test_two_keys_are_equal_only_if_everything_is(tmp_path_factory, a, b, m, n):
    def key(contents, size):
        folder = tmp_path_factory.mktemp("key")
        for i, c in enumerate(contents):
            if c is not None:
                (folder / f"{i}").write_bytes(c)
        return content_key(table_of(folder, [str(i) for i in range(len(contents))]), size)

    assert (key(a, m) == key(b, n)) == ((a, m) == (b, n))
    assert key(a, m) == key(a, m)


def test_a_large_file_is_read_to_its_end(tmp_path):
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "a").write_bytes(bytes(3 * 2**20))
    key = content_key(table_of(folder), 8)
    with open(folder / "a", "r+b") as f:
        f.seek(-1, 2)
        f.write(b"x")
    assert key != content_key(table_of(folder), 8)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True), st.sampled_from([3, 8]))
def test_any_selection_in_any_order_gets_its_own_pixels(squares, tmp_path_factory, rows, size):
    table = squares.subset(rows)
    _, images = cached_pixels(table, size, folder=tmp_path_factory.getbasetemp() / "selections")
    np.testing.assert_array_equal(images, decode_images(squares.paths(), size)[rows])


def test_a_changed_picture_is_decoded_anew(root, cache):
    table = table_of(root)
    cached_pixels(table, 16, folder=cache)
    noise(root / "4.png", seed=77)
    _, images = cached_pixels(table, 16, folder=cache)
    np.testing.assert_array_equal(images, decode_images(table, 16))
    assert len(files(cache)) == 2


def test_pictures_that_change_while_they_are_decoded_have_the_key_of_what_was_decoded(
    root, cache, monkeypatch
):
    table, real = table_of(root), pixels.decode_each
    before = decode_images(table, 16)

    def afterwards(*args):
        done = real(*args)
        noise(root / "4.png", seed=88)
        return done

    monkeypatch.setattr(pixels, "decode_each", afterwards)
    np.testing.assert_array_equal(cached_pixels(table, 16, folder=cache)[1], before)
    monkeypatch.undo()
    np.testing.assert_array_equal(
        cached_pixels(table, 16, folder=cache)[1], decode_images(table, 16)
    )
    assert len(files(cache)) == 2


def test_a_file_too_large_to_be_held_is_compared_afterwards(root, cache, monkeypatch):
    monkeypatch.setattr(one_open, "HELD", 100)
    table, real = table_of(root), pixels.decode_each
    np.testing.assert_array_equal(
        cached_pixels(table, 16, folder=cache)[1], decode_images(table, 16)
    )

    def meanwhile(*args):
        done = real(*args)
        noise(root / "4.png", seed=88)
        return done

    monkeypatch.setattr(pixels, "decode_each", meanwhile)
    with pytest.raises(RuntimeError, match=r"4\.png changed while it was decoded"):
        cached_pixels(table, 17, folder=cache)
    assert len(files(cache)) == 1 and not files(cache, ".part")


@pytest.fixture
def opens(monkeypatch):
    "The names of the files that were opened, as often as they were."
    names, real = [], one_open.open_file

    def counted(path):
        names.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(one_open, "open_file", counted)
    monkeypatch.setattr(opening, "open_file", counted)
    plain = Image.open
    monkeypatch.setattr(
        Image,
        "open",
        lambda fp, *a, **k: (
            isinstance(fp, (str, os.PathLike)) and names.append(Path(fp).name),
            plain(fp, *a, **k),
        )[1],
    )
    return names


def test_each_file_is_opened_once_cold_and_warm(root, cache, opens):
    names = sorted(p.name for p in root.iterdir())
    for _ in range(3):
        cached_pixels(table_of(root), 16, folder=cache)
        assert sorted(opens) == names
        opens.clear()


def test_a_bad_file_is_opened_once_as_well(broken, cache, opens):
    skipped(broken, cache, "2 of 7")
    assert len(opens) == len(set(opens)) == 6  # the seventh isn't there


def test_a_copy_elsewhere_is_found_without_decoding(root, cache, tmp_path, monkeypatch, opens):
    import shutil

    _, first = cached_pixels(table_of(root), 16, folder=cache)
    shutil.copytree(root, tmp_path / "copy")
    no_decoding(monkeypatch)
    opens.clear()
    np.testing.assert_array_equal(
        cached_pixels(table_of(tmp_path / "copy"), 16, folder=cache)[1], first
    )
    assert len(opens) == 7


# ---- several at once ---------------------------------------------------------------------------

RACE = """
    import contextlib, hashlib, pickle, sys, time
    import numpy as np
    from mlc_course.data import pixels
    if sys.argv[3] == "no lock": pixels.file_lock = lambda path: contextlib.nullcontext()
    real, table = pixels.decode_each, pickle.load(open(sys.argv[1], "rb"))
    def slowly(*args):
        print("decoded", flush=True)
        time.sleep(.2)
        return real(*args)
    pixels.decode_each = slowly
    print("ready", flush=True); sys.stdin.readline()
    _, images = pixels.cached_pixels(table, 16, folder=sys.argv[2])
    print(hashlib.sha256(images.tobytes()).hexdigest(), isinstance(images, np.memmap), flush=True)
"""


@pytest.mark.parametrize("lock", ["lock", "no lock"])
def test_processes_that_start_at_once_get_one_whole_file(root, cache, tmp_path, lock):
    import hashlib

    table = table_of(root)
    with open(tmp_path / "table", "wb") as f:
        pickle.dump(table, f)
    all_ = [
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                textwrap.dedent(RACE),
                str(tmp_path / "table"),
                str(cache),
                lock,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for p in all_:
        assert p.stdout.readline() == "ready\n", p.communicate()[1]
    for p in all_:
        p.stdin.write("go\n")
        p.stdin.flush()
    said = []
    for p in all_:
        out, error = p.communicate(timeout=60)
        assert p.returncode == 0, error
        said.append(out.split("\n"))
    digest = hashlib.sha256(decode_images(table, 16).tobytes()).hexdigest()
    assert [s[-2] for s in said] == [f"{digest} True"] * 2
    if lock == "lock":
        assert sum(s.count("decoded") for s in said) == 1  # the other waited
    assert len(files(cache)) == len(files(cache, ".json")) == 1 and not files(cache, ".part")


@pytest.mark.parametrize("lock", [True, False])
def test_threads_that_start_at_once(root, cache, monkeypatch, lock):
    if not lock:
        monkeypatch.setattr(pixels, "file_lock", lambda path: contextlib.nullcontext())
    table, found = table_of(root), []
    gate = threading.Barrier(4)

    def work():
        gate.wait()
        found.append(np.array(cached_pixels(table, 16, folder=cache)[1]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for images in found:
        np.testing.assert_array_equal(images, decode_images(table, 16))
    assert len(found) == 4 and len(files(cache)) == 1 and not files(cache, ".part")


KILLED = """
    import os, pickle, signal, sys
    from mlc_course.data import pixels
    n, real = [], pixels.decode_each
    def decode(*args):
        n.append(1)
        if len(n) == 2: os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)
    pixels.decode_each, pixels.CHUNK = decode, 3
    pixels.cached_pixels(pickle.load(open(sys.argv[1], "rb")), 16, folder=sys.argv[2])
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_killed_while_decoding_the_next_one_starts_anew(root, cache, tmp_path):
    with open(tmp_path / "table", "wb") as f:
        pickle.dump(table_of(root), f)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "table"), str(cache)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode < 0 and not files(cache) and len(files(cache, ".part")) == 1, done.stderr
    _, images = cached_pixels(table_of(root), 16, folder=cache)
    np.testing.assert_array_equal(images, decode_images(table_of(root), 16))
    (left,) = files(cache, ".part")
    os.utime(left, (time.time() - 4000,) * 2)
    cached_pixels(table_of(root), 17, folder=cache)
    assert not files(cache, ".part")  # what nobody writes to any more goes


# ---- damage ------------------------------------------------------------------------------------


def header_of(raw):
    return raw.index(b"\n") + 1


DAMAGE = {
    "empty": lambda p: p.write_bytes(b""),
    "cut in the header": lambda p: p.write_bytes(p.read_bytes()[:40]),
    "cut in the pixels": lambda p: p.write_bytes(p.read_bytes()[:-1]),
    "header only": lambda p: p.write_bytes(p.read_bytes()[: header_of(p.read_bytes())]),
    "text": lambda p: p.write_text("<html>404</html>"),
    "a zip file": lambda p: p.write_bytes(b"PK\x03\x04" + bytes(5000)),
    "a pickle": lambda p: p.write_bytes(pickle.dumps([1, 2, 3])),
    "zeros": lambda p: p.write_bytes(bytes(len(p.read_bytes()))),
    "fewer rows": lambda p: np.save(p, np.load(p)[:-1]),
    "another type": lambda p: np.save(p, np.load(p).view(np.int8)),
    "another shape": lambda p: np.save(p, np.load(p).reshape(7, 8, 32, 3)),
    "another layout": lambda p: np.save(p, np.asfortranarray(np.load(p))),
    "objects": lambda p: np.save(p, np.array([1, "x"], dtype=object), allow_pickle=True),
    "gone": lambda p: p.unlink(),
    "a folder": lambda p: (p.unlink(), p.mkdir()),
    "no list of bad rows": lambda p: p.with_suffix(".json").unlink(),
    "an empty list of bad rows": lambda p: p.with_suffix(".json").write_text(""),
    "half a list of bad rows": lambda p: p.with_suffix(".json").write_text('{"3": "x'),
    "an odd list of bad rows": lambda p: p.with_suffix(".json").write_text("[3]"),
    "a bad row that isn't there": lambda p: p.with_suffix(".json").write_text('{"7": "x"}'),
    "a bad row without a number": lambda p: p.with_suffix(".json").write_text('{"seven": "x"}'),
    "bytes in the list of bad rows": lambda p: p.with_suffix(".json").write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_made_anew(root, cache, damage, monkeypatch):
    table = table_of(root)
    cached_pixels(table, 16, folder=cache)
    (path,) = files(cache)
    DAMAGE[damage](path)
    if damage == "a folder":
        with pytest.warns(UserWarning, match="can't be kept"):
            _, images = cached_pixels(table, 16, folder=cache)
        path.rmdir()
    else:
        _, images = cached_pixels(table, 16, folder=cache)
    np.testing.assert_array_equal(images, decode_images(table, 16))
    del images
    cached_pixels(table, 16, folder=cache)
    no_decoding(monkeypatch)
    _, again = cached_pixels(table, 16, folder=cache)
    np.testing.assert_array_equal(again, decode_images(table, 16))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 127), st.integers(0, 255))
@example(8, 65)  # a shorter header that can still be read: the pixels would begin too early
def test_any_damaged_byte_of_the_header_is_harmless(squares, tmp_path_factory, at, byte):
    folder, table = tmp_path_factory.getbasetemp() / "header", squares.subset(np.arange(5))
    cached_pixels(table, 4, folder=folder)
    path = folder / f"{content_key(table, 4)}.npy"
    raw = bytearray(path.read_bytes())
    raw[at] = byte
    path.unlink()
    path.write_bytes(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy says of some headers that they are of Python 2
        _, images = cached_pixels(table, 4, folder=folder)
    np.testing.assert_array_equal(images, decode_images(table, 4))


# ---- where nothing can be written --------------------------------------------------------------


def right_array_with_a_warning(table, cache, match, size=16):
    with pytest.warns(UserWarning, match=match) as told:
        same, images = cached_pixels(table, size, folder=cache)
    assert len(told) == 1 and told[0].filename == __file__ and same is table
    np.testing.assert_array_equal(images, decode_images(table, size))
    images[0] = 0  # an array like the other: it can be written to
    return str(told[0].message)


class _Full:
    "A file on a disk with room for some bytes."

    def __init__(self, file, room, code):
        self.file, self.room, self.code = file, room, code

    def write(self, data):
        self.room -= memoryview(data).nbytes
        if self.room < 0:
            raise OSError(self.code, os.strerror(self.code))
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.file.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("room", [0, 10, 200, 3000], ids=lambda n: f"room for {n} bytes")
def test_a_full_disk_is_a_warning_and_the_right_array(root, cache, monkeypatch, room, code):
    monkeypatch.setattr(
        atomic,
        "open",
        lambda p, mode: _Full(open(p, mode), room, code) if mode == "wb" else open(p, mode),
        raising=False,
    )
    said = right_array_with_a_warning(
        table_of(root),
        cache,
        "can't be kept in .*decoded again each time.*Make room there, or give another folder=",
    )
    assert os.strerror(code) in said and str(cache) in said
    assert not files(cache) and not files(cache, ".part") and not files(cache, ".json")
    monkeypatch.undo()
    cached_pixels(table_of(root), 16, folder=cache)
    assert len(files(cache)) == 1


@pytest.mark.parametrize("what", ["json", "sync", "rename", "lock", "lock of filelock", "folder"])
def test_wherever_it_fails_the_array_is_right(root, cache, monkeypatch, what):
    def fail(*args, **kwargs):
        raise (
            NotImplementedError("FileSystem does not appear to support flock")
            if what == "lock of filelock"
            else OSError(errno.EROFS, "Read-only file system")
        )

    with monkeypatch.context() as m:
        if what == "json":
            m.setattr(pixels, "sealed", fail)
        if what == "sync":
            m.setattr(pixel_files.os, "fsync", fail)
        if what == "rename":
            m.setattr(pixel_files.os, "replace", fail)
        if what.startswith("lock"):
            m.setattr(pixels, "file_lock", fail)
        if what == "folder":
            m.setattr(Path, "mkdir", fail)
        right_array_with_a_warning(
            table_of(root),
            cache,
            "flock" if what == "lock of filelock" else "Read-only file system",
        )
    assert not cache.exists() or not files(cache) and not files(cache, ".part")


def test_a_file_in_the_place_of_the_folder(root, tmp_path):
    (tmp_path / "file").write_text("")
    right_array_with_a_warning(table_of(root), tmp_path / "file", "can't be kept")
    right_array_with_a_warning(table_of(root), tmp_path / "file" / "deeper", "can't be kept")


def test_a_data_home_that_is_read_only(root, monkeypatch):
    def home():
        raise PermissionError(
            "The data folder /x can't be written to. Set MLC_HOME to a folder that can."
        )

    monkeypatch.setattr(pixels, "data_home", home)
    right_array_with_a_warning(table_of(root), None, "data folder /x can't be written to")


def test_somebody_elses_cache_is_used_though_it_is_read_only(root, cache, monkeypatch):
    cached_pixels(table_of(root), 16, folder=cache)

    def fail(*args, **kwargs):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(pixel_files.os, "utime", fail)
    monkeypatch.setattr(pixels, "file_lock", fail)
    no_decoding(monkeypatch)
    _, images = cached_pixels(table_of(root), 16, folder=cache)
    assert isinstance(images, np.memmap)


def test_a_full_disk_and_a_broken_picture_at_once(root, cache, monkeypatch):
    (root / "2.png").write_bytes(b"")
    monkeypatch.setattr(
        atomic,
        "open",
        lambda p, mode: _Full(open(p, mode), 300, errno.ENOSPC) if mode == "wb" else open(p, mode),
        raising=False,
    )
    with pytest.warns(UserWarning) as told:
        good, images = cached_pixels(table_of(root), 16, on_error="skip", folder=cache)
    assert ["can't be kept" in str(w.message) for w in told] == [True, False] and "1 of 7" in str(
        told[1].message
    )
    np.testing.assert_array_equal(images, decode_images(good, 16))


# ---- broken pictures ---------------------------------------------------------------------------


@pytest.fixture
def broken(root):
    (root / "2.png").write_bytes((root / "2.png").read_bytes()[:300])
    (root / "5.png").unlink()
    return table_of(root, [f"{i}.png" for i in range(7)])


def skipped(table, cache, match, size=16):
    with pytest.warns(UserWarning, match=match) as told:
        good, images = cached_pixels(table, size, on_error="skip", folder=cache)
    assert len(told) == 1 and told[0].filename == __file__
    return good, images, str(told[0].message)


def test_stop_names_the_file_and_the_row_and_keeps_nothing(broken, cache):
    with pytest.raises(ValueError, match=r"row 2: .*2\.png can't be decoded"):
        cached_pixels(broken, 16, folder=cache)
    assert not files(cache) and not files(cache, ".part") and not files(cache, ".json")
    (broken.root / "2.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"row 2: .*2\.png"):
        cached_pixels(broken, 16, folder=cache)


def test_skip_leaves_them_out_and_says_so(broken, cache):
    good, images, said = skipped(
        broken,
        cache,
        r"2 of 7 pictures can't be decoded and were left out: row 2: .*2\.png.*; row 5: .*5\.png",
    )
    assert (
        good.fnames() == ["0.png", "1.png", "3.png", "4.png", "6.png"]
        and good.vocab == broken.vocab
        and good.name == broken.name
    )
    assert good.labels() == [broken.labels()[i] for i in (0, 1, 3, 4, 6)] and list(
        good.df.split
    ) == [broken.df.split[i] for i in (0, 1, 3, 4, 6)]
    assert (
        good.notes == (said,)
        and broken.notes == ()
        and len(broken) == 7
        and "source" not in good.df.columns
    )
    np.testing.assert_array_equal(images, decode_images(good, 16))
    assert len(files(cache)) == 1


def test_what_was_skipped_is_remembered_and_told_again(broken, cache, monkeypatch):
    first = skipped(broken, cache, "2 of 7")
    calls = []
    real = pixels.decode_each
    monkeypatch.setattr(
        pixels,
        "decode_each",
        lambda p, *more: (calls.append([Path(o).name for o in p]), real(p, *more))[1],
    )
    again = skipped(broken, cache, "2 of 7")
    assert (
        again[2] == first[2]
        and again[0].fnames() == first[0].fnames()
        and calls == [["2.png"], ["5.png"]]
    )  # only the bad ones, for their reasons
    np.testing.assert_array_equal(again[1], first[1])
    with pytest.raises(ValueError, match=r"row 2: .*2\.png can't be decoded"):
        cached_pixels(broken, 16, folder=cache)  # and by "stop" too
    missing = broken.subset([5, 0])
    skipped(missing, cache, "1 of 2")
    with pytest.raises(FileNotFoundError, match=r"5\.png"):
        cached_pixels(missing, 16, folder=cache)


def test_the_names_are_those_of_today(broken, cache, tmp_path):
    skipped(broken, cache, "2 of 7")
    moved = tmp_path / "moved"
    moved.mkdir()
    for p in broken.root.iterdir():
        (moved / f"new {p.name}").write_bytes(p.read_bytes())
    table = table_of(moved, [f"new {i}.png" for i in range(7)])
    assert content_key(table, 16) == content_key(broken, 16)
    _, _, said = skipped(table, cache, r"new 2\.png.*new 5\.png")
    assert str(broken.root) not in said


def test_a_picture_that_was_mended_comes_back(broken, cache):
    skipped(broken, cache, "2 of 7")
    noise(broken.root / "2.png", seed=5)
    noise(broken.root / "5.png", seed=6)
    same, images = cached_pixels(broken, 16, on_error="skip", folder=cache)
    assert same is broken
    np.testing.assert_array_equal(images, decode_images(broken, 16))


@pytest.mark.parametrize("again", [False, True], ids=["at once", "from the cache"])
def test_all_broken_is_an_error_in_both_policies(root, cache, again):
    for p in root.iterdir():
        p.write_bytes(b"no picture")
    for _ in range(1 + again):
        with pytest.raises(
            ValueError, match=r"None of the 7 pictures can be decoded\. The first: row 0: .*0\.png"
        ):
            cached_pixels(table_of(root), 16, on_error="skip", folder=cache)
    with pytest.raises(ValueError, match=r"0\.png can't be decoded"):
        cached_pixels(table_of(root), 16, folder=cache)


def test_of_many_three_are_named(root, cache):
    for i in range(5):
        (root / f"{i}.png").write_bytes(b"")
    _, _, said = skipped(table_of(root), cache, "5 of 7")
    assert (
        said.endswith("; ...")
        and [f"{i}.png" in said for i in range(5)] == [True] * 3 + [False] * 2
    )


def test_the_row_of_the_file_it_came_from_is_named(root, cache):
    (root / "2.png").write_bytes(b"")
    table = table_of(root, source=[f"train.csv row {i + 2}" for i in range(7)])
    with pytest.raises(ValueError, match=r"^train.csv row 4: .*2\.png"):
        cached_pixels(table, 16, folder=cache)
    skipped(table, cache, r"left out: train.csv row 4: ")


def test_rows_beyond_the_first_chunk_are_named_rightly(tmp_path, cache):
    root = tmp_path / "many"
    root.mkdir()
    for i in range(600):
        Image.new("RGB", (2, 2), (i % 256, i // 256, 0)).save(
            root / f"{i:04}.png", compress_level=0
        )
    (root / "0555.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^row 555: .*0555"):
        cached_pixels(table_of(root), 2, folder=cache)
    good, images, _ = skipped(table_of(root), cache, r"1 of 600 .*row 555: .*0555", 2)
    assert len(good) == len(images) == 599
    np.testing.assert_array_equal(images[:, 0, 0, 0], [i % 256 for i in range(600) if i != 555])


@pytest.mark.parametrize("what", ["a folder", "unreadable"])
def test_other_things_that_are_no_picture(root, cache, monkeypatch, what):
    (root / "3.png").unlink()
    if what == "a folder":
        (root / "3.png").mkdir()
    else:
        noise(root / "3.png")
        real = one_open.open_file

        def no(path):
            if Path(path).name == "3.png":
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(path)

        for module in (one_open, opening):
            monkeypatch.setattr(module, "open_file", no)
    table = table_of(root)
    with pytest.raises((ValueError, FileNotFoundError), match=r"3\.png"):
        cached_pixels(table, 16, folder=cache)
    good, images, _ = skipped(table, cache, r"1 of 7 .*3\.png")
    assert len(good) == len(images) == 6


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(st.integers(0, 6), max_size=6), st.booleans())
def test_any_set_of_broken_pictures(squares, tmp_path_factory, bad, twice):
    folder = tmp_path_factory.mktemp("set")
    for i in range(7):
        (folder / f"{i}.png").write_bytes(b"" if i in bad else squares.paths()[i].read_bytes())
    for _ in range(1 + twice):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            good, images = cached_pixels(
                table_of(folder), 8, on_error="skip", folder=tmp_path_factory.getbasetemp() / "sets"
            )
        assert len(told) == bool(bad) and good.fnames() == [
            f"{i}.png" for i in range(7) if i not in bad
        ]
        np.testing.assert_array_equal(
            images, decode_images(squares.paths()[:7], 8)[[i for i in range(7) if i not in bad]]
        )


# ---- keeping the folder small ------------------------------------------------------------------


def test_the_caches_unused_for_longest_go_first(root, cache):
    table = table_of(root)
    paths = {}
    for age, size in enumerate([16, 17, 18]):
        before = set(files(cache)) if cache.exists() else set()
        cached_pixels(table, size, folder=cache)
        (paths[size],) = set(files(cache)) - before
        os.utime(paths[size], (1000 + age,) * 2)
    cached_pixels(table, 16, folder=cache)  # used: now the newest
    assert paths[16].stat().st_mtime > 1e6
    room = sum(paths[s].stat().st_size for s in (16, 18)) + 7 * 19 * 19 * 3 + 500
    cached_pixels(table, 19, folder=cache, max_gb=room / 2**30)
    assert not paths[17].exists() and not paths[17].with_suffix(".json").exists()
    assert (
        paths[16].exists()
        and paths[18].exists()
        and len(files(cache)) == len(files(cache, ".json")) == 3
    )


@pytest.mark.parametrize("max_gb", [0, 1e-12])
def test_the_one_just_made_is_never_removed(root, cache, max_gb):
    for size in (16, 17, 9):
        _, images = cached_pixels(table_of(root), size, folder=cache, max_gb=max_gb)
        np.testing.assert_array_equal(images, decode_images(table_of(root), size))
        assert isinstance(images, np.memmap) and files(cache) == [Path(images.filename)]


def test_one_that_is_open_stays_readable_when_its_file_goes(root, cache):
    _, images = cached_pixels(table_of(root), 16, folder=cache)
    cached_pixels(table_of(root), 17, folder=cache, max_gb=0)
    np.testing.assert_array_equal(images, decode_images(table_of(root), 16))


def test_nothing_else_in_the_folder_is_touched(root, cache):
    "Arrays, parts and lists that weren't made here, whatever their names, however large and old."
    cache.mkdir()
    foreign = {
        "notes.txt": b"mine",
        "thesis_features.npy": bytes(50_000),
        "thesis_features.json": b"{}",
        "film.mkv.part": b"x",
        "fresh.part": b"x",
        f"{'a' * 32}.npy": bytes(50_000),
        f"{'a' * 32}.json": b"{}",
        f"{'b' * 32}.npy": bytes(50_000),
        f"{'c' * 32}.npy": bytes(50_000),
        f"{'c' * 32}.json": b'{"kind": "x"}',
        f"{'d' * 32}.part": b"x",
        f"{'e' * 31}.npy": b"x",
    }
    for name, raw in foreign.items():
        (cache / name).write_bytes(raw)
        os.utime(cache / name, (1, 1))
    stale = cache / f"{'f' * 32}.npy.12-34-00ff00ff.part"
    stale.write_bytes(b"x")
    os.utime(stale, (1, 1))
    for size in (8, 9):
        cached_pixels(table_of(root), size, folder=cache, max_gb=0)
    assert {o: (cache / o).read_bytes() for o in foreign} == foreign and not stale.exists()
    ours = [p for p in files(cache) if p.name not in foreign]
    assert len(ours) == 1  # of the two made here, the older one went


def test_a_file_that_vanishes_meanwhile_or_cannot_go_does_no_harm(root, cache, monkeypatch):
    for size in (8, 9):
        cached_pixels(table_of(root), size, folder=cache)
    real = Path.stat

    def vanishing(self, **kwargs):
        if (
            self.suffix == ".npy"
            and self.parent == cache
            and content_key(table_of(root), 8) in self.name
        ):
            raise FileNotFoundError(errno.ENOENT, "gone")
        return real(self, **kwargs)

    with monkeypatch.context() as m:
        m.setattr(Path, "stat", vanishing)
        assert isinstance(cached_pixels(table_of(root), 10, folder=cache, max_gb=0)[1], np.memmap)

    def in_use(self, missing_ok=False):
        if self.suffix == ".npy":
            raise PermissionError(errno.EACCES, "in use")
        return os.path.exists(self) and os.unlink(self)

    with monkeypatch.context() as m:
        m.setattr(Path, "unlink", in_use)
        assert isinstance(cached_pixels(table_of(root), 11, folder=cache, max_gb=0)[1], np.memmap)


# ---- odd arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, True, False, 1.5, 16.0, "16", None, np.float32(4)])
def test_odd_sizes_are_refused(root, cache, size):
    with pytest.raises(ValueError, match="size is .*whole number from 1"):
        cached_pixels(table_of(root), size, folder=cache)
    assert not cache.exists()


@pytest.mark.parametrize("on_error", ["ignore", "Skip", "", None, True])
def test_odd_policies_are_refused(root, cache, on_error):
    with pytest.raises(ValueError, match="on_error is .*'stop'.*'skip'"):
        cached_pixels(table_of(root), 16, on_error, folder=cache)
    assert not cache.exists()


def test_an_empty_table_is_refused(root, cache):
    with pytest.raises(ValueError, match="'some' has no rows"):
        cached_pixels(table_of(root).subset([]), 16, folder=cache)
    assert not cache.exists()


def test_memory_that_does_not_suffice_is_not_taken_for_a_full_disk(root, cache, monkeypatch):
    def decode(*args):
        raise MemoryError

    monkeypatch.setattr(pixels, "decode_each", decode)
    with pytest.raises(MemoryError):
        cached_pixels(table_of(root), 16, folder=cache)
    assert not files(cache) and not files(cache, ".part")


def test_the_list_of_bad_rows_is_readable_text(broken, cache):
    skipped(broken, cache, "2 of 7")
    said = json.loads(files(cache, ".json")[0].read_text(encoding="utf-8"))
    assert (
        list(said["bad"]) == ["2", "5"]
        and "2.png" in said["bad"]["2"]
        and said["shape"] == [7, 16, 16, 3]
    )


# ---- digests of what was written ---------------------------------------------------------------


def rewrite(path, change):
    raw = bytearray(path.read_bytes())
    change(raw)
    path.write_bytes(raw)


def at(i, how):
    def change(raw):
        raw[i] = how(raw[i])

    return change


def zero_half(raw):
    raw[len(raw) // 2 :] = bytes(len(raw) - len(raw) // 2)


WRONG_PIXELS = {
    "one bit of the last byte": at(-1, lambda o: o ^ 1),
    "one byte of the first picture": at(130, lambda o: o ^ 255),
    "a byte in the middle": at(3000, lambda o: (o + 1) % 256),
    "a second half of zeros": zero_half,
}


@pytest.mark.parametrize("what", WRONG_PIXELS)
@pytest.mark.parametrize("same_date", [False, True])
def test_pixels_that_changed_on_the_disk_are_noticed(root, cache, what, same_date):
    table = table_of(root)
    cached_pixels(table, 16, folder=cache)
    (path,) = files(cache)
    stamp = path.stat()
    rewrite(path, WRONG_PIXELS[what])
    if same_date:
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    _, images = cached_pixels(table, 16, folder=cache)
    np.testing.assert_array_equal(images, decode_images(table, 16))
    np.testing.assert_array_equal(np.load(path), images)  # and mended


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10**6), st.integers(1, 255), st.booleans())
def test_any_changed_byte_of_array_or_list_is_harmless(
    squares, tmp_path_factory, where, other, in_list
):
    folder, table = tmp_path_factory.getbasetemp() / "bytes", squares.subset(np.arange(5))
    cached_pixels(table, 5, folder=folder)
    path = folder / f"{content_key(table, 5)}.npy"
    if in_list:
        path = path.with_suffix(".json")
    rewrite(path, lambda raw: raw.__setitem__(where % len(raw), raw[where % len(raw)] ^ other))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same, images = cached_pixels(table, 5, folder=folder)
    assert same is table
    np.testing.assert_array_equal(images, decode_images(table, 5))


def test_a_false_list_of_bad_rows_is_not_believed(root, cache):
    table = table_of(root)
    cached_pixels(table, 16, folder=cache)
    (path,) = files(cache, ".json")
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"bad": {"3": "train.csv row 5: 3.png can't be decoded"}}))
    same, images = cached_pixels(table, 16, "skip", folder=cache)
    assert same is table and len(images) == 7


def test_the_list_of_another_array_is_not_believed(root, cache):
    for size in (4, 5):
        cached_pixels(table_of(root), size, folder=cache)
    a, b = files(cache, ".json")
    a.write_bytes(b.read_bytes())
    for size in (4, 5):
        np.testing.assert_array_equal(
            cached_pixels(table_of(root), size, folder=cache)[1],
            decode_images(table_of(root), size),
        )


def test_pixels_are_compared_once_in_a_process(root, cache, monkeypatch):
    sums, real = [], pixel_files._checksum
    monkeypatch.setattr(pixel_files, "_checksum", lambda images: (sums.append(1), real(images))[1])
    for _ in range(4):
        cached_pixels(table_of(root), 16, folder=cache)
    assert len(sums) == 1


def test_too_little_memory_today_is_tried_again_tomorrow(root, cache, monkeypatch):
    from mlc_course.data import pictures

    real = pictures._square

    def greedy(image, *args):
        if image.size == (23, 27):
            raise MemoryError  # 3.png
        return real(image, *args)

    with monkeypatch.context() as m:
        m.setattr(pictures, "_square", greedy)
        skipped(table_of(root), cache, r"1 of 7 .*3\.png was not decoded: it takes more memory")
    same, images = cached_pixels(table_of(root), 16, "skip", folder=cache)
    np.testing.assert_array_equal(images, decode_images(same, 16))
    assert len(images) == 7


@pytest.mark.skipif(os.name == "nt", reason="no pipes like these on Windows")
def test_a_pipe_among_the_files_does_not_hang(root, cache):
    (root / "3.png").unlink()
    os.mkfifo(root / "3.png")
    good, _, _ = skipped(table_of(root), cache, r"1 of 7 .*3\.png: it is a pipe")
    assert len(good) == 6


def test_the_old_path_still_works():
    from mlc_course import pixels as lesson

    assert (
        lesson.cached_pixels is cached_pixels
        and lesson.content_key is pixels.content_key
        and lesson.DECODER == pixels.DECODER
    )
