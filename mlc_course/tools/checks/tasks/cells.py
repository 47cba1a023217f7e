"Exercise 2 of lesson 01: one cell of a label file."

import numpy as np

from .._core import Mistake, NotDone, Right, Wrong, attempt, call, diagnose, function, plain, show
from .._names import called


def parse_cell(answer) -> Right:
    "Exercise 2: parse_cell(cell) gives the list of labels of one cell of a label file."
    what = called(answer, "my_parse_cell")
    function(answer, what)
    right = lambda cell: list(dict.fromkeys(cell.split()))
    order = "the labels come in another order than in the cell. A set has an order of its own that changes from run to run: keep the cell's."
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the labels are sorted: keep the order of the cell.",
                lambda cell: sorted(cell.split()),
            ),
            Mistake(order, lambda cell: list(set(cell.split()))),
            Mistake(
                "you give a set, which has no order: give a list, in the order of the cell.",
                lambda cell: set(cell.split()),
            ),
            Mistake(
                "a string is walked through letter by letter: cut it at its spaces first.", list
            ),
            Mistake(
                "the whole cell became one label: it has to be cut at its spaces.",
                lambda cell: [cell],
            ),
            Mistake(
                "the capital letters are gone. A label's name is what the file says; 'Moon' and 'moon' would be two labels, so leave the words as they are.",
                lambda cell: cell.lower().split(),
            ),
        ],
        [("moon boat",), ("stars",), ("tree sun boat moon cloud house bird car",), ("stars Moon",)],
        what,
    )
    spaced = ("", "  ", "boat  moon", " boat moon ", f"boat{' ' * 9}moon")
    for cell in spaced:
        try:
            got = plain(attempt(answer, (cell,), what))
        except NotDone:
            raise Wrong(
                f"{what}: the cell {cell!r} gives None. "
                "An image without labels has an empty list, so that every row can be read the same way."
            ) from None
        if isinstance(got, (list, set)) and any(
            isinstance(label, str) and not label.strip() for label in got
        ):
            raise Wrong(
                f"{what}: the cell {cell!r} gives {show(got)}, with a phantom label whose name is empty. "
                "A cut at a given separator makes one empty piece of an empty cell; cell.split() makes none."
            )
    diagnose(answer, right, [], [(cell,) for cell in spaced], what)
    diagnose(
        answer,
        right,
        [
            Mistake(
                "a label that stands twice in a cell is given twice. The image has it once, and counts made from these lists would be too high.",
                str.split,
            ),
            Mistake(
                "a label that stands twice is thrown out altogether: it should be given once.",
                lambda cell: [o for o in cell.split() if cell.split().count(o) == 1],
            ),
        ],
        [("boat boat moon",), ("boat moon boat",)],
        what,
    )
    for cell in (float("nan"), None):
        try:
            got = call(answer, (cell,))
        except Exception as e:
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {e}. It was called with {cell!r}, a cell with nothing in it, "
                "which isn't a string: it has no labels, so give an empty list."
            ) from e
        got = got.tolist() if isinstance(got := plain(got), np.ndarray) else got
        if got in (["nan"], ["None"]):
            raise Wrong(
                f"{what}: the missing cell {cell!r} gives {got}. str() turns it into a word, and the image gets a label that nobody gave it."
            )
        if not (isinstance(got, list) and not got):
            raise Wrong(
                f"{what}: the missing cell {cell!r} gives {show(got)}. "
                "An image without labels has an empty list, so that every row can be read the same way."
            )
    return Right("Right: no phantom, no double, no 'nan'.")
