"Pictures of nothing that the labels have a name for."

import math
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from .draw import finish, paint
from .kinds import CLUTTER_KINDS, GRAIN, UNKNOWN_KINDS
from .pen import BRIGHT, PAPER, Pen, mix, pick
from .scenes import add_item, compose
from .things import PAINTERS


def draw_pattern(draw, k, rng):
    "Cover the paper with a pattern."
    q = Pen(draw, k, (1, 1, 1))
    a, b, step, style = (
        pick(rng, BRIGHT[:5]),
        pick(rng, BRIGHT[5:]),
        rng.uniform(7, 24),
        int(rng.integers(7)),
    )
    q.box(0, 0, 128, 128, a)
    grid = [(x, y) for x in np.arange(0, 130, step) for y in np.arange(0, 130, step)]
    if style == 0:  # stripes
        slope = rng.uniform(-1.5, 1.5)
        for x in np.arange(-200, 330, 2 * step):
            q.poly(
                [(x, 0), (x + step, 0), (x + step + 128 * slope, 128), (x + 128 * slope, 128)], b
            )
    elif style == 1:  # rings
        cx, cy = rng.uniform(20, 108), rng.uniform(20, 108)
        for j, r in enumerate(np.arange(150, 3, -step)):
            q.oval(cx, cy, r, r, (b, a)[j % 2])
    elif style == 2:  # chequers
        for x, y in grid:
            if round(x / step + y / step) % 2:
                q.box(x, y, x + step, y + step, b)
    elif style == 3:  # dots
        for x, y in grid:
            q.oval(x, y, step * 0.3, step * 0.3, b)
    elif style == 4:  # triangles
        for x, y in grid:
            for tri in (
                [(x, y), (x + step, y), (x, y + step)],
                [(x + step, y), (x + step, y + step), (x, y + step)],
            ):
                q.poly(tri, mix(a, b, rng.random()))
    elif style == 5:  # waves
        f, h = rng.uniform(0.03, 0.12), rng.uniform(2, 8)
        for y in np.arange(-10, 140, step):
            q.line([(x, y + h * math.sin(f * x)) for x in range(-2, 132, 4)], step * 0.4, b)
    else:  # a jumble of shapes
        for _ in range(24):
            q.oval(
                rng.uniform(0, 128),
                rng.uniform(0, 128),
                rng.uniform(3, 24),
                rng.uniform(3, 24),
                pick(rng, BRIGHT),
            )


def draw_unknown(
    rng: np.random.Generator,  # decides everything
    size: int = 128,  # side in pixels
) -> Image.Image:  # RGB
    "An image of nothing that has a label: strange things in a landscape, on a pattern, or none."
    scene, k, landscape = compose(rng), 3 * size / 128, rng.random() < 0.45
    things = []
    for _ in range(int(rng.integers(1, 4)) if landscape else int(rng.integers(0, 4))):
        kind = pick(rng, list(UNKNOWN_KINDS))
        things = add_item(things, kind, UNKNOWN_KINDS[kind], scene.horizon, rng, hidden=0.1)
    if landscape:
        return paint(
            replace(scene, items=(*(o for o in scene.items if o.kind in CLUTTER_KINDS), *things)),
            size,
        )
    im = Image.new("RGB", (3 * size, 3 * size))
    draw = ImageDraw.Draw(im, "RGBA")
    draw_pattern(draw, k, rng)
    for o in things:
        p = Pen(draw, k, (1, 1, 1), None, o)
        p.oval(0, 0, 0.62, 0.62, PAPER, alpha=210)
        PAINTERS[o.kind](p, np.random.default_rng(o.seed), False, False)
    return finish(im, (size, size), rng, GRAIN)
