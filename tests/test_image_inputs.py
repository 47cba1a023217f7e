"""Odd files and folders: read, or named with what to do; never passed over, never blamed for
another fault.
"""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mlc_course.data.files import find_image_files, looks_like_image
from mlc_course.data.pictures import decode_images, load_image, square_pixels
from mlc_course.tables import ImageTable
from mlc_course.tools.describe import warnings_of
from mlc_course.tools.predict import find_images

NO_IMAGES = {".h5", ".hdf", ".grib", ".bufr", ".pdf", ".mpg", ".mpeg"}


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.full((12, 9, 3), 200, np.uint8)).save(path)
    return path


def test_every_suffix_that_pillow_registers_for_images_is_read_or_named():
    Image.init()
    passed_over = {e for e in Image.registered_extensions() if not looks_like_image("a" + e)}
    assert passed_over <= NO_IMAGES


def test_a_file_of_a_rare_format_is_found_and_refused_by_its_name(tmp_path, photo):
    for suffix in (".im", ".msp"):
        image = Image.open(photo).convert("1")
        image.save(tmp_path / f"b{suffix}")
        assert tmp_path / f"b{suffix}" in find_image_files(tmp_path)
        with pytest.raises(ValueError, match=f"it is {suffix[1:].upper()}, which isn't read here"):
            load_image(tmp_path / f"b{suffix}")


@pytest.mark.parametrize("size", [0, -1, 2.5, "8", None, True])
def test_a_wrong_size_is_not_blamed_on_the_file(photo, size):
    for call in (square_pixels, lambda p, s: decode_images([p], s)):
        with pytest.raises(ValueError, match="give the side in pixels"):
            call(photo, size)


@pytest.mark.parametrize(
    "given, part",
    [
        (io.BytesIO(b"x"), "to a file first"),
        (None, "takes a path"),
        (3, "takes a path"),
        (Image.new("RGB", (2, 2)), r"path.convert\('RGB'\)"),
        (b"a.jpg", "takes a path"),
    ],
)
def test_what_is_no_path_is_refused_in_a_sentence(given, part):
    with pytest.raises(TypeError, match=part):
        load_image(given)


def test_an_address_is_not_a_file():
    for address in ("https://x.org/a.jpg", Path("http://x.org/a.jpg"), "s3://bucket/a.jpg"):
        with pytest.raises(FileNotFoundError, match="download it"):
            load_image(address)


def test_a_pattern_gives_each_file_once_and_no_litter(tmp_path, photo):
    (tmp_path / "sub").mkdir()
    (tmp_path / "@eaDir").mkdir()
    for name in ("sub/b.png", "@eaDir/a.png"):
        (tmp_path / name).write_bytes(photo.read_bytes())
    os.symlink(".", tmp_path / "loop")
    os.symlink("a.png", tmp_path / "link.png")
    found = [p.relative_to(tmp_path).as_posix() for p in find_images([str(tmp_path / "**/*.png")])]
    assert found == ["a.png", "link.png", "sub/b.png"]
    assert find_images([str(tmp_path / "@eaDir/*.png")]) == [tmp_path / "@eaDir/a.png"]


def test_a_column_that_looks_like_groups_is_checked_too():
    df = pd.DataFrame(
        dict(
            fname=[f"{i}.jpg" for i in range(6)],
            labels=[["a"]] * 6,
            split=["train", "test"] * 3,
            patient=["p", "p", "q", "r", "", ""],
        )
    )
    said = " ".join(warnings_of(ImageTable(df, ".")))
    assert "1 groups of the column 'patient'" in said and "p in train and test" in said
    assert "--group-column 'patient'" in said
    apart = df.assign(patient=["p", "q", "p", "q", "", ""])
    assert "patient" not in " ".join(warnings_of(ImageTable(apart, ".")))
