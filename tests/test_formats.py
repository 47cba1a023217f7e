"""The readers of annotation formats: small sets made here as the tools write them."""

import json
import random
import zlib

import pytest
from PIL import Image

import mlc_course
from mlc_course.data.readers import (
    celeba,
    class_folders,
    coco,
    cvat,
    datumaro,
    fiftyone,
    jsonl,
    label_studio,
    voc_xml,
    yolo,
)
from mlc_course.data.readers.registry import open_dataset

MODULES = [
    coco,
    cvat,
    label_studio,
    fiftyone,
    datumaro,
    voc_xml,
    jsonl,
    celeba,
    yolo,
    class_folders,
]


def images(root, *names):
    "Small images under these names."
    for i, name in enumerate(names):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (30 * i, zlib.crc32(name.encode()) % 256, 90)).save(file)


def put(file, data):
    "A file with text, or with data as JSON."
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return file


def rows(table):
    return {
        f: (sorted(o), s)
        for f, o, s in zip(table.df["fname"], table.df["labels"], table.df["split"])
    }


def labels(table):
    return {f: list(o) for f, o in zip(table.df["fname"], table.df["labels"])}


def said(error):
    return str(error.value)


# ---- COCO ----------------------------------------------------------------------------------------

CATEGORIES = [
    {"id": 3, "name": "dog", "supercategory": "animal"},
    {"id": 7, "name": "cat", "supercategory": "animal"},
    {"id": 9, "name": "polar bear", "supercategory": "animal"},
]


def coco_data(*names, annotations=((0, 7), (0, 7), (0, 3), (1, 7)), first=100):
    return {
        "info": {"year": 2017},
        "licenses": [{"id": 1, "name": "CC"}],
        "images": [
            {"id": first + i, "file_name": o, "width": 4, "height": 4} for i, o in enumerate(names)
        ],
        "annotations": [
            {"id": n, "image_id": first + i, "category_id": c, "bbox": [0, 0, 2, 2], "iscrowd": 0}
            for n, (i, c) in enumerate(annotations)
        ],
        "categories": CATEGORIES,
    }


def test_coco_as_published(tmp_path):
    images(tmp_path, "train2017/1.jpg", "train2017/2.jpg", "train2017/3.jpg", "val2017/4.jpg")
    put(tmp_path / "annotations/instances_train2017.json", coco_data("1.jpg", "2.jpg", "3.jpg"))
    put(tmp_path / "annotations/instances_val2017.json", coco_data("4.jpg", annotations=[(0, 3)]))
    captions = {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [{"caption": "a dog"}]}
    put(tmp_path / "annotations/captions_train2017.json", captions)
    keypoints = coco_data("1.jpg", annotations=[]) | {"categories": [{"id": 1, "name": "person"}]}
    put(tmp_path / "annotations/person_keypoints_train2017.json", keypoints)
    table = coco.read_coco(tmp_path)
    assert rows(table) == {
        "train2017/1.jpg": (["cat", "dog"], "train"),
        "train2017/2.jpg": (["cat"], "train"),
        "train2017/3.jpg": ([], "train"),
        "val2017/4.jpg": (["dog"], "valid"),
    }
    assert table.vocab == ["dog", "cat", "polar bear"]
    assert any("1 image without an annotation" in o for o in table.notes)
    assert coco.recognise(tmp_path) and coco.recognise(
        tmp_path / "annotations/instances_train2017.json"
    )
    one = coco.read_coco(tmp_path / "annotations/instances_val2017.json")
    assert rows(one) == {"val2017/4.jpg": (["dog"], "valid")}


def test_coco_of_roboflow_with_the_same_names_in_two_splits(tmp_path):
    for split, category in (("train", 3), ("valid", 7), ("test", 9)):
        images(tmp_path, f"{split}/a.jpg")
        put(
            tmp_path / split / "_annotations.coco.json",
            coco_data("a.jpg", annotations=[(0, category)]),
        )
    assert rows(coco.read_coco(tmp_path)) == {
        "train/a.jpg": (["dog"], "train"),
        "valid/a.jpg": (["cat"], "valid"),
        "test/a.jpg": (["polar bear"], "test"),
    }
    assert rows(coco.read_coco(tmp_path / "valid/_annotations.coco.json")) == {
        "a.jpg": (["cat"], "valid")
    }


def test_a_data_set_that_is_called_test_is_not_all_test(tmp_path):
    root = tmp_path / "test"
    names = [f"images/{i}.jpg" for i in range(10)]
    images(root, *names)
    put(root / "labels.json", coco_data(*names, annotations=[(i, 7) for i in range(10)]))
    table = coco.read_coco(root / "labels.json")
    assert set(table.df["split"]) == {"train", "valid", "test"}
    assert any("has no split" in o for o in table.notes)


def test_images_without_annotations_at_all_are_unknown(tmp_path):
    images(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    put(tmp_path / "train.json", coco_data("1.jpg", "2.jpg"))
    data = coco_data("3.jpg")
    del data["annotations"]
    put(tmp_path / "image_info_test2017.json", data)
    table = coco.read_coco(tmp_path)
    assert set(labels(table)) == {"1.jpg", "2.jpg"}
    assert any("unknown" in o and "image_info_test2017" in o for o in table.notes)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda d: d["annotations"][0].update(category_id=99), "category_id is 99"),
        (lambda d: d["annotations"][1].update(image_id=5), "annotation 2: image_id is 5"),
        (lambda d: d["categories"].append({"id": 11, "name": "dog"}), "both called 'dog'"),
        (lambda d: d["categories"].append({"id": 3, "name": "cow"}), "id 3"),
        (lambda d: d["images"].append({"id": 100, "file_name": "b.jpg"}), "id 100"),
        (lambda d: d["images"][0].update(file_name=None), "file_name"),
        (lambda d: d.pop("categories"), 'no list "categories"'),
        (lambda d: d["categories"][0].update(name=" "), "category 1"),
    ],
)
def test_faults_of_coco_are_named(tmp_path, change, words):
    images(tmp_path, "1.jpg", "2.jpg", "b.jpg")
    data = json.loads(json.dumps(coco_data("1.jpg", "2.jpg")))
    change(data)
    with pytest.raises(ValueError) as error:
        coco.read_coco(put(tmp_path / "train.json", data))
    assert words in said(error)


