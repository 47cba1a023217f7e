"Checks of lesson 08."

from .dataset import table_dataset
from .keep import keep_the_best
from .large_step import one_large_step
from .rate import one_cycle_rate
from .step import training_step

__all__ = ["keep_the_best", "one_cycle_rate", "one_large_step", "table_dataset", "training_step"]
