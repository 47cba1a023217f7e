"Odd files, to see what a predictor says to each, and what a zip may hide."
# The lesson on shipping hands them to the predictor one after the other. All are made of one image,
# so that a right answer can be told from a wrong one.

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..hints import Any, PathLike

SIDE = 50_000  # of the image that the bomb announces, in pixels
TURN_RIGHT = 6  # EXIF: show me turned by 90 degrees to the right


def write_odd_images(
    folder: PathLike,  # where the files go; made if it doesn't exist
    image: Any,  # a PIL image
) -> list:  # their paths, sorted by name
    "Thirteen files: eight that hold the image in an unusual form, five that can't be answered."
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    image = image.convert("RGB")
    _write_unusual(folder, image)
    _write_unusable(folder, image)
    return sorted(folder.iterdir())


def _write_unusual(folder, image):
    "Another mode, another size, turned, animated: an image that can be asked about all the same."
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = TURN_RIGHT
    turned = image.transpose(Image.Transpose.ROTATE_90)
    turned.save(folder / "turned, EXIF says how.png", exif=exif)
    image.convert("RGBA").save(folder / "with an alpha channel.png")
    image.quantize(64).save(folder / "with a palette.png")
    image.convert("CMYK").save(folder / "in CMYK.jpg")
    grey = np.asarray(image.convert("L")).astype("uint16") * 257
    Image.fromarray(grey).save(folder / "grey, 16 bits.png")
    more = [image.rotate(angle) for angle in (90, 180)]
    image.save(folder / "animated.gif", save_all=True, append_images=more)
    image.resize((1, 1)).save(folder / "1 by 1 pixel.png")
    image.resize((10_000, 10)).save(folder / "10,000 by 10 pixels.png")


def _write_unusable(folder, image):
    "Empty, cut off, no image, numbers without a scale, and one that announces too many pixels."
    from PIL import Image

    Image.fromarray(np.asarray(image.convert("L")).astype("float32")).save(folder / "float.tiff")
    (folder / "empty.jpg").touch()
    image.save(folder / "cut off.jpg")
    whole = (folder / "cut off.jpg").read_bytes()
    (folder / "cut off.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("This isn't an image.", encoding="utf-8")
    (folder / "bomb.png").write_bytes(png_header(SIDE, SIDE))


def png_header(
    width: int,  # in pixels
    height: int,  # in pixels
) -> bytes:  # a PNG of under 100 bytes
    "A PNG that announces a size and holds no pixels."
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind, data):
    "A part of a PNG: its length, kind, content and checksum."
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def hide_in_zip(
    source: PathLike,  # a zip file
    part: str,  # the parts with this in their names get other content
    content: PathLike,  # the file that holds it
    target: PathLike,  # the zip file to write
) -> list:  # the names of those parts
    "Copy a zip, with another file's content in some of its parts; ValueError if there is none."
    hidden, data = [], Path(content).read_bytes()
    with zipfile.ZipFile(source) as sound, zipfile.ZipFile(target, "w") as spoilt:
        for name in sound.namelist():
            if part in name:
                hidden.append(name)
            spoilt.writestr(name, data if part in name else sound.read(name))
    if not hidden:
        raise ValueError(f"{source} has no part with {part!r} in its name.")
    return hidden
