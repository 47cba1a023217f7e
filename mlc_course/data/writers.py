"""An ImageTable as a file for other tools: CSV, COCO, Label Studio; our readers read it back."""

import json
import math
import numbers
import unicodedata
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd

from ..hints import Names, PathLike
from ..safety import write_whole
from .readers.cells import clean
from .readers.columns import (
    CROSSES,
    FILE_COLUMNS,
    LABEL_COLUMNS,
    MINUS,
    NEVER_LABELS,
    NO,
    ROW_KEYS,
    UNKNOWN,
    WEAK_FILE_COLUMNS,
    YES,
    norm,
)
from .readers.json_files import without_gc
from .readers.splits import SPLIT_COLUMNS, TRUTHS
from .table import ImageTable

LOCAL_FILES = "/data/local-files/?d="  # how Label Studio addresses a file of its own machine
# what a column may be called that a reader takes for something else than a label
_COLUMNS = (
    FILE_COLUMNS | WEAK_FILE_COLUMNS | LABEL_COLUMNS | SPLIT_COLUMNS | NEVER_LABELS | ROW_KEYS
)
_COLUMNS |= {o for o in TRUTHS if o.startswith("is_")}


def _can_be_written(text):
    "Can a text be saved as UTF-8, and has it no control characters?"
    return not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def _check_labels(vocab):
    "Refuse the first label that a reader would not give back as it is."
    for label in vocab:
        if label != clean(label) or label != " ".join(label.split()) or not _can_be_written(label):
            raise ValueError(
                f"The label {label!r} would not come back as it is: it has spaces at its ends,"
                " two spaces in a row, a control character, or letters that aren't in NFC."
                f" Rename it, for example {' '.join(clean(label).split())!r}."
            )


