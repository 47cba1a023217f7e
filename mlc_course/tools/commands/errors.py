"What `mlc` prints about an error."

import errno
import os
import sys
from contextlib import suppress

OUR_FAULT = (
    "mlc: This is a fault of mlc_course, not of what you gave. Please report it with the lines "
    "above and what `mlc doctor --json` prints."
)


def drop_output():
    "Let the end of this process write nothing more, where writing fails."
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def sentence(error):
    "What to print about an error; a full disk where the output goes has no sentence of its own."
    if (
        isinstance(error, OSError)
        and error.errno == errno.ENOSPC
        and error.strerror == os.strerror(errno.ENOSPC)
    ):
        if error.filename is None:
            drop_output()
        where = f"of {error.filename}" if error.filename else "where the output goes"
        return f"There is no room on the disk {where}. Make room there, then run the command again."
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        if error.strerror != os.strerror(error.errno):
            return error.strerror  # ours, without Python's [Errno 28]
        if error.filename is not None:
            return (
                f"{error.filename} can't be used: {error.strerror}. Check its name, and who may "
                "read and write there."
            )
    if str(error).strip():
        return str(error)
    if isinstance(error, MemoryError):
        return "There isn't enough memory. Close other programs, or give smaller or fewer images."
    return f"It failed with {type(error).__name__}, which says no more. MLC_DEBUG=1 shows where."
