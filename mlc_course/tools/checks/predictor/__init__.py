"Checks of lesson 13."

from .answers import picture, square_bytes
from .faults import FAULTS, which_fault
from .said import what_is_said
from .trust import WHEN, WHY, runs_code, verdict

__all__ = [
    "FAULTS",
    "WHEN",
    "WHY",
    "picture",
    "runs_code",
    "square_bytes",
    "verdict",
    "what_is_said",
    "which_fault",
]
