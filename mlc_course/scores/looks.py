"Which cells (image, label) a model got wrong, and what it said of each image."

import numpy as np
import pandas as pd

from mlc_course.hints import Thresh

from .checks import check_predictions, check_thresh
from .numbers import need_number
from .predictions import Predictions


def column_of(
    predictions: Predictions,  # with a vocab
    label: str,  # a name
) -> int:  # the number of its column
    "The column of a label; ValueError for a name that isn't in the vocab."
    if label not in predictions.vocab:
        known = ", ".join(predictions.vocab)
        raise ValueError(f"{label!r} isn't in the vocab: expected one of {known}.")
    return predictions.vocab.index(label)


def predicted_labels(
    predictions: Predictions,  # what a model said
    thresh: "Thresh" = 0.5,  # a number, one number per label, or a dict by label
    nothing: str = "no predictions",  # what to say where no label passes
) -> pd.Series:  # one text per image, by file name; the most probable label first
    "The labels whose probability is above the threshold, as text."
    p = check_predictions(predictions, "predicted_labels", some=False).probs
    vocab = np.array(predictions.vocab, dtype=object)
    said = p > check_thresh(thresh, len(vocab), p.dtype, predictions.vocab)
    text = [
        ", ".join(vocab[yes][np.argsort(-row[yes], kind="stable")]) or nothing
        for row, yes in zip(p, said)
    ]
    index = pd.Index(predictions.fnames, name="fname")
    return pd.Series(text, index=index, name="predicted", dtype=object)


def cell_losses(
    predictions: Predictions,  # what a model said
) -> np.ndarray:  # float64 [N, C], nats
    """The binary cross-entropy of each cell by itself.

    A probability of exactly 0 or 1 counts as 1e-7 away from it, as in `epoch_scores`."""
    p = check_predictions(predictions, "cell_losses", some=False).probs.astype(np.float64)
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -np.where(predictions.targets, np.log(p), np.log1p(-p))


def cells_table(
    predictions: Predictions,  # what a model said
    rows: np.ndarray,  # image numbers
    columns: np.ndarray,  # label numbers, as many
    loss: np.ndarray,  # [N, C], from `cell_losses`
) -> pd.DataFrame:  # columns fname, label, target, prob, loss; a row for each cell
    "Some cells, with their names."
    return pd.DataFrame(
        dict(
            fname=[predictions.fnames[i] for i in rows],
            label=[predictions.vocab[i] for i in columns],
            target=predictions.targets[rows, columns],
            prob=predictions.probs[rows, columns],
            loss=loss[rows, columns],
        )
    )


def worst_losses(
    predictions: Predictions,  # what a model said
    k: int = 9,  # how many cells
    label: str | None = None,  # only this label; None: all
) -> pd.DataFrame:  # columns fname, label, target, prob, loss; the highest loss first
    "The cells on which the model was most surely wrong."
    check_predictions(predictions, "worst_losses", some=False)
    need_number(k, "k", whole=True)
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one cell.")
    loss = cell_losses(predictions)
    columns = np.arange(loss.shape[1])
    if label is not None:
        columns = columns[[column_of(predictions, label)]]
    order = np.argsort(-loss[:, columns].ravel(), kind="stable")[:k]
    rows, places = order // len(columns), order % len(columns)
    return cells_table(predictions, rows, columns[places], loss)


def mistakes(
    predictions: Predictions,  # what a model said
    thresh: "Thresh" = 0.5,  # a number, one number per label, or a dict by label
    label: str | None = None,  # only this label; None: all
) -> pd.DataFrame:  # columns fname, label, kind, prob, thresh; the most confident first
    """Every cell on the wrong side of its threshold; kind is "false positive" or "false negative".

    Confidence is the share of the way from the threshold to 1 or 0 that the probability went."""
    p = check_predictions(predictions, "mistakes", some=False).probs
    n_labels = p.shape[1]
    cuts = check_thresh(thresh, n_labels, p.dtype, predictions.vocab)
    t = np.broadcast_to(cuts, n_labels)
    wrong = (p > t) != predictions.targets
    if label is not None:
        wrong = wrong & (np.arange(n_labels) == column_of(predictions, label))
    r, c = np.nonzero(wrong)
    said, prob, cut = p[r, c] > t[c], p[r, c].astype(np.float64), t[c].astype(np.float64)
    way = np.abs(prob - cut) / np.maximum(np.where(said, 1 - cut, cut), 1e-12)
    order = np.argsort(-way, kind="stable")
    return pd.DataFrame(
        dict(
            fname=[predictions.fnames[i] for i in r[order]],
            label=[predictions.vocab[i] for i in c[order]],
            kind=np.where(said, "false positive", "false negative")[order],
            prob=prob[order],
            thresh=cut[order],
        )
    )
