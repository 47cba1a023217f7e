"""What is written is read back: nothing lost, the order of the vocab kept."""

import json
import os
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course.data.readers.cells import clean
from mlc_course.data.readers.coco import read_coco
from mlc_course.data.readers.folder import read_folder
from mlc_course.data.readers.label_studio import read_label_studio
from mlc_course.data.readers.registry import open_dataset
from mlc_course.data.table import ImageTable
from mlc_course.data.writers import to_coco, to_csv, to_label_studio

TRIES = int(os.environ.get("MLC_ROUND_TRIPS", 200))  # a campaign: 10,000
# ---- random tables -------------------------------------------------------------------------------

ODD = [
    "cat",
    "Cat",
    "polar bear",
    "007",
    "1",
    "0",
    "a,b",
    'say "x"',
    "it's",
    "[a]",
    "[",
    "[]",
    "a|b;c",
]
ODD += [
    "é",
    "日本",
    "👨‍👩‍👧",
    "True",
    "nan",
    "None",
    "<b>",
    "&amp;",
    "%20",
    "#1",
    "=1+1",
    "-1",
    "a/b",
    "\\",
]
letters = st.characters(blacklist_categories=("Cs", "Cc"))
label_names = st.one_of(st.sampled_from(ODD), st.text(letters, min_size=1, max_size=12))
file_names = st.one_of(
    st.sampled_from([o for o in ODD if "/" not in o and o not in ("\\",)]),
    st.text(letters, min_size=1, max_size=12),
)


def usable_label(text):
    return bool(text.strip()) and text == clean(text) == " ".join(text.split())


def usable_file(text):
    "A name that a file can have here, and that ImageTable leaves as it is."
    name = unicodedata.normalize("NFC", text)
    return (
        name == text == text.strip()
        and not set("/\\") & set(text)
        and text[0] != "."
        and text[1:2] != ":"
        and len(text.encode()) < 200
    )


@st.composite
def tables(draw):
    "A table of one to eight images: vocab, fnames, label lists, splits and an extra column."
    vocab = draw(st.lists(label_names.filter(usable_label), min_size=1, max_size=6, unique=True))
    stems = draw(st.lists(file_names.filter(usable_file), min_size=1, max_size=8, unique=True))
    folder = draw(st.sampled_from(["", "images/", "a b/ü/"]))
    some = st.lists(st.sampled_from(vocab), max_size=len(vocab), unique=True)
    rows = [
        dict(
            fname=f"{folder}{o}.png",
            labels=draw(some),
            split=draw(st.sampled_from(["train", "valid", "test"])),
            site=draw(st.sampled_from(["north", "0815", "x,y", "", "ß"])),
        )
        for o in stems
    ]
    return pd.DataFrame(rows), vocab


class Folder:
    "A folder in which the files of one table exist."

    def __init__(self, base, df):
        self.root = Path(tempfile.mkdtemp(dir=base))
        for o in df["fname"]:
            file = self.root / o
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path_factory.mktemp("tables")
    with tempfile.TemporaryDirectory(dir=where) as folder:
        yield folder


def same(one, two, ordered=True):
    "Are two tables equal: names, labels, splits, vocab, and the column site?"
    order = list if ordered else set
    assert two.vocab == one.vocab
    assert list(two.df["fname"]) == list(one.df["fname"])
    assert [order(o) for o in two.df["labels"]] == [order(o) for o in one.df["labels"]]
    assert list(two.df["split"]) == list(one.df["split"])
    assert list(two.df["site"]) == list(one.df["site"])
    assert (two.targets() == one.targets()).all()


FORMATS = {"coco": (to_coco, read_coco), "label_studio": (to_label_studio, read_label_studio)}


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=tables())
def test_json_round_trip(base, form, made):
    df, vocab = made
    write, read = FORMATS[form]
    root = Folder(base, df).root
    table = ImageTable(df, root, vocab)
    file = write(table, root / "written here.json")
    same(table, read(file))


@settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=tables())
def test_csv_round_trip(base, made):
    df, vocab = made
    root = Folder(base, df).root
    table = ImageTable(df, root, vocab)
    try:
        file = to_csv(table, root / "written here.csv")
    except ValueError as e:  # refused, and never because of an ordinary name
        assert "read as something else" in str(e) or "read as a label" in str(e), e
        return
    same(table, read_folder(file), ordered=False)


@settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=tables())
def test_csv_with_lists_round_trip(base, made):
    df, vocab = made
    root = Folder(base, df).root
    table = ImageTable(df, root, vocab)
    try:
        file = to_csv(table, root / "written here.csv", form="list")
    except ValueError as e:
        assert "written like a list" in str(e) and "[]" in vocab
        return
    same(table, read_folder(file, vocab=vocab))


@settings(max_examples=TRIES, deadline=None)
@given(label=st.text(min_size=1, max_size=8))
def test_a_label_that_would_change_is_refused_by_every_writer(base, label):
    root = Path(base) / "one"
    root.mkdir(exist_ok=True)
    (root / "a.png").touch()
    if not label.strip():
        return
    table = ImageTable(pd.DataFrame([dict(fname="a.png", labels=[label], split="train")]), root)
    fits = usable_label(label) and not any(unicodedata.category(c) in ("Cc", "Cs") for c in label)
    for write in (to_coco, to_label_studio, lambda t, f: to_csv(t, f, form="list")):
        file = root / "x"
        if fits:
            write(table, file)
            continue
        with pytest.raises(ValueError, match="would not come back"):
            write(table, file)


