"The page of `mlc demo`: what it says, without a browser; then the page itself, in Chromium."

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlc_course.tools import demo

NASTY = '<img src=x onerror="window.bad=1">${1+1}{{2}}'


# ---- made once ---------------------------------------------------------------------------------
def tiny_model(path):
    """A network without training: the colours red, green and blue, averaged over 4 x 4 pixels;
    probabilities and maps.
    """
    import onnx
    from onnx import TensorProto as T
    from onnx import helper as h
    from onnx.numpy_helper import from_array

    weights = dict(
        scale=np.float32(255),
        kernel=np.float32([[-0.5, -0.5, 1], [-0.5, 1, -0.5], [1, -0.5, -0.5]]).reshape(3, 3, 1, 1),
        slope=np.float32(12),
        shift=np.float32(4),
    )
    nodes = [
        h.make_node("Cast", ["pixels"], ["x"], to=T.FLOAT),
        h.make_node("Div", ["x", "scale"], ["y"]),
        h.make_node("Transpose", ["y"], ["z"], perm=[0, 3, 1, 2]),
        h.make_node("Conv", ["z", "kernel"], ["c"]),
        h.make_node("AveragePool", ["c"], ["a"], kernel_shape=[4, 4], strides=[4, 4]),
        h.make_node("Relu", ["a"], ["maps"]),
        h.make_node("GlobalMaxPool", ["a"], ["top"]),
        h.make_node("Flatten", ["top"], ["flat"]),
        h.make_node("Mul", ["flat", "slope"], ["steep"]),
        h.make_node("Sub", ["steep", "shift"], ["logits"]),
        h.make_node("Sigmoid", ["logits"], ["probs"]),
    ]
    graph = h.make_graph(
        nodes,
        "colours",
        [h.make_tensor_value_info("pixels", T.UINT8, ["n", 32, 32, 3])],
        [
            h.make_tensor_value_info("probs", T.FLOAT, ["n", 3]),
            h.make_tensor_value_info("maps", T.FLOAT, ["n", 3, 8, 8]),
        ],
        [from_array(v, k) for k, v in weights.items()],
    )
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), path)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    "A predictor's folder, as `Predictor.save` lays it out."
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from mlc_course.predictor import MODEL, SPEC, Predictor

    folder = tmp_path_factory.mktemp("predictor")
    tiny_model(folder / MODEL)
    spec = dict(
        format=1,
        vocab=["blue", "green", "red"],
        thresholds=dict(blue=0.45, green=0.3, red=0.6),
        thresholds_chosen="highest F1 of each label on the 24 pictures of valid",
        preprocessing=dict(image_size=32, resize="squashed to a square"),
        model=dict(sha256=hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()),
        trained=dict(
            framework="torch",
            dataset="squares",
            arch="colours",
            images=72,
            seconds=1.5,
            data_sha256="0" * 64,
            profile=dict(name="smoke", epochs=3),
        ),
        scores=dict(split="test", images=24, mAP=0.9, macro_f1=0.8),
        created="2025-01-01T12:00:00+00:00",
        parity=dict(largest_difference=1e-7),
    )
    (folder / SPEC).write_text(json.dumps(spec))
    return Predictor.load(folder)


