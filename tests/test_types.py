"Types: the stub is what the sources say, and mypy follows the public names."

import ast
import re
import subprocess
import sys
import textwrap
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import mlc_course
from mlc_course.tools import stubs

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "mlc_course" / "__init__.pyi"


def mypy(tmp_path, *args, cwd=ROOT):
    "Run mypy by the project's settings; skips where it isn't installed."
    if find_spec("mypy") is None:
        pytest.skip("mypy isn't installed: pip install mypy, or the project's `test` extra")
    settings = [
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    command = [sys.executable, "-m", "mypy", *settings, "--no-error-summary", *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_the_stub_is_up_to_date():
    said = STUB.read_text(encoding="utf-8")
    assert said == stubs.stub_text(), f"{STUB.name} is out of date. Run: {stubs.COMMAND}"
    assert (STUB.parent / "py.typed").is_file(), f"py.typed is missing. Run: {stubs.COMMAND}"


def test_the_stub_has_exactly_the_public_names():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    there = {o.name for o in tree.body if isinstance(o, ast.FunctionDef)}
    there |= {o.target.id for o in tree.body if isinstance(o, ast.AnnAssign)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):  # `import x as x` is what a stub offers to others
            there |= {a.name for a in node.names if a.asname == a.name}
    assert there == set(mlc_course.__all__)


def test_the_stub_says_what_the_docstrings_say():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    docs = {o.name: ast.get_docstring(o) for o in tree.body if isinstance(o, ast.FunctionDef)}
    for name in ("evaluate", "multi_hot", "label_counts", "read_coco", "sweep", "to_csv"):
        comments = re.findall(r"^    (\S.*)$", getattr(mlc_course, name).__doc__, re.MULTILINE)
        assert comments and all(comment in docs[name] for comment in comments), name


def test_the_wheel_takes_them_along():
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"*.pyi", "py.typed"} <= set(facts["tool"]["setuptools"]["package-data"]["mlc_course"])


def test_a_changed_signature_is_noticed(tmp_path):
    package = tmp_path / "mlc_course"
    package.mkdir()
    (package / "__init__.py").write_text('_MODULES = ["a"]\n_NAMES = {"a": ["f", "C", "g"]}\n')
    (package / "b.py").write_text(
        "from pathlib import Path\ndef g(x: Path) -> Path: # out\n    'G.'\n"
    )
    source = "from .b import g\nclass C: pass\ndef f(\n    c: 'C | None' = None, # in\n): 'F.'\n"
    (package / "a.py").write_text(source)
    before = stubs.stub_text(package)
    assert "def f(\n    c: C | None = None,\n):" in before
    assert "from .a import C as C" in before and "from pathlib import Path\n" in before
    assert "def g(\n    x: Path,\n) -> Path:" in before and "in\n" in before
    (package / "a.py").write_text(source.replace("# in", "# into"))
    assert stubs.stub_text(package) != before


SURFACE = """
    from pathlib import Path
    import numpy as np
    import torch
    import mlc_course
    from mlc_course import Predictions, evaluate, focal_loss, multi_hot, open_dataset, sweep
    from mlc_course.metrics import Predictions as Same, evaluate as same

    p: Same = Predictions(np.zeros((2, 3), np.float32), np.zeros((2, 3), bool), ["a", "b", "c"])
    reveal_type(evaluate(p, 0.5))  # Scores
    reveal_type(evaluate(p, [0.1, 0.2, 0.3]).mAP)  # float
    reveal_type(same(p, {"a": 0.1, "b": 0.2, "c": 0.3}))  # Scores
    reveal_type(multi_hot([["a"], []], ("a", "b")))  # ndarray
    reveal_type(open_dataset("postcards"))  # ImageTable
    reveal_type(open_dataset(Path("x"), format="coco").targets("train"))  # ndarray
    reveal_type(mlc_course.load_profile().epochs)  # int
    reveal_type(mlc_course.label_counts([[1, 0]], ["a", "b"]))  # Series
    reveal_type(sweep(p))  # DataFrame
    reveal_type(focal_loss(torch.zeros(2, 3), torch.zeros(2, 3)))  # Tensor
    reveal_type(mlc_course.Predictor.load("folder").predict(["a.jpg"]))  # list
    reveal_type(mlc_course.losses.sigmoid(torch.zeros(2)))  # Tensor
"""
WRONG = {
    'evaluate("nonsense")': "arg-type",
    "evaluate(p, threshold=0.5)": "call-arg",
    "multi_hot(5, ['a'])": "arg-type",
    "mlc_course.evaluated": "attr-defined",
    "open_dataset(3)": "arg-type",
    "evaluate(p).map": "attr-defined",
    "mlc_course.Path": "attr-defined",
}


def test_mypy_knows_the_public_names(tmp_path):
    good = textwrap.dedent(SURFACE).strip()
    bad = "\n".join(WRONG)
    (tmp_path / "surface.py").write_text(f"{good}\n{bad}\n")
    done = mypy(tmp_path, tmp_path / "surface.py")
    first = len(good.splitlines())
    said = {}
    for line, kind, text in re.findall(r"surface\.py:(\d+): (note|error): (.*)", done.stdout):
        said.setdefault(int(line), (kind, text))
    for i, line in enumerate(good.splitlines(), 1):
        if line.startswith("reveal_type"):
            kind, text = said.pop(i)
            assert kind == "note" and line.split("# ")[1] in text and '"Any"' not in text, text
    for i, code in enumerate(WRONG.values(), first + 1):
        kind, text = said.pop(i, ("", "nothing"))
        assert kind == "error" and text.endswith(f"[{code}]"), (list(WRONG)[i - first - 1], text)
    assert not said, done.stdout


@pytest.mark.slow
def test_mypy_passes_over_the_package(tmp_path):
    "Modules that don't pass yet stand in pyproject.toml under [[tool.mypy.overrides]]; it shrinks."
    done = mypy(tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_the_modules_that_wait_are_there():
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    waiting = [m for o in facts["tool"]["mypy"]["overrides"] for m in o["module"]]
    for name in waiting:
        path = ROOT.joinpath(*name.removesuffix(".*").split("."))
        assert path.with_suffix(".py").is_file() or path.is_dir(), (
            f"{name} isn't there; take it out"
        )
    assert waiting == sorted(set(waiting))
