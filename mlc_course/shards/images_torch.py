"""Shards for PyTorch: an IterableDataset, and a loader that is resumed within an epoch."""

import os

from ..devices import require_torch_first
from ..hints import Any, Callable, PathLike
from .plan import reader_rows, rows_of_workers
from .read import ShardReader, decoded

require_torch_first()

import torch  # noqa: E402
from torch.utils.data import DataLoader, IterableDataset, get_worker_info  # noqa: E402


def _place(rank, world):
    "(rank, world): given, or torch.distributed's, or torchrun's variables, or one process."
    if (rank is None) != (world is None):
        raise ValueError("Give rank and world together, or neither.")
    if rank is not None:
        return rank, world
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


class ShardImages(IterableDataset):
    """Images of a folder of shards: (uint8 [3, size, size], float32 [C]), one by one.

    Rows are divided among ranks and DataLoader workers by number, not by shard, so ranks differ by
    one row at most. With DDP give even=True in training: every rank then gets the same number (less
    than `world` rows are left out, others each epoch), and none waits for another at the end.
    """

    def __init__(
        self,
        folder: PathLike,  # what write_shards made
        split: str = "train",  # or valid, test
        size: int = 64,  # side in pixels
        *,
        shuffle: bool | None = None,  # None: train only
        buffer: int = 1000,  # rows shuffled at once; no row moves further among a worker's rows
        seed: int = 0,  # another seed, another order
        rank: int | None = None,  # None: that of torch.distributed or RANK, else 0
        world: int | None = None,  # processes; None: as for rank
        even: bool = False,  # the same number for every rank
        transform: Callable | None = None,  # called with the uint8 [3, size, size] tensor
    ) -> None:
        shuffle = split == "train" if shuffle is None else shuffle
        self.reader = ShardReader(folder, split, shuffle=shuffle, buffer=buffer, seed=seed)
        self.vocab, self.size, self.transform = self.reader.manifest.vocab, size, transform
        self.rank, self.world = _place(rank, world)
        self.even, self.epoch = even, 0
        self.starts, self.first = None, 0  # rows that each worker gave before; whose turn it is

    def __len__(self):
        return len(self.rows_of())

    def rows_of(
        self,
        worker: int = 0,  # which of the DataLoader
        workers: int = 1,  # how many it has
    ) -> range:
        "The positions, in the epoch's order, of a worker of this rank."
        return reader_rows(self.reader.n, self.rank, self.world, worker, workers, self.even)

    def set_epoch(
        self,
        epoch: int,  # another number, another order
    ) -> None:
        "Begin an epoch at its first row."
        self.epoch, self.starts, self.first = epoch, None, 0

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        worker = (worker + self.first) % workers  # the loader asks worker 0 first
        start = self.starts[worker] if self.starts else 0
        part = dict(rank=self.rank, world=self.world, worker=worker, workers=workers)
        for row in self.reader.rows(self.epoch, start, even=self.even, **part):
            pixels, target = decoded(row, self.size, self.vocab)
            image = torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
            yield (
                self.transform(image) if self.transform else image,
                torch.from_numpy(target).float(),
            )


class ShardLoader:
    "Batches of ShardImages through a DataLoader; `state_dict` says how far it came."

    def __init__(
        self,
        data: ShardImages,  # of this rank
        batch_size: int = 64,  # images of this rank
        workers: int = 0,  # processes that decode; 0: this one
        **options: Any,  # for the DataLoader
    ) -> None:
        self.data, self.batch_size, self.workers = data, batch_size, workers
        self.options, self.given = options, 0

    def _lengths(self):
        n = max(1, self.workers)
        return [len(self.data.rows_of(w, n)) for w in range(n)]

    def __len__(self):
        return sum(-(-n // self.batch_size) for n in self._lengths())

    def __iter__(self):
        lengths = self._lengths()
        self.data.starts = rows_of_workers(self.given, lengths, self.batch_size)
        batches = sum(-(-n // self.batch_size) for n in self.data.starts)
        self.data.first = batches % len(lengths)
        loader = DataLoader(self.data, self.batch_size, num_workers=self.workers, **self.options)
        left = sum(lengths) - self.given
        for batch in loader:
            self.given += len(batch[0])
            left -= len(batch[0])
            yield batch
        if left:
            raise RuntimeError(f"The workers gave {left} rows too few.")
        self.given = 0
        self.data.set_epoch(self.data.epoch + 1)

    def _same(self):
        reader = self.data.reader
        return dict(
            batch_size=self.batch_size,
            workers=self.workers,
            rank=self.data.rank,
            world=self.data.world,
            even=self.data.even,
            seed=reader.seed,
            buffer=reader.buffer,
            shuffle=reader.shuffle,
            shards=[s.sha256 for s in reader.shards],
        )

    def state_dict(self) -> dict:
        "Epoch, rows so far, and what has to be the same for the rest to be the same."
        return dict(epoch=self.data.epoch, rows=self.given, **self._same())

    def load_state_dict(
        self,
        state: dict,  # of a ShardLoader with the same settings
    ) -> None:
        "Go on after the rows that were given; other settings or shards are a ValueError."
        odd = [k for k, v in self._same().items() if state.get(k) != v]
        if odd:
            told = "other shards" if odd[0] == "shards" else f"{odd[0]}={state.get(odd[0])!r}"
            raise ValueError(
                f"The state was saved with {told}; the rest of the epoch would be another. "
                "Make the loader as it was."
            )
        self.data.set_epoch(state["epoch"])
        self.given = state["rows"]
