"Parameter comments in docstrings: what `help()`, Shift+Tab in a notebook and the website show."

# In this project a parameter is described by a comment beside it, once. When a module of public
# names has been loaded, `document` reads those comments in its source and appends them to the
# docstrings, as the sections `Parameters` and `Returns` of numpydoc. `watch` arranges that; the
# package calls it before anything of it can be imported. No framework is loaded for it.

import inspect
import linecache
import re
import sys
from importlib.machinery import PathFinder, SourceFileLoader

PACKAGE = __name__.partition(".")[0]
SECTION = re.compile(r"^(Parameters|Returns)\n-+$", re.MULTILINE)
_TOKEN = re.compile(
    r"(?P<string>[rbfuRBFU]{0,2}(?:\"\"\"(?s:.)*?\"\"\"|'''(?s:.)*?'''"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'))"
    r"|(?P<comment>#[^\n]*)|(?P<arrow>->)|(?P<name>\w+)|(?P<other>[^\s])"
)
_FIELD = re.compile(r"    (\w+)\s*:")


def signature_comments(
    lines: list[str],  # of the source, from the line of `def`, of a decorator before it, or earlier
) -> dict:  # comment by parameter; that of what is returned under "return"
    "The comments beside the parameters of the first function that is defined in these lines."
    start = next(
        (i for i, line in enumerate(lines) if re.match(r"\s*(async\s+)?def\b", line)), None
    )
    found: dict[str, str] = {}
    depth, current, fresh, ended = 0, "", False, 0
    source = "".join(lines[start:]) if start is not None else ""
    for token in _TOKEN.finditer(source):
        text, kind = token[0], token.lastgroup
        if ended and (kind != "comment" or "\n" in source[ended : token.start()]):
            break  # the body begins
        if kind == "comment":
            key = "return" if depth == 0 else current
            found[key] = " ".join([*([found[key]] if key in found else []), text[1:].strip()])
        elif text in "([{":
            depth += 1
            fresh = depth == 1
        elif text in ")]}":
            depth -= 1
        elif depth == 0 and text == ":":
            ended = token.end()
        elif depth == 1 and text == ",":
            fresh = True
        elif fresh and kind == "name":
            current, fresh = text, False
    return {name: text for name, text in found.items() if name and text}


def field_comments(
    lines: list[str],  # of the source of a module
    name: str,  # of a class in it
) -> dict:  # comment by field
    "The comments beside the fields of a dataclass or named tuple."
    begin = re.compile(rf"class {name}\b")
    start = next((i for i, line in enumerate(lines) if begin.match(line)), len(lines))
    out = {}
    for line in lines[start + 1 :]:
        if re.match(r"\S|    (async )?def\b|    @", line):
            break
        field = _FIELD.match(line)
        if not field:
            continue
        tokens = _TOKEN.finditer(line)
        comment = next((t[0][1:].strip() for t in tokens if t.lastgroup == "comment"), "")
        if comment:
            out[field[1]] = comment
    return out


def _kind(annotation, empty):
    "A type as it is written in the source."
    if annotation is empty:
        return ""
    if isinstance(annotation, str):
        return annotation.strip("'\"")
    text = inspect.formatannotation(annotation).replace("NoneType", "None")
    return re.sub(rf"\b{PACKAGE}\.(\w+\.)*", "", text)


def entry(
    name: str,  # of a parameter, with its stars
    kind: str,  # its type, as it is written in the source; empty: none
    default: str | None,  # the source of its default; None: none
    comment: str,  # what it means
) -> str:
    "One parameter as numpydoc writes it."
    words = [kind, f"default {default}" if default and len(default) < 60 else ""]
    about = ", ".join(word for word in words if word)
    return "\n    ".join([f"{name} : {about}" if about else name, *([comment] if comment else [])])


