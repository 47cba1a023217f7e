"Exercise: one array out of a file of many."

from __future__ import annotations

import json

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, diagnose
from .._names import called

KINDS = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I64": "<i8"}


def _file(turned=False, **arrays):
    "Bytes of a safetensors file, the arrays in the order given, the header also in reverse."
    codes, header, at = (
        {"float32": "F32", "float16": "F16", "int32": "I32", "int64": "I64"},
        {"__metadata__": {"made": "for a check"}},
        0,
    )
    for k, a in arrays.items():
        header[k] = dict(dtype=codes[a.dtype.name], shape=a.shape, data_offsets=(at, at + a.nbytes))
        at += a.nbytes
    if turned:  # the format doesn't promise that the header names the arrays in their order
        header = dict(reversed(header.items()))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for a in arrays.values())


def _typical_stops(answer, data, what):
    "Raise for answers that stop where a reason can be named."
    try:
        answer(data, "a")
    except (UnicodeDecodeError, json.JSONDecodeError, OverflowError, MemoryError) as e:
        raise Wrong(
            f"{what} stopped with {type(e).__name__}: the header can't be read. Its length "
            "stands in the first 8 bytes as a little-endian number: int.from_bytes(data[:8], "
            '"little"); the header is the text that follows.'
        ) from e
    except ValueError as e:
        if "reshape" in str(e):
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {e}. The numbers that you cut out don't "
                "fill the shape. data_offsets count bytes, from the end of the header: cut the "
                "bytes first, and make numbers of them then."
            ) from e
    except Exception:
        pass  # told below, with what was given


def _in_header_order(data, name):
    "The wrong way: sizes of the header's entries, added up."
    n = int.from_bytes(data[:8], "little")
    begin = 8 + n
    for key, a in json.loads(data[8 : 8 + n]).items():
        if key == "__metadata__":
            continue
        end = begin + a["data_offsets"][1] - a["data_offsets"][0]
        if key == name:
            return np.frombuffer(data[begin:end], KINDS[a["dtype"]]).reshape(a["shape"])
        begin = end


def array_in_file(answer) -> Right:
    """Exercise 4: array_in_file(data, name) -> the NumPy array called `name` in the bytes of a
    safetensors file (F32, F16, I32, I64).
    """
    what, rng = called(answer, "my_array_in_file"), np.random.default_rng(2)
    f = lambda *shape: rng.normal(size=shape).astype("float32")
    count = np.arange(4).reshape(2, 2)
    one, two = (
        _file(a=f(2, 3), b=f(3, 2), c=f(4)),
        _file(
            turned=True,
            small=f(2, 2).astype("float16"),
            short=count.astype("int32"),
            long=count.astype("int64"),
            kernel=f(2, 1, 3, 3),
        ),
    )

    def read(
        data, name, *, start=lambda n: 8 + n, dtype=KINDS.get, order="C", first=None, raw=False
    ):
        n = int.from_bytes(data[:8], "little")
        a = json.loads(data[8 : 8 + n])[name]
        begin, end = a["data_offsets"]
        begin, end = (0, end - begin) if first else (begin, end)
        flat = np.frombuffer(data[start(n) + begin : start(n) + end], dtype(a["dtype"]))
        return flat if raw else flat.reshape(a["shape"], order=order)

    def given(says, **kw):
        return Mistake(says, lambda *args: read(*args, **kw))

    _typical_stops(answer, one, what)
    diagnose(
        answer,
        read,
        [
            given(
                "the offsets are counted from the start of the file. They count from the end "
                "of the header: 8 bytes of length and the header itself come first.",
                start=lambda n: 0,
            ),
            given(
                "the offsets are counted from the end of the header text in yours, but the "
                "eight bytes before it are forgotten: the numbers begin at 8 + its length.",
                start=lambda n: n,
            ),
            given(
                "the numbers are looked for right behind the first eight bytes, where the "
                "header stands. They begin at 8 + its length.",
                start=lambda n: 8,
            ),
            given(
                "you read the first array of the file, whichever is asked for: add the array's "
                "own begin, data_offsets[0].",
                first=True,
            ),
            given(
                "the numbers come as one row: give them the shape that the header states.", raw=True
            ),
            given(
                "the numbers are filled in column by column. Safetensors stores the last axis "
                "running fastest, which is NumPy's own order.",
                order="F",
            ),
            given(
                "the bytes are read with the highest first. They are stored lowest first: "
                "'<f4', not '>f4'.",
                dtype=lambda d: KINDS[d].replace("<", ">"),
            ),
        ],
        [(one, "a"), (one, "b"), (one, "c")],
        what,
        names=[f"a file with three float32 arrays, and name={n!r}" for n in "abc"],
    )
    mixed = lambda *names: (
        [(two, n) for n in names],
        [f"a file with arrays of float16, int32, int64 and float32, and name={n!r}" for n in names],
    )
    cases, names = mixed("kernel", "short")
    diagnose(
        answer,
        read,
        [
            given(
                "you read every array as float32. The header says of each what it is: F32, "
                "F16, I32 and I64 are '<f4', '<f2', '<i4' and '<i8'.",
                dtype=lambda d: "<f4",
            ),
            Mistake(
                "you add up the sizes of the arrays that stand before it in the header. The "
                "header may name them in another order than the numbers have: use data_offsets.",
                _in_header_order,
            ),
        ],
        cases,
        what,
        names=names,
    )
    cases, names = mixed("small", "long")
    diagnose(answer, read, [], cases, what, names=names)
    for n in ("small", "short", "long", "kernel"):
        got, kind = (
            attempt(answer, (two, n), what, f"the same file, and name={n!r}"),
            read(two, n).dtype.name,
        )
        if not hasattr(got, "dtype"):
            raise Wrong(
                f"{what}: the numbers of {n!r} are right, but they come as a "
                f"{type(got).__name__}. Return a NumPy array, in the dtype of the file."
            )
        if kind not in str(got.dtype):
            raise Wrong(
                f"{what}: the numbers of {n!r} are right, but they come as {got.dtype}, and "
                f"the file has {kind}. Leave the dtype as it is."
            )
    return Right("Right: eight bytes, a header, and the numbers where it says.")
