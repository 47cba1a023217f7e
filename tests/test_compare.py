"""Lesson 11: agreement between frameworks, trainings measured in processes of their own, lines of
code.
"""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mlc_course import compare, extras
from mlc_course.backbones import create_model, get_arrays
from mlc_course.compare import (
    TOLERANCES,
    TRAINERS,
    Disagreement,
    MeasuredRun,
    agreement,
    code_lines,
    compare_frameworks,
    measured_run,
    measured_runs,
    observe_fastai,
    observe_tensorflow,
    observe_torch,
    peak_memory_mb,
    plot_comparison,
    summarise,
)
from mlc_course.scores.agreement import largest_difference
from mlc_course.settings import Profile
from mlc_course.tables import open_dataset
from mlc_course.training import side_by_side

OBSERVE = dict(fastai=observe_fastai, torch=observe_torch, tensorflow=observe_tensorflow)


@pytest.fixture(scope="module")
def batch():
    "Weights whose last layers of blocks aren't silent, and a batch of noise."
    torch.manual_seed(0)
    net = create_model(5, pretrained=True)
    torch.nn.init.normal_(net.head.weight, 0, 0.1)
    rng = np.random.default_rng(0)
    return (
        get_arrays(net),
        rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8),
        rng.random((8, 5)) < 0.3,
    )


@pytest.fixture(scope="module")
def exact(batch):
    return {name: f(*batch, dtype="float64") for name, f in OBSERVE.items()}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    "A few postcards as a table."
    profile = Profile("tiny", n_images=90, image_size=16, batch_size=16, epochs=2, precision="fp32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLC_HOME", str(tmp_path_factory.mktemp("home")))
        yield open_dataset("postcards", profile=profile), profile


# ---- agreement ----------------------------------------------------------------------------------
def test_the_three_agree_to_ten_digits_but_for_the_running_variance(exact):
    df = agreement(exact, 1e-10)
    assert set(df.quantity) == set(TOLERANCES) and len(df) == 3 * len(TOLERANCES)
    bad = df[~df.agree]
    assert set(bad.quantity) == {"running variances"} and set(bad.pair) == {
        "fastai, tensorflow",
        "torch, tensorflow",
    }


def test_in_float32_they_agree_within_the_stated_tolerances(batch):
    df = agreement({name: f(*batch) for name, f in OBSERVE.items()})
    assert set(df[~df.agree].quantity) <= {"running variances"}


def test_what_is_observed_is_really_there(exact, batch):
    "The numbers aren't empty, and a step of the rate has been made along the gradient."
    arrays, x, y = batch
    o = exact["torch"]
    assert (
        o["logits, training"].shape == (8, 5)
        and np.abs(o["logits, training"] - o["logits, evaluating"]).max() > 1e-3
    )
    before = np.concatenate([arrays[k].ravel() for k in sorted(arrays) if "running" not in k])
    np.testing.assert_allclose(
        before - 0.1 * o["gradient, all weights"], o["weights after a step"], atol=1e-12
    )
    assert np.abs(o["gradient, head"]).max() > 1e-3 and o["gradient, first convolution"].shape == (
        16,
        3,
        3,
        3,
    )
    assert 0 < o["loss, ours"] == pytest.approx(o["loss, the library's"].item(), abs=1e-12)


def test_observing_leaves_keras_as_it_was(exact):
    import keras

    assert keras.config.floatx() == "float32" and keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("change", ["weight", "padding", "rate"])
def test_a_mistake_is_far_beyond_the_tolerance(batch, exact, change):
    arrays, x, y = batch
    if change == "weight":
        arrays = arrays | {
            "stages.2.conv1.weight": arrays["stages.2.conv1.weight"].swapaxes(2, 3).copy()
        }
    if change == "padding":
        x = np.roll(x, 1, 2)
    other = observe_torch(arrays, x, y, rate=0.2 if change == "rate" else 0.1)
    with pytest.raises(Disagreement, match="Start with the first"):
        agreement(dict(torch=exact["torch"], other=other), strict=True)


def test_strict_names_what_differs_and_by_how_much():
    one, two = dict(loss=1.0, logits=np.zeros((2, 3))), dict(loss=1.5, logits=np.zeros((2, 3)))
    with pytest.raises(
        Disagreement, match=r"loss: 0\.5 apart between a, b \(tolerance 0\.1\)\. Start"
    ):
        agreement(dict(a=one, b=two), 0.1, strict=True)
    assert agreement(dict(a=one, b=two), 1.0, strict=True).agree.all()
    df = agreement(dict(a=one, b=two, c=one), dict(loss=0.1, logits=0.0))
    assert df[~df.agree].pair.tolist() == ["a, b", "b, c"] and df.difference.max() == 0.5


