"The GPU bench: every line runs without one, and a part that fails doesn't stop the others."

import json

import pytest

from mlc_course import load_profile
from mlc_course.tools.bench import gpu

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")


def test_steps_and_copies_run_on_the_cpu_and_are_written_down(tmp_path):
    out, told = tmp_path / "gpu.json", []
    found = gpu.bench_gpu(("steps", "copies"), out=out, say=told.append, small=True)
    assert json.loads(out.read_text()) == found
    step = found["parts"]["steps"][0]
    assert step["arch"] == "resnet18" and step["images_a_second"] > 0
    assert step["share_of_fixed_batch"] > 0 and not step["compiled"]
    copies = found["parts"]["copies"]
    assert [row["work"] for row in copies] == ["head fit", "augmentation of an epoch"]
    if not torch.cuda.is_available():
        assert all("no GPU" in row["left_out"] for row in copies)
        assert "no GPU" in found["where"]["device"]


def test_a_part_that_fails_is_written_down_and_the_next_one_runs(monkeypatch, tmp_path):
    def broken(*args, **kwargs):
        yield dict(arch="resnet18")
        raise RuntimeError("the GPU fell off")

    monkeypatch.setattr(gpu, "steps", broken)
    found = gpu.bench_gpu(("steps", "copies"), out=tmp_path / "a.json", say=str, small=True)
    rows = found["parts"]["steps"]
    assert rows == [dict(arch="resnet18"), dict(failed="RuntimeError: the GPU fell off")]
    assert len(found["parts"]["copies"]) == 2


def test_an_unknown_part_is_named():
    with pytest.raises(ValueError, match="no part 'step'; the parts: trainers, steps"):
        gpu.bench_gpu(("step",))


def test_faults_are_survived_and_told():
    rows = list(gpu.faults())
    assert rows[0]["killed"] and rows[0]["same_history"]
    assert "memory" in rows[1]["sentence"].lower() and rows[1]["told"]
    assert rows[2]["told"] and "step" in rows[2]["sentence"]


@pytest.mark.slow
def test_the_trainers_give_scores_and_seconds():
    rows = list(gpu.trainers(load_profile("smoke")))
    assert {r["framework"] for r in rows} <= {"torch", "fastai"}
    for row in rows:
        assert "left_out" in row or (0 < row["valid_map"] <= 1 and row["seconds_an_epoch"] > 0)
