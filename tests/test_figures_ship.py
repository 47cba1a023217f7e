"The figures of the lesson on shipping show what they are given."

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pandas as pd

from mlc_course.figures import ship as draw

VOCAB = ["boat", "moon"]


def test_the_images_about_which_two_answers_differ_come_first():
    images = [np.full((8, 8, 3), 40 * k, np.uint8) for k in range(4)]
    there = np.array([[1, 0], [0, 1], [0, 0], [1, 1]], bool)
    other = there.copy()
    other[[1, 3]] = [[0, 0], [1, 0]]
    rows = {"there": there, "as in training": there, "usual recipe": other}
    fig = draw.two_answers(images, VOCAB, rows, shown=2)
    assert [int(ax.images[0].get_array()[0, 0, 0]) for ax in fig.axes] == [40, 120]
    text = fig.axes[0].get_title(loc="left").split("\n")
    assert text == ["there: moon", "as in training: moon", "usual recipe: nothing"]
    assert not any(ax.axison for ax in fig.axes) and fig.get_suptitle()


def test_names_are_in_the_order_of_the_vocab_and_none_has_a_word():
    assert draw.names_of(np.array([True, True]), VOCAB) == "boat, moon"
    assert draw.names_of(np.array([False, False]), VOCAB) == "nothing"


def test_each_mistake_has_two_bars_and_the_costliest_is_at_the_bottom():
    cost = pd.DataFrame({"mAP": [0.9, 0.5], "macro F1": [0.8, 0.1]}, index=["none", "twice"])
    ax = draw.mistake_bars(cost)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["twice", "none"]
    m_ap, f1 = ax.containers
    assert [bar.get_width() for bar in m_ap] == [0.5, 0.9]
    assert [bar.get_width() for bar in f1] == [0.1, 0.8]
    assert ax.get_title() and ax.get_xlabel() and ax.get_ylabel() and ax.get_legend()
