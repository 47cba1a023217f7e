"""The one decoder: any image file as 8-bit RGB, upright, and squares of many."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def row_sources(df):
    "Where each row came from, for error messages."
    return list(df["source"]) if "source" in df.columns else [f"row {i}" for i in range(len(df))]


def upright(image):
    "Turn the image as its EXIF orientation says; a damaged EXIF block says nothing."
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def to_rgb(image):
    "Any Pillow image as 8-bit RGB: 16 bits scaled, transparency laid on white."
    from PIL import Image

    if image.mode == "F":
        raise ValueError(
            "its pixels are floats, and nothing says which value is white; save it with 8 or 16 bits"
        )
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(
                "its pixels have 32 bits, and nothing says which value is white; save it with 8 or 16 bits"
            )
        image = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _too_large(image):
    from PIL import Image

    return f"it has {image.width} x {image.height} pixels, and more than {Image.MAX_IMAGE_PIXELS / 1e6:.0f} million are refused, because a small file can hold so many that the memory is exhausted. If you trust it, make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS."


def load_image(
    path,  # an image file
):  # a PIL image in mode RGB, upright
    "The one decoder of the package: any image file as 8-bit RGB. A damaged file is a ValueError that names it."
    from PIL import Image, UnidentifiedImageError

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no image file {path}. Restore it, or take its row out of the table."
        )
    try:
        with Image.open(path) as image:
            if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise Image.DecompressionBombError(_too_large(image))
            image.load()
            return to_rgb(upright(image))
    except Image.DecompressionBombError as e:
        raise ValueError(f"{path} was not decoded: {e}") from e
    except MemoryError:
        raise
    except Exception as e:
        if path.stat().st_size == 0:
            why = "it is empty (0 bytes)"
        elif isinstance(e, UnidentifiedImageError):
            why = f"it is not an image that Pillow knows; it starts with {path.read_bytes()[:12]!r}"
        elif "truncated" in str(e):
            why = f"it is cut off ({e})"
        else:
            why = str(e) or type(e).__name__
        raise ValueError(
            f"{path} can't be decoded: {why}. Fetch the file again, or take its row out of the table; table.verify() lists every such file."
        ) from e


def square_pixels(
    image,  # an image file, a PIL image, or uint8 [H, W, 3] in the order red, green, blue
    size: int,  # side of the square that comes out, in pixels
) -> np.ndarray:  # uint8 [size, size, 3]
    "The one preprocessing of the package: 8-bit RGB, upright, squashed to a square (bilinear, antialiased)."
    from PIL import Image

    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"The picture is an array of {image.dtype} with shape {image.shape}; give uint8 [H, W, 3], red, green and blue from 0 to 255."
            )
        image = Image.fromarray(image)
    elif isinstance(image, Image.Image):
        image = to_rgb(upright(image))
    else:
        image = load_image(image)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def decode_images(
    paths,  # image files, or an ImageTable
    size: int,  # side of the square that comes out, in pixels
    workers=None,  # threads; None: one per core
    progress=None,  # True shows a progress bar
) -> np.ndarray:  # uint8 [N, size, size, 3], in the order of `paths`
    "Decode images and squash each to a square (bilinear, antialiased). A bad file is an error that names it, and its row if a table was given."
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"size is {size!r}; give the side in pixels, a whole number from 1.")
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
            if sources is None:
                raise
            raise type(e)(f"{sources[i]}: {e}") from e

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        done = pool.map(decode, range(len(paths)))
        if progress:
            from tqdm.auto import tqdm

            done = tqdm(done, total=len(paths), desc="decode", unit="image")
        for _ in done:
            pass
    return out
