"""Opening an image file: what is safe, in bounded memory, or a sentence that says why not."""

import os
import re
import stat
from contextlib import contextmanager
from pathlib import Path

from .files import RAW, UNREADABLE, formats_for, what_it_is
from .one_open import OneOpen, open_file, source_of

MEMORY = 320e6  # bytes that decoding one image may take; a thread decodes one at a time
AGAIN = "Fetch the file again."


# ---- memory ------------------------------------------------------------------------------------
# bytes a pixel beyond the decoded image itself, measured with Pillow 12.3
_EXTRA = {"WEBP": 12.2, "AVIF": 6, "QOI": 4, "DDS": 4, "SGI": 2, "HEIF": 8}
_SLOW = ("qoi", "ppm_plain", "bmp_rle", "ppm", "SGI16")  # decoders in Python gather a bytearray


def _pixel_bytes(image):
    if image.mode.startswith("I;16"):
        return 2
    return 1 if image.mode in ("1", "L", "P") else 4


def _kept_beside(image):
    "Bytes that decoding takes beyond the decoded image."
    n, name = image.width * image.height, image.format
    if name == "JPEG2000":
        return n * 5.5 * len(image.getbands())
    if name in ("JPEG", "MPO") and (image.info.get("progressive") or image.info.get("progression")):
        factors = [h * v for _, h, v, _ in image.layer]  # all coefficients, 2 bytes each
        return n * 2 * sum(factors) / max(factors)
    if name == "TIFF" and image.tile and image.tile[0][0] == "libtiff":  # a strip or tile at once
        rows = image.tag_v2.get(278, image.height) if 322 not in image.tag_v2 else 0
        block = image.tag_v2.get(322, 0) * image.tag_v2.get(323, 0) or image.width * rows
        bits = image.tag_v2.get(258, 8)
        deep = sum(bits if isinstance(bits, tuple) else (bits,)) / 8
        return min(block, 2 * n) * max(1, deep)
    slow = bool(image.tile) and image.tile[0][0] in _SLOW
    return n * _EXTRA.get(name, 4 if slow else 0)


def _too_large(image, needed):
    millions = image.width * image.height / 1e6
    return (
        f"it has {image.width} x {image.height} pixels ({millions:.0f} million), which would take "
        f"{needed / 1e6:,.0f} MB to decode as {image.format}, and {MEMORY / 1e6:.0f} MB are "
        f"allowed, because a small file can hold so many pixels that the memory is exhausted. "
        f"Save it with fewer pixels: at most {millions * MEMORY / needed * 0.99:.1f} million "
        "of this kind"
    )


