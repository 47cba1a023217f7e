"A run's folder: what a kill leaves in it, and how a new run takes an old one's place."

# A new run that replaces an old one grows in a hidden
# folder within the run's folder. When it is whole, three steps put it in place: the old files
# move to .old-run, .new-run becomes .moving-run, its files move up. A kill between any two of
# them is finished by `settle`, which every command calls before it reads or writes the folder.

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from mlc_course.safety import is_leftover
from mlc_course.training.lock import LOCK, FolderInUse, held
from mlc_course.training.ours import (
    MARKER,
    MOVING,
    NEW,
    OLD,
    RUN,
    is_half,
    is_ours,
    is_run,
    names_in,
    read_object,
)


# ---- tidying -----------------------------------------------------------------------------------
def remove_ours(
    folder: Path,  # emptied of what is ours, and removed if nothing is left
):
    "Take away a run. What isn't ours stays, and links are not followed."
    if folder.is_symlink() or not folder.is_dir():
        return
    named = names_in(folder)
    for p in sorted(
        folder.iterdir(), key=lambda p: p.name in (RUN, "predictor.json")
    ):  # these two say what is ours, so they go last
        if not is_ours(p, named):
            continue
        if not p.is_dir():
            p.unlink(missing_ok=True)
        elif p.name in (NEW, OLD, MOVING):
            remove_ours(p)
        else:
            shutil.rmtree(p, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


def leftovers(
    folder: Path,  # a run's folder
) -> list:  # paths
    "What is ours and half written, by a process that has ended or by one that still writes."
    named = names_in(folder)
    return [
        p
        for p in folder.iterdir()
        if is_ours(p, named) and (p.name.startswith(".export-") or is_half(p.name, named))
    ]


def clear_leftovers(
    folder: Path,  # held
):
    "Remove what killed writers left half written; what a living process writes stays."
    for p in leftovers(folder):
        if re.search(r"[-.]\d+-[0-9a-f]{8}\.\w+$", p.name) and not is_leftover(p):
            continue
        if p.is_dir():
            shutil.rmtree(p, ignore_errors=True)
        else:
            p.unlink(missing_ok=True)


def is_whole(
    folder: Path,  # a run's folder
) -> bool:
    "Whether a finished run lies there, with nothing of it still to be done."
    return is_run(read_object(folder / RUN)) and not (folder / MARKER).exists()


def _by_importance(paths):
    return sorted(paths, key=lambda p: (p.name == RUN, p.name))


def replace_run(
    folder: Path,  # held; its hidden new run is whole
):
    "Let the new run take the old one's place."
    old, named = folder / OLD, names_in(folder) | names_in(folder / OLD)
    if not (folder / MOVING).is_dir():
        old.mkdir(exist_ok=True)
        for p in reversed(
            _by_importance(folder.iterdir())
        ):  # run.json goes first: half a run isn't one
            if p.name not in (NEW, OLD, MOVING, LOCK) and is_ours(p, named):
                os.replace(p, old / p.name)
        os.replace(folder / NEW, folder / MOVING)
    for p in _by_importance((folder / MOVING).iterdir()):  # and comes last
        os.replace(p, folder / p.name)
    (folder / MOVING).rmdir()
    remove_ours(old)


def needs_settling(
    folder: Path,  # a run's folder
) -> bool:
    "Whether a command was killed while a new run took the place of an old one."
    return (folder / MOVING).is_dir() or (folder / OLD).is_dir() or is_whole(folder / NEW)


def settle(
    folder: Path,  # held
):
    "Finish what a killed command began."
    if (folder / MOVING).is_dir() or is_whole(folder / NEW):
        replace_run(folder)
    elif (folder / OLD).is_dir():
        for p in () if (folder / RUN).exists() else _by_importance((folder / OLD).iterdir()):
            if not (folder / p.name).exists():
                os.replace(p, folder / p.name)
        remove_ours(folder / OLD)


def settled(
    folder: Path,  # a run's folder, which somebody is about to read
) -> Path:  # `folder`
    "Finish a killed command's work first, unless its folder is in use."
    folder = Path(folder)
    if folder.is_dir() and needs_settling(folder):
        with suppress(FolderInUse), held(folder):
            settle(folder)
    return folder
