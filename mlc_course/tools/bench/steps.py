"Epochs of our torch loop, timed: on all images, and on one batch that is in memory already."

import time

import numpy as np


class Fixed:
    "One batch in memory, as often as an epoch has steps: the ceiling."

    def __init__(self, batches):
        self.device = batches.device
        self.sizes = [batches.batch_size] * (len(batches.rows) // batches.batch_size)
        x, self.y = next(iter(batches))
        import torch

        self.x = x.contiguous(memory_format=torch.channels_last)

    def __iter__(self):
        return ((self.x, self.y) for _ in self.sizes)


def state_of(vocab, profile, steps):
    from mlc_course.settings import pick_precision
    from mlc_course.train_torch import TrainingState, make_model

    return TrainingState(
        make_model(vocab, profile), profile, steps, precision=pick_precision(profile.precision)
    )


def epoch_rate(state, batches):
    "Images a second of one epoch of our loop."
    from mlc_course.training.torch_loop import one_epoch

    wait = waiter(batches.device)
    wait()
    start = time.perf_counter()
    state.batch = 0
    one_epoch(state, batches)
    wait()
    return sum(batches.sizes) / (time.perf_counter() - start)


def waiter(device):
    import torch

    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def part_of(table, n_train, n_valid, seed=0):
    "So many training and validation rows of a table."
    rng, split = np.random.default_rng(seed), table.df["split"].to_numpy()
    pick = [
        rng.permutation(np.flatnonzero(split == s))[:n]
        for s, n in (("train", n_train), ("valid", n_valid))
    ]
    return table.subset(np.sort(np.concatenate(pick)))


def device_name():
    import torch

    from mlc_course.settings import pick_device

    device = pick_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
