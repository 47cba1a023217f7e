"""File names, labels and split of a set of images: the one thing that describes data."""

import html
import os
import re
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from ..labels import label_counts, multi_hot, stratified_split
from .pictures import load_image, row_sources


SPLITS = ("train", "valid", "test")


def safe_name(fname, source):
    "A file name as a posix path below the root; a path that leaves the root is refused."
    name = str(fname).strip().replace("\\", "/")
    if not name:
        raise ValueError(f"{source}: the file name is empty. Fill it in, or remove the row.")
    parts = [o for o in name.split("/") if o not in ("", ".")]
    if (
        not parts
        or name.startswith("/")
        or re.match("[A-Za-z]:", name)
        or ".." in parts
        or "\0" in name
    ):
        raise ValueError(
            f"{source}: {fname!r} points outside the folder of the images. Give a path relative to that folder, without '..'."
        )
    return "/".join(parts)


def _check_rows(df, vocab):
    "Raise for the first row that can't be a row of an ImageTable."
    known = None if vocab is None else set(vocab)
    seen = {}
    for fname, labels, split, source in zip(
        df["fname"], df["labels"], df["split"], row_sources(df)
    ):
        if not isinstance(labels, (list, tuple)):
            raise TypeError(
                f"{source}: labels is {labels!r}; expected a list of names, such as ['boat', 'sun'], and [] for an image without labels."
            )
        for label in labels:
            if not isinstance(label, str) or not label.strip():
                raise ValueError(
                    f"{source}: {label!r} is not a label name. An image without labels has an empty list; ''.split(' ') gives [''], ''.split() gives []."
                )
            if known is not None and label not in known:
                near = get_close_matches(label, sorted(known), n=1)
                raise ValueError(
                    f"{source}: the label {label!r} of {fname} is not in the vocab."
                    + (f" Did you mean {near[0]!r}?" if near else "")
                    + " Correct it, or add it to the vocab."
                )
        if split not in SPLITS:
            raise ValueError(
                f"{source}: the split of {fname} is {split!r}; it must be one of {', '.join(SPLITS)}."
            )
        if fname in seen:
            raise ValueError(
                f"{source} names {fname}, and so does {seen[fname]}. Each image has one row: merge or remove one of the two."
            )
        seen[fname] = source


