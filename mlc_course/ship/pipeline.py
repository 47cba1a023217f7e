"What a fastai Learner does to an image before its network sees it, and to the outputs afterwards."
# Read from the validation DataLoader, which is what `learn.get_preds` and `learn.predict` use.
# Each transform is taken in exactly, or refused by name.

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .batches import resize_matrix
from .opening import items_of, name_of, read_opening, refuse
from .recipe import Recipe


@dataclass(frozen=True)
class Reading:
    "A Learner's way from a file to the numbers that `get_preds` gives."

    vocab: list  # label names, in the order of the outputs
    recipe: Recipe  # from a file to bytes
    scale: np.ndarray  # float [3]: the network's input is byte*scale + shift
    shift: np.ndarray  # float [3]
    activation: str  # what `get_preds` applies: "sigmoid" or "none"
    by_rows: bool  # items are rows of an ImageTable; otherwise paths will do
    matrix: object = None  # float [out, S]: batches are resized by it, along both axes; or None

    @property
    def input_size(self):
        "Side of the squares that reach the network."
        return self.recipe.size if self.matrix is None else len(self.matrix)

    def network_input(
        self,
        pixels: np.ndarray,  # uint8 [N, S, S, 3]
    ):  # a torch tensor, float [N, 3, S, S]
        "The batch that the Learner's network gets."
        import torch

        x = pixels.astype("float32") * self.scale.astype("float32") + self.shift.astype("float32")
        x = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
        if self.matrix is None:
            return x
        matrix = torch.from_numpy(self.matrix)
        return matrix @ x @ matrix.T


def read_learner(
    learn,  # a fastai Learner
    vocab=None,  # what the caller says the labels are; None: ask the DataLoaders
) -> Reading:
    "The whole validation pipeline; ValueError that names what can't be taken along."
    dls = learn.dls
    valid: Any = getattr(dls, "valid", None)
    lists = getattr(getattr(valid, "dataset", None), "tls", None)
    if lists is None or not hasattr(valid, "after_item"):
        raise ValueError(
            "This Learner's DataLoaders weren't made by a DataBlock, so what they do to an image "
            "can't be read. Give the network alone, learn.model, with vocab= and image_size=, if "
            "it takes float images from 0 to 1."
        )
    if getattr(valid, "n_inp", 1) != 1:
        raise ValueError(
            f"This Learner's network takes {valid.n_inp} inputs; a predictor gives it one image."
        )
    decode, by_rows = read_opening(items_of(dls))
    steps, size = read_items(valid.after_item)
    if any(not idle(t) for t in valid.before_batch.fs):
        t = next(t for t in valid.before_batch.fs if not idle(t))
        raise refuse(name_of(t), "a transform of whole lists of items", "Leave before_batch empty.")
    scale, shift, matrix = read_batches(valid.after_batch, size)
    labels = read_vocab(dls, learn.model, vocab)
    recipe = Recipe(size, decode, tuple(steps))
    return Reading(labels, recipe, scale, shift, read_activation(learn.loss_func), by_rows, matrix)


def read_vocab(dls, model, given):
    "Label names of the DataLoaders, compared with what the model and the caller say."
    found = getattr(dls, "vocab", None)
    if (
        found is not None
        and len(found)
        and not isinstance(found[0], str)
        and hasattr(found[0], "__len__")
    ):
        raise ValueError(
            f"This Learner's DataLoaders have {len(found)} vocabs; a predictor has one list of "
            "labels."
        )
    found = [str(o) for o in found] if found is not None and len(found) else None
    for who, other in (("vocab=", given), ("learn.model.vocab", getattr(model, "vocab", None))):
        if other is None:
            continue
        if isinstance(other, str):
            raise TypeError(f"{who} is the text {other!r}; give a list of label names.")
        if found is not None and [str(o) for o in other] != found:
            raise ValueError(
                f"The Learner's DataLoaders have the labels {', '.join(found[:5])} and {who} has "
                f"{', '.join(map(str, list(other)[:5]))}, or another order. The order is that of "
                "the outputs: learn.dls.vocab. Correct one of the two."
            )
        found = [str(o) for o in other]
    if not found:
        raise ValueError(
            "This Learner's DataLoaders have no vocab. Pass vocab= with the label of each output, "
            "in order."
        )
    return found


def idle(tfm):
    "Whether a transform does nothing to a validation batch."
    return (
        name_of(tfm) in ("noop", "_noop")
        or getattr(tfm, "split_idx", None) == 0
        and not affine(tfm)
    )


def affine(tfm):
    from fastai.vision.augment import AffineCoordTfm, RandomResizedCropGPU

    return isinstance(tfm, AffineCoordTfm) or type(tfm) is RandomResizedCropGPU


def read_items(pipeline):
    "(steps of a Recipe, size): what is done to each image."
    from fastai.data.transforms import ToTensor
    from fastai.vision import augment as A

    steps = []
    for tfm in pipeline.fs:
        if idle(tfm) or type(tfm) is ToTensor:
            continue
        if getattr(tfm, "p", 1) != 1:
            raise refuse(name_of(tfm), "by chance in validation too", "Leave p at 1.")
        if type(tfm) is A.Resize:
            steps.append(resize_step(tfm))
        elif type(tfm) in (A.CropPad, A.RandomCrop):
            size, mode = [int(o) for o in tfm.size], getattr(tfm, "pad_mode", "zeros")
            steps.append(dict(do="crop_pad", size=size, pad_mode=str(mode)))
        elif type(tfm) is A.RandomResizedCrop:
            steps += resized_crop_steps(tfm)
        else:
            raise refuse(
                name_of(tfm),
                "which isn't one of the transforms that a predictor knows (Resize, CropPad, "
                "RandomCrop, RandomResizedCrop)",
                "Use one of these in item_tfms, or do it before in files of your own.",
            )
    if not steps:
        raise ValueError(
            "This Learner's DataLoaders don't resize, so images of any size reach the network. "
            "Give item_tfms=Resize(size) when you make them."
        )
    w, h = steps[-1]["size"]
    if w != h:
        raise ValueError(
            f"This Learner's images are {w} x {h} pixels; a predictor's are square. Use "
            f"Resize({max(w, h)})."
        )
    return steps, w


