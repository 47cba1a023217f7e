"What ends a training before its time: a key, the disk, the memory, a loss that is no number."

import errno
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc_course import whole_files
from mlc_course.interrupts import is_out_of_memory
from mlc_course.safety import (
    StopRequest,
    TrainingDiverged,
    ctrl_c,
    explain_memory,
    file_lock,
    is_leftover,
    progress_bar,
    recover,
    write_whole,
)

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def python(code, *args, **kwargs):
    "Run Python code in a process of its own."
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        **kwargs,
    )


# ---- Ctrl-C ------------------------------------------------------------------------------------


@pytest.fixture
def handler():
    "A handler of our own, which a test may replace; it is put back afterwards."
    before = signal.getsignal(signal.SIGINT)
    ours = lambda number, frame: pytest.fail("the signal reached the handler from before")
    signal.signal(signal.SIGINT, ours)
    yield ours
    signal.signal(signal.SIGINT, before)


def press():
    signal.raise_signal(signal.SIGINT)


def test_the_first_press_only_asks_the_second_interrupts(handler):
    with ctrl_c() as stop:
        assert isinstance(stop, StopRequest) and not stop
        press()
        assert stop and bool(stop) is True and stop.asked is True
        with pytest.raises(KeyboardInterrupt):
            press()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is handler


def test_each_use_starts_anew(handler):
    with ctrl_c() as first:
        press()
    with ctrl_c() as second:
        assert first and not second
    assert not StopRequest() and not StopRequest.asked


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()]
)
def test_the_handler_is_put_back_whatever_happens(handler, error):
    with pytest.raises(type(error)):
        with ctrl_c():
            raise error
    assert signal.getsignal(signal.SIGINT) is handler


def test_one_within_another(handler):
    with ctrl_c() as outer:
        mine = signal.getsignal(signal.SIGINT)
        with ctrl_c() as inner:
            press()
        assert inner and not outer and signal.getsignal(signal.SIGINT) is mine
        press()
        assert outer
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_process_that_ignores_ctrl_c_goes_on_ignoring_it(handler):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as under nohup, or in the background of a shell
    with ctrl_c() as stop:
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        press()
        press()
        assert not stop
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_handler_that_was_not_made_by_python_stays(monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda *args: pytest.fail("it could not be put back"))
    with ctrl_c() as stop:
        assert not stop


def test_the_default_action_is_put_back_too(handler):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with ctrl_c() as stop:
        press()
    assert stop and signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_in_a_thread_nothing_is_touched(handler):
    seen = []

    def work():
        with ctrl_c() as stop:
            seen.append((bool(stop), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, handler)]


LOOP = """
    import sys, time
    from mlc_course.safety import ctrl_c
    with ctrl_c() as stop:
        print("ready", flush=True)
        end = time.monotonic() + 30
        while time.monotonic() < end and not ({patient} and stop): time.sleep(.005)
    print("left cleanly" if stop else "never asked", flush=True)
"""


@posix
def test_a_real_press_in_a_process_of_its_own():
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LOOP.format(patient=True))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)
    assert out == "left cleanly\n" and child.returncode == 0


@posix
def test_a_second_real_press_ends_what_does_not_look():
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LOOP.format(patient=False))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert child.poll() is None  # once isn't enough
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=30)
    assert out == "" and "KeyboardInterrupt" in error and child.returncode != 0


# ---- a file or folder as a whole ---------------------------------------------------------------


def fill_folder(text, names=("a", "b/c")):
    def write(part):
        for n in names:
            (part / n).parent.mkdir(parents=True, exist_ok=True)
            (part / n).write_text(f"{text} {n}")

    return write


WRITE = {"file": lambda text: lambda part: part.write_text(text), "folder": fill_folder}


def content(path):
    return (
        path.read_text()
        if path.is_file()
        else {p.relative_to(path).as_posix(): p.read_text() for p in path.rglob("*") if p.is_file()}
    )


DEAD = "999999999-deadbeef"  # the number of no process


def content_of(kind, text):
    return text if kind == "file" else {n: f"{text} {n}" for n in ("a", "b/c")}


@pytest.fixture(params=["file", "folder"])
def kind(request):
    return request.param


