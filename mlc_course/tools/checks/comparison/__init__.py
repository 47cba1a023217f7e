"Checks of lesson 09, which loss."

from .luck import gap_in_seeds, luck_of_the_test
from .rates import Rates, best_rates, rated, table_of_runs, told

__all__ = [
    "Rates",
    "best_rates",
    "gap_in_seeds",
    "luck_of_the_test",
    "rated",
    "table_of_runs",
    "told",
]
