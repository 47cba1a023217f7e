"The ground below the horizon, and what lies far away on it."

import math

from .pen import EARTH, Pen, mix, pick


def _lit(p, colour):
    return [a * b for a, b in zip(colour, p.light)]


def _town_far_away(q, h, low, night, rng):
    "A pale row of houses."
    x = -4.0
    while x < 128:
        w, t = rng.uniform(6, 16), rng.uniform(4, 15)
        c = mix(_lit(q, (128, 122, 126)), low, rng.uniform(0.45, 0.7))
        q.box(x, h - t, x + w, h + 2, c, lit=False)
        for _ in range(3 if night else 0):  # windows
            a, b = x + rng.uniform(1, w - 1), h - rng.uniform(1, t - 1)
            q.box(a, b, a + 0.9, b + 1.2, (250, 214, 120), lit=False)
        x += w


def _soft_hills(q, h, low, earth, rng):
    a, b, c = rng.uniform(1, 5), rng.uniform(0.02, 0.06), rng.uniform(0, 6)
    ridge = [(x, h - a * (1 + math.sin(b * x + c))) for x in range(0, 129, 4)]
    q.poly(ridge + [(128, h + 3), (0, h + 3)], mix(_lit(q, earth), low, 0.4), lit=False)


def _bands(q, h, low, earth):
    "The earth in eight bands, the nearer the stronger."
    near = _lit(q, earth)
    far = mix(near, low, 0.3)
    for i in range(8):
        y0, y1 = h + (128 - h) * i / 8, h + (128 - h) * (i + 1) / 8
        share = (i + 1) / 6 if i < 5 else 1 + (i - 5) * 0.03
        q.box(-1, y0, 129, y1 + 0.6, mix(far, near, share), lit=False)


def _wave(q, x, y, w, d, colour):
    points = [(x - w, y), (x - w / 3, y - 0.8 * d), (x + w / 3, y), (x + w, y - 0.5 * d)]
    q.line(points, 0.5 + 0.7 * d, colour, alpha=150)


def _grass(q, x, y, d, colour):
    for dx in (-1, 0, 1):
        q.line([(x + dx, y), (x + 1.9 * dx * d, y - 1.2 - 2.4 * d)], 0.6, colour, alpha=170)


def _marks(q, h, ground, earth, rng):
    "Waves, grass, drifts, ripples or stones."
    dark, pale = mix(earth, (20, 30, 50), 0.22), mix(earth, (255, 255, 250), 0.35)
    for _ in range(int(rng.integers(14, 34))):
        d = rng.random() ** 0.7  # how near
        y = h + 2 + (126 - h) * d
        x = rng.uniform(0, 128)
        w = 2 + 9 * d * rng.random()
        c = dark if rng.random() < 0.5 else pale
        if ground == "sea":
            _wave(q, x, y, w, d, c)
        elif ground == "field":
            _grass(q, x, y, d, c)
        elif ground == "snow":
            q.oval(x, y, w, 0.6 + d, dark if rng.random() < 0.6 else (255, 255, 255), alpha=70)
        elif ground == "desert":
            q.line([(x - w, y), (x, y - 1.2 * d), (x + w, y)], 0.6 + 0.5 * d, c, alpha=120)
        else:
            q.box(x - w / 2, y, x + w / 2, y + 0.5 + d, c, alpha=60)


def _road(q, h, rng):
    y = h + (128 - h) * rng.uniform(0.3, 0.8)
    t = rng.uniform(5, 12)
    q.box(-1, y, 129, y + t, (98, 96, 98))
    for x in range(int(rng.integers(0, 12)), 128, 14):
        q.box(x, y + t / 2 - 0.5, x + 7, y + t / 2 + 0.5, (236, 226, 190))


def paint_ground(
    p: Pen,  # with the light of the hour
    scene,  # a `Scene`
    low,  # the sky's colour at the horizon
    rng,
):
    "Paint everything below the horizon that isn't an object."
    h, earth = scene.horizon, pick(rng, EARTH[scene.ground])
    q = Pen(p.draw, p.k, p.light)
    if scene.ground == "town":
        _town_far_away(q, h, low, scene.time == "night", rng)
    elif scene.ground in ("field", "snow", "desert") and rng.random() < 0.5:
        _soft_hills(q, h, low, earth, rng)
    _bands(q, h, low, earth)
    _marks(q, h, scene.ground, earth, rng)
    if scene.ground == "town":
        _road(q, h, rng)
