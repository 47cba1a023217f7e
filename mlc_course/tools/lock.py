"Writes requirements.lock: every package of the environment, with the hashes of its files."

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from mlc_course.tools import bootstrap

HEAD = (
    "# Every package that `make` installs, with the SHA-256 of its files; pip refuses others.\n"
    "# The versions are those of constraints.txt; Linux, macOS and Windows, Python 3.11 to 3.13.\n"
    "# Made anew, after `bootstrap.py freeze`, by: python -m mlc_course.tools.lock\n"
)
# a version of constraints.txt that some of our Pythons can't install: where it holds
ONLY_WHERE = {"soupsieve": "python_full_version >= '3.11.5'"}
ENTRY = re.compile(
    r"([A-Za-z0-9][\w.-]*)==([\w.!+]+)\s*"  # name and version
    r"(?:;\s*([^\\]+?))?"  # marker
    r"((?:\s+--hash=sha256:[0-9a-f]{64})+)\s*"
)


@dataclass(frozen=True)
class Locked:
    "One entry of requirements.lock."

    name: str  # normalised: lower case, hyphens
    version: str
    marker: str  # where it is installed, as PEP 508 writes it; empty: everywhere
    hashes: tuple  # SHA-256, 64 hexadecimal digits each


def normal(
    name: str,  # of a package, in any spelling
) -> str:  # as package indexes spell it
    "The one spelling of a package's name."
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(
    text: str,  # of a lock file
) -> list[Locked]:  # in the file's order
    "The entries of a lock file. Anything else in it, such as an option, is a ValueError."
    out = []
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for entry in re.sub(r"\\\n", " ", plain).splitlines():
        if not entry.strip():
            continue
        found = ENTRY.fullmatch(entry)
        if not found:
            raise ValueError(f"This line isn't a version with its hashes: {entry.strip()[:100]!r}")
        name, version, marker, hashes = found.groups()
        digests = tuple(re.findall(r"[0-9a-f]{64}", hashes))
        out.append(Locked(normal(name), version, marker or "", digests))
    return out


def requirements(
    project: dict,  # what pyproject.toml says
    extras: list,  # names of extras
) -> list[str]:  # without those that name the project itself
    "What is asked for with these extras; one that names other extras brings theirs."
    own, offered = project["project"]["name"], project["project"]["optional-dependencies"]
    out, done, todo = list(project["project"]["dependencies"]), set(), list(extras)
    while todo:
        extra = todo.pop(0)
        if extra in done:
            continue
        done.add(extra)
        for text in offered[extra]:
            more = re.fullmatch(re.escape(own) + r"\[(.+)\]", text)
            if more:
                todo += more[1].split(",")
            else:
                out.append(text)
    return out


def pins(
    root: Path,  # the project
) -> dict:  # version by normalised name
    "What constraints.txt says."
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normal(name): version for name, version in rows}


def _constraints(root):
    where = {name: f" ; {marker}" for name, marker in ONLY_WHERE.items()}
    rows = (f"{name}=={version}{where.get(name, '')}" for name, version in pins(root).items())
    return "\n".join(rows) + "\n"


def uv_command() -> list:
    "How uv is called here. It is needed by nobody but who writes the lock file."
    if shutil.which("uv"):
        return ["uv"]
    module = [sys.executable, "-m", "uv"]
    if subprocess.run([*module, "--version"], capture_output=True).returncode == 0:
        return module
    raise SystemExit("uv is not here. Install it with `pip install uv` and run this again.")


def compile_lock(
    root: Path,  # the project
) -> str:  # the text of requirements.lock
    "Let uv find the hashes of every package, for every system and Python, at our versions."
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [word for extra in bootstrap.EXTRAS.split(",") for word in ("--extra", extra)]
    quiet = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "-q"]
    with tempfile.TemporaryDirectory() as tmp:
        build, limits, out = (Path(tmp) / name for name in ("build.in", "limits.txt", "lock.txt"))
        build.write_text("\n".join(project["build-system"]["requires"]), encoding="utf-8")
        limits.write_text(_constraints(root), encoding="utf-8")
        command = [*uv_command(), "pip", "compile", "pyproject.toml", str(build), *extras, *quiet]
        command += ["--constraint", str(limits), "--output-file", str(out), "--generate-hashes"]
        command += ["--universal", "--python-version", bootstrap.dotted(bootstrap.OLDEST)]
        if subprocess.run(command, cwd=root).returncode:
            raise SystemExit("uv found no set of packages; its message is above.")
        return HEAD + out.read_text(encoding="utf-8")


def main(argv=None):
    "Write requirements.lock of this project."
    argparse.ArgumentParser(description=__doc__).parse_args(argv)
    text = compile_lock(bootstrap.ROOT)
    entries = read_lock(text)
    with open(bootstrap.ROOT / "requirements.lock", "w", encoding="utf-8", newline="\n") as f:
        f.write(text)
    hashes = sum(len(e.hashes) for e in entries)
    print(f"requirements.lock: {len(entries)} packages, {hashes} hashes")


if __name__ == "__main__":
    main()
