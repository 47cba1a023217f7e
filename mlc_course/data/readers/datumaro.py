"""Datumaro's JSON: one file for each subset, with categories and items."""

from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from ..text import count
from .annotations import Parts, evidence, label_name, note_empty, recognised
from .json_files import load_json, without_gc

NAME = "datumaro"
LAYOUT = "Datumaro: annotations/train.json (categories, items) and images/"


def _is_datumaro(outline):
    items = {"items[].annotations", "items[].id", "items[]", "items"} & outline
    return bool(items) and bool({"categories.label", "dm_format_version"} & outline)


def _files(path):
    return recognised(path, (".json",), _is_datumaro)


def recognise(path):
    "The names of Datumaro's files at a path as evidence, or None."
    return evidence(_files(Path(path)))


def _categories(data, file):
    "The labels in order, and how many have a parent."
    try:
        found = data["categories"]["label"]["labels"]
        names = [label_name(o["name"], f"{file.name} label {i}") for i, o in enumerate(found)]
        parents = sum(bool(o.get("parent")) for o in found)
    except (KeyError, TypeError, AttributeError):
        raise ValueError(
            f'{file} has no list of labels; expected {{"categories": {{"label": {{"labels":'
            ' [{"name": ...}]}}, "items": [...]}.'
        ) from None
    if len(set(names)) < len(names):
        twice = next(o for i, o in enumerate(names) if o in names[:i])
        raise ValueError(f"{file}: the label {twice!r} is listed twice. Rename one of the two.")
    return names, parents


def _labels(annotations, names, source):
    "The labels of one item."
    labels = {}
    for i, o in enumerate(annotations, 1):
        if not isinstance(o, dict):
            raise ValueError(f"{source}, annotation {i}: found {str(o)[:60]}; expected an object.")
        number = o.get("label_id")
        if number is None:
            if o.get("type") == "label":
                raise ValueError(
                    f"{source}, annotation {i}: label_id is missing, so it is unknown."
                )
            continue  # a caption, or a shape without a label
        if not isinstance(number, int) or not 0 <= number < len(names):
            raise ValueError(
                f"{source}, annotation {i}: label_id is {number!r}; expected a whole number from 0"
                f" to {len(names) - 1}, the place in the list of labels."
            )
        labels[names[number]] = None
    return list(labels)


def _rows(data, file, split):
    "The rows of one file, and its labels."
    names, parents = _categories(data, file)
    if not isinstance(data.get("items"), list):
        raise ValueError(f'{file} has no list "items".')
    rows = []
    for n, o in enumerate(data["items"], 1):
        if not isinstance(o, dict) or not isinstance(o.get("annotations"), list):
            raise ValueError(
                f'{file.name} item {n}: found {str(o)[:80]}; expected "id" and "annotations".'
            )
        source = f"{file.name} item {o.get('id', n)}"
        image = o.get("image") if isinstance(o.get("image"), dict) else {}
        fname = image.get("path") or o.get("id")
        if not isinstance(fname, str) or not fname.strip():
            raise ValueError(f"{source} has neither an image path nor an id.")
        given = _labels(o["annotations"], names, source)
        rows.append(dict(fname=fname, labels=given, split=split, source=source))
    return rows, names, parents


@without_gc
def read_datumaro(
    path: PathLike,  # one of its JSON files, or the folder that holds annotations/
    images: PathLike | None = None,  # None: looked for, such as images/train/
    vocab: Names | None = None,  # None: the file's labels in its order, used or not
    on_missing: str = "error",  # or "drop": leave out the items whose image is missing
    name: str | None = None,  # None: the folder's name
    fractions: Sequence[float] = (0.6, 0.2, 0.2),  # shares of the splits, if no file says a split
    seed: int = 42,  # of that split
) -> ImageTable:  # an item without annotations is an image without a label
    "Read Datumaro's JSON files: labels and labelled shapes of each item."
    parts = Parts(path, images)
    files = parts.files(_files, "file of Datumaro", LAYOUT)
    parts.notes.append("Datumaro: an image's labels are those of its annotations.")
    parents = 0
    for file in files:
        data = load_json(file)
        if not isinstance(data, dict):
            raise ValueError(f"{file} is not an object with categories and items.")
        rows, own, some = _rows(data, file, parts.split(file))
        parents = max(parents, some)
        folders = [parts.root / "images" / file.stem, parts.root / "images"]
        parts.add(rows, file, own, folders)
    if parents:
        parts.notes.append(f"{count(parents, 'label')} with a parent: parents are not added.")
    parts.notes += note_empty(parts.rows, "without an annotation")
    return parts.table(vocab, on_missing, name, fractions, seed)
