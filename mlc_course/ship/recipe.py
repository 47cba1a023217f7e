"From a file to the bytes that a network takes, told in plain values that predictor.json can hold."
# Cropping and padding are fastai's own (vision/augment.py), with Pillow and NumPy alone, equal to
# the byte.

import os
from dataclasses import dataclass, field

import numpy as np

from ..data.files import formats_for
from ..data.pictures import load_image, square_pixels, to_rgb, upright

MAX_SIZE = 4096  # pixels along a side; a larger number in predictor.json is a mistake or an attack
FILTERS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
PAD_MODES = dict(zeros="constant", border="edge", reflection="reflect")  # fastai's word -> NumPy's
DECODERS = ("upright", "plain")


@dataclass(frozen=True)
class Recipe:
    "How an image is decoded, then one step after the other, until it is a square."

    size: int  # side of the square that comes out
    decode: str = (
        "upright"  # "upright": as `load_image` does; "plain": as fastai's PILImage.create does
    )
    steps: tuple = field(default=())  # dicts; () is one resize of the whole image to the square

    @property
    def plain_square(self):
        "Whether this is `square_pixels` and nothing else."
        return self.decode == "upright" and self.steps in ((), (squish(self.size),))

    def __call__(
        self,
        image,  # an image file, a PIL image, or uint8 [H, W, 3] in the order red, green, blue
    ) -> np.ndarray:  # uint8 [size, size, 3]
        "The bytes for the network."
        if self.plain_square:
            return square_pixels(image, self.size)
        image = decoded(image, self.decode)
        for step in self.steps or (squish(self.size),):
            image = apply_step(image, step)
        if image.size != (self.size, self.size):
            raise ValueError(f"The image has {image.size} pixels after all steps, not {self.size}.")
        return np.asarray(image)

    def to_dict(self) -> dict:  # plain values, ready for JSON
        "What predictor.json keeps under `preprocessing`."
        return dict(
            image_size=self.size,
            colour=COLOURS[self.decode],
            resize=self.in_words(),
            decode=self.decode,
            steps=list(self.steps),
        )

    def in_words(self):
        "The steps as a sentence."
        if self.plain_square:
            return "squashed to a square, bilinear, antialiased (Pillow)"
        return ", then ".join(say_step(o) for o in self.steps or (squish(self.size),)) + " (Pillow)"

    @classmethod
    def from_dict(
        cls,
        d: dict,  # `preprocessing` of predictor.json; in format 1 without `decode` and `steps`
    ) -> "Recipe":
        "Read what `to_dict` wrote; ValueError for what it can't have written."
        size, decode = d.get("image_size"), d.get("decode", "upright")
        if size is None or not whole(size) or not 1 <= size <= MAX_SIZE:
            raise ValueError(
                f"its image_size is {size!r}, not a number of pixels up to {MAX_SIZE}."
            )
        if decode not in DECODERS:
            raise ValueError(f"its decode is {decode!r}; it must be one of {', '.join(DECODERS)}.")
        steps = d.get("steps", [])
        if not isinstance(steps, list) or len(steps) > 9:
            raise ValueError(f"its steps are {str(steps)[:60]!r}, not a short list.")
        return cls(size, decode, tuple(check_step(o) for o in steps))


COLOURS = dict(
    upright="RGB, 8 bits, upright as EXIF says, transparency on white",
    plain="RGB, 8 bits, by Pillow's convert('RGB'): neither turned as EXIF says nor laid on white",
)


def squish(size, resample="bilinear") -> dict:
    "The step that resizes the whole image to a square."
    return dict(do="resize", method="squish", size=[size, size], resample=resample)


def whole(n):
    return isinstance(n, int) and not isinstance(n, bool)