def test_two_coco_files_for_one_split_are_refused(tmp_path):
    images(tmp_path, "1.jpg")
    for name in ("a_train.json", "b_train.json"):
        put(tmp_path / name, coco_data("1.jpg", annotations=[]))
    with pytest.raises(ValueError, match="both hold train"):
        coco.read_coco(tmp_path)


def test_crowds_count_and_are_said(tmp_path):
    images(tmp_path, "1.jpg", "2.jpg")
    data = coco_data("1.jpg", "2.jpg")
    data["annotations"][0]["iscrowd"] = 1
    table = coco.read_coco(put(tmp_path / "train.json", data))
    assert labels(table)["1.jpg"] == ["cat", "dog"]
    assert any("1 crowd annotation" in o for o in table.notes)


# ---- CVAT ----------------------------------------------------------------------------------------

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>5</id><name>animals</name><labels>
    <label><name>dog</name><color>#ff0000</color><type>any</type><attributes></attributes></label>
    <label><name>cat</name><attributes></attributes></label>
    <label><name>schöner Bär</name><attributes></attributes></label>
  </labels></task><dumped>2024-01-01</dumped></meta>
  <image id="0" name="a.jpg" subset="Train" width="4" height="4">
    <tag label="cat" source="manual"></tag>
    <box label="dog" source="manual" occluded="0" xtl="0" ytl="0" xbr="2" ybr="2" z_order="0"></box>
    <tag label="cat" source="manual"></tag>
  </image>
  <image id="1" name="b.jpg" subset="Validation" width="4" height="4">
    <polygon label="schöner Bär" points="0,0;1,1"><attribute name="old">true</attribute></polygon>
  </image>
  <image id="2" name="sub/c.jpg" subset="Train" width="4" height="4"></image>
