"Checks of lesson 07."

from .freezing import trainable_while_frozen
from .groups import three_groups
from .scores import metrics_at, which_threshold
from .shift import ignores_a_shift

__all__ = [
    "ignores_a_shift",
    "metrics_at",
    "three_groups",
    "trainable_while_frozen",
    "which_threshold",
]
