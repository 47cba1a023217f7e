"Tensors out of a .pth file that PyTorch before 1.6 wrote, without PyTorch and without running it."

import io
import pickle
from collections import OrderedDict

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def strided(storage, offset, size, stride, *more):
    "What PyTorch's `_rebuild_tensor_v2` does, on arrays: a note of what to read once it is there."
    return storage, offset, tuple(size), tuple(stride)


class WeightsOnly(pickle.Unpickler):
    "Knows tensors and dictionaries; every other name in the file is refused."

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return strided
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in KINDS:
            return KINDS[name]
        raise pickle.UnpicklingError(f"{module}.{name} isn't a weight")

    def persistent_load(self, key):
        kind, dtype, name, _, length, *_ = key
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"{kind} isn't a storage of numbers")
        return self.storages.setdefault(name, [dtype, length, None])


def read_legacy_pth(
    data: bytes,  # a whole file
) -> dict:  # NumPy arrays by name
    "The tensors of a state dictionary. ValueError for a file that holds anything else."
    file = io.BytesIO(data)
    try:
        if WeightsOnly(file).load() != MAGIC:
            raise ValueError("it doesn't begin as such a file does")
        WeightsOnly(file).load()  # the protocol
        WeightsOnly(file).load()  # the machine that wrote it
        reader = WeightsOnly(file)
        state = reader.load()
        for name in WeightsOnly(file).load():
            storage = reader.storages[name]
            length = int.from_bytes(file.read(8), "little")
            if length != storage[1]:
                raise ValueError(f"storage {name} has another length than announced")
            storage[2] = np.frombuffer(file.read(length * storage[0].itemsize), storage[0])
        return {k: as_array(*v) for k, v in state.items()}
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise ValueError(f"The file can't be read as weights alone: {e}.") from None


def as_array(storage, offset, size, stride):
    "One tensor of a storage, as an array of its own."
    dtype, length, numbers = storage
    last = offset + sum((n - 1) * s for n, s in zip(size, stride))
    if offset < 0 or min(stride, default=0) < 0 or (0 not in size and last >= len(numbers)):
        raise ValueError("a tensor reaches beyond its storage")
    steps = tuple(s * dtype.itemsize for s in stride)
    return np.lib.stride_tricks.as_strided(numbers[offset:], size, steps).copy()
