"""What the readers share: columns, splits, files on disk, groups, and the table itself."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course.data.readers.locate import find_image_root, plain_path, walk_files
from mlc_course.tables import ImageTable, open_dataset, read_folder
from mlc_course.tools.cli import main
from mlc_course.tools.describe import describe, warnings_of


def images(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    return root


def csv(root, text, name="labels.csv"):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    return root


# ---------------------------------------------------------------- what is pointed at is what is
# read


def test_the_path_of_a_file_means_that_file(tmp_path):
    images(tmp_path, "images/a.png", "images/b.png", "images/c.png")
    csv(tmp_path, "fname,labels,split\na.png,x,train\nb.png,y,valid\n")
    csv(tmp_path, "fname,labels,split\nc.png,z,train\na.png,z,valid\n", "other.csv")
    csv(
        tmp_path,
        "file\tlabels\tsplit\na.png\tx "
        "y\ttrain\nb.png\tx\tvalid\nb.png\tx\tvalid\nc.png\ty\ttest\n",
        "third.tsv",
    )
    assert open_dataset(tmp_path / "labels.csv").vocab == ["x", "y"]
    assert open_dataset(tmp_path / "other.csv").vocab == ["z"]
    assert open_dataset(tmp_path / "third.tsv").counts() == {"train": 1, "valid": 1, "test": 1}
    with pytest.raises(ValueError, match="3 CSV files|labels.csv, other.csv"):
        try:
            open_dataset(tmp_path)
        except FileNotFoundError as e:
            raise ValueError(str(e)) from e


def test_one_of_several_split_files(tmp_path):
    images(tmp_path, "train/1.png", "train/2.png", "val/1.png")
    csv(tmp_path, "fname,labels\n1.png,x\n2.png,y\n", "train.csv")
    csv(tmp_path, "fname,labels\n1.png,y\n", "val.csv")
    both = open_dataset(tmp_path)
    assert both.fnames("train") == ["train/1.png", "train/2.png"] and both.fnames("valid") == [
        "val/1.png"
    ]
    assert both.labels("valid") == [["y"]]
    one = read_folder(tmp_path / "train.csv", fractions=(0.5, 0.5))
    assert one.root == tmp_path / "train" and len(one) == 2 and "val.csv" in one.notes[0]


def test_a_table_in_each_split_folder(tmp_path):
    for d in ("train", "valid", "test"):
        images(tmp_path, f"{d}/1.png")
        csv(tmp_path, f"filename, cat, dog\n1.png, 1, {int(d == 'train')}\n", f"{d}/_classes.csv")
    table = open_dataset(tmp_path)
    assert table.fnames() == ["train/1.png", "valid/1.png", "test/1.png"]
    assert table.labels() == [["cat", "dog"], ["cat"], ["cat"]] and table.vocab == ["cat", "dog"]


def test_formats_are_told_apart_or_asked_about(tmp_path):
    images(tmp_path, "images/a.png", "images/b.png")
    csv(tmp_path, "fname,labels,split\na.png,x,train\nb.png,y,valid\n")
    (tmp_path / "train.json").write_text(
        json.dumps({"samples": [{"image_name": "a.png", "image_labels": ["z"]}], "labels": ["z"]})
    )
    with pytest.raises(
        ValueError, match="could be nus_wide or folder.*train.json.*labels.csv.*--format"
    ):
        open_dataset(tmp_path)
    assert (
        open_dataset(tmp_path / "labels.csv").vocab == open_dataset(tmp_path, format="folder").vocab
    )
    assert open_dataset(tmp_path / "train.json").vocab == ["z"]
    with pytest.raises(ValueError, match="formats are pascal"):
        open_dataset(tmp_path, format="csv")
    (tmp_path / "set.xlsx").write_bytes(b"PK")
    with pytest.raises(ValueError, match="spreadsheet: save it as CSV"):
        open_dataset(tmp_path / "set.xlsx")


# ---------------------------------------------------------------- files on disk


@pytest.mark.parametrize("name,file", [
    ("a.png", "deep/er/a.png"), ("a", "x/a.png"), ("a.jpg", "x/a.jpeg"), ("7.png", "x/000007.png"),
    ("A.PNG", "x/a.png"), ("x\\a.png", "x/a.png"), ("./x/a.png", "x/a.png"),
    ("a%20b.png", "x/a b.png"),
    ("C:\\data\\x\\a.png", "x/a.png"), ("/photos/set/a.png", "x/a.png"), ("../x/a.png", "x/a.png"),
    ("https://host/x/a.png?size=3", "x/a.png"), ("other/x/a.png", "x/a.png"),
    ("IMG_7.png", "IMG_0007.png"),
])  # fmt: skip
def test_names_are_found(tmp_path, name, file):
    images(tmp_path, file, "x/zz.png")
    csv(tmp_path, f"fname,labels,split\n{name},x,train\nx/zz.png,x,valid\n")
    table = read_folder(tmp_path)
    assert table.paths()[0].read_bytes() and table.paths()[0] == tmp_path / file


def test_a_file_of_another_split_is_never_taken(tmp_path):
    images(tmp_path, "test/a.png", "train/b.png", "train/c.png")
    csv(
        tmp_path,
        "fname,labels,split\ntrain/a.png,x,train\ntrain/b.png,x,train\ntrain/c.png,x,valid\n",
    )
    with pytest.raises(
        FileNotFoundError, match="(?s)row 2.*train/a.png.*test/a.png is there; did you mean"
    ):
        read_folder(tmp_path)
    assert read_folder(tmp_path, on_missing="drop").fnames() == ["train/b.png", "train/c.png"]


def test_five_suggestions(tmp_path):
    names = [f"other/{i:04}.png" for i in range(9)]
    images(tmp_path, *names, "x/ok.png")
    rows = "".join(f"x/{i}.png,a,train\n" for i in range(9))
    csv(tmp_path, f"fname,labels,split\nx/ok.png,a,valid\n{rows}")
    with pytest.raises(FileNotFoundError) as e:
        read_folder(tmp_path)
    assert str(e.value).count("is there; did you mean") == 5 and "other/0000.png is there" in str(
        e.value
    )
    assert "9 of 10 images missing" in str(e.value) and "--on-missing 'drop'" in str(e.value)


def test_two_names_of_one_file_are_not_guessed(tmp_path):
    images(tmp_path, "x/1.png", "x/2.png")
    csv(tmp_path, "fname,labels,split\n01.png,a,train\n001.png,b,valid\n")
    with pytest.raises(FileNotFoundError, match="x/1.png is there"):
        read_folder(tmp_path)


def test_an_absolute_path_of_this_machine(tmp_path):
    images(tmp_path, "x/1.png", "y/1.png")
    csv(tmp_path, f"fname,labels,split\n{tmp_path}/x/1.png,a,train\n{tmp_path}/y/1.png,b,valid\n")
    assert read_folder(tmp_path).fnames() == ["x/1.png", "y/1.png"]


def test_nothing_outside_the_folder_is_taken(tmp_path):
    images(tmp_path, "secret.png", "set/a.png")
    csv(tmp_path, "fname,labels,split\n../secret.png,a,train\na.png,b,valid\n", "set/labels.csv")
    with pytest.raises(ValueError, match="row 2.*outside"):
        read_folder(tmp_path / "set")


def test_dot_files_and_links(tmp_path):
    images(tmp_path, "x/a.png", ".hidden/b.png", "__MACOSX/c.png", "x/._a.png")
    (tmp_path / "x/loop").symlink_to(tmp_path)
    (tmp_path / "y").symlink_to(tmp_path / "x")
    assert {f for f in walk_files(tmp_path) if "loop" not in f} in ({"x/a.png"}, {"y/a.png"})
    assert plain_path("C:\\a\\.\\b.png") == ("a/b.png", True)
    images(tmp_path, "p/1.png", "q/1.png")
    assert find_image_root(tmp_path, ["1.png"]) == tmp_path


def test_images_beside_the_folder_of_annotations(tmp_path):
    images(tmp_path, "images/a.png", "images/b.png")
    csv(tmp_path, "fname,labels,split\na.png,x,train\nb.png,y,valid\n", "annotations/all.csv")
    for path in (tmp_path, tmp_path / "annotations", tmp_path / "annotations/all.csv"):
        assert open_dataset(path).root == tmp_path / "images"
    images(tmp_path, "elsewhere/a.png", "elsewhere/b.png")
    assert open_dataset(tmp_path, images=tmp_path / "elsewhere").root == tmp_path / "elsewhere"
    assert open_dataset(tmp_path, images="elsewhere").root == tmp_path / "elsewhere"
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_dataset(tmp_path, images="nowhere")


# ---------------------------------------------------------------- columns and splits

FILES = tuple(f"{i}.png" for i in range(6))


def read(tmp_path, text, **options):
    return read_folder(csv(images(tmp_path, *FILES), text), **options)


@pytest.mark.parametrize(
    "column",
    [
        "fname",
        "File Name",
        "Image Index",
        "image_id",
        "id",
        "img",
        "name",
        "filepath",
        "Path",
        "image_path",
    ],
)
def test_file_columns(tmp_path, column):
    assert read(tmp_path, f"{column},label,split\n0.png,x,train\n1.png,y,valid\n").fnames() == [
        "0.png",
        "1.png",
    ]


@pytest.mark.parametrize(
    "column",
    ["labels", "class", "target", "category", "Genre", "tag", "Finding Labels", "label_name"],
)
def test_label_columns(tmp_path, column):
    assert read(tmp_path, f"fname,{column},split\n0.png,x,train\n1.png,y,valid\n").vocab == [
        "x",
        "y",
    ]


def test_columns_by_option(tmp_path):
    text = "fname,label,class,split\n0.png,x,p,train\n1.png,y,q,valid\n"
    with pytest.raises(ValueError, match="label and class could both.*--label-column 'label'"):
        read(tmp_path, text)
    assert read(tmp_path, text, label_column="class").vocab == ["p", "q"]
    assert read(tmp_path, text, label_column="label,class").labels() == [["x", "p"], ["y", "q"]]
    with pytest.raises(ValueError, match="names no column; it has fname, label"):
        read(tmp_path, text, label_column="klass")


def test_a_single_column_of_0_and_1_is_asked_about(tmp_path):
    text = "fname,cat,eggs,split\n0.png,1,3,train\n1.png,0,0,valid\n"
    with pytest.raises(ValueError, match="one column of 0 and 1, cat.*label_column='cat'"):
        read(tmp_path, text)
    assert read(tmp_path, text, label_column="cat").labels() == [["cat"], []]


def test_a_list_of_classes_beside_the_table(tmp_path):
    csv(tmp_path, "id,name\n1,x\n2,y\n", "classes.csv")
    assert read_folder(
        images(csv(tmp_path, "fname,labels,split\n0.png,x,train\n1.png,y,valid\n"), *FILES)
    ).vocab == ["x", "y"]


def test_one_column_per_label_keeps_order_and_other_columns(tmp_path):
    text = (
        "image,age,zebra,cat,split\n0.png,31,1,0,train\n1.png,40,0,0,valid\n2.png,7,TRUE,yes,test\n"
    )
    table = read(tmp_path, text)
    assert table.vocab == ["zebra", "cat"] and table.labels() == [["zebra"], [], ["zebra", "cat"]]
    assert (
        list(table.df["age"]) == ["31", "40", "7"]
        and "zebra, cat" in table.notes[0]
        and "age" in table.notes[1]
    )


@pytest.mark.parametrize("cell", ["", "U", "?", "-1", "-1.0", "nan"])
def test_an_unknown_cell_is_refused_with_row_and_column(tmp_path, cell):
    with pytest.raises(ValueError, match="labels.csv row 3, column dog: .*unknown"):
        read(tmp_path, f"fname,cat,dog\n0.png,1,0\n1.png,0,{cell}\n2.png,1,1\n")


def test_minus_one_is_decided(tmp_path):
    text = "fname,cat,dog,split\n0.png,1,-1,train\n1.png,-1,1,valid\n"
    with pytest.raises(ValueError, match="CelebA.*unknown .as in CheXpert.*minus_one='no'"):
        read(tmp_path, text)
    assert read(tmp_path, text, minus_one="no").labels() == [["cat"], ["dog"]]
    with pytest.raises(ValueError, match="row 3, column cat.*unknown"):
        read(tmp_path, text, minus_one="unknown")


def test_one_row_per_image_and_label(tmp_path):
    rows = "0.png,x,train 0.png,y,train 1.png,x,valid 1.png,z,valid 2.png,x,test".split()
    text = "\n".join(["fname,label,split", *rows, ""])
    table = read(tmp_path, text)
    assert (
        table.labels() == [["x", "y"], ["x", "z"], ["x"]]
        and "5 rows joined to 3 images" in table.notes[0]
    )
    with pytest.raises(ValueError, match="0.png is in two splits"):
        read(tmp_path, text.replace("0.png,y,train", "0.png,y,valid"))


def test_one_contradiction_among_many_rows_is_none(tmp_path):
    names = [f"{i}.png" for i in range(30)]
    images(tmp_path, *names)
    rows = "".join(f"{n},{'xy'[i % 2]}\n" for i, n in enumerate(names))
    csv(tmp_path, f"fname,label\n{rows}0.png,y\n")
    with pytest.raises(
        ValueError, match="row 2 and labels.csv row 32 both describe 0.png.*on_conflict='join'"
    ):
        read_folder(tmp_path)
    assert read_folder(tmp_path, on_conflict="join").labels()[0] == ["x", "y"]
    assert read_folder(tmp_path, on_conflict="first").labels()[0] == ["x"]


def test_open_images_confidence(tmp_path):
    head = "ImageID,Source,LabelName,Confidence\n"
    table = read(tmp_path, head + "0,v,x,1\n0,v,y,0\n1,v,x,0\n1,v,z,1\n2,v,y,0\n")
    assert table.labels() == [["x"], ["z"], []] and "Confidence 0" in " ".join(table.notes)
    with pytest.raises(ValueError, match="row 3: Confidence is '0.4'.*unknown"):
        read(tmp_path, head + "0,v,x,1\n0,v,y,0.4\n")


@pytest.mark.parametrize(
    "column",
    [
        "split",
        "set",
        "Subset",
        "partition",
        "phase",
        "split_name",
        "data set",
        "usage",
        "mode",
        "what",
    ],
)
@pytest.mark.parametrize(
    "words", [("train", "valid", "test"), ("Training", "dev", "testing"), ("TRAIN", "val", "Test")]
)
def test_split_columns(tmp_path, column, words):
    table = read(
        tmp_path,
        f"fname,label,{column}\n" + "".join(f"{i}.png,x,{w}\n" for i, w in enumerate(words)),
    )
    assert list(table.df["split"]) == ["train", "valid", "test"]
    assert column == "split" or column in "".join(table.notes) or column == "Subset"


def test_truth_columns(tmp_path):
    text = "fname,label,is_valid,is_test\n0.png,x,0,0\n1.png,x,1,0\n2.png,x,0,1\n"
    assert list(read(tmp_path, text).df["split"]) == ["train", "valid", "test"]
    assert list(read(tmp_path, "fname,label,is_train\n0.png,x,1\n1.png,x,0\n").df["split"]) == [
        "train",
        "test",
    ]


def test_numbers_of_folds_are_asked_about(tmp_path):
    text = "fname,label,fold\n" + "".join(f"{i}.png,{'xy'[i % 2]},{i % 3}\n" for i in range(6))
    with pytest.raises(
        ValueError,
        match="fold holds the numbers 0, 1, 2.*valid_fold=0 .--valid-fold.*split_column='none'",
    ):
        read(tmp_path, text)
    assert list(read(tmp_path, text, valid_fold=1).df["split"]) == ["train", "valid", "train"] * 2
    assert (
        list(read(tmp_path, text, valid_fold=1, test_fold=2).df["split"])
        == ["train", "valid", "test"] * 2
    )
    with pytest.raises(ValueError, match="valid_fold is 7"):
        read(tmp_path, text, valid_fold=7)
    assert read(tmp_path, text, split_column="none").splits == ["train", "valid", "test"]


def test_an_odd_split_word_is_named(tmp_path):
    with pytest.raises(ValueError, match="row 3: the split is 'eval'.*eval may be either"):
        read(tmp_path, "fname,label,split\n0.png,x,train\n1.png,x,eval\n")


# ---------------------------------------------------------------- text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(tmp_path, encoding):
    images(tmp_path, *FILES)
    (tmp_path / "labels.csv").write_bytes(
        "fname,label,split\n0.png,été,train\n1.png,y,valid\n".encode(encoding)
    )
    assert read_folder(tmp_path).vocab == ["y", "été"]


def test_what_spreadsheets_write(tmp_path):
    text = "sep=;\nfname;labels;split;;\n0.png;a,b;train;;\n1.png;;valid\n2.png;b;test;;\n"
    table = read(tmp_path, text)
    assert table.labels() == [["a", "b"], [], ["b"]] and table.df["source"][0] == "labels.csv row 3"
    table = read(tmp_path, ",fname,label,split\n0,0.png,a,train\n1,1.png,b,valid\n")
    assert table.vocab == ["a", "b"]
    with pytest.raises(ValueError, match="row 3: 2 cells.*an empty cell at the end"):
        read(tmp_path, "fname,split,labels\n0.png,train,a\n1.png,train\n")
    with pytest.raises(ValueError, match="row 1 holds a file name"):
        read(tmp_path, "0.png,a\n1.png,b\n")


# ---------------------------------------------------------------- the table


def frame(n=4):
    return pd.DataFrame(
        {
            "fname": [f"{i}.png" for i in range(n)],
            "labels": [["x"], ["y", "x"], [], ["y"]] * (n // 4),
            "split": ["train"] * n,
        }
    )


def test_a_given_vocab_keeps_its_order(tmp_path):
    table = ImageTable(frame(), tmp_path, vocab=["y", "z", "x"])
    assert (
        table.vocab == ["y", "z", "x"] == table.subset("train").vocab == table.hold_out(0.5).vocab
    )
    np.testing.assert_array_equal(table.targets()[:2], [[0, 0, 1], [1, 0, 1]])
    assert (
        ImageTable(frame(), tmp_path, vocab={"y", "x"}).vocab
        == ["x", "y"]
        == ImageTable(frame(), tmp_path).vocab
    )
    with pytest.raises(ValueError, match="vocab names 'x' twice"):
        ImageTable(frame(), tmp_path, vocab=["x", "y", "x"])
    with pytest.raises(ValueError, match=r"vocab\[1\] is ''"):
        ImageTable(frame(), tmp_path, vocab=["x", ""])


def test_from_lists(tmp_path):
    table = ImageTable.from_lists(
        ["a.png", "b.png"], [["x"], []], tmp_path, ["train", "valid"], vocab=["y", "x"]
    )
    assert (
        table.vocab == ["y", "x"]
        and table.counts() == {"train": 1, "valid": 1}
        and table.labels() == [["x"], []]
    )
    assert ImageTable.from_lists(["a.png"], [["x"]], tmp_path).splits == ["train"]
    with pytest.raises(ValueError, match="2 file names, 1 lists"):
        ImageTable.from_lists(["a.png", "b.png"], [["x"]], tmp_path)


def test_from_multi_hot(tmp_path):
    df = pd.DataFrame(
        {
            "file": ["a.png", "b.png"],
            "age": [30, 41],
            "z": [1, 0],
            "a": [True, True],
            "part": ["train", "test"],
        }
    )
    table = ImageTable.from_multi_hot(df, tmp_path, fname_column="file", split_column="part")
    assert (
        table.vocab == ["z", "a"]
        and table.labels() == [["z", "a"], ["a"]]
        and list(table.df["age"]) == [30, 41]
    )
    assert ImageTable.from_multi_hot(df, tmp_path, ["a"], "file").labels() == [["a"], ["a"]]
    np.testing.assert_array_equal(table.targets(), df[["z", "a"]].to_numpy().astype(bool))
    for bad in (np.nan, -1, 2, 0.5):
        with pytest.raises(ValueError, match="row 1, column z.*unknown"):
            ImageTable.from_multi_hot(df.assign(z=[1, bad]), tmp_path, ["z"], "file")
    with pytest.raises(ValueError, match="no column 'fname'; the table has file"):
        ImageTable.from_multi_hot(df, tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_multi_hot_and_back(tmp_path_factory, n, c, seed):
    on = np.random.default_rng(seed).random((n, c)) < 0.4
    df = pd.DataFrame(on.astype(int), columns=[f"label {i}" for i in reversed(range(c))])
    df.insert(0, "fname", [f"{i}.png" for i in range(n)])
    table = ImageTable.from_multi_hot(df, tmp_path_factory.getbasetemp(), list(df.columns[1:]))
    np.testing.assert_array_equal(table.targets(), on)


def test_require_and_rows(tmp_path):
    table = ImageTable(frame(), tmp_path, name="four")
    table.require(["x", "y"], ["train"])
    assert len(table.rows("train")) == 4 and len(table.rows()) == 4
    with pytest.raises(ValueError, match="'four' has no split 'valid'; it has train.*hold_out"):
        table.require(splits=("train", "valid"))
    with pytest.raises(ValueError, match="another order.*vocab=list.model.vocab"):
        table.require(["y", "x"])
    with pytest.raises(ValueError, match="Only the model has 'z'"):
        table.require(["x", "y", "z"])
    with pytest.raises(ValueError, match="no split 'dev'"):
        table.rows("dev")


def whole(table):
    return (table.df.groupby("group")["split"].nunique() == 1).all()


def test_groups_stay_whole(tmp_path):
    names = [f"{i}.png" for i in range(40)]
    images(tmp_path, *names)
    rows = "".join(f"{n},{'xy'[i % 2]},p{i // 4}\n" for i, n in enumerate(names))
    csv(tmp_path, "fname,label,group\n" + rows)
    table = open_dataset(tmp_path)
    assert (
        table.splits == ["train", "valid", "test"]
        and whole(table)
        and "groups kept whole" in " ".join(table.notes)
    )
    csv(tmp_path, "fname,label,Patient ID\n" + rows)
    assert (
        "Patient ID" in " ".join(open_dataset(tmp_path).notes)
        and "group" not in open_dataset(tmp_path).df
    )
    table = open_dataset(tmp_path, group_column="Patient ID")
    assert whole(table) and not any("groups are in" in o for o in warnings_of(table))
    train = ImageTable(table.df.assign(split="train"), table.root)
    assert whole(train.hold_out(0.3)) and not whole(train.hold_out(0.3, groups=np.arange(40)))
    spread = ImageTable(table.df.assign(split=["train", "test"] * 20), table.root)
    assert "10 groups are in more than one split" in describe(spread)
    with pytest.raises(ValueError, match="no column 'film'"):
        train.hold_out(0.3, groups="film")


def test_describe_lists_labels_and_warns(tmp_path):
    n = 400
    df = pd.DataFrame(
        {"fname": [f"{i}.png" for i in range(n)], "labels": [[f"l{i % 150:03}"] for i in range(n)]}
    )
    df["split"] = np.where(np.arange(n) < 140, "train", "valid")
    table = ImageTable(
        df, tmp_path, vocab=[*sorted({o for r in df["labels"] for o in r}), "L000", "never"]
    )
    text = describe(table)
    assert "... and 102 more (--all-labels)" in text and "never" not in text.split("Note")[0]
    assert describe(table, every=True).split("Note")[0].count("\nl") == 151
    assert (
        "Labels without an image: L000, never." in text
        and "Labels without a training image: l140" in text
    )
    assert "Labels spelled alike: l000 / L000." in text
    counts = {
        o.split()[0]: list(map(int, o.split()[1:3]))
        for o in describe(table, True).splitlines()
        if o.startswith("l0")
    }
    for name in ("l000", "l099"):
        i = table.vocab.index(name)
        assert counts[name] == [
            table.targets("train")[:, i].sum(),
            table.targets("valid")[:, i].sum(),
        ]


def test_the_command_takes_the_options(tmp_path, capsys):
    read(tmp_path, "fname,label,split\n0.png,x,train\n1.png,y,valid\n")
    assert (
        main(["data", str(tmp_path), "--no-verify", "--vocab", "y,x,w", "--split-column", "split"])
        == 0
    )
    assert "Labels without an image: w" in capsys.readouterr().out
    assert main(["data", str(tmp_path), "--vocab", "y"]) == 1 and "'x'" in capsys.readouterr().err
