"""The embedded images: drawn scenes with 20 labels, and the files of four layouts.

`draw_postcard` draws one, `make_postcards` a whole set. Lesson 90 tells how it is done.
"""

from .car_paint import paint_car
from .cars import BODIES, CAR_CLASSES, MAKES, MODELS, Car, compose_car
from .draw import draw_postcard, paint
from .files import SPLITS, VERSION
from .keep import make_postcards
from .kinds import (
    CLUTTER,
    CLUTTER_KINDS,
    GRAIN,
    GROUNDS,
    HIDDEN,
    KINDS,
    LABELS,
    N_OBJECTS,
    SCALE,
    TIMES,
    UNKNOWN_KINDS,
    Kind,
)
from .pen import BRIGHT, EARTH, LIGHT, PAPER, SKY, Pen
from .scenes import Item, Scene, compose, visible_share
from .tables import TITLES, TOWNS
from .things import PAINTERS
from .things.strange import GLYPHS
from .unknown import draw_unknown

__all__ = [
    "BODIES",
    "BRIGHT",
    "CAR_CLASSES",
    "CLUTTER",
    "CLUTTER_KINDS",
    "EARTH",
    "GLYPHS",
    "GRAIN",
    "GROUNDS",
    "HIDDEN",
    "KINDS",
    "LABELS",
    "LIGHT",
    "MAKES",
    "MODELS",
    "N_OBJECTS",
    "PAINTERS",
    "PAPER",
    "SCALE",
    "SKY",
    "SPLITS",
    "TIMES",
    "TITLES",
    "TOWNS",
    "UNKNOWN_KINDS",
    "VERSION",
    "Car",
    "Item",
    "Kind",
    "Pen",
    "Scene",
    "compose",
    "compose_car",
    "draw_postcard",
    "draw_unknown",
    "make_postcards",
    "paint",
    "paint_car",
    "visible_share",
]
