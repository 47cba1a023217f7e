"From a scene to pixels."

import math

import numpy as np
from PIL import Image, ImageDraw

from .kinds import GRAIN
from .pen import BRIGHT, EARTH, LIGHT, PAPER, SKY, Pen, mix, pick
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


def _ground(p, scene, low, rng):
    h, earth = scene.horizon, pick(rng, EARTH[scene.ground])
    lit = lambda c: [a * b for a, b in zip(c, p.light)]
    night = scene.time == "night"
    q = Pen(p.draw, p.k, p.light)
    if scene.ground == "town":  # a pale row of houses far away
        x = -4.0
        while x < 128:
            w, t = rng.uniform(6, 16), rng.uniform(4, 15)
            c = mix(lit((128, 122, 126)), low, rng.uniform(0.45, 0.7))
            q.box(x, h - t, x + w, h + 2, c, lit=False)
            if night:
                for _ in range(3):
                    a, b = x + rng.uniform(1, w - 1), h - rng.uniform(1, t - 1)
                    q.box(a, b, a + 0.9, b + 1.2, (250, 214, 120), lit=False)
            x += w
    elif scene.ground in ("field", "snow", "desert") and rng.random() < 0.5:  # soft hills
        a, b, c = rng.uniform(1, 5), rng.uniform(0.02, 0.06), rng.uniform(0, 6)
        q.poly(
            [(x, h - a * (1 + math.sin(b * x + c))) for x in range(0, 129, 4)]
            + [(128, h + 3), (0, h + 3)],
            mix(lit(earth), low, 0.4),
            lit=False,
        )
    for i in range(8):
        y0, y1 = h + (128 - h) * i / 8, h + (128 - h) * (i + 1) / 8
        q.box(
            -1,
            y0,
            129,
            y1 + 0.6,
            mix(
                mix(lit(earth), low, 0.3), lit(earth), (i + 1) / 6 if i < 5 else 1 + (i - 5) * 0.03
            ),
            lit=False,
        )
    dark, pale = mix(earth, (20, 30, 50), 0.22), mix(earth, (255, 255, 250), 0.35)
    for _ in range(int(rng.integers(14, 34))):
        d = rng.random() ** 0.7
        y = h + 2 + (126 - h) * d
        x = rng.uniform(0, 128)
        w = 2 + 9 * d * rng.random()
        c = dark if rng.random() < 0.5 else pale
        if scene.ground == "sea":
            q.line(
                [(x - w, y), (x - w / 3, y - 0.8 * d), (x + w / 3, y), (x + w, y - 0.5 * d)],
                0.5 + 0.7 * d,
                c,
                alpha=150,
            )
        elif scene.ground == "field":
            for dx in (-1, 0, 1):
                q.line([(x + dx, y), (x + 1.9 * dx * d, y - 1.2 - 2.4 * d)], 0.6, c, alpha=170)
        elif scene.ground == "snow":
            q.oval(x, y, w, 0.6 + d, dark if rng.random() < 0.6 else (255, 255, 255), alpha=70)
        elif scene.ground == "desert":
            q.line([(x - w, y), (x, y - 1.2 * d), (x + w, y)], 0.6 + 0.5 * d, c, alpha=120)
        else:
            q.box(x - w / 2, y, x + w / 2, y + 0.5 + d, c, alpha=60)
    if scene.ground == "town":  # a road
        y = h + (128 - h) * rng.uniform(0.3, 0.8)
        t = rng.uniform(5, 12)
        q.box(-1, y, 129, y + t, (98, 96, 98))
        for x in range(int(rng.integers(0, 12)), 128, 14):
            q.box(x, y + t / 2 - 0.5, x + 7, y + t / 2 + 0.5, (236, 226, 190))


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
            _ground(Pen(draw, k, light), scene, low, rng)
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
