"Tar shards: every row once, whoever reads; damage is named; an epoch is taken up in its middle."

import json
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course.data.pictures import square_pixels
from mlc_course.data.table import ImageTable
from mlc_course.shards.manifest import ShardError, check_shards, read_manifest
from mlc_course.shards.plan import (
    reader_rows,
    rows_of_workers,
    shard_order,
    shuffle_reach,
    window_order,
)
from mlc_course.shards.read import ShardReader
from mlc_course.shards.write import write_shards

ODD = ["a/x.jpg", "b/x.jpg", "two.dots.in.it.jpg", "Ünïcödé 日本.jpg", "long" * 55 + ".jpg"]
VOCAB = ["sun", "sea", "a label, with commas"]


def make_table(root, n=53, split=None):
    rng = np.random.default_rng(0)
    names = (ODD + [f"{i}.jpg" for i in range(n)])[:n]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / name)
    labels = [[o for o in VOCAB if rng.random() < 0.4] for _ in names]
    splits = [split or ("valid" if i % 5 == 4 else "train") for i in range(n)]
    return ImageTable.from_lists(names, labels, root, splits, vocab=VOCAB, name="odd")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return make_table(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def written(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "shards"
    write_shards(table, folder, 7)
    return folder


@pytest.fixture
def copy(written, tmp_path):
    return shutil.copytree(written, tmp_path / "shards")


# ---- who reads what ----------------------------------------------------------------------------
@given(st.integers(0, 300), st.integers(1, 5), st.integers(1, 4), st.booleans())
@settings(deadline=None)
def test_every_row_once_over_ranks_and_workers(n, world, workers, even):
    rows = [
        list(reader_rows(n, r, world, w, workers, even))
        for r in range(world)
        for w in range(workers)
    ]
    flat = sorted(i for o in rows for i in o)
    assert flat == list(range(n - n % world if even else n))
    ranks = [sum(map(len, rows[r * workers : (r + 1) * workers])) for r in range(world)]
    assert max(ranks) - min(ranks) <= (0 if even else 1)


@given(st.integers(0, 200), st.integers(1, 50), st.integers(0, 9), st.integers(0, 210))
@settings(deadline=None)
def test_windows_give_every_row_once_and_can_be_resumed(n, buffer, epoch, start):
    whole = [i for _, order in window_order(range(n), buffer, 3, epoch) for i in order]
    assert sorted(whole) == list(range(n))
    assert shuffle_reach(n, buffer, 3, epoch) <= buffer - 1
    rest = [i for _, order in window_order(range(n), buffer, 3, epoch, start) for i in order]
    assert rest == whole[start:]


@given(st.integers(0, 90), st.integers(1, 4), st.integers(1, 9), st.data())
@settings(deadline=None)
def test_rows_of_workers_is_what_taking_turns_gives(n, workers, batch, data):
    lengths = [len(reader_rows(n, worker=w, workers=workers)) for w in range(workers)]
    left, order = list(lengths), []
    while any(left):
        for w in range(workers):
            order += [w] * min(batch, left[w])
            left[w] -= min(batch, left[w])
    rows = data.draw(st.integers(0, n))
    expected = [order[:rows].count(w) for w in range(workers)]
    assert rows_of_workers(rows, lengths, batch) == expected


def test_epochs_and_seeds_have_other_orders():
    orders = {tuple(shard_order(9, seed, epoch)) for seed in (0, 1) for epoch in (0, 1, 2)}
    assert len(orders) == 6
    assert shard_order(9, 0, 0, shuffle=False) == list(range(9))


# ---- what is written ---------------------------------------------------------------------------
def test_rows_are_the_tables(table, written):
    manifest = check_shards(written)
    assert manifest.vocab == VOCAB and manifest.counts() == table.counts()
    by_name = dict(zip(table.df["fname"], zip(table.df["labels"], table.df["split"])))
    seen = []
    for split in table.splits:
        for about, data in ShardReader(written, split, buffer=5).rows():
            assert (about["labels"], about["split"]) == by_name[about["fname"]]
            assert data == (table.root / about["fname"]).read_bytes()
            seen.append(about["fname"])
    assert sorted(seen) == sorted(table.df["fname"])


def test_the_package_webdataset_reads_them_as_its_users_write_it(table, written):
    wds = pytest.importorskip("webdataset")
    urls = [str(written / s.file) for s in read_manifest(written).of("train")]
    data = wds.WebDataset(urls, shardshuffle=False).decode("pil").to_tuple("jpg", "json")
    rows = list(data)
    assert sorted(o["fname"] for _, o in rows) == sorted(table.fnames("train"))
    image, about = rows[0]
    assert np.array_equal(image, Image.open(table.root / about["fname"]).convert("RGB"))


def test_two_runs_write_the_same_bytes(table, written, tmp_path):
    again = write_shards(table, tmp_path / "again", 7)
    assert again == read_manifest(written)


def test_decoded_once_gives_the_same_pixels(table, tmp_path):
    from mlc_course.shards.read import decoded

    write_shards(table, tmp_path / "small", 20, size=8)
    for row in ShardReader(tmp_path / "small", "train").rows():
        pixels, target = decoded(row, 8, VOCAB)
        assert np.array_equal(pixels, square_pixels(table.root / row[0]["fname"], 8))
        assert [v for v, t in zip(VOCAB, target) if t] == [
            v for v in VOCAB if v in row[0]["labels"]
        ]


def test_an_existing_folder_is_refused_unless_forced(table, copy, tmp_path):
    with pytest.raises(FileExistsError, match="--force"):
        write_shards(table, copy, 7)
    assert write_shards(table, copy, 20, force=True) == check_shards(copy)
    assert {p.name for p in tmp_path.iterdir()} == {"shards"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(FileExistsError, match="never replaced"):
        write_shards(table, tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


def test_a_failure_leaves_nothing_and_the_old_shards(copy, tmp_path):
    bad = make_table(tmp_path / "bad", 9)
    (tmp_path / "bad" / "3.jpg").write_bytes(b"no image")
    before = read_manifest(copy)
    with pytest.raises(ValueError, match="3.jpg"):
        write_shards(bad, copy, 2, size=8, force=True)
    assert check_shards(copy) == before
    assert {p.name for p in tmp_path.iterdir()} == {"shards", "bad"}


def test_a_killed_run_is_cleared(table, tmp_path):
    code = (
        "import os, sys; from mlc_course.shards import write; from mlc_course import read_folder\n"
        "one, n = write._write_one, []\n"
        "def kill(*a):\n    n.append(one(*a))\n    if len(n) == 3:\n        os._exit(9)\n"
        "    return n[-1]\n"
        "write._write_one = kill\n"
        "from mlc_course.data.table import ImageTable\n"
        "t = ImageTable.from_lists([f'{i}.jpg' for i in range(20)], [['a']] * 20, sys.argv[1])\n"
        "write.write_shards(t, sys.argv[2], 2)\n"
    )
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", code, str(table.root), str(out)])
    assert done.returncode == 9 and not out.exists() and list(tmp_path.glob("out.*.part"))
    write_shards(table, out, 20)
    check_shards(out)
    assert {p.name for p in tmp_path.iterdir()} <= {"out"}


def test_a_kill_between_the_two_renames_loses_no_shards(table, copy, tmp_path):
    copy.rename(tmp_path / "shards.old")  # what such a kill leaves of the old ones
    with pytest.raises(FileExistsError, match="--force"):
        write_shards(table, copy, 20)
    assert check_shards(copy).shards[0].rows == 7
    write_shards(table, copy, 20, force=True)
    assert check_shards(copy).shards[0].rows == 20
    assert {p.name for p in tmp_path.iterdir()} == {"shards"}


def test_a_second_writer_is_refused_and_leaves_the_firsts_lock(table, tmp_path):
    lock = FileLock(tmp_path / ".out.lock")
    with lock:
        with pytest.raises(FileExistsError, match="Another process"):
            write_shards(table, tmp_path / "out", 20)
        assert (tmp_path / ".out.lock").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("per_shard", [0, -1, 2.5, True])
def test_per_shard_is_a_whole_number(table, tmp_path, per_shard):
    with pytest.raises(ValueError, match="per_shard"):
        write_shards(table, tmp_path / "x", per_shard)


# ---- damage ------------------------------------------------------------------------------------
def read_all(folder):
    for split in read_manifest(folder).counts():
        list(ShardReader(folder, split).rows())


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swap(path):
    other = path.with_name("train-000003.tar")
    one, two = path.read_bytes(), other.read_bytes()
    path.write_bytes(two)
    other.write_bytes(one)


DAMAGE = {
    "flip": (flip, "checksum"),
    "cut": (lambda p: p.write_bytes(p.read_bytes()[:-600]), "cut short"),
    "empty": (lambda p: p.write_bytes(b""), "cut short"),
    "swap": (swap, "swapped"),
    "missing": (lambda p: p.unlink(), "missing"),
    "longer": (lambda p: p.write_bytes(p.read_bytes() + b"\0" * 512), "damaged or changed"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("reads", [read_all, check_shards])
def test_damage_is_named(copy, kind, reads):
    damage, said = DAMAGE[kind]
    damage(copy / "train-000001.tar")
    with pytest.raises(ShardError, match=said) as e:
        reads(copy)
    assert "train-00000" in str(e.value)


def test_a_shard_of_another_set_is_named(copy, tmp_path):
    other = make_table(tmp_path / "other", 40, "train")
    write_shards(other, tmp_path / "b", 7, seed=1)
    shutil.copy(tmp_path / "b" / "train-000002.tar", copy / "train-000002.tar")
    with pytest.raises(ShardError, match="train-000002.tar.*another set"):
        read_all(copy)
    shutil.copy(tmp_path / "b" / "train-000002.tar", copy / "more.tar")
    shutil.copy(tmp_path / "b" / "shards.json", copy / "shards.json")
    with pytest.raises(ShardError):
        check_shards(copy)


def test_an_extra_file_is_named(copy):
    shutil.copy(copy / "train-000000.tar", copy / "train-000000 (1).tar")
    with pytest.raises(ShardError, match="doesn't list"):
        check_shards(copy)


@pytest.mark.parametrize("change", ["rows", "cut", "kind"])
def test_a_wrong_list_is_refused(copy, change):
    path = copy / "shards.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    if change == "rows":
        content["shards"][0]["rows"] += 1
    if change == "kind":
        content = ["something", "else"]
    text = json.dumps(content)
    path.write_text(text[:-40] if change == "cut" else text)
    with pytest.raises(ShardError, match="shards.json is damaged"):
        read_manifest(copy)


def test_a_folder_without_a_list_is_told_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="mlc shard"):
        read_manifest(tmp_path)


def test_keys_are_safe_whatever_the_names(written):
    with tarfile.open(written / "train-000000.tar") as tar:
        assert all(n.count(".") == 1 and n.isascii() and len(n) < 20 for n in tar.getnames())


# ---- the command -------------------------------------------------------------------------------
def test_the_command_says_what_it_wrote(table, tmp_path, capsys):
    from mlc_course.data.writers import to_csv
    from mlc_course.tools import cli

    to_csv(make_table(tmp_path / "images", 20), tmp_path / "images" / "labels.csv")
    args = ["shard", str(tmp_path / "images" / "labels.csv"), "--out", str(tmp_path / "out")]
    assert cli.main([*args, "--per-shard", "6"]) == 0
    assert "20 images" in capsys.readouterr().out
    assert sum(check_shards(tmp_path / "out").counts().values()) == 20
    assert cli.main(args) == 1 and "--force" in capsys.readouterr().err
    assert cli.main([*args, "--force", "--size", "8"]) == 0
    assert read_manifest(tmp_path / "out").size == 8


def test_mlc_data_describes_shards(written, copy, capsys):
    from mlc_course.tables import open_dataset
    from mlc_course.tools import cli

    assert cli.main(["data", str(written)]) == 0
    out = capsys.readouterr().out
    assert "53 images" in out and "3 labels" in out and "Every shard is as it was" in out
    flip(copy / "valid-000000.tar")
    assert cli.main(["data", str(copy), "--no-verify"]) == 0
    assert cli.main(["data", str(copy)]) == 1
    assert "valid-000000.tar" in capsys.readouterr().err
    with pytest.raises(ValueError, match="ShardImages"):
        open_dataset(written)
