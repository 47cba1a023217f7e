"How a toy car is painted."

import math
from dataclasses import dataclass

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


def _star(x, y, r, n=5, inner=0.42):
    "Corners of a star."
    radii = [r if i % 2 == 0 else inner * r for i in range(2 * n)]
    angles = [math.pi * i / n for i in range(2 * n)]
    return [(x + q * math.sin(a), y - q * math.cos(a)) for q, a in zip(radii, angles)]


def _emblem(p, what, x, y, r, c):
    "A make's emblem on the door."
    if what == "ring":
        p.oval(x, y, r, r, c)
        p.oval(x, y, r * 0.5, r * 0.5, (40, 40, 44))
    elif what == "diamond":
        p.poly([(x, y - r), (x + r * 0.8, y), (x, y + r), (x - r * 0.8, y)], c)
    elif what == "star":
        p.poly(_star(x, y, r), c)
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
        for i in range(3):
            p.box(x - r, y - r + r * 0.75 * i, x + r, y - r * 0.6 + r * 0.75 * i, c)
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


@dataclass(frozen=True)
class _Shape:
    "The measures of one toy car, in lengths."

    make: str
    body: str
    year: int
    colour: tuple

    @property
    def age(self):
        "0 old, 1 new."
        return (self.year - 2000) / 12

    @property
    def cut(self):
        "How often corners are cut: new cars are rounder."
        return int(self.age > 0.35) + int(self.age > 0.72)

    @property
    def wheel(self):
        return 0.076 + 0.017 * self.age

    @property
    def high(self):
        "How much higher than others it stands."
        return 0.03 if self.body in ("SUV", "Van") else 0

    @property
    def sill(self):
        return -self.wheel * 0.75 - self.high

    @property
    def belt(self):
        return -0.23 - self.high * 0.5

    @property
    def nose(self):
        return -0.04 if self.body == "Van" else 0

    @property
    def paintwork(self):
        return MAKES[self.make][2]

    @property
    def dark(self):
        return mix(self.colour, (10, 10, 20), 0.45)


_COLOURS = (
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
)
_GLASS, _PALE = (168, 196, 204), (246, 242, 230)
_ROOF_COLOURS = {"dark roof": (46, 46, 52), "white roof": _PALE}


def _roof(p, s):
    "The roof and its panes."
    roof = [(x, y - s.high) for x, y in _ROOF[s.body]]
    p.poly(_round(roof, s.cut), _ROOF_COLOURS.get(s.paintwork, s.colour))
    left = (roof[0][0] + roof[1][0]) / 2 + 0.03
    right = (roof[2][0] + roof[3][0]) / 2 - 0.03
    top, base, n = roof[1][1] + 0.035, s.belt - 0.01, _PANES[s.body]

    def edge(t, y):
        lean = 0.05 if y == top else -0.03
        return left + (right - left) * t + (-1 if t > 0.5 else 1) * abs(t - 0.5) * 2 * lean

    xs = np.linspace(0, 1, n + 1)
    for j in range(1 if s.body == "Van" else 0, n):
        a, b = xs[j] + 0.025, xs[j + 1] - 0.025
        corners = [(edge(x, y), y) for x, y in ((a, base), (a, top), (b, top), (b, base))]
        p.poly(corners, _GLASS)


def _open_top(p, s):
    "A windscreen and seats."
    belt = s.belt
    p.line([(0.22, belt), (0.1, belt - 0.13)], 0.02, (60, 60, 66))
    p.poly([(0.2, belt), (0.11, belt - 0.1), (0.13, belt)], _GLASS, alpha=150)
    low, up = belt + 0.02, belt - 0.07
    for x in (-0.14, 0.0):
        seat = [(x - 0.05, low), (x - 0.06, up), (x - 0.01, up), (x + 0.01, low)]
        p.poly(_round(seat, s.cut), (96, 66, 50))
    hood = [(-0.36, low), (-0.33, belt - 0.045), (-0.2, belt - 0.045), (-0.17, low)]
    p.poly(_round(hood, s.cut), (60, 56, 60))


