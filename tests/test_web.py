"The predictor in the browser: the folder that is written, and in Chromium the answers of Python."

import json
import shutil
import subprocess

import numpy as np
import pytest
from predictor_kit import hand_made
from typer.testing import CliRunner
from web_kit import KINDS, ask, compare, serving, write_images

from mlc_course.predictor import Predictor
from mlc_course.ship.recipe import Recipe
from mlc_course.tools.cli import app
from mlc_course.web import folder as web
from mlc_course.web import runtime

STAND_IN = {name: b"stand-in" for name in runtime.RUNTIME}


@pytest.fixture
def predictor(tmp_path):
    return hand_made(tmp_path / "predictor")


@pytest.fixture
def no_runtime(monkeypatch):
    "The folder is written without fetching anything."
    monkeypatch.setattr(web, "fetch_runtime", lambda: dict(STAND_IN))


def export(*args):
    return CliRunner().invoke(app, ["export", *map(str, args)])


# ---- the folder ----------------------------------------------------------------------------------
def test_the_folder_holds_the_page_the_model_and_its_thresholds(predictor, no_runtime, tmp_path):
    out = web.write_web(predictor, tmp_path / "a" / "page", thresh=0.1)
    names = {o.name for o in out.iterdir()}
    assert {"index.html", "app.js", "resize.js", "style.css", *runtime.RUNTIME} <= names
    assert (out / "model.onnx").read_bytes() == (predictor / "model.onnx").read_bytes()
    kept = json.loads((out / "predictor.json").read_text())["thresholds"]
    assert set(kept) == {"red", "green", "blue"} and np.allclose(list(kept.values()), 0.1)
    with pytest.raises(ValueError, match="vocab"):
        web.write_web(predictor, tmp_path / "b", thresh=dict.fromkeys("rgb", 0.1))
    assert [o.name for o in out.parent.iterdir()] == ["page"]  # nothing is left beside it


def test_a_folder_is_replaced_only_when_asked_and_only_a_page(predictor, no_runtime, tmp_path):
    out = tmp_path / "page"
    web.write_web(predictor, out)
    (out / "app.js").write_text("old")
    with pytest.raises(FileExistsError, match="--force"):
        web.write_web(predictor, out)
    assert (out / "app.js").read_text() == "old"
    web.write_web(predictor, out, force=True)
    assert (out / "app.js").read_text() != "old"
    (out / "diary.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="diary.txt"):
        web.write_web(predictor, out, force=True)
    assert (out / "diary.txt").read_text() == "mine"


def test_a_failure_leaves_the_old_folder_and_nothing_beside(predictor, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "fetch_runtime", lambda: dict(STAND_IN))
    out = web.write_web(predictor, tmp_path / "web" / "page")
    before = (out / "index.html").read_bytes()

    def fails():
        raise RuntimeError("no npm")

    monkeypatch.setattr(web, "fetch_runtime", fails)
    with pytest.raises(RuntimeError):
        web.write_web(predictor, out, force=True)
    monkeypatch.setattr(web, "fetch_runtime", lambda: {"no/such/place": b""})
    with pytest.raises(OSError):
        web.write_web(predictor, out, force=True)
    assert (out / "index.html").read_bytes() == before
    assert [o.name for o in out.parent.iterdir()] == ["page"]


def test_a_filter_that_the_page_does_not_compute_is_refused_by_name():
    step = dict(do="resize", method="squish", size=[8, 8], resample="nearest")
    with pytest.raises(ValueError, match="'nearest'.*mlc demo"):
        web.check_recipe(dict(preprocessing=Recipe(8, "upright", (step,)).to_dict()))


def test_the_command_writes_a_page_and_says_how_to_open_it(predictor, no_runtime, tmp_path):
    said = export(predictor, "--web", tmp_path / "page", "--thresh", "0.25")
    assert said.exit_code == 0 and "python -m http.server" in said.output
    kept = json.loads((tmp_path / "page" / "predictor.json").read_text())
    assert set(kept["thresholds"].values()) == {0.25} and kept["thresholds_chosen"] == "given"
    assert json.loads((predictor / "predictor.json").read_text())["thresholds"]["red"] == 0.5
    again = export(predictor, "--web", tmp_path / "page")
    assert again.exit_code != 0 and "--force" in str(again.exception) + again.output
    alone = export(predictor, "--force")
    assert alone.exit_code != 0 and "--web" in str(alone.exception) + alone.output


# ---- onnxruntime's files -------------------------------------------------------------------------
def test_without_npm_and_cache_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="npm pack onnxruntime-web@") as e:
        runtime.fetch_runtime()
    assert str(runtime.runtime_home()) in str(e.value)


