"safetensors files to NumPy arrays and back, by the library."

import json

import numpy as np

from ..hints import PathLike

# how the numbers lie in the file; bfloat16 is the upper half of a float32
DTYPES = {
    "BF16": "<u2",
    "BOOL": "?",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
}


def _array(part):
    "One array of the library's list; bfloat16, which NumPy lacks, becomes float32."
    flat = np.frombuffer(part["data"], DTYPES[part["dtype"]])
    if part["dtype"] == "BF16":
        flat = (flat.astype("<u4") << 16).view("<f4")
    return flat.reshape(part["shape"]).copy()


def read_safetensors(
    data: bytes,  # a whole file
    name: str = "These bytes",  # what to call it in an error
) -> tuple:  # NumPy arrays by name; the metadata, a dict of str
    "The arrays of a safetensors file. Anything that doesn't fit together is a ValueError."
    from safetensors import SafetensorError, deserialize

    try:
        parts = deserialize(data)
    except SafetensorError as e:
        raise ValueError(
            f"{name} can't be read as safetensors, so the file is damaged or cut short ({e})."
        ) from None
    odd = {k: part["dtype"] for k, part in parts if part["dtype"] not in DTYPES}
    if odd:
        key, dtype = next(iter(odd.items()))
        raise ValueError(
            f"{name} holds numbers that NumPy has no type for: {key!r} is {dtype}. Save it as "
            "float32, float16 or bfloat16."
        )
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return {k: _array(part) for k, part in parts}, header.get("__metadata__", {})


def write_safetensors(
    arrays: dict,  # NumPy arrays by name
    path: PathLike,  # the file to write
    metadata: dict | None = None,  # str by str, kept in the header
) -> None:
    "Write `arrays` as safetensors does: the header's length, the header as JSON, the raw numbers."
    from safetensors.numpy import save

    whole = {k: np.asarray(a, order="C") for k, a in arrays.items()}
    with open(path, "wb") as f:
        f.write(_in_order(save(whole, metadata or None)))


def _in_order(data):
    "The same file with its metadata sorted: the library writes them in another order each time."
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[start:]
