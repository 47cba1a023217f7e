"Batches for TensorFlow from images that stay bytes until they are needed."

from collections.abc import Callable

import numpy as np

from mlc_course.hints import KerasTensor
from mlc_course.settings import import_tensorflow
from mlc_course.training.augment import Augment, is_off

tf = import_tensorflow()
import keras  # noqa: E402 (TensorFlow is set up first)


def augment_batch(
    x: KerasTensor,  # uint8 [B, S, S, 3]
    seed: KerasTensor,  # int tensor [2], for TensorFlow's stateless generators
    shift: int | None = None,  # pixels; a sixteenth of the side if left out
) -> KerasTensor:  # uint8 [B, S, S, 3]
    """Flip each image left to right with probability 1/2, and move it by up to `shift` pixels,
    its edge mirrored."""
    b, s = tf.shape(x)[0], x.shape[1]
    shift = max(s // 16, 1) if shift is None else shift
    draw = tf.random.stateless_uniform
    seeds = tf.random.split(seed, 3)
    flip = draw((b, 1), seeds[0]) < 0.5
    dy, dx = (draw((b, 1), seeds[i], -shift, shift + 1, tf.int32) for i in (1, 2))
    rows, cols = mirror(tf.range(s)[None] + dy, s), mirror(tf.range(s)[None] + dx, s)
    cols = tf.where(flip, tf.reverse(cols, [1]), cols)
    return tf.gather(tf.gather(x, rows, axis=1, batch_dims=1), cols, axis=2, batch_dims=1)


def mirror(
    i,  # row or column numbers, perhaps outside
    n: int,  # how many there are
):  # -1 -> 1, n -> n - 2
    "Numbers outside turned back at the edge."
    return (n - 1) - tf.abs((n - 1) - tf.abs(i))


class EpochData(keras.utils.PyDataset):
    """Images that stay bytes until a batch needs them; `model.fit` takes it as it is.

    `data(epoch)` is a tf.data.Dataset of (float [B, S, S, 3] in [0, 1], float targets [B, C]),
    the same each time it is asked for."""

    def __init__(
        self,
        images: np.ndarray,  # uint8 [N, S, S, 3], memory-mapped or not
        targets: np.ndarray,  # bool [N, C]
        batch_size: int,  # images in a batch
        seed: int = 0,  # of order and augmentation
        train: bool = True,  # shuffled and augmented; False: every image as it is, in order
        augment: str
        | Callable
        | None = None,  # "none", or a transform of your own, instead of flips and shifts
    ) -> None:
        super().__init__()
        if images.dtype != np.uint8:
            raise TypeError(
                f"The images are {images.dtype}; keep them as uint8, which needs a quarter of "
                "the memory."
            )
        if len(images) != len(targets):
            raise ValueError(
                f"There are {len(images)} images and {len(targets)} rows of targets; they must "
                "be the same number."
            )
        self.images, self.targets = images, np.asarray(targets, "float32")
        self.batch_size, self.seed, self.train, self.own = batch_size, seed, train, None
        if train and augment is not None and not is_off(augment):
            self.own = Augment(augment, seed)
        self.moves, self.epoch = train and augment is None, 0
        self.order = None, None  # an epoch, and its rows

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __iter__(self):
        return iter(self(0))

    def __call__(self, epoch=0):
        key = self._key(epoch)

        def change(rows, i):
            return self.own(self.images[rows], epoch, int(i))

        def batch(i, rows):
            if self.own:
                return self._fetch(rows, change, tf.float32, [i])
            x, y = self._fetch(rows, lambda r: self.images[r], tf.uint8)
            if self.moves:
                x = augment_batch(x, tf.random.fold_in(key, i))
            return tf.cast(x, tf.float32) / 255, y

        numbered = self._rows(epoch).batch(self.batch_size).enumerate()
        made = numbered.map(batch, tf.data.AUTOTUNE, deterministic=True)
        return made.prefetch(tf.data.AUTOTUNE)

    def _key(self, epoch):
        return tf.random.fold_in(tf.constant([self.seed % 2**31, 0]), epoch)

    def _rows(self, epoch):
        rows = tf.data.Dataset.range(len(self.images))
        if not self.train:
            return rows
        return rows.shuffle(len(self.images), seed=self.seed * 1009 + epoch + 1)

    def __getitem__(self, i):
        "Batch i of the epoch that `fit` is in."
        if self.order[0] != self.epoch:
            rows = np.fromiter(self._rows(self.epoch).as_numpy_iterator(), np.int64)
            self.order = self.epoch, rows
        rows = self.order[1][i * self.batch_size : (i + 1) * self.batch_size]
        if self.own:
            return self.own(self.images[rows], self.epoch, i), self.targets[rows]
        x = self.images[rows]
        if self.moves:
            key = tf.random.fold_in(self._key(self.epoch), tf.constant(i, tf.int64))
            x = augment_batch(tf.constant(x), key).numpy()
        return x.astype("float32") / 255, self.targets[rows]

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def _fetch(self, rows, images, kind, more=()):
        def read(r, *o):
            return images(r, *o), self.targets[r]

        x, y = tf.numpy_function(read, [rows, *more], (kind, tf.float32))
        x = tf.ensure_shape(x, (None, *self.images.shape[1:]))
        return x, tf.ensure_shape(y, (None, self.targets.shape[1]))


def batches_of(
    data,  # a `Decoded`
    profile,  # a `Profile`: batch size, seed
    augment=None,  # what becomes of the training images, as in `train`
) -> dict:  # split name -> EpochData
    "Batches of each split: shuffled and augmented for train, in order for the others."
    found = {}
    for s in data.splits:
        o, train = data.split(s), s == "train"
        size, seed = profile.batch_size, profile.seed
        found[s] = EpochData(o.images, o.targets, size, seed, train, augment)
    return found
