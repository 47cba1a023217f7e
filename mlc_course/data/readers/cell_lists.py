"""Label cells that are written as lists: JSON, Python, NumPy, PostgreSQL, or names in quotes."""

import ast
import json
import re

CLOSING = {"[": "]", "(": ")", "{": "}"}
QUOTED = re.compile(r'[uU]?("(?:[^"\\]|\\.|"")*"|\'(?:[^\'\\]|\\.)*\')', re.DOTALL)
CALL = re.compile(
    r"(?:np\.|numpy\.)?(?:array|list|tuple|set|frozenset)\(\s*(.*?)\s*(?:,\s*dtype=[^)]*)?\)",
    re.DOTALL,
)
SCALAR = re.compile(
    r"(?:np\.|numpy\.)(?:str_|int\d*|float\d*)\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[\d.]+)\s*\)"
)


class NotAList(ValueError):
    "A cell that begins as a list and can't be read as one; the message says why."


def looks_like_list(cell):
    "Does a cell begin with a bracket or a quote, as a list or a quoted name does?"
    return cell[:1] in ("[", "(", "{", '"', "'") or CALL.fullmatch(cell) is not None


def whole_quote(
    cell,  # a cell
) -> str | None:  # what is in the quotes; None if the cell isn't one quoted text
    "The text of a cell that stands in quotes as a whole."
    found = QUOTED.fullmatch(cell)
    return _unquote(found[0]) if found else None


def _unquote(text):
    "The string that a quoted piece of text stands for."
    text = text.lstrip("uU")
    if text[0] == '"':
        try:
            return json.loads(text)
        except ValueError:
            pass
        if '""' in text[1:-1]:
            return text[1:-1].replace('""', '"')
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise NotAList(f"{text} is not a name in quotes") from None


def _inside(cell):
    "What stands between the brackets of a cell; the cell itself if it has none."
    call = CALL.fullmatch(cell)
    if call:
        cell = call[1] or "[]"
    if cell[0] not in CLOSING:
        return cell
    if cell[-1] != CLOSING[cell[0]]:
        raise NotAList(f"it begins with {cell[0]} and doesn't end with {CLOSING[cell[0]]}")
    return cell[1:-1]


def _bare(text):
    "A name without quotes inside a list."
    if re.search(r"[\[\](){}\"']", re.sub(r"(?<=\w)'(?=\w)", "", text)):
        raise NotAList(f"{text!r} has a bracket or quote that belongs to nothing")
    if ":" in text:
        raise NotAList(f"{text!r} is a pair and not a name")
    if "|" in text or ";" in text:
        raise NotAList(f"{text!r} has a | or ; where a comma separates names")
    if text.lower() in ("none", "nan", "null"):
        raise NotAList(f"{text} is no name")
    if re.fullmatch(r"-?\d*\.\d+(e-?\d+)?|-\d+", text) and float(text) not in (0, 1):
        raise NotAList(f"{text} is a number, such as a probability, and no name")
    return {"True": "1", "False": "0"}.get(text, text)


def read_list(
    cell,  # text that looks_like_list
    sep=None,  # what separates bare names besides commas
) -> list:  # names; numbers stay text
    "The names in a cell that is written as a list; NotAList if it isn't one."
    text = SCALAR.sub(r"\1", _inside(cell.strip())).strip()
    names, at, bracketed = [], 0, cell[0] in CLOSING
    marks = "," if not sep or sep.isspace() else f",{sep}"
    while at < len(text):
        if text[at].isspace() or text[at] in marks:
            at += 1
            continue
        found = QUOTED.match(text, at)
        if found:
            after = text[found.end() : found.end() + 1]
            if after and not after.isspace() and after not in marks + "|;":
                raise NotAList(f"{after!r} follows {found[0]}; a comma or the end was expected")
            names.append(_unquote(found[0]))
            at = found.end()
            if after in ("|", ";"):
                at += 1
            continue
        end = min([text.find(o, at) for o in marks if text.find(o, at) >= 0] or [len(text)])
        names.append(_bare(text[at:end].strip()))
        at = end
    bare_spaces = bracketed and len(names) == 1 and " " in names[0] and not QUOTED.match(text)
    if bare_spaces and not re.fullmatch(r"[\d.\s]+", names[0]):
        raise NotAList(f"nothing separates the words of {names[0]!r}; write commas between names")
    if bare_spaces:
        return names[0].split()
    return names
