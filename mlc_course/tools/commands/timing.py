"`mlc bench`: how long it takes, beside what the field uses."

import json
import sys
from enum import Enum
from typing import Annotated, Optional

import typer

from mlc_course.tools.commands.app import app, say


class Bench(str, Enum):
    recipe = "recipe"
    metrics = "metrics"
    train = "train"
    predict = "predict"
    gpu = "gpu"


@app.command()
def bench(
    what: Annotated[
        Bench,
        typer.Argument(
            help="recipe: head alone, whole recipe and pocket ResNet on your photographs (--data). "
            "metrics: sweeps, exact thresholds, average precision, nine figures, the loss by "
            "hand. train: images a second of each trainer. predict: from files to labels. "
            "gpu: scores, steps, faults and copies on a GPU (docs/gpu.md)."
        ),
    ],
    images: Annotated[
        Optional[int],
        typer.Option(
            "--images",
            min=100,
            help="Rows of the score table (metrics; 40,000), training pictures (train; 1,024), "
            "or files (predict; 1,024).",
        ),
    ] = None,
    labels: Annotated[
        int, typer.Option("--labels", min=2, help="Columns of the score table (metrics).")
    ] = 81,
    sizes: Annotated[
        Optional[list[int]],
        typer.Option(
            "--size",
            min=16,
            help="Side of the pictures in pixels, once or more (train, predict; 64 and 128).",
        ),
    ] = None,
    epochs: Annotated[
        int,
        typer.Option(
            "--epochs", min=1, help="Epochs of the whole training that is compared (train)."
        ),
    ] = 10,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Really train the plain recipe in full as well, and compare the scores "
            "(train; some minutes).",
        ),
    ] = False,
    dataset: Annotated[
        str, typer.Option("--data", help="Images: a name or a folder (train, predict, gpu).")
    ] = "postcards",
    parts: Annotated[
        Optional[list[str]],
        typer.Option("--part", help="One of trainers, steps, faults, copies; repeat it (gpu)."),
    ] = None,
    out: Annotated[
        Optional[str], typer.Option("--out", help="A JSON file, written as it goes (gpu).")
    ] = None,
    only: Annotated[
        Optional[list[str]],
        typer.Option("--only", help="head, full, pocket, or a framework; repeat it (recipe)."),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs of each (recipe).")] = 3,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    "Time functions or trainers beside the field's; a missed goal makes the exit code 1."

    def note(text):
        print(text, file=sys.stderr, flush=True)

    if what == Bench.recipe:
        _recipe(dataset, only or [], seeds, json_, note)
        return
    if what == Bench.gpu:
        from mlc_course.tools.bench.gpu import PARTS, bench_gpu

        folder = None if dataset == "postcards" else dataset
        found = bench_gpu(parts or PARTS, folder, out, say=note)
        if json_:
            say(json.dumps(found, indent=1))
        failed = any("failed" in row for rows in found["parts"].values() for row in rows)
        raise typer.Exit(1 if failed else 0)
    if what == Bench.metrics:
        from mlc_course.tools.bench.metrics import bench_metrics

        report = bench_metrics(images or 40_000, labels, say=note)
    elif what == Bench.predict:
        from mlc_course.tools.bench.predict import bench_predict

        report = bench_predict(tuple(sizes or (64, 128)), images or 1024, dataset=dataset, say=note)
    else:
        from mlc_course.tools.bench.train import bench_train

        report = bench_train(
            tuple(sizes or (64, 128)), images or 1024, epochs, full=full, dataset=dataset, say=note
        )
    if json_:
        say(json.dumps(report.to_dict(), indent=1, default=float))
    else:
        say(str(report))
    raise typer.Exit(1 if any(r.met is False for r in report.rows) else 0)


def _recipe(dataset, only, seeds, as_json, note):
    "Train every part that is wanted, and print the table."
    from mlc_course.tools.bench.recipe import FRAMEWORKS, as_table, bench_recipe

    frameworks = [o for o in only if o in FRAMEWORKS] or list(FRAMEWORKS)
    parts = [o for o in only if o not in FRAMEWORKS] or ["head", "full", "pocket"]
    rows = bench_recipe(dataset, parts, frameworks, range(seeds), say=note)
    if as_json:
        import json

        say(json.dumps(rows, indent=1))
    else:
        say(as_table(rows))
