"Rare names put together under one, and three questions about a car."

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..hints import ArrayLike
from .heads import Heads
from .table import ImageTable

CAR_TYPES = ("Convertible", "Coupe", "SUV", "Van")


def _counted(s, rows):
    "The names to count: those of the rows that were asked for."
    if rows is None:
        return s
    mask = np.asarray(rows)
    if mask.dtype != bool or mask.shape != (len(s),):
        raise ValueError(
            f"rows is {mask.dtype} with shape {mask.shape}; give True or False for each of the "
            f'{len(s)} names, such as df.split == "train".'
        )
    return s[mask]


def _frequent(s, min_count, rows):
    "The names that occur at least so often; ValueError if none does."
    if isinstance(min_count, bool) or min_count < 1:
        raise ValueError(f"min_count is {min_count!r}; it must be at least 1.")
    counts = _counted(s, rows).value_counts()
    names = counts.index[counts >= min_count].tolist()
    if not names:
        most = (
            f"the most frequent, {counts.index[0]!r}, occurs {counts.iloc[0]}"
            if len(counts)
            else ""
        )
        raise ValueError(
            f"No name occurs {min_count} times; {most or 'there is none to count'}. Pass a "
            "smaller min_count."
        )
    return names


def require_spelling(
    wanted: Iterable,  # names that somebody asked for
    there: Iterable,  # names that occur
):
    "ValueError where a name that doesn't occur is, but for case or blanks, one that does."
    plain = lambda name: str(name).strip().lower()
    wanted, there = list(wanted), list(there)
    known = {plain(name): name for name in there if name not in wanted}
    for name in wanted:
        if name not in there and plain(name) in known:
            meant = known[plain(name)]
            raise ValueError(
                f"{name!r} doesn't occur among the names, and {meant!r} does. Did you mean "
                f"{meant!r}?"
            )


def merge_rare(
    series: pd.Series | list,  # names: a pandas Series, or a list
    min_count: int | None = None,  # keep the names that occur at least so often ...
    keep: Iterable | None = None,  # ... or these, whether they occur or not
    other: str = "Other",  # what the rest is called
    rows: ArrayLike | None = None,  # bool [N]: where to count, such as the training rows; None: all
) -> pd.Series:  # of the same length, with the same index
    """Put `other` in place of every rare name.

    Classes belong to the training rows: `merge_rare(df.brand, 50, rows=df.split == "train")`, or
    for names in two places `merge_rare(train, 50)` and `merge_rare(test, keep=classes_of_train)`.
    ValueError for a missing name, and where nothing is frequent enough."""
    s = series if isinstance(series, pd.Series) else pd.Series(list(series), dtype=object)
    if isinstance(s.dtype, pd.CategoricalDtype):
        s = s.astype(object)
    if (min_count is None) == (keep is None):
        raise ValueError("Give min_count or keep: one of the two.")
    if s.isna().any():
        raise ValueError(
            f"The name at {s.index[s.isna()][0]!r} is missing. Fill it in or take its row out: a "
            f"missing name isn't {other!r}."
        )
    if keep is None:
        return s.where(s.isin(_frequent(s, min_count, rows)), other)
    if rows is not None:
        raise ValueError("rows= says where min_count counts; leave it out beside keep=.")
    if isinstance(keep, str):
        raise TypeError(f"keep is the string {keep!r}; give a list of names.")
    keep = list(keep)
    require_spelling(keep, s.unique())
    return s.where(s.isin(keep), other)


def _merged_brands(df, min_count, brands, name):
    "The brands, the rare ones merged; counted in the training rows unless they are given."
    if brands is not None:
        return merge_rare(df["brand"], keep=brands)
    train = (df["split"] == "train").to_numpy(bool)
    if not train.any():
        raise ValueError(
            f"The table {name!r} has no rows in split 'train', whose brands become the classes. "
            "Give the brands by name: brands=[...]."
        )
    least = 1 + int(train.sum()) * 1000 // 16185 if min_count is None else min_count
    return merge_rare(df["brand"], least, rows=train)


def car_task(
    table: ImageTable,  # cars, as `read_cars` gives them: with brand, type and year
    min_count: int | None = None,  # training images a brand needs; None: over 1,000 in 16,185
    types: Iterable = CAR_TYPES,  # body types to tell apart; the others are "Other"
    last_old_year: int = 2009,  # the years up to this one are old
    brands: Iterable | None = None,  # brands to tell apart, instead of counting
) -> tuple:  # the ImageTable with columns brand, type and age merged, and its Heads
    "Brand, type and age of a car as three questions; the training rows decide which brands count."
    df = table.df
    missing = [c for c in ("brand", "type", "year") if c not in df.columns]
    if missing:
        raise ValueError(
            f"The table {table.name!r} has no column {missing[0]!r}, so it isn't one of cars. "
            "open_dataset('toy-cars') draws one."
        )
    old, new = f"to {last_old_year}", f"from {last_old_year + 1}"
    df = df.assign(
        brand=_merged_brands(df, min_count, brands, table.name),
        type=merge_rare(df["type"], keep=types),
        age=np.where(df["year"] <= last_old_year, old, new),
    )
    heads = Heads.from_columns(df, ("brand", "type", "age"))
    merged = ImageTable(df, table.root, table.vocab, table.name, table.notes)
    return merged, Heads(heads.classes | {"age": (old, new)})
