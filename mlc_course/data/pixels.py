"""Decoded once: a cache of pixels for all frameworks and processes, never out of date."""

import hashlib
import io
import json
import os
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..hints import PathLike
from ..safety import file_lock, progress_bar
from ..settings import data_home
from .one_open import NOTHING, OneOpen, file_digest
from .pictures import decode_each, row_sources
from .pixel_files import KIND, beside, made_from, open_pixels, prune, sealed
from .table import ImageTable

DECODER = (
    1  # goes up when `square_pixels` gives other pixels; Pillow's version is in the key as well
)
CHUNK = 512  # images decoded before their pixels are written


# ---- the key -----------------------------------------------------------------------------------
def _start(size):
    import PIL

    return hashlib.blake2b(f"{DECODER} {PIL.__version__} {size} ".encode(), digest_size=16)


def _key(digests, size):
    h = _start(size)
    for d in digests:
        h.update(d)
    return h.hexdigest()


def _digests(table):
    "A digest of every file, in order; zeros for a missing or unreadable one: decoding says so."

    def one(path):
        try:
            return file_digest(path)
        except OSError:
            return NOTHING

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, table.paths()))


def content_key(
    table: ImageTable,  # whose files
    size: int,  # side of the square
) -> str:  # 32 hexadecimal digits
    "A digest of every file's contents in the table's order, of `size` and the decoder's version."
    return _key(_digests(table), size)


def _sizes_key(table, size):
    "A digest of the files' sizes: tells without opening one whether to expect a cache."
    h = _start(size)
    for path in table.paths():
        try:
            h.update(b"%d " % os.stat(path).st_size)
        except (OSError, ValueError):
            h.update(b"- ")
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
    one = table.subset([i])
    return decode_each(one.paths(), size, row_sources(one.df))[1].get(0)


def _passes(e):
    "May this error be gone tomorrow, as too little memory may?"
    while e is not None:
        if isinstance(e, MemoryError) or "out of memory" in str(e):
            return True
        e = e.__cause__
    return False


class _Decoding:
    "Decodes a table into a file, and remembers what it saw of it."

    def __init__(self, table, size, on_error, progress=False):
        self.table, self.size, self.on_error, self.progress = table, size, on_error, progress
        self.crc, self.bad, self.digests = 0, {}, []

    @property
    def passing(self):
        return any(map(_passes, self.bad.values()))

    def __call__(self, file):
        "Append the pixels of every row to `file`."
        paths, sources = self.table.paths(), row_sources(_numbered(self.table).df)
        bar = progress_bar(len(paths), desc="decode", unit="image", disable=not self.progress)
        for start in range(0, len(paths), CHUNK):
            part = [OneOpen(p) for p in paths[start : start + CHUNK]]
            block, bad = decode_each(part, self.size, sources[start : start + CHUNK])
            if bad and self.on_error == "stop":
                raise bad[min(bad)]
            self.bad |= {start + i: bad[i] for i in sorted(bad)}
            self.digests += [p.digest for p in part]
            self._refuse_changed(part)
            file.write(block.data)
            self.crc = zlib.crc32(block.data, self.crc)
            bar.update(len(part))
        bar.close()
        return self

    def _refuse_changed(self, files):
        for path in files:
            if path.has_changed():
                raise RuntimeError(
                    f"{path} changed while it was decoded. "
                    "Wait until nothing writes there any more, then start again."
                )


def _without(table, bad):
    "The table without its bad rows, and a warning that names them."
    first = "; ".join(str(bad[i]) for i in sorted(bad)[:3])
    if len(bad) == len(table):
        raise ValueError(
            f"None of the {len(table)} pictures can be decoded. The first: {bad[min(bad)]}"
        )
    note = f"{len(bad)} of {len(table)} pictures can't be decoded and were left out: {first}"
    note += "; ..." if len(bad) > 3 else ""
    warnings.warn(note, stacklevel=4)
    good = table.subset(np.setdiff1d(np.arange(len(table)), list(bad)))
    good.notes = (*good.notes, note)
    return good


