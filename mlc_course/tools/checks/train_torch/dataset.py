"Exercise: a Dataset made of a table."

from __future__ import annotations

import copy

import numpy as np

from .._core import (
    NotDone,
    Right,
    Wrong,
    attempt,
    function,
    plain,
    show,
    torch_first,
)
from .._names import called

# Exercise 1


def _images(folder):
    "Files of several kinds, their labels, and what decoding each gives: uint8 [H, W, 3]."
    from PIL import Image

    rng = np.random.default_rng(0)
    pixels = lambda *shape: rng.integers(0, 256, shape, dtype=np.uint8)
    clear = pixels(5, 7, 4)
    clear[..., 3] = 255
    images = {
        "colour.png": Image.fromarray(pixels(5, 7, 3)),
        "grey.png": Image.fromarray(pixels(5, 7)),
        "palette.png": Image.fromarray(pixels(5, 7, 3)).quantize(8),
        "alpha.png": Image.fromarray(clear),
        "dark.png": Image.fromarray(pixels(5, 7, 3) // 200),
    }
    for name, image in images.items():
        image.save(folder / name)
    return (
        [folder / n for n in images],
        [["sun", "boat"], ["boa"], [], ["boat"], ["boa", "sun"]],
        [np.asarray(i.convert("RGB")) for i in images.values()],
    )


def table_dataset(answer) -> Right:
    """Exercise 1: MyDataset(paths, labels, vocab), a Dataset of (float32 [3, H, W] in [0, 1],
    float32 [C]).
    """
    torch_first()
    import tempfile
    from pathlib import Path

    function(answer, "MyDataset")
    _refuse_an_empty_class(answer)
    with tempfile.TemporaryDirectory() as tmp:
        return _dataset(answer, Path(tmp))


def _refuse_an_empty_class(answer):
    "NotDone for a class without a method of its own."
    own = ("__init__", "__len__", "__getitem__", "__getitems__")
    theirs = ("torch", "typing", "builtins")
    classes = [
        o for o in getattr(answer, "__mro__", ()) if o.__module__.split(".")[0] not in theirs
    ]
    if isinstance(answer, type) and not any(k in vars(o) for o in classes for k in own):
        raise NotDone(
            f"{called(answer, 'MyDataset')} has no methods yet: write __init__, __len__ and "
            "__getitem__ in place of the three dots, then run the check again."
        )


def _dataset(answer, folder):
    import torch

    what = called(answer, "MyDataset")
    vocab = ["sun", "boat", "boa"]  # not in the order of the alphabet, and boat holds boa
    paths, labels, pixels = _images(folder)
    kinds = [
        "an image in colour",
        "a grey image",
        "an image with a palette",
        "an image with transparency",
        "a dark image",
    ]
    try:
        data = answer(list(paths), copy.deepcopy(labels), list(vocab))
    except Exception as e:
        raise Wrong(f"{what}(paths, labels, vocab) stopped with {type(e).__name__}: {e}.") from e
    if data is None or data is ...:
        raise NotDone(
            f"{what} isn't written yet: put your own code in place of the three dots, then run "
            "the check again."
        )
    if not hasattr(type(data), "__getitem__") or not hasattr(type(data), "__len__"):
        raise Wrong(
            f"{what} has to have the two methods that a DataLoader asks for, __len__ and "
            "__getitem__."
        )
    length = attempt(
        lambda: type(data).__len__(data), (), f"len({what}(...))", f"{len(paths)} paths"
    )
    if length != len(paths):
        raise Wrong(
            f"{what}: the length is {show(length)}, and there are {len(paths)} images, one "
            "of them without any label. It counts too."
        )
    for i, (kind, pic, names) in enumerate(zip(kinds, pixels, labels)):
        item = attempt(
            lambda i=i: data[i], (), f"{what}(...)[{i}]", f"{kind} with the labels {names}"
        )
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise Wrong(
                f"{what}: an item is a pair, the image and its target; yours is "
                f"{type(item).__name__}."
            )
        x, y = item
        if np.ndim(plain(x)) == 1 and np.ndim(plain(y)) == 3:
            raise Wrong(
                f"{what}: image and target have changed places. The loop takes them as "
                "`for x, y in loader`: the image first."
            )
        _target(what, y, [float(v in names) for v in vocab], names, vocab)
        _pixels(what, x, pic, kind)
    loader = torch.utils.data.DataLoader(data, batch_size=len(paths))
    try:
        xb, yb = next(iter(loader))
    except Exception as e:
        raise Wrong(
            f"{what}: each item is right, but a DataLoader can't stack them: "
            f"{type(e).__name__}: {str(e).splitlines()[0]}"
        ) from e
    assert xb.shape == (5, 3, 5, 7) and yb.shape == (5, 3)
    return Right(
        "Right: three channels first, from 0 to 1, and a target of floats in the order of the "
        "vocab."
    )


def _target(what, y, right, names, vocab):
    import torch

    if isinstance(y, (list, tuple)) and y and all(isinstance(v, str) for v in y):
        raise Wrong(
            f"{what}: the target is the list of names {list(y)}. The loss wants numbers: 1 "
            "where the label is there, 0 where it isn't."
        )
    if not isinstance(y, torch.Tensor) and not isinstance(y, np.ndarray):
        raise Wrong(
            f"{what}: the target is of type {type(y).__name__}. Make it a tensor of floats, "
            "which a DataLoader can stack."
        )
    got, given = np.asarray(plain(y)), f"For the labels {names} and the vocab {vocab}"
    if got.shape != (3,):
        if len(got.shape) == 1 and len(got) == len(names):
            raise Wrong(
                f"{what}: the target holds the numbers of the labels, {show(got)}. Images "
                "with one and with two labels then have targets of different lengths, which "
                "can't be stacked: give one number for each label of the vocab."
            )
        raise Wrong(
            f"{what}: {given[0].lower() + given[1:]} the target has shape {got.shape}, and it "
            "should have one number for each label, (3,)."
        )
    if not np.array_equal(got, right):
        if np.array_equal(got, [float(v in names) for v in sorted(vocab)]):
            raise Wrong(
                f"{what}: the labels are in the order of the alphabet. {given} the target is "
                f"{show(np.array(right))}: the vocab says which output stands for which label, "
                "and its order is the caller's."
            )
        if np.array_equal(got, [float(any(v in o for o in names)) for v in vocab]):
            raise Wrong(
                f"{what}: {given[0].lower() + given[1:]} 'boa' counts as there, because it is a "
                "part of 'boat'. Compare whole names: `in` of a list, not of a text."
            )
        if np.array_equal(got, [1 - v for v in right]):
            raise Wrong(f"{what}: 0 and 1 are exchanged in the target.")
        if len(names) > 1 and got.sum() == 1:
            raise Wrong(
                f"{what}: only one of the labels {names} is in the target. An image may have "
                "several, and each of them is a 1."
            )
        raise Wrong(
            f"{what}: {given[0].lower() + given[1:]} the target should be "
            f"{show(np.array(right))}, and it is {show(got)}."
        )
    if got.dtype != np.float32:
        raise Wrong(
            f"{what}: the target is right, but its type is {got.dtype}. Binary cross-entropy "
            "multiplies it with float32"
            + (
                ", and in PyTorch it refuses anything but floats."
                if got.dtype.kind != "f"
                else "; make it float32 too."
            )
        )


def _pixels(what, x, pic, kind):  # noqa: C901  (a ladder of diagnoses)
    import torch

    if not isinstance(x, (torch.Tensor, np.ndarray)):
        raise Wrong(
            f"{what}: the image is of type {type(x).__name__}, which a DataLoader can't "
            "stack. Make it a tensor."
        )
    x, right = np.asarray(plain(x)), np.moveaxis(pic, 2, 0)
    h, w = pic.shape[:2]
    said = (
        f"{what}: {kind} of {h} rows and {w} columns has the shape {x.shape}, and it should be (3, "
        f"{h}, {w})."
    )
    if x.shape != (3, h, w):
        if (
            x.ndim == 3
            and x.shape[0] == 4
            or x.ndim == 3
            and x.shape[2] == 4
            and x.shape[:2] == (h, w)
        ):
            raise Wrong(
                f"{said} It has a fourth channel, transparency. Convert every image to RGB first."
            )
        if x.ndim == 2 or x.shape in ((1, h, w), (h, w, 1)):
            raise Wrong(
                f"{said} It has only one channel, so it can't be stacked with the others. "
                "Convert every image to RGB first."
            )
        if x.shape == (h, w, 3):
            raise Wrong(f"{said} PyTorch wants the channels first: permute(2, 0, 1).")
        if x.shape == (3, w, h):
            raise Wrong(
                f"{said} Rows and columns have changed places: moving the channels to the "
                "front is permute(2, 0, 1), not a transposition of everything."
            )
        if sorted(x.shape) == sorted((3, h, w)):
            raise Wrong(f"{said} Channels, rows, columns is the order.")
        raise Wrong(f"{said} Leave the size as it is here.")
    wrong = lambda values: np.allclose(x.astype(float), values, atol=1e-6)
    if wrong(right / 255):
        if x.dtype != np.float32:
            raise Wrong(
                f"{what}: the pixels are right, but their type is {x.dtype}. The weights of a "
                "network are float32, and so must its input be."
            )
        return
    if wrong(right):
        raise Wrong(
            f"{what}: the pixels go from 0 to 255. The networks of this course take them from "
            "0 to 1: divide by 255."
        )
    if wrong(right / 255 / 255):
        raise Wrong(
            f"{what}: the pixels are divided by 255 twice. ToDtype(scale=True) does it "
            "already, and so does to_tensor."
        )
    if wrong(right / 256):
        raise Wrong(f"{what}: the pixels are divided by 256. White is 255 and should become 1.")
    if wrong(right / max(right.max(), 1)):
        raise Wrong(
            f"{what}: each image is divided by its own brightest pixel, so a dark image "
            "becomes a bright one. Divide all by 255."
        )
    if wrong(right / 127.5 - 1):
        raise Wrong(
            f"{what}: the pixels go from -1 to 1. The networks of this course take them from 0 "
            "to 1."
        )
    if wrong(right[::-1] / 255):
        raise Wrong(f"{what}: red and blue are exchanged, as in an image that OpenCV has read.")
    if np.array_equal(np.sort(x.ravel()), np.sort((right / 255).astype(x.dtype).ravel())):
        raise Wrong(
            f"{what}: the shape of {kind} is right, but the pixels are at other places. "
            "reshape and view only count them off anew; permute(2, 0, 1) moves the axes."
        )
    raise Wrong(
        f"{what}: the pixels of {kind} are wrong. The first is {show(x[:, 0, 0])}, and should "
        f"be {show((right / 255)[:, 0, 0])}."
    )
