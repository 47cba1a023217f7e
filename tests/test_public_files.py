"""Public files as they look, and tables as people write them: read, or refused in a sentence."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mlc_course.data.writers import to_csv
from mlc_course.tables import ImageTable, open_dataset
from mlc_course.tools.dataset_options import read_vocab

ROWS = [["cat"], ["cat", "dog"], [], ["dog"], ["bird", "dog"], ["bird"]] * 2
N = len(ROWS)


def put(root, names=None, **files):
    "A folder with text files (name -> lines) and small images."
    for name in names or [f"images/{i}.jpg" for i in range(N)]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    for name, lines in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")
    return root


def one(root, head, row, **options):
    "The table of a folder with labels.csv: a header, and the row of each image."
    put(root, **{"labels.csv": [head, *(row(i, o) for i, o in enumerate(ROWS))]})
    return open_dataset(root, **options)


def found(table):
    return dict(zip([o.rpartition("/")[2] for o in table.fnames()], map(sorted, table.labels())))


WANT = {f"{i}.jpg": o for i, o in enumerate(ROWS)}


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize("sep", ["/", " / ", " /"])
def test_a_slash_between_names_that_stand_alone_separates_them(tmp_path, sep):
    assert found(one(tmp_path, "fname,labels", lambda i, o: f"{i}.jpg,{sep.join(o)}")) == WANT


def test_a_slash_separates_names_of_two_words_only_if_they_stand_alone(tmp_path):
    cells = ["polar bear/sea lion", "polar bear", "sea lion"]
    table = one(tmp_path, "fname,labels", lambda i, o: f"{i}.jpg,{cells[i % 3]}")
    assert table.vocab == ["polar bear", "sea lion"]
    cells = ["red car/blue bus", "red car/green bus", "sea lion"]
    with pytest.raises(ValueError, match="two ways.*sep='/'.*sep='whole'"):
        one(tmp_path, "fname,labels", lambda i, o: f"{i}.jpg,{cells[i % 3]}")


def test_planets_tags_are_separated_by_spaces(tmp_path):
    tags = ["haze primary", "agriculture clear primary water", "clear primary", "cloudy",
            "agriculture clear habitation primary road", "clear primary"]  # fmt: skip
    files = {"train_v2.csv": ["image_name,tags", *(f"train_{i},{tags[i % 6]}" for i in range(N))]}
    files["sample_submission_v2.csv"] = ["image_name,tags", "test_0,primary"]
    table = open_dataset(put(tmp_path, [f"train-jpg/train_{i}.jpg" for i in range(N)], **files))
    assert table.vocab == sorted({w for o in tags for w in o.split()})
    assert table.labels()[4] == tags[4].split()


@pytest.mark.parametrize(
    "cells",
    [["“cat”, “dog”", "“cat”"], ["<cat><dog>", "<cat>"], ["#cat #dog", "#cat"],
     ["猫・犬", "猫", "犬"],
     ["cat[0]", "dog[1]"], ["-cat", "-dog"], ["yes", "no"], ["True", "False"]],
)  # fmt: skip
def test_punctuation_and_answers_are_no_names(tmp_path, cells):
    with pytest.raises(ValueError, match="labels.csv.*--(sep|vocab)"):
        one(tmp_path, "fname,labels", lambda i, o: f'{i}.jpg,"{cells[i % len(cells)]}"')


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    "yes, no", [("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("1,0", "0,0"), ("present", "absent")]
)
def test_yes_and_no_as_spreadsheets_write_them(tmp_path, yes, no):
    cell = lambda label, o: yes if label in o else no
    table = one(
        tmp_path,
        "Bild;cat;dog;bird",
        lambda i, o: ";".join([f"{i}.jpg", *(cell(v, o) for v in ("cat", "dog", "bird"))]),
    )
    assert table.vocab == ["cat", "dog", "bird"]
    assert found(table) == {k: sorted(o) for k, o in WANT.items()}


def test_crosses_and_blanks_are_unknown(tmp_path):
    with pytest.raises(ValueError, match="row 2, column dog: ''.*unknown"):
        one(tmp_path, "image,dog,cat", lambda i, o: f"{i}.jpg,{'x' if i % 2 else ''},x")


@pytest.mark.parametrize("other", ["", ",0"])
def test_one_wrong_cell_does_not_drop_a_label(tmp_path, other):
    head = "image,car,bus" + ",van" * bool(other)
    with pytest.raises(
        ValueError, match="row 5, column bus: 'l' is neither 0 nor 1.*--label-column"
    ):
        one(tmp_path, head, lambda i, o: f"{i}.jpg,{i % 2},{'l' if i == 3 else 1}{other}")


def test_a_column_of_minus_ones_is_a_label_too(tmp_path):
    row = lambda i, o: f"{i}.jpg,-1,{i % 2 * 2 - 1},1"
    with pytest.raises(ValueError, match="column never: '-1'.*--minus-one"):
        one(tmp_path, "image,never,cat,dog", row)
    assert one(tmp_path, "image,never,cat,dog", row, minus_one="no").vocab == [
        "never",
        "cat",
        "dog",
    ]


@pytest.mark.parametrize(
    "column, what", [("value", "10"), ("present", "yes no"), ("Confidence", "1.0 0.0")]
)
def test_rows_that_deny_a_label_give_none(tmp_path, column, what):
    yes, no = what.split() if " " in what else what
    lines = [
        f"{i}.jpg,{v},{yes if v in o else no}"
        for i, o in enumerate(ROWS)
        for v in ("cat", "dog", "bird")
    ]
    table = open_dataset(put(tmp_path, **{"labels.csv": [f"image,label,{column}", *lines]}))
    assert found(table) == {k: sorted(o) for k, o in WANT.items()}
    assert any("say that a label is not there" in o for o in table.notes)


def test_a_label_called_positive_stays_a_label(tmp_path):
    table = one(tmp_path, "image,positive,value", lambda i, o: f"{i}.jpg,{i % 2},{i // 2 % 2}")
    assert table.vocab == ["positive", "value"] and found(table)["3.jpg"] == ["positive", "value"]


def test_open_images_ids_are_names(tmp_path):
    lines = [
        f"{i},verification,/m/0{k}k,{c}"
        for i in range(N)
        for k, c in ((i % 3, 1), ((i + 1) % 3, 0), (5, 1))
    ]
    table = open_dataset(
        put(
            tmp_path,
            **{
                "train-annotations-human-imagelabels.csv": [
                    "ImageID,Source,LabelName,Confidence",
                    *lines,
                ]
            },
        )
    )
    assert table.vocab == ["/m/00k", "/m/01k", "/m/02k", "/m/05k"] and len(table) == N


# ---------------------------------------------------------------- splits


@pytest.mark.parametrize(
    "column, valid", [("is_validation", True), ("valid", True), ("val", True), ("train", False)]
)
def test_columns_that_answer_for_a_split(tmp_path, column, valid):
    table = one(
        tmp_path, f"fname,labels,{column}", lambda i, o: f"{i}.jpg,{'|'.join(o)},{i % 3 == 0}"
    )
    first = table.df.set_index("fname")["split"][
        "images/0.jpg" if "images/0.jpg" in table.fnames() else "0.jpg"
    ]
    assert first == "valid" if valid else first in ("train", "valid")
    assert table.counts().get("test", 0) == (0 if valid else 8)


def test_train_is_a_label_among_labels(tmp_path):
    table = one(tmp_path, "fname,car,train", lambda i, o: f"{i}.jpg,{i % 2},{i // 2 % 2}")
    assert table.vocab == ["car", "train"]


def test_a_column_called_some_split_is_never_passed_over(tmp_path):
    with pytest.raises(ValueError, match="row 3: the split is 'holdout'.*--split-column"):
        one(
            tmp_path,
            "fname,labels,my split",
            lambda i, o: f"{i}.jpg,{'|'.join(o)},{('train', 'holdout')[i % 2]}",
        )


def nih(root, **lists):
    lines = [f"{i}.jpg,{'|'.join(o) or 'No Finding'},{i // 2}" for i, o in enumerate(ROWS)]
    files = {"Data_Entry_2017.csv": ["Image Index,Finding Labels,Patient ID", *lines]}
    files["BBox_List_2017.csv"] = ["Image Index,Finding Label,Bbox [x", "0.jpg,cat,1"]
    names = [f"images_{i % 3:03}/images/{i}.jpg" for i in range(N)]
    return put(
        root, names, **files, **{f"{k}.txt": [f"{i}.jpg" for i in v] for k, v in lists.items()}
    )


def test_lists_beside_the_table_are_its_splits(tmp_path):
    table = open_dataset(nih(tmp_path, train_val_list=range(8), test_list=range(8, 12)))
    assert {o.rpartition("/")[2] for o in table.fnames("test")} == {
        f"{i}.jpg" for i in range(8, 12)
    }
    assert any("test_list.txt and train_val_list.txt" in o for o in table.notes)
    assert any("not BBox_List_2017.csv" in o for o in table.notes)
    anew = open_dataset(tmp_path, split_column="none")
    assert anew.counts()["train"] < 8


def test_lists_that_leave_rows_out_or_overlap_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match="11.jpg and 0 others are in none of the lists.*--split-column"
    ):
        open_dataset(nih(tmp_path / "a", train_val_list=range(8), test_list=range(8, 11)))
    with pytest.raises(ValueError, match="7 is in test_list.txt and in train_val_list.txt"):
        open_dataset(nih(tmp_path / "b", train_val_list=range(8), test_list=range(7, 12)))


def test_celebas_csv_files(tmp_path):
    names = [f"img_align_celeba/img_align_celeba/{i:06}.jpg" for i in range(N)]
    attr = ["image_id,Bald,Male", *(f"{i:06}.jpg,-1,{i % 2 * 2 - 1}" for i in range(N))]
    part = ["image_id,partition", *(f"{i:06}.jpg,{i // 4}" for i in range(N))]
    box = ["image_id,x_1", *(f"{i:06}.jpg,3" for i in range(N))]
    put(
        tmp_path,
        names,
        **{
            "list_attr_celeba.csv": attr,
            "list_eval_partition.csv": part,
            "list_bbox_celeba.csv": box,
        },
    )
    table = open_dataset(tmp_path)
    assert table.vocab == ["Bald", "Male"] and table.counts() == {"train": 4, "valid": 4, "test": 4}
    assert table.labels()[:2] == [[], ["Male"]]
    assert open_dataset(tmp_path / "list_attr_celeba.csv", minus_one="no").vocab == table.vocab
    other = [o.replace("Bald", "cat").replace("Male", "dog") for o in attr]
    with pytest.raises(ValueError, match="-1.*--minus-one"):
        open_dataset(
            put(tmp_path, ["x.jpg"], **{"list_attr_celeba.csv": other}) / "list_attr_celeba.csv"
        )


# ---------------------------------------------------------------- files


def test_numbers_that_became_floats_find_their_files(tmp_path):
    put(
        tmp_path,
        [f"images/{i:06}.jpg" for i in range(N)],
        **{
            "labels.csv": ["image_id,labels", *(f"{i}.0,{'|'.join(o)}" for i, o in enumerate(ROWS))]
        },
    )
    assert found(open_dataset(tmp_path))["000004.jpg"] == ["bird", "dog"]


@pytest.mark.parametrize("name", ["IMG_{:04}.jpg", "{}_red.jpg"])
def test_what_a_short_name_could_mean_is_said(tmp_path, name):
    put(
        tmp_path,
        [f"images/{name.format(i)}" for i in range(N)],
        **{"labels.csv": ["image_id,labels", *(f"{i},{'|'.join(o)}" for i, o in enumerate(ROWS))]},
    )
    with pytest.raises(FileNotFoundError) as e:
        open_dataset(tmp_path)
    for i in range(5):
        assert f"images/{name.format(i)} is there; did you mean that by {i}?" in str(e.value)


@pytest.mark.parametrize(
    "start, words",
    [
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", "git lfs pull"),
        (b"PK\3\4\0\0", "spreadsheet.*CSV"),
    ],
)
def test_files_that_are_something_else(tmp_path, start, words):
    put(tmp_path)
    (tmp_path / "labels.csv").write_bytes(start)
    with pytest.raises(ValueError, match=words):
        open_dataset(tmp_path)


def test_the_folder_that_was_meant_is_named(tmp_path):
    lines = [f"{i}.jpg,{' '.join(o)},{i % 3 == 0}" for i, o in enumerate(ROWS)]
    root = put(
        tmp_path / "set",
        [f"train/{i}.jpg" for i in range(N)],
        **{"train.csv": ["fname,labels,is_valid", *lines]},
    )
    with pytest.raises(ValueError, match="set in it is understood: did you mean"):
        open_dataset(tmp_path)
    with pytest.raises(ValueError, match="The folder above, .*set, is understood"):
        open_dataset(root / "train")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/labels.xlsx").write_bytes(b"PK\3\4")
    with pytest.raises(ValueError, match="labels.xlsx: It is a spreadsheet: save it as CSV"):
        open_dataset(tmp_path / "b")


# ---------------------------------------------------------------- JSON


def records(root, **more):
    "A folder with labels.json: records with more keys, each a function of the number."
    rows = [
        {"image": f"{i}.jpg", "labels": o, **{k: f(i) for k, f in more.items()}}
        for i, o in enumerate(ROWS)
    ]
    return put(root, **{"labels.json": [json.dumps(rows)]})


@pytest.mark.parametrize("key", ["Split", "data_split", "partition", "anything"])
def test_splits_in_records_are_found_as_in_tables(tmp_path, key):
    table = open_dataset(records(tmp_path, **{key: lambda i: ("train", "val", "test")[i % 3]}))
    assert table.counts() == {"train": 4, "valid": 4, "test": 4} and found(table) == {
        k: sorted(o) for k, o in WANT.items()
    }


def test_folds_and_answers_in_records(tmp_path):
    table = open_dataset(records(tmp_path / "a", is_valid=lambda i: i % 3 == 0))
    assert table.counts() == {"train": 8, "valid": 4}
    root = records(tmp_path / "b", fold=lambda i: i % 4)
    with pytest.raises(ValueError, match="fold holds the numbers 0, 1, 2, 3.*--valid-fold"):
        open_dataset(root)
    assert open_dataset(root, valid_fold=1, test_fold=0).counts() == {
        "train": 6,
        "valid": 3,
        "test": 3,
    }
    assert open_dataset(root, split_column="none").counts()["train"] == 7


def test_is_valid_beside_keys_of_0_and_1_is_no_label(tmp_path):
    rows = [{"image": f"{i}.jpg", "cat": i % 2, "dog": 1, "is_valid": i % 3 == 0} for i in range(N)]
    table = open_dataset(put(tmp_path, **{"labels.json": [json.dumps(rows)]}))
    assert table.vocab == ["cat", "dog"] and table.counts() == {"train": 8, "valid": 4}


def test_what_pandas_writes_by_itself(tmp_path):
    df = pd.DataFrame({"fname": list(WANT), "labels": list(WANT.values())})
    for orient in ("columns", "records"):
        root = put(tmp_path / orient)
        df.to_json(root / "labels.json", orient=orient)
        assert found(open_dataset(root)) == {k: sorted(o) for k, o in WANT.items()}


def test_fiftyones_samples_are_not_nus_wides(tmp_path):
    labels = lambda o: {"_cls": "Classifications", "classifications": [{"label": v} for v in o]}
    samples = [
        {"filepath": f"data/{i}.jpg", "tags": [], "ground_truth": labels(o)}
        for i, o in enumerate(ROWS)
    ]
    root = put(
        tmp_path,
        [f"data/{i}.jpg" for i in range(N)],
        **{"samples.json": [json.dumps({"samples": samples})]},
    )
    assert found(open_dataset(root)) == {k: sorted(o) for k, o in WANT.items()}


# ---------------------------------------------------------------- the table's constructors


@pytest.mark.parametrize(
    "cells",
    [[1, 0, None, 1], [1, 0, -1, 1], ["1", "0", "1", "1"], [0.5, 0.1, 1, 0],
     [True, False, None, True],
     pd.array([1, 0, None, 1], dtype="Int64"), [1, 0, 2, 1]],
)  # fmt: skip
def test_a_column_with_one_odd_cell_is_not_lost(tmp_path, cells):
    df = pd.DataFrame({"fname": list("abcd"), "cat": cells, "dog": [0, 1, 1, 0]})
    with pytest.raises(
        ValueError, match="column cat: .* is neither 0 nor 1.*unknown.*label_columns"
    ):
        ImageTable.from_multi_hot(df, tmp_path)
    assert ImageTable.from_multi_hot(df, tmp_path, label_columns=["dog"]).vocab == ["dog"]


def test_columns_that_are_no_labels(tmp_path):
    df = pd.DataFrame({"fname": list("ab"), "id": [0, 1], "age": [30, 1], "cat": [1, 0]})
    assert ImageTable.from_multi_hot(df, tmp_path).vocab == ["cat"]
    with pytest.raises(ValueError, match="is_valid.*says the split"):
        ImageTable.from_multi_hot(df.assign(is_valid=[0, 1]), tmp_path)
    with pytest.raises(ValueError, match="'cat' is there twice"):
        ImageTable.from_multi_hot(pd.concat([df, df[["cat"]]], axis=1), tmp_path)
    with pytest.raises(TypeError, match="label_columns is the text 'cat'"):
        ImageTable.from_multi_hot(df, tmp_path, label_columns="cat")


def test_rows_shares_and_paths_of_a_table(tmp_path):
    table = ImageTable.from_lists([tmp_path / "a.png", "b.png"], [[np.str_("x")], ["y"]], tmp_path)
    assert table.fnames() == ["a.png", "b.png"] and type(table.labels()[0][0]) is str
    with pytest.raises(IndexError, match="no row 2; the table has 2 rows"):
        table.subset([0, 2])
    with pytest.raises(TypeError, match="list of row numbers"):
        table.subset(1)
    with pytest.raises(ValueError, match="fraction is 20: give the share"):
        table.hold_out(20)


# ---------------------------------------------------------------- options


def test_an_option_that_is_not_used_is_said(tmp_path):
    row = lambda i, o: f"{i}.jpg,{'|'.join(o)},{('train', 'valid')[i % 2]}"
    with pytest.raises(ValueError, match="--valid-fold 1.*no column with numbers of folds"):
        one(tmp_path, "fname,labels,split", row, valid_fold=1)
    table = one(tmp_path, "fname,labels,split", row, sep=" ")
    assert any("'bird|dog' is read as one label" in o and "--sep '|'" in o for o in table.notes)


def test_a_vocab_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file .*names.txt.*--vocab takes a file"):
        read_vocab(str(tmp_path / "names.txt"))
    assert read_vocab("cat, polar bear") == ["cat", "polar bear"]


# ---------------------------------------------------------------- PASCAL VOC's lists


def voc(root, change=lambda lists: None):
    parts = {"train": range(6), "val": range(6, 9), "trainval": range(9), "test": range(9, 12)}
    value = lambda v, i: 1 if v in ROWS[i] else -1
    lists = {
        (v, s): {i: value(v, i) for i in r}
        for v in ("cat", "dog", "bird")
        for s, r in parts.items()
    }
    change(lists)
    files = {
        f"ImageSets/Main/{v}_{s}.txt": [f"{i:06} {x:2}" for i, x in o.items()]
        for (v, s), o in lists.items()
    }
    files |= {f"ImageSets/Main/{s}.txt": [f"{i:06}" for i in r] for s, r in parts.items()}
    return put(root, [f"JPEGImages/{i:06}.jpg" for i in range(N)], **files)


def test_vocs_lists_of_labels(tmp_path):
    table = open_dataset(voc(tmp_path))
    assert table.vocab == ["bird", "cat", "dog"] and table.counts() == {
        "train": 6,
        "valid": 3,
        "test": 3,
    }
    assert found(table) == {f"{i:06}.jpg": sorted(o) for i, o in enumerate(ROWS)}


def test_what_vocs_lists_do_not_say(tmp_path):
    root = voc(tmp_path / "a", lambda o: o["cat", "train"].update({2: 0}))
    assert found(open_dataset(root))["000002.jpg"] == ["cat"]
    assert found(open_dataset(root, difficult="drop"))["000002.jpg"] == []
    with pytest.raises(ValueError, match="000003 is not in the list of cat.*unknown"):
        open_dataset(voc(tmp_path / "b", lambda o: o["cat", "train"].pop(3)))


@pytest.mark.parametrize(
    "vocab", [["train", "car"], ["valid", "test"], ["positive", "value"], ["x", "yes"]]
)
def test_labels_called_like_splits_are_written_and_read(tmp_path, vocab):
    put(tmp_path)
    labels = [[vocab[i % 2]] if i % 3 else [] for i in range(N)]
    splits = [("train", "valid", "test")[i % 3] for i in range(N)]
    table = ImageTable.from_lists(
        [f"images/{i}.jpg" for i in range(N)], labels, tmp_path, splits, vocab
    )
    for form in ("columns", "list"):
        got = open_dataset(to_csv(table, tmp_path / "labels.csv", form))
        assert got.counts() == table.counts() and dict(zip(got.fnames(), got.labels())) | {} == {
            f.removeprefix("images/") if got.root.name == "images" else f: o
            for f, o in zip(table.fnames(), labels)
        }
    with pytest.raises(ValueError, match="'width' can't be the name of a column"):
        wide = ImageTable.from_lists(["images/0.jpg"], [["width"]], tmp_path)
        to_csv(wide, tmp_path / "wide.csv", "columns")
