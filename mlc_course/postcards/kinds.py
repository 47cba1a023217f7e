"What a postcard may show: the labels, how often, how big and where."

from dataclasses import dataclass

LABELS = [
    "balloon",
    "bird",
    "boat",
    "cactus",
    "car",
    "cloud",
    "flower",
    "house",
    "lighthouse",
    "moon",
    "mountain",
    "plane",
    "rainbow",
    "sheep",
    "snowman",
    "stars",
    "sun",
    "tent",
    "tree",
    "windmill",
]
TIMES = {"day": 0.58, "dusk": 0.20, "night": 0.22}
GROUNDS = {"sea": 0.22, "field": 0.30, "snow": 0.15, "desert": 0.13, "town": 0.20}
N_OBJECTS = (0.035, 0.57, 0.285, 0.09, 0.02)  # share of pictures with 0, 1, 2 ... kinds of objects

# how hard the pictures are
SCALE = 1.3  # of all objects; smaller is harder
HIDDEN = 0.30  # how much of an object others may hide
GRAIN = 2.5  # noise of the film, in grey levels
CLUTTER = 0.6  # mean number of things in a picture that aren't labels


@dataclass(frozen=True)
class Kind:
    "How often, how big and where one kind of object is drawn."

    often: float  # weight among the labels
    size: tuple  # smallest and largest, in 1/128 of the picture
    box: tuple  # left, top, right, bottom around the anchor, in sizes
    count: tuple  # weights of 1, 2, 3 ... pieces
    ground: tuple  # weights by sea, field, snow, desert, town
    time: tuple  # weights by day, dusk, night
    z: int  # 0-4 behind the horizon, 5-7 flying, 10 standing on the ground
    tilt: float = 0  # largest rotation, degrees


# ruff: noqa: E501  (a table: one kind a row)
# fmt: off
KINDS = {
    "balloon":    Kind(0.014, (34, 58), (-.36, -.5, .36, .5), (.7, .2, .1), (1, 1, .7, 1, .5), (1, .8, .1), 6, 6),
    "bird":       Kind(0.045, (24, 46), (-.5, -.3, .5, .3), (.45, .2, .15, .1, .1), (1.5, 1, .5, .5, .8), (1, 1, .2), 7, 25),
    "boat":       Kind(0.139, (32, 60), (-.5, -.85, .5, .15), (.7, .3), (1, 0, 0, 0, 0), (1, .9, .6), 10, 4),
    "cactus":     Kind(0.062, (32, 60), (-.36, -1, .36, .02), (.5, .3, .2), (0, 0, 0, 1, 0), (1, 1, .7), 10, 4),
    "car":        Kind(0.046, (36, 64), (-.5, -.42, .5, .05), (.75, .25), (0, .5, .5, .7, 1.6), (1, 1, .9), 10, 3),
    "cloud":      Kind(0.071, (34, 66), (-.5, -.3, .5, .2), (.5, .3, .2), (1, 1, 1, .6, .8), (1, .8, .4), 3),
    "flower":     Kind(0.088, (28, 50), (-.3, -1, .3, .02), (.2, .25, .25, .2, .1), (0, 1, 0, .15, .3), (1, .8, .3), 10, 10),
    "house":      Kind(0.071, (30, 54), (-.55, -1, .55, .02), (.65, .25, .1), (0, .8, .8, .1, 1.6), (1, 1, 1), 10),
    "lighthouse": Kind(0.022, (44, 70), (-.3, -1.05, .3, .08), (1,), (1, 0, .1, 0, 0), (1, 1, 1.3), 10),
    "moon":       Kind(0.054, (18, 34), (-.5, -.5, .5, .5), (1,), (1, 1, 1, 1, 1), (0, .25, 1), 1, 40),
    "mountain":   Kind(0.038, (32, 58), (-.5, -1, .5, 0), (.5, .3, .2), (.4, .8, 1.3, .9, .3), (1, 1, .7), 4),
    "plane":      Kind(0.016, (36, 62), (-.5, -.3, .5, .3), (.9, .1), (1, 1, .8, 1, 1), (1, .8, .25), 5, 18),
    "rainbow":    Kind(0.006, (84, 124), (-.5, -.5, .5, 0), (1,), (1, 1.2, .3, .3, .8), (1, .25, 0), 2, 10),
    "sheep":      Kind(0.057, (28, 46), (-.55, -.75, .55, .05), (.3, .3, .2, .2), (0, 1, .2, 0, 0), (1, .8, .5), 10, 3),
    "snowman":    Kind(0.032, (36, 62), (-.36, -1.05, .36, .02), (.9, .1), (0, 0, 1, 0, 0), (1, 1, .8), 10, 6),
    "stars":      Kind(0.065, (40, 60), (-.5, -.5, .5, .5), (1,), (1, 1, 1, 1, 1), (0, 0, 1), 0),
    "sun":        Kind(0.044, (20, 42), (-.5, -.5, .5, .5), (1,), (1, 1, .8, 1.3, .7), (1, 1.3, 0), 1, 40),
    "tent":       Kind(0.014, (32, 56), (-.6, -.85, .6, .03), (.6, .4), (0, 1, .5, .7, 0), (1, 1, 1), 10),
    "tree":       Kind(0.103, (32, 66), (-.32, -1, .32, .02), (.4, .25, .2, .15), (.25, 1, 1, .15, .8), (1, 1, 1), 10, 5),
    "windmill":   Kind(0.012, (46, 74), (-.4, -1.15, .4, .02), (1,), (0, 1, .2, .1, .05), (1, 1, .8), 10),
}

CLUTTER_KINDS = {   # things of the landscape that aren't labels
    "bush":  Kind(1.4, (12, 26), (-.6, -.6, .6, .05), (.5, .5), (0, 1, .5, .3, .5), (1, 1, 1), 10),
    "rock":  Kind(1.4, (10, 26), (-.6, -.55, .6, .05), (.5, .5), (.5, .6, .7, 1, 0), (1, 1, 1), 10),
    "lamp":  Kind(1, (30, 56), (-.1, -1, .1, .02), (.5, .5), (0, .1, .2, 0, 1.5), (1, 1, 1), 10),
    "fence": Kind(.6, (14, 20), (-1.4, -.7, 1.4, .05), (1,), (0, 1, .6, .2, .3), (1, 1, 1), 10),
    "pole":  Kind(.4, (40, 70), (-.25, -1, .25, .02), (.8, .2), (0, .5, .4, .6, .5), (1, 1, 1), 10),
    "buoy":  Kind(1, (10, 18), (-.4, -.9, .4, .1), (.7, .3), (1, 0, 0, 0, 0), (1, 1, 1), 10, 12),
    "islet": Kind(.6, (12, 24), (-1.2, -.5, 1.2, .05), (1,), (1, 0, 0, 0, 0), (1, 1, 1), 10),
}
# fmt: on
_STRANGE = "anchor bottle envelope fish gear key letter mug spectacles umbrella".split()
UNKNOWN_KINDS = {  # things of the out-of-domain pictures
    k: Kind(
        often=1,
        size=(24, 60),
        box=(-0.6, -0.6, 0.6, 0.6),
        count=(0.6, 0.25, 0.15),
        ground=(1, 1, 1, 1, 1),
        time=(1, 1, 1),
        z=11,
        tilt=180 if k in ("gear", "key") else 25,
    )
    for k in _STRANGE
}
