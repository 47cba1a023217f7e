"""What the test files share: a small profile, and drawn pictures that are made once."""

import os
import sys

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLC_PROFILE", "smoke")

import pytest


@pytest.fixture(scope="session")
def smoke():
    "The smoke profile, whatever settings.ini chooses."
    from mlc_course.settings import load_profile

    return load_profile("smoke")


@pytest.fixture(scope="session")
def postcards(smoke):
    "The smoke profile's Postcards as an ImageTable; drawn in the data home at first use."
    from mlc_course.tables import open_dataset

    return open_dataset("postcards", profile=smoke)


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """An ImageTable of 120 pictures that can be learnt in seconds: coloured squares on noise, some
    without any.
    """
    import numpy as np
    import pandas as pd
    from PIL import Image

    from mlc_course.tables import ImageTable

    root, rng, rows = tmp_path_factory.mktemp("squares"), np.random.default_rng(0), []
    colours = {"blue": (40, 60, 230), "green": (40, 200, 60), "red": (230, 40, 50)}
    for i in range(120):
        image = rng.integers(90, 150, (40, 40, 3), dtype=np.uint8)
        labels = [name for name in colours if rng.random() < 0.4]
        for name in labels:
            y, x = rng.integers(0, 28, 2)
            image[y : y + 12, x : x + 12] = colours[name]
        Image.fromarray(image).save(root / f"{i:03}.png")
        # a later square may hide an earlier one; the pictures only have to be learnable, not clean
        rows.append(
            dict(
                fname=f"{i:03}.png",
                labels=labels,
                split=["train", "train", "train", "valid", "test"][i % 5],
            )
        )
    return ImageTable(pd.DataFrame(rows), root, vocab=sorted(colours), name="squares")


@pytest.fixture(autouse=True)
def figures_closed():
    "No figure of one test is there in the next."
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def with_a_broken_image(squares, tmp_path):
    "`squares` with one training image cut short, and that image's path."
    import shutil

    from mlc_course.tables import ImageTable

    root = tmp_path / "images"
    shutil.copytree(squares.root, root)
    table = ImageTable(squares.df, root, vocab=squares.vocab, name="squares")
    path = table.paths("train")[20]
    path.write_bytes(path.read_bytes()[:200])
    return table, path


@pytest.fixture
def tiny(smoke):
    "A profile that trains on `squares` in a few seconds."
    from dataclasses import replace

    return replace(
        smoke, image_size=32, batch_size=24, epochs=3, learning_rate=5e-3, precision="fp32"
    )


@pytest.fixture
def pictures(tmp_path):
    "A small data set in the PASCAL layout, without a test split."
    import numpy as np
    from PIL import Image

    root = tmp_path / "pictures"
    (root / "train").mkdir(parents=True)
    rng, rows = np.random.default_rng(0), ["fname,labels,is_valid"]
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(
            root / "train" / f"{i:06d}.jpg"
        )
        rows.append(f"{i:06d}.jpg,{['sun', 'moon', 'sun boat', ''][i % 4]},{i % 3 == 0}")
    (root / "train.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def chromium():
    "A headless browser; the tests that need it are skipped where there is none."
    api = pytest.importorskip(
        "playwright.sync_api", reason="the browser tests need Playwright: pip install playwright"
    )
    from web_kit import chromium_path

    if chromium_path() is None:
        pytest.skip("the browser tests need Chromium, and there is none on the PATH")
    with api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()
