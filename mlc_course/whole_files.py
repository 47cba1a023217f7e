"""Files and folders that are there as a whole, or as they were; leftovers; a lock on a file."""

import errno
import os
import re
import secrets
import shutil
import sys
import time
from pathlib import Path

from .atomic import sync_path
from .hints import Any, Callable, PathLike

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_FULL_WORDS = (  # libraries in C, C++ and Rust give no number
    "PytorchStreamWriter",
    "inline_container",
    "No space left",
    "Disk quota exceeded",
    "File too large",
)


def disk_is_full(
    error: BaseException,  # an exception
) -> bool:
    "Whether the disk, or what the user may write on it, is full."
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    return any(o in str(error) for o in _FULL_WORDS)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


# ---- leftovers of killed processes -------------------------------------------------------------
def _is_running(pid):
    if sys.platform == "win32":
        return True  # there, asking with `os.kill` would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def is_leftover(
    path: Path,  # of any name
) -> bool:
    """Whether this is a temporary file or folder of `write_whole` whose process has ended, or
    hasn't touched it for an hour."""
    found = re.search(r"[-.](\d+)-[0-9a-f]{8}\.(part|keras)$", path.name)
    if not found or path.is_symlink():
        return False
    try:
        return not _is_running(int(found[1])) or time.time() - path.stat().st_mtime > 3600
    except OSError:
        return False  # it has just gone


def _clear_leftovers(path):
    for p in path.parent.iterdir():
        if p.name.startswith(path.name + ".") and is_leftover(p):
            _remove(p)


# ---- writing -----------------------------------------------------------------------------------
def recover(
    path: PathLike,  # a folder that `write_whole` writes
) -> Path:  # `path`
    "After a kill between the two renames of a folder, put the old one back."
    path, old = Path(path), Path(path).with_name(Path(path).name + ".old")
    if old.is_dir() and not path.exists():
        os.replace(old, path)
    return path


def _put(part, path):
    "Rename `part` to `path`, whatever is there; if that fails, the old one stays."
    old = path.with_name(path.name + ".old")
    aside = path.is_dir()  # a folder can't be renamed onto a folder that isn't empty
    try:
        if aside:
            _remove(old)
            os.replace(path, old)
        os.replace(part, path)
    except BaseException:  # a second Ctrl-C too
        recover(path)
        raise
    if aside:
        _remove(old)


def write_whole(
    path: PathLike,  # where the file or folder belongs; its parent exists
    write: Callable[[Path], Any],  # called with a temporary path beside it
    then: str = "go on with resume=True (--resume in the command)",  # after making room
) -> Path:  # `path`
    """Let `write` fill a temporary file or folder, then put it in the place of `path`. If that
    fails, the old one stays, and a full disk is an OSError that says so."""
    path = recover(path)
    _clear_leftovers(path)
    part = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        write(part)
        sync_path(*(part.rglob("*") if part.is_dir() else ()), part)
        _put(part, path)
        sync_path(path.parent)
    except Exception as e:
        if not disk_is_full(e):
            raise
        raise OSError(
            errno.ENOSPC,
            f"There is no room for {path.name} ({e}). What was written before is still good. "
            f"Make room on the disk of {path.parent}, then {then}",
        ) from e
    finally:
        _remove(part)
    return path


def file_lock(
    path: PathLike,  # the lock's own file
) -> Any:  # a context manager
    "A lock between processes: of those that ask for it, one at a time goes on."
    from filelock import FileLock

    return FileLock(str(path))
