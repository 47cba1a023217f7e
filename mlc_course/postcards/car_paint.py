"How a toy car is painted."

import math

import numpy as np
from PIL import Image, ImageDraw

from .cars import CROP, MAKES, Car, car_height
from .draw import finish, paint_large
from .kinds import GRAIN
from .pen import LIGHT, Pen, mix, pick


def _round(pts, times):
    "Cut the corners of an open line, which makes it rounder each time."
    for _ in range(times):
        pts = (
            [pts[0]]
            + [
                q
                for a, b in zip(pts, pts[1:])
                for q in (
                    (0.75 * a[0] + 0.25 * b[0], 0.75 * a[1] + 0.25 * b[1]),
                    (0.25 * a[0] + 0.75 * b[0], 0.25 * a[1] + 0.75 * b[1]),
                )
            ]
            + [pts[-1]]
        )
    return pts


_ROOF = {
    "Sedan": [(-0.33, -0.24), (-0.2, -0.39), (0.1, -0.39), (0.25, -0.24)],
    "Coupe": [(-0.45, -0.23), (-0.14, -0.36), (0.02, -0.36), (0.22, -0.23)],
    "SUV": [(-0.49, -0.25), (-0.46, -0.47), (0.1, -0.47), (0.25, -0.25)],
    "Van": [(-0.5, -0.25), (-0.49, -0.5), (0.16, -0.5), (0.4, -0.24)],
    "Hatchback": [(-0.46, -0.24), (-0.36, -0.4), (0.06, -0.4), (0.25, -0.24)],
    "Wagon": [(-0.49, -0.24), (-0.44, -0.38), (0.1, -0.38), (0.26, -0.24)],
}
_PANES = {"Sedan": 2, "Coupe": 1, "SUV": 3, "Van": 2, "Hatchback": 2, "Wagon": 3}


def _emblem(p, what, x, y, r, c):
    star = lambda n, inner: [
        (x + rr * r * math.sin(math.pi * i / n), y - rr * r * math.cos(math.pi * i / n))
        for i in range(2 * n)
        for rr in [1 if i % 2 == 0 else inner]
    ]
    if what == "ring":
        p.oval(x, y, r, r, c)
        p.oval(x, y, r * 0.5, r * 0.5, (40, 40, 44))
    elif what == "diamond":
        p.poly([(x, y - r), (x + r * 0.8, y), (x, y + r), (x - r * 0.8, y)], c)
    elif what == "star":
        p.poly(star(5, 0.42), c)
    elif what == "cross":
        p.box(x - r * 0.3, y - r, x + r * 0.3, y + r, c)
        p.box(x - r, y - r * 0.3, x + r, y + r * 0.3, c)
    elif what == "triangle":
        p.poly([(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)], c)
    elif what == "square":
        p.box(x - r * 0.8, y - r * 0.8, x, y, c)
        p.box(x, y, x + r * 0.8, y + r * 0.8, c)
    elif what == "comet":
        p.oval(x + r * 0.4, y, r * 0.6, r * 0.6, c)
        p.poly([(x + r * 0.4, y - r * 0.55), (x - r * 1.5, y), (x + r * 0.4, y + r * 0.55)], c)
    elif what == "three bars":
        [p.box(x - r, y - r + r * 0.75 * i, x + r, y - r * 0.6 + r * 0.75 * i, c) for i in range(3)]
    else:
        p.poly(
            [
                (x - r * 1.3, y - r * 0.7),
                (x + r * 1.3, y - r * 0.7),
                (x + r * 0.2, y),
                (x + r * 0.7, y + r * 0.1),
                (x, y + r * 0.8),
                (x - r * 0.2, y),
            ],
            c,
        )


