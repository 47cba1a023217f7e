"What a random affine transform does to the objects of a scene, from their places alone."

import numpy as np

from .scenes import Scene


def labels_gone(
    scene: Scene,  # from `compose`
    rng: np.random.Generator,  # decides the transform
    degrees: float = 20,  # turned by up to this
    shift: float = 0.2,  # moved by up to this share of the side, in both directions
    scale: tuple = (0.5, 1.5),  # shrunk or enlarged, from and to
) -> set:  # names of labels
    """Labels of which no object has its centre inside the image after one random turn, scaling
    and shift, as torchvision's RandomAffine draws them."""
    angle, size = np.radians(rng.uniform(-degrees, degrees)), rng.uniform(*scale)
    moved = rng.uniform(-shift, shift, 2) * 128
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inside = set()
    for item in scene.items:
        left, top, right, bottom = item.box
        centre = np.array([left + right, top + bottom]) / 2 - 64
        if abs(turn @ centre + moved).max() < 64:
            inside.add(item.kind)
    return set(scene.labels) - inside
