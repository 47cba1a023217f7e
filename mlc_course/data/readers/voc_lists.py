"""PASCAL VOC's lists of one label each: ImageSets/Main/cat_train.txt with 1, -1 or 0 per image."""

import re
from pathlib import Path

from ..table import ImageTable
from .annotations import Parts, evidence
from .common import read_text
from .json_files import head_of
from .listing import files_in
from .options import opt

NAME = "voc_lists"
LAYOUT = "ImageSets/Main/cat_train.txt, cat_val.txt ... (an image and 1, -1 or 0 a line), images"
_SPLITS = {"train": "train", "val": "valid", "trainval": "train", "test": "test"}
_NAME = re.compile(r"(.+)_(train|val|trainval|test)\.txt")


def _lists(path):
    "(label, word of the split, file) for every list below ImageSets/Main, or in the folder itself."
    for folder in (path / "ImageSets" / "Main", path / "Main", path):
        found = [(_NAME.fullmatch(f.name), f) for f in files_in(folder, (".txt",))]
        found = [(m[1], m[2], f) for m, f in found if m and _is_list(f)]
        if found:
            return found
    return []


def _is_list(file):
    lines = [o.split() for o in head_of(file).split("\n")[:5] if o.strip()]
    return bool(lines) and all(len(o) == 2 and o[1] in ("1", "-1", "0") for o in lines)


def recognise(path):
    "The names of the lists as evidence, or None."
    path = Path(path)
    return evidence([f for _, _, f in _lists(path)]) if path.is_dir() else None


def _add(rows, file, label, split, difficult):
    "Put one list into the rows: (split, name) -> row with its labels and the labels asked."
    for i, line in enumerate(read_text(file).splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        source = f"{file.name} row {i}"
        if len(cells) != 2 or cells[1] not in ("1", "-1", "0"):
            raise ValueError(
                f"{source}: found {line[:60]!r}; expected an image, and 1 (yes), -1 (no) or 0"
                " (difficult)."
            )
        new = dict(fname=cells[0], labels=[], split=split, source=source, asked=set())
        row = rows.setdefault((split, cells[0]), new)
        row["asked"].add(label)
        if cells[1] == "1" or (cells[1] == "0" and difficult == "keep"):
            row["labels"].append(label)


def read_voc_lists(
    path,  # the folder that holds ImageSets/ (such as VOC2007)
    images=None,  # the folder of the images; None: JPEGImages/ beside
    vocab=None,  # None: the labels that have lists, sorted
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    name=None,  # None: the folder's name
    difficult: str = "keep",  # or "drop": 0 (only difficult objects) gives no label
) -> ImageTable:  # splits as the lists are called
    "Read PASCAL VOC's lists of images with and without a label: 1 is yes and -1 is no."
    if difficult not in ("keep", "drop"):
        raise ValueError(f"difficult is {difficult!r}; use 'keep' or 'drop'.")
    parts = Parts(path, images)
    lists = _lists(parts.path)
    if not lists:
        raise FileNotFoundError(f"There is no list such as ImageSets/Main/cat_train.txt in {path}.")
    words = {word for _, word, _ in lists}
    if {"train", "val"} <= words:
        words.discard("trainval")
    elif "trainval" in words:
        words -= {"train", "val"}
    rows: dict = {}
    labels = sorted({label for label, word, _ in lists if word in words})
    for label, word, file in lists:
        if word in words:
            _add(rows, file, label, _SPLITS[word], difficult)
    for row in rows.values():
        lacks = [o for o in labels if o not in row["asked"]]
        if lacks:
            raise ValueError(
                f"{row['source']}: {row['fname']} is not in the list of {lacks[0]}, so it is"
                f" unknown whether the image has this label. Add it there, or remove the image."
            )
        del row["asked"]
    said, other = ("a label", "drop") if difficult == "keep" else ("no label", "keep")
    parts.notes.append(
        f"VOC's lists: 1 is yes, -1 is no, and 0 (difficult) is {said};"
        f" {opt('difficult', other)} does the other."
    )
    near = [parts.path / "JPEGImages", parts.path.parent / "JPEGImages"]
    parts.add(list(rows.values()), lists[0][2], labels, near)
    return parts.table(vocab, on_missing, name)
