"""Open a data set by name, or a folder or file whose layout is recognised."""

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Callable

from ...hints import Any, PathLike
from ...settings import Profile, data_home, load_profile
from ..table import ImageTable
from . import (
    cars,
    celeba,
    class_folders,
    coco,
    cvat,
    datumaro,
    fiftyone,
    folder,
    jsonl,
    label_studio,
    movie_posters,
    nus_wide,
    pascal,
    voc_lists,
    voc_xml,
    yolo,
)
from .common import finish_table
from .listing import folders_in
from .options import OPTIONS, flag, opt


@dataclass(frozen=True)
class Format:
    "A layout: how it is called, described, recognised and read."

    name: str  # what format= takes
    layout: str  # one or two lines for LAYOUTS
    recognise: Callable  # path of a folder or file -> evidence (a short text), or None
    read: Callable  # path, **options -> ImageTable
    over: tuple = ()  # names of formats that are passed over where this one is recognised too
    reader: Callable | None = None  # the function whose signature lists the options; None: read

    @classmethod
    def of(cls, module, read, over=(), reader=None):
        "The format of a module that has NAME, LAYOUT and recognise."
        return cls(module.NAME, module.LAYOUT, module.recognise, read, over, reader or read)

    @property
    def options(self):
        "The names of the options that the reader takes."
        found = [*inspect.signature(self.reader or self.read).parameters.values()]
        found += inspect.signature(self.read).parameters.values()
        names = dict.fromkeys(o.name for o in found if o.kind != o.VAR_KEYWORD)
        return [
            o for o in names if o in OPTIONS or o in ("fractions", "seed", "name", "makes", "meta")
        ]


# fastai's PASCAL has JSON files with the same labels beside its CSV files
FORMATS = [
    Format.of(pascal, pascal.read_pascal, over=("folder", "nus_wide", "coco")),
    Format.of(nus_wide, nus_wide.open_nus_wide, reader=nus_wide.read_nus_wide),
    Format.of(
        movie_posters,
        movie_posters.open_movie_posters,
        ("folder",),
        movie_posters.read_movie_posters,
    ),
    Format.of(cars, cars.read_cars, over=("folder",)),
    Format.of(coco, coco.read_coco),
    Format.of(cvat, cvat.read_cvat),
    Format.of(label_studio, label_studio.read_label_studio, over=("folder",)),
    Format.of(fiftyone, fiftyone.read_fiftyone, over=("nus_wide",)),
    Format.of(datumaro, datumaro.read_datumaro),
    Format.of(voc_xml, voc_xml.read_voc_xml, over=("voc_lists",)),
    Format.of(voc_lists, voc_lists.read_voc_lists),
    Format.of(jsonl, jsonl.read_jsonl),
    Format.of(celeba, celeba.read_celeba, over=("folder",)),
    Format.of(yolo, yolo.read_yolo, over=("folder",)),
    Format.of(class_folders, class_folders.read_class_folders),
    Format.of(folder, folder.read_folder),
]


LAYOUTS = "\n".join(
    ["The layouts that are understood:"] + [f"  {f.name:15} {f.layout}" for f in FORMATS]
)

REAL_SETS = {
    "pascal_2007": "PASCAL VOC 2007 (The PASCAL Visual Object Classes Challenge 2007, University "
    "of Oxford). The archive pascal_2007.tgz that fastai offers as "
    "URLs.PASCAL_2007 has it with train.csv, train/, test.csv and test/",
    "nus_wide": "NUS-WIDE (Lab for Media Search, National University of Singapore): the images, "
    "and one annotation file per split, train.json and test.json, of the form that "
    "LAYOUTS shows",
    "movie_posters": "'Movie Genre from its Poster' on Kaggle: MovieGenre.csv, and the posters "
    "that its column Poster links to, each saved as imdbId.jpg in one folder",
    "stanford_cars": "Stanford Cars (3D Object Representations for Fine-Grained Categorization, "
    "Krause et al. 2013): cars_annos.mat and car_ims.tgz. The original host at "
    "Stanford is gone; look for a mirror of 'Stanford Cars Dataset' on Kaggle",
}
DRAWN_SETS = {
    "postcards": "pascal",
    "postcards-ood": "pascal",
    "postcards-nus_wide": "nus_wide",
    "postcards-movie_posters": "movie_posters",
    "toy-cars": "cars",
}


