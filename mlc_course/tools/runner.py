"""Runs the lessons in order, each in a fresh kernel, with one progress bar, and keeps what they
showed.
"""

import json
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mlc_course.extras import need
from mlc_course.tools.texts import clock, write_text

from .expected import SHIPPED_SECONDS, expected_seconds
from .kernels import kernel_env, kill_tree, tree_memory_mb
from .lessons import choose_lessons, find_checkout, list_lessons, read_json
from .one_lesson import RESULTS, TIME_LIMIT, LessonRun, run_lesson, without_colours
from .progress import Progress, failure_text, summary_table

__all__ = [
    "LessonRun",
    "Progress",
    "RESULTS",
    "SHIPPED_SECONDS",
    "TIME_LIMIT",
    "choose_lessons",
    "exit_code",
    "expected_seconds",
    "failure_text",
    "find_checkout",
    "kernel_env",
    "kill_tree",
    "list_lessons",
    "read_json",
    "run_course",
    "run_lesson",
    "summary_table",
    "tree_memory_mb",
]


def _remember(path, runs):
    "The record of every lesson that was ever run into this folder, these runs among them."
    record = read_json(path)
    for run in runs:
        if run.result != "not run":
            record[run.stem] = asdict(run) | {"error": without_colours(run.error)}
    write_text(path, json.dumps(record, indent=1))
    return record


# ---- the whole course --------------------------------------------------------------------------
def run_course(
    lessons: list[Path],  # notebooks, in order
    out: Path,  # folder for the executed notebooks and the page
    profile: str = "laptop",  # name of the run profile
    limit: float = TIME_LIMIT,  # seconds for one lesson
    stream=None,  # where to report; stdout if left out
    cwd: Path | None = None,  # working folder of the kernels; each notebook's if left out
) -> list[LessonRun]:  # one a lesson
    """Run `lessons` one after another; a failing one doesn't keep the next from running. Ends with
    the page and the summary table.
    """
    need("lessons", "ipykernel", "nbclient", "nbconvert", "nbformat")
    from mlc_course.tools.report import write_report

    out, stream = Path(out), stream or sys.stdout
    out.mkdir(parents=True, exist_ok=True)
    timings_file = out.parent / "timings.json"
    timings = read_json(timings_file)
    known = timings.get(profile)
    here: dict = known if isinstance(known, dict) else {}
    bar = Progress(expected_seconds([p.stem for p in lessons], profile, here), stream)
    bar.write(
        f"{len(lessons)} lesson{'s' * (len(lessons) != 1)} in the {profile} profile, about "
        f"{clock(bar.total())}; results in {out}"
    )
    runs, stopped = [], False
    for path in lessons:
        if stopped:
            runs.append(LessonRun(path.stem))
            continue
        tick = partial(bar.tick, path.stem)
        run = run_lesson(path, out, profile, limit, tick, cwd)
        runs.append(run)
        bar.finish(run)
        if run.ok:
            here = here | {path.stem: round(run.seconds, 1)}
        elif run.result != "stopped":
            bar.write(failure_text(run, colour=bar.live and "NO_COLOR" not in os.environ))
        stopped = run.result == "stopped"
    write_text(timings_file, json.dumps(timings | {profile: here}, indent=1))
    record = _remember(out / "run.json", runs)
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
