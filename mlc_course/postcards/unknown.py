"Pictures of nothing that the labels have a name for."

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from .draw import finish, paint
from .kinds import CLUTTER_KINDS, GRAIN, UNKNOWN_KINDS
from .pattern import draw_pattern
from .pen import PAPER, Pen, pick
from .scenes import add_item, compose
from .things import PAINTERS


def draw_unknown(
    rng: np.random.Generator,  # decides everything
    size: int = 128,  # side in pixels
) -> Image.Image:  # RGB
    "An image of nothing that has a label: strange things in a landscape, on a pattern, or none."
    scene, k, landscape = compose(rng), 3 * size / 128, rng.random() < 0.45
    things: list = []
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
