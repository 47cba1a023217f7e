"Lesson 03, exercise 2: a splitter."

import numpy as np

from .._core import Mistake, Right, Wrong, function, show
from ..tables.names import diagnose_names, listed, own_name, several


def row_splitter_cases():
    import pandas as pd

    split = ["valid", "train", "test", "train", "train", "valid", "test", "train"]
    labels = [["sun"], [], ["sun", "boat"], ["boat"], [], ["boat"], ["sun"], ["bird"]]
    fresh = pd.DataFrame(
        {"fname": [f"{i}.jpg" for i in range(8)], "labels": labels, "split": split}
    )
    shuffled, filtered = fresh.iloc[[6, 1, 4, 0, 7, 2, 5, 3]], fresh[fresh["labels"].str.len() > 0]
    return [
        (o,)
        for o in (
            fresh,
            shuffled,
            filtered,
            pd.concat([fresh[:4], fresh[4:].reset_index(drop=True)]),
        )
    ]


ROW_SPLITTER_NAMES = (
    "a table in its first order",
    "a table whose rows were shuffled",
    "a table that some rows were filtered out of",
    "two tables put together with pd.concat",
)


def positions_of(df, *splits):
    return np.flatnonzero(df["split"].isin(splits).to_numpy()).tolist()


def both_parts(df):
    return positions_of(df, "train"), positions_of(df, "valid")


def row_splitter_mistakes():
    def labels(df, *splits):
        return df.index[df["split"].isin(splits)].tolist()

    return [
        *several(
            "you give index labels, and fastai looks rows up by position. The two agree only as "
            "long as no row was filtered, moved or added: np.flatnonzero gives positions "
            "whatever the index says.",
            lambda df: (labels(df, "train"), labels(df, "valid")),
            lambda df: (labels(df, "train", "test"), labels(df, "valid")),
            lambda df: (labels(df, "train"), labels(df, "valid", "test")),
        ),
        Mistake(
            "the test rows are in the training part. Not valid doesn't mean train: a row of any "
            "other split belongs in neither.",
            lambda df: (positions_of(df, "train", "test"), positions_of(df, "valid")),
        ),
        Mistake(
            "the test rows are in the validation part, so what is chosen there would be chosen "
            "on them. Not train doesn't mean valid: a row of any other split belongs in neither.",
            lambda df: (positions_of(df, "train"), positions_of(df, "valid", "test")),
        ),
        Mistake(
            "the two parts are exchanged: the positions of the training rows come first.",
            lambda df: (positions_of(df, "valid"), positions_of(df, "train")),
        ),
    ]


def untouched(f, df, what):
    "What the function gives for the table; one that changes it, or asks for a label, is refused."
    before = df.copy()
    try:
        got = f(df)
    except KeyError as e:
        if not isinstance(e.args[0] if e.args else None, (int, np.integer)):
            raise
        raise Wrong(
            f"{what} stopped with KeyError: {e}. A column with [i] looks for the index label i, "
            "which a filtered table may lack: .iloc[i] takes the position, and np.flatnonzero "
            "needs neither."
        ) from e
    if not df.index.equals(before.index) or not df.equals(before):
        raise Wrong(
            f"{what} changes the table that it is given (with inplace=True, or by assigning to "
            "it), and whoever uses the table afterwards finds another one. Only read it."
        )
    return got


def two_parts(f, what):
    "The function with its result as two sorted lists; a result of another form is refused."
    import pandas as pd

    def part(x, n):
        if isinstance(x, pd.DataFrame):
            raise Wrong(
                f"{what} gave the rows themselves. A splitter gives their positions: whole "
                "numbers that count the rows from 0."
            )
        x = listed(x)
        if not isinstance(x, list):
            raise Wrong(f"{what} gave {show(x)} where a list of positions was expected.")
        if len(x) == 1 and isinstance(x[0], list):
            raise Wrong(
                f"{what} gave a list with one list in it. np.where gives a tuple of one array for "
                "a condition: take its first, or use np.flatnonzero."
            )
        if x and all(isinstance(o, bool) for o in x):
            raise Wrong(
                f"{what} gave a mask with one True or False for each of {n} rows. fastai takes "
                "positions, and reads True and False as 1 and 0: np.flatnonzero turns a mask "
                "into positions."
            )
        if x and all(isinstance(o, str) for o in x):
            raise Wrong(
                f"{what} gave texts, such as {x[0]!r}. fastai takes positions: whole numbers that "
                "count the rows from 0."
            )
        try:
            return sorted(x)
        except TypeError:
            return sorted(x, key=str)

    def g(df):
        got = untouched(f, df, what)
        if got is None or got is ...:
            return got
        if (
            isinstance(got, (str, dict, pd.DataFrame))
            or not hasattr(got, "__len__")
            or len(got) != 2
        ):
            count = (
                f"{len(got)} lists"
                if isinstance(got, (list, tuple))
                else f"a result of type {type(got).__name__}"
            )
            raise Wrong(
                f"{what} gave {count}; it should give two lists: the positions of the training "
                "rows, and those of the validation rows."
            )
        return [part(o, len(df)) for o in got]

    return g


def row_splitter(answer) -> Right:
    "Exercise 2: row_splitter(df), the positions of the training and of the validation rows."
    what = own_name(answer, "row_splitter")
    function(answer, what)
    mistakes = [Mistake(m.says, two_parts(m.gives, what)) for m in row_splitter_mistakes()]
    return diagnose_names(
        two_parts(answer, what),
        both_parts,
        mistakes,
        row_splitter_cases(),
        what,
        names=ROW_SPLITTER_NAMES,
        praise="Right: positions, whatever the index says, and the test rows in neither part.",
    )
