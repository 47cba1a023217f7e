"""Film posters and their genres."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from ...hints import Names, PathLike, Sequence
from ...labels import stratified_split
from ..rare_labels import drop_rare_labels
from ..table import SPLITS, ImageTable
from ..text import count
from .cells import parse_cells
from .common import (
    find_column,
    finish_table,
    merge_duplicates,
    need_column,
    read_csv_rows,
)
from .listing import files_in
from .options import opt

NAME = "movie_posters"
LAYOUT = (
    "film posters: MovieGenre.csv and a folder of posters called by their imdbId, such as "
    "114709.jpg"
)


def _genre_file(path):
    "MovieGenre.csv, in a folder or as what was pointed at; None if there is none."
    files = [path] if path.is_file() else files_in(path, (".csv",))
    return next((f for f in files if f.name.lower() == "moviegenre.csv"), None)


def recognise(path):
    "Evidence of the film posters: MovieGenre.csv, or None."
    file = _genre_file(Path(path))
    return file.name if file else None


def open_movie_posters(
    path,  # the folder of MovieGenre.csv, or that file
    images=None,  # the folder of the posters; None: the folder here or below that has most
    **options,  # of read_movie_posters
) -> ImageTable:  # splits train, valid and test
    "Find the posters of a MovieGenre.csv, and read both."
    file = _genre_file(Path(path))
    if file is None:
        raise FileNotFoundError(f"There is no MovieGenre.csv in {path}.")
    if images is None:
        folders = [file.parent, *sorted(d for d in file.parent.rglob("*") if d.is_dir())]
        images = max(folders, key=lambda d: len(poster_files(d)))
    return read_movie_posters(file, images, **options)


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


def _rows(csv, encoding, **cells):
    "The rows of the file as a table's, and what was read into its cells of genres."
    raw = read_csv_rows(csv, encoding)
    imdb, title, genre = (need_column(raw, csv, o) for o in ("imdbid", "title", "genre"))
    score = find_column(raw, csv, "imdb score")
    source = [f"{csv.name} row {i}" for i in raw.index]
    for value, s in zip(raw[imdb], source):
        if not re.fullmatch(r"(tt)?\d+", value.strip()):
            raise ValueError(
                f"{s}: imdbId is {value!r}; expected a number, such as 114709. Correct it, or "
                "remove the row."
            )
    genres, said = parse_cells(raw[genre].tolist(), source, column=genre, **cells)
    df = pd.DataFrame(
        {
            "fname": [int(o.strip().removeprefix("tt")) for o in raw[imdb]],
            "labels": pd.Series(genres, index=raw.index, dtype=object),
            "split": "train",
            "title": [o.strip() for o in raw[title]],
            "score": [_number(o) for o in raw[score]] if score else np.nan,
            "source": source,
        }
    )
    return df, [o for o in said if "'|'" not in o], genre


def _with_posters(df, images, on_missing):
    "The rows that have a poster, their files' names, and a note about the others."
    posters, notes = poster_files(images), []
    gone = ~df["fname"].isin(list(posters))
    if gone.all() or (gone.any() and on_missing == "error"):
        first = df[gone].iloc[0]
        raise FileNotFoundError(
            f"{first['source']}: there is no poster of {first['fname']} in {images}; "
            f"{int(gone.sum())} of {len(df)} are missing."
            + (
                " Are the posters called by their imdbId, such as 114709.jpg?"
                if gone.all()
                else f" Fetch them, or pass {opt('on_missing', 'drop')}."
            )
        )
    if gone.any():
        notes.append(
            f"{int(gone.sum())} of {len(df)} posters missing or empty: their rows were dropped "
            f"(the first: {df['fname'][gone].iloc[0]}, {df['source'][gone].iloc[0]})."
        )
    df = df[~gone].assign(fname=lambda d: [posters[o] for o in d["fname"]])
    return df, notes


def _rare(n, min_count):
    "How many images a genre must have, and a note where it wasn't given."
    if min_count is not None:
        return min_count, []
    min_count = min(1000, max(1, round(n / 40)))
    note = (
        f"Genres with fewer than {min_count} images are dropped: 1/40 of {n} films, at most "
        f"1,000; pass {opt('min_count', 1000)} for another number."
    )
    return min_count, [note] * (min_count > 1)


def read_movie_posters(
    csv: PathLike,  # MovieGenre.csv: imdbId, Title, IMDB Score, Genre (joined by |)
    images: PathLike,  # folder of the posters, called by their imdbId, such as 114709.jpg
    min_count: int | None = None,  # rarer genres go; None: 1/40 of the films, at most 1,000
    seed: int = 42,  # of the split, since the file has none
    fractions: Sequence[float] = (0.8, 0.1, 0.1),  # share of train, valid and test
    on_missing: str = "drop",  # or "error": many poster links of the real file are dead
    on_conflict: str = "error",  # or "first": two rows of one imdbId that disagree about the genres
    encoding: str = "latin-1",  # the real file is ISO-8859-1
    name: str | None = None,  # None: the name of the folder
    vocab: Names | None = None,  # the genres in order; None: every genre, sorted
    sep: str | None = None,  # what separates genres; None: what the cells show, such as |
    na_cells: str | None = None,  # "empty" or "label": what a genre cell nan, None or N/A means
) -> ImageTable:  # splits train, valid and test; also columns title and score
    """Read the table of film posters and genres; rare genres, and the rows that they leave empty,
    are dropped.
    """
    csv, images = Path(csv), Path(images)
    if on_missing not in ("error", "drop"):
        raise ValueError(f"on_missing is {on_missing!r}; use 'error' or 'drop'.")
    if on_conflict not in ("error", "first"):
        raise ValueError(f"on_conflict is {on_conflict!r}; use 'error' or 'first'.")
    if not images.is_dir():
        raise FileNotFoundError(
            f"The folder of the posters, {images}, does not exist. The posters are called by "
            "their imdbId, such as 114709.jpg."
        )
    df, said, genre = _rows(csv, encoding, sep=sep, vocab=vocab, na_cells=na_cells)
    df, notes = merge_duplicates(df, on_conflict)
    notes += said
    empty = df["labels"].map(len) == 0
    if empty.all():
        raise ValueError(f"{csv}: the column {genre} is empty in every row.")
    if empty.any():
        notes.append(
            f"{count(int(empty.sum()), 'row')} without a genre dropped (the first: "
            f"{df['source'][empty].iloc[0]})."
        )
    n = int((~empty).sum())
    df, missing = _with_posters(df[~empty], images, on_missing)
    min_count, rare = _rare(n, min_count)
    notes += [*missing, *rare]
    table = finish_table(df, images, vocab, name or csv.resolve().parent.name, "error", notes)
    table = drop_rare_labels(table, min_count)
    part = stratified_split(table.targets(), fractions, seed)
    split = np.array(SPLITS, dtype=object)[part]
    return ImageTable(
        table.df.assign(split=split),
        images,
        table.vocab,
        table.name,
        (
            *table.notes,
            f"The file has no split: {' / '.join(f'{f:.0%}' for f in fractions)} by label, "
            f"seed {seed}.",
        ),
    )
