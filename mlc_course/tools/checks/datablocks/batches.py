"Lesson 03, exercise 4: the batches that a DataBlock gives."

import numpy as np

from .._core import Wrong


def _check_crops(block):
    from fastai.vision.augment import RandomCrop, RandomResizedCrop, RandomResizedCropGPU

    for o in (*block.item_tfms, *block.batch_tfms):
        if (
            isinstance(o, (RandomCrop, RandomResizedCrop))
            or isinstance(o, RandomResizedCropGPU)
            and o.min_scale < 1
        ):
            raise Wrong(
                f"datablock: {type(o).__name__} cuts a piece at random out of every training "
                "image, and the labels stay. A label whose object was cut off is a wrong label: "
                "leave it out, and resize with ResizeMethod.Squish."
            )


def _wrong_pixels(block):
    from fastai.vision.augment import Resize, ResizeMethod

    how = next((o.method for o in block.item_tfms if isinstance(o, Resize)), None)
    if how == ResizeMethod.Crop:
        return (
            "Resize cuts off what doesn't fit into the square, unless you ask it for "
            "ResizeMethod.Squish; a label whose object was cut off is a wrong label."
        )
    if how == ResizeMethod.Pad:
        return (
            "ResizeMethod.Pad adds borders until the image is a square. It loses nothing, but the "
            "borders take pixels from the image, and the course's other frameworks get theirs "
            "without them: ask for ResizeMethod.Squish."
        )
    return (
        "They should be what `decode_images` gives: the whole image, squeezed into the square. "
        "Resize does that with ResizeMethod.Squish, if no other step changes the pixels."
    )


def check_batches(block, table, size):
    import torch

    from mlc_course.tables import decode_images

    try:
        dls = block.dataloaders(table.df, bs=3, num_workers=0, device=torch.device("cpu"))
        xb, shape = dls.valid.one_batch()[0], dls.train.one_batch()[0].shape
    except Exception as e:
        if not any(o in str(e) for o in ("equal size", "same size")):
            raise
        raise Wrong(
            "datablock: the images of a batch don't stack, because they have different sizes. "
            "Make them one size with an item transform: a batch transform comes too late, after "
            "the stacking."
        ) from e
    _check_crops(block)
    for o in (xb.shape, shape):
        if tuple(o[-2:]) != (size, size):
            raise Wrong(
                f"datablock: called with size={size}, it gives images of {o[-2]} by {o[-1]} "
                "pixels. Use the argument `size` in the item transform, for both sides."
            )
    xb = xb.permute(0, 2, 3, 1).numpy()
    if not np.issubdtype(xb.dtype, np.floating) or xb.min() < -0.01 or xb.max() > 1.01:
        raise Wrong(
            f"datablock: the values of a batch run from {xb.min():.2f} to {xb.max():.2f}, and "
            "should lie between 0 and 1. The networks of this course centre their input "
            "themselves: leave out Normalize."
        )
    if np.abs(xb - decode_images(table.paths("valid")[: len(xb)], size) / 255).max() > 1.01 / 255:
        raise Wrong(
            "datablock: the validation images have the right size and the wrong pixels. "
            f"{_wrong_pixels(block)}"
        )
    return dls
