"""Decoded once: a cache of pixels for all frameworks and processes, never out of date."""

import errno
import hashlib
import io
import json
import os
import stat
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..safety import file_lock, progress_bar
from ..settings import data_home
from .pictures import decode_images
from .pixel_files import KIND, beside, open_pixels, prune, sealed
from .table import ImageTable

DECODER = (
    1  # goes up when `decode_images` gives other pixels; Pillow's version is in the key as well
)


# ---- the key -----------------------------------------------------------------------------------
def file_digest(
    path,  # a file; anything else (a pipe, a folder) is an OSError
) -> bytes:  # 16 bytes
    "A digest of a file's contents."
    h = hashlib.blake2b(digest_size=16)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a file", str(path))
    with open(path, "rb") as f:
        while block := f.read(2**20):
            h.update(block)
    return h.digest()


def content_key(
    table: ImageTable,  # whose files
    size: int,  # side of the square
) -> str:  # 32 hexadecimal digits
    "A digest of every file's contents in the table's order, of `size` and the decoder's version."
    import PIL

    h = hashlib.blake2b(f"{DECODER} {PIL.__version__} {size} ".encode(), digest_size=16)

    def one(path):
        try:
            return file_digest(path)
        except OSError:
            return bytes(16)  # missing or unreadable: decoding will say so

    with ThreadPoolExecutor(8) as pool:
        for d in pool.map(one, table.paths()):
            h.update(d)
    return h.hexdigest()


# ---- decoding ----------------------------------------------------------------------------------
def _numbered(table):
    "The table with a column `source`, so that a part of it still names the rows of the whole."
    if "source" in table.df.columns:
        return table
    source = [f"row {i}" for i in range(len(table))]
    return ImageTable(
        table.df.assign(source=source), table.root, table.vocab, table.name, table.notes
    )


def _problem(table, i, size):
    "What decoding row i raises, or None."
    try:
        decode_images(table.subset([i]), size)
    except (ValueError, FileNotFoundError) as e:
        return e


def _passes(e):
    "May this error be gone tomorrow, as too little memory may?"
    while e is not None:
        if isinstance(e, MemoryError) or "out of memory" in str(e):
            return True
        e = e.__cause__
    return False


class _Counted:
    "A file, and the checksum of what was written to it."

    def __init__(self, file):
        self.file, self.crc, self.passing = file, 0, False

    def write(self, block):
        self.file.write(block)
        self.crc = zlib.crc32(block, self.crc)


def _decode_into(file, table, size, on_error, progress, chunk=512):
    "Append the pixels of every row to a `_Counted`; give the rows that can't be decoded, and why."
    table, bad = _numbered(table), {}
    bar = progress_bar(len(table), desc="decode", unit="image", disable=not progress)
    for start in range(0, len(table), chunk):
        rows = np.arange(start, min(start + chunk, len(table)))
        try:
            block = decode_images(table.subset(rows), size)
        except (ValueError, FileNotFoundError):
            if on_error == "stop":
                raise
            block = np.zeros((len(rows), size, size, 3), np.uint8)
            for k, i in enumerate(rows):
                try:
                    block[k] = decode_images(table.subset([i]), size)[0]
                except (ValueError, FileNotFoundError) as e:
                    bad[int(i)] = str(e)
                    file.passing |= _passes(e)
        file.write(block.data)
        bar.update(len(rows))
    bar.close()
    return bad


def _without(table, bad):
    "The table without its bad rows, and a warning that names them."
    first = "; ".join(str(bad[i]) for i in sorted(bad)[:3])
    if len(bad) == len(table):
        raise ValueError(
            f"None of the {len(table)} pictures can be decoded. The first: {bad[min(bad)]}"
        )
    note = f"{len(bad)} of {len(table)} pictures can't be decoded and were left out: {first}"
    note += "; ..." if len(bad) > 3 else ""
    warnings.warn(note, stacklevel=3)
    good = table.subset(np.setdiff1d(np.arange(len(table)), list(bad)))
    good.notes = (*good.notes, note)
    return good


