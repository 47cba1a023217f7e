"ruff over package, tests and notebooks, by the rules in pyproject.toml."

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORMATTED = (  # folders and files that `ruff format` has formatted; this list only grows
    *(
        f"mlc_course/{name}"
        for name in "data figures nets postcards scores ship tools training".split()
    ),
    *(f"mlc_course/{name}.py" for name in "atomic devices docs errors extras hints".split()),
    *(f"mlc_course/{name}.py" for name in "interrupts machine profiles whole_files".split()),
    "tests",
)


def ruff(*args):
    "Run ruff in the checkout; skips where it isn't installed."
    if find_spec("ruff"):
        command = [sys.executable, "-m", "ruff"]
    elif shutil.which("ruff"):
        command = ["ruff"]
    else:
        pytest.skip("ruff isn't installed: pip install ruff, or the project's `test` extra")
    return subprocess.run([*command, *args], cwd=ROOT, capture_output=True, text=True)


def test_ruff_finds_nothing():
    done = ruff("check", "--no-cache", "--output-format", "concise", "mlc_course", "tests", "nbs")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_what_is_formatted_stays_formatted():
    done = ruff("format", "--check", "--no-cache", *FORMATTED)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-1000:]


def test_a_fault_is_found(tmp_path):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    bad = tmp_path / "mlc_course" / "nets" / "bad.py"
    bad.parent.mkdir(parents=True)
    branches = "".join(f"    if x == {i}:\n        return {i}\n" for i in range(20))
    bad.write_text(f"import os\n\nif 1: print(undefined)\n\n\ndef f(x):\n{branches}")
    done = ruff("check", "--no-cache", "--output-format", "concise", str(tmp_path))
    assert {"F401", "F821", "E701", "C901"} <= set(re.findall(r" ([A-Z]\d+) ", done.stdout))


def test_the_hook_before_a_commit_formats_the_same_files():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pattern = re.search(r"^ +files: (.+)$", text, re.M)[1]
    for name in FORMATTED:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            assert re.search(pattern, file.relative_to(ROOT).as_posix()), f"{file} isn't in it"
    assert not re.search(pattern, "mlc_course/labels.py")  # nbdev writes it


def test_every_exception_is_for_a_file_that_is_there():
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for pattern in facts["tool"]["ruff"]["lint"]["per-file-ignores"]:
        start, names, end = re.fullmatch(r"([^{]*)(?:\{(.*)\}(.*))?", pattern).groups()
        for name in names.split(",") if names else [""]:
            path = start + name + (end or "")
            assert list(ROOT.glob(path)), f"{path} isn't there; take it out of pyproject.toml"
