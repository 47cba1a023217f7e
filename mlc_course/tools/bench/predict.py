"""`mlc bench predict`: files in, labels out, beside `learn.predict` and a plain loop."""

# Each way runs in a process of its own, so that no library's threads wait in another's way; the
# ways take turns.
# What is timed begins with paths and ends with the names of the labels; imports and loading the
# model are not in it.
# One way alone:  python -m mlc_course.tools.bench.predict WAY FOLDER
from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlc_course.extras import need
from mlc_course.machine import quiet_threads
from mlc_course.tools.bench.core import Report, Row, agree, machine, once

FASTAI, TORCH = "learn.predict, file by file", "Pillow and torch, batches of 64"
GOALS = {FASTAI: 3.0, TORCH: 1.5}


# ---- the ways ----------------------------------------------------------------------------------
# each gives a function from paths to (probabilities [N, C], names of the labels above their
# thresholds)
def ours(folder):
    from mlc_course.predictor import Predictor

    predictor = Predictor.load(folder)

    def answer(paths):
        found = list(predictor.stream(paths))
        return np.array([list(o.scores.values()) for o in found], np.float32), [
            set(o.labels) for o in found
        ]

    return answer


def _network(folder):
    from mlc_course.backbones import load_model
    from mlc_course.ship.folder import read_spec

    model, thresholds = (
        load_model(folder).cpu(),
        read_spec(Path(folder) / "predictor.json")["thresholds"],
    )
    named = lambda probs: [
        {o for o, p in zip(model.vocab, row) if p > np.float32(thresholds[o])} for row in probs
    ]
    return model, named


def pillow_and_torch(folder, batch_size=64):
    import torch
    from PIL import Image

    model, named = _network(folder)

    def pixels(path):
        return np.asarray(
            Image.open(path)
            .convert("RGB")
            .resize((model.image_size,) * 2, Image.Resampling.BILINEAR)
        )

    @torch.inference_mode()
    def answer(paths):
        probs = []
        for i in range(0, len(paths), batch_size):
            x = (
                torch.from_numpy(np.stack([pixels(p) for p in paths[i : i + batch_size]]))
                .permute(0, 3, 1, 2)
                .float()
                / 255
            )
            probs.append(torch.sigmoid(model(x)).numpy())
        probs = np.concatenate(probs)
        return probs, named(probs)

    return answer


def fastai_predict(folder):
    import pandas as pd

    from mlc_course.datablocks import multilabel_dataloaders
    from mlc_course.metrics import load_run
    from mlc_course.tables import ImageTable
    from mlc_course.train_fastai import make_learner

    model, named = _network(folder)
    root, paths = _files(folder)
    rows = pd.DataFrame(
        dict(
            fname=[os.path.relpath(o, root) for o in paths[:16]],
            labels=[[model.vocab[i % len(model.vocab)]] for i in range(16)],
            split=["train", "valid"] * 8,
        )
    )
    profile = load_run(folder).profile
    learn = make_learner(
        multilabel_dataloaders(
            ImageTable(rows, root, vocab=model.vocab), replace(profile, num_workers=0, batch_size=4)
        ),
        profile,
    )
    learn.model.load_state_dict(model.state_dict())
    learn.dls.cpu()

    def answer(paths):
        with learn.no_bar():
            probs = np.stack([learn.predict(p)[2].numpy() for p in paths])
        return probs, named(probs)

    return answer


def _files(folder):
    d = json.loads((Path(folder) / "files.json").read_text(encoding="utf-8"))
    return d["root"], [os.path.join(d["root"], o) for o in d["fnames"]]


WAYS = {"ours": ours, TORCH: pillow_and_torch, FASTAI: fastai_predict}


def time_one(way: str, folder: str, n: int):
    """Seconds for the first `n` files of the folder's list, after a warm-up; the probabilities go
    into a file.
    """
    import warnings

    warnings.simplefilter("ignore")
    answer, paths = WAYS[way](folder), _files(folder)[1][:n]
    answer(paths[: min(n, 64)])
    result = []
    seconds = once(lambda: result.append(answer(paths)))
    probs, labels = result[0]
    np.save(Path(folder) / f"{list(WAYS).index(way)}.npy", probs)
    print("TIMED " + json.dumps(dict(seconds=seconds, labels=[sorted(o) for o in labels])))


