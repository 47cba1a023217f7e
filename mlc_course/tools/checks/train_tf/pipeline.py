"Exercise: a tf.data pipeline."

import numpy as np

from .._core import (
    Right,
    Wrong,
    attempt,
    function,
    plain,
)
from .._names import called
from .common import tensorflow

# Exercise 1


def _batches(dataset, what, limit):
    "The batches of a dataset as pairs of arrays; no more than `limit`."
    tf = tensorflow()
    if not isinstance(dataset, tf.data.Dataset):
        raise Wrong(
            f"{what} should give back a tf.data.Dataset, and it gave {type(dataset).__name__}. "
            "Begin with tf.data.Dataset.from_tensor_slices."
        )
    out = []
    try:
        for batch in dataset.take(limit):
            if not isinstance(batch, tuple) or len(batch) != 2:
                raise Wrong(f"{what}: each element should be a pair of images and targets.")
            out.append(tuple(plain(o) for o in batch))
    except Wrong:
        raise
    except Exception as e:
        raise Wrong(
            f"{what}: the dataset was made, but going through it stopped with "
            f"{type(e).__name__}: {str(e).strip().splitlines()[0][:160]}"
        ) from e
    return out


def _check_shapes(what, full, size):
    "Raise where the batches aren't batches of images and targets."
    x0, y0 = np.asarray(full[0][0]), np.asarray(full[0][1])
    if x0.shape == (size, size, 3):
        raise Wrong(
            f"{what}: the elements are single images. Put them together with batch(batch_size)."
        )
    if x0.ndim != 4 or x0.shape[1:] != (size, size, 3):
        raise Wrong(
            f"{what}: a batch of images has shape {x0.shape}, and it should be [B, {size}, "
            f"{size}, 3]."
        )
    if y0.ndim != 2 or y0.shape[1] != 3:
        raise Wrong(f"{what}: a batch of targets has shape {y0.shape}, and it should be [B, 3].")


def _check_range(what, x, images):
    "Raise where the pixels aren't floats in [0, 1]."
    if x.dtype.kind != "f":
        raise Wrong(
            f"{what}: the images come out as {x.dtype}. The model takes floating-point "
            "numbers in [0, 1]: cast to float32, then divide by 255."
        )
    if x.min() < -0.001 and abs(x.mean((1, 2, 3))).max() < 1e-3:
        raise Wrong(
            f"{what}: each image is centred on its own mean, as per_image_standardization does. "
            "The model of this course takes pixels in [0, 1] as they are: divide by 255."
        )
    if x.max() > 1.001:
        raise Wrong(
            f"{what}: the pixels go up to {x.max():g}. The model takes them in [0, 1]: divide "
            "by 255."
        )
    if x.min() < -0.001:
        raise Wrong(
            f"{what}: the pixels go down to {x.min():g}. The model of this course takes them "
            "in [0, 1], and converts them to what its body wants itself."
        )
    if not x.any():
        raise Wrong(
            f"{what}: every pixel comes out as 0. Are whole numbers divided with //? Cast to "
            "float32 first, then divide by 255."
        )
    if x.max() < 0.1:
        raise Wrong(
            f"{what}: the largest pixel is {x.max():g}, and it should be "
            f"{images.max() / 255:.2f}. Are they divided by 255 twice?"
        )


def _check_same(what, x, images):
    "Raise where the pixels aren't those of the images, divided by 255."
    if np.allclose(x, images / 256, atol=1e-6):
        raise Wrong(
            f"{what}: the pixels are divided by 256. There are 256 levels, but the largest is 255, "
            "and white should be 1: divide by 255."
        )
    if not np.allclose(x, images / 255, atol=2e-3):
        raise Wrong(
            f"{what}: the images are changed. Validation shows them as they are; "
            "augmentation is for training."
        )


def _loose(dataset) -> bool:
    "Whether a stage may give its elements in another order than it gets them."
    if dataset.options().deterministic is False:
        return True
    told = getattr(dataset, "_deterministic", None)  # of `map(..., deterministic=False)`
    return told in (False, "false") or any(map(_loose, dataset._inputs()))


