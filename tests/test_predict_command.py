"""`mlc predict`, `mlc export`, and the export at the end of `mlc train`: what is read, what is
printed where, and which number the command ends with.
"""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import predictor_kit as kit
import pytest
from PIL import Image
from predictor_kit import VOCAB, colour, hand_made

from mlc_course.metrics import TrainingRun, evaluate, load_run
from mlc_course.predictor import Predictor
from mlc_course.ship import make, parity, recipe
from mlc_course.thresholds import best_thresholds_per_label
from mlc_course.tools import cli, memory

HEAVY = (
    "torch",
    "tensorflow",
    "keras",
    "fastai",
    "sklearn",
    "scipy",
    "matplotlib",
    "IPython",
    "onnx",
)
RED, MIXED, BLACK = (255, 0, 0), (255, 204, 51), (0, 0, 0)  # shows red; red and green; nothing


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return hand_made(tmp_path_factory.mktemp("hand made"))


@pytest.fixture
def photos(tmp_path, monkeypatch):
    "Three pictures in a folder that we stand in."
    monkeypatch.chdir(tmp_path)
    for name, c in (("a.png", RED), ("b.png", MIXED), ("c.png", BLACK)):
        colour(tmp_path / name, *c)
    return tmp_path


@pytest.fixture
def mlc(capsys):
    "Run a command: its exit code, and what it printed on each stream."

    def run(*args):
        capsys.readouterr()
        code = cli.main([str(a) for a in args])
        return code, *capsys.readouterr()

    return run


def files(text):
    return [o["file"] for o in json.loads(text)]


# ---------------------------------------------------------------- predict: what is printed


def test_text(mlc, folder, photos):
    code, out, err = mlc("predict", folder, "a.png", "b.png", "c.png")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "a.png  red 1.00",
        "b.png  red 1.00, green 0.80",
        "c.png  no predictions",
    ]


def test_columns_line_up(mlc, folder, photos):
    colour(photos / ("long name" * 3 + ".png"), *RED)
    lines = mlc("predict", folder, "a.png", "long name" * 3 + ".png")[1].splitlines()
    assert lines[0].index("red") == lines[1].index("red")


def test_json(mlc, folder, photos):
    code, out, err = mlc("predict", folder, "--json", "a.png", "missing.png", "c.png")
    first, second, third = json.loads(out, parse_constant=pytest.fail)
    assert (
        first == dict(file="a.png", labels=["red"], scores=dict(blue=0.0, green=0.0, red=1.0))
        and third["labels"] == []
    )
    assert (
        set(second) == {"file", "error"}
        and second["file"] == "missing.png"
        and "missing.png" in second["error"]
    )
    assert code == 1 and "missing.png" in err and "1 of 3 files could not be read" in err
    assert (
        json.loads(mlc("predict", folder, "--json", "missing.png")[1])[0]["file"] == "missing.png"
    )


def test_csv(mlc, folder, photos):
    names = [
        "a,b.png",
        'say "x".png',
        "two\nlines.png",
        "Müller 日本 🙂.png",
        " space .png",
        "=1+1.png",
    ]
    for name in names:
        colour(photos / name, *MIXED)
    code, out, err = mlc("predict", folder, "--csv", *names, "c.png", "missing.png")
    rows = list(csv.reader(io.StringIO(out, newline=""), strict=True))
    assert rows[0] == ["file", "labels", *VOCAB, "error"] and [r[0] for r in rows[1:]] == [
        *names,
        "c.png",
        "missing.png",
    ]
    for row in rows[1:7]:
        assert (
            row[1] == "red|green"
            and np.allclose([float(v) for v in row[2:5]], [0.2, 0.8, 1])
            and row[5] == ""
        )
    assert (
        rows[7][1:] == ["", "0", "0", "0", ""]
        and rows[8][1:5] == [""] * 4
        and "missing.png" in rows[8][5]
    )
    frame = pd.read_csv(io.StringIO(out))
    assert (
        list(frame.file) == [r[0] for r in rows[1:]]
        and frame.red[:6].tolist() == [1] * 6
        and code == 1
    )


