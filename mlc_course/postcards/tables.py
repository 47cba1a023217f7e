"The tables that describe the pictures, in the four layouts."

import json
from io import BytesIO

import numpy as np

from .cars import CAR_CLASSES
from .files import poster_id, split_of
from .kinds import LABELS


def _csv_cell(value):
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def csv_text(rows):
    "Rows as CSV."
    return "\n".join(",".join(map(_csv_cell, row)) for row in rows) + "\n"


def pascal_tables(n, record):
    "train.csv with the column is_valid, test.csv and ood.csv."
    rows = [(i, f"{i:06d}.jpg", " ".join(record("postcard", i))) for i in range(n)]
    kept = [(*o, split_of(i) == "valid") for i, *o in rows if split_of(i) != "test"]
    test = [o for i, *o in rows if split_of(i) == "test"]
    ood = [(f"{i:06d}.jpg", "") for i in range(max(1, n // 20))]
    head = ("fname", "labels")
    tables = {"train": [(*head, "is_valid"), *kept], "test": [head, *test], "ood": [head, *ood]}
    return {f"{k}.csv": csv_text(v).encode("utf-8") for k, v in tables.items()}


def _nus_wide(n, record):
    out = {}
    for split in ("train", "valid", "test"):
        samples = [
            {"image_name": f"{i:06d}.jpg", "image_labels": record("postcard", i)}
            for i in range(n)
            if split_of(i) == split
        ]
        text = json.dumps({"samples": samples, "labels": LABELS}, indent=1)
        out[f"{split}.json"] = text.encode("utf-8")
    return out


def _movie_posters(n, record):
    rows = [("imdbId", "Imdb Link", "Title", "IMDB Score", "Genre", "Poster")]
    for i in range(n):
        k, score = poster_id(i), f"{3 + (i * 37 % 65) / 10:.1f}"
        genres = "|".join(o.capitalize() for o in record("poster", i))
        link, poster = (
            f"http://www.imdb.com/title/tt{k}",
            f"https://example.invalid/posters/{k}.jpg",
        )
        rows.append((k, link, _title(i), score, genres, poster))
    return {"MovieGenre.csv": csv_text(rows).encode("latin-1")}


TITLES = (
    "The Long Road to {}",
    "A Summer in {}",
    "{} by Night",
    "Café {}",
    "Goodbye, {}",
    "The Señor of {}",
    "Return to {}",
    "Zwölf Tage in {}",
    "L'été à {}",
    "{}",
)
TOWNS = (
    "Harbour Bay",
    "Oakfield",
    "Málaga",
    "Saint-Rémy",
    "Port Ellis",
    "Windermoor",
    "Düneck",
    "Silver Creek",
    "Åsvik",
    "Pinewood",
    "Vale, North",
)


def _title(i):
    return f"{TITLES[i % len(TITLES)].format(TOWNS[i % len(TOWNS)])} ({1930 + i * 7 % 80})"


def _annotations(records):
    "One row for each car, in the fields of the Stanford set."
    fields = ("relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test")
    rows = np.empty((1, len(records)), dtype=[(f, object) for f in fields])
    for i, (*box, number) in enumerate(records):
        numbers = (*map(np.uint16, box), np.uint8(number), np.uint8(split_of(i) == "test"))
        rows[0, i] = (f"car_ims/{i + 1:06d}.jpg", *(np.array([[v]]) for v in numbers))
    return rows


def _mat(content):
    "The bytes of a MATLAB file, without the hour that SciPy writes at its beginning."
    from scipy.io import savemat

    data = BytesIO()
    savemat(data, content)
    data = bytearray(data.getvalue())
    data[:116] = b"MATLAB 5.0 MAT-file, toy cars of mlc_course".ljust(116)
    return bytes(data)


def _cars(n, record):
    names = np.empty((1, len(CAR_CLASSES)), dtype=object)
    names[0] = list(CAR_CLASSES)
    rows = _annotations([record("car", i) for i in range(n)])
    return {
        "cars_annos.mat": _mat({"annotations": rows, "class_names": names}),
        "cars_meta.mat": _mat({"class_names": names}),
    }


LAYOUTS = {
    "pascal": pascal_tables,
    "nus_wide": _nus_wide,
    "movie_posters": _movie_posters,
    "cars": _cars,
}


def tables_of(
    spec: dict,  # of a set
    record,  # record(what, i) tells of one image
) -> dict:  # name -> bytes
    "The files that describe the images."
    return LAYOUTS[spec["layout"]](spec["n"], record)
