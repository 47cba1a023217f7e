"The figures of the lessons that compare losses and frameworks show what they are given."

import matplotlib

matplotlib.use("Agg")
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from figure_kit import labelled

from mlc_course.figures import compare, comparison  # noqa: E402


def test_published_scores_stand_above_their_bars():
    ax = comparison.published({"a": 0.18, "b": 0.33})
    assert [t.get_text() for t in ax.texts] == ["0.18", "0.33"] and labelled(ax)
    assert ax.get_ylim()[1] > 0.35


def test_a_line_for_each_loss_over_the_rates():
    scores = pd.DataFrame([[0.1, 0.3], [0.4, 0.2]], index=["a", "b"], columns=[1e-3, 1e-2])
    (ax,) = comparison.by_rate(scores, "title").axes
    a, b = ax.get_lines()
    np.testing.assert_allclose(b.get_ydata(), [0.4, 0.2])
    assert a.get_linestyle() != b.get_linestyle() and a.get_marker() != b.get_marker()
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.001", "0.01"] and labelled(ax)


def test_a_panel_for_each_budget_and_kind_of_threshold():
    runs = pd.DataFrame(
        dict(
            loss=["a", "a", "b", "a", "b"],
            epochs=[1, 1, 1, 4, 4],
            half=[0.1, 0.3, 0.5, 0.6, 0.7],
            shared=[0.2, 0.4, 0.5, 0.8, 0.9],
        )
    )
    cuts = dict(half="threshold 0.5", shared="one shared")
    fig = comparison.seeds_and_cuts(runs, ["a", "b"], cuts, "title")
    assert len(fig.axes) == 4
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[0] == "1 epoch, threshold 0.5" and titles[3] == "4 epochs, one shared"
    dots, mean = fig.axes[1].get_lines()[:2]
    np.testing.assert_allclose(dots.get_xdata(), [0.2, 0.4])
    np.testing.assert_allclose(mean.get_xdata(), 0.3)
    assert fig.axes[0].get_ylim()[0] > fig.axes[0].get_ylim()[1]  # the first loss on top


def test_two_starts_hide_no_mark():
    z = {"fastai": np.zeros(5), "torch": np.zeros(5), "tensorflow": np.ones(5)}
    fig = compare.two_starts(np.zeros((4, 4, 3), np.uint8), [], z, z)
    image, seeded, carried = fig.axes
    assert image.get_title() == "(no label)" and carried.get_title() == "same weights"
    sizes = [line.get_markersize() for line in seeded.get_lines()]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3


def test_first_steps_and_drifts_are_logarithmic():
    gradient = np.logspace(-8, -2, 5)
    (ax,) = compare.first_steps(gradient, {"torch": gradient}, (1e-5, 1e-3)).axes
    assert ax.get_xscale() == "log" and labelled(ax)
    (ax,) = compare.drifts({"a": [0.0, 1e-3], "b": [1e-7, 1e-4]}).axes
    assert ax.get_yscale() == "log" and labelled(ax)
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), [1e-9, 1e-3])
    np.testing.assert_allclose(ax.get_lines()[0].get_xdata(), [1, 2])