def paint_toy_car(p, rng, make, body, year):
    _, emblem, paintwork = MAKES[make]
    age = (year - 2000) / 12  # 0 old, 1 new
    c = pick(
        rng,
        [
            (196, 60, 50),
            (220, 130, 60),
            (226, 186, 84),
            (76, 124, 92),
            (56, 104, 150),
            (120, 84, 124),
            (150, 154, 158),
            (84, 88, 98),
            (222, 214, 196),
            (96, 156, 160),
        ],
    )
    c = mix((206, 196, 176), c, 0.72 + 0.28 * age)  # the paint of old cars has faded
    wheel, cut, high = (
        0.076 + 0.017 * age,
        int(age > 0.35) + int(age > 0.72),
        0.03 if body in ("SUV", "Van") else 0,
    )
    sill, belt = -wheel * 0.75 - high, -0.23 - high * 0.5
    glass, dark = (168, 196, 204), mix(c, (10, 10, 20), 0.45)
    p.oval(0, 0.005, 0.52, 0.035, (0, 0, 0), alpha=70)
    if body != "Convertible":
        roof = [(x, y - high) for x, y in _ROOF[body]]
        p.poly(
            _round(roof, cut),
            {"dark roof": (46, 46, 52), "white roof": (246, 242, 230)}.get(paintwork, c),
        )
        l, r = (roof[0][0] + roof[1][0]) / 2 + 0.03, (roof[2][0] + roof[3][0]) / 2 - 0.03
        top, base, n = roof[1][1] + 0.035, belt - 0.01, _PANES[body]
        xs = np.linspace(0, 1, n + 1)
        for j in range(n):
            if body == "Van" and j == 0:
                continue
            edge = lambda t, y: (
                (l + (r - l) * t)
                + (-1 if t > 0.5 else 1) * abs(t - 0.5) * 2 * (0.05 if y == top else -0.03)
            )
            a, b = xs[j] + 0.025, xs[j + 1] - 0.025
            p.poly(
                [
                    (edge(a, base), base),
                    (edge(a, top), top),
                    (edge(b, top), top),
                    (edge(b, base), base),
                ],
                glass,
            )
    else:
        p.line([(0.22, belt), (0.1, belt - 0.13)], 0.02, (60, 60, 66))
        p.poly([(0.2, belt), (0.11, belt - 0.1), (0.13, belt)], glass, alpha=150)
        for x in (-0.14, 0.0):
            p.poly(
                _round(
                    [
                        (x - 0.05, belt + 0.02),
                        (x - 0.06, belt - 0.07),
                        (x - 0.01, belt - 0.07),
                        (x + 0.01, belt + 0.02),
                    ],
                    cut,
                ),
                (96, 66, 50),
            )
        p.poly(
            _round(
                [
                    (-0.36, belt + 0.02),
                    (-0.33, belt - 0.045),
                    (-0.2, belt - 0.045),
                    (-0.17, belt + 0.02),
                ],
                cut,
            ),
            (60, 56, 60),
        )
    nose = -0.04 if body == "Van" else 0
    body_line = _round(
        [
            (-0.5, sill),
            (-0.5, belt + 0.02),
            (-0.44, belt - 0.012),
            (0.26, belt - 0.012),
            (0.47, belt + 0.055 + nose),
            (0.5, sill),
        ],
        cut,
    )
    p.poly(body_line, c)
    if paintwork == "two-tone":
        p.poly([(-0.5, sill), (-0.5, sill - 0.065), (0.495, sill - 0.065), (0.5, sill)], dark)
    if paintwork == "stripe":
        p.box(-0.49, belt + 0.035, 0.47, belt + 0.075, (246, 242, 230))
    if paintwork == "thin stripe":
        p.box(-0.49, sill - 0.05, 0.49, sill - 0.028, (226, 226, 230))
        p.box(-0.49, sill - 0.015, 0.49, sill, (226, 226, 230))
    if paintwork == "bars":
        [p.box(x, belt, x + 0.04, sill, (246, 242, 230)) for x in (-0.2, -0.12)]
    if paintwork == "wood":
        p.box(-0.44, belt + 0.03, 0.2, sill - 0.02, (150, 104, 64))
        [p.line([(-0.44, y), (0.2, y)], 0.008, (110, 74, 46)) for y in (belt + 0.06, belt + 0.085)]
    if paintwork == "slash":
        p.poly([(-0.3, sill), (-0.12, belt), (0.0, belt), (-0.18, sill)], (246, 242, 230))
    p.line([(0.06, belt), (0.05, sill)], 0.007, dark)
    if age < 0.45:  # chrome and round lamps, then slits
        p.box(0.43, sill - 0.045, 0.525, sill - 0.015, (214, 214, 214))
        p.box(-0.525, sill - 0.045, -0.43, sill - 0.015, (214, 214, 214))
    if year < 2010:
        p.oval(0.465, belt + 0.09 + nose / 2, 0.028, 0.03, (255, 242, 190))
        p.oval(-0.485, belt + 0.07, 0.016, 0.03, (180, 40, 40))
    else:
        p.poly(
            [
                (0.38, belt + 0.055),
                (0.48, belt + 0.075 + nose / 2),
                (0.485, belt + 0.095 + nose / 2),
                (0.41, belt + 0.08),
            ],
            (236, 246, 255),
            lit=False,
        )
        p.box(-0.5, belt + 0.05, -0.43, belt + 0.07, (210, 40, 40))
    _emblem(
        p, emblem, 0.12, (belt + sill) / 2, 0.05, (250, 240, 200) if sum(c) < 480 else (60, 44, 40)
    )
    for x in (-0.3, 0.31):
        p.oval(x, -wheel, wheel * 1.18, wheel * 1.18, (36, 34, 38), 180, 360)
        p.oval(x, -wheel, wheel, wheel, (34, 32, 36))
        p.oval(x, -wheel, wheel * (0.45 + 0.2 * age), wheel * (0.45 + 0.2 * age), (206, 206, 204))
        if year >= 2010:
            [
                p.line(
                    [
                        (x, -wheel),
                        (x + wheel * 0.6 * math.cos(t), -wheel + wheel * 0.6 * math.sin(t)),
                    ],
                    0.012,
                    (70, 70, 76),
                )
                for t in np.arange(5) * 2 * math.pi / 5
            ]
        else:
            p.oval(x, -wheel, wheel * 0.18, wheel * 0.18, (80, 78, 78))


def paint_car(
    car: Car,  # from `compose_car`
    size: int = 128,  # width in pixels; the height is three quarters of it
) -> Image.Image:  # RGB
    "Draw a toy car; the older it is, the browner its photograph."
    rng, item = np.random.default_rng(car.scene.seed), car.item
    _, make, body, year = car.kind
    im, _ = paint_large(car.scene, size, rng)
    light = LIGHT[car.scene.time] if car.scene.time != "night" else (0.72, 0.74, 0.84)
    paint_toy_car(
        Pen(ImageDraw.Draw(im, "RGBA"), 3 * size / 128, light, None, item),
        np.random.default_rng(item.seed),
        make,
        body,
        year,
    )
    top = round(CROP * 3 * size / 128)
    im = im.crop((0, top, 3 * size, top + 3 * car_height(size)))
    brown = max(0, 0.45 * (1 - (year - 2000) / 12) + rng.uniform(-0.1, 0.05))
    im = Image.blend(
        im,
        Image.merge(
            "RGB",
            [
                im.convert("L").point([min(255, int(v * f)) for v in range(256)])
                for f in (1.04, 0.93, 0.74)
            ],
        ),
        brown,
    )
    return finish(im, (size, car_height(size)), rng, GRAIN)
