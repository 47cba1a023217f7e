"NUS-WIDE as it is given out: a list of files, and for each of 81 tags a file of 0 and 1."

import json
from pathlib import Path

import numpy as np

from .drawn_sets import write_file
from .readers.common import read_text


def _lines(file):
    "The lines of a list, with / in the names of files."
    text = read_text(file, "utf-8-sig").replace("\\", "/")
    return [o.strip() for o in text.splitlines() if o.strip()]


def _one(folder, name):
    found = sorted(o for o in Path(folder).rglob("*.txt") if o.name.lower() == name.lower())
    if not found:
        raise FileNotFoundError(
            f"There is no {name} in {folder} or below it. It is in ImageList.zip of NUS-WIDE:"
            " fetch('nus_wide') gets it (mlc fetch nus_wide)."
        )
    return found[0]


def _tag_files(folder):
    "Tag -> its file in AllLabels."
    found = {}
    for file in sorted(Path(folder).rglob("Labels_*.txt")):
        tag = file.stem.removeprefix("Labels_")
        if not tag.endswith(("_Train", "_Test")):
            found[tag] = file
    if not found:
        raise FileNotFoundError(
            f"There is no file such as Labels_airport.txt in {folder} or below it. They are in"
            " Groundtruth.zip of NUS-WIDE: fetch('nus_wide') gets it (mlc fetch nus_wide)."
        )
    return found


def _column(file, n):
    "A file with 0 or 1 on each line, as bool [n]."
    digits = np.frombuffer(file.read_bytes(), np.uint8)
    digits = digits[~np.isin(digits, (9, 10, 13, 32))]
    if len(digits) != n or not np.isin(digits, (48, 49)).all():
        raise ValueError(
            f"{file.name} has {len(digits):,} values; expected {n:,}, each of them 0 or 1, one for"
            " each line of Imagelist.txt. The file is damaged or of another version."
        )
    return digits == 49


def nus_wide_lists(
    folder,  # what fetch("nus_wide") made: ImageList.zip and Groundtruth.zip, unpacked
) -> tuple:  # file names (with /), tags (sorted), targets bool [N, C]
    "The full lists of NUS-WIDE: 269,648 images and 81 tags in the real ones."
    names = _lines(_one(folder, "Imagelist.txt"))
    files = _tag_files(folder)
    targets = np.stack([_column(f, len(names)) for f in files.values()], axis=1)
    return names, list(files), targets


def nus_wide_subset(
    folder: str | Path,  # with the lists in it or below; the two annotation files are written here
    n_tags: int = 27,  # as many of the most frequent tags are kept
    n_train: int = 5000,  # images of the training split, at most
    n_test: int = 1000,  # images of the test split, at most
    images: str
    | Path
    | None = None,  # folder of the images; None: images/, where there is one, else all are taken
    out: str | Path | None = None,  # folder of train.json and test.json; None: `folder`
) -> dict:  # split -> path of its annotation file
    """Write the annotation files of a small NUS-WIDE: its most frequent tags, its first images.

    Images without one of the tags are left out, and those that aren't in `images`. Tags are counted
    over all images of the lists; every sixth image goes to the test split, so that both splits have
    all tags.
    """
    names, tags, targets = nus_wide_lists(folder)
    if not 1 <= n_tags <= len(tags):
        raise ValueError(f"n_tags is {n_tags}; expected 1 to {len(tags)}, the tags of the lists.")
    most = np.sort(np.argsort(-targets.sum(0), kind="stable")[:n_tags])
    tags, targets = [tags[i] for i in most], targets[:, most]
    rows = np.flatnonzero(targets.any(1))
    images = Path(folder) / "images" if images is None else Path(images)
    if images.is_dir():
        rows = np.array([i for i in rows if (images / names[i]).is_file()], dtype=int)
    wanted = n_train + n_test
    if len(rows) < wanted:
        raise ValueError(
            f"{len(rows):,} images have one of the {n_tags} tags and are in {images}; {wanted:,}"
            " were asked for. Get more images, or ask for fewer (n_train, n_test)."
        )
    rows, order = rows[:wanted], np.arange(wanted)
    in_test = (order * n_test) // wanted != ((order + 1) * n_test) // wanted
    out, written = Path(out or folder), {}
    for split, part in (("train", rows[~in_test]), ("test", rows[in_test])):
        samples = [
            {"image_name": names[i], "image_labels": [tags[j] for j in np.flatnonzero(targets[i])]}
            for i in part
        ]
        written[split] = out / f"{split}.json"
        text = json.dumps({"samples": samples, "labels": tags}, indent=1)
        write_file(written[split], text.encode("utf-8"))
    return written


def nus_wide_links(
    file,  # NUS-WIDE-urls.txt: Photo_file, Photo_id and links to four sizes; or null
    names=None,  # the images that are wanted; None: all
) -> dict:  # name -> link, of the middle size where there is one
    "Where Flickr had the images of NUS-WIDE."
    wanted, found = None if names is None else set(names), {}
    for line in _lines(Path(file))[1:]:
        cells = line.split()
        name = "/".join(cells[0].split("/")[-2:])
        links = [o for o in (cells[3:4] + cells[2:3] + cells[4:]) if o.startswith("http")]
        if links and (wanted is None or name in wanted):
            found[name] = links[0]
    return found


def write_nus_lists(
    table,  # an ImageTable
    folder,  # made if it isn't there
):
    "The lists of a table as NUS-WIDE's two archives have them, for trying out what reads those."
    lists, truth = Path(folder) / "ImageList", Path(folder) / "Groundtruth" / "AllLabels"
    for place in (lists, truth):
        place.mkdir(parents=True, exist_ok=True)
    names = "".join(o.replace("/", "\\") + "\r\n" for o in table.df["fname"])
    write_file(lists / "Imagelist.txt", names.encode("utf-8"))
    for tag, column in zip(table.vocab, table.targets().T):
        write_file(truth / f"Labels_{tag}.txt", b"".join(b"%d\n" % o for o in column))
