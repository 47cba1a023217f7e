"""The readers, on files written by hand in the real formats, with the faults that real files have."""

import json
import unicodedata
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat

from mlc_course.tables import (
    ImageTable,
    decode_images,
    drop_rare_labels,
    load_image,
    open_dataset,
    parse_class_name,
    plot_label_counts,
    read_cars,
    read_folder,
    read_movie_posters,
    read_nus_wide,
    read_pascal,
    show_images,
)


def picture(path, color=(200, 30, 90), size=(20, 12), **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path, **kwargs)
    return path


def noise(path, size=(64, 48), seed=0, **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **kwargs)
    return path


def pascal(root, text, files=(), encoding="utf-8", test=None):
    root.mkdir(exist_ok=True, parents=True)
    (root / "train.csv").write_bytes(text.encode(encoding))
    (root / "train").mkdir(exist_ok=True)
    for f in files:
        picture(root / "train" / f)
    if test is not None:
        (root / "test.csv").write_bytes(test.encode(encoding))
    return root


GOOD = "fname,labels,is_valid\na.jpg,dog person,False\nb.jpg,sofa,True\nc.jpg,,False\n"
ABC = ("a.jpg", "b.jpg", "c.jpg")


# ---------------------------------------------------------------- decoding


def test_modes_become_rgb(tmp_path):
    rgb = np.zeros((6, 8, 3), np.uint8)
    rgb[..., 0] = 255
    image = Image.fromarray(rgb)
    for mode, name in [
        ("L", "l.png"),
        ("1", "one.png"),
        ("CMYK", "cmyk.jpg"),
        ("P", "p.png"),
        ("LA", "la.png"),
        ("RGBA", "rgba.png"),
        ("L", "l.jpg"),
        ("YCbCr", "y.jpg"),
    ]:
        image.convert(mode).save(tmp_path / name)
        out = load_image(tmp_path / name)
        assert out.mode == "RGB" and out.size == (8, 6)
        if mode in ("CMYK", "P", "RGBA", "YCbCr"):
            assert np.abs(np.asarray(out).astype(int) - rgb).max() <= 2, mode


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as raw:
        assert raw.mode.startswith("I")
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(load_image(tmp_path / "a.png"))[..., 0], expected)
    Image.fromarray(values.astype(">u2")).save(tmp_path / "b.tif")
    np.testing.assert_array_equal(np.asarray(load_image(tmp_path / "b.tif"))[..., 1], expected)


@pytest.mark.parametrize(
    "values", [np.array([[0, 70000]], np.int32), np.array([[0.0, 1.0]], np.float32)]
)
def test_pixels_without_a_known_white_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="a.tif.*white"):
        load_image(tmp_path / "a.tif")


def test_transparency_is_laid_on_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(load_image(tmp_path / "clear.png")).min() == 255
    Image.new("RGBA", (4, 4), (0, 0, 0, 51)).save(tmp_path / "veil.png")
    assert abs(int(np.asarray(load_image(tmp_path / "veil.png"))[0, 0, 0]) - 204) <= 1
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.save(tmp_path / "p.png", transparency=0)
    grey = Image.new("L", (4, 4), 7)
    grey.save(tmp_path / "l.png", transparency=7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("p.png", "l.png"):
            assert np.asarray(load_image(tmp_path / name)).min() == 255


def test_exif_orientation_is_applied(tmp_path):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255
    image, exif = Image.fromarray(pixels), Image.Exif()
    for orientation, expected in [
        (1, pixels),
        (3, pixels[::-1, ::-1]),
        (6, np.rot90(pixels, -1)),
        (8, np.rot90(pixels)),
        (2, pixels[:, ::-1]),
    ]:
        exif[0x0112] = orientation
        image.save(tmp_path / "a.jpg", exif=exif.tobytes(), quality=100)
        got = np.asarray(load_image(tmp_path / "a.jpg"))
        assert got.shape == expected.shape
        assert np.abs(got.astype(int) - expected).max() < 40, orientation


@pytest.mark.parametrize("keep", [0, 10, 200, 0.5, 0.95])
def test_damaged_jpeg_is_named(tmp_path, keep):
    file = noise(tmp_path / "bad one.jpg")
    raw = file.read_bytes()
    file.write_bytes(raw[: keep if isinstance(keep, int) else int(keep * len(raw))])
    with pytest.raises(ValueError, match="bad one.jpg can't be decoded.*Fetch the file again"):
        load_image(file)


def test_what_is_no_image(tmp_path):
    (tmp_path / "a.jpg").write_text("<html>404</html>")
    with pytest.raises(ValueError, match="a.jpg.*web page"):
        load_image(tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError, match="b.jpg"):
        load_image(tmp_path / "b.jpg")
    with pytest.raises(FileNotFoundError):
        load_image(tmp_path)


@pytest.mark.parametrize("workers", [1, 4])
def test_decode_images_equals_the_plain_loop_and_keeps_order(tmp_path, workers):
    paths = [noise(tmp_path / f"{i}.png", size=(30 + i, 50 - i), seed=i) for i in range(12)]
    plain = np.stack(
        [np.asarray(Image.open(p).convert("RGB").resize((16, 16), Image.BILINEAR)) for p in paths]
    )
    got = decode_images(paths, 16, workers=workers)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, plain)
    assert decode_images([], 16).shape == (0, 16, 16, 3)


def test_decode_images_resizes_as_torchvision_does(tmp_path):
    pytest.importorskip("torchvision")
    from torchvision.transforms import v2

    file = noise(tmp_path / "a.png", size=(200, 150))
    resized = v2.functional.resize(
        v2.functional.pil_to_tensor(Image.open(file)), [32, 32], antialias=True
    )
    assert (
        np.abs(decode_images([file], 32)[0].astype(int) - resized.permute(1, 2, 0).numpy()).max()
        <= 1
    )


