"""Film posters and their genres."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from ...labels import stratified_split
from ..table import SPLITS, ImageTable, count, drop_rare_labels
from .common import (
    find_column,
    finish_table,
    merge_duplicates,
    need_column,
    read_csv_rows,
    split_labels,
)


def poster_files(images):
    "imdbId -> file name, for every poster that is not an empty file."
    found = {}
    for file in sorted(os.scandir(images), key=lambda o: o.name):
        stem, suffix = os.path.splitext(file.name.lower())
        stem = stem.removeprefix("tt")
        if suffix in (".jpg", ".jpeg", ".png") and stem.isdecimal() and file.stat().st_size:
            found.setdefault(int(stem), file.name)
    return found


def _number(text):
    try:
        return float(text)
    except ValueError:
        return np.nan


def read_movie_posters(
    csv,  # MovieGenre.csv: imdbId, Title, IMDB Score, Genre (joined by |)
    images,  # folder of the posters, called by their imdbId, such as 114709.jpg
    min_count: int = 1000,  # genres with fewer posters are dropped
    seed: int = 42,  # of the split, since the file has none
    fractions=(0.8, 0.1, 0.1),  # share of train, valid and test
    on_missing: str = "drop",  # or "error": many poster links of the real file are dead
    on_conflict: str = "error",  # or "first": two rows of one imdbId that disagree about the genres
    encoding: str = "latin-1",  # the real file is ISO-8859-1
    name=None,  # None: the name of the folder
) -> ImageTable:  # splits train, valid and test; also columns title and score
    "Read the table of film posters and genres; rare genres, and the rows that they leave empty, are dropped."
    csv, images = Path(csv), Path(images)
    if on_missing not in ("error", "drop"):
        raise ValueError(f"on_missing is {on_missing!r}; use 'error' or 'drop'.")
    if on_conflict not in ("error", "first"):
        raise ValueError(f"on_conflict is {on_conflict!r}; use 'error' or 'first'.")
    if not images.is_dir():
        raise FileNotFoundError(
            f"The folder of the posters, {images}, does not exist. The posters are called by their imdbId, such as 114709.jpg."
        )
    raw = read_csv_rows(csv, encoding)
    imdb, title, genre = (need_column(raw, csv, o) for o in ("imdbid", "title", "genre"))
    score = find_column(raw, csv, "imdb score")
    source = [f"{csv.name} row {i}" for i in raw.index]
    for value, s in zip(raw[imdb], source):
        if not re.fullmatch(r"(tt)?\d+", value.strip()):
            raise ValueError(
                f"{s}: imdbId is {value!r}; expected a number, such as 114709. Correct it, or remove the row."
            )
    df = pd.DataFrame(
        {
            "fname": [int(o.strip().removeprefix("tt")) for o in raw[imdb]],
            "labels": [split_labels(o, "|") for o in raw[genre]],
            "split": "train",
            "title": [o.strip() for o in raw[title]],
            "score": [_number(o) for o in raw[score]] if score else np.nan,
            "source": source,
        }
    )
    df, notes = merge_duplicates(df, on_conflict)
    empty = df["labels"].map(len) == 0
    if empty.all():
        raise ValueError(f"{csv}: the column {genre} is empty in every row.")
    if empty.any():
        notes.append(
            f"{count(int(empty.sum()), 'row')} without a genre dropped (the first: {df['source'][empty].iloc[0]})."
        )
    df, posters = df[~empty], poster_files(images)
    gone = ~df["fname"].isin(list(posters))
    if gone.all() or (gone.any() and on_missing == "error"):
        first = df[gone].iloc[0]
        raise FileNotFoundError(
            f"{first['source']}: there is no poster of {first['fname']} in {images}; {int(gone.sum())} of {len(df)} are missing."
            + (
                " Are the posters called by their imdbId, such as 114709.jpg?"
                if gone.all()
                else " Fetch them, or pass on_missing='drop'."
            )
        )
    if gone.any():
        notes.append(
            f"{int(gone.sum())} of {len(df)} posters missing or empty: their rows were dropped (the first: {df['fname'][gone].iloc[0]}, {df['source'][gone].iloc[0]})."
        )
    df = df[~gone].assign(fname=lambda d: [posters[o] for o in d["fname"]])
    table = drop_rare_labels(
        finish_table(df, images, None, name or csv.resolve().parent.name, "error", notes), min_count
    )
    part = stratified_split(table.targets(), fractions, seed)
    split = np.array(SPLITS, dtype=object)[part]
    return ImageTable(
        table.df.assign(split=split),
        images,
        table.vocab,
        table.name,
        (
            *table.notes,
            f"The file has no split: {' / '.join(f'{f:.0%}' for f in fractions)} by label, seed {seed}.",
        ),
    )
