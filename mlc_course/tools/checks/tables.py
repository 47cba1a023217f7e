"""Checks of lesson 02."""

import csv
import operator
import tempfile
from collections import Counter
from pathlib import Path

from ._core import Mistake, Right, Wrong, converted, diagnose, function, plain

NAN = float("nan")


class Names:
    "Names in lists, whatever kinds of sequence they came in: compared and shown as one value."

    def __init__(self, x):
        self.names = listed(x)

    def __eq__(self, other):
        return isinstance(other, Names) and self.names == other.names

    def __repr__(self):
        return repr(self.names)


def listed(x):
    x = plain(x)
    if isinstance(x, str):
        return str(x)
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, float) and x != x:
        return NAN
    return (
        [listed(o) for o in x]
        if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, dict, set))
        else x
    )


def named(f):
    return converted(f, Names)


def diagnose_names(answer, right, mistakes, cases, what, **kwargs) -> Right:
    "`diagnose` for answers made of names, in lists of any length."
    function(answer, what)
    return diagnose(
        named(answer),
        named(right),
        [Mistake(m.says, named(m.gives)) for m in mistakes],
        cases,
        what,
        **kwargs,
    )


def several(says, *gives):
    "One mistake that is made in several ways."
    return [Mistake(says, g) for g in gives]


def refusing_nan(answer, what, remedy):
    "The answer; its stop at a NaN is explained."

    def f(*args):
        try:
            return answer(*args)
        except (AttributeError, TypeError) as e:
            if "float" not in str(e):
                raise
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {e}. That float is NaN, which pandas makes of an empty cell: "
                f"an image without labels needs an empty list, so {remedy}."
            ) from e

    return f


def _read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PASCAL_FILE = "fname,labels,is_valid\n1.jpg,dog cat,False\n2.jpg,,False\n3.jpg,cat,True\n4.jpg,bird  dog,True\n5.jpg,,True\n"
OTHER_ORDER = "labels,fname,is_valid\ndog,7.jpg,False\n,8.jpg,False\ncat bird,9.jpg,True\n"
LABEL_NA = (
    "fname,labels,is_valid\n10.jpg,NA,False\n11.jpg,dog,True\n12.jpg,,False\n13.jpg,null,False\n"
)


def labels_of_csv_mistakes():
    cells = lambda p: [r["labels"] for r in _read(p)]
    column = lambda p, i: [list(r.values())[i] for r in _read(p)]
    return [
        *several(
            "there is a label with the name ''. Splitting an empty cell at a space gives ['']: use .split() without an argument, which "
            "splits at white space and gives [].",
            lambda p: [c.split(" ") for c in cells(p)],
            lambda p: [c.split(" ") for c in cells(p) if c],
        ),
        Mistake(
            "two spaces between two labels make a third one with the name ''. Use .split() without an argument: it splits at any run of white space.",
            lambda p: [c.split(" ") if c else [] for c in cells(p)],
        ),
        *several(
            "an image without labels got a label with the name 'nan'. Its cell is empty, pandas reads that as NaN, and str makes a word of "
            "it: fill NaN with '' instead.",
            lambda p: [(c or "nan").split() for c in cells(p)],
            lambda p: [(c or "nan").split(" ") for c in cells(p)],
        ),
        *several(
            "an image without labels came out as NaN, which means unknown. Somebody looked at it and found none of the labels: give it an empty list.",
            lambda p: [c.split() or NAN for c in cells(p)],
            lambda p: [c.split(" ") if c else NAN for c in cells(p)],
        ),
        Mistake(
            "the images without labels are gone, so the lists don't line up with the rows of the file any more. Keep one list "
            "per row, and make theirs empty.",
            lambda p: [c.split() for c in cells(p) if c],
        ),
        *several(
            "you give the text of each cell, and what is wanted is a list of label names for each image: split the text.",
            cells,
            lambda p: [c or NAN for c in cells(p)],
        ),
        Mistake(
            "the lists hold letters. list() takes a text apart letter by letter; .split() takes it apart word by word.",
            lambda p: [list(c) for c in cells(p)],
        ),
        *several(
            "each cell became one label, spaces and all. Two labels in a cell are separated by white space: use .split().",
            lambda p: [[c] for c in cells(p)],
            lambda p: [[c] if c else [] for c in cells(p)],
        ),
        *several(
            "you give some of the rows only, those of one value of is_valid. The labels of every row are wanted: a split is chosen later.",
            lambda p: [r["labels"].split() for r in _read(p) if r["is_valid"] == "True"],
            lambda p: [r["labels"].split() for r in _read(p) if r["is_valid"] != "True"],
        ),
        *several(
            "you find the column by its position, and in another file another column stands there. Find it by its name, labels.",
            *(lambda p, i=i: [c.split() for c in column(p, i)] for i in (1, -2)),
        ),
        Mistake(
            "an image whose label is NA or null came out without labels. pandas reads such words as unknown, as it does an empty cell: pass "
            "keep_default_na=False to read_csv.",
            lambda p: [[o for o in c.split() if o not in ("NA", "null")] for c in cells(p)],
        ),
    ]