# ---- the cache ---------------------------------------------------------------------------------
def _build(path, table, size, on_error, progress):
    shape = (len(table), int(size), int(size), 3)
    with beside(path) as file:
        head = dict(descr="|u1", fortran_order=False, shape=shape)
        np.lib.format.write_array_header_1_0(file, head)
        out = _Counted(file)
        bad = _decode_into(out, table, size, on_error, progress)
        if content_key(table, size) != path.stem:
            raise RuntimeError(
                f"Pictures in {table.root} changed while they were decoded. "
                "Wait until nothing writes there any more, then start again."
            )
        bad = {str(k): v for k, v in bad.items()}
        facts = dict(kind=KIND, shape=list(shape), crc32=out.crc, bad=bad, passing=out.passing)
        with beside(path.with_suffix(".json")) as listed:
            listed.write(json.dumps(sealed(facts), indent=1).encode())


def _in_memory(table, size, on_error, progress):
    buffer = io.BytesIO()
    bad = _decode_into(_Counted(buffer), table, size, on_error, progress)
    images = np.frombuffer(buffer.getbuffer(), np.uint8)
    return images.reshape(len(table), size, size, 3), bad


def _find_or_build(path, table, size, on_error, progress, max_gb):
    "Mapped pixels and bad rows; the files are made if they aren't there."
    shape = (len(table), int(size), int(size), 3)
    found = open_pixels(path, shape)
    if found is not None:
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(path.with_suffix(".lock")):
        found = open_pixels(path, shape)  # another process may have made them meanwhile
        if found is None:
            _build(path, table, size, on_error, progress)
            prune(path.parent, path, max_gb * 2**30)
            found = open_pixels(path, shape, fresh=True)
    return found


def _check_arguments(table, size, on_error):
    if on_error not in ("stop", "skip"):
        raise ValueError(
            f"on_error is {on_error!r}; choose 'stop' (an error names the bad file) or 'skip' "
            "(leave it out with a warning)."
        )
    if len(table) == 0:
        raise ValueError(f"The table {table.name!r} has no rows, so there is nothing to decode.")
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"size is {size!r}; give the side in pixels, a whole number from 1.")


def cached_pixels(
    table: ImageTable,  # the images
    size: int,  # side of the square, in pixels
    on_error: str = "stop",  # "stop": an error names a bad file; "skip": leave it out and warn
    folder=None,  # where caches are kept; `data_home()/"pixels"` if left out
    progress: bool = False,  # show a bar while decoding
    max_gb: float = 8.0,  # all caches together; the ones unused for longest go first
) -> tuple:  # the table without skipped rows, and uint8 [its length, size, size, 3], memory-mapped
    """Every image of `table`, squashed by `decode_images`, decoded once for all processes.

    A process compares pixels and list of bad rows with their checksums when it first opens them.
    Where nothing can be written, the array is in memory, with a warning.
    No file that wasn't made here is ever removed.
    """
    _check_arguments(table, size, on_error)
    key, found = content_key(table, size), None
    elsewhere = "set MLC_HOME to another folder" if folder is None else "give another folder="
    try:
        folder = Path(folder) if folder is not None else data_home() / "pixels"
        path = folder / f"{key}.npy"
        found = _find_or_build(path, table, size, on_error, progress, max_gb)
    except (OSError, NotImplementedError) as e:  # filelock's word for a file system without locks
        if isinstance(e, FileNotFoundError) and e.errno is None:
            raise  # a missing picture, not a missing folder
        warnings.warn(
            f"The decoded pictures can't be kept in {folder or 'the data folder'} "
            f"({getattr(e, 'strerror', None) or e}), so they are decoded again each time. "
            f"Make room there, or {elsewhere}.",
            stacklevel=2,
        )
    if found is None:
        found = _in_memory(table, size, on_error, progress)
    images, bad = found
    if not bad:
        return table, images
    numbered, first = _numbered(table), sorted(bad)[:3]
    told = {i: _problem(numbered, i, size) or ValueError(bad[i]) for i in first}
    told = bad | told  # with today's file names
    if on_error == "stop":
        raise told[first[0]]
    return _without(table, told), np.delete(images, list(bad), axis=0)
