"What a model said about a list of images, beside the truth: checked once, on the way in."

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mlc_course.hints import ArrayLike, Iterable, PathLike
from mlc_course.safety import write_whole

from .checks import check_pair, frozen, made_anew
from .names import names_for


def same_fields(
    a,  # a dataclass that holds results
    b,  # whatever it is compared with
):  # bool, or NotImplemented for another type
    "Whether two result objects hold equal fields (arrays compared by value)."
    if type(a) is not type(b):
        return NotImplemented
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def _row_numbers(rows, n):
    "Row numbers from a mask or from row numbers; a sentence for anything else."
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape != (n,):
        raise ValueError(
            f"the mask has shape {rows.shape} and there are {n} rows: expected one True or "
            "False per row."
        )
    if rows.dtype.kind not in "biu" and rows.size:
        raise TypeError(
            f"rows holds {rows.dtype}: expected row numbers, or one True or False per row. "
            "For file names there is align(fnames)."
        )
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)
    if rows.ndim != 1 or (rows.size and not -n <= rows.min() <= rows.max() < n):
        raise IndexError(f"rows must be a list of row numbers from 0 to {n - 1}: got {rows}.")
    return rows


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """What a model said about images, beside the truth; rows are known by their file names.

    Arrays, tensors of PyTorch and TensorFlow, lists and DataFrames are taken, and kept as
    read-only copies. ValueError for logits, NaN, targets that aren't 0 or 1, and names that
    don't fit."""

    probs: np.ndarray  # probabilities, float32 [N, C], in [0, 1]
    targets: np.ndarray = None  # type: ignore[assignment] # truth, bool [N, C]; TypeError without
    vocab: list = None  # type: ignore[assignment] # C label names, in column order; None: made up
    fnames: list = None  # type: ignore[assignment] # N file names, each once; None: made up

    def __post_init__(self):
        probs, targets = check_pair(self.probs, self.targets)
        vocab, fnames = names_for(self.probs, self.targets, probs.shape, self.vocab, self.fnames)
        new = {
            "probs": frozen(probs.astype(np.float32, copy=False)),
            "targets": frozen(targets),
            "vocab": vocab,
            "fnames": fnames,
        }
        for name, value in new.items():
            object.__setattr__(self, name, value)

    __eq__, __reduce__ = same_fields, made_anew  # type: ignore[assignment]

    def __len__(self):
        return len(self.fnames)

    def __repr__(self):
        positives = self.targets.sum()
        return f"Predictions({len(self)} images, {len(self.vocab)} labels, {positives} positives)"

    def subset(
        self,
        rows: "ArrayLike",  # bool mask [N], or row numbers
    ) -> "Predictions":  # the same predictions for these rows only
        "Some of the rows."
        at = _row_numbers(rows, len(self))
        fnames = [self.fnames[i] for i in at]
        return Predictions(self.probs[at], self.targets[at], self.vocab, fnames)

    def align(
        self,
        fnames: Iterable,  # file names, each among this object's file names
    ) -> "Predictions":  # the rows of these files, in this order
        "The rows in the order of another list of files."
        where = {f: i for i, f in enumerate(self.fnames)}
        fnames = [str(f) for f in fnames]
        missing = [f for f in fnames if f not in where]
        if missing:
            raise ValueError(
                f"{len(missing)} of the file names have no prediction, the first is "
                f"{missing[0]!r}: predict them too, or leave them out."
            )
        return self.subset(np.array([where[f] for f in fnames], dtype=int))

    def save(
        self,
        path: PathLike,  # the file to write, "....npz"
    ) -> Path:  # the file written
        "Write one `.npz` file of plain arrays (no pickle)."
        names = {k: np.array(getattr(self, k), dtype=str) for k in ("vocab", "fnames")}

        def write(tmp):
            with open(tmp, "wb") as f:
                np.savez_compressed(f, probs=self.probs, targets=self.targets, **names)

        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return write_whole(path, write, then="save the predictions again")

    @classmethod
    def load(
        cls,
        path: PathLike,  # a file that `save` wrote
    ) -> "Predictions":  # validated again
        "Read what `save` wrote."
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"There are no predictions at {path}: train a model with an output folder first, "
                "or correct the path."
            )
        try:
            with np.load(path, allow_pickle=False) as z:
                d = {k: z[k] for k in ("probs", "targets", "vocab", "fnames")}
        except Exception as e:
            raise ValueError(
                f"{path} isn't a file that Predictions.save wrote ({e}): write it again."
            ) from None
        return cls(d["probs"], d["targets"], d["vocab"].tolist(), d["fnames"].tolist())
