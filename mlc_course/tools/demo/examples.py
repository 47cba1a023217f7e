"The images that a visitor may pick instead of uploading one."

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlc_course.tools.demo.reading import Refused, read_picture, short_name

POSTCARDS = (
    1008,
    1034,
    1077,
    1044,
    1058,
    1018,
    1043,
    1012,
)  # seeds of drawn postcards with two labels and more
MOST = 8  # of a folder


@dataclass(frozen=True)
class Example:
    "An image to pick."

    path: Path  # where it lies
    alt: str  # what it shows, for those who can't see it


def find_examples(
    folder,  # images to pick from, or None
    spec: dict,  # of the predictor
    home,  # where examples may be drawn
) -> list:  # of Example, 9 at most
    "The first eight images of a folder; without one, drawn postcards for a model of Postcards."
    if folder is not None:
        return _from_folder(Path(folder).expanduser())
    trained = spec.get("trained")
    dataset = str(trained.get("dataset", "")) if isinstance(trained, dict) else ""
    return _drawn(Path(home)) if dataset.startswith("postcards") else []


def _from_folder(folder):
    from mlc_course.data.files import is_litter
    from mlc_course.tables import IMAGE_SUFFIXES

    if not folder.is_dir():
        raise ValueError(
            f"There is no folder {folder}. Give --examples a folder of pictures, or leave it out."
        )
    seen = sorted(p for p in folder.iterdir() if not is_litter(p.name))
    paths = [p for p in seen if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]
    if not paths:
        looked_for = ", ".join(sorted(IMAGE_SUFFIXES))
        raise ValueError(
            f"There is no picture in {folder}; looked for {looked_for}, not in its subfolders."
        )
    found = []
    for path in paths:
        try:
            read_picture(path)
        except Refused as e:
            print(f"mlc: left out of the examples: {e}", file=sys.stderr)
        else:
            found.append(Example(path.resolve(), short_name(path.name)))
        if len(found) == MOST:
            return found
    if not found:
        raise ValueError(f"No picture of {folder} can be read.")
    return found


def _drawn(home):
    from mlc_course.postcards import draw_postcard, draw_unknown

    home.mkdir(parents=True, exist_ok=True)
    drawn = [
        (draw_postcard(np.random.default_rng(o)), f"postcard-{i}.jpg")
        for i, o in enumerate(POSTCARDS, 1)
    ]
    drawn.append(
        (
            (draw_unknown(np.random.default_rng(1008)), ["nothing that the labels name"]),
            "unknown.jpg",
        )
    )
    for (image, _), name in drawn:
        image.save(home / name, quality=85, subsampling=0)
    return [
        Example(home / name, f"A drawn postcard with {' and '.join(labels)}")
        for (_, labels), name in drawn
    ]
