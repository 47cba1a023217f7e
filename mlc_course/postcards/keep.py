"Draws a set of files beside its place and renames it; redraws what is broken in one that is there."

import json
import multiprocessing
import os
import shutil
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from ..data.drawn_sets import (
    bring_back,
    keep_edited,
    remove_marked,
    replace_set,
    set_aside,
    temporary_files,
    write_file,
)
from ..data.workers import in_processes
from ..hints import PathLike
from ..machine import usable_cores
from ..safety import file_lock, progress_bar
from .files import VERSION, picture_bytes, picture_jobs, record_of, table_names
from .manifest import (
    DRAWING,
    MANIFEST,
    broken_files,
    checksum,
    is_drawn_set,
    read_manifest,
    save_manifest,
    strangers,
)
from .tables import LAYOUTS, tables_of


def file_names(spec: dict) -> set:
    "The names of all pictures and tables of a set."
    return {*picture_jobs(spec), *table_names(spec)}


# ---- drawing files -----------------------------------------------------------------------------
def draw_files(
    path: Path,  # the folder of the set
    spec: dict,  # of the set
    jobs: list,  # of (name, what, i)
) -> list:  # of (name, checksum, record)
    "Draw `jobs` into `path`; a file that holds the right bytes already is left alone."
    done = []
    for name, what, i in jobs:
        data, record = picture_bytes(spec, what, i)
        if not _holds(path / name, data):
            write_file(path / name, data)
        done.append((name, checksum(data), record))
    return done


def _holds(file, data):
    try:
        return file.stat().st_size == len(data) and file.read_bytes() == data
    except OSError:
        return False


