"Batches for several heads: images and a dict of targets, from images that stay bytes."

from collections.abc import Iterator

import numpy as np
import torch

from mlc_course.training.torch_batches import ImageBatches


class HeadBatches:
    """Batches {"image": float [B, 3, S, S] in [0, 1], "targets": {head: int64 [B]}} from images
    kept as bytes. Order and augmentation depend on seed and epoch alone."""

    def __init__(
        self,
        images: np.ndarray,  # uint8 [N, S, S, 3]
        targets: dict,  # head -> class numbers [N], as `Heads.encode` gives them
        batch_size: int,  # images in a batch
        train: bool = False,  # shuffle and augment; otherwise keep the order
        seed: int = 0,  # of order and augmentation
        device: torch.device | None = None,  # `pick_device()` if left out
        rows: np.ndarray | None = None,  # which of the images are meant, int [N]; None: all
    ) -> None:
        self.names = list(targets)
        numbers = np.stack(list(targets.values()), 1)
        self.batches = ImageBatches(images, numbers, batch_size, train, seed, device, rows)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[dict]:
        for x, y in self.batches:
            yield {"image": x, "targets": dict(zip(self.names, y.long().unbind(1)))}
