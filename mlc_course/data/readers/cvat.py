"""CVAT for images 1.1: tags and shapes give an image its labels."""

from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from ..text import count
from .annotations import Parts, annotation_files, evidence, label_name, note_empty
from .json_files import head_of
from .splits import WORDS as SPLIT_WORDS
from .xml_files import load_xml, xml_root

NAME = "cvat"
LAYOUT = "annotations.xml as CVAT exports it ('CVAT for images 1.1'), and the images"
_SHAPES = {
    "tag",
    "box",
    "polygon",
    "polyline",
    "points",
    "ellipse",
    "cuboid",
    "skeleton",
    "mask",
}


def _is_cvat(file):
    return xml_root(file) == "annotations" and ("<image " in (h := head_of(file)) or "<meta>" in h)


def _files(path):
    return [o for o in annotation_files(path, (".xml",)) if _is_cvat(o)]


def recognise(path):
    "The names of the CVAT files at a path as evidence, or None."
    return evidence(_files(Path(path)))


def _vocab(root, path):
    "The label list of the task or project in its order; None if the file has none."
    names = []
    for o in root.iterfind("./meta/*/labels/label"):
        if o.findtext("parent"):  # a point of a skeleton
            continue
        names.append(label_name(o.findtext("name"), f"{path.name} label {len(names) + 1}"))
        if names[-1] in names[:-1]:
            raise ValueError(f"{path}: the label {names[-1]!r} is twice in the list of labels.")
    return names or None


def _split(image, file_split, source):
    "The split that the attribute subset says, or else the file."
    subset = image.get("subset")
    if subset is None or subset.strip().lower() in ("", "default"):
        return file_split
    if subset.strip().lower() not in SPLIT_WORDS:
        raise ValueError(f"{source}: the subset is {subset!r}; write train, valid or test.")
    return SPLIT_WORDS[subset.strip().lower()]


def _rows(root, file, split, vocab):
    "The rows of one file."
    rows, known, attributes = [], None if vocab is None else set(vocab), 0
    for n, image in enumerate(root.iterfind("image"), 1):
        source = f"{file.name} image {image.get('id', n)}"
        if not image.get("name"):
            raise ValueError(f"{source} has no attribute name, which is its file name.")
        labels = {}
        for shape in image:
            if shape.tag not in _SHAPES:
                continue
            label = label_name(shape.get("label"), f"{source}, {shape.tag}")
            if known is not None and label not in known:
                raise ValueError(
                    f"{source}: the label {label!r} is not in the list of labels at the top of"
                    f" {file}. Add it there, or correct it."
                )
            labels[label] = None
            attributes += shape.find("attribute") is not None
        where = _split(image, split, source)
        rows.append(dict(fname=image.get("name"), labels=list(labels), split=where, source=source))
    return rows, attributes


def read_cvat(
    path: PathLike,  # annotations.xml, or its folder
    images: PathLike | None = None,  # what the image names are relative to; None: looked for
    vocab: Names | None = None,  # None: all labels of the task or project, in its order
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    name: str | None = None,  # None: the folder's name
    fractions: Sequence[float] = (
        0.6,
        0.2,
        0.2,
    ),  # share of train, valid and test, if no subset says a split
    seed: int = 42,  # of that split
) -> ImageTable:  # an image without tags and shapes has no label
    "Read CVAT's XML for images: the labels of tags, boxes and other shapes."
    parts = Parts(path, images)
    files = parts.files(_files, "CVAT file", LAYOUT)
    parts.notes.append("CVAT: an image's labels are those of its tags and shapes.")
    attributes = 0
    for file in files:
        root = load_xml(file)
        if root.tag != "annotations" or root.find("track") is not None:
            what = "CVAT for video, with tracks" if root.tag == "annotations" else f"<{root.tag}>"
            raise ValueError(f"{file} is {what}; export it as 'CVAT for images 1.1'.")
        own = _vocab(root, file)
        rows, some = _rows(root, file, parts.split(file), own)
        attributes += some
        subsets = {o.get("subset") for o in root.iterfind("image")} - {None}
        near = [parts.root / "images", *(parts.root / "images" / o for o in sorted(subsets))]
        parts.add(rows, file, own, near)
    if attributes:
        parts.notes.append(f"Attributes of {count(attributes, 'label')} are not read.")
    parts.notes += note_empty(parts.rows, "without a tag or shape")
    return parts.table(vocab, on_missing, name, fractions, seed)
