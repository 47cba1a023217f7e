"""The folder of `mlc train`: nothing of a stranger's is ever removed, one training at a time, and a
kill leaves a run.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import numpy as np
import pytest
import run_kit

from mlc_course.metrics import load_run
from mlc_course.tools import cli
from mlc_course.tools.commands import score
from mlc_course.training import folder as F
from mlc_course.training import ours
from mlc_course.training.lock import FolderInUse, held

posix = pytest.mark.skipif(os.name == "nt", reason="kill -9 and links of POSIX")


def mlc(*args):
    return cli.main([str(a) for a in args])


def fake_run(seed=0, splits=("valid",)):
    "A small run that took `seed` seconds, by which it is known again."
    return run_kit.fake_run(splits, 12, seed, float(seed))


@pytest.fixture
def trainer(monkeypatch):
    """Stands in for train_torch: writes a checkpoint, then a run, or does what `act` says in
    between.
    """

    def train(table, profile, out=None, resume=False, on_error="stop"):
        module.calls.append(dict(out=Path(out), resume=resume, profile=profile))
        (Path(out) / "checkpoint.pt").write_bytes(b"half of the training")
        if module.act:
            module.act(Path(out))
        (Path(out) / "model.safetensors").write_bytes(b"weights")
        run = fake_run(module.seed)
        run.save(out)
        (Path(out) / "checkpoint.pt").unlink()
        return run

    module = types.SimpleNamespace(train=train, calls=[], act=None, seed=1)
    monkeypatch.setitem(sys.modules, "mlc_course.train_torch", module)
    return module


def exported(folder, seed):
    "What Predictor.save leaves, as far as a folder's keeper looks at it."
    (Path(folder) / "model.onnx").write_bytes(b"network %d" % seed)
    (Path(folder) / "predictor.json").write_text(
        json.dumps(dict(format=1, vocab=run_kit.VOCAB, model=dict(file="model.onnx"))),
        encoding="utf-8",
    )


@pytest.fixture
def old(tmp_path):
    "A finished run that its owner would miss."
    out = tmp_path / "run"
    fake_run(7).save(out)
    (out / "model.safetensors").write_bytes(b"old weights")
    (out / "sweep.png").write_bytes(b"a plot")
    exported(out, 7)
    return out


def tree(folder):
    "Every name below a folder, with its contents."
    return {
        p.relative_to(folder).as_posix(): os.readlink(p)
        if p.is_symlink()
        else p.read_bytes()
        if p.is_file()
        else None
        for p in Path(folder).rglob("*")
    }


def command(pictures, out, *more):
    return ["train", pictures, "-f", "torch", "-p", "smoke", "-o", out, *more]


# ---- whose file is it --------------------------------------------------------------------------
def put(text="mine"):
    def make(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return make


def link(path):
    (path.parent.parent / "precious").mkdir(exist_ok=True)
    (path.parent.parent / "precious" / "thesis.txt").write_text("years of work")
    path.unlink(missing_ok=True)
    path.symlink_to(path.parent.parent / "precious")


STRANGERS = {
    "my notes.txt": put(),
    "src/main.py": put(),
    ".git/HEAD": put(),
    "film.mkv.part": put(),
    "vocab.json.old": put(),
    "predictions-mine.npz": put(),
    "model.pt": put(),
    "checkpoint/thesis.doc": put(),
    ".export-abcdefgh/deep/thesis.doc": put(),
    "events.out.tfevents.1": put(),
    ".new-run/thesis.doc": put(),
    "training.json": put('{"dataset": "mine", "framework": "torch", "optimizer": "sgd"}'),
    "Model.Safetensors": put(),
    "a link": link,
    "model.json": link,
    "history.csv/thesis.doc": lambda path: (path.parent.unlink(), put()(path)),
    "notes.12-0123abcd.part": put(),
    "train.csv.tmp": put(),
    "model.onnx": lambda path: (
        put()(path),
        (path.parent / "predictor.json").unlink(),
    ),  # what torch.onnx.export wrote there
    "thesis.doc": lambda path: (
        put()(path),
        (path.parent / "predictor.json").write_text(
            json.dumps(dict(format=1, model=dict(file="thesis.doc")))
        ),
    ),
}


@posix
@pytest.mark.parametrize("more", [[], ["--force"], ["--resume"]], ids=["plain", "force", "resume"])
def test_a_link_to_a_folder_that_is_gone_is_named(pictures, tmp_path, trainer, capsys, more):
    (tmp_path / "run").symlink_to(tmp_path / "gone")
    assert mlc(*command(pictures, tmp_path / "run", *more)) == 1
    assert (
        f"run is a link to {tmp_path / 'gone'}, which isn't there" in capsys.readouterr().err
        and not (tmp_path / "gone").exists()
    )


@posix
@pytest.mark.parametrize("name", STRANGERS)
def test_force_refuses_where_anything_is_a_strangers(pictures, old, trainer, capsys, name):
    STRANGERS[name](old / name)
    before = tree(old.parent)
    assert mlc(*command(pictures, old, "--force")) == 1
    said = capsys.readouterr().err
    assert (
        name.split("/")[0] in said
        and "Nothing was changed" in said
        or "nothing was changed" in said
        and name in said
    )
    assert tree(old.parent) == before and not trainer.calls


@pytest.mark.parametrize(
    "name, text",
    [
        ("run.json", "{}"),
        ("run.json", '{"lessons": [], "profile": "laptop"}'),
        ("run.json", "not JSON"),
        ("run.json", "[1]"),
        ("training.json", '{"epochs": 3}'),
        ("training.json", ""),
        ("training.json", '{"framework": "torch"}'),
        ("weights.h5", "x"),
        ("checkpoint.pt", "another program's"),
        ("model.safetensors", "x"),
        ("checkpoint/model.ckpt", "x"),
        ("history.csv", "date,event"),
    ],
)
@pytest.mark.parametrize("extra", [[], ["--force"], ["--resume"]], ids=["plain", "force", "resume"])
def test_a_folder_of_another_program_is_left_alone(
    pictures, tmp_path, trainer, capsys, name, text, extra
):
    project = tmp_path / "project"
    put(text)(project / name)
    put()(project / "src" / "main.py")
    before = tree(tmp_path)
    assert mlc(*command(pictures, project, *extra)) == 1
    assert "not a training run" in capsys.readouterr().err and tree(tmp_path) == before


def test_the_data_may_not_lie_in_the_runs_folder(pictures, old, trainer, capsys):
    inside = old / "data"
    pictures.rename(inside)
    before = tree(old)
    assert mlc(*command(inside, old, "--force")) == 1 and "data" in capsys.readouterr().err
    assert (
        mlc(*command(inside, inside, "--force")) == 1
        and "not a training run" in capsys.readouterr().err
    )
    assert tree(old) == before
    fresh = old.parent / "fresh"
    assert mlc(*command(inside, fresh)) == 0
    (fresh / "run.json").unlink()
    (fresh / "history.csv").unlink()
    (fresh / "predictions-valid.npz").unlink()
    (fresh / "model.safetensors").unlink()
    inside.rename(fresh / "data")  # an otherwise empty folder
    assert mlc(*command(fresh / "data", fresh)) == 1 and (fresh / "data" / "train.csv").is_file()


REFUSED = {
    "a typing error": ["train", "picturse", "-f", "torch", "-p", "smoke"],
    "no such profile": ["train", "pictures", "-f", "torch", "-p", "nonsense"],
    "two wishes": ["train", "pictures", "-f", "torch", "-p", "smoke", "--resume"],
    "no such option": ["train", "pictures", "-f", "torch", "--sigma", "2"],
    "a rate below nothing": [
        "train",
        "pictures",
        "-f",
        "torch",
        "-p",
        "smoke",
        "--learning-rate",
        "-1",
    ],
}


@pytest.mark.parametrize("what", REFUSED)
def test_whatever_is_refused_leaves_the_old_run(pictures, old, trainer, monkeypatch, capsys, what):
    monkeypatch.chdir(pictures.parent)
    before = tree(old)
    assert mlc(*REFUSED[what], "-o", old, "--force") in (1, 2)
    assert capsys.readouterr().err and tree(old) == before


@pytest.mark.parametrize("fault", ["no splits", "no labels", "no framework", "all images broken"])
def test_data_and_trainer_are_looked_at_before_the_folder(
    pictures, old, trainer, monkeypatch, capsys, fault
):
    text, extra = (pictures / "train.csv").read_text(), []
    if fault == "no splits":
        (pictures / "train.csv").write_text(text.replace("False", "True"))
    if fault == "no labels":
        (pictures / "train.csv").write_text(
            "\n".join(
                o if o.endswith("True") else ",".join([o.split(",")[0], "", "False"])
                for o in text.splitlines()[1:]
            ).join(["fname,labels,is_valid\n", "\n"])
        )
    if fault == "no framework":
        monkeypatch.setitem(sys.modules, "mlc_course.train_torch", None)
    if fault == "all images broken":
        extra = ["--on-error", "skip"]
        for p in (pictures / "train").iterdir():
            p.write_bytes(b"<html>404</html>")
    before = tree(old)
    assert mlc(*command(pictures, old, "--force", *extra)) == 1
    assert capsys.readouterr().err.startswith("mlc: ") and tree(old) == before


# ---- the old run stays until the new one is whole ----------------------------------------------
def test_force_replaces_a_run_and_leaves_nothing_of_it(pictures, old, trainer):
    seen = []
    trainer.act = lambda out: seen.append(
        (load_run(old).seconds, (old / "model.safetensors").read_bytes())
    )
    assert mlc(*command(pictures, old, "--force")) == 0
    assert seen == [(7.0, b"old weights")] and load_run(old).seconds == 1.0
    assert sorted(p.name for p in old.iterdir()) == [
        "history.csv",
        "model.safetensors",
        "predictions-valid.npz",
        "run.json",
    ]


def test_a_replacement_that_fails_leaves_the_old_run(pictures, old, trainer, capsys):
    def fail(out):
        (out / "checkpoint.pt").unlink()
        raise RuntimeError("the loss is NaN")

    trainer.act, before = fail, tree(old)
    assert (
        mlc(*command(pictures, old, "--force")) == 1
        and "the loss is NaN" in capsys.readouterr().err
    )
    assert tree(old) == before


def test_a_replacement_that_was_stopped_goes_on_beside_the_old_run(pictures, old, trainer, capsys):
    def stop(out):
        raise KeyboardInterrupt

    trainer.act, before = stop, tree(old)
    assert mlc(*command(pictures, old, "--force")) == 130 and "--resume" in capsys.readouterr().err
    assert {k: v for k, v in tree(old).items() if not k.startswith(".new-run")} == before
    trainer.act = None
    assert mlc(*command(pictures, old)) == 1 and "--resume" in capsys.readouterr().err
    assert load_run(old).seconds == 7.0
    assert mlc(*command(pictures, old, "--resume")) == 0 and trainer.calls[-1]["resume"] is True
    assert load_run(old).seconds == 1.0 and not [
        p.name for p in old.iterdir() if p.name.startswith(".")
    ]


def test_a_stopped_replacement_can_be_begun_anew(pictures, old, trainer, capsys):
    def stop(out):
        raise KeyboardInterrupt

    trainer.act = stop
    assert mlc(*command(pictures, old, "--force")) == 130
    trainer.act, trainer.seed = None, 2
    assert mlc(*command(pictures, old, "--force")) == 0 and trainer.calls[-1]["resume"] is False
    assert load_run(old).seconds == 2.0


SWAP = """
    import os, signal, sys
    from pathlib import Path
    from mlc_course.training import folder as F
    from mlc_course.training.lock import held
    at, calls = int(sys.argv[2]), [0]
    def counted(name):
        real = getattr(os, name)
        def call(*args, **kwargs):
            calls[0] += 1
            if calls[0] == at: os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        setattr(os, name, call)
    for name in ("replace", "unlink", "rmdir", "mkdir"): counted(name)
    with held(sys.argv[1]): F.replace_run(Path(sys.argv[1]))
    print("whole", calls[0])