def _timed(way, folder, n):
    done = subprocess.run(
        [sys.executable, "-m", "mlc_course.tools.bench.predict", way, str(folder), str(n)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=quiet_threads(dict(os.environ)),
    )
    if done.returncode:
        raise RuntimeError(f"{way} did not run:\n{done.stderr[-2000:]}")
    d = json.loads(done.stdout.split("TIMED ")[1])
    return d["seconds"], d["labels"], np.load(Path(folder) / f"{list(WAYS).index(way)}.npy")


# ---- the comparison ----------------------------------------------------------------------------
def bench_predict(
    sizes=(64, 128),  # sides of the squares that the networks see
    n: int = 1024,  # files
    rounds: int = 3,  # turns of each way; the median counts
    dataset: str = "postcards",  # a name or a folder
    profile: str = "laptop",
    ways=(TORCH, FASTAI),  # beside ours
    say: Callable = lambda text: None,  # where progress is told
) -> Report:
    """End to end, from files to labels: images a second of `Predictor.stream` beside each other
    way, after their scores were compared.
    """
    need("torch", "torch", "torchvision")
    need("export", "onnx", "onnxscript")
    from mlc_course.settings import load_profile
    from mlc_course.tables import open_dataset

    table = open_dataset(dataset, profile=load_profile(profile))
    n = min(n, len(table))
    report = Report("mlc bench predict", f"{table!r}, {n:,} files; {machine()}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _prepare(folder, table, replace(load_profile(profile), image_size=size), n)
            _bench_size(report, folder, size, n, rounds, ways, say)
            if size == sizes[0]:
                _bench_start(report, folder, str(table.paths()[0]), rounds, say)
    return report


def _prepare(folder, table, profile, n):
    """A run whose head was fitted on the frozen body: the weights don't matter for speed, and
    scores that differ are better to compare.
    """
    import pandas as pd

    from mlc_course.backbones import save_model
    from mlc_course.metrics import TrainingRun
    from mlc_course.predictor import Predictor
    from mlc_course.train_torch import (
        adapt_batchnorm,
        cached_features,
        fit_head,
        make_data,
        make_model,
        predict,
    )

    model, data = make_model(table.vocab, profile), make_data(table, profile)
    adapt_batchnorm(model, data["train"])
    fit_head(model.head, *cached_features(model, data["train"]))
    model.eval()
    run = TrainingRun(
        "torch",
        model,
        list(table.vocab),
        pd.DataFrame(dict(epoch=[0])),
        {"valid": predict(model, table, "valid")},
        profile,
        table.name,
        0.0,
    )
    save_model(model, folder)
    run.save(folder)
    Predictor.save(folder, run)
    (Path(folder) / "files.json").write_text(
        json.dumps(dict(root=str(Path(table.root).resolve()), fnames=table.fnames()[:n])),
        encoding="utf-8",
    )


def _bench_size(report, folder, size, n, rounds, ways, say):
    counts = {
        o: n if o != FASTAI else min(n, 128) for o in ("ours", *ways)
    }  # one by one is slow: a part, scaled up
    seconds, answers = {o: [] for o in counts}, {}
    for k in range(rounds):
        for way, m in counts.items():
            say(f"... {size} px, turn {k + 1} of {rounds}: {way}")
            s, *answers[way] = _timed(way, folder, m)
            seconds[way].append(s / m)
    each, (labels, probs) = {o: statistics.median(s) for o, s in seconds.items()}, answers["ours"]
    for way in ways:
        agree(way, answers[way][1], probs[: counts[way]], 1e-4)
        differ = sum(a != b for a, b in zip(answers[way][0], labels))
        goal, ratio = GOALS[way], each[way] / each["ours"]
        report.rows.append(
            Row(
                f"files to labels, {size} px: {1 / each['ours']:,.0f} images/s",
                f"{way}: {1 / each[way]:,.0f} images/s",
                each["ours"],
                each[way],
                f"{goal:g} times or more",
                ratio >= goal,
                f"scores differ by {np.abs(answers[way][1] - probs[: counts[way]]).max():.1e} "
                f"at most; other labels for {differ} of {counts[way]} files; {rounds} turns of "
                f"{counts[way]} files.",
            )
        )


def _bench_start(report, folder, path, rounds, say):
    say("... from typing the command to the first answer")
    command = [sys.executable, "-m", "mlc_course.tools.cli", "predict", str(folder), path]

    def first():
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            line = process.stdout.readline()
            seconds = time.perf_counter() - start
        if not line:
            raise RuntimeError(f"mlc predict gave no answer for {path}.")
        return seconds

    s = statistics.median(first() for _ in range(max(3, rounds)))
    report.rows.append(
        Row(
            "first answer of `mlc predict` after its start",
            "",
            s,
            goal="within 1.5 s",
            met=s <= 1.5,
        )
    )


if __name__ == "__main__":
    time_one(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1024)
