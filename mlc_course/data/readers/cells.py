"""The one parser of label cells: from the text of a column to lists of names, or a refusal."""

import re
import unicodedata

from .cell_lists import NotAList, looks_like_list, read_list, whole_quote
from .options import opt
from .separators import GRAPH_ID, SINGULAR, called, cut, find_separator, mixed_note

SMART_QUOTES = set("“”„‟«»‘’‚‹›「」『』")
MISSING = {"nan", "none", "null", "na", "n/a", "<na>", "nat", "#n/a"}
INVISIBLE = dict.fromkeys(map(ord, "\u200b\ufeff\u2060\u00ad"))
VECTOR = re.compile(r"-?[01](\.0*)?([\s,;|]+-?[01](\.0*)?)+")


def clean(text):
    "Text in NFC, without zero-width characters, with ordinary spaces."
    text = unicodedata.normalize("NFC", text).translate(INVISIBLE)
    return re.sub(r"[^\S\t\n\r]", " ", text).replace("\r\n", "\n").replace("\r", "\n").strip()


# ---- what a name may be --------------------------------------------------------------------------


STRICT = {  # patterns that no name may have, unless the file says that it holds names
    r"\A[:,;|/\\&+=.#@~^<>]|[:,;|/\\&=]\Z": "it begins or ends with punctuation",
    r"\w[#~^<>=\\*@]\w": "it has a sign in it that may separate two names",
    r"://|\\|(?i:\.(png|jpe?g|gif|bmp|webp|tiff?)$)": "it is a file name or an address",
    r"\A[-*•·]\s?[^\W\d]|\A\d+[.)]\s": "it begins as an item of a list does",
    r"\A-\d+(\.\d+)?\Z|\A\d*\.\d*[1-9]\d*\Z": "it is a number, such as a probability",
    r"&(#\d+|[a-z]+)$": "it is cut out of an HTML entity such as &amp;",
}


def _brackets_or_quotes(name, strict):
    "What is wrong with the brackets and quotes of a name; None if nothing is."
    for a, b in ("()", "[]", "{}"):
        if name.count(a) != name.count(b) or name.find(a) > name.find(b):
            return "a bracket is open or closes nothing"
    if name[0] in "([{" and name[-1] in ")]}":
        return "it stands in brackets"
    if '"' in name or name[0] in "'`" or name[-1] in "'`":
        return "it has a stray quote"
    if name[0] in SMART_QUOTES or name[-1] in SMART_QUOTES - {"’"}:
        return "it has a stray quote"
    if re.search(r"\(\s*\)|\[\s*\]|\{\s*\}" + r"|[\[\]{}]" * strict, name):
        return "it has brackets in it, as a list does"
    return None


def _trouble(name, strict):
    "Why a piece of text is no label name; None if it may be one."
    if not any(unicodedata.category(c)[0] in "LNM" or ord(c) > 0x2100 for c in name):
        return "it has no letter or digit"
    why = _brackets_or_quotes(name, strict)
    if why or GRAPH_ID.fullmatch(name):
        return why
    for pattern, says in STRICT.items() if strict else ():
        if re.search(pattern, name):
            return says
    if any(unicodedata.category(c) == "Cc" for c in name):
        return "it has a control character"
    if re.search(r"[:=]\s*[-+]?[\d.]+$", name):
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
                    f"{source}: the label cell is {cell!r}, and {name!r} in it can't be a label "
                    f"name: {bad[name]}. Correct the cell, say what separates two labels, such as "
                    f"{opt('sep', ',')}, or write the cells as JSON lists, such as"
                    ' ["cat", "polar bear"].'
                )


# ---- 0/1 vectors, missing cells, lists -----------------------------------------------------------


def _vector_advice(sizes, column):
    "What to do about cells of 0 and 1."
    if sizes == {1}:
        return (
            f": 0 and 1 in the column {column} may be two classes, or no and yes for one "
            f"label. Pass {opt('vocab', ['0', '1'])} for two classes; else write one column "
            "per label, with the label's name in row 1."
        )
    if len(sizes) > 1:
        return (
            f"; the cells of the column {column} hold 0 and 1, and not all the same number of them."
            " Write names, or one column per label."
        )
    return (
        ", a row of 0 and 1 without names. Write one column per label, with the label's name in "
        f"row 1, or name the {max(sizes)} labels in order: {opt('vocab', ['cat', 'dog', '...'])}."
    )


