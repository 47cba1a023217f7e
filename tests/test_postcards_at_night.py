"What the hour changes in a drawing: appendix 90 says for which labels it is more than the light."

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mlc_course.postcards import KINDS, LABELS, PAINTERS, Item, Pen

NOT_ONLY_LIGHT = {"bird", "house", "lighthouse", "plane", "tent"}


def shape(kind, seed, night):
    "Where something is painted, in a light that changes no colour; and its colours."
    image = Image.new("RGB", (192, 192), (0, 255, 1))
    pen = Pen(
        ImageDraw.Draw(image, "RGBA"), 1.5, (1, 1, 1), None, Item(kind, 64, 80, 52, 0, 1, seed)
    )
    PAINTERS[kind](pen, np.random.default_rng(seed), night, False)
    pixels = np.asarray(image)
    return (pixels != (0, 255, 1)).any(-1), pixels


@pytest.mark.parametrize("kind", sorted(set(LABELS) - NOT_ONLY_LIGHT))
def test_most_labels_keep_their_shape(kind):
    assert kind in KINDS
    for seed in range(20):
        np.testing.assert_array_equal(shape(kind, seed, False)[0], shape(kind, seed, True)[0])


@pytest.mark.parametrize("kind", sorted(NOT_ONLY_LIGHT))
def test_some_are_drawn_otherwise_at_night(kind):
    pairs = [(shape(kind, seed, False), shape(kind, seed, True)) for seed in range(20)]
    assert any((day[1] != night[1]).any() for day, night in pairs)
