"""What the readers share: columns, cells, and the end of every reader."""

import json
import os
import unicodedata
from pathlib import Path

from ..table import ImageTable, safe_name
from ..text import count
from .csv_files import header_of, read_csv_rows, read_text
from .locate import existing, find_image_root, match_files, plain_path
from .options import opt

__all__ = [
    "alike", "count", "find_column", "find_image_root", "finish_table", "header_of",
    "merge_duplicates", "need_column", "read_csv_rows", "read_json_file", "read_text",
    "read_truth", "split_labels",
]  # fmt: skip


def find_column(df, path, *names):
    "The column that has one of these names, in any case; None if none has, an error if two have."
    found = [c for c in df.columns if c.lower() in names]
    if len(found) > 1:
        raise ValueError(
            f"{Path(path).name}: the columns {' and '.join(found)} could both be meant; keep one"
            f" of them."
        )
    return found[0] if found else None


def need_column(df, path, *names):
    "As `_column`, but its absence is an error that lists the columns found."
    found = find_column(df, path, *names)
    if found is None:
        raise ValueError(
            f"{Path(path).name} has no column {' or '.join(names)}; it has"
            f" {', '.join(df.columns)}. Rename the column in row 1 of {path}."
        )
    return found


def split_labels(cell, sep=None):
    "The names in a cell; None separates at white space. An empty cell has none."
    names = (o.strip() for o in (cell.split() if sep is None else cell.split(sep)))
    return list(dict.fromkeys(unicodedata.normalize("NFC", o) for o in names if o))


def read_truth(cell, source, column="is_valid"):
    "True or False from a cell of a column such as is_valid."
    value = cell.strip().lower()
    if value in ("true", "1", "1.0", "yes", "y", "t"):
        return True
    if value in ("false", "0", "0.0", "no", "n", "f"):
        return False
    raise ValueError(
        f"{source}: {column} is {cell!r}; write True or False (1, 0, yes and no are understood"
        f" too)."
    )


def merge_duplicates(df, conflict="error"):
    """One row per file name. Rows that agree are merged; rows that don't are an error that names
    both.
    """
    seen, keep, repeats = {}, [], []
    for i, (fname, labels, split, source) in enumerate(
        zip(df["fname"], df["labels"], df["split"], df["source"])
    ):
        if fname not in seen:
            seen[fname] = (labels, split, source)
            keep.append(i)
            continue
        labels0, split0, source0 = seen[fname]
        if conflict == "error" and (set(labels) != set(labels0) or split != split0):
            raise ValueError(
                f"{source0} and {source} both describe {fname} and disagree: {labels0} in"
                f" {split0}, and {labels} in {split}. Correct or remove one of the two rows."
            )
        repeats.append(f"{source} repeats {source0}")
    notes = (
        [f"{count(len(repeats), 'duplicate row')} merged (the first: {repeats[0]})."]
        if repeats
        else []
    )
    return df.iloc[keep], notes


def alike(names):
    "Groups of label names that differ in capitals, spaces or punctuation only."
    groups = {}
    for name in names:
        key = "".join(o for o in unicodedata.normalize("NFKC", name).casefold() if o.isalnum())
        groups.setdefault(key or name, []).append(name)
    return [o for o in groups.values() if len(o) > 1]


def _alike_note(table):
    "The note about labels that are spelled alike, if there are any."
    groups = alike(table.vocab)
    if not groups:
        return []
    some = "; ".join(" / ".join(o) for o in groups[:5])
    return [f"Labels spelled alike are kept apart: {some}{'; ...' * (len(groups) > 5)}."]


def _name_or_error(fname, source, root):
    "A relative posix path; an absolute one stays as it is, to be looked for."
    name = str(fname).strip().replace("\\", "/")
    name = name.removeprefix(f"{root.as_posix().rstrip('/')}/")
    return name if name and plain_path(name)[1] and "\0" not in name else safe_name(name, source)


def _missing_error(gone, near, doubt, df, root):
    "The sentence about images that aren't there, with what is there instead."
    first, source = gone[0]
    if first in doubt:
        both = " and ".join(doubt[first][:2])
        return ValueError(
            f"{source}: {first} is in more than one folder: {both}. Write the folder into the "
            f"table, as in {doubt[first][0]}, or give the right folder: {opt('images', 'FOLDER')}."
        )
    pairs = [(name, near[name]) for name, _ in gone if name in near][:5]
    hint = "".join(f" {file} is there; did you mean that by {name}?" for name, file in pairs)
    what = f"{len(gone)} of {len(df)} images missing in {root} (the first: {first}, {source})"
    rest = (
        f", or pass {opt('on_missing', 'drop')} to leave such rows out."
        if len(gone) < len(df)
        else f", or give the right folder: {opt('images', 'FOLDER')}."
    )
    return FileNotFoundError(
        f"{source}: there is no image {root / first}. {what}.{hint} Restore them{rest}"
    )


def _find_files(df, root):
    "The rows with the names of files on disk; rows without one; what could be meant; notes."
    where = Path(os.path.abspath(root))
    names = [_name_or_error(f, s, where) for f, s in zip(df["fname"], df["source"])]
    inside = [o for o in dict.fromkeys(names) if not plain_path(o)[1]]
    disk = {**dict.fromkeys(names), **dict(zip(inside, existing(root, inside)))}
    lost = [(n, s) for n, s in zip(names, df["split"]) if disk[n] is None]
    found, near, notes, doubt = {}, {}, [], {}
    if lost:
        taken = set(disk.values())
        found, near, notes, doubt = match_files(root, *zip(*lost), taken)
    for name, source in zip(names, df["source"]):
        if disk[name] is None and name not in found:
            if name not in doubt:
                safe_name(name, source)  # an absolute path that fits nothing is refused as such
    files = [disk[o] or found.get(o) or o for o in names]
    here = {disk[o] or found.get(o) for o in names}
    return df.assign(fname=files), here, near, doubt, notes


def finish_table(df, root, vocab, name, on_missing, notes=()):
    "What every reader ends with: safe names, one row per image, every image there."
    if on_missing not in ("error", "drop"):
        raise ValueError(f"on_missing is {on_missing!r}; use 'error' or 'drop'.")
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"The folder of the images, {root}, does not exist.")
    df, here, near, doubt, found = _find_files(df, root)
    df, merged = merge_duplicates(df)
    gone = [(f, s) for f, s in zip(df["fname"], df["source"]) if f not in here]
    notes = [*notes, *found, *merged]
    if gone:
        gone.sort(key=lambda o: o[0] not in doubt)
        if on_missing == "error" or len(gone) == len(df) or gone[0][0] in doubt:
            raise _missing_error(gone, near, doubt, df, root)
        missing = {f for f, _ in gone}
        notes.append(
            f"{len(gone)} of {len(df)} images missing in {root} (the first: {gone[0][0]},"
            f" {gone[0][1]}): their rows were dropped."
        )
        df = df[[f not in missing for f in df["fname"]]]
    first = ["fname", "labels", "split"]
    columns = [*first, *(c for c in df.columns if c not in (*first, "source")), "source"]
    table = ImageTable(df[columns], root, vocab, name, notes)
    extra = _alike_note(table)
    return table.with_notes(*extra) if extra else table


def read_json_file(path):
    "A JSON file; a damaged one is an error that names row and column."
    try:
        return json.loads(read_text(Path(path), "utf-8-sig"))
    except json.JSONDecodeError as e:
        raise ValueError(
            f"{path} row {e.lineno}, column {e.colno}: not valid JSON ({e.msg}). The file is"
            f" damaged or cut off: fetch it again."
        ) from None
