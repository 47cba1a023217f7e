"""The layout in which fastai ships PASCAL 2007."""

from pathlib import Path

import pandas as pd

from ...hints import Names, PathLike
from ..table import ImageTable, safe_name
from .cells import parse_cells
from .common import (
    find_column,
    finish_table,
    header_of,
    need_column,
    read_csv_rows,
    read_truth,
)
from .options import opt

NAME = "pascal"
LAYOUT = (
    "PASCAL: train.csv (fname,labels,is_valid) and train/; also test.csv (fname,labels) and test/"
)


def recognise(path):
    "Evidence of the PASCAL layout in a folder, or None."
    path = Path(path)
    if not ((path / "train.csv").is_file() and (path / "train").is_dir()):
        return None
    if not {"fname", "labels", "is_valid"} <= set(header_of(path / "train.csv")):
        return None
    return "train.csv with is_valid, and train/"


def pascal_part(path, part, encoding, split=None, images=None, **cells):
    "The rows of one CSV file (notes in attrs); without `split`, is_valid decides."
    file = path / f"{part}.csv"
    raw = read_csv_rows(file, encoding)
    fname, labels = need_column(raw, file, "fname"), need_column(raw, file, "labels")
    source = [f"{file.name} row {i}" for i in raw.index]
    if split is None:
        if find_column(raw, file, "is_valid") is None:
            raise ValueError(
                f"{file.name} has no column is_valid; it has {', '.join(raw.columns)}. In the "
                "PASCAL layout is_valid says which rows are for validation. Without it, read the "
                f"folder as a table: read_folder, or {opt('format', 'folder')}."
            )
        valid = need_column(raw, file, "is_valid")
        splits = ["valid" if read_truth(v, s) else "train" for v, s in zip(raw[valid], source)]
    else:
        splits = [split] * len(raw)
    names = [f"{part}/{safe_name(f, s)}" for f, s in zip(raw[fname], source)]
    if not ((images or path) / part).is_dir():
        raise FileNotFoundError(
            f"{file.name} is in {path}, but the folder {part}/ with its images is not in"
            f" {images or path}. Put it there."
        )
    rows, notes = parse_cells(raw[labels].tolist(), source, column=labels, default="space", **cells)
    df = pd.DataFrame({"fname": names, "split": splits, "source": source})
    df.insert(1, "labels", pd.Series(rows, dtype=object))
    df.attrs["notes"] = notes
    return df


def read_pascal(
    path: PathLike,  # has train.csv (fname, labels, is_valid), train/; test.csv, test/ if there
    vocab: Names | None = None,  # None: every label in any row
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    encoding: str = "utf-8-sig",  # of the CSV files
    name: str | None = None,  # None: the folder's name
    sep: str | None = None,  # what separates two labels; None: white space, or what the cells show
    na_cells: str | None = None,  # "empty" or "label": what a label cell nan, None or NA means
    images: PathLike | None = None,  # holds train/ and test/; None: the CSV files' folder
) -> ImageTable:  # splits train and valid, and test if there is a test.csv
    "Read the layout in which fastai ships PASCAL 2007."
    path = Path(path)
    if not (path / "train.csv").is_file():
        raise FileNotFoundError(
            f"There is no train.csv in {path}. The PASCAL layout is train.csv"
            f" (fname,labels,is_valid) and a folder train/ beside it."
        )
    images = path if images is None else Path(images)
    cells = {"sep": sep, "vocab": vocab, "na_cells": na_cells}
    parts = [pascal_part(path, "train", encoding, images=images, **cells)]
    left = []
    if (path / "test.csv").is_file() and "labels" not in header_of(path / "test.csv"):
        left = ["test.csv has no column labels, so it was left out."]
    elif (path / "test.csv").is_file():
        parts.append(pascal_part(path, "test", encoding, "test", images, **cells))
    notes = left + list(dict.fromkeys(o for p in parts for o in p.attrs.pop("notes")))
    df = pd.concat(parts)
    return finish_table(df, images, vocab, name or path.resolve().name, on_missing, notes)
