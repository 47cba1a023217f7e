"augment=: what each kind of transform gets, that it is repeatable, and what loss= and augment= are called."

import random
from functools import partial

import numpy as np
import pytest

from mlc_course.training.augment import Augment, augment_name, check_augment, kind_of
from mlc_course.training.options import name_of


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)


class Flip:
    "As a transform of albumentations: one image in, a dict out."

    __module__ = "albumentations.augmentations"

    def __call__(self, image):
        return {"image": image[:, ::-1].copy()}


def test_albumentations_get_one_image_after_the_other(images):
    assert kind_of(Flip()) == "albumentations"
    np.testing.assert_allclose(Augment(Flip())(images), images[:, :, ::-1] / 255, atol=1e-7)


def test_torchvision_gets_tensors_and_draws_for_each_image(images):
    v2 = pytest.importorskip("torchvision.transforms.v2")
    flipped = Augment(v2.RandomHorizontalFlip(1.0))(images)
    np.testing.assert_allclose(flipped, images[:, :, ::-1] / 255, atol=1e-7)
    some = Augment(v2.RandomHorizontalFlip(0.5))
    which = [
        (a != b).any()
        for a, b in zip(some(np.repeat(images, 8, 0)), np.repeat(images, 8, 0) / np.float32(255))
    ]
    assert 0 < sum(which) < 40


@pytest.mark.parametrize(
    "draw",
    [
        lambda: np.random.random(),
        lambda: random.random(),
        lambda: float(__import__("torch").rand(())),
    ],
    ids=["numpy", "python", "torch"],
)
def test_it_depends_on_seed_epoch_and_batch_and_leaves_the_generators_alone(images, draw):
    seen = []
    own = lambda seed: Augment(lambda x: (seen.append(draw()), x)[1], seed)
    for seed, epoch, batch in ((0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)):
        own(seed)(images, epoch, batch)
    assert seen[0] == seen[1] and len(set(seen)) == 4
    before = (np.random.get_state()[1].tolist(), random.getstate())
    own(0)(images)
    assert before == (np.random.get_state()[1].tolist(), random.getstate())


def test_bytes_and_floats_come_out_the_same(images):
    np.testing.assert_allclose(
        Augment(lambda x: x)(images), Augment(lambda x: x / 255.0)(images), atol=1e-7
    )
    with pytest.raises(ValueError, match="same shape"):
        Augment(lambda x: x[:, :4])(images)
    with pytest.raises(ValueError, match="take 0 to 1"):
        Augment(lambda x: x.astype(float))(images)
    with pytest.raises(TypeError, match="augment is 3"):
        check_augment(3)


def test_names_tell_recipes_apart_and_hold_no_address():
    def loss(z, y, gamma=2.0): ...

    weights = np.ones(3)
    names = [
        name_of(o)
        for o in (
            loss,
            partial(loss, gamma=1.0),
            partial(loss, gamma=3.0),
            partial(loss, gamma=weights),
            partial(loss, gamma=2 * weights),
            lambda z, y: z,
            lambda z, y: y,
        )
    ]
    assert (
        len(set(names)) == len(names)
        and names[1] == "loss(gamma=1.0)"
        and not any("0x" in o for o in names)
    )
    assert name_of(partial(loss, gamma=weights.copy())) == names[3]
    assert name_of(Flip()) == "Flip()" and (
        augment_name(None),
        augment_name(False),
        augment_name("none"),
    ) == (None, "none", "none")
