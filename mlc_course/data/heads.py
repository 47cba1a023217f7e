"The questions of a model with several heads: names and classes, from and to class numbers."

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd


def near(
    name,  # what was given
    known,  # what there is
) -> str:  # " Did you mean 'x'?", or ""
    "A question that names what was probably meant; an empty text if nothing is near."
    if not isinstance(name, str):
        return ""
    plain = {str(k).lower(): k for k in known}
    found = get_close_matches(name.lower(), plain, n=1)
    return f" Did you mean {plain[found[0]]!r}?" if found else ""


def require_known(
    names,  # given
    known: list,  # what there is
    all_of: bool = False,  # must all of them be named?
    what: str = "head",  # what they are
):
    "ValueError for a name that isn't known, and if `all_of` for a known one that isn't named."
    for n in names:
        if n not in known:
            there = ", ".join(map(repr, known))
            raise ValueError(f"There is no {what} {n!r}; there are {there}.")
    for n in known if all_of else ():
        if n not in names:
            given = ", ".join(map(repr, names)) or "none"
            raise ValueError(f"The {what} {n!r} is missing; given were {given}.")


def column(
    df: pd.DataFrame,  # one row per image
    name: str,  # of a head
) -> list:
    "The column of a head; ValueError that names the others where it is missing."
    if name not in df.columns:
        raise ValueError(
            f"There is no column {name!r} for the head of that name; the columns are "
            f"{', '.join(map(str, df.columns))}."
        )
    return df[name].tolist()


def check_head(name, classes):
    "TypeError or ValueError where a head isn't a question with at least two answers."
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"A head is called {name!r}; its name must be a text that isn't empty.")
    if isinstance(classes, str):
        raise TypeError(
            f"The classes of head {name!r} are the string {classes!r}; give a list of names."
        )
    classes = list(classes)
    for i, c in enumerate(classes):
        if not isinstance(c, str) or not c.strip():
            raise ValueError(
                f"Head {name!r} has a class called {c!r}; a class name must be a text that "
                "isn't empty."
            )
        if c in classes[:i]:
            raise ValueError(f"Head {name!r} has the class {c!r} twice.")
    if len(classes) < 2:
        raise ValueError(
            f"Head {name!r} has {len(classes)} class{'es' * (len(classes) != 1)}; a question "
            "needs at least two possible answers."
        )


@dataclass(frozen=True, eq=False)
class Heads:
    """The questions that a model answers: for each head its name and its classes, in the order of
    the outputs."""

    classes: dict  # name of the head -> class names

    def __post_init__(self):
        if not isinstance(self.classes, Mapping):
            raise TypeError(
                f"classes is a {type(self.classes).__name__}; give a dict such as "
                "{'age': ['old', 'new']}."
            )
        if not self.classes:
            raise ValueError(
                "There is no head; give at least one, such as Heads({'age': ['old', 'new']})."
            )
        for name, classes in self.classes.items():
            check_head(name, classes)
        object.__setattr__(self, "classes", {n: tuple(c) for n, c in self.classes.items()})

    @classmethod
    def from_columns(
        cls,
        df: pd.DataFrame,  # one row per image
        columns: Iterable[str],  # names of the columns, which become the heads
        last: str = "Other",  # a class that stands behind the others
    ) -> "Heads":  # Heads, its classes in alphabetical order
        "A head for each of `columns`, with the names that occur in it."
        found = {c: sorted(set(column(df, c))) for c in columns}
        return cls({c: sorted(o, key=lambda name: name == last) for c, o in found.items()})

    @property
    def names(self) -> list:
        "The heads, in order."
        return list(self.classes)

    @property
    def sizes(self) -> dict:
        "head -> number of classes."
        return {n: len(c) for n, c in self.classes.items()}

    def __len__(self):
        return len(self.classes)

    def __eq__(self, other):
        same = isinstance(other, Heads)
        return same and list(self.classes.items()) == list(other.classes.items())

    def __hash__(self):
        return hash(tuple(self.classes.items()))

    def __repr__(self):
        return "Heads(" + "; ".join(f"{n}: {', '.join(c)}" for n, c in self.classes.items()) + ")"

    def only(
        self,
        *names: str,  # of heads
    ) -> "Heads":
        "Some of the heads, in the order asked for."
        require_known(names, self.names)
        return Heads({n: self.classes[n] for n in names})

    def encode(
        self,
        df: pd.DataFrame,  # a column for each head
    ) -> dict:  # head -> class numbers, int64 [N]
        "Names into numbers. A name that is no class is an error that says where it stands."
        out = {}
        for name, classes in self.classes.items():
            number, values = {c: i for i, c in enumerate(classes)}, column(df, name)
            for i, v in enumerate(values):
                if v not in number:
                    rare = " merge_rare puts what you don't want to tell apart into one class."
                    raise ValueError(
                        f"Row {i}: {v!r} is no class of head {name!r}, which has "
                        f"{', '.join(classes)}.{near(v, classes) or rare}"
                    )
            out[name] = np.array([number[v] for v in values], dtype=np.int64)
        return out

    def decode(
        self,
        numbers: Mapping,  # head -> class numbers [N]: arrays, lists or tensors
    ) -> pd.DataFrame:  # one column of names per head
        "Numbers into names."
        require_known(numbers, self.names, all_of=True)
        out = {}
        for name, classes in self.classes.items():
            k = np.asarray(numbers[name])
            if k.dtype.kind not in "iu":
                raise TypeError(
                    f"Head {name!r} holds {k.dtype}; decode takes class numbers. For logits or "
                    "probabilities take the arg-max over the classes first."
                )
            if k.size and not 0 <= k.min() <= k.max() < len(classes):
                raise ValueError(
                    f"Head {name!r} has {len(classes)} classes, numbered from 0, and a number "
                    f"is {k.min() if k.min() < 0 else k.max()}."
                )
            out[name] = [classes[i] for i in k]
        return pd.DataFrame(out)

    def class_weights(
        self,
        df: pd.DataFrame,  # the training rows
    ) -> dict:  # head -> torch tensor, float32 [C]
        """Weights that give every class of a head the same say: N / (C x rows of the class). A
        class without a row counts as if it had one."""
        import torch

        weights = {}
        for n, t in self.encode(df).items():
            c = np.bincount(t, minlength=len(self.classes[n]))
            w = c.sum() / (len(c) * np.maximum(c, 1))
            weights[n] = torch.tensor(w, dtype=torch.float32)
        return weights
