#!/usr/bin/env python3
"Sets up `.venv` and runs a target: course, test, lab, clean, setup."

# Runs as a plain file with any Python from 3.6 on (`python3 mlc_course/tools/bootstrap.py course`),
# so it uses the standard library alone, imports nothing of this package, and keeps to old syntax.
# The Makefile calls it; where there is no make, as on Windows, call it yourself.
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)  # the Pythons that all three frameworks support
FREE_GB = 10  # what the environment and the runs need, in gigabytes
EXTRAS = "all,test"
# every package with the hashes of its files; mlc_course/tools/lock.py writes it
LOCK = "requirements.lock"
# the environment variable that chooses: uv or pip; if unset, uv where it is installed
INSTALLER = "MLC_INSTALLER"
STAMP = "mlc-stamp.json"  # written last: its absence means that an install didn't finish
ROOT = Path(__file__).resolve().parents[2]
# How OpenMP's threads wait, unless the user has said so by one of the three; mlc_course/machine.py
# says the same
THREADS = {"GOMP_SPINCOUNT": "3000"}
THREADS_TOO = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME")


class SetupError(Exception):
    "Something that the reader has to see to; its text says what and how."


# ---- checks ------------------------------------------------------------------------------------
def dotted(version):
    return ".".join(str(v) for v in version[:2])


def check_python(version=None, executable=None):
    "Raise SetupError where this Python is not one of those that the frameworks support."
    version, executable = tuple(version or sys.version_info), executable or sys.executable
    if OLDEST <= version[:2] <= NEWEST:
        return
    raise SetupError(
        "This is Python {} ({}); the course needs Python {} to {}. Install one of these, and "
        "name it:\n    make PYTHON=python3.12 course\nor, without make:\n    python3.12 "
        "mlc_course/tools/bootstrap.py course".format(
            ".".join(str(v) for v in version[:3]), executable, dotted(OLDEST), dotted(NEWEST)
        )
    )


def needed_gb():
    "Gigabytes that must be free before installing: MLC_MIN_FREE_GB, else about 10."
    text = os.environ.get("MLC_MIN_FREE_GB", "").strip()
    try:
        return float(text) if text else float(FREE_GB)
    except ValueError:
        raise SetupError(
            "MLC_MIN_FREE_GB is {!r}; it must be a number of gigabytes, such as 6.".format(text)
        )


def check_disk(folder, need=None):
    "Raise SetupError where the disk of `folder` has less than `need` gigabytes free."
    need = needed_gb() if need is None else need
    free = shutil.disk_usage(str(folder)).free / 1e9
    if free >= need:
        return
    raise SetupError(
        "The disk of {} has {:.1f} GB free; the environment (PyTorch, TensorFlow and Jupyter) "
        "and the runs need about {:g} GB. Free some space, or put the course on another disk. "
        "If you know better, set MLC_MIN_FREE_GB=0.".format(folder, free, need)
    )


