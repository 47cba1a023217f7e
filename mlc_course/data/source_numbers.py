"Every figure that the five articles behind the course report, and what it is a figure of."

import math

import pandas as pd

# article, task, what is meant, the figure as printed
NUMBERS = [
    ("S0", "pascal", "images with labels", 5011),
    ("S0", "pascal", "training images", 2501),
    ("S0", "pascal", "validation images", 2510),
    ("S0", "pascal", "labels", 20),
    ("S0", "pascal", "images in a batch", 64),
    ("S0", "pascal", "validation loss", 0.1035),
    ("S0", "pascal", "accuracy_multi at 0.1", 0.9300),
    ("S0", "pascal", "accuracy_multi at 0.2", 0.95),
    ("S0", "pascal", "accuracy_multi at 0.4", 0.9619),
    ("S0", "pascal", "accuracy_multi at 0.6", 0.9631),
    ("S0", "pascal", "accuracy_multi at 0.9", 0.9569),
    ("S0", "pascal", "accuracy_multi at 0.99", 0.9440),
    ("S1", "cars", "images", 16185),
    ("S1", "cars", "classes", 196),
    ("S1", "cars", "training images", 8144),
    ("S1", "cars", "classes of the head brand", 6),
    ("S1", "cars", "classes of the head type", 5),
    ("S1", "cars", "classes of the head age", 2),
    ("S1", "cars", "features before the heads", 512),
    ("S1", "cars", "accuracy of each head, about", 0.90),
    ("S2", "pascal", "accuracy_multi at 0.9, anew", 0.9579),
    ("S2", "pascal", "rows of get_preds", 2510),
    ("S2", "pascal", "thresholds from 0.05 to 0.95", 29),
    ("S2", "pascal", "activations of a batch", 64 * 20),
    ("S3", "posters", "posters, about", 40000),
    ("S3", "posters", "labels with 1,000 posters", 18),
    ("S3", "posters", "training posters", 30152),
    ("S3", "posters", "validation posters", 7538),
    ("S3", "posters", "features of MobileNetV2", 1280),
    ("S3", "posters", "frozen parameters", 2257984),
    ("S3", "posters", "validation loss, macro soft F1", 0.69),
    ("S3", "posters", "macro F1 at 0.5, macro soft F1", 0.33),
    ("S3", "posters", "validation loss, BCE", 0.27),
    ("S3", "posters", "macro F1 at 0.5, BCE", 0.18),
    ("S4", "nus_wide", "tags in the full lists", 81),
    ("S4", "nus_wide", "tags kept", 27),
    ("S4", "nus_wide", "training images", 5000),
    ("S4", "nus_wide", "test images", 1000),
    ("S4", "nus_wide", "-log 0.08", 2.52),
    ("S4", "nus_wide", "macro F1 at 0.5", 0.520),
    ("S4", "nus_wide", "micro F1 at 0.5", 0.666),
    ("S4", "nus_wide", "epochs", 35),
    ("S4", "nus_wide", "minutes on a GTX 1080 Ti, about", 60),
]
NOTHING = 1 - 7306 / (5011 * 20)  # accuracy of predicting nothing on PASCAL 2007
REAL = {  # task -> the set that its figures are about
    "pascal": "PASCAL 2007",
    "cars": "Stanford Cars",
    "posters": "film posters",
    "nus_wide": "NUS-WIDE",
}
ANYWHERE = ("the network", "the formula")  # what doesn't depend on a set


def source_numbers(
    here: dict | None = None,  # (task, what) -> what was measured now
    on: dict | None = None,  # task, or (task, what) -> what it was measured on
) -> pd.DataFrame:  # columns article, what, source, here, on, still to run on
    "The figures of the articles beside what was measured now; NaN where nothing was."
    here, on = here or {}, on or {}
    odd = set(here) - {(task, what) for _, task, what, _ in NUMBERS}
    if odd:
        raise KeyError(f"No article reports {sorted(odd)[0]}; NUMBERS lists what they report.")
    rows = []
    for article, task, what, value in NUMBERS:
        found, known = here.get((task, what), math.nan), (task, what) in here
        where = on.get((task, what), on.get(task, "")) if known else ""
        left = "" if where in (*ANYWHERE, REAL[task]) else REAL[task]
        rows.append((article, what, value, found, where, left))
    columns = ["article", "what", "source", "here", "on", "still to run on"]
    return pd.DataFrame(rows, columns=columns)