"""


@posix
def test_killed_at_any_point_of_the_exchange_the_next_reader_finds_a_whole_run(tmp_path):
    at, ended = 0, False
    while not ended:
        at += 1
        out = tmp_path / str(at)
        fake_run(7, ("valid", "evening")).save(out)
        exported(out, 7)
        (out / "sweep.png").write_bytes(b"old")
        fake_run(1).save(out / F.NEW)
        exported(out / F.NEW, 1)
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(SWAP), str(out), str(at)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        ended = done.returncode == 0
        assert ended or done.returncode == -signal.SIGKILL, done.stderr
        assert load_run(out).seconds == 1.0 and (out / "model.onnx").read_bytes() == b"network 1", (
            at
        )
        assert sorted(p.name for p in out.iterdir()) == [
            "history.csv",
            "model.onnx",
            "predictions-valid.npz",
            "predictor.json",
            "run.json",
        ], at
    assert at > 12


# ---- one training at a time --------------------------------------------------------------------
HOLDER = """
    import sys, time
    from mlc_course.training.lock import held
    with held(sys.argv[1]):
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def holder():
    "Another process that holds a folder; ended with the test."
    children = []

    def start(folder):
        children.append(
            subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(HOLDER), str(folder)],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert children[-1].stdout.readline() == "held\n"
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize("extra", [[], ["--force"], ["--resume"]], ids=["plain", "force", "resume"])
def test_a_folder_in_use_is_refused_with_the_number_of_the_process(
    pictures, tmp_path, trainer, holder, capsys, extra
):
    out = tmp_path / "run"
    child = holder(out)
    (out / "training.json").write_text(json.dumps(dict(dataset=str(pictures), framework="torch")))
    before = tree(out)
    assert mlc(*command(pictures, out, *extra)) == 1
    said = capsys.readouterr().err
    assert "is writing to" in said or (not extra and "--resume" in said)
    if sys.platform == "linux" and extra:
        assert f"process {child.pid}" in said
    assert tree(out) == before and not trainer.calls


