"Figures of both lessons 12: what they draw comes from what they are given."

import numpy as np
import pandas as pd
import pytest

from mlc_course.figures import look_inside, wrong_labels
from mlc_course.metrics import Predictions
from mlc_course.scores.looks import mistakes, worst_losses
from mlc_course.scores.wrong_labels import rank_label_issues


@pytest.fixture
def said(tmp_path):
    "Predictions about three files, and their folder."
    from PIL import Image

    for i, name in enumerate("xyz"):
        Image.new("RGB", (8, 8), (80 * i, 0, 0)).save(tmp_path / f"{name}.png")
    probs = [[0.9, 0.2], [0.05, 0.6], [0.3, 0.7]]
    targets = [[0, 0], [1, 1], [0, 0]]
    return Predictions(probs, targets, ["boat", "moon"], ["x.png", "y.png", "z.png"]), tmp_path


def titles(fig):
    return [ax.get_title() for ax in fig.axes if ax.get_title()]


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def test_a_sheet_has_every_image_below_its_title():
    images = [np.full((4, 4, 3), v, np.uint8) for v in (10, 20, 30)]
    fig = look_inside.sheet(images, ["a", "b\nc", "$5"], ncols=2, suptitle="all")
    assert titles(fig) == ["a", "b\nc", r"\$5"] and fig.get_suptitle() == "all"
    assert [shown(ax).max() for ax in fig.axes[:3]] == [10, 20, 30]
    assert len(fig.axes) == 4 and not fig.axes[3].images


def test_cells_and_mistakes_name_label_probability_and_truth(said):
    predictions, root = said
    fig = look_inside.show_cells(worst_losses(predictions, 2), root, "worst")
    assert titles(fig) == ["boat: 0.050\nthere, loss 3.0", "boat: 0.900\nnot there, loss 2.3"]
    assert shown(fig.axes[0])[0, 0, 0] == 80 and shown(fig.axes[1])[0, 0, 0] == 0
    fig = look_inside.show_mistakes(mistakes(predictions, 0.5), root)
    assert titles(fig)[0] == "false negative\nboat 0.05, cut 0.50" and len(titles(fig)) == 3


def test_maps_are_drawn_with_the_borders_of_their_cells():
    image, heat = np.full((16, 16, 3), 100, np.uint8), np.zeros((2, 4))
    heat[1, 3] = 1
    fig = look_inside.show_maps([[("plain", image, None, None), ("map", image, heat, None)]], "two")
    plain, mapped = fig.axes
    assert (shown(plain) == 100).all() and not plain.collections
    assert shown(mapped)[-1, -1, 0] > 180 and (shown(mapped)[0, 0] == 100).all()
    across, down = (len(c.get_segments()) for c in mapped.collections)
    assert (across, down) == (1, 3)
    scaled = look_inside.show_maps([[("map", image, heat, 10.0)]]).axes[0]
    assert abs(int(shown(scaled)[-1, -1, 0]) - 100) < 20


def test_suspects_say_what_is_given_and_what_is_true(said):
    predictions, root = said
    issues = np.array([[1, 0], [1, 0], [0, 0]], bool)
    ranked = rank_label_issues(predictions, issues)
    fig = wrong_labels.show_suspects(ranked, root, [True, False], "suspects")
    assert titles(fig) == [
        "given: boat\np = 0.050\nreally wrong",
        "given: no boat\np = 0.900\nthe label is right",
    ]


def test_two_rows():
    image = np.zeros((4, 4, 3), np.uint8)
    fig = wrong_labels.two_rows([(image, "a"), (image, "b")], [(image, "c"), (image, "d")], "q")
    assert titles(fig) == list("abcd") and fig.axes[0].get_subplotspec().get_gridspec().ncols == 2


def test_searches_are_dots_at_their_figures():
    search = pd.DataFrame({"precision": [0.4, 0.9], "recall": [0.6, 0.8]}, ["heads", "network"])
    ax = wrong_labels.plot_searches(search, 0.01)
    by_name = {line.get_label(): line for line in ax.lines}
    assert list(by_name["precision"].get_xdata()) == [0.4, 0.9]
    assert list(by_name["recall"].get_xdata()) == [0.6, 0.8]
    at = dict(zip((t.get_text() for t in ax.get_yticklabels()), ax.get_yticks()))
    assert at["heads"] == by_name["precision"].get_ydata()[0] > at["network"]
    assert by_name["precision of drawing at random"].get_xdata()[0] == 0.01


def test_known_and_unknown_are_shares():
    ax = wrong_labels.plot_known_unknown(np.array([0.99, 0.98]), np.array([0.1, 0.5, 0.9]), 0.75)
    assert "0.750" in ax.get_title()
    assert sum(p.get_height() for p in ax.containers[0]) == pytest.approx(1)


def test_every_resample_is_a_dot():
    runs = pd.DataFrame(dict(model=["a", "b", "a"], passes=[0.2, 0.5, 0.3]))
    ax = wrong_labels.plot_seeds(runs, "title")
    assert [list(line.get_xdata()) for line in ax.lines] == [[20, 30], [50]]
    names = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels())))
    assert [names[line.get_ydata()[0]] for line in ax.lines] == ["a", "b"]
    assert ax.get_title() == "title"
