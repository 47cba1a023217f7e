"How many lines of code a module's functions take."

import ast
import io
import tokenize
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

MARKS = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
BLANK = (*MARKS, tokenize.ENDMARKER, tokenize.ENCODING)
VERBS = ("make_data", "make_model", "train", "predict")


def is_text(node) -> bool:
    "Whether a statement is only a string: a docstring, say."
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def lines_of(node) -> range:
    "The numbers of the lines where a statement stands."
    return range(node.lineno, node.end_lineno + 1)


def source_of(module: str) -> str:
    "The text of a module that isn't imported for it; ValueError if there is none."
    spec = find_spec(module)
    if spec is None or not str(spec.origin).endswith(".py"):
        raise ValueError(f"{module!r} is not a module in Python whose source can be read.")
    return Path(str(spec.origin)).read_text(encoding="utf-8")


def parts_of(source) -> dict:
    "The functions, classes and constants at the top of a module, by name."
    parts: dict = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            parts[node.name] = node
        elif isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name) and t.id != "__all__"]
            parts |= dict.fromkeys(names, node)
    return parts


def reached_from(roots, parts) -> list:
    "The names that `roots` use, directly or not, themselves first."
    reached = list(roots)
    for name in reached:  # grows while it is walked
        used = {n.id for n in ast.walk(parts[name]) if isinstance(n, ast.Name)}
        reached += sorted((used & set(parts)) - set(reached))
    return reached


def lines_with_code(source) -> set:
    "The numbers of the lines that hold more than blanks and comments."
    used: set = set()
    for t in tokenize.generate_tokens(io.StringIO(source).readline):
        if t.type not in BLANK:
            used |= set(range(t.start[0], t.end[0] + 1))
    return used


def code_lines(
    module: str,  # its name, such as "mlc_course.train_torch"; it isn't imported
    roots: Iterable[str] | None = VERBS,  # these and what they reach in the module; None: all
) -> pd.DataFrame:  # name, lines, statements
    """Lines of code and statements of each function and class.

    Imports, blank lines, comments and docstrings don't count. ValueError for a module without
    source in Python, and for a root that it hasn't."""
    source = source_of(module)
    parts = parts_of(source)
    roots = list(parts) if roots is None else list(roots)
    if missing := [r for r in roots if r not in parts]:
        raise ValueError(f"{module} has no {missing[0]!r}; it has {', '.join(parts)}.")
    used, rows = lines_with_code(source), []
    for name in reached_from(roots, parts):
        node = parts[name]
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        inside = [n for n in ast.walk(node) if isinstance(n, ast.stmt)]
        texts = {i for n in inside if is_text(n) for i in lines_of(n)}
        lines = (used - texts) & set(range(first, node.end_lineno + 1))
        statements = sum(not is_text(n) for n in inside)
        rows.append(dict(name=name, lines=len(lines), statements=statements))
    return pd.DataFrame(rows)
