"`mlc bench train`: images a second of each trainer, beside a plain recipe and beside one batch."

# Without the command line's library:  python -m mlc_course.tools.bench.train

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

from mlc_course.extras import need
from mlc_course.tools.bench.at_size import AtSize
from mlc_course.tools.bench.card import bench_card
from mlc_course.tools.bench.child import in_child
from mlc_course.tools.bench.core import Report, Row, machine
from mlc_course.tools.bench.plain import PLAIN, plain_training
from mlc_course.tools.bench.steps import device_name, part_of


def bench_train(
    sizes=(64, 128),  # pixels
    n: int = 1024,  # training images that are timed
    epochs: int = 10,  # of the whole training that is compared
    batch_size: int = 32,  # images in a step
    rounds: int = 5,  # how often what is short is timed
    frameworks=("fastai", "tensorflow"),  # beside torch
    full: bool = False,  # really train both recipes, and compare their validation mAP
    dataset="postcards",  # a name or a folder
    profile="laptop",  # a name
    say: Callable = lambda text: None,  # is told what is going on
) -> Report:
    """Every trainer beside the plain recipe and beside the ceiling, at each size.

    Where a whole training is compared, the times of its parts are added up."""
    need("torch", "torch", "torchvision")
    import torch

    from mlc_course.settings import load_profile, pick_precision
    from mlc_course.tables import open_dataset

    chosen = load_profile(profile)
    exact = pick_precision(chosen.precision)  # one for all, and the one that is reported
    base = replace(chosen, batch_size=batch_size, epochs=epochs, precision=exact)
    whole = open_dataset(dataset, profile=chosen)
    n = check_rows(whole, n, batch_size, dataset)
    table = part_of(whole, n, max(batch_size, n // 4))
    where = f"{torch.get_num_threads()} threads, {base.precision} on {device_name()}; {machine()}"
    report = Report("mlc bench train", f"{table!r}, batches of {batch_size}; {where}")
    for size in sizes:
        one = AtSize(report, whole, table, replace(base, image_size=size), rounds, say)
        one.measure()
        for framework in frameworks:
            one.other(framework)
    if full:
        bench_full(report, whole, replace(base, image_size=min(sizes)), say)
    if torch.cuda.is_available():
        bench_card(report, say)
    return report


def check_rows(table, n, batch_size, dataset) -> int:
    "How many training images are timed; ValueError where there are too few."
    if not {"train", "valid"} <= set(table.splits):
        raise ValueError(
            f"{dataset} has the splits {', '.join(table.splits)}; the bench needs train and valid."
        )
    n = min(n, table.counts()["train"])
    if n < 4 * batch_size:
        raise ValueError(
            f"There are {n} training images; the bench needs four batches of {batch_size} at least."
        )
    return n


def train_from_nothing(table, profile) -> tuple:  # seconds, the highest validation mAP
    "Our training with a cache made anew."
    from mlc_course.train_torch import train

    home = os.environ.get("MLC_HOME")
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["MLC_HOME"] = tmp  # so that the images are decoded in it, too
        try:
            start = time.perf_counter()
            run = train(table, profile, progress=False)
            return time.perf_counter() - start, float(run.history.valid_map.max())
        finally:
            if home is None:
                del os.environ["MLC_HOME"]
            else:
                os.environ["MLC_HOME"] = home


def bench_full(report, table, profile, say):
    "Both recipes trained in full."
    say("... in full: ours")
    ours, mAP = train_from_nothing(table, profile)
    name = f"{profile.epochs} epochs at {profile.image_size} px, trained in full: mAP {mAP:.3f}"
    for strong in (False, True):
        more = " with its affine transform" if strong else ""
        say(f"... in full: {PLAIN}{more}")
        plain, other = in_child(plain_training, table, profile, strong)
        goal, met = (
            "4 times or more, mAP at most 0.01 lower",
            plain / ours >= 4 and mAP >= other - 0.01,
        )
        note = (
            "the difference in mAP is that of the augmentation, not of speed."
            if strong
            else "same network, weights, schedule, epochs and augmentation strength; our time "
            "includes decoding and the predictions of every split."
        )
        beside = f"{PLAIN}{more}: mAP {other:.3f}"
        row = Row(name, beside, ours, plain, "" if strong else goal, None if strong else met, note)
        report.rows.append(row)


def main(args=None):
    "The command without its library."
    import argparse

    p = argparse.ArgumentParser(prog="python -m mlc_course.tools.bench.train", description=__doc__)
    p.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    p.add_argument("--images", type=int, default=1024)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--full", action="store_true", help="train the plain recipe in full (minutes)")
    p.add_argument("--json", action="store_true")
    a = p.parse_args(args)

    def say(text):
        print(text, file=sys.stderr, flush=True)

    report = bench_train(tuple(a.sizes), a.images, a.epochs, full=a.full, say=say)
    print(json.dumps(report.to_dict(), indent=1, default=float) if a.json else report)
    return 1 if any(r.met is False for r in report.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
