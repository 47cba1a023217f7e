"Figures of the lesson on tables: sheets of images, label counts, and annotation files as text."

import json
import re
import textwrap
from pathlib import Path

import numpy as np

from ..data.pictures import load_image
from ..data.table import ImageTable
from ..data.text import plain_text
from ..hints import Axes, Figure, ImageLike, Iterable, Sequence
from ..labels import label_counts

ANNOTATIONS = ("train.csv", "train.json", "MovieGenre.csv", "cars_annos.mat")
IMAGES = ("train", "images", "posters", "car_ims")


def _title(labels):
    "What stands above an image: its text, or its labels."
    return labels if isinstance(labels, str) else ", ".join(labels) or "(no label)"


def show_images(
    images: "Iterable[ImageLike]",  # PIL images, uint8 arrays [H, W, 3], or paths
    titles: Sequence[str | list] | None = None,  # one text or list of labels per image
    ncols: int = 6,  # images in one row
    size: float = 1.7,  # width of one image, in inches
    suptitle: str | None = None,  # above all
) -> "Figure":  # a matplotlib Figure; as the last line of a cell it is shown
    "A sheet of images."
    import matplotlib.pyplot as plt

    images = list(images)
    if not images:
        raise ValueError("There are no images to show.")
    if titles is not None and len(titles) != len(images):
        raise ValueError(
            f"There are {len(images)} images and {len(titles)} titles; give one title per image."
        )
    ncols = min(ncols, len(images))
    nrows = -(-len(images) // ncols)
    figsize = (size * ncols, (size + 0.3) * nrows + 0.4 * bool(suptitle))
    fig, axes = plt.subplots(nrows, ncols, figsize=figsize, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.set_axis_off()
    for i, (ax, image) in enumerate(zip(axes.flat, images)):
        ax.imshow(load_image(image) if isinstance(image, (str, Path)) else np.asarray(image))
        if titles is not None:
            ax.set_title(plain_text(_title(titles[i])), fontsize=8, wrap=True)
    if suptitle:
        fig.suptitle(plain_text(suptitle))
    plt.close(fig)  # the notebook would show it a second time
    return fig


def plot_label_counts(
    table: ImageTable,  # any table
    split: str | None = None,  # None: all splits
    ax: "Axes | None" = None,  # axes to draw on
) -> "Axes":  # matplotlib Axes
    "Images per label as sorted horizontal bars, the most frequent on top."
    import matplotlib.pyplot as plt

    counts = label_counts(table.targets(split), table.vocab)[::-1]
    if ax is None:
        size = (6.5, 0.24 * len(counts) + 1)
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    bars = ax.barh([plain_text(o) for o in counts.index], counts.to_numpy())
    ax.bar_label(bars, padding=3, fontsize=8)
    ax.margins(y=0.01, x=0.1)
    of_split = f", {split}" if split else ""
    title = plain_text(f"Images per label: {table.name or table.root.name}{of_split}")
    ax.set(title=title, xlabel="images", ylabel="label")
    return ax


def head_of(
    file,  # an annotation file of one of the four layouts
) -> str:  # nine lines at most
    "The beginning of an annotation file, as text."
    file = Path(file)
    if file.suffix == ".mat":
        from scipy.io import loadmat

        mat = loadmat(file, squeeze_me=True)
        first = mat["annotations"][0]
        lines = [f"{k:16} {first[k]}" for k in first.dtype.names]
        number = first["class"]
        return "\n".join([*lines, "", f"class_names[{number}] {mat['class_names'][number - 1]}"])
    text = re.sub(r"http[^,\n]*", "(link)", file.read_text(encoding="latin-1"))
    if file.suffix == ".json":
        text = textwrap.fill(json.dumps(json.loads(text))[:500], 66)
    return "\n".join(line[:72] for line in text.split("\n")[:9])


def _first_existing(folder, names):
    return next(folder / o for o in names if (folder / o).exists())


def layouts(
    folders: dict,  # name of the layout: its folder
):  # matplotlib Figure
    "One row per layout: its first image, and the beginning of its annotation file."
    import matplotlib.pyplot as plt

    size = (7, 1.4 * len(folders))
    fig, axes = plt.subplots(
        len(folders), 2, figsize=size, width_ratios=(1, 3.4), squeeze=False, layout="constrained"
    )
    for (left, right), (name, folder) in zip(axes, folders.items()):
        left.imshow(load_image(min(_first_existing(Path(folder), IMAGES).iterdir())))
        file = _first_existing(Path(folder), ANNOTATIONS)
        right.set_title(f"layout {name!r}: {file.name}", loc="left", fontsize=10)
        place = dict(family="monospace", fontsize=7, va="top", transform=right.transAxes)
        right.text(0, 1, plain_text(head_of(file)), **place)
        left.set_axis_off()
        right.set_axis_off()
    fig.suptitle("Four ways to write down what is on an image")
    return fig


def odd_files(
    image,  # a PIL image
    folder,  # where the files are written
) -> list:  # their paths
    "An image as four files of the kinds that come from scanners, printers, editors and cameras."
    from PIL import Image

    folder, image = Path(folder), image.convert("RGB")
    grey, pixels = np.asarray(image.convert("L")), np.asarray(image)
    height, width = grey.shape
    y, x = np.indices(grey.shape)
    inside = np.hypot(y - height / 2, x - width / 2) < 0.42 * min(height, width)
    see_through = np.dstack([pixels * inside[..., None], inside.astype(np.uint8) * 255])
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera's note: turn me to the right
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "16-bit grey.png")
    image.convert("CMYK").save(folder / "CMYK for print.jpg", quality=95)
    image.rotate(90, expand=True).save(folder / "camera on its side.jpg", exif=exif, quality=95)
    Image.fromarray(see_through).save(folder / "transparent.png")
    names = ("16-bit grey.png", "CMYK for print.jpg", "camera on its side.jpg", "transparent.png")
    return [folder / o for o in names]


def opened_twice(
    files,  # paths of images
):  # matplotlib Figure
    "The same files by Pillow's `convert('RGB')` and by the course's decoder, one above the other."
    import matplotlib.pyplot as plt
    from PIL import Image

    size = (1.6 * len(files), 3.7)
    fig, axes = plt.subplots(2, len(files), figsize=size, squeeze=False, layout="constrained")
    for (above, below), file in zip(axes.T, files):
        with Image.open(file) as image:
            above.imshow(image.convert("RGB"))
        below.imshow(load_image(file))
        above.set_title(Path(file).stem, fontsize=9)
    for ax, name in zip(axes[:, 0], ('convert("RGB")', "load_image")):
        ax.set_ylabel(name)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    fig.suptitle("The same files, opened in two ways")
    return fig
