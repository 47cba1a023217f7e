"A predictor's folder: JSON that names its model by SHA-256, both replaced as one."
# A writer first puts the new model beside the old one, under a name that carries its hash; renames
# predictor.json into place, and from that instant the new one holds; then renames the model to
# model.onnx. A reader looks for the model with the hash of the JSON that it read under both names,
# and reads again if a writer came between. At every instant, and after a kill at any point, one of
# the two is whole.

import errno
import hashlib
import json
import os
import re
import shlex
import shutil
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from .. import atomic
from ..training.lock import held
from .recipe import Recipe
from .scan import check_graph

FORMAT = (
    2  # of predictor.json that this version reads; it writes 1 where an older version can read it
)
MODEL, SPEC = "model.onnx", "predictor.json"
OURS = re.compile(r"model-[0-9a-f]{16}\.onnx|\.(model|predictor)-[0-9]+-[0-9a-f]{8}\.part")


def sha256(data: bytes) -> str:  # 64 hexadecimal digits
    return hashlib.sha256(data).hexdigest()


def refusal(path, why):
    "The error about a folder that can't be used."
    return ValueError(
        f"{path} can't be used: {why} Export the run again with `mlc export`, or fetch the folder "
        "again."
    )


def version_of(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def read_spec(
    path: Path,  # predictor.json
    text=None,  # its bytes, if they have been read
) -> dict:
    "predictor.json as a checked dict; ValueError with what is wrong."
    try:
        text = path.read_bytes() if text is None else text
        d = json.loads(text.decode("utf-8-sig"))  # an editor may have put a mark in front
    except (ValueError, RecursionError) as e:
        raise refusal(path, f"it isn't JSON ({e}).") from None
    if not isinstance(d, dict) or type(d.get("format")) is not int:
        raise refusal(path, "it says no format, so Predictor.save didn't write it.")
    if d["format"] > FORMAT:
        raise ValueError(too_new(path, d))
    for key, kind in dict(
        vocab=list, thresholds=dict, preprocessing=dict, model=dict, trained=dict
    ).items():
        if not isinstance(d.get(key), kind):
            what = "list" if kind is list else "table of names and values"
            raise refusal(path, f"{key!r} is missing, or isn't a {what}.")
    check_labels(path, d["vocab"], d["thresholds"])
    try:
        Recipe.from_dict(d["preprocessing"])
    except ValueError as e:
        raise refusal(path, str(e)) from None
    return d


def too_new(path, d):
    "The sentence about a format that only a newer version reads."
    versions = d.get("versions")
    by = (
        f" ({versions['mlc_course']})"
        if isinstance(versions, dict) and "mlc_course" in versions
        else ""
    )
    return (
        f"{path} has format {d['format']}, and this mlc_course {version_of('mlc_course')} reads "
        f"up to format {FORMAT}: a newer version wrote it{by}. Install a newer mlc_course."
    )


def check_labels(path, vocab, thresholds):
    "ValueError unless there is one threshold in [0, 1] for each of the labels."
    if not vocab or not all(isinstance(o, str) for o in vocab) or len(set(vocab)) != len(vocab):
        raise refusal(path, "its vocab must be a list of different label names.")
    odd = sorted(set(vocab) ^ set(thresholds))
    if odd:
        differ = ", ".join(map(repr, odd[:3]))
        raise refusal(
            path, f"vocab and thresholds don't name the same labels; they differ in {differ}."
        )
    for label, t in thresholds.items():
        if isinstance(t, bool) or not isinstance(t, (int, float)) or not 0 <= t <= 1:
            raise refusal(path, f"the threshold of {label!r} is {t!r}, not a number in [0, 1].")


def home_of(folder) -> Path:
    "The folder, if both files are in it; otherwise FileNotFoundError that says what is missing."
    folder = Path(folder)
    if folder.name in (MODEL, SPEC) and folder.is_file():
        folder = folder.parent  # one of the two files stands for its folder
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {folder}. A predictor is a folder that `mlc train --out` or `mlc "
            f"export` wrote, with {MODEL} and {SPEC} in it."
        )
    there = [o for o in (MODEL, SPEC) if (folder / o).is_file()]
    if SPEC in there and (MODEL in there or list(folder.glob("model-*.onnx"))):
        return folder
    missing = " and no ".join(o for o in (MODEL, SPEC) if o not in there)
    run = (folder / "run.json").is_file()
    hint = (
        f"It holds a training run; write them with: mlc export {shlex.quote(str(folder))}"
        if run
        else "Fetch the folder again, or write one with `mlc train --out` or `mlc export`."
    )
    raise FileNotFoundError(f"{folder} has no {missing}, so it is not a predictor. {hint}")


