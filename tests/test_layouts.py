"""Every layout that people have: what `mlc data` prints for it. docs/layouts.md is this table.

MLC_WRITE_DOCS=1 pytest tests/test_layouts.py writes the page anew."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlc_course.tools.cli import main

DOCS = Path(__file__).parent.parent / "docs" / "layouts.md"
ROWS = [["cat"], ["cat", "dog"], [], ["dog"], ["bird", "dog"], ["bird"]] * 4
VOCAB = ["bird", "cat", "dog"]


def image(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 10, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def table(head, row, csv="labels.csv", images="images", name="{}.png", encoding="utf-8", rows=ROWS):
    "A maker of a folder with a CSV file (row: number and labels -> text) and an image per row."

    def make(root):
        lines = [head, *(row(i, labels) for i, labels in enumerate(rows))]
        (root / csv).parent.mkdir(parents=True, exist_ok=True)
        (root / csv).write_bytes("\n".join(lines).encode(encoding))
        for i in range(len(rows)):
            file = name(i) if callable(name) else name.format(i)
            image(root / (images(i) if callable(images) else images) / file, i)

    return make


def several(*makers):
    def make(root):
        for o in makers:
            o(root)

    return make


def text(path, content):
    return lambda root: (root / path).write_text(content, encoding="utf-8")


def hot(labels):
    return ",".join(str(int(v in labels)) for v in VOCAB)


def joined(sep):
    return lambda i, o: f'{i}.png,"{sep.join(o)}"'


def pictures(folder="images", name="{}.png"):
    def make(root):
        for i in range(len(ROWS)):
            image(root / folder / name.format(i), i)

    return make


def written(path, content):
    "A maker of a file from an object (JSON) or text, beside 24 images."

    def make(root):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        body = content if isinstance(content, str) else json.dumps(content, indent=1)
        (root / path).write_text(body, encoding="utf-8")

    return make


def coco(file, first=0):
    number = {v: i + 1 for i, v in enumerate(VOCAB)}
    found = [(i, number[o]) for i, row in enumerate(ROWS) for o in row]
    return written(file, {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 10, "height": 8} for i in range(len(ROWS))],
        "categories": [{"id": i, "name": v} for v, i in number.items()],
        "annotations": [{"id": k, "image_id": i, "category_id": c, "bbox": [1, 1, 2, 2]} for k, (i, c) in enumerate(found)],
    })  # fmt: skip


def cvat():
    names = "".join(f"<label><name>{v}</name></label>" for v in VOCAB)
    found = "\n".join(
        f'<image id="{i}" name="{i}.png">'
        + "".join(f'<tag label="{o}"/>' for o in row)
        + "</image>"
        for i, row in enumerate(ROWS)
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
    meta = f"<meta><task><labels>{names}</labels></task></meta>\n"
    return written("annotations.xml", f"{head}{meta}{found}\n</annotations>\n")


def label_studio():
    return written("project-1.json", [
        {"id": i, "data": {"image": f"/data/upload/1/0a1b2c3d-{i}.png"}, "annotations": [{"id": i, "was_cancelled": False, "result": [
            {"type": "choices", "from_name": "choice", "to_name": "image", "value": {"choices": row}}] if row else []}]}
        for i, row in enumerate(ROWS)
    ])  # fmt: skip


def voc(root):
    for i, row in enumerate(ROWS):
        objects = "".join(f"<object><name>{o}</name><difficult>0</difficult></object>" for o in row)
        written(
            f"Annotations/{i}.xml",
            f"<annotation><filename>{i}.png</filename>{objects}</annotation>",
        )(root)
    for split, part in (("train", range(12)), ("val", range(12, 18)), ("test", range(18, 24))):
        written(f"ImageSets/Main/{split}.txt", "".join(f"{i}\n" for i in part))(root)


def celeba():
    lines = [
        "24",
        "Bald Smiling",
        *(f"{i:06}.png {1 if i % 3 else -1} {1 if i % 2 else -1}" for i in range(24)),
    ]
    parts = "".join(f"{i:06}.png {i // 8}\n" for i in range(24))
    return several(
        written("list_attr_celeba.txt", "\n".join(lines) + "\n"),
        written("list_eval_partition.txt", parts),
    )


def class_folders(root):
    for i in range(24):
        image(root / ("cat", "dog", "bird")[i % 3] / f"{i}.png", i)


RECORDS = [{"file_name": f"{i}.png", "labels": row} for i, row in enumerate(ROWS)]
SPLIT = ["train", "valid", "test"]
PHRASES = ["polar bear", "traffic light", "cat"]

# title, maker, arguments after `mlc data FOLDER`, what must be printed (labels in order, or words
# of a refusal)
CASES = [
    ("labels separated by spaces", table("fname,labels", joined(" ")), "", VOCAB),
    ("labels separated by |", table("fname,labels", joined("|")), "", VOCAB),
    ("labels separated by ;", table("fname,labels", joined(";")), "", VOCAB),
    ("labels separated by a comma", table("fname,labels", joined(",")), "", VOCAB),
    ("labels separated by comma and space", table("fname,labels", joined(", ")), "", VOCAB),
    ("labels separated by /", table("fname,labels", joined("/")), "", VOCAB),
    ("Python lists", table("filename,labels", lambda i, o: f'{i}.png,"{o}"'), "", VOCAB),
    ("JSON lists", table("filename;labels", lambda i, o: f"{i}.png;{json.dumps(o)}"), "", VOCAB),
    ("NumPy arrays as text", table("file,labels", lambda i, o: f'{i}.png,"{np.array(o, dtype=object)}"'), "", VOCAB),
    ("names of two words, one label a row", table("fname,label", lambda i, o: f"{i}.png,{PHRASES[i % 3]}"), "", ["cat", "polar bear", "traffic light"]),
    ("names of two words in a column `labels`", table("fname,labels", lambda i, o: f"{i}.png,{PHRASES[i % 3]}"), "", "two ways"),
    ("the same, decided", table("fname,labels", lambda i, o: f"{i}.png,{PHRASES[i % 3]}"), "--sep whole", ["cat", "polar bear", "traffic light"]),
    ("0 and 1 in the cell", table("fname,labels", lambda i, o: f'{i}.png,"{hot(o)}"'), "", "one column per label"),
    ("the same, with names", table("fname,labels", lambda i, o: f'{i}.png,"{hot(o)}"'), "--vocab bird,cat,dog", VOCAB),
    ("two separators", table("fname,labels", lambda i, o: f"{i}.png,{('|' if i % 2 else ';').join(o)}"), "", "unclear what separates"),
    ("cat & dog", table("fname,labels", joined(" & ")), "", "two ways"),
    ("a cell `nan`", table("fname,label", lambda i, o: f"{i}.png,{o[0] if o else 'nan'}"), "", "na_cells"),
    ("the same, decided", table("fname,label", lambda i, o: f"{i}.png,{o[0] if o else 'nan'}"), "--na-cells empty", VOCAB),
    ("a list that isn't closed", table("fname,labels", lambda i, o: f'{i}.png,"{str(o)[:-1] if i == 3 else o}"'), "", "row 5"),
    ("one column per label (Kaggle)", table("image_id,bird,cat,dog", lambda i, o: f"{i}.png,{hot(o)}"), "", VOCAB),
    ("one column per label (Roboflow)", table("filename, dog, bird", lambda i, o: f"{i}.png, {int('dog' in o)}, {int('bird' in o)}", csv="_classes.csv", images="."), "", ["dog", "bird"]),
    ("Roboflow: train/_classes.csv, valid/_classes.csv", several(*(table("filename, dog, bird", lambda i, o: f"{i}.png, {int('dog' in o)}, {int('bird' in o)}", csv=f"{d}/_classes.csv", images=d) for d in SPLIT)), "", ["dog", "bird"]),
    ("Hugging Face: train/metadata.csv, test/metadata.csv", several(*(table("file_name,labels", joined("|"), csv=f"{d}/metadata.csv", images=d) for d in ("train", "test"))), "", VOCAB),
    ("CheXpert", table("Path,Sex,Age,Cardiomegaly,Edema", lambda i, o: f"data/train/patient{i:05}/view1.png,Male,{40 + i},{['1.0', '0.0', '-1.0', ''][i % 4]},0.0", csv="train.csv", images=lambda i: f"train/patient{i:05}", name="view1.png"), "", "unknown"),
    ("CelebA's table, -1 and 1", table("image_id,Bald,Smiling", lambda i, o: f"{i:06}.png,{1 if i % 3 else -1},{1 if i % 2 else -1}", name="{:06}.png"), "", "minus_one='no'"),
    ("the same, decided", table("image_id,Bald,Smiling", lambda i, o: f"{i:06}.png,{1 if i % 3 else -1},{1 if i % 2 else -1}", name="{:06}.png"), "--minus-one no", ["Bald", "Smiling"]),
    ("columns label1 and label2", table("fname,label1,label2", lambda i, o: f"{i}.png,{(o + ['', ''])[0]},{(o + ['', ''])[1]}"), "", VOCAB),
    ("one row per image and label", table("filename,label", lambda i, o: f"{i // 2}.png,{['cat', 'dog'][i % 2]}"), "", ["cat", "dog"]),
    ("Open Images", table("ImageID,Source,LabelName,Confidence", lambda i, o: f"{i // 2:03},verification,{['cat', 'dog'][i % 2]},{int(i % 4 > 0)}", name=lambda i: f"{i // 2:03}.jpg"), "", ["cat", "dog"]),
    ("PASCAL as fastai ships it", table("fname,labels,is_valid", lambda i, o: f"{i}.png,{' '.join(o)},{i % 4 == 0}", csv="train.csv", images="train"), "", VOCAB),
    ("PASCAL's layout with |", table("fname,labels,is_valid", lambda i, o: f"{i}.png,{'|'.join(o)},{i % 4 == 0}", csv="train.csv", images="train"), "", VOCAB),
    ("train.csv and train/, no is_valid", table("image,labels", joined(" "), csv="train.csv", images="train"), "", VOCAB),
    ("Kaggle: train.csv, test.csv, sample_submission.csv", several(table("image,labels", joined(" "), csv="train.csv", images="train_images"), text("sample_submission.csv", "image,labels\n0.png,cat\n"), text("test.csv", "image\n99.png\n")), "", VOCAB),
    ("train.csv and val.csv", several(table("fname,labels", joined("|"), csv="train.csv", images="train"), table("fname,labels", joined("|"), csv="val.csv", images="val")), "", VOCAB),
    ("a column `set`", table("fname,labels,set", lambda i, o: f"{i}.png,{'|'.join(o)},{SPLIT[i % 3]}"), "", VOCAB),
    ("a column `phase` with Training", table("fname,labels,phase", lambda i, o: f"{i}.png,{'|'.join(o)},{['Training', 'Dev', 'Testing'][i % 3]}"), "", VOCAB),
    ("a column `fold` with numbers", table("fname,labels,fold", lambda i, o: f"{i}.png,{'|'.join(o)},{i % 5}"), "", "valid_fold=0"),
    ("the same, decided", table("fname,labels,fold", lambda i, o: f"{i}.png,{'|'.join(o)},{i % 5}"), "--valid-fold 4", VOCAB),
    ("is_test", table("fname,labels,is_test", lambda i, o: f"{i}.png,{'|'.join(o)},{i % 4 == 0}"), "", VOCAB),
    ("names without extension", table("image_name,tags", lambda i, o: f"train_{i},{' '.join(o)}", name="train_{}.jpg"), "", VOCAB),
    ("lost zeros", table("image_name,tags", joined(" "), name="{:06}.png"), "", VOCAB),
    ("another case", table("image_name,tags", lambda i, o: f"IMG_{i}.png,{' '.join(o)}", name="img_{}.PNG"), "", VOCAB),
    ("Windows paths of another machine", table("path,labels", lambda i, o: f"C:\\Users\\me\\set\\images\\{i}.png,{'|'.join(o)}"), "", VOCAB),
    ("NIH: images in twelve folders", table("Image Index,Finding Labels,Patient ID", lambda i, o: f"{i:08}_000.png,{'|'.join(o) or 'No Finding'},{i // 3}", images=lambda i: f"images_{i % 3:03}/images", name="{:08}_000.png"), "", ["No Finding", *VOCAB]),
    ("the CSV file in annotations/", table("file_name,labels", joined("|"), csv="annotations/all.csv"), "", VOCAB),
    ("the same name in two folders", several(table("fname,labels", joined("|"), images="a"), table("fname,labels", joined("|"), images="b")), "", "in more than one folder: a/0.png and b/0.png"),
    ("the same, decided", several(table("fname,labels", joined("|"), images="a"), table("fname,labels", joined("|"), images="b")), "--images b", VOCAB),
    ("the same names in train/, valid/ and test/, and a split", several(*(table("fname,labels,split", lambda i, o: f"{i}.png,{'|'.join(o)},{SPLIT[i % 3]}", images=d) for d in SPLIT)), "", VOCAB),
    ("a column `group`", table("fname,labels,split,group", lambda i, o: f"{i}.png,{'|'.join(o)},{SPLIT[i % 3]},film {i // 2}"), "", "more than one split"),
    ("Cat, cat and CAT", table("fname,label", lambda i, o: f"{i}.png,{['cat', 'Cat', 'CAT'][i % 3]}"), "", "spelled alike"),
    ("Excel: sep=; and empty columns", table("sep=;\nBild;Image;Labels;;", lambda i, o: f"{i};{i}.png;{', '.join(o)};;"), "", VOCAB),
    ("Excel: UTF-16", table("image,labels", joined("|"), encoding="utf-16"), "", VOCAB),
    ("Excel: cp1252", table("image,label", lambda i, o: f"{i}.png,{'été' if i % 2 else 'cat'}", encoding="cp1252"), "", "encoding='latin-1'"),
    ("the same, with --encoding", table("image,label", lambda i, o: f"{i}.png,{'été' if i % 2 else 'cat'}", encoding="cp1252"), "--encoding cp1252", ["cat", "été"]),
    ("._labels.csv of a Mac", several(table("fname,labels", joined("|")), text("._labels.csv", "Mac OS X")), "", VOCAB),
    ("COCO", several(coco("instances.json"), pictures()), "", VOCAB),
    ("COCO, a file per split", several(coco("annotations/instances_train2017.json"), coco("annotations/instances_val2017.json"), pictures("train2017"), pictures("val2017")), "", VOCAB),
    ("CVAT for images", several(cvat(), pictures()), "", VOCAB),
    ("Label Studio", several(label_studio(), pictures()), "", VOCAB),
    ("FiftyOne", several(written("labels.json", {"classes": VOCAB, "labels": {str(i): row for i, row in enumerate(ROWS)}}), pictures("data")), "", VOCAB),
    ("Datumaro", several(written("annotations/default.json", {"categories": {"label": {"labels": [{"name": v} for v in VOCAB]}}, "items": [{"id": str(i), "image": {"path": f"{i}.png"}, "annotations": [{"type": "label", "label_id": VOCAB.index(o)} for o in row]} for i, row in enumerate(ROWS)]}), pictures()), "", VOCAB),
    ("VOC's XML", several(voc, pictures("JPEGImages")), "", VOCAB),
    ("metadata.jsonl", several(written("metadata.jsonl", "".join(json.dumps(o) + "\n" for o in RECORDS)), pictures(".")), "", VOCAB),
    ("a JSON list of records over many lines", several(written("labels.json", RECORDS), pictures()), "", VOCAB),
    ("a JSON object of names and labels", several(written("labels.json", {f"{i}.png": row for i, row in enumerate(ROWS)}), pictures()), "", VOCAB),
    ("NUS-WIDE's JSON", several(written("train.json", {"samples": [{"image_name": f"{i}.png", "image_labels": row} for i, row in enumerate(ROWS)], "labels": VOCAB}), pictures()), "", VOCAB),
    ("CelebA's text", several(celeba(), pictures("img_align_celeba", "{:06}.png")), "", ["Bald", "Smiling"]),
    ("a folder per class", class_folders, "", VOCAB),
    ("two layouts", several(coco("instances.json"), table("fname,labels", joined("|"))), "", "could be coco or folder"),
    ("the same, decided", several(coco("instances.json"), table("fname,labels", joined("|"))), "--format coco", VOCAB),
    ("two tables", several(table("fname,labels", joined("|")), text("other.csv", "fname,labels\n0.png,cat\n")), "", "2 CSV files"),
]  # fmt: skip


def printed(root, arguments, capsys):
    code = main(["data", str(root), "--no-verify", *arguments.split()])
    out = capsys.readouterr()
    return code, (out.out + out.err).replace(str(root), "FOLDER").strip()


def labels_of(output):
    """Label names in the order of the vocab can't be seen; the set of names in the table of labels
    can.
    """
    block = output.split("\n\n")[2].splitlines()[1:]
    return {re.split(r"\s{2,}", line)[0] for line in block if not line.startswith("...")}


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=[f"{i} {c[0]}" for i, c in enumerate(CASES)]
)
def test_layout(number, tmp_path, capsys):
    title, make, arguments, want = CASES[number]
    make(tmp_path)
    code, output = printed(tmp_path, arguments, capsys)
    if isinstance(want, str):
        assert want in output
    else:
        assert code == 0, output
        assert labels_of(output) == set(want), output


def page(tmp_path, capsys):
    "The page: every layout with what the command prints."
    lines = ["# Layouts, and what `mlc data` prints", "", "Written by tests/test_layouts.py.", ""]
    for i, (title, make, arguments, _) in enumerate(CASES):
        root = tmp_path / str(i) / "set"
        root.mkdir(parents=True)
        make(root)
        code, output = printed(root, arguments, capsys)
        head = _head(root)
        lines += [
            f"## {title}",
            "",
            "```text",
            *head,
            "```",
            "",
            f"`mlc data FOLDER {arguments}`".replace(" `", "`"),
            "",
        ]
        lines += ["```text", *_short(output), "```", ""]
    return "\n".join(lines)


def _head(root):
    "The first lines of the first annotation file; the folders if there is none."
    files = [
        f
        for f in sorted(root.rglob("*"))
        if f.is_file() and f.suffix != ".png" and f.suffix != ".jpg"
    ]
    files = [
        f
        for f in files
        if f.suffix != ".PNG" and f.name[0] != "." and f.name != "sample_submission.csv"
    ]
    if not files:
        return [str(f.relative_to(root)) for f in sorted(root.rglob("*.png"))[:4]]
    raw = files[0].read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    lines = raw.decode(encoding, "replace").splitlines()
    return [
        files[0].relative_to(root).as_posix(),
        *(o[:100] for o in lines[: 12 if files[0].suffix == ".json" else 4]),
    ]


def _short(output):
    "Labels and notes of a description; the whole of a refusal."
    if output.startswith("mlc:"):
        return output.splitlines()
    first, *blocks = output.split("\n\n")
    splits = [" ".join(line.split()[:2]) for line in blocks[0].splitlines()[1:]]
    return (
        [
            first,
            ", ".join(splits),
            f"labels: {', '.join(sorted(labels_of(output)))}",
            *blocks[2:][0].splitlines(),
        ]
        if len(blocks) > 2
        else [first, ", ".join(splits), f"labels: {', '.join(sorted(labels_of(output)))}"]
    )


def test_the_page_is_what_the_command_prints(tmp_path, capsys):
    text = page(tmp_path, capsys)
    if os.environ.get("MLC_WRITE_DOCS"):
        DOCS.parent.mkdir(exist_ok=True)
        DOCS.write_text(text, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == text, (
        "run MLC_WRITE_DOCS=1 pytest tests/test_layouts.py"
    )
