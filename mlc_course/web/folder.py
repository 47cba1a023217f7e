"A predictor's folder as a folder for a web server, whole or not there."

import json
import os
from pathlib import Path

from ..ship.decide import by_label
from ..ship.folder import MODEL, SPEC, read_folder
from ..whole_files import recover, write_whole
from .runtime import RUNTIME, fetch_runtime

PAGE = Path(__file__).with_name("page")
FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos")  # that resize.js computes


def page_files() -> dict:  # file name -> bytes
    "The page itself, without a model."
    names = sorted(o.name for o in PAGE.iterdir() if o.suffix in (".html", ".js", ".css"))
    return {name: (PAGE / name).read_bytes() for name in names}


def check_recipe(
    spec: dict,  # what predictor.json holds
):
    "ValueError for preprocessing that the page can't do to the byte."
    for step in spec["preprocessing"].get("steps", []):
        if step.get("resample", "bilinear") not in FILTERS:
            raise ValueError(
                f"The predictor resizes with the filter {step['resample']!r}, which the page "
                f"doesn't compute as Pillow does. It computes {', '.join(FILTERS)}: train with one "
                "of these, or serve the predictor with `mlc demo`."
            )


def write_web(
    predictor,  # a predictor's folder: model.onnx and predictor.json
    folder,  # what to write; its parent is made if it doesn't exist
    force: bool = False,  # replace a folder that an earlier call wrote
    thresh=None,  # instead of the predictor's: a number, one per label, or a dict by label
) -> Path:
    """Write the page, the model and onnxruntime's three files, as one.

    FileExistsError for a folder that is there, unless `force` and it holds nothing but a page;
    ValueError for preprocessing that the page can't do; RuntimeError where onnxruntime's files
    can't be had."""
    folder = recover(folder)
    spec, model = read_folder(predictor)
    check_recipe(spec)
    if thresh is not None:
        given = by_label(thresh, spec["vocab"])
        spec = spec | dict(thresholds=given, thresholds_chosen="given")
    files = page_files() | {MODEL: model, SPEC: json.dumps(spec, ensure_ascii=False).encode()}
    _check_place(folder, force, set(files) | set(RUNTIME))
    files |= fetch_runtime()
    folder.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(folder, lambda part: _fill(part, files), "write the page again")


def _check_place(folder, force, ours):
    "FileExistsError unless the folder may be written."
    if not os.path.lexists(folder) or folder.is_dir() and not any(folder.iterdir()):
        return
    if not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; the page needs a folder. Give another name.")
    if not force:
        raise FileExistsError(
            f"{folder} is there already. Give another name, or replace it with --force."
        )
    strange = sorted(o.name for o in folder.iterdir() if o.name not in ours or o.is_dir())
    if strange:
        raise FileExistsError(
            f"{folder} holds {strange[0]}, which no page of this course holds, so it isn't "
            "replaced. Move it away, or give another name."
        )


def _fill(part, files):
    "The files, in a folder that isn't there yet."
    part.mkdir()
    for name, data in files.items():
        (part / name).write_bytes(data)
