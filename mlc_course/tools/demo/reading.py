"What a visitor sent: bounded, decoded one at a time, and scored; kept small."

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlc_course.tools.memory import give_back_memory

MAX_BYTES, MAX_PIXELS = 10_000_000, 50_000_000
FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
)  # what strangers may send; Pillow reads more
KINDS = "JPEG, PNG, WebP, GIF, BMP or TIFF"
SHOWN = 384  # longer side of an image on the page, in pixels
ORIENTATION = 0x0112  # of EXIF
PATIENCE = 60.0  # seconds that a visitor waits for a turn
LARGE = 8_000_000  # pixels of an image whose memory is given back at once
# one thread looks at all images: several would add up their memory
_LOOKER = ThreadPoolExecutor(1, thread_name_prefix="look")


class Refused(ValueError):
    "An image that isn't looked at; the message is for the page, and names no folder."


@dataclass(frozen=True)
class Seen:
    "What the page remembers of an image, so that thresholds and maps need no second prediction."

    name: str  # the file's own name
    scores: dict  # label -> probability
    jpeg: bytes  # the image, `SHOWN` pixels on its longer side
    maps: object = None  # float16 [C, h, w] in the order of the scores, each at most 1; or None

    @property
    def picture(self):
        "The small image, decoded: PIL, RGB."
        from PIL import Image

        return Image.open(io.BytesIO(self.jpeg)).convert("RGB")


def short_name(name):
    "A file name that fits on the page: its last part, printable, 60 characters at most."
    last = str(name or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in last if c.isprintable()).strip() or "The picture"
    return name if len(name) <= 60 else name[:40] + "..." + name[-17:]


def read_picture(
    path,  # a file that anybody may have made
    name=None,  # what to call it on the page; its own name if left out
):  # PIL image, RGB, upright
    "The image as `mlc predict` reads it, or Refused, before anything is decoded if possible."
    from mlc_course.tables import load_image

    path, name = Path(path), short_name(name or Path(path).name)
    _check_file(path, name)
    try:
        image = load_image(path)
        image.getexif().pop(ORIENTATION, None)  # it is upright: nobody may turn it again
        return image
    except MemoryError:
        raise Refused(_too_heavy(name)) from None
    except (ValueError, OSError) as e:
        raise Refused(_why(e, name)) from None


def _check_file(path, name):
    "Refused, if the file is missing, empty, too large, of another kind, or has too many pixels."
    from PIL import Image, UnidentifiedImageError

    smaller = "Make it smaller, and try again."
    too_many = f"{name} has too many pixels: {MAX_PIXELS / 1e6:.0f} million at most. {smaller}"
    try:
        size = path.stat().st_size
    except OSError:
        raise Refused(f"{name} did not arrive. Try again.") from None
    if size == 0:
        raise Refused(f"{name} is empty (0 bytes), so there is nothing to look at.")
    if size > MAX_BYTES:
        raise Refused(
            f"{name} has {size / 1e6:.1f} MB, and {MAX_BYTES / 1e6:.0f} MB are allowed. {smaller}"
        )
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(too_many) from None
    except UnidentifiedImageError:
        raise Refused(
            f"{name} is not a picture that this page can read. It reads {KINDS}."
        ) from None
    except Exception:  # Pillow's readers raise whatever a damaged header leads them to
        raise Refused(
            f"{name} is damaged, so it was not looked at. This page reads {KINDS}."
        ) from None
    if width * height > MAX_PIXELS:
        raise Refused(too_many)


def _why(error, name):
    "The reader's error as a sentence of the page."
    why = str(error.__cause__ or error)
    if isinstance(error.__cause__, MemoryError):
        return _too_heavy(name)
    if "truncated" in why or "cut off" in why:
        return f"{name} is cut off: a part is missing. Save it again, and try once more."
    if why.startswith("its pixels"):
        return f"{name} was not looked at: {why}."
    return f"{name} is damaged, so it was not looked at. Save it again, and try once more."


def _too_heavy(name):
    return f"{name} needs more memory than there is. Make it smaller, and try again."


def in_turn(
    work,  # a function without arguments
    patience: float = PATIENCE,  # seconds
):  # what the function gives
    "The work, done in the one thread that looks at images; Refused if that takes too long."
    future = _LOOKER.submit(work)
    try:
        return future.result(timeout=patience)
    except TimeoutError:
        future.cancel()
        raise Refused("The page is busy with other images. Try again in a moment.") from None


def look(
    predictor,  # a `predictor.Predictor`
    path,  # an image file
    name=None,  # what to call it
) -> Seen:
    "Scores and maps of an image file; Refused if it can't be read."
    name = short_name(name or Path(path).name)
    return in_turn(lambda: _look(predictor, path, name))


def _look(predictor, path, name):
    from mlc_course.tables import square_pixels

    image = read_picture(path, name)
    large = image.width * image.height > LARGE
    try:
        recipe = getattr(predictor, "recipe", None)
        if recipe is None or recipe.plain_square:
            pixels = square_pixels(image, predictor.image_size)  # doing so again changes nothing
        else:
            pixels = image  # cropped or padded as the folder says, and once only
        jpeg = thumbnail(image)
        del image
        scores = predictor.predict([pixels])[0].scores
        maps = small_maps(predictor.maps([pixels])[0]) if predictor.has_maps else None
        return Seen(name, scores, jpeg, maps)
    except MemoryError:
        raise Refused(_too_heavy(name)) from None
    finally:
        if large:
            give_back_memory()


def thumbnail(
    image,  # PIL, RGB
) -> bytes:  # JPEG
    "The image with `SHOWN` pixels on its longer side."
    from PIL import Image

    k = SHOWN / max(image.size)
    way = Image.Resampling.BICUBIC if k > 1 else Image.Resampling.BOX
    return as_jpeg(image.resize([max(1, round(o * k)) for o in image.size], way, reducing_gap=3.0))


def as_jpeg(
    image,  # PIL, RGB
    quality=88,
) -> bytes:
    "The image as a JPEG file."
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def small_maps(
    maps,  # [C, h, w]
):  # float16 [C, h, w]
    "The maps at half their size: nothing below 0, and each label's largest value is 1."
    maps = np.clip(np.asarray(maps, np.float32), 0, None)
    top = maps.max(axis=(1, 2), keepdims=True)
    return (maps / np.where(top > 0, top, 1)).astype(np.float16)
