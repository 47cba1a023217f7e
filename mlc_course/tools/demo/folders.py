"The page's own folder, for uploads and drawn examples: nothing stays, not even after kill -9."

import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX, LOCK, UPLOADS, EXAMPLES = "mlc-demo-", "in-use.lock", "uploads", "examples"
NOWHERE = Path("nowhere")


@contextmanager
def own_folder():
    "A new folder with `UPLOADS` in it, held while this process lives, and deleted at the end."
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with _held(home):
            (home / UPLOADS).mkdir()
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _held(folder):
    "Hold a folder until this process is gone; OSError if another one holds it."
    if fcntl is None:
        from filelock import FileLock

        with FileLock(folder / LOCK, timeout=0):
            yield
        return
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)


def clear_leftovers(
    parent=None,  # where they may lie; the temporary folder if left out
) -> list:  # of the folders that are gone
    "Delete the folders of pages whose process is gone; nothing else, and no link is followed."
    gone = []
    for folder in Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if _is_ours(folder):
                with _held(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                gone.append(folder)
        except OSError:
            pass  # a page that is open
    return gone


def _is_ours(folder):
    "True for a folder of this user with nothing in it but what the page puts there."
    about = folder.lstat()
    mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
    if not stat.S_ISDIR(about.st_mode) or not mine:
        return False
    names = set(os.listdir(folder))
    return UPLOADS in names and names <= {UPLOADS, EXAMPLES, LOCK}


def uploaded(
    data,  # what the browser says: anything
    cache,  # the folder of uploads
) -> Path:  # a file in that folder, or `NOWHERE`
    "The file that the browser means, as long as it is an upload."
    try:
        path, home = Path(data["path"]).resolve(), Path(cache).resolve()
        return path if home in path.parents and path.is_file() else NOWHERE
    except (TypeError, KeyError, ValueError, OSError, RuntimeError):
        return NOWHERE


def delete_upload(path):
    "Delete an upload, and the folder that was made for it."
    if path == NOWHERE:
        return
    path.unlink(missing_ok=True)
    try:
        path.parent.rmdir()
    except OSError:
        pass  # another upload lies there


def upload_sizes(
    uploads,  # the folder
) -> list:  # of (path, bytes, seconds since it was written)
    "The files that lie in the folder of uploads; one that goes away meanwhile is left out."
    found, now = [], time.time()
    for root, _, names in os.walk(uploads):
        for path in (Path(root) / name for name in names):
            try:
                about = path.lstat()
            except OSError:
                continue
            found.append((path, about.st_size, now - about.st_mtime))
    return found


def sweep(
    uploads,  # the folder
    age: float,  # seconds
    silence: float | None = None,  # seconds, for uploads that broke off; `age` if left out
) -> int:  # how many
    "Delete the uploads that nobody asked to look at for so long, and those that broke off."
    limit = {True: age if silence is None else silence, False: age}  # Gradio moves whole ones away
    found = upload_sizes(uploads)
    old = [path for path, _, quiet in found if quiet > limit[path.parent == Path(uploads)]]
    for path in old:
        try:
            path.unlink(missing_ok=True)
            if path.parent != Path(uploads):
                path.parent.rmdir()
        except OSError:
            pass  # it is being written, or another upload lies beside it
    return len(old)
