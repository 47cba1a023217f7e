"Names with $ in them are drawn letter for letter in every plot of the package."

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from mlc_course.compare import MeasuredRun, plot_comparison
from mlc_course.data.text import plain_text
from mlc_course.interpret import plot_probability_histograms
from mlc_course.metrics import Predictions
from mlc_course.tables import ImageTable, plot_label_counts, show_images
from mlc_course.thresholds import plot_predictions, plot_sweep, sweep, threshold_slider
from mlc_course.tools.commands.score import plot_to

NAMES = [
    "$5",
    "$a_{$",
    r"a\$b$c$",
    "$$",
]  # each a ParseSyntaxException or a formula, alone or beside the next


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    targets = rng.random((12, 4)) < 0.5
    targets[:2] = [[True] * 4, [False] * 4]
    return Predictions(
        rng.random((12, 4)).astype("float32"), targets, NAMES, [f"{i}.jpg" for i in range(12)]
    )


def drawn(figure):
    "Every text of a figure as it is shown, after it was really drawn."
    figure.canvas.draw()
    return [t._preprocess_math(t.get_text())[0] for t in figure.findobj(Text)]


@given(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1))
def test_any_text_is_shown_as_it_is(text):
    shown, math = Text()._preprocess_math(plain_text(text))
    assert (shown, bool(math)) == (r"\ " if text == " " and shown != " " else text, False)


def test_tables(tmp_path):
    table = ImageTable(
        pd.DataFrame(dict(fname=["a", "b"], labels=[NAMES, NAMES[:1]], split="train")),
        tmp_path,
        vocab=NAMES,
        name="my $set_{$",
    )
    texts = drawn(plot_label_counts(table).figure)
    assert set(NAMES) <= set(texts) and "Images per label: my $set_{$" in texts
    texts = drawn(
        show_images([np.zeros((9, 9, 3), np.uint8)] * 2, [NAMES, "$x_{$"], suptitle="$y_{$")
    )
    assert {", ".join(NAMES), "$x_{$", "$y_{$"} <= {t.replace("\n", " ") for t in texts}


def test_scores(predictions, tmp_path):
    images = [np.zeros((9, 9, 3), np.uint8)] * 12
    texts = "\n".join(drawn(plot_predictions(images, predictions, 0.01)))
    assert all(f" {name} " in texts for name in NAMES)
    assert threshold_slider(images, predictions).sheet.value
    ax = plot_sweep(sweep(predictions), label="$l_{$")
    ax.legend()
    assert "$l_{$" in drawn(ax.figure)
    assert set(NAMES) <= set(drawn(plot_probability_histograms(predictions)))
    plot_to(sweep(predictions), tmp_path / "sweep.png", "torch on $set_{$ and $more$, test split")
    assert (tmp_path / "sweep.png").stat().st_size > 1000


def test_comparison():
    columns = dict.fromkeys(MeasuredRun.__dataclass_fields__, [1.0, 2.0]) | dict(
        framework=["torch", "fastai"]
    )
    runs = pd.DataFrame(columns)
    assert "my $set_{$" in drawn(plot_comparison(runs, "my $set_{$"))
