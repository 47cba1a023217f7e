"""File names, labels and split of a set of images: the one thing that describes data."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from ..hints import Any, ArrayLike, Iterable, Names, PathLike, Sequence
from ..labels import multi_hot
from ..machine import usable_cores
from .held_out import held_out
from .pictures import check_image, row_sources
from .table_checks import (
    SPLITS,
    check_columns,
    check_rows,
    check_vocab,
    chosen_rows,
    find_label_columns,
    ones,
    require_split,
    require_vocab,
    safe_name,
)
from .table_html import as_html


class ImageTable:
    """File names, labels and split of a set of images: one row per image, and the only thing that
    describes data in this package.
    """

    def __init__(
        self,
        df: pd.DataFrame,  # fname, labels (lists of str), split (train, valid, test); more are kept
        root: PathLike,  # the folder that the file names are relative to
        vocab: Names | None = None,  # label names; None takes every label of every split
        name: str = "",  # what to call the set
        notes: Iterable[str] = (),  # sentences about what a reader merged or dropped
    ) -> None:
        missing = [c for c in ("fname", "labels", "split") if c not in df.columns]
        if missing:
            raise ValueError(
                f"The table lacks {', '.join(missing)}; it has"
                f" {', '.join(map(str, df.columns)) or 'no columns'}. It needs fname, labels and"
                f" split."
            )
        if isinstance(vocab, str):
            raise TypeError(f"vocab is the string {vocab!r}; give a list of label names.")
        self.root = Path(os.path.abspath(root))  # still right after a change of folder
        self.name, self.notes = name, tuple(notes)
        if not self.root.is_dir():
            raise FileNotFoundError(
                f"The folder {self.root} does not exist; `root` is the folder that the file names"
                f" are relative to."
            )
        if vocab is not None:
            vocab = check_vocab(vocab)
        df = df.reset_index(drop=True)
        inside = f"{self.root.as_posix().rstrip('/')}/"
        names = [str(f).removeprefix(inside) if isinstance(f, Path) else f for f in df["fname"]]
        df["fname"] = [safe_name(f, s) for f, s in zip(names, row_sources(df))]
        check_rows(df, vocab)
        df["labels"] = pd.Series(
            [list(dict.fromkeys(map(str, o))) for o in df["labels"]], dtype=object
        )
        self.df = df  # not to be changed: make another table, with subset or ImageTable(df, ...)
        self.vocab = sorted({o for row in df["labels"] for o in row}) if vocab is None else vocab

    @classmethod
    def from_lists(
        cls,
        fnames: Iterable,  # file names relative to `root`
        labels: Iterable[Iterable[str]],  # one list of label names per image
        root: PathLike,  # the folder that the file names are relative to
        splits: Iterable[str] | None = None,  # "train", "valid" or "test"; None: all are train
        vocab: Names | None = None,  # label names in order; None takes every label, sorted
        name: str = "",  # what to call the set
    ) -> "ImageTable":
        "A table from lists: one file name, and one list of label names, per image."
        fnames, labels = list(fnames), list(labels)
        splits = ["train"] * len(fnames) if splits is None else list(splits)
        if not len(fnames) == len(labels) == len(splits):
            raise ValueError(
                f"There are {len(fnames)} file names, {len(labels)} lists of labels and"
                f" {len(splits)} splits; give one of each per image."
            )
        df = pd.DataFrame({"fname": fnames, "split": splits}, dtype=object)
        return cls(df.assign(labels=pd.Series(labels, dtype=object)), root, vocab, name)

    @classmethod
    def from_multi_hot(
        cls,
        df: pd.DataFrame,  # one row per image, one column of 0 and 1 (or True and False) per label
        root: PathLike,  # the folder that the file names are relative to
        label_columns: Iterable[str] | None = None,  # in order; None: every column of 0 and 1
        fname_column: str = "fname",  # the column of the file names
        split_column: str | None = None,  # None: the column split if there, else all are train
        name: str = "",  # what to call the set
    ) -> "ImageTable":  # its vocab in the order of the columns; other columns are kept
        "A table from one column per label; a cell that is neither 0 nor 1 is unknown, and refused."
        if split_column is None and "split" in df.columns:
            split_column = "split"
        taken = [fname_column, *([split_column] if split_column is not None else [])]
        given = () if label_columns is None else label_columns
        check_columns(df, [*taken, *given], label_columns)
        split = ["split"] * (split_column is not None)
        wanted = given if label_columns is not None else find_label_columns(df, [*taken, *split])
        columns = list(wanted)
        if not columns:
            raise ValueError("No column holds 0 and 1 only; name them in label_columns.")
        on = ones(df, columns)
        names = np.array([str(c) for c in columns], dtype=object)
        rows = pd.Series([list(names[o]) for o in on], index=df.index, dtype=object)
        other = df.drop(columns=columns)
        other = other.rename(columns={fname_column: "fname", split_column: "split"})
        if split_column is None:
            other["split"] = "train"
        return cls(other.assign(labels=rows), root, list(names), name)

    def _like(self, df=None, notes=None):
        "The same table with other rows that are known to be sound, or other notes."
        table = copy.copy(self)
        table.df = self.df if df is None else df.reset_index(drop=True)
        table.notes = self.notes if notes is None else tuple(notes)
        return table

    def with_notes(
        self,
        *notes: str,  # sentences
    ) -> "ImageTable":
        "The same table with more notes."
        return self._like(notes=(*self.notes, *notes))

    def __len__(self):
        return len(self.df)

    def __repr__(self):
        return (
            f"ImageTable({self.name or self.root.name}: "
            + ", ".join(f"{n} {s}" for s, n in self.counts().items())
            + f"; {len(self.vocab)} labels)"
        )

    @property
    def splits(self) -> list:  # those that have rows, in the order train, valid, test
        "The splits that are present."
        present = set(self.df["split"].unique())
        return [s for s in SPLITS if s in present]

    def counts(self) -> dict:  # split -> number of images
        "Images per split."
        found = self.df["split"].value_counts()
        return {s: int(found[s]) for s in SPLITS if s in found.index}

    def require(
        self,
        vocab: Names | None = None,  # the labels that the table must have, in this order
        splits: Iterable[str] = (),  # the splits that it must have
    ) -> None:
        "Raise a sentence if the table lacks a split, or has another vocab."
        for split in splits:
            require_split(self, split)
        if vocab is not None:
            require_vocab(vocab, self)

    def rows(
        self,
        split: str | None = None,  # "train", "valid" or "test"; None: all
    ) -> pd.DataFrame:  # the rows of `df` that are in it
        "The rows of a split; a split that isn't there is an error that names those that are."
        if split is None:
            return self.df
        require_split(self, split)
        return self.df[self.df["split"] == split]

    def labels(
        self,
        split: str | None = None,  # "train", "valid" or "test"; None: all
    ) -> list:  # one list of names per image
        "The label lists, in the table's order."
        return [list(o) for o in self.rows(split)["labels"]]

    def targets(
        self,
        split: str | None = None,  # "train", "valid" or "test"; None: all
    ) -> np.ndarray:  # bool [N, C], columns in the order of the vocab
        "The labels as multi-hot rows."
        return multi_hot(self.rows(split)["labels"], self.vocab)

    def fnames(
        self,
        split: str | None = None,  # "train", "valid" or "test"; None: all
    ) -> list:  # posix paths relative to the root
        "The file names, in the table's order."
        return list(self.rows(split)["fname"])

    def paths(
        self,
        split: str | None = None,  # "train", "valid" or "test"; None: all
    ) -> list:  # list of Path
        "The full paths, in the table's order."
        return [self.root / f for f in self.fnames(split)]

    def subset(
        self,
        which: "str | Sequence[Any] | ArrayLike",  # a split, a bool mask [N], or row numbers
    ) -> "ImageTable":  # with the same vocab
        "Some of the rows, with the same vocab."
        if isinstance(which, str):
            df = self.rows(which)
        else:
            df = self.df.iloc[chosen_rows(which, len(self))]
        return self._like(df)

    def hold_out(
        self,
        fraction: float = 0.2,  # share of the train rows
        seed: int = 42,  # the same seed, the same rows
        groups: "Sequence[Any] | ArrayLike | None" = None,  # a column or a value a row: stays whole
    ) -> "ImageTable":  # with a valid split
        """Move a stratified share of the train rows into a valid split, for sets that come with
        train and test only.
        """
        split, note = held_out(self, fraction, seed, self.groups(groups))
        return self._like(self.df.assign(split=split), (*self.notes, note))

    def groups(
        self,
        which: "str | Sequence[Any] | ArrayLike | None" = None,  # a column, or values; None: group
    ) -> np.ndarray | None:  # object array [N]; None if there are no groups
        "The group of every row, such as the patient or the film that it is of."
        if which is None:
            if "group" not in self.df.columns:
                return None
            which = "group"
        if isinstance(which, str):
            if which not in self.df.columns:
                raise ValueError(
                    f"There is no column {which!r}; the table has"
                    f" {', '.join(map(str, self.df.columns))}."
                )
            which = self.df[which]
        which = np.asarray(which, dtype=object)
        if which.shape != (len(self),):
            raise ValueError(
                f"groups has shape {which.shape}; give one value for each of the {len(self)} rows."
            )
        return which

    def verify(
        self,
        workers: int | None = None,  # threads; None: one per core
    ) -> pd.DataFrame:  # columns fname, source, problem; empty if every file is sound
        "Decode every image and list the files that can't be."

        def problem(path):
            try:
                check_image(path)
            except (ValueError, OSError) as e:
                return str(e)

        with ThreadPoolExecutor(workers or usable_cores()) as pool:
            found = list(pool.map(problem, self.paths()))
        rows = [(f, s, p) for f, s, p in zip(self.fnames(), row_sources(self.df), found) if p]
        return pd.DataFrame(rows, columns=["fname", "source", "problem"])

    def _repr_html_(self):
        return as_html(self)
