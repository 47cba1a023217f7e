"Postcards: what is drawn, how often, and that the files survive kills, damage and company."

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course.data import workers
from mlc_course.postcards import (
    CAR_CLASSES,
    HIDDEN,
    KINDS,
    LABELS,
    MAKES,
    PAINTERS,
    compose,
    compose_car,
    draw,
    draw_postcard,
    draw_unknown,
    keep,
    make_postcards,
    paint,
    paint_car,
    unknown,
    visible_share,
)
from mlc_course.postcards.files import split_of

QUIET = dict(progress=False, workers=1)
SMALL = dict(n=24, size=32, **QUIET)
LAYOUTS = ("pascal", "nus_wide", "movie_posters", "cars")


def rng_of(i, seed=42):
    return np.random.default_rng([seed, i])


def everything(root):
    return {
        f.relative_to(root).as_posix(): f.read_bytes() for f in Path(root).rglob("*") if f.is_file()
    }


@pytest.fixture(scope="module")
def scenes():
    return [compose(rng_of(i)) for i in range(4000)]


# what is drawn


def test_labels():
    assert LABELS == sorted(LABELS) == sorted(KINDS) and len(set(LABELS)) == 20
    assert all(o.isalpha() and o.islower() for o in LABELS)


def test_counts(scenes):
    counts = Counter(label for s in scenes for label in s.labels)
    share = {label: counts[label] / len(scenes) for label in LABELS}
    assert 1.4 <= sum(share.values()) <= 1.6
    assert 0.92 <= 1 - sum(share.values()) / len(LABELS) <= 0.93  # predicting nothing
    assert 0.03 <= np.mean([not s.labels for s in scenes]) <= 0.05
    assert 0.20 <= max(share.values()) <= 0.25 and 0.007 <= min(share.values()) <= 0.013
    tail = sorted(share.values())
    assert (
        tail[10] < 0.1 and tail[4] < 0.03
    )  # long: half the labels in under 10 %, a quarter in under 3 %


def test_scenery_decides(scenes):
    for s in scenes:
        if "boat" in s.labels:
            assert s.ground == "sea"
        if "stars" in s.labels:
            assert s.time == "night"
        if "sun" in s.labels:
            assert s.time != "night" and "moon" not in s.labels
        if "cactus" in s.labels:
            assert s.ground == "desert"
        if "snowman" in s.labels:
            assert s.ground == "snow"


def test_every_split_has_every_label(scenes):
    for split in ("train", "valid", "test"):
        assert {
            label for i, s in enumerate(scenes) if split_of(i) == split for label in s.labels
        } == set(LABELS)
    assert [split_of(i) for i in range(10)] == ["train"] * 3 + ["valid", "test"] + ["train"] * 3 + [
        "valid",
        "test",
    ]


def pixels(scene, items):
    return np.asarray(
        draw.paint_large(replace(scene, items=tuple(items)), 64, np.random.default_rng(0))[0],
        np.int16,
    )


def test_labelled_objects_can_be_seen(scenes):
    """Paint each picture without the things of one label: what changes is what can be seen of them.
    Compare with the things alone.
    """
    shares = []
    for scene in scenes[:60]:
        whole, bare = pixels(scene, scene.items), pixels(scene, ())
        assert set(scene.labels) == {o.kind for o in scene.items} & set(LABELS)
        for label in scene.labels:
            mine = [o for o in scene.items if o.kind == label]
            alone = (pixels(scene, mine) != bare).any(-1).sum()
            seen = (
                (pixels(scene, [o for o in scene.items if o.kind != label]) != whole).any(-1).sum()
            )
            inside = [
                max(0, min(r, 128) - max(left, 0))
                * max(0, min(b, 128) - max(t, 0))
                / ((r - left) * (b - t))
                for left, t, r, b in (o.box for o in mine)
            ]
            assert seen / alone * (1 if label in ("stars", "rainbow") else max(inside)) >= 0.45, (
                scene,
                label,
            )
            shares.append(seen / alone)
    assert len(shares) > 50 and np.median(shares) > 0.95


