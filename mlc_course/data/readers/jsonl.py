"""Records in JSON: a list, JSON lines, metadata.jsonl, or an object from image name to labels."""

import re
from pathlib import Path

import pandas as pd

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from .annotations import Parts, annotation_files, evidence, unknown_images
from .column_names import FILE_COLUMNS, LABEL_COLUMNS, NEVER_LABELS, WEAK_FILE_COLUMNS
from .columns import norm
from .json_files import head_of, json_outline, load_json_values, without_gc
from .json_labels import label_values, name_labels
from .listing import is_image_name
from .options import opt
from .splits import given_split

NAME = "jsonl"
LAYOUT = 'records {"file_name": ..., "labels": [...]} as metadata.jsonl, JSON lines or a JSON list'
_SUFFIXES = (".json", ".jsonl", ".ndjson")
FILE_KEYS = FILE_COLUMNS | WEAK_FILE_COLUMNS
LABEL_KEYS = LABEL_COLUMNS | {"objects"}


def _is_records(outline):
    keys = {o.rsplit("].", 1)[-1] if o.startswith("[].") else o for o in outline}
    others = {"images[].id", "samples[].image_name", "samples[].filepath", "[].data", "items"}
    others |= {"[].annotation_id", "categories.label", "annotations[].category_id", "cells"}
    if others & outline:
        return False
    tops = {norm(o.split(".")[0]) for o in keys}
    if FILE_KEYS & {norm(o) for o in keys} and LABEL_KEYS & tops:
        return True
    inner = {norm(o.split("[].", 1)[1]) for o in outline if "[]." in o and o.count("[].") == 1}
    if FILE_KEYS & inner and LABEL_KEYS & inner:
        return True
    top = [o[1:] for o in outline if o.startswith("/")]
    return sum(map(is_image_name, top)) > len(top) / 2


def _holds_records(file):
    "Does a file look like records? Checksums of images are texts too, but no labels."
    head, outline = head_of(file), json_outline(file)
    if re.search(r'":\s*"[0-9a-f]{32,}"', head):
        return False
    bits = len(re.findall(r'":\s*(?:[01]|true|false)\s*[,}]', head)) > 1
    tops = {norm(o[3:]) for o in outline if o.startswith("[].")} | {norm(o) for o in outline}
    return _is_records(outline) or (bits and bool(FILE_COLUMNS & tops))


def _files(path):
    files = annotation_files(path, _SUFFIXES)
    named = [o for o in files if o.name.lower() == "metadata.jsonl"]
    return named or [o for o in files if _holds_records(o)]


def recognise(path):
    "The names of files with records at a path as evidence, or None."
    path = Path(path)
    return evidence([o for o in _files(path) if head_of(o).lstrip()[:1] in ("{", "[")])


def _records(file):
    "(source, record) for each record of a file, whatever its form."
    values = _by_columns(load_json_values(file))
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    elif (
        len(values) == 1
        and isinstance(values[0], dict)
        and not FILE_KEYS & set(map(norm, values[0]))
    ):
        return _in_object(values[0], file)
    return [(f"{file.name} record {i}", o) for i, o in enumerate(values, 1)]


def _by_columns(values):
    "The records of what pandas writes without orient=: column -> row -> value; others as they are."
    only = values[0] if len(values) == 1 and isinstance(values[0], dict) else {}
    named = [v for k, v in only.items() if norm(k) in FILE_KEYS and isinstance(v, dict)]
    if not named or not all(isinstance(v, dict) for v in only.values()):
        return values
    return [{k: v[row] for k, v in only.items() if row in v} for row in named[0]]


def _in_object(data, file):
    "The records of an object: its one list of objects, or its entries, image name -> labels."
    lists = {k: v for k, v in data.items() if isinstance(v, list) and v and isinstance(v[0], dict)}
    named = [k for k in data if is_image_name(k)]
    if len(lists) == 1 and not named:
        key, found = next(iter(lists.items()))
        return [(f"{file.name} {key} {i}", o) for i, o in enumerate(found, 1)]
    if not named and not all(isinstance(o, (list, str, dict)) for o in data.values()):
        raise ValueError(
            f"{file} holds {', '.join(list(data)[:6]) or 'nothing'}; expected {LAYOUT}, or an"
            " object from image name to labels."
        )
    return [(f"{file.name} {k}", {"file_name": k, "labels": v}) for k, v in data.items()]


def _key(records, usual, wanted, file, option):
    "The key that is asked for, or the only usual one; of several the first that all records have."
    if wanted is not None:
        if not any(wanted in o for _, o in records):
            raise ValueError(f"{file}: no record has the key {wanted!r}.")
        return wanted
    seen = dict.fromkeys(k for _, o in records for k in o)
    found = [k for k in seen if norm(k) in usual]
    usual = "file_name, image or path" if option == "fname_column" else "labels, label or tags"
    if not found:
        other = next((k for k in seen if norm(k) not in FILE_KEYS), "key")
        raise ValueError(
            f"{file}: the records have {', '.join(list(seen)[:10]) or 'no keys'}; expected one such"
            f" as {usual}. Say which it is: {opt(option, other)}."
        )
    return found


def _file_key(records, wanted, file):
    "The key of the file names; a name or id beside a file_name is something else."
    found = _key(records, FILE_KEYS, wanted, file, "fname_column")
    if isinstance(found, str):
        return found
    weak = [o for o in found if norm(o) in WEAK_FILE_COLUMNS]
    found = [o for o in found if o not in weak] or weak
    if len(found) > 1:
        raise ValueError(
            f"{file}: {' and '.join(found)} could both be the file name. Say which:"
            f" {opt('fname_column', found[0])}."
        )
    return found[0]


