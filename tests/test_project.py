"The project itself: set-up, settings, notebooks, imports between modules."

import ast
import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mlc_course.settings import Profile, profiles
from mlc_course.tools import bootstrap
from mlc_course.tools.lock import requirements

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LESSONS = sorted((ROOT / "nbs").glob("[0-9][0-9]_*.ipynb"))
NOTEBOOKS = sorted(
    p for p in (ROOT / "nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts
)
FRAMEWORKS = {"torch", "torchvision", "fastai", "tensorflow", "keras"}
MAY_IMPORT = {  # which modules may load which framework as they are imported
    "datablocks": {"torch", "torchvision", "fastai"},
    "losses": {"torch"},
    "train_fastai": {"torch", "torchvision", "fastai"},
    "multi_output": {"torch"},
    "compare": {"torch"},
    "backbones": {"torch"},
    "backbones_torch": {"torch"},
    "train_torch": {"torch", "torchvision"},
    "train_tf": {"tensorflow", "keras"},
    "losses_tf": {"tensorflow", "keras"},
}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")


def exported():
    "{module: (lesson number, stem)} of every lesson that exports one."
    out = {}
    for p in LESSONS:
        for c in read(p)["cells"]:
            m = re.search(r"^#\|\s*default_exp\s+(\S+)", source(c), re.M)
            if m:
                out[m[1]] = (int(p.stem[:2]), p.stem)
    return out


# ---- set-up files ------------------------------------------------------------------------------
def test_environment_is_in_step_with_pyproject():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    python = re.search(r"- python\s*(.+)", text)[1].strip()
    assert python == PYPROJECT["project"]["requires-python"]
    assert bootstrap.EXTRAS == "all,test" and set(bootstrap.EXTRAS.split(",")) <= set(
        PYPROJECT["project"]["optional-dependencies"]
    )
    assert (
        "- --require-hashes" in text
        and f"- -r {bootstrap.LOCK}" in text
        and "pip install --no-deps --no-build-isolation -e ." in text
    )
    assert f"name: {PYPROJECT['project']['name']}" in text


def test_bootstrap_is_in_step_with_pyproject():
    low, high = re.fullmatch(
        r">=3\.(\d+),<3\.(\d+)", PYPROJECT["project"]["requires-python"]
    ).groups()
    assert bootstrap.OLDEST == (3, int(low)) and bootstrap.NEWEST == (3, int(high) - 1)
    classifiers = " ".join(PYPROJECT["project"]["classifiers"])
    for minor in range(int(low), int(high)):
        assert f"Python :: 3.{minor}" in classifiers


def test_constraints_name_every_dependency_exactly():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.!+]+", line) for line in lines), [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.!+]+", line)
    ]
    names = [name_of(line) for line in lines]
    assert len(names) == len(set(names))
    assert {name_of(r) for r in requirements(PYPROJECT, bootstrap.EXTRAS.split(","))} <= set(names)


def test_constraints_satisfy_pyproject():
    from packaging.requirements import Requirement
    from packaging.version import Version

    pinned = {
        name_of(line): line.split("==")[1]
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and line[0] != "#"
    }
    for text in requirements(PYPROJECT, bootstrap.EXTRAS.split(",")):
        r = Requirement(text)
        assert r.specifier.contains(Version(pinned[name_of(text)]), prereleases=True), (
            f"{text}: {pinned[name_of(text)]}"
        )


def test_settings_profiles_load_and_every_field_is_explained():
    found = profiles(ROOT / "settings.ini")
    assert {"smoke", "laptop", "gpu"} <= set(found)
    text = (ROOT / "settings.ini").read_text(encoding="utf-8")
    for field in Profile.__dataclass_fields__:
        if field != "name":
            assert re.search(rf"^#\s+{field}\s+\S", text, re.M), (
                f"settings.ini doesn't explain {field}"
            )
    ini = configparser.ConfigParser(inline_comment_prefixes=("#",))
    ini.read(ROOT / "settings.ini", encoding="utf-8")
    assert ini["mlc_course"]["profile"] in found and ini["mlc_course"]["test_profile"] == "smoke"


