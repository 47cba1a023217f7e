"Figures of the lesson on kinds of task: label counts, pairs of labels, and how fair splits are."

import numpy as np


def plot_counts(
    counts,  # a Series, label -> images
    n: int,  # images in all
):  # a matplotlib Figure
    "A horizontal bar for each label, the most frequent on top."
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(6, 4.4), layout="constrained")
    ax.barh(counts.index[::-1], counts[::-1])
    ax.set(title=f"Labels of {n:,} postcards", xlabel="images with the label (number)")
    ax.set_ylabel("label")
    ax.margins(y=0.01)
    return fig


def plot_pairs(
    share,  # [C, C]: of the images with the row's label, the share with the column's
    vocab,  # C names
):  # a matplotlib Figure
    "A square map of labels that go together; the diagonal is left empty."
    import matplotlib.pyplot as plt

    share = np.where(np.eye(len(vocab), dtype=bool), np.nan, share)
    fig, ax = plt.subplots(figsize=(7, 6), layout="constrained")
    image = ax.imshow(share, cmap="cividis", vmin=0)
    ax.set_xticks(range(len(vocab)), vocab, rotation=90)
    ax.set_yticks(range(len(vocab)), vocab)
    ax.set(xlabel="... also have this label", ylabel="of the images with this label ...")
    ax.set_title("Labels that go together")
    fig.colorbar(image, label="share of the row's images")
    return fig


def plot_in_test(
    in_test,  # images of one label in the test part, a number for each split
    fair: float,  # how many there should be
    name: str,  # of the label
):  # a matplotlib Figure
    "A histogram of how many images of one label come into the test part."
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    ax.hist(in_test, bins=np.arange(-0.5, max(in_test) + 1.5).tolist(), rwidth=0.9)
    ax.axvline(fair, color="C1", ls="--", label="its fair share")
    none = sum(k == 0 for k in in_test)
    ax.set_title(f"The rarest label, {name}, in {len(in_test)} random splits: none in {none}")
    ax.set(xlabel="its images in the test part (number)", ylabel="splits (number)")
    ax.legend()
    return fig


def plot_errors(
    errors,  # {name of the way to split: error [C] as a share}
    labels,  # C names, the most frequent first
):  # a matplotlib Figure
    "How far each label's frequency in the test part is off, for each way to split."
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for (name, values), marker in zip(errors.items(), "os^"):
        ax.plot(100 * values, marker, label=name)
    ax.set_xticks(range(len(labels)), labels, rotation=90)
    ax.set(xlabel="label, the most frequent first", ylabel="mean error (% of its frequency)")
    ax.set_title("How far a label's frequency in the test part is off")
    ax.legend()
    return fig
