"Where the logit of a label comes from, drawn over the image."

import numpy as np

from mlc_course.tools.demo.reading import as_jpeg
from mlc_course.tools.demo.words import data_uri, esc

# viridis: its colours are in order without colour, too
COLOURS = np.array(
    [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], np.float32
)


def overlay(
    picture,  # PIL, RGB
    heat,  # [h, w], at least 0
):  # PIL, RGB, of the image's size
    "A label's map over its image in grey: upsampled bilinearly, from 0 to its own largest value."
    from PIL import Image

    heat = np.asarray(heat, np.float32)
    top = float(heat.max())
    strong = Image.fromarray(heat / top if top > 0 else heat * 0).resize(
        picture.size, Image.Resampling.BILINEAR
    )
    v = np.clip(np.asarray(strong), 0, 1)
    colour = np.stack([np.interp(v, np.linspace(0, 1, len(COLOURS)), c) for c in COLOURS.T], -1)
    grey = np.asarray(picture.convert("L"), np.float32)[..., None]
    share = 0.12 + 0.58 * v[..., None]
    return Image.fromarray(np.uint8(np.clip(grey * (1 - share) + colour * share, 0, 255)))


def place(heat):
    "Where a map is strongest, in words; None if it is 0 everywhere."
    if not heat.max() > 0:
        return None
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    row = ("top", "middle", "bottom")[min(2, int(3 * (y + 0.5) / heat.shape[0]))]
    column = ("left", "centre", "right")[min(2, int(3 * (x + 0.5) / heat.shape[1]))]
    return "middle" if (row, column) == ("middle", "centre") else f"{row} {column}"


def picture_html(
    seen,  # Seen, or None
    label=None,  # whose map stands beside it; None shows the image alone
) -> str:
    "The image, and beside it where the logit of a label comes from."
    if seen is None:
        return ""
    first = (
        f'<figure><img src="{data_uri(seen.jpeg)}" alt="The picture {esc(seen.name)}">'
        "<figcaption>the picture</figcaption></figure>"
    )
    if label is None or seen.maps is None:
        return f'<div class="mlc-pair">{first}</div>'
    return f'<div class="mlc-pair">{first}{_map_figure(seen, label)}</div>'


def _map_figure(seen, label):
    heat = seen.maps[list(seen.scores).index(label)]
    where = place(heat)
    alt = f"Map over the picture: nothing speaks for {label}"
    key = "<span>Nothing in this picture speaks for it: the map is 0 everywhere.</span>"
    if where:
        alt = f"Map over the picture: the logit of {label} comes mostly from the {where}"
        key = (
            '<span class="mlc-scale"><span>nothing</span><i aria-hidden="true"></i>'
            "<span>most</span></span>"
            f"<span>{heat.shape[0]} x {heat.shape[1]} cells, smoothed</span>"
        )
    image = data_uri(as_jpeg(overlay(seen.picture, heat)))
    return (
        f'<figure><img src="{image}" alt="{esc(alt)}">'
        f"<figcaption>where the logit of <b>{esc(label)}</b> comes from{key}</figcaption></figure>"
    )
