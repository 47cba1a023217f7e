"Keeps ready-made losses out of an answer that is to be written."

import sys
from contextlib import contextmanager

from .._core import Wrong
from .cells import torch_now

# with these the lesson's own losses begin, or are one; the rest are the modules that use them
OURS = ("checked_pair", "cross_entropy_cells", "stable_bce")
MODULES = ("mlc_course.losses", "mlc_course.scores.rare_torch", "__main__")


def _forbid(name, what):
    "A function that raises Wrong instead of being the loss `name`."

    def called(*args, **kwargs):
        raise Wrong(
            f"{what}: {name} is a ready-made loss, and this exercise is about writing one. "
            "Write the loss yourself, from functions of a single number such as exponentials and "
            "logarithms."
        )

    return called


def _ready(shelves):
    "{id: (name, loss)} of PyTorch's losses."
    return {
        id(v): (n, v)
        for shelf in shelves
        for n, v in shelf.items()
        if n[0] != "_" and ("_loss" in n or "cross_entropy" in n)
    }


def _places(answer):
    "The dictionaries in which a learner's answer finds its names."
    found = [vars(sys.modules[m]) for m in MODULES if m in sys.modules]
    for f in (answer, getattr(answer, "forward", None)):
        if hasattr(f, "__globals__"):
            found.append(f.__globals__)
    return found


@contextmanager
def only_by_hand(answer, what: str):
    """While it lasts, every ready-made loss raises Wrong; afterwards all is as it was.

    PyTorch's losses are replaced under every name that leads to them, and so are the functions
    that each loss of the lesson is made of."""
    torch = torch_now()
    shelves = [vars(torch), vars(torch.nn.functional)]
    ready = _ready(shelves)
    inner = getattr(answer, "func", answer)  # of a partial
    if id(inner) in ready:
        _forbid(ready[id(inner)][0], what)()
    if getattr(inner, "__module__", None) == "torch.nn.modules.loss" and isinstance(inner, type):
        _forbid(inner.__name__, what)()
    kept = {}
    try:
        for names in shelves + _places(inner):
            for n, v in list(names.items()):
                by = ready[id(v)][0] if id(v) in ready else None
                by = by or ("the lesson's own function" if n in OURS and v is not inner else None)
                if by and (id(names), n) not in kept:
                    kept[id(names), n], names[n] = (names, v), _forbid(by, what)
        yield
    finally:
        for (_, n), (names, v) in kept.items():
            names[n] = v
