"How often the heads of a network are right: one by one, and all at once."

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..data.heads import require_known


@dataclass(frozen=True)
class HeadAccuracy:
    "How often each head is right, and how often all are."

    heads: dict  # head -> share of images where it is right
    all_right: float  # share of images where every head is right
    n: int  # images

    @property
    def mean(self) -> float:
        "Of the heads."
        return float(np.mean(list(self.heads.values())))

    def row(self) -> dict:
        "Heads, mean, all right: a row of a table."
        return {**self.heads, "mean": self.mean, "all right": self.all_right}

    def __repr__(self):
        said = ", ".join(f"{n} {v:.3f}" for n, v in self.row().items())
        return f"{said} ({self.n:,} images)"


def class_numbers(
    x,  # array, list or tensor
    name: str,  # of the head, for the message
    what: str,  # "outputs" or "targets"
) -> np.ndarray:  # int [N]
    "Class numbers [N] from class numbers, or by arg-max from scores [N, C]."
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = x.float().numpy() if x.is_floating_point() else x.numpy()
    x = np.asarray(x)
    if x.ndim == 2 and x.dtype.kind == "f" and what == "outputs":
        bad = ~np.isfinite(x).all(1)
        if bad.any():
            raise ValueError(
                f"Head {name!r}: row {int(bad.argmax())} of the outputs has NaN or infinite "
                "values; the model has diverged."
            )
        return x.argmax(1)
    if x.ndim != 1 or x.dtype.kind not in "iu":
        scores = " or scores [N, C] (floats)" if what == "outputs" else ""
        raise TypeError(
            f"Head {name!r}: the {what} are {x.dtype} with shape {x.shape}; expected class "
            f"numbers [N] (whole numbers){scores}."
        )
    if len(x) and x.min() < 0:
        raise ValueError(
            f"Head {name!r}: row {int(x.argmin())} of the {what} is {x.min()}; class numbers "
            "start at 0. Leave out the rows whose class isn't known."
        )
    return x


def right_answers(name, outputs, targets) -> np.ndarray:
    "Where one head is right, bool [N]."
    y, t = class_numbers(outputs, name, "outputs"), class_numbers(targets, name, "targets")
    classes = np.shape(outputs)[1] if np.ndim(outputs) == 2 else None
    if classes and len(t) and t.max() >= classes:
        raise ValueError(
            f"Head {name!r}: a target is {t.max()}, and the outputs have {classes} classes, "
            "counted from 0. Do both come from the same vocab?"
        )
    if len(y) != len(t):
        raise ValueError(f"Head {name!r}: there are {len(y)} outputs and {len(t)} targets.")
    return y == t


def per_head_accuracy(
    outputs: Mapping,  # head -> logits or probabilities [N, C], or class numbers [N]
    targets: Mapping,  # head -> class numbers [N]
) -> HeadAccuracy:
    "The share of right answers, head by head and for all heads at once."
    require_known(outputs, list(targets), all_of=True)
    right = {n: right_answers(n, outputs[n], targets[n]) for n in targets}
    sizes = {n: len(r) for n, r in right.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"The heads have different numbers of images: {sizes}.")
    n = max(sizes.values(), default=0)
    if not n:
        raise ValueError("There are no images; the accuracy of nothing isn't defined.")
    together = np.logical_and.reduce(list(right.values()))
    return HeadAccuracy({n: float(r.mean()) for n, r in right.items()}, float(together.mean()), n)


def majority_accuracy(
    train_targets: Mapping,  # head -> class numbers [N] that decide what to say
    targets: Mapping,  # head -> class numbers [M] that it is scored on
) -> HeadAccuracy:
    """What you reach without looking: per head the most frequent class, for all at once the most
    frequent combination."""
    require_known(train_targets, list(targets), all_of=True)
    a, b = (
        np.stack([class_numbers(d[n], n, "targets") for n in targets], 1)
        for d in (train_targets, targets)
    )
    if not len(a) or not len(b):
        raise ValueError("There are no images; the accuracy of nothing isn't defined.")
    heads = {}
    for j, n in enumerate(targets):
        heads[n] = float((b[:, j] == np.bincount(a[:, j]).argmax()).mean())
    combos, counts = np.unique(a, axis=0, return_counts=True)
    together = float((b == combos[counts.argmax()]).all(1).mean())
    return HeadAccuracy(heads, together, len(b))
