"What all three trainers owe their runs: other data refused, damage named, a lower rate after NaN, one at a time."

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from mlc_course.metrics import check_identity, load_run, run_identity
from mlc_course.safety import TrainingDiverged
from mlc_course.tables import ImageTable
from mlc_course.training import checkpoints as C
from mlc_course.training.data import decode_for_training, some, training_support
from mlc_course.training.identity import data_digests, note_rate
from mlc_course.training.lock import FolderInUse
from mlc_course.training.runs import rank

MODULES = dict(torch="train_torch", fastai="train_fastai", tensorflow="train_tf")


@pytest.fixture(scope="module")
def quick():
    from mlc_course.settings import load_profile

    return replace(
        load_profile("smoke"),
        image_size=16,
        batch_size=24,
        epochs=2,
        learning_rate=5e-3,
        precision="fp32",
    )


@pytest.fixture(scope="module", params=MODULES)
def trainer(request):
    "A trainer's module; TensorFlow's with a small network, whose graph is made in a second."
    module = import_module(f"mlc_course.{MODULES[request.param]}")
    with pytest.MonkeyPatch.context() as m:
        if request.param == "tensorflow":
            from test_train_tf import small_net

            from mlc_course.training import tf_model

            m.setattr(tf_model, "create_model_tf", small_net)
        yield module


def stop_after_an_epoch(module, table, profile, out):
    "Train until one epoch is in the checkpoint."
    name = module.__name__.rpartition(".")[2]
    if name == "train_torch":
        with pytest.raises(KeyboardInterrupt):
            module.train(
                table,
                profile,
                out=out,
                progress=False,
                on_epoch=lambda row, model: signal.raise_signal(signal.SIGINT),
            )
    elif name == "train_fastai":
        from fastai.callback.core import Callback

        class Stop(Callback):
            order = 80

            def after_epoch(self):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            module.train(table, profile, out=out, progress=False, cbs=[Stop()])
    else:
        with pytest.MonkeyPatch.context() as m:
            original = module.EpochData.__call__

            def call(self, epoch=0):
                if epoch:
                    raise KeyboardInterrupt
                return original(self, epoch)

            m.setattr(module.EpochData, "__call__", call)
            with pytest.raises(KeyboardInterrupt):
                module.train(table, profile, out=out, progress=False)


@pytest.fixture(scope="module")
def stopped(trainer, squares, quick, tmp_path_factory):
    "A folder with a checkpoint after the first of two epochs; don't change it."
    out = tmp_path_factory.mktemp("stopped")
    stop_after_an_epoch(trainer, squares, quick, out)
    return out


@pytest.fixture
def out(stopped, tmp_path):
    "A copy of it."
    shutil.copytree(stopped, tmp_path / "run")
    return tmp_path / "run"


def checkpoint_of(out):
    return next(p for p in (out / "checkpoint.pt", out / "checkpoint") if p.exists())


def go_on(trainer, table, profile, out):
    return trainer.train(table, profile, out=out, resume=True, progress=False)


# ---- other data --------------------------------------------------------------------------------
def copied(table, root, df=None, exchange=False):
    "The same table with files of its own, two of them exchanged if asked for."
    shutil.copytree(table.root, root)
    if exchange:
        a, b = root / table.fnames("train")[0], root / table.fnames("train")[1]
        a.rename(root / "between")
        b.rename(a)
        (root / "between").rename(b)
    return ImageTable(table.df if df is None else df, root, vocab=table.vocab, name=table.name)


def other(table, what, root):
    df = table.df.copy()
    if what == "labels":
        df["labels"] = [*df["labels"][1:], df["labels"].iloc[0]]
    if what == "splits":
        df["split"] = df["split"].map(dict(train="valid", valid="train", test="test"))
    if what == "file names":
        df["fname"] = [f"renamed-{o}" for o in df["fname"]]
    new = copied(table, root, None if what == "file names" else df, exchange=what == "contents")
    if what != "file names":
        return new
    for o in table.fnames():
        (root / o).rename(root / f"renamed-{o}")
    return ImageTable(df, root, vocab=table.vocab, name=table.name)


