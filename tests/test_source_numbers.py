"The figures of the five articles: each once, those that can be worked out right, ours beside them."

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mlc_course.data import source_numbers as sources
from mlc_course.data.nus_lists import nus_wide_lists, write_nus_lists
from mlc_course.figures.real_data import against_nothing, bars_beside
from mlc_course.postcards import make_postcards
from mlc_course.tables import open_dataset


def test_every_figure_stands_once_under_a_known_article_and_set():
    keys = Counter((task, what) for _, task, what, _ in sources.NUMBERS)
    assert set(keys.values()) == {1}
    assert {o[0] for o in sources.NUMBERS} == {"S0", "S1", "S2", "S3", "S4"}
    assert {task for task, _ in keys} == set(sources.REAL) == set(sources.STAND_INS)
    assert set(sources.ANYWHERE) <= {what for _, what in keys}


def test_figures_that_can_be_worked_out_are_right():
    assert sources.printed("nus_wide", "-log 0.08") == pytest.approx(-math.log(0.08), abs=0.006)
    split = [sources.printed("pascal", f"{o} images") for o in ("training", "validation")]
    assert sum(split) == sources.printed("pascal", "images with labels")
    assert sources.NOTHING == pytest.approx(0.9271, abs=5e-5)
    below = [v for _, t, w, v in sources.NUMBERS if t == "pascal" and w.startswith("accuracy")]
    assert all(v > sources.NOTHING for v in below) and len(below) == 7


def test_the_network_of_the_posters_has_the_printed_size():
    from mlc_course.settings import import_tensorflow

    pytest.importorskip("tensorflow")
    import_tensorflow()
    import keras

    net = keras.applications.MobileNetV2(include_top=False, weights=None, pooling="avg")
    assert net.count_params() == sources.printed("posters", "frozen parameters")
    assert net.output_shape[1] == sources.printed("posters", "features of MobileNetV2")


def test_ours_stand_beside_and_say_where_they_come_from():
    here = {("pascal", "labels"): 7, ("nus_wide", "-log 0.08"): 2.5257}
    found = sources.source_numbers(here, sources.STAND_INS).set_index("what")
    assert len(found) == len(sources.NUMBERS)
    row = found.loc["labels"]
    assert (row.source, row.here, row.on, row["still to run on"]) == (
        20,
        7,
        "Postcards",
        "PASCAL 2007",
    )
    assert found.loc["-log 0.08", "still to run on"] == ""
    assert math.isnan(found.loc["epochs", "here"])
    assert found.loc["epochs", "still to run on"] == "NUS-WIDE"
    real = sources.source_numbers(here, sources.REAL).set_index("what")
    assert real.loc["labels", "still to run on"] == ""


def test_a_figure_that_no_article_has_is_refused():
    with pytest.raises(KeyError, match="No article reports"):
        sources.source_numbers({("pascal", "beauty"): 1})


def test_lists_written_and_read_are_the_same(tmp_path):
    root = make_postcards(tmp_path / "drawn", n=30, seed=3, size=32, layout="nus_wide")
    table = open_dataset(root)
    write_nus_lists(table, tmp_path / "lists")
    names, tags, targets = nus_wide_lists(tmp_path / "lists")
    assert names == list(table.df.fname) and tags == sorted(table.vocab)
    np.testing.assert_array_equal(targets, table.targets()[:, np.argsort(table.vocab)])


def test_the_figures_show_what_they_are_given():
    ax = against_nothing({"ours": ([0.1, 0.5], [0.8, 0.9])}, 0.85, "title")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.8, 0.9])
    assert set(ax.lines[1].get_ydata()) == {0.85} and ax.get_title() == "title"
    table = pd.DataFrame({"a": [0.2, 0.4], "b": [0.1, 0.3]}, index=["x", "y"])
    bars = bars_beside(table, "t", "score").patches
    assert sorted(round(o.get_height(), 6) for o in bars) == [0.1, 0.2, 0.3, 0.4]
    spans = sorted((o.get_x(), o.get_x() + o.get_width()) for o in bars)
    assert all(a[1] <= b[0] + 1e-9 for a, b in zip(spans, spans[1:]))