def test_new_over_nothing_and_over_old(tmp_path, kind):
    path = tmp_path / "checkpoint"
    for text in ("one", "two", "three"):
        assert write_whole(path, WRITE[kind](text)) == path
        assert content(path) == content_of(kind, text) and os.listdir(tmp_path) == ["checkpoint"]


def test_a_path_may_be_text(tmp_path):
    assert write_whole(str(tmp_path / "x"), WRITE["file"]("1")) == tmp_path / "x"
    assert recover(str(tmp_path / "x")) == tmp_path / "x"


def test_no_file_of_the_old_folder_is_left_in_the_new_one(tmp_path):
    write_whole(tmp_path / "c", fill_folder("one", ["a", "b", "deep/er/c"]))
    write_whole(tmp_path / "c", fill_folder("two", ["b"]))
    assert content(tmp_path / "c") == {"b": "two b"}


def test_a_file_takes_the_place_of_a_folder(tmp_path):
    write_whole(tmp_path / "c", fill_folder("one"))
    write_whole(tmp_path / "c", WRITE["file"]("two"))
    assert content(tmp_path / "c") == "two" and os.listdir(tmp_path) == ["c"]


def test_a_folder_does_not_take_the_place_of_a_file(tmp_path):
    write_whole(tmp_path / "c", WRITE["file"]("one"))
    with pytest.raises(OSError):
        write_whole(tmp_path / "c", fill_folder("two"))
    assert content(tmp_path / "c") == "one" and os.listdir(tmp_path) == ["c"]


def test_while_it_writes_the_old_one_is_there(tmp_path, kind):
    path = write_whole(tmp_path / "c", WRITE[kind]("one"))

    def write(part):
        WRITE[kind]("two")(part)
        assert (
            part.parent == path.parent and part != path and content(path) == content_of(kind, "one")
        )

    write_whole(path, write)
    assert content(path) == content_of(kind, "two")


def test_what_an_earlier_kill_left_half_written_is_not_mixed_in(tmp_path, kind):
    (tmp_path / f"c.{DEAD}.part").mkdir()
    (tmp_path / f"c.{DEAD}.part" / "stale").write_text("half")
    write_whole(tmp_path / "c", WRITE[kind]("new"))
    assert content(tmp_path / "c") == content_of(kind, "new") and os.listdir(tmp_path) == ["c"]
    (tmp_path / f"d.{DEAD}.part").write_text("half")
    write_whole(tmp_path / "d", WRITE[kind]("new"))
    assert content(tmp_path / "d") == content_of(kind, "new") and sorted(os.listdir(tmp_path)) == [
        "c",
        "d",
    ]


def test_a_download_of_the_readers_beside_it_stays(tmp_path, kind):
    (tmp_path / "c.part").mkdir()
    (tmp_path / "c.part" / "film.mkv").write_text("mine")
    (tmp_path / "d.part").write_text("mine")
    for name in "cd":
        write_whole(tmp_path / name, WRITE[kind]("new"))
    assert (
        (tmp_path / "c.part" / "film.mkv").read_text()
        == (tmp_path / "d.part").read_text()
        == "mine"
    )


def test_a_file_of_the_reader_that_is_called_old_stays(tmp_path):
    (tmp_path / "vocab.json.old").write_text("mine")
    for text in "12":
        write_whole(tmp_path / "vocab.json", WRITE["file"](text))
    assert (tmp_path / "vocab.json.old").read_text() == "mine"


@posix
def test_a_link_is_not_followed_when_something_is_removed(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "x").write_text("keep")
    (tmp_path / "c").mkdir()
    (tmp_path / "c.old").symlink_to(tmp_path / "precious", target_is_directory=True)
    write_whole(tmp_path / "c", fill_folder("new"))
    assert (tmp_path / "precious" / "x").read_text() == "keep" and not (tmp_path / "c.old").exists()


ERRORS = [
    ValueError("no"),
    RuntimeError("no"),
    OSError(errno.EIO, "I/O error"),
    PermissionError(errno.EACCES, "no"),
    OSError("without a number"),
    KeyboardInterrupt(),
    SystemExit(1),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: f"{type(e).__name__}{e.args}")
