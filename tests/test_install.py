"What works with the base installation alone, what an extra brings, and what is said where one is missing."

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mlc_course import extras, machine
from mlc_course.extras import EXTRAS, MODULES, absent, explain, need
from mlc_course.tools.lock import requirements

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OFFERED = PYPROJECT["project"]["optional-dependencies"]
# what the base installation doesn't bring, by import name
NOT_IN_BASE = sorted(
    {m for names in MODULES.values() for m in names}
    | {
        "torchvision",
        "fastprogress",
        "IPython",
        "jupyter_client",
        "execnb",
        "uvicorn",
        "fastapi",
        "starlette",
        "tokenizers",
        "hypothesis",
        "pytest",
        "joblib",
        "onnx_ir",
        "ml_dtypes",
        "traitlets",
        "requests",
    }
)
WITHOUT = """
import sys
class Absent:
    names = set(%r)
    def find_spec(self, name, path=None, target=None):
        return None
class Without:
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, *args, **kwargs): return None if name.partition(".")[0] in Absent.names else self.finder.find_spec(name, *args, **kwargs)
    def __getattr__(self, name): return getattr(self.finder, name)
sys.meta_path[:] = [Without(f) for f in sys.meta_path]
"""


def in_base(code, *args, absent=NOT_IN_BASE, **env):
    "Run code in a process that has the base installation alone."
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT % (absent,) + code, *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )
    return done


def mlc(*args, **env):
    return in_base(
        "from mlc_course.tools.cli import main\nsys.exit(main(sys.argv[1:]))", *args, **env
    )


# ---- what is asked for -------------------------------------------------------------------------
def names(texts):
    return {re.match(r"[\w.-]+", t)[0].lower() for t in texts}


def test_base_asks_for_no_framework_and_nothing_of_jupyter():
    base = names(PYPROJECT["project"]["dependencies"])
    assert base >= {
        "numpy",
        "pandas",
        "pillow",
        "onnxruntime",
        "matplotlib",
        "platformdirs",
        "filelock",
        "tqdm",
        "typer",
    }
    assert not base & {
        "torch",
        "torchvision",
        "fastai",
        "fastcore",
        "tensorflow",
        "keras",
        "onnx",
        "jupyterlab",
        "nbdev",
        "gradio",
        "scikit-learn",
    }


def test_every_extra_is_explained_and_all_brings_every_one():
    assert set(OFFERED) - {"all", "test"} == set(EXTRAS) == set(MODULES)
    every = names(requirements(PYPROJECT, ["all"]))
    for extra in EXTRAS:
        assert names(requirements(PYPROJECT, [extra])) <= every
    assert names(requirements(PYPROJECT, ["fastai"])) >= {"torch", "torchvision", "fastai"}


def test_base_uses_nothing_that_it_does_not_ask_for():
    "Every module of the package that the frameworks' extras aren't for can be imported without them."
    code = """
import importlib, pkgutil, mlc_course
bad = {}
for m in pkgutil.walk_packages(mlc_course.__path__, "mlc_course."):
    try: importlib.import_module(m.name)
    except ImportError as e: bad[m.name] = str(e)
for k, v in bad.items(): print(k, "|", v)
"""
    done = in_base(code)
    assert done.returncode == 0, done.stderr
    bad = dict(line.split(" | ") for line in done.stdout.splitlines())
    frameworks = {
        f"mlc_course.{m}"
        for m in (
            "backbones_torch",
            "datablocks",
            "losses",
            "losses_tf",
            "multi_output",
            "train_fastai",
            "train_tf",
            "train_torch",
        )
    }
    assert {m for m in bad if m.count(".") == 1} == frameworks
    for module in frameworks:
        assert 'pip install "mlc_course[t' in bad[module], bad[module]
    rooms = ("tools.demo", "training", "data.fastai_steps", "nets.lite", "nets.efficientnet")
    rooms += ("nets.torch_nets", "nets.pocket_fastai", "shards.images_torch")
    losses = ("rare_tf", "rare_torch", "tf_losses", "torch_losses", "keras_metric")
    sides = tuple(f"scores.{o}" for o in losses)
    for module in set(bad) - frameworks:
        assert module.removeprefix("mlc_course.").startswith(rooms + sides), bad[module]


