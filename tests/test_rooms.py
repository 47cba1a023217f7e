"The rooms of the package: imports run one way, in no circle, and take public names only."

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mlc_course"


def modules(root=ROOT):
    "{dotted name: file} of the package."
    out = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return out


def imports(name, path):
    "(module, imported name or None) for every import of the package in a file, wherever it stands."
    here = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((a.name, None) for a in node.names if a.name.split(".")[0] == PACKAGE)
        if isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            if module.split(".")[0] == PACKAGE:
                yield from ((module, a.name) for a in node.names)


def graph(root=ROOT):
    "{module: modules it imports}, and (module, module, name) of every name that is taken."
    known, arrows, taken = modules(root), defaultdict(set), []
    for name, path in known.items():
        for module, what in imports(name, path):
            inside = f"{module}.{what}"
            target = inside if inside in known else module
            if target in known and target != name:
                arrows[name].add(target)
            if what and inside not in known:
                taken.append((name, module, what))
    return arrows, taken


def private(taken):
    "The names among `taken` that begin with one underscore."
    return {t for t in taken if t[2].startswith("_") and not t[2].startswith("__")}


def circles(arrows):
    "Groups of modules that can reach each other (Tarjan, 1972)."
    number, low, stack, found = {}, {}, [], []

    def visit(v):
        number[v] = low[v] = len(number)
        stack.append(v)
        for w in arrows.get(v, ()):
            if w not in number:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], number[w])
        if low[v] == number[v]:
            group = stack[stack.index(v) :]
            del stack[stack.index(v) :]
            if len(group) > 1:
                found.append(sorted(group))

    for v in list(arrows):
        if v not in number:
            visit(v)
    return found


@pytest.fixture(scope="module")
def drawn():
    return graph()


def test_no_module_takes_a_private_name_of_another(drawn):
    odd = private(drawn[1])
    told = [f"{a} takes {name} from {b}: make it public, or move it" for a, b, name in sorted(odd)]
    assert not told, "\n".join(told)


def test_no_circle_of_imports(drawn):
    odd = [" <-> ".join(group) for group in circles(drawn[0])]
    assert not odd, "These modules import each other:\n" + "\n".join(odd)


def test_nothing_outside_the_tools_imports_them(drawn):
    odd = [
        f"{a} imports {b}"
        for a, targets in sorted(drawn[0].items())
        for b in sorted(targets)
        if b.startswith(f"{PACKAGE}.tools") and not a.startswith(f"{PACKAGE}.tools")
    ]
    assert not odd, "\n".join(odd)


# what a room of the engine may import of its neighbours; flat modules are lower lessons
MAY = {
    "data": {"data", "postcards"},
    "postcards": {"postcards", "data"},
    "scores": {"scores", "data"},
    "nets": {"nets", "data", "postcards", "training"},
    "training": {
        "training",
        "data",
        "scores",
        "nets",
        "ship",
        "postcards",
    },  # ship finds a network's head
    "shards": {"shards", "data"},
    "ship": {"ship", "training", "data", "scores", "nets"},
}


@pytest.mark.parametrize("room", sorted(MAY))
def test_rooms_of_the_engine_import_only_what_lies_below(drawn, room):
    start = f"{PACKAGE}.{room}."
    rooms = {f"{PACKAGE}.{o}" for o in MAY}
    odd = []
    for a, targets in drawn[0].items():
        if a.startswith(start) or a == start[:-1]:
            for b in targets:
                home = ".".join(b.split(".")[:2])
                if home in rooms and home.split(".")[1] not in MAY[room]:
                    odd.append(f"{a} imports {b}")
    assert not odd, "\n".join(sorted(odd))


def test_the_reader_of_imports_sees_what_it_should(tmp_path):
    room = tmp_path / PACKAGE / "room"
    room.mkdir(parents=True)
    (tmp_path / PACKAGE / "__init__.py").write_text("")
    (room / "__init__.py").write_text("from .a import f\n")
    (room / "a.py").write_text("def f():\n    from ..low import _hidden, shown\n")
    (tmp_path / PACKAGE / "low.py").write_text("import mlc_course.room.a\n")
    arrows, taken = graph(tmp_path)
    assert private(taken) == {("mlc_course.room.a", "mlc_course.low", "_hidden")}
    assert circles(arrows) == [["mlc_course.low", "mlc_course.room.a"]]


# ---- sizes -------------------------------------------------------------------------------------
# plain files of the engine that are still longer than 300 lines; this list only shrinks
LONG = {
    "tools/bootstrap.py",  # one file, for it runs before anything is installed
}


def test_plain_files_stay_short():
    long = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = path.relative_to(ROOT / PACKAGE).as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        generated = any(line.startswith("# AUTOGENERATED") for line in lines[:5])
        if len(lines) > 300 and not generated and name != "_modidx.py" and name not in LONG:
            long[name] = len(lines)
    assert not long, f"These files have more than 300 lines: {long}. Split them by what they do."
