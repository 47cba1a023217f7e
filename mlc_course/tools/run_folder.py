"""What `mlc train` makes of the folder that it is given: refuse it, fill it, go on in it, or
replace the run in it."""

# Nothing is touched before `begin`: until then the folder is only looked at (and locked, if it
# exists).
from contextlib import ExitStack
from pathlib import Path

from mlc_course.training.checkpoints import drop_checkpoint, is_checkpoint
from mlc_course.training.folder import clear_leftovers, leftovers, remove_ours, replace_run, settle
from mlc_course.training.lock import LOCK, held
from mlc_course.training.ours import (
    LEFT_OUT,
    MARKER,
    NEW,
    RUN,
    holds_run,
    is_marker,
    is_run,
    read_object,
    unfamiliar,
)

UNCHANGED = "Choose another folder; nothing was changed."


def state_of(
    folder: Path,  # perhaps a run's
) -> str:  # "empty", "unfinished", "unexported", "finished" or "foreign"
    "How far the run in a folder has come; half-written files of ours don't count."
    if not folder.is_dir():
        return "empty"
    if (folder / RUN).exists():
        if not is_run(read_object(folder / RUN)):
            return "foreign"
        return (
            "unexported" if (folder / MARKER).exists() or not _is_exported(folder) else "finished"
        )
    if (folder / MARKER).exists():
        return "unfinished" if is_marker(read_object(folder / MARKER)) else "foreign"
    if holds_run(folder):
        return "unfinished"  # a trainer's, called from Python
    if (folder / NEW).is_dir():
        return "empty"
    return (
        "foreign"
        if {p.name for p in folder.iterdir()}
        - {p.name for p in leftovers(folder)}
        - {LOCK, LEFT_OUT}
        else "empty"
    )


def _is_exported(folder):
    spec = folder / "predictor.json"
    return spec.is_file() and spec.stat().st_mtime >= (folder / RUN).stat().st_mtime


def _why_foreign(folder):
    for name in (RUN, MARKER):
        if (folder / name).exists():
            return (
                f"{folder / name} is not a training run's: another program wrote it, or it "
                f"is damaged. {UNCHANGED} "
                "(If it is the damaged one of a training of yours, delete this one file: "
                "with --resume the training goes on from its checkpoint, if there is one.)"
            )
    return f"{folder} isn't empty, and what is in it is not a training run. {UNCHANGED}"


