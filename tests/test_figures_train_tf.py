"Figures of the lesson on TensorFlow: what is drawn is what was measured."

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("Agg")
from mlc_course.figures import train_tf as draw


def test_runs_are_drawn_by_epoch_from_1():
    runs = {"plain": [0.5, 0.6, 0.7], "one cycle": [0.4, 0.6, 0.8]}
    (ax,) = draw.compare_runs(runs).axes
    drawn = {line.get_label(): line for line in ax.lines}
    assert list(drawn) == list(runs)
    for name, values in runs.items():
        np.testing.assert_array_equal(drawn[name].get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(drawn[name].get_ydata(), values)
    assert ax.get_title() and ax.get_xlabel() == "epoch" and ax.get_ylabel()


def test_learning_curves_show_both_splits_and_both_scores():
    history = pd.DataFrame(
        dict(
            epoch=[0, 1],
            train_loss=[0.3, 0.2],
            valid_loss=[0.4, 0.3],
            valid_map=[0.5, 0.6],
            valid_macro_f1=[0.4, 0.5],
        )
    )
    left, right = draw.learning_curves(history).axes
    assert [list(line.get_ydata()) for line in left.lines] == [[0.3, 0.2], [0.4, 0.3]]
    assert [list(line.get_ydata()) for line in right.lines] == [[0.5, 0.6], [0.4, 0.5]]
    assert list(left.lines[0].get_xdata()) == [1, 2]
    for ax in (left, right):
        assert len({line.get_linestyle() for line in ax.lines}) == 2 and ax.get_legend()


def test_bars_stand_beside_each_other_and_carry_their_values():
    right, wrong = {"-1 to 1": 0.8, "0 to 1": 0.6}, {"-1 to 1": 0.8, "0 to 1": 0.7}
    (ax,) = draw.range_bars({"right": right, "wrong": wrong}).axes
    heights = [[bar.get_height() for bar in group] for group in ax.containers]
    assert heights == [[0.8, 0.6], [0.8, 0.7]]
    edges = sorted((b.get_x(), b.get_x() + b.get_width()) for b in ax.patches)
    assert all(end <= start for (_, end), (start, _) in zip(edges, edges[1:]))
    assert [t.get_text() for t in ax.texts] == ["0.80", "0.60", "0.80", "0.70"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["-1 to 1", "0 to 1"]
