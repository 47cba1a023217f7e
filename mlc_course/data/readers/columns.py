"Which columns of a table hold file names, labels and groups."

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ..pictures import IMAGE_SUFFIXES
from .cells import clean, parse_cells
from .column_names import (
    CROSSES,
    FILE_COLUMNS,
    GROUP_COLUMNS,
    LABEL_COLUMNS,
    MINUS,
    NEVER_LABELS,
    NO,
    ROW_KEYS,
    UNKNOWN,
    WEAK_FILE_COLUMNS,
    YES,
)
from .csv_files import header_of
from .options import opt

__all__ = [
    "GROUP_COLUMNS",
    "extra_columns",
    "file_column",
    "given_columns",
    "group_values",
    "is_binary",
    "label_columns",
    "likely_tables",
    "norm",
    "read_binary",
    "read_names",
    "values",
    "with_labels",
]


def norm(column):
    "A column's name in small letters with _ between words."
    return re.sub(r"[\s_\-]+", "_", str(column).strip().lower())


def values(raw, column):
    "The distinct values of a column, in small letters."
    return {o.strip().lower() for o in raw[column].unique()}


def is_binary(raw, column):
    "Does every cell hold 0 or 1 (yes or no), -1, or nothing, and some 0 or 1?"
    found = values(raw, column)
    if found & CROSSES and "" in found:
        return found <= CROSSES | UNKNOWN
    return bool(found & (YES | NO)) and found <= YES | NO | MINUS | UNKNOWN


def given_columns(raw, wanted, file, option):
    "The columns that an option names, joined by commas or as a list."
    names = [wanted] if isinstance(wanted, str) and wanted in raw.columns else wanted
    names = [o.strip() for o in names.split(",")] if isinstance(names, str) else list(names)
    lower = {norm(c): c for c in raw.columns}
    for o in names:
        if o not in raw.columns and norm(o) not in lower:
            raise ValueError(
                f"{file}: {opt(option, o)} names no column; it has {', '.join(raw.columns)}."
            )
    return [o if o in raw.columns else lower[norm(o)] for o in names]


def _one_of(found, file, option, what):
    "The only column of those found; two are an error that names the option."
    if len(found) > 1:
        raise ValueError(
            f"{file}: the columns {' and '.join(found)} could both be meant as {what}. Pass"
            f" {opt(option, found[0])}, or the one you mean."
        )
    return found[0] if found else None


def file_column(raw, file, wanted=None):
    "The column of the file names."
    if wanted is not None:
        return given_columns(raw, wanted, file, "fname_column")[0]
    known = FILE_COLUMNS | WEAK_FILE_COLUMNS
    if any(map(_named, raw.columns)) and not any(norm(c) in known for c in raw.columns):
        raise ValueError(
            f"{file}: row 1 holds a file name ({', '.join(raw.columns[:3])}), and should name the "
            "columns: write a row such as fname,labels above it."
        )
    able = [c for c in raw.columns if not is_binary(raw, c)]
    for names in (FILE_COLUMNS, WEAK_FILE_COLUMNS):
        found = [c for c in able if norm(c) in names] or [
            c for c in raw.columns if norm(c) in names
        ]
        same = len(found) > 1 and _same_files(raw, found)
        if found:
            return same or _one_of(found, file, "fname_column", "the names of the images")
    found = [c for c in able if _holds_names(raw[c])]
    if len(found) == 1:
        return found[0]
    raise ValueError(
        f"{file} has no column fname, filename, file, image, path or image_id; it has "
        f"{', '.join(raw.columns)}. Pass {opt('fname_column', raw.columns[0])}, or the one "
        "that holds the file names."
    )


def _named(text):
    return text.strip().lower().endswith(tuple(IMAGE_SUFFIXES))


def _holds_names(cells):
    "Do the cells end as names of image files do?"
    some = cells.iloc[:200]
    return sum(map(_named, some)) > 0.9 * len(some)


