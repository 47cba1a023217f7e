"Patterns that cover the paper of an out-of-domain image."

import math

import numpy as np

from .pen import BRIGHT, Pen, mix, pick


def _stripes(q, a, b, step, rng):
    slope = rng.uniform(-1.5, 1.5)
    for x in np.arange(-200, 330, 2 * step):
        q.poly([(x, 0), (x + step, 0), (x + step + 128 * slope, 128), (x + 128 * slope, 128)], b)


def _rings(q, a, b, step, rng):
    cx, cy = rng.uniform(20, 108), rng.uniform(20, 108)
    for j, r in enumerate(np.arange(150, 3, -step)):
        q.oval(cx, cy, r, r, (b, a)[j % 2])


def _grid(step):
    return [(x, y) for x in np.arange(0, 130, step) for y in np.arange(0, 130, step)]


def _chequers(q, a, b, step, rng):
    for x, y in _grid(step):
        if round(x / step + y / step) % 2:
            q.box(x, y, x + step, y + step, b)


def _dots(q, a, b, step, rng):
    for x, y in _grid(step):
        q.oval(x, y, step * 0.3, step * 0.3, b)


def _triangles(q, a, b, step, rng):
    for x, y in _grid(step):
        right, below = (x + step, y), (x, y + step)
        for third in ((x, y), (x + step, y + step)):
            q.poly([third, right, below], mix(a, b, rng.random()))


def _waves(q, a, b, step, rng):
    f, h = rng.uniform(0.03, 0.12), rng.uniform(2, 8)
    for y in np.arange(-10, 140, step):
        q.line([(x, y + h * math.sin(f * x)) for x in range(-2, 132, 4)], step * 0.4, b)


def _jumble(q, a, b, step, rng):
    for _ in range(24):
        x, y = rng.uniform(0, 128), rng.uniform(0, 128)
        q.oval(x, y, rng.uniform(3, 24), rng.uniform(3, 24), pick(rng, BRIGHT))


STYLES = (_stripes, _rings, _chequers, _dots, _triangles, _waves, _jumble)


def draw_pattern(
    draw,  # of Pillow
    k: float,  # pixels in a 128th of the side
    rng,
):
    "Cover the paper with a pattern of two colours."
    q = Pen(draw, k, (1, 1, 1))
    a, b = pick(rng, BRIGHT[:5]), pick(rng, BRIGHT[5:])
    step, style = rng.uniform(7, 24), int(rng.integers(len(STYLES)))
    q.box(0, 0, 128, 128, a)
    STYLES[style](q, a, b, step, rng)