def labels_of_csv(answer) -> Right:
    "Exercise 1: labels_of_csv(path), a list of label names for each row of a CSV file."
    what = "labels_of_csv"
    function(answer, what)
    answer = refusing_nan(
        answer,
        what,
        "turn NaN into an empty text before you split, or read the file with keep_default_na=False",
    )
    right = lambda p: [r["labels"].split() for r in _read(p)]
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
                praise="Right: one list per row, empty where the cell is, and no label without a name.",
            )
        return praise


def _kept(
    rows, min_count, once=set, enough=operator.ge, stays=lambda before, after: after or not before
):
    n = Counter(o for row in rows for o in once(row))
    pairs = [(row, [o for o in row if enough(n[o], min_count)]) for row in rows]
    return [after for before, after in pairs if stays(before, after)]


def _frequent(rows, min_count):
    return {o for o, n in Counter(o for row in rows for o in set(row)).items() if n >= min_count}


RARE = [
    ["sky", "sun"],
    ["sky", "boat"],
    ["kite", "kite"],
    [],
    ["sun"],
    ["whale", "sky"],
    ["whale"],
    ["star"],
]


def keep_frequent_cases():
    return [(RARE, 2), (RARE, 3), ([["sky"], ["sun", "sky"], ["kite"], [], []], 1), ([[], []], 2)]


def keep_frequent_mistakes():
    return [
        Mistake(
            "a label that exactly min_count images have is dropped. At least min_count means >=.",
            lambda r, m: _kept(r, m, enough=operator.gt),
        ),
        *several(
            "an image with a label twice counts as two images for it. Count the images that have the label, for example over set(labels).",
            lambda r, m: _kept(r, m, once=list),
            lambda r, m: [list(dict.fromkeys(o)) for o in _kept(r, m, once=list)],
        ),
        Mistake(
            "every image that had a rare label is dropped. Take the rare label out, and keep the image if another label is left.",
            lambda r, m: [o for o in r if set(o) <= _frequent(r, m)],
        ),
        Mistake(
            "images that lost all their labels are kept, with an empty list. As in `drop_rare_labels`, they go; only those "
            "that had no label from the start stay.",
            lambda r, m: _kept(r, m, stays=lambda before, after: True),
        ),
        Mistake(
            "the images that had no label from the start are dropped too. Their empty list is true, so they stay: look at the "
            "labels before as well as after.",
            lambda r, m: _kept(r, m, stays=lambda before, after: after),
        ),
        Mistake(
            "the rare labels are still in the lists of the images that stay. Take them out there too: a label that isn't in the vocab has no column.",
            lambda r, m: [o for o in r if not o or set(o) & _frequent(r, m)],
        ),
        Mistake(
            "it is the other way round: you keep the rare labels and drop the frequent ones.",
            lambda r, m: _kept(r, m, enough=operator.lt),
        ),
        *several(
            "you give the labels that remain, and what is wanted are the label lists of the images that remain.",
            lambda r, m: sorted(_frequent(r, m)),
            lambda r, m: list(dict.fromkeys(o for row in r for o in row if o in _frequent(r, m))),
        ),
    ]


