"Tries what `pip install` brings: each extra in an environment of its own, with a smoke test."
# python -m mlc_course.tools.try_installs base torch tensorflow fastai
# python -m mlc_course.tools.try_installs torch,export --python python3.12
# The wheel is built from this checkout and installed with constraints.txt, by uv or else by pip.

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mlc_course.extras import EXTRAS
from mlc_course.tools import bootstrap

LIMIT_MB = {"base": 400}  # what an installation may take on disk, bytecode included
USUAL = ("base", "torch", "tensorflow", "fastai")
TRAINS = ("torch", "fastai", "tensorflow")
# scores a drawn set, reads and writes it, and lets a predictor speak, if there is one
BASE = """
import sys
from pathlib import Path
import numpy as np
import mlc_course
from mlc_course import Predictions, Predictor, best_threshold, evaluate, open_dataset, sweep, to_csv
from mlc_course.settings import load_profile
table = open_dataset("postcards", profile=load_profile("smoke"))
targets = table.targets("test")
noise = np.random.default_rng(0).random(targets.shape)
p = Predictions((targets*.4 + noise*.6).astype("float32"), targets, table.vocab)
assert 0 < evaluate(p).mAP < 1 and best_threshold(sweep(p))
to_csv(table, "set.csv")
assert len(open_dataset("set.csv", images=table.root)) == len(table)
if Path("shipped").is_dir():
    said = Predictor.load("shipped").predict([table.paths("test")[0]])[0]
    assert list(said.scores) == table.vocab
loaded = {"torch", "tensorflow", "keras", "fastai"} & set(sys.modules)
assert not loaded, loaded
print("works without a framework:", Path(mlc_course.__file__).parent)
"""


@dataclass(frozen=True)
class Tried:
    "What came of one installation."

    extra: str  # "base", or extras joined by commas
    megabytes: float  # on disk, with the bytecode of every module
    seconds: float  # to install
    problem: str  # empty if all went well

    def __str__(self):
        limit = LIMIT_MB.get(self.extra)
        bound = f" (at most {limit})" if limit else ""
        end = f"FAILED: {self.problem}" if self.problem else "ok"
        size, took = f"{self.megabytes:7.0f} MB{bound}", f"{self.seconds:7.0f} s to install"
        return f"{self.extra:18}{size}{took}   {end}"


def size_mb(
    folder,  # any
) -> float:
    "Megabytes of the files below a folder; one with two names counts once."
    found = {}
    for path in Path(folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            facts = path.stat()
            found[facts.st_dev, facts.st_ino] = facts.st_size
    return sum(found.values()) / 1e6


def run(command, folder, **env):
    "Run a command in a folder, away from this checkout; RuntimeError with its last lines."
    full = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    full |= {"MLC_HOME": str(Path(folder) / "home"), "MLC_PROFILE": "smoke", "MPLBACKEND": "Agg"}
    words = [str(c) for c in command]
    done = subprocess.run(words, cwd=folder, env=full | env, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise RuntimeError(f"{' '.join(words[1:4])[:80]}: {' / '.join(said)}")
    return done.stdout


def build_wheel(
    root,  # the checkout
    folder,  # where the wheel goes
) -> Path:
    "The package as a wheel, built from a copy: nothing is left in the checkout."
    copy = Path(folder) / "source"
    copy.mkdir()
    shutil.copytree(
        root / "mlc_course", copy / "mlc_course", ignore=shutil.ignore_patterns("__pycache__")
    )
    for path in (p for p in root.iterdir() if p.is_file() and p.suffix in (".toml", ".md", "")):
        shutil.copy2(path, copy)
    words = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, copy]
    run([sys.executable, *words], folder)
    return next(Path(folder).glob("*.whl"))


def make_predictor(folder):
    "A predictor's folder, made by the Python that runs this script; False where that can't export."
    from mlc_course.extras import absent

    if absent("torch") or absent("export"):
        return False
    from mlc_course import Predictor
    from mlc_course.backbones import create_model
    from mlc_course.postcards import LABELS

    model = create_model(len(LABELS), "pocket_resnet").eval()
    model.vocab, model.image_size = list(LABELS), 32
    Predictor.save(folder, model)
    return True


def install(venv, python, wheel, extra, root):
    "Make an environment and install the wheel with its extras; seconds that took."
    started = time.perf_counter()
    inside, uv = bootstrap.venv_python(venv), bootstrap.find_uv(venv)
    what = str(wheel) + ("" if extra == "base" else f"[{extra}]")
    limits = ["-c", root / "constraints.txt"]
    if uv:
        run([uv, "venv", "--quiet", "--python", python, venv], venv.parent)
        words = ["pip", "install", "--quiet", "--compile-bytecode", "--python", inside]
        run([uv, *words, what, *limits], venv.parent)
    else:
        run([python, "-m", "venv", venv], venv.parent)
        run([inside, "-m", "pip", "install", "--quiet", what, *limits], venv.parent)
    return time.perf_counter() - started


def smoke(venv, extra, folder):
    "What has to work with this installation; RuntimeError where it doesn't."
    python = bootstrap.venv_python(venv)
    mlc = python.parent / ("mlc.exe" if os.name == "nt" else "mlc")
    run([mlc, "--help"], folder)
    run([mlc, "doctor"], folder)
    run([python, "-c", BASE], folder)
    run([mlc, "data", "postcards"], folder)
    if (Path(folder) / "shipped").is_dir():
        run([mlc, "predict", "shipped", *(Path(folder) / "home").rglob("*000003.jpg")], folder)
    parts = extra.split(",")
    for framework in (f for f in TRAINS if f in parts):
        out = f"run-{framework}"
        said = run([mlc, "train", "postcards", "-f", framework, "-o", out], folder)
        run([mlc, "evaluate", out], folder)
        if ("Exported:" in said) != ("export" in parts):
            raise RuntimeError(f"mlc train with {extra} said of its export: {said[-300:]}")


def try_one(
    extra,  # "base", or extras joined by commas
    python="python3",  # the base interpreter
    root=bootstrap.ROOT,  # the checkout
) -> Tried:
    "Install, measure, try, and remove."
    with tempfile.TemporaryDirectory(prefix="mlc-install-") as tmp:
        venv, folder, seconds = Path(tmp) / "venv", Path(tmp) / "work", 0.0
        folder.mkdir()
        try:
            seconds = install(venv, python, build_wheel(root, tmp), extra, root)
            megabytes = size_mb(venv)
            make_predictor(folder / "shipped")
            smoke(venv, extra, folder)
        except RuntimeError as e:
            return Tried(extra, size_mb(venv), seconds, str(e))
        most = LIMIT_MB.get(extra, float("inf"))
        problem = "" if megabytes <= most else f"it may take {most} MB at most"
        return Tried(extra, megabytes, seconds, problem)


def main(argv=None):
    "Try each installation in turn; the exit code says whether all went well."
    parser = argparse.ArgumentParser(description=__doc__)
    names = f"base, or extras joined by commas: {', '.join(EXTRAS)}; {' '.join(USUAL)} if left out"
    parser.add_argument("extras", nargs="*", default=list(USUAL), help=names)
    parser.add_argument("--python", default=sys.executable, help="the interpreter to begin with")
    args = parser.parse_args(argv)
    for name in (n for extra in args.extras for n in extra.split(",")):
        if name not in (*EXTRAS, "base", "all"):
            parser.error(f"there is no extra {name!r}; there are base, {', '.join(EXTRAS)} and all")
    failed = 0
    for extra in args.extras:
        tried = try_one(extra, args.python)
        failed += bool(tried.problem)
        print(tried, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
