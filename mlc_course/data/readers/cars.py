"""Stanford Cars, in both its forms."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ...extras import need
from ...hints import Iterable, PathLike
from ..table import ImageTable
from .common import find_image_root, finish_table

NAME = "cars"
LAYOUT = """Stanford Cars: cars_annos.mat and car_ims/; or devkit/ (cars_meta.mat,
                  cars_train_annos.mat), cars_train/ and cars_test/"""


def recognise(path):
    "Evidence of Stanford Cars: the name of its annotation file, or None."
    path = Path(path)
    names = ("cars_annos.mat", "cars_train_annos.mat")
    if path.is_file():
        return path.name if path.name in names else None
    found = [f for f in names for d in (path, path / "devkit") if (d / f).is_file()]
    return found[0] if found else None


MULTI_WORD_MAKES = (
    "AM General",
    "Alfa Romeo",
    "Aston Martin",
    "Great Wall",
    "Land Rover",
    "Silver Comet",
)  # the last one is a make of the toy cars


def parse_class_name(
    name: str,  # such as "Audi TTS Coupe 2012"
    makes: Iterable[str] = MULTI_WORD_MAKES,  # makes of more than one word
) -> tuple:  # brand, type, year (int)
    """Brand, type and year of a car, read by position: the first word or a known make, the word
    before the year, the last word.
    """
    words = name.split()
    year = words[-1] if words else ""
    if len(words) < 3 or not re.fullmatch(r"(19|20)\d\d", year):
        raise ValueError(
            f"The class name {name!r} can't be read; expected make, model, body type and year, "
            "such as 'Audi TTS Coupe 2012'."
        )
    brand = next((m for m in makes if words[: len(m.split())] == m.split()), words[0])
    rest = words[len(brand.split()) : -1]
    if not rest:
        raise ValueError(
            f"The class name {name!r} has no body type between the make {brand!r} and the "
            "year; expected a name such as 'Audi TTS Coupe 2012'."
        )
    return brand, rest[-1], int(year)


def _read_mat(path, variable):
    "One variable of a MATLAB file."
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    need("cars", "scipy")
    from scipy.io import loadmat

    try:
        data = loadmat(path, squeeze_me=True)
    except NotImplementedError:
        raise ValueError(
            f"{path} is a MATLAB 7.3 file, which SciPy can't read; the original is an older "
            "version. Fetch it again, or save it with -v7."
        ) from None
    except Exception as e:
        raise ValueError(
            f"{path} can't be read as a MATLAB file ({e}). It is damaged or cut off: fetch it "
            "again."
        ) from None
    if variable not in data:
        raise ValueError(
            f"{path} has no variable {variable!r}; it has "
            f"{', '.join(k for k in data if k[0] != '_') or 'none'}."
        )
    return np.atleast_1d(data[variable])


def _annotations(path, *fields):
    "The annotations of a MATLAB file as a DataFrame with the fields that are asked for."
    found = _read_mat(path, "annotations")
    names = found.dtype.names or ()
    missing = [f for f in fields if f not in names]
    if missing:
        raise ValueError(
            f"The annotations in {path} have no field {missing[0]!r}; they have "
            f"{', '.join(names) or 'no fields'}."
        )
    return pd.DataFrame(
        {f: [o.item() if hasattr(o, "item") else o for o in found[f]] for f in fields}
    )


def _cars_rows(df, names, file, makes):
    "Add labels, brand, type, year and class_name to rows that have a class number, counted from 1."
    source = [f"{file.name} row {i}" for i in range(1, len(df) + 1)]
    for c, s in zip(df["class"].tolist(), source):
        if not isinstance(c, int) or not 1 <= c <= len(names):
            raise ValueError(
                f"{s}: class is {c!r}; expected a whole number from 1 to {len(names)}, the "
                "number of class names."
            )
    parsed = [parse_class_name(str(n), makes) for n in names]
    brand, kind, year = zip(*(parsed[c - 1] for c in df["class"]))
    return df.assign(
        labels=[[b, k] for b, k in zip(brand, kind)],
        brand=brand,
        type=kind,
        year=year,
        class_name=[str(names[c - 1]) for c in df["class"]],
        source=source,
    ).drop(columns="class")


def _first_file(names, folders):
    "The first file of one of these names in one of these folders, or None."
    return next((d / f for f in names for d in folders if (d / f).is_file()), None)


def _annotation_file(annos):
    "The annotations that were given, or those of the folder that was given."
    if annos.is_dir():
        names = ("cars_annos.mat", "cars_train_annos.mat")
        found = _first_file(names, (annos, annos / "devkit"))
        if found is None:
            raise FileNotFoundError(
                f"There is no cars_annos.mat (or cars_train_annos.mat) in {annos} or its "
                "folder devkit."
            )
        return found
    if not annos.is_file():
        raise FileNotFoundError(f"There is no file {annos}.")
    return annos


def _one_file(annos, names, makes):
    "The rows of cars_annos.mat, which has both splits."
    df = _annotations(annos, "relative_im_path", "class", "test")
    for i, t in enumerate(df["test"].tolist(), 1):
        if t not in (0, 1):
            raise ValueError(f"{annos.name} row {i}: test is {t!r}; expected 0 or 1.")
    split = ["test" if t else "train" for t in df["test"]]
    df = df.rename(columns={"relative_im_path": "fname"}).assign(split=split)
    return _cars_rows(df.drop(columns="test"), names, annos, makes)


def _two_files(annos, test, names, makes):
    "The rows of the older devkit's two files, and a note where the second has no classes."
    parts, notes = [], []
    for file, split in ((annos, "train"), (test, "test")):
        if file is None:
            continue
        if split == "test" and "class" not in (_read_mat(file, "annotations").dtype.names or ()):
            notes.append(
                f"{file.name} has no classes, so there is no test split; "
                "cars_test_annos_withlabels.mat has them."
            )
            continue
        part = _annotations(file, "fname", "class")
        fname = [f"cars_{split}/{f}" for f in part["fname"]]
        parts.append(_cars_rows(part.assign(fname=fname, split=split), names, file, makes))
    return pd.concat(parts), notes


def read_cars(
    annos: PathLike,  # cars_annos.mat or cars_train_annos.mat, or the folder that holds one of them
    images: PathLike | None = None,  # the names' folder; None: looked for beside the annotations
    meta: PathLike | None = None,  # cars_meta.mat; None: cars_annos.mat's own, or the one beside it
    on_missing: str = "error",  # or "drop": leave out the rows whose image is missing
    makes: Iterable[str] = MULTI_WORD_MAKES,  # makes of more than one word
    name: str | None = None,  # None: the folder's name
) -> ImageTable:  # train and test; labels [brand, type]; also brand, type, year, class_name
    """Read the metadata of Stanford Cars: one file for all images, or the two files of the older
    devkit.
    """
    file, notes = _annotation_file(Path(annos)), []
    folder = file.parent.parent if file.parent.name == "devkit" else file.parent
    beside = _first_file(["cars_meta.mat"], (file.parent, folder, folder / "devkit"))
    one_file = "train" not in file.stem
    if meta is None and beside is None and not one_file:
        raise FileNotFoundError(
            f"There is no cars_meta.mat beside {file}; it holds the class names. It is part "
            "of the devkit."
        )
    names = _read_mat(meta or beside or file, "class_names")
    if one_file:
        df = _one_file(file, names, makes)
        root = Path(images) if images is not None else find_image_root(folder, df["fname"])
    else:
        root = Path(images) if images is not None else folder
        tests = ("cars_test_annos_withlabels.mat", "cars_test_annos.mat")
        test = _first_file(tests, (file.parent, folder))
        df, notes = _two_files(file, test, names, makes)
    return finish_table(df, root, None, name or folder.resolve().name, on_missing, notes)
