"A file that is whole or not there."

import contextlib
import os
from pathlib import Path


def sync_path(
    path: Path,  # a file or a folder
):
    "Wait until the disk holds it, where the system can say so: Windows can't open a folder."
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(handle)
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