def test_a_wrong_file_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    home = runtime.runtime_home()
    home.mkdir()
    for name in runtime.RUNTIME:
        (home / name).write_bytes(b"something else")
    with pytest.raises(RuntimeError, match="no npm"):
        runtime.fetch_runtime()
    (home / runtime.ARCHIVE).write_bytes(b"no archive")
    with pytest.raises(RuntimeError, match="can't be unpacked"):
        runtime.fetch_runtime()


def test_an_npm_that_fails_or_hangs_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: name)
    failed = subprocess.CompletedProcess([], 1, "", "npm error network")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: failed)
    with pytest.raises(RuntimeError, match="npm error network.*npm pack"):
        runtime.fetch_runtime()


# ---- in Chromium ---------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    "An open page, its address, its predictor, image files beside it, and what it asked for."
    root = tmp_path_factory.mktemp("web")
    weights = np.float32([[0.2, 0.5, 0.3], [0, 1, 0], [1, 0, 0]])
    made = hand_made(root / "predictor", size=16, weights=weights)
    try:
        out = web.write_web(made, root / "site" / "page")
    except RuntimeError as e:
        pytest.skip(f"the page needs onnxruntime-web: {e}")
    asked, errors = [], []
    with serving(root / "site") as url:
        one = chromium.new_page()
        one.on("request", lambda r: asked.append(r.url))
        one.on("pageerror", lambda e: errors.append(str(e)))
        one.goto(url + "page/")
        one.wait_for_selector("body[data-ready]")
        one.asked, one.errors, one.folder, one.home = asked, errors, out, url + "page/"
        one.predictor = Predictor.load(made)
        yield one
        assert not errors


def choose(page, *files):
    "Choose files, and wait for the answers."
    done = int(page.evaluate("document.body.dataset.done || 0"))
    page.set_input_files("#files", [str(o) for o in files])
    page.wait_for_selector(f"body[data-done='{done + 1}']")


def test_every_kind_of_file_gets_the_answer_of_python_or_a_refusal(page):
    answered = set()
    for kind, path in write_images(page.folder / "files", len(KINDS), seed=1):
        what, off, dp, _ = compare(page, page.predictor, f"{page.home}files/{path.name}", path)
        assert what in ("equal", "refused", "both refuse"), (kind, what)
        assert off == 0 and dp <= 1e-5, (kind, off, dp)
        answered |= {kind} if what == "equal" else set()
    refused = set(KINDS) - answered
    assert {"JPEG CMYK", "JPEG cut off", "BMP 32 bits", "TIFF", "no image"} <= refused
    assert len(answered) > 40


def test_every_recipe_gives_the_bytes_of_python(page):
    rng = np.random.default_rng(2)
    filters = ("box", "bilinear", "hamming", "bicubic", "lanczos")
    for i in range(60):
        method = ("squish", "crop", "pad", "crop_pad")[i % 4]
        step = dict(do="resize", method=method, size=[16, 16], resample=str(rng.choice(filters)))
        if method == "crop_pad":
            step = dict(do="crop_pad", size=[16, 16])
        if "pad" in method:
            step["pad_mode"] = str(rng.choice(["zeros", "border", "reflection"]))
        first = dict(do="resize", method="squish", size=[20, 13], resample="bilinear")
        recipe = Recipe(16, "upright", (first, step) if i % 3 == 0 else (step,))
        image = rng.integers(0, 256, (*rng.integers(1, 90, 2), 3), dtype=np.uint8)
        found = page.evaluate(
            """async ([data, h, w, recipe]) => {
              const r = await import('./resize.js');
              return [...r.square(r.image(w, h, new Uint8Array(data)), recipe)];
            }""",
            [image.ravel().tolist(), *image.shape[:2], recipe.to_dict()],
        )
        assert (np.array(found) == recipe(image).ravel()).all(), recipe


def test_images_are_opened_as_fastai_does_where_the_folder_says_so(page):
    step = dict(do="resize", method="crop", size=[16, 16], resample="bilinear")
    recipe, answered = Recipe(16, "plain", (step,)), 0
    for kind, path in write_images(page.folder / "plain", len(KINDS), seed=4):
        found = page.evaluate(
            """async ([url, preprocessing]) => {
              const { pixelsOf } = await import('./answer.js');
              const file = await (await fetch(url)).blob();
              try { return [...(await pixelsOf({ spec: { preprocessing } }, file)).pixels]; }
              catch (e) { if (e.constructor.name !== 'Refused') throw e; return null; }
            }""",
            [f"{page.home}plain/{path.name}", recipe.to_dict()],
        )
        if found is not None:
            answered += 1
            assert (np.array(found) == recipe(path).ravel()).all(), kind
    assert answered > 35


