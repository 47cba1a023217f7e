"`mlc bench recipe`: the head alone, the whole recipe and the pocket ResNet on one set of images."

# It says what photographs gain by a body that was trained on ImageNet, with the minutes it took.

import importlib
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

FRAMEWORKS = dict(torch="train_torch", fastai="train_fastai", tensorflow="train_tf")
GOALS = dict(head=0.90, full=0.92)  # mAP on validation photographs


def profiles_of(table, seed, epochs=None):
    "What is trained: (name, profile), the network's own image size and epochs in each."
    from mlc_course.settings import BUILT_IN
    from mlc_course.training.choice import LITE, LITE_EPOCHS, LITE_RATE, lite_size

    laptop = replace(BUILT_IN["laptop"], seed=seed)
    side = lite_size(table, gpu=False)[0]
    lite = replace(laptop, arch=LITE, image_size=side, learning_rate=LITE_RATE)
    lite = replace(lite, epochs=epochs or LITE_EPOCHS)
    return dict(head=lite, full=lite, pocket=laptop)


def one_run(what, framework, table, profile) -> dict:
    "Train once: mAP, macro F1 at 0.5 (on test where there is one) and minutes, decoding included."
    from mlc_course.metrics import evaluate
    from mlc_course.training.head_only import train_head

    start = time.perf_counter()
    if what == "head":
        run = train_head(table, profile, framework=framework, progress=False)
    else:
        module = importlib.import_module(f"mlc_course.{FRAMEWORKS[framework]}")
        run = module.train(table, profile, progress=False)
    split = "test" if "test" in run.predictions else "valid"
    scores = evaluate(run.predictions[split])
    return dict(
        what=what,
        framework=framework,
        seed=profile.seed,
        arch=profile.arch,
        size=profile.image_size,
        split=split,
        mAP=round(float(scores.mAP), 4),
        macro_f1=round(float(scores.macro_f1), 4),
        minutes=round((time.perf_counter() - start) / 60, 2),
    )


def bench_recipe(
    dataset: str,  # a name or a folder, with training and validation rows
    parts=("head", "full", "pocket"),  # what is trained
    frameworks=tuple(FRAMEWORKS),  # who trains
    seeds=(0, 1, 2),  # a run for each
    epochs: int | None = None,  # of the fine-tuning; the recipe's own number if left out
    say: Callable = print,  # is told of each run when it is over
) -> list:  # a dict for each run: what, framework, seed, arch, size, split, mAP, macro_f1, minutes
    "Every part in every framework with every seed, on the same images."
    from mlc_course.tables import open_dataset

    unknown = set(parts) - {"head", "full", "pocket"}
    if unknown:
        raise ValueError(f"There is no part {sorted(unknown)[0]!r}; they are head, full, pocket.")
    table, rows = open_dataset(dataset), []
    for seed in seeds:
        profiles = profiles_of(table, seed, epochs)
        for what in parts:
            for framework in frameworks:
                rows.append(one_run(what, framework, table, profiles[what]))
                say(as_line(rows[-1]))
    return rows


def as_line(row) -> str:
    "A run in one line."
    return (
        f"{row['what']:<7} {row['framework']:<11} seed {row['seed']}  {row['arch']} at "
        f"{row['size']} px, {row['split']}:  mAP {row['mAP']:.4f}  macro F1 {row['macro_f1']:.4f}  "
        f"{row['minutes']:.1f} min"
    )


def as_table(
    rows,  # from `bench_recipe`
) -> str:  # Markdown: a row for each part and framework
    "Mean over the seeds, the lowest and the highest, and whether the goal was met."
    lines = [
        "| what | framework | mAP, mean (lowest to highest) | macro F1 | minutes | goal |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for what, framework in dict.fromkeys((r["what"], r["framework"]) for r in rows):
        same = [r for r in rows if (r["what"], r["framework"]) == (what, framework)]
        mAP = [r["mAP"] for r in same]
        f1, minutes = (np.mean([r[k] for r in same]) for k in ("macro_f1", "minutes"))
        goal = GOALS.get(what)
        met = "" if goal is None else f"{goal:.2f} {'met' if min(mAP) >= goal else 'MISSED'}"
        spread = f"{np.mean(mAP):.4f} ({min(mAP):.4f} to {max(mAP):.4f})"
        lines.append(f"| {what} | {framework} | {spread} | {f1:.4f} | {minutes:.1f} | {met} |")
    return "\n".join(lines)