def check_step(step):
    "The step, if it can be carried out."
    good = isinstance(step, dict) and step.get("do") in ("resize", "crop_pad")
    good = good and isinstance(step.get("size"), list) and len(step["size"]) == 2
    good = good and all(whole(n) and 1 <= n <= MAX_SIZE for n in step["size"])
    if good and step["do"] == "resize":
        good = step.get("method") in ("squish", "crop", "pad") and step.get("resample") in FILTERS
        good = good and (step["method"] != "pad" or step.get("pad_mode") in PAD_MODES)
    elif good:
        good = step.get("pad_mode") in PAD_MODES
    if not good:
        raise ValueError(f"its step {str(step)[:80]} isn't one that this version knows.")
    return step


def say_step(step):
    "A step in words."
    w, h = step["size"]
    if step["do"] == "crop_pad":
        return f"the middle {w} x {h} pixels (what is missing: {step['pad_mode']})"
    how = dict(
        squish="squashed",
        crop="the largest middle part of that shape, resized",
        pad=f"padded to that shape ({step.get('pad_mode')}), resized",
    )[step["method"]]
    return f"{how} to {w} x {h}, {step['resample']}"


def decoded(image, decode="upright"):
    "A PIL image in mode RGB."
    from PIL import Image

    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"The image is an array of {image.dtype} with shape {image.shape}; "
                "give uint8 [H, W, 3], red, green and blue from 0 to 255."
            )
        return Image.fromarray(image)
    if isinstance(image, Image.Image):
        return image.convert("RGB") if decode == "plain" else to_rgb(upright(image))
    if not isinstance(image, (str, os.PathLike)):
        raise TypeError(
            f"The image is a {type(image).__name__}; give the path of a file, a PIL image, or a "
            "uint8 array."
        )
    return load_plain(image) if decode == "plain" else load_image(image)


def load_plain(path):
    "As fastai's PILImage.create: neither turned as EXIF says nor laid on white."
    from PIL import Image

    image = load_image(path)  # its checks and sentences, and the same pixels unless ...
    with Image.open(path, formats=formats_for(path)) as opened:
        simple = opened.mode in ("RGB", "L", "1", "P", "CMYK") and "transparency" not in opened.info
        if simple and not is_turned(opened):
            return image
        opened.load()
        return opened.convert("RGB")


def is_turned(image):
    "Whether EXIF asks for another orientation; a damaged EXIF block asks for nothing."
    try:
        return image.getexif().get(0x0112, 1) != 1
    except Exception:
        return False


def apply_step(image, step):
    "One step on a PIL image."
    w, h = image.size
    size = tuple(step["size"])
    if step["do"] == "crop_pad":
        return crop_pad(image, size, ((w - size[0]) // 2, (h - size[1]) // 2), step["pad_mode"])
    from PIL import Image

    resample = Image.Resampling[step["resample"].upper()]
    if step["method"] == "squish":
        return image.resize(size, resample)
    ratios = w / size[0], h / size[1]
    m = max(ratios) if step["method"] == "pad" else min(ratios)
    part = int(m * size[0]), int(m * size[1])
    corner = int(0.5 * (w - part[0])), int(0.5 * (h - part[1]))
    return crop_pad(image, part, corner, step.get("pad_mode", "zeros")).resize(size, resample)


def crop_pad(
    image,  # PIL, RGB
    size,  # (width, height) that comes out
    corner,  # (left, top) of that part in the image; negative where it reaches beyond
    pad_mode="zeros",  # what stands beyond the edge: "zeros", "border" or "reflection"
):  # PIL, RGB
    "A rectangle of an image that may reach beyond its edges."
    (w, h), (left, top) = image.size, corner
    right, bottom = left + size[0], top + size[1]
    box = max(left, 0), max(top, 0), min(right, w), min(bottom, h)
    if box != (0, 0, w, h):
        image = image.crop(box)
    beyond = max(-left, 0), max(-top, 0), max(right - w, 0), max(bottom - h, 0)
    if not any(beyond):
        return image
    from PIL import Image, ImageOps

    if pad_mode == "zeros":
        return ImageOps.expand(image, border=beyond, fill=0)
    left, top, right, bottom = beyond
    edges = ((top, bottom), (left, right), (0, 0))
    return Image.fromarray(np.pad(np.asarray(image), edges, mode=PAD_MODES[pad_mode]))
