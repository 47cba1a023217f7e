"augment=: a transform of one's own, in any trainer, that gives the same images when resumed."

import random
import threading
from contextlib import contextmanager

import numpy as np

from .options import name_of

ONE_AT_A_TIME = threading.Lock()  # the generators are global, and tf.data asks in several threads


def is_off(augment) -> bool:
    "Whether augment= asks for the images as they are."
    return augment is False or isinstance(augment, str) and augment == "none"


def check_augment(augment):
    "TypeError for what no trainer can use."
    if augment is None or is_off(augment) or callable(augment):
        return
    raise TypeError(
        f"augment is {augment!r}; give a torchvision v2 transform, an albumentations transform, a "
        "function of uint8 images [B, S, S, 3], 'none', or leave it out for the usual one."
    )


def augment_name(augment):
    "What a checkpoint remembers of augment=."
    if augment is None:
        return None
    return "none" if is_off(augment) else name_of(augment)


@contextmanager
def seeded(seed: int):
    "Python's, NumPy's and torch's global generators begin anew, and are put back afterwards."
    import sys

    torch = sys.modules.get("torch")
    kept = random.getstate(), np.random.get_state(), torch and torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if torch:
        torch.default_generator.manual_seed(seed % 2**63)
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        if torch:
            torch.set_rng_state(kept[2])


def kind_of(transform) -> str:  # "torchvision", "albumentations" or "batch"
    "Whose transform it is, without importing either."
    homes = {c.__module__.partition(".")[0] for c in type(transform).__mro__}
    return next((o for o in ("albumentations", "torchvision") if o in homes), "batch")


class Augment:
    """A transform that is repeatable: what it draws depends on seed, epoch and batch alone.

    A torchvision v2 transform gets each image as a uint8 tensor [3, S, S], one of albumentations
    as image=uint8 [S, S, 3], and any other callable a whole batch, uint8 [B, S, S, 3]. Each gives
    the same shape back: bytes, or floats from 0 to 1."""

    def __init__(
        self,
        transform,  # as for augment=
        seed: int = 0,
    ):
        self.transform, self.seed, self.kind = transform, seed, kind_of(transform)

    def __call__(
        self,
        images: np.ndarray,  # uint8 [B, S, S, 3]; may be changed
        epoch: int = 0,
        batch: int = 0,
    ) -> np.ndarray:  # float32 [B, S, S, 3] in [0, 1]
        "The images transformed."
        seed = (self.seed * 100_003 + epoch) * 1_000_003 + batch
        with ONE_AT_A_TIME, seeded(seed):
            out = getattr(self, f"_{self.kind}")(images, seed)
        return self._checked(np.asarray(out), images.shape)

    def _torchvision(self, images, seed):
        import torch

        x = torch.from_numpy(images).permute(0, 3, 1, 2)
        return [np.asarray(self.transform(o)).transpose(1, 2, 0) for o in x]

    def _albumentations(self, images, seed):
        if hasattr(self.transform, "set_random_seed"):
            self.transform.set_random_seed(seed % 2**32)
        return [self.transform(image=o)["image"] for o in images]

    def _batch(self, images, seed):
        out = self.transform(images)
        return out.numpy() if hasattr(out, "numpy") else out

    def _checked(self, out, shape):
        if out.shape != shape or out.dtype.kind not in "uf":
            raise ValueError(
                f"augment= gives {out.dtype} of shape {list(out.shape)} for images {list(shape)}; "
                "it must give the same shape, as bytes (uint8) or floats from 0 to 1."
            )
        if out.dtype.kind == "u":
            return out.astype(np.float32) / np.float32(255)
        out = out.astype(np.float32)
        if out.size and not (-1e-3 <= out.min() and out.max() <= 1.001):
            raise ValueError(
                f"augment= gives floats from {out.min():.3g} to {out.max():.3g}; the networks of "
                "the course take 0 to 1. Leave normalising to the network."
            )
        return out
