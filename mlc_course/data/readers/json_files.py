"""JSON files: their outline for recognising, and their content with errors that say where."""

import gc
import json
import re
from functools import lru_cache, wraps
from pathlib import Path

from .common import read_text

HEAD = 1 << 16
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.S)


def without_gc(function):
    "The function, run without the search for cycles, which takes half the time in large files."

    @wraps(function)
    def run(*args, **kwargs):
        on = gc.isenabled()
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            if on:
                gc.enable()

    return run


@lru_cache(maxsize=512)
def _head(path, size, changed):
    with open(path, "rb") as file:
        raw = file.read(HEAD)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="ignore")
    return raw.decode("utf-8-sig", errors="ignore")


def head_of(path):
    "The first 64 kB of a file as text; '' if it can't be read."
    try:
        stat = Path(path).stat()
        return _head(str(path), stat.st_size, stat.st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=512)
def _outline(head):
    found, stack, key, last = [], [], None, None
    for token in _TOKEN.findall(head):
        if token in "{[":
            if len(stack) > 8:
                break
            above = stack[-1][1] if stack else ""
            name = (f"{above}.{key}" if above else key) if key is not None else above
            name = (name or "") + ("[]" if token == "[" else "")
            stack.append((token, name))
            found.append(name + ("{}" if token == "{" else ""))
            key = None
        elif token in "}]":
            if stack:
                stack.pop()
            key = None
        elif token == ":":
            if stack and last is not None and stack[-1][0] == "{":
                key = last[1:-1]
                name = stack[-1][1]
                found.append(f"{name}.{key}" if name else key)
                found += [f"/{key}"] if len(stack) == 1 else []
        elif token == ",":
            key = None
        last = token if token[0] == '"' else None
    return frozenset(found)


def json_outline(path):
    "The paths of the keys in a JSON file's first 64 kB, as images[].file_name; /key: at the top."
    head = head_of(path)
    return _outline(head) if head.lstrip()[:1] in ("{", "[") else frozenset()


def _no_duplicates(path):
    def pairs(found):
        made = dict(found)
        if len(made) < len(found):
            keys = [k for k, _ in found]
            twice = next(k for i, k in enumerate(keys) if k in keys[:i])
            raise ValueError(
                f"{path}: the key {twice!r} is twice in one object, so one of the two values would"
                " be lost. Rename or remove one."
            )
        return made

    return pairs


def _json_error(path, e):
    return ValueError(
        f"{path} row {e.lineno}, column {e.colno}: not valid JSON ({e.msg}). The file is damaged or"
        " cut off: fetch it again."
    )


def too_deep(path):
    "The error of a file whose lists or objects are nested without end."
    return ValueError(f"{path} is nested too deeply to be a list of annotations. Fetch it again.")


def json_text(path, encoding="utf-8-sig"):
    "The text of a JSON file; UTF-16 is known by its mark."
    with open(path, "rb") as file:
        start = file.read(2)
    return read_text(Path(path), "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else encoding)


def load_json(path):
    "A JSON file; one that is damaged, too deep or has a key twice is an error that says where."
    try:
        return json.loads(json_text(path), object_pairs_hook=_no_duplicates(path))
    except json.JSONDecodeError as e:
        raise _json_error(path, e) from None
    except RecursionError:
        raise too_deep(path) from None


def load_json_values(path):
    "All the JSON values of a file, one after the other: JSON lines, also printed over many rows."
    text = json_text(path)
    decoder = json.JSONDecoder(object_pairs_hook=_no_duplicates(path))
    values, at, end = [], 0, len(text)
    skip = re.compile(r"[\s,\x1e]*")
    try:
        while (at := skip.match(text, at).end()) < end:
            value, at = decoder.raw_decode(text, at)
            values.append(value)
    except json.JSONDecodeError as e:
        raise _json_error(path, e) from None
    except RecursionError:
        raise too_deep(path) from None
    return values
