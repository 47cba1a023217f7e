"""PASCAL VOC as it is published: an XML file for each image, and lists of names for the splits."""

from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from ..text import count
from .annotations import (
    Parts,
    evidence,
    label_name,
    note_empty,
    safe_dirs,
    split_of_file,
)
from .common import read_text
from .json_files import head_of
from .listing import files_in
from .options import opt
from .xml_files import load_xml, xml_root

NAME = "voc_xml"
LAYOUT = "Annotations/*.xml, JPEGImages/ and ImageSets/Main/train.txt, val.txt and test.txt"


def _is_voc(file):
    head = head_of(file)
    return xml_root(file) == "annotation" and any(
        o in head for o in ("<object>", "<filename>", "<size>")
    )


def _xml_folders(path):
    "The folders at a path that hold XML files of the VOC form."
    below = safe_dirs(path)
    found = []
    for folder in [path, *below, *(e for d in below for e in safe_dirs(d))]:
        first = next(iter(files_in(folder, (".xml",))), None)
        if first is not None and _is_voc(first):
            found.append(folder)
    return found


def recognise(path):
    "A file or the folders with XML files of the VOC form as evidence, or None."
    path = Path(path)
    if path.is_file():
        return path.name if path.suffix.lower() == ".xml" and _is_voc(path) else None
    return evidence(_xml_folders(path)) if path.is_dir() else None


def _lists(folder):
    "Stem of an image -> its split, by the lists in ImageSets/Main; None without lists."
    main = folder.parent / "ImageSets" / "Main"
    files = {o: main / f"{o}.txt" for o in ("train", "val", "trainval", "test")}
    files = {o: f for o, f in files.items() if f.is_file()}
    if "train" in files and "val" in files:
        files.pop("trainval", None)
    elif "trainval" in files:  # what val.txt doesn't name
        files.pop("train", None)
        files = {"trainval": files.pop("trainval"), **files}
    if not files:
        return None
    found, where = {}, {}
    for word, file in files.items():
        split = {"train": "train", "trainval": "train", "val": "valid", "test": "test"}[word]
        for i, line in enumerate(read_text(file, "utf-8-sig").splitlines(), 1):
            stem = line.split()[0] if line.split() else None
            if stem is None:
                continue
            if found.get(stem, split) != split and not (word == "val" and "trainval" in files):
                raise ValueError(
                    f"{file.name} row {i} names {stem}, and so does {where[stem]}. An image is in"
                    " one split: remove one of the two."
                )
            found[stem], where[stem] = split, f"{file.name} row {i}"
    return found


def _labels(root, source, difficult):
    "The names of an image's objects, and how many of them are difficult."
    labels, hard = {}, 0
    for i, o in enumerate(root.iterfind("object"), 1):
        marked = (o.findtext("difficult") or "0").strip() not in ("0", "")
        hard += marked
        label = label_name(o.findtext("name"), f"{source}, object {i}")
        if not (marked and difficult == "drop"):
            labels[label] = None
    return list(labels), hard


def _row(file, base, difficult, lists):
    "The row of one XML file, how many of its objects are difficult, and its <filename>."
    root = load_xml(file)
    source = f"{file.parent.name}/{file.name}"
    if root.tag != "annotation":
        raise ValueError(f"{file} begins with <{root.tag}>; expected <annotation>, as VOC has it.")
    labels, hard = _labels(root, source, difficult)
    fname = (root.findtext("filename") or "").strip()
    given = fname
    if not fname or Path(fname).stem != file.stem:  # copied files often keep an old <filename>
        fname = file.stem
    split = lists.get(file.stem) if lists else split_of_file(file.parent / "-", base)
    return dict(fname=fname, labels=labels, split=split, source=source), hard, {fname: [given]}


def read_voc_xml(
    path: PathLike,  # the folder that holds Annotations/ (such as VOC2007), or one XML file
    images: PathLike | None = None,  # None: JPEGImages/, or beside the XML files
    vocab: Names | None = None,  # None: the names of all objects
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    name: str | None = None,  # None: the folder's name
    difficult: str = "keep",  # or "drop": objects marked difficult give no label
    fractions: Sequence[float] = (
        0.6,
        0.2,
        0.2,
    ),  # share of train, valid and test, if no list says the split
    seed: int = 42,  # of that split
) -> ImageTable:  # splits as in ImageSets/Main, or by the folders train/, valid/ and test/
    "Read PASCAL VOC's XML files: the names of an image's objects are its labels."
    if difficult not in ("keep", "drop"):
        raise ValueError(f"difficult is {difficult!r}; use 'keep' or 'drop'.")
    parts, hard, unlisted = Parts(path, images), 0, 0
    folders = [parts.path.parent] if parts.path.is_file() else _xml_folders(parts.path)
    if not folders:
        raise FileNotFoundError(f"There is no XML file of the VOC form in {path}.")
    parts.notes.append("PASCAL VOC: an image's labels are the names of its objects.")
    for folder in folders:
        files = sorted(o for o in folder.glob("*.xml") if o.name[0] != ".")
        if parts.path.is_file():
            files = [parts.path]
        lists = None if parts.path.is_file() else _lists(folder)
        listed = [o for o in files if lists is None or o.stem in lists]
        unlisted += len(files) - len(listed)
        read = [_row(o, parts.base, difficult, lists) for o in listed]
        hard += sum(n for _, n, _ in read)
        given = {k: v for _, _, names in read for k, v in names.items() if v != [""]}
        near = [folder.parent / "JPEGImages", folder.parent / "images", folder.parent]
        parts.add([row for row, _, _ in read], folder / "-", None, near, given.get)
    if unlisted:
        parts.notes.append(f"{count(unlisted, 'XML file')} in no list of ImageSets/Main left out.")
    if hard:
        other = "drop" if difficult == "keep" else "keep"
        said = "count as labels" if difficult == "keep" else "give no label"
        parts.notes.append(
            f"{count(hard, 'object')} marked difficult {said}; {opt('difficult', other)} does the"
            " other."
        )
    parts.notes += note_empty(parts.rows, "without an object")
    return parts.table(vocab, on_missing, name, fractions, seed)