# ---- the cache ---------------------------------------------------------------------------------
def _build(folder, decoding, sizes):
    "Decode into a new file of the cache; its pixels, bad rows and digests."
    table, size = decoding.table, int(decoding.size)
    shape, path = (len(table), size, size, 3), None

    def place():
        nonlocal path
        path = folder / f"{_key(decoding.digests, size)}.npy"
        bad = {str(k): str(v) for k, v in decoding.bad.items()}
        facts = dict(kind=KIND, shape=list(shape), crc32=decoding.crc, bad=bad)
        facts |= dict(passing=decoding.passing, sizes=sizes)
        with beside(path.with_suffix(".json")) as listed:
            listed.write(json.dumps(sealed(facts), indent=1).encode())
        return path

    with beside(folder / f"{sizes}.npy", place) as file:
        head = dict(descr="|u1", fortran_order=False, shape=shape)
        np.lib.format.write_array_header_1_0(file, head)
        decoding(file)
    return path, shape


def _in_memory(decoding):
    buffer = io.BytesIO()
    decoding(buffer)
    images = np.frombuffer(buffer.getbuffer(), np.uint8)
    size = int(decoding.size)
    return images.reshape(len(decoding.table), size, size, 3), decoding.bad, decoding.digests


def _find(folder, table, size, sizes):
    "Mapped pixels, bad rows and digests, if a cache of these files is there."
    if not made_from(folder, sizes):
        return None
    digests = _digests(table)
    shape = (len(table), int(size), int(size), 3)
    found = open_pixels(folder / f"{_key(digests, size)}.npy", shape)
    return None if found is None else (*found, digests)


def _find_or_build(folder, decoding, max_gb):
    "Mapped pixels, bad rows and digests; the files are made if they aren't there."
    table, size = decoding.table, decoding.size
    sizes = _sizes_key(table, size)
    found = _find(folder, table, size, sizes)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with file_lock(folder / f"{sizes}.lock"):
        found = _find(folder, table, size, sizes)  # another process may have made them meanwhile
        if found is None:
            path, shape = _build(folder, decoding, sizes)
            prune(folder, path, max_gb * 2**30)
            images = open_pixels(path, shape, fresh=True)
            found = images and (images[0], decoding.bad, decoding.digests)
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
    folder: PathLike | None = None,  # where caches are kept; `data_home()/"pixels"` if left out
    progress: bool = False,  # show a bar while decoding
    max_gb: float = 8.0,  # all caches together; the ones unused for longest go first
) -> tuple:  # the table without skipped rows, and uint8 [its length, size, size, 3], memory-mapped
    """Every image of `table`, squashed by `decode_images`, decoded once for all processes.

    A process compares pixels and list of bad rows with their checksums when it first opens them.
    Where nothing can be written, the array is in memory, with a warning.
    No file that wasn't made here is ever removed.
    """
    return decoded_pixels(table, size, on_error, folder, progress, max_gb)[:2]


def decoded_pixels(table, size, on_error="stop", folder=None, progress=False, max_gb=8.0):
    "What `cached_pixels` gives, and a digest of each file: (table, pixels, digests)."
    _check_arguments(table, size, on_error)
    found = None
    elsewhere = "set MLC_HOME to another folder" if folder is None else "give another folder="
    try:
        folder = Path(folder) if folder is not None else data_home() / "pixels"
        found = _find_or_build(folder, _Decoding(table, size, on_error, progress), max_gb)
    except (OSError, NotImplementedError) as e:  # filelock's word for a file system without locks
        if isinstance(e, FileNotFoundError) and e.errno is None:
            raise  # a missing picture, not a missing folder
        warnings.warn(
            f"The decoded pictures can't be kept in {folder or 'the data folder'} "
            f"({getattr(e, 'strerror', None) or e}), so they are decoded again each time. "
            f"Make room there, or {elsewhere}.",
            stacklevel=3,
        )
    if found is None:
        found = _in_memory(_Decoding(table, size, on_error, progress))
    images, bad, digests = found
    if not bad:
        return table, images, digests
    told = _told(table, bad, size)
    if on_error == "stop":
        raise told[min(told)]
    kept = [d for i, d in enumerate(digests) if i not in bad]
    return _without(table, told), np.delete(images, list(bad), axis=0), kept


def _told(table, bad, size):
    "The errors of bad rows; what a cache remembers of the first three is told with today's names."
    numbered, told = _numbered(table), dict(bad)
    for i in sorted(bad)[:3]:
        if not isinstance(bad[i], Exception):
            told[i] = _problem(numbered, i, size) or ValueError(bad[i])
    return told
