"""A drawn set after kills at every step, edited tables, folders that can't be written to, workers
without a parent.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlc_course.data import drawn_sets, workers
from mlc_course.data.workers import in_processes
from mlc_course.postcards import keep, make_postcards

TINY = dict(n=6, size=16, progress=False, workers=1)
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def everything(root):
    return {
        f.relative_to(root).as_posix(): f.read_bytes() for f in Path(root).rglob("*") if f.is_file()
    }


# ---- kills -------------------------------------------------------------------------------------
STEPS = ("replace", "rename", "unlink", "rmdir", "mkdir")


def killed_before_step(k, work):
    """Run `work` in a process that kills itself just before its k-th change of the file system;
    False if it came to its end.
    """
    child = os.fork()
    if child == 0:
        done = [0]

        def wrap(real):
            def step(*args, **kwargs):
                done[0] += 1
                if done[0] == k:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)

            return step

        for name in STEPS:
            setattr(os, name, wrap(getattr(os, name)))
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def kill_everywhere(tmp_path, begin, work, check):
    """Kill `work` before each of its steps in turn, each time from the state `begin` makes, then
    `check` what is left.
    """
    k = 0
    while True:
        k += 1
        place = tmp_path / str(k)
        place.mkdir()
        begin(place)
        killed = killed_before_step(k, lambda: work(place))
        check(place)
        shutil.rmtree(place)
        if not killed:
            return k - 1


@forks
@pytest.mark.parametrize("then", ["new", "old"])
def test_a_kill_at_any_step_of_replacing_a_set_leaves_nothing_behind(tmp_path, then):
    args = {"old": TINY, "new": TINY | dict(seed=5)}
    whole = {k: everything(make_postcards(tmp_path / k, **v)) for k, v in args.items()}

    def check(place):
        make_postcards(place / "set", **args[then])
        assert everything(place / "set") == whole[then]
        rest = set(os.listdir(place)) - {"set", "set.lock"}
        assert rest <= (
            {"set.part"} if then == "old" else set()
        )  # half of the other set, until it is asked for

    n = kill_everywhere(
        tmp_path,
        lambda place: shutil.copytree(tmp_path / "old", place / "set"),
        lambda place: make_postcards(place / "set", **args["new"]),
        check,
    )
    assert n > 20


@forks
def test_a_kill_at_any_step_of_drawing_or_mending_leaves_nothing_behind(tmp_path):
    whole = everything(make_postcards(tmp_path / "whole", **TINY))

    def check(place):
        make_postcards(place / "set", **TINY)
        assert everything(place / "set") == whole and sorted(os.listdir(place)) == [
            "set",
            "set.lock",
        ]

    draw = lambda place: make_postcards(place / "set", **TINY)
    (tmp_path / "a").mkdir()
    assert kill_everywhere(tmp_path / "a", lambda place: None, draw, check) > 10

    def harmed(place):
        shutil.copytree(tmp_path / "whole", place / "set")
        for name in ("train/000001.jpg", "test/000004.jpg", "train.csv"):
            (place / "set" / name).unlink()

    (tmp_path / "b").mkdir()
    assert kill_everywhere(tmp_path / "b", harmed, draw, check) > 3


@forks
def test_between_the_two_renames_the_next_call_names_the_old_set_back_first(tmp_path, monkeypatch):
    root = make_postcards(tmp_path / "set", **TINY)
    before = everything(root)
    real, count = os.rename, [0]

    def work():
        def second(*args, **kwargs):
            count[0] += 1
            if count[0] == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        os.rename = second
        make_postcards(root, **TINY | dict(seed=5))

    assert killed_before_step(-1, work) and not root.exists()
    monkeypatch.setattr(keep, "picture_bytes", lambda *a: pytest.fail("drew again"))
    assert everything(make_postcards(root, **TINY)) == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_remains_of_kills_are_cleared_and_files_of_others_are_not(tmp_path):
    root = make_postcards(tmp_path / "set", **TINY)
    before = everything(root)
    (root / "train/.000001.jpg.123.tmp").write_bytes(b"half")
    (root / ".manifest.json.99.tmp").write_bytes(b"half")
    foreign = [
        root / "train/.notes.123.tmp",
        root / ".vacation.jpg.5.tmp",
        tmp_path / ".set.backup1/x.txt",
        tmp_path / ".set.abcdefgh/thesis.txt",
        tmp_path / ".sets.abcdefgh/set/a",
    ]
    for p in foreign:
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text("mine")
    shutil.copytree(root, tmp_path / ".set.aaaaaaaa/set")  # as an earlier version left it
    shutil.copytree(root, tmp_path / ".set.bbbbbbbb/set")
    (tmp_path / ".set.bbbbbbbb/set/thesis.txt").write_text("mine")
    (tmp_path / ".set.cccccccc").mkdir()
    make_postcards(root, **TINY)
    assert not (tmp_path / ".set.aaaaaaaa").exists() and not (tmp_path / ".set.cccccccc").exists()
    assert (tmp_path / ".set.bbbbbbbb/set/thesis.txt").exists() and all(
        p.read_text() == "mine" for p in foreign
    )
    assert {k: v for k, v in everything(root).items() if not k.endswith(".tmp")} == before
    assert sorted(k for k in everything(root) if k.endswith(".tmp")) == [
        ".vacation.jpg.5.tmp",
        "train/.notes.123.tmp",
    ]


def test_a_set_that_is_set_aside_comes_back_when_the_new_one_cannot_be_named(tmp_path, monkeypatch):
    root, part = make_postcards(tmp_path / "set", **TINY), tmp_path / "set.part"
    before = everything(root)
    with pytest.raises(FileNotFoundError):
        drawn_sets.replace_set(part, root)  # there is no such folder
    assert everything(root) == before and sorted(os.listdir(tmp_path)) == ["set", "set.lock"]


def test_manifest_and_tables_are_on_the_disk_before_they_have_their_names(tmp_path, monkeypatch):
    synced, named = [], []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os,
        "fsync",
        lambda fd: (
            synced.append(os.readlink(f"/proc/self/fd/{fd}") if sys.platform == "linux" else ""),
            fsync(fd),
        )[1],
    )

    def naming(a, b):
        named.append((Path(b).name, any(s == str(a) for s in synced)))
        return replace(a, b)

    monkeypatch.setattr(os, "replace", naming)
    make_postcards(tmp_path / "set", **TINY)
    if sys.platform == "linux":
        assert {n for n, s in named if s} == {"manifest.json", "train.csv", "test.csv", "ood.csv"}


# ---- tables that were edited -------------------------------------------------------------------
@pytest.mark.parametrize(
    "layout, table",
    [
        ("pascal", "train.csv"),
        ("nus_wide", "valid.json"),
        ("movie_posters", "MovieGenre.csv"),
        ("cars", "cars_annos.mat"),
    ],
)
def test_an_edited_table_is_restored_kept_and_said(tmp_path, capsys, layout, table):
    root = make_postcards(tmp_path / "set", layout=layout, **TINY)
    before = everything(root)
    edits = [before[table] + b"mine\n", before[table][:-9], before[table] + b"mine\n"]
    for edit in edits:
        (root / table).write_bytes(edit)
        make_postcards(root, layout=layout, **TINY)
        said = capsys.readouterr().err
        assert (
            str(root / table) in said
            and f"{table}.edited" in said
            and "drawn table takes its place" in said
        )
    assert everything(root) == before | {f"{table}.edited": edits[0], f"{table}.edited-2": edits[1]}
    make_postcards(root, layout=layout, **TINY)
    assert not capsys.readouterr().err


def test_an_edited_table_survives_a_lost_manifest_and_another_set(tmp_path, capsys):
    root = make_postcards(tmp_path / "set", **TINY)
    mine = (root / "train.csv").read_bytes().replace(b"False", b"True")
    (root / "train.csv").write_bytes(mine)
    (root / "manifest.json").unlink()
    make_postcards(root, **TINY)
    assert (root / "train.csv.edited").read_bytes() == mine
    (root / "train.csv.edited").unlink()
    (root / "train.csv").write_bytes(mine)
    make_postcards(root, **TINY | dict(seed=5))
    assert (root / "train.csv.edited").read_bytes() == mine
    assert {k: v for k, v in everything(root).items() if k != "train.csv.edited"} == everything(
        make_postcards(tmp_path / "other", **TINY | dict(seed=5))
    )
    with pytest.raises(FileExistsError, match="train.csv.edited"):
        make_postcards(root, **TINY | dict(seed=6))


@pytest.mark.parametrize("rest", [b"", b"\0" * 200])
def test_a_table_that_a_power_cut_emptied_is_no_edit(tmp_path, capsys, rest):
    root = make_postcards(tmp_path / "set", **TINY)
    before = everything(root)
    (root / "train.csv").write_bytes(rest)
    assert everything(make_postcards(root, **TINY)) == before and not capsys.readouterr().err


# ---- folders that can't be written to ----------------------------------------------------------
def test_a_whole_set_is_read_without_a_lock(tmp_path, monkeypatch):
    root = make_postcards(tmp_path / "set", **TINY)
    monkeypatch.setattr(keep, "file_lock", lambda *a: pytest.fail("took the lock"))
    assert make_postcards(root, **TINY) == root


def test_a_whole_set_with_remains_is_read_where_nothing_can_be_written(tmp_path, monkeypatch):
    root = make_postcards(tmp_path / "set", **TINY)
    (root / "train/.000001.jpg.123.tmp").write_bytes(b"half")

    def no(*a, **kw):
        raise PermissionError(13, "Permission denied", str(root) + ".lock")

    monkeypatch.setattr(keep, "file_lock", no)
    assert make_postcards(root, **TINY) == root
    (root / "train/000001.jpg").unlink()
    with pytest.raises(PermissionError, match="can't be written to.*MLC_HOME"):
        make_postcards(root, **TINY)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "/dev/shm/psm"),
        OSError(30, "Read-only file system", "/dev/shm/psm"),
        OSError(28, "No space left", "/elsewhere/x"),
    ],
)
def test_an_error_of_another_place_does_not_blame_the_data_folder(tmp_path, monkeypatch, error):
    monkeypatch.setattr(keep, "_make", lambda *a: (_ for _ in ()).throw(error))
    with pytest.raises(OSError) as e:
        make_postcards(tmp_path / "set", **TINY)
    assert "MLC_HOME" not in str(e.value) and e.value.filename == error.filename


# ---- processes ---------------------------------------------------------------------------------
def double(x):
    return 2 * x


def refuse(x):
    raise PermissionError(13, "Permission denied", "/data/x")


def die(x):
    os._exit(3)


def die_unless_parent(parent, x):
    return 2 * x if os.getpid() == parent else os._exit(3)


@pytest.mark.parametrize(
    "error",
    [
        OSError(30, "Read-only file system"),
        PermissionError(13, "Permission denied"),
        FileNotFoundError(2, "No such file"),
        ImportError("sem_open"),
        NotImplementedError(),
        RuntimeError("can't start new thread"),
    ],
)
@pytest.mark.parametrize("where", ["made", "submit"])
def test_without_processes_the_work_is_done_here(monkeypatch, error, where):
    class Pool:
        def __init__(self, *a):
            if where == "made":
                raise error

        def submit(self, *a):
            raise error

        def shutdown(self, **kw):
            pass

    monkeypatch.setattr(workers, "ProcessPoolExecutor", Pool)
    main = dict(vars(sys.modules["__main__"]))
    assert sorted(in_processes(double, [1, 2, 3], 2)) == [(0, 2), (1, 4), (2, 6)]
    assert {k: main.get(k) for k in ("__file__", "__spec__")} == {
        k: vars(sys.modules["__main__"]).get(k) for k in ("__file__", "__spec__")
    }


def test_workers_that_die_are_replaced_by_this_process():
    from functools import partial

    assert sorted(in_processes(partial(die_unless_parent, os.getpid()), [1, 2, 3], 2)) == [
        (0, 2),
        (1, 4),
        (2, 6),
    ]


def test_an_error_of_the_work_itself_is_not_swallowed():
    with pytest.raises(PermissionError, match="Permission denied"):
        list(in_processes(refuse, [1, 2], 2))


def namespace(script, *args):
    "Run Python in a mount namespace of its own after the shell line `script`."
    return subprocess.run(
        [
            "unshare",
            "-rm",
            "sh",
            "-c",
            script + '; exec "$@"',
            "sh",
            sys.executable,
            *map(str, args),
        ],
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def mounts():
    if (
        sys.platform != "linux"
        or not shutil.which("unshare")
        or namespace("mount -t tmpfs none /mnt", "-c", "").returncode
    ):
        pytest.skip("no mount namespaces here")


DRAW = (
    "import sys; from mlc_course.postcards import make_postcards; make_postcards(sys.argv[1], "
    "n=80, size=16, progress=False, workers=2)"
)


@pytest.mark.parametrize("shm", ["mount -t tmpfs -o ro none /dev/shm", "mount -t tmpfs none /dev"])
def test_drawing_without_a_usable_dev_shm(tmp_path, mounts, shm):
    done = namespace(
        f"{shm}; mknod /dev/null c 1 3 2>/dev/null; true", "-c", DRAW, tmp_path / "set"
    )
    assert done.returncode == 0, done.stderr
    assert everything(tmp_path / "set") == everything(
        make_postcards(tmp_path / "here", n=80, size=16, progress=False, workers=1)
    )


@pytest.mark.slow
def test_a_shared_home_that_cannot_be_written_to_serves_its_sets(tmp_path, mounts, smoke):
    home = tmp_path / "home"
    code = (
        "from mlc_course import open_dataset, cached_pixels; t = open_dataset('postcards'); "
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    "
        "warnings.simplefilter('always'); _, x = cached_pixels(t.subset(range(20)), 32)\n"
        "print(len(t), x.shape, len(w), 'MLC_HOME' in str(w[0].message))"
    )
    env = dict(os.environ, MLC_HOME=str(home), MLC_PROFILE="smoke")
    first = subprocess.run(
        [
            sys.executable,
            "-c",
            "from mlc_course import open_dataset; print(len(open_dataset('postcards')))",
        ],
        capture_output=True,
        text=True,
        env=env,
    )
    assert first.returncode == 0 and len(os.listdir(home)) == 2, first.stderr
    read_only = (
        f"export MLC_HOME={home} MLC_PROFILE=smoke; mount --bind {home} {home} && mount -o "
        f"remount,bind,ro {home}"
    )
    done = namespace(read_only, "-c", code)
    assert done.returncode == 0 and done.stdout.split() == [
        first.stdout.strip(),
        "(20,",
        "32,",
        "32,",
        "3)",
        "1",
        "True",
    ], done.stderr
    other = namespace(
        read_only, "-c", "from mlc_course import open_dataset; open_dataset('toy-cars')"
    )
    assert (
        other.returncode
        and "can't be written to (Read-only file system). Set MLC_HOME" in other.stderr
    )


def children(pid):
    "Processes below `pid`, by their number."
    out, todo = set(), [pid]
    parents = {}
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                parents.setdefault(
                    int(p.joinpath("stat").read_text().rpartition(")")[2].split()[1]), []
                ).append(int(p.name))
            except OSError:
                pass
    while todo:
        for child in parents.get(todo.pop(), []):
            out.add(child)
            todo.append(child)
    return out


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
@pytest.mark.slow
def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    code = DRAW.replace("n=80, size=16", "n=20000, size=128")
    p = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "set")])
    try:
        for _ in range(600):
            if len(list((tmp_path / "set.part").rglob("*.jpg"))) > 40:
                break
            time.sleep(0.1)
        family = children(p.pid)
        assert len(family) >= 3  # two workers and the tracker of their semaphores
    finally:
        p.kill()
        p.wait()
    for _ in range(100):
        if not any(map(alive, family)):
            break
        time.sleep(0.1)
    assert not any(map(alive, family))


@pytest.mark.skipif(os.name != "posix", reason="Windows gives a process no new parent")
def test_a_child_of_subprocess_ends_with_its_parent(tmp_path):
    child = (
        "import os, sys, time; from mlc_course.data.workers import end_with_parent; "
        "end_with_parent(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(300)"
    )
    parent = (
        f"import os, subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, "
        "str(os.getpid())])"
    )
    p = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    pid = int(p.stdout.readline())
    p.kill()
    p.wait()
    gone = False
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            gone = True
        if gone or (sys.platform == "linux" and not alive(pid)):
            gone = True
            break
        time.sleep(0.1)
    assert gone
