"""FiftyOne's exports: samples.json, and labels.json with classes and labels."""

from pathlib import Path

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from .annotations import (
    Parts,
    evidence,
    label_name,
    note_empty,
    recognised,
    unknown_images,
)
from .json_files import load_json, without_gc
from .options import opt
from .splits import WORDS as SPLIT_WORDS

NAME = "fiftyone"
LAYOUT = "FiftyOne's export: samples.json, or labels.json (classes, labels), and data/"
_LISTS = {"Classifications": "classifications", "Detections": "detections"}
_LISTS |= {"Polylines": "polylines", "Keypoints": "keypoints"}
_KINDS = {"Classification", *_LISTS}


def _is_samples(outline):
    return "samples[].filepath" in outline


def _is_labels(outline):
    classes = {"classes[]", "classes"} & outline
    named = any(o.startswith("labels.") for o in outline) or "labels{}" in outline
    return bool(classes) and named and not {"images", "annotations"} & outline


def _files(path):
    return recognised(path, (".json",), lambda o: _is_samples(o) or _is_labels(o))


def recognise(path):
    "The names of FiftyOne's files at a path as evidence, or None."
    return evidence(_files(Path(path)))


def _names(value, classes, source):
    "The labels in a field of a sample, or in an entry of labels.json; None if it is empty."
    if value is None:
        return None
    if isinstance(value, dict) and isinstance(value.get("_cls"), str):
        kind = value["_cls"].rsplit(".", 1)[-1]
        if kind not in _KINDS:
            raise ValueError(f"{source}: {kind} isn't understood; expected {', '.join(_KINDS)}.")
        value = value.get(_LISTS[kind], []) if kind in _LISTS else [value]
    elif not isinstance(value, list):
        value = [value]
    if not isinstance(value, list):
        raise ValueError(f"{source}: found {str(value)[:80]}; expected a list of labels.")
    names = [o.get("label") if isinstance(o, dict) else o for o in value]
    return list(dict.fromkeys(_one_name(o, classes, source) for o in names))


def _one_name(value, classes, source):
    "A label by its name, or by its number in the list of classes."
    if isinstance(value, int) and not isinstance(value, bool):
        if classes is None or not 0 <= value < len(classes):
            size = "is no list" if classes is None else f"are {len(classes)}"
            raise ValueError(
                f'{source}: the label is the number {value}, and there {size} of "classes" in the'
                " file. Add the names there, in order."
            )
        return classes[value]
    name = label_name(value, source)
    if classes is not None and name not in classes:
        raise ValueError(f'{source}: the label {name!r} is not in "classes". Add it there.')
    return name


def _classes(found, file):
    "A list of classes as label names; None if there is none."
    if not found:
        return None
    if not isinstance(found, list):
        raise ValueError(f'{file}: "classes" is {str(found)[:60]}; expected a list of names.')
    names = [label_name(o, f"{file.name} class {i}") for i, o in enumerate(found)]
    if len(set(names)) < len(names):
        twice = next(o for i, o in enumerate(names) if o in names[:i])
        raise ValueError(f"{file}: the class {twice!r} is listed twice. Remove one of the two.")
    return names


def _field(samples, wanted, file):
    "The field that holds the labels: the only one, ground_truth, or the one that is asked for."
    found = {}
    for o in samples:
        for k, v in o.items():
            if isinstance(v, dict) and str(v.get("_cls", "")).rsplit(".", 1)[-1] in _KINDS:
                found[k] = None
    if wanted is not None and wanted not in found:
        raise ValueError(
            f"{file} has no labels in {wanted!r}; it has {', '.join(found) or 'none'}."
        )
    if wanted is None and len(found) != 1 and "ground_truth" not in found:
        if not found:
            raise ValueError(
                f"{file}: no sample has a Classification, Classifications or Detections."
            )
        raise ValueError(
            f"{file} has labels in {' and '.join(found)}. Say which are the true ones, with"
            f" {opt('label_column', next(iter(found)))}."
        )
    return wanted or ("ground_truth" if "ground_truth" in found else next(iter(found)))


