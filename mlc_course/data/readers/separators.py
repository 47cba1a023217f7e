"""What separates two labels in a column: found in the cells, or asked about."""

import re
from collections import Counter

from .options import opt

STRONG = ("|", ";", ",", "\t", "\n", "，", "、", "；", "｜", "،", "؛")
WEAK = ("/", "&", "+", " and ")
ODD = (" ", *WEAK, "-", "_", ":", ".", "\\", "*", "~", "・", "·", "•")
CALLED = {"\t": "tab", "\n": "line break", " ": "space", None: "space"}
GRAPH_ID = re.compile(r"/[a-z]/\w+")  # Open Images' names of labels, such as /m/01yrx
SINGULAR = {"label", "tag", "class", "target", "category", "genre", "finding", "species", "y"}


def called(sep):
    "How a message names a separator."
    return CALLED.get(sep, repr(sep))


def cut(cell, sep):
    "The distinct names in a cell; None cuts at white space, 'whole' not at all."
    if sep == "whole":
        pieces = [cell]
    else:
        pieces = (
            cell.split() if sep is None or sep.isspace() and sep not in "\t\n" else cell.split(sep)
        )
    return list(dict.fromkeys(o for o in (" ".join(p.split()) for p in pieces) if o))


def _shares(cells, sep):
    "Do the pieces of the cells occur in other combinations, or alone?"
    combos = {tuple(cut(o, sep)) for o in cells}
    where = Counter(name for combo in combos for name in combo)
    return any(len(combo) > 1 and any(where[o] > 1 for o in combo) for combo in combos)


def _spaces_separate(cells):
    "Is it certain that a space separates names: the words are combined freely?"
    combos = {tuple(o.split()) for o in cells}
    words = {w for combo in combos for w in combo}
    if all(w.isdecimal() for w in words):
        return True
    several = [c for c in combos if len(c) > 1]
    turned = len({frozenset(c) for c in several}) < len(several)
    varied = (
        len({len(c) for c in combos}) > 1
    )  # red car, blue car, red bus ... are names of two words
    return turned or (varied and len(combos) > len(words))


def _words_move(cells):
    "Do pairs of words stand beside each other in some cells and apart in others, as tags do?"
    gaps = {}
    for combo in {tuple(o.split()) for o in cells}:
        for i, word in enumerate(combo):
            for gap, other in enumerate(combo[i + 1 :], 1):
                gaps.setdefault((word, other), set()).add(gap)
    moved = [o for o in gaps.values() if len(o) > 1]
    return len(moved) > 1 and any(1 in o for o in moved)


def _spaces_belong(cells):
    "Do the words of every cell of several words occur together only, and repeatedly?"
    count = Counter(tuple(o.split()) for o in cells)
    where = Counter(w for combo in count for w in set(combo))
    several = [c for c in count if len(c) > 1]
    return all(where[w] == 1 for c in several for w in c) and max(count[c] for c in several) > 1


def _first_words_alone(cells):
    "Has every cell of several words a word, not the last, that is a cell of its own as well?"
    combos = {tuple(o.split()) for o in cells}
    alone = {c[0] for c in combos if len(c) == 1}
    return all(set(c[:-1]) & alone for c in combos if len(c) > 1)


def _few_shared(cells):
    "Are there fewer different cells than words, and do most words occur in one cell only?"
    combos = {tuple(o.split()) for o in cells}
    where = Counter(w for c in combos for w in set(c))
    inner = {w for c in combos if len(c) > 1 for w in c}
    return len(combos) < len(where) and sum(where[w] > 1 for w in inner) < len(inner) / 2


def _two_readings(where, first, second, example):
    "The refusal of a column that can be read in two ways."
    (sep1, names1), (sep2, names2) = first, second
    return ValueError(
        f"{where} can be read in two ways: {example!r} is {names1} or {names2}. It is unclear what"
        f" separates two labels. Pass {opt('sep', sep1)} for the first, or {opt('sep', sep2)} for"
        f" the second."
    )


