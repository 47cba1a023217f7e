"""What is in a folder, quickly: one scan, and a Path only for what is asked for."""

import os
from pathlib import Path

from ..pictures import IMAGE_SUFFIXES


def _scan(folder, wanted):
    "The sorted names of the entries that pass a test; none if the folder can't be read."
    try:
        with os.scandir(folder) as found:
            return sorted(o.name for o in found if wanted(o))
    except OSError:
        return []


def folders_in(
    folder,  # where to look
) -> list:  # of Path, sorted
    "The folders in a folder, without dot folders and __MACOSX; none if it can't be read."
    skip = "__MACOSX"
    names = _scan(folder, lambda o: o.name[0] != "." and o.name != skip and o.is_dir())
    return [Path(folder) / o for o in names]


def is_image_name(
    name: str,  # of a file
) -> bool:
    "Whether a file's name ends as an image's does."
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def image_stem(
    name: str,  # of a file
) -> str:  # without the ending, where it is an image's
    "A file's name without the ending of an image."
    return os.path.splitext(name)[0] if is_image_name(name) else name


def files_in(
    folder,  # where to look
    suffixes,  # in small letters, such as (".json",)
) -> list:  # of Path, sorted
    "The files in a folder that end so, without dot files; none if it can't be read."
    ends = tuple(suffixes)
    wanted = lambda o: o.name.lower().endswith(ends) and o.name[0] != "." and o.is_file()
    return [Path(folder) / o for o in _scan(folder, wanted)]
