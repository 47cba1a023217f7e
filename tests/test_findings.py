"What is said of a table's images: copies in two splits, and 12 bits that lie in 16."

import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course.data import findings as module
from mlc_course.data.findings import findings, largest_value, same_images
from mlc_course.tables import ImageTable


def table_of(root, splits, labels=None, names=None):
    names = names or sorted(p.name for p in root.iterdir())
    return ImageTable(
        pd.DataFrame(
            dict(
                fname=names,
                labels=labels or [["x"]] * len(names),
                split=splits,
                source=[f"labels.csv row {i + 2}" for i in range(len(names))],
            )
        ),
        root,
    )


def images(root, kinds):
    "One file per letter; equal letters are equal files."
    root.mkdir(exist_ok=True)
    for i, kind in enumerate(kinds):
        Image.fromarray(np.full((9, 9, 3), ord(kind), np.uint8)).save(root / f"{i:02}.bmp")
    return root


def test_copies_in_two_splits_are_told_with_their_rows(tmp_path):
    root = images(tmp_path / "a", "abcabdd")
    table = table_of(root, ["train", "train", "train", "test", "valid", "train", "train"])
    same = same_images(table)
    assert (
        list(same.fname) == ["00.bmp", "03.bmp", "01.bmp", "04.bmp", "05.bmp", "06.bmp"]
        and same.digest.nunique() == 3
    )
    assert (
        list(same.split) == ["train", "test", "train", "valid", "train", "train"]
        and same.source[1] == "labels.csv row 5"
    )
    across, within = findings(table)
    assert across.startswith(
        "2 images with the same bytes in more than one split (1 in train and test, 1 in train "
        "and valid)"
    )
    assert "00.bmp (labels.csv row 2, train) = 03.bmp (labels.csv row 5, test)" in across
    assert within == "1 image with the same bytes as another one of the same split (1 in train)."


def test_nothing_to_say(tmp_path):
    table = table_of(images(tmp_path / "a", "abcd"), ["train", "train", "valid", "test"])
    assert (
        findings(table) == []
        and same_images(table).empty
        and list(same_images(table).columns) == ["digest", "fname", "source", "split", "labels"]
    )


def test_different_labels_of_the_same_image(tmp_path):
    table = table_of(
        images(tmp_path / "a", "aabb"), ["train"] * 4, [["x"], ["y"], ["x", "y"], ["y", "x"]]
    )
    assert findings(table)[1].startswith(
        "1 image with the same bytes but different labels in two rows, for example 00.bmp "
        "(labels.csv row 2): ['x'] and 01.bmp (labels.csv row 3): ['y']"
    )


def test_missing_empty_and_odd_files_are_no_copies(tmp_path):
    root = images(tmp_path / "a", "ab")
    for name in ("02.bmp", "03.bmp"):
        (root / name).write_bytes(b"")
    (root / "04.bmp").mkdir()
    table = table_of(root, ["train", "test"] * 3, names=[f"{i:02}.bmp" for i in range(6)])
    assert findings(table) == []


def test_many_groups_are_counted(tmp_path):
    letters = "abcdefghijklmnop"
    table = table_of(images(tmp_path / "a", letters + letters), ["train"] * 16 + ["test"] * 16)
    (said,) = findings(table)
    assert (
        said.startswith("16 images") and said.count("\n") == 11 and said.endswith("... and 6 more")
    )


def test_each_file_is_read_once_and_those_of_a_length_of_their_own_never(tmp_path, monkeypatch):
    root = images(tmp_path / "a", "aab")
    Image.new("RGB", (50, 50)).save(root / "03.bmp")
    read, real = [], module.file_digest
    monkeypatch.setattr(module, "file_digest", lambda p: (read.append(p.name), real(p))[1])
    findings(table_of(root, ["train"] * 4))
    assert sorted(read) == ["00.bmp", "01.bmp", "02.bmp"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["train", "valid", "test"])),
        min_size=1,
        max_size=10,
    )
)
def test_any_table(tmp_path_factory, rows):
    root = images(tmp_path_factory.mktemp("any"), "".join(k for k, _ in rows))
    same = same_images(table_of(root, [s for _, s in rows]))
    kinds = [k for k, _ in rows]
    assert sorted(same.fname) == [f"{i:02}.bmp" for i, k in enumerate(kinds) if kinds.count(k) > 1]
    assert all(len({kinds[int(f[:2])] for f in g.fname}) == 1 for _, g in same.groupby("digest"))
    shutil.rmtree(root)