def read_folder(
    folder,  # of a predictor
) -> tuple:  # (predictor.json as a dict, bytes of the model)
    "Both files, of one and the same export, whatever is being written at that moment."
    folder, before, tries = home_of(folder), None, 0
    while True:
        text = read_if_there(folder / SPEC)
        spec = read_spec(folder / SPEC, text) if text is not None else None
        wanted = spec["model"].get("sha256") if spec else None
        if isinstance(wanted, str) and re.fullmatch("[0-9a-f]{64}", wanted):
            for name in (MODEL, f"model-{wanted[:16]}.onnx"):
                data = read_if_there(folder / name)
                if data is not None and sha256(data) == wanted:
                    check_model(folder / MODEL, data)
                    return spec, data
        tries = tries + 1 if text == before else 0
        if tries >= 3:  # nobody is writing
            break
        before = text
        time.sleep(0.01)
    home_of(folder)
    raise refusal(
        folder / MODEL,
        f"it isn't the file that {SPEC} describes (another SHA-256), so labels and thresholds may "
        "not be its own.",
    )


def read_if_there(path):
    "The bytes of a file; None if it isn't there at this moment."
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None


def check_model(path, data):
    "ValueError for a model that keeps weights elsewhere, or could compute without end."
    try:
        check_graph(data)
    except ValueError as e:
        raise refusal(path, str(e)) from None


def put(
    folder,  # where the two files go; made if it doesn't exist
    data: bytes,  # of the model
    spec: dict,  # of predictor.json
):
    "Put a predictor in the place of an older one at one instant; OSError, and the older one stays."
    folder = Path(folder)
    refuse_foreign(folder)
    made = make_folder(folder)
    try:
        with held(folder, wait=60):
            replace_pair(folder, data, spec)
    except BaseException as e:
        remove_made(made)
        if not isinstance(e, OSError):
            raise
        full = e.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
        why = f"there is no room on its disk ({e.strerror})" if full else (e.strerror or str(e))
        raise OSError(
            e.errno,
            f"The predictor can't be written to {folder}: {why}. What was there before is still "
            "good. "
            + (
                "Make room there, then export again"
                if full
                else "Choose another folder, or mend this one"
            ),
        ) from e


def refuse_foreign(
    folder: Path,  # where a predictor is about to be written
):
    "ValueError where a file of the same name is there that no export of this course wrote."
    found = folder / (SPEC if os.path.lexists(folder / SPEC) else MODEL)
    if found.name == SPEC:
        try:
            d = json.loads(found.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            return  # damaged: exporting again is what helps
        if isinstance(d, dict) and "format" in d:
            return
    elif not os.path.lexists(found):
        return
    raise ValueError(
        f"{found} was not written by an export of this course, and would be overwritten. Move it "
        "away, or choose another folder (--out in the command). Nothing was changed."
    )


def replace_pair(folder, data, spec):
    "The new model beside, predictor.json in its place, the model in its place; and tidy up."
    beside = folder / f"model-{sha256(data)[:16]}.onnx"
    known, switched = beside.exists(), False
    clear_leftovers(folder, parts=True)
    try:
        write(beside, data)
        write(folder / SPEC, json.dumps(spec, indent=1, ensure_ascii=False).encode())
        switched = True
        os.replace(beside, folder / MODEL)
    finally:
        if not switched and not known:
            beside.unlink(missing_ok=True)
    atomic.sync_path(folder)
    clear_leftovers(folder)


def make_folder(folder) -> list:  # the folders that didn't exist, the innermost first
    "Make a folder with those above it."
    missing = [o for o in (folder, *folder.parents) if not o.exists()]
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; a predictor needs a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def remove_made(folders):
    "Take away again what `make_folder` made, if nothing is in it."
    for o in folders:
        with suppress(OSError):
            o.rmdir()


def write(path, data):
    "Write a file beside, make sure that the disk has it, and rename it into place."
    kind = "predictor" if path.name == SPEC else "model"
    with atomic.beside(path, f".{kind}-{os.getpid()}-{os.urandom(4).hex()}.part") as file:
        file.write(data)


def clear_leftovers(folder, parts=False):
    "Remove what killed exports left: our own names only."
    for path in folder.iterdir():
        old = path.name.startswith(".export-") and path.is_dir() and not path.is_symlink()
        if old and {o.name for o in path.iterdir()} <= {MODEL, SPEC, MODEL + ".part"}:
            shutil.rmtree(path, ignore_errors=True)
        elif (
            OURS.fullmatch(path.name) and path.is_file() and (parts == path.name.endswith(".part"))
        ):
            path.unlink(missing_ok=True)
