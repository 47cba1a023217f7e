"""Open a data set by name, or a folder whose layout is recognised."""

from difflib import get_close_matches
from pathlib import Path

from ...settings import data_home, load_profile
from ..table import ImageTable
from .cars import read_cars
from .common import find_image_root, finish_table, read_json_file
from .folder import read_folder
from .movie_posters import poster_files, read_movie_posters
from .nus_wide import nus_part, read_nus_wide
from .pascal import pascal_part, read_pascal


LAYOUTS = """The layouts that are understood:
  PASCAL          train.csv (fname,labels,is_valid) and train/; also test.csv (fname,labels) and test/
  NUS-WIDE        train.json, test.json: {"samples": [{"image_name": ..., "image_labels": [...]}], "labels": [...]}, and the images
  movie posters   MovieGenre.csv and a folder of posters called by their imdbId, such as 114709.jpg
  Stanford Cars   cars_annos.mat and car_ims/; or devkit/ (cars_meta.mat, cars_train_annos.mat), cars_train/ and cars_test/
  plain folder    one CSV file with the columns fname and labels, and the images beside or below it"""

REAL_SETS = {
    "pascal_2007": "PASCAL VOC 2007 (The PASCAL Visual Object Classes Challenge 2007, University of Oxford). The archive pascal_2007.tgz "
    "that fastai offers as URLs.PASCAL_2007 has it with train.csv, train/, test.csv and test/",
    "nus_wide": "NUS-WIDE (Lab for Media Search, National University of Singapore): the images, and one annotation file per split, "
    "train.json and test.json, of the form that LAYOUTS shows",
    "movie_posters": "'Movie Genre from its Poster' on Kaggle: MovieGenre.csv, and the posters that its column Poster links to, each saved as "
    "imdbId.jpg in one folder",
    "stanford_cars": "Stanford Cars (3D Object Representations for Fine-Grained Categorization, Krause et al. 2013): cars_annos.mat and car_ims.tgz. "
    "The original host at Stanford is gone; look for a mirror of 'Stanford Cars Dataset' on Kaggle",
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
    folder = make_postcards(
        data_home() / f"{prefix}-{profile.n_images}-{size}px-seed{profile.seed}",
        n=profile.n_images,
        seed=profile.seed,
        size=size,
        layout=layout,
    )
    if name == "postcards-ood":
        return finish_table(
            pascal_part(folder, "ood", "utf-8-sig", "test"), folder, LABELS, name, "error"
        )
    kwargs = {
        "pascal": dict(vocab=LABELS),
        "movie_posters": dict(min_count=max(1, profile.n_images // 100)),
    }.get(layout, {})
    return _read_layout(layout, folder, name=name, **kwargs)


def _json_files(path):
    "JSON files of the NUS-WIDE form in a folder or one below; if all are damaged, the error of the first."
    files, error = [], None
    for file in sorted([*path.glob("*.json"), *path.glob("*/*.json")]):
        try:
            data = read_json_file(file)
        except ValueError as e:
            error = error or e
            continue
        if isinstance(data, dict) and {"samples", "labels"} <= set(data):
            files.append(file)
    if error and (files or not list(path.glob("*.csv"))):
        raise error
    return files


def _recognise(path):
    "The layout of a folder: pascal, movie_posters, cars, nus_wide or folder."
    found = []
    if (path / "train.csv").is_file() and (path / "train").is_dir():
        found.append("pascal")
    if any(f.name.lower() == "moviegenre.csv" for f in path.glob("*.csv")):
        found.append("movie_posters")
    if any(
        (d / f).is_file()
        for d in (path, path / "devkit")
        for f in ("cars_annos.mat", "cars_train_annos.mat")
    ):
        found.append("cars")
    if not found and _json_files(path):
        found.append("nus_wide")
    if not found and len(list(path.glob("*.csv"))) == 1:
        found.append("folder")
    if len(found) == 1:
        return found[0]
    entries = sorted(o.name + "/" * o.is_dir() for o in path.iterdir() if o.name[0] != ".")
    what = (
        ", ".join(entries[:12]) + (f" and {len(entries) - 12} more" if len(entries) > 12 else "")
        or "nothing"
    )
    why = (
        f"could be {' or '.join(found)}; call the reader that you mean, such as read_{found[0]}"
        if found
        else "is in no layout that is understood"
    )
    raise ValueError(f"{path} {why}. It holds {what}.\n{LAYOUTS}")


def with_valid(table):
    "The table, with a valid split held out if it has none."
    return (
        table.hold_out()
        if "valid" not in table.splits and table.counts().get("train", 0) > 1
        else table
    )


def _read_layout(layout, path, **kwargs):
    "Read a folder whose layout is known; a set without a valid split gets one from its train rows."
    if layout == "pascal":
        table = read_pascal(path, **kwargs)
    elif layout == "cars":
        table = read_cars(path, **kwargs)
    elif layout == "movie_posters":
        file = next(f for f in path.glob("*.csv") if f.name.lower() == "moviegenre.csv")
        best = max(
            [path, *sorted(d for d in path.rglob("*") if d.is_dir())],
            key=lambda d: len(poster_files(d)),
        )
        table = read_movie_posters(file, best, **kwargs)
    elif layout == "nus_wide":
        files = _json_files(path)
        names = nus_part(files[0])[0]["fname"]
        table = read_nus_wide(
            find_image_root(path, names), *files, **{"name": path.resolve().name, **kwargs}
        )
    else:
        table = read_folder(path, **kwargs)
    return with_valid(table)


def open_dataset(
    name_or_path,  # a name in DRAWN_SETS or REAL_SETS, or a folder (or CSV file) of yours
    profile=None,  # decides the size of a drawn set; None: load_profile()
    **kwargs,  # for the reader, such as on_missing="drop" or min_count=50
) -> ImageTable:  # with a valid split wherever there is a train split
    "Open a data set by name, or a folder whose layout is recognised. Drawn sets are drawn at first use."
    name = str(name_or_path)
    if name in DRAWN_SETS:
        if kwargs:
            raise TypeError(
                f"{', '.join(kwargs)}: a drawn set takes no reader options; open its folder by path to give some."
            )
        return _draw(name, profile or load_profile())
    if name in REAL_SETS:
        path = data_home() / name
        if not path.is_dir():
            raise FileNotFoundError(
                f"{name} is not on this machine. Download {REAL_SETS[name]}, and put it into {path}, or pass the path of the folder that you have it in.\n{LAYOUTS}"
            )
        return _read_layout(_recognise(path), path, **kwargs)
    path = Path(name_or_path).expanduser()
    if (
        path.is_file()
        and path.suffix.lower() == ".csv"
        and path.name.lower() not in ("train.csv", "moviegenre.csv")
    ):
        return with_valid(read_folder(path, **kwargs))
    if path.is_file():
        path = path.parent
    if not path.is_dir():
        near = get_close_matches(name, [*DRAWN_SETS, *REAL_SETS], n=1)
        raise FileNotFoundError(
            f"There is no folder {path}, and no data set of that name."
            + (f" Did you mean {near[0]!r}?" if near else "")
            + f" The names are {', '.join([*DRAWN_SETS, *REAL_SETS])}."
        )
    return _read_layout(_recognise(path), path, **kwargs)