def numpydoc(
    doc: str,  # a docstring without sections
    entries: list[str],  # the parameters, by `entry`
    kind: str = "",  # the type of what comes out
    comment: str = "",  # what comes out; empty: no section about it
) -> str:
    "A docstring with the sections Parameters and Returns."
    parts = [inspect.cleandoc(doc)] if doc else []
    if entries:
        parts.append("\n".join(["Parameters", "-" * 10, *entries]))
    if comment:
        parts.append(
            "\n".join(["Returns", "-" * 7, kind + "\n    " + comment if kind else comment])
        )
    return "\n\n".join(parts)


def _parameters(signature, comments):
    out = []
    for p in signature.parameters.values():
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = None if p.default is p.empty or repr(p.default)[0] == "<" else repr(p.default)
        if p.name not in ("self", "cls"):
            kind = _kind(p.annotation, p.empty)
            out.append(entry(stars + p.name, kind, default, comments.get(p.name, "")))
    return out


def _source(code):
    return linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]


def function_doc(
    function,  # defined by `def`
) -> str:  # its docstring, with what its comments say
    "The docstring of a function, with the sections Parameters and Returns where it has none."
    doc, inside = function.__doc__ or "", inspect.unwrap(function)
    if SECTION.search(doc) or not (lines := _source(inside.__code__)[:120]):
        return doc
    comments, signature = signature_comments(lines), inspect.signature(inside)
    entries = _parameters(signature, comments)
    back = _kind(signature.return_annotation, inspect.Signature.empty)
    return numpydoc(doc, entries, back, comments.get("return", ""))


def class_doc(
    cls: type,  # a class of the package
) -> str:  # its docstring, with what the comments say about its fields
    "The docstring of a class, with a section on what it is made from."
    doc = cls.__doc__ or ""
    lines = linecache.getlines(getattr(sys.modules.get(cls.__module__), "__file__", None) or "")
    own = vars(cls).get("__init__")
    if SECTION.search(doc) or not lines:
        return doc
    if hasattr(cls, "__dataclass_fields__") or hasattr(cls, "_fields"):
        comments, maker = field_comments(lines, cls.__name__), inspect.signature(cls)
    elif inspect.isfunction(own):
        comments, maker = signature_comments(_source(own.__code__)), inspect.signature(own)
    else:
        return doc
    return numpydoc(doc, _parameters(maker, comments))


def methods(
    cls: type,  # a class
) -> list:  # (name, function, what holds the docstring)
    "The public methods and properties that a class defines itself."
    out = []
    for name, value in vars(cls).items():
        inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
        if not name.startswith("_") and hasattr(inner, "__code__"):
            out.append((name, inner, value if isinstance(value, property) else inner))
    return out


def document(
    module,  # a loaded module
    names=(),  # what it offers besides its `__all__`
) -> None:
    "Complete the docstrings of what a module offers and this package defines."
    if sys.flags.optimize > 1:  # python -OO: no docstrings
        return
    for name in dict.fromkeys([*getattr(module, "__all__", ()), *names]):
        thing = getattr(module, name, None)
        if not str(getattr(thing, "__module__", "")).startswith(PACKAGE):
            continue
        if isinstance(thing, type):
            for _, function, holder in methods(thing):
                holder.__doc__ = function_doc(function)
            thing.__doc__ = class_doc(thing)
        elif callable(thing) and hasattr(inspect.unwrap(thing), "__code__"):
            thing.__doc__ = function_doc(thing)


class _Loader(SourceFileLoader):
    "Loads a module as Python does, then completes its docstrings."

    def __init__(self, fullname, path, names):
        super().__init__(fullname, path)
        self.names = names

    def exec_module(self, module):
        super().exec_module(module)
        document(module, self.names)


class _Finder:
    "Finds the modules of public names, to have them loaded by `_Loader`."

    def __init__(self, names):
        self.names = names

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and type(spec.loader) is SourceFileLoader:
            loader = _Loader(fullname, spec.loader.path, self.names[fullname])
            spec.loader = loader
        return spec


def watch(
    names: dict,  # public names by module of the package, such as "mlc_course.metrics"
) -> None:
    "From now on, complete the docstrings of these modules when they are imported."
    sys.meta_path.insert(0, _Finder(names))
