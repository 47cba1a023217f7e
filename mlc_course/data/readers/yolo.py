"""YOLO: data.yaml with the names, images/, and labels/ with a text file for each image."""

import re
from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..pictures import IMAGE_SUFFIXES
from ..table import ImageTable
from .annotations import Parts, evidence, label_name, note_empty
from .cell_lists import NotAList, read_list
from .common import read_text
from .json_files import head_of
from .locate import walk_files

NAME = "yolo"
LAYOUT = "YOLO: data.yaml (names, train, val) or classes.txt, images/ and labels/*.txt"


def _yaml(text):
    "The keys at the left of a simple YAML file: a text, or a list of what is indented below."
    found, key = {}, None
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        if not line.strip():
            continue
        top = re.match(r"([\w.-]+)\s*:\s*(.*)$", line)
        if top:
            key = top[1]
            found[key] = top[2] or []
        elif key is not None and isinstance(found[key], list):
            found[key].append(line.strip())
        elif key is not None:
            found[key] += " " + line.strip()  # a list in brackets over several rows
    return found


def _bare(text):
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _names(value, file):
    "The names of the classes in order, from a list or from numbers and names."
    if isinstance(value, str) and value.startswith("["):
        try:
            return read_list(value)
        except NotAList as e:
            raise ValueError(f"{file}: names can't be read: {e}.") from None
    entries = value.strip("{} ").split(",") if isinstance(value, str) else value
    listed = [_bare(o[1:]) for o in entries if o[:1] == "-"]
    if listed and len(listed) == len(entries):
        return listed
    pairs = [re.fullmatch(r"\s*['\"]?(\d+)['\"]?\s*:\s*(.+)", o) for o in entries]
    if not pairs or not all(pairs) or sorted(int(o[1]) for o in pairs) != list(range(len(pairs))):
        raise ValueError(
            f"{file}: names is {str(value)[:80]!r}; expected a list, or numbers from 0 with names."
        )
    return [_bare(o[2]) for o in sorted(pairs, key=lambda o: int(o[1]))]


def _is_yolo(file):
    text = head_of(file)
    return bool(re.search(r"(?m)^names\s*:", text) and re.search(r"(?m)^(train|val)\s*:", text))


def _file(path):
    "data.yaml, or classes.txt beside labels/; None if there is neither."
    if path.is_file():
        return path if path.suffix.lower() in (".yaml", ".yml") and _is_yolo(path) else None
    if not path.is_dir():
        return None
    found = [o for o in sorted(path.glob("*.y*ml")) if o.name[0] != "." and _is_yolo(o)]
    classes = path / "classes.txt"
    if not found and classes.is_file() and (path / "labels").is_dir():
        return classes
    return found[0] if len(found) == 1 else None


def recognise(path):
    "The name of data.yaml (or classes.txt) as evidence, or None."
    file = _file(Path(path))
    return evidence([file]) if file else None


def _folder(value, base, where):
    "The folder that a split's entry means: relative to the file, or by its last parts."
    value = _bare(value)
    parts = [o for o in value.replace("\\", "/").split("/") if o not in ("", ".", "..")]
    for start in (Path(value), base / value, base / _bare(where) / value):
        if start.is_dir() and base in (start.resolve(), *start.resolve().parents):
            return start.resolve()
    for n in range(len(parts), 0, -1):
        if base.joinpath(*parts[-n:]).is_dir():
            return base.joinpath(*parts[-n:])
    raise FileNotFoundError(f"There is no folder {value} in {base}, which should hold the images.")


def _splits(data, base):
    "(split, folder of images) for each split that the file names."
    found = []
    for key, split in (("train", "train"), ("val", "valid"), ("test", "test")):
        value = data.get(key) or []
        value = value.strip("[] ").split(",") if isinstance(value, str) else value
        for o in (v.lstrip("- ") for v in value):
            if o.endswith(".txt"):
                raise ValueError(f"{key} is {o}, a list of files; give the folder of the images.")
            if _bare(o) not in ("", "null", "~"):
                found.append((split, _folder(o, base, str(data.get("path") or ""))))
    return found


def _classes_of(file, names):
    "The names of the classes in a label file."
    labels = {}
    for i, line in enumerate(read_text(file, "utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        first = line.split()[0]
        if not first.isdecimal() or int(first) >= len(names):
            raise ValueError(
                f"{file.parent.name}/{file.name} row {i} begins with {first!r}; expected the number"
                f" of a class, from 0 to {len(names) - 1}."
            )
        labels[names[int(first)]] = None
    return list(labels)


def _rows(split, folder, base, names):
    "The rows of the images in a folder, and how many have no label file."
    rows, without = [], 0
    for name in walk_files(folder):
        image = folder / name
        if image.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        fname = image.relative_to(base).as_posix()
        parts = fname.rsplit("/", 1)[0].split("/") if "/" in fname else []
        at = max((i for i, o in enumerate(parts) if o == "images"), default=None)
        parts = parts if at is None else [*parts[:at], "labels", *parts[at + 1 :]]
        file = base.joinpath(*parts, image.stem + ".txt")
        without += not file.is_file()
        labels = _classes_of(file, names) if file.is_file() else []
        rows.append(dict(fname=fname, labels=labels, split=split, source=fname))
    return rows, without


def read_yolo(
    path: PathLike,  # data.yaml, or its folder
    vocab: Names | None = None,  # None: the names in the order of their numbers
    on_missing: str = "error",  # has no use here, as the images are what is read
    name: str | None = None,  # None: the folder's name
    fractions: Sequence[float] = (
        0.6,
        0.2,
        0.2,
    ),  # share of train, valid and test, with classes.txt
    seed: int = 42,  # of that split
) -> ImageTable:  # an image without boxes, or without a label file, has no label
    "Read YOLO's folders: an image's labels are the classes of its boxes."
    parts = Parts(path)
    file, base = _file(parts.path), parts.base.resolve()
    if file is None:
        raise FileNotFoundError(f"There is no data.yaml with names, train and val in {path}.")
    if file.suffix == ".txt":
        names = [o.strip() for o in read_text(file, "utf-8-sig").splitlines() if o.strip()]
        places = [(None, base / "images" if (base / "images").is_dir() else base)]
    else:
        data = _yaml(read_text(file, "utf-8-sig"))
        names, places = _names(data.get("names", []), file), _splits(data, base)
    names = [label_name(o, f"{file.name} class {i}") for i, o in enumerate(names)]
    if len(set(names)) < len(names):
        raise ValueError(f"{file}: two classes have the same name. Rename one of the two.")
    without = 0
    for split, folder in places:
        rows, some = _rows(split, folder, base, names)
        parts.rows += rows
        without += some
    parts.vocabs = [names]
    parts.notes.append("YOLO: an image's labels are the classes of its boxes.")
    parts.notes += note_empty(parts.rows, f"without a box ({without} without a label file)")
    return parts.table(vocab, on_missing, name, fractions, seed)