def test_odd_labels(mlc, photos):
    vocab = ["a,b", 'say "x"', "x|y", "two\nlines", "日本 🙂", "file"]
    folder = hand_made(photos / "odd", vocab)
    out = mlc("predict", folder, "--csv", "b.png")[1]
    rows = list(csv.reader(io.StringIO(out, newline=""), strict=True))
    assert rows[0] == ["file", "labels", *vocab[:-1], "file (label)", "error"] and [
        float(v) for v in rows[1][2:-1]
    ] == pytest.approx([0.2, 0.8, 1] * 2)
    assert r"x\|y" in rows[1][1]
    assert list(json.loads(mlc("predict", folder, "--json", "b.png")[1])[0]["scores"]) == vocab


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_name_that_is_no_text(mlc, folder, photos):
    try:
        os.rename(b"a.png", b"\xff\xfe.png")
    except OSError:
        pytest.skip("this file system wants text")
    name = os.fsdecode(b"\xff\xfe.png")
    code, out, err = mlc("predict", folder, "--json", ".")
    assert code == 0 and files(out) == ["b.png", "c.png", name]
    for form in ((), ("--csv",)):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "mlc_course.tools.cli",
                "predict",
                folder,
                *form,
                b"\xff\xfe.png",
                b"\xff.png",
            ],
            capture_output=True,
        )
        assert (
            done.returncode == 1
            and b"red" in done.stdout
            and b"Traceback" not in done.stderr
            and b"1 of 2" in done.stderr
        )


def test_thresh(mlc, folder, photos):
    assert mlc("predict", folder, "--thresh", 0, "c.png", "b.png")[1].splitlines() == [
        "c.png  no predictions",
        "b.png  red 1.00, green 0.80, blue 0.20",
    ]
    assert mlc("predict", folder, "--thresh", 1, "b.png")[1] == "b.png  no predictions\n"
    assert mlc("predict", folder, "--thresh", 0.9, "b.png")[1] == "b.png  red 1.00\n"
    for wrong in ("-1", "1.5", "high", "nan"):
        assert mlc("predict", folder, f"--thresh={wrong}", "b.png")[0] == 2


def test_options_that_exclude_each_other(mlc, folder, photos):
    code, out, err = mlc("predict", folder, "--json", "--csv", "a.png")
    assert code == 1 and out == "" and "give one of them" in err
    assert mlc("predict", folder)[0] == 2


# ---------------------------------------------------------------- predict: what is read


def test_folders_and_patterns(mlc, folder, photos):
    deep = photos / "deep" / "er"
    deep.mkdir(parents=True)
    for name in ("deep/z.PNG", "deep/er/a.jpeg", "deep/er/.hidden.jpg"):
        colour(photos / name, *RED) if name.endswith("PNG") else Image.new("RGB", (5, 5), RED).save(
            photos / name
        )
    (photos / "deep" / "notes.txt").write_text("no picture")
    (photos / "deep" / "jpg").write_text("no picture")
    (photos / "deep" / "folder.png").mkdir()
    (photos / "empty").mkdir()

    def found(*args):
        code, out, err = mlc("predict", folder, "--json", *args)
        assert (code, err) == (0, "")
        return files(out)

    assert found("deep") == [
        "deep/er/a.jpeg",
        "deep/z.PNG",
    ]  # sorted, at any depth, no hidden files, nothing but images
    assert found("deep/er/.hidden.jpg") == ["deep/er/.hidden.jpg"]  # save where it is named
    assert found(photos / "deep") == [str(photos / o) for o in ("deep/er/a.jpeg", "deep/z.PNG")]
    assert (
        found("*.png") == ["a.png", "b.png", "c.png"]
        and found("[bc].png") == ["b.png", "c.png"]
        and found("deep/**/*.jpeg") == ["deep/er/a.jpeg"]
    )
    assert found("c.png", "a.png", "c.png") == [
        "c.png",
        "a.png",
        "c.png",
    ]  # as often and in the order that they are asked for
    assert found("deep", "?.png")[-3:] == ["a.png", "b.png", "c.png"]
    colour(photos / "[b].png", *BLACK)
    assert found("[b].png") == ["[b].png"]  # a file of that name comes before a pattern
    for nothing, why in (
        ("empty", "no image in empty"),
        ("*.tif", "No file matches '\\*.tif'"),
        ("no/*.png", "No file matches"),
    ):
        code, out, err = mlc("predict", folder, nothing)
        assert code == 1 and out == "" and err.startswith("mlc: ")
        assert re.search(why, err)
        code, out, err = mlc(
            "predict", folder, "a.png", nothing, "--json"
        )  # others are answered all the same
        assert (
            code == 1
            and files(out) == ["a.png", nothing]
            and f"no image file {nothing}" in err
            and "1 of 2 files" in err
        )