def keep_frequent(answer) -> Right:
    "Exercise 2: keep_frequent(label_lists, min_count), the label lists that remain."
    return diagnose_names(
        answer,
        _kept,
        keep_frequent_mistakes(),
        keep_frequent_cases(),
        "keep_frequent",
        praise="Right: rare labels go, images that lose everything by it go, and true zeros stay.",
    )


MAKES = [
    "AM",
    "AM General",
    "Aston Martin",
    "Audi",
    "Dodge",
    "Ford",
    "Land Rover",
    "Mercedes-Benz",
    "Ram",
    "Rover",
    "Shelby",
]


def make_of_cases():
    names = [
        "Dodge Ram Pickup 3500 Crew Cab 2010",
        "Ram C/V Cargo Van Minivan 2012",
        "Aston Martin V8 Vantage Coupe 2012",
        "Land Rover Range Rover SUV 2012",
        "AM General Hummer SUV 2000",
        "Ford Shelby GT500 Convertible 2007",
        "Mercedes-Benz C-Class Sedan 2012",
        "Rambler Classic Sedan 1963",
        "Tesla Model S Sedan 2012",
        "Land Cruiser Wagon 1984",
    ]
    return [(n, makes) for makes in (MAKES, MAKES[::-1]) for n in names]


def _first(name):
    return name.split()[0]


def _begins(name, makes):
    return [m for m in makes if name.split()[: len(m.split())] == m.split()]


def make_of_mistakes():
    def pick(found, how):
        return lambda n, k: how(found(n, k)) if found(n, k) else _first(n)

    inside = lambda n, k: [m for m in k if m in n]
    words = lambda n, k: [m for m in k if f" {m} " in f" {n} "]
    single = lambda n, k: [m for m in k if m in n.split()]
    letters = lambda n, k: [m for m in k if n.startswith(m)]
    alike = lambda n, k: [m for m in k if _first(m) == _first(n)]
    cut = lambda n, k: [" ".join(n.split()[: len(m.split())]) for m in alike(n, k)]
    first, last, longest, shortest = (
        (lambda f: f[0]),
        (lambda f: f[-1]),
        (lambda f: max(f, key=len)),
        (lambda f: min(f, key=len)),
    )
    return [
        *several(
            "you look for the make anywhere in the name, so a model such as Ram or Rover is taken for one. Look at its place: a "
            "make stands at the beginning.",
            *(
                pick(where, how)
                for where in (inside, words, single)
                for how in (first, last, longest, shortest)
            ),
        ),
        Mistake(
            "you take the first word, and some makes have two: Land isn't a make, Land Rover is. Use the makes that are known.",
            lambda n, k: _first(n),
        ),
        *several(
            "Rambler isn't a Ram: a make has to end where a word of the name ends. Compare words, or look for the make with a space behind it.",
            *(pick(letters, how) for how in (longest, first, last, shortest)),
        ),
        *several(
            "you compare the first word of a make only. Land Rover is known, but a Land Cruiser isn't one, and Land Cruiser isn't a known make "
            "either: compare all the words of a make.",
            *(pick(where, how) for where in (alike, cut) for how in (longest, first, last)),
        ),
        Mistake(
            "where two known makes begin the name, the shorter one wins. AM General is a make of its own: take the longest.",
            pick(_begins, shortest),
        ),
        *several(
            "where two known makes begin the name, the order of the list decides. Take the longest of them, in whatever order they come.",
            pick(_begins, first),
            pick(_begins, last),
        ),
    ]


