"Checks of lesson 12, wrong labels."

from .apart import auroc
from .held_out import held_out
from .passing import passed_unknown
from .ranked import ranked_finds

__all__ = ["auroc", "held_out", "passed_unknown", "ranked_finds"]
