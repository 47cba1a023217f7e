"Odd files for the lesson on shipping are as odd as they say."

import zipfile

import numpy as np
import pytest
from PIL import Image

from mlc_course.data.pictures import square_pixels
from mlc_course.ship.odd_files import hide_in_zip, png_header, write_odd_images

REFUSED = {"empty.jpg", "cut off.jpg", "text.jpg", "bomb.png", "float.tiff"}


@pytest.fixture
def image():
    y, x = np.mgrid[0:40, 0:60]
    return Image.fromarray(np.stack([4 * x, 6 * y, x + y], -1).astype("uint8"))


def readable(path):
    try:
        return square_pixels(path, 16)
    except ValueError:
        return None


def test_five_are_refused_and_the_others_are_read(tmp_path, image):
    paths = write_odd_images(tmp_path / "odd", image)
    assert paths == sorted(paths) and len(paths) == 13
    assert {o.name for o in paths if readable(o) is None} == REFUSED


def test_the_same_image_in_another_form_gives_the_same_pixels(tmp_path, image):
    write_odd_images(tmp_path, image)
    for name in ("turned, EXIF says how.png", "with an alpha channel.png"):
        assert (square_pixels(tmp_path / name, 16) == square_pixels(image, 16)).all()
    with Image.open(tmp_path / "turned, EXIF says how.png") as turned:
        assert turned.size == image.size[::-1]  # it has to be turned


def test_a_bomb_is_small_and_announces_much(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_header(300, 200))
    assert len(png_header(50_000, 50_000)) < 100
    with Image.open(tmp_path / "bomb.png") as bomb:
        assert bomb.size == (300, 200)


def test_a_part_of_a_zip_is_exchanged_and_the_rest_stays(tmp_path):
    with zipfile.ZipFile(tmp_path / "sound.zip", "w") as sound:
        sound.writestr("data/inputs.pt", "numbers")
        sound.writestr("data/graph.json", "{}")
    (tmp_path / "gift").write_bytes(b"surprise")
    hidden = hide_in_zip(tmp_path / "sound.zip", "inputs", tmp_path / "gift", tmp_path / "new.zip")
    assert hidden == ["data/inputs.pt"]
    with zipfile.ZipFile(tmp_path / "new.zip") as found:
        assert (
            found.read("data/inputs.pt") == b"surprise" and found.read("data/graph.json") == b"{}"
        )
    with pytest.raises(ValueError, match="no part with 'weights'"):
        hide_in_zip(tmp_path / "sound.zip", "weights", tmp_path / "gift", tmp_path / "none.zip")