def test_scripts_and_makefile():
    assert PYPROJECT["project"]["scripts"]["mlc"] == "mlc_course.tools.cli:main"
    assert "nbdev_test" in PYPROJECT["project"]["scripts"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("course", "test", "lab", "clean"):
        assert re.search(rf"^{target}:", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


# ---- bootstrap ---------------------------------------------------------------------------------
def test_bootstrap_keeps_to_old_syntax_and_the_standard_library():
    tree = ast.parse(
        (ROOT / "mlc_course/tools/bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 6)
    )
    names = {
        n.split(".")[0]
        for node in ast.walk(tree)
        for n in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "version, fine",
    [
        ((3, 10, 9), False),
        ((3, 11, 0), True),
        ((3, 13, 2), True),
        ((3, 14, 0), False),
        ((2, 7, 18), False),
    ],
)
def test_check_python(version, fine):
    if fine:
        return bootstrap.check_python(version, "/usr/bin/python3")
    with pytest.raises(bootstrap.SetupError, match=r"make PYTHON=python3\.12 course") as e:
        bootstrap.check_python(version, "/usr/bin/python3")
    assert ".".join(map(str, version)) in str(e.value) and "/usr/bin/python3" in str(e.value)


def test_check_disk(monkeypatch, tmp_path):
    import collections

    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda p: usage(100e9, 96.6e9, 3.4e9))
    with pytest.raises(bootstrap.SetupError, match=r"has 3\.4 GB free.*about 10 GB"):
        bootstrap.check_disk(tmp_path)
    monkeypatch.setenv("MLC_MIN_FREE_GB", "3")
    bootstrap.check_disk(tmp_path)
    monkeypatch.setenv("MLC_MIN_FREE_GB", "plenty")
    with pytest.raises(bootstrap.SetupError, match="plenty"):
        bootstrap.check_disk(tmp_path)


def test_check_venv_module(monkeypatch):
    bootstrap.check_venv_module()
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda *a, **k: 1)
    with pytest.raises(bootstrap.SetupError, match=r"apt install python3\.\d+-venv"):
        bootstrap.check_venv_module()


@pytest.fixture
def project(tmp_path, monkeypatch):
    "A project whose environment is this Python and whose pip does nothing."
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("a")
    (root / bootstrap.LOCK).write_text("b")
    venv = root / ".venv"
    calls = []

    def call(command, **kwargs):
        command = [str(c) for c in command]
        calls.append(command)
        if command[1:3] == ["-m", "venv"]:
            python = bootstrap.venv_python(venv)
            python.parent.mkdir(parents=True)
            python.write_text("")
        if command[0] == project.uv:
            return project.uv_fails
        return project.fail if "install" in command else project.misfit if "check" in command else 0

    class project:
        fail = misfit = uv_fails = 0

    project.uv = "/somewhere/uv"
    project.root, project.venv, project.calls = root, venv, calls
    project.installs = lambda: sum("--require-hashes" in c for c in calls)
    project.builds = lambda: sum(c[1:3] == ["-m", "venv"] for c in calls)
    project.version = tuple(sys.version_info[:2])
    monkeypatch.setattr(bootstrap.subprocess, "call", call)
    monkeypatch.setattr(
        bootstrap, "python_version_of", lambda p: project.version if Path(p).exists() else None
    )
    monkeypatch.setenv("MLC_MIN_FREE_GB", "0")
    monkeypatch.setenv("MLC_INSTALLER", "pip")
    return project


@pytest.fixture
def uv_project(project, monkeypatch):
    "The same on a machine with uv."
    monkeypatch.delenv("MLC_INSTALLER")
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name, path=None: project.uv)
    return project


def test_uv_installs_where_it_is_and_compares_the_same_hashes(uv_project):
    bootstrap.ensure(uv_project.root)
    by_uv = [c for c in uv_project.calls if c[0] == uv_project.uv]
    assert [c[1:3] for c in by_uv] == [["pip", "install"], ["pip", "install"], ["pip", "check"]]
    assert {"--require-hashes", "-r", bootstrap.LOCK} <= set(by_uv[0]) and {
        "--no-deps",
        "--no-build-isolation",
        "-e",
    } <= set(by_uv[1])
    python = str(bootstrap.venv_python(uv_project.venv))
    assert all(c[c.index("--python") + 1] == python for c in by_uv)
    assert not any(c[1:3] == ["-m", "pip"] for c in uv_project.calls)
    assert bootstrap.state_of(uv_project.root, uv_project.venv)[0] == "ready"


def test_where_uv_fails_pip_tries(uv_project, capsys):
    uv_project.uv_fails = 2
    bootstrap.ensure(uv_project.root)
    assert "Trying with pip" in capsys.readouterr().out
    assert any(
        c[1:4] == ["-m", "pip", "install"] and "--require-hashes" in c for c in uv_project.calls
    )
    assert bootstrap.state_of(uv_project.root, uv_project.venv)[0] == "ready"


