"How the files of a drawn set are put in place, and what a killed process left is found again."

import contextlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from ..atomic import beside, sync_path

# lies in a folder of ours that holds a replaced set until it is deleted
MARK = "replaced-by-mlc_course"
TEMPORARY = re.compile(r"\.(.+)\.\d+\.tmp")


def write_file(
    path: Path,  # the file
    data: bytes,  # all of it
    sync: bool = False,  # wait until the disk has it: a power cut can't leave zeros then
):
    "Write `path` at once or not at all."
    with beside(path, f".{path.name}.{os.getpid()}.tmp", sync) as file:
        file.write(data)
    if sync:
        sync_path(path.parent)


def temporary_files(
    root: Path,  # of a set
    names,  # of its files, relative to it
) -> list:  # of paths
    "What a killed `write_file` of one of `names` left in `root`."
    out = []
    for path in root.rglob(".*.tmp"):
        found = TEMPORARY.fullmatch(path.name)
        if found and path.with_name(found[1]).relative_to(root).as_posix() in names:
            out.append(path)
    return out


def replace_set(
    part: Path,  # the new set
    root: Path,  # its place, where the old one is
):
    "Put `part` in the place of `root`. After a kill on the way, `bring_back` mends it."
    aside = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    (aside / MARK).touch()
    root.rename(aside / root.name)
    try:
        part.rename(root)
    except BaseException:
        bring_back(root)
        raise
    sync_path(root.parent)
    _delete(aside)


def set_aside(
    root: Path,  # the place of a set
    is_ours=None,  # tells whether a folder holds a drawn set and nothing else
) -> list:  # of folders beside it
    "The folders in which `replace_set` has put an old set and was killed before it deleted it."
    own = re.compile(re.escape(f".{root.name}.") + "[a-z0-9_]{8}")
    near = root.parent.glob(f".{_literal(root.name)}.*")
    return [p for p in near if own.fullmatch(p.name) and _holds_old(p, root, is_ours)]


def _holds_old(aside, root, is_ours):
    try:
        inside = {p.name for p in aside.iterdir()}
    except OSError:  # a file, or somebody else's
        return False
    if inside == {root.name}:  # as earlier versions left it
        return is_ours is not None and is_ours(aside / root.name)
    return inside <= {MARK, root.name}


def _literal(name):
    "`name` for a glob pattern that finds just it."
    return re.sub(r"([*?[])", r"[\1]", name)


def bring_back(
    root: Path,  # the place of a set; nobody else writes there now
    is_ours=None,  # tells whether a folder holds a drawn set and nothing else
):
    "If `root` is gone, give its name back to the set that was put aside; delete the others."
    for aside in set_aside(root, is_ours):
        old = aside / root.name
        if old.is_dir() and not root.exists():
            old.rename(root)
        _delete(aside)


def _delete(aside):
    "The set first and the mark last, so that half a deletion is still known as ours."
    for path in aside.iterdir():
        if path.name != MARK:
            shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        (aside / MARK).unlink(missing_ok=True)
        aside.rmdir()


def remove_marked(
    folder: Path,  # of ours
    marks,  # names of the files that say so
):
    "Delete a folder, its marks last, so that half a deletion is still known as ours."
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in marks:
            path.unlink()
    for name in marks:
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()


def keep_edited(
    path: Path,  # a table of the set, which may have been edited
    is_drawn,  # tells whether the bytes that are there are those that were drawn
    folder: Path | None = None,  # where the copy goes; beside it if left out
):
    "If `path` holds something else than what was drawn, keep a copy of it and say so."
    try:
        data = path.read_bytes()
    except OSError:
        return
    if is_drawn(data) or not data.strip(b"\0"):
        return
    n, copy = 1, None
    while copy is None or (copy.exists() and copy.read_bytes() != data):
        copy = (folder or path.parent) / (path.name + (".edited" if n == 1 else f".edited-{n}"))
        n += 1
    write_file(copy, data, sync=True)
    print(  # not a warning: the command `mlc` switches those off
        f"{path} is no longer as it was drawn. The drawn table takes its place, and the changed "
        f"one is kept beside it as {copy.name}. To work with a table of your own, copy the set "
        "into another folder first.",
        file=sys.stderr,
    )