def _body(p, s):
    "The body and what is painted on it."
    sill, belt = s.sill, s.belt
    back = [(-0.5, sill), (-0.5, belt + 0.02), (-0.44, belt - 0.012)]
    front = [(0.26, belt - 0.012), (0.47, belt + 0.055 + s.nose), (0.5, sill)]
    p.poly(_round(back + front, s.cut), s.colour)
    if s.paintwork == "two-tone":
        p.poly([(-0.5, sill), (-0.5, sill - 0.065), (0.495, sill - 0.065), (0.5, sill)], s.dark)
    elif s.paintwork == "stripe":
        p.box(-0.49, belt + 0.035, 0.47, belt + 0.075, _PALE)
    elif s.paintwork == "thin stripe":
        p.box(-0.49, sill - 0.05, 0.49, sill - 0.028, (226, 226, 230))
        p.box(-0.49, sill - 0.015, 0.49, sill, (226, 226, 230))
    elif s.paintwork == "bars":
        for x in (-0.2, -0.12):
            p.box(x, belt, x + 0.04, sill, _PALE)
    elif s.paintwork == "wood":
        p.box(-0.44, belt + 0.03, 0.2, sill - 0.02, (150, 104, 64))
        for y in (belt + 0.06, belt + 0.085):
            p.line([(-0.44, y), (0.2, y)], 0.008, (110, 74, 46))
    elif s.paintwork == "slash":
        p.poly([(-0.3, sill), (-0.12, belt), (0.0, belt), (-0.18, sill)], _PALE)
    p.line([(0.06, belt), (0.05, sill)], 0.007, s.dark)


def _lamps(p, s):
    "Chrome and round lamps, in later years slits."
    sill, belt, nose = s.sill, s.belt, s.nose / 2
    if s.age < 0.45:
        p.box(0.43, sill - 0.045, 0.525, sill - 0.015, (214, 214, 214))
        p.box(-0.525, sill - 0.045, -0.43, sill - 0.015, (214, 214, 214))
    if s.year < 2010:
        p.oval(0.465, belt + 0.09 + nose, 0.028, 0.03, (255, 242, 190))
        p.oval(-0.485, belt + 0.07, 0.016, 0.03, (180, 40, 40))
        return
    upper = [(0.38, belt + 0.055), (0.48, belt + 0.075 + nose)]
    lower = [(0.485, belt + 0.095 + nose), (0.41, belt + 0.08)]
    p.poly(upper + lower, (236, 246, 255), lit=False)
    p.box(-0.5, belt + 0.05, -0.43, belt + 0.07, (210, 40, 40))


def _wheels(p, s):
    wheel = s.wheel
    for x in (-0.3, 0.31):
        p.oval(x, -wheel, wheel * 1.18, wheel * 1.18, (36, 34, 38), 180, 360)
        p.oval(x, -wheel, wheel, wheel, (34, 32, 36))
        hub = wheel * (0.45 + 0.2 * s.age)
        p.oval(x, -wheel, hub, hub, (206, 206, 204))
        if s.year < 2010:
            p.oval(x, -wheel, wheel * 0.18, wheel * 0.18, (80, 78, 78))
            continue
        for t in np.arange(5) * 2 * math.pi / 5:  # spokes
            rim = (x + wheel * 0.6 * math.cos(t), -wheel + wheel * 0.6 * math.sin(t))
            p.line([(x, -wheel), rim], 0.012, (70, 70, 76))


def paint_toy_car(
    p: Pen,  # at the car's place
    rng,  # decides the colour
    make: str,
    body: str,
    year: int,
):
    "Paint one car: its make shows in emblem and paintwork, its body in the outline."
    colour = pick(rng, _COLOURS)
    faded = 0.72 + 0.28 * (year - 2000) / 12  # the paint of old cars has faded
    s = _Shape(make, body, year, mix((206, 196, 176), colour, faded))
    p.oval(0, 0.005, 0.52, 0.035, (0, 0, 0), alpha=70)
    if body == "Convertible":
        _open_top(p, s)
    else:
        _roof(p, s)
    _body(p, s)
    _lamps(p, s)
    ink = (250, 240, 200) if sum(s.colour) < 480 else (60, 44, 40)
    _emblem(p, MAKES[make][1], 0.12, (s.belt + s.sill) / 2, 0.05, ink)
    _wheels(p, s)


def _brown(im, share):
    "An image that has browned with the years."
    grey = im.convert("L")
    tones = [grey.point([min(255, int(v * f)) for v in range(256)]) for f in (1.04, 0.93, 0.74)]
    return Image.blend(im, Image.merge("RGB", tones), share)


def paint_car(
    car: Car,  # from `compose_car`
    size: int = 128,  # width in pixels; the height is three quarters of it
) -> Image.Image:  # RGB
    "Draw a toy car; the older it is, the browner its photograph."
    rng, item = np.random.default_rng(car.scene.seed), car.item
    _, make, body, year = car.kind
    im, _ = paint_large(car.scene, size, rng)
    light = LIGHT[car.scene.time] if car.scene.time != "night" else (0.72, 0.74, 0.84)
    pen = Pen(ImageDraw.Draw(im, "RGBA"), 3 * size / 128, light, None, item)
    paint_toy_car(pen, np.random.default_rng(item.seed), make, body, year)
    top = round(CROP * 3 * size / 128)
    im = im.crop((0, top, 3 * size, top + 3 * car_height(size)))
    im = _brown(im, max(0, 0.45 * (1 - (year - 2000) / 12) + rng.uniform(-0.1, 0.05)))
    return finish(im, (size, car_height(size)), rng, GRAIN)
