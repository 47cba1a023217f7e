"Exercise: the pixels of a file, as training had them."

from __future__ import annotations

import io

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, diagnose
from .._names import called

BELOW_1 = (
    "the numbers lie between 0 and 1. Bytes go in: the model divides by 255 itself, so it would "
    "happen twice."
)
GREY = "a grey image can have an alpha channel as well: its mode is LA."


def picture(mode, width, height, seed=0, exif=None, **kwargs) -> bytes:
    "A PNG with colours of its own, smooth enough that every way to resize differs."
    from PIL import Image

    rng = np.random.default_rng(seed)
    rgb = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    image = rgb.quantize(8) if mode == "P" else rgb if mode == "RGBA" else rgb.convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8)))
    if exif:
        kwargs["exif"] = Image.Exif()
        kwargs["exif"][0x0112] = exif
    out = io.BytesIO()
    image.save(out, "PNG", **kwargs)
    return out.getvalue()


def _steps(upright=True, white="white", how="BILINEAR", fit=None, after=lambda x: x):
    "A preprocessing with one step changed."

    def f(data, size):
        from PIL import Image, ImageOps

        image = Image.open(io.BytesIO(data))
        if upright:
            image = ImageOps.exif_transpose(image)
        if white and (image.mode in ("RGBA", "LA") or "transparency" in image.info):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, white), image)
        image, how_ = image.convert("RGB"), getattr(Image.Resampling, how)
        if fit == "fit":
            image = ImageOps.fit(image, (size, size), how_)
        elif fit == "pad":
            image = ImageOps.pad(image, (size, size), how_)
        else:
            image = image.resize((size, size), how_)
        return after(np.asarray(image))

    return f


