"Runs the lessons in order, each in a fresh kernel, with one progress bar, and keeps what they showed."

# The notebook client runs in a thread of its own. The main thread ticks five times a second: it draws the bar,
# measures the kernel's memory, watches the time limit, and takes Ctrl-C. That is why a lesson can be stopped
# at any moment and no kernel is left behind.
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mlc_course.extras import need
from mlc_course.machine import quiet_threads
from mlc_course.tools.texts import clock, write_text

TICK = 0.2  # seconds between two looks at a running kernel
TIME_LIMIT = 3600  # seconds that one lesson may take before it is stopped
RESULTS = ("ok", "failed", "died", "too long", "stopped", "not run")
DEFAULT_SECONDS = {  # expected seconds on two CPU cores, until this machine has its own record
    "smoke": 15,
    "laptop": 60,
    "gpu": 120,
}

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


# ---- finding lessons ---------------------------------------------------------------------------
def find_checkout(
    start: Path | None = None,  # folder to start from; the working folder if left out
) -> Path:  # the folder that holds nbs/
    "The course's checkout, looked for in `start` and every folder above it."
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "nbs" / "00_start.ipynb").is_file() and (folder / "pyproject.toml").is_file():
            return folder
    raise FileNotFoundError(
        f"{start} is not inside a checkout of the course: neither it nor a folder above it has nbs/00_start.ipynb. "
        "Change into the folder that you cloned, and try again."
    )


def list_lessons(
    nbs: Path,  # folder of notebooks
) -> list[Path]:  # in the order of their numbers
    "The lessons in `nbs`: notebooks whose names start with two digits. The solutions are not among them."
    return sorted(p for p in Path(nbs).glob("[0-9][0-9]_*.ipynb"))


def choose_lessons(
    wanted: list[
        str
    ],  # numbers ("4", "04"), stems ("05_metrics", "metrics") or file names; none: all
    lessons: list[Path],  # what there is
) -> list[Path]:  # those asked for, in lesson order
    "Find the lessons that `wanted` names; ValueError that lists them all where one isn't there."
    chosen = set()
    for name in wanted:
        key = Path(name).name.removesuffix(".ipynb")
        hits = [
            p
            for p in lessons
            if key in (p.stem, p.stem[3:]) or (key.isdigit() and int(key) == int(p.stem[:2]))
        ]
        if not hits:
            raise ValueError(
                f"There is no lesson {name!r}. The lessons are: {', '.join(p.stem for p in lessons)}."
            )
        chosen.update(hits)
    return [p for p in lessons if p in chosen] if wanted else list(lessons)


# ---- one lesson --------------------------------------------------------------------------------
def kernel_env(
    profile: str,  # name of the run profile
    base: dict | None = None,  # environment to start from; this process's if left out
) -> dict:  # the environment of a lesson's kernel
    "The variables that a lesson runs with. What the reader has set stays, but for the profile."
    env = dict(os.environ if base is None else base)
    env["MLC_PROFILE"] = profile
    for name in ("IN_TEST", "MPLBACKEND"):
        env.pop(name, None)  # the kernel chooses inline figures
    defaults = dict(
        TF_CPP_MIN_LOG_LEVEL="2",
        PYTHONHASHSEED="0",
        TF_FORCE_GPU_ALLOW_GROWTH="true",
        PYTHONUTF8="1",
    )
    if sys.platform.startswith(
        "linux"
    ):  # glibc keeps big blocks instead of returning them at every step: 1.15-1.5 x faster in fp32
        defaults |= dict(MALLOC_TRIM_THRESHOLD_="-1", MALLOC_MMAP_MAX_="0")
    for k, v in defaults.items():
        env.setdefault(k, v)
    return quiet_threads(env)


def tree_memory_mb(
    pid: int,  # of the kernel
) -> float:  # resident memory of the process and all its children, MB
    "Memory of a process tree now; 0 once it is gone. Pages that processes share count in each."
    import psutil

    total = 0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for p in processes:
        try:
            total += p.memory_info().rss
        except psutil.Error:
            continue
    return total / 1e6


def kill_tree(
    pid: int | None,  # of the kernel
):
    "End a process and all its children, at once."
    import psutil

    if pid is None:
        return
    try:
        root = psutil.Process(pid)
        processes = [*root.children(recursive=True), root]
    except psutil.Error:
        return
    for p in processes:
        try:
            p.kill()
        except psutil.Error:
            continue