def _draw(name, profile):
    "Draw a set at its first use, and read it."
    from mlc_course.postcards import LABELS, make_postcards

    layout, size = DRAWN_SETS[name], 2 * profile.image_size
    prefix = "postcards" if layout == "pascal" else name
    root = make_postcards(
        data_home() / f"{prefix}-{profile.n_images}-{size}px-seed{profile.seed}",
        n=profile.n_images,
        seed=profile.seed,
        size=size,
        layout=layout,
    )
    if name == "postcards-ood":
        return finish_table(
            pascal.pascal_part(root, "ood", "utf-8-sig", "test"),
            root,
            sorted(LABELS),
            name,
            "error",
        )
    kwargs = {
        "pascal": dict(vocab=sorted(LABELS)),
        "movie_posters": dict(min_count=max(1, profile.n_images // 100)),
    }.get(layout, {})
    found = next(f for f in FORMATS if f.name == layout)
    return with_valid(found.read(root, name=name, **kwargs))


def _holds(path):
    "What is in a folder, in a few words."
    if path.is_file():
        return f"It is a file of {path.stat().st_size:,} bytes"
    entries = sorted(o.name + "/" * o.is_dir() for o in path.iterdir() if o.name[0] != ".")
    more = f" and {len(entries) - 12} more" if len(entries) > 12 else ""
    return f"It holds {(', '.join(entries[:12]) + more) or 'nothing'}"


def _inside(path):
    "A hint at a folder below, one or two levels down, whose layout is understood."
    below = folders_in(path)[:12] if path.is_dir() else []
    above = path.absolute().parent
    if path.is_dir() and pascal.recognise(above):
        return f" The folder above, {above}, is understood: did you mean that one?"
    for d in [*below, *(o for b in below for o in folders_in(b)[:12])]:
        if any(f.recognise(d) for f in FORMATS):
            return f" {d} in it is understood: did you mean that folder?"
    return ""


def _convert(path):
    "What to do about a file of a kind that can be saved as another."
    if path.is_dir() and (path / "shards.json").is_file():
        return (
            " It holds tar shards: read them with ShardImages(folder, split, size) or"
            " shards_tf(folder, split, size); mlc data FOLDER describes them."
        )
    if path.is_dir():
        said = {o: _convert(o) for o in sorted(path.iterdir()) if o.is_file() and o.name[0] != "."}
        return next((f" {o.name}:{text}" for o, text in said.items() if text), "")
    kind = path.suffix.lower()
    if kind in (".xlsx", ".xls", ".ods", ".numbers"):
        return " It is a spreadsheet: save it as CSV (UTF-8), and give that file."
    if kind in (".parquet", ".feather", ".pkl", ".pickle"):
        return " Save it as CSV, as with pandas: df.to_csv('labels.csv', index=False)."
    if kind in (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar"):
        return " It is an archive: unpack it, and give the folder."
    return ""


def recognise(
    path,  # a folder or a file
    format=None,  # the name of a format; None: every format is asked
) -> Format:  # the one whose layout it is
    "The format of a folder or file; none, or two, are an error that says what was seen."
    path = Path(path)
    if format is not None:
        found = [f for f in FORMATS if f.name == format]
        if not found:
            names = ", ".join(f.name for f in FORMATS)
            raise ValueError(f"format is {format!r}; the formats are {names}.")
        return found[0]
    seen = {f.name: f.recognise(path) for f in FORMATS}
    seen = {name: evidence for name, evidence in seen.items() if evidence}
    beaten = {o for f in FORMATS if f.name in seen for o in f.over}
    found = [f for f in FORMATS if f.name in seen and f.name not in beaten]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(
            f"{path} is in no layout that is understood.{_convert(path)} {_holds(path)}."
            f"{_inside(path)}\n{LAYOUTS}"
        )
    readings = "; or ".join(f"{f.name} ({seen[f.name]})" for f in found)
    raise ValueError(
        f"{path} could be {' or '.join(f.name for f in found)}: {readings}. Give the path of the"
        f" file that you mean, or pass {opt('format', found[0].name)}."
    )


def _read(path, format, options):
    "Read a folder or file in the format that it is in."
    found = recognise(path, format)
    odd = [o for o in options if o not in found.options]
    if odd:
        raise TypeError(
            f"{path} is read as {found.name}, which has no option {odd[0]} ({flag(odd[0])} in the"
            f" command). It takes {', '.join(found.options)}. Leave it out."
        )
    return with_valid(found.read(path, **options))


def with_valid(table):
    "The table, with a valid split held out if it has none."
    if "valid" in table.splits or table.counts().get("train", 0) < 2:
        return table
    return table.hold_out()


def open_dataset(
    name_or_path: PathLike,  # in DRAWN_SETS or REAL_SETS, or a folder or annotation file of yours
    profile: Profile | None = None,  # decides the size of a drawn set; None: load_profile()
    format: str | None = None,  # which layout to read, such as "pascal", where two are possible
    **options: Any,  # for the reader, such as on_missing="drop" or min_count=50
) -> ImageTable:  # with a valid split wherever there is a train split
    "Open a data set by name, or a folder or file whose layout is recognised; drawn sets are drawn."
    name = str(name_or_path)
    if name in DRAWN_SETS:
        if options or format:
            given = ", ".join([*options, *(["format"] if format else [])])
            raise TypeError(
                f"{given}: a drawn set takes no reader options; open its folder by path to give"
                f" some."
            )
        return _draw(name, profile or load_profile())
    path = data_home() / name if name in REAL_SETS else Path(name_or_path).expanduser()
    if name in REAL_SETS and not path.is_dir():
        raise FileNotFoundError(
            f"{name} is not on this machine. fetch({name!r}) gets it, or says what to do by hand "
            f"(mlc fetch {name} in the command). Or download {REAL_SETS[name]}, and put "
            f"it into {path}, or pass the path of the folder that you have it in.\n{LAYOUTS}"
        )
    if not path.exists():
        near = get_close_matches(name, [*DRAWN_SETS, *REAL_SETS], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise FileNotFoundError(
            f"There is no folder or file {path}, and no data set of that name.{hint} The names are"
            f" {', '.join([*DRAWN_SETS, *REAL_SETS])}."
        )
    return _read(path, format, options)