# ---- what works --------------------------------------------------------------------------------
WORK = """
from pathlib import Path
import numpy as np
from mlc_course import (Predictions, Predictor, best_threshold, best_thresholds_per_label, cooccurrence, evaluate, multi_hot, open_dataset,
                        stratified_split, sweep, to_coco, to_csv)
from mlc_course.settings import load_profile
out = Path(sys.argv[2])
table = open_dataset("postcards", profile=load_profile("smoke"))
targets = table.targets("test")
rows = table.df[table.df.split == "test"]
assert (multi_hot(list(rows.labels), table.vocab) == targets).all() and stratified_split(targets, (.5, .5), 0) is not None and cooccurrence(targets) is not None
rng = np.random.default_rng(0)
p = Predictions(np.clip(targets*.4 + rng.random(targets.shape)*.6, 0, 1).astype("float32"), targets, table.vocab)
assert 0 < evaluate(p).mAP < 1 and best_threshold(sweep(p)) and len(best_thresholds_per_label(p)) == len(table.vocab)
to_csv(table, out/"set.csv"); to_coco(table, out/"set.json")
predictor = Predictor.load(sys.argv[1])
found = predictor.predict([table.paths("test")[0]])
assert set(found[0].scores) == set(table.vocab)
print("LOADED", *sorted({m.partition(".")[0] for m in sys.modules} & Absent.names))
"""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    "A predictor's folder, made with everything installed."
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from mlc_course import Predictor
    from mlc_course.backbones import create_model
    from mlc_course.postcards import LABELS

    torch.manual_seed(0)
    model = create_model(len(LABELS), "pocket_resnet").eval()
    model.vocab, model.image_size = list(LABELS), 32
    folder = tmp_path_factory.mktemp("shipped")
    Predictor.save(folder, model)
    return folder


def test_data_scores_and_predictor_work_with_base_alone(postcards, shipped, tmp_path):
    done = in_base(WORK, shipped, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_commands_work_with_base_alone(postcards, shipped):
    assert "predict" in mlc("--help").stdout
    done = mlc("data", "postcards", "--profile", "smoke")
    assert done.returncode == 0 and "Every picture can be decoded" in done.stdout, done.stderr
    done = mlc("predict", shipped, postcards.paths("test")[0])
    assert done.returncode == 0 and Path(postcards.paths("test")[0]).name in done.stdout, (
        done.stderr
    )


def test_the_doctor_says_what_each_missing_extra_is_for(tmp_path):
    done = in_base(
        "import os; os.chdir(sys.argv.pop(1))\nimport importlib.metadata as m, mlc_course.tools.doctor as d\nd.version = lambda n: None if n in Absent.names else '1'\n"
        "from mlc_course.tools.cli import main\nsys.exit(main(['doctor']))",
        tmp_path,
        MLC_HOME=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for extra, (_, use) in EXTRAS.items():
        assert re.search(
            rf'{extra} +for {re.escape(use)}: pip install "mlc_course\[{extra}\]"', done.stdout
        ), done.stdout
    assert "Nothing is wrong. Not installed: torch" in done.stdout and "PROBLEM" not in done.stdout


# ---- what is said where an extra is missing ----------------------------------------------------
@pytest.mark.parametrize(
    "command, extra",
    [
        (("train", "postcards", "--framework", "torch", "--out", "{}"), "torch"),
        (("train", "postcards", "--framework", "tensorflow", "--out", "{}"), "tensorflow"),
        (("train", "postcards", "--framework", "fastai", "--out", "{}"), "fastai"),
        (("bench", "metrics"), "bench"),
        (("bench", "train"), "torch"),
        (("bench", "predict"), "torch"),
        (("run",), "lessons"),
    ],
    ids=lambda v: v if isinstance(v, str) else "-".join(v[:2]),
)
def test_a_command_that_needs_an_extra_says_so_in_one_sentence(tmp_path, command, extra):
    done = mlc(*(c.format(tmp_path / "out") for c in command))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()
    assert len(last) == 1 and last[0].endswith(
        f'installed here: pip install "mlc_course[{extra}]"'
    ), done.stderr
    assert not (tmp_path / "out").exists()


def test_a_run_can_be_scored_without_its_framework_and_its_export_says_what_it_needs(
    squares, tiny, tmp_path
):
    pytest.importorskip("torch")
    from dataclasses import replace

    from mlc_course import train_torch

    train_torch.train(squares, replace(tiny, epochs=1), out=tmp_path / "run", progress=False)
    done = mlc("evaluate", tmp_path / "run")
    assert (
        done.returncode == 0
        and "of the sweep" in done.stdout
        and (tmp_path / "run" / "sweep.png").is_file()
    ), done.stderr
    done = mlc("export", tmp_path / "run")
    assert done.returncode == 1 and re.fullmatch(
        r'mlc: .* isn\'t installed here: pip install "mlc_course\[torch\]"', done.stderr.strip()
    ), done.stderr
    done = in_base(
        "from mlc_course.tools.cli import main\nsys.exit(main(sys.argv[1:]))",
        "export",
        tmp_path / "run",
        absent=list(MODULES["export"]),
    )
    assert done.returncode == 1 and re.fullmatch(
        r'mlc: .* aren\'t installed here: pip install "mlc_course\[export\]"', done.stderr.strip()
    ), done.stderr


def test_the_page_says_so_too(shipped):
    done = mlc("demo", shipped)
    assert (
        done.returncode == 1
        and 'The page needs gradio, which isn\'t installed here: pip install "mlc_course[demo]"'
        in done.stderr
    )


@pytest.mark.parametrize(
    "code, extra",
    [
        ("from mlc_course import sigmoid", "torch"),
        ("from mlc_course.losses import focal_loss", "torch"),
        ("import mlc_course.train_torch", "torch"),
        ("import mlc_course.multi_output", "torch"),
        ("import mlc_course.train_tf", "tensorflow"),
        ("import mlc_course.losses_tf", "tensorflow"),
        ("from mlc_course import pick_device; pick_device()", "torch"),
        ("from mlc_course import create_model; create_model(3)", "torch"),
        ("from mlc_course import pocket_resnet_tf; pocket_resnet_tf()", "tensorflow"),
        ("import mlc_course; mlc_course.multilabel_datablock", "torch"),
        (
            "import numpy as np; from mlc_course import find_label_issues; find_label_issues(np.eye(3), np.full((3, 3), .5))",
            "noise",
        ),
        ("from mlc_course import threshold_slider; threshold_slider([], None)", "lessons"),
        ("from mlc_course import measured_run; measured_run('torch', None, None)", "torch"),
    ],
)
def test_python_says_so_too(code, extra):
    done = in_base(code)
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith(f'installed here: pip install "mlc_course[{extra}]"')
    ), done.stderr


@pytest.mark.skipif(bool(absent("torch")), reason="needs torch")
@pytest.mark.parametrize("module", ["datablocks", "train_fastai"])
def test_torch_alone_is_told_what_fastai_needs(module):
    done = in_base(f"import mlc_course.{module}", absent=["fastai", "fasttransform", "fastcore"])
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith('needs fastai, which isn\'t installed here: pip install "mlc_course[fastai]"')
    ), done.stderr


