"Names for the kinds of arguments that many functions take: for signatures, editors and mypy."

# They say what may be given; the comment beside a parameter says what it means, and the function
# still checks. Types of the frameworks are known to the checker only: none is loaded for a name.

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras import Model as KerasModel
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike  # numbers, lists of them, arrays, tensors, Series
    from pandas import Series
    from PIL.Image import Image as PILImage
    from tensorflow import Tensor as KerasTensor
    from torch import Tensor
    from torch import device as Device
    from torch.nn import Module

    Thresh = ArrayLike | Mapping[str, float]  # one number, one number per label, or by label
    ImageLike = ArrayLike | PILImage | str | os.PathLike[str]  # pixels, an image, or its file
else:
    ArrayLike = Axes = Device = Figure = KerasModel = KerasTensor = Module = Any
    ImageLike = PILImage = Series = Tensor = Thresh = Any

PathLike = str | os.PathLike[str]  # a path as text, or a pathlib.Path
Names = Iterable[str]  # names of labels or files, in an order that counts
Split = str | Iterable[str] | None  # "train", "valid" or "test"; several; None: all

__all__ = [
    "Any",
    "ArrayLike",
    "Axes",
    "Callable",
    "Collection",
    "Device",
    "Figure",
    "Iterable",
    "Iterator",
    "KerasModel",
    "KerasTensor",
    "Mapping",
    "Module",
    "Names",
    "PILImage",
    "PathLike",
    "ImageLike",
    "Sequence",
    "Series",
    "Split",
    "Tensor",
    "Thresh",
]
