"Writes mlc_course/__init__.pyi: what editors and mypy know of the names that load lazily."

# Run it after a change to a public name, its signature or its comments:
#
#     python -m mlc_course.tools.stubs
#
# It reads sources only and imports no framework. A function stands in the stub with its types and a
# full docstring, made of the comments beside its parameters: that is what an editor with Pylance or
# pyright shows when the pointer rests on a name that came from `mlc_course`. A class is
# re-exported,
# so that it is one type whichever module it is imported from; for a class, for a method and for a
# name that was imported from a lesson's own module, such an editor shows the types and the
# docstring
# of the source. `help()`, Shift+Tab in a notebook and Sphinx show the comments of all of them.

import argparse
import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from mlc_course import docs

PACKAGE = Path(__file__).resolve().parents[1]
COMMAND = "python -m mlc_course.tools.stubs"
HEAD = f'"Made by `{COMMAND}` from the sources; not to be edited."\n'
BUILT_IN = set(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


@dataclass(frozen=True)
class Source:
    "One module, read but not imported."

    name: str  # dotted, below the package: "data.table"
    lines: list  # with their ends
    tree: ast.Module
    defined: dict  # name -> the node of its function or class
    imported: dict  # name -> (module, name in it or None): "numpy", ".data.table" for ours

    @classmethod
    def read(
        cls,
        name: str,  # dotted, below the package
        package: Path = PACKAGE,  # the folder of the package
    ) -> "Source":
        "The source of a module of the package."
        path = package.joinpath(*name.split("."))
        folder = path.is_dir()
        path = path / "__init__.py" if folder else path.with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        kinds = (ast.FunctionDef, ast.ClassDef)
        defined = {node.name: node for node in tree.body if isinstance(node, kinds)}
        parts = name.split(".") if folder else name.split(".")[:-1]
        return cls(name, text.splitlines(True), tree, defined, dict(_imports(tree.body, parts)))


def _imports(body, parts):
    "(name, (module, name in it)) of the imports at the top of a module, also in an `if` there."
    for node in body:
        if isinstance(node, ast.If):
            yield from _imports(node.body, parts)
        elif isinstance(node, ast.Import):
            for a in node.names:
                yield a.asname or a.name.split(".")[0], (a.name, None)
        elif isinstance(node, ast.ImportFrom):
            module, top = node.module or "", PACKAGE.name
            if node.level:
                above = parts[: len(parts) - node.level + 1]
                module = "." + ".".join([*above, *([module] if module else [])])
            elif module.split(".")[0] == top:
                module = "." + module[len(top) + 1 :]
            for a in node.names:
                yield a.asname or a.name, (module, a.name)


def lazy_map(
    package: Path = PACKAGE,  # the folder of the package
) -> tuple[list, dict]:  # names of modules; public names by module
    "What `mlc_course/__init__.py` loads lazily."
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in ("_MODULES", "_NAMES"):
                found[node.targets[0].id] = ast.literal_eval(node.value)
    return found["_MODULES"], found["_NAMES"]


class Stub:
    "Collects what the stub has to import for the types that it names."

    def __init__(
        self,
        package: Path = PACKAGE,  # the folder of the package
    ):
        self.package = package
        self.sources: dict[str, Source] = {}
        self.imports: dict[str, tuple] = {}  # local name -> (module, name in it)
        self.modules, self.names = lazy_map(package)

    def source(
        self,
        name: str,  # dotted, below the package
    ) -> Source:
        "A module, read once."
        if name not in self.sources:
            self.sources[name] = Source.read(name, self.package)
        return self.sources[name]

    def home(
        self,
        module: str,  # where the name can be imported from
        name: str,
    ) -> tuple[Source, str]:  # the module that defines it, and its name there
        "Follow imports within the package to the place of a definition."
        source = self.source(module)
        while name not in source.defined and name in source.imported:
            where, inner = source.imported[name]
            if not where.startswith(".") or inner is None:
                break
            source, name = self.source(where[1:]), inner
        return source, name

    def local(
        self,
        source: Source,  # where an annotation stands
        name: str,  # in that annotation
    ) -> str:  # the name that the stub has for it
        "See to it that the stub knows a type."
        if name in source.imported:
            origin = source.imported[name]
        elif name in source.defined or name not in BUILT_IN:
            origin = ("." + source.name, name)
        else:
            return name
        if origin[0].startswith(".") and origin[1]:
            home, inner = self.home(origin[0][1:], origin[1])
            known = home.imported.get(inner) if inner not in home.defined else None
            origin = known or ("." + home.name, inner)
        taken = [o for o, where in self.imports.items() if where == origin]
        if taken:
            return taken[0]
        while name in self.imports:
            name += "_"
        self.imports[name] = origin
        return name

    def kind(
        self,
        source: Source,
        annotation,  # an expression, or None
    ) -> str:  # "" for None
        "An annotation as the stub writes it."
        if annotation is None:
            return ""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        annotation = ast.parse(ast.unparse(annotation), mode="eval").body
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name):
                node.id = self.local(source, node.id)
        return ast.unparse(annotation)


