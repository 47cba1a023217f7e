"What a training of several heads gives back, and its folder."

import json
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from mlc_course.data.heads import Heads
from mlc_course.nets.arrays import get_arrays
from mlc_course.nets.tensor_files import read_safetensors, write_safetensors
from mlc_course.safety import write_whole
from mlc_course.scores.heads import HeadAccuracy, per_head_accuracy
from mlc_course.settings import Profile
from mlc_course.training.checkpoints import damaged, sha256_of
from mlc_course.training.folder import settled
from mlc_course.training.ours import RUN
from mlc_course.training.runs import check_files

AGAIN = "Put a copy of the file back, or train the run anew in another folder."


@dataclass(frozen=True)
class HeadPredictions:
    "Probabilities of every head beside the truth and the file names, in the table's order."

    probs: dict  # head -> float32 [N, C]; each row sums to 1
    targets: dict  # head -> int64 [N]
    heads: Heads
    fnames: list

    def accuracy(self) -> HeadAccuracy:
        "How often each head is right, and how often all are."
        return per_head_accuracy(self.probs, self.targets)

    def numbers(self) -> dict:  # head -> int64 [N]
        "The likeliest class of each head."
        return {n: p.argmax(1) for n, p in self.probs.items()}

    def names(self) -> pd.DataFrame:
        "What is said, a column of names per head."
        return self.heads.decode(self.numbers())

    def truth(self) -> pd.DataFrame:
        "What is true, a column of names per head."
        return self.heads.decode(self.targets)

    def __len__(self):
        return len(self.fnames)

    def __repr__(self):
        return f"HeadPredictions({len(self):,} pictures; {self.accuracy()})"


@dataclass(frozen=True)
class MultiHeadRun:
    "What `multi_output.train` gives back."

    model: object  # a MultiHeadModel with the weights of the best epoch
    heads: Heads
    history: pd.DataFrame  # per epoch: losses, valid accuracy of each head, their mean, all right
    best_epoch: int  # chosen on the validation split
    predictions: dict  # split -> HeadPredictions, without train
    baseline: dict  # split -> HeadAccuracy of the training rows' majority
    weights: dict  # head -> its weight in the loss, in the end
    profile: Profile
    dataset: str
    seconds: float  # of training and validation, without decoding
    out: Path | None = None  # the folder where it's kept
    recipe: dict | None = None  # heads, weights and body, by name

    def scores(
        self,
        split: str = "test",  # one that was predicted
    ) -> pd.DataFrame:  # a row for the model, one for the majority
        "Accuracies beside the baseline."
        model, baseline = self.predictions[split].accuracy(), self.baseline[split]
        return pd.DataFrame({"model": model.row(), "majority": baseline.row()}).T

    def __repr__(self):
        return (
            f"MultiHeadRun({', '.join(self.heads.names)} on {self.dataset}: best epoch "
            f"{self.best_epoch} of {len(self.history)}, {self.seconds:.0f} s)"
        )

    def save(
        self,
        folder: str | Path,  # made if it doesn't exist
    ) -> Path:  # the folder
        """Write weights, history and predictions; `run.json` comes last, so its presence means a
        whole run."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = get_arrays(self.model)
        write_whole(folder / "model.safetensors", lambda p: write_safetensors(arrays, p))
        write_whole(folder / "history.csv", lambda p: self.history.to_csv(p, index=False))
        for split, found in self.predictions.items():
            write_whole(folder / f"predictions-{split}.npz", partial(write_npz, found))
        text = json.dumps(self._facts(folder), indent=1, ensure_ascii=False)
        write_whole(folder / RUN, lambda p: p.write_text(text, encoding="utf-8"))
        return folder

    def _facts(self, folder):
        "What run.json holds."
        parts = [f"predictions-{s}.npz" for s in self.predictions]
        names = ["model.safetensors", "history.csv", *parts]
        return dict(
            framework="torch",
            kind="multi_output",
            dataset=self.dataset,
            vocab=[f"{n}: {c}" for n, names in self.heads.classes.items() for c in names],
            heads={n: list(c) for n, c in self.heads.classes.items()},
            splits=list(self.predictions),
            seconds=self.seconds,
            best_epoch=self.best_epoch,
            weights=self.weights,
            baseline={s: asdict(o) for s, o in self.baseline.items()},
            profile=asdict(self.profile),
            image_size=self.model.image_size,
            recipe=self.recipe,
            sha256={n: sha256_of(folder / n) for n in names},
        )


def write_npz(found: HeadPredictions, path: Path):
    "Arrays and names, no pickled code."
    arrays = {f"probs/{n}": p for n, p in found.probs.items()}
    arrays |= {f"targets/{n}": t for n, t in found.targets.items()}
    with open(path, "wb") as f:
        np.savez_compressed(f, fnames=np.array(found.fnames, dtype=str), **arrays)


def read_npz(heads: Heads, path: Path) -> HeadPredictions:
    "What `write_npz` wrote."
    with np.load(path, allow_pickle=False) as z:
        probs = {n: z[f"probs/{n}"] for n in heads.names}
        targets = {n: z[f"targets/{n}"] for n in heads.names}
        return HeadPredictions(probs, targets, heads, z["fnames"].tolist())


def read_heads_run(
    folder,  # that `MultiHeadRun.save` wrote
) -> tuple:  # MultiHeadRun with model None, arrays of the model, side of its images
    "A saved run without its model; ValueError that names the file where one is damaged."
    folder = settled(folder)
    path = folder / RUN
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no finished run (there is no run.json). Was it written by "
            f"mlc_course.multi_output.train(..., out={str(folder)!r})?"
        )
    try:
        d = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as e:
        raise damaged(path, "it isn't JSON", AGAIN) from e
    if not isinstance(d, dict) or d.get("kind") != "multi_output":
        raise ValueError(
            f"{path} isn't one of a training of several heads; mlc_course.load_run({str(folder)!r})"
            " reads the others."
        )
    try:
        return _from_facts(folder, d)
    except (KeyError, TypeError, AttributeError, OSError) as e:
        raise damaged(folder, f"a part of the run is missing or changed ({e})", AGAIN) from e


def _from_facts(folder, d):
    heads, parts = Heads(d["heads"]), {s: f"predictions-{s}.npz" for s in d["splits"]}
    check_files(folder, ["model.safetensors", "history.csv", *parts.values()])
    weights = folder / "model.safetensors"
    known = {f.name for f in fields(Profile)}
    run = MultiHeadRun(
        model=None,
        heads=heads,
        history=pd.read_csv(folder / "history.csv"),
        best_epoch=d["best_epoch"],
        predictions={s: read_npz(heads, folder / name) for s, name in parts.items()},
        baseline={s: HeadAccuracy(**o) for s, o in d["baseline"].items()},
        weights=d["weights"],
        profile=Profile(**{k: v for k, v in d["profile"].items() if k in known}),
        dataset=d["dataset"],
        seconds=d["seconds"],
        out=folder,
        recipe=d["recipe"],
    )
    return run, read_safetensors(weights.read_bytes(), str(weights))[0], d["image_size"]
