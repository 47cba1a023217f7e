"""The layout in which fastai ships PASCAL 2007."""

from pathlib import Path

import pandas as pd

from ..table import ImageTable, safe_name
from .common import finish_table, need_column, read_csv_rows, read_truth, split_labels


def pascal_part(path, part, encoding, split=None):
    "The rows of one CSV file of the PASCAL layout; without `split`, is_valid decides."
    file = path / f"{part}.csv"
    raw = read_csv_rows(file, encoding)
    fname, labels = need_column(raw, file, "fname"), need_column(raw, file, "labels")
    source = [f"{file.name} row {i}" for i in raw.index]
    if split is None:
        valid = need_column(raw, file, "is_valid")
        splits = ["valid" if read_truth(v, s) else "train" for v, s in zip(raw[valid], source)]
    else:
        splits = [split] * len(raw)
    names = [f"{part}/{safe_name(f, s)}" for f, s in zip(raw[fname], source)]
    if not (path / part).is_dir():
        raise FileNotFoundError(
            f"{file.name} is in {path}, but the folder {part}/ with its images is not. Put it there."
        )
    return pd.DataFrame(
        {
            "fname": names,
            "labels": [split_labels(o) for o in raw[labels]],
            "split": splits,
            "source": source,
        }
    )


def read_pascal(
    path,  # folder with train.csv (fname, labels separated by spaces, is_valid) and train/; test.csv and test/ if there
    vocab=None,  # None: every label in any row
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    encoding: str = "utf-8-sig",  # of the CSV files
    name=None,  # None: the folder's name
) -> ImageTable:  # splits train and valid, and test if there is a test.csv
    "Read the layout in which fastai ships PASCAL 2007."
    path = Path(path)
    if not (path / "train.csv").is_file():
        raise FileNotFoundError(
            f"There is no train.csv in {path}. The PASCAL layout is train.csv (fname,labels,is_valid) and a folder train/ beside it."
        )
    parts = [pascal_part(path, "train", encoding)]
    if (path / "test.csv").is_file():
        parts.append(pascal_part(path, "test", encoding, "test"))
    return finish_table(pd.concat(parts), path, vocab, name or path.resolve().name, on_missing)
