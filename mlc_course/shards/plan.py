"""Which rows a reader gets, and in which order: pure functions of numbers, no file is touched."""

import numpy as np


def share(
    n: int,  # rows to be dealt
    part: int,  # which part, from 0
    parts: int,  # how many parts
) -> range:  # the positions of this part
    "Positions 0..n-1 in `parts` runs whose lengths differ by one at most, the longer ones first."
    if parts < 1 or not 0 <= part < parts:
        raise ValueError(f"Part {part} of {parts}: count the parts from 0 to {max(parts, 1) - 1}.")
    small, longer = divmod(n, parts)
    start = part * small + min(part, longer)
    return range(start, start + small + (part < longer))


def reader_rows(
    n: int,  # rows of the split
    rank: int = 0,  # which process
    world: int = 1,  # how many processes
    worker: int = 0,  # which worker of the process's DataLoader
    workers: int = 1,  # how many
    even: bool = False,  # every rank the same number: the last n % world rows are left out
) -> range:  # positions in the order of the epoch
    "The rows of one worker of one rank: over all of them every row once, or less the odd rest."
    mine = share(n - n % world if even else n, rank, world)
    part = share(len(mine), worker, workers)
    return mine[part.start : part.stop]


def shard_order(
    n_shards: int,
    seed: int,
    epoch: int,
    shuffle: bool = True,  # False: as written
) -> list:  # shard numbers
    "The shards in the order of an epoch; the same for every rank and worker."
    if not shuffle:
        return list(range(n_shards))
    return np.random.default_rng([seed, epoch, 0]).permutation(n_shards).tolist()


def window_order(
    rows: range,  # positions of one reader
    buffer: int,  # rows in a window
    seed: int,
    epoch: int,
    start: int = 0,  # rows that were given before
):  # yields (positions to read, in rising order; the same, in the order to give them)
    "A reader's rows window by window, each window shuffled; `start` skips what was given."
    for w in range(start // buffer, -(-len(rows) // buffer)):
        window = rows[w * buffer : (w + 1) * buffer]
        drawn = np.random.default_rng([seed, epoch, 1, window.start]).permutation(len(window))
        order = [window[i] for i in drawn]
        order = order[max(0, start - w * buffer) :]
        yield sorted(order), order


def shuffle_reach(
    n: int,  # rows of one reader
    buffer: int,  # rows in a window
    seed: int = 0,  # another seed, another order
    epoch: int = 0,  # another epoch, another order
) -> int:  # rows; at most buffer - 1
    "How far the shuffle moves a row, measured: the greatest |new place - old place| of one reader."
    given = [i for _, order in window_order(range(n), buffer, seed, epoch) for i in order]
    return max((abs(i - place) for place, i in enumerate(given)), default=0)


def rows_of_workers(
    rows: int,  # rows that a DataLoader has given
    lengths: list,  # rows of each worker
    batch_size: int,
) -> list:  # rows that each worker has given
    "How many rows came from each worker, as a DataLoader takes one batch of each in turn."
    given = [0] * len(lengths)
    while rows > 0:
        before = rows
        for w, length in enumerate(lengths):
            step = min(batch_size, length - given[w], rows)
            given[w] += step
            rows -= step
        if rows == before:
            raise ValueError(f"{rows} rows more were given than these workers have.")
    return given