def test_where_both_fail_nothing_is_taken_for_ready(uv_project):
    uv_project.uv_fails = uv_project.fail = 1
    with pytest.raises(bootstrap.SetupError, match="did not finish"):
        bootstrap.ensure(uv_project.root)
    assert not (uv_project.venv / bootstrap.STAMP).exists()


def test_the_installer_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("MLC_INSTALLER", "uv")
    with pytest.raises(bootstrap.SetupError, match="no such program"):
        bootstrap.find_uv(tmp_path)
    monkeypatch.setenv("MLC_INSTALLER", "conda")
    with pytest.raises(bootstrap.SetupError, match="'conda'; it must be uv or pip"):
        bootstrap.find_uv(tmp_path)
    for choice in ("", "pip"):
        monkeypatch.setenv("MLC_INSTALLER", choice)
        assert bootstrap.find_uv(tmp_path) is None


@pytest.mark.skipif(os.name == "nt", reason="programs have no such names on Windows")
def test_a_uv_inside_the_environment_is_not_used_since_that_may_be_removed(tmp_path, monkeypatch):
    inside, outside = bootstrap.venv_python(tmp_path / ".venv").parent, tmp_path / "bin"
    for folder in (inside, outside):
        folder.mkdir(parents=True)
        (folder / "uv").write_text("#!/bin/sh\n")
        (folder / "uv").chmod(0o755)
    monkeypatch.delenv("MLC_INSTALLER", raising=False)
    monkeypatch.setenv("PATH", str(inside))
    assert bootstrap.find_uv(tmp_path / ".venv") is None
    monkeypatch.setenv("PATH", f"{inside}{os.pathsep}{outside}")
    assert bootstrap.find_uv(tmp_path / ".venv") == str(outside / "uv")


def test_what_make_starts_has_threads_that_sleep_while_they_wait(tmp_path, monkeypatch):
    from mlc_course import machine

    assert (bootstrap.THREADS, bootstrap.THREADS_TOO) == (machine.THREADS, machine.THREADS_TOO)
    names = [*machine.THREADS, *machine.THREADS_TOO]
    show = [
        sys.executable,
        "-c",
        f"import os, json; print(json.dumps({{n: os.environ[n] for n in {names} if n in "
        f"os.environ}}), file=open('said', 'w'))",
    ]

    def said():
        assert bootstrap.call(show, tmp_path) == 0
        return json.loads((tmp_path / "said").read_text())

    for n in names:
        monkeypatch.delenv(n, raising=False)
    assert said() == machine.THREADS
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    assert said() == {"GOMP_SPINCOUNT": "1000"}


def test_environment_is_installed_once_and_again_when_its_files_change(project):
    for _ in range(3):
        assert bootstrap.ensure(project.root) == bootstrap.venv_python(project.venv)
    assert (project.builds(), project.installs()) == (1, 1)
    for name in ("pyproject.toml", bootstrap.LOCK):
        (project.root / name).write_text("changed")
        bootstrap.ensure(project.root)
        bootstrap.ensure(project.root)
    assert (project.builds(), project.installs()) == (1, 3)


def test_files_are_compared_with_their_hashes_and_nothing_else_is_fetched(project):
    bootstrap.ensure(project.root)
    first, second, third = project.calls[-3:]
    assert {"--require-hashes", "-r", bootstrap.LOCK} <= set(first)
    assert {"--no-deps", "--no-build-isolation", "-e"} <= set(second) and third[-1] == "check"


def test_packages_that_do_not_fit_together_are_named(project):
    project.misfit = 1
    with pytest.raises(bootstrap.SetupError, match="don't fit together.*mlc_course.tools.lock"):
        bootstrap.ensure(project.root)
    assert not (project.venv / bootstrap.STAMP).exists()


def test_without_the_lock_file_nothing_is_installed(project):
    (project.root / bootstrap.LOCK).unlink()
    with pytest.raises(bootstrap.SetupError, match="git checkout requirements.lock"):
        bootstrap.ensure(project.root)
    assert not project.installs()


def test_an_unfinished_installation_is_not_taken_for_a_whole_one(project):
    project.fail = 1
    for _ in range(2):
        with pytest.raises(bootstrap.SetupError, match="did not finish"):
            bootstrap.ensure(project.root)
    assert not (project.venv / bootstrap.STAMP).exists()
    project.fail = 0
    bootstrap.ensure(project.root)
    (project.root / "pyproject.toml").write_text("changed")
    project.fail = 1
    with pytest.raises(bootstrap.SetupError):
        bootstrap.ensure(project.root)
    assert bootstrap.state_of(project.root, project.venv)[0] == "install"  # the old stamp is gone
    assert project.builds() == 1


