"""Label Studio's exports: JSON, JSON-MIN and CSV."""

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ...hints import Names, PathLike, Sequence
from ..table import ImageTable
from .agree import agreed, check_conflict
from .annotations import (
    Parts,
    evidence,
    label_name,
    note_empty,
    recognised,
    unknown_images,
)
from .common import read_text
from .json_files import head_of, load_json, without_gc
from .listing import files_in
from .options import opt
from .splits import WORDS as SPLIT_WORDS

NAME = "label_studio"
LAYOUT = "Label Studio's export (JSON, JSON-MIN or CSV), and the images"
_KINDS = {
    "choices": "choices",
    "labels": "labels",
    "rectanglelabels": "rectanglelabels",
    "polygonlabels": "polygonlabels",
    "ellipselabels": "ellipselabels",
    "brushlabels": "brushlabels",
    "keypointlabels": "keypointlabels",
}
# what JSON-MIN and CSV have beside the image and the answers
_MIN_KEYS = {
    "id",
    "annotator",
    "annotation_id",
    "created_at",
    "updated_at",
    "lead_time",
    "agreement",
}


def _is_label_studio(outline):
    tasks = "[].data{}" in outline or "[].data.image" in outline
    full = tasks and {"[].annotations", "[].completions", "[].predictions"} & outline
    return bool(full) or {"[].annotation_id", "[].annotator"} <= outline


def _is_csv(file):
    head = head_of(file).split("\n", 1)[0].strip().replace('"', "").split(",")
    return {"id", "annotator", "annotation_id"} <= set(head)


def _files(path):
    found = recognised(path, (".json",), _is_label_studio)
    if path.is_file() and path.suffix.lower() == ".csv":
        return [path] if _is_csv(path) else []
    if path.is_dir():
        found += [o for o in files_in(path, (".csv",)) if _is_csv(o)]
    return found


def recognise(path):
    "The names of Label Studio's exports at a path as evidence, or None."
    return evidence(_files(Path(path)))


def local_name(address):
    "The path that Label Studio's address of an image stands for."
    address = str(address).strip()
    if address.startswith("/data/local-files/?d=") and "&" not in address:
        return unquote(address[21:].replace("+", " "))
    if address.startswith("/data/local-files/"):
        found = parse_qs(urlsplit(address).query).get("d")
        return found[0] if found else address
    if re.match(r"https?://", address):
        return unquote(urlsplit(address).path).lstrip("/")
    return address


def without_prefix(name):
    "The name that a file had before Label Studio put eight letters and a dash before it."
    found = re.fullmatch(r"[0-9a-f]{8}-(.+)", name)
    return [found.group(1)] if found else []


def _answers(result, source):
    "Name of the control -> labels, from the list `result` of an annotation."
    found = {}
    for o in result:
        kind, value = (o.get("type"), o.get("value")) if isinstance(o, dict) else (None, None)
        if kind == "taxonomy":
            raise ValueError(
                f"{source}: a Taxonomy gives paths of labels, which isn't understood. Export"
                " Choices instead."
            )
        if not isinstance(kind, str) or kind not in _KINDS:
            continue
        names = value.get(_KINDS[kind]) if isinstance(value, dict) else None
        if not isinstance(names, list):
            raise ValueError(
                f"{source}: {kind} holds {str(value)[:80]}; expected a list of labels."
            )
        labels = found.setdefault(str(o.get("from_name") or kind), {})
        labels.update((label_name(n, source), None) for n in names)
    return found


def _full_task(task, source):
    "The data of a task, and the answers of each annotation that wasn't cancelled."
    data = task.get("data")
    done = task.get("annotations", task.get("completions", []))
    if not isinstance(data, dict) or not isinstance(done, list):
        raise ValueError(f'{source}: found {str(task)[:80]}; expected "data" and "annotations".')
    answers = []
    for i, o in enumerate(done, 1):
        result = o.get("result") if isinstance(o, dict) else None
        if not isinstance(result, list):
            raise ValueError(f'{source}, annotation {i}: expected an object with a list "result".')
        if not (o.get("was_cancelled") or o.get("skipped")):
            answers.append(_answers(result, f"{source}, annotation {i}"))
    return data, answers


def _min_value(value, source):
    "The labels in one field of JSON-MIN or CSV; None if it holds none, such as a text or number."
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return {label_name(value, source): None}
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        return {label_name(o, source): None for o in value["choices"]}
    if isinstance(value, list) and all(isinstance(o, dict) for o in value):
        names = [n for o in value for k in _KINDS for n in o.get(k, []) or []]
        return {label_name(o, source): None for o in names}
    if isinstance(value, str):
        return {label_name(value, source): None} if value.strip() else {}
    return None


def _min_tasks(records, file, image_key):
    "Tasks as in the full export, made of the rows of JSON-MIN or CSV: one row an annotation."
    tasks = {}
    for i, (source, o) in enumerate(records, 1):
        data = {k: v for k, v in o.items() if k not in _MIN_KEYS}
        key = image_key or _image_key(data, source)
        address = data.pop(key, None)
        task = tasks.setdefault(str(o.get("id", i)), [source, {key: address}, []])
        if not o.get("annotation_id"):
            continue
        answers = {}
        for k, v in data.items():
            labels = None if k in ("split", "label_order") else _min_value(v, f"{source}, {k}")
            if labels is not None:
                answers[k] = labels
        task[1].update((k, data[k]) for k in ("split",) if k in data)
        task[2].append(answers)
    return [(source, data, answers) for source, data, answers in tasks.values()]


