"How the file of a Learner's item is found and opened."
# Asked with an item of the Learner where it has some; a Learner from `load_learner` has none, and
# is asked with a stand-in.

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


def refuse(name, what, remedy):
    "The error about one transform."
    return ValueError(
        f"This Learner's DataLoaders use {name}, {what}, so it can't be taken along. {remedy}"
    )


def name_of(tfm):
    "A transform's name, as its user wrote it."
    return str(getattr(tfm, "name", type(tfm).__name__)).split(" -- ")[0].strip()


def items_of(dls):
    "The list of the validation images; that of the training images where there is none."
    for dl in (dls.valid, dls.train):
        lists = getattr(getattr(dl, "dataset", None), "tls", None)
        if lists and len(lists[0].items):
            return lists[0]
    return dls.valid.dataset.tls[0]


class AnyRow(dict):
    "A row that has every column, and the path of a file in each: stands in for a missing item."

    def __init__(self, path):
        super().__init__()
        self.path_in_it = str(path)

    def __missing__(self, key):
        return self.path_in_it

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.path_in_it


@contextmanager
def sample_file():
    "A small image file."
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.png"
        Image.new("RGB", (9, 7), (200, 100, 50)).save(path)
        yield path


def read_opening(
    items,  # a TfmdLists of images
) -> tuple:  # (decode, by_rows): decode as in a Recipe; are items rows of an ImageTable?
    "How images are opened; ValueError for what a predictor couldn't do alike."
    from ..datablocks import ReadImage

    decode, by_rows = None, False
    with sample_file() as sample:
        x = first_item(items)
        for tfm in items.tfms.fs:
            if type(tfm) is ReadImage:
                decode, by_rows, x = "upright", True, tfm(sample)
            elif name_of(tfm) == "PILBase.create":
                x = opened(tfm, x, decode, sample)
                decode = decode or "plain"
            elif name_of(tfm) not in ("noop", "_noop"):
                x = found(tfm, x, decode, sample)
    if decode is None:
        raise ValueError("This Learner's items aren't images. A predictor needs ImageBlock.")
    return decode, by_rows


def is_path(x):
    return isinstance(x, (str, os.PathLike))


def first_item(items):
    "The first item of a list, or the first row of a table; None where there is none."
    if not len(items.items):
        return None
    return items.items.iloc[0] if hasattr(items.items, "iloc") else items.items[0]


def opened(tfm, x, decode, sample):
    "What PILImage.create makes of an item; ValueError unless that is an RGB image of a file."
    from fastai.vision.core import PILImage

    if decode is None and x is not None and not is_path(x):
        raise refuse(
            f"items that are a {type(x).__name__}",
            "not files",
            "Let get_x give the path of a file.",
        )
    image = tfm(sample if decode is None else x, split_idx=1)
    if type(image) is not PILImage:
        raise refuse(
            type(image).__name__, "which isn't an RGB image", "Use ImageBlock, that is PILImage."
        )
    return image


def found(tfm, x, decode, sample):
    "What a function makes of an item before it is opened; ValueError if that is no path."
    from PIL import Image

    if x is not None:
        x = tfm(x, split_idx=1)
    else:
        x = asked_with(tfm, (AnyRow(sample), sample, str(sample)))
    image = isinstance(x, Image.Image) or hasattr(x, "ndim") and not hasattr(x, "index")
    if image or decode is not None:
        raise refuse(
            name_of(tfm),
            "a function of yours that makes or changes the image",
            "Let get_x give the path of a file (or use mlc_course.ReadImage), and the "
            "item_tfms do the rest.",
        )
    return x


def asked_with(tfm, stand_ins):
    "What a function makes of the first stand-in that it takes; ValueError if it takes none."
    for o in stand_ins:
        try:
            return tfm(o, split_idx=1)
        except Exception:
            continue
    raise refuse(
        name_of(tfm),
        "and this Learner has no items to try it with (load_learner brings none)",
        "Export the Learner that was trained, with its DataLoaders, or give learn.dls of some "
        "images.",
    )