def _space_or_whole(cells, column, file, default):
    "Decide whether a space separates names or belongs to them; None or 'whole', or a refusal."
    some = next(o for o in cells if " " in o)
    singular = (column or "").strip().lower() in SINGULAR
    if _spaces_separate(cells):
        return None
    belong = _spaces_belong(cells)
    if default == "space":
        if not belong and not (_few_shared(cells) and len(cells) > len(set(cells)) + 1):
            return None
    elif singular and (belong or _few_shared(cells)):
        return "whole"
    elif not singular and not belong and (_first_words_alone(cells) or _words_move(cells)):
        return None
    raise _two_readings(
        f"{file}: the column {column}", (" ", some.split()), ("whole", [some]), some
    )


def _slash_separates(cells):
    "Is it certain that / separates names: its pieces stand alone, or are combined freely?"
    combos = {tuple(cut(o, "/")) for o in cells}
    several = [c for c in combos if len(c) > 1]
    alone = {c[0] for c in combos if len(c) == 1}
    if several and all(set(c) <= alone for c in several):
        return True
    return _shares(cells, "/") and not any(" " in name for c in several for name in c)


def _weak_separator(cells, column, file):
    "The one of / & + that separates names; None if there is none, a refusal if it is unclear."
    cells = [o for o in cells if not GRAPH_ID.fullmatch(o)]
    found = [c for c in WEAK if any(c in o.strip(c) for o in cells)]
    if not found:
        return None
    some = next(o for o in cells if found[0] in o)
    if found == ["/"] and _slash_separates(cells):
        return "/"
    raise _two_readings(
        f"{file}: the column {column}", (found[0], cut(some, found[0])), ("whole", [some]), some
    )


def _by_vocab(cells, vocab):
    "The separators with which every piece of every cell is in the vocab."
    fits = [
        o for o in (" ", "whole", *STRONG, *WEAK) if {n for c in cells for n in cut(c, o)} <= vocab
    ]
    rows = {o: [cut(c, o) for c in cells] for o in fits}
    return [o for i, o in enumerate(fits) if rows[o] not in [rows[e] for e in fits[:i]]]


def find_separator(
    cells,  # the cells that aren't empty, none of them a list
    column="labels",  # their column's name: "label" has one name a cell, "labels" several
    file="",  # for the message
    default="unknown",  # "space": the layout says that a space separates
    vocab=None,  # names that are known to be labels
) -> str:  # a separator; None is white space; "whole": one name a cell
    "What separates two labels in these cells; an error where two answers are possible."
    fits = _by_vocab(cells, set(vocab)) if vocab else []
    if len(fits) == 1:
        return fits[0]
    found = [c for c in STRONG if any(c in o for o in cells)]
    if default == "space":
        found = [c for c in found if not c.isspace()]
    if len(found) > 1:
        names = " and ".join(called(c) for c in found)
        raise ValueError(
            f"{file}: the cells of the column {column} contain {names}, so it is unclear what"
            f" separates two labels. Pass {opt('sep', found[0])}, or the one you mean."
        )
    sep = found[0] if found else _weak_separator(cells, column, file)
    if sep is None and any(" " in o for o in cells):
        sep = _space_or_whole(cells, column, file, default)
    _check_mixed(cells, sep, column, file)
    return sep


def _check_mixed(cells, sep, column, file):
    "Refuse a column in which a second separator cuts a name into names that stand alone elsewhere."
    names = {name for o in cells for name in cut(o, sep)}
    for other in ODD:
        for name in names if sep != other else ():
            pieces = [p.strip() for p in name.split(other) if p.strip()]
            if len(pieces) > 1 and set(pieces) <= names:
                first = "whole" if sep is None else sep
                raise _two_readings(
                    f"{file}: the column {column}", (first, [name]), (other, pieces), name
                )