@posix
def test_a_killed_holder_is_no_obstacle(pictures, tmp_path, trainer, holder):
    out = tmp_path / "run"
    child = holder(out)
    child.kill()
    child.wait()
    assert mlc(*command(pictures, out)) == 0 and load_run(out).seconds == 1.0


def test_evaluate_prints_its_figures_and_does_not_plot_into_a_training(
    old, holder, capsys, monkeypatch
):
    holder(old)
    patient = score.plot_into
    monkeypatch.setattr(score, "plot_into", lambda *args: patient(*args, wait=0.1))
    assert mlc("evaluate", old) == 0
    said = capsys.readouterr().out
    assert (
        "macro" in said
        and "Not plotted. Another training" in said
        and (old / "sweep.png").read_bytes() == b"a plot"
    )


def test_who_waits_gets_the_folder_when_it_is_free(tmp_path, holder):
    child = holder(tmp_path)
    started = time.monotonic()
    with pytest.raises(FolderInUse):
        with held(tmp_path, wait=0.2):
            pass
    assert time.monotonic() - started >= 0.2
    import threading

    threading.Timer(0.3, child.kill).start()
    with held(tmp_path, wait=60):
        assert child.wait(60) is not None


EXPORT = """
    import sys, torch
    from mlc_course.predictor import Predictor
    from mlc_course.training.lock import held
    nn = torch.nn
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    model.vocab, model.image_size = ["a", "b"], 16
    with held(sys.argv[1]): Predictor.save(sys.argv[1], model.eval())
    print("exported")
"""


