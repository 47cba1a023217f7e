"The mean of what a network says of several views of each image."

from typing import TYPE_CHECKING

from mlc_course.hints import Any, Module, Tensor
from mlc_course.scores.predictions import Predictions

if TYPE_CHECKING:
    from mlc_course.data.table import ImageTable  # importing it would load Pillow


def predict_tta(
    model: Any,  # from `train_torch.make_model`, `train` or `backbones.load_model`
    table: "ImageTable",  # with the model's vocab
    split: str = "test",  # "train", "valid" or "test"
    flip: bool = True,  # every view also mirrored left to right
    shift: int = 0,  # pixels: also moved so far up, down, left, right and diagonally, nine places
    batch_size: int = 256,  # images at once
) -> Predictions:  # in the table's order
    "The mean probability over several views of each image: test-time augmentation."
    import torch

    from mlc_course.data.decoded import decode_split, require_vocab

    require_vocab(model.vocab, table)
    if not 0 <= shift < model.image_size:
        raise ValueError(
            f"shift is {shift} and the images have {model.image_size} pixels a side: give a "
            "number of pixels from 0 to less than that."
        )
    device, was_training = next(model.parameters()).device, model.training
    steps, flips = (0,) if shift == 0 else (-shift, 0, shift), (False, True) if flip else (False,)
    views = [(f, dy, dx) for f in flips for dy in steps for dx in steps]
    data, out = decode_split(table, split, model.image_size), []
    model.eval()
    with torch.no_grad():
        for x in torch.from_numpy(data.images).split(batch_size):
            x = x.to(device)
            out.append(mean_probs(model, x, views).cpu())
    model.train(was_training)
    return data.predictions(torch.cat(out).numpy())


def mean_probs(
    model: "Module",  # gives logits [B, C]
    x: "Tensor",  # uint8 [B, S, S, 3]
    views: list,  # of (flip, dy, dx)
) -> "Tensor":  # float32 [B, C]
    "The mean of the probabilities over views."
    import torch

    from mlc_course.training.torch_augment import move

    logits = []
    for view in views:
        flip, dy, dx = (torch.full((len(x),), v, device=x.device) for v in view)
        logits.append(model(move(x, flip, dy, dx).permute(0, 3, 1, 2).float() / 255))
    return torch.stack(logits).float().sigmoid().mean(0)
