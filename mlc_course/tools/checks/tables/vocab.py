"Lesson 02, exercise 4: the vocab."

from collections import Counter

from .._core import Mistake, Right
from .names import diagnose_names, listed, own_name, several


def vocab_of_cases():
    cells = [
        ("Zebra dog", "train"),
        ("", "train"),
        ("dog  ant", "train"),
        ("cat dog", "valid"),
        ("dog bird cat", "test"),
    ]
    rows = [
        {"fname": f"{i}.jpg", "labels": labels, "split": split}
        for i, (labels, split) in enumerate(cells, 1)
    ]
    return [(rows,), (rows[:2],), (rows[1:2],), (rows[3:],)]  # the last without an empty cell


def vocab_of_mistakes():
    def names(rows, splits=("train", "valid", "test"), sep=None):
        return [o for r in rows if r["split"] in splits for o in r["labels"].split(sep)]

    return [
        *several(
            "'' is in the vocab. It comes from an empty cell, or from two spaces in a row, that "
            "was split at a space: use .split() without an argument.",
            lambda r: sorted(set(names(r, sep=" "))),
            lambda r: sorted(set(names(r, ("train",), " "))),
            lambda r: list(dict.fromkeys(names(r, sep=" "))),
        ),
        Mistake(
            "the labels of the training rows only are in it. A label that only a validation or "
            "test row has would have no column, and its row would be an error: use all rows.",
            lambda r: sorted(set(names(r, ("train",)))),
        ),
        Mistake(
            "the labels that only test rows have are missing. Their names aren't a secret that "
            "could help training, and without a column their rows would be an error: use all "
            "rows.",
            lambda r: sorted(set(names(r, ("train", "valid")))),
        ),
        *several(
            "the vocab holds letters. A text in a loop gives its letters one by one: split it "
            "into words first.",
            lambda r: sorted({c for o in r for c in o["labels"]}),
            lambda r: sorted({c for o in names(r) for c in o}),
        ),
        *several(
            "the vocab holds whole cells, such as 'Zebra dog'. That is a text with two labels: "
            "split it into words first.",
            lambda r: sorted({o["labels"] for o in r}),
            lambda r: sorted({o["labels"] for o in r if o["labels"]}),
        ),
        Mistake(
            "a label is in it once for every row that has it. It needs one place only, because "
            "its place is its column.",
            lambda r: sorted(names(r)),
        ),
        *several(
            "the order is that of the rows or of the counts. A file that is read in another "
            "order would then have other columns: sort the names.",
            lambda r: list(dict.fromkeys(names(r))),
            lambda r: [o for o, _ in Counter(names(r)).most_common()],
            lambda r: sorted(set(names(r)), reverse=True),
        ),
        Mistake(
            "the names are in lower case. A label's name is what the file says, and an "
            "`ImageTable` leaves it so: a row that says 'Zebra' would find no column.",
            lambda r: sorted({o.lower() for o in names(r)}),
        ),
        Mistake(
            "capital and small letters are sorted as one. An `ImageTable` sorts as `sorted` does "
            "by itself, capitals first, and another order means other columns.",
            lambda r: sorted(set(names(r)), key=str.lower),
        ),
        Mistake(
            "you give one list per row. The vocab is one list, with every name once: what the "
            "columns of all rows are called.",
            lambda r: [o["labels"].split() for o in r],
        ),
        Mistake(
            "you take the first name off because it was ''. A file without an empty cell then "
            "loses a label: use .split() without an argument, which never gives ''.",
            lambda r: sorted(set(names(r, sep=" ")))[1:],
        ),
        Mistake(
            "you give a set, which has no order. A label's place in the vocab is its column, so "
            "make a sorted list.",
            lambda r: set(names(r)),
        ),
    ]


def vocab_of(answer) -> Right:
    "Exercise 4: vocab_of(rows), the sorted label names of all rows (dicts of texts)."

    def right(rows):
        return sorted({o for r in rows for o in r["labels"].split()})

    def other_order(rows):
        got = listed(answer(rows))
        return got if isinstance(got, list) and sorted(got) == right(rows) else None

    mistakes = [
        *vocab_of_mistakes(),
        Mistake(
            "these are the right names, and they are not sorted. A set has an order of its own, "
            "which may change from run to run, and the columns with it: sort the names.",
            other_order,
        ),
    ]
    return diagnose_names(
        answer,
        right,
        mistakes,
        vocab_of_cases(),
        own_name(answer, "vocab_of"),
        praise="Right: every label of every split, once, in an order that no file can change.",
    )