def test_who_holds_a_folder_can_export_into_it(tmp_path):
    "Whatever lock Predictor.save takes, it must not wait for its own process."
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(EXPORT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "exported" in done.stdout, done.stderr
    assert ours.strangers(tmp_path) == []


def test_a_run_that_another_command_finished_meanwhile_is_not_trained_again(tmp_path):
    from mlc_course.tools.run_folder import RunFolder

    with RunFolder(tmp_path / "run", dict(dataset="d", framework="torch"), resume=True) as folder:
        assert folder.todo == "train"
        fake_run(7).save(tmp_path / "run")
        exported(tmp_path / "run", 7)
        before = tree(tmp_path)
        with pytest.raises(
            ValueError, match="Another command was at work in .*run meanwhile. Run this one again"
        ):
            folder.begin()
    assert tree(tmp_path) == before


def test_export_waits_for_nobody(old, holder, capsys):
    holder(old)
    assert mlc("export", old) == 1 and "is writing to" in capsys.readouterr().err


def test_the_lock_is_for_one_thread_and_can_be_taken_twice(tmp_path):
    import threading

    out, told = tmp_path / "run", []

    def other():
        try:
            with held(out):
                told.append("let in")
        except FolderInUse as e:
            told.append(str(e))

    with held(out), held(str(out)):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert f"process {os.getpid()}" in told[0]
        assert out.is_dir()
    assert not out.exists()  # nothing came of it
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert told[1] == "let in"
    with held(None) as nothing:
        assert nothing is None
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match="is a file"):
        with held(tmp_path / "file"):
            pass