def _same_files(raw, columns):
    "Of columns with the same file names, the one that has folders as well; None if they differ."
    if any(raw[c].equals(raw[columns[0]]) for c in columns[1:]):
        return None
    bases = [raw[c].str.replace("\\", "/").str.rpartition("/")[2].str.strip() for c in columns]
    if any(not b.equals(bases[0]) for b in bases[1:]):
        return None
    return max(columns, key=lambda c: raw[c].iloc[0].count("/") + raw[c].iloc[0].count("\\"))


def _counts(raw, columns):
    "The columns that hold small numbers and 0, as counts of a label do."
    found = {c: values(raw, c) for c in columns if not is_binary(raw, c)}
    return [
        c for c, o in found.items() if "0" in o and all(v.isdecimal() and len(v) < 2 for v in o)
    ]


def _all_minus(raw, column):
    "Does a column hold nothing but -1 (no, or unknown) and blanks? It may be a label."
    found = values(raw, column)
    return bool(found & MINUS) and found <= MINUS | UNKNOWN


def _refuse_nearly(raw, columns, file, binary):
    "Raise for a column in which most cells are 0 or 1, and some are something else."
    known = YES | NO | MINUS | UNKNOWN
    for c in columns:
        found = values(raw, c)
        if not found & (YES | NO) or found <= known:
            continue
        cells = raw[c].str.strip().str.lower()
        fine = cells.isin(known).to_numpy()
        if fine.mean() > 0.5:
            row = int((~fine).argmax())
            raise ValueError(
                f"{file} row {raw.index[row]}, column {c}: {raw[c].iloc[row]!r} is neither 0 nor 1,"
                f" as most cells of this column are. Correct it; or, if {c} is no label, name the"
                f" columns that are: {opt('label_column', ','.join(binary))}."
            )


def label_columns(raw, file, taken, wanted=None):
    "The label columns, and whether each is a label of its own (0 and 1)."
    if wanted is not None:
        found = given_columns(raw, wanted, file, "label_column")
        return found, all(is_binary(raw, c) and norm(c) not in LABEL_COLUMNS for c in found)
    free = [c for c in raw.columns if c not in taken and norm(c) not in NEVER_LABELS]
    found = [c for c in free if norm(c) in LABEL_COLUMNS]
    text = [c for c in found if not is_binary(raw, c)]
    binary = [c for c in free if is_binary(raw, c)]
    if len(text) == 1 or (len(found) == 1 and len(binary) < 2):
        return (text or found), False
    numbered = [c for c in free if re.fullmatch(r"(label|tag|class|genre|category)_?\d+", norm(c))]
    numbered = [c for c in numbered if c not in binary]
    if not text and len(binary) > 1:
        binary = [c for c in free if c in binary or _all_minus(raw, c)]
    if not found and numbered:
        return numbered, False
    if not text and len(binary) == 1 and not found and _counts(raw, free):
        raise ValueError(
            f"{file} has no column labels or label, and one column of 0 and 1, {binary[0]}. If "
            f"it is the only label, pass {opt('label_column', binary[0])}; columns of counts, "
            f"such as {_counts(raw, free)[0]}, have to be made 0 and 1."
        )
    if not text and binary:
        _refuse_nearly(raw, [c for c in free if c not in binary], file, binary)
        return binary, True
    if len(found) > 1:
        _one_of(found, file, "label_column", "the labels")
    raise ValueError(
        f"{file} has no column labels or label, and no columns of 0 and 1; it has"
        f" {', '.join(raw.columns)}. Pass {opt('label_column', free[-1] if free else 'COLUMN')},"
        " or the one that holds the labels."
    )


def _refuse_cell(source, column, cell, minus):
    "Raise for a cell that is neither yes nor no; `minus`: a -1 that nobody has explained."
    advice = "drop such rows, or fill the cells in with 0 and 1"
    if minus:
        raise ValueError(
            f"{source}, column {column}: {cell!r} is no (as in CelebA) or unknown (as in CheXpert,"
            f" uncertain), and the table doesn't say which. If it is no, pass"
            f" {opt('minus_one', 'no')}. If it is unknown, {advice}."
        )
    raise ValueError(
        f"{source}, column {column}: {cell!r} says that it is unknown whether the image has this"
        f" label, and unknown is not the same as no. {advice.capitalize()}."
    )