def test_the_sentence_names_all_that_is_missing_and_nothing_else(monkeypatch):
    for name in ("onnx", "tf2onnx"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError) as e:
        need("export", "onnx", "numpy", "tf2onnx")
    assert (
        str(e.value)
        == 'Exporting a network needs onnx and tf2onnx, which aren\'t installed here: pip install "mlc_course[export]"'
    )
    assert e.value.name == "onnx"
    need("export", "numpy")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match="needs scikit-learn, which isn't"):
        need("bench", "sklearn")


def test_matlab_files_need_scipy_and_a_missing_file_is_told_first(tmp_path):
    (tmp_path / "cars_annos.mat").write_bytes(b"x")
    done = in_base(f"from mlc_course import read_cars; read_cars(r'{tmp_path}/cars_annos.mat')")
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith(
            'MATLAB files needs SciPy, which isn\'t installed here: pip install "mlc_course[cars]"'
        )
    ), done.stderr


def test_another_import_error_is_left_as_it_is():
    for error in (
        ImportError("broken"),
        ModuleNotFoundError("No module named 'of_yours'", name="of_yours"),
        ModuleNotFoundError("No module named 'numpy.x'", name="numpy.x"),
    ):
        assert explain(error) is error


def test_a_stub_counts_as_installed(monkeypatch):
    import types

    monkeypatch.setitem(sys.modules, "gradio", types.ModuleType("gradio"))
    assert extras.is_here("gradio")


# ---- threads -----------------------------------------------------------------------------------
ALL = [*machine.THREADS, *machine.THREADS_TOO]


def test_threads_sleep_unless_the_user_has_said_how():
    assert machine.quiet_threads({}) == machine.THREADS
    assert machine.quiet_threads({"GOMP_SPINCOUNT": ""}) == machine.THREADS
    for name in ALL:
        assert machine.quiet_threads({name: "7"}) == {name: "7"}
        assert machine.thread_setting({name: "7"}) == f"{name}=7"
    assert machine.thread_setting({}) == "the libraries' own"