def test_damaged_files_are_refused_where_python_refuses_them(page):
    rng = np.random.default_rng(6)
    for kind, path in write_images(page.folder / "damaged", len(KINDS), seed=5):
        data = bytearray(path.read_bytes())
        if "large" in kind or len(data) < 60:
            continue
        for at in rng.integers(8, min(len(data), 120), 2):
            data[at] = rng.integers(256)
        path.write_bytes(data[: int(rng.integers(len(data) // 2, len(data)))] if at % 2 else data)
        what, off, dp, _ = compare(page, page.predictor, f"{page.home}damaged/{path.name}", path)
        assert what in ("equal", "refused", "both refuse") and off == 0 and dp <= 1e-5, (kind, what)


def test_a_visitor_sees_answers_refusals_and_thresholds(page, tmp_path):
    from PIL import Image

    Image.new("RGB", (9, 5), (10, 250, 10)).save(tmp_path / "green.png")
    Image.new("RGB", (5, 9), (9, 9, 9)).save(tmp_path / "dark.png")
    (tmp_path / "text.png").write_bytes(b"not an image")
    before = len(page.asked)
    choose(page, *(tmp_path / o for o in ("green.png", "dark.png", "text.png")))
    first, second = page.locator("article .answer").all_inner_texts()
    assert first.startswith("green 0.98") and second.startswith("No predictions. The highest")
    assert page.inner_text("#trouble").startswith("text.png is not an image that this page can")
    assert "2 images looked at, 1 refused" in page.inner_text("#status")
    page.focus("#slider")
    page.keyboard.press("Home")  # a threshold of 0: everything above it is said
    assert page.is_checked("[value=one]") and "0.00 for every label" in page.inner_text("#now")
    assert page.locator("article").nth(1).locator(".row.yes").count() == 3
    page.check("[value=chosen]")
    assert page.locator("article .answer").nth(1).inner_text().startswith("No predictions")
    page.click("#clear")
    assert page.locator("article").count() == 0
    assert page.asked[before:] == []  # nothing was asked of any server


def test_names_of_files_and_labels_are_text_and_nothing_else(page, tmp_path):
    from PIL import Image

    name = "<img src=x onerror=alert(1)>.png"
    Image.new("RGB", (9, 5), (200, 10, 10)).save(tmp_path / name)
    choose(page, tmp_path / name)
    assert page.inner_text("article h2") == name and page.locator("article img").count() == 0


def test_nothing_but_the_folder_is_asked_for(page):
    assert page.asked and all(o.startswith((page.home, "blob:", "data:")) for o in page.asked)
    text = (page.folder / "index.html").read_text()
    assert "default-src 'none'" in text and "unsafe-inline" not in text


def test_a_model_of_another_export_is_refused(page):
    said = page.evaluate(
        """async () => {
          const { openPredictor } = await import('./answer.js');
          const real = fetch;
          const isModel = (o) => String(o).endsWith('model.onnx');
          window.fetch = async (o) => isModel(o) ? new Response('x') : real(o);
          try { await openPredictor(); return ''; } catch (e) { return e.message; }
          finally { window.fetch = real; }
        }"""
    )
    assert "Copy the whole folder again" in said


def test_a_browser_that_changes_pixels_refuses_all_but_png(page):
    from PIL import Image

    files = page.folder / "files"
    files.mkdir(exist_ok=True)
    Image.new("RGB", (9, 5), (200, 10, 10)).save(files / "noise.jpg")
    Image.new("RGB", (9, 5), (200, 10, 10)).save(files / "noise.png")
    other = page.context.browser.new_page()
    other.add_init_script(
        """const real = OffscreenCanvasRenderingContext2D.prototype.getImageData;
        OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...a) {
          const o = real.apply(this, a); o.data[0] ^= 1; return o; };"""
    )
    other.goto(page.home)
    other.wait_for_selector("body[data-ready]")
    assert "changes the pixels" in other.inner_text("#trouble")
    assert "other pixels" in ask(other, page.home + "files/noise.jpg", "a.jpg")["refused"]
    assert "probs" in ask(other, page.home + "files/noise.png", "a.png")
    other.close()
