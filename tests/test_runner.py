"The runner: order, failures, dead kernels, time limits, Ctrl-C, the bar, the summary and the page."

import io
import json
import os
import signal
import sys
import threading
import time

import nbformat
import psutil
import pytest

from mlc_course.tools import report, runner
from mlc_course.tools.runner import LessonRun, Progress


def notebook(folder, stem, *cells, title="# A title\n> After this you can see."):
    "Write a tiny notebook: a heading, then code cells."
    folder.mkdir(parents=True, exist_ok=True)
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(title), *(nbformat.v4.new_code_cell(c) for c in cells)]
    )
    path = folder / f"{stem}.ipynb"
    nbformat.write(nb, path)
    return path


def outputs(path):
    return "".join(
        o.get("text", "")
        for c in nbformat.read(path, as_version=4).cells
        if c.cell_type == "code"
        for o in c.outputs
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    "One run over four lessons: good, failing, dying, good."
    tmp = tmp_path_factory.mktemp("course")
    nbs, out, stream = tmp / "nbs", tmp / "_runs" / "smoke", io.StringIO()
    lessons = [
        notebook(
            nbs,
            "00_good",
            "x = 2",
            "import os\nprint(os.environ['MLC_PROFILE'], os.getcwd(), x)",
            "big = bytearray(150_000_000)\nimport time; time.sleep(.7)",
            title="# First lesson\n> After this you can add.\n\n## A section\nSee "
            "[next](01_bad.ipynb) and $x^2 + \\frac{1}{2}$, costs `$5`.",
        ),
        notebook(nbs, "01_bad", "a = 1", "def inner(): return a/0\ninner()", "print('never')"),
        notebook(
            nbs,
            "02_dies",
            "import os, signal",
            "print('before', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
            if os.name != "nt"
            else "os._exit(7)",
        ),
        notebook(nbs, "03_good", "print('x' in globals())"),
    ]
    runs = runner.run_course(lessons, out, "smoke", stream=stream)
    return dict(tmp=tmp, nbs=nbs, out=out, text=stream.getvalue(), runs=runs, lessons=lessons)


def test_results_and_exit_code(course):
    assert [r.result for r in course["runs"]] == ["ok", "failed", "died", "ok"]
    assert runner.exit_code(course["runs"]) == 1
    assert runner.exit_code([r for r in course["runs"] if r.ok]) == 0


def test_kernels_are_fresh_and_run_beside_the_notebook(course):
    first, last = outputs(course["out"] / "00_good.ipynb"), outputs(course["out"] / "03_good.ipynb")
    assert first.split() == ["smoke", str(course["nbs"]), "2"]
    assert last.strip() == "False"
    assert outputs(course["nbs"] / "00_good.ipynb") == ""  # the lesson itself stays as it was


def test_failing_cell_is_shown_with_its_traceback(course):
    bad = course["runs"][1]
    assert (bad.cell, bad.n_cells) == (2, 3)
    text = course["text"]
    assert (
        "01_bad, code cell 2 of 3: failed" in text
        and "return a/0" in text
        and "ZeroDivisionError" in text
    )
    assert "\x1b" not in text  # a file gets no colour codes
    assert "never" not in outputs(course["out"] / "01_bad.ipynb")


def test_dead_kernel_is_reported_as_such(course):
    died = course["runs"][2]
    assert died.cell == 2 and "kernel died" in died.error and "memory ran out" in died.error


def test_peak_memory_is_that_of_the_kernel(course):
    peaks = [r.peak_mb for r in course["runs"]]
    assert peaks[0] > 180 and peaks[0] > peaks[3] + 100  # it held 150 MB more


def test_summary_and_record(course):
    tail = course["text"][course["text"].rindex("lesson  ") :]
    for r in course["runs"]:
        assert r.stem in tail
    assert "failed (cell 2)" in tail and "2 of 4 ok" in tail
    record = json.loads((course["out"] / "run.json").read_text(encoding="utf-8"))
    assert record["01_bad"]["result"] == "failed" and "\x1b" not in record["01_bad"]["error"]
    timings = json.loads((course["out"].parent / "timings.json").read_text(encoding="utf-8"))
    assert set(timings["smoke"]) == {"00_good", "03_good"}  # only whole runs say how long one takes
    assert not list(course["tmp"].rglob("*.part"))


def test_no_kernel_is_left_behind(course):
    time.sleep(0.2)
    kernels = [
        c
        for c in psutil.Process().children(recursive=True)
        if "ipykernel_launcher" in " ".join(c.cmdline() if c.is_running() else [])
    ]
    assert not [k for k in kernels if k.status() != psutil.STATUS_ZOMBIE]


# ---- the page ----------------------------------------------------------------------------------
def test_page_opens_without_a_network(course):
    pages = sorted(course["out"].glob("*.html"))
    assert [p.name for p in pages] == [
        "00_good.html",
        "01_bad.html",
        "02_dies.html",
        "03_good.html",
        "index.html",
    ]
    for p in pages:
        text = p.read_text(encoding="utf-8")
        assert (
            "<script" not in text
            and 'src="http' not in text
            and "@import" not in text
            and "url(http" not in text
        )


def test_index_lists_title_promise_result_and_sections(course):
    text = (course["out"] / "index.html").read_text(encoding="utf-8")
    assert "First lesson" in text and "After this you can add." in text and "failed, cell 2" in text
    assert 'href="00_good.html#A-section"' in text
    lesson = (course["out"] / "00_good.html").read_text(encoding="utf-8")
    assert 'id="A-section"' in lesson and 'href="01_bad.html"' in lesson


def test_formulas_are_pictures_and_code_is_left_alone(course):
    text = (course["out"] / "00_good.html").read_text(encoding="utf-8")
    assert 'class="math"' in text and "data:image/svg+xml" in text and "<code>$5</code>" in text
    assert report.draw_formulas("```\n$x$\n```\nand $y$").count("<img") == 1
    assert report.draw_formulas("it costs $5 and then $6") == "it costs $5 and then $6"
    assert (
        report.draw_formulas(r"$$\begin{aligned}a &= b \\ c &= d\end{aligned}$$").count("<img") == 2
    )
    assert report.draw_formula(r"\nosuchcommand{x}") == r"<code>\nosuchcommand{x}</code>"


def test_hidden_cells_and_widgets_stay_out_of_the_page():
    nb = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("#| hide\nsecret = 1"),
            nbformat.v4.new_code_cell("#| default_exp a"),
            nbformat.v4.new_code_cell(
                "#| export\nshown = 1",
                outputs=[
                    nbformat.v4.new_output(
                        "display_data",
                        {
                            "application/vnd.jupyter.widget-view+json": {"model_id": "a"},
                            "text/plain": "a bar",
                        },
                    )
                ],
            ),
        ]
    )
    body = report.lesson_body(nb, ".")
    assert "secret" not in body and "default_exp" not in body and "shown" in body
    assert "a bar" in body and "<script" not in body


