"Small helpers around a hand-written loop: a line an epoch, a stopwatch, what backward costs."

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def print_epoch(
    row: dict,  # epoch, train_loss, valid_loss, valid_map
):
    "One line for one epoch of a history."
    print(
        f"epoch {row['epoch']:2}: train loss {row['train_loss']:.4f}, "
        f"valid loss {row['valid_loss']:.4f}, valid mAP {row['valid_map']:.3f}"
    )


@contextmanager
def timed(
    what: str,  # said before the number
) -> Iterator[None]:
    "Print how many seconds the lines in a `with` block took."
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:.1f} s")


def kept_for_backward(
    f: Callable,  # called without arguments
) -> float:  # MB
    "How much memory a computation keeps so that `backward` can run; 0 where nothing is kept."
    import torch

    sizes = {}

    def pack(tensor):
        sizes[tensor.data_ptr()] = tensor.numel() * tensor.element_size()  # each counts once
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = f()  # alive until all is counted, so that no address comes up twice
    del out
    return sum(sizes.values()) / 1e6