@posix
def test_many_processes_one_holder_at_a_time(tmp_path):
    code = """
        import sys, time
        from pathlib import Path
        from mlc_course.training.lock import FolderInUse, held
        won, end = 0, time.monotonic() + 1.5
        while time.monotonic() < end:
            try:
                with held(sys.argv[1]) as folder:
                    (folder/"one").touch(exist_ok=False)
                    time.sleep(.002)
                    (folder/"one").unlink()
                    won += 1
            except FolderInUse: pass
        print(won)
    """
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "run")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [c.communicate(timeout=60) for c in children]
    assert [c.returncode for c in children] == [0, 0, 0], said
    assert sum(int(out) for out, _ in said) > 10


def test_without_locks_for_folders_a_file_serves(tmp_path, monkeypatch):
    from mlc_course.training import lock

    monkeypatch.setattr(lock, "_lock_folder", lambda folder: lock._lock_file(Path(folder)))
    with held(tmp_path / "run") as folder:
        assert (folder / lock.LOCK).exists() and ours.strangers(folder) == []
        with monkeypatch.context() as m:
            m.setattr(lock, "_HELD", {})  # as another process sees it
            with pytest.raises(FolderInUse):
                with held(folder):
                    pass
    assert not (tmp_path / "run").exists()


# ---- going on ----------------------------------------------------------------------------------
LEFTOVERS = {
    "nothing": {},
    "the mark's half": {"training.json.part": "{"},
    "the mark's half, of today": {"training.json.999999999-0123abcd.part": "{"},
    "a checkpoint's half": {"checkpoint.pt.999999999-0123abcd.part": "x"},
    "an older version's": {"history.123.tmp.csv": "x", "model.safetensors.part": "x"},
    "an export's": {
        ".model-999999999-0123abcd.part": "x",
        ".predictor-999999999-0123abcd.part": "x",
    },
}


@posix
@pytest.mark.parametrize("extra", [[], ["--force"], ["--resume"]], ids=["plain", "force", "resume"])
@pytest.mark.parametrize("what", LEFTOVERS)
def test_a_kill_before_the_first_mark_leaves_a_usable_folder(
    pictures, tmp_path, trainer, what, extra
):
    out = tmp_path / "run"
    out.mkdir()
    for name, text in LEFTOVERS[what].items():
        (out / name).write_text(text)
    assert mlc(*command(pictures, out, *extra)) == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "history.csv",
        "model.safetensors",
        "predictions-valid.npz",
        "run.json",
    ]


def unexported(out, pictures, seed=3):
    fake_run(seed).save(out)
    (out / "model.safetensors").write_bytes(b"weights")
    (out / "training.json").write_text(json.dumps(dict(dataset=str(pictures), framework="torch")))


@pytest.fixture
def exporter(monkeypatch):
    "Stands in for Predictor.save; `act` may stop it."
    from mlc_course.predictor import Predictor

    calls = types.SimpleNamespace(folders=[], act=None)

    def save(folder, trained, table=None, thresholds=None, chosen="given", **more):
        calls.folders.append(Path(folder))
        if calls.act:
            calls.act()
        exported(folder, 1)
        return types.SimpleNamespace(
            spec=dict(
                scores=None,
                parity=dict(largest_difference=0.0, what="nothing"),
                thresholds_chosen="given",
            )
        )

    monkeypatch.setattr(Predictor, "save", save)
    return calls


def test_a_run_that_was_killed_in_its_export_is_exported_by_resume(
    pictures, tmp_path, trainer, exporter, capsys
):
    out = tmp_path / "run"
    unexported(out, pictures)
    assert mlc(*command(pictures, out)) == 1 and "--resume" in capsys.readouterr().err
    assert mlc(*command(pictures, out, "--resume")) == 0
    assert (
        exporter.folders == [out]
        and not trainer.calls
        and (out / "predictor.json").is_file()
        and not (out / "training.json").exists()
    )
    assert "only its export is missing" in capsys.readouterr().out
    assert (
        mlc(*command(pictures, out, "--resume")) == 0
        and "nothing to go on with" in capsys.readouterr().out
        and len(exporter.folders) == 1
    )


def test_a_checkpoint_that_a_kill_left_beside_a_whole_run_goes(
    pictures, tmp_path, trainer, exporter
):
    out = tmp_path / "run"
    unexported(out, pictures)
    (out / "checkpoint").mkdir()
    (out / "checkpoint" / "sha256.json").write_text("{}")
    (out / "checkpoint" / "state.json").write_text("{}")
    assert mlc(*command(pictures, out, "--resume")) == 0 and not (out / "checkpoint").exists()