</annotations>
"""


def test_cvat(tmp_path):
    images(tmp_path, "images/Train/a.jpg", "images/Validation/b.jpg", "images/Train/sub/c.jpg")
    file = put(tmp_path / "annotations.xml", CVAT)
    assert cvat.recognise(tmp_path) and cvat.recognise(file)
    for table in (cvat.read_cvat(tmp_path), cvat.read_cvat(file)):
        assert rows(table) == {
            "images/Train/a.jpg": (["cat", "dog"], "train"),
            "images/Validation/b.jpg": (["schöner Bär"], "valid"),
            "images/Train/sub/c.jpg": ([], "train"),
        }
        assert table.vocab == ["dog", "cat", "schöner Bär"]
    assert any("Attributes" in o for o in table.notes)
    assert any("without a tag or shape" in o for o in table.notes)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('label="cat"', 'label="cta"', "'cta' is not in the list"),
        ("</annotations>", "", "row 1"),
        ('subset="Validation"', 'subset="part2"', "subset is 'part2'"),
        ("<version>", "<track id='0' label='cat'/><version>", "CVAT for video"),
        (' name="a.jpg"', "", "no attribute name"),
    ],
)
def test_faults_of_cvat_are_named(tmp_path, old, new, words):
    images(tmp_path, "a.jpg", "b.jpg", "sub/c.jpg")
    with pytest.raises(ValueError, match=words):
        cvat.read_cvat(put(tmp_path / "annotations.xml", CVAT.replace(old, new)))


@pytest.mark.parametrize("module", [cvat, voc_xml])
def test_xml_that_explodes_is_refused(tmp_path, module):
    laughs = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi")
    )
    bomb = f"<?xml version='1.0'?><!DOCTYPE annotations [{laughs}]><annotations>&i;</annotations>"
    read = getattr(module, f"read_{module.NAME}")
    with pytest.raises(ValueError, match="entity"):
        read(put(tmp_path / "annotations.xml", bomb))
    deep = "<annotations>" + "<a>" * 100_000
    with pytest.raises(ValueError, match="nested too deeply"):
        read(put(tmp_path / "deep.xml", deep))


# ---- Label Studio --------------------------------------------------------------------------------


def task(i, image, *answers, cancelled=False, **more):
    "A task; each answer is a list of choices."
    return {
        "id": i,
        "annotations": [
            {
                "id": 10 * i + n,
                "completed_by": n,
                "was_cancelled": cancelled,
                "result": [
                    {
                        "id": "x",
                        "type": "choices",
                        "from_name": "tags",
                        "to_name": "image",
                        "value": {"choices": o},
                    }
                ]
                if o
                else [],
            }
            for n, o in enumerate(answers)
        ],
        "predictions": [],
        "data": {"image": image, **more},
    }


def test_label_studio(tmp_path):
    images(
        tmp_path, "images/a.jpg", "images/b b.jpg", "images/c.jpg", "images/d.jpg", "images/e.jpg"
    )
    tasks = [
        task(1, "/data/upload/1/0a1b2c3d-a.jpg", ["cat", "dog"], split="train"),
        task(2, "/data/local-files/?d=images%2Fb%20b.jpg", ["polar bear"], split="train"),
        task(3, "s3://bucket/some/c.jpg", [], split="val"),
        task(4, "https://example.org/x/d.jpg?token=1", ["dog"], ["dog"], split="test"),
        task(5, "images/e.jpg", ["cat"], split="train", weight=3),
    ]
    put(tmp_path / "export.json", tasks)
    assert label_studio.recognise(tmp_path)
    table = label_studio.read_label_studio(tmp_path)
    assert rows(table) == {
        "images/a.jpg": (["cat", "dog"], "train"),
        "images/b b.jpg": (["polar bear"], "train"),
        "images/c.jpg": ([], "valid"),
        "images/d.jpg": (["dog"], "test"),
        "images/e.jpg": (["cat"], "train"),
    }
    assert table.df["weight"].tolist()[-1] == 3
    assert any("without a choice" in o for o in table.notes)


def test_regions_give_labels(tmp_path):
    images(tmp_path, "a.jpg")
    value = {"x": 1, "y": 1, "width": 2, "height": 2, "rectanglelabels": ["car"]}
    region = {"type": "rectanglelabels", "from_name": "box", "to_name": "image", "value": value}
    data = [task(1, "a.jpg", [], split="train")]
    data[0]["annotations"][0]["result"] = [region, region | {"value": {"rectanglelabels": ["bus"]}}]
    file = put(tmp_path / "x.json", data)
    assert labels(label_studio.read_label_studio(file)) == {"a.jpg": ["car", "bus"]}


def test_annotators_who_disagree_are_refused_or_counted(tmp_path):
    images(tmp_path, "a.jpg")
    data = [task(1, "a.jpg", ["cat"], ["cat", "dog"], ["cow", "dog"], split="train")]
    file = put(tmp_path / "x.json", data)
    with pytest.raises(ValueError, match="differently") as error:
        label_studio.read_label_studio(file)
    assert "on_conflict=" in said(error) and "--on-conflict" in said(error)
    for rule, expected in {
        "any": ["cat", "dog", "cow"],
        "all": [],
        "majority": ["cat", "dog"],
        "first": ["cat"],
    }.items():
        table = label_studio.read_label_studio(file, on_conflict=rule)
        assert labels(table) == {"a.jpg": expected}


def test_a_task_that_nobody_annotated_is_unknown(tmp_path):
    images(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    data = [
        task(1, "a.jpg", ["cat"], split="train"),
        task(2, "b.jpg", split="train"),
        task(3, "c.jpg", ["cat"], cancelled=True, split="train"),
    ]
    file = put(tmp_path / "x.json", data)
    with pytest.raises(ValueError, match="unknown") as error:
        label_studio.read_label_studio(file)
    assert "task 2" in said(error) and "unlabelled='drop'" in said(error)
    table = label_studio.read_label_studio(file, unlabelled="drop")
    assert labels(table) == {"a.jpg": ["cat"]} and any("left out" in o for o in table.notes)


def test_two_controls_are_asked_about(tmp_path):
    images(tmp_path, "a.jpg")
    data = [task(1, "a.jpg", ["cat"], split="train")]
    quality = {"type": "choices", "from_name": "quality", "to_name": "image"}
    data[0]["annotations"][0]["result"].append(quality | {"value": {"choices": ["bad"]}})
    file = put(tmp_path / "x.json", data)
    with pytest.raises(ValueError, match="tags and quality"):
        label_studio.read_label_studio(file)
    assert labels(label_studio.read_label_studio(file, label_column="tags")) == {"a.jpg": ["cat"]}


def test_label_studio_json_min_and_csv(tmp_path):
    names = [f"{i}.jpg" for i in range(6)]
    images(tmp_path, *names)
    answers = [
        "cat",
        {"choices": ["cat", "dog"]},
        "dog",
        "polar bear",
        {"choices": ["cat", "dog"]},
        "",
    ]
    records = [
        {"image": f"/data/upload/2/0a1b2c3{i}-{n}", "id": i, "choice": o, "annotator": 1}
        | {"annotation_id": 9 + i, "created_at": "x", "updated_at": "x", "lead_time": 1.5}
        for i, (n, o) in enumerate(zip(names, answers))
    ]
    records = [o if o["choice"] else {k: v for k, v in o.items() if k != "choice"} for o in records]
    file = put(tmp_path / "min.json", records)
    expected = [["cat"], ["cat", "dog"], ["dog"], ["polar bear"], ["cat", "dog"], []]
    table = label_studio.read_label_studio(file)
    assert labels(table) == dict(zip(names, expected))
    head = "image,id,choice,annotator,annotation_id,created_at,updated_at,lead_time\n"
    text = head + "".join(
        f"/data/upload/2/0a1b2c3{i}-{n},{i},"
        + ('"' + json.dumps(o).replace('"', '""') + '"' if isinstance(o, dict) else o)
        + f",1,{9 + i},x,x,1.5\n"
        for i, (n, o) in enumerate(zip(names, answers))
    )
    file = put(tmp_path / "csv/labels.csv", text)
    assert label_studio.recognise(file)
    table = label_studio.read_label_studio(file, images=tmp_path)
    assert labels(table) == dict(zip(names, expected))


# ---- FiftyOne and Datumaro -----------------------------------------------------------------------


def test_fiftyone_dataset(tmp_path):
    images(tmp_path, "data/a.jpg", "data/b.jpg", "data/c.jpg")
    one = {"_cls": "Classification", "label": "cat", "confidence": None}
    samples = [
        {
            "filepath": "data/a.jpg",
            "tags": ["train", "day"],
            "metadata": None,
            "ground_truth": {
                "_cls": "Classifications",
                "classifications": [one, one | {"label": "dog"}],
            },
            "predictions": one | {"label": "cow"},
        },
        {"filepath": "/photos/fiftyone/data/b.jpg", "tags": ["validation"], "ground_truth": one},
        {
            "filepath": "data/c.jpg",
            "tags": ["test"],
            "ground_truth": {"_cls": "Detections", "detections": []},
        },
    ]
    put(tmp_path / "samples.json", {"samples": samples})
    put(tmp_path / "metadata.json", {"name": "x", "default_classes": ["dog", "cat", "emu"]})
    assert fiftyone.recognise(tmp_path)
    table = fiftyone.read_fiftyone(tmp_path)
    assert rows(table) == {
        "data/a.jpg": (["cat", "dog"], "train"),
        "data/b.jpg": (["cat"], "valid"),
        "data/c.jpg": ([], "test"),
    }
    assert table.vocab == ["dog", "cat", "emu"]
    samples[1]["ground_truth"] = None
    put(tmp_path / "samples.json", {"samples": samples})
    with pytest.raises(ValueError, match="unknown"):
        fiftyone.read_fiftyone(tmp_path)
    assert len(fiftyone.read_fiftyone(tmp_path, unlabelled="drop")) == 2


def test_fiftyone_labels_json(tmp_path):
    found = {
        "a": 0,
        "b": [2, 0],
        "sub/c": "dog",
        "d": [{"label": 2, "bounding_box": [0, 0, 1, 1]}],
        "e": [],
    }
    images(tmp_path, *(f"data/{o}.png" for o in found))
    put(tmp_path / "labels.json", {"classes": ["dog", "emu", "cat"], "labels": found})
    assert fiftyone.recognise(tmp_path / "labels.json")
    table = fiftyone.read_fiftyone(tmp_path)
    assert labels(table) == {
        "data/a.png": ["dog"],
        "data/b.png": ["cat", "dog"],
        "data/sub/c.png": ["dog"],
        "data/d.png": ["cat"],
        "data/e.png": [],
    }
    assert table.vocab == ["dog", "emu", "cat"]
    put(tmp_path / "labels.json", {"classes": ["dog"], "labels": {"a": 3}})
    with pytest.raises(ValueError, match="number 3"):
        fiftyone.read_fiftyone(tmp_path)


def datumaro_data(*items):
    labels = [{"name": o, "parent": p, "attributes": []} for o, p in (("dog", ""), ("cat", "pet"))]
    return {
        "info": {},
        "categories": {"label": {"labels": labels, "attributes": []}},
        "items": [
            {
                "id": name,
                "annotations": [
                    {"id": 0, "type": kind, "attributes": {}, "group": 0, "label_id": number}
                    for kind, number in given
                ],
                "image": {"path": name + ".jpg"},
            }
            for name, given in items
        ],
    }


def test_datumaro(tmp_path):
    images(tmp_path, "images/train/a.jpg", "images/train/b.jpg", "images/val/a.jpg")
    train = datumaro_data(("a", [("label", 1), ("bbox", 0), ("caption", None)]), ("b", []))
    put(tmp_path / "annotations/train.json", {"dm_format_version": "1.0"} | train)
    put(tmp_path / "annotations/val.json", datumaro_data(("a", [("label", 0)])))
    assert datumaro.recognise(tmp_path)
    table = datumaro.read_datumaro(tmp_path)
    assert rows(table) == {
        "images/train/a.jpg": (["cat", "dog"], "train"),
        "images/train/b.jpg": ([], "train"),
        "images/val/a.jpg": (["dog"], "valid"),
    }
    assert table.vocab == ["dog", "cat"] and any("parent" in o for o in table.notes)
    put(tmp_path / "annotations/val.json", datumaro_data(("a", [("label", 2)])))
    with pytest.raises(ValueError, match="label_id is 2"):
        datumaro.read_datumaro(tmp_path)


# ---- VOC -----------------------------------------------------------------------------------------


def voc(fname, *objects):
    return (
        f"<annotation><folder>VOC2007</folder><filename>{fname}</filename>"
        "<size><width>4</width><height>4</height><depth>3</depth></size>"
        + "".join(
            f"<object><name>{o.rstrip('?')}</name><difficult>{int(o[-1] == '?')}</difficult>"
            "<bndbox><xmin>1</xmin></bndbox></object>"
            for o in objects
        )
        + "</annotation>"
    )


def test_voc_as_published(tmp_path):
    for i, objects in enumerate([("dog", "dog", "cat"), ("cat?",), (), ("dog",), ("cow",)]):
        images(tmp_path, f"JPEGImages/00000{i}.jpg")
        put(tmp_path / f"Annotations/00000{i}.xml", voc(f"00000{i}.jpg", *objects))
    lists = {"train": [0, 1], "val": [2], "trainval": [0, 1, 2], "test": [3]}
    for o, numbers in lists.items():
        put(tmp_path / f"ImageSets/Main/{o}.txt", "".join(f"00000{i}\n" for i in numbers))
    put(tmp_path / "ImageSets/Main/dog_train.txt", "000000  1\n000001 -1\n")
    assert voc_xml.recognise(tmp_path)
    table = voc_xml.read_voc_xml(tmp_path)
    assert rows(table) == {
        "JPEGImages/000000.jpg": (["cat", "dog"], "train"),
        "JPEGImages/000001.jpg": (["cat"], "train"),
        "JPEGImages/000002.jpg": ([], "valid"),
        "JPEGImages/000003.jpg": (["dog"], "test"),
    }
    assert any("difficult" in o for o in table.notes)
    assert any("1 XML file in no list" in o for o in table.notes)
    table = voc_xml.read_voc_xml(tmp_path, difficult="drop")
    assert labels(table)["JPEGImages/000001.jpg"] == []


def test_voc_beside_the_images_in_folders_of_splits(tmp_path):
    for split, label in (("train", "dog"), ("valid", "cat")):
        images(tmp_path, f"{split}/a.jpg")
        put(tmp_path / split / "a.xml", voc("wrong.jpg", label))
    assert rows(voc_xml.read_voc_xml(tmp_path)) == {
        "train/a.jpg": (["dog"], "train"),
        "valid/a.jpg": (["cat"], "valid"),
    }


def test_an_image_in_two_lists_of_voc_is_refused(tmp_path):
    images(tmp_path, "JPEGImages/1.jpg")
    put(tmp_path / "Annotations/1.xml", voc("1.jpg", "dog"))
    for o in ("train", "val"):
        put(tmp_path / f"ImageSets/Main/{o}.txt", "1\n")
    with pytest.raises(ValueError, match="one split"):
        voc_xml.read_voc_xml(tmp_path)


# ---- CelebA --------------------------------------------------------------------------------------

CELEBA = "3\nSmiling Young Bald\n000001.jpg  1 -1 -1\n000002.jpg -1 -1 -1\n000003.jpg  1  1 -1\n"


def test_celeba(tmp_path):
    images(tmp_path, *(f"img_align_celeba/00000{i}.jpg" for i in (1, 2, 3)))
    put(tmp_path / "list_attr_celeba.txt", CELEBA)
    put(tmp_path / "list_eval_partition.txt", "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    assert celeba.recognise(tmp_path) and celeba.recognise(tmp_path / "list_attr_celeba.txt")
    table = celeba.read_celeba(tmp_path)
    assert rows(table) == {
        "img_align_celeba/000001.jpg": (["Smiling"], "train"),
        "img_align_celeba/000002.jpg": ([], "valid"),
        "img_align_celeba/000003.jpg": (["Smiling", "Young"], "test"),
    }
    assert table.vocab == ["Smiling", "Young", "Bald"]
    assert any("-1 is no" in o for o in table.notes)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("3\n", "4\n", "announces 4"),
        ("1 -1 -1\n", "1 0 -1\n", "unknown"),
        ("-1 -1 -1", "-1 -1", "2 values for 3"),
        ("000002", "000001", "both describe"),
    ],
)
def test_faults_of_celeba_are_named(tmp_path, old, new, words):
    images(tmp_path, *(f"00000{i}.jpg" for i in (1, 2, 3)))
    with pytest.raises(ValueError, match=words):
        celeba.read_celeba(put(tmp_path / "list_attr_celeba.txt", CELEBA.replace(old, new, 1)))


# ---- records -------------------------------------------------------------------------------------

RECORDS = [
    {"file_name": "a.jpg", "labels": ["cat", "dog"], "split": "train", "site": "x"},
    {"file_name": "b.jpg", "labels": [], "split": "val", "site": "y"},
    {"file_name": "c.jpg", "labels": ["polar bear"], "split": "test", "site": "z"},
]
EXPECTED = {
    "a.jpg": (["cat", "dog"], "train"),
    "b.jpg": ([], "valid"),
    "c.jpg": (["polar bear"], "test"),
}
FORMS = {
    "lines": "\n".join(map(json.dumps, RECORDS)),
    "pretty lines": "\n".join(json.dumps(o, indent=2) for o in RECORDS),
    "list": json.dumps(RECORDS),
    "pretty list": json.dumps(RECORDS, indent=4),
    "inside": json.dumps({"version": 1, "data": RECORDS}, indent=1),
    "BOM": "\ufeff" + json.dumps(RECORDS),
}


@pytest.mark.parametrize("form", FORMS)
def test_records(tmp_path, form):
    images(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    file = put(tmp_path / "labels.json", FORMS[form])
    assert jsonl.recognise(tmp_path) and jsonl.recognise(file)
    table = jsonl.read_jsonl(file)
    assert rows(table) == EXPECTED
    assert table.df["site"].tolist() == ["x", "y", "z"]


def test_metadata_jsonl_of_an_imagefolder(tmp_path):
    for split in ("train", "test"):
        images(tmp_path, f"{split}/1.png", f"{split}/2.png")
        text = '{"file_name": "1.png", "tags": ["cat"]}\n{"file_name": "2.png", "tags": []}\n'
        put(tmp_path / split / "metadata.jsonl", text)
    assert jsonl.recognise(tmp_path)
    assert rows(jsonl.read_jsonl(tmp_path)) == {
        f"{s}/{i}.png": (o, s) for s in ("train", "test") for i, o in ((1, ["cat"]), (2, []))
    }


def test_numbers_need_names(tmp_path):
    images(tmp_path, "1.png", "2.png")
    text = (
        '{"file_name": "1.png", "objects": {"bbox": [[0,0,1,1],[0,0,2,2]], "categories": [2, 0]}}\n'
        '{"file_name": "2.png", "objects": {"bbox": [], "categories": []}}'
    )
    file = put(tmp_path / "train/metadata.jsonl", text)
    with pytest.raises(ValueError, match="vocab="):
        jsonl.read_jsonl(file, images=tmp_path)
    table = jsonl.read_jsonl(file, images=tmp_path, vocab=["dog", "emu", "cat"])
    assert labels(table) == {"1.png": ["cat", "dog"], "2.png": []}


def test_an_object_from_name_to_labels(tmp_path):
    images(tmp_path, *(f"{i}.jpg" for i in range(5)))
    data = {
        "0.jpg": ["cat"],
        "1.jpg": ["dog", "cat"],
        "2.jpg": [],
        "3.jpg": ["dog"],
        "4.jpg": ["cow"],
    }
    file = put(tmp_path / "labels.json", data)
    assert jsonl.recognise(tmp_path)
    assert labels(jsonl.read_jsonl(file)) == data
    put(file, '{"0.jpg": ["cat"], "0.jpg": ["dog"]}')
    with pytest.raises(ValueError, match="'0.jpg' is twice"):
        jsonl.read_jsonl(file)


def test_labels_as_texts_are_read_as_the_cells_of_a_table(tmp_path):
    images(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    texts = ["cat|polar bear", "", "polar bear"]
    data = [{"file": f, "labels": o} for f, o in zip(("a.jpg", "b.jpg", "c.jpg"), texts)]
    table = jsonl.read_jsonl(put(tmp_path / "train.json", data))
    assert labels(table) == {"a.jpg": ["cat", "polar bear"], "b.jpg": [], "c.jpg": ["polar bear"]}
    assert any("separated by" in o for o in table.notes)


def test_missing_and_uncertain_labels_are_unknown(tmp_path):
    images(tmp_path, "a.jpg", "b.jpg")
    for value in (None, float("nan"), {"cat": -1}, {"cat": None}, [None]):
        data = [{"file": "a.jpg", "labels": ["cat"]}, {"file": "b.jpg", "labels": value}]
        file = put(tmp_path / "train.json", data)
        with pytest.raises(ValueError, match="unknown") as error:
            jsonl.read_jsonl(file)
        assert "record 2" in said(error)
    data = [{"file": "a.jpg", "labels": {"cat": 1, "dog": False}}, {"file": "b.jpg"}]
    table = jsonl.read_jsonl(put(tmp_path / "train.json", data), unlabelled="drop")
    assert labels(table) == {"a.jpg": ["cat"]}


def test_one_key_for_each_label(tmp_path):
    images(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    data = [
        {"file": "a.jpg", "dog": 1, "cat": True, "age": 3, "split": "train"},
        {"file": "b.jpg", "dog": 0, "cat": False, "age": 1, "split": "val"},
        {"file": "c.jpg", "dog": 1.0, "cat": 0, "age": 0, "split": "test"},
    ]
    file = put(tmp_path / "records.json", data)
    table = open_dataset(file)
    assert rows(table) == {
        "a.jpg": (["cat", "dog"], "train"),
        "b.jpg": ([], "valid"),
        "c.jpg": (["dog"], "test"),
    }
    assert table.vocab == ["dog", "cat"] and table.df["age"].tolist() == [3, 1, 0]
    for gap in (None, -1, "", "U"):
        data[1]["cat"] = gap
        with pytest.raises(ValueError, match="'cat' is .*unknown"):
            open_dataset(put(file, data))


def test_rows_of_0_and_1_need_a_vocab_of_their_length(tmp_path):
    images(tmp_path, "a.jpg", "b.jpg")
    data = [{"file": "a.jpg", "labels": [1, 0, 1]}, {"file": "b.jpg", "labels": [0, 0, 0]}]
    file = put(tmp_path / "train.json", data)
    with pytest.raises(ValueError, match="vocab="):
        jsonl.read_jsonl(file)
    vocab = ["dog", "emu", "cat"]
    assert labels(jsonl.read_jsonl(file, vocab=vocab)) == {"a.jpg": ["dog", "cat"], "b.jpg": []}
    data[1]["labels"] = [0, -1, 1]
    with pytest.raises(ValueError, match="unknown"):
        jsonl.read_jsonl(put(file, data), vocab=vocab)


@pytest.mark.parametrize("name", ["['cat', 'dog']", '["cat"]', "{cat}", "'cat'", '"cat"'])
def test_lists_as_text_inside_a_list_are_refused(tmp_path, name):
    images(tmp_path, "a.jpg")
    file = put(tmp_path / "train.json", [{"file": "a.jpg", "labels": [name]}])
    with pytest.raises(ValueError, match="brackets or quotes"):
        jsonl.read_jsonl(file)


# ---- YOLO ----------------------------------------------------------------------------------------

NAMES = {
    "list": "names: ['dog', 'polar bear', \"cat\"]",
    "rows": "names:\n- dog\n- polar bear\n- cat",
    "numbers": "names:\n  0: dog\n  1: polar bear  # white\n  2: cat",
    "braces": "names: {0: dog, 1: polar bear, 2: 'cat'}",
    "long list": "names: [dog,\n  polar bear,\n  cat]",
}


@pytest.mark.parametrize("form", NAMES)
def test_yolo_of_roboflow(tmp_path, form):
    images(tmp_path, "train/images/a.jpg", "train/images/b.jpg", "valid/images/a.jpg")
    put(tmp_path / "train/labels/a.txt", "2 .5 .5 .1 .1\n0 .5 .5 .2 .2\n2 .1 .1 .1 .1\n")
    put(tmp_path / "valid/labels/a.txt", "1 .5 .5 .1 .1\n")
    put(
        tmp_path / "data.yaml",
        f"train: ../train/images\nval: ../valid/images\ntest:\n\nnc: 3\n{NAMES[form]}\n",
    )
    for table in (yolo.read_yolo(tmp_path), open_dataset(tmp_path / "data.yaml")):
        assert rows(table) == {
            "train/images/a.jpg": (["cat", "dog"], "train"),
            "train/images/b.jpg": ([], "train"),
            "valid/images/a.jpg": (["polar bear"], "valid"),
        }
        assert table.vocab == ["dog", "polar bear", "cat"]
        assert any("1 without a label file" in o for o in table.notes)


def test_yolo_of_ultralytics_and_faults(tmp_path):
    images(tmp_path, "images/train/a.jpg", "images/val/b.jpg")
    label = put(tmp_path / "labels/train/a.txt", "1 .5 .5 .1 .1\n")
    put(tmp_path / "labels/val/b.txt", "")
    text = "path: ../datasets/x\ntrain: images/train\nval: images/val\nnames:\n  0: dog\n  1: cat\n"
    file = put(tmp_path / "x.yaml", text)
    assert rows(yolo.read_yolo(file)) == {
        "images/train/a.jpg": (["cat"], "train"),
        "images/val/b.jpg": ([], "valid"),
    }
    put(label, "7 .5 .5 .1 .1")
    with pytest.raises(ValueError, match="begins with '7'"):
        yolo.read_yolo(file)
    put(label, "cat .5 .5 .1 .1")
    with pytest.raises(ValueError, match="begins with 'cat'"):
        yolo.read_yolo(file)


# ---- a folder for each class ---------------------------------------------------------------------


def test_a_folder_for_each_class(tmp_path):
    names = [f"{o}/{o}{i}.jpg" for o in ("cat", "polar bear") for i in range(10)]
    images(tmp_path, *names)
    (tmp_path / "emu").mkdir()
    put(tmp_path / "README.txt", "animals")
    assert class_folders.recognise(tmp_path)
    table = class_folders.read_class_folders(tmp_path)
    assert labels(table) == {o: [o.split("/")[0]] for o in names}
    assert table.vocab == ["cat", "emu", "polar bear"]
    assert set(table.df["split"]) == {"train", "valid", "test"}
    assert any("20 of 20 images have one label" in o for o in table.notes)


def test_class_folders_in_folders_of_splits(tmp_path):
    images(tmp_path, "train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "test/9.jpg")
    table = class_folders.read_class_folders(tmp_path)
    assert rows(table) == {
        "train/cat/1.jpg": (["cat"], "train"),
        "train/dog/2.jpg": (["dog"], "train"),
        "val/cat/3.jpg": (["cat"], "valid"),
    }
    assert any("1 image in no class" in o and "unknown" in o for o in table.notes)


def test_copies_are_joined_only_if_asked(tmp_path):
    images(tmp_path, "cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/4.jpg", "dog/5.jpg")
    (tmp_path / "dog/1.jpg").write_bytes((tmp_path / "cat/1.jpg").read_bytes())
    table = class_folders.read_class_folders(tmp_path)
    assert len(table) == 6 and any("copies='join'" in o for o in table.notes)
    table = class_folders.read_class_folders(tmp_path, copies="join")
    assert len(table) == 5 and labels(table)["cat/1.jpg"] == ["cat", "dog"]
    images(tmp_path, "deep/train/cat/1.jpg", "deep/valid/dog/1.jpg")
    copy = (tmp_path / "deep/train/cat/1.jpg").read_bytes()
    (tmp_path / "deep/valid/dog/1.jpg").write_bytes(copy)
    with pytest.raises(ValueError, match="same image"):
        class_folders.read_class_folders(tmp_path / "deep", copies="join")


def test_no_class_folders_beside_annotations(tmp_path):
    images(tmp_path, "cat/1.jpg", "dog/2.jpg")
    put(tmp_path / "labels.csv", "fname,labels\n")
    assert class_folders.recognise(tmp_path) is None
    root = tmp_path / "voc"
    images(root, "SegmentationClass/1.png", "SegmentationObject/1.png", "JPEGImages/1.jpg")
    put(root / "Annotations/1.xml", voc("1.jpg", "dog"))
    assert class_folders.recognise(root) is None
    images(tmp_path / "plain", "train/1.jpg", "test/2.jpg")
    assert class_folders.recognise(tmp_path / "plain") is None


# ---- all of them ---------------------------------------------------------------------------------


def every_set(root):
    "One small set of each format, in a folder called as its module's NAME."
    images(root / "coco", "1.jpg", "2.jpg")
    put(root / "coco/train.json", coco_data("1.jpg", "2.jpg"))
    images(root / "cvat", "a.jpg", "b.jpg", "sub/c.jpg")
    put(root / "cvat/annotations.xml", CVAT)
    images(root / "label_studio", "a.jpg")
    put(root / "label_studio/x.json", [task(1, "a.jpg", ["cat"], split="train")])
    images(root / "fiftyone", "data/a.jpg")
    put(root / "fiftyone/train/labels.json", {"classes": ["dog"], "labels": {"a": [0]}})
    images(root / "datumaro", "images/train/a.jpg")
    put(root / "datumaro/annotations/train.json", datumaro_data(("a", [("label", 1)])))
    images(root / "voc_xml", "JPEGImages/1.jpg")
    put(root / "voc_xml/Annotations/1.xml", voc("1.jpg", "dog"))
    put(root / "voc_xml/ImageSets/Main/train.txt", "1\n")
    images(root / "jsonl", "a.jpg", "b.jpg", "c.jpg")
    put(root / "jsonl/labels.json", RECORDS)
    images(root / "celeba", "000001.jpg", "000002.jpg", "000003.jpg")
    put(root / "celeba/list_attr_celeba.txt", CELEBA)
    images(root / "yolo", "images/train/a.jpg")
    put(root / "yolo/labels/train/a.txt", "0 .5 .5 .1 .1")
    put(root / "yolo/data.yaml", "train: images/train\nval:\nnames: [dog]\n")
    images(root / "class_folders", "train/cat/1.jpg", "train/dog/1.jpg")
    nus = {"samples": [{"image_name": "a.jpg", "image_labels": ["x"]}], "labels": ["x"]}
    put(root / "nus/train.json", nus)
    put(root / "foreign/settings.json", {"name": "x", "items": [1, 2], "labels": {"a": 1}})
    put(root / "foreign/package.json", {"name": "x", "version": "1", "files": ["a.js"]})
    put(root / "foreign/notebook.ipynb.json", {"cells": [{"source": []}], "metadata": {}})
    put(root / "foreign/page.xml", "<html><body/></html>")
    put(root / "foreign/numbers.txt", "3\n4 5\n6 7 8\n")
    return root


def test_every_set_is_claimed_by_its_own_module_only(tmp_path):
    every_set(tmp_path)
    for folder in tmp_path.iterdir():
        for path in (
            folder,
            *(o for o in folder.rglob("*") if o.suffix in (".json", ".xml", ".txt")),
        ):
            claims = {o.NAME for o in MODULES if o.recognise(path)}
            if path.parent.name in ("Main", "labels") or path.parent.parent.name == "labels":
                assert not claims, path
            else:
                assert claims == ({folder.name} & {o.NAME for o in MODULES}), path


@pytest.mark.parametrize("name", [o.NAME for o in MODULES])
def test_open_dataset_finds_the_reader(tmp_path, name):
    root = every_set(tmp_path) / name
    read = getattr(next(o for o in MODULES if o.NAME == name), f"read_{name}")
    table, own = open_dataset(root), read(root)
    assert labels(table) == labels(own) and table.vocab == own.vocab
    assert getattr(mlc_course, f"read_{name}") is read


def test_no_recogniser_fails_on_damaged_or_foreign_files(tmp_path):
    root = every_set(tmp_path)
    for file in [o for o in root.rglob("*") if o.suffix in (".json", ".xml", ".txt")]:
        text = file.read_bytes()
        for damaged in (text[: len(text) // 2], b"", b"\xff\xfe\x00", b"[" * 70_000, b"{" * 70_000,
                        text.replace(b'"', b""), b"\x00" * 100, b'{"a":' * 20_000):  # fmt: skip
            file.write_bytes(damaged)
            for module in MODULES:
                module.recognise(file)
                module.recognise(file.parent)
        file.write_bytes(text)
    for module in MODULES:
        assert module.recognise(tmp_path / "nothing here") is None


@pytest.mark.parametrize(
    "module", [coco, label_studio, fiftyone, datumaro, jsonl], ids=lambda o: o.NAME
)
def test_damaged_json_is_a_sentence_with_its_row(tmp_path, module):
    read = getattr(module, f"read_{module.NAME}")
    root = every_set(tmp_path) / module.NAME
    file = next(o for o in root.rglob("*.json"))
    text = json.dumps(json.loads(file.read_text()), indent=1)
    file.write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match="row [0-9]+, column [0-9]+"):
        read(file)
    file.write_text("[" * 200_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read(file)
    for wrong in ("[]", "{}", "3", '"x"', "null", "[1, 2]", '[{"a": 1}]', '{"images": 3}'):
        file.write_text(wrong)
        with pytest.raises((ValueError, FileNotFoundError)) as error:
            read(file)
        assert file.name in said(error) or "Expected" in said(error)


def mutated(data, rng):
    "A copy of JSON data in which one or two values are gone or something else."
    odd = [None, 3, -1, 0.5, float("nan"), "x", "", [], {}, [None], [[1]], {"a": 1}, True, "../x"]
    data = json.loads(json.dumps({"root": data}))
    for _ in range(rng.choice([1, 1, 2])):
        spot = data
        while True:
            keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
            key = rng.choice(keys)
            if not isinstance(spot[key], (dict, list)) or not spot[key] or rng.random() < 0.15:
                break
            spot = spot[key]
        if spot is not data and rng.random() < 0.25:
            del spot[key]
        else:
            spot[key] = rng.choice(odd)
        if not data["root"]:
            break
    return data["root"]


@pytest.mark.parametrize("name", ["coco", "label_studio", "fiftyone", "datumaro", "jsonl"])
def test_wrong_values_give_sentences_and_never_another_error(tmp_path, name):
    root, rng = every_set(tmp_path) / name, random.Random(name)
    read = getattr(mlc_course, f"read_{name}")
    file = next(root.rglob("*.json"))
    data = json.loads(file.read_text())
    refused = 0
    for _ in range(150):
        put(file, json.dumps(mutated(data, rng)))
        try:
            assert not {"", "None", "nan"} & set(read(root).vocab)
        except (ValueError, FileNotFoundError) as error:
            refused += 1
            assert len(str(error)) > 20
    assert refused > 20


@pytest.mark.parametrize("module", MODULES[:-2], ids=lambda o: o.NAME)
def test_missing_images_are_named_or_dropped(tmp_path, module):
    read = getattr(module, f"read_{module.NAME}")
    root = every_set(tmp_path) / module.NAME
    total = len(read(root))
    gone = sorted(o for o in root.rglob("*.jpg"))[0]
    gone.unlink()
    with pytest.raises(FileNotFoundError):
        read(root)
    if total > 1:
        assert len(read(root, on_missing="drop")) == total - 1


def test_a_file_in_two_folders_is_refused_unless_one_has_all(tmp_path):
    images(tmp_path, "images/1.jpg", "images/2.jpg", "small/1.jpg")
    put(tmp_path / "labels/train.json", coco_data("1.jpg", "2.jpg"))
    assert set(labels(coco.read_coco(tmp_path))) == {"images/1.jpg", "images/2.jpg"}
    images(tmp_path, "small/2.jpg")
    with pytest.raises(ValueError, match="images/1.jpg or small/1.jpg"):
        coco.read_coco(tmp_path)
    assert len(coco.read_coco(tmp_path, images=tmp_path / "small")) == 2
