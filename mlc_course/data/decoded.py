"What a training asks: pixels, targets and names of a table's images, each file read once."

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..hints import ArrayLike, Names
from .pixels import decoded_pixels
from .table import ImageTable
from .table_checks import SPLITS, require_split, require_vocab

if TYPE_CHECKING:
    from ..metrics import Predictions


@dataclass(frozen=True, eq=False)
class Decoded:
    """Images as bytes beside their labels, in a table's order.

    Make it with `decode`, or of arrays of your own. A trainer takes it in place of a table."""

    images: np.ndarray  # uint8 [N, S, S, 3], in memory or mapped
    targets: np.ndarray  # bool [N, C]
    fnames: list  # file names [N]
    vocab: list  # label names, in the order of the columns of `targets`
    split_of: np.ndarray  # "train", "valid" or "test" for each image
    name: str = ""  # what to call the set
    root: Path = Path()  # the folder that the file names are relative to
    digests: list | None = field(default=None, repr=False)  # of each file's contents, 16 bytes
    df: pd.DataFrame | None = field(default=None, repr=False)  # the table's rows, all columns

    def __post_init__(self):
        n = len(self.images)
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[3] != 3:
            raise TypeError(
                f"images is an array of {self.images.dtype} with shape {self.images.shape}; "
                "give uint8 [N, S, S, 3]."
            )
        checked = dict(
            targets=np.asarray(self.targets, bool),
            vocab=list(self.vocab),
            fnames=list(self.fnames),
            split_of=np.asarray(self.split_of, object),
        )
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.targets.shape != (n, len(self.vocab)):
            raise ValueError(
                f"targets has shape {self.targets.shape}; give one row for each of {n} images "
                f"and one column for each of {len(self.vocab)} labels."
            )
        if len(self.fnames) != n or self.split_of.shape != (n,):
            raise ValueError(
                f"There are {n} images, {len(self.fnames)} file names and {len(self.split_of)} "
                "splits; give one of each per image."
            )

    def __len__(self):
        return len(self.images)

    def __repr__(self):
        parts = ", ".join(f"{len(self.rows(s))} {s}" for s in self.splits)
        size = self.image_size
        return f"Decoded({self.name}: {parts}; {len(self.vocab)} labels; {size} x {size} pixels)"

    @property
    def image_size(self) -> int:
        "Side of the images, in pixels."
        return self.images.shape[1]

    @property
    def splits(self) -> list:  # those that have images, in the order train, valid, test
        "The splits that are present."
        present = set(self.split_of)
        return [s for s in SPLITS if s in present]

    def rows(
        self,
        split: str,  # "train", "valid" or "test"
    ) -> np.ndarray:  # int [n]
        "The numbers of a split's rows; a split that isn't there is an error that names the others."
        require_split(self, split)
        return np.flatnonzero(self.split_of == split)

    def split(
        self,
        name: str,  # "train", "valid" or "test"
    ) -> "Decoded":
        "The images of one split."
        return self.take(self.rows(name))

    def take(
        self,
        rows: "ArrayLike",  # row numbers
    ) -> "Decoded":
        "Some of the images. Rows that follow each other share the pixels; others copy them."
        rows = np.asarray(rows, np.int64)
        whole = len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))
        some = slice(int(rows[0]), int(rows[0]) + len(rows)) if whole else rows
        return Decoded(
            self.images[some],
            self.targets[rows],
            [self.fnames[i] for i in rows],
            self.vocab,
            self.split_of[rows],
            self.name,
            self.root,
            None if self.digests is None else [self.digests[i] for i in rows],
            None if self.df is None else self.df.iloc[rows].reset_index(drop=True),
        )

    def predictions(
        self,
        probs: np.ndarray,  # [N, C] in [0, 1], in the order of the images
    ) -> "Predictions":
        "What was predicted, beside what is true."
        from ..metrics import Predictions

        return Predictions(probs, self.targets, self.vocab, self.fnames)

    def require(
        self,
        vocab: Names,  # the labels of a model, in the order of its outputs
    ) -> None:
        "Raise a sentence unless these are the labels of this data, in this order."
        require_vocab(vocab, self)

    def labels(self) -> list:  # one list of names per image
        "The label names of every image."
        if self.df is not None:
            return [list(o) for o in self.df["labels"]]
        return [[o for o, yes in zip(self.vocab, row) if yes] for row in self.targets]

    def frame(self) -> pd.DataFrame:  # columns fname, labels, split, and what the table had
        "The rows, as `ImageTable.df` has them."
        if self.df is not None:
            return self.df
        found = pd.DataFrame(dict(fname=self.fnames, split=self.split_of))
        return found.assign(labels=pd.Series(self.labels(), dtype=object))

    def paths(self) -> list:  # list of Path
        "The full paths, in order."
        return [Path(self.root) / o for o in self.fnames]

    def is_of(
        self,
        table: ImageTable,  # an ImageTable
    ) -> bool:
        "Whether it was decoded from such a table: same files, same labels, same splits."
        return (
            self.digests is not None
            and Path(table.root) == self.root
            and list(table.vocab) == self.vocab
            and table.fnames() == self.fnames
            and table.df["split"].tolist() == self.split_of.tolist()
            and table.labels() == self.labels()
        )

    def checksum(self) -> str | None:  # 64 hexadecimal digits; None where files aren't known
        "SHA-256 over names, labels and contents of the files: what `data_checksum` gives."
        return None if self.digests is None else checksum_of(self, self.digests)


def checksum_of(
    data,  # an ImageTable (or one split of it), or a Decoded
    digests,  # of each file's contents
) -> str:  # 64 hexadecimal digits
    "SHA-256 over labels, names and contents, in order."
    names = data.fnames() if callable(data.fnames) else data.fnames
    named = [list(data.vocab), list(names), data.labels()]
    h = hashlib.sha256(json.dumps(named, ensure_ascii=False).encode())
    for d in digests:
        h.update(d)
    return h.hexdigest()


def decode(
    table: "ImageTable | Decoded",  # a Decoded is given back as it is
    size: int,  # side of the square, in pixels
    on_error: str = "stop",  # an image that can't be decoded: "stop" names it, "skip" leaves it out
    progress: bool = False,  # show a bar while decoding
) -> Decoded:
    "Decode every image of a table, or find it decoded; each file is opened once."
    if isinstance(table, Decoded):
        if table.image_size != size:
            raise ValueError(
                f"The images are decoded at {table.image_size} pixels, and {size} are asked for. "
                f"Decode the table again: decode(table, {size})."
            )
        return table
    kept, images, digests = decoded_pixels(table, size, on_error, progress=progress)
    split_of = kept.df["split"].to_numpy(object)
    names = (kept.fnames(), list(kept.vocab), split_of, kept.name, Path(kept.root))
    return Decoded(images, kept.targets(), *names, digests, kept.df)


def decode_split(
    data,  # an ImageTable or a Decoded
    split: str,  # "train", "valid" or "test"
    size: int,  # side of the square, in pixels
    on_error: str = "stop",  # an image that can't be decoded: "stop" names it, "skip" leaves it out
) -> Decoded:
    "The images of one split; of a table no other file is opened."
    require_split(data, split)
    if isinstance(data, Decoded):
        return decode(data, size).split(split)
    return decode(data.subset(split), size, on_error)
