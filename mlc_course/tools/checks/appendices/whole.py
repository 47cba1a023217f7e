"Appendix 87: a file that is there as a whole, or as it was."

from __future__ import annotations

import tempfile
from pathlib import Path

from .._core import NotDone, Right, Wrong, function, stopped
from .._names import called

OLD, NEW = "epoch 1, whole", "epoch 2, whole"


class Broken(RuntimeError):
    "What the check's `write` raises in the middle of its work."


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
    if part.parent.resolve() != folder.resolve():
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
    advice = "Remove the temporary file in a `finally`, with unlink(missing_ok=True)."
    _after_a_failure(answer, what, Broken("the disk is full"), advice)
    more = "`except Exception` doesn't see Ctrl-C, and `finally` does. "
    _after_a_failure(answer, what, KeyboardInterrupt(), more + advice)
    with tempfile.TemporaryDirectory() as tmp:
        _, now, _, _ = _run(answer, what, Path(tmp), old=False)
        if now != NEW:
            raise Wrong(f"{what} fails where there is no file yet.")
    return Right("Right: written beside, renamed in one step, and nothing left after a failure.")
