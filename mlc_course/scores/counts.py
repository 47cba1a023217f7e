"Counts of right and wrong decisions, and precision, recall and F1 from them."

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mlc_course.hints import ArrayLike, Thresh

from .checks import check_counts, check_pair, check_thresh, made_anew
from .cuts import ratio
from .predictions import same_fields


@dataclass(frozen=True, eq=False)
class Confusion:
    """How often each label was rightly and wrongly predicted; adds up over batches and processes.

    The arrays are read-only. `samples` holds whole numbers, so that means over images add up, too:
    the right labels of all images that divide by 0, by 1, by 2 and so on."""

    tp: np.ndarray  # predicted and there, int64 [C]
    fp: np.ndarray  # predicted, not there
    fn: np.ndarray  # there, not predicted
    tn: np.ndarray  # neither
    samples: np.ndarray | None = field(default=None, repr=False)  # by divisor, int64 [4, 2C+1]

    def __post_init__(self):
        for name in ("tp", "fp", "fn", "tn", "samples"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_counts(value, name))
        if len({o.shape for o in (self.tp, self.fp, self.fn, self.tn)}) > 1:
            raise ValueError(
                "tp, fp, fn and tn have different lengths: expected one count per label in each."
            )

    __eq__, __reduce__ = same_fields, made_anew  # type: ignore[assignment]

    def __add__(self, other):
        if not isinstance(other, Confusion):
            return NotImplemented
        if len(self.tp) != len(other.tp):
            raise ValueError(
                f"one Confusion counts {len(self.tp)} labels and the other {len(other.tp)}: "
                "only counts over the same vocab add up."
            )
        both = self.samples is not None and other.samples is not None
        return Confusion(
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.tn + other.tn,
            self.samples + other.samples if both else None,
        )

    def __radd__(self, other):  # so that sum() works
        return self if isinstance(other, int) and other == 0 else NotImplemented

    @property
    def n(self) -> int:  # images counted
        "The number of images counted."
        return int(self.tp[0] + self.fp[0] + self.fn[0] + self.tn[0])


def count_decisions(
    pred: np.ndarray,  # decisions, bool [N, C]
    targets: np.ndarray,  # truth, bool [N, C]
) -> Confusion:  # int64 counts per label, and those per image
    "Counts of two bool arrays that have been checked."
    (n, c), hit = targets.shape, pred & targets
    tp, pp, pos = hit.sum(0), pred.sum(0), targets.sum(0)
    i_tp, i_pred, i_true = hit.sum(1), pred.sum(1), targets.sum(1)
    both = i_pred + i_true
    pairs = ((i_pred, i_tp), (i_true, i_tp), (both, 2 * i_tp), (both - i_tp, i_tp))
    samples = [np.bincount(by, weights=right, minlength=2 * c + 1) for by, right in pairs]
    return Confusion(tp, pp - tp, pos - tp, n - pp - pos + tp, np.stack(samples).astype(np.int64))


def confusion(
    probs: "ArrayLike",  # probabilities [N, C], in [0, 1]: anything `np.asarray` takes
    targets: "ArrayLike | None" = None,  # truth [N, C], 0 or 1; TypeError without
    thresh: "Thresh" = 0.5,  # a number, or one number per label (not by name: arrays have none)
) -> Confusion:  # int64 counts per label
    "Count what `prob > thresh` gets right and wrong, per label."
    p, t = check_pair(probs, targets)
    return count_decisions(p > check_thresh(thresh, p.shape[1], p.dtype), t)


class PRF(NamedTuple):
    "Precision, recall and F1: numbers, or one per label."

    precision: float | np.ndarray
    recall: float | np.ndarray
    f1: float | np.ndarray


def sample_means(
    confusion: Confusion,  # counts, with those per image
) -> np.ndarray:  # float64 [4]
    "Means over the images of precision, recall, F1 and Jaccard."
    if confusion.samples is None:
        raise ValueError(
            "this Confusion carries no counts per image, so there is no average over samples: "
            "make it with `confusion(probs, targets)`."
        )
    s, n = confusion.samples, confusion.n
    return (s[:, 1:] / np.arange(1, s.shape[1])).sum(1) / n if n else np.zeros(4)


def precision_recall_f1(
    confusion: Confusion,  # counts, of one batch or of everything
    average: str | None = "macro",  # "micro", "macro", "samples", or None for one figure per label
) -> PRF:  # precision, recall, f1; 0 where the division is 0 / 0
    "Precision, recall and F1 from counts, equal to scikit-learn's with `zero_division=0`."
    if not isinstance(confusion, Confusion):
        raise TypeError(
            f"precision_recall_f1 takes counts, not a {type(confusion).__name__}: "
            "precision_recall_f1(confusion(probs, targets))."
        )
    if average == "samples":
        return PRF(*sample_means(confusion)[:3].tolist())
    if average not in ("micro", "macro", None):
        raise ValueError(
            f"average is {average!r}: expected 'micro', 'macro', 'samples' or None "
            "(one figure per label)."
        )
    c = np.stack([confusion.tp, confusion.fp, confusion.fn])
    tp, fp, fn = c.sum(1, keepdims=True) if average == "micro" else c
    res = ratio(np.stack([tp, tp, 2 * tp]), np.stack([tp + fp, tp + fn, 2 * tp + fp + fn]))
    return PRF(*res) if average is None else PRF(*res.mean(1).tolist())