def test_a_moved_or_broken_or_other_environment_is_built_anew(project):
    bootstrap.ensure(project.root)
    state = lambda *a: bootstrap.state_of(project.root, project.venv, *a)[0]
    assert state() == "ready" and state((3, 1)) == "build"
    stamp = project.venv / bootstrap.STAMP
    stamp.write_text(json.dumps(dict(json.loads(stamp.read_text()), folder="/elsewhere/.venv")))
    assert state() == "build"
    bootstrap.ensure(project.root)
    assert state() == "ready" and project.builds() == 2
    project.version = (3, 9)
    assert state() == "build"
    project.version = tuple(sys.version_info[:2])
    bootstrap.venv_python(project.venv).unlink()
    assert state() == "build"
    bootstrap.ensure(project.root)
    stamp.write_text("{half")
    assert state() == "install"


def test_an_active_environment_is_not_pulled_from_under_the_reader(project, monkeypatch):
    bootstrap.ensure(project.root)
    monkeypatch.setattr(bootstrap.sys, "prefix", str(project.venv))
    project.version = (3, 9)
    with pytest.raises(bootstrap.SetupError, match="deactivate"):
        bootstrap.ensure(project.root)
    with pytest.raises(bootstrap.SetupError, match="deactivate"):
        bootstrap.clean(project.root)
    assert project.venv.exists()


def test_clean_removes_only_what_was_made(project, capsys):
    bootstrap.ensure(project.root)
    for name in ("_runs/laptop", "mlc_course/__pycache__", "tests", "nbs/.ipynb_checkpoints"):
        (project.root / name).mkdir(parents=True)
    (project.root / "mlc_course" / "mine.py").write_text("1")
    bootstrap.clean(project.root)
    assert sorted(
        p.relative_to(project.root).as_posix() for p in project.root.rglob("*") if p.is_file()
    ) == ["mlc_course/mine.py", "pyproject.toml", "requirements.lock"]
    assert (
        not project.venv.exists()
        and not (project.root / "_runs").exists()
        and not (project.root / "mlc_course" / "__pycache__").exists()
    )


def test_workers_suit_cores_and_memory(monkeypatch):
    monkeypatch.delenv("MLC_TEST_WORKERS", raising=False)
    assert [bootstrap.test_workers(*x) for x in ((2, 24), (16, 64), (8, 6), (1, 64))] == [
        2,
        4,
        1,
        1,
    ]
    monkeypatch.setenv("MLC_TEST_WORKERS", "3")
    assert bootstrap.test_workers(1, 1) == 3


