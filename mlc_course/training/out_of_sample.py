"Probabilities for every image from heads that haven't seen its labels."

import numpy as np

from mlc_course.data.stratify import stratified_split
from mlc_course.data.targets import check_targets
from mlc_course.hints import ArrayLike


def _checked(features, targets, folds):
    "Features float32 [N, F] as a tensor, targets bool [N, C]."
    import torch

    if folds < 2:
        raise ValueError(
            f"folds is {folds}: an image can be left out only if there are at least 2."
        )
    x, t = torch.as_tensor(features).float().cpu(), check_targets(targets)
    if not x.isfinite().all():
        raise ValueError(
            "features has NaN or infinite values: look at the network and the images that they "
            "come from."
        )
    if x.ndim != 2 or t.ndim != 2 or len(x) != len(t):
        raise ValueError(
            f"features has shape {tuple(x.shape)} and targets {t.shape}: expected [N, F] and "
            "[N, C], a row for each image in the same order."
        )
    if folds > len(t):
        raise ValueError(
            f"There are {len(t)} images for {folds} folds: give at most one fold for each image."
        )
    return x, t


def out_of_sample_probs(
    features: "ArrayLike",  # float32 [N, F], from a frozen body that hasn't seen these labels
    targets: "ArrayLike",  # multi-hot [N, C], possibly with mistakes
    folds: int = 5,  # parts; each is predicted by a head that was fitted to the others
    seed: int = 0,  # of the dealing
    C: float = 0.01,  # as in `train_torch.fit_head`: larger trusts the labels more
) -> np.ndarray:  # float32 [N, C]
    """Probability of every label for every image, from linear heads that haven't seen that image's
    labels. Features may be an array or a torch tensor."""
    import torch

    from mlc_course.train_torch import fit_head

    x, t = _checked(features, targets, folds)
    part = stratified_split(t, [1 / folds] * folds, seed)
    y, out = torch.from_numpy(t).float(), np.empty(t.shape, np.float32)
    for k in range(folds):
        head, rest = torch.nn.Linear(x.shape[1], t.shape[1]), torch.from_numpy(part != k)
        fit_head(head, x[rest], y[rest], C=C)
        with torch.no_grad():
            out[part == k] = torch.sigmoid(head(x[~rest])).numpy()
    return out
