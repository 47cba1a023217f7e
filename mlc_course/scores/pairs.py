"Scores beside counts: F1 against how often a label occurs, pairs of labels in truth and predicted."

import numpy as np
import pandas as pd

from mlc_course.data.hot import cooccurrence
from mlc_course.hints import Thresh

from .best_cuts import best_thresholds_per_label
from .checks import check_predictions, check_thresh
from .counts import confusion, precision_recall_f1
from .predictions import Predictions


def f1_by_frequency(
    predictions: Predictions,  # what a model said
    thresh: "Thresh | None" = None,  # None: the best for each label on these very predictions
) -> pd.DataFrame:  # columns label, frequency (share of images), support, f1; the rarest first
    """F1 of each label beside how often the label occurs.

    `thresh` is a number, one number per label, or a dict by label. The best thresholds on the very
    predictions that are scored flatter."""
    p = check_predictions(predictions, "f1_by_frequency").probs
    t, vocab = predictions.targets, predictions.vocab
    if thresh is None:
        thresh = best_thresholds_per_label(predictions)
    else:
        thresh = check_thresh(thresh, len(vocab), p.dtype, vocab)
    f1 = precision_recall_f1(confusion(p, t, thresh), None).f1
    table = pd.DataFrame(dict(label=vocab, frequency=t.mean(0), support=t.sum(0), f1=f1))
    return table.sort_values("frequency", kind="stable", ignore_index=True)


def cooccurrence_learned(
    predictions: Predictions,  # what a model said
    thresh: "Thresh" = 0.5,  # a number, one number per label, or a dict by label
) -> pd.DataFrame:  # columns a, b, truth, predicted, chance; the most frequent pair first
    """Every pair of labels: how often together in truth, and how often in the predictions.

    `truth` and `predicted` count images with both; `chance` is the count to expect if the true
    labels were independent."""
    p = check_predictions(predictions, "cooccurrence_learned", some=False).probs
    t = predictions.targets
    said = p > check_thresh(thresh, p.shape[1], p.dtype, predictions.vocab)
    truth, predicted = cooccurrence(t), cooccurrence(said)
    a, b = np.triu_indices(len(predictions.vocab), 1)
    alone, name = np.diag(truth), np.array(predictions.vocab, dtype=object)
    pairs = pd.DataFrame(
        dict(
            a=name[a],
            b=name[b],
            truth=truth[a, b],
            predicted=predicted[a, b],
            chance=alone[a] * alone[b] / max(len(t), 1),
        )
    )
    return pairs.sort_values("truth", ascending=False, kind="stable", ignore_index=True)
