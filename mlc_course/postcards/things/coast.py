"What stands on the ground: boat, cactus, car, flower, house."

import math

from ..pen import BRIGHT, PAPER, mix, pick

_WOOD = (96, 70, 52)


def _window(night):
    "Colour of a boat's window."
    return (250, 214, 120) if night else (70, 90, 110)


def _sailing_boat(p, rng, hull):
    sails = [(248, 242, 226), (248, 242, 226), (214, 96, 70), (232, 190, 96), (120, 170, 180)]
    sail = pick(rng, sails)
    p.line([(0, 0), (0, -0.84)], 0.03, _WOOD)
    p.poly([(0.03, -0.82), (0.03, -0.12), (0.42, -0.12)], sail)
    p.poly([(-0.04, -0.72), (-0.04, -0.12), (-0.34, -0.12)], mix(sail, (0, 0, 0), 0.12))
    p.poly([(-0.46, -0.07), (0.5, -0.07), (0.34, 0.13), (-0.34, 0.13)], hull)
    rim = [(-0.46, -0.07), (0.5, -0.07), (0.47, -0.03), (-0.43, -0.03)]
    p.poly(rim, mix(hull, (255, 255, 255), 0.5))


def _steamer(p, rng, hull, trim, night):
    p.poly([(-0.5, -0.12), (0.5, -0.12), (0.4, 0.13), (-0.42, 0.13)], hull)
    p.box(-0.3, -0.28, 0.3, -0.12, (244, 238, 224))
    p.box(-0.2, -0.4, 0.18, -0.28, (228, 220, 204))
    for x in (-0.2, -0.05, 0.1):
        glass = (60, 70, 86) if not night else (250, 214, 120)
        p.oval(x, -0.2, 0.03, 0.03, glass, lit=not night)
    p.box(-0.1, -0.66, 0.04, -0.4, trim)
    p.box(-0.1, -0.66, 0.04, -0.59, (50, 48, 52))
    for i in range(3 if rng.random() < 0.6 else 0):  # smoke
        x, y, rx, ry = -0.12 - 0.13 * i, -0.74 - 0.04 * i, 0.06 + 0.025 * i, 0.05 + 0.015 * i
        p.oval(x, y, rx, ry, (220, 216, 210), alpha=170)


def _fishing_boat(p, hull, trim, night):
    deck = [(-0.5, -0.2), (-0.36, -0.1), (0.3, -0.1), (0.5, -0.22)]
    p.poly(deck + [(0.36, 0.13), (-0.36, 0.13)], hull)
    p.box(-0.22, -0.38, 0.08, -0.1, (244, 238, 224))
    p.box(-0.25, -0.42, 0.11, -0.37, trim)
    p.box(-0.15, -0.32, 0.0, -0.22, _window(night), lit=not night)
    p.line([(0.2, -0.1), (0.2, -0.7)], 0.03, _WOOD)
    p.line([(0.2, -0.66), (0.46, -0.2)], 0.015, _WOOD)


def boat(p, rng, night, sea):
    hull, trim = pick(rng, BRIGHT), pick(rng, BRIGHT)
    style = rng.integers(3)
    if style == 0:
        _sailing_boat(p, rng, hull)
    elif style == 1:
        _steamer(p, rng, hull, trim, night)
    else:
        _fishing_boat(p, hull, trim, night)
    for x in (-0.4, 0, 0.34):  # foam
        p.line([(x - 0.14, 0.15), (x + 0.14, 0.15)], 0.03, (236, 240, 238), alpha=150)


def cactus(p, rng, night, sea):
    g = pick(rng, [(78, 124, 78), (96, 136, 84), (64, 108, 84), (118, 140, 80)])
    dark = mix(g, (0, 0, 0), 0.25)
    w = rng.uniform(0.09, 0.13)

    def limb(pts, w):
        p.line(pts, w * 2, g)
        for x, y in (pts[0], pts[-1]):
            p.oval(x, y, w, w, g)

    limb([(0, 0), (0, -1 + w)], w)
    a, b = rng.uniform(-0.6, -0.35), rng.uniform(-0.55, -0.3)
    limb([(0, a), (-0.27, a), (-0.27, a - rng.uniform(0.18, 0.3))], w * 0.7)
    if rng.random() < 0.8:
        limb([(0, b), (0.27, b), (0.27, b - rng.uniform(0.15, 0.35))], w * 0.7)
    p.line([(w * 0.5, -0.03), (w * 0.5, -1 + w)], 0.03, dark)
    p.line([(-w * 0.3, -0.03), (-w * 0.3, -1 + w)], 0.02, dark)
    if rng.random() < 0.4:
        p.oval(0, -1, 0.06, 0.05, (226, 110, 130))


