"What a network ends in: logits, or probabilities that a sigmoid gave."

from .keras_ends import keras_ending
from .torch_ends import torch_ending

__all__ = ["keras_ending", "torch_ending"]
