"Which files of a run's folder are ours."

# Nothing is ever removed because of where it lies, only because of what it is: a name of the list
# below (or what write_whole makes of one), and for the names that other programs use too,
# contents that only this course writes.

import json
import re
from pathlib import Path

from mlc_course.training.checkpoints import DIVERGED, NAMES, is_checkpoint
from mlc_course.training.lock import LOCK

RUN, MARKER = "run.json", "training.json"
NEW, OLD, MOVING = ".new-run", ".old-run", ".moving-run"
FRAMEWORKS = ("fastai", "torch", "tensorflow")
LEFT_OUT = "left-out.csv"
FILES = {
    RUN,
    MARKER,
    DIVERGED,
    LEFT_OUT,
    LOCK,
    "history.csv",
    "model.safetensors",
    "model.json",
    "model.keras",
    "vocab.json",
    "predictor.json",
    "sweep.png",
    "checkpoint.pt",
}
_NOT_TRAINED = (
    LOCK,
    LEFT_OUT,
    "model.onnx",
    "predictor.json",
    "sweep.png",
)  # written by other commands
_MODEL = re.compile(
    r"model[-.][0-9a-f]{6,64}\.onnx"
)  # an exported network with its digest in its name
_PART = re.compile(
    r"(.+?)\.(?:part|\d+-[0-9a-f]{8}\.(?:part|keras))"
)  # what write_whole makes of a name
_EXPORT = re.compile(
    r"\.(?:model|predictor)-\d+-[0-9a-f]{8}\.part"
)  # what an export calls its files until they are whole
_TMP = re.compile(r"(.+)\.\d+\.tmp(\.\w+)")  # what earlier versions made of it


# ---- what is ours ------------------------------------------------------------------------------
def read_object(
    path: Path,  # a file
) -> dict | None:  # None where it is missing, a link, or isn't JSON
    "A JSON object from disk."
    path = Path(path)
    if path.is_symlink():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_run(
    value,  # what a run.json holds
) -> bool:
    "Whether TrainingRun.save wrote it; other programs call files run.json too."
    return (
        isinstance(value, dict)
        and value.get("framework") in FRAMEWORKS
        and {"dataset", "vocab", "splits", "profile", "seconds"} <= set(value)
        and isinstance(value["vocab"], list)
    )


def is_marker(
    value,  # what a training.json holds
) -> bool:
    "Whether `mlc train` wrote it."
    return (
        isinstance(value, dict)
        and value.get("framework") in FRAMEWORKS
        and isinstance(value.get("dataset"), str)
        and set(value) <= {"dataset", "framework", "program"}
        and value.get("program", "mlc_course") == "mlc_course"
    )


def holds_run(
    folder: Path,  # perhaps a run's
) -> bool:
    "Whether a training of this course has begun or ended there."
    return (
        is_run(read_object(folder / RUN))
        or is_marker(read_object(folder / MARKER))
        or any(is_checkpoint(folder / o) for o in ("checkpoint.pt", "checkpoint", "checkpoint.old"))
    )


def refuse_foreign(
    folder: Path,  # where a trainer is about to write
    resume: bool = False,  # then the trainer reads the checkpoint and says what is wrong
):
    "ValueError where it would overwrite what another program wrote."
    named, ours = names_in(folder), holds_run(folder)
    for p in sorted(folder.iterdir()):
        written = p.name not in _NOT_TRAINED and (
            is_name(p.name, named)
            or p.name == "checkpoint"
            or (p.name == "checkpoint.old" and p.is_dir())
        )
        if (
            written
            and not (ours and is_ours(p, named))
            and not (
                resume and p.name.startswith("checkpoint") and (p.is_file() or is_ours(p, named))
            )
        ):
            raise ValueError(
                f"{p} isn't one of a training run of this course (another program wrote it, "
                "or it is damaged), and would be overwritten. "
                "Choose another folder, or move it away; nothing was changed."
            )


def names_in(folder):
    """The files that the folder's own run.json and predictor.json name. A model.onnx without
    predictor.json may be an export of the reader's own."""
    run = read_object(folder / RUN)
    splits = run["splits"] if is_run(run) and isinstance(run["splits"], list) else []
    named = []
    for place in (folder, folder / OLD, folder / MOVING):  # a kill may have parted the two
        spec = read_object(place / "predictor.json") or {}
        model = spec.get("model")
        named += ["model.onnx"] * ("format" in spec)
        named += [model.get("file")] if isinstance(model, dict) else []
    return {f"predictions-{s}.npz" for s in (*splits, "train", "valid", "test")} | {
        o
        for o in named
        if isinstance(o, str) and o.endswith(".onnx") and "/" not in o and "\\" not in o
    }


def is_name(name, named):
    return name in FILES or name in named or _MODEL.fullmatch(name) is not None


def is_half(name, named):
    """Whether write_whole, or an earlier version, calls something so while it writes one of our
    files."""
    part, tmp = _PART.fullmatch(name), _TMP.fullmatch(name)
    whole = part[1] if part else tmp[1] + tmp[2] if tmp else ""
    return is_name(whole, named) or whole == "checkpoint" or _EXPORT.fullmatch(name) is not None


def is_ours(path, named):
    name = path.name
    if path.is_symlink():
        return False
    if path.is_dir():
        if name in (NEW, OLD, MOVING):
            return not strangers(path)
        checkpoint = (
            name in ("checkpoint", "checkpoint.old")
            or is_half(name, named)
            and name.startswith("checkpoint.")
        )
        if not checkpoint and not name.startswith(".export-"):
            return False
        return all(
            p.is_file() and not p.is_symlink() and (not checkpoint or p.name in NAMES)
            for p in path.iterdir()
        )
    if name == RUN:
        return is_run(read_object(path))
    if name == MARKER:
        return is_marker(read_object(path))
    if name == "predictor.json":
        return "format" in (read_object(path) or {})
    return path.is_file() and (is_name(name, named) or is_half(name, named))


def strangers(
    folder: Path,  # a run's folder
) -> list:  # paths, in the order of their names
    "What lies in a folder and isn't a run's."
    named = names_in(folder)
    return sorted(p for p in Path(folder).iterdir() if not is_ours(p, named))


def unfamiliar(
    folder: Path,  # a run's folder
) -> str:  # "" where all is ours
    "A sentence that names what isn't ours."
    found = [p.name + "/" * (p.is_dir() and not p.is_symlink()) for p in strangers(folder)]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return (
        f"{folder} holds {', '.join(found[:3])}{more}, which no training of this course wrote"
        if found
        else ""
    )