def test_nan_never_agrees_with_a_number_but_with_nan():
    nan, inf = np.array([1.0, np.nan]), np.array([1.0, np.inf])
    assert not agreement(dict(a=dict(q=nan), b=dict(q=np.array([1.0, 2.0]))), 1e9).agree.any()
    assert agreement(dict(a=dict(q=nan), b=dict(q=nan)), 0.0).agree.all()
    assert (
        agreement(dict(a=dict(q=inf), b=dict(q=inf)), 0.0).agree.all()
        and not agreement(dict(a=dict(q=inf), b=dict(q=-inf)), 1e9).agree.any()
    )


@pytest.mark.parametrize(
    "observed, tolerances, says",
    [
        (dict(a=dict(q=1.0)), 1.0, "nothing to compare: observed holds a"),
        ({}, 1.0, "observed holds nothing"),
        (dict(a=dict(q=1.0), b=dict(r=1.0)), 1.0, "b has other quantities than a: q, r"),
        (dict(a=dict(q=1.0), b=dict(q=1.0)), dict(r=1.0), "No tolerance is stated for 'q'"),
        (dict(a=dict(q=np.zeros((2, 3))), b=dict(q=np.zeros((3, 2)))), 1.0, "another axis order"),
        (
            dict(a=dict(q=np.zeros((2, 3))), b=dict(q=np.zeros((2, 1)))),
            1.0,
            "can't be compared cell by cell",
        ),
        (dict(a=dict(q=[]), b=dict(q=[])), 1.0, "empty"),
    ],
)
def test_comparisons_that_mean_nothing_are_refused(observed, tolerances, says):
    with pytest.raises(ValueError, match=says):
        agreement(observed, tolerances)


@given(st.data())
def test_the_largest_difference_is_numpys(data):
    floats = st.floats(-1e6, 1e6, width=32)
    shape = data.draw(array_shapes(max_dims=3, max_side=4))
    a, b = (data.draw(arrays(np.float32, shape, elements=floats)) for _ in range(2))
    expected = np.abs(a.astype(float) - b.astype(float)).max()
    assert largest_difference(a, b) == largest_difference(b, a) == expected
    assert largest_difference(a, a) == 0


