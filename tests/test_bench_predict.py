"""`mlc bench predict`: that every way answers the same and what is timed is said. Never how fast
anything is.
"""

import json

import numpy as np
import pytest

from mlc_course.tools import bench, cli
from mlc_course.tools.bench import predict as bench_predict


@pytest.fixture(scope="module")
def report():
    return bench_predict.bench_predict((32,), n=20, rounds=1, profile="smoke")


def test_every_way_is_compared_and_agrees(report):
    rows = report.to_dict()["rows"]
    assert [r["reference"].split(":")[0] for r in rows] == [
        bench_predict.TORCH,
        bench_predict.FASTAI,
        "",
    ]
    assert all("other labels for 0 of 20 files" in r["note"] for r in rows[:2])
    assert [r["goal"] for r in rows] == ["1.5 times or more", "3 times or more", "within 1.5 s"]
    assert (
        all(r["ratio"] == pytest.approx(r["reference_s"] / r["ours_s"]) for r in rows[:2])
        and rows[2]["ours_s"] > 0
    )
    json.dumps(report.to_dict(), default=float)


def test_scores_that_differ_stop_the_comparison(monkeypatch, tmp_path):
    given = {
        "ours": (0.1, [["a"]], np.array([[0.9]], np.float32)),
        bench_predict.TORCH: (0.1, [["a"]], np.array([[0.89]], np.float32)),
    }
    monkeypatch.setattr(bench_predict, "_timed", lambda way, folder, n: given[way])
    with pytest.raises(AssertionError, match="results differ"):
        bench_predict._bench_size(
            bench.Report("", ""), tmp_path, 32, 1, 1, (bench_predict.TORCH,), lambda text: None
        )


def test_a_way_that_fails_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="ours did not run"):
        bench_predict._timed("ours", tmp_path, 3)


def test_the_command_passes_its_options_on(monkeypatch):
    made = {}

    def fake(sizes, n, **kwargs):
        made.update(sizes=sizes, n=n, **kwargs)
        return bench.Report(
            "mlc bench predict", "", [bench.Row("a", "b", 1.0, 2.0, "3 times", met=n > 200)]
        )

    monkeypatch.setattr(bench_predict, "bench_predict", fake)
    assert (
        cli.main(["bench", "predict", "--images", "200", "--size", "64", "--data", "somewhere"])
        == 1
    )
    assert (made["sizes"], made["n"], made["dataset"]) == ((64,), 200, "somewhere")
    assert cli.main(["bench", "predict", "--json"]) == 0 and made["sizes"] == (64, 128)
