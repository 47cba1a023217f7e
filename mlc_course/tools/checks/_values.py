"Results of answers: as plain values, compared, and in one line of a message."

from __future__ import annotations

import re

import numpy as np


def plain(x):
    """A result as plain Python and NumPy: tensors of any framework become arrays, mappings and
    sequences are walked through.
    """
    if isinstance(x, np.str_):
        return str(x)
    if isinstance(x, np.ndarray) and x.dtype.kind in "OU":
        return plain(x.tolist())
    if isinstance(x, (str, bytes, bool, type(None))):
        return x
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (set, frozenset)):
        return {plain(v) for v in x}
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    if hasattr(x, "numpy") and not isinstance(x, np.ndarray):
        x = x.numpy()
    if hasattr(x, "to_numpy"):
        return plain(x.to_numpy())
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, (int, float, np.number, np.bool_)):
        return np.asarray(x)[()]
    return x


def same(a, b, tol: float = 1e-5) -> bool:
    """Whether two results agree: numbers to `tol` (relative above 1), NaN equal to NaN, everything
    else exactly.
    """
    a, b = plain(a), plain(b)
    if isinstance(a, dict) or isinstance(b, dict):
        return (
            isinstance(a, dict)
            and isinstance(b, dict)
            and a.keys() == b.keys()
            and all(same(a[k], b[k], tol) for k in a)
        )
    if isinstance(a, (str, bytes, type(None), set)) or isinstance(b, (str, bytes, type(None), set)):
        return type(a) is type(b) and a == b
    if isinstance(a, list) or isinstance(b, list):
        try:
            return len(a) == len(b) and all(same(x, y, tol) for x, y in zip(a, b))
        except TypeError:
            return False
    try:
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    except (TypeError, ValueError):
        try:
            return bool(a == b)
        except (TypeError, ValueError):
            return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tol, atol=tol, equal_nan=True))


def _python(x):
    "NumPy's numbers as Python's, however deep."
    if isinstance(x, np.generic) or isinstance(x, np.ndarray) and x.ndim == 0:
        return x.item()
    if isinstance(x, dict):
        return {_python(k): _python(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, set)):
        return type(x)(_python(v) for v in x)
    return x


def _text(x, digits=6):
    if isinstance(x, np.ndarray):
        return " ".join(np.array2string(x, precision=4, threshold=12, separator=", ").split())
    if isinstance(x, (float, np.floating)):
        return f"{x:.{digits}g}"
    if isinstance(x, list):
        return "[" + ", ".join(_text(v, 4) for v in x) + "]"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k!r}: {_text(v)}" for k, v in x.items()) + "}"
    return re.sub(
        r" at 0x[0-9a-f]+", "", repr(x) if isinstance(x, str) else " ".join(repr(x).split())
    )


def show(x, limit: int = 160) -> str:
    "A value in one line of a message."
    text = _text(_python(plain(x)))
    return text if len(text) <= limit else text[: limit - 3] + "..."


def shape_of(x):
    try:
        return np.shape(x)
    except ValueError:
        return (len(x),)  # rows of different lengths