def fit_memory(
    image,  # a PIL image from `opened`, not decoded yet
    copy=0,  # bytes a pixel of a copy that will be made of it
):
    "Let a JPEG that needs more than `MEMORY` be decoded smaller; refuse any other image that does."
    from PIL import Image

    n, beside = image.width * image.height, _kept_beside(image)
    needs = [beside + n * (_pixel_bytes(image) + copy) / scale**2 for scale in (1, 2, 4, 8)]
    if needs[0] <= MEMORY:
        return
    if image.format not in ("JPEG", "MPO") or needs[-1] > MEMORY:
        raise Image.DecompressionBombError(_too_large(image, needs[0]))
    scale = 2 ** next(k for k, o in enumerate(needs) if o <= MEMORY)
    image.draft(None, (image.width // scale, image.height // scale))


def refuse_floats(
    image,  # a PIL image
):
    "ValueError for pixels that are floats."
    if image.mode == "F":
        raise ValueError(
            "its pixels are floats, and nothing says which value is white; "
            "save it with 8 or 16 bits"
        )


def _too_many(pixels):
    from PIL import Image

    return (
        f"it has {pixels}, and more than {Image.MAX_IMAGE_PIXELS / 1e6:.0f} million are refused, "
        "because a small file can hold so many that the memory is exhausted. "
        "Save it with fewer pixels"
    )


def _look_inside(image, path):
    "Refuse what Pillow opens and what isn't the image that is meant."
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
        pixels = f"{image.width} x {image.height} pixels"
        raise Image.DecompressionBombError(_too_many(pixels))
    refuse_floats(image)
    raw = UNREADABLE.get(path.suffix.lower()) == RAW
    if image.format == "TIFF" and (raw or 50706 in image.tag_v2):  # the tag of DNG
        raise ValueError(RAW)  # Pillow would show its thumbnail


def _head(path, data, n):
    "The first bytes of a file."
    if data is not None:
        return data[:n]
    with open_file(path) as f:
        return f.read(n)


def _check_icon(path, data=None):
    "Refuse an icon that holds a large image: Pillow decodes it before anything can be asked."
    with open_file(path) if data is None else source_of(path, data) as f:
        head = f.read(6)
        if head[:4] != b"\0\0\1\0":
            return
        entries = [f.read(16) for _ in range(int.from_bytes(head[4:], "little"))]
        for entry in entries:
            f.seek(int.from_bytes(entry[12:16], "little"))
            inside = f.read(24)
            png = inside.startswith(b"\x89PNG")
            at, order = (16, "big") if png else (4, "little")
            sides = [int.from_bytes(inside[k : k + 4], order, signed=not png) for k in (at, at + 4)]
            if max(map(abs, sides)) > 2048:
                raise ValueError(
                    f"it is an icon that holds {sides[0]} x {sides[1]} pixels; save it as PNG"
                )


# ---- files -------------------------------------------------------------------------------------
def _path(path):
    "A Path; TypeError for what names no file, ValueError for an address of the web."
    if not isinstance(path, (str, os.PathLike)):
        hint = "load_image takes a path"
        if hasattr(path, "read"):
            hint += ": save what was read to a file first"
        elif hasattr(path, "convert"):  # before shape, which fastai gives to images
            hint += ", and this is one that is open already: path.convert('RGB')"
        elif hasattr(path, "shape"):
            hint += ", and square_pixels also uint8 [H, W, 3] of NumPy, such as x.numpy()"
        raise TypeError(f"The image is given as {type(path).__name__}: {hint}.")
    if re.match("(https?|ftp|s3|gs):/", str(path)):  # a Path has one slash less
        raise FileNotFoundError(f"{path} is an address, and files are read here: download it.")
    return Path(path)


def need_file(
    path,  # of an image
) -> Path:
    "The path, if a file is there; anything else is a FileNotFoundError that says what it is."
    path = _path(path)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as e:  # a name with a zero byte is a ValueError
        why = getattr(e, "strerror", None) or e
        if isinstance(e, FileNotFoundError) and not path.is_symlink():
            raise FileNotFoundError(
                f"There is no image file {path}. Restore it, or correct its name."
            ) from e
        if isinstance(e, FileNotFoundError):
            why = "it is a link to a file that isn't there"
        raise FileNotFoundError(f"There is no image file {path}: {why}.") from e
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise FileNotFoundError(f"There is no image file {path}: it is {what}, not a file.")
    return path


def _why(path, e, data=None):
    "A sentence or two on why a file can't be decoded, and what to do about it."
    from PIL import UnidentifiedImageError

    try:
        head = _head(path, data, 4096)
    except OSError as other:
        return f"it can't be read ({other.strerror or other}). Check who may read it."
    if not head:
        return f"it is empty (0 bytes). {AGAIN}"
    known = what_it_is(head)
    if known:
        return known + "."
    if isinstance(e, UnidentifiedImageError):
        what = f"it is not an image that Pillow knows; it starts with {head[:12]!r}"
        told = UNREADABLE.get(path.suffix.lower())
        return f"{what}. {AGAIN[:-1]}, or save it as JPEG or PNG." if told is None else f"{told}."
    said = str(e) or type(e).__name__
    if said.startswith(("its pixels", "it is ")):
        return f"{said}."
    if isinstance(e, OSError) and e.errno is not None:
        return f"it can't be read ({e.strerror}). Check who may read it, and the disk."
    return f"it is cut off ({said}). {AGAIN}" if "truncated" in said else f"{said}. {AGAIN}"


@contextmanager
def opened(
    path,  # an image file, or a `OneOpen` of one
):  # a context manager that gives a PIL image
    "The image in a file, not decoded yet. What goes wrong inside is a ValueError that names it."
    from PIL import Image

    once, data = path if isinstance(path, OneOpen) else None, None
    path = need_file(path)
    try:
        data = once.take() if once is not None else None
        _check_icon(path, data)
        with Image.open(source_of(path, data), formats=formats_for(path)) as image:
            _look_inside(image, path)
            yield image
    except Image.DecompressionBombError as e:
        pillow = re.match(r"Image size \((\d+) pixels\)", str(e))
        said = _too_many(f"{int(pillow[1]) / 1e6:,.0f} million pixels") if pillow else e
        raise ValueError(f"{path} was not decoded: {said}.") from e
    except Exception as e:
        if isinstance(e, MemoryError) or "out of memory" in str(e):
            raise ValueError(
                f"{path} was not decoded: it takes more memory than there is. "
                "Close other programs, or save the image with fewer pixels."
            ) from e
        raise ValueError(f"{path} can't be decoded: {_why(path, e, data)}") from e
