"Trainings in processes of their own, and what they took."

import importlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mlc_course.data.table import ImageTable
from mlc_course.data.workers import end_with_parent
from mlc_course.extras import need
from mlc_course.machine import quiet_threads, usable_cores
from mlc_course.metrics import evaluate
from mlc_course.pixels import cached_pixels
from mlc_course.settings import Profile
from mlc_course.thresholds import best_thresholds_per_label

TRAINERS = dict(fastai="train_fastai", torch="train_torch", tensorflow="train_tf")
CHILD = "from mlc_course.training.measured import child; child()"


def peak_memory_mb() -> float:  # MB
    "The highest resident memory of this process since its program was started."
    status = Path("/proc/self/status")
    if status.exists():  # Linux; ru_maxrss would begin with what the parent process had
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 2**20
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@dataclass(frozen=True)
class MeasuredRun:
    "One training in another process, and what it took."

    framework: str  # "fastai", "torch" or "tensorflow"
    dataset: str  # the table's name
    pretrained: bool  # from the shipped weights, or from random ones
    seed: int  # of weights and batches
    epochs: int  # of the whole network
    macro_f1: float  # on test, thresholds per label chosen on valid
    mAP: float  # on test
    seconds: float  # the training, head included
    epoch_seconds: float  # median of the epochs
    startup_seconds: float  # from nothing to a trainer that is imported
    imported_mb: float  # highest resident memory at that moment
    peak_mb: float  # highest resident memory of the process so far


def measure(trainer, framework, table, profile, startup, imported) -> MeasuredRun:
    "Train once, in this process."
    run = trainer.train(table, profile, progress=False)
    scores = evaluate(run.predictions["test"], best_thresholds_per_label(run.predictions["valid"]))
    return MeasuredRun(
        framework=framework,
        dataset=table.name,
        pretrained=profile.pretrained,
        seed=profile.seed,
        epochs=len(run.history),
        macro_f1=scores.macro_f1,
        mAP=scores.mAP,
        seconds=run.seconds,
        epoch_seconds=float(run.history.seconds.median()),
        startup_seconds=startup,
        imported_mb=imported,
        peak_mb=peak_memory_mb(),
    )


def child():
    "What the new process does."
    framework, table, profiles, began, path, parent = pickle.load(sys.stdin.buffer)
    end_with_parent(parent)
    trainer = importlib.import_module(f"mlc_course.{TRAINERS[framework]}")
    startup, imported = time.time() - began, peak_memory_mb()
    runs = [asdict(measure(trainer, framework, table, p, startup, imported)) for p in profiles]
    Path(path).write_text(json.dumps(runs), encoding="utf-8")


def check_measurable(framework: str, table: ImageTable):
    "ValueError for an unknown framework or a missing split; ImportError where it isn't installed."
    if framework not in TRAINERS:
        raise ValueError(
            f"There is no framework called {framework!r}; choose one of {', '.join(TRAINERS)}."
        )
    need(framework, framework)
    if lacking := {"train", "valid", "test"} - set(table.splits):
        raise ValueError(
            f"The table {table.name!r} has no {' and no '.join(sorted(lacking))} rows. A "
            "comparison trains on train, chooses on valid and reports test."
        )


def measured_runs(
    framework: str,  # "fastai", "torch" or "tensorflow"
    table: ImageTable,  # with train, valid and test
    profiles: Iterable[Profile],  # one training for each, in turn, all in one process
    threads: int | None = None,  # for each framework; None: all cores
) -> list:  # of MeasuredRun
    """Train in a new process and measure. Memory is clean for the first training only: a peak
    never goes down."""
    check_measurable(framework, table)
    for size in {p.image_size for p in profiles}:
        cached_pixels(table, size)  # so that none of them pays for decoding
    n = str(threads or usable_cores())
    own = dict(OMP_NUM_THREADS=n, TF_NUM_INTRAOP_THREADS=n, PYTHONWARNINGS="ignore")
    env = quiet_threads(dict(os.environ)) | own
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.json"
        order = (framework, table, list(profiles), time.time(), str(path), os.getpid())
        done = subprocess.run(
            [sys.executable, "-c", CHILD], input=pickle.dumps(order), capture_output=True, env=env
        )
        if done.returncode or not path.is_file():
            raise RuntimeError(complaint(framework, done))
        return [MeasuredRun(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def complaint(framework, done) -> str:
    "What is said of a process that ended without a result."
    said = [o for o in done.stderr.decode(errors="replace").splitlines() if o.strip()]
    last = said[-1].strip() if said else "it left no message"
    killed = " A process that is killed without a message has usually run out of memory."
    return f"Training with {framework} ended with exit code {done.returncode}: {last}" + (
        killed if done.returncode in (-9, 137) else ""
    )


def measured_run(
    framework: str,  # "fastai", "torch" or "tensorflow"
    table: ImageTable,  # with train, valid and test
    profile: Profile,  # a `Profile`
    threads: int | None = None,  # for the framework; None: all cores
) -> MeasuredRun:
    "One training in a process of its own."
    return measured_runs(framework, table, [profile], threads)[0]
