"""Checks of lesson 11, side by side: a rate for another reduction, BatchNorm's statistics, Keras'
epsilon, chance between seeds, the first layer that differs.
"""

from .batchnorm import keras_epsilon, running_variances
from .layer import first_layer
from .rates import chance_of_seeds, same_step_rate

__all__ = ["chance_of_seeds", "first_layer", "keras_epsilon", "running_variances", "same_step_rate"]
