"Every figure of one set of predictions, on one sheet."

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from mlc_course.hints import Thresh

from .checks import FrameCopies, check_predictions, check_thresh
from .counts import count_decisions, precision_recall_f1, sample_means
from .intervals import bootstrap_intervals, check_draws
from .order import average_precision, mean_known, ranking_measures
from .predictions import Predictions

AVERAGES = ("micro", "macro", "samples")
REST = {
    "mAP": "mAP",
    "accuracy (cells)": "accuracy",
    "  predicting nothing": "all_negative_accuracy",
    "Hamming loss": "hamming_loss",
    "exact match": "exact_match",
    "Jaccard (images)": "jaccard",
    "LRAP": "lrap",
    "ranking loss": "ranking_loss",
    "coverage error": "coverage_error",
}  # words on the sheet -> names of fields


def _clean(value):
    "None in place of NaN, which JSON doesn't know."
    return None if isinstance(value, float) and np.isnan(value) else value


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    "Every figure of one set of predictions. Print it, or show it in a notebook."

    n_images: int
    n_labels: int
    mAP: float  # mean over labels of the average precision; needs no threshold
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    samples_precision: float
    samples_recall: float
    samples_f1: float
    hamming_loss: float  # share of wrong cells: 1 - accuracy
    exact_match: float  # share of images with every label right
    jaccard: float  # mean over images of right / (predicted or true)
    coverage_error: float
    ranking_loss: float
    lrap: float
    accuracy: float  # share of right cells
    all_negative_accuracy: float  # what predicting nothing scores
    # a copy, each time: label, support, precision, recall, f1, ap, thresh; with a bootstrap also
    # f1_low, f1_high and so on
    per_label: pd.DataFrame = FrameCopies()  # type: ignore[assignment]
    # figure -> low and high, after `evaluate(..., bootstrap=2000)`; empty otherwise
    intervals: pd.DataFrame = FrameCopies()  # type: ignore[assignment]

    def to_dict(self) -> dict:  # plain numbers, ready for JSON (NaN becomes None)
        "Everything as plain Python values."
        names = [f.name for f in fields(self) if f.name not in ("per_label", "intervals")]
        rows = self.per_label.astype(object).to_dict("records")
        plain = [{k: _clean(v) for k, v in row.items()} for row in rows]
        found = {k: _clean(getattr(self, k)) for k in names} | {"per_label": plain}
        ends = self.intervals.T.to_dict("list")
        return found | ({"intervals": {k: list(map(_clean, v)) for k, v in ends.items()}})

    def _said(self, name, digits):
        "A figure as text, with its interval if there is one."
        text, ends = f"{getattr(self, name):.{digits}f}", self.intervals
        if name not in ends.index:
            return text
        low, high = ends.loc[name, ["low", "high"]]
        return f"{text} ({low:.{digits}f} to {high:.{digits}f})"

    def _tables(self, digits):
        figures = ("precision", "recall", "f1")
        rows = {o: [self._said(f"{o}_{k}", digits) for k in figures] for o in AVERAGES}
        prf = pd.DataFrame(rows, index=["precision", "recall", "F1"]).T
        rest = pd.DataFrame({"value": [self._said(k, 4) for k in REST.values()]}, index=list(REST))
        return prf, rest

    def _labels(self):
        "The labels' table without the ends of precision and recall, which would make it wide."
        ends = ("precision_low", "precision_high", "recall_low", "recall_high")
        return self.per_label.drop(columns=list(ends), errors="ignore")

    def __str__(self):
        prf, rest = self._tables(4)
        parts = [
            f"{self.n_images} images, {self.n_labels} labels",
            prf.to_string(),
            rest.to_string(header=False),
            self._labels().to_string(index=False, float_format="{:.3f}".format),
        ]
        return "\n\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self):
        prf, rest = self._tables(3)
        parts = [
            prf.to_html(),
            rest.to_html(header=False),
            self._labels().to_html(index=False, float_format="{:.3f}".format),
        ]
        cells = "".join(f'<div style="margin-right:2em">{o}</div>' for o in parts)
        style = "display:flex;flex-wrap:wrap;align-items:flex-start"
        said = f"<p>{self.n_images} images, {self.n_labels} labels</p>"
        return f'{said}<div style="{style}">{cells}</div>'


def _rows(predictions, counts, ap, thresh):
    "One row per label."
    each = precision_recall_f1(counts, None)
    return pd.DataFrame(
        {
            "label": predictions.vocab,
            "support": predictions.targets.sum(0),
            "precision": each.precision,
            "recall": each.recall,
            "f1": each.f1,
            "ap": ap,
            "thresh": np.broadcast_to(thresh, len(predictions.vocab)).astype(float),
        }
    )


def evaluate(
    predictions: Predictions,  # what a model said
    thresh: "Thresh" = 0.5,  # a number, one number per label, or a dict by label
    bootstrap: int = 0,  # resamples of the images for an interval of each figure; 2,000 are usual
    level: float = 0.95,  # share of such intervals that hold the figure of all images like these
    seed: int = 0,  # of the resamples
) -> Scores:  # every figure
    """Score predictions at a threshold. TypeError, with what to pass instead, for anything else.

    With a bootstrap (Efron 1979), `.intervals` holds low and high of each figure. They say what
    other test images would change: not another training, nor a threshold chosen on these."""
    check_predictions(predictions, "evaluate")
    if bootstrap:
        check_draws(bootstrap, level)
    p, t = predictions.probs, predictions.targets
    thresh = check_thresh(thresh, len(predictions.vocab), p.dtype, predictions.vocab)
    pred = p > thresh
    counts, ap = count_decisions(pred, t), average_precision(p, t)
    prf: dict = {}
    for average in AVERAGES:
        found = precision_recall_f1(counts, average)._asdict()
        prf |= {f"{average}_{k}": v for k, v in found.items()}
    accuracy = float((counts.tp + counts.tn).sum() / p.size)
    rows, ends = _rows(predictions, counts, ap, thresh), pd.DataFrame(columns=["low", "high"])
    if bootstrap:
        ends, more = bootstrap_intervals(p, t, pred, ap, int(bootstrap), level, seed)
        rows = pd.concat([rows, more], axis=1)
    return Scores(
        n_images=len(p),
        n_labels=len(predictions.vocab),
        mAP=mean_known(ap),
        **prf,
        hamming_loss=1 - accuracy,
        exact_match=float((pred == t).all(1).mean()),
        jaccard=float(sample_means(counts)[3]),
        **ranking_measures(p, t)._asdict(),
        accuracy=accuracy,
        all_negative_accuracy=float(1 - t.mean()),
        per_label=rows,
        intervals=ends,
    )
