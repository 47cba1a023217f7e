"The figures of the lesson on several outputs show what they are given."

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pandas as pd
from figure_kit import labelled
from PIL import Image

from mlc_course.figures import multi_output as draw

IMAGE = np.zeros((6, 8, 3), np.uint8)


def test_each_car_is_titled_with_its_facts(tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    cars = pd.DataFrame({"fname": ["a.png"], "brand": "Audi", "type": "SUV", "year": 2012})
    fig = draw.car_sheet(tmp_path, cars)
    assert [ax.get_title() for ax in fig.axes] == ["Audi\nSUV, 2012"]


def test_each_class_has_a_bar_with_its_number():
    counts = {"brand": pd.Series({"Audi": 3, "Other": 5}), "age": pd.Series({"old": 8, "new": 0})}
    axes = draw.class_counts(counts, "How often?")
    assert [[bar.get_height() for bar in ax.patches] for ax in axes] == [[3, 5], [8, 0]]
    assert [t.get_text() for ax in axes for t in ax.texts] == ["3", "5", "8", "0"]
    assert [ax.get_title() for ax in axes] == ["brand", "age"]


def test_each_training_has_a_curve_and_the_majority_a_line():
    ax = draw.accuracy_curves({"plain": [0.5, 0.6], "one cycle": [0.7, 0.9]}, 0.45)
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [[0.5, 0.6], [0.7, 0.9]]
    assert set(ax.lines[2].get_ydata()) == {0.45} and labelled(ax)


def test_counts_stand_in_the_row_of_their_true_class():
    matrix = np.array([[7, 1], [0, 4]])
    ax = draw.confusion_table(matrix, ["a", "b"], "Brand")
    found = {t.get_position(): t.get_text() for t in ax.texts}
    assert found == {(0, 0): "7", (1, 0): "1", (1, 1): "4"}
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"] and labelled(ax)


def test_a_wrong_answer_is_marked_and_the_truth_beside_it():
    said = pd.DataFrame({"brand": ["Audi", "BMW"], "age": ["old", "new"]})
    truth = pd.DataFrame({"brand": ["Audi", "Audi"], "age": ["old", "new"]})
    fig = draw.answers([IMAGE, IMAGE], said, truth)
    first, second = (ax.get_title(loc="left") for ax in fig.axes[:2])
    assert first == "right: Audi\nright: old"
    assert second == "WRONG: BMW (truth: Audi)\nright: new"


def test_mistakes_are_one_minus_what_is_right():
    results = pd.DataFrame(
        {"kind": ["one", "one", "three"], "seed": [0, 1, 0], "a": [0.9, 0.8, 0.75], "all": 0.5}
    )
    ax = draw.mistakes(results, ["a", "all"], {"a": 0.25, "all": 0.1})
    drawn = [list(line.get_xdata()) for line in ax.lines]
    np.testing.assert_allclose(drawn, [[0.1, 0.5], [0.2, 0.5], [0.25, 0.5], [0.75, 0.9]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "all"]
    assert ax.get_xscale() == "log" and labelled(ax)
    assert len(ax.get_legend().get_texts()) == 3


def test_a_form_is_filled_in_only_where_the_network_is_sure():
    said = pd.DataFrame({"brand": ["Audi"], "age": ["old"]})
    fig = draw.forms([IMAGE], said, pd.DataFrame({"brand": [0.97], "age": [0.6]}), 0.9)
    texts = [t.get_text() for t in fig.axes[1].texts]
    assert texts == ["brand", "Audi", "97%", "age", "old?", "60%, please check"]
    sure = draw.forms([IMAGE], said, pd.DataFrame({"brand": [0.999], "age": [0.994]}), 0.9)
    assert [t.get_text() for t in sure.axes[1].texts][2::3] == ["over 99%", "99%"]