def png(width, height):
    "The start of a PNG that says it is this large."
    chunk = lambda kind, data: (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    "Odd pictures that can be read, and files that can't."
    root, rng = tmp_path_factory.mktemp("odd"), np.random.default_rng(1)
    pixels = rng.integers(0, 256, (48, 80, 3), dtype=np.uint8)
    pixels[4:30, 6:40] = (230, 40, 50)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(root / "rotated.jpg", exif=exif, quality=90)
    image.save(root / "plain.jpg", quality=90)
    image.convert("CMYK").save(root / "cmyk.jpg")
    image.quantize(16).save(root / "palette.png")
    image.save(root / "lossy.webp")
    Image.fromarray(np.uint16(pixels[..., 0]) * 257).save(root / "sixteen.png")
    alpha = image.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(image.size))
    alpha.save(root / "alpha.png")
    image.save(
        root / "animated.gif", save_all=True, append_images=[Image.new("RGB", image.size, "blue")]
    )
    Image.new("RGB", (1, 1), "red").save(root / "one.png")
    image.resize((10_000, 10)).save(root / "thin.png")
    (root / "notes.jpg").write_text("This is a text, not a picture.")
    (root / "zero.png").write_bytes(b"")
    (root / "cut.jpg").write_bytes((root / "plain.jpg").read_bytes()[:1500])
    (root / "bomb.png").write_bytes(png(60_000, 60_000))
    (root / "wide.png").write_bytes(png(10_000, 6_000))
    (root / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    (root / "large.jpg").write_bytes(b"\xff\xd8" + bytes(demo.MAX_BYTES))
    (root / "page.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "figure.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    return root


GOOD = (
    "rotated.jpg",
    "plain.jpg",
    "cmyk.jpg",
    "palette.png",
    "lossy.webp",
    "sixteen.png",
    "alpha.png",
    "animated.gif",
    "one.png",
    "thin.png",
)
BAD = {
    "notes.jpg": "not a picture",
    "zero.png": "empty",
    "cut.jpg": "cut off",
    "bomb.png": "too many pixels",
    "wide.png": "too many pixels",
    "phone.heic": "not a picture",
    "large.jpg": "10 MB are allowed",
    "page.svg": "not a picture",
    "figure.eps": "not a picture",
    "absent.jpg": "did not arrive",
}


# ---- without a browser -------------------------------------------------------------------------
@pytest.mark.parametrize("name", GOOD)
def test_the_page_gives_the_scores_of_the_predictor(predictor, odd, name):
    seen, expected = demo.look(predictor, odd / name), predictor.predict([odd / name])[0]
    assert seen.scores == expected.scores and seen.name == name
    np.testing.assert_allclose(seen.maps, demo.small_maps(predictor.maps([odd / name])[0]))
    assert seen.maps.dtype == np.float16 and seen.maps.max() <= 1
    assert max(seen.picture.size) == demo.SHOWN and seen.picture.mode == "RGB"


def test_a_rotated_picture_is_shown_upright(predictor, odd):
    assert demo.look(predictor, odd / "rotated.jpg").picture.size == (230, 384)
    assert demo.look(predictor, odd / "plain.jpg").picture.size == (384, 230)
    assert 0x0112 not in demo.read_picture(odd / "rotated.jpg").getexif()  # nobody turns it again


@pytest.mark.parametrize("name", BAD)
def test_refusals_are_sentences_without_folders(odd, name):
    with pytest.raises(demo.Refused) as e:
        demo.read_picture(odd / name)
    text = str(e.value)
    assert (
        text.startswith(name)
        and BAD[name] in text
        and text.endswith(".")
        and str(odd) not in text
        and "Error" not in text
    )


def test_pixels_are_counted_before_anything_is_decoded(odd, monkeypatch):
    from mlc_course import tables

    def never(*args):
        raise AssertionError("decoded")

    monkeypatch.setattr(tables, "load_image", never)
    for name in ("wide.png", "bomb.png"):
        with pytest.raises(demo.Refused, match="50 million"):
            demo.read_picture(odd / name)


def test_names_are_cut_and_cleaned():
    assert (
        demo.short_name("C:\\secret\\cat.png") == "cat.png"
        and demo.short_name("../../etc/cat.png") == "cat.png"
    )
    assert (
        demo.short_name("a\nb\x00.png") == "ab.png"
        and demo.short_name("") == demo.short_name(None) == "The picture"
    )
    assert len(demo.short_name("x" * 300 + ".jpg")) == 60 and demo.short_name(
        "x" * 300 + ".jpg"
    ).endswith(".jpg")


def test_the_sentence():
    scores, thresholds = (
        {"sea": 0.91, "boat": 0.98, "tree": 0.3},
        {"sea": 0.5, "boat": 0.5, "tree": 0.5},
    )
    assert demo.sentence(scores, thresholds) == "boat 0.98, sea 0.91"
    said = demo.sentence(scores, dict.fromkeys(scores, 0.99))
    assert (
        said.startswith("Nothing I know.") and "0.98" in said and "boat" in said and "0.99" in said
    )
    assert demo.sentence({"a": 0.5}, {"a": 0.5}).startswith("Nothing I know")  # above, not at


def test_bars_are_sorted_marked_and_escaped():
    page = demo.bars_html(
        {"low": 0.2, NASTY: 0.7, "high": 0.9}, {"low": 0.1, NASTY: 0.8, "high": 0.3}
    )
    assert "<img" not in page and demo.esc(NASTY) in page and 'onerror="' not in page
    rows = re.findall(r'data-label="(.*?)" data-score="(.*?)" data-yes="(.)"', page)
    assert [(float(p), y) for _, p, y in rows] == [(0.9, "1"), (0.7, "0"), (0.2, "1")]
    assert (
        page.count("✓ yes") == 2
        and page.count('role="meter"') == 3
        and "left:80.00%" in page
        and "width:70.00%" in page
    )
    assert 'aria-valuetext="0.70, not above its threshold of 0.80"' in page


def test_everything_else_is_escaped_too(predictor):
    seen = demo.Seen(
        NASTY,
        {NASTY: 0.9},
        demo.thumbnail(Image.new("RGB", (20, 10))),
        np.ones((1, 2, 2), np.float16),
    )
    evil = type(
        "P",
        (),
        dict(
            vocab=[NASTY],
            spec=dict(
                predictor.spec,
                vocab=[NASTY],
                trained=dict(dataset=NASTY, arch=NASTY),
                thresholds_chosen=NASTY,
            ),
        ),
    )()
    for page in (
        demo.answer_html(seen, {NASTY: 0.5}),
        demo.picture_html(seen, NASTY),
        demo.refusal_html(demo.Refused(NASTY)),
        demo.head_html(evil),
        demo.model_html(evil),
    ):
        assert "<img src=x" not in page and demo.esc("<img src=x") in page


def test_thresholds_are_compared_as_the_predictor_compares_them(predictor, odd):
    for name in GOOD:
        answer = predictor.predict([odd / name])[0]
        t = demo.limits(predictor)
        assert [o for o, p in demo.by_score(answer.scores) if p > t[o]] == list(answer.labels)
    assert set(demo.limits(predictor, demo.ONE, 0.3).values()) == {float(np.float32(0.3))}
    assert set(demo.limits(predictor, demo.ONE, 7).values()) == {1.0} and set(
        demo.limits(predictor, demo.ONE, None).values()
    ) == {0.5}


def test_the_map_lies_over_the_picture():
    heat = np.zeros((4, 4), np.float32)
    heat[0, 3] = 2
    image = demo.overlay(Image.new("RGB", (80, 40), (128, 128, 128)), heat)
    pixels = np.asarray(image).astype(int)
    assert image.size == (80, 40) and np.abs(pixels[2, 77] - pixels[35, 5]).sum() > 150
    assert (
        demo.place(heat) == "top right"
        and demo.place(heat * 0) is None
        and demo.place(np.pad([[1.0]], 1)) == "middle"
    )
    seen = demo.Seen(
        "a.png",
        {"sun": 0.9},
        demo.thumbnail(Image.new("RGB", (80, 40))),
        demo.small_maps(heat[None]),
    )
    assert "where the logit of <b>sun</b> comes from" in demo.picture_html(
        seen, "sun"
    ) and "mostly from the top right" in demo.picture_html(seen, "sun")
    assert "the map is 0 everywhere" in demo.picture_html(replace(seen, maps=heat[None] * 0), "sun")
    assert demo.picture_html(replace(seen, maps=None), "sun").count("<figure>") == 1


def test_examples(odd, tmp_path, capsys):
    found = demo.find_examples(odd, {}, tmp_path)
    assert len(found) == 8 and all(o.path.parent == odd.resolve() for o in found)
    assert "left out of the examples: bomb.png" in capsys.readouterr().err
    assert (
        demo.find_examples(None, dict(trained=dict(dataset="photographs")), tmp_path)
        == demo.find_examples(None, {}, tmp_path)
        == []
    )
    drawn = demo.find_examples(None, dict(trained=dict(dataset="postcards (laptop)")), tmp_path)
    assert (
        len(drawn) == 9
        and all(o.path.parent == tmp_path and o.path.is_file() for o in drawn)
        and "boat" in drawn[1].alt
    )
    assert demo.examples_html([demo.Example(drawn[0].path, NASTY)]).count("<img") == 1


def test_wrong_examples_are_sentences(odd, tmp_path):
    with pytest.raises(ValueError, match="There is no folder"):
        demo.find_examples(tmp_path / "absent", {}, tmp_path)
    with pytest.raises(ValueError, match="no picture in"):
        demo.find_examples(tmp_path, {}, tmp_path)
    shutil.copy(odd / "notes.jpg", tmp_path)
    with pytest.raises(ValueError, match="can be read"):
        demo.find_examples(tmp_path, {}, tmp_path)


def test_only_uploads_are_read_and_deleted(tmp_path):
    cache, secret = tmp_path / "cache", tmp_path / "secret.jpg"
    (cache / "ab").mkdir(parents=True)
    secret.write_bytes(b"x")
    (cache / "ab" / "a.jpg").write_bytes(b"x")
    (cache / "link.jpg").symlink_to(secret)
    for data in (
        None,
        {},
        3,
        [],
        dict(path=3),
        dict(path="a\0b"),
        dict(path=str(secret)),
        dict(path=str(cache / ".." / "secret.jpg")),
        dict(path=str(cache / "link.jpg")),
        dict(path=str(cache)),
    ):
        assert demo.uploaded(data, cache) == Path("nowhere")
    path = demo.uploaded(dict(path=str(cache / "ab" / "a.jpg")), cache)
    demo.delete_upload(path)
    assert not (cache / "ab").exists() and secret.exists()


def test_addresses():
    assert all(
        map(demo.is_loopback, ("127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.9"))
    ) and not any(map(demo.is_loopback, ("0.0.0.0", "::", "192.168.1.5", "example.org")))
    demo.check_address("127.0.0.1", None)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        with pytest.raises(ValueError, match=r"Port \d+ is in use.*--port"):
            demo.check_address("127.0.0.1", s.getsockname()[1])
    with pytest.raises(ValueError, match="can't be served at 192.0.2.1"):
        demo.check_address("192.0.2.1", None)
    with pytest.raises(ValueError, match="is not an address"):
        demo.check_address("no such host", None)


def test_what_is_wrong_is_said_before_gradio_is_imported(predictor, tmp_path, monkeypatch):
    from mlc_course.tools.demo import page

    monkeypatch.setattr(page, "load_gradio", lambda: pytest.fail("imported"))
    with pytest.raises(FileNotFoundError, match="no folder"):
        demo.serve(tmp_path / "absent")
    with pytest.raises(ValueError, match="There is no folder"):
        demo.serve(predictor.folder, examples=tmp_path / "absent")


def test_without_gradio(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ImportError, match=re.escape('pip install "mlc_course[demo]"')):
        demo.load_gradio()


def test_how_the_model_was_made(predictor):
    rows = dict(demo.model_rows(predictor.spec))
    assert (
        rows["Labels"] == "blue, green, red"
        and rows["Data set"] == "squares"
        and rows["Size it sees"].startswith("32 px")
        and rows["Trained with"]
    )
    assert any(k.startswith("Scores") and "macro F1" in v for k, v in rows.items())
    bare = dict(
        vocab=["a"], preprocessing=dict(image_size=32), trained="odd", scores=None, parity=[]
    )
    assert dict(demo.model_rows(bare))["Data set"] == "an unknown data set"
    assert "3 labels and nothing else" in demo.model_html(predictor)


# ---- the page itself ---------------------------------------------------------------------------
SERVER = """
import json, sys
from mlc_course.tools.cli import main
code = main(["demo", *sys.argv[1:]])
print(json.dumps([o for o in ("torch", "tensorflow", "keras", "fastai") if o in sys.modules]))
sys.exit(code)
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory, squares):
    root = tmp_path_factory.mktemp("examples")
    for path in squares.paths("test")[:3]:
        shutil.copy(path, root)
    return root


@pytest.fixture(scope="module")
def server(predictor, examples, tmp_path_factory):
    "`mlc demo` in a process of its own."
    pytest.importorskip("gradio", reason='the page needs Gradio: pip install "mlc_course[demo]"')
    home = tmp_path_factory.mktemp("tmp")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (home / "mlc-demo-killed" / "uploads").mkdir(parents=True)
    (home / "mlc-demo-killed" / "uploads" / "left.jpg").write_bytes(b"x")
    env = {
        **os.environ,
        "TMPDIR": str(home),
        "OMP_NUM_THREADS": "1",
        "http_proxy": "http://127.0.0.1:9",
        "GRADIO_SHARE": "true",
    }
    errors = open(home / "errors.txt", "w+")
    p = subprocess.Popen(
        [
            sys.executable,
            "-c",
            SERVER,
            str(predictor.folder),
            "--examples",
            str(examples),
            "--port",
            str(port),
        ],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=errors,
        preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        if os.name == "posix"
        else None,
    )
    line = p.stdout.readline()
    assert f"http://127.0.0.1:{port}/" in line, (home / "errors.txt").read_text()
    p.url, p.home = f"http://127.0.0.1:{port}/", home
    yield p
    if p.poll() is None:
        p.kill()
        p.wait()
    errors.close()


@pytest.fixture
def opened(server, chromium):
    """A function that opens the page; what it asked of other machines, and its errors, must be
    nothing.
    """
    contexts, strange = [], []

    def opening(width=1280, height=900, **kw):
        context = chromium.new_context(viewport=dict(width=width, height=height), **kw)
        contexts.append(context)
        context.on(
            "request",
            lambda r: (
                strange.append(r.url[:200])
                if not r.url.startswith(
                    (server.url, server.url.replace("http", "ws"), "data:", "blob:")
                )
                else None
            ),
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda e: strange.append(str(e)))
        page.goto(server.url)
        page.wait_for_selector("#mlc-file", state="attached")
        return page

    yield opening
    for o in contexts:
        o.close()
    assert not strange


def upload(page, file, says=None):
    "Upload, and wait for the answer."
    page.set_input_files("#mlc-file", file)
    name = file["name"] if isinstance(file, dict) else Path(file).name
    page.locator("#answer", has_text=says or demo.short_name(name)).wait_for()


def shown(page):
    "label -> (score, yes?) as the bars have it, in their order."
    return {
        o["label"]: (float(o["score"]), o["yes"] == "1")
        for o in page.evaluate(
            "[...document.querySelectorAll('.mlc-row')].map(o => ({...o.dataset}))"
        )
    }


def check_shown(page, expected):
    bars = shown(page)
    assert list(bars) == [o for o, _ in demo.by_score(expected.scores)]
    assert all(abs(bars[o][0] - p) < 1e-6 for o, p in expected.scores.items())
    assert [o for o, (_, yes) in bars.items() if yes] == list(expected.labels)


def test_upload_shows_the_scores_of_mlc_predict(opened, predictor, odd, squares, server):
    page = opened()
    for path in [
        squares.paths("test")[5],
        odd / "rotated.jpg",
        odd / "alpha.png",
        odd / "animated.gif",
    ]:
        upload(page, path)
        check_shown(page, predictor.predict([path])[0])
        answer = str(predictor.predict([path])[0])
        assert (answer if answer != "no predictions" else "Nothing I know") in page.inner_text(
            "#answer"
        )
    assert (
        page.evaluate("[...document.images].every(o => o.alt)")
        and page.get_by_role("meter").count() == 3
    )
    kept = [p for p in server.home.rglob("*") if p.is_file() and p.name != "errors.txt"]
    assert kept == []  # no upload, and no session file of a library that reports home


def test_thresholds_move_labels_in_and_out(opened, predictor, examples):
    page = opened()
    first = sorted(examples.iterdir())[0]
    page.get_by_role("button", name="Example 1: " + first.name).click()
    page.locator(".mlc-answer").wait_for()
    check_shown(page, predictor.predict([first])[0])
    slider = page.locator("#slider input[type=range]")
    slider.fill("0")
    page.locator("#now", has_text="0.00 for every label").wait_for()
    assert (
        all(yes for _, yes in shown(page).values())
        and page.locator("#how input[type=radio]").nth(1).is_checked()
    )
    slider.fill("1")
    page.locator("#answer", has_text="Nothing I know. The highest score is").wait_for()
    assert not any(yes for _, yes in shown(page).values()) and "yes" not in page.inner_text(
        "#bars .mlc-bars"
    )
    page.get_by_label("chosen, one per label").check()
    page.locator("#now", has_text="one per label").wait_for()
    check_shown(page, predictor.predict([first])[0])


def test_bad_files_are_refused_politely_and_the_page_goes_on(opened, predictor, odd):
    page = opened()
    for name in ("notes.jpg", "zero.png", "cut.jpg", "bomb.png", "phone.heic"):
        upload(page, odd / name, BAD[name])
        assert page.locator(".mlc-row").count() == 0 and "Traceback" not in page.content()
    upload(page, odd / "plain.jpg")
    check_shown(page, predictor.predict([odd / "plain.jpg"])[0])


def test_a_file_too_large(opened, odd, server, predictor):
    page = opened()
    page.set_input_files("#mlc-file", odd / "large.jpg")
    page.locator("#mlc-note", has_text="large.jpg has 10.0 MB, and 10 MB are allowed").wait_for()
    sent = page.request.post(
        server.url + "gradio_api/upload",
        multipart=dict(
            files=dict(name="large.jpg", mimeType="image/jpeg", buffer=bytes(demo.MAX_BYTES + 1000))
        ),
    )
    assert sent.status == 413  # whoever goes round the page is refused too
    upload(page, odd / "plain.jpg")
    assert page.inner_text("#mlc-note") == ""
    check_shown(page, predictor.predict([odd / "plain.jpg"])[0])


def test_names_of_files_are_text(opened, odd):
    page = opened()
    upload(
        page,
        dict(name=NASTY + ".png", mimeType="image/png", buffer=(odd / "one.png").read_bytes()),
        "${1+1}{{2}}",
    )
    assert page.evaluate("window.bad === undefined") and NASTY in page.inner_text(".mlc-name")


def test_where_a_logit_comes_from(opened, predictor, squares):
    page = opened()
    path = squares.paths("test")[3]
    upload(page, path)
    ranked = [o for o, _ in demo.by_score(predictor.predict([path])[0].scores)]
    maps = page.locator("#picture figure").nth(1)
    maps.locator("figcaption", has_text=f"where the logit of {ranked[0]} comes from").wait_for()
    before = maps.locator("img").get_attribute("src")
    page.locator("#choice input").click()
    page.get_by_role("option").nth(2).click()
    maps.locator("figcaption", has_text=f"where the logit of {ranked[2]} comes from").wait_for()
    assert before != maps.locator("img").get_attribute("src") and before.startswith(
        "data:image/jpeg"
    )


def test_a_narrow_screen(opened, examples):
    page = opened(360, 740, color_scheme="dark")
    page.locator("button[data-example='0']").click()
    page.locator(".mlc-answer").wait_for()
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for what in (
        ".mlc-drop",
        ".mlc-examples",
        "#picture img",
        "#answer",
        "#how",
        "#slider input[type=range]",
        ".mlc-meter",
        ".mlc-score",
        ".mlc-model",
        "#choice",
    ):
        for o in page.locator(what).all():
            box = o.bounding_box()
            assert box["width"] > 0 and box["x"] >= 0 and box["x"] + box["width"] <= 360, what
    assert page.evaluate(
        "[...document.querySelectorAll('.mlc-score')].every(o => o.scrollWidth <= "
        "o.clientWidth + 1 && o.clientHeight < 30)"
    )


def test_the_keyboard_alone(opened, predictor, examples):
    page = opened()

    def tab_to(wanted):
        "Tabs to an element that is there: an answer's parts come one after another"
        page.locator(wanted).first.wait_for(state="attached")
        page.wait_for_function(
            "s => { const e = document.querySelector(s); "
            "return !e.disabled && e.getClientRects().length > 0 }",
            arg=wanted,
        )
        for _ in range(50):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", wanted):
                return
        pytest.fail(f"Tab does not reach {wanted}")

    ring = "getComputedStyle(document.activeElement).outlineStyle"
    tab_to("#mlc-file")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.mlc-drop')).outlineStyle")
        == "solid"
    )
    tab_to("button[data-example='1']")
    assert page.evaluate(ring) == "solid"
    page.keyboard.press("Enter")
    name = sorted(examples.iterdir())[1].name
    page.locator("#answer", has_text=name).wait_for()
    tab_to("#choice input")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    first = next(iter(shown(page)))
    page.locator("#picture figcaption b").filter(has_not_text=first).wait_for()
    tab_to("#slider input[type=range]")
    assert page.evaluate(ring) == "solid"
    page.keyboard.press("ArrowRight")
    page.locator("#now", has_text="0.51 for every label").wait_for()
    page.keyboard.press("End")
    page.locator("#answer", has_text="Nothing I know").wait_for()
    tab_to("summary")
    page.keyboard.press("Enter")
    assert page.get_by_text("SHA-256 of the training data").is_visible()


def test_what_a_killed_page_left_was_cleared(server):
    assert (
        not (server.home / "mlc-demo-killed").exists()
        and len(list(server.home.glob("mlc-demo-*"))) == 1
    )


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("way,code", [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_a_page_that_is_told_to_end_leaves_nothing_and_a_killed_one_no_more_than_the_next_clears(
    predictor, tmp_path, way, code
):
    pytest.importorskip("gradio")
    env = {**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    with open(tmp_path / "errors.txt", "w+") as errors:
        p = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(predictor.folder)],
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert "The page is at" in p.stdout.readline()
        (upload,) = tmp_path.glob("mlc-demo-*/uploads")
        (upload / "waiting.jpg").write_bytes(b"x")
        p.send_signal(way)
        p.communicate(timeout=60)
    assert p.returncode == code and (tmp_path / "errors.txt").read_text().strip() == ""
    assert (upload / "waiting.jpg").exists() == (way == signal.SIGKILL)
    if way == signal.SIGKILL:
        assert demo.clear_leftovers(tmp_path) == [upload.parent]
    assert not list(tmp_path.glob("mlc-demo-*"))


def test_nothing_else_is_served(opened, server, predictor, examples):
    page = opened()
    for path in (
        predictor.folder / "predictor.json",
        sorted(examples.iterdir())[0],
        Path(__file__),
        Path("/etc/passwd"),
        server.home / "errors.txt",
    ):
        for how in ("gradio_api/file=", "file="):
            assert page.request.get(server.url + how + str(path)).status in (403, 404), path
    assert page.request.get(server.url + "monitoring/summary").status in (401, 403, 404)
    assert (
        json.loads(page.request.get(server.url + "gradio_api/info").text())["named_endpoints"] == {}
    )
    assert page.locator("footer").count() == 0 or page.locator("footer").inner_text().strip() == ""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_ends_it_quietly_and_no_framework_was_loaded(server):
    server.send_signal(signal.SIGINT)
    out, _ = server.communicate(timeout=60)
    assert server.returncode == 0 and json.loads(out) == []
    assert (server.home / "errors.txt").read_text().strip() == ""
    assert not list(server.home.glob("mlc-demo-*"))
