"How well two groups of scores are apart."

import numpy as np

from mlc_course.data.targets import as_array
from mlc_course.hints import ArrayLike


def separation(
    known: "ArrayLike",  # one score for each known image, such as its highest probability
    unknown: "ArrayLike",  # one score for each image of nothing known
) -> float:  # AUROC: 1 perfect, 0.5 none, 0 the wrong way round
    "The chance that a known image scores higher than an unknown one, ties counted half."
    a = as_array(known, "known").astype(np.float64).ravel()
    b = as_array(unknown, "unknown").astype(np.float64).ravel()
    if not len(a) or not len(b):
        raise ValueError(
            f"There are {len(a)} known and {len(b)} unknown scores: separation needs at least one "
            "of each."
        )
    if np.isnan(a).any() or np.isnan(b).any():
        raise ValueError("Some scores are NaN: look at the predictions first.")
    b = np.sort(b)
    pairs = np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")
    return float(pairs.sum() / (2 * len(a) * len(b)))