def test_killed_in_the_export_of_a_replacement_too(pictures, old, trainer, exporter):
    unexported(old / F.NEW, pictures)
    assert mlc(*command(pictures, old, "--resume")) == 0
    assert (
        load_run(old).seconds == 3.0
        and (old / "model.onnx").read_bytes() == b"network 1"
        and not (old / F.NEW).exists()
    )


def test_an_export_older_than_its_run_is_made_anew(pictures, old, trainer, exporter):
    os.utime(old / "predictor.json", (1, 1))
    assert mlc(*command(pictures, old, "--resume")) == 0 and exporter.folders == [old]


def test_resume_of_another_framework_is_refused_before_the_export(
    pictures, old, trainer, exporter, capsys
):
    (old / "predictor.json").unlink()
    assert mlc("train", pictures, "-f", "tensorflow", "-p", "smoke", "-o", old, "--resume") == 1
    assert "framework torch" in capsys.readouterr().err and not exporter.folders


@pytest.mark.parametrize("force", [False, True], ids=["a new run", "a replacement"])
def test_ctrl_c_in_the_export_keeps_the_run_and_says_how_to_finish(
    pictures, old, tmp_path, trainer, exporter, capsys, force
):
    def stop():
        raise KeyboardInterrupt

    exporter.act, out, real = stop, old if force else tmp_path / "new", trainer.train

    def train(table, profile, out=None, **more):
        from dataclasses import replace

        return replace(
            real(table, profile, out, **more), out=Path(out)
        )  # a run that can be exported

    trainer.train = train
    assert mlc(*command(pictures, out, *(["--force"] if force else []))) == 130
    said = capsys.readouterr().err
    assert f"mlc export {out}" in said and "--resume" in said and load_run(out).seconds == 1.0
    exporter.act = None
    import shlex

    assert (
        mlc(*shlex.split(said.partition("or: ")[2])[1:]) == 0 and (out / "predictor.json").is_file()
    )


def test_an_export_that_fails_keeps_the_run(pictures, old, trainer, exporter, capsys):
    def fail():
        raise ValueError("the network is odd")

    exporter.act = fail
    (old / "predictor.json").unlink()
    assert (
        mlc(*command(pictures, old, "--resume")) == 1
        and f"kept in {old}, but it couldn't be exported: the network is odd"
        in capsys.readouterr().err
    )
    assert load_run(old).seconds == 7.0


# ---- what is told ------------------------------------------------------------------------------
def test_labels_without_a_training_image_are_named(pictures, tmp_path, trainer, capsys):
    text = (
        (pictures / "train.csv")
        .read_text()
        .replace("000000.jpg,sun,True", "000000.jpg,rhino sun,True")
    )
    (pictures / "train.csv").write_text(text)
    assert mlc(*command(pictures, tmp_path / "run")) == 0
    assert "No training image shows: rhino." in capsys.readouterr().out


def test_left_out_images_are_counted_named_and_listed(pictures, tmp_path, trainer, capsys):
    bad = sorted((pictures / "train").iterdir())[4:9]
    for p in bad:
        p.write_bytes(b"no image")
    assert mlc(*command(pictures, tmp_path / "run", "--on-error", "skip")) == 0
    assert "5 of 12 pictures can't be decoded and were left out: " in (
        said := capsys.readouterr().out
    )
    assert "and 2 more" in said and "left-out.csv" in said and all(p.name in said for p in bad[:3])
    assert (tmp_path / "run" / "left-out.csv").read_text().split() == [
        "fname",
        *(f"train/{p.name}" for p in bad),
    ]
    assert ours.strangers(tmp_path / "run") == []


def test_a_split_that_is_emptied_by_skipping_is_one_sentence(pictures, tmp_path, trainer, capsys):
    for i in range(0, 12, 3):
        (pictures / "train" / f"{i:06d}.jpg").write_bytes(b"<html>404</html>")
    assert mlc(*command(pictures, tmp_path / "run", "--on-error", "skip")) == 1
    said = capsys.readouterr().err
    assert (
        "None of the 4 images in split 'valid' can be decoded (train/000000.jpg, "
        "train/000003.jpg, train/000006.jpg, and 1 more)" in said
    )
    assert not (tmp_path / "run").exists() and not trainer.calls


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@FULL
@pytest.mark.parametrize("args", [["evaluate"], ["train", "postcrads"]], ids=lambda o: o[0])
def test_output_into_a_full_disk_is_a_sentence(old, args):
    if args[0] == "train":
        args = ["data", "postcards", "-p", "smoke"]
    else:
        args = [*args, str(old)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mlc_course.tools.cli", *args],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert (
        done.returncode == 1
        and done.stderr.splitlines()[-1].startswith(
            "mlc: There is no room on the disk where the output goes."
        )
        and "Errno" not in done.stderr
    ), done.stderr


