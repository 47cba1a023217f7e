"What fastai's DataBlock needs of a table: how a row is read, and which rows train."

from pathlib import Path

import numpy as np
import pandas as pd
from fastai.vision.core import PILImage
from fasttransform import Transform
from PIL import Image

from ..hints import PathLike
from .pictures import load_image
from .table import ImageTable


class ReadImage(Transform):
    "A `get_x`: from a row with a column `fname` (or a path) to its image, decoded by `load_image`."

    def __init__(
        self,
        root: PathLike,  # the folder that file names are relative to
    ) -> None:
        self.root = Path(root)
        self.at_hand: dict = {}  # path: image, for files that are decoded already

    def __call__(
        self,
        o,  # a row of `ImageTable.df`, or a path (relative to `root`, or absolute), or an image
        **kwargs,  # fastai's `split_idx`: training and validation images are read alike
    ) -> PILImage:  # RGB
        if isinstance(o, Image.Image):
            return PILImage.create(o)
        path = self.root / (o if isinstance(o, (str, Path)) else o["fname"])
        return PILImage.create(self.at_hand.get(path) or load_image(path))

    def __repr__(self):
        return f"ReadImage({self.root.name!r})"


class ReadLabels(Transform):
    "A `get_y`: from a row with a column `labels` to its list of labels (empty if it has none)."

    def __call__(
        self,
        row,  # a row of `ImageTable.df`
        **kwargs,  # fastai's `split_idx`
    ) -> list:  # of str
        labels = row["labels"]
        if isinstance(labels, str) or not hasattr(labels, "__iter__"):
            raise TypeError(
                f"The labels of {row['fname']!r} are {labels!r}; ReadLabels needs a list of labels "
                "such as ['bird', 'boat']. Read the file with mlc_course.tables, which makes "
                "lists, or split the text with .split()."
            )
        return [str(o) for o in labels]

    def __repr__(self):
        return "ReadLabels()"


def _rows(items):
    "The DataFrame of `items`, or a ValueError that says what came instead."
    df = getattr(items, "df", items)
    if isinstance(df, pd.DataFrame) and "split" in df:
        return df
    has = f" with the columns {', '.join(map(str, df.columns))}" if hasattr(df, "columns") else ""
    raise ValueError(
        "split_column needs a DataFrame with a column 'split' (train, valid or test in every row), "
        f"as ImageTable.df has it; it was given {type(items).__name__}{has}."
    )


def split_column(
    items: ImageTable | pd.DataFrame,  # rows with a column `split` (an `ImageTable` or its `.df`)
) -> tuple:  # positions of the training rows, positions of the validation rows
    "A fastai splitter that follows the table. Rows of other splits (`test`) are in neither part."
    df = _rows(items)
    found = {o: np.flatnonzero((df["split"] == o).to_numpy()).tolist() for o in ("train", "valid")}
    for name, rows in found.items():
        if not rows:
            there = ", ".join(sorted(set(df["split"].astype(str)))) or "nothing"
            raise ValueError(
                f"None of the {len(df)} rows has the split {name!r} (there is: {there}). fastai "
                "needs both; mlc_course.labels.stratified_split makes a validation part."
            )
    return found["train"], found["valid"]