def _sample_rows(data, file, split, wanted):
    "The rows of samples.json, and its vocab from metadata.json beside it."
    samples = data["samples"]
    if not isinstance(samples, list) or not all(isinstance(o, dict) for o in samples):
        raise ValueError(f'{file}: "samples" must be a list of objects.')
    field, classes, rows = _field(samples, wanted, file), None, []
    metadata = file.with_name("metadata.json")
    for holder in [data, *([load_json(metadata)] if metadata.is_file() else [])]:
        if isinstance(holder, dict) and isinstance(holder.get("info", {}), dict):
            some = holder.get("classes")
            some = some.get(field) if isinstance(some, dict) else some
            classes = classes or _classes(some or holder.get("default_classes"), file)
    for i, o in enumerate(samples, 1):
        source = f"{file.name} sample {i}"
        if not isinstance(o.get("filepath"), str):
            raise ValueError(f'{source}: "filepath" is {o.get("filepath")!r}; expected a text.')
        tags = o.get("tags") if isinstance(o.get("tags"), list) else []
        said = {
            SPLIT_WORDS[t.lower()] for t in tags if isinstance(t, str) and t.lower() in SPLIT_WORDS
        }
        if len(said) > 1:
            raise ValueError(f"{source}: its tags say {' and '.join(sorted(said))}; leave one.")
        labels = _names(o.get(field), classes, source)
        where = said.pop() if said else split
        rows.append(dict(fname=o["filepath"], labels=labels, split=where, source=source))
    return rows, classes


def _label_rows(data, file, split):
    "The rows of labels.json, and its vocab."
    classes, labels = _classes(data["classes"], file), data["labels"]
    if not isinstance(labels, dict):
        raise ValueError(f'{file}: "labels" must be an object, name of the image -> label.')
    rows = []
    for key, value in labels.items():
        source = f"{file.name} {key}"
        names = _names(value, classes, source)
        rows.append(dict(fname=key, labels=names, split=split, source=source))
    return rows, classes


@without_gc
def read_fiftyone(
    path: PathLike,  # samples.json, labels.json, or the folder of the export
    images: PathLike | None = None,  # the folder of the images; None: looked for, such as data/
    vocab: Names | None = None,  # None: the file's classes in its order, or else those that occur
    on_missing: str = "error",  # or "drop": leave out the samples whose image is missing
    name: str | None = None,  # None: the folder's name
    label_column: str | None = None,  # the field of the labels; None: ground_truth, or the only one
    unlabelled: str = "error",  # or "drop": leave out the samples whose field is empty (null)
    fractions: Sequence[float] = (0.6, 0.2, 0.2),  # if no tag or folder says the split
    seed: int = 42,  # of that split
) -> ImageTable:  # an empty list of classifications or detections is an image without a label
    "Read FiftyOne's exports: FiftyOneDataset, and its image classification and detection datasets."
    parts = Parts(path, images)
    files = parts.files(_files, "file of FiftyOne", LAYOUT)
    for file in files:
        data = load_json(file)
        if isinstance(data, dict) and "samples" in data:
            rows, own = _sample_rows(data, file, parts.split(file), label_column)
        elif isinstance(data, dict) and {"classes", "labels"} <= set(data):
            rows, own = _label_rows(data, file, parts.split(file))
        else:
            raise ValueError(f"{file} holds no samples, and no classes and labels: {LAYOUT}.")
        rows, notes = unknown_images(rows, unlabelled, "have no label (null)")
        parts.add(rows, file, own, [file.parent / "data", parts.root / "data"])
        parts.notes += notes
    parts.notes += note_empty(parts.rows, "with an empty list of labels")
    return parts.table(vocab, on_missing, name, fractions, seed)
