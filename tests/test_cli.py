"The command line: fast start, plain errors, data, train, evaluate, doctor."

import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
from PIL import Image
from run_kit import fake_run

from mlc_course.tools import cli, doctor
from mlc_course.training.ours import MARKER


def mlc(*args):
    return cli.main([str(a) for a in args])


@pytest.fixture
def trainer(monkeypatch):
    "Stands in for train_torch, so that the command is tested without a framework."
    calls = []

    def train(table, profile, out=None, resume=False, on_error="stop"):
        calls.append(dict(table=table, profile=profile, out=Path(out), resume=resume))
        if module.fault:
            raise module.fault
        (Path(out) / "model.safetensors").write_bytes(b"weights")
        run = fake_run(["valid"])
        run.save(out)
        return run

    module = types.SimpleNamespace(train=train, calls=calls, fault=None)
    monkeypatch.setitem(sys.modules, "mlc_course.train_torch", module)
    return module


# ---- start -------------------------------------------------------------------------------------
def test_help_imports_nothing_heavy():
    code = (
        "import sys; from mlc_course.tools.cli import main; main(['--help']); print('LOADED', "
        "[m for m in ('numpy', 'pandas', 'torch', 'tensorflow', 'fastai', 'matplotlib', 'PIL', "
        "'nbclient', 'nbconvert', 'rich', 'psutil') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8"
    )
    assert "LOADED []" in done.stdout, done.stdout + done.stderr
    for command in ("doctor", "data", "run", "train", "evaluate"):
        assert command in done.stdout


def test_errors_are_one_sentence(capsys, monkeypatch):
    assert mlc("evaluate", "no-such-folder") == 1
    err = capsys.readouterr().err
    assert err.startswith("mlc: no-such-folder holds no finished run") and "Traceback" not in err
    assert mlc("run", "--profile", "nonsense") == 1
    assert "nonsense" in capsys.readouterr().err
    assert mlc("train", "x", "--framework", "jax", "--out", "y") == 2
    monkeypatch.setenv("MLC_DEBUG", "1")
    with pytest.raises(FileNotFoundError):
        mlc("evaluate", "no-such-folder")