def filter_name(mode):
    from PIL import Image

    return Image.Resampling(mode).name.lower()


def resize_step(tfm):
    "fastai's Resize as a step."
    step = dict(
        do="resize",
        method=str(tfm.method),
        size=[int(o) for o in tfm.size],
        resample=filter_name(tfm.mode),
    )
    if step["method"] not in ("squish", "crop", "pad"):
        raise refuse(
            f"Resize(method={tfm.method!r})",
            "a method that fastai doesn't have",
            "Use squish, crop or pad.",
        )
    return step | (dict(pad_mode=str(tfm.pad_mode)) if step["method"] == "pad" else {})


def resized_crop_steps(tfm):
    "What RandomResizedCrop does in validation: squash to a larger size, then the middle."
    size = [int(o) for o in tfm.size]
    more = math.ceil(max(size) * tfm.val_xtra / 8) * 8
    steps = [
        dict(
            do="resize",
            method="squish",
            size=[o + more for o in size],
            resample=filter_name(tfm.mode),
        )
    ]
    return steps + [dict(do="crop_pad", size=size, pad_mode="zeros")] * bool(more)


def read_batches(pipeline, size):
    "(scale, shift) per channel, so that the network's input is byte*scale + shift; and a resize."
    from fastai.data.transforms import IntToFloatTensor, Normalize

    scale, shift, matrix = np.ones(3), np.zeros(3), None
    for tfm in pipeline.fs:
        if type(tfm) is IntToFloatTensor:
            scale, shift = scale / float(tfm.div), shift / float(tfm.div)
        elif type(tfm) is Normalize:
            mean, std = (
                np.asarray(o.detach().cpu(), "float64").reshape(-1) for o in (tfm.mean, tfm.std)
            )
            if len(mean) not in (1, 3) or len(std) not in (1, 3):
                raise refuse(
                    "Normalize",
                    f"with {len(mean)} means",
                    "Give one mean and one deviation per channel.",
                )
            scale, shift = scale / std, (shift - mean) / std
        elif affine(tfm):
            if getattr(tfm, "size", None) is not None:
                new = resize_matrix(tfm, size if matrix is None else len(matrix))
                if new is None:
                    raise refuse(
                        f"{type(tfm).__name__}(size={tfm.size})",
                        "which resizes whole batches, and not to a square",
                        f"Give one number, or the item transform Resize({tfm.size}) instead.",
                    )
                matrix = new if matrix is None else new @ matrix
        elif not idle(tfm):
            raise refuse(
                name_of(tfm),
                "which isn't one of the batch transforms that a predictor knows "
                "(IntToFloatTensor, Normalize, aug_transforms)",
                "Put it into the network, as its first layer.",
            )
    return scale, shift, matrix


def takes_logits(loss):
    "Whether a loss without an activation is one of PyTorch's for logits, a sigmoid for each label."
    import functools

    import torch
    from torch.nn import functional as F

    while isinstance(loss, functools.partial) or hasattr(loss, "func"):
        loss = loss.func
    known = (torch.nn.BCEWithLogitsLoss, torch.nn.MultiLabelSoftMarginLoss)
    by_function = (F.binary_cross_entropy_with_logits, F.multilabel_soft_margin_loss)
    return type(loss) in known or any(loss is o for o in by_function)


def read_activation(loss):
    'What `learn.get_preds` does to the outputs: "sigmoid" or "none".'
    import torch

    act = getattr(loss, "activation", None)
    inner = getattr(loss, "func", loss)
    if act is None and isinstance(inner, (torch.nn.CrossEntropyLoss, torch.nn.NLLLoss)):
        raise ValueError(compete(type(inner).__name__, "is for one label per image"))
    if act is None or not callable(act):
        return "none"
    z = torch.tensor([[-3.0, 0.5, 2.0], [1.0, -0.2, 7.0]])
    try:
        got = torch.as_tensor(act(z.clone()))
    except Exception as e:
        raise ValueError(f"The loss's activation can't be applied to logits ({e}).") from None
    for name, expected in (("sigmoid", z.sigmoid()), ("none", z), ("softmax", z.softmax(1))):
        if got.shape == expected.shape and torch.allclose(got.float(), expected, atol=1e-6):
            break
    else:
        raise ValueError(
            f"learn.get_preds puts the outputs through {getattr(act, '__qualname__', act)}, which "
            "is neither a sigmoid nor nothing. Use BCEWithLogitsLossFlat, or set "
            "learn.loss_func.activation = torch.sigmoid."
        )
    if name == "softmax":
        raise ValueError(compete(type(loss).__name__, "ends learn.get_preds in a softmax"))
    return name


def compete(loss, does):
    "The sentence about a loss for images of one label."
    return (
        f"The loss {loss} {does}, so the labels compete: the scores of an image add up to 1. "
        "For images with several labels train with BCEWithLogitsLossFlat()."
    )
