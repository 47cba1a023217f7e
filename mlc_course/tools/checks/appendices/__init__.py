"Checks of the appendices: one exercise each."

from .cache import cache_name
from .residual import residual_sum
from .seeds import cards_by_number
from .whole import safe_write

__all__ = ["cache_name", "cards_by_number", "residual_sum", "safe_write"]