def test_a_folder_of_every_kind(mlc, folder, photos):
    "What Pillow reads is answered, what looks like an image is named, the rest is passed over."
    kinds = photos / "kinds"
    for name in ("kinds/.thumbs", "kinds/__MACOSX", "kinds/@eaDir", "kinds/x.jpg"):
        (photos / name).mkdir(parents=True)
    image = Image.new("RGB", (40, 30), RED)
    read = {
        "a.JPG": "JPEG",
        "b.jfif": "JPEG",
        "c.jpe": "JPEG",
        "d.avif": "AVIF",
        "e.jp2": "JPEG2000",
        "f.ppm": "PPM",
        "g.tga": "TGA",
        "h.webp": "WEBP",
        "i.ico": "ICO",
        "j.pcx": "PCX",
        "k.sgi": "SGI",
        "l.qoi": "QOI",
        "m.dds": "DDS",
        "n.apng": "PNG",
        "o.tif": "TIFF",
        "p.dib": "DIB",
        "q.heic": "JPEG",
        "x.jpg/r.png": "PNG",
    }
    for name, form in read.items():
        image.save(kinds / name, form)
    named = {
        "s.heic": b"\0\0\0\x18ftypheic" + bytes(99),
        "t.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "u.nef": b"MM\0*" + bytes(99),
        "v.dcm": bytes(128) + b"DICM" + bytes(40),
        "w.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "y.jpg": b"<html>",
    }
    for name, raw in named.items():
        (kinds / name).write_bytes(raw)
    (kinds / "z.png").symlink_to("nowhere.png")
    for name in ("._a.JPG", ".thumbs/a.jpg", "__MACOSX/a.jpg", "@eaDir/a.jpg"):
        image.save(kinds / name, "JPEG")
    for name in (
        "notes.txt",
        "labels.csv",
        "Thumbs.db",
        ".DS_Store",
        "desktop.ini",
        "film.mp4",
        "model.onnx",
    ):
        (kinds / name).write_bytes(b"x")
    code, out, err = mlc("predict", folder, "--json", "kinds")
    assert code == 1 and sorted(files(out)) == sorted(
        f"kinds/{o}" for o in (*read, *named, "z.png")
    )
    answers = {o["file"]: o for o in json.loads(out)}
    assert not [o for o in read if "error" in answers[f"kinds/{o}"]]
    for name, why in {
        "s.heic": "HEIC.*pip install pillow-heif",
        "t.svg": "SVG",
        "u.nef": "raw file",
        "v.dcm": "DICOM",
        "w.eps": "EPS",
        "y.jpg": "web page",
        "z.png": "link to a file that isn't there",
    }.items():
        assert re.search(why, answers[f"kinds/{name}"]["error"])
        assert "out of the table" not in answers[f"kinds/{name}"]["error"] and (
            "again" in answers[f"kinds/{name}"]["error"]
        ) == (name == "y.jpg")


