"The tables of a folder, and the files of its splits."

from pathlib import Path

from .columns import likely_tables
from .listing import files_in, folders_in
from .locate import SIDE_FOLDERS
from .splits import WORDS, file_split, file_stem

TABLES = (".csv", ".tsv", ".txt")


def table_files(path):
    "The CSV files of a folder (or of annotations/ in it) that can hold a table of images."
    path = Path(path)
    for folder in (path, *(d for d in _side_folders(path))):
        files = [f for f in files_in(folder, TABLES[:2]) if _is_table(f)]
        if files:
            return likely_tables(files) or files
    return []


def folder_files(path):
    "train/_classes.csv, valid/_classes.csv ... as split -> file: a table in each split's folder."
    found = {}
    for d in folders_in(path):
        split = WORDS.get(d.name.lower())
        tables = [f for f in files_in(d, TABLES[:2]) if _is_table(f)] if split else []
        files = likely_tables(tables)
        if files:
            found.setdefault(split, []).extend(files)
    fits = "train" in found and all(len(o) == 1 for o in found.values())
    return {s: o[0] for s, o in found.items()} if fits else {}


def _side_folders(path):
    return [d for d in folders_in(path) if d.name.lower() in SIDE_FOLDERS]


def _is_table(file):
    "Is a CSV file something else than a competition's example of an answer?"
    return not file.name.lower().startswith(("sample_submission", "samplesubmission"))


def split_files(files):
    "train.csv, val.csv, test.csv ... as split -> file; empty if the files aren't such a set."
    sets = {}
    for f in files:
        if file_split(f):
            sets.setdefault(file_stem(f), {}).setdefault(file_split(f), []).append(f)
    full = [o for o in sets.values() if "train" in o and all(len(v) == 1 for v in o.values())]
    return {s: v[0] for s, v in full[0].items()} if len(full) == 1 else {}
