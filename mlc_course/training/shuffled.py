"Batches of images in memory in an order from a seed, half of the batches mirrored."

import torch


class Shuffled:
    "What `torch_loop.one_epoch` needs of batches. The last images that fill no batch are left out."

    def __init__(
        self,
        images: torch.Tensor,  # uint8 [N, 3, S, S]
        targets: torch.Tensor,  # [N] or [N, C]
        batch_size: int,
        device,  # where the batches go
        seed: int = 0,  # of order and mirroring, which go on from epoch to epoch
    ):
        self.images, self.targets, self.device = images, targets, device
        self.sizes = [batch_size] * (len(images) // batch_size)
        self.order = torch.Generator().manual_seed(seed)

    def __len__(self):
        return len(self.sizes)

    def __iter__(self):
        n = sum(self.sizes)
        rows = torch.randperm(len(self.images), generator=self.order)[:n]
        for idx in rows.split(self.sizes) if n else ():
            mirrored = torch.rand((), generator=self.order) < 0.5
            x = self.images[idx].flip(3) if mirrored else self.images[idx]
            x = x.to(self.device).float().div(255)
            yield x.contiguous(memory_format=torch.channels_last), self.targets[idx].to(self.device)