def test_home(mlc, folder, photos, monkeypatch):
    monkeypatch.setenv("HOME", str(photos))
    monkeypatch.setenv("USERPROFILE", str(photos))
    assert files(mlc("predict", folder, "--json", "~/a.png", "~/b*.png")[1]) == [
        str(photos / "a.png"),
        str(photos / "b.png"),
    ]


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_bad_files_among_good_ones(form, mlc, folder, photos):
    raw = Image.new("RGB", (300, 300))
    raw.save(photos / "cut.jpg")
    (photos / "cut.jpg").write_bytes((photos / "cut.jpg").read_bytes()[:700])
    (photos / "zero.jpg").write_bytes(b"")
    (photos / "text.jpg").write_text("<html>")
    code, out, err = mlc("predict", folder, *form, ".", "gone.jpg", "x" * 300 + ".jpg", "a.png")
    answered = (
        files(out)
        if form == ["--json"]
        else [r[0] for r in csv.reader(io.StringIO(out))][1:]
        if form
        else [line.split("  ")[0].strip() for line in out.splitlines()]
    )
    assert answered == [
        "a.png",
        "b.png",
        "c.png",
        "cut.jpg",
        "text.jpg",
        "zero.jpg",
        "gone.jpg",
        "x" * 300 + ".jpg",
        "a.png",
    ]
    assert (
        code == 1
        and err.splitlines()[-1] == "mlc: 5 of 9 files could not be read."
        and "Traceback" not in err
    )
    for name in ("cut.jpg", "text.jpg", "zero.jpg", "gone.jpg"):
        assert sum(name in line for line in err.splitlines()) == 1
    assert out.count("red") >= 3
    if not form:
        assert out.count("ERROR") == 5


@pytest.mark.parametrize(
    "make, why",
    [
        (lambda p: p / "no", "no folder"),
        (lambda p: p, "no model.onnx and no predictor.json"),
        (lambda p: p / "a.png", "no folder"),
    ],
)
def test_no_predictor(make, why, mlc, photos):
    code, out, err = mlc("predict", make(photos), "a.png")
    assert (
        code == 1
        and out == ""
        and why in err
        and err.startswith("mlc: ")
        and len(err.splitlines()) == 1
    )


def test_a_run_that_was_not_exported(mlc, photos):
    (photos / "my run").mkdir()
    (photos / "my run" / "run.json").write_text("{}")
    code, out, err = mlc("predict", "my run", "a.png")
    assert code == 1 and "mlc export 'my run'" in err


def test_two_thousand_files(mlc, folder, photos):
    many = photos / "many"
    many.mkdir()
    for i in range(2000):
        shutil.copy(photos / f"{'abc'[i % 3]}.png", many / f"{i:04}.png")
    (many / "1234.png").write_bytes(b"")
    code, out, err = mlc("predict", folder, "--csv", many)
    rows = list(csv.reader(io.StringIO(out)))[1:]
    assert (
        code == 1
        and "1 of 2000" in err
        and [Path(r[0]).name for r in rows] == [f"{i:04}.png" for i in range(2000)]
    )
    assert all(
        r[1] == ("" if i == 1234 else ("red", "red|green", "")[i % 3]) for i, r in enumerate(rows)
    )


def test_one_image_that_the_memory_does_not_suffice_for(mlc, folder, photos, monkeypatch):
    "It is named, and the others are answered."
    real = recipe.square_pixels

    def faulty(image, size):
        if Path(image).name == "b.png":
            raise MemoryError
        return real(image, size)

    monkeypatch.setattr(recipe, "square_pixels", faulty)
    code, out, err = mlc("predict", folder, "a.png", "b.png", "c.png")
    assert (
        code == 1
        and out.splitlines() == ["a.png  red 1.00", "b.png  ERROR", "c.png  no predictions"]
        and "mlc: b.png: there isn't enough memory" in err
    )