def car(p, rng, night, sea):
    c = pick(rng, BRIGHT)
    style = rng.integers(3)
    glass = (150, 184, 194) if not night else (250, 216, 130)
    p.oval(0, 0.02, 0.5, 0.05, (0, 0, 0), alpha=60)
    if style == 0:  # saloon
        p.poly(
            [
                (-0.5, -0.02),
                (-0.5, -0.17),
                (-0.3, -0.21),
                (-0.2, -0.38),
                (0.14, -0.38),
                (0.27, -0.21),
                (0.48, -0.17),
                (0.5, -0.02),
            ],
            c,
        )
        p.poly([(-0.23, -0.21), (-0.16, -0.34), (-0.03, -0.34), (-0.03, -0.21)], glass, not night)
        p.poly([(0.02, -0.21), (0.02, -0.34), (0.11, -0.34), (0.2, -0.21)], glass, not night)
    elif style == 1:  # van
        p.poly(
            [(-0.48, -0.02), (-0.48, -0.4), (0.3, -0.4), (0.42, -0.2), (0.5, -0.17), (0.5, -0.02)],
            c,
        )
        p.box(-0.48, -0.16, 0.5, -0.12, mix(c, PAPER, 0.7))
        for x in (-0.42, -0.22, -0.02):
            p.box(x, -0.34, x + 0.15, -0.22, glass, not night)
        p.poly([(0.18, -0.34), (0.28, -0.34), (0.36, -0.22), (0.18, -0.22)], glass, not night)
    else:  # beetle
        p.oval(0, -0.04, 0.42, 0.36, c, 180, 360)
        p.poly([(-0.5, -0.02), (-0.46, -0.16), (0.46, -0.16), (0.5, -0.02)], c)
        p.oval(-0.1, -0.2, 0.14, 0.13, glass, 180, 360, not night)
        p.oval(0.16, -0.2, 0.1, 0.12, glass, 180, 360, not night)
    p.box(-0.5, -0.08, 0.5, -0.03, mix(c, (0, 0, 0), 0.25))
    for x in (-0.28, 0.28):
        p.oval(x, -0.04, 0.1, 0.1, (40, 38, 42))
        p.oval(x, -0.04, 0.045, 0.045, (196, 192, 184))
    p.oval(0.47, -0.13, 0.03, 0.035, (255, 240, 180), lit=False)


_PETALS = (
    (214, 70, 62),
    (238, 190, 70),
    (246, 240, 228),
    (196, 104, 150),
    (122, 100, 176),
    (236, 140, 70),
)


def _tulip(p, colour):
    upper = [(-0.22, -0.95), (-0.11, -0.82), (0, -1), (0.11, -0.82), (0.22, -0.95)]
    p.poly(upper + [(0.2, -0.7), (0.08, -0.58), (-0.08, -0.58), (-0.2, -0.7)], colour)
    middle = [(0, -1), (0.11, -0.82), (0.07, -0.6), (-0.07, -0.6), (-0.11, -0.82)]
    p.poly(middle, mix(colour, (0, 0, 0), 0.15))


def _daisy(p, rng, colour, middle):
    n = int(rng.integers(5, 9))
    for i in range(n):
        t = 2 * math.pi * i / n
        p.oval(0.17 * math.cos(t), -0.73 + 0.17 * math.sin(t), 0.11, 0.11, colour)
    p.oval(0, -0.73, 0.1, 0.1, middle)


def flower(p, rng, night, sea):
    colour, middle = pick(rng, _PETALS), pick(rng, [(244, 200, 80), (110, 76, 50)])
    green = (70, 112, 62)
    p.line([(0, 0), (0.03, -0.35), (0, -0.72)], 0.06, green)
    p.poly([(0.02, -0.2), (0.2, -0.42), (0.24, -0.3)], green)
    p.poly([(0.02, -0.12), (-0.2, -0.34), (-0.22, -0.2)], green)
    if rng.random() < 0.35:
        _tulip(p, colour)
    else:
        _daisy(p, rng, colour, middle)


def house(p, rng, night, sea):
    wall = pick(
        rng,
        [
            (244, 232, 206),
            (226, 170, 120),
            (214, 196, 170),
            (190, 96, 76),
            (170, 186, 180),
            (232, 200, 110),
            (236, 220, 220),
        ],
    )
    roof = pick(rng, [(164, 74, 58), (112, 70, 60), (88, 92, 104), (196, 110, 70), (72, 96, 100)])
    w, h, eave = rng.uniform(0.34, 0.5), rng.uniform(0.5, 0.66), 0.06
    lamp = night and rng.random() < 0.85
    glass = (250, 214, 120) if lamp else (88, 112, 128)
    if rng.random() < 0.55:
        p.box(w * 0.35, -0.97, w * 0.35 + 0.11, -h - 0.05, mix(wall, (120, 60, 50), 0.6))
    p.box(-w, -h, w, 0, wall)
    p.box(w * 0.45, -h, w, 0, (0, 0, 0), alpha=26)
    if rng.random() < 0.6:
        p.poly([(-w - eave, -h + 0.02), (0, -1), (w + eave, -h + 0.02)], roof)
    else:
        p.poly(
            [(-w - eave, -h + 0.02), (-w * 0.6, -0.92), (w * 0.6, -0.92), (w + eave, -h + 0.02)],
            roof,
        )
    p.box(-0.075, -0.27, 0.075, 0, (110, 72, 52))
    rows = [-0.48] if h < 0.57 else [-0.52]
    for y in rows + [-0.26]:
        for x in (-w * 0.62, w * 0.62) if y > -0.4 else (-w * 0.62, 0, w * 0.62):
            p.box(x - 0.075, y - 0.07, x + 0.075, y + 0.07, PAPER)
            p.box(x - 0.055, y - 0.05, x + 0.055, y + 0.05, glass, not lamp)


COAST = {"boat": boat, "cactus": cactus, "car": car, "flower": flower, "house": house}
