"""COCO: the categories of an image's annotations are its labels."""

from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from ..text import count
from .annotations import Parts, evidence, label_name, note_empty, recognised
from .json_files import load_json, without_gc

NAME = "coco"
LAYOUT = (
    "instances_train2017.json, _annotations.coco.json or another JSON file with images, annotations"
    " and categories, and the images"
)


def _is_coco(outline):
    if "annotations[].caption" in outline or {"root", "samples", "items"} & outline:
        return False
    images = {"images[].file_name", "images[].id"} <= outline
    return images or {"annotations[].image_id", "annotations[].category_id"} <= outline


def coco_files(path):
    "The COCO files of a folder; of two for one split, the one called instances counts."
    files = recognised(path, (".json",), _is_coco)
    files = [o for o in files if not o.name.lower().startswith("captions_")]
    if any(o.name.lower().startswith("instances_") for o in files):
        other = ("person_keypoints_", "stuff_", "panoptic_")
        files = [o for o in files if not o.name.lower().startswith(other)]
    return files


def recognise(path):
    "The names of the COCO files at a path as evidence, or None."
    return evidence(coco_files(Path(path)))


def _expect(data, path):
    "The lists of a COCO file, or an error that says what is missing."
    got = ", ".join(map(str, list(data)[:8])) if isinstance(data, dict) else type(data).__name__
    for key in ("images", "categories", "annotations"):
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise ValueError(
                f'{path} has no list "{key}" (it holds {got}); a COCO file has the lists images'
                " (id, file_name), categories (id, name) and annotations (image_id, category_id)."
            )
    return data["images"], data["categories"], data["annotations"]


def _ids(records, path, what, key):
    "id -> record, with an error for the first record that has no id or that of another."
    found = {}
    for i, o in enumerate(records, 1):
        if not isinstance(o, dict) or not isinstance(o.get("id"), (int, str)):
            raise ValueError(f'{path} {what} {i}: found {str(o)[:80]}; expected an "id".')
        if not isinstance(o.get(key), str) or not o[key].strip():
            raise ValueError(f'{path} {what} {i}: "{key}" is {o.get(key)!r}; expected a text.')
        if o["id"] in found:
            raise ValueError(
                f"{path} {what} {i}: the id {o['id']} is that of {found[o['id']][key]!r} too. Every"
                f" {what} needs an id of its own."
            )
        found[o["id"]] = o
    return found


def _categories(records, path):
    "id -> label, in the order of the ids."
    found = _ids(records, path, "category", "name")
    if all(isinstance(o, int) for o in found):
        found = dict(sorted(found.items()))
    names, by_name = {}, {}
    for i, o in found.items():
        name = label_name(o["name"], f"{path} category {i}")
        if name in by_name:
            raise ValueError(
                f"{path}: the categories {by_name[name]} and {i} are both called {name!r}. Rename"
                " one, or give both sets of annotations one id."
            )
        names[i], by_name[name] = name, i
    return names


def _labels(annotations, images, names, path):
    "image id -> its labels in the order of the annotations, and how many are crowds."
    labels, crowds = {i: {} for i in images}, 0
    for i, o in enumerate(annotations, 1):
        where = f"{path} annotation {i}"
        if not isinstance(o, dict) or "image_id" not in o or "category_id" not in o:
            raise ValueError(f"{where}: found {str(o)[:80]}; expected image_id and category_id.")
        image, category = o["image_id"], o["category_id"]
        if not isinstance(image, (int, str)) or image not in labels:
            raise ValueError(f'{where}: image_id is {image!r}, which no entry of "images" has.')
        if not isinstance(category, (int, str)) or category not in names:
            raise ValueError(
                f'{where}: category_id is {category!r}, which no entry of "categories" has'
                f" ({len(names)} there)."
            )
        labels[image][names[category]] = None
        crowds += bool(o.get("iscrowd"))
    return labels, crowds


def _part(data, file, split):
    "The rows of one file, its vocab, and notes."
    images, categories, annotations = _expect(data, file)
    images = _ids(images, file.name, "image", "file_name")
    names = _categories(categories, file.name)
    labels, crowds = _labels(annotations, images, names, file.name)
    rows = []
    for n, (i, o) in enumerate(images.items(), 1):
        skip = ("id", "fname", "labels", "file_name")
        more = {k: v for k, v in o.items() if k not in skip and not isinstance(v, (list, dict))}
        source = f"{file.name} image {n}"
        own = _own_split(o, source) or split
        base = {"fname": o["file_name"], "labels": list(labels[i]), "split": own}
        rows.append({**more, **base, "source": source})
    notes = [f"{count(crowds, 'crowd annotation')} counted as labels."] if crowds else []
    return rows, list(names.values()), notes


def _own_split(image, source):
    "The split in an image's own entry, as `to_coco` writes it."
    split = image.get("split")
    if split is not None and split not in ("train", "valid", "test"):
        raise ValueError(f"{source}: the split is {split!r}; write train, valid or test.")
    return split


@without_gc
def read_coco(
    path: PathLike,  # a COCO file, or a folder with one file for each split
    images: PathLike | None = None,  # what the file names are relative to; None: looked for
    vocab: Names | None = None,  # None: all categories, used or not, by id
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    name: str | None = None,  # None: the folder's name
    fractions: Sequence[float] = (0.6, 0.2, 0.2),  # shares of the splits, if no file says a split
    seed: int = 42,  # of that split
) -> ImageTable:  # an image without annotations has no label
    "Read COCO files: an image's labels are the categories of its annotations."
    parts = Parts(path, images)
    files = parts.files(coco_files, "COCO file", LAYOUT)
    parts.notes.append("COCO: an image's labels are the categories of its annotations.")
    seen: dict = {}
    for file in files:
        split = parts.split(file)
        if len(files) > 1 and split in seen:
            raise ValueError(
                f"{seen[split]} and {file} both hold {split or 'images of no split'}. Give the path"
                " of the one that you mean."
            )
        data = load_json(file)
        if len(files) > 1 and isinstance(data, dict) and "annotations" not in data:
            parts.notes.append(
                f"{file.name} has no annotations, so the labels of its images are unknown: they"
                " were left out."
            )
            continue
        seen[split] = file
        rows, names, notes = _part(data, file, split)
        last = file.stem.split("_")[-1]
        near = [parts.root / last, parts.root / "images" / last]
        parts.add(rows, file, names, near)
        parts.notes += [f"{file.name}: {o}" for o in notes]
    parts.notes += note_empty(parts.rows, "without an annotation")
    return parts.table(vocab, on_missing, name, fractions, seed)