@pytest.mark.parametrize("own", [{}, {"OMP_WAIT_POLICY": "PASSIVE"}])
def test_the_command_sets_it_before_torch_is_loaded(own):
    code = """
import sys, os, json
from mlc_course.tools import cli
def look(*args, **kwargs): print(json.dumps(dict(torch="torch" in sys.modules, **{n: os.environ[n] for n in %r if n in os.environ})))
cli.app = look
cli.main([])
""" % (ALL,)
    env = {k: v for k, v in os.environ.items() if k not in ALL} | own
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    import json

    assert json.loads(done.stdout) == dict(torch=False, **(own or machine.THREADS)), done.stderr


def test_kernels_have_it_too(monkeypatch):
    from mlc_course.tools.runner import kernel_env

    env = kernel_env("smoke", {})
    assert {k: env[k] for k in machine.THREADS} == machine.THREADS
    assert not set(machine.THREADS) & set(kernel_env("smoke", {"KMP_BLOCKTIME": "200"}))


def test_the_doctor_says_it(monkeypatch):
    from mlc_course.tools import doctor

    for n in ALL:
        monkeypatch.delenv(n, raising=False)
    monkeypatch.setattr(
        doctor,
        "probe",
        lambda *a, **k: dict(
            ok=True,
            facts=dict(torch=dict(cuda=[], mps=False, threads=2), tensorflow=dict(gpus=[])),
            error="",
            seconds=1,
        ),
    )
    assert "OpenMP's while they wait: GOMP_SPINCOUNT=3000" in doctor.as_text(doctor.examine())
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    assert "OpenMP's while they wait: GOMP_SPINCOUNT=1000" in doctor.as_text(doctor.examine())


# ---- the script that tries each installation ---------------------------------------------------
def test_the_wheel_holds_every_module_and_the_weights_and_names_the_extras(tmp_path):
    import zipfile

    pytest.importorskip("setuptools")
    from mlc_course.tools.try_installs import build_wheel

    before = set(ROOT.iterdir())
    with zipfile.ZipFile(build_wheel(ROOT, tmp_path)) as z:
        files = set(z.namelist())
        about = z.read(next(n for n in files if n.endswith("METADATA"))).decode()
    assert set(ROOT.iterdir()) == before  # nothing is left in the checkout
    assert {p.relative_to(ROOT).as_posix() for p in (ROOT / "mlc_course").rglob("*.py")} <= files
    assert any(n.startswith("mlc_course/weights/") for n in files) and not any(
        n.startswith(("tests/", "nbs/")) for n in files
    )
    assert set(re.findall(r"^Provides-Extra: (.+)$", about, re.M)) == {*EXTRAS, "all", "test"}
    needs = [n for n in re.findall(r"^Requires-Dist: (.+)$", about, re.M) if "extra ==" not in n]
    assert names(needs) == names(PYPROJECT["project"]["dependencies"])


def test_a_file_with_two_names_counts_once(tmp_path):
    from mlc_course.tools.try_installs import size_mb

    (tmp_path / "a").write_bytes(bytes(3_000_000))
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").write_bytes(bytes(1_000_000))
    assert size_mb(tmp_path) == 4


def test_an_installation_that_is_too_large_or_fails_makes_the_exit_code_1(monkeypatch, capsys):
    from mlc_course.tools import try_installs as t

    monkeypatch.setattr(t, "build_wheel", lambda *a: "x.whl")
    monkeypatch.setattr(t, "make_predictor", lambda folder: False)
    monkeypatch.setattr(
        t, "install", lambda venv, python, wheel, extra, root: (venv.mkdir(), 2.0)[1]
    )
    tried = []
    monkeypatch.setattr(t, "smoke", lambda venv, extra, folder: tried.append(extra))
    monkeypatch.setattr(t, "size_mb", lambda folder: 399.0)
    assert t.main(["base", "torch"]) == 0 and tried == ["base", "torch"]
    monkeypatch.setattr(t, "size_mb", lambda folder: 401.0)
    assert t.main(["base"]) == 1 and "it may take 400 MB at most" in capsys.readouterr().out

    def broken(*args):
        raise RuntimeError("mlc doctor: it broke")

    monkeypatch.setattr(t, "smoke", broken)
    assert t.main(["torch"]) == 1 and "FAILED: mlc doctor: it broke" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        t.main(["base", "tensorfow"])
