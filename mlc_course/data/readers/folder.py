"""A CSV file with file names and labels, and images beside or below it."""

from pathlib import Path

import numpy as np
import pandas as pd

from ...labels import stratified_split
from ..table import SPLITS, ImageTable, safe_name
from .common import (
    find_column,
    find_image_root,
    finish_table,
    need_column,
    read_csv_rows,
    read_truth,
    split_labels,
)


def label_separator(cells, file):
    "The one of | ; , that occurs in the cells; None, which is white space, if none does."
    found = [c for c in "|;," if any(c in o for o in cells)]
    if len(found) > 1:
        raise ValueError(
            f"{file.name}: the label cells contain {' and '.join(map(repr, found))}, so it is unclear what separates two labels. Pass sep={found[0]!r} (or the one you mean)."
        )
    return found[0] if found else None


def given_split(raw, file, source):
    "The split of each row from a column split or is_valid; None if there is neither."
    split, valid = find_column(raw, file, "split", "subset"), find_column(raw, file, "is_valid")
    if split is not None and valid is not None:
        raise ValueError(
            f"{file.name} has both a column {split} and a column {valid}; keep one of them."
        )
    if valid is not None:
        return ["valid" if read_truth(v, s) else "train" for v, s in zip(raw[valid], source)]
    if split is None:
        return None
    names = {
        "train": "train",
        "training": "train",
        "valid": "valid",
        "val": "valid",
        "validation": "valid",
        "dev": "valid",
        "test": "test",
        "testing": "test",
    }
    for v, s in zip(raw[split], source):
        if v.strip().lower() not in names:
            raise ValueError(f"{s}: the split is {v!r}; write train, valid or test.")
    return [names[v.strip().lower()] for v in raw[split]]


def read_folder(
    path,  # a folder with one CSV file and images, or that CSV file
    sep=None,  # what separates two labels; None: the one of | ; , that occurs, else white space
    vocab=None,  # None: every label in any row
    fractions=(0.6, 0.2, 0.2),  # share of train, valid and test, if the file doesn't say
    seed: int = 42,  # of that split
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    encoding: str = "utf-8-sig",  # of the CSV file
    name=None,  # None: the folder's name
) -> ImageTable:  # the file's splits, or a stratified one
    "Read a CSV file (columns fname and labels; split or is_valid if there) and the images beside or below it."
    path = Path(path)
    if path.is_file():
        file, path = path, path.parent
    else:
        files = sorted(path.glob("*.csv")) if path.is_dir() else []
        if len(files) != 1:
            raise FileNotFoundError(
                f"There are {len(files)} CSV files in {path}"
                + (
                    f" ({', '.join(f.name for f in files)}): give the path of the one that you mean."
                    if files
                    else ". Expected one, with the columns fname and labels."
                )
            )
        file = files[0]
    raw = read_csv_rows(file, encoding)
    fname = need_column(
        raw, file, "fname", "filename", "file_name", "file", "image", "image_name", "path"
    )
    labels = need_column(raw, file, "labels", "label", "tags", "classes")
    source = [f"{file.name} row {i}" for i in raw.index]
    sep = label_separator(raw[labels], file) if sep is None else sep.strip() or None
    names = [safe_name(f, s) for f, s in zip(raw[fname], source)]
    given = given_split(raw, file, source)
    df = pd.DataFrame(
        {
            "fname": names,
            "labels": [split_labels(o, sep) for o in raw[labels]],
            "split": given or "train",
            "source": source,
        }
    )
    table = finish_table(
        df, find_image_root(path, names), vocab, name or path.resolve().name, on_missing
    )
    if given is not None:
        return table
    if not table.vocab:
        raise ValueError(
            f"{file.name}: no row has a label, so there is nothing to learn. Look at the column {labels}."
        )
    split = np.array(SPLITS, dtype=object)[stratified_split(table.targets(), fractions, seed)]
    note = f"{file.name} has no split: {' / '.join(f'{f:.0%}' for f in fractions)} by label, seed {seed}."
    return ImageTable(
        table.df.assign(split=split), table.root, table.vocab, table.name, (*table.notes, note)
    )
