"""The one parser of label cells: from the text of a column to lists of names, or a refusal."""

import re
import unicodedata
from collections import Counter

from .cell_lists import NotAList, looks_like_list, read_list
from .options import opt

STRONG = ("|", ";", ",", "\t", "\n", "，", "、", "；", "｜")
WEAK = ("/", "&", "+", " and ")
ODD = (" ", *WEAK, "-", "_", ":", ".", "\\", "*", "~")
CALLED = {"\t": "tab", "\n": "line break", " ": "space", None: "space"}
MISSING = {"nan", "none", "null", "na", "n/a", "<na>", "nat", "#n/a"}
SINGULAR = {"label", "tag", "class", "target", "category", "genre", "finding", "species", "y"}
INVISIBLE = dict.fromkeys(map(ord, "\u200b\ufeff\u2060\u00ad"))
VECTOR = re.compile(r"[01](\.0*)?([\s,;|]+[01](\.0*)?)+")


def clean(text):
    "Text in NFC, without zero-width characters, with ordinary spaces."
    text = unicodedata.normalize("NFC", text).translate(INVISIBLE)
    return re.sub(r"[^\S\t\n\r]", " ", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def called(sep):
    "How a message names a separator."
    return CALLED.get(sep, repr(sep))


def cut(cell, sep):
    "The distinct names in a cell; None cuts at white space, 'whole' not at all."
    if sep == "whole":
        pieces = [cell]
    else:
        pieces = cell.split() if sep is None or sep.isspace() and sep not in "\t\n" else cell.split(sep)
    return list(dict.fromkeys(o for o in (" ".join(p.split()) for p in pieces) if o))


# ---- what a column looks like --------------------------------------------------------------------


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
    return turned or len(combos) > len(words)


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
        if not belong:
            return None
    elif singular and (belong or _few_shared(cells)):
        return "whole"
    elif not singular and not belong and _first_words_alone(cells):
        return None
    raise _two_readings(
        f"{file}: the column {column}", (" ", some.split()), ("whole", [some]), some
    )


def _weak_separator(cells, column, file):
    "The one of / & + that separates names; None if there is none, a refusal if it is unclear."
    found = [c for c in WEAK if any(c in o.strip(c) for o in cells)]
    if not found:
        return None
    some = next(o for o in cells if found[0] in o)
    if found == ["/"] and _shares(cells, "/") and not any(" " in o for o in cells if "/" in o):
        return "/"
    raise _two_readings(
        f"{file}: the column {column}", (found[0], cut(some, found[0])), ("whole", [some]), some
    )


def _by_vocab(cells, vocab):
    "The separators with which every piece of every cell is in the vocab."
    fits = [o for o in (" ", "whole", *STRONG, *WEAK) if {n for c in cells for n in cut(c, o)} <= vocab]
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
    """Refuse a column in which a second separator cuts cells into names that stand alone elsewhere."""
    names = {name for o in cells for name in cut(o, sep)}
    for other in ODD:
        for name in names if sep != other else ():
            pieces = [p.strip() for p in name.split(other) if p.strip()]
            if len(pieces) > 1 and set(pieces) <= names:
                first = "whole" if sep is None else sep
                raise _two_readings(
                    f"{file}: the column {column}", (first, [name]), (other, pieces), name
                )


# ---- what a name may be --------------------------------------------------------------------------


def _trouble(name, strict):
    "Why a piece of text is no label name; None if it may be one."
    if not any(unicodedata.category(c)[0] in "LNM" or ord(c) > 0x2100 for c in name):
        return "it has no letter or digit"
    for a, b in ("()", "[]", "{}"):
        if name.count(a) != name.count(b) or name.find(a) > name.find(b):
            return "a bracket is open or closes nothing"
    if name[0] in "([{" and name[-1] in ")]}":
        return "it stands in brackets"
    if '"' in name or name[0] in "'`" or name[-1] in "'`":
        return "it has a stray quote"
    if strict and (name[0] in ":,;|/\\&+=." or name[-1] in ":,;|/\\&="):
        return "it begins or ends with punctuation"
    if strict and re.search(r"&(#\d+|[a-z]+)$", name):
        return "it is cut out of an HTML entity such as &amp;"
    if strict and re.search(r"[:=]\s*[-+]?[\d.]+$", name):
        return "it is a pair of a name and a number"
    return None


def _check_names(rows, cells, sources, strict, known):
    "Raise for the first name that can't be one."
    bad = {}
    for name in dict.fromkeys(o for row in rows for o in row):
        why = None if name in known else _trouble(name, strict)
        if why:
            bad[name] = why
    if not bad:
        return
    for row, cell, source in zip(rows, cells, sources):
        for name in row:
            if name in bad:
                raise ValueError(
                    f"{source}: the label cell is {cell!r}, and {name!r} in it can't be a label name:"
                    f" {bad[name]}. Correct the cell, say what separates two labels, such as"
                    f" {opt('sep', ',')}, or write the cells as JSON lists, such as"
                    ' ["cat", "polar bear"].'
                )


# ---- 0/1 vectors, missing cells, lists -----------------------------------------------------------


def _as_vectors(rows, cells, sources, vocab, column):
    "Cells of 0 and 1 as names, if the vocab has as many; a refusal without; None if they are none."
    bits = {"0", "1", "0.0", "1.0", "0.", "1."}
    filled = [(r, c, s) for r, c, s in zip(rows, cells, sources) if r]
    packed = all(len(r) == 1 and len(r[0]) > 1 and set(r[0]) <= {"0", "1"} for r, _, _ in filled)
    if packed:
        filled = [(list(r[0]), c, s) for r, c, s in filled]
    if not filled or not all(o in bits for r, _, _ in filled for o in r):
        return None
    sizes = {len(r) for r, _, _ in filled}
    names = list(vocab or ())
    if set(names) & bits:
        return None
    first = filled[0]
    if len(sizes) > 1:
        raise ValueError(
            f"{first[2]}: the cell is {first[1]!r}; the cells of {column} hold 0 and 1, and not all"
            " the same number of them. Write names, or one column per label."
        )
    if len(names) != sizes.pop():
        raise ValueError(
            f"{first[2]}: the cell is {first[1]!r}, a row of 0 and 1 without names. Write one column"
            f" per label, with the label's name in row 1, or name the {len(first[0])} labels in order:"
            f" {opt('vocab', 'cat,dog,...')}."
        )
    found = iter([[n for n, bit in zip(names, r) if bit[0] == "1"] for r, _, _ in filled])
    return [next(found) if r else [] for r in rows]


def _missing_cells(cells, rows, sources, vocab, na_cells):
    "Empty the cells that say nan or None, or keep them as labels; a refusal if nobody decided."
    if na_cells not in (None, "empty", "label"):
        raise ValueError(f"na_cells is {na_cells!r}; use 'empty' or 'label'.")
    odd = [i for i, o in enumerate(cells) if o.lower() in MISSING and o not in (vocab or ())]
    if not odd or na_cells == "label":
        return rows, []
    if na_cells is None:
        first = odd[0]
        raise ValueError(
            f"{sources[first]}: the label cell is {cells[first]!r} ({len(odd)} of {len(cells)} cells"
            " are like it). That is what a program writes for an empty cell, and it could be a"
            f" label. Pass {opt('na_cells', 'empty')} if these images have no label, or"
            f" {opt('na_cells', 'label')} if it is one."
        )
    rows = list(rows)
    for i in odd:
        rows[i] = []
    return rows, [f"{len(odd)} cells such as {cells[odd[0]]!r} read as empty: no label."]


def _read_lists(cells, sources, sep):
    "The names of cells that are lists; a refusal that names the first row that is none."
    lists = [o for o in cells if o and looks_like_list(o)]
    rows = []
    for cell, source in zip(cells, sources):
        why = None if not cell or looks_like_list(cell) else f"other cells are lists, such as {lists[0]!r}"
        try:
            names = read_list(cell, sep) if cell and not why else []
        except NotAList as e:
            why = str(e)
        if why:
            raise ValueError(
                f"{source}: the label cell {cell!r} can't be read as a list of names: {why}."
                ' Correct it; ["cat", "polar bear"] and [] are lists.'
            )
        rows.append(list(dict.fromkeys(clean(o) for o in names)))
    return rows


def _note(cells, lists, sep, default):
    "What was understood, if it isn't the default."
    if lists:
        return [f"Labels are written as lists, such as {next(o for o in cells if looks_like_list(o))}."]
    if sep == "whole":
        some = next((o for o in cells if " " in o), None)
        return [f"Every cell is one label; spaces belong to it, as in {some!r}."] if some else []
    if sep is None or sep == " ":
        return []
    if not any(sep in o for o in cells):
        return [f"No cell contains {called(sep)}, so every cell is one label."]
    return [f"Labels are separated by {called(sep)}."]


def parse_cells(
    cells,  # the column of labels: one text per row
    sources,  # where each row is, for messages
    sep=None,  # what separates two labels; None: found out; "whole": one name a cell
    vocab=None,  # label names in order; names in it are never doubted
    column="labels",  # the column's name
    default="unknown",  # "space": the layout says that a space separates two labels
    na_cells=None,  # "empty" or "label": what a cell nan or None means
):  # (one list of names per row, notes)
    "Label cells as lists of names; what can't be read, or in two ways, is an error that says so."
    cells = [clean(str(o)) for o in cells]
    filled = [o for o in cells if o]
    given, file = sep, str(sources[0]).rsplit(" row ", 1)[0] if len(sources) else ""
    sep = {"tab": "\t", "space": " "}.get(sep, sep)
    if sep == "":
        raise ValueError("sep is empty; give what separates two labels, or 'whole' for one name a cell.")
    plain = [o for o in filled if o.lower() not in MISSING] or filled
    lists = sep != "whole" and any(looks_like_list(o) for o in plain) and not _all_known(plain, vocab)
    if lists:
        rows = _read_lists([o if o.lower() not in MISSING else "" for o in cells], sources, sep)
    else:
        if sep is None and plain:
            vectors = all(VECTOR.fullmatch(o) for o in plain)
            sep = None if vectors else find_separator(plain, column, file, default, vocab)
        marks = re.compile(r"[\s,;|]+")
        vectors = given is None and plain and all(VECTOR.fullmatch(o) for o in plain)
        rows = [marks.split(o) if vectors and o else cut(o, sep) for o in cells]
    found = _as_vectors(_raw_lists(cells, lists, rows), cells, sources, vocab, column)
    if found is not None:
        return found, ["The cells hold one 0 or 1 per label, in the order of the vocab."]
    rows, notes = _missing_cells(cells, rows, sources, vocab, na_cells)
    if not lists:
        strict = given is None
        _check_names(rows, cells, sources, strict, set(vocab or ()))
    for row, source in zip(rows, sources):
        if "" in row:
            raise ValueError(f"{source}: a name in the list of labels is empty. Take it out.")
    return rows, _note(plain, lists, sep, default) + notes


def _all_known(cells, vocab):
    "Are all cells names of the vocab as they stand?"
    return vocab is not None and set(cells) <= set(vocab)


def _raw_lists(cells, lists, rows):
    "The rows with repeats kept, which matter in a list of 0 and 1."
    if not lists:
        return rows
    return [read_list(o) if o and looks_like_list(o) else [] for o in cells]
