"""One data object: what it holds and refuses, and that a run of train -> export opens each file
once.
"""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from mlc_course import Decoded, decode
from mlc_course.data.decoded import decode_split
from mlc_course.predictor import data_checksum
from mlc_course.tables import decode_images


@pytest.fixture(scope="module")
def data(squares):
    return decode(squares, 16)


def test_it_holds_what_the_table_says(squares, data):
    np.testing.assert_array_equal(data.images, decode_images(squares, 16))
    np.testing.assert_array_equal(data.targets, squares.targets())
    assert (data.fnames, data.vocab, data.splits, data.labels()) == (
        squares.fnames(),
        squares.vocab,
        squares.splits,
        squares.labels(),
    )
    assert (
        data.is_of(squares)
        and not data.is_of(squares.subset("train"))
        and data.paths() == squares.paths()
    )
    assert decode(data, 16) is data


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_split_is_the_tables(squares, data, split):
    part = data.split(split)
    np.testing.assert_array_equal(part.images, decode_images(squares.paths(split), 16))
    np.testing.assert_array_equal(part.targets, squares.targets(split))
    np.testing.assert_array_equal(part.images, decode_split(squares, split, 16).images)
    assert part.fnames == squares.fnames(split) and part.splits == [split]
    assert part.checksum() == data_checksum(squares, split)
    probs = np.full(part.targets.shape, 0.5, np.float32)
    found = part.predictions(probs)
    assert list(found.fnames) == part.fnames and list(found.vocab) == data.vocab


def test_rows_that_follow_each_other_share_their_pixels(data):
    assert np.shares_memory(data.take(np.arange(3, 9)).images, data.images)
    assert len(data.take([])) == 0


def test_of_arrays_alone():
    data = Decoded(
        np.zeros((3, 8, 8, 3), np.uint8),
        [[1, 0], [0, 0], [0, 1]],
        ["a", "b", "c"],
        ["x", "y"],
        ["train", "train", "valid"],
    )
    assert (
        data.labels() == [["x"], [], ["y"]]
        and data.frame()["labels"].tolist() == data.labels()
        and data.checksum() is None
    )
    assert "2 train, 1 valid" in repr(data)


def test_refusals(squares, data):
    for ask in (data.split, data.rows, lambda s: decode_split(squares, s, 16)):
        with pytest.raises(
            ValueError, match="'squares' has no split 'dev'; it has train, valid, test"
        ):
            ask("dev")
    with pytest.raises(
        ValueError, match=r"decoded at 16 pixels, and 32 are asked for.*decode\(table, 32\)"
    ):
        decode(data, 32)
    with pytest.raises(ValueError, match="another order"):
        data.require(["red", "green", "blue"])
    with pytest.raises(TypeError, match=r"uint8 \[N, S, S, 3\]"):
        Decoded(data.images / 255, data.targets, data.fnames, data.vocab, data.split_of)
    with pytest.raises(ValueError, match="one column for each of 2"):
        Decoded(data.images, data.targets, data.fnames, ["a", "b"], data.split_of)
    with pytest.raises(ValueError, match="one of each per image"):
        Decoded(data.images, data.targets, data.fnames[1:], data.vocab, data.split_of)


COUNTED = """
import sys
root, opened = sys.argv[1], []
def hook(event, args):
    if event == "open" and isinstance(args[0], str):
        if args[0].startswith(root) and args[0].endswith(".png"):
            opened.append(args[0])
sys.addaudithook(hook)
from mlc_course.tools.cli import main
given = ["--framework", sys.argv[2], "--out", sys.argv[3], "--epochs", "1", "--profile", "smoke"]
code = main(["train", root, *given])
print("OPENED", *opened)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def folder(squares, tmp_path_factory):
    "Few images, as `mlc train` takes them."
    import shutil

    root = tmp_path_factory.mktemp("few")
    some = squares.subset(np.arange(50))
    for p in some.paths():
        shutil.copy(p, root)
    rows = [
        f"{f},{' '.join(o)},{s == 'valid'}"
        for f, o, s in zip(some.fnames(), some.labels(), some.df["split"])
    ]
    (root / "train.csv").write_text("\n".join(["fname,labels,is_valid", *rows]) + "\n")
    return root


@pytest.mark.parametrize("framework", ["torch", "fastai", "tensorflow"])
def test_train_and_export_open_each_file_once(folder, tmp_path, monkeypatch, framework):
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    for out in ("cold", "warm"):
        done = subprocess.run(
            [sys.executable, "-c", COUNTED, str(folder), framework, str(tmp_path / out)],
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0 and (tmp_path / out / "predictor.json").is_file(), (
            done.stdout + done.stderr
        )
        counts = Counter(done.stdout.split("OPENED")[1].split())
        assert len(counts) == 50 and set(counts.values()) == {1}, counts.most_common(3)
