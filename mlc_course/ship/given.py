"What may be given to a predictor, and what to say where memory ends."

import io
import os

import numpy as np

from ..errors import Told


def no_room(image):
    "The error about an image that the memory doesn't suffice for."
    name = str(image) if isinstance(image, (str, os.PathLike)) else "an image that isn't a file"
    return MemoryError(
        f"{name}: there isn't enough memory for it. Make it smaller, or close other programs."
    )


def out_of_memory(e):
    "Whether an error of NumPy or onnxruntime says that the memory doesn't suffice."
    if isinstance(e, MemoryError):
        return True
    words = ("bad_alloc", "failed to allocate memory", "out of memory", "bad allocation")
    return any(o in str(e).lower() for o in words)


class NotAnImage(Told, TypeError):
    "What was given is of a kind that no image is."


def as_list(images):
    "A list of images, also of a single one."
    from PIL import Image

    single = isinstance(images, (str, os.PathLike, Image.Image, bytes, bytearray, io.IOBase))
    single = single or not hasattr(images, "__iter__") or hasattr(images, "columns")
    if single or isinstance(images, np.ndarray) and images.ndim in (2, 3):
        return [images]
    return list(images)


def need_image(image):
    "The image, if it is of a kind that can be read; NotAnImage or ValueError with what to give."
    from PIL import Image

    if isinstance(image, Image.Image) and 0 in image.size:
        raise ValueError(f"The image has {image.size[0]} x {image.size[1]} pixels: it is empty.")
    if isinstance(image, str) and image.split("://")[0].lower() in ("http", "https", "s3", "gs"):
        raise ValueError(f"{image} is an address, not a file: download it first.")
    if isinstance(image, (str, os.PathLike, Image.Image, np.ndarray)):
        return image
    remedy = "give the path of a file, a PIL image, or a uint8 array [H, W, 3]"
    if isinstance(image, (bytes, bytearray, io.IOBase)):
        remedy = "the content of a file becomes a PIL image with PIL.Image.open " + (
            "(bytes: PIL.Image.open(io.BytesIO(content)))"
        )
    elif type(image).__module__.startswith(("torch", "fastai", "tensorflow", "keras")):
        remedy += ": bytes from 0 to 255, channels last, as .numpy() gives them"
    elif type(image).__name__ == "ImageTable":
        remedy = "for a table use predictor.predictions(table), or predict(table.paths())"
    raise NotAnImage(f"The image is a {type(image).__name__}; {remedy}.")
