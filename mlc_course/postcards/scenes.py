"What is in a picture, before a pixel is drawn."

from dataclasses import dataclass

import numpy as np

from ..hints import Iterable
from .kinds import (
    CLUTTER,
    CLUTTER_KINDS,
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


@dataclass(frozen=True)
class Item:
    "One object in its place, in 1/128 of the image; `seed` decides its colours and shape."

    kind: str
    x: float
    y: float
    size: float
    angle: float
    flip: int
    seed: int

    @property
    def spec(self) -> Kind:
        "How its kind is drawn."
        return KINDS.get(self.kind) or CLUTTER_KINDS.get(self.kind) or UNKNOWN_KINDS[self.kind]

    @property
    def box(self) -> tuple:  # left, top, right, bottom, in 1/128 of the image
        "Where it stands."
        x, y, size = self.x, self.y, self.size
        left, top, right, bottom = self.spec.box
        return x + left * size, y + top * size, x + right * size, y + bottom * size

    @property
    def depth(self) -> float:  # greater is nearer
        "What decides which of two objects hides the other."
        return self.spec.z + {10: self.y, 11: self.y / 1000}.get(
            self.spec.z, 0
        )  # greater is nearer


@dataclass(frozen=True)
class Scene:
    "What is in a picture, before a pixel is drawn."

    time: str
    ground: str
    horizon: float
    items: tuple
    labels: list
    seed: int


def _overlap(a, b):
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def visible_share(
    item: Item,  # the object
    others: "Iterable[Item]",  # items of the same picture
    horizon: float,  # where the ground begins, in 1/128
) -> float:  # 0-1, a lower bound
    "How much of an object's box is inside the picture and hidden by nothing in front of it."
    b = item.box
    frame = (0, 0, 128, horizon + 1 if item.spec.z <= 4 else 128)
    area = (b[2] - b[0]) * (b[3] - b[1])
    seen = _overlap(b, frame) - sum(
        _overlap(b, o.box)
        for o in others
        if o is not item and o.depth > item.depth and o.kind not in ("stars", "rainbow")
    )
    return seen / area


def _place(kind, spec, horizon, rng):
    x, (lo, hi) = rng.uniform(6, 122), spec.size
    size = SCALE * (lo + (hi - lo) * rng.random() ** 1.3)
    if spec.z == 10:  # what is near is larger
        near = rng.random() ** 0.8
        y, size = horizon + 3 + (123 - horizon) * near, max(size * (0.75 + 0.45 * near), SCALE * lo)
    elif spec.z == 11:
        y = rng.uniform(20, 108)
    elif kind == "mountain":
        y = horizon + 1.5
    elif kind == "rainbow":
        x, y = rng.uniform(34, 94), horizon + 2
    elif kind == "stars":
        x, y = 64, horizon / 2
    else:
        lo, hi = (
            -spec.box[1] * size * 0.85,
            max(horizon - 0.6 * size, 20) if kind != "sun" else horizon + 0.1 * size,
        )
        y = rng.uniform(min(lo, hi), max(lo, hi))
    return Item(
        kind,
        x,
        y,
        size,
        rng.uniform(-1, 1) * spec.tilt,
        int(rng.integers(2)) * 2 - 1,
        int(rng.integers(2**31)),
    )


def add_item(items, kind, spec, horizon, rng, tries=12, hidden=HIDDEN):
    "`items` with one more object, or as they are if there is no room."
    for _ in range(tries):
        new = _place(kind, spec, horizon, rng)
        both = items + [new]
        if kind == "stars" or all(
            visible_share(o, both, horizon) >= 1 - hidden
            for o in both
            if o.kind not in CLUTTER_KINDS and o.kind not in ("stars", "rainbow")
        ):
            return both
    return items


def _drawn_from(shares, rng):
    "The number of one share, drawn by weight."
    return int(np.searchsorted(np.cumsum(shares), rng.random()))


def _wanted(time, ground, rng):
    "The labels of a postcard, before there is room for them: draws without replacement."
    t, g = list(TIMES).index(time), list(GROUNDS).index(ground)
    n = _drawn_from(N_OBJECTS, rng)
    weight = np.array([k.often * k.ground[g] * k.time[t] for k in KINDS.values()])
    order = np.argsort(rng.exponential(size=len(weight)) / np.maximum(weight, 1e-12))
    wanted = [LABELS[i] for i in order if weight[i] > 0][:n]
    if "sun" in wanted and time == "dusk":
        wanted = [k for k in wanted if k not in ("moon", "stars")]
    return wanted


def _with_clutter(items, ground, horizon, rng):
    "`items` with things of the landscape that aren't labels."
    g = list(GROUNDS).index(ground)
    weight = np.array([k.often * k.ground[g] for k in CLUTTER_KINDS.values()])
    shares = np.cumsum(weight) / weight.sum()
    for _ in range(int(rng.poisson(CLUTTER))):
        kind = list(CLUTTER_KINDS)[int(np.searchsorted(shares, rng.random()))]
        spec = CLUTTER_KINDS[kind]
        twice = rng.random() < spec.count[-1] and len(spec.count) > 1
        for _ in range(2 if twice else 1):
            items = add_item(items, kind, spec, horizon, rng, 4)
    return items


def compose(
    rng: np.random.Generator,  # decides everything
) -> Scene:  # objects in their places, and the labels
    "Choose time, ground, labels and places of one postcard."
    time = list(TIMES)[_drawn_from(list(TIMES.values()), rng)]
    ground = list(GROUNDS)[_drawn_from(list(GROUNDS.values()), rng)]
    horizon = rng.uniform(60, 90)
    items: list = []
    for kind in _wanted(time, ground, rng):
        spec = KINDS[kind]
        shares = np.cumsum(spec.count) / sum(spec.count)
        for _ in range(1 + int(np.searchsorted(shares, rng.random()))):
            items = add_item(items, kind, spec, horizon, rng)
    items = sorted(_with_clutter(items, ground, horizon, rng), key=lambda o: o.depth)
    labels = sorted({o.kind for o in items if o.kind in KINDS})
    return Scene(time, ground, horizon, tuple(items), labels, int(rng.integers(2**31)))
