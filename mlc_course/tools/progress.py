"The bar of a run, and what it says at the end."

import os
import shutil
import sys
import time

from mlc_course.tools.texts import clock

from .one_lesson import LessonRun, without_colours


# ---- the bar -----------------------------------------------------------------------------------
class Progress:
    """One line for the whole run: lesson, cell, elapsed, expected. On a terminal it is redrawn in
    place; elsewhere a line ends each lesson.
    """

    def __init__(
        self,
        expected: dict[str, float],  # seconds by lesson, in order
        stream=None,  # where to draw; stdout if left out
    ):
        self.expected, self.stream = dict(expected), stream or sys.stdout
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.done: list = []
        self.started, self.took = time.perf_counter(), 0.0
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
        return (
            f"[{bar}] lesson {nth}/{len(self.expected)} {stem}  cell "
            f"{min(cells + 1, n_cells)}/{n_cells}  {clock(elapsed)} of about {clock(total)}"
        )

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
    source = "\n".join("    " + row for row in run.source.splitlines())
    error = run.error if colour else without_colours(run.error)
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
        f"{'all':{width}}  {sum(r.seconds for r in ran):7.1f}  "
        f"{max([r.peak_mb for r in ran], default=0):8.0f}  {sum(r.ok for r in runs)} of "
        f"{len(runs)} ok"
    )
    return "\n".join(lines)