def _client(nb, folder, on_cell):
    "A notebook client whose kernel is this very Python, whatever kernels are installed elsewhere."
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            return KernelSpec(
                argv=[
                    sys.executable,
                    "-Xfrozen_modules=off",
                    "-m",
                    "ipykernel_launcher",
                    "-f",
                    "{connection_file}",
                    "--IPKernelApp.log_level=40",
                ],
                display_name="Python 3",
                language="python",
            )

    km = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    client = NotebookClient(
        nb,
        km=km,
        timeout=None,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
        on_cell_start=on_cell,
    )
    client.log.setLevel("CRITICAL")  # what it would log is in our own report
    return client


class _Worker(threading.Thread):
    "Executes one notebook; holds what the main thread wants to know meanwhile."

    def __init__(self, nb, folder, env, log):
        super().__init__(daemon=True)
        self.nb, self.env, self.log, self.error = nb, env, log, None
        self.index, self.finished = -1, threading.Event()
        self.client = _client(nb, folder, self._on_cell)

    def _on_cell(self, cell, cell_index):
        self.index = cell_index

    @property
    def pid(self):
        provisioner = getattr(self.client.km, "provisioner", None)
        return getattr(provisioner, "pid", None)

    async def _execute(self):
        try:
            await self.client.async_execute(
                env=self.env, cleanup_kc=False, stdout=self.log, stderr=self.log
            )
        finally:
            if self.client.kc is not None:
                self.client.kc.stop_channels()
            await self.client.km.shutdown_kernel(now=True)

    def run(self):
        import asyncio

        try:
            asyncio.run(self._execute())
        except BaseException as e:
            self.error = e
        finally:
            self.finished.set()


def _code_cells(nb):
    return [i for i, c in enumerate(nb.cells) if c.cell_type == "code" and c.source.strip()]


def _plain(text):
    return ANSI.sub("", text)


def _describe(error, nb, index, log):
    "(result, text of the error) of what a worker raised; `log` is what the kernel process itself said."
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    if isinstance(error, CellExecutionError):
        tracebacks = [o for o in nb.cells[index].get("outputs", ()) if o.output_type == "error"]
        return "failed", "\n".join(tracebacks[-1].traceback) if tracebacks else str(error)
    if isinstance(error, DeadKernelError):
        log.seek(0)
        last = [l for l in log.read().decode("utf-8", "replace").splitlines() if l.strip()][-8:]
        return "died", (
            "The kernel died while this cell ran: the process aborted, or the system ended it because memory ran out. "
            "`mlc doctor` shows this machine's memory and the import orders that abort."
            + ("\nIts last words:\n" + "\n".join(last) if last else "")
        )
    return "failed", f"{type(error).__name__}: {error}"


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

    path, started, peak, stopped = Path(path), time.perf_counter(), 0.0, None
    try:
        nb = nbformat.read(path, as_version=4)
    except Exception as e:
        return LessonRun(
            path.stem, "failed", error=f"{path} can't be read as a notebook: {e}", when=time.time()
        )
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    code = _code_cells(nb)
    done = lambda: sum(i < worker.index for i in code)
    with tempfile.TemporaryFile() as log:
        worker = _Worker(nb, cwd or path.parent, kernel_env(profile), log)
        worker.start()
        while (
            not worker.finished.is_set()
        ):  # not join(): Ctrl-C inside it makes Python 3.11 take the thread for ended
            try:
                worker.finished.wait(TICK)
                if stopped:
                    kill_tree(worker.pid)  # the kernel may have been about to start
                if worker.pid is not None:
                    peak = max(peak, tree_memory_mb(worker.pid))
                seconds = time.perf_counter() - started
                if tick:
                    tick(done(), len(code), seconds)
                if seconds > limit and stopped is None:
                    stopped = "too long"
            except KeyboardInterrupt:
                stopped = "stopped"
        seconds = time.perf_counter() - started
        result, error = (
            ("ok", "") if worker.error is None else _describe(worker.error, nb, worker.index, log)
        )
    if stopped and result != "ok":
        result = stopped
        error = (
            "Stopped by Ctrl-C."
            if stopped == "stopped"
            else f"Stopped after {limit:.0f} s, the limit for one lesson (`--limit` sets another)."
        )
    run = LessonRun(
        path.stem, result, seconds, peak, n_cells=len(code), error=error, when=time.time()
    )
    if result != "ok" and 0 <= worker.index < len(nb.cells):
        cell = nb.cells[worker.index]
        run = replace(run, cell=sum(i <= worker.index for i in code), source=cell.source)
        if (
            not any(o.output_type == "error" for o in cell.get("outputs", ()))
            and cell.cell_type == "code"
        ):
            cell.outputs = [
                *cell.get("outputs", ()),
                nbformat.v4.new_output("error", ename=result, evalue=error, traceback=[error]),
            ]
    write_text(Path(out) / path.name, nbformat.writes(nb))
    return run


