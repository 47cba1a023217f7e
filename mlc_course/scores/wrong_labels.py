"Labels that are wrong: noise of a known kind, and the search for it with cleanlab."

import numpy as np
import pandas as pd

from mlc_course.data.targets import check_targets
from mlc_course.extras import need
from mlc_course.hints import ArrayLike

from .checks import check_pair, check_predictions
from .looks import cell_losses, cells_table
from .predictions import Predictions


def flip_labels(
    targets: "ArrayLike",  # multi-hot [N, C]
    share: float = 0.05,  # of the labels that are there
    seed: int = 0,  # the same seed, the same flips
) -> tuple:  # the noisy targets and the mask of flipped cells, both bool [N, C]
    """Targets with noise of a known kind.

    So many labels are taken away, and as many false ones added. Each label stays as frequent as it
    was, unless it is nearly everywhere."""
    t = check_targets(targets)
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}: it is a share of the labels, between 0 and 1.")
    rng = np.random.default_rng(seed)
    noisy, there = t.copy(), np.argwhere(t)
    r, c = there[rng.permutation(len(there))[: round(share * len(there))]].T
    noisy[r, c] = False
    for label, n in zip(*np.unique(c, return_counts=True)):
        absent = np.flatnonzero(~t[:, label])
        noisy[rng.permutation(absent)[:n], label] = True
    return noisy, noisy != t


def find_label_issues(
    targets: "ArrayLike",  # multi-hot [N, C], possibly with mistakes
    probs: "ArrayLike",  # out-of-sample probabilities [N, C]
    method: str = "confident_learning",  # cleanlab's `filter_by`, also "prune_by_noise_rate"
) -> np.ndarray:  # bool [N, C], True where the label is probably wrong
    """Cells whose label cleanlab thinks wrong, each label judged by itself.

    "prune_by_noise_rate" finds more and errs more. A label that no image has, or every image, has
    no issues: there is nothing to compare with."""
    p, t = check_pair(probs, targets)
    need("noise", "cleanlab")
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    issues, both = np.zeros(t.shape, bool), np.flatnonzero(t.any(0) & ~t.all(0))
    if not len(both):
        return issues
    rows = [np.flatnonzero(row).tolist() for row in t[:, both]]
    issues[:, both] = find_multilabel_issues_per_class(
        rows, p[:, both].astype(np.float64), filter_by=method, n_jobs=1
    )
    return issues


def _marked(issues, predictions, taker):
    "The mask of issues, checked against the predictions that it belongs to."
    check_predictions(predictions, taker, some=False)
    issues = check_targets(issues, "issues")
    if issues.shape != predictions.targets.shape:
        raise ValueError(
            f"issues has shape {issues.shape} and the predictions {predictions.targets.shape}: "
            "give the mask that find_label_issues made of these predictions."
        )
    return issues


def rank_label_issues(
    predictions: Predictions,  # out-of-sample probabilities, and as targets the given labels
    issues: "ArrayLike",  # bool [N, C], from `find_label_issues`
) -> pd.DataFrame:  # columns fname, label, target, prob, loss; the most suspicious first
    "The cells that a search found, by the loss of the given label: the list to look at."
    r, c = np.nonzero(_marked(issues, predictions, "rank_label_issues"))
    loss = cell_losses(predictions)
    order = np.argsort(-loss[r, c], kind="stable")
    return cells_table(predictions, r[order], c[order], loss)


def issues_per_label(
    predictions: Predictions,  # out-of-sample probabilities, and as targets the given labels
    issues: "ArrayLike",  # bool [N, C], from `find_label_issues`
) -> pd.DataFrame:  # columns label, given, doubtful, missing, share; the highest share first
    """What a search found, label by label.

    `given` counts images with the label, `doubtful` those of them where it is probably wrong, and
    `missing` images without it that probably should have it. `share` is doubtful + missing, divided
    by given (NaN where no image has the label)."""
    found, t = _marked(issues, predictions, "issues_per_label"), predictions.targets
    given, doubtful, missing = t.sum(0), (found & t).sum(0), (found & ~t).sum(0)
    share = np.full(len(given), np.nan)
    np.divide(doubtful + missing, given, out=share, where=given > 0)
    columns = dict(given=given, doubtful=doubtful, missing=missing, share=share)
    table = pd.DataFrame(dict(label=predictions.vocab) | columns)
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def finding_scores(
    found: "ArrayLike",  # bool [N, C]: cells that are thought to be wrong
    flipped: "ArrayLike",  # bool [N, C]: cells that are
) -> dict:  # found, precision, recall, base_rate
    "How good a search was, beside the share of wrong cells: the precision of drawing at random."
    found, flipped = check_targets(found, "found"), check_targets(flipped, "flipped")
    if found.shape != flipped.shape:
        raise ValueError(
            f"found has shape {found.shape} and flipped {flipped.shape}: they must be the same "
            "cells."
        )
    right, n_found, n_wrong = (int(o.sum()) for o in (found & flipped, found, flipped))
    return dict(
        found=n_found,
        precision=right / n_found if n_found else 0.0,
        recall=right / n_wrong if n_wrong else 0.0,
        base_rate=float(flipped.mean()) if flipped.size else 0.0,
    )
