"""What all checks share: how a mistake is recognised, and that every exercise has a check, a
solution and tests.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checks_kit import not_done, passes, says, stub

from mlc_course.tools import checks
from mlc_course.tools.checks import Mistake, NotDone, Right, Wrong
from mlc_course.tools.checks._core import choices, diagnose, plain, same, show

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "nbs").glob("[0-9][0-9]_*.ipynb"))
ESSAYS = {"87", "88", "89", "90"}  # appendices: one exercise each
EXERCISES = [n for n in checks.__all__ if n[0].islower()]
double = lambda f: diagnose(
    f,
    lambda x: 2 * x,
    [Mistake("you squared it.", lambda x: x * x), Mistake("nothing was done.", lambda x: x)],
    [(2.0,), (3.0,)],
    "double",
)


def cells(path, kind):
    return [
        "".join(c["source"])
        for c in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if c["cell_type"] == kind
    ]


def test_diagnose_names_the_mistake_that_gives_the_same_results():
    passes(double, lambda x: x + x)
    not_done(double)
    says(
        double, lambda x: x**2, "double: you squared it."
    )  # equal to the right answer for 2, not for 3
    says(double, lambda x: x, "nothing was done")
    says(double, lambda x: x + 2, "expected 6, got 5")
    says(double, lambda x: [x, x], "shape (2,)")
    says(double, lambda: 1, "stopped with TypeError")
    says(double, 4, "should be a function")


def test_messages_are_for_reading():
    says(double, lambda x: 1 / 0, "See line")

    def unwritten(x):
        raise NotImplementedError

    says(double, unwritten, "written", kind=checks.NotDone)
    import torch

    says(
        lambda f: diagnose(f, lambda x: x, [], [(torch.tensor([True]),)], "share"),
        lambda x: x.mean(),
        "stopped with NotImplementedError",
    )  # torch's own
    assert (
        show([np.int64(3), {"a": np.float64(0.5)}]) == "[3, {'a': 0.5}]"
        and show(np.array(0.75)) == "0.75"
        and show(np.float32(2)) == "2"
    )


def test_a_notebook_shows_the_sentence_and_not_the_answer():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    with capture_output() as out:
        result = shell.run_cell(
            "from mlc_course.tools import checks\nchecks.steps_per_epoch(lambda n, b: n // b)"
        )
    assert isinstance(result.error_in_exec, checks.Wrong)
    text = out.stdout + out.stderr
    assert "the last, smaller batch is dropped" in text and "ceil" not in text and len(text) < 600
    InteractiveShell.clear_instance()


def test_an_answer_cannot_change_the_question():
    def sorts(x):
        x.sort()
        return x[0]

    passes(lambda f: diagnose(f, min, [], [([3, 1, 2],), ([3, 1, 2],)], "smallest"), sorts)


def test_praise_is_silent_in_a_program(capsys):
    assert repr(double(lambda x: 2 * x)) == "Right." and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "a, b, equal",
    [
        (1, 1.0, True),
        (1.0, 1.0 + 1e-7, True),
        (1.0, 1.1, False),
        (float("nan"), float("nan"), True),
        ([1, 2], (1, 2), True),
        ([1, 2], np.array([1, 2]), True),
        ([1, 2], [[1], [2]], False),
        (True, 1, True),
        ("a", "a", True),
        ("a", "b", False),
        ({"a": [1]}, {"a": np.array([1])}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a"}, {"a"}, True),
        ({"a"}, ["a"], False),
        (np.array(["a", "b"]), ["a", "b"], True),
        (pd.Series([1, 2]), [1, 2], True),
        (pd.Series(["a"]), ["a"], True),
        (None, None, True),
        (None, 0, False),
        ([["a"], []], [["a"], []], True),
        ([["a"], []], [["a"]], False),
        ("1", 1, False),
    ],
)
def test_same(a, b, equal):
    assert same(a, b) == same(b, a) == equal


def test_tensors_are_read_and_shown():
    import torch

    assert same(torch.ones(2, requires_grad=True), [1, 1]) and isinstance(
        plain(torch.ones(2)), np.ndarray
    )
    assert show(torch.tensor([0.5, 1])) == "[0.5, 1. ]" and len(show("x" * 500)) == 160


def test_checks_load_no_framework():
    code = (
        "import sys, mlc_course.tools.checks as c; [getattr(c, n) for n in c.__all__]; print([m "
        "for m in ('torch', 'tensorflow', 'fastai', 'keras') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_has_exercises_questions_and_solutions(path):
    code, text = cells(path, "code"), "\n".join(cells(path, "markdown"))
    asked = re.findall(r"^# checks\.(\w+)\(", "\n".join(code), re.M)
    least, most = (1, 1) if path.stem[:2] in ESSAYS else (3, 5)
    assert least <= len(asked) <= most and "## Your turn" in text
    assert len(re.findall(r"\*\*Exercise \d\.\*\*", text)) == len(asked)
    assert text.count("<details><summary>Answer</summary>") >= 5
    solved = path.parent / "solutions" / f"{path.stem}_solutions.ipynb"
    assert f"solutions/{solved.name}" in text
    for name in asked:
        assert name in EXERCISES and getattr(checks, name).__doc__
        assert re.search(rf"^checks\.{name}\(", "\n".join(cells(solved, "code")), re.M), (
            f"{solved.name} doesn't check {name}"
        )


def test_every_check_is_asked_for_and_tested():
    asked = re.findall(
        r"^# checks\.(\w+)\(", "\n".join(c for p in LESSONS for c in cells(p, "code")), re.M
    )
    assert sorted(asked) == sorted(EXERCISES)
    files = [p.read_text(encoding="utf-8") for p in (ROOT / "tests").glob("test_checks_*.py")]
    for name in EXERCISES:
        says(getattr(checks, name), ..., "written", kind=checks.NotDone)
        assert any(re.search(rf"\bchecks\.{name}\b", f) and "passes(" in f for f in files), (
            f"{name} has no test"
        )


def test_a_stub_is_told_from_a_wrong_answer():
    assert stub() is None and isinstance(double(lambda x: 2 * x), Right)


def test_an_iterator_is_refused_by_name():
    for f in (lambda x: (v for v in x), lambda x: map(abs, x), lambda x: (x, iter(x))):
        with pytest.raises(Wrong, match="Make a list of it"):
            diagnose(f, lambda x: x, [], [([1, 2],)], "f")


def test_of_several_results_the_wrong_one_is_shown():
    right = lambda x: (np.ones((2, 2)), np.arange(3))
    for f, message in (
        (
            lambda x: (np.ones((2, 2)), np.arange(3) + 1),
            "result 2 of 2 should be [0, 1, 2], and it is [1, 2, 3]",
        ),
        (lambda x: (np.ones(2), np.arange(3)), "result 1 of 2 should be"),
        (lambda x: np.arange(3), "should give 2 results"),
        (lambda x: 7, "should give 2 results"),
        (lambda x: {"a": 1, "b": 2}, "should give 2 results"),
    ):
        with pytest.raises(Wrong) as e:
            diagnose(f, right, [], [(1,)], "f")
        assert message in str(e.value), str(e.value)


def test_a_value_is_shown_in_one_line_without_addresses():
    class Thing:
        __repr__ = lambda self: "Thing(\n  1)"

    for x in (
        np.ones((3, 4, 5)),
        {"a": np.ones((2, 2))},
        (np.ones((2, 2)), 3),
        Thing(),
        [Thing()],
        lambda: 1,
        iter([1]),
    ):
        assert "\n" not in show(x) and " at 0x" not in show(x)
    assert show({"a": np.array([1.0, 2.0]), "b": 1 / 3}) == "{'a': [1., 2.], 'b': 0.333333}"


def test_a_quiz_with_an_odd_answer_is_no_traceback():
    assert choices({"a": np.array([1, 2])}, ["a"], "quiz")
    with pytest.raises(NotDone):
        choices({"a": ...}, ["a"], "quiz")
