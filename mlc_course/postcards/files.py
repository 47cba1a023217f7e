"The files of a set: which there are, and what is in each."

from io import BytesIO

import numpy as np

from .car_paint import paint_car
from .cars import compose_car
from .draw import as_poster, paint
from .scenes import compose
from .unknown import draw_unknown


def _jpeg(im, quality):
    out = BytesIO()
    im.save(out, "JPEG", quality=quality, subsampling=2 if quality < 85 else 0)
    return out.getvalue()


def _quality(seed, i):
    return 62 + (int(seed) * 7919 + i * 104729) % 31  # 62-92, as varied as pictures of many origins


VERSION = 6  # another version of the drawing: sets of an older one are drawn anew
SPLITS = ("train", "train", "train", "valid", "test")  # by i % 5


def split_of(i):
    return SPLITS[i % 5]


def poster_id(i):
    return 100007 + 13 * i


def _missing_poster(i):
    return i % 41 == 7  # downloads that failed


def _empty_poster(i):
    return i % 197 == 50  # and some that left an empty file


def picture_jobs(spec):
    "Every picture of a set: path -> (what to draw, which one)."
    n, layout = spec["n"], spec["layout"]
    if layout == "pascal":
        jobs = {
            f"{'test' if split_of(i) == 'test' else 'train'}/{i:06d}.jpg": ("postcard", i)
            for i in range(n)
        }
        return jobs | {f"ood/{i:06d}.jpg": ("unknown", i) for i in range(max(1, n // 20))}
    if layout == "nus_wide":
        return {f"images/{i:06d}.jpg": ("postcard", i) for i in range(n)}
    if layout == "movie_posters":
        return {
            f"posters/{poster_id(i)}.jpg": ("poster", i) for i in range(n) if not _missing_poster(i)
        }
    return {f"car_ims/{i + 1:06d}.jpg": ("car", i) for i in range(n)}


def table_names(spec):
    return {
        "pascal": ("train.csv", "test.csv", "ood.csv"),
        "nus_wide": ("train.json", "valid.json", "test.json"),
        "movie_posters": ("MovieGenre.csv",),
        "cars": ("cars_annos.mat", "cars_meta.mat"),
    }[spec["layout"]]


def _rng(spec, what, i):
    return np.random.default_rng(
        [spec["seed"], i] + {"postcard": [], "poster": [], "unknown": [1], "car": [2]}[what]
    )


def record_of(spec, what, i):
    "What the tables say about a picture; without drawing it."
    if what in ("postcard", "poster"):
        return compose(_rng(spec, what, i)).labels
    if what == "car":
        return list(compose_car(_rng(spec, what, i)).record(spec["size"]))
    return []


def picture_bytes(spec, what, i):
    "The bytes of one file, and its record."
    rng, size = _rng(spec, what, i), spec["size"]
    if what == "poster" and _empty_poster(i):
        return b"", record_of(spec, what, i)
    if what == "unknown":
        return _jpeg(draw_unknown(rng, size), _quality(spec["seed"], i)), []
    if what == "car":
        car = compose_car(rng)
        return _jpeg(paint_car(car, size), _quality(spec["seed"], i)), list(car.record(size))
    scene = compose(rng)
    im = paint(scene, size)
    return _jpeg(
        as_poster(im, scene) if what == "poster" else im, _quality(spec["seed"], i)
    ), scene.labels
