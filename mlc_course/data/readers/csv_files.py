"""Text files and CSV tables, with the row numbers that an editor shows."""

import codecs
import csv
import io
import re
from pathlib import Path

import pandas as pd

from .options import opt

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

OTHER = {
    b"version https://git-lfs": "is only a pointer of Git LFS: fetch the file with git lfs pull",
    b"PK\3\4": "is a spreadsheet or an archive: save it as CSV (UTF-8), or unpack it",
}


def read_text(
    path,  # a text file
    encoding="utf-8-sig",  # what it should be in, if it doesn't say so itself (byte order mark)
    choice=False,  # can the reader's option encoding be given?
) -> str:  # the text
    "A text file; a byte that doesn't fit the encoding is an error that names the row."
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    raw = path.read_bytes()
    encoding = next((e for mark, e in MARKS.items() if raw.startswith(mark)), encoding)
    other = next((text for mark, text in OTHER.items() if raw.startswith(mark)), None)
    if other:
        raise ValueError(f"{path} {other}.")
    try:
        text = raw.decode(encoding)
        if choice and "\0" in text[:1000]:
            raise ValueError(
                f"{path.name} holds zero bytes, as UTF-16 text does. Save it as UTF-8, or pass"
                f" {opt('encoding', 'utf-16')}."
            )
        return text
    except LookupError:
        raise ValueError(
            f"encoding is {encoding!r}, which Python doesn't know; utf-8, latin-1, cp1252 and "
            "utf-16 are known."
        ) from None
    except UnicodeDecodeError as e:
        row, byte = raw[: e.start].count(b"\n") + 1, raw[e.start]
        guess = "utf-16" if b"\0" in raw[:200] else "latin-1"
        advice = f", or pass {opt('encoding', guess)}, or what it was saved in (Excel: cp1252)"
        raise ValueError(
            f"{path.name} row {row}: byte 0x{byte:02x} is not {encoding.removesuffix('-sig')}. Save"
            f" {path} as UTF-8{advice if choice else ''}."
        ) from None


def _delimiter(text):
    "What separates the cells, and the text without Excel's line that says so."
    told = re.match(r"\ufeff?\s*\"?sep=(.)\"?[^\S\n]*\r?\n", text)
    if told:
        return told[1], "\n" + text[told.end() :]  # the line break keeps the row numbers
    head = text.lstrip().split("\n", 1)[0]
    head = re.sub(r'"[^"]*"', "", head)
    counts = {c: head.count(c) for c in ",;\t"}
    return max(counts, key=counts.get), text


def _needs(cells, header, delimiter):
    "What is wrong with a row that has more or fewer cells than the header."
    if len(cells) > len(header):
        return f"A cell that contains {delimiter!r} must stand in double quotes."
    return (
        f"A {delimiter!r} is missing: an empty cell at the end needs one before it as well."
        if len(cells) == len(header) - 1
        else f"Is a {delimiter!r} missing?"
    )


def _tidy_header(header):
    "The column names; an unnamed first column is what pandas writes as its index."
    header = [c.strip().lstrip("\ufeff").strip() for c in header]
    while header and not header[-1]:
        header.pop()
    return ["(unnamed)" if not c and i == 0 else c for i, c in enumerate(header)]


def _rows(path, text):
    "Header, rows and their numbers."
    delimiter, text = _delimiter(text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    header, rows, numbers = None, [], []
    try:
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            if header is None:
                header = _tidy_header(cells)
                continue
            while len(cells) > len(header) and not cells[-1].strip():
                cells.pop()
            if len(cells) != len(header):
                raise ValueError(
                    f"{path.name} row {reader.line_num}: {len(cells)} cells where the header has "
                    f"{len(header)} ({', '.join(header[:12])}). {_needs(cells, header, delimiter)}"
                )
            rows.append(cells)
            numbers.append(reader.line_num)
    except csv.Error as e:
        raise ValueError(
            f"{path.name} row {reader.line_num}: {e}. Look at the quotes in and above this row of"
            f" {path}."
        ) from None
    return header, rows, numbers


def read_csv_rows(path, encoding="utf-8-sig"):
    "A CSV file as a DataFrame of str; its index is the row as an editor counts: the header is 1."
    path = Path(path)
    header, rows, numbers = _rows(path, read_text(path, encoding, choice=True))
    if header is None:
        raise ValueError(f"{path} is empty. It needs a header row, such as fname,labels,is_valid.")
    twice = [c for i, c in enumerate(header) if c in header[:i]]
    if twice:
        raise ValueError(
            f"{path.name} row 1: the column {twice[0]!r} is there twice. Rename or remove one."
        )
    if not rows:
        raise ValueError(f"{path} has a header ({', '.join(header)}) and no rows.")
    return pd.DataFrame(rows, columns=header, index=numbers, dtype=object)


def header_of(path):
    "The column names in the first line of a table, in small letters; none if it can't be read."
    try:
        with open(path, "rb") as f:
            raw = f.read(65536)
    except OSError:
        return []
    encoding = next((e for mark, e in MARKS.items() if raw.startswith(mark)), "utf-8")
    delimiter, text = _delimiter(raw.decode(encoding, "replace").replace("\0", ""))
    line = next((o for o in text.splitlines() if o.strip()), "")
    cells = next(iter(csv.reader([line], delimiter=delimiter)), [])
    return [o.lower() for o in _tidy_header(cells)]
