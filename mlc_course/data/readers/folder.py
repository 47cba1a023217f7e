"A table (CSV) of file names and labels in any of the usual forms, and images beside or below."

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from ...hints import Names, PathLike, Sequence
from ...labels import stratified_split
from ..table import SPLITS, ImageTable
from ..text import count
from .columns import (
    extra_columns,
    file_column,
    group_values,
    is_binary,
    label_columns,
    likely_tables,
    read_binary,
    read_names,
    with_labels,
)  # fmt: skip
from .common import finish_table, read_csv_rows
from .joined_rows import drop_denied, join_rows
from .locate import existing, find_image_root
from .options import opt
from .split_lists import listed_split
from .splits import file_split, given_split
from .tables_of import TABLES, folder_files, split_files, table_files

NAME = "folder"
LAYOUT = """a table: a CSV file with the columns fname and labels (or one column of 0 and 1 per
                  label, or one row per image and label), and the images beside or below it; also
                  train.csv, valid.csv and test.csv"""


def recognise(path):
    "Evidence of a table: the names of its CSV files, or None."
    path = Path(path)
    if path.is_file():
        known = path.suffix.lower() in TABLES[:2] or (
            path.suffix.lower() == ".txt" and bool(likely_tables([path]))
        )
        return path.name if known else None
    if not path.is_dir():
        return None
    files = table_files(path) or [*folder_files(path).values()]
    return ", ".join(f.relative_to(path).as_posix() for f in files[:4]) or None


@dataclass
class Reading:
    "How a table is to be read: the options of read_folder that concern its columns."

    sep: str | None = None
    vocab: list | None = None
    encoding: str = "utf-8-sig"
    fname_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    valid_fold: int | None = None
    test_fold: int | None = None
    group_column: str | None = None
    minus_one: str | None = None
    na_cells: str | None = None
    on_conflict: str = "error"
    images: str | None = None


def _choose(path):
    "The files to read by split (None: the file itself says), the folder to look in, and notes."
    if path.is_file():
        beside = [f.name for f in split_files(table_files(path.parent)).values() if f != path]
        notes = [
            f"{path.name} alone was read; give the folder to read {', '.join(beside)} as well."
        ] if beside and file_split(path) else []  # fmt: skip
        return {None: path}, path.parent, notes
    files = table_files(path) if path.is_dir() else []
    splits = split_files(files)
    if len(splits) > 1 and len(splits) == len(files):
        return splits, path, []
    if not files and path.is_dir() and folder_files(path):
        return folder_files(path), path, []
    if len(files) == 1:
        return {None: files[0]}, path, []
    full = with_labels(files)
    if len(full) == 1 and not any(map(file_split, files)):
        others = ", ".join(f.name for f in files if f not in full)
        return {None: full[0]}, path, [f"{full[0].name} was read, and not {others}."]
    names = f" ({', '.join(f.name for f in files[:12])}): give the path of the one that you mean."
    raise FileNotFoundError(
        f"There are {len(files)} CSV files in {path}"
        + (names if files else ". Expected one, with the columns fname and labels.")
    )


def _read_labels(raw, file, sources, taken, how):
    "The names per row, the vocab that the columns give (or None), notes, columns used."
    found, binary = label_columns(raw, file.name, taken, how.label_column)
    rest = [c for c in raw.columns if c not in taken and c not in found]
    if binary:
        rows, names, said = read_binary(raw, found, sources, how.minus_one)
        some = ", ".join(found[:8]) + ", ..." * (len(found) > 8)
        notes = [f"One column per label: {count(len(found), 'column')} of 0 and 1 ({some})."]
        notes += [f"Not labels, and kept as they are: the columns {', '.join(rest[:12])}."] * bool(
            rest
        )
        return rows, names, notes + said, found
    rows, notes = read_names(
        raw, found, sources, sep=how.sep, vocab=how.vocab, na_cells=how.na_cells
    )
    other = [c for c in rest if is_binary(raw, c)] if how.label_column is None else []
    if len(other) > 1:
        notes.append(
            f"The columns {', '.join(other[:12])} hold 0 and 1 and were not read as labels: pass"
            f" {opt('label_column', ','.join(other[:12]))} to read them."
        )
    return rows, None, notes, found


def _read_part(file, split, base, how):
    "The rows of one file, the vocab that its columns give, notes, and whether it says the splits."
    raw = read_csv_rows(file, how.encoding)
    sources = [f"{file.name} row {i}" for i in raw.index]
    fname = file_column(raw, file.name, how.fname_column)
    group, notes = group_values(raw, file.name, how.group_column)
    splits, said, used = None, [], []
    if split in (None, "train"):
        splits, said, used = given_split(
            raw, file.name, sources, {fname}, how.split_column, how.valid_fold, how.test_fold
        )
    if splits is None and split is None and how.split_column is None:
        splits, listed = listed_split(file.parent, raw[fname].tolist(), sources)
        said = said + listed
    taken = {fname, *used, *([] if group is None else [group.name])}
    labels, names, more, columns = _read_labels(raw, file, sources, taken, how)
    df = extra_columns(raw, {*taken, *columns}).assign(
        fname=raw[fname].str.strip().to_numpy(),
        labels=pd.Series(labels, dtype=object),
        split=splits or split or "train",
        source=sources,
    )
    if group is not None:
        df["group"] = group.to_numpy()
    df, denied = drop_denied(df, raw.drop(columns=columns)) if names is None else (df, [])
    df, joined = join_rows(df, how.on_conflict)
    if split is not None:
        df = _below(df, base, file.parent, split, how.images)
    return df, names, [*more, *said, *denied, *joined, *notes], bool(splits)


