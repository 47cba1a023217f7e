"`mlc bench gpu`: what only a GPU can show, in four parts, each told as it ends."

# 1. `trainers`: scores and seconds an epoch of the torch and fastai trainers on drawn images.
# 2. `steps`: the loop beside a step on one batch that lies in GPU memory, bf16, compiled or not.
# 3. `faults`: killed and resumed, out of memory, a loss that is no number.
# 4. `copies`: bytes that go from the GPU to the CPU while the head is fitted and images are
# changed.
#
# A part that fails doesn't stop the others. Without a GPU every line runs on the CPU, at a size
# that
# says nothing about speed.

import json
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mlc_course.atomic import beside
from mlc_course.extras import need
from mlc_course.tools.bench.gpu_faults import faults

PARTS = ("trainers", "steps", "faults", "copies")


def where() -> dict:
    "GPU or CPU, date and versions."
    import torch

    def installed(name):
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    gpu = torch.cuda.is_available()
    names = ("torch", "torchvision", "fastai", "mlc_course")
    return dict(
        device=torch.cuda.get_device_name() if gpu else f"CPU ({platform.machine()}), no GPU",
        cuda=torch.version.cuda if gpu else None,
        date=date.today().isoformat(),
        python=platform.python_version(),
        versions={n: v for n in names if (v := installed(n))},
    )


# ---- 1: the trainers ---------------------------------------------------------------------------
def trainers(profile, folder=None):  # yields a row for each training
    "Scores and seconds an epoch, on Postcards and on a folder of photographs if one is given."
    import importlib

    from mlc_course import make_postcards, open_dataset

    with tempfile.TemporaryDirectory() as tmp:
        make_postcards(tmp, profile.n_images, seed=0, size=profile.image_size, layout="pascal")
        jobs = [("postcards", open_dataset(tmp), profile)]
        if folder is not None:
            lite = replace(profile, arch="efficientnet_lite0", image_size=224, pretrained=True)
            jobs.append((Path(folder).name, open_dataset(folder), lite))
        for framework in ("torch", "fastai"):
            if find_spec(framework) is None:
                yield dict(framework=framework, left_out=f"{framework} isn't installed")
                continue
            trainer = importlib.import_module(f"mlc_course.train_{framework}")
            for name, table, how in jobs:
                run = trainer.train(table, how, progress=False)
                seconds = [float(s) for s in run.history["seconds"]]
                yield dict(
                    framework=framework,
                    data=name,
                    arch=how.arch,
                    image_size=how.image_size,
                    epochs=len(seconds),
                    valid_map=float(run.history["valid_map"].max()),
                    seconds_an_epoch=statistics.median(seconds),
                )


# ---- 2: steps ----------------------------------------------------------------------------------
def _wait():
    "Until the GPU has done what it was given."
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _rate(step, batches) -> float:
    "Images a second."
    _wait()
    start, seen = time.perf_counter(), 0
    for x, y in batches:
        step(x, y)
        seen += len(x)
    _wait()
    return seen / (time.perf_counter() - start)


def _step(model, device):
    "One bf16 step of AdamW on a batch."
    import torch

    from mlc_course import binary_cross_entropy_with_logits

    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)

    def step(x, y):
        x = x.to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            logits = model(x)
        binary_cross_entropy_with_logits(logits.float(), y).backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def steps(size, batch_size, n, archs=("resnet18", "resnet50"), rounds=5, compiled=(False, True)):
    "The share of the speed on a fixed batch in memory that the loop over changed images reaches."
    import torch

    from mlc_course import create_model, pick_device
    from mlc_course.train_torch import ImageBatches

    rng, device = np.random.default_rng(0), pick_device()
    images = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    targets = rng.random((n, 20)) < 0.075
    for arch in archs:
        for compiles in compiled:
            model = create_model(20, arch, False).to(device, memory_format=torch.channels_last)
            step = _step(torch.compile(model) if compiles else model, device)
            batches = ImageBatches(images, targets, batch_size, train=True, device=device)
            fixed = [next(iter(batches))] * len(batches)
            _rate(step, fixed), _rate(step, batches)  # warm up, compile
            pairs = [(_rate(step, batches), _rate(step, fixed)) for _ in range(rounds)]
            yield dict(
                arch=arch,
                image_size=size,
                batch_size=batch_size,
                compiled=compiles,
                images_a_second=statistics.median(a for a, _ in pairs),
                share_of_fixed_batch=statistics.median(a / b for a, b in pairs),
                goal=0.9,
            )