@pytest.mark.parametrize("what", ["labels", "splits", "file names", "contents"])
def test_other_data_is_refused_by_what_differs(trainer, squares, quick, out, tmp_path, what):
    with pytest.raises(ValueError, match=f"trained on other data: the {what}.*differ"):
        go_on(trainer, other(squares, what, tmp_path / "other"), quick, out)
    assert checkpoint_of(out).exists()


def test_the_same_data_elsewhere_will_do(trainer, squares, quick, out, tmp_path):
    run = go_on(trainer, copied(squares, tmp_path / "moved"), quick, out)
    assert len(run.history) == 2 and not [p for p in out.iterdir() if "checkpoint" in p.name]
    saved = load_run(out)
    assert (
        saved.support
        == run.support
        == {v: int(n) for v, n in zip(squares.vocab, squares.targets("train").sum(0))}
    )
    assert saved.learning_rates == [dict(epoch=0, learning_rate=quick.learning_rate)]
    assert saved.data == data_digests(decode_for_training(squares, quick.image_size)) and set(
        saved.data
    ) == {"names", "labels", "splits", "contents"}


def test_a_checkpoint_without_digests_is_an_earlier_versions(trainer, squares, quick):
    with pytest.raises(
        ValueError, match="run/checkpoint.pt doesn't say which data.*earlier version"
    ):
        check_identity(
            dict(profile={}, vocab=[], n=3), run_identity(quick, squares), "run/checkpoint.pt"
        )


def test_digests_see_each_part_alone(squares):
    images = np.zeros((len(squares), 8, 8, 3), np.uint8)
    a = data_digests(squares, images)
    images[5, 3, 3, 1] = 1
    b = data_digests(squares, images)
    assert {k for k in a if a[k] != b[k]} == {"contents"} and data_digests(squares) == {
        k: v for k, v in a.items() if k != "contents"
    }


# ---- damage ------------------------------------------------------------------------------------
def files_of(checkpoint):
    return [checkpoint] if checkpoint.is_file() else sorted(checkpoint.iterdir())


def refuses(trainer, table, profile, out, name):
    with pytest.raises(ValueError) as e:
        go_on(trainer, table, profile, out)
    said = str(e.value)
    assert (
        type(e.value) is ValueError
        and name in said
        and "checkpoint" in said
        and "weights_only" not in said
        and "--force" in said
    ), said


def test_a_flipped_byte_anywhere_is_noticed(trainer, squares, quick, out):
    for path in files_of(checkpoint_of(out)):
        good = path.read_bytes()
        for at in np.linspace(0, len(good) - 1, 7).astype(int):
            bad = bytearray(good)
            bad[at] ^= 4
            path.write_bytes(bad)
            refuses(trainer, squares, quick, out, "" if path.name == C.SHA256 else path.name)
        path.write_bytes(good)
    assert len(go_on(trainer, squares, quick, out).history) == 2


def resealed(path, value):
    import torch

    torch.save(value, path)
    C.seal(path)


class Evil:
    def __reduce__(self):
        return os.system, (f"touch {Path(__file__).parent / 'executed'}",)


