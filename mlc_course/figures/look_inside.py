"Figures of the lesson on looking inside: cells, histograms, maps over images, scenes changed."

from dataclasses import replace

import numpy as np

from ..data.text import plain_text
from ..hints import Any, ArrayLike, Figure, ImageLike, Sequence, Thresh
from ..scores.checks import check_predictions, check_thresh

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#898989"  # told apart by colour-blind readers, too
HEAT = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))  # dark to bright


def sheet(
    images,  # PIL images or uint8 arrays [H, W, 3]
    titles,  # one text per image
    ncols: int = 6,  # images in a row
    suptitle: str = "",  # above all
    size: float = 1.65,  # width of one image, in inches
) -> "Figure":
    "Images in rows, a text of one to three lines above each."
    import matplotlib.pyplot as plt

    images, titles = list(images), [plain_text(o) for o in titles]
    nrows, lines = -(-len(images) // ncols), max(o.count("\n") for o in titles) + 1
    figsize = (size * ncols, (size + 0.14 * lines + 0.1) * nrows + 0.35)
    fig, axes = plt.subplots(nrows, ncols, figsize=figsize, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, image, title in zip(axes.flat, images, titles):
        ax.imshow(np.asarray(image), interpolation="nearest")
        ax.set_title(title, fontsize=8)
    fig.suptitle(plain_text(suptitle), fontsize=10)
    plt.close(fig)  # the notebook would show it a second time
    return fig


def images_of(
    cells,  # a table with the column fname
    root,  # the folder that the file names start from
) -> list:
    "The image of each row."
    from mlc_course.tables import load_image

    return [load_image(root / f) for f in cells["fname"]]


def show_cells(
    cells,  # a table from `worst_losses`: fname, label, target, prob, loss
    root,  # the folder that the file names start from
    suptitle: str = "",  # above all
    ncols: int = 6,  # images in a row
) -> "Figure":
    "The image of each cell, with what was said and what is true."
    titles = [
        f"{o.label}: {o.prob:.3f}\n{'there' if o.target else 'not there'}, loss {o.loss:.1f}"
        for o in cells.itertuples()
    ]
    return sheet(images_of(cells, root), titles, ncols, suptitle)


def show_mistakes(
    cells,  # a table from `mistakes`: fname, label, kind, prob, thresh
    root,  # the folder that the file names start from
    suptitle: str = "",  # above all
    ncols: int = 6,  # images in a row
) -> "Figure":
    "The image of each mistake, with its kind, its probability and its threshold."
    titles = [f"{o.kind}\n{o.label} {o.prob:.2f}, cut {o.thresh:.2f}" for o in cells.itertuples()]
    return sheet(images_of(cells, root), titles, ncols, suptitle)


# ---- scenes and histograms ----------------------------------------------------------------------
def boat_scenes() -> dict:  # {what it is: Scene}
    "A drawn scene with a boat at sea; the same on a street; and the same sea without the boat."
    from mlc_course.postcards import compose

    pool = (compose(np.random.default_rng([8, i])) for i in range(100))
    scene = next(s for s in pool if "boat" in s.labels and s.ground == "sea")
    alone = tuple(o for o in scene.items if o.kind != "boat")
    return {
        "a boat at sea": scene,
        "the boat in a street": replace(scene, ground="town"),
        "the sea without the boat": replace(scene, items=alone),
    }


def _panel(ax, probs, there, edges, cut, name):
    "Two histograms of one label."
    ax.hist(probs[~there], edges, color="0.75", label="label not there")
    ax.hist(probs[there], edges, histtype="step", color=ORANGE, lw=1.5, label="label there")
    if cut is not None:
        ax.axvline(cut, color="black", ls="--", lw=1, label="threshold")
    ax.set(yscale="log", xlim=(0, 1), ylim=(0.6, None))
    ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    ax.set_title(plain_text(name), fontsize=8)
    ax.minorticks_off()
    ax.tick_params(labelsize=7)


def plot_probability_histograms(
    predictions: Any,  # Predictions: what a model said
    thresh: "Thresh | None" = None,  # drawn as a line; a number, one per label, or a dict by label
    ncols: int = 5,  # panels in a row
    bins: int = 20,  # of equal width between 0 and 1
) -> "Figure":  # a matplotlib Figure; as the last line of a cell it is shown
    "A panel per label: how its probabilities are spread where it is there, and where it isn't."
    from matplotlib import pyplot as plt

    vocab = check_predictions(predictions, "plot_probability_histograms").vocab
    n, cuts = len(vocab), None
    if thresh is not None:
        cuts = np.broadcast_to(check_thresh(thresh, n, vocab=vocab), n)
    nrows, edges = -(-n // ncols), np.linspace(0, 1, bins + 1)
    height = 1.35 * nrows + 0.7
    fig, axes = plt.subplots(
        nrows, ncols, figsize=(1.9 * ncols, height), sharex=True, sharey=True, squeeze=False
    )
    # a layout engine is slow with so many logarithmic axes
    fig.subplots_adjust(left=0.07, right=0.99, bottom=0.45 / height, top=1 - 0.5 / height)
    fig.subplots_adjust(hspace=0.3, wspace=0.08)
    for ax in axes.flat[n:]:
        ax.set_axis_off()
    for i, (ax, name) in enumerate(zip(axes.flat, vocab)):
        there = predictions.targets[:, i]
        _panel(ax, predictions.probs[:, i], there, edges, None if cuts is None else cuts[i], name)
    shown = axes.flat[0].get_legend_handles_labels()
    fig.legend(*shown, loc="upper right", ncols=3, fontsize=8, frameon=False)
    fig.suptitle("Probabilities of each label", x=0.07, ha="left", fontsize=10)
    fig.supxlabel("probability", fontsize=9, y=0.005)
    fig.supylabel("images (log scale)", fontsize=9, x=0.005)
    plt.close(fig)  # the notebook would show it a second time
    return fig


# ---- maps over images --------------------------------------------------------------------------
def overlay(
    image: "ImageLike",  # uint8 [H, W, 3], or a PIL image
    heat: "ArrayLike",  # a map [h, w], at least 0, as from `grad_cam`
    top: float | None = None,  # the heat that is drawn brightest; None: the map's own maximum
    alpha: float = 0.7,  # how much of the image the hottest place hides
) -> np.ndarray:  # uint8 [H, W, 3]
    "A map over an image: enlarged to its size (bilinear), transparent where it is cold."
    from PIL import Image

    image, heat = np.asarray(image), np.asarray(heat, np.float32)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"image has shape {image.shape} and dtype {image.dtype}: expected uint8 [H, W, 3]."
        )
    if heat.ndim != 2:
        raise ValueError(
            f"heat has shape {heat.shape}: expected one map [h, w], such as maps[0, 0]."
        )
    top = float(heat.max()) if top is None else float(top)
    if not top > 0:
        return image.copy()
    size = (image.shape[1], image.shape[0])
    h = np.asarray(
        Image.fromarray(np.clip(heat / top, 0, 1)).resize(size, Image.Resampling.BILINEAR)
    )
    steps, colours = np.linspace(0, 1, len(HEAT)), np.array(HEAT, np.float32)
    colour = np.stack([np.interp(h, steps, colours[:, c]) for c in range(3)], -1)
    a = alpha * h[..., None]
    return (image * (1 - a) + colour * a).round().astype(np.uint8)


def show_maps(
    rows: "Sequence",  # one list of (title, image, map or None, top or None) per row
    suptitle: str = "",  # above all
    size: float = 1.65,  # width of one image, in inches
) -> "Figure":
    "Images with maps over them, and the borders of each map's cells as thin lines."
    import matplotlib.pyplot as plt

    n, k = len(rows), max(len(row) for row in rows)
    figsize = (size * k, (size + 0.3) * n + 0.35)
    fig, axes = plt.subplots(n, k, figsize=figsize, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    pairs = [(ax, o) for line, row in zip(axes, rows) for ax, o in zip(line, row)]
    for ax, (title, image, heat, top) in pairs:
        image = np.asarray(image)
        ax.imshow(image if heat is None else overlay(image, heat, top), interpolation="nearest")
        ax.set_title(plain_text(title), fontsize=8)
        if heat is None:
            continue
        (h, w), (down, across) = np.shape(heat), image.shape[:2]
        style: dict[str, Any] = dict(color="white", lw=0.4, alpha=0.6)
        ax.hlines(np.arange(1, h) * down / h - 0.5, -0.5, across - 0.5, **style)
        ax.vlines(np.arange(1, w) * across / w - 0.5, -0.5, down - 0.5, **style)
    fig.suptitle(plain_text(suptitle), fontsize=10)
    plt.close(fig)  # the notebook would show it a second time
    return fig


def show_label_maps(
    images,  # N images uint8 [H, W, 3]
    maps,  # [N, C, h, w], from `grad_cam`
    predictions,  # Predictions of these images
    suptitle: str = "",  # above all
) -> "Figure":
    "Each image, and beside it a map for each label that is there; each map has its own scale."
    rows = []
    for image, m, p, t in zip(images, maps, predictions.probs, predictions.targets):
        there, vocab = np.flatnonzero(t), predictions.vocab
        row = [(", ".join(vocab[c] for c in there), image, None, None)]
        rows.append(row + [(f"{vocab[c]}: p = {p[c]:.2f}", image, m[c], None) for c in there])
    return show_maps(rows, suptitle)
