"How the checks are tested: what a right answer and a wrong one must lead to."
import pytest

from mlc_course.tools.checks import NotDone, Right, Wrong


def passes(check, *answer):
    "The check praises the answer."
    assert isinstance(check(*answer), Right)


def says(check, wrong, message, *, kind=Wrong):
    "The check refuses the answer, and its message has this part."
    with pytest.raises(kind) as e: check(*(wrong if isinstance(wrong, tuple) else (wrong,)))
    assert message in str(e.value), str(e.value)


def stub(*args, **kwargs): ...


def not_done(check):
    "The check says of the stub that nothing has been written."
    for answer in (stub, ..., None): says(check, answer, "written", kind=NotDone)