def test_a_fault_of_ours_is_not_hidden(mlc, folder, photos, monkeypatch):
    def faulty(*args):
        raise RuntimeError("a bug")

    monkeypatch.setattr(recipe, "square_pixels", faulty)
    code, out, err = mlc("predict", folder, "a.png", "b.png")
    assert code == 1 and "a bug" in err and out == ""


@pytest.mark.parametrize("empty", [MemoryError(), OSError(), RuntimeError()])
def test_no_error_is_an_empty_sentence(empty, mlc, folder, photos, monkeypatch):
    monkeypatch.setattr(Predictor, "load", lambda folder: (_ for _ in ()).throw(empty))
    code, out, err = mlc("predict", folder, "a.png")
    assert (
        code == 1
        and len(err.strip()) > len("mlc: x")
        and type(empty).__name__ in err
        or "memory" in err
    )


# ---------------------------------------------------------------- predict: a program among others


def start(*args, **kwargs):
    "The command as a process, in which Ctrl-C works even if the tests run in the background."
    return subprocess.Popen(
        [sys.executable, "-m", "mlc_course.tools.cli", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        bufsize=1,
        preexec_fn=None
        if sys.platform == "win32"
        else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **kwargs,
    )


def test_nothing_heavy_is_imported(folder, photos):
    code = (
        "import sys\nfrom mlc_course.tools.cli import main\ncode = main(['predict', sys.argv[1], "
        f"'a.png'])\nprint(code, [o for o in {HEAVY!r} if o in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True)
    assert done.stdout == "a.png  red 1.00\n0 []\n", done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of Unix")
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_a_reader_that_leaves(form, folder, photos):
    "As in `mlc predict ... | head -1`."
    with start("predict", folder, *form, *["a.png"] * 3000) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) in (0, 1) and process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of Unix")
def test_ctrl_c(folder, photos):
    Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    ).save("large.png")
    with start("predict", folder, *["large.png"] * 2000) as process:
        assert process.stdout.readline().startswith("large.png")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert (
            process.wait(60) == 130
            and process.stderr.read().strip() == ""
            and len(rest.splitlines()) < 1999
        )


# ---------------------------------------------------------------- export and train


@pytest.fixture(scope="module")
def data(tmp_path_factory, squares):
    "A data set on disk: 60 of the squares, with a CSV file."
    root = tmp_path_factory.mktemp("data")
    part = squares.subset(np.arange(60))
    for p in part.paths():
        shutil.copy(p, root / p.name)
    pd.DataFrame(
        dict(fname=part.fnames(), labels=["|".join(o) for o in part.labels()], split=part.df.split)
    ).to_csv(root / "labels.csv", index=False)
    return root


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    "What `mlc train` leaves and prints; PyTorch, one epoch."
    out = tmp_path_factory.mktemp("trained") / "run"
    with redirect_stdout(io.StringIO()) as said, pytest.MonkeyPatch.context() as m:
        m.setattr(
            memory, "keep_memory", lambda: True
        )  # it changes the process, and this one has more to do
        code = cli.main(
            ["train", str(data), "-f", "torch", "-o", str(out), "-p", "smoke", "--epochs", "1"]
        )
    assert code == 0, said.getvalue()
    return out, said.getvalue()


@pytest.fixture
def run(trained, tmp_path):
    "A copy of that run, without its export."
    shutil.copytree(
        trained[0], tmp_path / "run", ignore=shutil.ignore_patterns("model.onnx", "predictor.json")
    )
    return tmp_path / "run"


