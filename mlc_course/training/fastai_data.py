"fastai DataLoaders that take whole batches out of images which are decoded once."

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastai.data.core import DataLoaders, TfmdDL
from fastai.data.transforms import TensorMultiCategory
from fastai.torch_core import TensorImage
from PIL import Image

from mlc_course.data.decoded import Decoded
from mlc_course.data.table import ImageTable
from mlc_course.datablocks import multilabel_datablock
from mlc_course.labels import multi_hot
from mlc_course.settings import Profile, pick_device
from mlc_course.training.augment import Augment, is_off
from mlc_course.training.data import decode_for_training
from mlc_course.training.fastai_recipe import FlipsAndShifts


class Pixels:
    "Decoded images, found by their file names. A pickle of it carries no images."

    def __init__(
        self,
        table: ImageTable | Decoded,  # an `ImageTable` or a `Decoded`
        images: np.ndarray,  # uint8 [len(table), size, size, 3], in its order
    ) -> None:
        self.root, self.vocab = Path(table.root), list(table.vocab)
        self.images = torch.from_numpy(images)
        self.where = {str(p): i for i, p in enumerate(table.paths())}

    def find(
        self,
        fnames: Iterable,  # file names, relative to the root or absolute
    ) -> list | None:  # row numbers, or None if a file is not among the decoded ones
        "Where these files are in `images`."
        rows = [self.where.get(str(self.root / o)) for o in fnames]
        return None if None in rows else rows

    def __getstate__(self):
        return dict(root=self.root, vocab=self.vocab, images=self.images[:0].clone(), where={})


class PixelDL(TfmdDL):
    """A fastai DataLoader that takes whole batches out of `Pixels`.

    Rows that aren't in there go fastai's usual way."""

    def __init__(
        self,
        dataset: object,  # as a fastai DataLoader takes it
        pixels: Pixels | None = None,  # the decoded images
        **kwargs: object,  # for `TfmdDL`
    ) -> None:
        self.pixels, self.own = pixels, None  # own: what changes the training images
        super().__init__(dataset, **kwargs)

    def new(
        self,
        dataset: object = None,  # another dataset; None: this one
        cls: type | None = None,
        **kwargs: object,  # to change, as for `TfmdDL`
    ) -> "PixelDL":  # over the same decoded images
        "A loader like this one."
        return super().new(dataset, cls, **{"pixels": self.pixels, **kwargs})

    def do_item(
        self,
        i: int | None,  # a row number
    ) -> int:  # the same
        "Nothing yet: `do_batch` takes the rows together."
        return i or 0

    def do_batch(
        self,
        rows: list,  # row numbers
    ) -> tuple:  # images, and targets where there are some
        "One batch, taken out of the decoded images at once."
        items, pixels = self.dataset.items, self.pixels
        df = items.iloc[rows] if isinstance(items, pd.DataFrame) else pd.DataFrame(dict(fname=[]))
        found = None if pixels is None or len(df) < len(rows) else pixels.find(df["fname"])
        if pixels is None or found is None:
            return super().do_batch([super(PixelDL, self).do_item(o) for o in rows])
        x = pixels.images[found]
        if self.own:  # its floats go to 1, and fastai divides by 255 later
            moved = self.own(x.numpy(), batch=self.rng.getrandbits(32))
            x = torch.from_numpy(moved * np.float32(255))
        x = TensorImage(x.permute(0, 3, 1, 2))
        if len(self.dataset.tls) == 1:
            return (x,)
        targets = torch.from_numpy(multi_hot(df["labels"], pixels.vocab))
        return x, TensorMultiCategory(targets.float())


def loaders_of(
    data: Decoded,  # with training and validation images
    profile: Profile,  # batch size and seed
    augment: str | Callable | None = None,  # as for `make_data`
) -> DataLoaders:
    "The DataBlock of lesson 03 over decoded images."
    like_a_table: Any = data  # it has a root, a vocab and paths
    block = multilabel_datablock(like_a_table, profile.image_size, augment=False)
    block.dl_type, reader = PixelDL, block.getters[0]
    first = (0, data.rows("train")[0], data.rows("valid")[0])  # fastai tries these out
    reader.at_hand = {data.paths()[i]: Image.fromarray(data.images[i]) for i in first}
    dls = block.dataloaders(
        data.frame(),
        num_workers=0,
        pixels=Pixels(data, data.images),
        bs=max(1, min(profile.batch_size, len(data.rows("train")))),
        val_bs=profile.batch_size,
        device=pick_device(),
        path=data.root,
    )
    reader.at_hand = {}
    dls.train.rng = random.Random(profile.seed)
    if not is_off(augment):
        usual = augment is None
        dls.train.own = FlipsAndShifts(profile.seed) if usual else Augment(augment, profile.seed)
    return dls


def make_data(
    table: ImageTable | Decoded,  # an `ImageTable` with training and validation rows
    profile: Profile,  # a `Profile`: image and batch size, seed
    on_error: str = "stop",  # an image that can't be decoded: "stop", or "skip" it with a warning
    augment: str | Callable | None = None,  # what changes the training images, as in `train`
) -> DataLoaders:  # as `multilabel_dataloaders`, with every image decoded once
    "fastai DataLoaders over decoded images: training batches shuffled, the others in table order."
    return loaders_of(decode_for_training(table, profile.image_size, on_error), profile, augment)
