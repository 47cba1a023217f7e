"""What the readers of annotation formats share: JSON and XML files, splits, and their end."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from ...labels import stratified_split
from ..table import SPLITS, ImageTable
from ..text import count
from .cells import clean
from .common import finish_table
from .find_images import ImageFinder
from .json_files import json_outline
from .listing import files_in, folders_in
from .options import opt
from .splits import WORDS as SPLIT_WORDS
from .splits import file_split


def split_of_file(
    file,  # an annotation file
    base,  # the folder of the data set
):  # "train", "valid", "test" or None
    "The split that an annotation file's name says, or else the name of a folder that it is in."
    file, base = Path(file), Path(base)
    if file_split(file):
        return file_split(file)
    for folder in file.parents:
        word = SPLIT_WORDS.get(folder.name.lower())
        if folder == base or base not in folder.parents:
            # the data set itself may be called "test": its neighbours must be splits too
            beside = {SPLIT_WORDS.get(o.name.lower()) for o in safe_dirs(folder.parent)}
            return word if folder == file.parent and len(beside - {None}) > 1 else None
        if word:
            return word
    return None


def safe_dirs(folder):
    "The folders in a folder, without dot folders, sorted; none if it can't be listed."
    return folders_in(folder)


def annotation_files(
    path,  # what the user pointed at: a file, or a folder
    suffixes,  # such as (".json",)
    limit=200,  # at most so many
):  # list of Path
    "The file itself, or the files of a folder and of the folders in it, without dot files."
    path = Path(path)
    if path.is_file():
        return [path] if path.suffix.lower() in suffixes else []
    found = []
    for folder in [path, *safe_dirs(path)]:
        found += files_in(folder, suffixes)[: limit - len(found)]
    return found


def recognised(path, suffixes, test):
    "The files among `annotation_files` whose outline passes a test."
    return [o for o in annotation_files(path, suffixes) if test(json_outline(o))]


def evidence(files):
    "The names of the first files as evidence, or None."
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return ", ".join(f"{o.parent.name}/{o.name}" for o in files[:3]) + more if files else None


_clean = lru_cache(maxsize=1 << 14)(clean)  # the same few names, again and again


def label_name(value, source):
    "A label as text without spaces around it; what isn't a name is refused."
    if value is None or value != value:
        raise ValueError(
            f"{source}: a label is missing (null), so what is in the image is unknown. Fill it in,"
            " or remove the image; an image without labels has an empty list."
        )
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{source}: {value!r} is not a label name; expected a text such as 'cat'.")
    return _clean(value)


def unknown_images(rows, unlabelled, what):
    "Rows without those whose labels are None (unknown), and a note; or an error, as asked."
    if unlabelled not in ("error", "drop"):
        raise ValueError(f"unlabelled is {unlabelled!r}; use 'error' or 'drop'.")
    gone = [o for o in rows if o["labels"] is None]
    if not gone:
        return rows, []
    said = f"{len(gone)} of {len(rows)} images {what}, so their labels are unknown"
    if unlabelled == "error" or len(gone) == len(rows):
        way = "Annotate them" + (
            f", or pass {opt('unlabelled', 'drop')} to leave them out."
            if len(gone) < len(rows)
            else " first."
        )
        raise ValueError(f"{gone[0]['source']}: {said} (the first: {gone[0]['fname']}). {way}")
    return [o for o in rows if o["labels"] is not None], [f"{said}: they were left out."]


def note_empty(rows, what):
    "A note on the images that have no annotation at all."
    empty = sum(not o["labels"] for o in rows)
    one = "an image" if empty == 1 else "images"
    return [f"{count(empty, 'image')} {what}: read as {one} without a label."] if empty else []


def one_vocab(vocabs, notes):
    "The label lists of several files as one: the first list's order, then what others add."
    vocabs = [o for o in vocabs if o is not None]
    joined = list(dict.fromkeys(o for vocab in vocabs for o in vocab))
    if any(set(o) != set(joined) for o in vocabs):
        notes.append(f"The files list different labels; their union has {len(joined)}.")
    return joined if vocabs else None


class Parts:
    "Collects the rows of one or several annotation files, and makes the table of them."

    def __init__(self, path, images=None):
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f"There is no file or folder {self.path}.")
        self.base = self.path if self.path.is_dir() else self.path.parent
        beside = ("annotations", "annotation", "annos", "labels", "json", "imagesets")
        if self.path.is_file() and self.base.name.lower() in beside and images is None:
            self.base = self.base.parent
        self.root = self.base if images is None else Path(images)
        self.finder = ImageFinder(self.root)
        self.rows, self.notes, self.vocabs = [], [], []

    def files(self, find, what="", layout=""):
        "The file that was given, or those that `find` sees in the folder: none is an error."
        found = [self.path] if self.path.is_file() else find(self.path)
        if what and not found:
            raise FileNotFoundError(f"There is no {what} in {self.path}. Expected {layout}.")
        return found

    def split(self, file):
        "The split that an annotation file stands for, or None."
        return split_of_file(file, self.base)

    def add(self, rows, file, vocab=None, near=(), guesses=None):
        "Add the rows of one file: dicts with fname, labels, split, source, and what else there is."
        near = [Path(file).parent, *near]
        named = [o["fname"] for o in rows]
        placed = self.finder.place(named, [o["source"] for o in rows], near, guesses)
        for row, fname in zip(rows, placed):
            row["fname"] = fname
        self.rows += rows
        self.vocabs.append(vocab)

    def table(self, vocab, on_missing, name, fractions=(0.6, 0.2, 0.2), seed=42):
        "The ImageTable; without any split it gets a stratified one, as a plain folder does."
        if not self.rows:
            raise ValueError(f"{self.path} names no images.")
        df = pd.DataFrame(self.rows)
        df["labels"] = pd.Series([o["labels"] for o in self.rows], dtype=object)
        none = df["split"].isna().to_numpy()
        if none.any() and not none.all():
            which = df["source"][none.argmax()]
            raise ValueError(
                f"{which} says no split, while other rows do. Give every image one of"
                f" {', '.join(SPLITS)}, or none."
            )
        df["split"] = df["split"].astype(object).where(~none, "train")
        own = one_vocab(self.vocabs, self.notes) if vocab is None else vocab
        notes = [*self.notes, *self.finder.notes()]
        name = name or self.base.resolve().name
        table = finish_table(df, self.root, own, name, on_missing, notes)
        return stratified(table, self.path, fractions, seed) if none.all() else table


def stratified(table, path, fractions=(0.6, 0.2, 0.2), seed=42):
    "The table with a stratified split of its rows, which is said in a note."
    if not any(table.df["labels"].map(len)):
        raise ValueError(f"{path}: no image has a label, so there is nothing to learn.")
    groups = table.groups()
    whole = {} if groups is None else {"groups": groups}
    part = stratified_split(table.targets(), fractions, seed, **whole)
    split = np.array(SPLITS, dtype=object)[part]
    shares = " / ".join(f"{f:.0%}" for f in fractions)
    kept = ", groups kept whole" if whole else ""
    note = f"{Path(path).name} has no split: {shares} by label, seed {seed}{kept}."
    df = table.df.assign(split=split)
    return ImageTable(df, table.root, table.vocab, table.name, (*table.notes, note))
