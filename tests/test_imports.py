"""The order of imports must never kill a process. (Which module may load what: tests/test_project.py.)"""

import itertools
import subprocess
import sys
from importlib.util import find_spec

import pytest

TORCH_SIDE = ["losses", "backbones_torch", "train_torch", "datablocks", "train_fastai"]
TF_SIDE = ["losses_tf", "train_tf"]
FRAMEWORKS = {"torch", "torchvision", "fastai", "tensorflow", "keras"}


def run(code):
    "Run `code` in a new process; give (exit code, stdout, stderr)."
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    return r.returncode, r.stdout, r.stderr


def loaded(module):
    code, out, err = run(f"import sys, {module}\nprint(*sorted({FRAMEWORKS!r} & set(sys.modules)))")
    assert code == 0, err
    return set(out.split())


def test_package_is_light():
    assert loaded("mlc_course") == set()


def test_every_public_name_resolves():
    code, out, err = run(
        "import mlc_course\nfor n in mlc_course.__all__: getattr(mlc_course, n)\nprint('fine')"
    )
    assert code == 0 and "fine" in out, err


@pytest.mark.parametrize("pair", [*itertools.product(TORCH_SIDE, TF_SIDE)], ids="-".join)
def test_both_orders_of_our_modules(pair):
    for order in (pair, pair[::-1]):
        code, out, err = run("".join(f"import mlc_course.{m}\n" for m in order) + "print('fine')")
        assert code == 0 and "fine" in out, f"{order}: exit {code}\n{err[-2000:]}"


@pytest.mark.parametrize("module", ["torchvision", "fastai.vision.all", "torch", "triton"])
def test_plain_imports_after_our_tensorflow(module):
    if find_spec(module.split(".")[0]) is None:
        pytest.skip(f"{module} is not installed")
    code, out, err = run(f"import mlc_course.train_tf\nimport {module}\nprint('fine')")
    assert code == 0 and "fine" in out, err[-2000:]


@pytest.mark.skipif(find_spec("triton") is None, reason="without triton either order works")
@pytest.mark.parametrize("module", TORCH_SIDE)
def test_after_plain_tensorflow_the_torch_side_refuses(module):
    code, out, err = run(
        f"import tensorflow\ntry: import mlc_course.{module}\nexcept ImportError as e: print(e)"
    )
    assert code == 0 and "Restart the kernel" in out, err[-2000:]


@pytest.mark.skipif(find_spec("triton") is None, reason="without triton either order works")
def test_our_tensorflow_side_after_plain_tensorflow_leaves_the_guard_working():
    code, out, err = run(
        "import tensorflow, mlc_course.train_tf\ntry: import mlc_course.train_torch\nexcept ImportError as e: print(e)"
    )
    assert code == 0 and "Restart the kernel" in out, err[-2000:]


def test_tensorflow_starts_quietly():
    code, out, err = run("import mlc_course.train_tf as t; t.tf.zeros(3) + 1")
    assert code == 0 and err.strip() == "", err
