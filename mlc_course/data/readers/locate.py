"""Where the images are: file names of a table matched with files on disk, in one walk."""

import os
import re
import unicodedata
from bisect import bisect_left
from pathlib import Path
from urllib.parse import unquote

from ..pictures import IMAGE_SUFFIXES
from .listing import image_stem

SIDE_FOLDERS = {
    "annotations", "annotation", "labels", "label", "csv", "csvs", "meta", "metadata", "splits",
    "imagesets", "lists", "tables",
}  # fmt: skip
SPLIT_WORDS = {
    "train": {"train", "training"},
    "valid": {"valid", "val", "validation", "dev"},
    "test": {"test", "testing"},
}


def nfc(text):
    "Text with every accent in its composed form."
    return unicodedata.normalize("NFC", text)


def _skipped(name):
    return name[0] == "." or name == "__MACOSX"


def walk_files(root):
    "Every file below a folder as a posix path relative to it, sorted; dot files are passed over."
    found, todo, seen = [], [("", str(root))], {os.path.realpath(root)}
    while todo:
        prefix, folder = todo.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if _skipped(entry.name):
                continue
            if not entry.is_dir():
                found.append(prefix + entry.name)
                continue
            real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
            if real not in seen:
                seen.add(real)
                todo.append((prefix + entry.name + "/", entry.path))
    return sorted(found)


def existing(root, names):
    "The name under which each file exists (accents may be stored in two ways), or None."
    root, listing = str(root), {}
    out = []
    for name in names:
        folder, _, base = name.rpartition("/")
        if folder not in listing:
            listing[folder] = _files_in(os.path.join(root, folder))
        found = listing[folder].get(nfc(base))
        out.append(None if found is None else f"{folder}/{found}" if folder else found)
    return out


def _files_in(folder):
    "NFC name -> name of every file in a folder."
    for form in dict.fromkeys((folder, nfc(folder), unicodedata.normalize("NFD", folder))):
        try:
            return {nfc(o.name): o.name for o in os.scandir(form) if o.is_file()}
        except OSError:
            continue
    return {}


def plain_path(name):
    "The path that a cell means, without scheme, drive and dots; and whether it was absolute."
    path = name.strip().replace("\\", "/")
    url = re.match(r"[A-Za-z][\w+.-]*://([^?#]*)", path)
    absolute = (
        path.startswith("/")
        or bool(url)
        or bool(re.match("[A-Za-z]:", path))
        or ".." in path.split("/")
    )
    path = url[1] if url else re.sub(r"^[A-Za-z]:", "", path)
    return "/".join(o for o in path.split("/") if o not in ("", ".", "..")), absolute


def _bare(base):
    return image_stem(nfc(unquote(base)).casefold())


FORMS = {  # how a name may differ from the file's: what it is called, and the key that stays equal
    "in another folder": nfc,
    "with escapes": lambda base: nfc(unquote(base)),
    "in another case": lambda base: nfc(unquote(base)).casefold(),
    "whatever the extension": _bare,
    "without leading zeros": lambda base: re.sub(
        r"\d+", lambda m: m[0].lstrip("0") or "0", re.sub(r"(?<=\d)\.0$", "", _bare(base))
    ),
}


def _common_tail(a, b):
    "How many parts at the end of two paths are equal."
    pairs = zip(reversed(a.casefold().split("/")[:-1]), reversed(b.casefold().split("/")[:-1]))
    n = 0
    for x, y in pairs:
        if x != y:
            break
        n += 1
    return n


def _fits(path, file, absolute):
    "May this file be what the path means, as far as their folders say?"
    depth = min(path.count("/"), file.count("/"))
    return absolute or _common_tail(path, file) >= depth


