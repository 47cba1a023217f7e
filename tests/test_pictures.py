"The decoder: what it opens, what it refuses and how, and how much memory it takes."

import io
import os
import random
import re
import struct
import subprocess
import sys
import types
import warnings
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mlc_course.data import files, opening, pictures
from mlc_course.data.files import find_image_files, formats_for, image_suffixes, looks_like_image
from mlc_course.data.pictures import (
    IMAGE_SUFFIXES,
    check_image,
    decode_images,
    load_image,
    square_pixels,
)
from mlc_course.machine import usable_cores
from mlc_course.tables import ImageTable


def noise(height, width, channels=3, seed=0):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def refused(path):
    "What both ways to decode a file say of it."
    with pytest.raises((ValueError, FileNotFoundError)) as told:
        load_image(path)
    with pytest.raises(type(told.value)):
        square_pixels(path, 8)
    with pytest.raises(type(told.value)):
        check_image(path)
    assert str(path) in str(told.value) and "out of the table" not in str(told.value)
    return str(told.value)


# ---- the same pixels as the plain way ----------------------------------------------------------
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "1", "CMYK"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_bands_give_the_pixels_of_the_whole(tmp_path, monkeypatch, mode, turn):
    monkeypatch.setattr(pictures, "BAND", 700)
    image = Image.fromarray(noise(61, 83)).convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(noise(61, 83, 1, seed=1)))
    exif = Image.Exif()
    exif[0x0112] = turn
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(path, exif=exif.tobytes() if path.suffix == ".png" else exif)
    with Image.open(path) as raw:
        plain = ImageOps.exif_transpose(raw)
        if mode in ("RGBA", "LA"):
            plain = plain.convert("RGBA")
            plain = Image.alpha_composite(Image.new("RGBA", plain.size, "white"), plain)
        plain = plain.convert("RGB")
    np.testing.assert_array_equal(load_image(path), plain)
    for size in (1, 7, 61, 90):
        expected = np.asarray(plain.resize((size, size), Image.Resampling.BILINEAR))
        np.testing.assert_array_equal(square_pixels(path, size), expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 60), st.integers(1, 8), st.booleans())
def test_bands_equal_one_resize_for_any_size(width, height, size, turn, alpha):
    image = Image.fromarray(noise(height, width, 4 if alpha else 3), "RGBA" if alpha else "RGB")
    image.getexif()[0x0112] = turn
    expected = np.asarray(pictures.to_rgb(ImageOps.exif_transpose(image)).resize((size, size), 2))
    band, pictures.BAND = pictures.BAND, 50
    try:
        np.testing.assert_array_equal(square_pixels(image, size), expected)
    finally:
        pictures.BAND = band


def test_sixteen_bits_in_bands(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "BAND", 100)
    values = np.random.default_rng(0).integers(0, 65536, (40, 50)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(load_image(tmp_path / "a.png"))[..., 1], expected)


def test_an_absurdly_high_image_takes_little_memory(tmp_path):
    Image.fromarray(np.tile(np.repeat([[0], [200]], 300_000, 0), (1, 4)).astype(np.uint8)).save(
        tmp_path / "a.png"
    )
    got = square_pixels(tmp_path / "a.png", 128)
    assert (got[:60] == 0).all() and (got[68:] == 200).all()


# ---- memory ------------------------------------------------------------------------------------
# not resource's ru_maxrss, which a new process takes over from the one that started it
HIGHEST = """
def highest():
    with open("/proc/self/status") as f:
        return next(int(l.split()[1]) // 1024 for l in f if l.startswith("VmHWM"))
"""
PEAK = (
    HIGHEST
    + """
import sys
from mlc_course.data import pictures
before = highest()
try:
    getattr(pictures, sys.argv[2])(sys.argv[1], *map(int, sys.argv[3:]))
    said = "read"
except ValueError as e:
    said = str(e)
print(highest() - before, said)
"""
)


def peak(path, what, *args):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PEAK, str(path), what, *map(str, args)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    megabytes, said = done.stdout.strip().split(" ", 1)
    return int(megabytes), said