def _workers(workers, n_jobs):
    if workers is None:
        workers = min(usable_cores(), 8) if n_jobs >= 300 else 1
    if multiprocessing.current_process().daemon:  # may not start others
        workers = 1
    return max(1, min(workers, n_jobs // 16))


def _fill(path, spec, names, known, progress, workers):
    "Draw the files `names` into `path`; `known` (name -> length, checksum) grows with them."
    jobs, records = picture_jobs(spec), {}
    for d in {(path / o).parent for o in file_names(spec)}:
        d.mkdir(parents=True, exist_ok=True)
    todo = [(o, *jobs[o]) for o in sorted(names) if o in jobs]
    pieces = [todo[i : i + 32] for i in range(0, len(todo), 32)]
    work = partial(draw_files, path, spec)
    quiet = not progress or not todo
    title = f"Drawing {spec['layout']}"
    with progress_bar(len(todo), desc=title, unit="img", disable=quiet, leave=False) as bar:
        for _, done in in_processes(work, pieces, _workers(workers, len(todo))):
            for name, crc, record in done:
                known[name] = crc
                records[jobs[name]] = record
            bar.update(len(done))
    _fill_tables(path, spec, names, known, records)


def _fill_tables(path, spec, names, known, records):
    "Write the tables among `names`; what isn't in `records` is composed again."
    if not any(o in table_names(spec) for o in names):
        return

    def record(what, i):
        return records[what, i] if (what, i) in records else record_of(spec, what, i)

    for name, data in tables_of(spec, record).items():
        if name in names:
            keep_edited(path / name, lambda found, data=data: found == data)
            write_file(path / name, data, sync=True)
            known[name] = checksum(data)


# ---- a set in its place ------------------------------------------------------------------------
def _spec(n, seed, size, layout):
    for name, v, lo in (("n", n, 1), ("seed", seed, 0), ("size", size, 16)):
        if isinstance(v, bool) or not isinstance(v, (int, np.integer)):
            raise TypeError(f"{name} is {v!r}; it must be a whole number.")
        if v < lo:
            raise ValueError(f"{name} is {v}; it must be at least {lo}.")
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}; choose pascal, nus_wide, movie_posters or cars.")
    return dict(version=VERSION, layout=layout, n=int(n), seed=int(seed), size=int(size))


def _remains(root, spec):
    "The temporary files that a killed process left in `root`."
    return temporary_files(root, {*file_names(spec), MANIFEST, DRAWING})


def _is_whole(root, spec):
    "True if `root` holds exactly what its manifest says, and the manifest is the one for `spec`."
    m = read_manifest(root)
    if m is None or m["spec"] != spec or set(m["files"]) != file_names(spec):
        return False
    return not broken_files(root, m["files"])


def _clear_part(part, spec):
    "Remove what a killed run has left in `part`; files of others are refused."
    if not part.exists():
        return
    try:
        names = file_names(json.loads((part / DRAWING).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        m = read_manifest(part)
        names = m["files"] if m else file_names(spec)
    odd = strangers(part, names)
    if odd:
        raise FileExistsError(
            f"{part} is where the pictures are drawn before they go to {part.stem}, and it holds "
            f"files that mlc_course didn't make, such as {odd[0]}. Move them away."
        )
    remove_marked(part, (DRAWING, MANIFEST))


def _draw_beside(part, spec, progress, workers):
    "A whole set in `part`."
    if not _is_whole(part, spec):
        _clear_part(part, spec)
        part.mkdir()
        write_file(part / DRAWING, json.dumps(spec).encode())
        known = {}
        _fill(part, spec, file_names(spec), known, progress, workers)
        save_manifest(part, spec, known)
    (part / DRAWING).unlink(missing_ok=True)


def _redraw(root, spec, known, progress, workers):
    "Draw the files of the set in `root` that are missing in `known` or not as it says."
    bad = (file_names(spec) - set(known)) | set(broken_files(root, known))
    if bad:
        _fill(root, spec, bad, known, progress, workers)
        save_manifest(root, spec, known)


def _make(root, spec, progress, workers):
    names, m = file_names(spec), read_manifest(root)
    if m and m["spec"] == spec:
        known = {k: v for k, v in m["files"].items() if k in names}
        return _redraw(root, spec, known, progress, workers)
    here = root.exists() and any(root.iterdir())
    odd = strangers(root, m["files"] if m else names) if here else []
    if odd:
        raise FileExistsError(
            f"{root} holds files that mlc_course didn't make, such as {odd[0]}, and they won't be "
            "touched. Choose another folder, or move them away."
        )
    if here and not m:  # ours, but the manifest is lost: draw all, write what differs
        return _redraw(root, spec, {}, progress, workers)
    part = root.with_name(root.name + ".part")
    _draw_beside(part, spec, progress, workers)
    if not here:
        if root.exists():
            root.rmdir()
        part.rename(root)
        return None
    for name in table_names(m["spec"]):
        drawn = m["files"].get(name)
        keep_edited(root / name, lambda found, drawn=drawn: checksum(found) == drawn, part)
    return replace_set(part, root)


@contextmanager
def _alone(root, progress):
    "Hold the lock of `root`, after waiting for whoever draws there."
    lock = file_lock(str(root) + ".lock")
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        if progress:
            print(f"Another process is drawing {root.name}; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _explained(error, root):
    "An OSError of drawing `root` as a sentence; one of another place is left as it is."
    at = error.filename
    if isinstance(at, (str, os.PathLike)):
        at = Path(at).absolute()
        if root.parent not in (at, *at.parents):
            return error
    if error.errno == 28:
        return OSError(
            28,
            f"The disk that holds {root.parent} is full ({error.strerror}). Free some space, or "
            "choose another folder with MLC_HOME, and call again: the set is drawn anew.",
        )
    if isinstance(error, PermissionError) or error.errno == 30:
        return PermissionError(
            error.errno,
            f"{root} can't be written to ({error.strerror}). Set MLC_HOME to a folder that you "
            "can write to, or correct its permissions.",
        )
    return error


def _check_room(root, n, size):
    need, free = n * (size / 128) ** 2 * 7e3, shutil.disk_usage(root.parent).free
    if not root.exists() and free < need:
        raise OSError(28, f"{free / 1e6:.0f} MB are free and about {need / 1e6:.0f} MB are needed")


def make_postcards(
    root: PathLike,  # the folder to make
    n: int = 4000,  # pictures
    seed: int = 42,  # another seed, other pictures
    size: int = 128,  # side of a picture in pixels
    layout: str = "pascal",  # or "nus_wide", "movie_posters", "cars"
    progress: bool = True,  # show a progress bar
    workers: int | None = None,  # processes; None: one per core
) -> Path:  # `root`
    "Draw a data set into `root`, or check the one that is there and redraw what is damaged."
    spec, root = _spec(n, seed, size, layout), Path(root).expanduser().resolve()
    whole = _is_whole(root, spec)
    if whole and not set_aside(root, is_drawn_set) and not _remains(root, spec):
        return root
    if root.exists() and not root.is_dir():
        raise FileExistsError(f"{root} is a file; give the name of a folder.")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with _alone(root, progress):
            bring_back(root, is_drawn_set)
            _check_room(root, n, size)
            for f in _remains(root, spec):
                f.unlink(missing_ok=True)
            _make(root, spec, progress, workers)
    except FileExistsError:
        raise
    except OSError as e:
        if whole:  # it can be read, and only the leftovers can't be cleared
            return root
        told = _explained(e, root)
        if told is e:
            raise
        raise told from e
    return root
