"What every trainer gives back, its folder on disk, and the wrapper that guards the folder."

import functools
import inspect
import json
import math
import re
from dataclasses import asdict, dataclass, fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from mlc_course.safety import TrainingDiverged, write_whole
from mlc_course.settings import Profile
from mlc_course.training.checkpoints import damaged, note_divergence, sha256_of
from mlc_course.training.folder import clear_leftovers, settle, settled
from mlc_course.training.lock import held
from mlc_course.training.ours import FRAMEWORKS, RUN, read_object, refuse_foreign

from ..hints import PathLike

MODEL_FILES = ("model.safetensors", "model.json", "model.keras", "vocab.json")
_AGAIN = "Put a copy of the file back, or train the run anew (--force in the command)."
_WRITE = (
    "save the run again (resume=True, or --resume in the command, goes on with an unfinished one)"
)


# ---- the run -----------------------------------------------------------------------------------
def _versions():
    "The installed versions that a run may depend on."
    res = {}
    for o in ("mlc_course", "numpy", "torch", "torchvision", "fastai", "tensorflow", "keras"):
        try:
            res[o] = metadata.version(o)
        except metadata.PackageNotFoundError:
            pass
    return res


def _text(text):
    return lambda part: part.write_text(text, encoding="utf-8")


@dataclass(frozen=True, eq=False)
class TrainingRun:
    "What every trainer of the course gives back, whatever the framework."

    framework: str  # "fastai", "torch" or "tensorflow"
    model: Any  # the trained model, or None after `load_run`
    vocab: list  # label names, in output order
    history: (
        pd.DataFrame
    )  # per epoch: epoch, train_loss, valid_loss, valid_macro_f1, valid_map, seconds
    predictions: dict  # split name -> Predictions
    profile: Any  # the settings.Profile that it ran with
    dataset: str  # the table's name
    seconds: float  # wall-clock time of the training
    out: Path | None = None  # the folder where it's kept
    support: dict | None = None  # label -> number of training images that show it
    learning_rates: list | None = (
        None  # dicts with epoch and learning_rate: what it began with, and each change on resuming
    )
    data: dict | None = (
        None  # digests of the names, labels, splits and contents that it learned from
    )
    recipe: dict | None = None  # names of loss, augmentation and network, and more keywords
    decoded: object = None  # the Decoded that it learned from; None after `load_run`

    def __repr__(self):
        return (
            f"TrainingRun({self.framework} on {self.dataset}: {len(self.history)} epochs, "
            f"{self.seconds:.0f} s, predictions for {', '.join(self.predictions) or 'nothing'})"
        )

    def save(
        self,
        folder: PathLike,  # made if it doesn't exist
    ) -> Path:  # the folder
        """Write `run.json`, `history.csv` and `predictions-<split>.npz`; `run.json` comes last,
        so its presence means a whole run."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for split, p in self.predictions.items():
            p.save(folder / f"predictions-{split}.npz")
        write_whole(
            folder / "history.csv", lambda part: self.history.to_csv(part, index=False), _WRITE
        )
        given: Any = self.profile
        profile = asdict(given) if is_dataclass(given) and not isinstance(given, type) else given
        names = ["history.csv", *(f"predictions-{s}.npz" for s in self.predictions), *MODEL_FILES]
        d = dict(
            framework=self.framework,
            dataset=self.dataset,
            vocab=list(self.vocab),
            seconds=self.seconds,
            splits=list(self.predictions),
            profile=profile,
            support=self.support,
            learning_rates=self.learning_rates,
            data=self.data,
            recipe=self.recipe,
            versions=_versions(),
            sha256={n: sha256_of(folder / n) for n in names if (folder / n).is_file()},
        )
        write_whole(
            folder / RUN, _text(json.dumps(d, indent=1, ensure_ascii=False, default=str)), _WRITE
        )
        return folder


def check_files(
    folder: Path,  # a run's folder
    names,  # of files in it
):
    """ValueError where one of these files isn't as it was when the run was saved. What run.json
    doesn't know is passed over."""
    digests = (read_object(folder / RUN) or {}).get("sha256")
    for name in names:
        was = digests.get(name) if isinstance(digests, dict) else None
        if was and (folder / name).is_file() and sha256_of(folder / name) != was:
            raise damaged(
                folder / name,
                "its bytes aren't those that the run was saved with (its SHA-256 is another)",
                _AGAIN,
            )


