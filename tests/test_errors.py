"An error that a reader can see to is a sentence; a fault of ours keeps its traceback."

import json
import pickle
import subprocess
import sys
from concurrent.futures import Future
from functools import partial

import pytest
from PIL import Image

from mlc_course import labels, metrics, settings
from mlc_course.data import workers
from mlc_course.errors import Told, is_our_fault, is_told
from mlc_course.safety import TrainingDiverged
from mlc_course.ship.predictor import NotAnImage
from mlc_course.tools import cli, describe


def raised(call, *args):
    "The exception that a call ends with."
    with pytest.raises(Exception) as info:
        call(*args)
    return info.value


# ---- told --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "call",
    [
        partial(settings.load_profile, "nonsense"),
        partial(labels.multi_hot, "sun", ["sun"]),
        partial(metrics.evaluate, "nonsense"),
        partial(open, "no-such-folder/no-such-file"),
    ],
)
def test_a_refusal_is_told(call):
    error = raised(call)
    assert is_told(error) and not is_our_fault(error)


@pytest.mark.parametrize("error", [OSError("x"), MemoryError(), ModuleNotFoundError(name="torch")])
def test_errors_of_the_system_are_told(error):
    assert is_told(error)


@pytest.mark.parametrize("kind", [NotAnImage, TrainingDiverged])
def test_our_own_classes_are_told_wherever_they_are_raised(kind):
    assert issubclass(kind, Told)
    error = kind(3, 1) if kind is TrainingDiverged else kind("x")
    assert is_told(error) and is_told(pickle.loads(pickle.dumps(error)))


def test_a_refusal_that_a_library_wraps_is_told():
    refusal = raised(settings.load_profile, "nonsense")
    wrapped = Future()
    wrapped.set_exception(KeyError("pipeline"))
    error = raised(wrapped.result)
    assert not is_told(error)
    error.__cause__ = refusal
    assert is_told(error)


def refuse(piece):
    return settings.load_profile(piece)


def test_a_refusal_comes_home_from_another_process():
    done = partial(list, workers.in_processes(refuse, ["nonsense", "nonsense"], 2))
    error = raised(done)
    assert isinstance(error, ValueError) and is_told(error)


# ---- faults of ours ----------------------------------------------------------------------------
FAULTS = {
    "an attribute": lambda table, every: None.labels,
    "a key": lambda table, every: {}["labels"],
    "an index": lambda table, every: [][0],
    "a call": lambda table, every: len(),
    "a type": lambda table, every: 1 + "2",
    "a name": lambda table, every: undefined_name,  # noqa: F821
    "a library": lambda table, every: json.loads("{"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_keeps_its_traceback(fault, pictures, monkeypatch):
    monkeypatch.setattr(describe, "describe", FAULTS[fault])
    error = raised(cli.main, ["data", str(pictures)])
    assert "mlc doctor --json" in error.__notes__[0] and not is_told(error)


@pytest.fixture
def pictures(tmp_path):
    for name in "ab":
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
    text = "fname,labels,split\na.png,sun,train\nb.png,sea,valid\n"
    (tmp_path / "train.csv").write_text(text)
    return tmp_path


@pytest.mark.parametrize("error", [ValueError, RuntimeError, TypeError])
def test_an_error_without_a_raise_in_the_package_is_ours(error):
    "In one place of the package, once a `raise` and once an expression that fails."
    falls = {
        ValueError: "int('sun')",
        RuntimeError: "[d.update({len(d): 0}) for o in d]",
        TypeError: "len(3)",
    }[error]
    said = raised(exec, compile(f"raise {error.__name__}('Give 3.')", settings.__file__, "exec"))
    fell = raised(exec, compile(falls, settings.__file__, "exec"), {"d": {0: 0}})
    assert is_told(said) and not is_told(fell) and is_our_fault(fell)


def test_a_name_of_ours_that_is_missing_is_our_fault():
    error = raised(exec, "from mlc_course.settings import no_such_name")
    assert isinstance(error, ImportError) and not is_told(error)


def test_the_process_shows_the_traceback_and_what_to_do(pictures):
    code = (
        "import sys; from mlc_course.tools import cli, describe; "
        "describe.describe = lambda table, every: table.no_such_attribute; "
        f"sys.exit(cli.main(['data', {str(pictures)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("Traceback")
    assert "no_such_attribute" in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("mlc: This is a fault of mlc_course")
