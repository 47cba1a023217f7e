"""How a check works.

The learner's answer and the right one run on the same inputs; then the mistake is found that gives
the same wrong results.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ._values import plain, same, shape_of, show

__all__ = [
    "Mistake",
    "NotDone",
    "Right",
    "Wrong",
    "answered",
    "attempt",
    "call",
    "choices",
    "converted",
    "diagnose",
    "edge",
    "function",
    "plain",
    "quiet",
    "same",
    "show",
    "stopped",
    "torch_first",
]


class Wrong(AssertionError):
    "The answer isn't right; the message says what is probably the matter."

    def _render_traceback_(self):
        return [
            f"{type(self).__name__}: {self}"
        ]  # a notebook shows the sentence, not the check's source, which holds the answer


class NotDone(Wrong):
    "The answer hasn't been written yet."


class Right(str):
    """What a passed check gives back: shown by a notebook as the last value of a cell, silent in a
    program.
    """

    def __repr__(self):
        return str(self)


@dataclass(frozen=True)
class Mistake:
    "A wrong answer that is often given: what to say about it, and a function that gives it."

    says: str
    gives: Callable


def call(f: Callable, args: Sequence):
    "The result of `f` on copies of the arguments, so that an answer can't change the question."
    return f(*copy.deepcopy(tuple(args)))


def converted(f: Callable, to: Callable) -> Callable:
    "`f` with its result put through `to`; a result that says that nothing is written yet stays."

    def g(*args):
        got = f(*args)
        return got if got is None or got is ... else to(got)

    return g


def answered(answer, what: str):
    "Raise NotDone for an answer that is still the stub."
    if answer is None or answer is ...:
        raise NotDone(
            f"{what} isn't written yet: put your own code in place of the three dots, then run "
            "the check again."
        )
    return answer


def choices(answer, cases, what: str) -> dict:
    "The answers of a quiz, a dict with one for each of `cases`; raises for anything else."
    answered(answer, what)
    if not isinstance(answer, dict):
        raise Wrong(
            f"{what} should be a dict with an answer for each of {', '.join(cases)}, and you "
            f"gave {show(answer)}."
        )
    if extra := [k for k in answer if k not in cases]:
        raise Wrong(
            f"{what}: there is no question called {extra[0]!r}; it isn't one of the cases, "
            f"which are {', '.join(cases)}."
        )
    if todo := [k for k in cases if answer.get(k) is None or answer[k] is ...]:
        raise NotDone(f"{what}: no answer is written yet for {', '.join(todo)}.")
    return answer


def function(answer, what: str):
    "Raise for an answer that should be a function and isn't one."
    answered(answer, what)
    if not callable(answer):
        raise Wrong(
            f"{what} should be a function, and you gave {show(answer)}: pass the function "
            "itself, without calling it."
        )
    return answer


def stopped(what, e, given):
    "What is said of an exception in the learner's own code: which, where, and on what input."
    line, tb = None, e.__traceback__
    while tb:
        if "/checks/" not in tb.tb_frame.f_code.co_filename.replace("\\", "/") and line is None:
            line = tb.tb_lineno
        tb = tb.tb_next
    where = f" See line {line} of your cell." if line else ""
    return (
        f"{what} stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was called with "
        f"{given}.{where}"
    )


def attempt(answer: Callable, args: Sequence, what: str, given: str | None = None):
    "The learner's result; an exception in it becomes a diagnosis, the stub's None becomes NotDone."
    given = given or ", ".join(show(a, 80) for a in args)
    try:
        got = call(answer, args)
    except Wrong:
        raise
    except NotImplementedError as e:
        if str(e):
            raise Wrong(stopped(what, e, given)) from e  # torch raises it too, for a mean of bools
        raise NotDone(f"{what} isn't written yet.") from None
    except Exception as e:
        raise Wrong(stopped(what, e, given)) from e
    if (
        isinstance(got, Iterator)
        or isinstance(got, (list, tuple))
        and any(isinstance(o, Iterator) for o in got)
    ):
        raise Wrong(
            f"{what} gave a generator or another iterator, which can be walked through only "
            "once and has no length. Make a list of it: list(...)."
        )
    if got is None or got is ...:
        raise NotDone(
            f"{what} gave back {got!r} when it was called with {given}. If it isn't written "
            "yet, write it and run the check again; if it is, does it end in `return`?"
        )
    return got


def diagnose(
    answer,
    right: Callable,
    mistakes: Sequence[Mistake],
    cases: Sequence[Sequence],
    what: str,
    *,
    tol: float = 1e-5,
    praise: str = "Right.",
    names: Sequence[str] | None = None,
) -> Right:
    """Praise an answer that agrees with `right` on every case; otherwise raise Wrong.

    The message is that of the first of `mistakes` that agrees with the answer on every case (so at
    least one case has to tell each mistake from the right answer and from the others); if none
    does, it shows the first case where the answer differs: what went in, what came out, what was
    expected. `names` describes the cases in that message.
    """
    function(answer, what)
    names = names or [None] * len(cases)
    got = [attempt(answer, args, what, name) for args, name in zip(cases, names)]
    expected = [call(right, args) for args in cases]
    wrong = [i for i, (g, e) in enumerate(zip(got, expected)) if not same(g, e, tol)]
    if not wrong:
        return Right(praise)
    for m in mistakes:
        try:
            theirs = [call(m.gives, args) for args in cases]
        except Exception:
            continue  # a mistake that can't handle every case can't be the one
        if all(same(g, t, tol) for g, t in zip(got, theirs)):
            raise Wrong(f"{what}: {m.says}")
    i = wrong[0]
    given = names[i] or ", ".join(show(a) for a in cases[i])
    g, e = plain(got[i]), plain(expected[i])
    if (
        isinstance(expected[i], tuple) and len(e) > 1 and all(np.ndim(v) for v in expected[i])
    ):  # several results: say which is wrong
        if (
            not isinstance(g, list)
            and np.ndim(g) < 2
            or not hasattr(g, "__len__")
            or isinstance(g, dict)
            or len(g) != len(e)
        ):
            raise Wrong(
                f"{what} should give {len(e)} results, as in `return a, b`. Given {given}, "
                f"expected {show(e)}, got {show(g)}."
            )
        k = next(k for k in range(len(e)) if not same(g[k], e[k], tol))
        shapes = f" of shape {shape_of(e[k])}" if shape_of(g[k]) != shape_of(e[k]) else ""
        raise Wrong(
            f"{what} isn't right yet. Given {given}, result {k + 1} of {len(e)} should be "
            f"{show(e[k])}{shapes}, and it is "
            f"{show(g[k])}{shapes and f' of shape {shape_of(g[k])}'}."
        )
    if (
        not isinstance(e, (str, dict, set, type(None)))
        and not isinstance(g, (str, dict, set))
        and shape_of(g) != shape_of(e)
    ):
        raise Wrong(
            f"{what} gave a result of shape {shape_of(g)}, and the right one has shape "
            f"{shape_of(e)}. Given {given}, expected {show(e)}, got {show(g)}."
        )
    raise Wrong(f"{what} isn't right yet. Given {given}, expected {show(e)}, got {show(g)}.")


def edge(answer, right, cases, what: str, says: str, tol: float = 1e-5):
    """Where an answer that is right on ordinary input meets a special case: Wrong with `says` and
    what came out.
    """
    for args in cases:
        try:
            got = call(answer, args)
        except Exception as e:
            shown = f"stopped with {type(e).__name__}: {str(e).rstrip('.')}"
        else:
            if same(got, call(right, args), tol):
                continue
            shown = f"gave {show(got)}"
        raise Wrong(
            f"{what}: {says} Given {', '.join(show(a, 90) for a in args)}, yours {shown}; "
            f"expected {show(call(right, args))}."
        )


def quiet(f):
    "A mistake that divides by zero, without NumPy's warnings about it."

    def g(*args):
        with np.errstate(all="ignore"):
            return f(*args)

    return g


def torch_first():
    "Load torchvision before anything can load TensorFlow (see lesson 00)."
    if "tensorflow" not in sys.modules:
        import torchvision  # noqa: F401
