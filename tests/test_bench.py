"`mlc bench`: that it compares like with like and says what it did. Never how fast anything is."

import json

import numpy as np
import pytest

from mlc_course.tools import bench, cli
from mlc_course.tools.bench import metrics


@pytest.fixture(scope="module")
def report():
    return bench.bench_metrics(600, 6, n_thresholds=40, repeats=1)


def test_every_comparison_is_made(report):
    text, rows = str(report), report.to_dict()["rows"]
    for what in (
        "f1_score in a loop",
        "MultilabelPrecisionRecallCurve",
        "np.sort",
        "nine scikit-learn calls",
        "scikit-learn's three",
        "evaluate, 600 x 200",
        "binary_cross_entropy",
        "pos_weight",
    ):
        assert what in text
    assert "600 images, 6 labels" in text and "timed at 5 thresholds" in text
    assert all(
        r["ours_s"] > 0
        and r["reference_s"] > 0
        and r["goal"]
        and r["ratio"] == pytest.approx(r["reference_s"] / r["ours_s"])
        for r in rows
    )
    json.dumps(report.to_dict(), default=float)


def test_without_torchmetrics_the_rows_say_so(monkeypatch):
    monkeypatch.setattr(metrics, "_torchmetrics", lambda name: None)
    report = bench.Report("", "")
    metrics._bench_sort(report, bench.scores_like(300, 4), 10, 1)
    assert (
        "torchmetrics isn't installed" in str(report)
        and report.rows[-1].met is None
        and report.rows[-1].ratio is None
    )


def test_a_wrong_answer_is_not_timed(monkeypatch):
    from mlc_course import thresholds

    right = thresholds.counts_at
    monkeypatch.setattr(thresholds, "counts_at", lambda p, t: (right(p, t)[0] + 1, right(p, t)[1]))
    with pytest.raises(AssertionError, match="differ"):
        metrics._bench_sweep(bench.Report("", ""), bench.scores_like(300, 4), 10, 1)
    monkeypatch.setattr(metrics, "_three_rankings", lambda p: [1.0, 2.0, 3.0])
    with pytest.raises(AssertionError, match="ranking measures, 300 x 4"):
        metrics._bench_ranking(bench.Report("", ""), bench.scores_like(300, 4), 10, 1)
    with pytest.raises(AssertionError, match="worth nothing"):
        bench.agree("x", [1.0, 2.0], [1.0, 2.1])


def test_functions_take_turns():
    calls = []
    times = bench.in_turn(
        lambda: calls.append("a"), lambda: calls.append("b"), repeats=3, min_time=0
    )
    assert len(times) == 2 and "".join(calls) == "aabb" + "ab" * 3


def test_the_command(monkeypatch, capsys):
    def small(n, c, say):
        assert (n, c) == (700, 5)
        return bench.Report("t", "s", [bench.Row("x", "y", 1.0, 2.0, "g", met)])

    monkeypatch.setattr(metrics, "bench_metrics", small)
    for met, code in ((True, 0), (False, 1), (None, 0)):
        assert cli.main(["bench", "metrics", "--images", "700", "--labels", "5", "--json"]) == code
        assert json.loads(capsys.readouterr().out)["rows"][0]["ratio"] == 2
    assert (
        cli.main(["bench", "metrics", "--images", "700", "--labels", "5"]) == 0
        and "its time / ours" in capsys.readouterr().out
    )


def test_scores_are_predictions_with_every_label():
    p = bench.scores_like(500, 30)
    assert (
        p.targets.any(0).all()
        and p.targets.mean(0)[0] > p.targets.mean(0)[-1]
        and ((p.probs > 0) & (p.probs < 1)).all()
    )
    assert np.array_equal(p.probs, bench.scores_like(500, 30).probs)