# ---- expected times and earlier results --------------------------------------------------------
def read_json(
    path: Path,  # file
) -> dict:  # what it holds; empty where it is missing or damaged
    "A JSON object from disk, for records that may be lost without harm."
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def expected_seconds(
    stems: list[str],  # lessons
    profile: str,  # name of the run profile
    record: dict,  # {stem: seconds} of earlier runs on this machine
) -> dict[str, float]:  # seconds a lesson
    "What each lesson should take: as last time here, else the shipped figure of the profile."
    default = SHIPPED_SECONDS.get(profile, {})
    usual = DEFAULT_SECONDS.get(profile, 60)
    return {s: float(record.get(s) or default.get(s) or usual) for s in stems}


# a run of `make course` on two cores of an Intel Xeon without a graphics card; corrected by the machine's own record
SHIPPED_SECONDS: dict[str, dict[str, float]] = {
    "smoke": {},
    "laptop": {
        "00_start": 3,
        "01_tasks": 10,
        "02_tables": 4,
        "03_datablocks": 10,
        "04_losses": 7,
        "04_losses_tf": 6,
        "05_metrics": 6,
        "06_thresholds": 11,
        "06_which_loss": 131,
        "07_fastai": 72,
        "08_pytorch": 76,
        "09_tensorflow": 116,
        "10_multi_output": 51,
        "11_side_by_side": 71,
        "12_look_inside": 77,
        "13_ship": 68,
        "15_real_data": 120,
        "87_safety": 1,
        "88_pixels": 2,
        "89_residual_block": 5,
        "90_postcards": 24,
        "91_pocket_resnet": 60,
    },
}


# ---- the bar -----------------------------------------------------------------------------------
class Progress:
    "One line for the whole run: lesson, cell, elapsed, expected. On a terminal it is redrawn in place; elsewhere a line ends each lesson."

    def __init__(
        self,
        expected: dict[str, float],  # seconds by lesson, in order
        stream=None,  # where to draw; stdout if left out
    ):
        self.expected, self.stream = dict(expected), stream or sys.stdout
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.started, self.done, self.took = time.perf_counter(), [], 0.0
        self.width = 0

    def pace(self) -> float:  # how much slower than expected the finished lessons were
        "Ratio of the seconds taken to the seconds expected, so far."
        planned = sum(self.expected[s] for s in self.done)
        return min(10.0, max(0.1, self.took / planned)) if planned > 5 else 1.0

    def total(self, stem=None, seconds=0.0) -> float:  # seconds
        "What the whole run will take, from the lessons done and the pace so far."
        left = sum(v for s, v in self.expected.items() if s not in self.done and s != stem)
        now = max(seconds, self.expected.get(stem, 0.0) * self.pace()) if stem else 0.0
        return self.took + now + left * self.pace()

    def line(self, stem, cells, n_cells, seconds) -> str:
        "The text of the bar."
        elapsed = time.perf_counter() - self.started
        total = max(elapsed, self.total(stem, seconds))
        share = min(1.0, elapsed / total) if total else 0.0
        bar = "#" * int(share * 20) + "." * (20 - int(share * 20))
        nth = len(self.done) + 1
        return f"[{bar}] lesson {nth}/{len(self.expected)} {stem}  cell {min(cells + 1, n_cells)}/{n_cells}  {clock(elapsed)} of about {clock(total)}"

    def tick(self, stem, cells, n_cells, seconds):
        "Redraw the bar, on a terminal."
        if not self.live:
            return
        text = self.line(stem, cells, n_cells, seconds)[
            : max(20, shutil.get_terminal_size((100, 20)).columns - 1)
        ]
        self.stream.write("\r" + text + " " * max(0, self.width - len(text)))
        self.stream.flush()
        self.width = len(text)

    def write(self, text):
        "Print a line above the bar."
        if self.live and self.width:
            self.stream.write("\r" + " " * self.width + "\r")
        self.width = 0
        self.stream.write(text + "\n")
        self.stream.flush()

    def finish(self, run: LessonRun):
        "Note that a lesson has ended, and say so."
        self.done.append(run.stem)
        self.took += run.seconds
        self.write(
            f"{run.result:8} {run.stem:20} {clock(run.seconds):>7}  {run.peak_mb / 1000:5.1f} GB"
        )