def square_bytes(answer) -> Right:
    "Exercise 1: `my_bytes(data, size)`, from the bytes of an image file to uint8 [size, size, 3]."
    what, right = called(answer, "my_bytes"), _steps()
    plain = [
        (picture("RGB", 40, 28, 1), 12),
        (picture("RGB", 5, 7, 2), 9),
        (picture("L", 30, 30, 3), 8),
        (picture("P", 26, 18, 4), 8),
    ]
    try:
        answer(*plain[0])
    except ValueError as e:
        if "embedded null byte" in str(e):
            raise Wrong(
                f"{what} hands the bytes to Image.open, which takes them for a file's name. Wrap "
                "them: Image.open(io.BytesIO(data))."
            ) from e
    except Exception:
        pass  # told below, with what was given
    names = [
        "a PNG of 40 x 28 pixels and size 12",
        "a PNG of 5 x 7 pixels and size 9",
        "a grey PNG of 30 x 30 pixels and size 8",
        "a PNG of 26 x 18 pixels with a palette, and size 8",
    ]
    diagnose(
        answer,
        right,
        [
            Mistake(BELOW_1, _steps(after=lambda x: x / 255)),
            Mistake(BELOW_1, _steps(how="BICUBIC", after=lambda x: x / 255)),
            Mistake(
                "the channels come first. The exported model takes [N, S, S, 3], as files and "
                "screens have it.",
                _steps(after=lambda x: x.transpose(2, 0, 1)),
            ),
            Mistake(
                "blue comes before red, OpenCV's order. The network was trained with red first.",
                _steps(after=lambda x: x[..., ::-1]),
            ),
            Mistake(
                "this is Pillow's default for resize, which is bicubic. Training used "
                "bilinear: say Image.Resampling.BILINEAR.",
                _steps(how="BICUBIC"),
            ),
            Mistake(
                "each pixel is taken from its nearest neighbour, so most of a large image "
                "isn't looked at. Training used bilinear, which averages.",
                _steps(how="NEAREST"),
            ),
            Mistake(
                "this is Lanczos' filter. It may look sharper; training used bilinear.",
                _steps(how="LANCZOS"),
            ),
            Mistake(
                "the image is cropped to a square. Training squashed the whole image, so nothing "
                "at the edge was lost.",
                _steps(fit="fit"),
            ),
            Mistake(
                "the image keeps its shape and gets black borders. Training squashed it to a "
                "square.",
                _steps(fit="pad"),
            ),
            Mistake(
                "the image is squashed before it is converted to RGB. The numbers of a palette "
                "can't be averaged, so Pillow takes the nearest one: convert first.",
                _converted_late,
            ),
        ],
        plain,
        what,
        names=names,
    )
    turned = [(picture("RGB", 24, 16, 10 + i, exif=i), 8) for i in (3, 6, 8)]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the image isn't turned as its EXIF orientation says. Cameras store what the "
                "sensor saw and note how they were held: ImageOps.exif_transpose turns it.",
                _steps(upright=False),
            )
        ],
        turned,
        what,
        names=[
            f"a PNG of 24 x 16 pixels whose EXIF orientation is {i}, and size 8" for i in (3, 6, 8)
        ],
    )
    squashed_first = lambda data, size: _steps()(_squashed(data, size), size)
    clear = [
        (picture("RGBA", 20, 20, 20), 8),
        (picture("P", 20, 14, 21, transparency=3), 7),
        (picture("LA", 18, 24, 22), 8),
        (picture("L", 20, 16, 23, transparency=128), 8),
    ]
    praise = diagnose(
        answer,
        right,
        [
            Mistake(
                "transparency is thrown away, so colours appear that nobody was meant to see. "
                "Lay the image on white first, as training did.",
                _steps(white=None),
            ),
            Mistake(
                "transparent places are black. They are white in training, as on a page: lay "
                "the image on white.",
                _steps(white="black"),
            ),
            Mistake(
                "the image is squashed before it is laid on white, so the colours of transparent "
                "places run into the others. Lay it on white first.",
                squashed_first,
            ),
            Mistake(
                "only images of the mode RGBA are laid on white. A palette can have a "
                "transparent colour as well, which is in image.info['transparency'], and a grey "
                "image an alpha channel (mode LA).",
                _only(lambda o: o.mode == "RGBA"),
            ),
            Mistake(
                "a palette can have a transparent colour: it is in image.info['transparency'].",
                _only(lambda o: o.mode in ("RGBA", "LA")),
            ),
            Mistake(GREY, _only(lambda o: o.mode != "LA")),
            Mistake(GREY, _only(lambda o: o.mode in ("RGBA", "P"))),
            Mistake(
                "a PNG without a palette or an alpha channel can have one transparent colour as "
                "well: it is in image.info['transparency'], whatever the mode.",
                _only(lambda o: o.mode in ("RGBA", "LA", "P")),
            ),
        ],
        clear,
        what,
        names=[
            "a PNG with an alpha channel and size 8",
            "a PNG with a palette, one colour of which is transparent, and size 7",
            "a grey PNG with an alpha channel and size 8",
            "a grey PNG, one grey of which is transparent, and size 8",
        ],
        praise="Right: upright, on white, RGB, squashed with the bilinear filter, and bytes come "
        "out.",
    )
    _need_uint8(attempt(answer, plain[0], what, names[0]), what)
    return praise


def _squashed(data, size):
    "The file with its image squashed and its transparency kept."
    from PIL import Image

    out = io.BytesIO()
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    image.resize((size, size), Image.Resampling.BILINEAR).save(out, "PNG")
    return out.getvalue()


def _need_uint8(got, what):
    "Wrong for the right numbers in something that the exported model doesn't take."
    if not isinstance(got, np.ndarray):
        raise Wrong(
            f"{what} gives the right pixels as {type(got).__name__}. The model takes an array: "
            "np.asarray(...)."
        )
    if got.dtype != np.uint8:
        raise Wrong(
            f"{what} gives the right numbers as {got.dtype}. The model takes bytes, and refuses "
            "anything else: the dtype must be uint8."
        )


def _only(laid):
    "Lays on white only the images for which `laid` is true."

    def f(data, size):
        from PIL import Image

        return _steps(white="white" if laid(Image.open(io.BytesIO(data))) else None)(data, size)

    return f


def _converted_late(data, size):
    "The image squashed in the mode that it has."
    from PIL import Image

    image = Image.open(io.BytesIO(data))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR).convert("RGB"))
