"Sheets of images with what a threshold makes of a model's scores, and a slider over one."

import io

import numpy as np

from ..data.text import plain_text
from ..extras import need
from ..hints import Any, ArrayLike, Figure, Sequence, Thresh
from ..scores.checks import check_predictions, check_thresh
from ..scores.cuts import ratio


def _marks(row, yes, true, vocab):
    "What a threshold makes of one image: found and claimed (most probable first), then missed."
    said = np.flatnonzero(yes)[np.argsort(-row[yes])]
    marks = [("✓" if true[i] else "✗") + f" {vocab[i]} {row[i]:.2f}" for i in said]
    marks += [f"○ {vocab[i]} {row[i]:.2f}" for i in np.flatnonzero(true & ~yes)]
    if len(marks) > 4:
        marks = [*marks[:3], f"and {len(marks) - 3} more"]
    return plain_text("\n".join(marks) or "nothing, rightly")


def plot_predictions(
    images: "Sequence[ArrayLike] | np.ndarray",  # N images, uint8 [H, W, 3] each
    predictions: Any,  # Predictions: what a model said about them, in the same order
    thresh: "Thresh" = 0.5,  # a number, one number per label, or a dict by label
    ncols: int = 6,  # images in a row
    axes: "Any" = None,  # N matplotlib axes; None: a new figure
) -> "Figure":  # the figure
    "A sheet of images with what a threshold makes of their scores: found, claimed, missed."
    from matplotlib import pyplot as plt

    check_predictions(predictions, "plot_predictions")
    if len(images) != len(predictions):
        raise ValueError(
            f"there are {len(images)} images and {len(predictions)} rows of predictions: give one "
            "image for each row, in the same order."
        )
    p, t = predictions.probs, predictions.targets
    said = p > check_thresh(thresh, p.shape[1], p.dtype, predictions.vocab)
    if axes is None:
        nrows = -(-len(p) // ncols)
        size = (1.55 * ncols, 2.35 * nrows)
        _, axes = plt.subplots(nrows, ncols, figsize=size, squeeze=False, layout="constrained")
        for ax in axes.flat:
            ax.set_axis_off()
    axes = np.asarray(axes).ravel()
    for ax, image, row, yes, true in zip(axes, images, p, said, t):
        ax.imshow(image, interpolation="nearest")
        ax.set_axis_off()
        marks = _marks(row, yes, true, predictions.vocab)
        ax.set_title(marks, fontsize=8, loc="left", va="top", y=-0.06)
    return axes[0].figure


def _sheet(images, predictions, thresh):
    "A sheet with the counts above it, as the bytes of a PNG."
    from matplotlib import pyplot as plt

    fig, png = plot_predictions(images, predictions, thresh), io.BytesIO()
    said, there = predictions.probs > np.float32(thresh), predictions.targets
    tp, claimed, pos = (int(o.sum()) for o in (said & there, said, there))
    fig.suptitle(
        f"threshold {thresh:.2f}: {tp} found, {claimed - tp} false alarms, {pos - tp} missed "
        f"(precision {ratio(tp, claimed):.2f}, recall {ratio(tp, pos):.2f})",
        fontsize=9,
    )
    fig.savefig(png, format="png", dpi=100)
    plt.close(fig)
    return png.getvalue()


def threshold_slider(
    images: "Sequence[ArrayLike] | np.ndarray",  # N images, uint8 [H, W, 3] each
    predictions: Any,  # Predictions: what a model said about them, in the same order
    thresh: float = 0.5,  # where the slider starts
) -> Any:  # an ipywidgets box with `.slider` and `.sheet`
    "A slider over a sheet of images: move the threshold and see labels come and go."
    need("lessons", "ipywidgets")
    import ipywidgets

    check_predictions(predictions, "threshold_slider")
    if np.ndim(thresh) or isinstance(thresh, dict):
        raise TypeError(
            f"thresh is {thresh!r}: a slider moves one number for all labels. plot_predictions "
            "takes one per label."
        )

    class ThresholdSlider(ipywidgets.VBox):
        def __repr__(self):
            n = len(predictions)
            return f"A threshold slider over {n} images: run this cell in Jupyter and move it."

    slider = ipywidgets.FloatSlider(
        value=thresh,
        min=0,
        max=1,
        step=0.01,
        description="threshold",
        continuous_update=False,
        readout_format=".2f",
    )
    png = _sheet(images, predictions, slider.value)
    sheet = ipywidgets.Image(value=png, format="png")

    def redraw(change):
        sheet.value = _sheet(images, predictions, change["new"])

    slider.observe(redraw, names="value")
    box = ThresholdSlider([slider, sheet])
    box.slider, box.sheet = slider, sheet
    return box
