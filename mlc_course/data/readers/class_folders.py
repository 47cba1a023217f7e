"""A folder for each class: every image has one label, its folder's name."""

import hashlib
import os
from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from ..text import count
from .annotations import Parts, label_name, safe_dirs
from .listing import is_image_name
from .options import opt
from .splits import WORDS as SPLIT_WORDS

NAME = "class_folders"
LAYOUT = "a folder for each class: cat/1.jpg, dog/2.jpg, or train/cat/1.jpg, valid/dog/2.jpg"
_ANNOTATIONS = {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".mat", ".parquet", ".xlsx"}
_ANNOTATIONS |= {".yaml", ".yml", ".txt"}
_NOT_LABELS = {"readme.txt", "license.txt", "licence.txt", "readme.roboflow.txt", "classes.txt"}
_HOLDERS = {"images", "image", "imgs", "img", "jpegimages", "data", "pictures", "photos"}


def _files(folder):
    "The names of the files in a folder, without dot files."
    try:
        with os.scandir(folder) as found:
            yield from (o.name for o in found if o.name[0] != "." and o.is_file())
    except OSError:
        return


def _images(folder):
    "The image files in a folder, sorted."
    return [Path(folder, o) for o in sorted(filter(is_image_name, _files(folder)))]


def _any_image(folder):
    return any(map(is_image_name, _files(folder)))


def _has_annotations(folder):
    "Is there a file beside the folders that could hold annotations?"
    return any(
        os.path.splitext(o)[1].lower() in _ANNOTATIONS and o.lower() not in _NOT_LABELS
        for o in _files(folder)
    )


def _split_folders(path):
    "The folders train/, valid/ and test/ that hold folders of images, by split."
    found = {}
    for o in safe_dirs(path):
        split = SPLIT_WORDS.get(o.name.lower())
        if split and any(_any_image(d) for d in safe_dirs(o)):
            found.setdefault(split, []).append(o)
    return found


def _places(path):
    "(split or None, folder that holds the folders of the classes)."
    splits = _split_folders(path)
    if splits:
        return [(s, d) for s, dirs in splits.items() for d in dirs]
    return [(None, path)]


def _class_dirs(folder):
    return [o for o in safe_dirs(folder) if o.name.lower() not in _HOLDERS]


def recognise(path):
    "The names of the classes' folders as evidence, or None; also None beside an annotation file."
    path = Path(path)
    if not path.is_dir() or _has_annotations(path):
        return None
    places = _places(path)
    beside = [o for _, d in places for o in safe_dirs(d) if not _any_image(o)]
    if any(_has_annotations(d) for d in [*beside, *(d for _, d in places)]):
        return None
    dirs = [o for _, d in places for o in _class_dirs(d) if o.name.lower() not in SPLIT_WORDS]
    found = [o for o in dirs if _any_image(o)]
    names = list(dict.fromkeys(o.name for o in found))
    if len(names) < 2 or any(_any_image(d) for _, d in places):
        return None
    return f"folders {', '.join(names[:3])}" + (f" and {len(names) - 3} more" * (len(names) > 3))


def _rows(split, folder, base):
    "The rows below a folder of classes, the classes, and the images that are in no class."
    rows, vocab = [], []
    for o in _class_dirs(folder):
        if split is None and o.name.lower() in SPLIT_WORDS:
            raise ValueError(
                f"{o} may be a class or a split. Rename it, or put all classes into train/, valid/"
                " and test/."
            )
        deeper = [d for d in safe_dirs(o) if _images(d)]
        if deeper:
            raise ValueError(
                f"{deeper[0]} is a folder of images in the folder of a class. Put the images of"
                f" {o.name} straight into {o}, or make its folders classes of their own."
            )
        label = label_name(o.name, str(o))
        vocab.append(label)
        for file in _images(o):
            fname = file.relative_to(base).as_posix()
            rows.append(dict(fname=fname, labels=[label], split=split, source=fname))
    return rows, vocab


def _joined(rows, base):
    "One row for files of equal bytes, with all their labels; in two splits they are refused."
    found = {}
    for row in rows:
        size_and_digest = hashlib.sha256((base / row["fname"]).read_bytes()).digest()
        first = found.setdefault(size_and_digest, row)
        if first["split"] != row["split"]:
            raise ValueError(
                f"{first['fname']} and {row['fname']} are the same image in {first['split']} and"
                f" {row['split']}. Remove one of the two."
            )
        first["labels"] = list(dict.fromkeys([*first["labels"], *row["labels"]]))
    return list(found.values())


def _notes(before, rows, copies):
    "One label an image is said; so are copies, or files that look like copies."
    one = sum(len(o["labels"]) == 1 for o in rows)
    notes = [f"A folder for each class: {one} of {len(rows)} images have one label."]
    if copies == "join":
        return notes + [f"{count(before - len(rows), 'copy').replace('copys', 'copies')} joined."]
    names = {}
    for o in rows:
        names.setdefault(o["fname"].rsplit("/", 1)[-1], set()).add(o["labels"][0])
    same = [k for k, v in names.items() if len(v) > 1]
    if same and len(same) >= len(names) / 20:
        notes.append(
            f"{count(len(same), 'file name')} in the folders of two classes (the first: {same[0]})."
            f" If they are copies of one image, {opt('copies', 'join')} gives it both labels."
        )
    return notes


def read_class_folders(
    path: PathLike,  # a folder of class folders, or of train/, valid/ and test/ that hold them
    vocab: Names | None = None,  # None: the folders' names, sorted
    on_missing: str = "error",  # has no use here; every reader takes it
    name: str | None = None,  # None: the folder's name
    copies: str = "separate",  # "join": files of equal bytes are one image with all their labels
    fractions: Sequence[float] = (
        0.6,
        0.2,
        0.2,
    ),  # share of train, valid and test, if no folder says the split
    seed: int = 42,  # of that split
) -> ImageTable:  # one label an image, unless copies are joined
    "Read a folder for each class."
    if copies not in ("separate", "join"):
        raise ValueError(f"copies is {copies!r}; use 'separate' or 'join'.")
    parts = Parts(path)
    if not parts.path.is_dir():
        raise NotADirectoryError(f"{path} is a file; give the folder that holds the classes.")
    rows, classes, loose = [], [], []
    for split, folder in _places(parts.base):
        some, names = _rows(split, folder, parts.base)
        rows += some
        classes += names
        loose += _images(folder)
    if not rows:
        raise FileNotFoundError(f"There is no folder with images in {path}. Expected {LAYOUT}.")
    before = len(rows)
    rows = _joined(rows, parts.base) if copies == "join" else rows
    parts.notes += _notes(before, rows, copies)
    beside = [o for o in _split_only(parts.base)]
    loose += [o for d in beside for o in _images(d)]
    if loose:
        parts.notes.append(
            f"{count(len(loose), 'image')} in no class (the first:"
            f" {loose[0].relative_to(parts.base).as_posix()}) left out: their labels are unknown."
        )
    parts.rows, parts.vocabs = rows, [sorted(set(classes))]
    return parts.table(vocab, on_missing, name, fractions, seed)


def _split_only(base):
    "Folders such as test/ that hold images and no classes, beside others that hold classes."
    if not _split_folders(base):
        return []
    dirs = [o for o in safe_dirs(base) if o.name.lower() in SPLIT_WORDS]
    return [o for o in dirs if not any(_any_image(d) for d in safe_dirs(o))]