def test_every_part_of_make_test_runs_even_after_a_failure(project, monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(
        bootstrap,
        "call",
        lambda command, root, **env: ran.append(([str(c) for c in command], env)) or 1,
    )
    monkeypatch.setattr(bootstrap, "check_generated", lambda *a: ran.append("generated") or 0)
    assert bootstrap.run_tests(project.root, Path("/x/bin/python")) == 2
    text = capsys.readouterr().out
    assert (
        len(ran) == 3
        and "nbdev_test" in ran[0][0][2]
        and ran[0][1]["MLC_PROFILE"] == "smoke"
        and "pytest" in ran[2][0]
    )
    assert len(re.findall(r"^FAILED .*", text, re.M)) == 2 and re.search(
        r"^ok .*leave no change", text, re.M
    )


def test_snapshot_tells_what_changed(tmp_path):
    for name in (
        "nbs/a.ipynb",
        "mlc_course/b.py",
        "mlc_course/__pycache__/c.py",
        "nbs/.ipynb_checkpoints/d.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1\n")
    before = bootstrap.snapshot(tmp_path)
    assert set(before) == {"nbs/a.ipynb", "mlc_course/b.py"}
    (tmp_path / "nbs/a.ipynb").write_bytes(b"1\r\n")  # only the line ends of another system
    assert bootstrap.changed(before, bootstrap.snapshot(tmp_path)) == []
    (tmp_path / "nbs/a.ipynb").write_bytes(b"2\n")
    (tmp_path / "mlc_course/new.py").write_bytes(b"")
    assert bootstrap.changed(before, bootstrap.snapshot(tmp_path)) == [
        "mlc_course/new.py",
        "nbs/a.ipynb",
    ]


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_says_when_there_is_no_python(tmp_path):
    done = subprocess.run(
        ["make", "-C", str(ROOT), "PYTHON=python3.99", "course"], capture_output=True, text=True
    )
    assert done.returncode != 0 and "There is no program called python3.99" in done.stderr


# what `make test PYTHON=python3.13` hands on to a make below it
OF_MAKE = ("PYTHON", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_hands_on_lessons_and_profile():
    show = lambda *a: (
        subprocess.run(
            ["make", "-C", str(ROOT), "-n", *a],
            capture_output=True,
            text=True,
            env={k: v for k, v in os.environ.items() if k not in OF_MAKE},
        ).stdout
    )
    assert re.search(r'"python3" mlc_course/tools/bootstrap\.py\s+course', show("course"))
    assert re.search(
        r"bootstrap\.py --chosen course --profile smoke 04 05",
        show("PYTHON=python3.12", "LESSONS=04 05", "PROFILE=smoke", "course"),
    )


# ---- notebooks ---------------------------------------------------------------------------------
def test_stems_are_unique_without_their_numbers():
    stems = [p.stem[3:] for p in LESSONS]
    assert len(stems) == len(set(stems)) and len(LESSONS) >= 10


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_small_clean_and_was_run(path):
    assert path.stat().st_size < 1e6, f"{path.stat().st_size / 1e6:.2f} MB"
    nb = read(path)
    code = [c for c in nb["cells"] if c["cell_type"] == "code"]
    for c in code:
        for o in c["outputs"]:
            assert o["output_type"] != "error", source(c)
            text = json.dumps(o)
            assert not re.search(r"/root/|/home/[a-z]|/Users/|[A-Z]:\\\\\\\\Users", text), (
                f"a path of this machine in the output of:\n{source(c)}"
            )
    assert any(c["outputs"] for c in code), "no outputs: run it in the laptop profile and keep them"
    assert not nb["metadata"].keys() - {"kernelspec", "language_info", "jupytext", "nbdev"}
    ids = [c["id"] for c in nb["cells"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_lesson_has_title_promise_and_links_that_exist(path):
    nb = read(path)
    text = "\n\n".join(source(c) for c in nb["cells"] if c["cell_type"] == "markdown")
    assert text.startswith("# ") and re.search(r"^> \S", text, re.M), (
        "no title, or no line that says what you will be able to do"
    )
    for target in re.findall(r"\]\(([^)#:]+?\.ipynb)(?:#[^)]*)?\)", text):
        assert (path.parent / target).is_file(), f"links to {target}"


# ---- imports between modules -------------------------------------------------------------------
def modules_imported(path):
    "(lesson modules imported, top-level packages imported at module level) of a module file."
    ours, packages = set(), set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_import = [n for n in tree.body]
    for node in ast.walk(tree):
        names = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
        if isinstance(node, ast.ImportFrom) and (node.level or node.module == "mlc_course"):
            names = [
                f"mlc_course.{node.module}"
                if node.level and node.module
                else f"mlc_course.{a.name}"
                for a in node.names
            ]
        ours |= {n.split(".")[1] for n in names if n.startswith("mlc_course.")}
        if node in at_import:
            packages |= {n.split(".")[0] for n in names}
    return ours, packages


MODULES = exported()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_imports_only_earlier_lessons(module):
    ours, _ = modules_imported(ROOT / "mlc_course" / f"{module}.py")
    number, stem = MODULES[module]
    assert "tools" not in ours, "no lesson module imports tools"
    for other in ours & set(MODULES):
        n, other_stem = MODULES[other]
        assert n >= 87 or (n, other_stem) < (number, stem), (
            f"{module} (lesson {stem}) imports {other} (lesson {other_stem})"
        )


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_names_no_framework_that_it_does_not_teach(module):
    _, packages = modules_imported(ROOT / "mlc_course" / f"{module}.py")
    assert packages & FRAMEWORKS <= MAY_IMPORT.get(module, set())


@pytest.mark.parametrize(
    "module",
    sorted(MODULES)
    + [
        "tools.cli",
        "tools.bench",
        "tools.bench.predict",
        "tools.predict",
        "tools.demo",
        "tools.checks",
        "tools.runner",
        "tools.report",
        "tools.doctor",
        "tools.bootstrap",
    ],
)
def test_module_loads_no_framework_that_it_does_not_teach(module):
    may = MAY_IMPORT.get(module, set())
    if may == FRAMEWORKS - {"tensorflow", "keras"}:
        pytest.skip("loads the PyTorch side on purpose")
    code = (
        f"import sys, mlc_course.{module}; print('LOADED', *(m for m in "
        f"{sorted(FRAMEWORKS - may)!r} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split("LOADED")[1].split())
    if "torch" in may or "tensorflow" in may:
        loaded -= {"torchvision", "torch", "keras"} if "tensorflow" in may else {"torchvision"}
    assert not loaded, f"mlc_course.{module} loads {', '.join(sorted(loaded))}"
