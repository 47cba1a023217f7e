"""CelebA's text file: a count, the names, then 1 (yes) or -1 (no) for each image; also as CSV."""

import re
from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from .annotations import Parts, annotation_files, evidence, label_name
from .common import header_of, read_text
from .json_files import head_of

NAME = "celeba"
LAYOUT = "list_attr_celeba.txt (a count, the names, then 1 or -1), list_eval_partition.txt, images;"
LAYOUT += "\n                  or the same two as CSV files"
_KNOWN = {"5_o_clock_shadow", "bald", "eyeglasses", "male", "smiling", "wearing_hat", "young"}
_PARTITION = {"0": "train", "1": "valid", "2": "test"}


def _is_celeba(file):
    lines = [o.split() for o in head_of(file).split("\n")[:3]]
    return (
        len(lines) == 3
        and len(lines[0]) == 1
        and lines[0][0].isdecimal()
        and len(lines[2]) == len(lines[1]) + 1 > 1
        and set(lines[2][1:]) <= {"1", "-1", "0", "+1"}
        and not re.fullmatch(r"[+-]?[\d.]+", lines[2][0])
    )


def _is_table(file):
    "Is it the same as a CSV file, as Kaggle has it: list_attr_celeba.csv?"
    header = set(header_of(file)) if file.name.lower() == "list_attr_celeba.csv" else set()
    return "image_id" in header and bool(header & _KNOWN)


def _files(path):
    found = annotation_files(path, (".txt", ".csv"))
    text = [o for o in found if o.suffix.lower() == ".txt" and _is_celeba(o)]
    return text or [o for o in found if _is_table(o)]


def recognise(path):
    "The name of the attributes' file as evidence, or None."
    return evidence(_files(Path(path)))


def _lines(file, encoding):
    "The lines of a text file; a CSV file's as the text file would have them."
    lines = read_text(file, encoding).splitlines()
    if file.suffix.lower() != ".csv":
        return lines
    return [o.replace(",", " ") for o in lines if o.strip()]


def _rows(file, encoding):
    "The names of the attributes, and fname -> row."
    if _is_table(file):
        head, *lines = _lines(file, encoding)
        return _parsed(file, head.split()[1:], lines, 2)
    lines = read_text(file, encoding).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or not lines[0].strip().isdecimal() or len(lines) < 3:
        raise ValueError(
            f"{file}: expected the number of images in row 1, the names of the attributes in row 2,"
            " and one image in each further row."
        )
    vocab = [label_name(o, f"{file.name} row 2") for o in lines[1].split()]
    if len(lines) - 2 != int(lines[0]):
        raise ValueError(
            f"{file} announces {int(lines[0])} images in row 1 and has {len(lines) - 2}. It is cut"
            " off, or was edited: fetch it again, or correct the number."
        )
    return _parsed(file, vocab, lines[2:], 3)


def _parsed(file, vocab, lines, first):
    "The names of the attributes, and fname -> row, of the lines from row `first` on."
    rows, fine = {}, {"1", "-1"}
    for i, line in enumerate(lines, first):
        fname, *values = line.split()
        source = f"{file.name} row {i}"
        if len(values) != len(vocab):
            raise ValueError(f"{source}: {len(values)} values for {len(vocab)} attributes.")
        if not fine.issuperset(values):
            at = next(j for j, o in enumerate(values) if o not in fine)
            raise ValueError(
                f"{source}: {vocab[at]} of {fname} is {values[at]!r}; expected 1 (yes) or -1 (no)."
                " Any other value means unknown: remove the row, or fill it in."
            )
        if fname in rows:
            raise ValueError(f"{source} and {rows[fname]['source']} both describe {fname}.")
        labels = [n for n, o in zip(vocab, values) if o == "1"]
        rows[fname] = dict(fname=fname, labels=labels, split=None, source=source)
    return vocab, rows


def _add_splits(rows, file, encoding):
    "Put the partition file's 0, 1 and 2 into the rows as train, valid and test."
    for i, line in enumerate(_lines(file, encoding), 1):
        cells = line.split()
        if not cells or (i == 1 and cells[0] == "image_id"):
            continue
        if len(cells) != 2 or cells[1] not in _PARTITION:
            raise ValueError(
                f"{file.name} row {i}: found {line[:60]!r}; expected a file name, and 0 (train), 1"
                " (valid) or 2 (test)."
            )
        if cells[0] in rows:
            rows[cells[0]]["split"] = _PARTITION[cells[1]]
    without = [o for o in rows.values() if o["split"] is None]
    if without:
        raise ValueError(
            f"{without[0]['source']}: {without[0]['fname']} is not in {file}, which says the"
            f" splits, and neither are {len(without) - 1} others."
        )


def read_celeba(
    path: PathLike,  # list_attr_celeba.txt, or its folder
    images: PathLike | None = None,  # None: looked for, such as img_align_celeba/
    vocab: Names | None = None,  # None: the attributes in the order of the file
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    name: str | None = None,  # None: the folder's name
    encoding: str = "utf-8-sig",  # of the text files
    minus_one: str | None = None,  # "no", which is what -1 means here
    fractions: Sequence[float] = (
        0.6,
        0.2,
        0.2,
    ),  # share of train, valid and test, without list_eval_partition.txt
    seed: int = 42,  # of that split
) -> ImageTable:  # splits by list_eval_partition.txt, if it is there
    "Read CelebA's attributes: 1 is yes, -1 is no."
    if minus_one not in (None, "no"):
        raise ValueError(f"minus_one is {minus_one!r}; in CelebA's files -1 means no.")
    parts = Parts(path, images)
    files = parts.files(_files)
    if len(files) != 1:
        found = ", ".join(map(str, files)) or "none"
        raise FileNotFoundError(
            f"Expected one file such as list_attr_celeba.txt in {path}: {found}."
        )
    own, rows = _rows(files[0], encoding)
    folder = files[0].parent
    partition = f"list_eval_partition{files[0].suffix.lower()}"
    lists = [d / partition for d in (folder, folder.parent / "Eval", parts.base)]
    splits = next((o for o in lists if o.is_file()), None)
    if splits:
        _add_splits(rows, splits, encoding)
    parts.notes.append(f"{files[0].name}: 1 is yes and -1 is no.")
    parts.add(list(rows.values()), files[0], own)
    return parts.table(vocab, on_missing, name, fractions, seed)