# ---- measuring ----------------------------------------------------------------------------------
def test_peak_memory_of_a_child_is_its_own():
    ballast = np.ones(60_000_000)  # 480 MB
    code = (
        "from mlc_course.compare import peak_memory_mb as p; a = p(); x = bytearray(100_000_000); "
        "x[::4096] = b'1'*len(x[::4096]); print(a, p())"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    before, after = map(float, out.split())
    assert peak_memory_mb() > 480 and len(ballast)
    assert before < 300 and 80 < after - before < 150


def test_two_seeds_in_one_process(small):
    table, profile = small
    a, b = measured_runs("torch", table, [profile, replace(profile, seed=1)])
    assert (a.framework, a.dataset, a.seed, b.seed, a.epochs, a.pretrained) == (
        "torch",
        "postcards",
        42,
        1,
        2,
        True,
    )
    assert 0 <= a.macro_f1 <= 1 and 0 <= a.mAP <= 1 and a.mAP != b.mAP
    assert 0 < a.epoch_seconds <= a.seconds and a.startup_seconds > 0.3
    assert 100 < a.imported_mb < a.peak_mb <= b.peak_mb


def test_a_measured_run_is_the_run_that_one_gets_here(small):
    from mlc_course import train_torch
    from mlc_course.metrics import evaluate
    from mlc_course.thresholds import best_thresholds_per_label

    table, profile = small
    there, here = (
        measured_run("torch", table, profile, threads=torch.get_num_threads()),
        train_torch.train(table, profile, progress=False).predictions,
    )
    assert there.mAP == pytest.approx(evaluate(here["test"]).mAP, abs=0.02)
    assert there.macro_f1 == pytest.approx(
        evaluate(here["test"], best_thresholds_per_label(here["valid"])).macro_f1, abs=0.05
    )


def test_failures_are_sentences(small, monkeypatch):
    table, profile = small
    with pytest.raises(
        ValueError, match="no framework called 'jax'; choose one of fastai, torch, tensorflow"
    ):
        measured_run("jax", table, profile)
    with pytest.raises(ValueError, match="no test rows"):
        measured_run("torch", table.subset(table.df.split.to_numpy() != "test"), profile)
    with pytest.raises(ValueError, match="at least one seed"):
        compare_frameworks(table, profile, seeds=())
    with pytest.raises(
        RuntimeError, match="Training with torch ended with exit code 1: .*no_such_net"
    ):
        measured_run("torch", table, replace(profile, arch="no_such_net"))
    monkeypatch.setattr(extras, "is_here", lambda name: False)
    with pytest.raises(ImportError, match="needs fastai, which isn't installed here: pip install"):
        measured_run("fastai", table, profile)


def test_compare_takes_turns_and_keeps_the_data(small, monkeypatch, capsys):
    table, profile = small
    seen = []

    def fake(framework, table, profiles, threads=None):
        seen.append((framework, [p.seed for p in profiles], len(table)))
        return [
            MeasuredRun(
                framework,
                table.name,
                p.pretrained,
                p.seed,
                2,
                0.5 + p.seed / 100,
                0.6,
                3.0,
                1.0,
                2.0,
                500.0,
                700.0 + p.seed,
            )
            for p in profiles
        ]

    monkeypatch.setattr(side_by_side, "measured_runs", fake)
    runs = compare_frameworks(table, profile, seeds=(5, 7))
    assert seen == [(f, [s], len(table)) for s in (5, 7) for f in TRAINERS]
    assert list(runs.columns) == list(MeasuredRun.__dataclass_fields__) and len(runs) == 6
    assert capsys.readouterr().out.count("macro F1") == 6
    seen.clear()
    compare_frameworks(table, profile, (5, 7), ("torch",), together=True, progress=False)
    assert seen == [("torch", [5, 7], len(table))] and not capsys.readouterr().out
    s = summarise(runs)
    assert s.index.tolist() == list(TRAINERS) and s.loc["torch", "runs"] == 2
    assert s.loc["fastai", "macro F1"] == pytest.approx(0.56) and s.loc[
        "fastai", "its spread"
    ] == pytest.approx(0.02)
    both = summarise(pd.concat([runs, runs.assign(pretrained=False)]))
    assert len(both) == 6 and both.index.names == ["framework", "pretrained"]
    fig = plot_comparison(runs, "title")
    assert [a.get_xlabel() for a in fig.axes] == [
        "macro F1 (test)",
        "mAP (test)",
        "seconds an epoch",
        "peak memory (MB)",
    ]
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == list(TRAINERS)


def test_what_is_no_table_of_runs_is_answered_with_a_sentence():
    for f in (summarise, plot_comparison):
        for wrong in (None, [1], pd.DataFrame(dict(framework=["torch"])), "runs.csv"):
            with pytest.raises(TypeError, match=r"compare_frameworks\(...\)"):
                f(wrong)
    with pytest.raises(TypeError, match="dict by framework"):
        agreement([np.ones(2), np.ones(2)])


# ---- lines of code ------------------------------------------------------------------------------
SOURCE = '''"""A module."""
import os

LIMIT = 3      # a constant

def train(x, # what
          y):
    """A docstring
    of two lines."""
    # a comment

    z = helper(x) + LIMIT; return z

def helper(x):
    "Docs."
    text = """two
lines"""
    return text

@property
def unused(): pass
'''


def test_code_lines(tmp_path, monkeypatch):
    (tmp_path / "some_trainer.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    df = code_lines("some_trainer", roots=("train",)).set_index("name")
    assert df.lines.to_dict() == dict(train=3, helper=4, LIMIT=1)
    assert df.statements.to_dict() == dict(train=3, helper=3, LIMIT=1)
    assert set(code_lines("some_trainer", roots=None).name) == {
        "LIMIT",
        "train",
        "helper",
        "unused",
    }
    with pytest.raises(ValueError, match="has no 'predict'; it has LIMIT, train, helper, unused"):
        code_lines("some_trainer", roots=("predict",))
    with pytest.raises(ValueError, match="not a module"):
        code_lines("no_such_module")


def test_code_lines_of_a_module_of_ours():
    df = code_lines("mlc_course.training.code_lines", ("code_lines",)).set_index("name")
    assert df.index[0] == "code_lines" and {"parts_of", "BLANK", "VERBS"} <= set(df.index)
    assert 15 < df.lines["code_lines"] <= 30 and (df.statements <= df.lines).all()


def test_importing_compare_loads_no_framework():
    code = (
        "import sys, mlc_course.compare; print(sorted({'torch', 'tensorflow', 'keras', 'fastai'} & "
        "set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_three_splits(small):
    table, _ = small
    assert compare.three_splits(table) is table
    two = table.subset(table.df.split.to_numpy() != "test")
    three = compare.three_splits(two)
    assert set(three.fnames("test")) == set(two.fnames("valid")) and set(
        three.fnames("train")
    ) | set(three.fnames("valid")) == set(two.fnames("train"))
    assert len(three.subset("valid")) == pytest.approx(
        0.2 * len(two.subset("train")), abs=2
    ) and set(two.splits) == {"train", "valid"}