def _check_kind(what, x, y, dataset):
    "Raise where images or targets aren't float32, or their order isn't certain."
    if x.dtype != np.float32:
        raise Wrong(
            f"{what}: the images come out as {x.dtype}. A network computes in float32: cast the "
            "bytes to float32 before you divide."
        )
    if y.dtype != np.float32:
        raise Wrong(
            f"{what}: the targets come out as {y.dtype}. The loss computes in float32, as the "
            "network does: cast them to float32."
        )
    if _loose(dataset):
        raise Wrong(
            f"{what}: with deterministic=False the batches may come in another order, and "
            "predictions would meet the wrong file names."
        )


def valid_pipeline(answer) -> Right:
    """Exercise 1: f(images, targets, batch_size) with uint8 [N, S, S, 3] and bool [N, C]: a
    tf.data.Dataset for validation.
    """
    what = called(answer, "my_valid_data")
    function(answer, what)
    n, size, k = 22, 3, 4
    images = np.random.default_rng(0).integers(0, 232, (n, size, size, 3), dtype=np.uint8)
    images[:, 1, 1] = 11 * np.arange(n)[:, None]  # tells which image it is, mirrored or not
    targets = np.array([[i % 2, i % 3 == 0, i > 9] for i in range(n)], dtype=bool)
    dataset = attempt(
        answer, (images, targets, k), what, f"{n} images, their targets, and the batch size {k}"
    )
    full = _batches(dataset, what, 2 * n + 4)
    if not full:
        raise Wrong(f"{what}: the dataset is empty.")
    _check_shapes(what, full, size)
    x, y = (
        np.concatenate([np.asarray(a) for a, _ in full]),
        np.concatenate([np.asarray(b) for _, b in full]),
    )
    if len(x) > n:
        if len(full) == 2 * n + 4:
            raise Wrong(
                f"{what}: the dataset doesn't end. A validation pass goes through the images "
                "once: leave repeat() out."
            )
        raise Wrong(
            f"{what}: {n} images go in and {len(x)} come out. A validation pass shows each "
            "image once."
        )
    _check_range(what, x, images)
    if len(x) < n:
        lost = n - len(x)
        raise Wrong(
            f"{what}: {n} images go in and {len(x)} come out. "
            + (
                "The last batch is smaller, and it counts like the others: no drop_remainder."
                if lost == n % k
                else "Every image of the split has to be scored."
            )
        )
    level = np.rint(x[:, 1, 1, 0] * 255 / 11).astype(int)
    if sorted(level) != list(range(n)):
        raise Wrong(
            f"{what}: some images come more than once and others not at all. Each comes "
            "once, as it is; augmentation is for training."
        )
    again = np.rint(
        np.concatenate([np.asarray(a) for a, _ in _batches(dataset, what, 2 * n + 4)])[:, 1, 1, 0]
        * 255
        / 11
    ).astype(int)  # once can be luck
    if (level != np.arange(n)).any() or (again != np.arange(n)).any():
        moved = (
            "always in the same one" if (again == level).all() else "and in another order each time"
        )
        raise Wrong(
            f"{what}: the images come in another order than they went in, {moved}. "
            "Predictions would then meet the wrong file names: no shuffle() in validation."
        )
    _check_same(what, x, images)
    if (np.asarray(y, dtype=float) != targets).any():
        raise Wrong(
            f"{what}: the images are in order, but the targets don't belong to them. Slice "
            "both in one from_tensor_slices((images, targets))."
        )
    if y.dtype.kind != "f":
        raise Wrong(
            f"{what}: the targets come out as {y.dtype}. The loss multiplies with them: cast "
            "them to float32."
        )
    _check_kind(what, x, y, dataset)
    sizes = [len(a) for a, _ in full]
    if sizes != [k] * (n // k) + [n % k]:
        raise Wrong(
            f"{what}: the batches hold {sizes} images, and with batch_size={k} they should "
            f"hold {[k] * (n // k) + [n % k]}."
        )
    return Right("Right: every image once, as it is, in its order.")