LARGE = {  # what to save, and whether the square of it is read
    "16 bits.png": (lambda p: Image.fromarray(np.zeros((9400, 9400), np.uint16)).save(p), True),
    "1 bit.png": (lambda p: Image.new("1", (9400, 9400)).save(p), True),
    "palette.png": (lambda p: Image.new("P", (9400, 9400)).save(p, transparency=0), True),
    "alpha.png": (
        lambda p: Image.new("RGBA", (8000, 8000), (9, 9, 9, 9)).save(p, compress_level=1),
        True,
    ),
    "progressive.jpg": (lambda p: Image.new("RGB", (8000, 8000)).save(p, progressive=True), True),
    "cmyk.jpg": (lambda p: Image.new("CMYK", (8000, 8000)).save(p), True),
    "web.webp": (lambda p: Image.new("RGB", (6000, 6000)).save(p, method=0), False),
    "web.avif": (lambda p: Image.new("RGB", (8000, 6000)).save(p, speed=10), False),
    "j.jp2": (lambda p: Image.new("RGB", (4500, 4500)).save(p), False),
    "one strip.tif": (
        lambda p: Image.new("RGB", (8000, 8000)).save(
            p, compression="tiff_lzw", tiffinfo={278: 8000}
        ),
        False,
    ),
    "frames.gif": (
        lambda p: Image.new("P", (5000, 7000)).save(
            p, save_all=True, append_images=[Image.new("P", (5000, 7000), 1)]
        ),
        True,
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the highest memory is asked of Linux")
@pytest.mark.parametrize("name", LARGE)
def test_any_file_is_decoded_within_350_megabytes_or_refused(tmp_path, name):
    save, read = LARGE[name]
    save(tmp_path / name)
    for what, size in (("square_pixels", [64]), ("load_image", []), ("check_image", [])):
        megabytes, said = peak(tmp_path / name, what, *size)
        assert megabytes < 350, what
        if what == "square_pixels":
            assert (said == "read") == read
        if said != "read":
            assert re.search(
                rf"{name} "
                r"was not decoded: it has \d+ x \d+ pixels \(.*MB are allowed.*at most [\d.]+ "
                r"million",
                said,
            )


def test_a_jpeg_too_large_for_memory_is_read_smaller(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    Image.fromarray(np.full((400, 600, 3), (200, 30, 90), np.uint8)).save(path)
    whole = square_pixels(path, 32)
    monkeypatch.setattr(opening, "MEMORY", 400e3)
    assert load_image(path).size == (300, 200)
    assert np.abs(square_pixels(path, 32).astype(int) - whole).max() <= 3
    monkeypatch.setattr(opening, "MEMORY", 1e3)
    assert "600 x 400 pixels" in refused(path)


def test_an_icon_that_holds_a_larger_image_is_refused(tmp_path):
    inside = io.BytesIO()
    Image.new("L", (3000, 3000)).save(inside, "PNG")
    entry = struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, inside.tell(), 22)
    (tmp_path / "a.ico").write_bytes(struct.pack("<HHH", 0, 1, 1) + entry + inside.getvalue())
    assert "3000" in refused(tmp_path / "a.ico")


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of memory")])
def test_where_the_memory_ends_the_file_is_named_and_others_go_on(tmp_path, monkeypatch, error):
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (8 if name == "b.png" else 9, 9)).save(tmp_path / name)
    real = pictures._square

    def greedy(image, *args):
        if image.width == 8:
            raise error
        return real(image, *args)

    monkeypatch.setattr(pictures, "_square", greedy)
    table = ImageTable(
        pd.DataFrame(dict(fname=["a.png", "b.png", "c.png"], labels=[["x"]] * 3, split="train")),
        tmp_path,
    )
    with pytest.raises(ValueError, match="row 1: .*b.png was not decoded: it takes more memory"):
        decode_images(table, 4)
    from mlc_course.pixels import cached_pixels

    with pytest.warns(UserWarning, match="b.png"):
        kept, images = cached_pixels(table, 4, "skip", folder=tmp_path / "cache")
    assert kept.fnames() == ["a.png", "c.png"] and len(images) == 2


# ---- what is never opened ----------------------------------------------------------------------
def test_no_program_is_started_for_postscript(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("gs", "gswin64c", "gswin32c", "gswin64", "gswin32", "inkscape", "convert"):
        (programs / name).write_text(f"#!/bin/sh\necho {name} >> {tmp_path / 'started'}\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    image = io.BytesIO()
    Image.new("RGB", (20, 20)).save(image, "EPS")
    with warnings.catch_warnings(), pytest.raises(Exception):
        warnings.simplefilter("ignore")
        Image.open(image).load()
    assert (tmp_path / "started").read_text() == "gs\n"  # the trap works
    (tmp_path / "started").unlink()
    dos = (
        b"\xc5\xd0\xd3\xc6"
        + struct.pack("<II", 30, len(image.getvalue()))
        + bytes(18)
        + image.getvalue()
    )
    for name, raw in {
        "a.jpg": image.getvalue(),
        "b.eps": image.getvalue(),
        "c.png": dos,
        "d.tga": image.getvalue(),
        "e": image.getvalue(),
    }.items():
        (tmp_path / name).write_bytes(raw)
        assert "EPS" in refused(tmp_path / name)
    table = ImageTable(
        pd.DataFrame(dict(fname=["a.jpg", "b.eps"], labels=[["x"]] * 2, split="train")), tmp_path
    )
    assert len(table.verify()) == 2 and not (tmp_path / "started").exists()


def test_only_formats_that_are_decoded_here():
    from PIL import PngImagePlugin

    Image.init()
    for path in ("a.jpg", "a.eps", "a.wmf", "a.fits", "a.tga"):
        assert not {
            "EPS",
            "WMF",
            "FITS",
            "GRIB",
            "BUFR",
            "HDF5",
            "IPTC",
            "PDF",
            "FPX",
            "MIC",
            "MPEG",
        } & set(formats_for(path))
        assert set(formats_for(path)) <= set(Image.OPEN) | {"HEIF"}
    known = Image.registered_extensions()
    for form, suffixes in files.SAFE_FORMATS.items():
        for suffix in suffixes:
            assert known.get(suffix, form) in (form, "MPO") and (
                suffix in image_suffixes() or form in ("HEIF", "AVIF")
            )
    assert IMAGE_SUFFIXES == image_suffixes() and PngImagePlugin.MAX_TEXT_CHUNK <= 2**20


REFUSED = {
    "a.heic": (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC.*pip install pillow-heif"),
    "b.jpg": (b"\0\0\0\x1cftypmif1" + bytes(99), "HEIC.*pip install pillow-heif"),
    "c.jpg": (bytes(128) + b"DICM" + bytes(50), "DICOM"),
    "d.png": (b"<?xml version='1.0'?>\n<!-- x -->\n<svg/>", "SVG"),
    "e.svg": (b"nothing", "SVG"),
    "f.jpg": (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "web page.*fetch the file again"),
    "g.jpg": (b"PK\x03\x04" + bytes(40), "ZIP"),
    "h.png": (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "i.jpg": (b"%PDF-1.4", "PDF"),
    "j.jxl": (b"\xff\x0a" + bytes(30), "JPEG XL"),
    "k.nef": (b"MM\0*" + bytes(60), "raw file"),
    "l.jpg": (b"\0\0\0\x18ftypisom" + bytes(30), "film"),
    "m.jpg": (b"\0\5\x16\7\0\2\0\0Mac OS X", "macOS"),
    "n.png": (b"\x93NUMPY\x01\0", "NumPy"),
    "o.jpg": (b"SIMPLE  =  T", "FITS"),
    "p.jpg": (b"\xd7\xcd\xc6\x9a" + bytes(40), "metafile"),
    "q.jpg": (b"\x89HDF\r\n", "HDF5"),
    "r.jpg": (b"", "empty.*Fetch the file again"),
    "s.jpg": (b"fname,labels\n", "not an image that Pillow knows; it starts with b'fname,labels"),
    "t.jpg": (b"\xff\xd8\xff\xe0" + bytes(50), "t.jpg"),
    "u$a$.jpg": (b"\0", "not an image"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_is_named_with_a_remedy_that_helps(tmp_path, name):
    raw, why = REFUSED[name]
    (tmp_path / name).write_bytes(raw)
    said = refused(tmp_path / name)
    assert re.search(why, said), said
    if name[0] not in "frstu":
        assert "again" not in said  # to fetch it again wouldn't help


def test_the_content_counts_and_not_the_name(tmp_path):
    image = Image.fromarray(noise(20, 30))
    for name, form in {
        "a.heic": "JPEG",
        "b.png": "JPEG",
        "c.jpg": "PNG",
        "d.nef": "JPEG",
        "e": "PNG",
        "f.svg": "WEBP",
        "g.txt": "GIF",
    }.items():
        image.save(tmp_path / name, form)
        assert load_image(tmp_path / name).size == (30, 20)
    image.save(tmp_path / "h.tga")
    assert load_image(tmp_path / "h.tga").size == (30, 20)


def test_the_thumbnail_of_a_raw_file_is_not_taken_for_the_image(tmp_path):
    image = Image.new("RGB", (16, 12))
    image.save(tmp_path / "a.nef", "TIFF")
    image.save(tmp_path / "b.tif", tiffinfo={50706: b"\1\4\0\0"})
    for name in ("a.nef", "b.tif"):
        assert "raw file" in refused(tmp_path / name)


def test_heic_is_read_where_the_plug_in_is(tmp_path, monkeypatch):
    def register():
        from PIL import ImageFile

        class Heif(ImageFile.ImageFile):
            format = "HEIF"

            def _open(self):
                self._size, self._mode = (4, 4), "RGB"

            def load(self):
                self.im = Image.new("RGB", (4, 4), "red").im

        Image.register_open("HEIF", Heif, lambda head: head[4:12] == b"ftypheic")

    fake = types.ModuleType("pillow_heif")
    fake.register_heif_opener = register
    fake.__spec__ = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "pillow_heif", fake)
    monkeypatch.setattr(files, "find_spec", lambda name: object())
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    files.register_heif.cache_clear()
    try:
        (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
        assert ".heic" in image_suffixes() and load_image(tmp_path / "a.heic").getpixel((0, 0)) == (
            255,
            0,
            0,
        )
    finally:
        files.register_heif.cache_clear()


# ---- what isn't a file -------------------------------------------------------------------------
@pytest.mark.skipif(os.name == "nt", reason="no pipes and links like these on Windows")
def test_folders_pipes_devices_and_loops_are_refused_at_once(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    os.mkfifo(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").symlink_to("/dev/zero")
    (tmp_path / "d.jpg").symlink_to("d.jpg")
    (tmp_path / "e.jpg").symlink_to("nowhere")
    for name, why in {
        "a.jpg": "folder",
        "b.jpg": "a pipe or a device",
        "c.jpg": "a pipe or a device",
        "d.jpg": "links",
        "e.jpg": "link to a file that isn't there",
    }.items():
        with pytest.raises(FileNotFoundError, match=f"no image file .*{name}: .*{why}"):
            load_image(tmp_path / name)
        assert why in refused(tmp_path / name)
    assert "no image file" in refused(tmp_path / ("x" * 300 + ".jpg"))
    assert "no image file" in refused(tmp_path / "nul\0.jpg")
    table = ImageTable(
        pd.DataFrame(
            dict(fname=["a.jpg", "b.jpg", "c.jpg", "d.jpg"], labels=[["x"]] * 4, split="train")
        ),
        tmp_path,
    )
    assert len(table.verify()) == 4


def test_no_permission_is_told(tmp_path, monkeypatch):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")

    def no(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", no)
    said = refused(tmp_path / "a.png")
    assert "Permission denied" in said and "again" not in said


# ---- names in a folder -------------------------------------------------------------------------
def test_files_of_a_folder(tmp_path):
    for name in (
        "b/x.png",
        "A.JPG",
        "c.heic",
        "d.svg",
        "._A.JPG",
        ".thumbs/t.jpg",
        "__MACOSX/y.jpg",
        "@eaDir/z.jpg",
        "notes.txt",
        "Thumbs.db",
        "labels.csv",
        "a.jpg.part",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [p.relative_to(tmp_path).as_posix() for p in find_image_files(tmp_path)] == [
        "A.JPG",
        "b/x.png",
        "c.heic",
        "d.svg",
    ]
    assert find_image_files(tmp_path / ".thumbs") == [
        tmp_path / ".thumbs/t.jpg"
    ]  # where it is pointed at
    assert all(
        looks_like_image(f"a{s.upper()}") for s in (*IMAGE_SUFFIXES, ".heic", ".dcm", ".cr2")
    )
    assert not any(
        looks_like_image(o) for o in ("a", "jpg", "a.txt", "a.jpg.part", "a.csv", "a.mp4", "a.npy")
    )


# ---- damaged files of every kind ---------------------------------------------------------------
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth=8, colour=2, data=b"", more=b"", bomb=0):
    squeezed = zlib.compress(bytes(bomb)) if bomb else zlib.compress(data)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + more
        + chunk(b"IDAT", squeezed)
        + chunk(b"IEND", b"")
    )


FORMS = [
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
    "TGA",
    "JPEG2000",
    "AVIF",
    "ICO",
    "PCX",
    "SGI",
    "QOI",
    "DDS",
]
SUFFIX = {"JPEG": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}
ODD = {
    "no size.png": png(0, 0),
    "huge.png": png(2**31 - 1, 2**31 - 1),
    "just too large.png": png(9500, 9500),
    "bomb.png": png(10, 10, bomb=50_000_000),
    "no data.png": png(50, 50),
    "odd depth.png": png(5, 5, depth=7),
    "profile bomb.png": png(
        5, 5, data=bytes(80), more=chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(30_000_000)))
    ),
    "text bomb.png": png(
        5, 5, data=bytes(80), more=chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(30_000_000)))
    ),
    "huge.bmp": b"BM"
    + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 30000, 30000, 1, 24, 0, 0, 0, 0, 0, 0)
    + bytes(6),
    "negative.bmp": b"BM"
    + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, -5, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0)
    + bytes(6),
    "huge.gif": b"GIF89a"
    + struct.pack("<HH", 65535, 65535)
    + b"\x80\0\0"
    + bytes(6)
    + b",\0\0\0\0"
    + struct.pack("<HH", 65535, 65535)
    + b"\0\x02\x02\x4c\x01\0;",
    "huge.ppm": b"P6\n30000 30000\n255\nxx",
    "plain.ppm": b"P3\n2 2\n255\n1 2 x",
    "no max.pgm": b"P5\n2 2\n0\n1234",
    "floats.pfm": b"PF\n2 2\n-1.0\n" + bytes(48),
    "huge.tif": b"II*\0\x08\0\0\0\x03\0"
    + struct.pack("<HHIIHHIIHHII", 256, 4, 1, 60000, 257, 4, 1, 60000, 258, 3, 1, 8)
    + bytes(4),
    "loop.tif": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
    "huge.qoi": b"qoif" + struct.pack(">IIBB", 60000, 60000, 3, 0) + bytes(9),
    "random.jpg": b"\xff\xd8\xff\xe0" + random.Random(0).randbytes(3000),
}


def whole(form):
    out = io.BytesIO()
    Image.fromarray(noise(30, 40)).save(out, form)
    return out.getvalue()


def fuzzed():
    "(name, bytes) of damaged files: cut, bits turned, a header of something else, bytes repeated."
    r = random.Random(0)
    for form in FORMS:
        raw, end = whole(form), SUFFIX.get(form, form.lower())
        for share in (0.02, 0.3, 0.7, 0.98):
            yield f"{form} cut {share}.{end}", raw[: int(share * len(raw))]
        for k in range(12):
            bad = bytearray(raw)
            for _ in range(r.choice([1, 3, 20])):
                bad[r.randrange(min(len(bad), 10**9 if k % 2 else 80))] ^= 1 << r.randrange(8)
            yield f"{form} bits {k}.{end}", bytes(bad)
        yield f"{form} zeros.{end}", raw[:60] + bytes(len(raw) - 60)
        yield f"{form} twice.{end}", raw + raw
        yield f"{form} of another.{end}", whole("PNG")[:30] + raw[30:]


FUZZ = (
    HIGHEST
    + """
import sys
from pathlib import Path
from mlc_course.data.pictures import load_image, square_pixels
for path in sorted(Path(sys.argv[1]).iterdir()):
    for decode in (load_image, lambda p: square_pixels(p, 16)):
        try: decode(path)
        except (ValueError, FileNotFoundError) as e: assert str(path) in str(e), (path, e)
print("done", highest() if sys.platform == "linux" else 0)
"""
)


def test_damaged_files_are_named_or_read_in_bounded_memory_and_never_crash(tmp_path):
    all_ = {**dict(fuzzed()), **ODD}
    assert len(all_) > 280
    for name, raw in all_.items():
        (tmp_path / name).write_bytes(raw)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FUZZ, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("done")
    assert int(done.stdout.split()[1]) < 400  # the program itself takes about 60


def test_pixels_beyond_number_are_told_in_millions(tmp_path):
    (tmp_path / "a.png").write_bytes(png(50_000, 50_000))
    (tmp_path / "b.png").write_bytes(png(9500, 10_000))
    assert "it has 2,500 million pixels, and more than 89 million are refused" in refused(
        tmp_path / "a.png"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "it has 9500 x 10000 pixels, and more than 89 million are refused" in refused(
            tmp_path / "b.png"
        )


@pytest.mark.parametrize(
    "name", [o for o in ODD if o not in ("bomb.png", "profile bomb.png", "text bomb.png")]
)
def test_odd_headers_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(ODD[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused(tmp_path / name)


# ---- cores -------------------------------------------------------------------------------------
def group(folder, **contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name.replace("_", ".", 1)).write_text(text)


def test_cores_follow_affinity_and_the_quota_of_the_container(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    root = tmp_path / "v2"
    group(root, cpu_max="max 100000\n")
    assert usable_cores(root, own) == 16
    group(root / "a", cpu_max="250000 100000\n")
    group(root / "a/b", cpu_max="400000 100000\n")
    assert usable_cores(root, own) == 3  # the tightest, rounded up
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5, 7}, raising=False)
    assert usable_cores(root, own) == 2
    group(root, cpu_max="1000 100000\n")
    assert usable_cores(root, own) == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    old = tmp_path / "v1"
    own.write_text("4:memory:/x\n3:cpu,cpuacct:/x\n")
    for where, quota in (("cpu,cpuacct/x", "500000"), ("cpu,cpuacct", "-1")):
        (old / where).mkdir(parents=True, exist_ok=True)
        (old / where / "cpu.cfs_quota_us").write_text(quota)
        (old / where / "cpu.cfs_period_us").write_text("100000")
    assert usable_cores(old, own) == 5
    assert usable_cores(tmp_path / "nothing", tmp_path / "none") == 16
    own.write_text("nonsense\n")
    (old / "cpu.max").write_text("x y z")
    assert usable_cores(old, own) == 16


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_an_image_that_was_turned_once_is_not_turned_again(tmp_path, orientation, form):
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :10], pixels[:5, :, 0] = 255, 200
    exif, path = Image.Exif(), tmp_path / f"turned.{form.lower()}"
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, form, exif=exif)
    np.testing.assert_array_equal(square_pixels(load_image(path), 32), square_pixels(path, 32))
