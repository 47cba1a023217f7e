"Batches as PyTorch's own kind of object, so that Accelerate, Lightning and others take them."

import numpy as np
import torch
from torch.utils.data import Dataset


class PixelDataset(Dataset):
    "Images kept as bytes; a DataLoader fetches whole batches by `__getitems__`."

    def __init__(
        self,
        images: torch.Tensor,  # uint8 [N, S, S, 3]
        targets: torch.Tensor,  # float [n, C]
        rows: torch.Tensor,  # which of the images are meant, int [n]
        change=None,  # from uint8 [B, S, S, 3] to another such batch, or floats from 0 to 1
    ):
        self.images, self.targets, self.rows, self.change = images, targets, rows, change

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        x, y = self.__getitems__([i])
        return x[0], y[0]

    def __getitems__(self, positions):
        at = torch.as_tensor(np.asarray(positions), device=self.rows.device)
        x = self.images.index_select(0, self.rows[at].to(self.images.device))
        x = x if self.change is None else self.change(x)
        x = x if x.is_floating_point() else x.float().div_(255)
        return x.permute(0, 3, 1, 2), self.targets[at.to(self.targets.device)]


def whole_batch(batch):
    "What `__getitems__` gives is a batch already."
    return batch