def test_a_second_run_keeps_the_pages_of_the_first(course):
    again = runner.run_course(course["lessons"][3:], course["out"], "smoke", stream=io.StringIO())
    assert [r.result for r in again] == ["ok"]
    text = (course["out"] / "index.html").read_text(encoding="utf-8")
    assert "First lesson" in text and "03_good.html" in text


# ---- stopping ----------------------------------------------------------------------------------
def test_time_limit(tmp_path):
    path = notebook(tmp_path / "nbs", "00_slow", "import time; time.sleep(120)")
    run = runner.run_lesson(path, tmp_path / "out", "smoke", limit=4)
    assert run.result == "too long" and "limit" in run.error and run.cell == 1
    assert (tmp_path / "out" / "00_slow.ipynb").is_file()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_stops_the_kernel_and_sums_up(tmp_path):
    mark = tmp_path / "pid"
    lessons = [
        notebook(
            tmp_path / "nbs",
            "00_slow",
            f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)",
        ),
        notebook(tmp_path / "nbs", "01_next", "1"),
    ]

    def press():
        for _ in range(600):
            time.sleep(0.05)
            if mark.exists() and mark.read_text():
                break
        os.kill(os.getpid(), signal.SIGINT)

    stream = io.StringIO()
    threading.Thread(target=press, daemon=True).start()
    runs = runner.run_course(lessons, tmp_path / "_runs" / "smoke", "smoke", stream=stream)
    assert [r.result for r in runs] == ["stopped", "not run"] and runner.exit_code(runs) == 130
    assert "stopped" in stream.getvalue() and "01_next" in stream.getvalue()
    pid = int(mark.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_file_that_is_no_notebook_fails_alone(tmp_path):
    (tmp_path / "00_odd.ipynb").write_text("not json", encoding="utf-8")
    run = runner.run_lesson(tmp_path / "00_odd.ipynb", tmp_path / "out", "smoke")
    assert run.result == "failed" and "can't be read as a notebook" in run.error


# ---- choosing ----------------------------------------------------------------------------------
def test_choose_lessons(tmp_path):
    for stem in ("00_start", "04_losses", "04_losses_tf", "05_metrics", "notes"):
        notebook(tmp_path, stem)
    notebook(tmp_path / "solutions", "05_metrics")
    lessons = runner.list_lessons(tmp_path)
    stems = lambda wanted: [p.stem for p in runner.choose_lessons(wanted, lessons)]
    assert stems([]) == ["00_start", "04_losses", "04_losses_tf", "05_metrics"]
    assert stems(["metrics", "0"]) == ["00_start", "05_metrics"]
    assert stems(["04"]) == stems(["4"]) == ["04_losses", "04_losses_tf"]
    assert stems(["nbs/05_metrics.ipynb"]) == ["05_metrics"]
    with pytest.raises(ValueError, match="no lesson 'metrix'.*05_metrics"):
        stems(["metrix"])


def test_find_checkout(tmp_path, monkeypatch):
    notebook(tmp_path / "nbs", "00_start")
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert runner.find_checkout(tmp_path / "a" / "b") == tmp_path.resolve()
    (tmp_path / "pyproject.toml").unlink()
    with pytest.raises(FileNotFoundError, match="not inside a checkout"):
        runner.find_checkout(tmp_path / "a")


def test_kernel_env():
    env = runner.kernel_env(
        "smoke", {"MPLBACKEND": "Agg", "IN_TEST": "1", "PYTHONHASHSEED": "5", "MLC_PROFILE": "gpu"}
    )
    assert (
        env["MLC_PROFILE"] == "smoke"
        and env["PYTHONHASHSEED"] == "5"
        and env["TF_CPP_MIN_LOG_LEVEL"] == "2"
    )
    assert "MPLBACKEND" not in env and "IN_TEST" not in env
    assert ("MALLOC_TRIM_THRESHOLD_" in env) == sys.platform.startswith("linux")


# ---- the bar -----------------------------------------------------------------------------------
class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_shows_lesson_cell_elapsed_and_expected(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    bar = Progress({"00_a": 10.0, "01_b": 30.0}, Terminal())
    line = bar.line("00_a", 3, 8, 1.0)
    assert "lesson 1/2 00_a" in line and "cell 4/8" in line and "0:00 of about 0:40" in line
    bar.finish(LessonRun("00_a", "ok", 20.0))
    assert (
        bar.pace() == 2.0 and bar.total("01_b", 0.0) == 80.0
    )  # half as fast as expected: so will be the rest
    assert "lesson 2/2 01_b" in bar.line("01_b", 0, 3, 0.0)


def test_bar_is_not_drawn_into_a_file():
    stream = io.StringIO()
    bar = Progress({"00_a": 1.0}, stream)
    bar.tick("00_a", 0, 1, 0.5)
    assert stream.getvalue() == ""
    bar.finish(LessonRun("00_a", "ok", 1.0, 500.0))
    assert stream.getvalue().count("\n") == 1 and "\r" not in stream.getvalue()


def test_expected_seconds_prefers_this_machine(monkeypatch):
    monkeypatch.setitem(runner.SHIPPED_SECONDS, "laptop", {"00_a": 7.0, "01_b": 8.0})
    assert runner.expected_seconds(["00_a", "01_b", "02_c"], "laptop", {"00_a": 3}) == {
        "00_a": 3.0,
        "01_b": 8.0,
        "02_c": 60.0,
    }


def test_clock():
    assert [runner.clock(s) for s in (0, 59.6, 61, 3661)] == ["0:00", "1:00", "1:01", "1:01:01"]


def test_a_profile_with_markup_in_its_name_is_escaped_on_every_page(tmp_path):
    notebook(tmp_path, "00_good", "x = 2")
    row = dict(stem="00_good", result="ok", seconds=1.0, peak_mb=9.0, when=0.0, exit_code=0)
    fields = {f: None for f in LessonRun.__dataclass_fields__} | row
    report.write_report(tmp_path, {"00_good": fields}, "<b>mine</b>&")
    for page in ("index.html", "00_good.html"):
        text = (tmp_path / page).read_text(encoding="utf-8")
        assert "&lt;b&gt;mine&lt;/b&gt;&amp;" in text and "<b>mine" not in text