# ---- bits --------------------------------------------------------------------------------------
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    "kind", ["grey.png", "grey.tif", "big.tif", "colour.png", "colour.tif", "alpha.png", "grey.pgm"]
)
def test_few_bits_in_sixteen_are_told(tmp_path, bits, kind):
    r, shape = np.random.default_rng(bits), (20, 30)
    for i in range(3):
        path = tmp_path / f"{i} {kind}"
        values = r.integers(0, 2**bits, shape).astype(np.uint16)
        values[0, 0] = 2**bits - 1
        if kind.startswith("grey"):
            cv2.imwrite(str(path), values)
        if kind.startswith("big"):
            Image.fromarray(values.astype(">u2")).save(path)
        if kind.startswith("colour"):
            cv2.imwrite(str(path), np.dstack([values] * 3))
        if kind.startswith("alpha"):
            cv2.imwrite(str(path), np.dstack([values] * 3 + [np.full(shape, 65535, np.uint16)]))
    Image.new("RGB", (5, 5), (3, 3, 3)).save(tmp_path / "dark but of 8 bits.png")
    said = findings(table_of(tmp_path, ["train"] * 4))
    if bits == 16:
        assert said == []
    else:
        assert len(said) == 1
        assert (
            f"is {2**bits - 1:,} of 65,535: they seem to hold {bits} bits, and look dark" in said[0]
            and f"by {2 ** (16 - bits)} " in said[0]
        )


def test_the_advice_gives_bright_images(tmp_path):
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    Image.fromarray(values).save(tmp_path / "old.png")
    assert largest_value(tmp_path / "old.png") == 4095
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    advice = findings(table_of(tmp_path, ["train"]))[0].split("for example: ")[1]
    exec(advice, dict(Image=Image, np=np, old=old, new=new))
    assert largest_value(new) == 4095 * 16


def test_some_dark_ones_among_many_bright_ones_are_not_told(tmp_path):
    for i in range(12):
        Image.fromarray(np.full((8, 8), 40_000 + i if i else 9, np.uint16)).save(
            tmp_path / f"{i:02}.png"
        )
    assert findings(table_of(tmp_path, ["train"] * 12)) == []


def test_half_of_them(tmp_path):
    for i in range(6):
        Image.fromarray(np.full((8, 8), 40_000 + i if i % 2 else 4000 + i, np.uint16)).save(
            tmp_path / f"{i:02}.png"
        )
    assert findings(table_of(tmp_path, ["train"] * 6))[0].startswith(
        "The largest value of 3 of 6 image files with 16 bits (00.png, ...) is 4,004 of 65,535"
    )


def test_a_large_image_is_looked_at_in_bands(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BAND", 50)
    values = np.zeros((40, 30), np.uint16)
    values[39, 29] = 777
    Image.fromarray(values).save(tmp_path / "a.png")
    assert largest_value(tmp_path / "a.png") == 777
    Image.new("L", (9, 9)).save(tmp_path / "b.png")
    assert largest_value(tmp_path / "b.png") is None


def test_the_command_says_it(tmp_path, capsys):
    from mlc_course.tools.cli import main

    for i in range(6):
        Image.fromarray(np.full((8, 8), 100 + i % 3, np.uint16)).save(tmp_path / f"{i}.png")
    (tmp_path / "labels.csv").write_text(
        "fname,labels,split\n"
        + "\n".join(
            f"{i}.png,cat|dog,{['train', 'train', 'train', 'valid', 'test', 'test'][i]}"
            for i in range(6)
        )
    )
    assert main(["data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert (
        "3 images with the same bytes in more than one split (1 in train and valid, 2 in train "
        "and test)"
        in out
        and "labels.csv row 2, train) = 3.png (labels.csv row 5, valid)" in out
    )
    assert "102 of 65,535" in out and "Every picture can be decoded." in out
    assert main(["data", str(tmp_path), "--no-verify"]) == 0
    assert "same bytes" not in capsys.readouterr().out