def _read_facts(path):
    "What run.json holds, checked."
    try:
        d = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as e:
        raise damaged(path, "it isn't JSON", _AGAIN) from e
    if isinstance(d, dict) and d.get("kind") == "multi_output":
        raise ValueError(
            f"{path} is one of a training of several heads: read it with "
            f"mlc_course.multi_output.load_run({str(path.parent)!r})."
        )
    kinds = dict(framework=str, dataset=str, vocab=list, splits=list, seconds=(int, float))
    for key, kind in kinds.items():
        if not isinstance(d, dict) or not isinstance(d.get(key), kind):
            raise damaged(
                path, f"it has no {key!r}, or not in the form that a training writes", _AGAIN
            )
    if (
        d["framework"] not in FRAMEWORKS
        or not all(isinstance(o, str) for o in d["vocab"])
        or not all(isinstance(o, str) and re.fullmatch(r"[\w-]+", o) for o in d["splits"])
    ):
        raise damaged(path, "its framework, labels or splits aren't what a training writes", _AGAIN)
    for key, kind in dict(support=dict, learning_rates=list, data=dict, recipe=dict).items():
        if not isinstance(d.get(key), (kind, type(None))):
            raise damaged(path, f"its {key!r} isn't in the form that a training writes", _AGAIN)
    return d


def _read_profile(value, path):
    if not isinstance(value, dict):
        return value
    known = {f.name: f.type for f in fields(Profile) if f.name in value}
    odd = [
        k
        for k, kind in known.items()
        if isinstance(kind, type)
        and not isinstance(value[k], (int, float) if kind is float else kind)
    ]
    if "name" not in known or odd:
        raise damaged(
            path,
            f"the field {(odd or ['name'])[0]!r} of its profile is missing, or not of the "
            "kind that a profile has",
            _AGAIN,
        )
    try:
        return Profile(**{k: value[k] for k in known})
    except (TypeError, ValueError) as e:
        raise damaged(path, f"its profile is none ({e})", _AGAIN) from e


def _read_history(path):
    try:
        return pd.read_csv(path, engine="python")
    except Exception as e:  # pandas has many words for it
        gone = isinstance(e, FileNotFoundError)
        raise damaged(path, "it is missing" if gone else "it isn't a CSV file", _AGAIN) from e


def read_run(
    folder,  # a folder that `TrainingRun.save` wrote
    read_predictions,  # reads one file of predictions: `Predictions.load`
) -> TrainingRun:  # with model None
    "A saved run without its model; ValueError that names the file where one is damaged."
    folder = settled(folder)
    path = folder / RUN
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no finished run (there is no run.json): train one with `mlc "
            f"train DATASET --framework F --out {folder}`, or correct the path."
        )
    d = _read_facts(path)
    predictions = [f"predictions-{s}.npz" for s in d["splits"]]
    check_files(folder, ["history.csv", *predictions])
    history = _read_history(folder / "history.csv")
    found = {s: read_predictions(folder / name) for s, name in zip(d["splits"], predictions)}
    for name, p in zip(predictions, found.values()):
        if list(p.vocab) != d["vocab"]:
            raise damaged(folder / name, "its labels aren't those of run.json", _AGAIN)
    plain = {k: d[k] for k in ("framework", "vocab", "dataset", "seconds")}
    newer = {
        k: d.get(k) for k in ("support", "learning_rates", "data", "recipe")
    }  # not in older runs
    profile = _read_profile(d.get("profile"), path)
    return TrainingRun(
        **plain,
        **newer,
        model=None,
        history=history,
        predictions=found,
        profile=profile,
        out=folder,
    )


# ---- what trainers share -------------------------------------------------------------------
def rank(
    mAP: float,  # of the validation split; NaN where none of its images has a label
) -> float:
    "How good an epoch is: below every other without an mAP, and yet better than none (-inf)."
    return -1.0 if math.isnan(mAP) else mAP


def in_run_folder(
    train,  # a trainer with the keyword `out`
):  # the same function
    """Let a trainer hold its folder while it trains: alone, tidied, and with a word beside the
    checkpoint if the loss stops being a number."""
    signature = inspect.signature(train)

    @functools.wraps(train)
    def wrapper(*args, **kwargs):
        given = signature.bind_partial(*args, **kwargs).arguments
        with held(given.get("out")) as folder:
            if folder is not None:
                settle(folder)
                refuse_foreign(folder, bool(given.get("resume")))
                clear_leftovers(folder)
            try:
                return train(*args, **kwargs)
            except TrainingDiverged as e:
                if folder is not None and e.kept:
                    note_divergence(Path(e.kept), e.step)
                raise

    return wrapper
