"Checks of lessons 89 and 91."

from .files import array_in_file
from .network import folded, scaled_features
from .weights import block_weights, keras_kernel

__all__ = ["array_in_file", "block_weights", "folded", "keras_kernel", "scaled_features"]