@given(st.integers(0, 2**40), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_any_scene(seed, i):
    a, b = compose(rng_of(i, seed)), compose(rng_of(i, seed))
    assert a == b
    assert a.labels == sorted({o.kind for o in a.items} & set(LABELS))
    for o in a.items:
        if o.kind not in ("stars", "rainbow") and o.kind in KINDS:
            assert visible_share(o, a.items, a.horizon) >= 1 - HIDDEN - 1e-9


@pytest.mark.parametrize("size", [32, 64, 100, 128])
def test_draw_postcard(size):
    image, labels = draw_postcard(rng_of(3), size)
    assert (
        image.size == (size, size) and image.mode == "RGB" and labels == compose(rng_of(3)).labels
    )
    assert (np.asarray(image) == np.asarray(draw_postcard(rng_of(3), size)[0])).all()
    assert np.asarray(image).std() > 5


def test_same_picture_at_any_size():
    for i in range(6):
        big, small = (paint(compose(rng_of(i)), s) for s in (128, 64))
        far = np.abs(
            np.asarray(big.resize((64, 64), Image.Resampling.BOX), float) - np.asarray(small, float)
        ).mean()
        assert far < 8, i


def test_unknown_pictures_have_no_known_thing(monkeypatch):
    for module in (draw, unknown):
        monkeypatch.setattr(
            module, "PAINTERS", {k: v for k, v in PAINTERS.items() if k not in LABELS}
        )  # a known thing would be a KeyError
    for i in range(40):
        assert draw_unknown(np.random.default_rng([42, i, 1]), 32).size == (32, 32)


def test_cars():
    names = list(CAR_CLASSES)
    assert names == sorted(names) and len(MAKES) >= 8
    makes = Counter(compose_car(np.random.default_rng([42, i, 2])).kind[1] for i in range(1500))
    assert set(makes) == set(MAKES) and min(makes.values()) < 0.05 * 1500 < max(makes.values())
    for name, (_, make, body, year) in CAR_CLASSES.items():
        assert (
            name.startswith(make + " ")
            and name.endswith(f" {body} {year}")
            and 2000 <= year <= 2012
        )
    last_match = {n: [m for m in MAKES if m in n][-1] for n in names}  # the way that must go wrong
    assert any(last_match[n] != CAR_CLASSES[n][1] for n in names) and any(" " in m for m in MAKES)
    car = compose_car(np.random.default_rng([42, 0, 2]))
    left, t, r, b, c = car.record(128)
    assert (
        paint_car(car, 128).size == (128, 96)
        and 1 <= left < r <= 128
        and 1 <= t < b <= 96
        and names[c - 1] == car.name
    )


# files


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    root = make_postcards(tmp_path / layout, layout=layout, **SMALL)
    assert root == (tmp_path / layout).resolve()
    files = everything(root)
    m = json.loads(files.pop("manifest.json"))
    assert set(m["files"]) == set(files) and m["spec"]["layout"] == layout
    images = [f for f in files if f.endswith(".jpg") and files[f]]
    for f in images:
        assert Image.open(root / f).convert("RGB").size[0] == 32
    assert not [f for f in os.listdir(tmp_path) if f not in (layout, layout + ".lock")]


def labels_of(i):
    return compose(rng_of(i)).labels


def test_pascal(tmp_path):
    pd = pytest.importorskip("pandas")
    root = make_postcards(tmp_path / "p", **SMALL)
    train, test = (pd.read_csv(root / f"{s}.csv", keep_default_na=False) for s in ("train", "test"))
    assert list(train.columns) == ["fname", "labels", "is_valid"] and list(test.columns) == [
        "fname",
        "labels",
    ]
    assert train.is_valid.tolist() == [i % 5 == 3 for i in range(24) if i % 5 != 4]
    for df in (train, test):
        for f, labels in zip(df.fname, df.labels):
            assert labels == " ".join(labels_of(int(f[:6])))
    assert (
        sorted(p.name for p in (root / "test").iterdir())
        == test.fname.tolist()
        == [f"{i:06d}.jpg" for i in range(4, 24, 5)]
    )


def test_nus_wide(tmp_path):
    root, seen = make_postcards(tmp_path / "n", layout="nus_wide", **SMALL), []
    for split in ("train", "valid", "test"):
        d = json.loads((root / f"{split}.json").read_text(encoding="utf-8"))
        assert d["labels"] == LABELS
        for s in d["samples"]:
            i = int(s["image_name"][:6])
            seen.append(i)
            assert (
                split_of(i) == split
                and s["image_labels"] == labels_of(i)
                and (root / "images" / s["image_name"]).is_file()
            )
    assert sorted(seen) == list(range(24))


def test_movie_posters(tmp_path):
    pd = pytest.importorskip("pandas")
    root = make_postcards(tmp_path / "m", layout="movie_posters", n=60, size=32, **QUIET)
    raw = (root / "MovieGenre.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    df = pd.read_csv(root / "MovieGenre.csv", encoding="ISO-8859-1", keep_default_na=False)
    assert (
        list(df.columns) == ["imdbId", "Imdb Link", "Title", "IMDB Score", "Genre", "Poster"]
        and df.imdbId.is_unique
        and len(df) == 60
    )
    assert (
        df.Genre[0].lower().split("|") == labels_of(0)
        and df.Title.str.contains("á").any()
        and df.Title.str.contains(",").any()
    )
    there = {int(p.stem): p.stat().st_size for p in (root / "posters").iterdir()}
    assert 0 < len(set(df.imdbId) - set(there)) < 5 and sum(s == 0 for s in there.values()) == 1


def test_cars_files(tmp_path):
    io = pytest.importorskip("scipy.io")
    root = make_postcards(tmp_path / "c", layout="cars", **SMALL)
    annos = io.loadmat(root / "cars_annos.mat", squeeze_me=True)
    names = [str(o) for o in io.loadmat(root / "cars_meta.mat", squeeze_me=True)["class_names"]]
    a = annos["annotations"]
    assert names == list(CAR_CLASSES) == [str(o) for o in annos["class_names"]] and len(a) == 24
    for i in range(24):
        car = compose_car(np.random.default_rng([42, i, 2]))
        assert (
            str(a["relative_im_path"][i]) == f"car_ims/{i + 1:06d}.jpg"
            and names[int(a["class"][i]) - 1] == car.name
        )
        assert [int(a[f"bbox_{o}"][i]) for o in ("x1", "y1", "x2", "y2")] == list(car.record(32))[
            :4
        ] and int(a["test"][i]) == (i % 5 == 4)


def test_readers_agree(tmp_path):
    tables = pytest.importorskip("mlc_course.tables")
    t = tables.read_pascal(make_postcards(tmp_path / "p", **SMALL), vocab=LABELS)
    assert tuple(t.splits) == ("train", "valid", "test")
    assert [labels_of(int(Path(f).stem)) for f in t.df.fname] == t.df["labels"].tolist()
    n = tables.open_dataset(make_postcards(tmp_path / "n", layout="nus_wide", **SMALL))
    assert n.targets("test").sum() == t.targets("test").sum()


def test_total_and_processes_change_nothing(tmp_path):
    few = everything(make_postcards(tmp_path / "few", n=12, size=32, **QUIET))
    many = everything(make_postcards(tmp_path / "many", n=70, size=32, progress=False, workers=3))
    for name in few:
        if name.endswith(".jpg"):
            assert few[name] == many[name], name
    one = everything(make_postcards(tmp_path / "one", n=70, size=32, **QUIET))
    assert one == many
    other = everything(make_postcards(tmp_path / "other", n=12, size=32, seed=43, **QUIET))
    assert all(few[f] != other[f] for f in few if f.startswith("train/"))


# damage


@pytest.fixture
def drawn(tmp_path):
    root = make_postcards(tmp_path / "set", **SMALL)
    return root, everything(root)


def stamps(root):
    return {f.name: f.stat().st_mtime_ns for f in root.rglob("*.jpg")}


def truncate(f):
    f.write_bytes(f.read_bytes()[:100])


def flip(f):
    b = bytearray(f.read_bytes())
    b[50] ^= 1
    f.write_bytes(bytes(b))


def grow(f):
    f.write_bytes(f.read_bytes() + b"x")


def remove(f):
    f.unlink()


@pytest.mark.parametrize("harm", [truncate, flip, grow, remove])
@pytest.mark.parametrize(
    "name", ["train/000001.jpg", "ood/000000.jpg", "train.csv", "manifest.json"]
)
def test_damage_is_put_right(drawn, harm, name):
    root, before = drawn
    for f in root.rglob("*.jpg"):
        os.utime(f, (1, 1))
    harm(root / name)
    harmed = (root / name).read_bytes() if name == "train.csv" and (root / name).exists() else None
    make_postcards(root, **SMALL)
    kept = (
        {"train.csv.edited": harmed} if harmed is not None else {}
    )  # a table may have been edited on purpose
    assert everything(root) == before | kept
    assert {k for k, v in stamps(root).items() if v > 2e9} == (
        {Path(name).name} & set(stamps(root))
    )  # the others weren't touched


def test_whole_set_is_left_alone(drawn, monkeypatch):
    root, before = drawn
    monkeypatch.setattr(keep, "_make", lambda *a: pytest.fail("drew again"))
    make_postcards(root, **SMALL)


def test_folder_removed(drawn):
    root, before = drawn
    shutil.rmtree(root / "train")
    assert everything(make_postcards(root, **SMALL)) == before


def test_other_parameters_replace(drawn):
    root, before = drawn
    make_postcards(root, **SMALL | dict(seed=7, n=18))
    assert len(list((root / "train").iterdir())) == 15 and not (root / "train/000020.jpg").exists()
    make_postcards(root, layout="cars", **SMALL)
    assert (root / "cars_meta.mat").is_file() and not (root / "train.csv").exists()
    make_postcards(root, **SMALL)
    assert everything(root) == before and sorted(os.listdir(root.parent)) == ["set", "set.lock"]


def test_files_of_others_are_kept(drawn):
    root, before = drawn
    (root / "thesis.txt").write_text("mine")
    make_postcards(root, **SMALL)  # the same set: nothing to do
    with pytest.raises(FileExistsError, match="thesis.txt.*Choose another folder"):
        make_postcards(root, **SMALL | dict(seed=1))
    (root / "manifest.json").unlink()
    with pytest.raises(FileExistsError, match="thesis.txt"):
        make_postcards(root, **SMALL)
    assert everything(root) == {k: v for k, v in before.items() if k != "manifest.json"} | {
        "thesis.txt": b"mine"
    }


def test_foreign_folders(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="x.txt"):
        make_postcards(tmp_path / "a", **SMALL)
    (tmp_path / "b.part").mkdir()
    (tmp_path / "b.part/y.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="y.txt"):
        make_postcards(tmp_path / "b", **SMALL)
    (tmp_path / "c").write_text("a file")
    with pytest.raises(FileExistsError, match="is a file"):
        make_postcards(tmp_path / "c", **SMALL)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.old").mkdir()
    (tmp_path / "empty.old/z.txt").write_text("mine")
    make_postcards(tmp_path / "empty", **SMALL)
    make_postcards(tmp_path / "empty", **SMALL | dict(seed=2))
    assert [
        f.read_text()
        for f in (tmp_path / "a/x.txt", tmp_path / "b.part/y.txt", tmp_path / "empty.old/z.txt")
    ] == ["mine"] * 3


# kills and company


class Stop(Exception):
    pass


def test_what_a_kill_left_is_drawn_anew(tmp_path, monkeypatch):
    whole = everything(make_postcards(tmp_path / "whole", n=80, size=32, **QUIET))
    real, drawn = keep.picture_bytes, []

    def dying(spec, what, i):
        if len(drawn) == 50:
            raise Stop
        drawn.append(i)
        return real(spec, what, i)

    monkeypatch.setattr(keep, "picture_bytes", dying)
    with pytest.raises(Stop):
        make_postcards(tmp_path / "set", n=80, size=32, **QUIET)
    assert not (tmp_path / "set").exists()
    left = sorted((tmp_path / "set.part").rglob("*.jpg"))
    assert len(left) == 50
    left[0].write_bytes(b"\0" * left[0].stat().st_size)  # a power cut
    monkeypatch.setattr(keep, "picture_bytes", real)
    assert everything(make_postcards(tmp_path / "set", n=80, size=32, **QUIET)) == whole
    assert not (tmp_path / "set.part").exists()


def test_half_drawn_set_of_other_parameters(tmp_path, monkeypatch):
    real = keep.tables_of
    monkeypatch.setattr(keep, "tables_of", lambda *a: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        make_postcards(tmp_path / "set", layout="cars", **SMALL)
    monkeypatch.setattr(keep, "tables_of", real)
    root = make_postcards(tmp_path / "set", **SMALL)
    assert everything(root) == everything(make_postcards(tmp_path / "fresh", **SMALL))


def test_half_a_deletion_of_a_half_drawn_set_is_known_as_ours(tmp_path, monkeypatch):
    def draw_half():
        monkeypatch.setattr(keep, "tables_of", lambda *a: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            make_postcards(tmp_path / "set", layout="cars", **SMALL)
        monkeypatch.undo()

    draw_half()
    monkeypatch.setattr(keep.shutil, "rmtree", lambda *a, **kw: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        make_postcards(tmp_path / "set", **SMALL)
    monkeypatch.undo()
    assert (tmp_path / "set.part/drawing.json").exists()
    make_postcards(tmp_path / "set", **SMALL)
    assert sorted(os.listdir(tmp_path)) == ["set", "set.lock"]


DRAW = (
    "import sys; from mlc_course.postcards import make_postcards\nmake_postcards(sys.argv[1], "
    "n=60, size=32, workers=int(sys.argv[2]))\nprint('done')"
)


def test_two_processes_at_once(tmp_path):
    script = tmp_path / "draw.py"
    script.write_text(
        DRAW, encoding="utf-8"
    )  # no `if __name__ == "__main__"`, and workers: must not run twice
    both = [
        subprocess.Popen(
            [sys.executable, script, tmp_path / "set", w],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for w in ("2", "1")
    ]
    for p in both:
        out, err = p.communicate(timeout=120)
        assert p.returncode == 0 and out.count("done") == 1 and "Traceback" not in err, err
    assert everything(tmp_path / "set") == everything(
        make_postcards(tmp_path / "alone", n=60, size=32, **QUIET)
    )
    assert not [f for f in os.listdir(tmp_path) if f.endswith(".part")]


def test_no_processes_to_be_had(tmp_path, monkeypatch):
    def none(*a, **kw):
        raise NotImplementedError("no semaphores")

    monkeypatch.setattr(workers, "ProcessPoolExecutor", none)
    root = make_postcards(tmp_path / "set", n=70, size=32, progress=False, workers=4)
    assert len(list(root.rglob("*.jpg"))) == 73


# errors


@pytest.mark.parametrize(
    "kwargs, error, words",
    [
        (dict(n=0), ValueError, "at least 1"),
        (dict(n=2.5), TypeError, "whole number"),
        (dict(n=True), TypeError, "whole number"),
        (dict(seed=-1), ValueError, "at least 0"),
        (dict(size=8), ValueError, "at least 16"),
        (dict(layout="coco"), ValueError, "choose pascal"),
    ],
)
def test_bad_arguments(tmp_path, kwargs, error, words):
    with pytest.raises(error, match=words):
        make_postcards(tmp_path / "x", **kwargs)
    assert not list(tmp_path.iterdir())


def test_disk_full(tmp_path, monkeypatch):
    monkeypatch.setattr(keep.shutil, "disk_usage", lambda p: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(OSError, match="is full.*Free some space"):
        make_postcards(tmp_path / "a", **SMALL)
    monkeypatch.undo()
    real = os.replace

    def full(part, path):
        if str(path).endswith(".jpg"):
            raise OSError(28, "No space left on device")
        return real(part, path)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="is full.*drawn anew"):
        make_postcards(tmp_path / "b", **SMALL)
    assert not list((tmp_path / "b.part").rglob("*.tmp"))


def test_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr(
        keep, "_make", lambda *a: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(PermissionError, match="can't be written to.*MLC_HOME"):
        make_postcards(tmp_path / "a", **SMALL)


def test_light_import():
    code = (
        "import sys, mlc_course.postcards; print([m for m in ('torch', 'tensorflow', 'fastai', "
        "'pandas', 'matplotlib', 'scipy', 'sklearn') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
