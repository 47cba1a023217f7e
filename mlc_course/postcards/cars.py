"Toy cars: makes, models and years, and where a car stands."

from dataclasses import dataclass, replace

import numpy as np

from .scenes import Item, Scene, compose

MAKES = {  # make: how often, emblem, and how its cars are painted
    "Aurel": (0.24, "ring", "two-tone"),
    "Borra": (0.19, "diamond", "stripe"),
    "Corvin": (0.15, "star", "dark roof"),
    "Dravik": (0.12, "cross", "bars"),
    "Elmo": (0.10, "triangle", "white roof"),
    "Fenn": (0.08, "square", "plain"),
    "Silver Comet": (0.065, "comet", "thin stripe"),
    "Tarn": (0.03, "three bars", "wood"),
    "Zephyra": (0.025, "wing", "slash"),
}
MODELS = {  # some models carry a name that has another make's name in it, as in life
    "Aurel": (
        ("Ora", "Sedan"),
        ("Ora Sport", "Coupe"),
        ("Terra", "SUV"),
        ("Corvinette", "Convertible"),
    ),
    "Borra": (("Fennec", "SUV"), ("110", "Sedan"), ("Cargo Star", "Van"), ("Brisa", "Hatchback")),
    "Corvin": (
        ("C7", "Coupe"),
        ("C7 Roadster", "Convertible"),
        ("Estate", "Wagon"),
        ("Royal", "Sedan"),
    ),
    "Dravik": (("Taiga", "SUV"), ("Taiga Long", "SUV"), ("Volk", "Sedan"), ("Tarn Edition", "Van")),
    "Elmo": (("Piccolo", "Hatchback"), ("Piccolo Open", "Convertible"), ("Familia", "Van")),
    "Fenn": (("Marsh", "Wagon"), ("Heron", "Sedan"), ("Kite", "Coupe")),
    "Silver Comet": (("Halley", "Coupe"), ("Encke", "Sedan"), ("Biela", "SUV")),
    "Tarn": (("Lakeland", "Wagon"), ("Fell", "SUV")),
    "Zephyra": (("Mistral", "Convertible"), ("Bora", "Coupe")),
}
BODIES = {
    "Sedan": 0.32,
    "SUV": 0.22,
    "Coupe": 0.16,
    "Convertible": 0.12,
    "Van": 0.09,
    "Hatchback": 0.07,
    "Wagon": 0.05,
}
_YEARS = (
    (2012,),
    (2007, 2012),
    (2001, 2010),
    (2009, 2012),
    (2004, 2011),
    (2008,),
    (2000, 2012),
    (2010,),
    (2006, 2011),
    (2012, 2003),
)


def _classes():
    "Class name -> (weight, make, body, year), sorted by name as in the real metadata."
    out = {}
    for j, (make, models) in enumerate(MODELS.items()):
        for m, (model, body) in enumerate(models):
            for y in _YEARS[(3 * j + 7 * m) % len(_YEARS)]:
                out[f"{make} {model} {body} {y}"] = (
                    BODIES[body] * (1 + (y - 2000) / 8),
                    make,
                    body,
                    y,
                )
    total = {make: sum(v[0] for v in out.values() if v[1] == make) for make in MAKES}
    return {
        k: (w / total[make] * MAKES[make][0], make, body, y)
        for k, (w, make, body, y) in sorted(out.items())
    }


CAR_CLASSES = _classes()

_TALL = {
    "Sedan": 0.41,
    "SUV": 0.52,
    "Coupe": 0.38,
    "Convertible": 0.38,
    "Van": 0.55,
    "Hatchback": 0.42,
    "Wagon": 0.40,
}  # in lengths
CROP = 22  # px of 128 cut off at the top: photographs of cars are wider than high


def car_height(size):
    return round(size * 0.75)


@dataclass(frozen=True)
class Car:
    "One toy car: what it is, where it stands and how it's lit."

    name: str
    scene: Scene
    item: Item

    @property
    def kind(self) -> tuple:  # its row of CAR_CLASSES
        "What its class says."
        return CAR_CLASSES[self.name]

    def record(
        self,
        size: int,  # width of the image in pixels
    ) -> tuple[int, int, int, int, int]:
        "What the annotations say: left, top, right, bottom in pixels and the class, all from 1."
        k, w, h, o = size / 128, size, car_height(size), self.item
        left, right = (o.x - 0.53 * o.size) * k, (o.x + 0.53 * o.size) * k
        top = (o.y - _TALL[self.kind[2]] * o.size - CROP) * k
        bottom = (o.y + 0.02 * o.size - CROP) * k
        return (
            max(1, round(left)),
            max(1, round(top)),
            min(w, round(right)),
            min(h, round(bottom)),
            list(CAR_CLASSES).index(self.name) + 1,
        )


def compose_car(
    rng: np.random.Generator,  # decides everything
) -> Car:  # not drawn yet
    "Choose a class, a place and a background."
    w = np.cumsum([v[0] for v in CAR_CLASSES.values()])
    name = list(CAR_CLASSES)[int(np.searchsorted(w / w[-1], rng.random()))]
    scene = replace(compose(rng), items=())
    if scene.ground == "sea":
        scene = replace(scene, ground="town")
    size, x, y = rng.uniform(72, 112), rng.uniform(58, 70), rng.uniform(92, 108)
    return Car(
        name,
        scene,
        Item(
            "car",
            x,
            y,
            size,
            rng.uniform(-2, 2),
            int(rng.integers(2)) * 2 - 1,
            int(rng.integers(2**31)),
        ),
    )
