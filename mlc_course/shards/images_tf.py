"""Shards for TensorFlow: a tf.data.Dataset of the same rows."""

from ..hints import Any, PathLike
from .read import ShardReader, decoded


def shards_tf(
    folder: PathLike,  # what write_shards made
    split: str = "train",  # or valid, test
    size: int = 64,  # side in pixels
    *,
    shuffle: bool | None = None,  # None: train only
    buffer: int = 1000,  # rows shuffled at once; no row moves further
    seed: int = 0,  # another seed, another order
    epoch: int = 0,  # another number, another order
    start: int = 0,  # rows that were given before: the rest is the same
    rank: int = 0,  # which process, from 0
    world: int = 1,  # how many
    even: bool = False,  # the same number for every rank
) -> Any:  # a tf.data.Dataset of (uint8 [size, size, 3], float32 [C])
    "The rows of one rank and epoch, in the order in which ShardImages gives them to one worker."
    import tensorflow as tf

    shuffle = split == "train" if shuffle is None else shuffle
    reader = ShardReader(folder, split, shuffle=shuffle, buffer=buffer, seed=seed)
    vocab = reader.manifest.vocab

    def rows():
        for row in reader.rows(epoch, start, rank=rank, world=world, even=even):
            pixels, target = decoded(row, size, vocab)
            yield pixels, target.astype("float32")

    return tf.data.Dataset.from_generator(
        rows,
        output_signature=(
            tf.TensorSpec((size, size, 3), tf.uint8),
            tf.TensorSpec((len(vocab),), tf.float32),
        ),
    )
