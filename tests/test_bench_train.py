"`mlc bench train`: that it compares like with like and says what it did. Never how fast anything is."

import json

import pytest
import torch

from mlc_course.tools import bench, cli
from mlc_course.tools.bench import card
from mlc_course.tools.bench import plain as recipe
from mlc_course.tools.bench import train as bench_train


@pytest.fixture(scope="module")
def report():
    return bench_train.bench_train(
        (32,),
        n=160,
        epochs=2,
        batch_size=16,
        rounds=1,
        frameworks=("nothing_of_that_name",),
        profile="smoke",
    )


def test_every_comparison_is_made(report):
    text, rows = str(report), report.to_dict()["rows"]
    for what in (
        "one batch in memory",
        "random resized crop",
        "later pass of the head",
        "below 1 % of a step",
        "all included",
        "nothing_of_that_name isn't installed",
    ):
        assert what in text
    assert "160 train" in text and "images/s" in text
    timed = [r for r in rows if r["ours_s"]]
    assert len(timed) == 6 and all(
        r["ratio"] == pytest.approx(r["reference_s"] / r["ours_s"]) for r in timed
    )
    json.dumps(report.to_dict(), default=float)


def test_the_plain_recipe_starts_from_our_network_and_weights(squares, tiny):
    from mlc_course.train_torch import make_data, make_model

    x, _ = next(iter(make_data(squares, tiny)["valid"]))
    mean, std = (
        torch.tensor(o).view(3, 1, 1) for o in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    plain, ours = (
        recipe.plain_model(squares.vocab, tiny).eval(),
        make_model(squares.vocab, tiny).eval(),
    )
    torch.testing.assert_close(
        plain((x - mean) / std), torch.sigmoid(ours(x)), atol=1e-5, rtol=1e-4
    )


def test_the_plain_recipe_serves_the_same_pictures(squares, tiny):
    from mlc_course.train_torch import make_data

    x, y = next(iter(recipe.plain_loader(squares, "valid", 32, 24, train=False, workers=0)))
    u, v = next(iter(make_data(squares, tiny)["valid"]))
    assert torch.equal(y, v[:24])
    mean, std = (
        torch.tensor(o).view(3, 1, 1) for o in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    torch.testing.assert_close(x * std + mean, u[:24].contiguous(), atol=1e-5, rtol=0)
    strong = recipe.plain_transform(32, strong=True)
    assert [type(o).__name__ for o in strong.transforms] == [
        "Resize",
        "RandomHorizontalFlip",
        "ColorJitter",
        "RandomAffine",
        "ToTensor",
        "Normalize",
    ]


def test_plain_training_learns(squares, tiny):
    from dataclasses import replace

    seconds, mAP = recipe.plain_training(squares, replace(tiny, epochs=8))
    assert seconds > 0 and mAP > 0.8


def test_the_part_for_a_card_runs_on_a_processor():
    report = bench.Report("", "")
    card.bench_card(
        report, lambda text: None, archs=("resnet18",), size=32, batch_size=8, n=32, rounds=1
    )
    assert len(report.rows) == 2 and all(r.goal == "90 % of it or more" for r in report.rows)


def test_too_few_pictures_are_refused(squares):
    with pytest.raises(ValueError, match="four batches of 64"):
        bench_train.bench_train((32,), n=100, batch_size=64, profile="smoke")


def test_the_command_exits_with_1_on_a_missed_goal(monkeypatch, capsys):
    made = {}

    def fake(sizes, n, epochs, **kwargs):
        made.update(sizes=sizes, n=n, epochs=epochs, **kwargs)
        return bench.Report(
            "mlc bench train", "", [bench.Row("a", "b", 1.0, 2.0, "4 times", met=made["n"] > 200)]
        )

    monkeypatch.setattr(bench_train, "bench_train", fake)
    assert (
        cli.main(
            ["bench", "train", "--images", "200", "--size", "64", "--size", "32", "--epochs", "3"]
        )
        == 1
    )
    assert (made["sizes"], made["n"], made["epochs"], made["full"]) == ((64, 32), 200, 3, False)
    assert cli.main(["bench", "train", "--json"]) == 0 and made["sizes"] == (64, 128)
    assert bench_train.main(["--sizes", "32", "--images", "150"]) == 1
