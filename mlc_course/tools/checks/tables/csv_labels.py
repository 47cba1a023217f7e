"Lesson 02, exercise 1: the labels of a CSV file."

import csv
import tempfile
from pathlib import Path

from .._core import Mistake, Right, function
from .names import NAN, diagnose_names, own_name, refusing_nan, several


def _read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PASCAL_FILE = (
    "fname,labels,is_valid\n1.jpg,dog cat,False\n2.jpg,,False\n3.jpg,cat,True\n4.jpg,bird  "
    "dog,True\n5.jpg,,True\n"
)
OTHER_ORDER = "labels,fname,is_valid\ndog,7.jpg,False\n,8.jpg,False\ncat bird,9.jpg,True\n"
LABEL_NA = (
    "fname,labels,is_valid\n10.jpg,NA,False\n11.jpg,dog,True\n12.jpg,,False\n13.jpg,null,False\n"
)


def labels_of_csv_mistakes():
    def cells(path):
        return [r["labels"] for r in _read(path)]

    def column(path, i):
        return [list(r.values())[i] for r in _read(path)]

    return [
        *several(
            "there is a label with the name ''. Splitting an empty cell at a space gives ['']: "
            "use .split() without an argument, which splits at white space and gives [].",
            lambda p: [c.split(" ") for c in cells(p)],
            lambda p: [c.split(" ") for c in cells(p) if c],
        ),
        Mistake(
            "two spaces between two labels make a third one with the name ''. Use .split() "
            "without an argument: it splits at any run of white space.",
            lambda p: [c.split(" ") if c else [] for c in cells(p)],
        ),
        *several(
            "an image without labels got a label with the name 'nan'. Its cell is empty, pandas "
            "reads that as NaN, and str makes a word of it: fill NaN with '' instead.",
            lambda p: [(c or "nan").split() for c in cells(p)],
            lambda p: [(c or "nan").split(" ") for c in cells(p)],
        ),
        *several(
            "an image without labels came out as NaN, which means unknown. Somebody looked at it "
            "and found none of the labels: give it an empty list.",
            lambda p: [c.split() or NAN for c in cells(p)],
            lambda p: [c.split(" ") if c else NAN for c in cells(p)],
        ),
        Mistake(
            "an image without labels got a label whose name is ''. [''] is a list of one label; "
            "the empty list [] is a list of none.",
            lambda p: [c.split() or [""] for c in cells(p)],
        ),
        Mistake(
            "the names within a row are sorted. Leave them in the order of the cell: the file is "
            "yours to read, not to change.",
            lambda p: [sorted(c.split()) for c in cells(p)],
        ),
        Mistake(
            "the images without labels are gone, so the lists don't line up with the rows of the "
            "file any more. Keep one list per row, and make theirs empty.",
            lambda p: [c.split() for c in cells(p) if c],
        ),
        *several(
            "you give the text of each cell, and what is wanted is a list of label names for "
            "each image: split the text.",
            cells,
            lambda p: [c or NAN for c in cells(p)],
        ),
        Mistake(
            "the lists hold letters. list() takes a text apart letter by letter; .split() takes "
            "it apart word by word.",
            lambda p: [list(c) for c in cells(p)],
        ),
        *several(
            "each cell became one label, spaces and all. Two labels in a cell are separated by "
            "white space: use .split().",
            lambda p: [[c] for c in cells(p)],
            lambda p: [[c] if c else [] for c in cells(p)],
        ),
        *several(
            "you give some of the rows only, those of one value of is_valid. The labels of every "
            "row are wanted: a split is chosen later.",
            lambda p: [r["labels"].split() for r in _read(p) if r["is_valid"] == "True"],
            lambda p: [r["labels"].split() for r in _read(p) if r["is_valid"] != "True"],
        ),
        *several(
            "you find the column by its position, and in another file another column stands "
            "there. Find it by its name, labels.",
            *(lambda p, i=i: [c.split() for c in column(p, i)] for i in (1, -2)),
        ),
        Mistake(
            "an image whose label is NA or null came out without labels. pandas reads such words "
            "as unknown, as it does an empty cell: pass keep_default_na=False to read_csv.",
            lambda p: [[o for o in c.split() if o not in ("NA", "null")] for c in cells(p)],
        ),
    ]


def labels_of_csv(answer) -> Right:
    "Exercise 1: labels_of_csv(path), a list of label names for each row of a CSV file."
    what = own_name(answer, "labels_of_csv")
    function(answer, what)
    answer = refusing_nan(
        answer,
        what,
        "turn NaN into an empty text before you split, or read the file with keep_default_na=False",
    )

    def right(path):
        return [r["labels"].split() for r in _read(path)]

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cases, names = [], []
        for i, text in enumerate((PASCAL_FILE, OTHER_ORDER, LABEL_NA)):
            path = Path(folder) / f"{i}.csv"
            path.write_text(text, encoding="utf-8")
            cases.append((path,))
            names.append(f"a file with the text {text!r}")
            praise = diagnose_names(
                answer,
                right,
                labels_of_csv_mistakes(),
                cases,
                what,
                names=names,
                praise="Right: one list per row, empty where the cell is; no label without a name.",
            )
        return praise
