"Batch transforms of a Learner that resize (aug_transforms(size=...)), as one matrix per axis."

import numpy as np


def resize_matrix(
    tfm,  # a fastai batch transform that resizes in validation, without chance
    size: int,  # side of the squares that it gets
):  # float32 [out, size]; None if it is no resize that works on rows and columns alike
    """What the transform does to rows, found by asking it; an image X becomes A @ X @ A.T.

    Compared with the transform itself on random images."""
    import torch
    from fastai.torch_core import TensorImage

    def ask(x):
        return torch.Tensor(tfm(TensorImage(x), split_idx=1)).float()

    eye, parts = torch.eye(size), []
    for i in range(0, size, 32):
        rows = eye[i : i + 32][:, None, :, None].expand(-1, 1, size, size).contiguous()
        parts.append(ask(rows)[:, 0, :, 0])
    matrix = torch.cat(parts).T.contiguous()
    images = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    expected, found = ask(images.clone()), matrix @ images @ matrix.T
    if expected.shape != found.shape or not torch.allclose(expected, found, atol=1e-4):
        return None
    return np.ascontiguousarray(matrix.numpy())
