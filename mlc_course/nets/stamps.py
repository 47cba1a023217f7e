"Stamps: one thing on paper, for the pretext task of the shipped weights."

import math

import numpy as np
from PIL import Image, ImageDraw

from ..postcards import BRIGHT, CLUTTER_KINDS, KINDS, PAINTERS, Item, Pen
from ..postcards.draw import finish
from ..postcards.pattern import draw_pattern
from ..postcards.pen import pick


def _star(n, inner):
    radii = [0.5 if i % 2 == 0 else inner for i in range(2 * n)]
    return [
        (r * math.sin(math.pi * i / n), -r * math.cos(math.pi * i / n)) for i, r in enumerate(radii)
    ]


# fmt: off
SHAPES = {  # corners, in units of the shape's size; ring and spiral are drawn with round strokes
    "arrow": [
        (-0.5, -0.1), (0.1, -0.1), (0.1, -0.32), (0.5, 0), (0.1, 0.32), (0.1, 0.1),
        (-0.5, 0.1),
    ],
    "bolt": [
        (0.1, -0.5), (-0.3, 0.08), (-0.04, 0.08), (-0.14, 0.5), (0.3, -0.1), (0.04, -0.1),
        (0.26, -0.5),
    ],
    "cross": [
        (-0.15, -0.5), (0.15, -0.5), (0.15, -0.15), (0.5, -0.15), (0.5, 0.15), (0.15, 0.15),
        (0.15, 0.5), (-0.15, 0.5), (-0.15, 0.15), (-0.5, 0.15), (-0.5, -0.15), (-0.15, -0.15),
    ],
    "crown": [
        (-0.45, 0.32), (-0.5, -0.3), (-0.24, 0.02), (0, -0.42), (0.24, 0.02), (0.5, -0.3),
        (0.45, 0.32),
    ],
    "drop": [(0, -0.5)]
    + [
        (0.33 * math.cos(a), 0.16 + 0.33 * math.sin(a))
        for a in np.linspace(-0.5, math.pi + 0.5, 24)
    ],
    "star of five": _star(5, 0.2),
    "star of nine": _star(9, 0.34),
    "heart": [
        (
            0.5 * math.sin(a) ** 3,
            -0.03 - 0.38 * math.cos(a) + 0.16 * math.cos(2 * a) + 0.06 * math.cos(3 * a),
        )
        for a in np.linspace(0, 2 * math.pi, 37)
    ],
    "hourglass": [(-0.36, -0.5), (0.36, -0.5), (0.05, 0), (0.36, 0.5), (-0.36, 0.5), (-0.05, 0)],
    "leaf": [
        (s * (a - 0.5), s * 0.26 * math.sin(math.pi * a) ** 0.8)
        for s in (1, -1)
        for a in np.linspace(0, 1, 14)
    ],
    "ring": None,
    "spiral": None,
}
# fmt: on


def stamp_names() -> list:  # 39 names, in the order of the class numbers
    "What a stamp can show: the postcards' labels, their clutter, and twelve other shapes."
    return [*KINDS, *CLUTTER_KINDS, *SHAPES]


def _cover(im, draw, k, rng):
    "Paper: a pattern, or soft clouds of colour and some blots."
    if rng.random() < 0.4:
        return draw_pattern(draw, k, rng)
    n = int(rng.integers(2, 7))
    soft = rng.uniform(30, 235, 3) + rng.normal(0, rng.uniform(5, 45), (n, n, 3))
    clouds = Image.fromarray(soft.clip(0, 255).astype(np.uint8))
    im.paste(clouds.resize(im.size, Image.Resampling.BICUBIC))
    for _ in range(int(rng.integers(0, 6))):
        x, y, rx, ry = rng.uniform((0, 0, 2, 2), (128, 128, 30, 30))
        colour = tuple(rng.uniform(20, 240, 3))
        Pen(draw, k, (1, 1, 1)).oval(x, y, rx, ry, colour, alpha=int(rng.integers(60, 255)))
    return None


def _pen_for(spec, draw, k, rng):
    "A pen that stands where the thing fits in; shapes may be turned all around."
    left, top, right, bottom = spec.box if spec else (-0.5, -0.5, 0.5, 0.5)
    s = rng.uniform(38, 120) / max(right - left, bottom - top)
    x = rng.uniform(*sorted((2 - left * s, 126 - right * s)))
    y = rng.uniform(*sorted((2 - top * s, 126 - bottom * s)))
    angle = rng.normal(0, 15) if spec else rng.uniform(-180, 180)
    light = tuple(rng.uniform(0.6, 1.1, 3))
    return Pen(draw, k, light, None, Item("tree", x, y, s, angle, int(rng.integers(2)) * 2 - 1, 0))


def _draw_shape(pen, kind, rng):
    c, d = pick(rng, BRIGHT), pick(rng, BRIGHT)
    if kind == "ring":
        pen.oval(0, 0, 0.5, 0.5, c)
        pen.oval(0, 0, rng.uniform(0.2, 0.36), rng.uniform(0.2, 0.36), d)
    elif kind == "spiral":
        turns = np.linspace(0.5, 9, 50)
        points = [(0.055 * a * math.cos(a), 0.055 * a * math.sin(a)) for a in turns]
        pen.line(points, rng.uniform(0.05, 0.1), c)
    else:
        pen.poly(SHAPES[kind], c)
        if rng.random() < 0.5:
            pen.poly([(0.6 * u, 0.6 * v) for u, v in SHAPES[kind]], d)


def draw_stamp(
    rng: "np.random.Generator",  # a NumPy Generator; decides everything
    size: int = 64,  # side in pixels
) -> tuple:  # the image, uint8 [size, size, 3], and its class number
    "One thing on paper: any place, size and colours."
    names = stamp_names()
    number, k = int(rng.integers(len(names))), 3 * size / 128
    kind = names[number]
    im = Image.new("RGB", (3 * size, 3 * size))
    draw = ImageDraw.Draw(im, "RGBA")
    _cover(im, draw, k, rng)
    spec = KINDS.get(kind) or CLUTTER_KINDS.get(kind)
    pen = _pen_for(spec, draw, k, rng)
    if spec:
        PAINTERS[kind](pen, rng, rng.random() < 0.3, rng.random() < 0.3)
    else:
        _draw_shape(pen, kind, rng)
    out = np.asarray(finish(im, (size, size), rng, rng.uniform(0, 8)))
    if rng.random() < 0.7:
        out = out[..., rng.permutation(3)]  # other colours than any postcard's
    return (255 - out if rng.random() < 0.15 else out), number


def drawn_stamps(
    seed: int,  # of the set
    size: int,  # side in pixels
    numbers,  # which ones
) -> list:  # of (image, class number)
    "Stamps by their numbers: a function that other processes can find."
    return [draw_stamp(np.random.default_rng([91, seed, i]), size) for i in numbers]
