"The figures of lessons 00 and 01: what they draw is what they were given."

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from mlc_course.data.hot import cooccurrence, pairs_and_chance
from mlc_course.figures.start import RIGHT, WRONG, plot_probabilities, show_answers, show_cards
from mlc_course.figures.tasks import plot_counts, plot_errors, plot_in_test, plot_pairs

VOCAB = ["boat", "moon", "stars"]
IMAGES = [np.full((8, 8, 3), k, np.uint8) for k in range(5)]
PREDICTIONS = SimpleNamespace(
    probs=np.array([[0.9, 0.2, 0.6], [0.9, 0.5, 0.1], [0.1, 0.2, 0.3]]),
    targets=np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]], dtype=bool),
    vocab=VOCAB,
)


def test_cards_are_titled_with_their_labels():
    fig = show_cards([(o, VOCAB[:k]) for k, o in enumerate(IMAGES[:3])], "Which?", ncols=2)
    assert [ax.get_title() for ax in fig.axes] == ["(no label)", "boat", "boat, moon", ""]
    assert not any(ax.axison for ax in fig.axes)


def test_an_answer_is_right_only_where_every_label_is():
    fig = show_answers(IMAGES[:3], PREDICTIONS)
    titles = [ax.get_title().split("\n") for ax in fig.axes[:3]]
    assert titles[0] == ["right", "says: boat 90%, stars 60%", "there: boat, stars"]
    assert titles[1] == ["WRONG", "says: boat 90%", "there: boat, moon"]  # 0.5 isn't above 0.5
    assert titles[2] == ["right", "says: nothing", "there: nothing"]
    assert [ax.title.get_color() for ax in fig.axes[:3]] == [RIGHT, WRONG, RIGHT]


def test_bars_are_the_most_probable_labels_and_coloured_by_what_is_there():
    p = PREDICTIONS
    fig = plot_probabilities(IMAGES[:3], p.probs, p.targets, VOCAB, list("abc"), top=2)
    bars = [ax for ax in fig.axes if ax.patches]
    assert len(bars) == 3
    for ax, probs, there in zip(bars, p.probs, p.targets):
        names = [t.get_text() for t in ax.get_yticklabels()]
        assert names == [VOCAB[k] for k in np.argsort(-probs)[:2][::-1]]
        widths = [bar.get_width() for bar in ax.patches]
        assert widths == [probs[VOCAB.index(n)] for n in names]
        blue = [
            plt.matplotlib.colors.to_hex(b.get_facecolor()).upper() == RIGHT for b in ax.patches
        ]
        assert blue == [bool(there[VOCAB.index(n)]) for n in names]


def test_counts_pairs_and_errors():
    counts = pd.Series([5, 3, 1], index=VOCAB)
    ax = plot_counts(counts, 9).axes[0]
    assert [b.get_width() for b in ax.patches] == [1, 3, 5]  # drawn from below
    share = np.arange(9.0).reshape(3, 3)
    shown = plot_pairs(share, VOCAB).axes[0].images[0].get_array()
    assert shown.mask.diagonal().all() and shown[1, 0] == 3 and share[0, 0] == 0
    ax = plot_errors({"a": np.array([0.1, 0.2]), "b": np.array([0.0, 0.5])}, VOCAB[:2]).axes[0]
    assert [line.get_ydata().tolist() for line in ax.lines] == [[10, 20], [0, 50]]


def test_the_histogram_says_how_many_splits_get_none():
    ax = plot_in_test([0, 2, 0, 3], 1.5, "moon").axes[0]
    assert "moon, in 4 random splits: none in 2" in ax.get_title()
    assert [b.get_height() for b in ax.patches] == [2, 0, 1, 1]


def test_pairs_and_chance():
    rng = np.random.default_rng(0)
    targets = rng.random((200, 4)) < [0.5, 0.3, 0.1, 0.0]
    table = pairs_and_chance(targets, list("abcd"))
    assert len(table) == 6
    pairs = cooccurrence(targets)
    for row in table.itertuples():
        i, j = "abcd".index(row.one), "abcd".index(row.other)
        assert row.together == pairs[i, j] == (targets[:, i] & targets[:, j]).sum()
        assert np.isclose(row.chance, targets[:, i].mean() * targets[:, j].mean() * 200)
        assert np.isnan(row.times) if "d" in (row.one, row.other) else row.times > 0
    with pytest.raises(ValueError, match="more than once"):
        pairs_and_chance(targets, list("abca"))
