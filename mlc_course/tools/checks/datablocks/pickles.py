"Lesson 03: answers that have to pickle."

import pickle

from .._core import Wrong


def refuse_unpicklable(f, what):
    "Raise for something that fastai can't pickle as a step of a DataBlock, with the reason."
    from fasttransform import Pipeline

    try:
        return pickle.dumps(Pipeline([f]))
    except Exception as e:
        error = e
    name = getattr(f, "__qualname__", "")
    if name.endswith("<lambda>"):
        raise Wrong(
            f"{what} is a lambda, and a lambda doesn't pickle: pickle stores module and name of a "
            "function, and nothing can be found under '<lambda>'. Write it with def, at the top "
            "level."
        )
    if "<locals>" in name:
        raise Wrong(
            f"{what} is {name}, defined inside another function. Nothing outside can find it "
            "there, so it doesn't pickle: define it at the top level, or as a class whose "
            "instances keep what they need."
        )
    try:
        pickle.dumps(f)
    except Exception:
        raise Wrong(f"{what} doesn't pickle: {type(error).__name__}: {error}") from error
    raise Wrong(
        f"{what}, of type {type(f).__name__}, pickles by itself, but not in a DataBlock: fastai "
        "wraps any callable that is neither a plain function nor a Transform, and the wrapper "
        "has no address. Write a function with def, or derive the class from Transform."
    )