# ---- reporting ---------------------------------------------------------------------------------
def failure_text(
    run: LessonRun,  # a lesson that didn't pass
    colour: bool = False,  # keep the traceback's colours?
) -> str:
    "The cell and the traceback, to be read in a terminal."
    rule = "-" * 78
    where = f"{run.stem}, code cell {run.cell} of {run.n_cells}" if run.cell else run.stem
    source = "\n".join("    " + l for l in run.source.splitlines())
    error = run.error if colour else _plain(run.error)
    return "\n".join(p for p in (rule, f"{where}: {run.result}", source, error.rstrip(), rule) if p)


def summary_table(
    runs: list[LessonRun],  # in order
) -> str:
    "Lesson, seconds, peak memory and result, as text."
    width = max([len(r.stem) for r in runs] + [6])
    lines = [
        f"{'lesson':{width}}  {'seconds':>7}  {'peak MB':>8}  result",
        f"{'-' * width}  {'-' * 7}  {'-' * 8}  {'-' * 8}",
    ]
    for r in runs:
        result = r.result + (f" (cell {r.cell})" if r.cell else "")
        figures = (
            f"{r.seconds:7.1f}  {r.peak_mb:8.0f}" if r.result != "not run" else f"{'':7}  {'':8}"
        )
        lines.append(f"{r.stem:{width}}  {figures}  {result}")
    ran = [r for r in runs if r.result != "not run"]
    lines.append(f"{'-' * width}  {'-' * 7}  {'-' * 8}  {'-' * 8}")
    lines.append(
        f"{'all':{width}}  {sum(r.seconds for r in ran):7.1f}  {max([r.peak_mb for r in ran], default=0):8.0f}  "
        f"{sum(r.ok for r in runs)} of {len(runs)} ok"
    )
    return "\n".join(lines)


# ---- the whole course --------------------------------------------------------------------------
def run_course(
    lessons: list[Path],  # notebooks, in order
    out: Path,  # folder for the executed notebooks and the page
    profile: str = "laptop",  # name of the run profile
    limit: float = TIME_LIMIT,  # seconds for one lesson
    stream=None,  # where to report; stdout if left out
    cwd: Path | None = None,  # working folder of the kernels; each notebook's if left out
) -> list[LessonRun]:  # one a lesson
    "Run `lessons` one after another; a failing one doesn't keep the next from running. Ends with the page and the summary table."
    need("lessons", "ipykernel", "nbclient", "nbconvert", "nbformat")
    from mlc_course.tools.report import write_report

    out, stream = Path(out), stream or sys.stdout
    out.mkdir(parents=True, exist_ok=True)
    timings_file = out.parent / "timings.json"
    timings = read_json(timings_file)
    here = timings.get(profile) if isinstance(timings.get(profile), dict) else {}
    bar = Progress(expected_seconds([p.stem for p in lessons], profile, here), stream)
    bar.write(
        f"{len(lessons)} lesson{'s' * (len(lessons) != 1)} in the {profile} profile, about {clock(bar.total())}; results in {out}"
    )
    runs, stopped = [], False
    for path in lessons:
        if stopped:
            runs.append(LessonRun(path.stem))
            continue
        run = run_lesson(
            path,
            out,
            profile,
            limit,
            cwd=cwd,
            tick=lambda c, n, s, stem=path.stem: bar.tick(stem, c, n, s),
        )
        runs.append(run)
        bar.finish(run)
        if run.ok:
            here = here | {path.stem: round(run.seconds, 1)}
        elif run.result != "stopped":
            bar.write(failure_text(run, colour=bar.live and "NO_COLOR" not in os.environ))
        stopped = run.result == "stopped"
    write_text(timings_file, json.dumps(timings | {profile: here}, indent=1))
    record = read_json(out / "run.json")
    record |= {
        r.stem: asdict(r) | {"error": _plain(r.error)} for r in runs if r.result != "not run"
    }
    write_text(out / "run.json", json.dumps(record, indent=1))
    try:
        page = write_report(out, record, profile)
    except KeyboardInterrupt:
        page, stopped = None, True
    bar.write("\n" + summary_table(runs))
    if page:
        bar.write(f"\nRead them: {page.resolve().as_uri()}")
    return runs


def exit_code(
    runs: list[LessonRun],
) -> int:  # 0, 1 or 130
    "What the shell is told: 0 if every lesson passed, 130 after Ctrl-C, else 1."
    if any(r.result == "stopped" for r in runs):
        return 130
    return 0 if all(r.ok for r in runs) else 1
