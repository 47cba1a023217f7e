"""Rows of shards: verified, in the order of the plan, with no more than a window in memory."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np

from ..data.hot import multi_hot
from ..data.pictures import square_pixels
from .manifest import ShardError, check_shard, read_manifest
from .plan import reader_rows, shard_order, window_order


def shard_rows(
    folder,
    shard,  # a Shard of the manifest
    manifest,
    first: int = 0,  # rows to pass over
):  # yields (dict of the json, bytes of the image)
    "The rows of one shard, after its checksum and before its count was compared."
    check_shard(folder, shard, manifest)
    path, seen = Path(folder) / shard.file, 0
    with tarfile.open(path, "r:") as tar:
        image = None
        for member in tar:
            tar.members = []  # type: ignore[attr-defined]  # else tarfile keeps every header
            is_json = member.name.endswith(".json")
            seen += is_json
            if seen + (not is_json) <= first:
                continue
            data = tar.extractfile(member).read()  # type: ignore[union-attr]
            if is_json:
                yield json.loads(data), image
            else:
                image = data
    if seen != shard.rows:
        raise ShardError(f"The shard {path} holds {seen} rows; its list says {shard.rows}.")


class ShardReader:
    "One worker's rows of one epoch: (row's json, image bytes), every row of `rows` once."

    def __init__(
        self,
        folder,  # what write_shards made
        split: str,
        *,
        shuffle: bool = True,
        buffer: int = 1000,  # rows that are shuffled at once: none moves further
        seed: int = 0,
        manifest=None,  # read already
    ):
        if buffer < 1:
            raise ValueError(f"buffer is {buffer!r}; give a number of rows from 1.")
        self.folder = Path(folder)
        self.manifest = manifest or read_manifest(folder)
        self.shards = self.manifest.of(split)
        self.shuffle, self.buffer, self.seed = shuffle, buffer, seed
        self.n = sum(s.rows for s in self.shards)

    def _stream(self, epoch, wanted):
        "(position, row) of the epoch's order from the first wanted to the last."
        place = 0
        for number in shard_order(len(self.shards), self.seed, epoch, self.shuffle):
            shard = self.shards[number]
            if place + shard.rows > wanted.start:
                skip = max(0, wanted.start - place)
                rows = shard_rows(self.folder, shard, self.manifest, skip)
                yield from enumerate(rows, place + skip)
            place += shard.rows
            if place >= wanted.stop:
                return

    def rows(
        self,
        epoch: int = 0,
        start: int = 0,  # rows of this reader that were given before
        **part,  # rank, world, worker, workers, even: see plan.reader_rows
    ):  # yields (dict, bytes)
        "The reader's rows, from `start` on: the same whether read at once or resumed."
        mine = reader_rows(self.n, **part)
        window = self.buffer if self.shuffle else 1
        if start >= len(mine):
            return
        stream = self._stream(epoch, mine[start // window * window :])
        if not self.shuffle:
            for place, row in stream:
                if place >= mine.stop:
                    return
                yield row
            return
        for needed, order in window_order(mine, window, self.seed, epoch, start):
            wanted, held = set(needed), {}
            while wanted:
                place, row = next(stream)
                if place in wanted:
                    held[place] = row
                    wanted.discard(place)
            for place in order:
                yield held.pop(place)


def decoded(
    row: tuple,  # (dict, bytes) of a ShardReader
    size: int,  # side in pixels
    vocab: list,
) -> tuple:  # uint8 [size, size, 3], bool [C]
    "One row as pixels and targets; an image that can't be decoded is a ValueError that names it."
    from PIL import Image

    about, data = row
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = square_pixels(image, size)
    except Exception as e:
        raise ValueError(
            f"{about['fname']} in the shards can't be decoded ({e}). Mend or leave out that file, "
            "and write the shards anew."
        ) from e
    return np.array(pixels), np.asarray(multi_hot([about["labels"]], vocab)[0])
