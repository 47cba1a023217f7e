"Lesson 03, exercise 1: a reader of labels."

from .._core import Mistake, Right, Wrong, function
from ..tables.names import NAN, diagnose_names, own_name, refusing_nan, several
from .pickles import refuse_unpicklable

LABEL_CELLS = ("bird boat", "sun", "bird  boat\tsun ", "", NAN)
LETTERS = "A text is a sequence of letters, and MultiCategoryBlock would make a vocab of letters."


def label_reader_cases():
    import pandas as pd

    return [
        (pd.Series({"fname": f"{i}.jpg", "labels": o}, dtype=object),)
        for i, o in enumerate(LABEL_CELLS)
    ]


def _text(row):
    return row["labels"] if isinstance(row["labels"], str) else ""


def label_reader_mistakes():
    return [
        Mistake(
            "an image without labels gets a label with the name ''. ''.split(' ') is ['']: use "
            ".split() without an argument, which gives [].",
            lambda r: _text(r).split(" "),
        ),
        *several(
            "you split at single spaces, and a second space, a tab or a space at the end then "
            "makes a label that isn't one. Use .split() without an argument: it splits at any "
            "white space.",
            lambda r: _text(r).split(" ") if _text(r) else [],
            lambda r: _text(r).strip().split(" ") if _text(r) else [],
        ),
        *several(
            "an image without labels gets a label whose name is ''. [''] is a list of one label; "
            "the empty list [] is a list of none.",
            lambda r: _text(r).split() or [""],
            lambda r: _text(r).split() if isinstance(r["labels"], str) else [""],
        ),
        *several(
            "an image without labels gets a label that the file doesn't have. The empty list [] "
            "says that there is none.",
            lambda r: _text(r).split() or ["none"],
            lambda r: _text(r).split() if isinstance(r["labels"], str) else ["none"],
        ),
        Mistake(
            "you give the labels joined to a text again, and what is wanted is a list. " + LETTERS,
            lambda r: " ".join(_text(r).split()),
        ),
        *several(
            f"you give the text of the cell, and what is wanted is a list. {LETTERS}",
            _text,
            lambda r: r["labels"],
        ),
        Mistake(
            "the list holds letters. list() takes a text apart letter by letter; .split() takes "
            "it apart word by word.",
            lambda r: list(_text(r)),
        ),
        *several(
            "the whole cell became one label. Two labels in a cell are separated by white space: "
            "use .split().",
            lambda r: [_text(r)],
            lambda r: [_text(r)] if _text(r) else [],
        ),
        Mistake(
            "an empty cell that pandas read as NaN becomes a label with the name 'nan', because "
            "str makes a word of it. Ask whether the cell is a text, and give [] if it isn't.",
            lambda r: str(r["labels"]).split(),
        ),
        *several(
            "an empty cell that pandas read as NaN stays NaN. The target of an image without "
            "labels is an empty list.",
            lambda r: _text(r).split() or (r["labels"] or []),
            lambda r: _text(r).split() or ([r["labels"]] if r["labels"] else []),
        ),
    ]


def label_reader(answer) -> Right:
    "Exercise 1: a get_y(row): the list of labels in the text column `labels`; it pickles."
    what = own_name(answer, "label_reader")
    function(answer, what)

    def f(row):
        got = refusing_nan(answer, what, "ask whether the cell is a text before you split it")(row)
        if got is None and not _text(row):
            raise Wrong(
                f"{what} gives None for an empty cell, and fastai can't loop over None. The "
                "answer for an image without labels is an empty list."
            )
        if isinstance(got, (set, frozenset)):
            raise Wrong(f"{what} isn't right yet: it gives a set, and a list is expected.")
        return got

    cases, names = label_reader_cases(), [f"a row whose cell labels is {o!r}" for o in LABEL_CELLS]
    for n in range(4, len(cases) + 1):
        diagnose_names(
            f, lambda r: _text(r).split(), label_reader_mistakes(), cases[:n], what, names=names[:n]
        )
    refuse_unpicklable(answer, what)
    note = (
        " Before you ship a model, move it to a module: its address in this notebook means "
        "nothing elsewhere."
    )
    return Right(
        "Right: a list for every row, and it pickles."
        + note * (getattr(answer, "__module__", "") == "__main__")
    )
