"""The JSON annotations that are used for NUS-WIDE."""

import re
import unicodedata
from pathlib import Path

import pandas as pd

from ...hints import PathLike
from ..table import SPLITS, ImageTable
from .common import find_image_root, finish_table, read_json_file
from .listing import files_in, folders_in

NAME = "nus_wide"
LAYOUT = """NUS-WIDE: train.json, test.json: {"samples": [{"image_name": ...,
                  "image_labels": [...]}], "labels": [...]}, and the images"""


def _nus_files(path):
    "The JSON files of the NUS-WIDE form in a folder or one below, or what was pointed at."
    files = (
        [path]
        if path.is_file()
        else [f for d in (path, *folders_in(path)) for f in files_in(d, (".json",))]
    )
    return sorted(
        f for f in files if f.suffix.lower() == ".json" and f.name[0] != "." and _starts_so(f)
    )


def _starts_so(file):
    "Does the beginning of the file have the keys of the NUS-WIDE form?"
    try:
        with open(file, "rb") as f:
            head = f.read(65536)
    except OSError:
        return False
    return re.match(rb'(\xef\xbb\xbf)?\s*\{\s*"(samples|labels)"\s*:\s*\[', head) is not None


def recognise(path):
    "Evidence of the NUS-WIDE form: the names of its JSON files, or None."
    return ", ".join(f.name for f in _nus_files(Path(path))[:4]) or None


def open_nus_wide(
    path,  # the folder of the JSON files (or of their folder), or one of them
    images=None,  # the folder that the image names are relative to; None: looked for
    name=None,  # None: the folder's name
    **options,  # of read_nus_wide
) -> ImageTable:  # with the splits that there are files for
    "Find the JSON files and the images of the NUS-WIDE form, and read both."
    path = Path(path)
    files = _nus_files(path)
    if not files:
        raise FileNotFoundError(f"There is no JSON file of the NUS-WIDE form in {path}.")
    folder = path.parent if path.is_file() else path
    if images is None:
        images = find_image_root(folder, nus_part(files[0])[0]["fname"])
    return read_nus_wide(images, *files, name=name or folder.resolve().name, **options)


def _nus_split(path):
    "The split that a file name stands for."
    found = set(
        re.findall(
            r"(?<![a-z])(train|valid|val|test)(?:ation|ing)?(?![a-z])", Path(path).stem.lower()
        )
    )
    found = {"valid" if o == "val" else o for o in found}
    if len(found) != 1:
        raise ValueError(
            f"The name of {path} must say which split it holds, by exactly one of the words "
            f"train, valid (or val) and test; found {', '.join(sorted(found)) or 'none'}. "
            "Rename it, for example small_train.json."
        )
    return found.pop()


def nus_part(path):
    "The rows of one annotation file, and its list of labels."
    path, data = Path(path), read_json_file(path)
    if not (
        isinstance(data, dict)
        and isinstance(data.get("samples"), list)
        and isinstance(data.get("labels"), list)
    ):
        got = ", ".join(map(str, data)) if isinstance(data, dict) else type(data).__name__
        raise ValueError(
            f'{path} holds {got}; expected {{"samples": [{{"image_name": ..., "image_labels": '
            f'[...]}}], "labels": [...]}}.'
        )
    clean = lambda o: unicodedata.normalize("NFC", o.strip()) if isinstance(o, str) else o
    vocab, rows, split = [clean(o) for o in data["labels"]], [], _nus_split(path)
    for i, o in enumerate(data["samples"], 1):
        source = f"{path.name} sample {i}"
        if (
            not isinstance(o, dict)
            or not isinstance(o.get("image_name"), str)
            or not isinstance(o.get("image_labels"), list)
        ):
            raise ValueError(
                f'{source}: found {str(o)[:80]}; expected an object with "image_name" (text) '
                'and "image_labels" (a list).'
            )
        labels = [clean(label) for label in o["image_labels"]]
        unknown = [label for label in labels if label != "" and label not in vocab]
        if unknown:
            raise ValueError(
                f"{source}: {unknown[0]!r} is a label of {o['image_name']}, but not in the "
                f'"labels" list of {path}. Add it there, or correct the sample.'
            )
        rows.append(
            (o["image_name"], [label for label in dict.fromkeys(labels) if label], split, source)
        )
    if not rows:
        raise ValueError(f"{path} has an empty list of samples.")
    return pd.DataFrame(rows, columns=["fname", "labels", "split", "source"]), vocab


def read_nus_wide(
    images: PathLike,  # the folder that the image names are relative to
    *annotation_files: PathLike,  # one JSON file a split, named after train, valid, val or test
    on_missing: str = "error",  # or "drop": leave out the samples whose image is missing
    name: str | None = None,  # None: the folder's name
) -> ImageTable:  # with the splits that there are files for; vocab is the files' "labels" list
    "Read the JSON annotations that are used for NUS-WIDE."
    if not annotation_files:
        raise ValueError(
            "No annotation file was given: pass the JSON files after the folder, one per "
            "split, such as train.json and test.json."
        )
    files = sorted(annotation_files, key=lambda f: SPLITS.index(_nus_split(f)))
    splits = [_nus_split(f) for f in files]
    if len(set(splits)) < len(splits):
        raise ValueError(
            "Two annotation files hold the same split: "
            f"{', '.join(f'{f} ({s})' for f, s in zip(files, splits))}. Give one "
            "file per split."
        )
    parts, vocabs = zip(*(nus_part(f) for f in files))
    for file, vocab in zip(files, vocabs):
        odd = sorted(set(vocab) ^ set(vocabs[0]))
        if odd:
            raise ValueError(
                f"{files[0]} and {file} have different lists of labels; {odd[0]!r} "
                "is in one of them only. The columns of all splits must be the same: give both "
                "files the same list."
            )
    return finish_table(
        pd.concat(parts), images, vocabs[0], name or Path(images).resolve().name, on_missing
    )
