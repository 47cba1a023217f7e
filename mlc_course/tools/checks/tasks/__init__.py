"""Checks of lesson 01, a file for each exercise."""

from .cells import parse_cell
from .density import label_density
from .hot import to_multi_hot
from .kinds import KINDS, QUIZ, kind_of_task
from .shares import share_that_also

__all__ = [
    "KINDS",
    "QUIZ",
    "kind_of_task",
    "label_density",
    "parse_cell",
    "share_that_also",
    "to_multi_hot",
]
