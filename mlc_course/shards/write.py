"""An ImageTable as WebDataset tar shards: whole or not there."""

import hashlib
import io
import json
import os
import platform
import tarfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ..data.pictures import IMAGE_SUFFIXES, check_size, square_pixels
from ..data.table import ImageTable
from ..hints import PathLike
from ..whole_files import file_lock, recover, write_whole
from .manifest import NAME, Manifest, Shard, as_text, is_shards, read_manifest

AGAIN = "write the shards again"


class _Counted:
    "A file to write to that keeps the checksum and the number of bytes."

    def __init__(self, file):
        self.file, self.sum, self.bytes = file, hashlib.sha256(), 0

    def write(self, data):
        self.sum.update(data)
        self.bytes += len(data)
        return self.file.write(data)

    def tell(self):
        return self.bytes


def _member(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _image(path, size):
    "(suffix, bytes) of an image: the file's own, or a PNG of its decoded square."
    if size is None:
        suffix = path.suffix.lower()
        return suffix if suffix in IMAGE_SUFFIXES else ".img", path.read_bytes()
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(square_pixels(path, size)).save(out, "PNG", compress_level=1)
    return ".png", out.getvalue()


def _write_one(path, table, rows, split, size):
    "One tar file; key, image and labels of each row. Gives the Shard."
    fnames, labels = table.df["fname"], table.df["labels"]
    with open(path, "wb") as file:
        counted = _Counted(file)
        with tarfile.open(fileobj=counted, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
            for row in rows:
                row = int(row)
                suffix, data = _image(table.root / fnames.iat[row], size)
                about = dict(fname=fnames.iat[row], labels=labels.iat[row], split=split, row=row)
                _member(tar, f"{row:09d}{suffix}", data)
                _member(tar, f"{row:09d}.json", json.dumps(about, ensure_ascii=False).encode())
    return Shard(path.name, split, len(rows), counted.bytes, counted.sum.hexdigest())


def _versions():
    from PIL import __version__ as pillow

    from .. import __version__

    return dict(mlc_course=__version__, python=platform.python_version(), pillow=pillow)


def _check_rows(table, per_shard):
    if not len(table):
        raise ValueError("The table has no rows, so there is nothing to write.")
    whole = isinstance(per_shard, (int, np.integer)) and not isinstance(per_shard, bool)
    if not whole or per_shard < 1:
        raise ValueError(
            f"per_shard is {per_shard!r}; give the images of a shard, a whole number from 1."
        )


def _check_place(folder, root, force):
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; give the name of a folder that isn't there.")
    if folder.is_dir() and any(folder.iterdir()):
        if not is_shards(folder):
            raise FileExistsError(
                f"{folder} is there, and isn't a folder of shards, so it is never replaced. "
                "Give another name."
            )
        if not force:
            raise FileExistsError(
                f"{folder} holds shards already. Give another name, or replace them with "
                "force=True (--force in the command)."
            )
        if Path(root).resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"The images lie in {folder} itself, which would be replaced.")


@contextmanager
def _alone(folder):
    "Nobody else writes this folder meanwhile; FileExistsError if somebody does."
    from filelock import Timeout

    lock = file_lock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FileExistsError(
            f"Another process is writing {folder} just now. Wait for it, or give another name."
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps a file that is open
            Path(lock.lock_file).unlink()
        lock.release()


def _parts(table, per_shard, seed):
    "(split, number, rows of the table) of each shard."
    split_of = table.df["split"].to_numpy()
    for split in table.splits:
        rows = np.flatnonzero(split_of == split)
        if seed is not None:
            rows = np.random.default_rng(seed).permutation(rows)
        for number, start in enumerate(range(0, len(rows), per_shard)):
            yield split, number, rows[start : start + per_shard]


def write_shards(
    table: ImageTable,  # its rows are written, split by split
    folder: PathLike,  # is made; its name is given last, so it is whole or not there
    per_shard: int = 1000,  # images in a tar file
    *,
    size: int | None = None,  # decode once to squares of this side, as PNG; None: the files' bytes
    seed: int | None = 42,  # rows are drawn in this order once; None: in the order of the table
    force: bool = False,  # replace a folder of shards
) -> Manifest:
    """Write a table as tar shards that the package webdataset reads, and their list, shards.json.

    A shard holds rows of one split; a row is KEY.jpg (or its suffix) and KEY.json with fname,
    labels, split and row. The key is the row's number, so no file name can break it. An existing
    folder is a FileExistsError; a damaged file, with `size`, a ValueError that names it.
    """
    folder = Path(os.path.abspath(Path(folder).expanduser()))
    if size is not None:
        check_size(size)
    _check_rows(table, per_shard)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _check_place(recover(folder), table.root, force)
        write_whole(folder, lambda part: _fill(part, table, per_shard, size, seed), AGAIN)
    return read_manifest(folder)


def _fill(part, table, per_shard, size, seed):
    "Shards and list in a folder that isn't there yet."
    part.mkdir()
    shards = [
        _write_one(part / f"{split}-{number:06d}.tar", table, rows, split, size)
        for split, number, rows in _parts(table, per_shard, seed)
    ]
    manifest = Manifest(table.name, list(table.vocab), size, shards, _versions())
    (part / NAME).write_text(as_text(manifest), encoding="utf-8")
