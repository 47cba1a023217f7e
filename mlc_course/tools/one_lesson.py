"One lesson in a fresh kernel."

# The notebook client runs in a thread of its own. The main thread ticks five times a second: it
# draws the bar, measures the kernel's memory, watches the time limit, and takes Ctrl-C. That is why
# a lesson can be stopped at any moment and no kernel is left behind.
import re
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from mlc_course.tools.texts import write_text

from .kernels import Worker, kernel_env, kill_tree, tree_memory_mb

TICK = 0.2  # seconds between two looks at a running kernel
TIME_LIMIT = 3600  # seconds that one lesson may take before it is stopped
RESULTS = ("ok", "failed", "died", "too long", "stopped", "not run")
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class LessonRun:
    "What became of one lesson."

    stem: str  # file name without .ipynb
    result: str = "not run"  # one of RESULTS
    seconds: float = 0.0  # wall clock, kernel start included
    peak_mb: float = 0.0  # highest resident memory of the kernel and its children, in MB
    cell: int | None = None  # code cell that failed, counted from 1
    n_cells: int = 0  # code cells in the notebook
    source: str = ""  # source of that cell
    error: str = ""  # traceback, or a sentence
    when: float = 0.0  # time of day it ended, seconds since 1970

    @property
    def ok(self) -> bool:
        return self.result == "ok"


def _code_cells(nb):
    return [i for i, c in enumerate(nb.cells) if c.cell_type == "code" and c.source.strip()]


def without_colours(text):
    return ANSI.sub("", text)


def _describe(error, nb, index, log):
    """(result, text of the error) of what a worker raised; `log` is what the kernel process itself
    said.
    """
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    if isinstance(error, CellExecutionError):
        tracebacks = [o for o in nb.cells[index].get("outputs", ()) if o.output_type == "error"]
        return "failed", "\n".join(tracebacks[-1].traceback) if tracebacks else str(error)
    if isinstance(error, DeadKernelError):
        log.seek(0)
        last = [row for row in log.read().decode("utf-8", "replace").splitlines() if row.strip()][
            -8:
        ]
        return "died", (
            "The kernel died while this cell ran: the process aborted, or the system ended it "
            "because memory ran out. `mlc doctor` shows this machine's memory and the import "
            "orders that abort." + ("\nIts last words:\n" + "\n".join(last) if last else "")
        )
    return "failed", f"{type(error).__name__}: {error}"


def _watch(worker, code, limit, tick):
    "Wait for a worker: highest memory in MB, seconds, and why it was stopped, if it was."
    started, peak, stopped = time.perf_counter(), 0.0, None
    while not worker.finished.is_set():
        # not join(): Ctrl-C inside it makes Python 3.11 take the thread for ended
        try:
            worker.finished.wait(TICK)
            if stopped:
                kill_tree(worker.pid)  # the kernel may have been about to start
            if worker.pid is not None:
                peak = max(peak, tree_memory_mb(worker.pid))
            seconds = time.perf_counter() - started
            if tick:
                tick(sum(i < worker.index for i in code), len(code), seconds)
            if seconds > limit and stopped is None:
                stopped = "too long"
        except KeyboardInterrupt:
            stopped = "stopped"
    return peak, time.perf_counter() - started, stopped


def _mark(run, nb, index, code):
    "The run with the cell at which it ended; the notebook shows the error there."
    import nbformat

    if run.ok or not 0 <= index < len(nb.cells):
        return run
    cell = nb.cells[index]
    outputs = cell.get("outputs", [])
    if cell.cell_type == "code" and not any(o.output_type == "error" for o in outputs):
        facts = dict(ename=run.result, evalue=run.error, traceback=[run.error])
        cell.outputs = [*outputs, nbformat.v4.new_output("error", **facts)]
    return replace(run, cell=sum(i <= index for i in code), source=cell.source)


def _unread(path, error):
    told = f"{path} can't be read as a notebook: {error}"
    return LessonRun(path.stem, "failed", error=told, when=time.time())


def run_lesson(
    path: Path,  # the notebook
    out: Path,  # folder for the executed copy
    profile: str = "laptop",  # name of the run profile
    limit: float = TIME_LIMIT,  # seconds before the lesson is stopped
    tick=None,  # called with (code cells done, code cells in all, seconds) five times a second
    cwd: Path | None = None,  # working folder of the kernel; the notebook's if left out
) -> LessonRun:  # what became of it; KeyboardInterrupt gives the result "stopped"
    "Execute one notebook in a fresh kernel, and write the executed copy to `out`, failed or not."
    import nbformat

    path, result, error = Path(path), "ok", ""
    try:
        nb = nbformat.read(path, as_version=4)
    except Exception as e:
        return _unread(path, e)
    code = _code_cells(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryFile() as log:
        worker = Worker(nb, cwd or path.parent, kernel_env(profile), log)
        worker.start()
        peak, seconds, stopped = _watch(worker, code, limit, tick)
        if worker.error is not None:
            result, error = _describe(worker.error, nb, worker.index, log)
    if stopped and result != "ok":
        result, error = stopped, "Stopped by Ctrl-C."
        if stopped == "too long":
            error = (
                f"Stopped after {limit:.0f} s, the limit for one lesson (`--limit` sets another)."
            )
    n, now = len(code), time.time()
    run = LessonRun(path.stem, result, seconds, peak, n_cells=n, error=error, when=now)
    run = _mark(run, nb, worker.index, code)
    write_text(Path(out) / path.name, nbformat.writes(nb))
    return run