def test_train_exports(trained, data, mlc):
    out, said = trained
    assert sorted(p.name for p in out.iterdir() if p.suffix in (".onnx", ".json")) == [
        "model.json",
        "model.onnx",
        "predictor.json",
        "run.json",
    ]
    ours, result = Predictor.load(out), load_run(out)
    assert (
        ours.spec["parity"]["what"] == "every image of test"
        and ours.spec["trained"]["data_sha256"]
        and not list(out.glob(".export*"))
    )
    scores = evaluate(result.predictions["test"], ours.thresholds)
    assert (
        f"Macro F1 with these thresholds, on test: {scores.macro_f1:.4f}" in said
        and f"mlc predict {out}" in said
    )
    code, text, err = mlc(
        "predict", out, "--json", *(data / f for f in result.predictions["test"].fnames)
    )
    np.testing.assert_allclose(
        [list(o["scores"].values()) for o in json.loads(text)],
        result.predictions["test"].probs,
        atol=1e-4,
    )
    assert code == 0 and [set(o["labels"]) for o in json.loads(text)] == [
        {label for label, y in zip(ours.vocab, row) if y}
        for row in result.predictions["test"].probs > ours.thresholds
    ]


def test_export_again(run, data, mlc, trained, monkeypatch):
    monkeypatch.setattr(
        make, "onnx_bytes", lambda source: ((trained[0] / "model.onnx").read_bytes(), True)
    )  # it answers as the model in the folder, or the parity fails
    code, out, err = mlc("export", run, "--data", data)
    assert code == 0 and "every image of test" in out and f"mlc demo {run}" in out
    a, b = Predictor.load(run).spec, Predictor.load(trained[0]).spec
    for k in ("thresholds", "thresholds_chosen", "scores", "vocab"):
        assert a[k] == b[k]
    assert a["trained"]["data_sha256"] == b["trained"]["data_sha256"]


@pytest.fixture
def quick(monkeypatch):
    "The exporter is left out: these tests are of what stands around the model."
    monkeypatch.setattr(
        parity,
        "framework_probs",
        lambda model, pixels, **kwargs: (pixels.mean((1, 2))[:, ::-1] / 255).astype(np.float32),
    )
    monkeypatch.setattr(
        make, "onnx_bytes", lambda source: (kit.content(size=source.recipe.size), True)
    )


def test_export_options(run, mlc, quick, tmp_path):
    valid = load_run(run).predictions["valid"]

    def thresholds(*options):
        code, out, err = mlc("export", run, "--out", tmp_path / "else where", *options)
        assert code == 0, err
        spec = Predictor.load(tmp_path / "else where").spec
        assert (
            f"Thresholds: {spec['thresholds_chosen']}" in out
            and "mlc predict '" in out
            and "images drawn for it" in out
        )
        return np.float32(list(spec["thresholds"].values())), spec["thresholds_chosen"]

    for options, expected, words in [
        ((), best_thresholds_per_label(valid), "highest F1"),
        (("--thresh", 0.3), [0.3] * 3, "given"),
        (("--beta", 2), best_thresholds_per_label(valid, 2.0), "highest F2 "),
        (("--beta", 0), best_thresholds_per_label(valid, 0.0), "highest F0 "),
        (("--min-precision", 0.9), best_thresholds_per_label(valid, 1.0, 0.9), "precision of 0.9"),
        (
            ("--beta", 0.5, "--min-precision", 1),
            best_thresholds_per_label(valid, 0.5, 1.0),
            "highest F0.5 .* precision of 1 ",
        ),
    ]:
        got, chosen = thresholds(*options)
        np.testing.assert_array_equal(got, np.float32(expected))
        assert re.search(words, chosen)
    assert not (run / "model.onnx").exists()