class Matcher:
    "Finds the file that a name means, among the images below a folder."

    def __init__(self, root):
        self.files = [f for f in walk_files(root) if _looks(f)]
        self.keys, self.stems, self.ends = {}, None, {}

    def _index(self, form):
        if form not in self.keys:
            index = self.keys[form] = {}
            for file in self.files:
                index.setdefault(FORMS[form](file.rpartition("/")[2]), []).append(file)
        return self.keys[form]

    def find(self, name, split=None):
        "(files, form): one file if it is clear, several if not, none if there is nothing alike."
        path, absolute = plain_path(name)
        base, near = path.rpartition("/")[2], []
        for form in FORMS:
            files = self._index(form).get(FORMS[form](base), [])
            fit = [f for f in files if _fits(path, f, absolute)]
            if len(fit) > 1:
                tails = [_common_tail(path, f) for f in fit]
                fit = [f for f, n in zip(fit, tails) if n == max(tails)]
            if len(fit) > 1 and split:
                words = SPLIT_WORDS[split]
                fit = [
                    f
                    for f in fit
                    if words & set(re.split(r"[^a-z]+", f.lower().rpartition("/")[0]))
                ] or fit
            if fit:
                return fit, form
            near = near or files[:1]
        return [], near[0] if near else self._longer(base)

    def _longer(self, base):
        "A file whose name begins with a name that isn't there, or ends with it; None if none does."
        key = FORMS["without leading zeros"](base)
        if not key.strip(" ._-"):
            return None
        if self.stems is None:
            form = FORMS["without leading zeros"]
            self.stems = sorted((form(f.rpartition("/")[2]), f) for f in self.files)
            self.ends = {re.split(r"[_\-. ]", s)[-1]: f for s, f in reversed(self.stems)}
        for mark in "_-. ":
            at = bisect_left(self.stems, (key + mark, ""))
            if at < len(self.stems) and self.stems[at][0].startswith(key + mark):
                return self.stems[at][1]
        return self.ends.get(key)


def _looks(file):
    suffix = os.path.splitext(file)[1].lower()
    return suffix in IMAGE_SUFFIXES or not suffix


def match_files(
    root,  # the folder of the images
    names,  # the names that aren't there as they stand
    splits,  # the split of each, which decides between equal names in train/ and test/
    taken,  # files that other rows name already
):  # (name -> file, name -> suggestion, notes, name -> files that it could be)
    "What names mean that aren't files as they stand: another folder, case, extension, lost zeros."
    matcher, found, near, doubt, forms = Matcher(root), {}, {}, {}, {}
    for name, split in dict(zip(names, splits)).items():
        files, form = matcher.find(name, split)
        if len(files) == 1 and files[0] not in taken:
            found[name] = files[0]
            forms.setdefault(form, []).append(name)
        elif len(files) > 1:
            doubt[name] = files
        elif form and not files:
            near[name] = form
    owners = {}
    for name, file in found.items():
        owners.setdefault(file, []).append(name)
    for file, both in owners.items():
        if len(both) > 1 and len({plain_path(o)[0].casefold() for o in both}) > 1:
            for name in both:
                del found[name]
                near[name] = file
    notes = []
    for form, members in forms.items():
        members = [o for o in members if o in found]
        if members:
            names = "1 name" if len(members) == 1 else f"{len(members):,} names"
            notes.append(f"{names} found {form}, such as {members[0]}: {found[members[0]]}.")
    return found, near, notes, doubt


def _folders(folder):
    "A folder and its folders, two levels down."
    below = _folders_in(folder)
    return [folder, *below, *(e for d in below for e in _folders_in(d))]


def _folders_in(folder):
    "The folders in a folder, sorted; none if it can't be read."
    try:
        found = sorted(o.name for o in os.scandir(folder) if o.is_dir() and not _skipped(o.name))
    except OSError:
        return []
    return [folder / o for o in found]


def _sample(names, n=50):
    "Names from all over a list."
    names = list(names)
    return names if len(names) <= n else [names[i * len(names) // n] for i in range(n)]


def _hits(folder, names, split):
    "How many names exist in a folder; half a one more if it is called like the split."
    n = sum(o is not None for o in existing(folder, names))
    named = split and SPLIT_WORDS[split] & set(re.split(r"[^a-z]+", folder.name.lower()))
    return n + 0.5 * bool(named and n)


def find_image_root(
    folder,  # where to look: here, and below
    names,  # file names that the annotations give
    split=None,  # of two folders that fit equally, the one that is called like this split
):  # the folder below which the names exist; `folder` if they are in several or none
    "Where the images are."
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder {folder} does not exist.")
    names = [plain_path(str(o))[0] for o in _sample(names)]
    scores = {d: _hits(d, names, split) for d in _folders(folder)}
    best = max(scores, key=scores.get)
    hits = scores[best]
    equal = [d for d in scores if scores[d] == hits]
    if hits >= len(names) and (len(equal) == 1 or best == folder):
        return best
    if hits > 0 and len(equal) > 1 and best != folder:
        return folder  # the names are in two folders: the matcher asks, or the split decides
    matcher = Matcher(folder)
    wide = sum(len(matcher.find(o, split)[0]) == 1 for o in names)
    if not wide and hits <= 0 and folder.name.lower() in SIDE_FOLDERS:
        return find_image_root(folder.resolve().parent, names, split)
    return folder if wide > hits else best
