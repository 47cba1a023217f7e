"Many small images by their links, as lists of posters and of Flickr's photographs give them."

import csv
import io
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..atomic import beside
from .fetch_files import FetchError, full_disk
from .fetch_http import get
from .fetch_unpack import inside
from .readers.csv_files import read_csv_rows

LARGEST = 30_000_000  # bytes of one image


def _fetch_one(name, url, folder, timeout):
    "None, or why this image isn't here."
    from PIL import Image

    path = folder / (inside(name, "The list of links") or "")
    if path.is_file() and path.stat().st_size:
        return None
    try:
        data = get(url, timeout, LARGEST)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(io.BytesIO(data)).verify()
    except FetchError as e:
        return str(e)
    except Exception as e:  # whatever Pillow says of something that isn't an image
        return f"{url} gave no image ({type(e).__name__})"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path, f".{path.name}.{os.getpid()}.tmp", sync=False) as file:
            file.write(data)
    except OSError as e:
        raise full_disk(e, folder) from None
    return None


def fetch_images(
    links: dict,  # file name below `folder` -> link
    folder,  # made if it isn't there
    workers: int = 8,  # at once
    timeout: float = 15,  # seconds without a byte
    progress: bool | None = None,  # None: a bar in a terminal or notebook
) -> dict:  # file name -> why it isn't here; empty if all are
    "Fetch many small images. Those that are here already are kept; a dead link is told, not fatal."
    from tqdm.auto import tqdm

    folder, failed = Path(folder), {}
    folder.mkdir(parents=True, exist_ok=True)
    off = None if progress is None else not progress
    with ThreadPoolExecutor(workers) as pool:
        jobs = pool.map(lambda o: _fetch_one(o[0], o[1], folder, timeout), links.items())
        for name, why in zip(links, tqdm(jobs, total=len(links), disable=off, desc=folder.name)):
            if why:
                failed[name] = why
    return failed


def poster_links(
    file,  # MovieGenre.csv
) -> dict:  # imdbId.jpg -> link
    "The posters that the table of films links to."
    rows = read_csv_rows(Path(file), "latin-1")
    columns = {c.lower(): c for c in rows.columns}
    if not {"imdbid", "poster"} <= set(columns):
        raise FetchError(
            f"{file} has no columns imdbId and Poster; it has {', '.join(rows.columns)}. It should"
            " be MovieGenre.csv of 'Movie Genre from its Poster' on Kaggle."
        )
    pairs = zip(rows[columns["imdbid"]], rows[columns["poster"]])
    clean = ((i.strip().removeprefix("tt"), link.strip()) for i, link in pairs)
    return {f"{i}.jpg": link for i, link in clean if i.isdecimal() and link.startswith("http")}


def write_failures(
    failed: dict,  # of fetch_images
    file: Path,  # CSV
):
    "What could not be fetched, and why, as a table; no file if nothing failed."
    if not failed:
        file.unlink(missing_ok=True)
        return
    with open(file, "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows([("fname", "why"), *failed.items()])
