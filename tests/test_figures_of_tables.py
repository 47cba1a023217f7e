"Figures of the lessons on tables and DataBlocks show what they are given."

import numpy as np
import pytest
from PIL import Image

from mlc_course.data.pictures import load_image
from mlc_course.figures import datablocks, tables
from mlc_course.postcards import make_postcards

LAYOUTS = ("pascal", "nus_wide", "movie_posters", "cars")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("layouts")
    few = dict(n=20, seed=1, size=32, progress=False)
    return {o: make_postcards(root / o, layout=o, **few) for o in LAYOUTS}


@pytest.mark.parametrize(
    "layout, file, start",
    [
        ("pascal", "train.csv", "fname,labels,is_valid\n"),
        ("nus_wide", "train.json", '{"samples": [{"image_name": '),
        ("movie_posters", "MovieGenre.csv", "imdbId,Imdb Link,Title,"),
        ("cars", "cars_annos.mat", "relative_im_path car_ims/000001.jpg\n"),
    ],
)
def test_the_head_of_a_file_is_its_beginning_without_links(folders, layout, file, start):
    text = tables.head_of(folders[layout] / file)
    assert text.startswith(start) and "http" not in text
    assert len(text.split("\n")) <= 9 and max(map(len, text.split("\n"))) <= 72


def test_each_layout_has_its_image_and_its_text(folders):
    fig = tables.layouts(folders)
    assert len(fig.axes) == 8
    for (image, text), name in zip(zip(fig.axes[::2], fig.axes[1::2]), LAYOUTS):
        assert len(image.images) == 1 and text.get_title("left").startswith(f"layout {name!r}")
        assert text.texts[0].get_text()


def test_the_odd_files_are_one_image_for_the_decoder(tmp_path):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    image = small.resize((42, 30), Image.Resampling.BICUBIC)
    grey, printed, turned, clear = tables.odd_files(image, tmp_path)
    assert Image.open(grey).mode == "I;16" and Image.open(printed).mode == "CMYK"
    assert np.array_equal(np.asarray(load_image(grey))[..., 0], np.asarray(image.convert("L")))
    assert Image.open(turned).size == (30, 42) and load_image(turned).size == image.size
    for file in (printed, turned):
        assert np.abs(np.asarray(load_image(file), float) - np.asarray(image)).mean() < 8
    seen, full = np.asarray(load_image(clear)), np.asarray(image)
    assert (seen[0, 0] == 255).all() and np.array_equal(seen[15, 21], full[15, 21])
    fig = tables.opened_twice([grey, printed, turned, clear])
    assert [ax.get_title() for ax in fig.axes[:4]] == [
        p.stem for p in (grey, printed, turned, clear)
    ]
    assert np.array_equal(fig.axes[4].images[0].get_array(), np.asarray(load_image(grey)))


def test_a_batch_shows_every_target_and_names_every_column():
    targets = np.array([[1, 0, 1], [0, 0, 0]], dtype=bool)
    images = np.zeros((2, 8, 8, 3), np.uint8)
    fig = datablocks.batch(images, targets, [["bird", "sun$"], []], ["bird", "car", "sun$"])
    left, right = fig.axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["bird, sun\\$", "(no label)"]
    assert [t.get_text() for t in right.get_xticklabels()] == ["bird", "car", "sun\\$"]
    assert [t.get_text() for t in right.texts] == list("101000")
    assert left.images[0].get_array().shape == (16, 8, 3)
