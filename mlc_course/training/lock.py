"One training in a folder at a time: a lock that ends with its process, whatever ends it."

import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from mlc_course.safety import file_lock

LOCK = ".lock"  # a file of this name where the system can't lock a folder itself


class FolderInUse(RuntimeError):
    "Another process is writing in a run's folder."


class _Hold:
    "Which thread of this process holds a folder, how many times over, and how to let go."

    def __init__(self, release):
        self.thread, self.depth, self.release = threading.get_ident(), 1, release


_HELD: dict = {}
_GUARD = threading.Lock()


def _key(folder):
    facts = os.stat(folder)
    return (facts.st_dev, facts.st_ino) if facts.st_ino else str(Path(folder).resolve())


def _lock_folder(folder):
    """A function that lets go again, or None where another process holds the folder. The lock
    ends with its process."""
    try:
        import fcntl
    except ImportError:
        return _lock_file(folder)
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    except OSError:  # a file system that locks files only, or nothing
        os.close(fd)
        return _lock_file(folder)

    def release():
        fcntl.flock(fd, fcntl.LOCK_UN)  # closing alone would leave it to a child process
        os.close(fd)

    return release


def _lock_file(folder):
    "The same by a file in the folder, for Windows and for network disks."
    lock = file_lock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        return None
    except NotImplementedError:  # no locks at all there
        return lambda: None

    def release():
        lock.release()
        with suppress(OSError):
            (folder / LOCK).unlink(missing_ok=True)
        return True  # the folder may be empty only now

    return release


def _holder(folder):
    "The number of the process that holds the folder, where the system tells, or None."
    try:
        number, lines = os.stat(folder).st_ino, Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    for fields in map(str.split, lines):
        if "FLOCK" in fields and "->" not in fields and fields[-3].endswith(f":{number}"):
            return int(fields[-4])
    return None


def _in_use(folder, pid):
    who = f"Another training (process {pid})" if pid else "Another training"
    return FolderInUse(
        f"{who} is writing to {folder}. Wait until it has ended, or choose another folder "
        "(out= in Python, --out in the command). Nothing was changed."
    )


def _try(folder):
    """The key of a hold on the folder as it is now; FileNotFoundError where it is removed in this
    moment."""
    with suppress(FileExistsError):  # as mkdir says of a folder that goes while it looks
        folder.mkdir(parents=True, exist_ok=True)
    with _GUARD:
        key = _key(folder)
        hold = _HELD.get(key)
        if hold and hold.thread != threading.get_ident():
            raise _in_use(folder, os.getpid())
        if hold:
            hold.depth += 1
            return key
        release = _lock_folder(folder)
        if release is None:
            raise _in_use(folder, _holder(folder))
        _HELD[key] = _Hold(release)
        return key


def _acquire(folder, tries=20):
    "A function that lets go again; FolderInUse where somebody else writes in the folder."
    for left in reversed(range(tries)):
        try:
            key = _try(folder)
        except FileNotFoundError:
            if not left:
                raise
            continue
        with suppress(FileNotFoundError):
            if _key(folder) == key:
                return lambda: _let_go(key)
        _let_go(key)  # the folder that is held has just been removed; there may be another by now
    raise _in_use(folder, None)


def _acquire_within(folder, end):
    while True:
        try:
            return _acquire(folder)
        except FolderInUse:
            if time.monotonic() >= end:
                raise
        time.sleep(0.05)


def _let_go(key):
    with _GUARD:
        hold = _HELD[key]
        hold.depth -= 1
        if hold.depth == 0:
            del _HELD[key]
            return hold.release()


@contextmanager
def held(
    folder,  # a run's folder, made if it doesn't exist; None: nothing happens
    wait: float = 0.0,  # seconds until somebody else who holds it is told of
):
    """Keep other trainings out of `folder` while this lasts; FolderInUse where one is at work
    there. The same thread may hold it again."""
    if folder is None:
        yield None
        return
    folder = Path(folder)
    if folder.is_file():
        raise NotADirectoryError(
            f"{folder} is a file; a run needs a folder. Choose another name (out= in "
            "Python, --out in the command)."
        )
    made = not folder.exists()
    let_go = _acquire_within(folder, time.monotonic() + wait)
    try:
        yield folder
    finally:
        if made:
            with suppress(OSError):
                folder.rmdir()  # nothing came of it
        if let_go() and made:
            with suppress(OSError):
                folder.rmdir()