def parameters(
    node: ast.FunctionDef,
) -> list[tuple]:  # (stars, ast.arg or None for a bare star, default or None)
    "The parameters of a function in the order of its signature."
    a = node.args
    plain = [*a.posonlyargs, *a.args]
    defaults = [None] * (len(plain) - len(a.defaults)) + list(a.defaults)
    out: list[tuple] = [("", p, d) for p, d in zip(plain, defaults)]
    if a.vararg or a.kwonlyargs:
        out.append(("*", a.vararg, None))
    out += [("", p, d) for p, d in zip(a.kwonlyargs, a.kw_defaults)]
    return out + ([("**", a.kwarg, None)] if a.kwarg else [])


def function_stub(
    stub: Stub,
    source: Source,  # the module that defines it
    node: ast.FunctionDef,
    name: str,  # under which it is public
) -> str:  # several lines
    "A function as the stub writes it: types, and a docstring made of its comments."
    comments = docs.signature_comments(source.lines[node.lineno - 1 :][:120])
    heads, entries = [], []
    for stars, p, default in parameters(node):
        if p is None:
            heads.append("*")
            continue
        kind, shown = stub.kind(source, p.annotation), default and ast.unparse(default)
        short = shown if isinstance(default, ast.Constant) else "..."
        head = stars + p.arg + (f": {kind}" if kind else "")
        heads.append(head + (f" = {short}" if default else ""))
        entries.append(docs.entry(stars + p.arg, kind, shown, comments.get(p.arg, "")))
    back, doc = stub.kind(source, node.returns), ast.get_docstring(node) or ""
    if any("contextmanager" in ast.unparse(o) for o in node.decorator_list):
        stub.imports["AbstractContextManager"] = ("contextlib", "AbstractContextManager")
        back = back.replace("Iterator[", "AbstractContextManager[")
    full = docs.numpydoc(doc, entries, back, comments.get("return", ""))
    inside = full.replace("\\", "\\\\").replace('"""', r"\"\"\"").replace("\n", "\n    ")
    body = "\n".join(line.rstrip() for line in f'    """{inside}\n    """'.split("\n"))
    args = "".join(f"    {head},\n" for head in heads)
    arrow = f" -> {back}" if back else ""
    return f"def {name}(\n{args}){arrow}:\n{body}\n" if heads else f"def {name}(){arrow}:\n{body}\n"


def _import(name, module, inner):
    "A line that makes a type known, and doesn't offer it to others."
    line = f"from {module} import {inner}" if inner else f"import {module}"
    return line if name == (inner or module) else f"{line} as {name}"


def stub_text(
    package: Path = PACKAGE,  # the folder of the package
) -> str:  # Python
    "The text of `__init__.pyi`."
    stub = Stub(package)
    functions, exports = [], [f"from . import {name} as {name}" for name in stub.modules]
    for module, names in stub.names.items():
        for name in names:
            source, inner = stub.home(module, name)
            node = source.defined.get(inner)
            if isinstance(node, ast.FunctionDef):
                functions.append((source, node, name))
            else:
                exports.append(f"from .{module} import {name} as {name}")
                stub.imports[name] = ("." + source.name, inner)
    public = set(stub.imports)
    bodies = [function_stub(stub, *found) for found in functions]
    types = [_import(name, *origin) for name, origin in stub.imports.items() if name not in public]
    everything = sorted({"__version__", *stub.modules, *sum(stub.names.values(), [])})
    offered = "__all__ = [\n" + "".join(f'    "{name}",\n' for name in everything) + "]\n"
    top = "\n".join(sorted(types) + sorted(exports))
    return "\n".join([HEAD, top, "\n__version__: str", offered, *bodies])


def main(argv=None):
    "Write the stub, or compare it."
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write mlc_course/__init__.pyi.")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    check = parser.parse_args(argv).check
    path, text = PACKAGE / "__init__.pyi", stub_text()
    if check:
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} isn't what the sources say. Run: {COMMAND}")
        return
    path.write_text(text, encoding="utf-8", newline="\n")
    (PACKAGE / "py.typed").touch()
    print(f"{path.name}: {text.count(chr(10))} lines")


if __name__ == "__main__":
    main()
