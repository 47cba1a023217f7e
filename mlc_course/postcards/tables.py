"The tables that describe the pictures, in the four layouts."

import json
from io import BytesIO

import numpy as np
from .cars import CAR_CLASSES
from .files import poster_id, split_of
from .kinds import LABELS


def csv_text(rows):
    out = [
        ",".join(
            '"' + str(v).replace('"', '""') + '"' if set(str(v)) & set(',"\n') else str(v)
            for v in row
        )
        for row in rows
    ]
    return "\n".join(out) + "\n"


def tables_of(spec, record):
    "The files that describe the images: name -> bytes. `record(what, i)` tells of one image."
    n, layout = spec["n"], spec["layout"]
    if layout == "cars":
        return car_tables(spec, [record("car", i) for i in range(n)])
    if layout == "pascal":
        rows = [(i, f"{i:06d}.jpg", " ".join(record("postcard", i))) for i in range(n)]
        train = [("fname", "labels", "is_valid")] + [
            (f, l, split_of(i) == "valid") for i, f, l in rows if split_of(i) != "test"
        ]
        test = [("fname", "labels")] + [(f, l) for i, f, l in rows if split_of(i) == "test"]
        ood = [("fname", "labels")] + [(f"{i:06d}.jpg", "") for i in range(max(1, n // 20))]
        return {
            f"{k}.csv": csv_text(v).encode("utf-8")
            for k, v in (("train", train), ("test", test), ("ood", ood))
        }
    if layout == "nus_wide":
        samples = {
            s: [
                {"image_name": f"{i:06d}.jpg", "image_labels": record("postcard", i)}
                for i in range(n)
                if split_of(i) == s
            ]
            for s in ("train", "valid", "test")
        }
        return {
            f"{s}.json": json.dumps({"samples": v, "labels": LABELS}, indent=1).encode("utf-8")
            for s, v in samples.items()
        }
    rows = [("imdbId", "Imdb Link", "Title", "IMDB Score", "Genre", "Poster")]
    for i in range(n):
        k = poster_id(i)
        rows.append(
            (
                k,
                f"http://www.imdb.com/title/tt{k}",
                _title(i),
                f"{3 + (i * 37 % 65) / 10:.1f}",
                "|".join(l.capitalize() for l in record("poster", i)),
                f"https://example.invalid/posters/{k}.jpg",
            )
        )
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


def car_tables(spec, records):
    "The two metadata files of the Stanford set."
    from scipy.io import savemat

    cell = lambda v: np.array([[v]])
    fields = ("relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test")
    rows = np.empty((1, len(records)), dtype=[(f, object) for f in fields])
    for i, (l, t, r, b, c) in enumerate(records):
        rows[0, i] = (
            f"car_ims/{i + 1:06d}.jpg",
            *(cell(np.uint16(v)) for v in (l, t, r, b)),
            cell(np.uint8(c)),
            cell(np.uint8(split_of(i) == "test")),
        )
    names = np.empty((1, len(CAR_CLASSES)), dtype=object)
    names[0] = list(CAR_CLASSES)
    out = {}
    for file, content in (
        ("cars_annos.mat", {"annotations": rows, "class_names": names}),
        ("cars_meta.mat", {"class_names": names}),
    ):
        data = BytesIO()
        savemat(data, content)
        data = bytearray(data.getvalue())
        data[:116] = b"MATLAB 5.0 MAT-file, toy cars of mlc_course".ljust(
            116
        )  # SciPy writes the hour there
        out[file] = bytes(data)
    return out