def _checked(table, path):
    "The path of the file, after every check that is the same in all formats."
    if not hasattr(table, "df") or not hasattr(table, "vocab"):
        raise TypeError(f"table is a {type(table).__name__}; give an ImageTable.")
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the path of the file to write.")
    if not len(table):
        raise ValueError("The table has no rows, so there is nothing to write.")
    _check_labels(table.vocab)
    for fname in table.df["fname"]:
        if any("\ud800" <= c <= "\udfff" for c in fname):
            raise ValueError(f"The file name {fname!r} can't be saved as UTF-8. Rename the file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _extra_columns(table, taken):
    "The columns beside fname, labels, split and source; one whose name is taken is refused."
    names = [c for c in table.df.columns if c not in ("fname", "labels", "split", "source")]
    for c in names:
        if not isinstance(c, str) or norm(c) in taken:
            raise ValueError(
                f"The column {c!r} would be read as something else in this format. Rename it in"
                " table.df, or leave it out."
            )
        if table.df[c].map(lambda o: isinstance(o, (list, dict, tuple, set))).any():
            raise ValueError(f"The column {c!r} holds lists, which can't be written. Leave it out.")
    return names


def _plain(value):
    "A cell as JSON knows it."
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return None if math.isnan(value) else float(value)
    return str(value)


def _extras(table, names):
    "One dict for each row with what its extra columns hold."
    columns = [[_plain(o) for o in table.df[c]] for c in names]
    rows = zip(*columns) if names else ((),) * len(table)
    return [dict(zip(names, o)) for o in rows]


def _write_text(path, text):
    return write_whole(path, lambda part: part.write_text(text, encoding="utf-8", newline=""))


# ---- CSV -----------------------------------------------------------------------------------------


def _cell(text):
    "A cell of a CSV file, in quotes where it needs them."
    if any(c in text for c in ',"\n\r;\t|') or text != text.strip() or not text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _bit_rows(targets):
    "Multi-hot rows as texts such as 0,1,0."
    n, c = targets.shape
    cells = np.full((n, 2 * c), ord(","), dtype=np.uint8)
    cells[:, ::2] = targets.astype(np.uint8) + ord("0")
    text, width = cells.tobytes().decode("ascii"), 2 * c
    return [text[i * width : (i + 1) * width - 1] for i in range(n)]


def _check_columns(table, extras):
    "Refuse names and values with which columns of 0 and 1 would be misread."
    if not table.vocab:
        raise ValueError("The table has no labels, so there are no columns; pass form='list'.")
    for label in table.vocab:
        if norm(label) in _COLUMNS or label in extras:
            raise ValueError(
                f"The label {label!r} can't be the name of a column beside fname and split: it"
                " would be read as something else. Pass form='list', or rename it."
            )
    for c in ["fname", *extras]:
        cells = [str("" if o is None else o).strip().lower() for o in map(_plain, table.df[c])]
        known, answers = YES | NO | MINUS | CROSSES | UNKNOWN, YES | NO | MINUS | CROSSES
        values = set(cells)
        only = " only" if values <= known else ""
        if values & answers and sum(o in known for o in cells) > len(cells) / 2:
            raise ValueError(
                f"The column {c!r} holds {', '.join(sorted(values)[:5])}{only}, and would be "
                "read as a label. Leave it out, or pass form='list'."
            )


def to_csv(
    table: ImageTable,  # an ImageTable
    path: PathLike,  # the CSV file to write
    form: str = "columns",  # a column of 0 and 1 for each label; "list": one column of JSON lists
) -> Path:  # `path`
    """Write a CSV file that `read_folder` reads back: equal rows, splits and vocab.

    Only the columns keep the order of the vocab and labels without an image; for "list" give
    vocab=table.vocab when you read. Labels of a row come back in the order of the vocab. Extra
    columns are kept as text.
    """
    if form not in ("columns", "list"):
        raise ValueError(f"form is {form!r}; use 'columns' or 'list'.")
    path = _checked(table, path)
    extras = _extra_columns(table, _COLUMNS - {"group"})
    if form == "columns":
        _check_columns(table, extras)
        cells, header = _bit_rows(table.targets()), [_cell(o) for o in table.vocab]
    else:
        lists = [json.dumps(list(o), ensure_ascii=False) for o in table.df["labels"]]
        if both := set(lists) & set(table.vocab):
            raise ValueError(
                f"The label {both.pop()!r} is written like a list of labels, and would be read as"
                " something else. Rename it, or pass form='columns'."
            )
        cells, header = [_cell(o) for o in lists], ["labels"]
    lines = [",".join(["fname", *header, "split", *(_cell(c) for c in extras)])]
    more = [
        [_cell("" if (v := _plain(o)) is None else str(v)) for o in table.df[c]] for c in extras
    ]
    fnames = map(_cell, table.df["fname"])
    lines += map(",".join, zip(fnames, cells, table.df["split"], *more))
    return _write_text(path, "\n".join(lines) + "\n")


# ---- COCO ----------------------------------------------------------------------------------------


def _boxes(images, annotations, root):
    "Add width and height to images, and a box around the whole image to annotations."
    from PIL import Image

    sizes = {}
    for o in images:
        with Image.open(root / o["file_name"]) as image:
            o["width"], o["height"] = sizes[o["id"]] = image.size
    for o in annotations:
        width, height = sizes[o["image_id"]]
        o |= {"bbox": [0, 0, width, height], "area": width * height}


@without_gc
def to_coco(
    table: ImageTable,  # an ImageTable
    path: PathLike,  # the JSON file to write
    boxes: bool = False,  # True: each label is a box around the image, for tools that need boxes
) -> Path:  # `path`
    """Write a COCO file that `read_coco` reads back: equal rows, splits, vocab and extra columns.

    Categories stand in the order of the vocab, also those without an image. The split of an image
    is its entry "split", which other tools pass over.
    """
    path = _checked(table, path)
    taken = {"id", "file_name"} | ({"width", "height"} if boxes else set())
    extras = _extras(table, _extra_columns(table, taken))
    number = {label: i for i, label in enumerate(table.vocab, 1)}
    rows = zip(table.df["fname"], table.df["split"], extras)
    images = [
        {"id": i, "file_name": fname, "split": split, **more}
        for i, (fname, split, more) in enumerate(rows, 1)
    ]
    pairs = [(i, o) for i, labels in enumerate(table.df["labels"], 1) for o in labels]
    annotations = [
        {"id": n, "image_id": i, "category_id": number[o], "iscrowd": 0}
        for n, (i, o) in enumerate(pairs, 1)
    ]
    if boxes:
        _boxes(images, annotations, table.root)
    categories = [{"id": i, "name": o, "supercategory": ""} for o, i in number.items()]
    data = {
        "info": {"description": table.name},
        "licenses": [],
        "images": images,
        "categories": categories,
        "annotations": annotations,
    }
    return _write_text(path, json.dumps(data, ensure_ascii=False, separators=(",", ":")))


# ---- Label Studio --------------------------------------------------------------------------------


def label_studio_config(
    vocab: Names,  # label names in order
) -> str:  # XML
    "The labelling interface for Label Studio: one image, and any number of choices."
    choices = "\n".join(f"    <Choice value={quoteattr(o)}/>" for o in vocab)
    return (
        '<View>\n  <Image name="image" value="$image"/>\n'
        '  <Choices name="labels" toName="image" choice="multiple">\n'
        f"{choices}\n  </Choices>\n</View>\n"
    )


@without_gc
def to_label_studio(
    table: ImageTable,  # an ImageTable
    path: PathLike,  # the JSON file to write
    prefix: str = LOCAL_FILES,  # what stands before a file name in the address of its image
    config: PathLike | None = None,  # a path: the labelling interface is written there too
) -> Path:  # `path`
    """Write tasks with annotations that Label Studio imports and `read_label_studio` reads back.

    The vocab, in its order, stands in the "meta" of the first task. The split and extra columns
    stand in the "data" of each.
    """
    path = _checked(table, path)
    if prefix and not prefix.startswith((LOCAL_FILES, "http://", "https://")):
        raise ValueError(
            f"prefix is {prefix!r}; use '', {LOCAL_FILES!r} (and a folder), or https://."
        )
    extras = _extras(table, _extra_columns(table, {"image", "split"}))
    tasks = []
    rows = zip(table.df["fname"], table.df["labels"], table.df["split"], extras)
    for i, (fname, labels, split, more) in enumerate(rows, 1):
        choice = {"from_name": "labels", "to_name": "image", "type": "choices"}
        result = [{**choice, "value": {"choices": list(labels)}}] if labels else []
        address = prefix + quote(fname) if prefix else fname
        tasks.append(
            {
                "id": i,
                "data": {"image": address, "split": split, **more},
                "annotations": [{"id": i, "result": result, "was_cancelled": False}],
                "predictions": [],
            }
        )
    tasks[0]["meta"] = {"labels": list(table.vocab)}
    if config is not None:
        _write_text(Path(config), label_studio_config(table.vocab))
    return _write_text(path, json.dumps(tasks, ensure_ascii=False, separators=(",", ":")))
