"How the checks are tested: what a right answer and a wrong one must lead to."

import sys
from itertools import combinations

import pytest

from mlc_course.tools.checks import NotDone, Right, Wrong, _core


def passes(check, *answer):
    "The check praises the answer."
    assert isinstance(check(*answer), Right)


def says(check, wrong, message, *, kind=Wrong):
    "The check refuses the answer, and its message has this part."
    with pytest.raises(kind) as e:
        check(*(wrong if isinstance(wrong, tuple) else (wrong,)))
    assert message in str(e.value), str(e.value)


def stub(*args, **kwargs): ...


def not_done(check):
    "The check says of the stub that nothing has been written."
    for answer in (stub, ..., None):
        says(check, answer, "written", kind=NotDone)


def raises(*args):
    raise KeyError("cat")


def odd_answers_are_refused(check):
    "The stub, an answer that raises, and one that is no function."
    not_done(check)
    says(check, raises, "stopped with KeyError: 'cat'. It was called with")
    says(check, 0.5, "should be a function")


def unlike(given):
    "No two of these (message, results) give the same results, unless they say the same."
    alike = lambda a, b: all(_core.same(x, y) for x, y in zip(a, b))
    assert not [(s, z) for (s, g), (z, h) in combinations(given, 2) if s != z and alike(g, h)]


def mistakes_are_told_apart(module, name, right, monkeypatch):
    """Every mistake that the check hands to `diagnose` differs from the right answer, and from the
    others on at least one case.
    """
    seen = []

    def spy(answer, right, mistakes, cases, *args, **kwargs):
        given = [(m.says, [_core.call(m.gives, c) for c in cases]) for m in mistakes]
        unlike([*given, ("the right answer", [_core.call(right, c) for c in cases])])
        seen.extend(given)
        return _core.diagnose(answer, right, mistakes, cases, *args, **kwargs)

    check = getattr(module, name)
    monkeypatch.setattr(sys.modules[check.__module__], "diagnose", spy)
    passes(check, right)
    assert len(seen) >= 4