def make_of(answer) -> Right:
    "Exercise 3: make_of(class_name, known_makes), the longest known make that begins the name; its first word if none does."
    what = "make_of"
    function(answer, what)

    def f(name, makes):
        got = answer(name, makes)
        if got is None and not _begins(name, makes):
            raise Wrong(
                f"{what} gave None for {name!r}. None of the known makes begins it, and then its first word is the best guess."
            )
        return got

    return diagnose_names(
        f,
        lambda n, k: max(_begins(n, k), key=len, default=_first(n)),
        make_of_mistakes(),
        make_of_cases(),
        what,
        praise="Right: by position, whole words, the longest make that fits.",
    )


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
    return [(rows,), (rows[:2],), (rows[1:2],)]


def vocab_of_mistakes():
    def names(rows, splits=("train", "valid", "test"), sep=None):
        return [o for r in rows if r["split"] in splits for o in r["labels"].split(sep)]

    by_count = lambda c: [o for o, _ in c.most_common()]
    return [
        *several(
            "'' is in the vocab. It comes from an empty cell, or from two spaces in a row, that was split at a space: use .split() without an argument.",
            lambda r: sorted(set(names(r, sep=" "))),
            lambda r: sorted(set(names(r, ("train",), " "))),
            lambda r: list(dict.fromkeys(names(r, sep=" "))),
        ),
        Mistake(
            "the labels of the training rows only are in it. A label that only a validation or test row has would have no column, and its row "
            "would be an error: use all rows.",
            lambda r: sorted(set(names(r, ("train",)))),
        ),
        Mistake(
            "the labels that only test rows have are missing. Their names aren't a secret that could help training, and without a column their rows "
            "would be an error: use all rows.",
            lambda r: sorted(set(names(r, ("train", "valid")))),
        ),
        *several(
            "the vocab holds letters. A text in a loop gives its letters one by one: split it into words first.",
            lambda r: sorted({c for o in r for c in o["labels"]}),
            lambda r: sorted({c for o in names(r) for c in o}),
        ),
        *several(
            "the vocab holds whole cells, such as 'Zebra dog'. That is a text with two labels: split it into words first.",
            lambda r: sorted({o["labels"] for o in r}),
            lambda r: sorted({o["labels"] for o in r if o["labels"]}),
        ),
        Mistake(
            "a label is in it once for every row that has it. It needs one place only, because its place is its column.",
            lambda r: sorted(names(r)),
        ),
        *several(
            "the order is that of the rows or of the counts. A file that is read in another order would then have other columns: sort the names.",
            lambda r: list(dict.fromkeys(names(r))),
            lambda r: by_count(Counter(names(r))),
            lambda r: sorted(set(names(r)), reverse=True),
        ),
        Mistake(
            "the names are in lower case. A label's name is what the file says, and an `ImageTable` leaves it so: a row that says 'Zebra' would find "
            "no column.",
            lambda r: sorted({o.lower() for o in names(r)}),
        ),
        Mistake(
            "capital and small letters are sorted as one. An `ImageTable` sorts as `sorted` does by itself, capitals first, and another "
            "order means other columns.",
            lambda r: sorted(set(names(r)), key=str.lower),
        ),
        Mistake(
            "you give a set, which has no order. A label's place in the vocab is its column, so make a sorted list.",
            lambda r: set(names(r)),
        ),
    ]


def vocab_of(answer) -> Right:
    "Exercise 4: vocab_of(rows), the sorted label names of all rows; each row is a dict with the texts `labels` and `split`."
    right = lambda rows: sorted({o for r in rows for o in r["labels"].split()})

    def other_order(rows):
        got = listed(answer(rows))
        return got if isinstance(got, list) and sorted(got) == right(rows) else None

    mistakes = [
        *vocab_of_mistakes(),
        Mistake(
            "these are the right names, and they are not sorted. A set has an order of its own, which may change from run to "
            "run, and the columns with it: sort the names.",
            other_order,
        ),
    ]
    return diagnose_names(
        answer,
        right,
        mistakes,
        vocab_of_cases(),
        "vocab_of",
        praise="Right: every label of every split, once, in an order that no file can change.",
    )
