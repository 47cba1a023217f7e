"""What `mlc data` says of a table's images: the same image twice, images that look dark."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from ..machine import usable_cores
from .opening import fit_memory, opened
from .pictures import BAND, row_sources
from .pixels import file_digest
from .table import ImageTable

SHOWN = 10  # groups of equal files that are told with their rows
DARK = 2**14 - 1  # 16-bit images that nowhere exceed it hold 14 bits or fewer


def _map(f, paths):
    "f of each path, on all cores; None where the file can't be read."

    def one(path):
        try:
            return f(path)
        except (OSError, ValueError):
            return None

    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(one, paths))


# ---- the same bytes ----------------------------------------------------------------------------
def same_images(
    table: ImageTable,  # an ImageTable
) -> (
    pd.DataFrame
):  # columns digest, fname, source, split, labels; one row per file, equal ones together
    "The files of a table whose bytes occur more than once, under whatever names."
    paths = table.paths()
    sizes = _map(os.path.getsize, paths)
    often = Counter(sizes)  # only files of one length can be equal, so most are never read
    rows = [i for i, n in enumerate(sizes) if n and often[n] > 1]
    found = _map(file_digest, [paths[i] for i in rows])
    digests = {i: d.hex() for i, d in zip(rows, found) if d is not None}
    groups: dict = {}
    for i, digest in digests.items():
        groups.setdefault(digest, []).append(i)
    kept = [i for group in groups.values() if len(group) > 1 for i in group]
    sources = row_sources(table.df)
    columns = {name: list(table.df[name].iloc[kept]) for name in ("fname", "split", "labels")}
    return pd.DataFrame(
        {
            "digest": [digests[i] for i in kept],
            "fname": columns["fname"],
            "source": [sources[i] for i in kept],
            "split": columns["split"],
            "labels": columns["labels"],
        }
    )


def _told(group):
    "Some equal files in a few words, those of each split first."
    parts = [
        f"{o.fname} ({o.source}, {o.split})" for o in group.drop_duplicates("split").itertuples()
    ]
    more = len(group) - len(parts)
    return " = ".join(parts) + (f" and {more} more" if more else "")


def _images(n):
    return f"{n} image{'s' * (n != 1)}"


def _same_sentences(same):
    "What to say of `same_images`."
    groups = [g for _, g in same.groupby("digest", sort=False)]
    across = [g for g in groups if g["split"].nunique() > 1]
    within = Counter(
        o for g in groups for o, n in Counter(g["split"]).items() for _ in range(n - 1)
    )
    clash = [g for g in groups if g["labels"].map(frozenset).nunique() > 1]
    if across:
        pairs = Counter(
            " and ".join(s for s in ("train", "valid", "test") if s in set(g["split"]))
            for g in across
        )
        where = ", ".join(f"{n} in {p}" for p, n in pairs.items())
        shown = "".join(f"\n  {_told(g)}" for g in across[:SHOWN])
        rest = f"\n  ... and {len(across) - SHOWN} more" if len(across) > SHOWN else ""
        yield (
            f"{_images(len(across))} with the same bytes in more than one split ({where}), so a "
            f"score there is partly one on what was learnt. Keep each in one split:{shown}{rest}"
        )
    if within:
        n, where = sum(within.values()), ", ".join(f"{n} in {s}" for s, n in within.items())
        yield f"{_images(n)} with the same bytes as another one of the same split ({where})."
    if clash:
        two = [f"{o.fname} ({o.source}): {list(o.labels)}" for o in clash[0].itertuples()][:2]
        yield (
            f"{_images(len(clash))} with the same bytes but different labels in two rows, "
            f"for example {' and '.join(two)}."
        )


# ---- few bits in sixteen -----------------------------------------------------------------------
def largest_value(
    path,  # an image file
):  # int from 0 to 65535; None for a file with 8 bits
    "The largest value of an image whose file has 16 bits a channel, before it is scaled to 8."
    with opened(path) as image:
        grey = image.mode == "I" or image.mode.startswith("I;16")
        colour = bool(image.tile) and not grey and ";16" in str(image.tile[0][3])
        if not grey and not colour:
            return None
        fit_memory(image)
        image.load()
        if (
            colour
        ):  # Pillow has kept the upper 8 of 16 bits; the last of 2 or 4 bands is transparency
            bands = image.split() if image.width * image.height <= BAND else [image.convert("RGB")]
            bands = bands[:-1] if len(bands) in (2, 4) else bands
            highs = np.ravel([b.getextrema() for b in bands])
            return int(highs.max()) * 256 + 255
        rows = max(1, BAND // image.width)
        tops = range(0, image.height, rows)
        boxes = [(0, top, image.width, min(image.height, top + rows)) for top in tops]
        return max(int(np.asarray(image.crop(box)).max()) for box in boxes)


def _dark_sentences(table):
    found = [
        (f, v) for f, v in zip(table.fnames(), _map(largest_value, table.paths())) if v is not None
    ]
    dark = [(f, v) for f, v in found if v <= DARK]
    if not dark or 10 * len(dark) < len(found):  # a few may simply be dark
        return
    largest = max(v for _, v in dark)
    bits = next(b for b in (8, 10, 12, 14) if largest < 2**b)
    of = "" if len(dark) == len(found) else f"{len(dark)} of "
    yield (
        f"The largest value of {of}{len(found)} image file{'s' * (len(found) != 1)} with 16 bits "
        f"({dark[0][0]}, ...) is {largest:,} of 65,535: they seem to hold {bits} bits, and look "
        f"dark (at most {(largest + 128) // 257} of 255 as they are read). Multiply their "
        f"values by {2 ** (16 - bits)} and save them anew, for example: "
        f"Image.fromarray(np.asarray(Image.open(old)) * np.uint16({2 ** (16 - bits)})).save(new)"
    )


def findings(
    table: ImageTable,  # an ImageTable
) -> list:  # of str, one finding each; empty if there is nothing to say
    "What a user should know of the images before a training; every file is looked at."
    return [*_same_sentences(same_images(table)), *_dark_sentences(table)]