def _bit(value):
    return isinstance(value, (bool, int, float)) and value in (0, 1)


def _gap(value):
    return value is None or value != value or value == -1 or value in ("", "?", "U", "u")


def _switches(records, skip):
    "The keys that hold 0 or 1 (false or true) in some record, and nothing but that or a gap."
    keys = dict.fromkeys(k for _, o in records for k in o if k not in skip)
    columns = {k: [o.get(k) for _, o in records] for k in keys}
    return [
        k
        for k, v in columns.items()
        if any(map(_bit, v)) and all(_bit(o) or _gap(o) for o in v) and norm(k) not in NEVER_LABELS
    ]


def _label_key(records, wanted, file):
    "The key of the labels."
    found = _key(records, LABEL_KEYS, wanted, file, "label_column")
    if isinstance(found, str):
        return found
    if len(found) > 1:
        raise ValueError(
            f"{file}: {' and '.join(found)} could both be the labels. Say which:"
            f" {opt('label_column', found[0])}."
        )
    return found[0]


def _splits(records, file, taken, options):
    "(the split of each record or None, notes, keys used), by the rules for columns of a table."
    plain = (str, int, float, bool)
    keys = dict.fromkeys(k for _, o in records for k, v in o.items() if isinstance(v, plain))
    table = {k: [str(o.get(k, "")) for _, o in records] for k in keys if k not in taken}
    if any(norm(k) in LABEL_KEYS for _, o in records[:1] for k in o):
        table["labels"] = ["names"] * len(records)  # so a key such as train is no label
    raw = pd.DataFrame(table, index=range(1, len(records) + 1), dtype=object)
    return given_split(raw, file.name, [s for s, _ in records], {"labels"}, **options)


def _rows(records, file, split, fname_column, label_column, **options):
    "The rows of one file with labels as they stand, the key of the labels, bits, and notes."
    for source, o in records:
        if not isinstance(o, dict):
            raise ValueError(f"{source}: found {str(o)[:80]}; expected an object, {LAYOUT}.")
    fname = _file_key(records, fname_column, file)
    splits, notes, used = _splits(records, file, {fname}, options)
    skip = {fname, *used}
    bits = [] if label_column or _has_labels(records) else _switches(records, skip)
    key = None if bits else _label_key(records, label_column, file)
    rows = []
    for i, (source, o) in enumerate(records):
        if not isinstance(o.get(fname), str) or not o[fname].strip():
            raise ValueError(f"{source}: {fname} is {o.get(fname)!r}; expected a file name.")
        where = splits[i] if splits else split
        skip = {fname, key, *used, "fname", "source", *bits}
        more = {k: v for k, v in o.items() if k not in skip and not isinstance(v, (list, dict))}
        value = {k: o.get(k) for k in bits} if bits else o.get(key)
        base = {"fname": o[fname], "labels": label_values(value, source), "split": where}
        rows.append({**more, **base, "source": source})
    return rows, key, bits or None, notes


def _has_labels(records):
    return any(norm(k) in LABEL_KEYS for _, o in records for k in o)


@without_gc
def read_jsonl(
    path: PathLike,  # a file with records, or the folder of one or several (metadata.jsonl)
    images: PathLike | None = None,  # what the file names are relative to; None: looked for
    vocab: Names | None = None,  # None: those that occur, sorted; needed if they are numbers
    on_missing: str = "error",  # or "drop": leave out the records whose image is missing
    name: str | None = None,  # None: the folder's name
    sep: str | None = None,  # what separates labels, as in "cat|dog"; None: found out
    fname_column: str | None = None,  # the key of the file name; None: file_name, image, path ...
    label_column: str | None = None,  # the key of the labels; None: labels, label, tags ...
    split_column: str | None = None,  # the key that says train, valid or test; "none": split anew
    valid_fold: int | None = None,  # the valid fold's number, where the key holds numbers
    test_fold: int | None = None,  # the number of the fold that is test
    unlabelled: str = "error",  # or "drop": leave out the records whose labels are missing or null
    fractions: Sequence[float] = (0.6, 0.2, 0.2),  # shares of the splits, if nothing says a split
    seed: int = 42,  # of that split
) -> ImageTable:  # an empty list is an image without a label
    "Read records in JSON: metadata.jsonl, JSON lines, a list, or an object from name to labels."
    parts = Parts(path, images)
    files = parts.files(_files, "file with records", LAYOUT)
    for file in files:
        records = _records(file)
        if not records:
            raise ValueError(f"{file} holds no records. Expected {LAYOUT}.")
        rows, key, own, said = _rows(
            records,
            file,
            parts.split(file),
            fname_column,
            label_column,
            wanted=split_column,
            valid_fold=valid_fold,
            test_fold=test_fold,
        )
        parts.notes += name_labels(rows, key, sep, vocab)
        where = f"in {key!r}" if own is None else f"{len(own)} keys that hold 0 or 1"
        parts.notes.append(f"{file.name}: the labels are {where}.")
        rows, notes = unknown_images(rows, unlabelled, "have no labels (missing or null)")
        parts.notes += notes + said
        parts.add(rows, file, own, [file.parent / "images"])
    return parts.table(vocab, on_missing, name, fractions, seed)