def _image_key(data, source):
    "The key under which a task has its image."
    if "image" in data:
        return "image"
    looks = re.compile(r"\.(jpe?g|png|webp|bmp|gif|tiff?|avif)(\?|$)", re.I)
    found = [k for k, v in data.items() if isinstance(v, str) and looks.search(v)]
    if len(found) != 1:
        raise ValueError(
            f"{source}: {', '.join(map(str, data)) or 'nothing'} found where the image should be"
            f" named. Say which, with {opt('fname_column', (found or ['image'])[0])}."
        )
    return found[0]


def _csv_records(file):
    "The rows of Label Studio's CSV export as dicts."
    csv.field_size_limit(1 << 30)
    reader = csv.DictReader(io.StringIO(read_text(file, "utf-8-sig"), newline=""))
    records = []
    for o in reader:
        source = f"{file.name} row {reader.line_num}"
        if None in o or None in o.values():
            raise ValueError(f"{source} has not as many cells as the header.")
        records.append((source, o))
    return records


def _tasks(file, image_key):
    "(source, data, answers) for each image of a file, and the vocab that `to_label_studio` wrote."
    if file.suffix.lower() == ".csv":
        return _min_tasks(_csv_records(file), file, image_key), None
    data = load_json(file)
    if not isinstance(data, list) or not all(isinstance(o, dict) for o in data):
        raise ValueError(f"{file} is not a list of tasks, as Label Studio exports it.")
    named = [(f"{file.name} task {o.get('id', i)}", o) for i, o in enumerate(data, 1)]
    if not any("data" in o for o in data):
        return _min_tasks(named, file, image_key), None
    meta = data[0].get("meta")
    vocab = meta.get("labels") if isinstance(meta, dict) else None
    if not isinstance(vocab, list) or not all(isinstance(o, str) for o in vocab):
        vocab = None
    return [(source, *_full_task(o, source)) for source, o in named], vocab


def _one_control(tasks, control, file):
    "The control whose answers are the labels: the only one, or the one that is asked for."
    names = list(dict.fromkeys(k for _, _, answers in tasks for o in answers for k in o))
    if control is None and len(names) > 1:
        raise ValueError(
            f"{file.name} has answers to {' and '.join(names)}. Say which are the labels, with"
            f" {opt('label_column', names[0])}."
        )
    if control is not None and control not in names:
        raise ValueError(f"{file.name} has no answers to {control!r}; it has {', '.join(names)}.")
    return control or (names[0] if names else None)


def _row(task, control, key, split, conflict):
    "The row of one task; its labels are None if nobody annotated it."
    source, data, answers = task
    key = key or _image_key(data, source)
    address = data.get(key)
    if not isinstance(address, str) or not address.strip():
        raise ValueError(f"{source}: {key} is {address!r}; expected the address of an image.")
    own = data.get("split", split)
    if own is not None and str(own).strip().lower() not in SPLIT_WORDS:
        raise ValueError(f"{source}: the split is {own!r}; write train, valid or test.")
    more = {k: v for k, v in data.items() if k != key and not isinstance(v, (list, dict))}
    labels = agreed([o.get(control, {}) for o in answers], conflict, source)
    own = own and SPLIT_WORDS[str(own).strip().lower()]
    return {**more, "fname": local_name(address), "labels": labels, "split": own, "source": source}


@without_gc
def read_label_studio(
    path: PathLike,  # the exported file, or its folder
    images: PathLike | None = None,  # the folder of the images; None: looked for
    vocab: Names | None = None,  # None: the labels that occur, sorted, or as to_label_studio wrote
    on_missing: str = "error",  # or "drop": leave out the tasks whose image is missing
    name: str | None = None,  # None: the folder's name
    label_column: str | None = None,  # the control that holds the labels, if there are several
    fname_column: str | None = None,  # a task's key of the image; None: image, or the only file
    on_conflict: str = "error",  # several that differ: "any", "all", "majority", "first"
    unlabelled: str = "error",  # or "drop": leave out the tasks that nobody annotated
    fractions: Sequence[float] = (0.6, 0.2, 0.2),  # shares of the splits, if no task says a split
    seed: int = 42,  # of that split
) -> ImageTable:  # an annotation without a choice is an image without a label
    "Read what Label Studio exports: the choices, or the labels of regions, of each image."
    check_conflict(on_conflict)
    parts = Parts(path, images)
    files = parts.files(_files)
    if len(files) != 1:
        found = ", ".join(o.name for o in files) or "none"
        raise ValueError(f"Expected one export of Label Studio in {path}: {found}. Give its path.")
    tasks, own = _tasks(files[0], fname_column)
    control, split = _one_control(tasks, label_column, files[0]), parts.split(files[0])
    rows = [_row(o, control, fname_column, split, on_conflict) for o in tasks]
    rows, notes = unknown_images(rows, unlabelled, "have no annotation")
    parts.add(rows, files[0], own, guesses=without_prefix)
    if control:
        parts.notes.append(f"Label Studio: labels are the answers to {control}.")
    parts.notes += notes + note_empty(rows, "annotated without a choice")
    return parts.table(vocab, on_missing, name, fractions, seed)
