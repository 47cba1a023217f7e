"From a scene to pixels."

import numpy as np
from PIL import Image, ImageDraw

from .ground import paint_ground
from .kinds import GRAIN
from .pen import BRIGHT, LIGHT, PAPER, SKY, Pen, pick
from .scenes import Scene, compose
from .things import PAINTERS


def _backdrop(im, scene, k, rng):
    "Sky and a pen for the light of the hour."
    top, low = pick(rng, SKY[scene.time])
    n = im.height
    t = np.clip(np.arange(n) / (scene.horizon * k), 0, 1)[:, None] ** rng.uniform(0.7, 1.3)
    column = (np.array(top) * (1 - t) + np.array(low) * t).astype(np.uint8)
    im.paste(Image.fromarray(column[:, None, :]).resize(im.size, Image.Resampling.NEAREST))
    return low


def finish(im, size, rng, grain):
    "Down to `size` (width, height), as on old paper: warm, darker in the corners, grainy."
    w, h = size
    a = np.asarray(im.reduce(3), np.float32)
    u, v = (
        np.linspace(-1, 1, w, dtype=np.float32) ** 2,
        np.linspace(-1, 1, h, dtype=np.float32) ** 2,
    )
    fade, contrast, bright = rng.uniform(0.02, 0.1), rng.uniform(0.86, 1.04), rng.uniform(-12, 12)
    a = (a - 128) * contrast + 128 + bright
    a *= (1 - rng.uniform(0.02, 0.1) * (v[:, None] + u))[..., None]
    a += (np.array(PAPER, np.float32) - a) * np.float32(fade)
    a += rng.standard_normal((h, w, 1), np.float32) * np.float32(grain * rng.uniform(0.5, 1.3))
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))


def paint_large(scene, size, rng):
    "The scene at three times `size`, not finished; and the sky's colour at the horizon."
    k = 3 * size / 128
    im = Image.new("RGB", (3 * size, 3 * size))
    low = _backdrop(im, scene, k, rng)
    draw, light, night = ImageDraw.Draw(im, "RGBA"), LIGHT[scene.time], scene.time == "night"
    behind = sum(o.spec.z < 5 for o in scene.items)
    for j, item in enumerate((*scene.items, None)):
        if j == behind:
            paint_ground(Pen(draw, k, light), scene, low, rng)
        if item is None:
            break
        z = item.spec.z
        far = (
            0.5
            if z == 4
            else 0.25
            if z == 3
            else max(0, 0.35 * (1 - (item.y - scene.horizon) / 20))
            if z == 10
            else 0.08
        )
        PAINTERS[item.kind](
            Pen(draw, k, light, (low, far) if far else None, item),
            np.random.default_rng(item.seed),
            night,
            scene.ground == "sea",
        )
    return im, low


def paint(
    scene: Scene,  # from `compose`
    size: int = 128,  # side of the picture in pixels
) -> Image.Image:  # RGB
    "Draw a scene at three times the size and shrink it, which smooths every edge."
    rng = np.random.default_rng(scene.seed)
    return finish(paint_large(scene, size, rng)[0], (size, size), rng, GRAIN)


def draw_postcard(
    rng: np.random.Generator,  # decides everything
    size: int = 128,  # side in pixels
) -> tuple:  # the picture (PIL, RGB) and its labels, a sorted list
    "One postcard and what can be seen on it."
    scene = compose(rng)
    return paint(scene, size), scene.labels


def as_poster(im, scene):
    "A postcard as a film poster: upright, with a band for the title."
    rng, size = np.random.default_rng(scene.seed + 1), im.width
    c = pick(rng, BRIGHT)
    out = Image.new("RGB", (size, size * 3 // 2), c)
    out.paste(im, (0, 0))
    d, ink = ImageDraw.Draw(out), (40, 40, 46) if sum(c) > 400 else tuple(int(v) for v in PAPER)
    for y, w, h in ((1.12, 0.7, 0.09), (1.27, 0.45, 0.03), (1.34, 0.55, 0.03)):
        d.rectangle(
            [size * (0.5 - w / 2), size * y, size * (0.5 + w / 2), size * (y + h)], fill=ink
        )
    return out
