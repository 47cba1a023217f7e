"Figures of the lesson on DataBlocks."

import numpy as np

from ..data.text import plain_text


def batch(
    images,  # bytes [N, S, S, 3]
    targets,  # multi-hot [N, C]
    labels,  # one list of label names per image
    vocab,  # C label names, in column order
):  # matplotlib Figure
    "A batch: its images on the left, and beside each one its row of the targets."
    import matplotlib.pyplot as plt

    images, targets = np.asarray(images), np.asarray(targets, dtype=int)
    n, side = images.shape[:2]
    widths = (0.8, 0.3 * len(vocab))  # inches; a row is 0.8 high
    size = (sum(widths) + 1.4, 0.8 * n + 1.6)
    fig, (left, right) = plt.subplots(1, 2, figsize=size, width_ratios=widths, layout="constrained")
    left.imshow(np.concatenate(images))
    words = [plain_text(", ".join(row) or "(no label)") for row in labels]
    left.set_yticks(np.arange(n) * side + side / 2, words)
    left.set_xticks([])
    left.set_title("images")
    right.imshow(targets, cmap="Greys", vmin=0, vmax=2, aspect="auto")
    for row, column in np.ndindex(*targets.shape):
        right.text(column, row, targets[row, column], ha="center", va="center", fontsize=8)
    right.set_xticks(range(len(vocab)), [plain_text(o) for o in vocab], rotation=90)
    right.set_yticks([])
    right.set(title="targets", xlabel="label (column)")
    fig.suptitle("A batch: one block of pixels, one block of answers")
    return fig