def _below(df, base, own, split, images):
    "The file names of one of several files, relative to the folder of all."
    root = find_image_root(images or own, df["fname"], split)
    if images is None and own != base and not any(existing(root, df["fname"].iloc[:50])):
        root = find_image_root(base, df["fname"], split)
    inside = root.resolve().relative_to(Path(images or base).resolve()).as_posix()
    if inside == ".":
        return df
    return df.assign(fname=[f"{inside}/{f}" for f in df["fname"]])


def _image_folder(images, base):
    "The folder that images= names: as it stands, or below the folder of the table."
    if images is None:
        return None
    for d in (Path(images).expanduser(), base / images):
        if d.is_dir():
            return d
    raise FileNotFoundError(f"The folder of the images, {images}, does not exist.")


def _without_labels(file, how):
    "Has a test.csv no column of labels, as in a competition? (The other files have.)"
    try:
        raw = read_csv_rows(file, how.encoding)
        fname = file_column(raw, file.name, how.fname_column)
        label_columns(raw, file.name, {fname}, how.label_column)
    except ValueError as e:
        return "no column labels" in str(e) or "no rows" in str(e) or "names no column" in str(e)
    return False


def read_folder(
    path: PathLike,  # a folder with a CSV file and images, or that CSV file
    sep: str | None = None,  # what separates labels; None: found out; "whole": one a cell
    vocab: Names | None = None,  # None: every label in any row
    fractions: Sequence[float] = (
        0.6,
        0.2,
        0.2,
    ),  # share of train, valid and test, if the file doesn't say
    seed: int = 42,  # of that split
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    encoding: str = "utf-8-sig",  # of the CSV file
    name: str | None = None,  # None: the folder's name
    images: PathLike | None = None,  # None: looked for beside, below, or beside annotations/
    fname_column: str | None = None,  # the file names' column; None: the one with a usual name
    label_column: str | Sequence[str] | None = None,  # of the labels; None: likewise
    split_column: str | None = None,  # says train, valid or test; "none": split anew
    valid_fold: int | None = None,  # the valid fold's number, where the column holds numbers
    test_fold: int | None = None,  # the number of the fold that is test
    group_column: str | None = None,  # its groups (patient, film) stay whole; None: `group`
    minus_one: str | None = None,  # "no": -1 beside 0 and 1 means no; else it is refused
    na_cells: str | None = None,  # "empty" or "label": what a label cell nan, None or NA means
    on_conflict: str = "error",  # or "first" or "join": rows of one image with different labels
) -> ImageTable:  # the file's splits, or a stratified one
    "Read a table of images in any usual form: what was understood is noted, what is unclear asked."
    given = {k: v for k, v in locals().items() if k in {f.name for f in fields(Reading)}}
    how, path = Reading(**given), Path(path)
    files, base, notes = _choose(path)
    how.images = _image_folder(images, base)
    parts: list = []
    names, told = [], False
    for split in sorted(files, key=lambda s: SPLITS.index(s) if s else 0):
        file = files[split]
        if split == "test" and parts and _without_labels(file, how):
            notes.append(f"{file.name} has no labels, so it was left out.")
            continue
        df, columns, said, tells = _read_part(file, split, base, how)
        parts.append(df)
        names.append(columns)
        notes += [o for o in said if o not in notes]
        told = told or tells or len(parts) > 1
    first = parts[0]["source"].iloc[0].rsplit(" row ", 1)[0]
    df = pd.concat(parts, ignore_index=True)
    vocab = _shared_vocab(names, files) if vocab is None else vocab
    only = file_split(file) if len(files) == 1 else None
    root = how.images or find_image_root(base, df["fname"], only)
    table = finish_table(df, root, vocab, name or _folder_name(path), on_missing, notes)
    return table if told else _split(table, first, fractions, seed)


def _folder_name(path):
    folder = path.parent if path.is_file() else path
    return folder.resolve().name


def _shared_vocab(names, files):
    "The label columns, which all files must have in the same order; None if there are none."
    first = names[0]
    for other, file in zip(names, files.values()):
        if other != first:
            odd = sorted(set(first or ()) ^ set(other or ()))
            raise ValueError(
                f"{file.name} and {next(iter(files.values())).name} have different label columns"
                f" ({', '.join(odd[:5]) or 'in another order'}). Give both the same."
            )
    return first


def _split(table, file, fractions, seed):
    "The table with a stratified split, which keeps groups whole."
    if not any(table.df["labels"].map(len)):
        raise ValueError(
            f"{file}: no row has a label, so there is nothing to learn. Look at its column of"
            f" labels."
        )
    groups = table.groups()
    kwargs = {} if groups is None else {"groups": groups}
    part = stratified_split(table.targets(), fractions, seed, **kwargs)
    shares = " / ".join(f"{f:.0%}" for f in fractions)
    note = (
        f"{file} has no split: {shares} by label, seed "
        f"{seed}{', groups kept whole' if kwargs else ''}."
    )
    split = np.array(SPLITS, dtype=object)[part]
    return ImageTable(
        table.df.assign(split=split), table.root, table.vocab, table.name, (*table.notes, note)
    )