def look(
    out: Path,  # the folder that the command was given
    started: dict,  # dataset and framework now asked for
    resume: bool,  # go on with an unfinished run?
    force: bool,  # replace a run?
) -> tuple:  # where to work, and what to do there: "train", "resume", "export" or "nothing"
    "Decide, or refuse with a sentence. Reads only."
    if force and resume:
        raise ValueError("--force starts anew and --resume goes on: give one of them.")
    if out.is_symlink() and not out.exists():
        raise ValueError(
            f"{out} is a link to {out.readlink()}, which isn't there. Make that folder, or choose "
            "another one: --out."
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; --out needs a folder.")
    now, new = state_of(out), state_of(out / NEW)
    if now == "foreign":
        raise ValueError(_why_foreign(out))
    if force:
        return _replace(out, now, new)
    if resume:
        work = out / NEW if new != "empty" else out
        if new == "foreign":
            raise ValueError(_why_foreign(work))
        return work, _go_on(work, started, new if new != "empty" else now)
    _refuse_a_run(out, now, new)
    return out, "train"


def _refuse_a_run(out, now, new):
    "ValueError where a run is in the way, with what can be done about it."
    if new != "empty":
        raise ValueError(
            f"{out} holds a run, and the beginning of another that --force was to put in "
            "its place. Go on with that one by --resume, or begin it anew by --force."
        )
    if now == "unfinished":
        raise ValueError(
            f"{out} holds an unfinished run. Go on with --resume, or replace it with --force."
        )
    if now != "empty":
        more = (
            " It isn't exported yet: --resume does that."
            if now == "unexported" and (out / MARKER).exists()
            else ""
        )
        raise ValueError(
            f"{out} holds a finished run. Choose another folder, or replace it with --force.{more}"
        )


def _replace(out, now, new):
    if now == new == "empty":
        return out, "train"
    words = unfamiliar(out)
    if words:
        raise ValueError(
            f"{words}. --force removes a run and nothing else, so move these away first, or "
            "choose another folder. Nothing was changed."
        )
    return out / NEW, "train"


def _go_on(work, started, state):
    marker = read_object(work / MARKER) or {}
    for k, was in marker.items():
        if k not in started or started[k] == was:
            continue
        if k == "dataset" and Path(started[k]).exists() and ("/" in was or "\\" in was):
            continue  # the data may have moved; whether it is the same is seen from its contents
        raise ValueError(
            f"{work} holds a run with {k} {was}, and {k} {started[k]} was asked for. Resume "
            "with the same, or choose another folder."
        )
    run = read_object(work / RUN)
    if is_run(run) and run["framework"] != started["framework"]:
        raise ValueError(
            f"{work} holds a run with framework {run['framework']}, and framework "
            f"{started['framework']} was asked for. Resume with the same, or choose another "
            "folder."
        )
    return {
        "empty": "train",
        "unfinished": "resume",
        "unexported": "export",
        "finished": "nothing",
    }[state]


class RunFolder:
    "The folder of one `mlc train`, held as long as this context lasts."

    def __init__(
        self,
        out: Path,  # the folder that the command was given
        started: dict,  # dataset and framework now asked for
        resume: bool = False,  # go on with an unfinished run?
        force: bool = False,  # replace a run?
    ):
        self.out, self.asked, self.stack, self.is_held = (
            out,
            (started, resume, force),
            ExitStack(),
            False,
        )
        self.started = started | dict(program="mlc_course")
        self.work, self.todo = look(out, *self.asked)

    def __enter__(self):
        if self.out.is_dir():
            self._hold()
        return self

    def __exit__(self, *error):
        self.stack.close()

    def _hold(self):
        if not self.is_held:
            self.stack.enter_context(held(self.out))
            self.is_held = True
            settle(self.out)
        self.work, self.todo = look(
            self.out, *self.asked
        )  # another process may have been at work meanwhile

    def refuse_data_inside(
        self,
        *places,  # folders and files of the data
    ):
        "ValueError where the data lies in the run's own folder."
        for place in places:
            if Path(place).exists() and Path(place).resolve().is_relative_to(self.out.resolve()):
                raise ValueError(
                    f"The data ({place}) lies in the folder {self.out}, where the run is to "
                    "go. Choose another folder for the run: --out."
                )

    def begin(self):
        """Now that nothing else stands in the way: make the folder, tidy it, and leave word that
        a training is at work."""
        import json

        from mlc_course.tools.texts import write_text

        before = self.todo
        self._hold()
        if self.todo != before:
            raise ValueError(
                f"Another command was at work in {self.out} meanwhile. Run this one again; nothing "
                "was changed."
            )
        if self.todo == "train" and self.work != self.out:
            remove_ours(self.work)
        self.work.mkdir(exist_ok=True)
        clear_leftovers(self.out)
        clear_leftovers(self.work)
        write_text(self.work / MARKER, json.dumps(self.started))

    def leave(self) -> bool:  # whether there is something to go on from
        "After a failure: drop half-written files, and the folder if nothing in it helps to resume."
        if not self.work.is_dir():
            return False
        clear_leftovers(self.work)
        if {p.name for p in self.work.iterdir()} <= {MARKER, LEFT_OUT, LOCK}:
            for name in (MARKER, LEFT_OUT):
                (self.work / name).unlink(missing_ok=True)
            if self.work != self.out:
                self.work.rmdir()
        return (self.work / MARKER).exists()

    def finish(self):
        "The run is whole: it takes its place, and the old one goes."
        for name in ("checkpoint.pt", "checkpoint"):  # a kill may have left it beside run.json
            if is_run(read_object(self.work / RUN)) and is_checkpoint(self.work / name):
                drop_checkpoint(self.work / name)
        (self.work / MARKER).unlink(missing_ok=True)
        if self.work != self.out:
            replace_run(self.out)
            self.work = self.out
