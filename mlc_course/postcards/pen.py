"The colours, and the pen that draws an object in its own units."

import math

from PIL import ImageDraw

from ..hints import Any, Iterable, Sequence

PAPER = (246, 234, 208)
LIGHT = {"day": (1, 1, 0.98), "dusk": (0.98, 0.78, 0.70), "night": (0.52, 0.57, 0.76)}
SKY = {
    "day": [
        ((92, 158, 200), (220, 232, 222)),
        ((122, 186, 208), (246, 234, 208)),
        ((72, 132, 178), (196, 222, 224)),
        ((150, 164, 172), (222, 218, 206)),
        ((128, 188, 178), (242, 236, 208)),
        ((196, 206, 196), (244, 226, 196)),
    ],
    "dusk": [
        ((92, 72, 118), (244, 164, 112)),
        ((198, 112, 108), (250, 206, 142)),
        ((66, 84, 128), (236, 146, 130)),
        ((226, 150, 112), (250, 224, 170)),
        ((120, 100, 140), (240, 190, 170)),
    ],
    "night": [
        ((14, 22, 50), (52, 66, 106)),
        ((24, 20, 48), (78, 60, 100)),
        ((12, 36, 56), (46, 88, 106)),
        ((30, 38, 58), (84, 92, 110)),
    ],
}
EARTH = {
    "sea": [(52, 116, 144), (44, 134, 140), (72, 104, 138), (92, 150, 156), (60, 92, 116)],
    "field": [(122, 152, 78), (96, 136, 80), (168, 164, 88), (200, 174, 96), (134, 160, 106)],
    "snow": [(236, 238, 238), (222, 230, 238), (240, 232, 224)],
    "desert": [(222, 184, 128), (208, 158, 108), (230, 202, 150), (196, 140, 100)],
    "town": [(168, 158, 146), (150, 150, 150), (190, 172, 148), (134, 130, 134)],
}
BRIGHT = [
    (200, 64, 52),
    (226, 122, 52),
    (234, 180, 66),
    (72, 128, 92),
    (52, 104, 148),
    (128, 84, 128),
    (236, 226, 204),
    (64, 66, 78),
    (214, 128, 132),
    (96, 160, 164),
]


def mix(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def pick(rng, seq):
    return seq[int(rng.integers(len(seq)))]


class Pen:
    "Draws in an object's own units: x to the right, y down, anchor at (0, 0), size 1."

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,  # Pillow's, of an RGB or RGBA image
        k: float,  # pixels in one 128th of the image
        light: Sequence[float],  # what the light leaves of red, green and blue, 0 to 1
        haze: tuple | None = None,  # the colour of the distance, and how much of it, 0 to 1
        item: Any = None,  # an `Item`: the object's place, size and angle; None: the whole image
    ) -> None:
        "A pen for one object, or for the ground."
        self.draw, self.k, self.light, self.haze = draw, k, light, haze
        place: tuple = (item.x, item.y, item.size, item.flip) if item else (0, 0, 1, 1)
        self.x, self.y, self.s, self.f = place
        a = math.radians(item.angle) if item else 0
        self.cos, self.sin = math.cos(a), math.sin(a)

    def at(
        self,
        pts: Iterable,  # corners (x, y), in the object's units
    ) -> list:
        "Where these points lie in the image, in pixels."
        k, s = self.k, self.s
        return [
            (
                (self.x + s * (self.cos * x * self.f - self.sin * y)) * k,
                (self.y + s * (self.sin * x * self.f + self.cos * y)) * k,
            )
            for x, y in pts
        ]

    def ink(
        self,
        colour: Sequence[float],  # red, green, blue, 0 to 255
        lit: bool = True,  # whether the light of the scene and the haze tint it
        alpha: int = 255,  # 0 is clear, 255 hides what is behind
    ) -> tuple:
        "A colour as it is drawn: red, green, blue, alpha."
        if lit:
            colour = [c * part for c, part in zip(colour, self.light)]
            if self.haze:
                colour = mix(colour, *self.haze)
        return tuple(min(255, max(0, int(c))) for c in colour[:3]) + (alpha,)

    def poly(
        self,
        pts: Iterable,  # corners (x, y), in the object's units
        colour: Sequence[float],  # red, green, blue, 0 to 255
        lit: bool = True,  # whether the light of the scene and the haze tint it
        alpha: int = 255,  # 0 is clear, 255 hides what is behind
    ) -> None:
        "A filled polygon."
        self.draw.polygon(self.at(pts), fill=self.ink(colour, lit, alpha))

    def line(
        self,
        pts: Iterable,  # corners (x, y), in the object's units
        width: float,  # in the object's units
        colour: Sequence[float],  # red, green, blue, 0 to 255
        lit: bool = True,  # whether the light of the scene and the haze tint it
        alpha: int = 255,  # 0 is clear, 255 hides what is behind
    ) -> None:
        "A line through points."
        self.draw.line(
            self.at(pts),
            fill=self.ink(colour, lit, alpha),
            width=max(1, round(width * self.s * self.k)),
            joint="curve",
        )

    def oval(
        self,
        x: float,  # centre
        y: float,  # centre, down
        rx: float,  # half its width
        ry: float,  # half its height
        colour: Sequence[float],  # red, green, blue, 0 to 255
        start: float = 0,  # first angle of the part that is drawn, degrees
        end: float = 360,  # last angle
        lit: bool = True,  # whether the light of the scene and the haze tint it
        alpha: int = 255,  # 0 is clear, 255 hides what is behind
    ) -> None:
        "An ellipse, or a part of one."
        n = 10 if max(rx, ry) * self.s * self.k < 10 else 24
        a = [math.radians(start + (end - start) * i / n) for i in range(n + 1)]
        self.poly([(x + rx * math.cos(t), y + ry * math.sin(t)) for t in a], colour, lit, alpha)

    def box(
        self,
        left: float,  # in the object's units, as the others
        top: float,  # upper edge
        right: float,  # right edge
        bottom: float,  # lower edge
        colour: Sequence[float],  # red, green, blue, 0 to 255
        lit: bool = True,  # whether the light of the scene and the haze tint it
        alpha: int = 255,  # 0 is clear, 255 hides what is behind
    ) -> None:
        "A filled rectangle."
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.poly(corners, colour, lit, alpha)