def test_run_outside_a_checkout(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert mlc("run") == 1
    assert "not inside a checkout" in capsys.readouterr().err


def test_run_lists_the_lessons_where_one_is_unknown(monkeypatch, capsys):
    monkeypatch.chdir(Path(__file__).parent)  # any folder of the checkout will do
    assert mlc("run", "nonsense") == 1
    assert "05_metrics" in capsys.readouterr().err


# ---- data --------------------------------------------------------------------------------------
def test_data_describes(pictures, capsys):
    assert mlc("data", pictures) == 0
    text = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert rows["train"][:3] == ["8", "1.00", "25.0%"] and rows["valid"][:1] == ["4"]
    assert rows["sun"] == ["4", "2", "50.0%"] and "Every picture can be decoded" in text


def test_data_finds_a_damaged_picture(pictures, capsys):
    path = pictures / "train" / "000003.jpg"
    path.write_bytes(path.read_bytes()[:200])
    assert mlc("data", pictures) == 1
    text = capsys.readouterr().out
    assert "BAD" in text and "000003.jpg" in text and "1 of 12" in text


def test_data_refuses_what_makes_no_sense(pictures, capsys):
    assert (
        mlc("data", pictures, "--n", "5") == 1
        and "--n is for the sets that are drawn" in capsys.readouterr().err
    )
    assert (
        mlc("data", pictures, "--layout", "cars") == 1
        and "layout of its own" in capsys.readouterr().err
    )
    assert mlc("data", "postcard") == 1 and "postcards" in capsys.readouterr().err


@pytest.mark.parametrize("layout", ["pascal", "nus_wide", "movie_posters", "cars"])
def test_data_draws_each_layout(layout, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    assert mlc("data", "postcards", "--layout", layout, "--n", 40, "--profile", "smoke") == 0
    assert "Every picture can be decoded" in capsys.readouterr().out


# ---- train -------------------------------------------------------------------------------------
def test_train_writes_a_whole_run(pictures, tmp_path, trainer, capsys):
    out = tmp_path / "run"
    assert (
        mlc(
            "train",
            pictures,
            "--framework",
            "torch",
            "--out",
            out,
            "--profile",
            "smoke",
            "--epochs",
            3,
        )
        == 0
    )
    call, text = trainer.calls[0], capsys.readouterr().out
    assert (
        call["profile"].epochs == 3
        and call["profile"].name == "smoke"
        and call["resume"] is False
        and call["out"] == out
    )
    assert sorted(p.name for p in out.iterdir()) == [
        "history.csv",
        "model.safetensors",
        "predictions-valid.npz",
        "run.json",
    ]
    assert (
        "Scores on the valid split: the table has no test split" in text
        and "predicting nothing" in text
    )


def test_train_never_spoils_a_folder(pictures, tmp_path, trainer, capsys):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("x")
    base = ["train", pictures, "-f", "torch", "-p", "smoke"]
    for extra in ([], ["--force"], ["--resume"]):
        assert mlc(*base, "-o", foreign, *extra) == 1
        assert "not a training run" in capsys.readouterr().err
    assert [p.name for p in foreign.iterdir()] == ["thesis.txt"]
    done = tmp_path / "done"
    assert mlc(*base, "-o", done) == 0
    assert mlc(*base, "-o", done) == 1 and "holds a finished run" in capsys.readouterr().err
    assert mlc(*base, "-o", done, "--force") == 0
    assert len(trainer.calls) == 2


def test_train_failure_leaves_nothing_or_what_resumes(pictures, tmp_path, trainer, capsys):
    base = ["train", pictures, "-f", "torch", "-p", "smoke"]
    out = tmp_path / "run"
    trainer.fault = RuntimeError("the loss is NaN at step 3")
    assert mlc(*base, "-o", out) == 1 and "the loss is NaN" in capsys.readouterr().err
    assert not out.exists()  # nothing in it could have been resumed

    trainer.fault = KeyboardInterrupt()
    out.mkdir()
    real = trainer.train

    def interrupted(table, profile, out=None, resume=False, on_error="stop"):
        (Path(out) / "checkpoint.pt").write_bytes(b"1")
        (Path(out) / "checkpoint.pt.part").write_bytes(b"half")
        return real(table, profile, out, resume)

    trainer.train = interrupted
    assert mlc(*base, "-o", out) == 130
    assert sorted(p.name for p in out.iterdir()) == ["checkpoint.pt", MARKER]
    hint = capsys.readouterr().err.partition("Go on with: ")[2].split()
    assert hint[0] == "mlc" and hint[-1] == "--resume"

    trainer.fault, trainer.train = None, real
    assert mlc(*base, "-o", out) == 1 and "unfinished run" in capsys.readouterr().err
    assert (
        mlc("train", "postcards", "-f", "torch", "-p", "smoke", "-o", out, "--resume") == 1
        and "was asked for" in capsys.readouterr().err
    )
    assert mlc(*base, "-o", out, "--resume") == 0 and trainer.calls[-1]["resume"] is True
    assert not (out / MARKER).exists()


def test_the_hint_after_ctrl_c_goes_on_with_the_same_settings(tmp_path, pictures, trainer, capsys):
    out = tmp_path / "run of today"
    options = [
        "--arch",
        "resnet18",
        "--scratch",
        "--seed",
        "7",
        "--epochs",
        "2",
        "--on-error",
        "skip",
        "-p",
        "smoke",
    ]
    real = trainer.train

    def interrupted(table, profile, out=None, resume=False, on_error="stop"):
        (Path(out) / "checkpoint.pt").write_bytes(b"1")
        raise KeyboardInterrupt

    trainer.train = interrupted
    assert mlc("train", pictures, "-f", "torch", "-o", out, *options) == 130
    import shlex

    hint = shlex.split(capsys.readouterr().err.partition("Go on with: ")[2])
    trainer.train = real
    assert mlc(*hint[1:]) == 0
    profile = trainer.calls[-1]["profile"]
    assert (profile.arch, profile.pretrained, profile.seed, profile.epochs, profile.name) == (
        "resnet18",
        False,
        7,
        2,
        "smoke",
    ) and trainer.calls[-1]["resume"]


def test_ctrl_c_before_anything_is_kept_says_so(tmp_path, pictures, trainer, capsys):
    trainer.fault = KeyboardInterrupt()
    assert mlc("train", pictures, "-f", "torch", "-o", tmp_path / "run", "-p", "smoke") == 130
    assert "before anything was kept" in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_skipped_pictures_are_named(tmp_path, pictures, trainer, capsys, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    bad = sorted(p for p in pictures.rglob("*.jpg") if p.is_file())[0]
    bad.write_bytes(b"no picture")
    assert (
        mlc(
            "train",
            pictures,
            "-f",
            "torch",
            "-o",
            tmp_path / "run",
            "-p",
            "smoke",
            "--on-error",
            "skip",
        )
        == 0
    )
    assert "1 of 12 pictures" in (said := capsys.readouterr().out) and bad.name in said


def test_train_needs_train_and_valid(tmp_path, pictures, trainer, monkeypatch, capsys):
    import mlc_course.tables as tables

    monkeypatch.setattr(
        tables, "open_dataset", lambda *a, **k: tables.read_pascal(pictures).subset("valid")
    )
    assert mlc("train", pictures, "-f", "torch", "-o", tmp_path / "run") == 1
    assert (
        "Training needs both train and valid" in capsys.readouterr().err
        and not (tmp_path / "run").exists()
    )


@pytest.mark.parametrize("framework", ["fastai", "torch", "tensorflow"])
def test_every_trainer_in_earnest(framework, tmp_path):
    "One epoch of the smoke profile, in a process of its own, then the scores."
    if importlib.util.find_spec(f"mlc_course.{cli.MODULES[framework]}") is None:
        pytest.skip(f"{cli.MODULES[framework]} isn't there")
    out = tmp_path / "run"
    run = lambda *a: subprocess.run(
        [sys.executable, "-m", "mlc_course.tools.cli", *map(str, a)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    done = run(
        "train",
        "postcards",
        "--framework",
        framework,
        "--out",
        out,
        "--profile",
        "smoke",
        "--epochs",
        1,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Scores on the test split" in done.stdout
    names = {p.name for p in out.iterdir()}
    assert {
        "run.json",
        "history.csv",
        "predictions-valid.npz",
        "predictions-test.npz",
    } < names and not [n for n in names if "part" in n or n == MARKER]
    done = run("evaluate", out)
    assert done.returncode == 0 and "macro" in done.stdout, done.stdout + done.stderr
    assert Image.open(out / "sweep.png").size == (910, 520)


# ---- evaluate ----------------------------------------------------------------------------------
def test_evaluate_prints_scores_and_plots(tmp_path, capsys):
    run = fake_run()
    run.save(tmp_path / "run")
    assert mlc("evaluate", tmp_path / "run") == 0
    text = capsys.readouterr().out
    from mlc_course.metrics import evaluate

    assert str(evaluate(run.predictions["test"])) in text and "Scores on the test split." in text
    assert Image.open(tmp_path / "run" / "sweep.png").format == "PNG"
    assert (
        mlc(
            "evaluate",
            tmp_path / "run",
            "--split",
            "valid",
            "--thresh",
            "0.3",
            "--score",
            "accuracy",
        )
        == 0
    )
    assert str(evaluate(run.predictions["valid"], 0.3)) in capsys.readouterr().out
    assert (
        mlc("evaluate", tmp_path / "run", "--split", "train") == 1
        and "no predictions for 'train'" in capsys.readouterr().err
    )
    assert mlc("evaluate", tmp_path / "run", "--score", "beauty") == 1
    assert mlc("evaluate", tmp_path / "run", "--thresh", "1.5") == 2
    assert not list((tmp_path / "run").glob("*.part"))


def test_score_split():
    run = fake_run(["valid"])
    assert cli.score_split(run.predictions) == "valid"
    with pytest.raises(ValueError, match="nothing to score"):
        cli.score_split({})


# ---- doctor ------------------------------------------------------------------------------------
def test_doctor_reports_as_text_and_json(monkeypatch, capsys):
    monkeypatch.setattr(
        doctor,
        "probe",
        lambda code, timeout=60: dict(
            ok="import tensorflow, torchvision" not in code,
            error="aborts (signal 6)" if "import tensorflow, torchvision" in code else "",
            seconds=1.0,
            facts=dict(
                torch=dict(cuda=[], mps=False, threads=2, built_for_cuda=None),
                tensorflow=dict(gpus=[]),
            )
            if "tell(" in code
            else {},
        ),
    )
    code = mlc("doctor", "--json")
    report = json.loads(capsys.readouterr().out)
    assert code == (1 if report["problems"] else 0)
    assert (
        report["packages"]["torch"] and report["cores"] == os.cpu_count() and report["data"]["path"]
    )
    orders = report["import_orders"]
    assert (
        orders["PyTorch first, then TensorFlow"]["ok"]
        and not orders["TensorFlow first, then PyTorch"]["ok"]
    )
    assert not [
        p for p in report["problems"] if "TensorFlow first, then PyTorch" in p
    ]  # known, and no fault of the machine
    assert report["lessons"] and not [x for x in report["lessons"] if x["missing"]]
    mlc("doctor")
    text = capsys.readouterr().out
    assert "before TensorFlow" in text and "aborts (signal 6)" in text and "lessons" in text.lower()


def test_probe_survives_whatever_happens_inside():
    assert doctor.probe("tell('a', b=1)") | dict(seconds=0) == dict(
        ok=True, facts={"a": {"b": 1}}, error="", seconds=0
    )
    assert "no answer" in doctor.probe("import time; time.sleep(30)", timeout=1)["error"]
    assert "No module named" in doctor.probe("import no_such_module")["error"]
    died = doctor.probe("import os; os.abort()")
    assert not died["ok"] and died["error"]


def test_imports_of_a_notebook():
    nb = dict(
        cells=[
            dict(
                cell_type="code",
                source=[
                    "import numpy as np, torch\n",
                    "from fastai.vision.all import *  # all\n",
                    "    import hidden\n",
                    "important = 1",
                ],
            ),
            dict(cell_type="markdown", source=["import nothing"]),
        ]
    )
    assert doctor.imports_of(nb) >= {
        "numpy",
        "torch",
        "fastai",
    } and "nothing" not in doctor.imports_of(nb)
    assert doctor.missing_modules({"numpy", "no_such_module", "sys"}) == ["no_such_module"]


@pytest.mark.parametrize(
    "error, said",
    [
        (OSError(28, "There is no room for model.onnx."), "There is no room for model.onnx."),
        (
            PermissionError(13, "Permission denied", "/data/run"),
            "/data/run can't be used: Permission denied. Check its name, and who may read and "
            "write there.",
        ),
        (OSError("without a number"), "without a number"),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
    ],
    ids=lambda o: str(o)[:30],
)
def test_an_error_of_the_system_is_a_sentence(error, said):
    from mlc_course.tools.commands.errors import sentence

    assert sentence(error) == said
