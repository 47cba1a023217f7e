"""`mlc bench`: what the course's own functions cost beside the field's, timed in turn in one run.

A file for each comparison: `metrics`, `train`, `predict`; `core` holds what they share.
"""

from .core import Report, Row, agree, in_turn, machine, once, scores_like
from .metrics import bench_metrics

__all__ = [
    "Report",
    "Row",
    "agree",
    "bench_metrics",
    "in_turn",
    "machine",
    "once",
    "scores_like",
]
