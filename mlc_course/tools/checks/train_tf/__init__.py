"""Checks of lesson 09, TensorFlow: a validation pipeline, a range of pixels, the reach of a
shuffle, a metric, a frozen body.
"""

from .model import exact_match_metric, freeze_body
from .pipeline import valid_pipeline
from .pixels import unit_range
from .shuffling import shuffle_reach

__all__ = ["exact_match_metric", "freeze_body", "shuffle_reach", "unit_range", "valid_pipeline"]
