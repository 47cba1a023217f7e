"A file that is whole or not there."

import contextlib
import errno
import os
import sys
from pathlib import Path

CANT_WAIT = {errno.EINVAL, errno.EBADF, getattr(errno, "ENOTSUP", None)}  # of a file system


def sync_path(
    *paths: Path,  # files and folders
):
    "Wait until the disk holds them: after a power cut a renamed file may otherwise be all zeros."
    for path in paths:
        try:
            handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
        except PermissionError:  # a folder on Windows
            continue
        try:
            os.fsync(handle)
        except OSError as e:
            if e.errno not in CANT_WAIT:
                raise
        finally:
            os.close(handle)


@contextlib.contextmanager
def beside(
    path: Path,  # where the file belongs
    name: str,  # of the temporary file beside it, by which its maker knows it after a kill
    sync: bool = True,  # wait until the disk has it: a power cut can't leave zeros then
    place=None,  # gives the place, once the file is whole; None: `path`
):  # yields the open binary file
    "A new file, put in the place of `path` once it is whole; if that fails, the old one stays."
    part = path.with_name(name)
    try:
        with open(part, "wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, path if place is None else place())
    finally:
        part.unlink(missing_ok=True)
