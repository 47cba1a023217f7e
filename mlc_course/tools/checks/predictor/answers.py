"Exercises: pixels as bytes, and what is said at a threshold."

from __future__ import annotations

import io

import numpy as np

from .._core import Mistake, Right, Wrong, diagnose


def picture(mode, width, height, seed=0, exif=None, **kwargs) -> bytes:
    "A PNG with colours of its own, smooth enough that every way to resize differs."
    from PIL import Image

    rng = np.random.default_rng(seed)
    rgb = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    image = rgb.quantize(8) if mode == "P" else rgb if mode == "RGBA" else rgb.convert(mode)
    if mode == "RGBA":
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
    """Exercise 1: square_bytes(data, size) -> uint8 [size, size, 3], from the bytes of an image
    file.
    """
    what, right = "square_bytes", _steps()
    plain = [
        (picture("RGB", 40, 28, 1), 12),
        (picture("RGB", 5, 7, 2), 9),
        (picture("L", 30, 30, 3), 8),
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
    ]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the numbers lie between 0 and 1. Bytes go in: dividing by 255 is the model's "
                "business now, and it would be done twice.",
                _steps(after=lambda x: x / 255),
            ),
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
                "each pixel is taken from its nearest neighbour, so most of a large picture "
                "isn't looked at. Training used bilinear, which averages.",
                _steps(how="NEAREST"),
            ),
            Mistake(
                "this is Lanczos' filter. It may look sharper; training used bilinear.",
                _steps(how="LANCZOS"),
            ),
            Mistake(
                "the picture is cropped to a square. Training squashed the whole picture, so "
                "that nothing at the edge is lost.",
                _steps(fit="fit"),
            ),
            Mistake(
                "the picture keeps its shape and gets black borders. Training squashed it to "
                "the square.",
                _steps(fit="pad"),
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
                "the picture isn't turned as its EXIF orientation says. Cameras store what the "
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
    clear = [(picture("RGBA", 20, 20, 20), 8), (picture("P", 20, 14, 21, transparency=3), 7)]
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "transparency is thrown away, so colours appear that nobody was meant to see. "
                "Lay the picture on white first, as training did.",
                _steps(white=None),
            ),
            Mistake(
                "transparent places are black. They are white in training, as on a page: lay "
                "the picture on white.",
                _steps(white="black"),
            ),
            Mistake(
                "only pictures of the mode RGBA are laid on white. A palette can have a "
                "transparent colour as well: it is in image.info['transparency'].",
                _only_rgba,
            ),
        ],
        clear,
        what,
        names=[
            "a PNG with an alpha channel and size 8",
            "a PNG with a palette, one colour of which is transparent, and size 7",
        ],
        praise="Right: upright, on white, RGB, squashed with the bilinear filter, and bytes come "
        "out.",
    )


def _only_rgba(data, size):
    from PIL import Image

    return _steps(white="white" if Image.open(io.BytesIO(data)).mode == "RGBA" else None)(
        data, size
    )


def _said(
    pick=lambda p, t: p > t,
    order=lambda p, t: -p,
    nothing="no predictions",
    one=lambda v, p: f"{v} {p:.2f}",
    limit=None,
    join=", ".join,
):
    def f(probs, thresholds, vocab):
        rows = sorted(
            (order(float(p), float(t)), k)
            for k, (p, t) in enumerate(zip(probs, thresholds))
            if pick(p, t)
        )
        out = [one(vocab[k], float(probs[k])) for _, k in rows[:limit]]
        if not out:
            return nothing(probs, vocab) if callable(nothing) else nothing
        return join(out)

    return f


def what_is_said(answer) -> Right:
    """Exercise 2: what_is_said(probs, thresholds, vocab) -> a text such as 'sun 0.93, tree 0.61',
    or 'no predictions'.
    """
    vocab = ["sun", "boat", "moon", "car"]
    a = lambda *o: np.array(o, "float32")
    cases = [
        (a(0.61, 0.02, 0.93, 0.4), a(0.5, 0.5, 0.5, 0.3), vocab),
        (a(0.1, 0.31, 0.02, 0.22), a(0.5, 0.25, 0.5, 0.1), vocab),
        (a(0.3, 0.1, 0.45, 0.2), a(0.6, 0.6, 0.6, 0.6), vocab),
        (a(0.5, 0.25, 0.7, 0.1), a(0.5, 0.25, 0.6, 0.05), vocab),
        (a(0.8, 0.7, 0.72, 0.9), a(0.9, 0.1, 0.5, 0.85), vocab),
    ]
    top = lambda probs, vocab: f"{vocab[int(np.argmax(probs))]} {float(np.max(probs)):.2f}"
    return diagnose(
        answer,
        _said(),
        [
            Mistake(
                "where nothing passes, yours names the likeliest label all the same. That is "
                "what a single-label classifier does to a building: say 'no predictions'.",
                _said(nothing=top),
            ),
            Mistake(
                "where nothing passes, yours says nothing at all, and a reader can't tell that "
                "from an error. Say 'no predictions'.",
                _said(nothing=""),
            ),
            Mistake(
                "a label exactly at its threshold is named in yours. A label counts as "
                "predicted when prob > thresh: use > in place of >=.",
                _said(lambda p, t: p >= t),
            ),
            Mistake(
                "all labels are compared with 0.5. Each has a threshold of its own, chosen on "
                "the validation pictures.",
                _said(lambda p, t: p > 0.5),
            ),
            Mistake(
                "the labels stand in the order of the vocab. Name the most probable first.",
                _said(order=lambda p, t: 0),
            ),
            Mistake(
                "the least probable label comes first. Sort the other way round.",
                _said(order=lambda p, t: p),
            ),
            Mistake(
                "the labels are sorted by how far they are above their thresholds. Sort by the "
                "probability: that is the number beside the name.",
                _said(order=lambda p, t: t - p),
            ),
            Mistake(
                "only the likeliest label is named. A picture can have several: name all that "
                "pass.",
                _said(limit=1),
            ),
            Mistake(
                "every label is named. Only those above their thresholds are predictions.",
                _said(lambda p, t: True),
            ),
            Mistake(
                "the scores are missing. Put each probability behind its label, with two digits.",
                _said(one=lambda v, p: v),
            ),
            Mistake(
                "you give a list. Join its entries with a comma and a blank.", _said(join=list)
            ),
        ],
        cases,
        "what_is_said",
        praise="Right: all that pass, the most probable first, and a plain word where nothing "
        "does.",
    )
