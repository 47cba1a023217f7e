"The figures of the loss lessons show what they are given."

import matplotlib

matplotlib.use("Agg")
import numpy as np

from mlc_course.figures import losses as draw


def labelled(ax):
    return ax.get_title() and ax.get_xlabel()


def test_readings_have_three_panels_with_their_values():
    fig = draw.readings(["a", "b"], [2.0, 0.0], [0.88, 0.12], [0.88, 0.5])
    assert [ax.get_title() for ax in fig.axes] == ["logits", "softmax", "sigmoid"]
    assert [t.get_text() for t in fig.axes[2].texts] == ["a 0.88", "b 0.50"]
    assert all(labelled(ax) for ax in fig.axes)


def test_the_costliest_label_stands_on_top():
    fig = draw.costs_of_an_image(
        np.zeros((4, 4, 3), np.uint8),
        ["sun", "boat", "tent"],
        np.array([1, 0, 1]),
        np.array([0.9, 0.4, 0.01]),
        np.array([0.1, 0.5, 4.6]),
        most=2,
    )
    image, bars = fig.axes
    assert image.get_title() == "there: sun, tent"
    assert [t.get_text() for t in bars.get_yticklabels()] == ["tent", "boat"]
    assert bars.yaxis_inverted() and labelled(bars)
    texts = [t.get_text() for t in bars.texts]
    assert sorted(texts) == ["p = 0.01", "p = 0.40"]


def test_an_image_without_labels_says_so():
    fig = draw.costs_of_an_image(np.zeros((2, 2, 3)), ["sun"], [0], [0.2], [0.22])
    assert fig.axes[0].get_title() == "there: nothing"


def test_curves_differ_in_style_and_colour():
    x = np.arange(5.0)
    fig = draw.curves(x, {"a": x, "b": -x}, "title", "x", "y", level=(1, "one"), ylim=(0, 2))
    (ax,) = fig.axes
    a, b = ax.get_lines()[:2]
    assert a.get_linestyle() != b.get_linestyle() and a.get_color() != b.get_color()
    np.testing.assert_array_equal(b.get_ydata(), -x)
    assert ax.get_ylim() == (0, 2) and labelled(ax) and ax.get_legend()


def test_two_kinds_marks_the_smallest_value():
    grid = np.array([0.1, 0.5, 0.9])
    z = np.ones((3, 3))
    z[2, 0] = 0
    fig = draw.two_kinds(grid, {"a": z, "b": z.T})
    assert "(0.10, 0.90)" in fig.axes[0].get_title() and "(0.90, 0.10)" in fig.axes[1].get_title()


def test_pushes_and_steps_show_every_loss():
    x = np.linspace(0, 1, 4)
    fig = draw.pushes(x, {"a": x, "b": x}, {"a": 1 - x, "b": 1 - x})
    assert [len(ax.get_lines()) for ax in fig.axes] == [2, 2]
    fig = draw.steps({"plain": (40.0, 1.0), "joined": (15.9, 0.0)})
    assert [t.get_text() for t in fig.axes[0].texts] == ["40.0", "15.9"]
    assert [t.get_text() for t in fig.axes[1].texts] == ["1.0", "0.0"]