def check_venv_module(executable=None):
    """Raise SetupError where Python came without `venv` or `ensurepip`, as Debian's and Ubuntu's
    does.
    """
    executable = executable or sys.executable
    if (
        subprocess.call(
            [executable, "-c", "import venv, ensurepip"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        == 0
    ):
        return
    raise SetupError(
        "{} can't make virtual environments: its `venv` or `ensurepip` module is missing. On "
        "Debian and Ubuntu install it with\n    sudo apt install python{}-venv\nand run the "
        "same command again.".format(executable, dotted(sys.version_info))
    )


# ---- the environment ---------------------------------------------------------------------------
def venv_python(venv):
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def fingerprint(root):
    "A hash of all that decides what is installed."
    h = hashlib.sha256(EXTRAS.encode())
    for name in ("pyproject.toml", LOCK):
        path = root / name
        h.update(name.encode())
        h.update(path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b"-")
    return h.hexdigest()


def read_stamp(venv):
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def python_version_of(python):
    "(major, minor) of the interpreter at `python`, or None where it doesn't run."
    try:
        out = subprocess.check_output(
            [str(python), "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"],
            stderr=subprocess.DEVNULL,
        )
        return tuple(int(v) for v in out.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def state_of(root, venv, wanted=None):
    """('ready' | 'install' | 'build', why): what has to be done to `venv`; `wanted` is the (major,
    minor) asked for by name.
    """
    if not venv.exists():
        return "build", "there is no environment yet"
    version = python_version_of(venv_python(venv))
    if version is None:
        return "build", "the Python of {} doesn't run any more".format(venv)
    if not OLDEST <= version <= NEWEST:
        return "build", "{} was built with Python {}".format(venv, dotted(version))
    if wanted and version != tuple(wanted[:2]):
        return "build", "{} was built with Python {}, and Python {} was asked for".format(
            venv, dotted(version), dotted(wanted)
        )
    stamp = read_stamp(venv)
    if not stamp:
        return "install", "the last installation didn't finish"
    if stamp.get("folder") != str(venv):
        return "build", "the folder was moved from {}".format(stamp.get("folder"))
    if stamp.get("fingerprint") != fingerprint(root):
        return "install", "pyproject.toml or requirements.lock changed"
    return "ready", ""


def remove_tree(path):
    "Delete a folder; on Windows a running program can hold it."
    try:
        shutil.rmtree(str(path))
    except OSError as e:
        raise SetupError(
            "{} can't be removed ({}). Close the programs that run from it, and delete it by "
            "hand.".format(path, e)
        )


def build_venv(venv):
    "Make an empty virtual environment from this Python."
    check_python()
    check_venv_module()
    check_disk(venv.parent)
    if venv.exists():
        remove_tree(venv)
    if subprocess.call([sys.executable, "-m", "venv", str(venv)]):
        shutil.rmtree(str(venv), ignore_errors=True)
        raise SetupError(
            "Python could not make a virtual environment in {}; its message is above.".format(venv)
        )


def find_uv(venv):
    """The program uv, which installs the same files faster than pip, or None. One in the
    environment itself isn't used: that may go.
    """
    choice = os.environ.get(INSTALLER, "").strip().lower()
    if choice not in ("", "pip", "uv"):
        raise SetupError("{} is {!r}; it must be uv or pip.".format(INSTALLER, choice))
    found = None if choice == "pip" else shutil.which("uv", path=path_without(venv))
    if choice == "uv" and not found:
        raise SetupError(
            "{} asks for uv, and there is no such program here. Install it "
            "(https://docs.astral.sh/uv), or unset the variable: then pip does it.".format(
                INSTALLER
            )
        )
    return found


def path_without(venv):
    "PATH without the programs of an environment."
    inside = str(venv_python(venv).parent)
    return os.pathsep.join(
        p
        for p in os.environ.get("PATH", "").split(os.pathsep)
        if os.path.abspath(p or ".") != inside
    )


def run_uv(root, uv, python, *words):
    "Run `uv pip` for the environment; whether it went well."
    env = dict(os.environ, PYTHONNOUSERSITE="1")
    env.pop("UV_NO_VERIFY_HASHES", None)  # files are compared, whatever else uv is set to
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    return (
        subprocess.call(
            [uv, "pip"] + list(words) + ["--python", python] + quiet, cwd=str(root), env=env
        )
        == 0
    )


def run_pip(root, python, what, *words):
    "Run pip in the environment; raise SetupError where it fails."
    command = [python, "-m", "pip", what] + list(words)
    if what == "install":
        command.insert(4, "--disable-pip-version-check")
        if not sys.stdout.isatty():
            command += ["--quiet", "--progress-bar", "off"]
    env = dict(os.environ, PYTHONNOUSERSITE="1")
    if subprocess.call(command, cwd=str(root), env=env) == 0:
        return
    if what == "check":
        raise SetupError(
            "The packages in {} don't fit together; pip's message is above. If you changed "
            "pyproject.toml, make {} anew: python -m mlc_course.tools.lock".format(
                Path(python).parents[1], LOCK
            )
        )
    raise SetupError(
        "The installation did not finish; pip's message is above. Check the network connection "
        "and the free disk space, and run the same command again: it goes on from what was "
        "downloaded. If pip says that hashes do not match, the file that it was given is not "
        "the one that the course was tested with: it was not installed."
    )


def install(root, venv):
    """Install what the lock file names, each file compared with its hash, then the package itself;
    the stamp is written last.
    """
    if not (root / LOCK).is_file():
        raise SetupError(
            "{} is missing in {}, so the packages couldn't be verified. Get it back: git "
            "checkout {}".format(LOCK, root, LOCK)
        )
    stamp = venv / STAMP
    if stamp.exists():
        stamp.unlink()
    mark = fingerprint(root)  # taken before: what changes while pip runs is installed next time
    python = str(venv_python(venv))
    uv = find_uv(venv)
    if not (uv and install_with_uv(root, uv, python)):
        install_with_pip(root, python)
    facts = {"fingerprint": mark, "folder": str(venv), "python": dotted(python_version_of(python))}
    beside = venv / (STAMP + ".part")
    beside.write_text(json.dumps(facts), encoding="utf-8")
    os.replace(str(beside), str(stamp))


def install_with_uv(root, uv, python):
    """Install by uv, which compares the same hashes; whether it went well. If not, pip tries, which
    knows mirrors that uv doesn't.
    """
    steps = [
        ["install", "--require-hashes", "-r", LOCK],
        ["install", "--no-deps", "--no-build-isolation", "-e", "."],
        ["check"],
    ]
    if all(run_uv(root, uv, python, *words) for words in steps):
        return True
    say("uv did not finish; its message is above. Trying with pip.")
    return False


def install_with_pip(root, python):
    "Install by pip; raise SetupError where it fails."
    if subprocess.call(
        [python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        subprocess.check_call([python, "-m", "ensurepip", "--upgrade"])
    run_pip(root, python, "install", "--require-hashes", "-r", LOCK)
    run_pip(
        root, python, "install", "--no-deps", "--no-build-isolation", "-e", "."
    )  # setuptools is in the lock file, too
    run_pip(root, python, "check")


def ensure(root=ROOT, venv=None, chosen=False):
    "Make `.venv` ready, doing only what is missing, and return the path of its Python."
    venv = venv or root / ".venv"
    if not (root / "pyproject.toml").is_file():
        raise SetupError(
            "{} has no pyproject.toml: this file must stay in its checkout of the course.".format(
                root
            )
        )
    state, why = state_of(root, venv, sys.version_info if chosen else None)
    if state == "ready":
        return venv_python(venv)
    started = time.time()
    if state == "build":
        if (
            Path(sys.prefix).resolve() == venv.resolve()
        ):  # this very Python is in the folder to be replaced
            base = getattr(sys, "_base_executable", None)
            raise SetupError(
                "{}, so the environment must be made anew, but it is active in this shell. Run "
                "`deactivate` and then the same command again{}.".format(
                    why[0].upper() + why[1:],
                    " (the Python behind it is {})".format(base) if base else "",
                )
            )
        say("Setting up {} ({}): about 3 GB to download, some minutes.".format(venv, why))
        build_venv(venv)
    else:
        say("Installing into {}: {}.".format(venv, why))
    install(root, venv)
    say("Set up in {:.0f} s.".format(time.time() - started))
    return venv_python(venv)


# ---- targets -----------------------------------------------------------------------------------
def say(text):
    print(text, flush=True)


def call(command, root, **env):
    """Run `command` in `root` and return its exit code; Ctrl-C is left to the command, which gets
    it too.
    """
    full = dict(os.environ)
    full.update({k: str(v) for k, v in env.items()})
    if not any(full.get(name, "").strip() for name in list(THREADS) + list(THREADS_TOO)):
        full.update(THREADS)
    process = subprocess.Popen([str(c) for c in command], cwd=str(root), env=full)
    while True:
        try:
            code = process.wait()
            return 128 - code if code < 0 else code
        except KeyboardInterrupt:
            continue


def venv_env(python):
    "The variables that `activate` would set."
    folder = Path(python).parent
    return {
        "PATH": str(folder) + os.pathsep + os.environ.get("PATH", ""),
        "VIRTUAL_ENV": str(folder.parent),
    }


def memory_gb():
    "Gigabytes of memory, or None where the standard library can't tell (Windows)."
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None


def test_workers(cores=None, memory=None):
    """How many notebooks to test at a time: one a core, up to four, with 4 GB of memory for each.
    MLC_TEST_WORKERS overrides.
    """
    text = os.environ.get("MLC_TEST_WORKERS", "").strip()
    if text:
        if not text.isdigit():
            raise SetupError("MLC_TEST_WORKERS is {!r}; it must be a whole number.".format(text))
        return int(text)
    cores = cores or os.cpu_count() or 1
    memory = memory or memory_gb() or 8
    return max(1, min(cores, 4, int(memory // 4)))


def snapshot(root):
    "Hash of every notebook and module below `root`, by path."
    out = {}
    for folder, pattern in (("nbs", "*.ipynb"), ("mlc_course", "*.py")):
        for path in sorted((root / folder).rglob(pattern)):
            parts = path.relative_to(root).parts
            if any(p.startswith(".") or p == "__pycache__" for p in parts):
                continue
            text = path.read_bytes().replace(b"\r\n", b"\n")
            out["/".join(parts)] = hashlib.sha256(text).hexdigest()
    return out


def changed(before, after):
    return sorted(k for k in set(before) | set(after) if before.get(k) != after.get(k))


def check_generated(root, python):
    """0 where nbdev-export and nbdev-clean, run on a copy of the project, change no file; the tree
    itself is not touched.
    """
    with tempfile.TemporaryDirectory() as tmp:
        copy = Path(tmp).resolve() / root.name
        copy.mkdir()
        skip = shutil.ignore_patterns("__pycache__", ".*", "*.part")
        for name in ("nbs", "mlc_course"):
            shutil.copytree(str(root / name), str(copy / name), ignore=skip)
        for name in ("pyproject.toml", "README.md", "settings.ini"):
            if (root / name).is_file():
                shutil.copy2(str(root / name), str(copy / name))
        before = snapshot(copy)
        for what in ("export", "clean"):
            code = "from nbdev.{0} import nbdev_{1}; nbdev_{1}()".format(
                {"export": "doclinks", "clean": "clean"}[what], what
            )
            if call([python, "-c", code], copy, **venv_env(python)):
                say("nbdev-{} failed; its message is above.".format(what))
                return 1
            after = snapshot(copy)
            files = changed(before, after)
            if files:
                say(
                    "nbdev-{} would change {} file{}:".format(
                        what, len(files), "" if len(files) == 1 else "s"
                    )
                )
                for f in files:
                    say("    " + f)
                say(
                    "Edit notebooks, not the modules that they export; then run `nbdev-{}` and "
                    "commit what it changed.".format(what)
                )
                return 1
    return 0


def run_tests(root, python, args=()):
    """Every part of `make test`, each even where an earlier one failed; the number of parts that
    failed.
    """
    env = dict(venv_env(python), MLC_PROFILE="smoke", MPLBACKEND="Agg", TF_CPP_MIN_LOG_LEVEL="2")
    workers = test_workers()
    nb_test = "from nbdev.test import nbdev_test; nbdev_test()"
    nb_env = dict(env)
    nb_env.pop("MPLBACKEND")  # notebooks draw inline
    parts = [
        (
            "nbdev_test (smoke profile, {} at a time)".format(workers),
            lambda: call(
                [python, "-c", nb_test, "--n_workers", workers, "--do_print", "--timing"],
                root,
                **nb_env,
            ),
        ),
        ("nbdev-export and nbdev-clean leave no change", lambda: check_generated(root, python)),
        ("pytest", lambda: call([python, "-m", "pytest"] + list(args), root, **env)),
    ]
    rows = []
    for name, part in parts:
        say("\n== {} ==".format(name))
        started = time.time()
        code = part()
        rows.append((code, name, time.time() - started))
        if code in (130, 128 + 2):
            break
    say("")
    for code, name, seconds in rows:
        say("{:6} {:6.0f} s  {}".format("ok" if code == 0 else "FAILED", seconds, name))
    return sum(code != 0 for code, _, _ in rows) + (len(parts) - len(rows))


LINUX_ONLY = re.compile(
    r"^(nvidia-|cuda-|triton)", re.I
)  # torch pins its own by number, on the systems that have them
TOOLS = {"pip", "setuptools", "wheel"}


def freeze(root, python):
    "Write constraints.txt: the exact versions in the environment. Do so after a run that passed."
    text = subprocess.check_output(
        [str(python), "-m", "pip", "freeze", "--all", "--exclude-editable"]
    ).decode("utf-8")
    lines = [
        line.strip()
        for line in text.splitlines()
        if re.match(r"^[A-Za-z0-9][\w.-]*==\S+$", line.strip())
    ]
    lines = sorted(
        (
            line
            for line in lines
            if line.split("==")[0].lower() not in TOOLS and not LINUX_ONLY.match(line)
        ),
        key=str.lower,
    )
    head = (
        "# The exact versions of a run that passed. requirements.lock, which pip reads through "
        "`make`, is made from them.\n# Made anew, after a run that passed, by: python3 "
        "mlc_course/tools/bootstrap.py freeze\n"
    )
    with open(str(root / "constraints.txt"), "w", encoding="utf-8", newline="\n") as f:
        f.write(head + "\n".join(lines) + "\n")
    say(
        "constraints.txt: {} versions. Now write {} anew: python -m mlc_course.tools.lock".format(
            len(lines), LOCK
        )
    )


def clean(root, venv=None):
    "Remove the environment, the runs and every cache below `root`; the drawn data stays."
    venv = venv or root / ".venv"
    if venv.exists() and Path(sys.prefix).resolve() == venv.resolve():
        raise SetupError(
            "{} is active in this shell, so it can't be removed from inside. Run `deactivate` "
            "first.".format(venv)
        )
    targets = [venv] + [
        root / n
        for n in ("_runs", "_site", "_docs", "build", "dist", ".pytest_cache", ".hypothesis")
    ]
    targets += list(root.glob("*.egg-info"))
    for folder in ("nbs", "mlc_course", "tests"):
        for name in ("__pycache__", ".ipynb_checkpoints"):
            targets += list((root / folder).rglob(name))
    for path in targets:
        if path.is_dir():
            remove_tree(path)
            say("removed {}".format(path.relative_to(root)))
    say(
        "The drawn pictures stay where they are: `mlc doctor` shows the folder, and deleting "
        "it is safe."
    )


def main(argv=None, root=ROOT):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "target",
        choices=["course", "test", "lab", "clean", "setup", "freeze"],
        help="course: run every lesson; test: all tests; lab: open the lessons; clean: remove what "
        "was made; setup: only install; freeze: write constraints.txt",
    )
    parser.add_argument(
        "--chosen",
        action="store_true",
        help="this Python was asked for by name: rebuild .venv if it has another",
    )
    parser.add_argument(
        "rest", nargs=argparse.REMAINDER, help="handed on: to `mlc run`, pytest or jupyter lab"
    )
    args = parser.parse_args(argv)
    try:
        if args.target == "clean":
            clean(root)
            return 0
        if args.target == "freeze":
            freeze(root, venv_python(root / ".venv"))
            return 0
        python = ensure(root, chosen=args.chosen)
        if args.target == "course":
            rest = args.rest
            if not any(a == "--profile" or a.startswith("--profile=") for a in rest):
                rest = rest + ["--profile", os.environ.get("MLC_PROFILE", "").strip() or "laptop"]
            return call(
                [python, "-m", "mlc_course.tools.cli", "run"] + rest, root, **venv_env(python)
            )
        if args.target == "test":
            return 1 if run_tests(root, python, args.rest) else 0
        if args.target == "lab":
            return call(
                [python, "-m", "jupyterlab", "--notebook-dir=nbs"] + args.rest,
                root,
                **venv_env(python),
            )
    except SetupError as e:
        print("\n{}".format(e), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