# ---- single cases --------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    for o in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (6, 4)).save(tmp_path / o)
    rows = [
        dict(fname="a.png", labels=["cat", "polar bear"], split="train", age=3, weight=0.5),
        dict(fname="b.png", labels=[], split="valid", age=4, weight=None),
        dict(fname="c.png", labels=["ant"], split="test", age=5, weight=1.5),
    ]
    vocab = ["zebra", "cat", "polar bear", "ant"]
    return ImageTable(pd.DataFrame(rows), tmp_path, vocab, "animals")


def test_numbers_of_extra_columns_stay_numbers_in_json(table, tmp_path):
    for write, read in FORMATS.values():
        df = read(write(table, tmp_path / "x.json")).df
        assert df["age"].tolist() == [3, 4, 5]
        assert df["weight"].tolist()[::2] == [0.5, 1.5] and pd.isna(df["weight"][1])


def test_coco_has_what_its_tools_ask_for(table, tmp_path):
    data = json.loads(to_coco(table, tmp_path / "x.json", boxes=True).read_text())
    assert [o["name"] for o in data["categories"]] == table.vocab
    assert data["images"][0] | {"width": 6, "height": 4} == data["images"][0]
    assert all(o["bbox"] == [0, 0, 6, 4] and o["area"] == 24 for o in data["annotations"])
    assert len({o["id"] for o in data["annotations"]}) == 3


def test_label_studio_can_import_it(table, tmp_path):
    file = to_label_studio(table, tmp_path / "x.json", config=tmp_path / "interface.xml")
    tasks = json.loads(file.read_text())
    assert tasks[0]["data"]["image"] == "/data/local-files/?d=a.png"
    assert tasks[0]["annotations"][0]["result"][0]["value"] == {"choices": ["cat", "polar bear"]}
    text = (tmp_path / "interface.xml").read_text()
    assert text.index('"zebra"') < text.index('"cat"') < text.index('"ant"')


def test_the_csv_is_plain(table, tmp_path):
    text = to_csv(table, tmp_path / "x.csv").read_text()
    assert text.splitlines()[:2] == [
        "fname,zebra,cat,polar bear,ant,split,age,weight",
        "a.png,0,1,1,0,train,3,0.5",
    ]


@pytest.mark.parametrize("write", [to_csv, to_coco, to_label_studio])
def test_open_dataset_reads_what_was_written(table, tmp_path, write):
    name = "labels.csv" if write is to_csv else "labels.json"
    file = write(table, tmp_path / name)
    for path in (file, tmp_path):
        found = open_dataset(path)
        assert found.vocab == table.vocab and found.fnames() == table.fnames()
        assert (found.targets() == table.targets()).all() and found.counts() == table.counts()


@pytest.mark.parametrize("write", [to_csv, to_coco, to_label_studio])
def test_what_cannot_be_written_is_a_sentence(table, tmp_path, write):
    with pytest.raises(TypeError, match="ImageTable"):
        write(table.df, tmp_path / "x.json")
    with pytest.raises(IsADirectoryError, match="folder"):
        write(table, tmp_path)
    lists = ImageTable(table.df.assign(boxes=[[1], [2], [3]]), tmp_path, table.vocab)
    with pytest.raises(ValueError, match="'boxes' holds lists"):
        write(lists, tmp_path / "x.json")
    taken = {"to_csv": "image", "to_coco": "file_name", "to_label_studio": "image"}[write.__name__]
    other = ImageTable(table.df.assign(**{taken: "x"}), tmp_path, table.vocab)
    with pytest.raises(ValueError, match="something else"):
        write(other, tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


def test_columns_that_look_like_labels_are_refused(table, tmp_path):
    flagged = ImageTable(table.df.assign(blurred=[0, 1, 0]), tmp_path, table.vocab)
    with pytest.raises(ValueError, match="'blurred' holds 0, 1 only"):
        to_csv(flagged, tmp_path / "x.csv")
    named = ImageTable(
        pd.DataFrame([dict(fname="a.png", labels=["image"], split="train")]), tmp_path
    )
    with pytest.raises(ValueError, match="'image' can't be the name of a column"):
        to_csv(named, tmp_path / "x.csv")
    assert read_folder(to_csv(named, tmp_path / "x.csv", form="list")).vocab == ["image"]


def test_two_hundred_thousand_rows_are_read_as_they_were_written(tmp_path):
    "Without files this is a test of what is kept; how long it takes is measured elsewhere."
    rng, n, c = np.random.default_rng(0), 2_000, 40
    vocab = [f"label {i}" for i in rng.permutation(c)]
    targets = rng.random((n, c)) < 0.05
    names = [f"{i:06}.png" for i in range(n)]
    for o in names:
        (tmp_path / o).touch()
    labels = [[vocab[j] for j in np.flatnonzero(o)] for o in targets]
    df = pd.DataFrame(dict(fname=names, labels=labels, split="train", site="x"))
    table = ImageTable(df, tmp_path, vocab)
    for form, (write, read) in FORMATS.items():
        same(table, read(write(table, tmp_path / f"{form}.json")))
