"Appendix 87: a file that is there as a whole, or as it was."

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from unittest import mock

from .._core import NotDone, Right, Wrong, function, stopped
from .._names import called

OLD, NEW = "epoch 1, whole", "epoch 2, whole"


class Broken(RuntimeError):
    "What the check's `write` raises in the middle of its work."


@contextlib.contextmanager
def _taken_away(path):
    "The list of functions that took `path` away, by deleting or renaming it, while this lasts."
    names = []

    def watched(real):
        def call(*args, **kwargs):
            first = args[0] if args else kwargs.get("src", kwargs.get("path"))
            there = os.fspath(first) == os.fspath(path) and path.exists()
            done = real(*args, **kwargs)
            if there:
                names.append(real.__name__)
            return done

        return call

    with contextlib.ExitStack() as stack:
        for name in ("unlink", "remove", "rename", "replace"):
            stack.enter_context(mock.patch.object(os, name, watched(getattr(os, name))))
        yield names


def _replaced_in_one_step(answer, what):
    "The old file is neither deleted before the new one comes, nor filled with its contents."
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "checkpoint"
        path.write_text(OLD)
        before = path.stat().st_ino
        with _taken_away(path) as names:
            answer(path, lambda part: Path(part).write_text(NEW))
        if names:
            raise Wrong(
                f"{what} takes the old file away before it puts the new one there, and if the "
                "power fails in between, there is none under that name. os.replace does both in "
                "a single step."
            )
        if path.stat().st_ino == before:
            raise Wrong(
                f"{what} copies the new contents into the old file. A copy can stop halfway, and "
                "then both are lost: rename the temporary file with os.replace."
            )


def _run(answer, what, folder, error=None, old=True):
    "Call the learner's function once; what `write` saw of the folder while it ran."
    path, saw = folder / "checkpoint", []
    if old:
        path.write_text(OLD)

    def write(part):
        part = Path(part)
        saw.append((part, path.read_text() if path.exists() else None))
        part.write_text(NEW[:7])
        if error is not None:
            raise error
        part.write_text(NEW)

    raised = None
    try:
        answer(path, write)
    except BaseException as e:  # KeyboardInterrupt too: the check raises it itself
        if e is not error:
            if isinstance(e, Wrong) or not isinstance(e, Exception):
                raise
            if error is not None and error in (e.__cause__, e.__context__):
                raise Wrong(
                    f"{what} raises a {type(e).__name__} in place of the {type(error).__name__} "
                    "that write raised. Let that one through: a `finally`, or a bare `raise`."
                ) from e
            raise Wrong(stopped(what, e, "a path and a function that writes")) from e
        raised = e
    now = path.read_text() if path.exists() else None
    return saw, now, raised, sorted(p.name for p in folder.iterdir() if p != path)


def _where(saw, folder, what):
    "The temporary file stands beside the final one, which is still there."
    if not saw:
        raise NotDone(
            f"{what} never called write(...). If it isn't written yet, put your own code in place "
            "of the three dots, and run the check again."
        )
    if len(saw) > 1:
        raise Wrong(f"{what} called write {len(saw)} times; once is enough.")
    part, there = saw[0]
    if there is None:
        raise Wrong(
            f"{what}: while the new file was being written, the old one was gone already. If the "
            "power fails then, both are lost. Write first; os.replace puts the new file in the "
            "place of the old one in a single step."
        )
    if part == folder / "checkpoint":
        raise Wrong(
            f"{what} lets write(...) fill the final file itself, so the old contents are lost "
            "before the new ones are whole. Hand write another path, beside the final one."
        )
    if folder.resolve() not in part.resolve().parents:  # a folder within it is as near
        raise Wrong(
            f"{what}: the temporary file stands in another folder. Renaming is a single step only "
            "within one file system; from another it becomes a copy that can stop halfway. Use "
            "path.with_name(...)."
        )


def _after_a_failure(answer, what, error, advice):
    with tempfile.TemporaryDirectory() as tmp:
        saw, now, raised, others = _run(answer, what, Path(tmp), error)
        _where(saw, Path(tmp), what)
        if now != OLD:
            is_now = "it is gone" if now is None else f"it holds {now!r}"
            raise Wrong(
                f"{what}: write failed halfway, and the old file didn't stay: {is_now}. Rename "
                "only after write(...) has come to its end."
            )
        if raised is None:
            raise Wrong(
                f"{what} swallows the {type(error).__name__} that write raised. Whoever called it "
                "must hear that nothing was written: let the exception through."
            )
        if others:
            raise Wrong(f"{what}: after a failure, {others[0]!r} stays in the folder. {advice}")


def safe_write(answer) -> Right:
    """Exercise: safe_write(path, write) -> nothing. `write(part)` fills a file; afterwards `path`
    is that file, or as it was if `write` failed.
    """
    what = called(answer, "my_safe_write")
    function(answer, what)
    with tempfile.TemporaryDirectory() as tmp:
        saw, now, _, others = _run(answer, what, Path(tmp))
        _where(saw, Path(tmp), what)
        if now != NEW:
            is_now = "there is no file" if now is None else f"the file holds {now!r}"
            raise Wrong(
                f"{what}: write wrote {NEW!r} into its file, and afterwards {is_now}. Put the "
                "temporary file in the place of `path` with os.replace."
            )
        if others:
            raise Wrong(
                f"{what}: {others[0]!r} is left beside the file. Rename the temporary file; a "
                "copy of it stays behind."
            )
    _replaced_in_one_step(answer, what)
    advice = "Remove the temporary file in a `finally`, with unlink(missing_ok=True)."
    _after_a_failure(answer, what, Broken("the disk is full"), advice)
    more = "`except Exception` doesn't see Ctrl-C, and `finally` does. "
    _after_a_failure(answer, what, KeyboardInterrupt(), more + advice)
    with tempfile.TemporaryDirectory() as tmp:
        _, now, _, _ = _run(answer, what, Path(tmp), old=False)
        if now != NEW:
            raise Wrong(f"{what} fails where there is no file yet.")
    return Right("Right: written beside, renamed in one step, and nothing left after a failure.")
