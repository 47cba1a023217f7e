"""What the readers share: text files, columns, cells, files on disk, and the end of every reader."""

import codecs
import csv
import io
import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from ..table import ImageTable, count, safe_name


def read_text(path, encoding):
    "A text file; a byte that doesn't fit the encoding is an error that names the row."
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    raw = path.read_bytes()
    if raw.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"  # the file says itself what it is
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as e:
        row = raw[: e.start].count(b"\n") + 1
        raise ValueError(
            f"{path.name} row {row}: byte 0x{raw[e.start]:02x} is not {encoding.removesuffix('-sig')}. Save {path} as UTF-8, or pass encoding='latin-1' (or what it was saved in)."
        ) from None


def read_csv_rows(path, encoding="utf-8-sig"):
    "A CSV file as a DataFrame of str. Its index holds the rows as an editor counts them: the header is row 1."
    path = Path(path)
    text = read_text(path, encoding)
    head = text.lstrip().split("\n", 1)[0]
    delimiter = "," if "," in head else ";" if ";" in head else "\t" if "\t" in head else ","
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    header, rows, numbers = None, [], []
    try:
        for cells in reader:
            if not any(c.strip() for c in cells):
                continue
            if header is None:
                header = [c.strip().lstrip("\ufeff") for c in cells]
                continue
            if len(cells) != len(header):
                raise ValueError(
                    f"{path.name} row {reader.line_num}: {len(cells)} cells where the header has {len(header)} ({', '.join(header)}). A cell that contains {delimiter!r} must stand in double quotes."
                )
            rows.append(cells)
            numbers.append(reader.line_num)
    except csv.Error as e:
        raise ValueError(
            f"{path.name} row {reader.line_num}: {e}. Look at the quotes in and above this row of {path}."
        ) from None
    if header is None:
        raise ValueError(f"{path} is empty. It needs a header row, such as fname,labels,is_valid.")
    twice = [c for i, c in enumerate(header) if c in header[:i]]
    if twice:
        raise ValueError(
            f"{path.name} row 1: the column {twice[0]!r} is there twice. Rename or remove one."
        )
    if not rows:
        raise ValueError(f"{path} has a header ({', '.join(header)}) and no rows.")
    return pd.DataFrame(rows, columns=header, index=numbers, dtype=object)


def find_column(df, path, *names):
    "The column that has one of these names, whatever the case; None if there is none, an error if there are two."
    found = [c for c in df.columns if c.lower() in names]
    if len(found) > 1:
        raise ValueError(
            f"{Path(path).name}: the columns {' and '.join(found)} could both be meant; keep one of them."
        )
    return found[0] if found else None


def need_column(df, path, *names):
    "As `_column`, but its absence is an error that lists the columns found."
    found = find_column(df, path, *names)
    if found is None:
        raise ValueError(
            f"{Path(path).name} has no column {' or '.join(names)}; it has {', '.join(df.columns)}. Rename the column in row 1 of {path}."
        )
    return found


def split_labels(cell, sep=None):
    "The names in a cell; None separates at white space. An empty cell has none."
    names = (o.strip() for o in (cell.split() if sep is None else cell.split(sep)))
    return list(dict.fromkeys(unicodedata.normalize("NFC", o) for o in names if o))


def read_truth(cell, source):
    "True or False from an is_valid cell."
    value = cell.strip().lower()
    if value in ("true", "1", "1.0", "yes", "y", "t"):
        return True
    if value in ("false", "0", "0.0", "no", "n", "f"):
        return False
    raise ValueError(
        f"{source}: is_valid is {cell!r}; write True or False (1, 0, yes and no are understood too)."
    )


def on_disk(root, name):
    "The name under which the file exists (accents may be stored in two ways), or None."
    for o in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
        if os.path.isfile(root / o):
            return o


def merge_duplicates(df, conflict="error"):
    "One row per file name. Rows that agree are merged; rows that don't are an error that names both."
    seen, keep, repeats = {}, [], []
    for i, (fname, labels, split, source) in enumerate(
        zip(df["fname"], df["labels"], df["split"], df["source"])
    ):
        if fname not in seen:
            seen[fname] = (labels, split, source)
            keep.append(i)
            continue
        labels0, split0, source0 = seen[fname]
        if conflict == "error" and (set(labels) != set(labels0) or split != split0):
            raise ValueError(
                f"{source0} and {source} both describe {fname} and disagree: {labels0} in {split0}, and {labels} in {split}. Correct or remove one of the two rows."
            )
        repeats.append(f"{source} repeats {source0}")
    notes = (
        [f"{count(len(repeats), 'duplicate row')} merged (the first: {repeats[0]})."]
        if repeats
        else []
    )
    return df.iloc[keep], notes


def finish_table(df, root, vocab, name, on_missing, notes=()):
    "What every reader ends with: safe names, one row per image, every image there."
    if on_missing not in ("error", "drop"):
        raise ValueError(f"on_missing is {on_missing!r}; use 'error' or 'drop'.")
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"The folder of the images, {root}, does not exist.")
    df = df.assign(fname=[safe_name(f, s) for f, s in zip(df["fname"], df["source"])])
    disk = {f: on_disk(root, f) for f in dict.fromkeys(df["fname"])}
    df = df.assign(fname=[disk[f] or f for f in df["fname"]])
    df, merged = merge_duplicates(df)
    gone = [(f, s) for f, s in zip(df["fname"], df["source"]) if disk.get(f, f) is None]
    notes = [*notes, *merged]
    if gone:
        what = f"{len(gone)} of {len(df)} images missing in {root} (the first: {gone[0][0]}, {gone[0][1]})"
        if on_missing == "error" or len(gone) == len(df):
            raise FileNotFoundError(
                f"{gone[0][1]}: there is no image {root / gone[0][0]}. {what}. Restore them"
                + (
                    ", or pass on_missing='drop' to leave such rows out."
                    if len(gone) < len(df)
                    else ", or give the right folder."
                )
            )
        missing = {f for f, _ in gone}
        df, notes = (
            df[[f not in missing for f in df["fname"]]],
            [*notes, what + ": their rows were dropped."],
        )
    columns = [
        "fname",
        "labels",
        "split",
        *(c for c in df.columns if c not in ("fname", "labels", "split", "source")),
        "source",
    ]
    return ImageTable(df[columns], root, vocab, name, notes)


def find_image_root(
    folder,  # where to look: here, and up to two folders down
    names,  # file names that the annotations give
):  # the folder below which most of the first names exist; `folder` if none do
    "Where the images are."
    folder, names = Path(folder), list(names)[:50]
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {folder} does not exist.")
    below = sorted(d for d in folder.iterdir() if d.is_dir() and d.name[0] != ".")
    below += [e for d in below for e in sorted(d.iterdir()) if e.is_dir()]
    found = [sum(on_disk(d, n) is not None for n in names) for d in (folder, *below)]
    return (folder, *below)[int(np.argmax(found))]


def read_json_file(path):
    "A JSON file; a damaged one is an error that names row and column."
    try:
        return json.loads(read_text(Path(path), "utf-8-sig"))
    except json.JSONDecodeError as e:
        raise ValueError(
            f"{path} row {e.lineno}, column {e.colno}: not valid JSON ({e.msg}). The file is damaged or cut off: fetch it again."
        ) from None
