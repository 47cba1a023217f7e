"""Lists of file names beside a table that say the splits, such as NIH's test_list.txt."""

import re

from .common import read_text
from .listing import files_in, image_stem
from .options import opt
from .splits import WORDS


def _split_of_list(file):
    "The split that a list's name stands for (train_val_list.txt is train), or None."
    parts = re.split(r"[^a-z]+", file.stem.lower())
    found = {WORDS[o] for o in parts if o in WORDS}
    return "train" if found == {"train", "valid"} else found.pop() if len(found) == 1 else None


def _stem(name):
    "A file name without folders and the ending of an image."
    return image_stem(name.strip().replace("\\", "/").rpartition("/")[2])


def _names_in(file):
    "The names in a list, one a line; none if it is no such list."
    try:
        lines = [o.strip() for o in read_text(file).splitlines() if o.strip()]
    except (OSError, ValueError):
        return []
    return lines if not any(set(" ,;\t") & set(o) for o in lines) else []


def _lists(folder):
    "(file, split, names) of the lists in a folder; of train, val and trainval only the first two."
    found = [(f, _split_of_list(f), _names_in(f)) for f in files_in(folder, (".txt",))]
    found = [o for o in found if o[1] and o[2]]
    if {"train", "valid", "test"} <= {s for _, s, _ in found}:

        def both(stem):
            return "trainval" in stem or {"train", "val"} <= set(re.split(r"[^a-z]+", stem))

        found = [o for o in found if not both(o[0].stem.lower())]
    return found


def listed_split(
    folder,  # the folder of the table
    fnames,  # the names of the images in the table
    sources,  # where each is, for messages
):  # (the split of each row, or None; notes)
    "The splits by lists of names beside a table; a list that leaves rows out is an error."
    lists = _lists(folder)
    if len({s for _, s, _ in lists}) < 2:
        return None, []
    split, where = {}, {}
    for file, word, names in lists:
        for name in map(_stem, names):
            if split.setdefault(name, word) != word:
                raise ValueError(
                    f"{name} is in {where[name]} and in {file.name}. An image is in one split:"
                    f" correct the lists, or pass {opt('split_column', 'none')} to split anew."
                )
            where.setdefault(name, file.name)
    found = [split.get(_stem(o)) for o in fnames]
    lost = [i for i, o in enumerate(found) if o is None]
    if len(lost) > len(found) / 2 or len(set(found) - {None}) < 2:
        return None, []  # lists of something else
    said = " and ".join(f.name for f, _, _ in lists)
    if lost:
        raise ValueError(
            f"{sources[lost[0]]}: {fnames[lost[0]]} and {len(lost) - 1} others are in none of the"
            f" lists {said} beside the table. Add them, remove the rows, or pass"
            f" {opt('split_column', 'none')} to split anew."
        )
    return found, [f"Splits are in the lists {said}."]
