"The lock file: whole, in step with what is asked for and installed, and obeyed by pip."

import hashlib
import importlib.metadata as meta
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

from mlc_course.tools import bootstrap
from mlc_course.tools.lock import ONLY_WHERE, normal, pins, read_lock, requirements

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / bootstrap.LOCK).read_text(encoding="utf-8")
LOCK = read_lock(TEXT)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MACHINES = [
    dict(sys_platform=s, platform_system=n, os_name=o, platform_machine=m)
    for s, n, o, m in (
        ("linux", "Linux", "posix", "x86_64"),
        ("linux", "Linux", "posix", "aarch64"),
        ("darwin", "Darwin", "posix", "arm64"),
        ("win32", "Windows", "nt", "AMD64"),
    )
]


def environments():
    "Every system and Python that the course promises."
    for minor in range(bootstrap.OLDEST[1], bootstrap.NEWEST[1] + 1):
        for machine in MACHINES:
            yield {**machine, "python_version": f"3.{minor}", "python_full_version": f"3.{minor}.9"}


def asked_for():
    return [
        *requirements(PYPROJECT, bootstrap.EXTRAS.split(",")),
        *PYPROJECT["build-system"]["requires"],
    ]


@pytest.mark.parametrize(
    "env",
    environments(),
    ids=lambda e: f"{e['sys_platform']}-{e['platform_machine']}-{e['python_version']}",
)
def test_one_version_of_everything_asked_for_on_every_system(env):
    here = {}
    for e in LOCK:
        if e.marker and not Marker(e.marker).evaluate(env):
            continue
        assert e.name not in here, f"{e.name} twice"
        here[e.name] = e.version
    for text in asked_for():
        r = Requirement(text)
        assert r.specifier.contains(Version(here[normal(r.name)]), prereleases=True), text


def test_versions_are_those_of_the_constraints():
    versions = {}
    for e in LOCK:
        versions.setdefault(e.name, set()).add(e.version)
    for name, version in pins(ROOT).items():
        assert version in versions[name]
        assert versions[name] == {version} or name in ONLY_WHERE


def test_whatever_an_installed_package_asks_for_is_locked():
    "Walk through the requirements of what is installed here, as pip does."
    locked, seen, todo = (
        {e.name for e in LOCK},
        set(),
        [(normal(Requirement(r).name), frozenset(Requirement(r).extras)) for r in asked_for()],
    )
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        assert name in locked, name
        try:
            needs = meta.requires(name) or []
        except meta.PackageNotFoundError:
            continue  # not asked for on this system
        for text in needs:
            r = Requirement(text)
            if r.marker is None or any(r.marker.evaluate({"extra": x}) for x in ("", *extras)):
                todo.append((normal(r.name), frozenset(r.extras)))
    assert len(seen) > 150


def test_it_names_no_place_to_fetch_from():
    assert not re.search(r"https?:|--(extra-)?index|--find-links|--trusted", TEXT)
    assert all(e.hashes for e in LOCK)


@pytest.mark.parametrize(
    "line",
    [
        "six==1.17.0",
        "six>=1 --hash=sha256:" + "0" * 64,
        "--index-url x",
        "six==1.17.0 --hash=sha256:" + "0" * 63,
    ],
)
def test_a_line_without_version_and_hash_is_refused(line):
    with pytest.raises(ValueError, match="isn't a version with its hashes"):
        read_lock("# fine\n" + line + "\n")


def test_entries_are_read_with_marker_and_hashes():
    a, b = "a" * 64, "b" * 64
    one, two = read_lock(
        f"# note\nSome_Name==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{a} \\\n    --hash=sha256:{b}\nx==2 \\\n    --hash=sha256:{b}\n"
    )
    assert (one.name, one.version, one.marker, one.hashes) == (
        "some-name",
        "1.0",
        "sys_platform == 'linux'",
        (a, b),
    )
    assert (two.name, two.marker, two.hashes) == ("x", "", (b,))


def wheel(folder, body="x = 1\n"):
    "A package of one module, as a wheel."
    path = folder / "lockprobe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("lockprobe.py", body)
        z.writestr(
            "lockprobe-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: lockprobe\nVersion: 1.0\n",
        )
        z.writestr(
            "lockprobe-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        z.writestr("lockprobe-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("honest", [True, False])
def test_pip_refuses_a_file_with_another_hash(tmp_path, honest):
    digest = wheel(tmp_path)
    if not honest:
        wheel(tmp_path, "x = 2\n")  # exchanged on the way
    (tmp_path / "lock").write_text(f"lockprobe==1.0 \\\n    --hash=sha256:{digest}\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "download",
        "--no-index",
        "--find-links",
        str(tmp_path),
        "--require-hashes",
        "-r",
        str(tmp_path / "lock"),
        "-d",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == honest, done.stderr
    if not honest:
        assert "HASHES" in done.stderr