def test_a_plot_that_finds_no_room_is_a_sentence_and_leaves_nothing(old, monkeypatch, capsys):
    from matplotlib.figure import Figure

    def full(self, path, **kw):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    before = tree(old)
    assert mlc("evaluate", old) == 1
    said = capsys.readouterr().err
    assert "There is no room for sweep.png" in said and "resume" not in said and tree(old) == before


# ---- damaged -----------------------------------------------------------------------------------
def change(key, value):
    def do(path):
        d = json.loads(path.read_text())
        if value is None:
            d.pop(key)
        else:
            d[key] = value
        path.write_text(json.dumps(d))

    return do


DAMAGE = {
    **{
        f"run.json without {k}": ("run.json", change(k, None))
        for k in ("framework", "dataset", "vocab", "splits", "seconds")
    },
    "run.json with other labels": ("run.json", change("vocab", ["a", "b", "c"])),
    "run.json with odd labels": ("run.json", change("vocab", [1, 2, 3])),
    "run.json with a way out": ("run.json", change("splits", ["../../etc/passwd"])),
    "run.json with an odd profile": ("run.json", change("profile", dict(epochs=3))),
    "run.json with an odd rate": ("run.json", change("profile", dict(name="x", batch_size="many"))),
    "run.json of jax": ("run.json", change("framework", "jax")),
    "run.json with odd support": ("run.json", change("support", [1])),
    "empty run.json": ("run.json", lambda p: p.write_text("")),
    "half a run.json": ("run.json", lambda p: p.write_bytes(p.read_bytes()[:99])),
    "a list as run.json": ("run.json", lambda p: p.write_text("[]")),
    "bytes as run.json": ("run.json", lambda p: p.write_bytes(bytes(range(256)))),
    "deep run.json": ("run.json", lambda p: p.write_text("[" * 100_000)),
    "no history.csv": ("history.csv", lambda p: p.unlink()),
    "empty history.csv": ("history.csv", lambda p: p.write_text("")),
    "a number in history.csv": (
        "history.csv",
        lambda p: p.write_text(p.read_text().replace("0.3", "0.9")),
    ),
    "bytes as history.csv": ("history.csv", lambda p: p.write_bytes(bytes(range(256)))),
    "no predictions": ("predictions-valid.npz", lambda p: p.unlink()),
    "half the predictions": (
        "predictions-valid.npz",
        lambda p: p.write_bytes(p.read_bytes()[:200]),
    ),
    "a pickle as predictions": (
        "predictions-valid.npz",
        lambda p: p.write_bytes(__import__("pickle").dumps([1])),
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_run_is_named(old, capsys, what):
    name, damage = DAMAGE[what]
    damage(old / name)
    with pytest.raises((ValueError, FileNotFoundError)) as e:
        load_run(old)
    assert type(e.value) in (ValueError, FileNotFoundError) and name in str(e.value), str(e.value)
    for command in ("evaluate", "export"):
        assert mlc(command, old) == 1
        assert (
            name in (said := capsys.readouterr().err)
            and "Traceback" not in said
            and said.startswith("mlc: ")
        )


def test_every_flipped_byte_of_the_predictions_is_noticed(old):
    path = old / "predictions-valid.npz"
    good = path.read_bytes()
    for at in np.linspace(0, len(good) - 1, 40).astype(int):
        bad = bytearray(good)
        bad[at] ^= 1
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="predictions-valid.npz"):
            load_run(old)


def test_a_changed_network_is_not_exported(old, capsys):
    (old / "model.safetensors").write_bytes(b"weights")
    load_run(old).save(old)  # now its digest is known
    (old / "model.safetensors").write_bytes(b"weihgts")
    assert mlc("export", old) == 1 and "model.safetensors" in capsys.readouterr().err


def test_runs_of_earlier_versions_are_read(old):
    for key in ("support", "learning_rates", "data", "sha256"):
        change(key, None)(old / "run.json")
    run = load_run(old)
    assert (
        run.support is None
        and run.learning_rates is None
        and run.data is None
        and run.seconds == 7.0
    )
