"""Where the images of an annotation file are: by their path, or by what is left of it."""

import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

from ..pictures import IMAGE_SUFFIXES
from .locate import nfc, walk_files
from .options import opt


def name_parts(name):
    "The parts of a path or address, without drive, host, empty parts and dots."
    name = str(name).strip().replace("\\", "/")
    name = re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/]*|^[A-Za-z]:|^file:", "", name)
    return [o for o in name.split("/") if o not in ("", ".")]


class ImageFinder:
    "Finds the images of a data set below one folder, which is listed once and only if needed."

    def __init__(self, base):
        self.base, self.loose = Path(base), []
        self._by_name = self._by_stem = None
        if not self.base.is_dir():
            raise FileNotFoundError(f"The folder of the images, {self.base}, does not exist.")

    def _index(self):
        if self._by_name is None:
            self._by_name, self._by_stem = {}, {}
            for path in walk_files(self.base):
                name = path.rpartition("/")[2]
                self._by_name.setdefault(nfc(name), []).append(path)
                stem, suffix = os.path.splitext(name)
                if suffix.lower() in IMAGE_SUFFIXES:
                    self._by_stem.setdefault(nfc(stem).casefold(), []).append(path)

    def place(
        self,
        names,  # as the annotation file gives them
        sources,  # where each stands, for messages
        near=(),  # folders to look in first
        guesses=None,  # name -> other names it may have on disk
    ):  # list of names relative to the base; those not found are given back as they are
        "Where each image is. A file in two folders is refused unless one folder has them all."
        plain = [_posix(o) for o in names]
        for folder in dict.fromkeys([self.base, *map(Path, near)]):
            where = os.path.relpath(folder, self.base).replace(os.sep, "/")
            if where.startswith("..") or not folder.is_dir():
                continue
            if all(_is_there(str(folder), o) for o in plain):
                return [o if where == "." else f"{where}/{o}" for o in plain]
        self._index()
        found = [self._candidates(o, guesses) for o in names]
        prefixes = Counter(p for some, _ in found for p in {o[0] for o in some})
        full = [p for p, n in prefixes.items() if n == len(names)]
        near = [os.path.relpath(o, self.base).replace(os.sep, "/") for o in near]
        return [
            self._choose(name, source, some, loose, full, near)
            for name, source, (some, loose) in zip(names, sources, found)
        ]

    def _candidates(self, name, guesses):
        "Files with the longest common end, as (folder before it, path), and if it is a guess."
        parts = name_parts(name)
        if not parts or ".." in parts or "\0" in str(name):
            return [], False
        plain = name_parts(unquote("/".join(parts))) or parts
        for some in (parts, plain):
            if paths := self._by_name.get(nfc(some[-1])):
                return _longest(paths, some), some != parts
        for last in (parts[-1], *((guesses(parts[-1]) or ()) if guesses else ())):
            some = [*parts[:-1], last]
            if last != parts[-1] and (paths := self._by_name.get(nfc(last))):
                return _longest(paths, some), True
            stem, suffix = os.path.splitext(last)
            stem = stem if suffix.lower() in IMAGE_SUFFIXES else last
            if paths := self._by_stem.get(nfc(stem).casefold()):
                return _longest(paths, some), True
        return [], False

    def _choose(self, name, source, some, loose, full, near):
        if not some:
            return str(name)  # finish_table looks for names that differ more, or names what is near
        if len(some) > 1:
            inside = [o for o in some if o[0] in near] or [o for o in some if o[0] in full]
            some = inside if len(inside) == 1 else some
        if len(some) > 1:
            raise ValueError(
                f"{source}: {name} could be {some[0][1]} or {some[1][1]} in {self.base}. Pass the"
                f" folder that is meant: {opt('images', str(self.base / some[0][0]))}."
            )
        if loose or some[0][2] < len(name_parts(name)):
            self.loose.append((name, some[0][1]))
        return some[0][1]

    def notes(self):
        "A note on the images that were found under another name than the annotations give."
        if not self.loose:
            return []
        given, found = self.loose[0]
        more = "name was" if len(self.loose) == 1 else "names were"
        return [
            f"{len(self.loose)} image {more} matched to files of nearly that name (the first:"
            f" {given} is {found})."
        ]


def _is_there(folder, name):
    "Is a file below a folder under this very name?"
    if not name or name[0] == "/" or name[1:2] == ":" or ".." in name.split("/"):
        return False
    try:
        return os.path.isfile(f"{folder}/{name}")
    except (OSError, ValueError):
        return False


def _posix(name):
    return "/".join(o for o in str(name).strip().replace("\\", "/").split("/") if o != ".")


def _longest(paths, parts):
    "The paths that share most of their end with `parts`: (what is before, path, parts shared)."
    parts, best, kept = [nfc(o) for o in parts], 0, []
    for path in paths:
        own = path.split("/")
        n, most = 1, min(len(own), len(parts))
        while n < most and nfc(own[-n - 1]) == parts[-n - 1]:
            n += 1
        if n > best:
            best, kept = n, []
        if n == best:
            kept.append(("/".join(own[:-n]), path, n))
    return kept