# ---- 4: copies ---------------------------------------------------------------------------------
def _bytes_down(work) -> int:
    "Bytes that went from the GPU to the CPU while `work` ran."
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        work()
        _wait()
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "trace.json"
        seen.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    down = [e for e in events if "Memcpy DtoH" in e.get("name", "")]
    return sum(int(e.get("args", {}).get("bytes", 0)) for e in down)


def copies(size=64, n=512):  # yields a row for each piece of work
    "Bytes that leave the GPU while the head is fitted, and while an epoch's images are changed."
    import torch

    from mlc_course import load_profile, pick_device
    from mlc_course.train_torch import ImageBatches, cached_features, fit_head, make_model

    rng, device = np.random.default_rng(0), pick_device()
    images = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    targets = rng.random((n, 20)) < 0.2
    model = make_model([f"label {i}" for i in range(20)], load_profile("smoke"))
    batches = ImageBatches(images, targets, 128, train=True, device=device)

    def head():
        fit_head(model.head, *cached_features(model, batches), passes=5)

    def epoch():
        for _ in batches:
            pass

    gpu = torch.cuda.is_available()
    for name, work in (("head fit", head), ("augmentation of an epoch", epoch)):
        work()
        down = _bytes_down(work) if gpu else None
        row = dict(work=name, images_bytes=images.nbytes, bytes_to_cpu=down)
        yield row if gpu else row | dict(left_out="there is no GPU to copy from")


# ---- all ---------------------------------------------------------------------------------------
def _plan(small, folder):
    "{part: a function that yields its rows}, at the size of a GPU, or one that a CPU bears."
    from mlc_course import load_profile

    if small:
        profile = replace(load_profile("smoke"), n_images=120)
        large = dict(size=32, batch_size=16, n=48, archs=("resnet18",), rounds=1, compiled=(False,))
    else:
        profile = replace(load_profile("gpu"), n_images=8000, epochs=8, image_size=128)
        large = dict(size=224, batch_size=256, n=2048)
    return dict(
        trainers=lambda: trainers(profile, folder),
        steps=lambda: steps(**large),
        faults=faults,
        copies=copies,
    )


def bench_gpu(
    parts=PARTS,  # which of them
    folder=None,  # photographs, as `open_dataset` reads them; the trainers take them as well
    out=None,  # a JSON file, written anew after each row
    say=print,  # called with a line of text
    small=None,  # the sizes for a CPU; None: where there is no GPU
) -> dict:  # where it ran, and the rows of each part
    "Run the parts one after the other; a failure is written down and the next part begins."
    need("torch", "torch", "torchvision")
    import torch

    unknown = set(parts) - set(PARTS)
    if unknown:
        raise ValueError(f"There is no part {sorted(unknown)[0]!r}; the parts: {', '.join(PARTS)}.")
    small = not torch.cuda.is_available() if small is None else small
    plan, report = _plan(small, folder), dict(where=where(), small=small, parts={})
    say(f"{report['where']['device']}, torch {torch.__version__}")
    for name in parts:
        rows = report["parts"][name] = []
        start = time.perf_counter()
        try:
            for row in plan[name]():
                rows.append(row)
                say(f"{name}: " + ", ".join(f"{k} {v}" for k, v in row.items()))
                _write(out, report)
        except Exception as e:  # the other parts are worth having
            rows.append(dict(failed=f"{type(e).__name__}: {e}"))
            say(f"{name}: failed: {type(e).__name__}: {e}")
        say(f"{name}: {time.perf_counter() - start:.0f} s")
        _write(out, report)
    return report


def _write(out, report):
    "The report as it stands, as a whole or not at all."
    if out is not None:
        path = Path(out)
        with beside(path, f".{path.name}.part") as file:
            file.write(json.dumps(report, indent=1).encode())


if __name__ == "__main__":
    bench_gpu(out=sys.argv[1] if len(sys.argv) > 1 else None)
