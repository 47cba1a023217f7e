"""The one decoder: any image file as 8-bit RGB, upright, and squares of many, in little memory."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..hints import Any, ImageLike, Iterable, PathLike, PILImage
from ..machine import usable_cores
from .files import image_suffixes
from .opening import fit_memory, opened, refuse_floats

IMAGE_SUFFIXES = image_suffixes()
BAND = 2**20  # pixels that are converted at once
MIDDLE = 128e6  # bytes of an image that is as wide as the square and as high as the file's
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> Image.Transpose


def row_sources(df):
    "Where each row came from, for error messages."
    return list(df["source"]) if "source" in df.columns else [f"row {i}" for i in range(len(df))]


# ---- colours and orientation -------------------------------------------------------------------
def orientation(image):
    "The EXIF orientation, 1 to 8; a damaged EXIF block says nothing, which is 1."
    try:
        found = image.getexif().get(0x0112, 1)
        return found if found in TURNS else 1
    except Exception:
        return 1


def upright(image):
    "Turn the image as its EXIF orientation says; a damaged EXIF block says nothing."
    turn = orientation(image)
    return image if turn == 1 else image.transpose(TURNS[turn])


def _eight_bits(image):
    "An image of 16 bits with 8: 65535 becomes 255."
    from PIL import Image

    values = np.asarray(image)
    if values.dtype.itemsize > 2 and values.size and (values.min() < 0 or values.max() > 65535):
        raise ValueError(
            "its pixels have 32 bits, and nothing says which value is white; "
            "save it with 8 or 16 bits"
        )
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def to_rgb(
    image,  # any PIL image; 32-bit and float pixels are a ValueError
):  # a PIL image in mode RGB
    "Any Pillow image as 8-bit RGB: 16 bits scaled, transparency laid on white."
    from PIL import Image

    refuse_floats(image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


# ---- in bands ----------------------------------------------------------------------------------
def _is_plain(image):
    return image.mode == "RGB" and "transparency" not in image.info


def _upright_size(image, turn):
    return image.size if turn < 5 else image.size[::-1]


def _rows(image, turn, top, bottom):
    "The rows from `top` to `bottom` of the upright image."
    w, h = image.size
    if turn in (1, 2):
        box = (0, top, w, bottom)
    elif turn in (3, 4):
        box = (0, h - bottom, w, h - top)
    elif turn in (5, 6):
        box = (top, 0, bottom, h)
    else:
        box = (w - bottom, 0, w - top, h)
    part = image.crop(box)
    return part if turn == 1 else part.transpose(TURNS[turn])


def _bands(image, turn, step=1):
    "(first row, RGB image) for bands of the upright image, whose heights are multiples of `step`."
    width, height = _upright_size(image, turn)
    rows = max(1, BAND // (width * step)) * step
    for top in range(0, height, rows):
        yield top, to_rgb(_rows(image, turn, top, min(height, top + rows)))


def _whole(image, turn):
    "A decoded image as RGB, upright; a large one is converted in bands."
    from PIL import Image

    if image.width * image.height <= 4 * BAND:
        return to_rgb(image if turn == 1 else image.transpose(TURNS[turn]))
    if turn == 1 and _is_plain(image):
        return image
    out = Image.new("RGB", _upright_size(image, turn))
    for top, band in _bands(image, turn):
        out.paste(band, (0, top))
    return out


def _square(image, size, turn):
    "A decoded image squashed to a square, equal to `to_rgb(upright(image)).resize(...)`."
    from PIL import Image

    how, (_, height) = Image.Resampling.BILINEAR, _upright_size(image, turn)
    step = min(int(np.ceil(4 * size * height / MIDDLE)), height // (4 * size))
    if step <= 1 and (image.width * image.height <= 4 * BAND or turn == 1 and _is_plain(image)):
        image = image if turn == 1 and _is_plain(image) else _whole(image, turn)
        return np.asarray(image.resize((size, size), how))
    # Pillow shrinks the width first, each row by itself, and then the height: so do bands
    step = max(1, step)  # above 1 for absurdly high images only, which are averaged first
    middle = Image.new("RGB", (size, -(-height // step)))
    for top, band in _bands(image, turn, step):
        band = band if step == 1 else band.reduce((1, step))
        middle.paste(band.resize((size, band.height), how), (0, top // step))
    return np.asarray(middle.resize((size, size), how))


# ---- files -------------------------------------------------------------------------------------
def check_image(
    path,  # an image file
):
    "Decode a file and keep nothing. What `load_image` refuses is refused here too."
    with opened(path) as image:
        fit_memory(image)
        image.load()
        if image.mode == "I":
            for _ in _bands(image, 1):
                pass
        elif not _is_plain(image):
            to_rgb(image.crop((0, 0, 1, 1)))  # is there a way from its mode to RGB?


def load_image(
    path: PathLike,  # an image file
) -> "PILImage":  # a PIL image in mode RGB, upright
    """The one decoder: any image file as 8-bit RGB, 16 bits scaled, transparency laid on white.

    ValueError names a file that is damaged, isn't an image, or has 32-bit or float pixels, and says
    what to do. A missing file is a FileNotFoundError. No program is started for a file (EPS).
    What would take more than about 300 MB is refused; a JPEG is then read at half its size or less.
    """
    with opened(path) as image:
        turn = orientation(image) if image.format in ("JPEG", "MPO") else 1  # PNG would be decoded
        fit_memory(image, 0 if turn == 1 and _is_plain(image) else 4)
        image.load()
        turn = orientation(image)
        if turn > 1 and image.format not in ("JPEG", "MPO"):
            fit_memory(image, 4)
        return _turned(_whole(image, turn), turn)


def _turned(image, turn):
    "The image, without the word on its orientation once it has been turned."
    if turn > 1:
        for key in ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"):
            image.info.pop(key, None)
    return image


def check_size(
    size,  # what was given
):
    "ValueError for anything but a whole number of pixels from 1."
    if isinstance(size, (bool, np.bool_)) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"size is {size!r}; give the side in pixels, a whole number from 1.")


def square_pixels(
    image: "ImageLike",  # a file, a PIL image, or uint8 [H, W, 3], red first
    size: int,  # side of the square that comes out, in pixels
) -> np.ndarray:  # uint8 [size, size, 3]
    """The one preprocessing: 8-bit RGB, upright, squashed to a square (bilinear, antialiased).

    An array of another dtype or shape is a ValueError; for files, see `load_image`. A file is
    converted in bands, so that it takes no more than its decoded pixels, about 300 MB at most.
    """
    from PIL import Image

    check_size(size)
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"The picture is an array of {image.dtype} with shape {image.shape}; "
                "give uint8 [H, W, 3], red, green and blue from 0 to 255."
            )
        return _square(Image.fromarray(image), size, 1)
    if isinstance(image, Image.Image):
        return _square(image, size, orientation(image))
    with opened(image) as found:
        fit_memory(found)
        found.load()
        return _square(found, size, orientation(found))


def _with_row(e, source):
    return type(e)(
        f"{source}: {e} Or take its row out of the table; table.verify() lists every such file "
        "(mlc data in the command)."
    )


def decode_each(
    paths,  # image files
    size: int,  # side of the square that comes out, in pixels
    sources,  # where each came from, for error messages
    workers=None,  # threads; None: one per core
) -> tuple:  # uint8 [N, size, size, 3], black where a file is bad; row -> its error
    "Decode images, and go on after one that can't be decoded."
    out, bad = np.zeros((len(paths), size, size, 3), dtype=np.uint8), {}

    def decode(i):
        try:
            out[i] = square_pixels(paths[i], size)
        except (ValueError, FileNotFoundError) as e:
            bad[i] = _with_row(e, sources[i])
            bad[i].__cause__ = e

    with ThreadPoolExecutor(workers or usable_cores()) as pool:
        for _ in pool.map(decode, range(len(paths))):
            pass
    return out, bad


def decode_images(
    paths: Iterable[PathLike] | Any,  # image files, or an ImageTable
    size: int,  # side of the square that comes out, in pixels
    workers: int | None = None,  # threads; None: one per core
    progress: bool | None = None,  # True shows a progress bar
) -> np.ndarray:  # uint8 [N, size, size, 3], in the order of `paths`
    """Decode images and squash each to a square (bilinear, antialiased).

    A bad file is an error that names it, and its row if a table was given.
    """
    check_size(size)
    if isinstance(paths, (str, Path)):
        raise TypeError(f"paths is the single path {str(paths)!r}; give a list, or use load_image.")
    sources = None
    if hasattr(paths, "df") and hasattr(paths, "paths"):
        paths, sources = paths.paths(), row_sources(paths.df)
    paths = list(paths)
    out = np.empty((len(paths), size, size, 3), dtype=np.uint8)

    def decode(i):
        try:
            out[i] = square_pixels(paths[i], size)
        except (ValueError, FileNotFoundError) as e:
            raise e if sources is None else _with_row(e, sources[i]) from e

    with ThreadPoolExecutor(workers or usable_cores()) as pool:
        done = pool.map(decode, range(len(paths)))
        if progress:
            from tqdm.auto import tqdm

            done = tqdm(done, total=len(paths), desc="decode", unit="image")
        for _ in done:
            pass
    return out