def _refuse_answers(plain, cells, sources, column):
    "Raise for a column of yes and no: two classes, or the answers for one label."
    said = {o.lower() for o in plain}
    if said in ({"yes", "no"}, {"true", "false"}):
        i, names = next(i for i, o in enumerate(cells) if o), sorted(set(plain))
        raise ValueError(
            f"{sources[i]}: the label cell is {cells[i]!r}: {' and '.join(names)} in the column"
            f" {column} may be two classes, or the answers for one label. Pass"
            f" {opt('vocab', names)} for two classes; else give the column the label's name."
        )


def _as_vectors(rows, cells, sources, vocab, column):
    "Cells of 0 and 1 as names, if the vocab has as many; a refusal without; None if they are none."
    bits = {"0", "1", "0.0", "1.0", "0.", "1.", "-1", "-1.0", "-1."}
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
    _, cell, source = filled[0]
    if len(names) != max(sizes) or len(sizes) > 1:
        raise ValueError(f"{source}: the label cell is {cell!r}{_vector_advice(sizes, column)}")
    if any("-1" in o for r, _, _ in filled for o in r):
        raise ValueError(
            f"{source}: the cells of the column {column} hold -1, and it is unknown whether such an"
            " image has the label. Write 0 and 1, or drop such rows."
        )
    if len(filled) < len(rows):
        empty = next(s for r, s in zip(rows, sources) if not r)
        raise ValueError(
            f"{empty}: the cell is empty where the others hold 0 and 1, so its labels are unknown."
            " Drop such rows, or fill the cells in."
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
            f"{sources[first]}: the label cell is {cells[first]!r} ({len(odd)} of {len(cells)} "
            "cells are like it). That is what a program writes for an empty cell, and it could "
            f"be a label. Pass {opt('na_cells', 'empty')} if these images have no label, or "
            f"{opt('na_cells', 'label')} if it is one."
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
        why = (
            None
            if not cell or looks_like_list(cell)
            else f"other cells are lists, such as {lists[0]!r}"
        )
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


def _note(cells, lists, sep, column):
    "What was understood, if it isn't the default."
    if lists:
        return [
            f"Labels are written as lists, such as {next(o for o in cells if looks_like_list(o))}."
        ]
    if sep == "whole":
        some = next((o for o in cells if " " in o), None)
        return [f"Every cell is one label; spaces belong to it, as in {some!r}."] if some else []
    if sep is None or sep == " ":
        some = next((o for o in cells if " " in o), None) if column.lower() in SINGULAR else None
        return [f"Labels are separated by spaces, as in {some!r}."] if some else []
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
    quoted = [whole_quote(o) for o in filled]
    if filled and sep != "whole" and None not in quoted:  # the cells, not names in them, are quoted
        inside = iter(quoted)
        cells = [clean(next(inside)) if o else "" for o in cells]
        filled = [o for o in cells if o]
    given, file = sep, str(sources[0]).rsplit(" row ", 1)[0] if len(sources) else ""
    sep = {"tab": "\t", "space": " "}.get(sep, sep)
    if sep == "":
        raise ValueError(
            "sep is empty; give what separates two labels, or 'whole' for one name a cell."
        )
    plain = [o for o in filled if o.lower() not in MISSING] or filled
    lists = (
        sep != "whole" and any(looks_like_list(o) for o in plain) and not _all_known(plain, vocab)
    )
    if lists:
        rows = _read_lists([o if o.lower() not in MISSING else "" for o in cells], sources, sep)
    else:
        if sep is None and plain:
            vectors = all(VECTOR.fullmatch(o) for o in plain)
            sep = None if vectors else find_separator(plain, column, file, default, vocab)
        marks = re.compile(r"[\s,;|]+")
        vectors = given is None and plain and all(VECTOR.fullmatch(o) for o in plain)
        rows = [marks.split(o) if vectors and o else cut(o, sep) for o in cells]
    if not lists and not vocab and given is None:
        _refuse_answers(plain, cells, sources, column)
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
    notes = notes + mixed_note(rows, sep) if given is not None and not lists else notes
    return rows, _note(plain, lists, sep, column) + notes


def _all_known(cells, vocab):
    "Are all cells names of the vocab as they stand?"
    return vocab is not None and set(cells) <= set(vocab)


def _raw_lists(cells, lists, rows):
    "The rows with repeats kept, which matter in a list of 0 and 1."
    if not lists:
        return rows
    return [read_list(o) if o and looks_like_list(o) else [] for o in cells]
