"""What stands as labels in a record of JSON: names, texts, numbers, or an object of 0 and 1."""

import re

from .annotations import label_name
from .cells import parse_cells
from .options import opt

_AS_TEXT = re.compile(r"\s*[\[({].*[\])}]\s*|\s*(['\"]).*\1\s*", re.DOTALL)


def _name(value, source):
    "A label in a list; a list that was written as text isn't one."
    if isinstance(value, str) and _AS_TEXT.fullmatch(value):
        raise ValueError(
            f"{source}: {value!r} is a text with brackets or quotes inside a list of labels, and"
            " can't be a label name. Write the names themselves."
        )
    return label_name(value, source)


def label_values(value, source):
    "Labels as a list of names or numbers; None if they are missing; a text stays one."
    if value is None or value != value:
        return None
    if isinstance(value, dict):
        for key in ("categories", "category", "labels", "label"):  # objects of an imagefolder
            if isinstance(value.get(key), list):
                return value[key]
        return switched_on(value, source)
    if isinstance(value, list) and value and all(isinstance(o, dict) for o in value):
        usual = ("label", "category", "name", "class")
        names = [next((o[k] for k in usual if k in o), o) for o in value]
        if any(isinstance(o, dict) for o in names):
            raise ValueError(f"{source}: found {str(value)[:80]}; expected names of labels.")
        return names
    if isinstance(value, (list, str)):
        return value
    return [value]


def switched_on(value, source):
    "The names whose value is true in an object of 0 and 1; any other value is unknown."
    for name, o in value.items():
        if not isinstance(o, (bool, int, float)) or o not in (0, 1):
            raise ValueError(
                f"{source}: {name!r} is {o!r}; expected true or false (1 or 0). Any other value"
                " means unknown: remove the record, or fill it in."
            )
    return [name for name, o in value.items() if o]


def _numbers(rows, vocab):
    "Refuse numbers without a vocab; with one they are places in it, or a row of 0 and 1."
    numbers = [o for o in rows if any(isinstance(x, (int, float)) for x in o["labels"] or ())]
    if not numbers:
        return
    first = numbers[0]
    if vocab is None:
        raise ValueError(
            f"{first['source']}: the labels are {first['labels']}: numbers, and nothing says what"
            f" they are called. Name the labels in order: {opt('vocab', 'cat,dog,...')}."
        )
    known = [o for o in rows if o["labels"] is not None]
    long = all(len(o["labels"]) == len(vocab) for o in known)
    for o in known if long else ():
        if -1 in o["labels"] and set(o["labels"]) <= {-1, 0, 1}:
            raise ValueError(
                f"{o['source']}: the labels are {o['labels']}, where -1 means unknown. Fill it in"
                " with 0 or 1, or remove the record."
            )
    bits = long and all(set(o["labels"]) <= {0, 1} for o in known)
    distinct = all(len(set(o["labels"])) == len(o["labels"]) for o in known)
    if bits and distinct:
        raise ValueError(
            f"{first['source']}: the labels {first['labels']} may be places in the vocab, or one 0"
            " or 1 for each label. Write names."
        )
    for o in known:
        if bits:
            o["labels"] = [n for n, x in zip(vocab, o["labels"]) if x]
        else:
            o["labels"] = [_place(x, vocab, o["source"]) for x in o["labels"]]


def _place(number, vocab, source):
    "The label with this number, counted from 0."
    if isinstance(number, str):
        return number
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(vocab):
        raise ValueError(
            f"{source}: the label is {number!r}; expected a name, or a whole number from 0 to"
            f" {len(vocab) - 1}, the place in the vocab."
        )
    return vocab[number]


def name_labels(rows, key, sep, vocab):
    "Make every row's labels a list of names; texts are read as the cells of a table are."
    _numbers([o for o in rows if not isinstance(o["labels"], str)], vocab)
    texts = [o for o in rows if isinstance(o["labels"], str)]
    notes = []
    if texts:
        cells, sources = [o["labels"] for o in texts], [o["source"] for o in texts]
        parsed, notes = parse_cells(cells, sources, sep, vocab, key)
        for o, names in zip(texts, parsed):
            o["labels"] = names
    for o in rows:
        if o["labels"] is not None:
            o["labels"] = list(dict.fromkeys(_name(x, o["source"]) for x in o["labels"]))
    return notes
