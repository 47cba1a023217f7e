"Figures of the appendices: they show the numbers they are given, and say what is on their axes."

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")


from mlc_course.figures import pixels, postcards, residual, safety  # noqa: E402


def named(ax):
    "Title and axis labels are there."
    assert ax.get_title() and ax.get_xlabel() and ax.get_ylabel()
    return ax


def marks(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_bars_are_the_shares_from_the_rarest_to_the_most_frequent():
    ax = named(postcards.label_shares(["a", "b", "c"], [0.2, 0.05, 0.1]))
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [5, 10, 20])
    assert marks(ax) == ["b", "c", "a"]


def test_labels_per_image_are_counted():
    ax = named(postcards.labels_per_image([0, 1, 1, 2]))
    assert [bar.get_height() for bar in ax.patches] == [25, 50, 25]


def test_meetings_show_every_pair():
    lift = np.array([[np.nan, 2.0], [2.0, np.nan]])
    ax = named(postcards.meetings(lift, ["moon", "stars"]))
    np.testing.assert_array_equal(ax.images[0].get_array().filled(np.nan), lift)
    assert marks(ax) == ["moon", "stars"]


def test_images_side_by_side_count_their_pixels():
    fig = postcards.side_by_side([np.zeros((4, 6, 3)), np.ones((2, 2, 3))], ["a", "b"], "Both")
    assert [ax.get_title() for ax in fig.axes] == ["a", "b"]
    assert [ax.images[0].get_array().shape for ax in fig.axes] == [(4, 6, 3), (2, 2, 3)]
    assert all(named(ax) for ax in fig.axes) and fig.get_suptitle() == "Both"


@pytest.mark.parametrize(
    "draw",
    [
        lambda: postcards.outlines_that_change({"a": 0.5, "b": 0.0, "c": 1.0}),
        lambda: postcards.f1_by_label([0.5, 0.0, 1.0], [0.1, 0.2, 0.3], ["a", "b", "c"]),
    ],
)
def test_dots_rise_from_the_lowest(draw):
    ax = named(draw())
    x = ax.lines[0].get_xdata()
    assert list(x / max(x)) == [0, 0.5, 1]
    assert [name[0] for name in ax.lines[0].get_ydata()] == ["b", "a", "c"]


def test_costs_are_dots_on_a_logarithmic_axis_with_their_values():
    ax = pixels.dots({"slow": 1234.5, "fast": 0.237}, "Costs", "microseconds")
    assert ax.get_xscale() == "log" and list(ax.lines[0].get_xdata()) == [1234.5, 0.237]
    assert [text.get_text() for text in ax.texts] == ["1,234", "0.24"]
    low, high = ax.get_xlim()
    assert low < 0.237 and high > 1234.5 and marks(ax) == ["slow", "fast"]


def test_maps_are_as_tall_as_their_side_and_stand_apart():
    ax = named(residual.shape_of_network(["image", "stem"], [64, 32], [3, 160]))
    left, right = ax.patches
    assert (left.get_height(), right.get_height()) == (64, 32)
    assert left.get_x() + left.get_width() < right.get_x() and right.get_width() == pytest.approx(
        10
    )


def test_training_curves_average_steps_and_tell_the_networks_apart():
    losses = [0.6] * 10 + [0.4] * 5
    curves = {"plain, 20": losses, "plain, 56": losses, "residual, 20": losses}
    ax = named(residual.training_curves(curves, 0.3))
    a, b, c, base = ax.lines
    np.testing.assert_allclose(a.get_ydata(), [0.6, 0.4])
    assert list(a.get_xdata()) == [10, 15]
    assert a.get_color() == c.get_color() != b.get_color()
    assert a.get_linestyle() == b.get_linestyle() != c.get_linestyle()
    assert list(base.get_ydata()) == [0.3, 0.3]


def test_resumed_trainings_are_three_lines_and_a_mark():
    ax = named(safety.resumed([3, 2, 1], [3, 2, 2], [3, 2, 1], 2))
    assert [len(line.get_ydata()) for line in ax.lines] == [3, 3, 3, 2]
    assert len(ax.get_legend().get_texts()) == 3