@pytest.mark.parametrize("half", [False, True], ids=["at the start", "half way"])
@pytest.mark.parametrize("there", [False, True], ids=["nothing before", "one before"])
def test_other_errors_pass_through_and_the_old_one_stays(tmp_path, kind, error, half, there):
    path = tmp_path / "c"
    if there:
        write_whole(path, WRITE[kind]("one"))

    def write(part):
        if half:
            WRITE[kind]("two")(part)
        raise error

    with pytest.raises(type(error)) as e:
        write_whole(path, write)
    assert e.value is error
    assert os.listdir(tmp_path) == (["c"] if there else [])
    if there:
        assert content(path) == content_of(kind, "one")


FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EFBIG, "File too large"),
    RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
    RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed"),
    OSError(
        "Can't write data (file write failed: errno = 28, error message = 'No space left on "
        "device')"
    ),  # HDF5, without an errno
    RuntimeError(
        "Problems closing file (file write failed: errno = 28, error message = 'No space left "
        "on device')"
    ),
    type("SafetensorError", (Exception,), {})(
        'Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No space '
        'left on device" })'
    ),
    type("SafetensorError", (Exception,), {})(
        'I/O error: Os { code: 122, kind: QuotaExceeded, message: "Disk quota exceeded" }'
    ),
    type("ResourceExhaustedError", (Exception,), {})(
        "{{function_node x}} c/variables.data: No space left on device"
    ),
]


@pytest.mark.parametrize("error", FULL, ids=lambda e: type(e).__name__ + " " + str(e)[:24])
def test_a_full_disk_is_told_and_the_old_one_stays(tmp_path, kind, error):
    path = write_whole(tmp_path / "checkpoint", WRITE[kind]("one"))

    def write(part):
        WRITE[kind]("two")(part)
        raise error

    with pytest.raises(
        OSError, match=r"There is no room for checkpoint \(.*still good.*Make room.*resume=True"
    ) as e:
        write_whole(path, write)
    assert (
        e.value.errno == errno.ENOSPC
        and e.value.__cause__ is error
        and str(tmp_path) in e.value.strerror
    )
    assert content(path) == content_of(kind, "one") and os.listdir(tmp_path) == ["checkpoint"]


def test_a_full_disk_where_torch_writes(tmp_path):
    torch = pytest.importorskip("torch")
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    path = write_whole(tmp_path / "w.pt", lambda part: torch.save(torch.ones(3), part))

    def write(part):
        part.symlink_to("/dev/full")
        torch.save(torch.ones(300_000), part)

    with pytest.raises(OSError, match="There is no room for w.pt"):
        write_whole(path, write)
    assert torch.equal(torch.load(path), torch.ones(3)) and os.listdir(tmp_path) == ["w.pt"]


def failing_replace(monkeypatch, at, error):
    "os.replace, which raises when it is called for the `at`-th time."
    calls, real = [], os.replace

    def replace(a, b):
        calls.append((Path(a).name, Path(b).name))
        if len(calls) == at:
            raise error
        return real(a, b)

    monkeypatch.setattr(whole_files.os, "replace", replace)
    return calls


