"The keywords loss=, augment= and model= of the trainers: what is taken, what it is called."

import functools
import hashlib
import types

import numpy as np


def name_of(
    f,  # a loss or an augmentation: a function, a partial, an object
) -> str:
    "What a function or object does, as far as it can be told: its name and its parameters."
    if isinstance(f, functools.partial):
        given = [value_of(o) for o in f.args]
        given += [f"{k}={value_of(v)}" for k, v in sorted(f.keywords.items())]
        return f"{name_of(f.func)}({', '.join(given)})"
    if hasattr(f, "__code__"):  # a function: two lambdas are told apart by their code
        own = getattr(f, "__name__", "function")
        if own != "<lambda>" and not f.__closure__:
            return own
        inner = [value_of(c.cell_contents) for c in f.__closure__ or ()]
        code = f.__code__.co_code + repr((f.__code__.co_consts, f.__code__.co_names)).encode()
        return f"{own} {hashlib.sha256(code).hexdigest()[:12]}" + "".join(f" {o}" for o in inner)
    if hasattr(f, "__name__"):
        return f.__name__
    return value_of(f)


def value_of(o) -> str:
    "A parameter as text: arrays by their contents, objects by their attributes."
    if o is None or isinstance(o, (bool, int, float, str, np.generic)):
        return repr(o)
    if isinstance(o, (types.ModuleType, type)):  # a function may close over torch itself
        return o.__name__
    if hasattr(o, "detach"):
        o = o.detach().cpu().numpy()
    if hasattr(o, "numpy"):
        o = o.numpy()
    if isinstance(o, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(o).tobytes()).hexdigest()[:12]
        return f"array{list(o.shape)} {digest}"
    if isinstance(o, (list, tuple)):
        return f"[{', '.join(map(value_of, o))}]"
    if isinstance(o, dict):
        return f"{{{', '.join(f'{k}: {value_of(v)}' for k, v in o.items())}}}"
    if callable(o) and (hasattr(o, "__code__") or isinstance(o, functools.partial)):
        return name_of(o)
    return object_name(o)


def object_name(o) -> str:
    "An object's own words, or its class and attributes where the words hold an address."
    said = repr(o)
    if " at 0x" not in said and "object at" not in said:
        inner = state_of(o) if type(o).__module__.startswith("torch.nn") else ""
        return " ".join(said.split()) + inner
    return type(o).__name__ + state_of(o)


def state_of(o):
    "The plain attributes of an object."
    plain = {
        k: value_of(v)
        for k, v in sorted(getattr(o, "__dict__", {}).items())
        if not k.startswith("_") and k != "training"
        if v is None or isinstance(v, (bool, int, float, str, tuple, list, np.ndarray))
    }
    return f"({', '.join(f'{k}={v}' for k, v in plain.items())})"


def check_callable(loss):
    "TypeError where loss= can't be called."
    if loss is not None and not callable(loss):
        raise TypeError(
            f"loss is {loss!r}; give a function of (logits, targets), both [B, C], that gives one "
            "number, or leave it out for the binary cross-entropy."
        )


def check_one_number(value):
    "ValueError where a loss doesn't give one number."
    shape = tuple(getattr(value, "shape", (None,)))
    if shape != ():
        raise ValueError(
            f"The loss gives numbers of shape {list(shape)}; it must give one number for a batch. "
            'Take their mean (reduction="mean").'
        )


def refuse_sigmoid(ending: str):
    "ValueError where a network's own sigmoid would meet a loss of logits."
    if ending == "sigmoid":
        raise ValueError(
            "The network ends in a sigmoid, and the trainers' losses take logits: they would "
            "apply another. Take the sigmoid off; predictions get it back."
        )


def require_labels(
    vocab,  # label names
):
    "ValueError for a vocab without labels."
    if len(vocab) == 0:
        raise ValueError("The vocab is empty; there is nothing to predict.")