def test_decode_images_names_file_and_row(tmp_path):
    table = read_pascal(pascal(tmp_path, GOOD, ABC))
    (tmp_path / "train/b.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="train.csv row 3: .*b.jpg.*verify"):
        decode_images(table, 8)
    with pytest.raises(ValueError, match="b.jpg"):
        decode_images(table.paths(), 8)
    for size in (0, -1, 8.0, "8", True, None):
        with pytest.raises(ValueError, match="size"):
            decode_images(table, size)
    with pytest.raises(TypeError, match="single path"):
        decode_images(str(tmp_path / "train/a.jpg"), 8)


def test_verify_lists_every_bad_file(tmp_path):
    table = read_pascal(pascal(tmp_path, GOOD, ABC))
    assert table.verify().empty
    (tmp_path / "train/b.jpg").write_bytes(b"")
    raw = noise(tmp_path / "train/c.jpg").read_bytes()
    (tmp_path / "train/c.jpg").write_bytes(raw[: len(raw) // 2])
    bad = table.verify()
    assert list(bad.fname) == ["train/b.jpg", "train/c.jpg"]
    assert list(bad.source) == ["train.csv row 3", "train.csv row 4"]
    assert "empty" in bad.problem[0] and "cut off" in bad.problem[1]
    assert table.subset(~table.df.fname.isin(bad.fname)).fnames() == ["train/a.jpg"]


# ---------------------------------------------------------------- the table


def frame(**kwargs):
    return pd.DataFrame(
        {
            "fname": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"],
            "labels": [["x"], [], ["y", "x"], ["z"]],
            "split": ["train", "valid", "train", "test"],
            **kwargs,
        }
    )


def test_table(tmp_path):
    df = frame(title=["A", "B", "C", "D"])
    table = ImageTable(df, tmp_path, name="four")
    assert (len(table), table.vocab, table.splits, table.root) == (
        4,
        ["x", "y", "z"],
        ["train", "valid", "test"],
        tmp_path,
    )
    np.testing.assert_array_equal(table.targets(), [[1, 0, 0], [0, 0, 0], [1, 1, 0], [0, 0, 1]])
    assert table.targets("valid").shape == (1, 3) and table.targets().dtype == bool
    assert table.fnames("train") == ["a.jpg", "c.jpg"] and table.paths("test") == [
        tmp_path / "d.jpg"
    ]
    assert table.labels("train") == [["x"], ["y", "x"]]
    for half in (
        table.subset("train"),
        table.subset([True, False, True, False]),
        table.subset([0, 2]),
        table.subset(df.split == "train"),
    ):
        assert (
            half.fnames() == ["a.jpg", "c.jpg"]
            and half.vocab == table.vocab
            and list(half.df.title) == ["A", "C"]
        )
    assert len(table.subset(np.zeros(4, bool))) == 0 and table.subset([]).targets().shape == (0, 3)
    assert "2 train, 1 valid, 1 test" in repr(table)
    assert "50.0%" not in table._repr_html_() and "100.0%" in table._repr_html_()
    table.df.loc[0, "split"] = "test"
    assert df.split[0] == "train"


def test_html_is_escaped(tmp_path):
    df = frame()
    df.at[0, "labels"] = ["<script>"]
    assert "<script>" not in ImageTable(df, tmp_path, name="<b>", notes=["<i>"])._repr_html_()


def test_table_refuses(tmp_path):
    for column, value, match in [
        ("split", "training", "row 0.*split"),
        ("labels", "x", "row 0.*list"),
        ("labels", [""], "row 0.*not a label"),
        ("labels", [3], "row 0.*not a label"),
        ("fname", "b.jpg", "row 1 names b.jpg, and so does row 0"),
        ("fname", "../a.jpg", "row 0.*outside"),
        ("fname", " ", "row 0.*empty"),
    ]:
        df = frame()
        df.at[0, column] = value
        with pytest.raises((ValueError, TypeError), match=match):
            ImageTable(df, tmp_path)
    with pytest.raises(ValueError, match="row 3: the label 'z'"):
        ImageTable(frame(), tmp_path, vocab=["x", "y"])
    with pytest.raises(ValueError, match="lacks split"):
        ImageTable(frame().drop(columns="split"), tmp_path)
    with pytest.raises(FileNotFoundError):
        ImageTable(frame(), tmp_path / "no")
    with pytest.raises(TypeError, match="list"):
        ImageTable(frame(), tmp_path, vocab="xyz")
    table = ImageTable(frame(), tmp_path)
    with pytest.raises(ValueError, match="no split 'dev'.*train, valid, test"):
        table.targets("dev")
    with pytest.raises(ValueError, match="4 rows"):
        table.subset([True])
    with pytest.raises(TypeError):
        table.subset([0.5])
    with pytest.raises(ValueError, match="already"):
        table.hold_out()


def test_hold_out(tmp_path):
    n = 100
    df = pd.DataFrame(
        {
            "fname": [f"{i}.jpg" for i in range(n)],
            "labels": [["a"] if i % 2 else ["b", "c"] if i % 10 == 0 else [] for i in range(n)],
            "split": ["test" if i >= 80 else "train" for i in range(n)],
        }
    )
    table = ImageTable(df, tmp_path)
    held = table.hold_out(0.25, seed=1)
    assert held.counts() == {"train": 60, "valid": 20, "test": 20}
    assert held.fnames("test") == table.fnames("test") and held.fnames() == table.fnames()
    np.testing.assert_array_equal(held.targets("valid").sum(0), table.targets("train").sum(0) / 4)
    assert (
        held.fnames("valid")
        == table.hold_out(0.25, seed=1).fnames("valid")
        != table.hold_out(0.25, seed=2).fnames("valid")
    )
    assert "held out" in held.notes[-1]


def test_drop_rare_labels(tmp_path):
    table = ImageTable(frame(), tmp_path)
    small = drop_rare_labels(table, min_count=2)
    assert small.vocab == ["x"] and small.fnames() == [
        "a.jpg",
        "b.jpg",
        "c.jpg",
    ]  # d lost its only label; b never had one
    assert (
        small.labels() == [["x"], [], ["x"]]
        and "2 labels" in small.notes[-1]
        and "1 image" in small.notes[-1]
    )
    assert (
        drop_rare_labels(table, top=1).vocab == ["x"]
        and drop_rare_labels(table, min_count=1) is table
    )
    assert table.vocab == ["x", "y", "z"]
    with pytest.raises(ValueError, match="'x', has 2"):
        drop_rare_labels(table, min_count=3)
    with pytest.raises(ValueError, match="one of the two"):
        drop_rare_labels(table)


# ---------------------------------------------------------------- PASCAL


def test_pascal(tmp_path):
    table = read_pascal(pascal(tmp_path, GOOD, ABC))
    assert table.labels() == [["dog", "person"], ["sofa"], []] and table.vocab == [
        "dog",
        "person",
        "sofa",
    ]  # sofa is in validation only
    assert list(table.df.split) == ["train", "valid", "train"] and table.paths()[0].is_file()
    assert list(table.df.columns[:3]) == ["fname", "labels", "split"] and table.notes == ()


def test_pascal_agrees_with_pandas(tmp_path):
    rng = np.random.default_rng(3)
    names = [f"{i:06}.jpg" for i in range(30)]
    labels = [
        " ".join(rng.choice(["cat", "dog", "cow", "bus"], rng.integers(0, 4), replace=False))
        for _ in names
    ]
    pd.DataFrame({"fname": names, "labels": labels, "is_valid": rng.random(30) < 0.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    table = read_pascal(pascal(tmp_path / "p", (tmp_path / "t.csv").read_text(), names))
    plain = pd.read_csv(tmp_path / "t.csv")
    # as object: with pyarrow installed, pandas makes a column of empty strings, too
    dummies = plain.labels.fillna("").astype(object).str.get_dummies(" ")
    assert list(dummies.columns) == table.vocab
    np.testing.assert_array_equal(table.targets(), dummies.to_numpy().astype(bool))
    np.testing.assert_array_equal(table.df.split == "valid", plain.is_valid)


def test_pascal_test_split(tmp_path):
    root = pascal(tmp_path, GOOD, ABC, test="fname,labels\na.jpg,dog zebra\n")
    with pytest.raises(FileNotFoundError, match="test.csv.*test/"):
        read_pascal(root)
    picture(root / "test/a.jpg")
    table = read_pascal(root)
    assert (
        table.counts() == {"train": 2, "valid": 1, "test": 1}
        and table.fnames("test") == ["test/a.jpg"]
        and "zebra" in table.vocab
    )


def test_pascal_dirty_text(tmp_path):
    "Byte order mark, Windows line ends, stray spaces, tabs, quotes, blank lines, capitals in the header, repeated labels."
    text = '\ufeffFname , Labels,IS_VALID\r\n a.jpg , dog\t person  dog , false \r\n\r\n"b.jpg","  sofa ",YES\r\nc.jpg,"",0\r\n'
    table = read_pascal(pascal(tmp_path, text, ABC))
    assert table.labels() == [["dog", "person"], ["sofa"], []] and table.vocab == [
        "dog",
        "person",
        "sofa",
    ]
    assert list(table.df.split) == ["train", "valid", "train"]
    assert list(table.df.source) == ["train.csv row 2", "train.csv row 4", "train.csv row 5"]


@pytest.mark.parametrize(
    "yes,no",
    [("True", "False"), ("1", "0"), ("yes", "no"), ("TRUE", "FALSE"), ("1.0", "0.0"), (" y ", "n")],
)
def test_is_valid_values(tmp_path, yes, no):
    table = read_pascal(
        pascal(tmp_path, f"fname,labels,is_valid\na.jpg,x,{yes}\nb.jpg,y,{no}\n", ABC)
    )
    assert list(table.df.split) == ["valid", "train"]


@pytest.mark.parametrize(
    "text,error,match",
    [
        (
            "fname,labels,is_valid\na.jpg,x,0\nb.jpg,y,maybe\n",
            ValueError,
            "train.csv row 3: is_valid is 'maybe'",
        ),
        ("fname,labels,is_valid\na.jpg,x,\n", ValueError, "train.csv row 2: is_valid is ''"),
        ("fname,labels\na.jpg,x\n", ValueError, "no column is_valid.*fname, labels"),
        ("file,labels,is_valid\na.jpg,x,0\n", ValueError, "no column fname"),
        ("", ValueError, "train.csv is empty"),
        ("\n\n", ValueError, "train.csv is empty"),
        ("fname,labels,is_valid\n", ValueError, "no rows"),
        ("fname,labels,labels,is_valid\na.jpg,x,x,0\n", ValueError, "'labels' is there twice"),
        (
            "fname,labels,is_valid\na.jpg,x,0\nb.jpg,x,y,0\n",
            ValueError,
            "row 3: 4 cells.*header has 3.*quotes",
        ),
        ("fname,labels,is_valid\na.jpg,0\n", ValueError, "row 2: 2 cells"),
        ('fname,labels,is_valid\na.jpg,"x,0\n', ValueError, "train.csv row 2"),
        (
            "fname,labels,is_valid\na.jpg,x,0\nno.jpg,y,0\n",
            FileNotFoundError,
            "train.csv row 3.*no.jpg.*1 of 2.*on_missing='drop'",
        ),
        (
            "fname,labels,is_valid\na.jpg,x,0\n../a.jpg,y,0\n",
            ValueError,
            "row 3: '../a.jpg' points outside",
        ),
        (
            "fname,labels,is_valid\n/etc/a.jpg,y,0\n",
            ValueError,
            "row 2: '/etc/a.jpg' points outside",
        ),
        ("fname,labels,is_valid\nC:\\a.jpg,y,0\n", ValueError, "row 2: .* points outside"),
        ("fname,labels,is_valid\n..\\a.jpg,y,0\n", ValueError, "row 2: .* points outside"),
        ("fname,labels,is_valid\n ,y,0\n", ValueError, "row 2: the file name is empty"),
        (
            "fname,labels,is_valid\na.jpg,x y,0\nb.jpg,y,0\na.jpg,x,0\n",
            ValueError,
            r"row 2 and train.csv row 4 both describe train/a.jpg and disagree.*\['x', 'y'\].*\['x'\]",
        ),
        (
            "fname,labels,is_valid\na.jpg,x,0\na.jpg,x,1\n",
            ValueError,
            "row 2 and train.csv row 3.*train.*valid",
        ),
    ],
)
def test_pascal_faults(tmp_path, text, error, match):
    with pytest.raises(error, match=match):
        read_pascal(pascal(tmp_path, text, ABC))


def test_missing_images_can_be_dropped(tmp_path):
    root = pascal(tmp_path, "fname,labels,is_valid\na.jpg,x,0\nno.jpg,y,0\n", ABC)
    table = read_pascal(root, on_missing="drop")
    assert (
        table.fnames() == ["train/a.jpg"]
        and "1 of 2" in table.notes[0]
        and "no.jpg" in table.notes[0]
    )
    with pytest.raises(ValueError, match="on_missing"):
        read_pascal(root, on_missing="ignore")
    (root / "train/a.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="2 of 2"):
        read_pascal(root, on_missing="drop")


def test_identical_rows_are_merged(tmp_path):
    table = read_pascal(
        pascal(tmp_path, "fname,labels,is_valid\na.jpg,x y,0\nb.jpg,z,1\na.jpg,y x,0\n", ABC)
    )
    assert (
        table.fnames() == ["train/a.jpg", "train/b.jpg"]
        and "1 duplicate row merged" in table.notes[0]
        and "row 4 repeats train.csv row 2" in table.notes[0]
    )


def test_unknown_label_with_a_given_vocab(tmp_path):
    root = pascal(tmp_path, GOOD, ABC)
    with pytest.raises(
        ValueError, match="train.csv row 3: the label 'sofa' of train/b.jpg is not in the vocab"
    ):
        read_pascal(root, vocab=["dog", "person"])
    with pytest.raises(ValueError, match="Did you mean 'sofas'"):
        read_pascal(root, vocab=["dog", "person", "sofas"])
    assert read_pascal(root, vocab=["zebra", "sofa", "person", "dog"]).vocab == [
        "zebra",
        "sofa",
        "person",
        "dog",
    ]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_non_ascii_names_and_labels(tmp_path, form):
    name = unicodedata.normalize(form, "café 象.jpg")
    other = unicodedata.normalize("NFD" if form == "NFC" else "NFC", name)
    picture(tmp_path / "train" / name)
    table = read_pascal(
        pascal(
            tmp_path,
            f"fname,labels,is_valid\n{other},éléphant {unicodedata.normalize('NFD', 'éléphant')} 象,0\n",
        )
    )
    assert (
        table.vocab == sorted([unicodedata.normalize("NFC", "éléphant"), "象"])
        and table.paths()[0].is_file()
    )
    assert decode_images(table, 4).shape == (1, 4, 4, 3)


def test_encoding(tmp_path):
    root = pascal(
        tmp_path, "fname,labels,is_valid\na.jpg,chat,0\nb.jpg,été,0\n", ABC, encoding="latin-1"
    )
    with pytest.raises(
        ValueError, match="train.csv row 3: byte 0xe9 is not utf-8.*encoding='latin-1'"
    ):
        read_pascal(root)
    assert read_pascal(root, encoding="latin-1").vocab == ["chat", "été"]


# ---------------------------------------------------------------- NUS-WIDE


def nus(path, samples, labels=("beach", "polar bear", "sky"), images=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "samples": [{"image_name": n, "image_labels": list(o)} for n, o in samples],
                "labels": list(labels),
            }
        ),
        encoding="utf-8",
    )
    for n, _ in samples if images else ():
        picture(path.parent / "images" / n)
    return path


def test_nus_wide(tmp_path):
    a = nus(
        tmp_path / "small_train.json",
        [("0001_1.jpg", ["sky", " polar bear"]), ("sub/0002.jpg", [])],
    )
    b = nus(tmp_path / "small_test.json", [("0003.jpg", ["sky"])])
    table = read_nus_wide(tmp_path / "images", a, b)
    assert table.vocab == ["beach", "polar bear", "sky"] and table.counts() == {
        "train": 2,
        "test": 1,
    }  # beach has no image, and a column
    assert (
        table.labels() == [["sky", "polar bear"], [], ["sky"]]
        and table.fnames()[1] == "sub/0002.jpg"
    )
    opened = open_dataset(tmp_path)
    assert (
        opened.fnames() == table.fnames()
        and opened.splits == ["train", "valid", "test"]
        and opened.vocab == table.vocab
    )


def test_nus_wide_faults(tmp_path):
    images = tmp_path / "images"
    good = nus(tmp_path / "train.json", [("1.jpg", ["sky"])])
    with pytest.raises(
        ValueError, match="test.json sample 2: 'dog' is a label of 2.jpg, but not in"
    ):
        read_nus_wide(images, nus(tmp_path / "test.json", [("1.jpg", ["sky"]), ("2.jpg", ["dog"])]))
    with pytest.raises(ValueError, match="'sea' is in one of them only"):
        read_nus_wide(
            images,
            good,
            nus(tmp_path / "val.json", [("3.jpg", [])], ["beach", "polar bear", "sky", "sea"]),
        )
    with pytest.raises(FileNotFoundError, match="test.json sample 1.*9.jpg"):
        read_nus_wide(images, nus(tmp_path / "test.json", [("9.jpg", [])], images=False))
    with pytest.raises(
        ValueError,
        match="train.json sample 1 and test.json sample 1 both describe 1.jpg and disagree",
    ):
        read_nus_wide(images, good, nus(tmp_path / "test.json", [("1.jpg", ["sky"])]))
    with pytest.raises(ValueError, match="must say which split"):
        read_nus_wide(images, nus(tmp_path / "annotations.json", [("1.jpg", [])]))
    with pytest.raises(ValueError, match="must say which split"):
        read_nus_wide(images, nus(tmp_path / "train_test.json", [("1.jpg", [])]))
    with pytest.raises(ValueError, match="same split"):
        read_nus_wide(images, good, nus(tmp_path / "other_train.json", [("1.jpg", [])]))
    with pytest.raises(ValueError, match="No annotation file"):
        read_nus_wide(images)
    bad = tmp_path / "bad_train.json"
    for text, match in [
        ('{"samples": [\n{"image_name": "1.jpg"', "bad_train.json row 2.*not valid JSON"),
        ("[1]", "holds list"),
        ('{"images": []}', "holds images"),
        ('{"samples": [], "labels": []}', "empty list"),
        ('{"samples": [{"image_name": "1.jpg"}], "labels": ["x"]}', "sample 1.*image_labels"),
        ('{"samples": [7], "labels": ["x"]}', "sample 1"),
        ("", "not valid JSON"),
    ]:
        bad.write_text(text)
        with pytest.raises(ValueError, match=match):
            read_nus_wide(images, bad)


@pytest.mark.parametrize(
    "stem,split",
    [
        ("train", "train"),
        ("nus_val", "valid"),
        ("validation", "valid"),
        ("TEST-1k", "test"),
        ("valid2", "valid"),
        ("training", "train"),
    ],
)
def test_nus_split_names(tmp_path, stem, split):
    assert read_nus_wide(
        tmp_path / "images", nus(tmp_path / f"{stem}.json", [("1.jpg", ["sky"])])
    ).splits == [split]


# ---------------------------------------------------------------- movie posters

HEAD = "imdbId,Imdb Link,Title,IMDB Score,Genre,Poster\n"


def movies(root, rows, missing=()):
    root.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{i},http://www.imdb.com/title/tt{i},{t},{s},{g},https://images.example/{i}.jpg\n"
        for i, t, s, g in rows
    ]
    (root / "MovieGenre.csv").write_bytes((HEAD + "".join(lines)).encode("latin-1"))
    (root / "posters").mkdir(exist_ok=True)
    for i, *_ in rows:
        if i not in missing:
            picture(root / "posters" / f"{i}.jpg")
    return root


def many(n=40):
    return [
        (i + 100, f"Film {i} (1995)", 5 + i / 100, ["Drama", "Drama|Comedy", "Comedy|Drama"][i % 3])
        for i in range(n)
    ]


def test_movie_posters(tmp_path):
    rows = many() + [
        (900, "Le Fabuleux Destin d'Amélie Poulain (2001)", 8.4, "Comedy|War"),
        (901, "Seul (1990)", "", "War"),
        (902, '"Yes, No"', 1, ""),
        (100, "Film 0 (1995)", 5.0, "Drama"),
        (903, "Gone", 3, "Drama"),
    ]
    root = movies(tmp_path, rows, missing=[903])
    (root / "posters/101.jpg").write_bytes(b"")  # a download that failed
    table = read_movie_posters(root / "MovieGenre.csv", root / "posters", min_count=3)
    assert (
        table.vocab == ["Comedy", "Drama"] and len(table) == 40
    )  # 42 films with a genre, less 101 (empty) and 901 (War only), and 900 stays as a Comedy
    row = table.df[table.df.fname == "900.jpg"].iloc[0]
    assert (
        row.labels == ["Comedy"]
        and row.title == "Le Fabuleux Destin d'Amélie Poulain (2001)"
        and row.score == 8.4
    )
    notes = " ".join(table.notes)
    for part in (
        "1 duplicate row merged",
        "1 row without a genre",
        "2 of 43 posters missing",
        "War",
        "1 image that had no other label",
        "no split",
    ):
        assert part in notes, part
    assert table.splits == ["train", "valid", "test"] and table.counts()["train"] == 32
    again = read_movie_posters(root / "MovieGenre.csv", root / "posters", min_count=3)
    assert (
        again.fnames("test")
        == table.fnames("test")
        != read_movie_posters(
            root / "MovieGenre.csv", root / "posters", min_count=3, seed=1
        ).fnames("test")
    )


def test_movie_posters_faults(tmp_path):
    csv, posters = tmp_path / "MovieGenre.csv", tmp_path / "posters"
    movies(tmp_path, many())
    with pytest.raises(ValueError, match="No label has 1000 images.*'Drama', has 40.*min_count"):
        read_movie_posters(csv, posters, 1000)
    small = read_movie_posters(csv, posters)
    assert small.vocab == ["Comedy", "Drama"] and "1/40" not in " ".join(small.notes)
    movies(tmp_path, many(80) + [(900, "A", 1, "War")])
    small = read_movie_posters(csv, posters)
    assert small.vocab == [
        "Comedy",
        "Drama",
    ] and "fewer than 2 images are dropped: 1/40 of 81 films" in " ".join(small.notes)
    movies(tmp_path, many())
    with pytest.raises(FileNotFoundError, match="posters"):
        read_movie_posters(csv, tmp_path / "nowhere")
    (posters / "103.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="MovieGenre.csv row 5.*103.*1 of 40"):
        read_movie_posters(csv, posters, 1, on_missing="error")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="40 of 40"):
        read_movie_posters(csv, tmp_path / "empty", 1)
    movies(tmp_path, many() + [(100, "Film 0 (1995)", 5, "War")])
    with pytest.raises(ValueError, match="MovieGenre.csv row 2 and MovieGenre.csv row 42"):
        read_movie_posters(csv, posters, 1)
    assert "War" not in read_movie_posters(csv, posters, 1, on_conflict="first").vocab
    movies(tmp_path, [("x1", "A", 1, "Drama")])
    with pytest.raises(ValueError, match="row 2: imdbId is 'x1'"):
        read_movie_posters(csv, posters, 1)
    movies(tmp_path, [(1, "A", 1, "")])
    with pytest.raises(ValueError, match="Genre is empty"):
        read_movie_posters(csv, posters, 1)
    csv.write_text("imdbId,Title\n1,A\n")
    with pytest.raises(ValueError, match="no column genre"):
        read_movie_posters(csv, posters, 1)


def test_movie_file_with_utf8_mark_and_padded_names(tmp_path):
    rows = many()
    movies(tmp_path, rows)
    text = (tmp_path / "MovieGenre.csv").read_text(encoding="latin-1").replace("Film 0", "Amélie")
    (tmp_path / "MovieGenre.csv").write_text(text, encoding="utf-8-sig")
    (tmp_path / "posters/100.jpg").rename(tmp_path / "posters/tt0000100.jpg")
    table = read_movie_posters(tmp_path / "MovieGenre.csv", tmp_path / "posters", min_count=1)
    assert table.df.title[0] == "Amélie (1995)" and table.fnames()[0] == "tt0000100.jpg"


# ---------------------------------------------------------------- Stanford Cars

NAMES = [
    "AM General Hummer SUV 2000",
    "Audi TTS Coupe 2012",
    "Rolls-Royce Phantom Drophead Coupe Convertible 2012",
    "Ram C/V Cargo Van Minivan 2012",
    "Dodge Ram Pickup 3500 Crew Cab 2010",
]


def cells(names):
    out = np.empty((1, len(names)), dtype=object)
    out[0] = names
    return out


def structs(rows, fields):
    out = np.empty((1, len(rows)), dtype=[(f, object) for f in fields])
    for i, row in enumerate(rows):
        out[0, i] = tuple(row)
    return out


def cars(root, rows=((1, 0), (2, 0), (3, 1), (4, 0), (5, 1)), names=NAMES, images=True):
    root.mkdir(parents=True, exist_ok=True)
    fields = ["relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test"]
    data = [
        (f"car_ims/{i:06}.jpg", 1, 2, 10, 11, np.uint8(c), np.uint8(t))
        for i, (c, t) in enumerate(rows, 1)
    ]
    savemat(
        root / "cars_annos.mat", {"annotations": structs(data, fields), "class_names": cells(names)}
    )
    if images:
        for i in range(1, len(rows) + 1):
            picture(root / f"car_ims/{i:06}.jpg")
    return root


def test_cars_one_file(tmp_path):
    table = read_cars(cars(tmp_path))
    assert list(table.df.brand) == ["AM General", "Audi", "Rolls-Royce", "Ram", "Dodge"]
    assert list(table.df.type) == ["SUV", "Coupe", "Convertible", "Minivan", "Cab"]
    assert (
        list(table.df.year) == [2000, 2012, 2012, 2012, 2010] and list(table.df.class_name) == NAMES
    )
    assert (
        table.labels()[0] == ["AM General", "SUV"]
        and table.counts() == {"train": 3, "test": 2}
        and table.root == tmp_path
    )
    assert read_cars(tmp_path / "cars_annos.mat", images=tmp_path).fnames() == table.fnames()


def test_cars_one_row(tmp_path):
    assert read_cars(cars(tmp_path, rows=((1, 0),), names=NAMES[:1])).df.brand[0] == "AM General"


def test_cars_devkit(tmp_path):
    kit, fields = (
        tmp_path / "devkit",
        ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname"],
    )
    kit.mkdir()
    savemat(kit / "cars_meta.mat", {"class_names": cells(NAMES)})
    savemat(
        kit / "cars_train_annos.mat",
        {
            "annotations": structs(
                [(1, 2, 3, 4, 2, "00001.jpg"), (1, 2, 3, 4, 1, "00002.jpg")], fields
            )
        },
    )
    savemat(
        kit / "cars_test_annos.mat",
        {"annotations": structs([(1, 2, 3, 4, "00001.jpg")], [f for f in fields if f != "class"])},
    )
    for o in ("cars_train/00001.jpg", "cars_train/00002.jpg", "cars_test/00001.jpg"):
        picture(tmp_path / o)
    table = read_cars(tmp_path)
    assert (
        table.counts() == {"train": 2}
        and "no classes" in table.notes[0]
        and table.fnames()[0] == "cars_train/00001.jpg"
    )
    savemat(
        tmp_path / "cars_test_annos_withlabels.mat",
        {"annotations": structs([(1, 2, 3, 4, 3, "00001.jpg")], fields)},
    )
    table = read_cars(tmp_path)
    assert table.counts() == {"train": 2, "test": 1} and table.df.brand.iloc[-1] == "Rolls-Royce"
    (kit / "cars_meta.mat").unlink()
    with pytest.raises(FileNotFoundError, match="cars_meta.mat"):
        read_cars(tmp_path)


def test_cars_faults(tmp_path):
    with pytest.raises(FileNotFoundError, match="cars_annos.mat"):
        read_cars(tmp_path)
    with pytest.raises(ValueError, match="cars_annos.mat row 2: class is 6.*1 to 5"):
        read_cars(cars(tmp_path / "a", rows=((1, 0), (6, 0))))
    with pytest.raises(ValueError, match="cars_annos.mat row 1: test is 7"):
        read_cars(cars(tmp_path / "b", rows=((1, 7),)))
    with pytest.raises(ValueError, match="'Hummer' can't be read"):
        read_cars(cars(tmp_path / "c", rows=((1, 0),), names=["Hummer"]))
    with pytest.raises(FileNotFoundError, match="cars_annos.mat row 1.*000001.jpg"):
        read_cars(cars(tmp_path / "d", images=False))
    file = tmp_path / "cars_annos.mat"
    savemat(file, {"x": 1})
    with pytest.raises(ValueError, match="no variable 'class_names'; it has x"):
        read_cars(tmp_path)
    savemat(file, {"class_names": cells(NAMES), "annotations": structs([(1,)], ["fname"])})
    with pytest.raises(ValueError, match="no field 'relative_im_path'.*fname"):
        read_cars(tmp_path)
    savemat(file, {"class_names": cells(NAMES), "annotations": np.arange(3)})
    with pytest.raises(ValueError, match="no field"):
        read_cars(tmp_path)
    for raw in (b"", b"not a mat file at all" * 20):
        file.write_bytes(raw)
        with pytest.raises(ValueError, match="cars_annos.mat.*can't be read"):
            read_cars(tmp_path)


def test_class_names_by_position():
    assert parse_class_name("Land Rover Range Rover SUV 2012") == ("Land Rover", "SUV", 2012)
    assert parse_class_name("smart fortwo Convertible 2012") == ("smart", "Convertible", 2012)
    assert parse_class_name("New Make Model Coupe 1999", makes=["New Make"]) == (
        "New Make",
        "Coupe",
        1999,
    )
    for bad in (
        "",
        "Audi",
        "Audi 2012",
        "Audi TTS Coupe",
        "Aston Martin 2012",
        "Audi TTS Coupe 12",
    ):
        with pytest.raises(ValueError, match="can't be read|no body type"):
            parse_class_name(bad)


# ---------------------------------------------------------------- a plain folder


def folder(root, text, files=ABC, below="", name="labels.csv"):
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    for f in files:
        picture(root / below / f)
    return root


@pytest.mark.parametrize(
    "text,below",
    [
        ("fname,labels,split\na.jpg,polar bear|sky,train\nb.jpg,,val\nc.jpg,sky,test\n", ""),
        ("Image;Tags;Split\na.jpg;polar bear,sky;Train\nb.jpg;;valid\nc.jpg;sky;TEST\n", "images"),
        (
            'filename,label,split\na.jpg,"polar bear, sky",training\nb.jpg,"",dev\nc.jpg,sky,testing\n',
            "data/images",
        ),
        (
            "file\ttags\tsplit\na.jpg\tpolar bear; sky;\ttrain\nb.jpg\t\tvalidation\nc.jpg\tsky\ttest\n",
            "pictures",
        ),
    ],
)
def test_folder(tmp_path, text, below):
    table = read_folder(folder(tmp_path, text, below=below))
    assert table.labels() == [["polar bear", "sky"], [], ["sky"]] and list(table.df.split) == [
        "train",
        "valid",
        "test",
    ]
    assert table.root == tmp_path / below and all(p.is_file() for p in table.paths())
    assert (
        open_dataset(tmp_path).fnames()
        == open_dataset(tmp_path / "labels.csv").fnames()
        == table.fnames()
    )


def test_folder_without_split(tmp_path):
    names = [f"{i}.jpg" for i in range(50)]
    root = folder(
        tmp_path,
        "fname,labels\n" + "".join(f"{n},{'x y' if i % 2 else 'x'}\n" for i, n in enumerate(names)),
        names,
    )
    table = read_folder(root, seed=3)
    assert table.counts() == {"train": 30, "valid": 10, "test": 10} and table.targets("test").sum(
        0
    ).tolist() == [10, 5]
    assert (
        read_folder(root, seed=3).fnames("test") == table.fnames("test")
        and "no split" in table.notes[-1]
    )
    assert read_folder(root, sep=",").vocab == ["x", "x y"]


@pytest.mark.parametrize(
    "text,match",
    [
        ("fname,labels\na.jpg,x|y\nb.jpg,x;y\n", "unclear what separates.*sep="),
        ("fname,labels,split\na.jpg,x,holdout\n", "labels.csv row 2: the split is 'holdout'"),
        (
            "fname,labels,split,is_valid\na.jpg,x,train,0\n",
            "both a column split and a column is_valid",
        ),
        ("fname,image,labels\na.jpg,a.jpg,x\n", "fname and image could both.*--fname-column"),
        ("fname,dog,cat\na.jpg,5,7\n", "no column labels or"),
        ("title,labels\na,x\n", "no column fname,"),
        ("fname,labels\na.jpg,\nb.jpg,\n", "no row has a label"),
    ],
)
def test_folder_faults(tmp_path, text, match):
    with pytest.raises(ValueError, match=match):
        read_folder(folder(tmp_path, text))


def test_folder_needs_one_csv(tmp_path):
    with pytest.raises(FileNotFoundError, match="0 CSV files"):
        read_folder(tmp_path)
    folder(tmp_path, GOOD)
    folder(tmp_path, GOOD, name="other.csv")
    with pytest.raises(FileNotFoundError, match="2 CSV files.*labels.csv, other.csv"):
        read_folder(tmp_path)
    assert read_folder(tmp_path / "labels.csv").counts() == {"train": 2, "valid": 1}


# ---------------------------------------------------------------- recognising


def test_open_dataset_recognises(tmp_path):
    assert open_dataset(pascal(tmp_path / "p", GOOD, ABC)).fnames()[0] == "train/a.jpg"
    assert open_dataset(str(tmp_path / "p" / "train.csv")).name == "p"
    nus(tmp_path / "p" / "train.json", [("1.jpg", ["sky"])])  # fastai's PASCAL has JSON files too
    (tmp_path / "p" / "coco.json").write_text("{}")
    assert open_dataset(tmp_path / "p").fnames()[0] == "train/a.jpg"
    nus(tmp_path / "n" / "nus" / "train.json", [(f"{i}.jpg", ["sky"]) for i in range(10)])
    table = open_dataset(tmp_path / "n")
    assert (
        table.counts() == {"train": 8, "valid": 2}
        and table.root.name == "images"
        and "held out" in table.notes[-1]
    )
    assert open_dataset(movies(tmp_path / "m", many()), min_count=2).vocab == ["Comedy", "Drama"]
    assert (
        "type" in open_dataset(cars(tmp_path / "c", rows=((1, 0),) * 8 + ((2, 1),) * 2)).df.columns
    )


def test_open_dataset_refuses(tmp_path, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    for name, word in [
        ("pascal_2007", "train.csv"),
        ("nus_wide", "NUS-WIDE"),
        ("movie_posters", "MovieGenre.csv"),
        ("stanford_cars", "cars_annos.mat"),
    ]:
        with pytest.raises(FileNotFoundError, match=f"(?s)ownload .*{word}.*{name}.*layouts"):
            open_dataset(name)
        (tmp_path / "home" / name).mkdir()
        with pytest.raises(ValueError, match="(?s)nothing.*layouts"):
            open_dataset(name)
    with pytest.raises(FileNotFoundError, match="Did you mean 'postcards'"):
        open_dataset("postcard")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/notes.txt").write_text("x")
    with pytest.raises(ValueError, match="(?s)notes.txt.*PASCAL.*NUS-WIDE"):
        open_dataset(tmp_path / "odd")
    cars(pascal(tmp_path / "both", GOOD, ABC))
    with pytest.raises(ValueError, match="could be pascal or cars"):
        open_dataset(tmp_path / "both")
    (tmp_path / "odd/train.json").write_text('{"samples": [')
    with pytest.raises(ValueError, match="train.json row 1.*not valid JSON"):
        open_dataset(tmp_path / "odd")
    with pytest.raises(TypeError, match="min_count"):
        open_dataset("postcards", min_count=2)


def test_open_real_name(tmp_path, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    pascal(tmp_path / "pascal_2007", GOOD, ABC)
    assert open_dataset("pascal_2007").name == "pascal_2007"


# ---------------------------------------------------------------- looking


def test_show_images_and_counts(tmp_path):
    table = read_pascal(pascal(tmp_path, GOOD, ABC))
    fig = show_images(
        [*table.paths(), np.zeros((4, 4, 3), np.uint8)], [*table.labels(), "black"], ncols=3
    )
    assert len(fig.axes) == 6 and [ax.get_title() for ax in fig.axes[:4]] == [
        "dog, person",
        "sofa",
        "(no label)",
        "black",
    ]
    with pytest.raises(ValueError, match="1 images and 2 titles"):
        show_images(table.paths()[:1], ["a", "b"])
    with pytest.raises(ValueError, match="no images"):
        show_images([])
    ax = plot_label_counts(table, "train")
    assert [o.get_text() for o in ax.get_yticklabels()] == ["sofa", "person", "dog"]
    assert [p.get_width() for p in ax.patches] == [0, 1, 1]


# ---------------------------------------------------------------- drawn sets


def test_postcards(postcards, smoke):
    from mlc_course.postcards import LABELS

    assert postcards.vocab == sorted(LABELS) and len(postcards) == smoke.n_images
    assert postcards.splits == ["train", "valid", "test"] and decode_images(
        postcards.paths("test")[:4], 16
    ).shape == (4, 16, 16, 3)


@pytest.mark.parametrize("layout", ["pascal", "nus_wide", "movie_posters", "cars"])
def test_drawn_layouts(tmp_path, layout):
    from mlc_course.postcards import make_postcards

    root = make_postcards(tmp_path / layout, n=60, seed=3, size=48, layout=layout, progress=False)
    table = open_dataset(root, **({"min_count": 2} if layout == "movie_posters" else {}))
    assert table.splits == ["train", "valid", "test"] and table.verify().empty
    if layout == "cars":
        assert {"brand", "type", "year"} <= set(table.df.columns) and all(
            len(o) == 2 for o in table.labels()
        )


def test_drawn_layouts_hold_the_same_labels(tmp_path):
    from mlc_course.postcards import make_postcards

    a, b = (
        open_dataset(make_postcards(tmp_path / o, n=40, seed=3, size=48, layout=o, progress=False))
        for o in ("pascal", "nus_wide")
    )
    assert sorted(map(sorted, a.labels())) == sorted(map(sorted, b.labels()))


def test_out_of_domain_has_no_labels(smoke):
    table = open_dataset("postcards-ood", profile=smoke)
    assert table.splits == ["test"] and not table.targets().any() and table.targets().shape[1] == 20


@pytest.mark.parametrize(
    "name,splits",
    [
        ("postcards", 3),
        ("postcards-ood", 1),
        ("postcards-nus_wide", 3),
        ("postcards-movie_posters", 3),
        ("toy-cars", 3),
    ],
)
def test_drawn_names(tmp_path, monkeypatch, smoke, name, splits):
    from dataclasses import replace

    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    table = open_dataset(name, profile=replace(smoke, n_images=60, image_size=24))
    assert table.name == name and len(table.splits) == splits and tmp_path in table.root.parents
    assert load_image(table.paths()[0]).size[0] == 48 or name == "toy-cars"


def test_a_relative_root_survives_a_change_of_folder(tmp_path, monkeypatch):
    (tmp_path / "set" / "train").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "set" / "train" / "a.png")
    (tmp_path / "set" / "train.csv").write_text(
        "fname,labels,is_valid\na.png,cat,False\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    table = read_pascal("set")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert table.root.is_absolute() and decode_images(table.paths(), 4).shape == (1, 4, 4, 3)
