"Batches for PyTorch from images that stay bytes until they are needed."

import inspect
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.data import DataLoader

from mlc_course.settings import pick_device
from mlc_course.training.augment import Augment, is_off
from mlc_course.training.standard import PixelDataset, whole_batch
from mlc_course.training.torch_augment import (
    augment_batch,
    crop,
    cropped,
    draw_boxes,
    draw_moves,
    move,
    moved,
    random_resized_crop,
)


class ImageBatches(DataLoader):
    """Batches of (float [B, 3, S, S] in [0, 1], float targets [B, C]) from images kept as bytes.

    Iterating is repeatable: order and augmentation depend on seed and epoch alone. A library that
    rebuilds it around its `dataset` (Lightning does, for `predict` and for several processes) gets
    a plain DataLoader of the same images."""

    def __new__(cls, *args, **kwargs):
        if "dataset" not in kwargs:
            return super().__new__(cls)
        known = inspect.signature(DataLoader.__init__).parameters
        return DataLoader(**{k: v for k, v in kwargs.items() if k in known})

    def __init__(
        self,
        images: np.ndarray,  # uint8 [N, S, S, 3], in memory or mapped
        targets: np.ndarray,  # bool [n, C]
        batch_size: int,  # images in a batch
        train: bool = False,  # shuffle and augment; otherwise keep the order
        seed: int = 0,  # of order and augmentation
        device: torch.device | None = None,  # `pick_device()` if left out
        rows: np.ndarray | None = None,  # which of the images are meant, int [n]; None: all
        min_scale: float | None = None,  # crops that keep this share of the area, not shifts
        augment: str
        | Callable
        | None = None,  # "none", or a transform of your own, instead of flips and shifts
        **unknown: object,  # refused; libraries look for it before they rebuild a DataLoader
    ) -> None:
        if unknown:
            raise TypeError(f"ImageBatches takes no keyword {next(iter(unknown))!r}.")
        n = len(images) if rows is None else len(rows)
        check_images(images, n, len(targets))
        self.device, self.train, self.seed = device or pick_device(), train, seed
        self.min_scale, self.own = min_scale, None
        if train and augment is not None and not is_off(augment):
            self.own = Augment(augment, seed)
        self.moves = train and augment is None  # flips and shifts, or crops
        self.epoch, self.start = 0, 0  # the epoch, and the first batch of it that is wanted
        given = torch.arange(n) if rows is None else torch.as_tensor(np.asarray(rows))
        self.rows = given.long()
        self.images = torch.from_numpy(images if images.flags.writeable else images.copy())
        self.targets = torch.from_numpy(np.asarray(targets, "float32"))
        if self.device.type != "cpu":
            self._to_gpu()
        self.sizes = batch_sizes(n, batch_size, train)
        change = self._change if train else None
        dataset = PixelDataset(self.images, self.targets, self.rows, change)
        super().__init__(dataset, batch_size, shuffle=train, collate_fn=whole_batch)

    def _change(self, x):
        "What `DataLoader`s that others make of this get: changed by torch's global generator."
        g = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
        if self.own:
            return torch.from_numpy(self.own(x.cpu().numpy(), batch=g.initial_seed()))
        if not self.moves:
            return x
        if self.min_scale is None:
            return augment_batch(x, g)
        return random_resized_crop(x, g, self.min_scale).permute(0, 2, 3, 1)

    def _to_gpu(self):
        self.targets = self.targets.to(self.device)
        room = torch.cuda.mem_get_info(self.device)[0] / 4 if self.device.type == "cuda" else 2**31
        if len(self.rows) * self.images[:1].numel() < room:
            self.images = self.images[self.rows].to(self.device)
            self.rows = torch.arange(len(self.rows), device=self.device)

    def __len__(self):
        return len(self.sizes)

    def _plan(self):
        "Order and random numbers of this epoch: rows, places in `targets`, what is drawn."
        g = torch.Generator().manual_seed((self.seed * 100_003 + self.epoch) % 2**63)
        n, s = len(self.rows), self.images.shape[1]
        order = torch.randperm(n, generator=g) if self.train else torch.arange(n)
        drawn = ()
        if self.moves and self.min_scale is None:
            drawn = draw_moves(n, s, None, g)
        elif self.moves:
            drawn = draw_boxes(n, s, self.min_scale, g)
        rows = self.rows[order.to(self.rows.device)]
        return rows, order.to(self.device), [o.to(self.device) for o in drawn]

    def __iter__(self):
        rows, order, drawn = self._plan()
        make = self._on_cpu if self.device.type == "cpu" else self._on_gpu
        for k in range(self.start, len(self)):
            at = slice(k * self.batch_size, k * self.batch_size + self.sizes[k])
            x = self._changed(rows[at], k) if self.own else make(rows[at], [o[at] for o in drawn])
            yield x, self.targets[order[at]]
        self.start = 0
        if self.train:
            self.epoch += 1

    def _changed(self, rows, k):
        x = self.images.index_select(0, rows.to(self.images.device)).cpu().numpy()
        return torch.from_numpy(self.own(x, self.epoch, k)).permute(0, 3, 1, 2).to(self.device)

    def _on_gpu(self, rows, drawn):
        x = self.images.index_select(0, rows)
        if x.device != self.device:
            x = x.pin_memory() if self.device.type == "cuda" else x
            x = x.to(self.device, non_blocking=True)
        if self.moves and self.min_scale is not None:
            return crop(x, *drawn)
        if self.moves:
            x = move(x, *drawn)
        return x.permute(0, 3, 1, 2).float().div_(255)

    def _on_cpu(self, rows, drawn):
        if self.moves and self.min_scale is not None:
            return cropped(self.images.numpy(), rows, drawn).permute(0, 3, 1, 2)
        x = self.images.index_select(0, rows)  # several times as fast as images[rows]
        x = moved(x, *drawn) if self.moves else x.float().div_(255)
        return x.permute(0, 3, 1, 2)


def check_images(
    images: np.ndarray,  # must be bytes
    n: int,  # images that are meant
    n_targets: int,  # rows of targets
):
    "ValueError for two different numbers; TypeError for images that aren't bytes."
    if n != n_targets:
        raise ValueError(
            f"There are {n} images and {n_targets} rows of targets; they must be the same number."
        )
    if images.dtype != np.uint8:
        raise TypeError(
            f"The images are {images.dtype}; keep them as uint8, which needs a quarter of the "
            "memory."
        )


def batch_sizes(
    n: int,  # images
    batch_size: int,
    train: bool = False,  # BatchNorm can't learn from one image: a last batch of one is left out
) -> list:
    "How many images are in each batch."
    ends = [*range(batch_size, n, batch_size), n]
    sizes = [b - a for a, b in zip([0, *ends], ends)]
    if train and sizes[-1] == 1 and n > 1:
        sizes.pop()
    return sizes


def batches_of(
    data,  # a `Decoded`
    profile,  # a `Profile`: batch size, seed
    augment=None,  # what becomes of the training images, as in `train`
    min_scale: float | None = None,  # crops that keep this share of the area, not shifts
) -> dict:  # ImageBatches by split
    "Batches of each split: shuffled and augmented for train, in order for the others."
    device, found = pick_device(), {}
    for s in data.splits:
        rows, train = data.rows(s), s == "train"
        size = profile.batch_size if train else 256
        scale = min_scale if train else None
        place = (data.images, data.targets[rows], size, train, profile.seed, device, rows, scale)
        found[s] = ImageBatches(*place, augment=augment)
    return found
