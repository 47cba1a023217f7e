"Images for a parity test where a data set has none."

from pathlib import Path

import numpy as np


def draw_images(
    folder: Path,  # where the files go
    size: int,  # side of the network's square; shapes are larger and smaller
    seed: int = 0,
) -> list:  # their paths
    "Files that tell ways to resize, to decode and to normalise from each other."
    from PIL import Image

    rng, out = np.random.default_rng(seed), []
    shapes = [
        (1, 1),
        (2, 1),
        (1, 2),
        (3, 1),
        (1.4, 1),
        (1, 1.3),
        (0.5, 0.4),
        (0.3, 0.9),
        (1, 1),
        (1.6, 1.2),
        (1, 1),
        (4, 3),
    ]
    for i, (a, b) in enumerate(shapes):
        w, h = max(2, round(a * size)), max(2, round(b * size) + i % 3)
        w, h = min(w, 1200), min(h, 1200)
        y, x = np.mgrid[0:h, 0:w]
        slopes = np.stack([255 * x / w, 255 * y / h, 255 * (x + y) / (w + h)], -1)[
            ..., rng.permutation(3)
        ]
        bars = 90.0 * ((x // max(1, w // (3 + i)) + y // max(1, h // 4)) % 2)
        noise = rng.normal(0, 12, (h, w, 3))
        image = Image.fromarray(
            (0.7 * slopes + bars[..., None] * rng.uniform(0, 1, 3) + noise)
            .clip(0, 255)
            .astype("uint8")
        )
        path = folder / f"drawn {i} of {w} x {h}.{'jpg' if i % 4 == 3 else 'png'}"
        kind = {8: "L", 9: "RGBA", 10: "P"}.get(i)
        if kind == "RGBA":
            image.putalpha(Image.fromarray((255 * x / w).astype("uint8")))
        elif kind:
            image = image.convert(kind)
        exif = Image.Exif()
        exif[0x0112] = 6 if i == 7 else 1
        path = path.with_suffix(".png") if kind else path
        image.save(path, exif=exif)
        out.append(path)
    return out