@pytest.mark.parametrize("at, kind", [(1, "file"), (1, "folder"), (2, "folder")])
@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "in use"),
        OSError(errno.ENOSPC, "No space left on device"),
        KeyboardInterrupt(),
        ValueError("odd"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_rename_that_fails_leaves_the_old_one(tmp_path, monkeypatch, at, kind, error):
    path = write_whole(tmp_path / "c", WRITE[kind]("one"))
    calls = failing_replace(monkeypatch, at, error)
    with pytest.raises(type(error) if error.args[:1] != (errno.ENOSPC,) else OSError):
        write_whole(path, WRITE[kind]("two"))
    assert len(calls) >= at
    monkeypatch.undo()
    assert content(path) == content_of(kind, "one") and os.listdir(tmp_path) == ["c"]
    write_whole(path, WRITE[kind]("three"))
    assert content(path) == content_of(kind, "three") and os.listdir(tmp_path) == ["c"]


def test_a_writer_that_writes_nothing_is_an_error(tmp_path, kind):
    path = write_whole(tmp_path / "c", WRITE[kind]("one"))
    with pytest.raises(FileNotFoundError):
        write_whole(path, lambda part: None)
    assert content(path) == content_of(kind, "one") and os.listdir(tmp_path) == ["c"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from mlc_course import whole_files
    path, at = Path(sys.argv[1]), int(sys.argv[2])
    real, calls = os.replace, []
    def replace(a, b):
        if len(calls) == at: os.kill(os.getpid(), signal.SIGKILL)
        calls.append(a)
        real(a, b)
    def remove(p, real=whole_files._remove):
        if len(calls) == at: os.kill(os.getpid(), signal.SIGKILL)
        real(p)
    whole_files.os.replace = replace
    if at == 2: whole_files._remove = lambda p: remove(p) if calls else None
    def write(part):
        if at < 0: part.mkdir(); (part/"a").write_text("half"); os.kill(os.getpid(), signal.SIGKILL)
        part.mkdir(); (part/"a").write_text("two a")
    whole_files.write_whole(path, write)
"""


@posix
@pytest.mark.parametrize(
    "at, left, after",
    [
        (-1, {"c", "c.part"}, "one"),
        (0, {"c", "c.part"}, "one"),
        (1, {"c.old", "c.part"}, "one"),
        (2, {"c", "c.old"}, "two"),
    ],
    ids=["while writing", "before the first rename", "between the two", "after the second"],
)
def test_killed_at_any_point_a_folder_can_be_recovered(tmp_path, at, left, after):
    path = write_whole(tmp_path / "c", fill_folder("one", ["a"]))
    done = python(KILLED, path, at)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert {
        re.sub(r"\.\d+-[0-9a-f]{8}", "", name) for name in os.listdir(tmp_path)
    } == left  # without the number of the process
    assert recover(path) == path and content(path) == {"a": f"{after} a"}
    recover(path)  # twice does no harm
    assert content(path) == {"a": f"{after} a"}
    write_whole(path, fill_folder("three", ["a"]))
    assert content(path) == {"a": "three a"} and os.listdir(tmp_path) == ["c"]


def test_writing_recovers_by_itself_first(tmp_path):
    (tmp_path / "c.old").mkdir()
    (tmp_path / "c.old" / "a").write_text("one a")  # as after a kill between the two renames
    with pytest.raises(ValueError):
        write_whole(tmp_path / "c", lambda part: int("x"))
    assert content(tmp_path / "c") == {"a": "one a"}


def test_recover_leaves_alone_what_needs_no_help(tmp_path):
    assert recover(tmp_path / "c") == tmp_path / "c" and os.listdir(tmp_path) == []
    (tmp_path / "c.old").write_text("a file, not a folder")
    recover(tmp_path / "c")
    assert os.listdir(tmp_path) == ["c.old"]
    (tmp_path / "d").mkdir()
    (tmp_path / "d.old").mkdir()
    (tmp_path / "d" / "new").write_text("")
    recover(tmp_path / "d")
    assert os.listdir(tmp_path / "d") == ["new"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["file", "folder"]),
            st.sampled_from(["whole", "half", "nothing", "replace 1", "replace 2"]),
        ),
        max_size=8,
    )
)
def test_any_history_leaves_the_last_whole_one(tmp_path_factory, history):
    folder = tmp_path_factory.mktemp("history")
    path, expected = folder / "c", None
    for n, (kind, fate) in enumerate(history):

        def write(part):
            if fate == "nothing":
                raise OSError(errno.ENOSPC, "full")
            WRITE[kind](str(n))(part)
            if fate == "half":
                raise RuntimeError("stopped")

        with pytest.MonkeyPatch.context() as m:
            if fate.startswith("replace"):
                failing_replace(m, int(fate[-1]), OSError(errno.EIO, "I/O error"))
            try:
                write_whole(path, write)
            except (OSError, RuntimeError):
                pass
            else:
                expected = content_of(kind, str(n))
    assert os.listdir(folder) == ([] if expected is None else ["c"])
    if expected is not None:
        assert content(path) == expected


WRITER = """
    import sys, time
    from pathlib import Path
    from mlc_course.safety import write_whole
    path, letter, end = Path(sys.argv[1]), sys.argv[2], time.monotonic() + float(sys.argv[3])
    n = 0
    while time.monotonic() < end:
        write_whole(path, lambda part: part.write_text(letter*(1000 + n % 7)))
        n += 1
    print(n)
"""


def test_writers_of_one_file_never_disturb_each_other_nor_a_reader(tmp_path):
    path = tmp_path / "c"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(path), o, "1.5"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for o in "ab"
    ]
    seen = set()
    while any(w.poll() is None for w in writers):
        if not path.exists():
            continue
        text = path.read_text()
        assert len(text) >= 1000 and len(set(text)) == 1, "a torn file"
        seen.add(text[0])
    for w in writers:
        out, error = w.communicate()
        assert w.returncode == 0 and int(out) > 3, error
    assert seen == {"a", "b"} and os.listdir(tmp_path) == ["c"]


def leftover(folder, name, pid, age=0):
    p = folder / f"{name}.{pid}-0123abcd.part"
    p.write_text("half")
    os.utime(p, (time.time() - age,) * 2)
    return p


@posix
def test_only_what_no_process_is_writing_is_cleared(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead, alive, old = (
        leftover(tmp_path, "c", gone.pid),
        leftover(tmp_path, "c", os.getppid()),
        leftover(tmp_path, "c", os.getpid(), 4000),
    )
    other, foreign = leftover(tmp_path, "d", gone.pid), tmp_path / "c.film.part"
    foreign.write_text("a download of the reader")
    assert [is_leftover(o) for o in (dead, alive, old, other, foreign)] == [
        True,
        False,
        True,
        True,
        False,
    ]
    write_whole(tmp_path / "c", lambda part: part.write_text("new"))
    assert {o.name for o in tmp_path.iterdir()} == {"c", alive.name, other.name, foreign.name}


@posix
def test_a_link_is_no_leftover(tmp_path):
    (tmp_path / "precious").write_text("keep")
    link = tmp_path / "c.999999999-0123abcd.part"
    link.symlink_to(tmp_path / "precious")
    assert not is_leftover(link)


def test_what_is_renamed_is_on_the_disk_before(tmp_path, monkeypatch, kind):
    order, sync, real = [], os.fsync, os.replace
    monkeypatch.setattr(whole_files.os, "fsync", lambda fd: (order.append("sync"), sync(fd)))
    monkeypatch.setattr(
        whole_files.os, "replace", lambda a, b: (order.append("rename"), real(a, b))
    )
    write_whole(tmp_path / "c", WRITE[kind]("one"))
    assert order == ["sync"] * (1 if kind == "file" else 4) + [
        "rename",
        "sync",
    ]  # every file and folder, then the name, then the folder that holds it


def test_what_to_do_after_a_full_disk_is_the_writers_word(tmp_path):
    def full(part):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"There is no room for plot.*then draw it again$") as e:
        write_whole(tmp_path / "plot", full, then="draw it again")
    assert "resume" not in str(e.value)


# ---- memory ------------------------------------------------------------------------------------


class OutOfMemoryError(RuntimeError):
    "As torch calls its own."


class ResourceExhaustedError(Exception):
    "As TensorFlow calls its own."


MEMORY = [
    MemoryError(),
    OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    ResourceExhaustedError("OOM when allocating tensor with shape[64,224,224,3]"),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("MPS backend out of memory (MPS allocated: 18 GB)"),
    RuntimeError(
        "[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."
    ),
    RuntimeError(
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 TB. Error code 12"
    ),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("unable to mmap 3 bytes from file </torch_1>: Cannot allocate memory (12)"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]


@pytest.mark.parametrize("error", MEMORY, ids=lambda e: f"{type(e).__name__} {str(e)[:30]}")
def test_every_framework_s_word_for_it_is_explained(smoke, error):
    with pytest.raises(
        MemoryError,
        match=r"batches of 48 pictures of 32 x 32 pixels with "
        rf"{smoke.arch}\. "
        r"Lower batch_size first, for example to 24, then image_size \(now 32\).*settings\.ini "
        r"under \[smoke\].*batch_size=24\)",
    ) as e:
        with explain_memory(replace(smoke, batch_size=48, image_size=32)):
            raise error
    assert e.value.__cause__ is error


def test_the_classes_are_recognised_with_their_real_names():
    torch = pytest.importorskip("torch")
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as e:
        torch.empty(2**60)
    assert is_out_of_memory(e.value), str(e.value)


def test_numpys_own_is_a_memory_error(smoke):
    np = pytest.importorskip("numpy")
    with pytest.raises(MemoryError, match="Lower batch_size"):
        with explain_memory(smoke):
            np.empty(2**61, np.uint8)


OTHERS = [
    ValueError("x"),
    RuntimeError("the shapes don't fit"),
    KeyboardInterrupt(),
    OSError(errno.ENOSPC, "No space left on device"),
    FileNotFoundError(errno.ENOENT, "no such file"),
    ValueError("out of memory of words"),
    ResourceExhaustedError("checkpoint/variables: No space left on device"),
    TrainingDiverged(3, 1),
]


@pytest.mark.parametrize("error", OTHERS, ids=lambda e: f"{type(e).__name__} {str(e)[:30]}")
def test_other_errors_pass_through_the_explanation(smoke, error):
    with pytest.raises(type(error)) as e:
        with explain_memory(smoke):
            raise error
    assert e.value is error


@pytest.mark.parametrize("batch, to", [(2, 1), (3, 1), (64, 32), (65, 32)])
def test_the_advice_is_a_batch_size_that_exists(smoke, batch, to):
    with pytest.raises(MemoryError, match=f"batch_size={to}\\)"):
        with explain_memory(replace(smoke, batch_size=batch)):
            raise MemoryError


def test_with_one_picture_a_batch_the_advice_is_another(smoke):
    with pytest.raises(
        MemoryError, match="Lower image_size first, for example to 16: .*image_size=16"
    ) as e:
        with explain_memory(replace(smoke, batch_size=1, image_size=32)):
            raise MemoryError
    assert "batch_size=" not in str(e.value)


def test_without_an_error_nothing_happens(smoke):
    with explain_memory(smoke) as nothing:
        assert nothing is None


# ---- a loss that is no number ------------------------------------------------------------------


def test_a_diverged_training_says_where_and_what_to_do():
    e = TrainingDiverged(73, 2)
    assert isinstance(e, RuntimeError) and (e.step, e.epoch) == (73, 2)
    assert (
        "step 73 (epoch 2)" in str(e)
        and "learning_rate" in str(e)
        and "--learning-rate" in str(e)
        and "checkpoint" not in str(e)
    )
    assert "The checkpoint run/checkpoint.pt is from before that and still good." in str(
        TrainingDiverged(5, 0, Path("run/checkpoint.pt"))
    )


def test_a_worker_process_can_send_it_home():
    e = pickle.loads(pickle.dumps(TrainingDiverged(73, 2, Path("run"))))
    assert (e.step, e.epoch, e.kept, str(e)) == (
        73,
        2,
        Path("run"),
        str(TrainingDiverged(73, 2, Path("run"))),
    )


# ---- what may be missing -----------------------------------------------------------------------


def test_two_processes_take_turns(tmp_path):
    code = """
        import sys, time
        from mlc_course.safety import file_lock
        with file_lock(sys.argv[1] + "/lock"):
            with open(sys.argv[1] + "/log", "a") as f: print("in", file=f)
            time.sleep(.1)
            with open(sys.argv[1] + "/log", "a") as f: print("out", file=f)
    """
    both = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)])
        for _ in range(3)
    ]
    assert [p.wait(60) for p in both] == [0, 0, 0]
    assert (tmp_path / "log").read_text().split() == ["in", "out"] * 3


def test_a_lock_takes_a_path_or_text(tmp_path):
    for path in (tmp_path / "a", str(tmp_path / "b")):
        with file_lock(path):
            assert Path(path).exists()


def test_a_bar_counts(capsys):
    with progress_bar(3, desc="three", file=sys.stdout) as bar:
        for _ in range(3):
            bar.update()
        assert bar.n == 3 and not bar.disable
    assert "three: 100%" in capsys.readouterr().out
    assert progress_bar(3, disable=True).disable


def test_no_framework_is_loaded():
    done = python("""
        import sys, mlc_course.safety
        heavy = set("torch tensorflow keras fastai numpy pandas filelock tqdm".split())
        print(*sorted({m.partition(".")[0] for m in sys.modules} & heavy))
    """)
    assert done.stdout.strip() == "", done.stdout + done.stderr