def test_export_refuses(run, mlc, quick, tmp_path, data):
    for options, why in [
        (("--thresh", 0.5, "--beta", 1), "one or the other"),
        (("--thresh", 0.5, "--min-precision", 1), "one or the other"),
        (("--data", tmp_path / "no"), "no"),
        (("--data", "postcard"), "postcards"),
    ]:
        code, out, err = mlc("export", run, *options)
        assert code == 1 and why in err and err.startswith("mlc: ")
    for wrong in ("--thresh=2", "--beta=-1", "--min-precision=3", "--thresh=x"):
        assert mlc("export", run, wrong)[0] == 2
    for wrong in ("--beta=nan", "--min-precision=nan", "--thresh=nan", "--beta=inf"):
        assert mlc("export", run, wrong)[0] in (1, 2), wrong
    code, out, err = mlc("export", tmp_path / "no")
    assert code == 1 and "no finished run" in err
    other = tmp_path / "other"
    shutil.copytree(data, other)
    frame = pd.read_csv(other / "labels.csv")
    frame.loc[0, "labels"] = "pink"
    frame.to_csv(other / "labels.csv", index=False)
    code, out, err = mlc("export", run, "--data", other)
    assert code == 1 and "pink" in err
    (run / "predictions-valid.npz").unlink()
    d = json.loads((run / "run.json").read_text())
    d["splits"].remove("valid")
    (run / "run.json").write_text(json.dumps(d))
    code, out, err = mlc("export", run, "--beta", 2)
    assert code == 1 and "Give --thresh instead" in err
    assert not (run / "model.onnx").exists() and not (run / "predictor.json").exists()
    code, out, err = mlc("export", run)
    assert code == 0 and "0.5 for every label" in out
    (run / "model.safetensors").unlink()
    code, out, err = mlc("export", run)
    assert code == 1 and "model.safetensors" in err and Predictor.load(run)


@pytest.fixture
def trainer(monkeypatch, trained):
    "Stands in for train_torch, so that only what follows the training is tested."
    from mlc_course.backbones import load_model

    monkeypatch.setattr(memory, "keep_memory", lambda: True)

    def train(table, profile, out=None, resume=False, on_error="stop"):
        result = load_run(trained[0])
        for name in ("model.safetensors", "model.json"):
            shutil.copy(trained[0] / name, Path(out) / name)
        result = TrainingRun(
            result.framework,
            load_model(trained[0]),
            result.vocab,
            result.history,
            result.predictions,
            profile,
            result.dataset,
            1.0,
            Path(out),
        )
        result.save(out)
        return result

    monkeypatch.setitem(sys.modules, "mlc_course.train_torch", types.SimpleNamespace(train=train))


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("it answers otherwise"),
        RuntimeError("the exporter's own words"),
        OSError(28, "No space left on device"),
        KeyError("a bug of the exporter"),
    ],
)
def test_an_export_that_fails_keeps_the_run(fault, mlc, trainer, data, tmp_path, monkeypatch):
    def fail(*args):
        raise fault

    monkeypatch.setattr(make, "onnx_bytes", fail)
    code, out, err = mlc("train", data, "-f", "torch", "-o", tmp_path / "run", "-p", "smoke")
    assert (
        code == 1
        and err.startswith(
            f"mlc: The run is kept in {tmp_path / 'run'}, but it couldn't be exported: "
        )
        and str(fault) in err
        and len(err.splitlines()) == 1
    )
    assert load_run(tmp_path / "run").predictions and mlc("evaluate", tmp_path / "run")[0] == 0
    assert (
        sorted(
            p.name
            for p in (tmp_path / "run").iterdir()
            if p.name.startswith(".")
            or p.suffix == ".onnx"
            or p.name in ("training.json", "predictor.json")
        )
        == []
    )


def test_train_without_the_exporter(mlc, trainer, data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, out, err = mlc("train", data, "-f", "torch", "-o", tmp_path / "my run", "-p", "smoke")
    assert (
        code == 0
        and 'isn\'t installed here: pip install "mlc_course[export]", then: mlc export '
        f"'{tmp_path / 'my run'}' --data {data}"
        in out
        and "onnx" in out
        and err == ""
    )
    assert load_run(tmp_path / "my run") and not (tmp_path / "my run" / "predictor.json").exists()
    code, out, err = mlc("export", tmp_path / "my run")
    assert (
        code == 1
        and err
        == "mlc: Exporting a network needs onnx, which isn't installed here: pip install "
        '"mlc_course[export]"\n'
    )
