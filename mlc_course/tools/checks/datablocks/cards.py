"Lesson 03, exercise 4: the small table that a DataBlock is tried on."

import numpy as np

SIXTEEN_BITS = 4  # the card whose file has 16 bits per pixel


def draw_cards(root):
    "An `ImageTable` of twelve small PNG files that has every trap of the lesson in it."
    import pandas as pd
    from PIL import Image

    from mlc_course.tables import ImageTable

    rng, rows = np.random.default_rng(3), []
    splits = "train valid train test train train valid test train valid train test".split()
    labels = "bird,boat||boat|bird|bird||bird,whale|boat|boat|boat|bird|".split("|")
    for i, (split, names) in enumerate(zip(splits, labels)):
        w, h = 30 + 5 * (i % 4), 60 - 7 * (i % 5)
        image = Image.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8)).resize((w, h))
        if i == SIXTEEN_BITS:
            image = Image.fromarray(np.linspace(0, 65535, w * h).reshape(h, w).astype(np.uint16))
        image.save(root / f"{i:02}.png")
        rows.append(
            {"fname": f"{i:02}.png", "labels": [o for o in names.split(",") if o], "split": split}
        )
    return ImageTable(
        pd.DataFrame(rows), root, vocab=["bird", "boat", "owl", "whale"], name="cards"
    )
