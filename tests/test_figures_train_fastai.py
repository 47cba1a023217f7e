"The figures of the lesson on fastai show what they are given."

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from figure_kit import labelled

from mlc_course.figures import train_fastai as draw


def test_the_plot_of_lr_find_gets_its_names_and_keeps_its_curve():
    ax = plt.subplots()[1]
    ax.plot([1, 2], [3, 4])
    assert labelled(draw.rates_tried(ax)) and len(ax.lines) == 1


def test_rate_and_momentum_are_drawn_step_by_step():
    left, right = draw.schedule([1, 3, 2], [0.95, 0.85, 0.95]).axes
    assert left.lines[0].get_ydata().tolist() == [1, 3, 2]
    assert right.lines[0].get_ydata().tolist() == [0.95, 0.85, 0.95]
    assert labelled(left) and labelled(right)


def test_each_way_has_a_line_and_each_seed_a_mark():
    table = pd.DataFrame({"seed 1": [0.2, 0.4, 0.5], "seed 2": [0.3, 0.3, 0.6]}, ["a", "b", "c"])
    ax = draw.ways(table)
    assert labelled(ax) and [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]
    found = [(line.get_marker(), list(line.get_xdata())) for line in ax.lines]
    assert found == [("o", [0.2, 0.4, 0.5]), ("s", [0.3, 0.3, 0.6])]
    low, high = ax.get_xlim()
    assert low == 0 and high > 0.6 * 1.1  # no mark on the frame
    assert ax.get_ylim() == (2.5, -0.5)  # the first way on top