def read_binary(raw, columns, sources, minus_one=None):
    "One column per label: the names of the columns that say yes, per row; the names; and notes."
    if minus_one not in (None, "no", "unknown"):
        raise ValueError(f"minus_one is {minus_one!r}; use 'no' or 'unknown'.")
    on, minus = np.zeros((len(raw), len(columns)), dtype=bool), 0
    for i, c in enumerate(columns):
        cells = raw[c].map({o: o.strip().lower() for o in raw[c].unique()})  # few differ
        on[:, i] = cells.isin(YES | CROSSES)
        less = cells.isin(MINUS) if minus_one == "no" else np.zeros(len(raw), dtype=bool)
        bad = np.flatnonzero(~(on[:, i] | cells.isin(NO) | less))
        if len(bad):
            row = int(bad[0])
            asked = cells.iloc[row] in MINUS and minus_one is None
            _refuse_cell(sources[row], c, raw[c].iloc[row], asked)
        minus += int(np.sum(less))
    names = np.array([clean(c) for c in columns], dtype=object)
    notes = [f"{minus:,} cells -1 read as no."] if minus else []
    return [list(names[o]) for o in on], list(names), notes


def read_names(raw, columns, sources, **options):
    "Columns of label names: the names in their cells, joined per row; and notes."
    parts, notes = [], []
    fastai = {"fname", "labels", "is_valid"} <= {norm(c) for c in raw.columns}
    default = "space" if fastai else "unknown"
    for c in columns:
        found, said = parse_cells(raw[c].tolist(), sources, column=c, default=default, **options)
        parts.append(found)
        notes += [o for o in said if o not in notes]
    if len(parts) == 1:
        return parts[0], notes
    rows = [list(dict.fromkeys(o for p in row for o in p)) for row in zip(*parts)]
    return rows, [*notes, f"Labels are in {len(columns)} columns: {', '.join(columns)}."]


def group_values(raw, file, wanted=None):
    "The group of every row, or None; and a note about a column that looks like one."
    if wanted is None:
        found = [c for c in raw.columns if norm(c) == "group"]
        if found:
            return raw[found[0]].str.strip(), []
        likely = [c for c in raw.columns if norm(c) in GROUP_COLUMNS]
        many = [c for c in likely if raw[c].nunique() < len(raw)]
        return None, [
            f"The column {c!r} looks like a group whose images should stay in one split: pass"
            f" {opt('group_column', c)} to keep each whole."
            for c in many[:1]
        ]
    return raw[given_columns(raw, wanted, file, "group_column")[0]].str.strip(), []


def extra_columns(raw, used):
    "The other columns, which the table keeps, as a DataFrame."
    rest = [c for c in raw.columns if c not in used and c not in ROW_KEYS and norm(c) != "group"]
    return raw[rest].reset_index(drop=True) if rest else pd.DataFrame(index=range(len(raw)))


def likely_tables(files):
    "Of several CSV files those that have the file column of the likeliest; none if none has one."
    headers = {f: {norm(c) for c in header_of(Path(f))} for f in files}
    known = FILE_COLUMNS | WEAK_FILE_COLUMNS
    ranked = {f: _rank(h) for f, h in headers.items() if h & known}
    if not ranked:
        return []
    best = max(ranked, key=ranked.get)
    return [f for f in ranked if headers[f] & headers[best] & known]


def with_labels(files):
    "Of several CSV files those that have a column called labels, tags, Finding Labels or so."
    return [f for f in files if {norm(c) for c in header_of(f)} & LABEL_COLUMNS]


def _rank(header):
    "How much a header looks like that of a table of images."
    return 2 * bool(header & FILE_COLUMNS) + bool(header & LABEL_COLUMNS)