class ImageTable:
    "File names, labels and split of a set of images: one row per image, and the only thing that describes data in this package."

    def __init__(
        self,
        df: pd.DataFrame,  # columns fname (relative to `root`), labels (list of str), split ("train", "valid" or "test"); more are kept
        root,  # the folder that the file names are relative to
        vocab=None,  # label names; None takes every label of every split
        name: str = "",  # what to call the set
        notes=(),  # sentences about what a reader merged or dropped
    ):
        missing = [c for c in ("fname", "labels", "split") if c not in df.columns]
        if missing:
            raise ValueError(
                f"The table lacks {', '.join(missing)}; it has {', '.join(map(str, df.columns)) or 'no columns'}. It needs fname, labels and split."
            )
        if isinstance(vocab, str):
            raise TypeError(f"vocab is the string {vocab!r}; give a list of label names.")
        self.root, self.name, self.notes = (
            Path(os.path.abspath(root)),
            name,
            tuple(notes),
        )  # absolute: still right after a change of folder
        if not self.root.is_dir():
            raise FileNotFoundError(
                f"The folder {self.root} does not exist; `root` is the folder that the file names are relative to."
            )
        df = df.reset_index(drop=True)
        df["fname"] = [safe_name(f, s) for f, s in zip(df["fname"], row_sources(df))]
        _check_rows(df, vocab)
        df["labels"] = pd.Series([list(dict.fromkeys(o)) for o in df["labels"]], dtype=object)
        self.df = df
        self.vocab = sorted(
            set(vocab) if vocab is not None else {o for row in df["labels"] for o in row}
        )

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
        present = set(self.df["split"])
        return [s for s in SPLITS if s in present]

    def counts(self) -> dict:  # split -> number of images
        "Images per split."
        return {s: int((self.df["split"] == s).sum()) for s in self.splits}

    def _rows(self, split):
        if split is None:
            return self.df
        if split not in self.splits:
            raise ValueError(
                f"{self.name or 'The table'} has no split {split!r}; it has {', '.join(self.splits) or 'no rows'}."
            )
        return self.df[self.df["split"] == split]

    def labels(self, split=None) -> list:  # one list of names per image
        "The label lists, in the table's order."
        return [list(o) for o in self._rows(split)["labels"]]

    def targets(self, split=None) -> np.ndarray:  # bool [N, C], columns in the order of the vocab
        "The labels as multi-hot rows."
        return multi_hot(self._rows(split)["labels"], self.vocab)

    def fnames(self, split=None) -> list:  # posix paths relative to the root
        "The file names, in the table's order."
        return list(self._rows(split)["fname"])

    def paths(self, split=None) -> list:  # list of Path
        "The full paths, in the table's order."
        return [self.root / f for f in self.fnames(split)]

    def subset(
        self,
        which,  # "train", "valid", "test", a bool mask with one entry per row, or row numbers
    ):  # ImageTable with the same vocab
        "Some of the rows, with the same vocab."
        if isinstance(which, str):
            df = self._rows(which)
        else:
            which = np.asarray(which)
            if which.dtype == bool and which.shape != (len(self),):
                raise ValueError(
                    f"The mask has shape {which.shape}; the table has {len(self)} rows, and needs one True or False for each."
                )
            if which.dtype.kind not in "biu" and which.size:
                raise TypeError(
                    f"which holds {which.dtype}; give a split, a bool mask or row numbers."
                )
            df = self.df.iloc[
                np.flatnonzero(which) if which.dtype == bool else which.astype(np.int64)
            ]
        return ImageTable(df, self.root, self.vocab, self.name, self.notes)

    def hold_out(
        self,
        fraction: float = 0.2,  # share of the train rows
        seed: int = 42,  # the same seed, the same rows
    ):  # ImageTable that has a valid split
        "Move a stratified share of the train rows into a valid split, for sets that come with train and test only."
        if "valid" in self.splits:
            raise ValueError(
                f"{self.name or 'The table'} has a valid split already ({self.counts()['valid']} images)."
            )
        train = np.flatnonzero(self.df["split"] == "train")
        if len(train) < 2:
            raise ValueError(
                f"{self.name or 'The table'} has {len(train)} train images; it takes two to hold one out."
            )
        fraction = max(fraction, 1 / len(train))
        part = stratified_split(self.targets("train"), (1 - fraction, fraction), seed)
        split = self.df["split"].to_numpy(dtype=object).copy()
        split[train[part == 1]] = "valid"
        note = f"No valid split on disk: {int((part == 1).sum())} of {len(train)} train images held out for it (seed {seed})."
        return ImageTable(
            self.df.assign(split=split), self.root, self.vocab, self.name, (*self.notes, note)
        )

    def verify(
        self,
        workers=None,  # threads; None: one per core
    ) -> pd.DataFrame:  # columns fname, source, problem; empty if every file is sound
        "Decode every image and list the files that can't be."

        def problem(path):
            try:
                load_image(path)
            except (ValueError, OSError) as e:
                return str(e)

        with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
            found = list(pool.map(problem, self.paths()))
        rows = [(f, s, p) for f, s, p in zip(self.fnames(), row_sources(self.df), found) if p]
        return pd.DataFrame(rows, columns=["fname", "source", "problem"])

    def _repr_html_(self):
        esc = lambda o: html.escape(str(o))
        rows = "".join(
            f"<tr><td>{s}</td><td>{len(d)}</td><td>{d['labels'].map(len).mean():.2f}</td><td>{(d['labels'].map(len) == 0).mean():.1%}</td></tr>"
            for s in self.splits
            for d in [self._rows(s)]
        )
        notes = "".join(f"<li>{esc(o)}</li>" for o in self.notes)
        return (
            f"<p><b>{esc(self.name or self.root.name)}</b>: {len(self)} images, {len(self.vocab)} labels</p>"
            "<table><thead><tr><th>split</th><th>images</th><th>labels per image</th><th>without a label</th></tr></thead>"
            f"<tbody>{rows}</tbody></table><p>{esc(', '.join(self.vocab))}</p>"
            + (f"<ul>{notes}</ul>" if notes else "")
        )


def count(n, what):
    return f"{n} {what}{'s' * (n != 1)}"


def drop_rare_labels(
    table: ImageTable,  # any table
    min_count: int = None,  # keep the labels that at least so many images have ...
    top: int = None,  # ... or keep this many, the most frequent
) -> ImageTable:  # smaller vocab; without the rows that lost their only labels
    "Take rare labels out, and the rows that lose all their labels by it. Rows that had none before stay."
    if (min_count is None) == (top is None):
        raise ValueError("Give min_count or top: one of the two.")
    counts = label_counts(table.targets(), table.vocab)
    keep = set(counts.index[:top] if top is not None else counts.index[counts >= min_count])
    if not keep:
        raise ValueError(
            f"No label has {min_count} images; the most frequent, {counts.index[0]!r}, has {counts.iloc[0]}. Pass a smaller min_count."
        )
    gone = [o for o in counts.index if o not in keep]
    if not gone:
        return table
    labels = [[o for o in row if o in keep] for row in table.df["labels"]]
    lost = np.array(
        [bool(before) and not after for before, after in zip(table.df["labels"], labels)]
    )
    df = table.df.assign(labels=pd.Series(labels, dtype=object))[~lost]
    which = f"under {min_count} images" if top is None else f"outside the {top} most frequent"
    note = f"{count(len(gone), 'label')} {which} dropped ({', '.join(sorted(gone))}), and {count(int(lost.sum()), 'image')} that had no other label."
    return ImageTable(df, table.root, keep, table.name, (*table.notes, note))
