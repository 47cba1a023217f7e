"The figures of the lesson on metrics show what they are given."

import matplotlib

matplotlib.use("Agg")
import numpy as np
from figure_kit import labelled

from mlc_course.figures import metrics as draw


def test_bars_carry_their_accuracy():
    ax = draw.accuracy_bars({"A": 0.927, "B": 0.5})
    assert [bar.get_height() for bar in ax.patches] == [0.927, 0.5]
    assert [t.get_text() for t in ax.texts] == ["92.7%", "50.0%"]
    assert labelled(ax)


def test_the_most_frequent_label_is_on_top():
    targets = np.array([[1, 0, 1], [0, 0, 1]], bool)
    ax = draw.label_frequencies(["cat", "dog", "sun"], targets)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["dog", "cat", "sun"]
    assert [bar.get_width() for bar in ax.patches] == [0, 50, 100]
    assert labelled(ax)


def test_the_four_counts_stand_in_their_corners():
    ax = draw.two_by_two(1, 2, 3, 4, "sun")
    found = {t.get_position(): t.get_text() for t in ax.texts}
    assert found == {(0, 0): "tp\n1", (1, 0): "fn\n3", (0, 1): "fp\n2", (1, 1): "tn\n4"}
    assert "sun" in ax.get_title() and labelled(ax)


def test_batch_sizes_are_written_as_numbers():
    ax = draw.batch_curve([8, 16], [0.2, 0.4], 0.75)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["8", "16"]
    curve, line = ax.lines
    assert list(curve.get_ydata()) == [0.2, 0.4] and set(line.get_ydata()) == {0.75}
    assert labelled(ax)


def test_each_label_has_its_own_curve():
    ax = draw.precision_recall_curves({"a": ([1, 0.5], [0, 1]), "b": ([1, 1], [0, 1])})
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert len({line.get_color() for line in ax.lines}) == 2
    assert list(ax.lines[0].get_xdata()) == [0, 1] and labelled(ax)


def test_the_law_of_a_blind_model_is_drawn():
    ax = draw.f1_by_frequency(np.array([0.1, 0.2]), np.array([0.8, 0.9]), np.array([0.2, 0.3]))
    x, y = ax.lines[2].get_data()
    assert np.allclose(y, 2 * x / (1 + x)) and max(x) >= 0.2
    assert list(ax.lines[0].get_ydata()) == [0.8, 0.9] and labelled(ax)