DAMAGE = {
    "empty": lambda p: p.write_bytes(b""),
    "short": lambda p: p.write_bytes(p.read_bytes()[:-3000]),
    "very short": lambda p: p.write_bytes(b"PK"),
    "random": lambda p: p.write_bytes(np.random.default_rng(0).bytes(5000)),
    "a pickle": lambda p: p.write_bytes(pickle.dumps(dict(identity=1))),
    "text": lambda p: p.write_text("<html>404</html>"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_checkpoint_is_named(trainer, squares, quick, out, what):
    for path in files_of(checkpoint_of(out)):
        good = path.read_bytes()
        DAMAGE[what](path)
        refuses(trainer, squares, quick, out, path.name)
        path.write_bytes(good)


def test_code_in_a_checkpoint_is_not_run(trainer, squares, quick, out):
    path = checkpoint_of(out)
    if path.is_dir():
        pytest.skip("this one holds arrays and text")
    for value in (Evil(), dict(identity=Evil()), [1], dict(identity={})):
        resealed(path, value)
        refuses(trainer, squares, quick, out, path.name)
    assert not (Path(__file__).parent / "executed").exists()


def test_what_is_missing_in_a_folder_is_named(trainer, squares, quick, out):
    path = checkpoint_of(out)
    if path.is_file():
        pytest.skip("this one is a file")
    for p in files_of(path):
        good = p.read_bytes()
        p.unlink()
        refuses(trainer, squares, quick, out, p.name)
        p.write_bytes(good)


def test_a_damaged_model_of_a_run_is_named(trainer, squares, quick, tmp_path):
    trainer.train(squares, replace(quick, epochs=1), out=tmp_path, progress=False)
    for path in (
        p
        for p in tmp_path.iterdir()
        if p.name in ("model.safetensors", "model.keras", "vocab.json")
    ):
        good = path.read_bytes()
        for bad in (
            good[:-9] + bytes([good[-9] ^ 1]) + good[-8:],
            good[: len(good) // 2],
            b"",
            b"<html>404</html>",
        ):
            path.write_bytes(bad)
            with pytest.raises(ValueError, match=path.name):
                trainer.load_model(tmp_path)
        run = json.loads((tmp_path / "run.json").read_text())
        digests = run.pop("sha256")
        (tmp_path / "run.json").write_text(json.dumps(run))  # as an earlier version left it
        for bad in (good[: len(good) // 2], b""):
            path.write_bytes(bad)
            with pytest.raises(ValueError, match=path.name):
                trainer.load_model(tmp_path)
        (tmp_path / "run.json").write_text(json.dumps(run | dict(sha256=digests)))
        path.write_bytes(good)
    assert trainer.load_model(tmp_path) is not None


# ---- after a loss that was no number -----------------------------------------------------------
def test_only_after_nan_a_lower_rate_goes_on_and_is_written_down(trainer, squares, quick, out):
    low = replace(quick, learning_rate=quick.learning_rate / 10)
    with pytest.raises(ValueError, match="trained with learning_rate"):
        go_on(trainer, squares, low, out)
    C.note_divergence(checkpoint_of(out), 5)
    with pytest.raises(ValueError, match="A lower one is allowed"):
        go_on(trainer, squares, replace(quick, learning_rate=1.0), out)
    with pytest.raises(ValueError, match="trained with weight_decay"):
        go_on(trainer, squares, replace(low, weight_decay=0.3), out)
    run = go_on(trainer, squares, low, out)
    assert (
        run.learning_rates
        == load_run(out).learning_rates
        == [dict(epoch=0, learning_rate=5e-3), dict(epoch=1, learning_rate=5e-4)]
    )
    assert run.history.epoch.tolist() == [0, 1] and not [
        p.name for p in out.iterdir() if "diverged" in p.name
    ]


def test_the_lower_rate_is_the_one_that_is_used(squares, quick, tmp_path):
    from mlc_course import train_torch

    out, used = tmp_path / "run", []

    def spoil(row, model):
        model.head.weight.data[0, 0] = float("nan")

    with pytest.raises(
        TrainingDiverged,
        match="learning_rate first .--learning-rate in the command.: with a lower one resume=True .--resume. goes on",
    ):
        train_torch.train(
            squares,
            replace(quick, epochs=3),
            out=tmp_path / "nothing",
            progress=False,
            on_epoch=lambda row, model: spoil(row, model) if row["epoch"] == 1 else None,
        )
    step = train_torch.TrainingState.step
    stop_after_an_epoch(train_torch, squares, quick, out)
    C.note_divergence(out / "checkpoint.pt", 3)
    with pytest.MonkeyPatch.context() as m:
        m.setattr(
            train_torch.TrainingState,
            "step",
            lambda self: (used.append(self.optimiser.param_groups[0]["lr"]), step(self)),
        )
        train_torch.train(squares, quick, progress=False)
        whole, used[:] = used[:], []
        train_torch.train(
            squares, replace(quick, learning_rate=5e-4), out=out, resume=True, progress=False
        )
    np.testing.assert_allclose(used, np.array(whole[len(whole) // 2 :]) / 10, rtol=1e-6)


def test_a_diverged_training_leaves_word_beside_its_checkpoint(squares, quick, tmp_path):
    from mlc_course import train_torch
    from mlc_course.training import torch_loop

    original = torch_loop.one_epoch

    def spoilt(state, *args):
        if state.epoch == 2:
            state.model.head.weight.data[0, 0] = float("nan")
        return original(state, *args)

    with pytest.MonkeyPatch.context() as m:
        m.setattr(torch_loop, "one_epoch", spoilt)
        with pytest.raises(TrainingDiverged):
            train_torch.train(squares, replace(quick, epochs=4), out=tmp_path, progress=False)
    assert C.has_diverged(tmp_path / "checkpoint.pt")
    run = go_on(train_torch, squares, replace(quick, epochs=4, learning_rate=1e-3), tmp_path)
    assert len(run.history) == 4 and np.isfinite(run.history.to_numpy()).all()


def test_weights_spoilt_by_the_last_step_of_an_epoch_are_not_kept(squares, quick, tmp_path):
    from mlc_course import train_torch
    from mlc_course.training import torch_loop

    original, step = torch_loop.one_epoch, []

    def spoilt(state, *args):
        whole = original(state, *args)
        if state.epoch == 1:
            state.model.head.weight.data[0, 0] = float("nan")
            step.append(state.step_number - 1)
        return whole

    with pytest.MonkeyPatch.context() as m:
        m.setattr(torch_loop, "one_epoch", spoilt)
        with pytest.raises(TrainingDiverged, match="checkpoint.pt is from before") as e:
            train_torch.train(squares, quick, out=tmp_path, progress=False)
    assert [e.value.step] == step and len(go_on(train_torch, squares, quick, tmp_path).history) == 2


def test_rates_are_noted_once():
    rates = note_rate([], 0, 0.1)
    assert note_rate(rates, 3, 0.1) is rates and note_rate(rates, 3, 0.01) == [
        dict(epoch=0, learning_rate=0.1),
        dict(epoch=3, learning_rate=0.01),
    ]


# ---- one at a time -----------------------------------------------------------------------------
HOLDER = """
    import sys, time
    from mlc_course.training.lock import held
    with held(sys.argv[1]):
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_use_is_refused(trainer, squares, quick, out, resume):
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(out)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(
            FolderInUse, match="Another training .*is writing to .*Wait until it has ended"
        ):
            trainer.train(squares, quick, out=out, resume=resume, progress=False)
        assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "history.csv",
        "model.keras",
        "model.safetensors",
        "checkpoint.pt",
        "checkpoint/thesis.doc",
    ],
)
def test_files_of_another_program_are_not_overwritten(trainer, squares, quick, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"command": "python train.py"}')
    with pytest.raises(
        ValueError,
        match=f"{name.split('/')[0]} isn't one of a training run of this course.*nothing was changed",
    ):
        trainer.train(squares, quick, out=tmp_path, progress=False)
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()] == [
        name
    ] and path.read_text().startswith('{"command')


@pytest.mark.parametrize(
    "name", ["checkpoint/thesis.doc", "checkpoint.old/thesis.doc", "checkpoint.pt/thesis.doc"]
)
def test_resume_removes_no_folder_of_the_readers(trainer, squares, quick, out, name):
    path = out / name
    if path.parent.is_file():
        path.parent.unlink()
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(
        ValueError,
        match=f"{path.parent.name} isn't one of a training run of this course.*nothing was changed",
    ):
        trainer.train(squares, quick, out=out, resume=True, progress=False)
    assert path.read_text() == "mine"


def test_a_run_may_be_trained_again_beside_notes_of_ones_own(trainer, squares, quick, out):
    (out / "notes.txt").write_text("mine")
    one = replace(quick, epochs=1)
    trainer.train(squares, one, out=out, progress=False)
    trainer.train(squares, one, out=out, progress=False)
    assert (out / "notes.txt").read_text() == "mine" and len(load_run(out).history) == 1


TRAINING = """
    import pickle, sys
    from mlc_course.train_torch import train
    table, profile = pickle.load(open(sys.argv[1], "rb"))
    try: print("DONE", train(table, profile, out=sys.argv[2], progress=False).predictions["valid"].probs.sum())
    except RuntimeError as e: print("REFUSED", e)
"""


def test_of_two_trainings_at_once_one_is_refused_and_the_other_unharmed(squares, quick, tmp_path):
    with open(tmp_path / "job", "wb") as f:
        pickle.dump((squares, replace(quick, epochs=40)), f)
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(TRAINING),
                str(tmp_path / "job"),
                str(tmp_path / "run"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = sorted(c.communicate(timeout=200)[0] for c in children)
    assert [s.split()[0] for s in said] == ["DONE", "REFUSED"] and "is writing to" in said[1], said
    assert load_run(tmp_path / "run").predictions["valid"].probs.sum() == pytest.approx(
        float(said[0].split()[1]), rel=1e-6
    )


# ---- what can't be learned ---------------------------------------------------------------------
def test_skipping_that_empties_a_split_is_one_sentence(trainer, squares, quick, tmp_path):
    table = copied(squares, tmp_path / "broken")
    for p in table.paths("valid"):
        p.write_bytes(b"<html>404</html>")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError) as e:
            trainer.train(table, quick, out=tmp_path / "run", on_error="skip", progress=False)
        assert str(e.value).startswith(
            "None of the 24 images in split 'valid' can be decoded (003.png, 008.png, 013.png, and 21 more)"
        )
        with pytest.raises(ValueError, match="None of the 24 images in split 'valid'"):
            trainer.make_data(table, quick, on_error="skip")
    assert not (tmp_path / "run").exists()


def relabelled(table, change):
    return ImageTable(
        table.df.assign(labels=[change(s, o) for s, o in zip(table.df.split, table.df.labels)]),
        table.root,
        table.vocab,
        "relabelled",
    )


def test_no_label_in_training_is_refused(trainer, squares, quick, tmp_path):
    table = relabelled(squares, lambda split, labels: [] if split == "train" else labels)
    with pytest.raises(
        ValueError, match=r"no training image of 'relabelled' has a label \(72 images, 3 labels"
    ):
        trainer.train(table, quick, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_label_without_training_image_is_named_and_counted(squares):
    table = relabelled(
        squares, lambda split, labels: [o for o in labels if split != "train" or o != "red"]
    )
    with pytest.warns(UserWarning, match="No training image shows: red. "):
        support = training_support(table)
    assert support["red"] == 0 and support["blue"] == table.targets("train")[:, 0].sum()


def test_an_epoch_without_map_is_kept_if_there_is_no_other(trainer, squares, quick):
    table = relabelled(squares, lambda split, labels: [] if split == "valid" else labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = trainer.train(table, quick, progress=False)
    assert run.history.valid_map.isna().all() and np.isfinite(run.predictions["test"].probs).all()


def test_ranks():
    assert rank(0.3) == 0.3 and rank(0.0) > rank(float("nan")) > -np.inf


def test_some_names():
    assert (
        some(["a"]) == "a" and some("abc") == "a, b, c" and some("abcde") == "a, b, c, and 2 more"
    )


# ---- the seal ----------------------------------------------------------------------------------
def test_a_sealed_file_is_read_by_torch_and_zipfile(tmp_path):
    import zipfile

    torch = pytest.importorskip("torch")
    path = tmp_path / "c.pt"
    torch.save(dict(a=torch.arange(9.0)), path)
    C.seal(path)
    C.check_seal(path)
    assert (
        torch.equal(torch.load(path, weights_only=True)["a"], torch.arange(9.0))
        and zipfile.ZipFile(path).testzip() is None
    )
    with pytest.raises(ValueError, match="zip file without a comment"):
        C.seal(path)


def test_a_note_needs_a_checkpoint(tmp_path):
    C.note_divergence(tmp_path / "checkpoint.pt", 3)
    assert not list(tmp_path.iterdir())
    for p in (tmp_path / "checkpoint.pt", tmp_path / "checkpoint"):
        p.write_text("x") if p.suffix else p.mkdir()
        C.note_divergence(p, 3)
        assert C.has_diverged(p) and json.loads(C._note(p).read_text()) == dict(step=3)
        C.drop_checkpoint(p)
    assert not list(tmp_path.iterdir())
